//! Register allocation: graph colouring with conservative coalescing (Chaitin 1982; Briggs,
//! Cooper, Torczon 1994) for two classes that do not meet: 32 vector registers, 28 general ones.
//!
//! ```text
//!   liveness -> interference -> coalesce copies (once) -> colour
//!                    ^                                      | no colour for some
//!                    +---------- spill these <--------------+
//! ```
//!
//! A spilled value is reloaded once a stretch of a block at first, and before every use only if
//! that does not do. What has a recipe is made anew and never stored.

mod colour;
mod graph;
mod liveness;
mod spill;

use crate::frame::Frame;
use crate::vcode::{Class, Code, Inst, Reg};
use graph::Graph;
pub(crate) use liveness::{Liveness, step_back};
use spill::Spiller;

/// Rounds of colouring and spilling; two levels of spilling need few.
const ROUNDS_MAX: usize = 64;

/// Number of allocatable registers of a class.
const fn registers_of(class: Class) -> usize {
    match class {
        Class::Vector => 32,
        // r0 reads as zero in addresses, r1 is the stack pointer, r2 and r13 belong to the ABI,
        // r12 is for spill code.
        Class::Scalar => 27,
    }
}

/// Allocatable registers of a class, in order of preference.
fn allocatable(class: Class) -> impl Iterator<Item = Reg> {
    let general = (3..12).chain(14..32).map(Reg::gpr);
    let vectors = (0..32).map(Reg::vr);
    let (general, vectors) = match class {
        Class::Vector => (None, Some(vectors)),
        Class::Scalar => (Some(general), None),
    };
    general.into_iter().flatten().chain(vectors.into_iter().flatten())
}

/// Replaces every virtual register by a physical one; gives the stack frame that this needs.
///
/// # Panics
/// If colouring does not come to an end, which would be a fault of the allocator.
pub(crate) fn allocate(code: &mut Code) -> Frame {
    coalesce(code);
    let mut spiller = Spiller::new(code);
    for _ in 0..ROUNDS_MAX {
        let graph = Graph::build(code, &Liveness::of(code));
        let costs = spiller.costs(code);
        match colour::colour(code, &graph, &costs) {
            Ok(colours) => {
                for block in &mut code.blocks {
                    block.insts.iter_mut().for_each(|i| i.map_registers(|r| colours[r.index()]));
                    block.insts.retain(|inst| !is_identity(inst));
                }
                let calls = code.blocks.iter().flat_map(|b| &b.insts).any(Inst::is_call);
                return spiller.frame(calls);
            }
            Err(uncoloured) => spiller.spill(code, &graph, &uncoloured),
        }
    }
    unreachable!("register allocation of `{}` did not end in {ROUNDS_MAX} rounds", code.name)
}

fn is_identity(inst: &Inst) -> bool {
    inst.as_copy().is_some_and(|(to, from)| to == from)
}

/// Gives both sides of copies one register where that cannot make colouring harder.
fn coalesce(code: &mut Code) {
    loop {
        let mut graph = Graph::build(code, &Liveness::of(code));
        let mut copies: Vec<(u32, Reg, Reg)> = Vec::new();
        for block in &code.blocks {
            let found = block.insts.iter().filter_map(Inst::as_copy);
            copies.extend(found.map(|(to, from)| (block.depth, to, from)));
        }
        copies.sort_by_key(|(depth, ..)| core::cmp::Reverse(*depth));
        let mut changed = false;
        for (_, to, from) in copies {
            changed |= graph.merge(code, to, from);
        }
        if !changed {
            return;
        }
        for block in &mut code.blocks {
            block.insts.iter_mut().for_each(|i| i.map_registers(|r| graph.representative(r)));
            block.insts.retain(|inst| !is_identity(inst));
        }
    }
}
