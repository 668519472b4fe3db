//! Which vectors are equal in all lanes: they take one register and one instruction, not four.

use pl_ir::op::Sig;
use pl_ir::{Function, Op, Type};

/// For each value whether all its lanes are equal, on every path. Scalars count as uniform.
pub(super) fn uniform_values(func: &Function) -> Vec<bool> {
    let mut uniform = vec![true; func.values.len()];
    loop {
        let mut changed = false;
        let mut lower = |uniform: &mut Vec<bool>, value: usize| {
            changed |= core::mem::replace(&mut uniform[value], false);
        };
        for block in &func.blocks {
            for inst in &block.insts {
                let inst = func.inst(*inst);
                let Some(result) = inst.result.filter(|_| inst.op.sig() != Sig::Reduce) else {
                    continue;
                };
                let from_lanes = matches!(inst.op, Op::Column | Op::Draw | Op::Read)
                    || (inst.op == Op::Load && func.ty(result) != Type::I32)
                    || inst.args.iter().any(|v| !uniform[v.index()]);
                if from_lanes {
                    lower(&mut uniform, result.index());
                }
            }
            for call in block.terminator.calls() {
                let params = &func.block(call.block).params;
                for (param, arg) in params.iter().zip(&call.args) {
                    if !uniform[arg.index()] {
                        lower(&mut uniform, param.index());
                    }
                }
            }
        }
        if !changed {
            return uniform;
        }
    }
}
