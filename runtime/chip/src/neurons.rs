//! Neurons of one hemisphere: leaky integrate-and-fire circuits with exponential current synapses.
//!
//! ```text
//! tau_mem dV/dt = leak + offset - V + tau_mem (I_exc - I_inh)      dI/dt = -I / tau_syn
//! an event of weight w adds w * strength * unit to I
//! V rises through threshold: a spike; V stays at reset for the refractory time
//! ```
//!
//! Membrane potentials are in LSB of the ADC, currents in LSB a tick. The equations are linear
//! between spikes, so a step is exact: `V` and `I` at its end follow from those at its start, and
//! an event inside the step adds what it contributes at the end. A spike is found at the end of a
//! step and its time interpolated to a tick; at the end of the refractory time, inside a step, the
//! membrane moves for the rest of that step by the same fraction of a whole step's movement.
//!
//! Potentials are kept relative to rest, so that a silent neuron is exactly zero and a silent
//! hemisphere costs nothing.

use std::ops::Range;

use borsh::{BorshDeserialize, BorshSerialize};
use pl_fixed::real;

use crate::COLUMNS;
use crate::config::ChipConfig;
use crate::convert::{low_word, single, whole_u32};
use crate::drivers::Drivers;
use crate::events::InputEvent;
use crate::lanes::{self, Delivery, Level, Rises, Steps};
use crate::mismatch;
use crate::synapse_array::SynapseArray;
use crate::time::{TICKS_PER_US, ticks_from_us};

/// Steps between two searches for silence, aligned to the start of time.
pub(crate) const QUIET_INTERVAL: u64 = 64;
/// A neuron is set to rest when its potential is this near to it, LSB, ...
pub(crate) const QUIET_POTENTIAL: f32 = 1e-6;
/// ... and its currents are this small, LSB a tick: together less than a millionth of an LSB.
pub(crate) const QUIET_CURRENT: f32 = 1e-11;
/// Values below this are set to zero long before they become subnormal, which is slow.
pub(crate) const NEGLIGIBLE: f32 = 1e-24;

/// Analog parameters of one neuron.
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct NeuronParameters {
    /// Leak potential, ADC LSB.
    pub leak_lsb: f64,
    /// Potential after a spike, ADC LSB.
    pub reset_lsb: f64,
    /// Threshold potential, ADC LSB.
    pub threshold_lsb: f64,
    /// Time constant of the membrane.
    pub tau_mem_us: f64,
    /// Time constant of the excitatory input.
    pub tau_syn_exc_us: f64,
    /// Time constant of the inhibitory input.
    pub tau_syn_inh_us: f64,
    /// Time for which the membrane stays at reset after a spike.
    pub refractory_us: f64,
    /// Constant current, as the shift of the resting potential it causes, ADC LSB.
    pub offset_lsb: f64,
    /// Factor on the excitatory strength.
    pub strength_exc: f64,
    /// Factor on the inhibitory strength.
    pub strength_inh: f64,
}

impl NeuronParameters {
    /// Where the membrane rests without synaptic input, ADC LSB.
    #[must_use]
    pub fn rest_lsb(&self) -> f64 {
        self.leak_lsb + self.offset_lsb
    }
}

/// A spike of one neuron within some steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub(crate) struct Fired {
    /// Ticks since the start of the first.
    pub(crate) offset: u64,
    pub(crate) column: usize,
}

/// Neurons whose state lies side by side.
pub(crate) const BLOCK: usize = 16;
pub(crate) const BLOCKS: usize = COLUMNS / BLOCK;

pub(crate) type Lane = [f32; BLOCK];

/// What an event adds at the end of a step, for each unit of weight, in a block of neurons.
#[derive(Clone, Copy, Debug, Default, BorshSerialize, BorshDeserialize)]
#[repr(align(64))]
pub(crate) struct Gain {
    pub(crate) potential: Lane,
    pub(crate) current: Lane,
}

/// One synaptic input of a block of neurons.
#[derive(Clone, Copy, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct Input {
    /// Current at the end of the last step, LSB a tick.
    pub(crate) current: Lane,
    /// Decay of the current over a step.
    pub(crate) decay: Lane,
    /// Potential that a unit of current at the start of a step causes at its end.
    pub(crate) transfer: Lane,
}

