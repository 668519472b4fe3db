//! Scalar arithmetic that is too long to stand where it is used: operands in r3 and r4, the result
//! in r3.

use super::asm::{Asm, r};
use super::{DIVIDE, DRAW_WORD, MULTIPLY, MULTIPLY_REALS};
use crate::memory::Sym;
use crate::vcode::{Operand, Reg, Test};
use pl_fixed::word::FRACTION_BITS;
use pl_isa::{Opcode, Spr};

/// The extreme with the sign of a register.
fn extreme(asm: &mut Asm, to: Reg, sign: Reg) {
    arithmetic_shift(asm, to, sign, 31);
    asm.constant(r(12), i32::MAX);
    asm.op3(Opcode::Xor, to, to, r(12));
}

fn arithmetic_shift(asm: &mut Asm, to: Reg, from: Reg, places: i32) {
    asm.op(Opcode::Srawi, [to.into(), from.into(), places.into()]);
}

fn compare(asm: &mut Asm, a: Reg, b: Reg) {
    asm.op(Opcode::Cmpw, [Operand::Imm(0), a.into(), b.into()]);
}

/// Product of integers: its low half, if the upper half is nothing but its sign.
pub(super) fn multiply(asm: &mut Asm) {
    let fits = asm.local();
    asm.function(MULTIPLY);
    asm.op3(Opcode::Mulhw, r(5), r(3), r(4));
    asm.op3(Opcode::Mullw, r(3), r(3), r(4));
    arithmetic_shift(asm, r(6), r(3), 31);
    compare(asm, r(5), r(6));
    asm.branch(Test::Eq, &fits);
    extreme(asm, r(3), r(5));
    asm.label(&fits);
    asm.ret();
}

/// Product of reals: bits 47 to 16 of the product, rounded.
pub(super) fn multiply_reals(asm: &mut Asm) {
    let fits = asm.local();
    asm.function(MULTIPLY_REALS);
    asm.op3(Opcode::Mulhw, r(5), r(3), r(4));
    asm.op3(Opcode::Mullw, r(6), r(3), r(4));
    asm.op(Opcode::Addis, [r(7).into(), Operand::Imm(0), Operand::Imm(1)]);
    arithmetic_shift(asm, r(7), r(7), 1);
    asm.comment("half of what is dropped");
    asm.op3(Opcode::Addc, r(6), r(6), r(7));
    asm.op(Opcode::Addze, [r(5).into(), r(5).into()]);
    asm.field(r(3), r(5), 16, 0, 15);
    let low = [16, 16, 31].map(Operand::Imm);
    let [turn, first, last] = low;
    asm.op(Opcode::Rlwimi, [r(3).into(), r(6).into(), turn, first, last]);
    asm.op(Opcode::Extsh, [r(6).into(), r(5).into()]);
    compare(asm, r(5), r(6));
    asm.branch(Test::Eq, &fits);
    extreme(asm, r(3), r(5));
    asm.label(&fits);
    asm.ret();
}

/// Quotient as a real: the whole part by a division, 16 bits of the fraction by subtraction, then
/// the rounding; of magnitudes, the sign comes last.
pub(super) fn divide(asm: &mut Asm) {
    let [go_on, large, again, round] = [(); 4].map(|()| asm.local());
    asm.function(DIVIDE);
    asm.op3(Opcode::Xor, r(9), r(3), r(4));
    asm.compare(r(4), 0);
    asm.branch(Test::Ne, &go_on);
    asm.op3(Opcode::Or, r(9), r(3), r(3));
    asm.compare(r(3), 0);
    asm.branch(Test::Ne, &large);
    asm.ret();
    asm.label(&go_on);
    for (value, sign) in [(r(3), r(10)), (r(4), r(11))] {
        // Magnitudes, as unsigned numbers.
        arithmetic_shift(asm, sign, value, 31);
        asm.op3(Opcode::Xor, value, value, sign);
        asm.op3(Opcode::Subf, value, sign, value);
    }
    asm.op3(Opcode::Divwu, r(5), r(3), r(4));
    asm.field(r(6), r(5), 17, 15, 31);
    asm.comment("bits from 15 on of the whole part");
    asm.compare(r(6), 0);
    asm.branch(Test::Ne, &large);
    asm.op3(Opcode::Mullw, r(6), r(5), r(4));
    asm.op3(Opcode::Subf, r(6), r(6), r(3));
    asm.comment("remainder");
    asm.constant(r(7), FRACTION_BITS.cast_signed());
    asm.op(Opcode::Mtspr, [Operand::Imm(i32::from(Spr::CTR.0)), r(7).into()]);
    asm.label(&again);
    let fraction_bit = |asm: &mut Asm, quotient: Reg| {
        // The remainder is below the divisor, so that twice of it is below 2^32; the carry tells
        // whether the divisor is in it, and is kept as a mask of the difference.
        asm.op3(Opcode::Add, r(6), r(6), r(6));
        asm.op3(Opcode::Subfc, r(7), r(4), r(6));
        asm.op3(Opcode::Subfe, r(8), r(8), r(8));
        asm.op3(Opcode::Andc, r(12), r(4), r(8));
        asm.op3(Opcode::Subf, r(6), r(12), r(6));
        asm.add_constant(r(8), r(8), 1);
        asm.op3(Opcode::Add, r(5), r(5), quotient);
        asm.op3(Opcode::Add, r(5), r(5), r(8));
    };
    fraction_bit(asm, r(5));
    asm.op(Opcode::Bc, [Operand::Imm(16), Operand::Imm(0), again.as_str().into()]);
    // One bit more rounds.
    asm.constant(r(3), 0);
    fraction_bit(asm, r(3));
    arithmetic_shift(asm, r(9), r(9), 31);
    asm.compare(r(5), 0);
    asm.branch(Test::Ge, &round);
    asm.comment("rounded up to 2^31: fits only if negative");
    asm.label(&large);
    extreme(asm, r(3), r(9));
    asm.ret();
    asm.label(&round);
    asm.op3(Opcode::Xor, r(3), r(5), r(9));
    asm.op3(Opcode::Subf, r(3), r(9), r(3));
    asm.ret();
}

/// A step of the scalar generator ([`pl_fixed::rng::xorshift32`]), into r3; r4 is overwritten.
pub(super) fn draw_word(asm: &mut Asm, word: Sym) {
    asm.function(DRAW_WORD);
    asm.load(r(3), word);
    // Shifts left by 13, right by 17, left by 5.
    for (turn, first, last) in [(13, 0, 18), (15, 17, 31), (5, 0, 26)] {
        asm.field(r(4), r(3), turn, first, last);
        asm.op3(Opcode::Xor, r(3), r(3), r(4));
    }
    asm.store(r(3), word);
    asm.ret();
}
