//! Numbers of `control` (N10): integers of 32 bits and reals with 16 fraction bits, saturating.
//!
//! Where intervals rule saturation out, the plain op takes the place of the saturating one.

use super::{Local, Lowering, state_format};
use crate::build::{scalar_interval, scalar_limits};
use crate::hir::{Expr, ExprKind, Kind, Place, Rounding, Schedule, Stmt, TICKS_PER_US};
use crate::host::Host;
use crate::interval::Interval;
use pl_fixed::Format;
use pl_ir::op::Cond;
use pl_ir::{Imm, ObjectId, Op, Type, Value};
use std::collections::BTreeMap;

/// What a name of `control` stands for.
#[derive(Clone, PartialEq)]
pub(super) enum Word {
    /// A derived value stays an expression.
    Host(Host, Kind),
    /// A scalar, its kind and the values it may have.
    Value(Value, Kind, Interval),
}

/// Names of `control`.
pub(super) type Names = BTreeMap<usize, Word>;

/// Format of a scalar.
pub(crate) const fn scalar_format(kind: Kind) -> Format {
    match kind {
        Kind::Int | Kind::Bool => Format::WORD_INT,
        Kind::Real => Format::WORD_REAL,
    }
}

/// Fraction bits of a scalar.
pub(super) const fn scalar_frac(kind: Kind) -> i32 {
    scalar_format(kind).frac()
}

/// A name of `control` as lanes see it.
pub(super) fn seen_by_lanes((id, word): (&usize, &Word)) -> (usize, Local) {
    let local = match word {
        Word::Host(host, _) => Local::Host(host.clone()),
        Word::Value(value, kind, _) => Local::Scalar(*value, *kind),
    };
    (*id, local)
}

