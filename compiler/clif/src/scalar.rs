//! Instructions without vectors.

use crate::context::Context;
use crate::function::Translator;
use crate::lanes;
use crate::plan::row_position;
use crate::run::ACCESS;
use core::mem::offset_of;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Native, types};
use pl_ir::{Imm, InstData, Op};

/// Fraction bits of a real.
const FRACTION_BITS: i64 = pl_fixed::word::FRACTION_BITS as i64;

impl Translator<'_, '_> {
    /// Emits an instruction without vectors.
    pub(crate) fn scalar_inst(&mut self, inst: &InstData) {
        let native = self.scalar_result(inst);
        if let (Some(result), Some(native)) = (inst.result, native) {
            self.scalars[result.index()] = Some(native);
        }
    }

    /// What an instruction gives that reads or writes something; the others are pure.
    fn scalar_result(&mut self, inst: &InstData) -> Option<Native> {
        Some(match (inst.op, inst.imm) {
            (Op::Derived, Imm::Derived(id)) => {
                let table = self.context_pointer(offset_of!(Context, derived));
                let offset = i32::try_from(4 * id.index()).unwrap_or(i32::MAX);
                self.b.ins().load(types::I32, ACCESS, table, offset)
            }
            (Op::ViewRows, _) => self.context_word(offset_of!(Context, view_rows)),
            (Op::UpdateIndex, _) => self.context_word(offset_of!(Context, update_index)),
            (Op::Hemisphere, _) => self.context_word(offset_of!(Context, hemisphere)),
            (Op::ViewRow, _) => {
                let address = self.row_byte(inst, offset_of!(Context, rows));
                self.b.ins().uload8(types::I32, ACCESS, address, 0)
            }
            (Op::RowSign, _) => {
                let address = self.row_byte(inst, offset_of!(Context, row_signs));
                self.b.ins().sload8(types::I32, ACCESS, address, 0)
            }
            (Op::Load, Imm::Object(id)) => {
                let first = self.object_pointer(id.index());
                let address = self.element(first, inst);
                self.b.ins().load(types::I32, ACCESS, address, 0)
            }
            (Op::Store, Imm::Object(id)) => {
                let first = self.object_pointer(id.index());
                self.put(first, inst);
                return None;
            }
            (Op::LoadElement, Imm::Array(first, len)) => {
                let address = self.element_pointer(first.index(), len, inst.args[0]);
                self.b.ins().load(types::I32, ACCESS, address, 0)
            }
            (Op::StoreElement, Imm::Array(first, len)) => {
                let address = self.element_pointer(first.index(), len, inst.args[0]);
                let value = self.scalar(inst.args[1]);
                self.b.ins().store(ACCESS, value, address, 0);
                return None;
            }
            (Op::DrawWord, _) => self.draw_word(),
            (Op::Send, _) => {
                let (row, address) = (self.scalar(inst.args[0]), self.scalar(inst.args[1]));
                self.send(row, address);
                return None;
            }
            (Op::RecordOpen, Imm::Record(id)) => self.record_open(id.index()),
            (Op::RecordPut, Imm::Field(record, field)) => {
                let first = self.record_field(record.index(), field);
                self.put(first, inst);
                return None;
            }
            _ => self.scalar_pure(inst),
        })
    }

