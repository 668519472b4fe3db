//! Expressions: names to meanings, operators to typed expressions.

use super::{Binding, RuleChecker, Where};
use crate::build::{self, Numbers};
use crate::builtins::{self, QuantityInfo, Source};
use crate::dimension::{self, Dimension};
use crate::hir::{self, Expr, ExprKind, Kind, LocalId, Place, Sensor, Stmt};
use crate::host::{Host, Operator};
use crate::interval::Interval;
use pl_diag::{Code, Diagnostic, Span, did_you_mean};
use pl_ir::op::Cond;
use pl_ir::{Quantity, Scope};
use pl_syntax::ast;

/// An element of an array.
pub(super) enum Element {
    /// A state.
    Known(usize),
    /// One of so many states from the first on.
    Indexed { first: usize, len: usize, index: Expr },
}

/// Deepest nesting of functions and constants within one another.
const EXPANSION_DEPTH_MAX: usize = 64;
/// Most functions and constants that the expressions of a rule unfold to.
const EXPANSIONS_MAX: u32 = 16384;

impl<'a> RuleChecker<'a> {
    /// The value of an expression of constants, which has no unit.
    pub(super) fn constant(&mut self, expr: &ast::Expr) -> Option<f64> {
        self.constant_of(expr, Dimension::NUMBER)
    }

    /// The value of an expression of constants that measures something; 0 may measure anything.
    pub(super) fn constant_of(&mut self, expr: &ast::Expr, wanted: Dimension) -> Option<f64> {
        let (value, dimension) = self.measured_constant(expr)?;
        if dimension == wanted || value == 0.0 {
            return Some(value);
        }
        self.found.push(dimension.mismatch(wanted, expr.span));
        None
    }

    /// The value of an expression of constants, in microseconds or megahertz if it has a unit.
    pub(super) fn measured_constant(&mut self, expr: &ast::Expr) -> Option<(f64, Dimension)> {
        let place = core::mem::replace(&mut self.place, Where::Declaration);
        let value = self.expr(expr);
        self.place = place;
        let value = value?;
        if let ExprKind::Host(host) = &value.kind
            && host.is_const()
        {
            return Some((host.value(&[]), value.dimension));
        }
        self.found.push(
            Diagnostic::error(Code::E0408, expr.span, "a constant is needed here")
                .label(expr.span, "this depends on a param or on the chip")
                .help("write a number or the name of a `const`"),
        );
        None
    }

    /// The numbers that expressions are computed with here.
    pub(super) fn numbers(&self) -> Numbers {
        match self.place {
            Where::Control => Numbers::Scalars,
            Where::Declaration | Where::Neurons | Where::Synapses => Numbers::Lanes,
        }
    }

