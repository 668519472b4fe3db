//! Blocks and statements.

use super::expr::{Element, array_as_whole, assignable, assignable_quantity};
use super::{Binding, RuleChecker, Where, whole};
use crate::build::{self, Numbers};
use crate::builtins;
use crate::dimension::Dimension;
use crate::hir::{self, Expr, ExprKind, Kind, Over, Sensor, Stmt, Target};
use crate::host::Operator;
use crate::interval::Interval;
use pl_diag::{Code, Diagnostic, Span, did_you_mean};
use pl_ir::Quantity;
use pl_syntax::ast;
use std::collections::BTreeMap;

/// Most rounds of all loops of a rule that are written out.
const ROUNDS_MAX: u32 = 1024;
/// Most rounds of a loop of `control` with those around it.
const ROUNDS_MAX_CONTROL: u32 = 65536;

impl<'a> RuleChecker<'a> {
    /// A block.
    pub(super) fn block(&mut self, block: &'a ast::Block, due: hir::Due) -> hir::Block {
        self.block_of(block.kind, block.span, &block.body, due)
    }

    /// A block of statements that stand at a place.
    pub(super) fn block_of(
        &mut self,
        kind: ast::BlockKind,
        span: Span,
        body: impl IntoIterator<Item = &'a ast::Stmt>,
        due: hir::Due,
    ) -> hir::Block {
        self.place = match kind {
            ast::BlockKind::Synapses => Where::Synapses,
            ast::BlockKind::Neurons => Where::Neurons,
            ast::BlockKind::Control => Where::Control,
        };
        self.block_span = Some(span);
        let body = self.body(body);
        self.block_span = None;
        self.place = Where::Declaration;
        let over = match kind {
            ast::BlockKind::Synapses => Over::Synapses,
            ast::BlockKind::Neurons => Over::Neurons,
            ast::BlockKind::Control => Over::Rule,
        };
        hir::Block { due, over, body }
    }

    fn body(&mut self, body: impl IntoIterator<Item = &'a ast::Stmt>) -> Vec<Stmt> {
        self.scopes.push(BTreeMap::new());
        let mut out = Vec::new();
        for stmt in body {
            let checked = self.stmt(stmt);
            out.append(&mut self.before);
            out.extend(checked);
        }
        self.scopes.pop();
        out
    }

    fn stmt(&mut self, stmt: &'a ast::Stmt) -> Vec<Stmt> {
        match &stmt.kind {
            ast::StmtKind::Let { name, ty, value } => {
                self.let_stmt(name, ty.as_ref(), value).into_iter().collect()
            }
            ast::StmtKind::Assign { target, op, value } => {
                self.assign(target, *op, value, stmt.span).into_iter().collect()
            }
            ast::StmtKind::If { arms, otherwise } => {
                self.choose(arms, otherwise.as_deref()).into_iter().collect()
            }
            ast::StmtKind::Reset(names) => {
                names.iter().filter_map(|name| self.reset(name)).collect()
            }
            ast::StmtKind::For { var, range, body } => self.repeat(var, range, body),
            ast::StmtKind::Expr(expr) => self.effect(expr).into_iter().collect(),
        }
    }

    /// A call for its effect: `send(row, address)` in `control`.
    fn effect(&mut self, call: &'a ast::Expr) -> Option<Stmt> {
        let ast::ExprKind::Call { function, args } = &call.kind else {
            // The parser has reported it.
            return None;
        };
        let [row, address] = args.as_slice() else {
            let has = format!("it has {}", args.len());
            self.found.push(
                Diagnostic::error(Code::E0205, call.span, "`send` takes a row and an address")
                    .label(call.span, has)
                    .help("write `send(row, address)`"),
            );
            return None;
        };
        if function.name != "send" {
            self.found.push(
                Diagnostic::error(Code::E0118, call.span, "a value that is not used")
                    .label(call.span, "computed and dropped")
                    .help("only `send(row, address)` does something by itself"),
            );
            return None;
        }
        if self.place != Where::Control {
            let message = "`send` belongs to the rule, not to its lanes".to_owned();
            self.found.push(
                Diagnostic::error(Code::E0206, function.span, message)
                    .label(function.span, "used here")
                    .help("move the statement into a `control` block"),
            );
            return None;
        }
        let (row, address) = (self.expr(row), self.expr(address));
        let (row, address) = (row?, address?);
        let [row, address] = [row, address].map(|value| self.keep(build::plain(value, "`send`")));
        let (row, address) = (row?, address?);
        let (rows, addresses) =
            (Interval { low: 0.0, high: 255.0 }, Interval { low: 0.0, high: 63.0 });
        for (value, range) in [(&row, rows), (&address, addresses)] {
            if value.number != Kind::Int || !range.contains(value.interval) {
                let message = format!("an integer in {range} is needed here");
                let what = if value.number == Kind::Int {
                    format!("its values are {}", value.interval)
                } else {
                    format!("this is {}", value.number.name())
                };
                self.found.push(
                    Diagnostic::error(Code::E0401, value.span, message)
                        .label(value.span, what)
                        .help("limit it with `clamp`"),
                );
                return None;
            }
        }
        Some(Stmt::Send { row, address })
    }

