//! A run: vector instructions as one loop over the chunks of a row.

use crate::bytes;
use crate::context::Context;
use crate::function::{Columns, Translator};
use crate::lanes::{self, CHUNK, CHUNK_STEP};
use crate::plan::row_position;
use core::mem::offset_of;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    BlockArg, InstBuilder, MemFlagsData, StackSlot, StackSlotData, StackSlotKind, Value as Native,
    types,
};
use pl_ir::io::COLUMNS;
use pl_ir::{Elem, Imm, Inst, InstData, Op, Quantity, Type, Value};
use std::collections::BTreeMap;

/// Columns of a row.
const ROW: i64 = COLUMNS as i64;
/// Flags of accesses to the caller's arrays and to homes: never a fault, any alignment.
pub(crate) const ACCESS: MemFlagsData = MemFlagsData::new().with_notrap();

/// Where an instruction of a run reads or writes: addresses of the first column.
#[derive(Clone, Copy, Debug, Default)]
struct Places {
    first: Option<Native>,
    second: Option<Native>,
}

/// Where a chunk stands.
#[derive(Clone, Copy, Debug)]
struct At {
    /// First column of the turn of the loop.
    offset: Native,
    /// Columns from there to the chunk.
    ahead: i32,
}

/// State of the loop body.
struct Body {
    at: At,
    values: BTreeMap<Value, Native>,
    /// What is to be written to planes at the end of the turn.
    writes: Vec<Written>,
    /// The generators' last draws and carries, once something draws.
    generators: Option<(Native, Native)>,
    /// Correlations of both chunks of the turn, as bytes.
    correlations: BTreeMap<Value, Native>,
}

/// What goes to a plane.
#[derive(Clone, Copy, Debug)]
enum Written {
    /// Lanes of one chunk, each below 256.
    Lanes(Native),
    /// The same byte in sixteen columns.
    Bytes(Native),
}

impl Translator<'_, '_> {
    /// Emits a run; goes on behind its loop. A turn of the loop does two chunks, so that bytes are
    /// written sixteen at a time. Registers would not hold both: what the first one writes waits in
    /// memory, which also makes Cranelift compute it there and not where the second one ends.
    pub(crate) fn run(&mut self, run: &[Inst]) {
        let insts: Vec<InstData> = run.iter().map(|inst| self.func.inst(*inst).clone()).collect();
        let places: Vec<Places> = insts.iter().map(|inst| self.places(inst)).collect();
        self.chunks(2, |translator, offset| {
            let mut waiting = Vec::new();
            let mut correlations = BTreeMap::new();
            for ahead in [CHUNK_STEP, 0] {
                let mut body = Body {
                    at: At { offset, ahead },
                    values: BTreeMap::new(),
                    writes: Vec::new(),
                    generators: None,
                    correlations: core::mem::take(&mut correlations),
                };
                for (inst, places) in insts.iter().zip(&places) {
                    if let Some(native) = translator.vector(inst, places, &mut body)
                        && let Some(result) = inst.result
                    {
                        body.values.insert(result, native);
                        if translator.plan.in_memory[result.index()] {
                            translator.store_home(result, native, body.at);
                        }
                    }
                }
                translator.keep_generators(&insts, &places, &body);
                correlations = body.correlations;
                if ahead != 0 {
                    waiting =
                        body.writes.iter().map(|lanes| translator.put_aside(*lanes)).collect();
                    continue;
                }
                let written = insts.iter().zip(&places).filter(|(inst, _)| inst.op == Op::Write);
                for ((inst, places), (low, high)) in written.zip(body.writes.iter().zip(&waiting)) {
                    let bytes = match (*low, *high) {
                        (Written::Bytes(bytes), _) => bytes,
                        (Written::Lanes(low), slot) => translator.bytes(low, slot),
                    };
                    translator.write_bytes(inst.imm, places, bytes, offset);
                }
            }
        });
    }

