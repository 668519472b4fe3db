//! Scalar programs against QEMU, which knows nothing of this project.
//!
//! Needs `qemu-ppc` (Debian: `qemu-user`); where it is missing the test says so and passes.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
#![allow(clippy::print_stderr, reason = "a skipped comparison must be seen")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a few fields and classes are wanted")]

use pl_fixed::rng::splitmix64;
use pl_isa::latency::Class;
use pl_isa::{Extension, Field, INSNS, InsnInfo, Instruction, Opcode, assemble, encode};
use pl_iss::{Cpu, PlainBus};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const QEMU: &str = "qemu-ppc";
/// Where the program lies in QEMU's memory.
const ORIGIN: u32 = 0x1000_0000;
/// Bytes of the file before the code: its header and one segment's.
const HEADER: u32 = 52 + 32;
/// Registers that programs use: r3 to r31.
const REGISTERS: core::ops::Range<i32> = 3..32;
const PROGRAMS: u64 = 40;
const LENGTH: usize = 60;

/// Instructions whose results the two define differently: shifts by 32 and more and divisions
/// without a quotient (ppu-isa reference, 3.2), and counts of bits, which came with later cores
/// than the one that QEMU emulates by default.
const DIFFERENT: [&str; 7] = ["slw", "srw", "sraw", "divw", "divwu", "popcntb", "prtyw"];

/// Rows that compute on registers alone.
fn rows() -> Vec<&'static InsnInfo> {
    let computes = |class| matches!(class, Class::Fixed | Class::Multiply | Class::CrLogic);
    let rows = INSNS.iter().filter(|info| info.extension == Extension::Base);
    let rows = rows.filter(|info| computes(info.class) && !DIFFERENT.contains(&info.mnemonic));
    rows.filter(|info| info.operands.iter().all(|o| o.field != Field::Spr)).collect()
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = splitmix64(self.0);
        self.0
    }

    fn within(&mut self, low: i32, high: i32) -> i32 {
        let count = u64::try_from(i64::from(high) - i64::from(low) + 1).unwrap();
        low + i32::try_from(self.next() % count).unwrap()
    }
}

/// A random instruction on r3 to r31.
fn instruction(rows: &[&InsnInfo], random: &mut Random) -> Instruction {
    let info = rows[usize::try_from(random.next()).unwrap() % rows.len()];
    let values: Vec<i32> = info
        .operands
        .iter()
        .map(|operand| match operand.field {
            Field::Rt | Field::Ra | Field::Ra0 | Field::Rb => {
                random.within(REGISTERS.start, REGISTERS.end - 1)
            }
            field => {
                let (low, high) = field.range();
                random.within(low, high)
            }
        })
        .collect();
    let flags = info.flags.iter().filter(|_| random.next().is_multiple_of(3));
    flags.fold(Instruction::new(info.opcode, &values), |i, flag| i.with(*flag))
}

/// Words that give every register a value, clear the condition and exception registers, and
/// compute.
fn program(rows: &[&InsnInfo], random: &mut Random) -> Vec<u32> {
    let mut text = String::from("li 0,0\nmtspr 1,0\nmtcrf 255,0\n");
    for register in REGISTERS {
        let edges = [0, 1, u32::MAX, 0x8000_0000, 0x7fff_ffff];
        let value = match random.next() % 3 {
            0 => edges[usize::try_from(random.next()).unwrap() % edges.len()],
            _ => u32::try_from(random.next() >> 32).unwrap(),
        };
        text += &format!("lis {register},{}\n", (value >> 16) as u16 as i16);
        text += &format!("ori {register},{register},{}\n", value & 0xffff);
    }
    let mut words = assemble(&text).unwrap().text_words();
    while words.len() < 64 + LENGTH {
        let instruction = instruction(rows, random);
        // A field mask of `mtocrf` must name one field; others have no such rule.
        if !matches!(instruction.opcode, Opcode::Mtocrf | Opcode::Mfocrf) {
            words.push(encode(&instruction).unwrap());
        }
    }
    words
}

/// r3 to r31, condition register and the three bits of the exception register.
type State = ([u32; 29], u32, u32);

fn simulated(words: &[u32]) -> State {
    let mut cpu = Cpu::new();
    let mut bus = PlainBus::new(0x1000).with_words(0, words);
    for _ in words {
        cpu.step(&mut bus).unwrap();
    }
    (core::array::from_fn(|i| cpu.gpr[i + 3]), cpu.cr, cpu.xer & 0xe000_0000)
}

/// The same by QEMU: the program writes its registers to standard output.
fn emulated(words: &[u32], folder: &std::path::Path) -> State {
    let buffer = ORIGIN + 0x1000;
    let end = format!(
        "lis 2,{}\nstmw 3,0(2)\nmfcr 3\nstw 3,116(2)\nmfspr 3,1\nstw 3,120(2)\n\
         li 0,4\nli 3,1\nmr 4,2\nli 5,124\n.long 0x44000002\n\
         li 0,1\nli 3,0\n.long 0x44000002\n",
        buffer >> 16
    );
    let end = end.replace("stmw", &format!("ori 2,2,{}\nstmw", buffer & 0xffff));
    let code = [words, &assemble(&end).unwrap().text_words()].concat();
    let size = HEADER + 4 * u32::try_from(code.len()).unwrap();
    assert!(size < 0x1000, "the registers lie behind the code");
    // A static executable of the Power architecture with one segment, header included.
    let mut file = vec![0x7f, b'E', b'L', b'F', 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for half in [2u16, 20] {
        file.extend(half.to_be_bytes());
    }
    for word in [1, ORIGIN + HEADER, 52, 0, 0] {
        file.extend(u32::to_be_bytes(word));
    }
    for half in [52u16, 32, 1, 0, 0, 0] {
        file.extend(half.to_be_bytes());
    }
    for word in [1, 0, ORIGIN, ORIGIN, size, 0x2000, 7, 0x1000] {
        file.extend(u32::to_be_bytes(word));
    }
    code.iter().for_each(|word| file.extend(word.to_be_bytes()));
    let path = folder.join("program");
    std::fs::write(&path, file).unwrap();
    // QEMU runs what its owner may.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new(QEMU).arg(&path).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let (found, rest) = output.stdout.as_chunks();
    assert!(found.len() == 31 && rest.is_empty(), "{output:?}");
    let found: Vec<u32> = found.iter().map(|word| u32::from_be_bytes(*word)).collect();
    (core::array::from_fn(|i| found[i]), found[29], found[30] & 0xe000_0000)
}

#[test]
fn random_programs_leave_what_qemu_leaves() {
    if Command::new(QEMU).arg("--version").output().is_err() {
        eprintln!("skipped: no `{QEMU}` to compare with");
        return;
    }
    let rows = rows();
    assert!(rows.len() > 50, "only {} rows", rows.len());
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..PROGRAMS {
        let words = program(&rows, &mut Random(seed));
        let listing = || -> String {
            words.iter().map(|word| pl_isa::disassemble(*word, 0) + "\n").collect()
        };
        let (found, expected) = (simulated(&words), emulated(&words, folder.path()));
        assert!(found == expected, "{seed}: {found:x?}\n{expected:x?}\n{}", listing());
    }
}
