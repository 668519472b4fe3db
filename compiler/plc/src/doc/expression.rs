//! Expressions in signs of mathematics, as HTML.

use crate::html::escaped;
use crate::modules::decls;
use pl_driver::syntax::ast::{BinaryOp, Expr, ExprKind, Ident, Range, ReduceOp, Rule, UnaryOp};
use pl_driver::syntax::index::uses;

/// How tightly what needs no brackets binds.
const TIGHTEST: u8 = 9;

/// How names of a rule are shown: what it declares gets the prefix with which it is used.
#[derive(Default)]
pub(super) struct Names {
    prefix: String,
    declared: Vec<String>,
}

impl Names {
    pub(super) fn new(prefix: &str, rule: &Rule) -> Names {
        let used = uses(rule).map(|used| used.prefix().name.clone());
        let declared = decls(rule).map(|decl| decl.name.name.clone()).chain(used).collect();
        Names { prefix: prefix.to_owned(), declared }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn html(&self, name: &Ident) -> String {
        let first = name.name.split('.').next().unwrap_or_default();
        let own = self.declared.iter().any(|declared| declared == first);
        let prefix = if own { self.prefix.as_str() } else { "" };
        format!("<i>{}</i>", escaped(&format!("{prefix}{}", name.name)))
    }

    /// Names in an expression that the rule does not declare: constants, functions, locals.
    pub(super) fn called<'e>(&self, expr: &'e Expr) -> Vec<&'e Ident> {
        let mut found = Vec::new();
        gather(expr, &mut found);
        found.retain(|name| !self.declared.contains(&name.name));
        found
    }
}

fn gather<'e>(expr: &'e Expr, found: &mut Vec<&'e Ident>) {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Error => {}
        ExprKind::Name(name) => found.push(name),
        ExprKind::Paren(inner)
        | ExprKind::Unary { operand: inner, .. }
        | ExprKind::Reduce { operand: inner, .. }
        | ExprKind::Index { index: inner, .. } => gather(inner, found),
        ExprKind::Binary { left, right, .. } => {
            gather(left, found);
            gather(right, found);
        }
        ExprKind::Call { function, args } => {
            found.push(function);
            args.iter().for_each(|argument| gather(argument, found));
        }
        ExprKind::Range(range) => {
            gather(&range.low, found);
            gather(&range.high, found);
        }
        ExprKind::Array(elements) => elements.iter().for_each(|element| gather(element, found)),
    }
}

/// An expression.
pub(super) fn value(expr: &Expr, names: &Names) -> String {
    match &expr.kind {
        ExprKind::Number(number) => match number.unit {
            Some(unit) => {
                let bio = if unit.bio { " bio" } else { "" };
                format!("{}&nbsp;{}{bio}", number.text, unit.kind.name())
            }
            None => number.text.clone(),
        },
        ExprKind::Bool(truth) => truth.to_string(),
        ExprKind::Name(name) => names.html(name),
        ExprKind::Paren(inner) => format!("({})", value(inner, names)),
        ExprKind::Unary { op: UnaryOp::Neg, operand: inner } => {
            format!("−{}", operand(inner, names, TIGHTEST))
        }
        ExprKind::Unary { op: UnaryOp::Not, operand: inner } => {
            format!("not {}", value(inner, names))
        }
        ExprKind::Binary { op, left, right, .. } => {
            format!("{} {} {}", value(left, names), sign(*op), value(right, names))
        }
        ExprKind::Call { function, args } => call(function, args, names),
        ExprKind::Index { array, index } => {
            format!("{}<sub>{}</sub>", names.html(array), value(index, names))
        }
        ExprKind::Range(range) => {
            let Range { low, high, .. } = &**range;
            format!("{} .. {}", value(low, names), value(high, names))
        }
        ExprKind::Reduce { op, operand: inner, over } => {
            let sign = match op {
                ReduceOp::Sum => "Σ",
                ReduceOp::Mean | ReduceOp::Max | ReduceOp::Min | ReduceOp::Count => op.name(),
                ReduceOp::Argmax => "arg max",
            };
            format!("{sign}<sub>{}</sub> ({})", over.0.name(), value(inner.without_parens(), names))
        }
        ExprKind::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(|part| value(part, names)).collect();
            format!("[{}]", elements.join(", "))
        }
        ExprKind::Error => "?".to_owned(),
    }
}

fn call(function: &Ident, args: &[Expr], names: &Names) -> String {
    let shown: Vec<String> = args.iter().map(|argument| value(argument, names)).collect();
    let shown = shown.join(", ");
    match (function.name.as_str(), args.len()) {
        ("abs", 1) => format!("|{shown}|"),
        ("sqrt", 1) => format!("√({shown})"),
        ("exp", 1) => format!("e<sup>{shown}</sup>"),
        _ => format!("{}({shown})", escaped(&function.name)),
    }
}

/// How a binary operator is shown.
pub(super) fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "or",
        BinaryOp::And => "and",
        BinaryOp::Eq => "=",
        BinaryOp::Ne => "≠",
        BinaryOp::Lt => "&lt;",
        BinaryOp::Le => "≤",
        BinaryOp::Gt => "&gt;",
        BinaryOp::Ge => "≥",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "−",
        BinaryOp::Mul => "·",
        BinaryOp::Div => "/",
    }
}

/// An expression, in brackets if it binds less tightly than `least`.
pub(super) fn operand(expr: &Expr, names: &Names, least: u8) -> String {
    let binds = match &expr.kind {
        ExprKind::Binary { op, .. } => op.precedence(),
        // A sign behind an operator has brackets.
        ExprKind::Unary { .. } => 0,
        ExprKind::Number(_)
        | ExprKind::Bool(_)
        | ExprKind::Name(_)
        | ExprKind::Paren(_)
        | ExprKind::Call { .. }
        | ExprKind::Index { .. }
        | ExprKind::Range(_)
        | ExprKind::Reduce { .. }
        | ExprKind::Array(_)
        | ExprKind::Error => TIGHTEST,
    };
    let shown = value(expr, names);
    if binds < least { format!("({shown})") } else { shown }
}
