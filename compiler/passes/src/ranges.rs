//! The smallest and the largest number that a value may be, by intervals along its definition, and
//! by what declarations say of values from outside.

use crate::dominators::Dominators;
use pl_ir::{Function, Imm, InstData, Module, ObjectId, Op, Quantity, Type, Value};

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

/// Ranges of what comes from outside a function. Nothing is known of what is not in the lists.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    derived: Vec<Option<Range>>,
    objects: Vec<Option<Range>>,
}

impl Bounds {
    /// The declared ranges, of objects those that no function of the module leaves: who sets an
    /// object from outside keeps to its range, and if every value that is stored lies in it as long as
    /// those that are loaded do, then all do for ever.
    pub(crate) fn proved(module: &Module) -> Bounds {
        let declared = |range: Option<&core::ops::RangeInclusive<i32>>| {
            range.map(|range| Range::new((*range.start()).into(), (*range.end()).into()))
        };
        let derived = module.derived.iter().map(|derived| declared(derived.range.as_ref()));
        let objects = module.objects.iter().map(|object| declared(object.range.as_ref()));
        let mut bounds = Bounds { derived: derived.collect(), objects: objects.collect() };
        let dominators: Vec<_> = module.functions.iter().map(Dominators::new).collect();
        while module.functions.iter().zip(&dominators).any(|(func, d)| bounds.broken(func, d)) {}
        bounds
    }

    /// Forgets the range of each object into which a function may store another value; whether
    /// there is one.
    fn broken(&mut self, func: &Function, dominators: &Dominators) -> bool {
        let ranges = Ranges::new(func, self, dominators);
        let blocks = dominators.order().iter().map(|block| func.block(*block));
        let mut broken = false;
        for inst in blocks.flat_map(|block| &block.insts).map(|inst| func.inst(*inst)) {
            let (Op::Store | Op::StoreElement, Some(value)) = (inst.op, inst.args.last()) else {
                continue;
            };
            let (first, len) = elements(inst.imm);
            for range in self.objects.iter_mut().skip(first.index()).take(len) {
                if range.is_some_and(|range| !ranges.of(*value).within(range)) {
                    (*range, broken) = (None, true);
                }
            }
        }
        broken
    }

    /// What a load of some of the objects may give.
    fn loaded(&self, imm: Imm) -> Option<Range> {
        let (first, len) = elements(imm);
        let objects = self.objects.get(first.index()..)?.get(..len)?;
        objects.iter().copied().reduce(|a, b| Some(a?.union(b?)))?
    }
}

/// The first object that a load or store names, and how many.
fn elements(imm: Imm) -> (ObjectId, usize) {
    match imm {
        Imm::Object(id) => (id, 1),
        Imm::Array(first, len) => (first, len as usize),
        Imm::None
        | Imm::Int(_)
        | Imm::Shift(_)
        | Imm::Cond(_)
        | Imm::Quantity(_)
        | Imm::Derived(_)
        | Imm::Record(_)
        | Imm::Field(..) => (ObjectId(0), 0),
    }
}

/// Ranges of the values of a function.
pub(crate) struct Ranges {
    of: Vec<Range>,
}

