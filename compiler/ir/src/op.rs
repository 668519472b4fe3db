//! THE table of ops. Adding one is a row here; then the compiler names every match to extend.

use crate::{Derived, DerivedId, ObjectId, Quantity, RecordId};

/// What an op may do besides computing its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: equal operands give equal results, always.
    Pure,
    /// Reads what cannot change during an update (view, params, samples of the sensors): may be
    /// merged, moved and removed like a pure op.
    Sample,
    /// Reads state that the rule itself may write: keeps its order with writes.
    Read,
    /// Writes, resets, draws or records: stays, in order.
    Write,
}

/// Kind of the immediate of an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImmKind {
    /// None.
    None,
    /// A 32-bit integer.
    Int,
    /// Places of a shift, from 1 to below the width of what is shifted.
    Shift,
    /// A comparison.
    Cond,
    /// A quantity of the chip.
    Quantity,
    /// A derived value.
    Derived,
    /// A state or input object.
    Object,
    /// Objects of the rule one after the other.
    Array,
    /// A record.
    Record,
    /// A field of a record.
    Field,
}

/// Typing rule of an op; `T` is `i32` or a vector, `V` a vector, `M` the mask of `V`'s lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sig {
    /// `() -> i32`
    Scalar,
    /// `(i32) -> i32`
    ScalarUnary,
    /// `(i32, i32) -> i32`
    ScalarBinary,
    /// `(T, T) -> T`
    Binary,
    /// `(V, V) -> V`
    LaneBinary,
    /// `(T) -> T`
    Unary,
    /// `(T, T) -> i32` for scalars, `(V, V) -> M` for vectors
    Compare,
    /// `(i32, i32, i32) -> i32`, `(M, V, V) -> V`
    Select,
    /// `(M, M) -> M`
    MaskBinary,
    /// `(M) -> M`
    MaskUnary,
    /// `(i32) -> V`
    Splat,
    /// `(i8x256) -> i16x256`
    Widen,
    /// `(i16x256) -> i8x256`
    Narrow,
    /// `(i16x256) -> i32`
    Reduce,
    /// `(i32, i32)`
    Event,
    /// `() -> V`
    Lanes,
    /// `(row position if the quantity has rows) -> V`
    ReadChip,
    /// `(row position if the quantity has rows, V)`
    WriteChip,
    /// `(row position if the object has rows) -> V or i32` by scope
    Load,
    /// `(row position if the object has rows, V or i32)` by scope
    Store,
    /// `(index) -> i32`
    LoadElement,
    /// `(index, i32)`
    StoreElement,
    /// `(row position if the field is per synapse, V or i32)` by scope
    RecordPut,
}

/// A comparison of signed numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cond {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

impl Cond {
    /// All comparisons with their names in the text form.
    pub const ALL: [(Cond, &'static str); 6] = [
        (Cond::Eq, "eq"),
        (Cond::Ne, "ne"),
        (Cond::Lt, "lt"),
        (Cond::Le, "le"),
        (Cond::Gt, "gt"),
        (Cond::Ge, "ge"),
    ];

    /// Name in the text form.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(c, _)| *c == self).map_or("", |(_, name)| name)
    }

    /// The comparison that holds when this one does not.
    #[must_use]
    pub const fn negated(self) -> Cond {
        match self {
            Cond::Eq => Cond::Ne,
            Cond::Ne => Cond::Eq,
            Cond::Lt => Cond::Ge,
            Cond::Le => Cond::Gt,
            Cond::Gt => Cond::Le,
            Cond::Ge => Cond::Lt,
        }
    }

    /// The comparison with its operands exchanged.
    #[must_use]
    pub const fn swapped(self) -> Cond {
        match self {
            Cond::Eq | Cond::Ne => self,
            Cond::Lt => Cond::Gt,
            Cond::Le => Cond::Ge,
            Cond::Gt => Cond::Lt,
            Cond::Ge => Cond::Le,
        }
    }

    /// Whether it holds for two numbers.
    #[must_use]
    pub fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            Cond::Eq => a == b,
            Cond::Ne => a != b,
            Cond::Lt => a < b,
            Cond::Le => a <= b,
            Cond::Gt => a > b,
            Cond::Ge => a >= b,
        }
    }
}

