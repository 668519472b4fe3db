//! The random generators beside the columns of the chip: one 16-bit shift register each.
//!
//! On the chip each column has a polynomial of its own, a reading shifts in one new bit, and a
//! program sees the low byte (libnux, `vx/parallel_rng.h`). The
//! polynomials of the silicon are not published. These are ours, so that the streams differ from the
//! silicon's while their structure does not:
//!
//! ```text
//! s' = (s << 1) | parity(s & taps)        16 bits; bit 15 - i of `taps` is the coefficient of x^i
//! ```
//!
//! A draw of a rule is 16 readings, after which no bit of the register is old, and its value is the
//! register: the bytes read by the eighth and by the sixteenth.

/// Readings of a generator for one draw.
pub const READINGS: u32 = 16;
/// Readings after a generator was seeded, before the first draw: more than the 234 after which users
/// of the chip draw (brainscales2-demos, `ts_07`).
pub const WARM_UP: u32 = 256;
/// Generators of a hemisphere: one a column.
pub const COLUMNS: usize = crate::chip::COLUMNS as usize;

/// Of each column the polynomial without `x^16`: every seventh, from the first, in ascending order,
/// of the primitive polynomials of degree 16 for which the upper 5 bits of two draws up to 8 apart
/// are independent, and the upper 4 bits of three draws in a row.
pub const POLYNOMIALS: [u16; COLUMNS] = [
    0x002d, 0x014f, 0x0215, 0x02a1, 0x038d, 0x0467, 0x0569, 0x0653, 0x080d, 0x08fb, 0x09c5, 0x0b01,
    0x0c0f, 0x0c95, 0x0e45, 0x0f69, 0x1043, 0x116f, 0x1281, 0x133b, 0x1487, 0x15ab, 0x173f, 0x188d,
    0x1979, 0x1a89, 0x1baf, 0x1c61, 0x1cef, 0x1d77, 0x1e71, 0x1ef3, 0x1fbf, 0x20c7, 0x2235, 0x2345,
    0x2499, 0x2579, 0x267f, 0x27a5, 0x28c5, 0x2989, 0x2a29, 0x2b09, 0x2c1f, 0x2c79, 0x2d65, 0x2e4d,
    0x2f67, 0x30af, 0x3173, 0x3249, 0x32ef, 0x33c5, 0x351d, 0x366f, 0x370b, 0x3837, 0x38fb, 0x3999,
    0x3a55, 0x3b5b, 0x3c4b, 0x3d31, 0x3dc1, 0x3e8f, 0x3fc5, 0x4159, 0x41e7, 0x4281, 0x4383, 0x4495,
    0x4529, 0x45b9, 0x46a1, 0x477d, 0x4835, 0x4915, 0x4a15, 0x4adf, 0x4bb7, 0x4ca7, 0x4d5f, 0x4e87,
    0x4f31, 0x500f, 0x50eb, 0x51a7, 0x5309, 0x547f, 0x55af, 0x56c5, 0x5889, 0x598d, 0x5a7d, 0x5b57,
    0x5ca5, 0x5dc7, 0x5eab, 0x6063, 0x6143, 0x6261, 0x6353, 0x641f, 0x650f, 0x65a5, 0x66d7, 0x67d9,
    0x68cb, 0x69cf, 0x6b23, 0x6bfb, 0x6ca5, 0x6dbf, 0x6e7f, 0x6f8d, 0x7061, 0x7159, 0x7205, 0x72a3,
    0x736d, 0x747d, 0x74ed, 0x75a1, 0x7657, 0x7781, 0x78c9, 0x79e9, 0x7af7, 0x7c37, 0x7cd3, 0x7dc5,
    0x7e93, 0x7f2f, 0x806d, 0x8255, 0x82ff, 0x83c1, 0x846f, 0x8513, 0x85c7, 0x86c1, 0x8733, 0x885f,
    0x897f, 0x8a61, 0x8b59, 0x8c23, 0x8d95, 0x8e47, 0x8fef, 0x90a5, 0x91a1, 0x9305, 0x93db, 0x94a7,
    0x958b, 0x967d, 0x97b9, 0x992b, 0x9a0f, 0x9b5b, 0x9c53, 0x9d8f, 0x9ec7, 0x9f7b, 0xa06f, 0xa10d,
    0xa1fd, 0xa31b, 0xa449, 0xa4e9, 0xa559, 0xa663, 0xa767, 0xa8df, 0xa953, 0xaabd, 0xab57, 0xac1d,
    0xad13, 0xadcd, 0xaedf, 0xb043, 0xb0c7, 0xb1dd, 0xb2db, 0xb35d, 0xb46f, 0xb5c7, 0xb6d3, 0xb7a9,
    0xb88b, 0xb96d, 0xba57, 0xbb1b, 0xbbcf, 0xbcf7, 0xbe39, 0xbf25, 0xbfad, 0xc0cf, 0xc179, 0xc29b,
    0xc3b7, 0xc4e3, 0xc57d, 0xc639, 0xc775, 0xc86b, 0xc995, 0xcae1, 0xcbab, 0xcc6f, 0xcd37, 0xce49,
    0xcf05, 0xd0fb, 0xd1d7, 0xd2eb, 0xd441, 0xd4f3, 0xd589, 0xd5ef, 0xd6b5, 0xd7b1, 0xd87d, 0xd943,
    0xda5d, 0xdb4b, 0xdc0d, 0xdcd3, 0xde4d, 0xdf37, 0xe015, 0xe0df, 0xe1c3, 0xe361, 0xe47d, 0xe5b5,
    0xe6b9, 0xe7bb, 0xe901, 0xea19, 0xeae5, 0xeb55, 0xec2f, 0xecb3, 0xee63, 0xef57, 0xeff7, 0xf0af,
    0xf20d, 0xf2df, 0xf399, 0xf4d3,
];

