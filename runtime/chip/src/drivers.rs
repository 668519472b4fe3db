//! Synapse drivers of one hemisphere: which events they take from their bus, and what they do with
//! them.
//!
//! Driver `d` owns rows `2 d` and `2 d + 1` and sits on bus `d mod 4` at position `d / 4` (halco
//! `synapse_driver.cpp`). It takes an event whose row select equals its position in the bits of its
//! compare mask (haldls `synapse_driver.h`), and passes the address to the synapses of both rows.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::Deserialize;

use crate::ROWS;
use crate::config::StpConfig;
use crate::convert::low_byte;
use crate::events::InputEvent;
use crate::short_term::{ShortTerm, ShortTermPlasticity};

mod register;

pub(crate) use register::WORDS;
use register::Words;

/// Drivers of a hemisphere.
pub const DRIVERS: usize = ROWS / 2;
/// Buses of a hemisphere.
pub const BUSES: usize = 4;
/// Positions of drivers on a bus.
const POSITIONS: usize = DRIVERS / BUSES;
/// The bit of an address that every driver forwards.
const ALWAYS_FORWARDED: u8 = 0x20;

/// What a row's driver does with an event (haldls `synapse_driver.h`, row modes).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum RowMode {
    /// Ignores it: no current and no pulse for the correlation sensors.
    Disabled,
    /// Sends it to the neurons' excitatory inputs.
    #[default]
    Excitatory,
    /// Sends it to the neurons' inhibitory inputs.
    Inhibitory,
    /// Sends it to both inputs.
    Both,
}

impl RowMode {
    /// The sign a rule sees: +1, -1, or 0 for rows that have none.
    #[must_use]
    pub fn sign(self) -> i8 {
        match self {
            RowMode::Excitatory => 1,
            RowMode::Inhibitory => -1,
            RowMode::Disabled | RowMode::Both => 0,
        }
    }

    pub(crate) fn excites(self) -> bool {
        matches!(self, RowMode::Excitatory | RowMode::Both)
    }

    pub(crate) fn inhibits(self) -> bool {
        matches!(self, RowMode::Inhibitory | RowMode::Both)
    }
}

/// Settings of a driver besides the modes of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Driver {
    /// Whether it listens to its bus; default it does.
    pub receiver: bool,
    /// Bits of the row select that must agree with its position, 0 to 31; default all. With 0 it
    /// takes every event of its bus.
    pub compare_mask: u8,
    /// Whether the five low bits of an address reach the synapses; default they do. Otherwise these
    /// see 0 there, and only the highest bit tells events apart.
    pub address_out: bool,
    /// Whether the five low bits of an address are the length of its pulse: perceptron mode, see
    /// [`Chip::set_perceptron_mode`](crate::Chip::set_perceptron_mode); default they are not.
    pub modulation: bool,
    /// Short-term plasticity; default none.
    pub short_term: Option<ShortTerm>,
}

impl Default for Driver {
    fn default() -> Driver {
        Driver {
            receiver: true,
            compare_mask: 0x1f,
            address_out: true,
            modulation: false,
            short_term: None,
        }
    }
}

/// All drivers of a hemisphere.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Drivers {
    settings: [Driver; DRIVERS],
    modes: [RowMode; ROWS],
    /// Positions that take an event, as bits, by bus and row select.
    taken: [[u32; POSITIONS]; BUSES],
    /// Bits of an address that reach the synapses, by row; all six unless some driver hides them.
    forwarded: [u8; ROWS],
    hides: bool,
    /// Whether some driver modulates its pulses.
    multiplies: bool,
    /// Registers of the drivers, for bits that no setting holds.
    registers: [Words; DRIVERS],
    pub(crate) short_term: ShortTermPlasticity,
}

impl Drivers {
    pub(crate) fn new(stp: &StpConfig, seed: u64, hemisphere: usize) -> Drivers {
        let mut drivers = Drivers {
            settings: [Driver::default(); DRIVERS],
            modes: [RowMode::default(); ROWS],
            taken: [[0; POSITIONS]; BUSES],
            forwarded: [0; ROWS],
            hides: false,
            multiplies: false,
            registers: [Words([0; WORDS]); DRIVERS],
            short_term: ShortTermPlasticity::new(stp, seed, hemisphere),
        };
        drivers.plan();
        drivers
    }

    pub(crate) fn settings(&self, driver: usize) -> Driver {
        self.settings[driver]
    }

    /// Replaces the settings of a driver at `time`.
    pub(crate) fn set(&mut self, driver: usize, settings: Driver, time: u64) {
        self.short_term.set(driver, settings.short_term, time);
        self.settings[driver] = settings;
        self.plan();
    }

    #[inline]
    pub(crate) fn mode(&self, row: usize) -> RowMode {
        self.modes[row]
    }

    pub(crate) fn set_mode(&mut self, row: usize, mode: RowMode) {
        self.modes[row] = mode;
    }

    /// Switches the modulation of all drivers on or off.
    pub(crate) fn set_modulation(&mut self, on: bool) {
        self.settings.iter_mut().for_each(|driver| driver.modulation = on);
        self.plan();
    }

