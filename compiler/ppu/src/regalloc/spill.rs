//! Spilling: values that live in the frame, or are made anew, instead of in a register.

use super::graph::Graph;
use crate::frame::Frame;
use crate::vcode::{BlockId, Class, Code, Inst, Operand, R1, Recipe, Reg, SCRATCH, splat};
use pl_isa::Opcode;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// How far a register has been split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// As lowering made it.
    Whole,
    /// Lives for a stretch of a block.
    Stretch,
    /// Lives for one instruction.
    Instruction,
}

/// What a register stands for.
#[derive(Clone, Copy, Debug)]
struct Origin {
    /// The register as lowering made it.
    root: Reg,
    level: Level,
}

/// Keeps account of what was spilled.
pub(super) struct Spiller {
    origins: Vec<Origin>,
    /// Roots that need a slot, with those they share time with.
    stored: BTreeMap<Reg, BTreeSet<Reg>>,
    /// Roots that are spilled.
    spilled: BTreeSet<Reg>,
    classes: Vec<Class>,
}

impl Spiller {
    pub(super) fn new(code: &Code) -> Spiller {
        let registers = (0..code.registers()).map(Reg::from_index);
        Spiller {
            origins: registers.clone().map(|root| Origin { root, level: Level::Whole }).collect(),
            stored: BTreeMap::new(),
            spilled: BTreeSet::new(),
            classes: registers.map(|reg| code.class(reg)).collect(),
        }
    }

    /// Cycles, roughly, that spilling each register would cost.
    pub(super) fn costs(&self, code: &Code) -> Vec<f64> {
        let mut costs = vec![0.0; code.registers()];
        for id in &code.order {
            let block = code.block(*id);
            let weight = f64::from(10u32.pow(block.depth.min(6)));
            let mut seen = BTreeSet::new();
            for inst in &block.insts {
                let mut count = |reg: Reg| {
                    if seen.insert((inst.stretch, reg)) {
                        costs[reg.index()] += weight * self.unit(code, reg);
                    }
                };
                inst.def().into_iter().for_each(&mut count);
                inst.for_each_use(&mut count);
            }
        }
        costs
    }

    /// Cycles of one reload.
    fn unit(&self, code: &Code, reg: Reg) -> f64 {
        if self.origins[reg.index()].level == Level::Instruction {
            return f64::INFINITY;
        }
        match code.recipe(self.origins[reg.index()].root) {
            Some(Recipe::Scalar(_)) => 1.0,
            Some(Recipe::Word(..)) => 3.0,
            Some(Recipe::Splat(_) | Recipe::SplatWord(..)) => 2.0,
            Some(Recipe::Vector(..)) => 30.0,
            None => match code.class(reg) {
                Class::Scalar => 5.0,
                Class::Vector => 60.0,
            },
        }
    }

    /// Rewrites the code so that these registers live shorter.
    pub(super) fn spill(&mut self, code: &mut Code, graph: &Graph, registers: &[Reg]) {
        for reg in registers {
            let Origin { root, .. } = self.origins[reg.index()];
            if code.recipe(root).is_none() {
                self.note(graph, root);
            }
        }
        let spilled: BTreeSet<Reg> = registers.iter().copied().collect();
        self.spilled.extend(&spilled);
        for id in code.order.clone() {
            self.rewrite(code, id, &spilled);
        }
    }

    /// Remembers a root that needs a slot, and which others it must not share it with. Roots are
    /// whole until they are spilled, so the graph of that round knows about all that still are.
    fn note(&mut self, graph: &Graph, root: Reg) {
        let whole = |reg: &Reg| self.origins[reg.index()].level == Level::Whole;
        if !whole(&root) || self.stored.contains_key(&root) {
            return;
        }
        let neighbours: BTreeSet<Reg> = graph.neighbours(root).filter(whole).collect();
        self.stored.insert(root, neighbours);
    }

