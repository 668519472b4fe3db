//! Native code for the IR, by Cranelift.
//!
//! ```text
//!   plan.rs      what runs together, what is checked where, what lives in memory
//!   function.rs  blocks, jumps, bounds, budget     run.rs    vector code: loops over chunks
//!   scalar.rs    instructions without vectors      lanes.rs  one op on a chunk; bytes.rs: of bytes
//!   context.rs   what the code is handed           sizes.rs  how long its arrays must be
//!   jit.rs       code in memory, calls             border.rs everything unsafe
//! ```
//!
//! Registers hold 8 lanes of 16 bits and rows have 256, so straight vector code becomes one loop
//! over 32 chunks of the row (a *run*), all of it in registers; only values that another run needs
//! go through memory. That is sound because no op moves data between columns.
//!
//! Invariants: [`Kernel::run`] leaves what [`pl_ir::eval::run`] leaves, bit for bit; every row
//! position is checked before it becomes an address; types of Cranelift stay inside.

mod border;
mod bytes;
mod context;
mod function;
mod jit;
mod lanes;
mod plan;
mod run;
mod scalar;
mod sizes;

use jit::Code;
use pl_ir::eval::EvalError;
use pl_ir::io::{Instance, UpdateIo};
use pl_ir::{Module, Verified};

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
    code: Code,
}

impl Kernel {
    /// Compiles every function of a module.
    ///
    /// # Errors
    /// [`Error`].
    pub fn compile(module: &Verified<Module>, options: Options) -> Result<Kernel, Error> {
        Ok(Kernel { module: module.clone(), code: Code::new(module, options)? })
    }

    /// The code as Cranelift's own IR, before its passes.
    ///
    /// # Errors
    /// [`Error`].
    pub fn clif_text(module: &Verified<Module>) -> Result<String, Error> {
        jit::text(module)
    }

    /// Runs a function: one update, or its start. Does what [`pl_ir::eval::run`] does.
    ///
    /// # Errors
    /// The same errors as the evaluator, with the same effects before them. Only the budget is
    /// charged a block at a time: a program that exceeds it stops before the block in which the
    /// evaluator stops.
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
        self.code.run(&self.module, function, instance, io)
    }
}
