//! `plc run`.

use crate::cli::{CompareArg, RunArgs};
use crate::compare::Ledger;
use crate::engines::{Compiler, EngineKind};
use crate::output::{self, Failure};
use crate::report;
use crate::watch::Watch;
use pl_experiment::config::Experiment;
use pl_experiment::outcome::{Metric, Outcome};
use pl_experiment::task::{self, Task, TaskError};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A run that is done: its seed, what came of it, and how long it took.
pub(crate) struct Finished {
    pub(crate) seed: u64,
    pub(crate) outcome: Outcome,
}

/// Runs an experiment once or for several seeds, prints a summary and writes the results.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    let bytes = output::read_file(&args.file)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::Invalid(format!("{}: the file is not UTF-8 text", args.file.display()))
    })?;
    let invalid = |error: &dyn core::fmt::Display| {
        Failure::Invalid(format!("{}: {error}", args.file.display()))
    };
    let experiment = Experiment::parse(&text, &args.set).map_err(|error| invalid(&error))?;
    let folder = args.file.parent().unwrap_or(Path::new("."));
    let kind = args.engine.map_or(EngineKind::default(), EngineKind::from);
    let mut compiler = Compiler::load(kind, &experiment, folder)?;
    compiler.ledger = args.compare.map(|CompareArg::Ideal| Ledger::default());
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let task = task::open(&experiment, &read).map_err(|error| match &error {
        TaskError::Data(_) => Failure::Usage(format!("{}: {error}", args.file.display())),
        TaskError::Config(_) | TaskError::Engine { .. } => invalid(&error),
    })?;

    let first = args.seed.unwrap_or(experiment.seed);
    let out = args.out.clone().unwrap_or_else(|| default_out(&experiment.name, first));
    output::check_folder(&out)?;
    let seeds: Vec<u64> = (0..u64::from(args.repeat)).map(|i| first.wrapping_add(i)).collect();
    let watch = Watch::new(task.units().saturating_mul(u64::from(args.repeat)), args.quiet)?
        .showing(args.live);
    let job = Job { task: task.as_ref(), compiler: &compiler, watch: &watch };
    let finished = job.run_all(&seeds);
    watch.finish();
    let finished = finished.map_err(|error| invalid(&error))?;

    let source = report::Source {
        experiment: &experiment,
        text: &text,
        changes: &args.set,
        compiler: &compiler,
        kind,
    };
    for run in &finished {
        let files = report::files(&source, run).map_err(Failure::Usage)?;
        output::write_all(&run_folder(&out, run.seed, args.repeat), &files)?;
    }
    if args.repeat > 1 {
        output::write_all(&out, &[report::repeat_file(&source, &finished)])?;
    }
    if !args.quiet {
        print!("{}", report::summary(&experiment, kind, &finished));
        println!("results in {}", out.display());
    }
    let interrupted =
        finished.len() < seeds.len() || finished.iter().any(|run| run.outcome.interrupted);
    if interrupted { Err(Failure::Interrupted) } else { Ok(()) }
}

fn default_out(name: &str, seed: u64) -> PathBuf {
    PathBuf::from("out").join(format!("{name}-{seed}"))
}

/// Folder of one run: that of the results, or one a seed below it.
fn run_folder(out: &Path, seed: u64, repeat: u32) -> PathBuf {
    if repeat > 1 { out.join(format!("seed-{seed}")) } else { out.to_owned() }
}

/// What all runs share.
struct Job<'a> {
    task: &'a dyn Task,
    compiler: &'a Compiler,
    watch: &'a Watch,
}

impl Job<'_> {
    /// Runs every seed, several at once where there are processors for it. Runs that an
    /// interruption kept from starting are left out.
    fn run_all(&self, seeds: &[u64]) -> Result<Vec<Finished>, TaskError> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let at_once = (processors / self.task.threads()).clamp(1, seeds.len().max(1));
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..at_once {
                scope.spawn(|| {
                    while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if self.watch.is_interrupted() && *seed != seeds[0] {
                            break;
                        }
                        let result = self.run_one(*seed);
                        let failed = result.is_err();
                        match done.lock() {
                            Ok(mut done) => done.push((*seed, result)),
                            Err(_) => break,
                        }
                        if failed {
                            break;
                        }
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_default();
        let place = |seed: &u64| seeds.iter().position(|other| other == seed);
        done.sort_by_key(|(seed, _)| place(seed));
        done.into_iter().map(|(_, result)| result).collect()
    }

    fn run_one(&self, seed: u64) -> Result<Finished, TaskError> {
        let start = Instant::now();
        let mut outcome = self.task.run(self.compiler, seed, self.watch)?;
        let wall_time_s = start.elapsed().as_secs_f64();
        if let Some(ledger) = &self.compiler.ledger {
            ledger.report(seed, &mut outcome);
        }
        let biological = outcome.metric("biological_time_s").unwrap_or(0.0);
        outcome.metrics.push(Metric::new("wall_time_s", wall_time_s));
        outcome.metrics.push(Metric::new("speed_up_over_biology", biological / wall_time_s));
        Ok(Finished { seed, outcome })
    }
}
