//! Energy and time that a run would take on a chip: estimates, from constants that the user sets in
//! the `[estimate]` table of an experiment.
//!
//! ```text
//! energy = static_w * chip time + synaptic_event_pj * synaptic events + spike_pj * spikes
//!        + ppu_w * time that PPU programs run
//! ```
//!
//! Counts and times are those of the emulated chips; of the constants none is measured.

use crate::config::ConfigError;
use crate::outcome::Metric;
use crate::plasticity::UpdateCounts;
use borsh::{BorshDeserialize, BorshSerialize};
use pl_chip::time::TICKS_PER_S;
use pl_chip::{Chip, HEMISPHERES};
use serde::{Deserialize, Serialize};
use std::iter::Sum;

/// The `[estimate]` table. Everything has a default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EstimateConfig {
    /// Power of a chip whatever it does, watts; default 0.2, from the less than 200 mW that networks
    /// take on BrainScaleS-2 (abstract of Cramer et al. 2022), which is all of a chip's power. To
    /// take it as what a chip needs at rest is an assumption.
    pub static_w: f64,
    /// Energy of a pulse at a synapse of its address, whatever its weight, picojoules; default 10, an
    /// order of magnitude that is recalled and not verified.
    pub synaptic_event_pj: f64,
    /// Energy of a neuron's spike, picojoules; default 0, for want of a figure.
    pub spike_pj: f64,
    /// Power of a PPU while an update runs, watts; default 0, for want of a figure. Updates that take
    /// no time have no part in it.
    pub ppu_w: f64,
}

impl Default for EstimateConfig {
    fn default() -> EstimateConfig {
        EstimateConfig { static_w: 0.2, synaptic_event_pj: 10.0, spike_pj: 0.0, ppu_w: 0.0 }
    }
}

/// What a run made chips do, as far as the estimate knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Usage {
    /// Time of all chips together, ticks.
    pub ticks: u64,
    /// Pulses at synapses of their address.
    pub synaptic_events: u64,
    /// Spikes of neurons.
    pub spikes: u64,
    /// Time that updates ran on PPUs, ticks.
    pub ppu_ticks: u64,
}

impl Usage {
    /// All that a chip has done.
    #[must_use]
    pub fn of(chip: &Chip) -> Usage {
        let sum = |count: fn(&Chip, usize) -> u64| (0..HEMISPHERES).map(|h| count(chip, h)).sum();
        Usage {
            ticks: chip.now(),
            synaptic_events: sum(Chip::synaptic_events),
            spikes: sum(Chip::spike_count),
            ppu_ticks: 0,
        }
    }

    /// With updates that took so long.
    #[must_use]
    pub fn with_updates(self, updates: &UpdateCounts) -> Usage {
        Usage { ppu_ticks: self.ppu_ticks + updates.busy_ticks, ..self }
    }

    /// What a chip has done since it had done `before`.
    #[must_use]
    pub fn since(self, before: Usage) -> Usage {
        Usage {
            ticks: self.ticks - before.ticks,
            synaptic_events: self.synaptic_events - before.synaptic_events,
            spikes: self.spikes - before.spikes,
            ppu_ticks: self.ppu_ticks - before.ppu_ticks,
        }
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Usage>>(usages: I) -> Usage {
        usages.fold(Usage::default(), |sum, usage| Usage {
            ticks: sum.ticks + usage.ticks,
            synaptic_events: sum.synaptic_events + usage.synaptic_events,
            spikes: sum.spikes + usage.spikes,
            ppu_ticks: sum.ppu_ticks + usage.ppu_ticks,
        })
    }
}

impl EstimateConfig {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let constants = [
            ("static_w", self.static_w),
            ("synaptic_event_pj", self.synaptic_event_pj),
            ("spike_pj", self.spike_pj),
            ("ppu_w", self.ppu_w),
        ];
        for (name, value) in constants {
            if !(0.0..=1e6).contains(&value) {
                let message = format!("`estimate.{name}` must be 0 to 1000000, not {value}");
                return Err(ConfigError(message));
            }
        }
        Ok(())
    }

