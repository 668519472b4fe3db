//! Experiments: chips, stimuli, tasks, recordings and results.
//!
//! ```text
//!   experiment.toml --config--> Experiment --task--> chips, stimuli, readout --> Outcome
//!                                              |                       arrays, metrics, pictures
//!   engine.rs      what a task needs of a rule +-- one update at a time, on the chip
//!   plasticity.rs  the rules of a chip, in no time or in the chip's time
//! ```
//!
//! Invariants: rules are known only through [`engine`]; the same experiment, seed and engine give
//! the same bytes, whatever the number of threads; no files, clock or console: the caller reads
//! ([`data::ReadFile`]), measures and writes ([`outcome::Outcome`]).

pub mod archive;
pub mod calibration;
pub mod chips;
pub mod config;
mod counts;
pub mod data;
pub mod encode;
pub mod engine;
pub mod estimate;
pub mod figure;
pub mod inputs;
pub mod membranes;
pub mod monitor;
pub mod outcome;
pub mod plasticity;
pub mod ppu_image;
pub mod records;
pub mod state;
mod stepwise;
pub mod task;

pub use config::{ConfigError, Experiment};
pub use monitor::{Monitor, Occasion, Part, Unwatched};
pub use outcome::Outcome;
