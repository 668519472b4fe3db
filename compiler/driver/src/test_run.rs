//! Runs `test` blocks: a rule on a chip that stands still, and what it left against what was
//! expected.
//!
//! Sensors read what the test gives in every update, reset or not; the ADC's baselines are such
//! that every correlation of -128..127 has a code. Executors see the same arrays, so that one for
//! PPU programs can live where the simulator is.

use crate::instance::{Engine, Instance, Place};
use crate::rule::Rule;
use pl_diag::Span;
use pl_fixed::rng;
use pl_ir::io::{self, COLUMNS, Event, ObjectValues, UpdateIo};
use pl_ir::{Quantity, Scope};
use pl_sema::hir;
use pl_sema::lower::state_format;
use pl_sema::test::{Expr, Reduction, Step, StepKind, Target, Test, Values};

/// ADC code of a correlation of 0: the one with which -128..127 have the codes 255..0.
pub const BASELINE: u8 = 127;

/// A rule on its view during a test.
#[derive(Debug)]
pub struct Bench {
    /// Params, state and random numbers.
    pub instance: Instance,
    /// Hardware rows of the view; of a signed one the first of each pair.
    pub rows: Vec<u8>,
    /// Columns of the view: 0xff in, 0 out.
    pub columns: [u8; COLUMNS],
    /// Weights, as bytes of signed numbers if they are, row by row, 256 columns wide.
    pub weights: Vec<u8>,
    /// Addresses, likewise.
    pub addresses: Vec<u8>,
    /// ADC codes of the causal branch, likewise.
    pub causal_codes: Vec<u8>,
    /// ADC codes of the acausal branch, likewise.
    pub acausal_codes: Vec<u8>,
    /// Rate counters.
    pub rates: [u8; COLUMNS],
    /// Membrane codes.
    pub membranes: [u8; COLUMNS],
    /// What the last run did to the chip beside synapses and states.
    pub effects: Effects,
}

/// Resets and events of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Resets of correlation sensors, row by row, 256 columns wide: bit 0 causal, bit 1 acausal.
    pub correlation_reset: Vec<u8>,
    /// Columns whose rate counters were reset: 1, others 0.
    pub rate_reset: Vec<u8>,
    /// The same of membranes.
    pub membrane_reset: Vec<u8>,
    /// Events that were sent, in order.
    pub events: Vec<Event>,
}

/// Runs the functions of a rule on a bench.
pub trait Executor {
    /// Runs the rule's `start` blocks, with correlation sensors that read 0.
    ///
    /// # Errors
    /// Why it could not run.
    fn start(&mut self, bench: &mut Bench) -> Result<(), String>;

    /// Runs one update and counts it.
    ///
    /// # Errors
    /// Why it could not run.
    fn update(&mut self, bench: &mut Bench) -> Result<(), String>;
}

/// Native code or the evaluator, whichever the bench's instance is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnArrays;

impl Executor for OnArrays {
    fn start(&mut self, bench: &mut Bench) -> Result<(), String> {
        bench.call(Instance::start)
    }

    fn update(&mut self, bench: &mut Bench) -> Result<(), String> {
        bench.call(Instance::update)
    }
}

/// An expectation that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// The `expect` line.
    pub span: Span,
    /// Where it does not hold, rows then columns ascending.
    pub places: Vec<Difference>,
    /// Number of places at which it was asked.
    pub asked: usize,
}

/// A place at which an expectation does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Row position, if rows have values of their own.
    pub row: Option<usize>,
    /// Column, if columns have values of their own.
    pub column: Option<usize>,
    /// Both sides, if the condition is a comparison: what was found and what it was compared with.
    pub sides: Option<(f64, f64)>,
}

