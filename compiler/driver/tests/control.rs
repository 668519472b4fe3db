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
        ((f64::from(word) * 1000.0) / 4_294_967_296.0).floor()
    });
    for engine in [Engine::Eval, Engine::Jit, Engine::Ideal] {
        let instance = run(&rule, engine, 1);
        assert_eq!(["a", "b"].map(|name| value(&instance, name)), expected);
        assert_eq!(instance.state.rng_word, word);
    }
}

/// Runs a rule on the engines that agree, and gives the instance.
fn agreed(rule: &Rule, updates: u32) -> Instance {
    let [eval, jit] = [Engine::Eval, Engine::Jit].map(|engine| run(rule, engine, updates));
    assert_eq!(eval.state.objects, jit.state.objects);
    eval
}

#[test]
fn numbers_have_32_bits_and_saturate() {
    let rule = rule(
        "rule r {
            state a : real per rule = 100.5
            state b : real per rule = -0.25
            state n : int in 0 .. 2000000 per rule = 70000
            state product : real per rule = 0
            state quotient : real per rule = 0
            state third : real per rule = 0
            state by_zero : real per rule = 0
            state below_zero : real per rule = 0
            state zeros : real per rule = 1
            state square : int per rule = 0
            state share : real per rule = 0
            state large : real per rule = 0
            state rounded : int per rule = 0
            every 1 ms
            control {
                product = a * b
                quotient = a / b
                third = 1 / (n - 69997)
                by_zero = a / (n - 70000)
                below_zero = b / (n - 70000)
                zeros = (a - a) / 0
                square = n * n
                share = 3 * n / n
                large = a * a * a
                rounded = b * 10
            }
        }",
    );
    let instance = agreed(&rule, 1);
    let expected = [
        ("product", -25.125),
        ("quotient", -402.0),
        ("third", 21845.0 / 65536.0),
        ("by_zero", f64::from(i32::MAX) / 65536.0),
        ("below_zero", -32768.0),
        ("zeros", 0.0),
        ("square", f64::from(i32::MAX)),
        ("share", 3.0),
        ("large", f64::from(i32::MAX) / 65536.0),
        // -2.5: ties away from zero.
        ("rounded", -3.0),
    ];
    for (name, value_of) in expected {
        assert_eq!(value(&instance, name), value_of, "{name}");
    }
    let ideal = run(&rule, Engine::Ideal, 1);
    for name in ["product", "quotient", "by_zero", "below_zero", "zeros", "share", "rounded"] {
        assert_eq!(value(&ideal, name), value(&instance, name), "{name}");
    }
}

#[test]
fn arrays_are_indexed_by_numbers_in_loops() {
    let rule = rule(
        "rule r {
            state x[10] : int in 0 .. 1000 per rule = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
            input table[3] : real in 0.0 .. 1.0 per rule = [0.5, 0.25, 0.125]
            state place : int in 0 .. 9 per rule = 3
            state sum : int per rule = 0
            state weighted : real per rule = 0
            every 1 ms
            control {
                let total = 0
                let mean = 0.0
                for i in 0 .. 10 {
                    x[i] *= 2
                    if i == place or i > 7 { x[9 - i] += 100 }
                    total += x[i]
                    mean += x[i] * table[min(i, 2)]
                }
                x[place] = 7
                for i in 0 .. 3 { for j in -2 .. 1 { total += i * j } }
                sum = total
                weighted = mean
            }
        }",
    );
    let mut x: Vec<i64> = (0..10).collect();
    let (mut total, mut mean) = (0, 0.0);
    for i in 0..10 {
        x[i] *= 2;
        if i == 3 || i > 7 {
            x[9 - i] += 100;
        }
        total += x[i];
        mean += x[i] as f64 * [0.5, 0.25, 0.125][i.min(2)];
    }
    x[3] = 7;
    total -= 9;
    for engine in [Engine::Eval, Engine::Jit, Engine::Ideal] {
        let instance = run(&rule, engine, 1);
        for (i, x) in x.iter().enumerate() {
            assert_eq!(value(&instance, &format!("x.{i}")), *x as f64, "x[{i}]");
        }
        assert_eq!(value(&instance, "sum"), f64::from(i32::try_from(total).unwrap()));
        assert_eq!(value(&instance, "weighted"), mean);
    }
    let loops = rule.module().function("update").unwrap().blocks.len();
    assert!(loops < 20, "loops stay loops: {loops} blocks");
}

