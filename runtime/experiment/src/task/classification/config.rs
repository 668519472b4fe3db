//! The `[task]` table of a classification.

use crate::config::{ConfigError, RuleConfig};
use crate::encode::InputCode;
use crate::task::TaskKind;
use pl_chip::{COLUMNS, ROWS};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A classification: samples become input events, a teacher drives the dendrites of the right
/// class, and the class whose dendrites spike most, relative to its mean, is the answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassificationConfig {
    /// Always [`TaskKind::Classification`].
    pub kind: TaskKind,
    /// Name of the `[rule.NAME]` that learns.
    pub rule: String,
    /// `uci-digits`, `iris`, or a `.csv` or `.npz` file relative to the experiment's.
    pub dataset: String,
    /// How values become inputs.
    pub input: InputCode,
    /// Synapse rows that carry inputs, from row 0 on.
    pub rows: usize,
    /// Inputs that share a row, each an address from 0 on; what a rule draws from.
    pub addresses: usize,
    /// Columns a class has.
    pub dendrites: usize,
    /// Weight of every synapse at the start, 0 to 63; addresses start at random.
    pub initial_weight: u8,
    /// Samples that accuracy is reported on.
    pub test_size: usize,
    /// Samples of the rest to choose gains on, kept out of training.
    #[serde(default)]
    pub validation_size: usize,
    /// Which of the two is evaluated.
    #[serde(default)]
    pub evaluate: Evaluate,
    /// Learning.
    pub train: Train,
    /// Learning something else afterwards.
    pub switch: Option<Switch>,
    /// What tells the dendrites of the right class.
    pub teacher: Teacher,
    /// Readout.
    pub test: Test,
    /// Whether to repeat everything with addresses that stay as they were drawn first.
    #[serde(default)]
    pub frozen_addresses_control: bool,
}

/// Which part of the data set is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evaluate {
    /// The test part.
    #[default]
    Test,
    /// The validation part.
    Validation,
}

impl Evaluate {
    /// The word in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Evaluate::Test => "test",
            Evaluate::Validation => "validation",
        }
    }
}

/// Learning.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// Presentations; samples are shown in a new order each time all were shown.
    pub samples: usize,
    /// Hardware time of one.
    pub presentation_us: f64,
    /// Rate of inputs that are on, hertz of biological time.
    pub on_rate_bio_hz: f64,
    /// Rate of inputs that are off, hertz of biological time.
    pub off_rate_bio_hz: f64,
}

/// A second part of learning, in which each class is taught to the dendrites of another one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Presentations after the first part's.
    pub samples: usize,
    /// Class `c` goes to the dendrites of class `c + shift`, from the last on to the first.
    #[serde(default = "one")]
    pub shift: usize,
}

fn one() -> usize {
    1
}

/// What tells the dendrites of the right class: regular events of one source on synapses that do
/// not change.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    /// Weight of the teacher's synapses, 0 to 63.
    pub weight: u8,
    /// Rate of excitation of the right class, hertz of biological time.
    pub excitation_bio_hz: f64,
    /// Rate of inhibition of the other classes, hertz of biological time; 0 for none.
    pub inhibition_bio_hz: f64,
}

/// How the events of an input are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// At random: a Poisson process.
    #[default]
    Poisson,
    /// Evenly, from a random phase on.
    Regular,
}

/// Readout.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// Hardware time of a presentation.
    pub presentation_us: f64,
    /// Rate of inputs that are on, hertz of biological time.
    pub on_rate_bio_hz: f64,
    /// Rate of inputs that are off, hertz of biological time.
    pub off_rate_bio_hz: f64,
    /// Spacing of the inputs' events.
    #[serde(default)]
    pub spacing: Spacing,
    /// Factor on the neurons' excitatory synaptic strength, since no teacher helps now.
    pub synaptic_gain: f64,
    /// Threshold of the neurons above their rest, ADC LSB: near rest, spikes count input linearly.
    pub threshold_above_rest_lsb: f64,
    /// Time constant of the membranes.
    pub tau_mem_us: f64,
    /// Training samples whose mean response normalises each class.
    pub normalisation_samples: usize,
    /// Points of the learning curve before the last, at cubes: more at first, when learning is fast.
    pub checkpoints: usize,
}

impl ClassificationConfig {
    pub(crate) fn check(&self, rules: &BTreeMap<String, RuleConfig>) -> Result<(), ConfigError> {
        if !rules.contains_key(&self.rule) {
            let known: Vec<&str> = rules.keys().map(String::as_str).collect();
            let message = format!(
                "`task.rule` is `{}`, but there is no table [rule.{}]; there is {}",
                self.rule,
                self.rule,
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            );
            return Err(ConfigError(message));
        }
        if let Some(fault) = self.input.fault() {
            return Err(ConfigError(format!("`task.input`: {fault}")));
        }
        let (train, teacher, test) = (&self.train, &self.teacher, &self.test);
        let counts = [
            ("rows", self.rows, 1, ROWS),
            ("addresses", self.addresses, 1, 64),
            ("dendrites", self.dendrites, 1, COLUMNS),
            ("initial_weight", usize::from(self.initial_weight), 0, 63),
            ("test_size", self.test_size, 1, 1_000_000),
            ("train.samples", train.samples, 0, 10_000_000),
            ("teacher.weight", usize::from(teacher.weight), 0, 63),
            ("test.normalisation_samples", test.normalisation_samples, 1, 1_000_000),
            ("test.checkpoints", test.checkpoints, 0, 1000),
        ];
        for (name, value, low, high) in counts {
            if !(low..=high).contains(&value) {
                let message = format!("`task.{name}` must be {low} to {high}, not {value}");
                return Err(ConfigError(message));
            }
        }
        if let Some(switch) = &self.switch {
            let (samples, shift) = (switch.samples, switch.shift);
            if !(1..=10_000_000).contains(&samples) || shift == 0 {
                let message = format!(
                    "`task.switch` needs samples, 1 to 10000000, and a shift of 1 or more, not \
                     {samples} and {shift}"
                );
                return Err(ConfigError(message));
            }
        }
        // Rates up to one event in 1 us of hardware time; presentations from one step of the
        // neurons up.
        let rate = (0.0, 1e6);
        let reals = [
            ("train.presentation_us", train.presentation_us, (1.0, 1e6)),
            ("train.on_rate_bio_hz", train.on_rate_bio_hz, rate),
            ("train.off_rate_bio_hz", train.off_rate_bio_hz, rate),
            ("teacher.excitation_bio_hz", teacher.excitation_bio_hz, rate),
            ("teacher.inhibition_bio_hz", teacher.inhibition_bio_hz, rate),
            ("test.presentation_us", test.presentation_us, (1.0, 1e6)),
            ("test.on_rate_bio_hz", test.on_rate_bio_hz, rate),
            ("test.off_rate_bio_hz", test.off_rate_bio_hz, rate),
            ("test.synaptic_gain", test.synaptic_gain, (0.0, 1000.0)),
            ("test.threshold_above_rest_lsb", test.threshold_above_rest_lsb, (-100.0, 200.0)),
            ("test.tau_mem_us", test.tau_mem_us, (0.1, 2000.0)),
        ];
        for (name, value, (low, high)) in reals {
            if !(low..=high).contains(&value) {
                let message = format!("`task.{name}` must be {low} to {high}, not {value}");
                return Err(ConfigError(message));
            }
        }
        Ok(())
    }
}
