//! Where everything is: the addresses a PPU uses for data, instructions and vector IO.
//!
//! Decoding only; nothing here has state. Addresses are those of the third chip version, as in the
//! public headers (libnux `vx/dls.tcc`, `vx/omnibus.h`; haldls `vx/omnibus_constants.h`).

use crate::convert::low_word;
use crate::drivers::{DRIVERS, WORDS};
use crate::{COLUMNS, ROWS};

/// Bytes of a PPU's internal memory.
pub const SRAM_BYTES: usize = 0x4000;
/// Bytes of the FPGA's SRAM.
pub const EXTERNAL_SRAM_BYTES: usize = 128 << 10;
/// Bytes of the FPGA's DRAM.
pub const EXTERNAL_DRAM_BYTES: usize = 256 << 20;
/// Bytes of a vector.
pub const VECTOR_BYTES: usize = 128;

/// Start of the FPGA's SRAM for loads and stores.
pub const EXTERNAL_SRAM_DATA: u32 = 0x4000_0000;
/// Start of the FPGA's DRAM for loads and stores.
pub const EXTERNAL_DRAM_DATA: u32 = 0x5000_0000;
/// Start of the FPGA's SRAM for instructions.
pub const EXTERNAL_SRAM_CODE: u32 = 0x8000_0000;
/// Start of the FPGA's DRAM for instructions.
pub const EXTERNAL_DRAM_CODE: u32 = 0x9000_0000;
/// Bit of a data address that selects the chip's own bus.
pub const OMNIBUS_DATA: u32 = 0x8000_0000;

/// A memory and a byte offset in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The PPU's own memory.
    Internal(usize),
    /// The FPGA's SRAM.
    Sram(usize),
    /// The FPGA's DRAM.
    Dram(usize),
}

/// What a load or store reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// A memory.
    Memory(Memory),
    /// A word of the chip's bus.
    Omnibus(u32),
}

/// `address` as an offset into the region that starts at `base`.
fn offset(address: u32, base: u32, bytes: usize) -> Option<usize> {
    let offset = usize::try_from(address.checked_sub(base)?).ok()?;
    (offset < bytes).then_some(offset)
}

/// What a load or store at byte address `address` reaches.
#[must_use]
pub fn decode_data(address: u32) -> Option<Data> {
    if address & OMNIBUS_DATA != 0 {
        return Some(Data::Omnibus((address & !OMNIBUS_DATA) >> 2));
    }
    let internal = || offset(address, 0, SRAM_BYTES).map(Memory::Internal);
    let sram = || offset(address, EXTERNAL_SRAM_DATA, EXTERNAL_SRAM_BYTES).map(Memory::Sram);
    let dram = || offset(address, EXTERNAL_DRAM_DATA, EXTERNAL_DRAM_BYTES).map(Memory::Dram);
    internal().or_else(sram).or_else(dram).map(Data::Memory)
}

/// The memory from which the instruction at byte address `address` comes.
#[must_use]
pub fn decode_fetch(address: u32) -> Option<Memory> {
    let internal = || offset(address, 0, SRAM_BYTES).map(Memory::Internal);
    let sram = || offset(address, EXTERNAL_SRAM_CODE, EXTERNAL_SRAM_BYTES).map(Memory::Sram);
    let dram = || offset(address, EXTERNAL_DRAM_CODE, EXTERNAL_DRAM_BYTES).map(Memory::Dram);
    internal().or_else(sram).or_else(dram)
}

/// A plane of the synapse array, one byte a synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Weights; permuted bits on the chip's bus, natural ones for vectors.
    Weight,
    /// Calibration bits of the sensors' time constants, bits 1 to 0.
    TimeCalibration,
    /// Calibration bits of the sensors' amplitudes, bits 1 to 0.
    AmplitudeCalibration,
    /// Addresses (labels).
    Address,
    /// Causal converter channels; writes reset correlation.
    Causal,
    /// Anticausal converter channels.
    Acausal,
    /// Causal converter channels at the voltage the sensors are reset to.
    CausalReset,
    /// Anticausal converter channels at that voltage.
    AcausalReset,
}

