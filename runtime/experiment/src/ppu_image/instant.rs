//! Commands while the chip's clock stands still.

use borsh::{BorshDeserialize, BorshSerialize};

use super::PpuImage;
use crate::engine::{Binding, Engine, EngineError, RecordSample};
use crate::state;
use pl_chip::Chip;
use pl_isa::image::{Command, symbol};
use pl_iss::{Cpu, Step, TimingParameters};

/// Most instructions of a command: far more than the slowest update of 256 rows takes.
const INSTRUCTIONS_MAX: u64 = 50_000_000;

/// An image on a core beside the chip: updates take no time.
#[derive(Debug)]
pub struct PpuImageEngine {
    image: PpuImage,
    pub(super) instructions_max: u64,
    /// Whether the core's pipelines are modelled.
    counts_cycles: bool,
    last_cycles: u64,
    /// Nothing before the start and after a command that failed.
    started: Option<Started>,
}

/// A program between two commands.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
struct Started {
    cpu: Cpu,
    /// The PPU's memory as the last command left it.
    memory: Vec<u8>,
}

impl PpuImageEngine {
    /// Binds an image to a view, see [`PpuImage::new`].
    ///
    /// # Errors
    /// Those of [`PpuImage::new`].
    pub fn new(
        elf: &[u8],
        binding: &Binding,
        derived: Vec<i32>,
    ) -> Result<PpuImageEngine, EngineError> {
        Ok(PpuImageEngine::from(PpuImage::new(elf, binding, derived)?))
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

    /// Gives a command, runs the program until it is done, and takes new samples out.
    fn command(&mut self, chip: &mut Chip, command: Command) -> Result<(), EngineError> {
        let hemisphere = self.image.hemisphere();
        let Some(Started { mut cpu, memory }) = self.started.take() else {
            return Err(EngineError::new("the program was not started or has failed"));
        };
        if memory != chip.ppu_memory(hemisphere) {
            let message = "another program or host wrote to the PPU's memory since the last update";
            return Err(EngineError::new(message));
        }
        // Samples may have been taken since the last command, which makes room.
        self.image.empty_buffers(chip)?;
        if command == Command::Update {
            self.image.write_inputs_before_update(chip)?;
        }
        self.image.set(chip, symbol::COMMAND, command.word())?;
        let before = cpu.cycles();
        self.run(chip, &mut cpu)?;
        self.last_cycles = cpu.cycles() - before;
        self.image.check_ready(chip)?;
        self.image.take_samples(chip)?;
        let memory = chip.ppu_memory(hemisphere).to_vec();
        self.started = Some(Started { cpu, memory });
        Ok(())
    }

    /// Runs the program until it clears the command.
    fn run(&self, chip: &mut Chip, cpu: &mut Cpu) -> Result<(), EngineError> {
        let address = self.image.address(symbol::COMMAND, 4)?;
        let hemisphere = self.image.hemisphere();
        for _ in 0..self.instructions_max {
            match cpu.step(&mut chip.ppu(hemisphere)) {
                Ok(Step::Executed) => {}
                Ok(Step::Interrupted(exception)) => {
                    let pc = cpu.last_exception().map_or(cpu.pc, |(_, pc)| pc);
                    return Err(self
                        .image
                        .stopped(&format!("the program raised {exception:?}"), pc));
                }
                Ok(Step::Asleep) => {
                    return Err(self.image.stopped("the program went to sleep", cpu.pc));
                }
                Err(trap) => return Err(self.image.stopped(&trap.to_string(), trap.pc)),
            }
            if self.image.memory(chip).word(address)? == Command::None.word() {
                return Ok(());
            }
        }
        let message = format!("not done after {} instructions", self.instructions_max);
        Err(self.image.stopped(&message, cpu.pc))
    }
}

impl From<PpuImage> for PpuImageEngine {
    fn from(image: PpuImage) -> PpuImageEngine {
        PpuImageEngine {
            image,
            instructions_max: INSTRUCTIONS_MAX,
            counts_cycles: false,
            last_cycles: 0,
            started: None,
        }
    }
}

impl Engine for PpuImageEngine {
    fn start(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.image.load(chip)?;
        let memory = chip.ppu_memory(self.image.hemisphere()).to_vec();
        let timing = TimingParameters::default();
        let cpu = if self.counts_cycles { Cpu::with_timing(timing) } else { Cpu::new() };
        self.started = Some(Started { cpu, memory });
        self.command(chip, Command::Start)
    }

    fn update(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.command(chip, Command::Update)
    }

    fn take_records(&mut self) -> Vec<RecordSample> {
        self.image.take_records()
    }

    fn samples_lost(&self) -> Vec<u64> {
        self.image.lost.clone()
    }

    fn save(&self) -> Result<Vec<u8>, EngineError> {
        let samples = (&self.image.samples, &self.image.lost);
        state::to_bytes(&(&self.started, self.last_cycles, samples))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let samples;
        (self.started, self.last_cycles, samples) = state::from_bytes(bytes)?;
        self.image.restore_samples(samples)
    }
}
