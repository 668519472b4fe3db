//! Names, types and scopes: from the syntax tree to typed rules.

mod assign;
mod call;
mod decl;
mod expr;
mod items;
mod loops;
mod parts;
mod resets;
mod row_state;
mod schedule;
mod stmt;
mod test;

pub use items::{Program, path as import_path};
pub use test::check_tests;

use crate::builtins;
use crate::dimension::Dimension;
use crate::hir::{self, Kind};
use crate::interval::Interval;
use crate::numerics::warnings;
use items::{Items, ModuleId};
use parts::{Members, Part};
use pl_diag::{Code, Diagnostic, Span, did_you_mean};
use pl_fixed::chip;
use pl_ir::Generators;
use pl_syntax::ast;
use std::collections::BTreeMap;

/// Checks a file: its rules, and what is wrong with them. A rule with errors is left out.
#[must_use]
pub fn check(program: &Program<'_>) -> (Vec<hir::Rule>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let items = Items::of(program, &mut found);
    let mut rules: Vec<hir::Rule> = Vec::new();
    for item in &program.file.items {
        let ast::Item::Rule(rule) = item else { continue };
        if let Some(before) = rules.iter().find(|other| other.name == rule.name.name) {
            found.push(declared_twice(&rule.name, before.span));
        }
        let (checked, mut diagnostics) = RuleChecker::new(&items).rule(program.file, rule);
        let sound = !diagnostics.iter().any(Diagnostic::is_error);
        if let Some(rule) = checked.as_ref().filter(|_| sound) {
            diagnostics.extend(warnings(rule));
        }
        // What is wrong with a rule is found again wherever it is used.
        for diagnostic in diagnostics {
            if !found.contains(&diagnostic) {
                found.push(diagnostic);
            }
        }
        rules.extend(checked.filter(|_| sound));
    }
    (rules, found)
}

pub(crate) fn declared_twice(name: &ast::Ident, before: Span) -> Diagnostic {
    Diagnostic::error(Code::E0202, name.span, format!("`{}` is declared twice", name.name))
        .label(name.span, "declared again here")
        .label(before, "first declared here")
        .help("rename one of the two")
}

/// Something of the language that this compiler does not have yet.
pub(crate) fn not_yet(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(Code::E0603, span, format!("this version does not run {what} yet"))
        .label(span, "used here")
        .help("see LANGUAGE.md for what this version runs")
}

/// What a name stands for.
#[derive(Clone)]
enum Binding {
    Param(usize),
    State(usize),
    /// States one after the other.
    Array {
        first: usize,
        len: usize,
        span: Span,
    },
    Local(hir::LocalId),
    /// The counter of a loop that stays one.
    Counter(hir::LocalId),
    /// The counter of a loop, in one of its rounds.
    Number(f64),
}

/// What is known of a local at this point.
#[derive(Clone)]
struct LocalInfo {
    number: Kind,
    interval: Interval,
    dimension: Dimension,
    /// Whether all synapses of a row see the same value.
    one_a_row: bool,
    span: Span,
}

/// Which code is being checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// Declarations: constants and params only.
    Declaration,
    Neurons,
    Synapses,
    /// `control`: the rule alone.
    Control,
}

struct RuleChecker<'a> {
    items: &'a Items<'a>,
    found: Vec<Diagnostic>,
    /// The rule and those that it uses, and the one being checked.
    parts: Vec<Part<'a>>,
    part: usize,
    /// Whether one that it uses was refused.
    parts_missing: bool,
    params: Vec<hir::Param>,
    states: Vec<hir::State>,
    locals: Vec<LocalInfo>,
    /// Names in scope, innermost last.
    scopes: Vec<BTreeMap<String, Binding>>,
    place: Where,
    /// The `synapses` block that reads correlation, and the one being checked.
    correlation_block: Option<Span>,
    block_span: Option<Span>,
    /// Most rows and columns of a view.
    rows_max: u32,
    columns_max: u32,
    /// Whether rows of the view are pairs.
    signed: bool,
    /// Number of open `if`s in vector blocks.
    branches: u32,
    /// Locals that an inlined function needs before the statement.
    before: Vec<hir::Stmt>,
    /// The module whose names are seen: another in functions that come from there.
    module: ModuleId,
    /// Rounds of loops so far that are written out.
    rounds: u32,
    /// Rounds of the open loops of `control` together.
    rounds_around: u32,
    /// Number of locals before each open loop of `control`.
    loops: Vec<usize>,
    /// Functions and constants being expanded, to refuse recursion.
    expanding: Vec<String>,
    /// Number of those that were expanded so far.
    expansions: u32,
}

