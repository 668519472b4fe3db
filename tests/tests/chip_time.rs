//! Rules in the chip's time: updates take what their programs take, and the network goes on.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_chip::time::TICKS_PER_MS;
use pl_chip::{COLUMNS, Chip, ChipConfig, InputEvent};
use pl_experiment::engine::{Binding, Engine, EngineError, EngineFactory, RecordSample, RuleInfo};
use pl_experiment::inputs::{CourseConfig, InputConfig, InputValues};
use pl_experiment::plasticity::{Plasticity, Timing, UpdateCounts};
use pl_experiment::ppu_image::{PpuImage, PpuImageEngine};
use plc::{Compiler, EngineKind};
use std::collections::BTreeMap;

/// Rows of the views here.
const ROWS: u8 = 40;

/// Learns from causal correlation, and records it.
const CAUSAL: &str = "rule causal {
    view rows <= 40
    param gain : real in 0.0 .. 1.0 = 0.5
    every 4 ms
    synapses {
        weight += gain * causal
        reset causal
    }
    record weight every 1 updates
}";

/// A compiler whose rules have another period.
struct Hurried {
    compiler: Compiler,
    period_ticks: u64,
}

impl EngineFactory for Hurried {
    fn build(&self, binding: &Binding) -> Result<Box<dyn Engine>, EngineError> {
        self.compiler.build(binding)
    }

    fn program(&self, binding: &Binding) -> Result<PpuImage, EngineError> {
        self.compiler.program(binding)
    }

    fn rule_info(&self, rule: &str) -> Result<RuleInfo, EngineError> {
        let info = self.compiler.rule_info(rule)?;
        Ok(RuleInfo { period_ticks: self.period_ticks, phase_ticks: self.period_ticks, ..info })
    }
}

fn compiler() -> Compiler {
    Compiler::from_sources(EngineKind::Ppu, &[("causal", CAUSAL)]).unwrap()
}

fn binding(hemisphere: u8, rows: u8) -> Binding {
    Binding {
        rule: "causal".into(),
        arm: String::new(),
        hemisphere,
        rows: (0..rows).collect(),
        columns: (0..=u8::MAX).collect(),
        params: BTreeMap::new(),
        inputs: BTreeMap::new(),
        seed: 1,
        run_seed: 1,
        chip: 0,
        instance: 0,
        record_capacity: 100,
    }
}

/// A chip whose neurons spike when row 255 is stimulated, with sensors that see much of it.
fn chip() -> Chip {
    let mut config = ChipConfig::mismatch();
    config.sensor.eta_lsb = 4.0;
    config.neuron.psp_lsb_per_weight = 0.5;
    let mut chip = Chip::new(&config, 1);
    for h in 0..2 {
        chip.write_weights_row(h, 255, &[63; COLUMNS]);
    }
    chip
}

/// Pairs of events, every `period` ticks in `from..to`: on the rows of the view, and a little later
/// on the row that makes the neurons spike.
fn pairs(from: u64, to: u64, period: u64) -> Vec<InputEvent> {
    let mut events = Vec::new();
    let mut time = from;
    while time < to {
        let on = |time, row| InputEvent { time, hemisphere: 0, row, address: 0 };
        events.extend((0..ROWS).map(|row| on(time, row)));
        events.extend((0..8).map(|n| on(time + 100 + 25 * n, 255)));
        time += period;
    }
    events.sort_unstable();
    events
}

/// The rule on a chip, started.
fn started(factory: &dyn EngineFactory, timing: Timing, rows: u8) -> (Plasticity, Chip) {
    let mut chip = chip();
    let mut rules = Plasticity::new(factory, timing, &[binding(0, rows)]).unwrap();
    rules.start(&mut chip).unwrap();
    chip.take_spikes();
    (rules, chip)
}

fn weights(chip: &Chip) -> Vec<[u8; COLUMNS]> {
    (0..usize::from(ROWS)).map(|row| chip.weights_row(0, row)).collect()
}

