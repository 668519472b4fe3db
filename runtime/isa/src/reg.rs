//! Names of registers, conditions and special-purpose registers.
//!
//! The types carry a number only; encoding checks the range, so building one never fails.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

/// A general-purpose register, 0 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gpr(pub u8);

/// A vector register, 0 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vr(pub u8);

/// A field of the condition register, 0 to 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Crf(pub u8);

/// A bit of the condition register, 0 (field 0, less than) to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrBit(pub u8);

impl CrBit {
    /// The bit `flag` of `field`.
    #[must_use]
    pub const fn new(field: Crf, flag: CrFlag) -> Self {
        Self(field.0 * 4 + flag as u8)
    }
}

/// The four bits of a condition register field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum CrFlag {
    /// Less than.
    Lt = 0,
    /// Greater than.
    Gt = 1,
    /// Equal.
    Eq = 2,
    /// Summary overflow.
    So = 3,
}

impl CrFlag {
    /// All four, in the order of their bits.
    pub const ALL: [Self; 4] = [Self::Lt, Self::Gt, Self::Eq, Self::So];

    /// Name in assembly text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lt => "lt",
            Self::Gt => "gt",
            Self::Eq => "eq",
            Self::So => "so",
        }
    }
}

/// Condition of a vector instruction: the lanes it writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cond {
    /// Every lane.
    #[default]
    Always = 0,
    /// Lanes last compared greater than zero.
    Gt = 1,
    /// Lanes last compared less than zero.
    Lt = 2,
    /// Lanes last compared equal to zero.
    Eq = 3,
}

impl Cond {
    /// All four, in the order of their encoding.
    pub const ALL: [Self; 4] = [Self::Always, Self::Gt, Self::Lt, Self::Eq];
}

/// A special-purpose register, 0 to 1023.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Spr(pub u16);

macro_rules! sprs {
    ($($(#[$doc:meta])* $name:ident $number:literal;)*) => {
        impl Spr {
            $($(#[$doc])* pub const $name: Self = Self($number);)*

            /// Every register the core implements, with its name, ordered by number.
            pub const IMPLEMENTED: &[(Self, &str)] = &[$((Self::$name, stringify!($name))),*];
        }
    };
}

// Numbers as the core decodes them; 284 and 285 serve reading and writing alike.
sprs! {
    /// Fixed-point exceptions: summary overflow, overflow, carry.
    XER 1;
    /// Link register.
    LR 8;
    /// Count register.
    CTR 9;
    /// Decrementer.
    DEC 22;
    /// Address to return to from an interrupt.
    SRR0 26;
    /// Machine state to return to from an interrupt.
    SRR1 27;
    /// Value the decrementer is reloaded with.
    DECAR 54;
    /// Address to return to from a critical interrupt.
    CSRR0 58;
    /// Machine state to return to from a critical interrupt.
    CSRR1 59;
    /// Data exception address; never written by the core itself.
    DEAR 61;
    /// Exception syndrome.
    ESR 62;
    /// Input pins, read only.
    GIN 65;
    /// Output pins.
    GOUT 66;
    /// Output enables of the pins.
    GOE 67;
    /// Interrupt control, write only.
    ICCR 68;
    /// Time base, lower word.
    TBL 284;
    /// Time base, upper word.
    TBU 285;
    /// Timer status; writing ones clears.
    TSR 336;
    /// Timer control.
    TCR 340;
    /// Address to return to from a machine check.
    MCSRR0 570;
    /// Machine state to return to from a machine check.
    MCSRR1 571;
}

impl fmt::Display for Gpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

impl fmt::Display for Vr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Crf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cr{}", self.0)
    }
}

impl fmt::Display for CrBit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flag = CrFlag::ALL[usize::from(self.0 & 3)].name();
        match self.0 >> 2 {
            0 => f.write_str(flag),
            field => write!(f, "4*cr{field}+{flag}"),
        }
    }
}

/// A value that can stand as an operand of an instruction.
pub trait OperandValue: Copy {
    /// The number the operand's field holds, before scaling.
    fn to_raw(self) -> i32;
}

macro_rules! operand_values {
    ($($type:ty: $value:ident => $raw:expr;)*) => {
        $(impl OperandValue for $type {
            #[inline]
            fn to_raw(self) -> i32 {
                let $value = self;
                $raw
            }
        })*
    };
}

operand_values! {
    Gpr: r => i32::from(r.0);
    Vr: r => i32::from(r.0);
    Crf: r => i32::from(r.0);
    CrBit: r => i32::from(r.0);
    Spr: r => i32::from(r.0);
    Cond: c => c as i32;
    i8: v => i32::from(v);
    u8: v => i32::from(v);
    i16: v => i32::from(v);
    u16: v => i32::from(v);
    i32: v => v;
}
