//! Commands and runs in the chip's time, on the core of the chip.

use borsh::{BorshDeserialize, BorshSerialize};

use super::PpuImage;
use super::records::Seen;
use crate::engine::{Engine, EngineError, RecordSample};
use crate::plasticity::UpdateCounts;
use crate::state;
use pl_chip::Chip;
use pl_chip::time::{TICKS_PER_MS, TICKS_PER_US};
use pl_isa::image::{Command, symbol};
use pl_iss::WaitLoop;

/// Between two looks of the host at a word that it waits for. Assumed.
const LOOK_TICKS: u64 = TICKS_PER_US;
/// Between two looks while an update is at work and inputs are to be written. Less than the program
/// takes from one late update to the next.
const INPUT_LOOK_TICKS: u64 = 8;
/// Longest time that the host waits for a command to be carried out, as grenade does for the end
/// of a schedule (interface reference, 1.5).
const COMMAND_TICKS_MAX: u64 = 100 * TICKS_PER_MS;
/// From a command to the top PPU to that to the bottom one: three cycles of the FPGA (interface
/// reference, 1.5).
const SKEW_TICKS: u64 = 6;
/// Longest time between two looks at the counters of a run, which count cycles modulo 2^32.
const RUN_LOOK_TICKS: u64 = 1 << 30;
/// Control register: reset, and run.
const CONTROL: [u32; 2] = [0, 1];

/// An image on the core of a chip: commands and updates take the time that they take.
#[derive(Debug)]
pub struct RunningImage {
    image: PpuImage,
    progress: Progress,
}

/// How far the host has followed a program.
#[derive(Debug, Default, BorshSerialize, BorshDeserialize)]
struct Progress {
    /// What was seen of each buffer since all were emptied.
    seen: Vec<Seen>,
    /// Period of the run that goes on.
    period: Option<u64>,
    /// Counters of runs before this one, and of this one.
    counts: UpdateCounts,
    /// The word [`symbol::BUSY`] when it was last looked at.
    busy: u32,
    /// Ticks since the run began at which inputs have not been written yet.
    inputs_from: u64,
}

impl RunningImage {
    /// An image that is not loaded yet.
    ///
    /// # Errors
    /// If state and samples do not fit into external memory.
    pub fn new(image: PpuImage) -> Result<RunningImage, EngineError> {
        let image = image.with_running_buffers()?;
        let seen = vec![Seen::default(); image.info.records.len()];
        Ok(RunningImage { image, progress: Progress { seen, ..Progress::default() } })
    }

    /// 0 top, 1 bottom.
    #[must_use]
    pub fn hemisphere(&self) -> u8 {
        self.image.binding.hemisphere
    }

    /// Loads the image and lets the core run.
    fn boot(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        let h = self.image.hemisphere();
        let [reset, run] = CONTROL;
        chip.set_ppu_control(h, reset);
        self.image.load(chip)?;
        self.progress.seen.fill(Seen::default());
        self.progress.inputs_from = 0;
        chip.set_ppu_control(h, run);
        let wait = |head, until: Option<&str>| -> Result<WaitLoop, EngineError> {
            let until = until.map(|name| self.image.address(name, 4)).transpose()?;
            Ok(WaitLoop { head: self.image.address(head, 4)?, until })
        };
        let loops = [wait(symbol::COMMAND_LOOP, None)?, wait(symbol::RUN_LOOP, Some(symbol::DUE))?];
        chip.set_ppu_wait_loops(h, &loops);
        Ok(())
    }

    /// Says why the core stands still, if it does.
    fn check_core(&self, chip: &Chip) -> Result<(), EngineError> {
        let h = self.image.hemisphere();
        if let Some(trap) = chip.ppu_trap(h) {
            return Err(self.image.stopped(&trap.to_string(), trap.pc));
        }
        match chip.ppu_core(h) {
            None => Err(EngineError::new("the program was not started")),
            Some(core) if core.is_asleep() => Err(match core.last_exception() {
                Some((exception, pc)) => {
                    self.image.stopped(&format!("the program raised {exception:?}"), pc)
                }
                None => self.image.stopped("the program went to sleep", core.pc),
            }),
            Some(_) => Ok(()),
        }
    }

