//! The rules at work on a chip: their schedules, and what became of each update that was due.
//!
//! Updates take no time, or the time that their programs take on the chip's PPUs while the network
//! goes on. A task advances the chip through [`Plasticity::run_until`] and need not know which.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::chips::Chips;
use crate::engine::{Binding, Engine, EngineError, EngineFactory, RecordSample};
use crate::membranes::{MembranesConfig, Recorder, Trace};
use crate::outcome::Metric;
use crate::ppu_image::{RunningImage, in_turn, start_all};
use crate::records::{self, Recorded};
use crate::state;
use pl_chip::InputEvent;
use pl_chip::time::us_from_ticks;
use serde::Deserialize;
use std::iter::Sum;

/// What time updates take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// None: the network stands still meanwhile. Every engine gives the same bits.
    #[default]
    Instant,
    /// That of the PPU program on the chip: sensors and neurons go on, and what is written acts
    /// from then on.
    Chip,
}

impl Timing {
    /// Its name in `experiment.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Timing::Instant => "instant",
            Timing::Chip => "chip",
        }
    }
}

/// What became of the updates that were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UpdateCounts {
    /// Updates that were due.
    pub requested: u64,
    /// Updates that ran.
    pub executed: u64,
    /// Of those, updates that began after their time because the one before was still running.
    pub late: u64,
    /// Updates that were left out because a whole period had passed.
    pub missed: u64,
    /// Ticks that the longest took, until all it wrote was stored.
    pub longest_ticks: u64,
    /// Ticks that all took together.
    pub busy_ticks: u64,
}

/// Of several rules, with the longest of all their updates.
impl Sum for UpdateCounts {
    fn sum<I: Iterator<Item = UpdateCounts>>(counts: I) -> UpdateCounts {
        counts.fold(UpdateCounts::default(), |sum, one| UpdateCounts {
            requested: sum.requested + one.requested,
            executed: sum.executed + one.executed,
            late: sum.late + one.late,
            missed: sum.missed + one.missed,
            longest_ticks: sum.longest_ticks.max(one.longest_ticks),
            busy_ticks: sum.busy_ticks + one.busy_ticks,
        })
    }
}

impl UpdateCounts {
    /// The numbers of a summary, each with `ending` behind its name; durations only if updates took
    /// any time.
    #[must_use]
    pub fn metrics(&self, ending: &str) -> Vec<Metric> {
        let mut metrics = Vec::new();
        let mut add = |name: &str, value: f64| {
            metrics.push(Metric::new(format!("updates_{name}{ending}"), value));
        };
        let counts = [
            ("requested", self.requested),
            ("executed", self.executed),
            ("late", self.late),
            ("missed", self.missed),
        ];
        for (name, value) in counts {
            add(name, value as f64);
        }
        if self.busy_ticks > 0 {
            add("mean_us", us_from_ticks(self.busy_ticks) / self.executed.max(1) as f64);
            add("longest_us", us_from_ticks(self.longest_ticks));
        }
        metrics
    }
}

/// The rules at work on one chip or several.
pub struct Plasticity {
    work: Work,
    /// Period and phase of each rule, ticks.
    schedules: Vec<[u64; 2]>,
    /// What tells the places of rules apart.
    places: Vec<String>,
    /// When all rules had been started.
    begun: u64,
    /// What reads membranes, if any are recorded.
    recorder: Option<Recorder>,
}

enum Work {
    Instant(Vec<Scheduled>),
    Chip(Vec<RunningImage>),
}

/// A rule whose updates take no time.
struct Scheduled {
    engine: Box<dyn Engine>,
    /// Number of its chip.
    chip: usize,
    next_due: u64,
    executed: u64,
}

