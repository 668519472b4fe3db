//! HIR to IR: blocks, loops over rows, stores, resets and records. Numbers of lanes are in
//! `number.rs`, reductions in `reduce.rs`; `control.rs` has the statements of `control`, `scalar.rs`
//! its numbers.
//!
//! The numbered rules of the language reference's section on numbers are implemented here, in
//! `number.rs` and in `scalar.rs`, under the same numbers.

mod control;
mod mask;
pub(crate) mod number;
mod range;
mod reduce;
mod scalar;
mod statement;

use crate::hir::{Block, Due, Kind, Over, Record, Recorded, Rounding, Rule, State};
use crate::host::Host;
use crate::interval::Interval;
use mask::Held;
use pl_fixed::Format;
use pl_ir::op::Cond;
use pl_ir::{
    BlockCall, Derived, DerivedId, Field, FunctionBuilder, Imm, Module, Object, ObjectId, Op,
    Quantity, RecordId, Scope, Terminator, Type, Value,
};
pub(crate) use scalar::scalar_format;
use std::collections::BTreeMap;

/// A derived value: its expression and the format it is quantised to.
#[derive(Clone, Debug, PartialEq)]
pub struct DerivedValue {
    /// The expression.
    pub host: Host,
    /// The format of its raw value.
    pub format: Format,
}

/// A lowered rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// The code and its declarations, not verified yet.
    pub module: Module,
    /// Expressions of the module's derived table, in its order.
    pub derived: Vec<DerivedValue>,
}

/// The format in which a state keeps its values: that of lanes, or of scalars if it belongs to the
/// rule (rule N10 of the reference).
#[must_use]
pub fn state_format(state: &State) -> Format {
    match (state.scope, state.kind, state.frac) {
        (Scope::Rule, Kind::Real, None) => Format::WORD_REAL,
        (Scope::Rule, Kind::Int, None) => Format::WORD_INT,
        (Scope::Rule, Kind::Bool, _) | (Scope::Rule, _, Some(_)) => lane_format(state),
        (Scope::Synapse | Scope::Neuron | Scope::Row, ..) => lane_format(state),
    }
}

/// The format in which lanes see a state: integers exactly, reals with the most fraction bits that
/// hold the interval (rule N2 of the reference).
pub(crate) fn lane_format(state: &State) -> Format {
    let holding = || Format::holding(state.interval.low, state.interval.high);
    match (state.kind, state.frac) {
        (_, Some(frac)) => Format::new(frac),
        (Kind::Real, None) => holding().unwrap_or(Format::INT),
        // An integer of the rule may have more bits.
        (Kind::Int | Kind::Bool, None) => holding().unwrap_or(Format::INT).min(Format::INT),
    }
}

/// Lowers a checked rule.
#[must_use]
pub fn lower(rule: &Rule) -> Lowered {
    let objects = rule.states.iter().map(|state| Object {
        name: state.name.clone(),
        scope: state.scope,
        initial: state_format(state).quantise(state.initial),
        input: state.input,
        range: range::of_state(state),
    });
    let records = rule.records.iter().map(|record| Record::declaration(record, rule));
    let mut lowering = Lowering {
        rule,
        derived: Vec::new(),
        b: FunctionBuilder::new("update"),
        rounding: Rounding::default(),
        reduces_synapses: false,
    };
    let end = rule.blocks.iter().position(|block| block.after_records);
    let (blocks, after_records) = rule.blocks.split_at(end.unwrap_or(rule.blocks.len()));
    lowering.blocks(blocks);
    for (index, record) in rule.records.iter().enumerate() {
        lowering.record(RecordId::new(index), record);
    }
    lowering.blocks(after_records);
    let update = core::mem::replace(&mut lowering.b, FunctionBuilder::new("start")).finish();
    for block in &rule.start {
        lowering.statements_of(block);
    }
    let start = lowering.b.finish();
    let names: Vec<&str> = rule.params.iter().map(|p| p.name.as_str()).collect();
    let defaults: Vec<f64> = rule.params.iter().map(|p| p.default).collect();
    let derived = lowering.derived.iter().map(|value| Derived {
        name: format!("{}, {}", value.host.text(&names), value.format),
        default: value.host.raw(value.format, &defaults),
        range: range::of_derived(value, rule),
    });
    let module = Module {
        name: rule.name.clone(),
        rows_max: rule.rows_max,
        columns_max: rule.columns_max,
        signed: rule.signed,
        generators: rule.generators,
        derived: derived.collect(),
        objects: objects.collect(),
        records: records.collect(),
        functions: vec![start, update],
    };
    Lowered { module, derived: lowering.derived }
}

