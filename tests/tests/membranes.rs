//! `[record.membranes]`: codes are those of the converters at the times asked for, and recording
//! changes nothing else. That engines, threads and checkpoints do not matter is tested with all tasks.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_chip::Chip;
use pl_chip::time::TICKS_PER_US;
use pl_experiment::outcome::{Elements, Outcome};
use pl_experiment::{Experiment, Unwatched, task};
use plc::{Compiler, EngineKind};

const HOMEOSTASIS: &str = include_str!("../../examples/homeostasis/experiment.toml");

fn parse(text: &str, changes: &[&str]) -> Result<Experiment, String> {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    Experiment::parse(text, &changes).map_err(|error| error.to_string())
}

fn run(changes: &[&str]) -> Outcome {
    let short = ["task.duration_ms=20", "task.judged_ms=10", "task.initial_weight=30"];
    let changes: Vec<&str> = short.iter().chain(changes).copied().collect();
    let experiment = parse(HOMEOSTASIS, &changes).unwrap();
    let rules: Vec<(&str, &str)> = (experiment.rule.iter())
        .map(|(name, rule)| {
            let library = pl_stdlib::find(rule.source.strip_prefix("std:").unwrap()).unwrap();
            (name.as_str(), library.source)
        })
        .collect();
    let compiler = Compiler::from_sources(EngineKind::Jit, &rules).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&compiler, 7, &Unwatched).unwrap()
}

fn array<'o>(outcome: &'o Outcome, name: &str) -> &'o Elements {
    let archive = outcome.archives.iter().find(|archive| archive.file == "membranes.npz").unwrap();
    let found = archive.arrays.iter().find(|array| array.name == name);
    &found.unwrap_or_else(|| panic!("no {name} in {archive:?}")).elements
}

#[test]
fn what_is_recorded_is_what_the_converters_show_and_nothing_else_changes() {
    let plain = run(&[]);
    let recorded = run(&[
        "record.membranes.hemisphere=1",
        "record.membranes.columns=[3, 200]",
        "record.membranes.period_us=0.7",
        "record.membranes.from_ms=0.4",
        "record.membranes.duration_ms=0.9",
    ]);
    assert_eq!(recorded.metrics, plain.metrics);
    assert_eq!(recorded.archives[..plain.archives.len()], plain.archives);
    assert_eq!(recorded.pictures[..plain.pictures.len()], plain.pictures);
    assert_eq!(plain.archives.len() + 1, recorded.archives.len());
    assert!(recorded.warnings.is_empty());

    let experiment = parse(HOMEOSTASIS, &[]).unwrap();
    for rule in experiment.rule.keys() {
        let picture = format!("membranes_{rule}.svg");
        let picture = recorded.pictures.iter().find(|p| p.file == picture).unwrap();
        for text in
            ["column 3", "column 200", "hardware time since the beginning (us)", "(ADC code"]
        {
            assert!(picture.svg.contains(text), "{text}");
        }
        let Elements::F64(times) = array(&recorded, &format!("time_us_{rule}")) else { panic!() };
        let Elements::U8(codes) = array(&recorded, &format!("codes_{rule}")) else { panic!() };
        // 0.9 ms every 0.7 us.
        assert_eq!((times.shape(), codes.shape()), (&[1286][..], &[1286, 2][..]));
        assert!((times[0], times[1]) == (400.0, 400.7), "{times}");
        let codes: Vec<u8> = codes.iter().copied().collect();
        let spread = codes.iter().max().unwrap() - codes.iter().min().unwrap();
        assert!(spread > 20, "these membranes integrate and fire: {spread}");
    }
}

#[test]
fn readings_are_those_of_a_chip_that_is_read_by_hand() {
    let text = "name = 'x'
        [chip]
        profile = 'mismatch'
        [record.membranes]
        columns = '0..4'
        period_us = 1.0
        from_ms = 0.01
        duration_ms = 0.19
        [task]
        kind = 'random_network'
        excitatory_inputs = 1
        inhibitory_inputs = 1
        weight = 1
        duration_ms = 0.25
        skipped_ms = 0.0
        states = [{ name = 'faint', g = 0.0, drive = 1e-9 }]";
    let experiment = parse(text, &[]).unwrap();
    let compiler = Compiler::from_sources(EngineKind::Jit, &[]).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    let outcome = task.run(&compiler, 5, &Unwatched).unwrap();
    let Elements::U8(codes) = array(&outcome, "codes_faint") else { panic!() };
    let Elements::U8(columns) = array(&outcome, "columns") else { panic!() };
    assert_eq!(columns.iter().copied().collect::<Vec<u8>>(), [0, 1, 2, 3]);
    // Sources this slow leave the membranes alone: what is left is rest, offsets and noise.
    let mut chip = Chip::new(&experiment.chip, 5);
    let mut expected: Vec<u8> = Vec::new();
    for us in 10..200_u64 {
        chip.run_until(us * TICKS_PER_US, &[]);
        expected.extend(&chip.membrane_codes(0)[..4]);
    }
    assert_eq!(codes.iter().copied().collect::<Vec<u8>>(), expected);
}

#[test]
fn a_run_that_ends_too_early_says_so() {
    let outcome = run(&["record.membranes.duration_ms=30"]);
    let warning = outcome.warnings.first().unwrap();
    assert!(warning.contains("[record.membranes]") && warning.contains("10001"), "{warning}");
}

#[test]
fn what_cannot_be_recorded_is_refused() {
    for (change, said) in [
        ("record.membranes.columns=[]", "at least one column, ascending"),
        ("record.membranes.columns=[4, 2]", "at least one column, ascending"),
        ("record.membranes.columns=256", "indices are 0 to 255"),
        ("record.membranes.hemisphere=2", "`record.membranes.hemisphere` must be 0 to 1"),
        ("record.membranes.chip=1", "`record.membranes.chip` must be 0 to 0 in this task"),
        ("record.membranes.period_us=0", "must be 0.1 to 1000000, not 0"),
        ("record.membranes.from_ms=-1", "`record.membranes.from_ms` must be 0 to 1000000, not -1"),
        ("record.membranes.duration_ms=nan", "must be 0 to 1000000, not NaN"),
        ("record.membranes.duration_ms=1e6", "more than 10000000 in all"),
        ("record.membranes.every=3", "unknown field `every`"),
        ("record.weights=3", "unknown field `weights`"),
    ] {
        let message = parse(HOMEOSTASIS, &[change]).unwrap_err();
        assert!(message.contains(said), "{change}: {message}");
    }
    for (text, said) in [
        (include_str!("../../examples/perceptron/experiment.toml"), "in multiplications"),
        (include_str!("../../examples/calibration/experiment.toml"), "measures membranes itself"),
        (include_str!("../../examples/dendrites/experiment.toml"), "follows membranes itself"),
        (include_str!("../../examples/timescales/experiment.toml"), "times the emulator"),
    ] {
        let message = parse(text, &["record.membranes.columns=3"]).unwrap_err();
        assert!(message.contains("leave [record.membranes] out"), "{message}");
        assert!(message.contains(said), "{message}");
    }
}
