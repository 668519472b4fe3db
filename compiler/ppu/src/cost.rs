//! Worst-case cycles of an update, from the latency table and the latencies of the chip.

use crate::needs::Needs;
use crate::runtime;
use crate::vcode::{Code, Inst, Work};
use pl_ir::Module;
use pl_isa::latency::Class;
use std::fmt;

/// Latencies that belong to the chip, in cycles of the core (4 ns).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostParameters {
    /// A scalar read or write of a rate counter over the bus.
    pub rate_counter_cycles: u32,
    /// A conversion of a row by the converters, with the read that waits for it.
    pub conversion_cycles: u32,
    /// A parallel read or write of half a row.
    pub half_row_cycles: u32,
    /// A vector write to external memory.
    pub external_write_cycles: u32,
    /// A vector read from external memory.
    pub external_read_cycles: u32,
}

impl Default for CostParameters {
    /// Rate counters: assumed. The others: asserted by the official tests of the hardware
    /// (ppu-isa reference, 5.2), which say 410, 20, 38 and, without assertion, 344.
    fn default() -> CostParameters {
        CostParameters {
            rate_counter_cycles: 112,
            conversion_cycles: 410,
            half_row_cycles: 20,
            external_write_cycles: 38,
            external_read_cycles: 344,
        }
    }
}

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

/// Instructions around the work of an update: the command loop and the update's own routine, each
/// loop of them once. Counted generously.
const UPDATE_OVERHEAD_CYCLES: u32 = 200;
/// Cycles a byte of the loops over all columns, beside the access to the counter.
const COLUMN_LOOP_CYCLES: u32 = 40;
/// Cycles of a vector or scalar call that opens a sample.
const RECORD_OPEN_CYCLES: u32 = 120;
/// Columns that the loops over the counters look at.
const COLUMNS: u32 = 256;

impl Cost {
    /// The cost of allocated functions; what is in a loop is taken to run once a row, and every
    /// instruction to wait for the one before it.
    pub(crate) fn of(
        codes: &[Code],
        module: &Module,
        parameters: &CostParameters,
        sizes: Sizes,
    ) -> Cost {
        let (mut fixed, mut per_row, mut per_neuron) = (UPDATE_OVERHEAD_CYCLES, 0u32, 0u32);
        if let Some(code) = codes.iter().find(|code| code.name == runtime::UPDATE) {
            for id in &code.order {
                let block = code.block(*id);
                let mut cycles = 2 * serial_cycles(Class::Branch);
                for inst in &block.insts {
                    let cost = instruction_cycles(inst, parameters);
                    cycles = cycles.saturating_add(cost.cycles);
                    per_neuron = per_neuron.saturating_add(cost.per_neuron);
                }
                match block.depth {
                    0 => fixed = fixed.saturating_add(cycles),
                    depth => {
                        let rounds = module.rows_max.saturating_pow(depth - 1);
                        per_row = per_row.saturating_add(cycles.saturating_mul(rounds));
                    }
                }
            }
        }
        let needs = module.function("update").map(Needs::of_function).unwrap_or_default();
        if needs.rates {
            fixed = fixed.saturating_add(COLUMNS * COLUMN_LOOP_CYCLES);
            per_neuron = per_neuron.saturating_add(parameters.rate_counter_cycles);
        }
        if needs.membranes {
            let access = parameters.conversion_cycles + 8 * parameters.half_row_cycles;
            fixed = fixed.saturating_add(access + 2 * serial_cycles(Class::VectorStore));
        }
        Cost {
            fixed_cycles: fixed,
            per_row_cycles: per_row,
            per_neuron_cycles: per_neuron,
            code_bytes: sizes.code_bytes,
            data_bytes: sizes.data_bytes,
            stack_bytes: sizes.stack_bytes,
            external_bytes: sizes.external_bytes,
            spilled_vectors: sizes.spilled_vectors,
            spilled_scalars: sizes.spilled_scalars,
        }
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
            writeln!(f, "{what:<40} {amount:>8}")?;
        }
        let spilled = [("vector", self.spilled_vectors), ("scalar", self.spilled_scalars)];
        for (what, amount) in spilled {
            writeln!(f, "{:<40} {amount:>8}", format!("{what} values kept in memory"))?;
        }
        Ok(())
    }
}

/// Cycles of one instruction, and those a column of the view.
struct InstCycles {
    cycles: u32,
    per_neuron: u32,
}

fn instruction_cycles(inst: &Inst, parameters: &CostParameters) -> InstCycles {
    let cycles = |cycles| InstCycles { cycles, per_neuron: 0 };
    match inst.work {
        Work::Core => cycles(serial_cycles(inst.opcode.info().class)),
        Work::HalfRow => cycles(parameters.half_row_cycles),
        Work::Conversion => cycles(parameters.conversion_cycles),
        Work::ExternalRead => cycles(parameters.external_read_cycles),
        Work::ExternalWrite => cycles(parameters.external_write_cycles),
        Work::RecordOpen => cycles(RECORD_OPEN_CYCLES),
        Work::RateReset => InstCycles {
            cycles: COLUMNS * COLUMN_LOOP_CYCLES,
            per_neuron: parameters.rate_counter_cycles,
        },
    }
}

/// Cycles from an instruction to one that waits for it (ppu-isa reference, 5; the golden cycles
/// of the core, dependent rows).
fn serial_cycles(class: Class) -> u32 {
    match class {
        Class::Madd2 | Class::Madd1 => 11,
        Class::Compare | Class::Permute => 8,
        Class::Shift | Class::Splat => 7,
        Class::VectorLoad => 41,
        Class::VectorStore => 39,
        Class::VectorIn | Class::VectorOut => 20,
        Class::Fixed | Class::Store | Class::CrLogic => 2,
        Class::MoveSpr | Class::StoreUpdate => 3,
        Class::Multiply => 4,
        Class::Divide => 32,
        Class::Branch | Class::Return => 7,
        Class::Load | Class::LoadUpdate => 6,
        Class::LoadMultiple | Class::StoreMultiple => 40,
        Class::Sync => 47,
    }
}
