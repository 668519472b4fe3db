//! Special registers, traps, barriers and sleep (ppu-isa reference, 3.3 and 3.4).

use super::{gpr, immediate, register};
use crate::bus::Bus;
use crate::cpu::{Cpu, Outcome, Stop, XER_CA, XER_OV, XER_SO};
use crate::interrupt::{ESR_WRITABLE, Exception, MSR_WRITABLE, TCR_WRITABLE};
use crate::trap::TrapKind;
use pl_isa::{Instruction, Spr};

/// Bits of the condition register that a mask of its fields names.
fn fields(mask: u32) -> u32 {
    (0..8)
        .filter(|field| mask >> (7 - field) & 1 != 0)
        .fold(0, |bits, field| bits | 0xf000_0000 >> (4 * field))
}

fn merge(old: u32, new: u32, mask: u32) -> u32 {
    (old & !mask) | (new & mask)
}

pub(crate) fn mtcrf<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    cpu.cr = merge(cpu.cr, gpr(cpu, i, 1), fields(immediate(i, 0)));
    Ok(())
}

pub(crate) fn mtocrf<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
    mtcrf(cpu, bus, i)
}

pub(crate) fn mfcr<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    cpu.gpr[register(i, 0)] = cpu.cr;
    Ok(())
}

/// Merges the fields into the target, whose other bits stay.
pub(crate) fn mfocrf<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    cpu.gpr[register(i, 0)] = merge(gpr(cpu, i, 0), cpu.cr, fields(immediate(i, 1)));
    Ok(())
}

fn spr(i: &Instruction, at: usize) -> Spr {
    Spr(u16::try_from(i.operands[at]).unwrap_or(u16::MAX))
}

const LOW_WORD: u64 = 0xffff_ffff;

pub(crate) fn mfspr<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let (spr, interrupts) = (spr(i, 1), &cpu.interrupts);
    let timebase = cpu.timebase.to_be_bytes();
    let [a, b, c, d, e, f, g, h] = timebase;
    cpu.gpr[register(i, 0)] = match spr {
        Spr::XER => cpu.xer,
        Spr::LR => cpu.lr,
        Spr::CTR => cpu.ctr,
        Spr::DEC => cpu.decrementer(),
        Spr::SRR0 => interrupts.srr[0],
        Spr::SRR1 => interrupts.srr[1],
        Spr::DECAR => interrupts.decar,
        Spr::CSRR0 => interrupts.csrr[0],
        Spr::CSRR1 => interrupts.csrr[1],
        Spr::DEAR => interrupts.dear,
        Spr::ESR => interrupts.esr,
        Spr::GIN => interrupts.pins_in,
        Spr::GOUT => interrupts.pins_out,
        Spr::GOE => interrupts.pins_enable,
        Spr::TBL => u32::from_be_bytes([e, f, g, h]),
        Spr::TBU => u32::from_be_bytes([a, b, c, d]),
        Spr::TSR => interrupts.tsr,
        Spr::TCR => interrupts.tcr,
        Spr::MCSRR0 => interrupts.mcsrr[0],
        Spr::MCSRR1 => interrupts.mcsrr[1],
        // Interrupt control can only be written; others do not exist.
        _ => return Err(Stop::Trap(TrapKind::UnimplementedSpr(spr))),
    };
    Ok(())
}

pub(crate) fn mtspr<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let (spr, value) = (spr(i, 0), gpr(cpu, i, 1));
    let interrupts = &mut cpu.interrupts;
    match spr {
        Spr::XER => cpu.xer = value & (XER_SO | XER_OV | XER_CA),
        Spr::LR => cpu.lr = value,
        Spr::CTR => cpu.ctr = value,
        Spr::DEC => cpu.set_decrementer(value),
        Spr::SRR0 => interrupts.srr[0] = value,
        Spr::SRR1 => interrupts.srr[1] = value,
        Spr::DECAR => interrupts.decar = value,
        Spr::CSRR0 => interrupts.csrr[0] = value,
        Spr::CSRR1 => interrupts.csrr[1] = value,
        Spr::DEAR => interrupts.dear = value,
        Spr::ESR => interrupts.esr = value & ESR_WRITABLE,
        Spr::GOUT => interrupts.pins_out = value & 15,
        Spr::GOE => interrupts.pins_enable = value & 15,
        Spr::ICCR => interrupts.iccr = value,
        Spr::TBL => cpu.set_timebase((cpu.timebase & !LOW_WORD) | u64::from(value)),
        Spr::TBU => cpu.set_timebase((cpu.timebase & LOW_WORD) | u64::from(value) << 32),
        Spr::TSR => {
            interrupts.tsr &= !value;
            interrupts.refresh();
        }
        Spr::TCR => {
            interrupts.tcr = value & TCR_WRITABLE;
            cpu.schedule_timers();
            cpu.interrupts.refresh();
        }
        Spr::MCSRR0 => interrupts.mcsrr[0] = value,
        Spr::MCSRR1 => interrupts.mcsrr[1] = value,
        // Input pins can only be read; others do not exist.
        _ => return Err(Stop::Trap(TrapKind::UnimplementedSpr(spr))),
    }
    Ok(())
}

pub(crate) fn mfmsr<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    cpu.gpr[register(i, 0)] = cpu.interrupts.msr;
    Ok(())
}

pub(crate) fn mtmsr<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
    bus.synchronize();
    cpu.interrupts.msr = gpr(cpu, i, 0) & MSR_WRITABLE;
    cpu.interrupts.refresh();
    Ok(())
}

/// Comparisons of the field TO, first bit first: less, greater, equal, unsigned less, unsigned
/// greater.
fn trap_if<B: Bus>(bus: &mut B, to: u32, a: u32, b: u32) -> Outcome {
    bus.synchronize();
    let (signed_a, signed_b) = (a.cast_signed(), b.cast_signed());
    let outcomes = [signed_a < signed_b, signed_a > signed_b, a == b, a < b, a > b];
    let fires = (0..).zip(outcomes).any(|(bit, holds)| holds && to >> (4 - bit) & 1 != 0);
    if fires { Err(Stop::Raise(Exception::Program)) } else { Ok(()) }
}

pub(crate) fn tw<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
    trap_if(bus, immediate(i, 0), gpr(cpu, i, 1), gpr(cpu, i, 2))
}

pub(crate) fn twi<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
    trap_if(bus, immediate(i, 0), gpr(cpu, i, 1), immediate(i, 2))
}

#[inline]
pub(crate) fn sync<B: Bus>(_cpu: &mut Cpu, bus: &mut B, _i: &Instruction) -> Outcome {
    bus.synchronize();
    Ok(())
}

pub(crate) fn wait<B: Bus>(_cpu: &mut Cpu, bus: &mut B, _i: &Instruction) -> Outcome {
    bus.synchronize();
    Err(Stop::Sleep)
}

/// The chip is taken not to have the scalar IO bus.
pub(crate) fn eciwx<B: Bus>(_cpu: &mut Cpu, _bus: &mut B, _i: &Instruction) -> Outcome {
    Err(Stop::Trap(TrapKind::Unimplemented))
}

/// As [`eciwx`].
pub(crate) fn ecowx<B: Bus>(_cpu: &mut Cpu, _bus: &mut B, _i: &Instruction) -> Outcome {
    Err(Stop::Trap(TrapKind::Unimplemented))
}
