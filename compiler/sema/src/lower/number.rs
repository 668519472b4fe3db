//! Numbers: which format an expression has and how it is produced in another.
//!
//! The rules of the language reference, section "Numbers", by their numbers:
//!
//!  N1. A value that depends on constants and params alone is computed by the host in f64 and
//!      quantised once, to nearest even, to the format in which it is used.
//!  N2. The *natural* format of an expression has the most fraction bits with which 16 bits hold
//!      its closed interval. That of a sum, difference, minimum, maximum, magnitude or uniform
//!      draw has no more fraction bits than that of any operand. The *factor* format is the natural
//!      one shifted left as far as 16 bits hold the interval with an LSB to spare.
//!  N3. Integers are computed with no fraction bits, exactly, and then shifted to the format in
//!      which they are used.
//!  N4. An operand of a sum is produced in the format of the sum; sums saturate.
//!  N5. A product of a lane value and a host value: the lane value in its factor format, the host value with as many fraction bits as make the product come out in
//!      the wanted format, but no more than its natural ones; a fractional product rounded to
//!      nearest, ties towards plus infinity; then shifted left to the wanted format.
//!  N6. A product of two lane values: both in their factor formats, one fraction bit less for the
//!      first if the product's interval needs it; a fractional product rounded as in N5; then as N8.
//!      Host factors of a longer product are multiplied together by the host and applied last.
//!  N7. `uniform(a .. b)` is `a` plus the fractional product of 15 random bits and `b - a`,
//!      rounded down; `randint(a, b)` is `a` plus the integer part of the same.
//!  N8. A value held in one format is produced in another by an exact shift left, or by a shift
//!      right rounded to nearest, ties towards plus infinity.
//!
//! N9 is in `statement.rs`, N10 in `scalar.rs`; N11 says what `let` and comparisons do.

use super::scalar::scalar_frac;
use super::{Env, Local, Lowering};
use crate::build::scalar_limits;
use crate::hir::{Expr, ExprKind, Kind, LocalId, Over, Place, Reduction, Rounding};
use crate::host::Host;
use crate::interval::Interval;
use pl_fixed::Format;
use pl_fixed::format::FRAC_MIN;
use pl_ir::op::Cond;
use pl_ir::{Imm, Op, Quantity, Type, Value};

/// Fraction bits a fractional product drops.
pub(crate) const PRODUCT_SHIFT: i32 = 15;

/// Fraction bits of the natural format of an interval.
pub(crate) fn natural_frac(interval: Interval) -> i32 {
    Format::holding(interval.low, interval.high).map_or(i32::from(FRAC_MIN), Format::frac)
}

/// Fraction bits of the natural format of an expression (N2).
pub(crate) fn natural(expr: &Expr) -> i32 {
    let own = natural_frac(expr.interval);
    if expr.number == Kind::Int {
        return own;
    }
    match &expr.kind {
        ExprKind::Add(a, b)
        | ExprKind::Sub(a, b)
        | ExprKind::Min(a, b)
        | ExprKind::Max(a, b)
        | ExprKind::Uniform(a, b) => own.min(natural(a)).min(natural(b)),
        ExprKind::Neg(a) | ExprKind::Abs(a) => own.min(natural(a)),
        ExprKind::Reduce { over: Over::Synapses, reduction: Reduction::Mean, of, most, .. } => {
            mean_fracs(of, *most).1
        }
        ExprKind::Reduce {
            reduction: Reduction::Sum | Reduction::Min | Reduction::Max | Reduction::Mean,
            of,
            ..
        } => own.min(natural(of)),
        ExprKind::Host(_)
        | ExprKind::Quantity(_)
        | ExprKind::Place(_)
        | ExprKind::State(_)
        | ExprKind::Element { .. }
        | ExprKind::Local(_)
        | ExprKind::Mul(..)
        | ExprKind::Div(..)
        | ExprKind::WrappingAdd(..)
        | ExprKind::Sign(_)
        | ExprKind::RandInt(..)
        | ExprKind::Reduce { reduction: Reduction::Count | Reduction::Argmax, .. }
        | ExprKind::Compare(..)
        | ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::Not(_) => own,
    }
}

