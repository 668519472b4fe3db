//! The editors' grammar knows the words of the language.

#![allow(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use pl_driver::sema::builtins::{FUNCTIONS, QUANTITIES};
use pl_driver::syntax;

const GRAMMAR: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../editors/vscode/syntaxes/plasticity-rule.tmLanguage.json"
));

/// The alternatives of a pattern's first group.
fn words(name: &str) -> Vec<String> {
    let grammar: serde_json::Value = serde_json::from_str(GRAMMAR).unwrap();
    let pattern = grammar["repository"][name]["match"].as_str().unwrap().to_owned();
    let group = pattern.split("(?:").nth(1).unwrap().split(')').next().unwrap();
    let mut words: Vec<String> = group.split('|').map(str::to_owned).collect();
    words.sort();
    words
}

fn sorted<'w>(words: impl Iterator<Item = &'w str>) -> Vec<String> {
    let mut words: Vec<String> = words.map(str::to_owned).collect();
    words.sort();
    words
}

#[test]
fn grammar_and_language_have_the_same_words() {
    assert_eq!(words("keyword"), sorted(syntax::keywords()));
    assert_eq!(words("quantity"), sorted(QUANTITIES.iter().map(|quantity| quantity.name)));
    assert_eq!(words("function"), sorted(FUNCTIONS.iter().map(|function| function.name)));
}
