//! Expressions of params as text.

use pl_sema::hir;
use pl_sema::host::{Function, Host, Operator};
use std::collections::BTreeSet;

/// Which params stay as they were compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    fixed: BTreeSet<usize>,
}

/// A language that expressions are written in.
pub(crate) trait Dialect {
    /// A number.
    fn number(&self, value: f64) -> String;
    /// A param, by position.
    fn param(&self, index: usize) -> String;
    /// A function of a number.
    fn unary(&self, function: Exact, x: &str) -> String;
    /// A function of two numbers.
    fn binary(&self, operator: ExactOperator, x: &str, y: &str) -> String;
}

/// Functions that IEEE 754 defines to the last bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exact {
    Neg,
    Abs,
    Sign,
    Sqrt,
}

/// The same of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExactOperator {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
}

impl Params {
    /// Those of a rule whose derived values have these expressions.
    #[must_use]
    pub fn of<'a>(derived: impl Iterator<Item = &'a Host>) -> Params {
        let mut fixed = BTreeSet::new();
        derived.for_each(|host| fix(host, false, &mut fixed));
        Params { fixed }
    }

    /// Whether a param keeps its default.
    #[must_use]
    pub fn is_fixed(&self, index: usize) -> bool {
        self.fixed.contains(&index)
    }

    /// Positions of the others, in the order of the rule.
    pub fn free(&self, rule: &hir::Rule) -> impl Iterator<Item = usize> {
        (0..rule.params.len()).filter(|index| !self.is_fixed(*index))
    }

    /// An expression as text, fixed params replaced by their values.
    pub(crate) fn text(&self, host: &Host, rule: &hir::Rule, dialect: &dyn Dialect) -> String {
        written(&self.with_fixed(host, rule), dialect)
    }

    /// The expression with the values of fixed params in their places.
    fn with_fixed(&self, host: &Host, rule: &hir::Rule) -> Host {
        match host {
            Host::Const(x) => Host::Const(*x),
            Host::Param(index) if self.is_fixed(*index) => Host::Const(rule.params[*index].default),
            Host::Param(index) => Host::Param(*index),
            Host::Unary(function, a) => Host::unary(*function, self.with_fixed(a, rule)),
            Host::Binary(operator, a, b) => {
                Host::binary(*operator, self.with_fixed(a, rule), self.with_fixed(b, rule))
            }
        }
    }
}

/// Collects the params that a function without exact results needs.
fn fix(host: &Host, inside: bool, fixed: &mut BTreeSet<usize>) {
    match host {
        Host::Const(_) => {}
        Host::Param(index) => {
            if inside {
                fixed.insert(*index);
            }
        }
        Host::Unary(function, a) => fix(a, inside || exact(*function).is_none(), fixed),
        Host::Binary(operator, a, b) => {
            let inside = inside || exact_operator(*operator).is_none();
            fix(a, inside, fixed);
            fix(b, inside, fixed);
        }
    }
}

const fn exact(function: Function) -> Option<Exact> {
    match function {
        Function::Neg => Some(Exact::Neg),
        Function::Abs => Some(Exact::Abs),
        Function::Sign => Some(Exact::Sign),
        Function::Sqrt => Some(Exact::Sqrt),
        Function::Exp | Function::Ln => None,
    }
}

const fn exact_operator(operator: Operator) -> Option<ExactOperator> {
    match operator {
        Operator::Add => Some(ExactOperator::Add),
        Operator::Sub => Some(ExactOperator::Sub),
        Operator::Mul => Some(ExactOperator::Mul),
        Operator::Div => Some(ExactOperator::Div),
        Operator::Min => Some(ExactOperator::Min),
        Operator::Max => Some(ExactOperator::Max),
        Operator::Pow => None,
    }
}

fn written(host: &Host, dialect: &dyn Dialect) -> String {
    let folded = "params of other functions are fixed, and those were folded";
    match host {
        Host::Const(x) => dialect.number(*x),
        Host::Param(index) => dialect.param(*index),
        Host::Unary(function, a) => {
            dialect.unary(exact(*function).expect(folded), &written(a, dialect))
        }
        Host::Binary(operator, a, b) => {
            let operator = exact_operator(*operator).expect(folded);
            dialect.binary(operator, &written(a, dialect), &written(b, dialect))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixes_what_an_inexact_function_needs() {
        let power = Host::binary(Operator::Pow, Host::Const(0.5), Host::Param(1));
        let product = Host::binary(Operator::Mul, Host::Param(0), power);
        let root = Host::unary(Function::Sqrt, Host::Param(2));
        let params = Params::of([product, root].iter());
        assert_eq!([0, 1, 2].map(|index| params.is_fixed(index)), [false, true, false]);
    }
}
