//! Exceptions, timers, doorbell and pins (ppu-isa reference, 3.3 and 3.4).

use borsh::{BorshDeserialize, BorshSerialize};

use crate::cpu::Cpu;

/// Machine state: external interrupts enabled.
pub const MSR_EE: u32 = 0x8000;
/// Machine state bits that can be written.
pub const MSR_WRITABLE: u32 = 0x0002_9230;
/// Machine state bits an exception keeps: critical, machine-check and debug enables.
const MSR_KEPT: u32 = 0x0002_1200;
/// Exception syndrome bits that exist.
pub const ESR_WRITABLE: u32 = 0x0f8f_07e2;
/// Exception syndrome: a trap instruction.
const ESR_PTR: u32 = 0x0200_0000;
/// Timer control bits that exist.
pub const TCR_WRITABLE: u32 = 0xffc0_0000;
/// Timer control: decrementer interrupt enabled.
pub const TCR_DIE: u32 = 0x0400_0000;
/// Timer control: fixed interval interrupt enabled.
pub const TCR_FIE: u32 = 0x0080_0000;
/// Timer control: the decrementer reloads itself.
pub const TCR_ARE: u32 = 0x0040_0000;
/// Timer status: the decrementer reached zero.
pub const TSR_DIS: u32 = 0x0800_0000;
/// Timer status: the fixed interval passed.
pub const TSR_FIS: u32 = 0x0400_0000;
/// Interrupt control: doorbell enabled.
pub const ICCR_DOORBELL: u32 = 1;

/// An exception the core raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Exception {
    /// Access at an address the width does not allow.
    Alignment,
    /// A trap instruction whose condition holds.
    Program,
    /// An input pin.
    External,
    /// A bit of the time base rose.
    FixedInterval,
    /// The decrementer reached zero.
    Decrementer,
    /// The doorbell rang.
    Doorbell,
}

impl Exception {
    /// Where execution goes on.
    #[must_use]
    pub const fn vector(self) -> u32 {
        match self {
            Self::External => 0x14,
            Self::Alignment => 0x18,
            Self::Program => 0x1c,
            Self::Doorbell => 0x24,
            Self::FixedInterval => 0x2c,
            Self::Decrementer => 0x30,
        }
    }
}

/// Registers of timers and interrupts.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Interrupts {
    pub(crate) msr: u32,
    pub(crate) srr: [u32; 2],
    pub(crate) csrr: [u32; 2],
    pub(crate) mcsrr: [u32; 2],
    pub(crate) esr: u32,
    pub(crate) dear: u32,
    pub(crate) tcr: u32,
    pub(crate) tsr: u32,
    pub(crate) decar: u32,
    pub(crate) iccr: u32,
    /// Input pins, output pins and their enables, four bits each.
    pub(crate) pins_in: u32,
    pub(crate) pins_out: u32,
    pub(crate) pins_enable: u32,
    /// Cycle the decrementer reaches zero, while it runs.
    decrementer_end: Option<u64>,
    /// Earliest cycle a timer does something.
    next_event: u64,
    doorbell: bool,
    external: bool,
    /// Whether an interrupt is to be taken before the next instruction.
    pub(crate) pending: bool,
}

impl Interrupts {
    /// What is to be taken, in the order of priority.
    fn first(&self) -> Option<Exception> {
        if self.msr & MSR_EE == 0 {
            None
        } else if self.external {
            Some(Exception::External)
        } else if self.tcr & TCR_FIE != 0 && self.tsr & TSR_FIS != 0 {
            Some(Exception::FixedInterval)
        } else if self.tcr & TCR_DIE != 0 && self.tsr & TSR_DIS != 0 {
            Some(Exception::Decrementer)
        } else if self.doorbell {
            Some(Exception::Doorbell)
        } else {
            None
        }
    }

    /// Whether something ends the core's sleep; timers do so even with interrupts disabled.
    pub(crate) fn wakes(&self) -> bool {
        (self.tcr & TCR_FIE != 0 && self.tsr & TSR_FIS != 0)
            || (self.tcr & TCR_DIE != 0 && self.tsr & TSR_DIS != 0)
            || self.doorbell
            || self.external
    }

    pub(crate) fn refresh(&mut self) {
        self.pending = self.first().is_some();
    }
}

/// Time base bit the fixed interval timer watches.
const fn interval_bit(tcr: u32) -> u32 {
    8 + 4 * (tcr >> 24 & 3)
}

