//! `plc emulate --debug`: commands from standard input, one a line.

use super::dump::Dump;
use super::{End, Machine, Report, address_of, number};
use crate::asm;
use pl_iss::{Bus, Linted, Width};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, IsTerminal, Write};

const HELP: &str = "\
step [N]            execute one instruction, or N
continue            execute until a breakpoint, a watched word that changes, or the end
break PLACE         stop before the instruction at a symbol or address
watch PLACE         stop after the word there has changed
delete PLACE        forget breakpoint and watch of a place
registers           general and special registers
vector N [b]        vector register N as 64 halfwords, or with b as 128 bytes
vectors             all vector registers as bytes
memory PLACE BYTES  bytes of memory
list [N]            instructions from the next on
help, quit
";

/// Instructions that `list` shows.
const LISTED: u32 = 8;
/// Lanes a line.
const LANES_A_LINE: usize = 16;

/// Where a program stops.
pub(super) struct Debugger {
    breaks: BTreeSet<u32>,
    /// Watched words with the values they had last.
    watches: BTreeMap<u32, u32>,
}

impl Debugger {
    pub(super) fn new(breaks: &[u32]) -> Debugger {
        Debugger { breaks: breaks.iter().copied().collect(), watches: BTreeMap::new() }
    }

    /// Runs commands until the program ends, the input does or someone quits.
    pub(super) fn run<B: Bus>(
        &mut self,
        machine: &mut Machine<'_>,
        bus: &mut Linted<&mut B>,
    ) -> End {
        let input = std::io::stdin();
        let prompts = input.is_terminal();
        show_next(machine, bus, 1);
        loop {
            if prompts {
                out!("> ");
                // A prompt that cannot be shown is no reason to stop.
                std::io::stdout().flush().ok();
            }
            let mut line = String::new();
            match input.lock().read_line(&mut line) {
                Ok(0) | Err(_) => return End::Left,
                Ok(_) => {}
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match self.command(&words, machine, bus) {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(message) => outln!("{message}"),
            }
        }
    }

    /// Does what a line says; the end of the program if it came to that.
    fn command<B: Bus>(
        &mut self,
        words: &[&str],
        machine: &mut Machine<'_>,
        bus: &mut Linted<&mut B>,
    ) -> Result<Option<End>, String> {
        let place = |name: &str, machine: &Machine<'_>| {
            address_of(machine.image, name).map_err(|_| format!("there is no symbol `{name}`"))
        };
        let count = |text: &str| number(text).ok_or(format!("`{text}` is no number"));
        match words {
            [] => {}
            ["step" | "s"] => return Ok(self.go(1, machine, bus)),
            ["step" | "s", times] => return Ok(self.go(count(times)?.into(), machine, bus)),
            ["continue" | "c"] => return Ok(self.go(u64::MAX, machine, bus)),
            ["break" | "b", name] => {
                self.breaks.insert(place(name, machine)?);
            }
            ["watch" | "w", name] => {
                let address = place(name, machine)? & !3;
                let value = word_at(bus, address).ok_or("nothing answers there")?;
                self.watches.insert(address, value);
            }
            ["delete" | "d", name] => {
                let address = place(name, machine)?;
                self.breaks.remove(&address);
                self.watches.remove(&(address & !3));
            }
            ["registers" | "r"] => show(Dump::Registers, machine, bus),
            ["vectors"] => show(Dump::Vectors, machine, bus),
            ["vector" | "v", index, width @ ..] => {
                let index = count(index)? as usize;
                let lanes = machine.cpu.vector.registers.get(index);
                let lanes = lanes.ok_or("vector registers are 0 to 31")?;
                out!("{}", lanes_text(lanes, width.first() == Some(&"b")));
            }
            ["memory" | "m", name, bytes] => {
                let text = format!("{name}+{bytes}");
                let dump = Dump::parse(&text, machine.image);
                show(dump.map_err(|_| format!("`{text}` is no place in memory"))?, machine, bus);
            }
            ["list" | "l"] => show_next(machine, bus, LISTED),
            ["list" | "l", times] => show_next(machine, bus, count(times)?.min(1000)),
            ["help" | "h" | "?"] => out!("{HELP}"),
            ["quit" | "q"] => return Ok(Some(End::Left)),
            [other, ..] => return Err(format!("`{other}` is no command; `help` lists them")),
        }
        Ok(None)
    }

    /// Executes up to so many instructions.
    fn go<B: Bus>(
        &mut self,
        steps: u64,
        machine: &mut Machine<'_>,
        bus: &mut Linted<&mut B>,
    ) -> Option<End> {
        for _ in 0..steps {
            if machine.at_limit() {
                return Some(End::Limit);
            }
            if let Some(end) = machine.step(bus) {
                return Some(end);
            }
            if self.changed(machine, bus) || self.breaks.contains(&machine.cpu.pc) {
                break;
            }
        }
        show_next(machine, bus, 1);
        None
    }

    /// Whether a watched word has changed; tells which.
    fn changed<B: Bus>(&mut self, machine: &Machine<'_>, bus: &mut Linted<&mut B>) -> bool {
        let mut any = false;
        for (address, old) in &mut self.watches {
            let new = word_at(bus, *address).unwrap_or(*old);
            if new != *old {
                outln!("{}: {old:08x} -> {new:08x}", machine.place(*address));
                (*old, any) = (new, true);
            }
        }
        any
    }
}

/// A word as the program would load it, without a note in the lint.
fn word_at<B: Bus>(bus: &mut Linted<&mut B>, address: u32) -> Option<u32> {
    bus.bus_mut().load(address, Width::Word).ok()
}

fn show<B: Bus>(dump: Dump, machine: &Machine<'_>, bus: &mut Linted<&mut B>) {
    let mut report = Report::default();
    dump.write(&machine.cpu, machine.image, bus.bus_mut(), &mut report);
    out!("{}", report.text);
}

/// The instructions from the next on.
fn show_next<B: Bus>(machine: &Machine<'_>, bus: &mut Linted<&mut B>, count: u32) {
    for index in 0..count {
        let address = machine.cpu.pc.wrapping_add(4 * index);
        let Ok(word) = bus.bus_mut().fetch(address) else { return };
        outln!("{}", asm::line(address, word, Some(machine.image)));
    }
}

/// Lanes of a vector in hexadecimal, with the number of the first of each line.
fn lanes_text(vector: &[u8], bytes: bool) -> String {
    let width = if bytes { 1 } else { 2 };
    let lanes: Vec<String> = vector
        .chunks(width)
        .map(|lane| lane.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    let lines = lanes.chunks(LANES_A_LINE).enumerate();
    lines
        .map(|(line, lanes)| format!("{:>4}: {}\n", line * LANES_A_LINE, lanes.join(" ")))
        .collect()
}
