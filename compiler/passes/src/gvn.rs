//! Global value numbering: an expression that is computed already is not computed again.
//!
//! Merges pure ops and samples if the first computation dominates the second. Masks are merged
//! within their block (rule 11 of the verifier), and so are bare splats and column numbers: a
//! vector that lives across blocks costs a back end memory traffic, making it anew costs nothing.

use crate::dominators::Dominators;
use crate::replace::Replacements;
use crate::{Changed, PassCx};
use pl_ir::{Block, Effect, Function, Imm, InstData, Op, Type, Value};
use std::collections::BTreeMap;

/// Most operands of an instruction without effects.
const OPERANDS_MAX: usize = 3;

/// What must agree for two instructions to give the same.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Expression {
    op: Op,
    imm: Imm,
    args: [Option<Value>; OPERANDS_MAX],
    ty: Type,
    /// The block, if instructions of another do not count.
    block: Option<Block>,
}

pub(crate) fn run(func: &mut Function, cx: &PassCx<'_>) -> Changed {
    let dominators = Dominators::new(func);
    let mut replacements = Replacements::new(func);
    let mut known: BTreeMap<Expression, Vec<(Block, Value)>> = BTreeMap::new();
    let mut changed = false;
    for block in dominators.order() {
        let mut insts = core::mem::take(&mut func.blocks[block.index()].insts);
        insts.retain(|inst| {
            let data = &mut func.insts[inst.index()];
            data.args.iter_mut().for_each(|v| *v = replacements.resolve(*v));
            let data = func.inst(*inst);
            let Some(result) = data.result.filter(|_| mergeable(cx, data)) else { return true };
            let computed = known.entry(expression(func, data, result, *block)).or_default();
            match computed.iter().find(|(at, _)| dominators.dominates(*at, *block)) {
                Some((_, value)) => {
                    replacements.replace(result, *value);
                    changed = true;
                    false
                }
                None => {
                    computed.push((*block, result));
                    true
                }
            }
        });
        func.blocks[block.index()].insts = insts;
    }
    replacements.apply(func);
    changed.into()
}

fn mergeable(cx: &PassCx<'_>, inst: &InstData) -> bool {
    matches!(cx.effect(inst), Effect::Pure | Effect::Sample)
}

fn expression(func: &Function, inst: &InstData, result: Value, block: Block) -> Expression {
    let ty = func.ty(result);
    let mut args = [None; OPERANDS_MAX];
    args.iter_mut().zip(&inst.args).for_each(|(to, from)| *to = Some(*from));
    if inst.op.commutes() {
        args.sort();
    }
    let local = matches!(ty, Type::Mask { .. }) || matches!(inst.op, Op::Splat | Op::Column);
    Expression { op: inst.op, imm: inst.imm, args, ty, block: local.then_some(block) }
}
