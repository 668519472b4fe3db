//! Whether a rule brings firing rates to one value, wherever weights begin.
//!
//! Neurons hear the same Poisson inputs through plastic synapses. The experiment runs once for each
//! initial weight, on the same chip, with input and random numbers of its own; rates at the end are
//! compared with each other and with the fixed points of the rule's mean change.
//!
//! ```text
//!   config.rs       the `[task]` table
//!   fixed_point.rs  the prediction
//!   report.rs       metrics, arrays and the picture
//! ```

mod config;
mod fixed_point;
mod report;

pub use config::{FixedPointConfig, StabilityConfig};

use crate::config::Experiment;
use crate::counts::Counts;
use crate::engine::{Binding, EngineError, EngineFactory};
use crate::membranes::Trace;
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::plasticity::{Plasticity, UpdateCounts};
use crate::records::{self, Recorded};
use crate::stepwise::{Period, Stepwise};
use crate::task::{Task, TaskError};
use borsh::{BorshDeserialize, BorshSerialize};
use fixed_point::Drift;
use pl_chip::time::{SPEED_UP, biological_s_from_ticks, ticks_from_us};
use pl_chip::{COLUMNS, Chip, InputEvent, RowMode, Target, events};

/// The hemisphere in use: the top one.
const TOP: u8 = 0;

/// Runs of a stability experiment.
#[derive(Clone, Copy, Debug)]
pub struct Stability<'a> {
    experiment: &'a Experiment,
    config: &'a StabilityConfig,
}

/// What a run from one initial weight left.
#[derive(Clone, Debug, Default)]
struct Course {
    /// Biological time of each update.
    times_s: Vec<f64>,
    /// Mean rate of all neurons between updates, hertz of biological time.
    rates_bio_hz: Vec<f64>,
    /// Mean weight after each update.
    weights: Vec<f64>,
    /// Of each neuron over the judged end.
    neurons_bio_hz: Vec<f64>,
    updates: UpdateCounts,
    counts: Counts,
    membranes: Option<Trace>,
    recorded: Vec<Recorded>,
    interrupted: bool,
}

/// How far a run has come.
#[derive(Default, BorshSerialize, BorshDeserialize)]
struct Progress {
    /// As of [`Course`].
    times_s: Vec<f64>,
    /// As of [`Course`].
    rates_bio_hz: Vec<f64>,
    /// As of [`Course`].
    weights: Vec<f64>,
    /// Spikes of each neuron over the judged end so far.
    spikes: Vec<f64>,
    /// Biological time that was judged.
    judged_s: f64,
    /// The one that comes next.
    period: Period,
}

