//! A rule and the rules that it uses, which stand in it as if they were written there, with names of
//! their own.

use super::items::ModuleId;
use super::{Binding, RuleChecker, declared_twice};
use crate::hir;
use pl_diag::{Code, Diagnostic, Span, did_you_mean};
use pl_syntax::ast;
use std::collections::BTreeMap;

/// Most rules that make one.
const PARTS_MAX: usize = 64;

/// The rule itself, or one that it uses.
pub(super) struct Part<'a> {
    pub(super) rule: &'a ast::Rule,
    /// The module whose names it sees.
    pub(super) module: ModuleId,
    /// Where it is used: by which part and how.
    used: Option<(usize, &'a ast::Use)>,
    /// Names of its declarations and, with dots, of what it uses.
    names: BTreeMap<String, Binding>,
    /// Its block that reads correlation.
    correlation_block: Option<Span>,
}

impl<'a> Part<'a> {
    /// The rule itself.
    pub(super) fn whole(rule: &'a ast::Rule) -> Part<'a> {
        Part {
            rule,
            module: ModuleId::FILE,
            used: None,
            names: BTreeMap::new(),
            correlation_block: None,
        }
    }

    /// The part that uses it, or the rule itself.
    pub(super) fn user(&self) -> usize {
        self.used.map_or(0, |(by, _)| by)
    }

    /// The schedule that it is given where it is used.
    pub(super) fn imposed_schedule(&self) -> Option<&'a ast::Schedule> {
        self.used.and_then(|(_, used)| used.schedule.as_ref())
    }

    /// How its stores round.
    pub(super) fn rounding(&self) -> hir::Rounding {
        let mut modes = self.rule.members.iter().rev().filter_map(|member| {
            if let ast::Member::Rounding { mode, .. } = member { Some(*mode) } else { None }
        });
        match modes.next() {
            None | Some(ast::Rounding::Nearest) => hir::Rounding::Nearest,
            Some(ast::Rounding::Floor) => hir::Rounding::Floor,
            Some(ast::Rounding::Stochastic) => hir::Rounding::Stochastic,
        }
    }

    /// Whether it has a line of a kind.
    pub(super) fn says(&self, is: impl Fn(&ast::Member) -> bool) -> bool {
        self.rule.members.iter().any(is)
    }

    pub(super) fn is_signed(&self) -> bool {
        self.says(|member| {
            matches!(member, ast::Member::View(ast::View { kind: ast::ViewKind::Signed, .. }))
        })
    }
}

/// Lines that a rule has once, written again.
fn said_twice(rule: &ast::Rule) -> Vec<Diagnostic> {
    let mut said: Vec<(&str, Span)> = Vec::new();
    let mut found = Vec::new();
    for member in &rule.members {
        let (line, span) = match member {
            ast::Member::View(view) => match view.kind {
                ast::ViewKind::Rows(_) => ("view rows", view.span),
                ast::ViewKind::Columns(_) => ("view columns", view.span),
                ast::ViewKind::Signed => ("view signed", view.span),
            },
            ast::Member::Rounding { span, .. } => ("rounding", *span),
            ast::Member::HardwareRng(span) => ("rng", *span),
            ast::Member::Replicated(span) => ("replicated", *span),
            ast::Member::Decl(_)
            | ast::Member::Schedule(_)
            | ast::Member::Start(_)
            | ast::Member::Block(_)
            | ast::Member::Record(_)
            | ast::Member::Use(_) => continue,
        };
        match said.iter().find(|(before, _)| *before == line) {
            Some((_, before)) => found.push(
                Diagnostic::error(Code::E0202, span, format!("a rule says `{line}` once"))
                    .label(span, "said again here")
                    .label(*before, "first said here")
                    .help("remove one of the two"),
            ),
            None => said.push((line, span)),
        }
    }
    found
}

/// Members of all parts in the order in which they stand, each with the number of its part.
pub(super) type Members<'a> = Vec<(usize, &'a ast::Member)>;

