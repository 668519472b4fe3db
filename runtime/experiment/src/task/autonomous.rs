//! A rule that is the whole experiment: it poses the task, reads the answer and learns.
//!
//! All rows of its view get the same burst of events after each update; which synapses answer is
//! the rule's doing, by their addresses. Independent Poisson noise reaches every neuron through one
//! excitatory and one inhibitory row outside the view, whose synapses tell the sources apart by
//! address. Numbers of the summary are what the rule records of itself.

use crate::config::{ConfigError, Experiment, RuleConfig};
use crate::engine::{Binding, EngineError, EngineFactory, RecordField, RecordSample};
use crate::figure::{self, Labels, Series};
use crate::monitor::Monitor;
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use crate::task::{Task, TaskError, TaskKind};
use ndarray::Array2;
use pl_chip::time::ticks_from_us;
use pl_chip::{COLUMNS, Chip, InputEvent, RowMode, Target, events};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The hemisphere in use: the top one.
const TOP: u8 = 0;
/// Rows of the noise, behind the largest view.
const NOISE_ROWS: [(u8, RowMode); 2] = [(64, RowMode::Excitatory), (66, RowMode::Inhibitory)];
/// Addresses that tell noise sources apart, so most neurons.
const COLUMNS_MAX: u16 = 64;
/// Most rows of a view: those before the noise.
const ROWS_MAX: u16 = 64;

/// The `[task]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutonomousConfig {
    /// Always [`TaskKind::Autonomous`].
    pub kind: TaskKind,
    /// Name of the `[rule.NAME]` table.
    pub rule: String,
    /// Rows of the view, 1 to 64, from row 0.
    pub rows: u16,
    /// Columns of the view, 1 to 64, from column 0.
    pub columns: u16,
    /// Updates of a run.
    pub updates: u32,
    /// Events of a burst.
    pub events: u32,
    /// Hardware time between them.
    pub interval_us: f64,
    /// Hardware time from an update to the first.
    pub first_us: f64,
    /// Their address.
    pub address: u8,
    /// Rate of each of the two noise sources of a neuron, hertz of hardware time.
    pub noise_hz: f64,
    /// Hardware time from an update for which the noise lasts.
    pub noise_us: f64,
    /// Weight of the noise, 0 to 63.
    pub noise_weight: u8,
}

impl AutonomousConfig {
    pub(crate) fn check(&self, rules: &BTreeMap<String, RuleConfig>) -> Result<(), ConfigError> {
        if !rules.contains_key(&self.rule) {
            let message = format!("`task.rule`: there is no table [rule.{}]", self.rule);
            return Err(ConfigError(message));
        }
        let counts = [
            ("rows", u32::from(self.rows), 1, ROWS_MAX.into()),
            ("columns", self.columns.into(), 1, COLUMNS_MAX.into()),
            ("updates", self.updates, 1, 10_000_000),
            ("events", self.events, 0, 10_000),
            ("address", self.address.into(), 0, 63),
            ("noise_weight", self.noise_weight.into(), 0, 63),
        ];
        for (name, value, least, most) in counts {
            if !(least..=most).contains(&value) {
                let message = format!("`task.{name}` must be {least} to {most}, not {value}");
                return Err(ConfigError(message));
            }
        }
        let reals = [
            ("interval_us", self.interval_us, 0.004, 1e5),
            ("first_us", self.first_us, 0.0, 1e5),
            ("noise_hz", self.noise_hz, 0.0, 1e6),
            ("noise_us", self.noise_us, 0.0, 1e5),
        ];
        for (name, value, least, most) in reals {
            if !(least..=most).contains(&value) {
                let message = format!("`task.{name}` must be {least} to {most}, not {value}");
                return Err(ConfigError(message));
            }
        }
        Ok(())
    }
}

/// Runs of an autonomous rule.
#[derive(Clone, Copy, Debug)]
pub struct Autonomous<'a> {
    experiment: &'a Experiment,
    config: &'a AutonomousConfig,
}

