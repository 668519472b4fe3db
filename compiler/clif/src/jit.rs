//! Functions compiled into memory, and calls of them.

use crate::border::{self, Entry, Memory};
use crate::context::{self, Context, Home, Host, Lent, RECORD_FIELD, RECORD_OPEN, SEND, status};
use crate::function::{Columns, Shims, translate};
use crate::{Effort, Error, Options};
use cranelift_codegen::ir::{AbiParam, Signature, UserFuncName, types};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module as _, default_libcall_names};
use pl_ir::eval::EvalError;
use pl_ir::io::{Instance, UpdateIo};
use pl_ir::{Function, Module};

/// Compiled functions, and the memory they are in.
pub(crate) struct Code {
    functions: Vec<Compiled>,
    _memory: Memory,
}

/// A compiled function.
struct Compiled {
    name: String,
    entry: Entry,
    /// Vectors it keeps in memory.
    homes: usize,
}

impl core::fmt::Debug for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let names: Vec<&str> = self.functions.iter().map(|f| f.name.as_str()).collect();
        f.debug_struct("Code").field("functions", &names).finish_non_exhaustive()
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
    builder.symbol(RECORD_OPEN, border::record_open as *const u8);
    builder.symbol(SEND, border::send as *const u8);
    builder.symbol(RECORD_FIELD, border::record_field as *const u8);
    Ok(JITModule::new(builder))
}

/// Functions to come, and the callbacks they know.
struct Unit {
    jit: JITModule,
    entry: Signature,
    open: FuncId,
    field: FuncId,
    send: FuncId,
}

impl Unit {
    fn new(options: Options) -> Result<Unit, Error> {
        let mut jit = jit_module(options)?;
        let pointer = jit.target_config().pointer_type();
        let signature = |params: &[types::Type], results: &[types::Type]| {
            let mut signature = jit.make_signature();
            signature.params.extend(params.iter().map(|ty| AbiParam::new(*ty)));
            signature.returns.extend(results.iter().map(|ty| AbiParam::new(*ty)));
            signature
        };
        let entry = signature(&[pointer], &[types::I32]);
        let open = signature(&[pointer, types::I32], &[types::I32]);
        let field = signature(&[pointer, types::I32, types::I32], &[pointer]);
        let send = signature(&[pointer, types::I32, types::I32], &[]);
        let open = jit.declare_function(RECORD_OPEN, Linkage::Import, &open).map_err(failed)?;
        let field = jit.declare_function(RECORD_FIELD, Linkage::Import, &field).map_err(failed)?;
        let send = jit.declare_function(SEND, Linkage::Import, &send).map_err(failed)?;
        Ok(Unit { jit, entry, open, field, send })
    }

    /// Translates one function; says how many vectors it keeps in memory.
    fn function(
        &mut self,
        func: &Function,
        number: u32,
        columns: Columns,
    ) -> (cranelift_codegen::Context, usize) {
        let mut context = self.jit.make_context();
        context.func.signature = self.entry.clone();
        context.func.name = UserFuncName::user(0, number);
        let shims = Shims {
            open: self.jit.declare_func_in_func(self.open, &mut context.func),
            field: self.jit.declare_func_in_func(self.field, &mut context.func),
            send: self.jit.declare_func_in_func(self.send, &mut context.func),
        };
        let config = self.jit.target_config();
        let mut scratch = FunctionBuilderContext::new();
        let homes = translate(func, &mut context.func, &mut scratch, shims, columns, config);
        (context, homes)
    }
}

/// The functions of a module in Cranelift's IR.
pub(crate) fn text(module: &Module) -> Result<String, Error> {
    let mut unit = Unit::new(Options::default())?;
    let mut text = String::new();
    for (number, func) in (0..).zip(&module.functions) {
        let (context, _) = unit.function(func, number, Columns::OfView);
        text += &format!("; {}\n{}\n", func.name, context.func.display());
    }
    Ok(text)
}

impl Code {
    /// Compiles a module for views of these columns.
    pub(crate) fn new(module: &Module, options: Options, columns: Columns) -> Result<Code, Error> {
        let mut unit = Unit::new(options)?;
        let mut defined: Vec<(FuncId, usize)> = Vec::new();
        for (number, func) in (0..).zip(&module.functions) {
            let (mut context, homes) = unit.function(func, number, columns);
            // The prefix keeps names of functions apart from those of callbacks.
            let name = format!("rule_{}", func.name);
            let id = unit.jit.declare_function(&name, Linkage::Local, &unit.entry);
            let id = id.map_err(failed)?;
            unit.jit
                .define_function(id, &mut context)
                .map_err(|error| Error::Codegen(format!("{error:?}")))?;
            defined.push((id, homes));
        }
        unit.jit.finalize_definitions().map_err(failed)?;
        let compiled = |(func, (id, homes)): (&Function, (FuncId, usize))| Compiled {
            name: func.name.clone(),
            entry: Entry::at(unit.jit.get_finalized_function(id)),
            homes,
        };
        let functions = module.functions.iter().zip(defined).map(compiled).collect();
        Ok(Code { functions, _memory: Memory::new(unit.jit) })
    }

    /// Runs a function on arrays whose sizes have been checked.
    pub(crate) fn run(
        &self,
        module: &Module,
        function: &str,
        instance: &mut Instance,
        io: &mut UpdateIo<'_>,
    ) -> Result<(), EvalError> {
        let compiled = self.functions.iter().find(|compiled| compiled.name == function);
        let compiled = compiled.ok_or_else(|| EvalError::NoFunction(function.to_owned()))?;
        let rows = io.rows.len();
        let objects = context::object_pointers(&mut instance.objects);
        let mut records = std::mem::take(&mut instance.records);
        let mut events = std::mem::take(&mut instance.events);
        let mut host = Host {
            module,
            records: &mut records,
            events: &mut events,
            update_index: instance.update_index,
            rows,
            nowhere: Vec::new(),
        };
        let host: *mut Host<'_> = &raw mut host;
        // Not on the stack, which a function with thousands of vectors would overflow.
        let mut homes: Vec<Home> = Vec::with_capacity(compiled.homes);
        let lent = Lent {
            columns: &io.columns.map(|column| if column == 0 { 0 } else { 0xff }),
            objects: &objects,
            homes: homes.as_mut_ptr(),
            host: host.cast(),
        };
        let mut context = Context::new(instance, io, &lent);
        let end = compiled.entry.call(&mut context);
        instance.records = records;
        instance.events = events;
        match end {
            status::DONE => Ok(()),
            status::ROW_POSITION => Err(EvalError::RowPosition(context.fault_position, rows)),
            _ => Err(EvalError::Budget),
        }
    }
}
