//! What a chip counts of its events, as numbers of the summary.

use crate::estimate::Usage;
use crate::outcome::Metric;
use pl_chip::{BUSES, Chip, HEMISPHERES};

/// Counts of a chip at the end of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    named: Vec<(&'static str, u64)>,
    /// What the chip has done.
    pub(crate) usage: Usage,
}

impl Counts {
    /// Of pulses that met at a synapse in one tick; of injected events, if there are any; and of
    /// the crossbar and the links, if they were used.
    pub(crate) fn of(chip: &Chip) -> Counts {
        let events = chip.event_counters();
        let sum = |counts: &[u64]| counts.iter().sum::<u64>();
        let mut counts = vec![("ties", (0..HEMISPHERES).map(|h| chip.ties(h)).sum())];
        if events.injected > 0 {
            counts.push(("events_injected", events.injected));
        }
        let (buses, links) = events.passed.split_at(HEMISPHERES * BUSES);
        let crossbar = [
            ("events_on_buses", sum(buses)),
            ("events_to_host", sum(links)),
            ("events_dropped_at_crossbar", sum(&events.dropped)),
            ("events_filtered_at_crossbar", sum(&events.filtered)),
        ];
        let host = [
            ("events_from_host", sum(&events.from_host)),
            ("events_dropped_at_links", sum(&events.dropped_at_link)),
        ];
        for group in [&crossbar[..], &host] {
            if group.iter().any(|(_, count)| *count > 0) {
                counts.extend(group);
            }
        }
        Counts { named: counts, usage: Usage::of(chip) }
    }

    /// Of several chips together.
    pub(crate) fn of_all<'c>(chips: impl Iterator<Item = &'c Chip>) -> Counts {
        let mut sum = Counts::default();
        for Counts { named, usage } in chips.map(Counts::of) {
            for (name, count) in named {
                match sum.named.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, sum)) => *sum += count,
                    None => sum.named.push((name, count)),
                }
            }
            sum.usage = [sum.usage, usage].into_iter().sum();
        }
        sum
    }

    /// The numbers, with `ending` after each name.
    pub(crate) fn metrics(&self, ending: &str) -> impl Iterator<Item = Metric> {
        let named = move |(name, count): &(&str, u64)| {
            Metric::new(format!("{name}{ending}"), *count as f64)
        };
        self.named.iter().map(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Experiment;
    use pl_chip::{InputEvent, Label, LinkEvent};

    fn names(counts: &Counts) -> Vec<(String, f64)> {
        counts.metrics("_x").map(|metric| (metric.name, metric.value)).collect()
    }

    #[test]
    fn only_what_was_used_is_counted() {
        let text = "name = 'x'
            [chip]
            crossbar = [{ from = 'link0', to = 'top0' }, { from = 'generator1', to = 'top1' }]
            generators = [{ generator = 1, rate_hz = 1e6 }]
            [rule.r]
            source = 'std:homeostasis_sign'
            [task]
            kind = 'rates'
            rules = ['r']
            source_hz = 1.0
            initial_weight = 0
            target_hz = 1.0
            band_hz = 1.0
            duration_ms = 1.0
            judged_ms = 1.0";
        let experiment = Experiment::parse(text, &[]).unwrap();
        let mut chip = Chip::new(&experiment.chip, 1);
        assert_eq!(names(&Counts::of(&chip)), [("ties_x".to_owned(), 0.0)]);
        let label = Label::new(0, 3, 1);
        chip.send_to_links(&[LinkEvent { time: 0, label }]);
        chip.send(0, 3, 0);
        let event = InputEvent { time: 0, hemisphere: 0, row: 0, address: 0 };
        chip.run_until(25_000, &[event]);
        let expected = [
            ("ties_x", 0.0),
            ("events_injected_x", 1.0),
            ("events_on_buses_x", 100.0),
            ("events_to_host_x", 0.0),
            ("events_dropped_at_crossbar_x", 0.0),
            ("events_filtered_at_crossbar_x", 0.0),
            ("events_from_host_x", 1.0),
            ("events_dropped_at_links_x", 0.0),
        ];
        assert_eq!(names(&Counts::of(&chip)), expected.map(|(name, n)| (name.to_owned(), n)));
    }
}
