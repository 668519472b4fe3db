//! `experiment.toml`: what to run.

use crate::calibration::CalibrationSource;
use crate::chips::ClusterConfig;
use crate::estimate::EstimateConfig;
use crate::inputs::{self, InputConfig};
use crate::membranes::RecordConfig;
use crate::plasticity::Timing;
use crate::task::{TaskConfig, TaskKind};
use pl_chip::ChipConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// An experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Name, of letters, digits, `-` and `_`; names the folder of the results.
    pub name: String,
    /// What it shows, in a sentence or two.
    pub about: String,
    /// Seed unless the command line says another.
    pub seed: u64,
    /// How rules run.
    pub run: RunConfig,
    /// The chip: a profile and the parameters that differ from it.
    pub chip: ChipConfig,
    /// What the chip is calibrated with.
    pub calibration: CalibrationSource,
    /// How many chips there are, and what joins them.
    pub cluster: ClusterConfig,
    /// Constants of the estimate of energy.
    pub estimate: EstimateConfig,
    /// What is recorded besides the results of the task.
    pub record: RecordConfig,
    /// Rules, by the name the task uses.
    pub rule: BTreeMap<String, RuleConfig>,
    /// The task.
    pub task: TaskConfig,
}

/// An experiment as written; `T` is the table of its kind of task, known beforehand so that
/// messages can name the place of a mistake in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<T> {
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default = "default_seed")]
    seed: u64,
    #[serde(default)]
    run: RunConfig,
    #[serde(default)]
    chip: ChipConfig,
    #[serde(default)]
    calibration: CalibrationSource,
    #[serde(default)]
    cluster: ClusterConfig,
    #[serde(default)]
    estimate: EstimateConfig,
    #[serde(default)]
    record: RecordConfig,
    #[serde(default)]
    rule: BTreeMap<String, RuleConfig>,
    task: T,
}

/// Where an experiment is read from.
enum Source<'a> {
    Text(&'a str),
    Table(Table),
}

impl Source<'_> {
    fn read(self, kind: TaskKind) -> Result<Experiment, toml::de::Error> {
        match kind {
            TaskKind::Classification => self.read_as(TaskConfig::Classification),
            TaskKind::Rates => self.read_as(TaskConfig::Rates),
            TaskKind::Autonomous => self.read_as(TaskConfig::Autonomous),
            TaskKind::Perceptron => self.read_as(TaskConfig::Perceptron),
            TaskKind::RandomNetwork => self.read_as(TaskConfig::RandomNetwork),
            TaskKind::Calibration => self.read_as(TaskConfig::Calibration),
            TaskKind::Stability => self.read_as(TaskConfig::Stability),
            TaskKind::Compartments => self.read_as(TaskConfig::Compartments),
            TaskKind::Clusters => self.read_as(TaskConfig::Clusters),
            TaskKind::Timescales => self.read_as(TaskConfig::Timescales),
        }
    }

    fn read_as<T: DeserializeOwned>(
        self,
        config: impl FnOnce(Box<T>) -> TaskConfig,
    ) -> Result<Experiment, toml::de::Error> {
        let written: Written<T> = match self {
            Source::Text(text) => toml::from_str(text)?,
            Source::Table(table) => Value::Table(table).try_into()?,
        };
        let Written { name, about, seed, run, chip, calibration, cluster, estimate, .. } = written;
        let (record, rule, task) = (written.record, written.rule, written.task);
        let task = config(Box::new(task));
        Ok(Experiment {
            name,
            about,
            seed,
            run,
            chip,
            calibration,
            cluster,
            estimate,
            record,
            rule,
            task,
        })
    }
}

/// The part of an experiment that says what the rest must be.
#[derive(Deserialize)]
struct Outline {
    task: TaskOutline,
}

#[derive(Deserialize)]
struct TaskOutline {
    kind: TaskKind,
}

/// First of the seeds results are reported on; those below 100 are for choosing gains.
fn default_seed() -> u64 {
    1000
}

