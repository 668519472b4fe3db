//! `plc fmt`.

use crate::cli::{FmtArgs, MessageFormat};
use crate::output::{self, Failure};
use pl_driver::Session;
use std::path::Path;

/// Lays out every file, or with `--check` lists those that are not laid out. A file that cannot be
/// read as a source stays as it is and ends with [`Failure::Findings`].
pub(crate) fn run(args: &FmtArgs) -> Result<(), Failure> {
    let mut sound = true;
    for name in &args.files {
        if name.starts_with("std:") {
            return Err(Failure::Usage(format!("{name} is no file; rules of the library stay")));
        }
        let (name, bytes) = output::read_source(name)?;
        let text = match Session::default().format(&name, &bytes) {
            Ok(text) => text,
            Err((sources, found)) => {
                output::print_diagnostics(&found, &sources, MessageFormat::Human);
                sound = false;
                continue;
            }
        };
        if name == "<stdin>" {
            out!("{text}");
        } else if text.as_bytes() != bytes {
            if args.check {
                outln!("{name}");
                sound = false;
            } else {
                output::write_file(Path::new(&name), text.as_bytes())?;
            }
        }
    }
    if sound { Ok(()) } else { Err(Failure::Findings) }
}
