//! What compiler and runtime both know of the chip's size and clock.

/// Synapse rows of a hemisphere.
pub const ROWS: u16 = 256;
/// Columns of a hemisphere: synapses of a row, and neurons.
pub const COLUMNS: u16 = 256;
/// Ticks of 4 ns in a microsecond of hardware time: cycles of the PPU clock, 250 MHz (libnux
/// `vx/time.h`).
pub const TICKS_PER_US: u64 = 250;
