//! Which registers are live at the end of each block.

use crate::vcode::{Code, Inst, Reg, call_clobbers};

/// A set of registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegSet(Vec<u64>);

impl RegSet {
    /// The empty set, for registers below `count`.
    pub(crate) fn new(count: usize) -> RegSet {
        RegSet(vec![0; count.div_ceil(64)])
    }

    pub(crate) fn insert(&mut self, reg: Reg) -> bool {
        let word = &mut self.0[reg.index() / 64];
        let before = *word;
        *word |= 1 << (reg.index() % 64);
        *word != before
    }

    pub(crate) fn remove(&mut self, reg: Reg) {
        self.0[reg.index() / 64] &= !(1 << (reg.index() % 64));
    }

    pub(crate) fn contains(&self, reg: Reg) -> bool {
        self.0[reg.index() / 64] & (1 << (reg.index() % 64)) != 0
    }

    /// Members in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Reg> + '_ {
        self.0.iter().enumerate().flat_map(|(index, word)| {
            let mut rest = *word;
            core::iter::from_fn(move || {
                let bit = rest.trailing_zeros() as usize;
                (rest != 0).then(|| {
                    rest &= rest - 1;
                    Reg::from_index(64 * index + bit)
                })
            })
        })
    }

    /// Adds all members of another set; whether any was new.
    fn add_all(&mut self, other: &RegSet) -> bool {
        let mut changed = false;
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            changed |= *more & !*word != 0;
            *word |= more;
        }
        changed
    }
}

/// Registers that an instruction writes: its destination, or all that a call may change.
pub(crate) fn for_each_def(inst: &Inst, mut f: impl FnMut(Reg)) {
    if inst.is_call() {
        call_clobbers().for_each(&mut f);
    }
    inst.def().into_iter().for_each(f);
}

/// Moves a set of live registers from behind an instruction to before it.
pub(crate) fn step_back(live: &mut RegSet, inst: &Inst) {
    for_each_def(inst, |reg| live.remove(reg));
    inst.for_each_use(|reg| {
        live.insert(reg);
    });
}

/// Live registers at the end of each block.
#[derive(Debug)]
pub(crate) struct Liveness {
    at_end: Vec<RegSet>,
}

impl Liveness {
    /// By a backward data flow over the blocks.
    pub(crate) fn of(code: &Code) -> Liveness {
        let empty = RegSet::new(code.registers());
        let mut at_end = vec![empty.clone(); code.blocks.len()];
        let mut at_start = vec![empty; code.blocks.len()];
        loop {
            let mut changed = false;
            for id in code.order.iter().rev() {
                let block = code.block(*id);
                let mut live = at_end[id.index()].clone();
                for target in block.exit.targets() {
                    live.add_all(&at_start[target.index()]);
                }
                at_end[id.index()] = live.clone();
                block.insts.iter().rev().for_each(|inst| step_back(&mut live, inst));
                changed |= at_start[id.index()].add_all(&live);
            }
            if !changed {
                return Liveness { at_end };
            }
        }
    }

    /// Live registers at the end of a block.
    pub(crate) fn at_end(&self, block: crate::vcode::BlockId) -> &RegSet {
        &self.at_end[block.index()]
    }
}
