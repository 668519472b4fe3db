//! Rules of the library are checked and lowered without a complaint.

use pl_diag::{Diagnostic, SourceMap, render};

fn check(text: &str) -> (Vec<pl_sema::hir::Rule>, Vec<Diagnostic>, SourceMap) {
    let mut sources = SourceMap::new();
    let file = sources.add("rule.pl", text);
    let (module, mut found) = pl_syntax::parse(file, text);
    let (rules, more) = module.as_ref().map(pl_sema::check).unwrap_or_default();
    found.extend(more);
    (rules, found, sources)
}

#[test]
fn library_rules_lower_to_sound_ir() {
    for library in pl_stdlib::RULES {
        let (rules, found, sources) = check(library.source);
        assert!(found.is_empty(), "{}", render::render(&found, &sources, render::Style::Plain));
        for rule in &rules {
            let lowered = pl_sema::lower::lower(rule);
            let text = pl_ir::print::module(&lowered.module);
            if let Err(errors) = pl_ir::verify(lowered.module) {
                panic!("{}: {errors:?}\n{text}", library.name);
            }
        }
    }
}
