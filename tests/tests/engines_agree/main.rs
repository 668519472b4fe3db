//! Random rules as source text through the evaluator, native code at every level and effort, and
//! PPU code on the simulator: the same bits.
//!
//! `PROPTEST_CASES` is the number of programs (default 150; a long run has 10000). What they use of
//! the language is counted and printed, and in runs of a thousand or more gated. A failing program
//! is shrunk and printed as source.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
#![allow(clippy::print_stderr, reason = "coverage is for people")]

mod generator;

use generator::{FEATURES, Program, program};
use pl_clif::{Effort, Kernel};
use pl_driver::ir::io::{COLUMNS, ObjectValues, Sample};
use pl_driver::ir::testing::Random;
use pl_driver::ir::{Imm, InstData, Module, Op, Type, Value, Verified, eval, verify};
use pl_driver::test_run::{Bench, Effects, Executor};
use pl_driver::{Engine, Options, Rule, Session};
use pl_passes::{Changed, Level, PIPELINE};
use plc::OnPpu;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Programs of a run, unless the environment says otherwise.
const PROGRAMS: u32 = 150;
/// Programs from which on coverage is gated.
const GATED: u32 = 1000;
/// Updates of each program.
const UPDATES: u32 = 3;
/// Samples that a buffer holds, fewer than the updates.
const RECORD_CAPACITY: usize = 2;

/// How many programs the environment asks for.
fn programs() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(PROGRAMS)
}

/// A module run by the evaluator.
struct OnModule<'m>(&'m Verified<Module>);

/// Native code.
struct OnKernel<'k>(&'k Kernel);

fn counted(bench: &mut Bench) {
    bench.instance.state.update_index += 1;
}

impl Executor for OnModule<'_> {
    fn start(&mut self, bench: &mut Bench) -> Result<(), String> {
        bench.with_io(|instance, io| {
            eval::run(self.0, "start", &mut instance.state, io).map_err(|error| error.to_string())
        })
    }

    fn update(&mut self, bench: &mut Bench) -> Result<(), String> {
        bench.with_io(|instance, io| {
            eval::run(self.0, "update", &mut instance.state, io).map_err(|error| error.to_string())
        })?;
        counted(bench);
        Ok(())
    }
}

impl Executor for OnKernel<'_> {
    fn start(&mut self, bench: &mut Bench) -> Result<(), String> {
        bench.with_io(|instance, io| {
            self.0.run("start", &mut instance.state, io).map_err(|error| error.to_string())
        })
    }

    fn update(&mut self, bench: &mut Bench) -> Result<(), String> {
        bench.with_io(|instance, io| {
            self.0.run("update", &mut instance.state, io).map_err(|error| error.to_string())
        })?;
        counted(bench);
        Ok(())
    }
}

/// What a program leaves: synapses, state, generators.
#[derive(Clone, Debug, PartialEq)]
struct Left {
    weights: Vec<u8>,
    addresses: Vec<u8>,
    objects: Vec<ObjectValues>,
    draws: [Vec<u16>; 2],
    word: u32,
    /// The first state that has left its range.
    outside: Option<String>,
    /// By record.
    samples: Vec<Vec<Sample>>,
    /// Of the start and of each update.
    effects: Vec<Effects>,
}

/// A view and what its sensors read in each update, from a seed.
#[derive(Clone, Copy, Debug)]
struct Setup {
    seed: u64,
}

