//! The limit on nesting, checked before parsing, so that no tree is too deep to walk.

use pl_diag::{Code, Diagnostic, Span};

use crate::ast::NESTING_MAX;
use crate::layout::TokenSpan;
use crate::token::Token;

/// The place where operators and brackets are nested too deeply, if there is one.
///
/// The depth of a tree is at most the number of brackets that are open plus the operators written
/// in each of them since the last comma or end of a statement; that is what is counted.
pub(crate) fn check(tokens: &[(Token<'_>, TokenSpan)]) -> Option<Diagnostic> {
    // Operators of each open bracket, and the sum of these and the brackets.
    let mut operators = vec![0_usize];
    let mut depth = 0_usize;
    for (token, span) in tokens {
        let current = operators.last_mut()?;
        match token {
            Token::OpenBrace | Token::OpenParen | Token::OpenBracket => {
                operators.push(0);
                depth += 1;
            }
            Token::CloseBrace | Token::CloseParen | Token::CloseBracket => {
                depth -= *current + usize::from(operators.len() > 1);
                operators.pop();
            }
            Token::End | Token::Comma | Token::Let => {
                depth -= *current;
                *current = 0;
            }
            Token::Plus
            | Token::Minus
            | Token::Star
            | Token::Slash
            | Token::Equal
            | Token::NotEqual
            | Token::Less
            | Token::LessEqual
            | Token::Greater
            | Token::GreaterEqual
            | Token::And
            | Token::Or
            | Token::Not
            | Token::Of
            | Token::Assign
            | Token::Else => {
                *current += 1;
                depth += 1;
            }
            _ => {}
        }
        if depth > NESTING_MAX {
            let span = Span::new(span.context, span.start, span.end);
            return Some(
                Diagnostic::error(Code::E0115, span, "this is nested too deeply")
                    .label(span, format!("more than {NESTING_MAX} operators and brackets deep"))
                    .help("give names to parts of it with `let`, or move them to a `fn`"),
            );
        }
    }
    None
}
