//! Tasks: what a chip is to do, with its stimuli, teacher and readout.

pub mod autonomous;
pub mod calibration;
pub mod classification;
pub mod clusters;
pub mod compartments;
pub mod perceptron;
pub mod random_network;
pub mod rates;
pub mod stability;
pub mod timescales;

use crate::calibration::CalibrationError;
use crate::config::{ConfigError, Experiment, RuleConfig};
use crate::data::{DataError, ReadFile};
use crate::engine::{EngineError, EngineFactory};
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use autonomous::{Autonomous, AutonomousConfig};
use calibration::{Calibration, CalibrationConfig};
use classification::{Classification, ClassificationConfig};
use clusters::{Clusters, ClustersConfig};
use compartments::{Compartments, CompartmentsConfig};
use perceptron::{Perceptron, PerceptronConfig};
use pl_chip::ChipConfig;
use random_network::{RandomNetwork, RandomNetworkConfig};
use rates::{Rates, RatesConfig};
use serde::Deserialize;
use stability::{Stability, StabilityConfig};
use std::collections::BTreeMap;
use timescales::{Timescales, TimescalesConfig};

/// What `kind` in the `[task]` table chooses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Learning to tell classes of a data set apart, with a teacher.
    Classification,
    /// Bringing firing rates to a target.
    Rates,
    /// A rule that poses its task itself.
    Autonomous,
    /// A classifier in perceptron mode, beside spiking neurons.
    Perceptron,
    /// A random network of excitatory and inhibitory neurons.
    RandomNetwork,
    /// Measuring a chip's circuits, and what calibrates them.
    Calibration,
    /// Whether rates end at one value, wherever weights begin.
    Stability,
    /// What neurons of several compartments do.
    Compartments,
    /// Dendrites that share clusters of inputs among them.
    Clusters,
    /// How long processes of the nervous system take to emulate.
    Timescales,
}

/// The `[task]` table.
#[derive(Clone, Debug)]
pub enum TaskConfig {
    /// Of [`TaskKind::Classification`].
    Classification(Box<ClassificationConfig>),
    /// Of [`TaskKind::Rates`].
    Rates(Box<RatesConfig>),
    /// Of [`TaskKind::Autonomous`].
    Autonomous(Box<AutonomousConfig>),
    /// Of [`TaskKind::Perceptron`].
    Perceptron(Box<PerceptronConfig>),
    /// Of [`TaskKind::RandomNetwork`].
    RandomNetwork(Box<RandomNetworkConfig>),
    /// Of [`TaskKind::Calibration`].
    Calibration(Box<CalibrationConfig>),
    /// Of [`TaskKind::Stability`].
    Stability(Box<StabilityConfig>),
    /// Of [`TaskKind::Compartments`].
    Compartments(Box<CompartmentsConfig>),
    /// Of [`TaskKind::Clusters`].
    Clusters(Box<ClustersConfig>),
    /// Of [`TaskKind::Timescales`].
    Timescales(Box<TimescalesConfig>),
}

impl TaskConfig {
    pub(crate) fn check(
        &self,
        chip: &ChipConfig,
        rules: &BTreeMap<String, RuleConfig>,
        chips: usize,
    ) -> Result<(), ConfigError> {
        match self {
            TaskConfig::Classification(config) => config.check(rules),
            TaskConfig::Rates(config) => config.check(rules, chips),
            TaskConfig::Autonomous(config) => config.check(rules),
            TaskConfig::Perceptron(config) => config.check(rules),
            TaskConfig::RandomNetwork(config) => config.check(),
            TaskConfig::Calibration(config) => config.check(),
            TaskConfig::Stability(config) => config.check(rules),
            TaskConfig::Compartments(config) => config.check(chip),
            TaskConfig::Clusters(config) => config.check(chip, rules),
            TaskConfig::Timescales(config) => config.check(rules),
        }
    }
}

impl TaskConfig {
    /// As [`Experiment::spiking_chips`], as far as the task decides.
    pub(crate) fn spiking_chips(&self) -> Result<usize, &'static str> {
        match self {
            TaskConfig::Classification(_)
            | TaskConfig::Rates(_)
            | TaskConfig::Autonomous(_)
            | TaskConfig::Stability(_)
            | TaskConfig::Clusters(_) => Ok(1),
            TaskConfig::RandomNetwork(config) => Ok(config.chips),
            TaskConfig::Perceptron(_) => Err("`perceptron` lets time pass in multiplications"),
            TaskConfig::Calibration(_) => Err("`calibration` measures membranes itself"),
            TaskConfig::Compartments(_) => Err("`compartments` follows membranes itself"),
            TaskConfig::Timescales(_) => Err("`timescales` times the emulator, not neurons"),
        }
    }
}

