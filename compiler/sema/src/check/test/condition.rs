//! Conditions that a `test` expects: sorts, names and functions.

use super::TestChecker;
use crate::builtins::{self, Source};
use crate::hir::Place;
use crate::host::{Function, Operator};
use crate::test::{Expr, Reduction, StepKind, Values};
use pl_diag::{Code, Span};
use pl_ir::Scope;
use pl_ir::op::Cond;
use pl_syntax::ast;

/// Whether an expression is a number or a truth value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Number,
    Truth,
}

impl<'a> TestChecker<'a> {
    pub(super) fn expect(&mut self, condition: &'a ast::Expr) -> Option<StepKind> {
        let by_row = self.only_rows(condition);
        let expr = self.sorted(condition, Sort::Truth, by_row)?;
        Some(StepKind::Expect(expr))
    }

    /// Whether an expression speaks of rows alone, so that its lists have a value a row.
    fn only_rows(&self, expr: &ast::Expr) -> bool {
        let mut scopes = Vec::new();
        names(expr, &mut |name| {
            scopes.extend(self.target(name).map(|(_, allowed)| allowed.scope));
        });
        let columns = scopes.iter().any(|s| matches!(s, Scope::Synapse | Scope::Neuron));
        scopes.contains(&Scope::Row) && !columns
    }

    /// An expression of a known sort.
    fn sorted(&mut self, expr: &'a ast::Expr, wanted: Sort, by_row: bool) -> Option<Expr> {
        let (checked, sort) = self.expr(expr, by_row)?;
        if sort == wanted {
            return Some(checked);
        }
        let (code, message) = match wanted {
            Sort::Number => (Code::E0301, "a number is needed here"),
            Sort::Truth => (Code::E0303, "a condition is needed here"),
        };
        let help = "write a comparison, as in `expect weight == 12`".to_owned();
        self.report(code, expr.span, message.to_owned(), "not this", help);
        None
    }

    fn expr(&mut self, expr: &'a ast::Expr, by_row: bool) -> Option<(Expr, Sort)> {
        let number = |expr| Some((expr, Sort::Number));
        let truth = |expr| Some((expr, Sort::Truth));
        match &expr.kind {
            ast::ExprKind::Error => None,
            ast::ExprKind::Paren(inner) => self.expr(inner, by_row),
            ast::ExprKind::Bool(value) => {
                truth(Expr::Values(Values::one(f64::from(u8::from(*value)))))
            }
            ast::ExprKind::Number(_) | ast::ExprKind::Array(_) => {
                number(Expr::Values(self.values(expr, by_row, None)?))
            }
            ast::ExprKind::Name(name) => number(self.name(name, expr)?),
            ast::ExprKind::Unary { op: ast::UnaryOp::Neg, operand } => {
                let operand = self.sorted(operand, Sort::Number, by_row)?;
                number(Expr::Unary(Function::Neg, Box::new(operand)))
            }
            ast::ExprKind::Unary { op: ast::UnaryOp::Not, operand } => {
                truth(Expr::Not(Box::new(self.sorted(operand, Sort::Truth, by_row)?)))
            }
            ast::ExprKind::Binary { op, left, right, .. } => {
                // Lists belong to what they are compared with.
                let by_row = if op.is_comparison() { self.only_rows(expr) } else { by_row };
                self.binary(*op, left, right, by_row)
            }
            ast::ExprKind::Call { function, args } => number(self.call(function, args, by_row)?),
            ast::ExprKind::Reduce { op, operand, over: (axis, _) } => {
                number(self.reduce(*op, operand, *axis, by_row, expr.span)?)
            }
            ast::ExprKind::Index { array, index } => {
                self.element(array, index).map(|(target, _)| (Expr::Target(target), Sort::Number))
            }
            ast::ExprKind::Range(_) => {
                let help = "ends of a range are compared one by one".to_owned();
                let message = "a range is no value".to_owned();
                self.report(Code::E0806, expr.span, message, "not here", help);
                None
            }
        }
    }

    fn name(&mut self, name: &ast::Ident, expr: &ast::Expr) -> Option<Expr> {
        if let Some((target, _)) = self.target(&name.name) {
            return Some(Expr::Target(target));
        }
        let params = &self.rule.params;
        if let Some(index) = params.iter().position(|param| param.name == name.name) {
            let scale = Box::new(Expr::Values(Values::one(params[index].scale)));
            return Some(Expr::Binary(Operator::Mul, Box::new(Expr::Param(index)), scale));
        }
        match builtins::quantity(&name.name).map(|info| info.source) {
            Some(Source::Place(Place::Row)) => Some(Expr::Index(Scope::Row)),
            Some(Source::Place(Place::Column)) => Some(Expr::Index(Scope::Neuron)),
            Some(_) | None => self.value(expr, None).map(|x| Expr::Values(Values::one(x))),
        }
    }