#[test]
fn names_that_branches_and_loops_change_are_kept() {
    let rule = rule(
        "rule r {
            state a : real per rule = 0
            state b : int per rule = 0
            state c : bool per rule = false
            state steps : int in 0 .. 100 per rule = 0
            every 1 ms
            control {
                let x = 1
                let odd = false
                let y = 0.5
                for i in 0 .. 5 {
                    if odd { x = x + i } else { y = y * 2 }
                    odd = not odd
                    steps += 1
                }
                if x > 3 and not (y < 3) { x = -x }
                if y == 4 { y = x } else if odd { y = 0 }
                a = y
                b = x
                c = odd
            }
        }",
    );
    // Rounds 1 and 3 add to x, 0, 2 and 4 double y.
    for engine in [Engine::Eval, Engine::Jit, Engine::Ideal] {
        let instance = run(&rule, engine, 2);
        let found = ["a", "b", "c", "steps"].map(|name| value(&instance, name));
        assert_eq!(found, [-5.0, -5.0, 1.0, 10.0]);
    }
}

#[test]
fn lanes_see_values_of_the_rule_rounded_once() {
    let rule = rule(
        "rule r {
            state gain : real in 0.0 .. 4.0 per rule = 0
            state count : int in 0 .. 1000000 per rule = 600000
            state seen : real in 0.0 .. 4.0 per neuron = 0
            state part : real in 0.0 .. 2000000.0 per neuron = 0
            state mean : real per rule = 0
            state most : real per rule = 0
            every 1 ms
            control { gain = 2.0000153 }
            neurons { seen = gain; part = count }
            control {
                let half = gain / 2
                mean = mean of seen * half over neurons
                most = max of part over neurons
            }
        }",
    );
    let instance = agreed(&rule, 1);
    // 2 + 2^-16 as a scalar; a lane of 0 to 4 counts in steps of 2^-12.
    assert_eq!(value(&instance, "gain"), 2.0 + 1.0 / 65536.0);
    assert_eq!(value(&instance, "mean"), 2.0);
    assert_eq!(value(&instance, "most"), f64::from(i32::MAX) / 65536.0);
}

#[test]
fn control_resets_all_neurons_and_sends_to_a_computed_row() {
    let rule = rule(
        "rule r {
            state turn : int in 0 .. 9 per rule = 0
            every 1 ms
            control {
                turn += 1
                if turn == 2 { reset membrane }
                send(3 * turn, clamp(turn - 1, 0, 63))
            }
        }",
    );
    for engine in [Engine::Eval, Engine::Jit, Engine::Ideal] {
        let place = Place { hemisphere: 0, rows: 2, stream_key: SEED, record_capacity: 0 };
        let mut instance = rule.instance(engine, &place);
        let mut io = State::random(rule.module(), SEED, 2).io;
        for turn in 1..4u8 {
            io.membrane_reset.fill(0);
            instance.update(&mut io.lend()).unwrap();
            let events = &instance.state.events;
            assert_eq!(events.len(), 1);
            assert_eq!((events[0].driver, events[0].address), (3 * turn / 2, turn - 1));
            let reset = io.membrane_reset.iter().zip(io.columns.iter());
            let all = reset.clone().all(|(reset, inside)| (*reset != 0) == (*inside != 0));
            let none = reset.clone().all(|(reset, _)| *reset == 0);
            assert!(if turn == 2 { all } else { none }, "{engine:?}, update {turn}");
        }
    }
}

