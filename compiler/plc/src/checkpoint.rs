//! `plc run --checkpoint` and `--resume`: states of a run, kept in a file.

use crate::cli::CompareArg;
use crate::engines::{Compiler, EngineKind};
use crate::output::{self, Failure};
use pl_experiment::engine::EngineError;
use pl_experiment::state::{Checkpoint, Identity};
use pl_experiment::{Occasion, Part};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The version that files are of, with the build: a hash of the program itself, as any change to it
/// may lay states out in another way or go on with them to other bits.
///
/// # Errors
/// If the program's own file cannot be read.
fn version() -> Result<String, Failure> {
    let program = std::env::current_exe().and_then(std::fs::read);
    let program = program
        .map_err(|error| Failure::Usage(format!("cannot read the program's own file: {error}")))?;
    let build: String =
        Sha256::digest(&program).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{} (build {build})", env!("CARGO_PKG_VERSION")))
}

/// What decides what a run does.
pub(crate) struct Run<'a> {
    /// The experiment as written.
    pub(crate) text: &'a str,
    /// Changes to it.
    pub(crate) changes: &'a [String],
    /// Hashes of the files that its task has read, by name.
    pub(crate) data_sha256: &'a BTreeMap<String, String>,
    pub(crate) compiler: &'a Compiler,
    pub(crate) kind: EngineKind,
    /// What runs beside the rules, if anything.
    pub(crate) compares: Option<CompareArg>,
    /// First seed, and number of seeds.
    pub(crate) seeds: (u64, u32),
}

impl Run<'_> {
    fn identity(&self) -> Identity {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        add(self.text);
        self.changes.iter().for_each(|change| add(change));
        self.data_sha256.iter().flat_map(|(name, hash)| [name, hash]).for_each(|text| add(text));
        add(self.kind.name());
        add(&format!("{:?} {:?}", self.compares, self.seeds));
        self.compiler.source_hashes().iter().for_each(|hash| add(hash));
        hash.finalize().into()
    }
}

/// Where states are kept and taken from.
pub(crate) struct Checkpoints {
    version: String,
    identity: Identity,
    /// States of the run before this one.
    before: Checkpoint,
    file: Option<File>,
}

/// The file that states are kept in.
struct File {
    path: PathBuf,
    every: Duration,
    kept: Mutex<Kept>,
}

struct Kept {
    checkpoint: Checkpoint,
    /// When each part was kept last; those of this run only.
    times: BTreeMap<Part, Instant>,
    /// Why the file could not be written the last time.
    failure: Option<Failure>,
}

impl Checkpoints {
    /// Goes on from `resume` if there is one, and keeps states in `checkpoint` or else where they
    /// came from, each part `every` so often and when it ends.
    ///
    /// # Errors
    /// If the file is not of this run, or its folder cannot be written to.
    pub(crate) fn open(
        run: &Run<'_>,
        resume: Option<&Path>,
        checkpoint: Option<&Path>,
        every: Duration,
    ) -> Result<Checkpoints, Failure> {
        let identity = run.identity();
        let named = resume.is_some() || checkpoint.is_some();
        let version = if named { version()? } else { String::new() };
        let before = match resume {
            None => Checkpoint::default(),
            Some(path) => Checkpoint::from_bytes(&output::read_file(path)?, &version, &identity)
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?,
        };
        let file = checkpoint.or(resume).map(|path| File {
            path: path.to_owned(),
            every,
            kept: Mutex::new(Kept {
                checkpoint: before.clone(),
                times: BTreeMap::new(),
                failure: None,
            }),
        });
        if let Some(file) = &file {
            let folder = file.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            output::check_folder(folder.unwrap_or(Path::new(".")))?;
        }
        Ok(Checkpoints { version, identity, before, file })
    }

    /// The state of a part in the run before this one.
    pub(crate) fn kept(&self, part: &Part) -> Option<Vec<u8>> {
        self.before.parts.get(part).cloned()
    }

    /// Keeps a state if it is time to.
    ///
    /// # Errors
    /// If the state cannot be made.
    pub(crate) fn keep(
        &self,
        part: &Part,
        occasion: Occasion,
        state: &dyn Fn() -> Result<Vec<u8>, EngineError>,
    ) -> Result<(), EngineError> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut kept = file.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let last = *kept.times.entry(part.clone()).or_insert(now);
        if occasion == Occasion::Passing && now - last < file.every {
            return Ok(());
        }
        kept.times.insert(part.clone(), now);
        kept.checkpoint.parts.insert(part.clone(), state()?);
        let bytes = kept.checkpoint.to_bytes(&self.version, &self.identity);
        kept.failure = output::write_file(&file.path, &bytes).err();
        Ok(())
    }

    /// The file, if states are kept.
    ///
    /// # Errors
    /// If it could not be written the last time.
    pub(crate) fn finish(self) -> Result<Option<PathBuf>, Failure> {
        let Some(File { path, kept, .. }) = self.file else { return Ok(None) };
        match kept.into_inner().unwrap_or_else(PoisonError::into_inner).failure {
            Some(failure) => Err(failure),
            None => Ok(Some(path)),
        }
    }
}
