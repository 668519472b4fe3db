//! `plc emulate`: a program on the simulated core.

mod both;
mod debugger;
mod dump;
mod load;
mod registers;

use crate::asm;
use crate::cli::{DumpFormat, EmulateArgs, IoArg};
use crate::debug_lines::Source;
use crate::output::Failure;
use debugger::Debugger;
use dump::Dump;
use load::{load_chip, load_plain};
use pl_chip::{Chip, ChipConfig, Profile};
use pl_isa::elf::Image;
use pl_iss::{Bus, Cpu, Linted, PlainBus, Step, TimingParameters, Trap};
use registers::Registers;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Bytes of the core's own memory (ppu-isa reference, 4.1).
const MEMORY_BYTES: u32 = 0x4000;
/// Bytes of the flat memory of `--io plain`.
const PLAIN_BYTES: usize = 1 << 20;

/// Instructions that a list of the dearest names.
const DEAREST: usize = 20;

/// How a program ended.
enum End {
    Asleep,
    Break,
    Limit,
    /// The debugger was left.
    Left,
    Trap(Trap),
}

/// Loads a program, runs it, and prints what was asked for.
pub(crate) fn run(args: &EmulateArgs) -> Result<(), Failure> {
    let (image, source) = asm::read_program(&args.program)?;
    let stops = args.breaks.iter().map(|place| address_of(&image, place));
    let stops = stops.collect::<Result<Vec<u32>, Failure>>()?;
    let dumps = args.dump.iter().map(|text| Dump::parse(text, &image));
    let dumps = dumps.collect::<Result<Vec<Dump>, Failure>>()?;
    let parameters = TimingParameters {
        load_cycles: args.load_cycles,
        vector_memory_cycles: args.vector_memory_cycles,
        io_wait_cycles: args.io_wait_cycles,
    };
    let cpu = Cpu::with_timing(parameters);
    let mut machine = Machine {
        cpu,
        image: &image,
        source: source.as_ref(),
        args,
        stops: &stops,
        spent: BTreeMap::new(),
    };
    let mut out = match args.io {
        IoArg::Plain => {
            let mut bus = PlainBus::new(PLAIN_BYTES);
            load_plain(&image, &mut bus)?;
            machine.run(&mut bus, &dumps)?
        }
        IoArg::Chip => {
            let profile = if args.mismatch { Profile::Mismatch } else { Profile::Ideal };
            let mut chip = Chip::new(&ChipConfig::profile(profile), args.seed);
            if let Some(bottom) = &args.bottom {
                let images = [image.clone(), asm::read_program(bottom)?.0];
                both::run(args, images, parameters, chip)?
            } else {
                let hemisphere = usize::from(args.hemisphere.index());
                load_chip(&image, &mut chip, hemisphere)?;
                machine.run(&mut chip.ppu(hemisphere), &dumps)?
            }
        }
    };
    match args.format {
        DumpFormat::Json => outln!("{:#}", Value::Object(out.json)),
        DumpFormat::Text => out!("{}", out.text),
    }
    match out.failure.take() {
        Some(message) => Err(Failure::Invalid(message)),
        None => Ok(()),
    }
}

/// A core with its program.
struct Machine<'a> {
    cpu: Cpu,
    image: &'a Image,
    source: Option<&'a Source>,
    args: &'a EmulateArgs,
    stops: &'a [u32],
    /// Executions and cycles of each instruction.
    spent: BTreeMap<u32, Spent>,
}

/// What an instruction cost in all its executions: the time until the next could issue.
#[derive(Clone, Copy, Default)]
struct Spent {
    executions: u64,
    cycles: u64,
}

/// What a run prints, in both forms.
#[derive(Default)]
struct Report {
    text: String,
    json: Map<String, Value>,
    /// Why the run counts as failed.
    failure: Option<String>,
}

