//! Fixed-point arithmetic, logic, rotation and comparison (Power ISA 2.06, book I, 3.3, with the
//! core's differences: ppu-isa reference, 3.2).

use super::{gpr, gpr_or_zero, immediate, register};
use crate::bus::Bus;
use crate::cpu::{Cpu, Outcome, XER_CA, XER_OV, XER_SO};
use core::cmp::Ordering;
use pl_isa::{Flag, Instruction};

/// Writes operand 0 and, if asked to, compares it with zero.
#[inline(always)]
fn finish(cpu: &mut Cpu, i: &Instruction, value: u32) {
    cpu.gpr[register(i, 0)] = value;
    if i.flags.has(Flag::Rc) {
        compare_with_zero(cpu, value);
    }
}

#[inline(always)]
fn compare_with_zero(cpu: &mut Cpu, value: u32) {
    set_condition(cpu, 0, value.cast_signed().cmp(&0));
}

/// Sets a field of the condition register: less, greater, equal, summary overflow.
#[inline(always)]
fn set_condition(cpu: &mut Cpu, field: u32, ordering: Ordering) {
    let flags = match ordering {
        Ordering::Less => 8,
        Ordering::Greater => 4,
        Ordering::Equal => 2,
    } | u32::from(cpu.xer & XER_SO != 0);
    let shift = 28 - 4 * field;
    cpu.cr = (cpu.cr & !(15 << shift)) | (flags << shift);
}

/// Records overflow, if asked to.
#[inline(always)]
fn set_overflow(cpu: &mut Cpu, i: &Instruction, overflow: bool) {
    if i.flags.has(Flag::Oe) {
        cpu.xer &= !XER_OV;
        if overflow {
            cpu.xer |= XER_OV | XER_SO;
        }
    }
}

#[inline(always)]
fn set_carry(cpu: &mut Cpu, carry: bool) {
    cpu.xer = if carry { cpu.xer | XER_CA } else { cpu.xer & !XER_CA };
}

#[inline(always)]
fn carry(cpu: &Cpu) -> bool {
    cpu.xer & XER_CA != 0
}

/// What an addition does with the carry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carry {
    Ignore,
    Record,
}

/// `a + b + carry_in`, the form of every addition and subtraction.
#[inline(always)]
fn add_with(cpu: &mut Cpu, i: &Instruction, a: u32, b: u32, carry_in: bool, out: Carry) {
    let (sum, first) = a.overflowing_add(b);
    let (sum, second) = sum.overflowing_add(u32::from(carry_in));
    if out == Carry::Record {
        set_carry(cpu, first || second);
    }
    set_overflow(cpu, i, ((a ^ sum) & (b ^ sum)) >> 31 != 0);
    finish(cpu, i, sum);
}

/// Additions and subtractions: first addend, second addend, carry in, carry out.
macro_rules! additions {
    ($($name:ident |$cpu:ident, $i:ident| $a:expr, $b:expr, $carry:expr, $out:ident;)+) => {
        $(
            #[inline]
            pub(crate) fn $name<B: Bus>($cpu: &mut Cpu, _bus: &mut B, $i: &Instruction) -> Outcome {
                let (a, b, carry_in) = ($a, $b, $carry);
                add_with($cpu, $i, a, b, carry_in, Carry::$out);
                Ok(())
            }
        )+
    };
}

additions! {
    addi |cpu, i| gpr_or_zero(cpu, i, 1), immediate(i, 2), false, Ignore;
    addis |cpu, i| gpr_or_zero(cpu, i, 1), immediate(i, 2) << 16, false, Ignore;
    addic |cpu, i| gpr(cpu, i, 1), immediate(i, 2), false, Record;
    subfic |cpu, i| !gpr(cpu, i, 1), immediate(i, 2), true, Record;
    add |cpu, i| gpr(cpu, i, 1), gpr(cpu, i, 2), false, Ignore;
    addc |cpu, i| gpr(cpu, i, 1), gpr(cpu, i, 2), false, Record;
    adde |cpu, i| gpr(cpu, i, 1), gpr(cpu, i, 2), carry(cpu), Record;
    addme |cpu, i| gpr(cpu, i, 1), u32::MAX, carry(cpu), Record;
    addze |cpu, i| gpr(cpu, i, 1), 0, carry(cpu), Record;
    subf |cpu, i| !gpr(cpu, i, 1), gpr(cpu, i, 2), true, Ignore;
    subfc |cpu, i| !gpr(cpu, i, 1), gpr(cpu, i, 2), true, Record;
    subfe |cpu, i| !gpr(cpu, i, 1), gpr(cpu, i, 2), carry(cpu), Record;
    subfme |cpu, i| !gpr(cpu, i, 1), u32::MAX, carry(cpu), Record;
    subfze |cpu, i| !gpr(cpu, i, 1), 0, carry(cpu), Record;
    neg |cpu, i| !gpr(cpu, i, 1), 0, true, Ignore;
}

