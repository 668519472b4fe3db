//! The chip's quantities and vector objects: parallel IO, vector memory, windows.

use super::ahead::sensor_plane;
use super::lane::part_of;
use super::{At, Lowering, PARTS, Width, index};
use crate::memory::{ObjectPlace, Sym};
use crate::runtime;
use crate::vcode::{Class, Inst, Operand, R3, Recipe, Reg, Work};
use pl_fixed::lfsr;
use pl_ir::{Imm, InstData, Op, Quantity, Value};
use pl_isa::{Cond, Opcode};

/// Planes of the parallel IO bus (ppu-isa reference, 4.3).
pub(crate) mod plane {
    /// Weights.
    pub(crate) const WEIGHT: i32 = 0;
    /// Addresses.
    pub(crate) const ADDRESS: i32 = 0x0004_0000;
    /// Causal codes when read, resets of both branches when written.
    pub(crate) const CAUSAL: i32 = 0x0008_0000;
    /// Acausal codes.
    pub(crate) const ACAUSAL: i32 = 0x000c_0000;
    /// The random generators: 0 even columns, 1 odd ones.
    pub(crate) const GENERATORS: i32 = 0x000e_0000;
    /// Added to a converter plane: the latched result, without a new conversion.
    pub(crate) const BUFFERED: i32 = 0x0020_0000;
    /// Resets the neurons of enabled lanes; even columns, odd ones follow.
    pub(crate) const NEURON_RESET: i32 = 0x00c9_0200;
    /// Index of the column switches of the even columns: row 256.
    pub(crate) const SWITCH_INDEX: i32 = 512;
    /// Cells of 128 bytes of the external DRAM; the address counts 16 bytes.
    pub(crate) const EXTERNAL: i32 = 0x8100_0000_u32.cast_signed();
    /// Address units of the external window between two vectors.
    pub(crate) const CELL: i32 = 8;
}

/// Half rows before those of the second row of a pair.
const SECOND: usize = 2;

/// Data view of the external DRAM (ppu-isa reference, 4.1).
pub(crate) const EXTERNAL_DATA: i32 = 0x5000_0000;

