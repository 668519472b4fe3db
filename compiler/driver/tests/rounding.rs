//! Stores of values that lie far below or at the upper end of what their formats hold.

#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]

use pl_driver::ir::io::{COLUMNS, ObjectValues};
use pl_driver::ir::testing::State;
use pl_driver::{Engine, Options, Place, Session};

/// What 256 neurons store of a value in so many updates, one after the other.
fn stored(rounding: &str, value: &str, updates: usize) -> Vec<f64> {
    let source = format!(
        "rule r {{
            rounding {rounding}
            state s : int in -20 .. 20 per neuron = 9
            every 8 ms
            neurons {{ s = {value} }}
        }}"
    );
    let session = Session::new(Options { processor_limits: false, ..Options::default() });
    let compiled = session.compile("rule.pl", &source);
    let rule = compiled.rules.first().unwrap();
    let place = Place { hemisphere: 0, rows: 1, stream_key: 7, record_capacity: 0 };
    let mut instance = rule.instance(Engine::Eval, &place);
    let mut arrays = State::random(rule.module(), 7, 1).io;
    let mut found = Vec::new();
    for _ in 0..updates {
        instance.update(&mut arrays.lend()).unwrap();
        let ObjectValues::Lanes(lanes) = &instance.state.objects[0] else { unreachable!() };
        found.extend(lanes.iter().map(|lane| f64::from(*lane)));
    }
    assert_eq!(found.len(), updates * COLUMNS);
    found
}

/// Values of which 16 bits hold more fraction bits than a lane has.
#[test]
fn what_is_far_below_a_step_rounds_to_its_neighbours() {
    for tiny in ["uniform(0 .. 0.0001)", "0.00001 * clamp(rate, 0, 1)"] {
        for rounding in ["nearest", "floor"] {
            assert!(stored(rounding, tiny, 4).iter().all(|s| *s == 0.0), "{rounding} {tiny}");
        }
        assert!(stored("stochastic", tiny, 4).iter().all(|s| *s == 0.0 || *s == 1.0), "{tiny}");
    }
    let below = stored("floor", "-0.0001 - uniform(0 .. 0.0001)", 4);
    assert!(below.iter().all(|s| *s == -1.0));
}

/// The mean of what is stored at random is the value: also where value and noise need more than 16
/// bits, and where noise alone has 16.
#[test]
fn random_rounding_keeps_the_mean() {
    let cases = [
        ("uniform(0 .. 0.25)", 0.125),
        ("uniform(0.9 .. 0.999)", 0.9495),
        ("uniform(1.9 .. 1.999)", 1.9495),
        ("uniform(-1.999 .. -1.9)", -1.9495),
        ("uniform(15.9 .. 15.999)", 15.9495),
    ];
    for (value, expected) in cases {
        let found = stored("stochastic", value, 64);
        let near = |s: &f64| (s - expected).abs() < 1.3;
        assert!(found.iter().all(near), "{value}: no neighbour of {expected}");
        let count = f64::from(u32::try_from(found.len()).unwrap());
        let mean = found.iter().sum::<f64>() / count;
        // Five standard deviations of the mean of values one apart.
        let limit = 5.0 * 0.5 / count.sqrt();
        assert!((mean - expected).abs() < limit, "{value}: mean {mean}");
    }
}
