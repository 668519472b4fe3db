//! Addresses of sections, values of symbols, and the bytes that waited for them.

use super::expr::{Symbols, Value};
use super::operand::word_image;
use super::statement::{Definition, Fixup, FixupKind, Unit, is_internal};
use super::{AsmError, Options, Place, Program};
use crate::elf::{Contents, Image, Purpose, Section, Symbol, SymbolKind};

/// Values of symbols once sections have addresses.
struct Placed<'u> {
    unit: &'u Unit,
    addresses: &'u [u32],
}

impl Symbols for Placed<'_> {
    fn value(&self, name: &str, place: Place) -> Result<Value, AsmError> {
        self.unit.value_with(name, place, self)
    }

    fn place(&self, value: Value) -> Value {
        match value.section {
            Some(section) => {
                let base = i64::from(self.addresses[section]);
                Value::number(value.number.wrapping_add(base))
            }
            None => value,
        }
    }
}

/// Places the sections, fills in what waited, and makes the program.
pub(super) fn finish(mut unit: Unit, options: &Options) -> Result<Program, Vec<AsmError>> {
    let addresses = addresses(&unit, options);
    let mut errors = std::mem::take(&mut unit.errors);
    errors.extend(overlaps(&unit, &addresses));
    let fixups = std::mem::take(&mut unit.fixups);
    let symbols = Placed { unit: &unit, addresses: &addresses };
    let mut patches = Vec::new();
    for fixup in &fixups {
        match bytes_of(fixup, &symbols) {
            Ok(bytes) => patches.push((fixup.section, fixup.offset, bytes)),
            Err(error) => errors.push(error),
        }
    }
    let symbols = symbol_table(&symbols, &mut errors);
    if !errors.is_empty() {
        errors.sort_by_key(|e| (e.line, e.column));
        errors.dedup();
        return Err(errors);
    }
    for (section, offset, bytes) in patches {
        let start = offset as usize;
        unit.sections[section].bytes[start..start + bytes.len()].copy_from_slice(&bytes);
    }
    Ok(program(unit, &addresses, symbols))
}

/// Address of each section.
fn addresses(unit: &Unit, options: &Options) -> Vec<u32> {
    let mut addresses = vec![0; unit.sections.len()];
    let (mut internal, mut external, mut external_code) =
        (options.origin, 0x4000_0000_u32, 0x8000_0000_u32);
    let rank = |i: &usize| {
        let section = &unit.sections[*i];
        match section.purpose {
            Purpose::Code => 0,
            Purpose::Constant => 1,
            Purpose::Data => 2 + u8::from(section.zeros),
            Purpose::Note => 4,
        }
    };
    let mut order: Vec<usize> = (0..unit.sections.len()).collect();
    order.sort_by_key(rank);
    for index in order {
        let section = &unit.sections[index];
        if section.purpose == Purpose::Note {
            continue;
        }
        if let Some(address) = options.addresses.get(&section.name) {
            addresses[index] = *address;
            continue;
        }
        let next = match (section.name.starts_with("ext"), section.purpose) {
            (true, Purpose::Code) => &mut external_code,
            (true, _) => &mut external,
            (false, _) => &mut internal,
        };
        *next = next.checked_next_multiple_of(section.alignment).unwrap_or(*next);
        addresses[index] = *next;
        *next = next.saturating_add(section.size);
    }
    addresses
}

/// Sections that lie on one another, which only explicit addresses can bring about.
fn overlaps(unit: &Unit, addresses: &[u32]) -> Vec<AsmError> {
    let mut spans: Vec<(u64, u64, &str)> = unit
        .sections
        .iter()
        .zip(addresses)
        .filter(|(s, _)| s.purpose != Purpose::Note && s.size > 0)
        .map(|(s, a)| (u64::from(*a), u64::from(*a) + u64::from(s.size), s.name.as_str()))
        .collect();
    spans.sort_unstable();
    let overlap = |pair: &[(u64, u64, &str)]| match pair {
        [(_, end, first), (start, _, second)] if start < end => {
            Some(Place::default().error(format!(
                "section `{second}` at {start:#x} lies on section `{first}`, which ends at {end:#x}"
            )))
        }
        _ => None,
    };
    spans.windows(2).filter_map(overlap).collect()
}

