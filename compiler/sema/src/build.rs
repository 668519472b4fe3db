//! Typed expressions from typed operands: kinds, intervals, and folding of host expressions.

use crate::dimension::Dimension;
use crate::hir::{Expr, ExprKind, Kind, Over, Reduction, Stmt};
use crate::host::{Function, Host, Operator};
use crate::interval::Interval;
use pl_diag::{Code, Diagnostic, Span};
use pl_fixed::Format;
use pl_ir::op::Cond;

/// What can be said about a lane value with 16 bits: beyond this no format holds it.
const LARGEST: f64 = 2_147_450_880.0;

/// Which numbers an expression is computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Lanes of 16 bits, with a format for each interval.
    Lanes,
    /// Scalars of `control`: integers of 32 bits and reals with 16 fraction bits, which saturate.
    Scalars,
}

impl Numbers {
    /// The expression with the interval that its numbers can have: in lanes it must fit a format,
    /// scalars saturate.
    pub(crate) fn held(self, expr: Expr) -> Built {
        match self {
            Numbers::Lanes => representable(expr),
            // The host computes in double precision; what it has computed becomes a scalar where
            // it meets one.
            Numbers::Scalars if expr.is_host() => Ok(expr),
            Numbers::Scalars => Ok(self.as_scalar(expr)),
        }
    }

    /// An operand beside one that is no host value: a scalar, in `control`.
    fn as_scalar(self, expr: Expr) -> Expr {
        match self {
            Numbers::Lanes => expr,
            Numbers::Scalars => {
                let interval = scalar_interval(expr.number, expr.interval);
                Expr { interval, ..expr }
            }
        }
    }

    /// Operands of one operation: of the host, or scalars.
    fn pair(self, a: Expr, b: Expr) -> (Expr, Expr) {
        if a.is_host() && b.is_host() {
            return (a, b);
        }
        (self.as_scalar(a), self.as_scalar(b))
    }
}

/// Values that scalars of a kind can have.
pub(crate) fn scalar_limits(kind: Kind) -> Interval {
    let format = match kind {
        Kind::Int | Kind::Bool => Format::WORD_INT,
        Kind::Real => Format::WORD_REAL,
    };
    let (least, most) = format.limits();
    Interval { low: format.value(least), high: format.value(most) }
}

/// Values that a scalar can have that is within an interval before it is rounded and saturates: the
/// ends move outwards to numbers of the format, so that no rounding leaves them.
pub(crate) fn scalar_interval(kind: Kind, interval: Interval) -> Interval {
    if kind == Kind::Bool {
        return interval;
    }
    let scale = if kind == Kind::Real { Format::WORD_REAL.scale() } else { 1.0 };
    let (low, high) = ((interval.low * scale).floor(), (interval.high * scale).ceil());
    let limits = scalar_limits(kind);
    if low.is_nan() || high.is_nan() {
        return limits;
    }
    Interval { low: low / scale, high: high / scale }.limited(limits)
}

/// An expression or the diagnostic that says why there is none.
pub(crate) type Built = Result<Expr, Diagnostic>;

/// A host expression.
pub(crate) fn host(host: Host, number: Kind, interval: Interval, span: Span) -> Expr {
    Expr { kind: ExprKind::Host(host), number, interval, dimension: Dimension::NUMBER, span }
}

/// A number literal: an integer if it has no fraction.
pub(crate) fn literal(value: f64, integer: bool, span: Span) -> Expr {
    let number = if integer { Kind::Int } else { Kind::Real };
    host(Host::Const(value), number, Interval::point(value), span)
}

/// Checks that an operand is a number; it may have a unit.
fn number(operand: Expr, what: &str) -> Built {
    if operand.number == Kind::Bool {
        let span = operand.span;
        return Err(Diagnostic::error(Code::E0301, span, format!("{what} needs a number"))
            .label(span, "this is a truth value")
            .help("use `if` to turn a condition into different values"));
    }
    Ok(operand)
}

/// Checks that an operand is a number without a unit.
pub(crate) fn plain(operand: Expr, what: &str) -> Built {
    measured(number(operand, what)?, Dimension::NUMBER)
}

/// Checks that an expression measures something; 0 may measure anything.
pub(crate) fn measured(expr: Expr, wanted: Dimension) -> Built {
    if expr.dimension == wanted || is_zero(&expr) {
        return Ok(Expr { dimension: wanted, ..expr });
    }
    Err(expr.dimension.mismatch(wanted, expr.span))
}

