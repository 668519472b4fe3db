//! Every kind of task, in the shortest form of an example of it: the same outcome on every engine,
//! on any number of threads, and of a run that goes on from a checkpoint.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_experiment::engine::EngineError;
use pl_experiment::task;
use pl_experiment::{Experiment, Monitor, Occasion, Outcome, Part, Unwatched};
use plc::{Compiler, EngineKind};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// An example, with what makes it short.
struct Example {
    file: &'static str,
    changes: &'static [&'static str],
    /// Whether rules are at work.
    plastic: bool,
}

const EXAMPLES: &[Example] = &[
    Example {
        file: "digits/experiment.toml",
        changes: &[
            "task.train.samples=60",
            "task.test_size=20",
            "task.test.normalisation_samples=20",
            "task.test.checkpoints=2",
        ],
        plastic: true,
    },
    Example {
        file: "homeostasis/experiment.toml",
        changes: &["task.duration_ms=30", "task.judged_ms=10", "task.initial_weight=30"],
        plastic: true,
    },
    Example {
        file: "perceptron/experiment.toml",
        changes: &["task.test_size=20", "task.training.epochs=1", "task.calibration.cycles=3"],
        plastic: true,
    },
    // The ball moves on while the rule runs: the burst must wait for it.
    Example { file: "pong/experiment.toml", changes: &["task.updates=30"], plastic: true },
    Example {
        file: "pong_epochs/experiment.toml",
        changes: &["task.updates=4", "pong_epochs.initial_epochs=1"],
        plastic: true,
    },
    Example {
        file: "stability/experiment.toml",
        changes: &[
            "task.duration_bio_s=2",
            "task.judged_bio_s=1",
            "task.fixed_point.transfer_bio_s=1",
            "task.initial_weights=[4, 60]",
        ],
        plastic: true,
    },
    Example {
        file: "dendrites/learning.toml",
        changes: &["task.duration_bio_s=4", "chip.structure.copies=4"],
        plastic: true,
    },
    Example {
        file: "dendrites/experiment.toml",
        changes: &[
            "chip.structure.copies=2",
            "task.plateau.durations_us=[25, 50]",
            "task.coincidence.lag_step_us=80",
        ],
        plastic: false,
    },
    Example {
        file: "balanced/experiment.toml",
        changes: &["task.duration_ms=0.3", "task.skipped_ms=0.1", "task.scan.g=[]"],
        plastic: false,
    },
    Example {
        file: "balanced/six_chips.toml",
        changes: &["task.duration_ms=0.4", "task.skipped_ms=0.1", "task.chips=2"],
        plastic: false,
    },
    Example {
        file: "calibration/experiment.toml",
        changes: &[
            "task.rows=3",
            "task.pairs=10",
            "task.readings=2",
            "task.delays_us=[1, 2, 4]",
            "task.currents_lsb=[0, 60]",
        ],
        plastic: false,
    },
];

/// Everything an outcome holds, as the bytes of its files.
fn bytes(outcome: &Outcome) -> Vec<Vec<u8>> {
    let metrics = outcome.metrics.iter().map(|metric| {
        let bits = metric.value.to_bits().to_le_bytes();
        [metric.name.as_bytes(), &bits].concat()
    });
    let archives = outcome.archives.iter().map(|archive| archive.to_bytes().unwrap());
    let pictures = outcome.pictures.iter().map(|picture| picture.svg.clone().into_bytes());
    metrics.chain(archives).chain(pictures).collect()
}

/// The text of a file of the examples.
fn text(file: &str) -> String {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    std::fs::read_to_string(format!("{examples}/{file}")).unwrap()
}

impl Example {
    fn experiment(&self, changes: &[&str]) -> Experiment {
        let changes: Vec<String> =
            self.changes.iter().chain(changes).map(|change| (*change).to_owned()).collect();
        Experiment::parse(&text(self.file), &changes).unwrap()
    }

    /// Runs it on an engine, with more changes.
    fn run(&self, kind: EngineKind, changes: &[&str], monitor: &dyn Monitor) -> Outcome {
        let experiment = self.experiment(changes);
        let folder = self.file.split_once('/').unwrap().0;
        let source = |source: &str| match source.strip_prefix("std:") {
            Some(name) => pl_stdlib::find(name).unwrap().source.to_owned(),
            None => text(&format!("{folder}/{source}")),
        };
        let rules: Vec<(&str, String)> =
            experiment.rule.iter().map(|(name, rule)| (&name[..], source(&rule.source))).collect();
        let rules: Vec<(&str, &str)> =
            rules.iter().map(|(name, text)| (*name, &text[..])).collect();
        let compiler = Compiler::from_sources(kind, &rules).unwrap();
        let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
        task.run(&compiler, experiment.seed, monitor).unwrap()
    }

    /// Engines and timings that it is to run with.
    fn ways(&self) -> Vec<(EngineKind, &'static str)> {
        let mut ways = vec![(EngineKind::Jit, "run.timing=instant")];
        if self.plastic {
            ways.push((EngineKind::Eval, "run.timing=instant"));
            ways.push((EngineKind::Ppu, "run.timing=instant"));
            ways.push((EngineKind::Ppu, "run.timing=chip"));
        }
        ways
    }
}