impl Plane {
    /// The plane selected by bits 19 to 16 of a vector IO address or of a word offset into the
    /// synapse array. Raw access (`0xf`) is not emulated: the layout of its words is not public.
    fn selected_by(bits: u32) -> Option<Plane> {
        match bits {
            0x0 => Some(Plane::Weight),
            0x1 => Some(Plane::TimeCalibration),
            0x2 => Some(Plane::AmplitudeCalibration),
            0x4 => Some(Plane::Address),
            0x8 => Some(Plane::Causal),
            0x9 => Some(Plane::CausalReset),
            0xc => Some(Plane::Acausal),
            0xd => Some(Plane::AcausalReset),
            _ => None,
        }
    }
}

/// What a vector IO access reaches: half 0 are the even columns, half 1 the odd ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorIo {
    /// Half a row of a plane.
    Synapses {
        /// The plane.
        plane: Plane,
        /// 0 to 255, or 256 for the column switches.
        row: usize,
        /// Even or odd columns.
        half: usize,
        /// Take the converters' last result instead of converting.
        buffered: bool,
    },
    /// The random generators of half of the columns.
    Generators {
        /// Even or odd columns.
        half: usize,
    },
    /// The reset lines of half of the neurons.
    NeuronReset {
        /// Even or odd columns.
        half: usize,
    },
    /// 128 bytes of the FPGA's memories.
    Memory(Memory),
}

/// The row of the column switches.
pub const SWITCH_ROW: usize = ROWS;
/// The bit of a column switch that connects the neuron to the converter (grenade
/// `neuron_view_handle.cpp` writes it before reading membranes).
pub const SWITCH_NEURON: u8 = 0x20;

const BUFFERED: u32 = 0x0020_0000;
const GENERATORS: u32 = 0x000e_0000;
const NEURON_RESET: u32 = 0x00c9_0200;
const VECTOR_SRAM: u32 = 0x80;
const VECTOR_DRAM: u32 = 0x81;

/// What a vector IO access at `address` reaches.
#[must_use]
pub fn decode_vector_io(address: u32) -> Option<VectorIo> {
    let half = usize::from(address & 1 == 1);
    match address >> 24 {
        0 => {}
        VECTOR_SRAM | VECTOR_DRAM => return decode_vector_memory(address),
        _ => return None,
    }
    if address & !1 == NEURON_RESET {
        return Some(VectorIo::NeuronReset { half });
    }
    if address & !1 == GENERATORS {
        return Some(VectorIo::Generators { half });
    }
    // Above the planes only the modifier of buffered reads is known.
    let buffered = address & BUFFERED != 0;
    let address = address & !BUFFERED;
    let plane = Plane::selected_by(address >> 16)?;
    let row = (address & 0xffff) as usize / 2;
    (row <= SWITCH_ROW).then_some(VectorIo::Synapses { plane, row, half, buffered })
}

/// Vectors of external memory are addressed in units of 16 bytes.
fn decode_vector_memory(address: u32) -> Option<VectorIo> {
    let offset = usize::try_from(address & 0x00ff_ffff).ok()? * 16;
    let (memory, bytes) = if address >> 24 == VECTOR_SRAM {
        (Memory::Sram(offset), EXTERNAL_SRAM_BYTES)
    } else {
        (Memory::Dram(offset), EXTERNAL_DRAM_BYTES)
    };
    (offset + VECTOR_BYTES <= bytes).then_some(VectorIo::Memory(memory))
}