/// Fraction bits of the sum that a mean of at most `most` synapses begins with, and of the mean
/// (N10): with `2^k >= most`, those that hold `2^k` terms, and `k - 1` more, which the quotient has.
pub(crate) fn mean_fracs(of: &Expr, most: u32) -> (i32, i32) {
    let members = most.next_power_of_two();
    let all = of.interval.product(Interval { low: 1.0, high: members.into() });
    let sum = natural_frac(all).min(natural(of));
    let more = members.trailing_zeros().cast_signed() - 1;
    (sum, (sum + more.max(0)).min(natural(of)))
}

/// Fraction bits of a lane factor of a product: produced in its natural format and shifted left as
/// far as its interval allows, with an LSB to spare for what it was rounded by.
pub(crate) fn factor_frac(expr: &Expr) -> i32 {
    let natural = natural(expr);
    let lsb = f64::from(-natural).exp2();
    let widened = Interval { low: expr.interval.low - lsb, high: expr.interval.high + lsb };
    natural_frac(widened).max(natural)
}

/// The format in which an expression is held when it is given a name or stored.
pub(crate) fn held(expr: &Expr) -> i32 {
    if expr.number == Kind::Int { 0 } else { natural(expr) }
}

/// The format from which a stored expression is rounded to `to` fraction bits (N9): that in which it
/// is held, for random rounding with so many bits less that 16 hold the sum of value and noise.
pub(crate) fn stored_frac(expr: &Expr, to: i32, rounding: Rounding) -> i32 {
    if expr.is_host() {
        return natural(expr).min(to);
    }
    let held = held(expr);
    if rounding != Rounding::Stochastic || held <= to {
        return held;
    }
    let largest = expr.interval.high.max(0.0);
    let fits = |frac: &i32| {
        let raw = (largest * Format::new(*frac).scale()).ceil();
        raw + Format::new(*frac - to).scale() <= f64::from(1 << 15)
    };
    (to + 1..=held).rev().find(fits).unwrap_or(to + 1)
}

