//! Computes lanes in 8 bits that need no more, where that pays.
//!
//! A vector instruction of the PPU does 128 bytes or 64 halfwords, so a row takes half as many in
//! bytes; and half rows of the chip come and go as bytes, which are unpacked to halfwords and packed
//! again. What lies between may stay bytes if
//!
//! - the low byte of the result follows from the low bytes of the operands: sums, differences and
//!   products that wrap around, shifts to the left, choices; or
//! - intervals say that operands and result of the other ops fit a byte, in which nothing saturates:
//!   those of the chip's quantities, and declared ones of params, states and inputs.
//!
//! A result that is also wanted in halfwords must fit a byte itself: then it is widened. Where work
//! in bytes and in halfwords meet, `widen` and `narrow` cost instructions, so those ops stay bytes
//! that save more than their conversions cost: at first all that may, then fewer and fewer as long
//! as that is cheaper, at last each group of connected ops only if it gains something. That is a
//! local search over counts of instructions: neither the best choice nor a schedule.
//!
//! Of the library's rules (`cycles.rs` measures rows with the pass and without) a row of `cascade`
//! takes 1419 cycles for 1617, of `structural` 789 for 885, of `homeostasis_sign` 469 for 504, of
//! `perceptron` 284 for 304, of `weight_decay` 289 for 301, of `teacher_stdp` 472 for 483, of
//! `hybrid` 2185 for 2196, of `inhibitory_stdp` 490 for 494. Fewer instructions may take longer, as
//! vectors of bytes are half as many to hide latencies: of `stochastic_stdp` a row would take 696
//! cycles for 673, so the driver compiles both and keeps halfwords. The others compute in formats of
//! more than 8 bits, or would lose more by conversions. Native code packs and unpacks by itself what
//! it reads and writes: the pass runs for the processor alone.

use crate::dominators::Dominators;
use crate::ranges::{Bounds, Range, Ranges};
use crate::{Changed, PassCx, loops};
use pl_ir::op::Cond;
use pl_ir::{Function, Imm, Inst, InstData, Op, Type, Value};
use std::collections::BTreeMap;

/// Numbers that fit a byte.
const BYTE: Range = Range::new(i8::MIN as i64, i8::MAX as i64);

/// Low bytes of two registers of halfwords in one.
const NARROW: u64 = 1;
/// Bytes to two registers of halfwords: unpacked, with zeros for unsigned ones and for masks.
const UNPACK: u64 = 2;
/// Signed ones are unpacked to upper bytes, which are then divided.
const WIDEN: u64 = 2 * UNPACK;
/// Instructions for half a row that bytes must save: conversions are waited for.
const LEAST: u64 = 2;
/// More than any function costs: what would be wrong.
const WRONG: u64 = 1 << 40;

/// Rounds that a loop is taken to have, and the deepest nesting that counts.
const ROUNDS: u64 = 16;
const DEPTH_MAX: u32 = 4;

pub(crate) fn run(func: &mut Function, cx: &PassCx<'_>) -> Changed {
    narrow(func, cx.bounds, BYTE)
}

/// The pass, if `byte` are the numbers that fit a byte.
fn narrow(func: &mut Function, bounds: &Bounds, byte: Range) -> Changed {
    let mut plan = Plan::new(func, bounds, byte);
    plan.choose();
    let narrowed: Vec<bool> =
        plan.values.iter().map(|lanes| lanes.either && lanes.in_bytes).collect();
    let changed = plan.values.iter().zip(&narrowed).any(|(lanes, n)| *n && lanes.takes_halfwords);
    if changed {
        rewrite(func, &narrowed);
    }
    changed.into()
}

/// Instructions for half a row, in halfwords and in bytes.
#[derive(Clone, Copy)]
struct Work {
    halfwords: u64,
    bytes: u64,
}

impl Work {
    /// So many instructions for a register: half a row is two of halfwords, one of bytes.
    const fn of(instructions: u64) -> Work {
        Work { halfwords: 2 * instructions, bytes: instructions }
    }
}

