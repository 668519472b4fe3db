//! Every code of the lexer and the grammar has an example that makes it and one that does not.

use pl_diag::{CODES, Diagnostic, SourceMap, render};
use pl_syntax::parse;

fn diagnostics(text: &str) -> (String, Vec<Diagnostic>) {
    let mut sources = SourceMap::new();
    let file = sources.add("example.pl", text);
    let found = parse(file, text).1;
    (render::render(&found, &sources, render::Style::Plain), found)
}

#[test]
fn wrong_examples_make_their_code_and_right_ones_nothing() {
    let of_syntax = |name: &str| name < "E0200" || name == "W0701";
    for info in CODES.iter().filter(|info| of_syntax(info.name) && !info.wrong.is_empty()) {
        let (text, found) = diagnostics(info.wrong);
        assert!(found.iter().any(|found| found.code == info.code), "{}:\n{text}", info.name);
        assert!(found.iter().all(|found| found.code == info.code), "{}:\n{text}", info.name);
        let (text, found) = diagnostics(info.right);
        assert!(found.is_empty(), "{} mended:\n{text}", info.name);
    }
}
