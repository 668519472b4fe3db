//! State of rows: what `synapses` blocks store in it has to be the same for all synapses of the row.

use super::RuleChecker;
use crate::hir::{Expr, ExprKind, Place, Rounding};
use pl_diag::{Code, Diagnostic};
use pl_ir::Scope;

impl RuleChecker<'_> {
    /// Checks a value that is stored for a row.
    pub(super) fn check_row_state(&mut self, value: &Expr) -> Option<()> {
        let at_random = self.parts[self.part].rounding() == Rounding::Stochastic;
        let (label, help) = if self.branches > 0 {
            ("an `if` chooses synapses one by one", "compute it outside, with `min` and `max`")
        } else if !self.one_a_row(value) {
            (
                "this differs from synapse to synapse",
                "use `row`, `row_sign`, params, inputs and states of the row or the rule",
            )
        } else if at_random {
            (
                "`rounding stochastic` draws for each synapse",
                "keep it in a rule that rounds otherwise",
            )
        } else {
            return Some(());
        };
        let message = "a row has one value of this state";
        let found = Diagnostic::error(Code::E0510, value.span, message);
        self.found.push(found.label(value.span, label).help(help));
        None
    }

    /// Whether all synapses of a row see the same value.
    pub(super) fn one_a_row(&self, expr: &Expr) -> bool {
        let own = match &expr.kind {
            ExprKind::Quantity(_) | ExprKind::Uniform(..) | ExprKind::RandInt(..) => false,
            ExprKind::Place(place) => *place != Place::Column,
            ExprKind::State(index) => matches!(self.states[*index].scope, Scope::Row | Scope::Rule),
            ExprKind::Local(id) => self.locals[id.0].one_a_row,
            ExprKind::Host(_)
            | ExprKind::Element { .. }
            | ExprKind::Neg(_)
            | ExprKind::Add(..)
            | ExprKind::WrappingAdd(..)
            | ExprKind::Sub(..)
            | ExprKind::Mul(..)
            | ExprKind::Div(..)
            | ExprKind::Min(..)
            | ExprKind::Max(..)
            | ExprKind::Abs(_)
            | ExprKind::Sign(_)
            | ExprKind::Reduce { .. }
            | ExprKind::Compare(..)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Not(_) => true,
        };
        own && expr.operands().into_iter().all(|operand| self.one_a_row(operand))
    }
}
