//! Which instructions run together over the chunks of a row, where row positions are checked, and
//! which vectors live in memory.

use pl_ir::op::Sig;
use pl_ir::{Block, Function, Imm, Inst, InstData, Op, Quantity, Type, Value};
use std::collections::BTreeSet;

/// A stretch of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Refuses a row position outside the view, before its first use in the block.
    Check(Value),
    /// An instruction without vectors.
    Scalar(Inst),
    /// Vector instructions, in order: one loop over the chunks.
    Run(Vec<Inst>),
    /// A vector to a scalar: a loop over the columns.
    Reduce(Inst),
}

/// How a function is cut up.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Parts of each block, in order.
    pub(crate) blocks: Vec<Vec<Part>>,
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
        | Op::RemU
        | Op::DivU
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

/// Whether an instruction belongs into a loop over chunks.
fn is_vector(func: &Function, inst: &InstData) -> bool {
    inst.result.iter().chain(&inst.args).any(|value| func.ty(*value) != Type::I32)
}

impl Plan {
    pub(crate) fn new(func: &Function) -> Plan {
        let blocks: Vec<Vec<Part>> = func.block_ids().map(|block| parts(func, block)).collect();
        let mut defs = vec![None; func.values.len()];
        for inst in func.blocks.iter().flat_map(|block| &block.insts) {
            if let Some(result) = func.inst(*inst).result {
                defs[result.index()] = Some(*inst);
            }
        }
        Plan { in_memory: in_memory(func, &blocks), blocks, defs }
    }
}

/// The run being collected.
#[derive(Default)]
struct Pending {
    insts: Vec<Inst>,
    /// Planes that it writes.
    written: Vec<Quantity>,
}

impl Pending {
    fn flush(&mut self, parts: &mut Vec<Part>) {
        let Pending { insts, .. } = std::mem::take(self);
        if !insts.is_empty() {
            parts.push(Part::Run(insts));
        }
    }
}

/// Vector instructions are collected past scalar ones, which depend on them only by reductions.
/// Three things keep their order: a reduction comes after the vectors before it, a sample is opened
/// after what is put into the one before it, and a plane is read after what is written to it before,
/// which a run does at its end. A position is refused before the run that uses it: arrays and state
/// of an update that fails are of no use to anyone.
fn parts(func: &Function, block: Block) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut run = Pending::default();
    let mut checked = BTreeSet::new();
    for inst in &func.block(block).insts {
        let data = func.inst(*inst);
        if let Some(row) = row_position(data)
            && checked.insert(row)
        {
            parts.push(Part::Check(row));
        }
        if data.op.sig() == Sig::Reduce {
            run.flush(&mut parts);
            parts.push(Part::Reduce(*inst));
            continue;
        }
        if is_vector(func, data) {
            if let Imm::Quantity(quantity) = data.imm {
                if data.op == Op::Read && run.written.contains(&quantity) {
                    run.flush(&mut parts);
                }
                if data.op == Op::Write {
                    run.written.push(quantity);
                }
            }
            run.insts.push(*inst);
            continue;
        }
        if data.op == Op::RecordOpen {
            run.flush(&mut parts);
        }
        parts.push(Part::Scalar(*inst));
    }
    run.flush(&mut parts);
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
