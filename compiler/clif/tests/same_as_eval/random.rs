//! Random modules, as they are and optimised.

use crate::engines::{EFFORTS, checked, kernel, same, shapes};
use pl_clif::Effort;
use pl_ir::testing::{self, Shape, State};
use pl_ir::{Module, Verified};
use pl_passes::{Level, Target};
use proptest::prelude::*;

/// Three updates over views of some sizes, at both efforts.
fn agree(module: &Verified<Module>, seed: u64) {
    for effort in EFFORTS {
        let kernel = kernel(module, effort);
        for rows in [1, 3, 17] {
            let rows = rows.min(module.rows_max as usize);
            let (_, end) = same(module, &kernel, &State::random(module, seed, rows), 3);
            assert_eq!(end, Ok(()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn random_modules_leave_the_same_bits(seed: u64, shape in shapes()) {
        agree(&testing::module(seed, &shape), seed);
    }

    #[test]
    fn optimised_modules_leave_the_same_bits(seed: u64, shape in shapes(), small: bool) {
        let level = if small { Level::Size } else { Level::Speed };
        let module = testing::module(seed, &shape);
        agree(&pl_passes::optimise(module, level, Target::Ppu, &mut |_, _| ()), seed);
    }
}

/// The same modules on every machine and in every run.
#[test]
fn fixed_seeds_leave_the_same_bits() {
    for seed in 0..150 {
        let shape = Shape { stages: 6, stretch: 20, byte_lanes: seed % 2 == 1 };
        let module = testing::module(seed, &shape);
        agree(&module, seed);
        agree(&pl_passes::optimise(module, Level::Speed, Target::Ppu, &mut |_, _| ()), seed);
    }
}

#[test]
fn largest_views_leave_the_same_bits() {
    for seed in 0..8 {
        let mut module = testing::module(seed, &Shape::default()).into_inner();
        module.rows_max = 256;
        let module = checked(module);
        let (_, end) =
            same(&module, &kernel(&module, Effort::High), &State::random(&module, seed, 256), 1);
        assert_eq!(end, Ok(()));
    }
}

#[test]
fn kernels_are_shared_between_threads() {
    let module = testing::module(3, &Shape::default());
    let kernel = kernel(&module, Effort::High);
    let start = State::random(&module, 3, 2);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| same(&module, &kernel, &start, 2));
        }
    });
}

#[test]
fn text_names_every_function_and_is_always_the_same() -> Result<(), pl_clif::Error> {
    let module = testing::module(1, &Shape::default());
    let text = pl_clif::Kernel::clif_text(&module)?;
    for func in &module.functions {
        assert!(text.contains(&format!("; {}\nfunction ", func.name)), "{text}");
    }
    assert!(text.contains("i16x8"), "{text}");
    assert_eq!(text, pl_clif::Kernel::clif_text(&module)?);
    Ok(())
}
