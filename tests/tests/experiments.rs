//! The examples in short: the same outcome on every engine, and learning where it is to be seen.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_experiment::task;
use pl_experiment::{Experiment, Monitor, Outcome, Unwatched};
use plc::{Compiler, EngineKind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// Runs an example whose rules are given by name and source, with changes to its file.
fn run(
    folder: &str,
    rules: &[(&str, &str)],
    kind: EngineKind,
    changes: &[&str],
    monitor: &dyn Monitor,
) -> Outcome {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    let experiment = Experiment::parse(&file(folder, "experiment.toml"), &changes).unwrap();
    let compiler = Compiler::from_sources(kind, rules).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&compiler, experiment.seed, monitor).unwrap()
}

/// The text of a file of an example.
fn file(folder: &str, name: &str) -> String {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    std::fs::read_to_string(format!("{examples}/{folder}/{name}")).unwrap()
}

fn pong(kind: EngineKind, changes: &[&str]) -> Outcome {
    let rules = [("pong", &file("pong", "pong.pl")[..])];
    run("pong", &rules, kind, changes, &Unwatched)
}

#[test]
fn impossible_settings_are_refused() {
    const RATES: &str = "`task.sequence.relative_rates` must be 0.001 to 1 each, not 1.5";
    let cases = [
        ("task.rule=\"gong\"", "`task.rule`: there is no table [rule.gong]"),
        ("task.rows=253", "`task.rows` must be 1 to 252, not 253"),
        ("task.columns=0", "`task.columns` must be 1 to 64, not 0"),
        ("task.sequence={ relative_rates=[1.5], last_row_interval_us=1.0 }", RATES),
        ("task.noise_weight=64", "`task.noise_weight` must be 0 to 63, not 64"),
        ("task.interval_us=0.0", "`task.interval_us` must be 0.004 to 100000, not 0"),
    ];
    for (change, message) in cases {
        let error = Experiment::parse(&file("pong", "experiment.toml"), &[change.to_owned()]);
        assert_eq!(error.unwrap_err().to_string(), message);
    }
}

#[test]
fn pong_is_the_same_on_every_engine() {
    let short = ["task.updates=40", "chip.profile=\"mismatch\""];
    let expected = pong(EngineKind::Jit, &short);
    assert!(expected.metric("reward_expected") > Some(0.0));
    for kind in [EngineKind::Eval, EngineKind::Ppu] {
        assert!(pong(kind, &short) == expected, "{} differs", kind.name());
    }
    assert!(pong(EngineKind::Jit, &[&short[..], &["seed=3"]].concat()) != expected);
}

#[test]
fn pong_is_learnt_with_noise_only() {
    let learnt = pong(EngineKind::Jit, &["task.updates=3000"]);
    let stuck = pong(EngineKind::Jit, &["task.updates=3000", "task.noise_weight=0"]);
    let metric = |outcome: &Outcome, name| outcome.metric(name).unwrap();
    assert!(metric(&learnt, "reward_expected") > 0.4);
    assert!(metric(&learnt, "performance") > 0.6);
    assert!(metric(&stuck, "reward_expected") < 0.2);
}

fn stability(kind: EngineKind, changes: &[&str]) -> Outcome {
    let rules = [("stability", &file("stability", "stability.pl")[..])];
    let short = ["task.judged_bio_s=4", "task.fixed_point.transfer_bio_s=4"];
    run("stability", &rules, kind, &[&short[..], changes].concat(), &Unwatched)
}

#[test]
fn correlation_that_weakens_stabilises_and_correlation_that_strengthens_does_not() {
    let metric = |outcome: &Outcome, name| outcome.metric(name).unwrap();
    let stable = stability(EngineKind::Jit, &["task.duration_bio_s=24"]);
    assert_eq!(metric(&stable, "converged"), 1.0);
    assert_eq!(metric(&stable, "agrees"), 1.0);
    let predicted = metric(&stable, "predicted_rate_bio_hz_from_4");
    assert!((metric(&stable, "rate_end_bio_hz") / predicted - 1.0).abs() < 0.25);
    let excited = ["stability.lambda=0.03", "stability.growth=0.3", "stability.decay=0.07"];
    let bistable =
        stability(EngineKind::Jit, &[&excited[..], &["task.duration_bio_s=12"]].concat());
    assert_eq!(metric(&bistable, "converged"), 0.0);
    assert_eq!(metric(&bistable, "predicted_converged"), 0.0);
    assert!(metric(&bistable, "rate_end_bio_hz_from_4") < 1.0);
    assert!(metric(&bistable, "rate_end_bio_hz_from_60") > 60.0);
}

#[test]
fn compartments_make_cables_plateaus_and_coincidences() {
    let changes = [
        "chip.structure.copies=4",
        "task.plateau.durations_us=[50]",
        "task.coincidence.lag_step_us=20",
        "chip.profile=\"ideal\"",
    ];
    let outcome = run("dendrites", &[], EngineKind::Jit, &changes, &Unwatched);
    let metric = |name: &str| outcome.metric(name).unwrap_or_else(|| panic!("{name}"));
    assert!(metric("chain_peak_deviation_from_cable") < 0.005);
    assert!((0.02..0.5).contains(&metric("chain_attenuation")));
    assert!((50.0..56.0).contains(&metric("plateau_length_us_of_50_us")));
    assert!(metric("plateau_length_range_us_of_50_us") < 1.0);
    assert!(metric("plateau_integral_step_of_50_us") > 3.0);
    assert!(metric("coincidence_spikes_proximal_alone") <= 1.0);
    assert!(metric("coincidence_spikes_distal_alone") <= 1.0);
    let window = metric("coincidence_window_last_us") - metric("coincidence_window_first_us");
    assert!((20.0..=80.0).contains(&window), "{window}");
}

