//! From words to instructions.

use crate::instruction::{Instruction, OPERANDS_MAX};
use crate::opcode::{Flag, Flags, INSNS, InsnInfo};

/// Ends a chain of rows.
const END: u8 = u8::MAX;

/// Rows by primary opcode: the first row of each, and for each row the next with the same primary
/// opcode.
struct Buckets {
    first: [u8; 64],
    next: [u8; INSNS.len()],
}

#[allow(clippy::cast_possible_truncation, reason = "the table is checked to have fewer rows")]
const fn buckets() -> Buckets {
    assert!(INSNS.len() < END as usize, "row numbers must fit a byte");
    let mut buckets = Buckets { first: [END; 64], next: [END; INSNS.len()] };
    let mut row = INSNS.len();
    while row > 0 {
        row -= 1;
        let primary = (INSNS[row].pattern >> 26) as usize;
        buckets.next[row] = buckets.first[primary];
        buckets.first[primary] = row as u8;
    }
    buckets
}

static BUCKETS: Buckets = buckets();

/// The row a word belongs to.
#[must_use]
pub fn find(word: u32) -> Option<&'static InsnInfo> {
    let mut row = BUCKETS.first[(word >> 26) as usize];
    while row != END {
        let info = &INSNS[usize::from(row)];
        if word & info.mask == info.pattern {
            return Some(info);
        }
        row = BUCKETS.next[usize::from(row)];
    }
    None
}

/// The instruction a word stands for, or nothing if the core does not implement it.
///
/// Bits that the core ignores ([`InsnInfo::ignored`]) do not matter. A word that sets another bit
/// which no operand and no flag owns is not decoded: no assembler makes such words.
#[must_use]
pub fn decode(word: u32) -> Option<Instruction> {
    let info = find(word)?;
    let mut operands = [0; OPERANDS_MAX];
    for (value, spec) in operands.iter_mut().zip(info.operands) {
        *value = spec.field.extract(word);
    }
    let set = |flags: Flags, flag: &Flag| {
        if word & flag.mask() != 0 { flags.with(*flag) } else { flags }
    };
    let flags = info.flags.iter().fold(Flags::NONE, set);
    Some(Instruction { opcode: info.opcode, flags, operands })
}
