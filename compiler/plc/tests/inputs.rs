//! `[rule.NAME.inputs]` as users write it: what it does, and what is said of mistakes.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::path::Path;
use std::process::{Command, Output};

/// Sets the weight to its input, and has one of every other kind.
const RULE: &str = "rule told {
    input level : int in 0 .. 63 per rule = 1
    input gate  : bool per neuron = true
    input pre   : real in 0.0 .. 1.0 per row = 0
    param gain  : int in 0 .. 3 = 1
    every 1 ms
    synapses { if gate { weight = gain * level + 2 * pre } }
}
";

const EXPERIMENT: &str = "name = 'told'
[rule.told]
source = 'told.pl'
[rule.told.inputs]
level = { times_ms = [0, 3.5], values = [20, 40] }
[task]
kind = 'rates'
rules = ['told']
source_hz = 1e3
initial_weight = 0
target_hz = 1.0
band_hz = 1.0
duration_ms = 4.0
judged_ms = 1.0
";

fn run(folder: &Path, args: &[&str]) -> Output {
    std::fs::write(folder.join("told.pl"), RULE).unwrap();
    std::fs::write(folder.join("told.toml"), EXPERIMENT).unwrap();
    let mut plc = Command::new(env!("CARGO_BIN_EXE_plc"));
    plc.current_dir(folder).args(["run", "told.toml"]).args(args).output().unwrap()
}

#[track_caller]
fn mean_weight(args: &[&str]) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let done = run(folder.path(), &[&["--out", "out"], args].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let report = std::fs::read(folder.path().join("out/run.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert!(report["rules"]["told"]["inputs"]["level"] != serde_json::Value::Null, "{report}");
    report["metrics"]["weight_mean_told"].as_f64().unwrap()
}

#[test]
fn inputs_reach_the_rule() {
    assert_eq!(mean_weight(&["--set", "task.duration_ms=3"]), 20.0);
    assert_eq!(mean_weight(&[]), 40.0);
    assert_eq!(mean_weight(&["--set", "rule.told.inputs.level=7"]), 7.0);
    assert_eq!(mean_weight(&["--set", "rule.told.inputs.pre=[1]"]), 42.0);
    assert_eq!(mean_weight(&["--set", "rule.told.inputs.gate=0", "--engine", "ppu"]), 0.0);
    assert_eq!(mean_weight(&["--set", "run.timing=chip"]), 40.0);
    assert_eq!(mean_weight(&["--compare", "ideal"]), 40.0);
}

#[test]
fn mistakes_are_named_before_the_run() {
    for (change, said) in [
        (
            "rule.told.inputs.levle=7",
            "[rule.told.inputs]: the rule `told` has no input `levle`, did you mean `level`?; it has level, \
             gate, pre",
        ),
        ("rule.told.inputs.gain=1", "`gain` is a param: it is set in [rule.told.params]"),
        ("told.level=7", "`level` is an input: it is written in [rule.told.inputs]"),
        ("rule.told.inputs.level=64", "`level` must lie in 0 .. 63, not 64"),
        (
            "rule.told.inputs.level={ times_ms = [0, 9], values = [1, 99] }",
            "`level` must lie in 0 .. 63, not 99",
        ),
        ("rule.told.inputs.level=1.5", "`level` is an integer, and 1.5 is not"),
        ("rule.told.inputs.gate=[1, 0]", "`gate` has 2 values, the view 256 columns"),
        ("rule.told.inputs.pre=[0, 1]", "`pre` has 2 values, the view 1 rows"),
        ("rule.told.inputs.level=[1]", "`level` is one of the rule: give a number"),
        (
            "rule.told.inputs.level={ times_ms = [2, 1], values = [1, 2] }",
            "[rule.told.inputs]: `level`: `times_ms` must ascend",
        ),
        ("rule.told.inputs.level=true", "an input is a number, a list, or"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let done = run(folder.path(), &["--set", change]);
        let message = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{change}: {message}");
        assert!(message.contains(said), "{change}: {message}");
        assert!(!folder.path().join("out/told-1000/run.json").exists(), "{change}");
    }
}
