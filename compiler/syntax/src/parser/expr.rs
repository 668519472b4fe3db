//! Values, ranges and types.

use chumsky::prelude::*;
use pl_diag::{Code, Diagnostic, Span, did_you_mean};

use super::fault::{OPERATOR, UNIT, VALUE};
use super::{Rule, dotted, junk, place, word};
use crate::ast::{
    Axis, BinaryOp, Expr, ExprKind, Ident, Number, NumberValue, Range, ReduceOp, Type, TypeKind,
    UnaryOp, Unit, UnitKind,
};
use crate::foreign;
use crate::layout::TokenSpan;
use crate::token::Token;
use crate::words::TYPES;

/// The parts of the grammar that read values.
#[derive(Clone)]
pub(super) struct Exprs<'tok, 'src> {
    /// Any value; one that cannot be read becomes [`ExprKind::Error`], up to the end of the line.
    pub(super) value: Rule<'tok, 'src, Expr>,
    /// A condition before `{`.
    pub(super) condition: Rule<'tok, 'src, Expr>,
    /// Sums and products only, as in bounds and times, which may be followed by `=` or `..`.
    pub(super) sum: Rule<'tok, 'src, Expr>,
    /// `low .. high`
    pub(super) range: Rule<'tok, 'src, Range>,
    /// A time, which needs a unit.
    pub(super) time: Rule<'tok, 'src, Expr>,
    /// A type; none if it does not exist, which has been reported.
    pub(super) ty: Rule<'tok, 'src, Option<Type>>,
}

impl Exprs<'_, '_> {
    pub(super) fn new<'tok, 'src: 'tok>() -> Exprs<'tok, 'src> {
        let mut any_value = Recursive::declare();
        let sum = sum(any_value.clone().boxed());
        any_value.define(logic(sum.clone()));
        let range = range(sum.clone());
        let missing = |e: &mut chumsky::input::MapExtra<'tok, '_, _, _>| Expr {
            kind: ExprKind::Error,
            span: place(e.span()),
        };
        let value = any_value.clone();
        let condition = any_value;
        Exprs {
            value: value
                .recover_with(via_parser(
                    junk(&[Token::End, Token::Comma]).map_with(move |(), e| missing(e)),
                ))
                .boxed(),
            condition: condition
                .recover_with(via_parser(
                    junk(&[Token::End, Token::OpenBrace]).map_with(move |(), e| missing(e)),
                ))
                .boxed(),
            time: time(sum.clone())
                .recover_with(via_parser(
                    junk(&[Token::End, Token::OpenBrace]).map_with(move |(), e| missing(e)),
                ))
                .boxed(),
            ty: ty(range.clone()),
            sum,
            range,
        }
    }
}

/// A number with its unit.
fn number<'tok, 'src: 'tok>() -> Rule<'tok, 'src, ExprKind> {
    let digits = select! { Token::Number(text) = e => (text, place(e.span())) };
    let known = select! {
        Token::Ident(text) = e if UnitKind::from_name(text).is_some() =>
            (UnitKind::from_name(text), place(e.span()))
    };
    let foreign = select! {
        Token::Ident(text) = e if foreign::unit(text).is_some() => (text, place(e.span()))
    }
    .validate(|(text, span), _, emitter| {
        let ours = foreign::unit(text).flatten();
        let help = match ours {
            Some(ours) => format!("write `{ours}`"),
            None => "write one of `ns`, `us`, `ms`, `s`, `Hz`, `kHz`, `MHz`".to_owned(),
        };
        emitter.emit(
            Diagnostic::error(Code::E0002, span, format!("`{text}` is not a unit"))
                .label(span, "unknown unit")
                .help(help)
                .into(),
        );
        (ours.and_then(UnitKind::from_name), span)
    });
    let bio = word("bio").map_with(|(), e| place(e.span()));
    let unit = known.or(foreign).then(bio.or_not()).map(|((kind, span), bio)| {
        kind.map(|kind| Unit {
            kind,
            bio: bio.is_some(),
            span: bio.map_or(span, |bio| span.to(bio)),
        })
    });
    digits
        .then(unit.labelled(UNIT).or_not())
        .validate(|((text, span), unit), _, emitter| {
            let value = number_value(text).unwrap_or_else(|| {
                emitter.emit(too_large(text, span).into());
                NumberValue::Int(0)
            });
            ExprKind::Number(Number { text: text.to_owned(), value, unit: unit.flatten() })
        })
        .boxed()
}

/// Value of a number as the lexer delimits it; none if it is too large.
fn number_value(text: &str) -> Option<NumberValue> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    if digits.contains(['.', 'e', 'E']) {
        digits.parse().ok().filter(|value: &f64| value.is_finite()).map(NumberValue::Real)
    } else {
        digits.parse().ok().map(NumberValue::Int)
    }
}

