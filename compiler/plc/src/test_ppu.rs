//! Tests on PPU programs: an emulated chip whose sensors read what the test gives.

mod records;

use pl_chip::memory_map::{
    Data, Injection, Plane, Register, SWITCH_NEURON, SWITCH_ROW, VectorIo, decode_data,
    decode_omnibus, decode_vector_io,
};
use pl_chip::{Chip, ChipConfig, PpuBus, column_of_lane, half_row};
use pl_driver::Rule;
use pl_driver::ir::io::{COLUMNS, Event, ObjectValues};
use pl_driver::ppu::Program;
use pl_driver::test_run::{BASELINE, Bench, Effects, Executor};
use pl_isa::elf::Image;
use pl_isa::image::{Command, INFO_SECTION, Info, Place, ROW_BYTES, Status, Storage, symbol};
use pl_iss::{Access, Bus, BusFault, Cpu, Step, Vector, Width};

/// Most instructions of a command: far more than the slowest update of 256 rows takes.
const INSTRUCTIONS_MAX: u64 = 50_000_000;
/// The hemisphere of tests.
const TOP: usize = 0;

/// The PPU program of a rule on the simulator.
#[derive(Debug)]
pub struct OnPpu {
    image: Image,
    info: Info,
    chip: Chip,
    cpu: Cpu,
}

impl OnPpu {
    /// Loads the program of a rule.
    ///
    /// # Errors
    /// If it has none, or the image is not as the contract with hosts says.
    pub fn new(rule: &Rule) -> Result<OnPpu, String> {
        OnPpu::load(rule.program().map_err(|error| error.to_string())?)
    }

    /// Loads a program.
    ///
    /// # Errors
    /// If the image is not as the contract with hosts says.
    pub fn load(program: &Program) -> Result<OnPpu, String> {
        let image = program.image.clone();
        let note = image.sections.iter().find(|section| section.name == INFO_SECTION);
        let text = match note.map(|section| &section.contents) {
            Some(pl_isa::elf::Contents::Bytes(bytes)) => core::str::from_utf8(bytes).ok(),
            Some(pl_isa::elf::Contents::Zeros(_)) | None => None,
        };
        let text = text.ok_or_else(|| format!("the image has no section {INFO_SECTION}"))?;
        let info = Info::parse(text).map_err(|error| error.to_string())?;
        let mut chip = Chip::new(&ChipConfig::ideal(), 0);
        let memory = chip.ppu_memory_mut(TOP);
        let size = u32::try_from(memory.len()).unwrap_or(u32::MAX);
        memory.copy_from_slice(&image.internal_memory(size)?);
        Ok(OnPpu { image, info, chip, cpu: Cpu::new() })
    }

    fn address(&self, name: &str) -> Result<u32, String> {
        let found = self.image.symbol(name).map(|symbol| symbol.value);
        found.ok_or_else(|| format!("the image has no symbol `{name}`"))
    }

    fn set_bytes(&mut self, address: u32, bytes: &[u8]) -> Result<(), String> {
        let start = address as usize;
        let target = self.chip.ppu_memory_mut(TOP).get_mut(start..start + bytes.len());
        target
            .ok_or_else(|| format!("{address:#x} is outside of the memory"))?
            .copy_from_slice(bytes);
        Ok(())
    }

    fn set(&mut self, name: &str, value: u32) -> Result<(), String> {
        self.set_bytes(self.address(name)?, &value.to_be_bytes())
    }

    fn bytes<const N: usize>(&self, address: u32) -> Result<[u8; N], String> {
        let rest = self.chip.ppu_memory(TOP).get(address as usize..).unwrap_or_default();
        let bytes = rest.first_chunk().copied();
        bytes.ok_or_else(|| format!("{address:#x} is outside of the memory"))
    }

    fn word(&self, address: u32) -> Result<u32, String> {
        Ok(u32::from_be_bytes(self.bytes(address)?))
    }

