//! Passes over the IR: they change how a rule is computed and never what.
//!
//! ```text
//!   PIPELINE       the passes in order, with the level from which on each runs, and for what target
//!   optimise       runs them in rounds until nothing changes, verifying what they made
//!   dominators.rs  which blocks and definitions come before which
//!   loops.rs       natural loops
//!   rewrite.rs     instruction by instruction rewriting, for the passes that look at one at a time
//!   replace.rs     values that stand for others
//! ```
//!
//! Invariants: weights, addresses, resets, states, records and generators after an update are the
//! same bits at every level, in the columns of the view: lanes of others are nobody's. Draws keep
//! their order, and so do records, events, and writes to one place; of these only writes that
//! nothing sees are removed. All
//! arithmetic on constants is the evaluator's. A pass leaves masks in their block (rule 11) and
//! does not move what names a row position to where it might lie outside the view.
//!
//! To add a pass: a file with `pub(crate) fn run`, a row of [`PIPELINE`], golden files under
//! `tests/golden/passes/<name>/`.

mod algebra;
mod block_params;
mod branches;
mod const_fold;
mod dce;
mod dead_records;
mod dead_writes;
mod dominators;
mod fuse_rows;
mod gvn;
mod licm;
mod loads;
mod loops;
mod narrow;
mod ranges;
mod replace;
mod rewrite;
mod strength_reduce;

use pl_ir::{Effect, Function, Imm, InstData, Module, ObjectId, Op, Verified, verify};
use ranges::Bounds;

/// Whether a pass changed the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Changed {
    /// The function is as it was.
    No,
    /// The function is another, with the same meaning.
    Yes,
}

impl From<bool> for Changed {
    fn from(changed: bool) -> Changed {
        if changed { Changed::Yes } else { Changed::No }
    }
}

/// How much work goes into a faster rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// No pass runs: the code is what lowering made.
    None,
    /// Passes that only make the code smaller.
    Size,
    /// All passes.
    #[default]
    Speed,
}

impl Level {
    /// All levels with their names on the command line.
    pub const ALL: [(Level, &'static str); 3] =
        [(Level::None, "0"), (Level::Size, "1"), (Level::Speed, "2")];
}

/// What a rule is optimised for: each target after what pays for those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Any engine: what pays everywhere.
    Any,
    /// The processor for plasticity, with lanes in halfwords.
    PpuHalfwords,
    /// The processor, with lanes in bytes where counts of instructions say that this pays. A schedule
    /// may say otherwise, so a program in halfwords is the one to compare with.
    Ppu,
}

/// What a pass may look at besides the function it changes.
#[derive(Debug)]
pub struct PassCx<'a> {
    /// Declarations of the module. Its functions are out of it while a pass runs.
    pub module: &'a Module,
    /// For each record, whether an instruction of the module opens it.
    pub opened_records: &'a [bool],
    /// What a pass for the processor may take from declared ranges; nothing for other passes, so that
    /// native code and the evaluator do the same with any values.
    pub(crate) bounds: &'a Bounds,
}

impl PassCx<'_> {
    /// Effect of an instruction: loads of inputs are samples, as the rule never writes them.
    #[must_use]
    pub fn effect(&self, inst: &InstData) -> Effect {
        let inputs = |first: ObjectId, len: u32| {
            let mut elements = self.module.objects.iter().skip(first.index()).take(len as usize);
            elements.all(|object| object.input)
        };
        match (inst.op, inst.imm) {
            (Op::Load, Imm::Object(id)) if inputs(id, 1) => Effect::Sample,
            (Op::LoadElement, Imm::Array(first, len)) if inputs(first, len) => Effect::Sample,
            (op, imm) => op.effect_with(imm),
        }
    }
}

