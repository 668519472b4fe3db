//! `plc apply`: engines agree on recorded arrays, recorded results are found again, and files that
//! do not fit are refused.

#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]

use ndarray::{Array2, Array3};
use ndarray_npy::NpzWriter;
use std::path::Path;
use std::process::{Command, Output};

const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/apply/capture.npz");

fn apply(folder: &Path, data: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_plc"))
        .current_dir(folder)
        .args(["apply", "std:structural", "--data", data])
        .args(more)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn engines_find_the_recorded_results() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for engine in ["jit", "eval", "ppu"] {
        let out = format!("{engine}.npz");
        let done =
            apply(folder.path(), CAPTURE, &["--seed", "3", "--engine", engine, "--out", &out]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        let printed = text(&done.stdout);
        assert!(
            printed.ends_with("0 of 640 recorded weights and 0 of 640 addresses differ\n"),
            "{engine}: {printed}"
        );
        files.push(std::fs::read(folder.path().join(out)).unwrap());
    }
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
    let other = apply(folder.path(), CAPTURE, &["--seed", "3", "--set", "lambda_stdp=0.5"]);
    assert!(!text(&other.stdout).contains("\n0 of 640"), "another gain is another result");
}

#[test]
fn unknown_and_missing_arrays_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let source = "rule r {\n    every 1 ms\n    synapses { weight += rate }\n}\n";
    std::fs::write(folder.path().join("r.pl"), source).unwrap();
    let run = |array: Option<&str>| {
        let file = std::fs::File::create(folder.path().join("data.npz")).unwrap();
        let mut writer = NpzWriter::new(file);
        writer.add_array("weights", &Array2::<u8>::zeros((2, 3))).unwrap();
        if let Some(name) = array {
            writer.add_array(name, &Array2::<u8>::from_elem((2, 3), 5)).unwrap();
        }
        writer.finish().unwrap();
        let done = Command::new(env!("CARGO_BIN_EXE_plc"))
            .current_dir(folder.path())
            .args(["apply", "r.pl", "--data", "data.npz"])
            .output()
            .unwrap();
        (done.status.code(), text(&done.stderr))
    };
    let (code, message) = run(Some("rate"));
    assert_eq!(code, Some(1));
    assert!(message.contains("an array `rate`"), "{message}");
    assert!(message.contains("did you mean `rates`?"), "{message}");
    assert!(message.contains("arrays are weights, addresses, causal,"), "{message}");
    let (code, message) = run(None);
    assert_eq!(code, Some(1));
    assert!(message.contains("reads `rate`, but the file has no array `rates`"), "{message}");
    assert!(!folder.path().join("applied.npz").exists());
    assert_eq!(run(Some("rates")), (Some(0), String::new()));
}

#[test]
fn help_lists_the_arrays() {
    let done = Command::new(env!("CARGO_BIN_EXE_plc")).args(["apply", "--help"]).output().unwrap();
    let help = text(&done.stdout);
    for name in ["weights", "causal_baseline", "membranes", "rows", "events"] {
        assert!(help.contains(&format!("  {name} ")), "{name}: {help}");
    }
    assert!(help.contains("(U+1, R, C)") && help.contains("uint8"), "{help}");
}

#[test]
fn archives_that_do_not_fit_are_refused_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.npz");
    let write = |weights: Array2<u8>, causal: Option<Array3<u8>>| {
        let mut writer = NpzWriter::new(std::fs::File::create(&file).unwrap());
        writer.add_array("weights", &weights).unwrap();
        if let Some(causal) = causal {
            writer.add_array("causal", &causal).unwrap();
        }
        writer.finish().unwrap();
    };
    let cases = [
        (Array2::from_elem((2, 3), 64), None, "`weights` has a value of 64"),
        (Array2::zeros((2, 300)), None, "300 columns"),
        (Array2::zeros((2, 3)), Some(Array3::zeros((1, 2, 3))), "no `causal_baseline`"),
    ];
    for (weights, causal, message) in cases {
        write(weights, causal);
        let done = apply(folder.path(), "bad.npz", &[]);
        assert_eq!(done.status.code(), Some(1));
        assert!(text(&done.stderr).contains(message), "{}", text(&done.stderr));
        assert!(!folder.path().join("applied.npz").exists());
    }
    assert_eq!(apply(folder.path(), "missing.npz", &[]).status.code(), Some(2));
    assert_eq!(apply(folder.path(), CAPTURE, &["--set", "gain=1"]).status.code(), Some(2));
}

