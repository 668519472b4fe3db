//! `plc apply`: updates of a rule on recorded arrays, on any engine, against recorded results.

use crate::cli::{ApplyArgs, MessageFormat};
use crate::engines::EngineKind;
use crate::output::{self, Failure};
use crate::test_ppu::OnPpu;
use ndarray::{Array2, Array3, ArrayD, Axis};
use pl_driver::ir::io::{self, COLUMNS, Event};
use pl_driver::test_run::{BASELINE, Bench, Executor, OnArrays};
use pl_driver::{Engine, Rule, Session};
use pl_experiment::archive::ArchiveReader;
use pl_experiment::outcome::{Archive, Elements, NamedArray};
use std::path::Path;

/// Most rows of a view.
const ROWS_MAX: usize = 256;

/// What a file holds, one element an update along the first axis, or a single one for all.
struct Capture {
    /// Updates to do.
    updates: usize,
    rows: usize,
    columns: usize,
    /// Hardware rows.
    row_numbers: Vec<u8>,
    weights: Array3<u8>,
    addresses: Option<Array3<u8>>,
    causal: Option<Array3<u8>>,
    acausal: Option<Array3<u8>>,
    /// One a column.
    causal_baseline: Vec<u8>,
    acausal_baseline: Vec<u8>,
    /// Updates by one by columns.
    rates: Option<Array3<u8>>,
    membranes: Option<Array3<u8>>,
    /// What was sent, in order.
    events: Option<Vec<Sent>>,
}

/// An event with the number of its update, from 0.
type Sent = (usize, Event);

