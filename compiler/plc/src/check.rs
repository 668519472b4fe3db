//! `plc check`.

use crate::cli::CheckArgs;
use crate::numerics;
use crate::output::{self, Failure};
use pl_driver::Session;

/// Checks every file; errors anywhere end with [`Failure::Findings`].
pub(crate) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let session = Session::default();
    let mut sound = true;
    for name in &args.files {
        let compiled = output::compile(&session, name, args.message_format, &mut |_, _| {})?;
        sound &= !compiled.has_errors();
        if args.numerics {
            for rule in &compiled.rules {
                print!("{}", numerics::table(rule, &compiled.sources));
            }
        }
    }
    if sound { Ok(()) } else { Err(Failure::Findings) }
}
