//! The core: registers, and what one step does.

use borsh::{BorshDeserialize, BorshSerialize};
use pl_isa::latency::{Class, Wait};
use pl_isa::{
    Executed, Field, Instruction, Opcode, Timing, TimingParameters, decode, for_each_insn,
};

use crate::bus::{Access, Bus, BusFault};
use crate::exec;
use crate::interrupt::{Exception, Interrupts};
use crate::trap::{Trap, TrapKind};
use crate::vector::VectorUnit;
use crate::waiting::Waiting;

/// Summary overflow, in the exception register.
pub const XER_SO: u32 = 1 << 31;
/// Overflow, in the exception register.
pub const XER_OV: u32 = 1 << 30;
/// Carry, in the exception register.
pub const XER_CA: u32 = 1 << 29;

/// Why an instruction did not finish in the ordinary way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It raised an exception.
    Raise(Exception),
    /// It puts the core to sleep.
    Sleep,
    /// It has no meaning.
    Trap(TrapKind),
}

impl From<BusFault> for Stop {
    fn from(fault: BusFault) -> Self {
        Self::Trap(TrapKind::Bus(fault))
    }
}

/// What executing an instruction gives.
pub(crate) type Outcome = Result<(), Stop>;

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Executed an instruction.
    Executed,
    /// Entered the handler of an exception.
    Interrupted(Exception),
    /// Fell asleep, or still sleeps.
    Asleep,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The core sleeps.
    Wait,
    /// The instructions allowed are used up.
    Budget,
}

/// What a step up to a cycle did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paced {
    /// The instruction was executed, or a handler entered.
    Done(Step),
    /// The instruction would act at this cycle, which is too late; or nothing but waiting is done
    /// until this cycle.
    Later(u64),
}

/// Never: a cycle that does not come.
const NEVER: u64 = u64::MAX;

/// A decoded instruction with the word it was decoded from.
#[derive(Clone, Copy, Debug)]
struct Decoded {
    word: u32,
    instruction: Instruction,
}

/// Entries of the memory of decoded instructions: one for every word of the core's own memory.
const DECODED_ENTRIES: usize = 4096;

/// Decoded instructions by the low bits of their address. Each entry is used only if the word
/// fetched is the one it was decoded from, so nothing has to be told when code changes, whoever
/// changes it. Empty until the first instruction.
#[derive(Clone, Debug, Default)]
struct DecodedMemory(Vec<Decoded>);

impl DecodedMemory {
    /// The instruction of a word fetched at `pc`.
    #[inline(always)]
    fn get(&mut self, pc: u32, word: u32) -> Option<&Instruction> {
        let at = (pc >> 2) as usize % DECODED_ENTRIES;
        if self.0.get(at).is_none_or(|entry| entry.word != word) {
            self.decode(at, word)?;
        }
        self.0.get(at).map(|entry| &entry.instruction)
    }

    #[cold]
    fn decode(&mut self, at: usize, word: u32) -> Option<()> {
        let decoded = Decoded { word, instruction: decode(word)? };
        if self.0.is_empty() {
            // Any entry is right, as long as its word is the one its instruction came from.
            self.0 = vec![decoded; DECODED_ENTRIES];
        }
        self.0[at] = decoded;
        Some(())
    }
}

/// The core. Registers are public; those of timers and interrupts are reached through
/// instructions and the methods that stand for pins and doorbell.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct Cpu {
    /// General-purpose registers.
    pub gpr: [u32; 32],
    /// Condition register, field 0 in the upper four bits.
    pub cr: u32,
    /// Link register.
    pub lr: u32,
    /// Count register.
    pub ctr: u32,
    /// Exception register: [`XER_SO`], [`XER_OV`] and [`XER_CA`]; other bits are zero.
    pub xer: u32,
    /// Address of the next instruction; while one executes, of the one behind it.
    pub pc: u32,
    /// Vector registers, accumulator, conditions.
    pub vector: VectorUnit,
    /// Instructions executed since reset.
    pub instructions: u64,
    pub(crate) interrupts: Interrupts,
    pub(crate) timebase: u64,
    pub(crate) cycles: u64,
    /// Cycle the time base bit of the fixed interval timer rises next.
    pub(crate) interval_edge: u64,
    pub(crate) sleeping: bool,
    pub(crate) last_exception: Option<(Exception, u32)>,
    /// Address of the instruction being executed.
    pub(crate) current: u32,
    /// Cycle at which the last access acted, if the core runs in step with others.
    acted: u64,
    pub(crate) waiting: Waiting,
    timing: Option<Box<Timing>>,
    #[borsh(skip)]
    decoded: DecodedMemory,
}

