//! What a perceptron task leaves: metrics, arrays and pictures.

use super::bench::{Correction, Results};
use super::softmax::{codes, winner};
use super::{Course, Perceptron, unit_lsb};
use crate::figure::{self, Labels, Series};
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use crate::records;
use ndarray::{Array1, Array2};
use pl_chip::time::biological_s_from_ticks;

/// Points of a picture that are not too many to tell apart.
const POINTS: usize = 1000;

impl Perceptron<'_> {
    pub(super) fn report(&self, course: &Course) -> Outcome {
        let pictures = [self.scatter(course), self.confusion(course), rates_picture(course)];
        let mut outcome = Outcome {
            warnings: Vec::new(),
            metrics: self.metrics(course),
            timings: Vec::new(),
            archives: vec![Archive { file: "perceptron.npz".into(), arrays: self.arrays(course) }],
            pictures: pictures.into_iter().flatten().collect(),
            usage: course.counts.usage.with_updates(&course.updates),
            interrupted: course.interrupted,
        };
        let rules = [&self.config.learner, &self.config.calibrator];
        for (rule, recorded) in rules.into_iter().zip(&course.recorded) {
            let ending = format!("_{rule}");
            records::report(&mut outcome, rule, (rule, &ending), recorded);
        }
        outcome
    }

    /// Part of the decisions that are right; there may be less than samples.
    fn accuracy(&self, course: &Course, decisions: &[usize]) -> f64 {
        let labels = course.test.iter().map(|index| self.dataset.labels[*index]);
        let right = labels.zip(decisions).filter(|(label, decision)| label == *decision).count();
        right as f64 / decisions.len().max(1) as f64
    }

    /// The class with the largest mean over its columns.
    fn decisions(&self, results: &Results, correction: &Correction) -> Vec<usize> {
        let decide = |measured: &Vec<i8>| {
            let corrected = correction.apply(measured);
            let scores: Vec<f64> =
                corrected.chunks(self.config.copies).map(|class| class.iter().sum()).collect();
            winner(&scores)
        };
        results.measured.iter().map(decide).collect()
    }

    /// What an interrupted run has not come to is left out.
    fn metrics(&self, course: &Course) -> Vec<Metric> {
        let none = Correction::none(course.correction.gain.len());
        let lsb = unit_lsb(self.experiment);
        let test = || course.test.iter().map(|index| &self.inputs[*index]);
        let float: Vec<usize> = test().map(|x| winner(&course.linear.scores(x))).collect();
        let quantised: Vec<usize> = test().map(|x| winner(&products(&course.matrix, x))).collect();
        let float = self.accuracy(course, &float);
        let mut metrics = Vec::new();
        let mut add = |name: &str, value| metrics.push(Metric::new(name, value));
        add("test_accuracy_float", float);
        add("test_accuracy_quantised", self.accuracy(course, &quantised));
        let (before, after) = (&course.before, &course.after);
        if !before.measured.is_empty() {
            let accuracy = self.accuracy(course, &self.decisions(before, &none));
            add("test_accuracy_not_calibrated", accuracy);
            add("result_error_not_calibrated_lsb", error_lsb(before, &none, lsb));
        }
        if !after.measured.is_empty() {
            let accuracy = self.accuracy(course, &self.decisions(after, &course.correction));
            add("test_accuracy", accuracy);
            add("test_accuracy_lost", float - accuracy);
            add("result_error_lsb", error_lsb(after, &course.correction, lsb));
            let largest = after.measured.iter().flatten().map(|y| y.unsigned_abs()).max();
            add("result_largest_lsb", largest.unwrap_or(0).into());
            let (gain_mean, gain_spread) = mean_and_spread(&course.correction.gain);
            add("calibrated_gain_mean", gain_mean);
            add("calibrated_gain_spread", gain_spread);
            add("calibrated_offset_spread_lsb", mean_and_spread(&course.correction.offset).1);
        }
        let inputs = self.dataset.features + 1;
        add("multiplication_us", self.experiment.chip.perceptron.duration_us(inputs));
        metrics.extend(spiking_metrics(course));
        metrics.extend(course.updates.metrics(""));
        metrics.extend(course.counts.metrics(""));
        metrics.push(Metric::new("biological_time_s", biological_s_from_ticks(course.duration)));
        metrics
    }

    fn arrays(&self, course: &Course) -> Vec<NamedArray> {
        let results = |name: &str, results: &Results| {
            let table = |values: &[Vec<i32>]| {
                let shape = (values.len(), values.first().map_or(0, Vec::len));
                Elements::I32(Array2::from_shape_fn(shape, |(i, j)| values[i][j]).into_dyn())
            };
            let wide = |row: &Vec<i8>| row.iter().map(|y| i32::from(*y)).collect();
            let measured: Vec<Vec<i32>> = results.measured.iter().map(wide).collect();
            [
                NamedArray { name: format!("results_{name}"), elements: table(&measured) },
                NamedArray { name: format!("products_{name}"), elements: table(&results.exact) },
            ]
        };
        let reals = |name: &str, values: &[f64]| NamedArray {
            name: name.into(),
            elements: Elements::F64(Array1::from(values.to_vec()).into_dyn()),
        };
        let (times, rates): (Vec<f64>, Vec<f64>) = course.rates.iter().copied().unzip();
        let shape = (course.matrix.len(), course.matrix.first().map_or(0, Vec::len));
        let weights = Array2::from_shape_fn(shape, |(class, input)| course.matrix[class][input]);
        let label = |index: &usize| u8::try_from(self.dataset.labels[*index]).unwrap_or(u8::MAX);
        let labels: Array1<u8> = course.test.iter().map(label).collect();
        let mut arrays = vec![
            NamedArray { name: "weights".into(), elements: Elements::I32(weights.into_dyn()) },
            NamedArray { name: "labels".into(), elements: Elements::U8(labels.into_dyn()) },
            reals("gain", &course.correction.gain),
            reals("offset_lsb", &course.correction.offset),
            reals("spiking_time_ms", &times),
            reals("spiking_rates_hz", &rates),
        ];
        arrays.extend(results("not_calibrated", &course.before));
        arrays.extend(results("calibrated", &course.after));
        arrays
    }

    /// Results beside exact products.
    fn scatter(&self, course: &Course) -> Option<Picture> {
        let lsb = unit_lsb(self.experiment);
        let none = Correction::none(course.correction.gain.len());
        let series = |name: &str, results: &Results, correction: &Correction| {
            let pairs =
                results.measured.iter().zip(&results.exact).flat_map(|(measured, exact)| {
                    let exact = exact.iter().map(|product| lsb * f64::from(*product));
                    exact.zip(correction.apply(measured)).collect::<Vec<(f64, f64)>>()
                });
            Series { name: name.into(), points: pairs.take(POINTS).collect() }
        };
        let series = [
            series("not calibrated", &course.before, &none),
            series("calibrated", &course.after, &course.correction),
        ];
        let labels = Labels {
            title: "Results of multiplications",
            x: "exact product (LSB)",
            y: "result of the chip (LSB)",
        };
        let svg = figure::scatter(&labels, &series).ok()?;
        let caption = format!(
            "Results of the first {POINTS} sums beside the exact products at nominal gain, as \
             converted and corrected by what the rule has found."
        );
        Some(Picture { file: "results.svg".into(), caption, svg })
    }

    fn confusion(&self, course: &Course) -> Option<Picture> {
        let classes = self.dataset.classes.len();
        let mut counts = vec![vec![0; classes]; classes];
        let decisions = self.decisions(&course.after, &course.correction);
        for (index, decision) in course.test.iter().zip(decisions) {
            counts[self.dataset.labels[*index]][decision] += 1;
        }
        let labels = Labels { title: "Decisions, calibrated", x: "decision", y: "class" };
        let svg = figure::counts(&labels, &self.dataset.classes, &counts).ok()?;
        let caption = "How many samples of each class went to each class.".to_owned();
        Some(Picture { file: "confusion.svg".into(), caption, svg })
    }
}

