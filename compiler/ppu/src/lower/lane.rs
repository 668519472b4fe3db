//! Lanes: arithmetic, masks and random numbers on the vector unit.

use super::chip;
use super::fold::ByteClamp;
use super::{Accumulated, At, Forms, Lowering, Mask, Width};
use crate::vcode::{Class, Inst, Operand, Reg};
use pl_fixed::rng;
use pl_ir::{Generators, Imm, InstData, Op, Value};
use pl_isa::{Cond, Opcode};

/// Fractional product, rounded down.
pub(super) const MULTIPLY_FRACTIONS: Forms = [Opcode::Fxvmulhfs, Opcode::Fxvmulbfs];
/// Fractional product on top of the accumulator.
const MULTIPLY_AND_ADD: Forms = [Opcode::Fxvmahfs, Opcode::Fxvmabfs];
/// Saturating difference.
const SUBTRACT: Forms = [Opcode::Fxvsubhfs, Opcode::Fxvsubbfs];

impl Lowering<'_> {
    /// One vector instruction a part.
    pub(super) fn lanes(&mut self, inst: &InstData, at: At, forms: Forms) {
        let (part, opcode) = (part_of(at), self.width(inst).pick(forms));
        let [a, b] = [0, 1].map(|i| self.part(inst.args[i], part));
        let to = self.result(inst, part);
        self.emit(opcode, vec![to.into(), a.into(), b.into()]);
    }

    /// Width of the lanes of a result.
    fn width(&self, inst: &InstData) -> Width {
        self.widths[inst.result.expect("verified: the op has a result").index()]
    }

    /// Minimum and maximum. Against a suitable constant two saturating additions do it, without
    /// the condition register that all comparisons share.
    pub(super) fn extreme(&mut self, inst: &InstData, at: At) {
        let At::Part(part) = at else { return self.scalar_extreme(inst) };
        let to = self.result(inst, part);
        let result = inst.result.expect("verified: the op has a result");
        if let Some(clamp) = self.folds.clamps[result.index()] {
            return self.byte_clamp(to, clamp, part);
        }
        let width = self.width(inst);
        for (value, bound) in [(inst.args[0], inst.args[1]), (inst.args[1], inst.args[0])] {
            let bound = self.known_lanes(bound);
            if let Some(steps) = bound.and_then(|k| clamp_steps(width, inst.op, k)) {
                let value = self.part(value, part);
                return self.clamp(width, to, value, steps);
            }
        }
        let [a, b] = [0, 1].map(|i| self.part(inst.args[i], part));
        let difference = self.vector(width.pick(SUBTRACT), a, b);
        let cond = if inst.op == Op::Min { Cond::Lt } else { Cond::Gt };
        self.choose_lanes(width, to, Mask { reg: difference, cond, negated: false }, a, b);
    }

    /// A clamp of which the low byte counts, see [`ByteClamp`].
    fn byte_clamp(&mut self, to: Reg, clamp: ByteClamp, part: usize) {
        let mut value = self.part(clamp.value, part);
        // The largest number that rounds to the bound.
        let places = clamp.shift.unwrap_or(0);
        let half = (1 << places) >> 1;
        let largest = (i32::from(clamp.high) << places) + half - i32::from(places > 0);
        if let Some(steps) =
            i16::try_from(largest).ok().and_then(|k| clamp_steps(Width::Half, Op::Min, k))
        {
            let bounded = self.new_vector();
            self.clamp(Width::Half, bounded, value, steps);
            value = bounded;
        }
        if places > 0 {
            let divisor = self.halfwords(1 << (15 - places));
            self.accumulate(Accumulated::HalfAboveMinimum, Width::Half);
            self.emit(Opcode::Fxvmahfs, vec![to.into(), value.into(), divisor.into()]);
        } else {
            let minimum = self.halfwords(i16::MIN);
            self.emit(Opcode::Fxvaddhfs, vec![to.into(), value.into(), minimum.into()]);
        }
    }

    /// Adds or subtracts saturating and takes it back modulo.
    fn clamp(&mut self, width: Width, to: Reg, value: Reg, steps: Clamp) {
        let amount = self.constant_lanes(width, steps.amount);
        let (there, back) = match steps.add {
            true => ([Opcode::Fxvaddhfs, Opcode::Fxvaddbfs], [Opcode::Fxvsubhm, Opcode::Fxvsubbm]),
            false => (SUBTRACT, [Opcode::Fxvaddhm, Opcode::Fxvaddbm]),
        };
        let shifted = self.vector(width.pick(there), value, amount);
        self.emit(width.pick(back), vec![to.into(), shifted.into(), amount.into()]);
    }

    /// Remembers a comparison: the saturating difference has the sign, and is 0 where equal.
    pub(super) fn compare(&mut self, inst: &InstData, at: At) {
        let At::Part(part) = at else { return self.scalar_compare(inst) };
        let Imm::Cond(cond) = inst.imm else { unreachable!("verified: cmp has a condition") };
        let (a, b) = (inst.args[0], inst.args[1]);
        let (reg, cond) = match (self.known_lanes(a), self.known_lanes(b)) {
            (_, Some(0)) => (self.part(a, part), cond),
            (Some(0), _) => (self.part(b, part), cond.swapped()),
            _ => {
                let subtract = self.width(inst).pick(SUBTRACT);
                let (a, b) = (self.part(a, part), self.part(b, part));
                (self.vector(subtract, a, b), cond)
            }
        };
        let (cond, negated) = match cond {
            pl_ir::op::Cond::Eq => (Cond::Eq, false),
            pl_ir::op::Cond::Ne => (Cond::Eq, true),
            pl_ir::op::Cond::Lt => (Cond::Lt, false),
            pl_ir::op::Cond::Ge => (Cond::Lt, true),
            pl_ir::op::Cond::Gt => (Cond::Gt, false),
            pl_ir::op::Cond::Le => (Cond::Gt, true),
        };
        self.set_mask(inst, part, Mask { reg, cond, negated });
    }

    fn set_mask(&mut self, inst: &InstData, part: usize, mask: Mask) {
        let (value, width) = (inst.result.expect("verified: it has a result"), self.width(inst));
        self.keep_mask(value, part, width, mask);
    }

    /// Keeps a mask for all parts that it is for.
    fn keep_mask(&mut self, value: Value, part: usize, width: Width, mask: Mask) {
        let parts = match self.uniform[value.index()] {
            true => 0..super::PARTS,
            false => part..part + width.pick([1, 2]),
        };
        for part in parts {
            self.masks.insert((value, part, width), mask);
        }
    }

    /// A mask for lanes of a width.
    fn mask(&mut self, value: Value, part: usize, width: Width) -> Mask {
        if let Some(mask) = self.masks.get(&(value, part, width)) {
            return *mask;
        }
        let own = |lowering: &Self, part| {
            let key = (value, part, lowering.widths[value.index()]);
            *lowering.masks.get(&key).expect("verified: defined before use, in its block")
        };
        let left = own(self, part / 2 * 2);
        let mask = match width {
            Width::Half => self.mask_of_bytes(left, part),
            Width::Byte => {
                let right = own(self, part / 2 * 2 + 1);
                self.mask_for_bytes(left, right.reg)
            }
        };
        self.keep_mask(value, part, width, mask);
        mask
    }

    /// A byte in the upper half of a lane has its sign, and is 0 where the lane is.
    fn mask_of_bytes(&mut self, mask: Mask, part: usize) -> Mask {
        let (zero, reg) = (self.halfwords(0), self.new_vector());
        let operands = [reg, mask.reg, zero].map(Operand::Reg);
        self.emit(chip::unpack(part), [&operands[..], &[Operand::Imm(0)]].concat());
        Mask { reg, ..mask }
    }

    /// Upper bytes have the sign of their lanes. For other tests lanes are made that have one, or
    /// low bytes that are 0 where the lanes are.
    fn mask_for_bytes(&mut self, left: Mask, right: Reg) -> Mask {
        let zero = self.halfwords(0);
        let (lanes, pack, cond) = match left.cond {
            Cond::Lt => ([left.reg, right], Opcode::Fxvpckbu, Cond::Lt),
            Cond::Gt => {
                let negative = |reg| self.vector(Opcode::Fxvsubhfs, zero, reg);
                ([left.reg, right].map(negative), Opcode::Fxvpckbu, Cond::Lt)
            }
            Cond::Eq => {
                ([left.reg, right].map(|reg| self.not_zero(reg)), Opcode::Fxvpckbl, Cond::Eq)
            }
            Cond::Always => unreachable!("a mask is a test"),
        };
        let reg = self.new_vector();
        let operands = [reg, lanes[0], lanes[1]].map(Operand::Reg);
        self.emit(pack, [&operands[..], &[Operand::Imm(0)]].concat());
        Mask { reg, cond, negated: left.negated }
    }

    /// Halfwords that are 1 where those of `lanes` are not 0.
    pub(super) fn not_zero(&mut self, lanes: Reg) -> Reg {
        let (zero, one, flags) = (self.halfwords(0), self.halfwords(1), self.new_vector());
        self.test(lanes, Width::Half);
        self.emit_if(Opcode::Fxvsel, vec![flags.into(), one.into(), zero.into()], Cond::Eq);
        flags
    }

    pub(super) fn mask_not(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let mask = self.mask(inst.args[0], part, self.width(inst));
        self.set_mask(inst, part, Mask { negated: !mask.negated, ..mask });
    }

    /// Where the second mask decides, a lane of the first becomes one that its test passes or
    /// fails; elsewhere it stays. The test stays the first's.
    pub(super) fn mask_binary(&mut self, inst: &InstData, at: At) {
        let (part, width) = (part_of(at), self.width(inst));
        let [first, second] = [0, 1].map(|i| self.mask(inst.args[i], part, width));
        let decides = inst.op == Op::MaskOr;
        let sample = match (first.cond, first.negated == decides) {
            // A lane that fails the bare test, and one that passes it.
            (Cond::Gt | Cond::Lt, true) => 0,
            (Cond::Eq, true) | (Cond::Gt, false) => 1,
            (Cond::Lt, false) => -1,
            (Cond::Eq, false) => 0,
            (Cond::Always, _) => unreachable!("a mask is a test"),
        };
        let sample = self.constant_lanes(width, sample);
        let reg = self.new_vector();
        let decided = Mask { negated: second.negated == decides, ..second };
        self.choose_lanes(width, reg, decided, sample, first.reg);
        self.set_mask(inst, part, Mask { reg, ..first });
    }

    pub(super) fn select(&mut self, inst: &InstData, at: At) {
        let At::Part(part) = at else { return self.scalar_select(inst) };
        let width = self.width(inst);
        let mask = self.mask(inst.args[0], part, width);
        let [yes, no] = [1, 2].map(|i| self.part(inst.args[i], part));
        let to = self.result(inst, part);
        self.choose_lanes(width, to, mask, yes, no);
    }

    /// `yes` in lanes of the mask, `no` in the others.
    fn choose_lanes(&mut self, width: Width, to: Reg, mask: Mask, yes: Reg, no: Reg) {
        self.test(mask.reg, width);
        let (yes, no) = if mask.negated { (no, yes) } else { (yes, no) };
        self.emit_if(Opcode::Fxvsel, vec![to.into(), no.into(), yes.into()], mask.cond);
    }

    /// Compares a vector with zero, unless that was done last.
    pub(super) fn test(&mut self, reg: Reg, width: Width) {
        if self.state.tested != Some((reg, width)) {
            let opcode = match width {
                Width::Byte => Opcode::Fxvcmpb,
                Width::Half => Opcode::Fxvcmph,
            };
            self.emit(opcode, vec![reg.into()]);
            self.state.tested = Some((reg, width));
        }
    }

    pub(super) fn multiply_round(&mut self, inst: &InstData, at: At) {
        self.accumulate(Accumulated::Half, self.width(inst));
        self.lanes(inst, at, MULTIPLY_AND_ADD);
    }

    /// Makes every lane of the accumulator hold a constant.
    fn accumulate(&mut self, wanted: Accumulated, width: Width) {
        let held = self.state.accumulator.replace((wanted, width));
        if held == Some((wanted, width)) {
            return;
        }
        if held != Some((Accumulated::Half, width)) {
            let quarter = self.constant_lanes(width, width.pick([0x4000, 0x40]));
            let add = width.pick([Opcode::Fxvaddtach, Opcode::Fxvaddtacb]);
            self.emit(add, vec![quarter.into(), quarter.into()]);
        }
        if wanted == Accumulated::HalfAboveMinimum {
            let minimum = self.halfwords(i16::MIN);
            self.emit(Opcode::Fxvaddactachf, vec![minimum.into()]);
        }
    }

    pub(super) fn shift(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let places = i32::from(places(inst));
        let places = if inst.op == Op::Shl { places } else { -places };
        let to = self.result(inst, part);
        if self.folds.absorbed[inst.args[0].index()] {
            return self.unpack_shifted(to, inst, part);
        }
        let value = self.part(inst.args[0], part);
        let shift = self.width(inst).pick([Opcode::Fxvshh, Opcode::Fxvshb]);
        self.emit(shift, vec![to.into(), value.into(), places.into()]);
    }

    /// With `n` bits a lane, the fractional product with `2^(n-1-k)` is the value over `2^k`.
    fn divisor(&mut self, inst: &InstData) -> Reg {
        let width = self.width(inst);
        self.constant_lanes(width, 1 << (width.magnitude() - places(inst)))
    }

    pub(super) fn shift_floor(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let divisor = self.divisor(inst);
        let (to, value) = (self.result(inst, part), self.part(inst.args[0], part));
        let multiply = self.width(inst).pick(MULTIPLY_FRACTIONS);
        self.emit(multiply, vec![to.into(), value.into(), divisor.into()]);
    }

    pub(super) fn shift_round(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let divisor = self.divisor(inst);
        let (to, value) = (self.result(inst, part), self.part(inst.args[0], part));
        let width = self.width(inst);
        self.accumulate(Accumulated::Half, width);
        self.emit(width.pick(MULTIPLY_AND_ADD), vec![to.into(), value.into(), divisor.into()]);
    }

    /// Ties away from zero: one less where negative, then half up. The smallest value stays, whose
    /// quotient is exact.
    pub(super) fn shift_round_away(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let divisor = self.divisor(inst);
        let (to, value) = (self.result(inst, part), self.part(inst.args[0], part));
        let width = self.width(inst);
        let one = self.constant_lanes(width, 1);
        let sign = self.vector(width.pick(MULTIPLY_FRACTIONS), value, one);
        let add = width.pick([Opcode::Fxvaddhfs, Opcode::Fxvaddbfs]);
        let lowered = self.vector(add, value, sign);
        self.accumulate(Accumulated::Half, width);
        self.emit(width.pick(MULTIPLY_AND_ADD), vec![to.into(), lowered.into(), divisor.into()]);
    }

    pub(super) fn splat(&mut self, inst: &InstData) {
        let (from, width) = (inst.args[0], self.width(inst));
        let derived = self.defs[from.index()].is_some_and(|def| def.op == Op::Derived);
        if self.known(from).is_none() && !(derived && width == Width::Half) {
            let (to, from) = (self.result(inst, 0), self.scalar(from));
            let splat = width.pick([Opcode::Fxvsplath, Opcode::Fxvsplatb]);
            self.emit(splat, vec![to.into(), from.into()]);
        }
    }

    /// A step of the generators of one part, see `pl_fixed::rng`: the accumulator takes the exact
    /// `M x + c` for the signed `x`; where `x` is negative the upper half lacks `M`.
    pub(super) fn draw(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        if self.module.generators == Generators::Hardware {
            return self.draw_from_hardware(inst, part);
        }
        let generator = self.generators.expect("a function that draws has loaded them")[part];
        let multiplier = self.halfwords(rng::MULTIPLIER.cast_signed());
        let zero = self.halfwords(0);
        let (to, carry) = (self.result(inst, part), self.new_vector());
        self.emit(Opcode::Fxvmtach, vec![generator.carry.into()]);
        self.state.tested = None;
        self.test(generator.x, Width::Half);
        self.emit(Opcode::Fxvmatachm, vec![multiplier.into(), generator.x.into()]);
        self.emit(Opcode::Fxvaddachm, vec![to.into(), zero.into()]);
        self.emit(Opcode::Fxvaddachfs, vec![carry.into(), zero.into()]);
        let lacking = vec![carry.into(), carry.into(), multiplier.into()];
        self.emit_if(Opcode::Fxvaddhm, lacking, Cond::Lt);
        self.push(Inst::copy(Class::Vector, generator.x, to));
        self.push(Inst::copy(Class::Vector, generator.carry, carry));
        (self.state.tested, self.state.accumulator) = (None, None);
    }

    /// A three-register vector instruction with a new destination.
    pub(super) fn vector(&mut self, opcode: Opcode, a: Reg, b: Reg) -> Reg {
        let to = self.new_vector();
        self.emit(opcode, vec![to.into(), a.into(), b.into()]);
        to
    }
}