impl Default for Cpu {
    fn default() -> Self {
        let mut cpu = Self {
            gpr: [0; 32],
            cr: 0,
            lr: 0,
            ctr: 0,
            xer: 0,
            pc: 0,
            vector: VectorUnit::default(),
            instructions: 0,
            interrupts: Interrupts::default(),
            timebase: 0,
            cycles: 0,
            interval_edge: 0,
            sleeping: false,
            last_exception: None,
            current: 0,
            acted: 0,
            waiting: Waiting::default(),
            timing: None,
            decoded: DecodedMemory::default(),
        };
        cpu.schedule_timers();
        cpu
    }
}

macro_rules! define_execute {
    ($(
        #[doc = $doc:literal]
        $variant:ident $mnemonic:literal $extension:ident $form:ident($($number:literal),*)
            [$($name:ident: $field:ident $role:tt),*] [$($flag:ident),*]
            [$($resource:ident $how:tt),*] $module:ident::$function:ident $class:ident;
    )*) => {
        /// Executes an instruction: one function for every row of the instruction table.
        #[inline(always)]
        fn execute<B: Bus>(cpu: &mut Cpu, bus: &mut B, instruction: &Instruction) -> Outcome {
            match instruction.opcode {
                $(Opcode::$variant => exec::$module::$function(cpu, bus, instruction)),*
            }
        }
    };
}
for_each_insn!(define_execute);

impl Cpu {
    /// A core after reset: everything zero, execution starts at address 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a model of the pipelines, which time base and timers then follow.
    #[must_use]
    pub fn with_timing(parameters: TimingParameters) -> Self {
        Self { timing: Some(Box::new(Timing::new(parameters))), ..Self::default() }
    }

    /// The model of the pipelines, if there is one.
    #[must_use]
    pub fn timing(&self) -> Option<&Timing> {
        self.timing.as_deref()
    }

    pub(crate) fn timing_mut(&mut self) -> Option<&mut Timing> {
        self.timing.as_deref_mut()
    }

    /// Time base: cycles since reset, unless a program wrote it. Without a cycle model every
    /// instruction counts one cycle.
    #[must_use]
    pub const fn timebase(&self) -> u64 {
        self.timebase
    }

    /// Cycles since reset.
    #[must_use]
    pub const fn cycles(&self) -> u64 {
        self.cycles
    }

    /// Whether the core sleeps after `wait`.
    #[must_use]
    pub const fn is_asleep(&self) -> bool {
        self.sleeping
    }

    /// The exception raised last and the address it is to return to.
    #[must_use]
    pub const fn last_exception(&self) -> Option<(Exception, u32)> {
        self.last_exception
    }

    /// Executes one instruction, or enters the handler of an interrupt. A sleeping core wakes if
    /// something woke it and stays asleep otherwise; time passes for it by [`Cpu::sleep`].
    ///
    /// # Errors
    /// If the instruction has no meaning to the hardware; nothing has changed then.
    pub fn step<B: Bus>(&mut self, bus: &mut B) -> Result<Step, Trap> {
        let mut decoded = std::mem::take(&mut self.decoded);
        let step = self.step_with::<B, false>(bus, &mut decoded, NEVER);
        self.decoded = decoded;
        match step? {
            Paced::Done(step) => Ok(step),
            Paced::Later(_) => unreachable!("no cycle is too late"),
        }
    }

