//! Generators of columns while native code steps them.
//!
//! A generator's words `x` and `c` lie side by side in a 32-bit lane, so that one multiply-add of
//! pairs gives `M x + c`, and the next state is that sum as it stands. The pairs are signed: `x` has
//! its upper bit turned over, which takes `2^15` from it and `M / 2` from the upper half of the sum.
//! Adding `(2^15, M / 2)` to the two halves turns the bit of the new `x` over, and gives the carry
//! what it lacks. Even and odd columns have a register each.

use crate::lanes::{self, B, CHUNK};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use pl_fixed::rng;

/// Generators of eight columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Generators {
    pub(crate) even: Value,
    pub(crate) odd: Value,
}

/// Upper bit of a lane.
const UPPER: i16 = i16::MIN;

impl Generators {
    /// From draws and carries of eight columns in order.
    pub(crate) fn of_words(b: B<'_, '_>, x: Value, carry: Value) -> Generators {
        let upper = lanes::constant(b, UPPER);
        let x = b.ins().bxor(x, upper);
        let raised = halves_up(b, carry);
        let lowered = halves_down(b, x);
        Generators { even: alternate(b, x, raised), odd: alternate(b, lowered, carry) }
    }

    /// Draws and carries of the columns in order.
    pub(crate) fn words(self, b: B<'_, '_>) -> (Value, Value) {
        let Generators { even, odd } = self;
        let upper = lanes::constant(b, UPPER);
        let raised = halves_up(b, odd);
        let lowered = halves_down(b, even);
        let x = alternate(b, even, raised);
        (b.ins().bxor(x, upper), alternate(b, lowered, odd))
    }

    /// One step ([`rng::Column::draw`]): the draws of the columns in order.
    pub(crate) fn draw(&mut self, b: B<'_, '_>) -> Value {
        const { assert!(rng::MULTIPLIER.is_multiple_of(2) && rng::MULTIPLIER < 1 << 15) };
        let multiplier = pairs(b, rng::MULTIPLIER, 1);
        let turn = pairs(b, UPPER.cast_unsigned(), rng::MULTIPLIER / 2);
        let [even, odd] = [self.even, self.odd].map(|state| dot(b, state, multiplier));
        self.even = b.ins().iadd(even, turn);
        self.odd = b.ins().iadd(odd, turn);
        let raised = halves_up(b, odd);
        alternate(b, even, raised)
    }
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
