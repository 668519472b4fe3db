//! Vector code: loops over the columns of a row, sixteen at a time, and down the rows of a view.

use crate::context::Context;
use crate::function::Translator;
use crate::generators::Generators;
use crate::invariants::{Baseline, Invariants};
use crate::lanes::{CHUNK, CHUNK_STEP};
use crate::plan::{is_vector, row_position};
use crate::row_loop::RowLoop;
use crate::vector::Lanes;
use core::mem::offset_of;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block as NativeBlock, BlockArg, InstBuilder, MemFlagsData, Value as Native, types,
};
use pl_ir::io::COLUMNS;
use pl_ir::{Block, Imm, Inst, InstData, Op, Quantity, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Columns of a row.
pub(crate) const ROW: i64 = COLUMNS as i64;
/// Columns that are computed together: bytes of so many fill a register, lanes two.
const TOGETHER: i64 = 2 * CHUNK_STEP as i64;
/// Rows that are computed together: what they read and write of a few columns fits the first cache,
/// whose sets are few for addresses so regular.
const TILE: i64 = 32;
/// Flags of accesses to the caller's arrays and to homes: never a fault, any alignment.
pub(crate) const ACCESS: MemFlagsData = MemFlagsData::new().with_notrap();

/// Where an instruction reads or writes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places {
    /// First element: of the row, or of the view in a loop over its rows.
    pub(crate) first: Option<Native>,
    /// Of the second array, if there are two; it has no rows.
    pub(crate) second: Option<Native>,
    /// Whether it lies in the row that a loop over rows is at.
    pub(crate) in_row: bool,
    /// Baselines of the columns that are computed, as signed bytes.
    pub(crate) baseline: Option<Baseline>,
}

/// Where the columns that are computed stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    /// The first of them.
    pub(crate) column: Native,
    /// Elements from the first of the view to theirs; the column outside of loops over rows.
    pub(crate) cell: Native,
}

/// What is known of the columns that are computed.
pub(crate) struct Body {
    pub(crate) at: At,
    pub(crate) values: BTreeMap<Value, Lanes>,
    /// Values that instructions here made: their operands are at hand.
    pub(crate) made: BTreeSet<Value>,
    /// Bytes of reads.
    pub(crate) bytes: BTreeMap<Value, Native>,
    /// Low bits of what is written, by the bits that are kept.
    pub(crate) written: BTreeMap<(Value, u8), Native>,
    /// The generators' state, once something draws.
    pub(crate) generators: Option<[Generators; 2]>,
    /// What is the same in all rows.
    pub(crate) invariants: Invariants,
}

impl Body {
    fn new(column: Native) -> Body {
        let at = At { column, cell: column };
        let (values, bytes, written) = Default::default();
        let invariants = Invariants::default();
        let made = BTreeSet::new();
        Body { at, values, made, bytes, written, generators: None, invariants }
    }
}

impl Translator<'_, '_> {
    /// Emits a run; goes on behind its loop.
    pub(crate) fn run(&mut self, run: &[Inst]) {
        let insts: Vec<InstData> = run.iter().map(|inst| self.func.inst(*inst).clone()).collect();
        let places: Vec<Places> = insts.iter().map(|inst| self.places(inst, false)).collect();
        self.columns(|translator, column| {
            let mut body = Body::new(column);
            let places = translator.places_at(&insts, places, column);
            let draw = translator.draw_places(&insts);
            translator.load_generators(draw, &mut body);
            for (inst, places) in insts.iter().zip(&places) {
                translator.vector_inst(inst, places, &mut body);
                if let Some(result) = inst.result.filter(|v| translator.plan.in_memory[v.index()]) {
                    translator.store_home(result, body.values[&result], column);
                }
            }
            translator.store_generators(draw, &body);
        });
    }