    /// The same with the memory of decoded instructions beside the core, so that an instruction
    /// need not be copied out of it to execute. If `PACED`, an instruction that acts at cycle
    /// `limit` or later is not executed.
    #[inline(always)]
    fn step_with<B: Bus, const PACED: bool>(
        &mut self,
        bus: &mut B,
        decoded: &mut DecodedMemory,
        limit: u64,
    ) -> Result<Paced, Trap> {
        if self.interrupts.pending
            && let Some(exception) = self.take_interrupt()
        {
            return Ok(Paced::Done(Step::Interrupted(exception)));
        }
        if self.sleeping {
            if !self.interrupts.wakes() {
                return Ok(Paced::Done(Step::Asleep));
            }
            self.sleeping = false;
            self.pc = self.pc.wrapping_add(4);
        }
        let pc = self.pc;
        if PACED
            && let Some(wait) = self.waiting.at(pc)
            && let Some(cycle) = self.rounds_end(bus, wait)
        {
            return Ok(Paced::Later(cycle));
        }
        let trap = |kind, word| Trap { kind, pc, word };
        let word = bus.fetch(pc).map_err(|fault| trap(TrapKind::Bus(fault), 0))?;
        let instruction = decoded.get(pc, word).ok_or(trap(TrapKind::Unimplemented, word))?;
        let wait = if self.timing.is_some() { self.wait(bus, instruction) } else { Wait::NONE };
        if PACED {
            let acts = match &self.timing {
                Some(timing) => timing.access_cycle(instruction, wait),
                None => self.cycles,
            };
            self.acted = self.acted.max(acts);
            if self.acted >= limit {
                return Ok(Paced::Later(self.acted));
            }
            bus.set_cycle(self.acted);
        }
        self.current = pc;
        self.pc = pc.wrapping_add(4);
        let step = match execute(self, bus, instruction) {
            Ok(()) => Step::Executed,
            Err(stop) => {
                self.pc = pc;
                match stop {
                    Stop::Raise(exception) => {
                        self.raise(exception);
                        Step::Interrupted(exception)
                    }
                    Stop::Sleep => {
                        self.sleeping = true;
                        Step::Asleep
                    }
                    Stop::Trap(kind) => return Err(trap(kind, word)),
                }
            }
        };
        self.instructions += 1;
        let cycles = match &mut self.timing {
            None => 1,
            Some(timing) => {
                let before = timing.cycles();
                let taken = self.pc != pc.wrapping_add(4) && !self.sleeping;
                timing.issue(&Executed { instruction: *instruction, address: pc, taken, wait });
                timing.cycles() - before
            }
        };
        self.advance(cycles);
        Ok(Paced::Done(step))
    }

    /// What the place takes that an instruction is about to access.
    #[allow(clippy::wildcard_enum_match_arm, reason = "a few fields make addresses")]
    fn wait<B: Bus>(&self, bus: &B, instruction: &Instruction) -> Wait {
        let access = match instruction.opcode.info().class {
            Class::Load | Class::LoadUpdate | Class::LoadMultiple => Access::Load,
            Class::Store | Class::StoreUpdate | Class::StoreMultiple => Access::Store,
            Class::VectorLoad => Access::VectorLoad,
            Class::VectorStore => Access::VectorStore,
            Class::VectorIn => Access::IoRead,
            Class::VectorOut => Access::IoWrite,
            Class::Madd2
            | Class::Madd1
            | Class::Compare
            | Class::Permute
            | Class::Shift
            | Class::Splat
            | Class::Fixed
            | Class::Multiply
            | Class::Divide
            | Class::CrLogic
            | Class::MoveSpr
            | Class::Branch
            | Class::Return
            | Class::Sync => return Wait::NONE,
        };
        let mut address = 0u32;
        // The first operand is the register that is moved.
        for (spec, value) in instruction.operands().skip(1) {
            let register = (value & 31) as usize;
            address = address.wrapping_add(match spec.field {
                Field::Ra0 if register == 0 => 0,
                Field::Ra | Field::Ra0 | Field::Rb => self.gpr[register],
                Field::D => value.cast_unsigned(),
                _ => 0,
            });
        }
        bus.wait(access, address)
    }

