//! One chip's training.

use super::bench::{HEMISPHERE, Stimulus};
use super::config::{Evaluate, Spacing};
use super::readout::Evaluation;
use super::{Checkpoint, Classification, whole_us};
use crate::counts::Counts;
use crate::data::{Split, shuffle};
use crate::engine::{Binding, EngineError, EngineFactory, RecordSample};
use crate::monitor::Monitor;
use crate::plasticity::{Plasticity, UpdateCounts};
use pl_chip::time::ticks_from_us;
use pl_chip::{COLUMNS, Chip, InputEvent, Spike};
use pl_fixed::rng::splitmix64;

/// Most samples a record statement keeps.
const RECORD_CAPACITY: usize = 1024;

/// A variant of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arm {
    pub(super) name: &'static str,
    pub(super) frozen_addresses: bool,
}

/// What an arm leaves.
#[derive(Clone, Debug)]
pub(super) struct ArmOutcome {
    /// Samples shown while learning.
    pub(super) trained: usize,
    /// See [`Checkpoint::shift`]; that of the end.
    pub(super) shift: usize,
    pub(super) updates: UpdateCounts,
    /// Samples shown before each evaluation, and its result.
    pub(super) curve: Vec<(usize, Evaluation)>,
    /// Of the input rows.
    pub(super) weights: Vec<[u8; COLUMNS]>,
    pub(super) addresses: Vec<[u8; COLUMNS]>,
    /// Spikes while learning.
    pub(super) spikes: Vec<Spike>,
    pub(super) records: Vec<RecordSample>,
    /// Chip time of training and evaluations, ticks.
    pub(super) duration: u64,
    /// Chip time of training alone, ticks.
    pub(super) training_duration: u64,
    pub(super) counts: Counts,
    pub(super) interrupted: bool,
}

/// Purposes that take a seed of their own from the run's.
#[derive(Clone, Copy)]
enum Purpose {
    Split = 1,
    Addresses,
    Order,
}

fn seed_of(seed: u64, purpose: Purpose, index: u64) -> u64 {
    splitmix64(splitmix64(seed ^ (purpose as u64) << 48) ^ index)
}

impl Classification<'_> {
    /// Which samples of a run are learnt from and which are evaluated.
    pub(super) fn split(&self, seed: u64) -> Split {
        Split::new(
            self.dataset.len(),
            self.config.test_size,
            self.config.validation_size,
            seed_of(seed, Purpose::Split, 0),
        )
    }

    /// Trains a chip and evaluates it along the way.
    pub(super) fn train(
        &self,
        arm: &Arm,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<ArmOutcome, EngineError> {
        let mut chip = Chip::new(&self.experiment.chip, seed);
        self.bench.wire(self.config, &mut chip, seed_of(seed, Purpose::Addresses, 0));
        chip.set_address_write_protect(arm.frozen_addresses);
        let timing = self.experiment.run.timing;
        let mut rules = Plasticity::new(factory, timing, &[self.binding(seed)])?;
        rules.start(&mut chip)?;
        let split = self.split(seed);
        let evaluated = match self.config.evaluate {
            Evaluate::Test => &split.test,
            Evaluate::Validation => &split.validation,
        };
        let normalisation = self.config.test.normalisation_samples.min(split.train.len());
        let normalisation = &split.train[..normalisation];

        let mut session = Session::new(self, chip, rules, &split.train, seed);
        let mut curve = Vec::new();
        let mut interrupted = false;
        for Checkpoint { shown, shift } in self.checkpoints() {
            session.shift = shift;
            session.present(shown, monitor)?;
            let evaluation = if session.shown < shown {
                None
            } else {
                self.evaluate(&session.chip, normalisation, evaluated, shift, monitor)
            };
            let Some(evaluation) = evaluation else {
                interrupted = true;
                break;
            };
            curve.push((session.shown, evaluation));
        }
        session.finish(curve, interrupted)
    }

    fn binding(&self, seed: u64) -> Binding {
        let rule = &self.experiment.rule[&self.config.rule];
        Binding {
            rule: self.config.rule.clone(),
            hemisphere: HEMISPHERE,
            rows: self.bench.input_rows(),
            columns: self.bench.columns(),
            params: rule.params.clone(),
            seed,
            chip: 0,
            instance: 0,
            record_capacity: RECORD_CAPACITY,
        }
    }
}