    /// What an instruction gives whose operands say all.
    fn scalar_pure(&mut self, inst: &InstData) -> Native {
        let args: Vec<Native> = inst.args.iter().map(|arg| self.scalar(*arg)).collect();
        match inst.op {
            Op::Const => {
                let Imm::Int(value) = inst.imm else {
                    unreachable!("verified: a constant has a value")
                };
                self.b.ins().iconst(types::I32, i64::from(value.cast_unsigned()))
            }
            Op::Compare => {
                let Imm::Cond(cond) = inst.imm else {
                    unreachable!("verified: cmp has a condition")
                };
                let holds = self.b.ins().icmp(lanes::condition(cond), args[0], args[1]);
                self.b.ins().uextend(types::I32, holds)
            }
            Op::Select => self.b.ins().select(args[0], args[1], args[2]),
            Op::Add => self.b.ins().iadd(args[0], args[1]),
            Op::Sub => self.b.ins().isub(args[0], args[1]),
            Op::Mul => self.b.ins().imul(args[0], args[1]),
            Op::Min => self.b.ins().smin(args[0], args[1]),
            Op::Max => self.b.ins().smax(args[0], args[1]),
            Op::AddSat | Op::SubSat => self.saturating(inst.op, args[0], args[1]),
            Op::RemU => self.remainder(args[0], args[1]),
            Op::DivU => self.quotient(args[0], args[1]),
            Op::MulHighU => {
                let [x, y] = [args[0], args[1]].map(|x| self.b.ins().uextend(types::I64, x));
                let product = self.b.ins().imul(x, y);
                let high = self.b.ins().ushr_imm_u(product, 32);
                self.b.ins().ireduce(types::I32, high)
            }
            Op::MulSat | Op::MulReal => self.product(inst.op, args[0], args[1]),
            Op::DivReal => self.real_quotient(args[0], args[1]),
            Op::Shl | Op::ShrLogical | Op::ShrFloor | Op::ShrRound | Op::ShrRoundAway => {
                self.shifted(inst, args[0])
            }
            Op::Derived
            | Op::ViewRows
            | Op::ViewRow
            | Op::RowSign
            | Op::UpdateIndex
            | Op::Hemisphere
            | Op::Load
            | Op::Store
            | Op::LoadElement
            | Op::StoreElement
            | Op::DrawWord
            | Op::Send
            | Op::RecordOpen
            | Op::RecordPut => unreachable!("verified: `{}` has its immediate", inst.op.name()),
            Op::MulFrac
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
            | Op::Draw => unreachable!("verified: `{}` has vectors", inst.op.name()),
        }
    }

    /// A step of the scalar generator ([`pl_fixed::rng::xorshift32`]).
    fn draw_word(&mut self) -> Native {
        let place = self.context_pointer(offset_of!(Context, rng_word));
        let mut word = self.b.ins().load(types::I32, ACCESS, place, 0);
        for places in [13, -17, 5] {
            let shifted = match places > 0 {
                true => self.b.ins().ishl_imm_u(word, places),
                false => self.b.ins().ushr_imm_u(word, -places),
            };
            word = self.b.ins().bxor(word, shifted);
        }
        self.b.ins().store(ACCESS, word, place, 0);
        word
    }

    /// Stores the last operand.
    fn put(&mut self, first: Native, inst: &InstData) {
        let address = self.element(first, inst);
        let value = self.scalar(inst.args[inst.args.len() - 1]);
        self.b.ins().store(ACCESS, value, address, 0);
    }

    /// Address of a row's byte in a table of rows.
    fn row_byte(&mut self, inst: &InstData, table: usize) -> Native {
        let row = self.position(inst.args[0]);
        let table = self.context_pointer(table);
        self.b.ins().iadd(table, row)
    }

    /// Address of a scalar: of the row position that the instruction names, or the only one.
    fn element(&mut self, first: Native, inst: &InstData) -> Native {
        let Some(row) = row_position(inst) else { return first };
        let row = self.position(row);
        let distance = self.b.ins().ishl_imm_u(row, 2);
        self.b.ins().iadd(first, distance)
    }

    /// Sum or difference, exact in 64 bits and then clamped.
    fn saturating(&mut self, op: Op, x: Native, y: Native) -> Native {
        let b = &mut self.b;
        let (x, y) = (b.ins().sextend(types::I64, x), b.ins().sextend(types::I64, y));
        let exact = if op == Op::AddSat { b.ins().iadd(x, y) } else { b.ins().isub(x, y) };
        self.saturated(exact)
    }

