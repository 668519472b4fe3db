//! A program into memory.

use super::MEMORY_BYTES;
use crate::output::Failure;
use pl_chip::Chip;
use pl_isa::elf::{Image, Region};
use pl_iss::PlainBus;

/// Loads by the rules of the chip's loader: internal memory, and both external memories.
pub(super) fn load_chip(image: &Image, chip: &mut Chip, hemisphere: usize) -> Result<(), Failure> {
    let memory = image.internal_memory(MEMORY_BYTES).map_err(|section| {
        let message = format!("section {section} does not fit {MEMORY_BYTES} bytes of memory");
        Failure::Invalid(message)
    })?;
    chip.ppu_memory_mut(hemisphere).copy_from_slice(&memory);
    for (region, address, bytes) in image.load().placed {
        let offset = address.wrapping_sub(region.base()) as usize;
        let external = chip.external_memory_mut();
        let fits = match region {
            Region::Internal => true,
            Region::ExternalData | Region::ExternalCode => external.write_sram(offset, &bytes),
            Region::ExternalDramData | Region::ExternalDramCode => {
                external.write_dram(offset, &bytes)
            }
        };
        if !fits {
            let message = format!("{} bytes at {address:#x} lie outside memory", bytes.len());
            return Err(Failure::Invalid(message));
        }
    }
    Ok(())
}

/// Loads every section at its address in flat memory.
pub(super) fn load_plain(image: &Image, bus: &mut PlainBus) -> Result<(), Failure> {
    for (_, address, bytes) in image.load().placed {
        let start = address as usize;
        let target = start.checked_add(bytes.len()).and_then(|end| bus.memory.get_mut(start..end));
        let target = target.ok_or_else(|| {
            let message = format!("{} bytes at {address:#x} lie outside memory", bytes.len());
            Failure::Invalid(message)
        })?;
        target.copy_from_slice(&bytes);
    }
    Ok(())
}