#[test]
fn mistakes_of_control_are_named() {
    let errors = |statements: &str| -> Vec<String> {
        let source = format!(
            "rule r {{
                state x[4] : int in 0 .. 9 per rule = 0
                state y[4] : int in 0 .. 9 per neuron = 0
                state n : int in 0 .. 9 per rule = 0
                every 1 ms
                {statements}
            }}"
        );
        let found = Session::default().compile("rule.pl", &source).diagnostics;
        let errors = found.iter().filter(|found| found.is_error());
        errors.map(|found| format!("{} {}", found.code.name(), found.message)).collect()
    };
    let expected = [
        ("control { x[n] = 1 }", "E0412 the index may leave `x`, of 4 elements"),
        ("control { n = x[n - 6] }", "E0412 the index may leave `x`, of 4 elements"),
        ("control { n = x[n / 3] }", "E0412 an index is an integer"),
        (
            "control { for i in 0 .. 5 { x[i] = 1 } }",
            "E0412 the index may leave `x`, of 4 elements",
        ),
        ("neurons { y[n] = 1 }", "E0412 only `control` computes indices, of arrays of the rule"),
        (
            "control { for i in 0 .. 70000 { n = 1 } }",
            "E0411 loops run over whole numbers, 65536 in all at most",
        ),
        ("control { let a = 0; for i in 0 .. 5 { a = a + 0.5 } }", "E0302 the name is an integer"),
    ];
    for (statements, error) in expected {
        assert_eq!(errors(statements), [error], "{statements}");
    }
    assert_eq!(errors("control { for i in 0 .. 300 { for j in 0 .. 5 { n += 1 } } }"), [""; 0]);
    assert_eq!(errors("control { for i in 0 .. 4 { x[i] = x[3 - i] } }"), [""; 0]);
}

#[test]
fn updates_are_counted_and_timed_in_whole_microseconds() {
    // 10.5 us and 7.996 us: ticks beyond microseconds add up.
    let rule = rule(
        "rule r {
            state number : int per rule = -1
            state since : int in 0 us .. 1 s per rule = 0
            state early : bool per rule = false
            every 10500 ns phase 7996 ns
            control {
                number = update
                since = now
                early = now < 9 us
            }
        }",
    );
    for (updates, at, early) in
        [(1, 7.0, 1.0), (2, 18.0, 0.0), (3, 28.0, 0.0), (1001, 10_507.0, 0.0)]
    {
        for engine in [Engine::Eval, Engine::Jit, Engine::Ideal] {
            let instance = run(&rule, engine, updates);
            assert_eq!(value(&instance, "number"), f64::from(updates) - 1.0);
            assert_eq!(value(&instance, "since"), at, "after {updates} updates, {engine:?}");
            assert_eq!(value(&instance, "early"), early);
        }
    }
}

#[test]
fn wrapping_sums_wrap_around_at_the_width_of_their_numbers() {
    let rule = rule(
        "rule r {
            state word : int per rule = 2147483647
            state lanes : int in -32768 .. 32767 per neuron = 32767
            state lane : int per rule = 0
            every 1 ms
            control { word = wrapping_add(word, 3) }
            neurons { lanes = wrapping_add(lanes, 2) }
            control { lane = max of lanes over neurons }
        }",
    );
    for engine in [Engine::Eval, Engine::Jit, Engine::Ideal] {
        let instance = run(&rule, engine, 1);
        assert_eq!(value(&instance, "word"), f64::from(i32::MIN) + 2.0, "{engine:?}");
        assert_eq!(value(&instance, "lane"), -32767.0, "{engine:?}");
    }
}

#[test]
fn params_are_set_in_their_unit_and_computed_with_in_microseconds() {
    let rule = rule(
        "const window = 2 ms
        rule r {
            param target : real in 0 kHz .. 50 kHz = 5 kHz
            param tau : real in 1 ms bio .. 1 s bio = 20 ms bio
            state spikes : real per rule = 0
            state steps : real per rule = 0
            every window
            control {
                spikes = target * window
                steps = tau / 1 us
            }
        }",
    );
    let units: Vec<&str> = rule.params().iter().map(|param| param.unit.as_str()).collect();
    assert_eq!(units, ["kHz", "ms bio"]);
    let defaults: Vec<f64> = rule.params().iter().map(|param| param.default).collect();
    assert_eq!(defaults, [5.0, 20.0]);
    for engine in [Engine::Eval, Engine::Jit, Engine::Ideal] {
        let instance = run(&rule, engine, 1);
        assert_eq!(value(&instance, "spikes"), 10.0);
        assert_eq!(value(&instance, "steps"), 20.0);
    }
}
