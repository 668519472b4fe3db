//! Brian2, for what compares itself with it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// Runs a script beside this file with an input, and returns the last line it prints. Brian2 lives in
/// `target/brian2` of the repository; where it is not, it is installed if `install` says so.
///
/// # Errors
/// If Brian2 is not there or cannot be installed; what the script said, if it printed nothing.
pub(crate) fn last_line(
    repository: &Path,
    install: bool,
    script: &str,
    args: &[String],
    input: &str,
) -> Result<String, String> {
    let mut script = Command::new(python(repository, install)?)
        .arg(repository.join("tests/peers").join(script))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    if let Some(mut stdin) = script.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    }
    let output = script.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let said = || String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().last().map(str::to_owned).ok_or_else(said)
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
