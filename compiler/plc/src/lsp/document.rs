//! A text that is open in an editor: what the compiler says of it, and the names in it.

use super::place;
use crate::output;
use lsp_types::{
    CompletionItem, CompletionItemKind, DiagnosticRelatedInformation, DiagnosticSeverity, Hover,
    HoverContents, Location, MarkupContent, MarkupKind, NumberOrString, Range, TextEdit, Uri,
};
use pl_diag::{Diagnostic, FileId, Severity, Source, Span};
use pl_driver::sema::builtins::{FUNCTIONS, QUANTITIES};
use pl_driver::sema::numerics::{Part, numerics};
use pl_driver::syntax::ast::Ident;
use pl_driver::syntax::index::{Declaration, NameKind, declarations, identifiers, resolve};
use pl_driver::{Compilation, Rule, Session, syntax};
use std::fmt::Write as _;
use std::str::FromStr;

/// A document.
pub(super) struct Document {
    uri: String,
    source: Source,
    file: FileId,
    compiled: Compilation,
    names: Vec<Ident>,
    declarations: Vec<Declaration>,
}

impl Document {
    pub(super) fn new(uri: &str, text: String) -> Document {
        let path = path(uri);
        let beside = |module: &str| output::module_beside(&path, module);
        let compiled =
            Session::default().compile_with(&path, text.as_bytes(), &beside, &mut |_, _| {});
        let file = compiled.sources.iter().next().map_or_else(FileId::default, |(file, _)| file);
        let (module, _) = syntax::parse(file, &text);
        Document {
            uri: uri.to_owned(),
            names: identifiers(file, &text),
            declarations: module
                .map(|module| declarations(file, &text, &module))
                .unwrap_or_default(),
            source: Source::new(path, text),
            file,
            compiled,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.source.text
    }

    fn range(&self, span: Span) -> Range {
        place::range(self.text(), span)
    }

    pub(super) fn diagnostics(&self) -> Vec<lsp_types::Diagnostic> {
        let own = self.compiled.diagnostics.iter().filter(|found| found.span().file == self.file);
        own.map(|found| self.diagnostic(found)).collect()
    }

    fn diagnostic(&self, found: &Diagnostic) -> lsp_types::Diagnostic {
        let mut message = found.message.clone();
        if let Some((_, label)) = found.labels.first() {
            let _ = write!(message, "\n{label}");
        }
        found.notes.iter().for_each(|note| message += &format!("\n{note}"));
        found.help.iter().for_each(|help| message += &format!("\nhelp: {help}"));
        let elsewhere = found.labels.iter().skip(1).filter(|(span, _)| span.file == self.file);
        let related = elsewhere.filter_map(|(span, text)| {
            let uri = Uri::from_str(&self.uri).ok()?;
            let location = Location { uri, range: self.range(*span) };
            Some(DiagnosticRelatedInformation { location, message: text.clone() })
        });
        lsp_types::Diagnostic {
            range: self.range(found.span()),
            severity: Some(match found.severity {
                Severity::Error => DiagnosticSeverity::ERROR,
                Severity::Warning => DiagnosticSeverity::WARNING,
            }),
            code: Some(NumberOrString::String(found.code.name().to_owned())),
            source: Some("plc".to_owned()),
            message,
            related_information: Some(related.collect()),
            ..lsp_types::Diagnostic::default()
        }
    }

    /// The name at an offset, the one before it if it ends there.
    fn name(&self, at: u32) -> Option<&Ident> {
        self.names.iter().find(|name| name.span.start <= at && at <= name.span.end)
    }

    fn declaration(&self, at: u32) -> Option<&Declaration> {
        resolve(&self.declarations, self.name(at)?)
    }

    pub(super) fn definition(&self, at: u32) -> Option<Range> {
        self.declaration(at).map(|declaration| self.range(declaration.name.span))
    }

    /// Every place at which what stands at `at` is named.
    fn same(&self, at: u32) -> Vec<Span> {
        let Some(meant) = self.declaration(at) else { return Vec::new() };
        let is_meant = |name: &&Ident| {
            let found = resolve(&self.declarations, name);
            found.is_some_and(|found| found.name.span == meant.name.span)
        };
        self.names.iter().filter(is_meant).map(|name| name.span).collect()
    }

    pub(super) fn occurrences(&self, at: u32) -> Vec<Range> {
        self.same(at).into_iter().map(|span| self.range(span)).collect()
    }

    pub(super) fn rename(&self, at: u32, new: &str) -> Result<Vec<TextEdit>, String> {
        let meant = self.declaration(at).ok_or("only names that this file declares are renamed")?;
        if meant.kind == NameKind::Imported {
            return Err("this name belongs to another module".to_owned());
        }
        let names = identifiers(self.file, new);
        if !matches!(&names[..], [only] if only.name == new) {
            return Err(format!("`{new}` is not a name"));
        }
        let taken = QUANTITIES.iter().any(|quantity| quantity.name == new)
            || FUNCTIONS.iter().any(|function| function.name == new);
        if taken {
            return Err(format!("`{new}` is a name of the language"));
        }
        let clashes = |span: &Span| {
            let here = Ident { name: new.to_owned(), span: *span };
            resolve(&self.declarations, &here).is_some()
        };
        let spans = self.same(at);
        if spans.iter().any(clashes) {
            return Err(format!("`{new}` is declared already where `{}` is used", meant.name.name));
        }
        let edit = |span| TextEdit { range: self.range(span), new_text: new.to_owned() };
        Ok(spans.into_iter().map(edit).collect())
    }

    pub(super) fn hover(&self, at: u32) -> Option<Hover> {
        let mut text = String::new();
        let mut span = None;
        if let Some(name) = self.name(at) {
            span = Some(name.span);
            if let Some(declaration) = resolve(&self.declarations, name) {
                self.describe(declaration, &mut text);
            } else if let Some(quantity) = QUANTITIES.iter().find(|q| q.name == name.name) {
                let _ = writeln!(
                    text,
                    "```rule\n{} : {}\n```\n{}",
                    quantity.name, quantity.interval, quantity.doc
                );
            } else if let Some(function) = FUNCTIONS.iter().find(|f| f.name == name.name) {
                let _ = writeln!(text, "```rule\n{}\n```\n{}", function.usage, function.doc);
            }
        }
        if let Some(part) = self.part(at) {
            let words = self.source.slice(part.span).split_whitespace().collect::<Vec<_>>();
            let _ = writeln!(
                text,
                "\n`{}`: values {}, format {}, error at most {:.2e}",
                words.join(" "),
                part.interval,
                part.format,
                part.error
            );
            span = span.or(Some(part.span));
        }
        let contents =
            HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: text });
        span.map(|span| Hover { contents, range: Some(self.range(span)) }).filter(|hover| {
            !matches!(&hover.contents, HoverContents::Markup(content) if content.value.is_empty())
        })
    }

    fn describe(&self, declaration: &Declaration, text: &mut String) {
        let source = self.source.slice(declaration.span);
        let first =
            source.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("//"));
        let first = first.unwrap_or_default();
        let _ = writeln!(text, "```rule\n{}\n```\n{}", first, declaration.kind.name());
        if !declaration.doc.is_empty() {
            let _ = writeln!(text, "\n{}", declaration.doc.trim());
        }
        if declaration.kind == NameKind::Rule {
            let named = |rule: &&Rule| rule.name() == declaration.name.name;
            if let Some(rule) = self.compiled.rules.iter().find(named) {
                describe_cost(rule, text);
            }
        }
    }

    /// The smallest part of a stored expression around an offset.
    fn part(&self, at: u32) -> Option<Part> {
        let rules = self.compiled.rules.iter();
        let stored = rules.flat_map(|rule| numerics(rule.hir()));
        let parts = stored.flat_map(|stored| stored.parts);
        let around = parts.filter(|part| {
            part.span.file == self.file && part.span.start <= at && at <= part.span.end
        });
        around.min_by_key(|part| part.span.end - part.span.start)
    }

    pub(super) fn completions(&self, at: u32) -> Vec<CompletionItem> {
        let item = |label: &str, kind, detail: &str| CompletionItem {
            label: label.to_owned(),
            kind: Some(kind),
            detail: Some(detail.to_owned()),
            ..CompletionItem::default()
        };
        let file = self.file;
        let visible = self.declarations.iter().filter(|declaration| {
            let here = Ident { name: declaration.name.name.clone(), span: Span::new(file, at, at) };
            resolve(&self.declarations, &here) == Some(declaration)
        });
        let declared = visible.map(|declaration| {
            let kind = match declaration.kind {
                NameKind::Const => CompletionItemKind::CONSTANT,
                NameKind::Fn => CompletionItemKind::FUNCTION,
                NameKind::Rule | NameKind::Test => CompletionItemKind::CLASS,
                NameKind::Param | NameKind::State | NameKind::Input => CompletionItemKind::FIELD,
                NameKind::Argument
                | NameKind::Local
                | NameKind::Counter
                | NameKind::Prefix
                | NameKind::Imported => CompletionItemKind::VARIABLE,
            };
            item(&declaration.name.name, kind, declaration.kind.name())
        });
        let quantities =
            QUANTITIES.iter().map(|q| item(q.name, CompletionItemKind::PROPERTY, q.doc));
        let functions =
            FUNCTIONS.iter().map(|f| item(f.name, CompletionItemKind::FUNCTION, f.usage));
        let keywords =
            syntax::keywords().map(|word| item(word, CompletionItemKind::KEYWORD, "keyword"));
        let is_name = |name: &str| {
            QUANTITIES.iter().any(|quantity| quantity.name == name)
                || FUNCTIONS.iter().any(|function| function.name == name)
        };
        let contextual = syntax::contextual_words().into_iter();
        let contextual = contextual
            .filter(|word| !is_name(word.name))
            .map(|word| item(word.name, CompletionItemKind::KEYWORD, word.doc));
        declared.chain(quantities).chain(functions).chain(keywords).chain(contextual).collect()
    }

    /// One edit that replaces the text by its layout; none if it has that, or mistakes.
    pub(super) fn formatted(&self) -> Vec<TextEdit> {
        let formatted = Session::default().format(&self.source.name, self.text().as_bytes());
        match formatted {
            Ok(new_text) if new_text != self.text() => {
                let range = self.range(Span::new(self.file, 0, u32::MAX));
                vec![TextEdit { range, new_text }]
            }
            Ok(_) | Err(_) => Vec::new(),
        }
    }
}

fn describe_cost(rule: &Rule, text: &mut String) {
    if let Ok(program) = rule.program() {
        let cost = &program.cost;
        let _ = writeln!(
            text,
            "\nPPU, worst case: {} cycles of 4 ns an update and {} a row; {} bytes of code, {} of data",
            cost.fixed_cycles, cost.per_row_cycles, cost.code_bytes, cost.data_bytes
        );
    }
}

/// The path of a document, for modules beside it; its name as it is if it is no file.
fn path(uri: &str) -> String {
    let Some(encoded) = uri.strip_prefix("file://") else { return uri.to_owned() };
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        let digits = (byte == b'%').then(|| rest.clone().take(2).collect::<Vec<u8>>());
        let decoded = digits
            .and_then(|digits| String::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(&digits, 16).ok());
        match decoded {
            Some(decoded) => {
                bytes.push(decoded);
                rest.nth(1);
            }
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
