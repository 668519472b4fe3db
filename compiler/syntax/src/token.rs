//! Words and signs of the language, and the lexer.
//!
//! Owns the spelling of everything. What the lexer cannot read it reports once and passes on as
//! [`Token::Bad`], which the parser accepts silently where a value may stand.

use logos::Logos;
use pl_diag::{Code, Diagnostic, FileId, Span};

use crate::{DIAGNOSTICS_MAX, foreign};

/// A word or sign. Names, numbers and documentation carry their text.
#[derive(Logos, Clone, Copy, Debug, PartialEq)]
#[logos(skip r"[ \t\r\n\f\u{feff}]+")]
pub(crate) enum Token<'src> {
    #[token("import")]
    Import,
    #[token("const")]
    Const,
    #[token("fn")]
    Fn,
    #[token("rule")]
    Rule,
    #[token("test")]
    Test,
    #[token("param")]
    Param,
    #[token("state")]
    State,
    #[token("input")]
    Input,
    #[token("every")]
    Every,
    #[token("at")]
    At,
    #[token("start")]
    Start,
    #[token("neurons")]
    Neurons,
    #[token("synapses")]
    Synapses,
    #[token("control")]
    Control,
    #[token("record")]
    Record,
    #[token("let")]
    Let,
    #[token("if")]
    If,
    #[token("else")]
    Else,
    #[token("for")]
    For,
    #[token("in")]
    In,
    #[token("reset")]
    Reset,
    #[token("and")]
    And,
    #[token("or")]
    Or,
    #[token("not")]
    Not,
    #[token("true")]
    True,
    #[token("false")]
    False,
    #[token("of")]
    Of,
    #[token("over")]
    Over,
    #[token("per")]
    Per,

    #[regex(r"[A-Za-z_][A-Za-z0-9_]*", priority = 1)]
    Ident(&'src str),
    #[regex(r"[0-9][0-9_]*(\.[0-9][0-9_]*)?([eE][+-]?[0-9]+)?")]
    Number(&'src str),
    /// A fixed-point format: `q7.8`.
    #[regex(r"q[0-9]+\.[0-9]+")]
    Format(&'src str),
    /// A comment; documentation comments before a declaration become [`Token::Doc`].
    #[regex(r"//[^\n]*", allow_greedy = true)]
    Comment(&'src str),
    /// Text of a `///` comment that documents what follows. Made by the layout.
    Doc(&'src str),

    #[token("{")]
    OpenBrace,
    #[token("}")]
    CloseBrace,
    #[token("(")]
    OpenParen,
    #[token(")")]
    CloseParen,
    #[token("[")]
    OpenBracket,
    #[token("]")]
    CloseBracket,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    /// End of a statement: `;`, or a line break where the layout sees one.
    #[token(";")]
    End,
    #[token(".")]
    Dot,
    #[token("..")]
    DotDot,
    #[token("->")]
    Arrow,
    #[token("=")]
    Assign,
    #[token("+=")]
    PlusAssign,
    #[token("-=")]
    MinusAssign,
    #[token("*=")]
    StarAssign,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("==")]
    Equal,
    #[token("!=")]
    NotEqual,
    #[token("<")]
    Less,
    #[token("<=")]
    LessEqual,
    #[token(">")]
    Greater,
    #[token(">=")]
    GreaterEqual,

    /// An operator, comment, text or name of another language; `crate::foreign` says what it stands
    /// for.
    #[token("&&")]
    #[token("||")]
    #[token("!")]
    #[token("&")]
    #[token("|")]
    #[token("^")]
    #[token("%")]
    #[token("**")]
    #[token("<<")]
    #[token(">>")]
    #[token("<>")]
    #[token("=<")]
    #[token("=>")]
    #[token("===")]
    #[token("++")]
    #[token("/=")]
    #[token("%=")]
    #[token(":=")]
    #[token("..=")]
    #[token("...")]
    #[token("?")]
    #[regex(r"#[^\n]*", allow_greedy = true)]
    #[token("/*", block_comment)]
    #[regex("\"[^\"\n]*\"?")]
    #[regex(r"[\p{L}_][\p{L}\p{N}_]*", priority = 0)]
    Foreign(&'src str),
    /// Something unreadable that has been reported.
    Bad,
}

/// Takes a comment up to its `*/`, or to the end of the file.
fn block_comment<'src>(lexer: &mut logos::Lexer<'src, Token<'src>>) -> &'src str {
    let rest = lexer.remainder();
    lexer.bump(rest.find("*/").map_or(rest.len(), |at| at + 2));
    lexer.slice()
}

/// Words that cannot name anything.
pub(crate) const KEYWORDS: [Token<'static>; 29] = [
    Token::Import,
    Token::Const,
    Token::Fn,
    Token::Rule,
    Token::Test,
    Token::Param,
    Token::State,
    Token::Input,
    Token::Every,
    Token::At,
    Token::Start,
    Token::Neurons,
    Token::Synapses,
    Token::Control,
    Token::Record,
    Token::Let,
    Token::If,
    Token::Else,
    Token::For,
    Token::In,
    Token::Reset,
    Token::And,
    Token::Or,
    Token::Not,
    Token::True,
    Token::False,
    Token::Of,
    Token::Over,
    Token::Per,
];

/// Names of all words that cannot name anything.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().filter_map(|token| token.keyword())
}

impl Token<'_> {
    /// How a word or sign is written; names, numbers and the like have many spellings.
    pub(crate) fn written(self) -> Option<&'static str> {
        Some(match self {
            Token::Import => "import",
            Token::Const => "const",
            Token::Fn => "fn",
            Token::Rule => "rule",
            Token::Test => "test",
            Token::Param => "param",
            Token::State => "state",
            Token::Input => "input",
            Token::Every => "every",
            Token::At => "at",
            Token::Start => "start",
            Token::Neurons => "neurons",
            Token::Synapses => "synapses",
            Token::Control => "control",
            Token::Record => "record",
            Token::Let => "let",
            Token::If => "if",
            Token::Else => "else",
            Token::For => "for",
            Token::In => "in",
            Token::Reset => "reset",
            Token::And => "and",
            Token::Or => "or",
            Token::Not => "not",
            Token::True => "true",
            Token::False => "false",
            Token::Of => "of",
            Token::Over => "over",
            Token::Per => "per",
            Token::OpenBrace => "{",
            Token::CloseBrace => "}",
            Token::OpenParen => "(",
            Token::CloseParen => ")",
            Token::OpenBracket => "[",
            Token::CloseBracket => "]",
            Token::Comma => ",",
            Token::Colon => ":",
            Token::Dot => ".",
            Token::DotDot => "..",
            Token::Arrow => "->",
            Token::Assign => "=",
            Token::PlusAssign => "+=",
            Token::MinusAssign => "-=",
            Token::StarAssign => "*=",
            Token::Plus => "+",
            Token::Minus => "-",
            Token::Star => "*",
            Token::Slash => "/",
            Token::Equal => "==",
            Token::NotEqual => "!=",
            Token::Less => "<",
            Token::LessEqual => "<=",
            Token::Greater => ">",
            Token::GreaterEqual => ">=",
            Token::End => ";",
            Token::Ident(_)
            | Token::Number(_)
            | Token::Format(_)
            | Token::Comment(_)
            | Token::Doc(_)
            | Token::Foreign(_)
            | Token::Bad => return None,
        })
    }

    /// The word, if it is one of [`KEYWORDS`].
    pub(crate) fn keyword(self) -> Option<&'static str> {
        self.written().filter(|written| written.starts_with(|c: char| c.is_ascii_lowercase()))
    }
}

