//! How many cycles a program takes: a scoreboard of the core's pipelines.
//!
//! Each time is the largest of others plus a constant, so a program never ends later because
//! something in it became ready sooner, nor sooner because something became ready later; bounds
//! on cycles rest on this.
//!
//! Instructions issue in order, one a cycle. Those of the vector unit go through a queue and leave
//! it in order, once their target is free; each of the five units then starts them in order, once
//! their operands are there. The numbers in `costs` reproduce the steady states that were
//! simulated with the RTL of the core (the golden cycles); fractions are means over patterns that
//! the one port of the register file causes.

mod rounds;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::latency::{Class, Wait};
use crate::{Field, Instruction, Opcode, Resource, Role};

/// An instruction that has been executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Executed {
    /// The instruction.
    pub instruction: Instruction,
    /// Where it stands.
    pub address: u32,
    /// Whether execution goes on elsewhere than behind it.
    pub taken: bool,
    /// What the place that it accesses takes, beyond the ports' [`TimingParameters`].
    pub wait: Wait,
}

/// Parts of a cycle that times are counted in.
const PARTS: u64 = 16;
/// Entries of the branch cache.
const BRANCHES: usize = 16;
/// Cycles of a branch that was not foreseen, or cannot be: a new fetch.
const REFETCH_CYCLES: u64 = 5;
/// Vector instructions between the front end and the units.
const QUEUE: usize = 4;

/// Latencies of what the core is connected to, in cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TimingParameters {
    /// Scalar load: from request to data.
    pub load_cycles: u32,
    /// Vector load and store: of each access to memory.
    pub vector_memory_cycles: u32,
    /// Parallel IO: for which the bus holds back each access.
    pub io_wait_cycles: u32,
}

impl Default for TimingParameters {
    /// Ideal ports: data after one cycle, no waiting.
    fn default() -> TimingParameters {
        TimingParameters { load_cycles: 1, vector_memory_cycles: 1, io_wait_cycles: 0 }
    }
}

/// Units of the vector core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Multiplication and addition.
    Madd,
    /// Comparison with zero.
    Compare,
    /// Vectors of memory.
    LoadStore,
    /// The parallel bus.
    ParallelIo,
    /// Selection, packing, shifts, splats.
    Permute,
}

impl Unit {
    /// Instructions that wait in front of the unit (ppu-isa reference, 5.2).
    const fn station(self) -> usize {
        match self {
            Unit::Madd => 4,
            Unit::ParallelIo => STATION_MAX,
            Unit::Compare | Unit::LoadStore | Unit::Permute => 2,
        }
    }
}

/// Scalar loads and stores that wait for their port (ppu-isa reference, 3.5).
const ACCESSES: usize = 16;
/// Size of the largest station.
const STATION_MAX: usize = 16;

/// Times of a vector instruction from its start, in parts of a cycle.
#[derive(Clone, Copy, Debug)]
struct Costs {
    unit: Unit,
    /// Until the unit starts the next.
    spacing: u64,
    /// Until an instruction that reads the result can start.
    result: u64,
    /// Until another instruction may be given the same target.
    rewrite: u64,
    /// Until the sources may be overwritten.
    sources: u64,
    /// Until nothing of it is left.
    done: u64,
}

const fn cycles(count: u64) -> u64 {
    count * PARTS
}

