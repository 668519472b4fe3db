//! From lines and data to an executable: placement, sections, symbols, listing.

use crate::emit::{self, Addresses, Line};
use crate::memory::{Datum, Memory};
use crate::vcode::Operand;
use pl_isa::EncodeError;
use pl_isa::elf::{Contents, Image, Purpose, Section, Symbol, SymbolKind};
use pl_isa::image::{INFO_SECTION, VECTOR_BYTES};
use std::fmt::Write as _;

/// Code and data with their addresses.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    lines: Vec<Line>,
    data: Vec<Datum>,
    addresses: Addresses,
    info: String,
    /// Bytes of the code.
    pub(crate) code_bytes: u32,
    /// First address of the data that are not zero, and the first behind them.
    loaded: (u32, u32),
    /// First address of the zeros, and the first behind them.
    zeros: (u32, u32),
}

impl Placed {
    /// Puts words behind the code, vectors at whole vectors behind them, zeros last.
    pub(crate) fn new(lines: Vec<Line>, memory: &Memory) -> Placed {
        let code_bytes = emit::code_bytes(&lines);
        let labels = emit::place_labels(&lines);
        let data = memory.data().to_vec();
        let mut addresses = vec![0; data.len()];
        let mut next = code_bytes;
        let mut place = |wanted: &dyn Fn(&Datum) -> bool| {
            let mut first = None;
            for (datum, address) in data.iter().zip(&mut addresses).filter(|(d, _)| wanted(d)) {
                next = next.next_multiple_of(datum.align);
                first.get_or_insert(next);
                *address = next;
                next = next.saturating_add(datum.bytes);
            }
            (first.unwrap_or(next), next)
        };
        let vector = |d: &Datum| d.align == VECTOR_BYTES;
        let loaded = place(&|d| d.contents.is_some() && !vector(d));
        let loaded = (loaded.0, place(&|d| d.contents.is_some() && vector(d)).1);
        let zeros = place(&|d| d.contents.is_none() && vector(d));
        let zeros = (zeros.0, place(&|d| d.contents.is_none() && !vector(d)).1);
        let addresses = Addresses { labels, data: addresses };
        let info = memory.info.to_text();
        Placed { lines, data, addresses, info, code_bytes, loaded, zeros }
    }

    /// First address behind everything.
    pub(crate) fn end(&self) -> u32 {
        self.zeros.1
    }

    /// The executable.
    pub(crate) fn image(&self) -> Result<Image, EncodeError> {
        let words = self.addresses.encode(&self.lines)?;
        let code = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let section = |name: &str, address, purpose, contents| Section {
            name: name.into(),
            address,
            alignment: if purpose == Purpose::Note { 1 } else { 4 },
            purpose,
            contents,
        };
        let mut loaded = vec![0; (self.loaded.1 - self.loaded.0) as usize];
        for (datum, address) in self.data.iter().zip(&self.addresses.data) {
            if let Some(contents) = &datum.contents {
                let at = (address - self.loaded.0) as usize;
                loaded[at..at + contents.len()].copy_from_slice(contents);
            }
        }
        let zeros = Contents::Zeros(self.zeros.1 - self.zeros.0);
        let info = Contents::Bytes(self.info.clone().into_bytes());
        Ok(Image {
            entry: self.addresses.labels.get("__init").copied().unwrap_or(0),
            sections: vec![
                section(".text", 0, Purpose::Code, Contents::Bytes(code)),
                section(".data", self.loaded.0, Purpose::Data, Contents::Bytes(loaded)),
                section(".bss", self.zeros.0, Purpose::Data, zeros),
                section(INFO_SECTION, 0, Purpose::Note, info),
            ],
            symbols: self.symbols(),
        })
    }