    /// A typed expression; `None` if something was wrong, which has been reported.
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let expr = self.expr_as_built(expr)?;
        match self.numbers() {
            Numbers::Lanes => Some(expr),
            // Also of what is read or written as a number, which becomes a scalar.
            Numbers::Scalars => self.keep(Numbers::Scalars.held(expr)),
        }
    }

    fn expr_as_built(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let span = expr.span;
        match &expr.kind {
            // The parser has reported it.
            ast::ExprKind::Error => None,
            ast::ExprKind::Number(number) => Some(Self::number(number, span)),
            ast::ExprKind::Bool(value) => {
                let truth = Host::Const(f64::from(u8::from(*value)));
                Some(build::host(truth, Kind::Bool, Interval { low: 0.0, high: 1.0 }, span))
            }
            ast::ExprKind::Name(name) => self.name(name),
            ast::ExprKind::Paren(inner) => self.expr(inner),
            ast::ExprKind::Unary { op, operand } => {
                let operand = self.expr(operand)?;
                let built = match op {
                    ast::UnaryOp::Neg => build::negated(operand, span),
                    ast::UnaryOp::Not => build::negation(operand, span),
                };
                self.keep(built)
            }
            ast::ExprKind::Binary { op, left, right, .. } => self.binary(*op, left, right, span),
            ast::ExprKind::Call { function, args } => self.call(function, args, span),
            ast::ExprKind::Index { array, index } => match self.element(array, index)? {
                Element::Known(element) => self.state(element, array),
                Element::Indexed { first, len, index } => {
                    let state = &self.states[first];
                    let (number, interval) = (state.kind, state.interval);
                    let dimension = state.dimension;
                    let kind = ExprKind::Element { first, len, index: Box::new(index) };
                    Some(Expr { kind, number, interval, dimension, span })
                }
            },
            ast::ExprKind::Array(_) => {
                self.found.push(
                    Diagnostic::error(Code::E0205, span, "a list is no value")
                        .label(span, "a list stands here")
                        .help("lists are initial values of arrays"),
                );
                None
            }
            ast::ExprKind::Reduce { op, operand, over } => self.reduce(*op, operand, *over, span),
            ast::ExprKind::Range(_) => {
                self.found.push(
                    Diagnostic::error(Code::E0205, span, "a range is no value")
                        .label(span, "a range stands here")
                        .help("ranges are arguments of `uniform(a .. b)`"),
                );
                None
            }
        }
    }

    fn number(number: &ast::Number, span: Span) -> Expr {
        let value = number.value.as_f64();
        let Some(unit) = number.unit else {
            let integer = matches!(number.value, ast::NumberValue::Int(_));
            return build::literal(value, integer, span);
        };
        let value = build::literal(value * dimension::scale(unit), false, span);
        Expr { dimension: dimension::dimension(unit), ..value }
    }

    fn name(&mut self, name: &ast::Ident) -> Option<Expr> {
        match self.lookup(&name.name).cloned() {
            Some(Binding::Param(index)) => Some(read_param(index, &self.params[index], name.span)),
            Some(Binding::State(index)) => self.state(index, name),
            Some(Binding::Number(value)) => Some(build::literal(value, true, name.span)),
            Some(Binding::Array { .. }) => {
                self.found.push(array_as_whole(name));
                None
            }
            Some(Binding::Local(id) | Binding::Counter(id)) => {
                let local = &self.locals[id.0];
                let super::LocalInfo { interval, dimension, .. } = *local;
                let number = self.seen_as(local.number, interval);
                let kind = ExprKind::Local(id);
                Some(Expr { kind, number, interval, dimension, span: name.span })
            }
            None => match builtins::quantity(&name.name) {
                Some(info) => self.quantity(info, name),
                None => self.const_value(name),
            },
        }
    }

    /// An element of an array: a state, if the index is known here.
    pub(super) fn element(&mut self, array: &ast::Ident, index: &ast::Expr) -> Option<Element> {
        let found = self.lookup(&array.name).cloned();
        let Some(Binding::Array { first, len, .. }) = found else {
            let message = format!("`{}` is no array", array.name);
            self.found.push(
                Diagnostic::error(Code::E0203, array.span, message)
                    .label(array.span, "an element of this is asked for")
                    .help("arrays are declared as `state x[4] : real in 0 .. 1 per rule = 0`"),
            );
            return None;
        };
        let value = self.expr(index)?;
        let last = len - 1;
        let host = if let ExprKind::Host(host) = &value.kind { Some(host) } else { None };
        let Some(known) = host.filter(|host| host.is_const()).map(|host| host.value(&[])) else {
            return self.indexed(array, (first, len), value);
        };
        let position = super::whole(known).map(|i| i as usize).filter(|i| *i < len);
        if position.is_none() {
            let message = format!("`{}` has the elements 0 to {last}", array.name);
            self.found.push(
                Diagnostic::error(Code::E0410, index.span, message)
                    .label(index.span, format!("this is {known}"))
                    .help("the first element is number 0"),
            );
        }
        position.map(|i| Element::Known(first + i))
    }

    /// An element by an index that is computed: an integer that cannot leave the array.
    fn indexed(
        &mut self,
        array: &ast::Ident,
        (first, len): (usize, usize),
        index: Expr,
    ) -> Option<Element> {
        let span = index.span;
        let index = self.keep(build::plain(index, "an index"))?;
        if self.place != Where::Control || self.states[first].scope != Scope::Rule {
            let message = "only `control` computes indices, of arrays of the rule";
            self.found.push(
                Diagnostic::error(Code::E0412, span, message)
                    .label(span, "this is no constant and no counter of a `for`")
                    .help("find the element in `control` and keep it in a state of the rule"),
            );
            return None;
        }
        let elements = Interval { low: 0.0, high: f64::from(u32::try_from(len - 1).ok()?) };
        let (message, what, help) = if index.number != Kind::Int {
            let what = format!("this is {}", index.number.name());
            ("an index is an integer".to_owned(), what, "keep it in a state `int in a .. b`".into())
        } else if !elements.contains(index.interval) {
            let message = format!("the index may leave `{}`, of {len} elements", array.name);
            let what = index.interval.said();
            (message, what, format!("limit it, as in `clamp(i, 0, {})`", len - 1))
        } else {
            return Some(Element::Indexed { first, len, index });
        };
        self.found.push(Diagnostic::error(Code::E0412, span, message).label(span, what).help(help));
        None
    }

    fn state(&mut self, index: usize, name: &ast::Ident) -> Option<Expr> {
        let state = &self.states[index];
        let hir::State { scope, kind: number, interval, dimension, .. } = *state;
        let seen = match self.place {
            Where::Declaration | Where::Synapses => true,
            Where::Neurons => !scope.per_row(),
            Where::Control => scope == Scope::Rule,
        };
        if !seen {
            let message = format!("`{}` belongs to {}s", name.name, scope.name());
            self.found.push(not_here(name, message));
            return None;
        }
        let number = self.seen_as(number, interval);
        let kind = ExprKind::State(index);
        Some(Expr { kind, number, interval, dimension, span: name.span })
    }

    /// What a number is where it is read: an integer of `control` that lanes do not hold is a real
    /// in those.
    fn seen_as(&self, number: Kind, interval: Interval) -> Kind {
        let lanes = self.numbers() == Numbers::Lanes;
        let fits = interval.low >= f64::from(i16::MIN) && interval.high <= f64::from(i16::MAX);
        if number == Kind::Int && lanes && !fits { Kind::Real } else { number }
    }

    fn quantity(&mut self, info: &QuantityInfo, name: &ast::Ident) -> Option<Expr> {
        let of_control = matches!(info.source, Source::Place(Place::Update | Place::Now));
        let seen = match self.place {
            Where::Declaration => false,
            Where::Neurons => !info.per_row && !of_control,
            Where::Synapses => !of_control,
            Where::Control => of_control || info.source == Source::Place(Place::Hemisphere),
        };
        if !seen {
            let message = match self.place {
                Where::Declaration => format!("`{}` has no value in a declaration", name.name),
                Where::Neurons | Where::Synapses if of_control => {
                    self.found.push(only_in_control(name));
                    return None;
                }
                Where::Neurons | Where::Synapses => format!("a neuron has no `{}`", name.name),
                Where::Control => format!("`control` sees no single `{}`", name.name),
            };
            self.found.push(not_here(name, message));
            return None;
        }
        if matches!(info.sensor, Some(Sensor::Causal | Sensor::Acausal)) {
            self.read_correlation(name);
        }
        let interval = match info.source {
            Source::Chip(Quantity::Weight) => hir::weights(self.signed),
            Source::Chip(_) | Source::Place(_) => info.interval,
        };
        let (kind, dimension) = (info.read(), info.dimension());
        Some(Expr { kind, number: Kind::Int, interval, dimension, span: name.span })
    }

    /// Correlation is sampled in one block.
    fn read_correlation(&mut self, name: &ast::Ident) {
        let Some(here) = self.block_span else { return };
        match self.correlation_block {
            None => self.correlation_block = Some(here),
            Some(before) if before == here => {}
            Some(before) => self.found.push(
                Diagnostic::error(Code::E0503, name.span, "correlation is read in one block")
                    .label(name.span, "read again here")
                    .label(before.before(), "this block reads it first")
                    .help("put the statements into one `synapses` block"),
            ),
        }
    }

    fn const_value(&mut self, name: &ast::Ident) -> Option<Expr> {
        let Some((item, module)) = self.items.constant(self.module, &name.name) else {
            self.found.push(self.unknown_name(name));
            return None;
        };
        if !self.expand(&name.name, name.span) {
            return None;
        }
        let outside = core::mem::replace(&mut self.module, module);
        let value = self.measured_constant(&item.value);
        self.module = outside;
        self.expanding.pop();
        let (value, dimension) = value?;
        let integer = value.fract() == 0.0 && !written_as_real(&item.value);
        Some(Expr { dimension, ..build::literal(value, integer, name.span) })
    }

    fn unknown_name(&self, name: &ast::Ident) -> Diagnostic {
        let scoped = self.scopes.iter().flat_map(|scope| scope.keys()).map(String::as_str);
        let known = builtins::QUANTITIES.iter().map(|info| info.name);
        let consts = self.items.names(self.module);
        let near = did_you_mean(&name.name, scoped.chain(known).chain(consts));
        Diagnostic::error(Code::E0201, name.span, format!("there is no `{}` here", name.name))
            .label(name.span, "an unknown name")
            .help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "declare it with `param`, `state`, `const` or `let`".to_owned(),
            })
    }

    /// Enters a function or constant; refuses recursion, and what unfolds to too much.
    pub(super) fn expand(&mut self, name: &str, span: Span) -> bool {
        if self.expanding.iter().any(|open| open == name) {
            self.found.push(
                Diagnostic::error(Code::E0409, span, format!("`{name}` is defined by itself"))
                    .label(span, "used within its own definition")
                    .help("functions are inlined, so they cannot call themselves"),
            );
            return false;
        }
        let too_deep = self.expanding.len() >= EXPANSION_DEPTH_MAX;
        if too_deep || self.expansions >= EXPANSIONS_MAX {
            if self.expansions != u32::MAX {
                let message = "functions and constants unfold to too much";
                self.found.push(
                    Diagnostic::error(Code::E0413, span, message)
                        .label(span, format!("`{name}` is one too many"))
                        .help("keep a result that is used several times with `let`"),
                );
            }
            // One message says it all.
            self.expansions = u32::MAX;
            return false;
        }
        self.expansions += 1;
        self.expanding.push(name.to_owned());
        true
    }

    fn binary(
        &mut self,
        op: ast::BinaryOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let left = self.expr(left);
        let right = self.expr(right);
        let (left, right) = (left?, right?);
        let numbers = self.numbers();
        let built = match op {
            ast::BinaryOp::Add => build::arithmetic(numbers, Operator::Add, left, right, span),
            ast::BinaryOp::Sub => build::arithmetic(numbers, Operator::Sub, left, right, span),
            ast::BinaryOp::Mul => build::arithmetic(numbers, Operator::Mul, left, right, span),
            ast::BinaryOp::Div => build::arithmetic(numbers, Operator::Div, left, right, span),
            ast::BinaryOp::And => build::logic(true, left, right, span),
            ast::BinaryOp::Or => build::logic(false, left, right, span),
            ast::BinaryOp::Eq => build::compare(numbers, Cond::Eq, left, right, span),
            ast::BinaryOp::Ne => build::compare(numbers, Cond::Ne, left, right, span),
            ast::BinaryOp::Lt => build::compare(numbers, Cond::Lt, left, right, span),
            ast::BinaryOp::Le => build::compare(numbers, Cond::Le, left, right, span),
            ast::BinaryOp::Gt => build::compare(numbers, Cond::Gt, left, right, span),
            ast::BinaryOp::Ge => build::compare(numbers, Cond::Ge, left, right, span),
        };
        self.keep(built)
    }

    /// Gives a value a name that statements before the current one define.
    pub(super) fn define(&mut self, name: &ast::Ident, value: Expr) {
        let id = self.new_local(&value, name.span);
        self.before.push(Stmt::Let(id, value));
        self.bind(&name.name, Binding::Local(id));
    }

    pub(super) fn new_local(&mut self, value: &Expr, span: Span) -> LocalId {
        let Expr { number, interval, dimension, .. } = *value;
        let one_a_row = self.one_a_row(value);
        let info = super::LocalInfo { number, interval, dimension, one_a_row, span };
        self.locals.push(info);
        LocalId(self.locals.len() - 1)
    }
}

