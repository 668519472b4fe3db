//! Brian2, for what compares itself with it.

use std::fmt::{self, Display, Formatter};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Brian2 is not there, or cannot be installed.
    Absent(String),
    /// The script was not run to its end.
    Script(String),
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Absent(message) => write!(f, "{message}"),
            Failure::Script(message) => write!(f, "the script of Brian2 failed: {message}"),
        }
    }
}

/// Runs a script beside this file with an input, and returns the last line it prints. Brian2 lives in
/// `target/brian2` of the repository; where it is not, it is installed if `install` says so.
///
/// # Errors
/// If Brian2 is not there or cannot be installed; what the script said, if it failed or printed nothing.
pub(crate) fn last_line(
    repository: &Path,
    install: bool,
    script: &str,
    args: &[String],
    input: &str,
) -> Result<String, Failure> {
    let mut command = Command::new(python(repository, install).map_err(Failure::Absent)?);
    command.arg(repository.join("tests/peers").join(script)).args(args);
    answer(&mut command, input).map_err(Failure::Script)
}

/// The last line that a program prints for an input.
///
/// # Errors
/// What it said, if it failed or printed nothing.
pub(crate) fn answer(command: &mut Command, input: &str) -> Result<String, String> {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = pipes.spawn().map_err(|error| error.to_string())?;
    // A program that ends before it has read all says why.
    let written = program.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(input.as_bytes()));
    let output = program.wait_with_output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    written.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().last().map(str::to_owned).ok_or_else(|| "it printed nothing".to_owned())
}

/// The Python that has Brian2.
fn python(repository: &Path, install: bool) -> Result<PathBuf, String> {
    let folder = repository.join("target/brian2");
    let python = folder.join("bin/python");
    let check = Command::new(&python).args(["-c", "import brian2"]).output();
    if check.is_ok_and(|output| output.status.success()) {
        return Ok(python);
    }
    if !install {
        return Err("Brian2 is not installed; PLC_PEERS=1 does it".to_owned());
    }
    let script = repository.join("tests/peers/install_brian2.sh");
    let done = Command::new("sh").arg(script).arg(&folder).status();
    let done = done.ok().filter(ExitStatus::success);
    done.map(|_| python).ok_or_else(|| "Brian2 cannot be installed".to_owned())
}
