//! How a run tells how far it is and what it has come to, and is told to stop.

use crate::engine::EngineError;

/// A part of a run whose state is kept by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Seed of the run.
    pub seed: u64,
    /// What the task calls the part; empty if it has only one.
    pub name: String,
}

/// When a state is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// On the way: it need not be kept.
    Passing,
    /// At the end of the part, or of what was done of it.
    Last,
}

/// Watches a run; called from several threads.
pub trait Monitor: Sync {
    /// So many more units of work are done, of those the job announced.
    fn advance(&self, units: u64);

    /// So many units of work were done by a run before this one, from whose state a part goes on.
    fn go_on(&self, units: u64) {
        self.advance(units);
    }

    /// Whether to stop at the next opportunity, keeping what there is.
    fn interrupted(&self) -> bool;

    /// Seconds of the machine's clock since some moment, for [`crate::outcome::Outcome::timings`]. By
    /// default the clock stands still.
    fn clock_s(&self) -> f64 {
        0.0
    }

    /// Something to look at while the job runs: `draw` gives lines of text, with the colours of a
    /// terminal of 256. It is asked for at the monitor's pace; by default never.
    fn show(&self, _draw: &dyn Fn() -> Vec<String>) {}

    /// The state that a run before this one kept of a part, to go on from; by default none.
    fn kept(&self, _part: &Part) -> Option<Vec<u8>> {
        None
    }

    /// Offers the state of a part, which is made if it is to be kept; by default it is not.
    ///
    /// # Errors
    /// If the state cannot be made.
    fn keep(
        &self,
        _part: &Part,
        _occasion: Occasion,
        _state: &dyn Fn() -> Result<Vec<u8>, EngineError>,
    ) -> Result<(), EngineError> {
        Ok(())
    }
}

/// Watches nothing and never interrupts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Monitor for Unwatched {
    fn advance(&self, _units: u64) {}

    fn interrupted(&self) -> bool {
        false
    }
}