    /// Executes up to so many instructions, or until the core sleeps.
    ///
    /// # Errors
    /// If an instruction has no meaning to the hardware.
    pub fn run<B: Bus>(&mut self, bus: &mut B, max_instructions: u64) -> Result<Exit, Trap> {
        let mut decoded = std::mem::take(&mut self.decoded);
        let exit = self.run_on_host(bus, &mut decoded, max_instructions);
        self.decoded = decoded;
        exit
    }

    /// [`Cpu::run_with`], compiled for the vectors that the host has.
    #[allow(unsafe_code, reason = "run-time selection of the vector width")]
    fn run_on_host<B: Bus>(
        &mut self,
        bus: &mut B,
        decoded: &mut DecodedMemory,
        max_instructions: u64,
    ) -> Result<Exit, Trap> {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn avx2<B: Bus>(
            cpu: &mut Cpu,
            bus: &mut B,
            decoded: &mut DecodedMemory,
            max_instructions: u64,
        ) -> Result<Exit, Trap> {
            cpu.run_with(bus, decoded, max_instructions)
        }

        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was found.
            return unsafe { avx2(self, bus, decoded, max_instructions) };
        }
        self.run_with(bus, decoded, max_instructions)
    }

    #[inline(always)]
    fn run_with<B: Bus>(
        &mut self,
        bus: &mut B,
        decoded: &mut DecodedMemory,
        max_instructions: u64,
    ) -> Result<Exit, Trap> {
        for _ in 0..max_instructions {
            let step = self.step_with::<B, false>(bus, decoded, NEVER)?;
            if step == Paced::Done(Step::Asleep) {
                return Ok(Exit::Wait);
            }
        }
        Ok(Exit::Budget)
    }

    /// Executes what acts before cycle `limit`, in step with a world that stands there: each
    /// access is preceded by [`Bus::set_cycle`]. Returns the cycle at which the next instruction
    /// acts, `limit` or later; [`u64::MAX`] for a core that sleeps and that no timer wakes.
    ///
    /// Accesses act in the order of the program: what follows an access of the vector unit acts
    /// no earlier than it.
    ///
    /// # Errors
    /// If an instruction has no meaning to the hardware.
    pub fn run_before<B: Bus>(&mut self, bus: &mut B, limit: u64) -> Result<u64, Trap> {
        self.pass_rounds(limit);
        let mut decoded = std::mem::take(&mut self.decoded);
        let next = self.paced(bus, &mut decoded, limit);
        self.decoded = decoded;
        next
    }

    fn paced<B: Bus>(
        &mut self,
        bus: &mut B,
        decoded: &mut DecodedMemory,
        limit: u64,
    ) -> Result<u64, Trap> {
        loop {
            match self.step_with::<B, true>(bus, decoded, limit)? {
                Paced::Done(Step::Executed | Step::Interrupted(_)) => {}
                Paced::Later(cycle) if cycle >= limit => return Ok(cycle),
                Paced::Later(_) => self.pass_rounds(limit),
                Paced::Done(Step::Asleep) => {
                    self.sleep(limit.saturating_sub(self.cycles));
                    if self.cycles >= limit {
                        let awake = self.interrupts.wakes();
                        return Ok(if awake { self.cycles } else { self.wake_cycle() });
                    }
                }
            }
        }
    }

    /// Lets time pass for a sleeping core, up to so many cycles or until a timer wakes it.
    /// Returns the cycles that passed; a core that is awake lets none pass.
    pub fn sleep(&mut self, max_cycles: u64) -> u64 {
        let start = self.cycles;
        while self.sleeping && !self.interrupts.wakes() && self.cycles - start < max_cycles {
            let event = self.next_timer_event().max(self.cycles + 1);
            self.advance((event - self.cycles).min(max_cycles - (self.cycles - start)));
        }
        self.cycles - start
    }
}
