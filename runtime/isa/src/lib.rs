//! Instruction table, encoder, decoder, assembler and disassembler of the PPU.
