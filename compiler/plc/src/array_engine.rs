//! A compiled rule at work on an emulated chip: gathers the view into arrays, runs an update in
//! native code or in the evaluator, and scatters what it changed.

use crate::rule_inputs;
use borsh::{BorshDeserialize, BorshSerialize};
use pl_chip::{Branch, Chip, Reference, ReferenceStep, RowMode};
use pl_driver::ir::io::{COLUMNS, UpdateIo, baseline};
use pl_driver::ir::{Module, Op, Quantity, Scope};
use pl_driver::{Engine as Executor, Instance, Place, Rule, Step};
use pl_experiment::engine::{Binding, Engine, EngineError, RecordField, RecordSample};
use pl_experiment::inputs::Course;
use pl_experiment::state;
use pl_fixed::rng;

/// Bits that reset both branches of a correlation sensor.
const RESET_BOTH: u8 = 3;

/// A rule instance bound to a view of one hemisphere.
pub(crate) struct ArrayEngine {
    instance: Instance,
    hemisphere: usize,
    /// Rows of the view, or the first rows of its pairs.
    rows: Vec<u8>,
    binding: Binding,
    columns: [u8; COLUMNS],
    causal_baseline: [u8; COLUMNS],
    acausal_baseline: [u8; COLUMNS],
    planes: Planes,
    /// What is written to inputs.
    inputs: Vec<Course>,
    /// Chip time of each sample, a list a record statement.
    sample_times: Vec<Vec<u64>>,
    /// What it reads of correlation.
    reading: Reading,
}

/// What a shadow reads of correlation.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// The codes of the chip's sensors.
    Codes,
    /// Sensors without circuits.
    Reference(Reference),
    /// The same with all pairs, in steps of the period, which have this number once it has started.
    Steps(usize),
}

/// Steps of a period, for shadows that read correlation in steps.
const STEPS: u64 = 8;

/// Row-major copies of the view's synapse quantities.
#[derive(BorshSerialize, BorshDeserialize)]
struct Planes {
    weights: Vec<u8>,
    addresses: Vec<u8>,
    causal_codes: Vec<u8>,
    acausal_codes: Vec<u8>,
    correlation_reset: Vec<u8>,
}

impl Planes {
    fn new(rows: usize) -> Planes {
        let plane = || vec![0; rows * COLUMNS];
        Planes {
            weights: plane(),
            addresses: plane(),
            causal_codes: plane(),
            acausal_codes: plane(),
            correlation_reset: plane(),
        }
    }
}

impl ArrayEngine {
    /// Binds `rule` to a view.
    ///
    /// # Errors
    /// A param or an input that does not exist or may not have its value, or rows that are no pairs.
    pub(crate) fn new(
        rule: &Rule,
        executor: Executor,
        binding: &Binding,
    ) -> Result<ArrayEngine, EngineError> {
        let key = rng::stream_key(binding.seed, binding.chip, binding.hemisphere, binding.instance);
        let rows = if rule.hir().signed { binding.pairs()? } else { binding.rows.clone() };
        let place = Place {
            hemisphere: binding.hemisphere,
            rows: rows.len(),
            stream_key: key,
            record_capacity: binding.record_capacity,
        };
        let mut instance = rule.instance(executor, &place);
        for (name, value) in &binding.params {
            instance
                .set_param(name, *value)
                .map_err(|error| EngineError::new(error.to_string()))?;
        }
        let mut columns = [0; COLUMNS];
        for column in &binding.columns {
            columns[usize::from(*column)] = u8::MAX;
        }
        Ok(ArrayEngine {
            sample_times: vec![Vec::new(); instance.state.records.len()],
            instance,
            hemisphere: usize::from(binding.hemisphere),
            binding: binding.clone(),
            columns,
            causal_baseline: [0; COLUMNS],
            acausal_baseline: [0; COLUMNS],
            planes: Planes::new(rows.len()),
            inputs: rule_inputs::courses(rule, binding, rows.len())?,
            rows,
            reading: Reading::Codes,
        })
    }

