//! The random generators beside the columns of a hemisphere, as programs read and seed them. What a
//! register does is defined in [`pl_fixed::lfsr`].

use borsh::{BorshDeserialize, BorshSerialize};
use pl_fixed::lfsr;

use crate::COLUMNS;
use crate::memory_map::VECTOR_BYTES;
use crate::noise::{Key, Purpose, place};
use crate::synapse_array::column_of_lane;

/// Generators of the columns of one hemisphere.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Generators {
    pub(crate) registers: [u16; COLUMNS],
}

impl Generators {
    /// Each generator in a state of its own, which the seed selects.
    pub(crate) fn new(seed: u64, hemisphere: usize) -> Generators {
        let key = Key::new(seed, Purpose::Generator, place(hemisphere, 0, 0), 0);
        let mut lane = 0;
        let registers = [(); COLUMNS].map(|()| {
            lane += 1;
            let [low, high, ..] = key.bits(lane).to_le_bytes();
            u16::from_le_bytes([low, high]).max(1)
        });
        Generators { registers }
    }

    /// Advances the generators of half of the columns by one bit each and returns their low bytes.
    pub(crate) fn read(&mut self, half: usize) -> [u8; VECTOR_BYTES] {
        std::array::from_fn(|lane| {
            let column = column_of_lane(half, lane);
            let register = &mut self.registers[column];
            *register = lfsr::read(*register, lfsr::POLYNOMIALS[column]);
            let [low, _] = register.to_le_bytes();
            low
        })
    }

    /// Seeds the generator of a column: the low byte is `seed`, the high byte 0. A seed of 0, in
    /// which the register would stay, counts as 1.
    pub(crate) fn seed(&mut self, column: usize, seed: u8) {
        self.registers[column] = u16::from(seed.max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_shifts_one_bit_and_leaves_the_other_half_alone() {
        let mut generators = Generators::new(4, 0);
        generators.seed(2, 0x15);
        generators.seed(3, 0);
        assert_eq!(generators.registers[3], 1);
        for register in [0x2a, 0x54, 0xa8] {
            let low = generators.read(0)[1];
            assert_eq!(low & !1, register);
            generators.registers[2] = register.into();
        }
        assert_eq!(generators.registers[3], 1);
    }

    #[test]
    fn a_program_that_reads_sixteen_times_has_the_draw_of_a_rule() {
        let mut generators = Generators::new(9, 1);
        for column in 0..COLUMNS {
            generators.seed(column, lfsr::seed(77, u16::try_from(column).unwrap_or(0)));
        }
        for _ in 0..lfsr::WARM_UP {
            generators.read(0);
            generators.read(1);
        }
        for _ in 0..3 {
            let before = generators.registers;
            let readings: Vec<[[u8; VECTOR_BYTES]; 2]> =
                (0..lfsr::READINGS).map(|_| [generators.read(0), generators.read(1)]).collect();
            for (column, register) in before.into_iter().enumerate() {
                let seen = |reading: usize| readings[reading][column % 2][column / 2];
                let drawn = u16::from_be_bytes([seen(7), seen(15)]);
                assert_eq!(drawn, lfsr::draw(register, column), "column {column}");
            }
        }
    }
}