impl Plasticity {
    /// Rules bound as `bindings` say, not started yet.
    ///
    /// # Errors
    /// If a rule cannot be bound, two are to share a PPU or the random generators of a hemisphere, or
    /// one that keeps something for all its neurons and is not `replicated` is bound to both hemispheres.
    pub fn new(
        factory: &dyn EngineFactory,
        timing: Timing,
        bindings: &[Binding],
    ) -> Result<Plasticity, EngineError> {
        let schedule = |binding: &Binding| -> Result<[u64; 2], EngineError> {
            let info = factory.rule_info(&binding.rule)?;
            Ok([info.period_ticks.max(1), info.phase_ticks])
        };
        let schedules = bindings.iter().map(schedule).collect::<Result<_, _>>()?;
        on_one_hemisphere(factory, bindings)?;
        with_generators_alone(factory, bindings)?;
        let work = match timing {
            Timing::Instant => {
                let scheduled = |binding| -> Result<Scheduled, EngineError> {
                    let (engine, chip) = (factory.build(binding)?, binding.chip as usize);
                    Ok(Scheduled { engine, chip, next_due: 0, executed: 0 })
                };
                Work::Instant(bindings.iter().map(scheduled).collect::<Result<_, _>>()?)
            }
            Timing::Chip => {
                if bindings.iter().any(|binding| binding.chip > 0) {
                    return Err(EngineError::new(
                        "rules of several chips run without taking time: leave `run.timing` out",
                    ));
                }
                let image = |binding| RunningImage::new(factory.program(binding)?);
                let images: Vec<RunningImage> =
                    bindings.iter().map(image).collect::<Result<_, _>>()?;
                let shared = |(i, image): (usize, &RunningImage)| {
                    images[..i].iter().any(|other| other.hemisphere() == image.hemisphere())
                };
                if images.iter().enumerate().any(shared) {
                    return Err(EngineError::new("in the chip's time a PPU runs one rule"));
                }
                Work::Chip(images)
            }
        };
        let places = records::places(bindings);
        Ok(Plasticity { work, schedules, places, begun: 0, recorder: None })
    }

    /// The same, which also records membranes, from the start on.
    #[must_use]
    pub fn recording(mut self, membranes: Option<&MembranesConfig>) -> Plasticity {
        self.recorder = membranes.map(|config| Recorder::new(config, Trace::default()));
        self
    }

    /// The membranes recorded so far, if any are.
    #[must_use]
    pub fn membranes(&self) -> Option<&Trace> {
        self.recorder.as_ref().map(|recorder| &recorder.trace)
    }

    /// Starts all rules, which in the chip's time takes time, and begins their schedules: first
    /// updates are due their phases from then on.
    ///
    /// # Errors
    /// If a rule could not run.
    pub fn start(&mut self, chips: &mut impl Chips) -> Result<(), EngineError> {
        match &mut self.work {
            Work::Instant(rules) => {
                for (rule, [_, phase]) in rules.iter_mut().zip(&self.schedules) {
                    rule.engine.start(chips.chip_mut(rule.chip))?;
                    rule.next_due = chips.now() + phase;
                }
                self.begun = chips.now();
            }
            Work::Chip(images) => {
                let chip = chips.chip_mut(0);
                start_all(images, chip)?;
                self.begun = chip.now();
                let mut schedules = self.schedules.iter();
                in_turn(images, chip, |image, chip| {
                    let [period, phase] = schedules.next().copied().unwrap_or_default();
                    image.write_inputs(chip, 0)?;
                    image.run(chip, period, phase)
                })?;
            }
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.begun = self.begun;
        }
        Ok(())
    }

    /// When the schedules began, ticks.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// Advances the chips to `t_end`, the first with `input`, as [`pl_chip::Chip::run_until`] does, and
    /// updates that are due until then, `t_end` included. Those in the chip's time need not have ended then.
    ///
    /// # Errors
    /// If a rule could not run.
    pub fn run_until(
        &mut self,
        chips: &mut impl Chips,
        t_end: u64,
        input: &[InputEvent],
    ) -> Result<(), EngineError> {
        let now = chips.now();
        chips.chip_mut(0).run_until(now, input);
        match &mut self.work {
            Work::Instant(rules) => {
                while let Some(due) = next_due(rules).filter(|due| *due <= t_end) {
                    Recorder::pass(&mut self.recorder, chips, due);
                    for (rule, [period, _]) in rules.iter_mut().zip(&self.schedules) {
                        if rule.next_due == due {
                            rule.engine.update(chips.chip_mut(rule.chip))?;
                            rule.executed += 1;
                            rule.next_due += period;
                        }
                    }
                }
                Recorder::pass(&mut self.recorder, chips, t_end);
            }
            Work::Chip(images) => loop {
                // Samples may have been taken since the last look, which makes room.
                images.iter_mut().try_for_each(|image| image.look(chips.chip_mut(0)))?;
                let elapsed = chips.now().saturating_sub(self.begun);
                let mut pause = images.iter().map(RunningImage::look_ticks).min().unwrap_or(t_end);
                for image in images.iter_mut() {
                    pause = pause.min(image.write_inputs(chips.chip_mut(0), elapsed)?);
                }
                if chips.now() >= t_end {
                    break;
                }
                let until = t_end.min(chips.now().saturating_add(pause));
                Recorder::pass(&mut self.recorder, chips, until);
            },
        }
        Ok(())
    }

