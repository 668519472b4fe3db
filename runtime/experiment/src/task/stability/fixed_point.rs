//! Where weights come to rest if nothing but their mean change counts.
//!
//! ```text
//!   dw = gain c(w) - decay w + growth           an update
//! ```
//!
//! The rate `nu(w)` of a neuron all of whose weights are `w`, and the causal correlation `c(w)` of
//! its synapses, are measured on a chip without mismatch, noise or learning, where column `w` has
//! the weight `w`. With less knowledge `c` is that of chance pairs alone, of independent Poisson
//! trains:
//!
//! ```text
//!   c(w) = eta T r nu(w) / (r + nu(w) + 1/tau)
//! ```
//!
//! with `T` the time between updates and `r` the rate of an input.

use super::{Stability, TOP, input};
use crate::engine::{EngineError, EngineFactory};
use pl_chip::config::parameters;
use pl_chip::time::{biological_s_from_ticks, ticks_from_us};
use pl_chip::{Branch, COLUMNS, Chip, ChipConfig, RowMode};

/// Weights that a synapse can have, 0 to 63.
const WEIGHTS: u8 = 64;
/// Steps of a weight in which changes of sign are looked for.
const STEPS: u32 = 16;

/// What is known of the correlation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Correlation {
    /// That of nominal synapses.
    Measured,
    /// That of independent Poisson trains.
    Chance,
}

/// The rule's mean change as a function of the weight.
pub(super) struct Drift {
    gain: f64,
    decay: f64,
    growth: f64,
    input_bio_hz: f64,
    eta_lsb: f64,
    tau_bio_s: f64,
    period_bio_s: f64,
    pub(super) transfer: Transfer,
}

/// Answers of nominal neurons and synapses, for weights 0, 1, ..
pub(super) struct Transfer {
    /// Rates, hertz of biological time.
    pub(super) rate_bio_hz: Vec<f64>,
    /// Causal correlation between updates, ADC LSB.
    pub(super) causal_lsb: Vec<f64>,
}

impl Drift {
    /// Measures the nominal circuits; nothing if nothing is to be predicted.
    pub(super) fn new(
        task: &Stability<'_>,
        factory: &dyn EngineFactory,
        seed: u64,
    ) -> Result<Option<Drift>, EngineError> {
        let Some(fixed_point) = &task.config.fixed_point else { return Ok(None) };
        let info = factory.rule_info(&task.config.rule)?;
        let given = &task.experiment.rule[&task.config.rule].params;
        let param = |name: &str| {
            let default = info.params.iter().find(|p| p.name == name).map(|p| p.default);
            let value = default.map(|default| given.get(name).copied().unwrap_or(default));
            value.ok_or_else(|| {
                EngineError::new(format!("`task.fixed_point`: the rule has no param `{name}`"))
            })
        };
        let sensor = &task.experiment.chip.sensor;
        // 1 us of hardware time stands for 1 ms.
        Ok(Some(Drift {
            gain: param(&fixed_point.gain)?,
            decay: param(&fixed_point.decay)?,
            growth: param(&fixed_point.growth)?,
            input_bio_hz: task.config.input_rate_bio_hz,
            eta_lsb: sensor.eta_lsb,
            tau_bio_s: sensor.tau_us / 1000.0,
            period_bio_s: biological_s_from_ticks(info.period_ticks),
            transfer: Transfer::measure(task, info.period_ticks, seed),
        }))
    }

    /// Rate of a neuron whose weights are `weight`.
    pub(super) fn rate_bio_hz(&self, weight: f64) -> f64 {
        between(&self.transfer.rate_bio_hz, weight)
    }

