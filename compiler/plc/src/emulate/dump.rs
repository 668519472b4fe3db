//! Registers, vectors, symbols and memory as a run leaves them.

use super::{MEMORY_BYTES, Report, address_of, number};
use crate::output::Failure;
use pl_isa::elf::{Image, SymbolKind};
use pl_iss::{Bus, Cpu};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Something to print when a program has ended.
pub(super) enum Dump {
    Registers,
    Vectors,
    Symbols,
    Memory { address: u32, bytes: u32 },
}

impl Dump {
    /// `registers` (or `reg`), `vectors`, `symbols`, `mem` for all of the core's own memory, or
    /// `ADDRESS+BYTES` with a symbol or number.
    pub(super) fn parse(text: &str, image: &Image) -> Result<Dump, Failure> {
        match text {
            "registers" | "reg" => Ok(Dump::Registers),
            "mem" => Ok(Dump::Memory { address: 0, bytes: MEMORY_BYTES }),
            "vectors" => Ok(Dump::Vectors),
            "symbols" => Ok(Dump::Symbols),
            range => {
                let wrong = || {
                    let forms = "`reg`, `vectors`, `symbols`, `mem` or ADDRESS+BYTES";
                    Failure::Usage(format!("--dump takes {forms}, not `{range}`"))
                };
                let (place, bytes) = range.rsplit_once('+').ok_or_else(wrong)?;
                let bytes = number(bytes).filter(|bytes| *bytes <= MEMORY_BYTES);
                let bytes = bytes.ok_or_else(wrong)?;
                Ok(Dump::Memory { address: address_of(image, place)?, bytes })
            }
        }
    }

    pub(super) fn write<B: Bus>(&self, cpu: &Cpu, image: &Image, bus: &mut B, report: &mut Report) {
        let Report { text, json, .. } = report;
        match self {
            Dump::Registers => {
                for (index, value) in cpu.gpr.iter().enumerate() {
                    let end = if index % 8 == 7 { '\n' } else { ' ' };
                    let _ = write!(text, "r{index:<2} {value:08x}{end}");
                }
                let (cr, lr, ctr, xer) = (cpu.cr, cpu.lr, cpu.ctr, cpu.xer);
                let _ = writeln!(text, "cr  {cr:08x} lr  {lr:08x} ctr {ctr:08x} xer {xer:08x}");
                json.insert("gpr".into(), json!(cpu.gpr));
                let special = json!({ "cr": cr, "lr": lr, "ctr": ctr, "xer": xer });
                json.insert("special".into(), special);
            }
            Dump::Vectors => {
                let vectors = cpu.vector.registers.iter().map(|lanes| hexadecimal(lanes));
                let vectors: Vec<String> = vectors.collect();
                for (index, lanes) in vectors.iter().enumerate() {
                    let _ = writeln!(text, "v{index:<2} {lanes}");
                }
                json.insert("vectors".into(), json!(vectors));
            }
            Dump::Symbols => {
                let mut values = Map::new();
                let objects =
                    image.symbols.iter().filter(|symbol| symbol.kind == SymbolKind::Object);
                for symbol in objects {
                    let bytes = read(bus, symbol.value, symbol.size.min(MEMORY_BYTES));
                    let _ = writeln!(
                        text,
                        "{:08x} {:<28} {}",
                        symbol.value,
                        symbol.name,
                        hexadecimal(&bytes)
                    );
                    values.insert(symbol.name.clone(), json!(hexadecimal(&bytes)));
                }
                json.insert("symbols".into(), Value::Object(values));
            }
            Dump::Memory { address, bytes } => {
                let found = read(bus, *address, *bytes);
                for (at, row) in (*address..).step_by(16).zip(found.chunks(16)) {
                    let _ = writeln!(text, "{at:08x} {}", hexadecimal(row));
                }
                json.insert(format!("memory {address:#x}"), json!(hexadecimal(&found)));
            }
        }
    }
}

/// Bytes as digits without spaces.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of memory; those that nothing answers for read as zero.
fn read<B: Bus>(bus: &mut B, address: u32, bytes: u32) -> Vec<u8> {
    let byte = |offset| bus.load(address.wrapping_add(offset), pl_iss::Width::Byte);
    let low = |word: u32| word.to_be_bytes()[3];
    (0..bytes).map(byte).map(|found| found.map_or(0, low)).collect()
}
