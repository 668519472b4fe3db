//! Every experiment of the examples, and so every kind of task, in its shortest form: the same outcome
//! on every engine, of rules compiled at every level, beside other runs in other threads (networks on
//! any number of threads of their own), and of a run that goes on from a checkpoint.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_driver::{Options, Session};
use pl_experiment::engine::EngineError;
use pl_experiment::outcome::Elements;
use pl_experiment::task;
use pl_experiment::{Experiment, Monitor, Occasion, Outcome, Part, Unwatched};
use pl_passes::Level;
use plc::{Compiler, EngineKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

const EXAMPLES_FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

/// An example, with what makes it short.
struct Example {
    file: &'static str,
    changes: &'static [&'static str],
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
    },
    Example {
        file: "iris/experiment.toml",
        changes: &[
            "task.train.samples=40",
            "task.dendrites=2",
            "task.test_size=10",
            "task.test.normalisation_samples=10",
            "task.test.checkpoints=1",
            "record.membranes.columns=[0, 5]",
            "record.membranes.duration_ms=0.9",
        ],
    },
    Example {
        file: "homeostasis/experiment.toml",
        changes: &[
            "task.duration_ms=30",
            "task.judged_ms=10",
            "task.initial_weight=30",
            "record.membranes.columns=[0, 5]",
            "record.membranes.duration_ms=2.5",
        ],
    },
    Example {
        file: "homeostasis/two_chips.toml",
        changes: &[
            "task.duration_ms=30",
            "task.judged_ms=10",
            "task.initial_weight=30",
            "record.membranes.chip=1",
        ],
    },
    Example {
        file: "homeostasis/moving_target.toml",
        changes: &[
            "task.duration_ms=30",
            "task.judged_ms=10",
            "task.initial_weight=30",
            "rule.moving.inputs.target={ times_ms = [0, 12.5, 21], values = [60, 0, 255] }",
        ],
    },
    Example {
        file: "perceptron/experiment.toml",
        changes: &["task.test_size=20", "task.training.epochs=1", "task.calibration.cycles=3"],
    },
    // The ball moves on while the rule runs: the burst must wait for it.
    Example {
        file: "pong/experiment.toml",
        changes: &[
            "task.updates=30",
            "record.membranes.columns=[0, 5]",
            "record.membranes.duration_ms=9",
        ],
    },
    Example {
        file: "pong_epochs/experiment.toml",
        changes: &["task.updates=4", "pong_epochs.initial_epochs=1"],
    },
    Example {
        file: "stability/experiment.toml",
        changes: &[
            "task.duration_bio_s=2",
            "task.judged_bio_s=1",
            "task.fixed_point.transfer_bio_s=1",
            "task.initial_weights=[4, 60]",
            "record.membranes.columns=[0, 5]",
            "record.membranes.duration_ms=1.5",
        ],
    },
    Example {
        file: "dendrites/learning.toml",
        changes: &[
            "task.duration_bio_s=4",
            "chip.structure.copies=4",
            "record.membranes.columns=[0, 5]",
            "record.membranes.duration_ms=2.2",
        ],
    },
    Example {
        file: "dendrites/experiment.toml",
        changes: &[
            "chip.structure.copies=2",
            "task.plateau.durations_us=[25, 50]",
            "task.coincidence.lag_step_us=80",
        ],
    },
    Example {
        file: "balanced/experiment.toml",
        changes: &["task.duration_ms=0.3", "task.skipped_ms=0.1", "task.scan.g=[]"],
    },
    Example {
        file: "balanced/six_chips.toml",
        changes: &[
            "task.duration_ms=0.4",
            "task.skipped_ms=0.1",
            "task.chips=2",
            "record.membranes.chip=1",
            "record.membranes.columns=[0, 5]",
            "record.membranes.duration_ms=0.35",
        ],
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
    },
    Example {
        file: "timescales/experiment.toml",
        changes: &["task.windows=2", "task.rows=4", "chip.neuron.psp_lsb_per_weight=2"],
    },
];

/// Everything an outcome holds but timings, as the bytes of its files, and what the estimate is of.
fn bytes(outcome: &Outcome) -> Vec<Vec<u8>> {
    let metrics = outcome.metrics.iter().map(|metric| {
        let bits = metric.value.to_bits().to_le_bytes();
        [metric.name.as_bytes(), &bits].concat()
    });
    let archives = outcome.archives.iter().map(|archive| archive.to_bytes().unwrap());
    let pictures = outcome.pictures.iter().map(|picture| picture.svg.clone().into_bytes());
    let usage = std::iter::once(format!("{:?}", outcome.usage).into_bytes());
    metrics.chain(archives).chain(pictures).chain(usage).collect()
}

