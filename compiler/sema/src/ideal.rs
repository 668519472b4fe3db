//! A rule in real numbers: what it would do without rounding.
//!
//! Expressions are computed in f64 and nothing is rounded: neither products nor stored values, nor
//! the weight, of which the chip sees the nearest integer. What a rule says itself stays: weights
//! lie in 0 to 63 and states in their ranges, integer states are integers, and sensors read integers. Random numbers are those of
//! the rule in fixed point (section 4 of the language reference), draw by draw, so that a difference
//! between the two is one of rounding, and of the decisions that follow from it.

mod control;

use crate::hir::{
    ADDRESSES, Block, Expr, ExprKind, Kind, Over, Place, Recorded, Reduction, Rounding, Rule,
    Sensor, State, Stmt, Target,
};
use crate::interval::Interval;
use crate::lower::number::held;
use crate::lower::state_format;
use borsh::{BorshDeserialize, BorshSerialize};
use pl_ir::io::{self, COLUMNS, ObjectValues, UpdateIo};
use pl_ir::{Module, Quantity, Scope};

/// Values of 256 columns; truth values are 1 and 0.
type Lanes = [f64; COLUMNS];
/// Where a statement acts.
type Mask = [bool; COLUMNS];

/// Fractions that a draw gives: 15 bits.
const FRACTIONS: f64 = 32768.0;

/// Which part of a rule to run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// Its `start` blocks.
    Start,
    /// One update.
    Update,
    /// An update of which weights take this share (0 to 1) of their change; it records nothing.
    Share(f64),
}

/// What a rule keeps between updates, unrounded.
#[derive(Clone, Debug, Default, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Ideal {
    /// Weights of the view, row by row, 256 columns wide.
    weights: Vec<f64>,
    /// Values of each state: one a lane, a row or the rule.
    states: Vec<Vec<f64>>,
    /// What causal and acausal sensors read, if not codes: row by row, 256 columns wide.
    correlation: Option<[Vec<f64>; 2]>,
    /// What counters of spikes read, if not the chip's: one a column.
    rates: Option<Vec<f64>>,
}

impl Ideal {
    /// Runs a part of a rule. Weights and states that somebody else changed since the last call,
    /// so that they are no longer what was rounded then, are taken over.
    ///
    /// # Panics
    /// If arrays do not have the size of the view, or `instance` is of another rule.
    pub fn run(
        &mut self,
        (rule, module): (&Rule, &Module),
        params: &[f64],
        part: Part,
        instance: &mut io::Instance,
        io: &mut UpdateIo<'_>,
    ) {
        self.take_over(rule, instance, io);
        let blocks = if part == Part::Start { &rule.start } else { &rule.blocks };
        let before = if let Part::Share(_) = part { self.weights.clone() } else { Vec::new() };
        let mut run = Run {
            rule,
            params,
            ideal: self,
            locals: vec![[0.0; COLUMNS]; rule.locals],
            rounding: Rounding::default(),
            instance,
            io,
        };
        for block in blocks {
            run.block(block);
        }
        if let Part::Share(share) = part {
            let pairs = self.weights.iter_mut().zip(before);
            pairs.for_each(|(own, before)| *own = before + share * (*own - before));
        }
        self.give_back(rule, instance, io);
        if part == Part::Update {
            self.record(rule, module, instance, io);
        }
    }

    /// Sets what `causal` and `acausal` read instead of the difference of baselines and codes, in LSB:
    /// row by row, 256 columns wide.
    pub fn set_correlation(&mut self, causal: Vec<f64>, acausal: Vec<f64>) {
        self.correlation = Some([causal, acausal]);
    }

    /// Sets what `rate` reads, a number a column, or lets it read the counters again.
    pub fn set_rates(&mut self, rates: Option<Vec<f64>>) {
        self.rates = rates;
    }

    /// Whether correlation that was set has as many numbers as the view has synapses.
    #[must_use]
    pub fn correlation_fits(&self, synapses: usize) -> bool {
        self.correlation.iter().flatten().all(|values| values.len() == synapses)
    }

