//! How far each chip of a cluster may run before it has to wait for others.
//!
//! A run goes in rounds, between which threads meet. In a round each chip runs once, in the order of
//! their numbers within a thread: until the first event could come from a chip that has a link to it.
//! Around a ring of chips on one thread that is the delay of all its links together; where all are
//! linked with all, that of one.

/// Windows that a chip may be ahead of the slowest, which limits the events that wait.
const WINDOWS_AHEAD: u64 = 64;

/// The rounds of one run; every thread follows its own copy.
#[derive(Clone, Debug)]
pub(super) struct Rounds {
    /// Where each chip stands at the end of this round, and whether it runs in it.
    times: Vec<(u64, bool)>,
    /// Chips with a link to each.
    sources: Vec<Vec<usize>>,
    /// Chips a thread.
    share: usize,
    step: u64,
    window: u64,
    t_end: u64,
}

impl Rounds {
    /// Rounds from `start` to `t_end`, of threads that own `share` chips each. `window` is the time
    /// from the beginning of a step before which no spike of this step comes over a link;
    /// `destinations` names the chips that a chip, of as many as `chips`, has a link to.
    pub(super) fn new<I: Iterator<Item = usize>>(
        chips: usize,
        (start, t_end): (u64, u64),
        share: usize,
        (step, window): (u64, u64),
        destinations: impl Fn(usize) -> I,
    ) -> Rounds {
        let mut sources = vec![Vec::new(); chips];
        for chip in 0..chips {
            destinations(chip).for_each(|to| sources[to].push(chip));
        }
        Rounds { times: vec![(start, false); chips], sources, share, step, window, t_end }
    }

    /// Goes on to the next round; none is left if not.
    pub(super) fn advance(&mut self) -> bool {
        let before: Vec<u64> = self.times.iter().map(|(time, _)| *time).collect();
        let slowest = before.iter().copied().min().unwrap_or(self.t_end);
        let linked = self.sources.iter().any(|sources| !sources.is_empty());
        let ahead = if linked { WINDOWS_AHEAD * self.window } else { u64::MAX };
        let most = self.t_end.min(slowest.saturating_add(ahead));
        for chip in 0..before.len() {
            // Those of the same thread may have run before it in this round.
            let time = |&from: &usize| {
                let same_thread = from / self.share == chip / self.share;
                if same_thread { self.times[from].0 } else { before[from] }
            };
            let source = self.sources[chip].iter().map(time).min();
            let reach = source.map(|time| (time - time % self.step).saturating_add(self.window));
            let end = reach.unwrap_or(u64::MAX).min(most).max(before[chip]);
            self.times[chip] = (end, end > before[chip]);
        }
        slowest < self.t_end
    }

    /// Where a chip stands at the end of this round, if it runs in it.
    pub(super) fn end(&self, chip: usize) -> Option<u64> {
        let (time, runs) = self.times[chip];
        runs.then_some(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends of each round of four chips on `threads` threads, to tick 1000.
    fn ends(threads: usize, links: &[(usize, usize)]) -> Vec<Vec<u64>> {
        let mut rounds = Rounds::new(4, (5, 1000), 4 / threads, (10, 100), |chip| {
            links.iter().filter(move |link| link.0 == chip).map(|link| link.1)
        });
        let mut all = Vec::new();
        while rounds.advance() {
            all.push(rounds.times.iter().map(|(time, _)| *time).collect());
        }
        all
    }

    #[test]
    fn chips_without_links_run_through() {
        assert_eq!(ends(1, &[]), [[1000; 4]]);
    }

    #[test]
    fn round_a_ring_a_chip_runs_as_far_as_its_predecessor_and_a_delay_more() {
        let ring = [(0, 1), (1, 2), (2, 3), (3, 0)];
        let expected = [[100, 200, 300, 400], [500, 600, 700, 800], [900, 1000, 1000, 1000]];
        assert_eq!(ends(1, &ring)[..3], expected);
        // The first chips of both threads do not know how far the others come in the same round.
        assert_eq!(ends(2, &ring)[..2], [[100, 200, 100, 200], [300, 400, 300, 400]]);
    }

    #[test]
    fn nobody_passes_what_may_still_be_sent() {
        let all = (0..4).flat_map(|from| (0..4).map(move |to| (from, to)));
        let all: Vec<(usize, usize)> = all.filter(|(from, to)| from != to).collect();
        let one_way = [(0, 1), (0, 2), (2, 3)];
        for links in [&all[..], &one_way] {
            for threads in [1, 2, 4] {
                let rounds = ends(threads, links);
                assert_eq!(rounds.last(), Some(&vec![1000; 4]));
                let mut before = vec![5; 4];
                for now in rounds {
                    for (from, to) in links {
                        assert!(now[*to] <= now[*from] / 10 * 10 + 100);
                        // What this thread is not told in time, it does not count on.
                        let told = from * threads / 4 == to * threads / 4;
                        assert!(told || now[*to] <= before[*from] / 10 * 10 + 100);
                    }
                    before = now;
                }
            }
        }
    }
}
