//! The generator of random modules: what it covers, and that what it makes runs.

use pl_ir::op::Cond;
use pl_ir::testing::{self, Shape, State};
use pl_ir::{Imm, Op, Quantity, Scope, Type};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// How many of 200 modules contain each thing; prints nothing, asserts the least.
#[test]
fn covers_ops_quantities_comparisons_and_scopes() {
    let modules = 200;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..modules {
        let module = testing::module(seed, &Shape { byte_lanes: true, ..Shape::default() });
        let mut names = Vec::new();
        for func in &module.functions {
            for inst in func.blocks.iter().flat_map(|block| &block.insts) {
                let inst = func.inst(*inst);
                names.push(inst.op.name().to_owned());
                let ty = inst.args.last().map_or(Type::I32, |v| func.ty(*v));
                names.push(format!("{} {ty}", inst.op.name()));
                match inst.imm {
                    Imm::Quantity(q) => names.push(format!("{} {}", inst.op.name(), q.name())),
                    Imm::Cond(cond) => names.push(format!("cmp {} {ty}", cond.name())),
                    Imm::Object(id) => {
                        let scope = module.object(id).map_or("", |object| object.scope.name());
                        names.push(format!("{} {scope}", inst.op.name()));
                    }
                    Imm::Field(id, field) => {
                        let record = module.record(id).expect("verified");
                        names.push(format!("put {}", record.fields[field as usize].scope.name()));
                    }
                    Imm::None
                    | Imm::Int(_)
                    | Imm::Shift(_)
                    | Imm::Derived(_)
                    | Imm::Array(..)
                    | Imm::Record(_) => {}
                }
            }
        }
        names.sort();
        names.dedup();
        names.into_iter().for_each(|name| *seen.entry(name).or_default() += 1);
    }
    let mut wanted: Vec<String> = Op::ALL.iter().map(|op| op.name().to_owned()).collect();
    for (quantity, name) in Quantity::ALL {
        wanted.extend(quantity.readable().then(|| format!("read {name}")));
        wanted.extend(quantity.writable().then(|| format!("write {name}")));
    }
    for (_, scope) in Scope::ALL {
        wanted.extend(["load", "store", "put"].map(|op| format!("{op} {scope}")));
    }
    for (_, cond) in Cond::ALL {
        wanted.extend(["i32", "i16x256", "i8x256"].map(|ty| format!("cmp {cond} {ty}")));
    }
    for op in ["shl", "shr_logical", "shr_floor", "shr_round", "shr_round_away"] {
        wanted.push(format!("{op} i32"));
    }
    for op in ["add", "sub_sat", "mul_frac_round", "shr_round", "select"] {
        wanted.extend(["i16x256", "i8x256"].map(|ty| format!("{op} {ty}")));
    }
    let rare: Vec<_> = wanted.iter().filter(|name| seen.get(*name).copied() < Some(5)).collect();
    assert!(rare.is_empty(), "in fewer than 5 of {modules} modules: {rare:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_modules_run_and_repeat(seed: u64, stages in 0..6u32, rows in 1..5usize, byte_lanes: bool) {
        let module = testing::module(seed, &Shape { stages, byte_lanes, ..Shape::default() });
        let start = State::random(&module, seed, rows);
        prop_assert_eq!(start.io.rows.len(), rows);
        prop_assert!(start.io.rows.is_sorted_by(|a, b| a < b));
        let (mut first, mut second) = (start.clone(), start);
        first.evaluate(&module, 3).expect("random modules stay within view and budget");
        second.evaluate(&module, 3).expect("random modules stay within view and budget");
        prop_assert_eq!(first, second);
    }
}
