//! A rule that is the whole experiment: it poses the task, reads the answer and learns.
//!
//! All rows of its view get the same burst of events after each update, and which synapses answer is
//! the rule's doing, by their addresses; or rows get it in turn. Independent Poisson noise reaches every neuron through one
//! excitatory and one inhibitory row outside the view, whose synapses tell the sources apart by
//! address. Numbers of the summary are what the rule records of itself.
//!
//! ```text
//!   config.rs         the `[task]` table
//!   excitability.rs   answers of the neurons to the same input, without learning
//!   scene.rs          what is shown while the rule runs
//!   report.rs         metrics, arrays and pictures
//! ```

mod config;
mod excitability;
mod report;
mod scene;

pub use config::{AutonomousConfig, Diagonal, Place, Point, Sequence};

use crate::config::Experiment;
use crate::counts::Counts;
use crate::engine::{Binding, EngineError, EngineFactory, RecordSample};
use crate::membranes::Trace;
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::plasticity::{Plasticity, UpdateCounts};
use crate::stepwise::{Period, Stepwise};
use crate::task::{Task, TaskError};
use borsh::{BorshDeserialize, BorshSerialize};
use ndarray::Array2;
use pl_chip::time::ticks_from_us;
use pl_chip::{COLUMNS, Chip, InputEvent, RowMode, Target, events};
use scene::Scene;

/// The hemisphere in use: the top one.
const TOP: u8 = 0;
/// First row of the noise, unless the view is larger.
const NOISE_ROW: u16 = 64;
/// Addresses that tell noise sources apart, so most neurons that hear it.
const NOISY_COLUMNS_MAX: u16 = 64;
/// Most rows of a view: two drivers are for the noise.
const ROWS_MAX: u16 = 252;

/// Runs of an autonomous rule.
#[derive(Clone, Copy, Debug)]
pub struct Autonomous<'a> {
    experiment: &'a Experiment,
    config: &'a AutonomousConfig,
}

/// How far a run has come.
#[derive(Default, BorshSerialize, BorshDeserialize)]
struct Progress {
    records: Vec<RecordSample>,
    /// Periods that went by.
    updates: u32,
    /// The one that comes next.
    period: Period,
}

/// What a run left.
struct Course {
    records: Vec<RecordSample>,
    /// Samples that found no room, by record statement.
    samples_lost: Vec<u64>,
    weights: Array2<u8>,
    /// Events of each neuron in answer to the same input.
    excitability: Vec<f64>,
    /// Periods of the rule that went by.
    updates: u32,
    update_counts: UpdateCounts,
    period_ticks: u64,
    counts: Counts,
    membranes: Option<Trace>,
}

