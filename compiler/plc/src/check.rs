//! `plc check`.

use crate::cli::CheckArgs;
use crate::numerics;
use crate::output::{self, Failure};
use pl_diag::sarif;
use pl_driver::{Compilation, Session};
use std::path::Path;

/// Checks every file; errors anywhere end with [`Failure::Findings`].
pub(crate) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let session = Session::default();
    let mut all = Vec::new();
    for name in &args.files {
        let compiled = output::compile(&session, name, args.message_format, &mut |_, _| {})?;
        if args.numerics {
            for rule in &compiled.rules {
                out!("{}", numerics::table(rule, &compiled.sources));
            }
        }
        all.push(compiled);
    }
    if let Some(path) = &args.sarif {
        write_sarif(path, &all)?;
    }
    let sound = !all.iter().any(Compilation::has_errors);
    if sound { Ok(()) } else { Err(Failure::Findings) }
}

fn write_sarif(path: &Path, all: &[Compilation]) -> Result<(), Failure> {
    let found: Vec<_> = all
        .iter()
        .flat_map(|compiled| compiled.diagnostics.iter().map(|found| (found, &compiled.sources)))
        .collect();
    output::write_file(path, sarif::log(env!("CARGO_PKG_VERSION"), &found).as_bytes())
}
