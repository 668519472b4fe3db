//! What fixed point and sensors cost a run: beside each rule run shadows of it, on the same spikes and
//! random numbers but with weights and state of their own.
//!
//! ```text
//! engine ── ideal ──► real numbers, the chip's readings
//!                     └─ sensors ──► sensors without noise, saturation and conversion
//!                                    └─ mismatch ──► sensors that are all alike
//!                                                    └─ pairing ──► the same with all pairs
//!                                                                   └─ period ──► eight steps a period
//! ```
//!
//! The last reads a rule as a differential equation of its weights: each step brings its share of what
//! an update would bring if the whole period had been like that step. That has a meaning for rules of
//! which [`pl_driver::Rule::changes_weights_alone`] holds, as long as no other rule resets the sensors
//! that they read; others have no such stage, and `together` spans the four that all rules have.
//!
//! Each arrow is a stage, measured by how far the weights of its ends are apart. Shadows change nothing
//! on the chip; sensors are reset where the engine resets them. Where a rule decides (a threshold, a new
//! address), a small difference can become a large one; the share of differing addresses tells.
//!
//! `compare.npz` names engines by the task's arm, if it has several, the chip, if it is not the first,
//! rule, hemisphere and instance, and numbers them; the picture is of engine 0. Each has, a stage, arrays
//! with an element an update: `now_ticks` (u64, ticks of 4 ns), and of the differences between the ends'
//! weights over the view (f64, LSB) `mean_lsb`, `mean_abs_lsb` and `max_abs_lsb`, and `address_share`
//! (f64, 0 to 1), the share of synapses whose addresses differ.

use crate::array_engine::{ArrayEngine, Synapse};
use borsh::{BorshDeserialize, BorshSerialize};
use ndarray::Array1;
use pl_chip::Chip;
use pl_experiment::engine::{Engine, EngineError, RecordSample};
use pl_experiment::figure::{self, Labels, Series};
use pl_experiment::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use pl_experiment::state;
use std::sync::{Arc, Mutex, PoisonError};

/// How far the ends of a stage are apart after an update, over the view.
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
struct Distance {
    /// Chip time, ticks of 4 ns.
    now: u64,
    /// Mean of the weights' differences, LSB.
    mean_lsb: f64,
    /// Mean of their magnitudes, LSB.
    mean_abs_lsb: f64,
    /// The largest magnitude, LSB.
    max_abs_lsb: f64,
    /// Share of synapses whose addresses differ.
    addresses: f64,
}

impl Distance {
    fn between(now: u64, from: &[Synapse], to: &[Synapse]) -> Distance {
        let (mut sum, mut abs, mut max, mut addresses) = (0.0, 0.0, 0.0f64, 0.0);
        for (from, to) in from.iter().zip(to) {
            let difference = from.weight - to.weight;
            sum += difference;
            abs += difference.abs();
            max = max.max(difference.abs());
            addresses += f64::from(u8::from(from.address != to.address));
        }
        let count = f64::from(u32::try_from(from.len().max(1)).unwrap_or(u32::MAX));
        Distance {
            now,
            mean_lsb: sum / count,
            mean_abs_lsb: abs / count,
            max_abs_lsb: max,
            addresses: addresses / count,
        }
    }
}

/// Names of the stages, each from what is before it to the next shadow; the last spans the first
/// [`ALL_HAVE`].
const STAGES: [&str; 6] = ["ideal", "sensors", "mismatch", "pairing", "period", "together"];

/// The stage over all that every rule has.
const TOGETHER: usize = 5;

/// How many stages every rule has, if shadows on sensors without circuits run.
const ALL_HAVE: usize = 4;

/// The distances of one stage of an engine, over its updates.
#[derive(Clone, Debug)]
struct Course {
    /// Which of [`STAGES`].
    stage: usize,
    distances: Vec<Distance>,
}

/// What the shadows of an engine noted.
#[derive(Clone, Debug)]
struct Noted {
    seed: u64,
    /// Arm, chip, rule, hemisphere and instance.
    name: String,
    /// One a stage.
    courses: Vec<Course>,
}

impl Noted {
    /// What puts engines in an order that does not depend on threads: those of a name that differ
    /// in nothing here may as well change places.
    fn key(&self) -> (String, Vec<u64>) {
        let distances = self.courses.iter().flat_map(|course| &course.distances);
        (self.name.clone(), distances.map(|d| d.mean_abs_lsb.to_bits()).collect())
    }
}

/// What runs beside the engines of a run.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    /// Where they note their distances.
    pub(crate) ledger: Ledger,
    /// Whether shadows on sensors without circuits run, too.
    pub(crate) sensors: bool,
}

/// Distances of all engines that were made; shared by them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<Vec<Noted>>>);

