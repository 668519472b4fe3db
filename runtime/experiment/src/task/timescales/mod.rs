//! How long processes of the nervous system take: in nature, on the chip, and on this emulator.
//!
//! All neurons of a chip hear Poisson sources through plastic synapses. The machine's clock times
//! windows of one period of the rule, in two courses: the network with its correlation sensors
//! alone, and with the rule. A process shorter than the rule's period meets no update: its time
//! follows from the first course, that of any other from the second. What is longer than the run is
//! extrapolated.
//!
//! ```text
//!   config.rs   the `[task]` table          report.rs   metrics, timings and the picture
//! ```

mod config;
mod report;

pub use config::{Process, TimescalesConfig};

use crate::config::Experiment;
use crate::engine::{Binding, EngineError, EngineFactory, RuleInfo};
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::plasticity::{Plasticity, UpdateCounts};
use crate::records::{self, Recorded};
use crate::task::{Task, TaskError};
use pl_chip::time::{SPEED_UP, biological_s_from_ticks};
use pl_chip::{COLUMNS, Chip, HEMISPHERES, InputEvent, RowMode, Target, events};

/// Neurons of a chip.
const NEURONS: usize = HEMISPHERES * COLUMNS;

/// Runs that tell time scales.
#[derive(Clone, Copy, Debug)]
pub struct Timescales<'a> {
    experiment: &'a Experiment,
    config: &'a TimescalesConfig,
}

/// What the network did, with the rule or without.
#[derive(Clone, Debug, Default)]
struct Course {
    /// Events of the sources, and spikes.
    events: u64,
    spikes: u64,
    /// Biological time of all windows.
    biological_s: f64,
    /// Wall time of each window for a second of biological time.
    slowness: Vec<f64>,
    updates: UpdateCounts,
    recorded: Vec<Recorded>,
    interrupted: bool,
}

/// What both courses left.
#[derive(Clone, Debug)]
struct Measured {
    sensors: Course,
    plastic: Course,
    /// Biological time between two updates.
    period_s: f64,
}

impl<'a> Timescales<'a> {
    /// An experiment that is ready to run.
    #[must_use]
    pub fn new(experiment: &'a Experiment, config: &'a TimescalesConfig) -> Timescales<'a> {
        Timescales { experiment, config }
    }

    fn rows(&self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).take(self.config.rows)
    }

    fn binding(&self, hemisphere: u8, seed: u64) -> Binding {
        Binding {
            rule: self.config.rule.clone(),
            arm: String::new(),
            hemisphere,
            rows: self.rows().collect(),
            columns: (0..=u8::MAX).collect(),
            params: self.experiment.rule[&self.config.rule].params.clone(),
            inputs: self.experiment.rule[&self.config.rule].inputs.clone(),
            seed,
            run_seed: seed,
            chip: 0,
            instance: 0,
            record_capacity: records::CAPACITY,
        }
    }

    fn chip(&self, seed: u64) -> Chip {
        let mut chip = self.experiment.calibrated_chip(seed);
        for h in 0..HEMISPHERES {
            chip.set_active_columns(h, 0..COLUMNS);
            for row in self.rows().map(usize::from) {
                chip.set_row_mode(h, row, RowMode::Excitatory);
                chip.write_weights_row(h, row, &[self.config.initial_weight; COLUMNS]);
            }
        }
        chip
    }

    /// Events of all sources in `from..to`.
    fn sources(&self, seed: u64, from: u64, to: u64) -> Vec<InputEvent> {
        let rate_hz = self.config.source_bio_hz * SPEED_UP as f64;
        let mut input = Vec::new();
        for hemisphere in [0, 1] {
            for row in self.rows() {
                let target = Target { hemisphere, row, address: 0 };
                let source = u64::from(hemisphere) << 8 | u64::from(row);
                events::poisson(seed, source, target, rate_hz, from, to, &mut input);
            }
        }
        input.sort_unstable();
        input
    }

    /// Runs and times every window; without bindings there is no rule.
    fn course(
        &self,
        info: &RuleInfo,
        bindings: &[Binding],
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Course, EngineError> {
        let mut chip = self.chip(seed);
        let mut rules = Plasticity::new(factory, self.experiment.run.timing, bindings)?;
        rules.start(&mut chip)?;
        chip.take_spikes();
        let mut course = Course::default();
        for _ in 0..self.config.windows {
            if monitor.interrupted() {
                course.interrupted = true;
                break;
            }
            let started_s = monitor.clock_s();
            let from = chip.now();
            let until = from + info.period_ticks;
            let input = self.sources(seed, from, until);
            rules.run_until(&mut chip, until, &input)?;
            let seconds = biological_s_from_ticks(chip.now() - from);
            course.slowness.push((monitor.clock_s() - started_s) / seconds);
            course.biological_s += seconds;
            course.events += input.len() as u64;
            course.spikes += chip.take_spikes().len() as u64;
            monitor.advance(1);
        }
        rules.finish(&mut chip)?;
        course.updates = rules.counts().into_iter().sum();
        course.recorded = rules.take_recorded();
        Ok(course)
    }

    fn measure(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Measured, EngineError> {
        let info = factory.rule_info(&self.config.rule)?;
        let bindings = [0, 1].map(|hemisphere| self.binding(hemisphere, seed));
        Ok(Measured {
            sensors: self.course(&info, &[], factory, seed, monitor)?,
            plastic: self.course(&info, &bindings, factory, seed, monitor)?,
            period_s: biological_s_from_ticks(info.period_ticks),
        })
    }
}

impl Task for Timescales<'_> {
    /// One, so that nothing of its own disturbs the clock.
    fn threads(&self) -> usize {
        1
    }

    /// What is measured is time without interruption.
    fn keeps_states(&self) -> bool {
        false
    }

    fn units(&self) -> u64 {
        2 * u64::from(self.config.windows)
    }

    fn run(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        let failed = |error| TaskError::Engine { rule: self.config.rule.clone(), error };
        let measured = self.measure(factory, seed, monitor).map_err(failed)?;
        Ok(report::outcome(self.config, &measured))
    }
}