/// What is known of a value with lanes.
struct Lanes {
    /// Whether it is chosen to be made in bytes, or is there as bytes anyway.
    in_bytes: bool,
    /// Whether there is a choice.
    either: bool,
    /// Whether vectors make it: masks that masks make change with those.
    takes_halfwords: bool,
    /// Whether all lanes are the same scalar, which costs nothing in either width.
    splat: bool,
    /// Whether it is a mask: those are tested before they choose.
    mask: bool,
    /// Whether its lanes fit a byte; masks do.
    fits: bool,
    /// What making it takes, and changing its width.
    made: Work,
    widened: u64,
    narrowed: u64,
    /// How often its block runs.
    weight: u64,
    operands: Vec<Value>,
    /// Uses that want bytes, and halfwords.
    byte_uses: usize,
    halfword_uses: usize,
    /// What uses it in either width, as often as it does.
    users: Vec<Value>,
}

struct Plan {
    values: Vec<Lanes>,
    /// Values with a choice, definitions before uses.
    order: Vec<Value>,
}

impl Plan {
    fn new(func: &Function, bounds: &Bounds, byte: Range) -> Plan {
        let dominators = Dominators::new(func);
        let ranges = Ranges::new(func, bounds, &dominators);
        let loops = loops::find(func, &dominators);
        let lanes = |(index, ty): (usize, &Type)| Lanes {
            in_bytes: false,
            either: false,
            takes_halfwords: false,
            splat: false,
            mask: matches!(ty, Type::Mask { .. }),
            fits: !ty.is_vector() || ranges.of(Value::new(index)).within(byte),
            made: Work::of(0),
            widened: if ty.is_vector() { WIDEN } else { UNPACK },
            narrowed: NARROW,
            weight: 1,
            operands: Vec::new(),
            byte_uses: 0,
            halfword_uses: 0,
            users: Vec::new(),
        };
        let values = func.values.iter().enumerate().map(lanes).collect();
        let mut plan = Plan { values, order: Vec::new() };
        for block in dominators.order() {
            let depth = loops.iter().filter(|l| l.contains[block.index()]).count();
            let depth = u32::try_from(depth).unwrap_or(DEPTH_MAX).min(DEPTH_MAX);
            for inst in func.block(*block).insts.iter().map(|inst| func.inst(*inst)) {
                plan.define(func, inst, ROUNDS.pow(depth), &ranges, byte);
            }
        }
        for block in &func.blocks {
            block.insts.iter().for_each(|inst| plan.add_uses(func.inst(*inst)));
            let passed = |value: Value| plan.values[value.index()].halfword_uses += 1;
            block.terminator.for_each_value(passed);
        }
        plan
    }

    fn define(
        &mut self,
        func: &Function,
        inst: &InstData,
        weight: u64,
        ranges: &Ranges,
        byte: Range,
    ) {
        let Some(result) = inst.result else { return };
        let halfwords = |value: &Value| func.ty(*value) == Type::ROW16;
        let lanes = &mut self.values[result.index()];
        let wide = halfwords(&result) || lanes.mask;
        lanes.weight = weight;
        if lanes.mask {
            lanes.narrowed = narrow_mask(inst.imm);
        }
        match (inst.op, inst.imm) {
            (Op::Splat, _) => lanes.splat = true,
            (Op::Read, Imm::Quantity(quantity)) => {
                let signed = Range::of_quantity(quantity).low() < 0;
                (lanes.in_bytes, lanes.widened) = (true, if signed { WIDEN } else { UNPACK });
            }
            (Op::Column, _) => (lanes.in_bytes, lanes.widened) = (true, UNPACK),
            (Op::Widen, _) => lanes.in_bytes = true,
            // Compared as bytes already.
            (Op::Compare, _) if !inst.args.iter().all(halfwords) => lanes.in_bytes = true,
            _ if wide && may_be_bytes(inst, result, ranges, byte) => {
                lanes.takes_halfwords = inst.args.iter().any(halfwords);
                (lanes.in_bytes, lanes.either) = (true, true);
                lanes.made = work(inst, ranges);
                lanes.operands =
                    inst.args.iter().filter(|v| func.ty(**v) != Type::I32).copied().collect();
                self.order.push(result);
            }
            _ => {}
        }
    }

    fn add_uses(&mut self, inst: &InstData) {
        let user = inst.result.filter(|result| self.values[result.index()].either);
        let as_bytes = match (inst.op, inst.imm) {
            (Op::Write, Imm::Quantity(quantity)) => quantity.takes_low_bytes(),
            (op, _) => op == Op::Narrow,
        };
        for arg in &inst.args {
            let lanes = &mut self.values[arg.index()];
            lanes.users.extend(user);
            match user.is_some() || as_bytes {
                true => lanes.byte_uses += 1,
                false => lanes.halfword_uses += 1,
            }
        }
    }