    /// Whether the hemisphere multiplies: some driver modulates its pulses.
    #[inline]
    pub(crate) fn multiplies(&self) -> bool {
        self.multiplies
    }

    fn words(&self, driver: usize) -> Words {
        let modes = [self.modes[2 * driver], self.modes[2 * driver + 1]];
        self.registers[driver].updated(&self.settings[driver], modes)
    }

    /// A register of a driver.
    pub(crate) fn register(&self, driver: usize, word: usize) -> u32 {
        self.words(driver).0[word]
    }

    /// Writes a register of a driver at `time`.
    pub(crate) fn write_register(&mut self, driver: usize, word: usize, value: u32, time: u64) {
        let words = self.words(driver).written(word, value);
        self.registers[driver] = words;
        let (settings, modes) = words.settings();
        self.modes[2 * driver..2 * driver + 2].copy_from_slice(&modes);
        if settings != self.settings[driver] {
            self.set(driver, settings, time);
        }
    }

    /// Works out who takes what.
    fn plan(&mut self) {
        self.taken = [[0; POSITIONS]; BUSES];
        for (d, driver) in self.settings.iter().enumerate() {
            let (bus, position) = (d % BUSES, d / BUSES);
            let mask = usize::from(driver.compare_mask);
            for (select, taken) in self.taken[bus].iter_mut().enumerate() {
                let takes = driver.receiver && (select ^ position) & mask == 0;
                *taken |= u32::from(takes) << position;
            }
            let forwarded = if driver.address_out { 0x3f } else { ALWAYS_FORWARDED };
            self.forwarded[2 * d..2 * d + 2].fill(forwarded);
        }
        self.hides = self.settings.iter().any(|driver| !driver.address_out);
        self.multiplies = self.settings.iter().any(|driver| driver.modulation);
    }

    /// Rows that an event on `bus` reaches, ascending.
    pub(crate) fn rows(&self, bus: u8, row_select: u8) -> impl Iterator<Item = u8> {
        let mut taken = self.taken[usize::from(bus)][usize::from(row_select) % POSITIONS];
        std::iter::from_fn(move || {
            let position = taken.trailing_zeros() as usize;
            taken &= taken.wrapping_sub(1);
            (position < POSITIONS).then_some(position)
        })
        .flat_map(move |position| {
            let driver = low_byte(position * BUSES) | bus;
            [driver << 1, driver << 1 | 1]
        })
    }

    /// Strength of the pulse that an event makes, as a factor on weights.
    #[inline]
    pub(crate) fn strength(&mut self, event: &InputEvent) -> f32 {
        if self.short_term.is_on() {
            self.short_term.pulse(usize::from(event.row / 2), event.time)
        } else {
            1.0
        }
    }

    /// Whether some driver keeps bits of addresses from the synapses.
    #[inline]
    pub(crate) fn hides_addresses(&self) -> bool {
        self.hides
    }

    /// What the synapses of `row` see of `address`.
    pub(crate) fn forwarded(&self, row: u8, address: u8) -> u8 {
        address & self.forwarded[usize::from(row)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChipConfig;

    fn rows(drivers: &Drivers, bus: u8, select: u8) -> Vec<u8> {
        drivers.rows(bus, select).collect()
    }

    #[test]
    fn a_driver_takes_what_its_mask_says() {
        let mut drivers = Drivers::new(&ChipConfig::ideal().stp, 1, 0);
        // Bus 2, position 7: driver 30.
        assert_eq!(rows(&drivers, 2, 7), [60, 61]);
        assert_eq!(rows(&drivers, 3, 31), [254, 255]);
        let settings = Driver { compare_mask: 0b11110, ..Driver::default() };
        drivers.set(30, settings, 0);
        assert_eq!(rows(&drivers, 2, 7), [60, 61]);
        assert_eq!(rows(&drivers, 2, 6), [52, 53, 60, 61], "with driver 26, whose position is 6");
        drivers.set(26, Driver { receiver: false, ..Driver::default() }, 0);
        assert_eq!(rows(&drivers, 2, 6), [60, 61]);
        drivers.set(0, Driver { compare_mask: 0, ..Driver::default() }, 0);
        assert_eq!(rows(&drivers, 0, 9), [0, 1, 72, 73]);
        assert_eq!(rows(&drivers, 1, 9), [74, 75]);
    }

    #[test]
    fn without_address_out_only_the_highest_bit_is_forwarded() {
        let mut drivers = Drivers::new(&ChipConfig::ideal().stp, 1, 0);
        assert!(!drivers.hides_addresses());
        drivers.set(3, Driver { address_out: false, ..Driver::default() }, 0);
        assert!(drivers.hides_addresses());
        assert_eq!(drivers.forwarded(6, 0x2b), 0x20);
        assert_eq!(drivers.forwarded(7, 0x0b), 0);
        assert_eq!(drivers.forwarded(8, 0x2b), 0x2b);
    }
}