fn too_large(text: &str, span: Span) -> Diagnostic {
    let kind = if text.contains(['.', 'e', 'E']) { "a real" } else { "an integer" };
    Diagnostic::error(Code::E0003, span, format!("the number is too large for {kind}"))
        .label(span, "too large")
        .help("check the number of digits; the chip's quantities have 8 to 32 bits")
}

/// Numbers, names, calls, elements, reductions, and anything in brackets.
fn atom<'tok, 'src: 'tok>(value: Rule<'tok, 'src, Expr>) -> Rule<'tok, 'src, Expr> {
    let truth = select! { Token::True => true, Token::False => false }.map(ExprKind::Bool);
    let bad = just(Token::Bad).to(ExprKind::Error);
    let name = select! {
        Token::Ident(name) = e => Ident { name: name.to_owned(), span: place(e.span()) }
    };
    let name = dotted(name.boxed());
    let broken = |open: Token<'static>, close: Token<'static>| {
        junk(&[]).delimited_by(just(open), just(close))
    };

    let paren = value
        .clone()
        .delimited_by(just(Token::OpenParen), just(Token::CloseParen))
        .map(|inner| ExprKind::Paren(Box::new(inner)))
        .recover_with(via_parser(broken(Token::OpenParen, Token::CloseParen).to(ExprKind::Error)));
    let array = value
        .clone()
        .separated_by(just(Token::Comma))
        .allow_trailing()
        .collect()
        .delimited_by(just(Token::OpenBracket), just(Token::CloseBracket))
        .map(ExprKind::Array)
        .recover_with(via_parser(
            broken(Token::OpenBracket, Token::CloseBracket).to(ExprKind::Error),
        ));

    let argument = value.clone().then(just(Token::DotDot).ignore_then(value.clone()).or_not()).map(
        |(low, high)| match high {
            None => low,
            Some(high) => {
                let span = low.span.to(high.span);
                Expr { kind: ExprKind::Range(Box::new(Range { low, high, span })), span }
            }
        },
    );
    let args = argument
        .separated_by(just(Token::Comma))
        .allow_trailing()
        .collect()
        .delimited_by(just(Token::OpenParen), just(Token::CloseParen))
        .map(Tail::Args)
        .recover_with(via_parser(
            broken(Token::OpenParen, Token::CloseParen).map(|()| Tail::Broken),
        ));
    let index = value
        .clone()
        .delimited_by(just(Token::OpenBracket), just(Token::CloseBracket))
        .map(|index| Tail::Index(Box::new(index)))
        .recover_with(via_parser(
            broken(Token::OpenBracket, Token::CloseBracket).map(|()| Tail::Broken),
        ));
    let over = just(Token::Over).ignore_then(axis());
    let of = just(Token::Of)
        .ignore_then(value)
        .then(over)
        .map(|(operand, over)| Tail::Reduce { operand: Box::new(operand), over });
    let named =
        name.then(choice((args, index, of)).or_not()).validate(|(name, tail), _, emitter| {
            with_tail(name, tail).unwrap_or_else(|unknown| {
                emitter.emit(unknown.into());
                ExprKind::Error
            })
        });

    choice((number(), named, truth, paren, array, bad))
        .labelled(VALUE)
        .map_with(|kind, e| Expr { kind, span: place(e.span()) })
        .boxed()
}

/// What may follow a name in a value.
enum Tail {
    Args(Vec<Expr>),
    Index(Box<Expr>),
    Reduce { operand: Box<Expr>, over: (Axis, Span) },
    Broken,
}

fn with_tail(name: Ident, tail: Option<Tail>) -> Result<ExprKind, Diagnostic> {
    Ok(match tail {
        None => ExprKind::Name(name),
        Some(Tail::Args(args)) => ExprKind::Call { function: name, args },
        Some(Tail::Index(index)) => ExprKind::Index { array: name, index },
        Some(Tail::Broken) => ExprKind::Error,
        Some(Tail::Reduce { operand, over }) => {
            let words = ReduceOp::ALL.map(|(_, word)| word);
            let Some((op, _)) = ReduceOp::ALL.iter().find(|(_, word)| *word == name.name) else {
                let what = "a reduction";
                return Err(super::fault::unknown_word(what, &name.name, name.span, &words));
            };
            ExprKind::Reduce { op: *op, operand, over }
        }
    })
}

