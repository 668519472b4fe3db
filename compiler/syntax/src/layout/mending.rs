//! Misspelt words at the start of a statement (rule 5).

use super::boundaries::is_assignment;
use super::{Body, Scanner};
use crate::foreign;
use crate::token::{KEYWORDS, Lexeme, Token};
use pl_diag::{Code, Diagnostic, did_you_mean};

/// Words that can begin a statement in a body but are no keywords, because they are good names too.
const MEMBER_WORDS: [&str; 4] = ["view", "rounding", "rng", "replicated"];
const STEP_WORDS: [&str; 6] = ["view", "seed", "set", "given", "run", "expect"];

/// Words that can begin a statement of a body.
fn words(body: Body) -> &'static [&'static str] {
    match body {
        Body::Module => &["import", "const", "fn", "rule", "test"],
        Body::Rule => &[
            "param",
            "state",
            "input",
            "every",
            "at",
            "start",
            "neurons",
            "synapses",
            "control",
            "record",
            "view",
            "rounding",
            "rng",
            "replicated",
        ],
        Body::Test => &STEP_WORDS,
        Body::Function => &["let"],
        Body::Schedule => &["neurons", "synapses", "control"],
        Body::Start => &["neurons", "synapses", "control", "let", "if", "for", "reset"],
        Body::Statements => &["let", "if", "for", "reset"],
        Body::Names | Body::Inline => &[],
    }
}

impl<'src> Scanner<'_, 'src> {
    /// The token at the start of a statement, with a misspelt keyword mended.
    pub(super) fn mend(&mut self, lexeme: Lexeme<'src>, next: Option<Token<'src>>) -> Token<'src> {
        let Token::Ident(word) = lexeme.token else { return lexeme.token };
        let body = self.body();
        let meant = match body {
            Body::Rule if MEMBER_WORDS.contains(&word) => None,
            Body::Test if STEP_WORDS.contains(&word) => None,
            Body::Function | Body::Start | Body::Statements => {
                matches!(next, Some(Token::Ident(_) | Token::Number(_) | Token::Not))
                    || (next == Some(Token::OpenBrace) && body == Body::Start)
            }
            .then(|| meant(word, words(body)))
            .flatten(),
            _ if is_assignment(next) => None,
            _ => meant(word, words(body)),
        };
        let Some(meant) = meant else { return lexeme.token };
        self.report_misspelt(lexeme, word, meant);
        let keyword = KEYWORDS.into_iter().find(|keyword| keyword.written() == Some(meant));
        keyword.unwrap_or(Token::Ident(meant))
    }

    /// Whether this word after a closing brace is meant as `else`.
    pub(super) fn is_else(&self, lexeme: Lexeme<'src>, next: Option<Token<'src>>) -> bool {
        let Token::Ident(word) = lexeme.token else { return false };
        self.last() == Some(Token::CloseBrace)
            && matches!(self.body(), Body::Statements | Body::Start)
            && (else_if(word)
                || (matches!(next, Some(Token::OpenBrace | Token::If))
                    && did_you_mean(word, ["else", "otherwise"]).is_some()))
    }

    /// Pushes `else` for a misspelt `else` after a closing brace, if this is one.
    pub(super) fn mend_else(&mut self, lexeme: Lexeme<'src>, next: Option<Token<'src>>) -> bool {
        let Token::Ident(word) = lexeme.token else { return false };
        if !self.is_else(lexeme, next) {
            return false;
        }
        let meant = if else_if(word) { "else if" } else { "else" };
        self.report_misspelt(lexeme, word, meant);
        self.push(Token::Else, lexeme.start, lexeme.end);
        if else_if(word) {
            self.push(Token::If, lexeme.start, lexeme.end);
        }
        true
    }

    fn report_misspelt(&mut self, lexeme: Lexeme<'src>, word: &str, meant: &str) {
        let span = self.span(lexeme);
        self.found.push(
            Diagnostic::error(Code::E0102, span, format!("`{word}` is no word of the language"))
                .label(span, "unknown word")
                .help(format!("did you mean `{meant}`?")),
        );
    }
}

fn else_if(word: &str) -> bool {
    matches!(word, "elif" | "elsif" | "elseif")
}

/// The word of the language that was meant, if one is near.
fn meant(word: &str, candidates: &'static [&'static str]) -> Option<&'static str> {
    let synonym = foreign::WORDS.iter().find(|(other, _)| *other == word).map(|(_, ours)| *ours);
    synonym
        .filter(|ours| candidates.contains(ours))
        .or_else(|| did_you_mean(word, candidates.iter().copied()))
}
