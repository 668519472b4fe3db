//! What the chip's loader makes of an executable.
//!
//! The official loader goes by sections (ppu-isa reference, 6): names starting with `int` are for
//! the internal memory, names starting with `ext` for the external memories, chosen by address;
//! of the rest, names holding `.text`, `.data`, `.rodata`, `.bss`, `.init` or `.fini` are
//! internal and everything else is dropped. Memory images start at the region's first address,
//! gaps and sections without contents are zeros, and they are padded to whole words.

use super::{Contents, Image, Section, SymbolKind};

/// A memory a program can be loaded into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// The core's own memory.
    Internal,
    /// External SRAM in the data view.
    ExternalData,
    /// External DRAM in the data view.
    ExternalDramData,
    /// External SRAM in the view of instruction fetches.
    ExternalCode,
    /// External DRAM in the view of instruction fetches.
    ExternalDramCode,
}

impl Region {
    /// First address of the region as a core sees it.
    #[must_use]
    pub const fn base(self) -> u32 {
        match self {
            Self::Internal => 0,
            Self::ExternalData => 0x4000_0000,
            Self::ExternalDramData => 0x5000_0000,
            Self::ExternalCode => 0x8000_0000,
            Self::ExternalDramCode => 0x9000_0000,
        }
    }

    /// Where the loader puts a section.
    #[must_use]
    pub fn of(section: &Section) -> Option<Self> {
        const INTERNAL: [&str; 6] = [".text", ".data", ".rodata", ".bss", ".init", ".fini"];
        let name = section.name.as_str();
        if name.starts_with("ext") {
            let by_address = [
                Self::ExternalDramCode,
                Self::ExternalCode,
                Self::ExternalDramData,
                Self::ExternalData,
            ];
            return by_address.into_iter().find(|r| section.address >= r.base());
        }
        let internal = name.starts_with("int") || INTERNAL.iter().any(|part| name.contains(part));
        internal.then_some(Self::Internal)
    }
}

/// A symbol the loader shows the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolBlock {
    /// Name.
    pub name: String,
    /// What it names.
    pub kind: SymbolKind,
    /// Address of its first word.
    pub address: u32,
    /// Size in whole words.
    pub words: u32,
}

/// What the loader writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Sections with their memory and bytes, in file order; later ones overwrite earlier ones.
    pub placed: Vec<(Region, u32, Vec<u8>)>,
    /// Names of sections that go nowhere.
    pub dropped: Vec<String>,
    /// Symbols with a size.
    pub symbols: Vec<SymbolBlock>,
}

impl Image {
    /// What the chip's loader writes and shows.
    #[must_use]
    pub fn load(&self) -> Loaded {
        let mut loaded = Loaded::default();
        for section in &self.sections {
            let Some(region) = Region::of(section) else {
                loaded.dropped.push(section.name.clone());
                continue;
            };
            let mut bytes = match &section.contents {
                Contents::Bytes(bytes) => bytes.clone(),
                Contents::Zeros(size) => vec![0; *size as usize],
            };
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            loaded.placed.push((region, section.address, bytes));
        }
        let sized = self.symbols.iter().filter(|s| s.size != 0);
        loaded.symbols = sized
            .map(|s| SymbolBlock {
                name: s.name.clone(),
                kind: s.kind,
                address: s.value & !3,
                words: s.size.div_ceil(4),
            })
            .collect();
        loaded
    }

    /// The image of the core's own memory, from address 0, `size_bytes` long.
    ///
    /// # Errors
    /// The name of the first section that does not fit.
    pub fn internal_memory(&self, size_bytes: u32) -> Result<Vec<u8>, String> {
        let mut memory = vec![0; size_bytes as usize];
        for section in &self.sections {
            if Region::of(section) != Some(Region::Internal) {
                continue;
            }
            let start = section.address as usize;
            let target = start
                .checked_add(section.contents.size() as usize)
                .and_then(|end| memory.get_mut(start..end))
                .ok_or_else(|| section.name.clone())?;
            match &section.contents {
                Contents::Bytes(bytes) => target.copy_from_slice(bytes),
                Contents::Zeros(_) => target.fill(0),
            }
        }
        Ok(memory)
    }
}
