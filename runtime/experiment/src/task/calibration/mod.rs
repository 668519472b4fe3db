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
mod settings;
#[cfg(test)]
mod tests;

pub use config::CalibrationConfig;

use crate::config::Experiment;
use crate::engine::{EngineError, EngineFactory};
use crate::monitor::{Monitor, Occasion};
use crate::outcome::Outcome;
use crate::state::{self, Keeper};
use crate::task::{Task, TaskError};
use borsh::{BorshDeserialize, BorshSerialize};
use multiplier::MultiplierMap;
use neurons::{Bench, Line, NeuronMap};
use pl_chip::time::biological_s_from_ticks;
use pl_chip::{Branch, Chip};
use sensors::{Bits, Pairs, Readings, SensorMap};

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

/// How far the measurement of the sensors has come. The neurons and the multiplier, which take a few
/// seconds, are measured in one go.
#[derive(BorshSerialize, BorshDeserialize)]
struct Progress {
    pairs: Pairs,
    /// At each setting of the bits, then at those that calibrate.
    maps: Vec<SensorMap>,
    /// Of the measurement that goes on.
    readings: Readings,
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

    /// Measures the sensors, on from where a run before this one was; `None` if interrupted.
    fn sensors(
        &self,
        chip: &Chip,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Option<Sensors>, EngineError> {
        let (config, h) = (self.config, self.config.hemisphere);
        let keeper = Keeper::new(monitor, seed, "");
        let mut progress = match keeper.kept::<Progress>()? {
            Some(progress) => progress,
            None => Progress {
                pairs: Pairs::new(config, chip.clone()),
                maps: Vec::new(),
                readings: Readings::default(),
            },
        };
        let delays = Branch::BOTH.len() * config.delays_us.len();
        monitor.go_on((progress.maps.len() * delays + progress.readings.delays()) as u64);
        let Progress { pairs, maps, readings } = &mut progress;
        while maps.len() <= SETTINGS.into() && !monitor.interrupted() {
            if readings.delays() == 0 {
                self.bits(maps).write(h, &mut pairs.chip);
            }
            pairs.measure(config, readings);
            if readings.delays() == delays {
                maps.push(pairs.fit(config, core::mem::take(readings)));
            }
            monitor.advance(1);
            let state = || state::to_bytes(&(&*pairs, &*maps, &*readings));
            keeper.offer(Occasion::Passing, &state)?;
        }
        keeper.offer(Occasion::Last, &|| state::to_bytes(&progress))?;
        let Progress { pairs, mut maps, .. } = progress;
        let Some(after) = (maps.len() > SETTINGS.into()).then(|| maps.pop()).flatten() else {
            return Ok(None);
        };
        let bits = self.bits(&maps);
        Ok(Some(Sensors { before: maps.swap_remove(0), bits, after, chip: pairs.chip }))
    }

    /// What the sensors are measured with next: each setting, then those of each synapse.
    fn bits(&self, maps: &[SensorMap]) -> Bits {
        match u8::try_from(maps.len()).ok().filter(|setting| *setting < SETTINGS) {
            Some(setting) => Bits::all(setting, self.config.rows),
            None => Bits::nearest(self.config, maps),
        }
    }

    fn neurons(&self, chip: &Chip, offsets: Line, monitor: &dyn Monitor) -> Option<Neurons> {
        let nominal = &self.experiment.chip.neuron;
        let mut bench = Bench::new(self.config, chip.clone(), nominal, offsets);
        let before = bench.measure();
        monitor.advance(1);
        bench.calibrate(&self.experiment.chip, &before);
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

    fn measure(&self, seed: u64, monitor: &dyn Monitor) -> Result<Option<Measured>, EngineError> {
        let chip = Chip::new(&self.experiment.chip, seed);
        let Some(sensors) = self.sensors(&chip, seed, monitor)? else { return Ok(None) };
        let offsets = neurons::channel_offsets(&sensors.before, Branch::Causal);
        let Some(neurons) = self.neurons(&chip, offsets, monitor) else { return Ok(None) };
        let multiplier = multiplier::measure(self.config, chip.clone());
        monitor.advance(1);
        let biological_s = biological_s_from_ticks(sensors.chip.now() + neurons.chip.now());
        Ok(Some(Measured { chip, sensors, neurons, multiplier, biological_s }))
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
        Ok(match self.measure(seed, monitor).map_err(TaskError::State)? {
            Some(measured) => self.outcome(&measured),
            // Half a calibration is none.
            None => Outcome { interrupted: true, ..Outcome::default() },
        })
    }
}
