//! Subcommands and options.

use crate::engines::EngineKind;
use crate::output::Failure;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// Plasticity rules for BrainScaleS-2: check, compile and run them.
#[derive(Parser, Debug)]
#[command(name = "plc", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Check rules and print what is wrong with them; writes nothing.
    Check(CheckArgs),
    /// Compile a rule to IR, assembly, machine code and more.
    Compile(CompileArgs),
    /// Run the tests in rule files on every engine.
    Test(TestArgs),
    /// Lay out sources: indentation, blank lines, ends of lines.
    Fmt(FmtArgs),
    /// Write a page for each rule, and a catalogue of them.
    Doc(DocArgs),
    /// Run an experiment on emulated chips.
    Run(RunArgs),
    /// Run an experiment at every point of a grid of params, for every seed.
    Sweep(SweepArgs),
    /// Write one page of the results in a folder: runs, repeated runs, sweeps.
    Report(ReportArgs),
    /// Apply updates of a rule to recorded arrays.
    Apply(ApplyArgs),
    /// Assemble PPU code.
    Asm(AsmArgs),
    /// Disassemble a PPU program or words.
    Disasm(DisasmArgs),
    /// Run a PPU program on the simulated core.
    Emulate(EmulateArgs),
    /// Serve an editor over standard input and output (Language Server Protocol).
    Lsp,
    /// Explain a diagnostic code with a wrong and a mended example.
    Explain(ExplainArgs),
}

/// How diagnostics are printed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum MessageFormat {
    /// For people, with source.
    #[default]
    Human,
    /// One JSON object a line, for tools.
    Json,
}

/// Options of `plc check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Files to check; `-` reads standard input, `std:NAME` a rule of the library.
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
    /// Also write what was found to a file as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,
    /// Also print values, format and worst rounding error of every part of every stored expression.
    #[arg(long)]
    pub(crate) numerics: bool,
    /// How to print diagnostics.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) message_format: MessageFormat,
}

/// Options of `plc fmt`.
#[derive(Args, Debug)]
pub(crate) struct FmtArgs {
    /// Files to lay out in place; `-` reads standard input and prints.
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
    /// Only list files that are not laid out, and end with 1 if there are any.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Options of `plc doc`.
#[derive(Args, Debug)]
pub(crate) struct DocArgs {
    /// Files with rules; `std:NAME` is a rule of the library.
    pub(crate) files: Vec<String>,
    /// All rules of the library.
    #[arg(long)]
    pub(crate) library: bool,
    /// Folder to write to; made if it does not exist.
    #[arg(short, long, default_value = "doc")]
    pub(crate) out: PathBuf,
}

/// What `plc compile` writes.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Emit {
    /// The syntax tree of the file, with places in bytes.
    Ast,
    /// The vector IR as text.
    Ir,
    /// Native code as Cranelift IR.
    Clif,
    /// PPU assembly.
    Asm,
    /// The PPU program.
    Elf,
    /// An object file of this machine, with headers for C.
    Obj,
    /// A kernel in C++ for pynn-brainscales and grenade.
    Cxx,
    /// A class in Python for pynn-brainscales, with the kernel inside.
    Python,
    /// Worst-case cycles and memory.
    Cost,
}

/// Options of `plc compile`.
#[derive(Args, Debug)]
pub(crate) struct CompileArgs {
    /// File to compile; `-` reads standard input, `std:NAME` is a rule of the library.
    pub(crate) file: String,
    /// What to write, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "elf")]
    pub(crate) emit: Vec<Emit>,
    /// Folder to write to; made if it does not exist.
    #[arg(short, long, default_value = ".")]
    pub(crate) out: PathBuf,
    /// Change the default of a param, of one rule, and of those that use it, by `RULE.PARAM=VALUE`.
    #[arg(long = "set", value_name = "PARAM=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print the IR after this pass (`lower` for what the passes start with), each time it runs: for
    /// every engine, and again for the PPU program.
    #[arg(long, value_name = "PASS")]
    pub(crate) print_after: Option<String>,
    /// How to print diagnostics.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) message_format: MessageFormat,
}

/// Which engine runs the rules.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EngineArg {
    /// Native code.
    Jit,
    /// The reference evaluator.
    Eval,
    /// PPU machine code on the instruction-set simulator.
    Ppu,
    /// Real numbers that nothing rounds.
    Ideal,
}