impl Setup {
    fn run(self, rule: &Rule, executor: &mut dyn Executor) -> Result<Left, String> {
        let mut random = Random::new(self.seed);
        let rows = 1 + random.below(4);
        let columns = [COLUMNS, 1 + random.below(COLUMNS)][random.below(2)];
        let columns = columns.min(rule.hir().columns_max as usize);
        let signed = rule.hir().signed;
        // The rows of a signed view begin pairs.
        let step = (1 + random.below(15)) * if signed { 2 } else { 1 };
        let numbers = (0..=u8::MAX).step_by(step).take(rows).collect();
        let mut bench = Bench::new(rule, Engine::Eval, numbers, columns, self.seed);
        for buffer in &mut bench.instance.state.records {
            buffer.capacity = RECORD_CAPACITY;
        }
        bench.weights.iter_mut().for_each(|weight| {
            *weight = random.byte_below(64);
            if signed && random.chance(2) {
                *weight = weight.wrapping_neg();
            }
        });
        bench.addresses.iter_mut().for_each(|address| *address = random.byte_below(64));
        executor.start(&mut bench)?;
        // A PPU program resets sensors and counters itself at the start.
        bench.effects.correlation_reset.clear();
        bench.effects.rate_reset.clear();
        let mut effects = vec![bench.effects.clone()];
        let mut outside = None;
        for _ in 0..UPDATES {
            for plane in [&mut bench.causal_codes, &mut bench.acausal_codes] {
                plane.iter_mut().for_each(|code| *code = random.byte());
            }
            for lanes in [&mut bench.rates, &mut bench.membranes] {
                lanes.iter_mut().for_each(|lane| *lane = random.byte());
            }
            executor.update(&mut bench)?;
            let objects = &bench.instance.state.objects;
            outside = outside.or_else(|| out_of_range(rule.module(), objects, columns));
            effects.push(bench.effects.clone());
        }
        // What lies outside the view is nobody's.
        let inside = |plane: &[u8]| {
            plane.chunks(COLUMNS).flat_map(|row| row[..columns].to_vec()).collect::<Vec<u8>>()
        };
        for effects in &mut effects {
            let Effects { correlation_reset, rate_reset, membrane_reset, events: _ } = effects;
            for plane in [correlation_reset, rate_reset, membrane_reset] {
                *plane = inside(plane);
            }
        }
        let state = &bench.instance.state;
        let objects = state.objects.iter().map(|object| match object {
            ObjectValues::Lanes(lanes) => ObjectValues::Lanes(
                lanes.chunks(COLUMNS).flat_map(|row| row[..columns].to_vec()).collect(),
            ),
            ObjectValues::Scalars(words) => ObjectValues::Scalars(words.clone()),
        });
        let values = |field: &Vec<i32>| match field.len() {
            // Of the rule, or one a row.
            len if len < COLUMNS => field.clone(),
            _ => field.chunks(COLUMNS).flat_map(|row| row[..columns].to_vec()).collect(),
        };
        let sample = |sample: &Sample| Sample {
            fields: sample.fields.iter().map(values).collect(),
            ..sample.clone()
        };
        let samples =
            state.records.iter().map(|buffer| buffer.samples.iter().map(sample).collect());
        let samples = samples.collect();
        Ok(Left {
            weights: inside(&bench.weights),
            addresses: inside(&bench.addresses),
            objects: objects.collect(),
            draws: [&state.rng_x, &state.rng_carry].map(|words| words[..columns].to_vec()),
            word: state.rng_word,
            outside,
            samples,
            effects,
        })
    }
}

/// A state that does not keep to its declared range in the columns of the view.
fn out_of_range(module: &Module, objects: &[ObjectValues], columns: usize) -> Option<String> {
    module.objects.iter().zip(objects).find_map(|(object, values)| {
        let range = object.range.as_ref()?;
        let within = match values {
            ObjectValues::Lanes(lanes) => lanes
                .chunks(COLUMNS)
                .flat_map(|row| &row[..columns])
                .all(|lane| range.contains(&i32::from(*lane))),
            ObjectValues::Scalars(words) => words.iter().all(|word| range.contains(word)),
        };
        (!within).then(|| format!("`{}` leaves {range:?}", object.name))
    })
}

/// Compiles at a level; what is wrong with the program, if it is none.
fn compiled(source: &str, level: Level) -> Result<Rule, String> {
    let session = Session::new(Options { level, processor_limits: false });
    let compiled = session.compile("random.pl", source);
    let errors: Vec<String> = compiled
        .diagnostics
        .iter()
        .filter(|found| found.is_error())
        .map(|found| format!("{} {}", found.code.name(), found.message))
        .collect();
    // The last one uses the others.
    compiled.rules.into_iter().next_back().ok_or_else(|| errors.join("; "))
}

fn kernel(module: &Verified<Module>, effort: Effort) -> Kernel {
    Kernel::compile(module, pl_clif::Options { effort }).unwrap()
}

