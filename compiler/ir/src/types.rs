//! Types of values: a small `Copy` enum with element and lane count apart.

/// Lanes of a whole synapse row: one a column of a hemisphere.
pub const ROW_LANES: u16 = pl_fixed::chip::COLUMNS;

/// Element of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Elem {
    /// 8 bit, signed.
    I8,
    /// 16 bit, signed.
    I16,
}

impl Elem {
    /// Bits of a lane.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Elem::I8 => 8,
            Elem::I16 => 16,
        }
    }
}

/// Type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// A 32-bit scalar: an index, a counter, a parameter before it is splat.
    I32,
    /// A vector, `i16x256`.
    Vector {
        /// Lane width.
        elem: Elem,
        /// Number of lanes.
        lanes: u16,
    },
    /// One truth value a lane, `b256`.
    Mask {
        /// Number of lanes.
        lanes: u16,
    },
}

impl Type {
    /// A row of 16-bit lanes.
    pub const ROW16: Type = Type::Vector { elem: Elem::I16, lanes: ROW_LANES };
    /// A row of 8-bit lanes.
    pub const ROW8: Type = Type::Vector { elem: Elem::I8, lanes: ROW_LANES };
    /// A row of truth values.
    pub const ROW_MASK: Type = Type::Mask { lanes: ROW_LANES };

    /// Lane count of a vector or mask.
    #[must_use]
    pub const fn lanes(self) -> Option<u16> {
        match self {
            Type::I32 => None,
            Type::Vector { lanes, .. } | Type::Mask { lanes } => Some(lanes),
        }
    }

    /// Whether this is a vector (not a mask).
    #[must_use]
    pub const fn is_vector(self) -> bool {
        matches!(self, Type::Vector { .. })
    }

    /// What comparing two values of this type gives: a mask of the same lanes, or `i32` for scalars.
    #[must_use]
    pub const fn comparison(self) -> Type {
        match self.lanes() {
            Some(lanes) => Type::Mask { lanes },
            None => Type::I32,
        }
    }
}

impl core::fmt::Display for Type {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Type::I32 => f.write_str("i32"),
            Type::Vector { elem, lanes } => write!(f, "i{}x{lanes}", elem.bits()),
            Type::Mask { lanes } => write!(f, "b{lanes}"),
        }
    }
}

impl core::str::FromStr for Type {
    type Err = ();

    fn from_str(text: &str) -> Result<Type, ()> {
        let lanes = |digits: &str| digits.parse::<u16>().map_err(|_| ());
        if text == "i32" {
            Ok(Type::I32)
        } else if let Some(digits) = text.strip_prefix("i8x") {
            Ok(Type::Vector { elem: Elem::I8, lanes: lanes(digits)? })
        } else if let Some(digits) = text.strip_prefix("i16x") {
            Ok(Type::Vector { elem: Elem::I16, lanes: lanes(digits)? })
        } else if let Some(digits) = text.strip_prefix('b') {
            Ok(Type::Mask { lanes: lanes(digits)? })
        } else {
            Err(())
        }
    }
}