impl Lowering<'_> {
    /// The lanes of `expr` with `frac` fraction bits, at most its natural ones.
    pub(super) fn produce(&mut self, expr: &Expr, frac: i32, env: &mut Env) -> Value {
        if let ExprKind::Host(host) = &expr.kind {
            return self.host_lanes(host, Format::new(frac));
        }
        if expr.number == Kind::Int && frac != 0 {
            let value = self.compute(expr, 0, env);
            return self.convert(value, 0, frac);
        }
        self.compute(expr, frac, env)
    }

    /// A held value in another format (N8).
    pub(super) fn convert(&mut self, value: Value, from: i32, to: i32) -> Value {
        if to >= from {
            self.b.shift(Op::Shl, value, from.abs_diff(to))
        } else {
            self.b.shift(Op::ShrRound, value, from.abs_diff(to))
        }
    }

    fn compute(&mut self, expr: &Expr, frac: i32, env: &mut Env) -> Value {
        match &expr.kind {
            ExprKind::Host(host) => self.host_lanes(host, Format::new(frac)),
            ExprKind::Quantity(quantity) => {
                let value = self.quantity(*quantity, env);
                self.convert(value, 0, frac)
            }
            ExprKind::Place(place) => {
                let value = self.place(*place, env);
                self.convert(value, 0, frac)
            }
            ExprKind::State(index) => {
                let held = super::lane_format(&self.rule.states[*index]).frac();
                let value = self.state(*index, env);
                self.convert(value, held, frac)
            }
            ExprKind::Local(id) => self.local(*id, expr, frac, env),
            ExprKind::Neg(a) => {
                let zero = self.b.splat_const(0, Type::ROW16);
                let a = self.produce(a, frac, env);
                self.b.op(Op::SubSat, &[zero, a])
            }
            ExprKind::Add(a, b) => self.pair(Op::AddSat, a, b, frac, env),
            ExprKind::Sub(a, b) => self.pair(Op::SubSat, a, b, frac, env),
            ExprKind::Min(a, b) => self.pair(Op::Min, a, b, frac, env),
            ExprKind::Max(a, b) => self.pair(Op::Max, a, b, frac, env),
            ExprKind::Mul(..) => self.product(expr, frac, env),
            ExprKind::Abs(a) => {
                let zero = self.b.splat_const(0, Type::ROW16);
                let a = self.produce(a, frac, env);
                let negated = self.b.op(Op::SubSat, &[zero, a]);
                self.b.op(Op::Max, &[a, negated])
            }
            ExprKind::Sign(a) => {
                let value = self.sign(a, env);
                self.convert(value, 0, frac)
            }
            ExprKind::Uniform(low, span) => {
                let low = self.produce(low, frac, env);
                let part = self.draw_part(span, frac, env);
                self.b.op(Op::AddSat, &[low, part])
            }
            ExprKind::WrappingAdd(a, b) => {
                let value = self.pair(Op::Add, a, b, 0, env);
                self.convert(value, 0, frac)
            }
            ExprKind::RandInt(low, count) => {
                let low = self.produce(low, 0, env);
                let part = self.draw_part(count, 0, env);
                let value = self.b.op(Op::AddSat, &[low, part]);
                self.convert(value, 0, frac)
            }
            ExprKind::Reduce { over: Over::Synapses, most, reduction, lets, of } => {
                self.reduce_synapses((*reduction, *most), lets, of, frac, env)
            }
            ExprKind::Reduce { .. } | ExprKind::Element { .. } | ExprKind::Div(..) => {
                unreachable!("checked: in `control` only")
            }
            ExprKind::Compare(..) | ExprKind::And(..) | ExprKind::Or(..) | ExprKind::Not(_) => {
                unreachable!("checked: a truth value is not used as a number")
            }
        }
    }

    fn pair(&mut self, op: Op, a: &Expr, b: &Expr, frac: i32, env: &mut Env) -> Value {
        let a = self.produce(a, frac, env);
        let b = self.produce(b, frac, env);
        self.b.op(op, &[a, b])
    }

    pub(super) fn quantity(&mut self, quantity: Quantity, env: &mut Env) -> Value {
        let known = match quantity {
            Quantity::Weight => env.weight,
            Quantity::Address => env.address,
            Quantity::SignedWeight
            | Quantity::Causal
            | Quantity::Acausal
            | Quantity::CorrelationReset
            | Quantity::Rate
            | Quantity::RateReset
            | Quantity::MembraneReset
            | Quantity::Membrane => None,
        };
        if let Some(value) = known {
            return value;
        }
        let args: Vec<Value> = env.row.filter(|_| quantity.per_row()).into_iter().collect();
        let imm = Imm::Quantity(super::on_chip(quantity, self.rule));
        let value = self.b.value(Op::Read, imm, &args, Type::ROW16);
        if quantity == Quantity::Weight {
            env.weight = Some(value);
        } else if quantity == Quantity::Address {
            env.address = Some(value);
        }
        value
    }

    fn place(&mut self, place: Place, env: &Env) -> Value {
        let row: Vec<Value> = env.row.into_iter().collect();
        let op = match place {
            Place::Column => return self.b.value(Op::Column, Imm::None, &[], Type::ROW16),
            Place::Row => Op::ViewRow,
            Place::RowSign => Op::RowSign,
            Place::Hemisphere => Op::Hemisphere,
            Place::Update | Place::Now => unreachable!("checked: in `control` only"),
        };
        let args: &[Value] = if place == Place::Hemisphere { &[] } else { &row };
        let scalar = self.b.value(op, Imm::None, args, Type::I32);
        self.b.value(Op::Splat, Imm::None, &[scalar], Type::ROW16)
    }

    fn local(&mut self, id: LocalId, expr: &Expr, frac: i32, env: &Env) -> Value {
        match env.locals.get(&id.0) {
            Some(Local::Scalar(value, kind)) => {
                let seen = held(expr);
                let lanes = self.lanes_of_scalar(*value, scalar_frac(*kind), seen);
                self.convert(lanes, seen, frac)
            }
            Some(Local::Host(host)) => self.host_lanes(&host.clone(), Format::new(frac)),
            Some(Local::Lanes { value, frac: held }) => self.convert(*value, *held, frac),
            Some(Local::Mask(_)) | None => {
                unreachable!("checked: the local is defined here and a number")
            }
        }
    }

    /// A scalar in every lane, rounded once to a format of lanes and limited to it.
    fn lanes_of_scalar(&mut self, value: Value, from: i32, to: i32) -> Value {
        let mut value = self.convert(value, from, to);
        for (op, bound) in [(Op::Max, i16::MIN), (Op::Min, i16::MAX)] {
            let bound = self.b.iconst(bound.into());
            value = self.b.op(op, &[value, bound]);
        }
        self.b.value(Op::Splat, Imm::None, &[value], Type::ROW16)
    }

    fn product(&mut self, expr: &Expr, frac: i32, env: &mut Env) -> Value {
        let mut host = Host::Const(1.0);
        let mut lanes = Vec::new();
        factors(expr, &mut host, &mut lanes);
        let unit = host == Host::Const(1.0);
        let Some((first, rest)) = lanes.split_first() else {
            return self.host_lanes(&host, Format::new(frac));
        };
        // The product of the lane factors, held with `held` fraction bits.
        let mut interval = first.interval;
        let exact = expr.number == Kind::Int && unit;
        let (mut value, mut held_frac) =
            if exact { (self.produce(first, 0, env), 0) } else { self.factor(first, env) };
        for factor in rest {
            let next = interval.product(factor.interval);
            if exact {
                let factor = self.produce(factor, 0, env);
                value = self.b.op(Op::Mul, &[value, factor]);
            } else {
                (value, held_frac) = self.lane_product((value, held_frac), factor, next, env);
            }
            interval = next;
        }
        if unit {
            return self.convert(value, held_frac, frac);
        }
        let host_interval = host_interval(&host, self.rule);
        let wanted = frac + PRODUCT_SHIFT - held_frac;
        let host_frac = wanted.min(natural_frac(host_interval));
        let factor = self.host_lanes(&host, Format::new(host_frac));
        let value = self.b.op(Op::MulFracRound, &[value, factor]);
        self.convert(value, host_frac + held_frac - PRODUCT_SHIFT, frac)
    }

    /// A lane factor of a product, and its fraction bits.
    fn factor(&mut self, factor: &Expr, env: &mut Env) -> (Value, i32) {
        let (natural, frac) = (natural(factor), factor_frac(factor));
        let value = self.produce(factor, natural, env);
        (self.convert(value, natural, frac), frac)
    }

    /// N6: the product of a held value and a factor, and its fraction bits.
    fn lane_product(
        &mut self,
        (value, held): (Value, i32),
        factor: &Expr,
        interval: Interval,
        env: &mut Env,
    ) -> (Value, i32) {
        let (factor, frac) = self.factor(factor, env);
        let fits = held + frac - PRODUCT_SHIFT <= natural_frac(interval);
        let (value, held) =
            if fits { (value, held) } else { (self.convert(value, held, held - 1), held - 1) };
        (self.b.op(Op::MulFracRound, &[value, factor]), held + frac - PRODUCT_SHIFT)
    }

    fn sign(&mut self, a: &Expr, env: &mut Env) -> Value {
        let value = self.produce(a, held(a), env);
        let [minus, zero, plus] = [-1, 0, 1].map(|x| self.b.splat_const(x, Type::ROW16));
        let positive = self.b.compare(Cond::Gt, value, zero);
        let negative = self.b.compare(Cond::Lt, value, zero);
        let below = self.b.op(Op::Select, &[negative, minus, zero]);
        self.b.op(Op::Select, &[positive, plus, below])
    }

    /// One draw of every column.
    pub(super) fn draw(&mut self) -> Value {
        self.b.value(Op::Draw, Imm::None, &[], Type::ROW16)
    }

    /// N7: 15 random bits times a span, rounded down.
    fn draw_part(&mut self, span: &Expr, frac: i32, env: &mut Env) -> Value {
        let draw = self.draw();
        let fraction = self.b.shift(Op::ShrLogical, draw, 1);
        let span = self.produce(span, frac, env);
        self.b.op(Op::MulFrac, &[fraction, span])
    }

    /// The mask of a truth value.
    pub(super) fn condition(&mut self, expr: &Expr, env: &mut Env) -> Value {
        match &expr.kind {
            ExprKind::Compare(cond, a, b) => {
                let both = a.number == Kind::Int && b.number == Kind::Int;
                let frac = if both { 0 } else { natural(a).min(natural(b)) };
                let a = self.produce(a, frac, env);
                let b = self.produce(b, frac, env);
                self.b.compare(*cond, a, b)
            }
            ExprKind::And(a, b) | ExprKind::Or(a, b) => {
                let a = self.condition(a, env);
                let a = self.hold(a);
                let b = self.condition(b, env);
                let a = self.mask_now(a);
                let and = matches!(expr.kind, ExprKind::And(..));
                self.b.op(if and { Op::MaskAnd } else { Op::MaskOr }, &[a, b])
            }
            ExprKind::Not(a) => {
                let a = self.condition(a, env);
                self.b.op(Op::MaskNot, &[a])
            }
            ExprKind::Host(host) => {
                let value = self.host_lanes(&host.clone(), Format::INT);
                let zero = self.b.splat_const(0, Type::ROW16);
                self.b.compare(Cond::Ne, value, zero)
            }
            ExprKind::State(index) => {
                let value = self.state(*index, env);
                let zero = self.b.splat_const(0, Type::ROW16);
                self.b.compare(Cond::Ne, value, zero)
            }
            ExprKind::Local(id) => match env.locals.get(&id.0) {
                Some(Local::Mask(mask)) => self.mask_now(*mask),
                Some(Local::Scalar(truth, _)) => {
                    let lanes = self.b.value(Op::Splat, Imm::None, &[*truth], Type::ROW16);
                    let zero = self.b.splat_const(0, Type::ROW16);
                    self.b.compare(Cond::Ne, lanes, zero)
                }
                Some(Local::Host(_) | Local::Lanes { .. }) | None => {
                    unreachable!("checked: the local is defined here and a truth value")
                }
            },
            ExprKind::Quantity(_)
            | ExprKind::Place(_)
            | ExprKind::Element { .. }
            | ExprKind::Neg(_)
            | ExprKind::Div(..)
            | ExprKind::WrappingAdd(..)
            | ExprKind::Add(..)
            | ExprKind::Sub(..)
            | ExprKind::Mul(..)
            | ExprKind::Min(..)
            | ExprKind::Max(..)
            | ExprKind::Abs(_)
            | ExprKind::Sign(_)
            | ExprKind::Uniform(..)
            | ExprKind::RandInt(..)
            | ExprKind::Reduce { .. } => unreachable!("checked: a number is not a condition"),
        }
    }
}

