//! The three words by which programs configure a synapse driver (haldls `synapse_driver.cpp`).
//!
//! ```text
//! 0:  3..0 utilization   7..4 offset   8 receiver   13..9 compare mask   14 address out
//! 1:  3..0 recovery, bits reversed   4, 5 excitatory   6, 7 inhibitory: even row, odd row
//! 2:  0 pair of voltages   1 readout   2 renewing   3 modulation   4 short-term plasticity
//!     6 charge sharing   7 recovery on
//! ```
//!
//! Readout, renewing and charge sharing are kept and do nothing: the last two do nothing on the chip.

use borsh::{BorshDeserialize, BorshSerialize};

use super::{Driver, RowMode};
use crate::convert::low_byte;
use crate::short_term::ShortTerm;

/// Words of a driver.
pub(crate) const WORDS: usize = 3;
/// Bits that each word has.
const MASKS: [u32; WORDS] = [0x7fff, 0xff, 0xdf];

const RECEIVER: u32 = 1 << 8;
const ADDRESS_OUT: u32 = 1 << 14;
const MODULATION: u32 = 1 << 3;
const SHORT_TERM: u32 = 1 << 4;
const RECOVERS: u32 = 1 << 7;

/// The configuration of a driver as its registers hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Words(pub(crate) [u32; WORDS]);

impl Words {
    /// The registers of a driver that has these settings; settings of short-term plasticity that is
    /// off stay what they were.
    pub(crate) fn updated(self, settings: &Driver, modes: [RowMode; 2]) -> Words {
        let Words([mut low, mut middle, mut high]) = self;
        let set = |word: &mut u32, bits: u32, on: bool| {
            *word = if on { *word | bits } else { *word & !bits };
        };
        set(&mut low, RECEIVER, settings.receiver);
        set(&mut low, ADDRESS_OUT, settings.address_out);
        low = low & !(0x1f << 9) | u32::from(settings.compare_mask & 0x1f) << 9;
        for (side, mode) in modes.into_iter().enumerate() {
            set(&mut middle, 1 << (4 + side), mode.excites());
            set(&mut middle, 1 << (6 + side), mode.inhibits());
        }
        set(&mut high, MODULATION, settings.modulation);
        set(&mut high, SHORT_TERM, settings.short_term.is_some());
        if let Some(ShortTerm { utilization, recovery, offset, pair }) = settings.short_term {
            low = low & !0xff | u32::from(utilization & 0xf) | u32::from(offset & 0xf) << 4;
            if let Some(recovery) = recovery {
                middle = middle & !0xf | u32::from(reversed(recovery));
            }
            set(&mut high, RECOVERS, recovery.is_some());
            set(&mut high, 1, pair & 1 == 1);
        }
        Words([low, middle, high])
    }

    /// These registers after a write.
    pub(crate) fn written(mut self, word: usize, value: u32) -> Words {
        self.0[word] = value & MASKS[word];
        self
    }

    /// What the registers say.
    pub(crate) fn settings(self) -> (Driver, [RowMode; 2]) {
        let Words([low, middle, high]) = self;
        let bits = |word: u32, shift: u32, mask: u32| low_byte((word >> shift & mask) as usize);
        let short_term = (high & SHORT_TERM != 0).then(|| ShortTerm {
            utilization: bits(low, 0, 0xf),
            recovery: (high & RECOVERS != 0).then(|| reversed(bits(middle, 0, 0xf))),
            offset: bits(low, 4, 0xf),
            pair: bits(high, 0, 1),
        });
        let settings = Driver {
            receiver: low & RECEIVER != 0,
            compare_mask: bits(low, 9, 0x1f),
            address_out: low & ADDRESS_OUT != 0,
            modulation: high & MODULATION != 0,
            short_term,
        };
        let mode = |side: u32| match (bits(middle, 4 + side, 1), bits(middle, 6 + side, 1)) {
            (0, 0) => RowMode::Disabled,
            (_, 0) => RowMode::Excitatory,
            (0, _) => RowMode::Inhibitory,
            (_, _) => RowMode::Both,
        };
        (settings, [mode(0), mode(1)])
    }
}

/// The four low bits in reverse order.
fn reversed(bits: u8) -> u8 {
    bits.reverse_bits() >> 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn settings_go_through_the_registers(words in prop::array::uniform3(any::<u32>())) {
            let words = (0..WORDS).fold(Words([0; WORDS]), |w, i| w.written(i, words[i]));
            let (settings, modes) = words.settings();
            prop_assert_eq!(words.updated(&settings, modes), words);
            let fresh = Words([0; WORDS]).updated(&settings, modes);
            prop_assert_eq!(fresh.settings(), (settings, modes));
        }
    }

    #[test]
    fn bits_are_where_the_reference_says() {
        let settings = Driver { compare_mask: 0b10011, ..Driver::default() };
        let Words(words) =
            Words([0; WORDS]).updated(&settings, [RowMode::Excitatory, RowMode::Inhibitory]);
        assert_eq!(words, [1 << 14 | 0b10011 << 9 | 1 << 8, 1 << 4 | 1 << 7, 0]);
        let short_term = Some(ShortTerm { recovery: Some(0b0001), ..ShortTerm::default() });
        let settings = Driver { short_term, modulation: true, ..settings };
        let Words(words) = Words(words).updated(&settings, [RowMode::Both, RowMode::Disabled]);
        assert_eq!(words[1], 0b1000 | 1 << 4 | 1 << 6);
        assert_eq!(words[2], 1 | 1 << 3 | 1 << 4 | 1 << 7);
    }
}