    /// The weights of the view, unrounded: row by row, 256 columns wide.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    fn take_over(&mut self, rule: &Rule, instance: &io::Instance, io: &UpdateIo<'_>) {
        self.weights.resize(io.weights.len(), f64::NAN);
        for (own, code) in self.weights.iter_mut().zip(io.weights.iter()) {
            if nearest_code(*own) != Some(*code) {
                *own = if rule.signed { code.cast_signed().into() } else { f64::from(*code) };
            }
        }
        self.states.resize(rule.states.len(), Vec::new());
        for ((own, state), object) in
            self.states.iter_mut().zip(&rule.states).zip(&instance.objects)
        {
            let format = state_format(state);
            let taken = |own: f64, raw: i32| {
                let same = !own.is_nan() && format.quantise(own) == raw;
                if same { own } else { f64::from(raw) / format.scale() }
            };
            let raws: Vec<i32> = match object {
                ObjectValues::Lanes(lanes) => lanes.iter().map(|lane| i32::from(*lane)).collect(),
                ObjectValues::Scalars(words) => words.clone(),
            };
            own.resize(raws.len(), f64::NAN);
            own.iter_mut().zip(raws).for_each(|(own, raw)| *own = taken(*own, raw));
        }
    }

    fn give_back(&self, rule: &Rule, instance: &mut io::Instance, io: &mut UpdateIo<'_>) {
        for (code, own) in io.weights.iter_mut().zip(&self.weights) {
            *code = nearest_code(*own).unwrap_or(*code);
        }
        for ((own, state), object) in
            self.states.iter().zip(&rule.states).zip(&mut instance.objects)
        {
            let format = state_format(state);
            match object {
                ObjectValues::Lanes(lanes) => {
                    let pairs = lanes.iter_mut().zip(own);
                    pairs.for_each(|(lane, own)| *lane = io::low_lane(format.quantise(*own)));
                }
                ObjectValues::Scalars(words) => {
                    words.iter_mut().zip(own).for_each(|(word, own)| *word = format.quantise(*own))
                }
            }
        }
    }

    /// Takes the samples that are due, in the formats of the rule in fixed point.
    fn record(&self, rule: &Rule, module: &Module, instance: &mut io::Instance, io: &UpdateIo<'_>) {
        let number = instance.update_index.wrapping_add(1);
        for (index, record) in rule.records.iter().enumerate() {
            let declared = &module.records[index];
            let buffer = &mut instance.records[index];
            let due = number.is_multiple_of(record.every);
            if !due || !buffer.open(declared, instance.update_index, io.rows.len()) {
                continue;
            }
            let Some(sample) = buffer.samples.last_mut() else { continue };
            for ((_, source), field) in record.fields.iter().zip(&mut sample.fields) {
                *field = match source {
                    Recorded::State(state) => match &instance.objects[*state] {
                        ObjectValues::Lanes(lanes) => lanes.iter().map(|l| (*l).into()).collect(),
                        ObjectValues::Scalars(words) => words.clone(),
                    },
                    Recorded::Quantity(Quantity::Weight) if rule.signed => {
                        io.weights.iter().map(|byte| byte.cast_signed().into()).collect()
                    }
                    Recorded::Quantity(quantity) => recorded(*quantity, io),
                };
            }
        }
    }
}

/// The integer that the chip sees of a weight, as a byte; none for one that was never set.
#[allow(clippy::cast_possible_truncation, reason = "a weight lies in -63 to 63")]
fn nearest_code(weight: f64) -> Option<u8> {
    (!weight.is_nan()).then(|| (weight.round() as i8).cast_unsigned())
}

fn recorded(quantity: Quantity, io: &UpdateIo<'_>) -> Vec<i32> {
    let values = |bytes: &[u8]| bytes.iter().map(|byte| i32::from(*byte)).collect();
    let correlation = |baseline: &[u8; COLUMNS], codes: &[u8]| {
        let pairs = baseline.iter().cycle().zip(codes);
        pairs.map(|(baseline, code)| io::correlation(*baseline, *code).into()).collect()
    };
    match quantity {
        Quantity::Weight | Quantity::SignedWeight => values(io.weights),
        Quantity::Address => values(io.addresses),
        Quantity::Causal => correlation(io.causal_baseline, io.causal_codes),
        Quantity::Acausal => correlation(io.acausal_baseline, io.acausal_codes),
        Quantity::Rate => values(io.rates),
        Quantity::Membrane => values(io.membranes),
        Quantity::CorrelationReset | Quantity::RateReset | Quantity::MembraneReset => Vec::new(),
    }
}