fn is_zero(expr: &Expr) -> bool {
    expr.kind == ExprKind::Host(Host::Const(0.0))
}

/// Two operands that measure the same.
fn alike(a: Expr, b: Expr) -> Result<(Expr, Expr), Diagnostic> {
    if is_zero(&a) {
        let wanted = b.dimension;
        return Ok((measured(a, wanted)?, b));
    }
    let wanted = a.dimension;
    let at = a.span;
    let b = measured(b, wanted).map_err(|found| found.label(at, wanted.name()))?;
    Ok((a, b))
}

/// N10: a host value of time beside an integer of `control` is an integer of whole microseconds, since
/// reals end at 32.768 ms. The operands are then both of the host, or both scalars.
fn whole_us(numbers: Numbers, a: Expr, b: Expr) -> (Expr, Expr) {
    let is_integer =
        |x: &Expr| numbers == Numbers::Scalars && x.number == Kind::Int && !x.is_host();
    let (of_a, of_b) = (is_integer(&a), is_integer(&b));
    let a = if of_b { in_whole_us(a) } else { a };
    let b = if of_a { in_whole_us(b) } else { b };
    numbers.pair(a, b)
}

/// A time of the host as an integer, rounded as it is quantised (N1); others as they are.
fn in_whole_us(x: Expr) -> Expr {
    if !x.is_host() || x.dimension != Dimension::TIME {
        return x;
    }
    let [low, high] = [x.interval.low, x.interval.high].map(f64::round_ties_even);
    Expr { number: Kind::Int, interval: Interval { low, high }, ..x }
}

fn joined(a: Kind, b: Kind) -> Kind {
    if a == Kind::Int && b == Kind::Int { Kind::Int } else { Kind::Real }
}

/// Checks that 16 bits hold the interval in some format.
fn representable(expr: Expr) -> Built {
    let Interval { low, high } = expr.interval;
    if low < -LARGEST || high > LARGEST || low.is_nan() || high.is_nan() {
        let span = expr.span;
        return Err(Diagnostic::error(
            Code::E0402,
            span,
            format!("the values {low:e} .. {high:e} are too large for a 16-bit lane"),
        )
        .label(span, "this can become that large")
        .labels(origins(&expr))
        .help("narrow the ranges of the params, or limit a part with `clamp`"));
    }
    Ok(expr)
}

/// The parts that an interval comes from, with theirs.
pub(crate) fn origins(expr: &Expr) -> Vec<(Span, String)> {
    let parts = expr.operands();
    if parts.is_empty() {
        return Vec::new();
    }
    let of = |part: &&Expr| {
        let own = origins(part);
        if own.is_empty() { vec![(part.span, part.interval.to_string())] } else { own }
    };
    let mut found: Vec<(Span, String)> = parts.iter().flat_map(of).collect();
    found.retain(|(span, _)| *span != expr.span);
    found.dedup();
    found.truncate(ORIGINS_MAX);
    found
}

/// Most parts of an expression that a message shows.
const ORIGINS_MAX: usize = 4;

/// A sum, difference, product or quotient.
pub(crate) fn arithmetic(numbers: Numbers, op: Operator, a: Expr, b: Expr, span: Span) -> Built {
    let a = number(a, "arithmetic")?;
    let b = number(b, "arithmetic")?;
    let (a, b) = match op {
        Operator::Add | Operator::Sub | Operator::Min | Operator::Max => {
            let (a, b) = alike(a, b)?;
            whole_us(numbers, a, b)
        }
        Operator::Mul => numbers.pair(a, b),
        Operator::Div | Operator::Pow => (a, b),
    };
    let dimension = match op {
        Operator::Mul => a.dimension.times(b.dimension),
        Operator::Add
        | Operator::Sub
        | Operator::Min
        | Operator::Max
        | Operator::Div
        | Operator::Pow => a.dimension,
    };
    let interval = match op {
        Operator::Add => a.interval.sum(b.interval),
        Operator::Sub => a.interval.sum(b.interval.negated()),
        Operator::Mul => a.interval.product(b.interval),
        Operator::Div => return quotient(numbers, a, b, span),
        Operator::Min => a.interval.minimum(b.interval),
        Operator::Max => a.interval.maximum(b.interval),
        Operator::Pow => return power(numbers, a, b, span),
    };
    let mut number = joined(a.number, b.number);
    // An integer product that 16 bits do not hold exactly is a real.
    let lanes = numbers == Numbers::Lanes;
    if lanes && op == Operator::Mul && (interval.low < -32768.0 || interval.high > 32767.0) {
        number = Kind::Real;
    }
    let kind = match (&a.kind, &b.kind) {
        (ExprKind::Host(x), ExprKind::Host(y)) => {
            ExprKind::Host(Host::binary(op, x.clone(), y.clone()))
        }
        _ => {
            let (a, b) = (Box::new(a), Box::new(b));
            match op {
                Operator::Add => ExprKind::Add(a, b),
                Operator::Sub => ExprKind::Sub(a, b),
                Operator::Min => ExprKind::Min(a, b),
                Operator::Max => ExprKind::Max(a, b),
                Operator::Mul | Operator::Div | Operator::Pow => ExprKind::Mul(a, b),
            }
        }
    };
    numbers.held(Expr { kind, number, interval, dimension, span })
}

