//! What fixed point does to a rule: for each part of each stored expression its values, its format
//! and the largest error that rounding can have made; and warnings where it does too much.
//!
//! Formats are those of the lowering ([`crate::lower`]), asked from the same functions.

mod control;
mod warnings;

use crate::hir::{
    ADDRESSES, Block, Expr, ExprKind, Kind, Over, Reduction, Rounding, Rule, Stmt, Target,
};
use crate::host::Host;
use crate::interval::Interval;
use crate::lower::number::{
    PRODUCT_SHIFT, factor_frac, held, mean_fracs, natural, natural_frac, stored_frac,
};
use crate::lower::{lane_format, state_format};
use pl_diag::Span;
use pl_fixed::Format;

pub use warnings::warnings;

/// A part of an expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Its source.
    pub span: Span,
    /// How many parts it is inside of.
    pub depth: usize,
    /// Values it may take.
    pub interval: Interval,
    /// The format in which it is computed.
    pub format: Format,
    /// Largest distance from the exact value, of all roundings up to here.
    pub error: f64,
}

/// A store, the value of a `let`, or a side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The expression and its parts, each before its own.
    pub parts: Vec<Part>,
    /// The format of the destination.
    pub format: Format,
    /// Values the destination can hold; nothing for a `let`.
    pub range: Option<Interval>,
    /// How the store rounds, if bits are dropped.
    pub rounding: Option<Rounding>,
    /// Largest error of what is stored, not counting saturation.
    pub error: f64,
    /// Changes smaller than this round to nothing; for `x += ..` that rounds to nearest.
    pub dead_zone: Option<f64>,
}

impl Stored {
    /// Whether the value may be limited by the destination's range.
    #[must_use]
    pub fn saturates(&self) -> bool {
        let value = self.parts.first().map(|part| part.interval);
        self.range.zip(value).is_some_and(|(range, value)| !range.contains(value))
    }
}

/// Every store, `let` and side of a comparison of a rule, in the order of the text.
#[must_use]
pub fn numerics(rule: &Rule) -> Vec<Stored> {
    let mut found = Vec::new();
    for block in rule.start.iter().chain(&rule.blocks) {
        statements(rule, block, &block.body, &mut found);
    }
    found
}

fn statements(rule: &Rule, block: &Block, body: &[Stmt], found: &mut Vec<Stored>) {
    for stmt in body {
        match stmt {
            Stmt::Let(_, value) | Stmt::Assign(_, value) | Stmt::AssignElement { value, .. }
                if value.number == Kind::Bool =>
            {
                compared(rule, block.over, value, found);
            }
            Stmt::Let(_, value) | Stmt::Assign(Target::Local(_), value)
                if block.over == Over::Rule =>
            {
                found.push(control::named(rule, value));
            }
            Stmt::Assign(Target::State(index), value) if block.over == Over::Rule => {
                found.push(control::stored(rule, block.rounding, *index, value));
            }
            Stmt::AssignElement { first, value, .. } => {
                found.push(control::stored(rule, block.rounding, *first, value));
            }
            Stmt::Let(_, value) | Stmt::Assign(Target::Local(_), value) => {
                found.push(seen(rule, value, Format::new(held(value))));
            }
            Stmt::Assign(target, value) => {
                found.push(stored(rule, block.rounding, *target, value));
            }
            Stmt::For { body, .. } => statements(rule, block, body, found),
            Stmt::If { cond, then, otherwise } => {
                compared(rule, block.over, cond, found);
                statements(rule, block, then, found);
                statements(rule, block, otherwise, found);
            }
            Stmt::Reset(..) | Stmt::Send { .. } => {}
        }
    }
}

/// A value that is not stored, in a format.
fn seen(rule: &Rule, value: &Expr, format: Format) -> Stored {
    let parts = parts(rule, value, format);
    let error = parts[0].error;
    Stored { parts, format, range: None, rounding: None, error, dead_zone: None }
}

/// Both sides of the comparisons of a condition: of lanes in the coarser of their formats (N11).
fn compared(rule: &Rule, over: Over, condition: &Expr, found: &mut Vec<Stored>) {
    if let ExprKind::Compare(_, a, b) = &condition.kind {
        let frac = natural(a).min(natural(b));
        let kind = if a.number == Kind::Int { b.number } else { a.number };
        found.extend([a, b].map(|side| match over {
            Over::Rule => control::seen(rule, side, kind),
            Over::Synapses | Over::Neurons => seen(rule, side, Format::new(frac)),
        }));
        return;
    }
    condition.operands().into_iter().for_each(|part| compared(rule, over, part, found));
}

fn stored(rule: &Rule, mode: Rounding, target: Target, value: &Expr) -> Stored {
    let (range, format) = match target {
        Target::Weight => (rule.weights(), Format::INT),
        Target::Address => (ADDRESSES, Format::INT),
        Target::State(index) => {
            let state = &rule.states[index];
            (state.interval, state_format(state))
        }
        Target::Local(_) => unreachable!("a local is no destination of a store"),
    };
    let from = stored_frac(value, format.frac(), mode);
    let parts = parts(rule, value, Format::new(from));
    let drops = from > format.frac();
    let rounding = drops.then_some(mode);
    let lsb = lsb(format);
    let own = match rounding {
        None => 0.0,
        Some(Rounding::Nearest) => lsb / 2.0,
        Some(Rounding::Floor | Rounding::Stochastic) => lsb,
    };
    let changes = change(target, value).is_some();
    let dead_zone = (changes && rounding == Some(Rounding::Nearest)).then_some(lsb / 2.0);
    let error = parts[0].error + own;
    Stored { parts, format, range: Some(range), rounding, error, dead_zone }
}

