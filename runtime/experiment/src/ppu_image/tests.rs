//! The host's half of the contract, against a small program that keeps the image's half. Compiled
//! rules are compared with the other engines in the workspace's `tests/`.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use super::*;
use crate::engine::Engine;
use pl_chip::ChipConfig;
use pl_fixed::rng::splitmix64;
use pl_isa::elf::{Purpose, Section, Symbol, SymbolKind};
use pl_isa::image::{Extent, FieldInfo, RecordInfo};
use std::collections::BTreeMap;

/// Answers commands; an update adds the derived value to the number in `total` and, if there is
/// room, takes a sample of it. `{body}` runs first in every update.
const PROGRAM: &str = "
        .equ dram, 0x5000
        b loop
        .fill 12, 4, 0x48000000
loop:   lwz 3, plc_command@l(0)
        cmpwi 3, 1
        beq ready
        cmpwi 3, 2
        bne loop
        {body}
        lwz 4, total@l(0)
        lwz 5, plc_derived@l(0)
        add 4, 4, 5
        stw 4, total@l(0)
        lwz 6, plc_update_index@l(0)
        addi 6, 6, 1
        stw 6, plc_update_index@l(0)
        lwz 7, plc_record_count@l(0)
        lwz 8, plc_record_capacity@l(0)
        cmplw 7, 8
        bge full
        lwz 9, plc_record_stride@l(0)
        mullw 9, 9, 7
        lwz 10, plc_record_base@l(0)
        add 9, 9, 10
        lwz 10, plc_external_base@l(0)
        add 9, 9, 10
        addis 9, 9, dram
        stw 6, 0(9)
        lwz 10, plc_record_fields@l(0)
        stwx 4, 9, 10
        addi 7, 7, 1
        stw 7, plc_record_count@l(0)
        b ready
full:   lwz 7, plc_record_dropped@l(0)
        addi 7, 7, 1
        stw 7, plc_record_dropped@l(0)
ready:  li 3, 3
        stw 3, plc_status@l(0)
        li 3, 0
        stw 3, plc_command@l(0)
        b loop
        .data
";

/// The program's data, with sizes.
const DATA: [(&str, u32); 17] = [
    (symbol::COMMAND, 4),
    (symbol::STATUS, 4),
    (symbol::UPDATE_INDEX, 4),
    (symbol::HEMISPHERE, 4),
    (symbol::VIEW_ROWS, 4),
    (symbol::VIEW_ROW_TABLE, 4),
    (symbol::ROW_SIGNS, 4),
    (symbol::COLUMN_MASK, 256),
    (symbol::DERIVED, 4),
    (symbol::EXTERNAL_BASE, 4),
    (symbol::RECORD_CAPACITY, 4),
    (symbol::RECORD_COUNT, 4),
    (symbol::RECORD_DROPPED, 4),
    (symbol::RECORD_BASE, 4),
    (symbol::RECORD_STRIDE, 4),
    (symbol::RECORD_FIELDS, 4),
    (symbol::RECORD_CURSOR, 4),
];

fn image(body: &str) -> Image {
    let mut text = PROGRAM.replace("{body}", body);
    let total = [("total", 4)];
    for (name, bytes) in DATA.iter().chain(&total) {
        text += &format!("{name}: .space {bytes}\n .size {name}, {bytes}\n .global {name}\n");
    }
    let mut image = pl_isa::assemble(&text).map_err(|errors| errors[0].to_string()).unwrap().image;
    let info = Info {
        rule: "counting".into(),
        rows_max: 4,
        columns_max: 256,
        signed: false,
        records_offset: 256,
        derived: vec![(1, "step".into())],
        objects: Vec::new(),
        records: vec![RecordInfo {
            every: 1,
            fields: vec![FieldInfo { name: "total".into(), extent: Extent::Rule, frac: 3 }],
        }],
    };
    image.sections.push(Section {
        name: INFO_SECTION.into(),
        address: 0,
        alignment: 1,
        purpose: Purpose::Note,
        contents: Contents::Bytes(info.to_text().into_bytes()),
    });
    image
}

fn binding() -> Binding {
    Binding {
        rule: "counting".into(),
        arm: String::new(),
        hemisphere: 1,
        rows: vec![3, 200],
        columns: vec![0, 17],
        params: BTreeMap::new(),
        inputs: BTreeMap::new(),
        seed: 1,
        run_seed: 1,
        chip: 0,
        instance: 0,
        record_capacity: 6,
    }
}

fn engine(body: &str) -> PpuImageEngine {
    PpuImageEngine::new(&image(body).to_bytes(), &binding(), vec![-5]).unwrap()
}

fn chip() -> Chip {
    Chip::new(&ChipConfig::ideal(), 1)
}

fn run(engine: &mut PpuImageEngine, chip: &mut Chip, updates: u32) -> Result<(), EngineError> {
    engine.start(chip)?;
    for _ in 0..updates {
        let now = chip.now();
        chip.run_until(now + 100, &[]);
        engine.update(chip)?;
    }
    Ok(())
}

/// The error of an update with such a body.
fn error(body: &str) -> String {
    let (mut engine, mut chip) = (engine(body), chip());
    engine.instructions_max = 1000;
    let error = run(&mut engine, &mut chip, 1).unwrap_err().to_string();
    let again = engine.update(&mut chip).unwrap_err().to_string();
    assert_eq!(again, "the program was not started or has failed");
    error
}

