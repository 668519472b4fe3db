//! The resolved and typed rule: names are indices, every expression has a kind and an interval.

use crate::dimension::Dimension;
use crate::host::Host;
use crate::interval::Interval;
use pl_diag::Span;
use pl_ir::op::Cond;
use pl_ir::{Generators, Quantity, Scope};

pub use pl_fixed::chip::TICKS_PER_US;

/// Kind of number an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An integer, exact.
    Int,
    /// A real, in fixed point.
    Real,
    /// A truth value.
    Bool,
}

impl Kind {
    /// The user's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Int => "an integer",
            Kind::Real => "a real",
            Kind::Bool => "a truth value",
        }
    }
}

/// How a store rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Rounding {
    /// To nearest, ties away from zero.
    #[default]
    Nearest,
    /// Towards minus infinity.
    Floor,
    /// Up with the probability of the fraction.
    Stochastic,
}

/// A value set by the host while the program runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Name.
    pub name: String,
    /// Documentation comment.
    pub doc: String,
    /// Integer or real.
    pub kind: Kind,
    /// Allowed values, in its unit.
    pub interval: Interval,
    /// Value until set, in its unit.
    pub default: f64,
    /// What its values measure.
    pub dimension: Dimension,
    /// Unit in which it is set, that of its default as written; empty if it has none.
    pub unit: String,
    /// How many microseconds or megahertz one of its unit is; 1 without a unit.
    pub scale: f64,
    /// Its declaration.
    pub span: Span,
}

/// A piece of state or an input.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Name.
    pub name: String,
    /// Where it has values.
    pub scope: Scope,
    /// Integer or real.
    pub kind: Kind,
    /// Values it can hold; stores saturate.
    pub interval: Interval,
    /// What they measure.
    pub dimension: Dimension,
    /// Fraction bits, if the type fixes them (`q7.8`).
    pub frac: Option<i32>,
    /// Initial value.
    pub initial: f64,
    /// Whether host or experiment write it.
    pub input: bool,
    /// Its declaration.
    pub span: Span,
}

/// When a rule is updated: the common step of its schedules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Time between updates in 4 ns ticks.
    pub period_ticks: u64,
    /// Time of the first update in 4 ns ticks after the start.
    pub phase_ticks: u64,
    /// The shortest period of its schedules in 4 ns ticks, a multiple of the step. In between nothing
    /// is due in most steps, so that an update that takes longer than one is caught up with.
    pub shortest_ticks: u64,
    /// The words that say so.
    pub span: Span,
}

/// A local value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalId(pub usize);

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// Integer, real or truth value.
    pub number: Kind,
    /// Values it may take; of no meaning for truth values.
    pub interval: Interval,
    /// What they measure.
    pub dimension: Dimension,
    /// Its source.
    pub span: Span,
}

impl Expr {
    /// Whether it depends on constants and params alone.
    #[must_use]
    pub const fn is_host(&self) -> bool {
        matches!(self.kind, ExprKind::Host(_))
    }

    /// The expressions that it is computed from; of a reduction what is joined, without its locals.
    #[must_use]
    pub fn operands(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Host(_)
            | ExprKind::Quantity(_)
            | ExprKind::Place(_)
            | ExprKind::State(_)
            | ExprKind::Local(_) => Vec::new(),
            ExprKind::Neg(a)
            | ExprKind::Abs(a)
            | ExprKind::Sign(a)
            | ExprKind::Not(a)
            | ExprKind::Element { index: a, .. }
            | ExprKind::Reduce { of: a, .. } => vec![a],
            ExprKind::Add(a, b)
            | ExprKind::Div(a, b)
            | ExprKind::WrappingAdd(a, b)
            | ExprKind::Sub(a, b)
            | ExprKind::Mul(a, b)
            | ExprKind::Min(a, b)
            | ExprKind::Max(a, b)
            | ExprKind::Uniform(a, b)
            | ExprKind::RandInt(a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b) => vec![a, b],
        }
    }
}

