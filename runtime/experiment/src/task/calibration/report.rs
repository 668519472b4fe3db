//! Numbers, arrays and pictures of a calibration.

use super::fit::{mean_and_spread, median, quantile};
use super::neurons::{Line, NeuronMap};
use super::sensors::SensorMap;
use super::{Calibration, Measured};
use crate::figure::{Labels, Series, Style, curves};
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use ndarray::{Array1, Array2};
use pl_chip::{Branch, COLUMNS, Chip};
use pl_fixed::real;

/// The neuron whose membrane is shown.
pub(super) const SHOWN_NEURON: usize = 100;

/// Relative errors of a measured map against the truth: amplitudes, time constants.
struct Errors {
    eta: Vec<f64>,
    tau: Vec<f64>,
    /// Share of sensors for which measurement and truth agree on whether they work.
    judged: f64,
}

impl Errors {
    fn new(map: &SensorMap, chip: &Chip, h: usize) -> Errors {
        let (mut eta, mut tau, mut agree, mut all) = (vec![], vec![], 0.0, 0.0);
        for branch in Branch::BOTH {
            for (row, fits) in map.fits[branch.index()].iter().enumerate() {
                for (column, fit) in fits.iter().enumerate() {
                    let [true_eta, true_tau, _] = chip.sensor(h, row, column, branch);
                    all += 1.0;
                    agree += f64::from(u8::from(fit.is_some() == (true_eta > 0.0)));
                    if let Some(fit) = fit.filter(|_| true_eta > 0.0) {
                        eta.push(fit.amplitude / true_eta - 1.0);
                        tau.push(fit.tau / true_tau - 1.0);
                    }
                }
            }
        }
        Errors { eta, tau, judged: agree / f64::max(all, 1.0) }
    }
}

/// The median size of some errors.
fn typical(errors: &[f64]) -> f64 {
    median(&errors.iter().map(|error| error.abs()).collect::<Vec<f64>>())
}

