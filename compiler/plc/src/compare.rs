//! What fixed point costs a run: beside each rule runs the same rule in real numbers, on the same
//! sensor readings and random numbers but with weights and state of its own.
//!
//! The shadow changes nothing on the chip. Where a rule decides (a threshold, a new address), a
//! small difference can become a large one; the share of differing addresses tells.

use crate::array_engine::ArrayEngine;
use borsh::{BorshDeserialize, BorshSerialize};
use ndarray::Array1;
use pl_chip::Chip;
use pl_experiment::engine::{Engine, EngineError, RecordSample};
use pl_experiment::figure::{self, Labels, Series};
use pl_experiment::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use pl_experiment::state;
use std::sync::{Arc, Mutex, PoisonError};

/// How far a rule and its shadow are apart after an update, over the view.
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

/// The distances of one engine, over its updates.
#[derive(Clone, Debug)]
struct Course {
    seed: u64,
    name: String,
    distances: Vec<Distance>,
}

/// Distances of all engines that were made; shared by them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<Vec<Course>>>);

impl Ledger {
    /// Takes what was noted for a seed, in an order that does not depend on threads.
    fn take(&self, seed: u64) -> Vec<Course> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut own, others): (Vec<Course>, Vec<Course>) =
            all.drain(..).partition(|course| course.seed == seed);
        *all = others;
        let key = |course: &Course| -> (String, Vec<u64>) {
            let bits = course.distances.iter().map(|d| d.mean_abs_lsb.to_bits()).collect();
            (course.name.clone(), bits)
        };
        own.sort_by_cached_key(key);
        own.retain(|course| !course.distances.is_empty());
        own
    }

    /// Adds what was noted for a seed to what its run left.
    pub(crate) fn report(&self, seed: u64, outcome: &mut Outcome) {
        let courses = self.take(seed);
        let last: Vec<Distance> =
            courses.iter().filter_map(|course| course.distances.last().copied()).collect();
        if last.is_empty() {
            return;
        }
        let count = f64::from(u32::try_from(last.len()).unwrap_or(u32::MAX));
        let mean = |of: fn(&Distance) -> f64| last.iter().map(of).sum::<f64>() / count;
        let largest = last.iter().map(|d| d.max_abs_lsb).fold(0.0, f64::max);
        outcome.metrics.extend([
            Metric::new("ideal_weight_mean_difference_lsb", mean(|d| d.mean_lsb)),
            Metric::new("ideal_weight_mean_abs_difference_lsb", mean(|d| d.mean_abs_lsb)),
            Metric::new("ideal_weight_max_abs_difference_lsb", largest),
            Metric::new("ideal_address_share_differing", mean(|d| d.addresses)),
        ]);
        outcome.archives.push(archive(&courses));
        let series = courses.iter().map(|course| Series {
            name: course.name.clone(),
            points: course
                .distances
                .iter()
                .map(|d| (milliseconds(d.now), d.mean_abs_lsb))
                .collect(),
        });
        let labels = Labels {
            title: "Fixed point against real numbers",
            x: "hardware time (ms)",
            y: "mean difference of weights (LSB)",
        };
        // More than a few would hide each other.
        let series: Vec<Series> = series.take(4).collect();
        if let Ok(svg) = figure::lines(&labels, &series) {
            let caption = "Mean magnitude of the difference between weights in fixed point and \
                           those of the same rule in real numbers, over time."
                .to_owned();
            outcome.pictures.push(Picture { file: "compare.svg".into(), caption, svg });
        }
    }
}

fn milliseconds(ticks: u64) -> f64 {
    pl_chip::time::us_from_ticks(ticks) / 1e3
}

fn archive(courses: &[Course]) -> Archive {
    let mut arrays = Vec::new();
    for (number, course) in courses.iter().enumerate() {
        let mut add = |what: &str, elements| {
            arrays.push(NamedArray { name: format!("{number}_{}_{what}", course.name), elements });
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

/// An engine with its shadow.
pub(crate) struct Compared {
    engine: Box<dyn Engine>,
    shadow: ArrayEngine,
    course: Course,
    ledger: Ledger,
}

impl Compared {
    pub(crate) fn new(
        engine: Box<dyn Engine>,
        shadow: ArrayEngine,
        (seed, name): (u64, String),
        ledger: Ledger,
    ) -> Compared {
        let course = Course { seed, name, distances: Vec::new() };
        Compared { engine, shadow, course, ledger }
    }

    fn note(&mut self, chip: &Chip) {
        let (mut sum, mut abs, mut max, mut addresses) = (0.0, 0.0, 0.0f64, 0.0);
        let synapses = self.shadow.against(chip);
        for synapse in &synapses {
            let difference = f64::from(synapse.weight) - synapse.real_weight;
            sum += difference;
            abs += difference.abs();
            max = max.max(difference.abs());
            addresses += f64::from(u8::from(synapse.address_differs));
        }
        let count = f64::from(u32::try_from(synapses.len().max(1)).unwrap_or(u32::MAX));
        self.course.distances.push(Distance {
            now: chip.now(),
            mean_lsb: sum / count,
            mean_abs_lsb: abs / count,
            max_abs_lsb: max,
            addresses: addresses / count,
        });
    }
}

impl Engine for Compared {
    fn start(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.shadow.copy_synapses(chip);
        self.engine.start(chip)?;
        self.shadow.shadow_start(chip)
    }

    fn update(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.shadow.shadow_update(chip)?;
        self.engine.update(chip)?;
        self.note(chip);
        Ok(())
    }

    fn take_records(&mut self) -> Vec<RecordSample> {
        self.engine.take_records()
    }

    fn save(&self) -> Result<Vec<u8>, EngineError> {
        state::to_bytes(&(self.engine.save()?, self.shadow.save()?, &self.course.distances))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let (engine, shadow, distances): (Vec<u8>, Vec<u8>, _) = state::from_bytes(bytes)?;
        self.engine.restore(&engine)?;
        self.shadow.restore(&shadow)?;
        self.course.distances = distances;
        Ok(())
    }
}

impl Drop for Compared {
    fn drop(&mut self) {
        let mut courses = self.ledger.0.lock().unwrap_or_else(PoisonError::into_inner);
        courses.push(self.course.clone());
    }
}
