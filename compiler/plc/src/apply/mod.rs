//! `plc apply`: updates of a rule on recorded arrays, on any engine, against recorded results.
//!
//! ```text
//!   capture.rs   what a file of arrays holds          against.rs   results beside recorded ones
//!   values.rs    inputs and states
//! ```

mod against;
mod capture;
mod values;

pub(crate) use capture::arrays_help;

use crate::cli::{ApplyArgs, MessageFormat};
use crate::engines::EngineKind;
use crate::output::{self, Failure};
use crate::test_ppu::OnPpu;
use against::Against;
use capture::{Capture, Sent};
use ndarray::{Array2, ArrayD};
use pl_driver::test_run::{Bench, Executor, OnArrays};
use pl_driver::{Engine, Rule, Session};
use pl_experiment::outcome::{Archive, Elements, NamedArray};
use std::path::Path;
use values::States;

/// Runs the rule on the arrays of a file.
pub(crate) fn run(args: &ApplyArgs) -> Result<(), Failure> {
    let rule = rule(args)?;
    let bytes = output::read_file(&args.data)?;
    let invalid = |message: String| Failure::Invalid(format!("{}: {message}", args.data.display()));
    let capture = Capture::parse(&bytes, &rule).map_err(invalid)?;
    if rule.hir().signed {
        let message = "recorded arrays hold rows, the pairs of `view signed` are not supported";
        return Err(invalid(message.to_owned()));
    }
    for (what, count, limit) in [
        ("rows", capture.rows, rule.hir().rows_max),
        ("columns", capture.columns, rule.hir().columns_max),
    ] {
        if count > limit as usize {
            let message = format!("it has {count} {what}, the rule says `view {what} <= {limit}`");
            return Err(invalid(message));
        }
    }
    let kind = args.engine.map_or(EngineKind::default(), EngineKind::from);
    let mut executor: Box<dyn Executor> = match kind {
        EngineKind::Jit | EngineKind::Eval | EngineKind::Ideal => Box::new(OnArrays),
        EngineKind::Ppu => Box::new(OnPpu::new(&rule).map_err(Failure::Invalid)?),
    };
    let mut bench = bench(&rule, args, &capture, kind)?;
    executor.start(&mut bench).map_err(Failure::Invalid)?;
    values::keep_samples(&mut bench, capture.updates);
    capture.give(&mut bench, 0, true);
    let (mut weights, mut addresses, mut sent) = (Vec::new(), Vec::new(), Vec::new());
    let (mut against, mut states) = (Against::default(), States::new(&rule));
    for update in 0..capture.updates {
        capture.give(&mut bench, update, capture.has_course());
        executor.update(&mut bench).map_err(Failure::Invalid)?;
        weights.extend(capture.inside(&bench.weights));
        addresses.extend(capture.inside(&bench.addresses));
        sent.extend(bench.effects.events.iter().map(|event| (update, *event)));
        states.note(&capture, &bench).map_err(Failure::Invalid)?;
        against.note(&capture, &bench, update);
    }
    let shape = [capture.updates, capture.rows, capture.columns];
    let array = |name: &str, values| {
        let elements = ArrayD::from_shape_vec(shape.to_vec(), values);
        let elements = elements.map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(NamedArray { name: name.into(), elements: Elements::U8(elements) })
    };
    let mut arrays = vec![array("weights", weights)?, array("addresses", addresses)?];
    arrays.extend(values::records(&bench, &capture).map_err(Failure::Usage)?);
    arrays.extend(states.arrays(&rule, &capture).map_err(Failure::Usage)?);
    if !sent.is_empty() {
        arrays.push(NamedArray { name: "events".into(), elements: array_of_events(&sent) });
    }
    let file = args.out.clone().unwrap_or_else(|| Path::new("applied.npz").to_owned());
    let archive = Archive { file: file.display().to_string(), arrays };
    output::write_file(&file, &archive.to_bytes().map_err(Failure::Usage)?)?;
    outln!(
        "{}: {} updates of {} rows and {} columns, engine {}; results in {}",
        rule.name(),
        capture.updates,
        capture.rows,
        capture.columns,
        kind.name(),
        file.display()
    );
    if !sent.is_empty() {
        outln!("{} events were sent", sent.len());
    }
    against.print();
    Ok(())
}

fn rule(args: &ApplyArgs) -> Result<Rule, Failure> {
    let (source, bytes) = output::read_source(&args.file)?;
    let beside = |path: &str| output::module_beside(&source, path);
    let compiled = Session::default().compile_with(&source, &bytes, &beside, &mut |_, _| {});
    output::print_diagnostics(&compiled.diagnostics, &compiled.sources, MessageFormat::Human);
    if compiled.has_errors() {
        return Err(Failure::Findings);
    }
    let wanted = |rule: &&Rule| args.rule.as_deref().is_none_or(|name| name == rule.name());
    let mut found = compiled.rules.iter().filter(wanted);
    match (found.next(), found.next()) {
        (Some(rule), None) => Ok(rule.clone()),
        _ => {
            let names: Vec<&str> = compiled.rules.iter().map(Rule::name).collect();
            Err(Failure::Usage(format!(
                "choose one rule with `--rule`; {source} has {}",
                names.join(", ")
            )))
        }
    }
}

fn bench(
    rule: &Rule,
    args: &ApplyArgs,
    capture: &Capture,
    kind: EngineKind,
) -> Result<Bench, Failure> {
    let engine = match kind {
        EngineKind::Jit => Engine::Jit,
        EngineKind::Eval | EngineKind::Ppu => Engine::Eval,
        EngineKind::Ideal => Engine::Ideal,
    };
    let mut bench =
        Bench::new(rule, engine, capture.row_numbers.clone(), capture.columns, args.seed);
    for setting in &args.set {
        let parsed = setting
            .split_once('=')
            .and_then(|(name, value)| Some((name.trim(), value.trim().parse::<f64>().ok()?)));
        let (name, value) = parsed
            .ok_or_else(|| Failure::Usage(format!("`--set {setting}` must be PARAM=NUMBER")))?;
        bench
            .instance
            .set_param(name, value)
            .map_err(|error| Failure::Usage(format!("--set: {error}")))?;
    }
    Ok(bench)
}

/// Events as such an array.
fn array_of_events(sent: &[Sent]) -> Elements {
    let words = |(update, event): &Sent| {
        let update = i32::try_from(*update).unwrap_or(i32::MAX);
        [update, 2 * i32::from(event.driver), i32::from(event.address)]
    };
    let words: Vec<[i32; 3]> = sent.iter().map(words).collect();
    Elements::I32(Array2::from(words).into_dyn())
}
