//! One op on a chunk: 8 lanes of 16 bits.
//!
//! Masks are vectors of the same shape, all ones where they hold. Formulas are those of
//! [`pl_fixed::lane::Lane`] rewritten for the instructions there are; a test compares all ops.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use cranelift_frontend::FunctionBuilder;
use pl_fixed::rng;
use pl_ir::Op;
use pl_ir::op::Cond;

/// Type of a chunk.
pub(crate) const CHUNK: Type = types::I16X8;
/// Lanes of a chunk.
pub(crate) const CHUNK_STEP: i32 = 8;

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

/// A lane op of two operands; `exact` says that one of them is never -32768.
#[allow(clippy::wildcard_enum_match_arm, reason = "verified: the op takes two vectors")]
pub(crate) fn binary(b: B<'_, '_>, op: Op, x: Value, y: Value, exact: bool) -> Value {
    match op {
        Op::Add => b.ins().iadd(x, y),
        Op::Sub => b.ins().isub(x, y),
        Op::Mul => b.ins().imul(x, y),
        Op::AddSat => b.ins().sadd_sat(x, y),
        Op::SubSat => b.ins().ssub_sat(x, y),
        Op::Min => b.ins().smin(x, y),
        Op::Max => b.ins().smax(x, y),
        Op::MulFrac => mul_frac(b, x, y, exact),
        // (xy + 2^14) >> 15, saturating: the same as doubling, adding 2^15 and taking the upper half.
        Op::MulFracRound => rounded_product(b, x, y, exact),
        _ => unreachable!("verified: `{}` is not a binary lane op", op.name()),
    }
}

/// `(xy + 2^14) >> 15`. Where it cannot overflow, x86 has an instruction for it alone.
fn rounded_product(b: B<'_, '_>, x: Value, y: Value, exact: bool) -> Value {
    if exact && cfg!(target_arch = "x86_64") {
        b.ins().x86_pmulhrsw(x, y)
    } else {
        b.ins().sqmul_round_sat(x, y)
    }
}

/// The rounded product, less one where rounding raised it: where bit 14 of the exact product is
/// set. MIN * MIN saturates, and has no such bit.
fn mul_frac(b: B<'_, '_>, x: Value, y: Value, exact: bool) -> Value {
    let rounded = rounded_product(b, x, y, exact);
    let low = b.ins().imul(x, y);
    let (up, down) = (b.ins().iconst(types::I32, 1), b.ins().iconst(types::I32, 15));
    let signed = b.ins().ishl(low, up);
    let raised = b.ins().sshr(signed, down);
    b.ins().iadd(rounded, raised)
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
///
/// With `M` even, the upper half of `M x` for a signed `x` is the rounded product of `x` and `M / 2`
/// less bit 15 of the lower half, which decides the rounding. Where `x` is negative it lacks `M`.
/// Adding the carry, below `2^15`, overflows the lower half where that bit was set and is no more;
/// so what is left to take off is where it was set and still is.
pub(crate) fn draw(b: B<'_, '_>, x: Value, carry: Value) -> (Value, Value) {
    const { assert!(rng::MULTIPLIER.is_multiple_of(2) && rng::MULTIPLIER < 1 << 15) };
    let multiplier = constant(b, rng::MULTIPLIER.cast_signed());
    let half = constant(b, rng::MULTIPLIER.cast_signed() / 2);
    let sign = b.ins().iconst(types::I32, 15);
    let low = b.ins().imul(x, multiplier);
    let next = b.ins().iadd(low, carry);
    let rounded = rounded_product(b, x, half, true);
    let still = b.ins().band(low, next);
    let off = b.ins().sshr(still, sign);
    let negative = b.ins().sshr(x, sign);
    let lacking = b.ins().band(negative, multiplier);
    let high = b.ins().iadd(rounded, off);
    (next, b.ins().iadd(high, lacking))
}
