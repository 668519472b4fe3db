//! What an experiment writes to the inputs of rules.
//!
//! ```toml
//! [rule.rewarded.inputs]
//! reward = 0.5                                                    # everywhere, from the start on
//! teacher = [0, 20, 40]                                           # one a column, or row, of the view
//! target = { times_ms = [0, 10], values = [0.0, 1.0] }            # from these times on
//! ```
//!
//! Times are those of the rule's `now`: hardware time since its schedule began. The first update at or
//! after a time is the first to see the value of that time; `start` blocks see initial values.

use crate::config::ConfigError;
use pl_chip::time::ticks_from_us;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Values of an input, as written in `[rule.NAME.inputs]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "an input is a number, a list, or { times_ms = [..], values = [..] }; names that have \
                 dots stand in quotes"
)]
pub enum InputConfig {
    /// The same from the first update on.
    Constant(InputValues),
    /// A time series.
    Course(CourseConfig),
}

/// A time series of values.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CourseConfig {
    /// Hardware time since the schedule of the rule began, ms; ascending, the first may be 0.
    pub times_ms: Vec<f64>,
    /// Values from each of these times on, as many.
    pub values: Vec<InputValues>,
}

/// Values that an input has at a time.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum InputValues {
    /// Everywhere.
    One(f64),
    /// One a column of the view, or a row.
    List(Vec<f64>),
    /// A list of columns for each row.
    Rows(Vec<Vec<f64>>),
}

impl InputConfig {
    /// Times, ticks since the schedule began, and values from each on.
    #[must_use]
    pub fn steps(&self) -> Vec<(u64, &InputValues)> {
        match self {
            InputConfig::Constant(values) => vec![(0, values)],
            InputConfig::Course(CourseConfig { times_ms, values }) => {
                times_ms.iter().map(|time| ticks_from_us(1000.0 * *time)).zip(values).collect()
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        let InputConfig::Course(CourseConfig { times_ms, values }) = self else { return Ok(()) };
        if times_ms.is_empty() || times_ms.len() != values.len() {
            let (times, values) = (times_ms.len(), values.len());
            return Err(format!("`times_ms` has {times} times, `values` {values}: give as many"));
        }
        let sound = |time: &&f64| (0.0..=TIME_MS_MAX).contains(*time);
        if let Some(wrong) = times_ms.iter().find(|time| !sound(time)) {
            return Err(format!("`times_ms` must lie in 0 to {TIME_MS_MAX}, not {wrong}"));
        }
        if !times_ms.is_sorted_by(|a, b| ticks_from_us(1000.0 * *a) < ticks_from_us(1000.0 * *b)) {
            return Err("`times_ms` must ascend".to_owned());
        }
        Ok(())
    }
}

/// Latest time of a series: beyond it `now` is no longer kept.
const TIME_MS_MAX: f64 = 2_147_000.0;

/// Checks what of inputs does not depend on the rule.
pub(crate) fn check(rule: &str, inputs: &BTreeMap<String, InputConfig>) -> Result<(), ConfigError> {
    for (name, input) in inputs {
        let place = |why| ConfigError(format!("[rule.{rule}.inputs]: `{name}`: {why}"));
        input.check().map_err(place)?;
    }
    Ok(())
}

/// What is written to an input of a bound rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Number of the input among states and inputs of the rule.
    pub object: usize,
    /// Ascending.
    pub steps: Vec<Step>,
}

/// Values from some update on.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Their time, ticks since the schedule began.
    pub time: u64,
    /// The first update due at or after it.
    pub update: u32,
    /// Raw values as the rule keeps them: of every column of every row of the view, of every column,
    /// of every row, or one.
    pub values: Vec<i32>,
}

impl Course {
    /// What must be written before an update: values that it is the first to see.
    #[must_use]
    pub fn before_update(&self, update: u32) -> Option<&[i32]> {
        let step = self.steps.iter().rfind(|step| step.update <= update)?;
        (step.update == update).then_some(&step.values)
    }

    /// What must be written at `until` if all before `from` has been.
    #[must_use]
    pub fn between(&self, from: u64, until: u64) -> Option<&[i32]> {
        let step = self.steps.iter().rfind(|step| step.time <= until)?;
        (step.time >= from).then_some(&step.values)
    }

    /// The first time from `from` on at which something must be written.
    #[must_use]
    pub fn next(&self, from: u64) -> Option<u64> {
        self.steps.iter().map(|step| step.time).find(|time| *time >= from)
    }
}
