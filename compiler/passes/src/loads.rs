//! Redundant loads: what was read or stored is used again as long as no write comes between.
//!
//! Within a block, and for scalars into blocks with one predecessor. A store of an object reaches
//! all its columns, so its value is what a load then gives. A write to the chip keeps some bits of
//! the columns of the view: there a read then gives what was written, or its low bits where more
//! may be set. Other columns are nobody's.

use crate::dominators::Dominators;
use crate::ranges::{Bounds, Range, Ranges};
use crate::replace::Replacements;
use crate::{Changed, PassCx};
use pl_ir::{Effect, Function, Imm, Inst, InstData, ObjectId, Op, Quantity, Type, Value};
use std::collections::BTreeMap;

/// What a rule writes and reads back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// So many objects from one on: one, or the elements of an array.
    Objects(ObjectId, u32),
    Chip(Quantity),
}

impl Place {
    /// The place that an immediate names.
    pub(crate) fn named(imm: Imm) -> Option<Place> {
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
    pub(crate) fn overlaps(self, other: Place) -> bool {
        match (self, other) {
            (Place::Chip(a), Place::Chip(b)) => a == b,
            (Place::Objects(a, a_len), Place::Objects(b, b_len)) => {
                a.0 < b.0.saturating_add(b_len) && b.0 < a.0.saturating_add(a_len)
            }
            (Place::Chip(_), Place::Objects(..)) | (Place::Objects(..), Place::Chip(_)) => false,
        }
    }
}

/// What is known of a place.
#[derive(Clone, Copy)]
enum Content {
    /// A read gives this value.
    Same(Value),
    /// This was written to the columns of the view.
    Written(Value),
}

/// Content of a place at a row position or index, if it has several. Two positions may be one row.
type Known = BTreeMap<(Place, Option<Value>), Content>;

/// What reads of the chip give after writes to it.
pub(crate) struct Forwarding {
    ranges: Ranges,
}

impl Forwarding {
    pub(crate) fn new(func: &Function, bounds: &Bounds, dominators: &Dominators) -> Forwarding {
        Forwarding { ranges: Ranges::new(func, bounds, dominators) }
    }

    /// Whether a read of what was written is needed no more. The weight of a pair is no number of
    /// low bits.
    pub(crate) fn possible(&self, quantity: Quantity, written: Value) -> bool {
        quantity != Quantity::SignedWeight || self.fits(quantity, written)
    }

    /// Whether all bits of what is written are kept.
    fn fits(&self, quantity: Quantity, written: Value) -> bool {
        self.ranges.of(written).within(Range::of_quantity(quantity))
    }
}

pub(crate) fn run(func: &mut Function, cx: &PassCx<'_>) -> Changed {
    let dominators = Dominators::new(func);
    let mut replacements = Replacements::new(func);
    let forwarding = Forwarding::new(func, cx.bounds, &dominators);
    let mut at_end: Vec<Known> = vec![Known::new(); func.blocks.len()];
    let mut changed = false;
    for block in dominators.order() {
        let mut known = match dominators.predecessors(*block) {
            [only] => at_end[only.index()].clone(),
            _ => Known::new(),
        };
        let insts = core::mem::take(&mut func.blocks[block.index()].insts);
        let mut kept = Vec::with_capacity(insts.len());
        for inst in insts {
            let data = &mut func.insts[inst.index()];
            data.args.iter_mut().for_each(|v| *v = replacements.resolve(*v));
            let data = func.inst(inst).clone();
            let Some(place) = Place::named(data.imm) else {
                kept.push(inst);
                continue;
            };
            let Some(result) = data.result else {
                note_write(&mut known, place, &data);
                kept.push(inst);
                continue;
            };
            let key = (place, data.args.first().copied());
            let reads = cx.effect(&data) == Effect::Read;
            let value = match (known.get(&key), data.imm) {
                (Some(Content::Same(value)), _) if reads => Some(*value),
                (Some(Content::Written(value)), Imm::Quantity(quantity))
                    if forwarding.possible(quantity, *value) =>
                {
                    let fits = forwarding.fits(quantity, *value);
                    Some(if fits { *value } else { low_bits(func, &mut kept, *value) })
                }
                _ => None,
            };
            match value {
                Some(value) => {
                    replacements.replace(result, value);
                    changed = true;
                }
                None => {
                    if reads {
                        known.insert(key, Content::Same(result));
                    }
                    kept.push(inst);
                }
            }
        }
        func.blocks[block.index()].insts = kept;
        known.retain(|_, content| match content {
            Content::Same(value) => func.ty(*value) == Type::I32,
            Content::Written(_) => false,
        });
        at_end[block.index()] = known;
    }
    replacements.apply(func);
    changed.into()
}

/// Forgets what a write may change, and notes what it leaves.
fn note_write(known: &mut Known, place: Place, inst: &InstData) {
    known.retain(|(other, _), _| !other.overlaps(place));
    let Some((value, row)) = inst.args.split_last() else { return };
    let content = match (inst.op, inst.imm) {
        (Op::Store | Op::StoreElement, _) => Content::Same(*value),
        (Op::Write, Imm::Quantity(quantity)) if quantity.readable() => Content::Written(*value),
        _ => return,
    };
    known.insert((place, row.first().copied()), content);
}

/// The low bits of lanes that a synapse keeps.
fn low_bits(func: &mut Function, insts: &mut Vec<Inst>, value: Value) -> Value {
    const BITS: u8 = 6;
    let ty = func.ty(value);
    [Op::Shl, Op::ShrLogical].into_iter().fold(value, |value, op| {
        insts.push(func.new_inst(op, Imm::Shift(16 - BITS), vec![value], Some(ty)));
        Value::new(func.values.len() - 1)
    })
}
