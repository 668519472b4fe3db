//! Samples: a buffer a record statement in external memory, emptied again and again, so that as
//! many samples can be kept as a binding asks for.

use super::{PpuImage, halfword_offset};
use crate::engine::{EngineError, RecordField, RecordSample};
use borsh::{BorshDeserialize, BorshSerialize};
use pl_chip::Chip;
use pl_isa::image::{EXTERNAL_REGION_BYTES, Extent, Info, ROW_BYTES, SampleLayout, symbol};

/// Samples that a buffer holds which is emptied after every command: more than one takes.
pub(super) const INSTANT_SAMPLES: u32 = 4;
/// Most samples that a buffer holds which is emptied when the host comes to it.
const RUNNING_SAMPLES_MAX: u32 = 4096;
/// Bytes of all such buffers of a program, unless one needs more.
const RUNNING_BYTES: u32 = 8 << 20;
/// Byte of a sample that its update number begins at.
const UPDATE_OFFSET: usize = 0;
/// Zeros to clear external memory with, at a time.
const CLEAR_BYTES: usize = 1 << 14;

/// What the host has seen of a buffer of a running program since it was emptied.
#[derive(Clone, Copy, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(super) struct Seen {
    /// Samples taken out.
    taken: u32,
    /// Samples that found no room.
    dropped: u32,
}

/// Where the samples of a record are put.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    /// Offset in the PPU's region.
    base: u32,
    layout: SampleLayout,
    /// Samples it holds.
    samples: u32,
}

impl Buffer {
    /// Samples it holds.
    pub(super) fn samples(&self) -> u32 {
        self.samples
    }

    /// First byte behind the samples: a spare sample catches puts without an open one.
    fn end(&self) -> u32 {
        self.base + self.samples * self.layout.stride
    }
}

/// Samples a buffer should hold for a program that is not stopped to be emptied, if so many of each
/// record are wanted.
pub(super) fn running_samples(info: &Info, rows: u32, wanted: usize) -> u32 {
    let strides = info.records.iter().map(|record| record.layout(rows).stride);
    let sum = strides.fold(0, u32::saturating_add).max(1);
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX).min(RUNNING_SAMPLES_MAX);
    (RUNNING_BYTES / sum).min(wanted).max(INSTANT_SAMPLES)
}

/// Buffers one behind another, behind the objects of the image, for a view of `rows` rows.
pub(super) fn place(info: &Info, rows: u32, samples: u32) -> Result<Vec<Buffer>, EngineError> {
    let mut next = info.records_offset;
    let mut buffers = Vec::new();
    for record in &info.records {
        let layout = record.layout(rows);
        let bytes = layout.stride.checked_mul(samples + 1);
        let end = bytes.and_then(|bytes| next.checked_add(bytes)).unwrap_or(u32::MAX);
        buffers.push(Buffer { base: core::mem::replace(&mut next, end), layout, samples });
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

impl PpuImage {
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
        let samples = self.buffers[record].samples;
        u32::try_from(self.wanted(record)).unwrap_or(u32::MAX).min(samples)
    }

    /// No samples are there, and as many fit as there is room for and still wanted.
    pub(super) fn empty_buffers(&self, chip: &mut Chip) -> Result<(), EngineError> {
        if self.buffers.is_empty() {
            return Ok(());
        }
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
            self.lost[record] += u64::from(dropped);
            let now = chip.now();
            for sample in 0..count {
                let bytes = self.sample_bytes(chip, record, sample)?;
                let found = self.sample(record, &bytes, now);
                self.samples[record].push(found);
                self.clear_sample(chip, record, sample)?;
            }
        }
        Ok(())
    }

    /// Moves the samples out of the buffers that are complete, while the program runs, and counts
    /// those that found no room; `seen` says what was seen of each buffer, `origin` is the tick of the
    /// time base 0. Buffers are emptied, and get the room that is wanted now, if the program is between
    /// two updates.
    pub(super) fn collect_samples(
        &mut self,
        chip: &mut Chip,
        (seen, origin): (&mut [Seen], u64),
    ) -> Result<(), EngineError> {
        let word = |chip: &mut Chip, name| self.get(chip, name);
        let updates = word(chip, symbol::UPDATE_INDEX)?;
        let ended = word(chip, symbol::EXECUTED)?.wrapping_add(word(chip, symbol::MISSED)?);
        let rests = word(chip, symbol::REQUESTED)? == ended;
        let mut stale = false;
        for (record, Seen { taken, dropped }) in seen.iter_mut().enumerate() {
            let count = self.record_word(chip, symbol::RECORD_COUNT, record)?;
            let capacity = self.record_word(chip, symbol::RECORD_CAPACITY, record)?;
            if count > capacity.min(self.buffers[record].samples) {
                return Err(EngineError::new("the program took more samples than there is room"));
            }
            while *taken < count {
                let bytes = self.sample_bytes(chip, record, *taken)?;
                if word_of(&bytes, UPDATE_OFFSET).cast_unsigned() > updates {
                    break;
                }
                let [upper, lower] = [4, 8].map(|at| word_of(&bytes, at).cast_unsigned());
                let time = u64::from(upper) << 32 | u64::from(lower);
                let sample = self.sample(record, &bytes, origin.saturating_add(time));
                self.samples[record].push(sample);
                self.clear_sample(chip, record, *taken)?;
                *taken += 1;
            }
            let now_dropped = self.record_word(chip, symbol::RECORD_DROPPED, record)?;
            self.lost[record] += u64::from(now_dropped.wrapping_sub(*dropped));
            *dropped = now_dropped;
            stale |= *taken > 0 || now_dropped > 0 || capacity != self.room(record);
        }
        if rests && stale {
            self.empty_buffers(chip)?;
            seen.fill(Seen::default());
        }
        Ok(())
    }

    fn sample_offset(&self, record: usize, sample: u32) -> u32 {
        self.buffers[record].base + sample * self.buffers[record].layout.stride
    }

    fn clear_sample(&self, chip: &mut Chip, record: usize, sample: u32) -> Result<(), EngineError> {
        let stride = self.buffers[record].layout.stride;
        self.clear(chip, self.sample_offset(record, sample), stride)
    }

    fn sample_bytes(
        &self,
        chip: &Chip,
        record: usize,
        sample: u32,
    ) -> Result<Vec<u8>, EngineError> {
        let mut bytes = vec![0; self.buffers[record].layout.stride as usize];
        let at = (self.region() + self.sample_offset(record, sample)) as usize;
        if !chip.external_memory().read_dram(at, &mut bytes) {
            return Err(EngineError::new("a sample lies outside external memory"));
        }
        Ok(bytes)
    }

    /// A sample taken at `now`.
    fn sample(&self, record: usize, bytes: &[u8], now: u64) -> RecordSample {
        let layout = &self.buffers[record].layout;
        let fields = self.info.records[record].fields.iter().zip(&layout.fields);
        let fields = fields.map(|(field, offset)| RecordField {
            name: field.name.clone(),
            scope: field.extent.name().to_owned(),
            frac: field.frac,
            values: self.values(field.extent, &bytes[*offset as usize..]),
        });
        RecordSample {
            record,
            update: word_of(bytes, UPDATE_OFFSET).cast_unsigned(),
            now,
            hemisphere: self.binding.hemisphere,
            fields: fields.collect(),
        }
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
            Extent::Row => (0..rows).map(|row| word_of(bytes, 4 * row)).collect(),
            Extent::Rule => vec![word_of(bytes, 0)],
        }
    }
}

fn word_of(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