impl<'a> RuleChecker<'a> {
    fn new(items: &'a Items<'a>) -> RuleChecker<'a> {
        RuleChecker {
            items,
            found: Vec::new(),
            parts: Vec::new(),
            part: 0,
            parts_missing: false,
            params: Vec::new(),
            states: Vec::new(),
            locals: Vec::new(),
            scopes: vec![BTreeMap::new()],
            place: Where::Declaration,
            correlation_block: None,
            block_span: None,
            rows_max: chip::ROWS.into(),
            columns_max: chip::COLUMNS.into(),
            signed: false,
            branches: 0,
            before: Vec::new(),
            module: ModuleId::FILE,
            rounds: 0,
            rounds_around: 1,
            loops: Vec::new(),
            expanding: Vec::new(),
            expansions: 0,
        }
    }

    fn rule(
        mut self,
        module: &ast::Module,
        rule: &'a ast::Rule,
    ) -> (Option<hir::Rule>, Vec<Diagnostic>) {
        let members = self.members(rule);
        for (part, member) in &members {
            if let ast::Member::Decl(decl) = member {
                self.within(*part, |checker| checker.decl(decl));
            }
        }
        let rows_span = self.view(&members);
        let times = self.schedules(&members);
        let mut start = Vec::new();
        let mut blocks = Vec::new();
        let mut records = Vec::new();
        for (part, member) in members {
            let due = |head| times.as_ref().map_or(hir::Due::Always, |times| times.due(part, head));
            self.within(part, |checker| match member {
                ast::Member::Block(block) => blocks.push(checker.block(block, due(None))),
                ast::Member::Schedule(schedule) => {
                    let due = due(Some(schedule.head));
                    let owned = schedule.blocks.iter().flatten();
                    blocks.extend(owned.map(|block| checker.block(block, due)));
                }
                ast::Member::Start(steps) => start.extend(checker.start(steps)),
                // Which samples are taken is said by the rule that uses others.
                ast::Member::Record(record) if part == 0 => {
                    records.extend(checker.record(record));
                }
                ast::Member::View(_)
                | ast::Member::HardwareRng(_)
                | ast::Member::Rounding { .. }
                | ast::Member::Decl(_)
                | ast::Member::Use(_)
                | ast::Member::Record(_)
                | ast::Member::Replicated(_) => {}
            });
        }
        self.found.extend(resets::postpone(&mut blocks, &records));
        let doc = if rule.doc.is_empty() { &module.doc } else { &rule.doc };
        let hardware = |part: &Part<'_>| part.says(|m| matches!(m, ast::Member::HardwareRng(_)));
        let hardware = self.parts.iter().any(hardware);
        let replicated = |member: &ast::Member| matches!(member, ast::Member::Replicated(_));
        let checked = times.map(|times| hir::Rule {
            name: rule.name.name.clone(),
            doc: doc.clone(),
            span: rule.name.span,
            params: self.params,
            states: self.states,
            rows_max: self.rows_max,
            rows_span,
            columns_max: self.columns_max,
            signed: self.signed,
            replicated: self.parts[0].says(replicated),
            generators: if hardware { Generators::Hardware } else { Generators::Own },
            schedule: times.common,
            locals: self.locals.len(),
            start,
            blocks,
            records,
        });
        (checked, self.found)
    }

    /// Limits of the view, the narrowest of all parts; gives the place where that of its rows is
    /// written, if it is.
    fn view(&mut self, members: &Members<'a>) -> Option<Span> {
        self.same_views();
        self.signed = self.parts[0].is_signed();
        // Rows of a signed view are pairs.
        let rows_of = |signed: bool| u32::from(if signed { chip::ROWS / 2 } else { chip::ROWS });
        let rows_most = rows_of(self.signed);
        let columns_most = chip::COLUMNS.into();
        self.rows_max = rows_most;
        let mut rows_span = None;
        for (part, member) in members {
            let ast::Member::View(view) = member else { continue };
            match &view.kind {
                ast::ViewKind::Rows(rows) => {
                    let highest = rows_of(self.parts[*part].is_signed());
                    let most = self.within(*part, |c| c.view_limit(rows, "rows", highest));
                    let most = most.map(|most| most.min(rows_most));
                    if let Some(most) = most.filter(|m| *m < self.rows_max || rows_span.is_none()) {
                        (self.rows_max, rows_span) = (most, Some(view.span));
                    }
                }
                ast::ViewKind::Columns(columns) => {
                    let most =
                        self.within(*part, |c| c.view_limit(columns, "columns", columns_most));
                    self.columns_max = most.map_or(self.columns_max, |m| m.min(self.columns_max));
                }
                ast::ViewKind::Signed => {}
            }
        }
        rows_span
    }

    fn view_limit(&mut self, limit: &ast::Expr, what: &str, highest: u32) -> Option<u32> {
        let value = self.constant(limit)?;
        let known = whole(value).filter(|most| (1..=highest).contains(most));
        if known.is_none() {
            let message = format!("a view cannot have {value} {what}");
            let pairs = if highest == 128 { ": rows of a signed view are pairs" } else { "" };
            self.found.push(
                Diagnostic::error(Code::E0604, limit.span, message)
                    .label(limit.span, format!("not a whole number from 1 to {highest}{pairs}"))
                    .help(format!("write `view {what} <= {highest}` or less")),
            );
        }
        known
    }

    fn start(&mut self, start: &'a ast::Start) -> Vec<hir::Block> {
        let mut blocks = Vec::new();
        let mut steps = start.steps.iter().peekable();
        while let Some(step) = steps.next() {
            match step {
                ast::StartStep::Block(block) => {
                    blocks.push(self.block(block, hir::Due::Always));
                }
                ast::StartStep::Stmt(first) => {
                    // Statements between blocks are those of one `control` block.
                    let mut body = vec![first];
                    while let Some(ast::StartStep::Stmt(next)) = steps.peek() {
                        body.push(next);
                        steps.next();
                    }
                    let kind = ast::BlockKind::Control;
                    blocks.push(self.block_of(kind, start.span, body, hir::Due::Always));
                }
            }
        }
        blocks
    }

    fn record(&mut self, record: &ast::Record) -> Option<hir::Record> {
        let every = self.constant(&record.every)?;
        let Some(every) = whole(every).filter(|n| *n > 0) else {
            let span = record.every.span;
            self.found.push(
                Diagnostic::error(Code::E0508, span, "a record is taken every 1 or more updates")
                    .label(span, format!("this is {every}"))
                    .help("write a whole number, as in `every 100 updates`"),
            );
            return None;
        };
        let mut fields = Vec::new();
        let mut sound = true;
        for name in &record.quantities {
            if let Some(Binding::Array { first, len, .. }) = self.lookup(&name.name) {
                let elements = *first..first + len;
                let named = |i: usize| (self.states[i].name.clone(), hir::Recorded::State(i));
                fields.extend(elements.map(named));
                continue;
            }
            match self.recorded(name) {
                Some(source) => fields.push((name.name.clone(), source)),
                None => {
                    self.found.push(self.no_record(name));
                    sound = false;
                }
            }
        }
        sound.then_some(hir::Record { fields, every, span: record.span })
    }

    fn recorded(&self, name: &ast::Ident) -> Option<hir::Recorded> {
        if let Some(Binding::State(index)) = self.lookup(&name.name) {
            return Some(hir::Recorded::State(*index));
        }
        match builtins::quantity(&name.name)?.source {
            builtins::Source::Chip(quantity) => Some(hir::Recorded::Quantity(quantity)),
            builtins::Source::Place(_) => None,
        }
    }

    fn no_record(&self, name: &ast::Ident) -> Diagnostic {
        let states = self.states.iter().map(|state| state.name.as_str());
        let chip = builtins::QUANTITIES
            .iter()
            .filter(|info| matches!(info.source, builtins::Source::Chip(_)))
            .map(|info| info.name);
        let near = did_you_mean(&name.name, states.chain(chip));
        Diagnostic::error(Code::E0506, name.span, format!("`{}` has no record", name.name))
            .label(name.span, "neither a quantity of the chip nor a state")
            .help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "record quantities such as `weight`, or states".to_owned(),
            })
    }

    fn lookup(&self, name: &str) -> Option<&Binding> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name))
    }

    /// Adds a name to the innermost scope; a name of the rule cannot be declared twice.
    fn bind(&mut self, name: &str, binding: Binding) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), binding);
        }
    }

    /// Keeps a value, or reports why there is none.
    fn keep<T>(&mut self, value: Result<T, Diagnostic>) -> Option<T> {
        value.map_err(|found| self.found.push(found)).ok()
    }
}

/// A value as a whole number that 32 bits hold.
fn whole(value: f64) -> Option<u32> {
    let fits = value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    fits.then_some(value as u32)
}
