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
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::plasticity::{Plasticity, UpdateCounts};
use crate::task::{Task, TaskError};
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
    interrupted: bool,
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
            hemisphere: TOP,
            rows: bytes(self.config.inputs),
            columns: bytes(self.config.neurons),
            params: self.experiment.rule[&self.config.rule].params.clone(),
            seed,
            chip: 0,
            instance: 0,
            record_capacity: 0,
        }
    }

    /// The chip with all weights at `weight`.
    fn chip(&self, seed: u64, weight: u8) -> Chip {
        let mut chip = Chip::new(&self.experiment.chip, seed);
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
        let mut chip = self.chip(seed, weight);
        let own_seed = seed.wrapping_add(number << 32);
        let timing = self.experiment.run.timing;
        let mut rules = Plasticity::new(factory, timing, &[self.binding(own_seed)])?;
        rules.start(&mut chip)?;
        chip.take_spikes();
        let neurons = usize::from(self.config.neurons);
        let (begin, end) = (rules.begun(), ticks_from_us(1000.0 * self.config.duration_bio_s));
        let judged = end.saturating_sub(ticks_from_us(1000.0 * self.config.judged_bio_s));
        let mut course = Course { neurons_bio_hz: vec![0.0; neurons], ..Course::default() };
        let mut judged_s = 0.0;
        let (mut from, mut until) = (begin, begin + info.phase_ticks);
        while until - begin <= end && !monitor.interrupted() {
            rules.run_until(&mut chip, until, &input(self.config, own_seed, from, until))?;
            let seconds = biological_s_from_ticks(until - from);
            let mut counts = vec![0.0; neurons];
            for spike in chip.take_spikes() {
                counts[usize::from(spike.column)] += 1.0;
            }
            if from - begin >= judged {
                judged_s += seconds;
                for (sum, count) in course.neurons_bio_hz.iter_mut().zip(&counts) {
                    *sum += count;
                }
            }
            course.rates_bio_hz.push(counts.iter().sum::<f64>() / neurons as f64 / seconds);
            course.times_s.push(biological_s_from_ticks(until - begin));
            course.weights.push(self.mean_weight(&chip));
            monitor.advance(until - from);
            (from, until) = (until, until + info.period_ticks);
        }
        rules.finish(&mut chip)?;
        course.updates = rules.counts().into_iter().reduce(UpdateCounts::and).unwrap_or_default();
        course.counts = Counts::of(&chip);
        course.neurons_bio_hz.iter_mut().for_each(|rate| *rate /= f64::max(judged_s, 1e-9));
        course.interrupted = until - begin <= end;
        Ok(course)
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
