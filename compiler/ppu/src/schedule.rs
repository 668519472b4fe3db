//! List scheduling: an order of a block's instructions in which the units wait less.
//!
//! The core issues in order and its five vector units run beside each other, so what matters is
//! that an instruction is issued about when its operands are there. The scheduler walks the block
//! in time: of the instructions whose predecessors are issued, and that stand not too far down the
//! block, it takes the one that can start first. Reads of the parallel bus go ahead of all others,
//! as they take long and hold nobody up. Where many values are alive it keeps to the order of the
//! block, which is a short-lived one.

mod dependence;

use crate::regalloc::Liveness;
use crate::vcode::{BlockId, Class, Code, Inst, Reg, Work};
use dependence::Graph;
use pl_isa::latency::ChipLatencies;
use pl_isa::timing::{Pace, Unit, pace};
use std::collections::BTreeMap;

/// How freely a block is reordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Freedom {
    /// Instructions of the block that may be overtaken.
    pub(crate) window: usize,
    /// Vector values alive from which on the order of the block is kept.
    pub(crate) alive_max: usize,
    /// Whether reads of the parallel bus go ahead of all others however many values are alive.
    pub(crate) reads_first: bool,
}

impl Freedom {
    /// What is tried; the fastest program wins. The first is the order of the block.
    pub(crate) const ALL: [Freedom; 4] = [
        Freedom { window: 1, alive_max: 0, reads_first: false },
        Freedom { window: 12, alive_max: 24, reads_first: false },
        Freedom { window: 12, alive_max: 24, reads_first: true },
        Freedom { window: 40, alive_max: 28, reads_first: true },
    ];
}

/// Instructions of a stretch: how long a value that was reloaded stays.
const STRETCH: usize = 40;
/// Cycles that the front end may run ahead of the units.
const AHEAD_CYCLES: u64 = 12;

/// Reorders the blocks of code over virtual registers, but not the entry: its constants go through
/// the register that spill code uses.
pub(crate) fn schedule(code: &mut Code, freedom: Freedom, latencies: &ChipLatencies) {
    if freedom.window > 1 {
        let entry = code.order.first().copied();
        reorder(code, freedom, latencies, |id| Some(id) != entry);
    }
}

/// Reorders the blocks of allocated code, as far as its registers allow.
pub(crate) fn reschedule(code: &mut Code, latencies: &ChipLatencies) {
    let freedom = Freedom { window: 32, alive_max: usize::MAX, reads_first: true };
    reorder(code, freedom, latencies, |_| true);
}

fn reorder(
    code: &mut Code,
    freedom: Freedom,
    latencies: &ChipLatencies,
    wanted: impl Fn(BlockId) -> bool,
) {
    let liveness = Liveness::of(code);
    for id in code.order.clone().into_iter().filter(|id| wanted(*id)) {
        let order = Scheduler::new(code, id, &liveness, freedom, latencies).order();
        let mut old: Vec<Option<Inst>> =
            core::mem::take(&mut code.blocks[id.index()].insts).into_iter().map(Some).collect();
        let mut insts: Vec<Inst> = order.iter().filter_map(|index| old[*index].take()).collect();
        let first = insts.iter().map(|inst| inst.stretch).min().unwrap_or_default();
        for (index, inst) in insts.iter_mut().enumerate() {
            // Stretches of different blocks may share a number.
            inst.stretch = first + u32::try_from(index / STRETCH).unwrap_or(u32::MAX);
        }
        code.blocks[id.index()].insts = insts;
    }
}

struct Scheduler<'a> {
    code: &'a Code,
    insts: &'a [Inst],
    graph: Graph,
    freedom: Freedom,
    paces: Vec<Option<Pace>>,
    /// Reads of the parallel bus, and what computes their addresses.
    urgent: Vec<bool>,
    /// Predecessors not issued yet.
    missing: Vec<usize>,
    /// When the operands of each are there.
    ready: Vec<u64>,
    issued: Vec<bool>,
    units: BTreeMap<Unit, u64>,
    now: u64,
    /// Reads of each register that are left; those alive behind the block have one more.
    reads: BTreeMap<Reg, usize>,
    alive: usize,
}

