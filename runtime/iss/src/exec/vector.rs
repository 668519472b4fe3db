//! The vector unit (ppu-isa reference, 2).

use core::array;

use super::{gpr, gpr_or_zero, register};
use crate::bus::{Bus, VECTOR_BYTES, Vector};
use crate::cpu::{Cpu, Outcome};
use crate::lanes::{VectorLane, accumulator_of, vector_of, write_accumulator, write_masked};
use crate::vector::{HALF_LANES, SLICE_BYTES, cond_of};
use pl_fixed::lane::Lane;
use pl_fixed::pack;
use pl_isa::Instruction;

/// Writes a register under the condition in operand `at`.
#[inline(always)]
fn write(cpu: &mut Cpu, instruction: &Instruction, at: usize, value: &Vector) {
    let unit = &mut cpu.vector;
    let mask = unit.conditions.mask(cond_of(instruction.operands[at]));
    write_masked(&mut unit.registers[register(instruction, 0)], mask, value);
}

/// `rt, ra, rb, cond`: a register from two registers and the accumulator.
#[inline(always)]
fn register2<L: VectorLane>(cpu: &mut Cpu, i: &Instruction, f: impl Fn(L, L, L::Acc) -> L) {
    let unit = &cpu.vector;
    let (a, b) = (&unit.registers[register(i, 1)], &unit.registers[register(i, 2)]);
    let lane = |k| f(L::get(a, k), L::get(b, k), L::element(&unit.accumulator, k));
    let value = vector_of(lane);
    write(cpu, i, 3, &value);
}

/// `rt, ra, cond`: a register from one register and the accumulator.
#[inline(always)]
fn register1<L: VectorLane>(cpu: &mut Cpu, i: &Instruction, f: impl Fn(L, L::Acc) -> L) {
    let unit = &cpu.vector;
    let a = &unit.registers[register(i, 1)];
    let value = vector_of(|k| f(L::get(a, k), L::element(&unit.accumulator, k)));
    write(cpu, i, 2, &value);
}

/// `ra, rb, cond`: the accumulator from two registers and itself.
#[inline(always)]
fn accumulator2<L: VectorLane>(cpu: &mut Cpu, i: &Instruction, f: impl Fn(L, L, L::Acc) -> L::Acc) {
    let unit = &mut cpu.vector;
    let (a, b) = (&unit.registers[register(i, 0)], &unit.registers[register(i, 1)]);
    let element = |k| f(L::get(a, k), L::get(b, k), L::element(&unit.accumulator, k));
    let value = accumulator_of::<L>(element);
    let mask = unit.conditions.mask(cond_of(i.operands[2]));
    write_accumulator(&mut unit.accumulator, mask, &value);
}

/// `ra, cond`: the accumulator from one register and itself.
#[inline(always)]
fn accumulator1<L: VectorLane>(cpu: &mut Cpu, i: &Instruction, f: impl Fn(L, L::Acc) -> L::Acc) {
    let unit = &mut cpu.vector;
    let a = &unit.registers[register(i, 0)];
    let value = accumulator_of::<L>(|k| f(L::get(a, k), L::element(&unit.accumulator, k)));
    let mask = unit.conditions.mask(cond_of(i.operands[1]));
    write_accumulator(&mut unit.accumulator, mask, &value);
}

/// Arithmetic: name, shape, lane and formula of each instruction.
macro_rules! arithmetic {
    ($($name:ident $shape:ident::<$lane:ty>(|$($operand:ident),+| $formula:expr);)+) => {
        $(
            #[inline(always)]
            pub(crate) fn $name<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
                $shape::<$lane>(cpu, i, |$($operand),+| $formula);
                Ok(())
            }
        )+
    };
}

