//! Functions compiled into memory, and calls of them.

use crate::border::{Entry, Memory};
use crate::context::{self, Context, Home, Host, Lent, status};
use crate::function::Columns;
use crate::unit::{self, Unit, failed};
use crate::{Error, Options};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, default_libcall_names};
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

/// A module in memory to put code for this machine into.
fn jit_module(options: Options) -> Result<JITModule, Error> {
    let isa = cranelift_native::builder().map_err(failed)?;
    let isa = isa.finish(unit::flags(options, "false")?).map_err(failed)?;
    Ok(JITModule::new(JITBuilder::with_isa(isa, default_libcall_names())))
}

/// The functions of a module in Cranelift's IR.
pub(crate) fn text(module: &Module) -> Result<String, Error> {
    let mut unit = Unit::new(jit_module(Options::default())?);
    unit.put_leaps(module.generators)?;
    let mut text = String::new();
    for (number, func) in (0..).zip(&module.functions) {
        let (context, _) = unit.translated(func, number, Columns::OfView);
        text += &format!("; {}\n{}\n", func.name, context.func.display());
    }
    Ok(text)
}

impl Code {
    /// Compiles a module for views of these columns.
    pub(crate) fn new(module: &Module, options: Options, columns: Columns) -> Result<Code, Error> {
        let mut unit = Unit::new(jit_module(options)?);
        unit.put_leaps(module.generators)?;
        let mut defined: Vec<(FuncId, usize)> = Vec::new();
        for (number, func) in (0..).zip(&module.functions) {
            defined.push(unit.define((func, number), &func.name, Linkage::Local, columns)?);
        }
        let mut jit = unit.module;
        jit.finalize_definitions().map_err(failed)?;
        let compiled = |(func, (id, homes)): (&Function, (FuncId, usize))| Compiled {
            name: func.name.clone(),
            entry: Entry::at(jit.get_finalized_function(id)),
            homes,
        };
        let functions = module.functions.iter().zip(defined).map(compiled).collect();
        Ok(Code { functions, _memory: Memory::new(jit) })
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
            status::ELEMENT => Err(EvalError::Element(context.fault_position, context.fault_len)),
            status::ROW_POSITION => Err(EvalError::RowPosition(context.fault_position, rows)),
            _ => Err(EvalError::Budget),
        }
    }
}
