//! Identities that hold for every operand, wrapping and saturation included.
//!
//! Each leads to fewer or simpler instructions, or to a canonical form that other passes look for:
//! constants come second, `x - c` is `x + (-c)`.

use crate::rewrite::{Rewrite, Site, rewrite};
use crate::{Changed, PassCx};
use pl_ir::op::Cond;
use pl_ir::{Function, Imm, InstData, Op, Type, Value};

pub(crate) fn run(func: &mut Function, _cx: &PassCx<'_>) -> Changed {
    rewrite(func, |site, inst, result| {
        constant_second(site, inst)
            .or_else(|| same_operands(inst))
            .or_else(|| with_constant(site, inst))
            .or_else(|| chained(site, inst))
            .or_else(|| rounded_then_clamped(site, inst))
            .or_else(|| shift_of_shift(site, inst))
            .or_else(|| choice(site, inst, result))
            .or_else(|| truth(site, inst))
            .or_else(|| conversion(site, inst))
    })
}

fn constant_second(site: &Site<'_>, inst: &InstData) -> Option<Rewrite> {
    let [a, b] = *inst.args else { return None };
    let imm = if let Imm::Cond(cond) = inst.imm { Imm::Cond(cond.swapped()) } else { inst.imm };
    if inst.op != Op::Compare && !inst.op.commutes() {
        return None;
    }
    let wrong_way = site.constant(a).is_some() && site.constant(b).is_none();
    wrong_way.then(|| Rewrite::Inst(inst.op, imm, vec![b, a]))
}

fn same_operands(inst: &InstData) -> Option<Rewrite> {
    match (inst.op, &*inst.args) {
        // `x rem x` is 0 for x = 0 too, as `x rem 0` is `x`.
        (Op::Sub | Op::SubSat | Op::RemU, [a, b]) if a == b => Some(Rewrite::Constant(0)),
        (Op::Min | Op::Max | Op::MaskAnd | Op::MaskOr, [a, b]) if a == b => {
            Some(Rewrite::Value(*a))
        }
        (Op::Select, [_, a, b]) if a == b => Some(Rewrite::Value(*a)),
        _ => None,
    }
}

/// Neutral and absorbing constants.
fn with_constant(site: &mut Site<'_>, inst: &InstData) -> Option<Rewrite> {
    let [a, b] = *inst.args else { return None };
    if inst.op == Op::RemU && site.constant(a) == Some(0) {
        return Some(Rewrite::Constant(0));
    }
    let constant = site.constant(b)?;
    let (low, high) = site.limits(b)?;
    match (inst.op, constant) {
        (Op::Add | Op::Sub | Op::AddSat | Op::SubSat | Op::RemU, 0) | (Op::Mul, 1) => {
            Some(Rewrite::Value(a))
        }
        (Op::Mul | Op::MulFrac | Op::MulFracRound, 0) | (Op::RemU, 1) => Some(Rewrite::Constant(0)),
        (Op::Min, c) if c == high => Some(Rewrite::Value(a)),
        (Op::Max, c) if c == low => Some(Rewrite::Value(a)),
        (Op::Min, c) if c == low => Some(Rewrite::Constant(low)),
        (Op::Max, c) if c == high => Some(Rewrite::Constant(high)),
        (Op::Sub, c) => {
            let negative = site.add_constant(c.wrapping_neg(), site.ty(b));
            Some(Rewrite::Inst(Op::Add, Imm::None, vec![a, negative]))
        }
        // The negative of the smallest number is not representable.
        (Op::SubSat, c) if c != low => {
            let negative = site.add_constant(-c, site.ty(b));
            Some(Rewrite::Inst(Op::AddSat, Imm::None, vec![a, negative]))
        }
        _ => None,
    }
}

