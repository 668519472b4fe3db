//! Byte offsets, and the protocol's positions: lines from 0 and columns in UTF-16 code units.

use lsp_types::{Position, Range};
use pl_diag::Span;

/// The offset of a position; one past the end of a line or text is that end.
pub(super) fn offset(text: &str, position: Position) -> u32 {
    let mut start = 0;
    for _ in 0..position.line {
        match text[start..].find('\n') {
            Some(end) => start += end + 1,
            None => return narrow(text.len()),
        }
    }
    let line = text[start..].split('\n').next().unwrap_or("");
    let mut units = 0;
    for (at, character) in line.char_indices() {
        if units >= position.character {
            return narrow(start + at);
        }
        units += narrow(character.len_utf16());
    }
    narrow(start + line.len())
}

/// The position of an offset.
fn position(text: &str, offset: u32) -> Position {
    let mut at = (offset as usize).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = narrow(before.matches('\n').count());
    Position { line, character: narrow(before[start..].encode_utf16().count()) }
}

/// The range of a span.
pub(super) fn range(text: &str, span: Span) -> Range {
    Range { start: position(text, span.start), end: position(text, span.end) }
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf_16_units() {
        let text = "a\n// \u{1d70f} x\n";
        let at = narrow(text.find('x').unwrap_or(0));
        let place = position(text, at);
        assert_eq!((place.line, place.character), (1, 6));
        assert_eq!(offset(text, place), at);
        assert_eq!(offset(text, Position { line: 9, character: 9 }), narrow(text.len()));
        assert_eq!(offset(text, Position { line: 0, character: 9 }), 1);
        for offset_in in 0..=narrow(text.len()) {
            let back = offset(text, position(text, offset_in));
            assert!(back <= offset_in);
        }
    }
}