/// State and constants of a block of neurons; potentials relative to rest.
#[derive(Clone, Copy, Debug, Default, BorshSerialize, BorshDeserialize)]
#[repr(align(64))]
pub(crate) struct NeuronBlock {
    /// Potential at the end of the last step.
    pub(crate) potential: Lane,
    /// Remaining refractory time in steps.
    pub(crate) hold: Lane,
    /// Refractory time in steps.
    pub(crate) refractory: Lane,
    /// Bit `i`: neuron `i` may fire.
    pub(crate) enabled: u16,
    pub(crate) threshold: Lane,
    pub(crate) reset: Lane,
    /// Decay of the potential over a step.
    pub(crate) leak: Lane,
    pub(crate) exc: Input,
    pub(crate) inh: Input,
}

/// What a unit of weight adds that arrives so many ticks before the end of a step, 0 to those of a
/// step; index: block, ticks.
type Gains = Box<[Gain]>;

/// Time constants of one synaptic input of one neuron, ticks.
#[derive(Clone, Copy)]
struct Kinetics {
    tau_mem: f64,
    tau_syn: f64,
    /// Current of a unit of weight.
    unit: f64,
}

impl Kinetics {
    fn apply(self, input: &mut Input, gains: &mut Gains, column: usize) {
        let (block, lane) = (column / BLOCK, column % BLOCK);
        let Kinetics { tau_mem, tau_syn, unit } = self;
        let mut t = 0.0;
        let lefts = gains.len() / BLOCKS;
        for gain in &mut gains[block * lefts..(block + 1) * lefts] {
            gain.current[lane] = single(unit * real::exp(-t / tau_syn));
            gain.potential[lane] = single(unit * response(tau_mem, tau_syn, t));
            t += 1.0;
        }
        let step = t - 1.0;
        input.decay[lane] = single(real::exp(-step / tau_syn));
        input.transfer[lane] = single(response(tau_mem, tau_syn, step));
    }
}

/// Membrane potential at `t` from a unit of synaptic current that starts at 0 and decays.
pub(crate) fn response(tau_mem: f64, tau_syn: f64, t: f64) -> f64 {
    let difference = 1.0 / tau_mem - 1.0 / tau_syn;
    if (difference * tau_mem).abs() < 1e-6 {
        t * real::exp(-t / tau_mem)
    } else {
        (real::exp(-t / tau_syn) - real::exp(-t / tau_mem)) / difference
    }
}

/// Largest value of [`response`] over time.
pub(crate) fn peak_response(tau_mem: f64, tau_syn: f64) -> f64 {
    let ratio = tau_mem / tau_syn;
    let t = if (ratio - 1.0).abs() < 1e-6 {
        tau_mem
    } else {
        tau_mem / (ratio - 1.0) * real::ln(ratio)
    };
    response(tau_mem, tau_syn, t)
}

/// All neurons of a hemisphere.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Neurons {
    level: Level,
    step_ticks: u32,
    parameters: Box<[NeuronParameters]>,
    /// Current of a unit of weight at nominal time constants and strength, LSB a tick.
    unit_exc: f64,
    unit_inh: f64,
    blocks: Box<[NeuronBlock]>,
    gains_exc: Gains,
    gains_inh: Gains,
    /// Events and spikes of the steps being computed; kept to reuse their memory.
    deliveries: Vec<Delivery>,
    answers: Vec<[u8; COLUMNS]>,
    rises: Rises,
    /// Some inhibitory current may not be zero.
    inhibited: bool,
    /// Everything is zero and stays so without events.
    silent: bool,
    /// Columns that may fire, and the blocks computed for them.
    columns: Range<usize>,
    active: Range<usize>,
}

