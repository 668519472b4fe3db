//! Native code, evaluator and PPU program leave the same bits on the same chip.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod examples;
mod rules;

use pl_chip::{Branch, COLUMNS, Chip, ChipConfig, InputEvent, RowMode, Target, events};
use pl_experiment::engine::{Binding, Engine, EngineFactory, RecordSample};
use pl_fixed::rng::splitmix64;
use plc::{Compiler, EngineKind};
use proptest::prelude::*;
use rules::{SENDING, SIGNED, sources};
use std::collections::BTreeMap;

/// Ticks of 4 ns between updates: 0.2 ms of hardware time.
const PERIOD: u64 = 50_000;

/// Everything a rule can see or change, in every row and column.
#[derive(Debug, PartialEq)]
struct Observed {
    weights: Vec<[u8; COLUMNS]>,
    addresses: Vec<[u8; COLUMNS]>,
    correlation: Vec<[u8; COLUMNS]>,
    rates: [u8; COLUMNS],
    records: Vec<RecordSample>,
}

/// A chip in a random state, and a view of it.
#[derive(Clone, Copy, Debug)]
struct Setup {
    seed: u64,
    rows: usize,
    columns: usize,
    hemisphere: u8,
}

impl Setup {
    fn random(&self, index: u64) -> u64 {
        splitmix64(self.seed ^ splitmix64(index))
    }

    /// So many of the 256 rows or columns, ascending.
    fn some(&self, count: usize, purpose: u64) -> Vec<u8> {
        let mut all: Vec<u8> = (0..=u8::MAX).collect();
        all.sort_by_key(|index| self.random(purpose << 32 | u64::from(*index)));
        all.truncate(count);
        all.sort_unstable();
        all
    }

    fn binding(&self, rule: &str) -> Binding {
        Binding {
            rule: rule.to_owned(),
            arm: String::new(),
            hemisphere: self.hemisphere,
            rows: self.some(self.rows, 1),
            columns: self.some(self.columns, 2),
            params: BTreeMap::new(),
            inputs: BTreeMap::new(),
            seed: self.seed,
            run_seed: self.seed,
            chip: 0,
            instance: 0,
            record_capacity: 2,
        }
    }

    /// Random weights and addresses everywhere; some rows inhibit.
    fn chip(&self) -> Chip {
        let mut chip = Chip::new(&ChipConfig::mismatch(), self.seed);
        let h = usize::from(self.hemisphere);
        for row in 0..256usize {
            let byte = |column: usize, purpose: u64| {
                let [byte, ..] =
                    self.random(purpose << 32 | (256 * row + column) as u64).to_le_bytes();
                byte & 63
            };
            chip.write_weights_row(h, row, &core::array::from_fn(|column| byte(column, 3)));
            chip.write_address_row(h, row, &core::array::from_fn(|column| byte(column, 4) & 7));
            if byte(0, 5) < 8 {
                chip.set_row_mode(h, row, RowMode::Inhibitory);
            }
        }
        chip
    }

    /// Poisson events on every row of the view, enough for all neurons to spike.
    fn stimulus(&self, from: u64) -> Vec<InputEvent> {
        let mut all = Vec::new();
        for row in self.some(self.rows, 1) {
            for address in 0..8 {
                let target = Target { hemisphere: self.hemisphere, row, address };
                let source = u64::from(row) * 8 + u64::from(address);
                events::poisson(self.seed, source, target, 40e3, from, from + PERIOD, &mut all);
            }
        }
        all.sort_unstable();
        all
    }

    fn observe(&self, source: &str, kind: EngineKind) -> Observed {
        let compiler = Compiler::from_sources(kind, &[("rule", source)]).unwrap();
        let mut engine = compiler.build(&self.binding("rule")).unwrap();
        let mut chip = self.chip();
        // Sensors and counters are not empty at the start.
        chip.run_until(PERIOD, &self.stimulus(0));
        engine.start(&mut chip).unwrap();
        for _ in 0..4 {
            let now = chip.now();
            chip.run_until(now + PERIOD, &self.stimulus(now));
            engine.update(&mut chip).unwrap();
        }
        self.look(&chip, engine.as_mut())
    }

    fn look(&self, chip: &Chip, engine: &mut dyn Engine) -> Observed {
        let h = usize::from(self.hemisphere);
        let rows = || 0..256usize;
        let codes = |branch| rows().map(move |row| chip.correlation_codes_row(h, row, branch));
        Observed {
            weights: rows().map(|row| chip.weights_row(h, row)).collect(),
            addresses: rows().map(|row| chip.address_row(h, row)).collect(),
            correlation: codes(Branch::Causal).chain(codes(Branch::Acausal)).collect(),
            rates: chip.rate_counters(h),
            records: engine.take_records(),
        }
    }
}

/// Some pairs of rows with their signs.
fn signed_binding(setup: &Setup, chip: &mut Chip, pairs: &[u8]) -> Binding {
    for first in pairs {
        let (h, row) = (usize::from(setup.hemisphere), usize::from(*first));
        chip.set_row_mode(h, row, RowMode::Excitatory);
        chip.set_row_mode(h, row + 1, RowMode::Inhibitory);
    }
    let rows = pairs.iter().flat_map(|first| [*first, first + 1]).collect();
    Binding { rows, ..setup.binding("rule") }
}

