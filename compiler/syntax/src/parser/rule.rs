//! Members of a rule: declarations, schedules, blocks and records.

use chumsky::prelude::*;
use pl_diag::{Code, Diagnostic, Span};

use super::expr::Exprs;
use super::fault::{self, MEMBER, STATEMENT};
use super::stmt::Stmts;
use super::{Rule, braced, dotted, name, names, new_name, place, updates, word};
use crate::ast::{
    self, Block, BlockKind, Decl, DeclKind, Expr, Member, Record, Rounding, Schedule, ScheduleKind,
    Scope, Start, StartStep, Use, View, ViewKind,
};
use crate::layout::push_doc_line;
use crate::token::Token;

/// Text of the documentation before a declaration.
pub(super) fn doc<'tok, 'src: 'tok>() -> Rule<'tok, 'src, String> {
    let line = select! { Token::Doc(text) => text };
    line.repeated()
        .collect::<Vec<_>>()
        .map(|lines| {
            let mut doc = String::new();
            lines.into_iter().for_each(|line| push_doc_line(&mut doc, line));
            doc
        })
        .boxed()
}

/// The members between the braces of a rule.
pub(super) fn members<'tok, 'src: 'tok>(
    exprs: &Exprs<'tok, 'src>,
    stmts: &Stmts<'tok, 'src>,
) -> Rule<'tok, 'src, Vec<Member>> {
    let block = block(stmts);
    let member = choice((
        decl(exprs).map(Member::Decl),
        schedule(exprs, block.clone()).map(Member::Schedule),
        start(stmts, block.clone()).map(Member::Start),
        block.map(Member::Block),
        record(exprs).map(Member::Record),
        use_(exprs).map(Member::Use),
        attribute(exprs),
    ));
    braced(member.boxed(), MEMBER)
}

/// `view`, `rounding`, `rng` and `replicated`.
fn attribute<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, Member> {
    let limit = |axis: &'static str, kind: fn(Expr) -> ViewKind| {
        word(axis).ignore_then(just(Token::LessEqual)).ignore_then(exprs.sum.clone()).map(kind)
    };
    let demand = choice((
        limit("rows", ViewKind::Rows),
        limit("columns", ViewKind::Columns),
        word("signed").to(ViewKind::Signed),
    ));
    let view = word("view")
        .ignore_then(demand)
        .map_with(|kind, e| Member::View(View { kind, span: place(e.span()) }));
    let mode = select! { Token::Ident(text) => text }.validate(|text, e, emitter| {
        let known = Rounding::ALL.iter().find(|(_, name)| *name == text);
        known.map_or_else(
            || {
                let words = Rounding::ALL.map(|(_, name)| name);
                let span = place(e.span());
                emitter.emit(fault::unknown_word("a way to round", text, span, &words).into());
                Rounding::Nearest
            },
            |(mode, _)| *mode,
        )
    });
    let rounding = word("rounding")
        .ignore_then(mode.labelled("a way to round"))
        .map_with(|mode, e| Member::Rounding { mode, span: place(e.span()) });
    let rng = word("rng")
        .ignore_then(word("hardware"))
        .map_with(|(), e| Member::HardwareRng(place(e.span())));
    let replicated = word("replicated").map_with(|(), e| Member::Replicated(place(e.span())));
    choice((view, rounding, rng, replicated)).boxed()
}

/// `per neuron`; an unknown scope has been reported and gives none.
fn scope<'tok, 'src: 'tok>() -> Rule<'tok, 'src, Option<(Scope, Span)>> {
    let known = select! {
        Token::Ident("synapse") => Scope::Synapse,
        Token::Ident("neuron") => Scope::Neuron,
        Token::Ident("row") => Scope::Row,
        Token::Rule => Scope::Rule,
    };
    let other = any()
        .filter(|token| matches!(token, Token::Ident(_)) || token.keyword().is_some())
        .validate(|token: Token<'_>, e, emitter| {
            let text = match token {
                Token::Ident(text) => text,
                keyword => keyword.keyword().unwrap_or_default(),
            };
            let words = Scope::ALL.map(|(_, name)| name);
            emitter.emit(fault::unknown_word("a scope", text, place(e.span()), &words).into());
            None
        });
    just(Token::Per)
        .ignore_then(known.map(Some).or(other).labelled("a scope"))
        .map_with(|scope, e| scope.map(|scope| (scope, place(e.span()))))
        .boxed()
}