/// Every engine on a program; the first that differs from the evaluator on unoptimised code.
fn disagreement(source: &str, setup: Setup) -> Option<String> {
    let plain = compiled(source, Level::None).unwrap();
    let expected = setup.run(&plain, &mut OnModule(plain.module()));
    let mut differs = expected.as_ref().ok().and_then(|left| left.outside.clone());
    let mut check = |name: String, rule: &Rule, executor: &mut dyn Executor| {
        let found = setup.run(rule, executor);
        if found != expected && differs.is_none() {
            let what = match (&found, &expected) {
                (Ok(found), Ok(expected)) => difference(found, expected),
                (found, expected) => {
                    format!("{:?} for {:?}", found.as_ref().err(), expected.as_ref().err())
                }
            };
            differs = Some(format!("{name}: {what}"));
        }
    };
    for level in [Level::None, Level::Size, Level::Speed] {
        let rule = compiled(source, level).unwrap();
        check(format!("evaluator, {level:?}"), &rule, &mut OnModule(rule.module()));
        let for_ppu = rule.module_for_ppu(&mut |_, _| ());
        check(format!("evaluator, {level:?}, for the PPU"), &rule, &mut OnModule(&for_ppu));
        for effort in [Effort::Low, Effort::High] {
            let kernel = kernel(rule.module(), effort);
            check(format!("native, {level:?}, {effort:?}"), &rule, &mut OnKernel(&kernel));
        }
        let program = pl_ppu::compile(&for_ppu, &pl_ppu::Options::default());
        // A program too large for the memory is an error of its own.
        if let Ok(program) = program {
            check(format!("PPU, {level:?}"), &rule, &mut OnPpu::load(&program).unwrap());
        }
    }
    differs
}

fn difference(found: &Left, expected: &Left) -> String {
    let parts = [
        ("weights", found.weights == expected.weights),
        ("addresses", found.addresses == expected.addresses),
        ("states", found.objects == expected.objects),
        ("generators", found.draws == expected.draws),
        ("scalar generator", found.word == expected.word),
        ("records", found.samples == expected.samples),
        ("ranges", found.outside == expected.outside),
        ("resets or events", found.effects == expected.effects),
    ];
    let wrong: Vec<&str> = parts.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
    wrong.join(", ")
}

/// Passes that find something to do in a module, and what they make of it.
fn optimised(module: &Verified<Module>) -> (BTreeSet<&'static str>, Module) {
    let mut changing = BTreeSet::new();
    let mut module = (**module).clone();
    for pass in PIPELINE.iter().chain(PIPELINE) {
        if pl_passes::run_pass(pass, &mut module) == Changed::Yes {
            changing.insert(pass.name);
        }
    }
    (changing, module)
}

/// How often programs use what.
#[derive(Default)]
struct Coverage {
    programs: u32,
    refused: u32,
    features: BTreeMap<&'static str, u32>,
    ops: BTreeMap<&'static str, u32>,
    /// Passes that changed something.
    passes: BTreeMap<&'static str, u32>,
    /// Programs that mix formats, and draw.
    mixed: u32,
}

impl Coverage {
    fn count(&mut self, program: &Program, module: &Verified<Module>) {
        self.programs += 1;
        let (passes, after) = optimised(module);
        for pass in passes {
            *self.passes.entry(pass).or_default() += 1;
        }
        for feature in &program.used {
            *self.features.entry(feature).or_default() += 1;
        }
        let insts = module.functions.iter().chain(&after.functions).flat_map(|func| {
            func.blocks.iter().flat_map(|block| block.insts.iter().map(|inst| func.inst(*inst)))
        });
        let ops: BTreeSet<&'static str> = insts.map(|inst| inst.op.name()).collect();
        for op in &ops {
            *self.ops.entry(op).or_default() += 1;
        }
        let shifts = [Op::Shl, Op::ShrRound, Op::ShrRoundAway, Op::ShrFloor];
        let converts = shifts.iter().any(|op| ops.contains(op.name()));
        self.mixed += u32::from(converts && ops.contains(Op::Draw.name()));
    }

