//! The code of a rule as an object file, for programs that are linked with it.

use crate::function::Columns;
use crate::unit::{Unit, failed, flags};
use crate::{Error, Options};
use cranelift_codegen::isa;
use cranelift_codegen::settings::Configurable;
use cranelift_module::{Linkage, default_libcall_names};
use cranelift_object::{ObjectBuilder, ObjectModule};
use pl_ir::Module;
use target_lexicon::{Architecture, Triple};

/// What object files need of an x86-64 processor besides its first form, which lacks the vector
/// instructions of 16-bit lanes: all since about 2009 have it ("x86-64-v2").
const X86_64: [&str; 6] =
    ["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt", "has_cmpxchg16b"];

/// An object file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The file's content, in the format of this platform.
    pub bytes: Vec<u8>,
    /// The machine it is for, and what it needs of it.
    pub machine: String,
    /// Vectors that a call keeps in memory: what `homes` of the context must have room for.
    pub homes: usize,
}

/// Compiles a module for this platform, for all its processors: the function `update` becomes the
/// symbol `PREFIX_update`.
pub(crate) fn object(module: &Module, prefix: &str, options: Options) -> Result<Object, Error> {
    let triple = Triple::host();
    let mut machine = triple.to_string();
    let mut builder = isa::lookup(triple.clone()).map_err(failed)?;
    if triple.architecture == Architecture::X86_64 {
        for feature in X86_64 {
            builder.enable(feature).map_err(failed)?;
        }
        machine += " with SSE4.2";
    }
    let isa = builder.finish(flags(options, "true")?).map_err(failed)?;
    let file = ObjectBuilder::new(isa, module.name.as_str(), default_libcall_names());
    let mut unit = Unit::new(ObjectModule::new(file.map_err(failed)?));
    unit.put_leaps(module.generators)?;
    let mut homes = 0;
    for (number, func) in (0..).zip(&module.functions) {
        let name = format!("{prefix}_{}", func.name);
        let (_, own) = unit.define((func, number), &name, Linkage::Export, Columns::OfView)?;
        homes = homes.max(own);
    }
    let bytes = unit.module.finish().emit().map_err(failed)?;
    Ok(Object { bytes, machine, homes })
}
