//! The loops of correlation sensors: what a pulse adds to the sensors of a row or a column.

use std::ops::Range;

use borsh::{BorshDeserialize, BorshSerialize};
use fearless_simd::{Simd, dispatch, f32x16, i32x16, mask32x16, prelude::*, u8x16, u32x16};

use super::{COEFFICIENTS, Level, OLDEST_HALVINGS, ROUND};
use crate::COLUMNS;
use crate::correlation::ADDRESSES;
use crate::neurons::{BLOCK, BLOCKS};
use crate::synapse_array::Plane;

/// How accumulators saturate: what a pair adds is scaled by `1 - (a / limit)^power`.
#[derive(Clone, Copy, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Saturation {
    inverse_limit: f32,
    /// Base-two logarithm of the power.
    power_log2: u32,
    /// Parts of the limit up to which the scale rounds to 1.
    negligible: f32,
}

impl Saturation {
    /// With a power of 1, 2, 4 or 8.
    pub(crate) fn new(inverse_limit: f32, power_log2: u32) -> Saturation {
        // (negligible)^power is at most 2^-25, half of the distance from 1 to the number below it;
        // slightly less, for the rounding of its squares.
        let negligible = [2.95e-8, 1.71e-4, 1.3e-2, 1.13e-1];
        let negligible = negligible[power_log2.min(3) as usize];
        Saturation { inverse_limit, power_log2, negligible }
    }

    #[cfg(test)]
    /// The scale at an accumulator that holds `accumulated`.
    fn room(self, accumulated: f32) -> f32 {
        let mut full = accumulated * self.inverse_limit;
        for _ in 0..self.power_log2 {
            full *= full;
        }
        (1.0 - full).max(0.0)
    }
}

#[cfg(test)]
/// What a pair of pulses adds to an accumulator that holds `accumulated`; the kernel's formula.
///
/// `age` is the time between the pulses in ticks, `decay` the reciprocal time constant in factors
/// of two a tick, `eta` the amplitude.
pub(crate) fn increment(
    age: u32,
    decay: f32,
    eta: f32,
    accumulated: f32,
    saturation: Saturation,
) -> f32 {
    let z = age.cast_signed() as f32 * decay;
    let shape = super::exp2_negative(z.min(OLDEST_HALVINGS));
    if z < OLDEST_HALVINGS { eta * shape * saturation.room(accumulated) } else { 0.0 }
}

/// `2^-z` in every lane, as [`exp2_negative`] computes it.
#[inline(always)]
fn exp2_negatives<S: Simd>(simd: S, z: f32x16<S>) -> f32x16<S> {
    let round = f32x16::splat(simd, ROUND);
    let shifted = z + round;
    let f = (shifted - round) - z;
    let mut p = f32x16::splat(simd, COEFFICIENTS[0]);
    for &coefficient in &COEFFICIENTS[1..] {
        p = p * f + f32x16::splat(simd, coefficient);
    }
    let exponent = u32x16::splat(simd, 1.0_f32.to_bits()) - (shifted.to_bits() << 23);
    p * f32x16::from_bits(exponent)
}

/// Parameters and accumulators of one branch of all synapses of a hemisphere, row by row.
#[derive(Debug)]
pub(crate) struct Sensors<'a> {
    pub(crate) decay: &'a [f32],
    pub(crate) eta: &'a [f32],
    pub(crate) value: &'a mut [f32],
    pub(crate) saturation: Saturation,
}

impl Sensors<'_> {
    /// Adds what the pairs of the block of synapses from `first` on give whose pulses are `age`
    /// apart.
    #[inline(always)]
    fn add<S: Simd>(&mut self, simd: S, first: usize, age: u32x16<S>, paired: mask32x16<S>) {
        let lanes = first..first + BLOCK;
        let load = |from: &[f32]| f32x16::from_slice(simd, &from[lanes.clone()]);
        let splat = |x| f32x16::splat(simd, x);
        let age: i32x16<S> = age.bitcast();
        let age: f32x16<S> = age.to_float();
        let z = age * load(self.decay);
        let counts = paired & z.simd_lt(splat(OLDEST_HALVINGS));
        // Older ones give anything, which does not count.
        let shape = exp2_negatives(simd, z);
        let mut added = load(self.eta) * shape;
        let accumulated = load(self.value);
        let mut full = accumulated * splat(self.saturation.inverse_limit);
        if !full.simd_le(splat(self.saturation.negligible)).all_true() {
            for _ in 0..self.saturation.power_log2 {
                full *= full;
            }
            added *= (splat(1.0) - full).max(splat(0.0));
        }
        let sum = counts.select(accumulated + added, accumulated);
        sum.store_slice(&mut self.value[lanes]);
    }
}

