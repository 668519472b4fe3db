//! Every command of the README's `sh` blocks that starts with `plc` or `cargo run` runs.
//!
//! Runs of experiments are shortened; everything else is as printed.
#![allow(clippy::unwrap_used, reason = "a README that cannot be read fails the test")]

use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Command lines of the `sh` blocks of a page.
fn commands(page: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" #").next().unwrap().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What makes the run of an experiment short.
fn shorter(experiment: &str) -> &'static [&'static str] {
    if experiment.contains("homeostasis") {
        return &["task.duration_ms=20", "task.judged_ms=10"];
    }
    if experiment.contains("calibration") {
        return &["task.rows=4", "task.pairs=20", "task.readings=2"];
    }
    if experiment.contains("balanced") {
        return &["task.duration_ms=0.01", "task.skipped_ms=0.0"];
    }
    if experiment.contains("pong") {
        return &["task.updates=20"];
    }
    if experiment.contains("perceptron") {
        return &["task.test_size=20", "task.training.epochs=2", "task.calibration.cycles=3"];
    }
    if experiment.contains("stability") {
        return &[
            "task.duration_bio_s=2",
            "task.judged_bio_s=1",
            "task.fixed_point.transfer_bio_s=1",
        ];
    }
    if experiment.contains("learning") {
        return &["task.duration_bio_s=2"];
    }
    if experiment.contains("timescales") {
        return &["task.windows=2", "task.rows=4"];
    }
    if experiment.contains("dendrites") {
        return &["task.plateau.durations_us=[50]", "task.coincidence.lag_step_us=80"];
    }
    &[
        "task.train.samples=60",
        "task.test_size=20",
        "task.test.normalisation_samples=20",
        "task.test.checkpoints=0",
    ]
}

fn run(page: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    for part in ["examples", "stdlib"] {
        std::os::unix::fs::symlink(Path::new(ROOT).join(part), folder.path().join(part)).unwrap();
    }
    let mut count = 0;
    for line in commands(page) {
        let Some(rest) =
            line.strip_prefix("plc ").or_else(|| line.strip_prefix("cargo run --release -- "))
        else {
            assert!(line.starts_with("cargo "), "{page}: who runs `{line}`?");
            continue;
        };
        let mut args: Vec<&str> = rest.split_whitespace().collect();
        if args[0] == "run" {
            for change in shorter(args[1]) {
                args.extend(["--set", change]);
            }
            if line.contains("task.switch") {
                args.extend(["--set", "task.switch.samples=60"]);
            }
        }
        if args[0] == "sweep" {
            // One point of a map that has a thousand of them.
            let shard = if args[1].contains("stability") { "1/1024" } else { "1/16" };
            args.extend(["--shard", shard]);
        }
        let output = Command::new(env!("CARGO_BIN_EXE_plc"))
            .current_dir(folder.path())
            .args(&args)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{page}: {line}: {message}");
        count += 1;
    }
    count
}

#[test]
fn commands_of_the_readme_run() {
    assert!(run("README.md") >= 6);
}

#[test]
fn commands_of_the_examples_run() {
    let examples = [
        "digits",
        "iris",
        "homeostasis",
        "perceptron",
        "pong",
        "pong_epochs",
        "balanced",
        "stability",
        "dendrites",
        "timescales",
        "apply",
        "calibration",
    ];
    for example in examples {
        assert!(run(&format!("examples/{example}/README.md")) >= 1, "{example}");
    }
}
