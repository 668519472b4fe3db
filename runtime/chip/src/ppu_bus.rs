//! The chip as one of its PPUs sees it: memories, vector IO, and the chip's bus.
//!
//! An access that reaches nothing is a fault, never a zero. Time does not pass during an access:
//! whoever runs the program moves the chip's clock. What accesses take ([`ChipLatencies`]) counts
//! in the core's cycle model; for a core of the chip each access acts at its tick.

use pl_isa::latency::{ChipLatencies, Wait};
use pl_iss::{Access, Bus, BusFault, Vector, Width};

use crate::COLUMNS;
use crate::chip::Chip;
use crate::correlation::Branch;
use crate::memory_map::{
    Data, Injection, Memory, Neuron, Plane, Register, SWITCH_NEURON, SWITCH_ROW, VECTOR_BYTES,
    VectorIo, decode_data, decode_fetch, decode_omnibus, decode_vector_io, permute_weight,
    quad_column,
};
use crate::synapse_array::{column_of_lane, half_row};

/// Access of the PPU of one hemisphere to its chip; see [`Chip::ppu`].
#[derive(Debug)]
pub struct PpuBus<'a> {
    chip: &'a mut Chip,
    h: usize,
    latencies: ChipLatencies,
    /// Tick of the core's cycle 0, if it runs in the chip's time.
    origin: Option<u64>,
}

/// What the converters sample of the sensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sampled {
    /// What they have accumulated since their reset.
    Correlation,
    /// The voltage they are reset to. That the planes of reset voltages show it is our reading of
    /// their names in libnux (`dls.tcc`), which no public program uses.
    ResetVoltage,
}

/// Lanes whose bit is set, with their columns.
fn enabled_columns(half: usize, enabled: u128) -> impl Iterator<Item = (usize, usize)> {
    let lanes = 0..VECTOR_BYTES;
    lanes.filter(move |lane| enabled >> lane & 1 == 1).map(move |l| (l, column_of_lane(half, l)))
}

impl<'a> PpuBus<'a> {
    pub(crate) fn new(chip: &'a mut Chip, h: usize) -> PpuBus<'a> {
        PpuBus { chip, h, latencies: ChipLatencies::DEFAULT, origin: None }
    }

    /// The same access of a core whose cycle 0 was this tick: accesses act at their ticks.
    pub(crate) fn since(self, origin: u64) -> PpuBus<'a> {
        PpuBus { origin: Some(origin), ..self }
    }

