//! Supervised learning with a teacher, and its readout.
//!
//! ```text
//!   config.rs     the [task] table            bench.rs     wiring and stimuli
//!   arm.rs        one chip's training         readout.rs   responses, accuracy, confusion
//!   report.rs     metrics, arrays, pictures
//! ```
//!
//! An *arm* is one chip trained with one variant of the protocol: the rule as it is, or, as a
//! control, with the addresses write-protected. Arms share everything else, down to the seeds.

mod arm;
mod bench;
mod config;
mod readout;
mod report;

pub use config::{ClassificationConfig, Evaluate, Spacing, Switch, Teacher, Test, Train};

use crate::config::{ConfigError, Experiment};
use crate::data::{Dataset, ReadFile};
use crate::engine::{EngineError, EngineFactory};
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::task::{Task, TaskError, on_threads};
use arm::{Arm, ArmOutcome};
use bench::Bench;

/// When an arm is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Checkpoint {
    /// Samples shown before.
    shown: usize,
    /// Class `c` is taught to, and read off, the dendrites of class `c + shift`.
    shift: usize,
}

/// A classification that is ready to run, any number of times.
#[derive(Clone, Debug)]
pub struct Classification<'a> {
    experiment: &'a Experiment,
    config: &'a ClassificationConfig,
    dataset: Dataset,
    /// Inputs that each sample switches on.
    codes: Vec<Vec<bool>>,
    bench: Bench,
}

impl<'a> Classification<'a> {
    /// Loads the data set and places inputs and classes.
    ///
    /// # Errors
    /// If there is no such data set or it does not fit the chip or the split.
    pub fn new(
        experiment: &'a Experiment,
        config: &'a ClassificationConfig,
        read: &ReadFile<'_>,
    ) -> Result<Classification<'a>, TaskError> {
        let dataset = Dataset::load(&config.dataset, read)?;
        let bench = Bench::new(config, &dataset)?;
        let held_out = config.test_size + config.validation_size;
        if held_out >= dataset.len() {
            let message = format!(
                "`task.test_size` and `task.validation_size` leave nothing to learn from: the data \
                 set has {} samples",
                dataset.len()
            );
            return Err(ConfigError(message).into());
        }
        if config.evaluate == Evaluate::Validation && config.validation_size == 0 {
            let message = "`task.evaluate` is validation, but `task.validation_size` is 0";
            return Err(ConfigError(message.into()).into());
        }
        let codes = (0..dataset.len()).map(|i| config.input.encode(dataset.sample(i))).collect();
        Ok(Classification { experiment, config, dataset, codes, bench })
    }

    fn arms(&self) -> Vec<Arm> {
        let mut arms = vec![Arm { name: "plastic", frozen_addresses: false }];
        if self.config.frozen_addresses_control {
            arms.push(Arm { name: "frozen_addresses", frozen_addresses: true });
        }
        arms
    }

    /// Evaluations of an arm. Learning is fast at first, so checkpoints stand at cubes: the first
    /// before anything was learnt, the last at the end; and once more after a switch.
    fn checkpoints(&self) -> Vec<Checkpoint> {
        let last = self.config.test.checkpoints as u64;
        let first = self.config.train.samples;
        let mut all: Vec<Checkpoint> =
            cubes_of(first, last).map(|shown| Checkpoint { shown, shift: 0 }).collect();
        if let Some(switch) = &self.config.switch {
            all.extend(cubes_of(switch.samples, last).map(|shown| Checkpoint {
                shown: first + shown,
                shift: switch.shift % self.bench.classes,
            }));
        }
        all
    }

    /// Presentations of an evaluation.
    fn readouts(&self) -> usize {
        let evaluated = match self.config.evaluate {
            Evaluate::Test => self.config.test_size,
            Evaluate::Validation => self.config.validation_size,
        };
        let train = self.dataset.len() - self.config.test_size - self.config.validation_size;
        evaluated + self.config.test.normalisation_samples.min(train)
    }
}

impl Task for Classification<'_> {
    fn threads(&self) -> usize {
        self.arms().len()
    }

    /// Microseconds of the chips' time.
    fn units(&self) -> u64 {
        let of = |samples: usize, each_us: f64| samples as u64 * whole_us(each_us);
        let (train, test) = (&self.config.train, &self.config.test);
        let checkpoints = self.checkpoints();
        let shown = checkpoints.last().map_or(0, |last| last.shown);
        let readouts = checkpoints.len() * self.readouts();
        self.arms().len() as u64
            * (of(shown, train.presentation_us) + of(readouts, test.presentation_us))
    }

    /// Runs all arms, each on a thread of its own.
    fn run(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        let arms = self.arms();
        let results = on_threads(&arms, |arm| self.train(arm, factory, seed, monitor));
        let outcomes: Result<Vec<ArmOutcome>, EngineError> = results.into_iter().collect();
        let rule = || self.config.rule.clone();
        let outcomes = outcomes.map_err(|error| TaskError::Engine { rule: rule(), error })?;
        Ok(self.report(&arms, &outcomes, &self.split(seed)))
    }
}

/// Samples shown before each evaluation, at cubes up to all of them.
fn cubes_of(samples: usize, last: u64) -> impl Iterator<Item = usize> {
    let shown = move |n: u64| match last {
        0 => samples,
        _ => usize::try_from(samples as u64 * n.pow(3) / last.pow(3)).unwrap_or(usize::MAX),
    };
    (0..=last).map(shown)
}

/// Whole microseconds of a presentation, for progress.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "presentations last 1 us to 1 s"
)]
fn whole_us(us: f64) -> u64 {
    us as u64
}
