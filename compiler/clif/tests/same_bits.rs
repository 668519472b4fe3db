//! Native code leaves what the evaluator leaves, bit for bit.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use pl_clif::{Effort, Kernel, Options};
use pl_fixed::Lane;
use pl_ir::eval::{self, EvalError};
use pl_ir::op::Cond;
use pl_ir::testing::{self, Shape, State};
use pl_ir::{FunctionBuilder, Imm, Module, Object, ObjectId, Op, Scope, Type, Verified, verify};
use pl_passes::Level;
use proptest::prelude::*;

fn kernel(module: &Verified<Module>, effort: Effort) -> Kernel {
    match Kernel::compile(module, Options { effort }) {
        Ok(kernel) => kernel,
        Err(error) => panic!("{error}\n{}", **module),
    }
}

/// Three updates over views of 1, 3 and 40 rows.
fn agree(module: &Verified<Module>, effort: Effort, seed: u64) {
    let kernel = kernel(module, effort);
    for rows in [1, 3, 40] {
        let rows = rows.min(module.rows_max as usize);
        let mut expected = State::random(module, seed, rows);
        let mut found = expected.clone();
        expected.evaluate(module, 3).unwrap();
        found.drive(module, 3, |f, instance, io| kernel.run(f, instance, io)).unwrap();
        assert!(expected == found, "states differ for {rows} rows\n{}", **module);
    }
}

fn shapes() -> impl Strategy<Value = Shape> {
    (1..7u32, 0..24u32).prop_map(|(stages, stretch)| Shape { stages, stretch, byte_lanes: false })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_modules_leave_the_same_bits(seed: u64, shape in shapes(), high: bool) {
        let effort = if high { Effort::High } else { Effort::Low };
        agree(&testing::module(seed, &shape), effort, seed);
    }

    #[test]
    fn optimised_modules_leave_the_same_bits(seed: u64, shape in shapes()) {
        let module = testing::module(seed, &shape);
        agree(&pl_passes::optimise(module, Level::Speed, &mut |_, _| ()), Effort::High, seed);
    }
}

/// A module whose update stores `f` of the two neuron objects into a third.
fn lane_module(
    f: impl FnOnce(&mut FunctionBuilder, pl_ir::Value, pl_ir::Value) -> pl_ir::Value,
) -> Verified<Module> {
    let mut b = FunctionBuilder::new("update");
    let object = |index| Imm::Object(ObjectId::new(index));
    let x = b.value(Op::Load, object(0), &[], Type::ROW16);
    let y = b.value(Op::Load, object(1), &[], Type::ROW16);
    let result = f(&mut b, x, y);
    b.effect(Op::Store, object(2), &[result]);
    let neuron =
        |name: &str| Object { name: name.into(), scope: Scope::Neuron, initial: 0, input: false };
    verify(Module {
        name: "lanes".into(),
        rows_max: 1,
        derived: vec![],
        objects: ["x", "y", "z"].map(neuron).into(),
        records: vec![],
        functions: vec![b.finish()],
    })
    .unwrap()
}

const BINARY: [Op; 9] = [
    Op::Add,
    Op::Sub,
    Op::Mul,
    Op::AddSat,
    Op::SubSat,
    Op::Min,
    Op::Max,
    Op::MulFrac,
    Op::MulFracRound,
];
const SHIFTS: [Op; 5] = [Op::Shl, Op::ShrLogical, Op::ShrFloor, Op::ShrRound, Op::ShrRoundAway];

/// Runs a lane module on 256 pairs of lanes by both engines.
fn lanes_agree(module: &Verified<Module>, kernel: &Kernel, x: &[i16], y: &[i16]) {
    let mut expected = State::random(module, 1, 1);
    let lanes = |values: &[i16]| pl_ir::io::ObjectValues::Lanes(values.to_vec());
    expected.instance.objects[0] = lanes(x);
    expected.instance.objects[1] = lanes(y);
    let mut found = expected.clone();
    expected.drive(module, 1, |f, instance, io| eval::run(module, f, instance, io)).unwrap();
    found.drive(module, 1, |f, instance, io| kernel.run(f, instance, io)).unwrap();
    assert_eq!(
        expected.instance.objects[2], found.instance.objects[2],
        "{x:?} {y:?}\n{}",
        **module
    );
}

