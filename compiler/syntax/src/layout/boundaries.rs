//! Where statements begin and end: what single tokens say of it.

use crate::token::Token;

/// Whether documentation may stand before this token: a declaration, or a word that may be a
/// misspelt one.
pub(super) fn can_be_documented(token: Token<'_>) -> bool {
    matches!(
        token,
        Token::Const
            | Token::Fn
            | Token::Rule
            | Token::Test
            | Token::Param
            | Token::State
            | Token::Input
    )
}

pub(super) fn is_assignment(token: Option<Token<'_>>) -> bool {
    matches!(
        token,
        Some(Token::Assign | Token::PlusAssign | Token::MinusAssign | Token::StarAssign)
    )
}

/// Whether a token at the start of a line always begins a statement.
pub(super) fn begins_statement(token: Token<'_>, next: Option<Token<'_>>) -> bool {
    match token {
        Token::Neurons | Token::Synapses | Token::Control | Token::Start => {
            next == Some(Token::OpenBrace)
        }
        Token::Ident(_) => is_assignment(next),
        Token::Doc(_) | Token::Every | Token::At | Token::Record | Token::Import => true,
        Token::Let | Token::If | Token::For | Token::Reset => true,
        _ => can_be_documented(token),
    }
}

/// Whether a statement may end after this token.
pub(super) fn can_end(token: Token<'_>) -> bool {
    matches!(
        token,
        Token::Ident(_)
            | Token::Number(_)
            | Token::Format(_)
            | Token::Bad
            | Token::True
            | Token::False
            | Token::Rule
            | Token::Neurons
            | Token::Synapses
            | Token::CloseParen
            | Token::CloseBracket
            | Token::CloseBrace
    )
}

/// Whether a token at the start of a line goes on with the statement before it.
pub(super) fn continues(token: Token<'_>) -> bool {
    matches!(
        token,
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
            | Token::Else
            | Token::Of
            | Token::Over
            | Token::Per
            | Token::In
            | Token::Dot
            | Token::DotDot
            | Token::Comma
            | Token::Colon
            | Token::Arrow
            | Token::OpenBrace
            | Token::CloseParen
            | Token::CloseBracket
    ) || is_assignment(Some(token))
}