    /// Begins a run: updates on the time base, the first after `phase` ticks.
    ///
    /// # Errors
    /// If a time does not fit the time base's 31 bits.
    pub fn run(&mut self, chip: &mut Chip, period: u64, phase: u64) -> Result<(), EngineError> {
        let word = |ticks: u64| {
            let word = u32::try_from(ticks).ok().filter(|ticks| ticks.cast_signed() >= 0);
            word.ok_or_else(|| EngineError::new("a period of the PPU is at most 8.58 s"))
        };
        self.image.set(chip, symbol::PERIOD, word(period)?)?;
        self.image.set(chip, symbol::PHASE, word(phase)?)?;
        self.image.set(chip, symbol::STOP_AFTER, 0)?;
        self.image.set(chip, symbol::COMMAND, Command::Run.word())?;
        self.progress.period = Some(period);
        self.progress.busy = 0;
        Ok(())
    }

    /// Longest time until [`Self::look`] must be called again while a run goes on.
    #[must_use]
    pub fn look_ticks(&self) -> u64 {
        let samples = self.image.buffers.iter().map(|buffer| buffer.samples()).min();
        let period = self.progress.period.unwrap_or(RUN_LOOK_TICKS);
        let full = samples.map_or(u64::MAX, |samples| period.saturating_mul((samples / 2).into()));
        full.min(RUN_LOOK_TICKS)
    }

    /// Writes inputs whose time has come, `elapsed` ticks after the run began, unless an update is at
    /// work: it sees the same values to its end. Gives the ticks after which to ask again.
    ///
    /// # Errors
    /// If the image is not what it says.
    pub fn write_inputs(&mut self, chip: &mut Chip, elapsed: u64) -> Result<u64, EngineError> {
        let Some(next) = self.image.next_input(self.progress.inputs_from) else {
            return Ok(u64::MAX);
        };
        if next > elapsed {
            return Ok(next - elapsed);
        }
        let mut word = |name| self.image.get(chip, name);
        let (requested, executed) = (word(symbol::REQUESTED)?, word(symbol::EXECUTED)?);
        if requested != executed.wrapping_add(word(symbol::MISSED)?) {
            return Ok(INPUT_LOOK_TICKS);
        }
        self.image.write_inputs_between(chip, (self.progress.inputs_from, elapsed))?;
        self.progress.inputs_from = elapsed + 1;
        Ok(self.image.next_input(elapsed + 1).map_or(u64::MAX, |next| next - elapsed))
    }

    /// Takes samples out and reads the counters of the run.
    ///
    /// # Errors
    /// If the program has failed.
    pub fn look(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        self.check_core(chip)?;
        self.collect(chip)?;
        let mut word = |name| self.image.get(chip, name);
        let busy = word(symbol::BUSY)?;
        self.progress.counts = UpdateCounts {
            requested: word(symbol::REQUESTED)?.into(),
            executed: word(symbol::EXECUTED)?.into(),
            late: word(symbol::LATE)?.into(),
            missed: word(symbol::MISSED)?.into(),
            longest_ticks: word(symbol::DURATION_MAX)?.into(),
            busy_ticks: self.progress.counts.busy_ticks
                + u64::from(busy.wrapping_sub(self.progress.busy)),
        };
        self.progress.busy = busy;
        Ok(())
    }

    fn collect(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        let origin = chip.ppu_origin(self.image.hemisphere()).unwrap_or(0);
        self.image.collect_samples(chip, (&mut self.progress.seen, origin))
    }

    /// The counters of the run when they were last looked at.
    #[must_use]
    pub fn counts(&self) -> UpdateCounts {
        self.progress.counts
    }