/// Times of a class of vector instructions; `writes` says whether a register is the target.
fn costs(class: Class, writes: bool, parameters: &TimingParameters, wait: Wait) -> Option<Costs> {
    let answer = cycles(u64::from(wait.answer_cycles));
    let memory = cycles(u64::from(parameters.vector_memory_cycles)) + answer;
    let io = cycles(u64::from(parameters.io_wait_cycles)) + answer;
    let busy = cycles(u64::from(wait.busy_cycles));
    let of = |unit, spacing, result, sources, done| Costs {
        unit,
        spacing,
        result,
        rewrite: result,
        sources,
        done,
    };
    let madd = |operands: u64| {
        let latency = cycles(9 + operands);
        let done = if writes { latency + cycles(2) } else { cycles(3 + operands - 1) };
        of(Unit::Madd, cycles(2 + operands), latency, cycles(2 + operands), done)
    };
    Some(match class {
        Class::Madd2 => madd(2),
        Class::Madd1 => madd(1),
        Class::Compare => of(Unit::Compare, cycles(3), cycles(8), cycles(3), cycles(8)),
        Class::Permute => of(Unit::Permute, 89, 121, cycles(5), cycles(9)),
        Class::Shift => of(Unit::Permute, 69, 102, cycles(4), cycles(8)),
        Class::Splat => of(Unit::Permute, 51, 99, cycles(2), cycles(7)),
        Class::VectorLoad => {
            let port = 594 + memory;
            let (result, rewrite) = (cycles(38) + memory, 626 + memory);
            let costs = of(Unit::LoadStore, port, result, cycles(1), cycles(39) + memory);
            Costs { rewrite, ..costs }
        }
        Class::VectorStore => {
            let port = 594 + memory;
            of(Unit::LoadStore, port, port, cycles(3), cycles(40) + memory)
        }
        Class::VectorIn => {
            let spacing = if io == 0 { 40 } else { io + cycles(2) };
            let costs = of(Unit::ParallelIo, spacing + busy, cycles(7) + io, cycles(1), 136 + io);
            Costs { rewrite: 120 + io, ..costs }
        }
        Class::VectorOut => of(Unit::ParallelIo, 56 + io + busy, 56 + io, cycles(3), 152 + io),
        Class::Fixed
        | Class::Multiply
        | Class::Divide
        | Class::CrLogic
        | Class::MoveSpr
        | Class::Branch
        | Class::Return
        | Class::Load
        | Class::LoadUpdate
        | Class::LoadMultiple
        | Class::Store
        | Class::StoreUpdate
        | Class::StoreMultiple
        | Class::Sync => return None,
    })
}

/// The times of a vector instruction that matter for the order of a program, in whole cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The unit that runs it.
    pub unit: Unit,
    /// From its start until the unit starts the next.
    pub spacing_cycles: u64,
    /// From its start until one that reads the result can start.
    pub result_cycles: u64,
}

/// The pace of a class of vector instructions on ideal ports; `writes` says whether a register is
/// the target. None for the scalar core's.
#[must_use]
pub fn pace(class: Class, writes: bool, wait: Wait) -> Option<Pace> {
    let costs = costs(class, writes, &TimingParameters::default(), wait)?;
    Some(Pace {
        unit: costs.unit,
        spacing_cycles: costs.spacing.div_ceil(PARTS),
        result_cycles: costs.result.div_ceil(PARTS),
    })
}

/// State of the pipelines. Times are in parts of a cycle.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct Timing {
    parameters: TimingParameters,
    /// Next slot of the front end.
    slot: u64,
    general: [u64; 32],
    condition: u64,
    special: u64,
    vectors: [Register; 32],
    /// The condition register of the vector unit.
    conditions: Register,
    units: [u64; 5],
    /// When the last instructions of each unit started, newest first.
    started: [[u64; STATION_MAX]; 5],
    /// Start of the last multiply-add of two operands that wrote a register: the next finds the
    /// port of the register file taken.
    port_taken: Option<u64>,
    /// When the last vector instruction left the queue, and when those before it did.
    left: [u64; QUEUE],
    /// When everything issued has finished.
    drained: u64,
    /// When the last scalar load has its data; answers come in order.
    loaded: u64,
    /// When the port took the last scalar loads and stores, newest first, and when it is free.
    accessed: [u64; ACCESSES],
    port_free: u64,
    /// How the last store made its address, and when a load of the same can follow.
    stored: ([i32; 2], u64),
    /// Branches by the low bits of their address: the address, and how often taken of late.
    branches: [(u32, u8); BRANCHES],
    /// Whether the instruction before was a branch that was taken.
    jumped: bool,
}

/// The way of a vector instruction to its unit.
#[derive(Clone, Copy, Debug)]
struct Path {
    /// When it leaves the front end.
    issue: u64,
    /// When it leaves the queue.
    dispatch: u64,
    /// When its unit starts it.
    start: u64,
}

/// Whether a vector register is the target.
fn writes_register(instruction: &Instruction) -> bool {
    let operands = instruction.opcode.info().operands;
    operands.iter().any(|o| o.field == Field::Vrt && o.role == Role::Def)
}

/// Whether a move of special registers writes one.
fn moves_to_special(instruction: &Instruction) -> bool {
    instruction.opcode.info().operands.first().is_some_and(|o| o.field == Field::Spr)
}

