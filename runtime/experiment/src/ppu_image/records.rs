//! Samples: a small buffer a record statement in external memory, emptied after every command, so
//! that as many samples can be kept as a binding asks for.

use super::{PpuImageEngine, halfword_offset};
use crate::engine::{EngineError, RecordField, RecordSample};
use pl_chip::Chip;
use pl_isa::image::{EXTERNAL_REGION_BYTES, Extent, Info, ROW_BYTES, SampleLayout, symbol};

/// Samples that a buffer holds: more than one command takes of a record.
const BUFFER_SAMPLES: u32 = 4;
/// Byte of a sample that its update number begins at.
const UPDATE_OFFSET: usize = 0;
/// Zeros to clear external memory with, at a time.
const CLEAR_BYTES: usize = 1 << 14;

/// Where the samples of a record are put.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    /// Offset in the PPU's region.
    base: u32,
    layout: SampleLayout,
}

impl Buffer {
    /// First byte behind the samples: a spare sample catches puts without an open one.
    fn end(&self) -> u32 {
        self.base + BUFFER_SAMPLES * self.layout.stride
    }
}

/// Buffers one behind another, behind the objects of the image, for a view of `rows` rows.
pub(super) fn place(info: &Info, rows: u32) -> Result<Vec<Buffer>, EngineError> {
    let mut next = info.records_offset;
    let mut buffers = Vec::new();
    for record in &info.records {
        let layout = record.layout(rows);
        let bytes = layout.stride.checked_mul(BUFFER_SAMPLES + 1);
        let end = bytes.and_then(|bytes| next.checked_add(bytes)).unwrap_or(u32::MAX);
        buffers.push(Buffer { base: core::mem::replace(&mut next, end), layout });
    }
    if next > EXTERNAL_REGION_BYTES {
        let message = format!(
            "state and samples of the rule do not fit into {EXTERNAL_REGION_BYTES} bytes of \
             external memory"
        );
        return Err(EngineError::new(message));
    }
    Ok(buffers)
}

impl PpuImageEngine {
    /// Clears what the program uses of external memory, and tells it where its buffers are.
    pub(super) fn poke_records(&self, chip: &mut Chip) -> Result<(), EngineError> {
        let last = self.buffers.last().map(|buffer| buffer.end() + buffer.layout.stride);
        self.clear(chip, 0, last.unwrap_or(self.info.records_offset))?;
        if self.buffers.is_empty() {
            return Ok(());
        }
        let table = |value: fn(&Buffer) -> u32| self.buffers.iter().map(value).collect();
        let tables: [(&str, Vec<u32>); 4] = [
            (symbol::RECORD_BASE, table(|buffer| buffer.base)),
            (symbol::RECORD_STRIDE, table(|buffer| buffer.layout.stride)),
            (symbol::RECORD_CURSOR, table(Buffer::end)),
            (
                symbol::RECORD_FIELDS,
                self.buffers.iter().flat_map(|buffer| buffer.layout.fields.clone()).collect(),
            ),
        ];
        for (name, words) in tables {
            self.set_words(chip, name, &words)?;
        }
        self.empty_buffers(chip)
    }

