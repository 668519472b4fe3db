//! Warnings about numbers: what fixed point makes of a rule is not what it says.

use super::{change, lsb};
use crate::build::scalar_limits;
use crate::hir::{ADDRESSES, Block, Expr, ExprKind, Kind, Over, Rounding, Rule, Stmt, Target};
use crate::host::Host;
use crate::interval::Interval;
use crate::lower::number::{held, natural};
use crate::lower::{scalar_format, state_format};
use pl_diag::{Code, Diagnostic};
use pl_fixed::Format;
use pl_ir::Quantity;
use pl_ir::op::Cond;

/// What should be known about the numbers of a rule without errors.
#[must_use]
pub fn warnings(rule: &Rule) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for block in rule.start.iter().chain(&rule.blocks) {
        statements(rule, block, &block.body, &mut found);
    }
    // Loops are written out: one warning a place.
    found.sort_by_key(|warning| (warning.span(), warning.code));
    found.dedup_by_key(|warning| (warning.span(), warning.code));
    found
}

fn statements(rule: &Rule, block: &Block, body: &[Stmt], found: &mut Vec<Diagnostic>) {
    let over = block.over;
    for stmt in body {
        match stmt {
            Stmt::Let(_, value) => expression(over, value, found),
            Stmt::Assign(target, value) => {
                expression(over, value, found);
                store(rule, block, *target, value, found);
            }
            Stmt::AssignElement { first, index, value, .. } => {
                expression(over, index, found);
                expression(over, value, found);
                store(rule, block, Target::State(*first), value, found);
            }
            Stmt::If { cond, then, otherwise } => {
                expression(over, cond, found);
                statements(rule, block, then, found);
                statements(rule, block, otherwise, found);
            }
            Stmt::For { body, .. } => statements(rule, block, body, found),
            Stmt::Send { row, address } => {
                expression(over, row, found);
                expression(over, address, found);
            }
            Stmt::Reset(..) => {}
        }
    }
}

/// Fraction bits with which an expression is held before it is stored.
fn held_frac(over: Over, value: &Expr) -> i32 {
    match over {
        Over::Rule => scalar_format(value.number).frac(),
        Over::Synapses | Over::Neurons => held(value),
    }
}

/// Stores that lose all changes, or always saturate.
fn store(rule: &Rule, block: &Block, target: Target, value: &Expr, found: &mut Vec<Diagnostic>) {
    let (range, format) = match target {
        Target::Local(_) => return,
        Target::Weight => (rule.weights(), Format::INT),
        Target::Address => (ADDRESSES, Format::INT),
        Target::State(index) => (rule.states[index].interval, state_format(&rule.states[index])),
    };
    let Interval { low, high } = value.interval;
    if low > range.high || high < range.low {
        let message = "the stored value is always limited";
        found.push(
            Diagnostic::warning(Code::W0734, value.span, message)
                .label(value.span, format!("{}, the range is {range}", value.interval.said()))
                .help("check signs and gains; a store keeps the nearest end of the range"),
        );
    }
    found.extend(traps(block.rounding, target, value, range));
    let Some(change) = change(target, value) else { return };
    let largest = change.interval.low.abs().max(change.interval.high.abs());
    let drops = held_frac(block.over, value) > format.frac();
    if drops && block.rounding == Rounding::Nearest && largest < lsb(format) && largest > 0.0 {
        let zone = lsb(format) / 2.0;
        let message = format!("changes below {zone} round to nothing, and all are below {largest}");
        found.push(
            Diagnostic::warning(Code::W0731, change.span, message)
                .label(change.span, change.interval.said())
                .help("write `rounding stochastic` in the rule, or collect changes in a state"),
        );
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "only some expressions are traps")]
/// Stores that do what kernels written by hand do by accident.
fn traps(rounding: Rounding, target: Target, value: &Expr, range: Interval) -> Option<Diagnostic> {
    let drops = held(value) > 0 && target == Target::Weight;
    let inside = value.interval.low <= range.high && value.interval.high >= range.low;
    let cut = inside && !range.contains(value.interval);
    let values = format!("{}, the range is {range}", value.interval.said());
    match &value.kind {
        ExprKind::Quantity(Quantity::Rate | Quantity::Membrane) if cut => {
            let message = "what a counter or converter reads above the range is lost";
            Some(
                Diagnostic::warning(Code::W0735, value.span, message)
                    .label(value.span, values)
                    .help("declare the state as `int in 0 .. 255`, or limit the value yourself"),
            )
        }
        ExprKind::Host(_) if cut && target == Target::Weight => {
            let message = format!("weights end at {}", range.high);
            Some(
                Diagnostic::warning(Code::W0736, value.span, message)
                    .label(value.span, values)
                    .help("declare the param as `weight`, so that no other value can be set"),
            )
        }
        _ if drops && rounding == Rounding::Floor && change(target, value).is_some() => {
            let message = "rounding down takes half a weight LSB off in every update, on average";
            Some(
                Diagnostic::warning(Code::W0738, value.span, message)
                    .label(value.span, format!("steps of {}", lsb(Format::new(held(value)))))
                    .help("leave `rounding floor` out, or write `rounding stochastic`"),
            )
        }
        _ => None,
    }
}

