//! What is the same in all rows, in a loop over rows.
//!
//! There is more of it than registers: it lies in memory, where instructions take it from as an
//! operand. Each has a place for sixteen columns. What is the same in all columns is stored before
//! the loops, the rest before each loop down the rows of sixteen columns. The address must not look
//! the same in all rows to Cranelift, which would load it into registers before the loop, and store
//! those to the stack: the address is the sum of two that change, the cell and a base that falls as
//! the cell rises.

use crate::function::Translator;
use crate::lanes::{self, BYTES, CHUNK};
use crate::planes::{DEPTH, KEPT, RESET};
use crate::row_loop::RowLoop;
use crate::run::{ACCESS, Body, Places, ROW};
use crate::vector::Lanes;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value as Native, types};
use pl_ir::{Imm, InstData, Op, Quantity, Type, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Flags of loads: nothing in the loop writes there.
const INVARIANT: MemFlagsData = MemFlagsData::new().with_notrap().with_readonly().with_can_move();

/// Baselines of sixteen columns as signed bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Baseline {
    Bytes(Native),
    /// Kept in memory at this place.
    Invariant(i32),
}

/// Constants that turn a product to nearest into one rounded down, for a factor `m 2^v` with `m` odd
/// and another that is never negative. With `2^(14-v)` taken from the other, the product lacks
/// `2^14 m`; `2^14 (1 - m)`, what it then has too much by before its 15 low bits are cut off, is a
/// multiple of `2^15`: `(m - 1) / 2` is to be added again. A factor of 0 needs neither.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Floor {
    /// Places of `2^(14-v)` and `(m - 1) / 2` in every lane.
    pub(crate) taken: i32,
    pub(crate) added: i32,
}

/// Where the invariants are, as bytes from where vectors in memory begin.
#[derive(Debug, Default)]
pub(crate) struct Invariants {
    /// Vectors.
    pub(crate) distances: BTreeMap<Value, i32>,
    /// Factors, doubled.
    pub(crate) doubled: BTreeMap<Value, i32>,
    /// What products with factors take that are rounded down by rounding to nearest.
    pub(crate) floors: BTreeMap<Value, Floor>,
    /// Low bits of splats, by the bits that are kept.
    pub(crate) bytes: BTreeMap<(Value, u8), i32>,
    /// Constants, the same in every byte.
    pub(crate) constants: BTreeMap<u8, i32>,
    /// Vectors that one row hands to the next, between tiles: of all columns.
    pub(crate) carried: BTreeMap<Value, i32>,
    /// The base, which falls from row to row, and the sum of it and the cell.
    base: Option<(Native, Native)>,
}

impl Invariants {
    /// Operands of a binary op, one that does not change second if the op allows.
    pub(crate) fn second(&self, inst: &InstData) -> [Value; 2] {
        let [x, y] = [inst.args[0], inst.args[1]];
        let known = |value| self.distances.contains_key(&value);
        if inst.op.commutes() && known(x) && !known(y) { [y, x] } else { [x, y] }
    }
}

impl Translator<'_, '_> {
    /// Keeps in memory, before the loops, what the instructions of a loop use that is the same in all
    /// rows and columns, and finds places for what differs from column to column.
    pub(crate) fn keep_invariants(&mut self, rows: &RowLoop, insts: &[InstData]) -> Invariants {
        let mut invariants = Invariants::default();
        for value in &rows.outside {
            invariants.distances.insert(*value, self.new_place());
        }
        for inst in insts.iter().filter(|inst| inst.op == Op::Splat) {
            let result = inst.result.expect("verified: a splat has a result");
            let inside = inst.args[0] == rows.row
                || insts.iter().any(|other| other.result == Some(inst.args[0]));
            let constant = self.def(inst.args[0]).is_some_and(|def| def.op == Op::Const);
            if self.func.ty(result) == Type::ROW16 && (constant || !inside) {
                if constant && inside {
                    let scalar = self.def(inst.args[0]).expect("just found").clone();
                    self.scalar_inst(&scalar);
                }
                let lanes = self.splat(inst);
                invariants.distances.insert(result, self.keep(lanes));
            }
        }
        self.keep_factors(insts, &mut invariants, |value| !rows.outside.contains(&value));
        self.keep_constant(0, &mut invariants);
        for inst in insts.iter().filter(|inst| inst.op == Op::Write) {
            match (inst.imm, &*inst.args) {
                (Imm::Quantity(Quantity::Weight | Quantity::Address), [.., value]) => {
                    self.keep_bytes(*value, KEPT, &mut invariants);
                }
                (Imm::Quantity(Quantity::CorrelationReset), [.., value]) => {
                    self.keep_bytes(*value, RESET, &mut invariants);
                }
                _ => {}
            }
        }
        invariants
    }

    /// Keeps what differs from column to column, for sixteen of them.
    pub(crate) fn keep_columns(
        &mut self,
        rows: &RowLoop,
        insts: &[InstData],
        places: &mut [Places],
        body: &mut Body,
    ) {
        for value in &rows.outside {
            let lanes = self.load_home(*value, body.at.column);
            let distance = body.invariants.distances[value];
            self.store_halves(lanes, self.homes, distance);
        }
        self.keep_factors(insts, &mut body.invariants, |value| rows.outside.contains(&value));
        for places in places {
            if let Some(Baseline::Bytes(bytes)) = places.baseline {
                places.baseline = Some(Baseline::Invariant(self.keep_register(bytes)));
            }
        }
    }

