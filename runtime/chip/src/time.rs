//! The chip's clock: one integer count of 4 ns ticks.
//!
//! A tick is a cycle of the PPU clock, 250 MHz (libnux `vx/time.h`). The analog circuits run 1000
//! times faster than biology, so a tick stands for 4 us of biological time.

use crate::convert::whole_u64;

pub use pl_fixed::chip::TICKS_PER_US;

/// Ticks in a millisecond of hardware time, one second of biological time.
pub const TICKS_PER_MS: u64 = 1000 * TICKS_PER_US;
/// Ticks in a second of hardware time.
pub const TICKS_PER_S: u64 = 1000 * TICKS_PER_MS;
/// How much faster than biology the circuits run.
pub const SPEED_UP: u64 = 1000;

/// Ticks in `us` microseconds of hardware time, rounded to the nearest, ties to even.
/// Negative and non-finite times give 0.
#[must_use]
pub fn ticks_from_us(us: f64) -> u64 {
    whole_u64(us * TICKS_PER_US as f64)
}

/// Microseconds of hardware time in `ticks`.
#[must_use]
pub fn us_from_ticks(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_US as f64
}

/// Seconds of biological time in `ticks`.
#[must_use]
pub fn biological_s_from_ticks(ticks: u64) -> f64 {
    ticks as f64 / 250_000.0
}
