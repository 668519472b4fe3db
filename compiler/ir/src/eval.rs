//! The reference evaluator: plain, lane by lane, and what every other engine must equal.

use crate::io::{self, COLUMNS, Event, Instance, ObjectValues, UpdateIo};
use crate::op::Cond;
use crate::{
    Block, BlockCall, Elem, Function, Imm, InstData, Module, Op, Quantity, Terminator, Type, Value,
    Verified,
};
use pl_fixed::{Lane, rng, word};

/// Most instructions one call may execute: far above what the largest rule needs, so that a loop
/// without end in hand-written IR is an error and not a hang.
pub const BUDGET: u64 = 1 << 26;

/// Why an evaluation stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The module has no function of this name.
    #[error("the module has no function `{0}`")]
    NoFunction(String),
    /// A row position outside the view.
    #[error("row position {0} lies outside the view of {1} rows")]
    RowPosition(i32, usize),
    /// An index outside of its array.
    #[error("element {0} lies outside of an array of {1}")]
    Element(i32, u32),
    /// More than [`BUDGET`] instructions.
    #[error("the program executed more than {BUDGET} instructions")]
    Budget,
}

/// A value at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Datum {
    Scalar(i32),
    /// Lanes of either element; bytes are kept sign-extended.
    Lanes(Vec<i16>),
    Mask(Vec<bool>),
}

/// Runs a function of a verified module: one update, or its start.
///
/// # Errors
/// [`EvalError`]; the arrays then hold what was written until there.
pub fn run(
    module: &Verified<Module>,
    function: &str,
    instance: &mut Instance,
    io: &mut UpdateIo<'_>,
) -> Result<(), EvalError> {
    let func =
        module.function(function).ok_or_else(|| EvalError::NoFunction(function.to_owned()))?;
    let mut machine =
        Machine { module, func, instance, io, values: vec![None; func.values.len()], steps: 0 };
    let mut block = Block(0);
    loop {
        for inst in &func.block(block).insts {
            machine.step(func.inst(*inst))?;
        }
        machine.charge()?;
        match &func.block(block).terminator {
            Terminator::Return => return Ok(()),
            Terminator::Jump(call) => block = machine.enter(call),
            Terminator::Branch(cond, then, other) => {
                let taken = machine.scalar(*cond) != 0;
                block = machine.enter(if taken { then } else { other });
            }
        }
    }
}

struct Machine<'a, 'io> {
    module: &'a Module,
    func: &'a Function,
    instance: &'a mut Instance,
    io: &'a mut UpdateIo<'io>,
    values: Vec<Option<Datum>>,
    steps: u64,
}

impl Machine<'_, '_> {
    fn charge(&mut self) -> Result<(), EvalError> {
        self.steps += 1;
        if self.steps > BUDGET { Err(EvalError::Budget) } else { Ok(()) }
    }

    fn datum(&self, value: Value) -> &Datum {
        self.values[value.index()].as_ref().expect("verified: defined before use")
    }

    fn scalar(&self, value: Value) -> i32 {
        match self.datum(value) {
            Datum::Scalar(x) => *x,
            Datum::Lanes(_) | Datum::Mask(_) => unreachable!("verified: {value} is a scalar"),
        }
    }

    fn lanes(&self, value: Value) -> &[i16] {
        match self.datum(value) {
            Datum::Lanes(x) => x,
            Datum::Scalar(_) | Datum::Mask(_) => unreachable!("verified: {value} is a vector"),
        }
    }

    fn mask(&self, value: Value) -> &[bool] {
        match self.datum(value) {
            Datum::Mask(x) => x,
            Datum::Scalar(_) | Datum::Lanes(_) => unreachable!("verified: {value} is a mask"),
        }
    }

    /// The row position in `args[0]`, checked.
    fn position(&self, value: Value) -> Result<usize, EvalError> {
        let position = self.scalar(value);
        usize::try_from(position)
            .ok()
            .filter(|p| *p < self.io.rows.len())
            .ok_or(EvalError::RowPosition(position, self.io.rows.len()))
    }

    /// The index in a scalar, checked.
    fn element(&self, index: Value, len: u32) -> Result<usize, EvalError> {
        let index = self.scalar(index);
        let inside = usize::try_from(index).ok().filter(|i| *i < len as usize);
        inside.ok_or(EvalError::Element(index, len))
    }

    fn enter(&mut self, call: &BlockCall) -> Block {
        let args: Vec<Datum> = call.args.iter().map(|v| self.datum(*v).clone()).collect();
        let params = &self.func.block(call.block).params;
        for (param, arg) in params.iter().zip(args) {
            self.values[param.index()] = Some(arg);
        }
        call.block
    }

