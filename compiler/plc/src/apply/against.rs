//! Results beside recorded ones.

use super::capture::Capture;
use ndarray::{Array3, Axis};
use pl_driver::test_run::Bench;

/// How results differ from recorded ones.
#[derive(Default)]
pub(super) struct Against {
    lines: Vec<String>,
    /// Recorded weights, and how many differ.
    weights: [usize; 2],
    /// The same of addresses.
    addresses: [usize; 2],
    /// Events that differ, are missing or were not recorded.
    events: usize,
}

impl Against {
    pub(super) fn note(&mut self, capture: &Capture, bench: &Bench, update: usize) {
        let recorded = |array: &Array3<u8>| {
            (array.dim().0 > update + 1)
                .then(|| array.index_axis(Axis(0), update + 1).iter().copied().collect::<Vec<u8>>())
        };
        let events = capture.events.as_ref().map_or(0, |recorded| {
            let wanted = recorded.iter().filter(|(of, _)| *of == update).map(|(_, event)| event);
            let (wanted, found): (Vec<_>, Vec<_>) =
                (wanted.collect(), bench.effects.events.iter().collect());
            let same = wanted.iter().zip(&found).filter(|(a, b)| a == b).count();
            wanted.len().max(found.len()) - same
        });
        self.events += events;
        let Some(weights) = recorded(&capture.weights) else { return };
        let found = capture.inside(&bench.weights);
        let differences: Vec<u8> =
            found.iter().zip(&weights).map(|(a, b)| a.abs_diff(*b)).collect();
        let differing = differences.iter().filter(|difference| **difference != 0).count();
        let [recorded, addresses] =
            capture.addresses.as_ref().and_then(recorded).map_or([0, 0], |addresses| {
                let found = capture.inside(&bench.addresses);
                [found.len(), found.iter().zip(&addresses).filter(|(a, b)| a != b).count()]
            });
        let largest = differences.iter().max().copied().unwrap_or(0);
        self.lines
            .push(format!("{update:>8} {differing:>10} {largest:>10} {addresses:>12} {events:>8}"));
        self.weights = [self.weights[0] + differences.len(), self.weights[1] + differing];
        self.addresses = [self.addresses[0] + recorded, self.addresses[1] + addresses];
    }

    pub(super) fn print(&self) {
        if self.events > 0 {
            outln!("{} events differ from the recorded ones", self.events);
        }
        if self.lines.is_empty() {
            return;
        }
        outln!(
            "{:>8} {:>10} {:>10} {:>12} {:>8}",
            "update",
            "weights",
            "largest",
            "addresses",
            "events"
        );
        self.lines.iter().for_each(|line| outln!("{line}"));
        let [weights, differing] = self.weights;
        let addresses = match self.addresses {
            [0, _] => String::new(),
            [recorded, differing] => format!(" and {differing} of {recorded} addresses"),
        };
        outln!("{differing} of {weights} recorded weights{addresses} differ");
    }
}
