//! Fuses loops over the rows: of two that follow each other, each row runs both bodies.
//!
//! ```text
//!   for row { first }                     for row { first; second }
//!   between                 becomes       between
//!   for row { second }
//! ```
//!
//! So the second body of a row comes before the first of later rows. No bit changes if
//!
//! - both loops are one block and run over all rows, ascending: a row's own weights, addresses,
//!   state and sensors then see both bodies in the order they saw before;
//! - bodies name no row but their own, and no element of an array, whose index could be refused;
//! - nothing that belongs to a neuron or the rule is written in one and read or written in the other;
//! - one of them at most draws from the generator of the rule, one at most sends events, so that
//!   draws and events keep their order;
//! - no sample is opened in one and filled in the other;
//! - the second needs nothing that the first one's last row gives, such as a sum over the rows.
//!
//! And two conditions of speed alone:
//!
//! - the second body need not read from the chip what the first has just written: such a read waits
//!   for the write, which rows far apart do not notice (on the processor for plasticity a fifth
//!   of a row), so [`loads`](crate::loads) must be able to take the value itself;
//! - neither draws from the generators of the columns, unless both read one sensor, which is then
//!   converted once: the generators' words take eight of its 32 vector registers, and such
//!   loops became 3 to 7 percent slower where others gained 5 to 25, but a conversion is the dearest
//!   part of a row.
//!
//! The processor for plasticity is what fusing is for: rows of the rules that `cycles.rs` tests take
//! 7 to 13 percent fewer cycles. Native code keeps a row's bytes in cache between two loops and
//! lost 6 to 24 percent of its speed: so the pass runs for the processor alone.
//!
//! What stands between runs after the fused loop. What the second loop needs of it is made before,
//! and so is what the second loop would disturb, if the first does not.

use crate::dominators::Dominators;
use crate::loads::Forwarding;
use crate::loops;
use crate::replace::Replacements;
use crate::{Changed, PassCx};
use pl_ir::op::Cond;
use pl_ir::{
    Block, BlockCall, Effect, Function, Imm, Inst, InstData, ObjectId, Op, Quantity, RecordId,
    Terminator, Value,
};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn run(func: &mut Function, cx: &PassCx<'_>) -> Changed {
    let mut changed = false;
    // Each round takes a loop away. Blocks and definitions are other ones after it.
    while let Some(fusion) = Finder::new(func, cx).fusion() {
        fuse(func, fusion);
        changed = true;
    }
    changed.into()
}

/// A block that repeats itself for every row of the view.
#[derive(Clone)]
struct RowLoop {
    block: Block,
    /// Which of its parameters counts the rows.
    counter: usize,
    row: Value,
    /// What the next round is given.
    again: Vec<Value>,
    exit: BlockCall,
}

/// Two loops that can be one.
struct Fusion {
    first: RowLoop,
    second: RowLoop,
    /// What the second loop is given besides the row.
    entry: Vec<Value>,
    between: Between,
    /// Instructions that are made in front of the loops too, definitions first.
    copied: Vec<Inst>,
    /// Those from between that move there, in order.
    moved: Vec<Inst>,
}

/// What stands between two loops.
#[derive(Clone)]
struct Between {
    /// The block, if there is one, and its parameters with what the first loop passes for them.
    block: Option<Block>,
    params: BTreeMap<Value, Value>,
    insts: Vec<Inst>,
}

impl Between {
    /// What a parameter always is.
    fn resolve(&self, value: Value) -> Value {
        self.params.get(&value).copied().unwrap_or(value)
    }
}

/// Something that one instruction may write and another then sees.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Objects from one on that do not belong to a row.
    Objects(ObjectId, u32),
    /// The open sample of a record.
    Sample(RecordId),
    ColumnGenerators,
    Generator,
    Events,
}

