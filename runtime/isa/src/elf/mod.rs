//! Executables: 32-bit big-endian ELF for the PowerPC, as the chip's loaders read them.
//!
//! An [`Image`] is what a file says: sections with addresses, and symbols. [`Image::to_bytes`]
//! writes a file, [`Image::from_bytes`] reads any file, [`Image::load`] says what a loader puts
//! where.

mod load;
mod read;
mod write;

pub use load::{Loaded, Region, SymbolBlock};
pub use read::ElfError;

/// Whether a section has bytes in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Bytes in the file.
    Bytes(Vec<u8>),
    /// So many zero bytes, not in the file (`.bss`).
    Zeros(u32),
}

impl Contents {
    /// Size in bytes.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "a file offset is 32 bits wide")]
    pub fn size(&self) -> u32 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u32,
            Self::Zeros(size) => *size,
        }
    }
}

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Instructions.
    Code,
    /// Data that is not written.
    Constant,
    /// Data that is written.
    Data,
    /// Nothing in memory: notes, debugging information.
    Note,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Name; loaders go by it.
    pub name: String,
    /// Address in the core's memory.
    pub address: u32,
    /// Alignment in bytes, a power of two.
    pub alignment: u32,
    /// What it is for.
    pub purpose: Purpose,
    /// What is in it.
    pub contents: Contents,
}

/// What a symbol names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// Unspecified, such as a label.
    None,
    /// Data.
    Object,
    /// Code.
    Function,
}

/// A symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Name.
    pub name: String,
    /// Address, or the value of a constant.
    pub value: u32,
    /// Size in bytes; loaders show the host only symbols with a size.
    pub size: u32,
    /// What it names.
    pub kind: SymbolKind,
    /// Whether other files see it.
    pub global: bool,
    /// Index into [`Image::sections`]; nothing for a constant.
    pub section: Option<usize>,
}

/// What an executable holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Where execution is said to start; the chip's loader ignores it and starts at 0.
    pub entry: u32,
    /// Sections in file order.
    pub sections: Vec<Section>,
    /// Symbols in file order.
    pub symbols: Vec<Symbol>,
}

impl Image {
    /// The symbol of this name, the first if there are several.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<&Symbol> {
        self.symbols.iter().find(|s| s.name == name)
    }

    /// The symbol covering an address with its size, or else the nearest label before it in the
    /// same section.
    #[must_use]
    pub fn symbol_at(&self, address: u32) -> Option<&Symbol> {
        let section = self.sections.iter().position(|s| {
            s.purpose != Purpose::Note && address.wrapping_sub(s.address) < s.contents.size()
        })?;
        self.symbols
            .iter()
            .filter(|s| s.section == Some(section) && s.value <= address)
            .max_by_key(|s| (s.value, s.kind == SymbolKind::Function, s.size))
    }
}

// Numbers of the format (System V ABI, chapter 4, and its PowerPC supplement).
const HEADER_BYTES: u32 = 52;
const PROGRAM_HEADER_BYTES: u32 = 32;
const SECTION_HEADER_BYTES: u32 = 40;
const SYMBOL_BYTES: u32 = 16;
const ET_EXEC: u16 = 2;
const EM_PPC: u16 = 20;
const SHT_PROGBITS: u32 = 1;
const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const SHT_NOBITS: u32 = 8;
const SHF_WRITE: u32 = 1;
const SHF_ALLOC: u32 = 2;
const SHF_EXECINSTR: u32 = 4;
const SHN_ABS: u16 = 0xfff1;
const STT_OBJECT: u8 = 1;
const STT_FUNC: u8 = 2;
const STT_SECTION: u8 = 3;
const STT_FILE: u8 = 4;

#[cfg(test)]
mod tests;