    /// Instructions for half a row that a value takes, in all rounds: to make it, and to change its
    /// width for those that want the other.
    fn cost(&self, value: Value) -> u64 {
        let lanes = &self.values[value.index()];
        if lanes.splat {
            return 0;
        }
        let (bytes, halfwords) = (lanes.byte_uses > 0, lanes.halfword_uses > 0);
        let (made, changed) = match lanes.in_bytes {
            true if halfwords && lanes.either && !lanes.fits => return WRONG,
            true => (lanes.made.bytes, if halfwords { lanes.widened } else { 0 }),
            false => (lanes.made.halfwords, if bytes { lanes.narrowed } else { 0 }),
        };
        let tested = if lanes.mask { u64::from(bytes) + 2 * u64::from(halfwords) } else { 0 };
        lanes.weight * (made + changed + tested)
    }

    /// The cost of values and their operands.
    fn cost_around(&self, values: &[Value]) -> u64 {
        let operands = values.iter().flat_map(|value| &self.values[value.index()].operands);
        let mut around: Vec<Value> = values.iter().chain(operands).copied().collect();
        around.sort_unstable();
        around.dedup();
        around.into_iter().map(|value| self.cost(value)).sum()
    }

    /// Chooses the other width for values, and so for what they use.
    fn turn(&mut self, values: &[Value]) {
        for value in values {
            let lanes = &mut self.values[value.index()];
            lanes.in_bytes = !lanes.in_bytes;
            let in_bytes = lanes.in_bytes;
            for operand in lanes.operands.clone() {
                let lanes = &mut self.values[operand.index()];
                let (more, fewer) = match in_bytes {
                    true => (&mut lanes.byte_uses, &mut lanes.halfword_uses),
                    false => (&mut lanes.halfword_uses, &mut lanes.byte_uses),
                };
                (*more, *fewer) = (*more + 1, *fewer - 1);
            }
        }
    }

    /// Takes values back to halfwords that must be, and that are cheaper there, alone or as a group.
    fn choose(&mut self) {
        // Users first: operands follow them.
        for index in (0..self.order.len()).rev() {
            let value = self.order[index];
            if self.cost(value) >= WRONG {
                self.turn(&[value]);
            }
        }
        loop {
            let mut changed = false;
            for index in (0..self.order.len()).rev() {
                let value = [self.order[index]];
                if self.values[value[0].index()].in_bytes {
                    changed |= self.take_back(&value, 0);
                }
            }
            if !changed {
                break;
            }
        }
        for group in self.groups() {
            let weights = group.iter().map(|value| self.values[value.index()].weight);
            self.take_back(&group, LEAST * weights.max().unwrap_or(1));
        }
    }

    /// Makes values halfwords if bytes save less than so much.
    fn take_back(&mut self, values: &[Value], least: u64) -> bool {
        let in_bytes = self.cost_around(values);
        self.turn(values);
        let taken = self.cost_around(values) < in_bytes.saturating_add(least);
        if !taken {
            self.turn(values);
        }
        taken
    }

    /// Values in bytes that use each other or the same, directly or by way of others: what a
    /// conversion is for is one group, as is what makes up for it.
    fn groups(&self) -> Vec<Vec<Value>> {
        let chosen = |value: &Value| {
            let lanes = &self.values[value.index()];
            lanes.either && lanes.in_bytes
        };
        let mut seen = vec![false; self.values.len()];
        let mut groups = Vec::new();
        for first in self.order.iter().copied().filter(chosen) {
            let (mut group, mut work) = (Vec::new(), vec![first]);
            while let Some(value) = work.pop() {
                let lanes = &self.values[value.index()];
                if lanes.splat || core::mem::replace(&mut seen[value.index()], true) {
                    continue;
                }
                if chosen(&value) {
                    group.push(value);
                    work.extend(&lanes.operands);
                }
                work.extend(lanes.users.iter().copied().filter(chosen));
            }
            if !group.is_empty() {
                groups.push(group);
            }
        }
        groups
    }
}

