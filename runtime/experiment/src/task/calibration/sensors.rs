//! Correlation sensors: baselines, amplitudes and time constants from pairs of pulses.
//!
//! As calix measures them on the chip (`correlation_measurement.py`): all measured weights are 0, a
//! driver on a row of its own makes every neuron fire, and the other rows get a pulse before or
//! after that. The sensors are read after their reset and after the pairs, so that their baselines
//! cancel. Neurons do not all fire at once: when each does is known from its spike.

use super::config::{CalibrationConfig, TRIGGER_ROW};
use super::fit::{self, Exponential};
use borsh::{BorshDeserialize, BorshSerialize};
use pl_chip::time::{ticks_from_us, us_from_ticks};
use pl_chip::{Branch, COLUMNS, Chip, InputEvent, NeuronParameters, RowMode};

/// Signals that count: below, noise is too large a part of them, above, sensors saturate.
const SIGNALS_LSB: (f64, f64) = (4.0, 100.0);
/// Factor on the strength of the trigger: one event is far more than enough for a spike.
const TRIGGER_STRENGTH: f64 = 300.0;

/// One number a column.
type Line = [f64; COLUMNS];

/// What was measured of the sensors.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(super) struct SensorMap {
    /// Reading after a reset, by branch, row and column.
    pub(super) baseline: [Vec<Line>; 2],
    /// By branch, row and column; none for sensors that show no decay.
    pub(super) fits: [Vec<[Option<Exponential>; COLUMNS]>; 2],
    /// Signal of one pair of every sensor, by branch and delay.
    pub(super) signals: [Vec<Vec<f64>>; 2],
}

impl SensorMap {
    /// Amplitudes and time constants of a branch, of sensors that have them.
    pub(super) fn found(&self, branch: Branch) -> impl Iterator<Item = Exponential> + '_ {
        self.fits[branch.index()].iter().flatten().flatten().copied()
    }

    /// Mean of both branches of a sensor, if both were measured.
    pub(super) fn mean(&self, row: usize, column: usize) -> Option<Exponential> {
        let [a, b] = [0, 1].map(|branch| self.fits[branch][row][column]);
        let (a, b) = (a?, b?);
        let (amplitude, tau) = ((a.amplitude + b.amplitude) / 2.0, (a.tau + b.tau) / 2.0);
        Some(Exponential { amplitude, tau })
    }
}

/// Readings of one measurement, as far as it has come.
#[derive(Clone, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(super) struct Readings {
    /// As of [`SensorMap`].
    baseline: [Vec<Line>; 2],
    /// Signal of all pairs, by branch, delay, row and column.
    signals: [Vec<Vec<Line>>; 2],
}

impl Readings {
    /// Delays that were measured, of both branches.
    pub(super) fn delays(&self) -> usize {
        self.signals.iter().map(Vec::len).sum()
    }
}

/// A chip set up for pairs.
#[derive(BorshSerialize, BorshDeserialize)]
pub(super) struct Pairs {
    pub(super) chip: Chip,
    /// Ticks from a trigger to the spike of each column.
    latency: [u64; COLUMNS],
    median_latency: u64,
}

impl Pairs {
    /// Sets a chip up so that an event on the last row makes all neurons fire.
    pub(super) fn new(config: &CalibrationConfig, mut chip: Chip) -> Pairs {
        let h = config.hemisphere;
        chip.set_active_columns(1 - h, 0..0);
        for row in 0..=TRIGGER_ROW {
            let weight = if row == TRIGGER_ROW { 63 } else { 0 };
            chip.write_weights_row(h, row, &[weight; COLUMNS]);
            chip.set_row_mode(h, row, RowMode::Excitatory);
        }
        for column in 0..COLUMNS {
            let neuron = chip.neuron(h, column);
            let fast = NeuronParameters {
                tau_mem_us: 1.0,
                tau_syn_exc_us: 0.3,
                refractory_us: 10.0,
                offset_lsb: 0.0,
                strength_exc: TRIGGER_STRENGTH,
                ..neuron
            };
            chip.set_neuron(h, column, fast);
        }
        let mut pairs = Pairs { chip, latency: [0; COLUMNS], median_latency: 0 };
        pairs.time_triggers(config);
        pairs
    }

    /// Sees when each neuron fires after a trigger.
    fn time_triggers(&mut self, config: &CalibrationConfig) {
        self.chip.take_spikes();
        let start = self.pause(config);
        self.chip.run_until(start, &[event(config, start, TRIGGER_ROW)]);
        self.pause(config);
        let mut latencies = Vec::new();
        for spike in self.chip.take_spikes() {
            let latency = spike.time - start;
            self.latency[usize::from(spike.column)] = latency;
            latencies.push(latency as f64);
        }
        self.median_latency = ticks_from_us(fit::median(&latencies) / ticks_from_us(1.0) as f64);
    }

    /// Lets the time between pairs pass; returns the next whole microsecond, a start of a step.
    fn pause(&mut self, config: &CalibrationConfig) -> u64 {
        let until = self.chip.now() + ticks_from_us(config.spacing_us);
        self.chip.run_until(until, &[]);
        until.next_multiple_of(ticks_from_us(1.0))
    }

    /// Pairs at one delay; presynaptic pulses first if `causal`.
    fn stimulate(&mut self, config: &CalibrationConfig, causal: bool, delay: u64) {
        for _ in 0..config.pairs {
            let trigger = self.pause(config) + delay.next_multiple_of(ticks_from_us(1.0));
            let post = trigger + self.median_latency;
            let pre = if causal { post - delay } else { post + delay };
            let mut events: Vec<InputEvent> =
                (0..config.rows).map(|row| event(config, pre, row)).collect();
            events.push(event(config, trigger, TRIGGER_ROW));
            self.chip.run_until(self.chip.now(), &events);
        }
        self.pause(config);
    }