/// What an expression computes.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// Constants and params alone: a derived value.
    Host(Host),
    /// A quantity of the chip.
    Quantity(Quantity),
    /// Hardware row of the synapse, its sign, or its column.
    Place(Place),
    /// State or input, by position in the rule.
    State(usize),
    /// An element of an array of the rule, by its index; in `control`.
    Element {
        /// Position in the rule of the state that is the first element.
        first: usize,
        /// Number of elements.
        len: usize,
        /// The index, within the array.
        index: Box<Expr>,
    },
    /// A local.
    Local(LocalId),
    /// Negation.
    Neg(Box<Expr>),
    /// Sum.
    Add(Box<Expr>, Box<Expr>),
    /// Sum of integers that wraps around.
    WrappingAdd(Box<Expr>, Box<Expr>),
    /// Difference.
    Sub(Box<Expr>, Box<Expr>),
    /// Product.
    Mul(Box<Expr>, Box<Expr>),
    /// Quotient of scalars; in `control`.
    Div(Box<Expr>, Box<Expr>),
    /// Smaller operand.
    Min(Box<Expr>, Box<Expr>),
    /// Larger operand.
    Max(Box<Expr>, Box<Expr>),
    /// Magnitude.
    Abs(Box<Expr>),
    /// -1, 0 or 1.
    Sign(Box<Expr>),
    /// A uniform real, low included, high not: low and high minus low.
    Uniform(Box<Expr>, Box<Expr>),
    /// A uniform integer: low and the number of values.
    RandInt(Box<Expr>, Box<Expr>),
    /// Of the synapses of a neuron, or of the neurons of the view.
    Reduce {
        /// What is joined: synapses or neurons.
        over: Over,
        /// Most of them.
        most: u32,
        /// How their values are joined.
        reduction: Reduction,
        /// Locals of the value, defined anew for each.
        lets: Vec<Stmt>,
        /// The value of a synapse or neuron.
        of: Box<Expr>,
    },
    /// A comparison.
    Compare(Cond, Box<Expr>, Box<Expr>),
    /// Both hold.
    And(Box<Expr>, Box<Expr>),
    /// One holds.
    Or(Box<Expr>, Box<Expr>),
    /// Does not hold.
    Not(Box<Expr>),
}

/// How values of synapses or neurons are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Their sum, saturating.
    Sum,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// For how many a condition holds.
    Count,
    /// Column or row of the largest, the lowest of several.
    Argmax,
    /// Their mean.
    Mean,
}

/// Indices a rule can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Hardware row, 0..255.
    Row,
    /// Sign of the row.
    RowSign,
    /// Column, 0..255.
    Column,
    /// Hemisphere, 0 or 1.
    Hemisphere,
    /// Number of the update, from 0; in `control`.
    Update,
    /// Time for which the update was asked, in microseconds since the start, rounded down; in
    /// `control`.
    Now,
}

/// Where an assignment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The weight of the synapse; saturates at 0..63.
    Weight,
    /// The address of the synapse; the value is provably in 0..63.
    Address,
    /// A state; saturates at its interval.
    State(usize),
    /// A local.
    Local(LocalId),
}

/// A statement of a block.
#[derive(Clone, Debug, PartialEq)]
pub enum Stmt {
    /// Defines a local.
    Let(LocalId, Expr),
    /// Assigns.
    Assign(Target, Expr),
    /// Assigns to an element of an array of the rule, by its index; in `control`.
    AssignElement {
        /// Position in the rule of the state that is the first element.
        first: usize,
        /// Number of elements.
        len: usize,
        /// The index, within the array.
        index: Expr,
        /// The value.
        value: Expr,
    },
    /// Repeats statements; in `control`.
    For {
        /// The counter.
        counter: LocalId,
        /// Its first value.
        first: i32,
        /// Number of rounds, at least 1.
        rounds: u32,
        /// Names from outside that the statements change, and what they are in all rounds.
        carried: Vec<(LocalId, Kind)>,
        /// What is repeated.
        body: Vec<Stmt>,
    },
    /// Chooses a lane at a time, or in `control` once for all.
    If {
        /// The condition.
        cond: Expr,
        /// Where it holds.
        then: Vec<Stmt>,
        /// Where it does not.
        otherwise: Vec<Stmt>,
    },
    /// Resets a sensor: correlation branches, rate counter or membrane; in `control` of all neurons
    /// of the view.
    Reset(Sensor, Span),
    /// Sends an event to the driver of a row.
    Send {
        /// Hardware row, 0..255.
        row: Expr,
        /// Its address, 0..63.
        address: Expr,
    },
}

