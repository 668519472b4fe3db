//! Firing rates that rules bring to a target: every neuron of both hemispheres hears the same
//! Poisson source, and a rule on each hemisphere sets its weights.
//!
//! Rules are compared on chips of their own with the same seed, so that mismatch and stimulus are
//! the same. With `[cluster]` each runs on several chips, whose neurons also hear each other as its wires
//! say; the source may then drive some of them only.

use crate::config::{ConfigError, Experiment, RuleConfig};
use crate::counts::Counts;
use crate::engine::{Binding, EngineError, EngineFactory};
use crate::figure::{self, Labels, Series};
use crate::membranes::{self, Trace};
use crate::monitor::Monitor;
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use crate::plasticity::{Plasticity, UpdateCounts};
use crate::records::{self, Recorded};
use crate::stepwise::{Period, Stepwise};
use crate::task::{Task, TaskError, TaskKind, on_threads};
use borsh::{BorshDeserialize, BorshSerialize};
use ndarray::Array2;
use pl_chip::time::ticks_from_us;
use pl_chip::{COLUMNS, Chip, Cluster, HEMISPHERES, LinkCounters, RowMode, Target, events};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The row that the source drives.
const ROW: u8 = 0;
/// Neurons of a chip.
const NEURONS: usize = HEMISPHERES * COLUMNS;

/// The `[task]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatesConfig {
    /// Always [`TaskKind::Rates`].
    pub kind: TaskKind,
    /// Names of `[rule.NAME]` tables, each run on a chip of its own.
    pub rules: Vec<String>,
    /// Rate of the source, hertz of hardware time.
    pub source_hz: f64,
    /// Weight of every synapse at the start, 0 to 63.
    pub initial_weight: u8,
    /// Rate that rules are to reach, hertz of hardware time.
    pub target_hz: f64,
    /// Distance from it that counts as reached.
    pub band_hz: f64,
    /// Numbers of the chips that the source drives; default all.
    pub source_chips: Option<Vec<usize>>,
    /// Hardware time of a run.
    pub duration_ms: f64,
    /// The end of it, over which rates are judged.
    pub judged_ms: f64,
}

impl RatesConfig {
    pub(crate) fn check(
        &self,
        rules: &BTreeMap<String, RuleConfig>,
        chips: usize,
    ) -> Result<(), ConfigError> {
        let driven = self.source_chips.iter().flatten();
        if let Some(other) = driven.copied().find(|chip| *chip >= chips) {
            return Err(ConfigError(format!(
                "`task.source_chips`: there is no chip {other}, `cluster.chips` is {chips}"
            )));
        }
        if self.rules.is_empty() {
            return Err(ConfigError("`task.rules` must name at least one rule".into()));
        }
        if let Some(missing) = self.rules.iter().find(|name| !rules.contains_key(*name)) {
            return Err(ConfigError(format!("`task.rules`: there is no table [rule.{missing}]")));
        }
        if self.initial_weight > 63 {
            let message =
                format!("`task.initial_weight` must be 0 to 63, not {}", self.initial_weight);
            return Err(ConfigError(message));
        }
        let positive = [
            ("source_hz", self.source_hz, 1e7),
            ("target_hz", self.target_hz, 1e6),
            ("band_hz", self.band_hz, 1e6),
            ("duration_ms", self.duration_ms, 1e5),
            ("judged_ms", self.judged_ms, self.duration_ms),
        ];
        for (name, value, most) in positive {
            if !(value > 0.0 && value <= most) {
                let message =
                    format!("`task.{name}` must be above 0 and at most {most}, not {value}");
                return Err(ConfigError(message));
            }
        }
        Ok(())
    }
}

/// Runs of a rates experiment.
#[derive(Clone, Copy, Debug)]
pub struct Rates<'a> {
    experiment: &'a Experiment,
    config: &'a RatesConfig,
}

/// How far a run has come.
#[derive(Clone, Debug, Default, BorshSerialize, BorshDeserialize)]
struct Progress {
    /// As of [`Course`].
    times_ms: Vec<f64>,
    /// As of [`Course`].
    rates_hz: Vec<Vec<f64>>,
    /// The one that comes next.
    period: Period,
}

