//! Worst-case cycles of an update, by the core's cycle model and the latencies of the chip: the
//! same that the simulator uses.

use crate::needs::Needs;
use crate::runtime;
use crate::vcode::{BlockCode, BlockId, Code, Exit, Inst, Operand, Work};
use pl_ir::Module;
use pl_isa::latency::{ChipLatencies, Class, Wait};
use pl_isa::{Executed, Field, Instruction, Opcode, Timing, TimingParameters};
use std::fmt;

/// Sizes of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) code_bytes: u32,
    pub(crate) data_bytes: u32,
    pub(crate) stack_bytes: u32,
    pub(crate) external_bytes: u32,
    pub(crate) spilled_vectors: usize,
    pub(crate) spilled_scalars: usize,
}

/// What a program costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Cycles of an update whatever the view.
    pub fixed_cycles: u32,
    /// Cycles a row of the view.
    pub per_row_cycles: u32,
    /// Cycles a column of the view.
    pub per_neuron_cycles: u32,
    /// Cycles of an update in which nothing is due: its samples, and to find that out.
    pub idle_fixed_cycles: u32,
    /// The same for each column of the view.
    pub idle_per_neuron_cycles: u32,
    /// Bytes of code.
    pub code_bytes: u32,
    /// Bytes of data, zeros and padding included.
    pub data_bytes: u32,
    /// Bytes of stack.
    pub stack_bytes: u32,
    /// Bytes of objects in external memory.
    pub external_bytes: u32,
    /// Vector values that are stored in the frame for lack of registers.
    pub spilled_vectors: usize,
    /// Scalar values that are stored in the frame for lack of registers.
    pub spilled_scalars: usize,
}

/// Instructions around the work of an update: the command loop, and the update's own routine. The
/// test `no_update_takes_longer_than_the_worst_case` compares the sum with simulations.
const UPDATE_OVERHEAD_CYCLES: u32 = 200;
/// Cycles of the conditions of a rule with several schedules; the test
/// `several_schedules_keep_their_times` runs such rules in the chip's time.
const IDLE_CYCLES: u32 = 200;
/// Cycles a byte of the loops over all columns, beside the access to the counter.
const COLUMN_LOOP_CYCLES: u32 = 40;
/// Cycles of a call that opens a sample.
const RECORD_OPEN_CYCLES: u32 = 120;
/// Cycles of a call of scalar arithmetic other than a division.
const ARITHMETIC_CYCLES: u32 = 40;
/// Cycles of a call that divides: two passes of the divider, and a loop over the fraction's bits.
const DIVIDE_CYCLES: u32 = 400;
/// Columns that the loops over the counters look at.
const COLUMNS: u32 = pl_fixed::chip::COLUMNS as u32;

impl Cost {
    /// The cost of allocated functions; what is in a loop is taken to run once a row, if the loop has
    /// no constant number of rounds.
    ///
    /// Each block is put through the core's pipelines from rest to rest. Pipelines that are busy
    /// when it begins, or still are when it ends, only ever save time ([`pl_isa::timing`]), so
    /// the sum is a bound. For loops with one way round, rows follow each other without rest, and
    /// the bound is how far any pipeline gets in a row.
    pub(crate) fn of(
        codes: &[Code],
        module: &Module,
        latencies: &ChipLatencies,
        sizes: Sizes,
    ) -> Cost {
        let mut sum = Sum { fixed: UPDATE_OVERHEAD_CYCLES, per_row: 0, per_neuron: 0 };
        if let Some(code) = codes.iter().find(|code| code.name == runtime::UPDATE) {
            sum.add(code, module, latencies);
        }
        let Sum { mut fixed, per_row, mut per_neuron } = sum;
        let needs = module.function("update").map(Needs::of_function).unwrap_or_default();
        let (mut samples, mut sample) = (0, 0);
        if needs.rates {
            samples += COLUMNS * COLUMN_LOOP_CYCLES;
            sample += latencies.counter_read_cycles;
        }
        if needs.membranes {
            let rows = latencies.conversion_cycles + 8 * latencies.half_row_cycles;
            // Two vectors to memory and the instructions between.
            samples += rows + 2 * 50 + 100;
        }
        fixed = fixed.saturating_add(samples);
        per_neuron = per_neuron.saturating_add(sample);
        Cost {
            fixed_cycles: fixed,
            per_row_cycles: per_row,
            per_neuron_cycles: per_neuron,
            idle_fixed_cycles: UPDATE_OVERHEAD_CYCLES + IDLE_CYCLES + samples,
            idle_per_neuron_cycles: sample,
            code_bytes: sizes.code_bytes,
            data_bytes: sizes.data_bytes,
            stack_bytes: sizes.stack_bytes,
            external_bytes: sizes.external_bytes,
            spilled_vectors: sizes.spilled_vectors,
            spilled_scalars: sizes.spilled_scalars,
        }
    }

