//! Tests across crates, and what they share.
//!
//! ```text
//!   src/tidy.rs              layering and file sizes, read from the tree
//!   tests/tidy.rs            checks them
//!   tests/engines            evaluator, native code and PPU image on the emulated chip: the same bits
//!   tests/engines_agree      random rules as text: every engine at every level, the same bits
//!   tests/every_task.rs      each task on every engine and number of threads, and from checkpoints
//!   tests/experiments.rs     the examples in short: learning where it is to be seen
//!   tests/library.rs         the test blocks of the library; tests/library_golden.rs its golden runs
//!   tests/cycles.rs          what schedules gain; tests/chip_time.rs updates in the chip's time
//!   tests/full_records.rs    record buffers that are full
//!   tests/fuzz.rs            damaged inputs of every kind
//!   tests/peer_simulator.rs  the chip beside Brian2
//! ```

pub mod tidy;
