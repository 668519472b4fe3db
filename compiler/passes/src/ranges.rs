//! The smallest and the largest number that a value may be, by intervals along its definition.

use crate::dominators::Dominators;
use pl_ir::{Function, Imm, InstData, Op, Quantity, Type, Value};

/// A closed interval of raw numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    low: i64,
    high: i64,
}

impl Range {
    pub(crate) const fn new(low: i64, high: i64) -> Range {
        Range { low, high }
    }

    /// All numbers of so many bits.
    const fn signed(bits: u32) -> Range {
        Range::new(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    }

    const fn of_type(ty: Type) -> Range {
        match ty {
            Type::I32 => Range::signed(32),
            Type::Vector { elem, .. } => Range::signed(elem.bits()),
            Type::Mask { .. } => Range::new(0, 1),
        }
    }

    /// What a quantity may read; what a write of it stores, if it may be written.
    pub(crate) const fn of_quantity(quantity: Quantity) -> Range {
        match quantity {
            Quantity::Weight | Quantity::Address => Range::new(0, 63),
            Quantity::SignedWeight => Range::new(-63, 63),
            Quantity::Causal | Quantity::Acausal => Range::signed(8),
            Quantity::Rate | Quantity::Membrane => Range::new(0, 255),
            Quantity::CorrelationReset | Quantity::RateReset | Quantity::MembraneReset => {
                Range::signed(16)
            }
        }
    }

    /// Whether it lies in another.
    pub(crate) const fn within(self, other: Range) -> bool {
        other.low <= self.low && self.high <= other.high
    }

    /// The smallest number.
    pub(crate) const fn low(self) -> i64 {
        self.low
    }

    /// The number, if there is only one.
    pub(crate) fn only(self) -> Option<i64> {
        (self.low == self.high).then_some(self.low)
    }

    fn each(self, f: impl Fn(i64) -> i64) -> Range {
        Range::new(f(self.low), f(self.high))
    }

    fn union(self, other: Range) -> Range {
        Range::new(self.low.min(other.low), self.high.max(other.high))
    }

    fn saturated(self, all: Range) -> Range {
        self.each(|x| x.clamp(all.low, all.high))
    }

    /// All numbers, if some would wrap around.
    const fn wrapped(self, all: Range) -> Range {
        if self.within(all) { self } else { all }
    }
}

/// Ranges of the values of a function.
pub(crate) struct Ranges {
    of: Vec<Range>,
}

impl Ranges {
    pub(crate) fn new(func: &Function, dominators: &Dominators) -> Ranges {
        // Parameters may be anything of their type.
        let mut ranges = Ranges { of: func.values.iter().map(|ty| Range::of_type(*ty)).collect() };
        // In this order definitions come before uses.
        for block in dominators.order() {
            for inst in func.block(*block).insts.iter().map(|inst| func.inst(*inst)) {
                let Some(result) = inst.result else { continue };
                if let Some(range) = ranges.result(inst, Range::of_type(func.ty(result))) {
                    ranges.of[result.index()] = range;
                }
            }
        }
        ranges
    }

    /// The range of a value; one that came into being later may be anything.
    pub(crate) fn of(&self, value: Value) -> Range {
        self.of.get(value.index()).copied().unwrap_or(Range::signed(32))
    }

    /// The range of a result among `all` numbers of its type, if more is known of it.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "of other ops no more is known than the type"
    )]
    fn result(&self, inst: &InstData, all: Range) -> Option<Range> {
        let arg = |index: usize| self.of(inst.args[index]);
        let places = if let Imm::Shift(places) = inst.imm { u32::from(places) } else { 0 };
        Some(match (inst.op, inst.imm) {
            (Op::Const, Imm::Int(x)) => Range::new(x.into(), x.into()),
            (Op::Read, Imm::Quantity(quantity)) => Range::of_quantity(quantity),
            (Op::Column | Op::ViewRow, _) => Range::new(0, 255),
            (Op::Splat | Op::Narrow, _) => arg(0).wrapped(all),
            (Op::Widen, _) => arg(0),
            (Op::Select, _) => arg(1).union(arg(2)),
            (Op::Add, _) => sum(arg(0), arg(1)).wrapped(all),
            (Op::AddSat, _) => sum(arg(0), arg(1)).saturated(all),
            (Op::Sub, _) => difference(arg(0), arg(1)).wrapped(all),
            (Op::SubSat, _) => difference(arg(0), arg(1)).saturated(all),
            (Op::Min, _) => {
                let (a, b) = (arg(0), arg(1));
                Range::new(a.low.min(b.low), a.high.min(b.high))
            }
            (Op::Max, _) => {
                let (a, b) = (arg(0), arg(1));
                Range::new(a.low.max(b.low), a.high.max(b.high))
            }
            (Op::Shl, _) => arg(0).each(|x| x << places).wrapped(all),
            (Op::ShrLogical, _) if arg(0).low < 0 => Range::new(0, (all.high - all.low) >> places),
            (Op::ShrLogical | Op::ShrFloor, _) => arg(0).each(|x| x >> places),
            // Rounding to nearest, whatever becomes of ties, gives at most one more in magnitude.
            (Op::ShrRound | Op::ShrRoundAway, _) => {
                let half = 1 << (places - 1);
                let range = arg(0);
                Range::new(-((-range.low + half) >> places), (range.high + half) >> places)
            }
            _ => return None,
        })
    }
}

fn sum(a: Range, b: Range) -> Range {
    Range::new(a.low + b.low, a.high + b.high)
}

fn difference(a: Range, b: Range) -> Range {
    Range::new(a.low - b.high, a.high - b.low)
}
