//! What neurons of several compartments do: cables, plateaus, coincidences.
//!
//! Row `r` reaches column `r` of every copy of the structure, so an event excites one compartment of
//! each. No rule is at work.
//!
//! ```text
//!   config.rs   the `[task]` table
//!   cable.rs    the passive chain in closed form
//!   report.rs   metrics, arrays and pictures
//! ```

mod cable;
mod config;
mod report;

pub use config::{ChainConfig, CoincidenceConfig, CompartmentsConfig, PlateauConfig};

use crate::config::Experiment;
use crate::engine::{EngineError, EngineFactory};
use crate::monitor::{Monitor, Occasion};
use crate::outcome::Outcome;
use crate::state::{self, Keeper};
use crate::task::{Task, TaskError};
use borsh::{BorshDeserialize, BorshSerialize};
use pl_chip::time::ticks_from_us;
use pl_chip::{COLUMNS, Chip, Compartment, InputEvent};

/// The hemisphere in use: the top one.
const TOP: u8 = 0;
/// Hardware time in which membranes come to rest before anything is measured.
const SETTLING_US: f64 = 300.0;
/// Hardware time for which a response is followed.
const WINDOW_US: f64 = 300.0;

/// Measurements on compartments.
#[derive(Clone, Copy, Debug)]
pub struct Compartments<'a> {
    experiment: &'a Experiment,
    config: &'a CompartmentsConfig,
}

/// What has been measured.
#[derive(Default, BorshSerialize, BorshDeserialize)]
struct Progress {
    chain: Option<ChainResponse>,
    /// For the first durations of the plateau.
    plateaus: Vec<PlateauResponse>,
    coincidence: Option<CoincidenceResponse>,
}

impl Progress {
    /// Number of measurements that were made.
    fn measured(&self) -> u64 {
        let ends = [self.chain.is_some(), self.coincidence.is_some()];
        self.plateaus.len() as u64 + ends.map(u64::from).iter().sum::<u64>()
    }
}

/// Membranes of the chain, relative to rest: `[from][at][sample]`, mean of all copies.
#[derive(BorshSerialize, BorshDeserialize)]
struct ChainResponse {
    traces_lsb: Vec<Vec<Vec<f64>>>,
}

/// Answers to volleys of 0, 1, .. events, for one length of the plateau.
#[derive(BorshSerialize, BorshDeserialize)]
struct PlateauResponse {
    duration_us: f64,
    /// Part of the copies that had a plateau.
    share: Vec<f64>,
    /// Depolarisation summed over time, mean of all copies.
    integral_lsb_us: Vec<f64>,
    /// Time above half way between threshold and plateau, mean of the copies that had one.
    length_us: Vec<f64>,
}

/// Spikes of the soma.
#[derive(BorshSerialize, BorshDeserialize)]
struct CoincidenceResponse {
    /// Lag of the soma's volley, mean spikes, part of the copies with two or more.
    by_lag: Vec<(f64, f64, f64)>,
    /// Mean spikes if only the soma is excited, and if only the dendrite is.
    alone: [f64; 2],
}

