//! Reading one line: words, numbers, punctuation and quoted names.

use super::ParseError;

/// A place in one line of the text.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
    line: u32,
    column: u32,
}

/// What reading a part of a line gives.
pub(super) type Parsed<T> = Result<T, ParseError>;

impl<'a> Cursor<'a> {
    /// The start of line number `line`, from 1.
    pub(super) fn new(text: &'a str, line: u32) -> Cursor<'a> {
        Cursor { rest: text, line, column: 1 }
    }

    /// An error here.
    pub(super) fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError { line: self.line, column: self.column, message: message.into() }
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        let chars = u32::try_from(taken.chars().count()).unwrap_or(u32::MAX);
        self.column = self.column.saturating_add(chars);
        self.rest = rest;
        taken
    }

    /// Skips blanks.
    pub(super) fn skip_blanks(&mut self) {
        self.advance(self.rest.len() - self.rest.trim_start().len());
    }

    /// Whether only blanks or a comment are left.
    pub(super) fn at_end(&mut self) -> bool {
        self.skip_blanks();
        self.rest.is_empty() || self.rest.starts_with(';')
    }

    /// Requires that only blanks or a comment are left.
    pub(super) fn end(&mut self) -> Parsed<()> {
        if self.at_end() { Ok(()) } else { Err(self.error("expected the end of the line")) }
    }

    /// Takes `punctuation` if it comes next.
    pub(super) fn eat(&mut self, punctuation: char) -> bool {
        self.skip_blanks();
        let found = self.rest.starts_with(punctuation);
        if found {
            self.advance(punctuation.len_utf8());
        }
        found
    }

    /// Requires `punctuation`.
    pub(super) fn expect(&mut self, punctuation: char) -> Parsed<()> {
        if self.eat(punctuation) {
            Ok(())
        } else {
            Err(self.error(format!("expected `{punctuation}`")))
        }
    }

    /// The letters, digits and underscores that come next, if any.
    pub(super) fn word(&mut self) -> &'a str {
        self.skip_blanks();
        let other = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        self.advance(self.rest.find(other).unwrap_or(self.rest.len()))
    }

    /// Requires the word `keyword`.
    pub(super) fn keyword(&mut self, keyword: &str) -> Parsed<()> {
        let before = self.clone();
        if self.word() == keyword {
            Ok(())
        } else {
            Err(before.error(format!("expected `{keyword}`")))
        }
    }

    /// Takes the word `keyword` if it comes next.
    pub(super) fn eat_word(&mut self, keyword: &str) -> bool {
        let before = self.clone();
        let found = self.word() == keyword;
        if !found {
            *self = before;
        }
        found
    }

    /// A number of a type, with a sign if the type has one.
    pub(super) fn number<T: core::str::FromStr>(&mut self, what: &str) -> Parsed<T> {
        self.skip_blanks();
        let start = self.clone();
        self.eat('-');
        self.word();
        let text = &start.rest[..start.rest.len() - self.rest.len()];
        text.parse().map_err(|_| start.error(format!("expected {what}")))
    }

    /// The index of an entity whose names start with `prefix`, as 7 in `v7`.
    pub(super) fn entity(&mut self, prefix: &str, what: &str) -> Parsed<u32> {
        self.skip_blanks();
        let start = self.clone();
        let digits = self.word().strip_prefix(prefix);
        digits
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| start.error(format!("expected {what}, as `{prefix}0`")))
    }

    /// A name in quotes.
    pub(super) fn quoted(&mut self) -> Parsed<String> {
        self.skip_blanks();
        let start = self.clone();
        self.expect('"')?;
        let mut name = String::new();
        while let Some(c) = self.rest.chars().next() {
            let here = self.clone();
            self.advance(c.len_utf8());
            match c {
                '"' => return Ok(name),
                '\\' => name.push(self.escape().map_err(|message| here.error(message))?),
                c => name.push(c),
            }
        }
        Err(start.error("this name has no closing quote"))
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<char, &'static str> {
        const UNKNOWN: &str = "expected `\\\"`, `\\\\` or `\\u{..}`";
        let escaped = self.rest.chars().next().ok_or(UNKNOWN)?;
        self.advance(escaped.len_utf8());
        match escaped {
            '"' | '\\' => Ok(escaped),
            'u' => {
                let (digits, _) = self
                    .rest
                    .strip_prefix('{')
                    .and_then(|rest| rest.split_once('}'))
                    .ok_or(UNKNOWN)?;
                self.advance(digits.len() + 2);
                let code = u32::from_str_radix(digits, 16).map_err(|_| UNKNOWN)?;
                char::from_u32(code).ok_or("this is no character")
            }
            _ => Err(UNKNOWN),
        }
    }
}
