//! Binary point of a 16-bit lane: which format holds an interval, and conversion from and to `f64`.

use crate::real;

/// A signed 16-bit fixed-point format: value = raw * 2^-frac.
///
/// `frac` lies in `-16..=30`; above 15 the leading bits of the fraction are implied zeros, below 0
/// the format counts in multiples of `2^-frac`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Format {
    frac: i8,
}

/// Largest number of fraction bits a format may have.
pub const FRAC_MAX: i8 = 30;
/// Smallest number of fraction bits a format may have.
pub const FRAC_MIN: i8 = -16;

impl Format {
    /// Integers.
    pub const INT: Format = Format { frac: 0 };
    /// Fractions in `-1..1` (q0.15).
    pub const FRACTION: Format = Format { frac: 15 };

    /// The format with `frac` fraction bits, clamped to the range formats may have.
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
        Format { frac }
    }

    /// Fraction bits.
    #[must_use]
    pub const fn frac(self) -> i32 {
        self.frac as i32
    }

    /// The format with the most fraction bits that holds the closed interval `low..=high`, that is
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
        (f64::from(i16::MIN)..=f64::from(i16::MAX)).contains(&raw)
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
    pub fn quantise(self, value: f64) -> i16 {
        #[allow(clippy::cast_possible_truncation, reason = "a float cast saturates, as documented")]
        let raw = real::round_ties_even(value * self.scale()) as i16;
        raw
    }

    /// The value of a raw lane.
    #[must_use]
    pub fn value(self, raw: i16) -> f64 {
        f64::from(raw) * self.lsb()
    }
}

/// Prints as `q7.8`: integer bits without the sign, then fraction bits; the two add up to 15.
impl core::fmt::Display for Format {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "q{}.{}", 15 - self.frac(), self.frac())
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
        assert_eq!([1e9, -1e9, f64::NAN].map(|v| q.quantise(v)), [i16::MAX, i16::MIN, 0]);
        assert_eq!(q.to_string(), "q14.1");
    }
}
