//! Instruction-set simulator of the PPU.
