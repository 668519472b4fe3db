//! Planes of bytes: what is read of them, and the bytes that lanes become when they are written.
//!
//! Sixteen columns are one register of bytes and two of lanes. Where only bytes count, choices are
//! made on bytes, and what `min` and `max` would cut off is cut off by the instruction that packs.

use crate::function::{Columns, Translator};
use crate::invariants::Baseline;
use crate::lanes::{self, BYTES, CHUNK};
use crate::run::{ACCESS, Body, Places};
use crate::vector::Lanes;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Native, types};
use pl_ir::{Imm, InstData, Op, Quantity, Value};

/// Bits that a plane keeps of a weight or an address.
pub(crate) const KEPT: u8 = 0x3f;
/// Bits that a plane keeps of a reset of correlation sensors.
pub(crate) const RESET: u8 = 0x03;
/// How deep a bound of a value is looked for.
pub(crate) const DEPTH: u32 = 4;

/// A value between 0 and a limit below 256, after a shift to the right.
#[derive(Clone, Copy)]
struct Clamped {
    value: Value,
    shift: Option<(Op, u8)>,
    limit: i16,
}

impl Translator<'_, '_> {
    /// Sixteen bytes with the upper bit turned over: the difference of unsigned bytes is that of
    /// signed ones.
    pub(crate) fn signed_bytes(&mut self, first: Native, number: Native) -> Native {
        let bytes = self.load_bytes(first, number);
        let upper = lanes::byte_constant(&mut self.b, 0x80);
        self.b.ins().bxor(bytes, upper)
    }

    fn load_bytes(&mut self, first: Native, number: Native) -> Native {
        let address = self.element_address(first, number, 0);
        self.b.ins().load(BYTES, ACCESS, address, 0)
    }

    /// Reads a plane. Correlations are baselines minus codes, saturated to bytes.
    pub(crate) fn read(&mut self, inst: &InstData, places: &Places, body: &mut Body) -> Lanes {
        let first = places.first.expect("prepared before the loop");
        let number = if places.in_row { body.at.cell } else { body.at.column };
        let result = inst.result.expect("verified: a read has a result");
        if let Some(baseline) = places.baseline {
            let baseline = match baseline {
                Baseline::Bytes(bytes) => bytes,
                Baseline::Invariant(distance) => self.load_invariant_bytes(distance, body),
            };
            let codes = self.signed_bytes(first, number);
            let bytes = self.b.ins().ssub_sat(baseline, codes);
            body.bytes.insert(result, bytes);
            let low = self.b.ins().swiden_low(bytes);
            return Lanes::of([low, self.b.ins().swiden_high(bytes)]);
        }
        let bytes = self.load_bytes(first, number);
        if inst.imm == Imm::Quantity(Quantity::SignedWeight) {
            let low = self.b.ins().swiden_low(bytes);
            return Lanes::of([low, self.b.ins().swiden_high(bytes)]);
        }
        body.bytes.insert(result, bytes);
        let low = self.b.ins().uwiden_low(bytes);
        Lanes::of([low, self.b.ins().uwiden_high(bytes)])
    }

    /// Bytes of a read in this body whose lanes are signed, or are not.
    fn read_bytes(&self, value: Value, signed: bool, body: &Body) -> Option<Native> {
        let def = self.def(value).filter(|def| def.op == Op::Read)?;
        let correlation = [Quantity::Causal, Quantity::Acausal].map(Imm::Quantity);
        (correlation.contains(&def.imm) == signed).then(|| body.bytes.get(&value).copied())?
    }

    /// The sum of two correlations, shifted left: bytes side by side are multiplied and added in
    /// pairs by one instruction. The sum spans -256..254 and is shifted by 7 places at most, so
    /// nothing overflows.
    pub(crate) fn sum_of_correlations(
        &mut self,
        inst: &InstData,
        places: u8,
        body: &Body,
    ) -> Option<Lanes> {
        if !matches!(inst.op, Op::Add | Op::AddSat) || !cfg!(target_arch = "x86_64") {
            return None;
        }
        let x = self.read_bytes(inst.args[0], true, body)?;
        let y = self.read_bytes(inst.args[1], true, body)?;
        let factor = lanes::byte_constant(&mut self.b, 1 << places);
        Some(Lanes::of([0, 1].map(|half| {
            let pairs = lanes::interleave(&mut self.b, x, y, half);
            let pairs = lanes::cast(&mut self.b, BYTES, pairs);
            self.b.ins().x86_pmaddubsw(pairs, factor)
        })))
    }

