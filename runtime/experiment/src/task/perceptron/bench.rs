//! The chip at work: one hemisphere multiplies, the other spikes and learns.

use super::config::PerceptronConfig;
use super::unit_lsb;
use crate::config::Experiment;
use crate::counts::Counts;
use crate::engine::{Binding, EngineError, EngineFactory, RecordSample};
use crate::monitor::Monitor;
use crate::plasticity::{Plasticity, UpdateCounts, commanded};
use crate::task::TaskError;
use pl_chip::time::{TICKS_PER_S, ticks_from_us, us_from_ticks};
use pl_chip::{COLUMNS, Chip, RowMode, Target, events};

/// The hemisphere in perceptron mode: the top one.
const MULTIPLIES: u8 = 0;
/// The hemisphere that spikes.
const SPIKES: u8 = 1;
/// The row there that the source drives.
const ROW: u8 = 0;

/// Results of some multiplications.
#[derive(Clone, Debug, Default)]
pub(super) struct Results {
    /// What came out, for each vector and column in use.
    pub(super) measured: Vec<Vec<i8>>,
    /// The exact products.
    pub(super) exact: Vec<Vec<i32>>,
}

/// What turns a result into one of a nominal column: `gain * (result - offset)`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Correction {
    pub(super) gain: Vec<f64>,
    pub(super) offset: Vec<f64>,
}

impl Correction {
    pub(super) fn none(columns: usize) -> Correction {
        Correction { gain: vec![1.0; columns], offset: vec![0.0; columns] }
    }

    pub(super) fn apply(&self, results: &[i8]) -> Vec<f64> {
        let columns = results.iter().zip(self.gain.iter().zip(&self.offset));
        columns.map(|(result, (gain, offset))| gain * (f64::from(*result) - offset)).collect()
    }

    /// The last sample of `gain` and `offset`.
    fn from_records(samples: &[RecordSample]) -> Result<Correction, EngineError> {
        let last = |name: &str| {
            let mut fields = samples.iter().flat_map(|sample| &sample.fields).rev();
            let field = fields.find(|field| field.name == name && field.scope == "neuron");
            let missing = || EngineError::new(format!("it records no `{name}` of its neurons"));
            let field = field.ok_or_else(missing)?;
            let unit = f64::from(-field.frac).exp2();
            Ok(field.values.iter().map(|raw| f64::from(*raw) * unit).collect())
        };
        Ok(Correction { gain: last("gain")?, offset: last("offset")? })
    }
}

