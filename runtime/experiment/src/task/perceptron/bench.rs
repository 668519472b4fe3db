//! The chip at work: one hemisphere multiplies, the other spikes and learns.

use borsh::{BorshDeserialize, BorshSerialize};

use super::config::PerceptronConfig;
use super::unit_lsb;
use crate::config::Experiment;
use crate::counts::Counts;
use crate::engine::{Binding, Engine, EngineError, EngineFactory, RecordSample};
use crate::monitor::{Monitor, Occasion};
use crate::plasticity::{Plasticity, UpdateCounts, commanded};
use crate::records::{self, Recorded};
use crate::state::{self, Keeper};
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
#[derive(Clone, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(super) struct Results {
    /// What came out, for each vector and column in use.
    pub(super) measured: Vec<Vec<i8>>,
    /// The exact products.
    pub(super) exact: Vec<Vec<i32>>,
}

/// What turns a result into one of a nominal column: `gain * (result - offset)`.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
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

/// How far a run has come.
#[derive(Default, BorshSerialize, BorshDeserialize)]
struct Progress {
    last_update: u64,
    next_update: u64,
    next_job: u64,
    /// As of [`Bench::rates`].
    rates: Vec<(f64, f64)>,
    /// Of each pass over the test samples.
    results: [Results; 2],
    /// Updates of the calibrating rule.
    calibrated: usize,
    correction: Option<Correction>,
    /// What the calibrating rule recorded, and lost, once it is done.
    calibration: (Vec<RecordSample>, Vec<u64>),
}

/// One of the two passes over the test samples.
#[derive(Clone, Copy)]
pub(super) enum Pass {
    BeforeCalibration,
    AfterCalibration,
}

