//! Each lane op against the evaluator: bytes in every combination, halfwords at and between the
//! extremes.

use crate::engines::{EFFORTS, checked, kernel, same};
use pl_clif::{Effort, Kernel};
use pl_ir::io::ObjectValues;
use pl_ir::op::Cond;
use pl_ir::testing::{Random, State};
use pl_ir::{FunctionBuilder, Imm, Module, Object, ObjectId, Op, Scope, Type, Value, Verified};

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
const SCALAR: [Op; 13] = [
    Op::Add,
    Op::Sub,
    Op::Mul,
    Op::AddSat,
    Op::SubSat,
    Op::Min,
    Op::Max,
    Op::RemU,
    Op::DivU,
    Op::MulHighU,
    Op::MulSat,
    Op::MulReal,
    Op::DivReal,
];

fn object(index: usize) -> Imm {
    Imm::Object(ObjectId::new(index))
}

/// A module whose update is `b`, with three objects of a scope.
fn module(scope: Scope, b: FunctionBuilder) -> Verified<Module> {
    let object =
        |name: &str| Object { name: name.into(), scope, initial: 0, input: false, range: None };
    checked(Module {
        objects: ["x", "y", "z"].map(object).into(),
        functions: vec![b.finish()],
        ..Module::empty("ops")
    })
}

/// Stores `f` of the first two objects into the third.
fn of_two(
    scope: Scope,
    f: impl FnOnce(&mut FunctionBuilder, Value, Value) -> Value,
) -> Verified<Module> {
    let ty = if scope.is_vector() { Type::ROW16 } else { Type::I32 };
    let mut b = FunctionBuilder::new("update");
    let x = b.value(Op::Load, object(0), &[], ty);
    let y = b.value(Op::Load, object(1), &[], ty);
    let result = f(&mut b, x, y);
    b.effect(Op::Store, object(2), &[result]);
    module(scope, b)
}

fn narrowed(b: &mut FunctionBuilder, lanes: Value) -> Value {
    b.value(Op::Narrow, Imm::None, &[lanes], Type::ROW8)
}

fn widened(b: &mut FunctionBuilder, bytes: Value) -> Value {
    b.value(Op::Widen, Imm::None, &[bytes], Type::ROW16)
}

/// Runs a module on lanes by both engines.
fn lanes_agree(module: &Verified<Module>, kernel: &Kernel, x: &[i16], y: &[i16]) {
    let mut state = State::random(module, 1, 1);
    state.instance.objects[0] = ObjectValues::Lanes(x.to_vec());
    state.instance.objects[1] = ObjectValues::Lanes(y.to_vec());
    let (_, end) = same(module, kernel, &state, 1);
    assert_eq!(end, Ok(()));
}

/// A row of lanes by column.
fn row(lane: impl Fn(i32) -> i32) -> Vec<i16> {
    (0..256).map(|column| pl_ir::io::low_lane(lane(column))).collect()
}

fn random_row(seed: u64) -> Vec<i16> {
    let mut random = Random::new(seed);
    (0..256).map(|_| random.lane()).collect()
}

const EDGES: [i32; 16] =
    [-32768, -32767, -16385, -16384, -257, -2, -1, 0, 1, 2, 255, 16384, 16385, 32766, 32767, 12345];

fn halfwords_agree(module: &Verified<Module>) {
    for effort in EFFORTS {
        let kernel = kernel(module, effort);
        let edge = |index: i32| EDGES[index.cast_unsigned() as usize % 16];
        lanes_agree(module, &kernel, &row(|column| edge(column / 16)), &row(edge));
        for seed in 0..64 {
            lanes_agree(module, &kernel, &random_row(2 * seed), &random_row(2 * seed + 1));
        }
    }
}

#[test]
fn binary_ops_agree_at_and_between_the_extremes() {
    for op in BINARY {
        halfwords_agree(&of_two(Scope::Neuron, |b, x, y| b.op(op, &[x, y])));
    }
}

/// Every halfword times the numbers at which products round, saturate or change sign.
#[test]
fn fractional_products_of_every_lane_agree() {
    for op in [Op::MulFrac, Op::MulFracRound] {
        let module = of_two(Scope::Neuron, |b, x, y| b.op(op, &[x, y]));
        let kernel = kernel(&module, Effort::High);
        for factor in [-32768, -32767, -16384, -1, 1, 16384, 32767] {
            for high in 0..256 {
                lanes_agree(
                    &module,
                    &kernel,
                    &row(|low| 256 * high + low - 32768),
                    &row(|_| factor),
                );
            }
        }
    }
}