impl Neurons {
    pub(crate) fn new(config: &ChipConfig, seed: u64, hemisphere: usize, level: Level) -> Neurons {
        let ticks = TICKS_PER_US as f64;
        let step_ticks = whole_u32(config.time.step_us * ticks);
        let unit = |tau_syn_us: f64| {
            let peak = peak_response(config.neuron.tau_mem_us * ticks, tau_syn_us * ticks);
            config.neuron.psp_lsb_per_weight / peak
        };
        let lefts = step_ticks as usize + 1;
        let gains = || vec![Gain::default(); BLOCKS * lefts].into_boxed_slice();
        let mut neurons = Neurons {
            level,
            step_ticks,
            parameters: (0..256)
                .map(|c| {
                    let nominal = config.nominal(hemisphere, c as usize);
                    mismatch::neuron(&nominal, seed, hemisphere, c)
                })
                .collect(),
            unit_exc: unit(config.neuron.tau_syn_exc_us),
            unit_inh: unit(config.neuron.tau_syn_inh_us),
            blocks: vec![NeuronBlock::default(); BLOCKS].into_boxed_slice(),
            gains_exc: gains(),
            gains_inh: gains(),
            deliveries: Vec::new(),
            answers: Vec::new(),
            rises: Rises::default(),
            inhibited: false,
            silent: false,
            columns: 0..COLUMNS,
            active: 0..BLOCKS,
        };
        for column in 0..COLUMNS {
            neurons.apply(column);
            neurons.start(column);
            neurons.blocks[column / BLOCK].enabled = u16::MAX;
        }
        neurons
    }

    /// Ticks in a step.
    pub(crate) fn step_ticks(&self) -> u64 {
        u64::from(self.step_ticks)
    }

    pub(crate) fn parameters(&self, column: usize) -> NeuronParameters {
        self.parameters[column]
    }

    /// Replaces the parameters of a neuron; its currents stay, and so does its potential unless
    /// that is now above threshold: then it starts from reset.
    pub(crate) fn configure(&mut self, column: usize, parameters: NeuronParameters) {
        let before = self.parameters[column].rest_lsb();
        self.parameters[column] = parameters;
        self.apply(column);
        let (block, lane) = (&mut self.blocks[column / BLOCK], column % BLOCK);
        block.potential[lane] += single(before - parameters.rest_lsb());
        if block.potential[lane] >= block.threshold[lane] {
            block.potential[lane] = block.reset[lane];
        }
        self.silent = false;
    }

    /// Puts a neuron where it is without a past: at rest, or at reset if rest is above threshold,
    /// because only a membrane that rises through threshold fires.
    fn start(&mut self, column: usize) {
        let (block, lane) = (&mut self.blocks[column / BLOCK], column % BLOCK);
        let rests = block.threshold[lane] > 0.0;
        block.potential[lane] = if rests { 0.0 } else { block.reset[lane] };
        block.hold[lane] = 0.0;
        block.exc.current[lane] = 0.0;
        block.inh.current[lane] = 0.0;
    }

