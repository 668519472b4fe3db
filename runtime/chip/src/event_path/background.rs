//! Background generators: eight sources of regular or random events on the chip.
//!
//! A generator counts down its period with the chip's clock. When the period is over, a regular one
//! emits its label; a random one draws 16 bits and emits if the low byte is at most its rate, with
//! the bits of its mask replaced by those of the high byte (haldls `background.h`). The generator of
//! the silicon is not published: this one is xorshift32 (Marsaglia 2003), which is linear and has
//! the full period of `2^32 - 1` too, but gives other events.

use borsh::{BorshDeserialize, BorshSerialize};
use pl_fixed::rng::xorshift32;

use super::label::Label;
use crate::convert::whole_u64;
use crate::time::TICKS_PER_S;

/// Settings of a background generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Generator {
    /// Ticks from event to event, or from draw to draw; 0 counts as 1. The first comes one period
    /// after the generator is switched on.
    pub period_ticks: u16,
    /// Whether it draws at the end of a period, or emits.
    pub random: bool,
    /// A draw emits with probability `(rate + 1) / 256`; 0 never.
    pub rate: u8,
    /// Seed of the draws; 0 counts as 1.
    pub seed: u32,
    /// Bits of the label, of its low eight, that each event draws anew.
    pub mask: u8,
    /// The label, of which the channel does not count.
    pub label: Label,
}

/// Values of a draw, of 256, that emit at the lowest rate but 0.
const LEAST_PASSED: u16 = 2;

impl Generator {
    /// A regular generator of about `rate_hz` events a second of hardware time.
    ///
    /// The period is the nearest whole number of ticks; rates from 3815 Hz to 250 MHz can be had,
    /// others give `None`.
    #[must_use]
    pub fn regular_at(rate_hz: f64, label: Label) -> Option<Generator> {
        let period = whole_u64((TICKS_PER_S as f64 / rate_hz).max(0.0));
        let period_ticks = u16::try_from(period).ok().filter(|&period| period > 0)?;
        Some(Generator { period_ticks, random: false, rate: 0, seed: 0, mask: 0, label })
    }

    /// A random generator of about `rate_hz` events a second of hardware time.
    ///
    /// Of the settings whose rate is within 1 % it has the one that draws most often, so that
    /// intervals are nearly exponential; where there is none, the one that is nearest. Rates from
    /// 30 Hz to 250 MHz can be had, others give `None`.
    #[must_use]
    pub fn random_at(rate_hz: f64, seed: u32, mask: u8, label: Label) -> Option<Generator> {
        let ticks = TICKS_PER_S as f64 / rate_hz;
        let longest = f64::from(u16::MAX);
        if !(1.0..=longest * 256.0 / f64::from(LEAST_PASSED)).contains(&ticks) {
            return None;
        }
        let setting = |passed: u16| {
            let period = (ticks * f64::from(passed) / 256.0).round_ties_even().clamp(1.0, longest);
            let error = (period * 256.0 / f64::from(passed) / ticks - 1.0).abs();
            (error, whole_u64(period), passed - 1)
        };
        let settings: Vec<(f64, u64, u16)> = (LEAST_PASSED..=256).map(setting).collect();
        let near = settings.iter().find(|(error, _, _)| *error <= 0.01);
        let nearest = || settings.iter().min_by(|a, b| a.0.total_cmp(&b.0));
        let &(_, period, rate) = near.or_else(nearest)?;
        let (period_ticks, rate) = (u16::try_from(period).ok()?, u8::try_from(rate).ok()?);
        Some(Generator { period_ticks, random: true, rate, seed, mask, label })
    }

    /// Mean events a second of hardware time.
    #[must_use]
    pub fn rate_hz(&self) -> f64 {
        let probability = match (self.random, self.rate) {
            (false, _) => 1.0,
            (true, 0) => 0.0,
            (true, rate) => (f64::from(rate) + 1.0) / 256.0,
        };
        probability * TICKS_PER_S as f64 / f64::from(self.period_ticks.max(1))
    }
}

/// A generator at work.
#[derive(Clone, Copy, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Running {
    pub(crate) settings: Generator,
    /// End of the present period.
    next: u64,
    state: u32,
}

impl Running {
    /// A generator that is switched on at `time`.
    pub(crate) fn start(settings: Generator, time: u64) -> Running {
        let next = time + u64::from(settings.period_ticks.max(1));
        Running { settings, next, state: settings.seed.max(1) }
    }

