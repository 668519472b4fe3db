//! Every parameter of the emulated chip: name, unit, range, default, source and confidence.
//!
//! The tables in `config/` are the only place a parameter is declared; joins of circuits are a list
//! beside them (`structure.rs`). They give the structures, the two profiles, setting and reading by
//! dotted name (`sensor.tau_us`), the list [`parameters`] for documentation, and reading from a
//! configuration file.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::event_path::{
    DriversConfig, EventPathConfig, GeneratorConfig, LabelsConfig, NodesConfig,
};
use crate::structure::StructureConfig;

mod blocks;
mod driver;
mod indices;
mod network;
mod neuron;
mod perceptron;
mod sensor;

pub use blocks::NeuronsConfig;
pub(crate) use blocks::Nominal;
pub use driver::StpConfig;
pub use indices::Indices;
pub use network::{LinkConfig, RoutingConfig, TimeConfig};
pub use neuron::{AdexConfig, NeuronConfig};
pub use perceptron::PerceptronConfig;
pub use sensor::{AdcConfig, SensorConfig};

/// A named set of defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// No mismatch and no noise: all circuits equal their nominal parameters.
    Ideal,
    /// Circuits differ and readings are noisy, as on a calibrated chip.
    #[default]
    Mismatch,
}

/// How well a default is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// Read in public code or tests of the official software.
    Code,
    /// Stated in the official demos and tutorials.
    Demo,
    /// Our own modelling assumption; no published figure was found.
    Assumed,
}

/// The values a parameter may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowed {
    /// From the first to the second value, both included.
    Between(f64, f64),
    /// Zero, or from the first to the second value, both included.
    ZeroOr(f64, f64),
    /// One of these values.
    OneOf(&'static [f64]),
}

impl Allowed {
    /// Whether `value` is allowed.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        match self {
            Allowed::Between(low, high) => low <= value && value <= high,
            Allowed::ZeroOr(low, high) => value == 0.0 || (low <= value && value <= high),
            Allowed::OneOf(values) => values.contains(&value),
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Allowed::Between(low, high) => write!(f, "{low} to {high}"),
            Allowed::ZeroOr(low, high) => write!(f, "0, or {low} to {high}"),
            Allowed::OneOf(values) => {
                for (i, value) in values.iter().enumerate() {
                    let separator = if i == 0 { "" } else { ", " };
                    write!(f, "{separator}{value}")?;
                }
                Ok(())
            }
        }
    }
}

/// What is known about one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Dotted name, as in a configuration file.
    pub name: &'static str,
    /// Unit of the value; empty for pure numbers.
    pub unit: &'static str,
    /// Meaning, in a sentence.
    pub doc: &'static str,
    /// Allowed values.
    pub allowed: Allowed,
    /// Default of [`Profile::Ideal`].
    pub ideal: f64,
    /// Default of [`Profile::Mismatch`].
    pub mismatch: f64,
    /// How well the default is known.
    pub confidence: Confidence,
    /// Where the default comes from.
    pub source: &'static str,
}

/// Why a parameter could not be set.
#[derive(Clone, Debug, PartialEq)]
pub enum ConfigError {
    /// There is no parameter of this name.
    UnknownParameter {
        /// The name that was given.
        name: String,
        /// The existing name that is nearest in spelling.
        nearest: &'static str,
    },
    /// The value is not allowed.
    OutOfRange {
        /// The parameter's dotted name.
        name: &'static str,
        /// The value that was given.
        value: f64,
        /// The allowed values.
        allowed: Allowed,
        /// Unit of both.
        unit: &'static str,
    },
    /// The structured neurons cannot be built; the text says why.
    Structure(String),
    /// An entry of a list cannot be; the text says which and why.
    List(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::UnknownParameter { name, nearest } => {
                write!(f, "the chip has no parameter `{name}`; the nearest name is `{nearest}`")
            }
            ConfigError::OutOfRange { name, value, allowed, unit } => {
                let space = if unit.is_empty() { "" } else { " " };
                write!(f, "`{name}` is {value}{space}{unit}, but must be {allowed}{space}{unit}")
            }
            ConfigError::Structure(text) | ConfigError::List(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Declares one section: its structure, and the rows of its parameters.
macro_rules! section {
    (
        $(#[doc = $section_doc:literal])+
        $section:ident: $Section:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident $unit:literal in $allowed:expr;
                ideal $ideal:literal, mismatch $mismatch:literal;
                $confidence:ident $source:literal;
            )+
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Clone, Debug, PartialEq, borsh::BorshSerialize, borsh::BorshDeserialize)]
        pub struct $Section {
            $(
                $(#[doc = $doc])+
                #[doc = ""]
                #[doc = concat!(
                    "Unit `", $unit, "`; default ", $ideal, " (ideal), ", $mismatch,
                    " (mismatch); source: ", $source, " (", stringify!($confidence), ")."
                )]
                pub $field: f64,
            )+
        }

        impl $Section {
            pub(super) const PARAMETERS: &[Parameter] = &[$(
                Parameter {
                    name: concat!(stringify!($section), ".", stringify!($field)),
                    unit: $unit,
                    doc: concat!($($doc),+),
                    allowed: $allowed,
                    ideal: $ideal,
                    mismatch: $mismatch,
                    confidence: Confidence::$confidence,
                    source: $source,
                },
            )+];

            pub(super) fn profile(profile: Profile) -> $Section {
                match profile {
                    Profile::Ideal => $Section { $($field: $ideal),+ },
                    Profile::Mismatch => $Section { $($field: $mismatch),+ },
                }
            }

            pub(super) fn slot(&mut self, field: &str) -> Option<&mut f64> {
                match field {
                    $(stringify!($field) => Some(&mut self.$field),)+
                    _ => None,
                }
            }
        }
    };
}
use section;

