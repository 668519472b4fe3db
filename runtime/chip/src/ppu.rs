//! What belongs to a plasticity processor: memory, control register, the converters' last results
//! as its vector unit sees them, and its core while that runs.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::COLUMNS;
use crate::cores::Core;
use crate::memory_map::{CORRELATION_DEFAULTS, SRAM_BYTES};

/// Environment of one PPU.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Ppu {
    pub(crate) memory: Box<[u8; SRAM_BYTES]>,
    /// Control register: bit 0 lets the core run.
    pub(crate) control: u32,
    /// Status register: bit 0 says that the core sleeps.
    pub(crate) status: u32,
    /// Last conversion of the causal and the anticausal channels.
    pub(crate) converted: [[u8; COLUMNS]; 2],
    /// Column switches of the causal and the anticausal channels.
    pub(crate) switches: [[u8; COLUMNS]; 2],
    /// Configuration of the sensors. Programs find what they wrote; the modelled sensors have no
    /// timing that it could change, and no mode but the normal one.
    pub(crate) correlation_config: [u32; 4],
    /// The core, while the control register lets it run.
    pub(crate) core: Option<Box<Core>>,
}

impl Ppu {
    pub(crate) fn new() -> Ppu {
        let columns = [[0; COLUMNS]; 2];
        Ppu {
            memory: Box::new([0; SRAM_BYTES]),
            control: 0,
            status: 0,
            converted: columns,
            switches: columns,
            correlation_config: CORRELATION_DEFAULTS,
            core: None,
        }
    }
}
