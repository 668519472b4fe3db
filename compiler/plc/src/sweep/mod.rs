//! `plc sweep`: an experiment at every point of a grid of params, for every seed.
//!
//! ```text
//!   mod.rs      running points in parallel, appending one result a point
//!   plan.rs     the file: grid, seeds, map
//!   results.rs  the lines of a results file, and what is made of them at the end
//! ```
//!
//! A point is independent of all others, so results do not depend on threads, shards or
//! interruptions: `results.csv`, in the order of the points, is the same bytes.

mod plan;
mod results;

use crate::cli::{MergeArgs, SweepArgs, SweepCommand};
use crate::engines::{Compiler, EngineKind};
use crate::output::{self, Failure};
use crate::watch::Watch;
use pl_experiment::config::Experiment;
use pl_experiment::task::{self, TaskError};
use plan::{Plan, Point};
use results::{Results, Row};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Numbers of a run that say how fast the machine was.
const TIMINGS: [&str; 2] = ["wall_time_s", "speed_up_over_biology"];

/// Runs or merges.
pub(crate) fn run(args: &SweepArgs) -> Result<(), Failure> {
    match (&args.command, &args.file) {
        (Some(SweepCommand::Merge(merge)), _) => merge_shards(merge),
        (None, Some(file)) => sweep(args, file),
        (None, None) => Err(Failure::Usage("name a sweep file, or `merge`".into())),
    }
}

/// What all points share.
struct Job<'a> {
    plan: &'a Plan,
    /// The experiment's text and folder.
    text: &'a str,
    folder: &'a Path,
    compiler: &'a Compiler,
    watch: &'a Watch,
    /// Where results are appended.
    file: Mutex<std::fs::File>,
    failed: AtomicBool,
}

fn sweep(args: &SweepArgs, file: &Path) -> Result<(), Failure> {
    let plan = Plan::parse(&text_of(file)?)
        .map_err(|message| Failure::Invalid(format!("{}: {message}", file.display())))?;
    let beside = file.parent().unwrap_or(Path::new("."));
    let experiment_file = beside.join(&plan.experiment);
    let text = text_of(&experiment_file)?;
    let invalid =
        |message: String| Failure::Invalid(format!("{}: {message}", experiment_file.display()));
    let experiment =
        Experiment::parse(&text, &plan.set).map_err(|error| invalid(error.to_string()))?;
    let folder = experiment_file.parent().unwrap_or(Path::new("."));
    let kind = args.engine.map_or(EngineKind::default(), EngineKind::from);
    let compiler = Compiler::load(kind, &experiment, folder)?;

    let stem = file.file_stem().map_or_else(|| "sweep".into(), |stem| stem.to_string_lossy());
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("out").join(&*stem));
    output::check_folder(&out)?;
    let identity = plan.identity(&text, kind.name());
    let path = out.join("results.jsonl");
    let mut results = Results::open(&path, &identity)?;
    let (index, count) = args.shard.unwrap_or((1, 1));
    let own: Vec<Point> =
        plan.points().into_iter().filter(|point| point.number % count == index - 1).collect();
    let todo: Vec<&Point> = own.iter().filter(|point| !results.has(point.number)).collect();
    // The first point shows whether all changes are allowed before anything runs.
    let first = match todo.first() {
        Some(point) => {
            let changes = plan.changes(point);
            let experiment =
                Experiment::parse(&text, &changes).map_err(|error| invalid(error.to_string()))?;
            let task = open(&experiment, folder).map_err(|error| invalid(error.to_string()))?;
            Some((task.units(), task.threads()))
        }
        None => None,
    };
    if !args.quiet {
        eprintln!(
            "{} points of {}, {} done before",
            own.len(),
            plan.points().len(),
            own.len() - todo.len()
        );
    }
    if let Some((units, threads)) = first {
        let watch = Watch::new(units.saturating_mul(todo.len() as u64), args.quiet)?;
        let append = OpenOptions::new().append(true).open(&path);
        let append = append
            .map_err(|error| Failure::Usage(format!("cannot write {}: {error}", path.display())))?;
        let job = Job {
            plan: &plan,
            text: &text,
            folder,
            compiler: &compiler,
            watch: &watch,
            file: Mutex::new(append),
            failed: AtomicBool::new(false),
        };
        let found = job.run_all(&todo, threads);
        watch.finish();
        let interrupted = watch.is_interrupted();
        for row in found.map_err(invalid)? {
            results.add(row);
        }
        if interrupted {
            eprintln!("interrupted; the same command goes on from here");
            return Err(Failure::Interrupted);
        }
    }
    finish(&plan, &results, &out, args.quiet)
}