    /// Product, exact in 64 bits and then clamped; that of reals after its rounding.
    fn product(&mut self, op: Op, x: Native, y: Native) -> Native {
        let b = &mut self.b;
        let (x, y) = (b.ins().sextend(types::I64, x), b.ins().sextend(types::I64, y));
        let mut exact = b.ins().imul(x, y);
        if op == Op::MulReal {
            exact = b.ins().iadd_imm_s(exact, 1 << (FRACTION_BITS - 1));
            exact = b.ins().sshr_imm_u(exact, FRACTION_BITS);
        }
        self.saturated(exact)
    }

    /// Quotient of reals ([`pl_fixed::word::div_real`]).
    fn real_quotient(&mut self, x: Native, y: Native) -> Native {
        let b = &mut self.b;
        let (x, y) = (b.ins().sextend(types::I64, x), b.ins().sextend(types::I64, y));
        let numerator = b.ins().iabs(x);
        let numerator = b.ins().ishl_imm_u(numerator, FRACTION_BITS + 1);
        // Dividing by 0 would trap.
        let one = b.ins().iconst(types::I64, 1);
        let divisor = b.ins().iabs(y);
        let divisor = b.ins().select(y, divisor, one);
        let twice = b.ins().iadd(divisor, divisor);
        let sum = b.ins().iadd(numerator, divisor);
        let magnitude = b.ins().udiv(sum, twice);
        let negative = b.ins().ineg(magnitude);
        let signs = b.ins().bxor(x, y);
        let zero = b.ins().iconst(types::I64, 0);
        let differ = b.ins().icmp(IntCC::SignedLessThan, signs, zero);
        let quotient = b.ins().select(differ, negative, magnitude);
        // The largest magnitude with the sign of the dividend.
        let endless = b.ins().ishl_imm_u(x, 32);
        let quotient = b.ins().select(y, quotient, endless);
        self.saturated(quotient)
    }

    /// A shift of a scalar; where it rounds, exact in 64 bits.
    fn shifted(&mut self, inst: &InstData, x: Native) -> Native {
        let Imm::Shift(places) = inst.imm else { unreachable!("verified: a shift has places") };
        let places = i64::from(places);
        let b = &mut self.b;
        match inst.op {
            Op::Shl => return b.ins().ishl_imm_u(x, places),
            Op::ShrLogical => return b.ins().ushr_imm_u(x, places),
            Op::ShrFloor => return b.ins().sshr_imm_u(x, places),
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
            | Op::RecordPut => {}
        }
        let mut wide = b.ins().sextend(types::I64, x);
        if inst.op == Op::ShrRoundAway {
            let sign = b.ins().sshr_imm_u(wide, 63);
            wide = b.ins().iadd(wide, sign);
        }
        let sum = b.ins().iadd_imm_s(wide, 1 << (places - 1));
        let rounded = b.ins().sshr_imm_u(sum, places);
        b.ins().ireduce(types::I32, rounded)
    }

    /// The number of 32 bits nearest to one of 64.
    fn saturated(&mut self, exact: Native) -> Native {
        let b = &mut self.b;
        let low = b.ins().iconst(types::I64, i64::from(i32::MIN));
        let high = b.ins().iconst(types::I64, i64::from(i32::MAX));
        let clamped = b.ins().smax(exact, low);
        let clamped = b.ins().smin(clamped, high);
        b.ins().ireduce(types::I32, clamped)
    }

    /// Unsigned quotient, all ones if the divisor is zero.
    fn quotient(&mut self, x: Native, y: Native) -> Native {
        let b = &mut self.b;
        let one = b.ins().iconst(types::I32, 1);
        let divisor = b.ins().select(y, y, one);
        let quotient = b.ins().udiv(x, divisor);
        let ones = b.ins().iconst(types::I32, i64::from(u32::MAX));
        b.ins().select(y, quotient, ones)
    }

    /// Unsigned remainder. Dividing by zero would trap; the remainder by zero is the dividend.
    fn remainder(&mut self, x: Native, y: Native) -> Native {
        let b = &mut self.b;
        let one = b.ins().iconst(types::I32, 1);
        let divisor = b.ins().select(y, y, one);
        let remainder = b.ins().urem(x, divisor);
        b.ins().select(y, remainder, x)
    }
}