/// Runs a test of `rule`; `engine` is what the bench's instance is made for.
///
/// # Errors
/// Why the rule could not run.
pub fn run(
    rule: &Rule,
    test: &Test,
    engine: Engine,
    executor: &mut dyn Executor,
) -> Result<Vec<Mismatch>, String> {
    let step = if rule.hir().signed { 2 } else { 1 };
    let rows = (0..=u8::MAX).step_by(step).take(test.rows).collect();
    let mut bench = Bench::new(rule, engine, rows, test.columns, test.seed);
    let mut started = false;
    let mut mismatches = Vec::new();
    for Step { kind, span } in &test.steps {
        if !started && !matches!(kind, StepKind::Set(_)) {
            executor.start(&mut bench)?;
            started = true;
        }
        match kind {
            StepKind::Set(values) => {
                for (name, value) in values {
                    bench.instance.set_param(name, *value).map_err(|error| error.to_string())?;
                }
            }
            StepKind::Given(given) => {
                given.iter().for_each(|(target, values)| bench.give(*target, values));
            }
            StepKind::Run(updates) => {
                for _ in 0..*updates {
                    executor.update(&mut bench)?;
                }
            }
            StepKind::Expect(condition) => {
                mismatches.extend(bench.expect(test, condition, *span));
            }
        }
    }
    Ok(mismatches)
}

impl Bench {
    /// A view of the top hemisphere: hardware rows, ascending, and the first `columns` columns.
    /// Weights, addresses, correlations, rates and membranes are 0.
    #[must_use]
    pub fn new(rule: &Rule, engine: Engine, rows: Vec<u8>, columns: usize, seed: u64) -> Bench {
        let stream_key = rng::stream_key(seed, 0, 0, 0);
        let place = Place { hemisphere: 0, rows: rows.len(), stream_key, record_capacity: 0 };
        let plane = |value| vec![value; rows.len() * COLUMNS];
        Bench {
            instance: rule.instance(engine, &place),
            columns: core::array::from_fn(|column| if column < columns { 0xff } else { 0 }),
            weights: plane(0),
            addresses: plane(0),
            causal_codes: plane(BASELINE),
            acausal_codes: plane(BASELINE),
            rates: [0; COLUMNS],
            membranes: [0; COLUMNS],
            effects: Effects::default(),
            rows,
        }
    }