impl<'a> Stability<'a> {
    /// An experiment that is ready to run.
    #[must_use]
    pub fn new(experiment: &'a Experiment, config: &'a StabilityConfig) -> Stability<'a> {
        Stability { experiment, config }
    }

    fn binding(&self, seed: u64) -> Binding {
        let bytes = |count: u16| (0..=u8::MAX).take(count.into()).collect();
        Binding {
            rule: self.config.rule.clone(),
            arm: String::new(),
            hemisphere: TOP,
            rows: bytes(self.config.inputs),
            columns: bytes(self.config.neurons),
            params: self.experiment.rule[&self.config.rule].params.clone(),
            inputs: self.experiment.rule[&self.config.rule].inputs.clone(),
            seed,
            run_seed: seed,
            chip: 0,
            instance: 0,
            record_capacity: records::CAPACITY,
        }
    }

    /// The chip with all weights at `weight`.
    fn chip(&self, seed: u64, weight: u8) -> Chip {
        let mut chip = self.experiment.calibrated_chip(seed);
        let h = usize::from(TOP);
        chip.set_active_columns(h, 0..self.config.neurons.into());
        for row in 0..usize::from(self.config.inputs) {
            chip.set_row_mode(h, row, RowMode::Excitatory);
            chip.write_weights_row(h, row, &[weight; COLUMNS]);
        }
        chip
    }

    fn course(
        &self,
        factory: &dyn EngineFactory,
        (seed, number): (u64, u64),
        weight: u8,
        monitor: &dyn Monitor,
    ) -> Result<Course, EngineError> {
        let info = factory.rule_info(&self.config.rule)?;
        let own_seed = seed.wrapping_add(number << 32);
        let arm = format!("from_{weight}");
        let bindings = [Binding { arm, run_seed: seed, ..self.binding(own_seed) }];
        let rules = Plasticity::new(factory, self.experiment.run.timing, &bindings)?
            .recording(self.experiment.record.membranes.as_ref());
        let begin = |_: &Chip, rules: &Plasticity| {
            let spikes = vec![0.0; self.config.neurons.into()];
            Progress { period: Period::first(rules.begun(), &info), spikes, ..Progress::default() }
        };
        let (part, chip) = (number.to_string(), || self.chip(seed, weight));
        let mut run = Stepwise::open(monitor, (seed, &part), rules, chip, begin)?;
        let end = run.rules.begun() + ticks_from_us(1000.0 * self.config.duration_bio_s);
        let left = |progress: &Progress| progress.period.until <= end;
        run.run(left, |chip, rules, progress| {
            let period = progress.period;
            self.period(chip, rules, progress, own_seed)?;
            progress.period = period.next(&info);
            Ok(period.ticks())
        })?;
        let Stepwise { chip, mut rules, progress, .. } = run;
        let judged_s = f64::max(progress.judged_s, 1e-9);
        Ok(Course {
            interrupted: left(&progress),
            times_s: progress.times_s,
            rates_bio_hz: progress.rates_bio_hz,
            weights: progress.weights,
            neurons_bio_hz: progress.spikes.iter().map(|spikes| spikes / judged_s).collect(),
            updates: rules.counts().into_iter().sum(),
            counts: Counts::of(&chip),
            membranes: rules.membranes().cloned(),
            recorded: rules.take_recorded(),
        })
    }

    /// One period, the update that ends it included.
    fn period(
        &self,
        chip: &mut Chip,
        rules: &mut Plasticity,
        progress: &mut Progress,
        seed: u64,
    ) -> Result<(), EngineError> {
        let Period { from, until } = progress.period;
        rules.run_until(chip, until, &input(self.config, seed, from, until))?;
        let seconds = biological_s_from_ticks(until - from);
        let mut counts = vec![0.0; self.config.neurons.into()];
        for spike in chip.take_spikes() {
            counts[usize::from(spike.column)] += 1.0;
        }
        let end = ticks_from_us(1000.0 * self.config.duration_bio_s);
        let judged = end.saturating_sub(ticks_from_us(1000.0 * self.config.judged_bio_s));
        if from - rules.begun() >= judged {
            progress.judged_s += seconds;
            progress.spikes.iter_mut().zip(&counts).for_each(|(sum, count)| *sum += count);
        }
        let neurons = counts.len() as f64;
        progress.rates_bio_hz.push(counts.iter().sum::<f64>() / neurons / seconds);
        progress.times_s.push(biological_s_from_ticks(until - rules.begun()));
        progress.weights.push(self.mean_weight(chip));
        Ok(())
    }

    fn mean_weight(&self, chip: &Chip) -> f64 {
        let (rows, columns) = (usize::from(self.config.inputs), usize::from(self.config.neurons));
        let row = |row| chip.weights_row(TOP.into(), row);
        let sum = |row: [u8; COLUMNS]| row[..columns].iter().map(|w| u32::from(*w)).sum::<u32>();
        f64::from((0..rows).map(row).map(sum).sum::<u32>()) / (rows * columns) as f64
    }
}

/// Events of the inputs between two updates.
fn input(config: &StabilityConfig, seed: u64, from: u64, to: u64) -> Vec<InputEvent> {
    let mut input = Vec::new();
    let rate_hz = config.input_rate_bio_hz * SPEED_UP as f64;
    for row in (0..=u8::MAX).take(config.inputs.into()) {
        let target = Target { hemisphere: TOP, row, address: 0 };
        events::poisson(seed, row.into(), target, rate_hz, from, to, &mut input);
    }
    input.sort_unstable();
    input
}

impl Task for Stability<'_> {
    fn threads(&self) -> usize {
        1
    }

    fn units(&self) -> u64 {
        // Ticks of the chips' time.
        self.config.initial_weights.len() as u64
            * ticks_from_us(1000.0 * self.config.duration_bio_s)
    }

    fn run(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        let failed = |error| TaskError::Engine { rule: self.config.rule.clone(), error };
        let drift = Drift::new(self, factory, seed).map_err(failed)?;
        let courses: Result<Vec<Course>, EngineError> = (1..)
            .zip(&self.config.initial_weights)
            .map(|(number, weight)| self.course(factory, (seed, number), *weight, monitor))
            .collect();
        Ok(self.outcome(&courses.map_err(failed)?, drift.as_ref()))
    }
}
