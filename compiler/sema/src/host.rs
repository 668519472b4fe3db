//! Expressions of constants and params: evaluated in f64 when a param is set, never in a lane.

use pl_fixed::{Format, real};

/// A function of one real that only the host evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// Negation.
    Neg,
    /// Magnitude.
    Abs,
    /// -1, 0 or 1.
    Sign,
    /// `e^x`.
    Exp,
    /// Natural logarithm.
    Ln,
    /// Square root.
    Sqrt,
}

/// A function of two reals that the host evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient.
    Div,
    /// Smaller.
    Min,
    /// Larger.
    Max,
    /// Power.
    Pow,
}

/// An expression of constants and params.
#[derive(Clone, Debug, PartialEq)]
pub enum Host {
    /// A constant.
    Const(f64),
    /// A param, by position in the rule.
    Param(usize),
    /// A function of one operand.
    Unary(Function, Box<Host>),
    /// A function of two operands.
    Binary(Operator, Box<Host>, Box<Host>),
}

impl Host {
    /// Two operands joined, folded if both are constants.
    #[must_use]
    pub fn binary(op: Operator, a: Host, b: Host) -> Host {
        match (&a, &b) {
            (Host::Const(x), Host::Const(y)) => Host::Const(op.apply(*x, *y)),
            _ => Host::Binary(op, Box::new(a), Box::new(b)),
        }
    }

    /// A function of an operand, folded if that is a constant.
    #[must_use]
    pub fn unary(function: Function, a: Host) -> Host {
        if let Host::Const(x) = a {
            return Host::Const(function.apply(x));
        }
        Host::Unary(function, Box::new(a))
    }

    /// The value for these params.
    ///
    /// # Panics
    /// If `params` is shorter than the rule's list.
    #[must_use]
    pub fn value(&self, params: &[f64]) -> f64 {
        match self {
            Host::Const(x) => *x,
            Host::Param(index) => params[*index],
            Host::Unary(function, a) => function.apply(a.value(params)),
            Host::Binary(op, a, b) => op.apply(a.value(params), b.value(params)),
        }
    }

    /// The raw number in `format` for these params: nearest, ties to even, saturating.
    #[must_use]
    pub fn raw(&self, format: Format, params: &[f64]) -> i32 {
        format.quantise(self.value(params))
    }

    /// Whether it depends on no param.
    #[must_use]
    pub fn is_const(&self) -> bool {
        matches!(self, Host::Const(_))
    }

    /// The expression in the user's words, params by name.
    #[must_use]
    pub fn text(&self, params: &[&str]) -> String {
        match self {
            Host::Const(x) => x.to_string(),
            Host::Param(index) => params.get(*index).copied().unwrap_or("?").to_owned(),
            Host::Unary(Function::Neg, a) => format!("-{}", a.text(params)),
            Host::Unary(function, a) => format!("{}({})", function.name(), a.text(params)),
            Host::Binary(op, a, b) => match op.symbol() {
                Some(symbol) => format!("({} {symbol} {})", a.text(params), b.text(params)),
                None => format!("{}({}, {})", op.name(), a.text(params), b.text(params)),
            },
        }
    }
}

impl Function {
    /// Its value.
    #[must_use]
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Function::Neg => -x,
            Function::Abs => x.abs(),
            Function::Sign if x == 0.0 => 0.0,
            Function::Sign => x.signum(),
            Function::Exp => real::exp(x),
            Function::Ln => real::ln(x),
            Function::Sqrt => x.sqrt(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Function::Neg => "neg",
            Function::Abs => "abs",
            Function::Sign => "sign",
            Function::Exp => "exp",
            Function::Ln => "ln",
            Function::Sqrt => "sqrt",
        }
    }
}

impl Operator {
    /// Its value.
    #[must_use]
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Operator::Add => a + b,
            Operator::Sub => a - b,
            Operator::Mul => a * b,
            Operator::Div => a / b,
            Operator::Min => a.min(b),
            Operator::Max => a.max(b),
            Operator::Pow => real::pow(a, b),
        }
    }

    const fn symbol(self) -> Option<&'static str> {
        match self {
            Operator::Add => Some("+"),
            Operator::Sub => Some("-"),
            Operator::Mul => Some("*"),
            Operator::Div => Some("/"),
            Operator::Min | Operator::Max | Operator::Pow => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Operator::Add => "add",
            Operator::Sub => "sub",
            Operator::Mul => "mul",
            Operator::Div => "div",
            Operator::Min => "min",
            Operator::Max => "max",
            Operator::Pow => "pow",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluates_and_prints() {
        let decay = Host::unary(
            Function::Exp,
            Host::binary(
                Operator::Div,
                Host::unary(Function::Neg, Host::Const(1.0)),
                Host::Param(0),
            ),
        );
        assert!((decay.value(&[2.0]) - 0.606_530_659_712_633).abs() < 1e-15);
        assert_eq!(decay.text(&["tau"]), "exp((-1 / tau))");
        assert_eq!(decay.raw(Format::FRACTION, &[2.0]), 19875);
    }
}
