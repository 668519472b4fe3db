//! Loops in which a program waits: their rounds are counted instead of executed.

use borsh::{BorshDeserialize, BorshSerialize};
use pl_isa::Timing;

use crate::bus::Bus;
use crate::cpu::Cpu;

/// A loop in which a program does nothing but wait.
///
/// Whoever names it vouches for this: its rounds store nothing and read nothing but memory, the
/// time base and registers that each round sets before; while memory stays as it is they go the
/// same way, until the time base has come to the word at `until`, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WaitLoop {
    /// Address of the instruction that each round begins with.
    pub head: u32,
    /// Address of the word that the lower half of the time base is waited to reach.
    pub until: Option<u32>,
}

/// The core where a round began.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Round {
    head: u32,
    cycles: u64,
    instructions: u64,
    timing: Timing,
}

/// Rounds that need not be executed.
#[derive(Clone, Copy, Debug, BorshSerialize, BorshDeserialize)]
struct Rounds {
    cycles: u64,
    instructions: u64,
    count: u64,
}

/// What is known of the loops of a program.
#[derive(Clone, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct Waiting {
    loops: Vec<WaitLoop>,
    round: Option<Box<Round>>,
    ahead: Option<Rounds>,
}

impl Waiting {
    /// The loop that begins at an address.
    #[inline]
    pub(crate) fn at(&self, pc: u32) -> Option<WaitLoop> {
        self.loops.iter().copied().find(|wait| wait.head == pc)
    }
}

impl Cpu {
    /// Names the loops in which the program waits. [`Cpu::run_before`] then passes over their
    /// rounds once two of them have been the same, with the same outcome; it must be told by
    /// [`Cpu::look_again`] when anyone else has written to memory.
    pub fn set_wait_loops(&mut self, loops: &[WaitLoop]) {
        self.waiting = Waiting { loops: loops.to_vec(), ..Waiting::default() };
    }

    /// Whether any loops were named.
    #[must_use]
    pub fn has_wait_loops(&self) -> bool {
        !self.waiting.loops.is_empty()
    }

    /// Forgets what was known of the present round: memory may have changed. Returns whether rounds
    /// were to be passed over, so that the core acts sooner than it had said.
    pub fn look_again(&mut self) -> bool {
        self.waiting.round = None;
        self.waiting.ahead.take().is_some()
    }

    /// At the begin of a round: the cycle until which rounds need not be executed, if there is one.
    pub(crate) fn rounds_end<B: Bus>(&mut self, bus: &mut B, wait: WaitLoop) -> Option<u64> {
        let before = self.waiting.round.take();
        self.waiting.ahead = None;
        if let Some(before) = before.filter(|round| round.head == wait.head)
            && let Some(ahead) = self.rounds_like(&before, bus, wait)
        {
            let end = self.cycles().saturating_add(ahead.cycles.saturating_mul(ahead.count));
            self.waiting.round = Some(before);
            self.waiting.ahead = Some(ahead);
            return Some(end);
        }
        let (cycles, instructions) = (self.cycles(), self.instructions);
        let timing = self.timing()?.clone();
        let round = Round { head: wait.head, cycles, instructions, timing };
        self.waiting.round = Some(Box::new(round));
        None
    }

    /// The rounds ahead that are as the one since `before` was.
    fn rounds_like<B: Bus>(&self, before: &Round, bus: &mut B, wait: WaitLoop) -> Option<Rounds> {
        let cycles = self.timing()?.round_cycles(&before.timing)?;
        let undisturbed = self.cycles() - before.cycles == cycles
            && !self.interrupts.pending
            && self.wake_cycle() == u64::MAX;
        let count = self.rounds_until(bus, wait, cycles)?;
        let instructions = self.instructions - before.instructions;
        (undisturbed && count > 0).then_some(Rounds { cycles, instructions, count })
    }

    /// Rounds of so many cycles that end two rounds before the time that is waited for.
    fn rounds_until<B: Bus>(&self, bus: &mut B, wait: WaitLoop, cycles: u64) -> Option<u64> {
        let Some(until) = wait.until else { return Some(u64::MAX / cycles) };
        let [_, _, _, _, a, b, c, d] = self.timebase().to_be_bytes();
        let due = bus.fetch(until).ok()?;
        let left = due.wrapping_sub(u32::from_be_bytes([a, b, c, d])).cast_signed();
        Some((u64::try_from(left).ok()? / cycles).saturating_sub(2))
    }

    /// Passes over rounds that end at `limit` or before.
    pub(crate) fn pass_rounds(&mut self, limit: u64) {
        let Some(rounds) = self.waiting.ahead.take() else { return };
        let Some(round) = self.waiting.round.take() else { return };
        let count = (limit.saturating_sub(self.cycles()) / rounds.cycles).min(rounds.count);
        if let Some(timing) = self.timing_mut() {
            timing.go_rounds(&round.timing, count);
        }
        self.instructions += rounds.instructions * count;
        self.advance(rounds.cycles * count);
    }
}
