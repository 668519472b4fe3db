//! Functions of a rule in a module of Cranelift, whether it lies in memory or becomes a file.

use crate::function::{Columns, translate};
use crate::{Effort, Error, Options};
use cranelift_codegen::Context as Codegen;
use cranelift_codegen::ir::{AbiParam, Signature, UserFuncName, types};
use cranelift_codegen::settings::{self, Configurable, Flags};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_module::{DataDescription, DataId, FuncId, Linkage, Module};
use pl_fixed::lfsr;
use pl_ir::{Function, Generators};

pub(crate) fn failed(error: impl core::fmt::Display) -> Error {
    Error::Codegen(error.to_string())
}

/// Cranelift's settings; code in files is position independent.
pub(crate) fn flags(options: Options, position_independent: &str) -> Result<Flags, Error> {
    let mut flags = settings::builder();
    let level = match options.effort {
        Effort::Low => "none",
        Effort::High => "speed",
    };
    for (name, value) in [
        ("opt_level", level),
        ("is_pic", position_independent),
        ("use_colocated_libcalls", "false"),
        // Takes a fifth of the time to find our own mistakes; tests are built with assertions.
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
    ] {
        flags.set(name, value).map_err(failed)?;
    }
    Ok(Flags::new(flags))
}

/// Functions to come.
pub(crate) struct Unit<M> {
    pub(crate) module: M,
    entry: Signature,
    /// The table of draws from the chip's generators, once it is there.
    leaps: Option<DataId>,
}

impl<M: Module> Unit<M> {
    pub(crate) fn new(module: M) -> Unit<M> {
        let mut entry = module.make_signature();
        entry.params.push(AbiParam::new(module.target_config().pointer_type()));
        entry.returns.push(AbiParam::new(types::I32));
        Unit { module, entry, leaps: None }
    }

    /// Puts the table of [`lfsr::LEAPS`] into the module, for functions of rules that draw from the
    /// chip's generators.
    pub(crate) fn put_leaps(&mut self, generators: Generators) -> Result<(), Error> {
        if generators == Generators::Own {
            return Ok(());
        }
        let bytes: Vec<u8> =
            lfsr::LEAPS.iter().flatten().flat_map(|word| word.to_ne_bytes()).collect();
        let mut data = DataDescription::new();
        data.define(bytes.into_boxed_slice());
        data.set_align(16);
        let id = self.module.declare_anonymous_data(false, false).map_err(failed)?;
        self.module.define_data(id, &data).map_err(failed)?;
        self.leaps = Some(id);
        Ok(())
    }

    /// Translates one function; says how many vectors it keeps in memory.
    pub(crate) fn translated(
        &mut self,
        func: &Function,
        number: u32,
        columns: Columns,
    ) -> (Codegen, usize) {
        let mut context = self.module.make_context();
        context.func.signature = self.entry.clone();
        context.func.name = UserFuncName::user(0, number);
        let config = self.module.target_config();
        let mut scratch = FunctionBuilderContext::new();
        let leaps = self.leaps.map(|id| self.module.declare_data_in_func(id, &mut context.func));
        let homes = translate(func, &mut context.func, &mut scratch, (columns, leaps), config);
        (context, homes)
    }

    /// Compiles one function as the symbol `name`; says how many vectors it keeps in memory.
    pub(crate) fn define(
        &mut self,
        (func, number): (&Function, u32),
        name: &str,
        linkage: Linkage,
        columns: Columns,
    ) -> Result<(FuncId, usize), Error> {
        let (mut context, homes) = self.translated(func, number, columns);
        let id = self.module.declare_function(name, linkage, &self.entry).map_err(failed)?;
        let defined = self.module.define_function(id, &mut context);
        defined.map_err(|error| Error::Codegen(format!("{error:?}")))?;
        Ok((id, homes))
    }
}
