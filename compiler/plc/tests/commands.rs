//! The program as users call it: what it prints, what it writes, how it ends.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_experiment::archive::ArchiveReader;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// Makes the digits a matter of a second.
const SHORT: [&str; 4] = [
    "task.train.samples=90",
    "task.test_size=30",
    "task.test.normalisation_samples=30",
    "task.test.checkpoints=1",
];

fn plc(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_plc")).current_dir(folder).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn digits() -> String {
    format!("{ROOT}/examples/digits/experiment.toml")
}

/// `plc run` of the shortened digits with more arguments.
fn run_digits(folder: &Path, more: &[&str]) -> Output {
    let digits = digits();
    let mut args = vec!["run", &digits];
    args.extend(SHORT.iter().flat_map(|change| ["--set", *change]));
    args.extend(more);
    plc(folder, &args)
}

/// Names of all files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn a_reader_who_leaves_early_ends_the_program_quietly() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut plc = Command::new(env!("CARGO_BIN_EXE_plc"));
    let output = plc.arg("explain").stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(2), ""));
}

#[test]
fn shadows_measure_what_sensors_cost_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = |out: &str, more: &[&str]| {
        let output =
            run_digits(folder.path(), &[&["--out", out, "--engine", "eval"], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let numbers = fs::read(folder.path().join(out).join("run.json")).unwrap();
        let numbers: serde_json::Value = serde_json::from_slice(&numbers).unwrap();
        let synapses = fs::read(folder.path().join(out).join("synapses.npz")).unwrap();
        (numbers["metrics"].clone(), synapses)
    };
    let compare = ["--compare", "ideal-sensor"];
    let (metrics, synapses) = run("mismatch", &compare);
    let found = fs::read(folder.path().join("mismatch/compare.npz")).unwrap();
    let found = ArchiveReader::open(&found).unwrap();
    for arm in ["0_frozen_addresses_structural_0_0_ideal", "1_plastic_structural_0_0_together"] {
        assert!(found.names().contains(&format!("{arm}_mean_lsb")), "{:?}", found.names());
    }
    assert!(synapses == run("alone", &[]).1);
    let distance = |metrics: &serde_json::Value, stage: &str| {
        metrics[format!("{stage}_weight_mean_abs_difference_lsb")].as_f64().unwrap()
    };
    let quiet = ["--set", "chip.profile=ideal", "--set", "chip.sensor.saturation_lsb=1000"];
    let (ideal, _) = run("ideal", &[&compare[..], &quiet].concat());
    assert!(distance(&ideal, "sensors") < 1.0, "{ideal}");
    let (with, without) = (distance(&metrics, "mismatch"), distance(&ideal, "mismatch"));
    assert!(with > 1.0 && without < 1e-3, "{with} with mismatch, {without} without");
    for stage in ["ideal", "sensors", "pairing", "together"] {
        assert!(distance(&metrics, stage) > 0.0, "{stage}");
    }
    // A rule that draws cannot be read as a differential equation.
    assert!(metrics["period_weight_mean_abs_difference_lsb"].is_null());
    let homeostasis = format!("{ROOT}/examples/homeostasis/experiment.toml");
    let mut args = vec!["run", &homeostasis, "--out", "period", "--compare", "ideal-sensor"];
    args.extend(["--set", "rule.sign.source=std:additive_stdp"]);
    args.extend(["--set", "task.duration_ms=120", "--set", "task.judged_ms=60"]);
    let output = plc(folder.path(), &args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let numbers = fs::read(folder.path().join("period/run.json")).unwrap();
    let numbers: serde_json::Value = serde_json::from_slice(&numbers).unwrap();
    let period = distance(&numbers["metrics"], "period");
    assert!(0.0 < period && period < 0.1, "{period}");
}

#[test]
fn a_run_leaves_arrays_pictures_and_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_digits(folder.path(), &["--seed", "3"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let summary = text(&output.stdout);
    let out = folder.path().join("out/digits-3");
    for name in [
        "synapses.npz",
        "spikes.npz",
        "learning.npz",
        "accuracy.svg",
        "receptive_fields.svg",
        "confusion.svg",
        "report.html",
    ] {
        assert!(out.join(name).metadata().unwrap().len() > 500, "{name}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
    for metric in [
        "test_accuracy",
        "test_accuracy_frozen_addresses",
        "biological_time_s",
        "wall_time_s",
        "speed_up_over_biology",
        "estimate_energy_j",
    ] {
        assert!(json["metrics"][metric].is_number(), "{metric}");
        assert!(summary.contains(metric), "{summary}");
    }
    assert_eq!(json["estimate_constants"]["static_w"], 0.2);
    assert!(summary.contains("from the constants in [estimate], not from a chip"), "{summary}");
    assert_eq!(json["seed"], 3);
    assert_eq!(json["interrupted"], false);
    assert_eq!(json["rules"]["structural"]["params"]["lambda_stdp"], 0.2);
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(report.matches("<svg").count(), 3);
}

#[test]
fn engines_and_repetitions_write_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (out, args) in
        [("jit", &["--engine", "jit"][..]), ("ppu", &["--engine", "ppu"]), ("again", &[])]
    {
        let output =
            run_digits(folder.path(), &[&["--seed", "5", "--quiet", "--out", out], args].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "", "--quiet prints nothing");
    }
    for name in ["synapses.npz", "spikes.npz", "learning.npz", "receptive_fields.svg"] {
        let read = |out: &str| fs::read(folder.path().join(out).join(name)).unwrap();
        assert!(read("jit") == read("ppu"), "{name}");
        assert!(read("jit") == read("again"), "{name}");
    }
}

#[test]
fn several_seeds_give_medians_and_a_folder_each() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_digits(folder.path(), &["--repeat", "3", "--out", "r"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("median"), "{}", text(&output.stdout));
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("r/repeat.json")).unwrap())
            .unwrap();
    assert_eq!(json["seeds"], serde_json::json!([1000, 1001, 1002]));
    assert_eq!(json["metrics"]["test_accuracy"]["values"].as_array().unwrap().len(), 3);
    assert!(folder.path().join("r/seed-1002/run.json").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_plc"))
        .current_dir(folder.path())
        .args(["run", &digits(), "--set", "task.test.checkpoints=0", "--out", "o"])
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let json = fs::read_to_string(folder.path().join("o/run.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["interrupted"], true);
    assert!(json["metrics"]["samples_shown"].as_f64() < Some(7773.0));
    assert!(folder.path().join("o/synapses.npz").exists());
}

/// What is in `run.json`, but for the metrics that depend on the machine.
fn metrics(folder: &Path) -> serde_json::Value {
    let json = fs::read_to_string(folder.join("run.json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let timings = json["timings"].as_array().unwrap().clone();
    assert!(!timings.is_empty());
    for timing in timings {
        assert!(
            json["metrics"].as_object_mut().unwrap().remove(timing.as_str().unwrap()).is_some()
        );
    }
    json
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_as_if_nothing_had_happened() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let digits = digits();
    let changes = SHORT.iter().flat_map(|change| ["--set", *change]);
    let longer = ["--set", "task.train.samples=500"];
    let common: Vec<&str> = ["run", &digits[..]].into_iter().chain(changes).chain(longer).collect();
    let run = |more: &[&str]| plc(folder.path(), &[&common[..], more].concat());
    let mut child = Command::new(env!("CARGO_BIN_EXE_plc"))
        .current_dir(folder.path())
        .args(&common)
        .args(["--out", "cut", "--checkpoint", "run.ckpt", "--every", "0.05"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !at("run.ckpt").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(child.try_wait().unwrap().is_none(), "it ended without a checkpoint");
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let cut = child.wait_with_output().unwrap();
    assert_eq!(cut.status.code(), Some(130));
    assert!(text(&cut.stderr).contains("--resume run.ckpt goes on from here"));
    assert_eq!(metrics(&at("cut"))["interrupted"], true);

    let whole = run(&["--out", "whole"]);
    assert!(whole.status.success(), "{}", text(&whole.stderr));
    let resumed = run(&["--out", "resumed", "--resume", "run.ckpt"]);
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    let names = |folder: &Path| -> Vec<PathBuf> {
        files(folder).iter().map(|file| file.strip_prefix(folder).unwrap().to_owned()).collect()
    };
    assert_eq!(names(&at("whole")), names(&at("resumed")));
    for name in names(&at("whole")) {
        let read = |run: &str| fs::read(at(run).join(&name)).unwrap();
        if name.ends_with("run.json") {
            assert_eq!(metrics(&at("whole")), metrics(&at("resumed")));
        } else if !name.ends_with("report.html") {
            assert!(read("whole") == read("resumed"), "{}", name.display());
        }
    }

    let refused = |more: &[&str], message: &str| {
        let output = run(&[&["--out", "refused"][..], more].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(message), "{}", text(&output.stderr));
    };
    let other = ["--resume", "run.ckpt", "--set", "structural.theta=9"];
    refused(&other, "run.ckpt: the checkpoint is of another run");
    refused(&["--resume", "run.ckpt", "--engine", "eval"], "of another run");
    refused(&["--resume", "nothing"], "cannot read nothing");
    let mut bytes = fs::read(at("run.ckpt")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(at("damaged"), &bytes).unwrap();
    refused(&["--resume", "damaged"], "damaged: the checkpoint is damaged");
    refused(&["--resume", &digits], "this is no checkpoint");
    refused(&["--checkpoint", "cut/run.json/x"], "cannot write");
    let timed = format!("{ROOT}/examples/timescales/experiment.toml");
    let output = plc(folder.path(), &["run", &timed, "--checkpoint", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("leave --checkpoint and --resume out"));
}

#[test]
fn findings_are_written_as_sarif() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("r.pl"),
        "rule r {\n    every 8 ms\n    synapses { weigth = 1 }\n}\n",
    )
    .unwrap();
    let output = plc(folder.path(), &["check", "r.pl", "std:oja", "--sarif", "found.sarif"]);
    assert_eq!(output.status.code(), Some(1));
    let log = fs::read_to_string(folder.path().join("found.sarif")).unwrap();
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    let run = &log["runs"][0];
    assert_eq!(
        (&log["version"], &run["columnKind"]),
        (&"2.1.0".into(), &"unicodeCodePoints".into())
    );
    let result = &run["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"E0201".into(), &"error".into()));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "r.pl");
    assert_eq!(
        (&place["region"]["startLine"], &place["region"]["startColumn"]),
        (&3.into(), &16.into())
    );
    let known = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(known.iter().any(|rule| rule["id"] == "E0201"));
}

#[test]
fn sources_are_laid_out_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("r.pl");
    let untidy = "rule r {\nevery 8 ms   \n\n\n   synapses { weight += 1 } // up\n}";
    fs::write(&file, untidy).unwrap();
    let output = plc(folder.path(), &["fmt", "--check", "r.pl"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), "r.pl\n".into()));
    assert!(plc(folder.path(), &["fmt", "r.pl"]).status.success());
    let tidy = "rule r {\n    every 8 ms\n\n    synapses { weight += 1 } // up\n}\n";
    assert_eq!(fs::read_to_string(&file).unwrap(), tidy);
    assert!(plc(folder.path(), &["fmt", "--check", "r.pl"]).status.success());
    // A source with a mistake stays as it is.
    fs::write(&file, "rule r {").unwrap();
    assert_eq!(plc(folder.path(), &["fmt", "r.pl"]).status.code(), Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), "rule r {");
}

#[test]
fn modules_stand_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lib")).unwrap();
    fs::write(folder.path().join("lib/gains.pl"), "const gain = 2\nfn more(x) = gain * x\n")
        .unwrap();
    let rule = "import lib.gains { more }\nrule r {\n    every 8 ms\n    synapses { weight += more(3) }\n}\n";
    fs::write(folder.path().join("r.pl"), rule).unwrap();
    let output = plc(folder.path(), &["check", "r.pl"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    fs::write(folder.path().join("lib/gains.pl"), "fn more(x) = gain * x\n").unwrap();
    let output = plc(folder.path(), &["check", "r.pl"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("lib/gains.pl:1:14"), "{}", text(&output.stderr));
}

#[test]
fn codes_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let output = plc(folder.path(), &["explain", "E0406"]);
    assert!(output.status.success() && text(&output.stdout).contains("address"));
    let output = plc(folder.path(), &["explain"]);
    assert!(text(&output.stdout).lines().count() > 40);
}

const SUM: &str = "\
        .text
start:  li      3, 0
        li      4, 4
        mtctr   4
        li      5, table - 4
loop:   lwzu    6, 4(5)
        add     3, 3, 6
        bdnz    loop
        li      7, result
        stw     3, 0(7)
        wait
        .data
        .type table, @object
        .size table, 16
table:  .long 1, 2, 3, 4
        .type result, @object
        .size result, 4
result: .long 0
";

#[test]
fn programs_are_assembled_listed_and_run() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sum.s"), SUM).unwrap();
    let output = plc(folder.path(), &["asm", "sum.s"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let listing = text(&plc(folder.path(), &["disasm", "sum.elf"]).stdout);
    assert!(listing.contains("loop:") && listing.contains("bdnz 0x10  <loop>"), "{listing}");
    let json = |args: &[&str]| -> serde_json::Value {
        let all = [&["emulate", "sum.elf", "--format", "json", "--dump", "symbols"], args].concat();
        let output = plc(folder.path(), &all);
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(json(&[])["symbols"]["result"], "0000000a");
    assert_eq!(json(&["--io", "plain"])["symbols"]["result"], "0000000a");
    assert_eq!(json(&["--set-symbol", "table=0x10"])["symbols"]["result"], "00000019");
    assert_eq!(json(&["--break", "loop"])["symbols"]["result"], "00000000");
    assert_eq!(
        json(&["--cycles"])["cycles_by_function"]["loop"].as_u64().map(|c| c > 10),
        Some(true)
    );
    let traced = plc(folder.path(), &["emulate", "sum.elf", "--trace"]);
    assert_eq!(text(&traced.stderr).lines().count(), 19);
}

#[test]
fn listings_assemble_to_the_program() {
    let folder = tempfile::tempdir().unwrap();
    for rule in ["structural", "additive_stdp", "homeostasis_sign"] {
        let source = format!("std:{rule}");
        let output = plc(folder.path(), &["compile", &source, "--emit", "asm,elf"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let output = plc(folder.path(), &["asm", &format!("{rule}.s"), "--out", "again.elf"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let code = |file: &str| text(&plc(folder.path(), &["disasm", file]).stdout);
        let words = |listing: &str| -> Vec<String> {
            let lines = listing.lines().filter(|line| line.starts_with("  "));
            lines.map(|line| line.chars().take(20).collect()).collect()
        };
        let (first, again) = (code(&format!("{rule}.elf")), code("again.elf"));
        assert!(words(&first).len() > 100);
        assert_eq!(words(&first), words(&again), "{rule}");
    }
}

/// A wrong call: arguments, exit code, and what the message must say.
type Wrong<'a> = (&'a [&'a str], i32, &'a [&'a str]);

#[test]
fn bad_input_gives_one_clear_message_and_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    at("wrong.pl", "rule r {\n    every 1 ms\n    synapses { weight += gian }\n}\n");
    at("huge.pl", &huge_rule());
    at(
        "short.pl",
        "rule r {\n    view rows <= 64\n    every 10 us\n    synapses { weight += 1 }\n}\n",
    );
    fs::write(folder.path().join("bytes.pl"), b"rule \xff r {}").unwrap();
    let example = fs::read_to_string(digits()).unwrap();
    let rule = format!("{ROOT}/examples/digits/structural.pl");
    let example = example.replace("\"structural.pl\"", &format!("\"{rule}\""));
    at("good.toml", &example);
    at("syntax.toml", &example.replace("[task]", "[task"));
    at("field.toml", &example.replace("addresses = 8", "adresses = 8"));
    at("rule.toml", &example.replace(&rule, "wrong.pl"));
    at("no_rule.toml", &example.replace(&rule, "absent.pl"));
    at("data.toml", &example.replace("\"uci-digits\"", "\"absent.csv\""));
    at("file", "");
    at("bad.s", "  nop\n  addx 3,3,3\n");
    let before = files(folder.path());
    let cases: &[Wrong<'_>] = &[
        (&["check", "wrong.pl"], 1, &["wrong.pl:3:26", "gian", "E0201"]),
        (&["check", "absent.pl"], 2, &["absent.pl", "No such file"]),
        (&["check", "std:absent"], 2, &["absent", "structural"]),
        (&["check", "huge.pl"], 1, &["E0601", "does not fit"]),
        (&["check", "short.pl"], 1, &["E0602", "at least"]),
        (&["check", "bytes.pl"], 1, &["E0005", "UTF-8"]),
        (&["compile", "wrong.pl", "-o", "out"], 1, &["gian"]),
        (&["compile", "std:structural", "--emit", "wasm"], 2, &["wasm", "elf"]),
        (&["compile", "std:structural", "--print-after", "magic"], 2, &["magic", "gvn"]),
        (&["compile", "std:structural", "-o", "file"], 2, &["file"]),
        (&["explain", "E9999"], 2, &["E9999"]),
        (&["run", "absent.toml"], 2, &["absent.toml"]),
        (&["run", "syntax.toml"], 1, &["syntax.toml", "line"]),
        (&["run", "field.toml"], 1, &["adresses", "addresses"]),
        (&["run", "rule.toml"], 1, &["gian"]),
        (&["run", "no_rule.toml"], 2, &["absent.pl"]),
        (&["run", "data.toml"], 2, &["absent.csv"]),
        (&["run", "good.toml", "--set", "structural.lambda=1"], 1, &["lambda", "lambda_stdp"]),
        (&["run", "good.toml", "--set", "structural.theta=99"], 1, &["theta", "0 .. 63"]),
        (&["run", "good.toml", "--set", "task.rows=8"], 1, &["256 inputs", "64 places"]),
        (&["run", "good.toml", "--set", "task.test_size=1797"], 1, &["nothing to learn from"]),
        (&["run", "good.toml", "--engine", "gpu"], 2, &["gpu", "jit"]),
        (&["run", "good.toml", "--repeat", "0"], 2, &["0"]),
        (&["run", "good.toml", "--set", "run.timing=real"], 1, &["run.timing=real", "instant"]),
        (
            &["run", "good.toml", "--set", "run.timing=chip", "--engine", "jit"],
            2,
            &["chip's time", "leave --engine out"],
        ),
        (
            &["run", "good.toml", "--set", "run.timing=chip", "--compare", "ideal"],
            2,
            &["--compare", "run.timing=instant"],
        ),
        (&["run", "good.toml", "--out", "file"], 2, &["file"]),
        (&["run", "good.toml", "--every", "30"], 2, &["--checkpoint", "--resume"]),
        (&["asm", "bad.s"], 1, &["bad.s:2:", "did you mean `add`"]),
        (&["asm", "absent.s"], 2, &["absent.s"]),
        (&["disasm", "good.toml"], 1, &["good.toml", "ELF"]),
        (&["disasm"], 2, &["--words"]),
        (&["disasm", "--words", "xyz"], 2, &["hexadecimal"]),
        (&["emulate", "file"], 1, &["file", "ELF"]),
        (&["emulate", "absent.elf"], 2, &["absent.elf"]),
        (&["frobnicate"], 2, &["frobnicate"]),
    ];
    for (args, code, said) in cases {
        let output = plc(folder.path(), args);
        let message = text(&output.stderr) + &text(&output.stdout);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {message}");
        for part in *said {
            assert!(message.contains(part), "{args:?} must say {part}: {message}");
        }
        assert!(!message.contains("panicked"), "{args:?}: {message}");
    }
    let left: Vec<PathBuf> =
        files(folder.path()).into_iter().filter(|path| !before.contains(path)).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

/// More statements than the processor's memory holds.
fn huge_rule() -> String {
    let mut rule = "rule huge {\n    every 100 ms\n    synapses {\n".to_owned();
    for i in 0..400 {
        rule += &format!("        let x{i} = causal * {}.5 + uniform(0 .. 3)\n", i % 7);
        rule += &format!("        if x{i} > 3 {{ weight += {} }}\n", i % 5);
    }
    rule + "    }\n}\n"
}

#[test]
fn runs_name_the_modules_that_rules_import() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("terms")).unwrap();
    write("terms/own.pl", "const target = 60\n");
    write(
        "own.pl",
        "import terms.own\nimport std.terms { homeostasis }\nrule own {\n    every 10 ms\n    synapses { \
         weight += homeostasis(rate, target, 0.05) }\n    neurons { reset rate }\n}\n",
    );
    write(
        "own.toml",
        "name = \"own\"\n[rule.own]\nsource = \"own.pl\"\n[task]\nkind = \"rates\"\nrules = [\"own\"]\n\
         source_hz = 120e3\ninitial_weight = 0\ntarget_hz = 6000.0\nband_hz = 1000.0\nduration_ms = 20.0\n\
         judged_ms = 10.0\n",
    );
    let modules = || {
        let output = plc(folder.path(), &["run", "own.toml", "--quiet", "--out", "r"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let json = fs::read_to_string(folder.path().join("r/run.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        json["rules"]["own"]["modules_sha256"].clone()
    };
    let before = modules();
    assert_eq!(before.as_object().unwrap().len(), 2, "{before}");
    write("terms/own.pl", "const target = 61\n");
    let after = modules();
    assert_eq!(before["std.terms"], after["std.terms"]);
    assert_ne!(before["terms/own.pl"], after["terms/own.pl"]);
}
