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

/// Codes of what is wrong with a rule of these lines.
fn codes(lines: &str) -> Vec<&'static str> {
    let (_, found, _) = check(&format!("rule r {{\n every 10 ms\n{lines}\n}}\n"));
    found.iter().map(|diagnostic| diagnostic.code.name()).collect()
}

#[test]
fn truth_values_can_be_kept_and_are_no_numbers() {
    let sound = "state busy : bool per neuron = false
        neurons { busy = rate > 20 or (busy and rate > 10); reset rate }
        synapses { let b : bool = not busy\n if b { weight += 1 } }
        record busy every 2 updates";
    assert_eq!(codes(sound), Vec::<&str>::new());
    for wrong in [
        "state busy : bool per neuron = 0.5",
        "state busy : bool per neuron = false\n neurons { busy = rate }",
        "state count : int per neuron = 0\n neurons { count = rate > 3 }",
        "state busy : bool per neuron = false\n neurons { let x = busy + 1 }",
        "neurons { let x : bool = rate }",
    ] {
        assert_eq!(codes(wrong), ["E0301"], "{wrong}");
    }
}

#[test]
fn conditions_outlive_reductions() {
    // A reduction over synapses ends the block that a mask belongs to.
    let lines = "state total : int in 0 .. 999 per neuron = 0
        neurons {
            let often = rate > 20
            if rate > 3 {
                total = sum of weight over synapses
                if often and (count of weight > 3 over synapses) > 2 { total += 1; reset rate }
            } else { total = 0 }
        }";
    let (rules, found, _) = check(&format!("rule r {{\n every 10 ms\n{lines}\n}}\n"));
    assert!(found.is_empty(), "{found:?}");
    let lowered = pl_sema::lower::lower(&rules[0]);
    assert!(pl_ir::verify(lowered.module).is_ok());
}
