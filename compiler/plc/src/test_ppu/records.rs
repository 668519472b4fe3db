//! Samples of records: a buffer each in external memory, emptied after each command.

use super::{OnPpu, columns};
use pl_driver::ir::io::{COLUMNS, Sample};
use pl_driver::test_run::Bench;
use pl_isa::image::{Extent, ROW_BYTES, SampleLayout, symbol};

/// Samples that a buffer holds: more than a command takes.
const SAMPLES: u32 = 2;

/// Where the samples of a record are.
struct Buffer {
    base: u32,
    layout: SampleLayout,
}

impl Buffer {
    /// The spare sample, which catches puts without an open one.
    fn end(&self) -> u32 {
        self.base + SAMPLES * self.layout.stride
    }
}

impl OnPpu {
    fn buffers(&self, rows: u32) -> Vec<Buffer> {
        let mut next = self.info.records_offset;
        let place = |record: &pl_isa::image::RecordInfo| {
            let layout = record.layout(rows);
            let base = next;
            next += (SAMPLES + 1) * layout.stride;
            Buffer { base, layout }
        };
        self.info.records.iter().map(place).collect()
    }

    /// Tells the program where its buffers are: empty, with the room that the bench has.
    pub(super) fn poke_records(&mut self, bench: &Bench) -> Result<(), String> {
        let buffers = self.buffers(row_count(bench));
        if buffers.is_empty() {
            return Ok(());
        }
        let rooms = bench.instance.state.records.iter().map(|buffer| {
            u32::try_from(buffer.capacity - buffer.samples.len()).unwrap_or(u32::MAX).min(SAMPLES)
        });
        let tables: [(&str, Vec<u32>); 7] = [
            (symbol::RECORD_BASE, buffers.iter().map(|buffer| buffer.base).collect()),
            (symbol::RECORD_STRIDE, buffers.iter().map(|buffer| buffer.layout.stride).collect()),
            (symbol::RECORD_CURSOR, buffers.iter().map(Buffer::end).collect()),
            (symbol::RECORD_FIELDS, buffers.iter().flat_map(|b| b.layout.fields.clone()).collect()),
            (symbol::RECORD_CAPACITY, rooms.collect()),
            (symbol::RECORD_COUNT, vec![0; buffers.len()]),
            (symbol::RECORD_DROPPED, vec![0; buffers.len()]),
        ];
        for (name, words) in tables {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            self.set_bytes(self.address(name)?, &bytes)?;
        }
        Ok(())
    }

    /// Moves the samples of a command to the bench.
    pub(super) fn take_samples(&self, bench: &mut Bench) -> Result<(), String> {
        let rows = row_count(bench);
        for (record, buffer) in self.buffers(rows).into_iter().enumerate() {
            let offset = u32::try_from(4 * record).unwrap_or(u32::MAX);
            let table = |name| self.word(self.address(name)? + offset);
            let kept = &mut bench.instance.state.records[record];
            kept.dropped += table(symbol::RECORD_DROPPED)?;
            for sample in 0..table(symbol::RECORD_COUNT)?.min(SAMPLES) {
                let at = buffer.base + sample * buffer.layout.stride;
                let update = self.external_word(at)?;
                let fields = self.info.records[record].fields.iter().zip(&buffer.layout.fields);
                let fields =
                    fields.map(|(field, offset)| self.field(field.extent, at + offset, rows));
                let fields = fields.collect::<Result<_, String>>()?;
                kept.samples.push(Sample { update, fields });
            }
        }
        Ok(())
    }

    /// The values of a field: 256 a row, one a row, or one.
    fn field(&self, extent: Extent, at: u32, rows: u32) -> Result<Vec<i32>, String> {
        let lanes = |rows: u32| -> Result<Vec<i32>, String> {
            let mut lanes = Vec::with_capacity(rows as usize * COLUMNS);
            for row in 0..rows {
                let values = columns(&self.external(at + row * ROW_BYTES)?);
                lanes.extend(values.map(|value| i32::from(value.cast_signed())));
            }
            Ok(lanes)
        };
        let words = |count: u32| -> Result<Vec<i32>, String> {
            let word = |index| Ok(self.external_word(at + 4 * index)?.cast_signed());
            (0..count).map(word).collect()
        };
        match extent {
            Extent::Synapse => lanes(rows),
            Extent::Neuron => lanes(1),
            Extent::Row => words(rows),
            Extent::Rule => words(1),
        }
    }

    fn external_word(&self, at: u32) -> Result<u32, String> {
        let mut bytes = [0; 4];
        let read = self.chip.external_memory().read_dram(at as usize, &mut bytes);
        let outside = || "a sample lies outside of the memory".to_owned();
        if read { Ok(u32::from_be_bytes(bytes)) } else { Err(outside()) }
    }
}

fn row_count(bench: &Bench) -> u32 {
    u32::try_from(bench.rows.len()).unwrap_or(u32::MAX)
}
