//! Writing executables.
//!
//! Order in the file: header, program headers, section contents, symbol table, the two string
//! tables, section headers.

use super::{
    Contents, EM_PPC, ET_EXEC, HEADER_BYTES, Image, PROGRAM_HEADER_BYTES, Purpose,
    SECTION_HEADER_BYTES, SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHN_ABS, SHT_NOBITS, SHT_PROGBITS,
    SHT_STRTAB, SHT_SYMTAB, STT_FUNC, STT_OBJECT, SYMBOL_BYTES, Section, SymbolKind,
};

/// A string table under construction.
#[derive(Default)]
struct Strings(Vec<u8>);

impl Strings {
    fn new() -> Self {
        Self(vec![0])
    }

    /// Offset of `text`, added at the end.
    fn add(&mut self, text: &str) -> u32 {
        let at = length(&self.0);
        // A name cannot hold a zero byte; cut it there rather than write a table that lies.
        self.0.extend(text.bytes().take_while(|b| *b != 0));
        self.0.push(0);
        at
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a file offset is 32 bits wide")]
fn length(bytes: &[u8]) -> u32 {
    bytes.len() as u32
}

#[derive(Clone, Copy, Default)]
struct SectionHeader {
    name: u32,
    kind: u32,
    flags: u32,
    address: u32,
    offset: u32,
    size: u32,
    link: u32,
    info: u32,
    alignment: u32,
    entry_bytes: u32,
}

impl SectionHeader {
    fn words(&self) -> [u32; 10] {
        [
            self.name,
            self.kind,
            self.flags,
            self.address,
            self.offset,
            self.size,
            self.link,
            self.info,
            self.alignment,
            self.entry_bytes,
        ]
    }
}

fn flags_of(purpose: Purpose) -> u32 {
    match purpose {
        Purpose::Code => SHF_ALLOC | SHF_EXECINSTR,
        Purpose::Constant => SHF_ALLOC,
        Purpose::Data => SHF_ALLOC | SHF_WRITE,
        Purpose::Note => 0,
    }
}

fn push_words(file: &mut Vec<u8>, words: &[u32]) {
    words.iter().for_each(|w| file.extend_from_slice(&w.to_be_bytes()));
}

/// Pads to `alignment` and returns the offset.
fn align(file: &mut Vec<u8>, alignment: u32) -> u32 {
    let alignment = alignment.clamp(1, 4096) as usize;
    file.resize(file.len().next_multiple_of(alignment), 0);
    length(file)
}

impl Image {
    /// The file: `ET_EXEC`, `EM_PPC`, no relocations, one loadable segment a section in memory.
    ///
    /// The symbol table lists local symbols first, as the format wants, and otherwise keeps the
    /// order of [`Image::symbols`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let loadable: Vec<&Section> =
            self.sections.iter().filter(|s| s.purpose != Purpose::Note).collect();
        #[allow(clippy::cast_possible_truncation, reason = "the format counts sections in 16 bits")]
        let segments = loadable.len() as u32;
        let mut file = vec![0; (HEADER_BYTES + segments * PROGRAM_HEADER_BYTES) as usize];
        let mut names = Strings::new();
        let mut headers = vec![SectionHeader::default()];
        for section in &self.sections {
            let offset = align(&mut file, section.alignment);
            if let Contents::Bytes(bytes) = &section.contents {
                file.extend_from_slice(bytes);
            }
            headers.push(SectionHeader {
                name: names.add(&section.name),
                kind: match section.contents {
                    Contents::Bytes(_) => SHT_PROGBITS,
                    Contents::Zeros(_) => SHT_NOBITS,
                },
                flags: flags_of(section.purpose),
                address: section.address,
                offset,
                size: section.contents.size(),
                alignment: section.alignment.max(1),
                ..SectionHeader::default()
            });
        }
        self.write_segments(&mut file, &headers);
        self.write_symbols(&mut file, &mut headers, &mut names);
        write_section_headers(&mut file, headers, names, self.entry, segments);
        file
    }

    fn write_segments(&self, file: &mut [u8], headers: &[SectionHeader]) {
        let mut at = HEADER_BYTES as usize;
        for (section, header) in self.sections.iter().zip(&headers[1..]) {
            if section.purpose == Purpose::Note {
                continue;
            }
            let in_file = if header.kind == SHT_NOBITS { 0 } else { header.size };
            let access = match section.purpose {
                Purpose::Code => 5,
                Purpose::Data => 6,
                Purpose::Constant | Purpose::Note => 4,
            };
            let words = [
                1, // PT_LOAD
                header.offset,
                header.address,
                header.address,
                in_file,
                header.size,
                access,
                header.alignment,
            ];
            for word in words {
                file[at..at + 4].copy_from_slice(&word.to_be_bytes());
                at += 4;
            }
        }
    }

    fn write_symbols(
        &self,
        file: &mut Vec<u8>,
        headers: &mut Vec<SectionHeader>,
        names: &mut Strings,
    ) {
        let mut strings = Strings::new();
        let offset = align(file, 4);
        file.resize(file.len() + SYMBOL_BYTES as usize, 0);
        let mut locals = 1;
        for global in [false, true] {
            for symbol in self.symbols.iter().filter(|s| s.global == global) {
                push_words(file, &[strings.add(&symbol.name), symbol.value, symbol.size]);
                let kind = match symbol.kind {
                    SymbolKind::None => 0,
                    SymbolKind::Object => STT_OBJECT,
                    SymbolKind::Function => STT_FUNC,
                };
                let section = symbol.section.and_then(|s| u16::try_from(s + 1).ok());
                file.extend_from_slice(&[(u8::from(global) << 4) | kind, 0]);
                file.extend_from_slice(&section.unwrap_or(SHN_ABS).to_be_bytes());
                locals += u32::from(!global);
            }
        }
        let size = length(file) - offset;
        let strings_offset = length(file);
        file.extend_from_slice(&strings.0);
        let strings_index = headers.len() + 1;
        headers.push(SectionHeader {
            name: names.add(".symtab"),
            kind: SHT_SYMTAB,
            offset,
            size,
            #[allow(clippy::cast_possible_truncation, reason = "sections are counted in 16 bits")]
            link: strings_index as u32,
            info: locals,
            alignment: 4,
            entry_bytes: SYMBOL_BYTES,
            ..SectionHeader::default()
        });
        headers.push(SectionHeader {
            name: names.add(".strtab"),
            kind: SHT_STRTAB,
            offset: strings_offset,
            size: length(&strings.0),
            alignment: 1,
            ..SectionHeader::default()
        });
    }
}

fn write_section_headers(
    file: &mut Vec<u8>,
    mut headers: Vec<SectionHeader>,
    mut names: Strings,
    entry: u32,
    segments: u32,
) {
    let name = names.add(".shstrtab");
    headers.push(SectionHeader {
        name,
        kind: SHT_STRTAB,
        offset: length(file),
        size: length(&names.0),
        alignment: 1,
        ..SectionHeader::default()
    });
    file.extend_from_slice(&names.0);
    let table = align(file, 4);
    headers.iter().for_each(|h| push_words(file, &h.words()));
    #[allow(clippy::cast_possible_truncation, reason = "the format counts sections in 16 bits")]
    let count = headers.len() as u32;
    let mut header = Vec::with_capacity(HEADER_BYTES as usize);
    // Magic, 32 bit, big endian, version 1, System V.
    header.extend_from_slice(&[0x7f, b'E', b'L', b'F', 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.extend_from_slice(&ET_EXEC.to_be_bytes());
    header.extend_from_slice(&EM_PPC.to_be_bytes());
    let program_headers = if segments == 0 { 0 } else { HEADER_BYTES };
    push_words(&mut header, &[1, entry, program_headers, table, 0]);
    push_words(
        &mut header,
        &[
            (HEADER_BYTES << 16) | PROGRAM_HEADER_BYTES,
            (segments << 16) | SECTION_HEADER_BYTES,
            (count << 16) | (count - 1),
        ],
    );
    file[..header.len()].copy_from_slice(&header);
}
