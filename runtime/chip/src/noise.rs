//! Noise as a pure function of where and when.
//!
//! A key names a purpose, an entity and a time; a lane of the key is a number of 32 bits. There is
//! no generator state, so the order and number of readings cannot change a reading, and any
//! reading may be repeated, skipped or vectorised.

use borsh::{BorshDeserialize, BorshSerialize};
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
    /// Loss and jitter of a link between chips.
    Link = 50,
    /// Gain of a column in perceptron mode.
    PerceptronGain = 20,
    /// Offset of a column in perceptron mode.
    PerceptronOffset = 21,
    /// Strength of a driver in perceptron mode.
    PerceptronStrength = 22,
    /// Noise of one multiplication.
    PerceptronNoise = 23,
    /// A parameter of the exponential and adaptation circuits of a neuron.
    Adex = 30,
    /// A parameter of a driver's short-term plasticity.
    ShortTerm = 40,
}

/// Two words that name a stream; lanes are drawn from it by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
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

    /// 32 uniform bits of lane `lane`: the finaliser of MurmurHash3 (Appleby 2011, public domain)
    /// with the second word of the key in its middle.
    #[inline(always)]
    pub(crate) const fn bits(self, lane: u32) -> u32 {
        let x = self.low.wrapping_add(lane.wrapping_mul(0x9e37_79b9));
        let x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
        let x = (x ^ (x >> 13) ^ self.high).wrapping_mul(0xc2b2_ae35);
        x ^ (x >> 16)
    }

    /// A uniform number in `0..1` of lane `lane`, a multiple of `2^-24`.
    #[inline(always)]
    pub(crate) fn uniform(self, lane: u32) -> f32 {
        (self.bits(lane) >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// A number of mean 0 and variance 1 of lane `lane`, for fixed differences: the normalised sum
    /// of eight uniform bytes.
    ///
    /// Its excess kurtosis is -0.15, and it never exceeds 4.88 in magnitude, so no single circuit
    /// is absurd.
    #[inline(always)]
    pub(crate) fn gauss(self, lane: u32) -> f32 {
        let other = Key { low: self.high, high: !self.low };
        let sum = byte_sum(self.bits(lane)) + byte_sum(other.bits(lane));
        // Mean 8 * 127.5, variance 8 * (256^2 - 1) / 12.
        (sum.cast_signed() - 1020) as f32 * (1.0 / 209.021_53)
    }

    /// A number of mean 0 and variance 1 of lane `lane`, for noise that is drawn often: the
    /// normalised sum of four uniform bytes.
    ///
    /// Its excess kurtosis is -0.3, and it never exceeds 3.45 in magnitude.
    #[inline(always)]
    pub(crate) fn noise(self, lane: u32) -> f32 {
        let sum = byte_sum(self.bits(lane));
        // Mean 4 * 127.5, variance 4 * (256^2 - 1) / 12.
        (sum.cast_signed() - 510) as f32 * (1.0 / 147.800_54)
    }
}

/// Sum of the four bytes of a word.
#[inline(always)]
const fn byte_sum(word: u32) -> u32 {
    let pairs = (word & 0x00ff_00ff) + ((word >> 8) & 0x00ff_00ff);
    (pairs & 0xffff) + (pairs >> 16)
}

/// The place of an entity on the chip, for [`Key::new`].
pub(crate) const fn place(hemisphere: usize, row: usize, branch: usize) -> u64 {
    ((hemisphere as u64) << 32) | ((row as u64) << 8) | branch as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_mean_zero_variance_one_and_no_correlation_of_neighbours() {
        for draw in [Key::gauss, Key::noise] {
            check_moments(draw);
        }
    }

    fn check_moments(draw: fn(Key, u32) -> f32) {
        let (mut sum, mut squares, mut products, mut last) = (0.0, 0.0, 0.0, 0.0);
        let (n, mut last_row) = (256 * 400, [0.0; 256]);
        let mut rows = 0.0;
        for time in 0..400 {
            let key = Key::new(3, Purpose::AdcReading, place(1, 7, 0), time);
            for lane in 0..256 {
                let x = f64::from(draw(key, lane));
                sum += x;
                squares += x * x;
                products += x * last;
                last = x;
                rows += x * std::mem::replace(&mut last_row[lane as usize], x);
            }
        }
        let n = f64::from(n);
        // Three standard errors of each estimate.
        assert!((sum / n).abs() < 3.0 / n.sqrt());
        assert!((squares / n - 1.0).abs() < 3.0 * (2.0 / n).sqrt());
        assert!((products / n).abs() < 3.0 / n.sqrt());
        assert!((rows / n).abs() < 3.0 / n.sqrt());
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