/// Runs the rule on the arrays of a file.
pub(crate) fn run(args: &ApplyArgs) -> Result<(), Failure> {
    let rule = rule(args)?;
    let bytes = output::read_file(&args.data)?;
    let invalid = |message: String| Failure::Invalid(format!("{}: {message}", args.data.display()));
    let capture = Capture::parse(&bytes).map_err(invalid)?;
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
    capture.give(&mut bench, 0, true);
    let (mut weights, mut addresses, mut sent) = (Vec::new(), Vec::new(), Vec::new());
    let mut against = Against::default();
    for update in 0..capture.updates {
        capture.give(&mut bench, update, capture.has_course());
        executor.update(&mut bench).map_err(Failure::Invalid)?;
        weights.extend(capture.inside(&bench.weights));
        addresses.extend(capture.inside(&bench.addresses));
        sent.extend(bench.effects.events.iter().map(|event| (update, *event)));
        against.note(&capture, &bench, update);
    }
    let shape = [capture.updates, capture.rows, capture.columns];
    let array = |name: &str, values| {
        let elements = ArrayD::from_shape_vec(shape.to_vec(), values);
        let elements = elements.map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(NamedArray { name: name.into(), elements: Elements::U8(elements) })
    };
    let mut arrays = vec![array("weights", weights)?, array("addresses", addresses)?];
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

impl Capture {
    fn parse(bytes: &[u8]) -> Result<Capture, String> {
        let mut reader = ArchiveReader::open(bytes)?;
        let events = reader.integers("events")?.map(events_of).transpose()?;
        let mut plane = |name: &str| bytes_of(&mut reader, name);
        let weights = plane("weights")?.ok_or("it has no array `weights`")?;
        let mut cube = |name: &str| -> Result<Option<Array3<u8>>, String> {
            plane(name)?.map(|array| to_cube(name, array)).transpose()
        };
        let (addresses, causal, acausal) = (cube("addresses")?, cube("causal")?, cube("acausal")?);
        let weights = to_cube("weights", weights)?;
        let (_, rows, columns) = weights.dim();
        let mut line = |name: &str| -> Result<Option<Array3<u8>>, String> {
            let Some(array) = plane(name)? else { return Ok(None) };
            let array = if array.ndim() == 1 { array.insert_axis(Axis(0)) } else { array };
            to_cube(name, array.insert_axis(Axis(1))).map(Some)
        };
        let (rates, membranes) = (line("rates")?, line("membranes")?);
        let mut baseline = |name: &str, codes: &Option<Array3<u8>>| -> Result<Vec<u8>, String> {
            match plane(name)?.map(|array| array.iter().copied().collect::<Vec<u8>>()) {
                Some(one) if one.len() == 1 => Ok(vec![one[0]; columns]),
                Some(all) if all.len() == columns => Ok(all),
                Some(other) => {
                    Err(format!("`{name}` has {} values, not 1 or {columns}", other.len()))
                }
                None if codes.is_some() => Err(format!("it has ADC codes, but no `{name}`")),
                None => Ok(vec![BASELINE; columns]),
            }
        };
        let causal_baseline = baseline("causal_baseline", &causal)?;
        let acausal_baseline = baseline("acausal_baseline", &acausal)?;
        let row_numbers = match plane("rows")? {
            Some(array) => array.iter().copied().collect(),
            None => (0..=u8::MAX).take(rows).collect::<Vec<u8>>(),
        };
        if rows == 0 || rows > ROWS_MAX || columns == 0 || columns > COLUMNS {
            return Err(format!("`weights` has {rows} rows and {columns} columns, not 1 to 256"));
        }
        if row_numbers.len() != rows || !row_numbers.is_sorted_by(|a, b| a < b) {
            return Err(format!("`rows` must be {rows} different row numbers, ascending"));
        }
        let mut capture = Capture {
            updates: 0,
            rows,
            columns,
            row_numbers,
            weights,
            addresses,
            causal,
            acausal,
            causal_baseline,
            acausal_baseline,
            rates,
            membranes,
            events,
        };
        capture.updates = capture.check()?;
        Ok(capture)
    }

    /// The number of updates that the first axes ask for.
    fn check(&self) -> Result<usize, String> {
        let planes = [
            ("addresses", &self.addresses, self.rows),
            ("causal", &self.causal, self.rows),
            ("acausal", &self.acausal, self.rows),
            ("rates", &self.rates, 1),
            ("membranes", &self.membranes, 1),
        ];
        let mut updates = self.weights.dim().0.saturating_sub(1).max(1);
        let mut from = "weights";
        for (name, array, rows) in planes {
            let Some(array) = array else { continue };
            let (count, found, columns) = array.dim();
            if (found, columns) != (rows, self.columns) {
                return Err(format!(
                    "`{name}` has {found} by {columns} values, not {rows} by {} as `weights` says",
                    self.columns
                ));
            }
            let own = if name == "addresses" { count.saturating_sub(1).max(1) } else { count };
            if own != 1 && updates != 1 && own != updates {
                return Err(format!(
                    "`{name}` is of {own} updates, `{from}` of {updates}; results have one more"
                ));
            }
            if own > updates {
                (updates, from) = (own, name);
            }
        }
        for (name, array) in
            [("weights", Some(&self.weights)), ("addresses", self.addresses.as_ref())]
        {
            if let Some(wrong) = array.into_iter().flatten().find(|value| **value > 63) {
                return Err(format!("`{name}` has a value of {wrong}; synapses hold 0 to 63"));
            }
        }
        Ok(updates)
    }

    /// Whether weights are recorded before every update, so that each starts from them.
    fn has_course(&self) -> bool {
        self.weights.dim().0 > 1
    }

    /// Puts what an update starts from into the bench.
    fn give(&self, bench: &mut Bench, update: usize, synapses: bool) {
        let code = |baseline: &[u8], column: usize, code: u8| {
            // The bench has one baseline for all columns.
            let correlation = io::correlation(baseline[column], code);
            u8::try_from(i16::from(BASELINE) - correlation).unwrap_or(u8::MAX)
        };
        let element = |array: &Array3<u8>, row: usize, column: usize| {
            array[[update.min(array.dim().0 - 1), row, column]]
        };
        for row in 0..self.rows {
            for column in 0..self.columns {
                let at = row * COLUMNS + column;
                if synapses {
                    bench.weights[at] = element(&self.weights, row, column);
                    if let Some(addresses) = &self.addresses {
                        bench.addresses[at] = element(addresses, row, column);
                    }
                }
                if let Some(codes) = &self.causal {
                    let raw = element(codes, row, column);
                    bench.causal_codes[at] = code(&self.causal_baseline, column, raw);
                }
                if let Some(codes) = &self.acausal {
                    let raw = element(codes, row, column);
                    bench.acausal_codes[at] = code(&self.acausal_baseline, column, raw);
                }
            }
        }
        for column in 0..self.columns {
            if let Some(rates) = &self.rates {
                bench.rates[column] = element(rates, 0, column);
            }
            if let Some(membranes) = &self.membranes {
                bench.membranes[column] = element(membranes, 0, column);
            }
        }
    }

    /// The values of the captured columns.
    fn inside(&self, plane: &[u8]) -> Vec<u8> {
        plane.chunks(COLUMNS).flat_map(|row| row[..self.columns].iter().copied()).collect()
    }
}

/// Results beside recorded ones.
#[derive(Default)]
struct Against {
    lines: Vec<String>,
    synapses: usize,
    differing: usize,
    /// Events that differ, are missing or were not recorded.
    events: usize,
}

impl Against {
    fn note(&mut self, capture: &Capture, bench: &Bench, update: usize) {
        let recorded = |array: &Array3<u8>| {
            (array.dim().0 > update + 1)
                .then(|| array.index_axis(Axis(0), update + 1).iter().copied().collect::<Vec<u8>>())
        };
        let events = capture.events.as_ref().map_or(0, |recorded| {
            let wanted = recorded.iter().filter(|(of, _)| *of == update).map(|(_, event)| event);
            let (wanted, found): (Vec<_>, Vec<_>) =
                (wanted.collect(), bench.effects.events.iter().collect());
            let same = wanted.iter().zip(&found).filter(|(a, b)| a == b).count();
            wanted.len().max(found.len()) - same
        });
        self.events += events;
        let Some(weights) = recorded(&capture.weights) else { return };
        let found = capture.inside(&bench.weights);
        let differences: Vec<u8> =
            found.iter().zip(&weights).map(|(a, b)| a.abs_diff(*b)).collect();
        let differing = differences.iter().filter(|difference| **difference != 0).count();
        let addresses = capture.addresses.as_ref().and_then(recorded).map_or(0, |addresses| {
            let found = capture.inside(&bench.addresses);
            found.iter().zip(&addresses).filter(|(a, b)| a != b).count()
        });
        let largest = differences.iter().max().copied().unwrap_or(0);
        self.lines
            .push(format!("{update:>8} {differing:>10} {largest:>10} {addresses:>12} {events:>8}"));
        self.synapses += differences.len();
        self.differing += differing;
    }

    fn print(&self) {
        if self.events > 0 {
            outln!("{} events differ from the recorded ones", self.events);
        }
        if self.lines.is_empty() {
            return;
        }
        outln!(
            "{:>8} {:>10} {:>10} {:>12} {:>8}",
            "update",
            "weights",
            "largest",
            "addresses",
            "events"
        );
        self.lines.iter().for_each(|line| outln!("{line}"));
        outln!("{} of {} recorded weights differ", self.differing, self.synapses);
    }
}

/// Two or three axes as updates by rows by columns.
fn to_cube(name: &str, array: ArrayD<u8>) -> Result<Array3<u8>, String> {
    let array = if array.ndim() == 2 { array.insert_axis(Axis(0)) } else { array };
    let axes = array.ndim();
    let cube = array.into_dimensionality().map_err(|_| {
        format!("`{name}` has {axes} axes, not rows by columns or updates by rows by columns")
    })?;
    let cube: Array3<u8> = cube;
    if cube.is_empty() { Err(format!("`{name}` is empty")) } else { Ok(cube) }
}

/// An array of bytes by its name: integers of 0 to 255.
fn bytes_of(reader: &mut ArchiveReader<'_>, name: &str) -> Result<Option<ArrayD<u8>>, String> {
    let Some(array) = reader.integers(name)? else { return Ok(None) };
    if let Some(wrong) = array.iter().find(|value| u8::try_from(**value).is_err()) {
        return Err(format!("`{name}` has a value of {wrong}, not 0 to 255"));
    }
    Ok(Some(array.mapv(|value| u8::try_from(value).unwrap_or(u8::MAX))))
}

/// Rows of an array: number of the update, from 0, hardware row and address.
fn events_of(array: ArrayD<i64>) -> Result<Vec<Sent>, String> {
    let shape = array.shape().to_vec();
    let rows: Array2<i64> = array.into_dimensionality().map_err(|_| shape_of_events(&shape))?;
    if rows.ncols() != 3 {
        return Err(shape_of_events(&shape));
    }
    let event = |row: ndarray::ArrayView1<'_, i64>| {
        let update = usize::try_from(row[0]).ok()?;
        let (line, address) = (u8::try_from(row[1]).ok()?, u8::try_from(row[2]).ok()?);
        (address < 64).then_some((update, Event { driver: line / 2, address }))
    };
    let wrong = "`events` has an event outside rows 0 to 255 or addresses 0 to 63";
    rows.rows().into_iter().map(|row| event(row).ok_or_else(|| wrong.to_owned())).collect()
}

fn shape_of_events(shape: &[usize]) -> String {
    format!("`events` has the shape {shape:?}, not events by update, row and address")
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
