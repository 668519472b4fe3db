//! The settings that what was measured asks for.

use super::neurons::channel_offsets;
use super::{Calibration, Measured};
use crate::calibration::{ChipSettings, MULTIPLIER_LIMITS};
use pl_chip::{Branch, COLUMNS};

impl Calibration<'_> {
    pub(super) fn settings(&self, measured: &Measured) -> ChipSettings {
        let h = self.config.hemisphere;
        // The mean of the channels stays as it was.
        let mean = self.experiment.chip.adc.digital_offset_lsb.round_ties_even();
        let digital_offsets = Branch::BOTH.map(|branch| {
            let offsets = channel_offsets(&measured.sensors.before, branch);
            offsets.map(|offset| nearest_byte(mean - offset))
        });
        let neuron = |column| ChipSettings::of_neuron(&measured.neurons.chip.neuron(h, column));
        let neurons: [[f64; 4]; COLUMNS] = core::array::from_fn(neuron);
        let multiplier = self.multiplier_settings(measured);
        ChipSettings {
            seed: measured.chip.seed(),
            hemisphere: h,
            amplitude_bits: measured.sensors.bits.amplitude.clone(),
            time_bits: measured.sensors.bits.time.clone(),
            digital_offsets,
            neurons: core::array::from_fn(|i| neurons.map(|neuron| neuron[i])),
            multiplier: [0, 1].map(|i| multiplier.map(|column| column[i])),
        }
    }

    /// Gain and offset of each column that give all the mean gain and no offset; as they are where
    /// nothing could be measured, or too little to set it right.
    fn multiplier_settings(&self, measured: &Measured) -> [[f64; 2]; COLUMNS] {
        let found = &measured.multiplier;
        let known = found.gain.iter().filter(|gain| **gain > 0.0);
        let mean = known.clone().sum::<f64>() / known.count().max(1) as f64;
        core::array::from_fn(|column| {
            let [gain, offset] = measured.chip.multiplier(self.config.hemisphere, column);
            let set = [gain * mean / found.gain[column], offset - found.offset[column]];
            let possible = found.gain[column] > 0.0
                && set
                    .iter()
                    .zip(MULTIPLIER_LIMITS)
                    .all(|(set, (low, high))| (low..=high).contains(set));
            if possible { set } else { [gain, offset] }
        })
    }
}

/// The nearest whole number of eight bits with a sign.
fn nearest_byte(value: f64) -> i8 {
    let distance = |byte: &i8| (f64::from(*byte) - value).abs();
    let nearest = |a: &i8, b: &i8| distance(a).total_cmp(&distance(b));
    (i8::MIN..=i8::MAX).min_by(nearest).unwrap_or(0)
}
