//! What a classification leaves: metrics, arrays and pictures.

use super::Classification;
use super::arm::{Arm, ArmOutcome};
use super::config::Evaluate;
use super::readout::Evaluation;
use crate::data::Split;
use crate::figure::{self, Labels, Mark, Series, Shades};
use crate::membranes;
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use crate::records;
use ndarray::{Array1, Array2};
use pl_chip::time::biological_s_from_ticks;

/// Part of the accuracy before a switch that counts as all of it.
const RECOVERED: f64 = 0.95;
/// Dendrites of a class that a picture shows one by one.
const DENDRITES_SHOWN: usize = 8;

impl Classification<'_> {
    /// Everything the arms leave. The first arm is the rule as it is.
    pub(super) fn report(&self, arms: &[Arm], outcomes: &[ArmOutcome], split: &Split) -> Outcome {
        let pairs = || arms.iter().zip(outcomes);
        let pictures = [
            self.curve_picture(arms, outcomes),
            outcomes.first().and_then(|arm| self.fields_picture(arm)),
            outcomes.first().and_then(|arm| self.confusion_picture(arm)),
        ];
        let synapses = pairs().flat_map(|(arm, outcome)| self.synapse_arrays(arm, outcome));
        let spikes = pairs().flat_map(|(arm, outcome)| spike_arrays(arm, outcome));
        let curves = pairs().flat_map(|(arm, outcome)| self.curve_arrays(arm, outcome));
        let archives = vec![
            Archive { file: "synapses.npz".into(), arrays: synapses.collect() },
            Archive { file: "spikes.npz".into(), arrays: spikes.collect() },
            Archive { file: "learning.npz".into(), arrays: curves.collect() },
        ];
        let mut outcome = Outcome {
            metrics: self.metrics(arms, outcomes, split),
            timings: Vec::new(),
            warnings: Vec::new(),
            archives,
            pictures: pictures.into_iter().flatten().collect(),
            usage: outcomes.iter().map(|outcome| outcome.usage).sum(),
            interrupted: outcomes.iter().any(|outcome| outcome.interrupted),
        };
        for (arm, own) in pairs() {
            let (prefix, ending) = (arm.control_name(), ending(arm));
            records::report(&mut outcome, &self.config.rule, (prefix, &ending), &own.recorded);
        }
        let traces = pairs().map(|(arm, outcome)| (arm.name, outcome.membranes.as_ref()));
        membranes::report(self.experiment.record.membranes.as_ref(), traces, &mut outcome);
        outcome
    }

    fn metrics(&self, arms: &[Arm], outcomes: &[ArmOutcome], split: &Split) -> Vec<Metric> {
        let part = self.config.evaluate.name();
        let mut metrics = Vec::new();
        for (arm, outcome) in arms.iter().zip(outcomes) {
            let ending = ending(arm);
            let mut add = |name: String, value| {
                metrics.push(Metric::new(format!("{name}{ending}"), value));
            };
            if let Some(last) = final_evaluation(outcome) {
                add(format!("{part}_accuracy"), last.accuracy);
                add(format!("{part}_accuracy_not_normalised"), last.accuracy_raw);
                add("readout_spikes_per_dendrite".into(), last.spikes_per_dendrite);
            }
            for (name, value) in self.relearning(outcome) {
                add(format!("{part}_{name}"), value);
            }
            add("input_match".into(), self.input_match(outcome));
            add("samples_shown".into(), count(outcome.trained));
            metrics.extend(outcome.updates.metrics(&ending));
            metrics.extend(outcome.counts.metrics(&ending));
        }
        let evaluated = match self.config.evaluate {
            Evaluate::Test => &split.test,
            Evaluate::Validation => &split.validation,
        };
        let centroids = self.dataset.nearest_centroid(&split.train, evaluated);
        metrics.push(Metric::new(format!("{part}_accuracy_nearest_centroid"), centroids));
        if let Some(first) = outcomes.first() {
            let seconds = biological_s_from_ticks(first.training_duration);
            metrics.push(Metric::new("training_biological_time_s", seconds));
        }
        let all = outcomes.iter().map(|outcome| outcome.duration).sum();
        metrics.push(Metric::new("biological_time_s", biological_s_from_ticks(all)));
        metrics
    }

    /// What a switch of the classes did: accuracy before and right after it, and the biological time
    /// until nearly all of it was back.
    fn relearning(&self, outcome: &ArmOutcome) -> Vec<(&'static str, f64)> {
        let first = self.config.train.samples;
        let part = self.config.test.checkpoints + 1;
        if self.config.switch.is_none() || outcome.curve.len() <= part {
            return Vec::new();
        }
        let (before, after) = outcome.curve.split_at(part);
        let before = before.last().map_or(0.0, |(_, evaluation)| evaluation.accuracy);
        let mut found = vec![("accuracy_before_switch", before)];
        // Without checkpoints there is nothing between the switch and the end.
        let shown_first = after.first().filter(|(shown, _)| *shown == first);
        found.extend(shown_first.map(|(_, right)| ("accuracy_right_after_switch", right.accuracy)));
        let back = after.iter().find(|(_, evaluation)| evaluation.accuracy >= RECOVERED * before);
        let time = back.map(|(shown, _)| self.shown_s(shown - first));
        found.extend(time.map(|time| ("accuracy_recovery_biological_s", time)));
        found
    }

    /// How active a synapse's input is during its own class, averaged over all synapses by weight:
    /// a random choice of inputs gives their mean activity.
    fn input_match(&self, outcome: &ArmOutcome) -> f64 {
        let mut active = vec![vec![0.0; self.bench.placement.len()]; self.bench.classes];
        let mut samples = vec![0.0; self.bench.classes];
        for (code, label) in self.codes.iter().zip(&self.dataset.labels) {
            samples[*label] += 1.0;
            for (sum, on) in active[*label].iter_mut().zip(code) {
                *sum += f64::from(u8::from(*on));
            }
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        self.for_each_synapse(outcome, |class, _, input, weight| {
            sum += weight * active[class][input] / f64::max(samples[class], 1.0);
            weights += weight;
        });
        if weights > 0.0 { sum / weights } else { 0.0 }
    }

    /// Calls with class, dendrite, input and weight of every synapse whose address some input has.
    fn for_each_synapse(
        &self,
        outcome: &ArmOutcome,
        mut call: impl FnMut(usize, usize, usize, f64),
    ) {
        for (input, (row, address)) in self.bench.placement.iter().enumerate() {
            let row = usize::from(*row);
            for column in 0..self.bench.classes * self.bench.dendrites {
                if outcome.addresses[row][column] == *address {
                    let dendrite = column % self.bench.dendrites;
                    let weight = f64::from(outcome.weights[row][column]);
                    let class = self.class_of(self.bench.group_of(column), outcome.shift);
                    call(class, dendrite, input, weight);
                }
            }
        }
    }

    fn curve_picture(&self, arms: &[Arm], outcomes: &[ArmOutcome]) -> Option<Picture> {
        let part = self.config.evaluate.name();
        let series = |(arm, outcome): (&Arm, &ArmOutcome)| Series {
            name: if arm.frozen_addresses { "addresses frozen" } else { "with rewiring" }.into(),
            points: outcome
                .curve
                .iter()
                .map(|(shown, evaluation)| (self.shown_s(*shown), evaluation.accuracy))
                .collect(),
        };
        let series: Vec<Series> = arms.iter().zip(outcomes).map(series).collect();
        if series.iter().all(|series| series.points.is_empty()) {
            return None;
        }
        let title =
            format!("{}: accuracy on the {part} samples while learning", self.dataset_name());
        let labels = Labels { title: &title, x: "biological time (s)", y: "accuracy" };
        let switched =
            || Mark { name: "classes switched".into(), x: self.shown_s(self.config.train.samples) };
        let marks: Vec<Mark> = self.config.switch.iter().map(|_| switched()).collect();
        let svg = figure::fractions(&labels, &series, &marks);
        picture("accuracy.svg", "Accuracy over training time.", svg)
    }

    /// Biological seconds in which so many samples are shown.
    fn shown_s(&self, shown: usize) -> f64 {
        // 1 us of hardware time stands for 1 ms.
        count(shown) * self.config.train.presentation_us / 1000.0
    }

    fn dataset_name(&self) -> &str {
        &self.config.dataset
    }

    /// What the synapses of the first dendrites of each class, and of all of them, look at: the sum
    /// of weights by value of the sample.
    fn fields_picture(&self, outcome: &ArmOutcome) -> Option<Picture> {
        let classes = self.bench.classes;
        let dendrites = self.bench.dendrites.min(DENDRITES_SHOWN);
        let features = self.dataset.features;
        let width = self.dataset.image_width.unwrap_or(features);
        let empty = || Shades { width, values: vec![0.0; features] };
        // Rows of the picture: mean sample, each dendrite, their sum.
        let mut tiles = vec![empty(); classes * (dendrites + 2)];
        for (index, label) in self.dataset.labels.iter().enumerate() {
            let tile = &mut tiles[*label].values;
            for (sum, value) in tile.iter_mut().zip(self.dataset.sample(index)) {
                *sum += value.max(0.0);
            }
        }
        self.for_each_synapse(outcome, |class, dendrite, input, weight| {
            let feature = input / self.config.input.inputs_per_value();
            if dendrite < dendrites {
                tiles[(1 + dendrite) * classes + class].values[feature] += weight;
            }
            tiles[(1 + dendrites) * classes + class].values[feature] += weight;
        });
        let mut rows = vec!["mean sample".to_owned()];
        rows.extend((1..=dendrites).map(|dendrite| format!("dendrite {dendrite}")));
        rows.push("all dendrites".into());
        let title = "Receptive fields: weight on each value";
        let svg = figure::tiles(title, &self.dataset.classes, &rows, &tiles);
        picture("receptive_fields.svg", "Learnt receptive fields, by class and dendrite.", svg)
    }

    fn confusion_picture(&self, outcome: &ArmOutcome) -> Option<Picture> {
        let last = final_evaluation(outcome)?;
        let title = format!("Answers on the {} samples", self.config.evaluate.name());
        let labels = Labels { title: &title, x: "answer", y: "true class" };
        let svg = figure::counts(&labels, &self.dataset.classes, &last.confusion);
        picture("confusion.svg", "Answers by true class.", svg)
    }

    fn synapse_arrays(&self, arm: &Arm, outcome: &ArmOutcome) -> Vec<NamedArray> {
        let columns = self.bench.classes * self.bench.dendrites;
        let plane = |name: &str, rows: &[[u8; pl_chip::COLUMNS]]| {
            let array = Array2::from_shape_fn((rows.len(), columns), |(row, col)| rows[row][col]);
            named(arm, name, Elements::U8(array.into_dyn()))
        };
        vec![plane("weights", &outcome.weights), plane("addresses", &outcome.addresses)]
    }

    fn curve_arrays(&self, arm: &Arm, outcome: &ArmOutcome) -> Vec<NamedArray> {
        let curve = &outcome.curve;
        let times = curve.iter().map(|(shown, _)| self.shown_s(*shown));
        let accuracies = curve.iter().map(|(_, evaluation)| evaluation.accuracy);
        let reals = |values: Vec<f64>| Elements::F64(Array1::from(values).into_dyn());
        let mut arrays = vec![
            named(arm, "biological_time_s", reals(times.collect())),
            named(arm, "accuracy", reals(accuracies.collect())),
        ];
        if let Some(last) = final_evaluation(outcome) {
            let classes = self.bench.classes;
            let confusion = Array2::from_shape_fn((classes, classes), |(label, answer)| {
                i32::try_from(last.confusion[label][answer]).unwrap_or(i32::MAX)
            });
            arrays.push(named(arm, "confusion", Elements::I32(confusion.into_dyn())));
        }
        arrays
    }
}

