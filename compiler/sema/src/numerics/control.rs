//! Numbers of `control`: integers are exact, reals have 16 fraction bits (N10).

use super::{Part, Stored, host_error, lsb, walk};
use crate::hir::{Expr, ExprKind, Kind, Reduction, Rounding, Rule};
use crate::lower::number::held;
use crate::lower::{scalar_format, state_format};
use pl_diag::Span;
use pl_fixed::Format;

/// The value of a name.
pub(super) fn named(rule: &Rule, value: &Expr) -> Stored {
    seen(rule, value, value.number)
}

/// A value that is not stored, as a kind.
pub(super) fn seen(rule: &Rule, value: &Expr, kind: Kind) -> Stored {
    let parts = parts(rule, value, kind);
    let (error, format) = (parts[0].error, parts[0].format);
    Stored { parts, format, range: None, rounding: None, error, dead_zone: None }
}

/// A store into a state of the rule.
pub(super) fn stored(rule: &Rule, mode: Rounding, index: usize, value: &Expr) -> Stored {
    let state = &rule.states[index];
    let format = state_format(state);
    let kind = if state.kind == Kind::Real { Kind::Real } else { value.number };
    let parts = match &value.kind {
        ExprKind::Host(host) => vec![part(value, format, 0, host_error(host, format))],
        ExprKind::Quantity(_)
        | ExprKind::Place(_)
        | ExprKind::State(_)
        | ExprKind::Element { .. }
        | ExprKind::Local(_)
        | ExprKind::Neg(_)
        | ExprKind::Add(..)
        | ExprKind::WrappingAdd(..)
        | ExprKind::Sub(..)
        | ExprKind::Mul(..)
        | ExprKind::Div(..)
        | ExprKind::Min(..)
        | ExprKind::Max(..)
        | ExprKind::Abs(_)
        | ExprKind::Sign(_)
        | ExprKind::Uniform(..)
        | ExprKind::RandInt(..)
        | ExprKind::Reduce { .. }
        | ExprKind::Compare(..)
        | ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::Not(_) => parts(rule, value, kind),
    };
    let rounding = (parts[0].format.frac() > format.frac()).then_some(mode);
    let own = match rounding {
        None => 0.0,
        Some(Rounding::Nearest) => lsb(format) / 2.0,
        Some(Rounding::Floor | Rounding::Stochastic) => lsb(format),
    };
    let changes = change(index, value).is_some();
    let dead_zone = (changes && rounding == Some(Rounding::Nearest)).then_some(lsb(format) / 2.0);
    let error = parts[0].error + own;
    Stored { parts, format, range: Some(state.interval), rounding, error, dead_zone }
}

/// What is added to the old value of a state, if a store is of that kind.
pub(super) fn change(index: usize, value: &Expr) -> Option<&Expr> {
    let (ExprKind::Add(old, change) | ExprKind::Sub(old, change)) = &value.kind else {
        return None;
    };
    let same = match &old.kind {
        ExprKind::State(state) => *state == index,
        ExprKind::Element { first, .. } => *first == index,
        ExprKind::Host(_)
        | ExprKind::Quantity(_)
        | ExprKind::Place(_)
        | ExprKind::Local(_)
        | ExprKind::Neg(_)
        | ExprKind::Add(..)
        | ExprKind::WrappingAdd(..)
        | ExprKind::Sub(..)
        | ExprKind::Mul(..)
        | ExprKind::Div(..)
        | ExprKind::Min(..)
        | ExprKind::Max(..)
        | ExprKind::Abs(_)
        | ExprKind::Sign(_)
        | ExprKind::Uniform(..)
        | ExprKind::RandInt(..)
        | ExprKind::Reduce { .. }
        | ExprKind::Compare(..)
        | ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::Not(_) => false,
    };
    same.then_some(change)
}

fn part(expr: &Expr, format: Format, depth: usize, error: f64) -> Part {
    let span: Span = expr.span;
    Part { span, depth, interval: expr.interval, format, error }
}

fn parts(rule: &Rule, expr: &Expr, kind: Kind) -> Vec<Part> {
    let mut found = Vec::new();
    scalar(rule, expr, kind, 0, &mut found);
    found
}

/// Adds an expression, as a number of a kind, and its parts; returns its error.
fn scalar(rule: &Rule, expr: &Expr, kind: Kind, depth: usize, found: &mut Vec<Part>) -> f64 {
    let place = found.len();
    found.push(part(expr, scalar_format(kind), depth, 0.0));
    let largest = |x: &Expr| x.interval.low.abs().max(x.interval.high.abs());
    let own = lsb(Format::WORD_REAL) / 2.0;
    let mut inside = |x: &Expr, kind: Kind| scalar(rule, x, kind, depth + 1, found);
    let error = match &expr.kind {
        ExprKind::Host(_) if kind == Kind::Int => 0.0,
        ExprKind::Host(host) => host_error(host, scalar_format(kind)),
        ExprKind::State(_) | ExprKind::Local(_) | ExprKind::Place(_) | ExprKind::Quantity(_) => 0.0,
        ExprKind::Element { index, .. } => {
            inside(index, Kind::Int);
            0.0
        }
        ExprKind::Neg(a) | ExprKind::Abs(a) => inside(a, expr.number),
        ExprKind::Sign(a) => {
            inside(a, a.number);
            0.0
        }
        ExprKind::WrappingAdd(a, b) => {
            inside(a, Kind::Int);
            inside(b, Kind::Int);
            0.0
        }
        ExprKind::Add(a, b) | ExprKind::Sub(a, b) => {
            inside(a, expr.number) + inside(b, expr.number)
        }
        ExprKind::Min(a, b) | ExprKind::Max(a, b) => {
            inside(a, expr.number).max(inside(b, expr.number))
        }
        ExprKind::Mul(a, b) => {
            let (error_a, error_b) = (inside(a, a.number), inside(b, b.number));
            let rounds = a.number == Kind::Real && b.number == Kind::Real;
            largest(a) * error_b + largest(b) * error_a + if rounds { own } else { 0.0 }
        }
        ExprKind::Div(a, b) => {
            let (error_a, error_b) = (inside(a, a.number), inside(b, b.number));
            let least = b.interval.low.abs().min(b.interval.high.abs());
            let holds_zero = b.interval.low <= 0.0 && b.interval.high >= 0.0;
            let spread = error_a + largest(expr) * error_b;
            match spread > 0.0 {
                true if holds_zero => f64::INFINITY,
                true => spread / least + own,
                false => own,
            }
        }
        ExprKind::Uniform(low, span) => {
            inside(low, Kind::Real) + inside(span, Kind::Real) + lsb(Format::WORD_REAL)
        }
        ExprKind::RandInt(low, count) => {
            inside(low, Kind::Int);
            inside(count, Kind::Int);
            0.0
        }
        ExprKind::Reduce { most, reduction, of, .. } => {
            // Lanes have 16 bits.
            let lanes = Format::new(held(of).min(Format::WORD_REAL.frac()));
            let each = match of.number {
                Kind::Bool => 0.0,
                Kind::Int | Kind::Real => walk(rule, of, lanes, depth + 1, found),
            };
            match reduction {
                Reduction::Sum => f64::from(*most) * each,
                Reduction::Min | Reduction::Max => each,
                Reduction::Mean => each + own,
                Reduction::Count | Reduction::Argmax => 0.0,
            }
        }
        ExprKind::Compare(..) | ExprKind::And(..) | ExprKind::Or(..) | ExprKind::Not(_) => 0.0,
    };
    found[place].error = error;
    error
}
