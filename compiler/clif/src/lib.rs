//! Native code for the IR, by Cranelift.
//!
//! ```text
//!   plan.rs      what runs together, what is checked where, what lives in memory
//!   row_loop.rs  loops over rows that are run column by column
//!   function.rs  blocks, jumps, bounds, budget     run.rs    vector code: loops over columns, rows
//!   scalar.rs    instructions without vectors      vector.rs those with, on sixteen columns
//!   planes.rs    bytes that are read and written   generators.rs  random numbers
//!   invariants.rs  what is the same in all rows
//!   lanes.rs     one op on a chunk; bytes.rs: of bytes
//!   context.rs   what the code is handed           sizes.rs  how long its arrays must be
//!   jit.rs       code in memory, calls             border.rs everything unsafe
//! ```
//!
//! Registers hold a chunk of 8 lanes of 16 bits and rows have 256, so straight vector code becomes
//! one loop over a row by 16 columns (a *run*), all of it in registers; only values that another
//! run needs go through memory. A loop over rows becomes a loop down the rows inside of one over
//! the columns. Both are sound because no op moves data between columns.
//!
//! Invariants: [`Kernel::run`] leaves what [`pl_ir::eval::run`] leaves, bit for bit; every row
//! position is checked before it becomes an address; types of Cranelift stay inside.

mod border;
mod bytes;
mod context;
mod function;
mod generators;
mod invariants;
mod jit;
mod lanes;
mod object;
mod plan;
mod planes;
mod row_loop;
mod run;
mod scalar;
mod sizes;
mod unit;
mod vector;

pub use context::{context_in_c, status};
pub use object::Object;

use function::Columns;
use jit::Code;
use pl_ir::eval::EvalError;
use pl_ir::io::{Instance, UpdateIo, low_lane};
use pl_ir::{Module, Verified};
use std::sync::OnceLock;

/// How hard Cranelift tries. The results are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Effort {
    /// Compiles fast.
    Low,
    /// Makes fast code.
    #[default]
    High,
}

/// Choices of a compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Options {
    /// Effort of the optimiser.
    pub effort: Effort,
}

/// Why there is no native code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// This machine is none that Cranelift makes code for, or Cranelift refused: our mistake.
    #[error("native code: {0}")]
    Codegen(String),
}

/// Native code of a module. May be used from several threads at once.
#[derive(Debug)]
pub struct Kernel {
    module: Verified<Module>,
    options: Options,
    /// For views of all columns, and for others; each made when it is first wanted.
    codes: [OnceLock<Result<Code, Error>>; 2],
}

impl Kernel {
    /// Compiles every function of a module, for views of all columns; code for others is made when
    /// the first of them comes.
    ///
    /// # Errors
    /// [`Error`].
    pub fn compile(module: &Verified<Module>, options: Options) -> Result<Kernel, Error> {
        let codes = [OnceLock::new(), OnceLock::new()];
        let kernel = Kernel { module: module.clone(), options, codes };
        kernel.code(Columns::All)?;
        Ok(kernel)
    }

    fn code(&self, columns: Columns) -> Result<&Code, Error> {
        let code = || Code::new(&self.module, self.options, columns);
        self.codes[columns as usize].get_or_init(code).as_ref().map_err(Clone::clone)
    }

    /// The code as Cranelift's own IR, before its passes.
    ///
    /// # Errors
    /// [`Error`].
    pub fn clif_text(module: &Verified<Module>) -> Result<String, Error> {
        jit::text(module)
    }

    /// The code of a module as an object file; its functions have names that begin with `prefix`.
    /// They are called with a context ([`context_in_c`]) and give a [`status`].
    ///
    /// # Errors
    /// [`Error`].
    pub fn object(
        module: &Verified<Module>,
        prefix: &str,
        options: Options,
    ) -> Result<Object, Error> {
        object::object(module, prefix, options)
    }

    /// Runs a function: one update, or its start. Does what [`pl_ir::eval::run`] does.
    ///
    /// # Errors
    /// The same errors as the evaluator; what is in arrays and instance then is not defined. The
    /// budget is charged a block, or a loop over rows, at a time: a program that exceeds it stops
    /// before the block in which the evaluator stops.
    ///
    /// # Panics
    /// If an array or the newest sample of a record does not have the size of the view, or the
    /// instance is of another module.
    pub fn run(
        &self,
        function: &str,
        instance: &mut Instance,
        io: &mut UpdateIo<'_>,
    ) -> Result<(), EvalError> {
        sizes::check(&self.module, instance, io);
        let all = io.columns.iter().all(|column| *column != 0);
        let minimum = |value: &i32| low_lane(*value) == i16::MIN;
        let usual = all && !instance.derived.iter().any(minimum);
        let code = self.code(if usual { Columns::All } else { Columns::OfView });
        // The two differ in how they write bytes, and in products with derived values.
        let code = code.unwrap_or_else(|error| unreachable!("made for all columns, but: {error}"));
        code.run(&self.module, function, instance, io)
    }
}
