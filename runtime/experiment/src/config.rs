//! `experiment.toml`: what to run.

use crate::task::TaskConfig;
use pl_chip::ChipConfig;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// An experiment as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Name, of letters, digits, `-` and `_`; names the folder of the results.
    pub name: String,
    /// What it shows, in a sentence or two.
    #[serde(default)]
    pub about: String,
    /// Seed unless the command line says another.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// The chip: a profile and the parameters that differ from it.
    #[serde(default)]
    pub chip: ChipConfig,
    /// Rules, by the name the task uses.
    #[serde(default)]
    pub rule: BTreeMap<String, RuleConfig>,
    /// The task.
    pub task: TaskConfig,
}

/// First of the seeds results are reported on; those below 100 are for choosing gains.
fn default_seed() -> u64 {
    1000
}

/// A rule of an experiment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// File, relative to the experiment's, or `std:NAME` for a rule of the library.
    pub source: String,
    /// Values of params that differ from their defaults.
    #[serde(default)]
    pub params: BTreeMap<String, f64>,
}

/// What is wrong with an experiment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl Experiment {
    /// Reads an experiment and applies changes of the form `key=value`, where a key is
    /// `RULE.PARAM` or the dotted path of a value.
    ///
    /// # Errors
    /// What is wrong, with line and column if it stands in the text.
    pub fn parse(text: &str, changes: &[String]) -> Result<Experiment, ConfigError> {
        let written: Experiment = toml::from_str(text)
            .map_err(|error| ConfigError(error.to_string().trim_end().into()))?;
        let mut experiment = written;
        if !changes.is_empty() {
            let mut table: Table = text.parse().map_err(|error: toml::de::Error| {
                ConfigError(error.to_string().trim_end().into())
            })?;
            for change in changes {
                apply(&mut table, &experiment.rule, change)?;
                // Each change is checked by itself, so that a message can name it.
                experiment =
                    Value::Table(table.clone()).try_into().map_err(|error: toml::de::Error| {
                        ConfigError(format!("`{change}`: {}", error.message()))
                    })?;
            }
        }
        experiment.check()?;
        Ok(experiment)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || !self.name.chars().all(sound) {
            let message = format!("`name` must be letters, digits, - and _, not `{}`", self.name);
            return Err(ConfigError(message));
        }
        self.task.check(&self.rule)
    }
}

/// Applies one change to the table.
fn apply(
    table: &mut Table,
    rules: &BTreeMap<String, RuleConfig>,
    change: &str,
) -> Result<(), ConfigError> {
    let Some((key, text)) = change.split_once('=') else {
        let message = format!("`{change}`: a change has the form KEY=VALUE");
        return Err(ConfigError(message));
    };
    let path: Vec<&str> = key.trim().split('.').collect();
    let path = match path[..] {
        [rule, param] if rules.contains_key(rule) => vec!["rule", rule, "params", param],
        _ => path,
    };
    let Some((last, tables)) = path.split_last() else { return Ok(()) };
    let mut place = table;
    for name in tables {
        let entry = place.entry(*name).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(inner) = entry else {
            return Err(ConfigError(format!("`{change}`: `{name}` is a value, not a table")));
        };
        place = inner;
    }
    place.insert((*last).to_owned(), parse_value(text.trim()));
    Ok(())
}

/// A TOML value, or else the text itself.
fn parse_value(text: &str) -> Value {
    let document = format!("value = {text}");
    let parsed = document.parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}