/// Stands for the time of a pulse that does not come; later than all others.
pub(crate) const NEVER: u32 = u32::MAX;

/// A presynaptic pulse of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pre {
    pub(crate) time: u32,
    pub(crate) address: u8,
    /// By block of columns: postsynaptic pulses of the batch in earlier ticks.
    pub(crate) posts_before: [u32; BLOCKS],
}

/// A row that has had presynaptic pulses.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) number: usize,
    pub(crate) last_pre: LastPre<'a>,
    /// Its pulses of the batch, ascending.
    pub(crate) pres: &'a [Pre],
}

/// Times of the last presynaptic pulses before a batch that the synapses of a row saw; 0 if none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LastPre<'a> {
    /// The row has had pulses of one address: the time of the last.
    OfAddress(u8, u32),
    /// By address; by column for synapses that hold a time, a bit each.
    Mixed { by_address: &'a [u32; ADDRESSES], holding: &'a [u64; 4], held: &'a [u32] },
}

/// The times that synapses of a block saw which have these addresses.
#[inline]
fn mixed_times(
    (by_address, holding, held): (&[u32; ADDRESSES], &[u64; 4], &[u32]),
    addresses: &[u8],
    first: usize,
) -> [u32; BLOCK] {
    let holds = holding[first / 64] >> (first % 64);
    std::array::from_fn(|lane| match holds >> lane & 1 {
        0 => by_address[usize::from(addresses[lane]) % ADDRESSES],
        _ => held[first + lane],
    })
}

/// Postsynaptic pulses next to a moment of the batch, by column of a block.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Moment {
    /// The last before it; 0 if there was none.
    pub(crate) last: [u32; BLOCK],
    /// The first after it in the batch; [`NEVER`] if there is none.
    pub(crate) next: [u32; BLOCK],
}

/// A batch of pulses and the synapses they meet.
#[derive(Clone, Debug)]
pub(crate) struct Meeting<'a> {
    pub(crate) addresses: &'a Plane,
    pub(crate) rows: &'a [Row<'a>],
    /// Blocks of columns in use.
    pub(crate) blocks: Range<usize>,
    /// By block: before its first postsynaptic pulse, after it, after the second and so on.
    pub(crate) moments: &'a [Vec<Moment>],
}

/// Adds what a batch of pulses gives to the causal and anticausal sensors of a hemisphere.
///
/// A synapse is followed from one presynaptic pulse to the next: between them lie the first
/// postsynaptic pulse, which makes a causal pair with the earlier, and the last, which makes an
/// anticausal one with the later. A postsynaptic pulse in the tick of a presynaptic one is the next
/// of it but makes no pair.
#[inline]
pub(crate) fn accumulate(
    level: Level,
    meeting: &Meeting<'_>,
    causal: Sensors<'_>,
    acausal: Sensors<'_>,
) {
    #[inline(always)]
    fn body<S: Simd>(
        simd: S,
        meeting: &Meeting<'_>,
        mut causal: Sensors<'_>,
        mut acausal: Sensors<'_>,
    ) {
        let all: Vec<usize> = meeting.blocks.clone().collect();
        let is_met = |block: &usize| meeting.moments[*block].len() > 1;
        let met: Vec<usize> = meeting.blocks.clone().filter(is_met).collect();
        for row in meeting.rows {
            for block in if row.pres.is_empty() { &met } else { &all } {
                accumulate_block(simd, meeting, row, *block, &mut causal, &mut acausal);
            }
        }
    }
    dispatch!(level.0, simd => body(simd, meeting, causal, acausal));
}

