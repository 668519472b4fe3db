//! `plc emulate --bottom`: programs of both PPUs of a chip, side by side.

use super::dump::Dump;
use super::load::load_chip;
use super::{Report, address_of};
use crate::cli::EmulateArgs;
use crate::output::Failure;
use pl_chip::{Chip, HEMISPHERES};
use pl_isa::elf::Image;
use pl_iss::{Cpu, Step, TimingParameters};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Names of the hemispheres.
const NAMES: [&str; HEMISPHERES] = ["top", "bottom"];

/// A core with its program.
struct Core {
    cpu: Cpu,
    image: Image,
    /// Why it stopped, if it has.
    ended: Option<String>,
}

/// Runs both programs until both sleep: always the core that is behind executes the next
/// instruction, the top one of two at the same cycle.
pub(super) fn run(
    args: &EmulateArgs,
    images: [Image; HEMISPHERES],
    parameters: TimingParameters,
    mut chip: Chip,
) -> Result<Report, Failure> {
    let mut cores =
        images.map(|image| Core { cpu: Cpu::with_timing(parameters), image, ended: None });
    for (h, core) in cores.iter().enumerate() {
        load_chip(&core.image, &mut chip, h)?;
    }
    let (mut report, mut failed) = (Report::default(), None);
    while let Some(h) = behind(&cores) {
        let core = &mut cores[h];
        let max_cycles = args.max_cycles.unwrap_or(u64::MAX);
        if core.cpu.instructions >= args.max_instructions || core.cpu.cycles() >= max_cycles {
            core.ended = Some(format!("stopped after {} instructions", core.cpu.instructions));
            failed = Some(format!("the {} program did not end", NAMES[h]));
            continue;
        }
        match core.cpu.step(&mut chip.ppu(h)) {
            Ok(Step::Executed | Step::Interrupted(_)) => {}
            Ok(Step::Asleep) => core.ended = Some(format!("asleep at {:#010x}", core.cpu.pc)),
            Err(trap) => {
                core.ended = Some(format!("trap: {trap}"));
                failed = Some(format!("{}: {trap}", NAMES[h]));
            }
        }
    }
    report.failure = failed;
    for (h, core) in cores.iter().enumerate() {
        write_core(args, h, core, &mut chip, &mut report)?;
    }
    Ok(report)
}

/// The core that executes the next instruction.
fn behind(cores: &[Core; HEMISPHERES]) -> Option<usize> {
    let awake = (0..HEMISPHERES).filter(|h| cores[*h].ended.is_none());
    awake.min_by_key(|h| cores[*h].cpu.cycles())
}

fn write_core(
    args: &EmulateArgs,
    h: usize,
    core: &Core,
    chip: &mut Chip,
    report: &mut Report,
) -> Result<(), Failure> {
    let (count, cycles) = (core.cpu.instructions, core.cpu.cycles());
    let ended = core.ended.as_deref().unwrap_or_default();
    let name = NAMES[h];
    let mut own = Report::default();
    let _ = writeln!(own.text, "{name}: {ended}, {count} instructions, {cycles} cycles");
    own.json.insert("end".into(), json!(ended));
    own.json.insert("instructions".into(), json!(count));
    own.json.insert("cycles".into(), json!(cycles));
    for text in &args.dump {
        // Symbols of one program may be missing in the other.
        let symbol = text.rsplit_once('+').map(|(place, _)| place);
        if symbol.is_some_and(|place| address_of(&core.image, place).is_err()) {
            continue;
        }
        let dump = Dump::parse(text, &core.image)?;
        dump.write(&core.cpu, &core.image, &mut chip.ppu(h), &mut own);
    }
    report.text += &own.text;
    report.json.insert(name.into(), Value::Object(own.json));
    Ok(())
}