fn spiking_metrics(course: &Course) -> Vec<Metric> {
    let rates: Vec<f64> = course.rates.iter().map(|(_, rate)| *rate).collect();
    let last = &rates[rates.len() - rates.len().div_ceil(4)..];
    let weights: Vec<f64> = course.learnt_weights.iter().map(|w| f64::from(*w)).collect();
    let (weight_mean, weight_spread) = mean_and_spread(&weights);
    let mut metrics = Vec::new();
    if let Some(first) = rates.first() {
        metrics.push(Metric::new("spiking_rate_first_hz", *first));
        metrics.push(Metric::new("spiking_rate_last_quarter_hz", mean_and_spread(last).0));
    }
    metrics.push(Metric::new("spiking_weight_mean", weight_mean));
    metrics.push(Metric::new("spiking_weight_spread", weight_spread));
    metrics.push(Metric::new("spiking_updates", rates.len() as f64));
    metrics
}

fn rates_picture(course: &Course) -> Option<Picture> {
    let points = course.rates.iter().map(|(time, rate)| (*time, rate / 1000.0)).collect();
    let series = [Series { name: "spiking hemisphere".into(), points }];
    let labels =
        Labels { title: "Mean rate of all neurons", x: "hardware time (ms)", y: "rate (kHz)" };
    let svg = figure::lines(&labels, &series).ok()?;
    let caption = "Mean rate in the spiking hemisphere before each update of its rule.".to_owned();
    Some(Picture { file: "rates.svg".into(), caption, svg })
}

