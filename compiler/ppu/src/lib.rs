//! PPU machine code for the IR: `&Verified<Module>` to a program for the plasticity processor.
//!
//! ```text
//!   needs.rs, memory.rs   what the module uses; the data it stores, with the hosts' names
//!   lower/                instruction selection -> vcode.rs, code over virtual registers
//!   conditional.rs        conditional operations instead of selects
//!   schedule.rs           order of a block's instructions
//!   regalloc/, frame.rs   physical registers, spill slots
//!   runtime/              boot, command loop, sensors, scheduler: the same for every rule
//!   emit.rs, image.rs     lines -> words, sections, symbols, listing
//!   cost.rs               worst-case cycles
//! ```
//!
//! Invariants: the program computes what `pl_ir::eval` computes, bit for bit; only instructions of
//! the core; `sync` between the scalar and the vector side of memory (ppu-isa reference, 2.8); no
//! conditional `fxvinx`, no splat from r0, no negative displacement of `lha`. The contract with
//! hosts is [`pl_isa::image`].
//!
//! Start with [`compile`].

mod conditional;
mod cost;
mod emit;
mod frame;
mod image;
mod lower;
mod memory;
mod needs;
mod regalloc;
mod runtime;
mod schedule;
mod vcode;

pub use cost::Cost;

use frame::Frame;
use image::Placed;
use memory::{Memory, Spread};
use needs::Needs;
use pl_ir::{Module, Verified};
use pl_isa::elf::Image;
use pl_isa::image::{EXTERNAL_REGION_BYTES, STACK_TOP};
use pl_isa::latency::ChipLatencies;
use schedule::Freedom;
use vcode::Code;

/// Choices of a compilation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// First byte above image and stack, a multiple of 16; at most `0x8000`, which is as far as
    /// absolute addresses reach.
    pub stack_top: u32,
    /// What the chip takes to answer, for the order of the program and its cost.
    pub latencies: ChipLatencies,
    /// Periods by which an update of a run may begin late; later it is left out. 1 unless in most
    /// updates nothing is due.
    pub patience_periods: u32,
}

impl Default for Options {
    fn default() -> Options {
        let latencies = ChipLatencies::DEFAULT;
        Options { stack_top: STACK_TOP, latencies, patience_periods: 1 }
    }
}

/// Code this many times as long as memory is refused before it is ordered and has registers, which
/// takes time that grows with its square and would make it no shorter by so much.
const CODE_LIMITS: u32 = 2;

/// Why a module has no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Image and stack do not fit into internal memory.
    #[error("image and stack take {bytes} bytes, {limit} are there")]
    ImageTooLarge {
        /// Bytes of code, data and stack; of code that is hopelessly long those before it is ordered
        /// and has registers, as far as it was made.
        bytes: u32,
        /// Bytes there are.
        limit: u32,
    },
    /// Objects do not fit into the PPU's region of external memory.
    #[error("state takes {bytes} bytes of external memory, {limit} are there")]
    ExternalTooLarge {
        /// Bytes of the objects.
        bytes: u32,
        /// Bytes there are.
        limit: u32,
    },
    /// An instruction has no encoding: a fault of the compiler.
    #[error("internal error: {0}")]
    Encoding(String),
}

/// A program for one rule instance.
#[derive(Clone, Debug)]
pub struct Program {
    /// Sections and symbols.
    pub image: Image,
    /// What it costs.
    pub cost: Cost,
    placed: Placed,
}

impl Program {
    /// The program as an ELF file.
    #[must_use]
    pub fn to_elf(&self) -> Vec<u8> {
        self.image.to_bytes()
    }

    /// The program as assembly text, with labels and comments.
    #[must_use]
    pub fn listing(&self) -> String {
        self.placed.listing()
    }
}

