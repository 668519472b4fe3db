//! One op on a chunk: 8 lanes of 16 bits.
//!
//! Masks are vectors of the same shape, all ones where they hold. Formulas are those of
//! [`pl_fixed::lane::Lane`] rewritten for the instructions there are; a test compares all ops.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    ConstantData, Endianness, InstBuilder, MemFlagsData, Type, Value, types,
};
use cranelift_frontend::FunctionBuilder;
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
        Op::MulFrac => {
            let doubled = double(b, y);
            mul_frac(b, (x, y), doubled, exact)
        }
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
/// set, which is the sign of the lower half of the product with the second factor doubled. MIN * MIN
/// saturates, and has no such bit.
pub(crate) fn mul_frac(b: B<'_, '_>, (x, y): (Value, Value), doubled: Value, exact: bool) -> Value {
    let rounded = rounded_product(b, x, y, exact);
    let low = b.ins().imul(x, doubled);
    let down = b.ins().iconst(types::I32, 15);
    let raised = b.ins().sshr(low, down);
    b.ins().iadd(rounded, raised)
}

/// Twice each lane, modulo 2^16.
pub(crate) fn double(b: B<'_, '_>, x: Value) -> Value {
    let up = b.ins().iconst(types::I32, 1);
    b.ins().ishl(x, up)
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

/// `x / 2^places` to nearest, ties upwards: where there is an instruction for rounded products, the
/// product with a power of two.
fn round(b: B<'_, '_>, x: Value, places: u8) -> Value {
    if cfg!(target_arch = "x86_64") {
        let factor = constant(b, 1 << (15 - places));
        return b.ins().x86_pmulhrsw(x, factor);
    }
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

/// Bytes of sixteen columns.
pub(crate) const BYTES: Type = types::I8X16;

/// The same 128 bits as other lanes.
pub(crate) fn cast(b: B<'_, '_>, ty: Type, x: Value) -> Value {
    if b.func.dfg.value_type(x) == ty {
        return x;
    }
    b.ins().bitcast(ty, MemFlagsData::new().with_endianness(Endianness::Little), x)
}

/// Bytes of two chunks by number: 16 and more are of the second.
pub(crate) fn shuffle(b: B<'_, '_>, x: Value, y: Value, bytes: [u8; 16]) -> Value {
    // Equal masks are one, so that equal shuffles are.
    let mask = ConstantData::from(bytes.to_vec());
    let known = b.func.dfg.immediates.iter().find(|(_, other)| **other == mask);
    let mask = match known {
        Some((mask, _)) => mask,
        None => b.func.dfg.immediates.push(mask),
    };
    let [x, y] = [x, y].map(|lanes| cast(b, BYTES, lanes));
    let mixed = b.ins().shuffle(x, y, mask);
    cast(b, CHUNK, mixed)
}

/// Byte by byte one of the first and one of the second: of the first or the last eight columns.
pub(crate) fn interleave(b: B<'_, '_>, x: Value, y: Value, half: usize) -> Value {
    let bytes = core::array::from_fn(|byte| {
        let byte = u8::try_from(byte).unwrap_or(0);
        let first = if half == 0 { 0 } else { 8 };
        first + byte / 2 + 16 * (byte % 2)
    });
    shuffle(b, x, y, bytes)
}

/// Bytes with `value` in every column.
pub(crate) fn byte_constant(b: B<'_, '_>, value: u8) -> Value {
    let scalar = b.ins().iconst(types::I8, i64::from(value));
    b.ins().splat(BYTES, scalar)
}

/// The first where the mask, of all ones or none, holds, else the second.
pub(crate) fn choose(b: B<'_, '_>, mask: Value, yes: Value, no: Value) -> Value {
    let ty = b.func.dfg.value_type(yes);
    if cfg!(target_arch = "x86_64") {
        let [mask, yes, no] = [mask, yes, no].map(|lanes| cast(b, BYTES, lanes));
        let chosen = b.ins().blendv(mask, yes, no);
        cast(b, ty, chosen)
    } else {
        b.ins().bitselect(mask, yes, no)
    }
}
