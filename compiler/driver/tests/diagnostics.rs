//! What users are told: every code's own example, and golden files of whole mistakes.
//!
//! `tests/golden/diag/NAME.pl` is a wrong source, `NAME.txt` what is said about it. With
//! `PLC_BLESS=1` the second is written anew.
#![allow(clippy::unwrap_used, reason = "golden files that cannot be read fail the test")]

use pl_diag::{CODES, render};
use pl_driver::{Compilation, Session};
use std::path::{Path, PathBuf};

fn compile(name: &str, text: &str) -> Compilation {
    Session::default().compile(name, text)
}

fn compile_bytes(name: &str, bytes: &[u8]) -> Compilation {
    Session::default().compile_with(name, bytes, &|_| None, &mut |_, _| {})
}

fn rendered(compiled: &Compilation) -> String {
    render::render(&compiled.diagnostics, &compiled.sources, render::Style::Plain)
}

#[test]
fn every_example_shows_its_code_and_its_mending_shows_nothing() {
    let mut examples = 0;
    for row in CODES.iter().filter(|row| !row.wrong.is_empty()) {
        let wrong = compile("wrong.pl", row.wrong);
        let codes: Vec<&str> = wrong.diagnostics.iter().map(|d| d.code.info().name).collect();
        assert!(codes.contains(&row.name), "{}: {codes:?}\n{}", row.name, rendered(&wrong));
        let right = compile("right.pl", row.right);
        let quiet = right.diagnostics.iter().all(|d| d.code.info().name != row.name);
        assert!(quiet && !right.has_errors(), "{}: {}", row.name, rendered(&right));
        examples += 1;
    }
    assert!(examples >= 20, "only {examples} examples");
}

