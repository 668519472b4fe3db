//! From instructions to words.

use core::fmt;

use crate::instruction::Instruction;
use crate::opcode::Flag;

/// Why an instruction has no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// An operand does not fit its field.
    OutOfRange {
        /// Mnemonic without flags.
        mnemonic: &'static str,
        /// Name of the operand.
        operand: &'static str,
        /// Its value.
        value: i32,
        /// Smallest value the field holds.
        low: i32,
        /// Largest value the field holds.
        high: i32,
        /// What the value must be a multiple of.
        scale: i32,
    },
    /// The instruction has no form with this flag.
    FlagNotAllowed {
        /// Mnemonic without flags.
        mnemonic: &'static str,
        /// The flag.
        flag: Flag,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OutOfRange { mnemonic, operand, value, low, high, scale } => {
                write!(f, "operand `{operand}` of `{mnemonic}` is {value}, ")?;
                if (low..=high).contains(&value) {
                    write!(f, "which is no multiple of {scale}")
                } else {
                    write!(f, "but must be in {low}..={high}")
                }
            }
            Self::FlagNotAllowed { mnemonic, flag } => {
                write!(f, "`{mnemonic}` has no form with `{}`", flag.letter())
            }
        }
    }
}

impl core::error::Error for EncodeError {}

/// The word of an instruction.
///
/// # Errors
/// If an operand does not fit its field, or a flag is set that the row does not have.
pub fn encode(instruction: &Instruction) -> Result<u32, EncodeError> {
    let info = instruction.opcode.info();
    let mut word = info.pattern;
    for (spec, value) in instruction.operands() {
        word |= spec.field.insert(value).ok_or_else(|| {
            let (low, high) = spec.field.range();
            EncodeError::OutOfRange {
                mnemonic: info.mnemonic,
                operand: spec.name,
                value,
                low,
                high,
                scale: spec.field.spec().scale,
            }
        })?;
    }
    for flag in Flag::ALL {
        if instruction.flags.has(flag) {
            if !info.flags.contains(&flag) {
                return Err(EncodeError::FlagNotAllowed { mnemonic: info.mnemonic, flag });
            }
            word |= flag.mask();
        }
    }
    Ok(word)
}
