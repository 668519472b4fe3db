//! Cycles against golden data: steady states of sequences, and whole programs.
#![allow(clippy::unwrap_used, reason = "golden data that cannot be read fails the test")]

use pl_isa::latency::Wait;
use pl_isa::{Extension, Field, INSNS, InsnInfo, Instruction, Role, assemble, decode};
use pl_iss::{Executed, Timing, TimingParameters};
use std::path::PathBuf;

fn golden(file: &str) -> String {
    let bundled = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/ppu");
    let folder = std::env::var_os("PLC_GOLDEN_DIR").unwrap_or_else(|| bundled.into());
    std::fs::read_to_string(PathBuf::from(folder).join(file)).unwrap()
}

/// Registers that independent instructions rotate over.
const ROTATION: usize = 12;

fn vector_row(mnemonic: &str) -> Option<&'static InsnInfo> {
    INSNS.iter().find(|row| row.extension == Extension::S2pp && row.mnemonic == mnemonic)
}

/// Copy `n` of one vector instruction, as its kind of sequence has it.
fn vector(mnemonic: &str, kind: &str, n: usize) -> Instruction {
    let row = vector_row(mnemonic).unwrap();
    let register = |n: usize| i32::try_from(n).unwrap();
    let rotated = if kind.starts_with("independent") { n % ROTATION } else { 0 };
    let values = row.operands.iter().map(|operand| match (operand.field, operand.role) {
        (Field::Vrt, Role::Def) if kind == "dependent" => register((n + 1) % ROTATION),
        (Field::Vrt, _) => register(rotated),
        // The target of the copy before.
        (Field::Vra, _) if kind == "dependent" => register(n % ROTATION),
        (Field::Vra, _) => 20,
        (Field::Vrb, _) => 21,
        (Field::Ra0 | Field::Ra, _) => 9,
        (Field::Rb, _) => 10,
        (Field::Cond, _) => i32::from(kind.ends_with("cond_gt")),
        (Field::Shift, _) => 1,
        _ => 0,
    });
    Instruction::new(row.opcode, &values.collect::<Vec<_>>())
}

/// One unit of a scalar or mixed sequence as text; `{n}` is its number modulo 12.
fn text(sequence: &str, kind: &str) -> Option<(&'static str, bool)> {
    if kind == "bdnz loop" {
        let lines = match sequence {
            "empty" => "bdnz .-4",
            "nop" => "nop\nbdnz .-4",
            "4 nop" => "nop\nnop\nnop\nnop\nbdnz .-4",
            "fxvaddbm" => "fxvaddbm 1,1,21\nbdnz .-4",
            "4x fxvaddbm" => {
                "fxvaddbm 1,20,21\nfxvaddbm 2,20,21\nfxvaddbm 3,20,21\nfxvaddbm 4,20,21\nbdnz .-4"
            }
            "fxvinx;fxvaddbm;fxvoutx" => "fxvinx 1,9,10\nfxvaddbm 2,1,21\nfxvoutx 2,9,10\nbdnz .-4",
            "mullw" => "mullw 3,3,4\nbdnz .-4",
            "lwz;addi;stw" => "lwz 3,0(9)\naddi 3,3,1\nstw 3,0(10)\nbdnz .-4",
            _ => return None,
        };
        return Some((lines, true));
    }
    let taken = kind.contains("taken to next") || kind.contains("to next instruction");
    let lines = match (sequence, kind) {
        ("fxvmtach;fxvmahm", _) => "fxvmtach 20\nfxvmahm {n},20,21",
        ("fxvcmph;fxvaddhm.gt", _) => "fxvcmph 20\nfxvaddhm {n},20,21,1",
        ("fxvcmpb;fxvsel", _) => "fxvcmpb 20\nfxvsel {n},20,21,1",
        ("fxvlax;fxvaddbm;fxvstax", _) => "fxvlax 1,9,10\nfxvaddbm 2,1,21\nfxvstax 2,9,10",
        ("fxvlax;fxvstax", _) => "fxvlax 1,9,10\nfxvstax 1,9,10",
        ("fxvinx;fxvoutx", _) => "fxvinx 1,9,10\nfxvoutx 1,9,10",
        ("fxvinx;fxvaddbm;fxvoutx", _) => "fxvinx 1,9,10\nfxvaddbm 2,1,21\nfxvoutx 2,9,10",
        ("fxvmulbfs;fxvaddbfs", _) => "fxvmulbfs 1,20,21\nfxvaddbfs 2,1,21",
        ("fxvaddhm;fxvshh", _) => "fxvaddhm 1,2,21\nfxvshh 2,1,1",
        ("addi;fxvsplath", _) => "addi 3,3,1\nfxvsplath {n},3",
        ("fxvaddbm;addi", _) => "fxvaddbm {n},20,21\naddi 3,3,1",
        ("fxvaddbm;sync", _) => "fxvaddbm {n},20,21\nsync",
        ("fxvstax;sync", _) => "fxvstax 20,9,10\nsync",
        ("fxvinx;sync", _) => "fxvinx {n},9,10\nsync",
        ("fxvoutx;sync", _) => "fxvoutx 20,9,10\nsync",
        ("fxvaddbm;wait-free stw", _) => "fxvaddbm {n},20,21\nstw 3,0(9)",
        ("nop", _) => "nop",
        ("addi", "scalar dependent") => "addi 3,3,1",
        ("addi", _) => "addi 3,4,1",
        ("add", _) => "add 3,3,4",
        ("rlwinm", _) => "rlwinm 3,3,1,0,31",
        ("mullw", "scalar dependent") => "mullw 3,3,4",
        ("mullw", _) => "mullw 3,4,5",
        ("mulli", _) => "mulli 3,3,5",
        ("mulhw", _) => "mulhw 3,3,4",
        ("divw", "scalar dependent") => "divw 3,3,4",
        ("divw", _) => "divw 3,4,5",
        ("divwu", _) => "divwu 3,4,5",
        ("lwz", kind) if kind.contains("dependent use") => "lwz 3,0(9)\naddi 3,3,1",
        ("lwz", _) => "lwz 3,0(9)",
        ("lwz+addi", _) => "lwz 3,0(9)\naddi 3,3,1",
        ("lbz", _) => "lbz 3,0(9)",
        ("lwzu", _) => "lwzu 3,4(9)",
        ("lwzx", _) => "lwzx 3,9,10",
        ("stw", _) => "stw 3,0(9)",
        ("stb", _) => "stb 3,0(9)",
        ("stwu", _) => "stwu 3,4(9)",
        ("stw+lwz", _) => "stw 3,0(9)\nlwz 4,0(9)",
        ("sync", _) => "sync",
        ("mflr", _) => "mflr 3",
        ("mtlr", _) => "mtlr 3",
        ("mtctr+mfctr", _) => "mtctr 3\nmfctr 4",
        ("mfmsr", _) => "mfmsr 3",
        ("mfspr TBL", _) => "mfspr 3,284",
        ("mtcrf", _) => "mtcrf 128,3",
        ("cmpwi", _) => "cmpwi 3,0",
        ("cmpwi+bne", _) => "cmpwi 3,0\nbne .+4",
        ("cmpwi+beq", _) => "cmpwi 3,0\nbeq .+4",
        ("b", _) => "b .+4",
        ("bl", _) => "bl .+4",
        ("cntlzw", _) => "cntlzw 3,3",
        ("srawi", _) => "srawi 3,3,1",
        ("addze", _) => "addze 3,3",
        ("addic", _) => "addic 3,3,1",
        ("lmw 28", _) => "lmw 28,0(9)",
        ("stmw 28", _) => "stmw 28,0(9)",
        ("crand", _) => "crand 0,1,2",
        ("or", _) => "or 3,3,4",
        ("extsb", _) => "extsb 3,3",
        _ => return None,
    };
    Some((lines, taken))
}

