//! Both engines side by side.

use pl_clif::{Effort, Kernel, Options};
use pl_ir::testing::{Shape, State};
use pl_ir::{Module, Verified, verify};
use proptest::prelude::*;

pub(crate) const EFFORTS: [Effort; 2] = [Effort::Low, Effort::High];

pub(crate) fn kernel(module: &Verified<Module>, effort: Effort) -> Kernel {
    match Kernel::compile(module, Options { effort }) {
        Ok(kernel) => kernel,
        Err(error) => panic!("{error}\n{}", **module),
    }
}

/// Runs updates by the evaluator and by a kernel, on the state's view and on all columns; results
/// and, without errors, everything they leave must be equal. The evaluator's on the state's view are
/// returned.
pub(crate) fn same(
    module: &Verified<Module>,
    kernel: &Kernel,
    state: &State,
    updates: u32,
) -> (State, Result<(), pl_ir::eval::EvalError>) {
    let mut whole = state.clone();
    whole.io.columns.fill(0xff);
    let _ = same_on(module, kernel, &whole, updates);
    same_on(module, kernel, state, updates)
}

fn same_on(
    module: &Verified<Module>,
    kernel: &Kernel,
    state: &State,
    updates: u32,
) -> (State, Result<(), pl_ir::eval::EvalError>) {
    let (mut expected, mut found) = (state.clone(), state.clone());
    let expected_end = expected.evaluate(module, updates);
    let found_end = found.drive(module, updates, |f, instance, io| kernel.run(f, instance, io));
    assert_eq!(expected_end, found_end, "ends differ\n{}", **module);
    let rows = state.io.rows.len();
    if expected_end.is_err() {
        return (expected, expected_end);
    }
    assert!(expected.instance == found.instance, "instances differ, {rows} rows\n{}", **module);
    assert!(expected.io == found.io, "arrays differ, {rows} rows\n{}", **module);
    (expected, expected_end)
}

/// Checks a changed module.
pub(crate) fn checked(module: Module) -> Verified<Module> {
    let text = module.to_string();
    verify(module).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"))
}

/// Module of a text.
pub(crate) fn parsed(text: &str) -> Verified<Module> {
    checked(pl_ir::parse::module(text).unwrap_or_else(|error| panic!("{error:?}\n{text}")))
}

/// Shapes of random modules.
pub(crate) fn shapes() -> impl Strategy<Value = Shape> {
    (1..7u32, 0..24u32, any::<bool>()).prop_map(|(stages, stretch, byte_lanes)| Shape {
        stages,
        stretch,
        byte_lanes,
    })
}