impl Lowering<'_> {
    /// Registers that hold where this PPU's external region begins.
    pub(super) fn open_windows(&mut self) {
        let base = self.new_scalar();
        let address = Operand::Addr(self.memory.external_base, 0);
        self.emit(Opcode::Lwz, vec![base.into(), address, Operand::Imm(0)]);
        // Shifted right by 4: the address unit of the vector window is 16 bytes.
        let cells = self.new_scalar();
        let field = [28, 4, 31].map(Operand::Imm);
        self.emit(Opcode::Rlwinm, [&[cells.into(), base.into()], &field[..]].concat());
        let vectors = self.new_scalar();
        let window = Operand::Imm((plane::EXTERNAL >> 16) & 0xffff);
        self.emit(Opcode::Oris, vec![vectors.into(), cells.into(), window]);
        let scalars = self.new_scalar();
        let window = Operand::Imm(EXTERNAL_DATA >> 16);
        self.emit(Opcode::Oris, vec![scalars.into(), base.into(), window]);
        self.windows = Some((vectors, scalars));
    }

    /// Windows of the external region: vectors, scalars.
    pub(super) fn windows(&self) -> (Reg, Reg) {
        self.windows.expect("opened in the prologue of a module that needs them")
    }

    /// Reads what cannot be lowered lane by lane: addresses for instructions of later phases that
    /// depend on scalar state as it is now.
    pub(super) fn prepare(&mut self, id: pl_ir::Inst, inst: &InstData) {
        if inst.op == Op::RecordPut {
            self.prepare_record_put(id, inst);
        }
    }

    /// Reads the sensors of a half row for all instructions that want them. The first read of a
    /// row converts all columns of both branches; the others fetch what was latched.
    pub(super) fn sensors(&mut self, strips: &[(pl_ir::Inst, &InstData)], half: usize) {
        for (_, inst) in strips {
            let Some(plane) = sensor_plane(inst) else { continue };
            let baseline = match plane {
                plane::CAUSAL => self.memory.baseline_causal,
                _ => self.memory.baseline_acausal,
            };
            let codes = self.sensor_codes(plane, inst.args[0], half);
            // Baselines are stored less 128, so the codes must be too: then bytes are signed.
            let sign = self.halfwords(0x8080_u16.cast_signed());
            let codes = self.vector(Opcode::Fxvsubbm, codes, sign);
            let baseline = baseline.expect("a module that reads a sensor has its baseline");
            let baseline = self.constant(Recipe::Vector(baseline, 128 * index(half)));
            let signal = self.vector(Opcode::Fxvsubbfs, baseline, codes);
            let result = inst.result.expect("verified: a read has a result");
            self.state.half_rows.insert((result, half), signal);
        }
    }

    /// Codes of half a row of sensors: of a conversion for the first, latched for the others.
    fn sensor_codes(&mut self, plane: i32, row: Value, half: usize) -> Reg {
        let latched = self.state.converted.replace(row) == Some(row);
        match (latched, self.pending_codes(row)) {
            (true, _) => self.read_half_row(plane | plane::BUFFERED, row, half, None),
            (false, Some(pending)) => pending,
            (false, None) => self.read_half_row(plane, row, half, Some(Work::Conversion)),
        }
    }

    /// Index of a half row: twice the hardware row, plus the half; of the second row of a pair the
    /// halves are 2 and 3.
    pub(super) fn row_index(&mut self, position: Value, half: usize) -> Reg {
        if let Some(reg) = self.state.row_index.get(&(position, half)) {
            return *reg;
        }
        let reg = if half == 0 {
            let row = self.new_scalar();
            self.load_view_row(row, position);
            self.shift_left(row, 1)
        } else {
            let (even, other) = (self.row_index(position, 0), self.new_scalar());
            self.emit(Opcode::Addi, vec![other.into(), even.into(), Operand::Imm(index(half))]);
            other
        };
        self.state.row_index.insert((position, half), reg);
        reg
    }

    fn base(&mut self, plane: i32) -> Operand {
        match plane {
            0 => Operand::Imm(0),
            _ => self.constant(Recipe::Scalar(plane)).into(),
        }
    }

    /// A half row of a plane, with what that makes the chip do besides.
    fn read_half_row(
        &mut self,
        plane: i32,
        position: Value,
        half: usize,
        work: Option<Work>,
    ) -> Reg {
        let (row, base) = (self.row_index(position, half), self.base(plane));
        let to = self.new_vector();
        let read = Inst::new(Opcode::Fxvinx, vec![to.into(), base, row.into()]);
        self.push(read.working(work.unwrap_or(Work::HalfRow { plane, half })));
        to
    }

    pub(super) fn read(&mut self, inst: &InstData, at: At) {
        let Imm::Quantity(quantity) = inst.imm else { unreachable!("verified: a quantity") };
        let (part, result) = (part_of(at), inst.result.expect("verified: a read has a result"));
        let half = part / 2;
        match quantity {
            Quantity::Causal | Quantity::Acausal => return self.widen_signal(inst, part),
            Quantity::Weight | Quantity::Address => {
                let plane =
                    if quantity == Quantity::Weight { plane::WEIGHT } else { plane::ADDRESS };
                if part.is_multiple_of(2) {
                    let bytes = self.read_half_row(plane, inst.args[0], half, None);
                    self.state.half_rows.insert((result, half), bytes);
                }
            }
            Quantity::SignedWeight => {
                if part.is_multiple_of(2) {
                    let rows = [half, SECOND + half]
                        .map(|half| self.read_half_row(plane::WEIGHT, inst.args[0], half, None));
                    let weights = self.vector(Opcode::Fxvsubbm, rows[0], rows[1]);
                    self.state.half_rows.insert((result, half), weights);
                }
                return self.widen_signal(inst, part);
            }
            Quantity::Rate => self.sampled(self.memory.rates, result, half),
            Quantity::Membrane => self.sampled(self.memory.membranes, result, half),
            Quantity::CorrelationReset | Quantity::RateReset | Quantity::MembraneReset => {
                unreachable!("verified: {} is not read", quantity.name())
            }
        }
        self.widen(inst, part);
    }

    /// A half row that the runtime sampled before the function began.
    fn sampled(&mut self, sym: Option<Sym>, result: Value, half: usize) {
        let sym = sym.expect("a module that reads a sample has a place for it");
        let bytes = self.constant(Recipe::Vector(sym, 128 * index(half)));
        self.state.half_rows.insert((result, half), bytes);
    }

    pub(super) fn column(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let result = inst.result.expect("verified: column has a result");
        self.sampled(self.memory.columns, result, part / 2);
        self.widen(inst, part);
    }

    fn is_absorbed(&self, inst: &InstData) -> bool {
        inst.result.is_some_and(|value| self.folds.absorbed[value.index()])
    }

    /// Zero-extends one side of a half row of bytes.
    fn widen(&mut self, inst: &InstData, part: usize) {
        if self.is_absorbed(inst) {
            return;
        }
        let (zero, bytes) = (self.halfwords(0), self.half_row_of(inst, part));
        let to = self.result(inst, part);
        self.emit(unpack(part), vec![to.into(), zero.into(), bytes.into(), Operand::Imm(0)]);
    }

    /// Sign-extends one side of a half row: into the upper bytes, then down by 8.
    fn widen_signal(&mut self, inst: &InstData, part: usize) {
        if !self.is_absorbed(inst) {
            let bytes = self.half_row_of(inst, part);
            self.sign_extend(inst, bytes, part);
        }
    }

    /// Vectors of bytes as halfwords.
    pub(super) fn widen_bytes(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let bytes = self.part(inst.args[0], part);
        self.sign_extend(inst, bytes, part);
    }

    fn sign_extend(&mut self, inst: &InstData, bytes: Reg, part: usize) {
        let (zero, divisor) = (self.halfwords(0), self.halfwords(1 << 7));
        let (upper, to) = (self.new_vector(), self.result(inst, part));
        self.emit(unpack(part), vec![upper.into(), bytes.into(), zero.into(), Operand::Imm(0)]);
        self.emit(Opcode::Fxvmulhfs, vec![to.into(), upper.into(), divisor.into()]);
    }

    /// The low bytes of halfwords; what the block read was bytes before.
    pub(super) fn narrow(&mut self, inst: &InstData, at: At) {
        let (part, value) = (part_of(at), inst.args[0]);
        let to = self.result(inst, part);
        match self.state.half_rows.get(&(value, part / 2)) {
            Some(bytes) => self.push(Inst::copy(Class::Vector, to, *bytes)),
            None => self.pack_into(to, value, part / 2),
        }
    }

    /// One side of a half row that the block read, shifted left. Unpacking puts the upper byte
    /// where it may, and 6-bit numbers also a few places off (ppu-isa reference, 2.6).
    pub(super) fn unpack_shifted(&mut self, to: Reg, shift: &InstData, part: usize) {
        let Imm::Shift(places) = shift.imm else { unreachable!("verified: a shift has places") };
        let read = self.defs[shift.args[0].index()].expect("only reads are absorbed");
        let (zero, bytes) = (self.halfwords(0), self.half_row_of(read, part));
        let pairs = read.imm == Imm::Quantity(Quantity::SignedWeight);
        let signed = pairs || sensor_plane(read).is_some();
        // Places that unpacking gives, and its size parameter.
        let (free, size) = match places {
            _ if signed || places == 8 => (8, 0),
            2 => (2, 1),
            4 | 5 => (4, 2),
            9 => (9, 1),
            10.. => (10, 2),
            _ => (0, 0),
        };
        let unpacked = if free == places { to } else { self.new_vector() };
        let (upper, lower) = if free >= 8 { (bytes, zero) } else { (zero, bytes) };
        let operands = [unpacked, upper, lower].map(Operand::Reg);
        self.emit(unpack(part), [&operands[..], &[Operand::Imm(size)]].concat());
        if signed && places < 8 {
            let factor = self.halfwords(1 << (7 + places));
            self.emit(Opcode::Fxvmulhfs, vec![to.into(), unpacked.into(), factor.into()]);
        } else if free != places {
            let rest = i32::from(places) - i32::from(free);
            self.emit(Opcode::Fxvshh, vec![to.into(), unpacked.into(), rest.into()]);
        }
    }

    /// A draw from the chip's generators ([`pl_fixed::lfsr`]): the eighth reading is the upper byte, the
    /// sixteenth the lower one.
    pub(super) fn draw_from_hardware(&mut self, inst: &InstData, part: usize) {
        let (result, half) = (inst.result.expect("verified: a draw has a result"), part / 2);
        if part.is_multiple_of(2) {
            let address = self.constant(Recipe::Scalar(plane::GENERATORS + index(half)));
            let mut read = |_| {
                let to = self.new_vector();
                let operands = vec![to.into(), Operand::Imm(0), address.into()];
                self.push(Inst::new(Opcode::Fxvinx, operands).working(Work::Generators { half }));
                to
            };
            let readings: Vec<Reg> = (0..lfsr::READINGS).map(&mut read).collect();
            let seen = [readings[readings.len() / 2 - 1], readings[readings.len() - 1]];
            self.state.drawn.insert((result, half), seen);
        }
        let [upper, lower] = self.state.drawn[&(result, half)];
        let to = self.result(inst, part);
        self.emit(unpack(part), vec![to.into(), upper.into(), lower.into(), Operand::Imm(0)]);
    }

    fn half_row_of(&self, inst: &InstData, part: usize) -> Reg {
        let result = inst.result.expect("verified: a read has a result");
        self.state.half_rows[&(result, part / 2)]
    }

    pub(super) fn write(&mut self, inst: &InstData, at: At) {
        let Imm::Quantity(quantity) = inst.imm else { unreachable!("verified: a quantity") };
        let part = part_of(at);
        if part.is_multiple_of(2) {
            // Both sides leave together, when the right one is known.
            return;
        }
        let half = part / 2;
        let value = *inst.args.last().expect("verified: a write has a value");
        let plane = match quantity {
            Quantity::Weight | Quantity::SignedWeight => plane::WEIGHT,
            Quantity::Address => plane::ADDRESS,
            Quantity::CorrelationReset => plane::CAUSAL,
            Quantity::RateReset => return self.collect_rate_flags(value, half),
            Quantity::MembraneReset => return self.reset_membranes(value, half),
            Quantity::Causal | Quantity::Acausal | Quantity::Rate | Quantity::Membrane => {
                unreachable!("verified: {} is not written", quantity.name())
            }
        };
        let bytes = match self.known_lanes(value) {
            Some(lane) => {
                let [_, byte] = lane.to_be_bytes();
                self.halfwords(i16::from_be_bytes([byte; 2]))
            }
            None => self.low_bytes(value, half),
        };
        if quantity == Quantity::SignedWeight {
            // The excitatory row has what is positive, the inhibitory one the rest.
            let zero = self.halfwords(0);
            let negated = self.vector(Opcode::Fxvsubbm, zero, bytes);
            for (of, row, sign) in [(bytes, 0, Cond::Gt), (negated, SECOND, Cond::Lt)] {
                let part = self.new_vector();
                self.test(bytes, Width::Byte);
                self.emit_if(Opcode::Fxvsel, vec![part.into(), zero.into(), of.into()], sign);
                self.write_half_row(plane, inst.args[0], row + half, part);
            }
            return;
        }
        self.write_half_row(plane, inst.args[0], half, bytes);
        if quantity == Quantity::Address && self.module.signed {
            self.write_half_row(plane, inst.args[0], SECOND + half, bytes);
        }
    }

    /// Writes half a row of a plane, in columns of the view.
    fn write_half_row(&mut self, plane: i32, position: Value, half: usize, bytes: Reg) {
        let (row, base) = (self.row_index(position, half), self.base(plane));
        self.test_columns(half % SECOND);
        let write = Inst::new(Opcode::Fxvoutx, vec![bytes.into(), base, row.into()]);
        self.push(Inst { cond: Cond::Gt, ..write.working(Work::HalfRow { plane, half }) });
    }

    /// Low bytes of both sides of a half row: those that were widened, or packed ones.
    fn low_bytes(&mut self, value: Value, half: usize) -> Reg {
        match self.defs[value.index()] {
            Some(InstData { op: Op::Widen, args, .. }) => self.part(args[0], 2 * half),
            _ => {
                let to = self.new_vector();
                self.pack_into(to, value, half);
                to
            }
        }
    }

    fn pack_into(&mut self, to: Reg, value: Value, half: usize) {
        let [left, right] = [2 * half, 2 * half + 1].map(|part| self.part(value, part));
        self.pack(to, left, right);
    }

    fn pack(&mut self, to: Reg, left: Reg, right: Reg) {
        self.emit(Opcode::Fxvpckbl, vec![to.into(), left.into(), right.into(), Operand::Imm(0)]);
    }

    /// Makes the condition "greater" hold in the columns of the view.
    fn test_columns(&mut self, half: usize) {
        let mask = self.constant(Recipe::Vector(self.memory.column_mask, 128 * index(half)));
        self.test(mask, Width::Byte);
    }

    /// Bytes of half a row of lanes: 1 where not 0.
    fn flags(&mut self, value: Value, half: usize) -> Reg {
        let [left, right] = [2 * half, 2 * half + 1].map(|part| {
            let lanes = self.part(value, part);
            self.not_zero(lanes)
        });
        let to = self.new_vector();
        self.pack(to, left, right);
        to
    }

    /// Resets the membranes of lanes that are not 0, in columns of the view: what is enabled counts,
    /// not what is written.
    fn reset_membranes(&mut self, value: Value, half: usize) {
        let flags = self.flags(value, half);
        let (zero, chosen) = (self.halfwords(0), self.new_vector());
        self.test_columns(half);
        self.emit_if(Opcode::Fxvsel, vec![chosen.into(), zero.into(), flags.into()], Cond::Gt);
        self.test(chosen, Width::Byte);
        let address = plane::NEURON_RESET + index(half);
        let address = self.constant(Recipe::Scalar(address));
        let write = vec![chosen.into(), Operand::Imm(0), address.into()];
        let work = Work::HalfRow { plane: plane::NEURON_RESET, half };
        let write = Inst::new(Opcode::Fxvoutx, write).working(work);
        self.push(Inst { cond: Cond::Gt, ..write });
    }

    /// Adds the lanes of a rate reset to those of the block: 1 where not 0.
    fn collect_rate_flags(&mut self, value: Value, half: usize) {
        let mut flags = self.flags(value, half);
        if let Some(others) = self.state.rate_flags[half] {
            flags = self.vector(Opcode::Fxvaddbfs, flags, others);
        }
        self.state.rate_flags[half] = Some(flags);
    }

    /// Hands the flags of a half row to the scalar core, but for columns outside the view.
    pub(super) fn store_rate_flags(&mut self, half: usize) {
        let Some(flags) = self.state.rate_flags[half] else { return };
        let (zero, chosen) = (self.halfwords(0), self.new_vector());
        self.test_columns(half);
        self.emit_if(Opcode::Fxvsel, vec![chosen.into(), zero.into(), flags.into()], Cond::Gt);
        let sym = self.memory.rate_reset.expect("a module that resets rates has a place for it");
        self.store_vector(chosen, Operand::Addr(sym, 128 * index(half)));
    }

    /// Resets the counters flagged in the block.
    pub(super) fn reset_rates(&mut self) {
        if self.state.rate_flags[0].is_some() {
            let sym = self.memory.rate_reset.expect("checked when the flags were stored");
            self.emit(Opcode::Sync, vec![Operand::Imm(0)]);
            let address = Operand::Addr(sym, 0);
            self.emit(Opcode::Addi, vec![R3.into(), Operand::Imm(0), address]);
            let call = Inst::call(runtime::RESET_RATES, &[R3]);
            self.push(call.working(Work::RateReset));
        }
    }

    /// A scalar from lanes. What is equal in all is read from one, as a view has a column.
    pub(super) fn reduce(&mut self, inst: &InstData) {
        let sym = self.memory.lanes.expect("a module that reduces has a place for lanes");
        let (to, lanes) = (self.result(inst, 0), inst.args[0]);
        let one = self.uniform[lanes.index()] && inst.op != Op::ReduceAdd;
        for part in 0..if one { 1 } else { PARTS } {
            let from = self.part(lanes, part);
            self.store_vector(from, Operand::Addr(sym, 128 * index(part)));
        }
        self.emit(Opcode::Sync, vec![Operand::Imm(0)]);
        if one {
            let address = Operand::Addr(sym, 0);
            self.emit(Opcode::Lha, vec![to.into(), address, Operand::Imm(0)]);
            return;
        }
        let routine = if inst.op == Op::ReduceMin {
            runtime::REDUCE_MIN
        } else if inst.op == Op::ReduceMax {
            runtime::REDUCE_MAX
        } else {
            runtime::REDUCE_ADD
        };
        self.push(Inst::call(routine, &[]).working(Work::Reduce));
        self.push(Inst::copy(Class::Scalar, to, R3));
    }

    pub(super) fn load_lanes(&mut self, inst: &InstData, place: ObjectPlace, part: usize) {
        let to = self.result(inst, part);
        let (opcode, address) = self.vector_place(place, &inst.args, part, Op::Load);
        let load = Inst::new(opcode, [&[to.into()], &address[..]].concat());
        self.push(load.working(work_of(place, Work::ExternalRead)));
    }

    pub(super) fn store_lanes(&mut self, inst: &InstData, place: ObjectPlace, part: usize) {
        let (value, row) = inst.args.split_last().expect("verified: a store has a value");
        let from = self.part(*value, part);
        let (opcode, address) = self.vector_place(place, row, part, Op::Store);
        let store = Inst::new(opcode, [&[from.into()], &address[..]].concat());
        self.push(store.working(work_of(place, Work::ExternalWrite)));
    }

    /// The instruction that moves a part of an object, and its two address operands.
    fn vector_place(
        &mut self,
        place: ObjectPlace,
        row: &[Value],
        part: usize,
        op: Op,
    ) -> (Opcode, [Operand; 2]) {
        match place {
            ObjectPlace::Internal(sym) => {
                let base = match row.first() {
                    // 512 bytes a row.
                    Some(position) => self.scaled(*position, 9).into(),
                    None => Operand::Imm(0),
                };
                let address = self.new_scalar();
                let offset = Operand::Addr(sym, 128 * index(part));
                self.emit(Opcode::Addi, vec![address.into(), base, offset]);
                let opcode = if op == Op::Load { Opcode::Fxvlax } else { Opcode::Fxvstax };
                (opcode, [Operand::Imm(0), address.into()])
            }
            ObjectPlace::External(offset) => {
                let cells = i32::try_from(offset / 16).unwrap_or(i32::MAX);
                let within = self.constant(Recipe::Scalar(cells + plane::CELL * index(part)));
                let base = self.apply(Opcode::Add, self.windows().0, within);
                let row = match row.first() {
                    // Four cells a row.
                    Some(position) => self.scaled(*position, 5).into(),
                    None => None,
                };
                let opcode = if op == Op::Load { Opcode::Fxvinx } else { Opcode::Fxvoutx };
                let address = match row {
                    Some(row) => [base.into(), Operand::Reg(row)],
                    None => [Operand::Imm(0), base.into()],
                };
                (opcode, address)
            }
        }
    }

    /// Writes a part to the external cell that `first` names for part 0.
    pub(super) fn write_cell(&mut self, from: Reg, first: Reg, part: usize) {
        let cell = self.new_scalar();
        self.emit(
            Opcode::Addi,
            vec![cell.into(), first.into(), Operand::Imm(plane::CELL * index(part))],
        );
        let write = Inst::new(Opcode::Fxvoutx, vec![from.into(), Operand::Imm(0), cell.into()]);
        self.push(write.working(Work::ExternalWrite));
    }
}

/// What moving a part of an object makes the chip do.
fn work_of(place: ObjectPlace, outside: Work) -> Work {
    match place {
        ObjectPlace::Internal(_) => Work::Core,
        ObjectPlace::External(_) => outside,
    }
}

/// The unpack instruction of a part: even parts are left sides.
pub(super) fn unpack(part: usize) -> Opcode {
    if part.is_multiple_of(2) { Opcode::Fxvupckbl } else { Opcode::Fxvupckbr }
}
