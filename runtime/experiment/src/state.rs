//! States as bytes, from which a run can go on later.

mod checkpoint;

pub use checkpoint::{Checkpoint, CheckpointError, Identity};

use crate::engine::EngineError;
use crate::monitor::{Monitor, Occasion, Part};
use borsh::{BorshDeserialize, BorshSerialize};

/// A state as bytes.
///
/// # Errors
/// If it holds what is no number.
pub fn to_bytes(state: &impl BorshSerialize) -> Result<Vec<u8>, EngineError> {
    borsh::to_vec(state)
        .map_err(|error| EngineError::new(format!("the state cannot be kept: {error}")))
}

/// The state that [`to_bytes`] made bytes of.
///
/// # Errors
/// If the bytes are no such state.
pub fn from_bytes<S: BorshDeserialize>(bytes: &[u8]) -> Result<S, EngineError> {
    borsh::from_slice(bytes)
        .map_err(|error| EngineError::new(format!("this is no state of the run: {error}")))
}

/// Keeps the state of one part of a run.
pub(crate) struct Keeper<'a> {
    monitor: &'a dyn Monitor,
    part: Part,
}

impl<'a> Keeper<'a> {
    /// Keeps the part of this name of the run of a seed.
    pub(crate) fn new(monitor: &'a dyn Monitor, seed: u64, name: &str) -> Keeper<'a> {
        Keeper { monitor, part: Part { seed, name: name.to_owned() } }
    }

    /// The state that a run before this one kept.
    pub(crate) fn kept<S: BorshDeserialize>(&self) -> Result<Option<S>, EngineError> {
        self.monitor.kept(&self.part).map(|bytes| from_bytes(&bytes)).transpose()
    }

    /// Offers a state on the way.
    pub(crate) fn pass(&self, state: &dyn Fn() -> Result<Vec<u8>, EngineError>) -> Kept {
        self.monitor.keep(&self.part, Occasion::Passing, state)
    }

    /// Offers the state at which the part ends, or is interrupted.
    pub(crate) fn last(&self, state: &dyn Fn() -> Result<Vec<u8>, EngineError>) -> Kept {
        self.monitor.keep(&self.part, Occasion::Last, state)
    }
}

/// What an offer comes to.
type Kept = Result<(), EngineError>;