/// What a word of the chip's bus is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// Four synapses of a plane; see [`quad_column`].
    Synapses {
        /// Hemisphere of the synapses.
        hemisphere: usize,
        /// The plane.
        plane: Plane,
        /// Synapse row.
        row: usize,
        /// Quad in the row, 0 to 63.
        quad: usize,
        /// Take the converters' last result instead of converting.
        buffered: bool,
    },
    /// Correlation reset of four synapses: any write resets both branches of all four.
    CorrelationReset {
        /// Hemisphere of the synapses.
        hemisphere: usize,
        /// Synapse row.
        row: usize,
        /// Quad in the row, 0 to 63.
        quad: usize,
    },
    /// How the sensors of a hemisphere are read and reset, see [`CORRELATION_DEFAULTS`].
    CorrelationConfig {
        /// Hemisphere of the sensors.
        hemisphere: usize,
        /// Which word.
        index: usize,
    },
    /// A word of a PPU's memory.
    PpuMemory {
        /// Hemisphere of the PPU.
        hemisphere: usize,
        /// Byte offset of the word.
        offset: usize,
    },
    /// Control register of a PPU: bit 0 lets it run.
    PpuControl {
        /// Hemisphere of the PPU.
        hemisphere: usize,
    },
    /// Status register of a PPU: bit 0 says that it sleeps.
    PpuStatus {
        /// Hemisphere of the PPU.
        hemisphere: usize,
    },
    /// Spike counter of a neuron: count in bits 7 to 0, overflow in bit 8.
    SpikeCounter(Neuron),
    /// Any write resets a neuron's spike counter.
    SpikeCounterReset(Neuron),
    /// Any write resets a neuron's membrane.
    NeuronReset(Neuron),
    /// A word of a synapse driver's configuration.
    Driver {
        /// Hemisphere of the driver.
        hemisphere: usize,
        /// Its number, 0 to 127.
        driver: usize,
        /// 0 to 2.
        word: usize,
    },
    /// Event injection, see [`Injection`].
    Injection {
        /// Hemisphere of the synapses.
        hemisphere: usize,
    },
}

/// A neuron, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neuron {
    /// 0 top, 1 bottom.
    pub hemisphere: usize,
    /// Column.
    pub column: usize,
}

/// Bus address of the synapses of the top hemisphere; those of the bottom are `HEMISPHERE_STEP` on.
pub const SYNAPSES: u32 = 0x02c0_0000;
/// Bus address of the correlation resets of the top hemisphere.
pub const CORRELATION_RESET: u32 = 0x02c9_0000;
/// Bus address of the configuration of the top hemisphere's sensors.
pub const CORRELATION_CONFIG: u32 = 0x0220_0000;
/// Its words after power-up, in order: sense delay, reset duration and reset fall time in cycles of
/// the PPU, reset mode (haldls `correlation.h`).
pub const CORRELATION_DEFAULTS: [u32; 4] = [1, 200, 5, 0];
/// Bus address of the memory of the top PPU.
pub const PPU_MEMORY: u32 = 0x0280_0000;
/// Bus address of the control register of the top PPU; the status register follows.
pub const PPU_CONTROL: u32 = 0x02a0_0000;
/// Distance of the two hemispheres' parts on the bus.
pub const HEMISPHERE_STEP: u32 = 0x0100_0000;
/// Bus addresses of event injection, top and bottom (haldls `padi_base_addresses`).
pub const INJECTION: [u32; 2] = [0x0011_0000, 0x0011_8000];
/// Bus addresses of the configuration of the drivers, top and bottom: four words a driver, of which
/// three exist (haldls `synapse_driver_sram_base_addresses`).
pub const DRIVER_CONFIG: [u32; 2] = [0x0011_0400, 0x0011_8400];
/// Bus address of the spike counters of columns 0 to 127; the others are `BACKEND_STEP` on.
pub const SPIKE_COUNTER: u32 = 0x0012_2800;
/// Bus address of the counter resets of columns 0 to 127.
pub const SPIKE_COUNTER_RESET: u32 = 0x0012_2c00;
/// Bus address of the neuron resets of columns 0 to 127.
pub const NEURON_RESET_REGISTER: u32 = 0x0012_2000;
/// Distance of the two halves of the columns on the bus.
pub const BACKEND_STEP: u32 = 0x8000;

/// Quads in a row.
const QUADS: usize = COLUMNS / 4;
/// Neurons of a backend block: half of the columns of both hemispheres.
const BACKEND_COLUMNS: usize = COLUMNS / 2;