#[test]
fn pairs_of_rows_hold_signed_weights_on_every_engine() {
    let pairs = [2, 10, 38, 40, 254];
    for (columns, hemisphere) in [(256, 0), (31, 1)] {
        let setup = Setup { seed: 8, rows: 10, columns, hemisphere };
        let run = |kind: EngineKind| {
            let compiler = Compiler::from_sources(kind, &[("rule", SIGNED)]).unwrap();
            let mut chip = setup.chip();
            let binding = signed_binding(&setup, &mut chip, &pairs);
            let mut engine = compiler.build(&binding).unwrap();
            engine.start(&mut chip).unwrap();
            for _ in 0..4 {
                let (now, mut stimulus) = (chip.now(), Vec::new());
                for (source, row) in (0..).zip(&binding.rows) {
                    let target = Target { hemisphere, row: *row, address: 3 };
                    let (from, to) = (now, now + PERIOD);
                    events::poisson(8, source, target, 60e3, from, to, &mut stimulus);
                }
                stimulus.sort_unstable();
                chip.run_until(now + PERIOD, &stimulus);
                engine.update(&mut chip).unwrap();
            }
            setup.look(&chip, engine.as_mut())
        };
        let expected = run(EngineKind::Eval);
        for kind in [EngineKind::Jit, EngineKind::Ppu] {
            assert!(run(kind) == expected, "{} differs", kind.name());
        }
        // One row of each pair has the weight, both have the address, and records the difference.
        let sample = &expected.records.last().unwrap().fields[0];
        let inside = setup.some(columns, 2);
        let mut values = sample.values.iter();
        let mut signs = [0; 3];
        for first in pairs.map(usize::from) {
            for column in inside.iter().map(|column| usize::from(*column)) {
                let [excites, inhibits] =
                    [first, first + 1].map(|row| expected.weights[row][column]);
                assert!(excites == 0 || inhibits == 0);
                let weight = i32::from(excites) - i32::from(inhibits);
                assert_eq!(values.next(), Some(&weight));
                signs[usize::try_from(weight.signum() + 1).unwrap()] += 1;
                let addresses = [first, first + 1].map(|row| expected.addresses[row][column]);
                assert_eq!(addresses[0], addresses[1]);
            }
        }
        assert!(values.next().is_none() && signs[0] > 20 && signs[2] > 20, "{signs:?}");
    }
}

#[test]
fn views_that_are_no_pairs_are_refused() {
    let setup = Setup { seed: 8, rows: 4, columns: 8, hemisphere: 0 };
    for kind in EngineKind::EXACT {
        let compiler = Compiler::from_sources(kind, &[("rule", SIGNED)]).unwrap();
        let mut chip = setup.chip();
        let sound = signed_binding(&setup, &mut chip, &[4, 8]);
        let refused = |rows: &[u8]| {
            let binding = Binding { rows: rows.to_vec(), ..sound.clone() };
            compiler.build(&binding).err().map(|error| error.to_string()).unwrap_or_default()
        };
        for rows in [&[4, 5, 8][..], &[4, 6], &[5, 6], &[4, 5, 9, 10]] {
            assert!(refused(rows).contains("`view signed` makes pairs"), "{}", refused(rows));
        }
        let many: Vec<u8> = (0..18).collect();
        assert!(refused(&many).contains("`view rows <= 8`"), "{}", refused(&many));
        let mut engine = compiler.build(&sound).unwrap();
        engine.start(&mut chip).unwrap();
        chip.set_row_mode(0, 9, RowMode::Excitatory);
        let mut engine = compiler.build(&sound).unwrap();
        let error = engine.start(&mut chip).unwrap_err().to_string();
        assert!(error.contains("rows 8 and 9 are Excitatory and Excitatory"), "{error}");
    }
}

fn setups() -> impl Strategy<Value = Setup> {
    let columns = prop_oneof![Just(256usize), 1..256usize];
    // Every rule of the library takes eight rows.
    (any::<u64>(), 1..9usize, columns, 0..2u8).prop_map(|(seed, rows, columns, hemisphere)| Setup {
        seed,
        rows,
        columns,
        hemisphere,
    })
}

/// Cases after which every rule was run once, on average.
const TURNS: usize = 4;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_engine_leaves_the_same_bits(setup in setups()) {
        // Each case takes some of the rules; all have their turns.
        let turn = setup.rows % TURNS;
        for (name, source) in sources().into_iter().skip(turn).step_by(TURNS) {
            let expected = setup.observe(&source, EngineKind::Eval);
            for kind in [EngineKind::Jit, EngineKind::Ppu] {
                let found = setup.observe(&source, kind);
                prop_assert!(found == expected, "{name}: {} differs for {setup:?}", kind.name());
            }
        }
    }
}

#[test]
fn events_that_a_rule_sends_arrive() {
    let setup = Setup { seed: 11, rows: 8, columns: 256, hemisphere: 0 };
    let silent: String =
        SENDING.lines().filter(|line| !line.contains("send(")).collect::<Vec<_>>().join("\n");
    let sent = setup.observe(SENDING, EngineKind::Eval);
    assert!(setup.observe(&silent, EngineKind::Eval).correlation != sent.correlation);
}

#[test]
fn rules_act_at_all() {
    let setup = Setup { seed: 5, rows: 8, columns: 256, hemisphere: 1 };
    for (name, source) in sources() {
        let seen = setup.observe(&source, EngineKind::Eval);
        let before = setup.chip();
        let rows = setup.some(setup.rows, 1);
        let changed = |row: &u8| {
            let row = usize::from(*row);
            let count = |a: [u8; COLUMNS], b: [u8; COLUMNS]| {
                a.iter().zip(b).filter(|(a, b)| *a != b).count()
            };
            count(before.weights_row(1, row), seen.weights[row])
        };
        let weights: usize = rows.iter().map(changed).sum();
        // A rule may act on its state alone.
        let moved = seen.records.windows(2).any(|pair| pair[0].fields != pair[1].fields);
        assert!(weights > 100 || moved, "{name} changed {weights} weights");
        let records = source.contains("    record ");
        assert_eq!(!seen.records.is_empty(), records, "{name}: samples");
    }
}
