//! Scalar arithmetic that is too long to stand where it is used.

use super::DRAW_WORD;
use super::asm::{Asm, r};
use crate::memory::Sym;
use pl_isa::Opcode;

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
