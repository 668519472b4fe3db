//! Adaptive exponential integrate-and-fire neurons of one hemisphere, with current or conductance
//! synapses.
//!
//! ```text
//! tau_mem dV/dt = leak + offset - V + D e^((V - V_exp)/D) - w + tau_mem (I_exc - I_inh)
//! tau_w dw/dt = a (V - leak) - w              dI/dt = -I / tau_syn
//! conductance synapses: I (E - V) / (E - E_ref) in place of I
//! V rises through threshold: a spike; w grows by b; V stays at reset for the refractory time
//! ```
//!
//! All is in units of the plain neurons (`neurons.rs`): potentials and `w` in LSB of the ADC, `a`
//! as a part of the leak conductance. The exponential current grows up to threshold only, and not
//! beyond `D e^20`.
//!
//! The equations have no solution in closed form, so each step is cut into five sub-steps of the
//! exponential midpoint method. It is of second order, so that spikes of the upswing come in time,
//! and it does not overshoot however strong the conductances are. Synaptic currents are exact; an
//! event's own effect on its sub-step is exact for a membrane that only leaks. With the default
//! step and parameters, membranes below threshold are within 1e-4 LSB of the solution, the first
//! spike within two ticks, and rates under constant drive within 0.05 %; with the longest step the
//! first spike is within five ticks (`tests/adex.rs`).
//!
//! A silent neuron with an exponential term rests a little above leak, so potentials are relative
//! to leak and offset, and a hemisphere is silent when a step changes no bit of it.

mod constants;

use std::ops::Range;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::COLUMNS;
use crate::config::ChipConfig;
use crate::convert::{low_word, single, whole_u32};
use crate::drivers::{Drivers, RowMode};
use crate::events::InputEvent;
use crate::lanes::{self, Level};
use crate::mismatch;
use crate::neurons::{
    BLOCK, BLOCKS, Fired, Gain, Lane, NEGLIGIBLE, NeuronParameters, QUIET_CURRENT, QUIET_POTENTIAL,
    peak_response,
};
use crate::structure::{Compartment, Join, Structure};
use crate::synapse_array::SynapseArray;
use crate::time::TICKS_PER_US;

pub use constants::AdexParameters;

/// Sub-steps of a step; every step is a multiple of five ticks.
const SUBSTEPS: usize = 5;
/// One synaptic input of a block of neurons; its current gives `level - slope V`.
#[derive(Clone, Copy, Debug, Default, PartialEq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Input {
    /// At the end of the last sub-step, LSB a sub-step.
    pub(crate) current: Lane,
    pub(crate) half_decay: Lane,
    pub(crate) decay: Lane,
    pub(crate) level: Lane,
    pub(crate) slope: Lane,
}

/// State and constants of a block of neurons; potentials relative to rest, times in sub-steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, BorshSerialize, BorshDeserialize)]
pub(crate) struct AdexBlock {
    pub(crate) potential: Lane,
    /// Leak and offset.
    pub(crate) rest: Lane,
    /// Potential at the start of the sub-step.
    pub(crate) before: Lane,
    /// `w`.
    pub(crate) adaptation: Lane,
    /// Remaining refractory time.
    pub(crate) hold: Lane,
    /// When the neuron fired in this step; negative if it did not.
    pub(crate) fired: Lane,
    /// Where neurons fire, and where, not above, the exponential current stops growing.
    pub(crate) threshold: Lane,
    pub(crate) ceiling: Lane,
    /// Where the upswing of a spike ends, for the adaptation too.
    pub(crate) top: Lane,
    pub(crate) reset: Lane,
    pub(crate) refractory: Lane,
    /// Reciprocal time constant of the membrane.
    pub(crate) rate: Lane,
    /// Exponential current at the ceiling, LSB a sub-step, and its halvings for each LSB below.
    pub(crate) exponential: Lane,
    pub(crate) sharpness: Lane,
    /// The adaptation relaxes to `coupling V + shift`, by these parts in half and whole a sub-step.
    pub(crate) coupling: Lane,
    pub(crate) shift: Lane,
    pub(crate) half_relaxation: Lane,
    pub(crate) relaxation: Lane,
    /// What a spike adds to the adaptation.
    pub(crate) jump: Lane,
    pub(crate) exc: Input,
    pub(crate) inh: Input,
}

