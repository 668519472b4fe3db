//! Native code for the IR, by Cranelift.
//!
//! ```text
//!   function.rs   blocks, scalars, bounds and budget       plan.rs   which values live in memory
//!   run.rs        vector code: loops over chunks           lanes.rs  one op on a chunk
//!   context.rs    what the code is handed; its callbacks   jit.rs    code in memory; the only unsafe calls
//! ```
//!
//! Registers hold 8 lanes of 16 bits and rows have 256, so straight vector code becomes one loop
//! over 32 chunks of the row (a *run*), all of it in registers; only values that another run needs
//! go through memory. That is sound because no op moves data between columns.
//!
//! Invariants: [`Kernel::run`] leaves what [`pl_ir::eval::run`] leaves, bit for bit; every row
//! position is checked before it becomes an address; types of Cranelift stay inside.

mod context;
mod function;
mod jit;
mod lanes;
mod plan;
mod run;

use jit::Code;
use pl_ir::eval::EvalError;
use pl_ir::io::{COLUMNS, Instance, ObjectValues, UpdateIo};
use pl_ir::{Elem, Module, Type, Verified};

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
    /// The module computes with vectors of bytes, which this back end does not select yet.
    #[error("function `{function}` has vectors of bytes")]
    ByteLanes {
        /// The function.
        function: String,
    },
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
        check(module)?;
        Ok(Kernel { module: module.clone(), code: Code::new(module, options)? })
    }

    /// The code as Cranelift's own IR, before its passes.
    ///
    /// # Errors
    /// [`Error`].
    pub fn clif_text(module: &Verified<Module>) -> Result<String, Error> {
        check(module)?;
        jit::text(module)
    }

    /// Runs a function: one update, or its start. Does what [`pl_ir::eval::run`] does.
    ///
    /// # Errors
    /// The same errors as the evaluator. A budget is checked a block at a time, so arrays may then
    /// hold a little less than the evaluator would have left.
    ///
    /// # Panics
    /// If an array does not have the size of the view, or the instance is of another module.
    pub fn run(
        &self,
        function: &str,
        instance: &mut Instance,
        io: &mut UpdateIo<'_>,
    ) -> Result<(), EvalError> {
        check_sizes(&self.module, instance, io);
        self.code.run(&self.module, function, instance, io)
    }
}

fn check(module: &Module) -> Result<(), Error> {
    let bytes = |ty: &Type| matches!(ty, Type::Vector { elem: Elem::I8, .. });
    match module.functions.iter().find(|func| func.values.iter().any(bytes)) {
        Some(func) => Err(Error::ByteLanes { function: func.name.clone() }),
        None => Ok(()),
    }
}

/// Native code trusts these sizes.
fn check_sizes(module: &Module, instance: &Instance, io: &UpdateIo<'_>) {
    let rows = io.rows.len();
    let cells = rows * COLUMNS;
    assert!(rows <= COLUMNS, "a view of {rows} rows");
    assert_eq!(io.row_signs.len(), rows, "row signs");
    let planes = [
        io.weights.len(),
        io.addresses.len(),
        io.causal_codes.len(),
        io.acausal_codes.len(),
        io.correlation_reset.len(),
    ];
    assert_eq!(planes, [cells; 5], "arrays of synapses of {rows} rows");
    assert_eq!(instance.derived.len(), module.derived.len(), "derived values");
    assert_eq!(instance.records.len(), module.records.len(), "records");
    assert_eq!(instance.objects.len(), module.objects.len(), "objects");
    for (object, values) in module.objects.iter().zip(&instance.objects) {
        let found = match values {
            ObjectValues::Lanes(lanes) => (true, lanes.len()),
            ObjectValues::Scalars(scalars) => (false, scalars.len()),
        };
        assert_eq!(found, context::extent(object.scope, rows), "object `{}`", object.name);
    }
}