/// The immediate of an instruction, of the kind its op's row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Imm {
    /// No immediate.
    None,
    /// A 32-bit integer.
    Int(i32),
    /// Places of a shift, from 1 to below the width of what is shifted.
    Shift(u8),
    /// A comparison.
    Cond(Cond),
    /// A quantity of the chip.
    Quantity(Quantity),
    /// A derived value.
    Derived(DerivedId),
    /// A state or input object.
    Object(ObjectId),
    /// So many objects of the rule from one on: the elements of an array.
    Array(ObjectId, u32),
    /// A record.
    Record(RecordId),
    /// A field of a record, by position.
    Field(RecordId, u32),
}

impl Imm {
    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> ImmKind {
        match self {
            Imm::None => ImmKind::None,
            Imm::Int(_) => ImmKind::Int,
            Imm::Shift(_) => ImmKind::Shift,
            Imm::Cond(_) => ImmKind::Cond,
            Imm::Quantity(_) => ImmKind::Quantity,
            Imm::Derived(_) => ImmKind::Derived,
            Imm::Object(_) => ImmKind::Object,
            Imm::Array(..) => ImmKind::Array,
            Imm::Record(_) => ImmKind::Record,
            Imm::Field(..) => ImmKind::Field,
        }
    }
}

macro_rules! ops {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:literal $imm:ident $sig:ident $effect:ident $commutes:ident;)+) => {
        /// An operation. The rows of the table in this module say everything about each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Op {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Op {
            /// Every op, in the order of the table.
            pub const ALL: &'static [Op] = &[$(Op::$variant),+];

            /// Mnemonic of the text form.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Op::$variant => $name,)+ }
            }

            /// What the op does, in a sentence.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Op::$variant => concat!($($doc,)+).trim_ascii(),)+ }
            }

            /// Kind of its immediate.
            #[must_use]
            pub const fn imm(self) -> ImmKind {
                match self { $(Op::$variant => ImmKind::$imm,)+ }
            }

            /// Typing rule.
            #[must_use]
            pub const fn sig(self) -> Sig {
                match self { $(Op::$variant => Sig::$sig,)+ }
            }

            /// Effect.
            #[must_use]
            pub const fn effect(self) -> Effect {
                match self { $(Op::$variant => Effect::$effect,)+ }
            }

            /// Whether its two operands may be exchanged.
            #[must_use]
            pub const fn commutes(self) -> bool {
                match self { $(Op::$variant => ops!(@ $commutes),)+ }
            }
        }
    };
    (@ commutes) => { true };
    (@ ordered) => { false };
}