/// The part of [`accumulate`] for a block of columns of a row.
#[inline(always)]
fn accumulate_block<S: Simd>(
    simd: S,
    meeting: &Meeting<'_>,
    row: &Row<'_>,
    block: usize,
    causal: &mut Sensors<'_>,
    acausal: &mut Sensors<'_>,
) {
    let load = |times: &[u32]| u32x16::from_slice(simd, times);
    let splat = |time| u32x16::splat(simd, time);
    let columns = block * BLOCK..(block + 1) * BLOCK;
    let moments = &meeting.moments[block][..];
    let own = u8x16::from_slice(simd, &meeting.addresses.row(row.number)[columns.clone()]);
    let answers = |address| -> mask32x16<S> {
        let answers = own.simd_eq(u8x16::splat(simd, address));
        mask32x16::from_bitmask(simd, answers.to_bitmask())
    };
    let first = row.number * COLUMNS + columns.start;
    let mut pre = match &row.last_pre {
        LastPre::OfAddress(address, time) => answers(*address).select(splat(*time), splat(0)),
        LastPre::Mixed { by_address, holding, held } => {
            let addresses = &meeting.addresses.row(row.number)[columns.clone()];
            load(&mixed_times((by_address, holding, held), addresses, columns.start))
        }
    };
    // The first postsynaptic pulse after `pre`.
    let open = load(&moments[0].last).simd_lt(pre);
    let mut post = open.select(load(&moments[0].next), splat(NEVER));
    for pulse in row.pres {
        let moment = &moments[pulse.posts_before[block] as usize];
        let (last, next) = (load(&moment.last), load(&moment.next));
        let now = splat(pulse.time);
        let answers = answers(pulse.address);
        let after = answers & post.simd_gt(pre) & post.simd_lt(now);
        let before = answers & last.simd_gt(pre) & next.simd_gt(now);
        // As a rule both or neither.
        if (after | before).any_true() {
            causal.add(simd, first, post - pre, after);
            acausal.add(simd, first, now - last, before);
        }
        pre = answers.select(now, pre);
        post = answers.select(next, post);
    }
    let after = post.simd_gt(pre) & post.simd_lt(splat(NEVER));
    if after.any_true() {
        causal.add(simd, first, post - pre, after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ROWS;
    use crate::convert::low_word;
    use crate::synapse_array::SynapseArray;

    #[test]
    fn old_pairs_add_nothing() {
        let saturation = Saturation::new(1.0, 2);
        assert_eq!(increment(6400, 0.01, 0.5, 0.0, saturation), 0.0);
        assert!(increment(6399, 0.01, 0.5, 0.0, saturation) > 0.0);
    }

    /// One row: presynaptic pulses of address 1 at 1200 and 1600, between them postsynaptic ones of
    /// some columns.
    #[test]
    fn all_levels_add_what_the_formula_says() {
        let n = ROWS * COLUMNS;
        let mut synapses = SynapseArray::new();
        for (column, address) in (0..COLUMNS).zip([0, 1, 2].into_iter().cycle()) {
            synapses.write_address(0, column, address);
        }
        let time = |i: usize| 1000 + low_word(i as u64) * 37 % 700;
        let post = |i: usize| (1201..1600).contains(&time(i));
        let decay: Vec<f32> = (0..n).map(|i| 0.0005 + 0.001 * i as f32).collect();
        let eta: Vec<f32> = (0..n).map(|i| 0.1 + 0.01 * i as f32).collect();
        let times = |block, none| {
            let column = move |lane| block * BLOCK + lane;
            std::array::from_fn(|l| if post(column(l)) { time(column(l)) } else { none })
        };
        let moments: Vec<Vec<Moment>> = (0..BLOCKS)
            .map(|block| {
                let before = Moment { last: [0; BLOCK], next: times(block, NEVER) };
                vec![before, Moment { last: times(block, 0), next: [NEVER; BLOCK] }]
            })
            .collect();
        let pre = |time, posts| Pre { time, address: 1, posts_before: [posts; BLOCKS] };
        let pres = [pre(1200, 0), pre(1600, 1)];
        let rows = [Row { number: 0, last_pre: LastPre::OfAddress(1, 0), pres: &pres }];
        let meeting = Meeting {
            addresses: &synapses.addresses,
            rows: &rows,
            blocks: 0..BLOCKS,
            moments: &moments,
        };
        for (power, level) in
            (0..4).flat_map(|p| Level::available().into_iter().map(move |l| (p, l)))
        {
            // From values far below saturation to some beyond it.
            let saturation = Saturation::new(0.01, power);
            let start: Vec<f32> = (0..n).map(|i| (i * i) as f32 * 0.002).collect();
            let (mut causal, mut acausal) = (start.clone(), start.clone());
            let sensors = |value| Sensors { decay: &decay, eta: &eta, value, saturation };
            accumulate(level, &meeting, sensors(&mut causal), sensors(&mut acausal));
            let mut paired = 0;
            for i in 0..COLUMNS {
                let counts = i % 3 == 1 && post(i);
                let ages = [time(i).wrapping_sub(1200), 1600_u32.wrapping_sub(time(i))];
                for (value, age) in [&causal, &acausal].into_iter().zip(ages) {
                    let added = increment(age, decay[i], eta[i], start[i], saturation);
                    let expected = if counts { start[i] + added } else { start[i] };
                    assert_eq!(value[i].to_bits(), expected.to_bits(), "{level:?} {power} {i}");
                }
                paired += usize::from(counts);
            }
            assert!(paired > 20);
            assert_eq!([&causal[COLUMNS..], &acausal[COLUMNS..]], [&start[COLUMNS..]; 2]);
        }
    }

    #[test]
    fn the_scale_that_is_left_out_is_one() {
        for power in 0..4 {
            let saturation = Saturation::new(1.0, power);
            assert_eq!(saturation.room(saturation.negligible), 1.0);
            assert!(saturation.room(1.3 * saturation.negligible) < 1.0);
        }
    }
}
