//! A rule as a PPU image on the instruction-set simulator.
//!
//! The host's half of the contract in [`pl_isa::image`]: loads the image into the chip's PPU
//! memory, pokes view, derived values and seeds, gives commands, and reads samples back. Timing is
//! instantaneous: the chip's clock stands still while the program runs.

use crate::engine::{Binding, Engine, EngineError, RecordField, RecordSample};
use pl_chip::{Chip, RowMode};
use pl_fixed::rng;
use pl_isa::elf::{Contents, Image};
use pl_isa::image::{
    COLUMNS, Command, EXTERNAL_REGION_BYTES, Extent, INFO_SECTION, Info, Place, ROW_BYTES,
    SampleLayout, Status, symbol,
};
use pl_iss::{Cpu, Step};

/// Most instructions of a command: far more than the slowest update of 256 rows takes.
const INSTRUCTIONS_MAX: u64 = 50_000_000;
/// Byte of a sample's header that holds the number of updates done.
const SAMPLE_UPDATE: usize = 0;

/// A compiled rule on the simulator, bound to a view of one hemisphere.
#[derive(Debug)]
pub struct PpuImageEngine {
    image: Image,
    info: Info,
    binding: Binding,
    /// Raw values of the image's derived table.
    derived: Vec<i32>,
    cpu: Cpu,
    layouts: Vec<SampleLayout>,
    samples: Vec<Vec<RecordSample>>,
}

impl PpuImageEngine {
    /// Binds an image to a view. `derived` are the raw values of [`Info::derived`] for the binding's
    /// params.
    ///
    /// # Errors
    /// If `elf` is no image, does not fit the PPU's memory, or is for fewer rows.
    pub fn new(
        elf: &[u8],
        binding: &Binding,
        derived: Vec<i32>,
    ) -> Result<PpuImageEngine, EngineError> {
        let image = Image::from_bytes(elf).map_err(|error| EngineError::new(error.to_string()))?;
        let info = info_of(&image)?;
        if derived.len() != info.derived.len() {
            let (given, wanted) = (derived.len(), info.derived.len());
            return Err(EngineError::new(format!(
                "the image has {wanted} derived values, {given} were given"
            )));
        }
        let rows = u32::try_from(binding.rows.len()).unwrap_or(u32::MAX);
        if rows == 0 || rows > info.rows_max {
            let message = format!("the image is for 1 to {} rows, not {rows}", info.rows_max);
            return Err(EngineError::new(message));
        }
        Ok(PpuImageEngine {
            layouts: info.records.iter().map(|record| record.layout(rows)).collect(),
            samples: vec![Vec::new(); info.records.len()],
            image,
            info,
            binding: binding.clone(),
            derived,
            cpu: Cpu::new(),
        })
    }

    fn address(&self, name: &str) -> Option<u32> {
        self.image.symbol(name).map(|symbol| symbol.value)
    }