impl From<EngineArg> for EngineKind {
    fn from(engine: EngineArg) -> EngineKind {
        match engine {
            EngineArg::Jit => EngineKind::Jit,
            EngineArg::Eval => EngineKind::Eval,
            EngineArg::Ppu => EngineKind::Ppu,
            EngineArg::Ideal => EngineKind::Ideal,
        }
    }
}

/// Options of `plc test`.
#[derive(Args, Debug)]
pub(crate) struct TestArgs {
    /// Files with tests; `-` reads standard input, `std:NAME` a rule of the library.
    #[arg(required_unless_present = "library")]
    pub(crate) files: Vec<String>,
    /// Test every rule of the library.
    #[arg(long)]
    pub(crate) library: bool,
    /// Engines, separated by commas [default: all].
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) engine: Vec<EngineArg>,
    /// How to print results and diagnostics.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) message_format: MessageFormat,
}

/// Options of `plc sweep`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SweepArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SweepCommand>,
    /// The sweep: experiment, grid, seeds, map.
    pub(crate) file: Option<PathBuf>,
    /// Run only every N-th point, beginning with the I-th: `I/N`.
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    pub(crate) shard: Option<(usize, usize)>,
    /// Engine that runs the rules [default: jit].
    #[arg(long, value_enum)]
    pub(crate) engine: Option<EngineArg>,
    /// Folder for the results; a sweep that was interrupted goes on there [default: out/NAME].
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Print no progress and no summary.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// What else `plc sweep` does.
#[derive(Subcommand, Debug)]
pub(crate) enum SweepCommand {
    /// Join the results of shards.
    Merge(MergeArgs),
}

/// Options of `plc sweep merge`.
#[derive(Args, Debug)]
pub(crate) struct MergeArgs {
    /// The sweep.
    pub(crate) file: PathBuf,
    /// Folders of the shards.
    #[arg(required = true)]
    pub(crate) shards: Vec<PathBuf>,
    /// Folder for the joined results.
    #[arg(long)]
    pub(crate) out: PathBuf,
}

/// A share of the points, counted from 1.
fn parse_shard(text: &str) -> Result<(usize, usize), String> {
    let parsed = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parsed {
        Some((index, count)) if (1..=count).contains(&index) => Ok((index, count)),
        _ => Err("a share is I/N with I from 1 to N, such as 1/4".into()),
    }
}

/// Options of `plc report`.
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// Folder with results, or with folders of them.
    pub(crate) folder: PathBuf,
    /// Page to write [default: index.html in the folder].
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

/// Options of `plc apply`.
///
/// The archive holds integers of 0 to 255: `weights` and `addresses` (rows by columns, before the
/// first update; or updates + 1 by rows by columns, then each update starts from what was recorded
/// before it and is compared with what was recorded after), raw ADC codes `causal` and `acausal`
/// (rows by columns, or updates by rows by columns) with `causal_baseline` and `acausal_baseline`
/// (one, or one a column), `rates` and `membranes` (columns, or updates by columns), `rows`, the
/// hardware rows [default: from 0], and `events` that were sent (events by three: update from 0, row,
/// address), which are compared. All but `weights` may be left out.
#[derive(Args, Debug)]
#[command(after_long_help = crate::apply::arrays_help())]
#[command(verbatim_doc_comment)]
pub(crate) struct ApplyArgs {
    /// File with the rule; `-` reads standard input, `std:NAME` is a rule of the library.
    pub(crate) file: String,
    /// NumPy archive of recorded arrays; `--help` lists them.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// The rule, if the file has several.
    #[arg(long)]
    pub(crate) rule: Option<String>,
    /// Engine that runs the rule; all but `ideal` give the same results [default: jit].
    #[arg(long, value_enum)]
    pub(crate) engine: Option<EngineArg>,
    /// Change a param of the rule.
    #[arg(long = "set", value_name = "PARAM=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seed of the rule's random numbers.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Archive for weights and addresses after each update, and for events [default: applied.npz].
    #[arg(short, long)]
    pub(crate) out: Option<PathBuf>,
}