    /// Ends the schedules: in the chip's time, waits until updates that are due by now have ended,
    /// and resets the PPUs.
    ///
    /// # Errors
    /// If a rule could not run.
    pub fn finish(&mut self, chips: &mut impl Chips) -> Result<(), EngineError> {
        if let Work::Chip(images) = &mut self.work {
            let chip = chips.chip_mut(0);
            let elapsed = chip.now().saturating_sub(self.begun);
            for (image, [period, phase]) in images.iter_mut().zip(&self.schedules) {
                let due = elapsed.checked_sub(*phase).map_or(0, |after| after / period + 1);
                image.end(chip, due)?;
            }
            images.iter_mut().for_each(|image| image.halt(chip));
        }
        Ok(())
    }

    /// What became of the updates until now, of each rule.
    #[must_use]
    pub fn counts(&self) -> Vec<UpdateCounts> {
        match &self.work {
            Work::Instant(rules) => {
                let counts = |rule: &Scheduled| UpdateCounts {
                    requested: rule.executed,
                    executed: rule.executed,
                    ..UpdateCounts::default()
                };
                rules.iter().map(counts).collect()
            }
            Work::Chip(images) => images.iter().map(RunningImage::counts).collect(),
        }
    }

    /// The samples recorded since this was last asked, of each rule in turn.
    pub fn take_records(&mut self) -> Vec<RecordSample> {
        match &mut self.work {
            Work::Instant(rules) => {
                rules.iter_mut().flat_map(|rule| rule.engine.take_records()).collect()
            }
            Work::Chip(images) => images.iter_mut().flat_map(RunningImage::take_records).collect(),
        }
    }

    /// What each rule recorded since this was last asked, by place.
    pub fn take_recorded(&mut self) -> Vec<Recorded> {
        let samples: Vec<Vec<RecordSample>> = match &mut self.work {
            Work::Instant(rules) => {
                rules.iter_mut().map(|rule| rule.engine.take_records()).collect()
            }
            Work::Chip(images) => images.iter_mut().map(RunningImage::take_records).collect(),
        };
        let parts = self.places.iter().zip(samples).zip(self.samples_lost());
        let part = |((place, samples), lost): ((&String, _), _)| Recorded {
            place: place.clone(),
            samples,
            lost,
        };
        parts.map(part).collect()
    }

    /// Samples of each rule that found the buffer of their record statement full since the start, by
    /// number of the statement.
    #[must_use]
    pub fn samples_lost(&self) -> Vec<Vec<u64>> {
        match &self.work {
            Work::Instant(rules) => rules.iter().map(|rule| rule.engine.samples_lost()).collect(),
            Work::Chip(images) => images.iter().map(Engine::samples_lost).collect(),
        }
    }
}

/// Checks that rules which keep something for all their neurons are bound to one hemisphere.
fn on_one_hemisphere(factory: &dyn EngineFactory, bindings: &[Binding]) -> Result<(), EngineError> {
    for (i, binding) in bindings.iter().enumerate() {
        let both = bindings[..i].iter().any(|other| {
            (&other.rule, other.chip) == (&binding.rule, binding.chip)
                && other.hemisphere != binding.hemisphere
        });
        if both && factory.rule_info(&binding.rule)?.one_hemisphere {
            return Err(EngineError::new(format!(
                "`{}` has state of the rule or `control`, of which each hemisphere would have its own: \
                 add `replicated` to the rule, or bind it to one hemisphere",
                binding.rule
            )));
        }
    }
    Ok(())
}