/// Splits a product into its host part and its lane factors, in the order written.
#[allow(clippy::wildcard_enum_match_arm, reason = "what is no product is one factor")]
fn factors<'e>(expr: &'e Expr, host: &mut Host, lanes: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Mul(a, b) => {
            factors(a, host, lanes);
            factors(b, host, lanes);
        }
        ExprKind::Host(part) => {
            let before = core::mem::replace(host, Host::Const(1.0));
            *host = if before == Host::Const(1.0) {
                part.clone()
            } else {
                Host::binary(crate::host::Operator::Mul, before, part.clone())
            };
        }
        _ => lanes.push(expr),
    }
}

/// Values a host expression may take.
pub(crate) fn host_interval(host: &Host, rule: &crate::hir::Rule) -> Interval {
    use crate::host::{Function, Operator};
    match host {
        Host::Const(x) => Interval::point(*x),
        Host::Param(index) => rule.params[*index].interval,
        Host::Unary(function, a) => {
            let a = host_interval(a, rule);
            match function {
                Function::Neg => a.negated(),
                Function::Abs => a.magnitude(),
                Function::Sign | Function::Exp | Function::Ln | Function::Sqrt => {
                    a.monotonic(|x| function.apply(x))
                }
            }
        }
        Host::Binary(op, a, b) => {
            let (a, b) = (host_interval(a, rule), host_interval(b, rule));
            match op {
                Operator::Add => a.sum(b),
                Operator::Sub => a.sum(b.negated()),
                Operator::Mul => a.product(b),
                // `control` divides by 0, too.
                Operator::Div => a.quotient(b).unwrap_or(scalar_limits(Kind::Real)),
                Operator::Min => a.minimum(b),
                Operator::Max => a.maximum(b),
                Operator::Pow => a.power(b),
            }
        }
    }
}
