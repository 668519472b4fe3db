//! Moves work out of loops: what is pure or a sample and has operands from outside the loop.
//!
//! - What names a row position stays, even if it does not change: before the loop, the position
//!   might lie outside the view.
//! - Constants, splats, column numbers and masks do not move for their own sake. They are made anew
//!   outside for work that moves and needs them; dead code elimination sees to those left behind.
//! - Draws, reads of what the rule may write, and writes stay.

use crate::dominators::Dominators;
use crate::loops::{self, Loop};
use crate::{Changed, PassCx};
use pl_ir::op::Sig;
use pl_ir::{Block, Effect, Function, Inst, InstData, Op, Type, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn run(func: &mut Function, cx: &PassCx<'_>) -> Changed {
    let mut done: BTreeSet<Block> = BTreeSet::new();
    let mut changed = false;
    loop {
        // Analysed anew each time, as a loop may have been given a block in front.
        let dominators = Dominators::new(func);
        let mut loops = loops::find(func, &dominators).into_iter();
        // Nothing comes before the entry, so a loop that starts there keeps all its work.
        let Some(inner) = loops.find(|l| l.header != Block(0) && !done.contains(&l.header)) else {
            break;
        };
        let plan = plan(func, cx, &dominators, &inner);
        if !plan.moved.is_empty() {
            let inside = |block: Block| inner.contains[block.index()];
            let front = loops::preheader(func, &dominators, inner.header, inside);
            hoist(func, &inner, &plan, front);
            changed = true;
        }
        done.insert(inner.header);
    }
    changed.into()
}

/// Where a value is with respect to a loop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    Outside,
    /// Made by an instruction that moves out.
    Moved,
    /// Made in the loop, but could be made outside too.
    OnDemand,
    Inside,
}

/// What to take out of a loop.
struct Plan {
    /// Instructions to move, definitions first.
    moved: Vec<Inst>,
    /// Instructions to copy, by result.
    copied: BTreeMap<Value, Inst>,
}

fn plan(func: &Function, cx: &PassCx<'_>, dominators: &Dominators, inner: &Loop) -> Plan {
    let mut home = vec![Home::Outside; func.values.len()];
    let mut plan = Plan { moved: Vec::new(), copied: BTreeMap::new() };
    for block in dominators.order().iter().filter(|block| inner.contains[block.index()]) {
        func.block(*block).params.iter().for_each(|v| home[v.index()] = Home::Inside);
        for inst in &func.block(*block).insts {
            let data = func.inst(*inst);
            let Some(result) = data.result else { continue };
            let inside = |v: &Value| home[v.index()] == Home::Inside;
            let movable = is_movable(cx, data) && !data.args.iter().any(inside);
            home[result.index()] = match (movable, on_demand(func, data, result)) {
                (false, _) => Home::Inside,
                (true, true) => {
                    plan.copied.insert(result, *inst);
                    Home::OnDemand
                }
                (true, false) => {
                    plan.moved.push(*inst);
                    Home::Moved
                }
            };
        }
    }
    plan
}

/// Whether an instruction may be executed more or less often, and elsewhere.
fn is_movable(cx: &PassCx<'_>, inst: &InstData) -> bool {
    // Elements stay for the same reason as rows: an index might lie outside of the array.
    let is_element = matches!(inst.op.sig(), Sig::LoadElement | Sig::StoreElement);
    let names_row = inst.row().is_some() || is_element;
    matches!(cx.effect(inst), Effect::Pure | Effect::Sample) && !names_row
}

fn on_demand(func: &Function, inst: &InstData, result: Value) -> bool {
    matches!(inst.op, Op::Const | Op::Splat | Op::Column)
        || matches!(func.ty(result), Type::Mask { .. })
}

/// Carries the plan out, with copies of what is needed on demand.
fn hoist(func: &mut Function, inner: &Loop, plan: &Plan, front: Block) {
    let moved: BTreeSet<Inst> = plan.moved.iter().copied().collect();
    for (block, _) in func.blocks.iter_mut().zip(&inner.contains).filter(|(_, inside)| **inside) {
        block.insts.retain(|inst| !moved.contains(inst));
    }
    let mut copies: BTreeMap<Value, Value> = BTreeMap::new();
    for inst in &plan.moved {
        copy_operands(func, plan, front, *inst, &mut copies);
        let args = &mut func.insts[inst.index()].args;
        args.iter_mut().for_each(|v| *v = copies.get(v).copied().unwrap_or(*v));
        func.blocks[front.index()].insts.push(*inst);
    }
}

/// Makes the operands of an instruction, and theirs, that are to be copied.
fn copy_operands(
    func: &mut Function,
    plan: &Plan,
    front: Block,
    inst: Inst,
    copies: &mut BTreeMap<Value, Value>,
) {
    // A stack in place of recursion: the operand on top first has its own operands copied.
    let mut stack: Vec<Value> = func.inst(inst).args.clone();
    while let Some(value) = stack.last().copied() {
        let source = plan.copied.get(&value).filter(|_| !copies.contains_key(&value));
        let Some(source) = source else {
            stack.pop();
            continue;
        };
        let InstData { op, imm, args, .. } = func.inst(*source).clone();
        let missing = |v: &&Value| plan.copied.contains_key(*v) && !copies.contains_key(*v);
        let left: Vec<Value> = args.iter().filter(missing).copied().collect();
        if left.is_empty() {
            let args = args.iter().map(|v| copies.get(v).copied().unwrap_or(*v)).collect();
            let copy = func.new_inst(op, imm, args, Some(func.ty(value)));
            func.blocks[front.index()].insts.push(copy);
            copies.insert(value, Value::new(func.values.len() - 1));
        }
        stack.extend(left);
    }
}