/// A sum of integers that wraps around at the ends of 16 bits, or of 32 in `control`.
pub(crate) fn wrapping_sum(numbers: Numbers, a: Expr, b: Expr, span: Span) -> Built {
    for operand in [&a, &b] {
        if operand.number != Kind::Int {
            let at = operand.span;
            return Err(Diagnostic::error(Code::E0302, at, "`wrapping_add` takes integers")
                .label(at, format!("this is {}", operand.number.name()))
                .help("reals saturate: write `a + b`"));
        }
    }
    let (a, b) = numbers.pair(plain(a, "`wrapping_add`")?, plain(b, "`wrapping_add`")?);
    let all = match numbers {
        Numbers::Lanes => Interval { low: f64::from(i16::MIN), high: f64::from(i16::MAX) },
        Numbers::Scalars => scalar_limits(Kind::Int),
    };
    let sum = a.interval.sum(b.interval);
    let interval = if all.contains(sum) { sum } else { all };
    let kind = ExprKind::WrappingAdd(Box::new(a), Box::new(b));
    Ok(Expr { kind, number: Kind::Int, interval, dimension: Dimension::NUMBER, span })
}

/// A quotient: lanes have only that by a host value, a product with the reciprocal.
fn quotient(numbers: Numbers, a: Expr, b: Expr, span: Span) -> Built {
    let dimension = a.dimension.over(b.dimension);
    if numbers == Numbers::Scalars {
        // A divisor that is no whole number of microseconds keeps its fraction.
        let is_whole = matches!(&b.kind, ExprKind::Host(Host::Const(us)) if us.fract() == 0.0);
        let b = if is_whole && a.number == Kind::Int { in_whole_us(b) } else { b };
        let (a, b) = numbers.pair(a, b);
        let interval = a.interval.quotient(b.interval);
        let interval = interval.unwrap_or(scalar_limits(Kind::Real));
        let kind = match (&a.kind, &b.kind) {
            (ExprKind::Host(x), ExprKind::Host(y)) => {
                ExprKind::Host(Host::binary(Operator::Div, x.clone(), y.clone()))
            }
            _ => ExprKind::Div(Box::new(a), Box::new(b)),
        };
        return numbers.held(Expr { kind, number: Kind::Real, interval, dimension, span });
    }
    let ExprKind::Host(divisor) = &b.kind else {
        let at = b.span;
        return Err(Diagnostic::error(Code::E0305, at, "lanes cannot divide")
            .label(at, "this varies between synapses or updates")
            .note("the vector unit has no division; params and constants may divide")
            .help(
                "multiply by a reciprocal that is a param, or shift by a constant power of two",
            ));
    };
    let Some(interval) = a.interval.quotient(b.interval) else {
        let at = b.span;
        return Err(Diagnostic::error(Code::E0403, at, "the divisor may be 0")
            .label(at, b.interval.said())
            .help("choose a range for it that leaves 0 out"));
    };
    let kind = if let ExprKind::Host(x) = &a.kind {
        ExprKind::Host(Host::binary(Operator::Div, x.clone(), divisor.clone()))
    } else {
        let reciprocal = Host::binary(Operator::Div, Host::Const(1.0), divisor.clone());
        let of = Interval::point(1.0).quotient(b.interval).unwrap_or(b.interval);
        let factor = host(reciprocal, Kind::Real, of, b.span);
        ExprKind::Mul(Box::new(a), Box::new(factor))
    };
    representable(Expr { kind, number: Kind::Real, interval, dimension, span })
}

