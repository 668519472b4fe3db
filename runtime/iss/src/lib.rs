//! Instruction-set simulator of the plasticity processor.
//!
//! ```text
//!   bus.rs         what a core is connected to; plain.rs the simplest such thing
//!   cpu.rs         registers, step and run
//!   vector.rs      vector registers, accumulator, conditions; lanes.rs operations on all lanes
//!   exec/          one function for every row of the instruction table of pl_isa
//!   interrupt.rs   exceptions, timers, doorbell, pins
//!   waiting.rs     loops in which a program waits, passed over
//!   trap.rs        what the hardware gives no meaning to
//! ```
//!
//! Invariants: arithmetic on lanes is that of [`pl_fixed`]; nothing here knows an opcode number;
//! an instruction that traps or raises an exception has changed nothing; a word that is not
//! implemented is a trap, never skipped. Instructions execute one after the other: what the
//! hardware leaves unordered without `sync` is ordered here, and [`lint`] tells where a program
//! relies on it.

pub mod bus;
pub mod cpu;
mod exec;
pub mod interrupt;
mod lanes;
pub mod lint;
pub mod plain;
pub mod trap;
pub mod vector;
mod waiting;

pub use bus::{Access, Bus, BusFault, Vector, Width};
pub use cpu::{Cpu, Exit, Step};
pub use interrupt::Exception;
pub use lint::Linted;
pub use pl_isa::{Executed, Timing, TimingParameters};
pub use plain::PlainBus;
pub use trap::{Trap, TrapKind};
pub use vector::{Conditions, VectorUnit};
pub use waiting::WaitLoop;