impl Place {
    fn overlaps(self, other: Place) -> bool {
        match (self, other) {
            (Place::Objects(a, a_len), Place::Objects(b, b_len)) => {
                a.0 < b.0.saturating_add(b_len) && b.0 < a.0.saturating_add(a_len)
            }
            (a, b) => a == b,
        }
    }
}

/// What an instruction touches besides its operands and its own row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Access {
    /// Nothing, or sensors, which are samples, and resets, which add up.
    None,
    Reads(Place),
    Writes(Place),
    /// Another row, or an index: it keeps its place.
    Fixed,
}

impl Access {
    fn disturbs(self, other: Access) -> bool {
        match (self, other) {
            (Access::None, _) | (_, Access::None) | (Access::Reads(_), Access::Reads(_)) => false,
            (Access::Fixed, _) | (_, Access::Fixed) => true,
            (Access::Reads(a) | Access::Writes(a), Access::Reads(b) | Access::Writes(b)) => {
                a.overlaps(b)
            }
        }
    }
}

struct Finder<'a> {
    func: &'a Function,
    cx: &'a PassCx<'a>,
    dominators: Dominators,
    forwarding: Forwarding,
    definitions: Vec<Option<Inst>>,
    /// By value: the block that defines it.
    home: Vec<Option<Block>>,
}