    fn rewrite(&mut self, code: &mut Code, id: BlockId, spilled: &BTreeSet<Reg>) {
        let old = core::mem::take(&mut code.blocks[id.index()].insts);
        let mut new = Vec::with_capacity(old.len());
        // Registers that hold a spilled value in the current stretch.
        let mut held: BTreeMap<Reg, Reg> = BTreeMap::new();
        let mut stretch = None;
        for mut inst in old {
            if stretch.replace(inst.stretch) != Some(inst.stretch) {
                held.clear();
            }
            if self.is_obsolete(code, &inst, spilled) {
                continue;
            }
            let mut wanted: Vec<(Reg, bool)> = Vec::new();
            inst.for_each_use(|reg| wanted.push((reg, true)));
            wanted.extend(inst.def().map(|reg| (reg, false)));
            for (reg, read) in wanted.into_iter().filter(|(reg, _)| spilled.contains(reg)) {
                let origin = self.origins[reg.index()];
                let next = match origin.level {
                    Level::Whole => Level::Stretch,
                    Level::Stretch | Level::Instruction => Level::Instruction,
                };
                if let Entry::Vacant(place) = held.entry(reg) {
                    let fresh = self.fresh(code, Origin { level: next, ..origin });
                    place.insert(fresh);
                    if read {
                        new.extend(self.reload(code, fresh, inst.stretch));
                    }
                }
            }
            let def = inst.def().filter(|reg| spilled.contains(reg));
            inst.map_registers(|reg| held.get(&reg).copied().unwrap_or(reg));
            let at = inst.stretch;
            new.push(inst);
            if let Some(reg) = def {
                new.extend(self.store(held[&reg], at));
            }
            held.retain(|_, fresh| self.origins[fresh.index()].level == Level::Stretch);
        }
        code.blocks[id.index()].insts = new;
    }

    /// Whether an instruction only makes what is now made where it is used.
    fn is_obsolete(&self, code: &Code, inst: &Inst, spilled: &BTreeSet<Reg>) -> bool {
        let Some(def) = inst.def().filter(|reg| spilled.contains(reg)) else { return false };
        code.recipe(self.origins[def.index()].root).is_some()
    }

    fn fresh(&mut self, code: &mut Code, origin: Origin) -> Reg {
        let reg = code.new_reg(code.class(origin.root));
        self.origins.push(origin);
        reg
    }

    /// Instructions that give a register the value of its root.
    fn reload(&self, code: &Code, reg: Reg, stretch: u32) -> Vec<Inst> {
        let root = self.origins[reg.index()].root;
        // A scalar that lives for less than the whole function is not there to be splat.
        let whole = |source: &Reg| !self.spilled.contains(source);
        let insts = match (code.recipe(root), code.class(root)) {
            (Some(recipe), _) => match code.source(root).filter(whole) {
                Some(source) => vec![splat(reg, source)],
                None => recipe.make(reg),
            },
            (None, class) => access(class, reg, root, Access::Load),
        };
        in_stretch(insts, stretch)
    }

    /// Instructions that put the value of a register into its root's slot.
    fn store(&self, reg: Reg, stretch: u32) -> Vec<Inst> {
        let root = self.origins[reg.index()].root;
        let class = self.classes[root.index()];
        in_stretch(access(class, reg, root, Access::Store), stretch)
    }

    /// The frame with a slot for every spilled value; values that never share time share slots.
    pub(super) fn frame(&self, calls: bool) -> Frame {
        let mut frame = Frame::new(calls);
        let mut slots: BTreeMap<Reg, usize> = BTreeMap::new();
        for root in self.stored.keys() {
            let class = self.classes[root.index()];
            let meets = |other: &Reg| {
                let (a, b) = (self.stored.get(root), self.stored.get(other));
                a.is_some_and(|set| set.contains(other)) || b.is_some_and(|set| set.contains(root))
            };
            let taken: BTreeSet<usize> = slots
                .iter()
                .filter(|(other, _)| self.classes[other.index()] == class && meets(other))
                .map(|(_, slot)| *slot)
                .collect();
            let slot = (0..).find(|slot| !taken.contains(slot)).unwrap_or_default();
            slots.insert(*root, slot);
            frame.place(*root, class, slot);
        }
        frame
    }
}

/// Direction of a move between a register and the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Load,
    Store,
}

fn access(class: Class, reg: Reg, root: Reg, access: Access) -> Vec<Inst> {
    let slot = Operand::Slot(root);
    match class {
        Class::Scalar => {
            let opcode = if access == Access::Load { Opcode::Lwz } else { Opcode::Stw };
            vec![Inst::new(opcode, vec![reg.into(), slot, R1.into()])]
        }
        Class::Vector => {
            let opcode = if access == Access::Load { Opcode::Fxvlax } else { Opcode::Fxvstax };
            vec![
                Inst::new(Opcode::Addi, vec![SCRATCH.into(), R1.into(), slot]),
                Inst::new(opcode, vec![reg.into(), Operand::Imm(0), SCRATCH.into()]),
            ]
        }
    }
}

fn in_stretch(mut insts: Vec<Inst>, stretch: u32) -> Vec<Inst> {
    insts.iter_mut().for_each(|inst| inst.stretch = stretch);
    insts
}
