//! The table of operand fields: where the bits are, their range, and how they are written.
//!
//! Bits are numbered as in the Power manuals, 0 the most significant; [`Field::extract`] and
//! [`Field::insert`] are the only functions that turn the numbers into shifts.

/// How the assembler reads and the disassembler writes a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A general-purpose register.
    Gpr,
    /// A general-purpose register where number 0 means the value zero.
    GprOrZero,
    /// A vector register.
    Vr,
    /// A field of the condition register.
    Crf,
    /// A bit of the condition register.
    CrBit,
    /// A plain number.
    Number,
    /// A signed number that may also be written as its unsigned 16-bit image.
    SignedShifted,
    /// The displacement of `d(ra)`; the next operand is the register in parentheses.
    Displacement,
    /// A branch target, counted from the instruction unless the branch is absolute.
    Target,
    /// A special-purpose register.
    Spr,
}

/// Where a field is and what it holds.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpec {
    /// First bit, 0 the most significant of the word.
    pub start: u32,
    /// Last bit.
    pub end: u32,
    /// Whether the value is in two's complement.
    pub signed: bool,
    /// What one count of the field is worth.
    pub scale: i32,
    /// How it is written.
    pub kind: FieldKind,
    /// Whether the operand may be left out, and then is zero.
    pub optional: bool,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident $start:literal..=$end:literal $sign:ident * $scale:literal
        $kind:ident $type:ty $(, $optional:ident)?;)*) => {
        /// An operand field of an instruction word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Field { $($(#[$doc])* $name),* }

        impl Field {
            /// The field's row.
            #[must_use]
            pub const fn spec(self) -> FieldSpec {
                match self {
                    $(Self::$name => FieldSpec {
                        start: $start,
                        end: $end,
                        signed: fields!(@signed $sign),
                        scale: $scale,
                        kind: FieldKind::$kind,
                        optional: fields!(@optional $($optional)?),
                    }),*
                }
            }
        }

        /// The type a constructor takes for each field, under the field's name.
        pub mod operand {
            use crate::reg;
            $($(#[$doc])* pub type $name = $type;)*
        }
    };
    (@signed signed) => { true };
    (@signed unsigned) => { false };
    (@optional) => { false };
    (@optional optional) => { true };
}

fields! {
    /// Target or source register.
    Rt 6..=10 unsigned * 1 Gpr reg::Gpr;
    /// First source, or the base of an address.
    Ra 11..=15 unsigned * 1 Gpr reg::Gpr;
    /// First source, where register 0 stands for zero.
    Ra0 11..=15 unsigned * 1 GprOrZero reg::Gpr;
    /// Second source.
    Rb 16..=20 unsigned * 1 Gpr reg::Gpr;
    /// Vector target, or the vector stored.
    Vrt 6..=10 unsigned * 1 Vr reg::Vr;
    /// First vector source.
    Vra 11..=15 unsigned * 1 Vr reg::Vr;
    /// Second vector source.
    Vrb 16..=20 unsigned * 1 Vr reg::Vr;
    /// Condition of a vector instruction.
    Cond 30..=31 unsigned * 1 Number reg::Cond, optional;
    /// Bits given up by a pack or unpack instruction.
    Size 30..=31 unsigned * 1 Number u8, optional;
    /// Places a vector shift moves, to the left if positive.
    Shift 16..=20 signed * 1 Number i8;
    /// Signed immediate.
    Si 16..=31 signed * 1 Number i16;
    /// Signed immediate that the instruction shifts left.
    SiShifted 16..=31 signed * 1 SignedShifted i16;
    /// Unsigned immediate.
    Ui 16..=31 unsigned * 1 Number u16;
    /// Displacement from the base of an address.
    D 16..=31 signed * 1 Displacement i16;
    /// Target of a conditional branch.
    Bd 16..=29 signed * 4 Target i32;
    /// Target of an unconditional branch.
    Li 6..=29 signed * 4 Target i32;
    /// What a conditional branch tests.
    Bo 6..=10 unsigned * 1 Number u8;
    /// The condition bit a branch tests.
    Bi 11..=15 unsigned * 1 CrBit reg::CrBit;
    /// Hint of a branch to a register.
    Bh 19..=20 unsigned * 1 Number u8, optional;
    /// Places of a rotation.
    Sh 16..=20 unsigned * 1 Number u8;
    /// First bit of a mask.
    Mb 21..=25 unsigned * 1 Number u8;
    /// Last bit of a mask.
    Me 26..=30 unsigned * 1 Number u8;
    /// Target field of the condition register.
    Bf 6..=8 unsigned * 1 Crf reg::Crf;
    /// Target field of the condition register, field 0 if left out.
    BfOr0 6..=8 unsigned * 1 Crf reg::Crf, optional;
    /// Source field of the condition register.
    Bfa 11..=13 unsigned * 1 Crf reg::Crf;
    /// Target bit of the condition register.
    Bt 6..=10 unsigned * 1 CrBit reg::CrBit;
    /// First source bit of the condition register.
    Ba 11..=15 unsigned * 1 CrBit reg::CrBit;
    /// Second source bit of the condition register.
    Bb 16..=20 unsigned * 1 CrBit reg::CrBit;
    /// Mask of condition register fields, field 0 the most significant bit.
    Fxm 12..=19 unsigned * 1 Number u8;
    /// Special-purpose register; its two halves are swapped in the word.
    Spr 11..=20 unsigned * 1 Spr reg::Spr;
    /// Number of a software register.
    Sprg 14..=15 unsigned * 1 Number u8;
    /// Comparisons a trap fires on.
    To 6..=10 unsigned * 1 Number u8;
    /// Level of a memory barrier; the core knows one.
    Level 9..=10 unsigned * 1 Number u8, optional;
}

impl Field {
    const fn shift(self) -> u32 {
        31 - self.spec().end
    }

    const fn width(self) -> u32 {
        let spec = self.spec();
        spec.end - spec.start + 1
    }

    /// The bits of the word that belong to the field.
    #[must_use]
    pub const fn mask(self) -> u32 {
        (u32::MAX >> (32 - self.width())) << self.shift()
    }

    /// Smallest and largest value the field holds, scale included.
    #[must_use]
    pub const fn range(self) -> (i32, i32) {
        let (spec, width) = (self.spec(), self.width());
        let (low, high) = if spec.signed {
            (-(1 << (width - 1)), (1 << (width - 1)) - 1)
        } else {
            (0, (1 << width) - 1)
        };
        (low * spec.scale, high * spec.scale)
    }

    /// The value in `word`.
    #[must_use]
    pub const fn extract(self, word: u32) -> i32 {
        let (spec, width) = (self.spec(), self.width());
        let bits = (word & self.mask()) >> self.shift();
        let bits = if matches!(spec.kind, FieldKind::Spr) { swap_halves(bits) } else { bits };
        let unused = 32 - width;
        let value =
            if spec.signed { (bits << unused).cast_signed() >> unused } else { bits.cast_signed() };
        value * spec.scale
    }

    /// The bits of `value` in place, or nothing if it is out of range or no multiple of the scale.
    #[must_use]
    pub const fn insert(self, value: i32) -> Option<u32> {
        let spec = self.spec();
        let (low, high) = self.range();
        if value < low || value > high || value % spec.scale != 0 {
            return None;
        }
        let bits = (value / spec.scale).cast_unsigned();
        let bits = if matches!(spec.kind, FieldKind::Spr) { swap_halves(bits) } else { bits };
        Some((bits << self.shift()) & self.mask())
    }
}

/// The number of a special-purpose register stands in the word with its five-bit halves swapped
/// (Power ISA 2.06, 3.3.15).
const fn swap_halves(number: u32) -> u32 {
    ((number & 0x1f) << 5) | ((number >> 5) & 0x1f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_fields_keep_their_extremes() {
        for field in [Field::Si, Field::Shift, Field::Bd, Field::Li] {
            let (low, high) = field.range();
            for value in [low, 0, high] {
                let bits = field.insert(value).unwrap();
                assert_eq!(field.extract(bits), value, "{field:?}");
            }
            assert_eq!(field.insert(high + field.spec().scale), None);
            assert_eq!(field.insert(low - field.spec().scale), None);
        }
    }

    #[test]
    fn targets_are_whole_words() {
        assert_eq!(Field::Bd.insert(6), None);
        assert_eq!(Field::Bd.range(), (-32768, 32764));
        assert_eq!(Field::Li.range(), (-(1 << 25), (1 << 25) - 4));
    }

    #[test]
    fn special_purpose_register_numbers_are_swapped() {
        // mfspr r3,284 = 7C7C42A6 (ppu-isa reference, 7.7).
        assert_eq!(Field::Spr.extract(0x7c7c_42a6), 284);
        assert_eq!(Field::Spr.insert(284), Some(0x001c_4000));
    }
}
