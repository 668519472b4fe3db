//! `plc run`.

use crate::checkpoint::{self, Checkpoints};
use crate::cli::{CompareArg, EngineArg, RunArgs};
use crate::compare::{Comparison, Ledger};
use crate::engines::{Compiler, EngineKind};
use crate::experiment_file::ExperimentFile;
use crate::output::{self, Failure};
use crate::report;
use crate::watch::Watch;
use crate::workers;
use pl_experiment::Experiment;
use pl_experiment::estimate::EstimateConfig;
use pl_experiment::outcome::{Metric, Outcome};
use pl_experiment::plasticity::Timing;
use pl_experiment::task::{Task, TaskError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A run that is done: its seed, what came of it, and how long it took.
pub(crate) struct Finished {
    pub(crate) seed: u64,
    pub(crate) outcome: Outcome,
}

/// Runs an experiment once or for several seeds, prints a summary and writes the results.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    let file = ExperimentFile::read(args.file.clone())?;
    let experiment = file.parse(&args.set).map_err(|error| file.invalid(&error))?;
    let kind = engine(args.engine, &experiment).map_err(Failure::Usage)?;
    if args.compare.is_some() && experiment.run.timing == Timing::Chip {
        let message = "--compare runs beside updates that take no time: leave it out, or add \
                       --set run.timing=instant";
        return Err(Failure::Usage(message.into()));
    }
    let mut compiler = Compiler::load(kind, &experiment, file.folder())?;
    compiler.comparison = args.compare.map(|compare| Comparison {
        ledger: Ledger::default(),
        sensors: compare == CompareArg::IdealSensor,
    });
    let task = file.open(&experiment).map_err(|error| file.not_opened(&error))?;

    if !task.keeps_states() && (args.checkpoint.is_some() || args.resume.is_some()) {
        let message = "this task measures the time that the machine takes and has no state to go \
                       on from: leave --checkpoint and --resume out";
        return Err(Failure::Usage(message.into()));
    }

    let first = args.seed.unwrap_or(experiment.seed);
    let out = args.out.clone().unwrap_or_else(|| default_out(&experiment.name, first));
    output::check_folder(&out)?;
    let seeds: Vec<u64> = (0..u64::from(args.repeat)).map(|i| first.wrapping_add(i)).collect();
    let data_sha256 = file.data_sha256();
    let what = checkpoint::Run {
        text: &file.text,
        changes: &args.set,
        data_sha256: &data_sha256,
        compiler: &compiler,
        kind,
        compares: args.compare,
        seeds: (first, args.repeat),
    };
    let fits = seeds.iter().try_for_each(|seed| task.check_seed(*seed));
    fits.map_err(|error| file.invalid(&error))?;
    let (resume, keep) = (args.resume.as_deref(), args.checkpoint.as_deref());
    let every = Duration::from_secs_f64(args.every);
    let checkpoints = Checkpoints::open(&what, resume, keep, every)?;
    let watch = Watch::new(task.units().saturating_mul(u64::from(args.repeat)), args.quiet)?
        .showing(args.live)
        .keeping(checkpoints);
    let estimate = experiment.estimate;
    let job = Job { task: task.as_ref(), estimate, compiler: &compiler, watch: &watch };
    let finished = job.run_all(&seeds);
    watch.finish();
    let finished = finished.map_err(|error| file.invalid(&error))?;

    let source = report::Source {
        experiment: &experiment,
        text: &file.text,
        changes: &args.set,
        data_sha256: &data_sha256,
        compiler: &compiler,
        kind,
    };
    warn(&finished);
    for run in &finished {
        let files = report::files(&source, run).map_err(Failure::Usage)?;
        output::write_all(&run_folder(&out, run.seed, args.repeat), &files)?;
    }
    if args.repeat > 1 {
        output::write_all(&out, &[report::repeat_file(&source, &finished)])?;
    }
    if !args.quiet {
        out!("{}", report::summary(&experiment, kind, &finished));
        outln!("results in {}", out.display());
    }
    let kept = watch.checkpoint()?;
    let interrupted =
        finished.len() < seeds.len() || finished.iter().any(|run| run.outcome.interrupted);
    if !interrupted {
        return Ok(());
    }
    if let Some(path) = kept.filter(|_| !args.quiet) {
        eprintln!("the same command with --resume {} goes on from here", path.display());
    }
    Err(Failure::Interrupted)
}

/// Tells what whoever reads the results should know.
fn warn(finished: &[Finished]) {
    for Finished { seed, outcome } in finished {
        let seed = if finished.len() > 1 { format!("seed {seed}: ") } else { String::new() };
        for warning in &outcome.warnings {
            eprintln!("warning: {seed}{warning}");
        }
    }
}

/// What runs the rules of an experiment: in the chip's time only PPU programs can.
///
/// # Errors
/// If something else is asked for.
pub(crate) fn engine(
    asked: Option<EngineArg>,
    experiment: &Experiment,
) -> Result<EngineKind, String> {
    match (experiment.run.timing, asked.map(EngineKind::from)) {
        (Timing::Instant, asked) => Ok(asked.unwrap_or_default()),
        (Timing::Chip, None | Some(EngineKind::Ppu)) => Ok(EngineKind::Ppu),
        (Timing::Chip, Some(other)) => Err(format!(
            "the experiment runs its rules in the chip's time, as PPU programs, not with `{}`: \
             leave --engine out, or set `run.timing` to \"instant\"",
            other.name()
        )),
    }
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
    estimate: EstimateConfig,
    compiler: &'a Compiler,
    watch: &'a Watch,
}

impl Job<'_> {
    /// Runs every seed, several at once where there are processors for it. Runs that an
    /// interruption kept from starting are left out.
    fn run_all(&self, seeds: &[u64]) -> Result<Vec<Finished>, TaskError> {
        workers::run_all(seeds, self.task.threads(), |seed| {
            if self.watch.is_interrupted() && *seed != seeds[0] {
                return Ok(None);
            }
            self.run_one(*seed).map(Some)
        })
    }

    fn run_one(&self, seed: u64) -> Result<Finished, TaskError> {
        let start = Instant::now();
        let mut outcome = self.task.run(self.compiler, seed, self.watch)?;
        let wall_time_s = start.elapsed().as_secs_f64();
        if let Some(Comparison { ledger, .. }) = &self.compiler.comparison {
            ledger.report(seed, &mut outcome);
        }
        outcome.metrics.extend(self.estimate.metrics(outcome.usage));
        let biological = outcome.metric("biological_time_s").unwrap_or(0.0);
        outcome.timings.push(Metric::new("wall_time_s", wall_time_s));
        outcome.timings.push(Metric::new("speed_up_over_biology", biological / wall_time_s));
        Ok(Finished { seed, outcome })
    }
}