/// Joins the sections to the parameters of a chip.
macro_rules! chip_config {
    ($($(#[doc = $doc:literal])+ $section:ident: $Section:ident),+ $(,)?) => {
        /// All parameters of a chip.
        ///
        /// Deserialises from a table such as `{ profile = "mismatch", sensor = { tau_us = 64 } }`:
        /// the profile's defaults, then the named changes. Unknown names and values out of range
        /// are errors.
        #[derive(Clone, Debug, PartialEq)]
        pub struct ChipConfig {
            $( $(#[doc = $doc])+ pub $section: $Section, )+
            /// Joins of circuits to structured neurons, which is a list and no parameter; default
            /// none.
            pub structure: StructureConfig,
            /// Lists that set up drivers, crossbar, generators and labels; default none.
            pub event_path: EventPathConfig,
            /// Blocks of neurons whose parameters differ; default none.
            pub neurons: Vec<NeuronsConfig>,
        }

        /// Every parameter, in the order of declaration.
        pub fn parameters() -> impl Iterator<Item = &'static Parameter> {
            [$($Section::PARAMETERS),+].into_iter().flatten()
        }

        impl ChipConfig {
            /// The defaults of `profile`.
            #[must_use]
            pub fn profile(profile: Profile) -> ChipConfig {
                ChipConfig {
                    $($section: $Section::profile(profile),)+
                    structure: StructureConfig::default(),
                    event_path: EventPathConfig::default(),
                    neurons: Vec::new(),
                }
            }

            fn slot(&mut self, name: &str) -> Option<&mut f64> {
                let (section, field) = name.split_once('.')?;
                match section {
                    $(stringify!($section) => self.$section.slot(field),)+
                    _ => None,
                }
            }
        }
    };
}

chip_config! {
    /// Resolution in time.
    time: TimeConfig,
    /// Ways of events.
    routing: RoutingConfig,
    /// Links between chips.
    link: LinkConfig,
    /// Short-term plasticity.
    stp: StpConfig,
    /// Correlation sensors.
    sensor: SensorConfig,
    /// Converters.
    adc: AdcConfig,
    /// Neurons.
    neuron: NeuronConfig,
    /// What makes neurons adaptive exponential ones.
    adex: AdexConfig,
    /// Perceptron mode.
    perceptron: PerceptronConfig,
}

impl ChipConfig {
    /// The defaults of [`Profile::Ideal`].
    #[must_use]
    pub fn ideal() -> ChipConfig {
        ChipConfig::profile(Profile::Ideal)
    }

    /// The defaults of [`Profile::Mismatch`].
    #[must_use]
    pub fn mismatch() -> ChipConfig {
        ChipConfig::profile(Profile::Mismatch)
    }

    /// Sets the parameter of the dotted `name`, for example `sensor.tau_us`.
    ///
    /// # Errors
    /// If there is no such parameter or the value is not allowed; nothing changes then.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), ConfigError> {
        let Some(parameter) = parameters().find(|p| p.name == name) else {
            let nearest = nearest(name, parameters());
            return Err(ConfigError::UnknownParameter { name: name.to_owned(), nearest });
        };
        parameter.check(value)?;
        if let Some(slot) = self.slot(name) {
            *slot = value;
        }
        Ok(())
    }

    /// The value of the parameter of the dotted `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.clone().slot(name).copied()
    }

    /// Checks every parameter against its allowed values, and the structure; for configurations whose fields were
    /// written directly.
    ///
    /// # Errors
    /// The first parameter, in order of declaration, that is not allowed; then the structure.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut copy = self.clone();
        for parameter in parameters() {
            parameter.check(copy.slot(parameter.name).copied().unwrap_or(parameter.ideal))?;
        }
        self.structure.validate(self.adex.enabled != 0.0)?;
        self.check_neurons()?;
        self.event_path.validate()
    }
}

