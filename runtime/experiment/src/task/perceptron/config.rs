//! The `[task]` table of perceptron tasks.

use crate::config::{ConfigError, RuleConfig};
use crate::task::TaskKind;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The `[task]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerceptronConfig {
    /// Always [`TaskKind::Perceptron`].
    pub kind: TaskKind,
    /// Name of the `[rule.NAME]` table of the rule that calibrates columns.
    pub calibrator: String,
    /// Name of the `[rule.NAME]` table of the rule that learns in the other hemisphere.
    pub learner: String,
    /// `uci-digits`, `iris`, or a `.csv` or `.npz` file; values must not be negative.
    pub dataset: String,
    /// Samples to report accuracy on; the others train.
    pub test_size: usize,
    /// Columns of a class, whose results are averaged.
    pub copies: usize,
    /// Hardware time from the start of one multiplication to that of the next.
    pub interval_us: f64,
    /// Training in floating point, off the chip.
    pub training: Training,
    /// What the calibrating rule is shown.
    pub calibration: Calibration,
    /// The other hemisphere.
    pub spiking: Spiking,
}

/// Softmax regression by gradient descent, a sample at a time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// How often every sample is shown.
    pub epochs: usize,
    /// Step along the gradient, for inputs of 0 to 1.
    pub rate: f64,
    /// Part of a weight lost with each sample.
    pub decay: f64,
}

/// A cycle of calibration is three updates of the rule: after a reset, after a multiplication
/// without input, and after one in which all inputs and all weights are the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Cycles.
    pub cycles: usize,
    /// Every input of the third update, 1 to 31.
    pub input: u8,
    /// Every weight, 1 to 63.
    pub weight: u8,
}

/// Neurons that all hear one Poisson source, each through one synapse.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spiking {
    /// Rate of the source, hertz of hardware time.
    pub source_hz: f64,
    /// Weight of every synapse at the start, 0 to 63.
    pub initial_weight: u8,
}

impl PerceptronConfig {
    pub(crate) fn check(&self, rules: &BTreeMap<String, RuleConfig>) -> Result<(), ConfigError> {
        for (key, rule) in [("calibrator", &self.calibrator), ("learner", &self.learner)] {
            if !rules.contains_key(rule) {
                let message = format!("`task.{key}`: there is no table [rule.{rule}]");
                return Err(ConfigError(message));
            }
        }
        let (training, calibration) = (&self.training, &self.calibration);
        let counts = [
            ("test_size", self.test_size, 1, 1_000_000),
            ("copies", self.copies, 1, 128),
            ("training.epochs", training.epochs, 1, 100_000),
            ("calibration.cycles", calibration.cycles, 1, 100_000),
            ("calibration.input", calibration.input.into(), 1, 31),
            ("calibration.weight", calibration.weight.into(), 1, 63),
            ("spiking.initial_weight", self.spiking.initial_weight.into(), 0, 63),
        ];
        for (name, value, least, most) in counts {
            if !(least..=most).contains(&value) {
                let message = format!("`task.{name}` must be {least} to {most}, not {value}");
                return Err(ConfigError(message));
            }
        }
        let reals = [
            ("interval_us", self.interval_us, 1.0, 1e6),
            ("training.rate", training.rate, 0.0, 10.0),
            ("training.decay", training.decay, 0.0, 0.1),
            ("spiking.source_hz", self.spiking.source_hz, 0.0, 1e7),
        ];
        for (name, value, least, most) in reals {
            if !(least..=most).contains(&value) {
                let message = format!("`task.{name}` must be {least} to {most}, not {value}");
                return Err(ConfigError(message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Experiment;
    use crate::task::{self, TaskError};

    const EXAMPLE: &str = include_str!("../../../../../examples/perceptron/experiment.toml");

    fn opened(change: &str) -> Result<(), TaskError> {
        let experiment = Experiment::parse(EXAMPLE, &[change.to_owned()])?;
        let file = |_: &str| Ok(b"1,-2,a\n3,4,b\n5,6,b\n".to_vec());
        task::open(&experiment, &file).map(drop)
    }

    #[test]
    fn mistakes_name_their_place() {
        assert_eq!(opened("seed=3"), Ok(()));
        for (change, said) in [
            ("task.learner=hebb", "`task.learner`: there is no table [rule.hebb]"),
            ("task.calibrator=hebb", "`task.calibrator`"),
            ("task.copies=0", "`task.copies` must be 1 to 128, not 0"),
            ("task.copies=26", "are 260 of 256 columns"),
            ("task.calibration.input=32", "must be 1 to 31, not 32"),
            ("task.training.rate=-1", "`task.training.rate` must be 0 to 10, not -1"),
            ("task.interval_us=0", "must be 1 to 1000000, not 0"),
            ("task.test_size=1797", "leaves nothing of 1797 samples"),
            ("task.interval_us=20", "less than a multiplication takes, 24.98 us"),
            ("task.samples=1", "unknown field `samples`"),
            ("task.dataset=small.csv", "leaves nothing of 3 samples"),
        ] {
            let message = opened(change).unwrap_err().to_string();
            assert!(message.contains(said), "{change}: {message}");
        }
        let small = EXAMPLE.replace("test_size = 600", "test_size = 1");
        let experiment = Experiment::parse(&small, &["task.dataset=small.csv".to_owned()]).unwrap();
        let file = |_: &str| Ok(b"1,-2,a\n3,4,b\n5,6,b\n".to_vec());
        let message = task::open(&experiment, &file).map(drop).unwrap_err().to_string();
        assert!(message.contains("negative values"), "{message}");
    }
}
