//! Interference: which registers hold different values at the same time.

use super::liveness::{Liveness, RegSet, for_each_def, step_back};
use super::registers_of;
use crate::vcode::{Code, Reg};

/// The interference graph; after merges, of representatives.
pub(super) struct Graph {
    adjacent: Vec<RegSet>,
    degree: Vec<usize>,
    merged_into: Vec<Reg>,
}

impl Graph {
    /// A destination interferes with what is live behind it, but for the source of a copy.
    pub(super) fn build(code: &Code, liveness: &Liveness) -> Graph {
        let count = code.registers();
        let mut graph = Graph {
            adjacent: vec![RegSet::new(count); count],
            degree: vec![0; count],
            merged_into: (0..count).map(Reg::from_index).collect(),
        };
        for id in &code.order {
            let mut live = liveness.at_end(*id).clone();
            for inst in code.block(*id).insts.iter().rev() {
                let source = inst.as_copy().map(|(_, from)| from);
                for_each_def(inst, |def| {
                    for other in live.iter().filter(|other| Some(*other) != source) {
                        graph.connect(code, def, other);
                    }
                });
                step_back(&mut live, inst);
            }
        }
        graph
    }

    fn connect(&mut self, code: &Code, a: Reg, b: Reg) {
        if a != b && code.class(a) == code.class(b) && self.adjacent[a.index()].insert(b) {
            self.adjacent[b.index()].insert(a);
            self.degree[a.index()] += 1;
            self.degree[b.index()] += 1;
        }
    }

    /// Number of neighbours.
    pub(super) fn degree(&self, reg: Reg) -> usize {
        self.degree[reg.index()]
    }

    /// Neighbours in ascending order.
    pub(super) fn neighbours(&self, reg: Reg) -> impl Iterator<Item = Reg> + '_ {
        self.adjacent[reg.index()].iter()
    }

    /// Whether two registers must differ.
    pub(super) fn interfere(&self, a: Reg, b: Reg) -> bool {
        self.adjacent[a.index()].contains(b)
    }

    /// The register that a register was merged into.
    pub(super) fn representative(&self, reg: Reg) -> Reg {
        let mut reg = reg;
        while self.merged_into[reg.index()] != reg {
            reg = self.merged_into[reg.index()];
        }
        reg
    }

    /// Merges two virtual registers if they do not interfere and the result has fewer than `k`
    /// neighbours of degree `k` or more, so that it can still be coloured (Briggs).
    pub(super) fn merge(&mut self, code: &mut Code, a: Reg, b: Reg) -> bool {
        let (a, b) = (self.representative(a), self.representative(b));
        let physical = a.number().is_some() || b.number().is_some();
        if a == b || physical || self.interfere(a, b) {
            return false;
        }
        let k = registers_of(code.class(a));
        let common = |n: Reg| usize::from(self.interfere(n, a) && self.interfere(n, b));
        let crowded = |n: &Reg| n.number().is_some() || self.degree(*n) - common(*n) >= k;
        let first = self.neighbours(a).filter(crowded).count();
        let second = self.neighbours(b).filter(|n| !self.interfere(*n, a)).filter(crowded).count();
        if first + second >= k {
            return false;
        }
        for neighbour in self.neighbours(b).collect::<Vec<_>>() {
            self.adjacent[neighbour.index()].remove(b);
            self.degree[neighbour.index()] -= 1;
            self.connect(code, a, neighbour);
        }
        self.merged_into[b.index()] = a;
        code.set_recipe(a, None);
        code.set_recipe(b, None);
        true
    }
}