    /// Keeps what makes products with some factors cheaper that do not change.
    fn keep_factors(
        &mut self,
        insts: &[InstData],
        invariants: &mut Invariants,
        some: impl Fn(Value) -> bool,
    ) {
        for inst in insts.iter().filter(|inst| inst.op == Op::MulFrac) {
            let [other, factor] = invariants.second(inst);
            if self.func.ty(factor) == Type::ROW16 && some(factor) {
                self.keep_factor(other, factor, invariants);
            }
        }
    }

    fn keep_factor(&mut self, other: Value, factor: Value, invariants: &mut Invariants) {
        let Some(distance) = invariants.distances.get(&factor).copied() else { return };
        if let Some(scalar) = self.splatted(factor)
            && self.never_minimum(factor)
            && self.upper_bound(other, DEPTH).is_some()
        {
            let scalar = self.scalar(scalar);
            let [taken, added] = self.floor(scalar).map(|scalar| {
                let lane = self.b.ins().ireduce(types::I16, scalar);
                let splat = self.b.ins().splat(CHUNK, lane);
                self.keep(Lanes::of([splat; 2]))
            });
            invariants.floors.insert(factor, Floor { taken, added });
            return;
        }
        let lanes = self.load_halves(self.homes, ACCESS, distance);
        let doubled = lanes.halves.map(|half| lanes::double(&mut self.b, half));
        invariants.doubled.insert(factor, self.keep(Lanes::of(doubled)));
    }

    /// The constants of a [`Floor`] for a factor.
    fn floor(&mut self, factor: Native) -> [Native; 2] {
        let b = &mut self.b;
        let lane = b.ins().ireduce(types::I16, factor);
        let factor = b.ins().sextend(types::I32, lane);
        // A factor of 0 counts as `2^15`, beyond what is taken.
        let marked = b.ins().bor_imm_u(factor, 1 << 15);
        let places = b.ins().ctz(marked);
        let half = b.ins().iconst(types::I32, 1 << 14);
        let taken = b.ins().ushr(half, places);
        let beyond = b.ins().iadd_imm_s(places, 1);
        [taken, b.ins().sshr(factor, beyond)]
    }

    /// Keeps what does not change of the bytes that are written: arms of choices and limits.
    fn keep_bytes(&mut self, value: Value, kept: u8, invariants: &mut Invariants) {
        let mut values = vec![value];
        let mut seen = BTreeSet::new();
        while let Some(value) = values.pop().filter(|value| seen.insert(*value)) {
            if let Some(scalar) = self.splatted(value) {
                let known = invariants.distances.contains_key(&value);
                if known && self.scalars[scalar.index()].is_some() {
                    let bytes = self.splat_low_bits(scalar, kept);
                    invariants.bytes.insert((value, kept), self.keep_register(bytes));
                }
            } else if let Some(limit) = self.byte_limit(value) {
                self.keep_constant(limit, invariants);
            } else if let Some(def) = self.def(value).filter(|def| def.op == Op::Select) {
                values.extend(&def.args[1..]);
            }
        }
    }

    /// Keeps a constant that is the same in every byte.
    fn keep_constant(&mut self, value: u8, invariants: &mut Invariants) {
        let bytes = lanes::byte_constant(&mut self.b, value);
        invariants.constants.insert(value, self.keep_register(bytes));
    }

    /// Bytes that are all the same.
    pub(crate) fn byte_constant(&mut self, value: u8, body: &Body) -> Native {
        match body.invariants.constants.get(&value) {
            Some(distance) => self.load_invariant_bytes(*distance, body),
            None => lanes::byte_constant(&mut self.b, value),
        }
    }

    /// Keeps a register; where.
    fn keep_register(&mut self, bytes: Native) -> i32 {
        let distance = self.new_place();
        self.b.ins().store(ACCESS, bytes, self.homes, distance);
        distance
    }

    /// Keeps lanes; where.
    fn keep(&mut self, lanes: Lanes) -> i32 {
        let distance = self.new_place();
        self.store_halves(lanes, self.homes, distance);
        distance
    }

    /// The base before the first row.
    pub(crate) fn invariants_base(&mut self, body: &Body) -> Native {
        self.b.ins().isub(self.homes, body.at.cell)
    }

    /// Takes over the base of a row.
    pub(crate) fn enter_invariants(&mut self, base: Native, body: &mut Body) {
        let first = self.b.ins().iadd(base, body.at.cell);
        body.invariants.base = Some((base, first));
    }

    /// The base of the next row.
    pub(crate) fn next_invariants(&mut self, body: &Body) -> Native {
        let (base, _) = body.invariants.base.expect("entered");
        self.b.ins().iadd_imm_s(base, -ROW)
    }

    pub(crate) fn load_invariant(&mut self, distance: i32, body: &Body) -> Lanes {
        let (_, first) = body.invariants.base.expect("entered");
        self.load_halves(first, INVARIANT, distance)
    }

    pub(crate) fn load_invariant_bytes(&mut self, distance: i32, body: &Body) -> Native {
        let (_, first) = body.invariants.base.expect("entered");
        self.b.ins().load(BYTES, INVARIANT, first, distance)
    }
}