/// A pass: a row of [`PIPELINE`].
#[derive(Clone, Copy, Debug)]
pub struct PassDesc {
    /// Name, as in `--print-after` and the golden folder.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub doc: &'static str,
    /// The pass, on one function at a time.
    pub run: fn(&mut Function, &PassCx<'_>) -> Changed,
    /// The lowest level at which it runs.
    pub level: Level,
    /// The first target that it pays for.
    pub target: Target,
}

/// The passes in the order in which a round runs them.
pub const PIPELINE: &[PassDesc] = &[
    PassDesc {
        name: "branches",
        doc: "Decides branches on constants, joins blocks, skips empty ones, drops unreachable ones.",
        run: branches::run,
        level: Level::Size,
        target: Target::Any,
    },
    PassDesc {
        name: "block_params",
        doc: "Drops block parameters that always hold one value.",
        run: block_params::run,
        level: Level::Size,
        target: Target::Any,
    },
    PassDesc {
        name: "fuse_rows",
        doc: "Makes one loop over the rows of two that follow each other, if no bit depends on it.",
        run: fuse_rows::run,
        level: Level::Speed,
        target: Target::PpuHalfwords,
    },
    PassDesc {
        name: "const_fold",
        doc: "Computes what depends on constants alone.",
        run: const_fold::run,
        level: Level::Size,
        target: Target::Any,
    },
    PassDesc {
        name: "algebra",
        doc: "Simplifies by identities that hold for wrapping and saturating lanes.",
        run: algebra::run,
        level: Level::Size,
        target: Target::Any,
    },
    PassDesc {
        name: "strength_reduce",
        doc: "Replaces products by shifts and work on splats by work on scalars, where that is exact.",
        run: strength_reduce::run,
        level: Level::Speed,
        target: Target::Any,
    },
    PassDesc {
        name: "gvn",
        doc: "Computes equal expressions once, if the first dominates the second.",
        run: gvn::run,
        level: Level::Size,
        target: Target::Any,
    },
    PassDesc {
        name: "loads",
        doc: "Reuses what was read or stored as long as no write comes between.",
        run: loads::run,
        level: Level::Speed,
        target: Target::Any,
    },
    PassDesc {
        name: "dead_writes",
        doc: "Drops writes that a later write to the same row hides.",
        run: dead_writes::run,
        level: Level::Speed,
        target: Target::Any,
    },
    PassDesc {
        name: "licm",
        doc: "Moves work out of loops in which its operands do not change.",
        run: licm::run,
        level: Level::Speed,
        target: Target::Any,
    },
    PassDesc {
        name: "dead_records",
        doc: "Drops what is put into records that are never opened.",
        run: dead_records::run,
        level: Level::Size,
        target: Target::Any,
    },
    PassDesc {
        name: "narrow",
        doc: "Computes lanes in 8 bits that need no more, where that pays.",
        run: narrow::run,
        level: Level::Speed,
        target: Target::Ppu,
    },
    PassDesc {
        name: "dce",
        doc: "Drops values and block parameters that nothing visible depends on.",
        run: dce::run,
        level: Level::Size,
        target: Target::Any,
    },
];

/// Most rounds through [`PIPELINE`]: a bound on the time, as rules settle after two or three.
const ROUNDS_MAX: usize = 4;

/// Runs the passes of a level for a target, round after round until none changes anything (at most
/// four). `print_after` is called after each pass of each round with its name and the module.
///
/// # Panics
/// If a pass breaks a rule of the verifier, which is a fault of the pass; prints the module. With
/// debug assertions the pass is named.
#[must_use]
pub fn optimise(
    module: Verified<Module>,
    level: Level,
    target: Target,
    print_after: &mut dyn FnMut(&str, &Module),
) -> Verified<Module> {
    let mut module = module.into_inner();
    let runs = |pass: &&PassDesc| pass.level <= level && pass.target <= target;
    let passes: Vec<&PassDesc> = PIPELINE.iter().filter(runs).collect();
    // Passes in a row that found nothing to change: when all did, none will.
    let mut idle = 0;
    for pass in passes.iter().cycle().take(ROUNDS_MAX * passes.len()) {
        if idle == passes.len() {
            break;
        }
        idle += 1;
        if run_pass(pass, &mut module) == Changed::Yes {
            idle = 0;
            if cfg!(debug_assertions) {
                module = verified(module, pass.name).into_inner();
            }
        }
        print_after(pass.name, &module);
    }
    verified(module, "the last pass")
}

/// Runs one pass over all functions of a module.
pub fn run_pass(pass: &PassDesc, module: &mut Module) -> Changed {
    let opened: Vec<bool> = (0..module.records.len()).map(|id| opens(module, id)).collect();
    let bounds = match pass.target {
        Target::Any => Bounds::default(),
        Target::PpuHalfwords | Target::Ppu => Bounds::proved(module),
    };
    let mut functions = core::mem::take(&mut module.functions);
    let cx = PassCx { module, opened_records: &opened, bounds: &bounds };
    let mut changed = Changed::No;
    for func in &mut functions {
        if (pass.run)(func, &cx) == Changed::Yes {
            changed = Changed::Yes;
        }
    }
    module.functions = functions;
    changed
}

/// Whether an instruction of the module opens a record.
fn opens(module: &Module, record: usize) -> bool {
    let insts = |func: &'_ Function| -> Vec<(Op, Imm)> {
        let listed = func.blocks.iter().flat_map(|block| &block.insts);
        listed.map(|inst| (func.inst(*inst).op, func.inst(*inst).imm)).collect()
    };
    module.functions.iter().flat_map(insts).any(|(op, imm)| {
        op == Op::RecordOpen && matches!(imm, Imm::Record(id) if id.index() == record)
    })
}

fn verified(module: Module, after: &str) -> Verified<Module> {
    let text = cfg!(debug_assertions).then(|| module.to_string()).unwrap_or_default();
    verify(module).unwrap_or_else(|errors| {
        panic!("after {after} the module is not well formed: {errors:?}\n{text}")
    })
}