impl<'a> Compartments<'a> {
    /// Measurements that are ready to be made.
    #[must_use]
    pub fn new(experiment: &'a Experiment, config: &'a CompartmentsConfig) -> Compartments<'a> {
        Compartments { experiment, config }
    }

    /// The chip at rest, each row connected to its column of every copy.
    fn chip(&self, seed: u64) -> Chip {
        let mut chip = self.experiment.calibrated_chip(seed);
        let h = usize::from(TOP);
        let rows = self.config.rows(&self.experiment.chip);
        chip.set_active_columns(h, 0..self.columns(rows).last().map_or(rows, |last| last + 1));
        chip.set_active_columns(1, 0..0);
        for row in 0..rows {
            let mut weights = [0; COLUMNS];
            for column in self.columns(row) {
                weights[column] = self.config.weight;
            }
            chip.write_weights_row(h, row, &weights);
        }
        chip.run_until(ticks_from_us(SETTLING_US), &[]);
        chip
    }

    /// Columns of all copies of a column.
    fn columns(&self, first: usize) -> impl Iterator<Item = usize> + use<> {
        let structure = &self.experiment.chip.structure;
        let (copies, every) = (structure.copies, structure.every);
        (0..copies).map(move |copy| first + copy * every).take_while(|column| *column < COLUMNS)
    }

    /// Mean over copies.
    fn mean(&self, first: usize, value: impl Fn(usize) -> f64) -> f64 {
        let count = self.columns(first).count().max(1);
        self.columns(first).map(value).sum::<f64>() / count as f64
    }

    /// Follows membranes step by step, from rest.
    fn follow(&self, chip: &Chip, events: &[InputEvent], mut each: impl FnMut(&[f64; COLUMNS])) {
        let mut chip = chip.clone();
        let rest = chip.membranes_lsb(TOP.into());
        let start = chip.now();
        chip.run_until(start, events);
        let step = ticks_from_us(self.experiment.chip.time.step_us);
        for until in (1..=ticks_from_us(WINDOW_US) / step).map(|n| start + n * step) {
            chip.run_until(until, &[]);
            let now = chip.membranes_lsb(TOP.into());
            each(&core::array::from_fn(|c| f64::from(now[c]) - f64::from(rest[c])));
        }
    }

    /// Measures what was not measured before, until interrupted. Every measurement begins with the
    /// chip at rest, so that their results are all there is to keep.
    fn measure(&self, seed: u64, monitor: &dyn Monitor) -> Result<Progress, EngineError> {
        let keeper = Keeper::new(monitor, seed, "");
        let mut progress: Progress = keeper.kept()?.unwrap_or_default();
        monitor.go_on(progress.measured());
        let chip = self.chip(seed);
        let durations = &self.config.plateau.durations_us;
        while progress.coincidence.is_none() && !monitor.interrupted() {
            if progress.chain.is_none() {
                progress.chain = Some(self.chain(&chip));
            } else if let Some(duration_us) = durations.get(progress.plateaus.len()) {
                progress.plateaus.push(self.plateau(&chip, *duration_us));
            } else {
                progress.coincidence = Some(self.coincidence(&chip));
            }
            monitor.advance(1);
            keeper.offer(Occasion::Passing, &|| state::to_bytes(&progress))?;
        }
        keeper.offer(Occasion::Last, &|| state::to_bytes(&progress))?;
        Ok(progress)
    }

    fn chain(&self, chip: &Chip) -> ChainResponse {
        let chain = &self.config.chain;
        let interval = ticks_from_us(chain.interval_us);
        let from = |from: &usize| {
            let events: Vec<InputEvent> = (0..u64::from(chain.events))
                .map(|n| event(chip.now() + n * interval, *from))
                .collect();
            let mut traces = vec![Vec::new(); chain.columns.len()];
            self.follow(chip, &events, |membranes| {
                for (trace, at) in traces.iter_mut().zip(&chain.columns) {
                    trace.push(self.mean(*at, |column| membranes[column]));
                }
            });
            traces
        };
        ChainResponse { traces_lsb: chain.columns.iter().map(from).collect() }
    }

    fn plateau(&self, chip: &Chip, duration_us: f64) -> PlateauResponse {
        let plateau = &self.config.plateau;
        let nominal = self.config.plateau_kind(&self.experiment.chip);
        let (level_lsb, _) = nominal.unwrap_or_default();
        let mut chip = chip.clone();
        for column in self.columns(plateau.column) {
            let kind = Compartment::Plateau { level_lsb, duration_us };
            chip.set_compartment(TOP.into(), column, kind);
        }
        let neuron = &self.experiment.chip.neuron;
        let half_way = (neuron.threshold_lsb + level_lsb) / 2.0 - neuron.leak_lsb;
        let step_us = self.experiment.chip.time.step_us;
        let mut response = PlateauResponse {
            duration_us,
            share: vec![],
            integral_lsb_us: vec![],
            length_us: vec![],
        };
        for count in 0..=plateau.events_max {
            let events = vec![event(chip.now(), plateau.column); count as usize];
            let mut integral = 0.0;
            let mut lengths = [0.0; COLUMNS];
            self.follow(&chip, &events, |membranes| {
                integral += step_us * self.mean(plateau.column, |column| membranes[column]);
                for column in self.columns(plateau.column) {
                    lengths[column] += if membranes[column] > half_way { step_us } else { 0.0 };
                }
            });
            let share = self.mean(plateau.column, |c| f64::from(u8::from(lengths[c] > 0.0)));
            let length = self.mean(plateau.column, |column| lengths[column]);
            response.share.push(share);
            response.integral_lsb_us.push(integral);
            response.length_us.push(if share > 0.0 { length / share } else { 0.0 });
        }
        response
    }

    fn coincidence(&self, chip: &Chip) -> CoincidenceResponse {
        let task = &self.config.coincidence;
        let longest = f64::max(task.lag_first_us.abs(), task.lag_last_us.abs());
        let centre = chip.now() + ticks_from_us(longest);
        // Mean spikes, and the part of the copies with two or more.
        let spikes = |proximal: Option<f64>, distal: Option<f64>| {
            let mut events = Vec::new();
            let volleys = [
                (proximal, task.soma, task.proximal_events),
                (distal, task.dendrite, task.distal_events),
            ];
            for (lag, column, count) in volleys {
                let Some(lag) = lag else { continue };
                let time = ticks_from_us(longest + lag) + chip.now();
                events.extend((0..count).map(|_| event(time, column)));
            }
            events.sort_unstable();
            let mut chip = chip.clone();
            chip.take_spikes();
            chip.run_until(centre + ticks_from_us(longest + WINDOW_US), &events);
            let mut counts = [0.0; COLUMNS];
            for spike in chip.take_spikes().iter().filter(|spike| spike.hemisphere == TOP) {
                counts[usize::from(spike.column)] += 1.0;
            }
            let burst = self.mean(task.soma, |column| f64::from(u8::from(counts[column] >= 2.0)));
            (self.mean(task.soma, |column| counts[column]), burst)
        };
        let lags = (0..).map(|n| task.lag_first_us + f64::from(n) * task.lag_step_us);
        let lags = lags.take_while(|lag| *lag <= task.lag_last_us + 1e-9);
        let by_lag = lags.map(|lag| {
            let (mean, burst) = spikes(Some(lag), Some(0.0));
            (lag, mean, burst)
        });
        let by_lag = by_lag.collect();
        let alone = [spikes(Some(0.0), None).0, spikes(None, Some(0.0)).0];
        CoincidenceResponse { by_lag, alone }
    }
}

/// An event on the row that reaches `column`.
fn event(time: u64, column: usize) -> InputEvent {
    let [row, ..] = column.to_le_bytes();
    InputEvent { time, hemisphere: TOP, row, address: 0 }
}

impl Task for Compartments<'_> {
    fn threads(&self) -> usize {
        1
    }

    fn units(&self) -> u64 {
        // Measurements.
        2 + self.config.plateau.durations_us.len() as u64
    }

    fn run(
        &self,
        _factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        let progress = self.measure(seed, monitor).map_err(TaskError::State)?;
        let Progress { chain: Some(chain), plateaus, coincidence: Some(coincidence) } = progress
        else {
            return Ok(Outcome { interrupted: true, ..Outcome::default() });
        };
        Ok(self.outcome(&chain, &plateaus, &coincidence)?)
    }
}
