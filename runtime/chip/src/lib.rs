//! Emulator of the BrainScaleS-2 chip.