    /// Puts the bench into chip and memory.
    fn poke(&mut self, bench: &Bench) -> Result<(), String> {
        let state = &bench.instance.state;
        let rows = u32::try_from(bench.rows.len()).unwrap_or(u32::MAX);
        self.set(symbol::HEMISPHERE, 0)?;
        self.set(symbol::VIEW_ROWS, rows)?;
        self.set(symbol::EXTERNAL_BASE, 0)?;
        self.set(symbol::UPDATE_INDEX, state.update_index)?;
        self.set_bytes(self.address(symbol::VIEW_ROW_TABLE)?, &bench.rows)?;
        self.set_bytes(self.address(symbol::ROW_SIGNS)?, &vec![1; bench.rows.len()])?;
        let mut mask = [0; COLUMNS];
        for (column, inside) in bench.columns.iter().enumerate() {
            mask[Place::of_column(column).byte_index()] = inside & 1;
        }
        self.set_bytes(self.address(symbol::COLUMN_MASK)?, &mask)?;
        let derived: Vec<u8> = state.derived.iter().flat_map(|value| value.to_be_bytes()).collect();
        self.set_bytes(self.address(symbol::DERIVED)?, &derived)?;
        for (name, values) in [(symbol::RNG_X, &state.rng_x), (symbol::RNG_CARRY, &state.rng_carry)]
        {
            if let Ok(address) = self.address(name) {
                self.set_bytes(address, &row_bytes(&values[..]))?;
            }
        }
        if self.address(symbol::RNG_WORD).is_ok() {
            self.set(symbol::RNG_WORD, state.rng_word)?;
        }
        if let Ok(address) = self.address(symbol::RNG_SEED) {
            let mut seeds = [0; COLUMNS];
            for (column, seed) in state.rng_carry.iter().enumerate() {
                seeds[Place::of_column(column).byte_index()] = seed.to_le_bytes()[0];
            }
            self.set_bytes(address, &seeds)?;
            self.chip.set_random_generators(TOP, &state.rng_x);
        }
        let synapses = bench.weights.chunks(COLUMNS).zip(bench.addresses.chunks(COLUMNS));
        for (row, (weights, addresses)) in bench.rows.iter().zip(synapses) {
            let row = usize::from(*row);
            self.chip.write_address_row(TOP, row, &whole_row(addresses));
            if self.info.signed {
                let part = |sign: i8| {
                    let positive = |weight: u8| u8::try_from(sign * weight.cast_signed());
                    whole_row(weights).map(|weight| positive(weight).unwrap_or(0))
                };
                self.chip.write_weights_row(TOP, row, &part(1));
                self.chip.write_weights_row(TOP, row + 1, &part(-1));
                self.chip.write_address_row(TOP, row + 1, &whole_row(addresses));
            } else {
                self.chip.write_weights_row(TOP, row, &whole_row(weights));
            }
        }
        Ok(())
    }

    /// Puts states and inputs into memory. Before the start the image sets them up itself.
    fn poke_objects(&mut self, bench: &Bench) -> Result<(), String> {
        for (index, values) in bench.instance.state.objects.iter().enumerate() {
            let storage = self.info.objects[index].storage;
            match values {
                ObjectValues::Lanes(lanes) => {
                    for (row, lanes) in (0..).zip(lanes.chunks(COLUMNS)) {
                        let lanes: Vec<u16> = lanes.iter().map(|x| x.cast_unsigned()).collect();
                        let bytes = row_bytes(&lanes);
                        self.set_row(index, storage, row * ROW_BYTES, &bytes)?;
                    }
                }
                ObjectValues::Scalars(words) => {
                    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
                    self.set_row(index, storage, 0, &bytes)?;
                }
            }
        }
        Ok(())
    }

    /// Bytes of an object, from `offset` on.
    fn set_row(
        &mut self,
        index: usize,
        storage: Storage,
        offset: u32,
        bytes: &[u8],
    ) -> Result<(), String> {
        match storage {
            Storage::Internal => {
                let Ok(address) = self.address(&self.info.object_symbol(index)) else {
                    return Ok(()); // never used by the program
                };
                self.set_bytes(address + offset, bytes)
            }
            Storage::External(base) => {
                let at = (base + offset) as usize;
                let written = self.chip.external_memory_mut().write_dram(at, bytes);
                if written { Ok(()) } else { Err("a state lies outside of the memory".to_owned()) }
            }
        }
    }

