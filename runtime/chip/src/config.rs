//! Every parameter of the emulated chip: name, unit, range, default, source and confidence.
//!
//! The table at the end of this file is the only place a parameter is declared; joins of circuits
//! are a list beside it (`structure.rs`). It gives the
//! structures, the two profiles, setting and reading by dotted name (`sensor.tau_us`), the list
//! [`PARAMETERS`] for documentation, and reading from a configuration file.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::structure::StructureConfig;

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
            ConfigError::Structure(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ConfigError {}

macro_rules! parameters {
    ($(
        $(#[doc = $section_doc:literal])+
        $section:ident: $Section:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident $unit:literal in $allowed:expr;
                ideal $ideal:literal, mismatch $mismatch:literal;
                $confidence:ident $source:literal;
            )+
        }
    )+) => {
        $(
            $(#[doc = $section_doc])+
            #[derive(Clone, Debug, PartialEq)]
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
        )+

        /// All parameters of a chip.
        ///
        /// Deserialises from a table such as `{ profile = "mismatch", sensor = { tau_us = 64 } }`:
        /// the profile's defaults, then the named changes. Unknown names and values out of range
        /// are errors.
        #[derive(Clone, Debug, PartialEq)]
        pub struct ChipConfig {
            $( $(#[doc = $section_doc])+ pub $section: $Section, )+
            /// Joins of circuits to structured neurons, which is a list and no parameter; default
            /// none.
            pub structure: StructureConfig,
        }

        /// Every parameter, in the order of declaration.
        pub static PARAMETERS: &[Parameter] = &[$($(
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
        )+)+];

        impl ChipConfig {
            /// The defaults of `profile`.
            #[must_use]
            pub fn profile(profile: Profile) -> ChipConfig {
                let structure = StructureConfig::default();
                match profile {
                    Profile::Ideal => {
                        ChipConfig { $($section: $Section { $($field: $ideal),+ },)+ structure }
                    }
                    Profile::Mismatch => {
                        ChipConfig { $($section: $Section { $($field: $mismatch),+ },)+ structure }
                    }
                }
            }

            fn slot(&mut self, name: &str) -> Option<&mut f64> {
                $($(
                    if name == concat!(stringify!($section), ".", stringify!($field)) {
                        return Some(&mut self.$section.$field);
                    }
                )+)+
                None
            }
        }
    };
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
        let Some(parameter) = PARAMETERS.iter().find(|p| p.name == name) else {
            let distance = |p: &&Parameter| edit_distance(name, p.name);
            let nearest = PARAMETERS.iter().min_by_key(distance).map_or("", |p| p.name);
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
        for parameter in PARAMETERS {
            parameter.check(copy.slot(parameter.name).copied().unwrap_or(parameter.ideal))?;
        }
        self.structure.validate(self.adex.enabled != 0.0)
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
        Ok(config)
    }
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

parameters! {
    /// Resolution of the emulation in time.
    time: TimeConfig {
        /// Step of the neuron dynamics, a whole number of 4 ns ticks.
        step_us "us" in Allowed::OneOf(&[0.02, 0.04, 0.1, 0.2, 0.4, 1.0]);
        ideal 0.1, mismatch 0.1;
        Assumed "0.1 ms of biological time, the usual step of network simulators";
    }

    /// Ways of events on the chip.
    routing: RoutingConfig {
        /// Time from a neuron's spike to the event it causes on a synapse row, at least one step.
        latency_us "us" in Allowed::Between(0.0, 10.0);
        ideal 0.1, mismatch 0.1;
        Assumed "no published figure; without it pulses of recurrent networks would all tie";
    }

    /// Correlation sensors of the synapses.
    sensor: SensorConfig {
        /// Median amplitude of one pair at zero delay.
        eta_lsb "ADC LSB" in Allowed::Between(0.0, 50.0);
        ideal 0.5, mismatch 0.5;
        Code "calix correlation_calib_target, default amplitude";
        /// Median time constant of both branches.
        tau_us "us" in Allowed::Between(0.1, 2000.0);
        ideal 5.0, mismatch 5.0;
        Code "calix correlation_calib_target, default time constant";
        /// Accumulated correlation at which a sensor stops accumulating.
        saturation_lsb "ADC LSB" in Allowed::Between(1.0, 1000.0);
        ideal 160.0, mismatch 160.0;
        Code "calix correlation_measurement discards larger results";
        /// Exponent of the approach to saturation, 1 - (a / saturation)^p.
        saturation_power "" in Allowed::OneOf(&[1.0, 2.0, 4.0, 8.0]);
        ideal 4.0, mismatch 4.0;
        Assumed "shape of the approach is not published";
        /// Median reading of a sensor that has accumulated nothing.
        baseline_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 200.0, mismatch 200.0;
        Assumed "inside the reliable codes 30 to 210, above calix' rejection at 120";
        /// Standard deviation over synapses of the logarithm of the amplitude.
        eta_sigma "" in Allowed::Between(0.0, 1.5);
        ideal 0.0, mismatch 0.35;
        Assumed "calix' acceptance test bounds it by 1.3";
        /// Standard deviation of the logarithm of the ratio of causal to anticausal amplitude.
        asymmetry_sigma "" in Allowed::Between(0.0, 1.5);
        ideal 0.0, mismatch 0.30;
        Assumed "calix reports a strong asymmetry without figures";
        /// Standard deviation over branches of the logarithm of the time constant.
        tau_sigma "" in Allowed::Between(0.0, 1.5);
        ideal 0.0, mismatch 0.25;
        Assumed "calix' acceptance test bounds it by 1.3";
        /// Fraction of sensors that accumulate nothing.
        bad_fraction "" in Allowed::Between(0.0, 1.0);
        ideal 0.0, mismatch 0.05;
        Assumed "calix' acceptance test allows 0.2";
        /// Standard deviation of the baseline over synapses and branches.
        baseline_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 50.0);
        ideal 0.0, mismatch 8.0;
        Assumed "no published figure";
        /// Standard deviation of the baseline over resets of one sensor.
        reset_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 1.0;
        Assumed "no published figure";
    }

    /// Analog-to-digital converters of the columns.
    adc: AdcConfig {
        /// Standard deviation of one conversion.
        noise_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 1.0;
        Assumed "a published kernel drops one noisy bit (ppu-software rstdp.c)";
        /// Standard deviation of the offset over channels.
        channel_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 3.0;
        Code "calix asserts less than 3 after calibration";
    }

    /// Neuron circuits: leaky integrate-and-fire with current synapses unless `adex` says more.
    neuron: NeuronConfig {
        /// Leak potential, where the membrane rests.
        leak_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 80.0, mismatch 80.0;
        Code "calix neuron_calib_target";
        /// Potential to which a spike resets the membrane.
        reset_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 70.0, mismatch 70.0;
        Code "calix neuron_calib_target";
        /// Threshold potential.
        threshold_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 125.0, mismatch 125.0;
        Code "calix neuron_calib_target";
        /// Time constant of the membrane.
        tau_mem_us "us" in Allowed::Between(0.1, 2000.0);
        ideal 10.0, mismatch 10.0;
        Code "calix neuron_calib_target";
        /// Time constant of the excitatory synaptic input.
        tau_syn_exc_us "us" in Allowed::Between(0.1, 100.0);
        ideal 10.0, mismatch 10.0;
        Code "calix neuron_calib_target";
        /// Time constant of the inhibitory synaptic input.
        tau_syn_inh_us "us" in Allowed::Between(0.1, 100.0);
        ideal 10.0, mismatch 10.0;
        Code "calix neuron_calib_target";
        /// Time for which the membrane stays at reset after a spike.
        refractory_us "us" in Allowed::Between(0.0, 50_000.0);
        ideal 2.0, mismatch 2.0;
        Code "calix neuron_calib_target; slow clocks reach tens of milliseconds";
        /// Constant current, as the shift of the resting potential it causes.
        offset_lsb "ADC LSB" in Allowed::Between(-500.0, 500.0);
        ideal 0.0, mismatch 0.0;
        Assumed "off unless an experiment needs it";
        /// Peak of the membrane's answer to one event, for each LSB of weight.
        psp_lsb_per_weight "ADC LSB" in Allowed::Between(0.0, 10.0);
        ideal 0.125, mismatch 0.125;
        Assumed "1 LSB for a weight of 8: the largest weight moves a sixth of the way to threshold";
        /// Standard deviation of leak, reset and threshold over neurons.
        level_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 1.5;
        Assumed "spread left by calibration; no published figure";
        /// Standard deviation of the time constants over neurons, relative.
        tau_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.05;
        Assumed "spread left by calibration; no published figure";
        /// Standard deviation of the synaptic strength over neurons, relative.
        strength_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.08;
        Assumed "spread left by calibration; no published figure";
    }

    /// Adaptive exponential integrate-and-fire neurons, in place of the plain ones; what
    /// [`NeuronConfig`] says holds for them too.
    adex: AdexConfig {
        /// Whether neurons are of this kind: 1 yes, 0 no.
        enabled "" in Allowed::OneOf(&[0.0, 1.0]);
        ideal 0.0, mismatch 0.0;
        Assumed "the chip switches each term by itself (haldls neuron.h); off here for speed";
        /// Slope factor of the exponential term; 0 switches the term off.
        slope_lsb "ADC LSB" in Allowed::ZeroOr(0.25, 50.0);
        ideal 4.0, mismatch 4.0;
        Assumed "2 mV (recalled from Brette and Gerstner 2005) at 2 LSB a mV";
        /// Exponential threshold, where the exponential term has slope one.
        exponential_threshold_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 110.0, mismatch 110.0;
        Assumed "some slope factors below the default threshold, so that the term shows";
        /// Subthreshold adaptation, in units of the leak conductance; of either sign.
        adaptation_a "" in Allowed::Between(-10.0, 10.0);
        ideal 0.13, mismatch 0.13;
        Assumed "4 nS of 30 nS, recalled from Brette and Gerstner 2005";
        /// Growth of the adaptation at a spike, as the shift of the resting potential it causes.
        adaptation_b_lsb "ADC LSB" in Allowed::Between(-200.0, 200.0);
        ideal 5.4, mismatch 5.4;
        Assumed "80.5 pA of 30 nS, recalled from Brette and Gerstner 2005, at 2 LSB a mV";
        /// Time constant of the adaptation.
        tau_w_us "us" in Allowed::Between(0.1, 2000.0);
        ideal 144.0, mismatch 144.0;
        Assumed "144 ms of biological time, recalled from Brette and Gerstner 2005";
        /// Whether synapses are conductances (1) or currents (0).
        conductance "" in Allowed::OneOf(&[0.0, 1.0]);
        ideal 0.0, mismatch 0.0;
        Code "calix neuron_calib_target: current synapses unless a reference is given";
        /// Reversal potential of excitatory conductances.
        reversal_exc_lsb "ADC LSB" in Allowed::Between(170.0, 1000.0);
        ideal 240.0, mismatch 240.0;
        Assumed "0 mV at 2 LSB a mV and the default leak at -80 mV";
        /// Reversal potential of inhibitory conductances.
        reversal_inh_lsb "ADC LSB" in Allowed::Between(-500.0, 50.0);
        ideal 50.0, mismatch 50.0;
        Assumed "15 mV below the default leak at 2 LSB a mV";
        /// Potential at which a conductance gives the current that a current synapse gives.
        reference_lsb "ADC LSB" in Allowed::Between(60.0, 160.0);
        ideal 102.5, mismatch 102.5;
        Code "calix neuron_calib_target, midway between leak and threshold";
        /// Whether each excitatory event fires its neurons, whatever their membranes do: 1 yes.
        bypass "" in Allowed::OneOf(&[0.0, 1.0]);
        ideal 0.0, mismatch 0.0;
        Demo "ts_02 describes the mode; the membrane is assumed to go on by itself";
        /// Standard deviation of slope factor, a and b over neurons, relative.
        strength_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.1;
        Assumed "spread left by calibration; no published figure";
    }

    /// Perceptron mode: neurons as integrators that multiply a vector by the weights.
    perceptron: PerceptronConfig {
        /// What an input of 1 and a weight of 1 add to the result.
        gain_lsb "ADC LSB" in Allowed::Between(0.0, 1.0);
        ideal 0.002, mismatch 0.002;
        Code "hxtorch perceptron constants, gain of its mock";
        /// How often the vector is sent in one multiplication; rounded to a whole number.
        sends "" in Allowed::Between(1.0, 1000.0);
        ideal 1.0, mismatch 1.0;
        Demo "tp_00 sends up to 100 times; results grow in proportion";
        /// Time from one input's event to the next.
        spacing_us "us" in Allowed::Between(0.008, 10.0);
        ideal 0.04, mismatch 0.04;
        Code "hxtorch perceptron constants, 5 FPGA cycles";
        /// Wait between the reset of the membranes and the reading of their baseline.
        reset_us "us" in Allowed::Between(0.0, 100.0);
        ideal 5.0, mismatch 5.0;
        Code "grenade ppu/start.cpp";
        /// Time of one reading of all columns.
        readout_us "us" in Allowed::Between(0.0, 100.0);
        ideal 1.64, mismatch 1.64;
        Code "libnux test_speed_memory.cpp, 410 cycles";
        /// Wait between the last event and the reading of the result.
        settle_us "us" in Allowed::Between(0.0, 100.0);
        ideal 1.0, mismatch 1.0;
        Assumed "three times the synaptic time constant of calix hagen_neuron_calib_target";
        /// Time constant with which membranes lose their charge; 0 if they lose none.
        tau_mem_us "us" in Allowed::Between(0.0, 2000.0);
        ideal 0.0, mismatch 60.0;
        Code "calix hagen_neuron_calib_target";
        /// Potential to which membranes are reset.
        baseline_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 128.0, mismatch 128.0;
        Assumed "the middle of the ADC, so that both signs have the same range";
        /// Result up to which membranes are linear, of either sign; beyond, they approach 128.
        linear_lsb "ADC LSB" in Allowed::Between(1.0, 128.0);
        ideal 128.0, mismatch 80.0;
        Demo "tp_01, linear from -80 to 80; the shape beyond is assumed";
        /// Standard deviation of one multiplication, besides the noise of its two readings.
        noise_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 1.4;
        Code "hxtorch perceptron constants, 2.0 in all; two readings of 1.0 each contribute";
        /// Standard deviation of the gain over columns, relative.
        gain_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.05;
        Assumed "no published figure";
        /// Standard deviation over columns of the result without input.
        offset_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 3.0;
        Assumed "no published figure";
        /// Standard deviation of the strength over drivers, relative.
        strength_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.05;
        Assumed "calix finds about 2 LSB of driver mismatch after calibration, no relative figure";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_allowed_and_names_unique() {
        for parameter in PARAMETERS {
            assert!(parameter.allowed.contains(parameter.ideal), "{}", parameter.name);
            assert!(parameter.allowed.contains(parameter.mismatch), "{}", parameter.name);
            assert_eq!(PARAMETERS.iter().filter(|p| p.name == parameter.name).count(), 1);
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
