//! Dead code: drops values and block parameters on which no write, draw, record or branch depends.

use crate::{Changed, PassCx};
use pl_ir::{Block, Effect, Function, Inst, InstData, Value};

pub(crate) fn run(func: &mut Function, cx: &PassCx<'_>) -> Changed {
    let live = live_values(func, cx);
    let mut changed = false;
    let insts = &func.insts;
    let needed = |inst: &Inst| {
        let data = &insts[inst.index()];
        let used = data.result.is_some_and(|result| live[result.index()]);
        used || cx.effect(data) == Effect::Write
    };
    for block in &mut func.blocks {
        let before = block.insts.len();
        block.insts.retain(needed);
        changed |= block.insts.len() != before;
    }
    for block in func.block_ids() {
        let keep: Vec<bool> =
            func.block(block).params.iter().map(|param| live[param.index()]).collect();
        if keep.contains(&false) {
            retain_params(func, block, &keep);
            changed = true;
        }
    }
    changed.into()
}

/// Keeps those parameters of a block, and arguments of jumps to it, that `keep` says.
pub(crate) fn retain_params(func: &mut Function, block: Block, keep: &[bool]) {
    let retain = |values: &mut Vec<Value>| {
        let mut keep = keep.iter();
        values.retain(|_| keep.next().copied().unwrap_or(true));
    };
    retain(&mut func.blocks[block.index()].params);
    for data in &mut func.blocks {
        let calls = data.terminator.calls_mut().filter(|call| call.block == block);
        calls.for_each(|call| retain(&mut call.args));
    }
}

/// By value, whether something visible depends on it.
fn live_values(func: &Function, cx: &PassCx<'_>) -> Vec<bool> {
    // By value: the instruction that makes it, or what jumps pass for a parameter.
    let mut definitions: Vec<Option<&InstData>> = vec![None; func.values.len()];
    let mut passed: Vec<Vec<Value>> = vec![Vec::new(); func.values.len()];
    let mut work = Vec::new();
    for data in &func.blocks {
        for inst in data.insts.iter().map(|inst| func.inst(*inst)) {
            if let Some(result) = inst.result {
                definitions[result.index()] = Some(inst);
            }
            if cx.effect(inst) == Effect::Write {
                work.extend(&inst.args);
            }
        }
        if let pl_ir::Terminator::Branch(cond, ..) = &data.terminator {
            work.push(*cond);
        }
        for call in data.terminator.calls() {
            for (param, arg) in func.block(call.block).params.iter().zip(&call.args) {
                passed[param.index()].push(*arg);
            }
        }
    }
    let mut live = vec![false; func.values.len()];
    while let Some(value) = work.pop() {
        if !core::mem::replace(&mut live[value.index()], true) {
            let operands = definitions[value.index()].map(|inst| &inst.args);
            work.extend(operands.unwrap_or(&passed[value.index()]));
        }
    }
    live
}
