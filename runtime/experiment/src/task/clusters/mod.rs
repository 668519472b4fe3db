//! Dendrites that share clusters of inputs among them.
//!
//! A neuron has two dendrites with plateaus, a synapse of each in every row, and each synapse chooses
//! one of the row's inputs by its address. Half of a row's inputs belong to one cluster, half to the
//! other; inputs of a cluster are active together. A plateau of one dendrite inhibits the other
//! through a connection on the chip. A rule rewires the synapses; a control has its addresses
//! write-protected.
//!
//! ```text
//!   config.rs   the `[task]` table          report.rs   metrics, arrays and the picture
//!   wiring.rs   synapses, connections, inputs, and how pure the dendrites are
//! ```

mod config;
mod report;
mod wiring;

pub use config::ClustersConfig;

use crate::config::Experiment;
use crate::counts::Counts;
use crate::engine::{Binding, EngineError, EngineFactory};
use crate::membranes::Trace;
use crate::monitor::Monitor;
use crate::outcome::Outcome;
use crate::plasticity::{Plasticity, UpdateCounts};
use crate::records::{self, Recorded};
use crate::stepwise::Stepwise;
use crate::task::{Task, TaskError, on_threads};
use borsh::{BorshDeserialize, BorshSerialize};
use pl_chip::Chip;
use pl_chip::time::{biological_s_from_ticks, ticks_from_us};
use pl_fixed::rng::splitmix64;
use wiring::{Purity, Wiring};

/// The hemisphere in use: the top one.
const TOP: u8 = 0;
/// Points of the learning curve.
const POINTS: u64 = 50;

/// Runs of dendrites that learn.
#[derive(Clone, Debug)]
pub struct Clusters<'a> {
    experiment: &'a Experiment,
    config: &'a ClustersConfig,
    wiring: Wiring,
}

/// A variant of the protocol.
#[derive(Clone, Copy, Debug)]
struct Arm {
    /// What the names of its metrics and arrays end with.
    ending: &'static str,
    frozen_addresses: bool,
}

/// With rewiring, and the control.
const ARMS: [Arm; 2] = [
    Arm { ending: "", frozen_addresses: false },
    Arm { ending: "_frozen_addresses", frozen_addresses: true },
];

/// How far an arm has come.
#[derive(Default, BorshSerialize, BorshDeserialize)]
struct Progress {
    presented: u64,
    /// As of [`Course`].
    curve: Vec<(f64, Purity)>,
    /// Plateaus of dendrites, and spikes of somata.
    plateaus: u64,
    soma_spikes: u64,
}

/// What an arm left.
struct Course {
    /// Biological time and purity, from before learning on.
    curve: Vec<(f64, Purity)>,
    /// Plateaus of a dendrite, and spikes of a soma, for each time that a cluster was active.
    plateaus: f64,
    soma_spikes: f64,
    weights: Vec<Vec<u8>>,
    addresses: Vec<Vec<u8>>,
    /// The cluster that each synapse listens to.
    clusters: Vec<Vec<u8>>,
    updates: UpdateCounts,
    counts: Counts,
    membranes: Option<Trace>,
    recorded: Vec<Recorded>,
    interrupted: bool,
}

