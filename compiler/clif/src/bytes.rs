//! One op on 8 lanes of bytes, which are kept sign-extended in lanes of 16 bits as the evaluator
//! keeps them: a chunk has the same columns whatever its lanes, so masks and loops are shared.

use crate::lanes::{self, B, constant};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use pl_ir::Op;

/// A lane op of two operands.
#[allow(clippy::wildcard_enum_match_arm, reason = "verified: the op takes two vectors")]
pub(crate) fn binary(b: B<'_, '_>, op: Op, x: Value, y: Value) -> Value {
    match op {
        Op::Add | Op::Sub | Op::Mul => {
            let wide = lanes::binary(b, op, x, y, false);
            low_byte(b, wide)
        }
        Op::AddSat => {
            let sum = b.ins().iadd(x, y);
            clamp(b, sum)
        }
        Op::SubSat => {
            let difference = b.ins().isub(x, y);
            clamp(b, difference)
        }
        Op::Min | Op::Max => lanes::binary(b, op, x, y, false),
        // Products fit; shifted by 7 they are at most 2^7, which only MIN * MIN reaches.
        Op::MulFrac => {
            let product = b.ins().imul(x, y);
            let scaled = lanes::shift(b, Op::ShrFloor, product, 7);
            clamp(b, scaled)
        }
        Op::MulFracRound => {
            let product = b.ins().imul(x, y);
            let scaled = lanes::shift(b, Op::ShrRound, product, 7);
            clamp(b, scaled)
        }
        _ => unreachable!("verified: `{}` is not a binary lane op", op.name()),
    }
}

/// A shift by 1 to 7 places.
#[allow(clippy::wildcard_enum_match_arm, reason = "verified: the op is a shift")]
pub(crate) fn shift(b: B<'_, '_>, op: Op, x: Value, places: u8) -> Value {
    match op {
        Op::Shl => {
            let wide = lanes::shift(b, op, x, places);
            low_byte(b, wide)
        }
        Op::ShrLogical => {
            let ones = constant(b, 0xff);
            let unsigned = b.ins().band(x, ones);
            lanes::shift(b, op, unsigned, places)
        }
        Op::ShrFloor | Op::ShrRound | Op::ShrRoundAway => lanes::shift(b, op, x, places),
        _ => unreachable!("verified: `{}` is not a shift", op.name()),
    }
}

/// Every lane the low byte of a scalar.
pub(crate) fn splat(b: B<'_, '_>, scalar: Value) -> Value {
    let byte = b.ins().ireduce(types::I8, scalar);
    let lane = b.ins().sextend(types::I16, byte);
    b.ins().splat(lanes::CHUNK, lane)
}

/// The low byte of each lane, sign-extended.
pub(crate) fn low_byte(b: B<'_, '_>, x: Value) -> Value {
    let high = lanes::shift(b, Op::Shl, x, 8);
    lanes::shift(b, Op::ShrFloor, high, 8)
}

/// Lanes saturated to bytes.
pub(crate) fn clamp(b: B<'_, '_>, x: Value) -> Value {
    let (low, high) = (constant(b, i8::MIN.into()), constant(b, i8::MAX.into()));
    let bounded = b.ins().smax(x, low);
    b.ins().smin(bounded, high)
}
