//! Code in memory, and the one place that calls it.

use crate::context::{self, Context, Host, RECORD_FIELD, RECORD_OPEN, status};
use crate::function::{Shims, translate};
use crate::{Effort, Error, Options};
use cranelift_codegen::ir::{AbiParam, Signature, UserFuncName, types};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module as _, default_libcall_names};
use pl_ir::eval::EvalError;
use pl_ir::io::{Instance, UpdateIo};
use pl_ir::{Function, Module};

/// A compiled function: takes the context, gives a [`status`].
type Entry = unsafe extern "C" fn(*mut Context) -> i32;

/// Compiled functions by name, and the memory they are in.
pub(crate) struct Code {
    entries: Vec<(String, Entry)>,
    /// Owns the memory; nothing but its release is asked of it after construction.
    memory: Option<JITModule>,
}

impl core::fmt::Debug for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let names: Vec<&str> = self.entries.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Code").field("functions", &names).finish_non_exhaustive()
    }
}

// SAFETY: the code is finished and read-only, it keeps its state in the context of each call, and
// `memory` is only touched when the last owner drops it.
#[allow(unsafe_code, reason = "finished code is shared between threads")]
unsafe impl Send for Code {}
// SAFETY: as above.
#[allow(unsafe_code, reason = "finished code is shared between threads")]
unsafe impl Sync for Code {}

impl Drop for Code {
    #[allow(unsafe_code, reason = "releases executable memory")]
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            // SAFETY: entries are only called through `run`, which borrows `self`.
            unsafe { memory.free_memory() };
        }
    }
}

fn failed(error: impl core::fmt::Display) -> Error {
    Error::Codegen(error.to_string())
}

/// A module to put code for this machine into.
fn jit_module(options: Options) -> Result<JITModule, Error> {
    let mut flags = settings::builder();
    let level = match options.effort {
        Effort::Low => "none",
        Effort::High => "speed",
    };
    for (name, value) in
        [("opt_level", level), ("is_pic", "false"), ("use_colocated_libcalls", "false")]
    {
        flags.set(name, value).map_err(failed)?;
    }
    let isa = cranelift_native::builder().map_err(failed)?;
    let isa = isa.finish(settings::Flags::new(flags)).map_err(failed)?;
    let mut builder = JITBuilder::with_isa(isa, default_libcall_names());
    builder.symbol(RECORD_OPEN, context::record_open as *const u8);
    builder.symbol(RECORD_FIELD, context::record_field as *const u8);
    Ok(JITModule::new(builder))
}

/// Functions to come, and the callbacks they know.
struct Unit {
    jit: JITModule,
    entry: Signature,
    open: FuncId,
    field: FuncId,
}

impl Unit {
    fn new(options: Options) -> Result<Unit, Error> {
        let mut jit = jit_module(options)?;
        let pointer = jit.target_config().pointer_type();
        let signature = |params: &[types::Type], result| {
            let mut signature = jit.make_signature();
            signature.params.extend(params.iter().map(|ty| AbiParam::new(*ty)));
            signature.returns.push(AbiParam::new(result));
            signature
        };
        let entry = signature(&[pointer], types::I32);
        let open = signature(&[pointer, types::I32], types::I32);
        let field = signature(&[pointer, types::I32, types::I32], pointer);
        let open = jit.declare_function(RECORD_OPEN, Linkage::Import, &open).map_err(failed)?;
        let field = jit.declare_function(RECORD_FIELD, Linkage::Import, &field).map_err(failed)?;
        Ok(Unit { jit, entry, open, field })
    }

    /// Translates one function.
    fn function(&mut self, func: &Function, number: u32) -> cranelift_codegen::Context {
        let mut context = self.jit.make_context();
        context.func.signature = self.entry.clone();
        context.func.name = UserFuncName::user(0, number);
        let shims = Shims {
            open: self.jit.declare_func_in_func(self.open, &mut context.func),
            field: self.jit.declare_func_in_func(self.field, &mut context.func),
        };
        let config = self.jit.target_config();
        let mut scratch = FunctionBuilderContext::new();
        translate(func, &mut context.func, &mut scratch, shims, config);
        context
    }
}

/// The functions of a module in Cranelift's IR.
pub(crate) fn text(module: &Module) -> Result<String, Error> {
    let mut unit = Unit::new(Options::default())?;
    let mut text = String::new();
    for (number, func) in (0..).zip(&module.functions) {
        let context = unit.function(func, number);
        text += &format!("; {}\n{}\n", func.name, context.func.display());
    }
    Ok(text)
}

impl Code {
    pub(crate) fn new(module: &Module, options: Options) -> Result<Code, Error> {
        let mut unit = Unit::new(options)?;
        let mut ids = Vec::new();
        for (number, func) in (0..).zip(&module.functions) {
            let mut context = unit.function(func, number);
            // The prefix keeps names of functions apart from those of callbacks.
            let name = format!("rule_{}", func.name);
            let id = unit.jit.declare_function(&name, Linkage::Local, &unit.entry);
            let id = id.map_err(failed)?;
            unit.jit
                .define_function(id, &mut context)
                .map_err(|error| Error::Codegen(format!("{error:?}")))?;
            ids.push((func.name.clone(), id));
        }
        unit.jit.finalize_definitions().map_err(failed)?;
        let entries = ids.into_iter().map(|(name, id)| {
            let address = unit.jit.get_finalized_function(id);
            (name, entry_at(address))
        });
        Ok(Code { entries: entries.collect(), memory: Some(unit.jit) })
    }

    /// Runs a function on arrays whose sizes have been checked.
    pub(crate) fn run(
        &self,
        module: &Module,
        function: &str,
        instance: &mut Instance,
        io: &mut UpdateIo<'_>,
    ) -> Result<(), EvalError> {
        let entry = self.entries.iter().find(|(name, _)| name == function);
        let (_, entry) = entry.ok_or_else(|| EvalError::NoFunction(function.to_owned()))?;
        let objects = context::object_pointers(&mut instance.objects);
        let mut records = std::mem::take(&mut instance.records);
        let rows = io.rows.len();
        let mut host = Host {
            module,
            records: &mut records,
            update_index: instance.update_index,
            rows,
            nowhere: Vec::new(),
        };
        let host: *mut Host<'_> = &raw mut host;
        let mut context = Context::new(instance, io, &objects, host.cast());
        let end = call(*entry, &mut context);
        instance.records = records;
        match end {
            status::DONE => Ok(()),
            status::ROW_POSITION => Err(EvalError::RowPosition(context.fault_position, rows)),
            _ => Err(EvalError::Budget),
        }
    }
}

#[allow(unsafe_code, reason = "the address of finished code becomes a function")]
fn entry_at(address: *const u8) -> Entry {
    // SAFETY: the address is that of a function defined with the signature of `Entry`.
    unsafe { core::mem::transmute::<*const u8, Entry>(address) }
}

#[allow(unsafe_code, reason = "native code is entered here and nowhere else")]
fn call(entry: Entry, context: &mut Context) -> i32 {
    // SAFETY: the context points to arrays of the sizes that `Kernel::run` has checked, they are
    // borrowed by the caller for the call, and the code checks every row position it is given.
    unsafe { entry(context) }
}
