//! The random generators beside the columns: one 16-bit shift register each.
//!
//! On the chip each column has a polynomial of its own, and reading shifts in one new bit
//! (libnux `vx/parallel_rng.h`). The polynomials are not published, so these are ours: the first
//! 256 primitive polynomials of degree 16, in ascending order of their coefficients, in Galois
//! form. The streams therefore differ from the silicon's; their structure, successive readings that
//! share seven bits, does not.

use std::sync::OnceLock;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::COLUMNS;
use crate::memory_map::VECTOR_BYTES;
use crate::noise::{Key, Purpose, place};
use crate::synapse_array::column_of_lane;

/// Generators of the columns of one hemisphere.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Generators {
    state: [u16; COLUMNS],
}

impl Generators {
    /// Each generator in a state of its own, which the seed selects.
    pub(crate) fn new(seed: u64, hemisphere: usize) -> Generators {
        let key = Key::new(seed, Purpose::Generator, place(hemisphere, 0, 0), 0);
        let mut lane = 0;
        let state = [(); COLUMNS].map(|()| {
            lane += 1;
            let [low, high, ..] = key.bits(lane).to_le_bytes();
            u16::from_le_bytes([low, high]).max(1)
        });
        Generators { state }
    }

    /// Advances the generators of half of the columns by one bit each and returns their low bytes.
    pub(crate) fn read(&mut self, half: usize) -> [u8; VECTOR_BYTES] {
        let polynomials = polynomials();
        std::array::from_fn(|lane| {
            let column = column_of_lane(half, lane);
            let state = &mut self.state[column];
            *state = advance(*state, polynomials[column]);
            let [low, _] = state.to_le_bytes();
            low
        })
    }

    /// Seeds the generator of a column: the low byte is `seed`, the high byte 0. A seed of 0, in
    /// which the register would stay, counts as 1.
    pub(crate) fn seed(&mut self, column: usize, seed: u8) {
        self.state[column] = u16::from(seed.max(1));
    }
}

/// One step of a Galois shift register; `polynomial` without its leading coefficient.
const fn advance(state: u16, polynomial: u16) -> u16 {
    let carry = state >> 15;
    (state << 1) ^ (polynomial & carry.wrapping_neg())
}

/// The first 256 primitive polynomials of degree 16, without the leading coefficient.
fn polynomials() -> &'static [u16; COLUMNS] {
    static POLYNOMIALS: OnceLock<[u16; COLUMNS]> = OnceLock::new();
    POLYNOMIALS.get_or_init(|| {
        let mut found = (1..u16::MAX).filter(|&polynomial| is_primitive(polynomial));
        std::array::from_fn(|_| found.next().unwrap_or(1))
    })
}

/// Whether `x` generates all non-zero elements modulo `x^16 + polynomial`.
fn is_primitive(polynomial: u16) -> bool {
    // 2^16 - 1 = 3 * 5 * 17 * 257.
    let order = u16::MAX;
    power_of_x(order, polynomial) == 1
        && [3, 5, 17, 257].iter().all(|factor| power_of_x(order / factor, polynomial) != 1)
}

/// `x^exponent` modulo `x^16 + polynomial`.
fn power_of_x(exponent: u16, polynomial: u16) -> u16 {
    let mut power = 1;
    for bit in (0..16).rev() {
        power = multiply(power, power, polynomial);
        if exponent >> bit & 1 == 1 {
            power = advance(power, polynomial);
        }
    }
    power
}

fn multiply(a: u16, b: u16, polynomial: u16) -> u16 {
    let mut product = 0;
    for bit in (0..16).rev() {
        product = advance(product, polynomial);
        if b >> bit & 1 == 1 {
            product ^= a;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_primitive_polynomials_as_number_theory_says() {
        // phi(2^16 - 1) / 16.
        assert_eq!((0..=u16::MAX).filter(|&p| is_primitive(p)).count(), 2048);
    }

    #[test]
    fn every_column_has_a_polynomial_of_its_own_with_full_period() {
        let polynomials = polynomials();
        assert!(polynomials.is_sorted_by(|a, b| a < b));
        for &polynomial in [&polynomials[0], &polynomials[255]] {
            let mut state = 1;
            let period = (1..=65_536).find(|_| {
                state = advance(state, polynomial);
                state == 1
            });
            assert_eq!(period, Some(65_535));
        }
    }

    #[test]
    fn a_reading_shifts_one_bit_and_leaves_the_other_half_alone() {
        let mut generators = Generators::new(4, 0);
        generators.seed(2, 0x15);
        generators.seed(3, 0);
        assert_eq!(generators.state[3], 1);
        assert_eq!(generators.read(0)[1], 0x2a);
        assert_eq!(generators.state[3], 1);
        assert_eq!(generators.read(0)[1], 0x54);
    }
}