/// The `[run]` table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// What time updates take.
    #[serde(default)]
    pub timing: Timing,
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
    /// What is written to its inputs.
    #[serde(default)]
    pub inputs: BTreeMap<String, InputConfig>,
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
        let wrong = |error: toml::de::Error| ConfigError(error.to_string().trim_end().into());
        let outline: Outline = toml::from_str(text).map_err(wrong)?;
        let kind = outline.task.kind;
        let mut experiment = Source::Text(text).read(kind).map_err(wrong)?;
        if !changes.is_empty() {
            let mut table: Table = text.parse().map_err(wrong)?;
            for change in changes {
                apply(&mut table, &experiment.rule, change)?;
                // Each change is checked by itself, so that a message can name it.
                let wrong = |error: toml::de::Error| {
                    ConfigError(format!("`{change}`: {}", error.message()))
                };
                experiment = Source::Table(table.clone()).read(kind).map_err(wrong)?;
            }
        }
        experiment.check()?;
        Ok(experiment)
    }

    /// Chips of a run whose neurons spike while time passes, so that their membranes can be recorded;
    /// or why there are none.
    pub(crate) fn spiking_chips(&self) -> Result<usize, &'static str> {
        Ok(self.task.spiking_chips()?.max(self.cluster.chips))
    }

    fn check(&self) -> Result<(), ConfigError> {
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || !self.name.chars().all(sound) {
            let message = format!("`name` must be letters, digits, - and _, not `{}`", self.name);
            return Err(ConfigError(message));
        }
        self.estimate.check()?;
        self.cluster.check()?;
        self.task.check(&self.chip, &self.rule, self.cluster.chips)?;
        self.rule.iter().try_for_each(|(name, rule)| inputs::check(name, &rule.inputs))?;
        let one_chip = self.cluster == ClusterConfig::default();
        if !one_chip && !matches!(self.task, TaskConfig::Rates(_)) {
            let message = "[cluster] is for the task `rates`: leave it out; `random_network` has \
                           `task.chips`";
            return Err(ConfigError(message.into()));
        }
        if self.cluster.chips > 1 && self.run.timing == Timing::Chip {
            let message = "`run.timing` is \"chip\" and `cluster.chips` more than 1: rules of several \
                           chips run without taking time; leave `run.timing` out";
            return Err(ConfigError(message.into()));
        }
        let calibrates = matches!(self.task, TaskConfig::Calibration(_));
        if calibrates && !self.calibration.files.is_empty() {
            let message =
                "the task `calibration` measures chips as they are: leave [calibration] out";
            return Err(ConfigError(message.into()));
        }
        let Some(membranes) = &self.record.membranes else { return Ok(()) };
        match self.spiking_chips() {
            Ok(chips) => membranes.check(chips),
            Err(why) => Err(ConfigError(format!(
                "`record.membranes` is for tasks whose neurons spike while time passes: {why}; leave \
                 [record.membranes] out"
            ))),
        }
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
    let short = |rule: &str, rest: &[&str]| {
        rules.contains_key(rule) && (rest.len() == 1 || !table.contains_key(rule))
    };
    // Names of params and inputs may have dots themselves.
    let named = |name: &[&str]| name.join(".").trim_matches('"').to_owned();
    let (tables, last) = match &path[..] {
        ["rule", rule, kind @ ("params" | "inputs"), name @ ..] if !name.is_empty() => {
            (vec!["rule", *rule, *kind], named(name))
        }
        [rule, name @ ..] if !name.is_empty() && short(rule, name) => {
            (vec!["rule", *rule, "params"], named(name))
        }
        [tables @ .., last] => (tables.to_vec(), (*last).to_owned()),
        [] => return Ok(()),
    };
    let mut place = table;
    for name in tables {
        let entry = place.entry(name).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(inner) = entry else {
            return Err(ConfigError(format!("`{change}`: `{name}` is a value, not a table")));
        };
        place = inner;
    }
    place.insert(last, parse_value(text.trim()));
    Ok(())
}

