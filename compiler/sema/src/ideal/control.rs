//! `control` in real numbers: one number where lanes have 256.

use super::{Run, limited};
use crate::build::scalar_limits;
use crate::hir::{
    Expr, ExprKind, Kind, LocalId, Place, Rounding, Schedule, Sensor, Stmt, TICKS_PER_US, Target,
};
use crate::interval::Interval;
use crate::lower::state_format;
use pl_fixed::{Format, rng};
use pl_ir::io::{COLUMNS, Event};

/// Numbers of 32 bits: as many as a draw gives.
const DRAWS: f64 = 4_294_967_296.0;

impl Run<'_, '_> {
    /// The statements of a `control` block.
    pub(super) fn control(&mut self, body: &[Stmt]) {
        for stmt in body {
            match stmt {
                Stmt::Let(id, value) | Stmt::Assign(Target::Local(id), value) => {
                    let value = self.number(value);
                    self.name(*id, value);
                }
                Stmt::Assign(Target::State(index), value) => self.keep(*index, *index, value),
                Stmt::Assign(Target::Weight | Target::Address, _) => {
                    unreachable!("checked: synapses are assigned in `synapses`")
                }
                Stmt::AssignElement { first, len, index, value } => {
                    let element = first + self.element(index, *len);
                    self.keep(element, *first, value);
                }
                Stmt::If { cond, then, otherwise } => {
                    let holds = self.number(cond) != 0.0;
                    self.control(if holds { then } else { otherwise });
                }
                Stmt::For { counter, first, rounds, body, .. } => {
                    for round in 0..*rounds {
                        self.name(*counter, f64::from(*first) + f64::from(round));
                        self.control(body);
                    }
                }
                Stmt::Reset(sensor, _) => self.reset_all(*sensor),
                Stmt::Send { row, address } => {
                    let [row, address] = [row, address].map(|x| whole(self.number(x)));
                    self.instance.events.extend(Event::to_row(row, address));
                }
            }
        }
    }

    fn name(&mut self, id: LocalId, value: f64) {
        self.locals[id.0] = [value; COLUMNS];
    }

    /// Stores a value into a state that is like another.
    fn keep(&mut self, index: usize, like: usize, expr: &Expr) {
        let value = self.number(expr);
        let state = &self.rule.states[like];
        let (kind, range, format) = (state.kind, state.interval, state_format(state));
        // What stochastic rounding draws, so that later draws are the same.
        let is_real = expr.number == Kind::Real && !expr.is_host();
        let rounds = is_real && format.frac() < Format::WORD_REAL.frac();
        if rounds && self.rounding == Rounding::Stochastic {
            self.draw_word();
        }
        let value = limited(value, range);
        let value = if kind == Kind::Int { value.round() } else { value };
        self.ideal.states[index] = vec![value];
    }

    fn reset_all(&mut self, sensor: Sensor) {
        let plane = match sensor {
            Sensor::Rate => &mut self.io.rate_reset,
            Sensor::Membrane => &mut self.io.membrane_reset,
            Sensor::Causal | Sensor::Acausal => {
                unreachable!("checked: correlation is reset in `synapses`")
            }
        };
        let columns = plane.iter_mut().zip(self.io.columns);
        columns.filter(|(_, inside)| **inside != 0).for_each(|(reset, _)| *reset = 1);
    }

    /// An index, which lies within its array.
    fn element(&mut self, index: &Expr, len: usize) -> usize {
        let index = whole(self.number(index));
        usize::try_from(index).unwrap_or(0).min(len - 1)
    }

    /// A draw: a fraction from 0 to 1, 1 not included.
    fn draw_word(&mut self) -> f64 {
        self.instance.rng_word = rng::xorshift32(self.instance.rng_word);
        f64::from(self.instance.rng_word) / DRAWS
    }

