//! Random numbers of rules: one generator a column, one scalar generator an instance.
//!
//! The column generator is a multiply-with-carry generator of two 16-bit words (Marsaglia 1994):
//!
//! ```text
//! t  = MULTIPLIER * x + c          (32 bits, c < MULTIPLIER, so t never overflows)
//! x' = t mod 2^16                  the draw
//! c' = t div 2^16
//! ```
//!
//! It steps through multiples of `MULTIPLIER` modulo the prime `p = MULTIPLIER * 2^16 - 1`.
//! `(p - 1) / 2` is prime too, so every orbit but the two fixed points has a period of `(p - 1) / 2`
//! or more, about `2^30`. The multiplier is below `2^15`, so that it and the carry are positive in
//! signed 16-bit lanes: on the vector unit a step is an accumulator load, two multiply-adds, a
//! read of the upper half and a correction for the sign of `x`.

/// Multiplier of the column generator: `p` and `(p - 1) / 2` are prime.
pub const MULTIPLIER: u16 = 32718;

/// State of one column's generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// The last draw.
    pub x: u16,
    /// The carry, below [`MULTIPLIER`].
    pub carry: u16,
}

impl Column {
    /// The generator of `column` for a stream key (see [`stream_key`]).
    #[must_use]
    pub const fn seeded(key: u64, column: u16) -> Column {
        let word = splitmix64(key ^ splitmix64(column as u64 + 1));
        let [x0, x1, f0, f1, f2, f3, _, _] = word.to_le_bytes();
        // A carry in 1..MULTIPLIER-1 leaves out both fixed points, (0, 0) and (0xffff, M - 1).
        let fraction = u32::from_le_bytes([f0, f1, f2, f3]) as u64;
        let [c0, c1, ..] = (1 + ((fraction * (MULTIPLIER as u64 - 2)) >> 32)).to_le_bytes();
        Column { x: u16::from_le_bytes([x0, x1]), carry: u16::from_le_bytes([c0, c1]) }
    }

    /// Steps once and returns the draw, 16 uniform bits.
    #[inline]
    pub const fn draw(&mut self) -> u16 {
        let [x0, x1, c0, c1] =
            (MULTIPLIER as u32 * self.x as u32 + self.carry as u32).to_le_bytes();
        self.x = u16::from_le_bytes([x0, x1]);
        self.carry = u16::from_le_bytes([c0, c1]);
        self.x
    }
}

/// Key of the streams of one rule instance.
#[must_use]
pub const fn stream_key(seed: u64, chip: u32, hemisphere: u8, instance: u32) -> u64 {
    let place = ((chip as u64) << 40) | ((hemisphere as u64) << 32) | instance as u64;
    splitmix64(splitmix64(seed) ^ place)
}

/// Output function of SplitMix64 (Steele, Lea, Flood 2014) applied to `state + golden ratio`.
#[must_use]
pub const fn splitmix64(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One step of xorshift32 with shifts 13, 17, 5 (Marsaglia 2003); the state must not be 0.
#[must_use]
pub const fn xorshift32(state: u32) -> u32 {
    let state = state ^ (state << 13);
    let state = state ^ (state >> 17);
    state ^ (state << 5)
}

/// Start value of the scalar generator of an instance; never 0.
#[must_use]
pub const fn scalar_seed(key: u64) -> u32 {
    let [a, b, c, d, ..] = splitmix64(!key).to_le_bytes();
    u32::from_le_bytes([a, b, c, d]) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carry_stays_below_the_multiplier() {
        let mut column = Column::seeded(stream_key(7, 0, 1, 0), 255);
        for _ in 0..100_000 {
            assert!(column.carry < MULTIPLIER);
            column.draw();
        }
    }

    #[test]
    fn steps_are_a_multiplication_modulo_the_prime() {
        let prime = (u64::from(MULTIPLIER) << 16) - 1;
        let number = |c: Column| (u64::from(c.carry) << 16) | u64::from(c.x);
        let mut column = Column { x: 0x8001, carry: 12 };
        for _ in 0..1000 {
            let before = number(column);
            column.draw();
            // N' * 2^16 = N (mod p), since MULTIPLIER * 2^16 = 1 (mod p).
            assert_eq!((number(column) << 16) % prime, before);
        }
    }

    #[test]
    fn streams_differ_by_every_part_of_the_key() {
        let base = stream_key(1, 0, 0, 0);
        for other in [
            stream_key(2, 0, 0, 0),
            stream_key(1, 1, 0, 0),
            stream_key(1, 0, 1, 0),
            stream_key(1, 0, 0, 1),
        ] {
            assert_ne!(base, other);
        }
        assert_ne!(Column::seeded(base, 0), Column::seeded(base, 1));
    }

    #[test]
    fn xorshift_matches_its_published_sequence() {
        // First outputs from the seed of the paper, 2463534242.
        assert_eq!(xorshift32(2_463_534_242), 723_471_715);
    }
}
