//! Tasks: what a chip is to do, with its stimuli, teacher and readout.

pub mod classification;

use crate::config::{ConfigError, RuleConfig};
use classification::ClassificationConfig;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What `kind` in the `[task]` table chooses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Learning to tell classes of a data set apart, with a teacher.
    Classification,
}

/// The `[task]` table.
#[derive(Clone, Debug)]
pub enum TaskConfig {
    /// Of [`TaskKind::Classification`].
    Classification(Box<ClassificationConfig>),
}

impl TaskConfig {
    pub(crate) fn check(&self, rules: &BTreeMap<String, RuleConfig>) -> Result<(), ConfigError> {
        match self {
            TaskConfig::Classification(config) => config.check(rules),
        }
    }
}
