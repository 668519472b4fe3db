//! The multiplier of perceptron mode: gain and offset of each column, from products that are known.

use super::config::CalibrationConfig;
use super::fit;
use pl_chip::{COLUMNS, Chip, RowMode};

/// Drivers that get an input, and the weight of their synapses: 64 times 40 times 15 is as much as
/// the converters can show at the default gain.
const DRIVERS: usize = 64;
const WEIGHT: u8 = 40;
/// Inputs that are multiplied.
const LEVELS: [u8; 6] = [0, 3, 6, 9, 12, 15];

/// Gain (LSB for an input of 1 and a weight of 1) and offset (LSB) of each column.
#[derive(Clone, Debug)]
pub(super) struct MultiplierMap {
    pub(super) gain: [f64; COLUMNS],
    pub(super) offset: [f64; COLUMNS],
}

/// Measures the multiplier of a chip that is free for it.
pub(super) fn measure(config: &CalibrationConfig, mut chip: Chip) -> MultiplierMap {
    let h = config.hemisphere;
    chip.set_active_columns(1 - h, 0..0);
    chip.set_perceptron_mode(h, true);
    let mut results: Vec<(f64, [f64; COLUMNS])> = Vec::new();
    for sign in [1.0, -1.0] {
        for driver in 0..DRIVERS {
            let rows = [(RowMode::Excitatory, sign > 0.0), (RowMode::Inhibitory, sign < 0.0)];
            for (row, (mode, used)) in (2 * driver..).zip(rows) {
                chip.set_row_mode(h, row, mode);
                chip.write_weights_row(h, row, &[if used { WEIGHT } else { 0 }; COLUMNS]);
            }
        }
        for level in LEVELS {
            let product = sign * f64::from(level) * f64::from(WEIGHT) * DRIVERS as f64;
            for _ in 0..config.readings {
                let result = chip.multiply(h, &[level; DRIVERS]);
                results.push((product, result.map(f64::from)));
            }
        }
    }
    let mut map = MultiplierMap { gain: [f64::NAN; COLUMNS], offset: [f64::NAN; COLUMNS] };
    for column in 0..COLUMNS {
        let points = results.iter().map(|(product, result)| (*product, result[column], 1.0));
        if let Some((offset, gain)) = fit::line(points) {
            (map.gain[column], map.offset[column]) = (gain, offset);
        }
    }
    map
}
