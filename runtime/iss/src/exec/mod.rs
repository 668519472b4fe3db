//! One function for every row of the instruction table, under the name the row gives.
//!
//! A function reads its operands in the order of the assembler. If it returns `Err`, it has
//! changed nothing.

pub(crate) mod branch;
pub(crate) mod fixed_point;
pub(crate) mod load_store;
pub(crate) mod system;
pub(crate) mod vector;

use crate::cpu::Cpu;
use pl_isa::Instruction;

/// The number of the register in operand `at`.
#[inline(always)]
fn register(instruction: &Instruction, at: usize) -> usize {
    (instruction.operands[at] & 31) as usize
}

/// The general-purpose register in operand `at`.
#[inline(always)]
fn gpr(cpu: &Cpu, instruction: &Instruction, at: usize) -> u32 {
    cpu.gpr[register(instruction, at)]
}

/// The same, where register 0 stands for zero.
#[inline(always)]
fn gpr_or_zero(cpu: &Cpu, instruction: &Instruction, at: usize) -> u32 {
    match register(instruction, at) {
        0 => 0,
        number => cpu.gpr[number],
    }
}

/// A signed immediate as the word it is extended to.
#[inline(always)]
fn immediate(instruction: &Instruction, at: usize) -> u32 {
    instruction.operands[at].cast_unsigned()
}
