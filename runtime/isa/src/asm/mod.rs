//! The assembler: text to a linked executable.
//!
//! ```text
//!   lexer.rs      a statement into tokens with columns
//!   expr.rs       expressions: parsing, folding, evaluation
//!   lines.rs      macros, repetitions and conditionals: which lines there are
//!   statement.rs  labels, assignments; hands on to the next two
//!   directive.rs  sections, data, symbols
//!   operand.rs    operands of instructions, simplified mnemonics
//!   layout.rs     addresses of sections, values of symbols, bytes of what waited for them
//! ```
//!
//! The language is the part of the GNU assembler's that programs for this core use; there is no
//! separate linker, so every symbol must be defined in the text. Errors do not stop it: each
//! statement that is wrong is reported once, with line, column and what to write instead.

mod directive;
mod expr;
mod layout;
mod lexer;
mod lines;
mod operand;
mod statement;

use std::collections::BTreeMap;
use std::fmt;

use crate::elf::Image;

/// A mistake in assembly text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmError {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        match &self.help {
            Some(help) => write!(f, " (help: {help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for AsmError {}

/// Where sections go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Address of the first section without an address of its own; code comes first, then
    /// constants, data and zeros, each aligned as it asks for.
    pub origin: u32,
    /// Addresses of sections by name. Names starting with `ext` are in external memory by
    /// themselves: code at `0x8000_0000`, the rest at `0x4000_0000`.
    pub addresses: BTreeMap<String, u32>,
}

/// An assembled program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Sections and symbols.
    pub image: Image,
    /// Address and source line of every instruction and data item, ordered by address.
    pub lines: Vec<(u32, u32)>,
}

impl Program {
    /// The source line an address comes from.
    #[must_use]
    pub fn line_at(&self, address: u32) -> Option<u32> {
        let next = self.lines.partition_point(|(at, _)| *at <= address);
        self.lines.get(next.checked_sub(1)?).map(|(_, line)| *line)
    }

    /// The words of the section `.text`.
    #[must_use]
    pub fn text_words(&self) -> Vec<u32> {
        let text = self.image.sections.iter().find(|s| s.name == ".text");
        match text.map(|s| &s.contents) {
            Some(crate::elf::Contents::Bytes(bytes)) => {
                bytes.as_chunks().0.iter().map(|w| u32::from_be_bytes(*w)).collect()
            }
            Some(crate::elf::Contents::Zeros(_)) | None => Vec::new(),
        }
    }
}

/// Assembles text with the default layout: everything in the core's own memory from address 0.
///
/// # Errors
/// Every mistake found, in the order of lines.
///
/// ```
/// let program = pl_isa::assemble("start: li 3,1\n  b start\n").unwrap();
/// assert_eq!(program.text_words(), [0x3860_0001, 0x4bff_fffc]);
/// let errors = pl_isa::assemble("li 3,70000").unwrap_err();
/// assert_eq!((errors[0].line, errors[0].column), (1, 6));
/// ```
pub fn assemble(text: &str) -> Result<Program, Vec<AsmError>> {
    assemble_with(text, &Options::default())
}

/// Assembles text with a layout.
///
/// # Errors
/// Every mistake found, in the order of lines.
pub fn assemble_with(text: &str, options: &Options) -> Result<Program, Vec<AsmError>> {
    let mut unit = statement::Unit::new();
    lines::feed(text, &mut unit);
    layout::finish(unit, options)
}

/// A column in a line of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    line: u32,
    column: u32,
}

impl Place {
    fn error(self, message: impl Into<String>) -> AsmError {
        AsmError { line: self.line, column: self.column, message: message.into(), help: None }
    }

    fn error_help(self, message: impl Into<String>, help: impl Into<String>) -> AsmError {
        AsmError { help: Some(help.into()), ..self.error(message) }
    }
}

#[cfg(test)]
mod tests;
