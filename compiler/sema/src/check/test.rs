//! Tests: names, shapes and ranges of what a `test` gives and expects.

use super::items::{Items, Program};
use super::{RuleChecker, declared_twice, whole};
use crate::builtins::{self, Source};
use crate::dimension::{self, Dimension};
use crate::hir::{self, Kind, Place};
use crate::host::{Function, Operator};
use crate::interval::Interval;
use crate::test::{Expr, Reduction, Step, StepKind, Target, Test, Values};
use pl_diag::{Code, Diagnostic, Span, did_you_mean};
use pl_ir::op::Cond;
use pl_ir::{Quantity, Scope};
use pl_syntax::ast;

/// Checks the tests of a file whose sound rules are `rules`. Tests of rules with errors are left
/// out in silence.
#[must_use]
pub fn check_tests(program: &Program<'_>, rules: &[hir::Rule]) -> (Vec<Test>, Vec<Diagnostic>) {
    // What is wrong with the items has been reported with the rules.
    let items = Items::of(program, &mut Vec::new());
    let (mut tests, mut found) = (Vec::<Test>::new(), Vec::new());
    for item in &program.file.items {
        let ast::Item::Test(test) = item else { continue };
        if let Some(before) = tests.iter().find(|other| other.name == test.name.name) {
            found.push(declared_twice(&test.name, before.span));
        }
        let Some(rule) = rules.iter().find(|rule| rule.name == test.rule.name) else {
            found.extend(unknown_rule(program, &test.rule));
            continue;
        };
        let mut checker = TestChecker::new(&items, rule);
        let checked = checker.test(test);
        let diagnostics = checker.constants.found;
        let sound = !diagnostics.iter().any(Diagnostic::is_error);
        tests.extend(Some(checked).filter(|_| sound));
        found.extend(diagnostics);
    }
    (tests, found)
}

fn unknown_rule(program: &Program<'_>, name: &ast::Ident) -> Option<Diagnostic> {
    let names = || {
        program.file.items.iter().filter_map(|item| {
            if let ast::Item::Rule(rule) = item { Some(rule.name.name.as_str()) } else { None }
        })
    };
    if names().any(|known| known == name.name) {
        return None;
    }
    let help = match did_you_mean(&name.name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "a test stands in the file of its rule".to_owned(),
    };
    let message = format!("this file has no rule `{}`", name.name);
    Some(
        Diagnostic::error(Code::E0801, name.span, message)
            .label(name.span, "an unknown rule")
            .help(help),
    )
}

/// Whether an expression is a number or a truth value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Number,
    Truth,
}

struct TestChecker<'a> {
    rule: &'a hir::Rule,
    /// Evaluates constants, and collects what is wrong.
    constants: RuleChecker<'a>,
    rows: usize,
    columns: usize,
}

/// Values an assignment of a test may give.
struct Allowed {
    kind: Kind,
    interval: Interval,
    dimension: Dimension,
    scope: Scope,
}

