//! Neurons whose parameters differ from those of the chip: kinds of neuron by block.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;

use super::{AdexConfig, ChipConfig, ConfigError, Indices, NeuronConfig, Parameter, nearest};
use crate::neurons::peak_response;
use crate::{COLUMNS, HEMISPHERES};

/// Nominal parameters of some neurons, from an entry of the list `neurons`:
///
/// ```toml
/// [[chip.neurons]]
/// hemisphere = 0
/// columns = "0..128"
/// tau_mem_us = 20.0               # any parameter of [chip.neuron]
/// adex = { adaptation_a = 0.5 }   # any of [chip.adex] but `enabled`
/// ```
///
/// Mismatch spreads around them. Later entries change what earlier ones say.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct NeuronsConfig {
    /// 0 top, 1 bottom; both if absent.
    pub hemisphere: Option<Indices>,
    /// Columns; all if absent.
    pub columns: Option<Indices>,
    /// Parameters of the section `adex`, by name.
    #[serde(default)]
    pub adex: BTreeMap<String, f64>,
    /// Parameters of the section `neuron`, by name.
    #[serde(flatten)]
    pub neuron: BTreeMap<String, f64>,
}

/// Parameters of one neuron before mismatch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Nominal {
    pub(crate) neuron: NeuronConfig,
    pub(crate) adex: AdexConfig,
    /// Factors on the strengths of the excitatory and the inhibitory input, so that
    /// `neuron.psp_lsb_per_weight` holds at the time constants of this neuron too.
    pub(crate) strength: [f64; 2],
}

impl NeuronsConfig {
    fn includes(&self, hemisphere: usize, column: usize) -> bool {
        let among = |given: &Option<Indices>, index| {
            given.as_ref().is_none_or(|given| given.0.contains(&index))
        };
        among(&self.hemisphere, hemisphere) && among(&self.columns, column)
    }

    /// Checks the entry.
    ///
    /// # Errors
    /// What cannot be.
    fn check(&self, adex_enabled: bool) -> Result<(), String> {
        let inside = |given: &Option<Indices>, range: Range<usize>| {
            let wrong =
                given.as_ref().and_then(|given| given.0.iter().find(|i| !range.contains(i)));
            wrong.map_or(Ok(()), |wrong| {
                Err(format!("{wrong} is too large: there are {}", range.end))
            })
        };
        inside(&self.hemisphere, 0..HEMISPHERES)?;
        inside(&self.columns, 0..COLUMNS)?;
        if !self.adex.is_empty() && !adex_enabled {
            return Err("`adex` needs adex.enabled = 1".into());
        }
        if self.adex.contains_key("enabled") {
            return Err("neurons of a chip are plain or AdEx ones together: [chip.adex]".into());
        }
        check_names("neuron", &self.neuron, NeuronConfig::PARAMETERS)?;
        check_names("adex", &self.adex, AdexConfig::PARAMETERS)
    }
}

fn check_names(
    section: &str,
    values: &BTreeMap<String, f64>,
    parameters: &'static [Parameter],
) -> Result<(), String> {
    for (field, value) in values {
        let name = format!("{section}.{field}");
        let Some(parameter) = parameters.iter().find(|p| p.name == name) else {
            let nearest = nearest(&name, parameters.iter());
            return Err(ConfigError::UnknownParameter { name, nearest }.to_string());
        };
        parameter.check(*value).map_err(|error| error.to_string())?;
    }
    Ok(())
}

impl ChipConfig {
    pub(super) fn check_neurons(&self) -> Result<(), ConfigError> {
        for (number, entry) in self.neurons.iter().enumerate() {
            entry.check(self.adex.enabled != 0.0).map_err(|error| {
                ConfigError::List(format!("`neurons`, entry {}: {error}", number + 1))
            })?;
        }
        Ok(())
    }

    /// What the parameters of a neuron spread around: those of its blocks, else of the chip.
    #[must_use]
    pub fn nominal_neuron(&self, hemisphere: usize, column: usize) -> NeuronConfig {
        self.nominal(hemisphere, column).neuron
    }

    /// Parameters of a neuron before mismatch: those of the chip, with the changes of its blocks.
    pub(crate) fn nominal(&self, hemisphere: usize, column: usize) -> Nominal {
        let (mut neuron, mut adex) = (self.neuron.clone(), self.adex.clone());
        for entry in self.neurons.iter().filter(|entry| entry.includes(hemisphere, column)) {
            for (field, value) in &entry.neuron {
                if let Some(slot) = neuron.slot(field) {
                    *slot = *value;
                }
            }
            for (field, value) in &entry.adex {
                if let Some(slot) = adex.slot(field) {
                    *slot = *value;
                }
            }
        }
        let units = |config: &NeuronConfig| {
            [config.tau_syn_exc_us, config.tau_syn_inh_us]
                .map(|tau_us| config.psp_lsb_per_weight / peak_response(config.tau_mem_us, tau_us))
        };
        let (own, chip) = (units(&neuron), units(&self.neuron));
        let strength = [0, 1].map(|i| if own[i] == chip[i] { 1.0 } else { own[i] / chip[i] });
        Nominal { neuron, adex, strength }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_entries_change_earlier_ones() {
        let config: ChipConfig = toml::from_str(
            "profile = 'ideal'
             neurons = [
                 { columns = '0..128', tau_mem_us = 20.0, leak_lsb = 90.0 },
                 { hemisphere = 1, columns = [3, 200], leak_lsb = 60.0, adex = { adaptation_a = 2.0 } },
             ]
             [adex]
             enabled = 1",
        )
        .unwrap();
        let seen = |h, column| {
            let Nominal { neuron, adex, .. } = config.nominal(h, column);
            (neuron.tau_mem_us, neuron.leak_lsb, adex.adaptation_a)
        };
        assert_eq!(seen(0, 3), (20.0, 90.0, 0.13));
        assert_eq!(seen(1, 3), (20.0, 60.0, 2.0));
        assert_eq!(seen(1, 200), (10.0, 60.0, 2.0));
        assert_eq!(seen(0, 200), (10.0, 80.0, 0.13));
    }

    #[test]
    fn mistakes_name_the_entry() {
        for (list, said) in [
            ("[{ columns = 3, tau_mem = 2.0 }]", "nearest name is `neuron.tau_mem_us`"),
            ("[{}, { leak_lsb = 300.0 }]", "`neurons`, entry 2: `neuron.leak_lsb` is 300 ADC LSB"),
            ("[{ hemisphere = 2 }]", "there are 2"),
            ("[{ adex = { adaptation_a = 1.0 } }]", "needs adex.enabled = 1"),
            ("[{ columns = '9..3' }]", "no range"),
        ] {
            let text = format!("neurons = {list}");
            let message = toml::from_str::<ChipConfig>(&text).unwrap_err().to_string();
            assert!(message.contains(said), "{list}: {message}");
        }
    }
}
