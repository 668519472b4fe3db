//! One chip's training.

use super::bench::{HEMISPHERE, Stimulus};
use super::config::{Evaluate, Spacing};
use super::readout::Evaluation;
use super::{Checkpoint, Classification, whole_us};
use crate::counts::Counts;
use crate::data::{Split, shuffle};
use crate::engine::{Binding, EngineError, EngineFactory};
use crate::estimate::Usage;
use crate::membranes::Trace;
use crate::monitor::{Monitor, Occasion};
use crate::plasticity::{Plasticity, UpdateCounts};
use crate::records::{self, Recorded};
use crate::state::Keeper;
use borsh::{BorshDeserialize, BorshSerialize};
use pl_chip::time::{TICKS_PER_US, ticks_from_us};
use pl_chip::{COLUMNS, Chip, Spike};
use pl_fixed::rng::splitmix64;

/// A variant of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arm {
    pub(super) name: &'static str,
    pub(super) frozen_addresses: bool,
}

impl Arm {
    /// Its name if it is a control, which its numbers and arrays carry; else none.
    pub(super) fn control_name(&self) -> &'static str {
        if self.frozen_addresses { self.name } else { "" }
    }
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
    pub(super) recorded: Vec<Recorded>,
    /// Chip time of training and evaluations, ticks.
    pub(super) duration: u64,
    /// What training and readout made the chip do.
    pub(super) usage: Usage,
    /// Chip time of training alone, ticks.
    pub(super) training_duration: u64,
    pub(super) counts: Counts,
    pub(super) membranes: Option<Trace>,
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
        let split = self.split(seed);
        let evaluated = match self.config.evaluate {
            Evaluate::Test => &split.test,
            Evaluate::Validation => &split.validation,
        };
        let normalisation = self.config.test.normalisation_samples.min(split.train.len());
        let normalisation = &split.train[..normalisation];

        let keeper = Keeper::new(monitor, seed, arm.name);
        let mut session = Session::new(self, arm, factory, seed, &keeper)?;
        monitor.go_on(session.units_done());
        let done = session.progress.curve.len();
        let checkpoints = self.checkpoints();
        session.shift = checkpoints[..done].last().map_or(0, |last| last.shift);
        for Checkpoint { shown, shift } in checkpoints.into_iter().skip(done) {
            session.shift = shift;
            session.present(shown, monitor, &keeper)?;
            if session.progress.shown < shown {
                break;
            }
            let result = self.evaluate(&session.chip, normalisation, evaluated, shift, monitor);
            let Some(evaluation) = result else { break };
            session.progress.curve.push((shown, evaluation));
            session.offer(Occasion::Passing, &keeper)?;
        }
        session.offer(Occasion::Last, &keeper)?;
        session.finish()
    }

    /// A chip before learning.
    fn chip(&self, arm: &Arm, seed: u64) -> Chip {
        let mut chip = self.experiment.calibrated_chip(seed);
        self.bench.wire(self.config, &mut chip, seed_of(seed, Purpose::Addresses, 0));
        chip.set_address_write_protect(arm.frozen_addresses);
        chip
    }

    fn binding(&self, seed: u64) -> Binding {
        let rule = &self.experiment.rule[&self.config.rule];
        Binding {
            rule: self.config.rule.clone(),
            arm: String::new(),
            hemisphere: HEMISPHERE,
            rows: self.bench.input_rows(),
            columns: self.bench.columns(),
            params: rule.params.clone(),
            inputs: rule.inputs.clone(),
            seed,
            run_seed: seed,
            chip: 0,
            instance: 0,
            record_capacity: records::CAPACITY,
        }
    }
}

/// A chip in training.
struct Session<'a> {
    task: &'a Classification<'a>,
    seed: u64,
    /// See [`Checkpoint::shift`].
    shift: usize,
    chip: Chip,
    rules: Plasticity,
    progress: Progress,
}

/// How far training has come.
#[derive(BorshSerialize, BorshDeserialize)]
struct Progress {
    /// Training samples in the order of this round.
    order: Vec<usize>,
    shown: usize,
    spikes: Vec<Spike>,
    /// As of [`ArmOutcome`].
    curve: Vec<(usize, Evaluation)>,
}

