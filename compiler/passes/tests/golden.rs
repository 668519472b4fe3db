//! `tests/golden/passes/<pass>/*.ir`: what a pass makes of a function stands in comments below it.
//!
//! A file starts with `; test pass NAME`, NAME being its folder. With `PLC_BLESS=1` in the
//! environment the comments are written anew.

use pl_ir::{parse, verify};
use pl_passes::PIPELINE;
use std::path::{Path, PathBuf};

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path());
    let mut paths: Vec<PathBuf> = entries.collect();
    paths.sort();
    paths
}

/// The text with comments below functions replaced by what `pass` makes of them.
fn expected(text: &str, functions: &[String]) -> String {
    let mut out = String::new();
    let mut functions = functions.iter();
    let mut below_function = false;
    for line in text.lines() {
        if below_function && line.starts_with(';') {
            continue;
        }
        below_function = line == "}";
        out += line;
        out.push('\n');
        if below_function {
            let function = functions.next().map_or("", String::as_str);
            out.extend(function.lines().map(|line| format!("; {line}\n")));
        }
    }
    out
}

fn check(path: &Path, pass_name: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    if text.lines().next() != Some(&format!("; test pass {pass_name}")) {
        return Err(format!("the first line is not `; test pass {pass_name}`"));
    }
    let pass = PIPELINE.iter().find(|pass| pass.name == pass_name);
    let pass = pass.ok_or_else(|| format!("there is no pass `{pass_name}`"))?;
    let module = parse::module(&text).map_err(|errors| format!("{errors:?}"))?;
    let mut module = verify(module).map_err(|errors| format!("{errors:?}"))?.into_inner();
    let _ = pl_passes::run_pass(pass, &mut module);
    let module = verify(module.renumbered()).map_err(|errors| format!("{errors:?}"))?;
    let functions: Vec<String> = module.functions.iter().map(ToString::to_string).collect();
    let expected = expected(&text, &functions);
    if expected == text {
        Ok(())
    } else if std::env::var_os("PLC_BLESS").is_some() {
        std::fs::write(path, expected).map_err(|error| error.to_string())
    } else {
        Err(format!("the result differs (PLC_BLESS=1 accepts it):\n{}", functions.join("\n")))
    }
}

#[test]
fn passes_make_what_the_golden_files_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/passes");
    let mut failures = Vec::new();
    let mut folders = Vec::new();
    for folder in entries(&root) {
        let pass = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let pass = pass.unwrap_or_default();
        for path in entries(&folder) {
            if let Err(failure) = check(&path, &pass) {
                failures.push(format!("{}: {failure}", path.display()));
            }
        }
        folders.push(pass);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let mut passes: Vec<&str> = PIPELINE.iter().map(|pass| pass.name).collect();
    passes.sort_unstable();
    assert_eq!(folders, passes, "every pass has a folder");
}