    fn step(&mut self, inst: &InstData) -> Result<(), EvalError> {
        self.charge()?;
        let datum = self.compute(inst)?;
        if let Some(result) = inst.result {
            self.values[result.index()] = datum;
        }
        Ok(())
    }

    /// The result of an instruction, having carried out its effect.
    fn compute(&mut self, inst: &InstData) -> Result<Option<Datum>, EvalError> {
        let a = |index: usize| inst.args[index];
        let scalar = |x: i32| Ok(Some(Datum::Scalar(x)));
        match (inst.op, inst.imm) {
            (Op::Const, Imm::Int(x)) => scalar(x),
            (Op::Derived, Imm::Derived(id)) => scalar(self.instance.derived[id.index()]),
            (Op::ViewRows, _) => scalar(i32::try_from(self.io.rows.len()).unwrap_or(i32::MAX)),
            (Op::ViewRow, _) => scalar(i32::from(self.io.rows[self.position(a(0))?])),
            (Op::RowSign, _) => scalar(i32::from(self.io.row_signs[self.position(a(0))?])),
            (Op::UpdateIndex, _) => scalar(self.instance.update_index.cast_signed()),
            (Op::Hemisphere, _) => scalar(i32::from(self.instance.hemisphere)),
            (Op::Read, Imm::Quantity(q)) => Ok(Some(Datum::Lanes(self.read(q, &inst.args)?))),
            (Op::Write, Imm::Quantity(q)) => self.write(q, &inst.args).map(|()| None),
            (Op::Load, Imm::Object(id)) => self.load(id.index(), &inst.args).map(Some),
            (Op::Store, Imm::Object(id)) => self.store(id.index(), &inst.args).map(|()| None),
            (Op::Draw, _) => Ok(Some(Datum::Lanes(self.draw()))),
            (Op::DrawWord, _) => {
                self.instance.rng_word = rng::xorshift32(self.instance.rng_word);
                scalar(self.instance.rng_word.cast_signed())
            }
            (Op::Send, _) => {
                let event = Event::to_row(self.scalar(a(0)), self.scalar(a(1)));
                self.instance.events.extend(event);
                Ok(None)
            }
            (Op::LoadElement, Imm::Array(first, len)) => {
                let object = first.index() + self.element(a(0), len)?;
                self.load(object, &[]).map(Some)
            }
            (Op::StoreElement, Imm::Array(first, len)) => {
                let object = first.index() + self.element(a(0), len)?;
                self.store(object, &inst.args[1..]).map(|()| None)
            }
            (Op::RecordOpen, Imm::Record(id)) => {
                let (buffer, record) =
                    (&mut self.instance.records[id.index()], &self.module.records[id.index()]);
                let update = self.instance.update_index;
                scalar(i32::from(buffer.open(record, update, self.io.rows.len())))
            }
            (Op::RecordPut, Imm::Field(id, field)) => {
                self.record_put(id.index(), field as usize, &inst.args).map(|()| None)
            }
            _ => Ok(Some(self.pure(inst))),
        }
    }

    fn read(&self, quantity: Quantity, args: &[Value]) -> Result<Vec<i16>, EvalError> {
        let start = match args.first() {
            Some(row) => self.position(*row)? * COLUMNS,
            None => 0,
        };
        let widen = |bytes: &[u8]| {
            bytes[start..start + COLUMNS].iter().map(|b| i16::from(*b)).collect::<Vec<i16>>()
        };
        let signal = |codes: &[u8], baseline: &[u8; COLUMNS]| {
            let row = &codes[start..start + COLUMNS];
            baseline.iter().zip(row).map(|(b, c)| io::correlation(*b, *c)).collect()
        };
        Ok(match quantity {
            Quantity::Weight => widen(self.io.weights),
            Quantity::SignedWeight => {
                let row = &self.io.weights[start..start + COLUMNS];
                row.iter().map(|byte| i16::from(byte.cast_signed())).collect()
            }
            Quantity::Address => widen(self.io.addresses),
            Quantity::Causal => signal(self.io.causal_codes, self.io.causal_baseline),
            Quantity::Acausal => signal(self.io.acausal_codes, self.io.acausal_baseline),
            Quantity::Rate => widen(self.io.rates),
            Quantity::Membrane => widen(self.io.membranes),
            Quantity::CorrelationReset | Quantity::RateReset | Quantity::MembraneReset => {
                unreachable!("verified: {} is not read", quantity.name())
            }
        })
    }