/// A part of a rule at work.
struct Run<'a, 'io> {
    rule: &'a Rule,
    params: &'a [f64],
    ideal: &'a mut Ideal,
    locals: Vec<Lanes>,
    /// How stores of the block being run round.
    rounding: Rounding,
    instance: &'a mut io::Instance,
    io: &'a mut UpdateIo<'io>,
}

impl Run<'_, '_> {
    fn block(&mut self, block: &Block) {
        let update = self.instance.update_index;
        if !block.due.includes(update) {
            return;
        }
        self.rounding = block.rounding;
        if block.over == Over::Rule {
            self.control(&block.body);
        } else if block.over == Over::Synapses {
            for row in 0..self.io.rows.len() {
                self.statements(&block.body, Some(row), &[true; COLUMNS]);
            }
        } else {
            self.statements(&block.body, None, &[true; COLUMNS]);
        }
    }

    fn statements(&mut self, body: &[Stmt], row: Option<usize>, mask: &Mask) {
        for stmt in body {
            match stmt {
                Stmt::Let(id, value) => self.locals[id.0] = self.value(value, row),
                Stmt::Assign(target, value) => self.assign(*target, value, row, mask),
                Stmt::If { cond, then, otherwise } => {
                    let holds = self.value(cond, row).map(|truth| truth != 0.0);
                    self.statements(then, row, &both(mask, &holds));
                    self.statements(otherwise, row, &both(mask, &holds.map(|holds| !holds)));
                }
                Stmt::Reset(sensor, _) => self.reset(*sensor, row, mask),
                Stmt::AssignElement { .. } | Stmt::For { .. } | Stmt::Send { .. } => {
                    unreachable!("checked: in `control` only")
                }
            }
        }
    }

    fn assign(&mut self, target: Target, expr: &Expr, row: Option<usize>, mask: &Mask) {
        let value = self.value(expr, row);
        let in_view = both(mask, &self.io.columns.map(|column| column != 0));
        let first = row.unwrap_or(0) * COLUMNS;
        match target {
            Target::Local(id) => {
                let local = &mut self.locals[id.0];
                chosen(mask).for_each(|column| local[column] = value[column]);
            }
            Target::Weight => {
                self.discard_draw(expr, 0);
                let range = self.rule.weights();
                for column in chosen(&in_view) {
                    self.ideal.weights[first + column] = limited(value[column], range);
                }
            }
            Target::Address => {
                self.discard_draw(expr, 0);
                for column in chosen(&in_view) {
                    let address = limited(value[column], ADDRESSES);
                    self.io.addresses[first + column] = nearest_code(address).unwrap_or(0);
                }
            }
            Target::State(index) => {
                let state = &self.rule.states[index];
                let range = state.interval;
                self.discard_draw(expr, state_format(state).frac());
                let places = self.places(state, row);
                for (column, place) in chosen(mask).map(|column| (column, places.of(column))) {
                    let value = limited(value[column], range);
                    let whole = state.kind == Kind::Int;
                    self.ideal.states[index][place] = if whole { value.round() } else { value };
                }
            }
        }
    }

    /// Draws what stochastic rounding draws for a stored value, so that later draws are the same.
    fn discard_draw(&mut self, expr: &Expr, frac: i32) {
        let is_number = expr.number != Kind::Bool && !expr.is_host();
        let rounds = is_number && held(expr) > frac;
        if rounds && self.rounding == Rounding::Stochastic {
            self.draw();
        }
    }

    fn reset(&mut self, sensor: Sensor, row: Option<usize>, mask: &Mask) {
        let first = row.unwrap_or(0) * COLUMNS;
        for column in chosen(mask) {
            if self.io.columns[column] == 0 {
                continue;
            }
            match sensor {
                Sensor::Causal => self.io.correlation_reset[first + column] |= 1,
                Sensor::Acausal => self.io.correlation_reset[first + column] |= 2,
                Sensor::Rate => self.io.rate_reset[column] = 1,
                Sensor::Membrane => self.io.membrane_reset[column] = 1,
            }
        }
    }

