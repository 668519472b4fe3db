//! The rule in real numbers against the rule in fixed point.

#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]

use pl_driver::ir::io::COLUMNS;
use pl_driver::ir::testing::State;
use pl_driver::{Engine, Instance, Place, Rule, Session, Step, stdlib};

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

/// A step in which every sensor and counter reads the same.
fn step(share: f64, causal: f64, acausal: f64, rate: f64) -> Step {
    let plane = |value| vec![value; ROWS * COLUMNS];
    let (causal, acausal) = (plane(causal), plane(acausal));
    Step { share, causal, acausal, rates: vec![rate; COLUMNS] }
}

#[test]
fn an_update_in_steps_is_the_sum_of_their_shares() {
    let source = "
        rule decaying {
            every 1 ms
            synapses {
                weight += 0.5 * (causal - acausal) + 0.25 * rate - 0.5 * weight
                reset causal, acausal
            }
            neurons { reset rate }
            record weight every 1 updates
        }";
    let rule = rule(source);
    assert!(rule.changes_weights_alone());
    let weight_after = |steps: Vec<Step>| {
        let mut io = arrays(&rule, 1).io;
        io.weights.fill(20);
        let mut instance = instance(&rule, Engine::Ideal, 1);
        instance.update_in_steps(steps, &mut io.lend()).unwrap();
        assert_eq!(instance.state.update_index, 1);
        assert!(instance.state.records[0].samples.is_empty());
        let weights = instance.real_weights().to_vec();
        assert!(weights.iter().all(|weight| *weight == weights[0]));
        (weights[0], io.weights[0])
    };
    // 20 + 3 + 2 - 10, at once.
    assert_eq!(weight_after(vec![step(1.0, 8.0, 2.0, 8.0)]), (15.0, 15));
    // Halfway to 20 + 3 + 4 - 10, and from there halfway to 18.5 - 1 - 9.25.
    let halves = vec![step(0.5, 8.0, 2.0, 16.0), step(0.5, 0.0, 2.0, 0.0)];
    assert_eq!(weight_after(halves), (18.5 - 0.5 * 10.25, 13));
    // A step of another view is refused.
    let mut io = arrays(&rule, 1).io;
    let mut instance = instance(&rule, Engine::Ideal, 1);
    let small = Step { rates: vec![0.0; 3], ..step(1.0, 0.0, 0.0, 0.0) };
    assert!(instance.update_in_steps(vec![small], &mut io.lend()).is_err());
    let small = Step { causal: vec![0.0; 3], ..step(1.0, 0.0, 0.0, 0.0) };
    assert!(instance.update_in_steps(vec![small], &mut io.lend()).is_err());
}

#[test]
fn rules_that_draw_keep_state_or_count_on_have_no_steps() {
    let body = |body: &str| format!("rule r {{ every 1 ms\n synapses {{ {body} }} }}");
    let alone = |source: &str| rule(source).changes_weights_alone();
    assert!(alone(&body("weight += causal\n reset causal")));
    assert!(!alone(&body("weight += causal")), "correlation that goes on adding up");
    assert!(!alone(&body("weight += causal - acausal\n reset causal")), "one branch goes on");
    assert!(!alone(&body("weight += causal\n if weight > 9 { reset causal }")), "some go on");
    assert!(!alone(&body("weight += rate")), "a counter that goes on counting");
    assert!(!alone(&format!(
        "rule r {{ every 1 ms {{ {} }}\n every 10 ms {{ {} }} }}",
        "synapses { weight += causal\n reset causal }",
        "synapses { weight -= rate }\n neurons { reset rate }",
    )));
    assert!(!alone(&body("weight += uniform(0 .. 1)")));
    assert!(!alone(&body("address = 3")));
    assert!(!alone(
        "rule r { state s : int in 0 .. 9 per neuron = 0\n every 1 ms\n neurons { s = s + 1 } }"
    ));
}