    fn binary(
        &mut self,
        op: ast::BinaryOp,
        left: &'a ast::Expr,
        right: &'a ast::Expr,
        by_row: bool,
    ) -> Option<(Expr, Sort)> {
        let logic = matches!(op, ast::BinaryOp::And | ast::BinaryOp::Or);
        let wanted = if logic { Sort::Truth } else { Sort::Number };
        let left = self.sorted(left, wanted, by_row);
        let right = self.sorted(right, wanted, by_row);
        let (left, right) = (Box::new(left?), Box::new(right?));
        let compared = |cond, left, right| (Expr::Compare(cond, left, right), Sort::Truth);
        let computed = |op, left, right| (Expr::Binary(op, left, right), Sort::Number);
        Some(match op {
            ast::BinaryOp::And => (Expr::And(left, right), Sort::Truth),
            ast::BinaryOp::Or => (Expr::Or(left, right), Sort::Truth),
            ast::BinaryOp::Add => computed(Operator::Add, left, right),
            ast::BinaryOp::Sub => computed(Operator::Sub, left, right),
            ast::BinaryOp::Mul => computed(Operator::Mul, left, right),
            ast::BinaryOp::Div => computed(Operator::Div, left, right),
            ast::BinaryOp::Eq => compared(Cond::Eq, left, right),
            ast::BinaryOp::Ne => compared(Cond::Ne, left, right),
            ast::BinaryOp::Lt => compared(Cond::Lt, left, right),
            ast::BinaryOp::Le => compared(Cond::Le, left, right),
            ast::BinaryOp::Gt => compared(Cond::Gt, left, right),
            ast::BinaryOp::Ge => compared(Cond::Ge, left, right),
        })
    }

    fn call(&mut self, name: &ast::Ident, args: &'a [ast::Expr], by_row: bool) -> Option<Expr> {
        let one = [
            ("abs", Function::Abs),
            ("sign", Function::Sign),
            ("exp", Function::Exp),
            ("ln", Function::Ln),
            ("sqrt", Function::Sqrt),
        ];
        let two = [("min", Operator::Min), ("max", Operator::Max), ("pow", Operator::Pow)];
        let one = one.iter().find(|(known, _)| *known == name.name);
        let two = two.iter().find(|(known, _)| *known == name.name);
        match (one, two, args) {
            (Some((_, function)), _, [arg]) => {
                let arg = self.sorted(arg, Sort::Number, by_row)?;
                Some(Expr::Unary(*function, Box::new(arg)))
            }
            (_, Some((_, op)), [a, b]) => {
                let a = self.sorted(a, Sort::Number, by_row);
                let b = self.sorted(b, Sort::Number, by_row);
                Some(Expr::Binary(*op, Box::new(a?), Box::new(b?)))
            }
            _ => {
                let help = "a test has abs, sign, exp, ln, sqrt of one and min, max, pow of two \
                            numbers"
                    .to_owned();
                let message = format!("a test cannot call `{}` like this", name.name);
                self.report(Code::E0806, name.span, message, "called here", help);
                None
            }
        }
    }

    fn reduce(
        &mut self,
        op: ast::ReduceOp,
        operand: &'a ast::Expr,
        axis: ast::Axis,
        by_row: bool,
        span: Span,
    ) -> Option<Expr> {
        let (reduction, sort) = match op {
            ast::ReduceOp::Sum => (Reduction::Sum, Sort::Number),
            ast::ReduceOp::Mean => (Reduction::Mean, Sort::Number),
            ast::ReduceOp::Min => (Reduction::Min, Sort::Number),
            ast::ReduceOp::Max => (Reduction::Max, Sort::Number),
            ast::ReduceOp::Count => (Reduction::Sum, Sort::Truth),
            ast::ReduceOp::Argmax => {
                let message = "a test has no `argmax`".to_owned();
                let help = "expect the state that holds it".to_owned();
                self.report(Code::E0806, span, message, "not here", help);
                return None;
            }
        };
        let over = match axis {
            ast::Axis::Synapses => Scope::Row,
            ast::Axis::Neurons => Scope::Neuron,
        };
        let operand = self.sorted(operand, sort, by_row)?;
        Some(Expr::Reduce(reduction, over, Box::new(operand)))
    }
}

/// Calls `visit` with every name in an expression.
fn names(expr: &ast::Expr, visit: &mut impl FnMut(&str)) {
    match &expr.kind {
        ast::ExprKind::Name(name) => visit(&name.name),
        // All elements belong to the same.
        ast::ExprKind::Index { array, .. } => visit(&format!("{}.0", array.name)),
        ast::ExprKind::Paren(inner) | ast::ExprKind::Unary { operand: inner, .. } => {
            names(inner, visit);
        }
        ast::ExprKind::Reduce { operand, .. } => names(operand, visit),
        ast::ExprKind::Binary { left, right, .. } => {
            names(left, visit);
            names(right, visit);
        }
        ast::ExprKind::Call { args, .. } | ast::ExprKind::Array(args) => {
            args.iter().for_each(|arg| names(arg, visit));
        }
        ast::ExprKind::Number(_)
        | ast::ExprKind::Bool(_)
        | ast::ExprKind::Range(_)
        | ast::ExprKind::Error => {}
    }
}