    /// Mean change of a weight in an update.
    fn change(&self, weight: f64, correlation: Correlation) -> f64 {
        let causal = match correlation {
            Correlation::Measured => between(&self.transfer.causal_lsb, weight),
            Correlation::Chance => {
                let (pre, post) = (self.input_bio_hz, self.rate_bio_hz(weight));
                let pairs = self.period_bio_s * pre * post / (pre + post + 1.0 / self.tau_bio_s);
                self.eta_lsb * pairs
            }
        };
        self.gain * causal - self.decay * weight + self.growth
    }

    /// Where a weight that starts at `initial` comes to rest: the next zero of the change in the
    /// direction of the change, or the end of the range.
    pub(super) fn rest(&self, initial: u8, correlation: Correlation) -> f64 {
        let end = u32::from(WEIGHTS - 1) * STEPS;
        let weight = |step: u32| f64::from(step) / f64::from(STEPS);
        let change = |step: u32| self.change(weight(step), correlation);
        let mut step = u32::from(initial) * STEPS;
        let rising = change(step) > 0.0;
        while step < end && rising && change(step) > 0.0 {
            step += 1;
        }
        while step > 0 && !rising && change(step) < 0.0 {
            step -= 1;
        }
        weight(step)
    }
}

/// A value between those of whole weights, on a straight line.
fn between(values: &[f64], weight: f64) -> f64 {
    let at = |w: u8| values.get(usize::from(w)).copied().unwrap_or(0.0);
    let below = (0..WEIGHTS - 1).rev().find(|w| f64::from(*w) <= weight).unwrap_or(0);
    at(below) + (at(below + 1) - at(below)) * (weight - f64::from(below))
}

impl Transfer {
    /// Counts spikes and reads sensors at the times of updates.
    fn measure(task: &Stability<'_>, period: u64, seed: u64) -> Transfer {
        let duration_bio_s = task.config.fixed_point.as_ref().map_or(0.0, |f| f.transfer_bio_s);
        let mut chip = Chip::new(&nominal(&task.experiment.chip), seed);
        let h = usize::from(TOP);
        chip.set_active_columns(h, 0..usize::from(WEIGHTS));
        chip.set_spike_recording(h, false);
        let weights = core::array::from_fn(|column| column.to_le_bytes()[0].min(WEIGHTS - 1));
        let rows = || 0..usize::from(task.config.inputs);
        for row in rows() {
            chip.set_row_mode(h, row, RowMode::Excitatory);
            chip.write_weights_row(h, row, &weights);
        }
        let mut rates = vec![0.0; WEIGHTS.into()];
        let mut causal = rates.clone();
        let periods = (ticks_from_us(1000.0 * duration_bio_s) / period.max(1)).max(1);
        for n in 0..periods {
            let (from, until) = (n * period, (n + 1) * period);
            chip.run_until(until, &input(task.config, seed, from, until));
            for (sum, count) in rates.iter_mut().zip(chip.rate_counters(h)) {
                *sum += f64::from(count);
            }
            chip.reset_rate_counters(h, &[true; COLUMNS]);
            for row in rows() {
                let accumulated = chip.accumulated_row(h, row, Branch::Causal);
                for (sum, lsb) in causal.iter_mut().zip(accumulated) {
                    *sum += f64::from(lsb);
                }
                chip.reset_correlation_row(h, row, &[0b11; COLUMNS]);
            }
        }
        let seconds = biological_s_from_ticks(periods * period);
        let readings = periods as f64 * f64::from(task.config.inputs);
        Transfer {
            rate_bio_hz: rates.iter().map(|count| count / seconds).collect(),
            causal_lsb: causal.iter().map(|sum| sum / readings).collect(),
        }
    }
}

/// The same chip with all circuits alike and readings without noise.
fn nominal(chip: &ChipConfig) -> ChipConfig {
    let mut nominal = chip.clone();
    let spreads = |name: &str| name.contains("sigma") || name.ends_with("bad_fraction");
    for parameter in parameters().filter(|parameter| spreads(parameter.name)) {
        // Zero spread is in every range.
        nominal.set(parameter.name, 0.0).ok();
    }
    nominal
}