#[test]
fn rules_of_the_reference_compile() {
    let reference = include_str!("../../LANGUAGE.md");
    let examples: Vec<&str> =
        reference.split("```rule\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 2, "{} examples", examples.len());
    for example in examples {
        let compiled = compile("LANGUAGE.md", example);
        assert!(!compiled.has_errors(), "{example}\n{}", rendered(&compiled));
    }
}

fn golden_sources() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/diag");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "pl"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

#[test]
fn golden_mistakes_are_reported_as_before() {
    let bless = std::env::var_os("PLC_BLESS").is_some();
    let mut different = Vec::new();
    for path in golden_sources() {
        let name = format!("{}.pl", stem(&path));
        let compiled = compile_bytes(&name, &std::fs::read(&path).unwrap());
        let found = rendered(&compiled);
        let expected_path = path.with_extension("txt");
        if bless {
            std::fs::write(&expected_path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        if found != expected {
            different.push(format!("{name}\n--- expected\n{expected}\n--- found\n{found}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Codes without a file: a source that is too large, what targets say, and E0412, which has none yet
/// beside the examples of the table.
const WITHOUT_FILE: &[&str] = &["E0006", "E0412", "E0605"];

#[test]
fn every_code_has_a_golden_file_that_shows_it() {
    let files = golden_sources();
    for row in CODES.iter().filter(|row| !WITHOUT_FILE.contains(&row.name)) {
        let file = files.iter().find(|path| stem(path).starts_with(&format!("{}_", row.name)));
        let file = file.unwrap_or_else(|| panic!("no golden file {}_..", row.name));
        let compiled = compile_bytes(stem(file), &std::fs::read(file).unwrap());
        let shows = compiled.diagnostics.iter().any(|found| found.code == row.code);
        assert!(shows, "{}:\n{}", stem(file), rendered(&compiled));
    }
    let codes: Vec<&str> = CODES.iter().map(|row| row.name).collect();
    assert!(codes.len() >= 60, "{} codes", codes.len());
    let huge = "// data\n".repeat(600_000);
    let found = compile_bytes("huge.pl", huge.as_bytes()).diagnostics;
    assert_eq!(found.iter().map(|found| found.code.name()).collect::<Vec<_>>(), ["E0006"]);
}

#[test]
fn ten_mistakes_give_ten_diagnostics() {
    let path = golden_sources().into_iter().find(|path| stem(path) == "ten_mistakes").unwrap();
    let compiled = compile("ten_mistakes.pl", &std::fs::read_to_string(path).unwrap());
    assert_eq!(compiled.diagnostics.len(), 10, "{}", rendered(&compiled));
}

#[test]
fn any_bytes_give_diagnostics_and_no_panic() {
    let library = pl_stdlib::RULES.iter().flat_map(|rule| {
        // Every prefix, and every source with one byte exchanged.
        let bytes = rule.source.as_bytes();
        let cut = (0..bytes.len()).step_by(7).map(|end| bytes[..end].to_vec());
        let changed = (0..bytes.len()).step_by(11).map(|at| {
            let mut copy = bytes.to_vec();
            copy[at] = [b'}', b'(', b'"', 0xff, b'0', b' '][at % 6];
            copy
        });
        cut.chain(changed).collect::<Vec<_>>()
    });
    for bytes in library {
        let compiled = Session::default().compile_with("x.pl", &bytes, &|_| None, &mut |_, _| {});
        assert!(compiled.rules.is_empty() || !compiled.has_errors());
    }
}

/// Sources that are deep, long or huge at one place, with the codes of which one is said.
fn extreme_sources() -> Vec<(&'static str, String, &'static [&'static str])> {
    const DEEP: usize = 20_000;
    let rule =
        |body: &str| format!("rule r {{\n    every 8 ms\n    synapses {{\n{body}\n    }}\n}}\n");
    let nested = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(DEEP), close.repeat(DEEP))
    };
    let value = |expr: String| rule(&format!("weight = {expr}"));
    let blocks = nested("if weight > 1 {\n", "weight = 2", "\n}");
    let loops = nested("for i in 0 .. 2 {\n", "weight = 2", "\n}");
    let branches = "weight = 2\n} else if weight > 1 {\n".repeat(DEEP);
    vec![
        ("parentheses", value(nested("(", "1", ")")), &["E0115"]),
        ("open parentheses", value("(".repeat(DEEP)), &["E0103", "E0115"]),
        ("calls", value(nested("abs(", "weight", ")")), &["E0115"]),
        ("minus", value("-".repeat(DEEP) + "1"), &["E0115"]),
        ("not", rule(&format!("if {}true {{ weight = 1 }}", "not ".repeat(DEEP))), &["E0115"]),
        ("lists", value(nested("[", "1", "]")), &["E0115"]),
        ("if", rule(&blocks), &["E0115"]),
        ("for", rule(&loops), &["E0115"]),
        ("else if", rule(&format!("if weight > 3 {{ {branches} weight = 3 }}")), &["E0115"]),
        ("rules in rules", nested("rule r {\n", "", "\n}"), &["E0103"]),
        ("integer", value("9".repeat(DEEP)), &["E0003"]),
        ("fraction", value("0.".to_owned() + &"3".repeat(DEEP)), &[]),
        ("name", value("w".repeat(DEEP)), &["E0201"]),
        ("sum", value("weight + ".repeat(DEEP) + "1"), &["E0115", "E0402"]),
    ]
}

#[test]
fn deep_and_huge_sources_get_a_diagnostic() {
    let mut wrong = Vec::new();
    for (name, source, codes) in extreme_sources() {
        let begin = std::time::Instant::now();
        let compiled = compile_bytes("extreme.pl", source.as_bytes());
        let found: Vec<&str> = compiled.diagnostics.iter().map(|d| d.code.info().name).collect();
        let said = codes.is_empty() || found.iter().any(|code| codes.contains(code));
        if !said {
            wrong.push(format!("{name}: {found:?}"));
        }
        let text = rendered(&compiled);
        assert!(text.len() < 100_000, "{name}: {} bytes", text.len());
        let took = begin.elapsed();
        assert!(took.as_secs() < 20, "{name} took {took:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