/// Whether the low byte of a result, or a mask, follows from the low bytes of the operands.
#[allow(clippy::wildcard_enum_match_arm, reason = "other ops have halfwords or none")]
fn may_be_bytes(inst: &InstData, result: Value, ranges: &Ranges, byte: Range) -> bool {
    let all = |range: Range| inst.args.iter().all(|arg| ranges.of(*arg).within(range));
    let short = !matches!(inst.imm, Imm::Shift(8..));
    match inst.op {
        Op::Add | Op::Sub | Op::Mul | Op::Select | Op::MaskAnd | Op::MaskOr | Op::MaskNot => true,
        Op::Shl => short,
        Op::AddSat | Op::SubSat => all(byte) && ranges.of(result).within(byte),
        Op::Min | Op::Max | Op::Compare => all(byte),
        Op::ShrLogical => short && all(byte) && ranges.of(inst.args[0]).low() >= 0,
        Op::ShrFloor | Op::ShrRound | Op::ShrRoundAway => short && all(byte),
        _ => false,
    }
}

/// Truth values of halfwords for bytes: upper bytes have the sign; where zeros count, or what is
/// positive, halfwords are made first that have one, or whose low byte says it.
const fn narrow_mask(imm: Imm) -> u64 {
    if let Imm::Cond(Cond::Lt | Cond::Ge) = imm {
        NARROW
    } else if let Imm::Cond(Cond::Gt | Cond::Le) = imm {
        NARROW + 2
    } else {
        NARROW + 4
    }
}

/// What an op takes. `min` and `max` are two additions with most
/// constants, else a difference, a test and a choice; comparisons with anything but 0 are
/// differences; ties away from zero take the sign first.
#[allow(clippy::wildcard_enum_match_arm, reason = "one instruction each")]
fn work(inst: &InstData, ranges: &Ranges) -> Work {
    let known = inst.args.iter().find_map(|arg| ranges.of(*arg).only());
    Work::of(match inst.op {
        Op::MaskNot => 0,
        Op::Compare => u64::from(known != Some(0)),
        Op::Min | Op::Max => 3 - u64::from(known.is_some()),
        Op::ShrRoundAway => 3,
        _ => 1,
    })
}

/// Makes the chosen values bytes, and converts where widths meet.
fn rewrite(func: &mut Function, narrowed: &[bool]) {
    let mut borders = Borders::new(func, narrowed);
    for block in 0..func.blocks.len() {
        for inst in func.blocks[block].insts.clone() {
            let InstData { mut args, result, .. } = func.inst(inst).clone();
            let in_bytes = result.is_some_and(|result| narrowed[result.index()]);
            args.iter_mut().for_each(|arg| *arg = borders.operand(func, *arg, in_bytes));
            func.insts[inst.index()].args = args;
        }
        let mut terminator = func.blocks[block].terminator.clone();
        terminator.map_values(|value| borders.operand(func, value, false));
        func.blocks[block].terminator = terminator;
    }
    for block in &mut func.blocks {
        let conversion = |value: &Value| borders.behind.get(value).copied();
        let mut insts: Vec<Inst> = block.params.iter().filter_map(conversion).collect();
        for inst in &block.insts {
            insts.push(*inst);
            insts.extend(func.insts[inst.index()].result.as_ref().and_then(conversion));
        }
        block.insts = insts;
    }
    for (narrowed, ty) in narrowed.iter().zip(&mut func.values) {
        if *narrowed && *ty == Type::ROW16 {
            *ty = Type::ROW8;
        }
    }
}

/// The values in the other width, and what makes them so.
struct Borders<'a> {
    /// Values that become bytes.
    narrowed: &'a [bool],
    /// By value: whether it was of halfwords before, and what makes it.
    halfwords: Vec<bool>,
    definitions: Vec<Option<Inst>>,
    /// The other width of values.
    other: BTreeMap<Value, Value>,
    /// Conversions that go behind the definition of a value.
    behind: BTreeMap<Value, Inst>,
}

