//! The loop of plain neurons: many steps of a few blocks, whose state stays in registers.

use std::ops::Range;

use borsh::{BorshDeserialize, BorshSerialize};
use fearless_simd::{Simd, dispatch, f32x16, mask32x16, prelude::*, u8x16};

use super::Level;
use crate::COLUMNS;
use crate::neurons::{BLOCK, Gain, Lane, NeuronBlock};
use crate::synapse_array::Plane;

/// An event that reaches the neurons in the steps that [`advance`] computes.
#[derive(Clone, Copy, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Delivery {
    /// Number of the step.
    pub(crate) step: u32,
    /// Ticks from the event to the end of the step.
    pub(crate) left: u32,
    pub(crate) row: u8,
    pub(crate) address: u8,
    /// Strength of the pulse, a factor on weights.
    pub(crate) strength: f32,
    pub(crate) excites: bool,
    pub(crate) inhibits: bool,
}

/// Steps without feedback from neurons to synapses, and what happens in them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps<'a> {
    pub(crate) count: u32,
    /// Length of one.
    pub(crate) ticks: u32,
    /// By step.
    pub(crate) deliveries: &'a [Delivery],
    /// Weights of the synapses that answer to each of them, see [`answers`].
    pub(crate) answers: &'a [[u8; COLUMNS]],
    /// What a unit of weight adds; excitatory and inhibitory, then block and ticks to the end of the
    /// step.
    pub(crate) gains: [&'a [Gain]; 2],
    /// Some inhibitory current may not be zero.
    pub(crate) inhibited: bool,
}

/// Neurons of a block that fired in the same step.
#[derive(Clone, Copy, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct Rise {
    /// Number of the step.
    pub(crate) step: u32,
    /// Bit `i`: neuron `i` of the block fired ...
    pub(crate) lanes: u16,
    pub(crate) block: u8,
    /// ... so many ticks after the start of the step.
    pub(crate) offsets: Lane,
}

/// Spikes of some steps; kept to reuse its memory.
#[derive(Clone, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct Rises {
    rises: Vec<Rise>,
    count: usize,
}

