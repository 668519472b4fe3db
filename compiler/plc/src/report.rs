//! Results of a run as files and as a summary.

use crate::engines::{Compiler, EngineKind, sha256};
use crate::html::{self, escaped};
use crate::run::Finished;
use pl_experiment::Experiment;
use pl_experiment::engine::EngineFactory;
use pl_experiment::estimate::Usage;
use pl_experiment::figure;
use pl_experiment::plasticity::Timing;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where results come from.
pub(crate) struct Source<'a> {
    pub(crate) experiment: &'a Experiment,
    /// The experiment as written.
    pub(crate) text: &'a str,
    /// Changes to it, `TABLE.NAME=VALUE`.
    pub(crate) changes: &'a [String],
    /// Hashes of the files that its task has read, by name.
    pub(crate) data_sha256: &'a BTreeMap<String, String>,
    pub(crate) compiler: &'a Compiler,
    pub(crate) kind: EngineKind,
}

/// Every file of a run: arrays, pictures, a page with all of it, and `run.json`.
///
/// # Errors
/// If an array is too large for its format.
pub(crate) fn files(source: &Source<'_>, run: &Finished) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut files = Vec::new();
    for archive in &run.outcome.archives {
        files.push((archive.file.clone(), archive.to_bytes()?));
    }
    for picture in &run.outcome.pictures {
        files.push((picture.file.clone(), picture.svg.clone().into_bytes()));
    }
    files.push(("report.html".into(), page(source, run).into_bytes()));
    files.push(("run.json".into(), pretty(&run_json(source, run))));
    Ok(files)
}

/// `repeat.json`: what several seeds gave.
pub(crate) fn repeat_file(source: &Source<'_>, runs: &[Finished]) -> (String, Vec<u8>) {
    let mut metrics = Map::new();
    for (name, values) in by_metric(runs) {
        let [low, median, high] = quartiles(&values);
        let entry = json!({
            "mean": mean(&values), "standard_deviation": standard_deviation(&values), "median": median, "quartile_low": low, "quartile_high": high,
            "values": values,
        });
        metrics.insert(name, entry);
    }
    let mut document = origin(source);
    let seeds: Vec<u64> = runs.iter().map(|run| run.seed).collect();
    document.insert("seeds".into(), json!(seeds));
    document.insert("metrics".into(), Value::Object(metrics));
    ("repeat.json".into(), pretty(&Value::Object(document)))
}

fn pretty(document: &Value) -> Vec<u8> {
    format!("{document:#}\n").into_bytes()
}

/// Versions, hashes and params: what a result can be made again from.
fn origin(source: &Source<'_>) -> Map<String, Value> {
    let mut rules = Map::new();
    for (name, config) in &source.experiment.rule {
        let Ok(info) = source.compiler.rule_info(name) else { continue };
        let value = |param: &pl_experiment::engine::ParamInfo| {
            let value = config.params.get(&param.name).copied().unwrap_or(param.default);
            (param.name.clone(), json!(value))
        };
        let params: Map<String, Value> = info.params.iter().map(value).collect();
        let entry = json!({
            "rule": info.name,
            "source": config.source,
            "source_sha256": info.source_sha256,
            "modules_sha256": info.modules_sha256.into_iter().collect::<BTreeMap<_, _>>(),
            "period_ticks": info.period_ticks,
            "params": params,
            "inputs": config.inputs,
        });
        rules.insert(name.clone(), entry);
    }
    let mut origin = Map::new();
    origin.insert("plc_version".into(), json!(env!("CARGO_PKG_VERSION")));
    origin.insert("experiment".into(), json!(source.experiment.name));
    origin.insert("experiment_sha256".into(), json!(sha256(source.text.as_bytes())));
    origin.insert("changes".into(), json!(source.changes));
    origin.insert("data_sha256".into(), json!(source.data_sha256));
    origin.insert("engine".into(), json!(source.kind.name()));
    origin.insert("timing".into(), json!(source.experiment.run.timing.name()));
    origin.insert("rules".into(), Value::Object(rules));
    // Numbers named `estimate_` come from these constants, of which none is measured.
    origin.insert("estimate_constants".into(), json!(source.experiment.estimate));
    origin
}

