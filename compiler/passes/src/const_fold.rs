//! Computes what depends on constants alone, with the evaluator's arithmetic.
//!
//! A vector is constant if it is the splat of a constant. A mask cannot be written as a constant;
//! the pass remembers which are all true or all false and folds what they choose.

use crate::rewrite::{Rewrite, Site, rewrite};
use crate::{Changed, PassCx};
use pl_ir::op::{Cond, Sig};
use pl_ir::{Function, Imm, InstData, ObjectId, Op, Type, Value, eval};
use std::collections::BTreeMap;

pub(crate) fn run(func: &mut Function, _cx: &PassCx<'_>) -> Changed {
    let mut masks = Masks::default();
    rewrite(func, |site, inst, result| fold(site, &mut masks, inst, result))
}

/// Masks whose lanes are all the same.
type Masks = BTreeMap<Value, bool>;

fn fold(site: &mut Site<'_>, masks: &mut Masks, inst: &InstData, result: Value) -> Option<Rewrite> {
    let constant = |index: usize| site.constant(inst.args[index]);
    let mask = |index: usize| masks.get(&inst.args[index]).copied();
    match inst.op.sig() {
        Sig::Binary | Sig::ScalarBinary | Sig::LaneBinary => {
            binary(inst.op, site.ty(result), constant(0)?, constant(1)?).map(Rewrite::Constant)
        }
        Sig::Unary => {
            let Imm::Shift(places) = inst.imm else { return None };
            if site.ty(result) == Type::I32 {
                let shifted = eval::scalar_shift(inst.op, constant(0)?, u32::from(places));
                return Some(Rewrite::Constant(shifted));
            }
            let lane = i16::try_from(constant(0)?).ok()?;
            let shifted = eval::lane_shift(inst.op, site.ty(result), lane, u32::from(places));
            Some(Rewrite::Constant(i32::from(shifted)))
        }
        Sig::Compare => {
            let Imm::Cond(cond) = inst.imm else { return None };
            let holds = decided(site, cond, inst.args[0], inst.args[1])?;
            if site.ty(result) == Type::I32 {
                return Some(Rewrite::Constant(i32::from(holds)));
            }
            masks.insert(result, holds);
            None
        }
        Sig::Select => {
            let choice = constant(0).map(|x| x != 0).or_else(|| mask(0))?;
            Some(Rewrite::Value(inst.args[if choice { 1 } else { 2 }]))
        }
        Sig::MaskBinary => {
            // The truth value that decides alone.
            let absorbing = inst.op == Op::MaskOr;
            match (mask(0), mask(1)) {
                (Some(known), _) if known != absorbing => Some(Rewrite::Value(inst.args[1])),
                (_, Some(known)) if known != absorbing => Some(Rewrite::Value(inst.args[0])),
                (None, None) => None,
                _ => {
                    masks.insert(result, absorbing);
                    None
                }
            }
        }
        Sig::MaskUnary => {
            let known = mask(0)?;
            masks.insert(result, !known);
            None
        }
        Sig::LoadElement => {
            let Imm::Array(first, len) = inst.imm else { return None };
            let index = u32::try_from(constant(0)?).ok().filter(|index| *index < len)?;
            let element = Imm::Object(ObjectId(first.0 + index));
            Some(Rewrite::Inst(Op::Load, element, Vec::new()))
        }
        Sig::Widen | Sig::Narrow => constant(0).map(Rewrite::Constant),
        Sig::Scalar
        | Sig::ScalarUnary
        | Sig::Splat
        | Sig::Reduce
        | Sig::Lanes
        | Sig::ReadChip
        | Sig::Event
        | Sig::WriteChip
        | Sig::Load
        | Sig::Store
        | Sig::StoreElement
        | Sig::RecordPut => None,
    }
}

fn binary(op: Op, ty: Type, a: i32, b: i32) -> Option<i32> {
    if ty == Type::I32 {
        return Some(eval::scalar_binary(op, a, b));
    }
    let (a, b) = (i16::try_from(a).ok()?, i16::try_from(b).ok()?);
    Some(i32::from(eval::lane_binary(op, ty, a, b)))
}

/// What a comparison gives, if constants, equal operands or the limits of the type decide it.
fn decided(site: &Site<'_>, cond: Cond, a: Value, b: Value) -> Option<bool> {
    if a == b {
        return Some(cond.holds(0, 0));
    }
    let (low, high) = site.limits(a)?;
    match (site.constant(a), site.constant(b)) {
        (Some(a), Some(b)) => Some(cond.holds(a, b)),
        (None, Some(b)) => beyond(cond, b, low, high),
        (Some(a), None) => beyond(cond.swapped(), a, low, high),
        (None, None) => None,
    }
}

/// Whether `x cond bound` is the same for all `x` in `low..=high`.
fn beyond(cond: Cond, bound: i32, low: i32, high: i32) -> Option<bool> {
    match cond {
        Cond::Lt if bound == low => Some(false),
        Cond::Ge if bound == low => Some(true),
        Cond::Gt if bound == high => Some(false),
        Cond::Le if bound == high => Some(true),
        Cond::Eq | Cond::Ne | Cond::Lt | Cond::Le | Cond::Gt | Cond::Ge => None,
    }
}
