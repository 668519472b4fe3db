//! What an update takes on the simulated core, with the latencies of the chip: never more than
//! the compiler's worst case.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
#![allow(clippy::print_stdout, reason = "prints what it measures, with --nocapture")]

use pl_chip::{Chip, ChipConfig, Target, events};
use pl_driver::ir::{Module, Verified, verify};
use pl_driver::{Options, Rule, Session};
use pl_experiment::engine::{Binding, Engine};
use pl_experiment::ppu_image::PpuImageEngine;
use pl_isa::assemble;
use pl_isa::elf::Image;
use pl_isa::image::symbol;
use pl_iss::{Cpu, Exit, TimingParameters};
use pl_passes::Level;
use pl_ppu::Program;
use std::collections::BTreeMap;

/// The rule of the library.
fn library(name: &str) -> Rule {
    let compiled = Session::default().compile(name, pl_stdlib::find(name).unwrap().source);
    assert!(!compiled.has_errors(), "{name}");
    compiled.rules[0].clone()
}

/// An engine of a program, started on a chip, for the first `rows` rows and `columns` columns.
fn started(elf: &[u8], derived: Vec<i32>, rows: u8, columns: u8) -> (PpuImageEngine, Chip) {
    let binding = Binding {
        rule: "rule".to_owned(),
        arm: String::new(),
        hemisphere: 0,
        rows: (0..rows).collect(),
        columns: (0..columns).collect(),
        params: BTreeMap::new(),
        inputs: BTreeMap::new(),
        seed: 1,
        run_seed: 1,
        chip: 0,
        instance: 0,
        record_capacity: 2,
    };
    let engine = PpuImageEngine::new(elf, &binding, derived).unwrap();
    let (mut engine, mut chip) = (engine.counting_cycles(), Chip::new(&ChipConfig::mismatch(), 1));
    engine.start(&mut chip).unwrap();
    (engine, chip)
}

/// Cycles of the slowest of a few updates.
fn slowest(elf: &[u8], derived: Vec<i32>, rows: u8, columns: u8) -> u64 {
    let (mut engine, mut chip) = started(elf, derived, rows, columns);
    let updates = (0..3).map(|_| {
        engine.update(&mut chip).unwrap();
        engine.last_cycles()
    });
    updates.max().unwrap()
}

#[test]
fn no_update_takes_longer_than_the_worst_case() {
    println!("{:<24} {:>10} {:>10} {:>12}", "rule", "simulated", "bound", "cycles a row");
    for rule in pl_stdlib::RULES {
        let rule = library(rule.name);
        let defaults: Vec<f64> = rule.params().iter().map(|param| param.default).collect();
        let program = rule.program().unwrap();
        let most = u8::try_from(rule.hir().rows_max.min(40)).unwrap();
        let mut measured = Vec::new();
        for (rows, columns) in [(most, 255), (most.div_ceil(2), 255), (1, 3)] {
            let derived = rule.derived_values(&defaults);
            let cycles = slowest(&program.to_elf(), derived, rows, columns);
            let bound = program.cost.update_cycles(rows.into(), columns.into());
            let name = rule.name();
            assert!(cycles <= bound, "{name}, {rows} rows: {cycles} cycles, at most {bound}");
            measured.push((cycles, bound, u64::from(rows)));
        }
        let [(full, bound, rows), (half, _, fewer), _] = measured[..] else { unreachable!() };
        let row = (full - half) / (rows - fewer).max(1);
        println!("{:<24} {full:>10} {bound:>10} {row:>12}", rule.name());
    }
}

/// A row update as a person would write it, with the rule that says the same.
struct ByHand {
    name: &'static str,
    assembly: &'static str,
    rule: &'static str,
    /// Symbols of the program that take the rule's derived values, in their order.
    gains: [&'static str; 2],
}

const BY_HAND: [ByHand; 2] = [
    ByHand {
        name: "additive",
        assembly: include_str!("../hand/additive_stdp.s"),
        rule: "rule additive {
            param gain_plus : real in 0.0 .. 1.0 = 0.125
            param gain_minus : real in 0.0 .. 1.0 = 0.13
            every 2 ms
            synapses {
                weight += gain_plus * causal - gain_minus * acausal
                reset causal, acausal
            }
        }",
        gains: ["gain_plus", "gain_minus"],
    },
    ByHand {
        name: "multiplicative",
        assembly: include_str!("../hand/multiplicative_stdp.s"),
        rule: "rule multiplicative {
            param gain_up : real in 0.0 .. 0.01 = 0.004
            param gain_down : real in 0.0 .. 0.02 = 0.005
            every 2 ms
            synapses {
                let d = causal - acausal
                if d > 0 { weight += gain_up * d * (63 - weight) }
                else { weight += gain_down * d * weight }
                reset causal, acausal
            }
        }",
        gains: ["gain_up", "gain_down"],
    },
];

