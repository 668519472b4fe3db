//! Random modules leave the same bits in the evaluator and as programs on the simulator.

use crate::machine::{Machine, info};
use pl_ir::io::{self, COLUMNS, ObjectValues};
use pl_ir::testing::{self, Shape, State};
use pl_ir::{Module, Verified, eval, parse, verify};
use pl_isa::image::{Command, Status, Storage, symbol};
use pl_passes::{Level, Target};
use pl_ppu::{Options, Program};
use proptest::prelude::*;
use std::ops::Range;

/// Updates after the start.
const UPDATES: u32 = 3;
/// As far as absolute addresses reach: more than the core has, so that large random programs fit.
const ROOMY: u32 = 0x7ff0;

/// Instructions of a stretch of code from which on registers run out and programs may be too large.
const LONG: u32 = 40;

/// What a test draws.
#[derive(Clone, Copy, Debug)]
struct Case {
    seed: u64,
    shape: Shape,
    rows: usize,
    /// Rows that the module is for; state of few rows fits inside.
    rows_max: u32,
    /// Whether to leave so little memory that state goes outside if it can.
    tight: bool,
    level: Level,
}

impl Case {
    fn module(&self) -> Verified<Module> {
        let mut module = testing::module(self.seed, &self.shape).into_inner();
        module.rows_max = if module.signed { self.rows_max.min(128) } else { self.rows_max };
        let module = verify(module).expect("smaller views are as well formed");
        pl_passes::optimise(module, self.level, Target::Ppu, &mut |_, _| ())
    }

    /// Nothing if the module is too large even for roomy memory.
    fn compile(&self, module: &Verified<Module>) -> Option<Program> {
        let compile =
            |stack_top| pl_ppu::compile(module, &Options { stack_top, ..Options::default() });
        let program = compile(ROOMY).ok()?;
        let cost = program.cost;
        let bytes = cost.code_bytes + cost.data_bytes + cost.stack_bytes;
        let tight = bytes.saturating_sub(1) / 16 * 16;
        match self.tight.then(|| compile(tight)) {
            Some(Ok(smaller)) => Some(smaller),
            _ => Some(program),
        }
    }

    fn may_not_fit(&self) {
        assert!(self.shape.stretch >= LONG, "{self:?} does not fit");
    }

    fn check(&self) {
        let module = self.module();
        let Some(program) = self.compile(&module) else { return self.may_not_fit() };
        check(&module, program, State::random(&module, self.seed, self.rows));
    }
}

/// Panics if the program of a module and the evaluator differ from a state on.
fn check(module: &Verified<Module>, program: Program, state: State) {
    let state = as_measured(module, &program, state);
    let mut expected = state.clone();
    let rate_resets = evaluate(module, &program, &mut expected);
    let mut machine = Machine::new(program, &state);
    let mut found = state;
    machine.command(Command::Start);
    for _ in 0..UPDATES {
        assert_eq!(Status::from_word(machine.get(symbol::STATUS)), Some(Status::Ready));
        machine.command(Command::Update);
    }
    machine.read_back(&mut found);
    let (instance, other) = (&expected.instance, &found.instance);
    let differences = [
        ("weights", expected.io.weights != found.io.weights),
        ("addresses", expected.io.addresses != found.io.addresses),
        ("resets", expected.io.correlation_reset != found.io.correlation_reset),
        ("rate resets", rate_resets != machine.bus.rate_resets),
        ("membrane resets", expected.io.membrane_reset != found.io.membrane_reset),
        ("objects", instance.objects != other.objects),
        ("draws", instance.rng_x != other.rng_x),
        ("words", instance.rng_word != other.rng_word),
        ("carries", instance.rng_carry != other.rng_carry),
        ("records", instance.records != other.records),
        ("update", instance.update_index != other.update_index),
    ];
    let named: Vec<&str> =
        differences.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    let listing = || machine.program.listing();
    assert!(named.is_empty(), "{named:?} differ\n{}\n{}", **module, listing());
}

