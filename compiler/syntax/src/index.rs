//! Names of a file for editors: where they are declared, from where they can be seen, and where
//! they stand.
//!
//! Scopes here follow the text alone, so that a file with mistakes has an index too.

mod used;

pub use used::uses;

use crate::ast::{
    Block, FnBody, Ident, Item, Member, Module, Rule, Schedule, Start, StartStep, Stmt, StmtKind,
};
use crate::token::{Token, lex};
use pl_diag::{FileId, Span};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// A constant.
    Const,
    /// A function.
    Fn,
    /// A parameter of a function.
    Argument,
    /// A rule.
    Rule,
    /// A param.
    Param,
    /// A state.
    State,
    /// An input.
    Input,
    /// A local value.
    Local,
    /// A counter of a loop.
    Counter,
    /// A test.
    Test,
    /// What names of a rule that is used begin with: `slow` in `use decay as slow`.
    Prefix,
    /// Something of another module.
    Imported,
}

impl NameKind {
    /// The user's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            NameKind::Const => "constant",
            NameKind::Fn => "function",
            NameKind::Argument => "argument",
            NameKind::Rule => "rule",
            NameKind::Param => "param",
            NameKind::State => "state",
            NameKind::Input => "input",
            NameKind::Local => "local",
            NameKind::Counter => "counter",
            NameKind::Test => "test",
            NameKind::Prefix => "rule that is used",
            NameKind::Imported => "imported",
        }
    }
}

/// A declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The name where it is declared.
    pub name: Ident,
    /// What it stands for.
    pub kind: NameKind,
    /// Text of its `///` comments.
    pub doc: String,
    /// The whole declaration.
    pub span: Span,
    /// Where it can be seen; a rule's names in its tests, too.
    pub seen: Vec<Span>,
}

/// Every identifier of a text, in order; keywords are none.
#[must_use]
pub fn identifiers(file: FileId, text: &str) -> Vec<Ident> {
    let lexemes = lex(file, text, &mut Vec::new());
    let name = |lexeme: &crate::token::Lexeme<'_>| match lexeme.token {
        Token::Ident(name) => {
            Some(Ident { name: name.to_owned(), span: Span::new(file, lexeme.start, lexeme.end) })
        }
        _ => None,
    };
    lexemes.iter().filter_map(name).collect()
}

/// Every declaration of a file, in the order written; those of a rule that is used once more for each
/// use, by their names with dots.
#[must_use]
pub fn declarations(file: FileId, text: &str, module: &Module) -> Vec<Declaration> {
    let everywhere = Span::new(file, 0, u32::MAX);
    let mut index = Index { found: Vec::new() };
    for item in &module.items {
        let (name, kind, doc, span) = match item {
            Item::Import(import) => {
                for name in import.names.iter().flatten() {
                    index.add(name, NameKind::Imported, "", import.span, vec![everywhere]);
                }
                continue;
            }
            Item::Const(item) => (&item.name, NameKind::Const, &item.doc, item.span),
            Item::Fn(item) => {
                for param in &item.params {
                    index.add(&param.name, NameKind::Argument, "", item.span, vec![item.span]);
                }
                if let FnBody::Block { lets, .. } = &item.body {
                    index.statements(lets, item.span);
                }
                (&item.name, NameKind::Fn, &item.doc, item.span)
            }
            Item::Rule(rule) => {
                index.rule(rule, module);
                (&rule.name, NameKind::Rule, &rule.doc, rule.span)
            }
            Item::Test(test) => (&test.name, NameKind::Test, &test.doc, test.span),
        };
        index.add(name, kind, doc, span, vec![everywhere]);
    }
    used::add(&mut index, &identifiers(file, text), text, module);
    index.found.sort_by_key(|declaration| declaration.name.span);
    index.found
}

/// The declaration that a name at a place means: the innermost that can be seen there, the last
/// one before it of several in one scope.
#[must_use]
pub fn resolve<'d>(declarations: &'d [Declaration], name: &Ident) -> Option<&'d Declaration> {
    let at = name.span;
    // The value of a local does not see it yet.
    let begun = |d: &Declaration| match d.kind {
        NameKind::Local => d.name.span == at || d.span.end <= at.start,
        NameKind::Counter => d.name.span.start <= at.start,
        NameKind::Const
        | NameKind::Fn
        | NameKind::Argument
        | NameKind::Rule
        | NameKind::Param
        | NameKind::State
        | NameKind::Input
        | NameKind::Test
        | NameKind::Prefix
        | NameKind::Imported => true,
    };
    let size = |d: &Declaration| {
        let around = d.seen.iter().filter(|seen| seen.start <= at.start && at.end <= seen.end);
        around.map(|seen| seen.end - seen.start).min()
    };
    let visible = declarations.iter().filter(|d| d.name.name == name.name && begun(d));
    let sized = visible.filter_map(|d| size(d).map(|size| (size, d)));
    sized.min_by_key(|(size, d)| (*size, u32::MAX - d.name.span.start)).map(|(_, d)| d)
}

