//! Scalar loads and stores (Power ISA 2.06, book I, 3.3.2 to 3.3.5; alignment as in the ppu-isa
//! reference, 3.2).

use super::{gpr, gpr_or_zero, immediate, register};
use crate::bus::{Bus, Width};
use crate::cpu::{Cpu, Outcome, Stop};
use crate::interrupt::Exception;
use pl_isa::Instruction;

/// Refuses an address that the width does not allow: halfwords may not leave their word.
#[inline(always)]
fn aligned(address: u32, width: Width) -> Result<u32, Stop> {
    let allowed = match width {
        Width::Byte => true,
        Width::Half => address & 3 != 3,
        Width::Word => address & 3 == 0,
    };
    if allowed { Ok(address) } else { Err(Stop::Raise(Exception::Alignment)) }
}

/// How an instruction makes its address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// `d(ra)`; register 0 stands for zero.
    Displaced,
    /// `d(ra)`, and the address goes back to `ra`.
    DisplacedUpdate,
    /// `ra, rb`; register 0 as `ra` stands for zero.
    Indexed,
    /// `ra, rb`, and the address goes back to `ra`.
    IndexedUpdate,
}

impl Mode {
    /// The effective address, and the register it goes back to.
    #[inline(always)]
    fn address(self, cpu: &Cpu, i: &Instruction) -> (u32, Option<usize>) {
        match self {
            Mode::Displaced => (gpr_or_zero(cpu, i, 2).wrapping_add(immediate(i, 1)), None),
            Mode::DisplacedUpdate => {
                (gpr(cpu, i, 2).wrapping_add(immediate(i, 1)), Some(register(i, 2)))
            }
            Mode::Indexed => (gpr_or_zero(cpu, i, 1).wrapping_add(gpr(cpu, i, 2)), None),
            Mode::IndexedUpdate => {
                (gpr(cpu, i, 1).wrapping_add(gpr(cpu, i, 2)), Some(register(i, 1)))
            }
        }
    }
}

#[inline(always)]
fn load<B: Bus>(
    cpu: &mut Cpu,
    bus: &mut B,
    i: &Instruction,
    mode: Mode,
    width: Width,
    extend: impl Fn(u32) -> u32,
) -> Outcome {
    let (address, update) = mode.address(cpu, i);
    let value = bus.load(aligned(address, width)?, width)?;
    if let Some(register) = update {
        cpu.gpr[register] = address;
    }
    cpu.gpr[register(i, 0)] = extend(value);
    Ok(())
}

#[inline(always)]
fn store<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction, mode: Mode, width: Width) -> Outcome {
    let (address, update) = mode.address(cpu, i);
    bus.store(aligned(address, width)?, width, gpr(cpu, i, 0))?;
    if let Some(register) = update {
        cpu.gpr[register] = address;
    }
    Ok(())
}

#[inline(always)]
fn zeros(value: u32) -> u32 {
    value
}

#[inline(always)]
fn sign(value: u32) -> u32 {
    ((value << 16).cast_signed() >> 16).cast_unsigned()
}

macro_rules! accesses {
    ($($name:ident $access:ident $mode:ident $width:ident $($extend:ident)?;)+) => {
        $(
            #[inline]
            pub(crate) fn $name<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
                $access(cpu, bus, i, Mode::$mode, Width::$width $(, $extend)?)
            }
        )+
    };
}

accesses! {
    lwz load Displaced Word zeros;
    lwzu load DisplacedUpdate Word zeros;
    lwzx load Indexed Word zeros;
    lwzux load IndexedUpdate Word zeros;
    lbz load Displaced Byte zeros;
    lbzu load DisplacedUpdate Byte zeros;
    lbzx load Indexed Byte zeros;
    lbzux load IndexedUpdate Byte zeros;
    lhz load Displaced Half zeros;
    lhzu load DisplacedUpdate Half zeros;
    lhzx load Indexed Half zeros;
    lhzux load IndexedUpdate Half zeros;
    lha load Displaced Half sign;
    lhau load DisplacedUpdate Half sign;
    lhax load Indexed Half sign;
    lhaux load IndexedUpdate Half sign;
    stw store Displaced Word;
    stwu store DisplacedUpdate Word;
    stwx store Indexed Word;
    stwux store IndexedUpdate Word;
    stb store Displaced Byte;
    stbu store DisplacedUpdate Byte;
    stbx store Indexed Byte;
    stbux store IndexedUpdate Byte;
    sth store Displaced Half;
    sthu store DisplacedUpdate Half;
    sthx store Indexed Half;
    sthux store IndexedUpdate Half;
}

/// Registers from operand 0 up, with their addresses; all are aligned if the first is.
fn multiple(
    cpu: &Cpu,
    i: &Instruction,
) -> Result<impl Iterator<Item = (usize, u32)> + use<>, Stop> {
    let (address, _) = Mode::Displaced.address(cpu, i);
    let address = aligned(address, Width::Word)?;
    Ok((register(i, 0)..32).zip((0..32).map(move |n| address.wrapping_add(4 * n))))
}

pub(crate) fn lmw<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
    let mut registers = cpu.gpr;
    for (register, address) in multiple(cpu, i)? {
        registers[register] = bus.load(address, Width::Word)?;
    }
    cpu.gpr = registers;
    Ok(())
}

/// Words before one that nothing answers stay stored.
pub(crate) fn stmw<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
    for (register, address) in multiple(cpu, i)? {
        bus.store(address, Width::Word, cpu.gpr[register])?;
    }
    Ok(())
}
