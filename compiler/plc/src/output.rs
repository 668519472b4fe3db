//! Sources in, files and diagnostics out.

use crate::cli::MessageFormat;
use pl_diag::{Diagnostic, SourceMap, json, render};
use pl_driver::{Compilation, Session};
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// Why a command ends with an exit code other than 0.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Diagnostics were printed: code 1.
    Findings,
    /// Something the user wrote is wrong, in one message: code 1.
    Invalid(String),
    /// Options or files: code 2.
    Usage(String),
    /// Ctrl-C; what was done is written.
    Interrupted,
}

/// A source as named on the command line: its name and text.
pub(crate) fn read_source(name: &str) -> Result<(String, Vec<u8>), Failure> {
    if let Some(rule) = name.strip_prefix("std:") {
        return match pl_driver::stdlib::find(rule) {
            Some(found) => Ok((name.to_owned(), found.source.as_bytes().to_vec())),
            None => {
                let known: Vec<&str> =
                    pl_driver::stdlib::RULES.iter().map(|rule| rule.name).collect();
                let known = known.join(", ");
                Err(Failure::Usage(format!("the library has no rule `{rule}`; it has {known}")))
            }
        };
    }
    if name == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        return match read {
            Ok(_) => Ok(("<stdin>".to_owned(), bytes)),
            Err(error) => Err(Failure::Usage(format!("cannot read standard input: {error}"))),
        };
    }
    let bytes = read_file(Path::new(name))?;
    Ok((name.to_owned(), bytes))
}

/// The module of a dotted path that a file means, if there is such a file beside it.
pub(crate) fn module_beside(file: &str, path: &str) -> Option<(String, String)> {
    let place = module_place(file, path)?;
    let text = std::fs::read_to_string(&place).ok()?;
    Some((place.display().to_string(), text))
}

/// Where the module of a dotted path lies that a file imports.
pub(crate) fn module_place(file: &str, path: &str) -> Option<PathBuf> {
    let folder = Path::new(file).parent()?;
    Some(folder.join(path.replace('.', "/")).with_extension("pl"))
}

/// The bytes of a file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::Usage(format!("cannot read {}: {error}", path.display())))
}

/// Compiles a source and prints its diagnostics.
pub(crate) fn compile(
    session: &Session,
    name: &str,
    format: MessageFormat,
    after: &mut dyn FnMut(&str, &pl_driver::ir::Module),
) -> Result<Compilation, Failure> {
    let (name, bytes) = read_source(name)?;
    let compiled = session.compile_with(&name, &bytes, &|path| module_beside(&name, path), after);
    print_diagnostics(&compiled.diagnostics, &compiled.sources, format);
    Ok(compiled)
}

/// Prints diagnostics to stderr, with colour on a terminal unless `NO_COLOR` is set.
pub(crate) fn print_diagnostics(
    diagnostics: &[Diagnostic],
    sources: &SourceMap,
    format: MessageFormat,
) {
    if diagnostics.is_empty() {
        return;
    }
    match format {
        MessageFormat::Json => {
            for diagnostic in diagnostics {
                outln!("{}", json::line(diagnostic, sources).trim_end());
            }
        }
        MessageFormat::Human => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let style = if std::io::stderr().is_terminal() && !plain {
                render::Style::Terminal
            } else {
                render::Style::Plain
            };
            eprint!("{}", render::render(diagnostics, sources, style));
        }
    }
}

/// Refuses a folder that cannot be written to, before a long run rather than after it.
pub(crate) fn check_folder(folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::Usage(format!("cannot write to the folder {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    tempfile::NamedTempFile::new_in(folder).map(drop).map_err(failed)
}

/// Writes files into a folder, all or none: everything goes to temporary files first.
pub(crate) fn write_all(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), Failure> {
    let failed = |path: &Path, error: &dyn core::fmt::Display| {
        Failure::Usage(format!("cannot write {}: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let mut ready = Vec::new();
    for (name, bytes) in files {
        let path: PathBuf = folder.join(name);
        let mut file =
            tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&path, &error))?;
        file.write_all(bytes).map_err(|error| failed(&path, &error))?;
        ready.push((file, path));
    }
    for (file, path) in ready {
        file.persist(&path).map_err(|error| failed(&path, &error))?;
        make_readable(&path);
    }
    Ok(())
}

/// Writes one file, whole or not at all.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let Some(name) = name else {
        return Err(Failure::Usage(format!("{} is no file", path.display())));
    };
    write_all(folder.unwrap_or(Path::new(".")), &[(name, bytes.to_vec())])
}

/// Temporary files are private to their owner; results are files like any other.
#[cfg(unix)]
fn make_readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    // If the permission cannot be changed the result is still complete.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).ok();
}

#[cfg(not(unix))]
fn make_readable(_path: &Path) {}
