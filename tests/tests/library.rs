//! The library: every rule compiles without an error, says where it is from, and its tests hold on
//! every engine.
#![allow(clippy::unwrap_used, reason = "a rule that is not there fails the test")]

use pl_driver::{Rule, Session};
use plc::EngineKind;
use std::fmt::Write as _;

#[test]
fn tests_of_the_library_hold_on_every_engine() {
    let mut wrong = String::new();
    for rule in pl_stdlib::RULES {
        let compiled = Session::default().compile(rule.name, rule.source);
        assert!(!compiled.has_errors(), "{}: {:?}", rule.name, compiled.diagnostics);
        assert!(!compiled.tests.is_empty(), "{} has no test", rule.name);
        for (test, kind) in
            compiled.tests.iter().flat_map(|test| EngineKind::EXACT.map(|kind| (test, kind)))
        {
            let found = plc::run_test(&compiled.rules[0], test, kind);
            if found != Ok(Vec::new()) {
                let (name, kind) = (&test.name, kind.name());
                writeln!(wrong, "{}, {name}, {kind}: {found:?}", rule.name).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_rule_tells_its_source_and_its_params() {
    assert!(pl_stdlib::RULES.len() >= 28);
    for rule in pl_stdlib::RULES {
        let header: Vec<&str> =
            rule.source.lines().take_while(|line| line.starts_with("//!")).collect();
        let header = header.join(" ").replace("//! ", "");
        let says = |what: &str| header.contains(what);
        assert!(says("Exact") || says("Approximate"), "{}", rule.name);
        let compiled = Session::default().compile(rule.name, rule.source);
        assert_eq!(compiled.rules[0].name(), rule.name);
        let limit = match compiled.rules[0].hir().rows_span {
            Some(_) => format!("at most {} rows", compiled.rules[0].hir().rows_max),
            None => "ny view".to_owned(),
        };
        assert!(says(&limit), "{}: {limit}", rule.name);
        check_cost(&header, &compiled.rules[0]);
        for param in compiled.rules[0].params() {
            assert!(!param.doc.is_empty(), "`{}` of {}", param.name, rule.name);
        }
    }
}

/// Checks what a header says of the processor's time: the worst case with as many rows and columns
/// as there may be, to 15 %.
fn check_cost(header: &str, rule: &Rule) {
    let rows = rule.hir().rows_max;
    // 250 cycles a microsecond.
    let us = rule.program().unwrap().cost.update_cycles(rows, 256) as f64 / 250.0;
    let wanted =
        format!("Cost: at most about {us:.3} us of the processor for {rows} rows of 256 columns.");
    let said = header.split_once("Cost: at most about ").map(|(_, rest)| rest);
    let words: Vec<&str> = said.unwrap_or_default().split_whitespace().take(6).collect();
    let factor = if words.get(1) == Some(&"ms") { 1000.0 } else { 1.0 };
    let number = words.first().and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0);
    let near = (factor * number / us - 1.0).abs() < 0.15;
    let same_rows = header.contains(&format!("of the processor for {rows} rows of 256 columns."));
    assert!(near && same_rows, "{}: {wanted}", rule.name());
}

#[test]
fn the_list_in_the_readme_is_that_of_the_library() {
    let readme = include_str!("../../stdlib/README.md");
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| [")).collect();
    let row = |rule: &pl_stdlib::StdRule| {
        format!("| [{}](rules/{}.pl) | {} |", rule.name, rule.name, rule.summary)
    };
    assert_eq!(rows, pl_stdlib::RULES.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn the_terms_in_the_readme_are_those_of_the_module() {
    let heading = "| term | |\n|---|---|\n";
    let (_, table) = include_str!("../../stdlib/README.md").split_once(heading).unwrap();
    let rows = table.lines().map_while(|line| line.strip_prefix("| ")?.split_once(" |"));
    let listed: Vec<&str> =
        rows.flat_map(|(names, _)| names.split(", ")).map(|name| name.trim_matches('`')).collect();
    let source = pl_stdlib::find_module("std.terms").unwrap();
    let functions = source.lines().filter_map(|line| line.strip_prefix("fn ")?.split_once('('));
    assert_eq!(listed, functions.map(|(name, _)| name).collect::<Vec<_>>());
}