/// What `plc run` compares a run with.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CompareArg {
    /// The rules in real numbers, on the same sensor readings.
    Ideal,
    /// That, and the rules in real numbers on sensors without circuits: with the chip's spread of
    /// sensors, with sensors all alike, and with all pairs instead of nearest neighbours.
    IdealSensor,
}

/// Options of `plc run`.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("states").args(["checkpoint", "resume"]).multiple(true)))]
pub(crate) struct RunArgs {
    /// The experiment.
    pub(crate) file: PathBuf,
    /// Engine that runs the rules; all but `ideal` give the same results [default: jit].
    #[arg(long, value_enum)]
    pub(crate) engine: Option<EngineArg>,
    /// Run something beside the rules and report how far they are apart.
    #[arg(long, value_enum)]
    pub(crate) compare: Option<CompareArg>,
    /// Seed of chip, stimuli and rules [default: the experiment's].
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Change a param of a rule, or a value of the experiment: `rule.param=value`, `task.samples=100`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Folder for the results [default: out/NAME-SEED].
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Run this many seeds from the first on and print medians, quartiles, means and standard deviations.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) repeat: u32,
    /// Show the run on the terminal, so many updates a second, or fewer; for tasks that have
    /// something to look at.
    #[arg(
        long, value_name = "UPDATES_A_SECOND", num_args = 0..=1, require_equals = true,
        default_missing_value = "100", value_parser = parse_pace, conflicts_with_all = ["repeat", "quiet"],
    )]
    pub(crate) live: Option<f64>,
    /// Keep the state of the run in this file, for --resume.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Seconds from one state that is kept to the next; one is kept at the end in any case.
    #[arg(
        long, value_name = "SECONDS", default_value_t = 60.0, value_parser = parse_seconds, requires = "states",
    )]
    pub(crate) every: f64,
    /// Go on from the state in this file, and keep later ones there unless --checkpoint names
    /// another. Everything else must be as it was; the results are those of a run that was never
    /// interrupted.
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
    /// Print no progress and no summary.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// A time that is not negative.
fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=1e6).contains(seconds));
    seconds.ok_or_else(|| "must be 0 to 1000000 seconds".to_owned())
}

/// Updates a second, more than none.
fn parse_pace(text: &str) -> Result<f64, String> {
    let pace = text.parse::<f64>().ok().filter(|pace| (0.01..=1e6).contains(pace));
    pace.ok_or_else(|| "must be 0.01 to 1000000 updates a second".to_owned())
}

/// Options of `plc asm`.
#[derive(Args, Debug)]
pub(crate) struct AsmArgs {
    /// File to assemble; `-` reads standard input.
    pub(crate) file: String,
    /// Executable to write [default: the file's name with .elf].
    #[arg(short, long)]
    pub(crate) out: Option<PathBuf>,
    /// Address of the first section.
    #[arg(long, default_value = "0", value_parser = parse_word)]
    pub(crate) origin: u32,
    /// Print addresses and words.
    #[arg(long)]
    pub(crate) listing: bool,
}

/// Options of `plc disasm`.
#[derive(Args, Debug)]
pub(crate) struct DisasmArgs {
    /// Executable to disassemble.
    pub(crate) file: Option<PathBuf>,
    /// Words in hexadecimal, instead of a file.
    #[arg(long, num_args = 1.., value_parser = parse_hexadecimal, conflicts_with = "file")]
    pub(crate) words: Vec<u32>,
    /// Address of the first of the words.
    #[arg(long, default_value = "0", value_parser = parse_word)]
    pub(crate) address: u32,
}

/// What vector IO reaches.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IoArg {
    /// The emulated chip.
    Chip,
    /// One cell of 128 bytes an address, and flat memory.
    Plain,
}

/// Which of the two PPUs.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HemisphereArg {
    /// That of hemisphere 0.
    Top,
    /// That of hemisphere 1.
    Bottom,
}

impl HemisphereArg {
    pub(crate) fn index(self) -> u8 {
        match self {
            HemisphereArg::Top => 0,
            HemisphereArg::Bottom => 1,
        }
    }
}

