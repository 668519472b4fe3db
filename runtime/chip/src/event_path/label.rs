//! Labels: the 16 bits by which events are told apart on links and in the crossbar.
//!
//! ```text
//!  15 14 | 13 12 11 | 10  9  8  7  6 |  5  4  3  2  1  0
//!  channel            row select        address            (halco `event.h`)
//!                     10..8 event output, 7..0 the neuron's own bits, for spikes of neurons
//! ```

use borsh::{BorshDeserialize, BorshSerialize};

/// A label.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Label(pub u16);

/// The bits that nodes of the crossbar compare.
const NODE_BITS: u16 = 0x3fff;

impl Label {
    /// The label that the driver at position `row_select` (0 to 31) of a bus receives, for synapses
    /// of `address` (0 to 63), on link `channel` (0 to 3). Higher bits of each are ignored.
    #[must_use]
    pub const fn new(channel: u8, row_select: u8, address: u8) -> Label {
        Label(
            ((channel & 0x3) as u16) << 14
                | ((row_select & 0x1f) as u16) << 6
                | (address & 0x3f) as u16,
        )
    }

    /// The label of a neuron in `column` whose own bits are `own`.
    #[must_use]
    pub const fn of_neuron(column: u8, own: u8) -> Label {
        Label(((column / COLUMNS_OF_OUTPUT) as u16) << 8 | own as u16)
    }

    /// The link: bits 15 and 14.
    #[must_use]
    pub const fn channel(self) -> u8 {
        self.bits(14, 0x3)
    }

    /// The driver on its bus: bits 10 to 6.
    #[must_use]
    pub const fn row_select(self) -> u8 {
        self.bits(6, 0x1f)
    }

    /// The synapses that answer: bits 5 to 0.
    #[must_use]
    pub const fn address(self) -> u8 {
        self.bits(0, 0x3f)
    }

    /// What nodes of the crossbar see: bits 13 to 0.
    #[must_use]
    pub const fn at_node(self) -> u16 {
        self.0 & NODE_BITS
    }

    /// The same label on link `channel`.
    #[must_use]
    pub const fn on_channel(self, channel: u8) -> Label {
        Label(((channel & 0x3) as u16) << 14 | self.at_node())
    }

    const fn bits(self, shift: u32, mask: u16) -> u8 {
        let [low, _] = (self.0 >> shift & mask).to_le_bytes();
        low
    }
}

/// Columns that share an event output, those of both hemispheres.
pub(crate) const COLUMNS_OF_OUTPUT: u8 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_where_the_reference_says() {
        let label = Label::new(2, 0b10110, 0b101010);
        assert_eq!(label, Label(2 << 14 | 22 << 6 | 42));
        assert_eq!((label.channel(), label.row_select(), label.address()), (2, 22, 42));
        assert_eq!(label.on_channel(1), Label::new(1, 22, 42));
        // Column 77 is in event output 2; its own bits are the low eight.
        assert_eq!(Label::of_neuron(77, 0xa5), Label(0x2a5));
    }
}