fn text_of(file: &Path) -> Result<String, Failure> {
    String::from_utf8(output::read_file(file)?)
        .map_err(|_| Failure::Invalid(format!("{}: the file is not UTF-8 text", file.display())))
}

fn open<'e>(
    experiment: &'e Experiment,
    folder: &Path,
) -> Result<Box<dyn task::Task + 'e>, TaskError> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    task::open(experiment, &read)
}

/// Writes the table and the pictures of all results there are.
fn finish(plan: &Plan, results: &Results, out: &Path, quiet: bool) -> Result<(), Failure> {
    let mut files = vec![("results.csv".to_owned(), results.csv(plan).into_bytes())];
    files.extend(results.pictures(plan).map_err(Failure::Usage)?);
    output::write_all(out, &files)?;
    if !quiet {
        println!("{} results in {}", results.len(), out.display());
        print!("{}", results.summary(plan));
    }
    Ok(())
}

impl Job<'_> {
    fn run_all(&self, points: &[&Point], threads: usize) -> Result<Vec<Row>, String> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let at_once = (processors / threads.max(1)).clamp(1, points.len().max(1));
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<Result<Row, String>>> = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..at_once {
                scope.spawn(|| {
                    while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if self.watch.is_interrupted() || self.failed.load(Ordering::Relaxed) {
                            break;
                        }
                        // A point that was interrupted is done again the next time.
                        let Some(result) = self.run_one(point).transpose() else { break };
                        if result.is_err() {
                            self.failed.store(true, Ordering::Relaxed);
                        }
                        if let Ok(mut done) = done.lock() {
                            done.push(result);
                        }
                    }
                });
            }
        });
        done.into_inner().unwrap_or_default().into_iter().collect()
    }

    fn run_one(&self, point: &Point) -> Result<Option<Row>, String> {
        let name = |error: &dyn core::fmt::Display| format!("point {}: {error}", point.number);
        let changes = self.plan.changes(point);
        let experiment = Experiment::parse(self.text, &changes).map_err(|error| name(&error))?;
        let task = open(&experiment, self.folder).map_err(|error| name(&error))?;
        let outcome =
            task.run(self.compiler, point.seed, self.watch).map_err(|error| name(&error))?;
        if outcome.interrupted {
            return Ok(None);
        }
        let metrics = outcome.metrics.into_iter();
        let metrics = metrics
            .filter(|metric| !TIMINGS.contains(&metric.name.as_str()))
            .map(|metric| (metric.name, metric.value))
            .collect();
        let row = Row { point: point.number, seed: point.seed, metrics };
        let line = row.line();
        let mut file = self.file.lock().map_err(|_| "a thread stopped".to_owned())?;
        file.write_all(line.as_bytes()).map_err(|error| name(&error))?;
        Ok(Some(row))
    }
}

/// Joins the results of shards.
fn merge_shards(args: &MergeArgs) -> Result<(), Failure> {
    let plan = Plan::parse(&text_of(&args.file)?)
        .map_err(|message| Failure::Invalid(format!("{}: {message}", args.file.display())))?;
    let mut merged: Option<Results> = None;
    for folder in &args.shards {
        let path = folder.join("results.jsonl");
        let shard = Results::read(&path)?;
        match &mut merged {
            None => merged = Some(shard),
            Some(merged) => merged
                .join(shard)
                .map_err(|message| Failure::Invalid(format!("{}: {message}", path.display())))?,
        }
    }
    let Some(merged) = merged else {
        return Err(Failure::Usage("name the folders of the shards".into()));
    };
    let missing = plan.points().len().saturating_sub(merged.len());
    if missing > 0 {
        eprintln!("{missing} of {} points are missing", plan.points().len());
    }
    output::write_all(&args.out, &[("results.jsonl".into(), merged.lines().into_bytes())])?;
    finish(&plan, &merged, &args.out, false)
}
