//! The editors' grammar knows the words of the language.

#![allow(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use pl_driver::sema::builtins::{FUNCTIONS, QUANTITIES};
use pl_driver::syntax;
use pl_driver::syntax::ast::{ReduceOp, UnitKind};
use std::fs;
use std::path::Path;

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
    assert_eq!(words("reduction"), sorted(ReduceOp::ALL.iter().map(|(_, word)| *word)));
    assert_eq!(words("unit"), sorted(UnitKind::ALL.iter().map(|(_, word)| *word)));
    let contextual = syntax::contextual_words();
    let mut known: Vec<String> = ["quantity", "reduction", "type", "unit", "contextual"]
        .into_iter()
        .flat_map(words)
        .collect();
    known.retain(|word| word.chars().all(char::is_alphabetic));
    let missing = contextual.iter().filter(|word| known.iter().all(|known| known != word.name));
    assert_eq!(missing.count(), 0, "contextual words of {known:?}");
    let is_known = |word: &&String| contextual.iter().any(|known| known.name == **word);
    let idle: Vec<String> = words("contextual").iter().filter(|w| !is_known(w)).cloned().collect();
    assert_eq!(idle, [""; 0], "these mean nothing");
}

/// What `vsce package` asks of an extension: the files that its manifest names, a version, an engine.
#[test]
fn the_extension_has_what_packages_need() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../editors/vscode");
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let manifest = read("package.json");
    for key in ["name", "publisher", "version", "license", "description"] {
        assert!(manifest[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
    assert!(manifest["engines"]["vscode"].as_str().unwrap().starts_with('^'));
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let language = &manifest["contributes"]["languages"][0];
    let grammar = &manifest["contributes"]["grammars"][0];
    assert_eq!(grammar["language"], language["id"]);
    assert_eq!(grammar["scopeName"], read(grammar["path"].as_str().unwrap())["scopeName"]);
    read(language["configuration"].as_str().unwrap());
    let main = fs::read_to_string(folder.join(manifest["main"].as_str().unwrap())).unwrap();
    for dependency in manifest["dependencies"].as_object().unwrap().keys() {
        assert!(main.contains(dependency), "{dependency}");
    }
    assert!(folder.join("README.md").exists());
}
