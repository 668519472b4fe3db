//! Tests: names, shapes and ranges of what a `test` gives and expects.

mod condition;

use super::items::{Items, Program};
use super::{RuleChecker, declared_twice, whole};
use crate::builtins::{self, Source};
use crate::dimension::{self, Dimension};
use crate::hir::{self, Kind};
use crate::interval::Interval;
use crate::test::{Step, StepKind, Target, Test, Values};
use pl_diag::{Code, Diagnostic, Span, did_you_mean};
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

    fn given(&mut self, pairs: &'a [(ast::Place, ast::Expr)]) -> Vec<(Target, Values)> {
        let mut given = Vec::new();
        for (ast::Place { name, index, .. }, expr) in pairs {
            let Some((targets, allowed)) = self.targets(name, index.as_ref()) else { continue };
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
            given.extend(targets.into_iter().map(|target| (target, values.clone())));
        }
        given
    }

    /// What is given: a quantity or state, an element of an array or all of them.
    fn targets(
        &mut self,
        name: &'a ast::Ident,
        index: Option<&'a ast::Expr>,
    ) -> Option<(Vec<Target>, Allowed)> {
        if let Some(index) = index {
            return self.element(name, index).map(|(target, allowed)| (vec![target], allowed));
        }
        if let Some((target, allowed)) = self.target(&name.name) {
            return Some((vec![target], allowed));
        }
        let Some((_, allowed)) = self.target(&format!("{}.0", name.name)) else {
            self.unknown(name);
            return None;
        };
        let elements = (0..).map_while(|i| self.target(&format!("{}.{i}", name.name)));
        Some((elements.map(|(target, _)| target).collect(), allowed))
    }

    /// An element of an array, by a constant.
    fn element(&mut self, array: &ast::Ident, index: &ast::Expr) -> Option<(Target, Allowed)> {
        let name = &array.name;
        if self.target(&format!("{name}.0")).is_none() {
            let message = format!("`{name}` is no array");
            let help = "arrays of states and inputs have elements".to_owned();
            self.report(Code::E0203, array.span, message, "an element of this", help);
            return None;
        }
        let value = self.constants.constant(index)?;
        let found = self.target(&format!("{name}.{value}"));
        if found.is_none() {
            let message = format!("`{name}` has no element {value}");
            let help = "the first is number 0".to_owned();
            self.report(Code::E0410, index.span, message, "this one", help);
        }
        found
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