impl<'a> Finder<'a> {
    fn new(func: &'a Function, cx: &'a PassCx<'a>) -> Finder<'a> {
        let mut definitions = vec![None; func.values.len()];
        let mut home = vec![None; func.values.len()];
        for block in func.block_ids() {
            let data = func.block(block);
            data.params.iter().for_each(|param| home[param.index()] = Some(block));
            for inst in &data.insts {
                if let Some(result) = func.inst(*inst).result {
                    definitions[result.index()] = Some(*inst);
                    home[result.index()] = Some(block);
                }
            }
        }
        let dominators = Dominators::new(func);
        let forwarding = Forwarding::new(func, cx.bounds, &dominators);
        Finder { func, cx, dominators, forwarding, definitions, home }
    }

    fn fusion(&self) -> Option<Fusion> {
        let loops: BTreeMap<Block, RowLoop> = self
            .dominators
            .order()
            .iter()
            .filter_map(|block| Some((*block, self.row_loop(*block)?)))
            .collect();
        loops.values().find_map(|first| {
            let (between, entry) = self.between(first)?;
            let second = loops.get(&entry.block)?;
            self.planned(first, second, &entry.args, &between)
        })
    }

    fn definition(&self, value: Value) -> Option<&InstData> {
        self.definitions[value.index()].map(|inst| self.func.inst(inst))
    }

    fn is_constant(&self, value: Value, constant: i32) -> bool {
        self.definition(value).is_some_and(|inst| inst.imm == Imm::Int(constant))
    }

    fn insts(&self, block: Block) -> impl Iterator<Item = &InstData> {
        self.func.block(block).insts.iter().map(|inst| self.func.inst(*inst))
    }

    /// A loop of one block that counts from 0 to the rows of the view and names no other row.
    fn row_loop(&self, block: Block) -> Option<RowLoop> {
        let data = self.func.block(block);
        let Terminator::Branch(more, again, exit) = &data.terminator else { return None };
        if again.block != block || exit.block == block {
            return None;
        }
        let test = self.definition(*more)?;
        if (test.op, test.imm) != (Op::Compare, Imm::Cond(Cond::Lt)) {
            return None;
        }
        let (next, rows) = (test.args[0], test.args[1]);
        let step = self.definition(next)?;
        let row = *step.args.first()?;
        let counter = data.params.iter().position(|param| *param == row)?;
        let counts = step.op == Op::Add
            && self.is_constant(step.args[1], 1)
            && again.args[counter] == next
            && self.definition(rows)?.op == Op::ViewRows;
        let entries = self.dominators.predecessors(block).iter().filter(|from| **from != block);
        let mut calls = entries
            .flat_map(|from| self.func.block(*from).terminator.calls())
            .filter(|call| call.block == block);
        let from_zero = calls.all(|call| self.is_constant(call.args[counter], 0));
        let fixed = self.insts(block).any(|inst| self.access(inst, Some(row)) == Access::Fixed);
        let (again, exit) = (again.args.clone(), exit.clone());
        (counts && from_zero && !fixed).then_some(RowLoop { block, counter, row, again, exit })
    }

    /// What stands between a loop and the block that follows it, which nothing else leads to.
    fn between(&self, first: &RowLoop) -> Option<(Between, BlockCall)> {
        let next = first.exit.block;
        let data = self.func.block(next);
        let is_loop = data.terminator.calls().any(|call| call.block == next);
        let from = |block: Block, expected: &[Block]| {
            let predecessors = self.dominators.predecessors(block);
            predecessors.len() == expected.len()
                && expected.iter().all(|b| predecessors.contains(b))
        };
        if is_loop {
            let between = Between { block: None, params: BTreeMap::new(), insts: Vec::new() };
            return from(next, &[first.block, next]).then(|| (between, first.exit.clone()));
        }
        let Terminator::Jump(call) = &data.terminator else { return None };
        if !from(next, &[first.block]) || !from(call.block, &[next, call.block]) {
            return None;
        }
        let params = data.params.iter().copied().zip(first.exit.args.iter().copied()).collect();
        let insts = data.insts.clone();
        Some((Between { block: Some(next), params, insts }, call.clone()))
    }

    /// What an instruction touches; `row` is the position that it may name, if there is one.
    fn access(&self, inst: &InstData, row: Option<Value>) -> Access {
        let named = inst.row();
        let effect = self.cx.effect(inst);
        if let Some(named) = named {
            // Of rows that are not a loop's own, only the first is sure to be there.
            let sampled = effect == Effect::Sample && self.is_constant(named, 0);
            if row != Some(named) && !sampled {
                return Access::Fixed;
            }
            let Imm::Field(record, _) = inst.imm else { return Access::None };
            return Access::Reads(Place::Sample(record));
        }
        let place = match (inst.op, inst.imm) {
            (Op::Draw, _) => Place::ColumnGenerators,
            (Op::DrawWord, _) => Place::Generator,
            (Op::Send, _) => Place::Events,
            // In a loop, a round whose index is refused would come before others.
            (_, Imm::Array(..)) if row.is_some() => return Access::Fixed,
            (_, Imm::Array(first, len)) => Place::Objects(first, len),
            (_, Imm::Object(id)) => Place::Objects(id, 1),
            (_, Imm::Record(id) | Imm::Field(id, _)) => Place::Sample(id),
            // Of neurons: sensors are samples, and resets add up.
            _ => return Access::None,
        };
        match effect {
            Effect::Pure | Effect::Sample => Access::None,
            Effect::Read => Access::Reads(place),
            Effect::Write => Access::Writes(place),
        }
    }

    /// The fusion of two loops, if it keeps every bit.
    fn planned(
        &self,
        first: &RowLoop,
        second: &RowLoop,
        entry: &[Value],
        between: &Between,
    ) -> Option<Fusion> {
        let [first_accesses, second_accesses] = [first, second].map(|rows| self.accesses(rows));
        let apart = |accesses: &[Access], access: Access| {
            accesses.iter().all(|other| !other.disturbs(access))
        };
        let independent = second_accesses.iter().all(|access| apart(&first_accesses, *access));
        if !independent || self.waits(first, second) || self.needs_registers(first, second) {
            return None;
        }
        let same = self.same_in_each_round(first.block);
        let mut plan = Plan { finder: self, first, between, same, needed: BTreeSet::new() };
        let mut entry = entry.to_vec();
        entry.remove(second.counter);
        let mut found = entry.iter().all(|value| plan.need(*value));
        let used = self.insts(second.block).flat_map(|inst| &inst.args).chain(&second.again);
        for value in used.filter(|value| self.home[value.index()] != Some(second.block)) {
            // What the first body makes stands in front of the second body.
            found &= plan.same.contains(value) || plan.need(*value);
        }
        let accesses: Vec<(Inst, Access)> =
            between.insts.iter().map(|i| (*i, self.access(self.func.inst(*i), None))).collect();
        let disturbed = accesses.iter().filter(|(_, access)| !apart(&second_accesses, *access));
        found &= disturbed.into_iter().all(|(inst, _)| plan.need_inst(*inst));
        let mut staying = Vec::new();
        let (mut copied, mut moved) = (Vec::new(), Vec::new());
        for (inst, access) in accesses {
            let effect = self.cx.effect(self.func.inst(inst));
            if !plan.needed.contains(&inst) {
                staying.push(access);
            } else if matches!(effect, Effect::Pure | Effect::Sample) {
                copied.push(inst);
            } else {
                found &= apart(&first_accesses, access) && apart(&staying, access);
                moved.push(inst);
            }
            found &= access != Access::Fixed;
        }
        let in_first = self.func.block(first.block).insts.iter();
        let in_first = in_first.filter(|inst| plan.needed.contains(inst));
        let copied = in_first.copied().chain(copied).collect();
        let (first, second, between) = (first.clone(), second.clone(), between.clone());
        found.then_some(Fusion { first, second, entry, between, copied, moved })
    }

    /// Whether the second body would have to wait for what the first writes to the chip.
    fn waits(&self, first: &RowLoop, second: &RowLoop) -> bool {
        self.insts(second.block).filter(|inst| inst.op == Op::Read).any(|read| {
            let Imm::Quantity(quantity) = read.imm else { return false };
            let writes = self.insts(first.block).filter(|inst| inst.op == Op::Write);
            let last = writes.filter(|inst| inst.imm == read.imm).last();
            let value = last.and_then(|inst| inst.args.last());
            value.is_some_and(|value| !self.forwarding.possible(quantity, *value))
        })
    }

    /// Whether the generators of the columns take more registers than one conversion less is worth.
    fn needs_registers(&self, first: &RowLoop, second: &RowLoop) -> bool {
        let bodies = [first, second].map(|rows| rows.block);
        let draws = |block| self.insts(block).any(|inst| inst.op == Op::Draw);
        let samples = |block, sensor| {
            self.insts(block).any(|inst| inst.op == Op::Read && inst.imm == Imm::Quantity(sensor))
        };
        let shared = |sensor| bodies.iter().all(|block| samples(*block, sensor));
        bodies.into_iter().any(draws)
            && ![Quantity::Causal, Quantity::Acausal].into_iter().any(shared)
    }

    /// Values that a loop makes, the same in each round.
    fn same_in_each_round(&self, block: Block) -> BTreeSet<Value> {
        let mut same = BTreeSet::new();
        for inst in self.insts(block) {
            let outside = |value: &Value| self.home[value.index()] != Some(block);
            let repeats = matches!(self.cx.effect(inst), Effect::Pure | Effect::Sample)
                && inst.args.iter().all(|arg| outside(arg) || same.contains(arg));
            same.extend(inst.result.filter(|_| repeats));
        }
        same
    }

    /// What the instructions of a loop touch, each once.
    fn accesses(&self, rows: &RowLoop) -> Vec<Access> {
        let all = self.insts(rows.block).map(|inst| self.access(inst, Some(rows.row)));
        all.filter(|access| *access != Access::None)
            .collect::<BTreeSet<Access>>()
            .into_iter()
            .collect()
    }
}

/// What has to exist before two loops for them to be one.
struct Plan<'a> {
    finder: &'a Finder<'a>,
    first: &'a RowLoop,
    between: &'a Between,
    /// What the first loop makes, the same in each row.
    same: BTreeSet<Value>,
    needed: BTreeSet<Inst>,
}

