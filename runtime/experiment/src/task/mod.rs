//! Tasks: what a chip is to do, with its stimuli, teacher and readout.

pub mod classification;

use crate::config::{ConfigError, RuleConfig};
use classification::ClassificationConfig;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The `[task]` table; `kind` chooses.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TaskConfig {
    /// Learning to tell classes of a data set apart, with a teacher.
    Classification(Box<ClassificationConfig>),
}

impl TaskConfig {
    pub(crate) fn check(&self, rules: &BTreeMap<String, RuleConfig>) -> Result<(), ConfigError> {
        match self {
            TaskConfig::Classification(config) => config.check(rules),
        }
    }
}
