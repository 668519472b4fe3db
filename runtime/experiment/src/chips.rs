//! What a run advances: a chip, or several that links join.
//!
//! ```toml
//! [cluster]
//! chips = 2
//!
//! [[cluster.wires]]                # each spike of these neurons is an event on a row
//! from = { chip = 0, hemisphere = 0, columns = "0..20" }
//! to = { chip = 1, hemisphere = 0, row = 2, address = 0, weight = 30, mode = "inhibitory" }
//! ```
//!
//! Between chips an event takes a link, whose delay, bandwidth and loss are in `[chip.link]`; within
//! one it needs `routing.latency_us`.

use crate::config::ConfigError;
use crate::engine::EngineError;
use crate::state;
use pl_chip::config::Indices;
use pl_chip::{CHIPS, COLUMNS, Chip, Cluster, HEMISPHERES, RowMode, Target};
use serde::Deserialize;

/// One chip, or several; all at the same time.
pub trait Chips: Sized {
    /// Their time, ticks.
    fn now(&self) -> u64;

    /// Advances all of them, as [`Chip::run_until`] does one.
    fn run_until(&mut self, t_end: u64);

    /// The chip of a number.
    fn chip(&self, number: usize) -> &Chip;

    /// The chip of a number, for setting it up and for rules; its time moves with that of all.
    fn chip_mut(&mut self, number: usize) -> &mut Chip;

    /// Forgets the spikes so far.
    fn forget_spikes(&mut self);

    /// Their whole state, as bytes.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn save(&self) -> Result<Vec<u8>, EngineError>;

    /// Chips in the state that [`Chips::save`] of such as `make` makes gave.
    ///
    /// # Errors
    /// If the bytes are no such state.
    fn restore(make: impl FnOnce() -> Self, bytes: &[u8]) -> Result<Self, EngineError>;
}

impl Chips for Chip {
    fn now(&self) -> u64 {
        Chip::now(self)
    }

    fn run_until(&mut self, t_end: u64) {
        Chip::run_until(self, t_end, &[]);
    }

    fn chip(&self, _number: usize) -> &Chip {
        self
    }

    fn chip_mut(&mut self, _number: usize) -> &mut Chip {
        self
    }

    fn forget_spikes(&mut self) {
        self.take_spikes();
    }

    fn save(&self) -> Result<Vec<u8>, EngineError> {
        state::to_bytes(self)
    }

    fn restore(_make: impl FnOnce() -> Chip, bytes: &[u8]) -> Result<Chip, EngineError> {
        state::from_bytes(bytes)
    }
}

impl Chips for Cluster {
    fn now(&self) -> u64 {
        Cluster::now(self)
    }

    fn run_until(&mut self, t_end: u64) {
        Cluster::run_until(self, t_end);
    }

    fn chip(&self, number: usize) -> &Chip {
        Cluster::chip(self, number)
    }

    fn chip_mut(&mut self, number: usize) -> &mut Chip {
        Cluster::chip_mut(self, number)
    }

    fn forget_spikes(&mut self) {
        (0..self.len()).for_each(|number| self.chip_mut(number).forget_spikes());
    }

    fn save(&self) -> Result<Vec<u8>, EngineError> {
        Cluster::save(self).map_err(|error| EngineError::new(error.to_string()))
    }

    fn restore(make: impl FnOnce() -> Cluster, bytes: &[u8]) -> Result<Cluster, EngineError> {
        let mut cluster = make();
        let restored = Cluster::restore(&mut cluster, bytes);
        restored.map_err(|error| EngineError::new(error.to_string()))?;
        Ok(cluster)
    }
}

/// The `[cluster]` table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterConfig {
    /// Chips, 1 to 50; default 1.
    #[serde(default = "one")]
    pub chips: usize,
    /// Threads that share the chips, on which results do not depend; default 1.
    #[serde(default = "one")]
    pub threads: usize,
    /// Which neurons reach which rows; default none.
    #[serde(default)]
    pub wires: Vec<WireConfig>,
}

