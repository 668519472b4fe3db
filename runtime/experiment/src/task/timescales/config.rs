//! The `[task]` table of time scales.

use crate::config::{ConfigError, RuleConfig};
use crate::task::TaskKind;
use pl_chip::ROWS;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The `[task]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimescalesConfig {
    /// Always [`TaskKind::Timescales`].
    pub kind: TaskKind,
    /// Name of the `[rule.NAME]` that runs on both hemispheres.
    pub rule: String,
    /// Synapse rows of each hemisphere in use, from row 0 on, each with a Poisson source of its own.
    pub rows: usize,
    /// Rate of a source, hertz of biological time.
    pub source_bio_hz: f64,
    /// Weight of every synapse at the start, 0 to 63.
    pub initial_weight: u8,
    /// Windows that are timed, of one period of the rule each.
    pub windows: u32,
    /// What to tell the time of.
    pub processes: Vec<Process>,
}

/// A process of the nervous system.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Its name in the results, of letters, digits and `_`.
    pub name: String,
    /// How long it takes in nature.
    pub nature_s: f64,
}

impl TimescalesConfig {
    pub(crate) fn check(&self, rules: &BTreeMap<String, RuleConfig>) -> Result<(), ConfigError> {
        let wrong = |message: String| Err(ConfigError(message));
        if !rules.contains_key(&self.rule) {
            return wrong(format!("`task.rule`: there is no table [rule.{}]", self.rule));
        }
        if !(1..=ROWS).contains(&self.rows) {
            return wrong(format!("`task.rows` must be 1 to {ROWS}, not {}", self.rows));
        }
        if self.initial_weight > 63 {
            return wrong(format!(
                "`task.initial_weight` must be 0 to 63, not {}",
                self.initial_weight
            ));
        }
        if !(0.0..=1e6).contains(&self.source_bio_hz) {
            return wrong(format!(
                "`task.source_bio_hz` must be 0 to 1000000, not {}",
                self.source_bio_hz
            ));
        }
        if !(1..=1_000_000).contains(&self.windows) {
            return wrong(format!("`task.windows` must be 1 to 1000000, not {}", self.windows));
        }
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '_';
        for Process { name, nature_s } in &self.processes {
            if name.is_empty() || !name.chars().all(sound) {
                return wrong(format!(
                    "`task.processes`: `name` must be letters, digits and _, not `{name}`"
                ));
            }
            if !(*nature_s >= 1e-6 && *nature_s <= 1e18) {
                return wrong(format!(
                    "`task.processes`: `nature_s` must be 0.000001 to 1e18, not {nature_s}"
                ));
            }
        }
        Ok(())
    }
}
