//! Nothing panics or hangs on any input: texts and files of every kind, cut, spliced and damaged.
//!
//! Each target starts from a small corpus, the sources and golden files of this repository, and
//! mutates it for `PLC_FUZZ_SECONDS` (2 if not set; CI says more), spread over the targets. The
//! seed is fixed, so that what was found is found again; `PLC_FUZZ_SEED` chooses another.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
#![allow(clippy::print_stdout, reason = "prints how much was tried, with --nocapture")]

use pl_driver::Session;
use pl_experiment::archive::ArchiveReader;
use pl_experiment::state::Checkpoint;
use pl_experiment::{Experiment, Part};
use pl_fixed::rng::splitmix64;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest file of a corpus; mutations do not grow beyond it, nor beyond the longest of their corpus.
const BYTES_MAX: usize = 1 << 14;
/// Longest time one input may take.
const INPUT_TIME: Duration = Duration::from_secs(10);

/// What is fed to one reader.
struct Target {
    name: &'static str,
    corpus: Vec<Vec<u8>>,
    run: fn(&[u8]),
}

/// A repeatable source of choices.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = splitmix64(self.0);
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }
}

/// Files below a folder of the repository whose names end so, the small ones.
fn files(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    while let Some(folder) = open.pop() {
        let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap()).collect();
        entries.sort_by_key(|entry| entry.path());
        for entry in entries {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(std::fs::read(path).unwrap());
            }
        }
    }
    found.retain(|bytes| bytes.len() <= BYTES_MAX);
    assert!(!found.is_empty(), "no {ending} below {folder}");
    found
}

/// Some of: bytes changed, removed, doubled, swapped for words that readers know, and parts of
/// another input put in.
fn mutate(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    const WORDS: [&str; 12] = [
        "{",
        "}",
        "(",
        "[",
        "..",
        "\"",
        "\n",
        "99999999999999999999",
        "-",
        "\u{fffd}",
        "if ",
        "\0",
    ];
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..1 + random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(6) {
            0 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            3 => {
                let word = WORDS[random.below(WORDS.len())];
                bytes.splice(at..at, word.bytes().cycle().take(word.len() * (1 + random.below(9))));
            }
            4 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len() + 1);
                let to = (from + random.below(200)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => bytes.truncate(at),
        }
    }
    let longest = corpus.iter().map(Vec::len).max().unwrap_or(0);
    bytes.truncate(longest.max(BYTES_MAX));
    bytes
}

fn layout(bytes: &[u8]) {
    if let Ok(text) = Session::default().format("fuzz.pl", bytes) {
        let again = Session::default().format("fuzz.pl", text.as_bytes());
        assert_eq!(again.ok().as_ref(), Some(&text), "laid out twice");
        // Words and comments stay: only what is between them changes.
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(bare(&String::from_utf8_lossy(bytes)), bare(&text), "something was lost");
    }
}

fn rule(bytes: &[u8]) {
    let compiled = Session::default().compile_with("fuzz.pl", bytes, &|_| None, &mut |_, _| {});
    let plain = pl_diag::render::Style::Plain;
    let _ = pl_diag::render::render(&compiled.diagnostics, &compiled.sources, plain);
    for rule in &compiled.rules {
        let _ = rule.kernel_files();
    }
}

fn ir(bytes: &[u8]) {
    if let Ok(module) = pl_ir::parse::module(&String::from_utf8_lossy(bytes)) {
        let _ = pl_ir::verify(module);
    }
}

fn assembly(bytes: &[u8]) {
    let _ = pl_isa::assemble(&String::from_utf8_lossy(bytes));
}

fn elf(bytes: &[u8]) {
    if let Ok(image) = pl_isa::elf::Image::from_bytes(bytes) {
        let _ = image.internal_memory(0x4000);
    }
}