impl Cpu {
    /// Enters the handler of an exception raised by the instruction, or before it, at `pc`.
    pub(crate) fn raise(&mut self, exception: Exception) {
        let interrupts = &mut self.interrupts;
        interrupts.srr = [self.pc, interrupts.msr];
        interrupts.msr &= MSR_KEPT;
        match exception {
            Exception::Alignment => interrupts.esr = 0,
            Exception::Program => interrupts.esr = ESR_PTR,
            Exception::External => interrupts.external = false,
            Exception::Doorbell => interrupts.doorbell = false,
            Exception::FixedInterval | Exception::Decrementer => {}
        }
        self.last_exception = Some((exception, self.pc));
        self.pc = exception.vector();
        self.sleeping = false;
        self.interrupts.refresh();
    }

    /// Takes the interrupt of highest priority, if one is enabled and requested.
    pub(crate) fn take_interrupt(&mut self) -> Option<Exception> {
        let exception = self.interrupts.first()?;
        self.raise(exception);
        Some(exception)
    }

    /// Rings the doorbell. Lost unless it is enabled and the core takes interrupts.
    pub fn ring_doorbell(&mut self) {
        let interrupts = &mut self.interrupts;
        if interrupts.iccr & ICCR_DOORBELL != 0 && interrupts.msr & MSR_EE != 0 {
            interrupts.doorbell = true;
            interrupts.refresh();
        }
    }

    /// Sets the four input pins. A pin requests an interrupt if it is enabled in the interrupt
    /// control register, on the edge or level chosen there, and the core takes interrupts.
    pub fn set_pins(&mut self, pins: u32) {
        let interrupts = &mut self.interrupts;
        let before = std::mem::replace(&mut interrupts.pins_in, pins & 15);
        let fields = [8, 12, 16].map(|shift| interrupts.iccr >> shift & 15);
        let [enabled, low_or_falling, by_level] = fields;
        let (level, level_before) = (interrupts.pins_in ^ low_or_falling, before ^ low_or_falling);
        let active = level & (by_level | !level_before) & enabled;
        if active != 0 && interrupts.msr & MSR_EE != 0 {
            interrupts.external = true;
            interrupts.refresh();
        }
    }

    /// Output pins that are driven, and their enables.
    #[must_use]
    pub const fn pins(&self) -> (u32, u32) {
        (self.interrupts.pins_out, self.interrupts.pins_enable)
    }

    /// Lets time pass: time base, decrementer and fixed interval timer.
    #[inline]
    pub(crate) fn advance(&mut self, cycles: u64) {
        self.cycles = self.cycles.wrapping_add(cycles);
        self.timebase = self.timebase.wrapping_add(cycles);
        if self.cycles >= self.interrupts.next_event {
            self.timer_event();
        }
    }

    /// Does what timers have to do by now and finds when they have to do something next.
    #[cold]
    fn timer_event(&mut self) {
        let now = self.cycles;
        let interrupts = &mut self.interrupts;
        while let Some(end) = interrupts.decrementer_end.filter(|end| *end <= now) {
            interrupts.tsr |= TSR_DIS;
            let reload = interrupts.tcr & TCR_ARE != 0 && interrupts.decar != 0;
            interrupts.decrementer_end = reload.then(|| {
                // Reloads that passed unseen while time jumped are skipped.
                let period = u64::from(interrupts.decar);
                end + period * ((now - end) / period + 1)
            });
        }
        if self.interval_edge <= now {
            self.interrupts.tsr |= TSR_FIS;
        }
        self.schedule_timers();
        self.interrupts.refresh();
    }

    /// Finds the next cycle a timer has to do something.
    pub(crate) fn schedule_timers(&mut self) {
        let half = 1u64 << interval_bit(self.interrupts.tcr);
        // The bit rises where the time base is an odd multiple of its weight.
        let since_rise = self.timebase.wrapping_sub(half) & (2 * half - 1);
        let edge = self.cycles.saturating_add(2 * half - since_rise);
        self.interval_edge = edge;
        let end = self.interrupts.decrementer_end.unwrap_or(u64::MAX);
        self.interrupts.next_event = edge.min(end);
    }

    /// The cycle a timer does something next.
    pub(crate) const fn next_timer_event(&self) -> u64 {
        self.interrupts.next_event
    }

    /// The earliest cycle at which a timer may wake the core; [`u64::MAX`] if none is enabled.
    pub(crate) const fn wake_cycle(&self) -> u64 {
        match self.interrupts.tcr & (TCR_DIE | TCR_FIE) {
            0 => u64::MAX,
            _ => self.interrupts.next_event,
        }
    }

    /// The decrementer.
    pub(crate) fn decrementer(&self) -> u32 {
        let left = self.interrupts.decrementer_end.map_or(0, |end| end.saturating_sub(self.cycles));
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    pub(crate) fn set_decrementer(&mut self, value: u32) {
        self.interrupts.decrementer_end = (value != 0).then(|| self.cycles + u64::from(value));
        self.schedule_timers();
    }

    pub(crate) fn set_timebase(&mut self, value: u64) {
        self.timebase = value;
        self.schedule_timers();
    }
}
