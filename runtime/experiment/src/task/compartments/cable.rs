//! A chain of equal passive compartments with sealed ends, in closed form.

use pl_chip::ChipConfig;
use pl_fixed::real;
use std::f64::consts::PI;

/// A chain: compartments in a row, each joined to the next by the same conductance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cable {
    compartments: usize,
    tau_mem_us: f64,
    tau_syn_us: f64,
    /// Capacitance of a compartment by the conductance of a join.
    tau_join_us: f64,
    /// Synaptic current of an event, LSB a microsecond.
    unit: f64,
}

impl Cable {
    /// The chain that nominal circuits make.
    pub(super) fn new(
        chip: &ChipConfig,
        compartments: usize,
        tau_join_us: f64,
        weight: u8,
    ) -> Cable {
        let (tau_mem_us, tau_syn_us) = (chip.neuron.tau_mem_us, chip.neuron.tau_syn_exc_us);
        // `psp_lsb_per_weight` is the peak of a lone membrane.
        let peak = response(1.0 / tau_mem_us, tau_syn_us, peak_us(tau_mem_us, tau_syn_us));
        let unit = chip.neuron.psp_lsb_per_weight * f64::from(weight) / peak;
        Cable { compartments, tau_mem_us, tau_syn_us, tau_join_us, unit }
    }

    /// Depolarisation of compartment `at`, `t_us` after an event at compartment `from`: the sum over
    /// the modes of the chain.
    pub(super) fn depolarisation(&self, from: usize, at: usize, t_us: f64) -> f64 {
        if t_us <= 0.0 {
            return 0.0;
        }
        let n = self.compartments as f64;
        let mode = |m: usize| {
            let angle = PI * m as f64 / n;
            let norm = if m == 0 { 1.0 } else { 2.0 } / n;
            let shape = |j: usize| real::cos(angle * (j as f64 + 0.5));
            let rate = 1.0 / self.tau_mem_us + (2.0 - 2.0 * real::cos(angle)) / self.tau_join_us;
            norm * shape(from) * shape(at) * response(rate, self.tau_syn_us, t_us)
        };
        self.unit * (0..self.compartments).map(mode).sum::<f64>()
    }
}

/// Membrane from a current that starts at 1 and decays, where the membrane relaxes at `rate`.
fn response(rate: f64, tau_syn_us: f64, t_us: f64) -> f64 {
    let difference = rate - 1.0 / tau_syn_us;
    if difference.abs() < 1e-9 {
        t_us * real::exp(-rate * t_us)
    } else {
        (real::exp(-t_us / tau_syn_us) - real::exp(-rate * t_us)) / difference
    }
}

/// When a lone membrane peaks.
fn peak_us(tau_mem_us: f64, tau_syn_us: f64) -> f64 {
    let difference = tau_mem_us - tau_syn_us;
    if difference.abs() < 1e-9 {
        tau_mem_us
    } else {
        tau_mem_us * tau_syn_us / difference * real::ln(tau_mem_us / tau_syn_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strong_joins_make_one_membrane_and_weak_ones_none() {
        let chip = ChipConfig::ideal();
        let strong = Cable::new(&chip, 4, 1e-4, 40);
        let weak = Cable::new(&chip, 4, 1e9, 40);
        // Alone, a membrane peaks at 40 x 0.125 after 10 us; four together at a quarter of that.
        assert!((weak.depolarisation(1, 1, 10.0) - 5.0).abs() < 1e-6);
        assert!(weak.depolarisation(1, 2, 10.0).abs() < 1e-6);
        for at in 0..4 {
            assert!((strong.depolarisation(1, at, 10.0) - 1.25).abs() < 1e-3);
        }
    }
}