/// `synapses` or `neurons`.
fn axis<'tok, 'src: 'tok>() -> Rule<'tok, 'src, (Axis, Span)> {
    let axis = select! { Token::Synapses => Axis::Synapses, Token::Neurons => Axis::Neurons };
    let singular = any()
        .filter(|token| matches!(token, Token::Ident("synapse" | "neuron")))
        .validate(|token, e, emitter| {
            let span = place(e.span());
            emitter.emit(
                Diagnostic::error(Code::E0101, span, "a reduction runs over all of them")
                    .label(span, "only one")
                    .help("write `synapses` or `neurons`")
                    .into(),
            );
            if token == Token::Ident("synapse") { Axis::Synapses } else { Axis::Neurons }
        });
    choice((just(Token::Synapses), just(Token::Neurons)))
        .rewind()
        .ignore_then(axis)
        .or(singular)
        .map_with(|axis, e| (axis, place(e.span())))
        .boxed()
}

fn binary(left: Expr, op: (BinaryOp, Span), right: Expr) -> Expr {
    let span = left.span.to(right.span);
    let (op, op_span) = op;
    let (left, right) = (Box::new(left), Box::new(right));
    Expr { kind: ExprKind::Binary { op, op_span, left, right }, span }
}

fn unary(op: (UnaryOp, TokenSpan), operand: Expr) -> Expr {
    let span = place(op.1).to(operand.span);
    Expr { kind: ExprKind::Unary { op: op.0, operand: Box::new(operand) }, span }
}

/// Sums, products and signs.
fn sum<'tok, 'src: 'tok>(value: Rule<'tok, 'src, Expr>) -> Rule<'tok, 'src, Expr> {
    let minus = just(Token::Minus).map_with(|_, e| (UnaryOp::Neg, e.span()));
    let signed = minus.labelled(VALUE).repeated().foldr(atom(value), unary).boxed();
    let times = select! {
        Token::Star = e => (BinaryOp::Mul, place(e.span())),
        Token::Slash = e => (BinaryOp::Div, place(e.span())),
    }
    .labelled(OPERATOR);
    let product = signed
        .clone()
        .foldl(times.then(signed).repeated(), |left, (op, right)| binary(left, op, right))
        .boxed();
    let plus = select! {
        Token::Plus = e => (BinaryOp::Add, place(e.span())),
        Token::Minus = e => (BinaryOp::Sub, place(e.span())),
    }
    .labelled(OPERATOR);
    product
        .clone()
        .foldl(plus.then(product).repeated(), |left, (op, right)| binary(left, op, right))
        .boxed()
}

/// Comparisons, `not`, `and`, `or`.
fn logic<'tok, 'src: 'tok>(sum: Rule<'tok, 'src, Expr>) -> Rule<'tok, 'src, Expr> {
    let compare = select! {
        Token::Equal = e => (BinaryOp::Eq, place(e.span())),
        Token::NotEqual = e => (BinaryOp::Ne, place(e.span())),
        Token::Less = e => (BinaryOp::Lt, place(e.span())),
        Token::LessEqual = e => (BinaryOp::Le, place(e.span())),
        Token::Greater = e => (BinaryOp::Gt, place(e.span())),
        Token::GreaterEqual = e => (BinaryOp::Ge, place(e.span())),
    };
    // `=` is taken for `==` and reported.
    let assign = just(Token::Assign).validate(|_, e, emitter| {
        let span = place(e.span());
        emitter.emit(
            Diagnostic::error(Code::E0108, span, "`=` stores a value and cannot compare")
                .label(span, "this is an assignment")
                .help("write `==` to compare")
                .into(),
        );
        (BinaryOp::Eq, span)
    });
    let compare = compare.or(assign).labelled(OPERATOR);
    let comparison = sum
        .clone()
        .then(compare.then(sum.clone()).or_not())
        .then(compare.then(sum).repeated().collect::<Vec<_>>())
        .validate(|((left, first), more), _, emitter| {
            let Some((op, right)) = first else { return left };
            if let Some((second, _)) = more.first() {
                let span = second.1;
                emitter.emit(
                    Diagnostic::error(Code::E0110, span, "comparisons cannot be chained")
                        .label(op.1, "this comparison gives a truth value")
                        .label(span, "which cannot be compared again")
                        .help("ask two questions: `a < b and b < c`")
                        .into(),
                );
            }
            binary(left, op, right)
        })
        .boxed();
    let not = just(Token::Not).map_with(|_, e| (UnaryOp::Not, e.span())).labelled(VALUE);
    let negated = not.repeated().foldr(comparison, unary).boxed();
    let and = just(Token::And).map_with(|_, e| (BinaryOp::And, place(e.span()))).labelled(OPERATOR);
    let both = negated
        .clone()
        .foldl(and.then(negated).repeated(), |left, (op, right)| binary(left, op, right))
        .boxed();
    let or = just(Token::Or).map_with(|_, e| (BinaryOp::Or, place(e.span()))).labelled(OPERATOR);
    both.clone()
        .foldl(or.then(both).repeated(), |left, (op, right)| binary(left, op, right))
        .boxed()
}