#[test]
fn pong_by_epochs_is_the_same_on_every_engine() {
    let rules = [("pong_epochs", &file("pong_epochs", "pong_epochs.pl")[..])];
    let played = |kind, changes: &[&str]| run("pong_epochs", &rules, kind, changes, &Unwatched);
    // More than an epoch: homeostasis acts, and what follows is learnt.
    let short = ["task.updates=104", "pong_epochs.initial_epochs=1"];
    let expected = played(EngineKind::Jit, &short);
    for kind in [EngineKind::Eval, EngineKind::Ppu] {
        assert!(played(kind, &short) == expected, "{} differs", kind.name());
    }
    let long = played(EngineKind::Jit, &["task.updates=5000"]);
    let metric = |name| long.metric(name).unwrap();
    assert!(metric("success") > 0.3, "{}", metric("success"));
    assert!(metric("weight_diagonal_mean") > 3.0 * metric("weight_off_diagonal_mean"));
}

/// Dendrites that learn, with changes to `learning.toml`.
fn clusters(kind: EngineKind, changes: &[&str]) -> Outcome {
    let rules = [("structural", &file("dendrites", "structural.pl")[..])];
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    let experiment = Experiment::parse(&file("dendrites", "learning.toml"), &changes).unwrap();
    let compiler = Compiler::from_sources(kind, &rules).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&compiler, experiment.seed, &Unwatched).unwrap()
}

#[test]
fn clusters_gather_on_dendrites() {
    let short = ["task.duration_bio_s=8", "chip.structure.copies=4"];
    let expected = clusters(EngineKind::Jit, &short);
    for kind in [EngineKind::Eval, EngineKind::Ppu] {
        assert!(clusters(kind, &short) == expected, "{} differs", kind.name());
    }
    let learnt = clusters(EngineKind::Jit, &["task.duration_bio_s=80", "chip.structure.copies=5"]);
    let metric = |name| learnt.metric(name).unwrap();
    assert!(metric("purity") > 0.7, "{}", metric("purity"));
    assert!(metric("purity_frozen_addresses") < 0.65);
    assert_eq!(metric("purity_at_the_start"), metric("purity_frozen_addresses"));
}

/// Keeps the last picture.
#[derive(Default)]
struct Onlooker(Mutex<Vec<String>>);

impl Monitor for Onlooker {
    fn advance(&self, _units: u64) {}

    fn interrupted(&self) -> bool {
        false
    }

    fn show(&self, draw: &dyn Fn() -> Vec<String>) {
        *self.0.lock().unwrap() = draw();
    }
}

#[test]
fn pong_shows_ball_paddle_and_weights() {
    let rules = [("pong", &file("pong", "pong.pl")[..])];
    let seen = |changes: &[&str]| {
        let onlooker = Onlooker::default();
        run("pong", &rules, EngineKind::Jit, changes, &onlooker);
        onlooker.0.into_inner().unwrap()
    };
    let frame = seen(&["task.updates=8"]);
    assert!(frame[0].starts_with("update 8 of 8  "), "{}", frame[0]);
    assert!(frame[0].contains("performance ") && !frame[0].contains("paddle"), "{}", frame[0]);
    let field = frame[2..18].iter().map(|line| line.split("\x1b").next().unwrap_or(line));
    let field: String = field.collect();
    // A ball and, at the left edge, a paddle of four or five cells, two of them a character.
    let marks = |line: &str| line.chars().filter(|mark| "▀▄█".contains(*mark)).count();
    assert!((3..=4).contains(&marks(&field)), "{frame:#?}");
    assert_eq!(frame[1..].iter().filter(|line| marks(line) >= 32).count(), 16);

    let unknown = "task.scene=[{ x = \"x\", y = \"height\" }]";
    let frame = seen(&["task.updates=8", unknown]);
    assert!(frame[1].starts_with("not recorded: height"), "{}", frame[1]);
}

/// A clock that goes on by a second with each look at it.
#[derive(Default)]
struct Ticking(AtomicU32);

impl Monitor for Ticking {
    fn advance(&self, _units: u64) {}

    fn interrupted(&self) -> bool {
        false
    }

    fn clock_s(&self) -> f64 {
        self.0.fetch_add(1, Ordering::Relaxed).into()
    }
}

#[test]
fn time_scales_follow_from_the_clock() {
    let rules = [("stdp", pl_stdlib::find("additive_stdp").unwrap().source)];
    let short = ["task.windows=2", "task.rows=4", "chip.neuron.psp_lsb_per_weight=2"];
    let told = |kind, monitor: &dyn Monitor| run("timescales", &rules, kind, &short, monitor);
    let timed = told(EngineKind::Jit, &Ticking::default());
    let number = |name| timed.metric(name).unwrap();
    // A window of 2 s takes a second of this clock.
    assert_eq!(number("wall_s_of_a_biological_s"), 0.5);
    assert_eq!(number("wall_s_learning"), 43200.0);
    assert_eq!(number("wall_s_causality_detection"), 0.5e-4);
    assert_eq!(number("chip_s_learning"), 86.4);
    assert_eq!(number("updates_executed"), 4.0, "two of each hemisphere");
    assert!(number("rate_bio_hz") > 0.0);
    assert_eq!(timed.pictures.len(), 1);
    // Without a clock nothing is told of the machine, and engines agree on all else.
    let untimed = told(EngineKind::Jit, &Unwatched);
    assert_eq!(untimed.metrics, timed.metrics);
    assert!(untimed.timings.is_empty() && untimed.pictures.is_empty());
    for kind in [EngineKind::Eval, EngineKind::Ppu] {
        assert!(told(kind, &Unwatched) == untimed, "{} differs", kind.name());
    }
}