    /// Samples the sensors of the view at the chip's time.
    fn sample_correlation(&mut self, chip: &Chip) {
        for (position, row) in self.rows.iter().map(|row| usize::from(*row)).enumerate() {
            let range = position * COLUMNS..(position + 1) * COLUMNS;
            let codes = |branch| chip.correlation_codes_row(self.hemisphere, row, branch);
            self.planes.causal_codes[range.clone()].copy_from_slice(&codes(Branch::Causal));
            self.planes.acausal_codes[range].copy_from_slice(&codes(Branch::Acausal));
        }
    }

    /// Writes the inputs that the next update is the first to see.
    fn write_inputs(&mut self) {
        let update = self.instance.state.update_index;
        for course in &self.inputs {
            if let Some(values) = course.before_update(update) {
                self.instance.set_raw_values(course.object, values);
            }
        }
    }

    fn gather(&mut self, chip: &Chip) {
        self.sample_correlation(chip);
        self.copy_synapses(chip);
        self.planes.correlation_reset.fill(0);
    }

    /// Takes weights and addresses from the chip.
    pub(crate) fn copy_synapses(&mut self, chip: &Chip) {
        for (position, row) in self.rows.iter().map(|row| usize::from(*row)).enumerate() {
            let range = position * COLUMNS..(position + 1) * COLUMNS;
            let weights = self.weights(chip, row);
            self.planes.weights[range.clone()].copy_from_slice(&weights);
            let addresses = chip.address_row(self.hemisphere, row);
            self.planes.addresses[range].copy_from_slice(&addresses);
        }
    }

    fn signed(&self) -> bool {
        self.instance.rule().hir().signed
    }

    /// Weights of a row, or of the pair that begins with it, as the rule's bytes.
    fn weights(&self, chip: &Chip, row: usize) -> [u8; COLUMNS] {
        let first = chip.weights_row(self.hemisphere, row);
        if !self.signed() {
            return first;
        }
        let second = chip.weights_row(self.hemisphere, row + 1);
        core::array::from_fn(|column| first[column].wrapping_sub(second[column]))
    }

    fn scatter(&self, chip: &mut Chip) {
        let rows = self.rows.iter().map(|row| usize::from(*row));
        for (position, row) in rows.enumerate() {
            let plane = |plane: &[u8]| {
                let mut lanes = [0; COLUMNS];
                lanes.copy_from_slice(&plane[position * COLUMNS..(position + 1) * COLUMNS]);
                lanes
            };
            let (weights, addresses) = (plane(&self.planes.weights), plane(&self.planes.addresses));
            chip.write_address_row(self.hemisphere, row, &addresses);
            if self.signed() {
                let part = |sign: i8| {
                    weights.map(|weight| u8::try_from(sign * weight.cast_signed()).unwrap_or(0))
                };
                chip.write_weights_row(self.hemisphere, row, &part(1));
                chip.write_weights_row(self.hemisphere, row + 1, &part(-1));
                chip.write_address_row(self.hemisphere, row + 1, &addresses);
            } else {
                chip.write_weights_row(self.hemisphere, row, &weights);
            }
            let resets = plane(&self.planes.correlation_reset);
            if resets.iter().any(|bits| *bits != 0) {
                chip.reset_correlation_row(self.hemisphere, row, &resets);
            }
        }
    }

