//! `plc explain`.

use crate::cli::ExplainArgs;
use crate::output::Failure;
use pl_diag::{CODES, Code};

/// Prints the long text of a code, or all codes.
pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let Some(name) = &args.code else {
        for row in CODES {
            outln!("{}  {}", row.name, row.title);
        }
        return Ok(());
    };
    let Some(code) = Code::from_name(name) else {
        let message = format!("there is no code `{name}`; `plc explain` lists all");
        return Err(Failure::Usage(message));
    };
    let row = code.info();
    outln!("{}: {}\n\n{}", row.name, row.title, row.explanation);
    if !row.wrong.is_empty() {
        outln!("\nThis is wrong:\n\n{}", indented(row.wrong));
        outln!("This is right:\n\n{}", indented(row.right));
    }
    Ok(())
}

fn indented(source: &str) -> String {
    source.lines().map(|line| format!("    {line}\n")).collect()
}
