//! Examples, shortened to seconds, on every engine.

use pl_experiment::outcome::Elements;
use pl_experiment::task;
use pl_experiment::{Experiment, Monitor, Outcome, Unwatched};
use plc::{Compiler, EngineKind};
use std::sync::atomic::{AtomicU64, Ordering};

/// An example, shortened to seconds.
fn example(name: &str, kind: EngineKind, seed: u64) -> Outcome {
    let folder = format!("{}/../examples/{name}", env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    let short = [
        "task.train.samples=240",
        "task.test_size=40",
        "task.test.normalisation_samples=60",
        "task.test.checkpoints=1",
    ];
    let changes = short.map(str::to_owned);
    let experiment = Experiment::parse(&read("experiment.toml"), &changes).unwrap();
    let rule = &experiment.rule["structural"].source;
    let compiler = Compiler::from_sources(kind, &[("structural", &read(rule))]).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&compiler, seed, &Unwatched).unwrap()
}

#[test]
fn examples_come_out_the_same_on_every_engine() {
    for name in ["digits", "iris"] {
        let expected = example(name, EngineKind::Jit, 7);
        assert!(expected.metric("updates_executed") >= Some(3.0));
        assert!(expected.metric("test_accuracy") > Some(0.1));
        for kind in [EngineKind::Eval, EngineKind::Ppu] {
            assert!(example(name, kind, 7) == expected, "{name}: {} differs", kind.name());
        }
        assert!(example(name, EngineKind::Jit, 7) == expected, "{name}: a second run differs");
        assert!(example(name, EngineKind::Jit, 8) != expected, "{name}: another seed does not");
    }
}

/// Homeostasis for so many milliseconds.
fn homeostasis(kind: EngineKind, duration_ms: u32) -> Outcome {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/homeostasis");
    let read = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    let changes =
        [format!("task.duration_ms={duration_ms}"), format!("task.judged_ms={}", duration_ms / 4)];
    let experiment = Experiment::parse(&read("experiment.toml"), &changes).unwrap();
    let standard = |name: &str| pl_stdlib::find(name).unwrap().source;
    let sources = [
        ("sign", standard("homeostasis_sign")),
        ("proportional", standard("homeostasis_proportional")),
    ];
    let compiler = Compiler::from_sources(kind, &sources).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&compiler, 1, &Unwatched).unwrap()
}

#[test]
fn homeostasis_reaches_its_target_on_every_engine() {
    let expected = homeostasis(EngineKind::Jit, 60);
    for kind in [EngineKind::Eval, EngineKind::Ppu] {
        assert!(homeostasis(kind, 60) == expected, "{} differs", kind.name());
    }
    let long = homeostasis(EngineKind::Jit, 500);
    for rule in ["sign", "proportional"] {
        let share = long.metric(&format!("share_within_band_{rule}")).unwrap();
        assert!(share >= 0.95, "{rule}: {share} of the neurons are near 6 kHz");
    }
}

/// Interrupts after so many units of work.
struct Until(AtomicU64);

impl Monitor for Until {
    fn advance(&self, units: u64) {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(units), Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// The perceptron example with changes.
fn perceptron(kind: EngineKind, seed: u64, changes: &[&str]) -> Outcome {
    perceptron_watched(kind, seed, changes, &Unwatched)
}

/// The same, watched.
fn perceptron_watched(
    kind: EngineKind,
    seed: u64,
    changes: &[&str],
    monitor: &dyn Monitor,
) -> Outcome {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/perceptron");
    let read = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    let experiment = Experiment::parse(&read("experiment.toml"), &changes).unwrap();
    let learner = pl_stdlib::find("homeostasis_proportional").unwrap().source;
    let sources = [("calibrate", &read("calibrate.pl")[..]), ("homeostasis", learner)];
    let compiler = Compiler::from_sources(kind, &sources).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&compiler, seed, monitor).unwrap()
}

/// An array of the perceptron example.
fn array(outcome: &Outcome, name: &str) -> Elements {
    let arrays = &outcome.archives[0].arrays;
    arrays.iter().find(|array| array.name == name).unwrap().elements.clone()
}

#[test]
fn a_perceptron_is_calibrated_on_every_engine_while_the_other_hemisphere_learns() {
    let short = [
        "task.test_size=25",
        "task.training.epochs=2",
        "task.calibration.cycles=30",
        "task.spiking.initial_weight=30",
    ];
    let expected = perceptron(EngineKind::Jit, 7, &short);
    for kind in [EngineKind::Eval, EngineKind::Ppu] {
        assert!(perceptron(kind, 7, &short) == expected, "{} differs", kind.name());
    }
    assert!(perceptron(EngineKind::Jit, 8, &short) != expected, "another seed does not");

    // Neither hemisphere disturbs the other.
    let silent =
        perceptron(EngineKind::Jit, 7, &[&short[..], &["task.spiking.source_hz=0"]].concat());
    let smaller =
        perceptron(EngineKind::Jit, 7, &[&short[..], &["chip.perceptron.sends=1"]].concat());
    for name in ["results_not_calibrated", "results_calibrated", "gain", "offset_lsb"] {
        assert_eq!(array(&silent, name), array(&expected, name), "{name}");
        assert_ne!(array(&smaller, name), array(&expected, name), "{name}");
    }
    let rates = "spiking_rates_hz";
    assert_ne!(array(&silent, rates), array(&expected, rates));
    assert_eq!(array(&smaller, rates), array(&expected, rates));

    for (units, begun) in [(0, [false; 2]), (40, [true, false]), (125, [true; 2])] {
        let watch = Until(AtomicU64::new(units));
        let part = perceptron_watched(EngineKind::Jit, 7, &short, &watch);
        let names = ["test_accuracy_not_calibrated", "test_accuracy"];
        assert_eq!(names.map(|name| part.metric(name).is_some()), begun, "{units}");
        assert!(part.interrupted && part.metric("test_accuracy_float") > Some(0.5));
    }

    let full = perceptron(EngineKind::Jit, 1000, &[]);
    let metric = |name: &str| full.metric(name).unwrap();
    assert!(metric("test_accuracy_lost") <= 0.02);
    assert!(metric("test_accuracy") > metric("test_accuracy_not_calibrated"));
    assert!(metric("result_error_lsb") < 0.8 * metric("result_error_not_calibrated_lsb"));
    assert!(metric("spiking_rate_first_hz") < 100.0);
    assert!((metric("spiking_rate_last_quarter_hz") - 6000.0).abs() < 1000.0);
}
