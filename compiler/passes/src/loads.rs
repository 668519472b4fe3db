//! Redundant loads: what was read or stored is used again as long as no write comes between.
//!
//! Within a block, and for scalars into blocks with one predecessor. A store of an object reaches
//! all its columns, so its value is what a load then gives; a write to the chip keeps some bits of
//! the columns of the view, so it only ends what was known.

use crate::dominators::Dominators;
use crate::replace::Replacements;
use crate::{Changed, PassCx};
use pl_ir::{Effect, Function, Imm, ObjectId, Op, Quantity, Type, Value};
use std::collections::BTreeMap;

/// What a rule writes and reads back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// So many objects from one on: one, or the elements of an array.
    Objects(ObjectId, u32),
    Chip(Quantity),
}

impl Place {
    /// The place that an immediate names.
    fn named(imm: Imm) -> Option<Place> {
        match imm {
            Imm::Object(id) => Some(Place::Objects(id, 1)),
            Imm::Array(first, len) => Some(Place::Objects(first, len)),
            Imm::Quantity(quantity) => Some(Place::Chip(quantity)),
            Imm::None
            | Imm::Int(_)
            | Imm::Shift(_)
            | Imm::Cond(_)
            | Imm::Derived(_)
            | Imm::Record(_)
            | Imm::Field(..) => None,
        }
    }

    /// Whether what is written to one may change the other.
    fn overlaps(self, other: Place) -> bool {
        match (self, other) {
            (Place::Chip(a), Place::Chip(b)) => a == b,
            (Place::Objects(a, a_len), Place::Objects(b, b_len)) => {
                a.0 < b.0.saturating_add(b_len) && b.0 < a.0.saturating_add(a_len)
            }
            (Place::Chip(_), Place::Objects(..)) | (Place::Objects(..), Place::Chip(_)) => false,
        }
    }
}

/// Value of a place at a row position or index, if it has several. Two positions may be one row.
type Known = BTreeMap<(Place, Option<Value>), Value>;

pub(crate) fn run(func: &mut Function, cx: &PassCx<'_>) -> Changed {
    let dominators = Dominators::new(func);
    let mut replacements = Replacements::new(func);
    let mut at_end: Vec<Known> = vec![Known::new(); func.blocks.len()];
    let mut changed = false;
    for block in dominators.order() {
        let mut known = match dominators.predecessors(*block) {
            [only] => at_end[only.index()].clone(),
            _ => Known::new(),
        };
        let mut insts = core::mem::take(&mut func.blocks[block.index()].insts);
        insts.retain(|inst| {
            let data = &mut func.insts[inst.index()];
            data.args.iter_mut().for_each(|v| *v = replacements.resolve(*v));
            let data = func.inst(*inst);
            let Some(place) = Place::named(data.imm) else { return true };
            let Some(result) = data.result else {
                known.retain(|(other, _), _| !other.overlaps(place));
                let whole = matches!(data.op, Op::Store | Op::StoreElement);
                if let (true, Some((value, row))) = (whole, data.args.split_last()) {
                    known.insert((place, row.first().copied()), *value);
                }
                return true;
            };
            if cx.effect(data) != Effect::Read {
                return true;
            }
            let key = (place, data.args.first().copied());
            match known.get(&key) {
                Some(value) => {
                    replacements.replace(result, *value);
                    changed = true;
                    false
                }
                None => {
                    known.insert(key, result);
                    true
                }
            }
        });
        func.blocks[block.index()].insts = insts;
        known.retain(|_, value| func.ty(*value) == Type::I32);
        at_end[block.index()] = known;
    }
    replacements.apply(func);
    changed.into()
}