    /// Emits a block that is a loop over rows, up to where it leads.
    pub(crate) fn row_loop(&mut self, block: Block, rows: &RowLoop) {
        let listed = self.func.block(block).insts.clone();
        let insts: Vec<InstData> =
            listed.iter().map(|inst| self.func.inst(*inst).clone()).collect();
        self.charge_rounds(insts.len() + 1);
        if insts.iter().any(|inst| row_position(inst).is_some()) {
            self.refuse_empty_view();
        }
        let places: Vec<Places> = insts.iter().map(|inst| self.places(inst, true)).collect();
        let mut invariants = self.keep_invariants(rows, &insts);
        self.keep_carried(rows, &mut invariants);
        self.tiles(|translator, first_row, end| {
            translator.columns(|translator, column| {
                let mut body = Body::new(column);
                body.invariants = invariants;
                let mut places = translator.places_at(&insts, places, column);
                translator.keep_columns(rows, &insts, &mut places, &mut body);
                let draw = translator.draw_places(&insts);
                translator.load_generators(draw, &mut body);
                let end = translator.b.ins().iadd(column, end);
                let round = translator.enter_rows(rows, first_row, &mut body);
                for (inst, places) in insts.iter().zip(&places) {
                    if is_vector(translator.func, inst) {
                        translator.vector_inst(inst, places, &mut body);
                    } else {
                        translator.scalar_inst(inst);
                    }
                }
                translator.next_row(round, rows, end, &mut body);
                let draw = translator.draw_places(&insts);
                translator.store_generators(draw, &body);
                for value in &rows.kept {
                    let lanes = translator.operand(*value, &mut body);
                    translator.store_home(*value, lanes, column);
                }
            });
        });
    }

    /// Finds places for the vectors that one row hands to the next, and puts those of the first there.
    fn keep_carried(&mut self, rows: &RowLoop, invariants: &mut Invariants) {
        let params = rows.carried.iter().map(|(param, _)| *param).collect::<Vec<Value>>();
        for param in &params {
            invariants.carried.insert(*param, self.new_home());
        }
        if params.is_empty() {
            return;
        }
        self.columns(|translator, column| {
            for param in params {
                let lanes = translator.load_home(param, column);
                let distance = invariants.carried[&param];
                translator.store_lanes(lanes, translator.homes, column, distance);
            }
        });
    }

    /// A loop over the first of every few rows, and the number of cells up to behind them.
    fn tiles(&mut self, body: impl FnOnce(&mut Self, Native, Native)) {
        let rows = self.context_word(offset_of!(Context, view_rows));
        let (head, done) = (self.b.create_block(), self.b.create_block());
        let first = self.b.append_block_param(head, types::I32);
        let zero = self.b.ins().iconst(types::I32, 0);
        self.b.ins().jump(head, &[BlockArg::Value(zero)]);
        self.b.switch_to_block(head);
        let next = self.b.ins().iadd_imm_s(first, TILE);
        let end = self.b.ins().smin(next, rows);
        let end = self.b.ins().uextend(types::I64, end);
        let end = self.b.ins().imul_imm_s(end, ROW);
        body(self, first, end);
        let more = self.b.ins().icmp(IntCC::SignedLessThan, next, rows);
        self.b.ins().brif(more, head, &[BlockArg::Value(next)], done, &[]);
        self.b.switch_to_block(done);
    }

    /// Begins a loop over rows, with state in registers.
    fn enter_rows(&mut self, rows: &RowLoop, first: Native, body: &mut Body) -> NativeBlock {
        let round = self.b.create_block();
        let wide = self.b.ins().uextend(types::I64, first);
        let row_columns = self.b.ins().iconst(types::I64, ROW);
        let distance = self.b.ins().imul(wide, row_columns);
        body.at.cell = self.b.ins().iadd(body.at.column, distance);
        let mut args: Vec<Native> = vec![body.at.cell, self.invariants_base(body)];
        args.extend(rows.next.map(|_| first));
        args.extend(body.generators.iter().flatten().flat_map(Generators::state));
        for (param, _) in &rows.carried {
            let distance = body.invariants.carried[param];
            args.extend(self.load_lanes(self.homes, body.at.column, distance).halves);
        }
        let types = args.iter().map(|arg| self.b.func.dfg.value_type(*arg)).collect::<Vec<_>>();
        let args: Vec<BlockArg> = args.into_iter().map(BlockArg::Value).collect();
        self.b.ins().jump(round, &args);
        self.b.switch_to_block(round);
        let mut params =
            types.into_iter().map(|ty| self.b.append_block_param(round, ty)).collect::<Vec<_>>();
        let mut params = params.drain(..);
        let mut next = || params.next().expect("a parameter for every argument");
        body.at.cell = next();
        self.enter_invariants(next(), body);
        let row = if rows.next.is_some() { next() } else { first };
        self.scalars[rows.row.index()] = Some(row);
        let wide = self.b.ins().uextend(types::I64, row);
        self.positions.insert(rows.row, wide);
        for generators in body.generators.iter_mut().flatten() {
            generators.state_mut().iter_mut().for_each(|value| *value = next());
        }
        for (param, _) in &rows.carried {
            body.values.insert(*param, Lanes::of([next(), next()]));
        }
        round
    }

