//! The header is what the source says, and a C program compiles and runs with it.

#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]
#![allow(clippy::print_stderr, reason = "says why a test was skipped")]

use std::path::{Path, PathBuf};
use std::process::Command;

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn header_is_generated_from_the_source() {
    let config = cbindgen::Config::from_file(Path::new(CRATE).join("cbindgen.toml")).unwrap();
    let bindings = cbindgen::Builder::new()
        .with_src(Path::new(CRATE).join("src/lib.rs"))
        .with_config(config)
        .generate()
        .unwrap();
    let mut generated = Vec::new();
    bindings.write(&mut generated);
    let file = Path::new(CRATE).join("include/plc.h");
    if std::env::var_os("PLC_BLESS").is_some() {
        std::fs::write(&file, &generated).unwrap();
    }
    let kept = std::fs::read(file).unwrap_or_default();
    assert!(kept == generated, "include/plc.h is old: run this test with PLC_BLESS=1");
}

/// The shared library beside the test, wherever cargo put it.
fn library() -> PathBuf {
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let name = format!("{}plc_capi{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    [deps.clone(), deps.join("..")].into_iter().find(|folder| folder.join(&name).exists()).unwrap()
}

#[test]
fn a_c_program_runs_a_rule() {
    if Command::new("cc").arg("--version").output().is_err() {
        eprintln!("skipped: there is no C compiler (`cc`)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("embed");
    let library = library();
    let built = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(Path::new(CRATE).join("../../examples/embed/main.c"))
        .arg("-I")
        .arg(Path::new(CRATE).join("include"))
        .arg("-L")
        .arg(&library)
        .args(["-lplc_capi", &format!("-Wl,-rpath,{}", library.display())])
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    // Cargo's search path may have an older library.
    let output = Command::new(program).env_remove("LD_LIBRARY_PATH").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("gain: 0 to 1, default 0.5\n"), "{text}");
    assert!(text.contains("means 3.75, 3.25, 2.75\n"), "{text}");
    let sample = "after update 1: weights 15, 13, 11; 0 samples lost\n";
    assert_eq!(text.matches(sample).count(), 1, "{text}");
    let refused = [
        "refused: `forget.loss` must lie in 0 .. 63, not 64\n",
        "refused: the rule `hebb` has no input `loss`; it has forget.loss\n",
        "refused: the text has several rules, choose one by its name: forget, hebb\n",
    ];
    for line in refused {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(text.contains("weight 15, reset 1, every 250000 ticks\n"), "{text}");
    assert_eq!(text.matches("sent address 5 by driver 3\n").count(), 1, "{text}");
    assert!(text.contains("refused: param `gain` must lie in 0 .. 1, not 2\n"), "{text}");
}