#[inline]
pub(crate) fn addic_rc<B: Bus>(cpu: &mut Cpu, bus: &mut B, i: &Instruction) -> Outcome {
    addic(cpu, bus, i)?;
    compare_with_zero(cpu, gpr(cpu, i, 0));
    Ok(())
}

/// Results that are a function of operands 1 and 2 and nothing else.
macro_rules! functions {
    ($($name:ident |$cpu:ident, $i:ident| $value:expr;)+) => {
        $(
            #[inline]
            pub(crate) fn $name<B: Bus>($cpu: &mut Cpu, _bus: &mut B, $i: &Instruction) -> Outcome {
                let value = $value;
                finish($cpu, $i, value);
                Ok(())
            }
        )+
    };
}

functions! {
    mulli |cpu, i| gpr(cpu, i, 1).wrapping_mul(immediate(i, 2));
    mulhw |cpu, i| {
        let product = signed(gpr(cpu, i, 1)) * signed(gpr(cpu, i, 2));
        upper(product.cast_unsigned())
    };
    mulhwu |cpu, i| upper(u64::from(gpr(cpu, i, 1)) * u64::from(gpr(cpu, i, 2)));
    ori |cpu, i| gpr(cpu, i, 1) | immediate(i, 2);
    oris |cpu, i| gpr(cpu, i, 1) | (immediate(i, 2) << 16);
    xori |cpu, i| gpr(cpu, i, 1) ^ immediate(i, 2);
    xoris |cpu, i| gpr(cpu, i, 1) ^ (immediate(i, 2) << 16);
    and |cpu, i| gpr(cpu, i, 1) & gpr(cpu, i, 2);
    andc |cpu, i| gpr(cpu, i, 1) & !gpr(cpu, i, 2);
    or |cpu, i| gpr(cpu, i, 1) | gpr(cpu, i, 2);
    orc |cpu, i| gpr(cpu, i, 1) | !gpr(cpu, i, 2);
    xor |cpu, i| gpr(cpu, i, 1) ^ gpr(cpu, i, 2);
    nand |cpu, i| !(gpr(cpu, i, 1) & gpr(cpu, i, 2));
    nor |cpu, i| !(gpr(cpu, i, 1) | gpr(cpu, i, 2));
    eqv |cpu, i| !(gpr(cpu, i, 1) ^ gpr(cpu, i, 2));
    extsb |cpu, i| ((gpr(cpu, i, 1) << 24).cast_signed() >> 24).cast_unsigned();
    extsh |cpu, i| ((gpr(cpu, i, 1) << 16).cast_signed() >> 16).cast_unsigned();
    cntlzw |cpu, i| gpr(cpu, i, 1).leading_zeros();
    popcntb |cpu, i| {
        let counts = gpr(cpu, i, 1).to_be_bytes().map(|byte| byte.count_ones());
        counts.iter().fold(0, |word, count| (word << 8) | count)
    };
    prtyw |cpu, i| (gpr(cpu, i, 1) & 0x0101_0101).count_ones() & 1;
    rlwinm |cpu, i| gpr(cpu, i, 1).rotate_left(immediate(i, 2)) & mask(i);
    rlwnm |cpu, i| gpr(cpu, i, 1).rotate_left(gpr(cpu, i, 2) & 31) & mask(i);
    rlwimi |cpu, i| {
        let (rotated, mask) = (gpr(cpu, i, 1).rotate_left(immediate(i, 2)), mask(i));
        (rotated & mask) | (gpr(cpu, i, 0) & !mask)
    };
    // The core looks at five bits of the count, where the Power ISA looks at six.
    slw |cpu, i| gpr(cpu, i, 1) << (gpr(cpu, i, 2) & 31);
    srw |cpu, i| gpr(cpu, i, 1) >> (gpr(cpu, i, 2) & 31);
}

