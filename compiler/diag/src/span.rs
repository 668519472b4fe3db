//! Places in source text.

use std::fmt;
use std::ops::Range;

/// A file of a [`SourceMap`](crate::SourceMap).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u32);

/// A range of bytes of one file: `start` belongs to it, `end` does not.
///
/// Spans compare by file, then start, then end: the order in which a reader meets them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset of the byte after the last.
    pub end: u32,
}

impl Span {
    /// The bytes `start..end` of `file`.
    #[must_use]
    pub const fn new(file: FileId, start: u32, end: u32) -> Span {
        Span { file, start, end }
    }

    /// The bytes `range` of `file`. Offsets beyond `u32::MAX` become `u32::MAX`.
    #[must_use]
    pub fn from_range(file: FileId, range: Range<usize>) -> Span {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { file, start: narrow(range.start), end: narrow(range.end) }
    }

    /// The smallest span that holds both, which must be of one file.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        debug_assert_eq!(self.file, other.file, "spans of two files cannot be joined");
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span before its first byte.
    #[must_use]
    pub const fn before(self) -> Span {
        Span { end: self.start, ..self }
    }

    /// The empty span after its last byte.
    #[must_use]
    pub const fn after(self) -> Span {
        Span { start: self.end, ..self }
    }

    /// Whether it holds no byte.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// Whether `offset` lies in it, its end included, as an editor's cursor would.
    #[must_use]
    pub const fn touches(self, offset: u32) -> bool {
        self.start <= offset && offset <= self.end
    }

    /// As a range of byte offsets.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_spans_the_gap() {
        let file = FileId(3);
        assert_eq!(Span::new(file, 2, 4).to(Span::new(file, 9, 11)), Span::new(file, 2, 11));
    }

    #[test]
    fn edges_are_empty() {
        let span = Span::new(FileId(0), 2, 4);
        assert!(span.before().is_empty() && span.after().is_empty() && !span.is_empty());
        assert_eq!((span.before().start, span.after().start), (2, 4));
        assert!(span.touches(4) && !span.touches(5));
    }
}
