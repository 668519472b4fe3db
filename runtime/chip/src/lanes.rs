//! The hot loops: plain loops over slices, compiled for several vector widths.
//!
//! Each kernel is written once, without branches, so that the compiler vectorises it. On x86-64 it
//! is compiled again for AVX2 and AVX-512, selected when a chip is built. All give the same bits:
//! the loops use no fused multiply-add, and nothing is summed across lanes.

use crate::COLUMNS;
use crate::neurons::{BLOCK, Gain, NeuronBlock};
use crate::noise::Key;

/// The widest vector instructions the processor has, as far as the kernels use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level(Width);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// What this processor has.
    pub(crate) fn detect() -> Level {
        Level::available().last().copied().unwrap_or(Level(Width::Portable))
    }

    /// All levels this processor has, narrowest first.
    pub(crate) fn available() -> Vec<Level> {
        let mut levels = vec![Level(Width::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx2") {
                levels.push(Level(Width::Avx2));
                if has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl") {
                    levels.push(Level(Width::Avx512));
                }
            }
        }
        levels
    }
}

/// Defines `fn $name(level, ...)` that runs the body compiled for `level`.
macro_rules! kernel {
    (
        $(#[$attribute:meta])*
        fn $name:ident$(<const $P:ident: $T:ty>)?($($argument:ident: $type:ty),* $(,)?)
        $(-> $result:ty)? $body:block
    ) => {
        $(#[$attribute])*
        #[allow(clippy::too_many_arguments, reason = "one slice for each lane quantity")]
        #[inline]
        pub(crate) fn $name$(<const $P: $T>)?(level: Level, $($argument: $type),*) $(-> $result)? {
            #[allow(clippy::too_many_arguments, reason = "one slice for each lane quantity")]
            #[inline(always)]
            fn body$(<const $P: $T>)?($($argument: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            #[allow(clippy::too_many_arguments, reason = "one slice for each lane quantity")]
            #[target_feature(enable = "avx2")]
            fn avx2$(<const $P: $T>)?($($argument: $type),*) $(-> $result)? {
                body$(::<$P>)?($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[allow(clippy::too_many_arguments, reason = "one slice for each lane quantity")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            fn avx512$(<const $P: $T>)?($($argument: $type),*) $(-> $result)? {
                body$(::<$P>)?($($argument),*)
            }

            #[allow(unsafe_code, reason = "run-time selection of the vector width")]
            match level.0 {
                Width::Portable => body$(::<$P>)?($($argument),*),
                // SAFETY: only `Level::available` makes this level, after finding its features.
                #[cfg(target_arch = "x86_64")]
                Width::Avx2 => unsafe { avx2$(::<$P>)?($($argument),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Width::Avx512 => unsafe { avx512$(::<$P>)?($($argument),*) },
            }
        }
    };
}

mod adex;

pub(crate) use adex::{advance_adex, deliver_adex, fire_adex};

/// `2^-z` for `z` in `0..=64`; relative error below 3e-7.
///
/// Degree-5 interpolation of `2^f` at the Chebyshev nodes of `-1/2..1/2`; its linear coefficient
/// is the single-precision ln 2.
#[inline(always)]
pub(crate) fn exp2_negative(z: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = z + ROUND;
    let f = (shifted - ROUND) - z;
    let p = 0.001_339_086_3;
    let p = p * f + 0.009_676_032;
    let p = p * f + 0.055_503_57;
    let p = p * f + 0.240_221_07;
    let p = p * f + std::f32::consts::LN_2;
    let p = p * f + 1.000_000_1;
    // Subtracts the whole part from the exponent of 1.0.
    p * f32::from_bits(0x3f80_0000_u32.wrapping_sub(shifted.to_bits() << 23))
}

/// Age, in factors of two of decay, beyond which a pair contributes nothing.
pub(crate) const OLDEST_HALVINGS: f32 = 64.0;

/// What a pair of pulses adds to an accumulator that holds `accumulated`.
///
/// `age` is the time between the pulses in ticks, `decay` the reciprocal time constant in factors
/// of two a tick, `eta` the amplitude. Saturation is `1 - (accumulated * inverse_limit)^(2^P)`.
#[inline(always)]
pub(crate) fn increment<const P: u32>(
    age: u32,
    decay: f32,
    eta: f32,
    accumulated: f32,
    inverse_limit: f32,
) -> f32 {
    let z = age.cast_signed() as f32 * decay;
    let shape = exp2_negative(z.min(OLDEST_HALVINGS));
    let mut full = accumulated * inverse_limit;
    let mut k = 0;
    while k < P {
        full *= full;
        k += 1;
    }
    let room = (1.0 - full).max(0.0);
    if z < OLDEST_HALVINGS { eta * shape * room } else { 0.0 }
}

kernel! {
    /// Anticausal branch of one row at a presynaptic pulse of `address` at `now`: every synapse of
    /// that address whose neuron fired after `previous`, the row's last pulse of that address.
    fn accumulate_row<const P: u32>(
        addresses: &[u8],
        address: u8,
        last_post: &[u32],
        previous: u32,
        now: u32,
        decay: &[f32],
        eta: &[f32],
        inverse_limit: f32,
        accumulated: &mut [f32],
    ) {
        let n = accumulated.len();
        let (addresses, last_post) = (&addresses[..n], &last_post[..n]);
        let (decay, eta) = (&decay[..n], &eta[..n]);
        for i in 0..n {
            let a = accumulated[i];
            let added =
                increment::<P>(now.wrapping_sub(last_post[i]), decay[i], eta[i], a, inverse_limit);
            let paired = (addresses[i] == address) & (last_post[i] > previous);
            accumulated[i] = a + if paired { added } else { 0.0 };
        }
    }
}

kernel! {
    /// Causal branch of one column at a postsynaptic pulse at `now`: every synapse whose last
    /// matching pulse came after `previous`, the column's last pulse, and before `now`.
    fn accumulate_column<const P: u32>(
        last_pre: &[u32],
        previous: u32,
        now: u32,
        decay: &[f32],
        eta: &[f32],
        inverse_limit: f32,
        accumulated: &mut [f32],
    ) {
        let n = accumulated.len();
        let (last_pre, decay, eta) = (&last_pre[..n], &decay[..n], &eta[..n]);
        for i in 0..n {
            let a = accumulated[i];
            let added =
                increment::<P>(now.wrapping_sub(last_pre[i]), decay[i], eta[i], a, inverse_limit);
            let paired = (last_pre[i] > previous) & (last_pre[i] != now);
            accumulated[i] = a + if paired { added } else { 0.0 };
        }
    }
}

kernel! {
    /// Last matching pulse of every row of a column, if each row has had pulses of one address
    /// only: that pulse's time where the synapse has that address, else 0.
    fn match_single(addresses: &[u8], row_address: &[u8], row_time: &[u32], last_pre: &mut [u32]) {
        let n = last_pre.len();
        let (addresses, row_address) = (&addresses[..n], &row_address[..n]);
        let row_time = &row_time[..n];
        for i in 0..n {
            last_pre[i] = if addresses[i] == row_address[i] { row_time[i] } else { 0 };
        }
    }
}

/// The membrane at the end of a step, if it was held at reset for the first `hold` steps of it.
#[inline(always)]
fn released(free: f32, reset: f32, hold: f32) -> f32 {
    if hold > 0.0 { reset + (1.0 - hold).max(0.0) * (free - reset) } else { free }
}

kernel! {
    /// Delivers an event, as a pulse of this strength, to the synapses of a row: notes what each adds to the neuron's potential
    /// and current at the end of the step.
    fn deliver<const INHIBITORY: bool>(
        addresses: &[[u8; BLOCK]],
        address: u8,
        weights: &[[u8; BLOCK]],
        strength: f32,
        gains: &[Gain],
        neurons: &mut [NeuronBlock],
    ) {
        for (((block, gain), addresses), weights) in
            neurons.iter_mut().zip(gains).zip(addresses).zip(weights)
        {
            let input = if INHIBITORY { &mut block.inh } else { &mut block.exc };
            for i in 0..BLOCK {
                let weight = if addresses[i] == address { weights[i] } else { 0 };
                let weight = f32::from(weight) * strength;
                input.added_potential[i] += weight * gain.potential[i];
                input.added_current[i] += weight * gain.current[i];
            }
        }
    }
}

kernel! {
    /// One step of the neurons; bit `i` of the result says whether any neuron of block `i` rose
    /// through threshold. Of `EVENTS`, [`DELIVERED`] says that events were delivered in the step,
    /// [`INHIBITED`] that some inhibitory current may not be zero.
    fn step<const EVENTS: u32>(neurons: &mut [NeuronBlock]) -> u32 {
        let mut fired = 0;
        for (number, block) in neurons.iter_mut().enumerate() {
            let (exc, inh) = (&mut block.exc, &mut block.inh);
            let mut any = 0;
            for i in 0..BLOCK {
                let start = block.potential[i];
                let mut driven = exc.current[i] * exc.transfer[i];
                exc.current[i] *= exc.decay[i];
                if EVENTS & INHIBITED != 0 {
                    driven -= inh.current[i] * inh.transfer[i];
                    inh.current[i] *= inh.decay[i];
                }
                let mut free = start * block.leak[i] + driven;
                if EVENTS & DELIVERED != 0 {
                    free += exc.added_potential[i];
                    exc.current[i] += exc.added_current[i];
                    exc.added_potential[i] = 0.0;
                    exc.added_current[i] = 0.0;
                    if EVENTS & INHIBITED != 0 {
                        free -= inh.added_potential[i];
                        inh.current[i] += inh.added_current[i];
                        inh.added_potential[i] = 0.0;
                        inh.added_current[i] = 0.0;
                    }
                }
                let hold = block.hold[i];
                let end = released(free, block.reset[i], hold);
                block.hold[i] = (hold - 1.0).max(0.0);
                block.before[i] = start;
                block.potential[i] = end;
                any |= u32::from((start < block.threshold[i]) & (end >= block.threshold[i]));
            }
            fired |= any << number;
        }
        fired
    }
}

/// See [`step`].
pub(crate) const DELIVERED: u32 = 1;
/// See [`step`].
pub(crate) const INHIBITED: u32 = 2;

kernel! {
    /// Voltages of a row of sensors: baseline, less what has accumulated, plus the noise of the
    /// last reset, which the number of resets selects.
    fn voltages(
        baseline: &[f32],
        accumulated: &[f32],
        resets: &[u16],
        key: Key,
        reset_sigma: f32,
        voltages: &mut [f32; COLUMNS],
    ) {
        let (baseline, accumulated) = (&baseline[..COLUMNS], &accumulated[..COLUMNS]);
        let resets = &resets[..COLUMNS];
        for (lane, i) in (0..).zip(0..COLUMNS) {
            let noise = key.noise(lane | (u32::from(resets[i]) << 8));
            voltages[i] = baseline[i] - accumulated[i] + reset_sigma * noise;
        }
    }
}

kernel! {
    /// Codes of the converters.
    fn convert(
        voltages: &[f32; COLUMNS],
        offsets: &[f32; COLUMNS],
        key: Key,
        noise_sigma: f32,
        codes: &mut [u8; COLUMNS],
    ) {
        for (lane, i) in (0..).zip(0..COLUMNS) {
            codes[i] = quantise(voltages[i] + offsets[i] + noise_sigma * key.noise(lane));
        }
    }
}

/// The code of a voltage in LSB: the nearest, ties to even, limited to 0..=255.
#[inline(always)]
fn quantise(voltage: f32) -> u8 {
    // Adding 2^23 rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 8_388_608.0;
    let [code, ..] = (voltage.clamp(0.0, 255.0) + ROUND).to_bits().to_le_bytes();
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_and_saturate() {
        assert_eq!(
            [-3.0, 0.5, 0.51, 199.4, 199.5, 254.9, 300.0].map(quantise),
            [0, 0, 1, 199, 200, 255, 255]
        );
    }

    #[test]
    fn exponential_is_within_its_stated_error() {
        let mut worst = 0.0f64;
        for i in 0..=640_000 {
            let z = i as f32 / 10_000.0;
            let exact = pl_fixed::real::exp(-f64::from(z) * std::f64::consts::LN_2);
            worst = worst.max((f64::from(exp2_negative(z)) / exact - 1.0).abs());
        }
        assert!(worst < 3e-7, "{worst}");
        assert!((exp2_negative(0.0) - 1.0).abs() < 2e-7);
    }

    #[test]
    fn old_pairs_add_nothing() {
        assert_eq!(increment::<2>(6400, 0.01, 0.5, 0.0, 1.0), 0.0);
        assert!(increment::<2>(6399, 0.01, 0.5, 0.0, 1.0) > 0.0);
    }

    #[test]
    fn all_levels_give_the_same_bits() {
        let n = 256;
        let addresses: Vec<u8> = (0..n).map(|i| (i % 3) as u8).collect();
        let post: Vec<u32> = (0..n).map(|i| 1000 + (i * 37 % 500) as u32).collect();
        let decay: Vec<f32> = (0..n).map(|i| 0.0005 + 0.00001 * i as f32).collect();
        let eta: Vec<f32> = (0..n).map(|i| 0.1 + 0.01 * i as f32).collect();
        let start: Vec<f32> = (0..n).map(|i| i as f32 * 0.5).collect();
        let run = |level| {
            let mut acc = start.clone();
            accumulate_row::<2>(
                level, &addresses, 1, &post, 1200, 1600, &decay, &eta, 0.01, &mut acc,
            );
            accumulate_column::<2>(level, &post, 1100, 1600, &decay, &eta, 0.01, &mut acc);
            acc.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        let levels = Level::available();
        assert!(levels.iter().all(|&level| run(level) == run(levels[0])));
    }
}