/// `word` as an index into the `count` words at `base`.
fn index(word: u32, base: u32, count: usize) -> Option<usize> {
    offset(word, base, count)
}

/// What the word at bus address `word` is.
#[must_use]
pub fn decode_omnibus(word: u32) -> Option<Register> {
    for (hemisphere, injection) in INJECTION.into_iter().enumerate() {
        if word == injection {
            return Some(Register::Injection { hemisphere });
        }
    }
    for (hemisphere, base) in DRIVER_CONFIG.into_iter().enumerate() {
        if let Some(i) = index(word, base, 4 * DRIVERS) {
            let (driver, word) = (i / 4, i % 4);
            return (word < WORDS).then_some(Register::Driver { hemisphere, driver, word });
        }
    }
    decode_neuron(word).or_else(|| decode_hemisphere(word))
}

fn decode_neuron(word: u32) -> Option<Register> {
    neuron_at(word, SPIKE_COUNTER)
        .map(Register::SpikeCounter)
        .or_else(|| neuron_at(word, SPIKE_COUNTER_RESET).map(Register::SpikeCounterReset))
        .or_else(|| neuron_at(word, NEURON_RESET_REGISTER).map(Register::NeuronReset))
}

/// The neuron whose register `word` is, in the group that starts at `base`.
fn neuron_at(word: u32, base: u32) -> Option<Neuron> {
    let (i, side) = index(word, base, 4 * COLUMNS)
        .map(|i| (i, 0))
        .or_else(|| index(word, base + BACKEND_STEP, 4 * COLUMNS).map(|i| (i, 1)))?;
    i.is_multiple_of(4).then_some(Neuron {
        hemisphere: i / 4 / BACKEND_COLUMNS,
        column: i / 4 % BACKEND_COLUMNS + side * BACKEND_COLUMNS,
    })
}

fn decode_hemisphere(word: u32) -> Option<Register> {
    let hemisphere = match word >> 24 {
        0x02 => 0,
        0x03 => 1,
        _ => return None,
    };
    let word = (word & 0x00ff_ffff) | 0x0200_0000;
    if let Some(i) = index(word, PPU_MEMORY, SRAM_BYTES / 4) {
        return Some(Register::PpuMemory { hemisphere, offset: 4 * i });
    }
    if let Some(index) = index(word, CORRELATION_CONFIG, CORRELATION_DEFAULTS.len()) {
        return Some(Register::CorrelationConfig { hemisphere, index });
    }
    if word == PPU_CONTROL {
        return Some(Register::PpuControl { hemisphere });
    }
    if word == PPU_CONTROL + 1 {
        return Some(Register::PpuStatus { hemisphere });
    }
    if let Some(i) = index(word, CORRELATION_RESET, ROWS * QUADS) {
        return Some(Register::CorrelationReset { hemisphere, row: i / QUADS, quad: i % QUADS });
    }
    let relative = word.checked_sub(SYNAPSES)?;
    let buffered = relative & BUFFERED != 0;
    let relative = relative & !BUFFERED;
    let plane = Plane::selected_by(relative >> 16)?;
    let i = index(relative & 0xffff, 0, ROWS * QUADS)?;
    Some(Register::Synapses { hemisphere, plane, row: i / QUADS, quad: i % QUADS, buffered })
}

/// Bus address of a neuron's register in the group that starts at `base`.
#[must_use]
pub fn neuron_register(base: u32, neuron: Neuron) -> u32 {
    let [hemisphere, column] = [neuron.hemisphere, neuron.column].map(|i| low_word(i as u64));
    let columns = low_word(BACKEND_COLUMNS as u64);
    base + BACKEND_STEP * (column / columns) + 4 * (column % columns + columns * hemisphere)
}

/// Column of entry `entry` (0 in bits 31 to 24) of quad `quad`.
#[must_use]
pub const fn quad_column(quad: usize, entry: usize) -> usize {
    2 * (4 * (quad % (QUADS / 2)) + entry) + quad / (QUADS / 2)
}

