//! Expressions, numbers and units.

use super::{Ident, Range};
use pl_diag::Span;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Which one.
    pub kind: ExprKind,
    /// All of it.
    pub span: Span,
}

impl Expr {
    /// The expression without the parentheses around it.
    #[must_use]
    pub fn without_parens(&self) -> &Expr {
        let mut expr = self;
        while let ExprKind::Paren(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }
}

/// The expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `12`, `0.5`, `400 us`
    Number(Number),
    /// `true`, `false`
    Bool(bool),
    /// A name.
    Name(Ident),
    /// `( expression )`
    Paren(Box<Expr>),
    /// `-x`, `not x`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        operand: Box<Expr>,
    },
    /// `a + b`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where it is written.
        op_span: Span,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `max(a, b)`
    Call {
        /// The function.
        function: Ident,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// `x[i]`
    Index {
        /// The array.
        array: Ident,
        /// The element, from 0.
        index: Box<Expr>,
    },
    /// `a .. b`; only as an argument, as in `uniform(0 .. 4)`.
    Range(Box<Range>),
    /// `sum of weight over synapses`
    Reduce {
        /// How the values are joined.
        op: ReduceOp,
        /// The value of each synapse or neuron.
        operand: Box<Expr>,
        /// What is gathered.
        over: (Axis, Span),
    },
    /// `[a, b, c]`; only as an initial value and in tests.
    Array(Vec<Expr>),
    /// No expression: what stands here has been reported. Nothing that follows from it should be.
    Error,
}

/// A number as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The digits as written, without the unit.
    pub text: String,
    /// Their value.
    pub value: NumberValue,
    /// The unit, if there is one.
    pub unit: Option<Unit>,
}

/// Value of a number; it has no sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NumberValue {
    /// Without point and exponent.
    Int(i64),
    /// With point or exponent; finite.
    Real(f64),
}

impl NumberValue {
    /// As a real; integers beyond 2^53 are rounded to nearest.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            NumberValue::Int(value) => value as f64,
            NumberValue::Real(value) => value,
        }
    }
}

/// A unit with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unit {
    /// Which one.
    pub kind: UnitKind,
    /// Whether `bio` follows: times of biology, a thousand times those of the hardware.
    pub bio: bool,
    /// Where it is written.
    pub span: Span,
}

/// The units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitKind {
    /// `ns`
    Nanosecond,
    /// `us`
    Microsecond,
    /// `ms`
    Millisecond,
    /// `s`
    Second,
    /// `Hz`
    Hertz,
    /// `kHz`
    Kilohertz,
    /// `MHz`
    Megahertz,
}

impl UnitKind {
    /// All units with their words.
    pub const ALL: [(UnitKind, &'static str); 7] = [
        (UnitKind::Nanosecond, "ns"),
        (UnitKind::Microsecond, "us"),
        (UnitKind::Millisecond, "ms"),
        (UnitKind::Second, "s"),
        (UnitKind::Hertz, "Hz"),
        (UnitKind::Kilohertz, "kHz"),
        (UnitKind::Megahertz, "MHz"),
    ];

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            UnitKind::Nanosecond => "ns",
            UnitKind::Microsecond => "us",
            UnitKind::Millisecond => "ms",
            UnitKind::Second => "s",
            UnitKind::Hertz => "Hz",
            UnitKind::Kilohertz => "kHz",
            UnitKind::Megahertz => "MHz",
        }
    }

    /// The unit with this word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<UnitKind> {
        Self::ALL.iter().find(|(_, word)| *word == name).map(|(unit, _)| *unit)
    }

    /// Whether it measures a time, not a frequency.
    #[must_use]
    pub const fn is_time(self) -> bool {
        match self {
            UnitKind::Nanosecond
            | UnitKind::Microsecond
            | UnitKind::Millisecond
            | UnitKind::Second => true,
            UnitKind::Hertz | UnitKind::Kilohertz | UnitKind::Megahertz => false,
        }
    }
}

/// Operators before their operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-x`
    Neg,
    /// `not x`
    Not,
}

/// Operators between their operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `a or b`
    Or,
    /// `a and b`
    And,
    /// `a == b`
    Eq,
    /// `a != b`
    Ne,
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
    /// `a > b`
    Gt,
    /// `a >= b`
    Ge,
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a / b`
    Div,
}

impl BinaryOp {
    /// As written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
        }
    }

    /// How tightly it binds: a larger number binds tighter. `not` stands between 2 and 4,
    /// `-x` above all of them.
    #[must_use]
    pub const fn precedence(self) -> u8 {
        match self {
            BinaryOp::Or => 1,
            BinaryOp::And => 2,
            BinaryOp::Eq
            | BinaryOp::Ne
            | BinaryOp::Lt
            | BinaryOp::Le
            | BinaryOp::Gt
            | BinaryOp::Ge => 4,
            BinaryOp::Add | BinaryOp::Sub => 5,
            BinaryOp::Mul | BinaryOp::Div => 6,
        }
    }

    /// Whether it compares two values.
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        self.precedence() == 4
    }
}

/// How a reduction joins values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReduceOp {
    /// The sum.
    Sum,
    /// The mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// For how many the condition holds.
    Count,
    /// Index of the largest; the lowest index of several.
    Argmax,
}

impl ReduceOp {
    /// All reductions with their words.
    pub const ALL: [(ReduceOp, &'static str); 6] = [
        (ReduceOp::Sum, "sum"),
        (ReduceOp::Mean, "mean"),
        (ReduceOp::Max, "max"),
        (ReduceOp::Min, "min"),
        (ReduceOp::Count, "count"),
        (ReduceOp::Argmax, "argmax"),
    ];

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ReduceOp::Sum => "sum",
            ReduceOp::Mean => "mean",
            ReduceOp::Max => "max",
            ReduceOp::Min => "min",
            ReduceOp::Count => "count",
            ReduceOp::Argmax => "argmax",
        }
    }
}

/// What a reduction runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// The synapses of a column.
    Synapses,
    /// The neurons of the view.
    Neurons,
}

impl Axis {
    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Axis::Synapses => "synapses",
            Axis::Neurons => "neurons",
        }
    }
}
