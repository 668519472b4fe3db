//! Lexer, syntax tree and parser of the rule language.
pub mod ast;
