//! What the compiler tells its users: places in source text, diagnostics, and the table of codes.
//!
//! ```text
//! SourceMap ── owns the text of every file, answers "which line is this?"
//!     Span ─── a range of bytes of one file
//! Diagnostic ─ code + message + labelled spans + notes + help, plain data
//!     CODES ── the one table of codes, titles and explanations (`plc explain`)
//! render, json, sarif ── a diagnostic as text for people or for tools
//! ```
//!
//! Invariants: a diagnostic is a value, collected and never thrown; only [`render`] knows ariadne;
//! nothing here reads files or writes to the console; any span, even one that lies outside of its
//! file or cuts a character, can be rendered.
//!
//! ```
//! use pl_diag::{Code, Diagnostic, SourceMap, Span, render};
//!
//! let mut sources = SourceMap::new();
//! let file = sources.add("rule.pl", "weight = 3 +\n");
//! let found = Diagnostic::error(Code::E0101, Span::new(file, 12, 13), "an operand is missing")
//!     .label(Span::new(file, 11, 12), "nothing follows this `+`")
//!     .help("write a value after `+`");
//! let text = render::plain(&found, &sources);
//! assert!(text.contains("E0101") && text.contains("rule.pl:1:13"));
//! ```

mod codes;
mod diagnostic;
pub mod json;
pub mod render;
pub mod sarif;
mod source;
mod span;
mod suggest;

pub use codes::{CODES, Code, CodeInfo};
pub use diagnostic::{Diagnostic, Severity};
pub use source::{Position, Source, SourceMap};
pub use span::{FileId, Span};
pub use suggest::did_you_mean;
