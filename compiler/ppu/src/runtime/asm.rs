//! A small assembler for the runtime's routines: instructions over physical registers.

use crate::emit::{self, Line};
use crate::memory::Sym;
use crate::vcode::{Inst, Operand, Reg, Test, load_immediate};
use pl_isa::{Cond, Opcode};

/// A general purpose register.
pub(super) const fn r(number: u32) -> Reg {
    Reg::gpr(number)
}

/// A vector register.
pub(super) const fn v(number: u32) -> Reg {
    Reg::vr(number)
}

/// Collects lines.
#[derive(Default)]
pub(super) struct Asm {
    pub(super) lines: Vec<Line>,
    locals: u32,
}

impl Asm {
    /// Begins a routine.
    pub(super) fn function(&mut self, name: &str) {
        self.lines.push(Line::Function(name.into()));
    }

    /// Places a label.
    pub(super) fn label(&mut self, name: &str) {
        self.lines.push(Line::Label(name.into()));
    }

    /// A label that is used nowhere else yet.
    pub(super) fn local(&mut self) -> String {
        self.locals += 1;
        format!("plc_l{}", self.locals)
    }

    pub(super) fn inst(&mut self, inst: Inst) {
        self.lines.push(Line::Inst(inst));
    }

    /// An instruction with operands in assembly order.
    pub(super) fn op<const N: usize>(&mut self, opcode: Opcode, operands: [Operand; N]) {
        self.inst(Inst::new(opcode, operands.to_vec()));
    }

    /// Three registers.
    pub(super) fn op3(&mut self, opcode: Opcode, to: Reg, a: Reg, b: Reg) {
        self.op(opcode, [to.into(), a.into(), b.into()]);
    }

    /// Explains the instruction before.
    pub(super) fn comment(&mut self, text: &str) {
        if let Some(Line::Inst(inst)) = self.lines.last_mut() {
            inst.comment = Some(text.into());
        }
    }

    pub(super) fn constant(&mut self, to: Reg, value: i32) {
        load_immediate(to, value).into_iter().for_each(|inst| self.inst(inst));
    }

    /// The address of a datum.
    pub(super) fn address(&mut self, to: Reg, sym: Sym) {
        self.op(Opcode::Addi, [to.into(), Operand::Imm(0), Operand::Addr(sym, 0)]);
    }

    pub(super) fn add_constant(&mut self, to: Reg, from: Reg, value: i32) {
        self.op(Opcode::Addi, [to.into(), from.into(), value.into()]);
    }

    /// A word of memory.
    pub(super) fn load(&mut self, to: Reg, sym: Sym) {
        self.op(Opcode::Lwz, [to.into(), Operand::Addr(sym, 0), Operand::Imm(0)]);
    }

    pub(super) fn store(&mut self, from: Reg, sym: Sym) {
        self.op(Opcode::Stw, [from.into(), Operand::Addr(sym, 0), Operand::Imm(0)]);
    }

    /// A word of a table, `offset` bytes into it.
    pub(super) fn load_at(&mut self, to: Reg, sym: Sym, offset: Reg) {
        self.op(Opcode::Lwz, [to.into(), Operand::Addr(sym, 0), offset.into()]);
    }

    pub(super) fn store_at(&mut self, from: Reg, sym: Sym, offset: Reg) {
        self.op(Opcode::Stw, [from.into(), Operand::Addr(sym, 0), offset.into()]);
    }

    /// Adds 1 to a word of memory, by way of a register.
    pub(super) fn count(&mut self, sym: Sym, by_way_of: Reg) {
        self.load(by_way_of, sym);
        self.add_constant(by_way_of, by_way_of, 1);
        self.store(by_way_of, sym);
    }

    /// Rotates left by `turn` and keeps bits `first..=last`, 0 the most significant.
    pub(super) fn field(&mut self, to: Reg, from: Reg, turn: i32, first: i32, last: i32) {
        let [turn, first, last] = [turn, first, last].map(Operand::Imm);
        self.op(Opcode::Rlwinm, [to.into(), from.into(), turn, first, last]);
    }

    pub(super) fn compare(&mut self, a: Reg, value: i32) {
        self.op(Opcode::Cmpwi, [Operand::Imm(0), a.into(), value.into()]);
    }

    /// Unsigned.
    pub(super) fn compare_unsigned(&mut self, a: Reg, b: Reg) {
        self.op(Opcode::Cmplw, [Operand::Imm(0), a.into(), b.into()]);
    }

    pub(super) fn branch(&mut self, test: Test, target: &str) {
        self.inst(emit::branch(test, target.into()));
    }

    pub(super) fn jump(&mut self, target: &str) {
        self.inst(emit::jump(target.into()));
    }

    pub(super) fn call(&mut self, target: &str) {
        self.inst(Inst::call(target, &[]));
    }

    pub(super) fn ret(&mut self) {
        self.inst(emit::ret());
    }

    /// Waits until scalar and vector memory operations have finished.
    pub(super) fn sync(&mut self) {
        self.op(Opcode::Sync, [Operand::Imm(0)]);
    }

    /// `value` in every halfword, by way of a register.
    pub(super) fn splat(&mut self, to: Reg, value: i32, by_way_of: Reg) {
        self.constant(by_way_of, value);
        self.op(Opcode::Fxvsplath, [to.into(), by_way_of.into()]);
    }

    /// Reads a half row: plane base in a register, index in another.
    pub(super) fn read(&mut self, to: Reg, base: Reg, index: Reg) {
        self.op3(Opcode::Fxvinx, to, base, index);
    }

    /// Writes a half row in lanes of a condition.
    pub(super) fn write_if(&mut self, from: Reg, base: Operand, index: Reg, cond: Cond) {
        let operands = vec![from.into(), base, index.into()];
        self.inst(Inst { cond, ..Inst::new(Opcode::Fxvoutx, operands) });
    }

    /// Vector load or store at the address in a register.
    pub(super) fn vector(&mut self, opcode: Opcode, reg: Reg, address: Reg) {
        self.op(opcode, [reg.into(), Operand::Imm(0), address.into()]);
    }
}