arithmetic! {
    fxvmtach accumulator1::<i16>(|a, _acc| a.acc_from_int());
    fxvmtacb accumulator1::<i8>(|a, _acc| a.acc_from_int());
    fxvmtachf accumulator1::<i16>(|a, _acc| a.acc_from_frac());
    fxvmtacbf accumulator1::<i8>(|a, _acc| a.acc_from_frac());
    fxvmahm register2::<i16>(|a, b, acc| Lane::acc_low(i16::acc_mac_mod(acc, a, b)));
    fxvmabm register2::<i8>(|a, b, acc| Lane::acc_low(i8::acc_mac_mod(acc, a, b)));
    fxvmahfs register2::<i16>(|a, b, acc| Lane::acc_high(i16::acc_mac_sat(acc, a, b)));
    fxvmabfs register2::<i8>(|a, b, acc| Lane::acc_high(i8::acc_mac_sat(acc, a, b)));
    fxvmatachm accumulator2::<i16>(|a, b, acc| i16::acc_mac_mod(acc, a, b));
    fxvmatacbm accumulator2::<i8>(|a, b, acc| i8::acc_mac_mod(acc, a, b));
    fxvmatachfs accumulator2::<i16>(|a, b, acc| i16::acc_mac_sat(acc, a, b));
    fxvmatacbfs accumulator2::<i8>(|a, b, acc| i8::acc_mac_sat(acc, a, b));
    fxvmulhm register2::<i16>(|a, b, _acc| a.mul_mod(b));
    fxvmulbm register2::<i8>(|a, b, _acc| a.mul_mod(b));
    fxvmulhfs register2::<i16>(|a, b, _acc| a.mul_frac(b));
    fxvmulbfs register2::<i8>(|a, b, _acc| a.mul_frac(b));
    fxvmultachm accumulator2::<i16>(|a, b, _acc| a.acc_mul_int(b));
    fxvmultacbm accumulator2::<i8>(|a, b, _acc| a.acc_mul_int(b));
    fxvmultachfs accumulator2::<i16>(|a, b, _acc| a.acc_mul_frac(b));
    fxvmultacbfs accumulator2::<i8>(|a, b, _acc| a.acc_mul_frac(b));
    fxvsubhm register2::<i16>(|a, b, _acc| a.sub_mod(b));
    fxvsubbm register2::<i8>(|a, b, _acc| a.sub_mod(b));
    fxvsubhfs register2::<i16>(|a, b, _acc| a.sub_sat(b));
    fxvsubbfs register2::<i8>(|a, b, _acc| a.sub_sat(b));
    fxvaddactachm accumulator1::<i16>(|a, acc| i16::acc_add_int_mod(acc, a));
    fxvaddactacbm accumulator1::<i8>(|a, acc| i8::acc_add_int_mod(acc, a));
    fxvaddactachf accumulator1::<i16>(|a, acc| i16::acc_add_frac_sat(acc, a));
    fxvaddactacbf accumulator1::<i8>(|a, acc| i8::acc_add_frac_sat(acc, a));
    fxvaddachm register1::<i16>(|a, acc| Lane::acc_low(i16::acc_add_int_mod(acc, a)));
    fxvaddacbm register1::<i8>(|a, acc| Lane::acc_low(i8::acc_add_int_mod(acc, a)));
    fxvaddachfs register1::<i16>(|a, acc| Lane::acc_high(i16::acc_add_frac_sat(acc, a)));
    fxvaddacbfs register1::<i8>(|a, acc| Lane::acc_high(i8::acc_add_frac_sat(acc, a)));
    fxvaddtach accumulator2::<i16>(|a, b, _acc| a.acc_sum(b));
    fxvaddtacb accumulator2::<i8>(|a, b, _acc| a.acc_sum(b));
    fxvaddhm register2::<i16>(|a, b, _acc| a.add_mod(b));
    fxvaddbm register2::<i8>(|a, b, _acc| a.add_mod(b));
    fxvaddhfs register2::<i16>(|a, b, _acc| a.add_sat(b));
    fxvaddbfs register2::<i8>(|a, b, _acc| a.add_sat(b));
}

/// All bytes of a lane set if a comparison holds.
#[inline(always)]
fn flag<L: VectorLane>(a: &Vector, holds: impl Fn(L) -> bool) -> Vector {
    vector_of(|k| {
        let ones = L::default().sub_mod(L::low_of(1));
        if holds(L::get(a, k)) { ones } else { L::default() }
    })
}

#[inline(always)]
fn compare<L: VectorLane>(cpu: &mut Cpu, i: &Instruction) {
    let (a, zero) = (cpu.vector.registers[register(i, 0)], L::default());
    cpu.vector.conditions.gt = flag(&a, |lane: L| lane > zero);
    cpu.vector.conditions.lt = flag(&a, |lane: L| lane < zero);
    cpu.vector.conditions.eq = flag(&a, |lane: L| lane == zero);
}

/// `rt, ra, places`: to the left if positive, zeros come in on either side.
#[inline(always)]
fn shift<L: VectorLane>(cpu: &mut Cpu, i: &Instruction) {
    let (a, signed) = (&cpu.vector.registers[register(i, 1)], i.operands[2]);
    let places = signed.unsigned_abs();
    let value = if signed >= 0 {
        vector_of(|k| L::get(a, k).shl(places))
    } else {
        vector_of(|k| L::get(a, k).shr_logical(places))
    };
    cpu.vector.registers[register(i, 0)] = value;
}

#[inline(always)]
fn splat<L: VectorLane>(cpu: &mut Cpu, i: &Instruction) {
    let scalar = L::low_of(gpr(cpu, i, 1));
    cpu.vector.registers[register(i, 0)] = vector_of(|_| scalar);
}

/// Instructions whose only variant is the width of a lane.
macro_rules! by_width {
    ($($name:ident $shape:ident::<$lane:ty>;)+) => {
        $(
            #[inline(always)]
            pub(crate) fn $name<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
                $shape::<$lane>(cpu, i);
                Ok(())
            }
        )+
    };
}

