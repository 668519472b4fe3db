//! Parameters of AdEx neurons, and the constants of the loops that follow from them.

use borsh::{BorshDeserialize, BorshSerialize};
use pl_fixed::real;

use super::Adex;
use crate::convert::single;
use crate::neurons::{BLOCK, NeuronParameters, response};
use crate::structure::Compartment;
use crate::time::{TICKS_PER_US, ticks_from_us};

/// The exponential current is at most `D` times e to this power: faster than any spike.
const STEEPEST: f64 = 20.0;
/// A threshold that no membrane reaches.
const NEVER: f32 = f32::MAX;

/// Analog parameters of one AdEx neuron besides [`NeuronParameters`].
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct AdexParameters {
    /// Slope factor of the exponential term, ADC LSB; 0 switches it off.
    pub slope_lsb: f64,
    /// Exponential threshold, ADC LSB.
    pub exponential_threshold_lsb: f64,
    /// Subthreshold adaptation, in units of the leak conductance.
    pub adaptation_a: f64,
    /// Growth of the adaptation at a spike, as the shift of the resting potential it causes, ADC LSB.
    pub adaptation_b_lsb: f64,
    /// Time constant of the adaptation.
    pub tau_w_us: f64,
    /// Synapses are conductances.
    pub conductance: bool,
    /// Reversal potential of excitatory conductances, ADC LSB; at least 1 above the reference.
    pub reversal_exc_lsb: f64,
    /// Reversal potential of inhibitory conductances, ADC LSB; at least 1 below the reference.
    pub reversal_inh_lsb: f64,
    /// Potential at which a conductance gives the current of a current synapse, ADC LSB.
    pub reference_lsb: f64,
    /// Each excitatory event fires the neuron one tick later, and nothing else does; the
    /// exponential term is off.
    pub bypass: bool,
}

impl Adex {
    /// Computes the constants of a neuron, and of those it fires for.
    pub(super) fn apply_compartment(&mut self, column: usize) {
        self.apply(column);
        for member in self.structure.members(column) {
            self.apply(member);
        }
    }

    /// Computes the constants of a neuron from its parameters.
    pub(super) fn apply(&mut self, column: usize) {
        let (neuron, adex) = self.parameters[column];
        let substep = self.substep_ticks() as f64;
        let ticks = TICKS_PER_US as f64;
        let rest = neuron.rest_lsb();
        self.apply_threshold(column, rest);
        let (block, lane) = (&mut self.blocks[column / BLOCK], column % BLOCK);
        block.rest[lane] = single(rest);
        let rate = substep / (neuron.tau_mem_us * ticks);
        block.rate[lane] = single(rate);
        let mut exponential = Exponential::of(&neuron, &adex);
        let kind = self.kinds[self.structure.lead(column)];
        if adex.bypass || kind != Compartment::Spike {
            exponential.current_lsb = 0.0;
        }
        block.ceiling[lane] = single(exponential.ceiling_lsb - rest);
        block.exponential[lane] = single(exponential.current_lsb * rate);
        block.sharpness[lane] = single(exponential.sharpness);
        block.coupling[lane] = single(adex.adaptation_a);
        block.shift[lane] = single(adex.adaptation_a * neuron.offset_lsb);
        let relaxation = |time: f64| 1.0 - real::exp(-time / (adex.tau_w_us * ticks));
        block.half_relaxation[lane] = single(relaxation(substep / 2.0));
        block.relaxation[lane] = single(relaxation(substep));
        block.jump[lane] = single(adex.adaptation_b_lsb);
        self.apply_synapses(column);
    }

    /// Threshold, and what the compartment that fires for this neuron does there.
    fn apply_threshold(&mut self, column: usize, rest: f64) {
        let lead = self.structure.lead(column);
        let (neuron, adex) = self.parameters[lead];
        let (reset_lsb, refractory_us) = match self.kinds[lead] {
            Compartment::Plateau { level_lsb, duration_us } => (level_lsb, duration_us),
            Compartment::Spike | Compartment::Passive => (neuron.reset_lsb, neuron.refractory_us),
        };
        let fires = lead == column && !adex.bypass && self.kinds[lead] != Compartment::Passive;
        let substep = self.substep_ticks() as f64;
        let (block, lane) = (&mut self.blocks[column / BLOCK], column % BLOCK);
        let threshold = single(neuron.threshold_lsb - rest);
        block.threshold[lane] = if fires { threshold } else { NEVER };
        block.reset[lane] = single(reset_lsb - rest);
        block.refractory[lane] = single(ticks_from_us(refractory_us) as f64 / substep);
        block.top[lane] = block.threshold[lane].max(block.reset[lane]);
    }

    /// Constants of the synaptic inputs of a neuron.
    fn apply_synapses(&mut self, column: usize) {
        let (neuron, adex) = self.parameters[column];
        let substep = self.substep_ticks() as f64;
        let ticks = TICKS_PER_US as f64;
        let (tau_mem, rest) = (neuron.tau_mem_us * ticks, neuron.rest_lsb());
        let (block, lane) = (&mut self.blocks[column / BLOCK], column % BLOCK);
        let lines = [
            (neuron.tau_syn_exc_us, neuron.strength_exc, adex.reversal_exc_lsb, 1.0),
            (neuron.tau_syn_inh_us, neuron.strength_inh, adex.reversal_inh_lsb, -1.0),
        ];
        for (number, input) in [&mut block.exc, &mut block.inh].into_iter().enumerate() {
            let (tau_syn_us, strength, reversal, sign) = lines[number];
            let tau_syn = tau_syn_us * ticks;
            input.decay[lane] = single(real::exp(-substep / tau_syn));
            input.half_decay[lane] = single(real::exp(-substep / 2.0 / tau_syn));
            let force = (sign * (reversal - adex.reference_lsb)).max(1.0);
            let (level, slope) = if adex.conductance {
                ((reversal - rest) / force, 1.0 / force)
            } else {
                (sign, 0.0)
            };
            input.level[lane] = single(level);
            input.slope[lane] = single(slope);
            let unit = self.units[number] * strength;
            let mut t = 0.0;
            for gain in self.gains[number].iter_mut() {
                let gain = &mut gain[column / BLOCK];
                gain.current[lane] = single(unit * substep * real::exp(-t / tau_syn));
                gain.potential[lane] = single(unit * response(tau_mem, tau_syn, t));
                t += 1.0;
            }
        }
    }
}

/// The exponential term as the loops compute it: from where it stops growing downwards.
struct Exponential {
    ceiling_lsb: f64,
    /// The term there, as a shift of the resting potential.
    current_lsb: f64,
    /// Halvings for each LSB below.
    sharpness: f64,
}

impl Exponential {
    fn of(neuron: &NeuronParameters, adex: &AdexParameters) -> Exponential {
        let slope = adex.slope_lsb;
        if slope <= 0.0 {
            let ceiling_lsb = neuron.threshold_lsb;
            return Exponential { ceiling_lsb, current_lsb: 0.0, sharpness: 0.0 };
        }
        let power = (neuron.threshold_lsb - adex.exponential_threshold_lsb) / slope;
        let power = power.min(STEEPEST);
        Exponential {
            ceiling_lsb: adex.exponential_threshold_lsb + power * slope,
            current_lsb: slope * real::exp(power),
            sharpness: std::f64::consts::LOG2_E / slope,
        }
    }
}
