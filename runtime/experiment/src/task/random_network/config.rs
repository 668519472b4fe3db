//! The `[task]` table of random networks.

use super::wiring::{EXCITATORY_ROWS, INHIBITORY_ROWS, SOURCE_ROWS};
use crate::config::ConfigError;
use crate::task::TaskKind;
use pl_chip::ChipConfig;
use pl_fixed::real;
use serde::Deserialize;

/// The `[task]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomNetworkConfig {
    /// Always [`TaskKind::RandomNetwork`].
    pub kind: TaskKind,
    /// Chips, of 500 neurons each; a row has addresses for those of 32 chips.
    #[serde(default = "one")]
    pub chips: usize,
    /// Threads that share the chips; results do not depend on it.
    #[serde(default = "one")]
    pub threads: usize,
    /// Excitatory and inhibitory inputs of every neuron, at most one a row.
    pub excitatory_inputs: usize,
    /// See [`RandomNetworkConfig::excitatory_inputs`].
    pub inhibitory_inputs: usize,
    /// Weight of excitatory synapses, those of the sources included, 1 to 63.
    pub weight: u8,
    /// Hardware time of a run, and the beginning of it that is not judged.
    pub duration_ms: f64,
    /// See [`RandomNetworkConfig::duration_ms`].
    pub skipped_ms: f64,
    /// States to show.
    pub states: Vec<StateConfig>,
    /// A table of further points.
    pub scan: Option<ScanConfig>,
}

/// A state of the network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateConfig {
    /// Its name in the results, of letters, digits and `_`.
    pub name: String,
    /// Inhibitory weights by excitatory ones.
    pub g: f64,
    /// Rate of the sources by the one that alone brings the mean membrane to threshold.
    pub drive: f64,
}

/// Points to scan: all pairs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanConfig {
    /// See [`StateConfig::g`].
    pub g: Vec<f64>,
    /// See [`StateConfig::drive`].
    pub drive: Vec<f64>,
}

fn one() -> usize {
    1
}

impl RandomNetworkConfig {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |message: String| Err(ConfigError(message));
        let counts = [
            ("chips", self.chips, 32),
            ("threads", self.threads, 256),
            ("excitatory_inputs", self.excitatory_inputs, EXCITATORY_ROWS.len()),
            ("inhibitory_inputs", self.inhibitory_inputs, INHIBITORY_ROWS.len()),
            ("weight", self.weight.into(), 63),
        ];
        for (name, value, most) in counts {
            if value == 0 || value > most {
                return wrong(format!("`task.{name}` must be 1 to {most}, not {value}"));
            }
        }
        if !(self.duration_ms > 0.0 && self.duration_ms <= 1e4) {
            return wrong(format!(
                "`task.duration_ms` must be above 0 and at most 10000, not {}",
                self.duration_ms
            ));
        }
        if !(self.skipped_ms >= 0.0 && self.skipped_ms < self.duration_ms) {
            return wrong(format!(
                "`task.skipped_ms` must be 0 or more and less than the duration, not {}",
                self.skipped_ms
            ));
        }
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if let Some(state) =
            self.states.iter().find(|s| s.name.is_empty() || !s.name.chars().all(sound))
        {
            let message = "`task.states`: `name` must be letters, digits and _, not";
            return wrong(format!("{message} `{}`", state.name));
        }
        if self.states.is_empty() {
            return wrong("`task.states` must have at least one state".into());
        }
        let states = self.states.iter().map(|state| (state.g, state.drive));
        let scan = self
            .scan
            .iter()
            .flat_map(|s| s.g.iter().map(|g| (*g, 1.0)).chain(s.drive.iter().map(|d| (1.0, *d))));
        for (g, drive) in states.chain(scan) {
            let most = 63.0 / f64::from(self.weight);
            if !(g >= 0.0 && g <= most) {
                return wrong(format!(
                    "`g` must be 0 to {most:.2}, so that inhibitory weights are at most 63, not {g}"
                ));
            }
            if !(drive > 0.0 && drive <= 100.0) {
                return wrong(format!("`drive` must be above 0 and at most 100, not {drive}"));
            }
        }
        Ok(())
    }

    /// Weight of inhibitory synapses.
    pub(crate) fn inhibitory_weight(&self, g: f64) -> u8 {
        let wanted = g * f64::from(self.weight);
        (0..=63)
            .min_by(|a, b| {
                let distance = |w: &u8| (f64::from(*w) - wanted).abs();
                distance(a).total_cmp(&distance(b))
            })
            .unwrap_or(63)
    }

    /// Rate of each source, hertz of hardware time. Six of them, one a row, reach a neuron.
    pub(crate) fn source_hz(&self, chip: &ChipConfig, drive: f64) -> f64 {
        let neuron = &chip.neuron;
        let (tau_mem, tau_syn) = (neuron.tau_mem_us, neuron.tau_syn_exc_us);
        // The mean membrane is rate * peak * area, where `area` is that below a potential of peak 1.
        let peak = if (tau_mem / tau_syn - 1.0).abs() < 1e-6 {
            tau_mem * real::exp(-1.0)
        } else {
            let rate = 1.0 / tau_mem - 1.0 / tau_syn;
            let time = real::ln(tau_mem / tau_syn) / (1.0 / tau_syn - 1.0 / tau_mem);
            (real::exp(-time / tau_syn) - real::exp(-time / tau_mem)) / rate
        };
        let area_s = tau_mem * tau_syn / peak * 1e-6;
        let height = neuron.psp_lsb_per_weight * f64::from(self.weight);
        let threshold_hz = (neuron.threshold_lsb - neuron.leak_lsb) / (height * area_s);
        drive * threshold_hz / SOURCE_ROWS.len() as f64
    }
}