    fn call(
        &mut self,
        function: impl Fn(&mut Instance, &mut UpdateIo<'_>) -> Result<(), crate::RunError>,
    ) -> Result<(), String> {
        self.with_io(|instance, io| function(instance, io).map_err(|error| error.to_string()))
    }

    /// Lends the instance and the arrays, for executors that run a rule in their own way.
    ///
    /// # Errors
    /// Those of `call`.
    pub fn with_io(
        &mut self,
        call: impl FnOnce(&mut Instance, &mut UpdateIo<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        self.instance.state.events.clear();
        let mut correlation_reset = vec![0; self.weights.len()];
        let mut rate_reset = [0; COLUMNS];
        let mut membrane_reset = [0; COLUMNS];
        let mut io = UpdateIo {
            rows: &self.rows,
            row_signs: &vec![1; self.rows.len()],
            columns: &self.columns,
            weights: &mut self.weights,
            addresses: &mut self.addresses,
            causal_codes: &self.causal_codes,
            acausal_codes: &self.acausal_codes,
            causal_baseline: &[BASELINE; COLUMNS],
            acausal_baseline: &[BASELINE; COLUMNS],
            rates: &self.rates,
            membranes: &self.membranes,
            correlation_reset: &mut correlation_reset,
            rate_reset: &mut rate_reset,
            membrane_reset: &mut membrane_reset,
        };
        call(&mut self.instance, &mut io)?;
        let whether = |lanes: [u8; COLUMNS]| lanes.map(|lane| u8::from(lane != 0)).to_vec();
        self.effects = Effects {
            correlation_reset,
            rate_reset: whether(rate_reset),
            membrane_reset: whether(membrane_reset),
            events: self.instance.state.events.clone(),
        };
        Ok(())
    }

    /// Puts values where a test wants them. The checker has seen that they lie in range.
    fn give(&mut self, target: Target, values: &Values) {
        match target {
            Target::State(index) => self.give_state(index, values),
            Target::Quantity(quantity) => {
                let code = |value: f64| to_byte(f64::from(BASELINE) - value);
                match quantity {
                    Quantity::Weight | Quantity::SignedWeight => {
                        fill(&mut self.weights, values, to_byte);
                    }
                    Quantity::Address => fill(&mut self.addresses, values, to_byte),
                    Quantity::Causal => fill(&mut self.causal_codes, values, code),
                    Quantity::Acausal => fill(&mut self.acausal_codes, values, code),
                    Quantity::Rate => fill(&mut self.rates, values, to_byte),
                    Quantity::Membrane => fill(&mut self.membranes, values, to_byte),
                    Quantity::CorrelationReset | Quantity::RateReset | Quantity::MembraneReset => {}
                }
            }
        }
    }

    fn give_state(&mut self, index: usize, values: &Values) {
        let rule = self.instance.rule().clone();
        let state = &rule.hir().states[index];
        let format = state_format(state);
        let Some(object) = self.object(state) else { return };
        match &mut self.instance.state.objects[object] {
            ObjectValues::Lanes(lanes) => {
                for (row, lanes) in lanes.chunks_mut(COLUMNS).enumerate() {
                    for (column, lane) in lanes.iter_mut().enumerate() {
                        *lane = io::low_lane(format.quantise(values.at(row, column)));
                    }
                }
            }
            ObjectValues::Scalars(words) => {
                for (row, word) in words.iter_mut().enumerate() {
                    *word = format.quantise(values.at(row, 0));
                }
            }
        }
    }

    /// Position of a state among the objects of the module.
    fn object(&self, state: &hir::State) -> Option<usize> {
        self.instance.rule().module().objects.iter().position(|object| object.name == state.name)
    }

    fn expect(&self, test: &Test, condition: &Expr, span: Span) -> Option<Mismatch> {
        let holds = self.value(test, condition);
        let sides = match condition {
            Expr::Compare(_, left, right) => {
                Some((self.value(test, left), self.value(test, right)))
            }
            Expr::Values(_)
            | Expr::Target(_)
            | Expr::Param(_)
            | Expr::Index(_)
            | Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::And(..)
            | Expr::Or(..)
            | Expr::Not(_)
            | Expr::Reduce(..) => None,
        };
        let mut places = Vec::new();
        for row in 0..holds.rows.unwrap_or(1) {
            for column in 0..holds.columns.unwrap_or(1) {
                if holds.at(row, column) == 0.0 {
                    places.push(Difference {
                        row: holds.rows.map(|_| row),
                        column: holds.columns.map(|_| column),
                        sides: sides
                            .as_ref()
                            .map(|(left, right)| (left.at(row, column), right.at(row, column))),
                    });
                }
            }
        }
        let asked = holds.data.len();
        (!places.is_empty()).then_some(Mismatch { span, places, asked })
    }

    fn value(&self, test: &Test, expr: &Expr) -> Values {
        let value = |expr| self.value(test, expr);
        let truth = |holds| f64::from(u8::from(holds));
        match expr {
            Expr::Values(values) => values.clone(),
            Expr::Target(target) => self.target(test, *target),
            Expr::Param(index) => Values::one(self.instance.params()[*index]),
            Expr::Index(Scope::Row | Scope::Synapse) => {
                Values::of(Some(test.rows), None, |row, _| index_value(row))
            }
            Expr::Index(Scope::Neuron | Scope::Rule) => {
                Values::of(None, Some(test.columns), |_, column| index_value(column))
            }
            Expr::Unary(function, a) => {
                let a = value(a);
                Values::of(a.rows, a.columns, |row, column| function.apply(a.at(row, column)))
            }
            Expr::Binary(op, a, b) => joined(&value(a), &value(b), |x, y| op.apply(x, y)),
            Expr::Compare(cond, a, b) => {
                joined(&value(a), &value(b), |x, y| truth(cond.holds(x, y)))
            }
            Expr::And(a, b) => joined(&value(a), &value(b), f64::min),
            Expr::Or(a, b) => joined(&value(a), &value(b), f64::max),
            Expr::Not(a) => {
                let a = value(a);
                Values::of(a.rows, a.columns, |row, column| 1.0 - a.at(row, column))
            }
            Expr::Reduce(reduction, over, a) => reduced(test, *reduction, *over, &value(a)),
        }
    }

    fn target(&self, test: &Test, target: Target) -> Values {
        let (rows, columns) = (Some(test.rows), Some(test.columns));
        let grid = |plane: &[u8]| {
            Values::of(rows, columns, |row, column| f64::from(plane[row * COLUMNS + column]))
        };
        let correlation = |codes: &[u8]| {
            Values::of(rows, columns, |row, column| {
                f64::from(io::correlation(BASELINE, codes[row * COLUMNS + column]))
            })
        };
        let line =
            |lanes: &[u8; COLUMNS]| Values::of(None, columns, |_, column| f64::from(lanes[column]));
        match target {
            Target::State(index) => self.state(test, index),
            Target::Quantity(Quantity::Weight | Quantity::SignedWeight) => {
                let signed = self.instance.rule().hir().signed;
                let weight = |byte: u8| match signed {
                    true => f64::from(byte.cast_signed()),
                    false => f64::from(byte),
                };
                Values::of(rows, columns, |row, column| {
                    weight(self.weights[row * COLUMNS + column])
                })
            }
            Target::Quantity(Quantity::Address) => grid(&self.addresses),
            Target::Quantity(Quantity::Causal) => correlation(&self.causal_codes),
            Target::Quantity(Quantity::Acausal) => correlation(&self.acausal_codes),
            Target::Quantity(Quantity::Rate) => line(&self.rates),
            Target::Quantity(Quantity::Membrane) => line(&self.membranes),
            Target::Quantity(
                Quantity::CorrelationReset | Quantity::RateReset | Quantity::MembraneReset,
            ) => Values::one(0.0),
        }
    }

    fn state(&self, test: &Test, index: usize) -> Values {
        let state = &self.instance.rule().hir().states[index];
        let lsb = pl_fixed::real::pow(2.0, -f64::from(state_format(state).frac()));
        let Some(object) = self.object(state) else { return Values::one(0.0) };
        let (rows, columns) = (Some(test.rows), Some(test.columns));
        match (&self.instance.state.objects[object], state.scope) {
            (ObjectValues::Lanes(lanes), Scope::Synapse) => {
                Values::of(rows, columns, |r, c| f64::from(lanes[r * COLUMNS + c]) * lsb)
            }
            (ObjectValues::Lanes(lanes), Scope::Neuron | Scope::Row | Scope::Rule) => {
                Values::of(None, columns, |_, c| f64::from(lanes[c]) * lsb)
            }
            (ObjectValues::Scalars(words), Scope::Row) => {
                Values::of(rows, None, |r, _| f64::from(words[r]) * lsb)
            }
            (ObjectValues::Scalars(words), Scope::Rule | Scope::Neuron | Scope::Synapse) => {
                Values::one(words.first().map_or(0.0, |word| f64::from(*word) * lsb))
            }
        }
    }
}

fn fill(lanes: &mut [u8], values: &Values, byte: impl Fn(f64) -> u8) {
    for (row, lanes) in lanes.chunks_mut(COLUMNS).enumerate() {
        for (column, lane) in lanes.iter_mut().enumerate() {
            *lane = byte(values.at(row, column));
        }
    }
}

/// The low byte of a whole number of -63..255; the checker has seen that it is one.
#[allow(clippy::cast_possible_truncation, reason = "values were checked")]
fn to_byte(value: f64) -> u8 {
    let [low, ..] = (value as i32).to_le_bytes();
    low
}

fn index_value(index: usize) -> f64 {
    f64::from(u32::try_from(index).unwrap_or(u32::MAX))
}

fn joined(a: &Values, b: &Values, of: impl Fn(f64, f64) -> f64) -> Values {
    Values::of(a.rows.or(b.rows), a.columns.or(b.columns), |row, column| {
        of(a.at(row, column), b.at(row, column))
    })
}

/// What remains when rows or columns are joined; a value that they share counts for each.
fn reduced(test: &Test, reduction: Reduction, over: Scope, values: &Values) -> Values {
    let by_rows = over == Scope::Row;
    let count = if by_rows { test.rows } else { test.columns };
    let (rows, columns) = if by_rows { (None, values.columns) } else { (values.rows, None) };
    Values::of(rows, columns, |row, column| {
        let parts =
            (0..count).map(|i| if by_rows { values.at(i, column) } else { values.at(row, i) });
        match reduction {
            Reduction::Sum => parts.sum(),
            Reduction::Mean => parts.sum::<f64>() / index_value(count),
            Reduction::Min => parts.fold(f64::INFINITY, f64::min),
            Reduction::Max => parts.fold(f64::NEG_INFINITY, f64::max),
        }
    })
}
