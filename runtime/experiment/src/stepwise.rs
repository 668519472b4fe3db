//! A run in steps on one chip or several: between two of them its state is offered, and it may be interrupted.

use crate::chips::Chips;
use crate::engine::{EngineError, RuleInfo};
use crate::monitor::{Monitor, Occasion};
use crate::plasticity::Plasticity;
use crate::state::Keeper;
use borsh::{BorshDeserialize, BorshSerialize};
use pl_chip::Chip;

/// The time from one update of a rule to the next, ticks.
#[derive(Clone, Copy, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct Period {
    pub(crate) from: u64,
    /// When the update that ends it is due.
    pub(crate) until: u64,
}

impl Period {
    /// From the begin of the rule's schedule to its first update.
    pub(crate) fn first(begun: u64, rule: &RuleInfo) -> Period {
        Period { from: begun, until: begun + rule.phase_ticks }
    }

    /// The one after this.
    pub(crate) fn next(self, rule: &RuleInfo) -> Period {
        Period { from: self.until, until: self.until + rule.period_ticks }
    }

    pub(crate) fn ticks(self) -> u64 {
        self.until - self.from
    }
}

/// A chip, or several, the rules at work there, and how far the task has come.
pub(crate) struct Stepwise<'a, P, C = Chip> {
    pub(crate) chip: C,
    pub(crate) rules: Plasticity,
    pub(crate) progress: P,
    /// Units of work that are done, as told to [`Monitor::advance`].
    units: u64,
    monitor: &'a dyn Monitor,
    keeper: Keeper<'a>,
}

impl<'a, P: BorshSerialize + BorshDeserialize, C: Chips> Stepwise<'a, P, C> {
    /// The part `name` of the run of a seed: goes on from what a run before this one kept of it, or
    /// begins on `chip`, with the progress that `begin` gives once the rules are started there.
    pub(crate) fn open(
        monitor: &'a dyn Monitor,
        (seed, name): (u64, &str),
        mut rules: Plasticity,
        chip: impl Fn() -> C,
        begin: impl FnOnce(&C, &Plasticity) -> P,
    ) -> Result<Stepwise<'a, P, C>, EngineError> {
        let keeper = Keeper::new(monitor, seed, name);
        let (chip, (units, progress)) = match keeper.kept_chips(&mut rules, &chip)? {
            Some(kept) => kept,
            None => {
                let mut chip = chip();
                rules.start(&mut chip)?;
                chip.forget_spikes();
                let progress = begin(&chip, &rules);
                (chip, (0, progress))
            }
        };
        monitor.go_on(units);
        Ok(Stepwise { chip, rules, progress, units, monitor, keeper })
    }

    /// Takes steps as long as some are left and nobody interrupts, then ends the rules' schedules. A
    /// step returns the units of work that it did.
    pub(crate) fn run(
        &mut self,
        left: impl Fn(&P) -> bool,
        mut step: impl FnMut(&mut C, &mut Plasticity, &mut P) -> Result<u64, EngineError>,
    ) -> Result<(), EngineError> {
        while left(&self.progress) && !self.monitor.interrupted() {
            let units = step(&mut self.chip, &mut self.rules, &mut self.progress)?;
            self.units += units;
            self.monitor.advance(units);
            self.offer(Occasion::Passing)?;
        }
        self.offer(Occasion::Last)?;
        self.rules.finish(&mut self.chip)
    }

    fn offer(&self, occasion: Occasion) -> Result<(), EngineError> {
        let progress = (self.units, &self.progress);
        self.keeper.offer_chips(occasion, &self.chip, &self.rules, &progress)
    }
}
