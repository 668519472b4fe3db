//! Loops over the rows of a view that can be run column by column: sixteen columns down some rows,
//! then the next sixteen. Generators and sums then stay in registers. No op moves data between columns and rows come in order, so the results are the same.

use crate::plan::{is_vector, row_position};
use pl_ir::op::{Cond, Sig};
use pl_ir::{Block, BlockCall, Effect, Function, Imm, Inst, InstData, Op, Terminator, Type, Value};
use std::collections::BTreeSet;

/// A block that repeats itself for every row: its counter starts at 0, grows by one, and the last
/// round is that of the view's last row. It names no other row, takes no other scalar, and has
/// effects on vectors only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowLoop {
    /// The row position.
    pub(crate) row: Value,
    /// The next one, if instructions depend on the number of the row.
    pub(crate) next: Option<Value>,
    /// Vectors that it takes, with what the next round is given for them.
    pub(crate) carried: Vec<(Value, Value)>,
    /// Where it leads.
    pub(crate) exit: BlockCall,
    /// Vectors that other blocks make and its instructions use.
    pub(crate) outside: Vec<Value>,
    /// Its vectors that other blocks use.
    pub(crate) kept: Vec<Value>,
}

/// By block, whether it is such a loop.
pub(crate) fn find(func: &Function) -> Vec<Option<RowLoop>> {
    let mut defs = vec![None; func.values.len()];
    for inst in func.blocks.iter().flat_map(|block| &block.insts) {
        if let Some(result) = func.inst(*inst).result {
            defs[result.index()] = Some(*inst);
        }
    }
    let finder = Finder { func, defs };
    func.block_ids().map(|block| finder.row_loop(block)).collect()
}

struct Finder<'a> {
    func: &'a Function,
    defs: Vec<Option<Inst>>,
}

impl Finder<'_> {
    fn def(&self, value: Value) -> Option<&InstData> {
        self.defs[value.index()].map(|inst| self.func.inst(inst))
    }

    fn constant(&self, value: Value) -> Option<i32> {
        match self.def(value)?.imm {
            Imm::Int(x) => Some(x),
            Imm::None
            | Imm::Shift(_)
            | Imm::Cond(_)
            | Imm::Quantity(_)
            | Imm::Derived(_)
            | Imm::Object(_)
            | Imm::Record(_)
            | Imm::Field(..)
            | Imm::Array(..) => None,
        }
    }

    fn row_loop(&self, block: Block) -> Option<RowLoop> {
        let data = self.func.block(block);
        let Terminator::Branch(more, again, exit) = &data.terminator else { return None };
        if again.block != block || exit.block == block {
            return None;
        }
        let insts = || data.insts.iter().map(|inst| self.func.inst(*inst));
        if !insts().any(|inst| is_vector(self.func, inst)) || !insts().all(|i| self.suits(i)) {
            return None;
        }
        let (row, next) = self.counter(block, *more, again)?;
        let pairs = data.params.iter().copied().zip(again.args.iter().copied());
        let (scalars, carried): (Vec<_>, Vec<_>) =
            pairs.partition(|(param, _)| self.func.ty(*param) == Type::I32);
        if scalars.len() != 1 {
            return None;
        }
        if !insts().filter_map(row_position).all(|position| position == row) {
            return None;
        }
        let next = self.counts(block, row, *more, next).then_some(next);
        let made = self.made(block);
        let (outside, kept) = (self.outside(block, &made), self.kept(block, &made));
        Some(RowLoop { row, next, carried, exit: exit.clone(), outside, kept })
    }

    /// Whether an instruction may be executed once in every sixteen columns.
    fn suits(&self, inst: &InstData) -> bool {
        inst.op.sig() != Sig::Reduce
            && (is_vector(self.func, inst) || inst.op.effect_with(inst.imm) != Effect::Write)
    }

    /// The parameter that counts the rows, and its next value.
    fn counter(&self, block: Block, more: Value, again: &BlockCall) -> Option<(Value, Value)> {
        let test = self.def(more)?;
        let (Op::Compare, Imm::Cond(Cond::Lt), [next, rows]) = (test.op, test.imm, &*test.args)
        else {
            return None;
        };
        let step = self.def(*next)?;
        let (Op::Add, [row, one]) = (step.op, &*step.args) else { return None };
        let params = &self.func.block(block).params;
        let position = params.iter().position(|param| param == row)?;
        let counts = self.def(*rows)?.op == Op::ViewRows
            && self.constant(*one) == Some(1)
            && again.args[position] == *next;
        let entries = self.func.block_ids().filter(|other| *other != block);
        let mut entries = entries
            .flat_map(|other| self.func.block(other).terminator.calls())
            .filter(|call| call.block == block);
        let from_zero = entries.all(|call| self.constant(call.args[position]) == Some(0));
        (counts && from_zero).then_some((*row, *next))
    }

    /// Whether anything but the loop itself and addresses of its vectors depends on the counter.
    fn counts(&self, block: Block, row: Value, more: Value, next: Value) -> bool {
        let counter = [row, more, next];
        let uses = |other: Block, inst: &InstData| {
            let own = inst.result.is_some_and(|result| counter.contains(&result));
            // Addresses of vectors in the loop are found without it.
            let found = other == block && is_vector(self.func, inst);
            let address = row_position(inst).filter(|_| found);
            let needs = |arg: &Value| counter.contains(arg) && Some(*arg) != address;
            !own && inst.args.iter().any(needs)
        };
        self.func.block_ids().any(|other| {
            let data = self.func.block(other);
            let calls = data.terminator.calls();
            let leaving = calls.filter(|call| other != block || call.block != block);
            let passed = leaving.flat_map(|call| &call.args).any(|arg| counter.contains(arg));
            let tested = match data.terminator {
                Terminator::Branch(cond, ..) => other != block && counter.contains(&cond),
                Terminator::Jump(_) | Terminator::Return => false,
            };
            passed || tested || data.insts.iter().any(|inst| uses(other, self.func.inst(*inst)))
        })
    }

    /// Vectors that the block defines.
    fn made(&self, block: Block) -> BTreeSet<Value> {
        let data = self.func.block(block);
        let results = data.insts.iter().filter_map(|inst| self.func.inst(*inst).result);
        let values = data.params.iter().copied().chain(results);
        values.filter(|value| self.func.ty(*value) != Type::I32).collect()
    }

    fn outside(&self, block: Block, made: &BTreeSet<Value>) -> Vec<Value> {
        let data = self.func.block(block);
        let mut used: BTreeSet<Value> =
            data.insts.iter().flat_map(|inst| self.func.inst(*inst).args.iter().copied()).collect();
        if let Terminator::Branch(_, again, _) = &data.terminator {
            used.extend(&again.args);
        }
        used.retain(|value| self.func.ty(*value) != Type::I32 && !made.contains(value));
        used.into_iter().collect()
    }

    fn kept(&self, block: Block, made: &BTreeSet<Value>) -> Vec<Value> {
        let mut used = BTreeSet::new();
        for other in self.func.block_ids() {
            let data = self.func.block(other);
            let calls = data.terminator.calls();
            for call in calls.filter(|call| other != block || call.block != block) {
                used.extend(&call.args);
            }
            if other != block {
                let insts = data.insts.iter().map(|inst| self.func.inst(*inst));
                used.extend(insts.flat_map(|inst| inst.args.iter().copied()));
            }
        }
        made.intersection(&used).copied().collect()
    }
}