impl<'a> Autonomous<'a> {
    /// An experiment that is ready to run.
    #[must_use]
    pub fn new(experiment: &'a Experiment, config: &'a AutonomousConfig) -> Autonomous<'a> {
        Autonomous { experiment, config }
    }

    fn binding(&self, seed: u64) -> Binding {
        let bytes = |count: u16| (0..=u8::MAX).take(count.into()).collect();
        Binding {
            rule: self.config.rule.clone(),
            arm: String::new(),
            hemisphere: TOP,
            rows: bytes(self.config.rows),
            columns: bytes(self.config.columns),
            params: self.experiment.rule[&self.config.rule].params.clone(),
            inputs: self.experiment.rule[&self.config.rule].inputs.clone(),
            seed,
            run_seed: seed,
            chip: 0,
            instance: 0,
            record_capacity: usize::try_from(self.config.updates).unwrap_or(usize::MAX),
        }
    }

    /// A chip with the view's rows excitatory, and the noise connected.
    fn chip(&self, seed: u64) -> Chip {
        let mut chip = self.experiment.calibrated_chip(seed);
        let h = usize::from(TOP);
        chip.set_active_columns(h, 0..self.config.columns.into());
        for row in 0..usize::from(self.config.rows) {
            chip.set_row_mode(h, row, RowMode::Excitatory);
        }
        // A column's noise has the column's address; as many as neurons that hear it are distinct.
        let addresses = core::array::from_fn(|column| column.to_le_bytes()[0] & 0x3f);
        for (row, mode) in self.noise_rows() {
            chip.set_row_mode(h, row.into(), mode);
            chip.write_weights_row(h, row.into(), &[self.config.noise_weight; COLUMNS]);
            chip.write_address_row(h, row.into(), &addresses);
        }
        chip
    }

    /// Rows of the noise, on drivers of their own.
    fn noise_rows(&self) -> [(u8, RowMode); 2] {
        let first = self.config.rows.max(NOISE_ROW).next_multiple_of(2).to_le_bytes()[0];
        [(first, RowMode::Excitatory), (first + 2, RowMode::Inhibitory)]
    }

    /// Events from `from` to `to`, between which there are `updates` updates and the next one.
    fn input(&self, seed: u64, updates: u32, from: u64, to: u64) -> Vec<InputEvent> {
        let mut input = Vec::new();
        let at = |row, address| Target { hemisphere: TOP, row, address };
        let first = from + ticks_from_us(self.config.first_us);
        for row in (0..=u8::MAX).take(self.config.rows.into()) {
            let (interval_us, count) = self.burst(row.into(), updates);
            let interval = ticks_from_us(interval_us);
            let times = (0..count).map(|n| first + n * interval).take_while(|time| *time < to);
            input.extend(times.map(|time| at(row, self.config.address).event(time)));
        }
        if self.config.is_noisy() {
            let to = to.min(from + ticks_from_us(self.config.noise_us));
            let columns = (0..=u8::MAX).take(self.config.columns.into());
            let rows = self.noise_rows();
            for (source, (column, (row, _))) in (0..)
                .zip(columns.flat_map(|column| rows.into_iter().map(move |noise| (column, noise))))
            {
                let target = at(row, column);
                events::poisson(seed, source, target, self.config.noise_hz, from, to, &mut input);
            }
        }
        input.sort_unstable();
        input
    }

    /// Interval of a row's events, and how many there are.
    fn burst(&self, row: u16, updates: u32) -> (f64, u64) {
        let config = self.config;
        let Some(sequence) = &config.sequence else {
            return (config.interval_us, config.events.into());
        };
        let last = config.rows.saturating_sub(1);
        let span_us = f64::from(config.events) * config.interval_us;
        let interval_us = if row == last {
            sequence.last_row_interval_us
        } else {
            let turn = updates % u32::from(last.max(1));
            let distance = turn.abs_diff(row.into()) as usize;
            match sequence.relative_rates.get(distance) {
                Some(rate) => config.interval_us / rate,
                None => return (config.interval_us, 0),
            }
        };
        (interval_us, fitting(interval_us, span_us))
    }

    fn course(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Course, EngineError> {
        let info = factory.rule_info(&self.config.rule)?;
        let timing = self.experiment.run.timing;
        let rules = Plasticity::new(factory, timing, &[self.binding(seed)])?
            .recording(self.experiment.record.membranes.as_ref());
        let begin = |_: &Chip, rules: &Plasticity| Progress {
            period: Period::first(rules.begun(), &info),
            ..Progress::default()
        };
        let mut run = Stepwise::open(monitor, (seed, ""), rules, || self.chip(seed), begin)?;
        let scene = Scene::new(self.config);
        let left = |progress: &Progress| progress.updates < self.config.updates;
        run.run(left, |chip, rules, progress| {
            let Period { from, until } = progress.period;
            rules.run_until(chip, until, &self.input(seed, progress.updates, from, until))?;
            progress.updates += 1;
            progress.records.append(&mut rules.take_records());
            progress.period = progress.period.next(&info);
            let Progress { updates, records, .. } = progress;
            monitor.show(&|| scene.frame(*updates, records, &self.weights(chip)));
            Ok(1)
        })?;
        let Stepwise { chip, mut rules, progress, .. } = run;
        let Progress { updates, mut records, .. } = progress;
        records.append(&mut rules.take_records());
        let weights = self.weights(&chip);
        let update_counts = rules.counts().into_iter().sum();
        Ok(Course {
            samples_lost: rules.samples_lost().concat(),
            records,
            excitability: self.excitability(seed, &weights, info.period_ticks),
            weights,
            updates,
            update_counts,
            period_ticks: info.period_ticks,
            counts: Counts::of(&chip),
            membranes: rules.membranes().cloned(),
        })
    }

    /// Weights of the view.
    fn weights(&self, chip: &Chip) -> Array2<u8> {
        let (rows, columns) = (usize::from(self.config.rows), usize::from(self.config.columns));
        let lines: Vec<[u8; COLUMNS]> =
            (0..rows).map(|row| chip.weights_row(TOP.into(), row)).collect();
        Array2::from_shape_fn((rows, columns), |(row, column)| lines[row][column])
    }
}

/// How many events of an interval begin before a span of time ends, the first at once.
fn fitting(interval_us: f64, span_us: f64) -> u64 {
    let whole = (span_us / interval_us).floor();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, at most 2.5e11 by the limits of the config"
    )]
    let count = whole as u64;
    count + u64::from(whole * interval_us < span_us)
}

impl Task for Autonomous<'_> {
    fn threads(&self) -> usize {
        1
    }

    fn units(&self) -> u64 {
        self.config.updates.into()
    }

    fn run(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        let course = self.course(factory, seed, monitor);
        let rule = || self.config.rule.clone();
        let course = course.map_err(|error| TaskError::Engine { rule: rule(), error })?;
        Ok(self.outcome(&course))
    }
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn events_that_fit_are_those_that_begin_in_time() {
        for (interval_us, span_us) in
            [(4.2, 588.0), (0.1, 0.3), (0.3, 0.9), (3.0, 0.0), (7.0, 6.9), (7.0, 7.0), (0.7, 70.0)]
        {
            let counted = (0u32..).take_while(|n| f64::from(*n) * interval_us < span_us).count();
            assert_eq!(fitting(interval_us, span_us), counted as u64, "{interval_us} {span_us}");
        }
        assert_eq!(fitting(0.004, 1e9), 250_000_000_000);
    }
}