/// A chip whose sensors have seen something, and the compiled rule that measured their baselines
/// before.
fn after_stimulus(rule: &Rule, rows: u8) -> (PpuImageEngine, Chip) {
    let defaults: Vec<f64> = rule.params().iter().map(|param| param.default).collect();
    let elf = rule.program().unwrap().to_elf();
    let (engine, mut chip) = started(&elf, rule.derived_values(&defaults), rows, 255);
    let mut input = Vec::new();
    for row in 0..rows {
        let weights = core::array::from_fn(|column| {
            u8::try_from((17 * column + usize::from(row)) % 64).unwrap()
        });
        chip.write_weights_row(0, row.into(), &weights);
        let target = Target { hemisphere: 0, row, address: 0 };
        events::poisson(3, u64::from(row), target, 40e3, 0, 100_000, &mut input);
    }
    input.sort_unstable();
    chip.run_until(100_000, &input);
    (engine, chip)
}

/// What an update by hand leaves behind, and its cycles.
fn update_by_hand(by_hand: &ByHand, rule: &Rule, rows: u8) -> (Chip, u64) {
    let compiled = Image::from_bytes(&rule.program().unwrap().to_elf()).unwrap();
    let image = assemble(by_hand.assembly).unwrap().image;
    let (_, mut chip) = after_stimulus(rule, rows);
    let before = *chip.ppu_memory(0);
    let taken = |name: &str, bytes: usize| {
        let start = compiled.symbol(name).unwrap().value as usize;
        &before[start..start + bytes]
    };
    let mut memory: Vec<u8> = image.internal_memory(0x4000).unwrap();
    let mut put = |name: &str, bytes: &[u8]| {
        let start = image.symbol(name).unwrap().value as usize;
        memory[start..start + bytes.len()].copy_from_slice(bytes);
    };
    put("rows", &u32::from(rows).to_be_bytes());
    put("row_table", taken(symbol::VIEW_ROW_TABLE, 256));
    put("column_mask", taken(symbol::COLUMN_MASK, 256));
    put("baseline_causal", taken(symbol::BASELINE_CAUSAL, 256));
    put("baseline_acausal", taken(symbol::BASELINE_ACAUSAL, 256));
    for (index, gain) in by_hand.gains.iter().enumerate() {
        put(gain, &taken(symbol::DERIVED, 8)[4 * index..][..4]);
    }
    chip.ppu_memory_mut(0).copy_from_slice(&memory);
    let mut cpu = Cpu::with_timing(TimingParameters::default());
    assert_eq!(cpu.run(&mut chip.ppu(0), 1_000_000).unwrap(), Exit::Wait);
    (chip, cpu.cycles())
}

#[test]
fn compiled_rows_take_what_rows_by_hand_take() {
    for by_hand in &BY_HAND {
        let compiled = Session::default().compile("by hand", by_hand.rule);
        let rule = &compiled.rules[0];
        let mut cycles = Vec::new();
        for rows in [20, 60] {
            let (mut engine, mut chip) = after_stimulus(rule, rows);
            engine.update(&mut chip).unwrap();
            let (other, by_hand) = update_by_hand(by_hand, rule, rows);
            for row in 0..256 {
                assert_eq!(chip.weights_row(0, row), other.weights_row(0, row), "row {row}");
            }
            cycles.push((engine.last_cycles(), by_hand));
        }
        let [(few, few_by_hand), (many, many_by_hand)] = cycles[..] else { unreachable!() };
        let (row, row_by_hand) = ((many - few) / 40, (many_by_hand - few_by_hand) / 40);
        println!("{}: {row} cycles a row, by hand {row_by_hand}", by_hand.name);
        assert!(10 * row <= 11 * row_by_hand, "{}: {row} and {row_by_hand}", by_hand.name);
    }
}