    fn places(&self, state: &State, row: Option<usize>) -> Places {
        let row = row.unwrap_or(0);
        match state.scope {
            Scope::Synapse => Places { first: row * COLUMNS, by_column: true },
            Scope::Neuron => Places { first: 0, by_column: true },
            Scope::Row => Places { first: row, by_column: false },
            Scope::Rule => Places { first: 0, by_column: false },
        }
    }

    /// One draw of every column: fractions in 0 to 1, 1 not included.
    fn draw(&mut self) -> Lanes {
        let state = &mut *self.instance;
        state.draw(self.rule.generators).map(|draw| f64::from(draw >> 1) / FRACTIONS)
    }

    fn pair(
        &mut self,
        a: &Expr,
        b: &Expr,
        row: Option<usize>,
        of: impl Fn(f64, f64) -> f64,
    ) -> Lanes {
        let a = self.value(a, row);
        let b = self.value(b, row);
        core::array::from_fn(|column| of(a[column], b[column]))
    }

    fn value(&mut self, expr: &Expr, row: Option<usize>) -> Lanes {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match &expr.kind {
            ExprKind::Host(host) => [host.value(self.params); COLUMNS],
            ExprKind::Quantity(quantity) => self.quantity(*quantity, row),
            ExprKind::Place(place) => self.place(*place, row),
            ExprKind::State(index) => {
                let places = self.places(&self.rule.states[*index], row);
                let values = &self.ideal.states[*index];
                core::array::from_fn(|column| values[places.of(column)])
            }
            ExprKind::Local(id) => self.locals[id.0],
            ExprKind::Neg(a) => self.value(a, row).map(|a| -a),
            ExprKind::Add(a, b) => self.pair(a, b, row, |a, b| a + b),
            ExprKind::WrappingAdd(a, b) => {
                self.pair(a, b, row, |a, b| control::wrapped(a + b, 65_536.0))
            }
            ExprKind::Sub(a, b) => self.pair(a, b, row, |a, b| a - b),
            ExprKind::Mul(a, b) => self.pair(a, b, row, |a, b| a * b),
            ExprKind::Min(a, b) => self.pair(a, b, row, f64::min),
            ExprKind::Max(a, b) => self.pair(a, b, row, f64::max),
            ExprKind::Abs(a) => self.value(a, row).map(f64::abs),
            ExprKind::Sign(a) => self.value(a, row).map(|a| truth(a > 0.0) - truth(a < 0.0)),
            ExprKind::Uniform(low, span) => {
                let (low, draw) = (self.value(low, row), self.draw());
                let span = self.value(span, row);
                core::array::from_fn(|column| low[column] + draw[column] * span[column])
            }
            ExprKind::RandInt(low, count) => {
                let (low, draw) = (self.value(low, row), self.draw());
                let count = self.value(count, row);
                core::array::from_fn(|c| low[c] + (draw[c] * count[c]).floor())
            }
            ExprKind::Reduce { over: Over::Synapses, reduction, lets, of, .. } => {
                self.reduce_synapses(*reduction, lets, of)
            }
            ExprKind::Reduce { .. } | ExprKind::Element { .. } | ExprKind::Div(..) => {
                unreachable!("checked: in `control` only")
            }
            ExprKind::Compare(cond, a, b) => {
                let cond = *cond;
                self.pair(a, b, row, |a, b| truth(cond.holds(a, b)))
            }
            ExprKind::And(a, b) => self.pair(a, b, row, f64::min),
            ExprKind::Or(a, b) => self.pair(a, b, row, f64::max),
            ExprKind::Not(a) => self.value(a, row).map(|a| 1.0 - a),
        }
    }

