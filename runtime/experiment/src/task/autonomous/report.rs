//! What a run of an autonomous rule left: metrics, arrays and pictures.

use super::excitability::correlation;
use super::{Autonomous, Course, Point};
use crate::engine::{RecordField, RecordSample};
use crate::figure::{self, Labels, Series};
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use ndarray::{Array1, Array2, Axis};
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
        let seconds =
            course.period_ticks as f64 * f64::from(course.updates) / ticks_from_us(1000.0) as f64;
        outcome.metrics.extend(absorbed(course));
        outcome.metrics.push(Metric::new("updates", f64::from(course.updates)));
        outcome.metrics.push(Metric::new("biological_time_s", seconds));
        outcome.archives.push(Archive { file: "course.npz".into(), arrays });
        outcome.pictures.extend(course_picture(&series));
        outcome.pictures.extend(weights_picture(&course.weights));
        outcome
    }
}

/// How far learning made up for neurons that differ: the correlation of their mean weight with
/// how readily they answer the same input. Where they do not differ, it is that of the noise.
fn absorbed(course: &Course) -> Option<Metric> {
    let mean_weights = course.weights.mapv(f64::from).mean_axis(Axis(0))?;
    correlation(&mean_weights.to_vec(), &course.excitability)
        .map(|value| Metric::new("weight_excitability_correlation", value))
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

