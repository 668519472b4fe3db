//! Scalars: 32-bit integers on the general purpose registers.

use super::{At, Lowering, test_of};
use crate::memory::{ObjectPlace, Sym};
use crate::runtime::DIVIDE;
use crate::vcode::{Class, Inst, Operand, R3, R4, Recipe, Reg, Test, Work};
use pl_ir::op::Cond;
use pl_ir::{Imm, InstData, Op, Value};
use pl_isa::Opcode;

/// Data address of the register that sends events into the top half (bus word 0x0011_0000, haldls
/// `padi_base_addresses`; the chip reference, 1.5).
const INJECTION: i32 = (0x8000_0000_u32 | (0x0011_0000 << 2)).cast_signed();
/// That of the bottom half is 0x8000 bus words on.
const INJECTION_STEP_SHIFT: i32 = 17;

impl Lowering<'_> {
    /// Loads a word of memory into the result.
    pub(super) fn load_word(&mut self, inst: &InstData, sym: Sym) {
        let to = self.result(inst, 0);
        self.emit(Opcode::Lwz, vec![to.into(), Operand::Addr(sym, 0), Operand::Imm(0)]);
    }

    pub(super) fn view_row(&mut self, inst: &InstData) {
        let to = self.result(inst, 0);
        self.load_view_row(to, inst.args[0]);
    }

    /// The hardware row of a row position.
    pub(super) fn load_view_row(&mut self, to: Reg, position: Value) {
        let position = self.scalar(position);
        let table = Operand::Addr(self.memory.view_row_table, 0);
        self.emit(Opcode::Lbz, vec![to.into(), table, position.into()]);
    }

    pub(super) fn row_sign(&mut self, inst: &InstData) {
        let (to, position) = (self.result(inst, 0), self.scalar(inst.args[0]));
        let byte = self.new_scalar();
        let table = Operand::Addr(self.memory.row_signs, 0);
        self.emit(Opcode::Lbz, vec![byte.into(), table, position.into()]);
        self.emit(Opcode::Extsb, vec![to.into(), byte.into()]);
    }

    /// `a - (a / b) * b`; division by 0 gives all ones, times 0 is 0, so `a rem 0` is `a`.
    pub(super) fn remainder(&mut self, inst: &InstData) {
        let to = self.result(inst, 0);
        let (a, b) = self.operands(inst);
        let quotient = self.apply(Opcode::Divwu, a, b);
        let product = self.apply(Opcode::Mullw, quotient, b);
        self.emit(Opcode::Subf, vec![to.into(), product.into(), a.into()]);
    }

    /// The core gives all ones for a division by 0 (ppu-isa reference, 3.2).
    pub(super) fn quotient(&mut self, inst: &InstData) {
        let to = self.result(inst, 0);
        let (a, b) = self.operands(inst);
        self.emit(Opcode::Divwu, vec![to.into(), a.into(), b.into()]);
    }

    pub(super) fn scalar_add(&mut self, inst: &InstData) {
        let to = self.result(inst, 0);
        for (value, other) in [(inst.args[1], inst.args[0]), (inst.args[0], inst.args[1])] {
            if let Some(small) = self.known(value).filter(|x| i16::try_from(*x).is_ok()) {
                let other = self.scalar(other);
                return self.emit(Opcode::Addi, vec![to.into(), other.into(), small.into()]);
            }
        }
        let (a, b) = self.operands(inst);
        self.emit(Opcode::Add, vec![to.into(), a.into(), b.into()]);
    }

    pub(super) fn scalar_sub(&mut self, inst: &InstData) {
        let to = self.result(inst, 0);
        let (a, b) = self.operands(inst);
        self.emit(Opcode::Subf, vec![to.into(), b.into(), a.into()]);
    }

    pub(super) fn scalar_mul(&mut self, inst: &InstData) {
        let to = self.result(inst, 0);
        let (a, b) = self.operands(inst);
        self.emit(Opcode::Mullw, vec![to.into(), a.into(), b.into()]);
    }

    pub(super) fn scalar_mul_high(&mut self, inst: &InstData) {
        let to = self.result(inst, 0);
        let (a, b) = self.operands(inst);
        self.emit(Opcode::Mulhwu, vec![to.into(), a.into(), b.into()]);
    }

    /// A shift; one that rounds adds the highest of the bits that it drops.
    pub(super) fn scalar_shift(&mut self, inst: &InstData) {
        let Imm::Shift(places) = inst.imm else { unreachable!("verified: a shift has places") };
        let (to, value, places) = (self.result(inst, 0), self.scalar(inst.args[0]), places.into());
        let field = |turn, first, last| {
            let field = [turn, first, last].map(Operand::Imm);
            [&[to.into(), value.into()], &field[..]].concat()
        };
        match inst.op {
            Op::Shl => self.emit(Opcode::Rlwinm, field(places, 0, 31 - places)),
            Op::ShrLogical => self.emit(Opcode::Rlwinm, field(32 - places, places, 31)),
            Op::ShrRound => {
                let shifted = self.shift_right(value, places);
                let half = self.bits(value, (33 - places) % 32, 31, 31);
                self.emit(Opcode::Add, vec![to.into(), shifted.into(), half.into()]);
            }
            Op::ShrRoundAway => {
                // Of the magnitude, as an unsigned number; then the sign again.
                let sign = self.shift_right(value, 31);
                let turned = self.apply(Opcode::Xor, value, sign);
                let magnitude = self.apply(Opcode::Subf, sign, turned);
                let shifted = self.bits(magnitude, 32 - places, places, 31);
                let half = self.bits(magnitude, (33 - places) % 32, 31, 31);
                let rounded = self.apply(Opcode::Add, shifted, half);
                let turned = self.apply(Opcode::Xor, rounded, sign);
                self.emit(Opcode::Subf, vec![to.into(), sign.into(), turned.into()]);
            }
            Op::Const
            | Op::Derived
            | Op::ViewRows
            | Op::ViewRow
            | Op::RowSign
            | Op::UpdateIndex
            | Op::Hemisphere
            | Op::RemU
            | Op::DivU
            | Op::MulHighU
            | Op::MulSat
            | Op::MulReal
            | Op::DivReal
            | Op::Add
            | Op::Sub
            | Op::Mul
            | Op::AddSat
            | Op::SubSat
            | Op::Min
            | Op::Max
            | Op::Compare
            | Op::Select
            | Op::ShrFloor
            | Op::MulFrac
            | Op::MulFracRound
            | Op::Splat
            | Op::Widen
            | Op::Narrow
            | Op::ReduceAdd
            | Op::ReduceMin
            | Op::ReduceMax
            | Op::Column
            | Op::MaskAnd
            | Op::MaskOr
            | Op::MaskNot
            | Op::Read
            | Op::Write
            | Op::Load
            | Op::Store
            | Op::LoadElement
            | Op::StoreElement
            | Op::Draw
            | Op::DrawWord
            | Op::Send
            | Op::RecordOpen
            | Op::RecordPut => {
                self.emit(Opcode::Srawi, vec![to.into(), value.into(), places.into()])
            }
        }
    }

    pub(super) fn scalar_add_sat(&mut self, inst: &InstData) {
        let (a, b) = self.operands(inst);
        let sum = self.apply(Opcode::Add, a, b);
        // It overflowed if the sum's sign differs from both operands'.
        let (from_a, from_b) = (self.apply(Opcode::Xor, sum, a), self.apply(Opcode::Xor, sum, b));
        let overflow = self.apply(Opcode::And, from_a, from_b);
        self.saturate(inst, a, sum, overflow);
    }

    pub(super) fn scalar_sub_sat(&mut self, inst: &InstData) {
        let (a, b) = self.operands(inst);
        let difference = self.apply(Opcode::Subf, b, a);
        // It overflowed if the operands' signs differ and the difference's from the first.
        let signs = self.apply(Opcode::Xor, a, b);
        let changed = self.apply(Opcode::Xor, a, difference);
        let overflow = self.apply(Opcode::And, signs, changed);
        self.saturate(inst, a, difference, overflow);
    }

    /// `wrapped`, or the extreme of `a`'s sign if `overflow` is negative.
    fn saturate(&mut self, inst: &InstData, a: Reg, wrapped: Reg, overflow: Reg) {
        let to = self.result(inst, 0);
        let sign = self.shift_right(a, 31);
        let largest = self.constant(Recipe::Scalar(i32::MAX));
        let extreme = self.apply(Opcode::Xor, sign, largest);
        let choice = self.shift_right(overflow, 31);
        self.choose(to, choice, extreme, wrapped);
    }

    /// Arithmetic shift right.
    fn shift_right(&mut self, value: Reg, places: i32) -> Reg {
        let to = self.new_scalar();
        self.emit(Opcode::Srawi, vec![to.into(), value.into(), places.into()]);
        to
    }

    /// Logical shift left.
    pub(super) fn shift_left(&mut self, value: Reg, places: i32) -> Reg {
        let to = self.new_scalar();
        let last = Operand::Imm(31 - places);
        self.emit(
            Opcode::Rlwinm,
            vec![to.into(), value.into(), places.into(), Operand::Imm(0), last],
        );
        to
    }

    /// `yes` where `choice` has ones, `no` where it has zeros.
    fn choose(&mut self, to: Reg, choice: Reg, yes: Reg, no: Reg) {
        let taken = self.apply(Opcode::And, yes, choice);
        let other = self.apply(Opcode::Andc, no, choice);
        self.emit(Opcode::Or, vec![to.into(), taken.into(), other.into()]);
    }

    /// Of `a` and `b`, `a - b` if that is not negative, else 0, makes the smaller one of `a` and
    /// the larger one of `b`. With the sign bits turned over, signed numbers are in the order of
    /// unsigned ones, of which the carry of a subtraction tells the order.
    pub(super) fn scalar_extreme(&mut self, inst: &InstData) {
        let to = self.result(inst, 0);
        let (a, b) = self.operands(inst);
        let [x, y] = [inst.args[0], inst.args[1]].map(|value| match self.known(value) {
            Some(known) => self.constant(Recipe::Scalar(known ^ i32::MIN)),
            None => {
                let (from, turned) = (self.scalar(value), self.new_scalar());
                let sign = Operand::Imm(0x8000);
                self.emit(Opcode::Xoris, vec![turned.into(), from.into(), sign]);
                turned
            }
        });
        let (difference, less) = (self.apply(Opcode::Subfc, y, x), self.new_scalar());
        self.emit(Opcode::Subfe, vec![less.into(), difference.into(), difference.into()]);
        let excess = self.apply(Opcode::Andc, difference, less);
        match inst.op {
            Op::Min => self.emit(Opcode::Subf, vec![to.into(), excess.into(), a.into()]),
            Op::Const
            | Op::Derived
            | Op::ViewRows
            | Op::ViewRow
            | Op::RowSign
            | Op::UpdateIndex
            | Op::Hemisphere
            | Op::RemU
            | Op::DivU
            | Op::MulHighU
            | Op::MulSat
            | Op::MulReal
            | Op::DivReal
            | Op::Add
            | Op::Sub
            | Op::Mul
            | Op::AddSat
            | Op::SubSat
            | Op::Max
            | Op::Compare
            | Op::Select
            | Op::Shl
            | Op::ShrLogical
            | Op::ShrFloor
            | Op::ShrRound
            | Op::ShrRoundAway
            | Op::MulFrac
            | Op::MulFracRound
            | Op::Splat
            | Op::Widen
            | Op::Narrow
            | Op::ReduceAdd
            | Op::ReduceMin
            | Op::ReduceMax
            | Op::Column
            | Op::MaskAnd
            | Op::MaskOr
            | Op::MaskNot
            | Op::Read
            | Op::Write
            | Op::Load
            | Op::Store
            | Op::LoadElement
            | Op::StoreElement
            | Op::Draw
            | Op::DrawWord
            | Op::Send
            | Op::RecordOpen
            | Op::RecordPut => self.emit(Opcode::Add, vec![to.into(), excess.into(), b.into()]),
        }
    }

    pub(super) fn scalar_compare(&mut self, inst: &InstData) {
        let Imm::Cond(cond) = inst.imm else { unreachable!("verified: cmp has a condition") };
        let tested_only = inst.result.is_none_or(|value| self.uses[value.index()] == 0);
        if !tested_only {
            let to = self.result(inst, 0);
            self.compare_into(to, cond, inst.args[0], inst.args[1]);
        }
    }

    /// 1 if the comparison holds, else 0, by way of the condition register.
    fn compare_into(&mut self, to: Reg, cond: Cond, a: Value, b: Value) {
        self.emit_compare(a, b);
        let (bit, negated) = match cond {
            Cond::Lt => (0, false),
            Cond::Ge => (0, true),
            Cond::Gt => (1, false),
            Cond::Le => (1, true),
            Cond::Eq => (2, false),
            Cond::Ne => (2, true),
        };
        let all = self.new_scalar();
        self.emit(Opcode::Mfcr, vec![all.into()]);
        let holds = if negated { self.new_scalar() } else { to };
        let (turn, last) = (Operand::Imm(bit + 1), Operand::Imm(31));
        self.emit(Opcode::Rlwinm, vec![holds.into(), all.into(), turn, last.clone(), last]);
        if negated {
            self.emit(Opcode::Xori, vec![to.into(), holds.into(), Operand::Imm(1)]);
        }
    }

    /// Compares two scalars into condition field 0.
    fn emit_compare(&mut self, a: Value, b: Value) {
        let left = self.scalar(a);
        match self.known(b).filter(|x| i16::try_from(*x).is_ok()) {
            Some(small) => {
                self.emit(Opcode::Cmpwi, vec![Operand::Imm(0), left.into(), small.into()]);
            }
            None => {
                let right = self.scalar(b);
                self.emit(Opcode::Cmpw, vec![Operand::Imm(0), left.into(), right.into()]);
            }
        }
    }

    /// The comparison that a branch tests, emitted at the end of the block.
    pub(super) fn branch_test(&mut self, cond: Value) -> Test {
        if let Some(InstData { op: Op::Compare, imm: Imm::Cond(test), args, .. }) =
            self.defs[cond.index()]
        {
            self.emit_compare(args[0], args[1]);
            return test_of(*test);
        }
        let value = self.scalar(cond);
        self.emit(Opcode::Cmpwi, vec![Operand::Imm(0), value.into(), Operand::Imm(0)]);
        Test::Ne
    }

    pub(super) fn scalar_select(&mut self, inst: &InstData) {
        let to = self.result(inst, 0);
        let [cond, yes, no] = [0, 1, 2].map(|i| self.scalar(inst.args[i]));
        // The carry of 0 - cond is set only if cond is 0; then all ones become 0.
        let (unused, choice) = (self.new_scalar(), self.new_scalar());
        self.emit(Opcode::Subfic, vec![unused.into(), cond.into(), Operand::Imm(0)]);
        self.emit(Opcode::Subfe, vec![choice.into(), unused.into(), unused.into()]);
        self.choose(to, choice, yes, no);
    }

    pub(super) fn load(&mut self, inst: &InstData, at: At) {
        let Imm::Object(id) = inst.imm else { unreachable!("verified: it names an object") };
        let place = self.memory.objects[id.index()];
        match (at, place) {
            (At::Part(part), _) => self.load_lanes(inst, place, part),
            (At::Scalar, ObjectPlace::Internal(sym)) => {
                let to = self.result(inst, 0);
                let base = self.word_base(&inst.args);
                self.emit(Opcode::Lwz, vec![to.into(), Operand::Addr(sym, 0), base]);
            }
            (At::Scalar, ObjectPlace::External(_)) => unreachable!("scalars are kept inside"),
        }
    }

    pub(super) fn store(&mut self, inst: &InstData, at: At) {
        let Imm::Object(id) = inst.imm else { unreachable!("verified: it names an object") };
        let place = self.memory.objects[id.index()];
        let (value, row) = inst.args.split_last().expect("verified: a store has a value");
        match (at, place) {
            (At::Part(part), _) => self.store_lanes(inst, place, part),
            (At::Scalar, ObjectPlace::Internal(sym)) => {
                let (from, base) = (self.scalar(*value), self.word_base(row));
                self.emit(Opcode::Stw, vec![from.into(), Operand::Addr(sym, 0), base]);
            }
            (At::Scalar, ObjectPlace::External(_)) => unreachable!("scalars are kept inside"),
        }
    }

    /// Base register of a word of a table: four times the row position, if there is one.
    fn word_base(&mut self, row: &[Value]) -> Operand {
        match row.first() {
            Some(position) => self.scaled(*position, 2).into(),
            None => Operand::Imm(0),
        }
    }

    /// A row position times a power of two.
    pub(super) fn scaled(&mut self, position: Value, places: u32) -> Reg {
        if let Some(reg) = self.state.scaled.get(&(position, places)) {
            return *reg;
        }
        let value = self.scalar(position);
        let reg = self.shift_left(value, places.cast_signed());
        self.state.scaled.insert((position, places), reg);
        reg
    }

    /// Calls a routine that gives a word in r3; it takes these in r3 and r4.
    pub(super) fn call_for_word(&mut self, inst: &InstData, routine: &str, args: &[Reg]) {
        let places = [R3, R4];
        for (place, arg) in places.iter().zip(args) {
            self.push(Inst::copy(Class::Scalar, *place, *arg));
        }
        let work = if routine == DIVIDE { Work::Divide } else { Work::Arithmetic };
        self.push(Inst::call(routine, &places[..args.len()]).working(work));
        let to = self.result(inst, 0);
        self.push(Inst::copy(Class::Scalar, to, R3));
    }

    /// The same with the operands of the instruction.
    pub(super) fn call_with_operands(&mut self, inst: &InstData, routine: &str) {
        let (a, b) = self.operands(inst);
        self.call_for_word(inst, routine, &[a, b]);
    }

    /// The elements of an array stand one behind the other.
    fn element(&mut self, inst: &InstData) -> [Operand; 2] {
        let Imm::Array(first, _) = inst.imm else { unreachable!("verified: it names an array") };
        match self.memory.objects[first.index()] {
            ObjectPlace::Internal(sym) => {
                let offset = self.scaled(inst.args[0], 2);
                [Operand::Addr(sym, 0), offset.into()]
            }
            ObjectPlace::External(_) => unreachable!("scalars are kept inside"),
        }
    }

    pub(super) fn load_element(&mut self, inst: &InstData) {
        let to = self.result(inst, 0);
        let [sym, offset] = self.element(inst);
        self.emit(Opcode::Lwz, vec![to.into(), sym, offset]);
    }

    pub(super) fn store_element(&mut self, inst: &InstData) {
        let from = self.scalar(inst.args[1]);
        let [sym, offset] = self.element(inst);
        self.emit(Opcode::Stw, vec![from.into(), sym, offset]);
    }

    fn operands(&mut self, inst: &InstData) -> (Reg, Reg) {
        (self.scalar(inst.args[0]), self.scalar(inst.args[1]))
    }

    /// An event for the driver of a row: bits 3 to 0 of the word select one of four buses, bits 21 to
    /// 16 are the address, bits 26 to 22 the driver's position on its bus (haldls `padi.cpp`; the
    /// chip reference, 1.5). For a row below 0 no bus is selected, so nothing is sent.
    pub(super) fn send(&mut self, inst: &InstData) {
        let (row, address) = self.operands(inst);
        let bus = self.bits(row, 31, 30, 31);
        let one = self.constant(Recipe::Scalar(1));
        let bus = self.apply(Opcode::Slw, one, bus);
        let outside = self.shift_right(row, 31);
        let bus = self.apply(Opcode::Andc, bus, outside);
        let address = self.bits(address, 16, 10, 15);
        // Bits 7 to 3 of the row.
        let position = self.bits(row, 19, 5, 9);
        let word = self.apply(Opcode::Or, bus, address);
        let word = self.apply(Opcode::Or, word, position);
        let hemisphere = self.new_scalar();
        let symbol = Operand::Addr(self.memory.hemisphere, 0);
        self.emit(Opcode::Lwz, vec![hemisphere.into(), symbol, Operand::Imm(0)]);
        let offset = self.shift_left(hemisphere, INJECTION_STEP_SHIFT);
        let register = self.constant(Recipe::Scalar(INJECTION));
        let register = self.apply(Opcode::Add, register, offset);
        self.emit(Opcode::Stw, vec![word.into(), Operand::Imm(0), register.into()]);
    }

    /// `value` turned left, of which the bits `first..=last` stay (bit 0 is the highest).
    fn bits(&mut self, value: Reg, turn: i32, first: i32, last: i32) -> Reg {
        let to = self.new_scalar();
        let field = [turn, first, last].map(Operand::Imm);
        self.emit(Opcode::Rlwinm, [&[to.into(), value.into()], &field[..]].concat());
        to
    }

    /// A three-register instruction with a new destination.
    pub(super) fn apply(&mut self, opcode: Opcode, a: Reg, b: Reg) -> Reg {
        let to = self.new_scalar();
        self.emit(opcode, vec![to.into(), a.into(), b.into()]);
        to
    }
}