/// A state as a program sees it: baselines are those that it measures itself, counters outside the
/// view are not sampled, and objects in external memory begin with their initial values.
fn as_measured(module: &Module, program: &Program, mut state: State) -> State {
    let io = &mut state.io;
    let rows = u32::try_from(io.rows.len()).expect("few rows");
    for (codes, baseline) in
        [(&io.causal_codes, &mut io.causal_baseline), (&io.acausal_codes, &mut io.acausal_baseline)]
    {
        for (column, code) in baseline.iter_mut().enumerate() {
            let sum = codes.iter().skip(column).step_by(COLUMNS).map(|c| u32::from(*c)).sum();
            *code = io::baseline(sum, rows);
        }
    }
    for (rate, column) in io.rates.iter_mut().zip(io.columns.iter()) {
        *rate &= column;
    }
    let placed = info(program).objects;
    for ((object, place), values) in
        module.objects.iter().zip(&placed).zip(&mut state.instance.objects)
    {
        if let (Storage::External(_), ObjectValues::Lanes(lanes)) = (place.storage, values) {
            lanes.fill(io::low_lane(object.initial));
        }
    }
    state
}

/// What start and updates leave behind by the evaluator, with the resets of the start command.
/// Returns the counters that were ever reset; the state's plane is that of the last update.
fn evaluate(module: &Verified<Module>, program: &Program, state: &mut State) -> [bool; COLUMNS] {
    let uses = |names: [&str; 2]| names.iter().any(|name| program.image.symbol(name).is_some());
    if uses([symbol::BASELINE_CAUSAL, symbol::BASELINE_ACAUSAL]) {
        let view = state.io.columns.iter().cycle();
        for (bits, column) in state.io.correlation_reset.iter_mut().zip(view) {
            *bits = column & 3;
        }
    }
    let at_start = uses([symbol::RATES, symbol::RATE_RESET]);
    let mut rate_resets = state.io.columns.map(|column| at_start && column != 0);
    let run = state.drive(module, UPDATES, |function, instance, io| {
        io.rate_reset.fill(0);
        let result = eval::run(module, function, instance, io);
        for (ever, now) in rate_resets.iter_mut().zip(io.rate_reset.iter()) {
            *ever |= *now != 0;
        }
        result
    });
    run.expect("the module evaluates");
    rate_resets
}

fn cases(stages: Range<u32>, stretch: Range<u32>) -> impl Strategy<Value = Case> {
    let shapes = (stages, stretch, any::<bool>()).prop_map(|(stages, stretch, byte_lanes)| Shape {
        stages,
        stretch,
        byte_lanes,
    });
    let levels = (0..Level::ALL.len()).prop_map(|index| Level::ALL[index].0);
    let rows_max = prop_oneof![Just(4u32), Just(256)];
    (any::<u64>(), shapes, 1..5usize, rows_max, any::<bool>(), levels).prop_map(
        |(seed, shape, rows, rows_max, tight, level)| Case {
            seed,
            shape,
            rows,
            rows_max,
            tight,
            level,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_modules_leave_the_same_bits(case in cases(1..6, 0..20)) {
        case.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn modules_with_too_few_registers_leave_the_same_bits(case in cases(1..4, LONG..100)) {
        case.check();
    }
}

/// Two ways into a loop over the rows, each of which converts the first row.
const TWO_WAYS: &str = r#"
module "two_ways" rows 4
object s0 = rule "way" init 0

function update {
block0():
  v0:i32 = const 0
  v1:i32 = const 1
  v2:i32 = load s0
  branch v2, block1(v0), block1(v0)
block1(v3:i32):
  v4:i16x256 = read.causal v3
  write.weight v3, v4
  v5:i32 = add v3, v1
  v6:i32 = view_rows
  v7:i32 = cmp.lt v5, v6
  branch v7, block1(v5), block2()
block2():
  return
}
"#;

#[test]
fn what_one_way_into_a_loop_computes_is_not_there_on_the_other() {
    let module = verify(parse::module(TWO_WAYS).expect("it reads")).expect("well formed");
    for way in [0, 1] {
        let program = pl_ppu::compile(&module, &Options::default()).expect("it fits");
        let mut state = State::random(&module, 1, 4);
        state.instance.objects[0] = ObjectValues::Scalars(vec![way]);
        check(&module, program, state);
    }
}