#[test]
fn an_update_takes_what_the_simulator_counts() {
    let compiler = compiler();
    for rows in [2, ROWS] {
        let (mut rules, mut chip) = started(&compiler, Timing::Chip, rows);
        let end = rules.begun() + 12 * TICKS_PER_MS;
        rules.run_until(&mut chip, end, &[]).unwrap();
        rules.finish(&mut chip).unwrap();
        let counts = rules.counts()[0];
        assert_eq!((counts.requested, counts.executed), (3, 3));
        let mut engine = PpuImageEngine::from(compiler.program(&binding(0, rows)).unwrap());
        engine = engine.counting_cycles();
        let mut other = self::chip();
        engine.start(&mut other).unwrap();
        engine.update(&mut other).unwrap();
        // A command costs a little more: it is seen, answered and acknowledged.
        let more = engine.last_cycles().checked_sub(counts.longest_ticks).unwrap();
        assert!(more < 60, "{} and {} cycles", engine.last_cycles(), counts.longest_ticks);
        assert!(counts.busy_ticks <= 3 * counts.longest_ticks);
        // It ends then and not before: the counter of executed updates shows it.
        let executed = |ticks_before_end: u64| {
            let (mut rules, mut chip) = started(&compiler, Timing::Chip, rows);
            let due = rules.begun() + 4 * TICKS_PER_MS;
            let end = due + counts.longest_ticks - ticks_before_end;
            rules.run_until(&mut chip, end, &[]).unwrap();
            rules.counts()[0].executed
        };
        assert_eq!((executed(60), executed(0).max(executed(60) + 1)), (0, 1));
    }
}

/// What becomes of `count` updates with a period that is `parts` 64ths of their duration.
fn hurried(parts: u64, count: u64) -> UpdateCounts {
    let (mut rules, mut chip) = started(&compiler(), Timing::Chip, 8);
    let end = rules.begun() + 4 * TICKS_PER_MS;
    rules.run_until(&mut chip, end, &[]).unwrap();
    rules.finish(&mut chip).unwrap();
    let period_ticks = rules.counts()[0].longest_ticks * parts / 64;
    let (mut rules, mut chip) =
        started(&Hurried { compiler: compiler(), period_ticks }, Timing::Chip, 8);
    let end = rules.begun() + count * period_ticks;
    rules.run_until(&mut chip, end, &[]).unwrap();
    rules.finish(&mut chip).unwrap();
    rules.counts()[0]
}

#[test]
fn updates_that_do_not_fit_their_period_are_late_or_missed() {
    let fits = hurried(80, 12);
    assert_eq!((fits.requested, fits.executed, fits.late, fits.missed), (12, 12, 0, 0));
    // As measured with the official scheduler: lateness accumulates, and none is left out.
    let late = hurried(60, 10);
    assert_eq!((late.requested, late.executed, late.late, late.missed), (10, 10, 9, 0));
    // An update takes two and a half periods: three of five are left out.
    let missed = hurried(26, 50);
    assert_eq!(missed.requested, 50);
    assert_eq!(missed.executed + missed.missed, 50);
    assert!((18..=22).contains(&missed.executed), "{missed:?}");
    assert_eq!(missed.late, missed.executed - 1);
}

#[test]
fn updates_without_time_are_never_late() {
    let hurried = Hurried { compiler: compiler(), period_ticks: 100 };
    let (mut rules, mut chip) = started(&hurried, Timing::Instant, 8);
    let end = rules.begun() + 1000;
    rules.run_until(&mut chip, end, &[]).unwrap();
    rules.finish(&mut chip).unwrap();
    let expected = UpdateCounts { requested: 10, executed: 10, ..UpdateCounts::default() };
    assert_eq!(rules.counts(), [expected]);
}

/// Blocks that take longer than the common step of their schedules, 50 us and 20 us.
const SEVERAL: [&str; 2] = [
    "rule causal {
        view rows <= 40
        state turns : int per rule = 0
        every 400 us { synapses { weight += 0.2 * (causal - acausal); reset causal, acausal } }
        every 10 ms phase 350 us { control { turns += 1 } }
        record turns every 100 updates
    }",
    "rule causal {
        view rows <= 40
        state turns : int per rule = 0
        every 400 us phase 220 us { synapses { weight += 0.1 * causal; reset causal } }
        every 10 ms { control { turns += 1 } }
        record turns every 100 updates
    }",
];

#[test]
fn several_schedules_keep_their_times() {
    for source in SEVERAL {
        let compiler = Compiler::from_sources(EngineKind::Ppu, &[("causal", source)]).unwrap();
        let (mut rules, mut chip) = started(&compiler, Timing::Chip, ROWS);
        let end = rules.begun() + 41 * TICKS_PER_MS;
        rules.run_until(&mut chip, end, &[]).unwrap();
        rules.finish(&mut chip).unwrap();
        let counts = rules.counts()[0];
        assert!(counts.missed == 0 && counts.late > 50, "{counts:?}");
        let samples = rules.take_records();
        let turns = samples.last().map(|sample| sample.fields[0].values[0]);
        assert_eq!(turns, Some(4));
    }
}

