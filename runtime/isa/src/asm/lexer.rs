//! Tokens of one statement.

use super::{AsmError, Place};

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name: letters, digits, `_`, `.`, `$`, not starting with a digit.
    Name(String),
    /// A register written with `%`.
    Register(String),
    /// A number.
    Number(i64),
    /// A numbered label before (`1b`) or after (`1f`) the place.
    Local {
        /// Its number.
        number: u32,
        /// Whether it comes after.
        forward: bool,
    },
    /// Text in double quotes, escapes replaced.
    Text(Vec<u8>),
    /// An operator or punctuation.
    Punct(&'static str),
}

/// A token with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) place: Place,
    /// Whether the token before it ends where this one starts.
    pub(super) joined: bool,
}

/// Longest first, so that `<<` is not two `<`.
const PUNCTUATION: &[&str] = &[
    "<<", ">>", "<=", ">=", "==", "!=", "<>", "&&", "||", "+", "-", "*", "/", "%", "(", ")", ",",
    "~", "!", "&", "|", "^", "=", "<", ">", "@", ":", "[", "]", "\\",
];

pub(super) fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '.' | '$')
}

pub(super) fn is_name(c: char) -> bool {
    is_name_start(c) || c.is_ascii_digit()
}

/// The tokens of a statement whose first character stands at `start`.
pub(super) fn tokens(statement: &str, start: Place) -> Result<Vec<Spanned>, AsmError> {
    let mut lexer = Lexer { chars: statement.chars().collect(), at: 0, start };
    let mut tokens: Vec<Spanned> = Vec::new();
    let mut end = usize::MAX;
    loop {
        while lexer.peek().is_some_and(char::is_whitespace) {
            lexer.at += 1;
        }
        let (place, at) = (lexer.place(), lexer.at);
        let Some(c) = lexer.peek() else { return Ok(tokens) };
        let token = lexer.token(c)?;
        tokens.push(Spanned { token, place, joined: end == at });
        end = lexer.at;
    }
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    start: Place,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn place(&self) -> Place {
        let column = u32::try_from(self.at).unwrap_or(u32::MAX);
        Place { column: self.start.column.saturating_add(column), ..self.start }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let rest = self.chars[self.at..].iter().copied();
        let text: String = rest.take_while(|c| keep(*c)).collect();
        self.at += text.chars().count();
        text
    }

    fn token(&mut self, c: char) -> Result<Token, AsmError> {
        match c {
            '0'..='9' => self.number(),
            '"' => self.text().map(Token::Text),
            '\'' => self.character(),
            '%' if self.chars.get(self.at + 1).is_some_and(|c| is_name_start(*c)) => {
                self.at += 1;
                Ok(Token::Register(self.take_while(is_name)))
            }
            _ if is_name_start(c) => Ok(Token::Name(self.take_while(is_name))),
            _ => self.punctuation(c),
        }
    }

    fn punctuation(&mut self, c: char) -> Result<Token, AsmError> {
        let rest = &self.chars[self.at..];
        let found = PUNCTUATION
            .iter()
            .find(|p| p.chars().count() <= rest.len() && p.chars().zip(rest).all(|(a, b)| a == *b));
        match found {
            Some(punct) => {
                self.at += punct.len();
                Ok(Token::Punct(punct))
            }
            None => Err(self.place().error(format!("`{c}` is not part of any statement"))),
        }
    }

    fn number(&mut self) -> Result<Token, AsmError> {
        let place = self.place();
        let word = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        let digits = word.trim_end_matches(['b', 'f']);
        if let Ok(number) = digits.parse::<u32>()
            && word.len() == digits.len() + 1
        {
            return Ok(Token::Local { number, forward: word.ends_with('f') });
        }
        let lower = word.to_ascii_lowercase();
        let (digits, radix) = match lower.as_bytes() {
            [b'0', b'x', ..] => (&lower[2..], 16),
            [b'0', b'b', ..] => (&lower[2..], 2),
            [b'0', _, ..] => (&lower[1..], 8),
            _ => (&lower[..], 10),
        };
        let value = u64::from_str_radix(digits, radix).map_err(|_| {
            place.error_help(
                format!("`{word}` is not a number"),
                "write decimal digits, or 0x, 0b or 0 before hexadecimal, binary or octal ones",
            )
        })?;
        Ok(Token::Number(value.cast_signed()))
    }

    fn escape(&mut self) -> Option<u8> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            'n' => b'\n',
            't' => b'\t',
            'r' => b'\r',
            'b' => 8,
            'f' => 12,
            '0'..='7' => {
                self.at -= 1;
                let mut value: u32 = 0;
                for _ in 0..3 {
                    match self.peek().and_then(|c| c.to_digit(8)) {
                        Some(digit) => value = value * 8 + digit,
                        None => break,
                    }
                    self.at += 1;
                }
                value.to_be_bytes()[3]
            }
            'x' => {
                let digits = self.take_while(|c| c.is_ascii_hexdigit());
                let start = digits.len().saturating_sub(2);
                u8::from_str_radix(&digits[start..], 16).ok()?
            }
            _ => u8::try_from(c).ok()?,
        })
    }

    fn text(&mut self) -> Result<Vec<u8>, AsmError> {
        let place = self.place();
        let unfinished = || place.error_help("this text has no end", "close it with `\"`");
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            let c = self.peek().ok_or_else(unfinished)?;
            self.at += 1;
            match c {
                '"' => return Ok(bytes),
                '\\' => bytes.push(self.escape().ok_or_else(unfinished)?),
                _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    /// A character's code: `'a`, with or without a closing quote.
    fn character(&mut self) -> Result<Token, AsmError> {
        let place = self.place();
        let unfinished = || place.error_help("this character is missing", "write it as 'a'");
        self.at += 1;
        let c = self.peek().ok_or_else(unfinished)?;
        self.at += 1;
        let code = if c == '\\' {
            i64::from(self.escape().ok_or_else(unfinished)?)
        } else {
            i64::from(u32::from(c))
        };
        if self.peek() == Some('\'') {
            self.at += 1;
        }
        Ok(Token::Number(code))
    }
}