    /// Takes what the program changed back to the bench.
    fn read_back(&self, bench: &mut Bench) -> Result<(), String> {
        for (position, row) in bench.rows.iter().map(|row| usize::from(*row)).enumerate() {
            let lanes = position * COLUMNS..(position + 1) * COLUMNS;
            let mut weights = self.chip.weights_row(TOP, row);
            if self.info.signed {
                let second = self.chip.weights_row(TOP, row + 1);
                for (weight, inhibits) in weights.iter_mut().zip(second) {
                    *weight = weight.wrapping_sub(inhibits);
                }
                if self.chip.address_row(TOP, row) != self.chip.address_row(TOP, row + 1) {
                    return Err(format!("the addresses of rows {row} and {} differ", row + 1));
                }
            }
            bench.weights[lanes.clone()].copy_from_slice(&weights);
            bench.addresses[lanes].copy_from_slice(&self.chip.address_row(TOP, row));
        }
        let state = &mut bench.instance.state;
        state.update_index = self.word(self.address(symbol::UPDATE_INDEX)?)?;
        for (name, values) in
            [(symbol::RNG_X, &mut state.rng_x), (symbol::RNG_CARRY, &mut state.rng_carry)]
        {
            if let Ok(address) = self.address(name) {
                values.copy_from_slice(&columns(&self.bytes(address)?));
            }
        }
        if let Ok(address) = self.address(symbol::RNG_WORD) {
            state.rng_word = self.word(address)?;
        }
        if self.image.symbol(symbol::RNG_SEED).is_some() {
            *state.rng_x = self.chip.random_generators(TOP);
        }
        for (index, values) in state.objects.iter_mut().enumerate() {
            let storage = self.info.objects[index].storage;
            match (values, self.address(&self.info.object_symbol(index))) {
                (ObjectValues::Lanes(lanes), internal) => {
                    for (row, lanes) in (0..).zip(lanes.chunks_mut(COLUMNS)) {
                        let bytes = match (storage, &internal) {
                            (Storage::Internal, Ok(address)) => {
                                self.bytes(address + row * ROW_BYTES)?
                            }
                            (Storage::Internal, Err(_)) => continue,
                            (Storage::External(base), _) => {
                                self.external(base + row * ROW_BYTES)?
                            }
                        };
                        let values = columns(&bytes).map(u16::cast_signed);
                        lanes.copy_from_slice(&values);
                    }
                }
                (ObjectValues::Scalars(words), Ok(address)) => {
                    for (at, word) in (address..).step_by(4).zip(words) {
                        *word = self.word(at)?.cast_signed();
                    }
                }
                (ObjectValues::Scalars(_), Err(_)) => {}
            }
        }
        Ok(())
    }

    fn external(&self, at: u32) -> Result<[u8; ROW_BYTES as usize], String> {
        let mut bytes = [0; ROW_BYTES as usize];
        let read = self.chip.external_memory().read_dram(at as usize, &mut bytes);
        if read { Ok(bytes) } else { Err("a state lies outside of the memory".to_owned()) }
    }

    fn command(&mut self, bench: &mut Bench, command: Command) -> Result<(), String> {
        self.poke(bench)?;
        self.poke_records(bench)?;
        if command == Command::Update {
            self.poke_objects(bench)?;
        }
        self.set(symbol::COMMAND, command.word())?;
        let address = self.address(symbol::COMMAND)?;
        let mut done = false;
        let mut given = Given {
            membranes: false,
            latched: None,
            // At the start the image resets sensors of its own accord.
            resets_show: command == Command::Update,
            effects: Effects {
                correlation_reset: vec![0; bench.weights.len()],
                rate_reset: vec![0; COLUMNS],
                membrane_reset: vec![0; COLUMNS],
                events: Vec::new(),
            },
        };
        for _ in 0..INSTRUCTIONS_MAX {
            let mut bus = GivenBus { bench, given: &mut given, inner: self.chip.ppu(TOP) };
            match self.cpu.step(&mut bus) {
                Ok(Step::Executed) => {}
                Ok(Step::Interrupted(exception)) => {
                    return Err(format!("the program raised {exception:?}"));
                }
                Ok(Step::Asleep) => return Err("the program went to sleep".to_owned()),
                Err(trap) => return Err(trap.to_string()),
            }
            done = self.word(address)? == Command::None.word();
            if done {
                break;
            }
        }
        let status = self.word(self.address(symbol::STATUS)?)?;
        if !done || status != Status::Ready.word() {
            return Err(format!("the program has the status {status} after {command:?}"));
        }
        bench.effects = given.effects;
        self.take_samples(bench)?;
        self.read_back(bench)
    }
}

