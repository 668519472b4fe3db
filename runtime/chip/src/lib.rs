//! Emulator of the BrainScaleS-2 chip: synapses, correlation sensors, neurons and their readout.
//!
//! ```text
//!  InputEvent ─► synapse_array ─► neurons ─► Spike           events.rs   sources of events
//!                      │             │                        config.rs   every parameter
//!                      ▼             ▼                        mismatch.rs fixed differences
//!                  correlation ◄─────┘                        noise.rs    readings and resets
//!                      │                                      lanes.rs    the vector loops
//!                      ▼
//!                    adc ─► codes            adex.rs      richer neurons instead, structure.rs
//!                                            perceptron.rs neurons as multipliers instead
//!                                            hemisphere.rs joins these; chip.rs is the face
//!                                            cluster.rs joins chips
//! ```
//!
//! Invariants: one seed decides everything; mismatch and noise are pure functions of (seed, place,
//! time), never of the order of calls; the same calls give the same bits on every processor. Time
//! is one integer clock of 4 ns ticks. No files, no environment, no output.
//!
//! Start with [`Chip`] and [`ChipConfig`].

mod adc;
mod adex;
mod chip;
mod circuits;
mod cluster;
pub mod config;
mod convert;
mod cores;
mod correlation;
mod drivers;
mod event_path;
pub mod events;
mod external_memory;
mod generators;
mod hemisphere;
mod lanes;
pub mod memory_map;
mod mismatch;
mod neurons;
mod noise;
mod perceptron;
mod ppu;
mod ppu_bus;
mod queue;
mod short_term;
mod structure;
mod synapse_array;
pub mod time;

pub use adex::AdexParameters;
pub use chip::Chip;
pub use cluster::{CHIPS, Cluster, InProcess, LinkCounters, Transport};
pub use config::{ChipConfig, ConfigError, Profile};
pub use correlation::{Branch, Reference, ReferenceStep};
pub use drivers::{BUSES, DRIVERS, Driver, RowMode};
pub use event_path::{
    CHANNELS, CrossbarInput, CrossbarOutput, DriversConfig, EventCounters, EventPathConfig,
    GENERATORS, Generator, GeneratorConfig, Label, LabelsConfig, LinkEvent, Node, NodesConfig,
    ShortTermConfig,
};
pub use events::{InputEvent, Spike, Target};
pub use external_memory::ExternalMemory;
pub use mismatch::CALIBRATION_STEPS;
pub use neurons::NeuronParameters;
pub use perceptron::INPUTS;
pub use ppu_bus::PpuBus;
pub use short_term::ShortTerm;
pub use structure::{Compartment, CompartmentConfig, Join, JoinConfig, StructureConfig};
pub use synapse_array::{column_of_lane, half_row};

/// Number of hemispheres.
pub const HEMISPHERES: usize = 2;
/// Synapse rows of a hemisphere.
pub const ROWS: usize = pl_fixed::chip::ROWS as usize;
/// Columns of a hemisphere: synapses of a row, and neurons.
pub const COLUMNS: usize = pl_fixed::chip::COLUMNS as usize;
