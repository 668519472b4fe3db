//! A classifier in perceptron mode: trained off the chip in floating point, quantised, and run on
//! one hemisphere while the neurons of the other spike and a rule changes their weights.
//!
//! ```text
//!   config.rs   the [task] table              bench.rs    the chip, and both rules
//!   softmax.rs  training, quantising          report.rs   metrics, arrays, pictures
//! ```
//!
//! The test samples go through the chip twice. In between a rule calibrates the columns, in cycles
//! of three updates: it sees as `membrane` the codes after a reset, after a multiplication without
//! input, and after one with all inputs and all weights the same, which should add `reference`
//! LSB, a param the task sets. What it records of its neurons as `gain` and `offset` corrects the
//! results of the second time, `gain * (result - offset)`, and nothing else does.

mod bench;
mod config;
mod report;
mod softmax;

pub use config::{Calibration, PerceptronConfig, Spiking, Training};

use crate::config::{ConfigError, Experiment};
use crate::counts::Counts;
use crate::data::{Dataset, ReadFile, Split};
use crate::engine::EngineFactory;
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::plasticity::UpdateCounts;
use crate::records::Recorded;
use crate::task::{Task, TaskError};
use bench::{Bench, Correction, Pass, Results};
use pl_chip::{COLUMNS, INPUTS};
use softmax::{Linear, Sample};

/// A perceptron task that is ready to run, any number of times.
#[derive(Clone, Debug)]
pub struct Perceptron<'a> {
    experiment: &'a Experiment,
    config: &'a PerceptronConfig,
    dataset: Dataset,
    /// Values of each sample as parts of the largest of all, and a 1.
    inputs: Vec<Vec<f64>>,
}

/// What a run left.
struct Course {
    linear: Linear,
    /// Signed weights of each class.
    matrix: Vec<Vec<i32>>,
    /// Samples shown.
    test: Vec<usize>,
    before: Results,
    correction: Correction,
    after: Results,
    /// Of the spiking neurons, as [`Bench::rates`].
    rates: Vec<(f64, f64)>,
    learnt_weights: [u8; COLUMNS],
    /// Of the learning rule.
    updates: UpdateCounts,
    /// Ticks of the chip's time.
    duration: u64,
    interrupted: bool,
    counts: Counts,
    /// Of the learning rule, and of the calibrating one.
    recorded: [Vec<Recorded>; 2],
}

impl<'a> Perceptron<'a> {
    /// Loads the data set.
    ///
    /// # Errors
    /// If there is no such data set or it does not fit the chip or the split.
    pub fn new(
        experiment: &'a Experiment,
        config: &'a PerceptronConfig,
        read: &ReadFile<'_>,
    ) -> Result<Perceptron<'a>, TaskError> {
        let dataset = Dataset::load(&config.dataset, read)?;
        let (values, columns) = (dataset.features, dataset.classes.len() * config.copies);
        // The readout waits for a whole step of the network.
        let chip = &experiment.chip;
        let duration_us = chip.perceptron.duration_us(values + 1) + chip.time.step_us;
        let fault = if values + 1 > INPUTS {
            Some(format!("{values} values and one for the bias do not fit {INPUTS} drivers"))
        } else if columns > COLUMNS {
            Some(format!("classes times `task.copies` are {columns} of {COLUMNS} columns"))
        } else if config.test_size >= dataset.len() {
            Some(format!("`task.test_size` leaves nothing of {} samples", dataset.len()))
        } else if config.interval_us < duration_us {
            Some(format!(
                "`task.interval_us` is less than a multiplication takes, {duration_us:.2} us"
            ))
        } else if dataset.values.iter().any(|value| *value < 0.0) {
            Some("`task.dataset` has negative values, which are no inputs".to_owned())
        } else {
            None
        };
        if let Some(message) = fault {
            return Err(ConfigError(message).into());
        }
        let largest = dataset.values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let input = |index| {
            let values = dataset.sample(index).iter().map(|value| value / largest);
            values.chain([1.0]).collect()
        };
        let inputs = (0..dataset.len()).map(input).collect();
        Ok(Perceptron { experiment, config, dataset, inputs })
    }

    fn course(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Course, TaskError> {
        let Split { train, test, .. } =
            Split::new(self.dataset.len(), self.config.test_size, 0, seed);
        let sample = |index: &usize| (&self.inputs[*index][..], self.dataset.labels[*index]);
        let train: Vec<Sample<'_>> = train.iter().map(sample).collect();
        let classes = self.dataset.classes.len();
        let linear = Linear::train(&train, classes, &self.config.training, seed);
        let matrix = linear.quantised();
        let copies = self.config.copies;
        let columns: Vec<Vec<i32>> =
            matrix.iter().flat_map(|class| std::iter::repeat_n(class.clone(), copies)).collect();
        let vectors: Vec<Vec<u8>> =
            test.iter().map(|index| softmax::codes(&self.inputs[*index])).collect();
        let (experiment, config) = (self.experiment, self.config);
        let mut bench = Bench::new(experiment, config, columns.len(), factory, (seed, monitor))?;
        let before = bench.multiply(Pass::BeforeCalibration, &columns, &vectors)?;
        let correction = bench.calibrate(factory, self.dataset.features + 1)?;
        let after = bench.multiply(Pass::AfterCalibration, &columns, &vectors)?;
        let (duration, updates) = (bench.now(), bench.finish()?);
        Ok(Course {
            linear,
            matrix,
            test,
            before,
            correction,
            after,
            learnt_weights: bench.learnt_weights(),
            duration,
            updates,
            interrupted: bench.interrupted,
            counts: bench.counts(),
            rates: bench.rates().to_vec(),
            recorded: bench.take_recorded(),
        })
    }
}

/// The result, ADC LSB, that a product of 1 has in nominal circuits.
fn unit_lsb(experiment: &Experiment) -> f64 {
    let chip = &experiment.chip.perceptron;
    chip.gain_lsb * chip.sends.round_ties_even()
}

impl Task for Perceptron<'_> {
    fn threads(&self) -> usize {
        1
    }

    /// Multiplications, and resets between them.
    fn units(&self) -> u64 {
        (2 * self.config.test_size + 3 * self.config.calibration.cycles) as u64
    }

    fn run(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        Ok(self.report(&self.course(factory, seed, monitor)?))
    }
}