    fn print(&self) {
        let share = |count: u32| 100.0 * f64::from(count) / f64::from(self.programs.max(1));
        eprintln!("{} programs, {} more were not well-typed", self.programs, self.refused);
        eprintln!("formats converted and a draw: {:.0} %", share(self.mixed));
        let list = |counts: &BTreeMap<&'static str, u32>| {
            let parts = counts.iter().map(|(name, count)| format!("{name} {:.0}", share(*count)));
            parts.collect::<Vec<String>>().join(", ")
        };
        eprintln!("language (%): {}", list(&self.features));
        eprintln!("ops (%): {}", list(&self.ops));
        eprintln!("passes (%): {}", list(&self.passes));
    }

    /// Everything in one program of a hundred, formats and draws in half.
    fn gate(&self) {
        let floor = self.programs / 100;
        let rare = |counts: &BTreeMap<&'static str, u32>, name: &&str| {
            counts.get(*name).copied().unwrap_or(0) < floor
        };
        let features: Vec<&str> =
            FEATURES.iter().copied().filter(|name| rare(&self.features, name)).collect();
        assert!(features.is_empty(), "rare in programs: {features:?}");
        let ops = Op::ALL.iter().map(|op| op.name());
        let ops: Vec<&str> = ops.filter(|name| rare(&self.ops, name)).collect();
        assert!(ops.is_empty(), "rare in IR: {ops:?}");
        // Lowering opens every record.
        let passes = PIPELINE.iter().map(|pass| pass.name).filter(|name| *name != "dead_records");
        let passes: Vec<&str> = passes.filter(|name| rare(&self.passes, name)).collect();
        assert!(passes.is_empty(), "rare among passes: {passes:?}");
        assert!(2 * self.mixed >= self.programs, "half of the programs convert formats and draw");
    }
}

#[test]
fn random_rules_leave_the_same_bits_on_every_engine() {
    let coverage = RefCell::new(Coverage::default());
    let cases = programs();
    let config = Config {
        cases,
        max_global_rejects: 20 * cases + 1000,
        max_shrink_iters: 2000,
        failure_persistence: None,
        ..Config::default()
    };
    let tapes = (proptest::collection::vec(any::<u8>(), 20..400), any::<u64>());
    let result = TestRunner::new(config).run(&tapes, |(tape, seed)| {
        let program = program(&tape);
        let plain = match compiled(&program.source, Level::None) {
            Ok(rule) => rule,
            Err(errors) => {
                coverage.borrow_mut().refused += 1;
                return Err(TestCaseError::reject(errors));
            }
        };
        coverage.borrow_mut().count(&program, plain.module());
        match disagreement(&program.source, Setup { seed }) {
            Some(what) => {
                Err(TestCaseError::fail(format!("{what}, seed {seed}\n{}", program.source)))
            }
            None => Ok(()),
        }
    });
    let coverage = coverage.into_inner();
    coverage.print();
    if let Err(error) = result {
        panic!("{error}");
    }
    if cases >= GATED {
        coverage.gate();
    }
}

/// What a wrong conversion would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Conversion {
    /// Bytes widened without their sign.
    Unsigned,
    /// Halfwords narrowed to bits one place above.
    Misplaced,
}

/// The module with all conversions of one kind wrong; none if it has none.
fn misconverted(module: &Verified<Module>, wrong: Conversion) -> Option<Verified<Module>> {
    let mut changed = (**module).clone();
    let update = changed.functions.iter_mut().find(|func| func.name == "update")?;
    let mut found = false;
    for block in 0..update.blocks.len() {
        let mut insts = Vec::new();
        for inst in core::mem::take(&mut update.blocks[block].insts) {
            let InstData { op, args, .. } = update.inst(inst).clone();
            let mut add = |op: Op, imm: Imm, arg: Value| {
                let added = update.new_inst(op, imm, vec![arg], Some(Type::ROW16));
                insts.push(added);
                update.inst(added).result.unwrap()
            };
            match (wrong, op) {
                (Conversion::Unsigned, Op::Widen) => {
                    let wide = add(Op::Widen, Imm::None, args[0]);
                    let upper = add(Op::Shl, Imm::Shift(8), wide);
                    let data = &mut update.insts[inst.index()];
                    (data.op, data.imm) = (Op::ShrLogical, Imm::Shift(8));
                    data.args = vec![upper];
                    found = true;
                }
                (Conversion::Misplaced, Op::Narrow) => {
                    let shifted = add(Op::ShrFloor, Imm::Shift(1), args[0]);
                    update.insts[inst.index()].args = vec![shifted];
                    found = true;
                }
                _ => {}
            }
            insts.push(inst);
        }
        update.blocks[block].insts = insts;
    }
    if found { verify(changed).ok() } else { None }
}

