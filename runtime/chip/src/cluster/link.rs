//! A link from one chip to another: delay, bandwidth and loss.

use std::ops::Add;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::config::LinkConfig;
use crate::convert::{low_word, single, whole_u32, whole_u64};
use crate::event_path::Line;
use crate::noise::{Key, Purpose, place};
use crate::time::ticks_from_us;

/// What became of the events that were to take a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LinkCounters {
    /// Events that arrived, or will.
    pub sent: u64,
    /// Events that found the link's queue full.
    pub dropped: u64,
    /// Events that were lost on the way.
    pub lost: u64,
}

impl Add for LinkCounters {
    type Output = LinkCounters;

    fn add(self, other: LinkCounters) -> LinkCounters {
        LinkCounters {
            sent: self.sent + other.sent,
            dropped: self.dropped + other.dropped,
            lost: self.lost + other.lost,
        }
    }
}

/// One link.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Link {
    line: Line,
    /// Shortest delay, and how much longer it may be, ticks.
    delay: u64,
    spread: u32,
    loss: f32,
    key: Key,
    lost: u64,
}

impl Link {
    /// A link between two chips, whose losses and jitter `seed` selects.
    pub(crate) fn new(config: &LinkConfig, step: u64, seed: u64, ends: (usize, usize)) -> Link {
        let (from, to) = ends;
        let delay = Link::shortest_delay(config, step);
        let longest = ticks_from_us(config.delay_us + config.jitter_us);
        Link {
            line: Line::new(ticks_from_us(config.interval_us), whole_u64(config.queue)),
            delay,
            spread: low_word(longest.saturating_sub(delay)),
            loss: single(config.loss),
            key: Key::new(seed, Purpose::Link, place(from, to, 0), 0),
            lost: 0,
        }
    }

    /// The shortest delay of links of this kind in ticks: at least a step.
    pub(crate) fn shortest_delay(config: &LinkConfig, step: u64) -> u64 {
        ticks_from_us(config.delay_us - config.jitter_us).max(step)
    }

    /// When an event that is sent at `time` arrives, if it does. Times never decrease from call to
    /// call.
    pub(crate) fn carry(&mut self, time: u64) -> Option<u64> {
        let start = self.line.accept(time)?;
        // Two numbers for each event that enters.
        let lane = low_word(self.line.passed).wrapping_mul(2);
        if self.key.uniform(lane) < self.loss {
            self.lost += 1;
            return None;
        }
        let jitter = self.key.uniform(lane.wrapping_add(1)) * (self.spread as f32 + 1.0);
        let jitter = u64::from(whole_u32(f64::from(jitter.floor())).min(self.spread));
        Some(start + self.delay + jitter)
    }

    pub(crate) fn counters(&self) -> LinkCounters {
        let Line { passed, dropped, .. } = self.line;
        LinkCounters { sent: passed - self.lost, dropped, lost: self.lost }
    }
}