    fn write(&mut self, quantity: Quantity, args: &[Value]) -> Result<(), EvalError> {
        let (start, value) = match args {
            [row, value] => (self.position(*row)? * COLUMNS, *value),
            [value] => (0, *value),
            _ => unreachable!("verified: a write has one or two operands"),
        };
        let lanes = self.lanes(value).to_vec();
        let (plane, keep): (&mut [u8], u8) = match quantity {
            Quantity::Weight => (self.io.weights, 0x3f),
            Quantity::SignedWeight => (self.io.weights, 0xff),
            Quantity::Address => (self.io.addresses, 0x3f),
            Quantity::CorrelationReset => (self.io.correlation_reset, 0x03),
            Quantity::RateReset => (self.io.rate_reset, 0xff),
            Quantity::MembraneReset => (self.io.membrane_reset, 0xff),
            Quantity::Causal | Quantity::Acausal | Quantity::Rate | Quantity::Membrane => {
                unreachable!("verified: {} is not written", quantity.name())
            }
        };
        let row = plane[start..start + COLUMNS].iter_mut();
        for ((cell, lane), column) in row.zip(lanes).zip(self.io.columns) {
            if *column != 0 {
                let [low, _] = lane.to_le_bytes();
                match quantity {
                    Quantity::SignedWeight => *cell = io::signed_weight(low),
                    Quantity::RateReset | Quantity::MembraneReset => {
                        *cell |= u8::from(lane != 0);
                    }
                    Quantity::CorrelationReset => *cell |= low & keep,
                    Quantity::Weight
                    | Quantity::Address
                    | Quantity::Causal
                    | Quantity::Acausal
                    | Quantity::Rate
                    | Quantity::Membrane => *cell = low & keep,
                }
            }
        }
        Ok(())
    }

    fn load(&self, object: usize, args: &[Value]) -> Result<Datum, EvalError> {
        let position = args.first().map_or(Ok(0), |row| self.position(*row))?;
        Ok(match &self.instance.objects[object] {
            ObjectValues::Lanes(lanes) => {
                Datum::Lanes(lanes[position * COLUMNS..(position + 1) * COLUMNS].to_vec())
            }
            ObjectValues::Scalars(scalars) => Datum::Scalar(scalars[position]),
        })
    }

    /// State of columns outside the view is stored too: nobody reads it.
    fn store(&mut self, object: usize, args: &[Value]) -> Result<(), EvalError> {
        let (position, value) = match args {
            [row, value] => (self.position(*row)?, *value),
            [value] => (0, *value),
            _ => unreachable!("verified: a store has one or two operands"),
        };
        let datum = self.datum(value).clone();
        match (&mut self.instance.objects[object], datum) {
            (ObjectValues::Lanes(lanes), Datum::Lanes(new)) => {
                lanes[position * COLUMNS..(position + 1) * COLUMNS].copy_from_slice(&new);
            }
            (ObjectValues::Scalars(scalars), Datum::Scalar(new)) => scalars[position] = new,
            _ => unreachable!("verified: the value has the object's type"),
        }
        Ok(())
    }

    fn draw(&mut self) -> Vec<i16> {
        self.instance.draw(self.module.generators).map(u16::cast_signed).to_vec()
    }

    fn record_put(&mut self, record: usize, field: usize, args: &[Value]) -> Result<(), EvalError> {
        let (start, value) = match args {
            [row, value] => (self.position(*row)?, *value),
            [value] => (0, *value),
            _ => unreachable!("verified: a record takes one or two operands"),
        };
        let new: Vec<i32> = match self.datum(value) {
            Datum::Scalar(x) => vec![*x],
            Datum::Lanes(lanes) => lanes.iter().map(|x| i32::from(*x)).collect(),
            Datum::Mask(_) => unreachable!("verified: a mask is not recorded"),
        };
        if let Some(sample) = self.instance.records[record].samples.last_mut() {
            let start = start * new.len();
            sample.fields[field][start..start + new.len()].copy_from_slice(&new);
        }
        Ok(())
    }

