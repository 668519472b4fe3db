//! What a run of an autonomous rule left: metrics, arrays and pictures.

use super::excitability::correlation;
use super::{Autonomous, Course, Point};
use crate::engine::{RecordField, RecordSample, lost_samples_text};
use crate::figure::{self, HeatMap, Labels, Series};
use crate::membranes;
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use ndarray::{Array1, Array2, ArrayView1};
use pl_chip::time::ticks_from_us;

/// Most points of a curve in a picture.
const POINTS: usize = 500;

impl Autonomous<'_> {
    pub(super) fn outcome(&self, course: &Course) -> Outcome {
        let mut outcome =
            Outcome { interrupted: course.updates < self.config.updates, ..Outcome::default() };
        let mut arrays = vec![
            NamedArray {
                name: "weights".into(),
                elements: Elements::U8(course.weights.clone().into_dyn()),
            },
            reals("excitability", course.excitability.clone()),
        ];
        let drawn: Vec<&str> = self.config.scene.iter().flat_map(Point::names).collect();
        let mut series = Vec::new();
        for (name, samples) in courses(&course.records) {
            arrays.push(reals(name, samples.iter().map(|(_, value)| *value).collect()));
            if drawn.contains(&name) {
                continue;
            }
            if let Some((_, last)) = samples.last() {
                outcome.metrics.push(Metric::new(name, *last));
            }
            if samples.iter().all(|(_, value)| (0.0..=1.0).contains(value)) {
                let points = samples.iter().map(|(update, value)| (f64::from(*update), *value));
                let points = points.step_by(samples.len().div_ceil(POINTS)).collect();
                series.push(Series { name: name.to_owned(), points });
            }
        }
        for (name, points) in &self.config.published {
            let reached = |point: &&(f64, f64)| point.0 <= f64::from(course.updates);
            let points: Vec<(f64, f64)> = points.iter().filter(reached).copied().collect();
            if !points.is_empty() {
                series.push(Series { name: name.clone(), points });
            }
        }
        let seconds =
            course.period_ticks as f64 * f64::from(course.updates) / ticks_from_us(1000.0) as f64;
        outcome.metrics.extend(absorbed(course, self.config.rewarded_within));
        outcome.metrics.extend(self.diagonal(course));
        outcome.metrics.extend(course.update_counts.metrics(""));
        outcome.metrics.extend(Metric::of_lost_samples(&course.samples_lost, ""));
        let (lost, records) = (&course.samples_lost, &course.records);
        outcome.warnings = lost_samples_text(&self.config.rule, lost, records);
        outcome.metrics.extend(course.counts.metrics(""));
        outcome.usage = course.counts.usage.with_updates(&course.update_counts);
        outcome.metrics.push(Metric::new("biological_time_s", seconds));
        outcome.archives.push(Archive { file: "course.npz".into(), arrays });
        outcome.pictures.extend(course_picture(&series));
        outcome.pictures.extend(weights_picture(&course.weights));
        let traces = [("", course.membranes.as_ref())].into_iter();
        membranes::report(self.experiment.record.membranes.as_ref(), traces, &mut outcome);
        outcome
    }
}

impl Autonomous<'_> {
    /// Mean weights on and off the diagonal.
    fn diagonal(&self, course: &Course) -> Vec<Metric> {
        let Some(diagonal) = self.config.diagonal else { return Vec::new() };
        let shown = match self.config.sequence {
            Some(_) => self.config.rows.saturating_sub(1),
            None => self.config.rows,
        };
        let mean = |chosen: &dyn Fn(usize) -> bool| {
            let weights = course.weights.indexed_iter();
            let (count, sum) = weights
                .filter(|((row, column), _)| {
                    *row < usize::from(shown) && chosen(row.abs_diff(*column))
                })
                .fold((0.0, 0.0), |(count, sum), (_, w)| (count + 1.0, sum + f64::from(*w)));
            sum / f64::max(count, 1.0)
        };
        vec![
            Metric::new("weight_diagonal_mean", mean(&|d| d <= diagonal.within.into())),
            Metric::new("weight_off_diagonal_mean", mean(&|d| d > diagonal.beyond.into())),
        ]
    }
}

/// Correlations over neurons of their mean weight with how readily they answer the same input: for
/// synapses whose neuron is rewarded in the state of their row, and for the others. Negative ones
/// say that learning made up for neurons that differ.
fn absorbed(course: &Course, rewarded_within: u16) -> Vec<Metric> {
    let mean = |rewarded: bool| -> Vec<f64> {
        let columns = course.weights.columns().into_iter().enumerate();
        let of_column = |(column, weights): (usize, ArrayView1<'_, u8>)| {
            let weights = weights.iter().enumerate();
            let chosen = weights.filter(|(row, _)| {
                (row.abs_diff(column) <= usize::from(rewarded_within)) == rewarded
            });
            let (count, sum) = chosen.fold((0.0, 0.0), |(count, sum), (_, weight)| {
                (count + 1.0, sum + f64::from(*weight))
            });
            sum / f64::max(count, 1.0)
        };
        columns.map(of_column).collect()
    };
    [("rewarded", true), ("others", false)]
        .into_iter()
        .filter_map(|(name, rewarded)| {
            let value = correlation(&mean(rewarded), &course.excitability)?;
            Some(Metric::new(format!("weight_excitability_{name}"), value))
        })
        .collect()
}

fn reals(name: &str, values: Vec<f64>) -> NamedArray {
    let elements = Elements::F64(Array1::from(values).into_dyn());
    NamedArray { name: name.to_owned(), elements }
}

/// The value of a field that the rule has once.
pub(super) fn own_value(field: &RecordField) -> Option<f64> {
    let raw = field.values.first().filter(|_| field.scope == "rule")?;
    Some(f64::from(*raw) * f64::from(-field.frac).exp2())
}

/// What the rule recorded of itself: update and value of each sample.
fn courses(records: &[RecordSample]) -> Vec<(&str, Vec<(u32, f64)>)> {
    let mut found: Vec<(&str, Vec<(u32, f64)>)> = Vec::new();
    for sample in records {
        for field in &sample.fields {
            let Some(value) = own_value(field) else { continue };
            match found.iter_mut().find(|(known, _)| *known == field.name) {
                Some((_, course)) => course.push((sample.update, value)),
                None => found.push((&field.name, vec![(sample.update, value)])),
            }
        }
    }
    found
}

fn course_picture(series: &[Series]) -> Option<Picture> {
    let labels = Labels { title: "What the rule records of itself", x: "updates", y: "fraction" };
    let svg = figure::fractions(&labels, series, &[]).ok().filter(|_| !series.is_empty())?;
    let caption = "What the rule records of itself, over its updates.".to_owned();
    Some(Picture { file: "course.svg".into(), caption, svg })
}

fn weights_picture(weights: &Array2<u8>) -> Option<Picture> {
    let labels = Labels { title: "Weights at the end", x: "column", y: "row" };
    let axis = |count: usize| (0..count).map(|n| n as f64).collect::<Vec<f64>>();
    let cells: Vec<Vec<Option<f64>>> = weights
        .rows()
        .into_iter()
        .map(|row| row.iter().map(|weight| Some(f64::from(*weight))).collect())
        .collect();
    let (xs, ys) = (&axis(weights.ncols())[..], &axis(weights.nrows())[..]);
    let map = HeatMap { labels, scale: "weight (LSB)", xs, ys, cells: &cells, borders: &[] };
    let svg = map.draw().ok()?;
    let caption = "Weights at the end, a row of synapses a line.".to_owned();
    Some(Picture { file: "weights.svg".into(), caption, svg })
}
