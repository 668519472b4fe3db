//! The latency table: unit, issue spacing and result latency of every class of instruction.
//!
//! The compiler's cost and the simulator's cycles both come from here.

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