impl Record {
    fn declaration(&self, rule: &Rule) -> pl_ir::Record {
        let field = |(name, source): &(String, Recorded)| match source {
            Recorded::Quantity(q) => {
                let scope = if q.per_row() { Scope::Synapse } else { Scope::Neuron };
                Field { name: name.clone(), scope, frac: 0 }
            }
            Recorded::State(index) => {
                let state = &rule.states[*index];
                Field { name: name.clone(), scope: state.scope, frac: state_format(state).frac() }
            }
        };
        pl_ir::Record { every: self.every, fields: self.fields.iter().map(field).collect() }
    }
}

/// The state of lowering one function.
struct Lowering<'a> {
    rule: &'a Rule,
    derived: Vec<DerivedValue>,
    b: FunctionBuilder,
    /// How stores of the block being lowered round.
    rounding: Rounding,
    /// Whether the block being lowered reduces synapses, so that masks must be kept as lanes.
    reduces_synapses: bool,
}

/// Values of what statements of a block may change, in one row.
#[derive(Clone, Default)]
struct Env {
    /// Row position, in a `synapses` block.
    row: Option<Value>,
    /// Weight, once read or assigned.
    weight: Option<Value>,
    /// Address, once read or assigned.
    address: Option<Value>,
    /// States and inputs, once read or assigned, as lanes in their format.
    states: BTreeMap<usize, Value>,
    /// Locals.
    locals: BTreeMap<usize, Local>,
    /// Lanes in which sensors are to be reset.
    resets: BTreeMap<SensorSlot, Lanes>,
    /// Assigned, so to be written at the end of the row.
    dirty: Dirty,
}

/// A local: derived values stay expressions, others are lanes in a format or masks.
#[derive(Clone)]
enum Local {
    Host(Host),
    Lanes {
        value: Value,
        frac: i32,
    },
    Mask(Held),
    /// Of `control`, seen in a reduction.
    Scalar(Value, Kind),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SensorSlot {
    Causal,
    Acausal,
    Rate,
    Membrane,
}

/// A set of lanes.
#[derive(Clone, Copy, PartialEq)]
enum Lanes {
    All,
    Where(Held),
}

#[derive(Clone, Default)]
struct Dirty {
    weight: bool,
    address: bool,
    states: Vec<usize>,
}

impl Lowering<'_> {
    /// The lanes of a host expression in a format.
    fn host_lanes(&mut self, host: &Host, format: Format) -> Value {
        let scalar = self.host_scalar(host, format);
        self.b.value(Op::Splat, Imm::None, &[scalar], Type::ROW16)
    }

    /// A host expression in a format: one derived value an expression and format.
    fn host_scalar(&mut self, host: &Host, format: Format) -> Value {
        if let Host::Const(x) = host {
            return self.b.iconst(format.quantise(*x));
        }
        let wanted = DerivedValue { host: host.clone(), format };
        let index = match self.derived.iter().position(|known| *known == wanted) {
            Some(index) => index,
            None => {
                self.derived.push(wanted);
                self.derived.len() - 1
            }
        };
        self.b.value(Op::Derived, Imm::Derived(DerivedId::new(index)), &[], Type::I32)
    }

    /// Blocks in the updates in which they are due: those that are due together need one decision, and
    /// their loops stand side by side.
    fn blocks(&mut self, blocks: &[Block]) {
        blocks.chunk_by(|a, b| a.due == b.due).for_each(|blocks| self.due_together(blocks));
    }

    fn due_together(&mut self, blocks: &[Block]) {
        let due = blocks.first().map_or(Due::Always, |block| block.due);
        let after = (due != Due::Always).then(|| self.b.block(&[]).0);
        if let Some(after) = after {
            self.unless_due(due, after);
        }
        blocks.iter().for_each(|block| self.statements_of(block));
        if let Some(after) = after {
            self.b.jump(after, Vec::new());
            self.b.switch_to(after);
        }
    }

    /// Goes on in `after` if the update is none in which something is due.
    fn unless_due(&mut self, due: Due, after: pl_ir::Block) {
        let update = self.b.value(Op::UpdateIndex, Imm::None, &[], Type::I32);
        match due {
            Due::Always => {}
            Due::Once(number) => {
                let number = self.b.iconst(number.cast_signed());
                let differs = self.b.compare(Cond::Ne, update, number);
                self.leave_if(differs, after);
            }
            Due::Every { every, first } => {
                if first >= every {
                    let first = self.b.iconst(first.cast_signed());
                    let early = self.b.compare(Cond::Lt, update, first);
                    self.leave_if(early, after);
                }
                // (update - first) rem every is 0, without a negative number.
                let shift = self.b.iconst(((every - first % every) % every).cast_signed());
                let number = self.b.op(Op::Add, &[update, shift]);
                let every = self.b.iconst(every.cast_signed());
                let rest = self.b.op(Op::RemU, &[number, every]);
                self.leave_if(rest, after);
            }
        }
    }