fn bytes_of(fixup: &Fixup, symbols: &Placed<'_>) -> Result<Vec<u8>, AsmError> {
    match &fixup.kind {
        FixupKind::Instruction(operands) => {
            let address = symbols.addresses[fixup.section].wrapping_add(fixup.offset);
            operands.word(address, symbols, fixup.place).map(|w| w.to_be_bytes().to_vec())
        }
        FixupKind::Data(expr, size) => {
            let number = expr.evaluate(symbols)?.number;
            let bits = 8 * size;
            let fits = match *size {
                8 => true,
                4 => word_image(number).is_some(),
                _ => (-(1_i64 << (bits - 1))..1_i64 << bits).contains(&number),
            };
            if !fits {
                return Err(fixup.place.error_help(
                    format!("{number} does not fit {size} bytes"),
                    "use a wider directive",
                ));
            }
            Ok(number.to_be_bytes()[8 - *size as usize..].to_vec())
        }
    }
}

fn symbol_table(symbols: &Placed<'_>, errors: &mut Vec<AsmError>) -> Vec<Symbol> {
    let unit = symbols.unit;
    let mut table = Vec::new();
    for name in unit.order.iter().filter(|n| !is_internal(n)) {
        let Some(symbol) = unit.symbols.get(name) else { continue };
        let mut number = |value: Result<Value, AsmError>| match value {
            Ok(value) => word_image(value.number).unwrap_or_else(|| {
                errors.push(symbol.place.error(format!("`{name}` does not fit a word")));
                0
            }),
            Err(error) => {
                errors.push(error);
                0
            }
        };
        let value = number(symbols.value(name, symbol.place));
        let size = symbol.size.as_ref().map_or(0, |size| number(size.evaluate(symbols)));
        let section = match &symbol.definition {
            Some(Definition::Label(value)) => value.section,
            Some(Definition::Expr(expr)) => expr.evaluate(unit).ok().and_then(|v| v.section),
            None => None,
        };
        table.push(Symbol {
            name: name.clone(),
            value,
            size,
            kind: symbol.kind.unwrap_or(SymbolKind::None),
            global: symbol.global,
            section,
        });
    }
    table
}

fn program(unit: Unit, addresses: &[u32], mut symbols: Vec<Symbol>) -> Program {
    let mut lines: Vec<(u32, u32)> = unit
        .lines
        .iter()
        .filter(|(section, ..)| unit.sections[*section].purpose != Purpose::Note)
        .map(|&(section, offset, line)| (addresses[section].wrapping_add(offset), line))
        .collect();
    lines.sort_by_key(|(address, _)| *address);
    lines.dedup_by_key(|(address, _)| *address);
    // Sections nothing was put into are left out, unless a symbol stands there.
    let mut kept = Vec::new();
    let mut image = Image::default();
    for (index, (section, address)) in unit.sections.into_iter().zip(addresses).enumerate() {
        if section.size == 0 && !symbols.iter().any(|s| s.section == Some(index)) {
            kept.push(None);
            continue;
        }
        kept.push(Some(image.sections.len()));
        image.sections.push(Section {
            name: section.name,
            address: *address,
            alignment: section.alignment,
            purpose: section.purpose,
            contents: if section.zeros {
                Contents::Zeros(section.size)
            } else {
                Contents::Bytes(section.bytes)
            },
        });
    }
    for symbol in &mut symbols {
        symbol.section = symbol.section.and_then(|s| kept[s]);
    }
    symbols.sort_by_key(|s| s.global);
    let start =
        ["_start", "__init", "start"].iter().find_map(|n| symbols.iter().find(|s| s.name == *n));
    image.entry = start.map_or(0, |s| s.value);
    image.symbols = symbols;
    Program { image, lines }
}
