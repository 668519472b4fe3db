//! Expressions.
//!
//! Values are 64-bit and wrap; a value may count from the start of a section. Precedence is the
//! GNU assembler's: `* / % << >>` bind tightest, then `| & ^ !`, then `+ -` and comparisons, then
//! `&&`, then `||`.

use super::lexer::{Spanned, Token};
use super::{AsmError, Place};

/// An expression whose symbols are not yet known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr {
    /// A known value.
    Value(Value),
    /// A symbol, or a register where one may stand.
    Name(String, Place),
    /// A register written with `%`.
    Register(String, Place),
    /// An operator before its operand.
    Unary(&'static str, Box<Expr>),
    /// An operator between its operands.
    Binary(&'static str, Box<Expr>, Box<Expr>, Place),
}

/// A value, counted from the start of a section or from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) section: Option<usize>,
    pub(super) number: i64,
}

impl Value {
    pub(super) const fn number(number: i64) -> Self {
        Self { section: None, number }
    }
}

/// What gives symbols their values.
pub(super) trait Symbols {
    /// The value of a name.
    fn value(&self, name: &str, place: Place) -> Result<Value, AsmError>;
    /// The value of a register written with `%`.
    fn register(&self, name: &str, place: Place) -> Result<Value, AsmError> {
        Err(place.error_help(
            format!("register `%{name}` cannot stand here"),
            "write a number or a symbol",
        ))
    }
    /// What a value that counts from a section stands for.
    fn place(&self, value: Value) -> Value {
        value
    }
}

/// What the place of an expression adds: `.`, numbered labels and symbols with a value by now.
pub(super) trait Scope {
    /// The value of `.`.
    fn here(&self) -> Value;
    /// The name a numbered label goes by.
    fn local(&self, number: u32, forward: bool) -> Option<String>;
    /// The value of a symbol that may change later.
    fn variable(&self, name: &str) -> Option<Value>;
}

/// Deepest nesting of parentheses and operators.
const DEPTH_MAX: u32 = 64;

/// A parser over the tokens of one statement.
pub(super) struct Parser<'t> {
    tokens: &'t [Spanned],
    at: usize,
    /// Where the statement ends, for errors there.
    end: Place,
    depth: u32,
    operators: u32,
}

/// Most operators of one statement: what bounds the depth of its trees.
const OPERATORS_MAX: u32 = 500;

const LEVELS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["+", "-", "==", "!=", "<>", "<", ">", "<=", ">="],
    &["|", "&", "^", "!"],
    &["*", "/", "%", "<<", ">>"],
];

impl<'t> Parser<'t> {
    pub(super) fn new(tokens: &'t [Spanned], end: Place) -> Self {
        Self { tokens, at: 0, end, depth: 0, operators: 0 }
    }

    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at).map(|t| &t.token)
    }

    pub(super) fn next(&mut self) -> Option<&'t Token> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    pub(super) fn place(&self) -> Place {
        self.tokens.get(self.at).map_or(self.end, |t| t.place)
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Takes a punctuation mark if it is next.
    pub(super) fn eat(&mut self, punct: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Punct(p)) if *p == punct);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, punct: &str) -> Result<(), AsmError> {
        let place = self.place();
        if self.eat(punct) {
            return Ok(());
        }
        Err(place.error(format!("expected `{punct}`")))
    }

    /// Fails if anything is left.
    pub(super) fn finish(&self) -> Result<(), AsmError> {
        if self.at_end() {
            return Ok(());
        }
        Err(self.place().error_help("the statement should end here", "separate operands by commas"))
    }

    pub(super) fn name(&mut self) -> Result<(String, Place), AsmError> {
        let place = self.place();
        match self.next() {
            Some(Token::Name(name)) => Ok((name.clone(), place)),
            Some(Token::Text(name)) => Ok((String::from_utf8_lossy(name).into_owned(), place)),
            _ => Err(place.error("expected a name")),
        }
    }

    pub(super) fn expr(&mut self, scope: &dyn Scope) -> Result<Expr, AsmError> {
        self.level(0, scope)
    }

    fn level(&mut self, level: usize, scope: &dyn Scope) -> Result<Expr, AsmError> {
        let Some(operators) = LEVELS.get(level) else { return self.unary(scope) };
        let mut left = self.level(level + 1, scope)?;
        loop {
            let place = self.place();
            let Some(operator) = operators.iter().find(|o| self.eat(o)) else { return Ok(left) };
            self.operators += 1;
            if self.operators > OPERATORS_MAX {
                return Err(place.error_help("too many operators", "name a part by `.set`"));
            }
            let right = self.level(level + 1, scope)?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right), place).folded();
        }
    }

    fn unary(&mut self, scope: &dyn Scope) -> Result<Expr, AsmError> {
        let place = self.place();
        if self.depth >= DEPTH_MAX {
            return Err(place.error_help("this expression nests too deep", "name a part by `.set`"));
        }
        self.depth += 1;
        let result = match ["-", "+", "~", "!"].into_iter().find(|o| self.eat(o)) {
            Some(operator) => {
                self.unary(scope).map(|inner| Expr::Unary(operator, Box::new(inner)).folded())
            }
            None => self.atom(scope, place),
        };
        self.depth -= 1;
        result
    }

    fn atom(&mut self, scope: &dyn Scope, place: Place) -> Result<Expr, AsmError> {
        match self.next() {
            Some(Token::Number(number)) => Ok(Expr::Value(Value::number(*number))),
            Some(Token::Name(name)) if name == "." => Ok(Expr::Value(scope.here())),
            Some(Token::Name(name)) => Ok(match scope.variable(name) {
                Some(value) => Expr::Value(value),
                None => Expr::Name(name.clone(), place),
            }),
            Some(Token::Register(name)) => Ok(Expr::Register(name.clone(), place)),
            Some(Token::Local { number, forward }) => scope
                .local(*number, *forward)
                .map(|name| Expr::Name(name, place))
                .ok_or_else(|| place.error(format!("no label `{number}:` stands before this"))),
            Some(Token::Punct("(")) => {
                let inner = self.expr(scope)?;
                self.expect(")")?;
                Ok(inner)
            }
            _ => Err(place.error("expected a number, a symbol or a register")),
        }
    }
}