    /// Ops that depend on their operands alone.
    fn pure(&self, inst: &InstData) -> Datum {
        let args = &inst.args;
        match inst.op {
            Op::Compare => {
                let Imm::Cond(cond) = inst.imm else {
                    unreachable!("verified: cmp has a condition")
                };
                self.compare(cond, args[0], args[1])
            }
            Op::Select => self.select(args[0], args[1], args[2]),
            Op::Splat => {
                let ty = inst.result.map_or(Type::ROW16, |v| self.func.ty(v));
                let lane = splat_lane(self.scalar(args[0]), ty);
                Datum::Lanes(vec![lane; usize::from(ty.lanes().unwrap_or(0))])
            }
            Op::Widen => self.datum(args[0]).clone(),
            Op::Narrow => {
                Datum::Lanes(self.lanes(args[0]).iter().map(|lane| low_byte(*lane)).collect())
            }
            Op::ReduceAdd | Op::ReduceMin | Op::ReduceMax => self.reduce(inst.op, args[0]),
            Op::Column => Datum::Lanes((0..256).collect()),
            Op::MaskAnd | Op::MaskOr => {
                let and = inst.op == Op::MaskAnd;
                let pairs = self.mask(args[0]).iter().zip(self.mask(args[1]));
                Datum::Mask(pairs.map(|(a, b)| if and { *a && *b } else { *a || *b }).collect())
            }
            Op::MaskNot => Datum::Mask(self.mask(args[0]).iter().map(|a| !a).collect()),
            Op::RemU
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
            | Op::MulFrac
            | Op::MulFracRound
            | Op::Shl
            | Op::ShrLogical
            | Op::ShrFloor
            | Op::ShrRound
            | Op::ShrRoundAway => self.arithmetic(inst),
            Op::Const
            | Op::Derived
            | Op::ViewRows
            | Op::ViewRow
            | Op::RowSign
            | Op::UpdateIndex
            | Op::Hemisphere
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
            | Op::RecordPut => unreachable!("verified: `{}` has its immediate", inst.op.name()),
        }
    }

    /// Lanes of the view's columns, joined.
    fn reduce(&self, op: Op, lanes: Value) -> Datum {
        let Datum::Lanes(lanes) = self.datum(lanes) else {
            unreachable!("verified: a reduction has lanes")
        };
        let columns = lanes.iter().zip(self.io.columns.iter());
        let inside = columns.filter(|(_, column)| **column != 0).map(|(lane, _)| i32::from(*lane));
        Datum::Scalar(if op == Op::ReduceMin {
            inside.min().unwrap_or(i16::MAX.into())
        } else if op == Op::ReduceMax {
            inside.max().unwrap_or(i16::MIN.into())
        } else {
            inside.sum()
        })
    }

    fn compare(&self, cond: Cond, a: Value, b: Value) -> Datum {
        match (self.datum(a), self.datum(b)) {
            (Datum::Scalar(a), Datum::Scalar(b)) => Datum::Scalar(i32::from(cond.holds(a, b))),
            (Datum::Lanes(a), Datum::Lanes(b)) => {
                Datum::Mask(a.iter().zip(b).map(|(a, b)| cond.holds(a, b)).collect())
            }
            _ => unreachable!("verified: operands of one type"),
        }
    }

    fn select(&self, mask: Value, a: Value, b: Value) -> Datum {
        match self.datum(mask) {
            Datum::Scalar(choice) => self.datum(if *choice != 0 { a } else { b }).clone(),
            Datum::Mask(mask) => {
                let pairs = self.lanes(a).iter().zip(self.lanes(b));
                Datum::Lanes(
                    mask.iter().zip(pairs).map(|(m, (a, b))| if *m { *a } else { *b }).collect(),
                )
            }
            Datum::Lanes(_) => unreachable!("verified: a mask or a scalar chooses"),
        }
    }

    fn arithmetic(&self, inst: &InstData) -> Datum {
        let args = &inst.args;
        let places = if let Imm::Shift(places) = inst.imm { u32::from(places) } else { 0 };
        if let Datum::Scalar(a) = self.datum(args[0]) {
            return Datum::Scalar(match args.get(1) {
                Some(b) => scalar_binary(inst.op, *a, self.scalar(*b)),
                None => scalar_shift(inst.op, *a, places),
            });
        }
        let ty = self.func.ty(args[0]);
        let lanes = self.lanes(args[0]).iter();
        match args.get(1) {
            Some(b) => {
                let pairs = lanes.zip(self.lanes(*b));
                Datum::Lanes(pairs.map(|(a, b)| lane_binary(inst.op, ty, *a, *b)).collect())
            }
            None => Datum::Lanes(lanes.map(|a| lane_shift(inst.op, ty, *a, places)).collect()),
        }
    }
}

/// The low byte of a lane, sign-extended: what narrowing keeps.
#[must_use]
pub const fn low_byte(lane: i16) -> i16 {
    let [low, _] = lane.to_le_bytes();
    low.cast_signed() as i16
}