impl Parameter {
    fn check(&self, value: f64) -> Result<(), ConfigError> {
        if self.allowed.contains(value) {
            return Ok(());
        }
        let Parameter { name, allowed, unit, .. } = *self;
        Err(ConfigError::OutOfRange { name, value, allowed, unit })
    }
}

impl Default for ChipConfig {
    fn default() -> ChipConfig {
        ChipConfig::profile(Profile::default())
    }
}

impl<'de> Deserialize<'de> for ChipConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ChipConfig, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            #[serde(default)]
            profile: Profile,
            #[serde(default)]
            structure: StructureConfig,
            #[serde(default)]
            drivers: Vec<DriversConfig>,
            #[serde(default)]
            crossbar: Vec<NodesConfig>,
            #[serde(default)]
            generators: Vec<GeneratorConfig>,
            #[serde(default)]
            labels: Vec<LabelsConfig>,
            #[serde(default)]
            neurons: Vec<NeuronsConfig>,
            #[serde(flatten)]
            sections: BTreeMap<String, BTreeMap<String, f64>>,
        }
        let written = Written::deserialize(deserializer)?;
        let mut config = ChipConfig::profile(written.profile);
        for (section, fields) in written.sections {
            for (field, value) in fields {
                config.set(&format!("{section}.{field}"), value).map_err(D::Error::custom)?;
            }
        }
        config.structure = written.structure;
        config.structure.validate(config.adex.enabled != 0.0).map_err(D::Error::custom)?;
        let Written { drivers, crossbar, generators, labels, .. } = written;
        config.event_path = EventPathConfig { drivers, crossbar, generators, labels };
        config.event_path.validate().map_err(D::Error::custom)?;
        config.neurons = written.neurons;
        config.check_neurons().map_err(D::Error::custom)?;
        Ok(config)
    }
}

/// The name of the parameter whose spelling is nearest to `name`.
fn nearest(name: &str, parameters: impl Iterator<Item = &'static Parameter>) -> &'static str {
    parameters.min_by_key(|p| edit_distance(name, p.name)).map_or("", |p| p.name)
}

/// Number of characters to insert, delete or replace to turn `a` into `b`.
fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_allowed_and_names_unique() {
        for parameter in parameters() {
            assert!(parameter.allowed.contains(parameter.ideal), "{}", parameter.name);
            assert!(parameter.allowed.contains(parameter.mismatch), "{}", parameter.name);
            assert_eq!(parameters().filter(|p| p.name == parameter.name).count(), 1);
        }
    }

    #[test]
    fn reads_changes_over_a_profile() {
        let config: ChipConfig =
            toml::from_str("profile = 'ideal'\n[sensor]\ntau_us = 64\neta_lsb = 0.4").unwrap();
        assert_eq!(config.sensor.tau_us, 64.0);
        assert_eq!(config.get("sensor.eta_lsb"), Some(0.4));
        assert_eq!(config.sensor.eta_sigma, 0.0);
        let config: ChipConfig = toml::from_str("").unwrap();
        assert_eq!(config, ChipConfig::mismatch());
    }

    #[test]
    fn refuses_unknown_names_and_values_out_of_range() {
        let message = |text: &str| toml::from_str::<ChipConfig>(text).unwrap_err().to_string();
        assert!(message("[sensor]\ntau_s = 64").contains("nearest name is `sensor.tau_us`"));
        assert!(message("[sensor]\ntau_us = 0").contains("must be 0.1 to 2000 us"));
        assert!(message("[sensor]\ntau_us = 'x'").contains("invalid type"));
        assert!(message("profile = 'perfect'").contains("perfect"));
        let mut config = ChipConfig::ideal();
        config.sensor.saturation_power = 3.0;
        assert!(config.validate().is_err());
    }
}
