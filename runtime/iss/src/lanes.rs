//! Operations on all lanes of a vector, and on the accumulator behind them.

use crate::bus::{VECTOR_BYTES, Vector};
use crate::vector::HALF_LANES;
use pl_fixed::lane::Lane;

/// The accumulator as the vector unit stores it.
pub(crate) type Accumulator = [u32; HALF_LANES];

/// A lane and where it lies in vectors and in the accumulator.
pub(crate) trait VectorLane: Lane {
    /// Lanes of a vector.
    const COUNT: usize;
    /// Lane `k` of a vector, halfwords big endian.
    fn get(vector: &Vector, k: usize) -> Self;
    /// Sets lane `k`.
    fn set(vector: &mut Vector, k: usize, value: Self);
    /// Element `k` of the accumulator.
    fn element(accumulator: &Accumulator, k: usize) -> Self::Acc;
    /// Sets element `k`, which was zero.
    fn put(accumulator: &mut Accumulator, k: usize, value: Self::Acc);
    /// The low bits of a general-purpose register.
    fn low_of(register: u32) -> Self;
}

impl VectorLane for i8 {
    const COUNT: usize = VECTOR_BYTES;

    #[inline(always)]
    fn get(vector: &Vector, k: usize) -> i8 {
        vector[k].cast_signed()
    }
    #[inline(always)]
    fn set(vector: &mut Vector, k: usize, value: i8) {
        vector[k] = value.cast_unsigned();
    }
    #[inline(always)]
    fn element(accumulator: &Accumulator, k: usize) -> i16 {
        // The upper half belongs to the even byte lane.
        let [a, b, c, d] = accumulator[k / 2].to_be_bytes();
        if k.is_multiple_of(2) { i16::from_be_bytes([a, b]) } else { i16::from_be_bytes([c, d]) }
    }
    #[inline(always)]
    fn put(accumulator: &mut Accumulator, k: usize, value: i16) {
        let shift = if k.is_multiple_of(2) { 16 } else { 0 };
        accumulator[k / 2] |= u32::from(value.cast_unsigned()) << shift;
    }
    #[inline(always)]
    fn low_of(register: u32) -> i8 {
        let [.., low] = register.to_be_bytes();
        low.cast_signed()
    }
}

impl VectorLane for i16 {
    const COUNT: usize = HALF_LANES;

    #[inline(always)]
    fn get(vector: &Vector, k: usize) -> i16 {
        i16::from_be_bytes([vector[2 * k], vector[2 * k + 1]])
    }
    #[inline(always)]
    fn set(vector: &mut Vector, k: usize, value: i16) {
        let [high, low] = value.to_be_bytes();
        vector[2 * k] = high;
        vector[2 * k + 1] = low;
    }
    #[inline(always)]
    fn element(accumulator: &Accumulator, k: usize) -> i32 {
        accumulator[k].cast_signed()
    }
    #[inline(always)]
    fn put(accumulator: &mut Accumulator, k: usize, value: i32) {
        accumulator[k] = value.cast_unsigned();
    }
    #[inline(always)]
    fn low_of(register: u32) -> i16 {
        let [.., high, low] = register.to_be_bytes();
        i16::from_be_bytes([high, low])
    }
}

/// A vector from a function of the lane number.
#[inline(always)]
pub(crate) fn vector_of<L: VectorLane>(lane: impl Fn(usize) -> L) -> Vector {
    let mut result = [0; VECTOR_BYTES];
    for k in 0..L::COUNT {
        L::set(&mut result, k, lane(k));
    }
    result
}

/// Accumulator elements from a function of the lane number.
#[inline(always)]
pub(crate) fn accumulator_of<L: VectorLane>(element: impl Fn(usize) -> L::Acc) -> Accumulator {
    let mut result = [0; HALF_LANES];
    for k in 0..L::COUNT {
        L::put(&mut result, k, element(k));
    }
    result
}

/// Writes the bytes that a mask of ones and zeros enables; without a mask, all.
#[inline(always)]
pub(crate) fn write_masked(target: &mut Vector, mask: Option<&Vector>, value: &Vector) {
    match mask {
        None => *target = *value,
        Some(mask) => {
            for ((old, new), mask) in target.iter_mut().zip(value).zip(mask) {
                *old = (*old & !mask) | (new & mask);
            }
        }
    }
}

/// The same for the accumulator: a byte lane's mask covers 16 bits of it.
#[inline(always)]
pub(crate) fn write_accumulator(
    target: &mut Accumulator,
    mask: Option<&Vector>,
    value: &Accumulator,
) {
    match mask {
        None => *target = *value,
        Some(mask) => {
            for (k, (old, new)) in target.iter_mut().zip(value).enumerate() {
                let (even, odd) = (mask[2 * k], mask[2 * k + 1]);
                let mask = u32::from_be_bytes([even, even, odd, odd]);
                *old = (*old & !mask) | (new & mask);
            }
        }
    }
}