/// Whether a vector instruction writes the condition register, and whether it depends on it.
fn conditions(instruction: &Instruction) -> (bool, bool) {
    let resources = instruction.opcode.info().resources;
    let touches = |role: fn(Role) -> bool| {
        resources.iter().any(|(found, how)| *found == Resource::Vcr && role(*how))
    };
    let asks = instruction.operand(Field::Cond).is_some_and(|cond| cond != 0);
    (touches(|role| role != Role::Use), asks && touches(|role| role == Role::Use))
}

/// When a vector register is free for what.
#[derive(Clone, Copy, Debug, Default, BorshSerialize, BorshDeserialize)]
struct Register {
    read: u64,
    write: u64,
}

impl Timing {
    /// An idle core at cycle 0.
    #[must_use]
    pub fn new(parameters: TimingParameters) -> Timing {
        Timing {
            parameters,
            slot: 0,
            general: [0; 32],
            condition: 0,
            special: 0,
            vectors: [Register::default(); 32],
            conditions: Register::default(),
            units: [0; 5],
            started: [[0; STATION_MAX]; 5],
            port_taken: None,
            left: [0; QUEUE],
            drained: 0,
            loaded: 0,
            accessed: [0; ACCESSES],
            port_free: 0,
            stored: ([0; 2], 0),
            branches: [(u32::MAX, 0); BRANCHES],
            jumped: false,
        }
    }

    /// Cycles until the next instruction can issue.
    #[must_use]
    pub const fn cycles(&self) -> u64 {
        self.slot.div_ceil(PARTS)
    }

    /// Cycles until everything issued has finished.
    #[must_use]
    pub fn drained_cycles(&self) -> u64 {
        self.slot.max(self.drained).div_ceil(PARTS)
    }

    /// Cycles by which the pipelines are at most further than in an earlier state.
    ///
    /// If a sequence of instructions brought one to the other, no repetition of it will take
    /// longer than this, whatever it starts from: all times are sums and maxima.
    #[must_use]
    pub fn growth_cycles(&self, earlier: &Timing) -> u64 {
        let port = [self, earlier].map(|timing| timing.port_taken.unwrap_or(0));
        let times = self.times().zip(earlier.times()).chain([port.into()]);
        times.map(|(now, before)| now.saturating_sub(before)).max().unwrap_or(0).div_ceil(PARTS)
    }