impl Machine<'_> {
    fn run<B: Bus>(&mut self, bus: &mut B, dumps: &[Dump]) -> Result<Report, Failure> {
        for change in &self.args.set_symbol {
            set_symbol(self.image, bus, change)?;
        }
        let mut bus = Linted::new(bus);
        let end = self.execute(&mut bus);
        let mut report = Report::default();
        let (pc, count, cycles) = (self.cpu.pc, self.cpu.instructions, self.cpu.cycles());
        let place = self.place(pc);
        let ended = match &end {
            End::Asleep => format!("asleep at {place}"),
            End::Break => format!("breakpoint at {place}"),
            End::Limit => format!("stopped after {count} instructions, at {place}"),
            End::Left => format!("left at {place}"),
            End::Trap(trap) => format!("trap: {trap}"),
        };
        report.failure = matches!(end, End::Limit | End::Trap(_)).then(|| ended.clone());
        let _ = writeln!(report.text, "{ended}, {count} instructions, {cycles} cycles");
        report.json.insert("end".into(), json!(ended));
        report.json.insert("pc".into(), json!(pc));
        report.json.insert("instructions".into(), json!(count));
        report.json.insert("cycles".into(), json!(cycles));
        self.write_races(&bus, &mut report);
        self.write_pitfalls(&bus, &mut report);
        if self.args.cycles {
            self.write_cycles(&mut bus, &mut report);
        }
        for dump in dumps {
            dump.write(&self.cpu, self.image, &mut bus, &mut report);
        }
        Ok(report)
    }

    fn execute<B: Bus>(&mut self, bus: &mut Linted<&mut B>) -> End {
        if self.args.debug {
            return Debugger::new(self.stops).run(self, bus);
        }
        while !self.at_limit() {
            if let Some(end) = self.step(bus) {
                return end;
            }
            if self.stops.contains(&self.cpu.pc) {
                return End::Break;
            }
        }
        End::Limit
    }

    /// Whether the instructions or cycles that are allowed are used up.
    fn at_limit(&self) -> bool {
        let max_cycles = self.args.max_cycles.unwrap_or(u64::MAX);
        self.cpu.instructions >= self.args.max_instructions || self.cpu.cycles() >= max_cycles
    }

    /// Executes one instruction and prints what is wanted of it; the end if the program has one.
    fn step<B: Bus>(&mut self, bus: &mut Linted<&mut B>) -> Option<End> {
        let pc = self.cpu.pc;
        let registers = self.args.step.then(|| Registers::of(&self.cpu));
        if self.args.trace || self.args.step {
            let word = bus.fetch(pc).unwrap_or_default();
            eprintln!("{}", asm::line(pc, word, Some(self.image)));
        }
        let before = self.cpu.cycles();
        let step = self.cpu.step(bus);
        if let Some(registers) = registers {
            eprint!("{}", registers.changes(&Registers::of(&self.cpu)));
        }
        if self.args.cycles {
            let spent = self.spent.entry(pc).or_default();
            spent.executions += 1;
            spent.cycles += self.cpu.cycles() - before;
        }
        match step {
            Ok(Step::Asleep) => Some(End::Asleep),
            Ok(Step::Interrupted(exception)) if self.args.trace || self.args.step => {
                eprintln!("  {exception:?} -> {:08x}", self.cpu.pc);
                None
            }
            Ok(Step::Executed | Step::Interrupted(_)) => None,
            Err(trap) => Some(End::Trap(trap)),
        }
    }

    /// Accesses that the hardware would not order.
    fn write_races<B>(&self, bus: &Linted<B>, report: &mut Report) {
        for finding in bus.findings() {
            let (place, earlier) = (self.place(finding.address), self.place(finding.earlier));
            let what = finding.race.text();
            let _ =
                writeln!(report.text, "warning: no `sync` between {earlier} and {place}: {what}");
        }
        let races: Vec<Value> = bus
            .findings()
            .iter()
            .map(|finding| {
                json!({
                    "address": finding.address,
                    "earlier": finding.earlier,
                    "what": finding.race.text(),
                })
            })
            .collect();
        report.json.insert("missing_syncs".into(), json!(races));
    }

    /// Instructions that the hardware executes differently.
    fn write_pitfalls<B>(&self, bus: &Linted<B>, report: &mut Report) {
        for (address, pitfall) in bus.pitfalls() {
            let (place, help) = (self.place(*address), pitfall.help());
            let _ = writeln!(report.text, "warning: at {place}: {pitfall} (help: {help})");
        }
        let pitfalls = bus.pitfalls().iter();
        let pitfalls: Vec<Value> = pitfalls
            .map(|(address, pitfall)| json!({ "address": address, "what": pitfall.text() }))
            .collect();
        report.json.insert("pitfalls".into(), json!(pitfalls));
    }

    /// Where the cycles went: by function, and the dearest instructions.
    fn write_cycles<B: Bus>(&self, bus: &mut B, report: &mut Report) {
        let mut functions: BTreeMap<&str, u64> = BTreeMap::new();
        for (address, spent) in &self.spent {
            let name = self.image.symbol_at(*address).map_or("?", |symbol| symbol.name.as_str());
            *functions.entry(name).or_default() += spent.cycles;
        }
        let mut functions: Vec<(&str, u64)> = functions.into_iter().collect();
        functions.sort_by_key(|(_, cycles)| u64::MAX - cycles);
        report.text.push_str("cycles by function\n");
        for (name, cycles) in &functions {
            let _ = writeln!(report.text, "  {cycles:>10}  {name}");
        }
        let mut dearest: Vec<(u32, Spent)> = self.spent.iter().map(|(a, s)| (*a, *s)).collect();
        dearest.sort_by_key(|(address, spent)| (u64::MAX - spent.cycles, *address));
        report.text.push_str("cycles by instruction (cycles, executions)\n");
        for (address, spent) in dearest.iter().take(DEAREST) {
            let word = bus.fetch(*address).unwrap_or_default();
            let line = asm::line(*address, word, Some(self.image));
            let Spent { cycles, executions } = spent;
            let _ = writeln!(report.text, "  {cycles:>10} {executions:>8} {line}");
        }
        self.write_lines(report);
        let by_function: Map<String, Value> =
            functions.iter().map(|(name, cycles)| ((*name).to_owned(), json!(cycles))).collect();
        report.json.insert("cycles_by_function".into(), Value::Object(by_function));
    }

    /// Where the cycles went by line of the source, if that is known.
    fn write_lines(&self, report: &mut Report) {
        let Some(source) = self.source else { return };
        let mut lines: BTreeMap<(u32, &str), u64> = BTreeMap::new();
        for (address, spent) in &self.spent {
            if let Some(line) = source.line_at(*address) {
                *lines.entry(line).or_default() += spent.cycles;
            }
        }
        report.text.push_str("cycles by line\n");
        for ((number, line), cycles) in &lines {
            let _ = writeln!(report.text, "  {cycles:>10} {number:>5}: {line}");
        }
        let by_line: Vec<Value> = lines
            .iter()
            .map(|((number, _), cycles)| json!({ "line": number, "cycles": cycles }))
            .collect();
        report.json.insert("cycles_by_line".into(), json!(by_line));
    }

    /// An address with the symbol it lies in.
    fn place(&self, address: u32) -> String {
        match self.image.symbol_at(address) {
            Some(symbol) => {
                format!("{address:#010x} <{}+{:#x}>", symbol.name, address - symbol.value)
            }
            None => format!("{address:#010x}"),
        }
    }
}

/// A number in decimal or, after `0x`, hexadecimal.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The address that a symbol or a number names.
fn address_of(image: &Image, place: &str) -> Result<u32, Failure> {
    if let Some(symbol) = image.symbol(place) {
        return Ok(symbol.value);
    }
    number(place).ok_or_else(|| Failure::Usage(format!("the program has no symbol `{place}`")))
}

/// Writes a word over a symbol's first: `NAME=VALUE`.
fn set_symbol<B: Bus>(image: &Image, bus: &mut B, change: &str) -> Result<(), Failure> {
    let wrong = || Failure::Usage(format!("--set-symbol takes NAME=VALUE, not `{change}`"));
    let (name, value) = change.split_once('=').ok_or_else(wrong)?;
    let value = match value.strip_prefix('-') {
        Some(digits) => number(digits).map(u32::wrapping_neg),
        None => number(value),
    };
    let (address, value) = (address_of(image, name)?, value.ok_or_else(wrong)?);
    bus.store(address, pl_iss::Width::Word, value)
        .map_err(|fault| Failure::Usage(format!("nothing answers at {:#x}", fault.address)))
}