fn one() -> usize {
    1
}

impl Default for ClusterConfig {
    fn default() -> ClusterConfig {
        ClusterConfig { chips: 1, threads: 1, wires: Vec::new() }
    }
}

/// An entry of `[[cluster.wires]]`: each spike of some neurons is an event on a row.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireConfig {
    /// The neurons.
    pub from: NeuronsOf,
    /// The row.
    pub to: RowOf,
}

/// Neurons of a hemisphere of a chip.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeuronsOf {
    /// Number of the chip.
    pub chip: usize,
    /// 0 top, 1 bottom.
    pub hemisphere: u8,
    /// Their columns.
    pub columns: Indices,
}

/// A row of a hemisphere of a chip.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowOf {
    /// Number of the chip.
    pub chip: usize,
    /// 0 top, 1 bottom.
    pub hemisphere: u8,
    /// Its number.
    pub row: u8,
    /// Address of the events, 0 to 63; default 0.
    #[serde(default)]
    pub address: u8,
    /// Weight of all its synapses, 0 to 63, which then have the address; default: weights and addresses
    /// are the task's.
    pub weight: Option<u8>,
    /// What its driver does; default: as the task has it, else excites.
    pub mode: Option<RowMode>,
}

impl ClusterConfig {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |text: String| Err(ConfigError(format!("`cluster.{text}")));
        for (name, value, most) in [("chips", self.chips, CHIPS), ("threads", self.threads, 256)] {
            if !(1..=most).contains(&value) {
                return wrong(format!("{name}` must be 1 to {most}, not {value}"));
            }
        }
        for (number, WireConfig { from, to }) in self.wires.iter().enumerate() {
            let ends = [(from.chip, from.hemisphere), (to.chip, to.hemisphere)];
            for (chip, hemisphere) in ends {
                if chip >= self.chips || usize::from(hemisphere) >= HEMISPHERES {
                    return wrong(format!(
                        "wires`, entry {}: there is no hemisphere {hemisphere} of a chip {chip}: `chips` is {}",
                        number + 1,
                        self.chips
                    ));
                }
            }
            let six_bits = [("address", to.address), ("weight", to.weight.unwrap_or(0))];
            if let Some((name, value)) = six_bits.into_iter().find(|(_, value)| *value > 63) {
                let entry = number + 1;
                return wrong(format!(
                    "wires`, entry {entry}: `{name}` must be 0 to 63, not {value}"
                ));
            }
            let dead = match (&*from.columns.0, to.weight) {
                ([], _) => Some("`columns` has none: name neurons, as in \"0..20\""),
                (_, None) if to.address != 0 => Some(
                    "synapses have this `address` only if a `weight` is given with it: give one, or \
                     leave `address` out",
                ),
                _ => None,
            };
            if let Some(why) = dead {
                return wrong(format!("wires`, entry {}: {why}", number + 1));
            }
        }
        Ok(())
    }

    /// Sets the wires and the rows they end on.
    pub(crate) fn wire(&self, cluster: &mut Cluster) {
        for WireConfig { from, to } in &self.wires {
            let (h, row) = (usize::from(to.hemisphere), usize::from(to.row));
            let chip = cluster.chip_mut(to.chip);
            if let Some(weight) = to.weight {
                chip.write_weights_row(h, row, &[weight; COLUMNS]);
                chip.write_address_row(h, row, &[to.address; COLUMNS]);
            }
            if let Some(mode) = to.mode {
                chip.set_row_mode(h, row, mode);
            }
            let target = Target { hemisphere: to.hemisphere, row: to.row, address: to.address };
            for column in from.columns.0.iter().copied() {
                let neuron = (usize::from(from.hemisphere), column);
                if from.chip == to.chip {
                    cluster.chip_mut(from.chip).connect(neuron.0, neuron.1, target);
                } else {
                    cluster.connect(from.chip, neuron, to.chip, target);
                }
            }
        }
    }
}