/// A weight as the chip's bus shows it: bits 4 to 0 reversed, bit 5 in place. Its own inverse.
#[must_use]
pub const fn permute_weight(weight: u8) -> u8 {
    let low = weight & 0x1f;
    (weight & 0x20) | (low.reverse_bits() >> 3)
}

/// An event that a program sends into the synapse array (haldls `padi.cpp`): bits 3 to 0 say on
/// which of the four buses, bits 21 to 16 are the address, bits 26 to 22 select the driver's
/// position on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injection(pub u32);

impl Injection {
    /// The event for the driver that owns `row`.
    #[must_use]
    pub fn on_row(row: u8, address: u8) -> Injection {
        let driver = u32::from(row / 2);
        let (bus, position) = (driver % 4, driver / 4);
        Injection(1 << bus | u32::from(address & 0x3f) << 16 | position << 22)
    }

    /// Buses on which the event is, 0 to 3.
    pub fn buses(self) -> impl Iterator<Item = u8> {
        (0..4).filter(move |bus| self.0 >> bus & 1 == 1)
    }

    /// Position on the bus of the driver that is to take it.
    #[must_use]
    pub fn row_select(self) -> u8 {
        self.field(22, 5)
    }

    /// Address of the event.
    #[must_use]
    pub fn address(self) -> u8 {
        self.field(16, 6)
    }