impl<'a> RuleChecker<'a> {
    /// The members of a rule and of those that it uses.
    pub(super) fn members(&mut self, rule: &'a ast::Rule) -> Members<'a> {
        self.parts.push(Part::whole(rule));
        let mut members = Vec::new();
        self.collect(0, &mut members);
        members
    }

    fn collect(&mut self, part: usize, members: &mut Members<'a>) {
        let mut prefixes: Vec<&ast::Ident> = Vec::new();
        let rule = self.parts[part].rule;
        self.found.extend(said_twice(rule));
        for member in &rule.members {
            let ast::Member::Use(used) = member else {
                members.push((part, member));
                continue;
            };
            let prefix = used.prefix();
            if let Some(before) = prefixes.iter().find(|other| other.name == prefix.name) {
                let again = declared_twice(prefix, before.span);
                self.found.push(again.help("give one of them a name: `use NAME as OTHER`"));
                continue;
            }
            prefixes.push(prefix);
            match self.used(part, used) {
                Some(inner) => self.collect(inner, members),
                None => self.parts_missing = true,
            }
        }
    }

    /// The part that a `use` adds.
    fn used(&mut self, by: usize, used: &'a ast::Use) -> Option<usize> {
        let at = self.parts[by].module;
        let Some((rule, module)) = self.items.rule(at, &used.rule.name) else {
            self.found.push(self.unknown_rule(at, &used.rule));
            return None;
        };
        let mut around = Some(by);
        while let Some(part) = around.map(|part| &self.parts[part]) {
            if core::ptr::eq(part.rule, rule) {
                let message = format!("the rule `{}` uses itself", rule.name.name);
                self.found.push(
                    Diagnostic::error(Code::E0409, used.rule.span, message)
                        .label(used.rule.span, "used within itself")
                        .help("a rule that is used stands in the one that uses it"),
                );
                return None;
            }
            around = part.used.map(|(by, _)| by);
        }
        if self.parts.len() >= PARTS_MAX {
            // One message says it all.
            if !self.parts_missing {
                let message = format!("more than {PARTS_MAX} rules in one");
                self.found.push(
                    Diagnostic::error(Code::E0413, used.span, message)
                        .label(used.span, "one too many")
                        .help("rules that are used count with those that they use"),
                );
            }
            return None;
        }
        self.parts.push(Part { module, used: Some((by, used)), ..Part::whole(rule) });
        Some(self.parts.len() - 1)
    }

    fn unknown_rule(&self, at: ModuleId, name: &ast::Ident) -> Diagnostic {
        let help = match did_you_mean(&name.name, self.items.rules(at)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "a rule stands in this file or is imported, as in \
                     `import std.rules.weight_decay { weight_decay }`"
                .to_owned(),
        };
        Diagnostic::error(Code::E0209, name.span, format!("there is no rule `{}`", name.name))
            .label(name.span, "an unknown rule")
            .help(help)
    }

    /// Checks something of a part: with its names, and those of its module.
    pub(super) fn within<T>(&mut self, part: usize, check: impl FnOnce(&mut Self) -> T) -> T {
        self.part = part;
        let Part { module, names, correlation_block, .. } = &mut self.parts[part];
        self.module = *module;
        self.scopes = vec![core::mem::take(names)];
        self.correlation_block = correlation_block.take();
        let checked = check(self);
        let names = core::mem::take(&mut self.scopes).into_iter().next();
        let part = &mut self.parts[part];
        part.names = names.unwrap_or_default();
        part.correlation_block = self.correlation_block;
        checked
    }

    /// The module of the rule being checked: its functions see the names of the rule.
    pub(super) fn own_module(&self) -> ModuleId {
        self.parts.get(self.part).map_or(ModuleId::FILE, |part| part.module)
    }

    /// A name of the part being checked, as hosts and records see it.
    pub(super) fn qualified(&self, name: &str) -> String {
        let mut full = name.to_owned();
        let mut part = self.part;
        while let Some((by, used)) = self.parts.get(part).and_then(|part| part.used) {
            full = format!("{}.{full}", used.prefix().name);
            part = by;
        }
        full
    }

    /// Makes a declared name known to its part and, with what it is prefixed with, to those around.
    pub(super) fn declare_name(&mut self, name: &str, binding: Binding) {
        self.bind(name, binding.clone());
        let mut full = name.to_owned();
        let mut part = self.part;
        while let Some((by, used)) = self.parts.get(part).and_then(|part| part.used) {
            full = format!("{}.{full}", used.prefix().name);
            self.parts[by].names.insert(full.clone(), binding.clone());
            part = by;
        }
    }

    /// Reports a part that takes rows for pairs in a rule that does not.
    pub(super) fn same_views(&mut self) {
        if self.parts[0].is_signed() {
            return;
        }
        let other = self.parts.iter().skip(1).find(|part| part.is_signed());
        let Some((other, (_, used))) = other.and_then(|part| Some((part, part.used?))) else {
            return;
        };
        let (name, at) = (&other.rule.name, used.rule.span);
        let message = format!("the synapses of `{}` are pairs of rows", name.name);
        self.found.push(
            Diagnostic::error(Code::E0507, at, message)
                .label(at, "this has a `view signed`")
                .label(self.parts[0].rule.name.span, "this rule has none")
                .help("write `view signed` in this rule, too"),
        );
    }
}