/// Rules that look at the synapses twice in an update.
const TWO_BODIES: [(&str, &str); 4] = [
    (
        "stdp and decay",
        "rule two {
            param gain : real in 0.0 .. 1.0 = 0.2
            param decay : real in 0.0 .. 0.1 = 0.01
            every 8 ms
            synapses { weight += gain * (causal - acausal); reset causal, acausal }
            synapses { weight -= decay * weight }
            neurons { reset rate }
        }",
    ),
    (
        "decay and its sum",
        "rule two {
            state total : int in 0 .. 16128 per neuron = 0
            every 8 ms
            synapses { weight -= 0.02 * weight }
            neurons { total = sum of weight over synapses }
        }",
    ),
    (
        "decay and addresses",
        "rule two {
            every 8 ms
            synapses { weight -= 0.02 * weight }
            neurons { reset rate }
            synapses { if weight < 2 { address = 7 } }
        }",
    ),
    (
        "two rules that read one sensor, one of them with draws",
        "rule pairs {
            param gain : real in 0.0 .. 1.0 = 0.25
            every 8 ms
            synapses { weight += gain * (causal - acausal); reset causal, acausal }
        }
        rule homeostasis {
            rounding stochastic
            param target : int in 0 .. 255 = 60
            every 8 ms
            synapses { if causal < 20 { weight += 0.05 * (target - rate) } }
            neurons { reset rate }
        }
        rule two {
            use pairs
            use homeostasis
        }",
    ),
];

/// A module after all passes, or all but one.
fn optimised(rule: &Rule, without: &str) -> Verified<Module> {
    let mut module = (**rule.module()).clone();
    for _ in 0..4 {
        for pass in pl_passes::PIPELINE.iter().filter(|pass| pass.name != without) {
            let _ = pl_passes::run_pass(pass, &mut module);
        }
    }
    verify(module).unwrap()
}

fn program_of(module: &Verified<Module>) -> Program {
    pl_ppu::compile(module, &pl_ppu::Options::default()).unwrap()
}

/// Cycles that a row takes, measured and at most.
fn row_cycles(rule: &Rule, program: &Program) -> (u64, u32) {
    let defaults: Vec<f64> = rule.params().iter().map(|param| param.default).collect();
    let most = u8::try_from(rule.hir().rows_max.min(60)).unwrap();
    let fewer = most / 3;
    let [few, many] = [fewer, most]
        .map(|rows| slowest(&program.to_elf(), rule.derived_values(&defaults), rows, 255));
    ((many - few) / u64::from(most - fewer).max(1), program.cost.per_row_cycles)
}

#[test]
fn one_pass_over_the_rows_takes_less_than_two() {
    for (name, source) in TWO_BODIES {
        let session = Session::new(Options { level: Level::None, ..Options::default() });
        let compiled = session.compile("two", source);
        let rule = compiled.rules.last().unwrap();
        let (fused, bound) = row_cycles(rule, &program_of(&optimised(rule, "")));
        let (apart, bound_apart) = row_cycles(rule, &program_of(&optimised(rule, "fuse_rows")));
        println!("{name}: {fused} cycles a row (at most {bound}), apart {apart} ({bound_apart})");
        assert!(100 * fused <= 93 * apart && bound < bound_apart, "{name}: {fused} and {apart}");
    }
}

/// Rules of the library that are computed in bytes in part, and how many percent fewer cycles a row
/// takes at least.
const IN_BYTES: [(&str, u64); 8] = [
    ("cascade", 12),
    ("structural", 10),
    ("homeostasis_sign", 6),
    ("perceptron", 6),
    ("weight_decay", 3),
    ("teacher_stdp", 2),
    ("hybrid", 0),
    ("inhibitory_stdp", 0),
];

#[test]
fn rows_are_in_bytes_where_that_takes_less_than_halfwords() {
    for rule in pl_stdlib::RULES {
        let (rule, name) = (library(rule.name), rule.name);
        let program = rule.program().unwrap();
        let halfwords = program_of(&rule.module_in_halfwords(&mut |_, _| ()));
        let Some((_, least)) = IN_BYTES.iter().find(|(known, _)| *known == name) else {
            assert_eq!(program.to_elf(), halfwords.to_elf(), "{name}");
            continue;
        };
        let (cycles, bound) = row_cycles(&rule, program);
        let (wide, wide_bound) = row_cycles(&rule, &halfwords);
        println!("{name}: {cycles} cycles a row ({bound}), in halfwords {wide} ({wide_bound})");
        assert!(100 * cycles <= (100 - least) * wide, "{name}: {cycles} and {wide}");
        assert!(bound < wide_bound, "{name}: at most {bound} and {wide_bound}");
    }
}
