//! Assignments: targets, and what may be stored in them.

use super::expr::{Element, array_as_whole, assignable, assignable_quantity};
use super::{Binding, RuleChecker, Where};
use crate::build;
use crate::builtins;
use crate::dimension::Dimension;
use crate::hir::{self, Expr, ExprKind, Kind, Stmt, Target};
use crate::host::Operator;
use pl_diag::{Code, Diagnostic, Span, did_you_mean};
use pl_ir::{Quantity, Scope};
use pl_syntax::ast;

impl<'a> RuleChecker<'a> {
    pub(super) fn assign(
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
                    match self.place {
                        Where::Control => format!("`control` sees no single `{}`", name.name),
                        Where::Declaration | Where::Neurons | Where::Synapses => {
                            format!("a neuron has no `{}`", name.name)
                        }
                    },
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
            let one_a_row = self.branches == 0 && self.one_a_row(value);
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
            local.one_a_row = one_a_row;
            if value.number == Kind::Real {
                local.number = Kind::Real;
            }
            return Some(());
        }
        if let Target::State(index) = target
            && self.states[index].scope == Scope::Row
        {
            self.check_row_state(value)?;
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
                value.interval.said()
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
}

fn fixed(name: &ast::Ident, why: &str) -> Diagnostic {
    Diagnostic::error(Code::E0504, name.span, format!("`{}` cannot be assigned", name.name))
        .label(name.span, why)
        .help("`weight`, `address`, states and names of `let` can be assigned")
}
