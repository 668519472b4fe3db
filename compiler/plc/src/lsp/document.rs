//! A text that is open in an editor: what the compiler says of it, and the names in it.

use super::elsewhere::{self, Elsewhere};
use super::place;
use crate::modules::Modules;
use crate::output;
use lsp_types::{
    CompletionItem, CompletionItemKind, DiagnosticRelatedInformation, DiagnosticSeverity, Hover,
    HoverContents, Location, MarkupContent, MarkupKind, NumberOrString, Range, TextEdit, Uri,
};
use pl_diag::{Diagnostic, FileId, Severity, Source, Span};
use pl_driver::sema::builtins::{FUNCTIONS, QUANTITIES};
use pl_driver::sema::numerics::{Part, numerics};
use pl_driver::syntax::ast::{Block, Ident, Import, Item, Member, ScheduleKind, StartStep};
use pl_driver::syntax::index::{Declaration, NameKind, declarations, identifiers, resolve};
use pl_driver::{Compilation, Rule, Session, syntax};
use std::cell::RefCell;
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
    pub(super) modules: Modules,
    /// Paths of the modules that it imports, directly or not, whether there are such files or not.
    imports: Vec<String>,
}

impl Document {
    /// A document; `open` gives the texts of modules that are open, by their paths.
    pub(super) fn new(uri: &str, text: String, open: &dyn Fn(&str) -> Option<String>) -> Document {
        let path = path(uri);
        let imports = RefCell::new(Vec::new());
        let beside = |module: &str| {
            let place = output::module_place(&path, module)?.display().to_string();
            imports.borrow_mut().push(place.clone());
            match open(&place) {
                Some(text) => Some((place, text)),
                None => output::module_beside(&path, module),
            }
        };
        let compiled =
            Session::default().compile_with(&path, text.as_bytes(), &beside, &mut |_, _| {});
        let file = compiled.sources.iter().next().map_or_else(FileId::default, |(file, _)| file);
        let modules = Modules::new(&compiled.sources);
        Document {
            uri: uri.to_owned(),
            names: identifiers(file, &text),
            declarations: modules
                .own()
                .map(|own| declarations(file, &text, &own.module))
                .unwrap_or_default(),
            modules,
            imports: imports.into_inner(),
            source: Source::new(path, text),
            file,
            compiled,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.source.text
    }

    /// Its path.
    pub(super) fn path(&self) -> &str {
        &self.source.name
    }

    /// Whether it imports the module of a path, directly or not.
    pub(super) fn imports(&self, path: &str) -> bool {
        self.imports.iter().any(|import| import == path)
    }

    fn range(&self, span: Span) -> Range {
        place::range(self.text(), span)
    }

    pub(super) fn diagnostics(&self) -> Vec<lsp_types::Diagnostic> {
        self.compiled.diagnostics.iter().map(|found| self.diagnostic(found)).collect()
    }

    /// Where something is shown that is wrong in a module: at a label in this file, else where the
    /// first module is imported.
    fn place_of_foreign(&self, found: &Diagnostic) -> Span {
        let labels = found.labels.iter().map(|(span, _)| *span);
        let label = labels.into_iter().find(|span| span.file == self.file);
        let import = || {
            self.modules.own()?.module.items.iter().find_map(|item| match item {
                Item::Import(import) => Some(import.span),
                Item::Const(_) | Item::Fn(_) | Item::Rule(_) | Item::Test(_) => None,
            })
        };
        label.or_else(import).unwrap_or(Span::new(self.file, 0, 0))
    }

    fn diagnostic(&self, found: &Diagnostic) -> lsp_types::Diagnostic {
        let mut message = found.message.clone();
        let place = if found.span().file == self.file {
            found.span()
        } else {
            if let Some(module) = self.compiled.sources.get(found.span().file) {
                let line = module.position(found.span().start).line;
                message = format!("in {}, line {line}: {message}", module.name);
            }
            self.place_of_foreign(found)
        };
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
            range: self.range(place),
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

    /// The name at an offset with those before it that dots join to it.
    pub(super) fn chain(&self, at: u32) -> Option<Vec<&str>> {
        let name = self.name(at)?;
        let until = self.names.iter().position(|other| other.span == name.span)?;
        let joined = |before: usize| {
            let [left, right] = [before, before + 1].map(|index| self.names[index].span);
            self.source.slice(Span::new(self.file, left.end, right.start)).trim() == "."
        };
        let mut from = until;
        while from > 0 && joined(from - 1) {
            from -= 1;
        }
        Some(self.names[from..=until].iter().map(|name| name.name.as_str()).collect())
    }

    /// What the name at an offset means, if another module declares it.
    fn elsewhere(&self, at: u32) -> Option<Elsewhere<'_>> {
        let here = self.declaration(at).is_some_and(|found| found.kind != NameKind::Imported);
        if here { None } else { elsewhere::find(self, at) }
    }

    /// Path and place of a declaration. Modules of the library have no path: their names are declared
    /// where they are imported.
    pub(super) fn definition(&self, at: u32) -> Option<(String, Range)> {
        let own = |span| (self.path().to_owned(), self.range(span));
        if let Some(found) = self.elsewhere(at) {
            let (module, range) = found.place();
            let import = self.imported_as(module);
            return Some(import.map_or_else(|| (module.to_owned(), range), |i| own(i.span)));
        }
        self.declaration(at).map(|declaration| own(declaration.name.span))
    }

    /// The import of a module of the library.
    fn imported_as(&self, module: &str) -> Option<&Import> {
        let items = self.modules.own()?.module.items.iter();
        let mut imports = items.filter_map(|item| match item {
            Item::Import(import) => Some(import),
            Item::Const(_) | Item::Fn(_) | Item::Rule(_) | Item::Test(_) => None,
        });
        imports.find(|import| pl_driver::sema::import_path(import) == module)
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
            if let Some(found) = self.elsewhere(at) {
                describe(found.source(), found.kind, found.doc, &mut text);
            } else if let Some(declaration) = resolve(&self.declarations, name) {
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
        if let Some((rule, keyword)) = self.keyword(at) {
            span = Some(keyword);
            let _ = writeln!(text, "of rule `{rule}`");
            self.describe_cost(rule, &mut text);
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
        describe(source, declaration.kind, &declaration.doc, text);
        if declaration.kind == NameKind::Rule {
            self.describe_cost(&declaration.name.name, text);
        }
    }

    /// What an update by a rule of this file costs.
    fn describe_cost(&self, rule: &str, text: &mut String) {
        let found = self.compiled.rules.iter().find(|found| found.name() == rule);
        if let Some(rule) = found {
            describe_cost(rule, text);
        }
    }

    /// The word at an offset that begins a block or a schedule, with its rule.
    fn keyword(&self, at: u32) -> Option<(&str, Span)> {
        let rules = self.modules.own()?.module.items.iter().filter_map(|item| match item {
            Item::Rule(rule) => Some(rule),
            Item::Import(_) | Item::Const(_) | Item::Fn(_) | Item::Test(_) => None,
        });
        let mut words = rules.flat_map(|rule| {
            let words = rule.members.iter().flat_map(keywords);
            words.map(|word| (rule.name.name.as_str(), word))
        });
        words.find(|(_, word)| word.start <= at && at <= word.end)
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

/// A declaration: its first line, what it is, and its documentation.
fn describe(source: &str, kind: NameKind, doc: &str, text: &mut String) {
    let first =
        source.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("//"));
    let _ = writeln!(text, "```rule\n{}\n```\n{}", first.unwrap_or_default(), kind.name());
    if !doc.is_empty() {
        let _ = writeln!(text, "\n{}", doc.trim());
    }
}

/// Where the words stand that begin the blocks and the schedule of a member.
fn keywords(member: &Member) -> Vec<Span> {
    let word = |span: Span, word: &str| {
        Span::from_range(span.file, {
            let start = span.start as usize;
            start..start + word.len()
        })
    };
    let of_block = |block: &Block| word(block.span, block.kind.name());
    match member {
        Member::Block(block) => vec![of_block(block)],
        Member::Schedule(schedule) => {
            let head = match schedule.kind {
                ScheduleKind::Every { .. } => "every",
                ScheduleKind::At { .. } => "at",
            };
            let blocks = schedule.blocks.iter().flatten().map(of_block);
            std::iter::once(word(schedule.head, head)).chain(blocks).collect()
        }
        Member::Start(start) => {
            let blocks = start.steps.iter().filter_map(|step| match step {
                StartStep::Block(block) => Some(of_block(block)),
                StartStep::Stmt(_) => None,
            });
            std::iter::once(word(start.span, "start")).chain(blocks).collect()
        }
        Member::View(_)
        | Member::Rounding { .. }
        | Member::HardwareRng(_)
        | Member::Replicated(_)
        | Member::Decl(_)
        | Member::Record(_)
        | Member::Use(_) => Vec::new(),
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

/// The name of a file in the protocol.
pub(super) fn uri(path: &str) -> String {
    let encoded = path.bytes().map(|byte| match byte {
        b'/' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    format!("file://{}", encoded.collect::<String>())
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
