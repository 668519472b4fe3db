//! Errors are those of the evaluator; arrays of the wrong size are refused before native code sees
//! them.

use crate::engines::{EFFORTS, checked, kernel, parsed, same, shapes};
use pl_clif::Effort;
use pl_ir::eval::{BUDGET, EvalError};
use pl_ir::io::{ObjectValues, RecordBuffer, Sample};
use pl_ir::testing::{self, Random, State};
use pl_ir::{Imm, Inst, Module, Op, Type, Verified};
use proptest::prelude::*;

/// The module with another row position somewhere, likely outside the view.
#[allow(clippy::wildcard_enum_match_arm, reason = "few ops name rows")]
fn with_wild_position(module: Verified<Module>, seed: u64) -> Verified<Module> {
    let mut random = Random::new(seed);
    let mut module = module.into_inner();
    for func in &mut module.functions {
        let mut sites = Vec::new();
        for (block, data) in func.blocks.iter().enumerate() {
            let names_row = |inst: &Inst| {
                let inst = func.inst(*inst);
                inst.op != Op::Splat
                    && inst.args.first().is_some_and(|first| func.ty(*first) == Type::I32)
                    && match inst.op {
                        Op::ViewRow | Op::RowSign | Op::Read | Op::Load => true,
                        Op::Write | Op::Store | Op::RecordPut => inst.args.len() == 2,
                        _ => false,
                    }
            };
            let places = data.insts.iter().enumerate().filter(|(_, inst)| names_row(inst));
            sites.extend(places.map(|(place, _)| (block, place)));
        }
        if sites.is_empty() {
            continue;
        }
        let (block, place) = sites[random.below(sites.len())];
        let position = [-1, 1, 3, 4, i32::MIN, i32::MAX][random.below(6)];
        let wild = func.new_inst(Op::Const, Imm::Int(position), vec![], Some(Type::I32));
        let user = func.blocks[block].insts[place];
        if let Some(wild) = func.insts[wild.index()].result {
            func.insts[user.index()].args[0] = wild;
        }
        func.blocks[block].insts.insert(place, wild);
    }
    checked(module)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn positions_outside_the_view_are_refused(seed: u64, shape in shapes(), high: bool) {
        let module = with_wild_position(testing::module(seed, &shape), seed);
        let kernel = kernel(&module, if high { Effort::High } else { Effort::Low });
        for rows in [0, 1, 3] {
            let _ = same(&module, &kernel, &State::random(&module, seed, rows), 2);
        }
    }
}

#[test]
fn the_first_position_outside_the_view_is_named() {
    let module = parsed(
        "module \"r\" rows 4\nobject s0 = rule \"s\" init 0\nobject s1 = row \"t\" init 0\n\n\
         function update {\nblock0():\n  v0:i32 = const 0\n  v1:i32 = const 3\n  v2:i16x256 = draw\n\
         \x20 write.weight v0, v2\n  store s0, v1\n  v3:i16x256 = read.weight v1\n\
         \x20 store s0, v0\n  write.weight v0, v3\n  store s1, v1, v1\n  return\n}\n",
    );
    for effort in EFFORTS {
        let kernel = kernel(&module, effort);
        let mut start = State::random(&module, 1, 3);
        start.io.columns.fill(0xff);
        let (_, result) = same(&module, &kernel, &start, 1);
        assert_eq!(result, Err(EvalError::RowPosition(3, 3)));
        assert_eq!(same(&module, &kernel, &State::random(&module, 1, 4), 1).1, Ok(()));
        let (_, result) = same(&module, &kernel, &State::random(&module, 1, 0), 1);
        assert_eq!(result, Err(EvalError::RowPosition(0, 0)));
    }
}

#[test]
fn indices_outside_their_array_are_named() {
    let module = parsed(
        "module \"r\" rows 1\nobject s0 = rule \"i\" init 0\nobject s1 = rule \"x.0\" init 5\n\
         object s2 = rule \"x.1\" init 6\n\nfunction update {\nblock0():\n  v0:i32 = load s0\n\
         \x20 v1:i32 = load_element s1[2], v0\n  v2:i32 = add v1, v1\n\
         \x20 store_element s1[2], v0, v2\n  return\n}\n",
    );
    for effort in EFFORTS {
        let kernel = kernel(&module, effort);
        let mut start = State::random(&module, 1, 1);
        for (index, end) in [
            (0, Ok(())),
            (1, Ok(())),
            (2, Err(EvalError::Element(2, 2))),
            (-1, Err(EvalError::Element(-1, 2))),
        ] {
            start.instance.objects = [index, 5, 6].map(|x| ObjectValues::Scalars(vec![x])).into();
            assert_eq!(same(&module, &kernel, &start, 1).1, end);
        }
    }
}

/// Four instructions a turn, which divides the budget: native code charges whole blocks. The
/// evaluator itself would take seconds here.
#[test]
fn endless_programs_exceed_the_budget() {
    let module = parsed(
        "module \"r\" rows 4\nobject s0 = rule \"turns\" init 0\n\nfunction update {\nblock0():\n\
         \x20 v0:i32 = const 1\n  v1:i32 = load s0\n  v2:i32 = load s0\n  jump block1()\nblock1():\n\
         \x20 v3:i32 = load s0\n  v4:i32 = add v3, v0\n  store s0, v4\n  jump block1()\n}\n",
    );
    for effort in EFFORTS {
        let kernel = kernel(&module, effort);
        let mut state = State::random(&module, 1, 1);
        state.instance.objects[0] = ObjectValues::Scalars(vec![0]);
        let end = state.drive(&module, 1, |f, instance, io| kernel.run(f, instance, io));
        assert_eq!(end, Err(EvalError::Budget));
        let turns = i32::try_from(BUDGET / 4 - 1).unwrap_or(i32::MAX);
        assert_eq!(state.instance.objects[0], ObjectValues::Scalars(vec![turns]));
    }
}

