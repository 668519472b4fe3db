//! Analog-to-digital converters: one channel a column and branch.
//!
//! A reading is a pure function of the voltage, the chip's seed, the place and the time of
//! sampling, so that reading twice at one time gives the same code and no reading disturbs
//! another.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::COLUMNS;
use crate::config::AdcConfig;
use crate::convert::single;
use crate::correlation::Branch;
use crate::lanes::{self, Level};
use crate::noise::{Key, Purpose, place};

/// The converters of one hemisphere.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Adc {
    seed: u64,
    hemisphere: usize,
    level: Level,
    noise_sigma: f32,
    /// Offsets of the causal and the anticausal channels.
    offsets: [[f32; COLUMNS]; 2],
}

impl Adc {
    pub(crate) fn new(config: &AdcConfig, seed: u64, hemisphere: usize, level: Level) -> Adc {
        let sigma = single(config.channel_sigma_lsb);
        let offsets = Branch::BOTH.map(|branch| {
            let key = Key::new(seed, Purpose::AdcOffset, place(hemisphere, 0, branch.index()), 0);
            let mut lane = 0;
            [(); COLUMNS].map(|()| {
                lane += 1;
                sigma * key.gauss(lane - 1)
            })
        });
        Adc { seed, hemisphere, level, noise_sigma: single(config.noise_sigma_lsb), offsets }
    }

    /// Converts one voltage a column, in LSB, sampled at `time` from `row` (256 is the neurons).
    pub(crate) fn convert(
        &self,
        voltages: &[f32; COLUMNS],
        row: usize,
        branch: Branch,
        time: u64,
    ) -> [u8; COLUMNS] {
        let place = place(self.hemisphere, row, branch.index());
        let key = Key::new(self.seed, Purpose::AdcReading, place, time);
        let offsets = &self.offsets[branch.index()];
        let mut codes = [0; COLUMNS];
        lanes::convert(self.level, voltages, offsets, key, self.noise_sigma, &mut codes);
        codes
    }
}