/// What a run left.
struct Course {
    records: Vec<RecordSample>,
    weights: Array2<u8>,
    updates: u32,
    period_ticks: u64,
}

impl<'a> Autonomous<'a> {
    /// An experiment that is ready to run.
    #[must_use]
    pub fn new(experiment: &'a Experiment, config: &'a AutonomousConfig) -> Autonomous<'a> {
        Autonomous { experiment, config }
    }

    fn binding(&self, seed: u64) -> Binding {
        let bytes = |count: u16| (0..=u8::MAX).take(count.into()).collect();
        Binding {
            rule: self.config.rule.clone(),
            hemisphere: TOP,
            rows: bytes(self.config.rows),
            columns: bytes(self.config.columns),
            params: self.experiment.rule[&self.config.rule].params.clone(),
            seed,
            chip: 0,
            instance: 0,
            record_capacity: usize::try_from(self.config.updates).unwrap_or(usize::MAX),
        }
    }

    /// A chip with the view's rows excitatory, and the noise connected.
    fn chip(&self, seed: u64) -> Chip {
        let mut chip = Chip::new(&self.experiment.chip, seed);
        let h = usize::from(TOP);
        chip.set_active_columns(h, 0..self.config.columns.into());
        for row in 0..usize::from(self.config.rows) {
            chip.set_row_mode(h, row, RowMode::Excitatory);
        }
        // A column's noise has the column's address; COLUMNS_MAX of them are distinct.
        let addresses = core::array::from_fn(|column| column.to_le_bytes()[0] & 0x3f);
        for (row, mode) in NOISE_ROWS {
            chip.set_row_mode(h, row.into(), mode);
            chip.write_weights_row(h, row.into(), &[self.config.noise_weight; COLUMNS]);
            chip.write_address_row(h, row.into(), &addresses);
        }
        chip
    }

    /// Events between two updates.
    fn input(&self, seed: u64, from: u64, to: u64) -> Vec<InputEvent> {
        let mut input = Vec::new();
        let at = |row, address| Target { hemisphere: TOP, row, address };
        let (first, interval) =
            (ticks_from_us(self.config.first_us), ticks_from_us(self.config.interval_us));
        for row in (0..=u8::MAX).take(self.config.rows.into()) {
            let times = (0..u64::from(self.config.events)).map(|n| from + first + n * interval);
            let times = times.take_while(|time| *time < to);
            input.extend(times.map(|time| at(row, self.config.address).event(time)));
        }
        let to = to.min(from + ticks_from_us(self.config.noise_us));
        let columns = (0..=u8::MAX).take(self.config.columns.into());
        for (source, (column, (row, _))) in (0..).zip(
            columns.flat_map(|column| NOISE_ROWS.into_iter().map(move |noise| (column, noise))),
        ) {
            let target = at(row, column);
            events::poisson(seed, source, target, self.config.noise_hz, from, to, &mut input);
        }
        input.sort_unstable();
        input
    }

    fn course(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Course, EngineError> {
        let info = factory.rule_info(&self.config.rule)?;
        let mut chip = self.chip(seed);
        let mut engine = factory.build(&self.binding(seed))?;
        engine.start(&mut chip)?;
        let mut from = chip.now();
        let mut until = from + info.phase_ticks;
        let mut updates = 0;
        while updates < self.config.updates && !monitor.interrupted() {
            chip.run_until(until, &self.input(seed, from, until));
            engine.update(&mut chip)?;
            updates += 1;
            monitor.advance(1);
            (from, until) = (until, until + info.period_ticks);
        }
        let (rows, columns) = (usize::from(self.config.rows), usize::from(self.config.columns));
        let lines: Vec<[u8; COLUMNS]> =
            (0..rows).map(|row| chip.weights_row(TOP.into(), row)).collect();
        Ok(Course {
            records: engine.records(),
            weights: Array2::from_shape_fn((rows, columns), |(row, column)| lines[row][column]),
            updates,
            period_ticks: info.period_ticks,
        })
    }

    fn outcome(&self, course: &Course) -> Outcome {
        let mut outcome =
            Outcome { interrupted: course.updates < self.config.updates, ..Outcome::default() };
        let mut arrays = vec![NamedArray {
            name: "weights".into(),
            elements: Elements::U8(course.weights.clone().into_dyn()),
        }];
        let mut series = Vec::new();
        for (name, samples) in courses(&course.records) {
            if let Some((_, last)) = samples.last() {
                outcome.metrics.push(Metric::new(name, *last));
            }
            let values = samples.iter().map(|(_, value)| *value).collect::<Vec<f64>>();
            if values.iter().all(|value| (0.0..=1.0).contains(value)) {
                let points = samples.iter().map(|(update, value)| (f64::from(*update), *value));
                series.push(Series { name: name.to_owned(), points: points.collect() });
            }
            let values = ndarray::Array1::from(values).into_dyn();
            arrays.push(NamedArray { name: name.to_owned(), elements: Elements::F64(values) });
        }
        let seconds =
            course.period_ticks as f64 * f64::from(course.updates) / ticks_from_us(1000.0) as f64;
        outcome.metrics.push(Metric::new("updates", f64::from(course.updates)));
        outcome.metrics.push(Metric::new("biological_time_s", seconds));
        outcome.archives.push(Archive { file: "course.npz".into(), arrays });
        outcome.pictures.extend(course_picture(&series));
        outcome.pictures.extend(weights_picture(&course.weights));
        outcome
    }
}

