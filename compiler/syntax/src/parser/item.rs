//! What stands at the top of a file: imports, constants, functions, rules and tests.

use chumsky::prelude::*;

use super::expr::Exprs;
use super::fault::{ITEM, STEP};
use super::rule::{doc, members};
use super::stmt::{Stmts, target};
use super::{Rule, braced, dotted, name, names, new_name, place, separated, updates, word};
use crate::ast::{
    self, Const, Expr, Fn, FnBody, FnParam, Ident, Import, Item, Place, Test, TestStep,
    TestStepKind,
};
use crate::token::Token;

/// All items of a file.
pub(super) fn items<'tok, 'src: 'tok>() -> Rule<'tok, 'src, Vec<Item>> {
    let exprs = Exprs::new();
    let stmts = Stmts::new(&exprs);
    let item = choice((
        import().map(Item::Import),
        constant(&exprs).map(Item::Const),
        function(&exprs, &stmts).map(Item::Fn),
        rule(&exprs, &stmts).map(Item::Rule),
        test(&exprs).map(Item::Test),
    ));
    separated(item.boxed(), ITEM).then_ignore(end()).boxed()
}

fn import<'tok, 'src: 'tok>() -> Rule<'tok, 'src, Import> {
    let path = name().separated_by(just(Token::Dot)).at_least(1).collect();
    let listed = names(name()).delimited_by(just(Token::OpenBrace), just(Token::CloseBrace));
    just(Token::Import)
        .ignore_then(path)
        .then(listed.or_not())
        .map_with(|(path, names), e| Import { path, names, span: place(e.span()) })
        .boxed()
}

fn constant<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, Const> {
    doc()
        .then_ignore(just(Token::Const))
        .then(new_name())
        .then(just(Token::Colon).ignore_then(exprs.ty.clone()).or_not())
        .then_ignore(just(Token::Assign))
        .then(exprs.value.clone())
        .map_with(|(((doc, name), ty), value), e| Const {
            doc,
            name,
            ty: ty.flatten(),
            value,
            span: place(e.span()),
        })
        .boxed()
}

fn function<'tok, 'src: 'tok>(
    exprs: &Exprs<'tok, 'src>,
    stmts: &Stmts<'tok, 'src>,
) -> Rule<'tok, 'src, Fn> {
    let typed = just(Token::Colon).ignore_then(exprs.ty.clone()).or_not();
    let params = new_name()
        .then(typed)
        .map(|(name, ty)| FnParam { name, ty: ty.flatten() })
        .separated_by(just(Token::Comma))
        .allow_trailing()
        .collect()
        .delimited_by(just(Token::OpenParen), just(Token::CloseParen));
    let result = just(Token::Arrow).ignore_then(exprs.ty.clone()).or_not();
    let short = just(Token::Assign).ignore_then(exprs.value.clone()).map(FnBody::Value);
    let long = stmts
        .let_
        .clone()
        .then_ignore(just(Token::End))
        .repeated()
        .collect()
        .then(exprs.value.clone())
        .delimited_by(just(Token::OpenBrace), just(Token::CloseBrace))
        .map(|(lets, result)| FnBody::Block { lets, result });
    doc()
        .then_ignore(just(Token::Fn))
        .then(new_name())
        .then(params)
        .then(result)
        .then(short.or(long))
        .map_with(|((((doc, name), params), result), body), e| Fn {
            doc,
            name,
            params,
            result: result.flatten(),
            body,
            span: place(e.span()),
        })
        .boxed()
}

fn rule<'tok, 'src: 'tok>(
    exprs: &Exprs<'tok, 'src>,
    stmts: &Stmts<'tok, 'src>,
) -> Rule<'tok, 'src, ast::Rule> {
    doc()
        .then_ignore(just(Token::Rule))
        .then(new_name())
        .then(members(exprs, stmts))
        .map_with(|((doc, name), members), e| ast::Rule {
            doc,
            name,
            members,
            span: place(e.span()),
        })
        .boxed()
}

fn test<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, Test> {
    doc()
        .then_ignore(just(Token::Test))
        .then(new_name())
        .then_ignore(just(Token::For))
        .then(name())
        .then(braced(step(exprs), STEP))
        .map_with(|(((doc, name), rule), steps), e| Test {
            doc,
            name,
            rule,
            steps,
            span: place(e.span()),
        })
        .boxed()
}

/// A line of a test.
fn step<'tok, 'src: 'tok>(exprs: &Exprs<'tok, 'src>) -> Rule<'tok, 'src, TestStep> {
    let Exprs { value, sum, .. } = exprs;
    let rows = sum.clone().then_ignore(word("rows").or(word("row")));
    let columns = sum.clone().then_ignore(word("columns").or(word("column")));
    let view = word("view")
        .ignore_then(rows)
        .then_ignore(just(Token::Comma))
        .then(columns)
        .map(|(rows, columns)| TestStepKind::View { rows, columns });
    let pairs: Rule<'tok, 'src, Vec<(Ident, Expr)>> = dotted(name())
        .then_ignore(just(Token::Assign))
        .then(value.clone())
        .separated_by(just(Token::Comma))
        .at_least(1)
        .collect()
        .boxed();
    let given: Rule<'tok, 'src, Vec<(Place, Expr)>> = target(exprs)
        .then_ignore(just(Token::Assign))
        .then(value.clone())
        .separated_by(just(Token::Comma))
        .at_least(1)
        .collect()
        .boxed();
    choice((
        view,
        word("seed").ignore_then(sum.clone()).map(TestStepKind::Seed),
        word("set").ignore_then(pairs).map(TestStepKind::Set),
        word("given").ignore_then(given).map(TestStepKind::Given),
        word("run").ignore_then(sum.clone()).then_ignore(updates()).map(TestStepKind::Run),
        word("expect").ignore_then(value.clone()).map(TestStepKind::Expect),
    ))
    .map_with(|kind, e| TestStep { kind, span: place(e.span()) })
    .boxed()
}
