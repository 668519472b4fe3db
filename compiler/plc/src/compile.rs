//! `plc compile`.

use crate::cli::{CompileArgs, Emit};
use crate::output::{self, Failure};
use pl_chip::time::us_from_ticks;
use pl_diag::FileId;
use pl_driver::clif::Kernel;
use pl_driver::ir::print;
use pl_driver::ppu::Cost;
use pl_driver::{Compilation, KernelFiles, ParamError, Rule, Session};
use std::cell::Cell;
use std::path::Path;

/// Compiles a file and writes what was asked for, or nothing if something is wrong.
pub(crate) fn run(args: &CompileArgs) -> Result<(), Failure> {
    let (printed, target) = (Cell::new(false), Cell::new(""));
    let mut print_after = |pass: &str, module: &pl_driver::ir::Module| {
        if args.print_after.as_deref() == Some(pass) {
            outln!("; after {pass}{}\n{}", target.get(), print::module(module));
            printed.set(true);
        }
    };
    let session = Session::default();
    let compiled = output::compile(&session, &args.file, args.message_format, &mut print_after)?;
    if compiled.has_errors() {
        return Err(Failure::Findings);
    }
    if args.print_after.is_some() {
        target.set(", for the PPU");
        for rule in &compiled.rules {
            let _ = rule.module_for_ppu(&mut print_after);
        }
    }
    if let (Some(pass), false) = (&args.print_after, printed.get()) {
        let known: Vec<&str> = core::iter::once("lower").chain(Session::pass_names()).collect();
        let known = known.join(", ");
        return Err(Failure::Usage(format!("there is no pass `{pass}`; the passes are {known}")));
    }
    let rules = with_defaults(&compiled.rules, &args.set)?;
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut sound = true;
    for rule in &rules {
        let for_interface = [Emit::Cxx, Emit::Python].iter().any(|emit| args.emit.contains(emit));
        let kernel = match for_interface.then(|| rule.kernel_files()).transpose() {
            Ok(kernel) => kernel,
            Err(refused) => {
                output::print_diagnostics(&refused, &compiled.sources, args.message_format);
                sound = false;
                continue;
            }
        };
        for emit in &args.emit {
            for (name, content) in emitted(&compiled, rule, *emit, kernel.as_ref())? {
                // Rules share some.
                if files.iter().all(|(other, _)| *other != name) {
                    files.push((name, content));
                }
            }
        }
    }
    if !sound {
        return Err(Failure::Findings);
    }
    output::write_all(&args.out, &files)?;
    for (name, _) in &files {
        outln!("{}", args.out.join(name).display());
    }
    Ok(())
}

/// The syntax tree of the file, which is named after it.
fn tree(compiled: &Compilation) -> Vec<(String, Vec<u8>)> {
    let id = FileId(0);
    let Some(file) = compiled.sources.get(id) else { return Vec::new() };
    let name = file.name.trim_start_matches("std:").trim_matches(['<', '>']);
    let stem = Path::new(name).file_stem().map_or("rules".into(), |stem| stem.to_string_lossy());
    let (module, _) = pl_driver::syntax::parse(id, &file.text);
    vec![(format!("{stem}.ast"), format!("{module:#?}\n").into_bytes())]
}

/// The rules with the defaults that `--set` gives.
fn with_defaults(rules: &[Rule], settings: &[String]) -> Result<Vec<Rule>, Failure> {
    let mut rules = rules.to_vec();
    for setting in settings {
        let parsed = setting
            .split_once('=')
            .and_then(|(key, value)| Some((key.trim(), value.trim().parse::<f64>().ok()?)));
        let Some((key, value)) = parsed else {
            return Err(Failure::Usage(format!("`--set {setting}` must be PARAM=NUMBER")));
        };
        let mut found = false;
        for rule in &mut rules {
            // Of a rule that is used, names of params have dots.
            let has = |name: &str| rule.hir().params.iter().any(|param| param.name == name);
            let of_rule = key.strip_prefix(rule.name()).and_then(|rest| rest.strip_prefix('.'));
            let param = match of_rule {
                Some(param) if !has(key) => param,
                None if key.contains('.') && !has(key) => continue,
                Some(_) | None => key,
            };
            let refused = |error: ParamError| Failure::Usage(format!("--set: {error}"));
            *rule = rule.with_defaults(&[(param.to_owned(), value)]).map_err(refused)?;
            found = true;
        }
        if !found {
            return Err(Failure::Usage(format!("--set: there is no rule of `{key}`")));
        }
    }
    Ok(rules)
}

/// Output files of a rule: their names and content.
fn emitted(
    compiled: &Compilation,
    rule: &Rule,
    emit: Emit,
    kernel: Option<&KernelFiles>,
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    // The compiler has checked that the program fits; what fails now is our mistake.
    let program = || rule.program().map_err(|error| Failure::Invalid(error.to_string()));
    let file = |ending: &str, content: Vec<u8>| (format!("{}.{ending}", rule.name()), content);
    let kernel = |text: fn(&KernelFiles) -> &String| {
        kernel.map_or(Vec::new(), |files| text(files).clone().into_bytes())
    };
    Ok(match emit {
        Emit::Ast => tree(compiled),
        Emit::Cxx => vec![file("cpp", kernel(|files| &files.cxx))],
        Emit::Python => vec![file("py", kernel(|files| &files.python))],
        Emit::Ir => vec![file("ir", print::module(rule.module()).into_bytes())],
        Emit::Clif => {
            let text = Kernel::clif_text(rule.module());
            let text = text.map_err(|error| Failure::Invalid(error.to_string()))?;
            vec![file("clif", text.into_bytes())]
        }
        Emit::Asm => vec![file("s", program()?.listing().into_bytes())],
        Emit::Elf => vec![file("elf", program()?.to_elf())],
        Emit::Obj => {
            let files = rule.object().map_err(Failure::Invalid)?;
            vec![
                file("o", files.object),
                file("h", files.header.into_bytes()),
                ("plc_rule.h".to_owned(), files.shared_header.into_bytes()),
            ]
        }
        Emit::Cost => vec![file("cost.txt", cost(rule, &program()?.cost).into_bytes())],
    })
}

/// The cost of a rule, and what period it allows for the largest view that the rule declares.
fn cost(rule: &Rule, cost: &Cost) -> String {
    let (rows, columns) = (rule.hir().rows_max, rule.hir().columns_max);
    let period = format!("shortest safe period (us), {rows} x {columns} synapses");
    let needed_us = us_from_ticks(cost.update_cycles(rows, columns)).ceil();
    format!("{cost}{period:<48} {needed_us:>8}\n")
}
