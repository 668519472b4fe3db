//! Rounds of a loop that all take the same time.

use super::{PARTS, Timing};

impl Timing {
    /// Cycles of a round, if it brought the pipelines from `earlier` to the same state later: what
    /// lay ahead lies as far ahead, and what was over is untouched.
    ///
    /// Times are sums and maxima in which the front end's takes part, so one that is over has no
    /// say again, and the next round of the same instructions takes as long.
    #[must_use]
    pub fn round_cycles(&self, earlier: &Timing) -> Option<u64> {
        let round = self.slot.checked_sub(earlier.slot).filter(|round| *round > 0)?;
        let same = self.branches == earlier.branches
            && self.jumped == earlier.jumped
            && self.stored.0 == earlier.stored.0
            && self.port_taken == earlier.port_taken
            && self.port_taken.is_none_or(|time| time <= earlier.slot);
        let mut times = self.times().zip(earlier.times());
        let moved = times.all(|(now, before)| {
            now == before + round || (now == before && before <= earlier.slot)
        });
        (same && moved && round.is_multiple_of(PARTS)).then_some(round / PARTS)
    }

    /// Goes as many rounds further as [`Timing::round_cycles`] found from `earlier` to here.
    pub fn go_rounds(&mut self, earlier: &Timing, rounds: u64) {
        let further = (self.slot - earlier.slot) * rounds;
        for (now, before) in self.times_mut().into_iter().zip(earlier.times()) {
            if *now != before {
                *now += further;
            }
        }
    }

    /// The times of [`Timing::times`] in the same order.
    fn times_mut(&mut self) -> Vec<&mut u64> {
        let Timing {
            parameters: _,
            slot,
            general,
            condition,
            special,
            vectors,
            conditions,
            units,
            started,
            port_taken: _,
            left,
            drained,
            loaded,
            accessed,
            port_free,
            stored: (_, stored),
            branches: _,
            jumped: _,
        } = self;
        let mut times = vec![slot, condition, special, drained, loaded, port_free, stored];
        let many = [&mut general[..], units, left, accessed];
        times.extend(many.into_iter().flatten());
        times.extend(started.iter_mut().flatten());
        let registers = vectors.iter_mut().chain([conditions]);
        times.extend(registers.flat_map(|register| [&mut register.read, &mut register.write]));
        times
    }
}