/// A token with its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lexeme<'src> {
    pub(crate) token: Token<'src>,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Whether it is the first token of its line.
    pub(crate) starts_line: bool,
}

/// Splits `text`, which is shorter than 4 GiB, into tokens; comments are among them. Stops after
/// [`DIAGNOSTICS_MAX`] mistakes.
pub(crate) fn lex<'src>(
    file: FileId,
    text: &'src str,
    found: &mut Vec<Diagnostic>,
) -> Vec<Lexeme<'src>> {
    let mut lexemes: Vec<Lexeme<'src>> = Vec::with_capacity(text.len() / 4);
    let mut lexer = Token::lexer(text);
    let mut line_end = 0;
    while let Some(token) = lexer.next()
        && found.len() < DIAGNOSTICS_MAX
    {
        let range = lexer.span();
        let starts_line = lexemes.is_empty() || text[line_end..range.start].contains('\n');
        let span = Span::from_range(file, range.clone());
        let token = match token {
            Ok(Token::Foreign(word)) => foreign::operator(word, span, found),
            Ok(token) => Some(token),
            Err(()) => {
                let taken = foreign::unknown(text, range.start);
                lexer.bump(taken.len() - range.len());
                let span = Span::from_range(file, range.start..range.start + taken.len());
                Some(foreign::character(taken, span, found))
            }
        };
        line_end = lexer.span().end;
        let Some(token) = token else { continue };
        let end = Span::from_range(file, 0..line_end).end;
        lexemes.push(Lexeme { token, start: span.start, end, starts_line });
        glue_numbers(file, text, &mut lexemes, found);
    }
    lexemes
}

