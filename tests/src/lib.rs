//! Tests across crates, and what they share.
//!
//! ```text
//!   src/tidy.rs          layering and file sizes, read from the tree
//!   tests/tidy.rs        checks them
//!   tests/ppu_golden.rs  instruction set and simulator against tests/golden/ppu
//!   tests/engines.rs     evaluator, native code and PPU image on the emulated chip: the same bits
//!   tests/every_task.rs  each task on every engine and number of threads, and from checkpoints
//!   tests/engines_agree  random rules as text: every engine at every level, the same bits
//!   tests/readme.rs      every command of the README
//! ```

pub mod tidy;
