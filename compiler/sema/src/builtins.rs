//! THE tables of names the language defines: quantities and functions.

use crate::dimension::Dimension;
use crate::hir::{ExprKind, Place, Sensor};
use crate::interval::Interval;
use pl_ir::Quantity;

/// A name of the chip or of the rule's place on it.
#[derive(Clone, Copy, Debug)]
pub struct QuantityInfo {
    /// The name.
    pub name: &'static str,
    /// Smallest and largest value.
    pub interval: Interval,
    /// Whether it belongs to synapses or rows, so that only `synapses` blocks see it.
    pub per_row: bool,
    /// What it is.
    pub source: Source,
    /// The sensor it reads, if it can be reset.
    pub sensor: Option<Sensor>,
    /// One sentence for the user.
    pub doc: &'static str,
}

/// What a quantity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Read from the chip.
    Chip(Quantity),
    /// An index.
    Place(Place),
}

impl QuantityInfo {
    /// What it measures.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        match self.source {
            Source::Place(Place::Now) => Dimension::TIME,
            Source::Chip(_)
            | Source::Place(
                Place::Row | Place::RowSign | Place::Column | Place::Hemisphere | Place::Update,
            ) => Dimension::NUMBER,
        }
    }

    /// The expression that reads it.
    #[must_use]
    pub fn read(&self) -> ExprKind {
        match self.source {
            Source::Chip(quantity) => ExprKind::Quantity(quantity),
            Source::Place(place) => ExprKind::Place(place),
        }
    }
}

macro_rules! quantities {
    ($($name:literal $low:literal .. $high:literal $row:literal $source:expr, $sensor:expr, $doc:literal;)+) => {
        /// Every quantity.
        pub const QUANTITIES: &[QuantityInfo] = &[$(QuantityInfo {
            name: $name,
            interval: Interval { low: $low, high: $high },
            per_row: $row,
            source: $source,
            sensor: $sensor,
            doc: $doc,
        },)+];
    };
}

quantities! {
    "weight" 0.0 .. 63.0 true Source::Chip(Quantity::Weight), None,
        "Weight of the synapse; a store saturates.";
    "address" 0.0 .. 63.0 true Source::Chip(Quantity::Address), None,
        "Event address the synapse answers to; a store must be provably in range.";
    "causal" -128.0 .. 127.0 true Source::Chip(Quantity::Causal), Some(Sensor::Causal),
        "Correlation of presynaptic spikes with postsynaptic ones that follow: baseline minus reading.";
    "acausal" -128.0 .. 127.0 true Source::Chip(Quantity::Acausal), Some(Sensor::Acausal),
        "Correlation of postsynaptic spikes with presynaptic ones that follow: baseline minus reading.";
    "rate" 0.0 .. 255.0 false Source::Chip(Quantity::Rate), Some(Sensor::Rate),
        "Spikes of the neuron since its last reset.";
    "membrane" 0.0 .. 255.0 false Source::Chip(Quantity::Membrane), Some(Sensor::Membrane),
        "ADC code of the neuron's membrane.";
    "row" 0.0 .. 255.0 true Source::Place(Place::Row), None,
        "Hardware row of the synapse.";
    "row_sign" -1.0 .. 1.0 true Source::Place(Place::RowSign), None,
        "Sign of the row: +1 excitatory, -1 inhibitory, 0 neither or both.";
    "column" 0.0 .. 255.0 false Source::Place(Place::Column), None,
        "Column of the neuron.";
    "hemisphere" 0.0 .. 1.0 false Source::Place(Place::Hemisphere), None,
        "Hemisphere of the instance: 0 top, 1 bottom.";
    "update" 0.0 .. 2147483647.0 false Source::Place(Place::Update), None,
        "Number of the update, from 0; in `control`.";
    "now" 0.0 .. 2147483647.0 false Source::Place(Place::Now), None,
        "Time for which the update was asked, whole microseconds since the start; in `control`.";
}

/// The quantity of this name.
#[must_use]
pub fn quantity(name: &str) -> Option<&'static QuantityInfo> {
    QUANTITIES.iter().find(|info| info.name == name)
}

/// A function of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Smaller argument.
    Min,
    /// Larger argument.
    Max,
    /// First argument limited to the other two.
    Clamp,
    /// Magnitude.
    Abs,
    /// -1, 0 or 1.
    Sign,
    /// A uniform real; one draw.
    Uniform,
    /// A uniform integer; one draw.
    RandInt,
    /// `e^x`, of params and constants.
    Exp,
    /// Natural logarithm, of params and constants.
    Ln,
    /// Square root, of params and constants.
    Sqrt,
    /// Power, of params and constants.
    Pow,
    /// Sum of integers that wraps around.
    WrappingAdd,
    /// Sends an event; a statement of `control`.
    Send,
}

/// A row of the table of functions.
#[derive(Clone, Copy, Debug)]
pub struct FunctionInfo {
    /// The name.
    pub name: &'static str,
    /// Which one.
    pub function: Function,
    /// Number of arguments.
    pub arity: usize,
    /// How it is written.
    pub usage: &'static str,
    /// One sentence for the user.
    pub doc: &'static str,
}

macro_rules! functions {
    ($($name:literal $function:ident $arity:literal $usage:literal $doc:literal;)+) => {
        /// Every function.
        pub const FUNCTIONS: &[FunctionInfo] = &[$(FunctionInfo {
            name: $name,
            function: Function::$function,
            arity: $arity,
            usage: $usage,
            doc: $doc,
        },)+];
    };
}

functions! {
    "min" Min 2 "min(a, b)" "The smaller of two numbers.";
    "max" Max 2 "max(a, b)" "The larger of two numbers.";
    "clamp" Clamp 3 "clamp(x, low, high)" "A number limited to a range.";
    "abs" Abs 1 "abs(x)" "The magnitude of a number.";
    "sign" Sign 1 "sign(x)" "-1, 0 or 1.";
    "wrapping_add" WrappingAdd 2 "wrapping_add(a, b)" "The sum of integers, which wraps around at the ends of 16 bits, of 32 in `control`.";
    "uniform" Uniform 1 "uniform(a .. b)" "A uniform real, `a <= x < b`; one draw.";
    "randint" RandInt 2 "randint(a, b)" "A uniform integer, `a <= x < b`; one draw.";
    "exp" Exp 1 "exp(x)" "The exponential of a param or constant.";
    "ln" Ln 1 "ln(x)" "The natural logarithm of a param or constant.";
    "sqrt" Sqrt 1 "sqrt(x)" "The square root of a param or constant.";
    "send" Send 2 "send(row, address)" "Sends an event to the synapses of a row; a statement of `control`.";
    "pow" Pow 2 "pow(x, y)" "A power of params or constants.";
}

/// The function of this name.
#[must_use]
pub fn function(name: &str) -> Option<&'static FunctionInfo> {
    FUNCTIONS.iter().find(|info| info.name == name)
}