    /// What was read, shifted left: bytes become the upper ones of lanes, and those are shifted
    /// back. A sum of correlations is shifted as it is made.
    pub(crate) fn shifted_bytes(
        &mut self,
        inst: &InstData,
        places: u8,
        body: &mut Body,
    ) -> Option<Lanes> {
        if inst.op != Op::Shl || places > 8 {
            return None;
        }
        if let (Some(sum), 0..=7) = (self.def(inst.args[0]).cloned(), places)
            && let Some(shifted) = self.sum_of_correlations(&sum, places, body)
        {
            return Some(shifted);
        }
        let bytes = self.read_bytes(inst.args[0], false, body)?;
        let zero = self.byte_constant(0, body);
        Some(Lanes::of([0, 1].map(|half| {
            let upper = lanes::interleave(&mut self.b, zero, bytes, half);
            match 8 - places {
                0 => upper,
                back => lanes::shift(&mut self.b, Op::ShrLogical, upper, back),
            }
        })))
    }

    /// Writes the columns of the view; resets add up.
    pub(crate) fn write(&mut self, inst: &InstData, places: &Places, body: &mut Body) {
        let Imm::Quantity(quantity) = inst.imm else {
            unreachable!("verified: a write names a quantity")
        };
        let value = inst.args[inst.args.len() - 1];
        let (new, covers) = match quantity {
            Quantity::Weight | Quantity::Address => (self.low_bits(value, KEPT, body), true),
            Quantity::SignedWeight => (self.signed_weights(value, body), true),
            Quantity::CorrelationReset => {
                let all = self
                    .constant_lane(value)
                    .is_some_and(|lane| lane & i16::from(RESET) == i16::from(RESET));
                (self.low_bits(value, RESET, body), all)
            }
            Quantity::RateReset | Quantity::MembraneReset => (self.flags(value, body), false),
            Quantity::Causal | Quantity::Acausal | Quantity::Rate | Quantity::Membrane => {
                unreachable!("verified: {} is not written", quantity.name())
            }
        };
        let plane = places.first.expect("prepared before the loop");
        let columns = places.second.expect("prepared before the loop");
        let number = if places.in_row { body.at.cell } else { body.at.column };
        let address = self.element_address(plane, number, 0);
        let all = self.columns == Columns::All;
        if all && covers {
            self.b.ins().store(ACCESS, new, address, 0);
            return;
        }
        let old = self.b.ins().load(BYTES, ACCESS, address, 0);
        let merged = if all {
            self.b.ins().bor(old, new)
        } else {
            let mask = self.load_bytes(columns, body.at.column);
            if quantity.resets() {
                let inside = self.b.ins().band(mask, new);
                self.b.ins().bor(old, inside)
            } else {
                lanes::choose(&mut self.b, mask, new, old)
            }
        };
        self.b.ins().store(ACCESS, merged, address, 0);
    }

    /// The scalar that is in every lane of a vector of halfwords, if one is.
    pub(crate) fn splatted(&self, value: Value) -> Option<Value> {
        let def = self.def(value).filter(|def| def.op == Op::Splat)?;
        (self.func.ty(value) == pl_ir::Type::ROW16).then(|| def.args[0])
    }

    /// The number that every lane is.
    fn constant_lane(&self, value: Value) -> Option<i16> {
        match (self.def(self.splatted(value)?)?.op, self.def(self.splatted(value)?)?.imm) {
            (Op::Const, Imm::Int(x)) => Some(pl_ir::io::low_lane(x)),
            _ => None,
        }
    }

    /// 1 in columns whose lanes are not 0.
    fn flags(&mut self, value: Value, body: &mut Body) -> Native {
        if let Some(scalar) = self.splatted(value) {
            let scalar = self.scalar(scalar);
            let lane = self.b.ins().ireduce(types::I16, scalar);
            let byte = self.b.ins().icmp_imm_s(IntCC::NotEqual, lane, 0);
            return self.b.ins().splat(BYTES, byte);
        }
        let lanes = self.operand(value, body);
        let set = self.not_zero(lanes);
        let one = lanes::byte_constant(&mut self.b, 1);
        self.b.ins().band(set, one)
    }

