//! Every pass and the pipeline at every level leave the evaluator's results as they are, on random
//! modules: weights, addresses, resets, objects, records and generators, bit for bit.

use pl_ir::io::{COLUMNS, ObjectValues};
use pl_ir::testing::{self, Shape, State};
use pl_ir::{Effect, Function, Imm, InstData, Module, Op, Verified, verify};
use pl_passes::{Changed, Level, PIPELINE, PassDesc, Target};
use proptest::prelude::*;

fn shapes() -> impl Strategy<Value = Shape> {
    (1..7u32, 0..24u32, any::<bool>()).prop_map(|(stages, stretch, byte_lanes)| Shape {
        stages,
        stretch,
        byte_lanes,
    })
}

fn checked(module: Module) -> Verified<Module> {
    let text = module.to_string();
    verify(module).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"))
}

/// Clears lanes of columns outside the view, which are nobody's.
fn clear_outside(state: &mut State) {
    let outside = |index: usize| state.io.columns[index % COLUMNS] == 0;
    for object in &mut state.instance.objects {
        if let ObjectValues::Lanes(lanes) = object {
            lanes.iter_mut().enumerate().filter(|(i, _)| outside(*i)).for_each(|(_, x)| *x = 0);
        }
    }
    let samples = state.instance.records.iter_mut().flat_map(|buffer| &mut buffer.samples);
    // Other fields have a number or one a row, of which there are fewer.
    let fields = samples.flat_map(|sample| &mut sample.fields);
    for lanes in fields.filter(|field| field.len() >= COLUMNS) {
        lanes.iter_mut().enumerate().filter(|(i, _)| outside(*i)).for_each(|(_, x)| *x = 0);
    }
}

/// Compares the states after three updates over views of one and of three rows.
fn agree(before: &Verified<Module>, after: &Verified<Module>, seed: u64) {
    for rows in [1, 3] {
        let mut expected = State::random(before, seed, rows);
        let mut found = expected.clone();
        let ends = (expected.evaluate(before, 3), found.evaluate(after, 3));
        assert_eq!(ends, (Ok(()), Ok(())));
        [&mut expected, &mut found].into_iter().for_each(clear_outside);
        let text = || format!("BEFORE\n{}\nAFTER\n{}", **before, **after);
        assert!(expected == found, "the states differ for {rows} rows\n{}", text());
    }
}

/// Effects that nobody may remove, in the order of the text: all but writes that others can hide.
fn effects(func: &Function) -> Vec<(Op, Imm)> {
    let listed = func.blocks.iter().flat_map(|block| &block.insts).map(|inst| func.inst(*inst));
    let hidden = |inst: &InstData| match (inst.op, inst.imm) {
        (Op::Write, Imm::Quantity(quantity)) => quantity.readable(),
        (op, _) => op == Op::Store,
    };
    let effects = listed.filter(|inst| inst.op.effect() == Effect::Write && !hidden(inst));
    effects.map(|inst| (inst.op, inst.imm)).collect()
}

proptest! {
    #[test]
    fn each_pass_keeps_the_meaning(seed: u64, shape in shapes(), which in 0..PIPELINE.len()) {
        let before = testing::module(seed, &shape);
        let mut module = before.clone().into_inner();
        let changed = pl_passes::run_pass(&PIPELINE[which], &mut module);
        if changed == Changed::No {
            prop_assert_eq!(module.renumbered(), before.renumbered());
        }
        agree(&before, &checked(module), seed);
    }

    #[test]
    fn passes_in_any_order_keep_the_meaning(
        seed: u64,
        shape in shapes(),
        order in prop::collection::vec(0..PIPELINE.len(), 1..12),
    ) {
        let before = testing::module(seed, &shape);
        let mut after = before.clone();
        for which in order {
            let mut module = after.into_inner();
            let _ = pl_passes::run_pass(&PIPELINE[which], &mut module);
            after = checked(module);
        }
        agree(&before, &after, seed);
    }

    #[test]
    fn every_level_keeps_the_meaning(seed: u64, shape in shapes()) {
        let before = testing::module(seed, &shape);
        for (level, _) in Level::ALL {
            let after = pl_passes::optimise(before.clone(), level, Target::Ppu, &mut |_, _| ());
            agree(&before, &after, seed);
        }
    }

    #[test]
    fn draws_resets_events_and_records_of_straight_code_stay(seed: u64, stretch in 0..40u32) {
        let before = testing::module(seed, &Shape { stages: 1, stretch, byte_lanes: false });
        let after = pl_passes::optimise(before.clone(), Level::Speed, Target::Ppu, &mut |_, _| ());
        // Where code branches, a branch may be decided and its other side go.
        let pairs = before.functions.iter().zip(&after.functions);
        for (before, after) in pairs.filter(|(before, _)| before.blocks.len() == 1) {
            prop_assert_eq!(effects(before), effects(after));
        }
    }
}

#[test]
fn level_none_changes_nothing_and_prints_nothing() {
    let module = testing::module(3, &Shape::default());
    let mut printed = 0;
    let same =
        pl_passes::optimise(module.clone(), Level::None, Target::Ppu, &mut |_, _| printed += 1);
    assert_eq!((same, printed), (module, 0));
}

#[test]
fn names_are_unique_and_every_pass_is_printed_after() {
    let mut names: Vec<&str> = PIPELINE.iter().map(|pass| pass.name).collect();
    let module = testing::module(3, &Shape::default());
    let mut printed: Vec<String> = Vec::new();
    let _ = pl_passes::optimise(module, Level::Speed, Target::Ppu, &mut |name, _| {
        printed.push(name.to_owned())
    });
    assert_eq!(printed[..names.len()], names[..]);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), PIPELINE.len());
}

/// A pass that never fires on random modules is not tested by them.
#[test]
fn random_modules_give_every_pass_work() {
    let changes = |pass: &PassDesc| {
        let changed = |seed: &u64| {
            let module = testing::module(*seed, &Shape { byte_lanes: true, ..Shape::default() });
            let mut module = module.into_inner();
            pl_passes::run_pass(pass, &mut module) == Changed::Yes
        };
        (0..100u64).filter(changed).count()
    };
    for pass in PIPELINE.iter().filter(|pass| pass.name != "dead_records") {
        let changes = changes(pass);
        assert!(changes >= 10, "{} changes only {changes} of 100 modules", pass.name);
    }
}

/// Nor are declared ranges on which no pass relies.
#[test]
fn random_modules_give_declared_ranges_work() {
    let narrow = PIPELINE.iter().find(|pass| pass.name == "narrow").expect("there is `narrow`");
    let relies = |seed: &u64| {
        let shape = Shape { byte_lanes: true, ..Shape::default() };
        let mut with = testing::module(*seed, &shape).into_inner();
        let mut without = with.clone();
        without.derived.iter_mut().for_each(|derived| derived.range = None);
        without.objects.iter_mut().for_each(|object| object.range = None);
        [&mut with, &mut without].into_iter().for_each(|module| {
            let _ = pl_passes::run_pass(narrow, module);
        });
        with.functions != without.functions
    };
    let count = (0..300u64).filter(relies).count();
    assert!(count >= 10, "only {count} of 300 modules rely on a declared range");
}