/// Compiles a module.
///
/// State goes inside if it fits; else that of synapses and then that of neurons goes to external
/// memory.
///
/// # Errors
/// [`Error`], of the smallest program if none fits.
pub fn compile(module: &Verified<Module>, options: &Options) -> Result<Program, Error> {
    let limit = options.stack_top.min(0x8000);
    let mut result = Err(Error::ImageTooLarge { bytes: u32::MAX, limit });
    for spread in [Spread::Inside, Spread::SynapsesOutside, Spread::VectorsOutside] {
        result = compile_with(module, options, spread, limit);
        if !matches!(result, Err(Error::ImageTooLarge { .. })) {
            break;
        }
    }
    result
}

fn compile_with(
    module: &Module,
    options: &Options,
    spread: Spread,
    limit: u32,
) -> Result<Program, Error> {
    let needs = Needs::of_module(module);
    let memory = Memory::new(module, &needs, spread);
    if memory.info.records_offset > EXTERNAL_REGION_BYTES {
        let bytes = memory.info.records_offset;
        return Err(Error::ExternalTooLarge { bytes, limit: EXTERNAL_REGION_BYTES });
    }
    let data_bytes = memory.data().iter().fold(0u32, |sum, d| sum.saturating_add(d.bytes));
    if data_bytes > limit {
        return Err(Error::ImageTooLarge { bytes: data_bytes, limit });
    }
    let mut lines = runtime::runtime(module, &memory, limit, options.patience_periods);
    let mut stack_bytes = runtime::stack_bytes(needs, limit);
    let mut spills = (0, 0);
    let mut codes = Vec::new();
    for func in &module.functions {
        let label = match func.name.as_str() {
            "start" => runtime::START,
            "update" => runtime::UPDATE,
            // Nothing calls other functions.
            _ => continue,
        };
        let lowered = lower::lower(module, func, &memory, label);
        let code_bytes = lowered.bytes();
        if code_bytes > CODE_LIMITS * limit {
            return Err(Error::ImageTooLarge {
                bytes: data_bytes.saturating_add(code_bytes),
                limit,
            });
        }
        let (code, frame) = fastest(&lowered, module, &options.latencies);
        stack_bytes = stack_bytes.max(frame.bytes(limit));
        let (vectors, scalars) = frame.spilled();
        spills = (spills.0 + vectors, spills.1 + scalars);
        lines.extend(emit::function(&code, &frame, limit));
        codes.push(code);
    }
    let placed = Placed::new(lines, &memory);
    let bytes = placed.end().saturating_add(stack_bytes);
    if bytes > limit {
        return Err(Error::ImageTooLarge { bytes, limit });
    }
    let image = placed.image().map_err(|error| Error::Encoding(error.to_string()))?;
    let sizes = cost::Sizes {
        code_bytes: placed.code_bytes,
        data_bytes: placed.end() - placed.code_bytes,
        stack_bytes,
        external_bytes: memory.info.records_offset,
        spilled_vectors: spills.0,
        spilled_scalars: spills.1,
    };
    let cost = Cost::of(&codes, module, &options.latencies, sizes);
    Ok(Program { image, cost, placed })
}

/// The fastest of the orders that the scheduler can give a function, with its registers; with
/// selects and with conditional operations.
fn fastest(lowered: &Code, module: &Module, latencies: &ChipLatencies) -> (Code, Frame) {
    let conditional = conditional::with_conditions(lowered);
    let forms = core::iter::once(lowered).chain(&conditional);
    let forms = forms.flat_map(|form| Freedom::ALL.map(|freedom| (form, freedom)));
    let candidates = forms.flat_map(|(form, freedom)| {
        let mut code = form.clone();
        schedule::schedule(&mut code, freedom, latencies);
        let frame = regalloc::allocate(&mut code);
        let mut again = code.clone();
        schedule::reschedule(&mut again, latencies);
        [(code, frame.clone()), (again, frame)]
    });
    let cycles = |code: &Code| Cost::function_cycles(code, module, latencies);
    let best = candidates.map(|(code, frame)| (cycles(&code), code, frame));
    let best = best.min_by_key(|(cycles, ..)| *cycles);
    let (_, code, frame) = best.expect("there are several orders");
    (code, frame)
}
