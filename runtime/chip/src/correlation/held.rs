//! Synapses whose address was rewritten since their last presynaptic pulse.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{COLUMNS, ROWS};

/// Synapses that hold the time of a pulse of their former address.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(super) struct Held {
    pub(super) by_row: [[u64; 4]; ROWS],
    /// `[row * 256 + column]`, valid where the bits above are set.
    pub(super) last_pre: Box<[u32]>,
}

impl Held {
    pub(super) fn new() -> Held {
        Held { by_row: [[0; 4]; ROWS], last_pre: vec![0; ROWS * COLUMNS].into_boxed_slice() }
    }

    pub(super) fn contains(&self, row: usize, column: usize) -> bool {
        self.by_row[row][column / 64] >> (column % 64) & 1 == 1
    }

    pub(super) fn insert(&mut self, row: usize, column: usize, last_pre: u32) {
        self.by_row[row][column / 64] |= 1 << (column % 64);
        self.last_pre[row * COLUMNS + column] = last_pre;
    }

    pub(super) fn remove(&mut self, row: usize, column: usize) {
        self.by_row[row][column / 64] &= !(1 << (column % 64));
    }
}

/// Positions of the set bits, ascending.
pub(super) fn ones(words: [u64; 4]) -> impl Iterator<Item = usize> {
    words.into_iter().enumerate().flat_map(|(i, mut word)| {
        std::iter::from_fn(move || {
            let bit = word.trailing_zeros() as usize;
            word &= word.wrapping_sub(1);
            (bit < 64).then_some(64 * i + bit)
        })
    })
}
