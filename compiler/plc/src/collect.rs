//! `plc report`: one page of the results in a folder and the folders in it: runs, repeated runs,
//! sweeps. Nothing in it refers to another file.

use crate::cli::ReportArgs;
use crate::html::{self, escaped};
use crate::output::{self, Failure};
use crate::report;
use serde_json::Value;
use std::iter;
use std::path::{Path, PathBuf};

/// Most lines of a table of a sweep that are shown.
const ROWS_SHOWN: usize = 200;

/// Writes `index.html` into the folder.
pub(crate) fn run(args: &ReportArgs) -> Result<(), Failure> {
    let mut content = String::new();
    let mut count = 0;
    for folder in folders(&args.folder)? {
        if let Some(part) = section(&args.folder, &folder)? {
            content += &part;
            count += 1;
        }
    }
    if count == 0 {
        let folder = args.folder.display();
        return Err(Failure::Usage(format!(
            "{folder} holds no results: no run.json, repeat.json or results.csv"
        )));
    }
    let name = args.folder.file_name().map_or_else(|| "results".into(), |n| n.to_string_lossy());
    let file = args.out.clone().unwrap_or_else(|| args.folder.join("index.html"));
    output::write_file(&file, html::page(&name, &content).as_bytes())?;
    outln!("{count} results in {}", file.display());
    Ok(())
}

/// A metric as the summary of its run shows it.
fn number(value: &Value) -> String {
    value.as_f64().map_or_else(|| words(value), report::number)
}

/// The folder and those in it, by name.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = vec![folder.to_owned()];
    let mut inside: Vec<PathBuf> =
        entries(folder)?.into_iter().filter(|path| path.is_dir()).collect();
    found.append(&mut inside);
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::Usage(format!("cannot read {}: {error}", folder.display()));
    let listed = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

/// What a folder holds; nothing if it holds no results.
fn section(root: &Path, folder: &Path) -> Result<Option<String>, Failure> {
    let text = |name: &str| -> Result<Option<String>, Failure> {
        let path = folder.join(name);
        let bytes = path.exists().then(|| output::read_file(&path)).transpose()?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let document = |name: &str| -> Result<Option<Value>, Failure> {
        let Some(text) = text(name)? else { return Ok(None) };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| Failure::Invalid(format!("{}: {error}", folder.join(name).display())))
    };
    let (single, repeated) = (document("run.json")?, document("repeat.json")?);
    let table = text("results.csv")?;
    if single.is_none() && repeated.is_none() && table.is_none() {
        return Ok(None);
    }
    let name = folder.strip_prefix(root).ok().filter(|rest| !rest.as_os_str().is_empty());
    let name = name.or(folder.file_name().map(Path::new)).unwrap_or(folder).display().to_string();
    let mut content = format!("<h2>{}</h2>\n", escaped(&name));
    content += &single.iter().map(run_table).collect::<String>();
    content += &repeated.iter().map(repeat_table).collect::<String>();
    content += &table.iter().map(|csv| csv_table(csv)).collect::<String>();
    for path in entries(folder)? {
        if path.extension().is_some_and(|extension| extension == "svg") {
            let svg = String::from_utf8_lossy(&output::read_file(&path)?).into_owned();
            let caption = path.file_stem().map(|stem| stem.to_string_lossy().replace('_', " "));
            let caption = escaped(&caption.unwrap_or_default());
            content += &format!("<figure>\n{svg}<figcaption>{caption}</figcaption>\n</figure>\n");
        }
    }
    Ok(Some(content))
}

fn words(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    escaped(&text)
}

fn run_table(run: &Value) -> String {
    let intro = format!(
        "<p>{}, seed {}, engine {}, plc {}.</p>\n",
        words(&run["experiment"]),
        words(&run["seed"]),
        words(&run["engine"]),
        words(&run["plc_version"])
    );
    let metrics = run["metrics"].as_object().into_iter().flatten();
    let rows: Vec<Vec<String>> =
        metrics.map(|(name, value)| vec![escaped(name), number(value)]).collect();
    intro + &html::table(&["metric", "value"], &rows)
}

fn repeat_table(repeat: &Value) -> String {
    let seeds = repeat["seeds"].as_array().map_or(0, Vec::len);
    let metrics = repeat["metrics"].as_object().into_iter().flatten();
    let row = |(name, value): (&String, &Value)| {
        let parts = ["median", "quartile_low", "quartile_high", "mean", "standard_deviation"];
        let found: Option<Vec<f64>> = parts.iter().map(|key| value[key].as_f64()).collect();
        let texts = match found {
            Some(values) => report::numbers(&values),
            None => parts.iter().map(|key| number(&value[key])).collect(),
        };
        iter::once(escaped(name)).chain(texts).collect()
    };
    let rows: Vec<Vec<String>> = metrics.map(row).collect();
    let headings =
        ["metric", "median", "lower quartile", "upper quartile", "mean", "standard deviation"];
    format!("<p>{}, {seeds} seeds.</p>\n", words(&repeat["experiment"]))
        + &html::table(&headings, &rows)
}

/// Gives the numbers of a column the same decimals; whole numbers stay as they are.
fn shorten(rows: &mut [Vec<String>], column: usize) {
    let cells = rows.iter().map(|row| row.get(column).map_or("", String::as_str));
    let values: Result<Vec<f64>, _> = cells.clone().map(str::parse).collect();
    let Some(values) = values.ok().filter(|_| cells.clone().any(|cell| cell.contains('.'))) else {
        return;
    };
    for (row, text) in rows.iter_mut().zip(report::numbers(&values)) {
        row[column] = text;
    }
}

fn csv_table(csv: &str) -> String {
    let mut lines = csv.lines();
    let headings: Vec<String> =
        lines.next().map(|line| line.split(',').map(escaped).collect()).unwrap_or_default();
    let mut rows: Vec<Vec<String>> =
        lines.clone().take(ROWS_SHOWN).map(|line| line.split(',').map(escaped).collect()).collect();
    (0..headings.len()).for_each(|column| shorten(&mut rows, column));
    let left = lines.count().saturating_sub(rows.len());
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let more = if left > 0 { format!("<p>and {left} more rows</p>\n") } else { String::new() };
    html::table(&headings, &rows) + &more
}