fn range<'tok, 'src: 'tok>(sum: Rule<'tok, 'src, Expr>) -> Rule<'tok, 'src, Range> {
    sum.clone()
        .then_ignore(just(Token::DotDot))
        .then(sum)
        .map(|(low, high)| {
            let span = low.span.to(high.span);
            Range { low, high, span }
        })
        .boxed()
}

/// A time: a number alone needs a unit.
fn time<'tok, 'src: 'tok>(sum: Rule<'tok, 'src, Expr>) -> Rule<'tok, 'src, Expr> {
    sum.validate(|time, _, emitter| {
        if let ExprKind::Number(Number { unit: None, .. }) = time.without_parens().kind {
            emitter.emit(
                Diagnostic::error(Code::E0113, time.span, "the time has no unit")
                    .label(time.span, "a number without a unit")
                    .help("write a unit after it, for example `1 ms`")
                    .into(),
            );
        }
        time
    })
    .boxed()
}

/// Types.
fn ty<'tok, 'src: 'tok>(range: Rule<'tok, 'src, Range>) -> Rule<'tok, 'src, Option<Type>> {
    let number = any().filter(|token| {
        matches!(token, Token::Number(_) | Token::Minus | Token::OpenParen | Token::OpenBracket)
    });
    let missing_in = number.rewind().validate(|_, e, emitter| {
        let span = place(e.span()).before();
        emitter.emit(
            Diagnostic::error(Code::E0101, span, "`in` is missing before the range of the type")
                .label(span, "the range begins here")
                .help("write `in` before the range: `int in 0 .. 10`")
                .into(),
        );
    });
    let stops = [Token::End, Token::Per, Token::Assign, Token::Comma];
    let bounds = range
        .map(|range| Some(Box::new(range)))
        .recover_with(via_parser(junk(&stops).map(|()| None)));
    let bounds = just(Token::In).ignored().or(missing_in).ignore_then(bounds);
    let format = select! { Token::Format(text) = e => (text, place(e.span())) }.validate(
        |(text, span), _, emitter| {
            let kind = format_type(text);
            if kind.is_none() {
                emitter.emit(
                    Diagnostic::error(Code::E0117, span, format!("`{text}` is not a format"))
                        .label(span, "8 or 16 bits are needed, the sign included")
                        .help("the two numbers add up to 7 or 15: `q1.6`, `q7.8`")
                        .into(),
                );
            }
            kind.map(|kind| Type { kind, span })
        },
    );
    let named = select! { Token::Ident(name) = e => (name, place(e.span())) }
        .then(bounds.or_not())
        .validate(|((name, span), bounds), _, emitter| {
            let bounds = match bounds {
                None => None,
                Some(None) => return None,
                Some(bounds) => bounds,
            };
            let span = bounds.as_ref().map_or(span, |bounds| span.to(bounds.span));
            let bounded = bounds.is_some();
            let kind = match name {
                "int" => TypeKind::Int(bounds),
                "real" => TypeKind::Real(bounds),
                "bool" if !bounded => TypeKind::Bool,
                "weight" if !bounded => TypeKind::Weight,
                "address" if !bounded => TypeKind::Address,
                _ => {
                    emitter.emit(unknown_type(name, span).into());
                    return None;
                }
            };
            Some(Type { kind, span })
        });
    named.or(format).labelled("a type").boxed()
}

/// The type of a format as the lexer delimits it, if its bits and the sign make a lane.
fn format_type(text: &str) -> Option<TypeKind> {
    let (integer, fraction) = text.strip_prefix('q')?.split_once('.')?;
    let (integer_bits, fraction_bits): (u8, u8) = (integer.parse().ok()?, fraction.parse().ok()?);
    let bits = u32::from(integer_bits) + u32::from(fraction_bits);
    matches!(bits, 7 | 15).then_some(TypeKind::Format { integer_bits, fraction_bits })
}

fn unknown_type(name: &str, span: Span) -> Diagnostic {
    let elsewhere = foreign::TYPES.iter().find(|(other, _)| *other == name);
    let (message, help) = match (elsewhere, did_you_mean(name, TYPES)) {
        _ if TYPES.contains(&name) => (
            format!("`{name}` has a fixed range"),
            format!("write `{name}` alone, or `int in a .. b`"),
        ),
        (Some((_, ours)), _) => (format!("`{name}` is not a type"), format!("write `{ours}`")),
        (None, Some(meant)) => {
            (format!("`{name}` is not a type"), format!("did you mean `{meant}`?"))
        }
        (None, None) => (
            format!("`{name}` is not a type"),
            "write `int in a .. b`, `real in a .. b`, `bool`, `weight`, `address` or `q7.8`"
                .to_owned(),
        ),
    };
    Diagnostic::error(Code::E0114, span, message).label(span, "unknown type").help(help)
}