    fn leave_if(&mut self, truth: Value, after: pl_ir::Block) {
        let (stay, _) = self.b.block(&[]);
        let to = |block| BlockCall { block, args: Vec::new() };
        self.b.terminate(Terminator::Branch(truth, to(after), to(stay)));
        self.b.switch_to(stay);
    }

    fn statements_of(&mut self, block: &Block) {
        self.rounding = block.rounding;
        self.reduces_synapses = mask::reduces_synapses(&block.body);
        if block.over == Over::Synapses {
            let (row, done) = self.open_row_loop();
            let mut env = Env { row: Some(row), ..Env::default() };
            self.statements(&block.body, &mut env, None);
            self.write_back(&env);
            self.close_row_loop(row, done);
        } else if block.over == Over::Neurons {
            let mut env = Env::default();
            self.statements(&block.body, &mut env, None);
            self.write_back(&env);
        } else {
            self.control(&block.body);
        }
    }

    /// Starts a loop over the row positions of the view; gives the position and the block after.
    /// The loop tests at its end: a view has at least one row.
    fn open_row_loop(&mut self) -> (Value, pl_ir::Block) {
        let zero = self.b.iconst(0);
        let (body, params) = self.b.block(&[Type::I32]);
        let (done, _) = self.b.block(&[]);
        self.b.jump(body, vec![zero]);
        self.b.switch_to(body);
        (params[0], done)
    }

    fn close_row_loop(&mut self, row: Value, done: pl_ir::Block) {
        let body = self.b.current();
        let one = self.b.iconst(1);
        let next = self.b.op(Op::Add, &[row, one]);
        let rows = self.b.value(Op::ViewRows, Imm::None, &[], Type::I32);
        let more = self.b.compare(Cond::Lt, next, rows);
        self.b.terminate(Terminator::Branch(
            more,
            BlockCall { block: body, args: vec![next] },
            BlockCall { block: done, args: Vec::new() },
        ));
        self.b.switch_to(done);
    }

    /// Writes what the statements of a row changed.
    fn write_back(&mut self, env: &Env) {
        let row: Vec<Value> = env.row.into_iter().collect();
        let write = |b: &mut FunctionBuilder, quantity, value| {
            let mut args = row.clone();
            args.push(value);
            b.effect(Op::Write, Imm::Quantity(quantity), &args);
        };
        if let (true, Some(weight)) = (env.dirty.weight, env.weight) {
            write(&mut self.b, on_chip(Quantity::Weight, self.rule), weight);
        }
        if let (true, Some(address)) = (env.dirty.address, env.address) {
            write(&mut self.b, Quantity::Address, address);
        }
        if let Some(bits) = self.correlation_reset_bits(env) {
            write(&mut self.b, Quantity::CorrelationReset, bits);
        }
        let neurons = [
            (SensorSlot::Rate, Quantity::RateReset),
            (SensorSlot::Membrane, Quantity::MembraneReset),
        ];
        for (slot, quantity) in neurons {
            if let Some(lanes) = env.resets.get(&slot) {
                let bits = self.lanes_as_bits(*lanes, 1);
                self.b.effect(Op::Write, Imm::Quantity(quantity), &[bits]);
            }
        }
        for index in &env.dirty.states {
            let scope = self.rule.states[*index].scope;
            let mut args: Vec<Value> = env.row.filter(|_| scope.per_row()).into_iter().collect();
            let value = env.states[index];
            // All lanes of a row's state are the same.
            args.push(match scope {
                Scope::Row => self.b.value(Op::ReduceMax, Imm::None, &[value], Type::I32),
                Scope::Synapse | Scope::Neuron | Scope::Rule => value,
            });
            self.b.effect(Op::Store, Imm::Object(ObjectId::new(*index)), &args);
        }
    }

    fn correlation_reset_bits(&mut self, env: &Env) -> Option<Value> {
        let causal = env.resets.get(&SensorSlot::Causal).copied();
        let acausal = env.resets.get(&SensorSlot::Acausal).copied();
        match (causal, acausal) {
            (None, None) => None,
            (Some(a), Some(b)) if a == b => Some(self.lanes_as_bits(a, 3)),
            (Some(a), None) => Some(self.lanes_as_bits(a, 1)),
            (None, Some(b)) => Some(self.lanes_as_bits(b, 2)),
            (Some(a), Some(b)) => {
                let (a, b) = (self.lanes_as_bits(a, 1), self.lanes_as_bits(b, 2));
                Some(self.b.op(Op::Add, &[a, b]))
            }
        }
    }

