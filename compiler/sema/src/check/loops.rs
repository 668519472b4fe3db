//! Loops: written out for the vector unit, kept in `control`.

use super::{Binding, RuleChecker, Where, whole};
use crate::build;
use crate::hir::{self, Kind, Stmt};
use crate::interval::Interval;
use pl_diag::{Code, Diagnostic, Span};
use pl_syntax::ast;
use std::collections::BTreeMap;

/// Most rounds of all loops of a rule that are written out.
const ROUNDS_MAX: u32 = 1024;
/// Most rounds of a loop of `control` with those around it.
const ROUNDS_MAX_CONTROL: u32 = 65536;
impl<'a> RuleChecker<'a> {
    /// A loop: in vector blocks its statements, once for each value of the counter.
    pub(super) fn repeat(
        &mut self,
        var: &ast::Ident,
        range: &ast::Range,
        body: &'a [ast::Stmt],
    ) -> Vec<Stmt> {
        self.refuse_hidden_quantity(var);
        let (Some(low), Some(high)) = (self.constant(&range.low), self.constant(&range.high))
        else {
            return Vec::new();
        };
        if low > high {
            self.found.push(
                Diagnostic::error(Code::E0405, range.span, "the range is empty")
                    .label(range.span, format!("{low} is larger than {high}"))
                    .help("loops count upwards: write the smaller end first"),
            );
            return Vec::new();
        }
        let rounds = high - low;
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
}

fn too_long(span: Span, rounds: f64, most: u32, help: &str) -> Diagnostic {
    let message = format!("loops run over whole numbers, {most} in all at most");
    Diagnostic::error(Code::E0411, span, message)
        .label(span, format!("these are {rounds} rounds"))
        .help(help)
}