/// Checks that one rule alone draws from the random generators of a hemisphere.
fn with_generators_alone(
    factory: &dyn EngineFactory,
    bindings: &[Binding],
) -> Result<(), EngineError> {
    let mut drawing: Vec<&Binding> = Vec::new();
    for binding in bindings {
        if !factory.rule_info(&binding.rule)?.chip_generators {
            continue;
        }
        let place = |binding: &Binding| (binding.chip, binding.hemisphere);
        if let Some(other) = drawing.iter().find(|other| place(other) == place(binding)) {
            return Err(EngineError::new(format!(
                "`{}` and `{}` both say `rng hardware`, but a hemisphere has its generators once: leave \
                 the line out of one of them",
                other.rule, binding.rule
            )));
        }
        drawing.push(binding);
    }
    Ok(())
}

/// What [`Plasticity::save`] keeps.
#[derive(BorshSerialize, BorshDeserialize)]
struct Kept {
    begun: u64,
    membranes: Option<Trace>,
    rules: Vec<KeptRule>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct KeptRule {
    engine: Vec<u8>,
    /// Of no meaning in the chip's time, where the PPU knows.
    next_due: u64,
    executed: u64,
}

impl Plasticity {
    /// The rules' states, besides what is on the chip, as bytes.
    ///
    /// # Errors
    /// If they cannot be kept.
    pub fn save(&self) -> Result<Vec<u8>, EngineError> {
        let rules = match &self.work {
            Work::Instant(rules) => {
                let kept = |rule: &Scheduled| -> Result<KeptRule, EngineError> {
                    let Scheduled { engine, next_due, executed, .. } = rule;
                    let engine = engine.save()?;
                    Ok(KeptRule { engine, next_due: *next_due, executed: *executed })
                };
                rules.iter().map(kept).collect::<Result<_, _>>()?
            }
            Work::Chip(images) => {
                let kept = |image: &RunningImage| -> Result<KeptRule, EngineError> {
                    Ok(KeptRule { engine: image.save()?, next_due: 0, executed: 0 })
                };
                images.iter().map(kept).collect::<Result<_, _>>()?
            }
        };
        let membranes = self.membranes().cloned();
        state::to_bytes(&Kept { begun: self.begun, membranes, rules })
    }

    /// Goes on from what [`Plasticity::save`] gave for the same rules, instead of a start, on a
    /// chip in the state of that time.
    ///
    /// # Errors
    /// If the bytes are no such state.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let kept: Kept = state::from_bytes(bytes)?;
        if kept.rules.len() != self.schedules.len() {
            return Err(EngineError::new("this is the state of other rules"));
        }
        self.begun = kept.begun;
        if let Some((recorder, trace)) = self.recorder.as_mut().zip(kept.membranes) {
            (recorder.begun, recorder.trace) = (kept.begun, trace);
        }
        match &mut self.work {
            Work::Instant(rules) => {
                for (rule, kept) in rules.iter_mut().zip(kept.rules) {
                    rule.engine.restore(&kept.engine)?;
                    (rule.next_due, rule.executed) = (kept.next_due, kept.executed);
                }
            }
            Work::Chip(images) => {
                for (image, kept) in images.iter_mut().zip(kept.rules) {
                    image.restore(&kept.engine)?;
                }
            }
        }
        Ok(())
    }
}

fn next_due(rules: &[Scheduled]) -> Option<u64> {
    rules.iter().map(|rule| rule.next_due).min()
}

/// An engine whose updates the host asks for one by one.
///
/// # Errors
/// If the rule cannot be bound.
pub fn commanded(
    factory: &dyn EngineFactory,
    timing: Timing,
    binding: &Binding,
) -> Result<Box<dyn Engine>, EngineError> {
    match timing {
        Timing::Instant => factory.build(binding),
        Timing::Chip => Ok(Box::new(RunningImage::new(factory.program(binding)?)?)),
    }
}