    /// `bits` in the lanes of the set, 0 elsewhere.
    fn lanes_as_bits(&mut self, lanes: Lanes, bits: i32) -> Value {
        let set = self.b.splat_const(bits, Type::ROW16);
        match lanes {
            Lanes::All => set,
            Lanes::Where(mask) => {
                let mask = self.mask_now(mask);
                let clear = self.b.splat_const(0, Type::ROW16);
                self.b.op(Op::Select, &[mask, set, clear])
            }
        }
    }

    /// A record: every so many updates, opens a sample and copies the fields.
    fn record(&mut self, id: RecordId, record: &Record) {
        let index = self.b.value(Op::UpdateIndex, Imm::None, &[], Type::I32);
        let one = self.b.iconst(1);
        let number = self.b.op(Op::Add, &[index, one]);
        let every = self.b.iconst(record.every.cast_signed());
        let phase = self.b.op(Op::RemU, &[number, every]);
        let (take, _) = self.b.block(&[]);
        let (copy, _) = self.b.block(&[]);
        let (after, _) = self.b.block(&[]);
        let to = |block| BlockCall { block, args: Vec::new() };
        self.b.terminate(Terminator::Branch(phase, to(after), to(take)));
        self.b.switch_to(take);
        let open = self.b.value(Op::RecordOpen, Imm::Record(id), &[], Type::I32);
        self.b.terminate(Terminator::Branch(open, to(copy), to(after)));
        self.b.switch_to(copy);
        self.record_fields(id, record);
        self.b.jump(after, Vec::new());
        self.b.switch_to(after);
    }

    fn record_fields(&mut self, id: RecordId, record: &Record) {
        let scopes: Vec<Scope> =
            Record::declaration(record, self.rule).fields.iter().map(|f| f.scope).collect();
        if scopes.iter().any(|scope| scope.per_row()) {
            let (row, done) = self.open_row_loop();
            for (index, (_, source)) in record.fields.iter().enumerate() {
                if scopes[index].per_row() {
                    self.record_field(id, index, source, Some(row));
                }
            }
            self.close_row_loop(row, done);
        }
        for (index, (_, source)) in record.fields.iter().enumerate() {
            if !scopes[index].per_row() {
                self.record_field(id, index, source, None);
            }
        }
    }

    fn record_field(&mut self, id: RecordId, index: usize, source: &Recorded, row: Option<Value>) {
        let mut args: Vec<Value> = row.into_iter().collect();
        let value = match source {
            Recorded::Quantity(q) => {
                let imm = Imm::Quantity(on_chip(*q, self.rule));
                self.b.value(Op::Read, imm, &args, Type::ROW16)
            }
            Recorded::State(state) => {
                let lanes = self.rule.states[*state].scope.is_vector();
                let ty = if lanes { Type::ROW16 } else { Type::I32 };
                self.b.value(Op::Load, Imm::Object(ObjectId::new(*state)), &args, ty)
            }
        };
        args.push(value);
        let field = u32::try_from(index).unwrap_or(u32::MAX);
        self.b.effect(Op::RecordPut, Imm::Field(id, field), &args);
    }

    /// A state or input as lanes in its format, read once a row.
    fn state(&mut self, index: usize, env: &mut Env) -> Value {
        if let Some(value) = env.states.get(&index) {
            return *value;
        }
        let state = &self.rule.states[index];
        let (stored, seen) = (state_format(state).frac(), lane_format(state).frac());
        let scope = state.scope;
        let args: Vec<Value> = env.row.filter(|_| scope.per_row()).into_iter().collect();
        let imm = Imm::Object(ObjectId::new(index));
        let value = if scope.is_vector() {
            self.b.value(Op::Load, imm, &args, Type::ROW16)
        } else {
            // A stored value lies in its range, which the lanes' format holds.
            let scalar = self.b.value(Op::Load, imm, &args, Type::I32);
            let scalar = self.convert(scalar, stored, seen);
            self.b.value(Op::Splat, Imm::None, &[scalar], Type::ROW16)
        };
        env.states.insert(index, value);
        value
    }

    /// The raw end of a range in a format, as a lane constant: the last value inside the range.
    fn bound(&mut self, end: End, range: Interval, format: Format) -> Value {
        let inside = match end {
            End::Low => (range.low * format.scale()).ceil(),
            End::High => (range.high * format.scale()).floor(),
        };
        self.b.splat_const(Format::INT.quantise(inside), Type::ROW16)
    }
}

/// What a quantity of the language is on the chip: a weight may be that of a pair of rows.
fn on_chip(quantity: Quantity, rule: &Rule) -> Quantity {
    if rule.signed && quantity == Quantity::Weight { Quantity::SignedWeight } else { quantity }
}

/// An end of a range.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Low,
    High,
}