    fn let_stmt(
        &mut self,
        name: &ast::Ident,
        ty: Option<&ast::Type>,
        value: &ast::Expr,
    ) -> Option<Stmt> {
        let value = self.expr(value);
        let ty = ty.and_then(|ty| Some((self.number_type(ty, self.numbers())?, ty.span)));
        let value = match value {
            Some(value) => value,
            // Reported; the name stands for anything from here on.
            None => build::literal(0.0, true, name.span),
        };
        if let Some((ty, span)) = ty {
            self.keep(build::measured(value.clone(), ty.dimension));
            self.fits(&value, ty.kind, ty.interval, span);
        }
        let id = self.new_local(&value, name.span);
        self.bind(&name.name, Binding::Local(id));
        Some(Stmt::Let(id, value))
    }

    /// Checks a value against a written type.
    fn fits(&mut self, value: &Expr, kind: Kind, interval: Interval, declared: Span) {
        if (kind == Kind::Bool) != (value.number == Kind::Bool) {
            self.found.push(
                Diagnostic::error(
                    Code::E0301,
                    value.span,
                    format!("the type says {}", kind.name()),
                )
                .label(value.span, format!("this is {}", value.number.name()))
                .label(declared, "declared here"),
            );
        } else if kind == Kind::Int && value.number != Kind::Int {
            self.found.push(
                Diagnostic::error(Code::E0302, value.span, "the type says integer")
                    .label(value.span, format!("this is {}", value.number.name()))
                    .label(declared, "declared here"),
            );
        } else if !self.range_here(kind, interval).contains(value.interval) {
            self.found.push(
                Diagnostic::error(Code::E0401, value.span, "the value may leave its range")
                    .label(value.span, format!("its values are {}", value.interval))
                    .labels(build::origins(value))
                    .label(declared, format!("the range is {interval}"))
                    .help("limit it with `clamp`, or widen the range"),
            );
        }
    }

    /// A written range as the numbers of this place have it.
    fn range_here(&self, kind: Kind, interval: Interval) -> Interval {
        match self.numbers() {
            Numbers::Lanes => interval,
            Numbers::Scalars => build::scalar_interval(kind, interval),
        }
    }

    fn assign(
        &mut self,
        place: &ast::Place,
        op: ast::AssignOp,
        value: &ast::Expr,
        span: Span,
    ) -> Option<Stmt> {
        let target = match &place.index {
            None => self.target(&place.name),
            Some(index) => match self.element(&place.name, index) {
                None => None,
                Some(Element::Known(element)) => self.state_target(element, &place.name),
                Some(Element::Indexed { first, len, index }) => {
                    return self.assign_element(place, (first, len, index), op, value, span);
                }
            },
        };
        let value = self.expr(value);
        let (target, value) = (target?, value?);
        let old = self.old_value(target, place.name.span);
        let wanted = old.dimension;
        let value = self.assigned(old, op, value, span)?;
        let value = self.keep(build::measured(value, wanted))?;
        self.check_assigned(target, &value)?;
        Some(Stmt::Assign(target, value))
    }

    /// An assignment to an element by an index that is computed, once.
    fn assign_element(
        &mut self,
        place: &ast::Place,
        (first, len, index): (usize, usize, Expr),
        op: ast::AssignOp,
        value: &ast::Expr,
        span: Span,
    ) -> Option<Stmt> {
        let target = self.state_target(first, &place.name)?;
        let mut index = index;
        if op.operator().is_some() {
            let id = self.new_local(&index, index.span);
            let named = Expr { kind: ExprKind::Local(id), ..index.clone() };
            self.before.push(Stmt::Let(id, core::mem::replace(&mut index, named)));
        }
        let value = self.expr(value)?;
        let state = &self.states[first];
        let old = Expr {
            kind: ExprKind::Element { first, len, index: Box::new(index.clone()) },
            number: state.kind,
            interval: state.interval,
            dimension: state.dimension,
            span: place.span,
        };
        let wanted = old.dimension;
        let value = self.assigned(old, op, value, span)?;
        let value = self.keep(build::measured(value, wanted))?;
        self.check_assigned(target, &value)?;
        Some(Stmt::AssignElement { first, len, index, value })
    }