impl<'a> Session<'a> {
    /// One that begins, or goes on from what was kept.
    fn new(
        task: &'a Classification<'a>,
        arm: &Arm,
        factory: &dyn EngineFactory,
        seed: u64,
        keeper: &Keeper<'_>,
    ) -> Result<Session<'a>, EngineError> {
        let timing = task.experiment.run.timing;
        let mut rules = Plasticity::new(
            factory,
            timing,
            &[Binding { arm: arm.name.into(), ..task.binding(seed) }],
        )?
        .recording(task.experiment.record.membranes.as_ref());
        if let Some((chip, progress)) = keeper.kept_chips(&mut rules, || task.chip(arm, seed))? {
            return Ok(Session { task, seed, shift: 0, chip, rules, progress });
        }
        let mut chip = task.chip(arm, seed);
        rules.start(&mut chip)?;
        chip.take_spikes();
        chip.set_spike_recording(HEMISPHERE.into(), true);
        let order = task.split(seed).train;
        let progress = Progress { order, shown: 0, spikes: Vec::new(), curve: Vec::new() };
        Ok(Session { task, seed, shift: 0, chip, rules, progress })
    }

    fn offer(&self, occasion: Occasion, keeper: &Keeper<'_>) -> Result<(), EngineError> {
        keeper.offer_chips(occasion, &self.chip, &self.rules, &self.progress)
    }

    /// Work that was done before, as [`Task::units`](crate::task::Task::units) counts it.
    fn units_done(&self) -> u64 {
        let Progress { shown, curve, .. } = &self.progress;
        let evaluations = curve.iter().map(|(_, evaluation)| evaluation.usage.ticks);
        *shown as u64 * whole_us(self.task.config.train.presentation_us)
            + evaluations.sum::<u64>() / TICKS_PER_US
    }

    /// Shows samples until `shown` have been, or the run is interrupted.
    fn present(
        &mut self,
        shown: usize,
        monitor: &dyn Monitor,
        keeper: &Keeper<'_>,
    ) -> Result<(), EngineError> {
        while self.progress.shown < shown && !monitor.interrupted() {
            let order = &mut self.progress.order;
            let place = self.progress.shown % order.len();
            if place == 0 {
                let round = (self.progress.shown / order.len()) as u64;
                shuffle(order, seed_of(self.seed, Purpose::Order, round));
            }
            let index = order[place];
            self.present_sample(index)?;
            self.progress.shown += 1;
            monitor.advance(whole_us(self.task.config.train.presentation_us));
            self.offer(Occasion::Passing, keeper)?;
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
        let mut events = Vec::new();
        task.bench.inputs(&task.codes[index], &stimulus, self.seed, start, &mut events);
        let class = task.group_of(task.dataset.labels[index], self.shift);
        let duration = stimulus.duration;
        task.bench.teacher(task.config, class, start, duration, &mut events);
        events.sort_unstable();
        self.rules.run_until(&mut self.chip, start + stimulus.duration, &events)?;
        self.progress.spikes.extend(self.chip.take_spikes());
        Ok(())
    }

    fn finish(mut self) -> Result<ArmOutcome, EngineError> {
        let hemisphere = usize::from(HEMISPHERE);
        let rows = || self.task.bench.input_rows().into_iter().map(usize::from);
        let training_duration = self.chip.now() - self.rules.begun();
        self.rules.finish(&mut self.chip)?;
        let Progress { shown, spikes, curve, .. } = self.progress;
        let evaluations: Usage = curve.iter().map(|(_, evaluation)| evaluation.usage).sum();
        let updates: UpdateCounts = self.rules.counts().into_iter().sum();
        let counts = Counts::of(&self.chip);
        Ok(ArmOutcome {
            trained: shown,
            updates,
            usage: [counts.usage.with_updates(&updates), evaluations].into_iter().sum(),
            shift: self.shift,
            interrupted: curve.len() < self.task.checkpoints().len(),
            curve,
            weights: rows().map(|row| self.chip.weights_row(hemisphere, row)).collect(),
            addresses: rows().map(|row| self.chip.address_row(hemisphere, row)).collect(),
            membranes: self.rules.membranes().cloned(),
            recorded: self.rules.take_recorded(),
            spikes,
            duration: training_duration + evaluations.ticks,
            training_duration,
            counts,
        })
    }
}
