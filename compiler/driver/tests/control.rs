//! What `control` blocks and statements of `start` compute, by hand.

#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]

use pl_driver::ir::testing::State;
use pl_driver::{Engine, Instance, Place, Rule, Session};
use pl_fixed::rng;

const SEED: u64 = 5;

fn rule(source: &str) -> Rule {
    let compiled = Session::default().compile("rule.pl", source);
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    compiled.rules[0].clone()
}

/// An instance after `start` and so many updates, on one engine.
fn run(rule: &Rule, engine: Engine, updates: u32) -> Instance {
    let place = Place { hemisphere: 0, rows: 2, stream_key: SEED, record_capacity: 0 };
    let mut instance = rule.instance(engine, &place);
    let mut io = State::random(rule.module(), SEED, 2).io;
    instance.start(&mut io.lend()).unwrap();
    for _ in 0..updates {
        instance.update(&mut io.lend()).unwrap();
    }
    instance
}

/// Value of a state of the rule.
fn value(instance: &Instance, name: &str) -> f64 {
    let rule = instance.rule();
    let state = rule.hir().states.iter().find(|state| state.name == name).unwrap();
    let format = pl_sema::lower::state_format(state);
    let index = rule.module().objects.iter().position(|object| object.name == name).unwrap();
    let pl_driver::ir::io::ObjectValues::Scalars(words) = &instance.state.objects[index] else {
        panic!("{name} belongs to the rule")
    };
    f64::from(words[0]) / format.scale()
}

#[test]
fn statements_of_start_run_once_in_order_with_blocks() {
    let rule = rule(
        "rule r {
            state a : int in 0 .. 100 per rule = 1
            state b : int in 0 .. 100 per neuron = 0
            state c : int in 0 .. 30000 per rule = 0
            start {
                let three = 3
                a = a + three
                neurons { b = a }
                c = max of b over neurons
                c = c + three_more(a)
            }
            every 1 ms
            control { c += 1 }
        }
        fn three_more(x) = x + 3",
    );
    for engine in [Engine::Eval, Engine::Jit, Engine::Ideal] {
        let instance = run(&rule, engine, 2);
        assert_eq!(value(&instance, "a"), 4.0);
        assert_eq!(value(&instance, "c"), 4.0 + 7.0 + 2.0);
    }
}

#[test]
fn control_draws_from_the_generator_of_the_instance() {
    let rule = rule(
        "rule r {
            state a : int in 0 .. 32000 per rule = 0
            state b : int in 0 .. 32000 per rule = 0
            every 1 ms
            control {
                a = randint(0, 1000)
                b = randint(0, 1000)
            }
        }",
    );
    let mut word = rng::scalar_seed(SEED);
    let expected = [(); 2].map(|()| {
        word = rng::xorshift32(word);
        f64::from((((word & 0xffff) >> 1) * 1000) >> 15)
    });
    for engine in [Engine::Eval, Engine::Jit, Engine::Ideal] {
        let instance = run(&rule, engine, 1);
        assert_eq!(["a", "b"].map(|name| value(&instance, name)), expected);
        assert_eq!(instance.state.rng_word, word);
    }
}
