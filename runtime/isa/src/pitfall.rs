//! Instructions that the hardware executes differently from what their text says.
//!
//! The table gives what an instruction means. In three documented cases (ppu-isa reference, 2.7
//! and 3.2) the core's source does something else; assembler and simulator warn of them, because
//! results in simulation do not show them.

use core::fmt;

use crate::field::Field;
use crate::instruction::Instruction;
use crate::opcode::Opcode;

/// What differs on hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pitfall {
    /// A splat from `r0` is not ordered after an instruction that writes `r0`.
    SplatFromR0,
    /// A sign-extending load takes its displacement as unsigned.
    NegativeDisplacement,
    /// A trap takes its immediate as unsigned.
    NegativeTrapImmediate,
}

impl Pitfall {
    /// The pitfall an instruction has by itself, whatever ran before it.
    #[must_use]
    #[allow(clippy::wildcard_enum_match_arm, reason = "a few rows of the table have one")]
    pub fn of(instruction: &Instruction) -> Option<Self> {
        let negative = |field| instruction.operand(field).is_some_and(|value| value < 0);
        match instruction.opcode {
            Opcode::Fxvsplath | Opcode::Fxvsplatb => {
                (instruction.operand(Field::Ra) == Some(0)).then_some(Self::SplatFromR0)
            }
            Opcode::Lha | Opcode::Lhau => negative(Field::D).then_some(Self::NegativeDisplacement),
            Opcode::Twi => negative(Field::Si).then_some(Self::NegativeTrapImmediate),
            _ => None,
        }
    }

    /// What it is, in a sentence.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::SplatFromR0 => "a splat from r0 may read it before an earlier write arrives",
            Self::NegativeDisplacement => {
                "the hardware does not sign-extend the displacement of this load"
            }
            Self::NegativeTrapImmediate => {
                "the hardware does not sign-extend the immediate of this trap"
            }
        }
    }

    /// What to write instead.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::SplatFromR0 => "splat from another register",
            Self::NegativeDisplacement => "use `lhax`, or `lhz` and `extsh`",
            Self::NegativeTrapImmediate => "use `tw` with the number in a register",
        }
    }
}

impl fmt::Display for Pitfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<Pitfall> {
        let program = crate::assemble(text).unwrap_or_else(|errors| panic!("{errors:?}"));
        crate::decode(program.text_words()[0]).and_then(|instruction| Pitfall::of(&instruction))
    }

    #[test]
    fn documented_cases_are_found_and_their_neighbours_are_not() {
        let cases = [
            ("fxvsplath 3, 0", Some(Pitfall::SplatFromR0)),
            ("fxvsplatb 0, 0", Some(Pitfall::SplatFromR0)),
            ("fxvsplath 0, 3", None),
            ("lha 3, -2(4)", Some(Pitfall::NegativeDisplacement)),
            ("lhau 3, -32768(4)", Some(Pitfall::NegativeDisplacement)),
            ("lha 3, 32766(4)", None),
            ("lhz 3, -2(4)", None),
            ("twi 4, 3, -1", Some(Pitfall::NegativeTrapImmediate)),
            ("twi 4, 3, 0", None),
        ];
        for (text, pitfall) in cases {
            assert_eq!(found(text), pitfall, "{text}");
        }
    }
}
