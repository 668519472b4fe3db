//! What must stay in order within a block.

use crate::lower::plane;
use crate::vcode::{Inst, Reg, Work};
use pl_isa::latency::Class as Timing;
use pl_isa::timing::Pace;
use pl_isa::{Cond, Field, Opcode, Resource, Role};
use std::collections::BTreeMap;

/// What an instruction reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Register(Reg),
    Resource(Resource),
    /// A half row of a plane; resets of the sensors are writes of the causal plane.
    HalfRow(i32, usize),
    /// The latched codes of the converters.
    Converters,
    ExternalMemory,
}

/// The places of an instruction.
#[derive(Debug, Default)]
struct Places {
    reads: Vec<Place>,
    writes: Vec<Place>,
    /// Stays where it is.
    barrier: bool,
}

impl Places {
    fn of(inst: &Inst) -> Places {
        let mut places = Places { barrier: inst.is_call(), ..Places::default() };
        if inst.opcode == Opcode::Sync {
            places.barrier = true;
        }
        inst.for_each_use(|reg| places.reads.push(Place::Register(reg)));
        places.writes.extend(inst.def().map(Place::Register));
        places.add_resources(inst);
        places.add_work(inst);
        places
    }

    fn add_resources(&mut self, inst: &Inst) {
        let info = inst.opcode.info();
        for (resource, role) in info.resources {
            let place = Place::Resource(*resource);
            match (resource, role) {
                // Planes and external memory are told apart by the work.
                (Resource::Io, _) => {}
                (Resource::Vcr, Role::Use) if inst.cond == Cond::Always => {}
                (_, Role::Use) => self.reads.push(place),
                (_, Role::Def | Role::Both) => self.writes.push(place),
                (_, Role::Imm) => {}
            }
        }
        // A comparison of scalars.
        if info.operands.iter().any(|operand| operand.field == Field::BfOr0) {
            self.writes.push(Place::Resource(Resource::Cr));
        }
    }

    fn add_work(&mut self, inst: &Inst) {
        let reads = inst.def().is_some();
        let sensors = [0, 1].map(|half| Place::HalfRow(plane::CAUSAL, half));
        match inst.work {
            Work::HalfRow { plane, .. } if plane & plane::BUFFERED != 0 => {
                self.reads.push(Place::Converters);
            }
            Work::HalfRow { plane, half } if reads => {
                self.reads.push(Place::HalfRow(plane, half));
            }
            Work::HalfRow { plane, half } => self.writes.push(Place::HalfRow(plane, half)),
            Work::Generators { half } => {
                self.writes.push(Place::HalfRow(plane::GENERATORS, half));
            }
            Work::Conversion => {
                self.writes.push(Place::Converters);
                self.reads.extend(sensors);
            }
            // Of another row than any reset in the block.
            Work::ConversionAhead => self.writes.push(Place::Converters),
            Work::ExternalRead => self.reads.push(Place::ExternalMemory),
            Work::ExternalWrite => self.writes.push(Place::ExternalMemory),
            // Calls are barriers in any case.
            Work::RecordOpen | Work::RateReset | Work::Reduce | Work::Arithmetic | Work::Divide => {
                self.barrier = true
            }
            Work::Core => {
                let class = inst.opcode.info().class;
                self.barrier |= matches!(class, Timing::VectorIn | Timing::VectorOut);
            }
        }
    }
}

/// Instructions by what must come before them.
#[derive(Debug)]
pub(super) struct Graph {
    /// Later instructions, and the cycles from the start of the earlier to theirs.
    pub(super) successors: Vec<Vec<(usize, u64)>>,
    /// How many come before each.
    pub(super) predecessors: Vec<usize>,
}

/// The last accesses of a place.
#[derive(Debug, Default)]
struct Accesses {
    write: Option<usize>,
    reads: Vec<usize>,
}

impl Graph {
    /// The graph of a block.
    pub(super) fn of(insts: &[Inst], paces: &[Option<Pace>]) -> Graph {
        let mut graph =
            Graph { successors: vec![Vec::new(); insts.len()], predecessors: vec![0; insts.len()] };
        let mut accesses: BTreeMap<Place, Accesses> = BTreeMap::new();
        let mut barrier = None;
        let mut bus_reads = Vec::new();
        for (index, inst) in insts.iter().enumerate() {
            let places = Places::of(inst);
            if let Some(earlier) = barrier {
                graph.edge(earlier, index, 0);
            }
            if places.barrier {
                (0..index).for_each(|earlier| graph.edge(earlier, index, 0));
                barrier = Some(index);
            }
            for place in &places.reads {
                let access = accesses.entry(*place).or_default();
                if let Some(write) = access.write {
                    graph.edge(write, index, latency(*place, &insts[write], paces[write]));
                }
                access.reads.push(index);
            }
            for place in &places.writes {
                let access = accesses.entry(*place).or_default();
                access.write.iter().for_each(|earlier| graph.edge(*earlier, index, 1));
                access.reads.iter().filter(|e| **e != index).for_each(|e| graph.edge(*e, index, 1));
                *access = Accesses { write: Some(index), reads: Vec::new() };
            }
            // The bus serves one after the other: nobody should wait behind a conversion.
            if inst.work == Work::ConversionAhead {
                bus_reads.iter().for_each(|earlier| graph.edge(*earlier, index, 0));
            } else if inst.def().is_some()
                && matches!(
                    inst.work,
                    Work::HalfRow { .. } | Work::Generators { .. } | Work::ExternalRead
                )
            {
                bus_reads.push(index);
            }
        }
        graph
    }

    fn edge(&mut self, from: usize, to: usize, latency: u64) {
        self.successors[from].push((to, latency));
        self.predecessors[to] += 1;
    }
}

/// Cycles from an instruction to one that reads what it left in a place.
fn latency(place: Place, inst: &Inst, pace: Option<Pace>) -> u64 {
    match (pace, inst.opcode.info().class) {
        // The accumulator stays in its unit.
        (Some(pace), _) if place == Place::Resource(Resource::Acc) => pace.spacing_cycles,
        (Some(pace), _) => pace.result_cycles,
        (None, Timing::Load | Timing::LoadUpdate) => 5,
        (None, Timing::Multiply) => 4,
        (None, Timing::Divide) => 32,
        (None, _) => 1,
    }
}
