//! Lines of the source in programs: DWARF 4 (`.debug_line` and what it needs), as other tools
//! write and read it.

use gimli::write::{Address, Dwarf, EndianVec, LineProgram, LineString, Sections, Unit};
use gimli::{BigEndian, Encoding, EndianSlice, Format, LineEncoding};
use pl_isa::elf::{Contents, Image, Purpose, Section};

/// Addresses with their lines, ascending.
type Lines = Vec<(u32, u32)>;

/// A source: its name, its text if it is at hand, and the line of each address, ascending.
pub(crate) struct Source {
    name: String,
    text: Option<String>,
    lines: Lines,
}

impl Source {
    /// Of a program that was assembled just now.
    pub(crate) fn of_text(name: &str, text: String, lines: &[(u32, u32)]) -> Source {
        Source { name: name.into(), text: Some(text), lines: lines.to_vec() }
    }

    /// What a program says of its source; `read` finds the text.
    pub(crate) fn of_image(image: &Image, read: impl Fn(&str) -> Option<String>) -> Option<Source> {
        let (name, lines) = lines_of(image).ok()??;
        Some(Source { text: read(&name), name, lines })
    }

    /// Number and text of the line that an address comes from; without text if that is not there.
    pub(crate) fn line_at(&self, address: u32) -> Option<(u32, &str)> {
        let next = self.lines.partition_point(|(at, _)| *at <= address);
        let (_, number) = self.lines.get(next.checked_sub(1)?)?;
        let text = self.text.as_deref().unwrap_or_default();
        let line = text.lines().nth(number.checked_sub(1)? as usize).unwrap_or_default();
        Some((*number, line.trim()))
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// Sections that say which line of a file the code of an image comes from.
pub(crate) fn sections(
    file: &str,
    image: &Image,
    lines: &[(u32, u32)],
) -> Result<Vec<Section>, gimli::write::Error> {
    let encoding = Encoding { format: Format::Dwarf32, version: 4, address_size: 4 };
    let line_encoding = LineEncoding { minimum_instruction_length: 4, ..LineEncoding::default() };
    let text = |text: &str| LineString::String(text.as_bytes().to_vec());
    let mut program = LineProgram::new(encoding, line_encoding, text("."), None, text(file), None);
    let directory = program.default_directory();
    let file_id = program.add_file(text(file), directory, None);
    for section in image.sections.iter().filter(|s| s.purpose == Purpose::Code) {
        let start = section.address;
        let Contents::Bytes(bytes) = &section.contents else { continue };
        let end = start + u32::try_from(bytes.len()).unwrap_or(0);
        let inside = lines.iter().filter(|(address, _)| (start..end).contains(address));
        program.begin_sequence(Some(Address::Constant(start.into())));
        for (address, line) in inside {
            let row = program.row();
            row.address_offset = u64::from(address - start);
            (row.file, row.line) = (file_id, u64::from(*line));
            program.generate_row();
        }
        program.end_sequence(u64::from(end - start));
    }
    let mut dwarf = Dwarf::new();
    dwarf.units.add(Unit::new(encoding, program));
    let mut written = Sections::new(EndianVec::new(BigEndian));
    dwarf.write(&mut written)?;
    let mut found = Vec::new();
    written.for_each(|id, data| {
        if !data.slice().is_empty() {
            found.push(Section {
                name: id.name().into(),
                address: 0,
                alignment: 1,
                purpose: Purpose::Note,
                contents: Contents::Bytes(data.slice().to_vec()),
            });
        }
        Ok::<(), gimli::write::Error>(())
    })?;
    Ok(found)
}

/// The file and the line of each address that the debugging information of an image names.
fn lines_of(image: &Image) -> gimli::Result<Option<(String, Lines)>> {
    let section = |id: gimli::SectionId| -> gimli::Result<EndianSlice<'_, BigEndian>> {
        let section = image.sections.iter().find(|section| section.name == id.name());
        let bytes: &[u8] = match section.map(|section| &section.contents) {
            Some(Contents::Bytes(bytes)) => bytes,
            Some(Contents::Zeros(_)) | None => &[],
        };
        Ok(EndianSlice::new(bytes, BigEndian))
    };
    let dwarf = gimli::Dwarf::load(section)?;
    let (mut name, mut lines) = (None, Vec::new());
    let mut headers = dwarf.units();
    while let Some(header) = headers.next()? {
        let unit = dwarf.unit(header)?;
        let Some(program) = unit.line_program.clone() else { continue };
        let mut rows = program.rows();
        while let Some((header, row)) = rows.next_row()? {
            if let (Some(file), None) = (row.file(header), &name) {
                let text = dwarf.attr_string(&unit, file.path_name())?;
                name = Some(text.to_string_lossy().into_owned());
            }
            let address = u32::try_from(row.address()).unwrap_or(u32::MAX);
            let line = row.line().and_then(|line| u32::try_from(line.get()).ok());
            if let (Some(line), false) = (line, row.end_sequence()) {
                lines.push((address, line));
            }
        }
    }
    lines.sort_unstable();
    Ok(name.map(|name| (name, lines)))
}
