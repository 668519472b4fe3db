//! The grammar, in chumsky.
//!
//! Split by construct: `expr` values and types, `stmt` statements, `rule` the members of a rule,
//! `item` what stands at the top of a file. `fault` turns what does not fit into diagnostics.
//!
//! The layout has balanced the brackets and separated the statements. Recovery rests on that: each
//! mandatory value, statement, member and item that cannot be read is skipped up to the next
//! separator or closing bracket, reported once, and the rest is read as if nothing had happened.
//! What follows a complete statement on its line is skipped in the same way, so the statement is
//! kept.

mod expr;
mod fault;
mod item;
mod rule;
mod stmt;

use chumsky::input::MappedInput;
use chumsky::prelude::*;
use pl_diag::{Diagnostic, FileId, Span};

use self::fault::{Fault, LINE_END, NAME};
use crate::DIAGNOSTICS_MAX;
use crate::ast::{Ident, Module};
use crate::layout::{Layout, TokenSpan};
use crate::token::Token;
use crate::words;

/// What the grammar reads.
type Tokens<'tok, 'src> =
    MappedInput<'tok, Token<'src>, TokenSpan, &'tok [(Token<'src>, TokenSpan)]>;

/// How the grammar reports mistakes.
type Extra<'src> = extra::Err<Fault<'src>>;

/// A part of the grammar that reads an `O`. Boxed, which keeps compile times and types small.
type Rule<'tok, 'src, O> = Boxed<'tok, 'tok, Tokens<'tok, 'src>, O, Extra<'src>>;

/// Reads a module; what cannot be read is left out and reported.
pub(crate) fn parse(
    file: FileId,
    text: &str,
    layout: &Layout<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<Module> {
    let end = place_of_end(file, text);
    let tokens = layout.tokens.as_slice().split_token_span(end);
    let (items, faults) = item::items().parse(tokens).into_output_errors();
    let diagnostic = |fault: Fault<'_>| fault.into_diagnostic(text, layout);
    found.extend(faults.into_iter().filter_map(diagnostic).take(DIAGNOSTICS_MAX));
    items.map(|items| Module { doc: layout.module_doc.clone(), items })
}

/// The empty span after the last byte.
fn place_of_end(file: FileId, text: &str) -> TokenSpan {
    let end = Span::from_range(file, text.len()..text.len()).start;
    TokenSpan { start: end, end, context: file }
}

/// The place of a span of tokens.
fn place(span: TokenSpan) -> Span {
    Span::new(span.context, span.start, span.end)
}

/// A name.
fn name<'tok, 'src: 'tok>() -> Rule<'tok, 'src, Ident> {
    select! { Token::Ident(name) = e => Ident { name: name.to_owned(), span: place(e.span()) } }
        .labelled(NAME)
        .boxed()
}

/// A name, or that of something in a rule that is used: names with dots between them.
fn dotted<'tok, 'src: 'tok>(name: Rule<'tok, 'src, Ident>) -> Rule<'tok, 'src, Ident> {
    let inner = just(Token::Dot).ignore_then(name.clone());
    name.foldl(inner.repeated(), |outer, inner| Ident {
        name: format!("{}.{}", outer.name, inner.name),
        span: outer.span.to(inner.span),
    })
    .boxed()
}

/// The name of something new; words of the language are reported and taken.
fn new_name<'tok, 'src: 'tok>() -> Rule<'tok, 'src, Ident> {
    let keyword = any()
        .filter(|token: &Token<'_>| token.keyword().is_some() && *token != Token::In)
        .validate(|token, e, emitter| {
            let (name, span) = (token.keyword().unwrap_or_default(), place(e.span()));
            emitter.emit(fault::word_as_name(name, span).into());
            Ident { name: name.to_owned(), span }
        })
        .labelled(NAME);
    name().or(keyword).boxed()
}

/// `updates`, or `update` after a one.
fn updates<'tok, 'src: 'tok>() -> Rule<'tok, 'src, ()> {
    word("updates").or(word("update")).labelled("updates").boxed()
}

/// A name made of one particular word that is no keyword; one of the table of such words.
fn word<'tok, 'src: 'tok>(text: &'static str) -> Rule<'tok, 'src, ()> {
    debug_assert!(words::is_of_grammar(text), "`{text}` is missing in the table of words");
    select! { Token::Ident(name) if name == text => () }.labelled(text).boxed()
}

/// Brackets with all that is between them.
fn group<'tok, 'src: 'tok>() -> Rule<'tok, 'src, ()> {
    let bracket = [
        (Token::OpenBrace, Token::CloseBrace),
        (Token::OpenParen, Token::CloseParen),
        (Token::OpenBracket, Token::CloseBracket),
    ];
    let brackets = bracket.map(|(open, close)| [open, close]).concat();
    recursive(|group| {
        let inner = choice((group, none_of(brackets).ignored())).repeated().boxed();
        let [a, b, c] = bracket
            .map(|(open, close)| inner.clone().delimited_by(just(open), just(close)).boxed());
        choice((a, b, c))
    })
    .boxed()
}

/// Everything up to a closing bracket or one of `stops`, which are not taken.
fn junk<'tok, 'src: 'tok>(stops: &[Token<'static>]) -> Rule<'tok, 'src, ()> {
    let mut kept = vec![
        Token::CloseBrace,
        Token::CloseParen,
        Token::CloseBracket,
        Token::OpenParen,
        Token::OpenBracket,
        Token::OpenBrace,
    ];
    kept.extend_from_slice(stops);
    let token = none_of(kept).ignored();
    if stops.contains(&Token::OpenBrace) {
        let open = just(Token::OpenBrace).not();
        choice((token, group().and_is(open))).repeated().boxed()
    } else {
        choice((token, group())).repeated().boxed()
    }
}

/// Statements (or members, or items) with an `End` between them. Those that cannot be read are
/// reported and left out; so is what follows one on its line.
fn separated<'tok, 'src: 'tok, O: 'tok>(
    part: Rule<'tok, 'src, O>,
    label: &'static str,
) -> Rule<'tok, 'src, Vec<O>> {
    let closing = choice((just(Token::End), just(Token::CloseBrace))).ignored().or(end());
    let finished = closing.rewind().labelled(LINE_END);
    let line = part
        .labelled(label)
        .then_ignore(finished.recover_with(via_parser(junk(&[Token::End]))))
        .map(Some);
    let at_least_one = any()
        .filter(|token| !matches!(token, Token::End | Token::CloseBrace))
        .rewind()
        .ignore_then(junk(&[Token::End]));
    line.recover_with(via_parser(at_least_one.map(|()| None)))
        .separated_by(just(Token::End))
        .collect::<Vec<_>>()
        .map(|parts| parts.into_iter().flatten().collect())
        .boxed()
}

/// `separated` between braces.
fn braced<'tok, 'src: 'tok, O: 'tok>(
    part: Rule<'tok, 'src, O>,
    label: &'static str,
) -> Rule<'tok, 'src, Vec<O>> {
    separated(part, label).delimited_by(just(Token::OpenBrace), just(Token::CloseBrace)).boxed()
}

/// Names with commas between them.
fn names<'tok, 'src: 'tok>(name: Rule<'tok, 'src, Ident>) -> Rule<'tok, 'src, Vec<Ident>> {
    name.separated_by(just(Token::Comma)).at_least(1).collect().boxed()
}
