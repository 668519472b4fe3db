//! A PPU's memory as the host sees it.

use crate::engine::EngineError;

/// Bytes from address 0, words big endian.
pub(super) struct Memory<'a>(pub(super) &'a mut [u8]);

impl Memory<'_> {
    fn slice(&mut self, address: u32, len: usize) -> Result<&mut [u8], EngineError> {
        let rest = self.0.get_mut(address as usize..).unwrap_or_default();
        rest.get_mut(..len).ok_or_else(|| {
            EngineError::new(format!("the image names {address:#x}, which is outside its memory"))
        })
    }

    pub(super) fn set_bytes(&mut self, address: u32, bytes: &[u8]) -> Result<(), EngineError> {
        self.slice(address, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    pub(super) fn word(&mut self, address: u32) -> Result<u32, EngineError> {
        let bytes = self.slice(address, 4)?;
        Ok(bytes.iter().fold(0, |word, byte| (word << 8) | u32::from(*byte)))
    }
}