/// An op with a constant of an op with a constant.
fn chained(site: &mut Site<'_>, inst: &InstData) -> Option<Rewrite> {
    let [a, b] = *inst.args else { return None };
    let outer = site.constant(b)?;
    let before = site.definition(a)?;
    let [x, k] = *before.args else { return None };
    let (first, inner) = (before.op, site.constant(k)?);
    let ty = site.ty(b);
    let joined = |site: &mut Site<'_>, constant: i32| {
        let constant = site.add_constant(constant, ty);
        Some(Rewrite::Inst(inst.op, Imm::None, vec![x, constant]))
    };
    match (first, inst.op) {
        (Op::Add, Op::Add) => joined(site, inner.wrapping_add(outer)),
        (Op::Mul, Op::Mul) => joined(site, inner.wrapping_mul(outer)),
        // Two steps in one direction saturate where one of their sum does, unlike steps to and fro.
        (Op::AddSat, Op::AddSat) if (inner < 0) == (outer < 0) => {
            let (low, high) = site.limits(b)?;
            let sum = inner.checked_add(outer).filter(|sum| (low..=high).contains(sum))?;
            joined(site, sum)
        }
        (Op::Min, Op::Min) if inner <= outer => Some(Rewrite::Value(a)),
        (Op::Max, Op::Max) if inner >= outer => Some(Rewrite::Value(a)),
        (Op::Min, Op::Min) | (Op::Max, Op::Max) => {
            Some(Rewrite::Inst(inst.op, Imm::None, vec![x, b]))
        }
        (Op::Min, Op::Max) if inner <= outer => Some(Rewrite::Constant(outer)),
        (Op::Max, Op::Min) if inner >= outer => Some(Rewrite::Constant(outer)),
        _ => None,
    }
}

/// Ties away from zero are ties up where nothing is negative: rounded and then not below 0 is the
/// same as not below 0 and then rounded up, which is simpler.
fn rounded_then_clamped(site: &mut Site<'_>, inst: &InstData) -> Option<Rewrite> {
    let (Op::Max, [rounded, zero]) = (inst.op, &*inst.args) else { return None };
    let before = site.definition(*rounded).filter(|before| before.op == Op::ShrRoundAway)?;
    let (places, x) = (before.imm, before.args[0]);
    if site.constant(*zero) != Some(0) {
        return None;
    }
    let ty = site.ty(x);
    let positive = site.add(Op::Max, Imm::None, vec![x, *zero], ty);
    Some(Rewrite::Inst(Op::ShrRound, places, vec![positive]))
}

fn shift_of_shift(site: &Site<'_>, inst: &InstData) -> Option<Rewrite> {
    let (Imm::Shift(outer), [a]) = (inst.imm, &*inst.args) else { return None };
    let before = site.definition(*a)?;
    let Imm::Shift(inner) = before.imm else { return None };
    // What was shifted in by a logical shift has no sign.
    let op = match (before.op, inst.op) {
        (Op::ShrLogical, Op::ShrFloor) => Op::ShrLogical,
        // Rounding twice is not rounding once.
        (Op::Shl, Op::Shl) | (Op::ShrLogical, Op::ShrLogical) | (Op::ShrFloor, Op::ShrFloor) => {
            inst.op
        }
        _ => return None,
    };
    let (_, high) = site.limits(*a)?;
    let largest = u8::try_from(high.count_ones()).ok()?;
    let places = inner + outer;
    if places > largest && op != Op::ShrFloor {
        return Some(Rewrite::Constant(0));
    }
    Some(Rewrite::Inst(op, Imm::Shift(places.min(largest)), vec![before.args[0]]))
}

