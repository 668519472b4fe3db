//! Names of rules that are used, which have dots: `homeostasis.target`.

use super::{Declaration, Index, NameKind, seen};
use crate::ast::{Ident, Item, Member, Module, Rule, Use};
use pl_diag::Span;

/// Adds, for each rule and what it uses, names with dots, and shows to declarations where they stand
/// behind a dot.
pub(super) fn add(index: &mut Index, names: &[Ident], text: &str, module: &Module) {
    for rule in rules(module) {
        let places = seen(rule, module);
        for line in uses(rule) {
            show_rule(index, line, line.rule.span);
            let (prefix, used) = (line.prefix(), find(module, &line.rule.name));
            let Some(used) = used else { continue };
            let inner = |d: &&Declaration| belongs(d, used) && !d.name.name.contains('.');
            let mut dotted: Vec<Declaration> = index.found.iter().filter(inner).cloned().collect();
            for declaration in &mut dotted {
                declaration.name.name = format!("{}.{}", prefix.name, declaration.name.name);
                declaration.seen.clone_from(&places);
            }
            index.found.append(&mut dotted);
        }
        for chain in chains(names, text) {
            let within =
                |seen: &Span| seen.start <= chain[0].span.start && chain[0].span.end <= seen.end;
            if places.iter().any(within) {
                behind_dots(index, chain, rule, module);
            }
        }
    }
}

/// Names that stand one behind the other with dots between them, two or more.
fn chains<'n>(names: &'n [Ident], text: &str) -> Vec<&'n [Ident]> {
    let dot = |a: &Ident, b: &Ident| {
        let between = text.get(a.span.end as usize..b.span.start as usize);
        between.is_some_and(|between| between.trim() == ".")
    };
    names.chunk_by(dot).filter(|chain| chain.len() > 1).collect()
}

/// Shows the last name of a chain in a rule to its declaration; what belongs to another file becomes
/// one of its own.
fn behind_dots(index: &mut Index, chain: &[Ident], rule: &Rule, module: &Module) {
    let Some((last, prefixes)) = chain.split_last() else { return };
    let mut around = Some(rule);
    for prefix in prefixes {
        let used =
            around.and_then(|rule| uses(rule).find(|used| used.prefix().name == prefix.name));
        if let Some(line) = used {
            show_prefix(index, line, prefix.span);
        }
        around = used.and_then(|used| find(module, &used.rule.name));
    }
    let meant = around.and_then(|rule| {
        let is_meant = |d: &&mut Declaration| belongs(d, rule) && d.name.name == last.name;
        index.found.iter_mut().find(is_meant)
    });
    match meant {
        Some(declaration) => declaration.seen.push(last.span),
        None => index.add(last, NameKind::Imported, "", last.span, vec![last.span]),
    }
}

/// Shows the name of a rule that is used to where it stands: other names may be the same.
fn show_rule(index: &mut Index, line: &Use, at: Span) {
    let is_rule = |d: &&mut Declaration| {
        matches!(d.kind, NameKind::Rule | NameKind::Imported) && d.name.name == line.rule.name
    };
    index.found.iter_mut().filter(is_rule).for_each(|rule| rule.seen.push(at));
}

/// Shows what the names of a rule that is used begin with to where it stands.
fn show_prefix(index: &mut Index, line: &Use, at: Span) {
    let Some(alias) = &line.alias else { return show_rule(index, line, at) };
    let is_alias = |d: &&mut Declaration| d.name.span == alias.span;
    index.found.iter_mut().filter(is_alias).for_each(|alias| alias.seen.push(at));
}

/// Whether something is a param, state or input that a rule itself declares.
fn belongs(declaration: &Declaration, rule: &Rule) -> bool {
    let kind = matches!(declaration.kind, NameKind::Param | NameKind::State | NameKind::Input);
    let (name, around) = (declaration.name.span, rule.span);
    kind && around.start <= name.start && name.end <= around.end
}

fn rules(module: &Module) -> impl Iterator<Item = &Rule> {
    module.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(rule),
        Item::Import(_) | Item::Const(_) | Item::Fn(_) | Item::Test(_) => None,
    })
}

fn find<'m>(module: &'m Module, name: &str) -> Option<&'m Rule> {
    rules(module).find(|rule| rule.name.name == name)
}

/// What a rule uses.
pub fn uses(rule: &Rule) -> impl Iterator<Item = &Use> {
    rule.members.iter().filter_map(|member| match member {
        Member::Use(used) => Some(used),
        Member::View(_)
        | Member::Rounding { .. }
        | Member::HardwareRng(_)
        | Member::Replicated(_)
        | Member::Decl(_)
        | Member::Schedule(_)
        | Member::Start(_)
        | Member::Block(_)
        | Member::Record(_) => None,
    })
}
