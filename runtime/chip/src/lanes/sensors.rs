//! The loops of correlation sensors: what a pulse adds to the sensors of a row or a column.

use borsh::{BorshDeserialize, BorshSerialize};
use fearless_simd::{Simd, dispatch, f32x16, i32x16, mask32x16, prelude::*, u8x16, u32x16};

use super::{COEFFICIENTS, Level, OLDEST_HALVINGS, ROUND, exp2_negative};

/// Sensors of neighbouring synapses seen together.
const BLOCK: usize = 16;

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

    /// The scale at an accumulator that holds `accumulated`.
    fn room(self, accumulated: f32) -> f32 {
        let mut full = accumulated * self.inverse_limit;
        for _ in 0..self.power_log2 {
            full *= full;
        }
        (1.0 - full).max(0.0)
    }
}

/// What a pair of pulses adds to an accumulator that holds `accumulated`.
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
    let shape = exp2_negative(z.min(OLDEST_HALVINGS));
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

/// Parameters and accumulators of one branch of neighbouring synapses, whole blocks of them.
#[derive(Debug)]
pub(crate) struct Sensors<'a> {
    pub(crate) decay: &'a [f32],
    pub(crate) eta: &'a [f32],
    pub(crate) value: &'a mut [f32],
    pub(crate) saturation: Saturation,
}

impl Sensors<'_> {
    /// Adds what the pairs of block `number` give whose other pulse came at `times`; nothing is
    /// computed for a block without pairs.
    #[inline(always)]
    fn add<S: Simd>(
        &mut self,
        simd: S,
        number: usize,
        times: u32x16<S>,
        now: u32,
        paired: mask32x16<S>,
    ) {
        if !paired.any_true() {
            return;
        }
        let lanes = number * BLOCK..(number + 1) * BLOCK;
        let load = |from: &[f32]| f32x16::from_slice(simd, &from[lanes.clone()]);
        let splat = |x| f32x16::splat(simd, x);
        let age: i32x16<S> = (u32x16::splat(simd, now) - times).bitcast();
        let age: f32x16<S> = age.to_float();
        let z = age * load(self.decay);
        let counts = paired & z.simd_lt(splat(OLDEST_HALVINGS));
        let shape = exp2_negatives(simd, z.min(splat(OLDEST_HALVINGS)));
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

/// A pulse on a row or a column, and the last ones on the columns or rows it meets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meeting<'a> {
    /// Addresses of the synapses, and of the presynaptic pulses they see.
    pub(crate) own: &'a [u8],
    pub(crate) seen: &'a [u8],
    /// Times of the other side's last pulses.
    pub(crate) times: &'a [u32],
    /// Time of the pulse, and of the one before it on its row or column.
    pub(crate) now: u32,
    pub(crate) previous: u32,
}

/// Adds what a pulse gives to the sensors of its row or column: those whose address is the one seen
/// and whose other side had its last pulse between the one before and this one.
#[inline]
pub(crate) fn accumulate(level: Level, meeting: &Meeting<'_>, sensors: Sensors<'_>) {
    #[inline(always)]
    fn body<S: Simd>(simd: S, meeting: &Meeting<'_>, mut sensors: Sensors<'_>) {
        let previous = u32x16::splat(simd, meeting.previous);
        let now = u32x16::splat(simd, meeting.now);
        let addresses = meeting.own.as_chunks::<BLOCK>().0.iter().zip(meeting.seen.as_chunks().0);
        let blocks = addresses.zip(meeting.times.as_chunks::<BLOCK>().0);
        for (number, ((own, seen), times)) in blocks.enumerate() {
            let seen: &[u8; BLOCK] = seen;
            let times = u32x16::from_slice(simd, times);
            let answers = u8x16::from_slice(simd, own).simd_eq(u8x16::from_slice(simd, seen));
            let answers = mask32x16::from_bitmask(simd, answers.to_bitmask());
            let open = times.simd_gt(previous) & times.simd_lt(now);
            sensors.add(simd, number, times, meeting.now, answers & open);
        }
    }
    dispatch!(level.0, simd => body(simd, meeting, sensors));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_pairs_add_nothing() {
        let saturation = Saturation::new(1.0, 2);
        assert_eq!(increment(6400, 0.01, 0.5, 0.0, saturation), 0.0);
        assert!(increment(6399, 0.01, 0.5, 0.0, saturation) > 0.0);
    }

    #[test]
    fn all_levels_add_what_the_formula_says() {
        let n = 256;
        let own: Vec<u8> = (0..=255).map(|i: u8| i % 3).collect();
        let times: Vec<u32> = (0..256).map(|i| 1000 + i * 37 % 700).collect();
        let decay: Vec<f32> = (0..n).map(|i| 0.0005 + 0.001 * i as f32).collect();
        let eta: Vec<f32> = (0..n).map(|i| 0.1 + 0.01 * i as f32).collect();
        for (power, level) in
            (0..4).flat_map(|p| Level::available().into_iter().map(move |l| (p, l)))
        {
            // From values far below saturation to some beyond it.
            let saturation = Saturation::new(0.01, power);
            let start: Vec<f32> = (0..n).map(|i| (i * i) as f32 * 0.002).collect();
            let mut value = start.clone();
            let meeting =
                Meeting { own: &own, seen: &[1; 256], times: &times, now: 1600, previous: 1200 };
            let sensors = Sensors { decay: &decay, eta: &eta, value: &mut value, saturation };
            accumulate(level, &meeting, sensors);
            let mut paired = 0;
            for i in 0..n {
                let counts = own[i] == 1 && times[i] > 1200 && times[i] < 1600;
                let age = 1600_u32.wrapping_sub(times[i]);
                let added = increment(age, decay[i], eta[i], start[i], saturation);
                let expected = if counts { start[i] + added } else { start[i] };
                assert_eq!(value[i].to_bits(), expected.to_bits(), "{level:?} {power} {i}");
                paired += usize::from(counts);
            }
            assert!(paired > 20);
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