#[test]
fn as_many_samples_come_back_as_asked_for() {
    let (mut engine, mut chip) = (engine(""), chip());
    for _ in 0..2 {
        run(&mut engine, &mut chip, 8).unwrap();
        let started = chip.now() - 800;
        let records = engine.take_records();
        assert_eq!(records.len(), 6);
        for (sample, update) in records.iter().zip(1..) {
            assert_eq!((sample.record, sample.update), (0, update));
            assert_eq!((sample.hemisphere, sample.now), (1, started + 100 * u64::from(update)));
            let field = &sample.fields[0];
            assert_eq!(
                (field.name.as_str(), field.scope.as_str(), field.frac),
                ("total", "rule", 3)
            );
            assert_eq!(field.values, [-5 * i32::try_from(update).unwrap()]);
        }
    }
}

#[test]
fn images_that_do_not_fit_are_refused() {
    let new = |image: &Image, binding: &Binding, derived: &[i32]| {
        PpuImageEngine::new(&image.to_bytes(), binding, derived.to_vec())
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let sound = image("");
    assert_eq!(new(&sound, &binding(), &[1, 2]), "the image has 1 derived values, 2 were given");
    let many = Binding { rows: (0..5).collect(), ..binding() };
    assert_eq!(new(&sound, &many, &[1]), "the image is for 1 to 4 rows, not 5");
    let none = Binding { rows: Vec::new(), ..binding() };
    assert_eq!(new(&sound, &none, &[1]), "the image is for 1 to 4 rows, not 0");
    let mut bare = sound.clone();
    bare.sections.retain(|section| section.name != INFO_SECTION);
    assert_eq!(new(&bare, &binding(), &[1]), "the image has no section .plc_info");
    let mut large = sound.clone();
    for section in &mut large.sections {
        if let (INFO_SECTION, Contents::Bytes(text)) = (section.name.as_str(), &section.contents) {
            let text = String::from_utf8(text.clone()).unwrap();
            let text = text.replace("records_offset 256", "records_offset 4294967168");
            section.contents = Contents::Bytes(text.into_bytes());
        }
    }
    assert_eq!(
        new(&large, &binding(), &[1]),
        "state and samples of the rule do not fit into 134217728 bytes of external memory"
    );
}

#[test]
fn symbols_are_checked() {
    let start = |change: &dyn Fn(&mut Symbol)| {
        let mut image = image("");
        image.symbols.iter_mut().filter(|s| s.name == symbol::ROW_SIGNS).for_each(change);
        let mut engine = PpuImageEngine::new(&image.to_bytes(), &binding(), vec![1]).unwrap();
        engine.start(&mut chip()).unwrap_err().to_string()
    };
    assert_eq!(start(&|s| s.name = "x".into()), "the image has no symbol `plc_row_signs`");
    assert_eq!(start(&|s| s.size = 1), "`plc_row_signs` of the image has 1 bytes, 2 are needed");
    assert_eq!(
        start(&|s| (s.value, s.section, s.kind) = (u32::MAX, None, SymbolKind::Object)),
        "the image names 0xffffffff, which is outside its memory"
    );
}

#[test]
fn programs_that_fail_name_the_place() {
    let place = "`loop` of the PPU program of `counting`";
    assert_eq!(
        error(".long 0"),
        format!("the core does not implement the word 00000000 at 0x00000048, at 0x48 in {place}")
    );
    assert!(error("wait").starts_with("the program went to sleep, at 0x48 in "));
    assert_eq!(error("b ."), format!("not done after 1000 instructions, at 0x48 in {place}"));
    assert!(error("trap").contains("raised"), "{}", error("trap"));
    assert!(error("lis 3, 0x3000\n lwz 3, 0(3)").contains("0x30000000"));
    assert_eq!(
        error("li 3, 2\n stw 3, plc_status@l(0)\n li 3, 0\n stw 3, plc_command@l(0)"),
        "the program's status is Busy after a command"
    );
    assert_eq!(
        error("li 7, 9\n stw 7, plc_record_count@l(0)"),
        "the program took more than 4 samples in one update"
    );
}

#[test]
fn a_program_that_was_overwritten_notices() {
    let (mut first, mut second, mut chip) = (engine(""), engine(""), chip());
    assert!(first.update(&mut chip).is_err(), "not started");
    first.start(&mut chip).unwrap();
    second.start(&mut chip).unwrap();
    second.update(&mut chip).unwrap();
    let error = first.update(&mut chip).unwrap_err().to_string();
    assert!(error.starts_with("another program or host wrote to the PPU's memory"), "{error}");
    first.start(&mut chip).unwrap();
    first.update(&mut chip).unwrap();
}

#[test]
fn no_file_makes_it_panic() {
    let sound = image("").to_bytes();
    let mut chip = chip();
    for length in 0..sound.len() {
        assert!(PpuImageEngine::new(&sound[..length], &binding(), vec![1]).is_err(), "{length}");
    }
    for seed in 0..1000u64 {
        let mut bytes = sound.clone();
        for change in 0..1 + seed % 3 {
            let random = splitmix64(splitmix64(seed).wrapping_add(change));
            let at = usize::try_from(random >> 32).unwrap() % bytes.len();
            bytes[at] ^= random.to_le_bytes()[0];
        }
        if let Ok(mut engine) = PpuImageEngine::new(&bytes, &binding(), vec![1]) {
            engine.instructions_max = 1000;
            let _outcome = run(&mut engine, &mut chip, 2);
        }
    }
}
