//! One instruction with vectors on sixteen columns.

use crate::bytes;
use crate::function::{Columns, Translator};
use crate::lanes::{self, CHUNK, CHUNK_STEP};
use crate::planes::DEPTH;
use crate::run::{ACCESS, Body, Places};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Native, types};
use pl_ir::op::Cond;
use pl_ir::{Elem, Imm, InstData, Op, Type, Value};

/// Lanes or truth values of sixteen columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes {
    /// Of the first and of the last eight of them.
    pub(crate) halves: [Native; 2],
    /// Whether truth values hold where no bit is set.
    pub(crate) negated: bool,
}

impl Lanes {
    pub(crate) fn of(halves: [Native; 2]) -> Lanes {
        Lanes { halves, negated: false }
    }
}

impl Translator<'_, '_> {
    /// Emits one instruction, and keeps its result.
    pub(crate) fn vector_inst(&mut self, inst: &InstData, places: &Places, body: &mut Body) {
        if inst.result.is_some_and(|result| body.invariants.distances.contains_key(&result)) {
            return;
        }
        if let (Some(lanes), Some(result)) = (self.vector(inst, places, body), inst.result) {
            body.values.insert(result, lanes);
            body.made.insert(result);
        }
    }

    /// The instruction that defines a value.
    pub(crate) fn def(&self, value: Value) -> Option<&InstData> {
        self.plan.defs[value.index()].map(|inst| self.func.inst(inst))
    }

    /// An operand, read from memory at its first use if another run made it.
    pub(crate) fn operand(&mut self, value: Value, body: &mut Body) -> Lanes {
        if let Some(lanes) = body.values.get(&value) {
            return *lanes;
        }
        let lanes = match body.invariants.distances.get(&value) {
            Some(distance) => self.load_invariant(*distance, body),
            None => self.load_home(value, body.at.column),
        };
        body.values.insert(value, lanes);
        lanes
    }

    /// Truth values with all bits set where they hold.
    pub(crate) fn plain(&mut self, lanes: Lanes) -> [Native; 2] {
        match lanes.negated {
            false => lanes.halves,
            true => lanes.halves.map(|half| self.b.ins().bnot(half)),
        }
    }