impl Rises {
    /// Forgets all, and makes room for neurons of `blocks` in `steps`.
    fn clear(&mut self, blocks: usize, steps: u32) {
        self.count = 0;
        let most = blocks * steps as usize;
        if self.rises.len() < most {
            self.rises.resize(most, Rise::default());
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rise> {
        self.rises[..self.count].iter()
    }
}

kernel! {
    /// Weights of the synapses of `columns` that answer to each event; 0 for the others. Rows lie all
    /// over the planes, and to fetch them one after the other is quicker than a piece of each at a
    /// time.
    fn answers(
        addresses: &Plane,
        weights: &Plane,
        deliveries: &[Delivery],
        columns: Range<usize>,
        answers: &mut [[u8; COLUMNS]],
    ) {
        for (delivery, answers) in deliveries.iter().zip(answers) {
            let row = usize::from(delivery.row);
            let addresses = &addresses.row(row)[columns.clone()];
            let weights = &weights.row(row)[columns.clone()];
            for ((answer, address), weight) in
                answers[columns.clone()].iter_mut().zip(addresses).zip(weights)
            {
                *answer = if *address == delivery.address { *weight } else { 0 };
            }
        }
    }
}

/// Computes `steps` of `blocks`, of which the first is block `first` of its hemisphere; `rises` are the
/// spikes.
#[inline]
pub(crate) fn advance(
    level: Level,
    blocks: &mut [NeuronBlock],
    first: usize,
    steps: &Steps<'_>,
    rises: &mut Rises,
) {
    rises.clear(blocks.len(), steps.count);
    if steps.inhibited {
        dispatch!(level.0, simd => advance_all::<_, true>(simd, blocks, first, steps, rises));
    } else {
        dispatch!(level.0, simd => advance_all::<_, false>(simd, blocks, first, steps, rises));
    }
}

/// Two blocks at a time, so that one computes while the other waits for its last result.
#[inline(always)]
fn advance_all<S: Simd, const INHIBITED: bool>(
    simd: S,
    blocks: &mut [NeuronBlock],
    mut first: usize,
    steps: &Steps<'_>,
    rises: &mut Rises,
) {
    let (pairs, rest) = blocks.as_chunks_mut::<2>();
    for pair in pairs {
        advance_blocks::<S, 2, INHIBITED>(simd, pair, first, steps, rises);
        first += 2;
    }
    for block in rest.as_chunks_mut::<1>().0 {
        advance_blocks::<S, 1, INHIBITED>(simd, block, first, steps, rises);
    }
}

#[inline(always)]
fn load<S: Simd>(simd: S, lane: &Lane) -> f32x16<S> {
    f32x16::from_slice(simd, lane)
}

/// Current and constants of one synaptic input.
#[derive(Clone, Copy)]
struct Input<S: Simd> {
    current: f32x16<S>,
    decay: f32x16<S>,
    transfer: f32x16<S>,
}

impl<S: Simd> Input<S> {
    #[inline(always)]
    fn load(simd: S, input: &crate::neurons::Input) -> Input<S> {
        Input {
            current: load(simd, &input.current),
            decay: load(simd, &input.decay),
            transfer: load(simd, &input.transfer),
        }
    }

    /// What the current adds to the membranes over the step; the current decays.
    #[inline(always)]
    fn drive(&mut self) -> f32x16<S> {
        let driven = self.current * self.transfer;
        self.current *= self.decay;
        driven
    }
}

/// State and constants of one block.
#[derive(Clone, Copy)]
struct Neurons<S: Simd> {
    potential: f32x16<S>,
    /// Potential at the start of the step.
    before: f32x16<S>,
    hold: f32x16<S>,
    leak: f32x16<S>,
    threshold: f32x16<S>,
    reset: f32x16<S>,
    exc: Input<S>,
    inh: Input<S>,
}

impl<S: Simd> Neurons<S> {
    #[inline(always)]
    fn load(simd: S, block: &NeuronBlock) -> Neurons<S> {
        Neurons {
            potential: load(simd, &block.potential),
            before: load(simd, &block.potential),
            hold: load(simd, &block.hold),
            leak: load(simd, &block.leak),
            threshold: load(simd, &block.threshold),
            reset: load(simd, &block.reset),
            exc: Input::load(simd, &block.exc),
            inh: Input::load(simd, &block.inh),
        }
    }

    #[inline(always)]
    fn store(self, block: &mut NeuronBlock) {
        self.potential.store_slice(&mut block.potential);
        self.hold.store_slice(&mut block.hold);
        self.exc.current.store_slice(&mut block.exc.current);
        self.inh.current.store_slice(&mut block.inh.current);
    }

    /// The membranes at the end of the step, of which `free` is where they would be unless held,
    /// and whether they have risen through threshold; refractory times go on.
    #[inline(always)]
    fn settle(&mut self, simd: S, free: f32x16<S>) -> (f32x16<S>, mask32x16<S>) {
        let (zero, one) = (f32x16::splat(simd, 0.0), f32x16::splat(simd, 1.0));
        // Held at reset for the first part of the step, free for the rest of it.
        let released = self.reset + (one - self.hold).max(zero) * (free - self.reset);
        let end = self.hold.simd_gt(zero).select(released, free);
        self.hold = (self.hold - one).max(zero);
        (end, self.potential.simd_lt(self.threshold) & end.simd_ge(self.threshold))
    }

    /// Resets neurons that rose through threshold in the step; gives the tick of it in which they
    /// did.
    #[inline(always)]
    fn fire(
        &mut self,
        simd: S,
        risen: mask32x16<S>,
        refractory: f32x16<S>,
        ticks: f32,
    ) -> f32x16<S> {
        let (zero, one) = (f32x16::splat(simd, 0.0), f32x16::splat(simd, 1.0));
        let fraction = (self.threshold - self.before) / (self.potential - self.before);
        let offset = (fraction * f32x16::splat(simd, ticks)).floor();
        let offset = offset.min(f32x16::splat(simd, ticks - 1.0));
        let elapsed = one - offset / f32x16::splat(simd, ticks);
        self.hold = risen.select((refractory - elapsed).max(zero), self.hold);
        self.potential = risen.select(self.reset, self.potential);
        offset
    }
}

/// What the synapses of a block that answer to an event count: weight times strength of the pulse.
#[inline(always)]
fn counted<S: Simd>(
    simd: S,
    delivery: &Delivery,
    weights: &[u8; COLUMNS],
    block: usize,
) -> f32x16<S> {
    let weights = u8x16::from_slice(simd, &weights[block * BLOCK..(block + 1) * BLOCK]);
    let (low, high) = weights.widen();
    let ((a, b), (c, d)) = (low.widen(), high.widen());
    let weights: f32x16<S> = a.combine(b).combine(c.combine(d)).to_float();
    weights * f32x16::splat(simd, delivery.strength)
}

/// Adds what one event gives to potentials and currents of one input.
#[inline(always)]
fn add<S: Simd>(simd: S, weight: f32x16<S>, gain: &Gain, added: &mut [f32x16<S>; 2]) {
    added[0] += weight * load(simd, &gain.potential);
    added[1] += weight * load(simd, &gain.current);
}

/// Computes `steps` of `K` neighbouring blocks.
#[inline(always)]
fn advance_blocks<S: Simd, const K: usize, const INHIBITED: bool>(
    simd: S,
    blocks: &mut [NeuronBlock; K],
    first: usize,
    steps: &Steps<'_>,
    rises: &mut Rises,
) {
    let zero = f32x16::splat(simd, 0.0);
    let mut neurons = [Neurons::load(simd, &blocks[0]); K];
    for k in 1..K {
        neurons[k] = Neurons::load(simd, &blocks[k]);
    }
    let lefts = steps.ticks as usize + 1;
    let gains: [[&[Gain]; K]; 2] = steps
        .gains
        .map(|gains| std::array::from_fn(|k| &gains[(first + k) * lefts..(first + k + 1) * lefts]));
    let (mut deliveries, mut answers) = (steps.deliveries, steps.answers);
    let mut next = deliveries.first().map_or(u32::MAX, |delivery| delivery.step);
    for step in 0..steps.count {
        let mut free = [zero; K];
        for k in 0..K {
            let mut driven = neurons[k].exc.drive();
            if INHIBITED {
                driven -= neurons[k].inh.drive();
            }
            free[k] = neurons[k].potential * neurons[k].leak + driven;
        }
        if next == step {
            let mut exc = [[zero; 2]; K];
            let mut inh = [[zero; 2]; K];
            while let ([delivery, rest @ ..], [weights, later @ ..]) = (deliveries, answers)
                && delivery.step == step
            {
                let left = delivery.left as usize;
                for k in 0..K {
                    let weight = counted(simd, delivery, weights, first + k);
                    if delivery.excites {
                        add(simd, weight, &gains[0][k][left], &mut exc[k]);
                    }
                    if INHIBITED && delivery.inhibits {
                        add(simd, weight, &gains[1][k][left], &mut inh[k]);
                    }
                }
                (deliveries, answers) = (rest, later);
            }
            next = deliveries.first().map_or(u32::MAX, |delivery| delivery.step);
            for k in 0..K {
                free[k] += exc[k][0];
                neurons[k].exc.current += exc[k][1];
                if INHIBITED {
                    free[k] -= inh[k][0];
                    neurons[k].inh.current += inh[k][1];
                }
            }
        }
        let mut ends = [(zero, zero.simd_gt(zero)); K];
        let mut any = zero.simd_gt(zero);
        for k in 0..K {
            ends[k] = neurons[k].settle(simd, free[k]);
            any |= ends[k].1;
        }
        for k in 0..K {
            neurons[k].before = neurons[k].potential;
            neurons[k].potential = ends[k].0;
        }
        if any.any_true() {
            for k in 0..K {
                let enabled = mask32x16::from_bitmask(simd, u64::from(blocks[k].enabled));
                let crossed = ends[k].1 & enabled;
                let Some(rise) = rises.rises.get_mut(rises.count) else { continue };
                rise.step = step;
                rise.block = crate::convert::low_byte(first + k);
                let [low, high, ..] = crossed.to_bitmask().to_le_bytes();
                rise.lanes = u16::from_le_bytes([low, high]);
                let refractory = load(simd, &blocks[k].refractory);
                let offset = neurons[k].fire(simd, crossed, refractory, steps.ticks as f32);
                offset.store_slice(&mut rise.offsets);
                rises.count += usize::from(rise.lanes != 0);
            }
        }
    }
    for k in 0..K {
        neurons[k].store(&mut blocks[k]);
    }
}
