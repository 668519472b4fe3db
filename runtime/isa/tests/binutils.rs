//! The scalar rows against binutils, which know nothing of this project's table.
//!
//! Needs `powerpc-linux-gnu-as` and `powerpc-linux-gnu-objdump` (Debian:
//! `binutils-powerpc-linux-gnu`); where they are missing the test says so and passes.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
#![allow(clippy::print_stderr, reason = "a skipped comparison must be seen")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use pl_isa::asm::{Options, assemble_with};
use pl_isa::{Extension, Field, INSNS, Instruction, decode, disassemble, encode};

const ASSEMBLER: &str = "powerpc-linux-gnu-as";
const DISASSEMBLER: &str = "powerpc-linux-gnu-objdump";

/// Rows of which some operands are invalid forms to the Power ISA, which binutils refuses and this
/// core executes: an update that has no base or loads over it, a load of several registers over its
/// base, a branch whose unused bits are set, and a level of `sync` that names nothing.
const INVALID_FORMS: [&str; 19] = [
    "lbzu", "lbzux", "lhzu", "lhzux", "lhau", "lhaux", "lwzu", "lwzux", "lmw", "stbu", "stbux",
    "sthu", "sthux", "stwu", "stwux", "bc", "bcctr", "bclr", "sync",
];

/// Whether binutils prints a word in a way that the assembler does not read: `sync` under its name
/// on another core, and simplified branches with a hint, which the assembler takes with the full
/// name only.
fn is_foreign(word: u32, text: &str) -> bool {
    let hint = decode(word).and_then(|instruction| instruction.operand(Field::Bh));
    text == "msync" || hint.is_some_and(|hint| hint != 0)
}

/// Whether both programs start; says which does not.
fn present() -> bool {
    [ASSEMBLER, DISASSEMBLER].iter().all(|program| {
        let starts = Command::new(program).arg("--version").output().is_ok();
        if !starts {
            eprintln!("skipped: no `{program}` to compare with");
        }
        starts
    })
}

/// Two values of an operand: its extremes, unless both are invalid forms of the row.
fn ends(mnemonic: &str, field: Field) -> (i32, i32) {
    match mnemonic {
        "mtocrf" | "mfocrf" if field == Field::Fxm => (1, 0x80),
        // A branch to the counter cannot count it down: if a bit is set, and always.
        "bcctr" if field == Field::Bo => (12, 20),
        _ => field.range(),
    }
}

/// Every scalar row with every flag set and each combination of smallest and largest operands.
fn scalar_instructions() -> Vec<Instruction> {
    let mut all = Vec::new();
    for info in INSNS.iter().filter(|info| info.extension == Extension::Base) {
        let count = info.operands.len();
        for pattern in 0..1u32 << count {
            let values: Vec<i32> = (info.operands.iter().enumerate())
                .map(|(index, operand)| {
                    let (low, high) = ends(info.mnemonic, operand.field);
                    if pattern >> index & 1 == 0 { low } else { high }
                })
                .collect();
            for set in 0..1u32 << info.flags.len() {
                let chosen = info.flags.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1);
                let plain = Instruction::new(info.opcode, &values);
                all.push(chosen.fold(plain, |instruction, (_, flag)| instruction.with(*flag)));
            }
        }
    }
    all
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> (bool, String) {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// The words of `.text` in an object file, as the disassembler prints them: word and text.
fn listed(folder: &Path) -> Vec<(u32, String)> {
    let (ok, text) = run(DISASSEMBLER, &["-d", "-z", "-Mppc,e500mc", "out.o"], folder);
    assert!(ok, "{text}");
    text.lines()
        .filter_map(|line| {
            let (_, rest) = line.split_once(":\t")?;
            let (bytes, text) = rest.split_once('\t').unwrap_or((rest, ""));
            let word = u32::from_str_radix(&bytes.replace(' ', ""), 16).ok()?;
            Some((word, text.to_owned()))
        })
        .collect()
}

/// The text of an instruction wherever it stands: relative targets count from `.`.
fn placeless(instruction: &Instruction) -> String {
    let text = disassemble(encode(instruction).unwrap(), 0);
    match instruction.target() {
        Some((_, offset)) if !instruction.flags.has(pl_isa::Flag::Aa) => {
            let target = format!("0x{:x}", 0u32.wrapping_add_signed(offset));
            text.replace(&target, &format!(".+({offset})"))
        }
        Some(_) | None => text,
    }
}

/// Assembles lines, leaving out those that are refused, which it returns by index.
fn assembled(lines: &[String], folder: &Path) -> BTreeSet<usize> {
    let mut refused = BTreeSet::new();
    let arguments = ["-me500mc", "-many", "-mregnames", "-o", "out.o", "in.s"];
    for _ in 0..3 {
        let kept = lines.iter().enumerate();
        let kept = kept.map(|(i, line)| if refused.contains(&i) { "" } else { line.as_str() });
        fs::write(folder.join("in.s"), kept.collect::<Vec<_>>().join("\n") + "\n").unwrap();
        let (ok, said) = run(ASSEMBLER, &arguments, folder);
        if ok {
            return refused;
        }
        let numbers = said.lines().filter(|line| line.contains("Error:"));
        let numbers = numbers.filter_map(|line| line.split(':').nth(1)?.parse::<usize>().ok());
        refused.extend(numbers.map(|number| number - 1));
    }
    panic!("{ASSEMBLER} refuses the same text again and again");
}

#[test]
fn our_text_means_the_same_words_to_binutils() {
    if !present() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let all = scalar_instructions();
    let lines: Vec<String> = all.iter().map(placeless).collect();
    let refused = assembled(&lines, folder.path());
    let kept = (0..all.len()).filter(|index| !refused.contains(index));
    let words = listed(folder.path());
    assert_eq!(words.len(), all.len() - refused.len());
    let mut compared = BTreeSet::new();
    let mut wrong = Vec::new();
    for (index, (word, text)) in kept.zip(&words) {
        compared.insert(all[index].opcode.info().mnemonic);
        let ours = encode(&all[index]).unwrap();
        if ours != *word {
            wrong.push(format!("{}: {ours:08x}, binutils {word:08x} {text}", lines[index]));
        }
    }
    for index in refused {
        let name = all[index].opcode.info().mnemonic;
        assert!(INVALID_FORMS.contains(&name), "binutils refuses `{}`", lines[index]);
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    for info in INSNS.iter().filter(|info| info.extension == Extension::Base) {
        let name = info.mnemonic;
        assert!(compared.contains(name), "{name} was never compared");
    }
}

#[test]
fn binutils_text_means_the_same_words_to_us() {
    if !present() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ours: Vec<u32> = scalar_instructions().iter().map(|i| encode(i).unwrap()).collect();
    let lines: Vec<String> = ours.iter().map(|word| format!(".long 0x{word:08x}")).collect();
    assert!(assembled(&lines, folder.path()).is_empty());
    let listed = listed(folder.path());
    assert_eq!(listed.len(), ours.len());
    let mut wrong = Vec::new();
    for ((word, text), origin) in listed.iter().zip((0..).step_by(4)) {
        let options = Options { origin, ..Options::default() };
        match assemble_with(text, &options) {
            Ok(program) if program.text_words() == [*word] => {}
            Ok(program) => wrong.push(format!("{word:08x} {text}: {:08x?}", program.text_words())),
            Err(_) if is_foreign(*word, text) => {}
            Err(errors) => wrong.push(format!("{word:08x} {text}: {}", errors[0])),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
