//! Random modules leave the same bits in the evaluator and as PPU programs on the simulator.

mod support;

use pl_ir::testing::{self, Shape, State};
use pl_passes::Level;
use proptest::prelude::*;

/// Three updates over views of up to four rows.
fn check(seed: u64, shape: &Shape, rows: usize, level: Level) {
    let module = pl_passes::optimise(testing::module(seed, shape), level, &mut |_, _| ());
    let rows = rows.min(module.rows_max as usize);
    let state = State::random(&module, seed, rows);
    let (expected, found, program) = support::both(&module, state, 3);
    if expected == found {
        return;
    }
    let differences = [
        ("weights", expected.io.weights != found.io.weights),
        ("addresses", expected.io.addresses != found.io.addresses),
        ("resets", expected.io.correlation_reset != found.io.correlation_reset),
        ("objects", expected.instance.objects != found.instance.objects),
        ("generators", expected.instance.rng_x != found.instance.rng_x),
        ("records", expected.instance.records != found.instance.records),
    ];
    let named: Vec<&str> =
        differences.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    panic!("{named:?} differ for {rows} rows\n{}\n{}", *module, program.listing());
}

fn shapes() -> impl Strategy<Value = Shape> {
    (1..6u32, 0..20u32).prop_map(|(stages, stretch)| Shape { stages, stretch, byte_lanes: false })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_modules_leave_the_same_bits(
        seed: u64,
        shape in shapes(),
        rows in 1..5usize,
        level in 0..Level::ALL.len(),
    ) {
        check(seed, &shape, rows, Level::ALL[level].0);
    }
}