#[test]
fn events_are_shown_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let rule = "rule r {\n    every 1 ms\n    state n : int in 0 .. 63 per rule = 0\n    control { n += 1; \
                send(6, n) }\n}\n";
    std::fs::write(folder.path().join("r.pl"), rule).unwrap();
    let write = |events: Option<&ndarray::Array2<i32>>| {
        let file = std::fs::File::create(folder.path().join("data.npz")).unwrap();
        let mut writer = NpzWriter::new(file);
        writer.add_array("weights", &Array2::<u8>::zeros((2, 3))).unwrap();
        writer.add_array("rates", &Array2::<i64>::zeros((3, 3))).unwrap();
        if let Some(events) = events {
            writer.add_array("events", events).unwrap();
        }
        writer.finish().unwrap();
    };
    let run = |engine: &str| {
        let args = ["apply", "r.pl", "--data", "data.npz", "--engine", engine];
        let done = Command::new(env!("CARGO_BIN_EXE_plc"))
            .current_dir(folder.path())
            .args(args)
            .output()
            .unwrap();
        (text(&done.stdout), text(&done.stderr))
    };
    write(None);
    for engine in ["jit", "eval", "ppu"] {
        let (printed, message) = run(engine);
        assert!(printed.contains("3 events were sent"), "{engine}: {printed}{message}");
    }
    let bytes = std::fs::read(folder.path().join("applied.npz")).unwrap();
    let mut reader = ndarray_npy::NpzReader::new(std::io::Cursor::new(bytes)).unwrap();
    let mut events: Array2<i32> = reader.by_name("events").unwrap();
    assert_eq!(events, ndarray::arr2(&[[0, 6, 1], [1, 6, 2], [2, 6, 3]]));
    write(Some(&events));
    assert!(!run("jit").0.contains("differ"), "what was recorded is found again");
    events[[1, 1]] = 7;
    write(Some(&events));
    assert!(!run("jit").0.contains("differ"), "rows 6 and 7 share a driver");
    events[[1, 2]] = 9;
    write(Some(&events));
    assert!(run("jit").0.contains("1 events differ from the recorded ones"));
    events[[1, 2]] = 64;
    write(Some(&events));
    assert!(run("jit").1.contains("outside rows 0 to 255 or addresses 0 to 63"));
}

/// A rule with inputs, one by way of another rule, states and a record.
const TOLD: &str = "rule pairs {
    input gain : real in 0.0 .. 4.0 per rule = 1
    every 1 ms
    synapses { weight += gain }
}
rule told {
    use pairs
    input pre  : int in 0 .. 63 per row = 0
    state seen : real in 0.0 .. 63.0 per neuron = 2
    state sums : int in -100000 .. 100000 per rule = 0
    every 1 ms
    neurons { seen += 0.5 }
    control { sums += 1000 }
    synapses { weight += pre + seen }
    record weight, sums every 2 updates
}
";

/// Inputs of every update and states from before the first; states after each are results.
#[test]
fn inputs_and_states_are_recorded_arrays() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("told.pl"), TOLD).unwrap();
    let data = folder.path().join("data.npz");
    let write = |gain: &[f64], pre: Array2<i32>, more: Option<&str>| {
        let mut writer = NpzWriter::new(std::fs::File::create(&data).unwrap());
        writer.add_array("weights", &Array2::<u8>::from_elem((2, 3), 10)).unwrap();
        writer.add_array("input.pairs.gain", &ndarray::arr1(gain)).unwrap();
        writer.add_array("input.pre", &pre).unwrap();
        writer.add_array("state.seen", &ndarray::arr1(&[0.5, 1.5, 2.5])).unwrap();
        if let Some(name) = more {
            writer.add_array(name, &ndarray::arr1(&[1.0])).unwrap();
        }
        writer.finish().unwrap();
    };
    let run = |engine: &str| {
        let args = ["apply", "told.pl", "--rule", "told", "--data", "data.npz", "--engine", engine];
        Command::new(env!("CARGO_BIN_EXE_plc"))
            .current_dir(folder.path())
            .args(args)
            .output()
            .unwrap()
    };
    write(&[1.0, 2.0], ndarray::arr2(&[[0, 5], [1, 6]]), None);
    let mut files = Vec::new();
    for engine in ["jit", "eval", "ppu"] {
        let done = run(engine);
        assert!(done.status.success(), "{engine}: {}", text(&done.stderr));
        files.push(std::fs::read(folder.path().join("applied.npz")).unwrap());
    }
    let open = |file: usize| {
        let bytes = std::io::Cursor::new(files[file].clone());
        ndarray_npy::NpzReader::new(bytes).unwrap()
    };
    assert!(files[0] == files[1] && files[0] == files[2]);
    let mut reader = open(0);
    let recorded: Array2<i32> = reader.by_name("record0_weight").unwrap();
    let updates: Array2<i32> = reader.by_name("record0_update").unwrap();
    assert_eq!(updates, ndarray::arr2(&[[2]]));
    assert_eq!(recorded, ndarray::arr2(&[[17, 19, 21, 27, 29, 31]]));
    let seen: Array2<f64> = reader.by_name("state.seen").unwrap();
    let weights: Array3<u8> = reader.by_name("weights").unwrap();
    let sums: ndarray::Array1<f64> = reader.by_name("state.sums").unwrap();
    assert_eq!(seen, ndarray::arr2(&[[1.0, 2.0, 3.0], [1.5, 2.5, 3.5]]));
    assert_eq!(sums.to_vec(), [1000.0, 2000.0]);
    assert_eq!(weights.index_axis(ndarray::Axis(0), 0).row(1).to_vec(), [17, 18, 19]);
    for (gain, pre, more, said) in [
        (
            vec![9.0],
            Array2::zeros((1, 2)),
            None,
            "`input.pairs.gain`: `pairs.gain` must lie in 0 .. 4",
        ),
        (vec![1.0], Array2::zeros((2, 3)), None, "`input.pre` has the shape [2, 3], not [2]"),
        (vec![1.0; 3], Array2::zeros((2, 2)), None, "inputs are of 2 updates, `inputs` of 3"),
        (vec![1.0], Array2::zeros((1, 2)), Some("input.per"), "did you mean `input.pre`?"),
    ] {
        write(&gain, pre, more);
        let message = text(&run("jit").stderr);
        assert!(message.contains(said), "{message}");
    }
}
