//! Sensors: rate counters by the scalar core, membranes and baselines by the vector unit.
//!
//! The counter of a column stands at every fourth bus word: the reference gives the distance in
//! words, and only so do reads (0x12_2800) end where resets (0x12_2c00) begin.

use super::Context;
use super::asm::{Asm, r, v};
use super::{RESET_RATES, SAMPLE_MEMBRANES, SAMPLE_RATES};
use crate::lower::plane;
use crate::memory::{Memory, Sym};
use crate::vcode::{Operand, Reg, Test};
use pl_ir::io::COLUMNS;
use pl_isa::image::{ROW_BYTES, VECTOR_BYTES};
use pl_isa::{Cond, Opcode, Spr};

/// Scalar address of the bus word `0x12_2800`: spike counters of columns 0 to 127 of the top
/// hemisphere; columns from 128 on are `0x8000` words further (ppu-isa reference, 4.4).
const COUNTERS: i32 = (0x8000_0000_u32 | (0x0012_2800 << 2)).cast_signed();
/// The same for their resets.
const COUNTER_RESETS: i32 = (0x8000_0000_u32 | (0x0012_2c00 << 2)).cast_signed();
/// Cycles to wait between a reset of the sensors and the first reading: its default duration of
/// 203 cycles (chip reference, 2.1), with a margin.
const RESET_WAIT_CYCLES: i32 = 256;

/// Offset of the counter of byte `index` of two half rows into `to`; r8 is overwritten.
fn counter_offset(asm: &mut Asm, to: Reg, index: Reg) {
    // Column: twice the lane, plus the half.
    asm.field(to, index, 1, 24, 30);
    asm.field(r(8), index, 25, 31, 31);
    asm.op3(Opcode::Or, r(8), to, r(8));
    asm.comment("column");
    // Four words a column modulo 128; the other columns are 0x8000 words on.
    asm.field(to, r(8), 4, 21, 27);
    asm.field(r(8), r(8), 10, 14, 14);
    asm.op3(Opcode::Add, to, to, r(8));
}

/// The address of the hemisphere's first counter.
fn counter_base(asm: &mut Asm, memory: &Memory, to: Reg, base: i32) {
    asm.load(to, memory.hemisphere);
    asm.field(to, to, 11, 0, 20);
    asm.comment("four words for each of 128 columns a hemisphere");
    asm.constant(r(8), base);
    asm.op3(Opcode::Add, to, to, r(8));
}

/// Begins a loop over the bytes of two half rows, r5 the index; gives its label.
pub(super) fn each_byte(asm: &mut Asm) -> String {
    let again = asm.local();
    asm.constant(r(5), 0);
    asm.label(&again);
    again
}

pub(super) fn next_byte(asm: &mut Asm, again: &str) {
    asm.add_constant(r(5), r(5), 1);
    asm.compare(r(5), i32::try_from(COLUMNS).expect("256"));
    asm.branch(Test::Lt, again);
}

/// Counters of the view's columns into the buffer of samples, 255 after an overflow.
pub(super) fn sample_rates(asm: &mut Asm, memory: &Memory) {
    let rates = memory.rates.expect("a module that reads rates has a buffer for them");
    let outside = asm.local();
    asm.function(SAMPLE_RATES);
    counter_base(asm, memory, r(9), COUNTERS);
    let again = each_byte(asm);
    asm.op(Opcode::Lbz, [r(6).into(), Operand::Addr(memory.column_mask, 0), r(5).into()]);
    asm.compare(r(6), 0);
    asm.branch(Test::Eq, &outside);
    counter_offset(asm, r(7), r(5));
    asm.op3(Opcode::Lwzx, r(6), r(9), r(7));
    asm.field(r(7), r(6), 24, 31, 31);
    asm.comment("overflow");
    asm.op(Opcode::Neg, [r(7).into(), r(7).into()]);
    asm.op3(Opcode::Or, r(6), r(6), r(7));
    asm.op(Opcode::Stb, [r(6).into(), Operand::Addr(rates, 0), r(5).into()]);
    asm.label(&outside);
    next_byte(asm, &again);
    asm.sync();
    asm.comment("the vector unit reads what was stored");
    asm.ret();
}