    /// Cycles of an allocated function for so many rows: what tells faster code from slower.
    pub(crate) fn function_cycles(code: &Code, module: &Module, latencies: &ChipLatencies) -> u64 {
        let mut sum = Sum { fixed: 0, per_row: 0, per_neuron: 0 };
        sum.add(code, module, latencies);
        u64::from(sum.fixed) + u64::from(sum.per_row) * u64::from(module.rows_max)
    }

    /// Cycles of an update in which nothing is due, for a view of so many columns.
    #[must_use]
    pub fn idle_cycles(&self, columns: u32) -> u64 {
        u64::from(self.idle_fixed_cycles)
            + u64::from(self.idle_per_neuron_cycles) * u64::from(columns)
    }

    /// Cycles of an update for a view of so many rows and columns.
    #[must_use]
    pub fn update_cycles(&self, rows: u32, columns: u32) -> u64 {
        u64::from(self.fixed_cycles)
            + u64::from(self.per_row_cycles) * u64::from(rows)
            + u64::from(self.per_neuron_cycles) * u64::from(columns)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("worst-case cycles of an update (4 ns)", self.fixed_cycles),
            ("  and for each row of the view", self.per_row_cycles),
            ("  and for each column of the view", self.per_neuron_cycles),
            ("bytes of code", self.code_bytes),
            ("bytes of data", self.data_bytes),
            ("bytes of stack", self.stack_bytes),
            ("bytes of external memory", self.external_bytes),
        ];
        for (what, amount) in lines {
            writeln!(f, "{what:<48} {amount:>8}")?;
        }
        let spilled = [("vector", self.spilled_vectors), ("scalar", self.spilled_scalars)];
        for (what, amount) in spilled {
            writeln!(f, "{:<48} {amount:>8}", format!("{what} values kept in memory"))?;
        }
        Ok(())
    }
}

/// Cycles of a function.
struct Sum {
    fixed: u32,
    per_row: u32,
    per_neuron: u32,
}

impl Sum {
    fn add(&mut self, code: &Code, module: &Module, latencies: &ChipLatencies) {
        let mut counted = vec![false; code.blocks.len()];
        for id in &code.order {
            let resets = code.block(*id).insts.iter().filter(|i| i.work == Work::RateReset);
            let resets = u32::try_from(resets.count()).unwrap_or(u32::MAX);
            let column = resets.saturating_mul(latencies.counter_reset_cycles);
            self.per_neuron = self.per_neuron.saturating_add(column);
            if counted[id.index()] {
                continue;
            }
            if let Some(blocks) = simple_loop(code, *id) {
                let (first, further) = loop_cycles(code, &blocks, latencies);
                self.fixed = self.fixed.saturating_add(first.saturating_sub(further));
                let BlockCode { row_depth, rounds, .. } = code.block(*id);
                let rounds = further.saturating_mul(*rounds);
                let sum = if *row_depth == 0 { &mut self.fixed } else { &mut self.per_row };
                *sum = sum.saturating_add(rounds);
                blocks.iter().for_each(|block| counted[block.index()] = true);
                continue;
            }
            let block = code.block(*id);
            let mut timing = Timing::new(TimingParameters::default());
            let called = run(&mut timing, block, latencies);
            let cycles = called.saturating_add(narrow(timing.drained_cycles()));
            let cycles = cycles.saturating_mul(block.rounds);
            match block.row_depth {
                0 => self.fixed = self.fixed.saturating_add(cycles),
                depth => {
                    let rounds = module.rows_max.saturating_pow(depth - 1);
                    self.per_row = self.per_row.saturating_add(cycles.saturating_mul(rounds));
                }
            }
        }
    }
}

