//! What a run has to say besides its results: warnings on standard error, and comparisons of every arm.
#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]

use pl_experiment::archive::ArchiveReader;
use std::fs;
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Has more updates than its record has room for samples: 1024.
const OFTEN: &str = "rule often {
    view rows <= 256
    state seen : int in 0 .. 4000 per rule = 0
    every 10 us
    control { seen += 1 }
    record seen every 1 updates
}";

#[test]
fn samples_that_found_the_buffer_full_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("often.pl"), OFTEN).unwrap();
    let iris = fs::read_to_string(format!("{ROOT}/examples/iris/experiment.toml")).unwrap();
    let (before, rest) = iris.split_once("[rule.structural]").unwrap();
    let (_, task) = rest.split_once("[task]").unwrap();
    let text = format!("{before}[rule.structural]\nsource = \"often.pl\"\n[task]{task}");
    fs::write(folder.path().join("e.toml"), text).unwrap();
    let run = |samples: u32| {
        let mut plc = Command::new(env!("CARGO_BIN_EXE_plc"));
        plc.current_dir(folder.path()).args(["run", "e.toml", "--quiet", "--out", "o"]);
        for change in [
            &format!("task.train.samples={samples}")[..],
            "task.frozen_addresses_control=false",
            "task.dendrites=2",
            "task.test_size=3",
            "task.test.normalisation_samples=3",
            "task.test.checkpoints=1",
        ] {
            plc.args(["--set", change]);
        }
        let output = plc.output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{message}");
        let json = fs::read(folder.path().join("o/run.json")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        (message, json["metrics"]["record_samples_lost"].as_f64())
    };
    // Twenty updates a sample.
    let (message, lost) = run(60);
    assert_eq!(lost, Some(176.0));
    let expected = "warning: rule `structural`, record 1 (`record seen`): 176 samples found the \
                    buffer full and are lost";
    assert!(message.contains(expected), "{message}");
    assert_eq!(run(50), (String::new(), None));
}

#[test]
fn every_arm_and_chip_is_compared_under_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let compared = |experiment: &str, changes: &[&str]| -> Vec<String> {
        let mut plc = Command::new(env!("CARGO_BIN_EXE_plc"));
        plc.current_dir(folder.path()).args(["run", "--quiet", "--out", "o", "--compare", "ideal"]);
        plc.arg(format!("{ROOT}/examples/{experiment}"));
        for change in changes {
            plc.args(["--set", *change]);
        }
        let output = plc.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let file = fs::read(folder.path().join("o/compare.npz")).unwrap();
        let names = ArchiveReader::open(&file).unwrap().names().to_vec();
        let ending = "_ideal_mean_lsb";
        let mut names: Vec<String> =
            names.iter().filter_map(|name| name.strip_suffix(ending)).map(str::to_owned).collect();
        names.sort();
        names
    };
    let short =
        ["task.duration_bio_s=0.5", "task.judged_bio_s=0.2", "task.initial_weights=[4, 60]"];
    let names = compared("stability/experiment.toml", &short);
    assert_eq!(names, ["0_from_4_stability_0_0", "1_from_60_stability_0_0"]);
    let short = ["task.duration_ms=20", "task.judged_ms=10"];
    let names = compared("homeostasis/two_chips.toml", &short);
    let expected = [
        "0_chip_1_proportional_0_0",
        "1_chip_1_proportional_1_0",
        "2_proportional_0_0",
        "3_proportional_1_0",
    ];
    assert_eq!(names, expected);
}