    /// The bytes that a plane keeps of signed weights ([`pl_ir::io::signed_weight`]).
    fn signed_weights(&mut self, value: Value, body: &mut Body) -> Native {
        let byte = lanes::constant(&mut self.b, 0xff);
        let [low, high] =
            self.operand(value, body).halves.map(|half| self.b.ins().band(half, byte));
        let bytes = self.b.ins().unarrow(low, high);
        let (kept, zero) = (self.byte_constant(KEPT, body), self.byte_constant(0, body));
        let magnitude = self.b.ins().iabs(bytes);
        let magnitude = self.b.ins().band(magnitude, kept);
        let negative = self.b.ins().icmp(IntCC::SignedLessThan, bytes, zero);
        let flipped = self.b.ins().bxor(magnitude, negative);
        self.b.ins().isub(flipped, negative)
    }

    /// The low bits `kept` of every lane, as bytes.
    fn low_bits(&mut self, value: Value, kept: u8, body: &mut Body) -> Native {
        if let Some(bytes) = body.written.get(&(value, kept)) {
            return *bytes;
        }
        let bytes = self.make_low_bits(value, kept, body);
        body.written.insert((value, kept), bytes);
        bytes
    }

    fn make_low_bits(&mut self, value: Value, kept: u8, body: &mut Body) -> Native {
        if let Some(distance) = body.invariants.bytes.get(&(value, kept)) {
            return self.load_invariant_bytes(*distance, body);
        }
        if let Some(scalar) = self.splatted(value) {
            return self.splat_low_bits(scalar, kept);
        }
        let fits = |bound: Option<i16>| bound.is_some_and(|bound| bound <= i16::from(kept));
        let within = fits(self.upper_bound(value, DEPTH));
        if let Some(bytes) = self.read_bytes(value, false, body).filter(|_| within) {
            return bytes;
        }
        // What another run made may have operands that nobody keeps.
        let def = self.def(value).filter(|_| body.made.contains(&value)).cloned();
        if let Some(select) = def.as_ref().filter(|def| def.op == Op::Select)
            && let Some(mask) = body.values.get(&select.args[0]).copied()
        {
            let [yes, no] = [1, 2].map(|n| self.low_bits(select.args[n], kept, body));
            let (yes, no) = if mask.negated { (no, yes) } else { (yes, no) };
            let mask = self.b.ins().snarrow(mask.halves[0], mask.halves[1]);
            return lanes::choose(&mut self.b, mask, yes, no);
        }
        let made = |value: Value| body.made.contains(&value);
        if let Some(clamped) = self.clamped(value, made).filter(|c| fits(Some(c.limit))) {
            return self.packed(clamped, body);
        }
        let lanes = self.operand(value, body).halves;
        let bits = lanes::constant(&mut self.b, i16::from(kept));
        let [low, high] =
            lanes.map(|half| if within { half } else { self.b.ins().band(half, bits) });
        debug_assert_eq!(self.b.func.dfg.value_type(low), CHUNK, "lanes of halfwords");
        self.b.ins().unarrow(low, high)
    }

    /// A clamped value as bytes: packing clamps it too.
    fn packed(&mut self, clamped: Clamped, body: &mut Body) -> Native {
        let Clamped { value, shift, limit } = clamped;
        let [byte, _] = limit.to_le_bytes();
        let byte = self.byte_constant(byte, body);
        let shifted = |translator: &mut Self, value, body: &mut Body| {
            let lanes = translator.operand(value, body).halves;
            lanes.map(|half| match shift {
                Some((op, places)) => lanes::shift(&mut translator.b, op, half, places),
                None => half,
            })
        };
        if let Some((bytes, change)) = self.change_of_bytes(clamped, body) {
            let [low, high] = shifted(self, change, body);
            let change = self.b.ins().snarrow(low, high);
            let sum = self.b.ins().sadd_sat(bytes, change);
            let zero = self.byte_constant(0, body);
            let positive = self.b.ins().smax(sum, zero);
            return self.b.ins().umin(positive, byte);
        }
        let [low, high] = shifted(self, value, body);
        let packed = self.b.ins().unarrow(low, high);
        self.b.ins().umin(packed, byte)
    }