impl Lowering<'_> {
    /// What a name is to stand for.
    pub(super) fn word(&mut self, expr: &Expr, names: &Names) -> Word {
        if let ExprKind::Host(host) = &expr.kind {
            return Word::Host(host.clone(), expr.number);
        }
        let value = match expr.number {
            Kind::Bool => self.truth(expr, names),
            Kind::Int | Kind::Real => self.scalar(expr, expr.number, names),
        };
        Word::Value(value, expr.number, expr.interval)
    }

    /// The scalar that a name stands for, as a kind.
    pub(super) fn word_as(&mut self, word: &Word, kind: Kind) -> Value {
        match word {
            Word::Host(host, _) => self.host_scalar(&host.clone(), scalar_format(kind)),
            Word::Value(value, from, interval) => self.as_kind(*value, *from, kind, *interval),
        }
    }

    /// A number as a kind: an integer becomes a real where one is wanted, limited to -32768 ..
    /// 32767.
    fn as_kind(&mut self, value: Value, from: Kind, to: Kind, interval: Interval) -> Value {
        if from != Kind::Int || to != Kind::Real {
            return value;
        }
        let whole = Interval { low: f64::from(i16::MIN), high: f64::from(i16::MAX) };
        let limited = self.limited(value, interval, whole, Format::WORD_INT);
        self.b.shift(Op::Shl, limited, scalar_frac(Kind::Real).unsigned_abs())
    }

    /// A raw number, limited to a range if its interval leaves that.
    fn limited(
        &mut self,
        value: Value,
        interval: Interval,
        range: Interval,
        format: Format,
    ) -> Value {
        let mut value = value;
        let (low, high) =
            ((range.low * format.scale()).ceil(), (range.high * format.scale()).floor());
        let ends =
            [(interval.low < range.low, Op::Max, low), (interval.high > range.high, Op::Min, high)];
        for (_, op, end) in ends.into_iter().filter(|(leaves, ..)| *leaves) {
            let end = self.b.iconst(Format::WORD_INT.quantise(end));
            value = self.b.op(op, &[value, end]);
        }
        value
    }

    /// A number of a kind: that of the expression, or a real for an integer.
    pub(super) fn scalar(&mut self, expr: &Expr, kind: Kind, names: &Names) -> Value {
        if let ExprKind::Host(host) = &expr.kind {
            return self.host_scalar(host, scalar_format(kind));
        }
        let (value, own) = self.scalar_own(expr, names);
        self.as_kind(value, own, kind, expr.interval)
    }

    fn update_index(&mut self) -> Value {
        self.b.value(Op::UpdateIndex, Imm::None, &[], Type::I32)
    }

    /// Microseconds from the start to the time for which the update was asked, rounded down. Ticks
    /// beyond whole microseconds are counted 250 updates at a time, so that nothing overflows.
    fn now_us(&mut self) -> Value {
        let Schedule { period_ticks, phase_ticks, .. } = self.rule.schedule;
        let mut part = |ticks: u64| self.b.iconst(i32::try_from(ticks).unwrap_or(i32::MAX));
        let [period, phase] = [period_ticks, phase_ticks].map(|t| part(t / TICKS_PER_US));
        let [period_rest, phase_rest] = [period_ticks, phase_ticks].map(|t| part(t % TICKS_PER_US));
        let in_us = part(TICKS_PER_US);
        let update = self.update_index();
        let mut op = |op, a, b| self.b.op(op, &[a, b]);
        let mut now = op(Op::MulSat, update, period);
        now = op(Op::AddSat, now, phase);
        if [period_ticks, phase_ticks].iter().all(|ticks| ticks.is_multiple_of(TICKS_PER_US)) {
            return now;
        }
        let rounds = op(Op::DivU, update, in_us);
        let rounds = op(Op::MulSat, rounds, period_rest);
        let rest = op(Op::RemU, update, in_us);
        let rest = op(Op::MulSat, rest, period_rest);
        let rest = op(Op::Add, rest, phase_rest);
        let rest = op(Op::DivU, rest, in_us);
        now = op(Op::AddSat, now, rounds);
        op(Op::AddSat, now, rest)
    }

    /// A number and the kind in which it was computed.
    fn scalar_own(&mut self, expr: &Expr, names: &Names) -> (Value, Kind) {
        let kind = expr.number;
        let value = match &expr.kind {
            ExprKind::Host(host) => self.host_scalar(host, scalar_format(kind)),
            ExprKind::Place(Place::Hemisphere) => {
                self.b.value(Op::Hemisphere, Imm::None, &[], Type::I32)
            }
            ExprKind::Place(Place::Update) => self.update_index(),
            ExprKind::Place(Place::Now) => self.now_us(),
            ExprKind::State(index) => {
                let imm = Imm::Object(ObjectId::new(*index));
                let raw = self.b.value(Op::Load, imm, &[], Type::I32);
                self.loaded(raw, *index)
            }
            ExprKind::Element { first, len, index } => {
                let index = self.scalar(index, Kind::Int, names);
                let imm = Imm::Array(ObjectId::new(*first), u32::try_from(*len).unwrap_or(1));
                let raw = self.b.value(Op::LoadElement, imm, &[index], Type::I32);
                self.loaded(raw, *first)
            }
            ExprKind::Local(id) => {
                let word = names.get(&id.0).cloned();
                self.word_as(&word.expect("checked: defined before"), kind)
            }
            ExprKind::Neg(a) => {
                let a_value = self.scalar(a, kind, names);
                self.negated(a_value, a.interval, kind)
            }
            ExprKind::Add(a, b) => self.sum((Op::Add, Op::AddSat), a, b, kind, names),
            ExprKind::WrappingAdd(a, b) => {
                let pair = [a, b].map(|x| self.scalar(x, Kind::Int, names));
                self.b.op(Op::Add, &pair)
            }
            ExprKind::Sub(a, b) => self.sum((Op::Sub, Op::SubSat), a, b, kind, names),
            ExprKind::Min(a, b) | ExprKind::Max(a, b) => {
                let pair = [a, b].map(|x| self.scalar(x, kind, names));
                let min = matches!(expr.kind, ExprKind::Min(..));
                self.b.op(if min { Op::Min } else { Op::Max }, &pair)
            }
            ExprKind::Mul(a, b) => return self.scalar_product(a, b, names),
            ExprKind::Div(a, b) => {
                // The quotient of integers is that of the reals that they are.
                let both = a.number == Kind::Int && b.number == Kind::Int;
                let kind = if both { Kind::Int } else { Kind::Real };
                let pair = [a, b].map(|x| self.scalar(x, kind, names));
                return (self.b.op(Op::DivReal, &pair), Kind::Real);
            }
            ExprKind::Abs(a) => {
                let a_value = self.scalar(a, kind, names);
                let negated = self.negated(a_value, a.interval, kind);
                self.b.op(Op::Max, &[a_value, negated])
            }
            ExprKind::Sign(a) => {
                let value = self.scalar(a, a.number, names);
                let zero = self.b.iconst(0);
                let pair = [Cond::Gt, Cond::Lt].map(|cond| self.b.compare(cond, value, zero));
                self.b.op(Op::Sub, &pair)
            }
            ExprKind::Uniform(low, span) | ExprKind::RandInt(low, span) => {
                let low = self.scalar(low, kind, names);
                let draw = self.b.value(Op::DrawWord, Imm::None, &[], Type::I32);
                let span = self.span(span, kind, names);
                let part = self.b.op(Op::MulHighU, &[draw, span]);
                // At most the upper end.
                self.b.op(Op::Add, &[low, part])
            }
            ExprKind::Reduce { reduction, lets, of, .. } => {
                return self.reduce_neurons(*reduction, lets, of, names);
            }
            ExprKind::Quantity(_)
            | ExprKind::Place(_)
            | ExprKind::Compare(..)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Not(_) => unreachable!("checked: `control` has no such number"),
        };
        (value, kind)
    }

    /// The number that the raw value of a state stands for.
    fn loaded(&mut self, raw: Value, index: usize) -> Value {
        let state = &self.rule.states[index];
        let places = scalar_frac(state.kind) - state_format(state).frac();
        self.b.shift(Op::Shl, raw, places.max(0).unsigned_abs())
    }

    /// A number of draws' span: not negative.
    fn span(&mut self, span: &Expr, kind: Kind, names: &Names) -> Value {
        let value = self.scalar(span, kind, names);
        if let ExprKind::Host(Host::Const(known)) = &span.kind
            && *known >= 0.0
        {
            return value;
        }
        let zero = self.b.iconst(0);
        self.b.op(Op::Max, &[value, zero])
    }

    fn negated(&mut self, value: Value, interval: Interval, kind: Kind) -> Value {
        let zero = self.b.iconst(0);
        let fits = scalar_limits(kind).contains(interval.negated());
        self.b.op(if fits { Op::Sub } else { Op::SubSat }, &[zero, value])
    }

    fn sum(
        &mut self,
        (plain, saturating): (Op, Op),
        a: &Expr,
        b: &Expr,
        kind: Kind,
        names: &Names,
    ) -> Value {
        let pair = [a, b].map(|x| self.scalar(x, kind, names));
        let [low, high] = [a, b].map(|x| scalar_interval(kind, x.interval));
        let exact = low.sum(if plain == Op::Sub { high.negated() } else { high });
        let fits = scalar_limits(kind).contains(exact);
        self.b.op(if fits { plain } else { saturating }, &pair)
    }

    /// Two reals are rounded, a factor that is an integer multiplies exactly.
    fn scalar_product(&mut self, a: &Expr, b: &Expr, names: &Names) -> (Value, Kind) {
        let pair = [a, b].map(|x| self.scalar(x, x.number, names));
        if a.number == Kind::Real && b.number == Kind::Real {
            return (self.b.op(Op::MulReal, &pair), Kind::Real);
        }
        let both = a.number == Kind::Int && b.number == Kind::Int;
        let kind = if both { Kind::Int } else { Kind::Real };
        let fits = scalar_limits(kind).contains(a.interval.product(b.interval));
        (self.b.op(if fits { Op::Mul } else { Op::MulSat }, &pair), kind)
    }

    /// A truth value: 1 or 0.
    pub(super) fn truth(&mut self, expr: &Expr, names: &Names) -> Value {
        let zero = |this: &mut Self| this.b.iconst(0);
        let holds = |this: &mut Self, value| {
            let zero = zero(this);
            this.b.compare(Cond::Ne, value, zero)
        };
        match &expr.kind {
            ExprKind::Compare(cond, a, b) => {
                let both = a.number == Kind::Int && b.number == Kind::Int;
                let kind = if both { Kind::Int } else { Kind::Real };
                let [a, b] = [a, b].map(|x| self.scalar(x, kind, names));
                self.b.compare(*cond, a, b)
            }
            ExprKind::And(a, b) => {
                let pair = [a, b].map(|x| self.truth(x, names));
                self.b.op(Op::Mul, &pair)
            }
            ExprKind::Or(a, b) => {
                let pair = [a, b].map(|x| self.truth(x, names));
                let sum = self.b.op(Op::Add, &pair);
                holds(self, sum)
            }
            ExprKind::Not(a) => {
                let (a, zero) = (self.truth(a, names), zero(self));
                self.b.compare(Cond::Eq, a, zero)
            }
            ExprKind::Host(host) => {
                let value = self.host_scalar(host, Format::WORD_INT);
                holds(self, value)
            }
            ExprKind::State(_) | ExprKind::Element { .. } => {
                let (value, _) = self.scalar_own(expr, names);
                holds(self, value)
            }
            ExprKind::Local(id) => {
                let word = names.get(&id.0).cloned();
                self.word_as(&word.expect("checked: defined before"), Kind::Bool)
            }
            ExprKind::Quantity(_)
            | ExprKind::Place(_)
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
            | ExprKind::Reduce { .. } => unreachable!("checked: a number is not a condition"),
        }
    }

    /// What a store puts into a state: rounded once to its format, limited to its range.
    pub(super) fn stored_scalar(&mut self, expr: &Expr, index: usize, names: &Names) -> Value {
        let state = &self.rule.states[index];
        let (kind, range, format) = (state.kind, state.interval, state_format(state));
        if kind == Kind::Bool {
            return self.truth(expr, names);
        }
        if let ExprKind::Host(host) = &expr.kind {
            let raw = self.host_scalar(host, format);
            return self.limited(raw, expr.interval, range, format);
        }
        let from = if kind == Kind::Real { Kind::Real } else { expr.number };
        let value = self.scalar(expr, from, names);
        let places = scalar_frac(from) - format.frac();
        let value = match places > 0 {
            true => self.rounded_scalar(value, places.unsigned_abs(), expr.interval),
            false => value,
        };
        self.limited(value, expr.interval, range, format)
    }

    fn rounded_scalar(&mut self, value: Value, places: u32, interval: Interval) -> Value {
        match self.rounding {
            // For values that are not negative the two ways to round ties agree.
            Rounding::Nearest if interval.low >= 0.0 => self.b.shift(Op::ShrRound, value, places),
            Rounding::Nearest => self.b.shift(Op::ShrRoundAway, value, places),
            Rounding::Floor => self.b.shift(Op::ShrFloor, value, places),
            Rounding::Stochastic => {
                let draw = self.b.value(Op::DrawWord, Imm::None, &[], Type::I32);
                let noise = self.b.shift(Op::ShrLogical, draw, 32 - places);
                let sum = self.b.op(Op::AddSat, &[value, noise]);
                self.b.shift(Op::ShrFloor, sum, places)
            }
        }
    }
}

/// Whether computing an expression draws random numbers.
pub(super) fn draws(expr: &Expr) -> bool {
    let own = match &expr.kind {
        ExprKind::Uniform(..) | ExprKind::RandInt(..) => true,
        ExprKind::Reduce { lets, .. } => lets.iter().any(|stmt| match stmt {
            Stmt::Let(_, value) => draws(value),
            Stmt::Assign(..)
            | Stmt::AssignElement { .. }
            | Stmt::For { .. }
            | Stmt::If { .. }
            | Stmt::Reset(..)
            | Stmt::Send { .. } => true,
        }),
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
        | ExprKind::Compare(..)
        | ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::Not(_) => false,
    };
    own || expr.operands().into_iter().any(draws)
}
