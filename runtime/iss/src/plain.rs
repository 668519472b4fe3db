//! A flat memory and one IO cell an address: what the golden programs run on.

use std::collections::BTreeMap;

use crate::bus::{Access, Bus, BusFault, VECTOR_BYTES, Vector, Width};

/// Flat memory from address 0 and an IO space where every address is a cell of 128 bytes.
///
/// IO cells hold what was written last and zeros before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlainBus {
    /// Memory from address 0.
    pub memory: Vec<u8>,
    /// IO cells that were written, by address.
    pub io: BTreeMap<u32, Vector>,
}

impl PlainBus {
    /// Memory of so many zero bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { memory: vec![0; bytes], io: BTreeMap::new() }
    }

    /// The same with words placed from an address on.
    ///
    /// # Panics
    /// If they do not fit.
    #[must_use]
    pub fn with_words(mut self, address: u32, words: &[u32]) -> Self {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
        let start = address as usize;
        self.memory[start..start + bytes.len()].copy_from_slice(&bytes);
        self
    }

    #[inline]
    fn at<const N: usize>(&self, address: u32, access: Access) -> Result<[u8; N], BusFault> {
        let rest = self.memory.get(address as usize..).unwrap_or_default();
        rest.first_chunk().copied().ok_or(BusFault { address, access })
    }

    #[inline]
    fn put(&mut self, address: u32, bytes: &[u8], access: Access) -> Result<(), BusFault> {
        let start = address as usize;
        match self.memory.get_mut(start..start + bytes.len()) {
            Some(target) => {
                target.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(BusFault { address, access }),
        }
    }
}

impl Bus for PlainBus {
    #[inline]
    fn fetch(&mut self, address: u32) -> Result<u32, BusFault> {
        self.at(address, Access::Fetch).map(u32::from_be_bytes)
    }

    #[inline]
    fn load(&mut self, address: u32, width: Width) -> Result<u32, BusFault> {
        match width {
            Width::Byte => self.at(address, Access::Load).map(|[b]: [u8; 1]| b.into()),
            Width::Half => self.at(address, Access::Load).map(|b| u16::from_be_bytes(b).into()),
            Width::Word => self.at(address, Access::Load).map(u32::from_be_bytes),
        }
    }

    #[inline]
    fn store(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusFault> {
        let [_, _, high, low] = value.to_be_bytes();
        match width {
            Width::Byte => self.put(address, &[low], Access::Store),
            Width::Half => self.put(address, &[high, low], Access::Store),
            Width::Word => self.put(address, &value.to_be_bytes(), Access::Store),
        }
    }

    #[inline]
    fn vector_load(&mut self, address: u32) -> Result<Vector, BusFault> {
        self.at(address, Access::VectorLoad)
    }

    #[inline]
    fn vector_store(&mut self, address: u32, value: &Vector) -> Result<(), BusFault> {
        self.put(address, value, Access::VectorStore)
    }

    fn io_read(&mut self, address: u32) -> Result<Vector, BusFault> {
        Ok(self.io.get(&address).copied().unwrap_or([0; VECTOR_BYTES]))
    }

    fn io_write(&mut self, address: u32, value: &Vector, enabled: u128) -> Result<(), BusFault> {
        let cell = self.io.entry(address).or_insert([0; VECTOR_BYTES]);
        for (lane, (old, new)) in cell.iter_mut().zip(value).enumerate() {
            if enabled >> lane & 1 == 1 {
                *old = *new;
            }
        }
        Ok(())
    }
}