    /// End of the present period: no event comes before.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Gives the events before `until`, ascending.
    pub(crate) fn run(&mut self, until: u64, mut emit: impl FnMut(u64, Label)) {
        let Generator { period_ticks, random, rate, mask, label, .. } = self.settings;
        let period = u64::from(period_ticks.max(1));
        while self.next < until {
            let time = self.next;
            self.next += period;
            if !random {
                emit(time, label);
                continue;
            }
            self.state = xorshift32(self.state);
            let [draw, bits, ..] = self.state.to_le_bytes();
            if rate > 0 && draw <= rate {
                let replaced = u16::from(mask);
                emit(time, Label(label.0 & !replaced | u16::from(bits) & replaced));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(settings: Generator, until: u64) -> Vec<(u64, Label)> {
        let mut events = vec![];
        Running::start(settings, 0).run(until, |time, label| events.push((time, label)));
        events
    }

    #[test]
    fn a_regular_generator_emits_at_the_end_of_each_period() {
        let label = Label::new(0, 3, 5);
        let settings = Generator::regular_at(2.5e6, label).unwrap();
        assert_eq!(settings.period_ticks, 100);
        let expected: Vec<(u64, Label)> = (1..=9).map(|i| (100 * i, label)).collect();
        assert_eq!(events(settings, 1000), expected);
        assert_eq!(Generator::regular_at(1000.0, label), None);
        assert_eq!(Generator::regular_at(-1.0, label), None);
        assert_eq!(Generator::regular_at(f64::NAN, label), None);
    }

    #[test]
    fn rates_are_near_what_was_asked() {
        for rate_hz in [30.0, 1e3, 20e3, 160e3, 1.3e6, 5e6, 15e6] {
            let got = Generator::random_at(rate_hz, 1, 0, Label(0)).unwrap().rate_hz();
            assert!((got / rate_hz - 1.0).abs() <= 0.01, "{rate_hz} {got}");
        }
        assert_eq!(Generator::random_at(20.0, 1, 0, Label(0)), None);
        assert_eq!(Generator::random_at(f64::INFINITY, 1, 0, Label(0)), None);
        let all = Generator::random_at(250e6, 1, 0, Label(0)).unwrap();
        assert!(all.rate_hz() > 247e6);
    }

    /// Counts of windows: mean and variance agree with a Poisson process thinned by its bins, and
    /// intervals with the exponential (geometric) distribution.
    #[test]
    fn random_events_are_poisson() {
        let settings = Generator::random_at(500e3, 17, 0, Label(0)).unwrap();
        let p = (f64::from(settings.rate) + 1.0) / 256.0;
        let (window, windows) = (20_000, 20_000_u32);
        let all = events(settings, window * u64::from(windows) + 1);
        let mut counts = vec![0.0; windows as usize];
        for (time, _) in &all {
            counts[usize::try_from((time - 1) / window).unwrap()] += 1.0;
        }
        let n = f64::from(windows);
        let mean = counts.iter().sum::<f64>() / n;
        let variance = counts.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / n;
        let expected = settings.rate_hz() * window as f64 / TICKS_PER_S as f64;
        assert!((mean - expected).abs() < 4.0 * (expected / n).sqrt(), "{mean} {expected}");
        let ratio = variance / mean / (1.0 - p);
        assert!((ratio - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "{ratio}");
        // Chi-square of intervals, in periods: geometric, so below `k` with 1 - (1 - p)^(k - 1).
        let bounds = [1, 10, 25, 50, 75, 100, 150, 200, 300, 500, u64::MAX];
        let mut classes = [0.0; 10];
        for pair in all.windows(2) {
            let periods = (pair[1].0 - pair[0].0) / u64::from(settings.period_ticks);
            classes[bounds.partition_point(|bound| *bound <= periods) - 1] += 1.0;
        }
        let below = |k: u64| 1.0 - pl_fixed::real::pow(1.0 - p, k as f64 - 1.0);
        let intervals = (all.len() - 1) as f64;
        let expected = bounds.windows(2).map(|b| intervals * (below(b[1]) - below(b[0])));
        let chi = classes.iter().zip(expected).map(|(c, e)| (c - e) * (c - e) / e).sum::<f64>();
        // 9 degrees of freedom, one in ten thousand.
        assert!(chi < 33.7, "{chi} {classes:?}");
        // Neighbouring intervals are not correlated.
        let intervals: Vec<f64> = all.windows(2).map(|p| (p[1].0 - p[0].0) as f64).collect();
        let m = intervals.iter().sum::<f64>() / intervals.len() as f64;
        let square = intervals.iter().map(|x| (x - m) * (x - m)).sum::<f64>();
        let lagged = intervals.windows(2).map(|w| (w[0] - m) * (w[1] - m)).sum::<f64>();
        let r = lagged / square;
        assert!(r.abs() < 4.0 / (intervals.len() as f64).sqrt(), "{r}");
    }

    #[test]
    fn masked_bits_of_labels_are_uniform_and_others_stay() {
        let label = Label::new(0, 2, 0b11_0000);
        let settings = Generator::random_at(2e6, 5, 0x0f, label).unwrap();
        let all = events(settings, 4_000_000);
        let mut counts = [0.0; 16];
        for (_, emitted) in &all {
            assert_eq!(emitted.0 & !0xf, label.0);
            counts[usize::from(emitted.0 & 0xf)] += 1.0;
        }
        let each = all.len() as f64 / 16.0;
        let chi = counts.iter().map(|c| (c - each) * (c - each) / each).sum::<f64>();
        // 15 degrees of freedom, one in ten thousand.
        assert!(all.len() > 20_000 && chi < 44.3, "{chi}");
        // A draw decides both, yet label and interval are independent: even and odd labels have
        // the same mean interval.
        let mut sums = [(0.0, 0.0); 2];
        for pair in all.windows(2) {
            let (sum, n) = &mut sums[usize::from(pair[1].1.0 & 1)];
            *sum += (pair[1].0 - pair[0].0) as f64;
            *n += 1.0;
        }
        let [even, odd] = sums.map(|(sum, n): (f64, f64)| sum / n);
        assert!((even / odd - 1.0).abs() < 0.05, "{even} {odd}");
    }

    #[test]
    fn seeds_and_switches() {
        let random = |seed| Generator::random_at(1e6, seed, 0xff, Label(0)).unwrap();
        assert_eq!(events(random(0), 10_000), events(random(1), 10_000));
        assert_ne!(events(random(2), 10_000), events(random(1), 10_000));
        assert!(events(Generator { rate: 0, ..random(1) }, 100_000).is_empty());
        let fast = Generator { period_ticks: 0, ..Generator::regular_at(1e6, Label(0)).unwrap() };
        assert_eq!(events(fast, 5).len(), 4);
    }
}
