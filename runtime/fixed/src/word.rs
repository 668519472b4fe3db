//! Arithmetic of a rule's scalars, of 32 bits: integers, and reals with 16 fraction bits (q15.16).
//!
//! Sums and differences are those of `i32`, saturating. Nothing here wraps or panics.

/// Fraction bits of a real.
pub const FRACTION_BITS: u32 = 16;

/// The 32-bit number nearest to `x`.
#[inline]
const fn saturated(x: i64) -> i32 {
    #[allow(clippy::cast_possible_truncation, reason = "limited to the range of i32 first")]
    if x > i32::MAX as i64 {
        i32::MAX
    } else if x < i32::MIN as i64 {
        i32::MIN
    } else {
        x as i32
    }
}

/// Product of two reals, `a b / 2^16`, to nearest, ties towards plus infinity; saturating.
#[inline]
#[must_use]
pub const fn mul_real(a: i32, b: i32) -> i32 {
    saturated((a as i64 * b as i64 + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS)
}

/// Quotient as a real, `2^16 a / b`, to nearest, ties away from zero; saturating. Division by 0
/// gives the largest magnitude with the sign of `a`, and 0 for `0 / 0`. Operands are two integers
/// or two reals: the quotient is the same.
#[inline]
#[must_use]
pub const fn div_real(a: i32, b: i32) -> i32 {
    if b == 0 {
        return match a {
            0 => 0,
            1.. => i32::MAX,
            _ => i32::MIN,
        };
    }
    let (numerator, divisor) =
        ((a.unsigned_abs() as i64) << FRACTION_BITS, b.unsigned_abs() as i64);
    let magnitude = (2 * numerator + divisor) / (2 * divisor);
    saturated(if (a < 0) == (b < 0) { magnitude } else { -magnitude })
}

/// Upper half of the 64-bit product of two unsigned numbers: a draw times a span is a number from 0
/// to below the span.
#[inline]
#[must_use]
pub const fn mul_high_unsigned(a: i32, b: i32) -> i32 {
    let product = a.cast_unsigned() as u64 * b.cast_unsigned() as u64;
    #[allow(clippy::cast_possible_truncation, reason = "the upper half of 64 bits has 32")]
    let high = (product >> 32) as u32;
    high.cast_signed()
}

/// Shift left; 32 or more places give 0.
#[inline]
#[must_use]
pub const fn shl(a: i32, places: u32) -> i32 {
    match a.checked_shl(places) {
        Some(shifted) => shifted,
        None => 0,
    }
}

/// Logical shift right; 32 or more places give 0.
#[inline]
#[must_use]
pub const fn shr_logical(a: i32, places: u32) -> i32 {
    match a.cast_unsigned().checked_shr(places) {
        Some(shifted) => shifted.cast_signed(),
        None => 0,
    }
}

/// Division by `2^places` (below 32), rounded towards minus infinity.
#[inline]
#[must_use]
pub const fn shr_floor(a: i32, places: u32) -> i32 {
    saturated((a as i64) >> places)
}

/// Division by `2^places` (below 32), to nearest, ties towards plus infinity.
#[inline]
#[must_use]
pub const fn shr_round(a: i32, places: u32) -> i32 {
    saturated((a as i64 + ((1 << places) >> 1)) >> places)
}

/// Division by `2^places` (below 32), to nearest, ties away from zero.
#[inline]
#[must_use]
pub const fn shr_round_away(a: i32, places: u32) -> i32 {
    let tie = if a < 0 && places > 0 { 1 } else { 0 };
    saturated((a as i64 - tie + ((1 << places) >> 1)) >> places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The 32-bit number nearest to a fraction, which rounds half away from zero or up.
    fn nearest(numerator: i128, denominator: i128, away: bool) -> i64 {
        let (n, d) =
            if denominator < 0 { (-numerator, -denominator) } else { (numerator, denominator) };
        let magnitude = |n: i128| (2 * n + d).div_euclid(2 * d);
        let rounded = if away && n < 0 { -magnitude(-n) } else { magnitude(n) };
        let limited = rounded.clamp(i128::from(i32::MIN), i128::from(i32::MAX));
        i64::try_from(limited).unwrap()
    }

    fn check(a: i32, b: i32) {
        let (x, y) = (i128::from(a), i128::from(b));
        assert_eq!(i64::from(mul_real(a, b)), nearest(x * y, 1 << 16, false), "{a} * {b}");
        if b != 0 {
            assert_eq!(i64::from(div_real(a, b)), nearest(x << 16, y, true), "{a} / {b}");
        }
        let product = i128::from(a.cast_unsigned()) * i128::from(b.cast_unsigned());
        assert_eq!(i128::from(mul_high_unsigned(a, b).cast_unsigned()), product >> 32);
    }

    fn check_shifts(a: i32) {
        let x = i128::from(a);
        for places in 0..32 {
            let power = 1i128 << places;
            assert_eq!(i128::from(shl(a, places)), i128::from(a.wrapping_shl(places)));
            let logical = i128::from(a.cast_unsigned()) >> places;
            assert_eq!(i128::from(shr_logical(a, places).cast_unsigned()), logical);
            assert_eq!(i128::from(shr_floor(a, places)), x.div_euclid(power));
            assert_eq!(i64::from(shr_round(a, places)), nearest(x, power, false));
            assert_eq!(
                i64::from(shr_round_away(a, places)),
                nearest(x, power, true),
                "{a} >> {places}"
            );
        }
        assert_eq!((shl(a, 32), shr_logical(a, 32)), (0, 0));
    }

    const EDGES: [i32; 17] = [
        i32::MIN,
        i32::MIN + 1,
        -0x1_0001,
        -0x1_0000,
        -0x8001,
        -0x8000,
        -3,
        -1,
        0,
        1,
        2,
        0x7fff,
        0x8000,
        0xffff,
        0x1_0000,
        i32::MAX - 1,
        i32::MAX,
    ];

    #[test]
    fn extremes_match_wide_integers() {
        for a in EDGES {
            check_shifts(a);
            for b in EDGES {
                check(a, b);
            }
        }
    }

    #[test]
    fn all_products_and_quotients_of_a_byte_match_wide_integers() {
        // Every low byte at every magnitude: all carries of the rounding bit.
        for a in -128..128 {
            for b in -128..128 {
                for places in [0, 8, 16, 24] {
                    check(a, shl(b, places));
                    check(shl(a, places), b);
                    check(shl(a, places), shl(b, 8));
                }
            }
        }
    }

    #[test]
    fn division_by_zero_has_the_sign_of_the_dividend() {
        assert_eq!([5, -5, 0, i32::MIN].map(|a| div_real(a, 0)), [i32::MAX, i32::MIN, 0, i32::MIN]);
        assert_eq!(div_real(i32::MIN, -1), i32::MAX);
        assert_eq!(div_real(1, 3), 21845);
        assert_eq!(div_real(-1, 2), -0x8000);
    }

    proptest! {
        #[test]
        fn words_match_wide_integers(a: i32, b: i32, places in 0..32u32) {
            check(a, b);
            check(shr_floor(a, places), b);
            check(a, shr_floor(b, places));
            check_shifts(a);
        }
    }
}