/// Resets the counters whose byte, of those that r3 points to, is not 0.
pub(super) fn reset_rates(asm: &mut Asm, memory: &Memory) {
    let keep = asm.local();
    asm.function(RESET_RATES);
    counter_base(asm, memory, r(9), COUNTER_RESETS);
    let again = each_byte(asm);
    asm.op3(Opcode::Lbzx, r(6), r(3), r(5));
    asm.compare(r(6), 0);
    asm.branch(Test::Eq, &keep);
    counter_offset(asm, r(7), r(5));
    asm.op3(Opcode::Stwx, r(6), r(9), r(7));
    asm.label(&keep);
    next_byte(asm, &again);
    asm.ret();
}

/// Membrane codes: neurons to the converters, one conversion, synapses back to the converters.
pub(super) fn sample_membranes(asm: &mut Asm, memory: &Memory) {
    let membranes = memory.membranes.expect("a module that reads membranes has a buffer");
    asm.function(SAMPLE_MEMBRANES);
    asm.splat(v(0), 0x2020, r(3));
    asm.comment("switch of the neuron");
    switch_columns(asm, v(0));
    for half in 0..2i32 {
        let buffered = if half == 0 { 0 } else { plane::BUFFERED };
        asm.constant(r(3), plane::CAUSAL | buffered);
        asm.constant(r(4), half);
        asm.read(v(1), r(3), r(4));
        asm.op(Opcode::Addi, [r(4).into(), Operand::Imm(0), Operand::Addr(membranes, 128 * half)]);
        asm.vector(Opcode::Fxvstax, v(1), r(4));
    }
    asm.splat(v(0), 0, r(3));
    switch_columns(asm, v(0));
    asm.ret();
}

fn switch_columns(asm: &mut Asm, switches: Reg) {
    for half in 0..2 {
        asm.constant(r(3), plane::SWITCH_INDEX + half);
        asm.write_if(switches, Operand::Imm(0), r(3), Cond::Always);
    }
}

/// Begins a loop over the rows of the view, skipped if it has none: r5 the position, r6 twice the
/// hardware row, r7 that plus 1, r10 the number of rows.
fn each_row(asm: &mut Asm, memory: &Memory) -> (String, String) {
    let (again, end) = (asm.local(), asm.local());
    asm.load(r(10), memory.view_rows);
    asm.constant(r(5), 0);
    asm.label(&again);
    asm.op(Opcode::Cmpw, [Operand::Imm(0), r(5).into(), r(10).into()]);
    asm.branch(Test::Ge, &end);
    asm.op(Opcode::Lbz, [r(6).into(), Operand::Addr(memory.view_row_table, 0), r(5).into()]);
    asm.field(r(6), r(6), 1, 0, 30);
    asm.add_constant(r(7), r(6), 1);
    (again, end)
}

fn next_row(asm: &mut Asm, (again, end): (String, String)) {
    asm.add_constant(r(5), r(5), 1);
    asm.jump(&again);
    asm.label(&end);
}

