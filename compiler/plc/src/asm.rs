//! `plc asm` and `plc disasm`.

use crate::cli::{AsmArgs, DisasmArgs};
use crate::debug_lines::{self, Source};
use crate::output::{self, Failure};
use pl_isa::Pitfall;
use pl_isa::asm::Program;
use pl_isa::elf::{Contents, Image, Purpose};
use std::fmt::Write as _;
use std::path::Path;

/// Assembles a text, or prints every mistake in it.
fn program_of(name: &str, text: &str, options: &pl_isa::asm::Options) -> Result<Program, Failure> {
    pl_isa::asm::assemble_with(text, options).map_err(|errors| {
        for error in errors {
            eprintln!("{name}:{}:{}: error: {}", error.line, error.column, error.message);
            if let Some(line) = text.lines().nth(error.line.saturating_sub(1) as usize) {
                eprintln!("    {}", line.trim_end());
            }
            if let Some(help) = error.help {
                eprintln!("    help: {help}");
            }
        }
        Failure::Findings
    })
}

fn text_of(name: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes)
        .map_err(|_| Failure::Invalid(format!("{name}: the file is not UTF-8 text")))
}

/// Assembles a file into an executable.
pub(crate) fn assemble(args: &AsmArgs) -> Result<(), Failure> {
    let (name, bytes) = output::read_source(&args.file)?;
    let text = text_of(&name, bytes)?;
    let options = pl_isa::asm::Options { origin: args.origin, ..Default::default() };
    let mut program = program_of(&name, &text, &options)?;
    let lines = debug_lines::sections(&name, &program.image, &program.lines)
        .map_err(|error| Failure::Invalid(format!("{name}: {error}")))?;
    program.image.sections.extend(lines);
    warn(&name, &text, &program);
    if args.listing {
        out!("{}", listing(&program.image, None));
    }
    let out = args.out.clone().unwrap_or_else(|| Path::new(&args.file).with_extension("elf"));
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let file = out.file_name().map(|name| name.to_string_lossy().into_owned());
    let Some(file) = file else {
        return Err(Failure::Usage(format!("{} is no file name", out.display())));
    };
    let folder = folder.unwrap_or(Path::new("."));
    output::write_all(folder, &[(file, program.image.to_bytes())])?;
    outln!("{}", out.display());
    Ok(())
}

/// Warns of instructions that the hardware executes differently, at their source lines.
fn warn(name: &str, text: &str, program: &Program) {
    for section in program.image.sections.iter().filter(|s| s.purpose == Purpose::Code) {
        let Contents::Bytes(bytes) = &section.contents else { continue };
        for (address, word) in (section.address..).step_by(4).zip(bytes.as_chunks().0) {
            let instruction = pl_isa::decode(u32::from_be_bytes(*word));
            let pitfall = instruction.and_then(|instruction| Pitfall::of(&instruction));
            let (Some(pitfall), Some(line)) = (pitfall, program.line_at(address)) else { continue };
            eprintln!("{name}:{line}: warning: {pitfall}");
            if let Some(source) = text.lines().nth(line.saturating_sub(1) as usize) {
                eprintln!("    {}", source.trim_end());
            }
            eprintln!("    help: {}", pitfall.help());
        }
    }
}

/// Prints the code of an executable, or of words given in hexadecimal.
pub(crate) fn disassemble(args: &DisasmArgs) -> Result<(), Failure> {
    if !args.words.is_empty() {
        for (address, word) in (args.address..).step_by(4).zip(&args.words) {
            outln!("{}", line(address, *word, None));
        }
        return Ok(());
    }
    let Some(file) = &args.file else {
        return Err(Failure::Usage("name a file, or words with --words".into()));
    };
    let (image, source) = read_program(file)?;
    out!("{}", listing(&image, source.as_ref()));
    Ok(())
}

/// An executable of the core.
pub(crate) fn read_image(file: &Path) -> Result<Image, Failure> {
    let bytes = output::read_file(file)?;
    Image::from_bytes(&bytes)
        .map_err(|error| Failure::Invalid(format!("{}: {error}", file.display())))
}

/// An executable, or assembly text (`.s`) that is assembled; with its source if that is known.
pub(crate) fn read_program(file: &Path) -> Result<(Image, Option<Source>), Failure> {
    if file.extension().is_none_or(|ending| ending != "s") {
        let image = read_image(file)?;
        let source = Source::of_image(&image, |name| std::fs::read_to_string(name).ok());
        return Ok((image, source));
    }
    let name = file.display().to_string();
    let text = text_of(&name, output::read_file(file)?)?;
    let program = program_of(&name, &text, &pl_isa::asm::Options::default())?;
    let source = Source::of_text(&name, text, &program.lines);
    Ok((program.image, Some(source)))
}

/// The code sections with labels and names of branch targets, and with the lines of the source
/// where they change.
fn listing(image: &Image, source: Option<&Source>) -> String {
    let mut out = String::new();
    let mut shown = None;
    for section in image.sections.iter().filter(|section| section.purpose == Purpose::Code) {
        let Contents::Bytes(bytes) = &section.contents else { continue };
        let _ = writeln!(out, "section {}", section.name);
        for (address, word) in (section.address..).step_by(4).zip(bytes.as_chunks().0) {
            for symbol in image.symbols.iter().filter(|symbol| symbol.value == address) {
                if symbol.section.is_some_and(|index| image.sections[index] == *section) {
                    let _ = writeln!(out, "{}:", symbol.name);
                }
            }
            let found = source.and_then(|source| Some((source, source.line_at(address)?)));
            if let Some((source, (number, text))) = found.filter(|(_, line)| shown != Some(line.0))
            {
                let _ = writeln!(out, "# {}:{number}: {text}", source.name());
                shown = Some(number);
            }
            let _ = writeln!(out, "{}", line(address, u32::from_be_bytes(*word), Some(image)));
        }
    }
    out
}

/// One instruction: address, word, text, and the name of what it branches to.
pub(crate) fn line(address: u32, word: u32, image: Option<&Image>) -> String {
    let text = pl_isa::disassemble(word, address);
    let mut out = format!("  {address:08x}  {word:08x}  {text}");
    let target = pl_isa::decode(word).and_then(|instruction| {
        let (_, offset) = instruction.target()?;
        let from = if instruction.flags.has(pl_isa::Flag::Aa) { 0 } else { address };
        Some(from.wrapping_add_signed(offset))
    });
    if let (Some(target), Some(image)) = (target, image)
        && let Some(symbol) = image.symbol_at(target)
    {
        let distance = target - symbol.value;
        let _ = match distance {
            0 => write!(out, "  <{}>", symbol.name),
            _ => write!(out, "  <{}+{distance:#x}>", symbol.name),
        };
    }
    out
}
