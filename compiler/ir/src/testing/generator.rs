//! Makes a random module: declarations, then functions stage by stage; `straight.rs` fills blocks.

mod straight;

use super::{Random, Shape};
use crate::op::Cond;
use crate::{
    Block, BlockCall, Derived, Field, Function, FunctionBuilder, Generators, Imm, Module, Object,
    ObjectId, Op, Quantity, Record, RecordId, Scope, Terminator, Type, Value,
};
use core::ops::RangeInclusive;

/// Deepest nesting of loops and branches.
const DEPTH_MAX: u32 = 2;
/// Most rounds of a counted loop.
const ROUNDS_MAX: usize = 3;
/// The objects that show results: one of every neuron and one of the rule.
const SHOWN_LANES: ObjectId = ObjectId(0);
const SHOWN_SCALAR: ObjectId = ObjectId(1);

pub(super) fn module(seed: u64, shape: &Shape) -> Module {
    let mut random = Random::new(seed);
    let mut module = declarations(&mut random);
    for (name, stages) in [("start", 1), ("update", shape.stages)] {
        if name == "start" && random.chance(2) {
            continue;
        }
        let func = function(name, &Shape { stages, ..*shape }, &mut random, &module);
        module.functions.push(func);
    }
    module
}

fn declarations(random: &mut Random) -> Module {
    let derived = (0..random.below(4)).map(|index| {
        let (default, range) = declared(random);
        Derived { name: format!("gain \"{index}\" * 2\\\t"), default, range }
    });
    let derived = derived.collect();
    let shown =
        |scope| Object { name: "shown".into(), scope, initial: 0, input: false, range: None };
    let mut objects = vec![shown(Scope::Neuron), shown(Scope::Rule)];
    for (scope, name) in Scope::ALL {
        for input in [false, true] {
            if random.chance(2) {
                let name = format!("{name}{}", objects.len());
                let (initial, range) = declared(random);
                objects.push(Object { name, scope, initial, input, range });
            }
        }
    }
    // Arrays of the rule, and of inputs.
    for (name, input) in [("array", false), ("table", true)] {
        for _ in 0..random.below(4) {
            let name = format!("{name}.{}", objects.len());
            let (initial, range) = declared(random);
            objects.push(Object { name, scope: Scope::Rule, initial, input, range });
        }
    }
    let mut records = Vec::new();
    for _ in 0..random.below(3) {
        let every = 1 + u32::from(random.byte_below(3));
        let scopes: Vec<Scope> = (0..1 + random.below(3)).map(|_| pick(random, &SCOPES)).collect();
        let field = |scope: &Scope| Field {
            name: scope.name().to_owned(),
            scope: *scope,
            frac: i32::from(random.byte_below(40)) - 16,
        };
        records.push(Record { every, fields: scopes.iter().map(field).collect() });
    }
    let signed = random.chance(4);
    let rows_max = if signed { 128 } else { 256 };
    let generators = pick(random, &[Generators::Own, Generators::Own, Generators::Hardware]);
    let empty = Module::empty("random");
    Module { rows_max, signed, generators, derived, objects, records, ..empty }
}

/// A default or initial value, and now and then a range that has it, often of bytes.
fn declared(random: &mut Random) -> (i32, Option<RangeInclusive<i32>>) {
    let bytes = random.chance(2);
    let mut number = |()| match bytes {
        true => i32::from(random.byte().cast_signed()),
        false => i32::from(random.lane()),
    };
    let mut numbers = [(); 3].map(&mut number);
    numbers.sort_unstable();
    let [low, first, high] = numbers;
    match random.below(4) {
        0 => (0, None),
        1 => (first, None),
        _ => (first, Some(low..=high)),
    }
}

const SCOPES: [Scope; 4] = [Scope::Synapse, Scope::Neuron, Scope::Row, Scope::Rule];

fn pick<T: Copy>(random: &mut Random, items: &[T]) -> T {
    items[random.below(items.len())]
}

fn function(name: &str, shape: &Shape, random: &mut Random, module: &Module) -> Function {
    let mut generator = Generator {
        random,
        module,
        shape,
        builder: FunctionBuilder::new(name),
        pool: Pool::default(),
        rows: Vec::new(),
        depth: 0,
    };
    generator.seed_pool();
    for _ in 0..shape.stages {
        generator.stage();
    }
    if generator.random.chance(8) {
        generator.unreachable_block();
    }
    if name == "update" {
        (0..module.records.len()).for_each(|index| generator.record(index));
    }
    generator.builder.finish()
}

/// Values that may be used where the generator is.
#[derive(Clone, Default)]
struct Pool {
    scalars: Vec<Value>,
    lanes: Vec<Value>,
    bytes: Vec<Value>,
    /// Of the current block only.
    masks: Vec<Value>,
}

