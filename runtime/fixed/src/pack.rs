//! Packing halfwords into bytes and back, `8 - c` significant bits a half (`c` in `0..=3`).
//!
//! The closed forms of the vector unit's pack and unpack instructions; `c` is taken modulo 4.

/// Upper `8 - c` bits of a halfword, right aligned.
#[inline]
#[must_use]
pub const fn upper(halfword: u16, c: u32) -> u8 {
    let [_, low] = (halfword >> (8 + (c & 3))).to_be_bytes();
    low & (0xff >> (c & 3))
}

/// The next `8 - c` bits of a halfword below [`upper`], right aligned.
#[inline]
#[must_use]
pub const fn lower(halfword: u16, c: u32) -> u8 {
    let [_, low] = (halfword >> (2 * (c & 3))).to_be_bytes();
    low & (0xff >> (c & 3))
}

/// Joins two `8 - c` bit fields into a halfword; the low `2c` bits are zero.
#[inline]
#[must_use]
pub const fn join(high: u8, low: u8, c: u32) -> u16 {
    let (c, mask) = (c & 3, 0xff >> (c & 3));
    (((high & mask) as u16) << (8 + c)) | (((low & mask) as u16) << (2 * c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back() {
        for c in 0..4 {
            let mask = 0xff >> c;
            for high in 0..=255u8 {
                for low in 0..=255u8 {
                    let word = join(high, low, c);
                    assert_eq!((upper(word, c), lower(word, c)), (high & mask, low & mask));
                }
            }
        }
    }

    #[test]
    fn matches_published_vectors() {
        // ppu-isa reference, vectors 104 to 113.
        assert_eq!([0, 1, 2, 3].map(|c| upper(0xabcd, c)), [0xab, 0x55, 0x2a, 0x15]);
        assert_eq!([0, 1, 2, 3].map(|c| lower(0xabcd, c)), [0xcd, 0x73, 0x3c, 0x0f]);
        assert_eq!([0, 1, 2, 3].map(|c| join(0xab, 0xcd, c)), [0xabcd, 0x5734, 0xacd0, 0x5b40]);
    }
}
