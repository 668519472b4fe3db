//! A rule as a PPU image.
//!
//! The host's half of the contract in [`pl_isa::image`]: puts the image into the chip's PPU
//! memory, pokes view, derived values and seeds, gives commands, and takes samples out.
//!
//! ```text
//!   instant.rs   commands while the chip's clock stands still, on a core beside the chip
//!   running.rs   commands and runs in the chip's time, on the core of the chip
//!   records.rs   samples                     memory.rs   a PPU's memory as the host sees it
//!   inputs.rs    inputs of the rule
//! ```
//!
//! A PPU runs one program. Engines of the same hemisphere of a chip would overwrite each other;
//! the one that was overwritten notices and says so.

mod inputs;
mod instant;
mod memory;
mod records;
mod running;
#[cfg(test)]
mod tests;

pub use instant::PpuImageEngine;
pub use running::{RunningImage, in_turn, start_all};

use crate::engine::{Binding, EngineError, RecordSample};
use crate::inputs::Course;
use memory::Memory;
use pl_chip::{COLUMNS, Chip, RowMode};
use pl_fixed::{lfsr, rng};
use pl_isa::elf::{Contents, Image};
use pl_isa::image::{
    Command, EXTERNAL_REGION_BYTES, INFO_SECTION, Info, Place, ROW_BYTES, Status, symbol,
};
use records::Buffer;

/// A compiled rule as a PPU program, bound to a view of one hemisphere.
#[derive(Debug)]
pub struct PpuImage {
    image: Image,
    info: Info,
    binding: Binding,
    /// Rows of the view, or the first rows of its pairs.
    rows: Vec<u8>,
    /// Raw values of the image's derived table.
    derived: Vec<i32>,
    /// What is written to inputs.
    inputs: Vec<Course>,
    buffers: Vec<Buffer>,
    samples: Vec<Vec<RecordSample>>,
    /// Samples that found their buffer full.
    lost: Vec<u64>,
}

impl PpuImage {
    /// Binds an image to a view. `derived` are the raw values of [`Info::derived`] for the binding's
    /// params, whose names mean nothing here.
    ///
    /// # Errors
    /// If `elf` is no image, is for fewer rows or has other derived values, or its state and
    /// samples do not fit into external memory.
    pub fn new(elf: &[u8], binding: &Binding, derived: Vec<i32>) -> Result<PpuImage, EngineError> {
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
        Ok(PpuImage {
            buffers: records::place(&info, rows, records::INSTANT_SAMPLES)?,
            samples: vec![Vec::new(); info.records.len()],
            lost: vec![0; info.records.len()],
            image,
            info,
            binding: binding.clone(),
            rows: view,
            derived,
            inputs: Vec::new(),
        })
    }

    /// The same image whose inputs are written, of objects that it has.
    #[must_use]
    pub fn with_inputs(self, inputs: Vec<Course>) -> PpuImage {
        PpuImage { inputs, ..self }
    }

    /// Rows of the view, or pairs of them.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The same image with buffers for samples that are taken out while the program runs.
    fn with_running_buffers(mut self) -> Result<PpuImage, EngineError> {
        let rows = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let samples = records::running_samples(&self.info, rows, self.binding.record_capacity);
        self.buffers = records::place(&self.info, rows, samples)?;
        Ok(self)
    }

    fn hemisphere(&self) -> usize {
        self.binding.hemisphere.into()
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
        Memory(&mut chip.ppu_memory_mut(self.hemisphere())[..])
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
        let memory = chip.ppu_memory_mut(self.hemisphere());
        let size = u32::try_from(memory.len()).unwrap_or(u32::MAX);
        let bytes = self.image.internal_memory(size).map_err(EngineError::new)?;
        memory.copy_from_slice(&bytes);
        self.samples.iter_mut().for_each(Vec::clear);
        self.lost.fill(0);
        self.poke_view(chip)?;
        self.poke_values(chip)?;
        self.poke_records(chip)
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
        if self.image.symbol(symbol::RNG_SEED).is_some() {
            let mut seeds = [0; COLUMNS];
            for column in 0..=u8::MAX {
                seeds[Place::of_column(column.into()).byte_index()] =
                    lfsr::seed(key, column.into());
            }
            self.set_bytes(chip, symbol::RNG_SEED, &seeds)?;
        }
        for (name, row) in [(symbol::RNG_X, draws), (symbol::RNG_CARRY, carries)] {
            if self.image.symbol(name).is_some() {
                self.set_bytes(chip, name, &row)?;
            }
        }
        Ok(())
    }

    /// That the program has answered a command and waits for the next.
    fn check_ready(&self, chip: &mut Chip) -> Result<(), EngineError> {
        let status = self.get(chip, symbol::STATUS)?;
        if status == Status::Ready.word() {
            return Ok(());
        }
        Err(EngineError::new(match Status::from_word(status) {
            Some(status) => format!("the program's status is {status:?} after a command"),
            None => format!("the program's status is {status:#x}, which means nothing"),
        }))
    }

    /// Whether the program has carried out the last command.
    fn is_done(&self, chip: &mut Chip) -> Result<bool, EngineError> {
        Ok(self.get(chip, symbol::COMMAND)? == Command::None.word())
    }

    fn take_records(&mut self) -> Vec<RecordSample> {
        self.samples.iter_mut().flat_map(core::mem::take).collect()
    }

    /// Takes samples over that were taken out before, those of each record statement, and how many
    /// were lost.
    fn restore_samples(
        &mut self,
        (samples, lost): (Vec<Vec<RecordSample>>, Vec<u64>),
    ) -> Result<(), EngineError> {
        if samples.len() != self.samples.len() || lost.len() != self.lost.len() {
            return Err(EngineError::new("this is the state of another rule"));
        }
        (self.samples, self.lost) = (samples, lost);
        Ok(())
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
