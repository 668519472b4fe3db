//! How readily neurons answer, whatever was learnt.

use super::{Autonomous, TOP};
use ndarray::Array2;
use pl_chip::COLUMNS;

/// Periods of input that are counted.
const PERIODS: u64 = 200;

impl Autonomous<'_> {
    /// Events of each neuron of the view in [`PERIODS`] periods of input and noise on the same chip,
    /// whose first row has the mean of `weights` everywhere.
    pub(super) fn excitability(&self, seed: u64, weights: &Array2<u8>, period: u64) -> Vec<f64> {
        let mut chip = self.chip(seed);
        let mean = weights.iter().map(|weight| f64::from(*weight)).sum::<f64>()
            / f64::from(u32::try_from(weights.len().max(1)).unwrap_or(u32::MAX));
        let mean = (0..=u8::MAX).find(|weight| f64::from(*weight) >= mean).unwrap_or(u8::MAX);
        chip.write_weights_row(TOP.into(), 0, &[mean; COLUMNS]);
        chip.write_address_row(TOP.into(), 0, &[self.config.address; COLUMNS]);
        let mut events = vec![0.0; self.config.columns.into()];
        for n in 0..PERIODS {
            let (from, until) = (n * period, (n + 1) * period);
            // In a sequence, row 0 is always the one whose turn it is.
            chip.run_until(until, &self.input(seed, 0, from, until));
            for (sum, count) in events.iter_mut().zip(chip.rate_counters(TOP.into())) {
                *sum += f64::from(count);
            }
            chip.reset_rate_counters(TOP.into(), &[true; COLUMNS]);
        }
        events
    }
}

/// Pearson's correlation of `a` and `b`; nothing if one of them does not vary.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let count = f64::from(u32::try_from(a.len()).ok()?);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product = |x: &[f64], mean_x: f64, y: &[f64], mean_y: f64| {
        x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>()
    };
    let spread = product(a, mean_a, a, mean_a) * product(b, mean_b, b, mean_b);
    (spread > 0.0).then(|| product(a, mean_a, b, mean_b) / spread.sqrt())
}

#[cfg(test)]
mod tests {
    use super::correlation;

    #[test]
    fn correlation_is_one_for_lines() {
        let a = [1.0, 2.0, 4.0];
        assert_eq!(correlation(&a, &[3.0, 5.0, 9.0]), Some(1.0));
        assert_eq!(correlation(&a, &[-1.0, -2.0, -4.0]), Some(-1.0));
        assert_eq!(correlation(&a, &[1.0, 1.0, 1.0]), None);
        assert_eq!(correlation(&[-1.0, 0.0, 1.0], &[1.0, 0.0, 1.0]), Some(0.0));
    }
}