#[test]
fn binary_ops_agree_at_and_between_the_extremes() {
    let edges = [
        i16::MIN,
        i16::MIN + 1,
        -16385,
        -16384,
        -257,
        -2,
        -1,
        0,
        1,
        2,
        255,
        16384,
        16385,
        i16::MAX - 1,
        i16::MAX,
        12345,
    ];
    let x: Vec<i16> = (0..256).map(|i| edges[i / 16]).collect();
    let y: Vec<i16> = (0..256).map(|i| edges[i % 16]).collect();
    for op in BINARY {
        let module = lane_module(|b, x, y| b.op(op, &[x, y]));
        let kernel = kernel(&module, Effort::High);
        lanes_agree(&module, &kernel, &x, &y);
        let random = |seed: u64| -> Vec<i16> {
            let mut random = testing::Random::new(seed);
            (0..256).map(|_| random.lane()).collect()
        };
        for seed in 0..64 {
            lanes_agree(&module, &kernel, &random(2 * seed), &random(2 * seed + 1));
        }
    }
    for (cond, _) in Cond::ALL {
        let module = lane_module(|b, x, y| {
            let mask = b.compare(cond, x, y);
            b.op(Op::Select, &[mask, x, y])
        });
        lanes_agree(&module, &kernel(&module, Effort::High), &x, &y);
    }
}

#[test]
fn shifts_agree_for_every_lane_and_place() {
    for op in SHIFTS {
        for places in 1..16 {
            let module = lane_module(|b, x, _| b.shift(op, x, places));
            let kernel = kernel(&module, Effort::High);
            // Every 16-bit value, 256 at a time.
            let step = if places % 5 == 0 { 1 } else { 16 };
            for high in (0..256i32).step_by(step) {
                let value = |low: i32| i16::try_from(high * 256 + low - 32768).unwrap();
                let x: Vec<i16> = (0..256).map(value).collect();
                lanes_agree(&module, &kernel, &x, &x);
            }
        }
    }
    assert_eq!((-3i16).shr_round_away(1), -2, "the formula itself is tested in pl_fixed");
}

#[test]
fn errors_are_those_of_the_evaluator() {
    let text = "module \"r\" rows 4\n\nfunction update {\nblock0():\n  v0:i32 = const 3\n  \
                v1:i16x256 = read.weight v0\n  write.weight v0, v1\n  return\n}\n";
    let module = verify(pl_ir::parse::module(text).unwrap()).unwrap();
    let kernel = kernel(&module, Effort::High);
    let run = |rows| {
        let mut state = State::random(&module, 1, rows);
        state.drive(&module, 1, |f, instance, io| kernel.run(f, instance, io))
    };
    assert_eq!(run(3), Err(EvalError::RowPosition(3, 3)));
    assert_eq!(run(4), Ok(()));
    let endless = "module \"r\" rows 4\n\nfunction update {\nblock0():\n  jump block1()\nblock1():\n  \
                   jump block1()\n}\n";
    let module = verify(pl_ir::parse::module(endless).unwrap()).unwrap();
    let kernel = self::kernel(&module, Effort::Low);
    let mut state = State::random(&module, 1, 1);
    let end = state.drive(&module, 1, |f, instance, io| kernel.run(f, instance, io));
    assert_eq!(end, Err(EvalError::Budget));
    let mut state = State::random(&module, 1, 1);
    let end = state.drive(&module, 1, |_, instance, io| kernel.run("start", instance, io));
    assert_eq!(end, Err(EvalError::NoFunction("start".into())));
}

#[test]
fn kernels_are_shared_between_threads() {
    let module = testing::module(3, &Shape::default());
    let kernel = kernel(&module, Effort::High);
    let mut expected = State::random(&module, 3, 2);
    let start = expected.clone();
    expected.evaluate(&module, 2).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut found = start.clone();
                found.drive(&module, 2, |f, instance, io| kernel.run(f, instance, io)).unwrap();
                assert!(found == expected);
            });
        }
    });
}