    /// The PPU's memory as the host sees it.
    fn memory<'a>(&self, chip: &'a mut Chip) -> Memory<'a> {
        Memory(&mut chip.ppu_memory_mut(self.binding.hemisphere.into())[..])
    }

    /// Address of a symbol that every image has.
    fn required(&self, name: &str) -> Result<u32, EngineError> {
        self.address(name)
            .ok_or_else(|| EngineError::new(format!("the image has no symbol `{name}`")))
    }

    fn set(&self, chip: &mut Chip, name: &str, value: u32) -> Result<(), EngineError> {
        let address = self.required(name)?;
        self.memory(chip).set_word(address, value)
    }

    fn get(&self, chip: &mut Chip, name: &str) -> Result<u32, EngineError> {
        let address = self.required(name)?;
        self.memory(chip).word(address)
    }

    /// First byte of this PPU's region of the external DRAM.
    fn region(&self) -> u32 {
        u32::from(self.binding.hemisphere) * EXTERNAL_REGION_BYTES
    }

    fn load(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        let memory = chip.ppu_memory_mut(self.binding.hemisphere.into());
        let size = u32::try_from(memory.len()).unwrap_or(u32::MAX);
        let bytes = self.image.internal_memory(size).map_err(EngineError::new)?;
        memory.copy_from_slice(&bytes);
        self.cpu = Cpu::new();
        self.samples.iter_mut().for_each(Vec::clear);
        self.poke_view(chip)?;
        self.poke_values(chip)?;
        self.poke_records(chip)
    }

    fn poke_view(&self, chip: &mut Chip) -> Result<(), EngineError> {
        let hemisphere = usize::from(self.binding.hemisphere);
        let rows = &self.binding.rows;
        self.set(chip, symbol::HEMISPHERE, self.binding.hemisphere.into())?;
        self.set(chip, symbol::VIEW_ROWS, u32::try_from(rows.len()).unwrap_or(u32::MAX))?;
        self.set(chip, symbol::EXTERNAL_BASE, self.region())?;
        let sign = |row: &u8| match chip.row_mode(hemisphere, usize::from(*row)) {
            RowMode::Excitatory => 1,
            RowMode::Inhibitory => u8::MAX,
            RowMode::Disabled | RowMode::Both => 0,
        };
        let signs: Vec<u8> = rows.iter().map(sign).collect();
        let mut mask = [0; COLUMNS];
        for column in &self.binding.columns {
            mask[Place::of_column(usize::from(*column)).byte_index()] = 1;
        }
        let tables: [(&str, &[u8]); 3] = [
            (symbol::VIEW_ROW_TABLE, rows),
            (symbol::ROW_SIGNS, &signs),
            (symbol::COLUMN_MASK, &mask),
        ];
        for (name, bytes) in tables {
            let address = self.required(name)?;
            self.memory(chip).set_bytes(address, bytes)?;
        }
        Ok(())
    }

    /// Derived values and, if the rule draws, the seeds of its generators.
    fn poke_values(&self, chip: &mut Chip) -> Result<(), EngineError> {
        let first = self.required(symbol::DERIVED)?;
        for (address, value) in (first..).step_by(4).zip(&self.derived) {
            self.memory(chip).set_word(address, value.cast_unsigned())?;
        }
        let Binding { seed, chip: number, hemisphere, instance, .. } = self.binding;
        let key = rng::stream_key(seed, number, hemisphere, instance);
        for (column, index) in (0..=u16::from(u8::MAX)).zip(0..COLUMNS) {
            let rng::Column { x, carry } = rng::Column::seeded(key, column);
            for (name, value) in [(symbol::RNG_X, x), (symbol::RNG_CARRY, carry)] {
                if let Some(first) = self.address(name) {
                    let at = first + halfword_offset(index);
                    self.memory(chip).set_bytes(at, &value.to_be_bytes())?;
                }
            }
        }
        Ok(())
    }

    /// Buffers one behind another, each with a sample to spare that catches puts without a sample.
    fn poke_records(&self, chip: &mut Chip) -> Result<(), EngineError> {
        if self.layouts.is_empty() {
            return Ok(());
        }
        let names = [
            symbol::RECORD_CAPACITY,
            symbol::RECORD_BASE,
            symbol::RECORD_STRIDE,
            symbol::RECORD_CURSOR,
        ];
        let mut base = self.info.records_offset;
        let mut field = self.required(symbol::RECORD_FIELDS)?;
        for (index, layout) in (0..).zip(&self.layouts) {
            let capacity = self.capacity(base, layout);
            let end = base + capacity * layout.stride;
            for (name, value) in names.iter().zip([capacity, base, layout.stride, end]) {
                let table = self.required(name)?;
                self.memory(chip).set_word(table + 4 * index, value)?;
            }
            for offset in &layout.fields {
                self.memory(chip).set_word(field, *offset)?;
                field += 4;
            }
            base = end + layout.stride;
        }
        Ok(())
    }

    /// Samples of a buffer: as many as asked for, or as its share of the region holds.
    fn capacity(&self, base: u32, layout: &SampleLayout) -> u32 {
        let count = u32::try_from(self.layouts.len()).unwrap_or(u32::MAX);
        let share = EXTERNAL_REGION_BYTES.saturating_sub(self.info.records_offset) / count;
        let room = EXTERNAL_REGION_BYTES.saturating_sub(base).min(share) / layout.stride;
        let asked = u32::try_from(self.binding.record_capacity).unwrap_or(u32::MAX);
        asked.min(room.saturating_sub(1))
    }

    /// Gives a command and runs the program until it is done.
    fn command(&mut self, chip: &mut Chip, command: Command) -> Result<(), EngineError> {
        self.set(chip, symbol::COMMAND, command.word())?;
        let (address, hemisphere) = (self.required(symbol::COMMAND)?, self.binding.hemisphere);
        for _ in 0..INSTRUCTIONS_MAX {
            let step = self.cpu.step(&mut chip.ppu(hemisphere.into()));
            match step.map_err(|trap| EngineError::new(trap.to_string()))? {
                Step::Executed => {}
                Step::Interrupted(exception) => {
                    let message = format!("the program raised {exception:?} at {:#x}", self.cpu.pc);
                    return Err(EngineError::new(message));
                }
                Step::Asleep => {
                    let message = format!("the program went to sleep at {:#x}", self.cpu.pc);
                    return Err(EngineError::new(message));
                }
            }
            if self.memory(chip).word(address)? == Command::None.word() {
                return self.check_ready(chip);
            }
        }
        let message = format!(
            "the program was not done after {INSTRUCTIONS_MAX} instructions, at {:#x}",
            self.cpu.pc
        );
        Err(EngineError::new(message))
    }

    fn check_ready(&self, chip: &mut Chip) -> Result<(), EngineError> {
        match Status::from_word(self.get(chip, symbol::STATUS)?) {
            Some(Status::Ready) => Ok(()),
            other => Err(EngineError::new(format!("the program is {other:?} after a command"))),
        }
    }

    /// Copies samples that were not there before out of external memory.
    fn collect_samples(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        for record in 0..self.layouts.len() {
            let index = u32::try_from(record).unwrap_or(u32::MAX);
            let count_address = self.required(symbol::RECORD_COUNT)? + 4 * index;
            let base_address = self.required(symbol::RECORD_BASE)? + 4 * index;
            let count = self.memory(chip).word(count_address)?;
            let base = self.memory(chip).word(base_address)?;
            let known = u32::try_from(self.samples[record].len()).unwrap_or(u32::MAX);
            for sample in known..count {
                let at = self.region() + base + sample * self.layouts[record].stride;
                let found = self.sample(chip, record, at)?;
                self.samples[record].push(found);
            }
        }
        Ok(())
    }

    fn sample(&self, chip: &Chip, record: usize, at: u32) -> Result<RecordSample, EngineError> {
        let layout = &self.layouts[record];
        let mut bytes = vec![0; layout.stride as usize];
        if !chip.external_memory().read_dram(at as usize, &mut bytes) {
            return Err(EngineError::new("a record lies outside external memory"));
        }
        let word = |at: usize| {
            let quad = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
            u32::from_be_bytes(quad)
        };
        let fields = self.info.records[record].fields.iter().zip(&layout.fields);
        let fields = fields.map(|(field, offset)| RecordField {
            name: field.name.clone(),
            scope: field.extent.name().to_owned(),
            frac: field.frac,
            values: self.values(field.extent, &bytes[*offset as usize..]),
        });
        Ok(RecordSample {
            record,
            update: word(SAMPLE_UPDATE),
            now: chip.now(),
            hemisphere: self.binding.hemisphere,
            fields: fields.collect(),
        })
    }

    /// Values of the view: rows, then columns, ascending.
    fn values(&self, extent: Extent, bytes: &[u8]) -> Vec<i32> {
        let word = |index: usize| {
            let at = &bytes[4 * index..];
            i32::from_be_bytes([at[0], at[1], at[2], at[3]])
        };
        let lane = |row: usize, column: u8| {
            let at = row * ROW_BYTES as usize + halfword_offset(column.into()) as usize;
            i32::from(i16::from_be_bytes([bytes[at], bytes[at + 1]]))
        };
        let columns = &self.binding.columns;
        let row = |row| columns.iter().map(move |column| lane(row, *column));
        let rows = self.binding.rows.len();
        match extent {
            Extent::Synapse => (0..rows).flat_map(row).collect(),
            Extent::Neuron => row(0).collect(),
            Extent::Row => (0..rows).map(word).collect(),
            Extent::Rule => vec![word(0)],
        }
    }
}