/// Weights after one update, with pairs before it and, for `during` ticks, while it runs.
fn with_pairs(timing: Timing, during: u64) -> Vec<[u8; COLUMNS]> {
    let (mut rules, mut chip) = started(&compiler(), timing, ROWS);
    let due = rules.begun() + 4 * TICKS_PER_MS;
    let before = pairs(due - TICKS_PER_MS, due - 2000, 2000);
    let meanwhile = pairs(due + 500, due + 500 + during, 2000);
    rules.run_until(&mut chip, due, &[before, meanwhile].concat()).unwrap();
    rules.finish(&mut chip).unwrap();
    weights(&chip)
}

#[test]
fn spikes_during_an_update_change_what_later_rows_read() {
    let differing = |timing| {
        let (without, with) = (with_pairs(timing, 0), with_pairs(timing, 20_000));
        let differs = without.iter().zip(&with).map(|(a, b)| a != b);
        differs.collect::<Vec<bool>>()
    };
    let rows = differing(Timing::Chip);
    // The first rows were read before the first of these pairs, the last ones after many.
    let differing_of = |rows: &[bool]| rows.iter().filter(|differs| **differs).count();
    assert!(differing_of(&rows[..4]) == 0 && differing_of(&rows[20..]) >= 10, "{rows:?}");
    assert_eq!(differing(Timing::Instant), [false; ROWS as usize]);
}

#[test]
fn both_ppus_run_at_once_and_every_repetition_is_the_same() {
    let compiler = compiler();
    let observe = |bindings: &[Binding]| {
        let mut chip = chip();
        let mut rules = Plasticity::new(&compiler, Timing::Chip, bindings).unwrap();
        rules.start(&mut chip).unwrap();
        let begun = rules.begun();
        let end = begun + 9 * TICKS_PER_MS;
        rules.run_until(&mut chip, end, &pairs(begun, end, 3000)).unwrap();
        rules.finish(&mut chip).unwrap();
        (weights(&chip), chip.take_spikes(), rules.counts(), rules.take_records())
    };
    let both = [binding(0, ROWS), binding(1, ROWS)];
    let (weights, spikes, counts, records) = observe(&both);
    assert_eq!((counts[0].executed, counts[1].executed), (2, 2));
    assert!((weights, spikes, counts, records) == observe(&both));
    let same = [binding(0, ROWS), binding(0, ROWS)];
    let refused = Plasticity::new(&compiler, Timing::Chip, &same).err().unwrap();
    assert_eq!(refused.to_string(), "in the chip's time a PPU runs one rule");
}

#[test]
fn what_belongs_to_the_rule_keeps_it_on_one_hemisphere_unless_it_is_replicated() {
    let counting = |attribute: &str| {
        let source = format!(
            "rule causal {{ {attribute}
                state busy : int in 0 .. 256 per rule = 0
                every 4 ms
                control {{ busy = count of rate > 10 over neurons }}
            }}"
        );
        let compiler = Compiler::from_sources(EngineKind::Jit, &[("causal", &source)]).unwrap();
        let bound = |bindings: &[Binding]| {
            let rules = Plasticity::new(&compiler, Timing::Instant, bindings);
            rules.err().map(|error| error.to_string())
        };
        let others = Binding { chip: 1, ..binding(1, ROWS) };
        assert_eq!(bound(&[binding(0, ROWS), others]), None, "another chip");
        bound(&[binding(0, ROWS), binding(1, ROWS)])
    };
    let refused = counting("").unwrap();
    assert!(refused.contains("add `replicated` to the rule"), "{refused}");
    assert_eq!(counting("replicated"), None);
}

#[test]
fn one_rule_of_a_hemisphere_draws_from_its_generators() {
    let source =
        "rule causal { rng hardware\n every 4 ms\n synapses { address = randint(0, 64) } }";
    let compiler = Compiler::from_sources(EngineKind::Jit, &[("causal", source)]).unwrap();
    let bound = |bindings: &[Binding]| {
        let rules = Plasticity::new(&compiler, Timing::Instant, bindings);
        rules.err().map(|error| error.to_string())
    };
    assert_eq!(bound(&[binding(0, ROWS), binding(1, ROWS)]), None);
    let second = Binding { instance: 1, ..binding(0, ROWS) };
    let refused = bound(&[binding(0, ROWS), second]).unwrap();
    assert!(refused.contains("both say `rng hardware`"), "{refused}");
}