/// What a rule did.
#[derive(Clone, Debug, Default)]
struct Course {
    /// Time of each update, milliseconds of hardware time.
    times_ms: Vec<f64>,
    /// Rate of every neuron before each update, hertz of hardware time.
    rates_hz: Vec<Vec<f64>>,
    /// Final weight of every neuron.
    weights: Vec<u8>,
    links: LinkCounters,
    /// Of all hemispheres together.
    updates: UpdateCounts,
    counts: Counts,
    membranes: Option<Trace>,
    recorded: Vec<Recorded>,
    interrupted: bool,
}

impl<'a> Rates<'a> {
    /// An experiment that is ready to run.
    #[must_use]
    pub fn new(experiment: &'a Experiment, config: &'a RatesConfig) -> Rates<'a> {
        Rates { experiment, config }
    }

    fn binding(&self, rule: &str, (chip, hemisphere): (u32, u8), seed: u64) -> Binding {
        Binding {
            rule: rule.to_owned(),
            arm: String::new(),
            hemisphere,
            rows: vec![ROW],
            columns: (0..=u8::MAX).collect(),
            params: self.experiment.rule[rule].params.clone(),
            inputs: self.experiment.rule[rule].inputs.clone(),
            seed,
            run_seed: seed,
            chip,
            instance: 0,
            record_capacity: records::CAPACITY,
        }
    }

    fn course(
        &self,
        rule: &str,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Course, EngineError> {
        let info = factory.rule_info(rule)?;
        let places =
            (0..).take(self.experiment.cluster.chips).flat_map(|chip| [(chip, 0), (chip, 1)]);
        let bindings: Vec<Binding> = places.map(|at| self.binding(rule, at, seed)).collect();
        let rules = Plasticity::new(factory, self.experiment.run.timing, &bindings)?
            .recording(self.experiment.record.membranes.as_ref());
        let begin = |_: &Cluster, rules: &Plasticity| Progress {
            period: Period::first(rules.begun(), &info),
            ..Progress::default()
        };
        let mut run = Stepwise::open(monitor, (seed, rule), rules, || self.chips(seed), begin)?;
        let end = run.rules.begun() + ticks_from_us(1000.0 * self.config.duration_ms);
        let left = |progress: &Progress| progress.period.until <= end;
        run.run(left, |chips, rules, progress| {
            let period = progress.period;
            self.period(chips, rules, progress, seed)?;
            progress.period = period.next(&info);
            Ok(period.ticks())
        })?;
        let Stepwise { chip: chips, mut rules, progress, .. } = run;
        let each = || (0..chips.len()).map(|number| chips.chip(number));
        let weights = |chip: &Chip| [0, 1].map(|h| chip.weights_row(h, ROW.into())).concat();
        Ok(Course {
            interrupted: left(&progress),
            times_ms: progress.times_ms,
            rates_hz: progress.rates_hz,
            weights: each().flat_map(weights).collect(),
            links: chips.all_link_counters(),
            updates: rules.counts().into_iter().sum(),
            counts: Counts::of_all(each()),
            membranes: rules.membranes().cloned(),
            recorded: rules.take_recorded(),
        })
    }

    /// The chips, with the source's rows and the wires of the experiment.
    fn chips(&self, seed: u64) -> Cluster {
        let Experiment { chip, cluster, .. } = self.experiment;
        let mut chips = Cluster::new(chip, cluster.chips, seed);
        chips.set_threads(cluster.threads);
        self.experiment.calibrate(&mut chips);
        for number in 0..chips.len() {
            let chip = chips.chip_mut(number);
            for h in 0..HEMISPHERES {
                chip.set_active_columns(h, 0..COLUMNS);
                chip.set_row_mode(h, ROW.into(), RowMode::Excitatory);
                chip.write_weights_row(h, ROW.into(), &[self.config.initial_weight; COLUMNS]);
            }
        }
        cluster.wire(&mut chips);
        chips
    }

    /// One period, with the rates in it.
    fn period(
        &self,
        chips: &mut Cluster,
        rules: &mut Plasticity,
        progress: &mut Progress,
        seed: u64,
    ) -> Result<(), EngineError> {
        let Period { from, until } = progress.period;
        let mut input = Vec::new();
        for hemisphere in [0, 1] {
            let target = Target { hemisphere, row: ROW, address: 0 };
            events::poisson(seed, 0, target, self.config.source_hz, from, until, &mut input);
        }
        input.sort_unstable();
        for number in 0..chips.len() {
            let driven = self.config.source_chips.as_ref();
            if driven.is_none_or(|driven| driven.contains(&number)) {
                chips.enqueue(number, &input);
            }
        }
        rules.run_until(chips, until, &[])?;
        let seconds = ticks_to_ms(until - from) / 1000.0;
        let mut counts = vec![0.0; NEURONS * chips.len()];
        for (number, counts) in counts.chunks_mut(NEURONS).enumerate() {
            for spike in chips.chip_mut(number).take_spikes() {
                let neuron = usize::from(spike.hemisphere) * COLUMNS + usize::from(spike.column);
                counts[neuron] += 1.0;
            }
        }
        progress.rates_hz.push(counts.iter().map(|count| count / seconds).collect());
        progress.times_ms.push(ticks_to_ms(until - rules.begun()));
        Ok(())
    }

    /// Share of neurons whose mean rate over the judged end lies within the band; spread of rates
    /// around their neuron's mean; and the neurons' means. Nothing if the run ended before.
    fn judge(&self, course: &Course) -> Option<(f64, f64, Vec<f64>)> {
        let begin = self.config.duration_ms - self.config.judged_ms;
        let judged: Vec<&Vec<f64>> = course
            .times_ms
            .iter()
            .zip(&course.rates_hz)
            .filter(|(time, _)| **time > begin)
            .map(|(_, rates)| rates)
            .collect();
        if judged.is_empty() {
            return None;
        }
        let neurons = self.neurons();
        let updates = judged.len() as f64;
        let mean = |neuron: usize| judged.iter().map(|r| r[neuron]).sum::<f64>() / updates;
        let means: Vec<f64> = (0..neurons).map(mean).collect();
        let squares = judged.iter().flat_map(|rates| rates.iter().zip(&means));
        let squares = squares.map(|(rate, mean)| (rate - mean) * (rate - mean)).sum::<f64>();
        let spread = (squares / (updates * neurons as f64)).sqrt();
        Some((self.share(&means), spread, means))
    }

    /// Neurons of all chips.
    fn neurons(&self) -> usize {
        NEURONS * self.experiment.cluster.chips
    }

    /// Share of neurons whose mean rates lie within the band.
    fn share(&self, means: &[f64]) -> f64 {
        let near = |mean: &&f64| (**mean - self.config.target_hz).abs() <= self.config.band_hz;
        means.iter().filter(near).count() as f64 / means.len().max(1) as f64
    }

    /// Numbers of each of several chips, and of the links between them; `means` of neurons if they were
    /// judged.
    fn chip_metrics(&self, rule: &str, course: &Course, means: &[f64]) -> Vec<Metric> {
        let mut metrics = Vec::new();
        if self.experiment.cluster.chips == 1 {
            return metrics;
        }
        let mut add = |name: String, value| metrics.push(Metric::new(name, value));
        for (chip, means) in means.chunks(NEURONS).enumerate() {
            add(format!("share_within_band_{rule}_chip_{chip}"), self.share(means));
            add(format!("rate_mean_hz_{rule}_chip_{chip}"), mean(means));
        }
        let LinkCounters { sent, dropped, lost } = course.links;
        for (name, count) in [("", sent), ("_dropped", dropped), ("_lost", lost)] {
            add(format!("link_events{name}_{rule}"), count as f64);
        }
        metrics
    }

    fn outcome(&self, courses: &[Course]) -> Outcome {
        let mut outcome = Outcome::default();
        let mut arrays = Vec::new();
        let mut series = Vec::new();
        for (rule, course) in self.config.rules.iter().zip(courses) {
            let weights: Vec<f64> = course.weights.iter().map(|w| f64::from(*w)).collect();
            let mut add = |name: &str, value| {
                outcome.metrics.push(Metric::new(format!("{name}_{rule}"), value));
            };
            let mut means = Vec::new();
            if let Some((share, spread, judged)) = self.judge(course) {
                add("share_within_band", share);
                add("rate_mean_hz", mean(&judged));
                add("rate_spread_of_a_neuron_hz", spread);
                means = judged;
            }
            add("weight_mean", mean(&weights));
            outcome.metrics.extend(self.chip_metrics(rule, course, &means));
            outcome.metrics.extend(course.updates.metrics(&format!("_{rule}")));
            outcome.metrics.extend(course.counts.metrics(&format!("_{rule}")));
            outcome.interrupted |= course.interrupted;
            let shape = (course.rates_hz.len(), self.neurons());
            let rates = Array2::from_shape_fn(shape, |(update, n)| course.rates_hz[update][n]);
            let named =
                |name: &str, elements| NamedArray { name: format!("{name}_{rule}"), elements };
            let times = ndarray::Array1::from(course.times_ms.clone()).into_dyn();
            let weights = ndarray::Array1::from(course.weights.clone()).into_dyn();
            arrays.push(named("rates_hz", Elements::F64(rates.into_dyn())));
            arrays.push(named("time_ms", Elements::F64(times)));
            arrays.push(named("weights", Elements::U8(weights)));
            for chip in 0..self.experiment.cluster.chips {
                let own = chip * NEURONS..(chip + 1) * NEURONS;
                let of_update =
                    |(time, rates): (&f64, &Vec<f64>)| (*time, mean(&rates[own.clone()]) / 1000.0);
                let points = course.times_ms.iter().zip(&course.rates_hz).map(of_update);
                let name = match self.experiment.cluster.chips {
                    1 => rule.clone(),
                    _ => format!("{rule}, chip {chip}"),
                };
                series.push(Series { name, points: points.collect() });
            }
        }
        outcome.usage = courses.iter().map(|c| c.counts.usage.with_updates(&c.updates)).sum();
        let last = |course: &Course| course.times_ms.last().copied().unwrap_or(0.0);
        // A millisecond of hardware time stands for a second.
        let seconds = courses.iter().map(last).sum();
        outcome.metrics.push(Metric::new("biological_time_s", seconds));
        outcome.archives.push(Archive { file: "rates.npz".into(), arrays });
        let labels =
            Labels { title: "Mean rate of all neurons", x: "hardware time (ms)", y: "rate (kHz)" };
        if let Ok(svg) = figure::lines(&labels, &series) {
            let caption = "Mean rate of all neurons over time, for each rule.".to_owned();
            outcome.pictures.push(Picture { file: "rates.svg".into(), caption, svg });
        }
        for (rule, course) in self.config.rules.iter().zip(courses) {
            let ending = format!("_{rule}");
            records::report(&mut outcome, rule, (rule, &ending), &course.recorded);
        }
        let traces = self.config.rules.iter().zip(courses);
        let traces = traces.map(|(rule, course)| (rule.as_str(), course.membranes.as_ref()));
        membranes::report(self.experiment.record.membranes.as_ref(), traces, &mut outcome);
        outcome
    }
}

impl Task for Rates<'_> {
    fn threads(&self) -> usize {
        self.config.rules.len() * self.experiment.cluster.threads
    }

    fn units(&self) -> u64 {
        // Ticks of the chips' time.
        self.config.rules.len() as u64 * ticks_from_us(1000.0 * self.config.duration_ms)
    }

    fn run(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        let courses = on_threads(&self.config.rules, |rule| {
            let course = self.course(rule, factory, seed, monitor);
            course.map_err(|error| TaskError::Engine { rule: rule.clone(), error })
        });
        let courses: Result<Vec<Course>, TaskError> = courses.into_iter().collect();
        Ok(self.outcome(&courses?))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn ticks_to_ms(ticks: u64) -> f64 {
    ticks as f64 / ticks_from_us(1000.0) as f64
}