    /// Bytes below 64 that were read and what is added to them, if the clamped value is that sum with
    /// both shifted left and the shift back. Then it is the sum of the bytes and the shifted change:
    /// what saturates exceeds the limit either way, and a change that a byte does not hold leads
    /// beyond the limits from any such byte.
    fn change_of_bytes(&self, clamped: Clamped, body: &Body) -> Option<(Native, Value)> {
        let (_, places) = clamped.shift?;
        let here = body.made.contains(&clamped.value);
        let sum = self.def(clamped.value).filter(|def| here && def.op == Op::AddSat)?;
        let read = |value: Value| {
            let def = self.def(value)?;
            let up = (def.op, def.imm) == (Op::Shl, Imm::Shift(places));
            let read = up.then(|| def.args[0])?;
            let small = self.upper_bound(read, 1).is_some_and(|bound| bound <= 63);
            self.read_bytes(read, false, body).filter(|_| small)
        };
        let [x, y] = [sum.args[0], sum.args[1]];
        let pair = read(x).map(|bytes| (bytes, y)).or_else(|| read(y).map(|bytes| (bytes, x)));
        pair.filter(|_| clamped.limit <= 63 && 63 <= i16::MAX >> places)
    }

    /// The low bits `kept` of a scalar in every byte.
    pub(crate) fn splat_low_bits(&mut self, scalar: Value, kept: u8) -> Native {
        let scalar = self.scalar(scalar);
        let kept = self.b.ins().band_imm_u(scalar, i64::from(kept));
        let byte = self.b.ins().ireduce(types::I8, kept);
        self.b.ins().splat(BYTES, byte)
    }

    /// The limit of a value that is packed to bytes and limited there.
    pub(crate) fn byte_limit(&self, value: Value) -> Option<u8> {
        let limit = self.clamped(value, |_| true)?.limit;
        u8::try_from(limit).ok().filter(|limit| *limit <= KEPT)
    }

    /// What is limited to 0 from below and to a byte from above. A shift to the right between the
    /// two limits keeps order and 0, so it may as well come before both.
    fn clamped(&self, value: Value, made: impl Fn(Value) -> bool) -> Option<Clamped> {
        let (outer, outer_limit, mut inside) = self.limited(value).filter(|_| made(value))?;
        let mut shift = None;
        if let Some(def) = self.def(inside).filter(|_| made(inside))
            && let (Op::ShrFloor | Op::ShrRound, Imm::Shift(places)) = (def.op, def.imm)
        {
            shift = Some((def.op, places));
            inside = def.args[0];
        }
        let (inner, inner_limit, value) = self.limited(inside).filter(|_| made(inside))?;
        let (low, limit) = match (outer, inner) {
            (Op::Min, Op::Max) => (inner_limit, outer_limit),
            (Op::Max, Op::Min) if shift.is_none() => (outer_limit, inner_limit),
            _ => return None,
        };
        (low == 0 && (0..=255).contains(&limit)).then_some(Clamped { value, shift, limit })
    }

    /// A limit, and what is limited.
    fn limited(&self, value: Value) -> Option<(Op, i16, Value)> {
        let def = self.def(value).filter(|def| matches!(def.op, Op::Min | Op::Max))?;
        Some((def.op, self.constant_lane(def.args[1])?, def.args[0]))
    }

    /// A number that no lane exceeds, of a vector that is never negative.
    pub(crate) fn upper_bound(&self, value: Value, depth: u32) -> Option<i16> {
        if depth == 0 || self.func.ty(value) != pl_ir::Type::ROW16 {
            return None;
        }
        let def = self.def(value)?;
        let of = |n: usize| self.upper_bound(def.args[n], depth - 1);
        match (def.op, def.imm) {
            (Op::Splat, _) => self.constant_lane(value).filter(|lane| *lane >= 0),
            (Op::ShrLogical, Imm::Shift(places)) => i16::try_from(0xffff_u16 >> places).ok(),
            (Op::Column, _) => Some(255),
            (Op::Read, Imm::Quantity(Quantity::Weight | Quantity::Address)) => Some(63),
            (Op::Read, Imm::Quantity(Quantity::Rate | Quantity::Membrane)) => Some(255),
            (Op::Select, _) => Some(of(1)?.max(of(2)?)),
            (Op::Min | Op::Max, _) => self.clamped(value, |_| true).map(|clamped| clamped.limit),
            _ => None,
        }
    }
}
