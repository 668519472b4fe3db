//! Drops stores and writes of weights and addresses that a later one to the same row hides, if
//! nothing reads the place between.
//!
//! Within a block. Both reach the same lanes: of state all, of the chip those of the view. Resets
//! add up, and what is sent or recorded is seen, so they stay.

use crate::loads::Place;
use crate::{Changed, PassCx};
use pl_ir::{Function, Imm, InstData, Op, Value};

pub(crate) fn run(func: &mut Function, _cx: &PassCx<'_>) -> Changed {
    let insts = &func.insts;
    let mut changed = false;
    for block in &mut func.blocks {
        let before = block.insts.len();
        // What is written further down, and not read before that.
        let mut hidden: Vec<(Place, Option<Value>)> = Vec::new();
        let mut kept: Vec<_> = block.insts.iter().rev().copied().collect();
        kept.retain(|inst| {
            let data = &insts[inst.index()];
            let Some(place) = Place::named(data.imm) else { return true };
            if data.result.is_some() {
                // Two positions may be one row.
                hidden.retain(|(other, _)| !other.overlaps(place));
                return true;
            }
            let Some(row) = overwritten(data) else { return true };
            let seen = !hidden.contains(&(place, row));
            if seen {
                hidden.push((place, row));
            }
            seen
        });
        kept.reverse();
        changed |= kept.len() != before;
        block.insts = kept;
    }
    changed.into()
}

/// The row position, if there is one, at which an instruction replaces what is there.
fn overwritten(inst: &InstData) -> Option<Option<Value>> {
    let replaces = match (inst.op, inst.imm) {
        (Op::Store, _) => true,
        (Op::Write, Imm::Quantity(quantity)) => quantity.readable(),
        _ => false,
    };
    replaces.then(|| inst.args.split_last().and_then(|(_, row)| row.first().copied()))
}