/// The chip, its learning rule, and when things happen.
pub(super) struct Bench<'a> {
    experiment: &'a Experiment,
    config: &'a PerceptronConfig,
    monitor: &'a dyn Monitor,
    seed: u64,
    /// Columns in use for multiplications.
    columns: usize,
    chip: Chip,
    learner: Plasticity,
    /// Ticks between updates of the learning rule.
    period: u64,
    last_update: u64,
    next_update: u64,
    next_job: u64,
    /// Time of each update, milliseconds of hardware time, and the mean rate of the spiking
    /// neurons since the one before, hertz of hardware time.
    pub(super) rates: Vec<(f64, f64)>,
    pub(super) interrupted: bool,
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        experiment: &'a Experiment,
        config: &'a PerceptronConfig,
        columns: usize,
        factory: &dyn EngineFactory,
        (seed, monitor): (u64, &'a dyn Monitor),
    ) -> Result<Bench<'a>, TaskError> {
        let mut chip = Chip::new(&experiment.chip, seed);
        chip.set_perceptron_mode(MULTIPLIES.into(), true);
        let weights = [config.spiking.initial_weight; COLUMNS];
        chip.write_weights_row(SPIKES.into(), ROW.into(), &weights);
        let rule = &config.learner;
        let start = |chip: &mut Chip| {
            let info = factory.rule_info(rule)?;
            let bindings = [binding(experiment, rule, SPIKES, seed)];
            let mut learner = Plasticity::new(factory, experiment.run.timing, &bindings)?;
            learner.start(chip)?;
            Ok((learner, info))
        };
        let (learner, info) = start(&mut chip).map_err(|error| engine_error(rule, error))?;
        let begin = learner.begun();
        chip.take_spikes();
        let mut bench = Bench {
            experiment,
            config,
            monitor,
            seed,
            columns,
            chip,
            learner,
            period: info.period_ticks,
            last_update: begin,
            next_update: begin + info.phase_ticks,
            next_job: begin,
            rates: Vec::new(),
            interrupted: false,
        };
        bench.send(begin, bench.next_update);
        bench.send(bench.next_update, bench.next_update + bench.period);
        Ok(bench)
    }

    /// The chip's time, ticks.
    pub(super) fn now(&self) -> u64 {
        self.chip.now()
    }

    /// What the chip has counted.
    pub(super) fn counts(&self) -> Counts {
        Counts::of(&self.chip)
    }

    /// Final weights of the spiking neurons.
    pub(super) fn learnt_weights(&self) -> [u8; COLUMNS] {
        self.chip.weights_row(SPIKES.into(), ROW.into())
    }

    /// Queues the source's events between two updates. They must be there a period before, since a
    /// multiplication may pass the time of an update.
    fn send(&mut self, from: u64, to: u64) {
        let target = Target { hemisphere: SPIKES, row: ROW, address: 0 };
        let mut input = Vec::new();
        let rate_hz = self.config.spiking.source_hz;
        events::poisson(self.seed, 0, target, rate_hz, from, to, &mut input);
        self.chip.run_until(self.chip.now(), &input);
    }

    /// Advances to `until`, with the updates of the learning rule that are due; those that a
    /// multiplication has passed come after it.
    fn advance(&mut self, until: u64) -> Result<(), TaskError> {
        while self.next_update <= until {
            self.learn_until(self.next_update)?;
            let seconds = (self.next_update - self.last_update) as f64 / TICKS_PER_S as f64;
            let spikes = self.chip.take_spikes().len() as f64;
            let time_ms = us_from_ticks(self.next_update) / 1000.0;
            self.rates.push((time_ms, spikes / COLUMNS as f64 / seconds));
            (self.last_update, self.next_update) =
                (self.next_update, self.next_update + self.period);
            self.send(self.next_update, self.next_update + self.period);
        }
        self.learn_until(until)
    }

    fn learn_until(&mut self, until: u64) -> Result<(), TaskError> {
        let ran = self.learner.run_until(&mut self.chip, until, &[]);
        ran.map_err(|error| engine_error(&self.config.learner, error))
    }

    /// Ends the learning rule; what became of its updates.
    pub(super) fn finish(&mut self) -> Result<UpdateCounts, TaskError> {
        let ended = self.learner.finish(&mut self.chip);
        ended.map_err(|error| engine_error(&self.config.learner, error))?;
        Ok(self.learner.counts().into_iter().reduce(UpdateCounts::and).unwrap_or_default())
    }

    /// Waits for the next multiplication's time. False if the run is to stop.
    fn next(&mut self) -> Result<bool, TaskError> {
        self.interrupted |= self.monitor.interrupted();
        if self.interrupted {
            return Ok(false);
        }
        self.next_job += ticks_from_us(self.config.interval_us);
        self.advance(self.next_job)?;
        self.monitor.advance(1);
        Ok(true)
    }

    /// Writes signed weights, a column a list: driver `i` gets element `i`.
    fn write(&mut self, matrix: &[Vec<i32>]) {
        let h = usize::from(MULTIPLIES);
        let drivers = matrix.first().map_or(0, Vec::len);
        for driver in 0..drivers {
            for (row, mode, sign) in
                [(2 * driver, RowMode::Excitatory, 1), (2 * driver + 1, RowMode::Inhibitory, -1)]
            {
                let mut weights = [0; COLUMNS];
                for (weight, column) in weights.iter_mut().zip(matrix) {
                    *weight = u8::try_from((sign * column[driver]).max(0)).unwrap_or(0);
                }
                self.chip.set_row_mode(h, row, mode);
                self.chip.write_weights_row(h, row, &weights);
            }
        }
    }

    /// Multiplies each of `vectors` by `matrix`, whose columns stand one after the other.
    pub(super) fn multiply(
        &mut self,
        matrix: &[Vec<i32>],
        vectors: &[Vec<u8>],
    ) -> Result<Results, TaskError> {
        self.write(matrix);
        let h = usize::from(MULTIPLIES);
        let mut results = Results::default();
        for vector in vectors {
            if !self.next()? {
                break;
            }
            results.exact.push(self.chip.exact_product(h, vector)[..self.columns].to_vec());
            results.measured.push(self.chip.multiply(h, vector)[..self.columns].to_vec());
        }
        Ok(results)
    }

    /// Runs the calibrating rule with vectors of this length, and returns what it found.
    pub(super) fn calibrate(
        &mut self,
        factory: &dyn EngineFactory,
        inputs: usize,
    ) -> Result<Correction, TaskError> {
        let calibration = &self.config.calibration;
        let (input, weight) = (calibration.input, calibration.weight);
        self.write(&vec![vec![i32::from(weight); inputs]; self.columns]);
        let failed = |error| engine_error(&self.config.calibrator, error);
        let product = f64::from(input) * f64::from(weight) * inputs as f64;
        let rule = &self.config.calibrator;
        let mut binding = binding(self.experiment, rule, MULTIPLIES, self.seed);
        binding.columns = (0..=u8::MAX).take(self.columns).collect();
        binding.record_capacity = calibration.cycles;
        binding.params.insert("reference".into(), product * unit_lsb(self.experiment));
        let timing = self.experiment.run.timing;
        let mut engine = commanded(factory, timing, &binding).map_err(failed)?;
        engine.start(&mut self.chip).map_err(failed)?;
        let wait = ticks_from_us(self.experiment.chip.perceptron.reset_us);
        for update in 0..3 * calibration.cycles {
            if !self.next()? {
                return Ok(Correction::none(self.columns));
            }
            match update % 3 {
                0 => {
                    self.chip.reset_membranes(MULTIPLIES.into(), &[true; COLUMNS]);
                    self.chip.run_until(self.chip.now() + wait, &[]);
                }
                phase => {
                    let level = if phase == 1 { 0 } else { input };
                    self.chip.multiply(MULTIPLIES.into(), &vec![level; inputs]);
                }
            }
            engine.update(&mut self.chip).map_err(failed)?;
        }
        self.chip.set_ppu_control(MULTIPLIES.into(), 0);
        Correction::from_records(&engine.take_records()).map_err(failed)
    }
}

/// A binding to the first row and all columns of a hemisphere.
fn binding(experiment: &Experiment, rule: &str, hemisphere: u8, seed: u64) -> Binding {
    Binding {
        rule: rule.to_owned(),
        hemisphere,
        rows: vec![ROW],
        columns: (0..=u8::MAX).collect(),
        params: experiment.rule[rule].params.clone(),
        seed,
        chip: 0,
        instance: 0,
        record_capacity: 0,
    }
}

fn engine_error(rule: &str, error: EngineError) -> TaskError {
    TaskError::Engine { rule: rule.to_owned(), error }
}
