//! A calibration that is measured and then used, as a user does it.
#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn plc(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plc"));
    command.current_dir(folder).arg("run").args(args).output().unwrap()
}

fn metric(folder: &Path, name: &str) -> f64 {
    let json = fs::read(folder.join("run.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    json["metrics"][name].as_f64().unwrap()
}

#[test]
fn a_run_takes_the_calibration_of_its_chip() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let calibration = format!("{ROOT}/examples/calibration/experiment.toml");
    let mut measure = vec![&calibration[..], "--out", "measured", "--seed", "4"];
    for change in [
        "chip.neuron.psp_lsb_per_weight=0.35",
        "task.rows=3",
        "task.pairs=10",
        "task.readings=2",
        "task.delays_us=[1, 2, 4]",
        "task.currents_lsb=[0, 60]",
    ] {
        measure.extend(["--set", change]);
    }
    let done = plc(at, &measure);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    // Rates that weights all alike give.
    let homeostasis = fs::read_to_string(format!("{ROOT}/examples/homeostasis/experiment.toml"));
    let text =
        homeostasis.unwrap().replace("rules = [\"sign\", \"proportional\"]", "rules = [\"sign\"]");
    fs::write(at.join("plain.toml"), &text).unwrap();
    let table = "[calibration]\nfiles = [\"measured/calibration.npz\"]\n\n[rule.sign]";
    fs::write(at.join("calibrated.toml"), text.replace("[rule.sign]", table)).unwrap();
    let short = ["task.duration_ms=10", "task.judged_ms=10", "task.initial_weight=30"]
        .map(|c| ["--set", c]);
    let short = short.concat();
    for name in ["plain", "calibrated"] {
        let file = format!("{name}.toml");
        let args = [&[&file[..], "--out", name, "--seed", "4"], &short[..]].concat();
        let done = plc(at, &args);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let json = fs::read_to_string(at.join("calibrated/run.json")).unwrap();
    assert!(json.contains("measured/calibration.npz"), "its hash is among the data's");
    let rates = ["plain", "calibrated"].map(|name| metric(&at.join(name), "rate_mean_hz_sign"));
    assert_ne!(rates[0], rates[1]);

    for (args, code, said) in [
        (&["--seed", "5"][..], 1, "of the chip with seed 4, and this run is on that with seed 5"),
        (
            &["--set", "chip.adc.noise_sigma_lsb=2"],
            2,
            "`adc.noise_sigma_lsb` is 1 there and 2 here",
        ),
        (&["--set", "calibration.files=[\"x.npz\"]"], 2, "calibration file `x.npz`: cannot read"),
    ] {
        let args = [&["calibrated.toml", "--out", "refused"], args, &short[..]].concat();
        let done = plc(at, &args);
        let message = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(message.contains(said), "{message}");
        assert_eq!(done.status.code(), Some(code), "{message}");
        assert!(!at.join("refused/run.json").exists());
    }
    #[cfg(unix)]
    goes_on_calibrated(at);
}

/// A calibrated run that was interrupted goes on from its checkpoint with the calibration, and not
/// without it.
#[cfg(unix)]
fn goes_on_calibrated(at: &Path) {
    let longer = ["task.duration_ms=40", "task.judged_ms=30", "task.initial_weight=30"]
        .map(|change| ["--set", change]);
    let with = |file: &'static str, more: &[&'static str]| {
        [&["run", file, "--seed", "4", "--quiet"], more, &longer.concat()].concat()
    };
    let mut cut = Command::new(env!("CARGO_BIN_EXE_plc"));
    let keep = ["--out", "cut", "--checkpoint", "cut.ckpt", "--every", "0.01"];
    let mut cut = cut.current_dir(at).args(with("calibrated.toml", &keep)).spawn().unwrap();
    while !at.join("cut.ckpt").exists() {
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(cut.try_wait().unwrap().is_none(), "it ended without a checkpoint");
    }
    assert!(Command::new("kill").args(["-INT", &cut.id().to_string()]).status().unwrap().success());
    assert_eq!(cut.wait().unwrap().code(), Some(130));

    let resume = ["--resume", "cut.ckpt", "--out", "resumed"];
    for args in [
        with("plain.toml", &["--out", "bare"]),
        with("calibrated.toml", &["--out", "whole"]),
        with("calibrated.toml", &resume),
    ] {
        let done = plc(at, &args[1..]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let arrays = |folder: &str| {
        let files = fs::read_dir(at.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let arrays = files.filter(|file| file.extension().is_some_and(|e| e == "npz"));
        let read =
            |file: std::path::PathBuf| (file.file_name().unwrap().to_owned(), fs::read(file));
        arrays.map(read).map(|(name, bytes)| (name, bytes.unwrap())).collect::<BTreeMap<_, _>>()
    };
    assert!(arrays("bare") != arrays("whole"));
    assert!(arrays("resumed") == arrays("whole"), "the calibration is lost or applied twice");
    let refused = plc(at, &with("plain.toml", &resume)[1..]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("the checkpoint is of another run"), "{message}");
}
