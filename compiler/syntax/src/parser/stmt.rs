//! Statements.

use chumsky::prelude::*;
use pl_diag::{Code, Diagnostic};

use super::expr::Exprs;
use super::fault::STATEMENT;
use super::{Rule, braced, dotted, name, names, new_name, place};
use crate::ast::{AssignOp, Expr, ExprKind, IfArm, Place, Stmt, StmtKind};
use crate::token::Token;

/// Statements, alone and in braces.
#[derive(Clone)]
pub(super) struct Stmts<'tok, 'src> {
    pub(super) one: Rule<'tok, 'src, Stmt>,
    pub(super) body: Rule<'tok, 'src, Vec<Stmt>>,
    pub(super) let_: Rule<'tok, 'src, Stmt>,
}

impl Stmts<'_, '_> {
    pub(super) fn new<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Stmts<'tok, 'src> {
        let mut one = Recursive::declare();
        let body = braced(one.clone().boxed(), STATEMENT);
        let let_ = let_(exprs);
        one.define(choice((
            let_.clone(),
            if_(exprs, body.clone()),
            for_(exprs, body.clone()),
            reset(),
            assign(exprs),
            call(exprs),
        )));
        Stmts { one: one.boxed(), body, let_ }
    }
}

fn let_<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, Stmt> {
    just(Token::Let)
        .ignore_then(new_name())
        .then(just(Token::Colon).ignore_then(exprs.ty.clone()).or_not())
        .then_ignore(just(Token::Assign))
        .then(exprs.value.clone())
        .map_with(|((name, ty), value), e| Stmt {
            kind: StmtKind::Let { name, ty: ty.flatten(), value },
            span: place(e.span()),
        })
        .boxed()
}

fn if_<'tok, 'src: 'tok>(
    exprs: &Exprs<'tok, 'src>,
    body: Rule<'tok, 'src, Vec<Stmt>>,
) -> Rule<'tok, 'src, Stmt> {
    let arm = just(Token::If)
        .ignore_then(exprs.condition.clone())
        .then(body.clone())
        .map(|(cond, body)| IfArm { cond, body })
        .boxed();
    arm.clone()
        .separated_by(just(Token::Else))
        .at_least(1)
        .collect()
        .then(just(Token::Else).ignore_then(body).or_not())
        .map_with(|(arms, otherwise), e| Stmt {
            kind: StmtKind::If { arms, otherwise },
            span: place(e.span()),
        })
        .boxed()
}

fn for_<'tok, 'src: 'tok>(
    exprs: &Exprs<'tok, 'src>,
    body: Rule<'tok, 'src, Vec<Stmt>>,
) -> Rule<'tok, 'src, Stmt> {
    just(Token::For)
        .ignore_then(new_name())
        .then_ignore(just(Token::In))
        .then(exprs.range.clone().map(Box::new))
        .then(body)
        .map_with(|((var, range), body), e| Stmt {
            kind: StmtKind::For { var, range, body },
            span: place(e.span()),
        })
        .boxed()
}

fn reset<'tok, 'src: 'tok>() -> Rule<'tok, 'src, Stmt> {
    just(Token::Reset)
        .ignore_then(names(name()))
        .map_with(|names, e| Stmt { kind: StmtKind::Reset(names), span: place(e.span()) })
        .boxed()
}

/// What is assigned to: a name, or an element of an array.
pub(super) fn target<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, Place> {
    let index = exprs.sum.clone().delimited_by(just(Token::OpenBracket), just(Token::CloseBracket));
    dotted(name())
        .then(index.or_not())
        .map_with(|(name, index), e| Place { name, index, span: place(e.span()) })
        .boxed()
}

fn assign<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, Stmt> {
    let target = target(exprs);
    let op = select! {
        Token::Assign => AssignOp::Set,
        Token::PlusAssign => AssignOp::Add,
        Token::MinusAssign => AssignOp::Sub,
        Token::StarAssign => AssignOp::Mul,
    };
    // `==` is taken for `=` and reported.
    let compare = just(Token::Equal).validate(|_, e, emitter| {
        let span = place(e.span());
        emitter.emit(
            Diagnostic::error(Code::E0109, span, "`==` compares and stores nothing")
                .label(span, "this is a comparison")
                .help("write `=` to store the value")
                .into(),
        );
        AssignOp::Set
    });
    let op = op.or(compare).labelled("an assignment");
    target
        .then(op)
        .then(exprs.value.clone())
        .map_with(|((target, op), value), e| Stmt {
            kind: StmtKind::Assign { target, op, value },
            span: place(e.span()),
        })
        .boxed()
}

/// A call for its effect; other values alone on a line are reported.
fn call<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, Stmt> {
    let begins = any().filter(|token| matches!(token, Token::Ident(_) | Token::OpenParen));
    begins
        .rewind()
        .ignore_then(exprs.value.clone())
        .then(just(Token::Bad).rewind().or_not())
        .validate(|(value, bad), _, emitter| {
            let span = value.span;
            if bad.is_none() && !matches!(value.kind, ExprKind::Call { .. } | ExprKind::Error) {
                emitter.emit(
                    Diagnostic::error(Code::E0118, span, "the value is not used")
                        .label(span, "this computes a value and drops it")
                        .help("store it, as in `weight = ...`, or name it with `let`")
                        .into(),
                );
                return Stmt { kind: StmtKind::Expr(Expr { kind: ExprKind::Error, span }), span };
            }
            Stmt { kind: StmtKind::Expr(value), span }
        })
        .boxed()
}