impl<'a> Borders<'a> {
    fn new(func: &Function, narrowed: &'a [bool]) -> Borders<'a> {
        let mut definitions = vec![None; func.values.len()];
        for inst in func.blocks.iter().flat_map(|block| &block.insts) {
            if let Some(result) = func.inst(*inst).result {
                definitions[result.index()] = Some(*inst);
            }
        }
        let halfwords = func.values.iter().map(|ty| *ty == Type::ROW16).collect();
        let (other, behind) = Default::default();
        Borders { narrowed, halfwords, definitions, other, behind }
    }

    /// An operand in the width that is asked for.
    fn operand(&mut self, func: &mut Function, value: Value, in_bytes: bool) -> Value {
        let narrowed = self.narrowed[value.index()];
        if !self.halfwords[value.index()] || narrowed == in_bytes {
            return value;
        }
        if let Some(other) = self.other.get(&value) {
            return *other;
        }
        let definition = self.definitions[value.index()].map(|inst| func.inst(inst).clone());
        let other = match definition {
            Some(InstData { op: Op::Widen, args, .. }) => args[0],
            Some(InstData { op: Op::Splat, args, .. }) => {
                self.convert(func, value, Op::Splat, args, Type::ROW8)
            }
            _ if narrowed => self.convert(func, value, Op::Widen, vec![value], Type::ROW16),
            _ => self.convert(func, value, Op::Narrow, vec![value], Type::ROW8),
        };
        self.other.insert(value, other);
        other
    }

    fn convert(
        &mut self,
        func: &mut Function,
        value: Value,
        op: Op,
        args: Vec<Value>,
        ty: Type,
    ) -> Value {
        let inst = func.new_inst(op, Imm::None, args, Some(ty));
        self.behind.insert(value, inst);
        Value::new(func.values.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_ir::testing::State;
    use pl_ir::{Module, Verified, parse, verify};

    /// Sums that just fit a byte, or just do not, by one in `above` and in `below`; enough of them
    /// that bytes pay although they are stored as halfwords.
    fn module(above: i32, below: i32) -> Verified<Module> {
        let text = format!(
            "module \"m\" rows 4
object s0 = synapse \"high\" init 0
object s1 = synapse \"low\" init 0
function update {{
block0():
  v0:i32 = const 0
  v1:i16x256 = read.address v0
  v2:i32 = const {above}
  v3:i16x256 = splat v2
  v4:i16x256 = add_sat v1, v3
  v5:i16x256 = max v4, v1
  v6:i16x256 = max v5, v3
  store s0, v0, v6
  v7:i32 = const {below}
  v8:i16x256 = splat v7
  v9:i16x256 = sub_sat v8, v1
  v10:i16x256 = min v9, v1
  v11:i16x256 = min v10, v8
  store s1, v0, v11
  return
}}"
        );
        verify(parse::module(&text).expect("it reads")).expect("well formed")
    }

    /// Whether the pass with these numbers of a byte changes the module, and whether that leaves the
    /// same bits.
    fn outcome(module: &Verified<Module>, byte: Range) -> (Changed, bool) {
        let mut narrowed = (**module).clone();
        let changed = narrow(&mut narrowed.functions[0], &Bounds::default(), byte);
        let narrowed = verify(narrowed).expect("still well formed");
        let mut expected = State::random(module, 5, 4);
        // Every address in the columns of a row.
        let numbers = (0..64).cycle();
        expected.io.addresses.iter_mut().zip(numbers).for_each(|(cell, number)| *cell = number);
        let mut found = expected.clone();
        expected.evaluate(module, 1).expect("it runs");
        found.evaluate(&narrowed, 1).expect("it runs");
        (changed, found == expected)
    }

    #[test]
    fn intervals_decide_to_the_last_number() {
        // Of addresses up to 63.
        assert_eq!(outcome(&module(64, -65), BYTE), (Changed::Yes, true));
        assert_eq!(outcome(&module(65, -66), BYTE), (Changed::No, true));
        let too_wide = [Range::new(-128, 128), Range::new(-129, 127)];
        assert_eq!(outcome(&module(65, -65), too_wide[0]), (Changed::Yes, false));
        assert_eq!(outcome(&module(64, -66), too_wide[1]), (Changed::Yes, false));
    }

    #[test]
    fn what_is_narrow_stays() {
        let mut narrowed = module(64, -65).into_inner();
        assert_eq!(narrow(&mut narrowed.functions[0], &Bounds::default(), BYTE), Changed::Yes);
        assert_eq!(narrow(&mut narrowed.functions[0], &Bounds::default(), BYTE), Changed::No);
    }
}
