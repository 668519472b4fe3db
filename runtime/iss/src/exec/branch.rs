//! Branches and condition register logic (Power ISA 2.06, book I, 2).

use super::{immediate, register};
use crate::bus::Bus;
use crate::cpu::{Cpu, Outcome};
use crate::interrupt::MSR_WRITABLE;
use pl_isa::{Flag, Instruction};

/// Value of a bit of the condition register, 0 the most significant.
#[inline(always)]
fn cr_bit(cpu: &Cpu, bit: usize) -> bool {
    cpu.cr >> (31 - bit) & 1 != 0
}

#[inline(always)]
fn set_cr_bit(cpu: &mut Cpu, bit: usize, value: bool) {
    let mask = 1 << (31 - bit);
    cpu.cr = if value { cpu.cr | mask } else { cpu.cr & !mask };
}

/// Logic on two bits into a third.
macro_rules! cr_logic {
    ($($name:ident |$a:ident, $b:ident| $value:expr;)+) => {
        $(
            #[inline]
            pub(crate) fn $name<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
                let ($a, $b) = (cr_bit(cpu, register(i, 1)), cr_bit(cpu, register(i, 2)));
                set_cr_bit(cpu, register(i, 0), $value);
                Ok(())
            }
        )+
    };
}

cr_logic! {
    crand |a, b| a & b;
    crandc |a, b| a & !b;
    cror |a, b| a | b;
    crorc |a, b| a | !b;
    crxor |a, b| a ^ b;
    crnand |a, b| !(a & b);
    crnor |a, b| !(a | b);
    creqv |a, b| a == b;
}

#[inline]
pub(crate) fn mcrf<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let [to, from] = [0, 1].map(|at| 28 - 4 * (immediate(i, at) & 7));
    let field = cpu.cr >> from & 15;
    cpu.cr = (cpu.cr & !(15 << to)) | (field << to);
    Ok(())
}

/// Jumps to `target` if `taken`; the link register is written either way.
#[inline(always)]
fn jump(cpu: &mut Cpu, i: &Instruction, taken: bool, target: u32) {
    if i.flags.has(Flag::Lk) {
        cpu.lr = cpu.pc;
    }
    if taken {
        cpu.pc = target;
    }
}

/// Target of a branch with an offset in operand `at`.
#[inline(always)]
fn target(cpu: &Cpu, i: &Instruction, at: usize) -> u32 {
    let offset = immediate(i, at);
    if i.flags.has(Flag::Aa) { offset } else { cpu.current.wrapping_add(offset) }
}

/// Bits of the field BO, 16 the first: ignore the condition, its value, leave the count register
/// alone, branch if the count is zero.
const IGNORE_CONDITION: u32 = 16;
const CONDITION: u32 = 8;
const KEEP_COUNT: u32 = 4;
const COUNT_ZERO: u32 = 2;

/// Whether the condition in operands 0 (BO) and 1 (BI) holds.
#[inline(always)]
fn condition(cpu: &Cpu, i: &Instruction) -> bool {
    let bo = immediate(i, 0);
    bo & IGNORE_CONDITION != 0 || cr_bit(cpu, register(i, 1)) == (bo & CONDITION != 0)
}

/// Counts down if told to; whether the count allows the branch.
#[inline(always)]
fn count(cpu: &mut Cpu, i: &Instruction) -> bool {
    let bo = immediate(i, 0);
    if bo & KEEP_COUNT != 0 {
        return true;
    }
    cpu.ctr = cpu.ctr.wrapping_sub(1);
    (cpu.ctr == 0) == (bo & COUNT_ZERO != 0)
}

#[inline]
pub(crate) fn b<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let target = target(cpu, i, 0);
    jump(cpu, i, true, target);
    Ok(())
}

#[inline]
pub(crate) fn bc<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let taken = count(cpu, i) & condition(cpu, i);
    let target = target(cpu, i, 2);
    jump(cpu, i, taken, target);
    Ok(())
}

/// Instructions stand at multiples of four.
const INSTRUCTION_ADDRESS: u32 = !3;

#[inline]
pub(crate) fn bclr<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let taken = count(cpu, i) & condition(cpu, i);
    let target = cpu.lr & INSTRUCTION_ADDRESS;
    jump(cpu, i, taken, target);
    Ok(())
}

/// Does not count, whatever BO says: the form is invalid, and the count is the target.
#[inline]
pub(crate) fn bcctr<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let taken = condition(cpu, i);
    let target = cpu.ctr & INSTRUCTION_ADDRESS;
    jump(cpu, i, taken, target);
    Ok(())
}

fn return_to(cpu: &mut Cpu, [address, msr]: [u32; 2]) {
    cpu.pc = address & INSTRUCTION_ADDRESS;
    cpu.interrupts.msr = msr & MSR_WRITABLE;
    cpu.interrupts.refresh();
}

pub(crate) fn rfi<B: Bus>(cpu: &mut Cpu, _bus: &mut B, _i: &Instruction) -> Outcome {
    return_to(cpu, cpu.interrupts.srr);
    Ok(())
}

pub(crate) fn rfci<B: Bus>(cpu: &mut Cpu, _bus: &mut B, _i: &Instruction) -> Outcome {
    return_to(cpu, cpu.interrupts.csrr);
    Ok(())
}

pub(crate) fn rfmci<B: Bus>(cpu: &mut Cpu, _bus: &mut B, _i: &Instruction) -> Outcome {
    return_to(cpu, cpu.interrupts.mcsrr);
    Ok(())
}
