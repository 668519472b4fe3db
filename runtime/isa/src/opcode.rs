//! What the instruction table says, as values: [`Opcode`] and its [`InsnInfo`] rows.

use crate::field::Field;
use crate::for_each_insn;
use crate::latency::Class;

/// Which instruction set a row comes from. Primary opcode 4 is used by several in the Power world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// The Power ISA.
    Base,
    /// The vector set of the plasticity processor.
    S2pp,
}

/// How the opcode bits are laid out (Power ISA 2.06, 1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Register and 16-bit immediate; no extended opcode.
    D,
    /// Unconditional branch.
    I,
    /// Conditional branch.
    B,
    /// Rotation with a mask.
    M,
    /// Extended opcode in bits 21 to 30.
    X,
    /// As `X`, with bit 11 set.
    XOne,
    /// Condition register and branches to registers: extended opcode in bits 21 to 30.
    Xl,
    /// Extended opcode in bits 22 to 30, overflow flag in bit 21.
    Xo,
    /// Vector: extended opcode in bits 21 to 29, condition in bits 30 and 31.
    Fxv,
}

impl Form {
    /// The opcode bits of an instruction of this form.
    #[must_use]
    pub const fn pattern(self, primary: u32, extended: u32) -> u32 {
        let low = match self {
            Self::D | Self::I | Self::B | Self::M => 0,
            Self::X | Self::Xl | Self::Xo => extended << 1,
            Self::XOne => (extended << 1) | (1 << 20),
            Self::Fxv => extended << 2,
        };
        (primary << 26) | low
    }

    /// The bits that the core looks at even where they belong to no operand: the vector unit leaves
    /// register fields alone that an instruction does not use (ppu-isa reference, 2.1). Other
    /// words with such bits are taken for mistakes, since no assembler makes them.
    const fn fixed(self) -> u32 {
        match self {
            Self::Fxv => 0xfc00_07fc,
            Self::D | Self::I | Self::B | Self::M | Self::X | Self::XOne | Self::Xl | Self::Xo => {
                u32::MAX
            }
        }
    }
}

/// An optional bit of an instruction, with the letter it adds to the mnemonic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Overflow: records overflow; mnemonic ends in `o`.
    Oe,
    /// Link: saves the return address; mnemonic ends in `l`.
    Lk,
    /// Absolute: the target is an address; mnemonic ends in `a`.
    Aa,
    /// Record: compares the result with zero; mnemonic ends in `.`.
    Rc,
}

impl Flag {
    /// All flags in the order their letters stand in a mnemonic.
    pub const ALL: [Self; 4] = [Self::Oe, Self::Lk, Self::Aa, Self::Rc];

    /// The bit of the word.
    #[must_use]
    pub const fn mask(self) -> u32 {
        match self {
            Self::Oe => 1 << 10,
            Self::Aa => 1 << 1,
            Self::Lk | Self::Rc => 1,
        }
    }

    /// The letter added to the mnemonic.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Oe => 'o',
            Self::Lk => 'l',
            Self::Aa => 'a',
            Self::Rc => '.',
        }
    }
}

/// A set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);

    /// The set with `flag` added.
    #[must_use]
    pub const fn with(self, flag: Flag) -> Self {
        Self(self.0 | (1 << flag as u8))
    }

    /// Whether `flag` is in the set.
    #[must_use]
    #[inline]
    pub const fn has(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u8) != 0
    }
}

/// What an instruction does with an operand or a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Writes it.
    Def,
    /// Reads it.
    Use,
    /// Reads and writes it.
    Both,
    /// Neither: a constant.
    Imm,
}

/// Something an instruction reads or writes besides its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Vector accumulator.
    Acc,
    /// Vector condition register; a use counts only where the condition is not `Always`.
    Vcr,
    /// Carry.
    Ca,
    /// Condition register: field 0 as a target, all of it as a source.
    Cr,
    /// Count register.
    Ctr,
    /// Link register.
    Lr,
    /// Memory.
    Memory,
    /// The parallel or serial IO bus.
    Io,
}

/// One operand of a row.
#[derive(Clone, Copy, Debug)]
pub struct OperandSpec {
    /// Name in documentation and errors.
    pub name: &'static str,
    /// Where its bits are.
    pub field: Field,
    /// What the instruction does with it.
    pub role: Role,
}

/// A row of the instruction table.
#[derive(Clone, Copy, Debug)]
pub struct InsnInfo {
    /// The instruction.
    pub opcode: Opcode,
    /// Name without the letters of flags.
    pub mnemonic: &'static str,
    /// Meaning, in one sentence.
    pub doc: &'static str,
    /// Where it comes from.
    pub extension: Extension,
    /// Layout.
    pub form: Form,
    /// The opcode bits.
    pub pattern: u32,
    /// The bits that must equal [`pattern`](Self::pattern): all that belong to no operand and no
    /// flag and are not ignored.
    pub mask: u32,
    /// Bits the core does not look at; they are written as zero.
    pub ignored: u32,
    /// Operands in the order of the assembler.
    pub operands: &'static [OperandSpec],
    /// Flags it may carry.
    pub flags: &'static [Flag],
    /// What else it touches.
    pub resources: &'static [(Resource, Role)],
    /// Its row in the latency table.
    pub class: Class,
}

/// The bits that belong to no operand and no flag.
const fn fixed_bits(operands: &[OperandSpec], flags: &[Flag]) -> u32 {
    let mut free = 0;
    let mut i = 0;
    while i < operands.len() {
        free |= operands[i].field.mask();
        i += 1;
    }
    let mut i = 0;
    while i < flags.len() {
        free |= flags[i].mask();
        i += 1;
    }
    !free
}

macro_rules! role {
    (def) => {
        Role::Def
    };
    (use) => {
        Role::Use
    };
    (both) => {
        Role::Both
    };
    (imm) => {
        Role::Imm
    };
}

macro_rules! define_opcodes {
    ($(
        #[doc = $doc:literal]
        $variant:ident $mnemonic:literal $extension:ident $form:ident($primary:literal $(, $extended:literal)?)
            [$($name:ident: $field:ident $role:tt),*] [$($flag:ident),*]
            [$($resource:ident $how:tt),*] $module:ident::$function:ident $class:ident;
    )*) => {
        /// An instruction of the core, without operands and flags.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Opcode {
            $(#[doc = $doc] $variant),*
        }

        /// The instruction table, in the order of [`Opcode`].
        pub static INSNS: &[InsnInfo] = &[$({
            const OPERANDS: &[OperandSpec] = &[$(OperandSpec {
                name: stringify!($name),
                field: Field::$field,
                role: role!($role),
            }),*];
            const FLAGS: &[Flag] = &[$(Flag::$flag),*];
            InsnInfo {
                opcode: Opcode::$variant,
                mnemonic: $mnemonic,
                doc: $doc.trim_ascii(),
                extension: Extension::$extension,
                form: Form::$form,
                pattern: Form::$form.pattern($primary, 0 $(+ $extended)?),
                mask: fixed_bits(OPERANDS, FLAGS) & Form::$form.fixed(),
                ignored: fixed_bits(OPERANDS, FLAGS) & !Form::$form.fixed(),
                operands: OPERANDS,
                flags: FLAGS,
                resources: &[$((Resource::$resource, role!($how))),*],
                class: Class::$class,
            }
        }),*];
    };
}
for_each_insn!(define_opcodes);

impl Opcode {
    /// The opcode's row.
    #[must_use]
    #[inline]
    pub fn info(self) -> &'static InsnInfo {
        &INSNS[self as usize]
    }
}