/// What a unit of weight that arrives `n` ticks before the end of a sub-step adds; index `n`, block.
type Gains = Box<[[Gain; BLOCKS]]>;

/// All neurons of a hemisphere.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Adex {
    level: Level,
    step_ticks: u32,
    parameters: Box<[(NeuronParameters, AdexParameters)]>,
    /// Current of a unit of weight at nominal time constants and strength, LSB a tick.
    units: [f64; 2],
    /// What happens at threshold.
    kinds: [Compartment; COLUMNS],
    structure: Structure,
    blocks: Box<[AdexBlock]>,
    /// Index: excitatory, inhibitory.
    gains: [Gains; 2],
    /// What the events of each sub-step add; indices: sub-step, excitatory or inhibitory, block.
    arrived: Box<[[[Gain; BLOCKS]; 2]; SUBSTEPS]>,
    /// Whether there are any events of a sub-step.
    disturbed: [bool; SUBSTEPS],
    /// Some neuron is in bypass mode.
    bypasses: bool,
    /// Spikes of neurons in bypass mode in the coming step, or the one after it.
    bypassed: Vec<Fired>,
    /// Steps without events change nothing.
    silent: bool,
    /// Columns that may fire, and the blocks computed for them.
    columns: Range<usize>,
    active: Range<usize>,
}

impl Adex {
    pub(crate) fn new(config: &ChipConfig, seed: u64, hemisphere: usize, level: Level) -> Adex {
        let ticks = TICKS_PER_US as f64;
        let neuron = &config.neuron;
        let unit = |tau_syn_us: f64| {
            let peak = peak_response(neuron.tau_mem_us * ticks, tau_syn_us * ticks);
            neuron.psp_lsb_per_weight / peak
        };
        let step_ticks = whole_u32(config.time.step_us * ticks);
        let substep = step_ticks as usize / SUBSTEPS;
        let parameters = |column: u32| {
            let nominal = config.nominal(hemisphere, column as usize);
            let adex = mismatch::adex(&nominal, seed, hemisphere, column);
            (mismatch::neuron(&nominal, seed, hemisphere, column), adex)
        };
        let parameters: Box<[_]> = (0..256).map(parameters).collect();
        let gains = || (0..=substep).map(|_| [Gain::default(); BLOCKS]).collect();
        let mut neurons = Adex {
            level,
            step_ticks,
            bypasses: parameters.iter().any(|(_, adex)| adex.bypass),
            parameters,
            units: [unit(neuron.tau_syn_exc_us), unit(neuron.tau_syn_inh_us)],
            kinds: [Compartment::Spike; COLUMNS],
            structure: Structure::new(),
            blocks: vec![AdexBlock::default(); BLOCKS].into_boxed_slice(),
            gains: [gains(), gains()],
            arrived: Box::new([[[Gain::default(); BLOCKS]; 2]; SUBSTEPS]),
            disturbed: [false; SUBSTEPS],
            bypassed: Vec::new(),
            silent: false,
            columns: 0..COLUMNS,
            active: 0..BLOCKS,
        };
        for (column, kind) in config.structure.compartments(hemisphere) {
            neurons.kinds[column] = kind;
        }
        for (a, b, join) in config.structure.joins(hemisphere) {
            neurons.structure.add(a, b, join);
        }
        neurons.plan();
        (0..COLUMNS).for_each(|column| neurons.start(column));
        neurons
    }

    /// Ticks in a step.
    pub(crate) fn step_ticks(&self) -> u64 {
        u64::from(self.step_ticks)
    }

    fn substep_ticks(&self) -> u64 {
        self.step_ticks() / SUBSTEPS as u64
    }

    pub(crate) fn parameters(&self, column: usize) -> NeuronParameters {
        self.parameters[column].0
    }

    pub(crate) fn adex_parameters(&self, column: usize) -> AdexParameters {
        self.parameters[column].1
    }

