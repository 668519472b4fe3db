//! Which instructions run together over the chunks of a row, and which vectors live in memory.

use pl_ir::{Block, Function, Inst, InstData, Op, Type};

/// A stretch of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// An instruction without vectors.
    Scalar(Inst),
    /// Vector instructions, in order: one loop over the chunks.
    Run(Vec<Inst>),
}

/// How a function is cut up.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Parts of each block, in order.
    pub(crate) blocks: Vec<Vec<Part>>,
    /// Whether a vector is used outside the run that defines it.
    pub(crate) in_memory: Vec<bool>,
}

/// Whether an instruction belongs into a loop over chunks.
fn is_vector(func: &Function, inst: &InstData) -> bool {
    let vector = |value: &pl_ir::Value| func.ty(*value) != Type::I32;
    inst.op == Op::Write || inst.result.iter().chain(&inst.args).any(vector)
}

impl Plan {
    pub(crate) fn new(func: &Function) -> Plan {
        let blocks: Vec<Vec<Part>> = func.block_ids().map(|block| parts(func, block)).collect();
        Plan { in_memory: in_memory(func, &blocks), blocks }
    }
}

/// Vector instructions are collected past scalar ones, which never depend on them. Only opening a
/// sample must not move before what is put into the sample before it.
fn parts(func: &Function, block: Block) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut run = Vec::new();
    for inst in &func.block(block).insts {
        if is_vector(func, func.inst(*inst)) {
            run.push(*inst);
            continue;
        }
        if func.inst(*inst).op == Op::RecordOpen && !run.is_empty() {
            parts.push(Part::Run(std::mem::take(&mut run)));
        }
        parts.push(Part::Scalar(*inst));
    }
    if !run.is_empty() {
        parts.push(Part::Run(run));
    }
    parts
}

/// Vectors that are parameters, arguments of jumps, or used in another run.
fn in_memory(func: &Function, blocks: &[Vec<Part>]) -> Vec<bool> {
    let mut home = vec![None; func.values.len()];
    let mut needed = vec![false; func.values.len()];
    let runs = || {
        blocks.iter().flatten().filter_map(|part| match part {
            Part::Run(run) => Some(run),
            Part::Scalar(_) => None,
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
    for block in &func.blocks {
        block.params.iter().for_each(|param| needed[param.index()] = true);
        block.terminator.for_each_value(|value| needed[value.index()] = true);
    }
    let vector = |(needed, ty): (bool, &Type)| needed && *ty != Type::I32;
    needed.into_iter().zip(&func.values).map(vector).collect()
}
