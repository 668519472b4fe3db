//! Cleans up control flow: decides branches, skips blocks that only jump on, drops blocks without a
//! way to them, joins a block with its only successor, and lays blocks out in reverse post-order.

use crate::dominators::Dominators;
use crate::replace::Replacements;
use crate::{Changed, PassCx};
use pl_ir::op::Cond;
use pl_ir::{Block, BlockCall, Function, Imm, InstData, Op, Terminator, Value};

pub(crate) fn run(func: &mut Function, _cx: &PassCx<'_>) -> Changed {
    let mut changed = decide(func);
    changed |= skip_empty(func);
    changed |= join(func);
    changed |= lay_out(func);
    changed.into()
}

/// Branches whose way is known, and branches on comparisons with 0.
fn decide(func: &mut Function) -> bool {
    let mut definitions: Vec<Option<&InstData>> = vec![None; func.values.len()];
    for inst in &func.insts {
        if let Some(result) = inst.result {
            definitions[result.index()] = Some(inst);
        }
    }
    let constant = |value: Value| {
        let Imm::Int(x) = definitions[value.index()]?.imm else { return None };
        Some(x)
    };
    let decided = |terminator: &Terminator| -> Option<Terminator> {
        let Terminator::Branch(cond, then, other) = terminator else { return None };
        if then == other {
            return Some(Terminator::Jump(then.clone()));
        }
        if let Some(x) = constant(*cond) {
            return Some(Terminator::Jump(if x != 0 { then } else { other }.clone()));
        }
        let inst = definitions[cond.index()].filter(|inst| inst.op == Op::Compare)?;
        let (x, zero) = (inst.args[0], constant(inst.args[1]));
        match (inst.imm, zero) {
            (Imm::Cond(Cond::Ne), Some(0)) => {
                Some(Terminator::Branch(x, then.clone(), other.clone()))
            }
            (Imm::Cond(Cond::Eq), Some(0)) => {
                Some(Terminator::Branch(x, other.clone(), then.clone()))
            }
            _ => None,
        }
    };
    let mut changed = false;
    for block in &mut func.blocks {
        if let Some(terminator) = decided(&block.terminator) {
            block.terminator = terminator;
            changed = true;
        }
    }
    changed
}

/// Lets jumps to blocks without instructions go where those jump to.
fn skip_empty(func: &mut Function) -> bool {
    let skippable = skippable(func);
    let mut changed = false;
    for block in func.block_ids() {
        let mut terminator = func.block(block).terminator.clone();
        for call in terminator.calls_mut() {
            // Blocks that jump in a circle are skipped a bounded number of times.
            for _ in 0..func.blocks.len() {
                if !skippable[call.block.index()] || call.block == block {
                    break;
                }
                let over = func.block(call.block);
                let Terminator::Jump(next) = &over.terminator else { break };
                let passed = |v: &Value| match over.params.iter().position(|param| param == v) {
                    Some(index) => call.args[index],
                    None => *v,
                };
                let args = next.args.iter().map(passed).collect();
                *call = BlockCall { block: next.block, args };
                changed = true;
            }
        }
        func.blocks[block.index()].terminator = terminator;
    }
    changed
}

/// By block, whether it does nothing but jump on, to another block, and no other block uses its
/// parameters.
fn skippable(func: &Function) -> Vec<bool> {
    let mut home = vec![None; func.values.len()];
    for block in func.block_ids() {
        func.block(block).params.iter().for_each(|param| home[param.index()] = Some(block));
    }
    let jumps_on = |block: Block| {
        let data = func.block(block);
        let on = matches!(&data.terminator, Terminator::Jump(next) if next.block != block);
        data.insts.is_empty() && on && block != Block(0)
    };
    let mut skippable: Vec<bool> = func.block_ids().map(jumps_on).collect();
    for block in func.block_ids() {
        let mut see = |value: Value| {
            if let Some(defined) = home[value.index()].filter(|defined| *defined != block) {
                skippable[defined.index()] = false;
            }
        };
        let data = func.block(block);
        data.insts.iter().flat_map(|inst| &func.inst(*inst).args).for_each(|v| see(*v));
        data.terminator.for_each_value(&mut see);
    }
    skippable
}

/// Appends blocks to their only predecessor if that goes nowhere else.
fn join(func: &mut Function) -> bool {
    let dominators = Dominators::new(func);
    let mut replacements = Replacements::new(func);
    let mut changed = false;
    for block in dominators.order() {
        while let Terminator::Jump(call) = &func.block(*block).terminator {
            let next = call.block;
            if next == *block || next == Block(0) || dominators.predecessors(next).len() != 1 {
                break;
            }
            let args = call.args.clone();
            let data = &mut func.blocks[next.index()];
            let params = core::mem::take(&mut data.params);
            let insts = core::mem::take(&mut data.insts);
            let terminator = core::mem::replace(&mut data.terminator, Terminator::Return);
            params.iter().zip(args).for_each(|(param, arg)| replacements.replace(*param, arg));
            let data = &mut func.blocks[block.index()];
            data.insts.extend(insts);
            data.terminator = terminator;
            changed = true;
        }
    }
    replacements.apply(func);
    changed
}

/// Orders blocks, leaving out those without a way to them.
fn lay_out(func: &mut Function) -> bool {
    let dominators = Dominators::new(func);
    let order = dominators.order();
    if func.block_ids().eq(order.iter().copied()) {
        return false;
    }
    let mut number = vec![Block(0); func.blocks.len()];
    for (index, block) in order.iter().enumerate() {
        number[block.index()] = Block::new(index);
    }
    let mut blocks = Vec::with_capacity(order.len());
    for block in order {
        let mut data = func.block(*block).clone();
        data.terminator.calls_mut().for_each(|call| call.block = number[call.block.index()]);
        blocks.push(data);
    }
    func.blocks = blocks;
    true
}