fn choice(site: &Site<'_>, inst: &InstData, result: Value) -> Option<Rewrite> {
    let (Op::Select, [choice, a, b]) = (inst.op, &*inst.args) else { return None };
    let select = |args: [Value; 3]| Some(Rewrite::Inst(Op::Select, Imm::None, args.to_vec()));
    if let Some([other]) = site.operands(*choice, Op::MaskNot) {
        return select([*other, *b, *a]);
    }
    if let Some((x, cond)) = against_zero(site, *choice) {
        return if cond == Cond::Eq { select([x, *b, *a]) } else { select([x, *a, *b]) };
    }
    let is_truth = site.definition(*choice).is_some_and(|inst| inst.op == Op::Compare);
    let numbers = (site.constant(*a), site.constant(*b));
    if is_truth && site.ty(result) == Type::I32 && numbers == (Some(1), Some(0)) {
        return Some(Rewrite::Value(*choice));
    }
    // A choice in an arm of a choice by the same is decided.
    if let Some([inner, yes, _]) = site.operands(*a, Op::Select).filter(|args| args[0] == *choice) {
        return select([*inner, *yes, *b]);
    }
    if let Some([inner, _, no]) = site.operands(*b, Op::Select).filter(|args| args[0] == *choice) {
        return select([*inner, *a, *no]);
    }
    None
}

/// The low bytes of widened bytes, and of a splat.
fn conversion(site: &Site<'_>, inst: &InstData) -> Option<Rewrite> {
    let (Op::Narrow, [lanes]) = (inst.op, &*inst.args) else { return None };
    if let Some([bytes]) = site.operands(*lanes, Op::Widen) {
        return Some(Rewrite::Value(*bytes));
    }
    let scalar = site.operands(*lanes, Op::Splat)?;
    Some(Rewrite::Inst(Op::Splat, Imm::None, scalar.to_vec()))
}

/// Negations of masks, and comparisons of truth values with 0.
fn truth(site: &mut Site<'_>, inst: &InstData) -> Option<Rewrite> {
    match (inst.op, inst.imm, &*inst.args) {
        (Op::MaskNot, _, [mask]) => {
            site.operands(*mask, Op::MaskNot).map(|args| Rewrite::Value(args[0]))
        }
        (Op::MaskAnd | Op::MaskOr, _, [a, b]) => negated_operands(site, inst.op, *a, *b),
        (Op::Compare, Imm::Cond(outer @ (Cond::Eq | Cond::Ne)), [a, b])
            if site.constant(*b) == Some(0) =>
        {
            let before = site.definition(*a)?;
            let (Op::Compare, Imm::Cond(inner)) = (before.op, before.imm) else { return None };
            let cond = if outer == Cond::Eq { inner.negated() } else { inner };
            Some(Rewrite::Inst(Op::Compare, Imm::Cond(cond), before.args.clone()))
        }
        _ => None,
    }
}

/// Negations move down to where a choice or a comparison takes them up.
fn negated_operands(site: &mut Site<'_>, op: Op, a: Value, b: Value) -> Option<Rewrite> {
    let negated = |site: &Site<'_>, mask| site.operands(mask, Op::MaskNot).map(|args| args[0]);
    let ty = site.ty(a);
    match (negated(site, a), negated(site, b)) {
        (Some(a), Some(b)) => {
            let dual = if op == Op::MaskAnd { Op::MaskOr } else { Op::MaskAnd };
            let both = site.add(dual, Imm::None, vec![a, b], ty);
            Some(Rewrite::Inst(Op::MaskNot, Imm::None, vec![both]))
        }
        (Some(mask), None) | (None, Some(mask)) => {
            let other = if negated(site, a).is_some() { b } else { a };
            let before = site.definition(mask).filter(|before| before.op == Op::Compare)?;
            let (Imm::Cond(cond), args) = (before.imm, before.args.clone()) else { return None };
            let opposite = site.add(Op::Compare, Imm::Cond(cond.negated()), args, ty);
            Some(Rewrite::Inst(op, Imm::None, vec![opposite, other]))
        }
        (None, None) => None,
    }
}

/// The scalar `x` and the comparison of `x == 0` and `x != 0`.
fn against_zero(site: &Site<'_>, truth: Value) -> Option<(Value, Cond)> {
    let inst = site.definition(truth)?;
    let (Op::Compare, Imm::Cond(cond @ (Cond::Eq | Cond::Ne)), [x, zero]) =
        (inst.op, inst.imm, &*inst.args)
    else {
        return None;
    };
    (site.ty(*x) == Type::I32 && site.constant(*zero) == Some(0)).then_some((*x, cond))
}