    /// The same access with other latencies.
    #[must_use]
    pub fn with_latencies(self, latencies: ChipLatencies) -> PpuBus<'a> {
        PpuBus { latencies, ..self }
    }

    /// The chip.
    #[must_use]
    pub fn chip(&self) -> &Chip {
        self.chip
    }

    fn read_memory(&self, memory: Memory, bytes: &mut [u8]) -> Option<()> {
        match memory {
            Memory::Internal(offset) => {
                let memory = &self.chip.hemispheres[self.h].ppu.memory;
                bytes.copy_from_slice(memory.get(offset..offset + bytes.len())?);
                Some(())
            }
            Memory::Sram(_) | Memory::Dram(_) => {
                self.chip.external.read(memory, bytes).then_some(())
            }
        }
    }

    fn write_memory(&mut self, memory: Memory, bytes: &[u8]) -> Option<()> {
        match memory {
            Memory::Internal(offset) => {
                let memory = &mut self.chip.hemispheres[self.h].ppu.memory;
                memory.get_mut(offset..offset + bytes.len())?.copy_from_slice(bytes);
                Some(())
            }
            Memory::Sram(_) | Memory::Dram(_) => {
                self.chip.external.write(memory, bytes).then_some(())
            }
        }
    }

    fn fetch_word(&self, address: u32) -> Option<u32> {
        let mut word = [0; 4];
        self.read_memory(decode_fetch(address)?, &mut word)?;
        Some(u32::from_be_bytes(word))
    }

    /// The big-endian value of `bytes` bytes; the bus has whole words only.
    fn load_bytes(&mut self, address: u32, bytes: usize) -> Option<u32> {
        match decode_data(address)? {
            Data::Memory(memory) => {
                let mut word = [0; 4];
                self.read_memory(memory, &mut word[4 - bytes..])?;
                Some(u32::from_be_bytes(word))
            }
            Data::Omnibus(word) if bytes == 4 => self.read_register(decode_omnibus(word)?),
            Data::Omnibus(_) => None,
        }
    }

    fn store_bytes(&mut self, address: u32, bytes: usize, value: u32) -> Option<()> {
        match decode_data(address)? {
            Data::Memory(memory) => self.write_memory(memory, &value.to_be_bytes()[4 - bytes..]),
            Data::Omnibus(word) if bytes == 4 => self.write_register(decode_omnibus(word)?, value),
            Data::Omnibus(_) => None,
        }
    }

    /// Vectors are loaded from and stored to the data view of all memories (ppu-isa reference, 2.7).
    fn load_vector(&self, address: u32) -> Option<Vector> {
        let mut vector = [0; VECTOR_BYTES];
        match decode_data(address)? {
            Data::Memory(memory) => self.read_memory(memory, &mut vector)?,
            Data::Omnibus(_) => return None,
        }
        Some(vector)
    }

    fn store_vector(&mut self, address: u32, vector: &Vector) -> Option<()> {
        match decode_data(address)? {
            Data::Memory(memory) => self.write_memory(memory, vector),
            Data::Omnibus(_) => None,
        }
    }

    fn read_vector_io(&mut self, address: u32) -> Option<Vector> {
        match decode_vector_io(address)? {
            VectorIo::Synapses { plane, row: SWITCH_ROW, half, .. } => {
                Some(half_row(&self.chip.hemispheres[self.h].ppu.switches[switch(plane)?], half))
            }
            VectorIo::Synapses { plane, row, half, buffered } => {
                Some(half_row(&self.read_row(self.h, plane, row, buffered), half))
            }
            VectorIo::Generators { half } => {
                Some(self.chip.hemispheres[self.h].generators.read(half))
            }
            VectorIo::NeuronReset { .. } => None,
            VectorIo::Memory(memory) => {
                let mut vector = [0; VECTOR_BYTES];
                self.read_memory(memory, &mut vector)?;
                Some(vector)
            }
        }
    }

    fn write_vector_io(&mut self, address: u32, value: &Vector, enabled: u128) -> Option<()> {
        let h = self.h;
        match decode_vector_io(address)? {
            VectorIo::Synapses { plane, row: SWITCH_ROW, half, .. } => {
                let switches = &mut self.chip.hemispheres[h].ppu.switches[switch(plane)?];
                for (lane, column) in enabled_columns(half, enabled) {
                    switches[column] = value[lane];
                }
            }
            VectorIo::Synapses { plane: Plane::Causal, row, half, .. } => {
                let mut bits = [0; COLUMNS];
                for (lane, column) in enabled_columns(half, enabled) {
                    bits[column] = value[lane];
                }
                self.chip.reset_correlation_row(h, row, &bits);
            }
            VectorIo::Synapses { plane, row, half, .. } => {
                let mut bytes = self.stored_row(h, plane, row)?;
                for (lane, column) in enabled_columns(half, enabled) {
                    bytes[column] = value[lane];
                }
                self.write_row(h, plane, row, &bytes);
            }
            VectorIo::Generators { half } => {
                for (lane, column) in enabled_columns(half, enabled) {
                    self.chip.hemispheres[h].generators.seed(column, value[lane]);
                }
            }
            VectorIo::NeuronReset { half } => {
                for (_, column) in enabled_columns(half, enabled) {
                    self.chip.hemispheres[h].reset_membrane(column);
                }
            }
            VectorIo::Memory(memory) => {
                let mut vector = [0; VECTOR_BYTES];
                self.read_memory(memory, &mut vector)?;
                for (lane, _) in enabled_columns(0, enabled) {
                    vector[lane] = value[lane];
                }
                self.write_memory(memory, &vector)?;
            }
        }
        Some(())
    }

    fn read_register(&mut self, register: Register) -> Option<u32> {
        match register {
            Register::Synapses { hemisphere, plane, row, quad, buffered } => {
                let bytes = self.read_row(hemisphere, plane, row, buffered);
                let entries = [0, 1, 2, 3].map(|entry| bytes[quad_column(quad, entry)]);
                let permuted = plane == Plane::Weight;
                let entries = if permuted { entries.map(permute_weight) } else { entries };
                Some(u32::from_be_bytes(entries))
            }
            Register::PpuMemory { hemisphere, offset } => {
                let memory = &self.chip.hemispheres[hemisphere].ppu.memory;
                let (word, _) = memory.get(offset..)?.split_first_chunk()?;
                Some(u32::from_be_bytes(*word))
            }
            Register::PpuControl { hemisphere } => {
                Some(self.chip.hemispheres[hemisphere].ppu.control)
            }
            Register::PpuStatus { hemisphere } => {
                Some(self.chip.hemispheres[hemisphere].ppu.status)
            }
            Register::CorrelationConfig { hemisphere, index } => {
                self.chip.hemispheres[hemisphere].ppu.correlation_config.get(index).copied()
            }
            Register::Driver { hemisphere, driver, word } => {
                Some(self.chip.hemispheres[hemisphere].drivers.register(driver, word))
            }
            Register::SpikeCounter(Neuron { hemisphere, column }) => {
                Some(u32::from(self.chip.hemispheres[hemisphere].counter(column)))
            }
            Register::CorrelationReset { .. }
            | Register::SpikeCounterReset(_)
            | Register::NeuronReset(_)
            | Register::Injection { .. } => None,
        }
    }

    fn write_register(&mut self, register: Register, value: u32) -> Option<()> {
        match register {
            Register::Synapses { hemisphere, plane, row, quad, .. } => {
                let mut bytes = self.stored_row(hemisphere, plane, row)?;
                for (entry, byte) in value.to_be_bytes().into_iter().enumerate() {
                    let byte = if plane == Plane::Weight { permute_weight(byte) } else { byte };
                    bytes[quad_column(quad, entry)] = byte;
                }
                self.write_row(hemisphere, plane, row, &bytes);
            }
            Register::CorrelationReset { hemisphere, row, quad } => {
                let mut bits = [0; COLUMNS];
                for entry in 0..4 {
                    bits[quad_column(quad, entry)] = 3;
                }
                self.chip.reset_correlation_row(hemisphere, row, &bits);
            }
            Register::PpuMemory { hemisphere, offset } => {
                let memory = &mut self.chip.hemispheres[hemisphere].ppu.memory;
                let (word, _) = memory.get_mut(offset..)?.split_first_chunk_mut()?;
                *word = value.to_be_bytes();
            }
            Register::PpuControl { hemisphere } => {
                self.chip.set_ppu_control(hemisphere, value);
            }
            Register::CorrelationConfig { hemisphere, index } => {
                let config = &mut self.chip.hemispheres[hemisphere].ppu.correlation_config;
                *config.get_mut(index)? = value;
            }
            Register::SpikeCounterReset(Neuron { hemisphere, column }) => {
                self.chip.hemispheres[hemisphere].reset_counter(column);
            }
            Register::NeuronReset(Neuron { hemisphere, column }) => {
                self.chip.hemispheres[hemisphere].reset_membrane(column);
            }
            Register::Driver { hemisphere, driver, word } => {
                let time = self.chip.now();
                let drivers = &mut self.chip.hemispheres[hemisphere].drivers;
                drivers.write_register(driver, word, value, time);
            }
            Register::Injection { hemisphere } => self.chip.inject(hemisphere, Injection(value)),
            Register::PpuStatus { .. } | Register::SpikeCounter(_) => return None,
        }
        Some(())
    }

    /// What a parallel access takes.
    fn io_wait(&self, address: u32, reads: bool) -> Wait {
        let l = &self.latencies;
        match decode_vector_io(address) {
            Some(VectorIo::Synapses {
                plane: Plane::Causal | Plane::Acausal | Plane::CausalReset | Plane::AcausalReset,
                buffered: false,
                ..
            }) if reads => Wait::answer(l.conversion_cycles),
            Some(VectorIo::Memory(_)) if reads => Wait::answer(l.external_read_cycles),
            Some(VectorIo::Memory(_)) => {
                Wait { answer_cycles: l.external_write_cycles, busy_cycles: l.external_busy_cycles }
            }
            Some(
                VectorIo::Synapses { .. }
                | VectorIo::Generators { .. }
                | VectorIo::NeuronReset { .. },
            ) => Wait::answer(l.half_row_cycles),
            None => Wait::NONE,
        }
    }

    /// What a scalar load or store takes; stores are not waited for.
    fn scalar_wait(&self, address: u32, reads: bool) -> Wait {
        let l = &self.latencies;
        let serial = |cycles| Wait { answer_cycles: cycles, busy_cycles: cycles };
        match decode_data(address) {
            Some(Data::Omnibus(word)) => match decode_omnibus(word) {
                Some(Register::SpikeCounter(_)) => serial(l.counter_read_cycles),
                Some(Register::SpikeCounterReset(_)) => serial(l.counter_reset_cycles),
                _ if reads => Wait::answer(l.bus_read_cycles),
                _ => Wait::NONE,
            },
            Some(Data::Memory(Memory::Sram(_) | Memory::Dram(_))) if reads => {
                Wait::answer(l.external_load_cycles)
            }
            Some(Data::Memory(_)) | None => Wait::NONE,
        }
    }

    /// What a vector load or store takes: external memory as on the parallel bus, for want of a
    /// figure of its own.
    fn vector_wait(&self, address: u32, access: Access) -> Wait {
        let l = &self.latencies;
        match (decode_data(address), access) {
            (Some(Data::Memory(Memory::Sram(_) | Memory::Dram(_))), Access::VectorLoad) => {
                Wait::answer(l.external_read_cycles)
            }
            (Some(Data::Memory(Memory::Sram(_) | Memory::Dram(_))), _) => l.external_write(),
            (Some(Data::Memory(Memory::Internal(_)) | Data::Omnibus(_)) | None, _) => {
                Wait::answer(l.vector_memory_cycles)
            }
        }
    }

    /// A row of a plane; reading a converter channel converts unless `buffered`.
    fn read_row(&mut self, h: usize, plane: Plane, row: usize, buffered: bool) -> [u8; COLUMNS] {
        let (branch, sampled) = match plane {
            Plane::Causal => (Branch::Causal, Sampled::Correlation),
            Plane::Acausal => (Branch::Acausal, Sampled::Correlation),
            Plane::CausalReset => (Branch::Causal, Sampled::ResetVoltage),
            Plane::AcausalReset => (Branch::Acausal, Sampled::ResetVoltage),
            Plane::Weight => return self.chip.weights_row(h, row),
            Plane::Address => return self.chip.address_row(h, row),
            Plane::TimeCalibration => {
                return *self.chip.hemispheres[h].synapses.time_calibration.row(row);
            }
            Plane::AmplitudeCalibration => {
                return *self.chip.hemispheres[h].synapses.amplitude_calibration.row(row);
            }
        };
        if !buffered {
            self.convert(h, row, sampled);
        }
        self.chip.hemispheres[h].ppu.converted[branch.index()]
    }

    /// Converts all channels: those of the sensors of `row`, or of the neurons where the column
    /// switches say so.
    fn convert(&mut self, h: usize, row: usize, sampled: Sampled) {
        let time = self.chip.now();
        let hemisphere = &mut self.chip.hemispheres[h];
        hemisphere.settle();
        for branch in Branch::BOTH {
            let b = branch.index();
            let mut codes = match sampled {
                Sampled::Correlation => hemisphere.correlation_codes(row, branch, time),
                Sampled::ResetVoltage => hemisphere.reset_codes(row, branch, time),
            };
            let to_neuron = hemisphere.ppu.switches[b].map(|s| s & SWITCH_NEURON != 0);
            if to_neuron.contains(&true) {
                let membranes = hemisphere.membrane_codes(branch, time);
                for column in (0..COLUMNS).filter(|&column| to_neuron[column]) {
                    codes[column] = membranes[column];
                }
            }
            hemisphere.ppu.converted[b] = codes;
        }
    }

    /// A row of a plane that holds what is written to it.
    fn stored_row(&mut self, h: usize, plane: Plane, row: usize) -> Option<[u8; COLUMNS]> {
        match plane {
            Plane::Causal | Plane::Acausal | Plane::CausalReset | Plane::AcausalReset => None,
            Plane::Weight
            | Plane::Address
            | Plane::TimeCalibration
            | Plane::AmplitudeCalibration => Some(self.read_row(h, plane, row, true)),
        }
    }

    fn write_row(&mut self, h: usize, plane: Plane, row: usize, bytes: &[u8; COLUMNS]) {
        match plane {
            Plane::Weight => self.chip.write_weights_row(h, row, bytes),
            Plane::Address => self.chip.write_address_row(h, row, bytes),
            Plane::TimeCalibration => self.chip.write_time_calibration_row(h, row, bytes),
            Plane::AmplitudeCalibration => self.chip.write_amplitude_calibration_row(h, row, bytes),
            Plane::Causal | Plane::Acausal | Plane::CausalReset | Plane::AcausalReset => {}
        }
    }
}

