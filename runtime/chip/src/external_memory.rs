//! The FPGA's memories, which both PPUs and the host reach: 128 KiB of SRAM, 256 MiB of DRAM.
//!
//! Pages are allocated when first written; what was never written reads as zero.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::memory_map::{EXTERNAL_DRAM_BYTES, EXTERNAL_SRAM_BYTES, Memory};

const PAGE_BYTES: usize = 1 << 16;

/// Both memories.
#[derive(Clone, Debug, Default, BorshSerialize, BorshDeserialize)]
pub struct ExternalMemory {
    sram: Pages,
    dram: Pages,
}

type Pages = BTreeMap<usize, Box<[u8]>>;

impl ExternalMemory {
    /// Copies the bytes from byte offset `offset` of the SRAM on into `bytes`; returns whether all
    /// of them lie in the memory, and copies nothing if not.
    #[must_use]
    pub fn read_sram(&self, offset: usize, bytes: &mut [u8]) -> bool {
        read(&self.sram, EXTERNAL_SRAM_BYTES, offset, bytes)
    }

    /// Writes `bytes` to the SRAM from byte offset `offset` on; returns whether all of them lie in
    /// the memory, and writes nothing if not.
    #[must_use]
    pub fn write_sram(&mut self, offset: usize, bytes: &[u8]) -> bool {
        write(&mut self.sram, EXTERNAL_SRAM_BYTES, offset, bytes)
    }

    /// As [`ExternalMemory::read_sram`], for the DRAM.
    #[must_use]
    pub fn read_dram(&self, offset: usize, bytes: &mut [u8]) -> bool {
        read(&self.dram, EXTERNAL_DRAM_BYTES, offset, bytes)
    }

    /// As [`ExternalMemory::write_sram`], for the DRAM.
    #[must_use]
    pub fn write_dram(&mut self, offset: usize, bytes: &[u8]) -> bool {
        write(&mut self.dram, EXTERNAL_DRAM_BYTES, offset, bytes)
    }

    /// Forgets everything in both memories.
    pub fn clear(&mut self) {
        self.sram.clear();
        self.dram.clear();
    }

    /// Reads from a decoded address that is not in a PPU's own memory.
    pub(crate) fn read(&self, memory: Memory, bytes: &mut [u8]) -> bool {
        match memory {
            Memory::Internal(_) => false,
            Memory::Sram(offset) => self.read_sram(offset, bytes),
            Memory::Dram(offset) => self.read_dram(offset, bytes),
        }
    }

    /// Writes to a decoded address that is not in a PPU's own memory.
    pub(crate) fn write(&mut self, memory: Memory, bytes: &[u8]) -> bool {
        match memory {
            Memory::Internal(_) => false,
            Memory::Sram(offset) => self.write_sram(offset, bytes),
            Memory::Dram(offset) => self.write_dram(offset, bytes),
        }
    }
}

fn fits(size: usize, offset: usize, count: usize) -> bool {
    offset.checked_add(count).is_some_and(|end| end <= size)
}

fn read(pages: &Pages, size: usize, offset: usize, bytes: &mut [u8]) -> bool {
    if !fits(size, offset, bytes.len()) {
        return false;
    }
    let (mut at, mut rest) = (offset, bytes);
    while !rest.is_empty() {
        let start = at % PAGE_BYTES;
        let (now, later) = rest.split_at_mut(rest.len().min(PAGE_BYTES - start));
        match pages.get(&(at / PAGE_BYTES)) {
            Some(page) => now.copy_from_slice(&page[start..start + now.len()]),
            None => now.fill(0),
        }
        at += now.len();
        rest = later;
    }
    true
}

fn write(pages: &mut Pages, size: usize, offset: usize, bytes: &[u8]) -> bool {
    if !fits(size, offset, bytes.len()) {
        return false;
    }
    let (mut at, mut rest) = (offset, bytes);
    while !rest.is_empty() {
        let start = at % PAGE_BYTES;
        let (now, later) = rest.split_at(rest.len().min(PAGE_BYTES - start));
        let page =
            pages.entry(at / PAGE_BYTES).or_insert_with(|| vec![0; PAGE_BYTES].into_boxed_slice());
        page[start..start + now.len()].copy_from_slice(now);
        at += now.len();
        rest = later;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_across_pages_reads_back_and_the_rest_is_zero() {
        let mut memory = ExternalMemory::default();
        let bytes: Vec<u8> = (0..200).collect();
        assert!(memory.write_dram(3 * PAGE_BYTES - 100, &bytes));
        let mut back = vec![9; 202];
        assert!(memory.read_dram(3 * PAGE_BYTES - 101, &mut back));
        assert_eq!(back, [&[0], &bytes[..], &[0]].concat());
        assert_eq!(memory.dram.len(), 2);
        assert!(memory.sram.is_empty());
    }

    #[test]
    fn accesses_beyond_the_end_do_nothing() {
        let mut memory = ExternalMemory::default();
        assert!(!memory.write_sram(EXTERNAL_SRAM_BYTES - 3, &[1; 4]));
        assert!(!memory.write_dram(usize::MAX, &[1; 4]));
        let mut bytes = [7; 4];
        assert!(!memory.read_sram(EXTERNAL_SRAM_BYTES - 3, &mut bytes));
        assert_eq!(bytes, [7; 4]);
        assert!(memory.read_sram(EXTERNAL_SRAM_BYTES - 4, &mut bytes));
        assert_eq!(bytes, [0; 4]);
    }
}
