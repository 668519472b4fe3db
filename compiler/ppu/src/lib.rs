//! PPU machine code for the IR.
