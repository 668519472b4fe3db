//! The events that wait for one hemisphere.
//!
//! Stimuli come many at once and long before they act; events of the network itself come a few at
//! a time and act soon. The few are kept apart, so that neither is moved for the other.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::events::InputEvent;

/// Events that came late are merged with the others when there are more of them than this.
const LATE_MAX: usize = 256;

/// Events in the order in which they act.
#[derive(Clone, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct EventQueue {
    early: Run,
    /// Events that act before the last of `early`.
    late: Run,
    /// Both, of the present step; kept to reuse its memory.
    merged: Vec<InputEvent>,
}

/// Ascending events of which some have acted.
#[derive(Clone, Debug, Default, BorshSerialize, BorshDeserialize)]
struct Run {
    events: Vec<InputEvent>,
    done: usize,
}

impl Run {
    fn next(&self) -> Option<&InputEvent> {
        self.events.get(self.done)
    }

    fn waiting(&self) -> &[InputEvent] {
        &self.events[self.done..]
    }

    /// How many of those that wait are before `end`; few, as a rule.
    #[inline]
    fn count(&self, end: u64) -> usize {
        self.waiting().iter().take_while(|event| event.time < end).count()
    }

    /// Forgets what has acted when that is most of the memory.
    fn compact(&mut self) {
        if 2 * self.done >= self.events.len() {
            self.events.drain(..self.done);
            self.done = 0;
        }
    }

    fn sort(&mut self) {
        if !self.waiting().is_sorted() {
            self.events[self.done..].sort_unstable();
        }
    }
}

impl EventQueue {
    /// Adds events, in any order.
    pub(crate) fn extend(&mut self, events: impl Iterator<Item = InputEvent>) {
        self.early.compact();
        let old = self.early.events.len();
        let last = self.early.waiting().last().copied();
        self.early.events.extend(events);
        let new = &mut self.early.events[old..];
        if !new.is_sorted() {
            new.sort_unstable();
        }
        if last.is_some_and(|last| new.first().is_some_and(|first| *first < last)) {
            self.late.compact();
            self.late.events.extend(self.early.events.drain(old..));
            self.late.sort();
            if self.late.waiting().len() > LATE_MAX {
                self.early.events.extend(self.late.waiting());
                self.late = Run::default();
                self.early.sort();
            }
        }
    }

    /// When the next event acts; the end of time if none waits.
    #[inline]
    pub(crate) fn next_time(&self) -> u64 {
        let time = |run: &Run| run.next().map_or(u64::MAX, |event| event.time);
        time(&self.early).min(time(&self.late))
    }

    /// Takes the events before `end`, in order.
    #[inline]
    pub(crate) fn take_before(&mut self, end: u64) -> &mut [InputEvent] {
        let first = self.early.done;
        self.early.done += self.early.count(end);
        if self.late.next().is_none_or(|event| event.time >= end) {
            return &mut self.early.events[first..self.early.done];
        }
        self.take_merged(first, end)
    }

    fn take_merged(&mut self, first: usize, end: u64) -> &mut [InputEvent] {
        let first_late = self.late.done;
        self.late.done += self.late.count(end);
        self.merged.clear();
        self.merged.extend(&self.early.events[first..self.early.done]);
        self.merged.extend(&self.late.events[first_late..self.late.done]);
        self.merged.sort_unstable();
        &mut self.merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_fixed::rng::splitmix64;

    #[test]
    fn events_come_out_in_order_however_they_went_in() {
        for seed in 0..50 {
            let mut random = seed;
            let mut below = |n: u64| {
                random = splitmix64(random);
                random % n
            };
            let (mut queue, mut waiting, mut now) = (EventQueue::default(), vec![], 0);
            for _ in 0..200 {
                let reach = [10, 100, 10_000][usize::try_from(below(3)).unwrap()];
                let events: Vec<InputEvent> = (0..below(40))
                    .map(|_| InputEvent {
                        time: now + below(reach),
                        hemisphere: 0,
                        row: u8::try_from(below(256)).unwrap(),
                        address: 0,
                    })
                    .collect();
                queue.extend(events.iter().copied());
                waiting.extend(events);
                waiting.sort_unstable();
                assert_eq!(queue.next_time(), waiting.first().map_or(u64::MAX, |e| e.time));
                now += below(60);
                let n = waiting.partition_point(|event| event.time < now);
                assert_eq!(*queue.take_before(now), waiting[..n]);
                waiting.drain(..n);
            }
        }
    }
}
