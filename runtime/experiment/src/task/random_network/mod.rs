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
use crate::engine::EngineFactory;
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::task::{Task, TaskError};
use pl_chip::time::{TICKS_PER_MS, ticks_from_us};
use pl_chip::{InputEvent, LinkCounters, Spike, Target, events};
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

/// What a network did.
#[derive(Clone, Debug)]
struct Run {
    /// Of every chip.
    spikes: Vec<Vec<Spike>>,
    activity: Activity,
    /// Events of the sources.
    source_events: u64,
    links: LinkCounters,
    /// Time that the machine took.
    wall_s: f64,
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

    fn run_point(&self, point: Point, seed: u64, monitor: &dyn Monitor) -> Run {
        let started_s = monitor.clock_s();
        let mut cluster = wiring::cluster(self.config, &self.experiment.chip, point.g, seed);
        let (mut time, mut source_events) = (0, 0);
        while time < self.end() && !monitor.interrupted() {
            let until = self.end().min(time + TICKS_PER_MS / 10);
            let input = self.sources(point, seed, time, until);
            source_events += input.len() as u64;
            for chip in 0..cluster.len() {
                cluster.enqueue(chip, &input);
            }
            cluster.run_until(until);
            monitor.advance(until - time);
            time = until;
        }
        let wall_s = monitor.clock_s() - started_s;
        let chips = 0..cluster.len();
        let spikes: Vec<_> = chips.map(|chip| cluster.chip_mut(chip).take_spikes()).collect();
        let skipped = ticks_from_us(1000.0 * self.config.skipped_ms);
        Run {
            activity: Activity::of(&spikes, skipped.min(time), time),
            spikes,
            source_events,
            links: cluster.all_link_counters(),
            wall_s,
            interrupted: time < self.end(),
        }
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
        let runs =
            self.points().iter().map(|point| self.run_point(*point, seed, monitor)).collect();
        Ok(report::outcome(self.config, runs))
    }
}