/// A sensor that can be reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sensor {
    /// Causal correlation.
    Causal,
    /// Acausal correlation.
    Acausal,
    /// Rate counter.
    Rate,
    /// Membrane of the neuron.
    Membrane,
}

/// In which updates, counted from 0, a block runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// In all.
    Always,
    /// In update `first` and every `every` updates from then on.
    Every {
        /// Updates from one to the next, at least 1.
        every: u32,
        /// The first.
        first: u32,
    },
    /// In one.
    Once(u32),
}

impl Due {
    /// Whether an update is one of these.
    #[must_use]
    pub const fn includes(self, update: u32) -> bool {
        match self {
            Due::Always => true,
            Due::Every { every, first } => {
                update >= first && (update - first).is_multiple_of(every)
            }
            Due::Once(number) => update == number,
        }
    }
}

/// What a block runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Every synapse of the view, row by row.
    Synapses,
    /// Every neuron of the view.
    Neurons,
    /// The rule alone: `control`.
    Rule,
}

/// A block of statements.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// In which updates it runs.
    pub due: Due,
    /// What it runs over.
    pub over: Over,
    /// How its stores round.
    pub rounding: Rounding,
    /// Whether samples of records are taken before it: it resets what they show.
    pub after_records: bool,
    /// What it does.
    pub body: Vec<Stmt>,
}

/// What a record statement stores.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// A quantity of the chip.
    Quantity(Quantity),
    /// A state or input.
    State(usize),
}

/// A record statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Names and sources of the fields.
    pub fields: Vec<(String, Recorded)>,
    /// Updates between samples.
    pub every: u32,
    /// The statement.
    pub span: Span,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Name.
    pub name: String,
    /// Documentation comment.
    pub doc: String,
    /// Its name in the source.
    pub span: Span,
    /// Params.
    pub params: Vec<Param>,
    /// States and inputs.
    pub states: Vec<State>,
    /// Most rows of a view, and where that is declared.
    pub rows_max: u32,
    /// Where the view limit is written, if it is.
    pub rows_span: Option<Span>,
    /// Most columns of a view.
    pub columns_max: u32,
    /// Whether an excitatory and an inhibitory row make one synapse.
    pub signed: bool,
    /// Whether each hemisphere may have an instance with state of the rule of its own.
    pub replicated: bool,
    /// Which generators lanes draw from.
    pub generators: Generators,
    /// When it runs.
    pub schedule: Schedule,
    /// Number of locals.
    pub locals: usize,
    /// Blocks run once at the start.
    pub start: Vec<Block>,
    /// Blocks of an update, in order.
    pub blocks: Vec<Block>,
    /// Records.
    pub records: Vec<Record>,
}

impl Rule {
    /// Whether it keeps something for all its neurons, so that the instances of two hemispheres are not
    /// one rule: state of the rule, which inputs are not, or `control`.
    #[must_use]
    pub fn is_of_one_hemisphere(&self) -> bool {
        let of_rule = |state: &State| state.scope == Scope::Rule && !state.input;
        let mut blocks = self.start.iter().chain(&self.blocks);
        self.states.iter().any(of_rule) || blocks.any(|block| block.over == Over::Rule)
    }

    /// Weights that a synapse can have.
    #[must_use]
    pub const fn weights(&self) -> Interval {
        weights(self.signed)
    }
}

/// Weights of synapses that are rows or pairs of rows.
pub(crate) const fn weights(signed: bool) -> Interval {
    Interval { low: if signed { -63.0 } else { 0.0 }, high: 63.0 }
}

/// Addresses of synapses.
pub(crate) const ADDRESSES: Interval = Interval { low: 0.0, high: 63.0 };