impl Plan<'_> {
    /// Notes that a value is needed before the loops; whether it can be there.
    fn need(&mut self, value: Value) -> bool {
        let mut work = vec![value];
        while let Some(value) = work.pop() {
            let value = self.between.resolve(value);
            let home = self.finder.home[value.index()];
            if home == Some(self.first.block) && !self.same.contains(&value) {
                return false;
            }
            if home != Some(self.first.block) && home != self.between.block {
                continue;
            }
            let Some(inst) = self.finder.definitions[value.index()] else { return false };
            if self.needed.insert(inst) {
                work.extend(&self.finder.func.inst(inst).args);
            }
        }
        true
    }

    /// The same for an instruction from between.
    fn need_inst(&mut self, inst: Inst) -> bool {
        self.needed.insert(inst);
        self.finder.func.inst(inst).args.iter().all(|arg| self.need(*arg))
    }
}

/// Makes one loop of two.
fn fuse(func: &mut Function, fusion: Fusion) {
    let Fusion { first, second, entry, between, copied, moved } = fusion;
    let dominators = Dominators::new(func);
    let front = loops::preheader(func, &dominators, first.block, |block| block == first.block);
    let copies = place_in_front(func, front, &between, &copied, &moved);
    let mut rounds = second.again;
    rounds.remove(second.counter);
    let data = &mut func.blocks[second.block.index()];
    let mut params = core::mem::take(&mut data.params);
    params.remove(second.counter);
    let insts = core::mem::take(&mut data.insts);
    data.terminator = Terminator::Return;
    let second_use = |value: &mut Value| *value = copies.get(value).copied().unwrap_or(*value);
    insts.iter().for_each(|inst| func.insts[inst.index()].args.iter_mut().for_each(second_use));
    rounds.iter_mut().for_each(second_use);
    let enter = func.blocks[front.index()].terminator.calls_mut();
    let entry = entry.iter().map(|value| {
        let value = between.resolve(*value);
        copies.get(&value).copied().unwrap_or(value)
    });
    enter.for_each(|call| call.args.extend(entry.clone()));
    let fused = &mut func.blocks[first.block.index()];
    fused.params.extend(params);
    fused.insts.extend(insts);
    if let Terminator::Branch(_, again, exit) = &mut fused.terminator {
        again.args.extend(rounds);
        *exit = match between.block {
            Some(block) => BlockCall { block, args: Vec::new() },
            None => second.exit.clone(),
        };
    }
    if let Some(block) = between.block {
        let data = &mut func.blocks[block.index()];
        data.params.clear();
        data.terminator = Terminator::Jump(second.exit);
    }
    let mut replacements = Replacements::new(func);
    replacements.replace(second.row, first.row);
    between.params.iter().for_each(|(param, value)| replacements.replace(*param, *value));
    replacements.apply(func);
}

