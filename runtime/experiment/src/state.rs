//! States as bytes, from which a run can go on later.

mod checkpoint;

pub use checkpoint::{Checkpoint, CheckpointError, Identity};

use crate::chips::Chips;
use crate::engine::EngineError;
use crate::monitor::{Monitor, Occasion, Part};
use crate::plasticity::Plasticity;
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

    /// Offers a state.
    pub(crate) fn offer(
        &self,
        occasion: Occasion,
        state: &dyn Fn() -> Result<Vec<u8>, EngineError>,
    ) -> Result<(), EngineError> {
        self.monitor.keep(&self.part, occasion, state)
    }

    /// The chips, such as `make` makes, and the progress that a run before this one kept, with the
    /// rules in the state of that time.
    pub(crate) fn kept_chips<C: Chips, P: BorshDeserialize>(
        &self,
        rules: &mut Plasticity,
        make: impl FnOnce() -> C,
    ) -> Result<Option<(C, P)>, EngineError> {
        let Some((chips, kept, progress)) = self.kept::<(Vec<u8>, Vec<u8>, P)>()? else {
            return Ok(None);
        };
        rules.restore(&kept)?;
        Ok(Some((C::restore(make, &chips)?, progress)))
    }

    /// Offers the state of chips, of the rules at work on them, and the progress of the task.
    pub(crate) fn offer_chips(
        &self,
        occasion: Occasion,
        chips: &impl Chips,
        rules: &Plasticity,
        progress: &impl BorshSerialize,
    ) -> Result<(), EngineError> {
        self.offer(occasion, &|| to_bytes(&(chips.save()?, rules.save()?, progress)))
    }
}