/// Cycles of so many units of a sequence; nothing for one this test does not know.
fn simulate(sequence: &str, kind: &str, units: usize) -> Option<u64> {
    let mut parameters = TimingParameters::default();
    for word in kind.split(' ') {
        let value = |name| word.strip_prefix(name).map(|digits: &str| digits.parse().unwrap());
        if let Some(latency) = value("vlat=") {
            parameters.vector_memory_cycles = latency;
        } else if let Some(wait) = value("pwait=") {
            parameters.io_wait_cycles = wait;
        } else if let Some(latency) = value("dlat=") {
            parameters.load_cycles = latency;
        }
    }
    let mut timing = Timing::new(parameters);
    if vector_row(sequence).is_some() && kind != "bdnz loop" {
        let kind = kind.split(' ').next().unwrap();
        for n in 0..units {
            let instruction = vector(sequence, kind, n);
            timing.issue(&Executed { instruction, address: 0, taken: false, wait: Wait::NONE });
        }
    } else {
        let (lines, taken) = text(sequence, kind)?;
        // Loops stay where they are; everything else is unrolled.
        let step = if kind == "bdnz loop" { 0 } else { 4 };
        let mut address = 0;
        for n in 0..units {
            let words = assemble(&lines.replace("{n}", &(n % ROTATION).to_string())).unwrap();
            let count = words.text_words().len();
            for (i, word) in words.text_words().into_iter().enumerate() {
                let instruction = decode(word).unwrap();
                let taken = taken && i + 1 == count;
                timing.issue(&Executed { instruction, address, taken, wait: Wait::NONE });
                address += step;
            }
        }
    }
    Some(timing.cycles())
}

#[test]
fn steady_states_are_within_a_tenth() {
    let (mut wrong, mut known, mut unknown) = (Vec::new(), 0, Vec::new());
    for line in golden("cycles.tsv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (sequence, kind, expected) = (fields[0], fields[1], fields[2].parse::<f64>().unwrap());
        let steady = |units| simulate(sequence, kind, units);
        let (Some(long), Some(short)) = (steady(320), steady(80)) else {
            unknown.push(format!("{sequence} {kind}"));
            continue;
        };
        let found = f64::from(u32::try_from(long - short).unwrap()) / 240.0;
        known += 1;
        if (found / expected - 1.0).abs() > 0.1 {
            wrong.push(format!("{sequence} {kind}: {found:.2} instead of {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {known}:\n{}", wrong.len(), wrong.join("\n"));
    // Another set of rows may have sequences that have no text here.
    assert!(5 * unknown.len() <= known, "unknown: {unknown:?}");
}
