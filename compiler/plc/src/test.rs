//! `plc test`.

use crate::cli::{EngineArg, MessageFormat, TestArgs};
use crate::engines::EngineKind;
use crate::output::{self, Failure};
use crate::test_ppu::OnPpu;
use pl_diag::SourceMap;
use pl_driver::sema::test::Test;
use pl_driver::test_run::{self, Difference, Mismatch, OnArrays};
use pl_driver::{Compilation, Engine, Rule, Session};
use serde_json::json;

/// Most rows of a table of differences.
const ROWS_SHOWN: usize = 16;

/// Runs every test of every file on every engine; a failure anywhere ends with
/// [`Failure::Findings`].
pub(crate) fn run(args: &TestArgs) -> Result<(), Failure> {
    let library = pl_driver::stdlib::RULES.iter().map(|rule| format!("std:{}", rule.name));
    let mut files = args.files.clone();
    files.extend(library.filter(|_| args.library));
    let engines: Vec<EngineKind> = match args.engine.as_slice() {
        [] => EngineKind::EXACT.to_vec(),
        chosen if chosen.contains(&EngineArg::Ideal) => {
            return Err(Failure::Usage(
                "tests are of engines that give the chip's bits; `ideal` is for `plc run`".into(),
            ));
        }
        chosen => chosen.iter().copied().map(EngineArg::into).collect(),
    };
    let session = Session::default();
    let (mut passed, mut failed, mut sound) = (0, 0, true);
    for name in &files {
        let compiled = output::compile(&session, name, args.message_format, &mut |_, _| {})?;
        sound &= !compiled.has_errors();
        for test in &compiled.tests {
            for engine in &engines {
                let ok = run_one(&compiled, name, test, *engine, args.message_format);
                *(if ok { &mut passed } else { &mut failed }) += 1;
            }
        }
    }
    if args.message_format == MessageFormat::Human {
        println!("{passed} passed, {failed} failed");
    }
    if sound && failed == 0 { Ok(()) } else { Err(Failure::Findings) }
}

/// Runs a test on an engine and prints what came of it.
fn run_one(
    compiled: &Compilation,
    file: &str,
    test: &Test,
    engine: EngineKind,
    format: MessageFormat,
) -> bool {
    let rule = compiled.rules.iter().find(|rule| rule.name() == test.rule);
    let outcome = match rule {
        Some(rule) => on_engine(rule, test, engine),
        None => Err(format!("there is no rule `{}`", test.rule)),
    };
    match format {
        MessageFormat::Human => print_table(&compiled.sources, file, test, engine, &outcome),
        MessageFormat::Json => print_json(&compiled.sources, file, test, engine, &outcome),
    }
    outcome.is_ok_and(|mismatches| mismatches.is_empty())
}

/// Runs a test: what it found, or why it could not run.
///
/// # Errors
/// Why the rule could not run on this engine.
pub fn on_engine(rule: &Rule, test: &Test, engine: EngineKind) -> Result<Vec<Mismatch>, String> {
    match engine {
        EngineKind::Jit => test_run::run(rule, test, Engine::Jit, &mut OnArrays),
        EngineKind::Eval => test_run::run(rule, test, Engine::Eval, &mut OnArrays),
        EngineKind::Ideal => test_run::run(rule, test, Engine::Ideal, &mut OnArrays),
        EngineKind::Ppu => test_run::run(rule, test, Engine::Eval, &mut OnPpu::new(rule)?),
    }
}

/// The line of an expectation and its text.
fn line_of<'a>(sources: &'a SourceMap, mismatch: &Mismatch) -> (usize, &'a str) {
    sources.get(mismatch.span.file).map_or((0, ""), |source| {
        (source.position(mismatch.span.start).line, source.slice(mismatch.span))
    })
}

fn print_table(
    sources: &SourceMap,
    file: &str,
    test: &Test,
    engine: EngineKind,
    outcome: &Result<Vec<Mismatch>, String>,
) {
    let name = format!("{file} {} for {}, {}", test.name, test.rule, engine.name());
    match outcome {
        Err(message) => println!("FAILED  {name}\n        {message}"),
        Ok(mismatches) if mismatches.is_empty() => println!("ok      {name}"),
        Ok(mismatches) => {
            println!("FAILED  {name}");
            for mismatch in mismatches {
                let (line, text) = line_of(sources, mismatch);
                let (wrong, asked) = (mismatch.places.len(), mismatch.asked);
                println!("        line {line}: {text}: wrong at {wrong} of {asked}");
                println!("        {:>6} {:>6} {:>12} {:>12}", "row", "column", "expected", "got");
                for place in mismatch.places.iter().take(ROWS_SHOWN) {
                    println!("        {}", table_row(place));
                }
                if wrong > ROWS_SHOWN {
                    println!("        and {} more", wrong - ROWS_SHOWN);
                }
            }
        }
    }
}

fn table_row(place: &Difference) -> String {
    let index = |index: Option<usize>| index.map_or("-".to_owned(), |index| index.to_string());
    let (got, expected) = match place.sides {
        Some((got, expected)) => (got.to_string(), expected.to_string()),
        None => ("false".to_owned(), "true".to_owned()),
    };
    format!("{:>6} {:>6} {expected:>12} {got:>12}", index(place.row), index(place.column))
}

fn print_json(
    sources: &SourceMap,
    file: &str,
    test: &Test,
    engine: EngineKind,
    outcome: &Result<Vec<Mismatch>, String>,
) {
    let difference = |place: &Difference| {
        let (got, expected) = place.sides.unzip();
        json!({ "row": place.row, "column": place.column, "expected": expected, "got": got })
    };
    let mismatch = |mismatch: &Mismatch| {
        let (line, text) = line_of(sources, mismatch);
        let places: Vec<_> = mismatch.places.iter().map(difference).collect();
        json!({ "line": line, "expect": text, "asked": mismatch.asked, "places": places })
    };
    let (mismatches, error) = match outcome {
        Ok(mismatches) => (mismatches.iter().map(mismatch).collect(), None),
        Err(message) => (Vec::new(), Some(message)),
    };
    let passed = error.is_none() && mismatches.is_empty();
    println!(
        "{}",
        json!({
            "file": file, "test": test.name, "rule": test.rule, "engine": engine.name(),
            "passed": passed, "error": error, "mismatches": mismatches,
        })
    );
}