#[test]
fn functions_that_do_not_exist_are_named() {
    let module = parsed("module \"r\" rows 4\n\nfunction update {\nblock0():\n  return\n}\n");
    let mut state = State::random(&module, 1, 1);
    let kernel = kernel(&module, Effort::Low);
    let end = state.drive(&module, 1, |_, instance, io| kernel.run("start", instance, io));
    assert_eq!(end, Err(EvalError::NoFunction("start".into())));
}

/// Vectors from one block to the next must not go on the stack: here they are larger than it.
#[test]
fn vectors_that_live_long_fit() {
    let mut text = String::from("module \"r\" rows 1\n\nfunction update {\nblock0():\n");
    let count = 600;
    (0..count).for_each(|v| text += &format!("  v{v}:i16x256 = draw\n"));
    text += "  v9000:i32 = const 0\n  jump block1()\nblock1():\n";
    (0..count).for_each(|v| text += &format!("  write.weight v9000, v{v}\n"));
    text += "  return\n}\n";
    let module = parsed(&text);
    let kernel = kernel(&module, Effort::Low);
    let start = State::random(&module, 1, 1);
    let (mut found, (expected, _)) = (start.clone(), same(&module, &kernel, &start, 1));
    std::thread::scope(|scope| {
        let run = || found.drive(&module, 1, |f, instance, io| kernel.run(f, instance, io));
        let thread = std::thread::Builder::new().stack_size(128 << 10).spawn_scoped(scope, run);
        assert_eq!(thread.map(|thread| thread.join().ok()).ok(), Some(Some(Ok(()))));
    });
    assert!(found == expected);
}

/// What is not 0 is a column of the view, whatever the byte.
#[test]
fn any_mark_makes_a_column_part_of_the_view() {
    let module = testing::module(2, &testing::Shape::default());
    let kernel = kernel(&module, Effort::High);
    let mut state = State::random(&module, 2, 2);
    let mut random = Random::new(2);
    state.io.columns.fill_with(|| random.byte_below(3));
    assert_eq!(same(&module, &kernel, &state, 2).1, Ok(()));
}

/// What is put before another sample is opened belongs to the older one.
#[test]
fn samples_are_opened_in_order() {
    let module = parsed(
        "module \"r\" rows 4\nrecord r0 every 1: \"w\" neuron frac 0\n\nfunction update {\n\
         block0():\n  v0:i16x256 = draw\n  v1:i16x256 = draw\n  v2:i32 = record_open r0\n\
         \x20 record_put r0.0, v0\n  v3:i32 = record_open r0\n  record_put r0.0, v1\n\
         \x20 v4:i32 = record_open r0\n  record_put r0.0, v1\n  return\n}\n",
    );
    for effort in EFFORTS {
        let kernel = kernel(&module, effort);
        let (end, _) = same(&module, &kernel, &State::random(&module, 1, 1), 1);
        let [record] = &end.instance.records[..] else { unreachable!("one record") };
        assert_eq!((record.samples.len(), record.dropped), (2, 1));
        assert_ne!(record.samples[0].fields, record.samples[1].fields);
    }
}

const PUT: &str = "module \"r\" rows 4\nrecord r0 every 1: \"w\" synapse frac 0\n\n\
                   function update {\nblock0():\n  v0:i32 = const 1\n  v1:i16x256 = read.weight v0\n\
                   \x20 record_put r0.0, v0, v1\n  return\n}\n";

fn with_sample(values: usize) -> State {
    let mut state = State::random(&parsed(PUT), 1, 2);
    let sample = Sample { update: 1, fields: vec![vec![0; values]] };
    state.instance.records = vec![RecordBuffer { capacity: 2, samples: vec![sample], dropped: 0 }];
    state
}

#[test]
fn values_go_into_the_sample_of_an_earlier_call_or_nowhere() {
    let module = parsed(PUT);
    let kernel = kernel(&module, Effort::High);
    assert_eq!(same(&module, &kernel, &with_sample(512), 1).1, Ok(()));
    assert_eq!(same(&module, &kernel, &State::random(&module, 1, 2), 1).1, Ok(()));
}

#[test]
#[should_panic(expected = "field `w`")]
fn a_sample_of_another_view_is_refused() {
    let module = parsed(PUT);
    let mut state = with_sample(256);
    let kernel = kernel(&module, Effort::High);
    let _ = state.drive(&module, 1, |f, instance, io| kernel.run(f, instance, io));
}

#[test]
#[should_panic(expected = "arrays of synapses")]
fn planes_of_another_view_are_refused() {
    let module = parsed(PUT);
    let mut state = State::random(&module, 1, 2);
    state.io.weights.pop();
    let kernel = kernel(&module, Effort::High);
    let _ = state.drive(&module, 1, |f, instance, io| kernel.run(f, instance, io));
}
