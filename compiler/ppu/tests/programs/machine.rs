//! The host of a compiled program: gives it an evaluator's state and reads the state back.

use crate::bus::{MEMORY_BYTES, Plane, TestBus};
use pl_ir::io::{self, COLUMNS, ObjectValues};
use pl_ir::testing::State;
use pl_isa::image::{Command, Extent, INFO_SECTION, Info, Place, Storage, symbol};
use pl_iss::{Cpu, Linted};
use pl_ppu::Program;

/// Most instructions of a command.
const BUDGET: u64 = 50_000_000;

/// A core whose registers hold something: no program may rely on what they start with.
fn dirty_cpu() -> Cpu {
    let mut cpu = Cpu::new();
    cpu.gpr = [0xdead_beef; 32];
    cpu.vector.registers = [[0xcc; 128]; 32];
    cpu.vector.accumulator = [0x1234_5678; 64];
    cpu
}

/// An image in a chip that stands still.
pub(crate) struct Machine {
    pub(crate) program: Program,
    pub(crate) info: Info,
    pub(crate) bus: TestBus,
    pub(crate) cpu: Cpu,
}

/// What the program tells its host.
pub(crate) fn info(program: &Program) -> Info {
    let section = program.image.sections.iter().find(|s| s.name == INFO_SECTION);
    match section.map(|s| &s.contents) {
        Some(pl_isa::elf::Contents::Bytes(bytes)) => {
            Info::parse(std::str::from_utf8(bytes).expect("text")).expect("info reads back")
        }
        _ => panic!("the image has no info"),
    }
}

impl Machine {
    /// An image in a chip, with the view, parameters and state of an instance.
    pub(crate) fn new(program: Program, state: &State) -> Machine {
        let memory = program
            .image
            .internal_memory(u32::try_from(MEMORY_BYTES).expect("32 KiB"))
            .expect("the image fits");
        let info = info(&program);
        let bus = TestBus::new(&state.io, (state.instance.hemisphere, info.signed), memory);
        let mut machine = Machine { program, info, bus, cpu: dirty_cpu() };
        machine.poke(state);
        machine
    }

    pub(crate) fn address(&self, name: &str) -> Option<u32> {
        self.program.image.symbol(name).map(|s| s.value)
    }

    pub(crate) fn set(&mut self, name: &str, value: u32) {
        let address = self.address(name).expect("every image has it");
        self.bus.set_word(address, value);
    }