    /// Whether no lane of a vector can be -32768, whose square is no fraction. Code for all columns
    /// is for derived values too that are not.
    pub(crate) fn never_minimum(&self, value: Value) -> bool {
        let Some(def) = self.def(value) else { return false };
        match (def.op, def.imm) {
            (Op::ShrLogical | Op::Column | Op::Read, _) => true,
            (Op::Splat, _) => self.def(def.args[0]).is_some_and(|scalar| match scalar.imm {
                Imm::Int(x) => pl_ir::io::low_lane(x) != i16::MIN,
                Imm::Derived(_) => self.columns == Columns::All,
                Imm::None
                | Imm::Shift(_)
                | Imm::Cond(_)
                | Imm::Quantity(_)
                | Imm::Object(_)
                | Imm::Record(_)
                | Imm::Field(..)
                | Imm::Array(..) => false,
            }),
            _ => false,
        }
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

    /// Emits one instruction; its result, if it has one.
    fn vector(&mut self, inst: &InstData, places: &Places, body: &mut Body) -> Option<Lanes> {
        let lanes = match inst.op {
            Op::Add
            | Op::Sub
            | Op::Mul
            | Op::AddSat
            | Op::SubSat
            | Op::Min
            | Op::Max
            | Op::MulFrac
            | Op::MulFracRound => self.binary(inst, body),
            Op::Shl | Op::ShrLogical | Op::ShrFloor | Op::ShrRound | Op::ShrRoundAway => {
                self.shift(inst, body)
            }
            Op::Compare => self.compare(inst, body),
            Op::Select => {
                let [mask, x, y] = [0, 1, 2].map(|n| self.operand(inst.args[n], body));
                self.select(mask, x.halves, y.halves)
            }
            Op::MaskAnd | Op::MaskOr => self.mask_binary(inst, body),
            Op::MaskNot => {
                let mask = self.operand(inst.args[0], body);
                Lanes { negated: !mask.negated, ..mask }
            }
            Op::Splat => self.splat(inst),
            // Bytes are kept sign-extended.
            Op::Widen => self.operand(inst.args[0], body),
            Op::Narrow => {
                let lanes = self.operand(inst.args[0], body).halves;
                Lanes::of(lanes.map(|half| bytes::low_byte(&mut self.b, half)))
            }
            Op::Column => Lanes::of([0, 1].map(|half| {
                let ahead = if half == 0 { 0 } else { i64::from(CHUNK_STEP) };
                let first = self.b.ins().iadd_imm_s(body.at.column, ahead);
                lanes::columns(&mut self.b, first)
            })),
            Op::Draw => self.draw(body),
            Op::Read => self.read(inst, places, body),
            Op::Load => {
                let first = places.first.expect("prepared before the loop");
                let number = if places.in_row { body.at.cell } else { body.at.column };
                self.load_lanes(first, number, 0)
            }
            Op::Write | Op::Store | Op::RecordPut => {
                self.effect(inst, places, body);
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
            | Op::MulHighU
            | Op::MulSat
            | Op::MulReal
            | Op::DivReal
            | Op::LoadElement
            | Op::StoreElement
            | Op::DrawWord
            | Op::ReduceAdd
            | Op::ReduceMin
            | Op::ReduceMax
            | Op::Send
            | Op::RecordOpen => unreachable!("`{}` gives no vector", inst.op.name()),
        };
        Some(lanes)
    }

    pub(crate) fn splat(&mut self, inst: &InstData) -> Lanes {
        let scalar = self.scalar(inst.args[0]);
        let splat = match self.elem(inst) {
            Elem::I8 => bytes::splat(&mut self.b, scalar),
            Elem::I16 => {
                let lane = self.b.ins().ireduce(types::I16, scalar);
                self.b.ins().splat(CHUNK, lane)
            }
        };
        Lanes::of([splat; 2])
    }

    fn binary(&mut self, inst: &InstData, body: &mut Body) -> Lanes {
        if let Some(sum) = self.sum_of_correlations(inst, 0, body) {
            return sum;
        }
        let args = body.invariants.second(inst);
        let exact = args.iter().any(|value| self.never_minimum(*value));
        let elem = self.elem(inst);
        let [x, y] = args.map(|value| self.operand(value, body).halves);
        if (inst.op, elem) == (Op::MulFrac, Elem::I16)
            && let Some(product) = self.prepared_product(args, [x, y], exact, body)
        {
            return product;
        }
        Lanes::of([0, 1].map(|half| {
            let (x, y) = (x[half], y[half]);
            match elem {
                Elem::I8 => bytes::binary(&mut self.b, inst.op, x, y),
                Elem::I16 => lanes::binary(&mut self.b, inst.op, x, y, exact),
            }
        }))
    }

    /// A product rounded down with a factor that was prepared before the loop.
    fn prepared_product(
        &mut self,
        args: [Value; 2],
        [x, y]: [[Native; 2]; 2],
        exact: bool,
        body: &Body,
    ) -> Option<Lanes> {
        if let Some(floor) = body.invariants.floors.get(&args[1]).copied()
            && self.upper_bound(args[0], DEPTH).is_some()
        {
            let taken = self.load_invariant(floor.taken, body).halves;
            let added = self.load_invariant(floor.added, body).halves;
            return Some(Lanes::of([0, 1].map(|half| {
                let lowered = self.b.ins().isub(x[half], taken[half]);
                let product = lanes::binary(&mut self.b, Op::MulFracRound, lowered, y[half], true);
                self.b.ins().iadd(product, added[half])
            })));
        }
        let doubled = *body.invariants.doubled.get(&args[1])?;
        let doubled = self.load_invariant(doubled, body).halves;
        Some(Lanes::of(
            [0, 1]
                .map(|half| lanes::mul_frac(&mut self.b, (x[half], y[half]), doubled[half], exact)),
        ))
    }

    fn shift(&mut self, inst: &InstData, body: &mut Body) -> Lanes {
        let Imm::Shift(places) = inst.imm else { unreachable!("verified: a shift has its places") };
        if let Some(shifted) = self.shifted_bytes(inst, places, body) {
            return shifted;
        }
        let elem = self.elem(inst);
        let x = self.operand(inst.args[0], body).halves;
        Lanes::of(x.map(|x| match elem {
            Elem::I8 => bytes::shift(&mut self.b, inst.op, x, places),
            Elem::I16 => lanes::shift(&mut self.b, inst.op, x, places),
        }))
    }

    /// Comparisons there is no instruction for are the negations of those there are.
    fn compare(&mut self, inst: &InstData, body: &mut Body) -> Lanes {
        let Imm::Cond(cond) = inst.imm else { unreachable!("verified: cmp has a condition") };
        let negated = matches!(cond, Cond::Ne | Cond::Le | Cond::Ge);
        let cond = lanes::condition(if negated { cond.negated() } else { cond });
        let [x, y] = [0, 1].map(|n| self.operand(inst.args[n], body).halves);
        let halves = [0, 1].map(|half| self.b.ins().icmp(cond, x[half], y[half]));
        Lanes { halves, negated }
    }

    fn select(&mut self, mask: Lanes, yes: [Native; 2], no: [Native; 2]) -> Lanes {
        let (yes, no) = if mask.negated { (no, yes) } else { (yes, no) };
        Lanes::of(
            [0, 1].map(|half| lanes::choose(&mut self.b, mask.halves[half], yes[half], no[half])),
        )
    }

    fn mask_binary(&mut self, inst: &InstData, body: &mut Body) -> Lanes {
        let [x, y] = [0, 1].map(|n| self.operand(inst.args[n], body));
        // Neither is both of their opposites.
        let negated = x.negated && y.negated;
        let [x, y] = [x, y].map(|mask| if negated { mask.halves } else { self.plain(mask) });
        let and = (inst.op == Op::MaskAnd) != negated;
        let halves = [0, 1].map(|half| match and {
            true => self.b.ins().band(x[half], y[half]),
            false => self.b.ins().bor(x[half], y[half]),
        });
        Lanes { halves, negated }
    }

    /// Writes, stores and records the last operand.
    fn effect(&mut self, inst: &InstData, places: &Places, body: &mut Body) {
        let value = inst.args[inst.args.len() - 1];
        let first = places.first.expect("prepared before the loop");
        let number = if places.in_row { body.at.cell } else { body.at.column };
        if inst.op == Op::Write {
            return self.write(inst, places, body);
        }
        let lanes = self.operand(value, body);
        if inst.op == Op::Store {
            return self.store_lanes(lanes, first, number, 0);
        }
        let address = self.element_address(first, number, 2);
        for (distance, half) in [0, 32].into_iter().zip(lanes.halves) {
            let low = self.b.ins().swiden_low(half);
            let high = self.b.ins().swiden_high(half);
            self.b.ins().store(ACCESS, low, address, distance);
            self.b.ins().store(ACCESS, high, address, distance + 16);
        }
    }

    /// Lanes that are not 0, as bytes of all ones.
    pub(crate) fn not_zero(&mut self, lanes: Lanes) -> Native {
        let zero = lanes::constant(&mut self.b, 0);
        let [low, high] = lanes.halves.map(|half| self.b.ins().icmp(IntCC::Equal, half, zero));
        let zeros = self.b.ins().snarrow(low, high);
        self.b.ins().bnot(zeros)
    }
}
