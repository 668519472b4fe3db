//! A line that carries one event at a time, with a queue before it.

use borsh::{BorshDeserialize, BorshSerialize};

/// A link, or an output of the crossbar.
#[derive(Clone, Copy, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Line {
    /// Ticks from one event to the next; 0 for a line without limit.
    interval: u64,
    /// Events that may wait.
    places: u64,
    /// When the line is free again.
    free: u64,
    pub(crate) passed: u64,
    pub(crate) dropped: u64,
}

impl Line {
    pub(crate) fn new(interval: u64, places: u64) -> Line {
        Line { interval, places, free: 0, passed: 0, dropped: 0 }
    }

    /// When an event that comes at `time` is on the line; `None` if the queue is full and it is
    /// lost. Times never decrease from call to call.
    pub(crate) fn accept(&mut self, time: u64) -> Option<u64> {
        if self.interval > 0 && self.free > time {
            // The line is busy; all but one of those before this event wait.
            let waiting = (self.free - time).div_ceil(self.interval) - 1;
            if waiting >= self.places {
                self.dropped += 1;
                return None;
            }
        }
        let start = time.max(self.free);
        self.free = start + self.interval;
        self.passed += 1;
        Some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_wait_their_turn_and_are_dropped_when_the_queue_is_full() {
        let mut line = Line::new(2, 3);
        let starts: Vec<Option<u64>> = (0..6).map(|_| line.accept(10)).collect();
        assert_eq!(starts, [Some(10), Some(12), Some(14), Some(16), None, None]);
        assert_eq!((line.passed, line.dropped), (4, 2));
        // At 12 the second is on the line and two wait.
        assert_eq!(line.accept(12), Some(18));
        assert_eq!(line.accept(100), Some(100));
    }

    #[test]
    fn at_most_one_event_an_interval_passes_whatever_the_load() {
        for places in [0, 1, 7] {
            let mut line = Line::new(2, places);
            let starts: Vec<u64> = (0..1000).filter_map(|t| line.accept(t)).collect();
            assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= 2));
            assert_eq!(starts.len() as u64, line.passed);
            assert!(line.passed.abs_diff(500) <= places + 1);
            assert_eq!(line.passed + line.dropped, 1000);
        }
    }

    #[test]
    fn a_line_without_limit_passes_everything_at_once() {
        let mut line = Line::new(0, 0);
        assert!((0..50).all(|_| line.accept(5) == Some(5)));
        assert_eq!(line.dropped, 0);
    }
}