ops! {
    // Scalars.
    /// The integer of the immediate.
    Const "const" Int Scalar Pure ordered;
    /// A derived value of the instance.
    Derived "derived" Derived Scalar Sample ordered;
    /// Number of rows of the view.
    ViewRows "view_rows" None Scalar Sample ordered;
    /// Hardware row (0..255) of a row position of the view.
    ViewRow "view_row" None ScalarUnary Sample ordered;
    /// Sign of a row position: +1 excitatory, -1 inhibitory, 0 off or both.
    RowSign "row_sign" None ScalarUnary Sample ordered;
    /// Number of this update, from 0.
    UpdateIndex "update_index" None Scalar Sample ordered;
    /// Hemisphere of the instance, 0 top, 1 bottom.
    Hemisphere "hemisphere" None Scalar Sample ordered;
    /// Unsigned remainder; `x rem 0` is `x`.
    RemU "rem_u" None ScalarBinary Pure ordered;
    /// Unsigned quotient, rounded down; `x div 0` is all ones.
    DivU "div_u" None ScalarBinary Pure ordered;
    /// Upper half of the unsigned product.
    MulHighU "mul_high_u" None ScalarBinary Pure commutes;
    /// Product, saturating.
    MulSat "mul_sat" None ScalarBinary Pure commutes;
    /// Product of reals with 16 fraction bits, to nearest, ties towards plus infinity; saturating.
    MulReal "mul_real" None ScalarBinary Pure commutes;
    /// Quotient with 16 fraction bits, to nearest, ties away from zero; saturating. `x / 0` is the
    /// largest magnitude with the sign of `x`, and `0 / 0` is 0.
    DivReal "div_real" None ScalarBinary Pure ordered;

    // Scalars and lanes.
    /// Sum, wrapping.
    Add "add" None Binary Pure commutes;
    /// Difference, wrapping.
    Sub "sub" None Binary Pure ordered;
    /// Low half of the product.
    Mul "mul" None Binary Pure commutes;
    /// Sum, saturating.
    AddSat "add_sat" None Binary Pure commutes;
    /// Difference, saturating.
    SubSat "sub_sat" None Binary Pure ordered;
    /// Smaller operand, signed.
    Min "min" None Binary Pure commutes;
    /// Larger operand, signed.
    Max "max" None Binary Pure commutes;
    /// Signed comparison.
    Compare "cmp" Cond Compare Pure ordered;
    /// First operand chooses: true gives the second, false the third.
    Select "select" None Select Pure ordered;

    /// Logical shift left.
    Shl "shl" Shift Unary Pure ordered;
    /// Logical shift right.
    ShrLogical "shr_logical" Shift Unary Pure ordered;
    /// Arithmetic shift right, rounding towards minus infinity.
    ShrFloor "shr_floor" Shift Unary Pure ordered;
    /// Division by a power of two, to nearest, ties towards plus infinity.
    ShrRound "shr_round" Shift Unary Pure ordered;
    /// Division by a power of two, to nearest, ties away from zero.
    ShrRoundAway "shr_round_away" Shift Unary Pure ordered;

    // Lanes.
    /// Fractional product, rounded towards minus infinity.
    MulFrac "mul_frac" None LaneBinary Pure commutes;
    /// Fractional product, rounded to nearest, ties towards plus infinity; saturating.
    MulFracRound "mul_frac_round" None LaneBinary Pure commutes;
    /// Every lane the low bits of a scalar.
    Splat "splat" None Splat Pure ordered;
    /// Bytes as halfwords, sign-extended.
    Widen "widen" None Widen Pure ordered;
    /// The low bytes of halfwords.
    Narrow "narrow" None Narrow Pure ordered;
    /// Sum of the lanes in columns of the view; exact.
    ReduceAdd "reduce_add" None Reduce Sample ordered;
    /// Smallest lane in columns of the view; 32767 if there are none.
    ReduceMin "reduce_min" None Reduce Sample ordered;
    /// Largest lane in columns of the view; -32768 if there are none.
    ReduceMax "reduce_max" None Reduce Sample ordered;
    /// Every lane its column, 0..255.
    Column "column" None Lanes Pure ordered;
    /// Conjunction.
    MaskAnd "mask_and" None MaskBinary Pure commutes;
    /// Disjunction.
    MaskOr "mask_or" None MaskBinary Pure commutes;
    /// Negation.
    MaskNot "mask_not" None MaskUnary Pure ordered;

    // Chip, state, random numbers, records.
    /// Reads a quantity of the chip.
    Read "read" Quantity ReadChip Read ordered;
    /// Writes or resets a quantity of the chip in the columns of the view.
    Write "write" Quantity WriteChip Write ordered;
    /// Reads state or an input.
    Load "load" Object Load Read ordered;
    /// Writes state.
    Store "store" Object Store Write ordered;
    /// Reads an element of an array of the rule: an index outside of it stops the program.
    LoadElement "load_element" Array LoadElement Read ordered;
    /// Writes an element of an array of the rule: an index outside of it stops the program.
    StoreElement "store_element" Array StoreElement Write ordered;
    /// Steps the generator of every column and gives its 16 bits.
    Draw "draw" None Lanes Write ordered;
    /// Steps the generator of the instance and gives its 32 bits.
    DrawWord "draw_word" None Scalar Write ordered;
    /// Sends an event to the synapse driver of a hardware row, the low 8 bits of the first operand,
    /// with the low 6 bits of the second as its address; nothing for rows below 0.
    Send "send" None Event Write ordered;
    /// Opens the next sample of a record; 1, or 0 if its buffer is full (which is counted).
    RecordOpen "record_open" Record Scalar Write ordered;
    /// Puts a value into the open sample of a record.
    RecordPut "record_put" Field RecordPut Write ordered;
}

impl Op {
    /// Effect of this op with this immediate: sensors are samples, so reading one is not ordered
    /// with writes, whereas weights and addresses are.
    #[must_use]
    pub const fn effect_with(self, imm: Imm) -> Effect {
        match (self, imm) {
            (
                Op::Read,
                Imm::Quantity(
                    Quantity::Causal | Quantity::Acausal | Quantity::Rate | Quantity::Membrane,
                ),
            ) => Effect::Sample,
            _ => self.effect(),
        }
    }

    /// The op of this mnemonic.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| op.name() == name)
    }
}

/// Declared raw default of a derived value, for places that print the table.
impl core::fmt::Display for Derived {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {:?}", self.default, self.name)
    }
}
