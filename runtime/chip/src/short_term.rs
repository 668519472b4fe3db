//! Short-term plasticity of synapse drivers: pulses that grow weaker, or stronger, with use.
//!
//! ```text
//! event:     s += U (charge - s)          strength = clip(1 - s / zero, 0, 1), of this pulse
//! between:   tau ds/dt = recover - s
//! ```
//!
//! The state `s` of a driver is a voltage. An event draws it towards the charge voltage before it
//! is evaluated (calix `stp_calib_target.h`), between events it goes back. A pulse is the weaker, the
//! higher the voltage: charged above where it rests a driver is depressing, below facilitating. With
//! `R = (s - charge) / (recover - charge)` this is the recursion of Tsodyks and Markram (1997) with
//! constant utilisation.
//!
//! ```text
//! U = utilization (u + 1) / 16      tau = recovery_tau 16 / (r + 1) 2^speed
//! ```
//!
//! for the 4-bit settings `u` and `r` of a driver and `speed` of its hemisphere's clock. How settings,
//! voltage and strength are related is assumed throughout; the figures are `[chip.stp]`.
//!
//! Correlation sensors see the pulse whatever its strength; the multiplier of the perceptron mode
//! has no use for the circuit. Events of one driver in the same tick are one use of it.

use borsh::{BorshDeserialize, BorshSerialize};
use pl_fixed::real;

use crate::config::StpConfig;
use crate::convert::{low_byte, single, whole_u32};
use crate::drivers::DRIVERS;
use crate::noise::{Key, Purpose, place};
use crate::time::TICKS_PER_US;

/// Settings of a driver's short-term plasticity (haldls `synapse_driver.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ShortTerm {
    /// How far an event draws the state, 0 to 15.
    pub utilization: u8,
    /// How fast the state recovers, 0 to 15; none if it does not.
    pub recovery: Option<u8>,
    /// Calibration of the strength, 0 to 15: 8 changes nothing, larger is stronger.
    pub offset: u8,
    /// Pair of voltages, 0 or 1: with the default figures 0 is facilitating, 1 depressing.
    pub pair: u8,
}

impl Default for ShortTerm {
    /// Depressing, with the largest settings of both circuits.
    fn default() -> ShortTerm {
        ShortTerm { utilization: 15, recovery: Some(15), offset: 8, pair: 1 }
    }
}

/// The setting of the offset that changes nothing.
const OFFSET_MIDDLE: f64 = 8.0;

/// One driver's circuit.
#[derive(Clone, Copy, Debug, BorshSerialize, BorshDeserialize)]
struct Circuit {
    utilization: f64,
    /// Reciprocal time constant, per tick; 0 without recovery.
    rate: f64,
    charge: f64,
    recover: f64,
    offset: f64,
    /// The state at `time`.
    state: f64,
    time: u64,
    /// The last event, and the strength of its pulse.
    used: Option<(u64, f32)>,
}

/// The circuits of a hemisphere's drivers.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct ShortTermPlasticity {
    config: StpConfig,
    seed: u64,
    hemisphere: usize,
    /// Scale of the recovery clock, 0 to 15.
    speed: u8,
    settings: [Option<ShortTerm>; DRIVERS],
    circuits: Box<[Circuit]>,
    any: bool,
}

impl ShortTermPlasticity {
    pub(crate) fn new(config: &StpConfig, seed: u64, hemisphere: usize) -> ShortTermPlasticity {
        let idle = Circuit {
            utilization: 0.0,
            rate: 0.0,
            charge: 0.0,
            recover: 0.0,
            offset: 0.0,
            state: 0.0,
            time: 0,
            used: None,
        };
        ShortTermPlasticity {
            config: config.clone(),
            seed,
            hemisphere,
            speed: low_byte(whole_u32(config.recovery_clock) as usize),
            settings: [None; DRIVERS],
            circuits: vec![idle; DRIVERS].into_boxed_slice(),
            any: false,
        }
    }

    /// Whether any driver is plastic.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.any
    }

    /// Replaces the settings of a driver at `time`. One that becomes plastic starts recovered; one
    /// that stays so keeps its state.
    pub(crate) fn set(&mut self, driver: usize, settings: Option<ShortTerm>, time: u64) {
        let before = std::mem::replace(&mut self.settings[driver], settings);
        self.any = self.settings.iter().any(Option::is_some);
        let Some(settings) = settings else { return };
        let state = before.map(|_| self.state_at(driver, time));
        let mut circuit = self.circuit(driver, settings);
        circuit.state = state.unwrap_or(circuit.recover);
        circuit.time = time;
        self.circuits[driver] = circuit;
    }

    pub(crate) fn speed(&self) -> u8 {
        self.speed
    }

    /// Sets the scale of the hemisphere's recovery clock at `time`.
    pub(crate) fn set_speed(&mut self, speed: u8, time: u64) {
        self.speed = speed & 0xf;
        for driver in 0..DRIVERS {
            self.set(driver, self.settings[driver], time);
        }
    }

    fn circuit(&self, driver: usize, settings: ShortTerm) -> Circuit {
        let config = &self.config;
        let key = Key::new(self.seed, Purpose::ShortTerm, place(self.hemisphere, driver, 0), 0);
        let around_one = |lane, sigma: f64| (1.0 + sigma * f64::from(key.gauss(lane))).max(0.1);
        let sixteenths = |setting: u8| (f64::from(setting & 0xf) + 1.0) / 16.0;
        let utilization = config.utilization * sixteenths(settings.utilization);
        let tau_us = settings.recovery.map(|recovery| {
            let tau_us = config.recovery_tau_us / sixteenths(recovery);
            tau_us * f64::from(1_u32 << self.speed) * around_one(1, config.recovery_sigma)
        });
        let [charge, recover] = match settings.pair & 1 {
            0 => [config.charge_0_lsb, config.recover_0_lsb],
            _ => [config.charge_1_lsb, config.recover_1_lsb],
        };
        let steps = f64::from(settings.offset & 0xf) - OFFSET_MIDDLE;
        let spread = config.strength_sigma * f64::from(key.gauss(2));
        Circuit {
            utilization: (utilization * around_one(0, config.utilization_sigma)).min(1.0),
            rate: tau_us.map_or(0.0, |tau_us| 1.0 / (tau_us * TICKS_PER_US as f64)),
            charge,
            recover,
            offset: config.offset_step * steps + spread,
            state: recover,
            time: 0,
            used: None,
        }
    }

    fn state_at(&self, driver: usize, time: u64) -> f64 {
        let circuit = &self.circuits[driver];
        let left = real::exp(-(time.saturating_sub(circuit.time) as f64) * circuit.rate);
        circuit.recover + (circuit.state - circuit.recover) * left
    }

    fn strength(&self, circuit: &Circuit) -> f32 {
        let strength = 1.0 - circuit.state / self.config.zero_lsb + circuit.offset;
        single(strength.clamp(0.0, 1.0))
    }

    /// Strength of the pulse that an event at `time` makes, as a factor on weights.
    pub(crate) fn pulse(&mut self, driver: usize, time: u64) -> f32 {
        if self.settings[driver].is_none() {
            return 1.0;
        }
        if let Some((_, strength)) = self.circuits[driver].used.filter(|used| used.0 == time) {
            return strength;
        }
        let before = self.state_at(driver, time);
        let mut circuit = self.circuits[driver];
        circuit.state = before + circuit.utilization * (circuit.charge - before);
        circuit.time = time;
        let strength = self.strength(&circuit);
        circuit.used = Some((time, strength));
        self.circuits[driver] = circuit;
        strength
    }
}