    fn field(self, shift: u32, bits: u32) -> u8 {
        let [low, ..] = (self.0 >> shift & ((1 << bits) - 1)).to_le_bytes();
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_77_is_where_the_reference_says() {
        assert_eq!((77 & 1, 77 >> 1), (1, 38));
        assert_eq!(quad_column(41, 2), 77);
        let columns: std::collections::BTreeSet<usize> =
            (0..QUADS).flat_map(|q| (0..4).map(move |e| quad_column(q, e))).collect();
        assert_eq!(columns.len(), COLUMNS);
    }

    #[test]
    fn weight_permutation_is_an_involution_with_the_known_fixed_points() {
        assert_eq!(permute_weight(0x01), 0x10);
        assert_eq!([0x00, 0x20, 0x04].map(permute_weight), [0x00, 0x20, 0x04]);
        assert!((0..64).all(|w| permute_weight(permute_weight(w)) == w));
    }

    #[test]
    fn instructions_and_data_see_different_memories_at_the_same_address() {
        assert_eq!(decode_data(0x3fff), Some(Data::Memory(Memory::Internal(0x3fff))));
        assert_eq!(decode_data(0x4000), None);
        assert_eq!(decode_fetch(0x8000_0010), Some(Memory::Sram(0x10)));
        assert_eq!(decode_data(0x8000_0010), Some(Data::Omnibus(4)));
        assert_eq!(decode_data(0x4002_0000), None);
        assert_eq!(decode_fetch(0x9fff_fffc), Some(Memory::Dram(0x0fff_fffc)));
        assert_eq!(decode_data(0x5fff_ffff), Some(Data::Memory(Memory::Dram(0x0fff_ffff))));
        assert_eq!(decode_data(0x6000_0000), None);
    }

    #[test]
    fn vector_io_finds_planes_switches_and_memories() {
        let synapses =
            |plane, row, half, buffered| Some(VectorIo::Synapses { plane, row, half, buffered });
        assert_eq!(decode_vector_io(3), synapses(Plane::Weight, 1, 1, false));
        assert_eq!(decode_vector_io(512), synapses(Plane::Weight, SWITCH_ROW, 0, false));
        assert_eq!(decode_vector_io(514), None);
        assert_eq!(decode_vector_io(0x0028_0004), synapses(Plane::Causal, 2, 0, true));
        assert_eq!(decode_vector_io(0x000e_0001), Some(VectorIo::Generators { half: 1 }));
        assert_eq!(decode_vector_io(0x00c9_0201), Some(VectorIo::NeuronReset { half: 1 }));
        assert_eq!(decode_vector_io(0x8000_0008), Some(VectorIo::Memory(Memory::Sram(128))));
        assert_eq!(decode_vector_io(0x8000_1ff9), None);
        assert_eq!(
            decode_vector_io(0x81ff_fff8),
            Some(VectorIo::Memory(Memory::Dram(0x0fff_ff80)))
        );
        assert_eq!(decode_vector_io(0x0029_0003), synapses(Plane::CausalReset, 1, 1, true));
        for unknown in [0x000b_0000, 0x000f_0000, 0x0010_0000, 0x0100_0000, 0x8200_0000] {
            assert_eq!(decode_vector_io(unknown), None, "{unknown:x}");
        }
    }

    #[test]
    fn neuron_registers_decode_to_their_neurons() {
        for hemisphere in 0..2 {
            for column in 0..COLUMNS {
                let neuron = Neuron { hemisphere, column };
                let word = neuron_register(SPIKE_COUNTER, neuron);
                assert_eq!(decode_omnibus(word), Some(Register::SpikeCounter(neuron)));
                assert_eq!(decode_omnibus(word + 1), None);
            }
        }
        // Reference, section 4.4: bottom column 200.
        let neuron = Neuron { hemisphere: 1, column: 200 };
        assert_eq!(neuron_register(SPIKE_COUNTER_RESET, neuron), 0x0012_ac00 + 4 * (72 + 128));
    }

    #[test]
    fn bus_words_decode_on_both_hemispheres() {
        let register = |word| decode_omnibus(word);
        assert_eq!(
            register(0x0380_0fff),
            Some(Register::PpuMemory { hemisphere: 1, offset: 0x3ffc })
        );
        assert_eq!(register(0x02a0_0001), Some(Register::PpuStatus { hemisphere: 0 }));
        let reset = Register::CorrelationReset { hemisphere: 0, row: 1, quad: 2 };
        assert_eq!(register(0x02c9_0042), Some(reset));
        let causal = |buffered| Register::Synapses {
            hemisphere: 1,
            plane: Plane::Causal,
            row: 255,
            quad: 63,
            buffered,
        };
        assert_eq!(register(0x03c8_3fff), Some(causal(false)));
        assert_eq!(register(0x03e8_3fff), Some(causal(true)));
        let config = Register::CorrelationConfig { hemisphere: 1, index: 3 };
        assert_eq!(register(0x0320_0003), Some(config));
        assert_eq!(register(0x0220_0004), None);
        assert_eq!(register(0x0011_8000), Some(Register::Injection { hemisphere: 1 }));
        let driver = Register::Driver { hemisphere: 1, driver: 5, word: 2 };
        assert_eq!(register(0x0011_8416), Some(driver));
        assert_eq!(register(0x0011_8417), None);
        assert_eq!(register(0x02c0_4000), None);
        assert_eq!(register(0), None);
    }

    #[test]
    fn injections_name_buses_position_and_address() {
        for (row, bus, position) in [(0_u8, 0, 0), (1, 0, 0), (7, 3, 0), (128, 0, 16), (255, 3, 31)]
        {
            let injection = Injection::on_row(row, 0x2a);
            assert_eq!((injection.address(), injection.row_select()), (0x2a, position));
            assert_eq!(injection.buses().collect::<Vec<_>>(), [bus]);
        }
        // The word of haldls' own test: buses 0 and 2, address 13, row select 7.
        let injection = Injection(0b0101 | 13 << 16 | 7 << 22);
        assert_eq!((injection.address(), injection.row_select()), (13, 7));
        assert_eq!(injection.buses().collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn no_address_panics() {
        for high in 0..=0xffff_u32 {
            for low in [0, 1, 0x0fff, 0x4000, 0xfffc, 0xffff] {
                let address = high << 16 | low;
                let _ = (decode_data(address), decode_fetch(address), decode_vector_io(address));
                let _ = decode_omnibus(address >> 2);
                let _ = Injection(address).buses().count();
            }
        }
    }
}
