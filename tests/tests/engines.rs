//! Native code, evaluator and PPU program leave the same bits on the same chip.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_chip::{Branch, COLUMNS, Chip, ChipConfig, InputEvent, RowMode, Target, events};
use pl_experiment::engine::{Binding, Engine, EngineFactory, RecordSample};
use pl_experiment::outcome::Elements;
use pl_experiment::task;
use pl_experiment::{Experiment, Monitor, Outcome, Unwatched};
use pl_fixed::rng::splitmix64;
use plc::{Compiler, EngineKind};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

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
            hemisphere: self.hemisphere,
            rows: self.some(self.rows, 1),
            columns: self.some(self.columns, 2),
            params: BTreeMap::new(),
            seed: self.seed,
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

/// State of synapses and neurons, and multiplication by it, rounded by the chip's generators.
const STATEFUL: &str = "
rule eligibility {
    param decay : real in 0.0 .. 1.0 = 0.9
    param gain  : real in -1.0 .. 1.0 = 0.02
    state trace : real in 0.0 .. 100.0 per synapse = 0
    state mean  : real in 0.0 .. 255.0 per neuron = 10
    view rows <= 16
    rounding stochastic
    rng hardware
    every 10 ms
    neurons {
        mean += 0.25 * (rate - mean)
        reset rate
    }
    synapses {
        trace = decay * trace + causal
        weight += gain * trace * (20 - mean)
        reset causal
    }
    record trace, mean, weight every 2 updates
}
";

/// Reductions over synapses, of what a neuron knows too, and their results used by synapses.
const REDUCING: &str = "
fn spread(x) = abs(x - 20)
rule reducing {
    param total : int in 0 .. 2000 = 300
    state sum_w  : int in 0 .. 16128 per neuron = 0
    state strong : int in 0 .. 256 per neuron = 0
    state least  : real in -2.0 .. 70.0 per neuron = 0
    state apart  : real in 0.0 .. 20000.0 per neuron = 0
    state seen   : int in -2000 .. 2000 per neuron = 0
    state usual  : real in -70.0 .. 70.0 per neuron = 0
    state best   : int in 0 .. 255 per neuron = 0
    every 20 ms
    neurons {
        let r = rate
        sum_w  = sum of weight over synapses
        strong = count of weight > r and row < 200 over synapses
        least  = min of 0.5 * weight + 0.25 over synapses
        apart  = sum of spread(weight) * r over synapses
        seen   = max of causal - acausal over synapses
        usual  = mean of weight - 0.3 * r over synapses
        best   = argmax of weight over synapses
    }
    synapses { weight += 0.002 * (total - sum_w) + 0.1 * (strong - 4) + 0.001 * seen - 0.1 * least + 0.1 * usual }
    record sum_w, strong, least, apart, seen, usual, best every 2 updates
}
";

/// Blocks with times of their own: the step that they share is 5 ms.
const SCHEDULED: &str = "
rule scheduled {
    state seen : int in 0 .. 1000 per neuron = 0
    every 15 ms phase 5 ms { neurons { seen = 2 * seen + rate; reset rate } }
    every 20 ms phase 10 ms { synapses { weight += seen - 3; reset causal } }
    at 20 ms { synapses { weight = 17 - weight } }
    every 10 ms phase 15 ms
    neurons { seen += 1 }
    record seen every 2 updates
}
";

/// Resets in several blocks and in some lanes only: they add up, and none takes another back.
const RESETTING: &str = "
rule resetting {
    state quiet : bool per neuron = false
    every 10 ms
    synapses {
        if weight > 20 { weight -= 0.25 * causal; reset causal }
        if column < 128 { reset acausal }
    }
    neurons { quiet = rate < 5; if quiet { reset rate } }
    synapses { if quiet { weight += 1; reset causal, acausal } }
    neurons { if column > 200 { reset rate }; if membrane > 90 { reset membrane } }
    record weight, quiet every 2 updates
}
";

/// State of the rule, from inputs and from all neurons.
const CONTROLLED: &str = "
rule controlled {
    rounding stochastic
    input reward : real in -1.0 .. 1.0 per rule = 0.5
    state expected : real in -1.0 .. 1.0 per rule = 0
    state busy     : int in 0 .. 256 per rule = 0
    state activity : real in 0.0 .. 32767.0 per rule = 0
    state surprise : real in -2.0 .. 2.0 per rule = 0
    state range    : int in 0 .. 255 per rule = 0
    state usual    : real in -60.0 .. 260.0 per rule = 0
    state seen     : real in 0.0 .. 255.0 per neuron = 3
    every 8 ms
    neurons { seen += 0.3 * (rate - seen); reset rate }
    control {
        let error = reward - expected
        surprise = error
        if busy > 20 or not (activity < 100) { expected += 0.2 * error } else { expected -= 0.1 }
        busy = count of seen > 1 and column < 200 over neurons
        activity = sum of seen over neurons
        range = max of rate over neurons
        range -= min of rate over neurons
        usual = mean of rate - seen over neurons
    }
    synapses {
        weight += 4 * surprise + 0.01 * (busy - 30) * expected - 0.05 * range
        reset causal
    }
    record usual, expected, busy, activity, surprise, range every 2 updates
}
";

