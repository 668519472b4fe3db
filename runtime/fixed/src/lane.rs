//! Arithmetic on one signed lane (`i8` or `i16`) and on its double-width accumulator.
//!
//! Definitions follow the vector unit of the PPU: with `n` bits a lane and `N = 2n` bits an
//! accumulator, `fm(a, b) = 2ab` with `MIN * MIN` saturated, and `hi` takes the upper `n` bits of
//! an accumulator, which truncates towards minus infinity.

/// A signed lane with a double-width accumulator.
pub trait Lane: Copy + Ord + Default + core::fmt::Debug {
    /// The accumulator: twice as wide.
    type Acc: Copy + Eq + Default + core::fmt::Debug;
    /// Bits of a lane.
    const BITS: u32;
    /// Smallest value.
    const MIN: Self;
    /// Largest value.
    const MAX: Self;

    /// `a + b`, wrapping.
    fn add_mod(self, b: Self) -> Self;
    /// `a - b`, wrapping.
    fn sub_mod(self, b: Self) -> Self;
    /// Low half of `a * b`.
    fn mul_mod(self, b: Self) -> Self;
    /// `a + b`, saturating.
    fn add_sat(self, b: Self) -> Self;
    /// `a - b`, saturating.
    fn sub_sat(self, b: Self) -> Self;
    /// Fractional product `hi(fm(a, b))`, rounded towards minus infinity.
    fn mul_frac(self, b: Self) -> Self;
    /// Fractional product rounded to nearest, ties towards plus infinity:
    /// `hi(sat(fm(a, b) + 2^(n-1)))`.
    fn mul_frac_round(self, b: Self) -> Self;
    /// Logical shift left; zero from `n` places on.
    fn shl(self, places: u32) -> Self;
    /// Logical shift right; zero from `n` places on.
    fn shr_logical(self, places: u32) -> Self;
    /// Arithmetic shift right (rounds towards minus infinity); the sign from `n` places on.
    fn shr_floor(self, places: u32) -> Self;
    /// Division by `2^places` rounded to nearest, ties towards plus infinity.
    fn shr_round(self, places: u32) -> Self;
    /// Division by `2^places` rounded to nearest, ties away from zero.
    fn shr_round_away(self, places: u32) -> Self;

    /// Accumulator holding `a`.
    fn acc_from_int(self) -> Self::Acc;
    /// Accumulator holding `a * 2^n`.
    fn acc_from_frac(self) -> Self::Acc;
    /// `2ab`, with `MIN * MIN` saturated.
    fn acc_mul_frac(self, b: Self) -> Self::Acc;
    /// Exact product.
    fn acc_mul_int(self, b: Self) -> Self::Acc;
    /// Exact sum of two lanes.
    fn acc_sum(self, b: Self) -> Self::Acc;
    /// `a * b + acc`, wrapping.
    fn acc_mac_mod(acc: Self::Acc, a: Self, b: Self) -> Self::Acc;
    /// `fm(a, b) + acc`, saturating.
    fn acc_mac_sat(acc: Self::Acc, a: Self, b: Self) -> Self::Acc;
    /// `a + acc`, wrapping.
    fn acc_add_int_mod(acc: Self::Acc, a: Self) -> Self::Acc;
    /// `a * 2^n + acc`, saturating.
    fn acc_add_frac_sat(acc: Self::Acc, a: Self) -> Self::Acc;
    /// Lower `n` bits.
    fn acc_low(acc: Self::Acc) -> Self;
    /// Upper `n` bits.
    fn acc_high(acc: Self::Acc) -> Self;
}