    /// What an assignment stores, from the old value if its operator asks for that.
    fn assigned(&mut self, old: Expr, op: ast::AssignOp, value: Expr, span: Span) -> Option<Expr> {
        let Some(operator) = op.operator() else { return Some(value) };
        #[allow(clippy::wildcard_enum_match_arm, reason = "assignments know three")]
        let operator = match operator {
            ast::BinaryOp::Sub => Operator::Sub,
            ast::BinaryOp::Mul => Operator::Mul,
            _ => Operator::Add,
        };
        let built = build::arithmetic(self.numbers(), operator, old, value, span);
        self.keep(built)
    }

    fn target(&mut self, name: &ast::Ident) -> Option<Target> {
        match self.lookup(&name.name).cloned() {
            Some(Binding::Local(id)) => Some(Target::Local(id)),
            Some(Binding::State(index)) => self.state_target(index, name),
            Some(Binding::Array { .. }) => {
                self.found.push(array_as_whole(name));
                None
            }
            Some(Binding::Number(_) | Binding::Counter(_)) => {
                self.found.push(fixed(name, "the counter of a loop counts by itself"));
                None
            }
            Some(Binding::Param(_)) => {
                self.found.push(fixed(name, "a param is set from outside"));
                None
            }
            None => self.quantity_target(name),
        }
    }

    fn state_target(&mut self, index: usize, name: &ast::Ident) -> Option<Target> {
        let state = &self.states[index];
        if state.input {
            self.found.push(fixed(name, "an input is written from outside"));
            return None;
        }
        if !assignable(state.scope, self.place) {
            let message = format!("`{}` belongs to the {}", name.name, state.scope.name());
            let found = Diagnostic::error(Code::E0504, name.span, message)
                .label(name.span, "it cannot be assigned in this block")
                .help("assign it in a block that runs over what it belongs to");
            self.found.push(found);
            return None;
        }
        Some(Target::State(index))
    }

    /// A loop: in vector blocks its statements, once for each value of the counter.
    fn repeat(&mut self, var: &ast::Ident, range: &ast::Range, body: &'a [ast::Stmt]) -> Vec<Stmt> {
        let (Some(low), Some(high)) = (self.constant(&range.low), self.constant(&range.high))
        else {
            return Vec::new();
        };
        let rounds = (high - low).max(0.0);
        let counted = whole(rounds).filter(|_| low.fract() == 0.0);
        if self.place == Where::Control {
            return self.repeat_scalars(var, range.span, (low, rounds, counted), body);
        }
        let counted = counted.filter(|n| self.rounds.saturating_add(*n) <= ROUNDS_MAX);
        let Some(counted) = counted else {
            let help = "loops are written out for the vector unit, so they must be short";
            self.found.push(too_long(range.span, rounds, ROUNDS_MAX, help));
            return Vec::new();
        };
        self.rounds += counted;
        let mut out = Vec::new();
        for round in 0..counted {
            let value = low + f64::from(round);
            self.scopes.push(BTreeMap::from([(var.name.clone(), Binding::Number(value))]));
            out.extend(self.body(body));
            self.scopes.pop();
        }
        out
    }

    /// A loop of `control`, which stays one. What it changes of the names outside may have any value
    /// from round to round.
    fn repeat_scalars(
        &mut self,
        var: &ast::Ident,
        span: Span,
        (low, rounds, counted): (f64, f64, Option<u32>),
        body: &'a [ast::Stmt],
    ) -> Vec<Stmt> {
        let around = self.rounds_around;
        let all = counted.and_then(|n| n.checked_mul(around)).filter(|n| *n <= ROUNDS_MAX_CONTROL);
        let within = build::scalar_limits(Kind::Int).contains(Interval { low, high: low + rounds });
        let (Some(all), Some(counted), true) = (all, counted, within) else {
            let help = "an update should end before the next one is due";
            self.found.push(too_long(span, rounds * f64::from(around), ROUNDS_MAX_CONTROL, help));
            return Vec::new();
        };
        if counted == 0 {
            return Vec::new();
        }
        let mut changed = Vec::new();
        self.assigned_locals(body, &mut changed);
        changed.sort_by_key(|id| id.0);
        changed.dedup();
        let carried = changed.into_iter().map(|id| {
            let local = &mut self.locals[id.0];
            if local.number != Kind::Bool {
                local.interval = build::scalar_limits(local.number);
            }
            (id, local.number)
        });
        let carried = carried.collect();
        let interval = Interval { low, high: low + rounds - 1.0 };
        let number = build::host(crate::host::Host::Const(low), Kind::Int, interval, var.span);
        self.loops.push(self.locals.len());
        self.rounds_around = all;
        let counter = self.new_local(&number, var.span);
        self.scopes.push(BTreeMap::from([(var.name.clone(), Binding::Counter(counter))]));
        let body = self.body(body);
        self.scopes.pop();
        self.rounds_around = around;
        self.loops.pop();
        #[allow(clippy::cast_possible_truncation, reason = "within the limits of i32")]
        let first = low as i32;
        vec![Stmt::For { counter, first, rounds: counted, carried, body }]
    }

