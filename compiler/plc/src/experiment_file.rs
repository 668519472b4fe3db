//! The file of an experiment, and what is opened by it.

use crate::engines::sha256;
use crate::output::{self, Failure};
use core::fmt::Display;
use pl_experiment::config::{ConfigError, Experiment};
use pl_experiment::task::{self, Task, TaskError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The text of a file in UTF-8.
///
/// # Errors
/// If it cannot be read or is something else.
pub(crate) fn text_of(file: &Path) -> Result<String, Failure> {
    String::from_utf8(output::read_file(file)?)
        .map_err(|_| invalid(file, &"the file is not UTF-8 text"))
}

/// A finding in a file.
pub(crate) fn invalid(file: &Path, error: &dyn Display) -> Failure {
    Failure::Invalid(format!("{}: {error}", file.display()))
}

/// An experiment as written.
pub(crate) struct ExperimentFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Hashes of the files that its tasks have read, by name.
    data_sha256: Mutex<BTreeMap<String, String>>,
}

impl ExperimentFile {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn read(path: PathBuf) -> Result<ExperimentFile, Failure> {
        Ok(ExperimentFile { text: text_of(&path)?, path, data_sha256: Mutex::default() })
    }

    /// Where rules and data of the experiment are.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The experiment with changes, `TABLE.NAME=VALUE`.
    ///
    /// # Errors
    /// If text or changes are not allowed.
    pub(crate) fn parse(&self, changes: &[String]) -> Result<Experiment, ConfigError> {
        Experiment::parse(&self.text, changes)
    }

    /// The task of the experiment.
    ///
    /// # Errors
    /// If its data cannot be read or do not fit.
    pub(crate) fn open<'e>(
        &self,
        experiment: &'e Experiment,
    ) -> Result<Box<dyn Task + 'e>, TaskError> {
        let read = |name: &str| {
            let path = self.folder().join(name);
            let bytes = std::fs::read(&path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            let mut hashes = self.data_sha256.lock().unwrap_or_else(PoisonError::into_inner);
            hashes.insert(name.to_owned(), sha256(&bytes));
            Ok(bytes)
        };
        task::open(experiment, &read)
    }

    /// SHA-256 of every file that was read for a task, by its name in the experiment.
    pub(crate) fn data_sha256(&self) -> BTreeMap<String, String> {
        self.data_sha256.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why its task cannot be opened: files, or a finding.
    pub(crate) fn not_opened(&self, error: &TaskError) -> Failure {
        match error {
            TaskError::Data(_) | TaskError::Calibration(_) => {
                Failure::Usage(format!("{}: {error}", self.path.display()))
            }
            TaskError::Config(_) | TaskError::Engine { .. } | TaskError::State(_) => {
                self.invalid(error)
            }
        }
    }

    /// A finding in it.
    pub(crate) fn invalid(&self, error: &dyn Display) -> Failure {
        invalid(&self.path, error)
    }
}
