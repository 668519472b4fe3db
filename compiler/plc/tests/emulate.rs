//! `plc asm` and `plc emulate`: what they tell about a program.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::path::Path;
use std::process::{Command, Output};

fn plc(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_plc")).current_dir(folder).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder with `prog.s` and the program assembled from it, and what the assembler said.
fn program(source: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("prog.s"), source).unwrap();
    let output = plc(folder.path(), &["asm", "prog.s"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    (folder, text(&output.stderr))
}

#[test]
fn what_the_hardware_does_differently_is_warned_of() {
    let source = "start:\n  li 9, 1024\n  lha 3, -2(9)\n  fxvsplath 1, 0\n  wait\n";
    let (folder, warnings) = program(source);
    assert!(
        warnings.contains("prog.s:3: warning: the hardware does not sign-extend"),
        "{warnings}"
    );
    assert!(warnings.contains("    lha 3, -2(9)\n"), "{warnings}");
    assert!(warnings.contains("prog.s:4: warning: a splat from r0"), "{warnings}");
    let output = plc(folder.path(), &["emulate", "prog.elf"]);
    let found = text(&output.stdout);
    assert!(output.status.success(), "{found}");
    assert!(found.contains("warning: at 0x00000004 <start+0x4>: the hardware"), "{found}");
    let json = plc(folder.path(), &["emulate", "prog.elf", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let addresses: Vec<_> = json["pitfalls"].as_array().unwrap().iter().collect();
    assert_eq!(addresses.len(), 2);
    assert_eq!(addresses[1]["address"], 8);
}

#[test]
fn steps_show_the_registers_that_changed() {
    let (folder, _) = program("  li 3, 5\n  mtctr 3\n  cmpwi 3, 5\n  fxvsplatb 2, 3\n  wait\n");
    let output = plc(folder.path(), &["emulate", "prog.elf", "--step"]);
    let steps = text(&output.stderr);
    let lines: Vec<&str> = steps.lines().collect();
    assert!(lines[0].contains("li ") && lines[1].trim() == "r3 00000000 -> 00000005", "{steps}");
    assert!(lines[3].trim() == "ctr 00000000 -> 00000005", "{steps}");
    assert!(lines[5].trim() == "cr 00000000 -> 20000000", "{steps}");
    assert!(lines[7].trim().starts_with("v2 050505"), "{steps}");
    assert_eq!(lines.len(), 9, "{steps}");
}

#[test]
fn a_run_stops_at_its_cycles() {
    let (folder, _) = program("loop: b loop\n");
    let output = plc(folder.path(), &["emulate", "prog.elf", "--max-cycles", "100"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.starts_with("stopped after "), "{said}");
    let json = ["emulate", "prog.elf", "--max-cycles", "100", "--format", "json"];
    let json: serde_json::Value =
        serde_json::from_slice(&plc(folder.path(), &json).stdout).unwrap();
    let cycles = json["cycles"].as_u64().unwrap();
    assert!((100..110).contains(&cycles), "{cycles}");
}

#[test]
fn the_debugger_stops_where_it_is_told() {
    use std::io::Write as _;
    let source = "start:\n  li 3, 5\n  li 4, 0x100\nloop:\n  stw 3, 0(4)\n  addi 3, 3, -1\n  \
                  fxvsplath 2, 3\n  cmpwi 3, 0\n  bne loop\n  wait\n";
    let (folder, _) = program(source);
    let mut child = Command::new(env!("CARGO_BIN_EXE_plc"))
        .current_dir(folder.path())
        .args(["emulate", "prog.elf", "--debug"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let script = "break loop\nc\nwatch 0x100\nc\nstep 2\nvector 2\nm 0x100 4\ndelete loop\n\
                  delete 0x100\nnonsense\nc\n";
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let found = text(&output.stdout);
    assert!(output.status.success(), "{found}");
    for part in [
        "stw r3,0(r4)",
        "0x00000100: 00000000 -> 00000005",
        "   0: 0004 0004",
        "00000005",
        "`nonsense` is no command",
        "asleep at",
    ] {
        assert!(found.contains(part), "{part} is missing in\n{found}");
    }
}

#[test]
fn both_ppus_share_a_chip() {
    // The top program waits for a word that the bottom one writes into its memory over the bus.
    let top = "start:\n  li 3, 0x400\nagain:\n  lwz 4, 0(3)\n  cmpwi 4, 0\n  beq again\n  wait\n";
    // Words of the top PPU's memory: bus address 0x2800000, byte pointer 0x8000_0000 | address << 2.
    let bottom = "start:\n  lis 3, -0x7600\n  ori 3, 3, 0x400\n  li 4, 77\n  stw 4, 0(3)\n  wait\n";
    let (folder, _) = program(top);
    std::fs::write(folder.path().join("bottom.s"), bottom).unwrap();
    assert!(plc(folder.path(), &["asm", "bottom.s"]).status.success());
    let args = ["emulate", "prog.elf", "--bottom", "bottom.elf", "--dump", "0x400+4"];
    let output = plc(folder.path(), &args);
    let found = text(&output.stdout);
    assert!(output.status.success(), "{found}{}", text(&output.stderr));
    assert!(found.contains("top: asleep") && found.contains("bottom: asleep"), "{found}");
    assert!(found.contains("4d"), "{found}");
    assert_eq!(plc(folder.path(), &args).stdout, output.stdout);
    let alone = plc(folder.path(), &["emulate", "prog.elf", "--max-cycles", "5000"]);
    assert_eq!(alone.status.code(), Some(1), "{}", text(&alone.stdout));
}

#[test]
fn cycles_are_told_by_line_of_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let source = "start:\n  li 3, 100\n  mtctr 3\nloop:\n  divw 4, 3, 3\n  bdnz loop\n  wait\n";
    std::fs::write(folder.path().join("prog.s"), source).unwrap();
    let output = plc(folder.path(), &["emulate", "prog.s", "--cycles", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines = json["cycles_by_line"].as_array().unwrap();
    let cycles = |number: u64| {
        let line = lines.iter().find(|line| line["line"] == number).unwrap();
        line["cycles"].as_u64().unwrap()
    };
    // A hundred divisions of 32 cycles.
    assert!(cycles(5) >= 3200 && cycles(5) > 10 * cycles(6), "{lines:?}");
    // The same from a program, which carries the lines as debugging information.
    assert!(plc(folder.path(), &["asm", "prog.s"]).status.success());
    let output = plc(folder.path(), &["emulate", "prog.elf", "--cycles", "--format", "json"]);
    let again: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(again["cycles_by_line"], json["cycles_by_line"]);
    let listing = text(&plc(folder.path(), &["disasm", "prog.elf"]).stdout);
    assert!(listing.contains("# prog.s:5: divw 4, 3, 3\n"), "{listing}");
    let total: u64 = lines.iter().map(|line| line["cycles"].as_u64().unwrap()).sum();
    assert_eq!(json["cycles"].as_u64(), Some(total));
}
