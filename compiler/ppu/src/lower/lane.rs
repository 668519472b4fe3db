//! Lanes: arithmetic, masks and random numbers on the vector unit.

use super::fold::ByteClamp;
use super::{Accumulated, At, Lowering, Mask, Width};
use crate::vcode::{Class, Inst, Reg};
use pl_fixed::rng;
use pl_ir::{Generators, Imm, InstData, Op, Value};
use pl_isa::{Cond, Opcode};

impl Lowering<'_> {
    /// One vector instruction a part.
    pub(super) fn lanes(&mut self, inst: &InstData, at: At, opcode: Opcode) {
        let part = part_of(at);
        let [a, b] = [0, 1].map(|i| self.part(inst.args[i], part));
        let to = self.result(inst, part);
        self.emit(opcode, vec![to.into(), a.into(), b.into()]);
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
        for (value, bound) in [(inst.args[0], inst.args[1]), (inst.args[1], inst.args[0])] {
            if let Some(steps) = self.known_lanes(bound).and_then(|k| clamp_steps(inst.op, k)) {
                let value = self.part(value, part);
                return self.clamp(to, value, steps);
            }
        }
        let [a, b] = [0, 1].map(|i| self.part(inst.args[i], part));
        let difference = self.vector(Opcode::Fxvsubhfs, a, b);
        let cond = if inst.op == Op::Min { Cond::Lt } else { Cond::Gt };
        self.choose_lanes(to, Mask { reg: difference, cond, negated: false }, a, b);
    }

    /// A clamp of which the low byte counts, see [`ByteClamp`].
    fn byte_clamp(&mut self, to: Reg, clamp: ByteClamp, part: usize) {
        let mut value = self.part(clamp.value, part);
        // The largest number that rounds to the bound.
        let places = clamp.shift.unwrap_or(0);
        let half = (1 << places) >> 1;
        let largest = (i32::from(clamp.high) << places) + half - i32::from(places > 0);
        if let Some(steps) =
            i16::try_from(largest).ok().and_then(|bound| clamp_steps(Op::Min, bound))
        {
            let bounded = self.new_vector();
            self.clamp(bounded, value, steps);
            value = bounded;
        }
        if places > 0 {
            let divisor = self.halfwords(1 << (15 - places));
            self.accumulate(Accumulated::HalfAboveMinimum);
            self.emit(Opcode::Fxvmahfs, vec![to.into(), value.into(), divisor.into()]);
        } else {
            let minimum = self.halfwords(i16::MIN);
            self.emit(Opcode::Fxvaddhfs, vec![to.into(), value.into(), minimum.into()]);
        }
    }

    /// Adds or subtracts saturating and takes it back modulo.
    fn clamp(&mut self, to: Reg, value: Reg, steps: Clamp) {
        let amount = self.halfwords(steps.amount);
        let (there, back) = match steps.add {
            true => (Opcode::Fxvaddhfs, Opcode::Fxvsubhm),
            false => (Opcode::Fxvsubhfs, Opcode::Fxvaddhm),
        };
        let shifted = self.vector(there, value, amount);
        self.emit(back, vec![to.into(), shifted.into(), amount.into()]);
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
                let (a, b) = (self.part(a, part), self.part(b, part));
                (self.vector(Opcode::Fxvsubhfs, a, b), cond)
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
        let value = inst.result.expect("verified: a mask op has a result");
        let parts = if self.uniform[value.index()] { 0..super::PARTS } else { part..part + 1 };
        for part in parts {
            self.masks.insert((value, part), mask);
        }
    }

    fn mask(&self, value: Value, part: usize) -> Mask {
        *self.masks.get(&(value, part)).expect("verified: defined before use, in its block")
    }

    pub(super) fn mask_not(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let mask = self.mask(inst.args[0], part);
        self.set_mask(inst, part, Mask { negated: !mask.negated, ..mask });
    }

    /// Where the second mask decides, a lane of the first becomes one that its test passes or
    /// fails; elsewhere it stays. The test stays the first's.
    pub(super) fn mask_binary(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let [first, second] = [0, 1].map(|i| self.mask(inst.args[i], part));
        let decides = inst.op == Op::MaskOr;
        let sample = match (first.cond, first.negated == decides) {
            // A lane that fails the bare test, and one that passes it.
            (Cond::Gt | Cond::Lt, true) => 0,
            (Cond::Eq, true) | (Cond::Gt, false) => 1,
            (Cond::Lt, false) => -1,
            (Cond::Eq, false) => 0,
            (Cond::Always, _) => unreachable!("a mask is a test"),
        };
        let sample = self.halfwords(sample);
        let reg = self.new_vector();
        let decided = Mask { negated: second.negated == decides, ..second };
        self.choose_lanes(reg, decided, sample, first.reg);
        self.set_mask(inst, part, Mask { reg, ..first });
    }

    pub(super) fn select(&mut self, inst: &InstData, at: At) {
        let At::Part(part) = at else { return self.scalar_select(inst) };
        let mask = self.mask(inst.args[0], part);
        let [yes, no] = [1, 2].map(|i| self.part(inst.args[i], part));
        let to = self.result(inst, part);
        self.choose_lanes(to, mask, yes, no);
    }

    /// `yes` in lanes of the mask, `no` in the others.
    fn choose_lanes(&mut self, to: Reg, mask: Mask, yes: Reg, no: Reg) {
        self.test(mask.reg, Width::Half);
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
        self.accumulate(Accumulated::Half);
        self.lanes(inst, at, Opcode::Fxvmahfs);
    }

    /// Makes every lane of the accumulator hold a constant.
    fn accumulate(&mut self, wanted: Accumulated) {
        let held = self.state.accumulator.replace(wanted);
        if held == Some(wanted) {
            return;
        }
        if held != Some(Accumulated::Half) {
            let quarter = self.halfwords(0x4000);
            self.emit(Opcode::Fxvaddtach, vec![quarter.into(), quarter.into()]);
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
        self.emit(Opcode::Fxvshh, vec![to.into(), value.into(), places.into()]);
    }

    /// The fractional product with `2^(15-k)` is the value over `2^k`.
    fn divisor(&mut self, inst: &InstData) -> Reg {
        self.halfwords(1 << (15 - places(inst)))
    }

    pub(super) fn shift_floor(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let divisor = self.divisor(inst);
        let (to, value) = (self.result(inst, part), self.part(inst.args[0], part));
        self.emit(Opcode::Fxvmulhfs, vec![to.into(), value.into(), divisor.into()]);
    }

    pub(super) fn shift_round(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let divisor = self.divisor(inst);
        let (to, value) = (self.result(inst, part), self.part(inst.args[0], part));
        self.accumulate(Accumulated::Half);
        self.emit(Opcode::Fxvmahfs, vec![to.into(), value.into(), divisor.into()]);
    }

    /// Ties away from zero: one less where negative, then half up. The smallest value stays, whose
    /// quotient is exact.
    pub(super) fn shift_round_away(&mut self, inst: &InstData, at: At) {
        let part = part_of(at);
        let divisor = self.divisor(inst);
        let (to, value) = (self.result(inst, part), self.part(inst.args[0], part));
        let one = self.halfwords(1);
        let sign = self.vector(Opcode::Fxvmulhfs, value, one);
        let lowered = self.vector(Opcode::Fxvaddhfs, value, sign);
        self.accumulate(Accumulated::Half);
        self.emit(Opcode::Fxvmahfs, vec![to.into(), lowered.into(), divisor.into()]);
    }

    pub(super) fn splat(&mut self, inst: &InstData) {
        let from = inst.args[0];
        let made_where_used = self.known(from).is_some()
            || self.defs[from.index()].is_some_and(|def| def.op == Op::Derived);
        if !made_where_used {
            let (to, from) = (self.result(inst, 0), self.scalar(from));
            self.emit(Opcode::Fxvsplath, vec![to.into(), from.into()]);
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
fn clamp_steps(op: Op, bound: i16) -> Option<Clamp> {
    if op == Op::Min && bound >= 0 {
        Some(Clamp { add: true, amount: i16::MAX - bound })
    } else if op == Op::Max && bound == 0 {
        Some(Clamp { add: true, amount: i16::MIN })
    } else if op == Op::Max && bound < 0 {
        Some(Clamp { add: false, amount: bound - i16::MIN })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_fixed::Lane;

    #[test]
    fn two_additions_bound_a_lane() {
        let lanes = [i16::MIN, i16::MIN + 1, -300, -1, 0, 1, 62, 63, 64, i16::MAX - 1, i16::MAX];
        for op in [Op::Min, Op::Max] {
            for bound in lanes {
                let Some(Clamp { add, amount }) = clamp_steps(op, bound) else { continue };
                for x in lanes {
                    let bounded = match add {
                        true => Lane::add_sat(x, amount).sub_mod(amount),
                        false => Lane::sub_sat(x, amount).add_mod(amount),
                    };
                    let expected = if op == Op::Min { x.min(bound) } else { x.max(bound) };
                    assert_eq!(bounded, expected, "{} of {x} and {bound}", op.name());
                }
            }
        }
    }
}
