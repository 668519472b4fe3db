//! A random network of excitatory and inhibitory neurons, driven by Poisson sources (Brunel 2000,
//! Journal of Computational Neuroscience 8:183-208), on one chip or several.
//!
//! ```text
//!  rows 0 to 199    excitatory neurons of columns 0 to 199 of every hemisphere, one address each
//!  rows 200 to 249  inhibitory neurons of columns 200 to 249, likewise
//!  rows 250 to 255  64 Poisson sources each, the same on all chips
//! ```
//!
//! A synapse hears one of the neurons of its row, or none. Every neuron has the same number of
//! inputs, drawn from all chips. Recurrent spikes need `routing.latency_us` within a chip and
//! `link.delay_us` between chips: the chip has no delay that could be set. `g` is how much stronger
//! inhibitory synapses are than excitatory ones, `drive` the rate of the sources by the one that
//! alone brings the mean membrane to threshold.

mod config;
mod report;
mod statistics;
mod wiring;

pub use config::{RandomNetworkConfig, ScanConfig, StateConfig};

use crate::config::Experiment;
use crate::engine::{EngineError, EngineFactory};
use crate::estimate::Usage;
use crate::membranes::{self, Recorder, Trace};
use crate::monitor::{Monitor, Occasion};
use crate::outcome::Outcome;
use crate::state::{self, Keeper};
use crate::task::{Task, TaskError};
use borsh::{BorshDeserialize, BorshSerialize};
use pl_chip::time::{TICKS_PER_MS, ticks_from_us};
use pl_chip::{Cluster, InputEvent, LinkCounters, Spike, Target, events};
use statistics::Activity;
use wiring::SOURCE_ROWS;

/// Runs of a network in several states.
#[derive(Clone, Copy, Debug)]
pub struct RandomNetwork<'a> {
    experiment: &'a Experiment,
    config: &'a RandomNetworkConfig,
}

/// Where a network is run: strength of inhibition and of the sources.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    g: f64,
    drive: f64,
}

/// How far the runs of all points have come.
#[derive(Default, BorshSerialize, BorshDeserialize)]
struct Kept {
    done: Vec<Done>,
    /// State of the network at the next point; empty before it begins.
    cluster: Vec<u8>,
    time: u64,
    source_events: u64,
    /// Time that the machine took for it.
    wall_s: f64,
    /// Membranes recorded of it.
    membranes: Trace,
}

/// What the run of a point left.
#[derive(BorshSerialize, BorshDeserialize)]
struct Done {
    /// Of every chip.
    spikes: Vec<Vec<Spike>>,
    time: u64,
    source_events: u64,
    links: LinkCounters,
    /// Of all chips.
    usage: Usage,
    /// Time that the machine took.
    wall_s: f64,
    /// Membranes, of a state to show, if they are recorded.
    membranes: Option<Trace>,
}

/// What a network did.
#[derive(Clone, Debug)]
struct Run {
    /// Of every chip.
    spikes: Vec<Vec<Spike>>,
    activity: Activity,
    /// How far it came, ticks.
    time: u64,
    /// Events of the sources.
    source_events: u64,
    links: LinkCounters,
    /// Of all chips.
    usage: Usage,
    /// Time that the machine took.
    wall_s: f64,
    membranes: Option<Trace>,
    interrupted: bool,
}