impl<'a> Clusters<'a> {
    /// An experiment that is ready to run.
    #[must_use]
    pub fn new(experiment: &'a Experiment, config: &'a ClustersConfig) -> Clusters<'a> {
        let wiring = Wiring::new(config, &experiment.chip.structure);
        Clusters { experiment, config, wiring }
    }

    fn binding(&self, seed: u64) -> Binding {
        let bytes = |count: usize| (0..=u8::MAX).take(count).collect();
        Binding {
            rule: self.config.rule.clone(),
            arm: String::new(),
            hemisphere: TOP,
            rows: bytes(self.config.rows),
            columns: self.wiring.dendrites().iter().map(|column| column.to_le_bytes()[0]).collect(),
            params: self.experiment.rule[&self.config.rule].params.clone(),
            inputs: self.experiment.rule[&self.config.rule].inputs.clone(),
            seed,
            run_seed: seed,
            chip: 0,
            instance: 0,
            record_capacity: records::CAPACITY,
        }
    }

    /// Presentations of a run.
    fn presentations(&self) -> u64 {
        ticks_from_us(1000.0 * self.config.duration_bio_s) / self.presentation_ticks()
    }

    /// 1 us of hardware time stands for 1 ms.
    fn presentation_ticks(&self) -> u64 {
        ticks_from_us(self.config.burst_bio_ms + self.config.gap_bio_ms).max(1)
    }

    fn course(
        &self,
        arm: &Arm,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Course, EngineError> {
        let timing = self.experiment.run.timing;
        let name = arm.ending.trim_start_matches('_');
        let binding = Binding { arm: name.into(), ..self.binding(seed) };
        let rules = Plasticity::new(factory, timing, &[binding])?
            .recording(self.experiment.record.membranes.as_ref());
        let chip = || {
            let mut chip = self.experiment.calibrated_chip(seed);
            self.wiring.wire(self.config, &mut chip, seed);
            chip.set_address_write_protect(arm.frozen_addresses);
            chip
        };
        let begin = |chip: &Chip, _: &Plasticity| {
            let curve = vec![(0.0, self.wiring.purity(chip))];
            Progress { curve, ..Progress::default() }
        };
        let mut run = Stepwise::open(monitor, (seed, arm.ending), rules, chip, begin)?;
        let left = |progress: &Progress| progress.presented < self.presentations();
        run.run(left, |chip, rules, progress| {
            self.present(chip, rules, progress, seed)?;
            Ok(1)
        })?;
        let Stepwise { chip, mut rules, progress, .. } = run;
        let interrupted = left(&progress);
        let Progress { presented, curve, plateaus, soma_spikes } = progress;
        let neurons = self.wiring.neurons() as f64;
        let shown = neurons * f64::max(presented as f64, 1.0);
        Ok(Course {
            curve,
            plateaus: plateaus as f64 / shown / 2.0,
            soma_spikes: soma_spikes as f64 / shown,
            weights: self.wiring.view(|row| chip.weights_row(TOP.into(), row)),
            addresses: self.wiring.view(|row| chip.address_row(TOP.into(), row)),
            clusters: self.wiring.view(|row| {
                chip.address_row(TOP.into(), row).map(|address| self.wiring.cluster(row, address))
            }),
            updates: rules.counts().into_iter().sum(),
            counts: Counts::of(&chip),
            membranes: rules.membranes().cloned(),
            recorded: rules.take_recorded(),
            interrupted,
        })
    }

    /// One of the clusters is active, then none.
    fn present(
        &self,
        chip: &mut Chip,
        rules: &mut Plasticity,
        progress: &mut Progress,
        seed: u64,
    ) -> Result<(), EngineError> {
        let now = chip.now();
        let cluster = u8::from(splitmix64(seed ^ splitmix64(progress.presented)) & 1 == 1);
        let events = self.wiring.inputs(self.config, cluster, seed, now);
        rules.run_until(chip, now + self.presentation_ticks(), &events)?;
        for spike in chip.take_spikes() {
            if self.wiring.is_dendrite(spike.column) {
                progress.plateaus += 1;
            } else {
                progress.soma_spikes += 1;
            }
        }
        progress.presented += 1;
        let point = |presented: u64| presented * POINTS / self.presentations();
        if point(progress.presented) != point(progress.presented - 1) {
            let time = biological_s_from_ticks(chip.now() - rules.begun());
            progress.curve.push((time, self.wiring.purity(chip)));
        }
        Ok(())
    }
}

impl Task for Clusters<'_> {
    fn threads(&self) -> usize {
        ARMS.len()
    }

    fn units(&self) -> u64 {
        ARMS.len() as u64 * self.presentations()
    }

    fn run(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        let courses = on_threads(&ARMS, |arm| self.course(arm, factory, seed, monitor));
        let courses: Result<Vec<Course>, EngineError> = courses.into_iter().collect();
        let failed = |error| TaskError::Engine { rule: self.config.rule.clone(), error };
        Ok(self.outcome(&courses.map_err(failed)?))
    }
}
