//! Rate, irregularity and synchrony of spike trains.

use super::wiring::NEURONS;
use pl_chip::time::TICKS_PER_US;
use pl_chip::{COLUMNS, HEMISPHERES, Spike};

/// Bin of correlations: 2 us of hardware time, 2 ms of biological time.
const BIN: u64 = 2 * TICKS_PER_US;
/// Intervals from which a neuron's coefficient of variation is taken.
const INTERVALS_MIN: usize = 5;

/// What characterises the state of a network.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Activity {
    /// Mean rate, hertz of biological time.
    pub(crate) rate_hz: f64,
    /// Coefficient of variation of the intervals, mean over neurons that have enough of them.
    pub(crate) cv: f64,
    /// Correlation of the counts of two neurons in bins, mean over all pairs.
    pub(crate) correlation: f64,
    /// Rate of all neurons in each bin, hertz of biological time.
    pub(crate) course_hz: Vec<f64>,
}

impl Activity {
    /// The activity of all chips in `from..to`.
    pub(crate) fn of(spikes: &[Vec<Spike>], from: u64, to: u64) -> Activity {
        let neurons = HEMISPHERES * NEURONS * spikes.len();
        let mut trains = vec![Vec::new(); HEMISPHERES * COLUMNS * spikes.len()];
        for (chip, spikes) in spikes.iter().enumerate() {
            for spike in spikes.iter().filter(|spike| (from..to).contains(&spike.time)) {
                let half = HEMISPHERES * chip + usize::from(spike.hemisphere);
                trains[half * COLUMNS + usize::from(spike.column)].push(spike.time - from);
            }
        }
        let seconds = pl_chip::time::biological_s_from_ticks(to - from).max(1e-9);
        let total: usize = trains.iter().map(Vec::len).sum();
        let cvs: Vec<f64> = trains.iter().filter_map(|train| variation(train)).collect();
        let bins = usize::try_from((to - from) / BIN).unwrap_or(0);
        let (population, own_variance, active) = binned(&trains, bins);
        let variance = variance_of(&population);
        let pairs = (active as f64 - 1.0).max(1.0);
        let correlation =
            if own_variance > 0.0 { (variance / own_variance - 1.0) / pairs } else { 0.0 };
        let bin_s = pl_chip::time::biological_s_from_ticks(BIN);
        let course_hz = population.iter().map(|n| n / neurons as f64 / bin_s).collect();
        Activity {
            rate_hz: total as f64 / neurons as f64 / seconds,
            cv: cvs.iter().sum::<f64>() / cvs.len().max(1) as f64,
            correlation,
            course_hz,
        }
    }
}

/// Spikes of all neurons in each bin, the sum of the neurons' own variances, and how many have any.
fn binned(trains: &[Vec<u64>], bins: usize) -> (Vec<f64>, f64, usize) {
    let (mut population, mut sum, mut active) = (vec![0.0; bins], 0.0, 0);
    for train in trains {
        let mut counts = vec![0.0; bins];
        for time in train {
            let bin = usize::try_from(time / BIN).unwrap_or(usize::MAX);
            if let Some(count) = counts.get_mut(bin) {
                *count += 1.0;
            }
        }
        let variance = variance_of(&counts);
        if variance > 0.0 {
            sum += variance;
            active += 1;
        }
        population.iter_mut().zip(counts).for_each(|(all, own)| *all += own);
    }
    (population, sum, active)
}

fn variance_of(samples: &[f64]) -> f64 {
    let n = samples.len().max(1) as f64;
    let mean = samples.iter().sum::<f64>() / n;
    samples.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n
}

/// Coefficient of variation of the intervals of a train, if there are enough.
fn variation(train: &[u64]) -> Option<f64> {
    let intervals: Vec<f64> = train.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    let mean = intervals.iter().sum::<f64>() / intervals.len().max(1) as f64;
    (intervals.len() >= INTERVALS_MIN && mean > 0.0).then(|| variance_of(&intervals).sqrt() / mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_chip::{Target, events};

    fn trains(source: impl Fn(u8, &mut Vec<pl_chip::InputEvent>)) -> Activity {
        let mut events = Vec::new();
        (0..250).for_each(|column| source(column, &mut events));
        let mut spikes: Vec<Spike> = (events.iter())
            .map(|e| Spike { time: e.time, hemisphere: e.hemisphere, column: e.row })
            .collect();
        spikes.sort_unstable();
        Activity::of(&[spikes], 0, 2_500_000)
    }

    #[test]
    fn independent_poisson_trains_are_irregular_and_asynchronous() {
        let activity = trains(|column, events| {
            for hemisphere in 0..2_u8 {
                let target = Target { hemisphere, row: column, address: 0 };
                let source = u64::from(column) * 2 + u64::from(hemisphere);
                events::poisson(4, source, target, 50e3, 0, 2_500_000, events);
            }
        });
        assert!((activity.rate_hz - 50.0).abs() < 0.5, "{activity:?}");
        assert!((activity.cv - 1.0).abs() < 0.02, "{}", activity.cv);
        assert!(activity.correlation.abs() < 5e-4, "{}", activity.correlation);
    }

    #[test]
    fn clocks_in_step_are_regular_and_synchronous() {
        let activity = trains(|column, events| {
            for hemisphere in 0..2 {
                let target = Target { hemisphere, row: column, address: 0 };
                events::regular(target, 5_000, 7, 0, 2_500_000, events);
            }
        });
        assert!((activity.rate_hz - 50.0).abs() < 0.5);
        assert!(activity.cv < 1e-9 && (activity.correlation - 1.0).abs() < 1e-6, "{activity:?}");
    }
}
