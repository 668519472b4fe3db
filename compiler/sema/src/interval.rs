//! Closed intervals of the values an expression may take.

use crate::host::Operator;

/// A closed interval `low..=high` of reals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Smallest value.
    pub low: f64,
    /// Largest value.
    pub high: f64,
}

impl Interval {
    /// The interval between two ends, in either order.
    #[must_use]
    pub fn new(a: f64, b: f64) -> Interval {
        Interval { low: a.min(b), high: a.max(b) }
    }

    /// One value.
    #[must_use]
    pub const fn point(value: f64) -> Interval {
        Interval { low: value, high: value }
    }

    /// Whether it is one value.
    #[must_use]
    pub fn is_point(self) -> bool {
        self.low == self.high
    }

    /// Whether every value of `other` is in it.
    #[must_use]
    pub fn contains(self, other: Interval) -> bool {
        self.low <= other.low && other.high <= self.high
    }

    /// Whether the two share no value.
    #[must_use]
    pub fn is_disjoint(self, other: Interval) -> bool {
        self.high < other.low || other.high < self.low
    }

    /// Smallest interval with all values of both.
    #[must_use]
    pub fn hull(self, other: Interval) -> Interval {
        Interval { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Sums.
    #[must_use]
    pub fn sum(self, other: Interval) -> Interval {
        Interval { low: self.low + other.low, high: self.high + other.high }
    }

    /// Negated values.
    #[must_use]
    pub fn negated(self) -> Interval {
        Interval { low: -self.high, high: -self.low }
    }

    /// Products.
    #[must_use]
    pub fn product(self, other: Interval) -> Interval {
        self.corners(other, |a, b| a * b)
    }

    /// Values of `x` to the power of `y`: at the ends, and where a base of both signs passes 0.
    #[must_use]
    pub fn power(self, exponent: Interval) -> Interval {
        let of = |base: Interval| base.corners(exponent, |x, y| Operator::Pow.apply(x, y));
        let passes_zero = self.low < 0.0 && self.high > 0.0;
        if passes_zero { of(self).hull(of(Interval::point(0.0))) } else { of(self) }
    }

    /// Quotients; `None` if the divisor may be 0.
    #[must_use]
    pub fn quotient(self, other: Interval) -> Option<Interval> {
        (other.low > 0.0 || other.high < 0.0).then(|| self.corners(other, |a, b| a / b))
    }

    /// Smaller of a value of each.
    #[must_use]
    pub fn minimum(self, other: Interval) -> Interval {
        Interval { low: self.low.min(other.low), high: self.high.min(other.high) }
    }

    /// Larger of a value of each.
    #[must_use]
    pub fn maximum(self, other: Interval) -> Interval {
        Interval { low: self.low.max(other.low), high: self.high.max(other.high) }
    }

    /// Magnitudes.
    #[must_use]
    pub fn magnitude(self) -> Interval {
        let high = self.low.abs().max(self.high.abs());
        let inside = self.low <= 0.0 && self.high >= 0.0;
        Interval { low: if inside { 0.0 } else { self.low.abs().min(self.high.abs()) }, high }
    }

    /// The part of it within limits; one of their ends if there is none.
    #[must_use]
    pub fn limited(self, limits: Interval) -> Interval {
        let limit = |x: f64| x.max(limits.low).min(limits.high);
        Interval { low: limit(self.low), high: limit(self.high) }
    }

    /// A monotonic function of every value.
    #[must_use]
    pub fn monotonic(self, f: impl Fn(f64) -> f64) -> Interval {
        Interval::new(f(self.low), f(self.high))
    }

    /// What is said of an expression with these values.
    #[must_use]
    pub fn said(self) -> String {
        if self.is_point() {
            format!("its value is {}", self.low)
        } else {
            format!("its values are {self}")
        }
    }

    fn corners(self, other: Interval, f: impl Fn(f64, f64) -> f64) -> Interval {
        let corners = [
            f(self.low, other.low),
            f(self.low, other.high),
            f(self.high, other.low),
            f(self.high, other.high),
        ];
        let low = corners.into_iter().fold(f64::INFINITY, f64::min);
        let high = corners.into_iter().fold(f64::NEG_INFINITY, f64::max);
        Interval { low, high }
    }
}

impl core::fmt::Display for Interval {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}..{}", self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_bounds_every_pair() {
        let (a, b) = (Interval::new(-2.0, 3.0), Interval::new(-5.0, 7.0));
        assert_eq!(a.sum(b), Interval::new(-7.0, 10.0));
        assert_eq!(a.product(b), Interval::new(-15.0, 21.0));
        assert_eq!(a.quotient(b), None);
        assert_eq!(a.quotient(Interval::new(1.0, 2.0)), Some(Interval::new(-2.0, 3.0)));
        assert_eq!(a.magnitude(), Interval::new(0.0, 3.0));
        assert_eq!(Interval::new(-4.0, -1.0).magnitude(), Interval::new(1.0, 4.0));
        assert_eq!(a.power(Interval::point(2.0)), Interval::new(0.0, 9.0));
        assert_eq!(a.minimum(b), Interval::new(-5.0, 3.0));
        assert_eq!(a.maximum(b), Interval::new(-2.0, 7.0));
    }
}
