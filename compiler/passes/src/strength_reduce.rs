//! Replaces an op by a cheaper one that gives the same bits.
//!
//! With `n` bits a lane, `mul_frac` is `floor(a * b / 2^(n-1))`, saturated, so a factor `2^k` is an
//! exact shift by `n - 1 - k`, rounding as the product does.

use crate::rewrite::{Rewrite, Site, rewrite};
use crate::{Changed, PassCx};
use pl_fixed::word;
use pl_ir::{Function, Imm, InstData, Op, Type};

/// The real 1 as a scalar.
const REAL_ONE: i32 = 1 << word::FRACTION_BITS;

pub(crate) fn run(func: &mut Function, _cx: &PassCx<'_>) -> Changed {
    rewrite(func, |site, inst, _| {
        product(site, inst).or_else(|| of_words(site, inst)).or_else(|| of_splats(site, inst))
    })
}

/// A product with a power of two or with -1.
fn product(site: &mut Site<'_>, inst: &InstData) -> Option<Rewrite> {
    let (Op::Mul | Op::MulFrac | Op::MulFracRound, [a, b]) = (inst.op, &*inst.args) else {
        return None;
    };
    let (a, ty) = (*a, site.ty(*b));
    let factor = site.constant(*b)?;
    let (low, high) = site.limits(*b)?;
    let negative = |site: &mut Site<'_>, sub: Op| {
        let zero = site.add_constant(0, ty);
        Some(Rewrite::Inst(sub, Imm::None, vec![zero, a]))
    };
    // Bits of a lane without its sign.
    let bits = u8::try_from(high.count_ones()).ok()?;
    let exponent = u8::try_from(factor.trailing_zeros()).ok()?;
    // Modulo 2^n the smallest number is 2^(n-1).
    let power = factor.count_ones() == 1 || factor == low;
    let shift = |op: Op, places: u8| Rewrite::Inst(op, Imm::Shift(places), vec![a]);
    if inst.op == Op::Mul {
        return match (factor, ty) {
            (-1, _) => negative(site, Op::Sub),
            (2, Type::I32) => Some(Rewrite::Inst(Op::Add, Imm::None, vec![a, a])),
            _ => (power && exponent >= 1).then(|| shift(Op::Shl, exponent)),
        };
    }
    if factor == low {
        // The smallest number as a fraction is -1; -1 * -1 saturates as 0 - (-1) does.
        return negative(site, Op::SubSat);
    }
    let rounding = if inst.op == Op::MulFrac { Op::ShrFloor } else { Op::ShrRound };
    power.then(|| shift(rounding, bits - exponent))
}

/// Products and quotients of scalars with a constant: by a power of two they are shifts.
fn of_words(site: &mut Site<'_>, inst: &InstData) -> Option<Rewrite> {
    let (Op::MulSat | Op::MulReal | Op::MulHighU | Op::DivReal, [a, b]) = (inst.op, &*inst.args)
    else {
        return None;
    };
    let (a, factor) = (*a, site.constant(*b)?);
    let places = u8::try_from(factor.trailing_zeros()).ok()?;
    let power = factor.count_ones() == 1;
    let shift = |op: Op, places: u8| Rewrite::Inst(op, Imm::Shift(places), vec![a]);
    match (inst.op, factor) {
        (Op::MulSat | Op::MulReal | Op::MulHighU, 0) => Some(Rewrite::Constant(0)),
        (Op::MulSat, 1) | (Op::MulReal | Op::DivReal, REAL_ONE) => Some(Rewrite::Value(a)),
        (Op::MulHighU, _) if power && places > 0 => Some(shift(Op::ShrLogical, 32 - places)),
        (Op::MulReal, REAL_ONE..) if factor % REAL_ONE == 0 => {
            // Whole numbers multiply without a rounding.
            let whole = site.add_constant(factor / REAL_ONE, Type::I32);
            Some(Rewrite::Inst(Op::MulSat, Imm::None, vec![a, whole]))
        }
        (Op::MulReal, 1..REAL_ONE) if power => {
            Some(shift(Op::ShrRound, u8::try_from(word::FRACTION_BITS).ok()? - places))
        }
        (Op::DivReal, REAL_ONE..) if power => {
            Some(shift(Op::ShrRoundAway, places - u8::try_from(word::FRACTION_BITS).ok()?))
        }
        _ => None,
    }
}

/// Wrapping work on two splats is work on their scalars: a splat takes the low bits.
fn of_splats(site: &mut Site<'_>, inst: &InstData) -> Option<Rewrite> {
    let (Op::Add | Op::Sub | Op::Mul, [a, b]) = (inst.op, &*inst.args) else { return None };
    let scalar = |value| site.operands(value, Op::Splat).map(|args| args[0]);
    let scalars = vec![scalar(*a)?, scalar(*b)?];
    let scalar = site.add(inst.op, Imm::None, scalars, Type::I32);
    Some(Rewrite::Inst(Op::Splat, Imm::None, vec![scalar]))
}
