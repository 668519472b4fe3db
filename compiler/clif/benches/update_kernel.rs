//! Time of an update in native code and in the evaluator, per row of 256 synapses.
//!
//! `cargo bench -p pl-clif`, prints lines `cost NAME NANOSECONDS unit` and `ratio NAME VALUE`. The
//! rules are those of the library as `plc compile std:RULE --emit ir` prints them.

#![allow(clippy::print_stdout, reason = "a benchmark's results go to standard output")]

use std::hint::black_box;
use std::time::Instant;

use pl_clif::{Effort, Kernel, Options};
use pl_ir::eval;
use pl_ir::io::{Instance, UpdateIo};
use pl_ir::testing::State;
use pl_ir::{Module, Verified, verify};

const RULES: [(&str, &str); 2] = [
    ("additive_stdp", include_str!("additive_stdp.ir")),
    ("structural", include_str!("structural.ir")),
];
const ROWS: u32 = 256;

/// Nanoseconds a turn: the shortest of some repetitions, which other programs disturb least.
fn nanoseconds(repetitions: u32, turns: u32, mut work: impl FnMut()) -> f64 {
    let repetition = |_| {
        let start = Instant::now();
        (0..turns).for_each(|_| work());
        start.elapsed().as_secs_f64() * 1e9 / f64::from(turns)
    };
    (0..repetitions).map(repetition).fold(f64::INFINITY, f64::min)
}

/// Nanoseconds a row. The number of the update stays 0, at which no record is due.
fn row(
    module: &Module,
    (repetitions, turns): (u32, u32),
    mut run: impl FnMut(&mut Instance, &mut UpdateIo<'_>) -> Result<(), eval::EvalError>,
) -> f64 {
    let mut state = State::random(module, 1, ROWS as usize);
    state.instance = Instance::new(module, 0, ROWS as usize, 1, 1);
    let update = || {
        let end = run(&mut state.instance, &mut state.io.lend());
        assert_eq!(end, Ok(()), "a rule of the library runs");
        black_box(&state.io.weights);
    };
    nanoseconds(repetitions, turns, update) / f64::from(ROWS)
}

fn rule(name: &str, module: &Verified<Module>) {
    let cost = |what: &str, nanoseconds: f64, unit: &str| {
        println!("cost {name}_{what} {nanoseconds:.1} {unit}");
        nanoseconds
    };
    let evaluated = cost(
        "eval",
        row(module, (3, 3), |instance, io| eval::run(module, "update", instance, io)),
        "row",
    );
    for (effort, word) in [(Effort::Low, "low"), (Effort::High, "high")] {
        let compile = || Kernel::compile(module, Options { effort });
        let compiling = nanoseconds(5, 20, || assert!(black_box(compile()).is_ok()));
        cost(&format!("compile_{word}"), compiling, "module");
        match compile() {
            Ok(kernel) => {
                let run = row(module, (10, 200), |instance, io| kernel.run("update", instance, io));
                cost(&format!("native_{word}"), run, "row");
                println!("ratio {name}_eval_native_{word} {:.0}", evaluated / run);
            }
            Err(error) => println!("{name}: {error}"),
        }
    }
}

fn main() {
    for (name, text) in RULES {
        match pl_ir::parse::module(text).map(verify) {
            Ok(Ok(module)) => rule(name, &module),
            Ok(Err(errors)) => println!("{name}: {errors:?}"),
            Err(errors) => println!("{name}: {errors:?}"),
        }
    }
}