#[test]
fn comparisons_and_masks_agree() {
    for (cond, _) in Cond::ALL {
        halfwords_agree(&of_two(Scope::Neuron, |b, x, y| {
            let mask = b.compare(cond, x, y);
            b.op(Op::Select, &[mask, x, y])
        }));
    }
    for op in [Op::MaskAnd, Op::MaskOr] {
        halfwords_agree(&of_two(Scope::Neuron, |b, x, y| {
            let (less, column) =
                (b.compare(Cond::Lt, x, y), b.value(Op::Column, Imm::None, &[], Type::ROW16));
            let other = b.compare(Cond::Gt, x, column);
            let both = b.op(op, &[less, other]);
            let not = b.op(Op::MaskNot, &[both]);
            b.op(Op::Select, &[not, x, column])
        }));
    }
}

#[test]
fn shifts_agree_for_every_lane_and_place() {
    for op in SHIFTS {
        for places in 1..16 {
            let module = of_two(Scope::Neuron, |b, x, _| b.shift(op, x, places));
            let kernel = kernel(&module, Effort::High);
            for high in 0..256 {
                let x = row(|low| 256 * high + low - 32768);
                lanes_agree(&module, &kernel, &x, &x);
            }
        }
    }
}

#[test]
fn conversions_agree_for_every_lane() {
    let module = of_two(Scope::Neuron, |b, x, _| {
        let bytes = narrowed(b, x);
        widened(b, bytes)
    });
    let kernel = kernel(&module, Effort::High);
    for high in 0..256 {
        let x = row(|low| 256 * high + low - 32768);
        lanes_agree(&module, &kernel, &x, &x);
    }
}

#[test]
fn byte_ops_agree_for_every_pair() {
    for op in BINARY {
        let module = of_two(Scope::Neuron, |b, x, y| {
            let (x, y) = (narrowed(b, x), narrowed(b, y));
            let result = b.op(op, &[x, y]);
            widened(b, result)
        });
        let kernel = kernel(&module, Effort::High);
        for x in 0..256 {
            lanes_agree(&module, &kernel, &row(|_| x), &row(|y| y));
        }
    }
}

#[test]
fn byte_shifts_and_comparisons_agree_for_every_byte() {
    for op in SHIFTS {
        for places in 1..8 {
            let module = of_two(Scope::Neuron, |b, x, _| {
                let x = narrowed(b, x);
                let result = b.shift(op, x, places);
                widened(b, result)
            });
            lanes_agree(&module, &kernel(&module, Effort::High), &row(|x| x), &row(|x| x));
        }
    }
    for (cond, _) in Cond::ALL {
        let module = of_two(Scope::Neuron, |b, x, y| {
            let bytes = [narrowed(b, x), narrowed(b, y)];
            let mask = b.compare(cond, bytes[0], bytes[1]);
            b.op(Op::Select, &[mask, x, y])
        });
        let kernel = kernel(&module, Effort::High);
        for x in (0..256).step_by(17) {
            lanes_agree(&module, &kernel, &row(|_| x), &row(|y| y));
        }
    }
}

/// Splats of scalars beyond the lane keep the low bits.
#[test]
fn splats_agree() {
    for value in [0, 1, -1, 127, 128, 255, 256, -129, 32767, 32768, 65535, i32::MIN, i32::MAX] {
        halfwords_agree(&of_two(Scope::Neuron, |b, x, _| {
            let (lanes, bytes) =
                (b.splat_const(value, Type::ROW16), b.splat_const(value, Type::ROW8));
            let bytes = widened(b, bytes);
            let sum = b.op(Op::AddSat, &[lanes, bytes]);
            b.op(Op::Sub, &[sum, x])
        }));
    }
}

#[test]
fn scalar_ops_agree_at_and_between_the_extremes() {
    let agree = |module: &Verified<Module>| {
        for effort in EFFORTS {
            let kernel = kernel(module, effort);
            let mut random = Random::new(5);
            for _ in 0..400 {
                let mut state = State::random(module, 1, 1);
                for object in &mut state.instance.objects {
                    *object = ObjectValues::Scalars(vec![random.scalar()]);
                }
                assert_eq!(same(module, &kernel, &state, 1).1, Ok(()));
            }
        }
    };
    for op in SCALAR {
        agree(&of_two(Scope::Rule, |b, x, y| b.op(op, &[x, y])));
    }
    for op in SHIFTS {
        for places in [1, 2, 15, 16, 17, 30, 31] {
            agree(&of_two(Scope::Rule, |b, x, _| b.shift(op, x, places)));
        }
    }
    for (cond, _) in Cond::ALL {
        agree(&of_two(Scope::Rule, |b, x, y| {
            let holds = b.compare(cond, x, y);
            let chosen = b.op(Op::Select, &[holds, x, y]);
            b.op(Op::Sub, &[chosen, holds])
        }));
    }
}