impl<'a> RandomNetwork<'a> {
    /// An experiment that is ready to run.
    #[must_use]
    pub fn new(experiment: &'a Experiment, config: &'a RandomNetworkConfig) -> RandomNetwork<'a> {
        RandomNetwork { experiment, config }
    }

    /// Every point to run: the states, then those of the scan, row by row of `g`.
    fn points(&self) -> Vec<Point> {
        let states =
            self.config.states.iter().map(|state| Point { g: state.g, drive: state.drive });
        let scan = self.config.scan.iter();
        let scan = scan.flat_map(|scan| scan.g.iter().map(move |g| (scan, *g)));
        let scan =
            scan.flat_map(|(scan, g)| scan.drive.iter().map(move |&drive| Point { g, drive }));
        states.chain(scan).collect()
    }

    fn end(&self) -> u64 {
        ticks_from_us(1000.0 * self.config.duration_ms)
    }

    /// Events of all sources for the rows of one chip in `from..to`.
    fn sources(&self, point: Point, seed: u64, from: u64, to: u64) -> Vec<InputEvent> {
        let each_hz = self.config.source_hz(&self.experiment.chip, point.drive);
        let mut input = Vec::new();
        for hemisphere in 0..2_u8 {
            for row in SOURCE_ROWS {
                for address in 0..64 {
                    let source =
                        u64::from(hemisphere) << 16 | u64::from(row) << 8 | u64::from(address);
                    let target = Target { hemisphere, row, address };
                    events::poisson(seed, source, target, each_hz, from, to, &mut input);
                }
            }
        }
        input.sort_unstable();
        input
    }

    /// Runs the points that are not done.
    fn run_points(&self, seed: u64, monitor: &dyn Monitor) -> Result<Vec<Run>, EngineError> {
        let keeper = Keeper::new(monitor, seed, "");
        let mut kept: Kept = keeper.kept()?.unwrap_or_default();
        monitor.go_on(kept.done.len() as u64 * self.end() + kept.time);
        let done = kept.done.len();
        for (number, point) in self.points().into_iter().enumerate().skip(done) {
            let mut cluster = wiring::cluster(self.config, &self.experiment.chip, point.g, seed);
            self.experiment.calibrate(&mut cluster);
            if !kept.cluster.is_empty() {
                let restored = cluster.restore(&core::mem::take(&mut kept.cluster));
                restored.map_err(|error| EngineError::new(error.to_string()))?;
            }
            let mut recorder = self.recorder(number, core::mem::take(&mut kept.membranes));
            let started_s = monitor.clock_s() - kept.wall_s;
            let save = |kept: &Kept, cluster: &Cluster, recorder: &Option<Recorder>| {
                let state = cluster.save().map_err(|error| EngineError::new(error.to_string()))?;
                let membranes = recorder.as_ref().map(|recorder| recorder.trace.clone());
                let Kept { done, time, source_events, wall_s, .. } = kept;
                let membranes = membranes.unwrap_or_default();
                state::to_bytes(&(done, state, time, source_events, wall_s, membranes))
            };
            while kept.time < self.end() && !monitor.interrupted() {
                let until = self.end().min(kept.time + TICKS_PER_MS / 10);
                let input = self.sources(point, seed, kept.time, until);
                kept.source_events += input.len() as u64;
                for chip in 0..cluster.len() {
                    cluster.enqueue(chip, &input);
                }
                Recorder::pass(&mut recorder, &mut cluster, until);
                monitor.advance(until - kept.time);
                kept.time = until;
                kept.wall_s = monitor.clock_s() - started_s;
                keeper.offer(Occasion::Passing, &|| save(&kept, &cluster, &recorder))?;
            }
            if kept.time < self.end() {
                keeper.offer(Occasion::Last, &|| save(&kept, &cluster, &recorder))?;
            }
            let chips = 0..cluster.len();
            kept.done.push(Done {
                spikes: chips.map(|chip| cluster.chip_mut(chip).take_spikes()).collect(),
                time: core::mem::take(&mut kept.time),
                source_events: core::mem::take(&mut kept.source_events),
                links: cluster.all_link_counters(),
                usage: (0..cluster.len()).map(|chip| Usage::of(cluster.chip(chip))).sum(),
                wall_s: core::mem::take(&mut kept.wall_s),
                membranes: recorder.map(|recorder| recorder.trace),
            });
            if monitor.interrupted() {
                break;
            }
        }
        if kept.done.iter().all(|done| done.time == self.end()) {
            keeper.offer(Occasion::Last, &|| state::to_bytes(&kept))?;
        }
        Ok(kept.done.into_iter().map(|done| self.run_of(done)).collect())
    }

    /// What records membranes at a point of this number, on from those of a run before this one: only
    /// of states to show.
    fn recorder(&self, number: usize, trace: Trace) -> Option<Recorder> {
        let config = self.experiment.record.membranes.as_ref();
        let config = config.filter(|_| number < self.config.states.len())?;
        Some(Recorder::new(config, trace))
    }

    fn run_of(&self, done: Done) -> Run {
        let Done { spikes, time, source_events, links, usage, wall_s, membranes } = done;
        let skipped = ticks_from_us(1000.0 * self.config.skipped_ms);
        let activity = Activity::of(&spikes, skipped.min(time), time);
        let interrupted = time < self.end();
        Run { activity, spikes, time, source_events, links, usage, wall_s, membranes, interrupted }
    }
}

impl Task for RandomNetwork<'_> {
    fn threads(&self) -> usize {
        self.config.threads
    }

    fn units(&self) -> u64 {
        // Ticks of the chips' time.
        self.points().len() as u64 * self.end()
    }

    fn run(
        &self,
        _factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        let mut runs = self.run_points(seed, monitor).map_err(TaskError::State)?;
        let left_out = runs.len() < self.points().len();
        let names = self.config.states.iter().map(|state| state.name.as_str());
        let taken: Vec<_> = runs.iter_mut().map(|run| run.membranes.take()).collect();
        let mut outcome = report::outcome(self.config, runs);
        outcome.interrupted |= left_out;
        let traces = names.zip(taken.iter().map(Option::as_ref));
        membranes::report(self.experiment.record.membranes.as_ref(), traces, &mut outcome);
        Ok(outcome)
    }
}
