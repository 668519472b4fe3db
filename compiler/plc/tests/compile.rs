//! `plc compile --emit`: the example in C builds and computes what native code in memory does; other files.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
#![allow(clippy::print_stderr, reason = "says why a test was skipped")]

use pl_driver::ir::io::{COLUMNS, UpdateIo};
use pl_driver::{Engine, Place, Session, stdlib};
use pl_fixed::rng;
use std::fs;
use std::path::Path;
use std::process::Command;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/embed/object.c");

fn plc(folder: &Path, args: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_plc")).current_dir(folder).args(args).output().unwrap()
}

/// What the example prints, computed by native code in memory.
fn expected() -> String {
    let compiled =
        Session::default().compile("structural.pl", stdlib::find("structural").unwrap().source);
    let stream_key = rng::stream_key(7, 0, 0, 0);
    let place = Place { hemisphere: 0, rows: 1, stream_key, record_capacity: 0 };
    let mut instance = compiled.rules[0].instance(Engine::Jit, &place);
    instance.set_param("lambda_stdp", 0.5).unwrap();
    let mut weights: [u8; COLUMNS] = core::array::from_fn(|c| if c % 2 == 1 { 2 } else { 30 });
    let mut addresses = [0; COLUMNS];
    let mut resets = [[0; COLUMNS]; 3];
    let [correlation_reset, rate_reset, membrane_reset] = &mut resets;
    let mut io = UpdateIo {
        rows: &[3],
        row_signs: &[1],
        columns: &[0xff; COLUMNS],
        weights: &mut weights,
        addresses: &mut addresses,
        causal_codes: &[100; COLUMNS],
        acausal_codes: &[100; COLUMNS],
        causal_baseline: &[120; COLUMNS],
        acausal_baseline: &[120; COLUMNS],
        rates: &[0; COLUMNS],
        membranes: &[0; COLUMNS],
        correlation_reset,
        rate_reset,
        membrane_reset,
    };
    instance.start(&mut io).unwrap();
    instance.update(&mut io).unwrap();
    let drawn: String = (1..16).step_by(2).map(|c| format!("{} ", addresses[c])).collect();
    format!("weights {}, {}; every 250000 ticks\n{drawn}drawn\n", weights[0], weights[1])
}

#[test]
fn the_example_in_c_gives_the_same_bits() {
    if Command::new("cc").arg("--version").output().is_err() {
        eprintln!("skipped: there is no C compiler (`cc`)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let written = plc(folder.path(), &["compile", "std:structural", "--emit", "obj"]);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let built = Command::new("cc")
        .current_dir(folder.path())
        .args([
            "-std=c99",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-I.",
            EXAMPLE,
            "structural.o",
            "-o",
            "x",
        ])
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let run = Command::new(folder.path().join("x")).output().unwrap();
    assert!(run.status.success());
    let printed = String::from_utf8(run.stdout).unwrap();
    assert!(printed.starts_with("weights 51, 18; "), "30 + 0.5 * 40 + 0.05 * 20: {printed}");
    assert_eq!(printed, expected());
}

#[test]
fn defaults_can_be_set() {
    let folder = tempfile::tempdir().unwrap();
    let compile = |more: &[&str]| {
        let args = [&["compile", "std:power_law_stdp", "--emit", "obj,ir"], more].concat();
        plc(folder.path(), &args)
    };
    assert!(compile(&["--set", "mu=1", "--set", "power_law_stdp.alpha=2"]).status.success());
    let header = fs::read_to_string(folder.path().join("power_law_stdp.h")).unwrap();
    assert!(header.contains("Param `mu` is 1 for good"), "{header}");
    assert!(header.contains("params = {0.125, 2.0};"), "{header}");
    let refused = [
        ("mu=2", "must lie in 0 .. 1"),
        ("gain=1", "has no param `gain`"),
        ("mu", "PARAM=NUMBER"),
        ("other.mu=1", "no rule of `other.mu`"),
    ];
    for (setting, message) in refused {
        let output = compile(&["--set", setting]);
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn trees_and_kernels_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let written = plc(folder.path(), &["compile", "std:structural", "--emit", "ast,cxx,python"]);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let tree = read("structural.ast");
    assert!(tree.contains("Rule(") && tree.contains("name: \"lambda_stdp\""), "{tree}");
    assert!(read("structural.cpp").contains("PLASTICITY_RULE_KERNEL"));
    assert!(read("structural.py").contains("class Structural(pynn.PlasticityRule):"));
    let rule = "rule r {\n    every 1 ms\n    control { send(1, 2) }\n}\n";
    fs::write(folder.path().join("r.pl"), rule).unwrap();
    let refused = plc(folder.path(), &["compile", "r.pl", "--emit", "cxx,python,ir"]);
    assert_eq!(refused.status.code(), Some(1));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(message.matches("E0605").count(), 1, "{message}");
    assert!(!folder.path().join("r.ir").exists());
}

#[test]
fn compile_writes_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["compile", "std:structural", "--emit", "ir,clif,asm,elf,cost", "-o", "x"];
    let output = plc(folder.path(), &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let entries = fs::read_dir(folder.path().join("x")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let all = ["clif", "cost.txt", "elf", "ir", "s"].map(|end| format!("structural.{end}"));
    assert_eq!(names, all);
    let elf = fs::read(folder.path().join("x/structural.elf")).unwrap();
    assert_eq!(elf[..4], *b"\x7fELF");
    // Cycles of all rows, and the period they need: 4 ns each, rounded up.
    let cost = fs::read_to_string(folder.path().join("x/structural.cost.txt")).unwrap();
    let number = |what: &str| -> u64 {
        let line = cost.lines().find(|line| line.trim_start().starts_with(what)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let rows = 256 * (number("and for each row") + number("and for each column"));
    let cycles = number("worst-case cycles of an update") + rows;
    assert_eq!(number("shortest safe period (us), 256 x 256 synapses"), cycles.div_ceil(250));
    // The listing is assembly that gives the same words.
    let listing = fs::read_to_string(folder.path().join("x/structural.s")).unwrap();
    assert!(listing.contains("fxvinx") && listing.contains("fxvoutx"));
    // What runs first, what runs for every target, and what for the processor alone.
    let passes = [
        ("lower", &[""][..]),
        ("gvn", &["", ", for the PPU"]),
        ("fuse_rows", &[", for the PPU"]),
        ("narrow", &[", for the PPU"]),
    ];
    for (pass, targets) in passes {
        let printed = plc(folder.path(), &["compile", "std:structural", "--print-after", pass]);
        let printed = String::from_utf8(printed.stdout).unwrap();
        for target in ["", ", for the PPU"] {
            let heading = format!("; after {pass}{target}\nmodule \"structural\"");
            assert_eq!(printed.contains(&heading), targets.contains(&target), "{heading}");
        }
    }
}
