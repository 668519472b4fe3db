//! Reading executables. Every offset is checked: any bytes give an image or an error.

use core::fmt;

use super::{
    Contents, Image, Purpose, SECTION_HEADER_BYTES, SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE,
    SHT_NOBITS, SHT_STRTAB, SHT_SYMTAB, STT_FILE, STT_FUNC, STT_OBJECT, STT_SECTION, SYMBOL_BYTES,
    Section, Symbol, SymbolKind,
};

/// Why a file is no executable for the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElfError {
    /// The file does not start like ELF.
    NotElf,
    /// ELF, but not 32 bit and big endian.
    WrongClass,
    /// Something reaches beyond the end of the file.
    Truncated {
        /// What it is.
        what: &'static str,
        /// Where it should start.
        offset: u32,
    },
    /// A section without contents is too large to fill with zeros.
    TooLarge {
        /// Name of the section.
        section: String,
        /// Size it asks for, in bytes.
        size: u32,
    },
}

impl fmt::Display for ElfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotElf => f.write_str("not an ELF file"),
            Self::WrongClass => f.write_str("not a 32-bit big-endian ELF file"),
            Self::Truncated { what, offset } => {
                write!(f, "{what} at file offset {offset:#x} reaches beyond the end of the file")
            }
            Self::TooLarge { section, size } => {
                write!(f, "section `{section}` is {size} bytes, more than any memory of the chip")
            }
        }
    }
}

impl core::error::Error for ElfError {}

/// Largest section taken: the largest memory a core sees, its external DRAM.
const SECTION_BYTES_MAX: u32 = 256 << 20;

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..)?.first_chunk().copied()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..)?.first_chunk().copied()?))
}

fn slice<'a>(
    bytes: &'a [u8],
    offset: u32,
    size: u32,
    what: &'static str,
) -> Result<&'a [u8], ElfError> {
    let start = offset as usize;
    start
        .checked_add(size as usize)
        .and_then(|end| bytes.get(start..end))
        .ok_or(ElfError::Truncated { what, offset })
}

/// The zero-terminated text at `offset`; what is missing or no UTF-8 is replaced.
fn text(strings: &[u8], offset: u32) -> String {
    let rest = strings.get(offset as usize..).unwrap_or_default();
    let end = rest.iter().position(|b| *b == 0).unwrap_or(rest.len());
    String::from_utf8_lossy(&rest[..end]).into_owned()
}

struct Header<'a> {
    name: u32,
    kind: u32,
    flags: u32,
    address: u32,
    link: u32,
    alignment: u32,
    size: u32,
    bytes: &'a [u8],
}

impl Image {
    /// Reads a file.
    ///
    /// Kept are the sections that are in memory or that are plain contents, in file order, and
    /// the symbols that lie in one of them or are constants. Symbols of undefined sections, of
    /// files and of sections are left out.
    ///
    /// # Errors
    /// If the file is not ELF of the core's kind, or is damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ElfError> {
        if bytes.get(..4) != Some(b"\x7fELF") {
            return Err(ElfError::NotElf);
        }
        if bytes.get(4..6) != Some(&[1, 2]) {
            return Err(ElfError::WrongClass);
        }
        let header =
            || Some((word(bytes, 24)?, word(bytes, 32)?, half(bytes, 48)?, half(bytes, 50)?));
        let (entry, table, count, names) =
            header().ok_or(ElfError::Truncated { what: "the file header", offset: 0 })?;
        let headers = (0..u32::from(count))
            .map(|i| read_header(bytes, table, i))
            .collect::<Result<Vec<_>, _>>()?;
        let names = headers.get(usize::from(names)).map_or(&[][..], |h| h.bytes);

        let mut image = Self { entry, ..Self::default() };
        // Where each section of the file went.
        let mut kept = vec![None; headers.len()];
        for (index, header) in headers.iter().enumerate() {
            if let Some(section) = section_of(header, names)? {
                kept[index] = Some(image.sections.len());
                image.sections.push(section);
            }
        }
        for table in headers.iter().filter(|h| h.kind == SHT_SYMTAB) {
            let strings = headers.get(table.link as usize).map_or(&[][..], |h| h.bytes);
            let entries = table.bytes.chunks_exact(SYMBOL_BYTES as usize);
            image.symbols.extend(entries.filter_map(|e| symbol_of(e, strings, &kept)));
        }
        Ok(image)
    }
}

fn read_header(bytes: &[u8], table: u32, index: u32) -> Result<Header<'_>, ElfError> {
    let what = "a section header";
    let offset = table.saturating_add(index * SECTION_HEADER_BYTES);
    let raw = slice(bytes, offset, SECTION_HEADER_BYTES, what)?;
    let field = |i: usize| word(raw, 4 * i).unwrap_or_default();
    let (kind, offset, size) = (field(1), field(4), field(5));
    let contents = if kind == SHT_NOBITS || kind == 0 {
        &[][..]
    } else {
        slice(bytes, offset, size, "a section")?
    };
    Ok(Header {
        name: field(0),
        kind,
        flags: field(2),
        address: field(3),
        size,
        link: field(6),
        alignment: field(8),
        bytes: contents,
    })
}

/// The section of a header, unless it belongs to the format itself.
fn section_of(header: &Header<'_>, names: &[u8]) -> Result<Option<Section>, ElfError> {
    let in_memory = header.flags & SHF_ALLOC != 0;
    let housekeeping = matches!(header.kind, 0 | SHT_SYMTAB | SHT_STRTAB);
    if housekeeping && !in_memory {
        return Ok(None);
    }
    let name = text(names, header.name);
    let contents = if header.kind == SHT_NOBITS {
        if header.size > SECTION_BYTES_MAX {
            return Err(ElfError::TooLarge { section: name, size: header.size });
        }
        Contents::Zeros(header.size)
    } else {
        Contents::Bytes(header.bytes.to_vec())
    };
    let purpose = if !in_memory {
        Purpose::Note
    } else if header.flags & SHF_EXECINSTR != 0 {
        Purpose::Code
    } else if header.flags & SHF_WRITE != 0 {
        Purpose::Data
    } else {
        Purpose::Constant
    };
    let alignment = header.alignment.max(1);
    Ok(Some(Section { name, address: header.address, alignment, purpose, contents }))
}

fn symbol_of(entry: &[u8], strings: &[u8], kept: &[Option<usize>]) -> Option<Symbol> {
    let info = *entry.get(12)?;
    let kind = match info & 15 {
        STT_OBJECT => SymbolKind::Object,
        STT_FUNC => SymbolKind::Function,
        STT_SECTION | STT_FILE => return None,
        _ => SymbolKind::None,
    };
    let section = match half(entry, 14)? {
        0 => return None,
        super::SHN_ABS => None,
        index => Some(kept.get(usize::from(index)).copied().flatten()?),
    };
    let name = text(strings, word(entry, 0)?);
    if name.is_empty() {
        return None;
    }
    let (value, size) = (word(entry, 4)?, word(entry, 8)?);
    Some(Symbol { name, value, size, kind, global: info >> 4 != 0, section })
}