/// Why a task did not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// The experiment asks for something that cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file of settings is none of this chip.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// A rule could not be bound or run.
    #[error("rule `{rule}`: {error}")]
    Engine {
        /// Its name in the experiment.
        rule: String,
        /// Why.
        error: EngineError,
    },
    /// The state of the run could not be kept, or what was kept is none.
    #[error("{0}")]
    State(EngineError),
}

/// A task that is ready to run, any number of times. The same seed gives the same outcome, however
/// threads are scheduled.
pub trait Task: Sync {
    /// Threads that [`Task::run`] uses.
    fn threads(&self) -> usize;

    /// Whether a run can go on from a state that was kept, see [`Monitor::keep`].
    fn keeps_states(&self) -> bool {
        true
    }

    /// Units of work of a run, as told to [`Monitor::advance`].
    fn units(&self) -> u64;

    /// Checks that chips of this seed can be run, before any is.
    ///
    /// # Errors
    /// If the experiment has settings of other chips alone.
    fn check_seed(&self, seed: u64) -> Result<(), TaskError> {
        let _ = seed;
        Ok(())
    }

    /// Runs it.
    ///
    /// # Errors
    /// If a rule cannot be bound to the chip or stops.
    fn run(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError>;
}

/// Makes the task of an experiment ready; `read` reads files named in it.
///
/// # Errors
/// If there is no such data set or it does not fit the chip or the split, or a file of settings is not
/// of such a chip.
pub fn open<'a>(
    experiment: &'a Experiment,
    read: &ReadFile<'_>,
) -> Result<Box<dyn Task + 'a>, TaskError> {
    experiment.calibration.load(&experiment.chip, read)?;
    let task = of_kind(experiment, read)?;
    if experiment.calibration.files.is_empty() {
        return Ok(task);
    }
    Ok(Box::new(OnCalibratedChips { experiment, task }))
}

/// A task on chips that are calibrated: only on those that the files are of.
struct OnCalibratedChips<'a> {
    experiment: &'a Experiment,
    task: Box<dyn Task + 'a>,
}

impl Task for OnCalibratedChips<'_> {
    fn threads(&self) -> usize {
        self.task.threads()
    }

    fn keeps_states(&self) -> bool {
        self.task.keeps_states()
    }

    fn units(&self) -> u64 {
        self.task.units()
    }

    fn check_seed(&self, seed: u64) -> Result<(), TaskError> {
        let chips = self.experiment.spiking_chips().unwrap_or(1);
        Ok(self.experiment.calibration.check_seed(seed, chips)?)
    }

    fn run(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        self.check_seed(seed)?;
        self.task.run(factory, seed, monitor)
    }
}

fn of_kind<'a>(
    experiment: &'a Experiment,
    read: &ReadFile<'_>,
) -> Result<Box<dyn Task + 'a>, TaskError> {
    Ok(match &experiment.task {
        TaskConfig::Classification(config) => {
            Box::new(Classification::new(experiment, config, read)?)
        }
        TaskConfig::Rates(config) => Box::new(Rates::new(experiment, config)),
        TaskConfig::Autonomous(config) => Box::new(Autonomous::new(experiment, config)),
        TaskConfig::Perceptron(config) => Box::new(Perceptron::new(experiment, config, read)?),
        TaskConfig::RandomNetwork(config) => Box::new(RandomNetwork::new(experiment, config)),
        TaskConfig::Calibration(config) => Box::new(Calibration::new(experiment, config)),
        TaskConfig::Stability(config) => Box::new(Stability::new(experiment, config)),
        TaskConfig::Compartments(config) => Box::new(Compartments::new(experiment, config)),
        TaskConfig::Clusters(config) => Box::new(Clusters::new(experiment, config)),
        TaskConfig::Timescales(config) => Box::new(Timescales::new(experiment, config)),
    })
}

/// Does something for each item, each on a thread of its own; results in the order of the items. A
/// panic goes on here.
pub(crate) fn on_threads<T: Sync, R: Send>(items: &[T], run: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let run = &run;
    std::thread::scope(|scope| {
        let start = |item| scope.spawn(move || run(item));
        let threads: Vec<_> = items.iter().map(start).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, R>| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().map(join).collect()
    })
}
