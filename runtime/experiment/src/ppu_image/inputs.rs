//! What an experiment writes to inputs, in a PPU's memory or in external memory.

use super::{PpuImage, halfword_offset};
use crate::engine::EngineError;
use pl_chip::{COLUMNS, Chip};
use pl_isa::image::{Extent, ROW_BYTES, Storage, symbol};

impl PpuImage {
    /// Writes the inputs that the next update is the first to see, if updates come at their times.
    pub(super) fn write_inputs_before_update(&self, chip: &mut Chip) -> Result<(), EngineError> {
        if self.inputs.is_empty() {
            return Ok(());
        }
        let update = self.get(chip, symbol::UPDATE_INDEX)?;
        for course in &self.inputs {
            if let Some(values) = course.before_update(update) {
                self.write_input(chip, course.object, values)?;
            }
        }
        Ok(())
    }

    /// Writes the inputs of times in `from..=until`, ticks since the schedule began.
    pub(super) fn write_inputs_between(
        &self,
        chip: &mut Chip,
        (from, until): (u64, u64),
    ) -> Result<(), EngineError> {
        for course in &self.inputs {
            if let Some(values) = course.between(from, until) {
                self.write_input(chip, course.object, values)?;
            }
        }
        Ok(())
    }

    /// Time of the first inputs from `from` on.
    pub(super) fn next_input(&self, from: u64) -> Option<u64> {
        self.inputs.iter().filter_map(|course| course.next(from)).min()
    }

    fn write_input(
        &self,
        chip: &mut Chip,
        object: usize,
        values: &[i32],
    ) -> Result<(), EngineError> {
        let Some(info) = self.info.objects.get(object) else {
            return Err(EngineError::new(format!("the image has no object {object}")));
        };
        let bytes = match info.extent {
            Extent::Synapse | Extent::Neuron => {
                values.chunks(COLUMNS).flat_map(row_bytes).collect()
            }
            Extent::Row | Extent::Rule => {
                values.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>()
            }
        };
        match info.storage {
            Storage::Internal => {
                let name = self.info.object_symbol(object);
                // An input that the program never reads has no place in it.
                if self.image.symbol(&name).is_none() {
                    return Ok(());
                }
                self.set_bytes(chip, &name, &bytes)
            }
            Storage::External(offset) => {
                let at = (self.region() + offset) as usize;
                let written = chip.external_memory_mut().write_dram(at, &bytes);
                let outside = || EngineError::new("an input lies outside of external memory");
                written.then_some(()).ok_or_else(outside)
            }
        }
    }
}

/// The columns of a row, as programs store halfwords: the low 16 bits.
fn row_bytes(values: &[i32]) -> [u8; ROW_BYTES as usize] {
    let mut bytes = [0; ROW_BYTES as usize];
    for (column, value) in (0..=u8::MAX).zip(values) {
        let at = halfword_offset(column);
        let [.., high, low] = value.to_be_bytes();
        bytes[at..at + 2].copy_from_slice(&[high, low]);
    }
    bytes
}