    /// Replaces the parameters of a neuron; currents and adaptation stay, and so does its potential
    /// unless that is now above threshold: then it starts from reset.
    pub(crate) fn configure(&mut self, column: usize, parameters: NeuronParameters) {
        let before = self.parameters[column].0.rest_lsb();
        self.parameters[column].0 = parameters;
        self.apply_compartment(column);
        let (block, lane) = (&mut self.blocks[column / BLOCK], column % BLOCK);
        block.potential[lane] += single(before - parameters.rest_lsb());
        if block.potential[lane] >= block.threshold[lane] {
            block.potential[lane] = block.reset[lane];
        }
        self.silent = false;
    }

    /// Replaces the parameters of exponential term, adaptation and synapses; the state stays.
    pub(crate) fn configure_adex(&mut self, column: usize, parameters: AdexParameters) {
        self.parameters[column].1 = parameters;
        self.apply_compartment(column);
        self.bypasses = self.parameters.iter().any(|(_, adex)| adex.bypass);
        self.silent = false;
    }

    /// Joins two circuits.
    pub(crate) fn join(&mut self, a: usize, b: usize, join: Join) {
        self.structure.add(a, b, join);
        self.plan();
        self.silent = false;
    }

    /// Decides what the compartment of a circuit does at threshold.
    pub(crate) fn set_kind(&mut self, column: usize, kind: Compartment) {
        let lead = self.structure.lead(column);
        self.kinds[lead] = kind;
        self.apply_compartment(lead);
        self.silent = false;
    }

    /// Finds the compartments anew.
    fn plan(&mut self) {
        self.structure.plan(&self.columns, self.substep_ticks() as f64);
        (0..COLUMNS).for_each(|column| self.apply(column));
    }

    /// Puts a neuron where it is without a past: at leak and offset, or at reset if those are above
    /// threshold.
    fn start(&mut self, column: usize) {
        let (block, lane) = (&mut self.blocks[column / BLOCK], column % BLOCK);
        let rests = block.threshold[lane] > 0.0;
        block.potential[lane] = if rests { 0.0 } else { block.reset[lane] };
        block.before[lane] = block.potential[lane];
        block.adaptation[lane] = 0.0;
        block.hold[lane] = 0.0;
        block.fired[lane] = -1.0;
        block.exc.current[lane] = 0.0;
        block.inh.current[lane] = 0.0;
    }

    /// Only these columns compute and fire; the others rest. Returns the columns computed for them.
    pub(crate) fn set_columns(&mut self, columns: Range<usize>) -> Range<usize> {
        for column in (0..COLUMNS).filter(|column| !columns.contains(column)) {
            self.start(column);
        }
        self.active = if columns.is_empty() {
            0..0
        } else {
            columns.start / BLOCK..columns.end.div_ceil(BLOCK)
        };
        self.columns = columns;
        self.plan();
        self.silent = false;
        self.active.start * BLOCK..self.active.end * BLOCK
    }

    /// Whether steps without events change nothing.
    pub(crate) fn is_silent(&self) -> bool {
        self.silent
    }

    /// Computes `count` steps from tick `start` on, in which `events` arrive; appends the neurons
    /// that fired to `fired`, by time and column.
    pub(crate) fn advance(
        &mut self,
        (synapses, drivers): (&SynapseArray, &mut Drivers),
        mut events: &[InputEvent],
        mut start: u64,
        count: u32,
        fired: &mut Vec<Fired>,
    ) {
        let begin = start;
        for _ in 0..count {
            let end = start + self.step_ticks();
            while let [event, rest @ ..] = events
                && event.time < end
            {
                let row = usize::from(event.row);
                let (addresses, weights) = (synapses.addresses.row(row), synapses.weights.row(row));
                let strength = drivers.strength(event);
                let (offset, mode) = (event.time - start, drivers.mode(row));
                self.deliver(addresses, event.address, (weights, strength), offset, mode);
                events = rest;
            }
            let first = fired.len();
            self.step(fired);
            fired[first..].iter_mut().for_each(|spike| spike.offset += start - begin);
            start = end;
        }
    }