#[test]
fn records_have_the_time_at_which_they_were_taken() {
    let (mut rules, mut chip) = started(&compiler(), Timing::Chip, 4);
    let begun = rules.begun();
    let end = begun + 41 * TICKS_PER_MS;
    let mut records: Vec<RecordSample> = Vec::new();
    for time in (begun..=end).step_by(1_000_000) {
        rules.run_until(&mut chip, time, &pairs(time, time + 500_000, 20_000)).unwrap();
        records.extend(rules.take_records());
    }
    rules.run_until(&mut chip, end, &[]).unwrap();
    rules.finish(&mut chip).unwrap();
    records.extend(rules.take_records());
    assert_eq!(records.len(), 10);
    let longest = rules.counts()[0].longest_ticks;
    for (update, sample) in (1u32..).zip(&records) {
        let due = begun + u64::from(update) * 4 * TICKS_PER_MS;
        assert_eq!(sample.update, update);
        assert!((due..due + longest + 100).contains(&sample.now), "{}, due {due}", sample.now);
    }
    let last = chip.weights_row(0, 3).map(i32::from);
    assert_eq!(records[9].fields[0].values[3 * COLUMNS..], last);
}

#[test]
fn short_updates_do_what_updates_without_time_do() {
    let after = |timing| {
        let (mut rules, mut chip) = started(&compiler(), timing, 2);
        let begun = rules.begun();
        for update in 0..4 {
            let from = begun + update * 4 * TICKS_PER_MS;
            // No pairs while updates run.
            let input = pairs(from + 200_000, from + 900_000, 20_000);
            rules.run_until(&mut chip, from + 4 * TICKS_PER_MS, &input).unwrap();
        }
        rules.finish(&mut chip).unwrap();
        (0..2).flat_map(|row| chip.weights_row(0, row)).map(f64::from).collect::<Vec<f64>>()
    };
    let (chip, instant) = (after(Timing::Chip), after(Timing::Instant));
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    let difference: f64 = chip.iter().zip(&instant).map(|(a, b)| (a - b).abs()).sum();
    assert!(sum(&instant) > 5.0 * 512.0, "{}", sum(&instant));
    // Readings are taken microseconds later, with other noise.
    assert!(difference < 0.5 * 512.0, "{difference}");
}

/// Inputs change while updates are at work that follow each other without a pause; each sees one
/// value in all its rows.
#[test]
fn an_update_sees_one_value_of_an_input() {
    const LEVEL: &str = "rule causal {
        view rows <= 40
        input level : int in 0 .. 63 per row = 0
        every 1 ms
        synapses { weight = level }
        record weight every 1 updates
    }";
    let compiler = Compiler::from_sources(EngineKind::Ppu, &[("causal", LEVEL)]).unwrap();
    let times_ms: Vec<f64> = (0..60).map(|i| 0.013 * f64::from(i)).collect();
    let values = (0..60).map(|i| InputValues::One(f64::from(i))).collect();
    let course = InputConfig::Course(CourseConfig { times_ms, values });
    let inputs = BTreeMap::from([("level".to_owned(), course)]);
    let factory = Hurried { compiler, period_ticks: 15_500 };
    let mut chip = chip();
    let binding = Binding { inputs, ..binding(0, ROWS) };
    let mut rules = Plasticity::new(&factory, Timing::Chip, &[binding]).unwrap();
    rules.start(&mut chip).unwrap();
    let end = rules.begun() + TICKS_PER_MS;
    rules.run_until(&mut chip, end, &[]).unwrap();
    rules.finish(&mut chip).unwrap();
    let counts = rules.counts()[0];
    assert!(counts.late > 10 && counts.missed == 0, "updates leave no pause: {counts:?}");
    let weights = |sample: &RecordSample| sample.fields[0].values.clone();
    let samples: Vec<Vec<i32>> = rules.take_records().iter().map(weights).collect();
    let mut levels: Vec<i32> = samples.iter().map(|weights| weights[0]).collect();
    for (weights, level) in samples.iter().zip(&levels) {
        assert!(weights.iter().all(|weight| weight == level), "{level}: {weights:?}");
    }
    assert_eq!(levels.last(), Some(&59));
    levels.dedup();
    assert!(levels.len() > 10, "{levels:?}");
}