impl<'a> Scheduler<'a> {
    fn new(
        code: &'a Code,
        id: BlockId,
        liveness: &Liveness,
        freedom: Freedom,
        latencies: &ChipLatencies,
    ) -> Scheduler<'a> {
        let insts = &code.block(id).insts[..];
        let paces: Vec<Option<Pace>> = insts.iter().map(|inst| pace_of(inst, latencies)).collect();
        let graph = Graph::of(insts, &paces);
        let mut urgent: Vec<bool> = insts.iter().map(is_bus_read).collect();
        for index in (0..insts.len()).rev().filter(|index| paces[*index].is_none()) {
            urgent[index] = graph.successors[index].iter().any(|(to, _)| urgent[*to]);
        }
        let mut reads: BTreeMap<Reg, usize> = BTreeMap::new();
        let mut begins = liveness.at_end(id).clone();
        for reg in begins.iter() {
            *reads.entry(reg).or_default() += 1;
        }
        for inst in insts.iter().rev() {
            crate::regalloc::step_back(&mut begins, inst);
            inst.for_each_use(|reg| *reads.entry(reg).or_default() += 1);
        }
        let vectors = begins.iter().filter(|reg| occupies(code, *reg));
        Scheduler {
            alive: vectors.count(),
            missing: graph.predecessors.clone(),
            ready: vec![0; insts.len()],
            issued: vec![false; insts.len()],
            units: BTreeMap::new(),
            now: 0,
            code,
            insts,
            graph,
            freedom,
            paces,
            urgent,
            reads,
        }
    }

    fn order(mut self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.insts.len());
        let mut first = 0;
        while order.len() < self.insts.len() {
            while self.issued[first] {
                first += 1;
            }
            let next = self.choose(first);
            self.issue(next);
            order.push(next);
        }
        order
    }

    /// The instruction to issue next; `first` is the first that is left, and always ready.
    fn choose(&self, first: usize) -> usize {
        let crowded = self.alive >= self.freedom.alive_max;
        let ready = |index: &usize| !self.issued[*index] && self.missing[*index] == 0;
        let far = (first..self.insts.len()).filter(ready);
        let may_read = self.freedom.reads_first || !crowded;
        if let Some(read) = far.clone().find(|index| may_read && self.urgent[*index]) {
            return read;
        }
        if crowded {
            return first;
        }
        let near = far.take_while(|index| *index < first + self.freedom.window);
        near.min_by_key(|index| (self.start(*index), *index)).unwrap_or(first)
    }

    /// When an instruction would start.
    fn start(&self, index: usize) -> u64 {
        let unit = self.paces[index].and_then(|pace| self.units.get(&pace.unit)).copied();
        self.now.max(self.ready[index]).max(unit.unwrap_or_default())
    }

    fn issue(&mut self, index: usize) {
        let start = self.start(index);
        self.issued[index] = true;
        self.now = (self.now + 1).max(start.saturating_sub(AHEAD_CYCLES));
        if let Some(pace) = self.paces[index] {
            self.units.insert(pace.unit, start + pace.spacing_cycles);
        }
        for (to, latency) in &self.graph.successors[index] {
            self.missing[*to] -= 1;
            self.ready[*to] = self.ready[*to].max(start + latency);
        }
        let inst = &self.insts[index];
        let is_vector = |reg: Reg| occupies(self.code, reg);
        let mut dead = 0;
        inst.for_each_use(|reg| {
            let left = self.reads.entry(reg).or_default();
            *left = left.saturating_sub(1);
            dead += usize::from(*left == 0 && is_vector(reg));
        });
        let born = inst.def().is_some_and(is_vector) && !inst.keeps_destination();
        self.alive = (self.alive + usize::from(born)).saturating_sub(dead);
    }
}

/// Whether a value needs a vector register wherever it lives: splats are made anew for little.
fn occupies(code: &Code, reg: Reg) -> bool {
    code.class(reg) == Class::Vector && code.source(reg).is_none()
}

fn is_bus_read(inst: &Inst) -> bool {
    matches!(inst.work, Work::HalfRow { .. } | Work::Conversion | Work::ConversionAhead)
        && inst.def().is_some()
}

/// Times of a vector instruction in its unit.
fn pace_of(inst: &Inst, latencies: &ChipLatencies) -> Option<Pace> {
    let writes = inst.def().is_some();
    pace(inst.opcode.info().class, writes, inst.work.wait(latencies))
}
