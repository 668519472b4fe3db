//! Events that enter the synapse array, spikes that leave it, and sources of events.
//!
//! A source is a function, not an object with a past: the events of an interval depend on the
//! seed, the source's number and the interval's start only. Sources may be generated in any order
//! and on any thread.

use borsh::{BorshDeserialize, BorshSerialize};
use pl_fixed::real;

use crate::convert::{low_byte, whole_u64};
use crate::noise::{Key, Purpose};
use crate::time::TICKS_PER_S;

/// An event on one synapse row, as it arrives at the synapses.
///
/// Ordered by time, then place, which is the order in which simultaneous events act.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct InputEvent {
    /// Arrival in ticks of 4 ns.
    pub time: u64,
    /// 0 top, 1 bottom.
    pub hemisphere: u8,
    /// Synapse row, 0 to 255; driver `row / 2` owns it.
    pub row: u8,
    /// Synapses of this 6-bit address answer; the two high bits are ignored.
    pub address: u8,
}

impl InputEvent {
    /// The events of a driver that forwards one event to both of its rows.
    #[must_use]
    pub fn on_driver(time: u64, hemisphere: u8, driver: u8, address: u8) -> [InputEvent; 2] {
        [0, 1].map(|side| InputEvent { time, hemisphere, row: (driver << 1) | side, address })
    }
}

/// A spike of a neuron.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Spike {
    /// When the membrane crossed threshold, ticks of 4 ns.
    pub time: u64,
    /// 0 top, 1 bottom.
    pub hemisphere: u8,
    /// Column of the neuron.
    pub column: u8,
}

/// Where a source's events go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Target {
    /// 0 top, 1 bottom.
    pub hemisphere: u8,
    /// Synapse row.
    pub row: u8,
    /// Address of the events.
    pub address: u8,
}

impl Target {
    /// An event at `time`.
    #[must_use]
    pub fn event(self, time: u64) -> InputEvent {
        let Target { hemisphere, row, address } = self;
        InputEvent { time, hemisphere, row, address }
    }
}

/// Appends the events of Poisson source `source` in `from..to` at `rate_hz` events a second of
/// hardware time (1000 times the biological rate), ascending.
///
/// The first interval starts at `from`, which a Poisson process, having no memory, allows; so the
/// rate may change from one call to the next. Rates that are not positive give no events.
pub fn poisson(
    seed: u64,
    source: u64,
    target: Target,
    rate_hz: f64,
    from: u64,
    to: u64,
    events: &mut Vec<InputEvent>,
) {
    if rate_hz.is_nan() || rate_hz <= 0.0 {
        return;
    }
    let key = Key::new(seed, Purpose::Source, source, from);
    let mean_ticks = TICKS_PER_S as f64 / rate_hz;
    let length = to.saturating_sub(from) as f64;
    let mut t = 0.0;
    let mut draw = 0_u32;
    loop {
        // A uniform number in 0..1 without its ends.
        let uniform = (f64::from(key.bits(draw)) + 0.5) / 4_294_967_296.0;
        draw = draw.wrapping_add(1);
        t -= mean_ticks * real::ln(uniform);
        if t >= length {
            return;
        }
        events.push(target.event(from + whole_u64(t.floor())));
    }
}

/// Appends the events of a regular source in `from..to`: at `phase`, `phase + period`, ...
///
/// A period of 0 gives no events.
pub fn regular(
    target: Target,
    period: u64,
    phase: u64,
    from: u64,
    to: u64,
    events: &mut Vec<InputEvent>,
) {
    if period == 0 {
        return;
    }
    let skipped = from.saturating_sub(phase).div_ceil(period);
    let mut time = phase + skipped * period;
    while time < to {
        events.push(target.event(time));
        time += period;
    }
}

/// Index of an entity as the byte that events and spikes carry.
pub(crate) const fn index_byte(index: usize) -> u8 {
    low_byte(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target = Target { hemisphere: 1, row: 7, address: 9 };

    #[test]
    fn poisson_intervals_are_exponential_and_counts_have_equal_mean_and_variance() {
        let (rate_hz, window) = (40e3, 50_000);
        let mut counts = vec![];
        let mut squared_intervals = 0.0;
        let mut intervals = 0.0;
        let mut n = 0.0;
        for source in 0..20_000 {
            let mut events = vec![];
            poisson(11, source, TARGET, rate_hz, 1_000, 1_000 + window, &mut events);
            counts.push(events.len() as f64);
            if let [first, ..] = events[..] {
                let x = (first.time - 1_000) as f64;
                intervals += x;
                squared_intervals += x * x;
                n += 1.0;
            }
        }
        let expected = rate_hz * window as f64 / TICKS_PER_S as f64;
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        let variance =
            counts.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / counts.len() as f64;
        // Four standard errors.
        let error = 4.0 * (expected / counts.len() as f64).sqrt();
        assert!((mean - expected).abs() < error, "{mean} {expected}");
        assert!((variance / expected - 1.0).abs() < 4.0 * (2.0 / counts.len() as f64).sqrt());
        // First events of an interval of eight means: nearly exponential, so deviation = mean.
        let mean = intervals / n;
        let deviation = (squared_intervals / n - mean * mean).sqrt();
        assert!((deviation / mean - 1.0).abs() < 0.05, "{mean} {deviation}");
    }

    #[test]
    fn sources_depend_on_seed_number_and_start_only() {
        let events = |seed, source, from| {
            let mut events = vec![];
            poisson(seed, source, TARGET, 1e5, from, from + 100_000, &mut events);
            assert!(events.is_sorted());
            events
        };
        assert_eq!(events(1, 2, 3), events(1, 2, 3));
        assert_ne!(events(1, 2, 3), events(2, 2, 3));
        assert_ne!(events(1, 2, 3), events(1, 3, 3));
        assert_ne!(events(1, 2, 3)[0].time - 3, events(1, 2, 4)[0].time - 4);
    }

    #[test]
    fn regular_source_keeps_its_phase_over_windows() {
        let times = |from, to| {
            let mut events = vec![];
            regular(TARGET, 30, 5, from, to, &mut events);
            events.iter().map(|e| e.time).collect::<Vec<_>>()
        };
        assert_eq!(times(0, 100), [5, 35, 65, 95]);
        assert_eq!([times(0, 35), times(35, 100)].concat(), times(0, 100));
        assert!(times(0, 5).is_empty());
    }
}