/// What is added to the old value of the destination, if the store is of that kind.
fn change(target: Target, value: &Expr) -> Option<&Expr> {
    let (ExprKind::Add(old, change) | ExprKind::Sub(old, change)) = &value.kind else {
        return None;
    };
    let same = match (&old.kind, target) {
        (ExprKind::Quantity(pl_ir::Quantity::Weight), Target::Weight)
        | (ExprKind::Quantity(pl_ir::Quantity::Address), Target::Address) => true,
        (ExprKind::State(a), Target::State(b)) => *a == b,
        _ => false,
    };
    same.then_some(change)
}

fn lsb(format: Format) -> f64 {
    1.0 / format.scale()
}

/// An expression and its parts, in the formats in which they are computed.
fn parts(rule: &Rule, expr: &Expr, format: Format) -> Vec<Part> {
    let mut found = Vec::new();
    walk(rule, expr, format, 0, &mut found);
    found
}

/// Adds an expression and its parts; returns its error.
fn walk(rule: &Rule, expr: &Expr, format: Format, depth: usize, found: &mut Vec<Part>) -> f64 {
    let place = found.len();
    let part = Part { span: expr.span, depth, interval: expr.interval, format, error: 0.0 };
    found.push(part);
    let largest = |x: &Expr| x.interval.low.abs().max(x.interval.high.abs());
    let mut inside = |x: &Expr, format| walk(rule, x, format, depth + 1, found);
    let error = match &expr.kind {
        // Integers of the host are exact, unless they have fewer bits than none.
        ExprKind::Host(_) if expr.number == Kind::Int && format.frac() >= 0 => 0.0,
        ExprKind::Host(host) => host_error(host, format),
        ExprKind::Quantity(_) | ExprKind::Place(_) | ExprKind::Sign(_) => 0.0,
        ExprKind::State(index) => shifted(lane_format(&rule.states[*index]).frac(), format),
        ExprKind::Local(_) => shifted(held(expr), format),
        ExprKind::Neg(a) | ExprKind::Abs(a) => inside(a, format),
        ExprKind::Add(a, b) | ExprKind::Sub(a, b) | ExprKind::WrappingAdd(a, b) => {
            inside(a, format) + inside(b, format)
        }
        ExprKind::Min(a, b) | ExprKind::Max(a, b) => inside(a, format).max(inside(b, format)),
        ExprKind::Mul(a, b) => {
            let of = |x: &Expr| Format::new(if x.number == Kind::Int { 0 } else { natural(x) });
            let (error_a, error_b) = (inside(a, of(a)), inside(b, of(b)));
            let exact = expr.number == Kind::Int;
            let factor = |x: &Expr| if x.is_host() { natural(x) } else { factor_frac(x) };
            let came_out = factor(a) + factor(b) - PRODUCT_SHIFT;
            let frac = came_out.min(natural_frac(expr.interval)).min(format.frac());
            let own = if exact { 0.0 } else { lsb(Format::new(frac)) / 2.0 };
            largest(a) * error_b + largest(b) * error_a + own
        }
        ExprKind::Uniform(low, width) => inside(low, format) + inside(width, format) + lsb(format),
        ExprKind::RandInt(..) | ExprKind::Element { .. } | ExprKind::Div(..) => 0.0,
        ExprKind::Reduce { over, most, reduction, of, .. } => {
            let by_sum = *over == Over::Synapses && *reduction == Reduction::Mean;
            let term = if by_sum { Format::new(mean_fracs(of, *most).0) } else { format };
            let each = if of.number == Kind::Bool { 0.0 } else { inside(of, term) };
            match reduction {
                Reduction::Sum => f64::from(*most) * each,
                Reduction::Min | Reduction::Max => each,
                // Half a step of the quotient, and half one of the reciprocal.
                Reduction::Mean if by_sum => each + lsb(format),
                Reduction::Mean => each + lsb(format) / 2.0,
                Reduction::Count | Reduction::Argmax => 0.0,
            }
        }
        ExprKind::Compare(..) | ExprKind::And(..) | ExprKind::Or(..) | ExprKind::Not(_) => 0.0,
    };
    found[place].error = error;
    error
}

/// Error of a held value that is brought to fewer fraction bits.
fn shifted(from: i32, to: Format) -> f64 {
    if to.frac() < from { lsb(to) / 2.0 } else { 0.0 }
}

/// Error of a quantised host value: none for constants that the format has.
fn host_error(host: &Host, format: Format) -> f64 {
    match host {
        Host::Const(x) => (format.value(format.quantise(*x)) - x).abs(),
        Host::Param(_) | Host::Unary(..) | Host::Binary(..) => lsb(format) / 2.0,
    }
}