    /// Every time of the state but that of the port of the register file.
    fn times(&self) -> impl Iterator<Item = u64> + '_ {
        let registers = self.vectors.iter().chain([&self.conditions]);
        let registers = registers.flat_map(|register| [register.read, register.write]);
        let single = [
            self.slot,
            self.condition,
            self.special,
            self.drained,
            self.loaded,
            self.port_free,
            self.stored.1,
        ];
        let many = [&self.general[..], &self.units, &self.left, &self.accessed];
        single
            .into_iter()
            .chain(many.into_iter().flatten().copied())
            .chain(self.started.iter().flatten().copied())
            .chain(registers)
    }

    /// Accounts for an executed instruction.
    pub fn issue(&mut self, executed: &Executed) {
        let instruction = &executed.instruction;
        let info = instruction.opcode.info();
        let writes = writes_register(instruction);
        match costs(info.class, writes, &self.parameters, executed.wait) {
            Some(costs) => self.issue_vector(instruction, &costs, writes),
            None => self.issue_scalar(executed),
        }
    }

    /// Cycle at which an instruction acts outside of the core, if it is issued next: a vector
    /// access when its unit starts it, a scalar one when the port takes it.
    #[must_use]
    pub fn access_cycle(&self, instruction: &Instruction, wait: Wait) -> u64 {
        let class = instruction.opcode.info().class;
        let writes = writes_register(instruction);
        let time = match costs(class, writes, &self.parameters, wait) {
            Some(costs) => self.path(instruction, &costs, writes).start,
            None => self.scalar_issue(instruction).max(self.port_free),
        };
        time.div_ceil(PARTS)
    }

    /// The way of a vector instruction that is issued next.
    fn path(&self, instruction: &Instruction, costs: &Costs, writes: bool) -> Path {
        let info = instruction.opcode.info();
        // The front end waits for room in the queue and for general-purpose registers.
        let mut issue = self.slot.max(self.left[QUEUE - 1]);
        let mut dispatch = self.left[0];
        let mut start = self.units[costs.unit as usize];
        for (spec, value) in instruction.operands() {
            let register = (value & 31) as usize;
            match (spec.field, spec.role) {
                (Field::Vrt, Role::Def) => dispatch = dispatch.max(self.vectors[register].write),
                (Field::Vrt | Field::Vra | Field::Vrb, _) => {
                    start = start.max(self.vectors[register].read);
                }
                (Field::Ra | Field::Ra0 | Field::Rb, _) => {
                    issue = issue.max(self.general[register]);
                }
                _ => {}
            }
        }
        let (compares, conditional) = conditions(instruction);
        if compares {
            dispatch = dispatch.max(self.conditions.write);
        }
        if conditional {
            start = start.max(self.conditions.read);
        }
        if writes
            && info.class == Class::Madd2
            && let Some(last) = self.port_taken
        {
            start = start.max(last + costs.spacing + cycles(1));
        }
        let station = self.started[costs.unit as usize][costs.unit.station() - 1];
        let dispatch = dispatch.max(issue).max(station);
        Path { issue, dispatch, start: start.max(dispatch) }
    }

    fn issue_vector(&mut self, instruction: &Instruction, costs: &Costs, writes: bool) {
        let info = instruction.opcode.info();
        let Path { issue, dispatch, start } = self.path(instruction, costs, writes);
        let (compares, conditional) = conditions(instruction);
        let started = &mut self.started[costs.unit as usize];
        started.rotate_right(1);
        started[0] = start;
        self.jumped = false;
        self.slot = issue + cycles(1);
        self.left.rotate_right(1);
        self.left[0] = dispatch;
        self.units[costs.unit as usize] = start + costs.spacing;
        if costs.unit == Unit::Madd {
            self.port_taken = (writes && info.class == Class::Madd2).then_some(start);
        }
        for (spec, value) in instruction.operands() {
            let register = &mut self.vectors[(value & 31) as usize];
            match (spec.field, spec.role) {
                (Field::Vrt, Role::Def) => {
                    register.read = start + costs.result;
                    register.write = register.write.max(start + costs.rewrite);
                }
                (Field::Vrt | Field::Vra | Field::Vrb, _) => {
                    register.write = register.write.max(start + costs.sources);
                }
                _ => {}
            }
        }
        if compares {
            self.conditions = Register { read: start + costs.result, write: start + costs.rewrite };
        }
        if conditional {
            self.conditions.write = self.conditions.write.max(start + costs.sources);
        }
        self.drained = self.drained.max(start + costs.done);
    }

    /// When a scalar instruction that is issued next has its operands.
    #[allow(clippy::wildcard_enum_match_arm, reason = "a few fields and classes have a say each")]
    fn scalar_issue(&self, instruction: &Instruction) -> u64 {
        let info = instruction.opcode.info();
        let mut issue = self.slot;
        for (spec, value) in instruction.operands() {
            let register = (value & 31) as usize;
            match (spec.field, spec.role) {
                (Field::Rt | Field::Ra | Field::Ra0 | Field::Rb, Role::Use | Role::Both) => {
                    issue = issue.max(self.general[register]);
                }
                (Field::Bi | Field::Ba | Field::Bb | Field::Bfa, Role::Use) => {
                    issue = issue.max(self.condition)
                }
                _ => {}
            }
        }
        match info.class {
            Class::MoveSpr if !moves_to_special(instruction) => issue.max(self.special),
            // Three cycles to notice that the pipelines are empty.
            Class::Sync => issue.max(self.drained + cycles(1)),
            Class::Load | Class::LoadUpdate | Class::LoadMultiple => {
                let place = [instruction.operands[1], instruction.operands[2]];
                let stored = if place == self.stored.0 { self.stored.1 } else { 0 };
                issue.max(stored).max(self.accessed[ACCESSES - 1])
            }
            Class::Store | Class::StoreUpdate | Class::StoreMultiple => {
                issue.max(self.accessed[ACCESSES - 1])
            }
            _ => issue,
        }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "a few fields and classes have a say each")]
    fn issue_scalar(&mut self, executed: &Executed) {
        let instruction = &executed.instruction;
        let class = instruction.opcode.info().class;
        let issue = self.scalar_issue(instruction);
        let answer = cycles(u64::from(executed.wait.answer_cycles));
        let load = cycles(u64::from(self.parameters.load_cycles)) + answer;
        let (slots, latency) = self.scalar_costs(executed, load);
        let place = [instruction.operands[1], instruction.operands[2]];
        let mut ready = issue + latency;
        match class {
            Class::Load | Class::LoadUpdate | Class::LoadMultiple => {
                // Answers come in order.
                ready = self.loaded.max(self.access(issue, executed.wait) + latency);
                self.loaded = ready;
                self.drained = self.drained.max(ready);
            }
            Class::Store | Class::StoreUpdate | Class::StoreMultiple => {
                self.stored = (place, issue + cycles(4));
                let accessed = self.access(issue, executed.wait);
                self.drained = self.drained.max(accessed + answer);
                ready = issue + latency;
            }
            _ => {}
        }
        self.jumped = executed.taken;
        self.slot = issue + slots;
        for (spec, value) in instruction.operands() {
            let written = matches!(spec.role, Role::Def | Role::Both);
            match spec.field {
                Field::Rt | Field::Ra if written => {
                    self.general[(value & 31) as usize] = ready;
                }
                Field::Bf | Field::BfOr0 | Field::Bt if written => {
                    self.condition = issue + cycles(2);
                }
                _ => {}
            }
        }
        if class == Class::MoveSpr && moves_to_special(instruction) {
            self.special = issue + cycles(2);
        }
    }

    /// Slots of the front end, and latency of the result; `load` is that of the memory.
    fn scalar_costs(&mut self, executed: &Executed, load: u64) -> (u64, u64) {
        let instruction = &executed.instruction;
        let info = instruction.opcode.info();
        let carries = info.resources.iter().any(|(resource, _)| *resource == Resource::Ca);
        let words = u64::from(32 - (instruction.operands[0] & 31).cast_unsigned());
        match info.class {
            Class::Fixed if carries => (cycles(1), cycles(3)),
            Class::Fixed | Class::CrLogic | Class::MoveSpr => (cycles(1), cycles(1)),
            Class::Multiply => (cycles(1), cycles(4)),
            Class::Divide => (cycles(32), cycles(32)),
            Class::Branch => {
                let slots = cycles(self.branch(executed));
                (slots, slots)
            }
            Class::Return => (cycles(REFETCH_CYCLES), cycles(REFETCH_CYCLES)),
            Class::Load | Class::LoadUpdate => (cycles(1), cycles(4) + load),
            Class::LoadMultiple => (cycles(words + 1), cycles(words + 1) + load),
            Class::Store => (cycles(1), cycles(1)),
            Class::StoreUpdate => (cycles(1), cycles(2)),
            Class::StoreMultiple => (cycles(words), cycles(words)),
            Class::Sync => (cycles(2), cycles(2)),
            Class::Madd2
            | Class::Madd1
            | Class::Compare
            | Class::Permute
            | Class::Shift
            | Class::Splat
            | Class::VectorLoad
            | Class::VectorStore
            | Class::VectorIn
            | Class::VectorOut => unreachable!("a class of the vector unit"),
        }
    }

    /// When the scalar port takes an access that issues at `issue`.
    fn access(&mut self, issue: u64, wait: Wait) -> u64 {
        let accessed = issue.max(self.port_free);
        self.port_free = accessed + cycles(u64::from(wait.busy_cycles));
        self.accessed.rotate_right(1);
        self.accessed[0] = accessed;
        accessed
    }

    /// Slots of a branch. Conditional ones are foreseen by two-bit counters; others, and one right
    /// behind a branch that was taken, always fetch anew.
    fn branch(&mut self, executed: &Executed) -> u64 {
        let Executed { instruction, address, taken, .. } = *executed;
        if instruction.opcode != Opcode::Bc {
            return if taken { REFETCH_CYCLES } else { 1 };
        }
        let entry = &mut self.branches[(address >> 2) as usize % BRANCHES];
        if entry.0 != address {
            *entry = (address, 1);
        }
        let foreseen = (entry.1 >= 2) == taken;
        entry.1 = if taken { (entry.1 + 1).min(3) } else { entry.1.saturating_sub(1) };
        if foreseen && !(taken && self.jumped) { 1 } else { REFETCH_CYCLES }
    }
}
