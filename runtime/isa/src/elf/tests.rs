use super::*;
use proptest::prelude::*;

fn example() -> Image {
    let section = |name: &str, address, purpose, contents| Section {
        name: name.into(),
        address,
        alignment: 4,
        purpose,
        contents,
    };
    let symbol = |name: &str, value, size, kind, global, section| Symbol {
        name: name.into(),
        value,
        size,
        kind,
        global,
        section,
    };
    Image {
        entry: 0x34,
        sections: vec![
            section(".text", 0, Purpose::Code, Contents::Bytes(vec![0x48, 0, 0, 0, 1])),
            section(".data", 0x100, Purpose::Data, Contents::Bytes(vec![1, 2, 3, 4])),
            section(".bss", 0x110, Purpose::Data, Contents::Zeros(9)),
            section("ext.data", 0x4000_0000, Purpose::Data, Contents::Bytes(vec![7; 4])),
            section(".comment", 0, Purpose::Note, Contents::Bytes(b"by hand".to_vec())),
        ],
        symbols: vec![
            symbol("loop", 4, 0, SymbolKind::None, false, Some(0)),
            symbol("limit", 63, 0, SymbolKind::None, false, None),
            symbol("start", 0, 5, SymbolKind::Function, true, Some(0)),
            symbol("status", 0x110, 6, SymbolKind::Object, true, Some(2)),
        ],
    }
}

#[test]
fn a_file_says_what_was_written() {
    let image = example();
    assert_eq!(Image::from_bytes(&image.to_bytes()), Ok(image));
}

#[test]
fn the_loader_goes_by_section_names() {
    let loaded = example().load();
    let places: Vec<_> = loaded.placed.iter().map(|(r, a, b)| (*r, *a, b.len())).collect();
    assert_eq!(
        places,
        [
            (Region::Internal, 0, 8),
            (Region::Internal, 0x100, 4),
            (Region::Internal, 0x110, 12),
            (Region::ExternalData, 0x4000_0000, 4)
        ]
    );
    assert_eq!(loaded.dropped, [".comment"]);
    let names: Vec<_> = loaded.symbols.iter().map(|s| (s.name.as_str(), s.words)).collect();
    assert_eq!(names, [("start", 2), ("status", 2)]);
}

#[test]
fn internal_memory_is_filled_and_bounded() {
    let memory = example().internal_memory(0x200).unwrap();
    assert_eq!(memory[0x100..0x104], [1, 2, 3, 4]);
    assert_eq!(example().internal_memory(0x110), Err(".bss".into()));
}

#[test]
fn symbols_are_found_by_address() {
    let image = example();
    assert_eq!(image.symbol_at(4).map(|s| s.name.as_str()), Some("loop"));
    assert_eq!(image.symbol_at(0x112).map(|s| s.name.as_str()), Some("status"));
    assert_eq!(image.symbol_at(0x300), None);
}

proptest! {
    #[test]
    fn any_bytes_give_an_image_or_an_error(bytes: Vec<u8>) {
        let _ = Image::from_bytes(&bytes);
    }

    #[test]
    fn any_damage_gives_an_image_or_an_error(at in 0usize..600, value: u8, cut in 0usize..800) {
        let mut bytes = example().to_bytes();
        let at = at % bytes.len();
        bytes[at] = value;
        bytes.truncate(cut.max(at));
        if let Ok(image) = Image::from_bytes(&bytes) {
            let _ = image.load();
            let _ = image.internal_memory(0x4000);
        }
    }
}