fn power(numbers: Numbers, a: Expr, b: Expr, span: Span) -> Built {
    let (a, b) = (plain(a, "`pow`")?, plain(b, "`pow`")?);
    let (ExprKind::Host(x), ExprKind::Host(y)) = (&a.kind, &b.kind) else {
        return Err(host_only("pow", span));
    };
    let host_expr = Host::binary(Operator::Pow, x.clone(), y.clone());
    let interval = a.interval.power(b.interval);
    numbers.held(host(host_expr, Kind::Real, interval, span))
}

fn host_only(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(Code::E0306, span, format!("`{name}` takes params and constants only"))
        .label(span, "an operand varies between synapses or updates")
        .help("compute it from params, or approximate it by products")
}

/// A function of one operand that only the host has: exp, ln, sqrt.
pub(crate) fn transcendental(
    numbers: Numbers,
    function: Function,
    name: &str,
    a: Expr,
    span: Span,
) -> Built {
    let root = a.dimension.root().filter(|_| function == Function::Sqrt);
    let a = if root.is_some() { number(a, name)? } else { plain(a, name)? };
    let dimension = root.unwrap_or_default();
    let ExprKind::Host(x) = &a.kind else { return Err(host_only(name, span)) };
    let interval = a.interval.monotonic(|x| function.apply(x));
    if [a.interval.low, a.interval.high].iter().any(|end| function.apply(*end).is_nan()) {
        return Err(Diagnostic::error(
            Code::E0404,
            a.span,
            format!("`{name}` of a negative value"),
        )
        .label(a.span, a.interval.said())
        .help("choose a range without negative values"));
    }
    let value = host(Host::unary(function, x.clone()), Kind::Real, interval, span);
    numbers.held(Expr { dimension, ..value })
}

/// Negation.
pub(crate) fn negated(a: Expr, span: Span) -> Built {
    let a = number(a, "a minus sign")?;
    let interval = a.interval.negated();
    let (number, dimension) = (a.number, a.dimension);
    let kind = if let ExprKind::Host(x) = a.kind {
        ExprKind::Host(Host::unary(Function::Neg, x))
    } else {
        ExprKind::Neg(Box::new(a))
    };
    Ok(Expr { kind, number, interval, dimension, span })
}

/// Magnitude.
pub(crate) fn magnitude(a: Expr, span: Span) -> Built {
    let a = number(a, "`abs`")?;
    let interval = a.interval.magnitude();
    let (number, dimension) = (a.number, a.dimension);
    let kind = if let ExprKind::Host(x) = a.kind {
        ExprKind::Host(Host::unary(Function::Abs, x))
    } else {
        ExprKind::Abs(Box::new(a))
    };
    Ok(Expr { kind, number, interval, dimension, span })
}

/// Sign.
pub(crate) fn sign(a: Expr, span: Span) -> Built {
    let a = number(a, "`sign`")?;
    let interval = a.interval.monotonic(|x| Function::Sign.apply(x));
    let kind = if let ExprKind::Host(x) = a.kind {
        ExprKind::Host(Host::unary(Function::Sign, x))
    } else {
        ExprKind::Sign(Box::new(a))
    };
    Ok(Expr { kind, number: Kind::Int, interval, dimension: Dimension::NUMBER, span })
}

/// A uniform real between two ends, the upper excluded.
pub(crate) fn uniform(numbers: Numbers, low: Expr, high: Expr, span: Span) -> Built {
    let low = number(low, "`uniform`")?;
    let high = number(high, "`uniform`")?;
    let (low, high) = alike(low, high)?;
    let dimension = low.dimension;
    let ends = low.interval.hull(high.interval);
    let mut width = arithmetic(numbers, Operator::Sub, high, low.clone(), span)?;
    not_empty(&width, 0.0, "uniform")?;
    width.interval.low = width.interval.low.max(0.0);
    width.number = Kind::Real;
    let kind = ExprKind::Uniform(Box::new(low), Box::new(width));
    Ok(Expr { kind, number: Kind::Real, interval: ends, dimension, span })
}

