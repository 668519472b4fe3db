//! Classes of instructions with the same timing, and what the chip takes to answer.
//!
//! The compiler's cost and the simulator's cycles both come from here and from [`crate::timing`].

/// What instructions with the same timing have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Multiply and add, two vector operands.
    Madd2,
    /// Multiply and add, one vector operand.
    Madd1,
    /// Vector compare.
    Compare,
    /// Select, pack, unpack.
    Permute,
    /// Vector shift.
    Shift,
    /// Scalar to every lane.
    Splat,
    /// Vector load.
    VectorLoad,
    /// Vector store.
    VectorStore,
    /// Parallel IO read.
    VectorIn,
    /// Parallel IO write.
    VectorOut,
    /// Fixed-point arithmetic, logic, rotation, scalar compare.
    Fixed,
    /// Scalar multiplication.
    Multiply,
    /// Scalar division.
    Divide,
    /// Logic on condition register bits.
    CrLogic,
    /// Moves to and from special registers.
    MoveSpr,
    /// Branches.
    Branch,
    /// Returns from interrupts.
    Return,
    /// Scalar load.
    Load,
    /// Scalar load with update.
    LoadUpdate,
    /// Load of several registers.
    LoadMultiple,
    /// Scalar store.
    Store,
    /// Scalar store with update.
    StoreUpdate,
    /// Store of several registers.
    StoreMultiple,
    /// Waits until everything has drained.
    Sync,
}

/// What the place of an access takes beyond what the core's port takes, in cycles of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Until it answers.
    pub answer_cycles: u32,
    /// From its answer until it takes the next access.
    pub busy_cycles: u32,
}

impl Wait {
    /// Nothing.
    pub const NONE: Wait = Wait { answer_cycles: 0, busy_cycles: 0 };

    /// An answer after so many cycles.
    #[must_use]
    pub const fn answer(answer_cycles: u32) -> Wait {
        Wait { answer_cycles, busy_cycles: 0 }
    }
}

/// What the places of the chip take to answer a PPU, in cycles of 4 ns beyond what the core's
/// ports take.
///
/// The defaults reproduce the figures that the official tests of the hardware assert (ppu-isa
/// reference, 5.2: cycles between two readings of the time base around an access and a `sync`).
/// Where none is asserted the field says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChipLatencies {
    /// Vector load or store of internal memory.
    pub vector_memory_cycles: u32,
    /// Parallel read or write of half a row, latched converter codes and neuron resets included.
    pub half_row_cycles: u32,
    /// Parallel read that starts a conversion of all columns.
    pub conversion_cycles: u32,
    /// Parallel write to external memory.
    pub external_write_cycles: u32,
    /// Until external memory takes the next access after a parallel write. Fits 16 writes in 1406
    /// cycles, a figure that the tests print and do not assert.
    pub external_busy_cycles: u32,
    /// Parallel read of external memory; printed by the tests, not asserted.
    pub external_read_cycles: u32,
    /// Scalar load from external memory. Assumed to be that of a parallel read.
    pub external_load_cycles: u32,
    /// Scalar read over the chip's bus. Assumed; many can be under way (256 whose results nobody
    /// waits for take at most 320 cycles in the tests).
    pub bus_read_cycles: u32,
    /// Scalar read of a spike counter, one after the other: the default wait of their controller
    /// (haldls, `neuron.h`).
    pub counter_read_cycles: u32,
    /// Scalar reset of a spike counter, from the same source.
    pub counter_reset_cycles: u32,
}

impl ChipLatencies {
    /// The defaults.
    pub const DEFAULT: ChipLatencies = ChipLatencies {
        vector_memory_cycles: 5,
        half_row_cycles: 7,
        conversion_cycles: 388,
        external_write_cycles: 25,
        external_busy_cycles: 60,
        external_read_cycles: 331,
        external_load_cycles: 331,
        bus_read_cycles: 40,
        counter_read_cycles: 112,
        counter_reset_cycles: 4,
    };

    /// A parallel write to external memory.
    #[must_use]
    pub const fn external_write(&self) -> Wait {
        Wait { answer_cycles: self.external_write_cycles, busy_cycles: self.external_busy_cycles }
    }
}

impl Default for ChipLatencies {
    fn default() -> ChipLatencies {
        ChipLatencies::DEFAULT
    }
}