    /// Runs `call` on the gathered arrays and applies what it changed.
    fn run(
        &mut self,
        chip: &mut Chip,
        call: impl FnOnce(&mut Instance, &mut UpdateIo<'_>) -> Result<(), pl_driver::RunError>,
    ) -> Result<(), EngineError> {
        self.gather(chip);
        let [rate_reset, membrane_reset] = self.call(chip, call)?;
        self.scatter(chip);
        if rate_reset.iter().any(|lane| *lane != 0) {
            chip.reset_rate_counters(self.hemisphere, &rate_reset.map(|lane| lane != 0));
        }
        if membrane_reset.iter().any(|lane| *lane != 0) {
            chip.reset_membranes(self.hemisphere, &membrane_reset.map(|lane| lane != 0));
        }
        for event in &self.instance.state.events {
            chip.send(self.hemisphere, 2 * usize::from(event.driver), event.address);
        }
        for (times, buffer) in self.sample_times.iter_mut().zip(&self.instance.state.records) {
            times.resize(buffer.samples.len(), chip.now());
        }
        Ok(())
    }

    /// Runs `call` on the arrays as they are; gives the resets of rate counters and membranes.
    fn call(
        &mut self,
        chip: &Chip,
        call: impl FnOnce(&mut Instance, &mut UpdateIo<'_>) -> Result<(), pl_driver::RunError>,
    ) -> Result<[[u8; COLUMNS]; 2], EngineError> {
        let row_signs: Vec<i8> = self
            .rows
            .iter()
            .map(|row| match chip.row_mode(self.hemisphere, usize::from(*row)) {
                RowMode::Excitatory => 1,
                RowMode::Inhibitory => -1,
                RowMode::Disabled | RowMode::Both => 0,
            })
            .collect();
        let rates = chip.rate_counters(self.hemisphere);
        let membranes = chip.membrane_codes(self.hemisphere);
        let (mut rate_reset, mut membrane_reset) = ([0; COLUMNS], [0; COLUMNS]);
        let mut io = UpdateIo {
            rows: &self.rows,
            row_signs: &row_signs,
            columns: &self.columns,
            weights: &mut self.planes.weights,
            addresses: &mut self.planes.addresses,
            causal_codes: &self.planes.causal_codes,
            acausal_codes: &self.planes.acausal_codes,
            causal_baseline: &self.causal_baseline,
            acausal_baseline: &self.acausal_baseline,
            rates: &rates,
            membranes: &membranes,
            correlation_reset: &mut self.planes.correlation_reset,
            rate_reset: &mut rate_reset,
            membrane_reset: &mut membrane_reset,
        };
        call(&mut self.instance, &mut io).map_err(|error| EngineError::new(error.to_string()))?;
        Ok([rate_reset, membrane_reset])
    }
}

/// A synapse, of the chip or of a shadow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Synapse {
    /// LSB; whole on the chip.
    pub(crate) weight: f64,
    pub(crate) address: u8,
}

/// As the shadow of another engine, which reads the chip and keeps what it writes to itself.
impl ArrayEngine {
    /// Lets it read sensors without circuits, in real numbers.
    pub(crate) fn reading(self, reference: Reference) -> ArrayEngine {
        ArrayEngine { reading: Reading::Reference(reference), ..self }
    }

    /// Lets it read those of all pairs in eight steps a period, each of which brings its share of an
    /// update. For rules that change weights alone.
    pub(crate) fn reading_in_steps(self) -> ArrayEngine {
        ArrayEngine { reading: Reading::Steps(0), ..self }
    }

    /// Measures baselines and runs the rule's `start` after the engine has: its sensors are reset.
    pub(crate) fn shadow_start(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        if Sensors::of(self.instance.rule().module()).correlation {
            self.measure_baselines(chip);
        }
        match &mut self.reading {
            Reading::Codes => {}
            Reading::Reference(_) => chip.keep_reference_sensors(self.hemisphere),
            Reading::Steps(number) => {
                chip.keep_reference_sensors(self.hemisphere);
                let width_ticks = self.instance.rule().period_ticks().div_ceil(STEPS);
                *number = chip.keep_reference_steps(self.hemisphere, width_ticks);
            }
        }
        self.sample_reference(chip);
        self.planes.correlation_reset.fill(0);
        self.call(chip, Instance::start).map(|_| ())
    }

    /// Runs an update before the engine does: on the same readings.
    pub(crate) fn shadow_update(&mut self, chip: &Chip) -> Result<(), EngineError> {
        self.write_inputs();
        self.sample_correlation(chip);
        self.sample_reference(chip);
        self.planes.correlation_reset.fill(0);
        let before = chip.address_write_protect().then(|| self.planes.addresses.clone());
        match self.reading {
            Reading::Steps(number) => {
                let steps = self.steps(chip, number);
                self.call(chip, |instance, io| instance.update_in_steps(steps, io))?;
            }
            Reading::Codes | Reading::Reference(_) => {
                self.call(chip, Instance::update)?;
            }
        }
        if let Some(before) = before {
            self.planes.addresses = before;
        }
        Ok(())
    }

    /// Begins to see what the next update will, after the engine's.
    pub(crate) fn shadow_restart(&self, chip: &mut Chip) {
        if let Reading::Steps(number) = self.reading {
            chip.restart_reference_steps(self.hemisphere, number);
        }
    }

