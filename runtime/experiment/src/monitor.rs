//! How a run tells how far it is, and is told to stop.

/// Watches a run; called from several threads.
pub trait Monitor: Sync {
    /// So many more units of work are done, of those the job announced.
    fn advance(&self, units: u64);

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