    /// Computes the constants of a neuron from its parameters.
    fn apply(&mut self, column: usize) {
        let p = self.parameters[column];
        let (block, lane) = (&mut self.blocks[column / BLOCK], column % BLOCK);
        let ticks = TICKS_PER_US as f64;
        let tau_mem = p.tau_mem_us * ticks;
        let refractory = ticks_from_us(p.refractory_us) as f64 / f64::from(self.step_ticks);
        block.refractory[lane] = single(refractory);
        block.threshold[lane] = single(p.threshold_lsb - p.rest_lsb());
        block.reset[lane] = single(p.reset_lsb - p.rest_lsb());
        block.leak[lane] = single(real::exp(-f64::from(self.step_ticks) / tau_mem));
        let (tau_syn, unit) = (p.tau_syn_exc_us * ticks, self.unit_exc * p.strength_exc);
        let exc = Kinetics { tau_mem, tau_syn, unit };
        exc.apply(&mut block.exc, &mut self.gains_exc, column);
        let (tau_syn, unit) = (p.tau_syn_inh_us * ticks, self.unit_inh * p.strength_inh);
        let inh = Kinetics { tau_mem, tau_syn, unit };
        inh.apply(&mut block.inh, &mut self.gains_inh, column);
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
        for (number, block) in self.blocks.iter_mut().enumerate() {
            let enabled = |lane: &usize| columns.contains(&(number * BLOCK + lane));
            block.enabled = (0..BLOCK).filter(enabled).map(|lane| 1 << lane).sum();
        }
        self.columns = columns;
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
        events: &[InputEvent],
        start: u64,
        count: u32,
        fired: &mut Vec<Fired>,
    ) {
        self.receive(drivers, events, start);
        if self.answers.len() < self.deliveries.len() {
            self.answers.resize(self.deliveries.len(), [0; COLUMNS]);
        }
        let columns = self.active.start * BLOCK..self.active.end * BLOCK;
        let SynapseArray { addresses, weights, .. } = synapses;
        lanes::answers(
            self.level,
            addresses,
            weights,
            &self.deliveries,
            columns,
            &mut self.answers,
        );
        let steps = Steps {
            count,
            ticks: self.step_ticks,
            deliveries: &self.deliveries,
            answers: &self.answers,
            gains: [&self.gains_exc, &self.gains_inh],
            inhibited: self.inhibited,
        };
        let blocks = &mut self.blocks[self.active.clone()];
        lanes::advance(self.level, blocks, self.active.start, &steps, &mut self.rises);
        let first = fired.len();
        for rise in self.rises.iter() {
            let start = u64::from(rise.step * self.step_ticks);
            for lane in (0..BLOCK).filter(|lane| rise.lanes >> lane & 1 == 1) {
                let offset = start + u64::from(whole_u32(f64::from(rise.offsets[lane])));
                fired.push(Fired { offset, column: usize::from(rise.block) * BLOCK + lane });
            }
        }
        fired[first..].sort_unstable();
    }

    /// Takes the events of the steps from tick `start` on.
    fn receive(&mut self, drivers: &mut Drivers, events: &[InputEvent], start: u64) {
        self.deliveries.clear();
        for event in events {
            let mode = drivers.mode(usize::from(event.row));
            let ticks = low_word(event.time - start);
            self.inhibited |= mode.inhibits();
            self.deliveries.push(Delivery {
                step: ticks / self.step_ticks,
                left: self.step_ticks - ticks % self.step_ticks,
                row: event.row,
                address: event.address,
                strength: drivers.strength(event),
                excites: mode.excites(),
                inhibits: mode.inhibits(),
            });
            self.silent = false;
        }
    }

    /// Sets what has decayed to nothing to zero, and finds out whether the hemisphere is silent.
    pub(crate) fn quieten(&mut self) {
        let (mut silent, mut inhibited) = (true, false);
        for block in &mut self.blocks[self.active.clone()] {
            for lane in 0..BLOCK {
                let quiet = block.potential[lane].abs() < QUIET_POTENTIAL
                    && block.exc.current[lane].abs() < QUIET_CURRENT
                    && block.inh.current[lane].abs() < QUIET_CURRENT;
                silent &= quiet && block.hold[lane] == 0.0;
                let states = [&mut block.potential, &mut block.exc.current, &mut block.inh.current];
                for state in states {
                    if quiet || state[lane].abs() < NEGLIGIBLE {
                        state[lane] = 0.0;
                    }
                }
                inhibited |= block.inh.current[lane] != 0.0;
            }
        }
        self.inhibited = inhibited;
        self.silent = silent && !self.columns.clone().any(|column| self.fires_at_rest(column));
    }

    fn fires_at_rest(&self, column: usize) -> bool {
        self.blocks[column / BLOCK].threshold[column % BLOCK] <= QUIET_POTENTIAL
    }

    /// Membrane potentials at the end of the last step, LSB; columns not in use are at rest.
    pub(crate) fn membranes(&self) -> [f32; COLUMNS] {
        std::array::from_fn(|column| {
            let moved = if self.columns.contains(&column) {
                self.blocks[column / BLOCK].potential[column % BLOCK]
            } else {
                0.0
            };
            single(self.parameters[column].rest_lsb()) + moved
        })
    }

    /// Sets the membrane of a neuron to its reset potential; synaptic currents stay.
    pub(crate) fn reset_membrane(&mut self, column: usize) {
        if self.columns.contains(&column) {
            let block = &mut self.blocks[column / BLOCK];
            block.potential[column % BLOCK] = block.reset[column % BLOCK];
            self.silent = false;
        }
    }
}
