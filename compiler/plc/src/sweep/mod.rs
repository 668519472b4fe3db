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
use crate::engines::Compiler;
use crate::experiment_file::{ExperimentFile, invalid, text_of};
use crate::output::{self, Failure};
use crate::watch::Watch;
use crate::workers;
use plan::{Plan, Point};
use results::{Results, Row};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

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
    source: &'a ExperimentFile,
    compiler: &'a Compiler,
    /// Where results are appended.
    file: Mutex<std::fs::File>,
}

/// Runs the points of a shard that have no result yet.
fn sweep(args: &SweepArgs, file: &Path) -> Result<(), Failure> {
    let plan = plan_of(file)?;
    let beside = file.parent().unwrap_or(Path::new("."));
    let source = ExperimentFile::read(beside.join(&plan.experiment))?;
    let experiment = source.parse(&plan.set).map_err(|error| source.invalid(&error))?;
    let kind = crate::run::engine(args.engine, &experiment).map_err(Failure::Usage)?;
    let compiler = Compiler::load(kind, &experiment, source.folder())?;

    let stem = file.file_stem().map_or_else(|| "sweep".into(), |stem| stem.to_string_lossy());
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("out").join(&*stem));
    output::check_folder(&out)?;
    let path = out.join("results.jsonl");
    let points = plan.points();
    // The first point names the files of data that results depend on.
    if let Some(first) = points.first() {
        let experiment = plan.experiment(&source, first).map_err(|error| source.invalid(&error))?;
        source.open(&experiment).map_err(|error| source.not_opened(&error))?;
    }
    let identity = plan.identity(&source.text, kind.name(), &source.data_sha256());
    let mut results = Results::open(&path, &identity)?;
    let (index, count) = args.shard.unwrap_or((1, 1));
    let own = points.iter().filter(|point| point.number % count == index - 1);
    let (done, todo): (Vec<&Point>, Vec<&Point>) = own.partition(|point| results.has(point.number));
    if !args.quiet {
        let (own, all) = (done.len() + todo.len(), points.len());
        eprintln!("{own} points of {all}, {} done before", done.len());
    }
    if !todo.is_empty() {
        let append = OpenOptions::new().append(true).open(&path);
        let append = append
            .map_err(|error| Failure::Usage(format!("cannot write {}: {error}", path.display())))?;
        let job =
            Job { plan: &plan, source: &source, compiler: &compiler, file: Mutex::new(append) };
        job.run_all(&todo, args.quiet, &mut results)?;
    }
    finish(&plan, &results, &out, args.quiet)
}

fn plan_of(file: &Path) -> Result<Plan, Failure> {
    Plan::parse(&text_of(file)?).map_err(|error| invalid(file, &error))
}

/// Writes the table and the pictures of all results there are.
fn finish(plan: &Plan, results: &Results, out: &Path, quiet: bool) -> Result<(), Failure> {
    let mut files = vec![("results.csv".to_owned(), results.csv(plan).into_bytes())];
    files.extend(results.pictures(plan).map_err(Failure::Usage)?);
    output::write_all(out, &files)?;
    if !quiet {
        outln!("{} results in {}", results.len(), out.display());
        out!("{}", results.summary(plan));
    }
    Ok(())
}

impl Job<'_> {
    /// Runs the points; what is finished is in the results even if not all are.
    fn run_all(
        &self,
        points: &[&Point],
        quiet: bool,
        results: &mut Results,
    ) -> Result<(), Failure> {
        // The first point shows whether all changes are allowed before anything runs.
        let Some(first) = points.first() else { return Ok(()) };
        let experiment = self.plan.experiment(self.source, first);
        let experiment = experiment.map_err(|error| self.source.invalid(&error))?;
        let task = self.source.open(&experiment).map_err(|error| self.source.not_opened(&error))?;
        let fits = points.iter().try_for_each(|point| task.check_seed(point.seed));
        fits.map_err(|error| self.source.invalid(&error))?;
        let watch = Watch::new(task.units().saturating_mul(points.len() as u64), quiet)?;
        let start = Instant::now();
        let found = workers::run_all(points, task.threads(), |point| {
            // A point that was interrupted is done again the next time.
            if watch.is_interrupted() { Ok(None) } else { self.run_one(point, &watch) }
        });
        watch.finish();
        let found = found.map_err(|error| self.source.invalid(&error))?;
        if !quiet {
            let seconds = start.elapsed().as_secs_f64();
            let pace = found.len() as f64 / seconds;
            eprintln!("{} points in {seconds:.1} s, {pace:.3} a second", found.len());
        }
        for row in found {
            results.add(row);
        }
        if watch.is_interrupted() {
            eprintln!("interrupted; the same command goes on from here");
            return Err(Failure::Interrupted);
        }
        Ok(())
    }

    fn run_one(&self, point: &Point, watch: &Watch) -> Result<Option<Row>, String> {
        let name = |error: &dyn core::fmt::Display| format!("point {}: {error}", point.number);
        let experiment = self.plan.experiment(self.source, point);
        let experiment = experiment.map_err(|error| name(&error))?;
        let task = self.source.open(&experiment).map_err(|error| name(&error))?;
        let outcome = task.run(self.compiler, point.seed, watch).map_err(|error| name(&error))?;
        if outcome.interrupted {
            return Ok(None);
        }
        for warning in &outcome.warnings {
            eprintln!("warning: point {}: {warning}", point.number);
        }
        let estimate = experiment.estimate.metrics(outcome.usage);
        let metrics = outcome.metrics.into_iter().chain(estimate);
        let metrics = metrics.map(|metric| (metric.name, metric.value)).collect();
        let row = Row { point: point.number, seed: point.seed, metrics };
        let line = row.line();
        let mut file = self.file.lock().map_err(|_| "a thread stopped".to_owned())?;
        file.write_all(line.as_bytes()).map_err(|error| name(&error))?;
        Ok(Some(row))
    }
}

/// Joins the results of shards.
fn merge_shards(args: &MergeArgs) -> Result<(), Failure> {
    let plan = plan_of(&args.file)?;
    let mut merged: Option<Results> = None;
    for folder in &args.shards {
        let path = folder.join("results.jsonl");
        let shard = Results::read(&path)?;
        match &mut merged {
            None => merged = Some(shard),
            Some(merged) => merged.join(shard).map_err(|message| invalid(&path, &message))?,
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