impl Engine for PpuImageEngine {
    fn start(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.load(chip)?;
        self.command(chip, Command::Start)?;
        self.collect_samples(chip)
    }

    fn update(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.command(chip, Command::Update)?;
        self.collect_samples(chip)
    }

    fn records(&mut self) -> Vec<RecordSample> {
        self.samples.concat()
    }
}

/// Bytes from the start of a row of halfwords to a column's lane.
fn halfword_offset(column: usize) -> u32 {
    u32::try_from(2 * Place::of_column(column).halfword_index()).unwrap_or(u32::MAX)
}

fn info_of(image: &Image) -> Result<Info, EngineError> {
    let section = image.sections.iter().find(|section| section.name == INFO_SECTION);
    let Some(Contents::Bytes(bytes)) = section.map(|section| &section.contents) else {
        return Err(EngineError::new(format!("the image has no section {INFO_SECTION}")));
    };
    let text = core::str::from_utf8(bytes)
        .map_err(|_| EngineError::new(format!("{INFO_SECTION} is not UTF-8 text")))?;
    Info::parse(text).map_err(|error| EngineError::new(error.to_string()))
}

/// A PPU's memory, big endian.
struct Memory<'a>(&'a mut [u8]);

impl Memory<'_> {
    fn slice(&mut self, address: u32, len: usize) -> Result<&mut [u8], EngineError> {
        let start = address as usize;
        self.0.get_mut(start..start + len).ok_or_else(|| {
            EngineError::new(format!("the image names {address:#x}, which is outside its memory"))
        })
    }

    fn set_bytes(&mut self, address: u32, bytes: &[u8]) -> Result<(), EngineError> {
        self.slice(address, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    fn set_word(&mut self, address: u32, value: u32) -> Result<(), EngineError> {
        self.set_bytes(address, &value.to_be_bytes())
    }

    fn word(&mut self, address: u32) -> Result<u32, EngineError> {
        let bytes = self.slice(address, 4)?;
        Ok(bytes.iter().fold(0, |word, byte| (word << 8) | u32::from(*byte)))
    }
}