/// The lane of type `ty` that a splat scalar gives, sign-extended.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "a byte lane is the low byte, by definition")]
pub const fn splat_lane(scalar: i32, ty: Type) -> i16 {
    match ty {
        Type::Vector { elem: Elem::I8, .. } => scalar as i8 as i16,
        Type::Vector { elem: Elem::I16, .. } | Type::I32 | Type::Mask { .. } => {
            io::low_lane(scalar)
        }
    }
}

/// A binary op on lanes of type `ty`, as every engine computes it.
///
/// # Panics
/// If the op does not take two vectors (see [`Op::sig`]).
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "byte lanes are kept sign-extended")]
pub fn lane_binary(op: Op, ty: Type, a: i16, b: i16) -> i16 {
    match ty {
        Type::Vector { elem: Elem::I8, .. } => i16::from(binary(op, a as i8, b as i8)),
        Type::Vector { elem: Elem::I16, .. } | Type::I32 | Type::Mask { .. } => binary(op, a, b),
    }
}

/// A shift op on lanes of type `ty`, as every engine computes it.
///
/// # Panics
/// If the op is no shift (see [`Op::sig`]).
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "byte lanes are kept sign-extended")]
pub fn lane_shift(op: Op, ty: Type, a: i16, places: u32) -> i16 {
    match ty {
        Type::Vector { elem: Elem::I8, .. } => i16::from(shift(op, a as i8, places)),
        Type::Vector { elem: Elem::I16, .. } | Type::I32 | Type::Mask { .. } => {
            shift(op, a, places)
        }
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the op has the signature, as documented")]
fn binary<L: Lane>(op: Op, a: L, b: L) -> L {
    match op {
        Op::Add => a.add_mod(b),
        Op::Sub => a.sub_mod(b),
        Op::Mul => a.mul_mod(b),
        Op::AddSat => a.add_sat(b),
        Op::SubSat => a.sub_sat(b),
        Op::Min => a.min(b),
        Op::Max => a.max(b),
        Op::MulFrac => a.mul_frac(b),
        Op::MulFracRound => a.mul_frac_round(b),
        _ => unreachable!("verified: `{}` is not a binary lane op", op.name()),
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the op has the signature, as documented")]
fn shift<L: Lane>(op: Op, a: L, places: u32) -> L {
    match op {
        Op::Shl => a.shl(places),
        Op::ShrLogical => a.shr_logical(places),
        Op::ShrFloor => a.shr_floor(places),
        Op::ShrRound => a.shr_round(places),
        Op::ShrRoundAway => a.shr_round_away(places),
        _ => unreachable!("verified: `{}` is not a shift", op.name()),
    }
}

/// A binary op on scalars, as every engine computes it.
///
/// # Panics
/// If the op does not take two scalars (see [`Op::sig`]).
#[must_use]
#[allow(clippy::wildcard_enum_match_arm, reason = "the op has the signature, as documented")]
pub fn scalar_binary(op: Op, a: i32, b: i32) -> i32 {
    match op {
        Op::Add => a.wrapping_add(b),
        Op::Sub => a.wrapping_sub(b),
        Op::Mul => a.wrapping_mul(b),
        Op::AddSat => a.saturating_add(b),
        Op::SubSat => a.saturating_sub(b),
        Op::Min => a.min(b),
        Op::Max => a.max(b),
        Op::RemU => {
            let (a, b) = (a.cast_unsigned(), b.cast_unsigned());
            a.checked_rem(b).unwrap_or(a).cast_signed()
        }
        Op::DivU => {
            let (a, b) = (a.cast_unsigned(), b.cast_unsigned());
            a.checked_div(b).unwrap_or(u32::MAX).cast_signed()
        }
        Op::MulHighU => word::mul_high_unsigned(a, b),
        Op::MulSat => a.saturating_mul(b),
        Op::MulReal => word::mul_real(a, b),
        Op::DivReal => word::div_real(a, b),
        _ => unreachable!("verified: `{}` is not a binary scalar op", op.name()),
    }
}

/// A shift of a scalar, as every engine computes it.
///
/// # Panics
/// If the op is no shift (see [`Op::sig`]).
#[must_use]
#[allow(clippy::wildcard_enum_match_arm, reason = "the op has the signature, as documented")]
pub fn scalar_shift(op: Op, a: i32, places: u32) -> i32 {
    match op {
        Op::Shl => word::shl(a, places),
        Op::ShrLogical => word::shr_logical(a, places),
        Op::ShrFloor => word::shr_floor(a, places),
        Op::ShrRound => word::shr_round(a, places),
        Op::ShrRoundAway => word::shr_round_away(a, places),
        _ => unreachable!("verified: `{}` is not a shift", op.name()),
    }
}
