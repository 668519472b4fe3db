//! Properties of the whole instruction table.

use proptest::prelude::*;

use crate::instruction::OPERANDS_MAX;
use crate::{Flags, INSNS, InsnInfo, Instruction, decode, encode};

#[test]
fn the_table_holds_the_whole_vector_set() {
    let vector = INSNS.iter().filter(|i| i.extension == crate::Extension::S2pp).count();
    assert_eq!(vector, 53);
}

#[test]
fn rows_fit_their_own_shape() {
    for info in INSNS {
        assert_eq!(info.pattern & !info.mask, 0, "{}: pattern outside mask", info.mnemonic);
        assert!(info.operands.len() <= OPERANDS_MAX, "{}", info.mnemonic);
        let free = info.operands.iter().map(|o| o.field.mask());
        let free = free.chain(info.flags.iter().map(|f| f.mask()));
        assert_eq!(
            free.fold(0, |a, b| {
                assert_eq!(a & b, 0, "{}", info.mnemonic);
                a | b
            }),
            !(info.mask | info.ignored)
        );
        assert_eq!(info.mask & info.ignored, 0, "{}", info.mnemonic);
    }
}

#[test]
fn no_two_rows_overlap() {
    for (i, a) in INSNS.iter().enumerate() {
        for b in &INSNS[i + 1..] {
            let apart = (a.pattern ^ b.pattern) & a.mask & b.mask;
            assert_ne!(apart, 0, "{} and {}", a.mnemonic, b.mnemonic);
            assert_ne!(a.mnemonic, b.mnemonic);
        }
    }
}

/// Every combination of flags a row allows.
pub(crate) fn flag_sets(info: &InsnInfo) -> Vec<Flags> {
    let mut sets = vec![Flags::NONE];
    for flag in info.flags {
        sets.extend(sets.clone().into_iter().map(|s| s.with(*flag)));
    }
    sets
}

/// Instructions of a row with every operand at its extremes, alone and together.
pub(crate) fn extremes(info: &InsnInfo) -> Vec<Instruction> {
    let range = |i: usize| info.operands[i].field.range();
    let count = info.operands.len();
    let mut values = vec![];
    for pattern in 0..1u32 << count {
        let pick = |i| if pattern >> i & 1 == 0 { range(i).0 } else { range(i).1 };
        values.push((0..count).map(pick).collect::<Vec<_>>());
    }
    let of = |v: &Vec<i32>| Instruction::new(info.opcode, v);
    let all: Vec<_> = values.iter().map(of).collect();
    let with = |flags| all.iter().map(move |i| Instruction { flags, ..*i });
    flag_sets(info).into_iter().flat_map(with).collect()
}

#[test]
fn extremes_of_every_row_survive_encoding() {
    for instruction in INSNS.iter().flat_map(extremes) {
        let word = encode(&instruction).unwrap();
        assert_eq!(decode(word), Some(instruction), "{word:08x}");
    }
}

#[test]
fn values_out_of_range_are_refused() {
    for info in INSNS {
        for (i, operand) in info.operands.iter().enumerate() {
            let (low, high) = operand.field.range();
            for value in [low - 1, high + 1, i32::MIN, i32::MAX] {
                let mut instruction = Instruction::new(info.opcode, &[]);
                instruction.operands[i] = value;
                assert!(
                    encode(&instruction).is_err(),
                    "{} {}={value}",
                    info.mnemonic,
                    operand.name
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn any_word_decodes_to_itself_or_nothing(word: u32) {
        if let Some(instruction) = decode(word) {
            let ignored = instruction.opcode.info().ignored;
            prop_assert_eq!(encode(&instruction), Ok(word & !ignored));
        }
    }

    #[test]
    fn any_word_with_an_opcode_decodes_to_itself(row in 0..INSNS.len(), bits: u32) {
        let info = &INSNS[row];
        let word = info.pattern | bits & !info.mask;
        let instruction = decode(word).unwrap();
        prop_assert_eq!(instruction.opcode, info.opcode);
        prop_assert_eq!(encode(&instruction), Ok(word & !info.ignored));
    }
}
