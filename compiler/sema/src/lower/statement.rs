//! Statements of vector blocks: a lane `if` runs both branches and selects.

use super::mask::Held;
use super::{End, Env, Lanes, Local, Lowering, SensorSlot, state_format};
use crate::hir::{ADDRESSES, Expr, ExprKind, Kind, Rounding, Sensor, Stmt, Target};
use crate::interval::Interval;
use crate::lower::number::{held, host_interval, natural_frac, stored_frac};
use pl_fixed::Format;
use pl_ir::{Op, Value};

impl Lowering<'_> {
    /// Runs statements in the lanes of `mask` (all if `None`): only resets depend on it here, for
    /// assignments the enclosing `if` selects.
    pub(super) fn statements(&mut self, body: &[Stmt], env: &mut Env, mask: Option<Held>) {
        for stmt in body {
            match stmt {
                Stmt::Let(id, value) => {
                    let local = self.local_value(value, env);
                    env.locals.insert(id.0, local);
                }
                Stmt::Assign(target, value) => self.assign(*target, value, env),
                Stmt::If { cond, then, otherwise } => self.choose(cond, then, otherwise, env, mask),
                Stmt::Reset(sensor, _) => self.reset(*sensor, env, mask),
                Stmt::AssignElement { .. } | Stmt::For { .. } | Stmt::Send { .. } => {
                    unreachable!("checked: in `control` only")
                }
            }
        }
    }

    fn local_value(&mut self, value: &Expr, env: &mut Env) -> Local {
        if let ExprKind::Host(host) = &value.kind {
            return Local::Host(host.clone());
        }
        if value.number == Kind::Bool {
            let mask = self.condition(value, env);
            return Local::Mask(self.hold(mask));
        }
        let frac = held(value);
        Local::Lanes { value: self.produce(value, frac, env), frac }
    }

    fn assign(&mut self, target: Target, value: &Expr, env: &mut Env) {
        match target {
            Target::Weight => {
                env.weight = Some(self.stored(value, self.rule.weights(), Format::INT, env));
                env.dirty.weight = true;
            }
            Target::Address => {
                env.address = Some(self.stored(value, ADDRESSES, Format::INT, env));
                env.dirty.address = true;
            }
            Target::State(index) => {
                let state = &self.rule.states[index];
                let (interval, format) = (state.interval, state_format(state));
                let value = if value.number == Kind::Bool {
                    let mask = self.condition(value, env);
                    let mask = self.hold(mask);
                    self.lanes_as_bits(Lanes::Where(mask), 1)
                } else {
                    self.stored(value, interval, format, env)
                };
                env.states.insert(index, value);
                if !env.dirty.states.contains(&index) {
                    env.dirty.states.push(index);
                }
            }
            Target::Local(id) => {
                let local = self.local_value(value, env);
                env.locals.insert(id.0, local);
            }
        }
    }

    /// N9: a stored value: produced in its natural format, rounded once to the format of the
    /// destination by the rule's rounding, saturated at the destination's interval.
    fn stored(&mut self, expr: &Expr, range: Interval, format: Format, env: &mut Env) -> Value {
        let to = format.frac();
        let from = stored_frac(expr, to, self.rounding);
        let value = self.produce(expr, from, env);
        if from > to {
            let rounded = self.rounded(value, from.abs_diff(to), expr.interval);
            return self.saturated(rounded, expr.interval, range, format);
        }
        // A shift to more fraction bits could overflow: saturate first, in the coarser format.
        let value = self.saturated(value, expr.interval, range, Format::new(from));
        self.convert(value, from, to)
    }

    fn rounded(&mut self, value: Value, places: u32, interval: Interval) -> Value {
        match self.rounding {
            // For values that are not negative the two ways to round ties agree.
            Rounding::Nearest if interval.low >= 0.0 => self.b.shift(Op::ShrRound, value, places),
            Rounding::Nearest => self.b.shift(Op::ShrRoundAway, value, places),
            Rounding::Floor => self.b.shift(Op::ShrFloor, value, places),
            Rounding::Stochastic => {
                let draw = self.draw();
                let noise = self.b.shift(Op::ShrLogical, draw, 16 - places);
                let sum = self.b.op(Op::AddSat, &[value, noise]);
                self.b.shift(Op::ShrFloor, sum, places)
            }
        }
    }

    fn saturated(
        &mut self,
        value: Value,
        interval: Interval,
        range: Interval,
        format: Format,
    ) -> Value {
        let mut value = value;
        if interval.low < range.low {
            let low = self.bound(End::Low, range, format);
            value = self.b.op(Op::Max, &[value, low]);
        }
        if interval.high > range.high {
            let high = self.bound(End::High, range, format);
            value = self.b.op(Op::Min, &[value, high]);
        }
        value
    }

    fn reset(&mut self, sensor: Sensor, env: &mut Env, mask: Option<Held>) {
        let slot = match sensor {
            Sensor::Causal => SensorSlot::Causal,
            Sensor::Acausal => SensorSlot::Acausal,
            Sensor::Rate => SensorSlot::Rate,
            Sensor::Membrane => SensorSlot::Membrane,
        };
        let lanes = match (env.resets.get(&slot), mask) {
            (Some(Lanes::All), _) | (_, None) => Lanes::All,
            (None, Some(mask)) => Lanes::Where(mask),
            (Some(Lanes::Where(before)), Some(mask)) => {
                Lanes::Where(self.join(Op::MaskOr, *before, mask))
            }
        };
        env.resets.insert(slot, lanes);
    }

    /// Both branches run; where they differ, the condition selects a lane at a time.
    fn choose(
        &mut self,
        cond: &Expr,
        then: &[Stmt],
        otherwise: &[Stmt],
        env: &mut Env,
        mask: Option<Held>,
    ) {
        let chosen = self.condition(cond, env);
        let chosen = self.hold(chosen);
        let both = |this: &mut Self, mine: Held| match mask {
            Some(outer) => this.join(Op::MaskAnd, outer, mine),
            None => mine,
        };
        let then_mask = both(self, chosen);
        self.prefetch(then.iter().chain(otherwise), env);
        let before = env.clone();
        self.statements(then, env, Some(then_mask));
        let mut other = before.clone();
        other.resets = env.resets.clone();
        if !otherwise.is_empty() {
            let negated = self.negate(chosen);
            let other_mask = both(self, negated);
            self.statements(otherwise, &mut other, Some(other_mask));
        }
        self.merge(chosen, env, other, &before);
    }

    /// Reads what a branch assigns before the branches split, so that both see one value.
    fn prefetch<'s>(&mut self, body: impl Iterator<Item = &'s Stmt>, env: &mut Env) {
        for stmt in body {
            match stmt {
                Stmt::Assign(Target::Weight, _) => {
                    self.quantity(pl_ir::Quantity::Weight, env);
                }
                Stmt::Assign(Target::Address, _) => {
                    self.quantity(pl_ir::Quantity::Address, env);
                }
                Stmt::Assign(Target::State(index), _) => {
                    self.state(*index, env);
                }
                Stmt::If { then, otherwise, .. } => {
                    self.prefetch(then.iter().chain(otherwise), env);
                }
                Stmt::Let(..)
                | Stmt::Assign(Target::Local(_), _)
                | Stmt::Reset(..)
                | Stmt::AssignElement { .. }
                | Stmt::For { .. }
                | Stmt::Send { .. } => {}
            }
        }
    }

    /// Makes `env` what holds after an `if`: `env` where `chosen`, `other` elsewhere.
    fn merge(&mut self, held: Held, env: &mut Env, other: Env, before: &Env) {
        let chosen = self.mask_now(held);
        let mut pick = |a: Option<Value>, b: Option<Value>| match (a, b) {
            (Some(a), Some(b)) if a != b => Some(self.b.op(Op::Select, &[chosen, a, b])),
            (a, b) => a.or(b),
        };
        env.weight = pick(env.weight, other.weight);
        env.address = pick(env.address, other.address);
        for (index, value) in &other.states {
            if let Some(merged) = pick(env.states.get(index).copied(), Some(*value)) {
                env.states.insert(*index, merged);
            }
        }
        env.dirty.weight |= other.dirty.weight;
        env.dirty.address |= other.dirty.address;
        for index in other.dirty.states {
            if !env.dirty.states.contains(&index) {
                env.dirty.states.push(index);
            }
        }
        env.resets = other.resets;
        // Locals of a branch end with it; assigned ones of the outside are merged.
        let inner = core::mem::take(&mut env.locals);
        for (id, outside) in &before.locals {
            let a = inner.get(id).unwrap_or(outside).clone();
            let b = other.locals.get(id).unwrap_or(outside).clone();
            let merged = self.merge_local(held, a, b);
            env.locals.insert(*id, merged);
        }
    }

    fn merge_local(&mut self, chosen: Held, a: Local, b: Local) -> Local {
        match (a, b) {
            (Local::Host(a), Local::Host(b)) if a == b => Local::Host(a),
            (Local::Mask(a), Local::Mask(b)) if a == b => Local::Mask(a),
            (Local::Mask(a), Local::Mask(b)) => {
                let inside = self.join(Op::MaskAnd, chosen, a);
                let rest = self.negate(chosen);
                let outside = self.join(Op::MaskAnd, rest, b);
                Local::Mask(self.join(Op::MaskOr, inside, outside))
            }
            (a, b) => {
                let (a, fa) = self.as_lanes(a);
                let (b, fb) = self.as_lanes(b);
                if a == b {
                    return Local::Lanes { value: a, frac: fa };
                }
                let frac = fa.min(fb);
                let (a, b) = (self.convert(a, fa, frac), self.convert(b, fb, frac));
                let chosen = self.mask_now(chosen);
                Local::Lanes { value: self.b.op(Op::Select, &[chosen, a, b]), frac }
            }
        }
    }

    /// A local as lanes and their fraction bits; host values in their natural format.
    fn as_lanes(&mut self, local: Local) -> (Value, i32) {
        match local {
            Local::Lanes { value, frac } => (value, frac),
            Local::Host(host) => {
                let frac = natural_frac(host_interval(&host, self.rule));
                (self.host_lanes(&host, Format::new(frac)), frac)
            }
            Local::Mask(_) | Local::Scalar(..) => {
                unreachable!("checked: a local keeps its kind")
            }
        }
    }
}
