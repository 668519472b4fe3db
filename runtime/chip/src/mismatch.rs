//! Fixed differences between circuits, as pure functions of (seed, place).
//!
//! Nothing is stored here: a row's or a neuron's parameters can be computed again at any time, for
//! example when its calibration bits change.

use pl_fixed::real;

use crate::COLUMNS;
use crate::adex::AdexParameters;
use crate::config::{Nominal, SensorConfig};
use crate::convert::single;
use crate::correlation::Branch;
use crate::neurons::NeuronParameters;
use crate::noise::{Key, Purpose, place};
use crate::time::TICKS_PER_US;

/// Factor on amplitude or time constant for the four settings of two calibration bits.
///
/// That larger settings reduce both is known (haldls `synapse.h`); the steps are assumed.
pub const CALIBRATION_STEPS: [f64; 4] = [1.0, 0.8, 0.65, 0.5];

/// Parameters of the sensors of one row; indices: branch, column.
pub(crate) struct SensorRow {
    /// Amplitude of a pair at zero delay, LSB.
    pub(crate) eta: [[f32; COLUMNS]; 2],
    /// Reciprocal time constant, factors of two a tick.
    pub(crate) decay: [[f32; COLUMNS]; 2],
    /// Reading after a reset without reset noise, LSB.
    pub(crate) baseline: [[f32; COLUMNS]; 2],
}

/// The sensors of `row`, whose synapses have the given calibration bits.
pub(crate) fn sensor_row(
    config: &SensorConfig,
    seed: u64,
    hemisphere: usize,
    row: usize,
    time_calibration: &[u8; COLUMNS],
    amplitude_calibration: &[u8; COLUMNS],
) -> SensorRow {
    let key = |purpose, branch| Key::new(seed, purpose, place(hemisphere, row, branch), 0);
    let amplitude = key(Purpose::SensorAmplitude, 0);
    let asymmetry = key(Purpose::SensorAsymmetry, 0);
    let defect = key(Purpose::SensorDefect, 0);
    let mut sensors = SensorRow {
        eta: [[0.0; COLUMNS]; 2],
        decay: [[0.0; COLUMNS]; 2],
        baseline: [[0.0; COLUMNS]; 2],
    };
    for branch in Branch::BOTH {
        let b = branch.index();
        let time_constant = key(Purpose::SensorTimeConstant, b);
        let baseline = key(Purpose::SensorBaseline, b);
        // The ratio of the branches has the full spread, so each has half of its logarithm.
        let side = [0.5, -0.5][b];
        for (lane, column) in (0..).zip(0..COLUMNS) {
            let works = f64::from(defect.uniform(lane)) >= config.bad_fraction;
            let step = CALIBRATION_STEPS[usize::from(amplitude_calibration[column] & 3)];
            let spread = config.eta_sigma * f64::from(amplitude.gauss(lane))
                + side * config.asymmetry_sigma * f64::from(asymmetry.gauss(lane));
            let eta = if works { config.eta_lsb * step * log_normal(spread) } else { 0.0 };
            let step = CALIBRATION_STEPS[usize::from(time_calibration[column] & 3)];
            let spread = config.tau_sigma * f64::from(time_constant.gauss(lane));
            let tau_ticks = config.tau_us * step * log_normal(spread) * TICKS_PER_US as f64;
            let level =
                config.baseline_lsb + config.baseline_sigma_lsb * f64::from(baseline.gauss(lane));
            sensors.eta[b][column] = single(eta);
            sensors.decay[b][column] = single(std::f64::consts::LOG2_E / tau_ticks);
            sensors.baseline[b][column] = single(level);
        }
    }
    sensors
}

/// `e^x`, without the cost of it when nothing is spread.
fn log_normal(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { real::exp(x) }
}

/// Parameters of the neuron at `column`.
pub(crate) fn neuron(
    nominal: &Nominal,
    seed: u64,
    hemisphere: usize,
    column: u32,
) -> NeuronParameters {
    let Nominal { neuron: config, strength: [exc, inh], .. } = nominal;
    let key = Key::new(seed, Purpose::Neuron, place(hemisphere, 0, 0), 0);
    let mut number = 0;
    let mut spread = |sigma: f64| {
        number += 1;
        sigma * f64::from(key.gauss(column | (number << 8)))
    };
    NeuronParameters {
        leak_lsb: config.leak_lsb + spread(config.level_sigma_lsb),
        reset_lsb: config.reset_lsb + spread(config.level_sigma_lsb),
        threshold_lsb: config.threshold_lsb + spread(config.level_sigma_lsb),
        tau_mem_us: config.tau_mem_us * (1.0 + spread(config.tau_sigma)).max(0.1),
        tau_syn_exc_us: config.tau_syn_exc_us * (1.0 + spread(config.tau_sigma)).max(0.1),
        tau_syn_inh_us: config.tau_syn_inh_us * (1.0 + spread(config.tau_sigma)).max(0.1),
        refractory_us: config.refractory_us,
        offset_lsb: config.offset_lsb,
        strength_exc: exc * (1.0 + spread(config.strength_sigma)).max(0.0),
        strength_inh: inh * (1.0 + spread(config.strength_sigma)).max(0.0),
    }
}