fn run_json(source: &Source<'_>, run: &Finished) -> Value {
    let mut document = origin(source);
    document.insert("seed".into(), json!(run.seed));
    document.insert("interrupted".into(), json!(run.outcome.interrupted));
    let metrics = run.outcome.numbers();
    let metrics: Map<String, Value> =
        metrics.map(|metric| (metric.name.clone(), json!(metric.value))).collect();
    document.insert("metrics".into(), Value::Object(metrics));
    // Those of them that depend on the machine.
    let timings: Vec<&str> = run.outcome.timings.iter().map(|timing| &timing.name[..]).collect();
    document.insert("timings".into(), json!(timings));
    Value::Object(document)
}

/// The values of each metric over runs, in the order of the first run.
fn by_metric(runs: &[Finished]) -> Vec<(String, Vec<f64>)> {
    let first = runs.iter().take(1).flat_map(|run| run.outcome.numbers());
    let values = |name: &str| runs.iter().filter_map(|run| run.outcome.metric(name)).collect();
    first.map(|metric| (metric.name.clone(), values(&metric.name))).collect()
}

fn mean(values: &[f64]) -> f64 {
    let (count, sum) =
        values.iter().fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    sum / count
}

/// Of the seeds as a sample of all there are: divided by one less than their number.
fn standard_deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let (count, squares) = values.iter().fold((0.0, 0.0), |(count, sum), value| {
        (count + 1.0, sum + (value - mean) * (value - mean))
    });
    (squares / (count - 1.0)).sqrt()
}

/// Lower quartile, median and upper quartile, interpolated between neighbours.
fn quartiles(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| {
        let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
        let (at, rest) = (last * quarter / 4, last * quarter % 4);
        let next = sorted[(at + 1).min(last)];
        let share = [0.0, 0.25, 0.5, 0.75][rest];
        sorted[at] + (next - sorted[at]) * share
    })
}

/// What estimated numbers are, a line.
pub(crate) const ESTIMATES_NOTE: &str =
    "estimate_ numbers follow from the constants in [estimate], not from a chip\n";

/// The numbers as text for people: a line a metric.
pub(crate) fn summary(experiment: &Experiment, kind: EngineKind, runs: &[Finished]) -> String {
    let mut out = String::new();
    let seeds = match runs {
        [] => "no run was finished".to_owned(),
        [one] => format!("seed {}", one.seed),
        [first, .., last] => format!("{} seeds, {} to {}", runs.len(), first.seed, last.seed),
    };
    let timing = match experiment.run.timing {
        Timing::Instant => "",
        Timing::Chip => ", rules in the chip's time",
    };
    let _ = writeln!(out, "{}: {seeds}, engine {}{timing}", experiment.name, kind.name());
    let metrics = by_metric(runs);
    let width = metrics.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, values) in &metrics {
        let text = match values[..] {
            [one] => number(one),
            _ => {
                let [low, median, high] = quartiles(values);
                let all = [median, low, high, mean(values), standard_deviation(values)];
                let names = ["median ", "  quartiles ", " ", "  mean ", " +- "];
                names
                    .iter()
                    .zip(numbers(&all))
                    .map(|(name, text)| format!("{name}{text}"))
                    .collect()
            }
        };
        let _ = writeln!(out, "  {name:width$}  {text}");
    }
    if runs.iter().any(|run| run.outcome.usage != Usage::default()) {
        out.push_str(ESTIMATES_NOTE);
    }
    if runs.iter().any(|run| run.outcome.interrupted) {
        out.push_str("interrupted: this is what was done until then\n");
    }
    out
}

/// Four significant digits, of numbers below a tenth up to four and below a thousandth three; whole
/// numbers whole.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    match value.fract() != 0.0 && (0.1..1000.0).contains(&size) {
        true => format!("{value:.decimals$}", decimals = decimals_of(size)),
        false => shortest(value),
    }
}

/// Up to four significant digits, without zeros at the end.
fn shortest(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e9 {
        return format!("{value:.0}");
    }
    match value.abs() {
        size if size >= 0.001 => figure::number(value),
        _ => format!("{value:.2e}"),
    }
}

