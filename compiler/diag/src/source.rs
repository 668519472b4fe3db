//! Source files and the way from byte offsets to lines and columns.

use crate::{Code, Diagnostic, FileId, Span};

/// A place as people count it: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
}

/// The text of one file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path or other name, as shown to the user.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Offset of the first byte of each line.
    line_starts: Vec<usize>,
}

impl Source {
    /// A file with this name and text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        let text = text.into();
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let line_starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Source { name: name.into(), text, line_starts }
    }

    /// The nearest offset at or before `offset` that lies in the text and cuts no character.
    #[must_use]
    pub fn floor_char_boundary(&self, offset: usize) -> usize {
        let mut at = offset.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Line and column of a byte offset; offsets past the end give the end.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let at = self.floor_char_boundary(offset as usize);
        let line = self.line_starts.partition_point(|&start| start <= at);
        let start = self.line_starts[line - 1];
        Position { line, column: self.text[start..at].chars().count() + 1 }
    }

    /// Text of a line counted from 1, without its line break; empty if there is no such line.
    #[must_use]
    pub fn line(&self, line: usize) -> &str {
        let Some(&start) = line.checked_sub(1).and_then(|index| self.line_starts.get(index)) else {
            return "";
        };
        let end = self.line_starts.get(line).copied().unwrap_or(self.text.len());
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    /// Number of lines; text that ends with a line break has an empty last line.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }

    /// The text a span covers, cut to whole characters of the file.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        let end = self.floor_char_boundary(span.end as usize);
        let start = self.floor_char_boundary(span.start as usize).min(end);
        &self.text[start..end]
    }
}

/// All files of a compilation.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<Source>,
}

impl SourceMap {
    /// No files yet.
    #[must_use]
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Adds a file and returns its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = u32::try_from(self.files.len()).expect("fewer than 2^32 source files");
        self.files.push(Source::new(name, text));
        FileId(id)
    }

    /// Adds a file as it was read.
    ///
    /// Bytes that are not UTF-8 become U+FFFD, and the first of them is reported as E0005.
    pub fn add_bytes(
        &mut self,
        name: impl Into<String>,
        bytes: &[u8],
    ) -> (FileId, Option<Diagnostic>) {
        match std::str::from_utf8(bytes) {
            Ok(text) => (self.add(name, text), None),
            Err(error) => {
                let file = self.add(name, String::from_utf8_lossy(bytes));
                let at = error.valid_up_to();
                let span = Span::from_range(file, at..at + '\u{fffd}'.len_utf8());
                let found = Diagnostic::error(Code::E0005, span, "the file is not UTF-8 text")
                    .label(span, format!("the byte 0x{:02x} has no meaning here", bytes[at]))
                    .help("save the file as UTF-8; comments may then hold any characters");
                (file, Some(found))
            }
        }
    }

    /// The file with this id, if it came from this map.
    #[must_use]
    pub fn get(&self, file: FileId) -> Option<&Source> {
        self.files.get(file.0 as usize)
    }

    /// All files in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0..).map(FileId).zip(&self.files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("a", "ab\nµs x\n");
        let at = |offset| {
            let Position { line, column } = source.position(offset);
            (line, column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (1, 3));
        assert_eq!(at(3), (2, 1));
        assert_eq!(at(4), (2, 1), "the middle of a character belongs to it");
        assert_eq!(at(5), (2, 2));
        assert_eq!(at(9), (3, 1));
        assert_eq!(at(u32::MAX), (3, 1));
    }

    #[test]
    fn lines_have_no_break() {
        let source = Source::new("a", "one\r\ntwo");
        assert_eq!((source.line(1), source.line(2)), ("one", "two"));
        assert_eq!((source.line(0), source.line(3)), ("", ""));
        assert_eq!(source.line_count(), 2);
    }

    #[test]
    fn slices_never_cut_a_character() {
        let source = Source::new("a", "aµb");
        assert_eq!(source.slice(Span::new(FileId(0), 0, 2)), "a");
        assert_eq!(source.slice(Span::new(FileId(0), 3, 1)), "");
        assert_eq!(source.slice(Span::new(FileId(0), 1, 99)), "µb");
    }

    #[test]
    fn bytes_that_are_not_text_are_reported_once() {
        let mut sources = SourceMap::new();
        let (file, found) = sources.add_bytes("a", b"rule \xff\xfe x");
        assert_eq!(
            sources.get(file).map(|source| source.text.as_str()),
            Some("rule \u{fffd}\u{fffd} x")
        );
        assert_eq!(found.map(|found| found.code), Some(Code::E0005));
    }
}
