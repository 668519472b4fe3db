//! A rule as a PPU image on the instruction-set simulator.
//!
//! The host's half of the contract in [`pl_isa::image`]: loads the image into the chip's PPU
//! memory, pokes view, derived values and seeds, gives commands, and takes samples out. Timing is
//! instantaneous: the chip's clock stands still while the program runs.
//!
//! A PPU runs one program. Engines of the same hemisphere of a chip would overwrite each other;
//! the one that was overwritten notices and says so.

mod memory;
mod records;
#[cfg(test)]
mod tests;

use crate::engine::{Binding, Engine, EngineError, RecordSample};
use memory::Memory;
use pl_chip::{Chip, RowMode};
use pl_fixed::rng;
use pl_isa::elf::{Contents, Image};
use pl_isa::image::{
    COLUMNS, Command, EXTERNAL_REGION_BYTES, INFO_SECTION, Info, Place, ROW_BYTES, Status, symbol,
};
use pl_iss::{Cpu, Step, TimingParameters};
use records::Buffer;

/// Most instructions of a command: far more than the slowest update of 256 rows takes.
const INSTRUCTIONS_MAX: u64 = 50_000_000;

/// A compiled rule on the simulator, bound to a view of one hemisphere.
#[derive(Debug)]
pub struct PpuImageEngine {
    image: Image,
    info: Info,
    binding: Binding,
    /// Rows of the view, or the first rows of its pairs.
    rows: Vec<u8>,
    /// Raw values of the image's derived table.
    derived: Vec<i32>,
    instructions_max: u64,
    /// Whether the core's pipelines are modelled.
    counts_cycles: bool,
    last_cycles: u64,
    buffers: Vec<Buffer>,
    samples: Vec<Vec<RecordSample>>,
    /// Nothing before the start and after a command that failed.
    started: Option<Started>,
}

/// A program between two commands.
#[derive(Debug)]
struct Started {
    cpu: Cpu,
    /// The PPU's memory as the last command left it.
    memory: Vec<u8>,
}

