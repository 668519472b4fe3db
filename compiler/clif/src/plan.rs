//! Which instructions run together over the columns of a row, where row positions are checked, and
//! which vectors live in memory.

use crate::row_loop::{self, RowLoop};
use pl_ir::op::Sig;
use pl_ir::{Block, Function, Inst, InstData, Op, Type, Value};
use std::collections::BTreeSet;

/// A stretch of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Refuses a row position outside the view, before its first use in the block.
    Check(Value),
    /// An instruction without vectors.
    Scalar(Inst),
    /// Vector instructions, in order: one loop over the columns.
    Run(Vec<Inst>),
    /// A vector to a scalar: a loop over the columns.
    Reduce(Inst),
}

/// How a function is cut up.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Parts of each block, in order.
    pub(crate) blocks: Vec<Vec<Part>>,
    /// Blocks that are loops over the rows, to be run column by column.
    pub(crate) row_loops: Vec<Option<RowLoop>>,
    /// Whether a vector is used outside the run that defines it.
    pub(crate) in_memory: Vec<bool>,
    /// What defines each value; none for parameters.
    pub(crate) defs: Vec<Option<Inst>>,
}

/// The row position that an instruction names.
pub(crate) fn row_position(inst: &InstData) -> Option<Value> {
    match inst.op {
        Op::ViewRow | Op::RowSign | Op::Read | Op::Load => inst.args.first().copied(),
        Op::Write | Op::Store | Op::RecordPut => match inst.args[..] {
            [row, _] => Some(row),
            _ => None,
        },
        Op::Const
        | Op::Derived
        | Op::ViewRows
        | Op::UpdateIndex
        | Op::Hemisphere
        | Op::Send
        | Op::LoadElement
        | Op::StoreElement
        | Op::RemU
        | Op::DivU
        | Op::MulHighU
        | Op::MulSat
        | Op::MulReal
        | Op::DivReal
        | Op::Add
        | Op::Sub
        | Op::Mul
        | Op::AddSat
        | Op::SubSat
        | Op::Min
        | Op::Max
        | Op::Compare
        | Op::Select
        | Op::MulFrac
        | Op::MulFracRound
        | Op::Shl
        | Op::ShrLogical
        | Op::ShrFloor
        | Op::ShrRound
        | Op::ShrRoundAway
        | Op::Splat
        | Op::Widen
        | Op::Narrow
        | Op::ReduceAdd
        | Op::ReduceMin
        | Op::ReduceMax
        | Op::Column
        | Op::MaskAnd
        | Op::MaskOr
        | Op::MaskNot
        | Op::Draw
        | Op::DrawWord
        | Op::RecordOpen => None,
    }
}

/// Whether an instruction belongs into a loop over columns.
pub(crate) fn is_vector(func: &Function, inst: &InstData) -> bool {
    inst.result.iter().chain(&inst.args).any(|value| func.ty(*value) != Type::I32)
}

impl Plan {
    pub(crate) fn new(func: &Function) -> Plan {
        let row_loops = row_loop::find(func);
        let blocks: Vec<Vec<Part>> = func.block_ids().map(|block| parts(func, block)).collect();
        let mut defs = vec![None; func.values.len()];
        for inst in func.blocks.iter().flat_map(|block| &block.insts) {
            if let Some(result) = func.inst(*inst).result {
                defs[result.index()] = Some(*inst);
            }
        }
        Plan { in_memory: in_memory(func, &blocks), row_loops, blocks, defs }
    }
}

/// Vector instructions are collected past scalar ones, which depend on them only by reductions.
/// Two things keep their order: a reduction comes after the vectors before it, and a sample is opened
/// after what is put into the one before it. A position is refused before the run that uses it:
/// arrays and state of an update that fails are of no use to anyone.
fn parts(func: &Function, block: Block) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut run = Vec::new();
    let mut checked = BTreeSet::new();
    let flush = |run: &mut Vec<Inst>, parts: &mut Vec<Part>| {
        if !run.is_empty() {
            parts.push(Part::Run(core::mem::take(run)));
        }
    };
    for inst in &func.block(block).insts {
        let data = func.inst(*inst);
        if let Some(row) = row_position(data)
            && checked.insert(row)
        {
            parts.push(Part::Check(row));
        }
        if data.op.sig() == Sig::Reduce {
            flush(&mut run, &mut parts);
            parts.push(Part::Reduce(*inst));
        } else if is_vector(func, data) {
            run.push(*inst);
        } else {
            if data.op == Op::RecordOpen {
                flush(&mut run, &mut parts);
            }
            parts.push(Part::Scalar(*inst));
        }
    }
    flush(&mut run, &mut parts);
    parts
}

/// Vectors that are parameters, arguments of jumps, or used in another run.
fn in_memory(func: &Function, blocks: &[Vec<Part>]) -> Vec<bool> {
    let mut home = vec![None; func.values.len()];
    let mut needed = vec![false; func.values.len()];
    let runs = || {
        blocks.iter().flatten().filter_map(|part| match part {
            Part::Run(run) => Some(run),
            Part::Check(_) | Part::Scalar(_) | Part::Reduce(_) => None,
        })
    };
    for (number, run) in runs().enumerate() {
        for result in run.iter().filter_map(|inst| func.inst(*inst).result) {
            home[result.index()] = Some(number);
        }
    }
    for (number, run) in runs().enumerate() {
        for arg in run.iter().flat_map(|inst| &func.inst(*inst).args) {
            needed[arg.index()] |= home[arg.index()] != Some(number);
        }
    }
    for part in blocks.iter().flatten() {
        if let Part::Reduce(inst) = part {
            needed[func.inst(*inst).args[0].index()] = true;
        }
    }
    for block in &func.blocks {
        block.params.iter().for_each(|param| needed[param.index()] = true);
        block.terminator.for_each_value(|value| needed[value.index()] = true);
    }
    let vector = |(needed, ty): (bool, &Type)| needed && *ty != Type::I32;
    needed.into_iter().zip(&func.values).map(vector).collect()
}