impl Calibration<'_> {
    pub(super) fn outcome(&self, measured: &Measured) -> Outcome {
        let mut metrics = self.sensor_metrics(measured);
        metrics.extend(self.neuron_metrics(measured));
        metrics.extend(self.multiplier_metrics(measured));
        metrics.push(Metric::new("biological_time_s", measured.biological_s));
        let pictures = [self.window(measured), self.rate_curve(measured), trace_picture(measured)];
        Outcome {
            metrics,
            archives: vec![Archive {
                file: "calibration.npz".into(),
                arrays: self.arrays(measured),
            }],
            pictures: pictures.into_iter().flatten().collect(),
            interrupted: false,
            ..Outcome::default()
        }
    }

    /// Of amplitudes and time constants before and after, medians and spreads: the standard
    /// deviation of the logarithm that a normal distribution with the same quartiles has, of the
    /// mean of both branches, which is what the bits can set.
    fn sensor_metrics(&self, measured: &Measured) -> Vec<Metric> {
        let h = self.config.hemisphere;
        let mut metrics = Vec::new();
        let mut add = |name: String, value| metrics.push(Metric::new(name, value));
        let baselines: Vec<f64> =
            measured.sensors.before.baseline.iter().flatten().flatten().copied().collect();
        let (mean, spread) = mean_and_spread(&baselines);
        add("baseline_mean_lsb".into(), mean);
        add("baseline_spread_lsb".into(), spread);
        let stages = [
            ("", &measured.sensors.before, &measured.chip),
            ("_calibrated", &measured.sensors.after, &measured.sensors.chip),
        ];
        for (ending, map, chip) in stages {
            let means: Vec<_> = (0..self.config.rows)
                .flat_map(|row| (0..COLUMNS).filter_map(move |column| map.mean(row, column)))
                .collect();
            let eta: Vec<f64> = means.iter().map(|found| found.amplitude).collect();
            let tau: Vec<f64> = means.iter().map(|found| found.tau).collect();
            for (name, values, unit) in [("eta", &eta, "_lsb"), ("tau", &tau, "_us")] {
                let ratio = quantile(values, 0.75) / quantile(values, 0.25).max(1e-9);
                add(format!("{name}_median{ending}{unit}"), median(values));
                add(format!("{name}_spread_of_logarithm{ending}"), real::ln(ratio) / QUARTILES);
            }
            let errors = Errors::new(map, chip, h);
            add(format!("eta_error{ending}"), typical(&errors.eta));
            add(format!("tau_error{ending}"), typical(&errors.tau));
            if ending.is_empty() {
                add("sensors_judged_rightly".into(), errors.judged);
            }
        }
        metrics
    }

    fn neuron_metrics(&self, measured: &Measured) -> Vec<Metric> {
        let mut metrics = Vec::new();
        let stages = [
            ("", &measured.neurons.before, &measured.chip),
            ("_calibrated", &measured.neurons.after, &measured.neurons.chip),
        ];
        for (ending, map, chip) in stages {
            for (name, unit, found, truth) in self.neuron_quantities(map, chip) {
                let mut add = |what: &str, value| {
                    metrics.push(Metric::new(format!("{name}_{what}{ending}{unit}"), value));
                };
                let known = found.iter().copied().filter(|value| value.is_finite());
                let (mean, spread) = mean_and_spread(&known.collect::<Vec<f64>>());
                add("mean", mean);
                add("spread", spread);
                let errors: Vec<f64> =
                    found.iter().zip(&truth).map(|(found, truth)| found - truth).collect();
                add("error", typical(&errors));
            }
        }
        metrics
    }

    /// Name, unit, what was found and what is true of each neuron.
    fn neuron_quantities<'m>(
        &self,
        map: &'m NeuronMap,
        chip: &Chip,
    ) -> [(&'static str, &'static str, &'m Line, Line); 4] {
        let h = self.config.hemisphere;
        let truth = |of: fn(&pl_chip::NeuronParameters) -> f64| {
            core::array::from_fn(|column| of(&chip.neuron(h, column)))
        };
        [
            ("leak", "_lsb", &map.leak_lsb, truth(|neuron| neuron.leak_lsb)),
            ("reset", "_lsb", &map.reset_lsb, truth(|neuron| neuron.reset_lsb)),
            ("threshold", "_lsb", &map.threshold_lsb, truth(|neuron| neuron.threshold_lsb)),
            ("tau_mem", "_us", &map.tau_mem_us, truth(|neuron| neuron.tau_mem_us)),
        ]
    }

    fn multiplier_metrics(&self, measured: &Measured) -> Vec<Metric> {
        let map = &measured.multiplier;
        let truth = |i: usize| {
            let of = |column| measured.chip.multiplier(self.config.hemisphere, column)[i];
            core::array::from_fn::<f64, COLUMNS, _>(of)
        };
        let (mean, spread) = mean_and_spread(&map.gain);
        let ratios: Vec<f64> =
            map.gain.iter().zip(truth(0)).map(|(found, truth)| found / truth).collect();
        let errors: Vec<f64> =
            map.offset.iter().zip(truth(1)).map(|(found, truth)| found - truth).collect();
        // Strengths of drivers and the leak of membranes change all columns' gains together.
        let (together, apart) = mean_and_spread(&ratios);
        vec![
            Metric::new("multiplier_gain_mean_lsb", mean),
            Metric::new("multiplier_gain_spread", spread / mean),
            Metric::new("multiplier_gain_of_true_gain", together),
            Metric::new("multiplier_gain_error", apart / together),
            Metric::new("multiplier_offset_spread_lsb", mean_and_spread(&map.offset).1),
            Metric::new("multiplier_offset_error_lsb", typical(&errors)),
        ]
    }

    fn arrays(&self, measured: &Measured) -> Vec<NamedArray> {
        let rows = self.config.rows;
        let reals = |name: String, lines: &dyn Fn(usize, usize) -> f64| NamedArray {
            name,
            elements: Elements::F64(
                Array2::from_shape_fn((rows, COLUMNS), |(r, c)| lines(r, c)).into_dyn(),
            ),
        };
        let line = |name: String, values: &[f64]| NamedArray {
            name,
            elements: Elements::F64(Array1::from(values.to_vec()).into_dyn()),
        };
        // What was set, which an experiment can read back; then what was found.
        let mut arrays = self.settings(measured).to_arrays(&self.experiment.chip);
        let maps = [("", &measured.sensors.before), ("_calibrated", &measured.sensors.after)];
        for (ending, map) in maps {
            for (branch, name) in [(0, "causal"), (1, "acausal")] {
                let found = |r: usize, c: usize| map.fits[branch][r][c];
                let nan = f64::NAN;
                arrays.push(reals(format!("eta_lsb_{name}{ending}"), &|r, c| {
                    found(r, c).map_or(nan, |fit| fit.amplitude)
                }));
                arrays.push(reals(format!("tau_us_{name}{ending}"), &|r, c| {
                    found(r, c).map_or(nan, |fit| fit.tau)
                }));
                let baseline = |r: usize, c: usize| map.baseline[branch][r][c];
                arrays.push(reals(format!("baseline_lsb_{name}{ending}"), &baseline));
            }
        }
        let chip = &measured.neurons.chip;
        for (name, unit, found, _) in self.neuron_quantities(&measured.neurons.before, chip) {
            arrays.push(line(format!("{name}{unit}"), found));
        }
        arrays.push(line("currents_lsb".into(), &self.config.currents_lsb));
        let rates = &measured.neurons.rates_khz;
        let shape = (rates.len(), COLUMNS);
        let rates = Array2::from_shape_fn(shape, |(i, c)| rates[i][c]).into_dyn();
        arrays.push(NamedArray { name: "rates_khz".into(), elements: Elements::F64(rates) });
        arrays.push(line("multiplier_gain_lsb".into(), &measured.multiplier.gain));
        arrays.push(line("multiplier_offset_lsb".into(), &measured.multiplier.offset));
        arrays
    }

    /// Signals of a pair by its delay, over all sensors; negative delays are post before pre.
    fn window(&self, measured: &Measured) -> Option<Picture> {
        let signals = &measured.sensors.before.signals;
        let at = |share: f64| -> Vec<(f64, f64)> {
            let delays = || self.config.delays_us.iter().enumerate();
            let acausal =
                delays().rev().map(|(i, delay)| (-delay, quantile(&signals[1][i], share)));
            let causal = delays().map(|(i, delay)| (*delay, quantile(&signals[0][i], share)));
            acausal.chain(causal).collect()
        };
        let fitted = |branch: Branch, sign: f64| Series {
            name: "median of the fits".into(),
            points: (0..=60)
                .map(|i| f64::from(i) * self.config.delays_us.last().unwrap_or(&1.0) / 60.0)
                .map(|delay| {
                    let values: Vec<f64> = measured
                        .sensors
                        .before
                        .found(branch)
                        .map(|fit| fit.amplitude * real::exp(-delay / fit.tau))
                        .collect();
                    (sign * delay, median(&values))
                })
                .collect(),
        };
        let mut both = fitted(Branch::Acausal, -1.0);
        both.points.reverse();
        // A gap, so that the branches are not joined.
        both.points.push((0.0, f64::NAN));
        both.points.extend(fitted(Branch::Causal, 1.0).points);
        let series = |name: &str, share| Series { name: name.into(), points: at(share) };
        let labels = Labels {
            title: "STDP window of the correlation sensors",
            x: "post minus pre (us of hardware time)",
            y: "signal of a pair (LSB)",
        };
        let svg = curves(
            &labels,
            &[
                (both, Style::Line),
                (series("median", 0.5), Style::Markers),
                (series("lower quartile", 0.25), Style::Markers),
                (series("upper quartile", 0.75), Style::Markers),
            ],
        );
        let caption = format!(
            "Baseline minus reading for one pair of pulses, measured with {} pairs a delay, over \
             both branches of all sensors at setting 0 of the calibration bits.",
            self.config.pairs
        );
        Some(Picture { file: "window.svg".into(), caption, svg: svg.ok()? })
    }

    /// Rates of the neurons by current, and what the equation of the neuron says.
    fn rate_curve(&self, measured: &Measured) -> Option<Picture> {
        let currents = || self.config.currents_lsb.iter();
        let at = |share: f64| -> Vec<(f64, f64)> {
            let lines = measured.neurons.rates_khz.iter();
            currents().zip(lines).map(|(current, line)| (*current, quantile(line, share))).collect()
        };
        let n = &self.experiment.chip.neuron;
        let expected = |current: f64| {
            let (from, to) =
                (n.leak_lsb + current - n.reset_lsb, n.leak_lsb + current - n.threshold_lsb);
            if to <= 0.0 {
                0.0
            } else {
                1e3 / (n.refractory_us + n.tau_mem_us * real::ln(from / to))
            }
        };
        let (first, last) = (currents().next()?, currents().next_back()?);
        let steps = (0..=100).map(|i| first + f64::from(i) * (last - first) / 100.0);
        let equation = steps.map(|current| (current, expected(current))).collect();
        let series = |name: &str, points| Series { name: name.into(), points };
        let labels = Labels {
            title: "f-I curve of the calibrated neurons",
            x: "current, as the shift of the resting potential (LSB)",
            y: "rate (kHz of hardware time)",
        };
        let svg = curves(
            &labels,
            &[
                (series("equation of the target", equation), Style::Line),
                (series("median", at(0.5)), Style::Markers),
                (series("lower quartile", at(0.25)), Style::Markers),
                (series("upper quartile", at(0.75)), Style::Markers),
            ],
        );
        let caption = "Rates of all neurons of the hemisphere with constant currents.".to_owned();
        Some(Picture { file: "rates.svg".into(), caption, svg: svg.ok()? })
    }
}

/// Quartiles of a normal distribution lie this many standard deviations apart.
const QUARTILES: f64 = 1.349;

fn trace_picture(measured: &Measured) -> Option<Picture> {
    let (trace, spikes) = &measured.neurons.trace;
    let threshold = measured.neurons.after.threshold_lsb[SHOWN_NEURON];
    let labels = Labels {
        title: "Membrane of a calibrated neuron",
        x: "hardware time (us)",
        y: "membrane (LSB)",
    };
    let spikes = spikes.iter().map(|time| (*time, threshold)).collect();
    let svg = curves(
        &labels,
        &[
            (Series { name: "membrane".into(), points: trace.clone() }, Style::Line),
            (Series { name: "spikes, at threshold".into(), points: spikes }, Style::Markers),
        ],
    );
    let caption = format!(
        "One reading a microsecond of the membrane of column {SHOWN_NEURON}: single events at 20 and \
         80 us, a train from 140 us on; spikes as they came to the host."
    );
    Some(Picture { file: "membrane.svg".into(), caption, svg: svg.ok()? })
}