    fn set_words(&self, chip: &mut Chip, name: &str, words: &[u32]) -> Result<(), EngineError> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        self.set_bytes(chip, name, &bytes)
    }

    /// Zeros `bytes` bytes of this PPU's region from `offset` on.
    fn clear(&self, chip: &mut Chip, offset: u32, bytes: u32) -> Result<(), EngineError> {
        let zeros = [0; CLEAR_BYTES];
        let (mut at, mut left) = ((self.region() + offset) as usize, bytes as usize);
        while left > 0 {
            let now = left.min(CLEAR_BYTES);
            if !chip.external_memory_mut().write_dram(at, &zeros[..now]) {
                return Err(EngineError::new("the rule's state lies outside external memory"));
            }
            at += now;
            left -= now;
        }
        Ok(())
    }

    /// Samples of a record that may still be taken.
    fn wanted(&self, record: usize) -> usize {
        self.binding.record_capacity.saturating_sub(self.samples[record].len())
    }

    fn room(&self, record: usize) -> u32 {
        u32::try_from(self.wanted(record)).unwrap_or(u32::MAX).min(BUFFER_SAMPLES)
    }

    /// No samples are there, and as many fit as there is room for and still wanted.
    fn empty_buffers(&self, chip: &mut Chip) -> Result<(), EngineError> {
        let rooms: Vec<u32> = (0..self.buffers.len()).map(|record| self.room(record)).collect();
        let zeros = vec![0; self.buffers.len()];
        self.set_words(chip, symbol::RECORD_CAPACITY, &rooms)?;
        self.set_words(chip, symbol::RECORD_COUNT, &zeros)?;
        self.set_words(chip, symbol::RECORD_DROPPED, &zeros)
    }

    fn record_word(&self, chip: &mut Chip, name: &str, record: usize) -> Result<u32, EngineError> {
        let table = self.address(name, 4 * self.buffers.len())?;
        let offset = u32::try_from(4 * record).unwrap_or(u32::MAX);
        self.memory(chip).word(table.saturating_add(offset))
    }

    /// Moves the samples of a command out of the buffers.
    pub(super) fn take_samples(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        if self.buffers.is_empty() {
            return Ok(());
        }
        for record in 0..self.buffers.len() {
            let (room, wanted) = (self.room(record), self.wanted(record));
            let count = self.record_word(chip, symbol::RECORD_COUNT, record)?;
            let dropped = self.record_word(chip, symbol::RECORD_DROPPED, record)?;
            if count > room || (dropped > 0 && (room as usize) < wanted) {
                let message = format!("the program took more than {room} samples in one update");
                return Err(EngineError::new(message));
            }
            for sample in 0..count {
                let stride = self.buffers[record].layout.stride;
                let offset = self.buffers[record].base + sample * stride;
                let found = self.sample(chip, record, offset)?;
                self.samples[record].push(found);
                self.clear(chip, offset, stride)?;
            }
        }
        self.empty_buffers(chip)
    }

    fn sample(&self, chip: &Chip, record: usize, offset: u32) -> Result<RecordSample, EngineError> {
        let layout = &self.buffers[record].layout;
        let mut bytes = vec![0; layout.stride as usize];
        let at = (self.region() + offset) as usize;
        if !chip.external_memory().read_dram(at, &mut bytes) {
            return Err(EngineError::new("a sample lies outside external memory"));
        }
        let fields = self.info.records[record].fields.iter().zip(&layout.fields);
        let fields = fields.map(|(field, offset)| RecordField {
            name: field.name.clone(),
            scope: field.extent.name().to_owned(),
            frac: field.frac,
            values: self.values(field.extent, &bytes[*offset as usize..]),
        });
        Ok(RecordSample {
            record,
            update: word(&bytes, UPDATE_OFFSET).cast_unsigned(),
            now: chip.now(),
            hemisphere: self.binding.hemisphere,
            fields: fields.collect(),
        })
    }

    /// Values of the view: rows, then columns, ascending.
    fn values(&self, extent: Extent, bytes: &[u8]) -> Vec<i32> {
        let lane = |row: usize, column: u8| {
            let at = row * ROW_BYTES as usize + halfword_offset(column);
            i32::from(i16::from_be_bytes([bytes[at], bytes[at + 1]]))
        };
        let columns = &self.binding.columns;
        let row = |row| columns.iter().map(move |column| lane(row, *column));
        let rows = self.rows.len();
        match extent {
            Extent::Synapse => (0..rows).flat_map(row).collect(),
            Extent::Neuron => row(0).collect(),
            Extent::Row => (0..rows).map(|row| word(bytes, 4 * row)).collect(),
            Extent::Rule => vec![word(bytes, 0)],
        }
    }
}

fn word(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