/// Resets both branches of all synapses of the view, and waits until that has worked.
pub(super) fn reset_correlation(asm: &mut Asm, memory: &Memory) {
    asm.splat(v(0), 0x0303, r(3));
    asm.comment("both branches");
    for half in 0..2i32 {
        let mask = Operand::Addr(memory.column_mask, 128 * half);
        asm.op(Opcode::Addi, [r(3).into(), Operand::Imm(0), mask]);
        asm.vector(Opcode::Fxvlax, v(1 + half.cast_unsigned()), r(3));
    }
    asm.constant(r(4), plane::CAUSAL);
    let rows = each_row(asm, memory);
    for (mask, index) in [(v(1), r(6)), (v(2), r(7))] {
        asm.op(Opcode::Fxvcmpb, [mask.into()]);
        asm.write_if(v(0), r(4).into(), index, Cond::Gt);
    }
    next_row(asm, rows);
    // A loop of one instruction takes a cycle or more a round.
    let wait = asm.local();
    asm.constant(r(3), RESET_WAIT_CYCLES);
    asm.op(Opcode::Mtspr, [Operand::Imm(i32::from(Spr::CTR.0)), r(3).into()]);
    asm.label(&wait);
    asm.op(Opcode::Bc, [Operand::Imm(16), Operand::Imm(0), wait.as_str().into()]);
}

/// Where the sums of the baselines lie: the highest whole row below the stack.
pub(super) fn sums_address(stack_top: u32) -> u32 {
    (stack_top - ROW_BYTES) / VECTOR_BYTES * VECTOR_BYTES
}

/// Measures the baseline of a branch: the mean over the rows of the view, rounded half up.
pub(super) fn baseline(asm: &mut Asm, context: &Context<'_>, baseline: Sym, plane: i32) {
    let memory = context.memory;
    // v0 to v3 sum the parts, at most 256 times 255; v8 is zero.
    for sum in [0, 1, 2, 3, 8] {
        asm.splat(v(sum), 0, r(3));
    }
    asm.constant(r(3), plane);
    asm.constant(r(4), plane | plane::BUFFERED);
    let rows = each_row(asm, memory);
    for (base, index, left) in [(r(3), r(6), 0), (r(4), r(7), 2)] {
        asm.read(v(9), base, index);
        for (part, unpack) in [(left, Opcode::Fxvupckbl), (left + 1, Opcode::Fxvupckbr)] {
            asm.op(unpack, [v(10).into(), v(8).into(), v(9).into(), Operand::Imm(0)]);
            asm.op3(Opcode::Fxvaddhm, v(part), v(part), v(10));
        }
    }
    next_row(asm, rows);
    let sums = sums_address(context.stack_top).cast_signed();
    for part in 0..4u32 {
        asm.constant(r(3), sums + 128 * part.cast_signed());
        asm.vector(Opcode::Fxvstax, v(part), r(3));
    }
    asm.sync();
    asm.comment("the scalar core reads the sums");
    asm.constant(r(4), sums);
    asm.op3(Opcode::Add, r(3), r(10), r(10));
    let again = each_byte(asm);
    // (2 sum + rows) / (2 rows), as pl_ir::io::baseline.
    asm.op3(Opcode::Add, r(6), r(5), r(5));
    asm.op3(Opcode::Lhzx, r(6), r(4), r(6));
    asm.op3(Opcode::Add, r(6), r(6), r(6));
    asm.op3(Opcode::Add, r(6), r(6), r(10));
    asm.op3(Opcode::Divwu, r(6), r(6), r(3));
    asm.op(Opcode::Xori, [r(6).into(), r(6).into(), Operand::Imm(0x80)]);
    asm.comment("less 128");
    byte_of_halfword(asm, r(7), r(5));
    asm.op(Opcode::Stb, [r(6).into(), Operand::Addr(baseline, 0), r(7).into()]);
    next_byte(asm, &again);
    asm.sync();
    asm.comment("the vector unit reads the baselines");
}

/// From the index of a halfword in four parts (half, side, slice, lane) to that of its byte in two
/// half rows (half, slice, side, lane); r8 is overwritten.
pub(super) fn byte_of_halfword(asm: &mut Asm, to: Reg, index: Reg) {
    asm.field(to, index, 0, 24, 24);
    for (turn, first, last) in [(1, 25, 27), (29, 28, 28), (0, 29, 31)] {
        asm.field(r(8), index, turn, first, last);
        asm.op3(Opcode::Or, to, to, r(8));
    }
}
