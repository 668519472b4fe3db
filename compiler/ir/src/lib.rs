//! The vector IR of plasticity rules.
//!
//! ```text
//!   Module   declarations (derived values, objects, records) and functions `start`, `update`
//!   Function blocks with parameters, SSA values; the row loop is an ordinary loop
//!   op.rs    THE table of ops; print, parse, verify, eval and the back ends follow it
//!   print, parse   the text form
//!   verify   numbered rules; only a verified function reaches a back end
//!   eval     the reference evaluator: what every other engine must equal, bit for bit
//!   io.rs    what one update reads and writes: the interface shared by eval and native code
//!   testing  random modules and states, for differential tests of passes and engines
//! ```
//!
//! Invariants: an op is an enum variant, never a string; arithmetic is `pl_fixed`'s; every value
//! has one type; a lane never sees another lane.

pub mod decl;
pub mod entity;
pub mod eval;
pub mod func;
pub mod io;
pub mod op;
pub mod parse;
pub mod print;
pub mod testing;
pub mod types;
pub mod verify;

pub use decl::{Derived, Field, Generators, Module, Object, Quantity, Record, Scope};
pub use entity::{Block, DerivedId, Inst, ObjectId, RecordId, Value};
pub use func::{BlockCall, Function, FunctionBuilder, InstData, Terminator};
pub use op::{Effect, Imm, ImmKind, Op};
pub use parse::ParseError;
pub use types::{Elem, Type};
pub use verify::{Verified, VerifyError, verify};
