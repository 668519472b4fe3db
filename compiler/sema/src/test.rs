//! Tests of rules, checked: names are resolved, values have shapes and lie in their ranges.

use crate::host::{Function, Operator};
use pl_diag::Span;
use pl_ir::op::Cond;
use pl_ir::{Quantity, Scope};

/// A test of a rule of the same file.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// Name of the rule.
    pub rule: String,
    /// Rows of the view, 1 to 256: hardware rows 0, 1, ...
    pub rows: usize,
    /// Columns of the view, 1 to 256, from column 0 on.
    pub columns: usize,
    /// Seed of the random numbers.
    pub seed: u64,
    /// What it does, in order; `view` and `seed` are above.
    pub steps: Vec<Step>,
    /// Its name in the source.
    pub span: Span,
}

/// A step of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which one.
    pub kind: StepKind,
    /// Its source.
    pub span: Span,
}

/// The steps of a test.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Params get values, each in its range.
    Set(Vec<(String, f64)>),
    /// Quantities, states and inputs get values, each in its range.
    Given(Vec<(Target, Values)>),
    /// So many updates.
    Run(u32),
    /// A condition that holds everywhere.
    Expect(Expr),
}

/// Something of the rule or of the chip that has values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A quantity of the chip.
    Quantity(Quantity),
    /// A state or input, by position in the rule.
    State(usize),
}

/// Values over a view. One value stands for all rows, columns or both where the rule, a neuron or
/// a row has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// Rows, if each has values of its own.
    pub rows: Option<usize>,
    /// Columns, if each has a value of its own.
    pub columns: Option<usize>,
    /// The values, row by row.
    pub data: Vec<f64>,
}

impl Values {
    /// One value everywhere.
    #[must_use]
    pub fn one(value: f64) -> Values {
        Values { rows: None, columns: None, data: vec![value] }
    }

    /// The value at a row position and column; 0 outside.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> f64 {
        let row = if self.rows.is_some() { row } else { 0 };
        let column = if self.columns.is_some() { column } else { 0 };
        self.data.get(row * self.columns.unwrap_or(1) + column).copied().unwrap_or(0.0)
    }

    /// The values of a function of row and column.
    #[must_use]
    pub fn of(
        rows: Option<usize>,
        columns: Option<usize>,
        at: impl Fn(usize, usize) -> f64,
    ) -> Values {
        let places = (0..rows.unwrap_or(1))
            .flat_map(|row| (0..columns.unwrap_or(1)).map(move |column| (row, column)));
        Values { rows, columns, data: places.map(|(row, column)| at(row, column)).collect() }
    }
}

/// An expression of an expectation, computed in double precision; truth values are 0 and 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// Numbers as written.
    Values(Values),
    /// What the rule left behind.
    Target(Target),
    /// A param, by position in the rule.
    Param(usize),
    /// The row, or the column.
    Index(Scope),
    /// A function of one operand.
    Unary(Function, Box<Expr>),
    /// A function of two operands.
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// A comparison.
    Compare(Cond, Box<Expr>, Box<Expr>),
    /// Both.
    And(Box<Expr>, Box<Expr>),
    /// One or both.
    Or(Box<Expr>, Box<Expr>),
    /// The opposite.
    Not(Box<Expr>),
    /// Over the synapses of each neuron, or over the neurons.
    Reduce(Reduction, Scope, Box<Expr>),
}

/// How values are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The sum; of truth values how many hold.
    Sum,
    /// The mean.
    Mean,
    /// The smallest.
    Min,
    /// The largest.
    Max,
}
