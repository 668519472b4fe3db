//! How events get from one chip to another.

use std::fmt;
use std::sync::{Barrier, Mutex, PoisonError};

use crate::events::InputEvent;

/// Moves events between chips. Delay, bandwidth and loss are not its business: the events' times
/// are those of their arrival.
///
/// A run goes in rounds. In each, every thread receives for its chips, runs them and sends what they
/// sent, one chip after the other, then meets the others. What a thread has sent it can receive at
/// once; what others send it receives in the same round or the next, before it acts.
pub trait Transport: Sync {
    /// A run of `chips` on this number of threads begins; events that were sent before and not
    /// received stay.
    fn begin(&mut self, chips: usize, threads: usize);

    /// Takes events for a chip.
    fn send(&self, to: usize, events: &[InputEvent]);

    /// Gives up all events that were sent to a chip and not yet received, in any order.
    fn receive(&self, chip: usize) -> Vec<InputEvent>;

    /// Waits until all threads have come here, and everything they sent can be received.
    fn meet(&self);
}

/// Chips in one process: a box of events a chip.
#[derive(Default)]
pub struct InProcess {
    boxes: Vec<Mutex<Vec<InputEvent>>>,
    /// None for a thread that is alone.
    barrier: Option<Barrier>,
}

impl InProcess {
    fn with_box<R>(&self, chip: usize, work: impl FnOnce(&mut Vec<InputEvent>) -> R) -> R {
        // Nothing panics while it holds a box.
        work(&mut self.boxes[chip].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clone for InProcess {
    fn clone(&self) -> InProcess {
        let boxes = 0..self.boxes.len();
        let boxes = boxes.map(|chip| Mutex::new(self.with_box(chip, |events| events.clone())));
        InProcess { boxes: boxes.collect(), barrier: None }
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("boxes", &self.boxes).finish_non_exhaustive()
    }
}

impl Transport for InProcess {
    fn begin(&mut self, chips: usize, threads: usize) {
        self.boxes.resize_with(chips, Mutex::default);
        self.barrier = (threads > 1).then(|| Barrier::new(threads));
    }

    fn send(&self, to: usize, events: &[InputEvent]) {
        self.with_box(to, |waiting| waiting.extend_from_slice(events));
    }

    fn receive(&self, chip: usize) -> Vec<InputEvent> {
        self.with_box(chip, std::mem::take)
    }

    fn meet(&self) {
        if let Some(barrier) = &self.barrier {
            barrier.wait();
        }
    }
}