    /// Ends a loop over rows, and goes on behind it.
    fn next_row(&mut self, round: NativeBlock, rows: &RowLoop, end: Native, body: &mut Body) {
        let cell = self.b.ins().iadd_imm_s(body.at.cell, ROW);
        let mut args = vec![cell, self.next_invariants(body)];
        args.extend(rows.next.map(|next| self.scalar(next)));
        args.extend(body.generators.iter().flatten().flat_map(Generators::state));
        let next: Vec<Lanes> =
            rows.carried.iter().map(|(_, next)| self.operand(*next, body)).collect();
        args.extend(next.iter().flat_map(|lanes| lanes.halves));
        let args: Vec<BlockArg> = args.into_iter().map(BlockArg::Value).collect();
        let more = self.b.ins().icmp(IntCC::SignedLessThan, cell, end);
        let done = self.b.create_block();
        self.b.ins().brif(more, round, &args, done, &[]);
        self.b.switch_to_block(done);
        for ((param, _), lanes) in rows.carried.iter().zip(next) {
            let distance = body.invariants.carried[param];
            self.store_lanes(lanes, self.homes, body.at.column, distance);
        }
    }

    /// Where draws and carries of the generators are, if something draws. They are few enough to be
    /// asked for where they are needed, and free a register in between.
    fn draw_places(&mut self, insts: &[InstData]) -> Option<(Native, Native)> {
        insts.iter().any(|inst| inst.op == Op::Draw).then(|| {
            let x = self.context_pointer(offset_of!(Context, rng_x));
            (x, self.context_pointer(offset_of!(Context, rng_carry)))
        })
    }

    /// Loads the generators of the columns.
    fn load_generators(&mut self, draw: Option<(Native, Native)>, body: &mut Body) {
        let Some((first, second)) = draw else { return };
        let x = self.load_lanes(first, body.at.column, 0).halves;
        body.generators = Some(match self.leaps {
            Some(_) => x.map(|registers| Generators::Hardware([registers])),
            None => {
                let carry = self.load_lanes(second, body.at.column, 0).halves;
                [0, 1].map(|half| Generators::own(&mut self.b, x[half], carry[half]))
            }
        });
    }

    /// Stores the generators after the last draw.
    fn store_generators(&mut self, draw: Option<(Native, Native)>, body: &Body) {
        let (Some((first, second)), Some(state)) = (draw, body.generators) else { return };
        let words = state.map(|generators| generators.words(&mut self.b));
        let column = body.at.column;
        self.store_lanes(Lanes::of(words.map(|(x, _)| x)), first, column, 0);
        if let [(_, Some(low)), (_, Some(high))] = words {
            self.store_lanes(Lanes::of([low, high]), second, column, 0);
        }
    }

    /// Draws of the columns.
    pub(crate) fn draw(&mut self, body: &mut Body) -> Lanes {
        let leaps = self.leaps.map(|table| {
            let table = self.b.ins().symbol_value(self.pointer, table);
            self.element_address(table, body.at.column, 1)
        });
        let state = body.generators.as_mut().expect("a body that draws has generators");
        Lanes::of([0, 1].map(|half| {
            let leaps = leaps.map(|leaps| match half {
                0 => leaps,
                _ => self.b.ins().iadd_imm_s(leaps, i64::from(2 * CHUNK_STEP)),
            });
            state[half].draw(&mut self.b, leaps)
        }))
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
        let address = self.element_address(homes, column, 1);
        let lane = self.b.ins().sload16(types::I32, ACCESS, address, distance);
        let address = self.element_address(columns, column, 0);
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

    /// Copies vectors to the places of block parameters, as if all at once: all are read before
    /// the first is written.
    pub(crate) fn copy(&mut self, pairs: &[(Value, Value)]) {
        if pairs.is_empty() {
            return;
        }
        self.columns(|translator, column| {
            let loaded: Vec<Lanes> =
                pairs.iter().map(|(from, _)| translator.load_home(*from, column)).collect();
            for ((_, to), lanes) in pairs.iter().zip(loaded) {
                translator.store_home(*to, lanes, column);
            }
        });
    }

    /// A loop over the first of every sixteen columns.
    fn columns(&mut self, body: impl FnOnce(&mut Self, Native)) {
        let (head, done) = (self.b.create_block(), self.b.create_block());
        let column = self.b.append_block_param(head, types::I64);
        let zero = self.b.ins().iconst(types::I64, 0);
        self.b.ins().jump(head, &[BlockArg::Value(zero)]);
        self.b.switch_to_block(head);
        body(self, column);
        let next = self.b.ins().iadd_imm_s(column, TOGETHER);
        let more = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, next, ROW);
        self.b.ins().brif(more, head, &[BlockArg::Value(next)], done, &[]);
        self.b.switch_to_block(done);
    }