    fn symbols(&self) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        for (name, address, size) in self.functions() {
            let kind = SymbolKind::Function;
            symbols.push(Symbol {
                name,
                value: address,
                size,
                kind,
                global: true,
                section: Some(0),
            });
        }
        for (datum, address) in self.data.iter().zip(&self.addresses.data) {
            let section = if datum.contents.is_some() { 1 } else { 2 };
            symbols.push(Symbol {
                name: datum.name.clone(),
                value: *address,
                size: datum.bytes,
                kind: SymbolKind::Object,
                global: true,
                section: Some(section),
            });
        }
        symbols
    }

    /// Name, address and size of each function.
    fn functions(&self) -> Vec<(String, u32, u32)> {
        let names = self.lines.iter().filter_map(|line| match line {
            Line::Function(name) => Some(name.clone()),
            Line::Label(_) | Line::Inst(_) => None,
        });
        let starts: Vec<(String, u32)> =
            names.map(|name| (name.clone(), self.addresses.labels[&name])).collect();
        let ends = starts.iter().skip(1).map(|(_, a)| *a).chain([self.code_bytes]);
        starts
            .iter()
            .zip(ends)
            .map(|((name, start), end)| (name.clone(), *start, end - start))
            .collect()
    }

    /// The program as assembly text: labels, instructions with their comments, data.
    pub(crate) fn listing(&self) -> String {
        let mut out = String::from("\t.section .text\n");
        let mut address = 0;
        for line in &self.lines {
            match line {
                Line::Function(name) => {
                    let _ = write!(out, "\n\t.globl {name}\n\t.type {name}, @function\n{name}:\n");
                }
                Line::Label(name) => {
                    let _ = writeln!(out, "{name}:");
                }
                Line::Inst(inst) => {
                    let instruction = self.addresses.instruction(inst, address);
                    let mut text = pl_isa::disasm::text(&instruction, address);
                    let mut comments = Vec::new();
                    for operand in &inst.operands {
                        match operand {
                            Operand::Label(label) => with_label(&mut text, label),
                            Operand::Addr(sym, offset) => {
                                let name = &self.data[sym.index()].name;
                                comments.push(match offset {
                                    0 => name.clone(),
                                    offset => format!("{name} + {offset}"),
                                });
                            }
                            Operand::Reg(_) | Operand::Imm(_) | Operand::Slot(_) => {}
                        }
                    }
                    comments.extend(inst.comment.clone());
                    let comment = match comments.is_empty() {
                        true => String::new(),
                        false => format!("\t# {}", comments.join("; ")),
                    };
                    let _ = writeln!(out, "\t{text}{comment}");
                    address += 4;
                }
            }
        }
        for (name, _, size) in self.functions() {
            let _ = writeln!(out, "\t.size {name}, {size}");
        }
        self.list_data(&mut out);
        out
    }

    fn list_data(&self, out: &mut String) {
        let mut items: Vec<(&u32, &Datum)> = self.addresses.data.iter().zip(&self.data).collect();
        items.sort_by_key(|(address, _)| **address);
        let mut section = "";
        for (_, datum) in items {
            let here = if datum.contents.is_some() { ".data" } else { ".bss" };
            if section != here {
                section = here;
                let _ = write!(out, "\n\t.section {section}\n");
            }
            let Datum { name, bytes, align, .. } = datum;
            let _ = write!(out, "\t.balign {align}\n\t.globl {name}\n\t.type {name}, @object\n");
            let _ = writeln!(out, "\t.size {name}, {bytes}\n{name}:");
            match &datum.contents {
                None => {
                    let _ = writeln!(out, "\t.space {bytes}");
                }
                Some(contents) => {
                    for row in contents.chunks(32) {
                        let words = row.chunks(4).map(|word| {
                            let value =
                                word.iter().fold(0u32, |w, byte| (w << 8) | u32::from(*byte));
                            format!("0x{value:08x}")
                        });
                        let words: Vec<String> = words.collect();
                        let _ = writeln!(out, "\t.long {}", words.join(", "));
                    }
                }
            }
        }
    }
}

/// Puts a label in the place of the numeric target that ends a branch.
fn with_label(text: &mut String, label: &str) {
    let at = text.rfind([' ', ',']).map_or(text.len(), |at| at + 1);
    text.truncate(at);
    text.push_str(label);
}
