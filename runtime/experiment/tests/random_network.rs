//! Random networks: the example's states, and that threads do not matter.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_experiment::engine::{Binding, Engine, EngineError, EngineFactory, RuleInfo};
use pl_experiment::ppu_image::PpuImage;
use pl_experiment::{Experiment, Monitor, Outcome, Unwatched, task};
use std::sync::atomic::{AtomicU64, Ordering};

/// These networks have no rule.
struct NoRules;

impl EngineFactory for NoRules {
    fn build(&self, _binding: &Binding) -> Result<Box<dyn Engine>, EngineError> {
        Err(EngineError::new("there is no rule"))
    }

    fn program(&self, _binding: &Binding) -> Result<PpuImage, EngineError> {
        Err(EngineError::new("there are no rules"))
    }

    fn rule_info(&self, _rule: &str) -> Result<RuleInfo, EngineError> {
        Err(EngineError::new("there is no rule"))
    }
}

const ONE_CHIP: &str = include_str!("../../../examples/balanced/experiment.toml");
const SIX_CHIPS: &str = include_str!("../../../examples/balanced/six_chips.toml");

/// Interrupts a run once it is so far.
struct Until {
    units: u64,
    done: AtomicU64,
}

impl Monitor for Until {
    fn advance(&self, units: u64) {
        self.done.fetch_add(units, Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.units
    }
}

fn run(text: &str, changes: &[&str]) -> Outcome {
    watched(text, changes, &Unwatched)
}

fn watched(text: &str, changes: &[&str], monitor: &dyn Monitor) -> Outcome {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    let experiment = Experiment::parse(text, &changes).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&NoRules, experiment.seed, monitor).unwrap()
}

#[test]
fn weak_inhibition_makes_neurons_fire_in_step_and_strong_inhibition_irregularly() {
    let short = ["task.scan.g=[6.0]", "task.scan.drive=[1.0]"];
    let outcome = run(ONE_CHIP, &short);
    let metric = |name| outcome.metric(name).unwrap();
    assert!(metric("interval_cv_asynchronous_irregular") > 0.8, "{:?}", outcome.metrics);
    assert!(metric("pair_correlation_asynchronous_irregular") < 0.1);
    assert!(metric("interval_cv_synchronous_regular") < 0.5);
    assert!(metric("pair_correlation_synchronous_regular") > 0.5);
    assert_eq!(run(ONE_CHIP, &short), outcome);
    assert!(outcome.pictures.iter().all(|picture| picture.svg.starts_with("<svg")));
}

#[test]
fn six_chips_do_the_same_on_any_number_of_threads() {
    let short = ["task.duration_ms=0.03", "task.skipped_ms=0.0"];
    let outcome = run(SIX_CHIPS, &short);
    assert!(
        outcome.metric("link_events_asynchronous_irregular") > Some(100.0),
        "{:?}",
        outcome.metrics
    );
    for threads in ["task.threads=1", "task.threads=4"] {
        assert_eq!(run(SIX_CHIPS, &[&short[..], &[threads]].concat()), outcome);
    }
}

#[test]
fn rates_of_an_interrupted_run_are_of_the_time_it_reached() {
    let changes = |duration_ms| [duration_ms, "task.skipped_ms=0.0", "task.scan.g=[]"];
    let tenth = watched(
        ONE_CHIP,
        &changes("task.duration_ms=1.0"),
        &Until { units: 25_000, done: AtomicU64::new(0) },
    );
    assert!(tenth.interrupted);
    let whole = run(ONE_CHIP, &changes("task.duration_ms=0.1"));
    let of_first = |outcome: &Outcome| {
        let metrics = outcome.metrics.iter();
        let metrics = metrics.filter(|m| m.name.ends_with("_asynchronous_irregular"));
        metrics.map(|m| (m.name.clone(), m.value)).collect::<Vec<_>>()
    };
    assert_eq!(of_first(&tenth), of_first(&whole));
    assert_eq!(tenth.metric("biological_time_s"), Some(0.1));
    assert_eq!(whole.metric("biological_time_s"), Some(0.2));
    // One count of synaptic events: that of the chips, from which the estimate comes.
    let states = ["asynchronous_irregular", "synchronous_regular"];
    let sum: f64 =
        states.iter().filter_map(|state| whole.metric(&format!("synaptic_events_{state}"))).sum();
    assert_eq!(sum, whole.usage.synaptic_events as f64);
    assert!(sum > 1e5);
    let none = Until { units: 0, done: AtomicU64::new(0) };
    let none = watched(ONE_CHIP, &changes("task.duration_ms=1.0"), &none);
    assert!(none.metrics.iter().all(|m| !m.name.contains("per_hardware_s")));
}

#[test]
fn impossible_settings_are_refused() {
    for (change, message) in [
        ("task.chips=33", "`task.chips` must be 1 to 32, not 33"),
        ("task.excitatory_inputs=201", "`task.excitatory_inputs` must be 1 to 200, not 201"),
        (
            "task.skipped_ms=9",
            "`task.skipped_ms` must be 0 or more and less than the duration, not 9",
        ),
        ("task.states=[]", "`task.states` must have at least one state"),
    ] {
        let error = Experiment::parse(ONE_CHIP, &[change.to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