/// The blocks of an outermost loop that begins with a block and has one way round.
fn simple_loop(code: &Code, first: BlockId) -> Option<Vec<BlockId>> {
    let mut blocks = vec![first];
    loop {
        let block = code.block(*blocks.last()?);
        let mut inside = block.exit.targets().filter(|to| code.block(*to).depth >= 1);
        let (next, None) = (inside.next()?, inside.next()) else { return None };
        if block.depth != 1 || blocks.len() > code.blocks.len() {
            return None;
        }
        if next == first {
            return Some(blocks);
        }
        blocks.push(next);
    }
}

/// Rounds of a loop until its pipelines are in a steady state, more or less.
const ROUNDS: u32 = 6;

/// Cycles of the first round of a loop, from rest to rest, and a bound for each further one.
fn loop_cycles(code: &Code, blocks: &[BlockId], latencies: &ChipLatencies) -> (u32, u32) {
    let mut timing = Timing::new(TimingParameters::default());
    let (mut first, mut further) = (0, u32::MAX);
    for round in 0..ROUNDS {
        let before = timing.clone();
        let called = blocks.iter().fold(0u32, |sum, block| {
            sum.saturating_add(run(&mut timing, code.block(*block), latencies))
        });
        if round == 0 {
            first = called.saturating_add(narrow(timing.drained_cycles()));
        } else {
            let growth = narrow(timing.growth_cycles(&before));
            further = further.min(called.saturating_add(growth));
        }
    }
    (first, further)
}

fn narrow(cycles: u64) -> u32 {
    u32::try_from(cycles).unwrap_or(u32::MAX)
}

/// Puts a block through the pipelines, with branches that nobody foresaw at its end. Returns the
/// cycles of what it calls.
fn run(timing: &mut Timing, block: &BlockCode, latencies: &ChipLatencies) -> u32 {
    let mut called = 0u32;
    for inst in &block.insts {
        called = called.saturating_add(match inst.work {
            Work::RecordOpen => RECORD_OPEN_CYCLES,
            Work::Arithmetic => ARITHMETIC_CYCLES,
            Work::Divide => DIVIDE_CYCLES,
            Work::RateReset | Work::Reduce => COLUMNS * COLUMN_LOOP_CYCLES,
            Work::Core
            | Work::HalfRow { .. }
            | Work::Generators { .. }
            | Work::Conversion
            | Work::ConversionAhead
            | Work::ExternalRead
            | Work::ExternalWrite => 0,
        });
        timing.issue(&executed(inst, inst.work.wait(latencies)));
    }
    // A conditional branch or one behind it; both if the block ends in two.
    let ends: &[Opcode] = match block.exit {
        Exit::Branch(..) => &[Opcode::Bc, Opcode::B],
        Exit::Jump(_) | Exit::Return => &[Opcode::B],
    };
    for opcode in ends {
        timing.issue(&executed(&Inst::new(*opcode, Vec::new()), Wait::NONE));
    }
    called
}

/// The instruction as the pipelines see it. Addresses do not matter to them but where a load
/// follows a store by the same address: unknown ones count as that.
fn executed(inst: &Inst, wait: Wait) -> Executed {
    let value = |operand: &Operand| match operand {
        Operand::Reg(reg) => reg.number().map_or(0, u32::cast_signed),
        Operand::Imm(value) => *value,
        Operand::Addr(..) | Operand::Slot(_) | Operand::Label(_) => 0,
    };
    let operands = inst.opcode.info().operands;
    let mut values: Vec<i32> = inst.operands.iter().take(operands.len()).map(value).collect();
    values.resize(operands.len(), 0);
    if operands.last().is_some_and(|operand| operand.field == Field::Cond) {
        values[operands.len() - 1] = inst.cond as i32;
    }
    let instruction = Instruction { flags: inst.flags, ..Instruction::new(inst.opcode, &values) };
    Executed {
        instruction,
        address: 0,
        taken: instruction.opcode.info().class == Class::Branch,
        wait,
    }
}
