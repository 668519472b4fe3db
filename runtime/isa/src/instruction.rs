//! An instruction with its operands, and one constructor for every row of the table.

use core::fmt;

use crate::field::{Field, operand};
use crate::for_each_insn;
use crate::opcode::{Flag, Flags, Opcode, OperandSpec};
use crate::reg::OperandValue;

/// Most operands an instruction has.
pub const OPERANDS_MAX: usize = 5;

/// One instruction: opcode, flags and operand values in the order of the assembler.
///
/// Values are unscaled and as written: a branch offset counts bytes, an immediate is signed where
/// its field is. They are checked when encoded, not before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// Which instruction.
    pub opcode: Opcode,
    /// Its optional bits.
    pub flags: Flags,
    /// Operand values; those beyond the row's count are zero.
    pub operands: [i32; OPERANDS_MAX],
}

impl Instruction {
    /// An instruction with the operand values given, missing ones zero, and no flags.
    ///
    /// The constructors in [`build`] are typed; this one is for tables and parsers.
    ///
    /// # Panics
    /// If there are more than [`OPERANDS_MAX`] values.
    #[must_use]
    pub fn new(opcode: Opcode, values: &[i32]) -> Self {
        let mut operands = [0; OPERANDS_MAX];
        operands[..values.len()].copy_from_slice(values);
        Self { opcode, flags: Flags::NONE, operands }
    }

    /// The same with a flag set. Encoding fails if the row does not allow it.
    #[must_use]
    pub const fn with(mut self, flag: Flag) -> Self {
        self.flags = self.flags.with(flag);
        self
    }

    /// The same, comparing its result with zero (`add.`).
    #[must_use]
    pub const fn record(self) -> Self {
        self.with(Flag::Rc)
    }

    /// The same, recording overflow (`addo`).
    #[must_use]
    pub const fn overflow(self) -> Self {
        self.with(Flag::Oe)
    }

    /// The same, saving the return address (`bl`).
    #[must_use]
    pub const fn link(self) -> Self {
        self.with(Flag::Lk)
    }

    /// The same, with an absolute target (`ba`).
    #[must_use]
    pub const fn absolute(self) -> Self {
        self.with(Flag::Aa)
    }

    /// The operands with what the table says about each.
    pub fn operands(&self) -> impl Iterator<Item = (&'static OperandSpec, i32)> + '_ {
        self.opcode.info().operands.iter().zip(self.operands)
    }

    /// The value of the operand in `field`, if the instruction has it.
    #[must_use]
    pub fn operand(&self, field: Field) -> Option<i32> {
        self.operands().find(|(spec, _)| spec.field == field).map(|(_, value)| value)
    }

    /// Index and value of the branch target, if it has one.
    #[must_use]
    pub fn target(&self) -> Option<(usize, i32)> {
        let position = |field| self.opcode.info().operands.iter().position(|o| o.field == field);
        let index = position(Field::Bd).or_else(|| position(Field::Li))?;
        Some((index, self.operands[index]))
    }

    /// Mnemonic with the letters of its flags.
    #[must_use]
    pub fn mnemonic(&self) -> String {
        self.mnemonic_as(self.opcode.info().mnemonic)
    }

    /// Another name with the letters of its flags.
    pub(crate) fn mnemonic_as(&self, name: &str) -> String {
        let mut text = name.to_owned();
        text.extend(Flag::ALL.iter().filter(|f| self.flags.has(**f)).map(|f| f.letter()));
        text
    }
}

impl fmt::Display for Instruction {
    /// As disassembled at address 0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::disasm::text(self, 0))
    }
}

macro_rules! define_constructors {
    ($(
        #[doc = $doc:literal]
        $variant:ident $mnemonic:literal $extension:ident $form:ident($($number:literal),*)
            [$($name:ident: $field:ident $role:tt),*] [$($flag:ident),*]
            [$($resource:ident $how:tt),*] $module:ident::$function:ident $class:ident;
    )*) => {
        /// One typed constructor for every row of the table, operands in assembler order.
        ///
        /// ```
        /// use pl_isa::{Cond, Gpr, Vr, build, encode};
        ///
        /// let add = build::fxvaddhfs(Vr(1), Vr(2), Vr(3), Cond::Always);
        /// assert_eq!(encode(&add), Ok(0x1022_1f70));
        /// assert_eq!(encode(&build::add(Gpr(3), Gpr(4), Gpr(5)).record()), Ok(0x7c64_2a15));
        /// ```
        pub mod build {
            #[allow(clippy::wildcard_imports, reason = "generated from the whole table")]
            use super::*;
            $(
                #[doc = $doc]
                #[doc = concat!("\n\nAssembler: `", $mnemonic, "`.")]
                #[must_use]
                pub fn $function($($name: operand::$field),*) -> Instruction {
                    Instruction::new(Opcode::$variant, &[$($name.to_raw()),*])
                }
            )*
        }
    };
}
for_each_insn!(define_constructors);

impl Instruction {
    /// An arithmetic, select or pack instruction of three vector registers.
    ///
    /// # Panics
    /// If the row of `opcode` does not take three vector registers and a condition or size.
    #[must_use]
    pub fn fxv3(
        opcode: Opcode,
        rt: operand::Vrt,
        ra: operand::Vra,
        rb: operand::Vrb,
        cond: operand::Cond,
    ) -> Self {
        let fields = opcode.info().operands.iter().map(|o| o.field);
        assert!(
            fields.take(3).eq([Field::Vrt, Field::Vra, Field::Vrb]),
            "{opcode:?} does not take three vector registers"
        );
        Self::new(opcode, &[rt.to_raw(), ra.to_raw(), rb.to_raw(), cond.to_raw()])
    }
}