    /// What the steps since the last update would be if the whole time had been like them.
    fn steps(&self, chip: &Chip, number: usize) -> Vec<Step> {
        let step = |step: ReferenceStep<'_>| {
            let plane = |values: &[f64]| {
                let value = |row: &u8, column: usize| {
                    let at = usize::from(*row) * COLUMNS + column;
                    values.get(at).map_or(0.0, |value| value / step.share)
                };
                let of_row = |row| (0..COLUMNS).map(move |column| value(row, column));
                self.rows.iter().flat_map(of_row).collect::<Vec<f64>>()
            };
            let [causal, acausal] = step.values.map(plane);
            let spikes = |column| step.spikes.get(column).map_or(0.0, |count| f64::from(*count));
            let rates = (0..COLUMNS).map(|column| spikes(column) / step.share).collect();
            Step { share: step.share, causal, acausal, rates }
        };
        chip.reference_steps(self.hemisphere, number).into_iter().map(step).collect()
    }

    fn sample_reference(&mut self, chip: &Chip) {
        let Reading::Reference(reference) = self.reading else { return };
        let (causal, acausal) = (
            self.reference_plane(chip, Branch::Causal, reference),
            self.reference_plane(chip, Branch::Acausal, reference),
        );
        self.instance.set_real_correlation(causal, acausal);
    }

    /// What sensors without circuits read, row by row. Those with the spread of the chip's begin as
    /// far from the mean of their column as these do.
    fn reference_plane(&self, chip: &Chip, branch: Branch, reference: Reference) -> Vec<f64> {
        let h = self.hemisphere;
        let rows = || self.rows.iter().map(|row| usize::from(*row));
        let mut plane: Vec<f64> =
            rows().flat_map(|row| chip.reference_row(h, row, branch, reference)).collect();
        if reference == Reference::Spread {
            let baseline = |row, column| {
                let [_, _, baseline] = chip.sensor(h, row, column, branch);
                baseline
            };
            for column in self.used_columns() {
                let mean = rows().map(|row| baseline(row, column)).sum::<f64>();
                let mean = mean / self.rows.len().max(1) as f64;
                for (position, row) in rows().enumerate() {
                    plane[position * COLUMNS + column] += mean - baseline(row, column);
                }
            }
        }
        plane
    }

    /// The synapses of the view as the chip has them, row by row.
    pub(crate) fn on_chip(&self, chip: &Chip) -> Vec<Synapse> {
        let of_row = |row: &u8| {
            let row = usize::from(*row);
            let (weights, addresses) =
                (self.weights(chip, row), chip.address_row(self.hemisphere, row));
            self.used_columns().map(move |column| Synapse {
                weight: weights[column].cast_signed().into(),
                address: addresses[column],
            })
        };
        self.rows.iter().flat_map(of_row).collect()
    }

    /// The same as the shadow has them.
    pub(crate) fn own(&self) -> Vec<Synapse> {
        let of_row = |position: usize| {
            self.used_columns().map(move |column| {
                let at = position * COLUMNS + column;
                let weight = self.instance.real_weights()[at];
                Synapse { weight, address: self.planes.addresses[at] }
            })
        };
        (0..self.rows.len()).flat_map(of_row).collect()
    }

    fn used_columns(&self) -> impl Iterator<Item = usize> {
        let columns = self.columns;
        (0..COLUMNS).filter(move |column| columns[*column] != 0)
    }

    /// Measures the baselines of sensors that are reset, over the rows of the view.
    fn measure_baselines(&mut self, chip: &Chip) {
        self.sample_correlation(chip);
        let rows = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let mean = |codes: &[u8], column: usize| {
            let sum = codes.iter().skip(column).step_by(COLUMNS).map(|code| u32::from(*code)).sum();
            baseline(sum, rows)
        };
        self.causal_baseline =
            core::array::from_fn(|column| mean(&self.planes.causal_codes, column));
        self.acausal_baseline =
            core::array::from_fn(|column| mean(&self.planes.acausal_codes, column));
    }
}

/// Which sensors a rule reads or resets: only those are reset at the start.
struct Sensors {
    correlation: bool,
    rates: bool,
}

