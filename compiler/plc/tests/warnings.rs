//! What a run has to say besides its results goes to standard error.
#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]

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