/// What a loop may do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    Any,
    /// Anything, to a row of the view most of the time.
    Row,
    /// Little, most of it to its own row.
    OwnRow,
}

struct Generator<'a> {
    random: &'a mut Random,
    module: &'a Module,
    shape: &'a Shape,
    builder: FunctionBuilder,
    pool: Pool,
    /// Row positions of the open row loops, innermost last.
    rows: Vec<Value>,
    depth: u32,
}

impl Generator<'_> {
    /// One value of each kind, so that every op finds operands.
    fn seed_pool(&mut self) {
        let (scalar, lane) = (self.random.scalar(), self.random.scalar());
        let scalar = self.builder.iconst(scalar);
        self.pool.scalars.push(scalar);
        let lane = self.builder.splat_const(lane, Type::ROW16);
        self.pool.lanes.push(lane);
        if self.shape.byte_lanes {
            let bytes = self.builder.splat_const(lane.0.cast_signed(), Type::ROW8);
            self.pool.bytes.push(bytes);
        }
    }

    fn stage(&mut self) {
        let nested = self.depth < DEPTH_MAX;
        match self.random.below(8) {
            0 if nested && self.rows.is_empty() => self.twin_loops(),
            1 | 2 if nested && self.rows.is_empty() => self.row_loop(),
            3 if nested => self.counted_loop(),
            4 if nested => self.diamond(),
            _ => self.stretch(),
        }
    }

    fn enter(&mut self, block: Block) {
        self.builder.switch_to(block);
        self.pool.masks.clear();
    }

    /// What lies inside a loop or an arm of a branch; its values end with it.
    fn inside(&mut self, row: Option<Value>, body: Body, fill: impl FnOnce(&mut Self)) {
        self.rows.extend(row);
        self.depth += 1;
        if let (Body::OwnRow, Some(row)) = (body, row) {
            self.own_row(row);
        } else {
            self.stretch();
            if self.random.chance(3) {
                self.stage();
            }
        }
        fill(self);
        self.depth -= 1;
        if row.is_some() {
            self.rows.pop();
        }
    }

    fn row_loop(&mut self) {
        let rows = self.builder.value(Op::ViewRows, Imm::None, &[], Type::I32);
        let carried = self.some_types();
        self.count_to(rows, &carried, Body::Row);
    }

    /// Two loops after each other that now and then could be one.
    fn twin_loops(&mut self) {
        for _ in 0..2 {
            let rows = self.builder.value(Op::ViewRows, Imm::None, &[], Type::I32);
            let carried = self.some_types();
            self.count_to(rows, &carried, Body::OwnRow);
            if self.random.chance(3) {
                let op = pick(self.random, Op::ALL);
                self.instruction(op);
            }
        }
    }

    fn counted_loop(&mut self) {
        let rounds = 1 + self.random.below(ROUNDS_MAX);
        let rounds = self.builder.iconst(i32::try_from(rounds).unwrap_or(1));
        let carried = self.some_types();
        self.count_to(rounds, &carried, Body::Any);
    }

    fn some_types(&mut self) -> Vec<Type> {
        (0..self.random.below(4)).map(|_| self.number_type()).collect()
    }

    fn values(&mut self, types: &[Type]) -> Vec<Value> {
        types.iter().map(|ty| self.value(*ty)).collect()
    }

    /// A loop from 0 to `bound` (at least 1), tested at its top or at its bottom.
    fn count_to(&mut self, bound: Value, carried: &[Type], body: Body) {
        let types: Vec<Type> = core::iter::once(Type::I32).chain(carried.iter().copied()).collect();
        let (header, params) = self.builder.block(&types);
        let leaving = self.some_types();
        let (exit, results) = self.builder.block(&leaving);
        let mut first = vec![self.builder.iconst(0)];
        first.extend(self.values(carried));
        self.builder.jump(header, first);
        self.enter(header);
        let outside = self.pool.clone();
        params.iter().zip(&types).for_each(|(param, ty)| self.offer(*param, *ty));
        let index = params[0];
        let top = body != Body::OwnRow && self.random.chance(2);
        if top {
            let more = self.builder.compare(Cond::Lt, index, bound);
            let (inner, _) = self.builder.block(&[]);
            let args = self.values(&leaving);
            let (inner_call, exit_call) = (call(inner, Vec::new()), call(exit, args));
            self.builder.terminate(Terminator::Branch(more, inner_call, exit_call));
            self.enter(inner);
        }
        let row = (body != Body::Any).then_some(index);
        self.inside(row, body, |generator| {
            let one = generator.builder.iconst(1);
            let mut next = vec![generator.builder.op(Op::Add, &[index, one])];
            let more = generator.builder.compare(Cond::Lt, next[0], bound);
            next.extend(generator.values(carried));
            if top {
                generator.builder.jump(header, next);
            } else {
                let args = generator.values(&leaving);
                let (again, leave) = (call(header, next), call(exit, args));
                generator.builder.terminate(Terminator::Branch(more, again, leave));
            }
        });
        self.pool = outside;
        self.enter(exit);
        results.iter().zip(&leaving).for_each(|(value, ty)| self.offer(*value, *ty));
    }

    /// A branch with two arms that meet again.
    fn diamond(&mut self) {
        let cond = self.value(Type::I32);
        let types = self.some_types();
        let (join, params) = self.builder.block(&types);
        let arms = [self.builder.block(&[]).0, self.builder.block(&[]).0];
        let (then, other) = (call(arms[0], Vec::new()), call(arms[1], Vec::new()));
        self.builder.terminate(Terminator::Branch(cond, then, other));
        let outside = self.pool.clone();
        for arm in arms {
            self.enter(arm);
            self.inside(None, Body::Any, |generator| {
                let args = generator.values(&types);
                generator.builder.jump(join, args);
            });
            self.pool = outside.clone();
        }
        self.enter(join);
        params.iter().zip(&types).for_each(|(param, ty)| self.offer(*param, *ty));
    }

    fn unreachable_block(&mut self) {
        let (block, pool, current) =
            (self.builder.block(&[]).0, self.pool.clone(), self.builder.current());
        self.enter(block);
        self.stretch();
        self.pool = pool;
        self.pool.masks.clear();
        let (next, _) = self.builder.block(&[]);
        self.builder.jump(next, Vec::new());
        self.builder.switch_to(current);
        self.builder.jump(next, Vec::new());
        self.builder.switch_to(next);
    }

    /// Takes a sample of a record when it is due, as lowering does.
    fn record(&mut self, index: usize) {
        let record = &self.module.records[index];
        let id = RecordId::new(index);
        let [due, open, after] = [(); 3].map(|()| self.builder.block(&[]).0);
        let update = self.builder.value(Op::UpdateIndex, Imm::None, &[], Type::I32);
        let one = self.builder.iconst(1);
        let every = self.builder.iconst(i32::try_from(record.every).unwrap_or(i32::MAX));
        let done = self.builder.op(Op::Add, &[update, one]);
        let past = self.builder.op(Op::RemU, &[done, every]);
        let zero = self.builder.iconst(0);
        let is_due = self.builder.compare(Cond::Eq, past, zero);
        let skip = || call(after, Vec::new());
        self.builder.terminate(Terminator::Branch(is_due, call(due, Vec::new()), skip()));
        self.enter(due);
        let opened = self.builder.value(Op::RecordOpen, Imm::Record(id), &[], Type::I32);
        self.builder.terminate(Terminator::Branch(opened, call(open, Vec::new()), skip()));
        self.enter(open);
        let outside = self.pool.clone();
        for (position, field) in (0u32..).zip(&record.fields) {
            let put = Imm::Field(id, position);
            let ty = if field.scope.is_vector() { Type::ROW16 } else { Type::I32 };
            if field.scope.per_row() {
                self.record_rows(put, ty);
            } else {
                let value = self.value(ty);
                self.builder.effect(Op::RecordPut, put, &[value]);
            }
        }
        self.builder.jump(after, Vec::new());
        self.pool = outside;
        self.enter(after);
    }

    /// Puts a value of every row into a record.
    fn record_rows(&mut self, put: Imm, ty: Type) {
        let rows = self.builder.value(Op::ViewRows, Imm::None, &[], Type::I32);
        let (header, params) = self.builder.block(&[Type::I32]);
        let (exit, _) = self.builder.block(&[]);
        let zero = self.builder.iconst(0);
        self.builder.jump(header, vec![zero]);
        self.enter(header);
        let row = params[0];
        let value = match ty {
            Type::I32 => self.builder.value(Op::ViewRow, Imm::None, &[row], Type::I32),
            Type::Vector { .. } | Type::Mask { .. } => {
                let weight = weight(self.module);
                let quantity = pick(self.random, &[weight, Quantity::Address]);
                self.builder.value(Op::Read, Imm::Quantity(quantity), &[row], Type::ROW16)
            }
        };
        self.builder.effect(Op::RecordPut, put, &[row, value]);
        let one = self.builder.iconst(1);
        let next = self.builder.op(Op::Add, &[row, one]);
        let more = self.builder.compare(Cond::Lt, next, rows);
        let (again, leave) = (call(header, vec![next]), call(exit, Vec::new()));
        self.builder.terminate(Terminator::Branch(more, again, leave));
        self.enter(exit);
    }
}

/// The weight of a module.
const fn weight(module: &Module) -> Quantity {
    if module.signed { Quantity::SignedWeight } else { Quantity::Weight }
}

fn call(block: Block, args: Vec<Value>) -> BlockCall {
    BlockCall { block, args }
}
