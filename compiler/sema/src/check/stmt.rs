//! Blocks and statements other than assignments and loops.

use super::{Binding, RuleChecker, Where};
use crate::build::{self, Numbers};
use crate::builtins;
use crate::hir::{self, Expr, Kind, Over, Sensor, Stmt};
use crate::interval::Interval;
use pl_diag::{Code, Diagnostic, Span, did_you_mean};
use pl_syntax::ast;
use std::collections::BTreeMap;

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
        let rounding = self.parts[self.part].rounding();
        hir::Block { due, over, rounding, after_records: false, body }
    }

    pub(super) fn body(&mut self, body: impl IntoIterator<Item = &'a ast::Stmt>) -> Vec<Stmt> {
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
        if function.name != "send" {
            let known = builtins::function(&function.name).is_some()
                || self.items.function(self.module, &function.name).is_some();
            if !known {
                self.found.push(self.unknown_function(function));
                return None;
            }
            self.found.push(
                Diagnostic::error(Code::E0118, call.span, "a value that is not used")
                    .label(call.span, "computed and dropped")
                    .help("only `send(row, address)` does something by itself"),
            );
            return None;
        }
        let [row, address] = args.as_slice() else {
            let has = format!("it has {}", args.len());
            self.found.push(
                Diagnostic::error(Code::E0205, call.span, "`send` takes a row and an address")
                    .label(call.span, has)
                    .help("write `send(row, address)`"),
            );
            return None;
        };
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
                    value.interval.said()
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
        self.refuse_hidden_quantity(name);
        let value = self.expr(value);
        let ty = ty.and_then(|ty| Some((self.number_type(ty, self.numbers())?, ty.span)));
        let mut value = match value {
            Some(value) => value,
            // Reported; the name stands for anything from here on.
            None => build::literal(0.0, true, name.span),
        };
        if let Some((ty, span)) = ty {
            self.keep(build::measured(value.clone(), ty.dimension));
            // Also after a mistake, which is reported once.
            value.dimension = ty.dimension;
            self.fits(&value, ty.kind, ty.interval, span);
        }
        let id = self.new_local(&value, name.span);
        self.bind(&name.name, Binding::Local(id));
        Some(Stmt::Let(id, value))
    }

    /// Checks a value against a written type.
    pub(super) fn fits(&mut self, value: &Expr, kind: Kind, interval: Interval, declared: Span) {
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
                    .label(value.span, value.interval.said())
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
        self.branches += 1;
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
            local.one_a_row &= then.one_a_row;
        }
        self.branches -= 1;
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
        sensor.map(|sensor| Stmt::Reset(sensor, name.span))
    }
}