    /// Finds the addresses that an instruction needs; its row position has been checked. In a loop
    /// over the rows they are those of the view's first row.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "other ops have no places; `vector` names them all"
    )]
    fn places(&mut self, inst: &InstData, loops: bool) -> Places {
        let position = row_position(inst);
        let row = position.filter(|_| !loops).map(|row| self.position(row));
        let mut places = Places { in_row: loops && position.is_some(), ..Places::default() };
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
            (Op::Load | Op::Store, Imm::Object(id)) if is_vector(self.func, inst) => {
                let object = self.object_pointer(id.index());
                places.first = Some(self.row_address(object, row, 2));
            }
            (Op::RecordPut, Imm::Field(record, field)) => {
                let values = self.record_field(record.index(), field);
                places.first = Some(self.row_address(values, row, 4));
            }
            _ => {}
        }
        places
    }

    /// The places with the baselines of these columns.
    fn places_at(
        &mut self,
        insts: &[InstData],
        mut places: Vec<Places>,
        column: Native,
    ) -> Vec<Places> {
        for (inst, places) in insts.iter().zip(&mut places) {
            if let (Op::Read, Some(first)) = (inst.op, places.second) {
                places.baseline = Some(Baseline::Bytes(self.signed_bytes(first, column)));
            }
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

    /// Address of an element of `1 << log_bytes` bytes.
    pub(crate) fn element_address(
        &mut self,
        first: Native,
        number: Native,
        log_bytes: i64,
    ) -> Native {
        let distance = match log_bytes {
            0 => number,
            _ => self.b.ins().ishl_imm_u(number, log_bytes),
        };
        self.b.ins().iadd(first, distance)
    }

    pub(crate) fn load_home(&mut self, value: Value, column: Native) -> Lanes {
        let (homes, distance) = self.home(value);
        self.load_lanes(homes, column, distance)
    }

    pub(crate) fn store_home(&mut self, value: Value, lanes: Lanes, column: Native) {
        let (homes, distance) = self.home(value);
        self.store_lanes(lanes, homes, column, distance);
    }

    /// Lanes of sixteen columns of a row that lies so many bytes behind `first`.
    pub(crate) fn load_lanes(&mut self, first: Native, number: Native, distance: i32) -> Lanes {
        let address = self.element_address(first, number, 1);
        self.load_halves(address, ACCESS, distance)
    }

    pub(crate) fn store_lanes(
        &mut self,
        lanes: Lanes,
        first: Native,
        number: Native,
        distance: i32,
    ) {
        let address = self.element_address(first, number, 1);
        self.store_halves(lanes, address, distance);
    }

    /// Lanes that lie so many bytes behind an address.
    pub(crate) fn load_halves(
        &mut self,
        address: Native,
        flags: MemFlagsData,
        distance: i32,
    ) -> Lanes {
        let mut half = |bytes| self.b.ins().load(CHUNK, flags, address, distance + bytes);
        Lanes::of([half(0), half(2 * CHUNK_STEP)])
    }

    pub(crate) fn store_halves(&mut self, lanes: Lanes, address: Native, distance: i32) {
        let halves = self.plain(lanes);
        self.b.ins().store(ACCESS, halves[0], address, distance);
        self.b.ins().store(ACCESS, halves[1], address, distance + 2 * CHUNK_STEP);
    }
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
