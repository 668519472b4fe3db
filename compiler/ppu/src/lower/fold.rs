//! What is better done by the instruction that uses it: found before lowering.
//!
//! - A store into a plane of bytes takes the low bytes. A value that only goes there may be wrong
//!   above them, which makes the clamps of a weight cheaper: `min(max(x, 0), high)` becomes
//!   `min(x, high) + (-32768)` saturating, whose low byte is that of the clamped value; rounding
//!   shifts before it do the second addition for nothing, in the accumulator.
//! - A sensor or weight that is only used shifted left is unpacked to where the shift puts it. What
//!   is only used as bytes is not unpacked, and bytes that are only written are not widened.

use pl_ir::{Function, Imm, InstData, Op, Quantity, Value};

/// `min(max(x, 0), high)`, or that of `x` rounded to fewer places, of which the low byte counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByteClamp {
    pub(super) value: Value,
    /// Places of the rounding shift between.
    pub(super) shift: Option<u8>,
    pub(super) high: i16,
}

/// What was found, by value.
#[derive(Debug)]
pub(super) struct Folds {
    pub(super) clamps: Vec<Option<ByteClamp>>,
    /// Made by the instructions that use it.
    pub(super) absorbed: Vec<bool>,
}

impl Folds {
    /// The folds of a function; `constant` gives the number that every lane of a value is.
    pub(super) fn of(
        func: &Function,
        defs: &[Option<&InstData>],
        uses: &[u32],
        constant: impl Fn(Value) -> Option<i16>,
    ) -> Folds {
        let count = func.values.len();
        let mut folds = Folds { clamps: vec![None; count], absorbed: vec![false; count] };
        let bytes = only_low_bytes(func, uses);
        let once = |value: Value| uses[value.index()] == 1 && !is_argument(func, value);
        for index in (0..count).filter(|index| bytes[*index]) {
            let Some(outer) = defs[index] else { continue };
            let Some((clamp, inner)) = byte_clamp(outer, defs, &constant) else { continue };
            if inner.iter().all(|value| once(*value)) {
                folds.clamps[index] = Some(clamp);
                inner.iter().for_each(|value| folds.absorbed[value.index()] = true);
            }
        }
        for block in &func.blocks {
            folds.absorb_reads(func, block, uses);
        }
        folds.absorb_widened(func, uses);
        folds
    }

    /// Reads of a block that are used there alone, shifted left or as bytes.
    fn absorb_reads(&mut self, func: &Function, block: &pl_ir::func::BlockData, uses: &[u32]) {
        let insts = || block.insts.iter().map(|id| func.inst(*id));
        for read in insts().filter(|inst| matches!(inst.op, Op::Read | Op::Column)) {
            let Some(result) = read.result else { continue };
            let taken = insts().filter(|inst| {
                let shifted = inst.op == Op::Shl && is_unpacked(read);
                (shifted || inst.op == Op::Narrow) && inst.args[0] == result
            });
            let used = uses[result.index()];
            self.absorbed[result.index()] =
                used > 0 && taken.count() == used as usize && !is_argument(func, result);
        }
    }

    /// Widened bytes that only go to planes of bytes.
    fn absorb_widened(&mut self, func: &Function, uses: &[u32]) {
        let insts = || func.blocks.iter().flat_map(|b| &b.insts).map(|id| func.inst(*id));
        let mut written = vec![0; uses.len()];
        for inst in insts().filter(|inst| is_write_of_bytes(inst)) {
            written[inst.args[1].index()] += 1;
        }
        for result in insts().filter(|inst| inst.op == Op::Widen).filter_map(|inst| inst.result) {
            self.absorbed[result.index()] = written[result.index()] == uses[result.index()];
        }
    }
}

/// Whether the low bytes of the second operand go to a plane.
fn is_write_of_bytes(inst: &InstData) -> bool {
    inst.op == Op::Write && matches!(inst.imm, Imm::Quantity(plane) if plane.takes_low_bytes())
}

/// Whether a value is unpacked from a half row of bytes that the block read.
pub(super) fn is_unpacked(inst: &InstData) -> bool {
    use Quantity::{Acausal, Address, Causal, SignedWeight, Weight};
    let planes = [Weight, SignedWeight, Address, Causal, Acausal].map(Imm::Quantity);
    inst.op == Op::Read && planes.contains(&inst.imm)
}

/// The clamp that a value is, with the values that it makes superfluous.
fn byte_clamp(
    outer: &InstData,
    defs: &[Option<&InstData>],
    constant: &impl Fn(Value) -> Option<i16>,
) -> Option<(ByteClamp, Vec<Value>)> {
    let bounded = |inst: &InstData, op| {
        let [x, bound] = *inst.args else { return None };
        (inst.op == op).then_some((x, constant(bound)?))
    };
    let (inner, high) = bounded(outer, Op::Min).filter(|(_, high)| *high >= 0)?;
    let inst = defs[inner.index()]?;
    if let Some((value, 0)) = bounded(inst, Op::Max) {
        return Some((ByteClamp { value, shift: None, high }, vec![inner]));
    }
    let (Op::ShrRound, Imm::Shift(places)) = (inst.op, inst.imm) else { return None };
    let positive = inst.args[0];
    let (value, 0) = bounded(defs[positive.index()]?, Op::Max)? else { return None };
    Some((ByteClamp { value, shift: Some(places), high }, vec![inner, positive]))
}

/// Values of which only the low bytes count: narrowed, or written to a plane of bytes, directly or
/// by way of a choice.
fn only_low_bytes(func: &Function, uses: &[u32]) -> Vec<bool> {
    let mut written = vec![0; func.values.len()];
    let mut bytes = vec![false; func.values.len()];
    // A choice stands behind what it chooses from.
    for inst in func.blocks.iter().rev().flat_map(|b| b.insts.iter().rev()).map(|i| func.inst(*i)) {
        if let Some(result) = inst.result {
            bytes[result.index()] =
                written[result.index()] == uses[result.index()] && !is_argument(func, result);
        }
        if is_write_of_bytes(inst) {
            written[inst.args[1].index()] += 1;
        } else if inst.op == Op::Narrow {
            written[inst.args[0].index()] += 1;
        } else if inst.op == Op::Select && inst.result.is_some_and(|r| bytes[r.index()]) {
            inst.args[1..].iter().for_each(|value| written[value.index()] += 1);
        }
    }
    bytes
}

/// Whether a value is passed to a block.
fn is_argument(func: &Function, value: Value) -> bool {
    let mut calls = func.blocks.iter().flat_map(|block| block.terminator.calls());
    calls.any(|call| call.args.contains(&value))
}
