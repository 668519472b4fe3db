//! Calibration by measurement: what a chip's circuits are is found with what the chip offers, its
//! converters and spikes, and mended as far as its settings reach.
//!
//! - sensors: baselines, amplitudes and time constants of both branches, at each setting of the
//!   calibration bits; then the bits that bring every synapse nearest to the targets;
//! - neurons: leak, reset, threshold and membrane time constant; then the parameters of each neuron
//!   that bring it to those of `[chip.neuron]`; an f-I curve and a membrane trace;
//! - multiplier: gain and offset of each column in perceptron mode.
//!
//! What was found and set is in `calibration.npz`. Because the chip is an emulated one its true
//! parameters are known: metrics named `error` compare with them.

mod config;
mod fit;
mod multiplier;
mod neurons;
mod report;
mod sensors;
#[cfg(test)]
mod tests;

pub use config::CalibrationConfig;

use crate::config::Experiment;
use crate::engine::EngineFactory;
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::task::{Task, TaskError};
use multiplier::MultiplierMap;
use neurons::{Bench, Line, NeuronMap};
use pl_chip::Chip;
use pl_chip::time::biological_s_from_ticks;
use sensors::{Bits, Pairs, SensorMap};

/// Settings of two calibration bits.
const SETTINGS: u8 = 4;
/// Parts of the run after the sensors: neurons before and after, curves, multiplier.
const OTHER_PARTS: u64 = 4;

/// A calibration that is ready to run.
#[derive(Clone, Copy, Debug)]
pub struct Calibration<'a> {
    experiment: &'a Experiment,
    config: &'a CalibrationConfig,
}

/// The sensors before and after calibration, and the chips they were measured on.
struct Sensors {
    before: SensorMap,
    bits: Bits,
    after: SensorMap,
    chip: Chip,
}

/// The neurons before and after calibration.
struct Neurons {
    before: NeuronMap,
    after: NeuronMap,
    chip: Chip,
    rates_khz: Vec<Line>,
    trace: (Vec<(f64, f64)>, Vec<f64>),
}

/// All that was measured.
struct Measured {
    /// The chip as it was.
    chip: Chip,
    sensors: Sensors,
    neurons: Neurons,
    multiplier: MultiplierMap,
    biological_s: f64,
}

impl<'a> Calibration<'a> {
    /// An experiment that is ready to run.
    #[must_use]
    pub fn new(experiment: &'a Experiment, config: &'a CalibrationConfig) -> Calibration<'a> {
        Calibration { experiment, config }
    }

    fn sensors(&self, chip: &Chip, monitor: &dyn Monitor) -> Option<Sensors> {
        let (config, h) = (self.config, self.config.hemisphere);
        let mut pairs = Pairs::new(config, chip.clone());
        let mut maps = Vec::new();
        for setting in 0..SETTINGS {
            Bits::all(setting, config.rows).write(h, &mut pairs.chip);
            maps.push(pairs.measure(monitor)?);
        }
        let bits = Bits::nearest(config, &maps);
        bits.write(h, &mut pairs.chip);
        let after = pairs.measure(monitor)?;
        Some(Sensors { before: maps.swap_remove(0), bits, after, chip: pairs.chip })
    }

    fn neurons(&self, chip: &Chip, offsets: Line, monitor: &dyn Monitor) -> Option<Neurons> {
        let nominal = &self.experiment.chip.neuron;
        let mut bench = Bench::new(self.config, chip.clone(), nominal, offsets);
        let before = bench.measure();
        monitor.advance(1);
        bench.calibrate(nominal, &before);
        let after = bench.measure();
        let calibrated = bench.chip.clone();
        monitor.advance(1);
        if monitor.interrupted() {
            return None;
        }
        let rates_khz = bench.rates_khz();
        let trace = bench.trace(report::SHOWN_NEURON);
        monitor.advance(1);
        Some(Neurons { before, after, chip: calibrated, rates_khz, trace })
    }

    fn measure(&self, seed: u64, monitor: &dyn Monitor) -> Option<Measured> {
        let chip = Chip::new(&self.experiment.chip, seed);
        let sensors = self.sensors(&chip, monitor)?;
        let offsets = neurons::channel_offsets(&sensors.before);
        let neurons = self.neurons(&chip, offsets, monitor)?;
        let multiplier = multiplier::measure(self.config, chip.clone());
        monitor.advance(1);
        let biological_s = biological_s_from_ticks(sensors.chip.now() + neurons.chip.now());
        Some(Measured { chip, sensors, neurons, multiplier, biological_s })
    }
}

impl Task for Calibration<'_> {
    fn threads(&self) -> usize {
        1
    }

    fn units(&self) -> u64 {
        (u64::from(SETTINGS) + 1) * 2 * self.config.delays_us.len() as u64 + OTHER_PARTS
    }

    fn run(
        &self,
        _factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        Ok(match self.measure(seed, monitor) {
            Some(measured) => self.outcome(&measured),
            // Half a calibration is none.
            None => Outcome { interrupted: true, ..Outcome::default() },
        })
    }
}
