//! `plc sweep`: shards, an interrupted run and a whole one give the same table; wrong files and
//! folders of other sweeps are refused.

#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const SWEEP: &str = "experiment = '@/examples/homeostasis/experiment.toml'
seeds = [1, 2]
[set]
'task.duration_ms' = 20.0
'task.judged_ms' = 10.0
[grid]
'proportional.gain' = [0.02, 0.1]
'task.source_hz' = { from = 8e4, to = 12e4, steps = 2 }
[map]
x = 'proportional.gain'
y = 'task.source_hz'
metric = 'rate_mean_hz_proportional'
";

fn plc(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plc"));
    command.current_dir(folder).arg("sweep").args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn shards_and_interruptions_give_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    fs::write(at.join("s.toml"), SWEEP.replace('@', root)).unwrap();
    let done = plc(at, &["s.toml", "--out", "whole"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains("8 results in whole"), "{}", text(&done.stdout));
    let table = fs::read(at.join("whole/results.csv")).unwrap();
    assert_eq!(text(&table).lines().count(), 9);
    // Two chips of 20 ms, at 0.2 W.
    let rows: Vec<Vec<String>> =
        text(&table).lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    let column = |name: &str| rows[0].iter().position(|head| head == name).unwrap();
    let (time, energy) = (column("estimate_chip_time_s"), column("estimate_energy_j"));
    for row in &rows[1..] {
        assert_eq!(row[time], "0.04");
        let energy: f64 = row[energy].parse().unwrap();
        assert!((0.008..0.009).contains(&energy), "{energy}");
    }
    for line in ["  estimate_chip_time_s 0.32 s in all, 0.04 to 0.04 a point", "not from a chip"] {
        assert!(text(&done.stdout).contains(line), "{}", text(&done.stdout));
    }
    assert!(fs::read_to_string(at.join("whole/map.svg")).unwrap().starts_with("<svg"));

    for shard in ["1/3", "2/3", "3/3"] {
        let out = shard.replace('/', "of");
        assert!(plc(at, &["s.toml", "--shard", shard, "--out", &out, "-q"]).status.success());
    }
    let merged = plc(at, &["merge", "s.toml", "3of3", "1of3", "2of3", "--out", "merged"]);
    assert!(merged.status.success(), "{}", text(&merged.stderr));
    assert_eq!(fs::read(at.join("merged/results.csv")).unwrap(), table);

    // As an interruption leaves it: some lines, the last one cut off.
    let lines = fs::read_to_string(at.join("whole/results.jsonl")).unwrap();
    let kept: String = lines.lines().take(4).map(|line| format!("{line}\n")).collect();
    fs::create_dir(at.join("again")).unwrap();
    fs::write(at.join("again/results.jsonl"), kept + "{\"point\": 7, \"se").unwrap();
    let done = plc(at, &["s.toml", "--out", "again"]);
    assert!(text(&done.stderr).contains("3 done before"), "{}", text(&done.stderr));
    assert_eq!(fs::read(at.join("again/results.csv")).unwrap(), table);

    // Another engine, another sweep.
    let other = plc(at, &["s.toml", "--out", "whole", "--engine", "eval"]);
    assert_eq!(other.status.code(), Some(2));
    assert_eq!(fs::read(at.join("whole/results.csv")).unwrap(), table);
    for (from, to) in [("'proportional.gain' =", "'proportional.gian' ="), ("[map]", "[mpa]")] {
        fs::write(at.join("wrong.toml"), SWEEP.replace('@', root).replace(from, to)).unwrap();
        let done = plc(at, &["wrong.toml", "--out", "wrong"]);
        assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
        assert!(!at.join("wrong/results.csv").exists());
    }
}

#[test]
fn a_report_holds_all_results_of_a_folder_and_refers_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let run = at.join("a/run-1");
    fs::create_dir_all(&run).unwrap();
    let json = "{\"experiment\": \"<e>\", \"seed\": 3, \"engine\": \"jit\", \"plc_version\": \"0\", \
                \"metrics\": {\"accuracy\": 0.75126}}";
    fs::write(run.join("run.json"), json).unwrap();
    let repeated = "{\"experiment\": \"r\", \"seeds\": [3, 4], \"metrics\": {\"rate\": {\"median\": 1, \
                    \"quartile_low\": 2, \"quartile_high\": 3, \"mean\": 4.5678, \
                    \"standard_deviation\": null, \"values\": []}}}";
    fs::write(run.join("repeat.json"), repeated).unwrap();
    fs::write(run.join("curve.svg"), "<svg></svg>\n").unwrap();
    fs::create_dir(at.join("a/sweep")).unwrap();
    fs::write(
        at.join("a/sweep/results.csv"),
        "point,gain,rate\n0,0.5,0.7\n1,0.5,0.75126\n2,0.5,0.751\n",
    )
    .unwrap();
    let report = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plc"));
        command.current_dir(at).arg("report").args(args).output().unwrap()
    };
    assert!(report(&["a"]).status.success());
    let page = fs::read_to_string(at.join("a/index.html")).unwrap();
    for part in [
        "&lt;e&gt;, seed 3",
        "<td>accuracy</td><td>0.7513</td>",
        "<td>rate</td><td>1</td><td>2</td><td>3</td><td>4.568</td><td>null</td>",
        "<svg>",
        "<td>0</td><td>0.5</td><td>0.7000</td>",
        "<td>1</td><td>0.5</td><td>0.7513</td>",
        "<td>2</td><td>0.5</td><td>0.7510</td>",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("href") && !page.contains("src="));
    fs::create_dir(at.join("empty")).unwrap();
    assert_eq!(report(&["empty"]).status.code(), Some(2));
    assert!(!at.join("empty/index.html").exists());
}