impl<'a> TestChecker<'a> {
    fn new(items: &'a Items<'a>, rule: &'a hir::Rule) -> TestChecker<'a> {
        TestChecker { rule, constants: RuleChecker::new(items), rows: 1, columns: 1 }
    }

    fn report(&mut self, code: Code, span: Span, message: String, label: &str, help: String) {
        let found = Diagnostic::error(code, span, message).label(span, label).help(help);
        self.constants.found.push(found);
    }

    fn test(&mut self, test: &'a ast::Test) -> Test {
        let (mut steps, mut seed) = (Vec::new(), 0);
        let mut begun = false;
        for step in &test.steps {
            let kind = match &step.kind {
                ast::TestStepKind::View { rows, columns } => {
                    self.before_others(begun, step.span);
                    self.view(rows, columns);
                    None
                }
                ast::TestStepKind::Seed(value) => {
                    self.before_others(begun, step.span);
                    seed = self.count(value).unwrap_or(0);
                    None
                }
                ast::TestStepKind::Set(pairs) => Some(StepKind::Set(self.params(pairs))),
                ast::TestStepKind::Given(pairs) => Some(StepKind::Given(self.given(pairs))),
                ast::TestStepKind::Run(updates) => self.count(updates).map(StepKind::Run),
                ast::TestStepKind::Expect(condition) => self.expect(condition),
            };
            begun |= kind.is_some();
            steps.extend(kind.map(|kind| Step { kind, span: step.span }));
        }
        let expects = |step: &ast::TestStep| matches!(step.kind, ast::TestStepKind::Expect(_));
        if !test.steps.iter().any(expects) {
            let message = format!("the test `{}` expects nothing", test.name.name);
            self.constants.found.push(
                Diagnostic::warning(Code::W0721, test.name.span, message)
                    .label(test.name.span, "it passes whatever the rule does")
                    .help("add a line such as `expect weight == 12`"),
            );
        }
        Test {
            name: test.name.name.clone(),
            rule: self.rule.name.clone(),
            rows: self.rows,
            columns: self.columns,
            seed: u64::from(seed),
            steps,
            span: test.name.span,
        }
    }

    fn before_others(&mut self, begun: bool, span: Span) {
        if begun {
            let message = "`view` and `seed` stand before other steps".to_owned();
            let help = "move the line to the top of the test".to_owned();
            self.report(Code::E0804, span, message, "the test has begun", help);
        }
    }

    fn view(&mut self, rows: &ast::Expr, columns: &ast::Expr) {
        let (rows_max, columns_max) = (self.rule.rows_max, self.rule.columns_max);
        let (row_count, column_count) = (self.count(rows), self.count(columns));
        for (count, most, expr, what) in
            [(row_count, rows_max, rows, "rows"), (column_count, columns_max, columns, "columns")]
        {
            let Some(count) = count else { continue };
            if !(1..=most).contains(&count) {
                let message = format!("`{}` is for views of 1 to {most} {what}", self.rule.name);
                let help = format!("write a number from 1 to {most}");
                self.report(Code::E0805, expr.span, message, &format!("these are {count}"), help);
            } else if what == "rows" {
                self.rows = count as usize;
            } else {
                self.columns = count as usize;
            }
        }
    }

    /// A whole number of 32 bits.
    fn count(&mut self, expr: &ast::Expr) -> Option<u32> {
        let value = self.constants.constant(expr)?;
        let count = whole(value);
        if count.is_none() {
            let help = "write a whole number from 0 on".to_owned();
            let message = "a whole number is needed here".to_owned();
            self.report(Code::E0302, expr.span, message, &format!("this is {value}"), help);
        }
        count
    }

    fn params(&mut self, pairs: &'a [(ast::Ident, ast::Expr)]) -> Vec<(String, f64)> {
        let mut values = Vec::new();
        for (name, expr) in pairs {
            let Some(param) = self.rule.params.iter().find(|param| param.name == name.name) else {
                self.no_param(name);
                continue;
            };
            let Some(value) = self.constants.constant_of(expr, param.dimension) else { continue };
            let value = dimension::in_unit(value, param.scale);
            self.in_range(&name.name, param.kind, param.interval, value, expr.span);
            values.push((name.name.clone(), value));
        }
        values
    }

    fn no_param(&mut self, name: &ast::Ident) {
        let params = self.rule.params.iter().map(|param| param.name.as_str());
        let help = match did_you_mean(&name.name, params) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`set` changes params; `given` states, inputs and quantities".to_owned(),
        };
        let message = format!("`{}` has no param `{}`", self.rule.name, name.name);
        self.report(Code::E0802, name.span, message, "not a param", help);
    }

    fn in_range(&mut self, name: &str, kind: Kind, interval: Interval, value: f64, span: Span) {
        let label = format!("this is {value}");
        if !interval.contains(Interval::point(value)) {
            let message = format!("`{name}` lies in {interval}");
            self.report(Code::E0401, span, message, &label, "give another value".to_owned());
        } else if kind == Kind::Int && value.fract() != 0.0 {
            let message = format!("`{name}` is an integer");
            self.report(Code::E0302, span, message, &label, "give a whole number".to_owned());
        }
    }

    fn given(&mut self, pairs: &'a [(ast::Ident, ast::Expr)]) -> Vec<(Target, Values)> {
        let mut given = Vec::new();
        for (name, expr) in pairs {
            let Some((target, allowed)) = self.target(&name.name) else {
                self.unknown(name);
                continue;
            };
            let (by_row, measured) = (allowed.scope == Scope::Row, Some(allowed.dimension));
            let Some(values) = self.values(expr, by_row, measured) else { continue };
            let (per_row, per_column) = extent(allowed.scope);
            if values.rows.is_some() && !per_row || values.columns.is_some() && !per_column {
                let message = format!("`{}` has a value per {}", name.name, allowed.scope.name());
                let help = match allowed.scope {
                    Scope::Rule => "write one number",
                    Scope::Synapse | Scope::Neuron | Scope::Row => "write one number or one list",
                };
                self.report(Code::E0803, expr.span, message, "too many values", help.to_owned());
                continue;
            }
            let outside = |value: &&f64| {
                !allowed.interval.contains(Interval::point(**value))
                    || allowed.kind == Kind::Int && value.fract() != 0.0
            };
            if let Some(value) = values.data.iter().find(outside) {
                self.in_range(&name.name, allowed.kind, allowed.interval, *value, expr.span);
            }
            given.push((target, values));
        }
        given
    }

    /// What a name of a test stands for, and the values it has.
    fn target(&self, name: &str) -> Option<(Target, Allowed)> {
        let states = &self.rule.states;
        if let Some(index) = states.iter().position(|state| state.name == name) {
            let hir::State { kind, interval, dimension, scope, .. } = states[index];
            return Some((Target::State(index), Allowed { kind, interval, dimension, scope }));
        }
        let info = builtins::quantity(name)?;
        let Source::Chip(quantity) = info.source else { return None };
        let scope = quantity_scope(quantity);
        let interval = match quantity {
            Quantity::Weight | Quantity::SignedWeight => self.rule.weights(),
            Quantity::Address
            | Quantity::Causal
            | Quantity::Acausal
            | Quantity::CorrelationReset
            | Quantity::Rate
            | Quantity::RateReset
            | Quantity::Membrane
            | Quantity::MembraneReset => info.interval,
        };
        let dimension = info.dimension();
        let allowed = Allowed { kind: Kind::Int, interval, dimension, scope };
        Some((Target::Quantity(quantity), allowed))
    }