fn final_evaluation(outcome: &ArmOutcome) -> Option<&Evaluation> {
    outcome.curve.last().filter(|_| !outcome.interrupted).map(|(_, evaluation)| evaluation)
}

fn spike_arrays(arm: &Arm, outcome: &ArmOutcome) -> Vec<NamedArray> {
    let times = outcome.spikes.iter().map(|spike| spike.time).collect::<Array1<u64>>();
    let columns = outcome.spikes.iter().map(|spike| spike.column).collect::<Array1<u8>>();
    vec![
        named(arm, "time_ticks", Elements::U64(times.into_dyn())),
        named(arm, "column", Elements::U8(columns.into_dyn())),
    ]
}

/// Arrays of a control carry its name in front.
fn named(arm: &Arm, name: &str, elements: Elements) -> NamedArray {
    let control = arm.control_name();
    let name = if control.is_empty() { name.to_owned() } else { format!("{control}/{name}") };
    NamedArray { name, elements }
}

/// What the names of an arm's metrics end with.
fn ending(arm: &Arm) -> String {
    let control = arm.control_name();
    if control.is_empty() { String::new() } else { format!("_{control}") }
}

fn picture(file: &str, caption: &str, svg: Result<String, String>) -> Option<Picture> {
    // Drawing into memory fails for no input; a run is not lost for a picture.
    let svg = svg.ok()?;
    Some(Picture { file: file.into(), caption: caption.into(), svg })
}

fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