/// A uniform integer between two ends, the upper excluded.
pub(crate) fn randint(numbers: Numbers, low: Expr, high: Expr, span: Span) -> Built {
    for end in [&low, &high] {
        if end.number != Kind::Int {
            return Err(Diagnostic::error(Code::E0302, end.span, "`randint` takes integers")
                .label(end.span, format!("this is {}", end.number.name()))
                .help("use `uniform` for reals, or declare the param as `int in a .. b`"));
        }
    }
    let (low, high) = (plain(low, "`randint`")?, plain(high, "`randint`")?);
    let interval =
        Interval { low: low.interval.low, high: (high.interval.high - 1.0).max(low.interval.low) };
    let mut count = arithmetic(numbers, Operator::Sub, high, low.clone(), span)?;
    not_empty(&count, 1.0, "randint")?;
    count.interval.low = count.interval.low.max(0.0);
    let kind = ExprKind::RandInt(Box::new(low), Box::new(count));
    Ok(Expr { kind, number: Kind::Int, interval, dimension: Dimension::NUMBER, span })
}

fn not_empty(width: &Expr, least: f64, name: &str) -> Result<(), Diagnostic> {
    if width.interval.high < least {
        let span = width.span;
        return Err(Diagnostic::error(Code::E0405, span, format!("`{name}` of an empty range"))
            .label(span, format!("upper end minus lower end is {}", width.interval))
            .help("write the smaller end first"));
    }
    Ok(())
}

/// A reduction over the synapses of a neuron or the neurons of a view, of which there are 1 to
/// `most`.
pub(crate) fn reduction(
    numbers: Numbers,
    reduction: Reduction,
    (over, most): (Over, u32),
    lets: Vec<Stmt>,
    a: Expr,
    span: Span,
) -> Built {
    let a = match reduction {
        Reduction::Count => condition(a)?,
        Reduction::Sum | Reduction::Min | Reduction::Max | Reduction::Argmax | Reduction::Mean => {
            number(a, "a reduction")?
        }
    };
    let count = Interval { low: 1.0, high: f64::from(most) };
    let (mut number, interval) = match reduction {
        Reduction::Sum => (a.number, a.interval.product(count)),
        Reduction::Min | Reduction::Max => (a.number, a.interval),
        Reduction::Mean => (Kind::Real, a.interval),
        Reduction::Count => (Kind::Int, Interval { low: 0.0, ..count }),
        Reduction::Argmax => (Kind::Int, Interval { low: 0.0, high: 255.0 }),
    };
    // A sum that 16 bits do not hold exactly is a real, like a product.
    let lanes = numbers == Numbers::Lanes;
    if lanes && (interval.low < -32768.0 || interval.high > 32767.0) {
        number = Kind::Real;
    }
    let dimension = match reduction {
        Reduction::Sum | Reduction::Min | Reduction::Max | Reduction::Mean => a.dimension,
        Reduction::Count | Reduction::Argmax => Dimension::NUMBER,
    };
    let kind = ExprKind::Reduce { over, most, reduction, lets, of: Box::new(a) };
    numbers.held(Expr { kind, number, interval, dimension, span })
}

/// A comparison.
pub(crate) fn compare(numbers: Numbers, cond: Cond, a: Expr, b: Expr, span: Span) -> Built {
    let a = number(a, "a comparison")?;
    let b = number(b, "a comparison")?;
    let (a, b) = alike(a, b)?;
    let (a, b) = whole_us(numbers, a, b);
    let kind = ExprKind::Compare(cond, Box::new(a), Box::new(b));
    Ok(truth(kind, span))
}

/// `and`, `or`.
pub(crate) fn logic(and: bool, a: Expr, b: Expr, span: Span) -> Built {
    let a = Box::new(condition(a)?);
    let b = Box::new(condition(b)?);
    Ok(truth(if and { ExprKind::And(a, b) } else { ExprKind::Or(a, b) }, span))
}

/// `not`.
pub(crate) fn negation(a: Expr, span: Span) -> Built {
    Ok(truth(ExprKind::Not(Box::new(condition(a)?)), span))
}

/// Checks that an operand is a truth value.
pub(crate) fn condition(operand: Expr) -> Built {
    if operand.number != Kind::Bool {
        let span = operand.span;
        return Err(Diagnostic::error(Code::E0303, span, "a condition is a truth value")
            .label(span, format!("this is {}", operand.number.name()))
            .help("compare it, as in `weight > 0`"));
    }
    Ok(operand)
}

fn truth(kind: ExprKind, span: Span) -> Expr {
    let interval = Interval { low: 0.0, high: 1.0 };
    Expr { kind, number: Kind::Bool, interval, dimension: Dimension::NUMBER, span }
}