    /// Names outside of statements to which they may assign.
    fn assigned_locals(&self, body: &[ast::Stmt], found: &mut Vec<hir::LocalId>) {
        for stmt in body {
            match &stmt.kind {
                ast::StmtKind::Assign { target, .. } => {
                    if let Some(Binding::Local(id)) = self.lookup(&target.name.name) {
                        found.push(*id);
                    }
                }
                ast::StmtKind::If { arms, otherwise } => {
                    arms.iter().for_each(|arm| self.assigned_locals(&arm.body, found));
                    self.assigned_locals(otherwise.as_deref().unwrap_or_default(), found);
                }
                ast::StmtKind::For { body, .. } => self.assigned_locals(body, found),
                ast::StmtKind::Let { .. } | ast::StmtKind::Reset(_) | ast::StmtKind::Expr(_) => {}
            }
        }
    }

    fn quantity_target(&mut self, name: &ast::Ident) -> Option<Target> {
        let Some(info) = builtins::quantity(&name.name) else {
            let near = did_you_mean(
                &name.name,
                ["weight", "address"]
                    .into_iter()
                    .chain(self.states.iter().map(|s| s.name.as_str())),
            );
            self.found.push(
                Diagnostic::error(Code::E0201, name.span, format!("there is no `{}`", name.name))
                    .label(name.span, "an unknown name")
                    .help(match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("a new name begins with `let {} = ...`", name.name),
                    }),
            );
            return None;
        };
        let Some(quantity) = assignable_quantity(info) else {
            self.found.push(fixed(name, "a sensor or index is only read"));
            return None;
        };
        if self.place != Where::Synapses {
            self.found.push(
                Diagnostic::error(
                    Code::E0206,
                    name.span,
                    format!("a neuron has no `{}`", name.name),
                )
                .label(name.span, "assigned here")
                .help("move the statement into a `synapses` block"),
            );
            return None;
        }
        Some(if quantity == Quantity::Weight { Target::Weight } else { Target::Address })
    }

    /// The value a target has before the assignment.
    fn old_value(&self, target: Target, span: Span) -> Expr {
        let plain = Dimension::NUMBER;
        let (kind, number, interval, dimension) = match target {
            Target::Weight => {
                (ExprKind::Quantity(Quantity::Weight), Kind::Int, hir::weights(self.signed), plain)
            }
            Target::Address => {
                (ExprKind::Quantity(Quantity::Address), Kind::Int, hir::ADDRESSES, plain)
            }
            Target::State(index) => {
                let state = &self.states[index];
                (ExprKind::State(index), state.kind, state.interval, state.dimension)
            }
            Target::Local(id) => {
                let local = &self.locals[id.0];
                (ExprKind::Local(id), local.number, local.interval, local.dimension)
            }
        };
        Expr { kind, number, interval, dimension, span }
    }

    fn check_assigned(&mut self, target: Target, value: &Expr) -> Option<()> {
        if let Target::Local(id) = target {
            self.kind_kept(id, value)?;
            let local = &mut self.locals[id.0];
            if (local.number == Kind::Bool) != (value.number == Kind::Bool) {
                let (number, span) = (local.number, local.span);
                self.found.push(
                    Diagnostic::error(Code::E0301, value.span, "the name keeps its kind")
                        .label(value.span, format!("this is {}", value.number.name()))
                        .label(span, format!("declared as {}", number.name())),
                );
                return None;
            }
            local.interval = value.interval;
            if value.number == Kind::Real {
                local.number = Kind::Real;
            }
            return Some(());
        }
        let truth = match target {
            Target::State(index) => self.states[index].kind == Kind::Bool,
            Target::Weight | Target::Address | Target::Local(_) => false,
        };
        if truth != (value.number == Kind::Bool) {
            let (what, help) = if truth {
                ("a truth value is stored here", "compare it with something, as in `x > 0`")
            } else {
                ("a number is stored here", "use `if` to store different values")
            };
            self.found.push(
                Diagnostic::error(Code::E0301, value.span, what)
                    .label(value.span, format!("this is {}", value.number.name()))
                    .help(help),
            );
            return None;
        }
        if target == Target::Address
            && (value.number != Kind::Int || !hir::ADDRESSES.contains(value.interval))
        {
            let what = if value.number == Kind::Int {
                format!("its values are {}", value.interval)
            } else {
                "this is a real".to_owned()
            };
            self.found.push(
                Diagnostic::error(Code::E0406, value.span, "an address must stay in 0 .. 63")
                    .label(value.span, what)
                    .labels(build::origins(value))
                    .help("limit it, as in `clamp(x, 0, 63)`, or draw it with `randint(0, 8)`"),
            );
            return None;
        }
        Some(())
    }

    /// Checks that a name which a loop changes stays an integer if it is one: it is kept from round
    /// to round.
    fn kind_kept(&mut self, id: hir::LocalId, value: &Expr) -> Option<()> {
        let outside = self.loops.last().is_some_and(|first| id.0 < *first);
        let local = &self.locals[id.0];
        if !outside || local.number != Kind::Int || value.number != Kind::Real {
            return Some(());
        }
        let found = Diagnostic::error(Code::E0302, value.span, "the name is an integer")
            .label(value.span, "this is a real, in a loop")
            .label(local.span, "declared as an integer")
            .help("begin with a real, as in `let x = 0.0`");
        self.found.push(found);
        None
    }

    fn choose(
        &mut self,
        arms: &'a [ast::IfArm],
        otherwise: Option<&'a [ast::Stmt]>,
    ) -> Option<Stmt> {
        let (first, rest) = arms.split_first()?;
        let cond = self.expr(&first.cond).map(build::condition);
        let cond = cond.and_then(|cond| self.keep(cond));
        let mut before = core::mem::take(&mut self.before);
        let start = self.locals.clone();
        let then = self.body(&first.body);
        let after_then = core::mem::replace(&mut self.locals, start);
        // Locals made in the branch keep their numbers.
        self.locals.extend(after_then.iter().skip(self.locals.len()).cloned());
        let otherwise = if rest.is_empty() {
            otherwise.map(|body| self.body(body)).unwrap_or_default()
        } else {
            let inner = self.choose(rest, otherwise);
            let mut body = core::mem::take(&mut self.before);
            body.extend(inner);
            body
        };
        for (local, then) in self.locals.iter_mut().zip(after_then) {
            local.interval = local.interval.hull(then.interval);
            if then.number == Kind::Real {
                local.number = Kind::Real;
            }
        }
        self.before.append(&mut before);
        Some(Stmt::If { cond: cond?, then, otherwise })
    }

    fn reset(&mut self, name: &ast::Ident) -> Option<Stmt> {
        let sensor = builtins::quantity(&name.name).and_then(|info| info.sensor);
        let wanted = match sensor {
            Some(Sensor::Causal | Sensor::Acausal) => Where::Synapses,
            Some(Sensor::Rate | Sensor::Membrane) => Where::Neurons,
            None => {
                let near = did_you_mean(&name.name, ["causal", "acausal", "rate", "membrane"]);
                let message = format!("`{}` cannot be reset", name.name);
                self.found.push(
                    Diagnostic::error(Code::E0505, name.span, message)
                        .label(name.span, "not a sensor that can be reset")
                        .help(match near {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => {
                                "`causal`, `acausal`, `rate` and `membrane` can be reset".to_owned()
                            }
                        }),
                );
                return None;
            }
        };
        // `control` resets those of all neurons.
        let everywhere = wanted == Where::Neurons && self.place == Where::Control;
        if self.place != wanted && !everywhere {
            let block = if wanted == Where::Synapses { "synapses" } else { "neurons" };
            let message = format!("`{}` is reset in a `{block}` block", name.name);
            self.found.push(
                Diagnostic::error(Code::E0505, name.span, message)
                    .label(name.span, "this block runs over something else")
                    .help(format!("write `{block} {{ reset {} }}`", name.name)),
            );
            return None;
        }
        sensor.map(Stmt::Reset)
    }
}

fn fixed(name: &ast::Ident, why: &str) -> Diagnostic {
    Diagnostic::error(Code::E0504, name.span, format!("`{}` cannot be assigned", name.name))
        .label(name.span, why)
        .help("`weight`, `address`, states and names of `let` can be assigned")
}

fn too_long(span: Span, rounds: f64, most: u32, help: &str) -> Diagnostic {
    let message = format!("loops run over whole numbers, {most} in all at most");
    Diagnostic::error(Code::E0411, span, message)
        .label(span, format!("these are {rounds} rounds"))
        .help(help)
}
