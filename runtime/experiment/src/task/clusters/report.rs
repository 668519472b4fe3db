//! What dendrites that learn left: metrics, arrays and the picture.

use super::{ARMS, Arm, Clusters, Course};
use crate::figure::{self, Labels, Series};
use crate::membranes;
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use crate::records;
use ndarray::{Array1, Array2};

impl Clusters<'_> {
    pub(super) fn outcome(&self, courses: &[Course]) -> Outcome {
        let mut outcome = Outcome {
            interrupted: courses.iter().any(|course| course.interrupted),
            ..Outcome::default()
        };
        let mut seconds = 0.0;
        let mut arrays = Vec::new();
        for (Arm { ending, .. }, course) in ARMS.iter().zip(courses) {
            let mut add = |name: &str, value| {
                outcome.metrics.push(Metric::new(format!("{name}{ending}"), value));
            };
            if let (Some((_, first)), Some((time, last))) =
                (course.curve.first(), course.curve.last())
            {
                add("purity", last.by_count);
                add("purity_by_weight", last.by_weight);
                add("purity_of_the_worst_neuron", last.least);
                add("purity_at_the_start", first.by_count);
                seconds += time;
            }
            add("plateaus_of_a_dendrite_a_burst", course.plateaus);
            add("spikes_of_a_soma_a_burst", course.soma_spikes);
            outcome.metrics.extend(course.updates.metrics(ending));
            outcome.metrics.extend(course.counts.metrics(ending));
            arrays.extend(arrays_of(ending, course));
        }
        outcome.metrics.push(Metric::new("biological_time_s", seconds));
        outcome.usage = courses.iter().map(|c| c.counts.usage.with_updates(&c.updates)).sum();
        outcome.archives.push(Archive { file: "synapses.npz".into(), arrays });
        outcome.pictures.extend(picture(courses));
        for (Arm { ending, .. }, course) in ARMS.iter().zip(courses) {
            let names = (ending.trim_start_matches('_'), *ending);
            records::report(&mut outcome, &self.config.rule, names, &course.recorded);
        }
        let traces = ARMS.iter().zip(courses);
        let traces = traces
            .map(|(arm, course)| (arm.ending.trim_start_matches('_'), course.membranes.as_ref()));
        membranes::report(self.experiment.record.membranes.as_ref(), traces, &mut outcome);
        outcome
    }
}

fn arrays_of(ending: &str, course: &Course) -> Vec<NamedArray> {
    let plane = |name: &str, rows: &[Vec<u8>]| {
        let shape = (rows.len(), rows.first().map_or(0, Vec::len));
        let array = Array2::from_shape_fn(shape, |(row, column)| rows[row][column]);
        NamedArray { name: format!("{name}{ending}"), elements: Elements::U8(array.into_dyn()) }
    };
    let reals = |name: &str, values: Vec<f64>| NamedArray {
        name: format!("{name}{ending}"),
        elements: Elements::F64(Array1::from(values).into_dyn()),
    };
    vec![
        plane("weights", &course.weights),
        plane("addresses", &course.addresses),
        plane("clusters", &course.clusters),
        reals("biological_time_s", course.curve.iter().map(|(time, _)| *time).collect()),
        reals("purity", course.curve.iter().map(|(_, purity)| purity.by_count).collect()),
    ]
}

fn picture(courses: &[Course]) -> Option<Picture> {
    let series = |(arm, course): (&Arm, &Course)| Series {
        name: if arm.frozen_addresses { "addresses frozen" } else { "with rewiring" }.into(),
        points: course.curve.iter().map(|(time, purity)| (*time, purity.by_count)).collect(),
    };
    let series: Vec<Series> = ARMS.iter().zip(courses).map(series).collect();
    let labels = Labels {
        title: "Synapses on the dendrite of their cluster",
        x: "biological time (s)",
        y: "fraction of synapses",
    };
    // Drawing into memory fails for no input; a run is not lost for a picture.
    let svg = figure::fractions(&labels, &series, &[]).ok()?;
    let caption = "Fraction of synapses on the dendrite of their cluster over time.".into();
    Some(Picture { file: "purity.svg".into(), caption, svg })
}
