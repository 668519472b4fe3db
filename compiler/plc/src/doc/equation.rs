//! What a rule does, in signs of mathematics: a line for each assignment with its condition.

use super::expression::{Names, operand, sign, value};
use crate::html::escaped;
use crate::modules::{Modules, SourceFile};
use pl_driver::syntax::ast::{
    AssignOp, Block, BlockKind, Expr, FnBody, Ident, Item, Member, Rule, Schedule, ScheduleKind,
    StartStep, Stmt, StmtKind, Use,
};
use std::fmt::Write as _;

/// The section of a page: HTML.
pub(super) fn section(modules: &Modules, file: &SourceFile, rule: &Rule) -> String {
    let mut page = Page { modules, out: String::new(), called: Vec::new() };
    page.rule(file, rule, "", None);
    page.definitions();
    format!(
        "<h2>Equation</h2>\n<p>In this order, line by line; conditions are judged before the lines that they govern.</p>\n{}",
        page.out
    )
}

struct Page<'m> {
    modules: &'m Modules,
    out: String,
    /// Constants and functions that are named, with the file in which they are.
    called: Vec<(&'m SourceFile, &'m Item)>,
}

impl<'m> Page<'m> {
    /// The lines of a rule whose names get `prefix`; `used` when it is a part of another one.
    fn rule(&mut self, file: &'m SourceFile, rule: &'m Rule, prefix: &str, used: Option<&Use>) {
        let names = Names::new(prefix, rule);
        let own = rule.members.iter().find_map(|member| match member {
            Member::Schedule(schedule) if schedule.blocks.is_none() => Some(schedule),
            Member::Schedule(_)
            | Member::View(_)
            | Member::Rounding { .. }
            | Member::HardwareRng(_)
            | Member::Replicated(_)
            | Member::Decl(_)
            | Member::Start(_)
            | Member::Block(_)
            | Member::Record(_)
            | Member::Use(_) => None,
        });
        let times = used.and_then(|used| used.schedule.as_ref()).or(own);
        let times = times.map(|schedule| schedule_text(schedule, &names));
        for member in &rule.members {
            match member {
                Member::Block(block) => self.block(file, block, &names, times.as_deref()),
                Member::Schedule(Schedule { blocks: Some(blocks), .. }) => {
                    let Member::Schedule(schedule) = member else { continue };
                    let times = schedule_text(schedule, &names);
                    for block in blocks {
                        self.block(file, block, &names, Some(&times));
                    }
                }
                Member::Start(start) => {
                    for step in &start.steps {
                        let times = Some("before the first update");
                        match step {
                            StartStep::Block(block) => self.block(file, block, &names, times),
                            StartStep::Stmt(stmt) => {
                                let body = std::slice::from_ref(stmt);
                                self.lines(file, BlockKind::Control, body, &names, times);
                            }
                        }
                    }
                }
                Member::Use(used) => {
                    if let Some((file, inner)) = self.modules.rule(file, &used.rule.name) {
                        let prefix = format!("{prefix}{}.", used.prefix().name);
                        self.rule(file, inner, &prefix, Some(used));
                    }
                }
                Member::Schedule(Schedule { blocks: None, .. })
                | Member::View(_)
                | Member::Rounding { .. }
                | Member::HardwareRng(_)
                | Member::Replicated(_)
                | Member::Decl(_)
                | Member::Record(_) => {}
            }
        }
    }

    fn block(
        &mut self,
        file: &'m SourceFile,
        block: &'m Block,
        names: &Names,
        times: Option<&str>,
    ) {
        self.lines(file, block.kind, &block.body, names, times);
    }

    /// A block with its heading.
    fn lines(
        &mut self,
        file: &'m SourceFile,
        kind: BlockKind,
        body: &'m [Stmt],
        names: &Names,
        times: Option<&str>,
    ) {
        let over = match kind {
            BlockKind::Synapses => "for every synapse",
            BlockKind::Neurons => "for every neuron",
            BlockKind::Control => "for the rule",
        };
        let of = match names.prefix().trim_end_matches('.') {
            "" => String::new(),
            prefix => format!("<i>{}</i>: ", escaped(prefix)),
        };
        let times = times.map(|times| format!("{times}, ")).unwrap_or_default();
        let _ = writeln!(self.out, "<p>{of}{times}{over}</p>\n<ul>");
        self.statements(file, body, names);
        self.out += "</ul>\n";
    }

