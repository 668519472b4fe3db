//! Digital state of one hemisphere's synapses: weights, addresses, calibration bits.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{COLUMNS, ROWS};

/// Largest weight and address: both have six bits.
pub(crate) const SIX_BITS: u8 = 0x3f;
/// Largest calibration setting: two bits.
pub(crate) const TWO_BITS: u8 = 0x03;

/// Number of addresses.
const ADDRESSES: usize = SIX_BITS as usize + 1;

/// Listeners of a row whose synapses all have address 0.
fn all_at_zero() -> [u16; ADDRESSES] {
    let mut listeners = [0; ADDRESSES];
    listeners[0] = u16::try_from(COLUMNS).unwrap_or(u16::MAX);
    listeners
}

/// One byte for each synapse of a hemisphere, row by row, natural column order.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Plane(Box<[[u8; COLUMNS]]>);

impl Plane {
    fn zero() -> Plane {
        Plane(vec![[0; COLUMNS]; ROWS].into_boxed_slice())
    }

    /// One row.
    #[inline]
    pub(crate) fn row(&self, row: usize) -> &[u8; COLUMNS] {
        &self.0[row]
    }

    fn row_mut(&mut self, row: usize) -> &mut [u8; COLUMNS] {
        &mut self.0[row]
    }
}

/// The four planes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct SynapseArray {
    /// Weights, 0 to 63.
    pub(crate) weights: Plane,
    /// Addresses, 0 to 63.
    pub(crate) addresses: Plane,
    /// Synapses of each row that have an address.
    listeners: Box<[[u16; ADDRESSES]]>,
    /// Calibration bits of the time constant, 0 to 3; larger is faster.
    pub(crate) time_calibration: Plane,
    /// Calibration bits of the amplitude, 0 to 3; larger is smaller.
    pub(crate) amplitude_calibration: Plane,
}

impl SynapseArray {
    /// All weights, addresses and calibration bits 0.
    pub(crate) fn new() -> SynapseArray {
        SynapseArray {
            weights: Plane::zero(),
            addresses: Plane::zero(),
            listeners: vec![all_at_zero(); ROWS].into_boxed_slice(),
            time_calibration: Plane::zero(),
            amplitude_calibration: Plane::zero(),
        }
    }

    /// Synapses of a row that have this address, of six bits.
    #[inline]
    pub(crate) fn listeners(&self, row: usize, address: u8) -> u16 {
        self.listeners[row][usize::from(address & SIX_BITS)]
    }

    /// Replaces a row of weights; the two high bits are ignored.
    pub(crate) fn write_weights(&mut self, row: usize, weights: &[u8; COLUMNS]) {
        *self.weights.row_mut(row) = weights.map(|w| w & SIX_BITS);
    }

    /// Replaces one address; the two high bits are ignored.
    pub(crate) fn write_address(&mut self, row: usize, column: usize, address: u8) {
        let place = &mut self.addresses.row_mut(row)[column];
        let listeners = &mut self.listeners[row];
        listeners[usize::from(*place)] -= 1;
        listeners[usize::from(address & SIX_BITS)] += 1;
        *place = address & SIX_BITS;
    }

    /// Replaces a row of the time calibration; only the two low bits count.
    pub(crate) fn write_time_calibration(&mut self, row: usize, bits: &[u8; COLUMNS]) {
        *self.time_calibration.row_mut(row) = bits.map(|b| b & TWO_BITS);
    }

    /// Replaces a row of the amplitude calibration; only the two low bits count.
    pub(crate) fn write_amplitude_calibration(&mut self, row: usize, bits: &[u8; COLUMNS]) {
        *self.amplitude_calibration.row_mut(row) = bits.map(|b| b & TWO_BITS);
    }
}

/// The column of lane `lane` (0..128) of half row `half` (0 even, 1 odd columns).
#[must_use]
pub const fn column_of_lane(half: usize, lane: usize) -> usize {
    2 * lane + half
}

/// One half of a row as a vector: lane `j` is column `2 j + half`.
#[must_use]
pub fn half_row(row: &[u8; COLUMNS], half: usize) -> [u8; COLUMNS / 2] {
    std::array::from_fn(|lane| row[column_of_lane(half, lane)])
}