/// A chip in training.
struct Session<'a> {
    task: &'a Classification<'a>,
    chip: Chip,
    rules: Plasticity,
    /// Training samples in the order of this round.
    order: Vec<usize>,
    seed: u64,
    shown: usize,
    /// See [`Checkpoint::shift`].
    shift: usize,
    started: u64,
    spikes: Vec<Spike>,
    events: Vec<InputEvent>,
}

impl<'a> Session<'a> {
    fn new(
        task: &'a Classification<'a>,
        mut chip: Chip,
        rules: Plasticity,
        train: &[usize],
        seed: u64,
    ) -> Session<'a> {
        let started = chip.now();
        chip.take_spikes();
        chip.set_spike_recording(HEMISPHERE.into(), true);
        Session {
            task,
            rules,
            order: train.to_vec(),
            seed,
            shown: 0,
            shift: 0,
            started,
            chip,
            spikes: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Shows samples until `shown` have been, or the run is interrupted.
    fn present(&mut self, shown: usize, monitor: &dyn Monitor) -> Result<(), EngineError> {
        while self.shown < shown && !monitor.interrupted() {
            let place = self.shown % self.order.len();
            if place == 0 {
                let round = (self.shown / self.order.len()) as u64;
                shuffle(&mut self.order, seed_of(self.seed, Purpose::Order, round));
            }
            self.present_sample(self.order[place])?;
            self.shown += 1;
            monitor.advance(whole_us(self.task.config.train.presentation_us));
        }
        Ok(())
    }

    fn present_sample(&mut self, index: usize) -> Result<(), EngineError> {
        let (task, train) = (self.task, &self.task.config.train);
        let start = self.chip.now();
        let stimulus = Stimulus {
            on_rate_bio_hz: train.on_rate_bio_hz,
            off_rate_bio_hz: train.off_rate_bio_hz,
            duration: ticks_from_us(train.presentation_us),
            first_source: 0,
            spacing: Spacing::Poisson,
        };
        self.events.clear();
        task.bench.inputs(&task.codes[index], &stimulus, self.seed, start, &mut self.events);
        let class = task.group_of(task.dataset.labels[index], self.shift);
        let duration = stimulus.duration;
        task.bench.teacher(task.config, class, start, duration, &mut self.events);
        self.events.sort_unstable();
        self.rules.run_until(&mut self.chip, start + stimulus.duration, &self.events)?;
        self.spikes.extend(self.chip.take_spikes());
        Ok(())
    }

    fn finish(
        mut self,
        curve: Vec<(usize, Evaluation)>,
        interrupted: bool,
    ) -> Result<ArmOutcome, EngineError> {
        let hemisphere = usize::from(HEMISPHERE);
        let rows = || self.task.bench.input_rows().into_iter().map(usize::from);
        let training_duration = self.chip.now() - self.started;
        self.rules.finish(&mut self.chip)?;
        let evaluations: u64 = curve.iter().map(|(_, evaluation)| evaluation.duration).sum();
        Ok(ArmOutcome {
            trained: self.shown,
            updates: self.rules.counts().into_iter().reduce(UpdateCounts::and).unwrap_or_default(),
            shift: self.shift,
            curve,
            weights: rows().map(|row| self.chip.weights_row(hemisphere, row)).collect(),
            addresses: rows().map(|row| self.chip.address_row(hemisphere, row)).collect(),
            records: self.rules.take_records(),
            spikes: self.spikes,
            duration: training_duration + evaluations,
            training_duration,
            counts: Counts::of(&self.chip),
            interrupted,
        })
    }
}
