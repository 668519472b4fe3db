//! The files of a compilation as trees, and the way from a name to what it stands for in another one.

use crate::output;
use pl_diag::{FileId, SourceMap};
use pl_driver::sema::import_path;
use pl_driver::syntax;
use pl_driver::syntax::ast::{Decl, Ident, Import, Item, Member, Module, Rule, Test};
use pl_driver::syntax::index::uses;

/// A file.
pub(crate) struct SourceFile {
    /// Path of a file, dotted path of a module of the library.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) file: FileId,
    pub(crate) module: Module,
}

/// A file, first, and the modules that it imports, directly or not.
pub(crate) struct Modules {
    files: Vec<SourceFile>,
    own: FileId,
}

impl Modules {
    /// The files of a compilation; those that cannot be read are left out.
    pub(crate) fn new(sources: &SourceMap) -> Modules {
        let read = sources.iter().filter_map(|(file, source)| {
            let (module, _) = syntax::parse(file, &source.text);
            let (name, text) = (source.name.clone(), source.text.clone());
            module.map(|module| SourceFile { name, text, file, module })
        });
        let own = sources.iter().next().map_or_else(FileId::default, |(file, _)| file);
        Modules { files: read.collect(), own }
    }

    /// The file that was compiled.
    pub(crate) fn own(&self) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.file == self.own)
    }

    /// Constant, function or rule of a name that stands in a file: of the file itself or imported.
    pub(crate) fn find<'m>(
        &'m self,
        from: &'m SourceFile,
        name: &str,
    ) -> Option<(&'m SourceFile, &'m Item)> {
        let own = item(&from.module, name).map(|item| (from, item));
        own.or_else(|| {
            let imports = from.module.items.iter().filter_map(|item| match item {
                Item::Import(import) => Some(import),
                Item::Const(_) | Item::Fn(_) | Item::Rule(_) | Item::Test(_) => None,
            });
            let gives = |import: &&Import| match &import.names {
                Some(names) => names.iter().any(|given| given.name == name),
                None => true,
            };
            let mut files = imports.filter(gives).filter_map(|import| self.imported(import));
            files.find_map(|file| item(&file.module, name).map(|item| (file, item)))
        })
    }

    /// The rule of a name that stands in a file.
    pub(crate) fn rule<'m>(
        &'m self,
        from: &'m SourceFile,
        name: &str,
    ) -> Option<(&'m SourceFile, &'m Rule)> {
        match self.find(from, name)? {
            (file, Item::Rule(rule)) => Some((file, rule)),
            (_, Item::Import(_) | Item::Const(_) | Item::Fn(_) | Item::Test(_)) => None,
        }
    }

    /// Param, state or input behind the prefixes of rules that `rule` uses; a rule if there is no
    /// more than prefixes.
    pub(crate) fn behind_dots<'m>(
        &'m self,
        from: &'m SourceFile,
        rule: &'m Rule,
        names: &[&str],
    ) -> Option<(&'m SourceFile, Meant<'m>)> {
        let Some((first, rest)) = names.split_first() else {
            return Some((from, Meant::Rule(rule)));
        };
        let used = uses(rule).find(|used| used.prefix().name == *first);
        if let Some(used) = used {
            let (file, inner) = self.rule(from, &used.rule.name)?;
            return self.behind_dots(file, inner, rest);
        }
        let declared = decls(rule).find(|decl| decl.name.name == *first && rest.is_empty());
        declared.map(|decl| (from, Meant::Decl(decl)))
    }

    fn imported(&self, import: &Import) -> Option<&SourceFile> {
        let path = import_path(import);
        let beside = output::module_place(&self.own()?.name, &path)?.display().to_string();
        self.files.iter().find(|file| file.name == path || file.name == beside)
    }
}

/// What stands behind dots.
pub(crate) enum Meant<'m> {
    Rule(&'m Rule),
    Decl(&'m Decl),
}

/// The rule around a place, or the one that the test around it tests.
pub(crate) fn rule_around<'m>(
    modules: &'m Modules,
    from: &'m SourceFile,
    at: u32,
) -> Option<(&'m SourceFile, &'m Rule)> {
    let around = from.module.items.iter().find(|item| {
        let span = item_name(item).map(|(_, span)| span);
        span.is_some_and(|span| span.start <= at && at <= span.end)
    })?;
    match around {
        Item::Rule(rule) => Some((from, rule)),
        Item::Test(Test { rule, .. }) => modules.rule(from, &rule.name),
        Item::Import(_) | Item::Const(_) | Item::Fn(_) => None,
    }
}

/// What a rule itself declares.
pub(crate) fn decls(rule: &Rule) -> impl Iterator<Item = &Decl> {
    rule.members.iter().filter_map(|member| match member {
        Member::Decl(decl) => Some(decl),
        Member::View(_)
        | Member::Rounding { .. }
        | Member::HardwareRng(_)
        | Member::Replicated(_)
        | Member::Use(_)
        | Member::Schedule(_)
        | Member::Start(_)
        | Member::Block(_)
        | Member::Record(_) => None,
    })
}

/// Name and place of an item; imports have none.
pub(crate) fn item_name(item: &Item) -> Option<(&Ident, pl_diag::Span)> {
    match item {
        Item::Import(_) => None,
        Item::Const(item) => Some((&item.name, item.span)),
        Item::Fn(item) => Some((&item.name, item.span)),
        Item::Rule(item) => Some((&item.name, item.span)),
        Item::Test(item) => Some((&item.name, item.span)),
    }
}

/// Constant, function or rule of a module.
fn item<'m>(module: &'m Module, name: &str) -> Option<&'m Item> {
    module.items.iter().find(|item| match item {
        Item::Import(_) | Item::Test(_) => false,
        Item::Const(_) | Item::Fn(_) | Item::Rule(_) => {
            item_name(item).is_some_and(|(found, _)| found.name == name)
        }
    })
}