/// The text of a file of the examples.
fn text(file: &str) -> String {
    std::fs::read_to_string(format!("{EXAMPLES_FOLDER}/{file}")).unwrap()
}

impl Example {
    fn experiment(&self, changes: &[&str]) -> Experiment {
        let changes: Vec<String> =
            self.changes.iter().chain(changes).map(|change| (*change).to_owned()).collect();
        Experiment::parse(&text(self.file), &changes).unwrap()
    }

    /// Runs it on an engine, with more changes.
    fn run(&self, kind: EngineKind, changes: &[&str], monitor: &dyn Monitor) -> Outcome {
        self.run_at(Level::default(), kind, changes, monitor)
    }

    /// The same with rules compiled at a level.
    fn run_at(
        &self,
        level: Level,
        kind: EngineKind,
        changes: &[&str],
        monitor: &dyn Monitor,
    ) -> Outcome {
        let compiler = self.compiler(level, kind, changes, |text| text);
        self.run_with(&compiler, changes, monitor)
    }

    fn run_with(&self, compiler: &Compiler, changes: &[&str], monitor: &dyn Monitor) -> Outcome {
        let experiment = self.experiment(changes);
        let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
        task.run(compiler, experiment.seed, monitor).unwrap()
    }

    /// Its rules, with texts that were edited.
    fn compiler(
        &self,
        level: Level,
        kind: EngineKind,
        changes: &[&str],
        edit: fn(String) -> String,
    ) -> Compiler {
        let experiment = self.experiment(changes);
        let folder = self.file.split_once('/').unwrap().0;
        let source = |source: &str| match source.strip_prefix("std:") {
            Some(name) => pl_stdlib::find(name).unwrap().source.to_owned(),
            None => text(&format!("{folder}/{source}")),
        };
        let rules: Vec<(&str, String)> = experiment
            .rule
            .iter()
            .map(|(name, rule)| (&name[..], edit(source(&rule.source))))
            .collect();
        let rules: Vec<(&str, &str)> =
            rules.iter().map(|(name, text)| (*name, &text[..])).collect();
        let session = Session::new(Options { level, ..Options::default() });
        Compiler::from_sources_by(session, kind, &rules).unwrap()
    }

    /// Whether rules are at work.
    fn is_plastic(&self) -> bool {
        !self.experiment(&[]).rule.is_empty()
    }

    fn keeps_states(&self) -> bool {
        let experiment = self.experiment(&[]);
        let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
        task.keeps_states()
    }

    /// Engines and timings that it is to run with.
    fn ways(&self) -> Vec<(EngineKind, &'static str)> {
        let mut ways = vec![(EngineKind::Jit, "run.timing=instant")];
        if self.is_plastic() {
            ways.push((EngineKind::Eval, "run.timing=instant"));
            ways.push((EngineKind::Ppu, "run.timing=instant"));
            if self.takes_time() {
                ways.push((EngineKind::Ppu, "run.timing=chip"));
            }
        }
        ways
    }

    /// Whether its rules can take the time of their programs: those of several chips cannot.
    fn takes_time(&self) -> bool {
        self.is_plastic() && self.experiment(&[]).cluster.chips == 1
    }
}