/// Events to synapses: in every update, and by chance.
const SENDING: &str = "
rule sending {
    state busiest : int in 0 .. 255 per rule = 0
    state drawn   : int in 0 .. 63 per rule = 0
    every 8 ms
    control {
        drawn = randint(0, 64)
        busiest = argmax of rate over neurons
        send(busiest, 3)
        for row in 0 .. 4 { send(64 * row + drawn, row) }
        if drawn > 20 { send(drawn, 5) }
    }
    neurons { reset rate }
    synapses { weight += 0.5 * (causal - acausal); reset causal, acausal }
    record busiest, drawn every 2 updates
}
";

/// Arrays, and loops over their elements.
const ARRAYS: &str = "
rule arrays {
    state history[3] : int in 0 .. 255 per neuron = [1, 2, 3]
    state winner[2]  : int in 0 .. 255 per rule = 0
    input kernel[3]  : real in -1.0 .. 1.0 per rule = [0.5, -0.25, 0.125]
    every 8 ms
    neurons {
        for i in 0 .. 2 { history[2 - i] = history[1 - i] }
        history[0] = rate
        reset rate
    }
    control {
        winner[1] = winner[0]
        winner[0] = argmax of history[0] over neurons
    }
    synapses {
        let sum = 0.0
        for i in 0 .. 3 { sum += kernel[i] * history[i] }
        if column == winner[0] or column == winner[1] { weight += 3 } else { weight += 0.2 * sum }
    }
    record history, winner every 2 updates
}
";

/// Weights of both signs, a state a pair, and correlation of its excitatory row.
const SIGNED: &str = "
rule signed {
    view signed
    view rows <= 8
    state trace : real in -200.0 .. 200.0 per synapse = 0
    state most  : int in -63 .. 63 per neuron = 0
    state mean  : real in -63.0 .. 63.0 per neuron = 0
    every 8 ms
    neurons { most = max of weight over synapses; mean = mean of weight over synapses }
    synapses {
        trace = 0.5 * trace + causal - acausal
        if row < 40 { weight += 0.25 * trace - 0.1 * row_sign } else { weight = -weight - 1 }
        if trace > 8 { address = clamp(weight, 0, 63); reset causal }
        if weight > mean { weight -= 0.1 * (most - rate) }
    }
    record weight, trace, most, mean, address every 2 updates
}
";

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

/// The rules of the library, one with state and one with reductions, recording every other update, with a view their PPU program is for.
fn sources() -> Vec<(&'static str, String)> {
    let record = |source: &str| {
        let line = |line: &str| match line.strip_prefix("    record ") {
            Some(rest) => {
                let names = rest.split(" every ").next().unwrap_or(rest);
                format!("    record {names} every 2 updates\n")
            }
            None => format!("{line}\n"),
        };
        source.lines().map(line).collect()
    };
    let library = pl_stdlib::RULES.iter().map(|rule| (rule.name, rule.source));
    let own = [
        ("stateful", STATEFUL),
        ("reducing", REDUCING),
        ("scheduled", SCHEDULED),
        ("resetting", RESETTING),
        ("controlled", CONTROLLED),
        ("arrays", ARRAYS),
        ("sending", SENDING),
    ];
    library.chain(own).map(|(name, rule)| (name, record(rule))).collect()
}

fn setups() -> impl Strategy<Value = Setup> {
    let columns = prop_oneof![Just(256usize), 1..256usize];
    (any::<u64>(), 1..12usize, columns, 0..2u8)
        .prop_map(|(seed, rows, columns, hemisphere)| Setup { seed, rows, columns, hemisphere })
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

/// An example, shortened to seconds.
fn example(name: &str, kind: EngineKind, seed: u64) -> Outcome {
    let folder = format!("{}/../examples/{name}", env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    let short = [
        "task.train.samples=240",
        "task.test_size=40",
        "task.test.normalisation_samples=60",
        "task.test.checkpoints=1",
    ];
    let changes = short.map(str::to_owned);
    let experiment = Experiment::parse(&read("experiment.toml"), &changes).unwrap();
    let rule = &experiment.rule["structural"].source;
    let compiler = Compiler::from_sources(kind, &[("structural", &read(rule))]).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&compiler, seed, &Unwatched).unwrap()
}

#[test]
fn examples_come_out_the_same_on_every_engine() {
    for name in ["digits", "iris"] {
        let expected = example(name, EngineKind::Jit, 7);
        assert!(expected.metric("updates_executed") >= Some(3.0));
        assert!(expected.metric("test_accuracy") > Some(0.1));
        for kind in [EngineKind::Eval, EngineKind::Ppu] {
            assert!(example(name, kind, 7) == expected, "{name}: {} differs", kind.name());
        }
        assert!(example(name, EngineKind::Jit, 7) == expected, "{name}: a second run differs");
        assert!(example(name, EngineKind::Jit, 8) != expected, "{name}: another seed does not");
    }
}

/// Homeostasis for so many milliseconds.
fn homeostasis(kind: EngineKind, duration_ms: u32) -> Outcome {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/homeostasis");
    let read = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    let changes =
        [format!("task.duration_ms={duration_ms}"), format!("task.judged_ms={}", duration_ms / 4)];
    let experiment = Experiment::parse(&read("experiment.toml"), &changes).unwrap();
    let sign = pl_stdlib::find("homeostasis_sign").unwrap().source;
    let sources = [("sign", sign), ("proportional", &read("proportional.pl"))];
    let compiler = Compiler::from_sources(kind, &sources).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&compiler, 1, &Unwatched).unwrap()
}