/// The part; vectors are never lowered for the scalar core.
pub(super) fn part_of(at: At) -> usize {
    match at {
        At::Part(part) => part,
        At::Scalar => unreachable!("verified: the op has vector operands or results"),
    }
}

fn places(inst: &InstData) -> u8 {
    let Imm::Shift(places) = inst.imm else { unreachable!("verified: a shift has places") };
    places
}

/// A bound as a saturating addition or subtraction that is then undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clamp {
    add: bool,
    amount: i16,
}

/// How to bound a lane by `bound`, if two additions can: the bound must lie on the far side of
/// zero from the limit that saturation pushes it against, or on zero.
fn clamp_steps(width: Width, op: Op, bound: i16) -> Option<Clamp> {
    let (smallest, largest) = width.limits();
    if op == Op::Min && bound >= 0 {
        Some(Clamp { add: true, amount: largest - bound })
    } else if op == Op::Max && bound == 0 {
        Some(Clamp { add: true, amount: smallest })
    } else if op == Op::Max && bound < 0 {
        Some(Clamp { add: false, amount: bound - smallest })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_fixed::Lane;

    /// What bounding makes of a lane.
    fn bounded<L: Lane>(x: L, add: bool, amount: L) -> L {
        match add {
            true => x.add_sat(amount).sub_mod(amount),
            false => x.sub_sat(amount).add_mod(amount),
        }
    }

    #[test]
    fn two_additions_bound_a_halfword() {
        let lanes = [i16::MIN, i16::MIN + 1, -300, -1, 0, 1, 62, 63, 64, i16::MAX - 1, i16::MAX];
        for op in [Op::Min, Op::Max] {
            for bound in lanes {
                let steps = clamp_steps(Width::Half, op, bound);
                let Some(Clamp { add, amount }) = steps else { continue };
                for x in lanes {
                    let expected = if op == Op::Min { x.min(bound) } else { x.max(bound) };
                    assert_eq!(bounded(x, add, amount), expected, "{} {bound}, {x}", op.name());
                }
            }
        }
    }

    #[test]
    fn two_additions_bound_a_byte() {
        for op in [Op::Min, Op::Max] {
            for bound in i8::MIN..=i8::MAX {
                let steps = clamp_steps(Width::Byte, op, bound.into());
                let Some(Clamp { add, amount }) = steps else { continue };
                let amount = i8::try_from(amount).expect("a byte");
                for x in i8::MIN..=i8::MAX {
                    let expected = if op == Op::Min { x.min(bound) } else { x.max(bound) };
                    assert_eq!(bounded(x, add, amount), expected, "{} {bound}, {x}", op.name());
                }
            }
        }
    }
}