    /// Ends the run when `updates` have been due, and waits for that.
    ///
    /// # Errors
    /// If the program fails.
    pub fn end(&mut self, chip: &mut Chip, updates: u64) -> Result<(), EngineError> {
        match u32::try_from(updates).unwrap_or(u32::MAX) {
            // A stop after 0 updates would mean that it never ends.
            0 => {
                self.image.set(chip, symbol::COMMAND, Command::None.word())?;
                chip.run_until(chip.now() + LOOK_TICKS, &[]);
            }
            updates => self.image.set(chip, symbol::STOP_AFTER, updates)?,
        }
        wait(core::slice::from_mut(self), chip)?;
        self.look(chip)?;
        self.progress.period = None;
        Ok(())
    }

    /// Resets the core, which ends the program.
    pub fn halt(&mut self, chip: &mut Chip) {
        chip.set_ppu_control(self.image.hemisphere(), CONTROL[0]);
    }

    /// The samples that were taken out.
    pub fn take_records(&mut self) -> Vec<RecordSample> {
        self.image.take_records()
    }

    fn command(&mut self, chip: &mut Chip, command: Command) -> Result<(), EngineError> {
        self.image.set(chip, symbol::COMMAND, command.word())?;
        wait(core::slice::from_mut(self), chip)
    }
}

/// Loads images of both PPUs and carries their start commands out side by side; returns when all
/// are done.
///
/// # Errors
/// If a program fails.
pub fn start_all(images: &mut [RunningImage], chip: &mut Chip) -> Result<(), EngineError> {
    for image in &mut *images {
        image.boot(chip)?;
    }
    in_turn(images, chip, |image, chip| {
        image.image.set(chip, symbol::COMMAND, Command::Start.word())
    })?;
    wait(images, chip)
}

/// Does something for one PPU after the other, with the skew of the host's commands.
///
/// # Errors
/// The first error.
pub fn in_turn(
    images: &mut [RunningImage],
    chip: &mut Chip,
    mut run: impl FnMut(&mut RunningImage, &mut Chip) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let begin = chip.now();
    for image in images {
        chip.run_until(begin + u64::from(image.hemisphere()) * SKEW_TICKS, &[]);
        run(image, chip)?;
    }
    Ok(())
}

/// Lets the chip run until all programs have carried their command out.
fn wait(images: &mut [RunningImage], chip: &mut Chip) -> Result<(), EngineError> {
    let deadline = chip.now() + COMMAND_TICKS_MAX;
    for image in images {
        loop {
            image.check_core(chip)?;
            if image.image.is_done(chip)? {
                break;
            }
            if chip.now() >= deadline {
                let pc = chip.ppu_core(image.image.hemisphere()).map_or(0, |core| core.pc);
                let ms = COMMAND_TICKS_MAX / TICKS_PER_MS;
                return Err(image.image.stopped(&format!("not done after {ms} ms"), pc));
            }
            chip.run_until(chip.now() + LOOK_TICKS, &[]);
        }
        image.image.check_ready(chip)?;
    }
    Ok(())
}

/// A program that gets each command from the host.
impl Engine for RunningImage {
    fn start(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        start_all(core::slice::from_mut(self), chip)
    }

    fn update(&mut self, chip: &mut Chip) -> Result<(), EngineError> {
        // Samples may have been taken since the last command, which makes room.
        self.collect(chip)?;
        self.image.write_inputs_before_update(chip)?;
        self.command(chip, Command::Update)?;
        self.collect(chip)
    }

    fn take_records(&mut self) -> Vec<RecordSample> {
        self.image.take_records()
    }

    fn samples_lost(&self) -> Vec<u64> {
        self.image.lost.clone()
    }

    fn save(&self) -> Result<Vec<u8>, EngineError> {
        state::to_bytes(&(&self.progress, (&self.image.samples, &self.image.lost)))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let (progress, samples): (Progress, _) = state::from_bytes(bytes)?;
        if progress.seen.len() != self.progress.seen.len() {
            return Err(EngineError::new("this is the state of another rule"));
        }
        self.progress = progress;
        self.image.restore_samples(samples)
    }
}
