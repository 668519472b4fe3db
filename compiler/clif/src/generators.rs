//! Generators of columns while native code steps them.
//!
//! Of a generator of the instance the words `x` and `c` lie side by side in a 32-bit lane, so that one
//! multiply-add of pairs gives `M x + c`, and the next state is that sum as it stands. The pairs are
//! signed: `x` has its upper bit turned over, which takes `2^15` from it and `M / 2` from the upper
//! half of the sum. Adding `(2^15, M / 2)` to the two halves turns the bit of the new `x` over, and
//! gives the carry what it lacks. Even and odd columns have a register each.

use crate::lanes::{self, B, CHUNK};
use crate::run::ACCESS;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use pl_fixed::{lfsr, rng};
use pl_ir::Op;

/// Generators of eight columns.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Generators {
    /// Those of the instance: of the even and of the odd columns.
    Own([Value; 2]),
    /// Those of the chip: the registers of the columns in order.
    Hardware([Value; 1]),
}

/// Upper bit of a lane.
const UPPER: i16 = i16::MIN;

impl Generators {
    /// From draws and carries of eight columns in order.
    pub(crate) fn own(b: B<'_, '_>, x: Value, carry: Value) -> Generators {
        let upper = lanes::constant(b, UPPER);
        let x = b.ins().bxor(x, upper);
        let raised = halves_up(b, carry);
        let lowered = halves_down(b, x);
        Generators::Own([alternate(b, x, raised), alternate(b, lowered, carry)])
    }

    /// What changes with a draw.
    pub(crate) fn state(&self) -> &[Value] {
        match self {
            Generators::Own(state) => state,
            Generators::Hardware(registers) => registers,
        }
    }

    pub(crate) fn state_mut(&mut self) -> &mut [Value] {
        match self {
            Generators::Own(state) => state,
            Generators::Hardware(registers) => registers,
        }
    }

    /// Draws of the columns in order, and carries if there are any.
    pub(crate) fn words(self, b: B<'_, '_>) -> (Value, Option<Value>) {
        let [even, odd] = match self {
            Generators::Own(state) => state,
            Generators::Hardware([registers]) => return (registers, None),
        };
        let upper = lanes::constant(b, UPPER);
        let raised = halves_up(b, odd);
        let lowered = halves_down(b, even);
        let x = alternate(b, even, raised);
        (b.ins().bxor(x, upper), Some(alternate(b, lowered, odd)))
    }

    /// One draw: those of the columns in order. `leaps` is where the row of these columns begins in
    /// [`lfsr::LEAPS`], for generators of the chip.
    pub(crate) fn draw(&mut self, b: B<'_, '_>, leaps: Option<Value>) -> Value {
        match self {
            Generators::Own(state) => draw_own(b, state),
            Generators::Hardware([registers]) => {
                let leaps = leaps.expect("a unit of a rule that draws so has the table");
                *registers = draw_hardware(b, *registers, leaps);
                *registers
            }
        }
    }
}

/// One step ([`rng::Column::draw`]).
fn draw_own(b: B<'_, '_>, state: &mut [Value; 2]) -> Value {
    const { assert!(rng::MULTIPLIER.is_multiple_of(2) && rng::MULTIPLIER < 1 << 15) };
    let multiplier = pairs(b, rng::MULTIPLIER, 1);
    let turn = pairs(b, UPPER.cast_unsigned(), rng::MULTIPLIER / 2);
    let sums = state.map(|words| dot(b, words, multiplier));
    *state = sums.map(|sum| b.ins().iadd(sum, turn));
    let raised = halves_up(b, sums[1]);
    alternate(b, sums[0], raised)
}

/// Sixteen readings ([`lfsr::draw`]): the exclusive or of what each set bit of the register adds.
fn draw_hardware(b: B<'_, '_>, registers: Value, leaps: Value) -> Value {
    let mut drawn = lanes::constant(b, 0);
    for (bit, distance) in (0..16u8).zip((0..).step_by(2 * lfsr::COLUMNS)) {
        let row = b.ins().load(CHUNK, ACCESS, leaps, distance);
        let upper = match 15 - bit {
            0 => registers,
            places => lanes::shift(b, Op::Shl, registers, places),
        };
        let set = lanes::shift(b, Op::ShrFloor, upper, 15);
        let part = b.ins().band(row, set);
        drawn = b.ins().bxor(drawn, part);
    }
    drawn
}

/// A vector of pairs of lanes.
fn pairs(b: B<'_, '_>, first: u16, second: u16) -> Value {
    let pair = i64::from(first) | i64::from(second) << 16;
    let pair = b.ins().iconst(types::I32, pair);
    let pairs = b.ins().splat(types::I32X4, pair);
    lanes::cast(b, CHUNK, pairs)
}

/// The sum of the products of each pair of lanes, 32 bits.
fn dot(b: B<'_, '_>, x: Value, y: Value) -> Value {
    let low = [x, y].map(|lanes| b.ins().swiden_low(lanes));
    let high = [x, y].map(|lanes| b.ins().swiden_high(lanes));
    let low = b.ins().imul(low[0], low[1]);
    let high = b.ins().imul(high[0], high[1]);
    let sums = b.ins().iadd_pairwise(low, high);
    lanes::cast(b, CHUNK, sums)
}

/// Lower halves of the 32-bit lanes, as upper ones.
fn halves_up(b: B<'_, '_>, x: Value) -> Value {
    let places = b.ins().iconst(types::I32, 16);
    let wide = lanes::cast(b, types::I32X4, x);
    let moved = b.ins().ishl(wide, places);
    lanes::cast(b, CHUNK, moved)
}

/// Upper halves of the 32-bit lanes, as lower ones.
fn halves_down(b: B<'_, '_>, x: Value) -> Value {
    let places = b.ins().iconst(types::I32, 16);
    let wide = lanes::cast(b, types::I32X4, x);
    let moved = b.ins().ushr(wide, places);
    lanes::cast(b, CHUNK, moved)
}

/// Even lanes of the first, odd lanes of the second.
fn alternate(b: B<'_, '_>, even: Value, odd: Value) -> Value {
    let from = |lane: u8| if lane.is_multiple_of(2) { 2 * lane } else { 16 + 2 * lane };
    let mask = core::array::from_fn(|byte| {
        let byte = u8::try_from(byte).unwrap_or(0);
        from(byte / 2) + byte % 2
    });
    lanes::shuffle(b, even, odd, mask)
}