    fn now_us(&self) -> f64 {
        let Schedule { period_ticks, phase_ticks, .. } = self.rule.schedule;
        let ticks = u64::from(self.instance.update_index)
            .saturating_mul(period_ticks)
            .saturating_add(phase_ticks);
        limited((ticks / TICKS_PER_US) as f64, scalar_limits(Kind::Int))
    }

    fn two(&mut self, a: &Expr, b: &Expr, of: impl Fn(f64, f64) -> f64) -> f64 {
        let a = self.number(a);
        of(a, self.number(b))
    }

    /// A number, or a truth value as 1 or 0.
    fn number(&mut self, expr: &Expr) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match &expr.kind {
            ExprKind::Host(host) => {
                let value = host.value(self.params);
                // A quotient by 0 of the host: as of scalars.
                if value.is_nan() { 0.0 } else { limited(value, scalar_limits(expr.number)) }
            }
            ExprKind::Place(Place::Hemisphere) => f64::from(self.instance.hemisphere),
            ExprKind::Place(Place::Update) => f64::from(self.instance.update_index),
            ExprKind::Place(Place::Now) => self.now_us(),
            ExprKind::State(index) => self.ideal.states[*index][0],
            ExprKind::Element { first, len, index } => {
                let element = first + self.element(index, *len);
                self.ideal.states[element][0]
            }
            ExprKind::Local(id) => self.locals[id.0][0],
            ExprKind::Neg(a) => -self.number(a),
            ExprKind::Add(a, b) => self.two(a, b, |a, b| a + b),
            ExprKind::WrappingAdd(a, b) => self.two(a, b, |a, b| wrapped(a + b, DRAWS)),
            ExprKind::Sub(a, b) => self.two(a, b, |a, b| a - b),
            ExprKind::Mul(a, b) => self.two(a, b, |a, b| a * b),
            ExprKind::Div(a, b) => self.two(a, b, quotient),
            ExprKind::Min(a, b) => self.two(a, b, f64::min),
            ExprKind::Max(a, b) => self.two(a, b, f64::max),
            ExprKind::Abs(a) => self.number(a).abs(),
            ExprKind::Sign(a) => {
                let a = self.number(a);
                truth(a > 0.0) - truth(a < 0.0)
            }
            ExprKind::Uniform(low, span) => {
                let (low, draw) = (self.number(low), self.draw_word());
                low + draw * self.number(span).max(0.0)
            }
            ExprKind::RandInt(low, count) => {
                let (low, draw) = (self.number(low), self.draw_word());
                low + (draw * self.number(count).max(0.0)).floor()
            }
            ExprKind::Reduce { reduction, lets, of, .. } => {
                self.statements(lets, None, &[true; COLUMNS]);
                let values = self.value(of, None);
                self.reduce_neurons(*reduction, &values)
            }
            ExprKind::Compare(cond, a, b) => self.two(a, b, |a, b| truth(cond.holds(a, b))),
            ExprKind::And(a, b) => self.two(a, b, f64::min),
            ExprKind::Or(a, b) => self.two(a, b, f64::max),
            ExprKind::Not(a) => 1.0 - self.number(a),
            ExprKind::Quantity(_) | ExprKind::Place(_) => {
                unreachable!("checked: `control` sees no lanes")
            }
        }
    }
}

/// An integer wrapped around into the `modulus` numbers about 0.
pub(super) fn wrapped(x: f64, modulus: f64) -> f64 {
    (x + modulus / 2.0).rem_euclid(modulus) - modulus / 2.0
}

/// A quotient; by 0 the largest magnitude of the dividend's sign.
fn quotient(a: f64, b: f64) -> f64 {
    let Interval { low, high } = scalar_limits(Kind::Real);
    match b == 0.0 {
        false => a / b,
        true if a > 0.0 => high,
        true if a < 0.0 => low,
        true => 0.0,
    }
}

/// A number that is an integer.
#[allow(clippy::cast_possible_truncation, reason = "casts of reals saturate")]
fn whole(x: f64) -> i32 {
    x.round() as i32
}
