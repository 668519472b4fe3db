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

/// Derived values for ends of the params' ranges and for numbers between keep to what is declared.
fn assert_derived_in_range(rule: &pl_sema::hir::Rule) {
    let lowered = pl_sema::lower::lower(rule);
    let numbers = |round: u64| {
        let fraction = |(index, param): (u64, &pl_sema::hir::Param)| {
            let bits = pl_fixed::rng::splitmix64(64 * round + index).to_le_bytes()[0];
            let part = match round % 4 {
                0 => f64::from(bits) / 255.0,
                _ => f64::from(bits % 2),
            };
            let (low, high) = (param.interval.low, param.interval.high);
            let number = low + part * (high - low);
            if param.kind == pl_sema::hir::Kind::Int { number.floor() } else { number.min(high) }
        };
        (0..).zip(&rule.params).map(fraction).collect::<Vec<f64>>()
    };
    for params in (0..400).map(numbers) {
        for (value, declared) in lowered.derived.iter().zip(&lowered.module.derived) {
            let raw = value.host.raw(value.format, &params);
            if let Some(range) = &declared.range {
                assert!(range.contains(&raw), "{}: {raw} is not in {range:?}", declared.name);
            }
        }
    }
}

#[test]
fn derived_values_keep_to_their_declared_ranges() {
    for library in pl_stdlib::RULES {
        check(library.source).0.iter().for_each(assert_derived_in_range);
    }
    let (rules, found, _) = check(
        "rule r {
    param a : int in -3 .. 5 = 2
    param b : real in 0.3 .. 9.7 = 1
    param c : real in -2.0 .. 3.0 = 0
    every 10 ms
    synapses {
        weight += a * b - min(c / b, a) * causal + sqrt(b) * abs(c) * acausal
        weight += (a - c) * sign(c) * causal + exp(c) + pow(c, a + 3)
    }
    state ratio : real per rule = 0
    control { ratio = b / a }
}
",
    );
    assert!(!found.iter().any(Diagnostic::is_error), "{found:?}");
    assert_derived_in_range(&rules[0]);
    let lowered = pl_sema::lower::lower(&rules[0]);
    let range = |text: &str| {
        let derived = lowered.module.derived.iter().find(|derived| derived.name.contains(text));
        derived
            .unwrap_or_else(|| panic!("no `{text}` in {:?}", lowered.module.derived))
            .range
            .clone()
    };
    assert!(range("sqrt").is_some() && range("sign").is_some());
    // Nobody promises that these are monotonic; and this divides by 0 for some params.
    assert_eq!([range("exp"), range("pow"), range("(b / a)")], [None, None, None]);
}

#[test]
fn states_and_inputs_declare_the_raw_ends_of_their_ranges() {
    let source = "rule r {
    state depth : int in 0 .. 3 per synapse = 0
    state level : real in -1.0 .. 1.0 per neuron = 0.5
    input busy  : bool per neuron = false
    state any   : int in -32768 .. 32767 per row = 0
    every 10 ms
    synapses { depth = 2 }
}
";
    let (rules, found, _) = check(source);
    assert!(!found.iter().any(Diagnostic::is_error), "{found:?}");
    let objects = pl_sema::lower::lower(&rules[0]).module.objects;
    let ranges: Vec<_> = objects.iter().map(|object| object.range.clone()).collect();
    assert_eq!(ranges, [Some(0..=3), Some(-16384..=16384), Some(0..=1), None]);
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
