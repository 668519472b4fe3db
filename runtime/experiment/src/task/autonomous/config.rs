//! What `experiment.toml` says of an autonomous rule.

use super::{COLUMNS_MAX, ROWS_MAX};
use crate::config::{ConfigError, RuleConfig};
use crate::task::TaskKind;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The `[task]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutonomousConfig {
    /// Always [`TaskKind::Autonomous`].
    pub kind: TaskKind,
    /// Name of the `[rule.NAME]` table.
    pub rule: String,
    /// Rows of the view, 1 to 64, from row 0.
    pub rows: u16,
    /// Columns of the view, 1 to 64, from column 0.
    pub columns: u16,
    /// Updates of a run.
    pub updates: u32,
    /// Events of a burst.
    pub events: u32,
    /// Hardware time between them.
    pub interval_us: f64,
    /// Hardware time from an update to the first.
    pub first_us: f64,
    /// Their address.
    pub address: u8,
    /// Rate of each of the two noise sources of a neuron, hertz of hardware time.
    pub noise_hz: f64,
    /// Hardware time from an update for which the noise lasts.
    pub noise_us: f64,
    /// Weight of the noise, 0 to 63.
    pub noise_weight: u8,
    /// By how much the numbers of a row and of a neuron that is rewarded for it may differ.
    pub rewarded_within: u16,
    /// What is drawn while the rule runs; nothing unless given.
    #[serde(default)]
    pub scene: Vec<Point>,
    /// Curves of others to be drawn beside what the rule records: updates and value of each point.
    #[serde(default)]
    pub published: BTreeMap<String, Vec<(f64, f64)>>,
}

/// Something in a scene: where the rule says that it is, in a field of width and height 1 whose
/// origin is at the lower left.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// From the left.
    pub x: Place,
    /// From below.
    pub y: Place,
    /// Its height.
    #[serde(default)]
    pub height: f64,
}

/// A place along one axis.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Place {
    /// Always the same.
    At(f64),
    /// What the rule records of its own under this name.
    Recorded(String),
}

impl AutonomousConfig {
    pub(crate) fn check(&self, rules: &BTreeMap<String, RuleConfig>) -> Result<(), ConfigError> {
        if !rules.contains_key(&self.rule) {
            let message = format!("`task.rule`: there is no table [rule.{}]", self.rule);
            return Err(ConfigError(message));
        }
        let counts = [
            ("rows", u32::from(self.rows), 1, ROWS_MAX.into()),
            ("columns", self.columns.into(), 1, COLUMNS_MAX.into()),
            ("updates", self.updates, 1, 10_000_000),
            ("events", self.events, 0, 10_000),
            ("address", self.address.into(), 0, 63),
            ("noise_weight", self.noise_weight.into(), 0, 63),
        ];
        for (name, value, least, most) in counts {
            if !(least..=most).contains(&value) {
                let message = format!("`task.{name}` must be {least} to {most}, not {value}");
                return Err(ConfigError(message));
            }
        }
        let reals = [
            ("interval_us", self.interval_us, 0.004, 1e5),
            ("first_us", self.first_us, 0.0, 1e5),
            ("noise_hz", self.noise_hz, 0.0, 1e6),
            ("noise_us", self.noise_us, 0.0, 1e5),
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

impl Point {
    /// What the rule has to record for it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        [&self.x, &self.y].into_iter().filter_map(|place| match place {
            Place::At(_) => None,
            Place::Recorded(name) => Some(name.as_str()),
        })
    }
}