/// Joins what was written without a gap after a number to it, and reports it: `1.5.2`, `3x`, `5.`.
fn glue_numbers<'src>(
    file: FileId,
    text: &'src str,
    lexemes: &mut Vec<Lexeme<'src>>,
    found: &mut Vec<Diagnostic>,
) {
    let [.., before, last] = lexemes.as_slice() else { return };
    if before.end != last.start {
        return;
    }
    let (start, end) = (before.start, last.end);
    let spelling = &text[start as usize..end as usize];
    let starts_line = before.starts_line;
    let help = match (before.token, last.token) {
        (Token::Bad, Token::Number(_) | Token::Ident(_) | Token::Dot) => None,
        (Token::Number(_), Token::Dot) => {
            Some("digits stand on both sides of the point: `5.0`".to_owned())
        }
        (Token::Dot, Token::Number(_)) => Some(format!("write `0{spelling}`")),
        (Token::Number(_), Token::Ident(word)) if !foreign::is_unit_like(word) => {
            Some("names begin with a letter, and an exponent has digits: `1e3`".to_owned())
        }
        _ => return,
    };
    let span = Span::new(file, start, end);
    if let Some(help) = help {
        found.push(
            Diagnostic::error(Code::E0002, span, format!("`{spelling}` is not a number"))
                .label(span, "this is neither a number nor a name")
                .help(help),
        );
    }
    lexemes.truncate(lexemes.len() - 2);
    lexemes.push(Lexeme { token: Token::Bad, start, end, starts_line });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[Token<'_>]) {
        let mut found = Vec::new();
        let tokens: Vec<_> =
            lex(FileId(0), text, &mut found).iter().map(|lexeme| lexeme.token).collect();
        assert_eq!(tokens, expected, "{text}");
        let bad = expected.contains(&Token::Bad);
        assert_eq!(found.len(), usize::from(bad), "{text}: {found:?}");
    }

    #[test]
    fn numbers_ranges_and_formats() {
        use Token::{DotDot, Format, Ident, Minus, Number};
        check("1..2", &[Number("1"), DotDot, Number("2")]);
        check("-1.0 .. 1e3", &[Minus, Number("1.0"), DotDot, Number("1e3")]);
        check("1.5e-3 1_000", &[Number("1.5e-3"), Number("1_000")]);
        check("q7.8 q7 queue", &[Format("q7.8"), Ident("q7"), Ident("queue")]);
        check("400us 1 ms", &[Number("400"), Ident("us"), Number("1"), Ident("ms")]);
    }

    #[test]
    fn malformed_numbers_are_one_token() {
        for text in ["1.", ".5", "3x", "1e", "0x1F"] {
            check(text, &[Token::Bad]);
        }
    }

    #[test]
    fn keywords_are_whole_words() {
        use Token::{Ident, Reset};
        check("reset resets re", &[Reset, Ident("resets"), Ident("re")]);
        for token in KEYWORDS {
            check(token.keyword().expect("a keyword is a word"), &[token]);
        }
    }

    #[test]
    fn signs_are_written_as_they_are_read() {
        let signs = "{ } ( ) [ ] , : ; . .. -> = += -= *= + - * / == != < <= > >=";
        for sign in signs.split(' ') {
            let lexemes = lex(FileId(0), sign, &mut Vec::new());
            let [Lexeme { token, .. }] = *lexemes else { panic!("{sign} is one token") };
            assert_eq!((token.written(), token.keyword()), (Some(sign), None));
        }
    }

    #[test]
    fn first_token_of_a_line_is_marked() {
        let lexemes = lex(FileId(0), "a b // c\n c /* x\n */ d", &mut Vec::new());
        let starts: Vec<_> = lexemes.iter().map(|lexeme| lexeme.starts_line).collect();
        assert_eq!(starts, [true, false, false, true, false]);
    }
}
