//! `tests/golden/verify/*.ir`: each file breaks one rule of the verifier.
//!
//! A line whose item breaks a rule ends in `; error: rule N`, with a comma between several. What a
//! declaration breaks is noted at the line `module`, what a terminator or parameter breaks at its
//! block's. Values are numbered in the order of their definition.

use pl_ir::{VerifyError, parse, verify};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Rules of the list at the top of `verify.rs`.
const RULES: u32 = 12;

/// Broken rules by line number.
type Findings = BTreeMap<usize, Vec<u32>>;

fn expected(text: &str) -> Findings {
    let note = |line: &str| -> Vec<u32> {
        let rules = line.split_once("; error: ").map_or("", |(_, rules)| rules);
        rules.split_terminator(", ").filter_map(|r| r.strip_prefix("rule ")?.parse().ok()).collect()
    };
    text.lines().map(note).enumerate().filter(|(_, rules)| !rules.is_empty()).collect()
}

/// The line an error is about, found by the names that the error gives.
fn line_of(text: &str, error: &VerifyError) -> Option<usize> {
    let item = |line: &str| line.split(';').next().unwrap_or("").trim().to_owned();
    let (mut function, mut block) = (String::new(), String::new());
    text.lines().position(|line| {
        let line = item(line);
        let word = line.split(['(', ' ']).next().unwrap_or("");
        if word == "function" {
            function = line.split(' ').nth(1).unwrap_or("").to_owned();
            block.clear();
        } else if word.starts_with("block") {
            block = word.to_owned();
        }
        let found = match (&error.block, &error.text) {
            (None, None) if error.function.is_empty() => word == "module",
            (None, _) => word == "function",
            (Some(_), None) => word == block && !block.is_empty(),
            (Some(_), Some(text)) => untyped(&line) == *text,
        };
        let wanted = error.block.map(|block| block.to_string()).unwrap_or_default();
        found && function == error.function && block == wanted
    })
}

/// An instruction without the type of its result.
fn untyped(line: &str) -> String {
    match line.split_once(" = ") {
        Some((result, rest)) => {
            format!("{} = {rest}", result.split(':').next().unwrap_or(""))
        }
        None => line.to_owned(),
    }
}

#[test]
fn each_golden_file_breaks_the_rules_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/verify");
    let entries = std::fs::read_dir(&folder).expect("the golden files are there");
    let mut covered = BTreeSet::new();
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let module = parse::module(&text).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        let expected = expected(&text);
        assert!(!expected.is_empty(), "{name} expects nothing");
        covered.extend(expected.values().flatten().copied());
        let errors = verify(module).err().unwrap_or_default();
        let mut found = Findings::new();
        for error in &errors {
            let line = line_of(&text, error).unwrap_or_else(|| panic!("{name}: where is {error}?"));
            found.entry(line).or_default().push(error.rule);
        }
        assert_eq!(found, expected, "{name}, lines from 0: {errors:#?}");
    }
    assert_eq!(covered, (1..=RULES).collect(), "every rule has a file");
}
