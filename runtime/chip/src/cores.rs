//! The cores of both PPUs in the chip's time.
//!
//! A core runs while bit 0 of its control register is set, from address 0 on, a cycle a tick, with
//! the cycle model of [`pl_iss`] and the latencies of the chip. Within a step of the network its
//! accesses see the network as it stood when the step began, and each acts at its own tick; what a
//! program writes is there for every event from that step on. Accesses of both cores act in the
//! order of their ticks, that of the top core first in the same tick.

use borsh::{BorshDeserialize, BorshSerialize};
use pl_iss::{Cpu, TimingParameters, Trap, WaitLoop};

use crate::HEMISPHERES;
use crate::chip::Chip;

/// Bit of the control register that lets the core run (ppu-isa reference, 4.2).
const RUN: u32 = 1;

/// A core that runs.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Core {
    cpu: Cpu,
    /// Tick of its cycle 0.
    origin: u64,
    /// Tick at which its next instruction acts; [`u64::MAX`] if none ever does.
    next: u64,
    trap: Option<Trap>,
}

impl Chip {
    /// Writes the control register of a PPU: bit 0 lets its core run, from address 0 on, until the
    /// bit is cleared, which resets the core. The core runs while the chip's time passes.
    pub fn set_ppu_control(&mut self, h: usize, control: u32) {
        let ppu = &mut self.hemispheres[h].ppu;
        let runs = ppu.control & RUN != 0;
        ppu.control = control;
        ppu.status = 0;
        if control & RUN == 0 {
            ppu.core = None;
        } else if !runs {
            let cpu = Cpu::with_timing(TimingParameters::default());
            let (origin, next) = (self.time, self.time);
            ppu.core = Some(Box::new(Core { cpu, origin, next, trap: None }));
        }
    }

    /// Names the loops in which the program of a PPU waits, which are then not executed round by
    /// round. Rounds are counted only while all cores that run have such loops: their programs must
    /// not write to each other's memory.
    pub fn set_ppu_wait_loops(&mut self, h: usize, loops: &[WaitLoop]) {
        if let Some(core) = &mut self.hemispheres[h].ppu.core {
            core.cpu.set_wait_loops(loops);
        }
    }

    /// The core of a PPU, if it runs.
    #[must_use]
    pub fn ppu_core(&self, h: usize) -> Option<&Cpu> {
        self.hemispheres[h].ppu.core.as_ref().map(|core| &core.cpu)
    }

    /// Tick at which the core of a PPU was let run, its cycle 0.
    #[must_use]
    pub fn ppu_origin(&self, h: usize) -> Option<u64> {
        self.hemispheres[h].ppu.core.as_ref().map(|core| core.origin)
    }

    /// Why the core of a PPU stands still, if it met an instruction without meaning.
    #[must_use]
    pub fn ppu_trap(&self, h: usize) -> Option<Trap> {
        self.hemispheres[h].ppu.core.as_ref().and_then(|core| core.trap)
    }

    /// Lets network and cores run side by side to `t_end`.
    pub(crate) fn run_cores_until(&mut self, t_end: u64) {
        // The host may have written to the memories since the last run.
        for core in self.hemispheres.iter_mut().filter_map(|h| h.ppu.core.as_mut()) {
            if core.cpu.look_again() {
                core.next = core.origin + core.cpu.cycles();
            }
        }
        loop {
            let next = self.next_ticks().into_iter().min().unwrap_or(u64::MAX);
            if next >= t_end {
                break;
            }
            self.run_network_until(next);
            let end = t_end.min(next - next % self.path.step + self.path.step);
            while let Some((h, limit)) = self.behind(end) {
                self.run_core(h, limit);
            }
            self.run_network_until(end);
        }
        self.run_network_until(t_end);
        // Cores that sleep or wait come to the same time.
        for h in 0..HEMISPHERES {
            self.run_core(h, t_end);
        }
    }

    /// Ticks at which the cores act next.
    fn next_ticks(&self) -> [u64; HEMISPHERES] {
        [0, 1].map(|h: usize| {
            self.hemispheres[h].ppu.core.as_ref().map_or(u64::MAX, |core| core.next)
        })
    }

    /// The core that acts next before `end`, and until when it alone does.
    fn behind(&self, end: u64) -> Option<(usize, u64)> {
        let [top, bottom] = self.next_ticks();
        let (h, next, limit) =
            if top <= bottom { (0, top, bottom.saturating_add(1)) } else { (1, bottom, top) };
        (next < end).then_some((h, limit.min(end)))
    }

    /// Executes what a core does before tick `end`.
    fn run_core(&mut self, h: usize, end: u64) {
        let Some(mut core) = self.hemispheres[h].ppu.core.take() else { return };
        let mut others = self.hemispheres.iter().filter_map(|h| h.ppu.core.as_ref());
        if !others.all(|other| other.cpu.has_wait_loops()) {
            core.cpu.look_again();
        }
        if core.trap.is_none() {
            let limit = end.saturating_sub(core.origin);
            let next = core.cpu.run_before(&mut self.ppu(h).since(core.origin), limit);
            core.next = match next {
                Ok(cycle) => core.origin.saturating_add(cycle),
                Err(trap) => {
                    core.trap = Some(trap);
                    u64::MAX
                }
            };
        }
        let ppu = &mut self.hemispheres[h].ppu;
        ppu.status = u32::from(core.cpu.is_asleep());
        // A program may have cleared the bit of its own core.
        if ppu.control & RUN != 0 && ppu.core.is_none() {
            ppu.core = Some(core);
        }
    }
}