    fn statements(&mut self, file: &'m SourceFile, body: &'m [Stmt], names: &Names) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::If { arms, otherwise } => {
                    for (index, arm) in arms.iter().enumerate() {
                        self.call(file, names.called(&arm.cond));
                        let condition = value(arm.cond.without_parens(), names);
                        let before = if index == 0 { "" } else { "otherwise " };
                        self.guarded(file, &arm.body, names, &format!("{before}where {condition}"));
                    }
                    if let Some(body) = otherwise {
                        self.guarded(file, body, names, "otherwise");
                    }
                }
                StmtKind::For { var, range, body } => {
                    let [low, high] = [&range.low, &range.high].map(|bound| value(bound, names));
                    let range = format!("for {low} ≤ <i>{}</i> &lt; {high}", escaped(&var.name));
                    self.guarded(file, body, names, &range);
                }
                StmtKind::Let { .. }
                | StmtKind::Assign { .. }
                | StmtKind::Reset(_)
                | StmtKind::Expr(_) => {
                    let line = self.simple(file, stmt, names).unwrap_or_default();
                    let _ = writeln!(self.out, "<li>{line}</li>");
                }
            }
        }
    }

    /// Statements under a condition: behind the only one, before several, for it is judged before the
    /// first of them.
    fn guarded(&mut self, file: &'m SourceFile, body: &'m [Stmt], names: &Names, guard: &str) {
        if let [only] = body
            && let Some(line) = self.simple(file, only, names)
        {
            let _ = writeln!(self.out, "<li>{line} &emsp;{guard}</li>");
            return;
        }
        let _ = writeln!(self.out, "<li>{guard}:\n<ul>");
        if body.is_empty() {
            self.out += "<li>nothing</li>\n";
        }
        self.statements(file, body, names);
        self.out += "</ul></li>\n";
    }

    /// A statement that holds no others.
    fn simple(&mut self, file: &'m SourceFile, stmt: &'m Stmt, names: &Names) -> Option<String> {
        Some(match &stmt.kind {
            StmtKind::Let { name, value: given, .. } => {
                self.call(file, names.called(given));
                format!("with <i>{}</i> = {}", escaped(&name.name), value(given, names))
            }
            StmtKind::Assign { target, op, value: given } => {
                self.call(file, names.called(given));
                let mut place = names.html(&target.name);
                if let Some(index) = &target.index {
                    self.call(file, names.called(index));
                    let _ = write!(place, "<sub>{}</sub>", value(index, names));
                }
                assignment(&place, *op, given, names)
            }
            StmtKind::Reset(sensors) => {
                let sensors: Vec<String> = sensors.iter().map(|name| names.html(name)).collect();
                format!("reset {}", sensors.join(", "))
            }
            StmtKind::Expr(call) => {
                self.call(file, names.called(call));
                value(call, names)
            }
            StmtKind::If { .. } | StmtKind::For { .. } => return None,
        })
    }

    /// Takes note of constants and functions that are named, and of what these name.
    fn call(&mut self, file: &'m SourceFile, named: Vec<&'m Ident>) {
        for name in named {
            let Some((file, item)) = self.modules.find(file, &name.name) else { continue };
            if self.called.iter().any(|(_, known)| std::ptr::eq(*known, item)) {
                continue;
            }
            let none = Names::default();
            let inner = match item {
                Item::Const(item) => none.called(&item.value),
                Item::Fn(item) => {
                    let (lets, result) = match &item.body {
                        FnBody::Value(result) => (&[][..], result),
                        FnBody::Block { lets, result } => (&lets[..], result),
                    };
                    let lets = || lets.iter().filter_map(let_parts);
                    // Its own names hide those of the file.
                    let own = item.params.iter().map(|param| &param.name);
                    let is_own = |name: &&Ident| {
                        own.clone().chain(lets().map(|(own, _)| own)).any(|o| o.name == name.name)
                    };
                    let given = lets().flat_map(|(_, given)| none.called(given));
                    given.chain(none.called(result)).filter(|name| !is_own(name)).collect()
                }
                Item::Import(_) | Item::Rule(_) | Item::Test(_) => continue,
            };
            self.called.push((file, item));
            self.call(file, inner);
        }
    }

    fn definitions(&mut self) {
        if self.called.is_empty() {
            return;
        }
        self.out += "<p>where</p>\n<ul>\n";
        let none = Names::default();
        for (_, item) in &self.called {
            let line = match item {
                Item::Const(item) => {
                    format!("<i>{}</i> = {}", escaped(&item.name.name), value(&item.value, &none))
                }
                Item::Fn(item) => {
                    let params: Vec<String> =
                        item.params.iter().map(|param| none.html(&param.name)).collect();
                    let (lets, result) = match &item.body {
                        FnBody::Value(result) => (&[][..], result),
                        FnBody::Block { lets, result } => (&lets[..], result),
                    };
                    let with = lets.iter().filter_map(let_parts).map(|(name, given)| {
                        format!(", with {} = {}", none.html(name), value(given, &none))
                    });
                    let with: String = with.collect();
                    let name = escaped(&item.name.name);
                    format!("{name}({}) = {}{with}", params.join(", "), value(result, &none))
                }
                Item::Import(_) | Item::Rule(_) | Item::Test(_) => continue,
            };
            let _ = writeln!(self.out, "<li>{line}</li>");
        }
        self.out += "</ul>\n";
    }
}

/// Name and value of a `let`.
fn let_parts(stmt: &Stmt) -> Option<(&Ident, &Expr)> {
    match &stmt.kind {
        StmtKind::Let { name, value, .. } => Some((name, value)),
        StmtKind::Assign { .. }
        | StmtKind::If { .. }
        | StmtKind::For { .. }
        | StmtKind::Reset(_)
        | StmtKind::Expr(_) => None,
    }
}

/// `weight ← weight + ..`
fn assignment(place: &str, op: AssignOp, given: &Expr, names: &Names) -> String {
    let Some(operator) = op.operator() else {
        return format!("{place} ← {}", value(given, names));
    };
    // a - (b - c) and a · (b / c) keep their brackets, a + (b - c) needs none.
    let least = operator.precedence() + u8::from(op != AssignOp::Add);
    format!("{place} ← {place} {} {}", sign(operator), operand(given, names, least))
}

fn schedule_text(schedule: &Schedule, names: &Names) -> String {
    match &schedule.kind {
        ScheduleKind::Every { period, phase } => {
            let phase = phase.as_ref().map(|phase| format!(", first at {}", value(phase, names)));
            format!("every {}{}", value(period, names), phase.unwrap_or_default())
        }
        ScheduleKind::At { time } => format!("at {}", value(time, names)),
    }
}