/// The register after one reading.
#[inline]
#[must_use]
pub const fn read(state: u16, polynomial: u16) -> u16 {
    let new = (state & polynomial.reverse_bits()).count_ones() & 1 == 1;
    (state << 1) | new as u16
}

/// The register of a column after so many readings.
#[must_use]
pub const fn after(state: u16, column: usize, readings: u32) -> u16 {
    let (mut state, mut left) = (state, readings);
    while left > 0 {
        state = read(state, POLYNOMIALS[column % COLUMNS]);
        left -= 1;
    }
    state
}

/// One draw of a column: the register afterwards, 16 bits.
#[inline]
#[must_use]
pub const fn draw(state: u16, column: usize) -> u16 {
    let row = &LEAPS;
    let (mut drawn, mut bit) = (0, 0);
    while bit < 16 {
        drawn ^= row[bit][column % COLUMNS] & (state >> bit & 1).wrapping_neg();
        bit += 1;
    }
    drawn
}

/// For each bit of the register and each column, what that bit adds (exclusive or) to the next draw:
/// sixteen readings are linear.
pub static LEAPS: [[u16; COLUMNS]; 16] = leaps();

const fn leaps() -> [[u16; COLUMNS]; 16] {
    let mut leaps = [[0; COLUMNS]; 16];
    let mut bit = 0;
    while bit < 16 {
        let mut column = 0;
        while column < COLUMNS {
            leaps[bit][column] = after(1 << bit, column, READINGS);
            column += 1;
        }
        bit += 1;
    }
    leaps
}

/// The byte that seeds the generator of a column for a stream key (see
/// [`rng::stream_key`](crate::rng::stream_key)), 1 to 255: the register stays where it is at 0.
#[must_use]
pub const fn seed(key: u64, column: u16) -> u8 {
    let word = crate::rng::splitmix64(key ^ crate::rng::splitmix64(column as u64 + 1));
    let [below_255, ..] = (((word >> 32) * 255) >> 32).to_le_bytes();
    below_255 + 1
}

