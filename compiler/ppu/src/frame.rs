//! The stack frame of a function: the saved link register and slots of spilled values.

use crate::vcode::{Class, Reg};
use pl_isa::image::VECTOR_BYTES;
use std::collections::BTreeMap;

/// Words at the bottom of a frame: back chain and link register.
const HEAD_BYTES: u32 = 8;

/// Slots of a function, as offsets from the stack pointer.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    calls: bool,
    slots: BTreeMap<Reg, (Class, usize)>,
}

impl Frame {
    /// A frame without slots; `calls` says whether the function calls others.
    pub(crate) fn new(calls: bool) -> Frame {
        Frame { calls, slots: BTreeMap::new() }
    }

    /// Gives a spilled register the slot with this number among those of its class.
    pub(crate) fn place(&mut self, reg: Reg, class: Class, slot: usize) {
        self.slots.insert(reg, (class, slot));
    }

    fn count(&self, class: Class) -> u32 {
        let slots = self.slots.values().filter(|(c, _)| *c == class).map(|(_, slot)| slot + 1);
        u32::try_from(slots.max().unwrap_or(0)).unwrap_or(u32::MAX)
    }

    /// Where the slots of vectors begin.
    fn vectors_at(&self) -> u32 {
        (HEAD_BYTES + 4 * self.count(Class::Scalar)).next_multiple_of(VECTOR_BYTES)
    }

    /// Offset of the slot of a spilled register.
    pub(crate) fn offset(&self, reg: Reg) -> Option<i32> {
        let (class, slot) = self.slots.get(&reg)?;
        let slot = u32::try_from(*slot).ok()?;
        let offset = match class {
            Class::Scalar => HEAD_BYTES + 4 * slot,
            Class::Vector => self.vectors_at() + VECTOR_BYTES * slot,
        };
        i32::try_from(offset).ok()
    }

    /// Offset of the saved link register, if it must be saved.
    pub(crate) fn link_offset(&self) -> Option<i32> {
        self.calls.then_some(4)
    }

    /// Number of spilled values that are stored, vectors and scalars.
    pub(crate) fn spilled(&self) -> (usize, usize) {
        let vectors = self.slots.values().filter(|(class, _)| *class == Class::Vector).count();
        (vectors, self.slots.len() - vectors)
    }

    /// Bytes of the frame below `top`; the stack pointer is then a multiple of 128.
    pub(crate) fn bytes(&self, top: u32) -> u32 {
        let vectors = self.count(Class::Vector);
        let used = match (vectors, self.count(Class::Scalar), self.calls) {
            (0, 0, false) => return 0,
            (0, scalars, _) => HEAD_BYTES + 4 * scalars,
            (vectors, ..) => self.vectors_at() + VECTOR_BYTES * vectors,
        };
        used + top.wrapping_sub(used) % VECTOR_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_isa::image::STACK_TOP;

    #[test]
    fn vectors_lie_at_whole_vectors() {
        let mut frame = Frame::new(true);
        frame.place(Reg::from_index(70), Class::Vector, 0);
        frame.place(Reg::from_index(71), Class::Vector, 2);
        frame.place(Reg::from_index(72), Class::Scalar, 1);
        let pointer = STACK_TOP - frame.bytes(STACK_TOP);
        for reg in [70, 71] {
            let offset = frame.offset(Reg::from_index(reg)).map(i32::cast_unsigned);
            assert_eq!(offset.map(|o| (pointer + o) % VECTOR_BYTES), Some(0));
            assert!(offset.is_some_and(|o| pointer + o + VECTOR_BYTES <= STACK_TOP));
        }
        assert_eq!(frame.offset(Reg::from_index(72)), Some(12));
        assert_eq!(Frame::new(false).bytes(STACK_TOP), 0);
    }
}