fn words(bytes: &[u8]) {
    let mut cpu = pl_iss::Cpu::new();
    let mut bus = pl_iss::PlainBus::new(1 << 12);
    bus.memory[..bytes.len().min(1 << 12)].copy_from_slice(&bytes[..bytes.len().min(1 << 12)]);
    let _ = cpu.run(&mut bus, 2000);
    for word in bytes.as_chunks().0 {
        let text = pl_isa::disassemble(u32::from_be_bytes(*word), 0);
        // Spare bits of branches have no text, so the words may differ.
        pl_isa::assemble(&text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    }
}

fn experiment(bytes: &[u8]) {
    let _ = Experiment::parse(&String::from_utf8_lossy(bytes), &[]);
}

/// Of the run that the checkpoints are of.
const IDENTITY: [u8; 32] = [5; 32];

fn checkpoint(bytes: &[u8]) {
    let read = Checkpoint::from_bytes(bytes, "1", &IDENTITY);
    let whole = checkpoints().iter().any(|whole| whole == bytes);
    assert_eq!(read.is_ok(), whole, "damage must be found");
}

/// Checkpoints with states of rules and chips in them, of no particular run.
fn checkpoints() -> Vec<Vec<u8>> {
    let states = [vec![], vec![0; 9], (0..=255).collect::<Vec<u8>>()];
    let kept = |(number, state): (usize, &Vec<u8>)| {
        let mut checkpoint = Checkpoint::default();
        for seed in 0..number as u64 {
            checkpoint.parts.insert(Part { seed, name: "arm".into() }, state.clone());
        }
        checkpoint.to_bytes("1", &IDENTITY)
    };
    states.iter().enumerate().map(kept).collect()
}

/// States are read only out of whole checkpoints, but need not fit.
fn state(bytes: &[u8]) {
    let _ = pl_experiment::state::from_bytes::<(pl_chip::Chip, Vec<u8>)>(bytes);
}

fn states() -> Vec<Vec<u8>> {
    let chip = pl_chip::Chip::new(&pl_chip::ChipConfig::ideal(), 1);
    let whole = pl_experiment::state::to_bytes(&(chip, vec![1_u8, 2])).unwrap();
    // Of a cut, the fields at its beginning or end are reached more often.
    let cuts = [&whole[..BYTES_MAX], &whole[whole.len() - BYTES_MAX..]].map(<[u8]>::to_vec);
    [vec![whole], cuts.into()].concat()
}

/// Recorded arrays, as `plc apply` and tasks read them.
fn archive(bytes: &[u8]) {
    let Ok(mut reader) = ArchiveReader::open(bytes) else { return };
    for name in reader.names().to_vec() {
        let _ = reader.integers(&name);
        let _ = reader.reals(&name);
    }
}

fn targets() -> Vec<Target> {
    let programs = || {
        let sources = [files("examples/asm", ".s"), files("tests/hand", ".s")].concat();
        let images = sources.iter().map(|source| {
            let text = String::from_utf8_lossy(source);
            pl_isa::assemble(&text).unwrap().image.to_bytes()
        });
        images.collect::<Vec<_>>()
    };
    let rules = [files("stdlib", ".pl"), files("tests/golden/diag", ".pl")].concat();
    let assembler = [files("examples/asm", ".s"), files("tests/hand", ".s")].concat();
    vec![
        Target { name: "layout", corpus: rules.clone(), run: layout },
        Target { name: "rule", corpus: rules, run: rule },
        Target { name: "ir", corpus: files("tests/golden/passes", ".ir"), run: ir },
        Target { name: "assembly", corpus: assembler, run: assembly },
        Target { name: "elf", corpus: programs(), run: elf },
        Target { name: "words", corpus: programs(), run: words },
        Target { name: "archive", corpus: files("examples", ".npz"), run: archive },
        Target { name: "experiment", corpus: files("examples", ".toml"), run: experiment },
        Target { name: "checkpoint", corpus: checkpoints(), run: checkpoint },
        Target { name: "state", corpus: states(), run: state },
    ]
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn nothing_panics_or_hangs() {
    let seconds = number("PLC_FUZZ_SECONDS", 2);
    let targets = targets();
    let share = Duration::from_secs(seconds) / u32::try_from(targets.len()).unwrap();
    for target in targets {
        let mut random = Random(number("PLC_FUZZ_SEED", 1));
        let begin = Instant::now();
        let mut inputs = 0u32;
        while begin.elapsed() < share || inputs < 20 {
            let input = mutate(&target.corpus, &mut random);
            let started = Instant::now();
            let ended = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
            let shown = &input[..input.len().min(BYTES_MAX)];
            let text = String::from_utf8_lossy(shown);
            assert!(ended.is_ok(), "`{}` panics on:\n{text}\n{shown:02x?}", target.name);
            assert!(started.elapsed() < INPUT_TIME, "`{}` is slow on:\n{text}", target.name);
            inputs += 1;
        }
        println!("{:<12} {inputs} inputs", target.name);
    }
}