macro_rules! impl_lane {
    ($lane:ty, $acc:ty) => {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "lane arithmetic narrows on purpose, here and nowhere else"
        )]
        impl Lane for $lane {
            type Acc = $acc;
            const BITS: u32 = <$lane>::BITS;
            const MIN: Self = <$lane>::MIN;
            const MAX: Self = <$lane>::MAX;

            #[inline]
            fn add_mod(self, b: Self) -> Self {
                self.wrapping_add(b)
            }
            #[inline]
            fn sub_mod(self, b: Self) -> Self {
                self.wrapping_sub(b)
            }
            #[inline]
            fn mul_mod(self, b: Self) -> Self {
                self.wrapping_mul(b)
            }
            #[inline]
            fn add_sat(self, b: Self) -> Self {
                self.saturating_add(b)
            }
            #[inline]
            fn sub_sat(self, b: Self) -> Self {
                self.saturating_sub(b)
            }
            #[inline]
            fn mul_frac(self, b: Self) -> Self {
                Self::acc_high(self.acc_mul_frac(b))
            }
            #[inline]
            fn mul_frac_round(self, b: Self) -> Self {
                Self::acc_high(self.acc_mul_frac(b).saturating_add(1 << (<$lane>::BITS - 1)))
            }
            #[inline]
            fn shl(self, places: u32) -> Self {
                self.checked_shl(places).unwrap_or(0)
            }
            #[inline]
            fn shr_logical(self, places: u32) -> Self {
                self.cast_unsigned().checked_shr(places).unwrap_or(0).cast_signed()
            }
            #[inline]
            fn shr_floor(self, places: u32) -> Self {
                self >> places.min(<$lane>::BITS - 1)
            }
            #[inline]
            fn shr_round(self, places: u32) -> Self {
                if places == 0 {
                    return self;
                }
                // Adding half can carry out of the lane, so it is done one width up.
                let places = places.min(<$lane>::BITS);
                ((<$acc>::from(self) + (1 << (places - 1))) >> places) as $lane
            }
            #[inline]
            fn shr_round_away(self, places: u32) -> Self {
                if places == 0 {
                    return self;
                }
                let places = places.min(<$lane>::BITS);
                let sign = <$acc>::from(self < 0);
                ((<$acc>::from(self) - sign + (1 << (places - 1))) >> places) as $lane
            }

            #[inline]
            fn acc_from_int(self) -> $acc {
                <$acc>::from(self)
            }
            #[inline]
            fn acc_from_frac(self) -> $acc {
                <$acc>::from(self) << <$lane>::BITS
            }
            #[inline]
            fn acc_mul_frac(self, b: Self) -> $acc {
                // Only MIN * MIN overflows when doubled.
                (<$acc>::from(self) * <$acc>::from(b)).saturating_mul(2)
            }
            #[inline]
            fn acc_mul_int(self, b: Self) -> $acc {
                <$acc>::from(self) * <$acc>::from(b)
            }
            #[inline]
            fn acc_sum(self, b: Self) -> $acc {
                <$acc>::from(self) + <$acc>::from(b)
            }
            #[inline]
            fn acc_mac_mod(acc: $acc, a: Self, b: Self) -> $acc {
                acc.wrapping_add(a.acc_mul_int(b))
            }
            #[inline]
            fn acc_mac_sat(acc: $acc, a: Self, b: Self) -> $acc {
                acc.saturating_add(a.acc_mul_frac(b))
            }
            #[inline]
            fn acc_add_int_mod(acc: $acc, a: Self) -> $acc {
                acc.wrapping_add(<$acc>::from(a))
            }
            #[inline]
            fn acc_add_frac_sat(acc: $acc, a: Self) -> $acc {
                acc.saturating_add(a.acc_from_frac())
            }
            #[inline]
            fn acc_low(acc: $acc) -> Self {
                acc as $lane
            }
            #[inline]
            fn acc_high(acc: $acc) -> Self {
                (acc >> <$lane>::BITS) as $lane
            }
        }
    };
}