impl Executor for OnPpu {
    fn start(&mut self, bench: &mut Bench) -> Result<(), String> {
        self.command(bench, Command::Start)
    }

    fn update(&mut self, bench: &mut Bench) -> Result<(), String> {
        self.command(bench, Command::Update)
    }
}

/// What the converters hold, and what the program did.
struct Given {
    /// Whether the switches connect neurons.
    membranes: bool,
    /// Last conversion of both branches.
    latched: Option<[[u8; COLUMNS]; 2]>,
    /// Whether sensors that were reset read the baseline.
    resets_show: bool,
    effects: Effects,
}

/// A PPU's chip whose converters and rate counters read what a bench holds.
struct GivenBus<'a> {
    bench: &'a Bench,
    given: &'a mut Given,
    inner: PpuBus<'a>,
}

impl GivenBus<'_> {
    /// Half a row of a converter's result, if that is what an address reads.
    fn converted(&mut self, address: u32) -> Option<Vector> {
        let VectorIo::Synapses { plane, row, half, buffered } = decode_vector_io(address)? else {
            return None;
        };
        let branch = match plane {
            Plane::Causal => 0,
            Plane::Acausal => 1,
            Plane::Weight
            | Plane::TimeCalibration
            | Plane::AmplitudeCalibration
            | Plane::Address
            | Plane::CausalReset
            | Plane::AcausalReset => {
                return None;
            }
        };
        if !buffered || self.given.latched.is_none() {
            let position = self.bench.rows.iter().position(|own| usize::from(*own) == row);
            let lanes = position.map(|position| position * COLUMNS..(position + 1) * COLUMNS);
            let codes = |plane: &[u8], reset: u8| {
                let row = lanes.clone().and_then(|lanes| plane.get(lanes));
                let mut row = row.map_or([0; COLUMNS], whole_row);
                let resets =
                    lanes.clone().and_then(|lanes| self.given.effects.correlation_reset.get(lanes));
                for (code, bits) in row.iter_mut().zip(resets.into_iter().flatten()) {
                    if self.given.resets_show && bits & reset != 0 {
                        *code = BASELINE;
                    }
                }
                row
            };
            self.given.latched = Some(if self.given.membranes {
                [self.bench.membranes; 2]
            } else {
                [codes(&self.bench.causal_codes, 1), codes(&self.bench.acausal_codes, 2)]
            });
        }
        self.given.latched.map(|rows| half_row(&rows[branch], half))
    }

    /// Notes resets that a vector of half a row causes.
    fn note_vector(&mut self, address: u32, value: &Vector, enabled: u128) {
        let effects = &mut self.given.effects;
        let lanes = (0..value.len()).filter(|lane| enabled >> lane & 1 == 1);
        match decode_vector_io(address) {
            Some(VectorIo::Synapses { row: SWITCH_ROW, .. }) => {
                self.given.membranes = value[0] & SWITCH_NEURON != 0;
            }
            Some(VectorIo::Synapses { plane: Plane::Causal, row, half, .. }) => {
                let position = self.bench.rows.iter().position(|own| usize::from(*own) == row);
                let Some(position) = position else { return };
                for lane in lanes {
                    let at = position * COLUMNS + column_of_lane(half, lane);
                    effects.correlation_reset[at] |= value[lane] & 3;
                }
            }
            Some(VectorIo::NeuronReset { half }) => {
                lanes.for_each(|lane| effects.membrane_reset[column_of_lane(half, lane)] = 1);
            }
            Some(VectorIo::Synapses { .. } | VectorIo::Generators { .. } | VectorIo::Memory(_))
            | None => {}
        }
    }

    /// Notes resets and events of a word that the program writes.
    fn note_word(&mut self, address: u32, value: u32) {
        let Some(Data::Omnibus(word)) = decode_data(address) else { return };
        let effects = &mut self.given.effects;
        match decode_omnibus(word) {
            Some(Register::SpikeCounterReset(neuron)) if neuron.hemisphere == TOP => {
                effects.rate_reset[neuron.column] = 1;
            }
            Some(Register::NeuronReset(neuron)) if neuron.hemisphere == TOP => {
                effects.membrane_reset[neuron.column] = 1;
            }
            Some(Register::Injection { hemisphere: TOP }) => {
                let event = Injection(value);
                let drivers = event.buses().map(|bus| 4 * event.row_select() + bus);
                let address = event.address();
                effects.events.extend(drivers.map(|driver| Event { driver, address }));
            }
            Some(
                Register::Synapses { .. }
                | Register::CorrelationReset { .. }
                | Register::CorrelationConfig { .. }
                | Register::PpuMemory { .. }
                | Register::PpuControl { .. }
                | Register::PpuStatus { .. }
                | Register::SpikeCounter(_)
                | Register::SpikeCounterReset(_)
                | Register::NeuronReset(_)
                | Register::Driver { .. }
                | Register::Injection { .. },
            )
            | None => {}
        }
    }

    /// The count of a rate counter of this hemisphere, if that is what an address reads.
    fn counted(&self, address: u32) -> Option<u32> {
        let Data::Omnibus(word) = decode_data(address)? else { return None };
        let Register::SpikeCounter(neuron) = decode_omnibus(word)? else { return None };
        (neuron.hemisphere == TOP).then(|| self.bench.rates[neuron.column].into())
    }
}

