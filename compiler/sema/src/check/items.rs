//! Constants, functions and rules: of the file, and of modules that it imports.

use super::decl::taken;
use super::declared_twice;
use pl_diag::{Code, Diagnostic, did_you_mean};
use pl_syntax::ast;
use std::collections::BTreeMap;

/// A file and the modules that it and they import.
#[derive(Debug)]
pub struct Program<'a> {
    /// The file.
    pub file: &'a ast::Module,
    /// Modules by their dotted path, such as `std.terms`.
    pub modules: &'a BTreeMap<String, ast::Module>,
}

/// Where a name is looked up: the file, or an imported module by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ModuleId(usize);

impl ModuleId {
    /// The file.
    pub(super) const FILE: ModuleId = ModuleId(0);
}

/// Items of every module.
pub(super) struct Items<'a> {
    modules: Vec<ModuleItems<'a>>,
}

#[derive(Default)]
struct ModuleItems<'a> {
    consts: BTreeMap<&'a str, &'a ast::Const>,
    fns: BTreeMap<&'a str, &'a ast::Fn>,
    rules: BTreeMap<&'a str, &'a ast::Rule>,
    /// Names from other modules, and which ones.
    imported: BTreeMap<&'a str, ModuleId>,
}

impl<'a> Items<'a> {
    pub(super) fn of(program: &Program<'a>, found: &mut Vec<Diagnostic>) -> Items<'a> {
        let sources: Vec<&ast::Module> =
            core::iter::once(program.file).chain(program.modules.values()).collect();
        let mut modules: Vec<ModuleItems<'_>> =
            sources.iter().map(|module| ModuleItems::of(module, found)).collect();
        for (index, module) in sources.iter().enumerate() {
            for item in &module.items {
                let ast::Item::Import(import) = item else { continue };
                let path = path(import);
                let Some(number) = program.modules.keys().position(|known| *known == path) else {
                    found.push(unknown_module(import, &path, program));
                    continue;
                };
                let names = modules[number + 1].offered(import, found);
                modules[index].import(&names, ModuleId(number + 1), import, found);
            }
        }
        Items { modules }
    }

    /// A constant, and the module whose names it sees.
    pub(super) fn constant(&self, at: ModuleId, name: &str) -> Option<(&'a ast::Const, ModuleId)> {
        let own = |at: ModuleId| Some((*self.modules[at.0].consts.get(name)?, at));
        own(at).or_else(|| own(*self.modules[at.0].imported.get(name)?))
    }

    /// A function, and the module whose names it sees.
    pub(super) fn function(&self, at: ModuleId, name: &str) -> Option<(&'a ast::Fn, ModuleId)> {
        let own = |at: ModuleId| Some((*self.modules[at.0].fns.get(name)?, at));
        own(at).or_else(|| own(*self.modules[at.0].imported.get(name)?))
    }

    /// A rule, and the module whose names it sees.
    pub(super) fn rule(&self, at: ModuleId, name: &str) -> Option<(&'a ast::Rule, ModuleId)> {
        let own = |at: ModuleId| Some((*self.modules[at.0].rules.get(name)?, at));
        own(at).or_else(|| own(*self.modules[at.0].imported.get(name)?))
    }

    /// Names of rules that a module sees.
    pub(super) fn rules(&self, at: ModuleId) -> impl Iterator<Item = &'a str> + '_ {
        let ModuleItems { rules, imported, .. } = &self.modules[at.0];
        let imported =
            imported.iter().filter(|(name, from)| self.modules[from.0].rules.contains_key(*name));
        rules.keys().chain(imported.map(|(name, _)| name)).copied()
    }

    /// Names of constants and functions that a module sees.
    pub(super) fn names(&self, at: ModuleId) -> impl Iterator<Item = &'a str> + '_ {
        let ModuleItems { consts, fns, imported, .. } = &self.modules[at.0];
        consts.keys().chain(fns.keys()).chain(imported.keys()).copied()
    }
}

impl<'a> ModuleItems<'a> {
    fn of(module: &'a ast::Module, found: &mut Vec<Diagnostic>) -> ModuleItems<'a> {
        let mut items = ModuleItems::default();
        for item in &module.items {
            let (name, before) = match item {
                ast::Item::Const(item) => {
                    let before = items.consts.insert(&item.name.name, item);
                    (&item.name, before.map(|before| before.name.span))
                }
                ast::Item::Fn(item) => {
                    let before = items.fns.insert(&item.name.name, item);
                    (&item.name, before.map(|before| before.name.span))
                }
                ast::Item::Rule(item) => {
                    // Two of one name are reported where rules are checked.
                    items.rules.entry(&item.name.name).or_insert(item);
                    continue;
                }
                // Tests are run by their own command and change no rule.
                ast::Item::Import(_) | ast::Item::Test(_) => continue,
            };
            found.extend(before.map(|before| declared_twice(name, before)));
            found.extend(taken(name, true));
        }
        items
    }

    /// The names that an import takes from this module.
    fn offered(&self, import: &'a ast::Import, found: &mut Vec<Diagnostic>) -> Vec<&'a str> {
        let own = || self.consts.keys().chain(self.fns.keys()).chain(self.rules.keys()).copied();
        let Some(names) = &import.names else { return own().collect() };
        let mut taken = Vec::new();
        for name in names {
            if own().any(|known| known == name.name) {
                taken.push(name.name.as_str());
                continue;
            }
            let help = match did_you_mean(&name.name, own()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", own().collect::<Vec<_>>().join(", ")),
            };
            let message = format!("`{}` has no `{}`", path(import), name.name);
            found.push(
                Diagnostic::error(Code::E0201, name.span, message)
                    .label(name.span, "an unknown name")
                    .help(help),
            );
        }
        taken
    }

    fn import(
        &mut self,
        names: &[&'a str],
        from: ModuleId,
        import: &'a ast::Import,
        found: &mut Vec<Diagnostic>,
    ) {
        for name in names {
            let other = self.imported.insert(name, from).filter(|before| *before != from);
            let own = self.consts.contains_key(name)
                || self.fns.contains_key(name)
                || self.rules.contains_key(name);
            if own || other.is_some() {
                let message = format!("`{name}` is declared twice");
                found.push(
                    Diagnostic::error(Code::E0202, import.span, message)
                        .label(import.span, "this imports another")
                        .help("list the names to import in braces, or rename your own"),
                );
            }
        }
    }
}

/// The dotted path of an import.
#[must_use]
pub fn path(import: &ast::Import) -> String {
    let parts: Vec<&str> = import.path.iter().map(|part| part.name.as_str()).collect();
    parts.join(".")
}

fn unknown_module(import: &ast::Import, path: &str, program: &Program<'_>) -> Diagnostic {
    let message = format!("there is no module `{path}`");
    let near = did_you_mean(path, program.modules.keys().map(String::as_str));
    Diagnostic::error(Code::E0208, import.span, message).label(import.span, "not found").help(
        match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "a module `a.b` is the file `a/b.pl` beside this one; those of the library begin \
                     with `std.`"
                    .to_owned()
            }
        },
    )
}
