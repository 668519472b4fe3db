//! The hot loops, compiled for several vector widths.
//!
//! Each kernel is written once: as plain loops over slices, without branches, so that the compiler
//! vectorises them, or, where state has to stay in registers, with the vectors of `fearless_simd`.
//! That library compiles them for every width that processors of the architecture may have; the
//! width is chosen when a chip is built. All give the same bits: the loops use no fused
//! multiply-add, and nothing is summed across lanes.

use fearless_simd::dispatch;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::COLUMNS;
use crate::noise::Key;

/// The widest vector instructions the processor has, as far as the kernels use them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level(fearless_simd::Level);

impl Level {
    /// What this processor has.
    pub(crate) fn detect() -> Level {
        Level(fearless_simd::Level::new())
    }

    /// All levels this processor has, narrowest first.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Level> {
        use fearless_simd::Level as Width;
        let detected = Width::new();
        let mut levels = vec![Width::baseline()];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(detected.as_sse4_2().map(Width::Sse4_2));
            levels.extend(detected.as_avx2().map(Width::Avx2));
        }
        levels.push(detected);
        levels.into_iter().map(Level).collect()
    }
}

/// What a processor has is no state: who reads it back has their own.
impl BorshSerialize for Level {
    fn serialize<W: borsh::io::Write>(&self, _writer: &mut W) -> borsh::io::Result<()> {
        Ok(())
    }
}

impl BorshDeserialize for Level {
    fn deserialize_reader<R: borsh::io::Read>(_reader: &mut R) -> borsh::io::Result<Level> {
        Ok(Level::detect())
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

            dispatch!(level.0, _ => body$(::<$P>)?($($argument),*))
        }
    };
}

mod adex;
mod neurons;
mod sensors;

pub(crate) use adex::{advance_adex, deliver_adex, fire_adex};
pub(crate) use neurons::{Delivery, Rises, Steps, advance, answers};
#[cfg(test)]
pub(crate) use sensors::increment;
pub(crate) use sensors::{
    LastPre, Meeting, Moment, NEVER, Pre, Row, Saturation, Sensors, accumulate,
};

/// Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
const ROUND: f32 = 12_582_912.0;

/// Coefficients of a polynomial for `2^f`, highest first: degree-5 interpolation at the Chebyshev
/// nodes of `-1/2..1/2`; the linear one is the single-precision ln 2.
const COEFFICIENTS: [f32; 6] = [
    0.001_339_086_3,
    0.009_676_032,
    0.055_503_57,
    0.240_221_07,
    std::f32::consts::LN_2,
    1.000_000_1,
];

/// `2^-z` for `z` in `0..=64`; relative error below 3e-7.
#[inline(always)]
pub(crate) fn exp2_negative(z: f32) -> f32 {
    let shifted = z + ROUND;
    let f = (shifted - ROUND) - z;
    let mut p = COEFFICIENTS[0];
    for &coefficient in &COEFFICIENTS[1..] {
        p = p * f + coefficient;
    }
    // Subtracts the whole part from the exponent of 1.0.
    p * f32::from_bits(0x3f80_0000_u32.wrapping_sub(shifted.to_bits() << 23))
}

/// Age, in factors of two of decay, beyond which a pair contributes nothing.
pub(crate) const OLDEST_HALVINGS: f32 = 64.0;

/// The membrane at the end of a step, if it was held at reset for the first `hold` steps of it.
#[inline(always)]
fn released(free: f32, reset: f32, hold: f32) -> f32 {
    if hold > 0.0 { reset + (1.0 - hold).max(0.0) * (free - reset) } else { free }
}

/// How converters sample at one time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling<'a> {
    /// Offset of each column's channel, and spread of its noise, LSB.
    pub(crate) offsets: &'a [f32; COLUMNS],
    pub(crate) noise_sigma: f32,
    pub(crate) key: Key,
}

impl Sampling<'_> {
    #[inline(always)]
    fn code(&self, column: usize, lane: u32, voltage: f32) -> u8 {
        quantise(voltage + self.offsets[column] + self.noise_sigma * self.key.noise(lane))
    }
}

kernel! {
    /// Codes of voltages.
    fn convert(voltages: &[f32; COLUMNS], sampling: &Sampling<'_>, codes: &mut [u8; COLUMNS]) {
        for (lane, i) in (0..).zip(0..COLUMNS) {
            codes[i] = sampling.code(i, lane, voltages[i]);
        }
    }
}

kernel! {
    /// Codes of a row of sensors, whose voltages are the baselines, less what has accumulated, plus
    /// the noise of the last reset, which the number of resets selects.
    fn convert_sensors(
        baseline: &[f32],
        accumulated: &[f32],
        resets: &[u16],
        key: Key,
        reset_sigma: f32,
        sampling: &Sampling<'_>,
        codes: &mut [u8; COLUMNS],
    ) {
        let (baseline, accumulated) = (&baseline[..COLUMNS], &accumulated[..COLUMNS]);
        let resets = &resets[..COLUMNS];
        for (lane, i) in (0..).zip(0..COLUMNS) {
            let noise = key.noise(lane | (u32::from(resets[i]) << 8));
            let voltage = baseline[i] - accumulated[i] + reset_sigma * noise;
            codes[i] = sampling.code(i, lane, voltage);
        }
    }
}

kernel! {
    /// Resets a branch of a row of sensors, whose bit in the columns' `bits` is `bit`; counts the
    /// resets, except at columns that have the bit in `already`.
    fn reset_sensors(
        bits: &[u8; COLUMNS],
        already: &[u8; COLUMNS],
        bit: u8,
        values: &mut [f32],
        resets: &mut [u16],
    ) {
        let (values, resets) = (&mut values[..COLUMNS], &mut resets[..COLUMNS]);
        for i in 0..COLUMNS {
            values[i] = if bits[i] & bit == 0 { values[i] } else { 0.0 };
            resets[i] = resets[i].wrapping_add(u16::from(bits[i] & !already[i] & bit != 0));
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
}
