//! Binary point of a lane or scalar: which format holds an interval, and conversion from and to
//! `f64`.

use crate::{real, word};

/// A signed fixed-point format: value = raw * 2^-frac, with raw values of 16 bits for lanes and of
/// 32 bits for scalars.
///
/// `frac` of lanes lies in `-16..=30`; above 15 the leading bits of the fraction are implied zeros,
/// below 0 the format counts in multiples of `2^-frac`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Format {
    frac: i8,
    /// Bits of a raw value.
    bits: u8,
}

/// Largest number of fraction bits a format may have.
pub const FRAC_MAX: i8 = 30;
/// Smallest number of fraction bits a format may have.
pub const FRAC_MIN: i8 = -16;

impl Format {
    /// Integers.
    pub const INT: Format = Format { frac: 0, bits: 16 };
    /// Fractions in `-1..1` (q0.15).
    pub const FRACTION: Format = Format { frac: 15, bits: 16 };
    /// Integers of a rule's scalars.
    pub const WORD_INT: Format = Format { frac: 0, bits: 32 };
    /// Reals of a rule's scalars (q15.16).
    #[allow(clippy::cast_possible_truncation, reason = "16 fits")]
    pub const WORD_REAL: Format = Format { frac: word::FRACTION_BITS as i8, bits: 32 };

    /// The format of lanes with `frac` fraction bits, clamped to the range formats may have.
    #[must_use]
    pub const fn new(frac: i32) -> Format {
        #[allow(clippy::cast_possible_truncation, reason = "clamped to the range of i8 first")]
        let frac = if frac > FRAC_MAX as i32 {
            FRAC_MAX
        } else if frac < FRAC_MIN as i32 {
            FRAC_MIN
        } else {
            frac as i8
        };
        Format { frac, bits: 16 }
    }

    /// Fraction bits.
    #[must_use]
    pub const fn frac(self) -> i32 {
        self.frac as i32
    }

    /// The format of lanes with the most fraction bits that holds the closed interval `low..=high`, that is
    /// whose ends round to representable values. `None` if no format holds it.
    #[must_use]
    pub fn holding(low: f64, high: f64) -> Option<Format> {
        (i32::from(FRAC_MIN)..=i32::from(FRAC_MAX))
            .rev()
            .map(Format::new)
            .find(|format| format.holds(low) && format.holds(high))
    }

    /// Whether `value`, rounded, is representable without saturation.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        let raw = real::round_ties_even(value * self.scale());
        let (least, most) = self.limits();
        (f64::from(least)..=f64::from(most)).contains(&raw)
    }

    /// The smallest and the largest raw value.
    #[must_use]
    pub const fn limits(self) -> (i32, i32) {
        match self.bits {
            32 => (i32::MIN, i32::MAX),
            _ => (i16::MIN as i32, i16::MAX as i32),
        }
    }

    /// `2^frac`: raw units a unit.
    #[must_use]
    pub fn scale(self) -> f64 {
        // Exact by construction: the exponent field of an IEEE 754 double.
        f64::from_bits((1023 + i64::from(self.frac)).cast_unsigned() << 52)
    }

    /// Value of the least significant bit.
    #[must_use]
    pub fn lsb(self) -> f64 {
        1.0 / self.scale()
    }

    /// The nearest raw value (ties to even), saturating; NaN gives 0.
    #[must_use]
    pub fn quantise(self, value: f64) -> i32 {
        let (least, most) = self.limits();
        #[allow(clippy::cast_possible_truncation, reason = "a float cast saturates, as documented")]
        let raw = real::round_ties_even(value * self.scale()) as i32;
        raw.clamp(least, most)
    }

    /// The value of a raw number.
    #[must_use]
    pub fn value(self, raw: i32) -> f64 {
        f64::from(raw) * self.lsb()
    }
}

/// Prints as `q7.8`: integer bits without the sign, then fraction bits; the two add up to 15 for
/// lanes and to 31 for scalars.
impl core::fmt::Display for Format {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "q{}.{}", i32::from(self.bits) - 1 - self.frac(), self.frac())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_fraction_bits_that_hold_the_closed_interval() {
        let frac = |low, high| Format::holding(low, high).map(Format::frac);
        assert_eq!(frac(-1.0, 1.0), Some(14));
        assert_eq!(frac(0.0, 0.9999), Some(15));
        assert_eq!(frac(-1.0, 0.5), Some(15));
        assert_eq!(frac(0.0, 63.0), Some(9));
        assert_eq!(frac(-128.0, 127.0), Some(8));
        assert_eq!(frac(0.0, 255.0), Some(7));
        assert_eq!(frac(-638.0, 446.0), Some(5));
        assert_eq!(frac(0.0, 65535.0), Some(-2));
        assert_eq!(frac(0.0, 1e30), None);
        assert_eq!(frac(0.0, 0.0), Some(i32::from(FRAC_MAX)));
    }

    #[test]
    fn quantises_to_nearest_even_and_saturates() {
        let q = Format::new(1);
        assert_eq!([0.25, 0.75, 1.25, -0.25, -0.75].map(|v| q.quantise(v)), [0, 2, 2, 0, -2]);
        assert_eq!([1e9, -1e9, f64::NAN].map(|v| q.quantise(v)), [32767, -32768, 0]);
        assert_eq!(q.to_string(), "q14.1");
        let real = Format::WORD_REAL;
        assert_eq!([0.5, -1.25, 1e9].map(|v| real.quantise(v)), [0x8000, -0x1_4000, i32::MAX]);
        assert_eq!((real.to_string(), real.value(0x8000)), ("q15.16".into(), 0.5));
        assert_eq!(Format::WORD_INT.quantise(-1e5), -100_000);
    }
}