/// Correlation that is turned over, as if it were an ADC code.
fn turned_over(expr: &Expr) -> Option<Diagnostic> {
    let ExprKind::Sub(from, of) = &expr.kind else { return None };
    let sensor = matches!(of.kind, ExprKind::Quantity(Quantity::Causal | Quantity::Acausal));
    let full = from.interval.low >= 100.0 && from.is_host();
    (sensor && full).then(|| {
        let message = "correlation grows with the spikes that were seen, codes fall";
        Diagnostic::warning(Code::W0737, expr.span, message)
            .label(of.span, "already the baseline less the code, 0 without correlation")
            .help("use it as it is: `gain * causal`")
    })
}

/// Comparisons that are decided, and terms of which nothing is left.
fn expression(over: Over, expr: &Expr, found: &mut Vec<Diagnostic>) {
    if let ExprKind::Compare(cond, a, b) = &expr.kind
        && let Some(truth) = decided(*cond, a.interval, b.interval)
    {
        let message = format!("this comparison is always {truth}");
        found.push(
            Diagnostic::warning(Code::W0732, expr.span, message)
                .label(a.span, a.interval.said())
                .label(b.span, b.interval.said())
                .help("check the ranges of the params, or leave the condition out"),
        );
    }
    found.extend(turned_over(expr));
    if over == Over::Rule {
        found.extend(beyond_reals(expr));
        found.extend(part_of_us(expr));
    }
    if let ExprKind::Add(a, b) | ExprKind::Sub(a, b) = &expr.kind
        && expr.number == Kind::Real
    {
        let step = match over {
            Over::Rule => lsb(Format::WORD_REAL),
            Over::Synapses | Over::Neurons => lsb(Format::new(natural(expr))),
        };
        found.extend([a, b].into_iter().filter_map(|term| lost(term, expr, step)));
    }
    // Values of neurons and synapses are lanes.
    let over = match &expr.kind {
        ExprKind::Reduce { over, .. } => *over,
        ExprKind::Host(_)
        | ExprKind::Quantity(_)
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
        | ExprKind::Compare(..)
        | ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::Not(_) => over,
    };
    expr.operands().into_iter().for_each(|operand| expression(over, operand, found));
}

/// Numbers of `control` that become reals and are limited. An integer that may have any value is not
/// meant to have them all.
#[allow(clippy::wildcard_enum_match_arm, reason = "others join no numbers of two kinds")]
fn beyond_reals(expr: &Expr) -> Vec<Diagnostic> {
    let (a, b) = match &expr.kind {
        ExprKind::Add(a, b)
        | ExprKind::Sub(a, b)
        | ExprKind::Div(a, b)
        | ExprKind::Min(a, b)
        | ExprKind::Max(a, b)
        | ExprKind::Compare(_, a, b) => (a, b),
        _ => return Vec::new(),
    };
    if [a, b].iter().all(|x| x.number != Kind::Real) {
        return Vec::new();
    }
    let limited = |x: &Expr| {
        let values = match &x.kind {
            ExprKind::Host(host) if host.is_const() => Interval::point(host.value(&[])),
            _ => x.interval,
        };
        let any = x.number == Kind::Int && values == scalar_limits(Kind::Int);
        let reals = scalar_limits(Kind::Real);
        let inside = values.low >= reals.low && values.high <= reals.high.ceil();
        (!any && !inside).then(|| {
            Diagnostic::warning(Code::W0739, x.span, "values above 32768 are limited here")
                .label(x.span, values.said())
                .label(expr.span, "computed with reals, as one of the two is one")
                .help("let both be integers, or divide by an integer first")
        })
    };
    [a, b].into_iter().filter_map(|x| limited(x)).collect()
}

/// A constant time that has become an integer of microseconds and is none.
fn part_of_us(expr: &Expr) -> Option<Diagnostic> {
    let ExprKind::Host(Host::Const(us)) = &expr.kind else { return None };
    let cut = expr.number == Kind::Int && us.fract() != 0.0;
    cut.then(|| {
        Diagnostic::warning(Code::W0733, expr.span, "part of this time is lost")
            .label(expr.span, format!("{us} us beside whole microseconds"))
            .help("write a multiple of a microsecond, or keep the sum in a state `real in a .. b`")
    })
}

/// A term of a sum that is always less than half a step.
#[allow(clippy::wildcard_enum_match_arm, reason = "constants are known, others have intervals")]
fn lost(term: &Expr, sum: &Expr, step: f64) -> Option<Diagnostic> {
    let largest = match &term.kind {
        ExprKind::Host(host) if host.is_const() => host.value(&[]).abs(),
        _ => term.interval.low.abs().max(term.interval.high.abs()),
    };
    (largest > 0.0 && largest < step / 2.0).then(|| {
        Diagnostic::warning(Code::W0733, term.span, "nothing is left of this term")
            .label(term.span, term.interval.said())
            .label(sum.span, format!("the sum counts in steps of {step}"))
            .help("narrow the range of the larger term, or scale both")
    })
}

/// The truth of a comparison that the intervals decide.
fn decided(cond: Cond, a: Interval, b: Interval) -> Option<bool> {
    let (below, above) = (a.high < b.low, a.low > b.high);
    match cond {
        Cond::Lt if a.low >= b.high => Some(false),
        Cond::Le if a.high <= b.low => Some(true),
        Cond::Gt if a.high <= b.low => Some(false),
        Cond::Ge if a.low >= b.high => Some(true),
        Cond::Lt | Cond::Le => (below || above).then_some(below),
        Cond::Gt | Cond::Ge => (below || above).then_some(above),
        Cond::Eq => (below || above).then_some(false),
        Cond::Ne => (below || above).then_some(true),
    }
}
