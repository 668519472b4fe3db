//! Rules of the library are checked and lowered without a complaint.

use pl_diag::{Diagnostic, SourceMap, render};

fn check(text: &str) -> (Vec<pl_sema::hir::Rule>, Vec<Diagnostic>, SourceMap) {
    let mut sources = SourceMap::new();
    let file = sources.add("rule.pl", text);
    let (module, mut found) = pl_syntax::parse(file, text);
    let (rules, more) = module.as_ref().map(alone).unwrap_or_default();
    found.extend(more);
    (rules, found, sources)
}

/// Checks a file that imports nothing but what the library offers.
fn alone(file: &pl_syntax::ast::Module) -> (Vec<pl_sema::hir::Rule>, Vec<Diagnostic>) {
    let mut modules = std::collections::BTreeMap::new();
    for module in pl_stdlib::MODULES {
        let mut sources = SourceMap::new();
        let (parsed, _) = pl_syntax::parse(sources.add(module.path, module.source), module.source);
        modules.insert(module.path.to_owned(), parsed.expect("modules of the library parse"));
    }
    pl_sema::check(&pl_sema::Program { file, modules: &modules })
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