impl PpuImageEngine {
    /// Binds an image to a view. `derived` are the raw values of [`Info::derived`] for the binding's
    /// params, whose names mean nothing here.
    ///
    /// # Errors
    /// If `elf` is no image, is for fewer rows or has other derived values, or its state and
    /// samples do not fit into external memory.
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
        let view = if info.signed { binding.pairs()? } else { binding.rows.clone() };
        let rows = u32::try_from(view.len()).unwrap_or(u32::MAX);
        if rows == 0 || rows > info.rows_max {
            let message = format!("the image is for 1 to {} rows, not {rows}", info.rows_max);
            return Err(EngineError::new(message));
        }
        let columns = binding.columns.len();
        if columns > info.columns_max as usize {
            let most = info.columns_max;
            let message = format!("the image is for at most {most} columns, not {columns}");
            return Err(EngineError::new(message));
        }
        Ok(PpuImageEngine {
            buffers: records::place(&info, rows)?,
            samples: vec![Vec::new(); info.records.len()],
            image,
            info,
            binding: binding.clone(),
            rows: view,
            derived,
            instructions_max: INSTRUCTIONS_MAX,
            counts_cycles: false,
            last_cycles: 0,
            started: None,
        })
    }

    /// The same engine with the cycle model of core and chip, see [`Self::last_cycles`].
    #[must_use]
    pub fn counting_cycles(self) -> PpuImageEngine {
        PpuImageEngine { counts_cycles: true, ..self }
    }

    /// Cycles of 4 ns from the last command until it was done; instructions if cycles are not
    /// counted.
    #[must_use]
    pub fn last_cycles(&self) -> u64 {
        self.last_cycles
    }

    /// Address of a symbol that names so many bytes, which the image must have.
    fn address(&self, name: &str, bytes: usize) -> Result<u32, EngineError> {
        match self.image.symbol(name) {
            Some(symbol) if symbol.size as usize >= bytes => Ok(symbol.value),
            Some(symbol) => Err(EngineError::new(format!(
                "`{name}` of the image has {} bytes, {bytes} are needed",
                symbol.size
            ))),
            None => Err(EngineError::new(format!("the image has no symbol `{name}`"))),
        }
    }

    /// The PPU's memory as the host sees it.
    fn memory<'a>(&self, chip: &'a mut Chip) -> Memory<'a> {
        Memory(&mut chip.ppu_memory_mut(self.binding.hemisphere.into())[..])
    }

    fn set_bytes(&self, chip: &mut Chip, name: &str, bytes: &[u8]) -> Result<(), EngineError> {
        let address = self.address(name, bytes.len())?;
        self.memory(chip).set_bytes(address, bytes)
    }

    fn set(&self, chip: &mut Chip, name: &str, value: u32) -> Result<(), EngineError> {
        self.set_bytes(chip, name, &value.to_be_bytes())
    }

    fn get(&self, chip: &mut Chip, name: &str) -> Result<u32, EngineError> {
        let address = self.address(name, 4)?;
        self.memory(chip).word(address)
    }

    /// First byte of this PPU's region of the external DRAM.
    fn region(&self) -> u32 {
        u32::from(self.binding.hemisphere) * EXTERNAL_REGION_BYTES
    }

    /// Puts the image into the chip; the program begins at its reset vector.
    fn load(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        if self.info.signed {
            self.binding.order_pairs(&self.rows, chip)?;
        }
        let memory = chip.ppu_memory_mut(self.binding.hemisphere.into());
        let size = u32::try_from(memory.len()).unwrap_or(u32::MAX);
        let bytes = self.image.internal_memory(size).map_err(EngineError::new)?;
        memory.copy_from_slice(&bytes);
        self.samples.iter_mut().for_each(Vec::clear);
        self.poke_view(chip)?;
        self.poke_values(chip)?;
        self.poke_records(chip)?;
        let memory = chip.ppu_memory(self.binding.hemisphere.into()).to_vec();
        let timing = TimingParameters::default();
        let cpu = if self.counts_cycles { Cpu::with_timing(timing) } else { Cpu::new() };
        self.started = Some(Started { cpu, memory });
        Ok(())
    }

    fn poke_view(&self, chip: &mut Chip) -> Result<(), EngineError> {
        let hemisphere = usize::from(self.binding.hemisphere);
        let rows = &self.rows;
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
        self.set_bytes(chip, symbol::VIEW_ROW_TABLE, rows)?;
        self.set_bytes(chip, symbol::ROW_SIGNS, &signs)?;
        self.set_bytes(chip, symbol::COLUMN_MASK, &mask)
    }

    /// Derived values and, if the rule draws, the seeds of its generators.
    fn poke_values(&self, chip: &mut Chip) -> Result<(), EngineError> {
        let derived: Vec<u8> = self.derived.iter().flat_map(|value| value.to_be_bytes()).collect();
        self.set_bytes(chip, symbol::DERIVED, &derived)?;
        let Binding { seed, chip: number, hemisphere, instance, .. } = self.binding;
        let key = rng::stream_key(seed, number, hemisphere, instance);
        let (mut draws, mut carries) = ([0; ROW_BYTES as usize], [0; ROW_BYTES as usize]);
        for column in 0..=u8::MAX {
            let rng::Column { x, carry } = rng::Column::seeded(key, column.into());
            let at = halfword_offset(column);
            draws[at..at + 2].copy_from_slice(&x.to_be_bytes());
            carries[at..at + 2].copy_from_slice(&carry.to_be_bytes());
        }
        if self.image.symbol(symbol::RNG_WORD).is_some() {
            self.set(chip, symbol::RNG_WORD, rng::scalar_seed(key))?;
        }
        for (name, row) in [(symbol::RNG_X, draws), (symbol::RNG_CARRY, carries)] {
            if self.image.symbol(name).is_some() {
                self.set_bytes(chip, name, &row)?;
            }
        }
        Ok(())
    }

    /// Gives a command, runs the program until it is done, and takes new samples out.
    fn command(&mut self, chip: &mut Chip, command: Command) -> Result<(), EngineError> {
        let hemisphere = usize::from(self.binding.hemisphere);
        let Some(Started { mut cpu, memory }) = self.started.take() else {
            return Err(EngineError::new("the program was not started or has failed"));
        };
        if memory != chip.ppu_memory(hemisphere) {
            let message = "another program or host wrote to the PPU's memory since the last update";
            return Err(EngineError::new(message));
        }
        self.set(chip, symbol::COMMAND, command.word())?;
        let before = cpu.cycles();
        self.run(chip, &mut cpu)?;
        self.last_cycles = cpu.cycles() - before;
        let status = self.get(chip, symbol::STATUS)?;
        if status != Status::Ready.word() {
            let message = match Status::from_word(status) {
                Some(status) => format!("the program's status is {status:?} after a command"),
                None => format!("the program's status is {status:#x}, which means nothing"),
            };
            return Err(EngineError::new(message));
        }
        self.take_samples(chip)?;
        let memory = chip.ppu_memory(hemisphere).to_vec();
        self.started = Some(Started { cpu, memory });
        Ok(())
    }

    /// Runs the program until it clears the command.
    fn run(&self, chip: &mut Chip, cpu: &mut Cpu) -> Result<(), EngineError> {
        let address = self.address(symbol::COMMAND, 4)?;
        let hemisphere = usize::from(self.binding.hemisphere);
        for _ in 0..self.instructions_max {
            match cpu.step(&mut chip.ppu(hemisphere)) {
                Ok(Step::Executed) => {}
                Ok(Step::Interrupted(exception)) => {
                    let pc = cpu.last_exception().map_or(cpu.pc, |(_, pc)| pc);
                    return Err(self.stopped(&format!("the program raised {exception:?}"), pc));
                }
                Ok(Step::Asleep) => return Err(self.stopped("the program went to sleep", cpu.pc)),
                Err(trap) => return Err(self.stopped(&trap.to_string(), trap.pc)),
            }
            if self.memory(chip).word(address)? == Command::None.word() {
                return Ok(());
            }
        }
        let message = format!("not done after {} instructions", self.instructions_max);
        Err(self.stopped(&message, cpu.pc))
    }

    /// Says what happened, and where in the program.
    fn stopped(&self, what: &str, pc: u32) -> EngineError {
        let place = match self.image.symbol_at(pc) {
            Some(symbol) => format!("{pc:#x} in `{}`", symbol.name),
            None => format!("{pc:#x}"),
        };
        EngineError::new(format!("{what}, at {place} of the PPU program of `{}`", self.info.rule))
    }
}

impl Engine for PpuImageEngine {
    fn start(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.load(chip)?;
        self.command(chip, Command::Start)
    }

    fn update(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.command(chip, Command::Update)
    }

    fn take_records(&mut self) -> Vec<RecordSample> {
        self.samples.iter_mut().flat_map(core::mem::take).collect()
    }
}

/// Bytes from the start of a row of halfwords to a column's lane.
fn halfword_offset(column: u8) -> usize {
    2 * Place::of_column(column.into()).halfword_index()
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
