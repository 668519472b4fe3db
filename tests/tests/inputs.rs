//! What an experiment writes to inputs of rules: the same on every engine, at any time, and after a
//! checkpoint.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_chip::time::TICKS_PER_MS;
use pl_chip::{Chip, ChipConfig};
use pl_experiment::chips::Chips;
use pl_experiment::engine::{Binding, EngineFactory, RecordSample};
use pl_experiment::inputs::{CourseConfig, InputConfig, InputValues};
use pl_experiment::plasticity::{Plasticity, Timing};
use plc::{Compiler, EngineKind};
use std::collections::BTreeMap;

/// Sees inputs of every kind, one of them by a rule that it uses.
const FED: &str = "rule pairs {
    input gain : real in -4.0 .. 4.0 per rule = 0
    every 1 ms
    synapses { weight += gain }
}
rule fed {
    view rows <= 32
    use pairs
    input drift : real in -8.0 .. 8.0 per neuron = 1
    input pre   : int in 0 .. 63 per row = 2
    input kick  : int in -3 .. 3 per synapse = 0
    input level : int in -100000 .. 100000 per rule = 7
    state seen  : int in -100000 .. 100000 per rule = 0
    every 1 ms
    control { seen = level }
    synapses { weight += drift + kick; address = pre }
    record weight, address, seen every 1 updates
    record drift, pre, kick, pairs.gain every 1 updates
}";

const UPDATES: u64 = 8;

fn one(value: f64) -> InputValues {
    InputValues::One(value)
}

fn course(times_ms: &[f64], values: Vec<InputValues>) -> InputConfig {
    InputConfig::Course(CourseConfig { times_ms: times_ms.to_vec(), values })
}

fn binding() -> Binding {
    let rows = InputValues::Rows(vec![vec![0.0, 1.0, 2.0], vec![-1.0, -2.0, -3.0]]);
    let list = |values: &[f64]| InputValues::List(values.to_vec());
    let inputs = [
        // Updates are due at 1, 2, .. ms.
        ("pairs.gain", course(&[2.0, 2.5, 6.1], vec![one(1.0), one(2.0), one(-1.0)])),
        ("drift", InputConfig::Constant(list(&[0.0, 1.0, 2.0]))),
        ("pre", course(&[0.0, 3.25], vec![list(&[5.0, 6.0]), list(&[62.0, 63.0])])),
        ("kick", course(&[4.0], vec![rows])),
        ("level", course(&[0.5, 0.75, 7.0], vec![one(1.0), one(-70_000.0), one(70_000.0)])),
    ];
    Binding {
        rule: "fed".to_owned(),
        arm: String::new(),
        hemisphere: 1,
        rows: vec![3, 8],
        columns: vec![0, 5, 254],
        params: BTreeMap::new(),
        inputs: inputs.into_iter().map(|(name, input)| (name.to_owned(), input)).collect(),
        seed: 1,
        run_seed: 1,
        chip: 0,
        instance: 0,
        record_capacity: 1000,
    }
}

fn compiler(kind: EngineKind) -> Compiler {
    Compiler::from_sources(kind, &[("fed", FED)]).unwrap()
}

/// What a field had in each sample, in raw numbers.
fn values(samples: &[RecordSample], name: &str) -> Vec<Vec<i32>> {
    let of = |sample: &RecordSample| {
        sample.fields.iter().find(|field| field.name == name).map(|field| field.values.clone())
    };
    samples.iter().filter_map(of).collect()
}

/// Samples of a run, interrupted and gone on with after some ms, if that is said.
fn run(kind: EngineKind, timing: Timing, pause_ms: Option<u64>) -> Vec<RecordSample> {
    let compiler = compiler(kind);
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    let bound = || Plasticity::new(&compiler, timing, &[binding()]).unwrap();
    let mut rules = bound();
    rules.start(&mut chip).unwrap();
    if let Some(pause) = pause_ms {
        let until = rules.begun() + pause * TICKS_PER_MS;
        rules.run_until(&mut chip, until, &[]).unwrap();
        let (state, kept) = (rules.save().unwrap(), Chips::save(&chip).unwrap());
        chip = <Chip as Chips>::restore(|| unreachable!(), &kept).unwrap();
        rules = bound();
        rules.restore(&state).unwrap();
    }
    // One update more than is looked at: in the chip's time the last is still at work.
    let end = rules.begun() + (UPDATES * 2 + 1) * TICKS_PER_MS / 2;
    rules.run_until(&mut chip, end, &[]).unwrap();
    rules.finish(&mut chip).unwrap();
    let mut samples = rules.take_records();
    samples.iter_mut().for_each(|sample| sample.now = 0);
    samples
}

#[test]
fn every_engine_sees_the_same_inputs() {
    let expected = run(EngineKind::Eval, Timing::Instant, None);
    let seen: Vec<i32> = values(&expected, "seen").concat();
    assert_eq!(seen, [-70_000, -70_000, -70_000, -70_000, -70_000, -70_000, 70_000, 70_000]);
    let gain: Vec<i32> = values(&expected, "pairs.gain").concat();
    assert_eq!(gain, [0, 1, 2, 2, 2, 2, -1, -1].map(|gain| gain << 16));
    let addresses = values(&expected, "address");
    assert_eq!(addresses[2], [5, 5, 5, 6, 6, 6]);
    assert_eq!(addresses[3], [62, 62, 62, 63, 63, 63]);
    assert_eq!(values(&expected, "kick")[3], [0, 1, 2, -1, -2, -3]);
    assert_eq!(values(&expected, "weight")[3], [5, 10, 15, 4, 7, 10]);
    for kind in [EngineKind::Jit, EngineKind::Ppu, EngineKind::Ideal] {
        assert_eq!(run(kind, Timing::Instant, None), expected, "{kind:?}");
    }
    assert_eq!(run(EngineKind::Ppu, Timing::Chip, None), expected, "in the chip's time");
}

#[test]
fn runs_go_on_with_their_inputs() {
    let expected = run(EngineKind::Eval, Timing::Instant, None);
    for pause in [0, 3, 6] {
        for kind in [EngineKind::Jit, EngineKind::Ppu, EngineKind::Ideal] {
            assert_eq!(run(kind, Timing::Instant, Some(pause)), expected, "{kind:?}, {pause} ms");
        }
        assert_eq!(run(EngineKind::Ppu, Timing::Chip, Some(pause)), expected, "{pause} ms");
    }
}

#[test]
fn lists_have_the_size_of_the_view() {
    for (name, values, said) in [
        ("drift", InputValues::List(vec![0.0; 2]), "`drift` has 2 values, the view 3 columns"),
        ("pre", InputValues::List(vec![0.0; 3]), "`pre` has 3 values, the view 2 rows"),
        (
            "kick",
            InputValues::Rows(vec![vec![0.0; 3]]),
            "`kick` has not the 2 rows of 3 columns of the view",
        ),
        ("level", InputValues::List(vec![0.0]), "`level` is one of the rule: give a number"),
        ("pre", one(0.5), "`pre` is an integer, and 0.5 is not"),
        ("drift", one(9.0), "`drift` must lie in -8 .. 8, not 9"),
    ] {
        let inputs = BTreeMap::from([(name.to_owned(), InputConfig::Constant(values))]);
        let binding = Binding { inputs, ..binding() };
        for kind in [EngineKind::Jit, EngineKind::Ppu] {
            let error = compiler(kind).build(&binding).err().unwrap().to_string();
            assert_eq!(error, format!("[rule.fed.inputs]: {said}"));
        }
    }
}
