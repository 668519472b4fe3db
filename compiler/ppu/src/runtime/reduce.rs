//! Reductions: the scalar core joins the lanes that the vector unit stored.

use super::asm::{Asm, r};
use super::sensors::{byte_of_halfword, each_byte, next_byte};
use super::{REDUCE_MAX, REDUCE_MIN};
use crate::memory::Memory;
use crate::vcode::{Operand, Test};
use pl_isa::Opcode;

/// Joins the lanes at `plc_lanes` in columns of the view, into r3.
pub(super) fn routine(asm: &mut Asm, memory: &Memory, name: &str) {
    let lanes = memory.lanes.expect("a module that reduces has a place for lanes");
    let skip = asm.local();
    asm.function(name);
    let first = match name {
        REDUCE_MIN => i32::from(i16::MAX),
        REDUCE_MAX => i32::from(i16::MIN),
        _ => 0,
    };
    asm.constant(r(3), first);
    asm.address(r(4), lanes);
    let again = each_byte(asm);
    byte_of_halfword(asm, r(7), r(5));
    asm.op(Opcode::Lbz, [r(6).into(), Operand::Addr(memory.column_mask, 0), r(7).into()]);
    asm.compare(r(6), 0);
    asm.branch(Test::Eq, &skip);
    asm.op3(Opcode::Add, r(6), r(5), r(5));
    asm.op3(Opcode::Lhax, r(6), r(4), r(6));
    let further = match name {
        REDUCE_MIN => Some(Test::Ge),
        REDUCE_MAX => Some(Test::Le),
        _ => None,
    };
    match further {
        None => asm.op3(Opcode::Add, r(3), r(3), r(6)),
        Some(test) => {
            asm.op(Opcode::Cmpw, [Operand::Imm(0), r(6).into(), r(3).into()]);
            asm.branch(test, &skip);
            asm.op3(Opcode::Or, r(3), r(6), r(6));
        }
    }
    asm.label(&skip);
    next_byte(asm, &again);
    asm.ret();
}
