//! The rule in real numbers against the rule in fixed point.

#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]

use pl_driver::ir::io::COLUMNS;
use pl_driver::ir::testing::State;
use pl_driver::{Engine, Instance, Place, Rule, Session, stdlib};

const ROWS: usize = 3;

fn rule(source: &str) -> Rule {
    let compiled = Session::default().compile("rule.pl", source);
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    compiled.rules[0].clone()
}

fn instance(rule: &Rule, engine: Engine, seed: u64) -> Instance {
    let place = Place { hemisphere: 0, rows: ROWS, stream_key: seed, record_capacity: 4 };
    rule.instance(engine, &place)
}

/// Sensor readings, weights and addresses of a view of all columns.
fn arrays(rule: &Rule, seed: u64) -> State {
    let mut state = State::random(rule.module(), seed, ROWS);
    state.io.columns.fill(0xff);
    state.io.weights.iter_mut().for_each(|weight| *weight &= 0x3f);
    state.io.addresses.iter_mut().for_each(|address| *address &= 0x3f);
    state
}

#[test]
fn one_update_of_the_library_differs_by_rounding_only() {
    for entry in stdlib::RULES {
        let rule = rule(entry.source);
        for seed in 0..4 {
            let mut io = [(); 2].map(|()| arrays(&rule, seed).io);
            for (engine, io) in [Engine::Eval, Engine::Ideal].into_iter().zip(&mut io) {
                let mut instance = instance(&rule, engine, seed);
                instance.start(&mut io.lend()).unwrap();
                instance.update(&mut io.lend()).unwrap();
            }
            let [exact, ideal] = io;
            let far = exact.weights.iter().zip(&ideal.weights).filter(|(a, b)| a.abs_diff(**b) > 1);
            // A decision near its threshold may go the other way.
            let allowed = ROWS * COLUMNS / 50;
            assert!(far.count() <= allowed, "{}, seed {seed}", entry.name);
            let moved = exact.addresses.iter().zip(&ideal.addresses).filter(|(a, b)| a != b);
            assert!(moved.count() <= allowed, "{}, seed {seed}", entry.name);
            assert_eq!(exact.rate_reset, ideal.rate_reset, "{}", entry.name);
        }
    }
}

#[test]
fn integers_states_and_records_are_the_same_and_what_rounds_away_adds_up() {
    let source = "
        rule slow {
            state count : int in 0 .. 100 per neuron = 0
            every 1 ms
            synapses { weight += 0.125 }
            neurons { count += 2; reset rate }
            record weight, count every 2 updates
        }";
    let rule = rule(source);
    let mut ends = Vec::new();
    for engine in [Engine::Eval, Engine::Ideal] {
        let mut io = arrays(&rule, 1).io;
        io.weights.fill(10);
        let mut instance = instance(&rule, engine, 1);
        for _ in 0..8 {
            instance.update(&mut io.lend()).unwrap();
        }
        ends.push((io.weights[0], instance.state.objects.clone(), instance.state.records.clone()));
        let real = instance.real_weights().first().copied();
        assert_eq!(real, (engine == Engine::Ideal).then_some(11.0));
    }
    assert_eq!((ends[0].0, ends[1].0), (10, 11), "an eighth is lost in fixed point");
    assert_eq!(ends[0].1, ends[1].1);
    assert_eq!(ends[0].2[0].samples.len(), 4);
    assert_eq!(ends[0].2[0].samples[3].fields[1], ends[1].2[0].samples[3].fields[1]);
}

#[test]
fn weights_that_somebody_else_writes_are_taken_over() {
    let rule = rule("rule up {\n every 1 ms\n synapses { weight += 0.25 }\n}\n");
    let mut io = arrays(&rule, 1).io;
    io.weights.fill(10);
    let mut instance = instance(&rule, Engine::Ideal, 1);
    instance.update(&mut io.lend()).unwrap();
    assert_eq!(instance.real_weights()[5].to_bits(), 10.25f64.to_bits());
    io.weights[5] = 40;
    instance.update(&mut io.lend()).unwrap();
    assert_eq!(instance.real_weights()[5].to_bits(), 40.25f64.to_bits());
    assert_eq!(instance.real_weights()[6].to_bits(), 10.5f64.to_bits());
}