impl Bus for PpuBus<'_> {
    fn fetch(&mut self, address: u32) -> Result<u32, BusFault> {
        self.fetch_word(address).ok_or(BusFault { address, access: Access::Fetch })
    }

    fn load(&mut self, address: u32, width: Width) -> Result<u32, BusFault> {
        self.load_bytes(address, width.bytes() as usize)
            .ok_or(BusFault { address, access: Access::Load })
    }

    fn store(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusFault> {
        self.store_bytes(address, width.bytes() as usize, value)
            .ok_or(BusFault { address, access: Access::Store })
    }

    fn vector_load(&mut self, address: u32) -> Result<Vector, BusFault> {
        self.load_vector(address).ok_or(BusFault { address, access: Access::VectorLoad })
    }

    fn vector_store(&mut self, address: u32, value: &Vector) -> Result<(), BusFault> {
        self.store_vector(address, value).ok_or(BusFault { address, access: Access::VectorStore })
    }

    fn io_read(&mut self, address: u32) -> Result<Vector, BusFault> {
        self.read_vector_io(address).ok_or(BusFault { address, access: Access::IoRead })
    }

    fn io_write(&mut self, address: u32, value: &Vector, enabled: u128) -> Result<(), BusFault> {
        self.write_vector_io(address, value, enabled)
            .ok_or(BusFault { address, access: Access::IoWrite })
    }

    fn set_cycle(&mut self, cycle: u64) {
        if let Some(origin) = self.origin {
            self.chip.time = origin.saturating_add(cycle);
        }
    }

    fn wait(&self, access: Access, address: u32) -> Wait {
        match access {
            Access::Fetch => Wait::NONE,
            Access::Load => self.scalar_wait(address, true),
            Access::Store => self.scalar_wait(address, false),
            Access::VectorLoad | Access::VectorStore => self.vector_wait(address, access),
            Access::IoRead => self.io_wait(address, true),
            Access::IoWrite => self.io_wait(address, false),
        }
    }
}

/// Which column switches the switch row of a plane holds: those of the causal channels beside the
/// weights, those of the anticausal ones beside the addresses.
fn switch(plane: Plane) -> Option<usize> {
    match plane {
        Plane::Weight => Some(Branch::Causal.index()),
        Plane::Address => Some(Branch::Acausal.index()),
        Plane::TimeCalibration
        | Plane::AmplitudeCalibration
        | Plane::Causal
        | Plane::Acausal
        | Plane::CausalReset
        | Plane::AcausalReset => None,
    }
}

#[cfg(test)]
mod tests;