    /// The numbers of a summary; none for a run without any chip's time.
    #[must_use]
    pub fn metrics(&self, usage: Usage) -> Vec<Metric> {
        if usage.ticks == 0 {
            return Vec::new();
        }
        let seconds = |ticks: u64| ticks as f64 / TICKS_PER_S as f64;
        let picojoules = |each: f64, count: u64| 1e-12 * each * count as f64;
        let parts = [
            ("static", self.static_w * seconds(usage.ticks)),
            ("synaptic_events", picojoules(self.synaptic_event_pj, usage.synaptic_events)),
            ("spikes", picojoules(self.spike_pj, usage.spikes)),
            ("ppu", self.ppu_w * seconds(usage.ppu_ticks)),
        ];
        let whole = parts.iter().map(|(_, energy)| energy).sum();
        let mut metrics = vec![
            Metric::new("synaptic_events", usage.synaptic_events as f64),
            Metric::new("spikes", usage.spikes as f64),
            Metric::new("estimate_chip_time_s", seconds(usage.ticks)),
            Metric::new("estimate_energy_j", whole),
        ];
        let part = |(name, energy)| Metric::new(format!("estimate_energy_{name}_j"), energy);
        metrics.extend(parts.map(part));
        metrics
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_chip::{COLUMNS, ChipConfig, InputEvent};

    #[test]
    fn constants_that_cannot_be_are_refused() {
        let text = "name = 'x'\n[task]\nkind = 'calibration'";
        let refused = |change: &str| {
            crate::Experiment::parse(text, &[change.to_owned()]).unwrap_err().to_string()
        };
        assert_eq!(
            refused("estimate.spike_pj=-1"),
            "`estimate.spike_pj` must be 0 to 1000000, not -1"
        );
        assert!(refused("estimate.watts=1").contains("unknown field `watts`"));
    }

    #[test]
    fn energy_is_the_sum_of_what_was_done() {
        let mut chip = Chip::new(&ChipConfig::ideal(), 1);
        // Ten synapses of the row have the address of the event; weights do not matter.
        chip.write_address_row(0, 7, &core::array::from_fn(|c| if c < 10 { 3 } else { 4 }));
        let event = |time| InputEvent { time, hemisphere: 0, row: 7, address: 3 };
        chip.run_until(250_000, &[event(0), event(1000), event(2000)]);
        let before = Usage::of(&chip);
        assert_eq!(before, Usage { ticks: 250_000, synaptic_events: 30, spikes: 0, ppu_ticks: 0 });
        chip.write_address_row(0, 7, &[3; COLUMNS]);
        chip.run_until(500_000, &[event(300_000)]);
        let updates = UpdateCounts { busy_ticks: 50_000, ..UpdateCounts::default() };
        let since = Usage::of(&chip).since(before).with_updates(&updates);
        assert_eq!(since.synaptic_events, 256);
        let usage: Usage = [before, since].into_iter().sum();
        let constants = EstimateConfig { ppu_w: 0.5, ..EstimateConfig::default() };
        let found: Vec<(String, f64)> =
            constants.metrics(usage).into_iter().map(|m| (m.name, m.value)).collect();
        let expected = [
            ("synaptic_events", 286.0),
            ("spikes", 0.0),
            ("estimate_chip_time_s", 2e-3),
            ("estimate_energy_j", 4e-4 + 286e-11 + 1e-4),
            ("estimate_energy_static_j", 4e-4),
            ("estimate_energy_synaptic_events_j", 286e-11),
            ("estimate_energy_spikes_j", 0.0),
            ("estimate_energy_ppu_j", 1e-4),
        ];
        for ((name, value), (expected_name, expected)) in found.iter().zip(expected) {
            assert_eq!(name, expected_name);
            assert!((value - expected).abs() < 1e-12, "{name}: {value}");
        }
    }
}