/// Sums of quantised inputs and weights, for each class.
fn products(matrix: &[Vec<i32>], inputs: &[f64]) -> Vec<f64> {
    let inputs = codes(inputs);
    let sum = |weights: &Vec<i32>| {
        let products = weights.iter().zip(&inputs).map(|(w, x)| w * i32::from(*x));
        f64::from(products.sum::<i32>())
    };
    matrix.iter().map(sum).collect()
}

/// Root mean square of the distance of corrected results from exact products times `lsb`, after the
/// common factor that makes it smallest: what is left when all columns are too weak alike, as the
/// leak makes them, is no error.
fn error_lsb(results: &Results, correction: &Correction, lsb: f64) -> f64 {
    let (mut results_squared, mut mixed, mut products_squared, mut count) = (0.0, 0.0, 0.0, 0.0);
    for (measured, exact) in results.measured.iter().zip(&results.exact) {
        for (y, product) in correction.apply(measured).iter().zip(exact) {
            let product = lsb * f64::from(*product);
            results_squared += y * y;
            mixed += y * product;
            products_squared += product * product;
            count += 1.0;
        }
    }
    if mixed <= 0.0 {
        return 0.0;
    }
    // Least squares for the factor on the products; results are then divided by it.
    let factor = mixed / products_squared;
    let squares = results_squared - factor * mixed;
    (squares.max(0.0) / count).sqrt() / factor
}

/// Mean and standard deviation; 0 of nothing.
fn mean_and_spread(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    (mean, (squares / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_what_a_common_factor_leaves() {
        let results = Results {
            measured: vec![vec![10, -19], vec![21, 0]],
            exact: vec![vec![100, -200], vec![200, 0]],
        };
        // The best factor on the products is 0.1; two results of four are 1 away.
        let none = Correction::none(2);
        assert!((error_lsb(&results, &none, 0.1) - 0.5_f64.sqrt()).abs() < 1e-9);
        // All results at twice the gain: twice the error.
        assert!((error_lsb(&results, &none, 0.2) - 2.0 * 0.5_f64.sqrt()).abs() < 1e-9);
        let shifted = Correction { gain: vec![1.0, 2.0], offset: vec![0.0, 1.0] };
        assert_eq!(shifted.apply(&[5, 5]), [5.0, 8.0]);
        assert_eq!(error_lsb(&Results::default(), &none, 1.0), 0.0);
    }
}