    /// Mean readings of a branch, by row and column.
    fn read(&mut self, config: &CalibrationConfig, branch: Branch) -> Vec<Line> {
        let mut sums = vec![[0.0; COLUMNS]; config.rows];
        for _ in 0..config.readings {
            // Readings at different times have independent noise.
            self.chip.run_until(self.chip.now() + ticks_from_us(2.0), &[]);
            for (row, sums) in sums.iter_mut().enumerate() {
                let codes = self.chip.correlation_codes_row(config.hemisphere, row, branch);
                sums.iter_mut().zip(codes).for_each(|(sum, code)| *sum += f64::from(code));
            }
        }
        let readings = f64::from(config.readings);
        sums.iter_mut().flatten().for_each(|sum| *sum /= readings);
        sums
    }

    /// Delay at the sensors of a column, microseconds; of the other order if negative.
    fn delay_us(&self, causal: bool, delay: u64, column: usize) -> f64 {
        let late = us_from_ticks(self.latency[column]) - us_from_ticks(self.median_latency);
        us_from_ticks(delay) + if causal { late } else { -late }
    }

    /// Measures all sensors at the next delay of a measurement, which must not be complete.
    pub(super) fn measure(&mut self, config: &CalibrationConfig, readings: &mut Readings) {
        let complete = readings.signals[0].len() == config.delays_us.len();
        let branch = Branch::BOTH[usize::from(complete)];
        let signals = &mut readings.signals[branch.index()];
        let delay = ticks_from_us(config.delays_us[signals.len()]);
        for row in 0..config.rows {
            self.chip.reset_correlation_row(config.hemisphere, row, &[3; COLUMNS]);
        }
        let before = self.read(config, branch);
        self.stimulate(config, branch == Branch::Causal, delay);
        let after = self.read(config, branch);
        let less = |(a, b): (&Line, &Line)| core::array::from_fn(|c| a[c] - b[c]);
        signals.push(before.iter().zip(&after).map(less).collect());
        readings.baseline[branch.index()] = before;
    }

    /// What a complete measurement shows.
    pub(super) fn fit(&self, config: &CalibrationConfig, readings: Readings) -> SensorMap {
        let pairs = f64::from(config.pairs);
        let Readings { baseline, signals } = readings;
        let fit = |branch: Branch, row: usize, column: usize| {
            let causal = branch == Branch::Causal;
            let delays = config.delays_us.iter().zip(&signals[branch.index()]);
            let points = delays.map(|(delay, lines)| {
                (self.delay_us(causal, ticks_from_us(*delay), column), lines[row][column])
            });
            let points = points.filter(|(delay, _)| *delay > 0.0);
            let found = fit::exponential(points, SIGNALS_LSB)?;
            Some(Exponential { amplitude: found.amplitude / pairs, ..found })
        };
        let fits = Branch::BOTH.map(|branch| {
            let line = |row| core::array::from_fn(|column| fit(branch, row, column));
            (0..config.rows).map(line).collect()
        });
        let of_one_pair = |lines: &Vec<Line>| {
            lines.iter().flatten().map(|signal| signal / pairs).collect::<Vec<f64>>()
        };
        let signals = signals.each_ref().map(|by_delay| by_delay.iter().map(of_one_pair).collect());
        SensorMap { baseline, fits, signals }
    }
}

fn event(config: &CalibrationConfig, time: u64, row: usize) -> InputEvent {
    let byte = |index: usize| u8::try_from(index).unwrap_or(u8::MAX);
    InputEvent { time, hemisphere: byte(config.hemisphere), row: byte(row), address: 0 }
}

/// Calibration bits of every measured synapse.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bits {
    pub(super) amplitude: Vec<[u8; COLUMNS]>,
    pub(super) time: Vec<[u8; COLUMNS]>,
}

impl Bits {
    /// The same setting everywhere.
    pub(super) fn all(setting: u8, rows: usize) -> Bits {
        Bits { amplitude: vec![[setting; COLUMNS]; rows], time: vec![[setting; COLUMNS]; rows] }
    }

    pub(super) fn write(&self, h: usize, chip: &mut Chip) {
        for (row, (amplitude, time)) in self.amplitude.iter().zip(&self.time).enumerate() {
            chip.write_amplitude_calibration_row(h, row, amplitude);
            chip.write_time_calibration_row(h, row, time);
        }
    }

    /// The settings that bring each synapse, the mean of its branches, nearest to the targets, of
    /// measurements at each setting. Synapses that could not be measured keep setting 0.
    pub(super) fn nearest(config: &CalibrationConfig, maps: &[SensorMap]) -> Bits {
        let mut bits = Bits::all(0, config.rows);
        let distance = |value: f64, target: f64| (value / target).max(target / value);
        for row in 0..config.rows {
            for column in 0..COLUMNS {
                let found = |map: &SensorMap| map.mean(row, column);
                let settings: Vec<(u8, Exponential)> =
                    (0..).zip(maps).filter_map(|(n, map)| Some((n, found(map)?))).collect();
                let best = |of: &dyn Fn(&Exponential) -> f64| {
                    let near = |a: &&(u8, Exponential), b: &&(u8, Exponential)| {
                        of(&a.1).total_cmp(&of(&b.1))
                    };
                    settings.iter().min_by(near).map_or(0, |(setting, _)| *setting)
                };
                bits.amplitude[row][column] =
                    best(&|found| distance(found.amplitude, config.target_eta_lsb));
                bits.time[row][column] = best(&|found| distance(found.tau, config.target_tau_us));
            }
        }
        bits
    }
}