impl Bus for GivenBus<'_> {
    fn fetch(&mut self, address: u32) -> Result<u32, BusFault> {
        self.inner.fetch(address)
    }

    fn load(&mut self, address: u32, width: Width) -> Result<u32, BusFault> {
        match self.counted(address) {
            Some(count) => Ok(count),
            None => self.inner.load(address, width),
        }
    }

    fn store(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusFault> {
        self.note_word(address, value);
        self.inner.store(address, width, value)
    }

    fn vector_load(&mut self, address: u32) -> Result<Vector, BusFault> {
        self.inner.vector_load(address)
    }

    fn vector_store(&mut self, address: u32, value: &Vector) -> Result<(), BusFault> {
        self.inner.vector_store(address, value)
    }

    fn io_read(&mut self, address: u32) -> Result<Vector, BusFault> {
        match self.converted(address) {
            Some(vector) => Ok(vector),
            None => self.inner.io_read(address),
        }
    }

    fn io_write(&mut self, address: u32, value: &Vector, enabled: u128) -> Result<(), BusFault> {
        self.note_vector(address, value, enabled);
        self.inner.io_write(address, value, enabled)
    }

    fn wait(&self, access: Access, address: u32) -> pl_isa::latency::Wait {
        self.inner.wait(access, address)
    }
}

/// A row of halfwords as programs store it.
fn row_bytes(values: &[u16]) -> [u8; ROW_BYTES as usize] {
    let mut bytes = [0; ROW_BYTES as usize];
    for (column, value) in values.iter().enumerate() {
        let at = 2 * Place::of_column(column).halfword_index();
        bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
    }
    bytes
}

/// The columns of a row of halfwords.
fn columns(bytes: &[u8; ROW_BYTES as usize]) -> [u16; COLUMNS] {
    core::array::from_fn(|column| {
        let at = 2 * Place::of_column(column).halfword_index();
        u16::from_be_bytes([bytes[at], bytes[at + 1]])
    })
}

/// The first 256 bytes; 0 for those that are missing.
fn whole_row(bytes: &[u8]) -> [u8; COLUMNS] {
    core::array::from_fn(|column| bytes.get(column).copied().unwrap_or(0))
}
