//! Names of a document whose declarations stand in other modules.

use super::document::Document;
use super::place;
use crate::modules::{Meant, SourceFile, rule_around};
use lsp_types::Range;
use pl_diag::Span;
use pl_driver::syntax::ast::{DeclKind, Item};
use pl_driver::syntax::index::NameKind;

/// A declaration in another module.
pub(super) struct Elsewhere<'d> {
    file: &'d SourceFile,
    /// The name where it is declared.
    name: Span,
    /// The whole declaration.
    pub(super) span: Span,
    pub(super) doc: &'d str,
    pub(super) kind: NameKind,
}

impl Elsewhere<'_> {
    /// The text of the declaration.
    pub(super) fn source(&self) -> &str {
        let range = self.span.start as usize..self.span.end as usize;
        self.file.text.get(range).unwrap_or_default()
    }

    /// Where the name is declared: path or dotted path of the module, and the place in it.
    pub(super) fn place(&self) -> (&str, Range) {
        (&self.file.name, place::range(&self.file.text, self.name))
    }
}

/// What the name at an offset means, if another module declares it.
pub(super) fn find(document: &Document, at: u32) -> Option<Elsewhere<'_>> {
    let chain = document.chain(at)?;
    let own = document.modules.own()?;
    let found = match &chain[..] {
        [name] => {
            let (file, item) = document.modules.find(own, name)?;
            of_item(file, item)
        }
        names => {
            let (file, rule) = rule_around(&document.modules, own, at)?;
            let (file, meant) = document.modules.behind_dots(file, rule, names)?;
            Some(match meant {
                Meant::Rule(rule) => of_rule(file, rule),
                Meant::Decl(decl) => {
                    let kind = match decl.kind {
                        DeclKind::Param => NameKind::Param,
                        DeclKind::State => NameKind::State,
                        DeclKind::Input => NameKind::Input,
                    };
                    let (name, span) = (decl.name.span, decl.span);
                    Elsewhere { file, name, span, doc: &decl.doc, kind }
                }
            })
        }
    };
    found.filter(|found| found.file.file != own.file)
}

fn of_item<'d>(file: &'d SourceFile, item: &'d Item) -> Option<Elsewhere<'d>> {
    let (name, span, doc, kind) = match item {
        Item::Const(item) => (item.name.span, item.span, &item.doc, NameKind::Const),
        Item::Fn(item) => (item.name.span, item.span, &item.doc, NameKind::Fn),
        Item::Rule(rule) => return Some(of_rule(file, rule)),
        Item::Import(_) | Item::Test(_) => return None,
    };
    Some(Elsewhere { file, name, span, doc, kind })
}

/// A rule; one without documentation has that of its file.
fn of_rule<'d>(file: &'d SourceFile, rule: &'d pl_driver::syntax::ast::Rule) -> Elsewhere<'d> {
    let doc = if rule.doc.is_empty() { &file.module.doc } else { &rule.doc };
    Elsewhere { file, name: rule.name.span, span: rule.span, doc, kind: NameKind::Rule }
}