/// The chip, its rules, and when things happen.
pub(super) struct Bench<'a> {
    experiment: &'a Experiment,
    config: &'a PerceptronConfig,
    monitor: &'a dyn Monitor,
    keeper: Keeper<'a>,
    seed: u64,
    /// Columns in use for multiplications.
    columns: usize,
    chip: Chip,
    learner: Plasticity,
    /// From its start to its end.
    calibrator: Option<Box<dyn Engine>>,
    /// State of the calibrator to go on from.
    kept_calibrator: Option<Vec<u8>>,
    /// Ticks between updates of the learning rule.
    period: u64,
    progress: Progress,
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
        let failed = |error| engine_error(&config.learner, error);
        let info = factory.rule_info(&config.learner).map_err(failed)?;
        let bindings = [binding(experiment, &config.learner, SPIKES, seed)];
        let learner = Plasticity::new(factory, experiment.run.timing, &bindings);
        let mut bench = Bench {
            experiment,
            config,
            monitor,
            keeper: Keeper::new(monitor, seed, ""),
            seed,
            columns,
            chip: experiment.calibrated_chip(seed),
            learner: learner.map_err(failed)?,
            calibrator: None,
            kept_calibrator: None,
            period: info.period_ticks,
            progress: Progress::default(),
            interrupted: false,
        };
        if !bench.go_on().map_err(failed)? {
            bench.start(info.phase_ticks).map_err(failed)?;
        }
        Ok(bench)
    }

    /// Goes on from what was kept, if anything was.
    fn go_on(&mut self) -> Result<bool, EngineError> {
        let Some((chip, learner, calibrator, progress)) = self.keeper.kept()? else {
            return Ok(false);
        };
        let learner: Vec<u8> = learner;
        self.learner.restore(&learner)?;
        (self.chip, self.kept_calibrator, self.progress) = (chip, calibrator, progress);
        let Progress { results: [before, after], calibrated, .. } = &self.progress;
        let jobs = before.measured.len() + calibrated + after.measured.len();
        self.monitor.go_on(jobs as u64);
        Ok(true)
    }

    fn start(&mut self, phase: u64) -> Result<(), EngineError> {
        self.chip.set_perceptron_mode(MULTIPLIES.into(), true);
        let weights = [self.config.spiking.initial_weight; COLUMNS];
        self.chip.write_weights_row(SPIKES.into(), ROW.into(), &weights);
        self.learner.start(&mut self.chip)?;
        self.chip.take_spikes();
        let begin = self.learner.begun();
        let next_update = begin + phase;
        self.progress =
            Progress { last_update: begin, next_update, next_job: begin, ..Progress::default() };
        self.send(begin, next_update);
        self.send(next_update, next_update + self.period);
        Ok(())
    }

    fn state(&self) -> Result<Vec<u8>, EngineError> {
        let calibrator = self.calibrator.as_ref().map(|engine| engine.save()).transpose()?;
        let calibrator = calibrator.as_ref().or(self.kept_calibrator.as_ref());
        state::to_bytes(&(&self.chip, self.learner.save()?, calibrator, &self.progress))
    }

    /// Time of each update, milliseconds of hardware time, and the mean rate of the spiking neurons
    /// since the one before, hertz of hardware time.
    pub(super) fn rates(&self) -> &[(f64, f64)] {
        &self.progress.rates
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
        while self.progress.next_update <= until {
            let due = self.progress.next_update;
            self.learn_until(due)?;
            let seconds = (due - self.progress.last_update) as f64 / TICKS_PER_S as f64;
            let spikes = self.chip.take_spikes().len() as f64;
            let rate = spikes / COLUMNS as f64 / seconds;
            self.progress.rates.push((us_from_ticks(due) / 1000.0, rate));
            let next = due + self.period;
            (self.progress.last_update, self.progress.next_update) = (due, next);
            self.send(next, next + self.period);
        }
        self.learn_until(until)
    }

    fn learn_until(&mut self, until: u64) -> Result<(), TaskError> {
        let ran = self.learner.run_until(&mut self.chip, until, &[]);
        ran.map_err(|error| engine_error(&self.config.learner, error))
    }

    /// Ends the learning rule; what became of its updates.
    pub(super) fn finish(&mut self) -> Result<UpdateCounts, TaskError> {
        let failed = |error| engine_error(&self.config.learner, error);
        self.keeper.offer(Occasion::Last, &|| self.state()).map_err(failed)?;
        self.learner.finish(&mut self.chip).map_err(failed)?;
        Ok(self.learner.counts().into_iter().sum())
    }

    /// What the learning rule recorded, and the calibrating one.
    pub(super) fn take_recorded(&mut self) -> [Vec<Recorded>; 2] {
        if let Some(engine) = &mut self.calibrator {
            self.progress.calibration = (engine.take_records(), engine.samples_lost());
        }
        let (samples, lost) = core::mem::take(&mut self.progress.calibration);
        let calibration = Recorded { place: String::new(), samples, lost };
        [self.learner.take_recorded(), vec![calibration]]
    }

    /// Waits for the next multiplication's time. False if the run is to stop.
    fn next(&mut self) -> Result<bool, TaskError> {
        self.interrupted |= self.monitor.interrupted();
        if self.interrupted {
            return Ok(false);
        }
        self.progress.next_job += ticks_from_us(self.config.interval_us);
        self.advance(self.progress.next_job)?;
        Ok(true)
    }

    /// A multiplication, or what takes the place of one, is done.
    fn done(&self) -> Result<(), EngineError> {
        self.monitor.advance(1);
        self.keeper.offer(Occasion::Passing, &|| self.state())
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
        pass: Pass,
        matrix: &[Vec<i32>],
        vectors: &[Vec<u8>],
    ) -> Result<Results, TaskError> {
        if !self.interrupted {
            self.write(matrix);
        }
        let h = usize::from(MULTIPLIES);
        let done = self.progress.results[pass as usize].measured.len();
        for vector in vectors.iter().skip(done) {
            if !self.next()? {
                break;
            }
            let exact = self.chip.exact_product(h, vector)[..self.columns].to_vec();
            let measured = self.chip.multiply(h, vector)[..self.columns].to_vec();
            let results = &mut self.progress.results[pass as usize];
            results.exact.push(exact);
            results.measured.push(measured);
            self.done().map_err(|error| engine_error(&self.config.learner, error))?;
        }
        Ok(self.progress.results[pass as usize].clone())
    }

    /// Runs the calibrating rule with vectors of this length, and returns what it found.
    pub(super) fn calibrate(
        &mut self,
        factory: &dyn EngineFactory,
        inputs: usize,
    ) -> Result<Correction, TaskError> {
        if let Some(correction) = &self.progress.correction {
            return Ok(correction.clone());
        }
        if self.interrupted {
            return Ok(Correction::none(self.columns));
        }
        let weight = self.config.calibration.weight;
        self.write(&vec![vec![i32::from(weight); inputs]; self.columns]);
        let rule = self.config.calibrator.clone();
        let failed = |error| engine_error(&rule, error);
        self.start_calibrator(factory, inputs).map_err(failed)?;
        while self.progress.calibrated < 3 * self.config.calibration.cycles {
            if !self.next()? {
                return Ok(Correction::none(self.columns));
            }
            self.calibrate_once(inputs).map_err(failed)?;
        }
        self.chip.set_ppu_control(MULTIPLIES.into(), 0);
        if let Some(mut engine) = self.calibrator.take() {
            self.progress.calibration = (engine.take_records(), engine.samples_lost());
        }
        let correction = Correction::from_records(&self.progress.calibration.0).map_err(failed)?;
        self.progress.correction = Some(correction.clone());
        Ok(correction)
    }

    fn start_calibrator(
        &mut self,
        factory: &dyn EngineFactory,
        inputs: usize,
    ) -> Result<(), EngineError> {
        let calibration = &self.config.calibration;
        let product = f64::from(calibration.input) * f64::from(calibration.weight) * inputs as f64;
        let mut binding = binding(self.experiment, &self.config.calibrator, MULTIPLIES, self.seed);
        binding.columns = (0..=u8::MAX).take(self.columns).collect();
        binding.record_capacity = 3 * calibration.cycles;
        binding.params.insert("reference".into(), product * unit_lsb(self.experiment));
        let mut engine = commanded(factory, self.experiment.run.timing, &binding)?;
        match self.kept_calibrator.take() {
            Some(kept) => engine.restore(&kept)?,
            None => engine.start(&mut self.chip)?,
        }
        self.calibrator = Some(engine);
        Ok(())
    }

    /// One update of the calibrating rule, after what it is to see.
    fn calibrate_once(&mut self, inputs: usize) -> Result<(), EngineError> {
        match self.progress.calibrated % 3 {
            0 => {
                let wait = ticks_from_us(self.experiment.chip.perceptron.reset_us);
                self.chip.reset_membranes(MULTIPLIES.into(), &[true; COLUMNS]);
                self.chip.run_until(self.chip.now() + wait, &[]);
            }
            phase => {
                let level = if phase == 1 { 0 } else { self.config.calibration.input };
                self.chip.multiply(MULTIPLIES.into(), &vec![level; inputs]);
            }
        }
        if let Some(engine) = &mut self.calibrator {
            engine.update(&mut self.chip)?;
        }
        self.progress.calibrated += 1;
        self.done()
    }
}

/// A binding to the first row and all columns of a hemisphere.
fn binding(experiment: &Experiment, rule: &str, hemisphere: u8, seed: u64) -> Binding {
    Binding {
        rule: rule.to_owned(),
        arm: String::new(),
        hemisphere,
        rows: vec![ROW],
        columns: (0..=u8::MAX).collect(),
        params: experiment.rule[rule].params.clone(),
        inputs: experiment.rule[rule].inputs.clone(),
        seed,
        run_seed: seed,
        chip: 0,
        instance: 0,
        record_capacity: records::CAPACITY,
    }
}

fn engine_error(rule: &str, error: EngineError) -> TaskError {
    TaskError::Engine { rule: rule.to_owned(), error }
}