    pub(crate) fn get(&self, name: &str) -> u32 {
        self.bus.word(self.address(name).expect("every image has it"))
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        let at = self.address(name).expect("every image has it") as usize;
        self.bus.memory[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn poke(&mut self, state: &State) {
        let (instance, io) = (&state.instance, &state.io);
        let rows = u32::try_from(io.rows.len()).expect("few rows");
        self.set(symbol::HEMISPHERE, u32::from(instance.hemisphere));
        self.set(symbol::VIEW_ROWS, rows);
        self.set(symbol::UPDATE_INDEX, instance.update_index);
        self.bytes(symbol::VIEW_ROW_TABLE, &io.rows);
        let signs: Vec<u8> = io.row_signs.iter().map(|s| s.cast_unsigned()).collect();
        self.bytes(symbol::ROW_SIGNS, &signs);
        let mut mask = [0; COLUMNS];
        for (column, byte) in io.columns.iter().enumerate() {
            mask[Place::of_column(column).byte_index()] = byte & 1;
        }
        self.bytes(symbol::COLUMN_MASK, &mask);
        let base = u32::from(instance.hemisphere) * pl_isa::image::EXTERNAL_REGION_BYTES;
        self.set(symbol::EXTERNAL_BASE, base);
        let derived = self.address(symbol::DERIVED).expect("every image has it");
        for (at, value) in (derived..).step_by(4).zip(&instance.derived) {
            self.bus.set_word(at, value.cast_unsigned());
        }
        for (name, values) in
            [(symbol::RNG_X, &instance.rng_x), (symbol::RNG_CARRY, &instance.rng_carry)]
        {
            if let Some(address) = self.address(name) {
                self.bus.set_row(address, &values[..]);
            }
        }
        if self.address(symbol::RNG_WORD).is_some() {
            self.set(symbol::RNG_WORD, instance.rng_word);
        }
        if self.address(symbol::RNG_SEED).is_some() {
            let mut seeds = [0; COLUMNS];
            for (column, seed) in instance.rng_carry.iter().enumerate() {
                seeds[Place::of_column(column).byte_index()] = seed.to_le_bytes()[0];
            }
            self.bytes(symbol::RNG_SEED, &seeds);
        }
        for (index, values) in instance.objects.iter().enumerate() {
            self.poke_object(index, values);
        }
        self.poke_records(state, rows);
    }

    fn object_address(&self, index: usize) -> Option<u32> {
        self.address(&self.info.object_symbol(index))
    }

    fn poke_object(&mut self, index: usize, values: &ObjectValues) {
        let Some(address) = self.object_address(index) else { return };
        match values {
            ObjectValues::Lanes(lanes) => {
                for (at, row) in (address..).step_by(512).zip(lanes.chunks(COLUMNS)) {
                    let row: Vec<u16> = row.iter().map(|x| x.cast_unsigned()).collect();
                    self.bus.set_row(at, &row);
                }
            }
            ObjectValues::Scalars(words) => {
                for (at, word) in (address..).step_by(4).zip(words) {
                    self.bus.set_word(at, word.cast_unsigned());
                }
            }
        }
    }

    /// Buffers one behind another, each with a sample to spare.
    fn poke_records(&mut self, state: &State, rows: u32) {
        let Some(capacity) = self.address(symbol::RECORD_CAPACITY) else { return };
        let find = |name| self.address(name).expect("tables come together");
        let tables = [symbol::RECORD_BASE, symbol::RECORD_STRIDE, symbol::RECORD_CURSOR].map(find);
        let mut field = find(symbol::RECORD_FIELDS);
        let mut base = self.info.records_offset;
        for (index, record) in self.info.records.clone().iter().enumerate() {
            let offset = 4 * u32::try_from(index).expect("few records");
            let layout = record.layout(rows);
            let samples = u32::try_from(state.instance.records[index].capacity).expect("few");
            self.bus.set_word(capacity + offset, samples);
            let values = [base, layout.stride, base + samples * layout.stride];
            for (table, value) in tables.iter().zip(values) {
                self.bus.set_word(table + offset, value);
            }
            for value in layout.fields {
                self.bus.set_word(field, value);
                field += 4;
            }
            base += (samples + 1) * layout.stride;
        }
    }

    /// Gives a command and runs until it is done. No `sync` may be missing.
    pub(crate) fn command(&mut self, command: Command) {
        let address = self.address(symbol::COMMAND).expect("every image has it");
        self.bus.set_word(address, command.word());
        let mut bus = Linted::new(&mut self.bus);
        for count in 0..BUDGET {
            if bus.bus().word(address) == 0 && count > 0 {
                let races = bus.findings();
                assert!(races.is_empty(), "{races:x?}\n{}", self.program.listing());
                return;
            }
            if let Err(error) = self.cpu.step(&mut bus) {
                panic!("{error}\n{}", self.program.listing());
            }
        }
        panic!("not done at pc {:#x}\n{}", self.cpu.pc, self.program.listing());
    }

    /// The state as the image left it, in place of `state`'s.
    pub(crate) fn read_back(&self, state: &mut State) {
        let rows = state.io.rows.clone();
        let gather = |plane: &Plane| -> Vec<u8> {
            rows.iter().flat_map(|row| plane[usize::from(*row)]).collect()
        };
        state.io.weights = gather(&self.bus.weights);
        if self.info.signed {
            let second = rows.iter().flat_map(|row| self.bus.weights[usize::from(*row) + 1]);
            for (weight, inhibits) in state.io.weights.iter_mut().zip(second) {
                assert!(*weight == 0 || inhibits == 0, "both rows of a pair have a weight");
                *weight = weight.wrapping_sub(inhibits);
            }
            let second = rows.iter().map(|row| self.bus.addresses[usize::from(*row) + 1]);
            let first = rows.iter().map(|row| self.bus.addresses[usize::from(*row)]);
            assert!(first.eq(second), "the addresses of a pair differ");
        }
        state.io.addresses = gather(&self.bus.addresses);
        state.io.correlation_reset = gather(&self.bus.resets);
        *state.io.rate_reset = self.bus.rate_resets.map(u8::from);
        *state.io.membrane_reset = self.bus.membrane_resets.map(u8::from);
        state.instance.events.clone_from(&self.bus.events);
        state.instance.update_index = self.get(symbol::UPDATE_INDEX);
        if let (Some(x), Some(carry)) =
            (self.address(symbol::RNG_X), self.address(symbol::RNG_CARRY))
        {
            state.instance.rng_x.copy_from_slice(&self.bus.row(x));
            state.instance.rng_carry.copy_from_slice(&self.bus.row(carry));
        }
        if self.address(symbol::RNG_WORD).is_some() {
            state.instance.rng_word = self.get(symbol::RNG_WORD);
        }
        if self.address(symbol::RNG_SEED).is_some() {
            *state.instance.rng_x = self.bus.generators;
        }
        let region = self.get(symbol::EXTERNAL_BASE);
        for (index, values) in state.instance.objects.iter_mut().enumerate() {
            self.read_object(index, values, region);
        }
        self.read_records(state, region);
    }

    fn read_object(&self, index: usize, values: &mut ObjectValues, region: u32) {
        let inside = || self.object_address(index).expect("it is inside");
        match values {
            ObjectValues::Lanes(lanes) => {
                for (row, lanes) in (0u32..).step_by(512).zip(lanes.chunks_mut(COLUMNS)) {
                    let found = match self.info.objects[index].storage {
                        Storage::External(offset) => self.bus.external_row(region + offset + row),
                        Storage::Internal => self.bus.row(inside() + row),
                    };
                    let found = found.iter().map(|x| x.cast_signed());
                    lanes.iter_mut().zip(found).for_each(|(lane, x)| *lane = x);
                }
            }
            ObjectValues::Scalars(words) => {
                for (at, word) in (inside()..).step_by(4).zip(words) {
                    *word = self.bus.word(at).cast_signed();
                }
            }
        }
    }

    fn read_records(&self, state: &mut State, region: u32) {
        let rows = u32::try_from(state.io.rows.len()).expect("few rows");
        let word = |name, index: usize| {
            let table = self.address(name).expect("tables come together");
            self.bus.word(table + 4 * u32::try_from(index).expect("few"))
        };
        for (index, record) in self.info.records.iter().enumerate() {
            let layout = record.layout(rows);
            let buffer = &mut state.instance.records[index];
            buffer.dropped = word(symbol::RECORD_DROPPED, index);
            buffer.samples.clear();
            for sample in 0..word(symbol::RECORD_COUNT, index) {
                let at = region + word(symbol::RECORD_BASE, index) + sample * layout.stride;
                let fields = record.fields.iter().zip(&layout.fields);
                let fields =
                    fields.map(|(field, offset)| self.field(field.extent, at + offset, rows));
                buffer.samples.push(io::Sample {
                    update: self.bus.external_word(at),
                    fields: fields.collect(),
                });
                assert_eq!(self.bus.external_word(at + 12), u32::from(state.instance.hemisphere));
            }
        }
    }

    fn field(&self, extent: Extent, at: u32, rows: u32) -> Vec<i32> {
        let lanes = |rows: u32| -> Vec<i32> {
            let row = |row| self.bus.external_row(at + 512 * row);
            (0..rows).flat_map(row).map(|x| i32::from(x.cast_signed())).collect()
        };
        let words = |count: u32| -> Vec<i32> {
            (0..count).map(|i| self.bus.external_word(at + 4 * i).cast_signed()).collect()
        };
        match extent {
            Extent::Synapse => lanes(rows),
            Extent::Neuron => lanes(1),
            Extent::Row => words(rows),
            Extent::Rule => words(1),
        }
    }
}
