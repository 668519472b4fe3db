//! State of the vector unit.

use borsh::{BorshDeserialize, BorshSerialize};
use pl_isa::Cond;

use crate::bus::{VECTOR_BYTES, Vector};

/// Halfword lanes of a vector, and elements of the accumulator.
pub const HALF_LANES: usize = VECTOR_BYTES / 2;

/// Bytes of a slice: pack and unpack stay within one.
pub const SLICE_BYTES: usize = 16;

/// Outcome of the last compare for every byte lane: all ones where it holds, else zero.
///
/// A halfword compare sets both byte lanes of a halfword alike. Before the first compare nothing
/// holds.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Conditions {
    /// Greater than zero.
    pub gt: Vector,
    /// Less than zero.
    pub lt: Vector,
    /// Equal to zero.
    pub eq: Vector,
}

impl Conditions {
    const NONE: Self = Self { gt: [0; VECTOR_BYTES], lt: [0; VECTOR_BYTES], eq: [0; VECTOR_BYTES] };

    /// The lanes a condition enables, or nothing if it is `Always`.
    #[must_use]
    #[inline]
    pub const fn mask(&self, cond: Cond) -> Option<&Vector> {
        match cond {
            Cond::Always => None,
            Cond::Gt => Some(&self.gt),
            Cond::Lt => Some(&self.lt),
            Cond::Eq => Some(&self.eq),
        }
    }

    /// The lanes a condition enables; bit `j` is byte lane `j`.
    #[must_use]
    pub fn enabled(&self, cond: Cond) -> u128 {
        let Some(mask) = self.mask(cond) else { return u128::MAX };
        mask.iter().rev().fold(0, |bits, lane| bits << 1 | u128::from(lane & 1))
    }
}

/// Registers of the vector unit. The hardware leaves vector registers undefined at power-up; here
/// they start at zero.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct VectorUnit {
    /// Vector registers.
    pub registers: [Vector; 32],
    /// Accumulator: one word a halfword lane. To byte operations its upper half is the even byte
    /// lane, the lower half the odd one.
    pub accumulator: [u32; HALF_LANES],
    /// Outcome of the last compare.
    pub conditions: Conditions,
}

impl Default for VectorUnit {
    fn default() -> Self {
        Self {
            registers: [[0; VECTOR_BYTES]; 32],
            accumulator: [0; HALF_LANES],
            conditions: Conditions::NONE,
        }
    }
}

/// The condition an operand holds.
#[inline]
pub(crate) const fn cond_of(value: i32) -> Cond {
    Cond::ALL[(value & 3) as usize]
}
