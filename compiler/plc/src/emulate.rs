//! `plc emulate`: a program on the simulated core.

use crate::asm;
use crate::cli::{DumpFormat, EmulateArgs, IoArg};
use crate::output::Failure;
use pl_chip::{Chip, ChipConfig, Profile};
use pl_isa::elf::{Image, Region, SymbolKind};
use pl_iss::{Bus, Cpu, Linted, PlainBus, Step, TimingParameters, Trap};
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
    Trap(Trap),
}

/// Loads a program, runs it, and prints what was asked for.
pub(crate) fn run(args: &EmulateArgs) -> Result<(), Failure> {
    let image = asm::read_image(&args.program)?;
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
    let mut machine = Machine { cpu, image: &image, args, stops: &stops, spent: BTreeMap::new() };
    let mut out = match args.io {
        IoArg::Plain => {
            let mut bus = PlainBus::new(PLAIN_BYTES);
            load_plain(&image, &mut bus)?;
            machine.run(&mut bus, &dumps)?
        }
        IoArg::Chip => {
            let profile = if args.mismatch { Profile::Mismatch } else { Profile::Ideal };
            let mut chip = Chip::new(&ChipConfig::profile(profile), args.seed);
            let hemisphere = usize::from(args.hemisphere.index());
            load_chip(&image, &mut chip, hemisphere)?;
            machine.run(&mut chip.ppu(hemisphere), &dumps)?
        }
    };
    match args.format {
        DumpFormat::Json => println!("{:#}", Value::Object(out.json)),
        DumpFormat::Text => print!("{}", out.text),
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
            End::Trap(trap) => format!("trap: {trap}"),
        };
        report.failure = matches!(end, End::Limit | End::Trap(_)).then(|| ended.clone());
        let _ = writeln!(report.text, "{ended}, {count} instructions, {cycles} cycles");
        report.json.insert("end".into(), json!(ended));
        report.json.insert("pc".into(), json!(pc));
        report.json.insert("instructions".into(), json!(count));
        report.json.insert("cycles".into(), json!(cycles));
        self.write_races(&bus, &mut report);
        if self.args.cycles {
            self.write_cycles(&mut bus, &mut report);
        }
        for dump in dumps {
            dump.write(&self.cpu, self.image, &mut bus, &mut report);
        }
        Ok(report)
    }

    fn execute<B: Bus>(&mut self, bus: &mut B) -> End {
        while self.cpu.instructions < self.args.max_instructions {
            let pc = self.cpu.pc;
            if self.args.trace {
                let word = bus.fetch(pc).unwrap_or_default();
                eprintln!("{}", asm::line(pc, word, Some(self.image)));
            }
            let before = self.cpu.cycles();
            let step = self.cpu.step(bus);
            if self.args.cycles {
                let spent = self.spent.entry(pc).or_default();
                spent.executions += 1;
                spent.cycles += self.cpu.cycles() - before;
            }
            match step {
                Ok(Step::Asleep) => return End::Asleep,
                Ok(Step::Interrupted(exception)) if self.args.trace => {
                    eprintln!("  {exception:?} -> {:08x}", self.cpu.pc);
                }
                Ok(Step::Executed | Step::Interrupted(_)) => {}
                Err(trap) => return End::Trap(trap),
            }
            if self.stops.contains(&self.cpu.pc) {
                return End::Break;
            }
        }
        End::Limit
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
        let by_function: Map<String, Value> =
            functions.iter().map(|(name, cycles)| ((*name).to_owned(), json!(cycles))).collect();
        report.json.insert("cycles_by_function".into(), Value::Object(by_function));
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

/// Something to print when a program has ended.
enum Dump {
    Registers,
    Vectors,
    Symbols,
    Memory { address: u32, bytes: u32 },
}

impl Dump {
    /// `registers`, `vectors`, `symbols`, or `ADDRESS+BYTES` with a symbol or number.
    fn parse(text: &str, image: &Image) -> Result<Dump, Failure> {
        match text {
            "registers" => Ok(Dump::Registers),
            "vectors" => Ok(Dump::Vectors),
            "symbols" => Ok(Dump::Symbols),
            range => {
                let wrong = || {
                    let forms = "`registers`, `vectors`, `symbols` or ADDRESS+BYTES";
                    Failure::Usage(format!("--dump takes {forms}, not `{range}`"))
                };
                let (place, bytes) = range.rsplit_once('+').ok_or_else(wrong)?;
                let bytes = number(bytes).filter(|bytes| *bytes <= MEMORY_BYTES);
                let bytes = bytes.ok_or_else(wrong)?;
                Ok(Dump::Memory { address: address_of(image, place)?, bytes })
            }
        }
    }

    fn write<B: Bus>(&self, cpu: &Cpu, image: &Image, bus: &mut B, report: &mut Report) {
        let Report { text, json, .. } = report;
        match self {
            Dump::Registers => {
                for (index, value) in cpu.gpr.iter().enumerate() {
                    let end = if index % 8 == 7 { '\n' } else { ' ' };
                    let _ = write!(text, "r{index:<2} {value:08x}{end}");
                }
                let (cr, lr, ctr, xer) = (cpu.cr, cpu.lr, cpu.ctr, cpu.xer);
                let _ = writeln!(text, "cr  {cr:08x} lr  {lr:08x} ctr {ctr:08x} xer {xer:08x}");
                json.insert("gpr".into(), json!(cpu.gpr));
                let special = json!({ "cr": cr, "lr": lr, "ctr": ctr, "xer": xer });
                json.insert("special".into(), special);
            }
            Dump::Vectors => {
                let vectors = cpu.vector.registers.iter().map(|lanes| hexadecimal(lanes));
                let vectors: Vec<String> = vectors.collect();
                for (index, lanes) in vectors.iter().enumerate() {
                    let _ = writeln!(text, "v{index:<2} {lanes}");
                }
                json.insert("vectors".into(), json!(vectors));
            }
            Dump::Symbols => {
                let mut values = Map::new();
                let objects =
                    image.symbols.iter().filter(|symbol| symbol.kind == SymbolKind::Object);
                for symbol in objects {
                    let bytes = read(bus, symbol.value, symbol.size.min(MEMORY_BYTES));
                    let _ = writeln!(
                        text,
                        "{:08x} {:<28} {}",
                        symbol.value,
                        symbol.name,
                        hexadecimal(&bytes)
                    );
                    values.insert(symbol.name.clone(), json!(hexadecimal(&bytes)));
                }
                json.insert("symbols".into(), Value::Object(values));
            }
            Dump::Memory { address, bytes } => {
                let found = read(bus, *address, *bytes);
                for (at, row) in (*address..).step_by(16).zip(found.chunks(16)) {
                    let _ = writeln!(text, "{at:08x} {}", hexadecimal(row));
                }
                json.insert(format!("memory {address:#x}"), json!(hexadecimal(&found)));
            }
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of memory; those that nothing answers for read as zero.
fn read<B: Bus>(bus: &mut B, address: u32, bytes: u32) -> Vec<u8> {
    let byte = |offset| bus.load(address.wrapping_add(offset), pl_iss::Width::Byte);
    let low = |word: u32| word.to_be_bytes()[3];
    (0..bytes).map(byte).map(|found| found.map_or(0, low)).collect()
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

/// Loads by the rules of the chip's loader: internal memory, and both external memories.
fn load_chip(image: &Image, chip: &mut Chip, hemisphere: usize) -> Result<(), Failure> {
    let memory = image.internal_memory(MEMORY_BYTES).map_err(|section| {
        let message = format!("section {section} does not fit {MEMORY_BYTES} bytes of memory");
        Failure::Invalid(message)
    })?;
    chip.ppu_memory_mut(hemisphere).copy_from_slice(&memory);
    for (region, address, bytes) in image.load().placed {
        let offset = address.wrapping_sub(region.base()) as usize;
        let external = chip.external_memory_mut();
        let fits = match region {
            Region::Internal => true,
            Region::ExternalData | Region::ExternalCode => external.write_sram(offset, &bytes),
            Region::ExternalDramData | Region::ExternalDramCode => {
                external.write_dram(offset, &bytes)
            }
        };
        if !fits {
            let message = format!("{} bytes at {address:#x} lie outside memory", bytes.len());
            return Err(Failure::Invalid(message));
        }
    }
    Ok(())
}

/// Loads every section at its address in flat memory.
fn load_plain(image: &Image, bus: &mut PlainBus) -> Result<(), Failure> {
    for (_, address, bytes) in image.load().placed {
        let start = address as usize;
        let target = start.checked_add(bytes.len()).and_then(|end| bus.memory.get_mut(start..end));
        let target = target.ok_or_else(|| {
            let message = format!("{} bytes at {address:#x} lie outside memory", bytes.len());
            Failure::Invalid(message)
        })?;
        target.copy_from_slice(&bytes);
    }
    Ok(())
}
