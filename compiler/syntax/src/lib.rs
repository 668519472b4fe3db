//! Lexer, syntax tree, parser and formatter of the rule language.
//!
//! ```text
//! text --token (logos)--> tokens --layout--> balanced, separated tokens --parser (chumsky)--> ast
//! ```
//!
//! Invariants: [`parse`] never fails and never panics, whatever the bytes: it returns what could be
//! read, and a diagnostic for each mistake; trees are at most [`ast::NESTING_MAX`] deep; the types
//! of logos and chumsky stay inside.
//!
//! ```
//! use pl_diag::SourceMap;
//!
//! let text = "rule r {\n    every 1 ms\n    synapses { weight += causal }\n}\n";
//! let file = SourceMap::new().add("r.pl", text);
//! let (module, diagnostics) = pl_syntax::parse(file, text);
//! assert!(diagnostics.is_empty());
//! assert_eq!(module.map(|module| module.items.len()), Some(1));
//! ```

#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants,
    reason = "layout and parser ask for a few kinds of token at a time and leave the rest"
)]

pub mod ast;
mod foreign;
pub mod index;
mod layout;
mod nesting;
mod parser;
mod pretty;
mod token;
mod words;

use pl_diag::{Code, Diagnostic, FileId, Span};

pub use pretty::format;
pub use token::keywords;
pub use words::{ContextualWord, contextual_words};

/// Most bytes of a source file.
pub const SOURCE_BYTES_MAX: usize = 4 << 20;

/// Most diagnostics of one file; more would not be read.
pub const DIAGNOSTICS_MAX: usize = 200;

/// Reads a source file.
///
/// The tree holds what could be read: a statement with a mistake is left out, a value with a
/// mistake becomes [`ast::ExprKind::Error`]. There is none if the file is too large or nested too
/// deeply. Diagnostics come in the order of their places.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (Option<ast::Module>, Vec<Diagnostic>) {
    if text.len() > SOURCE_BYTES_MAX {
        return (None, vec![too_large(file, text.len())]);
    }
    let mut found = Vec::new();
    let module = read(file, text, &mut found);
    found.sort_by_key(Diagnostic::span);
    found.truncate(DIAGNOSTICS_MAX);
    (module, found)
}

/// The stages in order. A stage that finds more than [`DIAGNOSTICS_MAX`] mistakes is the last.
fn read(file: FileId, text: &str, found: &mut Vec<Diagnostic>) -> Option<ast::Module> {
    let lexemes = token::lex(file, text, found);
    if found.len() >= DIAGNOSTICS_MAX {
        return None;
    }
    let layout = layout::lay_out(file, text, lexemes, found)?;
    parser::parse(file, text, &layout, found)
}

fn too_large(file: FileId, bytes: usize) -> Diagnostic {
    let span = Span::new(file, 0, 0);
    Diagnostic::error(Code::E0006, span, format!("the file has {bytes} bytes"))
        .label(span, format!("a source may have {SOURCE_BYTES_MAX} bytes"))
        .help("is this a source file? data belongs into files of their own")
}