/// The register of a column seeded so, ready for the first draw: the seed is the low byte, the high
/// byte is 0, and then come the readings of the warm-up.
#[must_use]
pub const fn seeded(seed: u8, column: usize) -> u16 {
    after(seed as u16, column, WARM_UP)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The register as a polynomial is multiplied by `x`.
    fn times_x(state: u16, polynomial: u16) -> u16 {
        (state << 1) ^ (polynomial & (state >> 15).wrapping_neg())
    }

    fn product(a: u16, b: u16, polynomial: u16) -> u16 {
        (0..16)
            .rev()
            .fold(0, |sum, bit| times_x(sum, polynomial) ^ (b & (a >> bit & 1).wrapping_neg()))
    }

    fn power_of_x(exponent: u32, polynomial: u16) -> u16 {
        (0..32).rev().fold(1, |power, bit| {
            let square = product(power, power, polynomial);
            if exponent >> bit & 1 == 1 { times_x(square, polynomial) } else { square }
        })
    }

    /// `x` generates all elements but 0: 2^16 - 1 = 3 * 5 * 17 * 257.
    fn is_primitive(polynomial: u16) -> bool {
        power_of_x(65_535, polynomial) == 1
            && [3, 5, 17, 257].iter().all(|f| power_of_x(65_535 / f, polynomial) != 1)
    }

    /// Whether vectors of 16 bits are linearly independent.
    fn independent(vectors: impl IntoIterator<Item = u16>) -> bool {
        let mut basis: Vec<u16> = Vec::new();
        vectors.into_iter().all(|vector| {
            let rest = basis.iter().fold(vector, |v, b| v.min(v ^ b));
            basis.push(rest);
            rest != 0
        })
    }

    /// What the polynomials of the table have in common.
    fn is_chosen(polynomial: u16) -> bool {
        let upper = |draw: u32, bits: u32| {
            (0..bits).map(move |bit| power_of_x(READINGS * draw + bit, polynomial))
        };
        is_primitive(polynomial)
            && (1..=8).all(|lag| independent(upper(0, 5).chain(upper(lag, 5))))
            && independent((0..3).flat_map(|draw| upper(draw, 4)))
    }

    #[test]
    fn polynomials_follow_the_rule_of_the_table() {
        // From the first to the fifth of the table all that are chosen; of the others what they are.
        let chosen: Vec<u16> = (1..=POLYNOMIALS[4]).filter(|p| is_chosen(*p)).collect();
        let seventh: Vec<u16> = chosen.iter().copied().step_by(7).collect();
        assert_eq!(seventh, POLYNOMIALS[..5]);
        assert!(POLYNOMIALS.is_sorted_by(|a, b| a < b));
        assert!(POLYNOMIALS.iter().all(|p| is_chosen(*p)));
    }

    #[test]
    fn every_register_has_the_full_period() {
        for column in [0, 17, 255] {
            let mut state = 1;
            let period = (1..=65_536).find(|_| {
                state = after(state, column, 1);
                state == 1
            });
            assert_eq!(period, Some(65_535));
        }
    }

    #[test]
    fn a_draw_is_sixteen_readings_of_which_two_are_seen() {
        for (column, state) in (0..COLUMNS).zip((1..).step_by(251)) {
            let bytes = [8, 16].map(|readings| after(state, column, readings).to_le_bytes()[0]);
            assert_eq!(draw(state, column), u16::from_be_bytes(bytes));
            assert_eq!(draw(state, column), after(state, column, READINGS));
        }
    }

    #[test]
    fn seeds_are_never_zero_and_registers_never_stand_still() {
        for key in 0..64 {
            for column in 0..256u16 {
                let seed = seed(crate::rng::splitmix64(key), column);
                assert!(seed != 0 && seeded(seed, column.into()) != 0);
            }
        }
    }
}
