//! One op on a chunk: 8 lanes of 16 bits.
//!
//! Masks are vectors of the same shape, all ones where they hold. Formulas are those of
//! [`pl_fixed::lane::Lane`] rewritten for the instructions there are; a test compares all ops.

use crate::bytes;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use cranelift_frontend::FunctionBuilder;
use pl_fixed::rng;
use pl_ir::Op;
use pl_ir::op::Cond;

/// Type of a chunk.
pub(crate) const CHUNK: Type = types::I16X8;
/// Lanes of a chunk.
pub(crate) const CHUNK_LANES: i64 = 8;

/// Where instructions go.
pub(crate) type B<'a, 'b> = &'a mut FunctionBuilder<'b>;

/// Cranelift's name of a signed comparison.
pub(crate) const fn condition(cond: Cond) -> IntCC {
    match cond {
        Cond::Eq => IntCC::Equal,
        Cond::Ne => IntCC::NotEqual,
        Cond::Lt => IntCC::SignedLessThan,
        Cond::Le => IntCC::SignedLessThanOrEqual,
        Cond::Gt => IntCC::SignedGreaterThan,
        Cond::Ge => IntCC::SignedGreaterThanOrEqual,
    }
}

/// A vector with `value` in every lane.
pub(crate) fn constant(b: B<'_, '_>, value: i16) -> Value {
    let scalar = b.ins().iconst(types::I16, i64::from(value.cast_unsigned()));
    b.ins().splat(CHUNK, scalar)
}

/// A lane op of two operands.
#[allow(clippy::wildcard_enum_match_arm, reason = "verified: the op takes two vectors")]
pub(crate) fn binary(b: B<'_, '_>, op: Op, x: Value, y: Value) -> Value {
    match op {
        Op::Add => b.ins().iadd(x, y),
        Op::Sub => b.ins().isub(x, y),
        Op::Mul => b.ins().imul(x, y),
        Op::AddSat => b.ins().sadd_sat(x, y),
        Op::SubSat => b.ins().ssub_sat(x, y),
        Op::Min => b.ins().smin(x, y),
        Op::Max => b.ins().smax(x, y),
        Op::MulFrac => mul_frac(b, x, y),
        // (xy + 2^14) >> 15, saturating: the same as doubling, adding 2^15 and taking the upper half.
        Op::MulFracRound => b.ins().sqmul_round_sat(x, y),
        _ => unreachable!("verified: `{}` is not a binary lane op", op.name()),
    }
}

/// Exact products, shifted by 15; only MIN * MIN does not fit and saturates when narrowed.
fn mul_frac(b: B<'_, '_>, x: Value, y: Value) -> Value {
    let (low_x, low_y) = (b.ins().swiden_low(x), b.ins().swiden_low(y));
    let (high_x, high_y) = (b.ins().swiden_high(x), b.ins().swiden_high(y));
    let places = b.ins().iconst(types::I32, 15);
    let low = b.ins().imul(low_x, low_y);
    let high = b.ins().imul(high_x, high_y);
    let (low, high) = (b.ins().sshr(low, places), b.ins().sshr(high, places));
    b.ins().snarrow(low, high)
}

/// A shift by 1 to 15 places.
#[allow(clippy::wildcard_enum_match_arm, reason = "verified: the op is a shift")]
pub(crate) fn shift(b: B<'_, '_>, op: Op, x: Value, places: u8) -> Value {
    let amount = b.ins().iconst(types::I32, i64::from(places));
    match op {
        Op::Shl => b.ins().ishl(x, amount),
        Op::ShrLogical => b.ins().ushr(x, amount),
        Op::ShrFloor => b.ins().sshr(x, amount),
        Op::ShrRound => round(b, x, places),
        // One less than a negative rounds its ties down. MIN stays MIN, which is no tie.
        Op::ShrRoundAway => {
            let sign_places = b.ins().iconst(types::I32, 15);
            let sign = b.ins().sshr(x, sign_places);
            let lowered = b.ins().sadd_sat(x, sign);
            round(b, lowered, places)
        }
        _ => unreachable!("verified: `{}` is not a shift", op.name()),
    }
}

/// `x / 2^places` to nearest, ties upwards.
fn round(b: B<'_, '_>, x: Value, places: u8) -> Value {
    let one = constant(b, 1);
    let last = b.ins().iconst(types::I32, 1);
    if places == 1 {
        // Adding before the shift would carry out of the lane.
        let floor = b.ins().sshr(x, last);
        let bit = b.ins().band(x, one);
        return b.ins().iadd(floor, bit);
    }
    let before = b.ins().iconst(types::I32, i64::from(places) - 1);
    let doubled = b.ins().sshr(x, before);
    let raised = b.ins().iadd(doubled, one);
    b.ins().sshr(raised, last)
}

/// Baseline minus code, saturated to a byte.
pub(crate) fn correlation(b: B<'_, '_>, baseline: Value, code: Value) -> Value {
    let signal = b.ins().isub(baseline, code);
    bytes::clamp(b, signal)
}

/// Columns of the chunk that starts at column `offset` (I64).
pub(crate) fn columns(b: B<'_, '_>, offset: Value) -> Value {
    let lanes = (0..8u16).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let pool = b.func.dfg.constants.insert(lanes.into());
    let lanes = b.ins().vconst(CHUNK, pool);
    let first = b.ins().ireduce(types::I16, offset);
    let first = b.ins().splat(CHUNK, first);
    b.ins().iadd(lanes, first)
}

/// One step of the column generators: new draw and new carry from the last ones
/// ([`rng::Column::draw`]).
pub(crate) fn draw(b: B<'_, '_>, x: Value, carry: Value) -> (Value, Value) {
    let multiplier = b.ins().iconst(types::I32, i64::from(rng::MULTIPLIER));
    let multiplier = b.ins().splat(types::I32X4, multiplier);
    let (low_x, low_carry) = (b.ins().uwiden_low(x), b.ins().uwiden_low(carry));
    let (high_x, high_carry) = (b.ins().uwiden_high(x), b.ins().uwiden_high(carry));
    let low = multiply_add(b, low_x, multiplier, low_carry);
    let high = multiply_add(b, high_x, multiplier, high_carry);
    let low_bits = b.ins().iconst(types::I32, 0xffff);
    let low_bits = b.ins().splat(types::I32X4, low_bits);
    let places = b.ins().iconst(types::I32, 16);
    let (x_low, x_high) = (b.ins().band(low, low_bits), b.ins().band(high, low_bits));
    let (carry_low, carry_high) = (b.ins().ushr(low, places), b.ins().ushr(high, places));
    (b.ins().unarrow(x_low, x_high), b.ins().unarrow(carry_low, carry_high))
}

fn multiply_add(b: B<'_, '_>, x: Value, y: Value, z: Value) -> Value {
    let product = b.ins().imul(x, y);
    b.ins().iadd(product, z)
}

/// The low bytes of a chunk, below 256, as one integer, first lane lowest.
pub(crate) fn to_bytes(b: B<'_, '_>, lanes: Value) -> Value {
    let bytes = b.ins().unarrow(lanes, lanes);
    let little = MemFlagsData::new().with_endianness(cranelift_codegen::ir::Endianness::Little);
    let halves = b.ins().bitcast(types::I64X2, little, bytes);
    b.ins().extractlane(halves, 0)
}
