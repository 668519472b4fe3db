//! Conversions that lose bits on purpose, in one place.

/// An `f64` as the nearest `f32`.
#[allow(clippy::cast_possible_truncation, reason = "single precision is what the lanes hold")]
pub(crate) fn single(x: f64) -> f32 {
    x as f32
}

/// The nearest whole number, ties to even; negative and non-finite values give 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
pub(crate) fn whole_u64(x: f64) -> u64 {
    if x.is_finite() { x.round_ties_even() as u64 } else { 0 }
}

/// The nearest whole number below `2^32`, ties to even; other values give the nearer end.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
pub(crate) fn whole_u32(x: f64) -> u32 {
    x.round_ties_even() as u32
}

/// The low 32 bits.
#[allow(clippy::cast_possible_truncation, reason = "the mask keeps what fits")]
pub(crate) const fn low_word(x: u64) -> u32 {
    (x & 0xffff_ffff) as u32
}

/// The low 8 bits.
#[allow(clippy::cast_possible_truncation, reason = "the mask keeps what fits")]
pub(crate) const fn low_byte(x: usize) -> u8 {
    (x & 0xff) as u8
}