/// Parameters of the exponential and adaptation circuits of the neuron at `column`; potentials and
/// time constants spread as those of `neuron`.
pub(crate) fn adex(nominal: &Nominal, seed: u64, hemisphere: usize, column: u32) -> AdexParameters {
    let Nominal { adex: config, neuron, .. } = nominal;
    let key = Key::new(seed, Purpose::Adex, place(hemisphere, 0, 0), 0);
    let mut number = 0;
    let mut spread = |sigma: f64| {
        number += 1;
        sigma * f64::from(key.gauss(column | (number << 8)))
    };
    let level = neuron.level_sigma_lsb;
    AdexParameters {
        slope_lsb: config.slope_lsb * (1.0 + spread(config.strength_sigma)).max(0.1),
        exponential_threshold_lsb: config.exponential_threshold_lsb + spread(level),
        adaptation_a: config.adaptation_a * (1.0 + spread(config.strength_sigma)),
        adaptation_b_lsb: config.adaptation_b_lsb * (1.0 + spread(config.strength_sigma)),
        tau_w_us: config.tau_w_us * (1.0 + spread(neuron.tau_sigma)).max(0.1),
        conductance: config.conductance != 0.0,
        reversal_exc_lsb: config.reversal_exc_lsb + spread(level),
        reversal_inh_lsb: config.reversal_inh_lsb + spread(level),
        reference_lsb: config.reference_lsb + spread(level),
        bypass: config.bypass != 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ChipConfig;
    use crate::{HEMISPHERES, ROWS};

    fn mean_and_deviation(samples: &[f64]) -> (f64, f64) {
        let n = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / n;
        let variance = samples.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        (mean, variance.sqrt())
    }

    #[test]
    fn sensors_spread_as_configured() {
        let config = ChipConfig::mismatch().sensor;
        let (mut amplitudes, mut ratios, mut taus, mut levels, mut bad) =
            (vec![], vec![], vec![], vec![], 0);
        for hemisphere in 0..HEMISPHERES {
            for row in 0..ROWS {
                let zero = [0; COLUMNS];
                let sensors = sensor_row(&config, 5, hemisphere, row, &zero, &zero);
                for column in 0..COLUMNS {
                    let [causal, acausal] = sensors.eta.map(|eta| f64::from(eta[column]));
                    if causal == 0.0 {
                        bad += 1;
                    } else {
                        amplitudes.push(0.5 * real::ln(causal * acausal));
                        ratios.push(real::ln(causal / acausal));
                    }
                    taus.push(-real::ln(f64::from(sensors.decay[0][column])));
                    levels.push(f64::from(sensors.baseline[1][column]));
                }
            }
        }
        // Tolerances are four standard errors of 131072 samples.
        let close = |samples: &[f64], mean: f64, deviation: f64| {
            let (m, d) = mean_and_deviation(samples);
            let error = 4.0 * deviation / (samples.len() as f64).sqrt();
            assert!((m - mean).abs() < error, "mean {m}, expected {mean}");
            assert!((d - deviation).abs() < error, "deviation {d}, expected {deviation}");
        };
        close(&amplitudes, real::ln(config.eta_lsb), config.eta_sigma);
        close(&ratios, 0.0, config.asymmetry_sigma);
        close(&taus, real::ln(config.tau_us * 250.0 / std::f64::consts::LOG2_E), config.tau_sigma);
        close(&levels, config.baseline_lsb, config.baseline_sigma_lsb);
        let fraction = f64::from(bad) / taus.len() as f64;
        assert!((fraction - config.bad_fraction).abs() < 0.0025, "{fraction}");
    }

    #[test]
    fn neurons_spread_as_configured() {
        let config = ChipConfig::mismatch().nominal(1, 0);
        let all: Vec<NeuronParameters> = (0..40)
            .flat_map(|seed| (0..256).map(move |c| (seed, c)))
            .map(|(seed, c)| neuron(&config, seed, 1, c))
            .collect();
        let close = |read: fn(&NeuronParameters) -> f64, mean: f64, deviation: f64| {
            let samples: Vec<f64> = all.iter().map(read).collect();
            let (m, d) = mean_and_deviation(&samples);
            let error = 4.0 * deviation / (samples.len() as f64).sqrt();
            assert!((m - mean).abs() < error && (d - deviation).abs() < error, "{m} {d}");
        };
        close(|p| p.threshold_lsb, 125.0, 1.5);
        close(|p| p.tau_mem_us, 10.0, 0.5);
        close(|p| p.strength_exc, 1.0, 0.08);
    }

    #[test]
    fn without_spread_every_circuit_is_nominal() {
        let config = ChipConfig::ideal();
        let sensors = sensor_row(&config.sensor, 9, 0, 3, &[1; COLUMNS], &[3; COLUMNS]);
        assert!(sensors.eta.iter().flatten().all(|&eta| eta == 0.25));
        assert!(sensors.baseline.iter().flatten().all(|&level| level == 200.0));
        let decay = single(std::f64::consts::LOG2_E / (5.0 * 0.8 * 250.0));
        assert!(sensors.decay.iter().flatten().all(|&d| d == decay));
        assert_eq!(neuron(&config.nominal(0, 1), 9, 0, 1).threshold_lsb, 125.0);
    }
}
