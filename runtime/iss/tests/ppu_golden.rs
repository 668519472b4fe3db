//! The core against golden data made by simulating its published RTL.
//!
//! The data stand in `tests/golden/ppu`; the variable `PLC_GOLDEN_DIR` names another folder of the
//! same format. Every row must agree.

#![allow(clippy::unwrap_used, reason = "golden data that cannot be read fails the test")]
#![allow(clippy::print_stdout, reason = "figures for whoever asks for them")]

use flate2::read::GzDecoder;
use pl_isa::asm::{Options, assemble_with};
use pl_isa::{assemble, disassemble};
use pl_iss::{Conditions, Cpu, Exit, PlainBus, Step, TimingParameters, Vector};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

fn golden(file: &str) -> Vec<u8> {
    let bundled = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/ppu");
    let folder = std::env::var_os("PLC_GOLDEN_DIR").unwrap_or_else(|| bundled.into());
    let path = PathBuf::from(folder).join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of a compressed file, a JSON object each.
fn rows(file: &str) -> Vec<Value> {
    let mut text = String::new();
    GzDecoder::new(golden(file).as_slice()).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_else(|| panic!("{key} in {row}"))
}

fn word(hex: &str) -> u32 {
    u32::from_str_radix(hex, 16).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from((byte as char).to_digit(16).unwrap()).unwrap();
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn vector(hex: &str) -> Vector {
    bytes(hex).try_into().unwrap()
}

fn accumulator(hex: &str) -> [u32; 64] {
    core::array::from_fn(|k| word(&hex[8 * k..8 * k + 8]))
}

/// Three digits a halfword: a nibble for equal, greater and less; two nibble bits a byte.
fn conditions(hex: &str) -> Conditions {
    let field = |field: usize| -> Vector {
        core::array::from_fn(|j| {
            let digit = word(&hex[3 * (j / 2) + field..=3 * (j / 2) + field]);
            if digit >> (2 * (1 - j % 2)) & 3 == 3 { 0xff } else { 0 }
        })
    };
    Conditions { eq: field(0), gt: field(1), lt: field(2) }
}

fn number(row: &Value, key: &str) -> usize {
    row[key].as_u64().unwrap().try_into().unwrap()
}

#[test]
fn encodings_agree_both_ways() {
    let file = String::from_utf8(golden("encodings.tsv")).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        let [hex, assembly, disassembly, address] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let (expected, address) = (word(hex), word(address));
        let options = Options { origin: address, ..Options::default() };
        let assembled = assemble_with(assembly, &options).map(|program| program.text_words());
        if assembled != Ok(vec![expected]) {
            wrong.push(format!("{line}: assembles to {assembled:x?}"));
        }
        let written = disassemble(expected, address);
        let spaces = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        if spaces(&written) != spaces(disassembly) {
            wrong.push(format!("{line}: disassembles to {written}"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 1000);
}

/// Addresses that no row's memory access reaches by accident: one cell of memory, moved to 0.
struct OneCell {
    program: PlainBus,
    address: u32,
    cell: Vector,
}

impl pl_iss::Bus for OneCell {
    fn fetch(&mut self, address: u32) -> Result<u32, pl_iss::BusFault> {
        self.program.fetch(address)
    }
    fn load(&mut self, address: u32, width: pl_iss::Width) -> Result<u32, pl_iss::BusFault> {
        self.program.load(address, width)
    }
    fn store(
        &mut self,
        address: u32,
        width: pl_iss::Width,
        value: u32,
    ) -> Result<(), pl_iss::BusFault> {
        self.program.store(address, width, value)
    }
    fn vector_load(&mut self, address: u32) -> Result<Vector, pl_iss::BusFault> {
        assert_eq!(address, self.address & !3);
        Ok(self.cell)
    }
    fn vector_store(&mut self, address: u32, value: &Vector) -> Result<(), pl_iss::BusFault> {
        assert_eq!(address, self.address & !3);
        self.cell = *value;
        Ok(())
    }
    fn io_read(&mut self, address: u32) -> Result<Vector, pl_iss::BusFault> {
        assert_eq!(address, self.address);
        Ok(self.cell)
    }
    fn io_write(
        &mut self,
        address: u32,
        value: &Vector,
        enabled: u128,
    ) -> Result<(), pl_iss::BusFault> {
        assert_eq!(address, self.address);
        let lanes = self.cell.iter_mut().zip(value).enumerate();
        for (_, (old, new)) in lanes.filter(|(lane, _)| enabled >> lane & 1 == 1) {
            *old = *new;
        }
        Ok(())
    }
}

#[test]
fn vector_instructions_agree() {
    let rows = rows("vector.jsonl.gz");
    let mut wrong = Vec::new();
    for row in &rows {
        let (rt, ra, rb) = (number(row, "rt"), number(row, "ra"), number(row, "rb"));
        let mut cpu = Cpu::new();
        let optional = |key: &str| row[key].as_str();
        for (register, key) in [(ra, "va"), (rb, "vb"), (rt, "vt_before")] {
            if let Some(hex) = optional(key) {
                cpu.vector.registers[register] = vector(hex);
            }
        }
        cpu.vector.accumulator = accumulator(text(row, "acc_before"));
        cpu.vector.conditions = conditions(text(row, "vcr_before"));
        for (register, key) in [(ra, "gpr_ra"), (rb, "gpr_rb")] {
            if let Some(hex) = optional(key) {
                cpu.gpr[register] = word(hex);
            }
        }
        let base = if ra == 0 { 0 } else { cpu.gpr[ra] };
        let mut bus = OneCell {
            program: PlainBus::new(8).with_words(0, &[word(text(row, "word"))]),
            address: base.wrapping_add(cpu.gpr[rb]),
            cell: optional("mem_before").map_or([0; 128], vector),
        };
        let step = cpu.step(&mut bus);
        let agrees = step == Ok(Step::Executed)
            && cpu.vector.registers[rt] == vector(text(row, "vt_after"))
            && cpu.vector.accumulator == accumulator(text(row, "acc_after"))
            && cpu.vector.conditions == conditions(text(row, "vcr_after"))
            && optional("mem_after").is_none_or(|hex| bus.cell == vector(hex));
        if !agrees {
            wrong.push(format!("{} {}", text(row, "insn"), text(row, "word")));
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {wrong:?}", wrong.len(), rows.len());
    assert!(rows.len() > 1000);
}

#[test]
fn scalar_instructions_agree() {
    let rows = rows("scalar.jsonl.gz");
    let mut wrong = Vec::new();
    for row in &rows {
        let words = assemble(text(row, "insn")).unwrap().text_words();
        let mut cpu = Cpu::new();
        let before = |key: &str| word(text(&row["before"], key));
        (cpu.gpr[3], cpu.gpr[4], cpu.gpr[5]) = (before("r3"), before("r4"), before("r5"));
        (cpu.cr, cpu.xer) = (before("cr"), before("xer"));
        let step = cpu.step(&mut PlainBus::new(8).with_words(0, &words));
        let after = |key: &str| word(text(&row["after"], key));
        let found = (cpu.gpr[3], cpu.cr, cpu.xer);
        if step != Ok(Step::Executed) || found != (after("r3"), after("cr"), after("xer")) {
            wrong.push(format!("{row}: {step:?} {found:x?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    assert!(rows.len() > 1000);
}

/// Standard base64 (RFC 4648, 4).
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let place = |byte: &u8| ALPHABET.iter().position(|letter| letter == byte);
    let bits = text.as_bytes().iter().filter_map(place).fold(Vec::new(), |mut bits, value| {
        bits.extend((0..6).rev().map(|bit| u8::try_from(value >> bit & 1).unwrap()));
        bits
    });
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect()
}

/// Sets up memory, runs a program to its `wait`, and compares everything it can have changed; the
/// cycles it took.
fn run_program(row: &Value) -> Result<u64, String> {
    let (load, data) = (number(row, "load_addr"), number(row, "data_addr"));
    let words: Vec<u32> =
        row["words"].as_array().unwrap().iter().map(|w| word(w.as_str().unwrap())).collect();
    let initial = base64(text(row, "data_init"));
    let size = (data + initial.len()).max(load + 4 * words.len());
    let mut bus = PlainBus::new(size).with_words(u32::try_from(load).unwrap(), &words);
    bus.memory[data..data + initial.len()].copy_from_slice(&initial);
    let io = |key: &str| -> BTreeMap<u32, Vector> {
        let cells = row[key].as_object().unwrap().iter();
        cells.map(|(address, hex)| (word(address), vector(hex.as_str().unwrap()))).collect()
    };
    bus.io = io("io_init");
    let mut cpu = Cpu::with_timing(TimingParameters::default());
    cpu.pc = u32::try_from(load).unwrap();
    match cpu.run(&mut bus, 100_000) {
        Ok(Exit::Wait) => {}
        other => return Err(format!("ended with {other:?}")),
    }
    for (register, hex) in row["vrf"].as_array().unwrap().iter().enumerate() {
        if cpu.vector.registers[register] != vector(hex.as_str().unwrap()) {
            return Err(format!("vector register {register}"));
        }
    }
    let after = base64(text(row, "data"));
    let checks = [
        ("accumulator", cpu.vector.accumulator == accumulator(text(row, "acc"))),
        ("conditions", cpu.vector.conditions == conditions(text(row, "vcr"))),
        ("memory", bus.memory[data..data + after.len()] == after),
        ("io", bus.io == io("io")),
    ];
    match checks.iter().find(|(_, agrees)| !agrees) {
        Some((what, _)) => Err((*what).to_owned()),
        None => Ok(cpu.cycles()),
    }
}

#[test]
fn programs_agree() {
    let rows = rows("vector_programs.jsonl.gz");
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| run_program(row).err().map(|why| format!("{}: {why}", row["id"])))
        .collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:?}", wrong.len(), rows.len());
    assert!(rows.len() >= 50);
}

#[test]
fn cycles_of_programs_are_within_15_percent_in_the_median() {
    let ratio = |row: &Value| {
        let found = run_program(row).unwrap();
        let expected = row["cycles"].as_f64().unwrap();
        f64::from(u32::try_from(found).unwrap()) / expected
    };
    let mut ratios: Vec<f64> = rows("vector_programs.jsonl.gz").iter().map(ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let [low, median, high] = [0, ratios.len() / 2, ratios.len() - 1].map(|at| ratios[at]);
    println!("cycles to those of the RTL: median {median:.3}, {low:.3} to {high:.3}");
    assert!((median - 1.0).abs() < 0.15, "median {median}, {low} to {high}");
}