    /// Delivers an event `offset` ticks after the start of the coming step.
    #[inline(never)]
    fn deliver(
        &mut self,
        addresses: &[u8; COLUMNS],
        address: u8,
        (weights, strength): (&[u8; COLUMNS], f32),
        offset: u64,
        mode: RowMode,
    ) {
        let substep = low_word(self.substep_ticks()) as usize;
        let offset_ticks = low_word(offset) as usize;
        let number = offset_ticks / substep;
        let left = (number + 1) * substep - offset_ticks;
        let active = self.active.clone();
        let lines = &addresses.as_chunks().0[active.clone()];
        let weights_of_blocks = &weights.as_chunks().0[active.clone()];
        for (input, wanted) in [mode.excites(), mode.inhibits()].into_iter().enumerate() {
            if wanted {
                let gains = &self.gains[input][left][active.clone()];
                let arrived = &mut self.arrived[number][input][active.clone()];
                lanes::deliver_adex(
                    self.level,
                    lines,
                    address,
                    weights_of_blocks,
                    strength,
                    gains,
                    arrived,
                );
            }
        }
        if self.bypasses && mode.excites() {
            for column in self.columns.clone() {
                let answers = addresses[column] == address && weights[column] > 0;
                if answers && self.parameters[column].1.bypass {
                    self.bypassed.push(Fired { offset: offset + 1, column });
                }
            }
        }
        self.disturbed[number] = true;
        self.silent = false;
    }

    /// Computes one step; appends the neurons that fired in it to `fired`, by time and column.
    #[inline(never)]
    fn step(&mut self, fired: &mut Vec<Fired>) {
        let earlier = fired.len();
        let mut risen = 0;
        for number in 0..SUBSTEPS {
            risen |= self.substep(number);
        }
        self.forget_events();
        if risen != 0 {
            self.collect(fired);
        }
        if !self.bypassed.is_empty() {
            let step = self.step_ticks();
            fired.extend(self.bypassed.iter().filter(|spike| spike.offset < step));
            self.bypassed.retain(|spike| spike.offset >= step);
            self.bypassed.iter_mut().for_each(|spike| spike.offset -= step);
        }
        let mut spikes = fired.split_off(earlier);
        spikes.sort_unstable_by_key(|spike| (spike.offset, spike.column));
        spikes.dedup();
        fired.append(&mut spikes);
    }

    /// Advances by one sub-step; the result is not 0 if any neuron fired.
    fn substep(&mut self, number: usize) -> u32 {
        let active = self.active.clone();
        let [exc, inh] = &self.arrived[number];
        let arrived = [&exc[active.clone()], &inh[active.clone()]];
        let blocks = &mut self.blocks[active.clone()];
        if self.disturbed[number] {
            lanes::advance_adex::<true>(self.level, blocks, arrived);
        } else {
            lanes::advance_adex::<false>(self.level, blocks, arrived);
        }
        self.structure.exchange(&mut self.blocks);
        let blocks = &mut self.blocks[active];
        let risen = lanes::fire_adex(self.level, blocks, number as f32, SUBSTEPS as f32);
        if risen != 0 {
            self.structure.share_spikes(&mut self.blocks, number as f32);
        }
        risen
    }

    /// Clears what the events of this step added.
    fn forget_events(&mut self) {
        for (arrived, disturbed) in self.arrived.iter_mut().zip(&mut self.disturbed) {
            if std::mem::take(disturbed) {
                let inputs = arrived.iter_mut().flat_map(|blocks| &mut blocks[self.active.clone()]);
                inputs.for_each(|gain| *gain = Gain::default());
            }
        }
    }

    /// Appends the neurons that fired in this step.
    fn collect(&mut self, fired: &mut Vec<Fired>) {
        let substep = self.substep_ticks() as f64;
        for number in self.active.clone() {
            for lane in 0..BLOCK {
                let time = std::mem::replace(&mut self.blocks[number].fired[lane], -1.0);
                let column = number * BLOCK + lane;
                if time >= 0.0 && self.columns.contains(&column) {
                    let offset = whole_u32((f64::from(time) * substep).floor());
                    let offset = u64::from(offset.min(self.step_ticks - 1));
                    fired.push(Fired { offset, column });
                }
            }
        }
    }

