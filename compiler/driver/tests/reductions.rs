//! Reductions over the synapses of a neuron against what they stand for.

#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]

use pl_driver::ir::io::{COLUMNS, ObjectValues};
use pl_driver::ir::testing::State;
use pl_driver::{Engine, Options, Place, Rule, Session};

fn rule(source: &str) -> Rule {
    let session = Session::new(Options { processor_limits: false, ..Options::default() });
    let compiled = session.compile("rule.pl", source);
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    compiled.rules[0].clone()
}

/// States of neurons after an update of random synapses, and those synapses' weights, row by row.
fn updated(rule: &Rule, rows: usize, seed: u64) -> (Vec<Vec<i16>>, Vec<u8>) {
    let mut arrays = State::random(rule.module(), seed, rows).io;
    arrays.columns.fill(0xff);
    arrays.weights.iter_mut().for_each(|weight| *weight &= 0x3f);
    arrays.addresses.iter_mut().for_each(|address| *address &= 0x3f);
    let place = Place { hemisphere: 0, rows, stream_key: seed, record_capacity: 1 };
    let mut instance = rule.instance(Engine::Eval, &place);
    instance.update(&mut arrays.lend()).unwrap();
    let lanes = instance.state.objects.iter().map(|object| match object {
        ObjectValues::Lanes(lanes) => lanes.clone(),
        ObjectValues::Scalars(_) => Vec::new(),
    });
    (lanes.collect(), arrays.weights.clone())
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

#[test]
fn a_mean_is_within_one_step_for_every_number_of_rows() {
    let rule = rule(
        "rule means {
            state of_weight : real in 0.0 .. 63.0 per neuron = 0
            state of_signed : real in -4.0 .. 12.0 per neuron = 0
            every 10 ms
            neurons {
                of_weight = mean of weight over synapses
                of_signed = mean of 0.25 * weight - 3.9 over synapses
            }
        }",
    );
    for rows in 1..=256 {
        let (states, weights) = updated(&rule, rows, 7);
        for (column, found) in states[0].iter().enumerate() {
            let own = || weights.iter().skip(column).step_by(COLUMNS).map(|w| f64::from(*w));
            let exact = own().sum::<f64>() / number(rows);
            // A sum of 256 weights counts in halves, and the mean in seven more bits: q6.8. The
            // state has q6.9.
            let found = f64::from(*found) / 512.0;
            assert!((found - exact).abs() <= 1.0 / 256.0, "{rows} rows: {found} for {exact}");
            // -4 .. 12 is q4.11, 256 of them a sum of q12.3: terms are half an eighth off at most.
            let (exact, found) = (0.25 * exact - 3.9, f64::from(states[1][column]) / 2048.0);
            let bound = 0.5 / 8.0 + 1.0 / 1024.0;
            assert!((found - exact).abs() <= bound, "{rows} rows: {found} for {exact}");
        }
    }
}

#[test]
fn a_mean_stays_within_the_values_it_is_of() {
    // Terms that are all rounded up, and the largest there are.
    let rule = rule(
        "rule ends {
            state high : real in -300.0 .. 300.0 per neuron = 0
            state low  : real in -300.0 .. 300.0 per neuron = 0
            param much : int in 0 .. 255 = 255
            every 10 ms
            neurons {
                high = mean of max(much, weight) over synapses
                low  = mean of min(-much, weight) over synapses
            }
        }",
    );
    for rows in [1, 2, 3, 127, 128, 129, 255, 256] {
        let (states, _) = updated(&rule, rows, 1);
        let found = [0, 1].map(|state: usize| f64::from(states[state][9]) / 64.0);
        // The sum of 256 counts in steps of 2, and so do its terms.
        assert!((254.0..=255.0).contains(&found[0]), "{rows} rows: {found:?}");
        assert!((-255.0..=-254.0).contains(&found[1]), "{rows} rows: {found:?}");
    }
}

#[test]
fn the_row_of_the_largest_is_the_lowest_of_several() {
    let rule = rule(
        "rule best {
            state strongest : int in 0 .. 255 per neuron = 9
            state equal     : int in 0 .. 255 per neuron = 9
            state least     : int in 0 .. 255 per neuron = 9
            every 10 ms
            neurons {
                strongest = argmax of weight over synapses
                equal     = argmax of clamp(weight, 5, 5) over synapses
                least     = argmax of min(-32768, -weight - 32768) over synapses
            }
        }",
    );
    for rows in [1, 5, 256] {
        let (states, weights) = updated(&rule, rows, 3);
        let numbers = State::random(rule.module(), 3, rows).io.rows;
        for (column, strongest) in states[0].iter().enumerate() {
            let own: Vec<u8> = weights.iter().skip(column).step_by(COLUMNS).copied().collect();
            let most = own.iter().max().unwrap();
            let position = own.iter().position(|weight| weight == most).unwrap();
            assert_eq!(*strongest, i16::from(numbers[position]), "{rows} rows");
            assert_eq!([states[1][column], states[2][column]], [i16::from(numbers[0]); 2]);
        }
    }
}
