//! Lane arithmetic: the one definition of what an add, a multiply, a shift or a draw does in a lane.
//!
//! ```text
//!   lane.rs    saturating, modulo and fractional arithmetic on i8 and i16 lanes and their accumulators
//!   word.rs    32-bit scalars: integers and reals with 16 fraction bits, saturating
//!   pack.rs    byte and halfword packing with a shared field width
//!   format.rs  binary point: choosing, quantising to and reading back a 16-bit format
//!   rng.rs     the column generator of rules, its seeding, and the scalar generator of `control`
//!   lfsr.rs    the chip's own generators, which rules may use instead
//!   real.rs    f64 functions with the same bits on every platform
//!   chip.rs    size and clock of the chip, which compiler and runtime share
//! ```
//!
//! Invariants: the reference evaluator, constant folding, the instruction-set simulator and the
//! tests of the native back end all call these functions, so two engines cannot disagree about
//! arithmetic. Nothing here allocates or panics.

pub mod chip;
pub mod format;
pub mod lane;
pub mod lfsr;
pub mod pack;
pub mod real;
pub mod rng;
pub mod word;

pub use format::Format;
pub use lane::Lane;