/// Where the names of a rule can be seen: in itself and in its tests.
fn seen(rule: &Rule, module: &Module) -> Vec<Span> {
    let tests = module.items.iter().filter_map(|item| match item {
        Item::Test(test) if test.rule.name == rule.name.name => Some(test.span),
        Item::Import(_) | Item::Const(_) | Item::Fn(_) | Item::Rule(_) | Item::Test(_) => None,
    });
    core::iter::once(rule.span).chain(tests).collect()
}

struct Index {
    found: Vec<Declaration>,
}

impl Index {
    fn add(&mut self, name: &Ident, kind: NameKind, doc: &str, span: Span, seen: Vec<Span>) {
        let (name, doc) = (name.clone(), doc.to_owned());
        self.found.push(Declaration { name, kind, doc, span, seen });
    }

    fn rule(&mut self, rule: &Rule, module: &Module) {
        let seen = seen(rule, module);
        for member in &rule.members {
            match member {
                Member::Decl(decl) => {
                    let kind = match decl.kind {
                        crate::ast::DeclKind::Param => NameKind::Param,
                        crate::ast::DeclKind::State => NameKind::State,
                        crate::ast::DeclKind::Input => NameKind::Input,
                    };
                    self.add(&decl.name, kind, &decl.doc, decl.span, seen.clone());
                }
                Member::Schedule(Schedule { blocks, .. }) => {
                    blocks.iter().flatten().for_each(|block| self.block(block));
                }
                Member::Start(start) => self.start(start),
                Member::Block(block) => self.block(block),
                Member::Use(used) => {
                    if let Some(alias) = &used.alias {
                        self.add(alias, NameKind::Prefix, "", used.span, seen.clone());
                    }
                }
                Member::View(_)
                | Member::Rounding { .. }
                | Member::HardwareRng(_)
                | Member::Replicated(_)
                | Member::Record(_) => {}
            }
        }
    }

    fn start(&mut self, start: &Start) {
        for step in &start.steps {
            match step {
                StartStep::Block(block) => self.block(block),
                StartStep::Stmt(stmt) => self.statements(core::slice::from_ref(stmt), start.span),
            }
        }
    }

    fn block(&mut self, block: &Block) {
        self.statements(&block.body, block.span);
    }

    /// Statements whose locals can be seen in `scope`.
    fn statements(&mut self, body: &[Stmt], scope: Span) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::Let { name, .. } => {
                    self.add(name, NameKind::Local, "", stmt.span, vec![scope]);
                }
                StmtKind::If { arms, otherwise } => {
                    let bodies = arms.iter().map(|arm| &arm.body).chain(otherwise);
                    for inner in bodies {
                        if let (Some(first), Some(last)) = (inner.first(), inner.last()) {
                            self.statements(inner, first.span.to(last.span));
                        }
                    }
                }
                StmtKind::For { var, body, .. } => {
                    self.add(var, NameKind::Counter, "", stmt.span, vec![stmt.span]);
                    self.statements(body, stmt.span);
                }
                StmtKind::Assign { .. } | StmtKind::Reset(_) | StmtKind::Expr(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_diag::SourceMap;

    const TEXT: &str = "\
const k = 2
fn twice(x) = x * k
rule r {
    /// How much.
    param gain : real in 0 .. 1 = 0.5
    every 1 ms
    synapses {
        let x = gain
        if weight > 3 {
            let x = twice(x)
            weight += x
        }
        weight += x
    }
}
test t for r {
    set gain = 1
    run 1 updates
}
rule both {
    param gain : weight = 3
    param r : weight = 3
    use r
    use r as s
    every 1 ms
    synapses { weight = gain + r.gain + s.gain }
}
";

    fn declared_lines(name: &str) -> Vec<(usize, usize)> {
        let mut sources = SourceMap::new();
        let file = sources.add("r.pl", TEXT);
        let (module, found) = crate::parse(file, TEXT);
        assert!(found.is_empty(), "{found:?}");
        let declarations =
            module.map(|module| declarations(file, TEXT, &module)).unwrap_or_default();
        let line = |span: Span| sources.get(file).map_or(0, |s| s.position(span.start).line);
        let uses = identifiers(file, TEXT).into_iter().filter(|found| found.name == name);
        uses.filter_map(|found| {
            resolve(&declarations, &found).map(|d| (line(found.span), line(d.name.span)))
        })
        .collect()
    }

    #[test]
    fn names_find_the_innermost_declaration() {
        let own = [(5, 5), (8, 5), (17, 5), (21, 21), (26, 21)];
        assert_eq!(declared_lines("gain"), [&own[..], &[(26, 5), (26, 5)]].concat());
        assert_eq!(declared_lines("s"), [(24, 24), (26, 24)]);
        let own = [(3, 3), (16, 3), (22, 22), (23, 3), (24, 3), (26, 3)];
        assert_eq!(declared_lines("r"), own);
        let found = declared_lines("x");
        assert_eq!(found, [(2, 2), (2, 2), (8, 8), (10, 10), (10, 8), (11, 10), (13, 8)]);
    }
}
