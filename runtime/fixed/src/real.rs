//! Real functions with the same bits on every platform.
//!
//! `f64::exp` and its relatives call the C library of the host, whose last bits differ. Everything
//! that reaches a result or a golden file goes through here instead.

/// `e^x`.
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// Natural logarithm.
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// `x^y`.
#[must_use]
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// Cosine of an angle in radians.
#[must_use]
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// Hyperbolic tangent.
#[must_use]
pub fn tanh(x: f64) -> f64 {
    libm::tanh(x)
}

/// Rounds to the nearest integer, ties to even (`roundeven` of IEEE 754).
#[must_use]
pub fn round_ties_even(x: f64) -> f64 {
    x.round_ties_even()
}