    fn quantity(&self, quantity: Quantity, row: Option<usize>) -> Lanes {
        let first = row.unwrap_or(0) * COLUMNS;
        let io = &*self.io;
        core::array::from_fn(|column| {
            let at = first + column;
            match quantity {
                Quantity::Weight | Quantity::SignedWeight => self.ideal.weights[at],
                Quantity::Address => f64::from(io.addresses[at]),
                Quantity::Causal => match &self.ideal.correlation {
                    Some([causal, _]) => causal[at],
                    None => io::correlation(io.causal_baseline[column], io.causal_codes[at]).into(),
                },
                Quantity::Acausal => match &self.ideal.correlation {
                    Some([_, acausal]) => acausal[at],
                    None => {
                        io::correlation(io.acausal_baseline[column], io.acausal_codes[at]).into()
                    }
                },
                Quantity::Rate => match &self.ideal.rates {
                    Some(rates) => rates[column],
                    None => f64::from(io.rates[column]),
                },
                Quantity::Membrane => f64::from(io.membranes[column]),
                Quantity::CorrelationReset | Quantity::RateReset | Quantity::MembraneReset => 0.0,
            }
        })
    }

    fn place(&self, place: Place, row: Option<usize>) -> Lanes {
        let row = row.unwrap_or(0);
        match place {
            Place::Row => [f64::from(self.io.rows[row]); COLUMNS],
            Place::RowSign => [f64::from(self.io.row_signs[row]); COLUMNS],
            Place::Hemisphere => [f64::from(self.instance.hemisphere); COLUMNS],
            Place::Column => core::array::from_fn(index),
            Place::Update | Place::Now => unreachable!("checked: in `control` only"),
        }
    }

    fn reduce_synapses(&mut self, reduction: Reduction, lets: &[Stmt], of: &Expr) -> Lanes {
        let mut so_far = match reduction {
            Reduction::Min => [f64::INFINITY; COLUMNS],
            Reduction::Max | Reduction::Argmax => [f64::NEG_INFINITY; COLUMNS],
            Reduction::Sum | Reduction::Count | Reduction::Mean => [0.0; COLUMNS],
        };
        let mut best = [0.0; COLUMNS];
        for row in 0..self.io.rows.len() {
            self.statements(lets, Some(row), &[true; COLUMNS]);
            let values = self.value(of, Some(row));
            for ((so_far, best), value) in so_far.iter_mut().zip(&mut best).zip(values) {
                if value > *so_far {
                    *best = f64::from(self.io.rows[row]);
                }
                *so_far = match reduction {
                    Reduction::Min => so_far.min(value),
                    Reduction::Max | Reduction::Argmax => so_far.max(value),
                    Reduction::Sum | Reduction::Count | Reduction::Mean => *so_far + value,
                };
            }
        }
        match reduction {
            Reduction::Argmax => best,
            Reduction::Mean => so_far.map(|sum| sum / index(self.io.rows.len())),
            Reduction::Sum | Reduction::Min | Reduction::Max | Reduction::Count => so_far,
        }
    }

    fn reduce_neurons(&self, reduction: Reduction, values: &Lanes) -> f64 {
        let inside: Vec<(usize, f64)> = (0..COLUMNS)
            .filter(|column| self.io.columns[*column] != 0)
            .map(|column| (column, values[column]))
            .collect();
        let numbers = || inside.iter().map(|(_, value)| *value);
        let largest = || numbers().fold(f64::NEG_INFINITY, f64::max);
        match reduction {
            Reduction::Sum | Reduction::Count => numbers().sum(),
            Reduction::Mean => numbers().sum::<f64>() / index(inside.len()),
            Reduction::Min => numbers().fold(f64::INFINITY, f64::min),
            Reduction::Max => largest(),
            Reduction::Argmax => {
                let largest = largest();
                let first = inside.iter().find(|(_, value)| value.total_cmp(&largest).is_eq());
                first.map_or(0.0, |(column, _)| index(*column))
            }
        }
    }
}

/// Where the values of a state stand.
#[derive(Clone, Copy)]
struct Places {
    first: usize,
    by_column: bool,
}

impl Places {
    fn of(self, column: usize) -> usize {
        if self.by_column { self.first + column } else { self.first }
    }
}

fn both(a: &Mask, b: &Mask) -> Mask {
    core::array::from_fn(|column| a[column] && b[column])
}

fn chosen(mask: &Mask) -> impl Iterator<Item = usize> + '_ {
    (0..COLUMNS).filter(|column| mask[*column])
}

fn limited(value: f64, range: Interval) -> f64 {
    value.max(range.low).min(range.high)
}

fn index(column: usize) -> f64 {
    f64::from(u32::try_from(column).unwrap_or(u32::MAX))
}