#[test]
fn homeostasis_reaches_its_target_on_every_engine() {
    let expected = homeostasis(EngineKind::Jit, 60);
    for kind in [EngineKind::Eval, EngineKind::Ppu] {
        assert!(homeostasis(kind, 60) == expected, "{} differs", kind.name());
    }
    let long = homeostasis(EngineKind::Jit, 500);
    for rule in ["sign", "proportional"] {
        let share = long.metric(&format!("share_within_band_{rule}")).unwrap();
        assert!(share >= 0.95, "{rule}: {share} of the neurons are near 6 kHz");
    }
}

/// Interrupts after so many units of work.
struct Until(AtomicU64);

impl Monitor for Until {
    fn advance(&self, units: u64) {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(units), Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// The perceptron example with changes.
fn perceptron(kind: EngineKind, seed: u64, changes: &[&str]) -> Outcome {
    perceptron_watched(kind, seed, changes, &Unwatched)
}

/// The same, watched.
fn perceptron_watched(
    kind: EngineKind,
    seed: u64,
    changes: &[&str],
    monitor: &dyn Monitor,
) -> Outcome {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/perceptron");
    let read = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    let experiment = Experiment::parse(&read("experiment.toml"), &changes).unwrap();
    let learner = pl_stdlib::find("homeostasis_proportional").unwrap().source;
    let sources = [("calibrate", &read("calibrate.pl")[..]), ("homeostasis", learner)];
    let compiler = Compiler::from_sources(kind, &sources).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&compiler, seed, monitor).unwrap()
}

/// An array of the perceptron example.
fn array(outcome: &Outcome, name: &str) -> Elements {
    let arrays = &outcome.archives[0].arrays;
    arrays.iter().find(|array| array.name == name).unwrap().elements.clone()
}

#[test]
fn a_perceptron_is_calibrated_on_every_engine_while_the_other_hemisphere_learns() {
    let short = [
        "task.test_size=25",
        "task.training.epochs=2",
        "task.calibration.cycles=30",
        "task.spiking.initial_weight=30",
    ];
    let expected = perceptron(EngineKind::Jit, 7, &short);
    for kind in [EngineKind::Eval, EngineKind::Ppu] {
        assert!(perceptron(kind, 7, &short) == expected, "{} differs", kind.name());
    }
    assert!(perceptron(EngineKind::Jit, 8, &short) != expected, "another seed does not");

    // Neither hemisphere disturbs the other.
    let silent =
        perceptron(EngineKind::Jit, 7, &[&short[..], &["task.spiking.source_hz=0"]].concat());
    let smaller =
        perceptron(EngineKind::Jit, 7, &[&short[..], &["chip.perceptron.sends=1"]].concat());
    for name in ["results_not_calibrated", "results_calibrated", "gain", "offset_lsb"] {
        assert_eq!(array(&silent, name), array(&expected, name), "{name}");
        assert_ne!(array(&smaller, name), array(&expected, name), "{name}");
    }
    let rates = "spiking_rates_hz";
    assert_ne!(array(&silent, rates), array(&expected, rates));
    assert_eq!(array(&smaller, rates), array(&expected, rates));

    for (units, begun) in [(0, [false; 2]), (40, [true, false]), (125, [true; 2])] {
        let watch = Until(AtomicU64::new(units));
        let part = perceptron_watched(EngineKind::Jit, 7, &short, &watch);
        let names = ["test_accuracy_not_calibrated", "test_accuracy"];
        assert_eq!(names.map(|name| part.metric(name).is_some()), begun, "{units}");
        assert!(part.interrupted && part.metric("test_accuracy_float") > Some(0.5));
    }

    let full = perceptron(EngineKind::Jit, 1000, &[]);
    let metric = |name: &str| full.metric(name).unwrap();
    assert!(metric("test_accuracy_lost") <= 0.02);
    assert!(metric("test_accuracy") > metric("test_accuracy_not_calibrated"));
    assert!(metric("result_error_lsb") < 0.8 * metric("result_error_not_calibrated_lsb"));
    assert!(metric("spiking_rate_first_hz") < 100.0);
    assert!((metric("spiking_rate_last_quarter_hz") - 6000.0).abs() < 1000.0);
}