/// How results are printed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DumpFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// Options of `plc emulate`.
#[derive(Args, Debug)]
pub(crate) struct EmulateArgs {
    /// The program.
    pub(crate) program: PathBuf,
    /// What vector IO reaches.
    #[arg(long, value_enum, default_value = "chip")]
    pub(crate) io: IoArg,
    /// Which PPU of the chip runs it.
    #[arg(long, value_enum, default_value = "top")]
    pub(crate) hemisphere: HemisphereArg,
    /// Give the chip the spread of real circuits.
    #[arg(long)]
    pub(crate) mismatch: bool,
    /// Seed of the chip.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Write a word over a symbol before the start.
    #[arg(long = "set-symbol", value_name = "NAME=VALUE")]
    pub(crate) set_symbol: Vec<String>,
    /// Stop when execution reaches a symbol or an address.
    #[arg(long = "break", value_name = "PLACE")]
    pub(crate) breaks: Vec<String>,
    /// Stop after so many instructions.
    #[arg(long, default_value_t = 100_000_000)]
    pub(crate) max_instructions: u64,
    /// Stop after so many cycles, at the end of an instruction.
    #[arg(long)]
    pub(crate) max_cycles: Option<u64>,
    /// Print every instruction to stderr before it executes.
    #[arg(long)]
    pub(crate) trace: bool,
    /// A second program, for the PPU of the bottom hemisphere: both run side by side on one chip.
    #[arg(
        long,
        value_name = "PROGRAM",
        conflicts_with_all = ["hemisphere", "io", "debug", "step", "trace", "breaks", "cycles", "set_symbol"]
    )]
    pub(crate) bottom: Option<PathBuf>,
    /// Read commands from standard input: breakpoints, watched words, steps, vector lanes.
    #[arg(long)]
    pub(crate) debug: bool,
    /// Print every instruction to stderr, and after it the registers it changed.
    #[arg(long)]
    pub(crate) step: bool,
    /// Print where the cycles went, by function and by instruction.
    #[arg(long)]
    pub(crate) cycles: bool,
    /// Cycles from a scalar load to its data.
    #[arg(long, default_value_t = 1)]
    pub(crate) load_cycles: u32,
    /// Cycles of each access of a vector load or store.
    #[arg(long, default_value_t = 1)]
    pub(crate) vector_memory_cycles: u32,
    /// Cycles for which vector IO is held back.
    #[arg(long, default_value_t = 0)]
    pub(crate) io_wait_cycles: u32,
    /// What to print at the end: registers, vectors, symbols, ADDRESS+BYTES.
    #[arg(long, value_delimiter = ',')]
    pub(crate) dump: Vec<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DumpFormat,
}

/// A word in decimal or, after `0x`, hexadecimal.
fn parse_word(text: &str) -> Result<u32, String> {
    match text.strip_prefix("0x") {
        Some(digits) => parse_hexadecimal(digits),
        None => text.parse().map_err(|_| "a number of 32 bits is needed".into()),
    }
}

fn parse_hexadecimal(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u32::from_str_radix(digits, 16).map_err(|_| "a hexadecimal word of 32 bits is needed".into())
}

/// Options of `plc explain`.
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// A code such as E0406; all codes are listed if it is left out.
    pub(crate) code: Option<String>,
}

pub(crate) fn main() -> ExitCode {
    // clap itself exits with 2 on a usage error and with 0 after help.
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Check(args) => crate::check::run(&args),
        Command::Compile(args) => crate::compile::run(&args),
        Command::Test(args) => crate::test::run(&args),
        Command::Fmt(args) => crate::fmt::run(&args),
        Command::Doc(args) => crate::doc::run(&args),
        Command::Run(args) => crate::run::run(&args),
        Command::Sweep(args) => crate::sweep::run(&args),
        Command::Report(args) => crate::collect::run(&args),
        Command::Apply(args) => crate::apply::run(&args),
        Command::Asm(args) => crate::asm::assemble(&args),
        Command::Disasm(args) => crate::asm::disassemble(&args),
        Command::Emulate(args) => crate::emulate::run(&args),
        Command::Lsp => crate::lsp::run(),
        Command::Explain(args) => crate::explain::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Findings) => ExitCode::from(1),
        Err(Failure::Usage(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
        Err(Failure::Invalid(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(1)
        }
        Err(Failure::Interrupted) => ExitCode::from(crate::watch::INTERRUPTED),
    }
}
