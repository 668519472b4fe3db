//! What stops the simulator: things the hardware gives no meaning to.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use pl_isa::{Spr, disassemble};

use crate::bus::BusFault;

/// Why the simulation cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum TrapKind {
    /// The word is no instruction of the core, or one of an option the chip lacks. The hardware
    /// would let it pass without telling.
    Unimplemented,
    /// The instruction moves to or from a register the core does not have, or that cannot be
    /// read or written.
    UnimplementedSpr(Spr),
    /// Nothing answers an access.
    Bus(BusFault),
}

/// The simulation stopped; the core is as it was before the instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Trap {
    /// Why.
    pub kind: TrapKind,
    /// Address of the instruction.
    pub pc: u32,
    /// The instruction word; 0 if it could not be fetched.
    pub word: u32,
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, pc, word } = self;
        match kind {
            TrapKind::Unimplemented => {
                write!(f, "the core does not implement the word {word:08x} at {pc:#010x}")
            }
            TrapKind::UnimplementedSpr(spr) => write!(
                f,
                "special-purpose register {} cannot be used by `{}` at {pc:#010x}",
                spr.0,
                disassemble(*word, *pc)
            ),
            TrapKind::Bus(BusFault { address, access }) => write!(
                f,
                "nothing answers the {access} at {address:#010x} by `{}` at {pc:#010x}",
                disassemble(*word, *pc)
            ),
        }
    }
}

impl core::error::Error for Trap {}
