//! `plc compile`.

use crate::cli::{CompileArgs, Emit};
use crate::output::{self, Failure};
use pl_driver::clif::Kernel;
use pl_driver::ir::print;
use pl_driver::{Rule, Session};

/// Compiles a file and writes what was asked for, or nothing if something is wrong.
pub(crate) fn run(args: &CompileArgs) -> Result<(), Failure> {
    let mut printed = false;
    let mut print_after = |pass: &str, module: &pl_driver::ir::Module| {
        if args.print_after.as_deref() == Some(pass) {
            println!("; after {pass}\n{}", print::module(module));
            printed = true;
        }
    };
    let session = Session::default();
    let compiled = output::compile(&session, &args.file, args.message_format, &mut print_after)?;
    if compiled.has_errors() {
        return Err(Failure::Findings);
    }
    if let (Some(pass), false) = (&args.print_after, printed) {
        let known: Vec<&str> = core::iter::once("lower").chain(Session::pass_names()).collect();
        let known = known.join(", ");
        return Err(Failure::Usage(format!("there is no pass `{pass}`; the passes are {known}")));
    }
    let mut files = Vec::new();
    for rule in &compiled.rules {
        for emit in &args.emit {
            files.push(emitted(rule, *emit)?);
        }
    }
    output::write_all(&args.out, &files)?;
    for (name, _) in &files {
        println!("{}", args.out.join(name).display());
    }
    Ok(())
}

/// One output file of a rule: its name and content.
fn emitted(rule: &Rule, emit: Emit) -> Result<(String, Vec<u8>), Failure> {
    // The compiler has checked that the program fits; what fails now is our mistake.
    let program = || rule.program().map_err(|error| Failure::Invalid(error.to_string()));
    let (ending, content) = match emit {
        Emit::Ir => ("ir", print::module(rule.module()).into_bytes()),
        Emit::Clif => {
            let text = Kernel::clif_text(rule.module());
            ("clif", text.map_err(|error| Failure::Invalid(error.to_string()))?.into_bytes())
        }
        Emit::Asm => ("s", program()?.listing().into_bytes()),
        Emit::Elf => ("elf", program()?.to_elf()),
        Emit::Cost => ("cost.txt", program()?.cost.to_string().into_bytes()),
    };
    Ok((format!("{}.{ending}", rule.name()), content))
}
