//! Rules for programs in other languages.
//!
//! ```text
//!   c.rs       headers in C for a rule's object file
//!   cxx/       kernels in C++ for the official plasticity interface; python.rs classes around them
//!   host.rs    expressions of params as text; names.rs what things are called
//!   template.rs, templates/   what is the same for all rules
//! ```
//!
//! Only text is made here: machine code comes from the back ends. Params can be set in what comes
//! out, as everywhere, and give the same raw values: expressions use what IEEE 754 defines to the
//! last bit. `exp`, `ln` and `pow` are not of that kind, so a param that one of them needs is
//! *fixed* ([`Params`]): it keeps the default it was compiled with.

pub mod c;
pub mod cxx;
mod host;
mod names;
pub mod python;
mod template;

pub use host::Params;

use pl_ir::{Module, Verified};
use pl_sema::hir;
use pl_sema::lower::DerivedValue;

/// A compiled rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// The typed rule, with the defaults of its params.
    pub hir: &'a hir::Rule,
    /// The IR.
    pub module: &'a Verified<Module>,
    /// Expressions of the module's derived table.
    pub derived: &'a [DerivedValue],
}

/// Who wrote a file.
#[must_use]
pub fn maker() -> &'static str {
    concat!("plc ", env!("CARGO_PKG_VERSION"))
}
