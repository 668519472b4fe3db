//! A full record buffer takes no more samples, keeps those it has, and counts on every engine.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_chip::{Chip, ChipConfig};
use pl_driver::{Engine, Place, Session, ir::testing::OwnedIo};
use pl_experiment::engine::{Binding, EngineFactory, RecordSample, lost_samples_text};
use pl_experiment::plasticity::{Plasticity, Timing};
use plc::{Compiler, EngineKind};
use std::collections::BTreeMap;

/// Samples that a buffer holds.
const CAPACITY: usize = 3;

const COUNTING: &str = "rule counting {
    view rows <= 2
    state seen : int in 0 .. 100 per rule = 0
    every 1 ms
    control { seen += 1 }
    synapses { weight = seen }
    record weight, seen every 1 updates
    record seen every 2 updates
}";

fn binding() -> Binding {
    Binding {
        rule: "counting".to_owned(),
        arm: String::new(),
        hemisphere: 0,
        rows: vec![0, 1],
        columns: (0..8).collect(),
        params: BTreeMap::new(),
        inputs: BTreeMap::new(),
        seed: 1,
        run_seed: 1,
        chip: 0,
        instance: 0,
        record_capacity: CAPACITY,
    }
}

/// The samples of two takings, of updates 1 to 5 and 6 to 10.
fn takings(kind: EngineKind) -> [Vec<RecordSample>; 2] {
    let compiler = Compiler::from_sources(kind, &[("counting", COUNTING)]).unwrap();
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    let mut engine = compiler.build(&binding()).unwrap();
    engine.start(&mut chip).unwrap();
    [(); 2].map(|()| {
        for _ in 0..5 {
            engine.update(&mut chip).unwrap();
        }
        engine.take_records()
    })
}

#[test]
fn a_full_buffer_keeps_its_first_samples_on_every_engine() {
    let expected = takings(EngineKind::Eval);
    let updates = |samples: &[RecordSample]| -> Vec<(usize, u32)> {
        samples.iter().map(|sample| (sample.record, sample.update)).collect()
    };
    assert_eq!(updates(&expected[0]), [(0, 1), (0, 2), (0, 3), (1, 2), (1, 4)]);
    // Room again once samples were taken.
    assert_eq!(updates(&expected[1]), [(0, 6), (0, 7), (0, 8), (1, 6), (1, 8), (1, 10)]);
    for sample in expected.iter().flatten() {
        let seen = i32::try_from(sample.update).unwrap();
        assert!(sample.fields.iter().flat_map(|field| &field.values).all(|value| *value == seen));
    }
    for kind in [EngineKind::Jit, EngineKind::Ppu] {
        assert_eq!(takings(kind), expected, "{} differs", kind.name());
    }
}

/// Record statements and updates of the samples of one taking.
type Taken = Vec<(usize, u32)>;

/// The same through the schedule of an experiment, and what was lost.
fn scheduled(kind: EngineKind, timing: Timing) -> ([Taken; 2], Vec<Vec<u64>>) {
    let compiler = Compiler::from_sources(kind, &[("counting", COUNTING)]).unwrap();
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    let mut rules = Plasticity::new(&compiler, timing, &[binding()]).unwrap();
    rules.start(&mut chip).unwrap();
    let info = compiler.rule_info("counting").unwrap();
    let fifth = rules.begun() + info.phase_ticks + 4 * info.period_ticks + info.period_ticks / 2;
    let takings = [0, 5].map(|more| {
        rules.run_until(&mut chip, fifth + more * info.period_ticks, &[]).unwrap();
        rules.take_records().iter().map(|sample| (sample.record, sample.update)).collect()
    });
    (takings, rules.samples_lost())
}

#[test]
fn lost_samples_are_told_and_there_is_room_again_in_both_timings() {
    let kept = [
        vec![(0, 1), (0, 2), (0, 3), (1, 2), (1, 4)],
        vec![(0, 6), (0, 7), (0, 8), (1, 6), (1, 8), (1, 10)],
    ];
    let instant =
        [EngineKind::Eval, EngineKind::Jit, EngineKind::Ppu].map(|k| (k, Timing::Instant));
    for (kind, timing) in instant.into_iter().chain([(EngineKind::Ppu, Timing::Chip)]) {
        assert_eq!(
            scheduled(kind, timing),
            (kept.clone(), vec![vec![4, 0]]),
            "{kind:?} {timing:?}"
        );
    }
    let lost = lost_samples_text("counting", &[4, 0], &takings(EngineKind::Jit)[0]);
    assert_eq!(lost.len(), 1);
    assert!(lost[0].contains("record 1 (`record weight, seen`): 4 samples"), "{lost:?}");
}

#[test]
fn samples_that_find_no_room_are_counted() {
    let compiled = Session::default().compile("counting.pl", COUNTING);
    for engine in [Engine::Eval, Engine::Jit] {
        let place = Place { hemisphere: 0, rows: 2, stream_key: 1, record_capacity: CAPACITY };
        let mut instance = compiled.rules[0].instance(engine, &place);
        let mut io = OwnedIo::random(1, 2);
        for _ in 0..5 {
            instance.update(&mut io.lend()).unwrap();
        }
        let records = &instance.state.records;
        let counts: Vec<_> = records.iter().map(|r| (r.samples.len(), r.dropped)).collect();
        assert_eq!(counts, [(3, 2), (2, 0)], "{engine:?}");
    }
}