/// Decimals that give a number of a tenth or more four significant digits.
fn decimals_of(size: f64) -> usize {
    4 - [1.0, 10.0, 100.0, 1000.0].iter().filter(|power| size >= **power).count()
}

/// Numbers that stand beside each other, or in a column: all have the decimals that give the largest
/// four significant digits, or less if none needs so many; those below a thousandth apart.
pub(crate) fn numbers(values: &[f64]) -> Vec<String> {
    let texts: Vec<String> = values.iter().copied().map(shortest).collect();
    let is_fixed = |text: &&String| text.bytes().all(|byte| byte != b'e');
    let decimals = |text: &String| text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let needed = texts.iter().filter(is_fixed).map(decimals).max().unwrap_or(0);
    let sizes = values.iter().map(|value| value.abs()).filter(|size| size.is_finite());
    let largest = sizes.fold(0.0, f64::max);
    let most = if largest < 0.1 { needed } else { needed.min(decimals_of(largest)) };
    let text = |(value, text): (&f64, &String)| match value.is_finite() && is_fixed(&text) {
        true => format!("{value:.most$}"),
        false => text.clone(),
    };
    values.iter().zip(&texts).map(text).collect()
}

/// A page with the pictures and the numbers, without references to other files.
fn page(source: &Source<'_>, run: &Finished) -> String {
    let Experiment { name, about, .. } = source.experiment;
    let (name, about) = (escaped(name), escaped(about));
    let mut rows = String::new();
    for metric in run.outcome.numbers() {
        let _ = writeln!(
            rows,
            "<tr><td>{}</td><td class=\"number\">{}</td></tr>",
            escaped(&metric.name),
            number(metric.value)
        );
    }
    let mut figures = String::new();
    for picture in &run.outcome.pictures {
        let caption = escaped(&picture.caption);
        let _ = writeln!(
            figures,
            "<figure>\n{}<figcaption>{caption}</figcaption>\n</figure>",
            picture.svg
        );
    }
    let (seed, engine) = (run.seed, source.kind.name());
    let config = escaped(source.text);
    let content = format!(
        "<h1>{name}</h1>\n<p>{about}</p>\n<p>Seed {seed}, engine {engine}.</p>\n\
         <table>\n{rows}</table>\n{figures}<h2>Experiment</h2>\n<pre>{config}</pre>\n"
    );
    html::page(&source.experiment.name, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_interpolate() {
        assert_eq!(quartiles(&[3.0, 1.0, 2.0, 5.0, 4.0]), [2.0, 3.0, 4.0]);
        assert_eq!(quartiles(&[1.0, 2.0]), [1.25, 1.5, 1.75]);
        assert!(quartiles(&[])[1].is_nan());
    }

    #[test]
    fn deviations_are_those_of_a_sample() {
        assert_eq!(standard_deviation(&[2.0, 4.0, 6.0]), 2.0);
        assert_eq!(standard_deviation(&[3.0, 3.0]), 0.0);
    }

    #[test]
    fn numbers_beside_each_other_have_the_same_decimals() {
        assert_eq!(numbers(&[0.7, 0.751, 0.9, 0.0]), ["0.700", "0.751", "0.900", "0.000"]);
        assert_eq!(numbers(&[0.86667, 0.05]), ["0.8667", "0.0500"]);
        assert_eq!(numbers(&[65.181, 2.6114]), ["65.18", "2.61"]);
        assert_eq!(numbers(&[0.05, 0.004_927]), ["0.050000", "0.004927"]);
        assert_eq!(numbers(&[3.0, 12.0]), ["3", "12"]);
        assert_eq!(numbers(&[1554.6, 2.0]), ["1555", "2"]);
        assert_eq!(numbers(&[0.5, 1.2e-5, f64::NAN]), ["0.5", "1.20e-5", "NaN"]);
    }

    #[test]
    fn numbers_keep_four_digits() {
        let shown = [0.78333, 0.7, 12.3456, 1554.6, 3.0, 123.45, 0.0015, 0.000_123_4].map(number);
        let expected = ["0.7833", "0.7000", "12.35", "1555", "3", "123.5", "0.0015", "1.23e-4"];
        assert_eq!(shown, expected);
    }
}
