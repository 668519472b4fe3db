//! What `experiment.toml` says of an autonomous rule.

use super::{NOISY_COLUMNS_MAX, ROWS_MAX};
use crate::config::{ConfigError, RuleConfig};
use crate::task::TaskKind;
use pl_fixed::chip;
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
    /// Rows of the view, 1 to 252, from row 0.
    pub rows: u16,
    /// Columns of the view, 1 to 256, from column 0; at most 64 with noise.
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
    /// Which rows they go to; all of them unless given.
    pub sequence: Option<Sequence>,
    /// Rate of each of the two noise sources of a neuron, hertz of hardware time.
    pub noise_hz: f64,
    /// Hardware time from an update for which the noise lasts.
    pub noise_us: f64,
    /// Weight of the noise, 0 to 63.
    pub noise_weight: u8,
    /// By how much the numbers of a row and of a neuron that is rewarded for it may differ.
    pub rewarded_within: u16,
    /// Mean weights to report; none unless given.
    pub diagonal: Option<Diagonal>,
    /// What is drawn while the rule runs; nothing unless given.
    #[serde(default)]
    pub scene: Vec<Point>,
    /// Curves of others to be drawn beside what the rule records: updates and value of each point.
    #[serde(default)]
    pub published: BTreeMap<String, Vec<(f64, f64)>>,
}

/// Rows that are shown in turn, from row 0 on, one after each update.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// Rate of the row whose turn it is, of the rows beside it, of those beside them, .., in units of
    /// the burst's; above 0, at most 1.
    pub relative_rates: Vec<f64>,
    /// The last row of the view is not shown: as long as others are, it has an event in this
    /// hardware time. What it does is the rule's doing.
    pub last_row_interval_us: f64,
}

/// Weights by how far the numbers of row and column differ.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagonal {
    /// By at most so much: on the diagonal.
    pub within: u16,
    /// By more than so much: off it.
    pub beyond: u16,
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
            ("columns", self.columns.into(), 1, self.columns_max().into()),
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
        let sequence = self.sequence.as_ref();
        let sequence = sequence.map(|s| ("sequence.last_row_interval_us", s.last_row_interval_us));
        let sequence = sequence.map(|(name, us)| (name, us, 0.004, 1e5));
        for (name, value, least, most) in reals.into_iter().chain(sequence) {
            if !(least..=most).contains(&value) {
                let message = format!("`task.{name}` must be {least} to {most}, not {value}");
                return Err(ConfigError(message));
            }
        }
        let rates = self.sequence.iter().flat_map(|sequence| &sequence.relative_rates);
        if let Some(rate) = rates.into_iter().find(|rate| !(0.001..=1.0).contains(*rate)) {
            let message =
                format!("`task.sequence.relative_rates` must be 0.001 to 1 each, not {rate}");
            return Err(ConfigError(message));
        }
        Ok(())
    }

    /// Whether neurons hear noise of their own.
    pub(super) fn is_noisy(&self) -> bool {
        self.noise_hz > 0.0 && self.noise_weight > 0
    }

    /// Noise is told apart by addresses.
    fn columns_max(&self) -> u16 {
        if self.is_noisy() { NOISY_COLUMNS_MAX } else { chip::COLUMNS }
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
