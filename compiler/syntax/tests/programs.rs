//! Programs that must parse.

use pl_diag::{SourceMap, render};
use pl_syntax::parse;

fn check(text: &str) {
    let mut sources = SourceMap::new();
    let file = sources.add("example.pl", text);
    let found = parse(file, text).1;
    assert!(found.is_empty(), "{}", render::render(&found, &sources, render::Style::Plain));
}

#[test]
fn library_rules() {
    check(include_str!("../../../stdlib/rules/structural.pl"));
    check(include_str!("../../../stdlib/rules/additive_stdp.pl"));
    check(include_str!("../../../stdlib/rules/homeostasis_sign.pl"));
}
