//! The whole compiler behind one [`Session`], for embedding.
//!
//! ```text
//!   source --syntax--> tree --sema--> typed rule --lower--> IR --passes--> IR
//!                                                            |-> clif: native code (Instance)
//!                                                            |-> ppu:  machine code (Program)
//! ```
//!
//! No files, clock, environment or console here: text goes in, values come out. A [`Session`] may
//! be used from several threads, and so may the [`Rule`]s it makes.

mod instance;
mod limits;
mod rule;
mod session;

pub use instance::{Engine, Instance, ParamError, Place, RunError};
pub use pl_clif as clif;
pub use pl_ir as ir;
pub use pl_ppu as ppu;
pub use pl_sema as sema;
pub use pl_stdlib as stdlib;
pub use rule::Rule;
pub use session::{Compilation, Options, Session};