    fn unknown(&mut self, name: &ast::Ident) {
        let states = self.rule.states.iter().map(|state| state.name.as_str());
        let quantities = builtins::QUANTITIES.iter().map(|info| info.name);
        let is_param = self.rule.params.iter().any(|param| param.name == name.name);
        let help = match did_you_mean(&name.name, states.chain(quantities)) {
            _ if is_param => format!("params are set: `set {} = ..`", name.name),
            Some(near) => format!("did you mean `{near}`?"),
            None => "give states, inputs, and quantities of the chip".to_owned(),
        };
        let message = format!("a test cannot give `{}`", name.name);
        self.report(Code::E0802, name.span, message, "no state, input or quantity", help);
    }

    /// A number, a list or a list of lists. A flat list has a value a column, or a row if
    /// `by_row`. They measure what is said, or anything.
    fn values(
        &mut self,
        expr: &ast::Expr,
        by_row: bool,
        measured: Option<Dimension>,
    ) -> Option<Values> {
        let ast::ExprKind::Array(items) = &expr.kind else {
            return self.value(expr, measured).map(Values::one);
        };
        let is_list = |item: &ast::Expr| matches!(item.kind, ast::ExprKind::Array(_));
        if !items.iter().any(is_list) {
            let (wanted, what) = if by_row { (self.rows, "row") } else { (self.columns, "column") };
            let data = self.list(items, wanted, what, measured, expr.span)?;
            let len = Some(data.len());
            let (rows, columns) = if by_row { (len, None) } else { (None, len) };
            return Some(Values { rows, columns, data });
        }
        if items.len() != self.rows {
            self.wrong_length(expr.span, items.len(), self.rows, "row");
            return None;
        }
        let mut data = Vec::new();
        for item in items {
            let ast::ExprKind::Array(row) = &item.kind else {
                self.wrong_length(item.span, 1, self.columns, "column");
                return None;
            };
            data.extend(self.list(row, self.columns, "column", measured, item.span)?);
        }
        Some(Values { rows: Some(self.rows), columns: Some(self.columns), data })
    }

    fn list(
        &mut self,
        items: &[ast::Expr],
        wanted: usize,
        what: &str,
        measured: Option<Dimension>,
        span: Span,
    ) -> Option<Vec<f64>> {
        if items.len() != wanted {
            self.wrong_length(span, items.len(), wanted, what);
            return None;
        }
        items.iter().map(|item| self.value(item, measured)).collect()
    }

    fn value(&mut self, expr: &ast::Expr, measured: Option<Dimension>) -> Option<f64> {
        match measured {
            Some(dimension) => self.constants.constant_of(expr, dimension),
            None => self.constants.measured_constant(expr).map(|(value, _)| value),
        }
    }

    fn wrong_length(&mut self, span: Span, len: usize, wanted: usize, what: &str) {
        let message = format!("a list has a value a {what} of the view");
        let label = format!("{len} here, {wanted} {what}s");
        let help = format!("write {wanted}, or one number for all, or change `view`");
        self.report(Code::E0803, span, message, &label, help);
    }

    fn expect(&mut self, condition: &'a ast::Expr) -> Option<StepKind> {
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
            ast::ExprKind::Index { .. } | ast::ExprKind::Range(_) => {
                let help = "compare whole states with lists, as in `[1, 2]`".to_owned();
                let message = "no value of a test".to_owned();
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

/// Whether a scope has values of its own in rows, and in columns.
const fn extent(scope: Scope) -> (bool, bool) {
    match scope {
        Scope::Synapse => (true, true),
        Scope::Neuron => (false, true),
        Scope::Row => (true, false),
        Scope::Rule => (false, false),
    }
}

const fn quantity_scope(quantity: Quantity) -> Scope {
    match quantity {
        Quantity::Weight
        | Quantity::SignedWeight
        | Quantity::Address
        | Quantity::Causal
        | Quantity::Acausal
        | Quantity::CorrelationReset => Scope::Synapse,
        Quantity::Rate | Quantity::Membrane | Quantity::RateReset | Quantity::MembraneReset => {
            Scope::Neuron
        }
    }
}

/// Calls `visit` with every name in an expression.
fn names(expr: &ast::Expr, visit: &mut impl FnMut(&str)) {
    match &expr.kind {
        ast::ExprKind::Name(name) => visit(&name.name),
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
        | ast::ExprKind::Index { .. }
        | ast::ExprKind::Range(_)
        | ast::ExprKind::Error => {}
    }
}
