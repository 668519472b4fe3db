use proptest::prelude::*;

use super::*;
use crate::elf::{Contents, Purpose, SymbolKind};
use crate::table_tests::extremes;
use crate::{INSNS, disassemble, encode};

/// Words of `.text` of a program without mistakes.
fn words(text: &str) -> Vec<u32> {
    assemble(text).unwrap_or_else(|e| panic!("{text}: {}", e[0])).text_words()
}

/// The mistakes of a program as `line:column: message`.
fn mistakes(text: &str) -> Vec<String> {
    let errors = assemble(text).expect_err(text);
    errors.iter().map(|e| format!("{}:{}: {}", e.line, e.column, e.message)).collect()
}

#[test]
fn encodings_of_the_reference() {
    // ppu-isa reference, 7.7.
    let text = "fxvmtach 5; fxvlax 3,4,5; fxvstax 3,0,5; fxvinx 3,4,5,2; fxvoutx 3,4,5,1
        fxvsel 5,6,6; fxvcmpb 7; fxvsplatb 4,9; fxvpckbu 1,2,3,2; fxvaddhm 1,2,3; fxvshb 1,2,7
        mfspr 3,284; mtspr 340,3; mfcr 3; rfi; mtmsr 3; stmw 14,8(1)";
    assert_eq!(
        words(text),
        [
            0x1005_003c,
            0x1064_2fb0,
            0x1060_2ff0,
            0x1064_2bb2,
            0x1064_2bf1,
            0x10a6_34fc,
            0x1007_04b4,
            0x1089_0434,
            0x1022_1bbe,
            0x1022_1f30,
            0x1022_3cf4,
            0x7c7c_42a6,
            0x7c74_53a6,
            0x7c60_0026,
            0x4c00_0064,
            0x7c60_0124,
            0xbdc1_0008
        ]
    );
}

#[test]
fn every_row_reads_what_it_prints() {
    // Printing leaves out bits of branches that mean nothing and reserved hints.
    for instruction in INSNS.iter().flat_map(extremes) {
        let word = encode(&instruction).unwrap();
        let text = disassemble(word, 0x2000);
        let options = Options { origin: 0x2000, ..Options::default() };
        let program = assemble_with(&text, &options).unwrap_or_else(|e| panic!("{text}: {}", e[0]));
        let again = program.text_words()[0];
        assert_eq!(disassemble(again, 0x2000), text);
        let branch = instruction.mnemonic().starts_with('b');
        assert!(branch || again == word, "{text}: {word:08x} {again:08x}");
    }
}

#[test]
fn labels_reach_both_ways() {
    let text = "start: b 1f\n1: bdnz 1b\n b start\n 1: bne 1b\nend:\n lis 3,end@ha\n la 3,end@l(3)";
    assert_eq!(
        words(text),
        [0x4800_0004, 0x4200_0000, 0x4bff_fff8, 0x4082_0000, 0x3c60_0000, 0x3863_0010]
    );
}

#[test]
fn expressions_follow_precedence() {
    let value = |text: &str| {
        let program = assemble(&format!(".set n, 5\n.long {text}")).unwrap();
        program.text_words()[0]
    };
    assert_eq!(value("1+2*3"), 7);
    assert_eq!(value("(1+2)*3"), 9);
    assert_eq!(value("1<<4|3"), 0x13);
    assert_eq!(value("-1"), u32::MAX);
    assert_eq!(value("~n & 0xff"), 0xfa);
    assert_eq!(value("'A' + n"), 70);
    assert_eq!(value("n == 5"), u32::MAX);
    assert_eq!(value("0b101 + 017 + 0x10"), 5 + 15 + 16);
}

#[test]
fn sections_follow_one_another() {
    let text = "
        .data
        .balign 8
value:  .long 1, value
        .size value, .-value
        .type value, @object
        .global value
        .bss
buffer: .space 12
        .text
        nop
        .section ext.data,\"aw\",@progbits
far:    .byte 1,2,3
        .comm shared,128,128
        ";
    let image = assemble(text).unwrap().image;
    let places: Vec<_> =
        image.sections.iter().map(|s| (s.name.as_str(), s.address, s.contents.size())).collect();
    assert_eq!(
        places,
        [(".text", 0, 4), (".data", 8, 8), (".bss", 128, 256), ("ext.data", 0x4000_0000, 3)]
    );
    let value = image.symbol("value").unwrap();
    assert_eq!(
        (value.value, value.size, value.kind, value.global),
        (8, 8, SymbolKind::Object, true)
    );
    assert_eq!(image.symbol("shared").map(|s| (s.value, s.size)), Some((256, 128)));
    assert_eq!(image.sections[1].contents, Contents::Bytes(vec![0, 0, 0, 1, 0, 0, 0, 8]));
    assert_eq!(image.sections[1].purpose, Purpose::Data);
}