/// `param`, `state` and `input`.
fn decl<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, Decl> {
    let kind = select! {
        Token::Param => DeclKind::Param,
        Token::State => DeclKind::State,
        Token::Input => DeclKind::Input,
    };
    let len = exprs.sum.clone().delimited_by(just(Token::OpenBracket), just(Token::CloseBracket));
    let ty = just(Token::Colon).ignore_then(exprs.ty.clone());
    let init = just(Token::Assign).ignore_then(exprs.value.clone());
    let late_scope = scope().validate(|scope, _, emitter| {
        let (scope, span) = scope?;
        let name = scope.name();
        emitter.emit(
            Diagnostic::error(Code::E0101, span, format!("`per {name}` stands too late"))
                .label(span, "this belongs before `=`")
                .help(format!("write `per {name}` directly after the type"))
                .into(),
        );
        Some((scope, span))
    });
    doc()
        .then(kind)
        .then(new_name())
        .then(len.or_not())
        .then(ty.or_not())
        .then(scope().or_not())
        .then(init.then(late_scope.or_not()).or_not())
        .validate(|((((((doc, kind), name), len), ty), scope), init), e, emitter| {
            let (init, late_scope) = init.unzip();
            if let Some(missing) = incomplete(kind, &name, ty.is_some(), init.is_some()) {
                emitter.emit(missing.into());
            }
            let scope = scope.or(late_scope.flatten()).flatten();
            let span = place(e.span());
            Decl { doc, kind, name, len, ty: ty.flatten(), scope, init, span }
        })
        .boxed()
}

/// Reports what a declaration lacks: its type, or else its initial value.
fn incomplete(
    kind: DeclKind,
    name: &ast::Ident,
    has_type: bool,
    has_init: bool,
) -> Option<Diagnostic> {
    let (word, ast::Ident { name, span }) = (kind.name(), name);
    let example = match kind {
        DeclKind::Param => "",
        DeclKind::State | DeclKind::Input => " per neuron",
    };
    if !has_type {
        let error = Diagnostic::error(Code::E0111, *span, format!("`{name}` has no type"));
        return Some(
            error
                .label(*span, "its type is missing")
                .help(format!("write `{word} {name} : real in 0 .. 1{example} = 0`")),
        );
    }
    if !has_init {
        let error = Diagnostic::error(Code::E0112, *span, format!("`{name}` has no initial value"));
        return Some(
            error.label(*span, "its value is missing").help("write the value at the end: `= 0`"),
        );
    }
    None
}

/// `every` and `at`, with or without blocks of their own.
fn schedule<'tok, 'src: 'tok>(
    exprs: &Exprs<'tok, 'src>,
    block: Rule<'tok, 'src, Block>,
) -> Rule<'tok, 'src, Schedule> {
    times(exprs)
        .map_with(|kind, e| (kind, place(e.span())))
        .then(braced(block, "a block").or_not())
        .map_with(|((kind, head), blocks), e| Schedule {
            kind,
            blocks,
            head,
            span: place(e.span()),
        })
        .boxed()
}

/// `every 1 ms phase 500 us`, `at 5 ms`
fn times<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, ScheduleKind> {
    let every = just(Token::Every)
        .ignore_then(exprs.time.clone())
        .then(word("phase").ignore_then(exprs.time.clone()).or_not())
        .map(|(period, phase)| ScheduleKind::Every { period, phase });
    let at = just(Token::At).ignore_then(exprs.time.clone()).map(|time| ScheduleKind::At { time });
    every.or(at).boxed()
}

/// `use homeostasis as slow every 10 ms`
fn use_<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, Use> {
    let schedule = times(exprs).map_with(|kind, e| {
        let span = place(e.span());
        Schedule { kind, blocks: None, head: span, span }
    });
    word("use")
        .ignore_then(name())
        .then(word("as").ignore_then(new_name()).or_not())
        .then(schedule.or_not())
        .map_with(|((rule, alias), schedule), e| Use {
            rule,
            alias,
            schedule,
            span: place(e.span()),
        })
        .boxed()
}

fn start<'tok, 'src: 'tok>(
    stmts: &Stmts<'tok, 'src>,
    block: Rule<'tok, 'src, Block>,
) -> Rule<'tok, 'src, Start> {
    let step = block.map(StartStep::Block).or(stmts.one.clone().map(StartStep::Stmt));
    just(Token::Start)
        .ignore_then(braced(step.boxed(), STATEMENT))
        .map_with(|steps, e| Start { steps, span: place(e.span()) })
        .boxed()
}

/// `neurons`, `synapses` and `control`.
fn block<'tok, 'src: 'tok>(stmts: &Stmts<'tok, 'src>) -> Rule<'tok, 'src, Block> {
    let kind = select! {
        Token::Neurons => BlockKind::Neurons,
        Token::Synapses => BlockKind::Synapses,
        Token::Control => BlockKind::Control,
    };
    kind.then(stmts.body.clone())
        .map_with(|(kind, body), e| Block { kind, body, span: place(e.span()) })
        .boxed()
}

fn record<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, Record> {
    let every = just(Token::Every).ignore_then(exprs.sum.clone()).then_ignore(updates());
    just(Token::Record)
        .ignore_then(names(dotted(name())))
        .then(every)
        .map_with(|(quantities, every), e| Record { quantities, every, span: place(e.span()) })
        .boxed()
}
