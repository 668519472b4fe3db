//! Analog-to-digital converters: one channel a column and branch.
//!
//! A reading is a pure function of the voltage, the chip's seed, the place and the time of
//! sampling, so that reading twice at one time gives the same code and no reading disturbs
//! another.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::COLUMNS;
use crate::chip::Chip;
use crate::config::AdcConfig;
use crate::convert::single;
use crate::correlation::Branch;
use crate::lanes::{self, Level, Sampling};
use crate::noise::{Key, Purpose, place};

/// The converters of one hemisphere.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Adc {
    seed: u64,
    hemisphere: usize,
    level: Level,
    noise_sigma: f32,
    /// Offsets of the circuits of the causal and the anticausal channels.
    circuits: [[f32; COLUMNS]; 2],
    /// The same with the digital offsets: what readings are off. That a sum is limited to the range of
    /// codes once, and not before and after the digital part, is assumed.
    offsets: [[f32; COLUMNS]; 2],
}

impl Adc {
    pub(crate) fn new(config: &AdcConfig, seed: u64, hemisphere: usize, level: Level) -> Adc {
        let sigma = single(config.channel_sigma_lsb);
        let circuits = Branch::BOTH.map(|branch| {
            let key = Key::new(seed, Purpose::AdcOffset, place(hemisphere, 0, branch.index()), 0);
            let mut lane = 0;
            [(); COLUMNS].map(|()| {
                lane += 1;
                sigma * key.gauss(lane - 1)
            })
        });
        let digital = single(config.digital_offset_lsb.round_ties_even());
        Adc {
            seed,
            hemisphere,
            level,
            noise_sigma: single(config.noise_sigma_lsb),
            circuits,
            offsets: circuits.map(|line| line.map(|offset| offset + digital)),
        }
    }

    fn set_digital_offsets(&mut self, branch: Branch, digital: &[i8; COLUMNS]) {
        let circuits = &self.circuits[branch.index()];
        self.offsets[branch.index()] =
            core::array::from_fn(|column| circuits[column] + f32::from(digital[column]));
    }

    /// How the channels of `branch` sample at `time` from `row` (256 is the neurons).
    pub(crate) fn sampling(&self, row: usize, branch: Branch, time: u64) -> Sampling<'_> {
        let place = place(self.hemisphere, row, branch.index());
        Sampling {
            offsets: &self.offsets[branch.index()],
            noise_sigma: self.noise_sigma,
            key: Key::new(self.seed, Purpose::AdcReading, place, time),
        }
    }

    /// Converts one voltage a column, in LSB, sampled at `time` from `row`.
    pub(crate) fn convert(
        &self,
        voltages: &[f32; COLUMNS],
        row: usize,
        branch: Branch,
        time: u64,
    ) -> [u8; COLUMNS] {
        let mut codes = [0; COLUMNS];
        lanes::convert(self.level, voltages, &self.sampling(row, branch, time), &mut codes);
        codes
    }
}

impl Chip {
    /// Sets what the channels of one branch of hemisphere `h` add to their codes, of sensors and
    /// membranes alike; before, that is `adc.digital_offset_lsb`.
    pub fn set_adc_offsets(&mut self, h: usize, branch: Branch, digital: &[i8; COLUMNS]) {
        self.hemispheres[h].adc.set_digital_offsets(branch, digital);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ChipConfig;

    #[test]
    fn digital_offsets_move_codes_of_their_channels() {
        let mut chip = Chip::new(&ChipConfig::mismatch(), 3);
        let codes = |chip: &Chip| {
            let rows = Branch::BOTH.map(|branch| chip.correlation_codes_row(0, 9, branch));
            [rows[0], rows[1], chip.membrane_codes(0)].map(|line| line.map(i16::from))
        };
        let before = codes(&chip);
        chip.set_adc_offsets(0, Branch::Causal, &[-128; COLUMNS]);
        let moved = codes(&chip);
        // Codes of sensors are about 200, those of membranes, on the same channels, about 80.
        for column in 0..COLUMNS {
            assert_eq!(moved[0][column], before[0][column] - 128);
            assert_eq!(moved[1][column], before[1][column]);
            assert_eq!(moved[2][column], 0);
        }
        let mut config = ChipConfig::mismatch();
        config.set("adc.digital_offset_lsb", -20.0).unwrap();
        let lower = codes(&Chip::new(&config, 3));
        assert_eq!(lower, before.map(|line| line.map(|code| code - 20)));
    }
}
