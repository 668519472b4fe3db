//! The command line of the plasticity-rule compiler, and what joins compiler and runtime.
//!
//! ```text
//!   cli.rs           subcommands and options
//!   check.rs, compile.rs, run.rs, asm.rs (and disasm), emulate.rs, explain.rs   a file a subcommand
//!   apply.rs         updates on recorded arrays
//!   test.rs          test blocks on every engine; test_ppu.rs on a PPU whose sensors are given
//!   engines.rs       rules of the compiler as engines of experiments: native code, evaluator, PPU
//!   checkpoint.rs    states of a run, kept in a file
//!   report.rs        results of a run as files and as a summary; watch.rs progress and Ctrl-C
//!   array_engine.rs  a rule on the emulated chip through gathered arrays
//!   lsp/             the language server
//!   modules.rs       imported names and what they stand for
//!   doc/             pages of rules
//!   sweep/           experiments over grids of params
//!   collect.rs       one page of all results in a folder
//!   compare.rs       a rule in real numbers beside the one that runs
//!   experiment_file.rs  an experiment as written, and what it names; workers.rs runs at once
//!   console.rs       standard output
//!   output.rs        files written whole or not at all, diagnostics, exit codes
//! ```
//!
//! Results go to stdout, diagnostics and progress to stderr. Exit codes: 0 well, 1 findings in what
//! the user wrote (a rule, an experiment), 2 usage or files.
#![allow(clippy::print_stderr, reason = "this crate is the console")]

#[macro_use]
mod console;

mod apply;
mod array_engine;
mod asm;
mod check;
mod checkpoint;
mod cli;
mod collect;
mod compare;
mod compile;
mod debug_lines;
mod doc;
mod emulate;
mod engines;
mod experiment_file;
mod explain;
mod fmt;
mod html;
mod lsp;
mod modules;
mod numerics;
mod output;
mod report;
mod rule_inputs;
mod run;
mod sweep;
mod test;
mod test_ppu;
mod watch;
mod workers;

pub use engines::{Compiler, EngineKind};
pub use pl_driver::test_run::Mismatch;
pub use test::on_engine as run_test;
pub use test_ppu::OnPpu;

/// Runs the program with the arguments of the process; returns its exit code.
#[must_use]
pub fn main() -> std::process::ExitCode {
    cli::main()
}
