//! Straight code of random functions: single instructions with random operands, and idioms.

use super::{Generator, SHOWN_LANES, SHOWN_SCALAR, pick};
use crate::op::{Cond, Sig};
use crate::{DerivedId, Elem, Imm, ImmKind, Object, ObjectId, Op, Quantity, Scope, Type, Value};

impl Generator<'_> {
    /// Straight code: any instructions, then such as passes look for, with results that are seen.
    pub(super) fn stretch(&mut self) {
        for _ in 0..self.shape.stretch {
            let op = pick(self.random, Op::ALL);
            self.instruction(op);
        }
        match self.random.below(5) {
            0 => self.memory(),
            1 => self.choices(),
            2 => self.bounded(),
            _ => self.chain(),
        }
    }

    /// Ops one upon the other, most of them with constants, and a store of what comes out.
    fn chain(&mut self) {
        let ty = self.number_type();
        let start = self.value(ty);
        self.offer(start, ty);
        for _ in 0..1 + self.random.below(4) {
            let fits = |op: &Op| match op.sig() {
                Sig::Binary | Sig::Unary => true,
                Sig::LaneBinary => ty.is_vector(),
                Sig::ScalarBinary => ty == Type::I32,
                Sig::Scalar
                | Sig::ScalarUnary
                | Sig::Compare
                | Sig::Select
                | Sig::MaskBinary
                | Sig::MaskUnary
                | Sig::Splat
                | Sig::Widen
                | Sig::Narrow
                | Sig::Reduce
                | Sig::Event
                | Sig::Lanes
                | Sig::ReadChip
                | Sig::WriteChip
                | Sig::Load
                | Sig::Store
                | Sig::LoadElement
                | Sig::StoreElement
                | Sig::RecordPut => false,
            };
            let ops: Vec<Op> = Op::ALL.iter().copied().filter(fits).collect();
            let op = pick(self.random, &ops);
            let last = self.last(ty);
            if op.sig() == Sig::Unary {
                let places = self.places(ty);
                self.define(op, Imm::Shift(places), &[last], ty);
                continue;
            }
            let other = if self.random.chance(5) { self.value(ty) } else { self.constant(ty) };
            let args = if self.random.chance(4) { [other, last] } else { [last, other] };
            self.define(op, Imm::None, &args, ty);
        }
        let last = self.last(ty);
        self.show(last, ty);
    }

    /// Comparisons, some of them decided, what they choose, and a store of it.
    fn choices(&mut self) {
        let ty = self.number_type();
        for _ in 0..1 + self.random.below(3) {
            let (cond, _) = pick(self.random, &Cond::ALL);
            let other = if self.random.chance(3) { self.value(ty) } else { self.constant(ty) };
            let value = self.value(ty);
            let args = if self.random.chance(3) { [other, value] } else { [value, other] };
            self.define(Op::Compare, Imm::Cond(cond), &args, ty.comparison());
            if ty == Type::I32 {
                let (truth, zero) = (self.last(ty), self.builder.iconst(0));
                let (cond, _) = pick(self.random, &Cond::ALL);
                self.define(Op::Compare, Imm::Cond(cond), &[truth, zero], ty);
            } else if let Some(op) = self.random.chance(2).then_some(Op::MaskNot) {
                self.instruction(op);
                let op = pick(self.random, &[Op::MaskAnd, Op::MaskOr, Op::MaskNot]);
                self.instruction(op);
            }
        }
        for _ in 0..1 + self.random.below(2) {
            let choice = self.last(ty.comparison());
            let args = [choice, self.value(ty), self.value(ty)];
            self.define(Op::Select, Imm::None, &args, ty);
        }
        let last = self.last(ty);
        self.show(last, ty);
    }

    /// Lanes of a declared range, ops upon them whose results often fit a byte, and a store: where they
    /// are seen, and where they came from, whether that leaves the range or not.
    fn bounded(&mut self) {
        let objects = &self.module.objects;
        let ranged = |id: &usize| objects[*id].range.is_some() && objects[*id].scope.is_vector();
        let all: Vec<usize> = (2..objects.len()).filter(ranged).collect();
        let mut place = None;
        if all.is_empty() {
            self.scalar(Op::Derived);
            let scalar = self.last(Type::I32);
            self.define(Op::Splat, Imm::None, &[scalar], Type::ROW16);
        } else {
            let index = pick(self.random, &all);
            let (imm, per_row) =
                (Imm::Object(ObjectId::new(index)), objects[index].scope.per_row());
            let position: Vec<Value> = per_row.then(|| self.position()).into_iter().collect();
            self.define(Op::Load, imm, &position, Type::ROW16);
            place = (!objects[index].input && self.random.chance(2)).then_some((imm, position));
        }
        for _ in 0..3 + self.random.below(5) {
            let op = pick(self.random, &[Op::AddSat, Op::SubSat, Op::Min, Op::Max]);
            let constant = i32::from(self.random.byte_below(96)) - 32;
            let constant = self.builder.splat_const(constant, Type::ROW16);
            let other = if self.random.chance(5) { self.value(Type::ROW16) } else { constant };
            let last = self.last(Type::ROW16);
            self.define(op, Imm::None, &[last, other], Type::ROW16);
        }
        let last = self.last(Type::ROW16);
        if let Some((imm, mut args)) = place {
            args.push(last);
            self.builder.effect(Op::Store, imm, &args);
        }
        self.show(last, Type::ROW16);
    }

    /// Reads of what is written around them.
    fn memory(&mut self) {
        for _ in 0..4 {
            let op = pick(
                self.random,
                &[Op::Load, Op::Store, Op::Read, Op::Write, Op::LoadElement, Op::StoreElement],
            );
            self.instruction(op);
            if matches!(op, Op::Load | Op::Read | Op::LoadElement) {
                let ty = pick(self.random, &[Type::I32, Type::ROW16]);
                let last = self.last(ty);
                self.show(last, ty);
            }
        }
    }

    /// Reads and writes of a row, now and then a draw or a number that is seen.
    pub(super) fn own_row(&mut self, row: Value) {
        for _ in 0..2 + self.random.below(4) {
            let op = pick(self.random, &[Op::Add, Op::SubSat, Op::Max, Op::MulFracRound]);
            match self.random.below(6) {
                0 => self.binary(op, Type::ROW16, Type::ROW16),
                1 | 2 => self.define(Op::Read, self.weights(), &[row], Type::ROW16),
                3 => {
                    let (quantity, value) = (self.weights(), self.value(Type::ROW16));
                    self.builder.effect(Op::Write, quantity, &[row, value]);
                }
                4 => {
                    let op = pick(self.random, &[Op::Load, Op::Store, Op::ViewRow]);
                    self.instruction(op);
                }
                _ if self.random.chance(3) => {
                    let op = pick(self.random, &[Op::Draw, Op::DrawWord, Op::Send]);
                    self.instruction(op);
                }
                _ if self.random.chance(2) => {
                    let last = self.last(Type::ROW16);
                    self.show(last, Type::ROW16);
                }
                _ => self.define(Op::Column, Imm::None, &[], Type::ROW16),
            }
        }
    }

    /// Weights of the module.
    fn weights(&self) -> Imm {
        Imm::Quantity(super::weight(self.module))
    }

    /// Stores a number where it is seen after the update, so that no other store hides it: added
    /// to what is there.
    fn show(&mut self, value: Value, ty: Type) {
        let object = match ty {
            Type::I32 => SHOWN_SCALAR,
            Type::Vector { elem: Elem::I16, .. } => SHOWN_LANES,
            Type::Vector { elem: Elem::I8, .. } => {
                let lanes = self.builder.value(Op::Widen, Imm::None, &[value], Type::ROW16);
                return self.show(lanes, Type::ROW16);
            }
            Type::Mask { .. } => unreachable!("masks choose what is shown"),
        };
        let before = self.builder.value(Op::Load, Imm::Object(object), &[], ty);
        let three = self.builder.iconst(3);
        let three = match ty {
            Type::I32 => three,
            Type::Vector { .. } | Type::Mask { .. } => {
                self.builder.value(Op::Splat, Imm::None, &[three], ty)
            }
        };
        let scaled = self.builder.op(Op::Mul, &[before, three]);
        let sum = self.builder.op(Op::Add, &[scaled, value]);
        self.builder.effect(Op::Store, Imm::Object(object), &[sum]);
    }

    /// A constant: half of the time of those that rewriting rules ask for.
    fn constant(&mut self, ty: Type) -> Value {
        let bits = if ty == Type::I32 {
            32
        } else if ty == Type::ROW8 {
            8
        } else {
            16
        };
        let power = 1i32.wrapping_shl(u32::from(self.random.byte_below(bits)));
        let constant = match self.random.below(6) {
            0 => power,
            1 => power.wrapping_neg(),
            2 => power.wrapping_sub(1),
            _ => self.random.scalar(),
        };
        match ty {
            Type::I32 => self.builder.iconst(constant),
            Type::Vector { .. } | Type::Mask { .. } => self.builder.splat_const(constant, ty),
        }
    }

    fn places(&mut self, ty: Type) -> u8 {
        let width = match ty {
            Type::I32 | Type::Mask { .. } => 32,
            Type::Vector { elem: Elem::I16, .. } => 16,
            Type::Vector { elem: Elem::I8, .. } => 8,
        };
        1 + self.random.byte_below(width - 1)
    }

    fn pool(&self, ty: Type) -> &[Value] {
        match ty {
            Type::I32 => &self.pool.scalars,
            Type::Vector { elem: Elem::I16, .. } => &self.pool.lanes,
            Type::Vector { elem: Elem::I8, .. } => &self.pool.bytes,
            Type::Mask { .. } => &self.pool.masks,
        }
    }

    /// The value of a type that became available last.
    fn last(&self, ty: Type) -> Value {
        let values = self.pool(ty);
        values[values.len() - 1]
    }

    /// A value of a type: often a recent one.
    pub(super) fn value(&mut self, ty: Type) -> Value {
        let len = self.pool(ty).len();
        let recent = if self.random.chance(2) { len } else { len.min(4) };
        let back = self.random.below(recent);
        self.pool(ty)[len - 1 - back]
    }

    fn vector_type(&mut self) -> Type {
        if self.shape.byte_lanes && self.random.chance(3) { Type::ROW8 } else { Type::ROW16 }
    }

    pub(super) fn number_type(&mut self) -> Type {
        if self.random.chance(3) { Type::I32 } else { self.vector_type() }
    }

    /// A position within the view: the loop's, or any.
    fn position(&mut self) -> Value {
        match self.rows.last() {
            Some(row) if !self.random.chance(8) => *row,
            _ if self.random.chance(2) => self.builder.iconst(0),
            _ => {
                let any = self.value(Type::I32);
                let rows = self.builder.value(Op::ViewRows, Imm::None, &[], Type::I32);
                self.builder.op(Op::RemU, &[any, rows])
            }
        }
    }

    fn define(&mut self, op: Op, imm: Imm, args: &[Value], ty: Type) {
        let value = self.builder.value(op, imm, args, ty);
        self.offer(value, ty);
    }

    /// Makes a value available.
    pub(super) fn offer(&mut self, value: Value, ty: Type) {
        match ty {
            Type::I32 => self.pool.scalars.push(value),
            Type::Vector { elem: Elem::I16, .. } => self.pool.lanes.push(value),
            Type::Vector { elem: Elem::I8, .. } => self.pool.bytes.push(value),
            Type::Mask { .. } => self.pool.masks.push(value),
        }
    }

    /// One instruction with random operands, if there are any that it can take.
    pub(super) fn instruction(&mut self, op: Op) {
        match op.sig() {
            Sig::Scalar => self.scalar(op),
            Sig::ScalarUnary => {
                let position = self.position();
                self.define(op, Imm::None, &[position], Type::I32);
            }
            Sig::ScalarBinary => self.binary(op, Type::I32, Type::I32),
            Sig::Binary => {
                let ty = self.number_type();
                self.binary(op, ty, ty);
            }
            Sig::LaneBinary => {
                let ty = self.vector_type();
                self.binary(op, ty, ty);
            }
            Sig::Unary => {
                let ty = self.number_type();
                let places = self.places(ty);
                let value = self.value(ty);
                self.define(op, Imm::Shift(places), &[value], ty);
            }
            Sig::Compare => {
                let ty = self.number_type();
                let (cond, _) = pick(self.random, &Cond::ALL);
                let args = [self.value(ty), self.value(ty)];
                self.define(op, Imm::Cond(cond), &args, ty.comparison());
            }
            Sig::Select => {
                let ty = self.number_type();
                let choice = ty.comparison();
                if choice == Type::I32 || !self.pool.masks.is_empty() {
                    let args = [self.value(choice), self.value(ty), self.value(ty)];
                    self.define(op, Imm::None, &args, ty);
                }
            }
            Sig::MaskBinary if self.pool.masks.is_empty() => {}
            Sig::MaskBinary => self.binary(op, Type::ROW_MASK, Type::ROW_MASK),
            Sig::MaskUnary if self.pool.masks.is_empty() => {}
            Sig::MaskUnary => {
                let mask = self.value(Type::ROW_MASK);
                self.define(op, Imm::None, &[mask], Type::ROW_MASK);
            }
            Sig::Splat => {
                let (ty, scalar) = (self.vector_type(), self.value(Type::I32));
                self.define(op, Imm::None, &[scalar], ty);
            }
            Sig::Widen | Sig::Narrow if !self.shape.byte_lanes => {}
            Sig::Widen => {
                let bytes = self.value(Type::ROW8);
                self.define(op, Imm::None, &[bytes], Type::ROW16);
            }
            Sig::Narrow => {
                let lanes = self.value(Type::ROW16);
                self.define(op, Imm::None, &[lanes], Type::ROW8);
            }
            Sig::Reduce => {
                let lanes = self.value(Type::ROW16);
                self.define(op, Imm::None, &[lanes], Type::I32);
            }
            Sig::Event => {
                // Rows of all signs: half of them of the chip.
                let any = self.value(Type::I32);
                let rows = self.builder.iconst(256);
                let row = self.builder.op(Op::RemU, &[any, rows]);
                let row = if self.random.chance(2) { row } else { any };
                let address = self.value(Type::I32);
                self.builder.effect(op, Imm::None, &[row, address]);
            }
            Sig::Lanes => self.define(op, Imm::None, &[], Type::ROW16),
            Sig::ReadChip | Sig::WriteChip => self.chip(op),
            Sig::Load | Sig::Store => self.object(op),
            Sig::LoadElement | Sig::StoreElement => self.element(op),
            Sig::RecordPut => {}
        }
    }

    fn scalar(&mut self, op: Op) {
        let imm = match op.imm() {
            ImmKind::None => Imm::None,
            ImmKind::Int => Imm::Int(self.random.scalar()),
            ImmKind::Derived if !self.module.derived.is_empty() => {
                Imm::Derived(DerivedId::new(self.random.below(self.module.derived.len())))
            }
            // Records are opened where they are due.
            ImmKind::Derived | ImmKind::Record | ImmKind::Object | ImmKind::Field => return,
            ImmKind::Array => return,
            ImmKind::Shift | ImmKind::Cond | ImmKind::Quantity => return,
        };
        self.define(op, imm, &[], Type::I32);
    }

    fn binary(&mut self, op: Op, operand: Type, result: Type) {
        let first = self.value(operand);
        let second = if self.random.chance(8) { first } else { self.value(operand) };
        self.define(op, Imm::None, &[first, second], result);
    }

    fn chip(&mut self, op: Op) {
        let other = match self.module.signed {
            true => Quantity::Weight,
            false => Quantity::SignedWeight,
        };
        let possible =
            |q: &Quantity| *q != other && if op == Op::Read { q.readable() } else { q.writable() };
        let all: Vec<Quantity> = Quantity::ALL.iter().map(|(q, _)| *q).filter(possible).collect();
        let quantity = pick(self.random, &all);
        let mut args: Vec<Value> =
            quantity.per_row().then(|| self.position()).into_iter().collect();
        if op == Op::Read {
            self.define(op, Imm::Quantity(quantity), &args, Type::ROW16);
        } else {
            args.push(self.value(Type::ROW16));
            self.builder.effect(op, Imm::Quantity(quantity), &args);
        }
    }

    /// An element of an array, or of a part of it, by an index inside of it.
    fn element(&mut self, op: Op) {
        let objects = &self.module.objects;
        let possible = |o: &Object| o.scope == Scope::Rule && (op == Op::LoadElement || !o.input);
        // What shows results is stored to in a way that keeps them.
        let runs: Vec<usize> = (2..objects.len()).filter(|id| possible(&objects[*id])).collect();
        if runs.is_empty() {
            return;
        }
        let first = pick(self.random, &runs);
        let longest = objects[first..].iter().take_while(|o| possible(o)).count();
        let len = 1 + self.random.below(longest);
        let any = self.value(Type::I32);
        let bound = self.builder.iconst(i32::try_from(len).unwrap_or(1));
        let index = self.builder.op(Op::RemU, &[any, bound]);
        let imm = Imm::Array(ObjectId::new(first), u32::try_from(len).unwrap_or(1));
        if op == Op::LoadElement {
            self.define(op, imm, &[index], Type::I32);
        } else {
            let value = self.value(Type::I32);
            self.builder.effect(op, imm, &[index, value]);
        }
    }

    fn object(&mut self, op: Op) {
        let objects = &self.module.objects;
        let possible = |id: &usize| op == Op::Load || !objects[*id].input;
        // What shows results is stored to in a way that keeps them.
        let all: Vec<usize> = (2..objects.len()).filter(possible).collect();
        if all.is_empty() {
            return;
        }
        let index = pick(self.random, &all);
        let (id, scope) = (ObjectId::new(index), objects[index].scope);
        let ty = if scope.is_vector() { Type::ROW16 } else { Type::I32 };
        let mut args: Vec<Value> = scope.per_row().then(|| self.position()).into_iter().collect();
        if op == Op::Load {
            self.define(op, Imm::Object(id), &args, ty);
        } else {
            args.push(self.value(ty));
            self.builder.effect(op, Imm::Object(id), &args);
        }
    }
}