    /// Keeps lanes on the stack.
    fn put_aside(&mut self, written: Written) -> Option<StackSlot> {
        let Written::Lanes(lanes) = written else { return None };
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, CHUNK.bytes(), 4);
        let slot = self.b.create_sized_stack_slot(slot);
        self.b.ins().stack_store(self.pointer, lanes, slot, 0);
        Some(slot)
    }

    /// The bytes of two chunks, of which the second was put aside.
    fn bytes(&mut self, low: Native, slot: Option<StackSlot>) -> Native {
        let slot = slot.expect("both chunks write lanes");
        let high = self.b.ins().stack_load(self.pointer, CHUNK, slot, 0);
        self.b.ins().unarrow(low, high)
    }

    /// Stores the generators after the last draw of a chunk.
    fn keep_generators(&mut self, insts: &[InstData], places: &[Places], body: &Body) {
        let Some((x, carry)) = body.generators else { return };
        let draw = insts.iter().zip(places).find(|(inst, _)| inst.op == Op::Draw);
        let (_, places) = draw.expect("a run with generators draws");
        let first = places.first.expect("prepared before the loop");
        let second = places.second.expect("prepared before the loop");
        self.store_chunk(x, first, 0, body.at);
        self.store_chunk(carry, second, 0, body.at);
    }

    /// Joins the lanes of the view's columns, one after the other; goes on behind the loop.
    pub(crate) fn reduce(&mut self, inst: &InstData) {
        let Some(result) = inst.result else { return };
        let (least, most) = (inst.op == Op::ReduceMin, inst.op == Op::ReduceMax);
        let neutral = i32::from(if least { i16::MAX } else { i16::MIN });
        let neutral = if least || most { neutral } else { 0 };
        let columns = self.context_pointer(offset_of!(Context, columns));
        let (head, done) = (self.b.create_block(), self.b.create_block());
        let column = self.b.append_block_param(head, types::I64);
        let so_far = self.b.append_block_param(head, types::I32);
        let joined = self.b.append_block_param(done, types::I32);
        let zero = self.b.ins().iconst(types::I64, 0);
        let neutral = self.b.ins().iconst(types::I32, i64::from(neutral.cast_unsigned()));
        self.b.ins().jump(head, &[BlockArg::Value(zero), BlockArg::Value(neutral)]);
        self.b.switch_to_block(head);
        let (homes, distance) = self.home(inst.args[0]);
        let address = self.chunk_address(homes, column, 1);
        let lane = self.b.ins().sload16(types::I32, ACCESS, address, distance);
        let address = self.chunk_address(columns, column, 0);
        let inside = self.b.ins().uload8(types::I32, ACCESS, address, 0);
        let lane = self.b.ins().select(inside, lane, neutral);
        let next = match (least, most) {
            (true, _) => self.b.ins().smin(so_far, lane),
            (_, true) => self.b.ins().smax(so_far, lane),
            (false, false) => self.b.ins().iadd(so_far, lane),
        };
        let column = self.b.ins().iadd_imm_s(column, 1);
        let more = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, column, ROW);
        let again = [BlockArg::Value(column), BlockArg::Value(next)];
        self.b.ins().brif(more, head, &again, done, &[BlockArg::Value(next)]);
        self.b.switch_to_block(done);
        self.scalars[result.index()] = Some(joined);
    }

    /// Copies vectors to the places of block parameters, as if all at once: every chunk is read
    /// before it is written.
    pub(crate) fn copy(&mut self, pairs: &[(Value, Value)]) {
        if pairs.is_empty() {
            return;
        }
        self.chunks(1, |translator, offset| {
            let at = At { offset, ahead: 0 };
            let loaded: Vec<Native> =
                pairs.iter().map(|(from, _)| translator.load_home(*from, at)).collect();
            for ((_, to), native) in pairs.iter().zip(loaded) {
                translator.store_home(*to, native, at);
            }
        });
    }

    /// A loop over the first columns of so many chunks together.
    fn chunks(&mut self, together: i64, body: impl FnOnce(&mut Self, Native)) {
        let (head, done) = (self.b.create_block(), self.b.create_block());
        let offset = self.b.append_block_param(head, types::I64);
        let zero = self.b.ins().iconst(types::I64, 0);
        self.b.ins().jump(head, &[BlockArg::Value(zero)]);
        self.b.switch_to_block(head);
        body(self, offset);
        let next = self.b.ins().iadd_imm_s(offset, together * i64::from(CHUNK_STEP));
        let more = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, next, ROW);
        self.b.ins().brif(more, head, &[BlockArg::Value(next)], done, &[]);
        self.b.switch_to_block(done);
    }

    /// Finds the addresses that an instruction needs; its row position has been checked.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "other ops have no places; `vector` names them all"
    )]
    fn places(&mut self, inst: &InstData) -> Places {
        let row = row_position(inst).map(|row| self.position(row));
        let mut places = Places::default();
        match (inst.op, inst.imm) {
            (Op::Read | Op::Write, Imm::Quantity(quantity)) => {
                let (plane, baseline) = planes(quantity);
                let plane = self.context_pointer(plane);
                places.first = Some(self.row_address(plane, row, 1));
                places.second = baseline.map(|baseline| self.context_pointer(baseline));
                if inst.op == Op::Write {
                    places.second = Some(self.context_pointer(offset_of!(Context, columns)));
                }
            }
            (Op::Load | Op::Store, Imm::Object(id)) => {
                let object = self.object_pointer(id.index());
                places.first = Some(self.row_address(object, row, 2));
            }
            (Op::Draw, _) => {
                places.first = Some(self.context_pointer(offset_of!(Context, rng_x)));
                places.second = Some(self.context_pointer(offset_of!(Context, rng_carry)));
            }
            (Op::RecordPut, Imm::Field(record, field)) => {
                let values = self.record_field(record.index(), field);
                places.first = Some(self.row_address(values, row, 4));
            }
            _ => {}
        }
        places
    }

    /// Address of a row of elements of so many bytes.
    fn row_address(&mut self, plane: Native, row: Option<Native>, bytes: i64) -> Native {
        let Some(row) = row else { return plane };
        let row_bytes = self.b.ins().iconst(types::I64, ROW * bytes);
        let distance = self.b.ins().imul(row, row_bytes);
        self.b.ins().iadd(plane, distance)
    }

    /// Address of a column's element of `1 << log_bytes` bytes.
    fn chunk_address(&mut self, first: Native, offset: Native, log_bytes: i64) -> Native {
        let distance = match log_bytes {
            0 => offset,
            _ => self.b.ins().ishl_imm_u(offset, log_bytes),
        };
        self.b.ins().iadd(first, distance)
    }

    fn load_home(&mut self, value: Value, at: At) -> Native {
        let (homes, distance) = self.home(value);
        self.load_chunk(homes, distance, at)
    }

    fn store_home(&mut self, value: Value, native: Native, at: At) {
        let (homes, distance) = self.home(value);
        self.store_chunk(native, homes, distance, at);
    }

    /// Lanes of a row that lies so many bytes behind `first`.
    fn load_chunk(&mut self, first: Native, distance: i32, at: At) -> Native {
        let address = self.chunk_address(first, at.offset, 1);
        self.b.ins().load(CHUNK, ACCESS, address, distance + 2 * at.ahead)
    }

    fn store_chunk(&mut self, native: Native, first: Native, distance: i32, at: At) {
        let address = self.chunk_address(first, at.offset, 1);
        self.b.ins().store(ACCESS, native, address, distance + 2 * at.ahead);
    }

    /// A vector operand, read from memory at its first use if another run made it.
    fn operand(&mut self, value: Value, body: &mut Body) -> Native {
        if let Some(native) = body.values.get(&value) {
            return *native;
        }
        let native = self.load_home(value, body.at);
        body.values.insert(value, native);
        native
    }

    /// Whether no lane of a vector can be -32768, whose square is no fraction.
    fn never_minimum(&self, value: Value) -> bool {
        let def = self.plan.defs[value.index()].map(|inst| self.func.inst(inst));
        def.is_some_and(|def| matches!(def.op, Op::ShrLogical | Op::Column | Op::Read))
    }

    /// Element of the vector that an instruction gives.
    fn elem(&self, inst: &InstData) -> Elem {
        match inst.result.map(|result| self.func.ty(result)) {
            Some(Type::Vector { elem, .. }) => elem,
            Some(Type::I32 | Type::Mask { .. }) | None => {
                unreachable!("verified: `{}` gives a vector", inst.op.name())
            }
        }
    }

    /// Bytes of the chunk, widened.
    fn load_bytes(&mut self, first: Native, at: At) -> Native {
        let address = self.chunk_address(first, at.offset, 0);
        self.b.ins().uload8x8(ACCESS, address, at.ahead)
    }

    /// Baselines minus codes of sixteen columns, saturated to bytes: the difference of unsigned
    /// bytes is that of signed ones, which have the upper bit turned over.
    fn correlations(&mut self, baseline: Native, codes: Native, at: At) -> Native {
        let upper = self.b.ins().iconst(types::I8, 0x80);
        let upper = self.b.ins().splat(types::I8X16, upper);
        let [baseline, codes] = [baseline, codes].map(|first| {
            let address = self.chunk_address(first, at.offset, 0);
            let bytes = self.b.ins().load(types::I8X16, ACCESS, address, 0);
            self.b.ins().bxor(bytes, upper)
        });
        self.b.ins().ssub_sat(baseline, codes)
    }

    /// Emits one instruction on the chunk; its result, if it has one.
    #[allow(
        clippy::too_many_lines,
        reason = "one arm an op: splitting would hide that none is missing"
    )]
    fn vector(&mut self, inst: &InstData, places: &Places, body: &mut Body) -> Option<Native> {
        let at = body.at;
        let first = || places.first.expect("prepared before the loop");
        let second = || places.second.expect("prepared before the loop");
        let mut arg = |translator: &mut Self, n: usize| translator.operand(inst.args[n], body);
        Some(match inst.op {
            Op::Add
            | Op::Sub
            | Op::Mul
            | Op::AddSat
            | Op::SubSat
            | Op::Min
            | Op::Max
            | Op::MulFrac
            | Op::MulFracRound => {
                let (x, y) = (arg(self, 0), arg(self, 1));
                match self.elem(inst) {
                    Elem::I8 => bytes::binary(&mut self.b, inst.op, x, y),
                    Elem::I16 => {
                        let exact = inst.args.iter().any(|value| self.never_minimum(*value));
                        lanes::binary(&mut self.b, inst.op, x, y, exact)
                    }
                }
            }
            Op::Shl | Op::ShrLogical | Op::ShrFloor | Op::ShrRound | Op::ShrRoundAway => {
                let x = arg(self, 0);
                let Imm::Shift(places) = inst.imm else {
                    unreachable!("verified: a shift has its places")
                };
                match self.elem(inst) {
                    Elem::I8 => bytes::shift(&mut self.b, inst.op, x, places),
                    Elem::I16 => lanes::shift(&mut self.b, inst.op, x, places),
                }
            }
            Op::Compare => {
                let (x, y) = (arg(self, 0), arg(self, 1));
                let Imm::Cond(cond) = inst.imm else {
                    unreachable!("verified: cmp has a condition")
                };
                self.b.ins().icmp(lanes::condition(cond), x, y)
            }
            Op::Select => {
                let (mask, x, y) = (arg(self, 0), arg(self, 1), arg(self, 2));
                self.b.ins().bitselect(mask, x, y)
            }
            Op::MaskAnd => {
                let (x, y) = (arg(self, 0), arg(self, 1));
                self.b.ins().band(x, y)
            }
            Op::MaskOr => {
                let (x, y) = (arg(self, 0), arg(self, 1));
                self.b.ins().bor(x, y)
            }
            Op::MaskNot => {
                let x = arg(self, 0);
                self.b.ins().bnot(x)
            }
            Op::Splat => {
                let scalar = self.scalar(inst.args[0]);
                match self.elem(inst) {
                    Elem::I8 => bytes::splat(&mut self.b, scalar),
                    Elem::I16 => {
                        let lane = self.b.ins().ireduce(types::I16, scalar);
                        self.b.ins().splat(CHUNK, lane)
                    }
                }
            }
            Op::Column => {
                let first = self.b.ins().iadd_imm_s(at.offset, i64::from(at.ahead));
                lanes::columns(&mut self.b, first)
            }
            Op::Read => match (places.second, inst.result) {
                (Some(baseline), Some(result)) => {
                    let bytes = body.correlations.get(&result).copied();
                    let bytes = bytes.unwrap_or_else(|| self.correlations(baseline, first(), at));
                    body.correlations.insert(result, bytes);
                    match at.ahead {
                        0 => self.b.ins().swiden_low(bytes),
                        _ => self.b.ins().swiden_high(bytes),
                    }
                }
                _ if inst.imm == Imm::Quantity(Quantity::SignedWeight) => {
                    let address = self.chunk_address(first(), at.offset, 0);
                    self.b.ins().sload8x8(ACCESS, address, at.ahead)
                }
                _ => self.load_bytes(first(), at),
            },
            Op::Write => {
                let value = inst.args[inst.args.len() - 1];
                let is_signed = inst.imm == Imm::Quantity(Quantity::SignedWeight);
                let written = match self.splatted(value).filter(|_| !is_signed) {
                    Some(scalar) => Written::Bytes(self.written_byte(inst.imm, scalar)),
                    None => {
                        let value = arg(self, inst.args.len() - 1);
                        Written::Lanes(self.written_lanes(inst.imm, value))
                    }
                };
                body.writes.push(written);
                return None;
            }
            Op::Load => self.load_chunk(first(), 0, at),
            Op::Store => {
                let value = arg(self, inst.args.len() - 1);
                self.store_chunk(value, first(), 0, at);
                return None;
            }
            Op::Draw => {
                let last = |translator: &mut Self| {
                    let x = translator.load_chunk(first(), 0, at);
                    (x, translator.load_chunk(second(), 0, at))
                };
                let (x, carry) = body.generators.unwrap_or_else(|| last(self));
                let (x, carry) = lanes::draw(&mut self.b, x, carry);
                body.generators = Some((x, carry));
                x
            }
            Op::RecordPut => {
                let value = arg(self, inst.args.len() - 1);
                let address = self.chunk_address(first(), at.offset, 2);
                let (low, high) = (self.b.ins().swiden_low(value), self.b.ins().swiden_high(value));
                self.b.ins().store(ACCESS, low, address, 4 * at.ahead);
                self.b.ins().store(ACCESS, high, address, 4 * at.ahead + 16);
                return None;
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
            | Op::ReduceAdd
            | Op::ReduceMin
            | Op::ReduceMax
            | Op::Send
            | Op::DrawWord
            | Op::RecordOpen => unreachable!("`{}` gives no vector", inst.op.name()),
        })
    }

    /// The scalar that is in every lane of a vector, if one is.
    fn splatted(&self, value: Value) -> Option<Native> {
        let def = self.plan.defs[value.index()].map(|inst| self.func.inst(inst))?;
        (def.op == Op::Splat && self.elem(def) == Elem::I16).then(|| self.scalar(def.args[0]))
    }

    /// The byte that a plane keeps of a scalar, in sixteen columns.
    fn written_byte(&mut self, imm: Imm, scalar: Native) -> Native {
        let b = &mut self.b;
        let flags = [Quantity::RateReset, Quantity::MembraneReset].map(Imm::Quantity);
        let byte = if flags.contains(&imm) {
            let lane = b.ins().ireduce(types::I16, scalar);
            b.ins().icmp_imm_s(IntCC::NotEqual, lane, 0)
        } else {
            let kept = if imm == Imm::Quantity(Quantity::CorrelationReset) { 0x03 } else { 0x3f };
            let kept = b.ins().band_imm_u(scalar, kept);
            b.ins().ireduce(types::I8, kept)
        };
        b.ins().splat(types::I8X16, byte)
    }

    /// The bits of lanes that a plane keeps.
    fn written_lanes(&mut self, imm: Imm, value: Native) -> Native {
        let Imm::Quantity(quantity) = imm else {
            unreachable!("verified: a write names a quantity")
        };
        let b = &mut self.b;
        match quantity {
            Quantity::Weight | Quantity::Address => keep(b, value, 0x3f),
            // See `pl_ir::io::signed_weight`.
            Quantity::SignedWeight => {
                let upper = lanes::shift(b, Op::Shl, value, 8);
                let byte = lanes::shift(b, Op::ShrFloor, upper, 8);
                let magnitude = b.ins().iabs(byte);
                let kept = keep(b, magnitude, 0x3f);
                let zero = lanes::constant(b, 0);
                let negative = b.ins().icmp(IntCC::SignedLessThan, byte, zero);
                let flipped = b.ins().bxor(kept, negative);
                let signed = b.ins().isub(flipped, negative);
                keep(b, signed, 0xff)
            }
            Quantity::CorrelationReset => keep(b, value, 0x03),
            Quantity::RateReset | Quantity::MembraneReset => {
                let zero = lanes::constant(b, 0);
                let flags = b.ins().icmp(IntCC::NotEqual, value, zero);
                keep(b, flags, 1)
            }
            Quantity::Causal | Quantity::Acausal | Quantity::Rate | Quantity::Membrane => {
                unreachable!("verified: {} is not written", quantity.name())
            }
        }
    }

    /// Writes sixteen bytes, in columns of the view; resets add up.
    fn write_bytes(&mut self, imm: Imm, places: &Places, new: Native, offset: Native) {
        let adds_up = matches!(imm, Imm::Quantity(quantity) if quantity.resets());
        let plane = places.first.expect("prepared before the loop");
        let columns = places.second.expect("prepared before the loop");
        let address = self.chunk_address(plane, offset, 0);
        let all = self.columns == Columns::All;
        if all && !adds_up {
            self.b.ins().store(ACCESS, new, address, 0);
            return;
        }
        let old = self.b.ins().load(types::I8X16, ACCESS, address, 0);
        let mut mask = || {
            let address = self.chunk_address(columns, offset, 0);
            self.b.ins().load(types::I8X16, ACCESS, address, 0)
        };
        let merged = match (adds_up, all) {
            (true, true) => self.b.ins().bor(old, new),
            (true, false) => {
                let mask = mask();
                let inside = self.b.ins().band(mask, new);
                self.b.ins().bor(old, inside)
            }
            (false, _) => {
                let mask = mask();
                self.b.ins().bitselect(mask, new, old)
            }
        };
        self.b.ins().store(ACCESS, merged, address, 0);
    }
}

fn keep(b: &mut cranelift_frontend::FunctionBuilder<'_>, value: Native, bits: i16) -> Native {
    let bits = lanes::constant(b, bits);
    b.ins().band(value, bits)
}

/// Offsets in the context of a quantity's plane, and of the baseline it is measured from.
fn planes(quantity: Quantity) -> (usize, Option<usize>) {
    match quantity {
        Quantity::Weight | Quantity::SignedWeight => (offset_of!(Context, weights), None),
        Quantity::Address => (offset_of!(Context, addresses), None),
        Quantity::Causal => {
            (offset_of!(Context, causal_codes), Some(offset_of!(Context, causal_baseline)))
        }
        Quantity::Acausal => {
            (offset_of!(Context, acausal_codes), Some(offset_of!(Context, acausal_baseline)))
        }
        Quantity::CorrelationReset => (offset_of!(Context, correlation_reset), None),
        Quantity::Rate => (offset_of!(Context, rates), None),
        Quantity::RateReset => (offset_of!(Context, rate_reset), None),
        Quantity::MembraneReset => (offset_of!(Context, membrane_reset), None),
        Quantity::Membrane => (offset_of!(Context, membranes), None),
    }
}