/// Whether a constant was written with a point, so that it is a real whatever its value.
#[allow(clippy::wildcard_enum_match_arm, reason = "only what numbers are made of can be real")]
fn written_as_real(expr: &ast::Expr) -> bool {
    match &expr.without_parens().kind {
        ast::ExprKind::Number(number) => {
            number.unit.is_some() || matches!(number.value, ast::NumberValue::Real(_))
        }
        ast::ExprKind::Unary { operand, .. } => written_as_real(operand),
        ast::ExprKind::Binary { left, right, .. } => {
            written_as_real(left) || written_as_real(right)
        }
        _ => false,
    }
}

/// The value of a param, in microseconds or megahertz if it has a unit.
fn read_param(index: usize, param: &hir::Param, span: Span) -> Expr {
    let (scale, dimension) = (param.scale, param.dimension);
    let scaled = Host::binary(Operator::Mul, Host::Param(index), Host::Const(scale));
    let value = if scale.total_cmp(&1.0).is_eq() { Host::Param(index) } else { scaled };
    let interval = param.interval.product(Interval::point(scale));
    Expr { dimension, ..build::host(value, param.kind, interval, span) }
}

fn only_in_control(name: &ast::Ident) -> Diagnostic {
    let message = format!("`{}` belongs to the rule", name.name);
    Diagnostic::error(Code::E0206, name.span, message)
        .label(name.span, "lanes do not see it")
        .help("keep it in a state of the rule, in a `control` block")
}

pub(super) fn not_here(name: &ast::Ident, message: String) -> Diagnostic {
    Diagnostic::error(Code::E0206, name.span, message)
        .label(name.span, "used here")
        .help("move the statement into a `synapses` block")
}

/// An array where a number is needed.
pub(super) fn array_as_whole(name: &ast::Ident) -> Diagnostic {
    Diagnostic::error(Code::E0203, name.span, format!("`{}` is an array", name.name))
        .label(name.span, "used as a whole")
        .help(format!("name an element, as in `{}[0]`", name.name))
}

/// Whether a statement of this place may assign to a state.
pub(super) fn assignable(scope: Scope, place: Where) -> bool {
    match scope {
        Scope::Synapse => place == Where::Synapses,
        Scope::Neuron => place == Where::Neurons,
        Scope::Rule => place == Where::Control,
        Scope::Row => place == Where::Synapses,
    }
}

/// Quantities that statements assign.
pub(super) fn assignable_quantity(info: &QuantityInfo) -> Option<Quantity> {
    match info.source {
        builtins::Source::Chip(quantity @ (Quantity::Weight | Quantity::Address)) => Some(quantity),
        builtins::Source::Chip(_) | builtins::Source::Place(_) => None,
    }
}