/// A TOML value, or else the text itself.
fn parse_value(text: &str) -> Value {
    let document = format!("value = {text}");
    let parsed = document.parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::InputValues;

    const DIGITS: &str = include_str!("../../../examples/digits/experiment.toml");

    fn changed(changes: &[&str]) -> Result<Experiment, String> {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        Experiment::parse(DIGITS, &changes).map_err(|error| error.to_string())
    }

    #[test]
    fn changes_reach_params_and_values() {
        let experiment = changed(&[
            "structural.theta=9",
            "task.train.samples=12",
            "chip.sensor.tau_us=30",
            "task.evaluate=validation",
            "rule.structural.source=other.pl",
            "run.timing=chip",
            "structural.pairs.gain=2",
            "rule.structural.inputs.reward={ times_ms = [0, 2.5], values = [0, [1, 2]] }",
            "rule.structural.inputs.\"pairs.teacher\"=3",
        ])
        .unwrap();
        assert_eq!(experiment.rule["structural"].params["pairs.gain"], 2.0);
        let inputs = &experiment.rule["structural"].inputs;
        let (zero, two) = (InputValues::One(0.0), InputValues::List(vec![1.0, 2.0]));
        assert_eq!(inputs["reward"].steps(), [(0, &zero), (625_000, &two)]);
        assert_eq!(inputs["pairs.teacher"], InputConfig::Constant(InputValues::One(3.0)));
        assert_eq!(experiment.rule["structural"].params["theta"], 9.0);
        assert_eq!(experiment.rule["structural"].source, "other.pl");
        assert_eq!(experiment.run.timing, Timing::Chip);
        assert_eq!(experiment.chip.get("sensor.tau_us"), Some(30.0));
        let TaskConfig::Classification(task) = &experiment.task else { panic!("a classification") };
        assert_eq!(task.train.samples, 12);
    }

    #[test]
    fn mistakes_name_their_place() {
        for (change, said) in [
            ("task.train.sample=1", "unknown field `sample`"),
            ("task.rows=0", "`task.rows` must be 1 to 256, not 0"),
            ("task.input.levels=[3, 2]", "ascending"),
            ("task.rule=hebb", "no table [rule.hebb]"),
            ("chip.sensor.tau=1", "nearest name is `sensor.tau_us`"),
            ("rule.structural.inputs.r=\"1\"", "an input is a number, a list, or { times_ms"),
            ("rule.structural.inputs={ a.b = 1 }", "names that have dots stand in quotes"),
            (
                "rule.structural.inputs.r={ times_ms = [0, 1], values = [0] }",
                "[rule.structural.inputs]: `r`: `times_ms` has 2 times, `values` 1",
            ),
            (
                "rule.structural.inputs.r={ times_ms = [1, 1], values = [0, 1] }",
                "`times_ms` must ascend",
            ),
            (
                "rule.structural.inputs.r={ times_ms = [-1], values = [0] }",
                "`times_ms` must lie in 0 to 2147000, not -1",
            ),
            ("seed.x=1", "`seed` is a value"),
            ("seed", "KEY=VALUE"),
            ("name=a b", "letters, digits"),
        ] {
            let message = changed(&[change]).unwrap_err();
            assert!(message.contains(said), "{change}: {message}");
        }
        let text = DIGITS.replace("addresses = 8", "adresses = 8");
        let message = Experiment::parse(&text, &[]).unwrap_err().to_string();
        assert!(message.contains("adresses = 8") && message.contains("unknown field"), "{message}");
        let text = DIGITS.replace("\"classification\"", "\"pong\"");
        let message = Experiment::parse(&text, &[]).unwrap_err().to_string();
        assert!(message.contains("unknown variant `pong`"), "{message}");
    }

    #[test]
    fn no_text_panics() {
        for end in (0..DIGITS.len()).step_by(13).filter(|end| DIGITS.is_char_boundary(*end)) {
            let _ = Experiment::parse(&DIGITS[..end], &[]);
        }
    }
}