#[test]
fn engines_and_threads_do_not_matter() {
    for example in EXAMPLES {
        let expected = bytes(&example.run(EngineKind::Jit, &[], &Unwatched));
        for (kind, timing) in example.ways().into_iter().skip(1).take(2) {
            let found = bytes(&example.run(kind, &[timing], &Unwatched));
            assert!(found == expected, "{}: {} differs", example.file, kind.name());
        }
        // Beside others of its kind, and cut into as many threads as it can be.
        let threads: &[&str] = match example.file.starts_with("balanced") {
            true => &["task.threads=1", "task.threads=2", "task.threads=3"],
            false => &["seed=1000"; 2],
        };
        std::thread::scope(|scope| {
            let start =
                |change| scope.spawn(move || example.run(EngineKind::Jit, &[change], &Unwatched));
            let started: Vec<_> = threads.iter().map(|change| start(change)).collect();
            for run in started {
                assert!(
                    bytes(&run.join().unwrap()) == expected,
                    "{}: threads matter",
                    example.file
                );
            }
        });
        let other = example.run(EngineKind::Jit, &["seed=1001"], &Unwatched);
        assert!(bytes(&other) != expected, "{}: the seed does not matter", example.file);
    }
}

#[test]
fn updates_take_their_time_on_the_chip() {
    for example in EXAMPLES.iter().filter(|example| example.plastic) {
        let in_time = |timing| example.run(EngineKind::Ppu, &[timing], &Unwatched);
        let (instant, chip) = (in_time("run.timing=instant"), in_time("run.timing=chip"));
        let sum = |outcome: &Outcome, name: &str| -> f64 {
            let metrics = outcome.metrics.iter().filter(|metric| metric.name.starts_with(name));
            metrics.map(|metric| metric.value).sum()
        };
        for outcome in [&instant, &chip] {
            let requested = sum(outcome, "updates_requested");
            assert!(requested > 0.0, "{}", example.file);
            assert_eq!(requested, sum(outcome, "updates_executed"), "{}", example.file);
            assert_eq!(sum(outcome, "updates_late") + sum(outcome, "updates_missed"), 0.0);
        }
        assert_eq!(sum(&instant, "updates_requested"), sum(&chip, "updates_requested"));
        assert_eq!(sum(&instant, "updates_longest_us"), 0.0);
        assert!(sum(&chip, "updates_longest_us") > 1.0, "{}", example.file);
    }
}

/// States by part.
type States = BTreeMap<Part, Vec<u8>>;

/// Keeps states as a file would, and hands out those of a run before.
#[derive(Default)]
struct Keeping {
    before: States,
    /// The offer on the way, of any part, from which on the run is interrupted; else only that state
    /// is kept, as if the program had ended without warning.
    interrupts: bool,
    number: usize,
    offers: Mutex<BTreeMap<Part, usize>>,
    kept: Mutex<States>,
    interrupted: AtomicBool,
}

impl Monitor for Keeping {
    fn advance(&self, _units: u64) {}

    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn kept(&self, part: &Part) -> Option<Vec<u8>> {
        self.before.get(part).cloned()
    }

    fn keep(
        &self,
        part: &Part,
        occasion: Occasion,
        state: &dyn Fn() -> Result<Vec<u8>, EngineError>,
    ) -> Result<(), EngineError> {
        let number = {
            let mut offers = self.offers.lock().unwrap();
            let number = offers.entry(part.clone()).or_default();
            *number += 1;
            *number
        };
        if number == self.number && self.interrupts {
            self.interrupted.store(true, Ordering::Relaxed);
        }
        let keeps = match occasion {
            Occasion::Passing => number == self.number,
            Occasion::Last => self.interrupts,
        };
        if keeps {
            self.kept.lock().unwrap().insert(part.clone(), state()?);
        }
        Ok(())
    }
}

#[test]
fn a_run_that_goes_on_from_a_checkpoint_ends_as_if_never_interrupted() {
    for example in EXAMPLES {
        for (kind, timing) in example.ways() {
            let name = format!("{} {} {timing}", example.file, kind.name());
            let expected = bytes(&example.run(kind, &[timing], &Unwatched));
            // A crash is the same for every engine: what was kept on the way is all there is.
            let both = kind == EngineKind::Jit;
            let ends: &[_] = if both { &[(false, 1), (true, 2)] } else { &[(true, 2)] };
            for &(interrupts, number) in ends {
                let first = Keeping { interrupts, number, ..Keeping::default() };
                let outcome = example.run(kind, &[timing], &first);
                assert_eq!(outcome.interrupted, interrupts, "{name}");
                assert!(
                    interrupts || bytes(&outcome) == expected,
                    "{name}: keeping states changes it"
                );
                let before = first.kept.into_inner().unwrap();
                assert!(!before.is_empty(), "{name}");
                let second = Keeping { before, ..Keeping::default() };
                let outcome = example.run(kind, &[timing], &second);
                assert!(bytes(&outcome) == expected, "{name} differs after offer {number}");
            }
        }
    }
}