impl Ranges {
    pub(crate) fn new(func: &Function, bounds: &Bounds, dominators: &Dominators) -> Ranges {
        // Parameters may be anything of their type.
        let mut ranges = Ranges { of: func.values.iter().map(|ty| Range::of_type(*ty)).collect() };
        // In this order definitions come before uses.
        for block in dominators.order() {
            for inst in func.block(*block).insts.iter().map(|inst| func.inst(*inst)) {
                let Some(result) = inst.result else { continue };
                if let Some(range) = ranges.result(inst, bounds, Range::of_type(func.ty(result))) {
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
    fn result(&self, inst: &InstData, bounds: &Bounds, all: Range) -> Option<Range> {
        let arg = |index: usize| self.of(inst.args[index]);
        let places = if let Imm::Shift(places) = inst.imm { u32::from(places) } else { 0 };
        // Of a lane, without its sign.
        let bits = all.high.count_ones();
        Some(match (inst.op, inst.imm) {
            (Op::Const, Imm::Int(x)) => Range::new(x.into(), x.into()),
            (Op::Read, Imm::Quantity(quantity)) => Range::of_quantity(quantity),
            (Op::Column | Op::ViewRow, _) => Range::new(0, 255),
            (Op::RowSign, _) => Range::signed(8),
            (Op::Derived, Imm::Derived(id)) => (*bounds.derived.get(id.index())?)?,
            (Op::Load | Op::LoadElement, imm) => bounds.loaded(imm)?,
            (Op::Mul, _) => products(arg(0), arg(1)).wrapped(all),
            // Both ways to round are monotonic.
            (Op::MulFrac, _) => products(arg(0), arg(1)).each(|x| x >> bits).saturated(all),
            (Op::MulFracRound, _) => {
                let half = 1 << (bits - 1);
                products(arg(0), arg(1)).each(|x| (x + half) >> bits).saturated(all)
            }
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

fn products(a: Range, b: Range) -> Range {
    let corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
    let ends = |start: i64, end: fn(i64, i64) -> i64| corners.into_iter().fold(start, end);
    Range::new(ends(corners[0], i64::min), ends(corners[0], i64::max))
}

fn sum(a: Range, b: Range) -> Range {
    Range::new(a.low + b.low, a.high + b.high)
}

fn difference(a: Range, b: Range) -> Range {
    Range::new(a.low - b.high, a.high - b.low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_ir::{eval, parse};

    /// Which of two states of 0..3 keep to that, if an update stores these into them. `v2` and `v3`
    /// are loaded from them, `v5` is 1 and `v6` is 3.
    fn kept(code: &str) -> [bool; 2] {
        let text = format!(
            "module \"m\" rows 4
object s0 = rule \"a\" init 0 in 0..3
object s1 = rule \"b\" init 0 in 0..3
function update {{
block0():
  v2:i32 = load s0
  v3:i32 = load s1
  v5:i32 = const 1
  v6:i32 = const 3
{code}
  return
}}"
        );
        let bounds = Bounds::proved(&parse::module(&text).expect("it reads"));
        [0, 1].map(|index| bounds.objects[index].is_some())
    }

    #[test]
    fn a_range_holds_if_no_store_leaves_it() {
        assert_eq!(kept(""), [true, true]);
        assert_eq!(kept("store s0, v3\nstore s1, v2"), [true, true]);
        assert_eq!(kept("v7:i32 = add v2, v5\nstore s0, v7"), [false, true]);
        assert_eq!(kept("v7:i32 = add v2, v5\nv8:i32 = min v7, v6\nstore s0, v8"), [true, true]);
        assert_eq!(kept("v7:i32 = sub v5, v6\nstore_element s0[2], v5, v7"), [false, false]);
        assert_eq!(kept("v7:i32 = load_element s0[2], v5\nstore s1, v7"), [true, true]);
    }

    #[test]
    fn products_reach_the_ends_of_their_ranges() {
        let ends = [(-128, 127), (-9, -3), (-5, 6), (0, 0), (1, 99), (-128, -100)];
        for index in 0..3 * ends.len() * ends.len() {
            let op = [Op::Mul, Op::MulFrac, Op::MulFracRound][index % 3];
            let (a, b) = (&ends[index / 3 % ends.len()], &ends[index / 3 / ends.len()]);
            let pairs = (a.0..=a.1).flat_map(|x| (b.0..=b.1).map(move |y| (x, y)));
            let results = pairs.map(|(x, y)| eval::lane_binary(op, Type::ROW8, x, y).into());
            let results: Vec<i64> = results.collect();
            let exact = Range::new(
                results.iter().min().copied().unwrap_or(0),
                results.iter().max().copied().unwrap_or(0),
            );
            let found = product_range(op, [a, b]);
            // A product that wraps around may be anything.
            let wraps = op == Op::Mul && found == Range::signed(8);
            assert!(found == exact || wraps, "{op:?} {a:?} {b:?}: {found:?} for {exact:?}");
        }
    }

    /// The range of a product of bytes of two ranges.
    fn product_range(op: Op, [a, b]: [&(i16, i16); 2]) -> Range {
        let text = format!(
            "module \"m\" rows 4
derived d0 = {} in {}..{} \"a\"
derived d1 = {} in {}..{} \"b\"
function update {{
block0():
  v0:i32 = derived d0
  v1:i8x256 = splat v0
  v2:i32 = derived d1
  v3:i8x256 = splat v2
  v4:i8x256 = {} v1, v3
  return
}}",
            a.0,
            a.0,
            a.1,
            b.0,
            b.0,
            b.1,
            op.name()
        );
        let module = parse::module(&text).expect("it reads");
        let func = &module.functions[0];
        Ranges::new(func, &Bounds::proved(&module), &Dominators::new(func)).of(Value(4))
    }

    #[test]
    fn a_range_falls_with_the_one_it_rests_on() {
        let code = "v7:i32 = add v2, v5\nstore s0, v7\nstore s1, v2";
        assert_eq!(kept(code), [false, false]);
        let code = "store s1, v2\nv7:i32 = sub v5, v6\nstore s0, v7";
        assert_eq!(kept(code), [false, false]);
    }
}