by_width! {
    fxvcmph compare::<i16>;
    fxvcmpb compare::<i8>;
    fxvshh shift::<i16>;
    fxvshb shift::<i8>;
    fxvsplath splat::<i16>;
    fxvsplatb splat::<i8>;
}

#[inline(always)]
pub(crate) fn fxvsel<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let unit = &mut cpu.vector;
    let mut value = unit.registers[register(i, 1)];
    let mask = unit.conditions.mask(cond_of(i.operands[3]));
    write_masked(&mut value, mask, &unit.registers[register(i, 2)]);
    unit.registers[register(i, 0)] = value;
    Ok(())
}

/// Bytes of half a slice, and halfwords of a slice.
const HALF_SLICE: usize = SLICE_BYTES / 2;

/// `rt, ra, rb, size`: a byte of every halfword; the first source fills the left half of a slice.
#[inline(always)]
fn packed(cpu: &mut Cpu, i: &Instruction, part: impl Fn(u16, u32) -> u8) {
    let size = i.operands[3].cast_unsigned();
    let mut value = [0; VECTOR_BYTES];
    for (half, source) in [1, 2].map(|at| &cpu.vector.registers[register(i, at)]).iter().enumerate()
    {
        let halfwords: [u8; HALF_LANES] =
            array::from_fn(|k| part(i16::get(source, k).cast_unsigned(), size));
        for (to, from) in
            value.chunks_exact_mut(SLICE_BYTES).zip(halfwords.chunks_exact(HALF_SLICE))
        {
            to[HALF_SLICE * half..][..HALF_SLICE].copy_from_slice(from);
        }
    }
    cpu.vector.registers[register(i, 0)] = value;
}

/// The bytes of a half of every slice that starts at `offset`.
#[inline(always)]
fn half_slices(vector: &Vector, offset: usize) -> [u8; HALF_LANES] {
    let mut bytes = [0; HALF_LANES];
    for (to, from) in bytes.chunks_exact_mut(HALF_SLICE).zip(vector.chunks_exact(SLICE_BYTES)) {
        to.copy_from_slice(&from[offset..][..HALF_SLICE]);
    }
    bytes
}

/// `rt, ra, rb, size`: halfwords from bytes of half of every slice, the first source above.
#[inline(always)]
fn unpacked(cpu: &mut Cpu, i: &Instruction, offset: usize) {
    let size = i.operands[3].cast_unsigned();
    let [high, low] = [1, 2].map(|at| half_slices(&cpu.vector.registers[register(i, at)], offset));
    let value = vector_of(|k| pack::join(high[k], low[k], size).cast_signed());
    cpu.vector.registers[register(i, 0)] = value;
}

#[inline(always)]
pub(crate) fn fxvpckbu<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    packed(cpu, i, pack::upper);
    Ok(())
}

#[inline(always)]
pub(crate) fn fxvpckbl<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    packed(cpu, i, pack::lower);
    Ok(())
}

#[inline(always)]
pub(crate) fn fxvupckbl<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    unpacked(cpu, i, 0);
    Ok(())
}

#[inline(always)]
pub(crate) fn fxvupckbr<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    unpacked(cpu, i, HALF_SLICE);
    Ok(())
}

/// Effective address of `rt, ra, rb`.
#[inline(always)]
fn address(cpu: &Cpu, i: &Instruction) -> u32 {
    gpr_or_zero(cpu, i, 1).wrapping_add(gpr(cpu, i, 2))
}

/// The two low bits of a vector's address in memory do not exist.
const WORD_ADDRESS: u32 = !3;

#[inline(always)]
pub(crate) fn fxvlax<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
    let value = bus.vector_load(address(cpu, i) & WORD_ADDRESS)?;
    cpu.vector.registers[register(i, 0)] = value;
    Ok(())
}

#[inline(always)]
pub(crate) fn fxvstax<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
    let value = &cpu.vector.registers[register(i, 0)];
    bus.vector_store(address(cpu, i) & WORD_ADDRESS, value)?;
    Ok(())
}

/// Overwrites the whole register; lanes whose condition fails become 0 (ppu-isa reference, 2.7).
#[inline(always)]
pub(crate) fn fxvinx<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
    let read = bus.io_read(address(cpu, i))?;
    let mut value = [0; VECTOR_BYTES];
    let mask = cpu.vector.conditions.mask(cond_of(i.operands[3]));
    write_masked(&mut value, mask, &read);
    cpu.vector.registers[register(i, 0)] = value;
    Ok(())
}

#[inline(always)]
pub(crate) fn fxvoutx<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
    let enabled = cpu.vector.conditions.enabled(cond_of(i.operands[3]));
    bus.io_write(address(cpu, i), &cpu.vector.registers[register(i, 0)], enabled)?;
    Ok(())
}
