//! What an update takes on the simulated core, with the latencies of the chip: never more than
//! the compiler's worst case.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_chip::{Chip, ChipConfig};
use pl_driver::{Rule, Session};
use pl_experiment::engine::{Binding, Engine};
use pl_experiment::ppu_image::PpuImageEngine;
use std::collections::BTreeMap;

/// The rule of the library.
fn library(name: &str) -> Rule {
    let compiled = Session::default().compile(name, pl_stdlib::find(name).unwrap().source);
    assert!(!compiled.has_errors(), "{name}");
    compiled.rules[0].clone()
}

/// An engine of a program, started on a chip, for the first `rows` rows and `columns` columns.
fn started(elf: &[u8], derived: Vec<i32>, rows: u8, columns: u8) -> (PpuImageEngine, Chip) {
    let binding = Binding {
        rule: "rule".to_owned(),
        hemisphere: 0,
        rows: (0..rows).collect(),
        columns: (0..columns).collect(),
        params: BTreeMap::new(),
        seed: 1,
        chip: 0,
        instance: 0,
        record_capacity: 2,
    };
    let engine = PpuImageEngine::new(elf, &binding, derived).unwrap();
    let (mut engine, mut chip) =
        (engine.counting_cycles(), Chip::new(&ChipConfig::mismatch(), 1));
    engine.start(&mut chip).unwrap();
    (engine, chip)
}

/// Cycles of the slowest of a few updates.
fn slowest(elf: &[u8], derived: Vec<i32>, rows: u8, columns: u8) -> u64 {
    let (mut engine, mut chip) = started(elf, derived, rows, columns);
    let updates = (0..3).map(|_| {
        engine.update(&mut chip).unwrap();
        engine.last_cycles()
    });
    updates.max().unwrap()
}

#[test]
fn no_update_takes_longer_than_the_worst_case() {
    println!("{:<24} {:>10} {:>10} {:>12}", "rule", "simulated", "bound", "cycles a row");
    for rule in pl_stdlib::RULES {
        let rule = library(rule.name);
        let defaults: Vec<f64> = rule.params().iter().map(|param| param.default).collect();
        let program = rule.program().unwrap();
        let most = u8::try_from(rule.hir().rows_max.min(40)).unwrap();
        let mut measured = Vec::new();
        for (rows, columns) in [(most, 255), (most.div_ceil(2), 255), (1, 3)] {
            let derived = rule.derived_values(&defaults);
            let cycles = slowest(&program.to_elf(), derived, rows, columns);
            let bound = program.cost.update_cycles(rows.into(), columns.into());
            let name = rule.name();
            assert!(cycles <= bound, "{name}, {rows} rows: {cycles} cycles, at most {bound}");
            measured.push((cycles, bound, u64::from(rows)));
        }
        let [(full, bound, rows), (half, _, fewer), _] = measured[..] else { unreachable!() };
        let row = (full - half) / (rows - fewer).max(1);
        println!("{:<24} {full:>10} {bound:>10} {row:>12}", rule.name());
    }
}