impl_lane!(i8, i16);
impl_lane!(i16, i32);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Clamp of a wide integer to `bits` signed bits.
    fn sat(x: i64, bits: u32) -> i64 {
        x.clamp(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    }
    /// Low `bits` bits of a wide integer, sign extended.
    fn wrap(x: i64, bits: u32) -> i64 {
        (x << (64 - bits)) >> (64 - bits)
    }

    /// Every operation against a plain formula over wide integers.
    fn check<L: Lane + Into<i64>>(a: L, b: L)
    where
        L::Acc: Into<i64>,
    {
        let n = L::BITS;
        let (x, y): (i64, i64) = (a.into(), b.into());
        let fm = sat(2 * x * y, 2 * n);
        assert_eq!(a.add_mod(b).into(), wrap(x + y, n));
        assert_eq!(a.sub_mod(b).into(), wrap(x - y, n));
        assert_eq!(a.mul_mod(b).into(), wrap(x * y, n));
        assert_eq!(a.add_sat(b).into(), sat(x + y, n));
        assert_eq!(a.sub_sat(b).into(), sat(x - y, n));
        assert_eq!(a.mul_frac(b).into(), fm.div_euclid(1 << n));
        let rounded = sat(fm + (1 << (n - 1)), 2 * n).div_euclid(1 << n);
        assert_eq!(a.mul_frac_round(b).into(), rounded);
        assert_eq!(a.acc_mul_frac(b).into(), fm);
        assert_eq!(a.acc_mul_int(b).into(), x * y);
        assert_eq!(a.acc_sum(b).into(), x + y);
        let acc = b.acc_from_frac();
        assert_eq!(L::acc_mac_mod(acc, a, b).into(), wrap((y << n) + x * y, 2 * n));
        assert_eq!(L::acc_mac_sat(acc, a, b).into(), sat((y << n) + fm, 2 * n));
        assert_eq!(L::acc_add_int_mod(acc, a).into(), wrap((y << n) + x, 2 * n));
        assert_eq!(L::acc_add_frac_sat(acc, a).into(), sat((y << n) + (x << n), 2 * n));
        assert_eq!(L::acc_low(a.acc_mul_int(b)).into(), wrap(x * y, n));
        assert_eq!(L::acc_high(a.acc_mul_int(b)).into(), (x * y).div_euclid(1 << n));
        assert_eq!(a.acc_from_int().into(), x);
    }

    fn check_shifts<L: Lane + Into<i64>>(a: L) {
        let n = L::BITS;
        let x: i64 = a.into();
        let unsigned = x.rem_euclid(1 << n);
        for k in 0..=n {
            assert_eq!(a.shl(k).into(), wrap(x << k, n), "{x} << {k}");
            assert_eq!(a.shr_logical(k).into(), wrap(unsigned >> k, n));
            assert_eq!(a.shr_floor(k).into(), x.div_euclid(1 << k.min(n - 1)));
            let half = (1i64 << k) / 2;
            assert_eq!(a.shr_round(k).into(), (x + half).div_euclid(1 << k));
            let away = x.signum() * ((x.abs() + half) / (1 << k));
            assert_eq!(a.shr_round_away(k).into(), away, "{x} over 2^{k}");
        }
    }

    #[test]
    fn byte_lanes_match_wide_integers_exhaustively() {
        for a in i8::MIN..=i8::MAX {
            check_shifts(a);
            for b in i8::MIN..=i8::MAX {
                check(a, b);
            }
        }
    }

    #[test]
    fn halfword_shifts_match_wide_integers_exhaustively() {
        (i16::MIN..=i16::MAX).for_each(check_shifts);
    }

    #[test]
    fn halfword_extremes_match_wide_integers() {
        let edges = [i16::MIN, i16::MIN + 1, -256, -1, 0, 1, 255, i16::MAX - 1, i16::MAX];
        for a in edges {
            for b in edges {
                check(a, b);
            }
        }
    }

    proptest! {
        #[test]
        fn halfword_lanes_match_wide_integers(a: i16, b: i16) {
            check(a, b);
        }
    }
}