impl Ledger {
    /// Takes what was noted for a seed, in an order that does not depend on threads.
    fn take(&self, seed: u64) -> Vec<Noted> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut own, others): (Vec<Noted>, Vec<Noted>) =
            all.drain(..).partition(|noted| noted.seed == seed);
        *all = others;
        own.retain(|noted| noted.courses.iter().any(|course| !course.distances.is_empty()));
        own.sort_by_cached_key(Noted::key);
        own
    }

    /// Adds what was noted for a seed to what its run left.
    pub(crate) fn report(&self, seed: u64, outcome: &mut Outcome) {
        let engines = self.take(seed);
        let Some(first) = engines.first() else { return };
        let courses = || engines.iter().flat_map(|noted| &noted.courses);
        for (stage, name) in STAGES.iter().enumerate() {
            let of_stage = courses().filter(|course| course.stage == stage);
            let last: Vec<Distance> =
                of_stage.filter_map(|course| course.distances.last().copied()).collect();
            outcome.metrics.extend(metrics(name, &last));
        }
        outcome.archives.push(archive(&engines));
        // More than those of one engine would hide each other.
        let series = first.courses.iter().map(|course| Series {
            name: format!("{} (0): {}", first.name, STAGES[course.stage]),
            points: course
                .distances
                .iter()
                .map(|d| (milliseconds(d.now), d.mean_abs_lsb))
                .collect(),
        });
        let labels = Labels {
            title: "What fixed point and sensors cost",
            x: "hardware time (ms)",
            y: "mean difference of weights (LSB)",
        };
        let series: Vec<Series> = series.collect();
        if let Ok(svg) = figure::lines(&labels, &series) {
            let caption = "Mean magnitude of the difference between weights in fixed point and \
                           those of the same rule in real numbers (ideal), and with sensors \
                           without circuits (sensors, mismatch, pairing, period), over time."
                .to_owned();
            outcome.pictures.push(Picture { file: "compare.svg".into(), caption, svg });
        }
    }
}

/// Of the last updates of all engines, if there are any.
fn metrics(stage: &str, last: &[Distance]) -> Vec<Metric> {
    if last.is_empty() {
        return Vec::new();
    }
    let count = f64::from(u32::try_from(last.len()).unwrap_or(u32::MAX));
    let mean = |of: fn(&Distance) -> f64| last.iter().map(of).sum::<f64>() / count;
    let largest = last.iter().map(|d| d.max_abs_lsb).fold(0.0, f64::max);
    let values = [
        ("weight_mean_difference_lsb", mean(|d| d.mean_lsb)),
        ("weight_mean_abs_difference_lsb", mean(|d| d.mean_abs_lsb)),
        ("weight_max_abs_difference_lsb", largest),
        ("address_share_differing", mean(|d| d.addresses)),
    ];
    values.map(|(name, value)| Metric::new(format!("{stage}_{name}"), value)).into()
}

fn milliseconds(ticks: u64) -> f64 {
    pl_chip::time::us_from_ticks(ticks) / 1e3
}

/// All courses, under the number of their engine.
fn archive(engines: &[Noted]) -> Archive {
    let mut arrays = Vec::new();
    let numbered = engines.iter().enumerate();
    for (number, noted, course) in
        numbered.flat_map(|(number, noted)| noted.courses.iter().map(move |c| (number, noted, c)))
    {
        let mut add = |what: &str, elements| {
            let (engine, stage) = (&noted.name, STAGES[course.stage]);
            arrays.push(NamedArray { name: format!("{number}_{engine}_{stage}_{what}"), elements });
        };
        let distances = || course.distances.iter();
        let values = |of: fn(&Distance) -> f64| {
            Elements::F64(distances().map(of).collect::<Array1<f64>>().into_dyn())
        };
        let times = distances().map(|d| d.now).collect::<Array1<u64>>().into_dyn();
        add("now_ticks", Elements::U64(times));
        add("mean_lsb", values(|d| d.mean_lsb));
        add("mean_abs_lsb", values(|d| d.mean_abs_lsb));
        add("max_abs_lsb", values(|d| d.max_abs_lsb));
        add("address_share", values(|d| d.addresses));
    }
    Archive { file: "compare.npz".into(), arrays }
}

/// An engine with its shadows.
pub(crate) struct Compared {
    engine: Box<dyn Engine>,
    shadows: Vec<ArrayEngine>,
    noted: Noted,
    ledger: Ledger,
}

impl Compared {
    /// `shadows` in the order of the stages, at least one.
    pub(crate) fn new(
        engine: Box<dyn Engine>,
        shadows: Vec<ArrayEngine>,
        (seed, name): (u64, &str),
        ledger: Ledger,
    ) -> Compared {
        let together = (shadows.len() >= ALL_HAVE).then_some(TOGETHER);
        let course = |stage| Course { stage, distances: Vec::new() };
        let courses = (0..shadows.len()).chain(together).map(course).collect();
        let noted = Noted { seed, name: name.to_owned(), courses };
        Compared { engine, shadows, noted, ledger }
    }

