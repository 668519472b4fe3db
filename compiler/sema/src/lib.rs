//! Meaning: from the syntax tree to typed rules, and from those to IR.
//!
//! ```text
//!   check/     names, types, units and scopes: syntax tree -> hir::Rule, with diagnostics
//!   build.rs   typed expressions from typed operands: kinds, intervals and units
//!   dimension  what numbers measure, and the units they are written in
//!   host.rs    expressions of params and constants, evaluated in f64
//!   hir.rs     the typed rule; test.rs checked tests
//!   numerics   what fixed point does to each expression, and warnings about it
//!   ideal.rs   the typed rule at work in f64, unrounded
//!   lower/     formats and rounding: hir::Rule -> IR (the numbered rules of LANGUAGE.md, 4)
//! ```
//!
//! Invariants: a rule without errors lowers to IR that verifies; one cause gives one diagnostic; a
//! name ends here, the IR knows indices.

mod build;
pub mod builtins;
mod check;
pub mod dimension;
pub mod hir;
pub mod host;
pub mod ideal;
pub mod interval;
pub mod lower;
pub mod numerics;
pub mod test;

pub use check::{Program, check, check_tests, import_path};
