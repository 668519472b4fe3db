//! `plc test`.

use crate::cli::{EngineArg, MessageFormat, TestArgs};
use crate::engines::EngineKind;
use crate::output::{self, Failure};
use crate::test_ppu::OnPpu;
use pl_diag::SourceMap;
use pl_driver::ir::io::Event;
use pl_driver::sema::test::Test;
use pl_driver::test_run::{self, Bench, Difference, Executor, Mismatch, OnArrays};
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
            let mut first: Option<Vec<Sent>> = None;
            for engine in &engines {
                let mut outcome = observed(&compiled, test, *engine);
                if let Ok(Observed { sent, .. }) = &outcome {
                    let first = first.get_or_insert_with(|| sent.clone());
                    if first != sent {
                        outcome = Err(other_events(first, sent, engines[0]));
                    }
                }
                let ok = outcome.as_ref().is_ok_and(|observed| observed.mismatches.is_empty());
                match args.message_format {
                    MessageFormat::Human => {
                        print_table(&compiled.sources, name, test, *engine, &outcome);
                    }
                    MessageFormat::Json => {
                        print_json(&compiled.sources, name, test, *engine, &outcome);
                    }
                }
                *(if ok { &mut passed } else { &mut failed }) += 1;
            }
        }
    }
    if args.message_format == MessageFormat::Human {
        outln!("{passed} passed, {failed} failed");
    }
    if sound && failed == 0 { Ok(()) } else { Err(Failure::Findings) }
}

/// An event with the number of the update that sent it, from 1; 0 is the start.
type Sent = (usize, Event);

/// What a test found and what its rule sent.
struct Observed {
    mismatches: Vec<Mismatch>,
    sent: Vec<Sent>,
}

/// An executor that keeps the events of another.
struct Listening<'a> {
    inner: &'a mut dyn Executor,
    updates: usize,
    sent: Vec<Sent>,
}

impl Executor for Listening<'_> {
    fn start(&mut self, bench: &mut Bench) -> Result<(), String> {
        self.inner.start(bench)?;
        self.sent.extend(bench.effects.events.iter().map(|event| (0, *event)));
        Ok(())
    }

    fn update(&mut self, bench: &mut Bench) -> Result<(), String> {
        self.inner.update(bench)?;
        self.updates += 1;
        self.sent.extend(bench.effects.events.iter().map(|event| (self.updates, *event)));
        Ok(())
    }
}

/// Runs a test on an engine.
fn observed(compiled: &Compilation, test: &Test, engine: EngineKind) -> Result<Observed, String> {
    let rule = compiled.rules.iter().find(|rule| rule.name() == test.rule);
    let rule = rule.ok_or_else(|| format!("there is no rule `{}`", test.rule))?;
    let (kind, mut executor) = executor(rule, engine)?;
    let mut listening = Listening { inner: &mut *executor, updates: 0, sent: Vec::new() };
    let mismatches = test_run::run(rule, test, kind, &mut listening)?;
    Ok(Observed { mismatches, sent: listening.sent })
}

/// What runs a rule's functions on an engine.
fn executor(rule: &Rule, engine: EngineKind) -> Result<(Engine, Box<dyn Executor>), String> {
    Ok(match engine {
        EngineKind::Jit => (Engine::Jit, Box::new(OnArrays)),
        EngineKind::Eval => (Engine::Eval, Box::new(OnArrays)),
        EngineKind::Ideal => (Engine::Ideal, Box::new(OnArrays)),
        EngineKind::Ppu => (Engine::Eval, Box::new(OnPpu::new(rule)?)),
    })
}

/// Says that an engine sent other events than the first one.
fn other_events(first: &[Sent], sent: &[Sent], engine: EngineKind) -> String {
    let at = first.iter().zip(sent).take_while(|(a, b)| a == b).count();
    let text = |sent: Option<&Sent>| sent.map_or("nothing more".to_owned(), event_text);
    format!("it sent {}, {} sent {}", text(sent.get(at)), engine.name(), text(first.get(at)))
}

fn event_text((update, event): &Sent) -> String {
    let row = 2 * u32::from(event.driver);
    format!("address {} to rows {row} and {} in update {update}", event.address, row + 1)
}

/// Runs a test: what it found, or why it could not run.
///
/// # Errors
/// Why the rule could not run on this engine.
pub fn on_engine(rule: &Rule, test: &Test, engine: EngineKind) -> Result<Vec<Mismatch>, String> {
    let (kind, mut executor) = executor(rule, engine)?;
    test_run::run(rule, test, kind, &mut *executor)
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
    outcome: &Result<Observed, String>,
) {
    let name = format!("{file} {} for {}, {}", test.name, test.rule, engine.name());
    match outcome {
        Err(message) => outln!("FAILED  {name}\n        {message}"),
        Ok(Observed { mismatches, sent }) if mismatches.is_empty() => {
            outln!("ok      {name}");
            print_events(sent);
        }
        Ok(Observed { mismatches, sent }) => {
            outln!("FAILED  {name}");
            print_events(sent);
            for mismatch in mismatches {
                let (line, text) = line_of(sources, mismatch);
                let (wrong, asked) = (mismatch.places.len(), mismatch.asked);
                outln!("        line {line}: {text}: wrong at {wrong} of {asked}");
                outln!("        {:>6} {:>6} {:>12} {:>12}", "row", "column", "expected", "got");
                for place in mismatch.places.iter().take(ROWS_SHOWN) {
                    outln!("        {}", table_row(place));
                }
                if wrong > ROWS_SHOWN {
                    outln!("        and {} more", wrong - ROWS_SHOWN);
                }
            }
        }
    }
}

fn print_events(sent: &[Sent]) {
    for event in sent.iter().take(ROWS_SHOWN) {
        outln!("        sent {}", event_text(event));
    }
    if sent.len() > ROWS_SHOWN {
        outln!("        and {} more", sent.len() - ROWS_SHOWN);
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
    outcome: &Result<Observed, String>,
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
    let event = |(update, event): &Sent| json!([update, 2 * event.driver, event.address]);
    let (mismatches, events, error) = match outcome {
        Ok(Observed { mismatches, sent }) => {
            let sent: Vec<_> = sent.iter().map(event).collect();
            (mismatches.iter().map(mismatch).collect(), sent, None)
        }
        Err(message) => (Vec::new(), Vec::new(), Some(message)),
    };
    let passed = error.is_none() && mismatches.is_empty();
    outln!(
        "{}",
        json!({
            "file": file, "test": test.name, "rule": test.rule, "engine": engine.name(),
            "passed": passed, "error": error, "mismatches": mismatches, "events": events,
        })
    );
}
