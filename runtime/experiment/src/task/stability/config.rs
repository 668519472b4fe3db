//! What `experiment.toml` says of a stability experiment.

use crate::config::{ConfigError, RuleConfig};
use crate::task::TaskKind;
use pl_chip::{COLUMNS, ROWS};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The `[task]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StabilityConfig {
    /// Always [`TaskKind::Stability`].
    pub kind: TaskKind,
    /// Name of the `[rule.NAME]` table.
    pub rule: String,
    /// Neurons, 1 to 256: columns from column 0.
    pub neurons: u16,
    /// Poisson inputs, 1 to 256: rows from row 0, each connected to every neuron.
    pub inputs: u16,
    /// Rate of each input, hertz of biological time.
    pub input_rate_bio_hz: f64,
    /// Weights that all synapses start at, ascending: a run, on the same chip, for each.
    pub initial_weights: Vec<u8>,
    /// Biological time of a run.
    pub duration_bio_s: f64,
    /// The end of it, over which rates are judged.
    pub judged_bio_s: f64,
    /// Rates that differ by no more than this part of the larger one are the same.
    pub tolerance: f64,
    /// Rates that differ by no more than this are the same, too: neurons that hardly fire.
    pub floor_bio_hz: f64,
    /// What of the rule the fixed points follow from; nothing is predicted without it.
    pub fixed_point: Option<FixedPointConfig>,
}

/// The params of a rule whose mean change in an update is `gain c - decay w + growth`, with `c` the
/// causal correlation of a synapse.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedPointConfig {
    /// Name of the gain of correlation, weight LSB per correlation LSB.
    pub gain: String,
    /// Name of the part of a weight that is lost.
    pub decay: String,
    /// Name of the growth, weight LSB.
    pub growth: String,
    /// Biological time over which the answer of the neurons to their weights is measured.
    pub transfer_bio_s: f64,
}

impl StabilityConfig {
    pub(crate) fn check(&self, rules: &BTreeMap<String, RuleConfig>) -> Result<(), ConfigError> {
        if !rules.contains_key(&self.rule) {
            let message = format!("`task.rule`: there is no table [rule.{}]", self.rule);
            return Err(ConfigError(message));
        }
        for (name, value, most) in
            [("neurons", self.neurons, COLUMNS), ("inputs", self.inputs, ROWS)]
        {
            if !(1..=most).contains(&usize::from(value)) {
                let message = format!("`task.{name}` must be 1 to {most}, not {value}");
                return Err(ConfigError(message));
            }
        }
        let weights = &self.initial_weights;
        if weights.len() < 2
            || !weights.is_sorted_by(|a, b| a < b)
            || weights.iter().any(|w| *w > 63)
        {
            let message = "`task.initial_weights` must be two or more, ascending, of 0 to 63";
            return Err(ConfigError(message.into()));
        }
        let positive = [
            ("input_rate_bio_hz", self.input_rate_bio_hz, 1e4),
            ("duration_bio_s", self.duration_bio_s, 1e6),
            ("judged_bio_s", self.judged_bio_s, self.duration_bio_s),
            ("tolerance", self.tolerance, 1.0),
            ("floor_bio_hz", self.floor_bio_hz, 1e3),
        ];
        let transfer = self.fixed_point.as_ref();
        let transfer = transfer.map(|f| ("fixed_point.transfer_bio_s", f.transfer_bio_s, 1e6));
        for (name, value, most) in positive.into_iter().chain(transfer) {
            if !(value > 0.0 && value <= most) {
                let message =
                    format!("`task.{name}` must be above 0 and at most {most}, not {value}");
                return Err(ConfigError(message));
            }
        }
        Ok(())
    }
}