impl Expr {
    /// The same with known operands computed.
    fn folded(self) -> Self {
        struct Unknown;
        impl Symbols for Unknown {
            fn value(&self, _: &str, place: Place) -> Result<Value, AsmError> {
                Err(place.error("not known"))
            }
        }
        let known = |e: &Self| matches!(e, Self::Value(_));
        let constant = match &self {
            Self::Unary(_, inner) => known(inner),
            Self::Binary(_, left, right, _) => known(left) && known(right),
            Self::Value(_) | Self::Name(..) | Self::Register(..) => false,
        };
        match self.evaluate(&Unknown) {
            Ok(value) if constant => Self::Value(value),
            _ => self,
        }
    }

    /// The value, with symbols from `symbols`.
    pub(super) fn evaluate(&self, symbols: &dyn Symbols) -> Result<Value, AsmError> {
        match self {
            Self::Value(value) => Ok(symbols.place(*value)),
            Self::Name(name, place) => symbols.value(name, *place),
            Self::Register(name, place) => symbols.register(name, *place),
            Self::Unary(operator, inner) => {
                let number = inner.evaluate(symbols)?;
                match (*operator, number.section) {
                    ("+", _) => Ok(number),
                    (_, Some(_)) => {
                        Err(inner.place().error("an address can only be added to and compared"))
                    }
                    (operator, None) => Ok(Value::number(unary(operator, number.number))),
                }
            }
            Self::Binary(operator, left, right, place) => {
                let (left, right) = (left.evaluate(symbols)?, right.evaluate(symbols)?);
                binary(operator, left, right, *place)
            }
        }
    }

    /// Where the expression starts, as far as that is known.
    fn place(&self) -> Place {
        match self {
            Self::Value(_) => Place::default(),
            Self::Name(_, place) | Self::Register(_, place) => *place,
            Self::Unary(_, inner) => inner.place(),
            Self::Binary(_, left, _, place) => match left.place() {
                Place { line: 0, .. } => *place,
                start => start,
            },
        }
    }
}

fn unary(operator: &str, number: i64) -> i64 {
    match operator {
        "-" => number.wrapping_neg(),
        "~" => !number,
        _ => i64::from(number == 0),
    }
}

fn binary(operator: &str, left: Value, right: Value, place: Place) -> Result<Value, AsmError> {
    let (a, b) = (left.number, right.number);
    match (operator, left.section, right.section) {
        ("+", section, None) | ("-", section, None) | ("+", None, section) => {
            let number = if operator == "+" { a.wrapping_add(b) } else { a.wrapping_sub(b) };
            Ok(Value { section, number })
        }
        (_, left, right) if left == right => {
            if left.is_some() && matches!(operator, "+" | "*" | "/" | "%" | "<<" | ">>" | "|" | "&")
            {
                return Err(place.error("two addresses can only be subtracted or compared"));
            }
            arithmetic(operator, a, b)
                .map(Value::number)
                .ok_or_else(|| place.error(format!("`{operator}` has no value for {a} and {b}")))
        }
        _ => Err(place.error_help(
            "addresses of different sections have no fixed distance yet",
            "use labels of one section",
        )),
    }
}

fn arithmetic(operator: &str, a: i64, b: i64) -> Option<i64> {
    // A comparison that holds is all ones, as in the GNU assembler.
    let truth = |holds: bool| Some(-i64::from(holds));
    let shift = u32::try_from(b).ok();
    match operator {
        "+" => Some(a.wrapping_add(b)),
        "-" => Some(a.wrapping_sub(b)),
        "*" => Some(a.wrapping_mul(b)),
        "/" => a.checked_div(b),
        "%" => a.checked_rem(b),
        "<<" => Some(a.checked_shl(shift?).unwrap_or(0)),
        ">>" => Some(a.cast_unsigned().checked_shr(shift?).unwrap_or(0).cast_signed()),
        "|" => Some(a | b),
        "&" => Some(a & b),
        "^" => Some(a ^ b),
        "!" => Some(a | !b),
        "==" => truth(a == b),
        "!=" | "<>" => truth(a != b),
        "<" => truth(a < b),
        ">" => truth(a > b),
        "<=" => truth(a <= b),
        ">=" => truth(a >= b),
        "&&" => Some(i64::from(a != 0 && b != 0)),
        "||" => Some(i64::from(a != 0 || b != 0)),
        _ => None,
    }
}