fn signed(word: u32) -> i64 {
    i64::from(word.cast_signed())
}

/// The upper word.
#[inline(always)]
fn upper(double: u64) -> u32 {
    let [a, b, c, d, ..] = double.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// Ones from bit `mb` to bit `me`, around the end if `mb` is larger; operands 3 and 4.
#[inline(always)]
fn mask(i: &Instruction) -> u32 {
    let (first, last) = (immediate(i, 3) & 31, immediate(i, 4) & 31);
    let (from, to) = (u32::MAX >> first, u32::MAX << (31 - last));
    if first <= last { from & to } else { from | to }
}

#[inline]
pub(crate) fn andi_rc<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let value = gpr(cpu, i, 1) & immediate(i, 2);
    finish(cpu, i, value);
    compare_with_zero(cpu, value);
    Ok(())
}

#[inline]
pub(crate) fn andis_rc<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let value = gpr(cpu, i, 1) & (immediate(i, 2) << 16);
    finish(cpu, i, value);
    compare_with_zero(cpu, value);
    Ok(())
}

#[inline]
pub(crate) fn mullw<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let (a, b) = (gpr(cpu, i, 1).cast_signed(), gpr(cpu, i, 2).cast_signed());
    set_overflow(cpu, i, a.checked_mul(b).is_none());
    finish(cpu, i, a.wrapping_mul(b).cast_unsigned());
    Ok(())
}

/// What the core gives where the Power ISA leaves the quotient undefined: ppu-isa reference, 3.2.
#[inline]
pub(crate) fn divw<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let (a, b) = (gpr(cpu, i, 1).cast_signed(), gpr(cpu, i, 2).cast_signed());
    let quotient = a.checked_div(b);
    let undefined = if b != 0 {
        i32::MIN
    } else if a >= 0 {
        -1
    } else {
        0
    };
    set_overflow(cpu, i, quotient.is_none());
    finish(cpu, i, quotient.unwrap_or(undefined).cast_unsigned());
    Ok(())
}

#[inline]
pub(crate) fn divwu<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    let quotient = gpr(cpu, i, 1).checked_div(gpr(cpu, i, 2));
    set_overflow(cpu, i, quotient.is_none());
    finish(cpu, i, quotient.unwrap_or(u32::MAX));
    Ok(())
}

/// Arithmetic shift right; the carry says that ones were lost from a negative value.
#[inline(always)]
fn shift_arithmetic(cpu: &mut Cpu, i: &Instruction, places: u32) {
    let value = gpr(cpu, i, 1).cast_signed();
    let lost = value.cast_unsigned() & !(u32::MAX << places);
    set_carry(cpu, value < 0 && lost != 0);
    finish(cpu, i, (value >> places).cast_unsigned());
}

#[inline]
pub(crate) fn sraw<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    shift_arithmetic(cpu, i, gpr(cpu, i, 2) & 31);
    Ok(())
}

#[inline]
pub(crate) fn srawi<B: Bus>(cpu: &mut Cpu, _bus: &mut B, i: &Instruction) -> Outcome {
    shift_arithmetic(cpu, i, immediate(i, 2) & 31);
    Ok(())
}

/// Comparisons into the field that operand 0 names.
macro_rules! comparisons {
    ($($name:ident |$cpu:ident, $i:ident| $ordering:expr;)+) => {
        $(
            #[inline]
            pub(crate) fn $name<B: Bus>($cpu: &mut Cpu, _bus: &mut B, $i: &Instruction) -> Outcome {
                let ordering = $ordering;
                set_condition($cpu, immediate($i, 0) & 7, ordering);
                Ok(())
            }
        )+
    };
}

comparisons! {
    cmpwi |cpu, i| gpr(cpu, i, 1).cast_signed().cmp(&i.operands[2]);
    cmplwi |cpu, i| gpr(cpu, i, 1).cmp(&immediate(i, 2));
    cmpw |cpu, i| gpr(cpu, i, 1).cast_signed().cmp(&gpr(cpu, i, 2).cast_signed());
    cmplw |cpu, i| gpr(cpu, i, 1).cmp(&gpr(cpu, i, 2));
}
