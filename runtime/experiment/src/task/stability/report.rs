//! What a stability experiment left: metrics, arrays and the picture.

use super::fixed_point::{Correlation, Drift};
use super::{Course, Stability};
use crate::figure::{self, Labels, Series};
use crate::membranes;
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use crate::plasticity::UpdateCounts;
use crate::records;
use ndarray::Array1;

/// Points of a curve in the picture; each is a mean.
const POINTS: usize = 100;

impl Stability<'_> {
    pub(super) fn outcome(&self, courses: &[Course], drift: Option<&Drift>) -> Outcome {
        let ends: Vec<f64> = courses.iter().map(|course| mean(&course.neurons_bio_hz)).collect();
        let mut outcome = Outcome {
            interrupted: courses.iter().any(|course| course.interrupted),
            ..Outcome::default()
        };
        let mut add = |name: &str, value| outcome.metrics.push(Metric::new(name, value));
        for (weight, (course, end)) in
            self.config.initial_weights.iter().zip(courses.iter().zip(&ends))
        {
            add(&format!("rate_end_bio_hz_from_{weight}"), *end);
            let last = course.weights.last().copied().unwrap_or(f64::from(*weight));
            add(&format!("weight_end_from_{weight}"), last);
        }
        let converged = self.same(&ends);
        add("rate_end_bio_hz", mean(&ends));
        add("rate_end_spread_bio_hz", spread(&ends));
        add("converged", truth(converged));
        if let Some(drift) = drift {
            let initial = &self.config.initial_weights;
            for (correlation, ending) in
                [(Correlation::Measured, ""), (Correlation::Chance, "_by_chance")]
            {
                let rates: Vec<f64> = initial
                    .iter()
                    .map(|weight| drift.rate_bio_hz(drift.rest(*weight, correlation)))
                    .collect();
                for (weight, rate) in initial.iter().zip(&rates) {
                    add(&format!("predicted{ending}_rate_bio_hz_from_{weight}"), *rate);
                }
                let predicted = self.same(&rates);
                add(&format!("predicted{ending}_converged"), truth(predicted));
                add(&format!("agrees{ending}"), truth(predicted == converged));
            }
        }
        let seconds = courses.iter().filter_map(|course| course.times_s.last()).sum();
        add("biological_time_s", seconds);
        outcome.usage = courses.iter().map(|c| c.counts.usage.with_updates(&c.updates)).sum();
        let updates: UpdateCounts = courses.iter().map(|course| course.updates).sum();
        outcome.metrics.extend(updates.metrics(""));
        for (weight, course) in self.config.initial_weights.iter().zip(courses) {
            outcome.metrics.extend(course.counts.metrics(&format!("_from_{weight}")));
        }
        outcome
            .archives
            .push(Archive { file: "rates.npz".into(), arrays: self.arrays(courses, drift) });
        outcome.pictures.extend(self.picture(courses));
        let names: Vec<String> =
            self.config.initial_weights.iter().map(|weight| format!("from_{weight}")).collect();
        for (name, course) in names.iter().zip(courses) {
            let ending = format!("_{name}");
            let names = (name.as_str(), ending.as_str());
            records::report(&mut outcome, &self.config.rule, names, &course.recorded);
        }
        let traces = names.iter().zip(courses);
        let traces = traces.map(|(name, course)| (name.as_str(), course.membranes.as_ref()));
        membranes::report(self.experiment.record.membranes.as_ref(), traces, &mut outcome);
        outcome
    }

    /// Whether all rates are the same within the tolerance.
    fn same(&self, rates: &[f64]) -> bool {
        let largest = rates.iter().copied().fold(0.0, f64::max);
        spread(rates) <= f64::max(self.config.tolerance * largest, self.config.floor_bio_hz)
    }

    fn arrays(&self, courses: &[Course], drift: Option<&Drift>) -> Vec<NamedArray> {
        let reals = |name: String, values: &[f64]| NamedArray {
            name,
            elements: Elements::F64(Array1::from(values.to_vec()).into_dyn()),
        };
        let mut arrays = Vec::new();
        for (weight, course) in self.config.initial_weights.iter().zip(courses) {
            arrays.push(reals(format!("time_bio_s_from_{weight}"), &course.times_s));
            arrays.push(reals(format!("rate_bio_hz_from_{weight}"), &course.rates_bio_hz));
            arrays.push(reals(format!("weight_from_{weight}"), &course.weights));
            arrays.push(reals(format!("neurons_bio_hz_from_{weight}"), &course.neurons_bio_hz));
        }
        if let Some(Drift { transfer, .. }) = drift {
            arrays.push(reals("transfer_rate_bio_hz".into(), &transfer.rate_bio_hz));
            arrays.push(reals("transfer_causal_lsb".into(), &transfer.causal_lsb));
        }
        arrays
    }

    fn picture(&self, courses: &[Course]) -> Option<Picture> {
        let series = |(weight, course): (&u8, &Course)| {
            let width = course.times_s.len().div_ceil(POINTS).max(1);
            let points = course.times_s.chunks(width).zip(course.rates_bio_hz.chunks(width));
            Series {
                name: format!("weights start at {weight}"),
                points: points.map(|(times, rates)| (mean(times), mean(rates))).collect(),
            }
        };
        let series: Vec<Series> =
            self.config.initial_weights.iter().zip(courses).map(series).collect();
        let labels = Labels {
            title: "Mean rate of all neurons",
            x: "biological time (s)",
            y: "rate (Hz, biological)",
        };
        // Drawing into memory fails for no input; a run is not lost for a picture.
        let svg = figure::lines(&labels, &series).ok()?;
        let caption = "Mean rate of all neurons over time, from each initial weight.".into();
        Some(Picture { file: "rates.svg".into(), caption, svg })
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn spread(values: &[f64]) -> f64 {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low
}

fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}