/// Puts instructions in front of the loops: copies, by the values that they stand for, and those
/// that move.
fn place_in_front(
    func: &mut Function,
    front: Block,
    between: &Between,
    copied: &[Inst],
    moved: &[Inst],
) -> BTreeMap<Value, Value> {
    let mut copies = BTreeMap::new();
    // Copies from the first loop come first, then everything in the order of what stands between.
    let of_first = copied.iter().filter(|inst| !between.insts.contains(inst));
    let from_between = between.insts.iter().filter(|i| copied.contains(i) || moved.contains(i));
    for inst in of_first.chain(from_between) {
        let InstData { op, imm, mut args, result } = func.inst(*inst).clone();
        for arg in &mut args {
            let value = between.resolve(*arg);
            *arg = copies.get(&value).copied().unwrap_or(value);
        }
        if moved.contains(inst) {
            func.insts[inst.index()].args = args;
            func.blocks[front.index()].insts.push(*inst);
        } else {
            let copy = func.new_inst(op, imm, args, result.map(|value| func.ty(value)));
            func.blocks[front.index()].insts.push(copy);
            copies.extend(result.zip(func.inst(copy).result));
        }
    }
    if let Some(block) = between.block {
        func.blocks[block.index()].insts.retain(|inst| !moved.contains(inst));
    }
    copies
}