#[test]
fn no_example_is_left_out() {
    let folders = std::fs::read_dir(EXAMPLES_FOLDER).unwrap();
    let mut experiments = BTreeSet::new();
    for folder in folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        for file in files.filter(|file| file.extension().is_some_and(|end| end == "toml")) {
            // Others are sweeps, of these.
            if std::fs::read_to_string(&file).unwrap().contains("[task]") {
                let name = file.strip_prefix(EXAMPLES_FOLDER).unwrap();
                experiments.insert(name.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let tested: BTreeSet<String> = EXAMPLES.iter().map(|example| example.file.into()).collect();
    assert_eq!(experiments, tested);
}

#[test]
fn engines_levels_and_threads_do_not_matter() {
    for example in EXAMPLES {
        let expected = bytes(&example.run(EngineKind::Jit, &[], &Unwatched));
        for kind in [EngineKind::Eval, EngineKind::Ppu] {
            let found = bytes(&example.run(kind, &[], &Unwatched));
            assert!(found == expected, "{}: {} differs", example.file, kind.name());
        }
        let levels = Level::ALL.iter().map(|(level, _)| *level);
        for level in levels.filter(|level| *level != Level::default() && example.is_plastic()) {
            let found = bytes(&example.run_at(level, EngineKind::Jit, &[], &Unwatched));
            assert!(found == expected, "{}: {level:?} differs", example.file);
        }
        // Beside others of its kind; what is cut into threads, into several numbers.
        let threads: &[&str] = match example.file {
            "balanced/experiment.toml" | "balanced/six_chips.toml" => {
                &["task.threads=1", "task.threads=2", "task.threads=3"]
            }
            "homeostasis/two_chips.toml" => &["cluster.threads=1", "cluster.threads=2"],
            _ => &["seed=1000"; 2],
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
    for example in EXAMPLES.iter().filter(|example| example.takes_time()) {
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
    for example in EXAMPLES.iter().filter(|example| example.keeps_states()) {
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

/// Rates that were not judged before an interruption are left out, not 0.
#[test]
fn what_was_not_measured_is_left_out() {
    let example = EXAMPLES.iter().find(|e| e.file == "homeostasis/moving_target.toml").unwrap();
    let early = Keeping { interrupts: true, number: 1, ..Keeping::default() };
    let outcome = example.run(EngineKind::Jit, &[], &early);
    assert!(outcome.interrupted);
    assert!(outcome.metric("weight_mean_moving").is_some());
    for name in ["share_within_band", "rate_mean_hz", "rate_spread_of_a_neuron_hz"] {
        assert_eq!(outcome.metric(&format!("{name}_moving")), None, "{name}");
    }
    let whole = example.run(EngineKind::Jit, &[], &Unwatched);
    assert!(whole.metric("rate_mean_hz_moving").is_some());
}

/// Lets a rule record weights in every update.
fn recording(text: String) -> String {
    let schedule = text.find("\n    every ").unwrap();
    let (before, after) = text.split_at(schedule);
    // Recording takes time, too.
    let after = after.replacen("every 100 ms bio", "every 200 ms bio", 1);
    format!("{before}\n    record weight every 1 updates{after}")
}

/// Every task but `autonomous`, which draws courses of the rule's own values, writes samples of all
/// updates of every rule.
#[test]
fn every_task_keeps_the_records_of_its_rules() {
    let mut names = BTreeSet::new();
    let plastic = EXAMPLES.iter().filter(|example| example.is_plastic());
    for example in plastic.filter(|example| !example.file.starts_with("pong")) {
        for (kind, timing) in example.ways() {
            let compiler = example.compiler(Level::default(), kind, &[timing], recording);
            let outcome = example.run_with(&compiler, &[timing], &Unwatched);
            let archive = outcome.archives.iter().find(|archive| archive.file == "records.npz");
            let arrays = &archive.unwrap_or_else(|| panic!("{}", example.file)).arrays;
            let mut samples = 0;
            for array in arrays.iter().filter(|array| array.name.ends_with("record0_weight")) {
                let Elements::I32(weights) = &array.elements else { panic!("{}", array.name) };
                // The calibrating rule of the perceptron is updated when the task says so.
                if !array.name.starts_with("calibrate/") {
                    samples += weights.shape()[0];
                }
                names.insert((example.file, array.name.clone()));
            }
            let updates = outcome.metrics.iter().filter(|m| m.name.starts_with("updates_executed"));
            let updates: f64 = updates.map(|metric| metric.value).sum();
            assert!(updates > 0.0, "{}", example.file);
            assert_eq!(samples as f64, updates, "{} {timing} {}", example.file, kind.name());
        }
    }
    let names = names.iter().map(|(_, name)| name.as_str()).collect::<BTreeSet<&str>>();
    let expected = [
        "record0_weight",
        "frozen_addresses/record0_weight",
        "sign/top/record0_weight",
        "proportional/chip_1/bottom/record0_weight",
        "moving/bottom/record0_weight",
        "calibrate/record0_weight",
        "from_60/record0_weight",
        "bottom/record0_weight",
    ];
    for name in expected {
        assert!(names.contains(name), "{name}: {names:?}");
    }
}