    /// Sets what has decayed to nothing to zero, and finds out whether the hemisphere is silent.
    pub(crate) fn quieten(&mut self) {
        for block in &mut self.blocks[self.active.clone()] {
            for lane in 0..BLOCK {
                let (exc, inh) = (&mut block.exc.current[lane], &mut block.inh.current[lane]);
                let quiet = exc.abs() < QUIET_CURRENT && inh.abs() < QUIET_CURRENT;
                let rests = quiet
                    && block.exponential[lane] == 0.0
                    && block.potential[lane].abs() < QUIET_POTENTIAL
                    && (block.adaptation[lane] - block.shift[lane]).abs() < QUIET_POTENTIAL
                    && block.shift[lane] == 0.0;
                for current in [exc, inh] {
                    if quiet || current.abs() < NEGLIGIBLE {
                        *current = 0.0;
                    }
                }
                for state in [&mut block.potential[lane], &mut block.adaptation[lane]] {
                    if rests || state.abs() < NEGLIGIBLE {
                        *state = 0.0;
                    }
                }
            }
        }
        self.silent = self.stands_still();
    }

    /// Whether a step without events changes nothing: tried on a copy. Without currents and
    /// refractory neurons all sub-steps are alike, so one of them tells.
    fn stands_still(&self) -> bool {
        let blocks = &self.blocks[self.active.clone()];
        let rests = |block: &AdexBlock| {
            let (exc, inh) = (&block.exc.current, &block.inh.current);
            [exc, inh, &block.hold].iter().all(|lane| lane.iter().all(|&x| x == 0.0))
        };
        if !self.bypassed.is_empty() || !blocks.iter().all(rests) {
            return false;
        }
        let mut after = self.blocks.clone();
        let nothing = [Gain::default(); BLOCKS];
        lanes::advance_adex::<false>(
            self.level,
            &mut after[self.active.clone()],
            [&nothing, &nothing],
        );
        self.structure.exchange(&mut after);
        let same = |(a, b): (&AdexBlock, &AdexBlock)| {
            a.potential == b.potential && a.adaptation == b.adaptation
        };
        after.iter().zip(&self.blocks).all(same)
    }

    /// Membrane potentials at the end of the last step, LSB; columns not in use are at rest.
    pub(crate) fn membranes(&self) -> [f32; COLUMNS] {
        std::array::from_fn(|column| {
            let moved = if self.columns.contains(&column) {
                self.blocks[column / BLOCK].potential[column % BLOCK]
            } else {
                0.0
            };
            single(self.parameters[column].0.rest_lsb()) + moved
        })
    }

    /// The adaptation of a neuron at the end of the last step, LSB.
    pub(crate) fn adaptation(&self, column: usize) -> f32 {
        self.blocks[column / BLOCK].adaptation[column % BLOCK]
    }

    /// Sets the membrane of a neuron to its reset potential; currents and adaptation stay.
    pub(crate) fn reset_membrane(&mut self, column: usize) {
        if self.columns.contains(&column) {
            let block = &mut self.blocks[column / BLOCK];
            block.potential[column % BLOCK] = block.reset[column % BLOCK];
            self.silent = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_levels_give_the_same_bits() {
        let mut config = ChipConfig::mismatch();
        config.adex.conductance = 1.0;
        let run = |level| {
            let mut neurons = Adex::new(&config, 3, 0, level);
            let mut fired = Vec::new();
            let weights: [u8; COLUMNS] = std::array::from_fn(|i| crate::convert::low_byte(i / 5));
            for step in 0..3_000_u64 {
                let mode = if step % 3 == 0 { RowMode::Inhibitory } else { RowMode::Excitatory };
                if step % 11 < 5 {
                    neurons.deliver(&[0; COLUMNS], 0, (&weights, 1.0), step % 25, mode);
                }
                neurons.step(&mut fired);
            }
            (fired, neurons.membranes().map(f32::to_bits))
        };
        let levels = Level::available();
        let first = run(levels[0]);
        assert!(first.0.len() > 500, "{}", first.0.len());
        assert!(levels.iter().all(|&level| run(level) == first));
    }
}