impl Sensors {
    fn of(module: &Module) -> Sensors {
        let any = |op, wanted: &[Quantity]| wanted.iter().any(|own| module.has(op, *own));
        Sensors {
            correlation: any(Op::Read, &[Quantity::Causal, Quantity::Acausal]),
            rates: any(Op::Read, &[Quantity::Rate]) || any(Op::Write, &[Quantity::RateReset]),
        }
    }
}

impl Engine for ArrayEngine {
    fn start(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        if self.signed() {
            self.binding.order_pairs(&self.rows, chip)?;
        }
        let sensors = Sensors::of(self.instance.rule().module());
        if sensors.rates {
            chip.reset_rate_counters(self.hemisphere, &self.columns.map(|column| column != 0));
        }
        if !sensors.correlation {
            return self.run(chip, Instance::start);
        }
        let bits = self.columns.map(|column| column & RESET_BOTH);
        for row in &self.rows {
            chip.reset_correlation_row(self.hemisphere, usize::from(*row), &bits);
        }
        self.measure_baselines(chip);
        self.run(chip, Instance::start)
    }

    fn update(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.write_inputs();
        self.run(chip, Instance::update)
    }

    fn take_records(&mut self) -> Vec<RecordSample> {
        let rule = self.instance.rule().clone();
        let mut out = Vec::new();
        for (record, decl) in rule.module().records.iter().enumerate() {
            let samples = core::mem::take(&mut self.instance.state.records[record].samples);
            let times = core::mem::take(&mut self.sample_times[record]);
            for (sample, now) in samples.iter().zip(times) {
                let field = |(decl, raw): (&pl_driver::ir::Field, &Vec<i32>)| RecordField {
                    name: decl.name.clone(),
                    scope: decl.scope.name().to_owned(),
                    frac: decl.frac,
                    values: self.view_values(decl.scope, raw),
                };
                out.push(RecordSample {
                    record,
                    update: sample.update,
                    now,
                    hemisphere: self.instance.state.hemisphere,
                    fields: decl.fields.iter().zip(&sample.fields).map(field).collect(),
                });
            }
        }
        out
    }

    fn samples_lost(&self) -> Vec<u64> {
        self.instance.state.records.iter().map(|record| record.dropped.into()).collect()
    }

    fn save(&self) -> Result<Vec<u8>, EngineError> {
        let ArrayEngine {
            instance,
            hemisphere: _,
            rows: _,
            binding: _,
            inputs: _,
            columns: _,
            causal_baseline,
            acausal_baseline,
            planes,
            sample_times,
            reading,
        } = self;
        let instance = instance.save().map_err(|error| EngineError::new(error.to_string()))?;
        let baselines = [causal_baseline, acausal_baseline];
        let number = if let Reading::Steps(number) = reading { *number } else { 0 };
        state::to_bytes(&(instance, baselines, planes, sample_times, number))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        type Kept = (Vec<u8>, [[u8; COLUMNS]; 2], Planes, Vec<Vec<u64>>, usize);
        let (instance, baselines, planes, sample_times, kept_number): Kept =
            state::from_bytes(bytes)?;
        let alike = planes.weights.len() == self.planes.weights.len()
            && sample_times.len() == self.sample_times.len();
        if !alike {
            return Err(EngineError::new("this is the state of another view"));
        }
        let restored = self.instance.restore(&instance);
        restored.map_err(|error| EngineError::new(error.to_string()))?;
        [self.causal_baseline, self.acausal_baseline] = baselines;
        (self.planes, self.sample_times) = (planes, sample_times);
        if let Reading::Steps(number) = &mut self.reading {
            *number = kept_number;
        }
        Ok(())
    }
}

impl ArrayEngine {
    /// The values of the view's columns, ascending; scalars as they are.
    fn view_values(&self, scope: Scope, raw: &[i32]) -> Vec<i32> {
        match scope {
            Scope::Synapse | Scope::Neuron => {
                let inside = self.columns.iter().cycle();
                let pairs = raw.iter().zip(inside);
                pairs.filter(|(_, column)| **column != 0).map(|(value, _)| *value).collect()
            }
            Scope::Row | Scope::Rule => raw.to_vec(),
        }
    }
}