/// What the rule recorded of itself: a value of each sample for each field of the rule's scope.
fn courses(records: &[RecordSample]) -> Vec<(&str, Vec<(u32, f64)>)> {
    let mut found: Vec<(&str, Vec<(u32, f64)>)> = Vec::new();
    for sample in records {
        for RecordField { name, scope, frac, values } in &sample.fields {
            let (Some(raw), "rule") = (values.first(), scope.as_str()) else { continue };
            let value = f64::from(*raw) * f64::from(-*frac).exp2();
            match found.iter_mut().find(|(known, _)| known == name) {
                Some((_, course)) => course.push((sample.update, value)),
                None => found.push((name, vec![(sample.update, value)])),
            }
        }
    }
    found
}

fn course_picture(series: &[Series]) -> Option<Picture> {
    let labels = Labels { title: "What the rule records of itself", x: "updates", y: "fraction" };
    let svg = figure::fractions(&labels, series).ok().filter(|_| !series.is_empty())?;
    let caption = "What the rule records of itself, over its updates.".to_owned();
    Some(Picture { file: "course.svg".into(), caption, svg })
}

fn weights_picture(weights: &Array2<u8>) -> Option<Picture> {
    let labels = Labels { title: "Weights at the end (LSB)", x: "column", y: "row" };
    let axis = |count: usize| (0..count).map(|n| n as f64).collect::<Vec<f64>>();
    let cells: Vec<Vec<Option<f64>>> = weights
        .rows()
        .into_iter()
        .map(|row| row.iter().map(|weight| Some(f64::from(*weight))).collect())
        .collect();
    let axes = (&axis(weights.ncols())[..], &axis(weights.nrows())[..]);
    let svg = figure::heat_map(&labels, axes, &cells).ok()?;
    let caption = "Weights at the end, a row of synapses a line.".to_owned();
    Some(Picture { file: "weights.svg".into(), caption, svg })
}

impl Task for Autonomous<'_> {
    fn threads(&self) -> usize {
        1
    }

    fn units(&self) -> u64 {
        self.config.updates.into()
    }

    fn run(
        &self,
        factory: &dyn EngineFactory,
        seed: u64,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, TaskError> {
        let course = self.course(factory, seed, monitor);
        let rule = || self.config.rule.clone();
        let course = course.map_err(|error| TaskError::Engine { rule: rule(), error })?;
        Ok(self.outcome(&course))
    }
}
