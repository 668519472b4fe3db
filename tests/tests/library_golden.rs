//! The library's golden runs: what every rule makes of the same sensors in a few updates, on every
//! engine. A run is a `test` block under `golden/library`; `PLC_BLESS=1` writes them, from what the
//! evaluator gives.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_driver::ir::Scope;
use pl_driver::sema::hir::{Kind, State};
use pl_driver::{Compilation, Rule, Session};
use pl_fixed::rng::splitmix64;
use pl_stdlib::StdRule;
use plc::EngineKind;
use std::fmt::Write as _;
use std::path::PathBuf;

const ROWS: usize = 3;
const COLUMNS: usize = 6;
const UPDATES: usize = 6;
/// No quantity has this value.
const IMPOSSIBLE: &str = "-30000";

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("golden/library/{name}.pl"))
}

/// The rule with a test.
fn compile(rule: &StdRule, test: &str) -> Compilation {
    let compiled = Session::default().compile(rule.name, &format!("{}\n{test}", rule.source));
    assert!(!compiled.has_errors(), "{}: {:?}\n{test}", rule.name, compiled.diagnostics);
    compiled
}

/// Values in `low..=high`, in steps of `step`, different for each name, row and column.
struct Values {
    low: f64,
    high: f64,
    step: f64,
}

impl Values {
    fn at(&self, name: &str, row: usize, column: usize) -> f64 {
        let letters = name.bytes().fold(7, |hash, byte| splitmix64(hash ^ u64::from(byte)));
        let hash = splitmix64(letters ^ (256 * row + column) as u64);
        let steps = ((self.high - self.low) / self.step).floor() + 1.0;
        let fraction = f64::from(u16::try_from(hash & 0xffff).unwrap()) / 65536.0;
        self.low + self.step * (fraction * steps).floor()
    }

    fn of_input(input: &State) -> Values {
        let (low, high) = (input.interval.low, input.interval.high);
        let whole = input.kind != Kind::Real;
        Values { low, high, step: if whole { 1.0 } else { (high - low) / 16.0 } }
    }
}

/// A list of values, as a test says them.
fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<String>>().join(", "))
}

/// Values of a quantity of this scope.
fn shaped(scope: Scope, value: impl Fn(usize, usize) -> String) -> String {
    let columns = |row: usize| list((0..COLUMNS).map(|column| value(row, column)));
    match scope {
        Scope::Synapse => list((0..ROWS).map(columns)),
        Scope::Neuron => columns(0),
        Scope::Row => list((0..ROWS).map(|row| value(row, 0))),
        Scope::Rule => value(0, 0),
    }
}

/// What the chip shows the rule.
fn givens(rule: &Rule) -> String {
    let mut text = String::new();
    let mut give = |name: &str, scope: Scope, values: &Values| {
        let list = shaped(scope, |row, column| values.at(name, row, column).to_string());
        writeln!(text, "    given {name} = {list}").unwrap();
    };
    let whole = |low: f64, high: f64| Values { low, high, step: 1.0 };
    give("weight", Scope::Synapse, &whole(0.0, 63.0));
    give("address", Scope::Synapse, &whole(0.0, 63.0));
    give("causal", Scope::Synapse, &whole(-4.0, 40.0));
    give("acausal", Scope::Synapse, &whole(-4.0, 40.0));
    give("rate", Scope::Neuron, &whole(0.0, 80.0));
    give("membrane", Scope::Neuron, &whole(60.0, 160.0));
    for input in rule.hir().states.iter().filter(|state| state.input) {
        give(&input.name, input.scope, &Values::of_input(input));
    }
    text
}

/// A test with these expectations.
fn block(rule: &Rule, expectations: &str) -> String {
    format!(
        "test golden for {} {{\n    view {ROWS} rows, {COLUMNS} columns\n    seed 1\n{}    run \
         {UPDATES} updates\n{expectations}}}\n",
        rule.name(),
        givens(rule),
    )
}

/// What the evaluator leaves, as expectations.
fn expectations(rule: &StdRule, compiled: &Rule) -> String {
    // A test has no names for elements of arrays.
    let named = |name: &str| !name.contains('.');
    let states = compiled.hir().states.iter().filter(|state| !state.input && named(&state.name));
    let mut quantities = vec![("weight".to_owned(), Scope::Synapse)];
    quantities.push(("address".to_owned(), Scope::Synapse));
    quantities.extend(states.map(|state| (state.name.clone(), state.scope)));
    let mut text = String::new();
    for (name, scope) in quantities {
        let probe = block(compiled, &format!("    expect {name} == {IMPOSSIBLE}\n"));
        let probed = compile(rule, &probe);
        let test = probed.tests.last().unwrap();
        let found = plc::run_test(&probed.rules[0], test, EngineKind::Eval).unwrap();
        let places = &found[0].places;
        let value = |row: usize, column: usize| {
            let here = |place: Option<usize>, index: usize| place.is_none_or(|at| at == index);
            let place =
                places.iter().find(|place| here(place.row, row) && here(place.column, column));
            place.unwrap().sides.unwrap().0.to_string()
        };
        writeln!(text, "    expect {name} == {}", shaped(scope, value)).unwrap();
    }
    text
}

#[test]
fn golden_runs_of_the_library_hold_on_every_engine() {
    let bless = std::env::var_os("PLC_BLESS").is_some();
    for rule in pl_stdlib::RULES {
        if bless {
            let compiled = compile(rule, "");
            let compiled = &compiled.rules[0];
            let text = block(compiled, &expectations(rule, compiled));
            std::fs::write(path(rule.name), text).unwrap();
        }
        let golden = std::fs::read_to_string(path(rule.name));
        let golden = golden.unwrap_or_else(|_| panic!("{}: PLC_BLESS=1 writes it", rule.name));
        let compiled = compile(rule, &golden);
        let test = compiled.tests.last().unwrap();
        for kind in EngineKind::EXACT {
            let found = plc::run_test(&compiled.rules[0], test, kind);
            assert_eq!(found, Ok(Vec::new()), "{}, {}", rule.name, kind.name());
        }
    }
    let files = std::fs::read_dir(path("x").parent().unwrap()).unwrap();
    assert_eq!(files.count(), pl_stdlib::RULES.len(), "a file for each rule and no more");
}
