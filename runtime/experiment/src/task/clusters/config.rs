//! What `experiment.toml` says of dendrites that share clusters of inputs among them.

use crate::config::{ConfigError, RuleConfig};
use crate::task::TaskKind;
use pl_chip::{COLUMNS, ChipConfig, ROWS};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The `[task]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClustersConfig {
    /// Always [`TaskKind::Clusters`].
    pub kind: TaskKind,
    /// Name of the `[rule.NAME]` that learns.
    pub rule: String,
    /// Columns of both dendrites of a neuron, in the first copy of `[chip.structure]`; its copies are
    /// the neurons, at most 32.
    pub dendrites: [usize; 2],
    /// Synapse rows that carry inputs, from row 0 on; a dendrite has a synapse in each.
    pub rows: usize,
    /// Inputs that share a row, half of each cluster; what a rule draws from.
    pub addresses: usize,
    /// Weight of every synapse at the start, 0 to 63; addresses start at random.
    pub initial_weight: u8,
    /// Biological time of a run.
    pub duration_bio_s: f64,
    /// Biological time for which a cluster is active.
    pub burst_bio_ms: f64,
    /// Biological time until a cluster, drawn at random, is active again.
    pub gap_bio_ms: f64,
    /// Rate of inputs of the active cluster, hertz of biological time.
    pub on_rate_bio_hz: f64,
    /// Rate of all other inputs, hertz of biological time.
    pub off_rate_bio_hz: f64,
    /// Rows through which a dendrite's plateau inhibits the other dendrite.
    pub inhibition_rows: usize,
    /// Weight of the synapses there, 0 to 63.
    pub inhibition_weight: u8,
}

/// Neurons whose dendrites have addresses of their own on the row of inhibition.
const NEURONS_MAX: usize = 32;

impl ClustersConfig {
    pub(crate) fn check(
        &self,
        chip: &ChipConfig,
        rules: &BTreeMap<String, RuleConfig>,
    ) -> Result<(), ConfigError> {
        let wrong = |message: String| Err(ConfigError(message));
        if !rules.contains_key(&self.rule) {
            return wrong(format!("`task.rule`: there is no table [rule.{}]", self.rule));
        }
        let structure = &chip.structure;
        let last = structure.copies.saturating_sub(1) * structure.every;
        let [a, b] = self.dendrites;
        if a == b || a.max(b) + last >= COLUMNS {
            return wrong("`task.dendrites` must be two columns, with all copies below 256".into());
        }
        let counts = [
            ("chip.structure.copies", structure.copies, 1, NEURONS_MAX),
            ("task.rows", self.rows, 1, ROWS - 2),
            ("task.inhibition_rows", self.inhibition_rows, 0, ROWS - 1 - self.rows.min(ROWS - 2)),
            ("task.addresses", self.addresses, 2, 64),
            ("task.initial_weight", self.initial_weight.into(), 0, 63),
            ("task.inhibition_weight", self.inhibition_weight.into(), 0, 63),
        ];
        for (name, value, low, high) in counts {
            if !(low..=high).contains(&value) {
                return wrong(format!("`{name}` must be {low} to {high}, not {value}"));
            }
        }
        if !self.addresses.is_multiple_of(2) {
            return wrong(format!("`task.addresses` must be even, not {}", self.addresses));
        }
        let reals = [
            ("duration_bio_s", self.duration_bio_s, 0.001, 1e6),
            ("burst_bio_ms", self.burst_bio_ms, 0.1, 1e5),
            ("gap_bio_ms", self.gap_bio_ms, 0.0, 1e5),
            ("on_rate_bio_hz", self.on_rate_bio_hz, 0.0, 1e6),
            ("off_rate_bio_hz", self.off_rate_bio_hz, 0.0, 1e6),
        ];
        for (name, value, low, high) in reals {
            if !(low..=high).contains(&value) {
                return wrong(format!("`task.{name}` must be {low} to {high}, not {value}"));
            }
        }
        Ok(())
    }
}