#[test]
fn a_wrong_conversion_of_lanes_in_any_engine_is_caught() {
    let conversions = [Conversion::Unsigned, Conversion::Misplaced];
    let mut caught: BTreeSet<(&str, Conversion)> = BTreeSet::new();
    let mut random = Random::new(12);
    for seed in 0..400 {
        if caught.len() == 3 * conversions.len() {
            break;
        }
        let tape: Vec<u8> = (0..250).map(|_| random.byte()).collect();
        let Ok(rule) = compiled(&program(&tape).source, Level::Speed) else { continue };
        let setup = Setup { seed };
        let Ok(expected) = setup.run(&rule, &mut OnModule(rule.module())) else { continue };
        let module = rule.module_for_ppu(&mut |_, _| ());
        for conversion in conversions {
            let Some(wrong) = misconverted(&module, conversion) else { continue };
            let mut note = |engine: &'static str, found: Result<Left, String>| {
                if found.is_ok_and(|found| found != expected) {
                    caught.insert((engine, conversion));
                }
            };
            note("evaluator", setup.run(&rule, &mut OnModule(&wrong)));
            note("native", setup.run(&rule, &mut OnKernel(&kernel(&wrong, Effort::High))));
            if let Ok(program) = pl_ppu::compile(&wrong, &pl_ppu::Options::default()) {
                note("PPU", setup.run(&rule, &mut OnPpu::load(&program).unwrap()));
            }
        }
    }
    for conversion in conversions {
        for engine in ["evaluator", "native", "PPU"] {
            assert!(caught.contains(&(engine, conversion)), "{engine}: {conversion:?}");
        }
    }
}

/// The module with all ops of one kind replaced by another; none if it has none.
fn mutated(module: &Verified<Module>, from: Op, to: Op) -> Option<Verified<Module>> {
    let mut changed = (**module).clone();
    let update = changed.functions.iter_mut().find(|func| func.name == "update")?;
    let found: Vec<_> = update.insts.iter_mut().filter(|inst| inst.op == from).collect();
    if found.is_empty() {
        return None;
    }
    found.into_iter().for_each(|inst| inst.op = to);
    verify(changed).ok()
}

/// What a mutated engine would do instead: each changes a rounding, or the bounds at which stores
/// saturate. Sums have formats that hold them, so that their own saturation shows in no rule.
const MUTATIONS: [(Op, Op); 5] = [
    (Op::MulFracRound, Op::MulFrac),
    (Op::ShrRoundAway, Op::ShrRound),
    (Op::ShrRound, Op::ShrFloor),
    (Op::Max, Op::Min),
    (Op::Min, Op::Max),
];

#[test]
fn a_changed_rounding_or_saturation_of_any_engine_is_caught() {
    let mut caught: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut random = Random::new(11);
    for seed in 0..400 {
        if caught.len() == 3 * MUTATIONS.len() {
            break;
        }
        let tape: Vec<u8> = (0..250).map(|_| random.byte()).collect();
        let Ok(rule) = compiled(&program(&tape).source, Level::None) else { continue };
        let setup = Setup { seed };
        let Ok(expected) = setup.run(&rule, &mut OnModule(rule.module())) else { continue };
        for (from, to) in MUTATIONS {
            let key = |engine: &'static str| (engine, from.name());
            if ["evaluator", "native", "PPU"].into_iter().all(|e| caught.contains_key(&key(e))) {
                continue;
            }
            let Some(wrong) = mutated(rule.module(), from, to) else { continue };
            let mut note = |engine: &'static str, found: Result<Left, String>| {
                if found.is_ok_and(|found| found != expected) {
                    *caught.entry(key(engine)).or_default() += 1;
                }
            };
            note("evaluator", setup.run(&rule, &mut OnModule(&wrong)));
            let kernel = kernel(&wrong, Effort::High);
            note("native", setup.run(&rule, &mut OnKernel(&kernel)));
            if let Ok(program) = pl_ppu::compile(&wrong, &pl_ppu::Options::default()) {
                note("PPU", setup.run(&rule, &mut OnPpu::load(&program).unwrap()));
            }
        }
    }
    for (from, _) in MUTATIONS {
        for engine in ["evaluator", "native", "PPU"] {
            assert!(caught.contains_key(&(engine, from.name())), "{engine}: {}", from.name());
        }
    }
}