#[test]
fn macros_and_repetition_expand() {
    let text = "
        .macro load reg, value=7
        lis \\reg, (\\value)@h
        ori \\reg, \\reg, (\\value)@l
        .endm
        load 3, 0x12345678
        load 4
        .set i, 0
        .rept 3
        addi i, i, i
        .set i, i+1
        .endr
        .if i == 3
        nop
        .else
        .error \"wrong count\"
        .endif";
    assert_eq!(
        words(text),
        [
            0x3c60_1234,
            0x6063_5678,
            0x3c80_0000,
            0x6084_0007,
            0x3800_0000,
            0x3821_0001,
            0x3842_0002,
            0x6000_0000
        ]
    );
}

#[test]
fn mistakes_are_found_where_they_are() {
    assert_eq!(
        mistakes(
            "  nop\n  fxvaddhm 1,2\n x: li 3,99999 # far\n x: bogus 1\n b nowhere\n .balign 3"
        ),
        [
            "2:15: `fxvaddhm` takes 3 to 4 operands, found 2",
            "3:10: operand `si` of `addi` is 99999, but must be in -32768..=32767",
            "4:2: `x` is already defined in line 3",
            "5:4: `nowhere` is not defined",
            "6:2: 3 bytes is no possible alignment",
        ]
    );
    assert_eq!(mistakes("fxvaddhm r1,2,3"), ["1:10: `r1` is a general-purpose register"]);
    assert_eq!(mistakes("isync"), ["1:1: the core does not implement `isync`"]);
    assert_eq!(
        mistakes("lwz 3,4,5"),
        ["1:9: parentheses stand around the base of an address and nowhere else"]
    );
    let help = assemble("fxvadhm 1,2,3").unwrap_err().remove(0).help;
    assert_eq!(help.as_deref(), Some("did you mean `fxvaddhm`?"));
}

#[test]
fn comments_and_text_are_told_apart() {
    let program = assemble(".ascii \"a#b;/*\" # c \" d\n/* two\nlines */ .byte ';', '#'").unwrap();
    assert_eq!(program.image.sections[0].contents, Contents::Bytes(b"a#b;/*;#".to_vec()));
    assert_eq!(program.line_at(7), Some(3));
}

#[test]
fn self_reference_is_an_error_not_a_hang() {
    assert!(!mistakes(".set a, b+1\n.set b, a+1\n.long a").is_empty());
    assert!(!mistakes(".macro m\n m\n.endm\n m").is_empty());
    assert!(!mistakes(&format!(".long {}1", "(".repeat(5000))).is_empty());
    assert!(!mistakes(&format!(".long {}1", "a+".repeat(5000))).is_empty());
    assert!(!mistakes(".rept 1000000000\n nop\n .endr").is_empty());
    assert!(!mistakes(".space 1 << 40").is_empty());
}

proptest! {
    #[test]
    fn any_text_gives_a_program_or_mistakes(text in "[ -~\n]{0,200}") {
        let _ = assemble(&text);
    }

    #[test]
    fn any_pieces_give_a_program_or_mistakes(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)
    ) {
        let _ = assemble(&pieces.join(" "));
    }
}

const PIECES: &[&str] = &[
    "\n",
    "\n",
    ";",
    ":",
    ",",
    "(",
    ")",
    "=",
    "a",
    "b",
    "1",
    "1b",
    "1f",
    "0x",
    "\"t\"",
    "'",
    "\\a",
    "-",
    "+",
    "*",
    "@ha",
    "%r3",
    "r31",
    "cr7",
    "lt",
    ".",
    "addi",
    "lwz",
    "bne+",
    "bc-",
    "fxvsel",
    "rlwinm",
    "mtsprg",
    ".set",
    ".long",
    ".macro m a",
    ".endm",
    "m",
    ".rept 3",
    ".endr",
    ".if",
    ".else",
    ".endif",
    ".section",
    ".org",
    ".space",
    ".fill 3,8,",
    ".balign 16",
    ".comm",
    ".size",
    ".irp x,1,2",
    ".ascii",
    ".previous",
    ".bss",
    ".type",
    "#",
    "/*",
    "*/",
    "99999999999999999999",
];
