//! Noise as a pure function of where and when.
//!
//! A key names a purpose, an entity and a time; a lane of the key is a number of 32 bits. There is
//! no generator state, so the order and number of readings cannot change a reading, and any
//! reading may be repeated, skipped or vectorised.

use pl_fixed::rng::splitmix64;

use crate::convert::low_word;

/// What a stream of noise is for; part of every key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Amplitude of a correlation sensor.
    SensorAmplitude = 1,
    /// Difference of the two branches' amplitudes.
    SensorAsymmetry = 2,
    /// Time constant of a branch.
    SensorTimeConstant = 3,
    /// Whether a sensor works.
    SensorDefect = 4,
    /// Baseline of a branch.
    SensorBaseline = 5,
    /// Offset left by a sensor's reset.
    SensorReset = 6,
    /// One conversion of the ADC.
    AdcReading = 7,
    /// Offset of an ADC channel.
    AdcOffset = 8,
    /// A parameter of a neuron.
    Neuron = 9,
    /// A spike source.
    Source = 10,
    /// One of the chip's random generators.
    Generator = 11,
}

/// Two words that name a stream; lanes are drawn from it by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    low: u32,
    high: u32,
}

impl Key {
    /// The stream of `purpose` at `place` and `time` under `seed`.
    pub(crate) const fn new(seed: u64, purpose: Purpose, place: u64, time: u64) -> Key {
        let word = splitmix64(splitmix64(seed ^ ((purpose as u64) << 56)) ^ place);
        let word = splitmix64(word ^ time);
        Key { low: low_word(word), high: low_word(word >> 32) }
    }

    /// 32 uniform bits of lane `lane`.
    #[inline(always)]
    pub(crate) const fn bits(self, lane: u32) -> u32 {
        mix(mix(self.low.wrapping_add(lane.wrapping_mul(0x9e37_79b9))) ^ self.high)
    }

    /// A uniform number in `0..1` of lane `lane`, a multiple of `2^-24`.
    #[inline(always)]
    pub(crate) fn uniform(self, lane: u32) -> f32 {
        (self.bits(lane) >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// A number of mean 0 and variance 1 of lane `lane`: the normalised sum of eight uniform bytes.
    ///
    /// Its excess kurtosis is -0.15, and it never exceeds 4.88 in magnitude, so no single synapse
    /// is absurd.
    #[inline(always)]
    pub(crate) fn gauss(self, lane: u32) -> f32 {
        let first = self.bits(lane);
        let second = mix(first ^ 0x5bf0_3635);
        // Four sums of two bytes, then two of four, in the 16-bit halves of one word.
        let pairs = (first & 0x00ff_00ff)
            + ((first >> 8) & 0x00ff_00ff)
            + (second & 0x00ff_00ff)
            + ((second >> 8) & 0x00ff_00ff);
        let sum = (pairs & 0xffff) + (pairs >> 16);
        // Mean 8 * 127.5, variance 8 * (256^2 - 1) / 12.
        (sum as f32 - 1020.0) * (1.0 / 209.021_53)
    }
}

/// A bijection of 32-bit words in which every input bit reaches every output bit (the finaliser of
/// MurmurHash3, Appleby 2011, public domain).
#[inline(always)]
const fn mix(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    let x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
    x ^ (x >> 16)
}

/// The place of an entity on the chip, for [`Key::new`].
pub(crate) const fn place(hemisphere: usize, row: usize, branch: usize) -> u64 {
    ((hemisphere as u64) << 32) | ((row as u64) << 8) | branch as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauss_has_mean_zero_variance_one_and_no_correlation_of_neighbours() {
        let (mut sum, mut squares, mut products, mut last) = (0.0, 0.0, 0.0, 0.0);
        let n = 256 * 400;
        for time in 0..400 {
            let key = Key::new(3, Purpose::AdcReading, place(1, 7, 0), time);
            for lane in 0..256 {
                let x = f64::from(key.gauss(lane));
                sum += x;
                squares += x * x;
                products += x * last;
                last = x;
            }
        }
        let n = f64::from(n);
        // Three standard errors of each estimate.
        assert!((sum / n).abs() < 3.0 / n.sqrt());
        assert!((squares / n - 1.0).abs() < 3.0 * (2.0 / n).sqrt());
        assert!((products / n).abs() < 3.0 / n.sqrt());
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let base = Key::new(1, Purpose::AdcReading, place(0, 0, 0), 0);
        for other in [
            Key::new(2, Purpose::AdcReading, place(0, 0, 0), 0),
            Key::new(1, Purpose::SensorReset, place(0, 0, 0), 0),
            Key::new(1, Purpose::AdcReading, place(1, 0, 0), 0),
            Key::new(1, Purpose::AdcReading, place(0, 1, 0), 0),
            Key::new(1, Purpose::AdcReading, place(0, 0, 1), 0),
            Key::new(1, Purpose::AdcReading, place(0, 0, 0), 1),
        ] {
            assert_ne!(base, other);
        }
        assert_ne!(base.bits(0), base.bits(1));
    }

    #[test]
    fn uniform_fills_the_unit_interval() {
        let key = Key::new(9, Purpose::Source, 0, 0);
        let mean = (0..100_000).map(|lane| f64::from(key.uniform(lane))).sum::<f64>() / 1e5;
        assert!((mean - 0.5).abs() < 3.0 * (1.0f64 / 12e5).sqrt());
    }
}