    fn note(&mut self, chip: &Chip) {
        let Some(first) = self.shadows.first() else { return };
        let mut places = vec![first.on_chip(chip)];
        places.extend(self.shadows.iter().map(ArrayEngine::own));
        let now = chip.now();
        for course in &mut self.noted.courses {
            let (from, to) = match course.stage {
                TOGETHER => (0, ALL_HAVE),
                stage => (stage, stage + 1),
            };
            course.distances.push(Distance::between(now, &places[from], &places[to]));
        }
    }
}

impl Engine for Compared {
    fn start(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.shadows.iter_mut().for_each(|shadow| shadow.copy_synapses(chip));
        self.engine.start(chip)?;
        self.shadows.iter_mut().try_for_each(|shadow| shadow.shadow_start(chip))
    }

    fn update(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.shadows.iter_mut().try_for_each(|shadow| shadow.shadow_update(chip))?;
        self.engine.update(chip)?;
        self.shadows.iter().for_each(|shadow| shadow.shadow_restart(chip));
        self.note(chip);
        Ok(())
    }

    fn take_records(&mut self) -> Vec<RecordSample> {
        self.engine.take_records()
    }

    fn samples_lost(&self) -> Vec<u64> {
        self.engine.samples_lost()
    }

    fn save(&self) -> Result<Vec<u8>, EngineError> {
        let shadows: Result<Vec<Vec<u8>>, EngineError> =
            self.shadows.iter().map(ArrayEngine::save).collect();
        let distances: Vec<&Vec<Distance>> =
            self.noted.courses.iter().map(|course| &course.distances).collect();
        state::to_bytes(&(self.engine.save()?, shadows?, distances))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let (engine, shadows, distances): (Vec<u8>, Vec<Vec<u8>>, Vec<Vec<Distance>>) =
            state::from_bytes(bytes)?;
        self.engine.restore(&engine)?;
        for (shadow, bytes) in self.shadows.iter_mut().zip(&shadows) {
            shadow.restore(bytes)?;
        }
        for (course, distances) in self.noted.courses.iter_mut().zip(distances) {
            course.distances = distances;
        }
        Ok(())
    }
}

impl Drop for Compared {
    fn drop(&mut self) {
        let mut engines = self.ledger.0.lock().unwrap_or_else(PoisonError::into_inner);
        engines.push(self.noted.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An engine whose stages are so far apart after its only update.
    fn noted(name: &str, mean_abs_lsb: [f64; 2]) -> Noted {
        let course = |(stage, mean_abs_lsb)| {
            let (mean_lsb, max_abs_lsb, addresses) = (0.0, 0.0, 0.0);
            let distance = Distance { now: 1, mean_lsb, mean_abs_lsb, max_abs_lsb, addresses };
            Course { stage, distances: vec![distance] }
        };
        let courses = mean_abs_lsb.into_iter().enumerate().map(course).collect();
        Noted { seed: 1, name: name.to_owned(), courses }
    }

    #[test]
    fn courses_stay_with_their_engine_in_any_order_of_threads() {
        // Engines of the same name differ in their distances.
        let engines = [noted("b", [1.0, 5.0]), noted("b", [2.0, 4.0]), noted("a", [3.0, 3.0])];
        let report = |order: [usize; 3]| {
            let ledger = Ledger::default();
            ledger.0.lock().unwrap().extend(order.map(|i| engines[i].clone()));
            let mut outcome = Outcome::default();
            ledger.report(1, &mut outcome);
            assert!(ledger.take(1).is_empty());
            outcome
        };
        let outcome = report([0, 1, 2]);
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(report(order), outcome);
        }
        let values = outcome.archives[0].arrays.iter().filter_map(|array| {
            let name = array.name.strip_suffix("_mean_abs_lsb")?;
            let Elements::F64(values) = &array.elements else { return None };
            Some((name, *values.first()?))
        });
        let expected = [
            ("0_a_ideal", 3.0),
            ("0_a_sensors", 3.0),
            ("1_b_ideal", 1.0),
            ("1_b_sensors", 5.0),
            ("2_b_ideal", 2.0),
            ("2_b_sensors", 4.0),
        ];
        assert_eq!(values.collect::<Vec<_>>(), expected);
        let svg = &outcome.pictures[0].svg;
        assert!(svg.contains("a (0): ideal") && svg.contains("a (0): sensors"), "{svg}");
        assert!(!svg.contains("b ("), "{svg}");
    }
}
