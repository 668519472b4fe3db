//! Neurons: leak, reset, threshold and membrane time constant, read with the membrane converters.
//!
//! Codes are corrected for the offset of their channel, which the baselines of the column's sensors
//! show: their mean over rows, less that of all columns. Thresholds are found by the current from
//! which on a neuron fires, and read as the membrane just below it.

use super::config::{CalibrationConfig, TRIGGER_ROW};
use super::fit;
use super::sensors::SensorMap;
use pl_chip::config::NeuronConfig;
use pl_chip::time::{TICKS_PER_US, ticks_from_us};
use pl_chip::{Branch, COLUMNS, Chip, ChipConfig, InputEvent, NeuronParameters, RowMode};

/// One number a column.
pub(super) type Line = [f64; COLUMNS];

/// Downward step of the resting potential whose decay shows the time constant, LSB.
const STEP_LSB: f64 = 40.0;
/// Potentials of the decay that count, LSB.
const DECAY_LSB: (f64, f64) = (4.0, 60.0);
/// Repetitions of the decay.
const DECAYS: u32 = 24;
/// Times the readings of a resting potential are taken, on which the others depend.
const LEAK_READINGS: u32 = 8;
/// Largest current that is tried for a threshold, as a shift of the resting potential, LSB.
const CURRENT_MAX_LSB: f64 = 160.0;
/// Halvings of that range.
const HALVINGS: u32 = 11;
/// Membrane time constants after which a membrane rests.
const SETTLED: f64 = 15.0;
/// Hardware time over which spikes of the f-I curve are counted, and before that.
const COUNTED_US: f64 = 2000.0;
const WARM_UP_US: f64 = 300.0;

/// What was measured of the neurons.
#[derive(Clone, Debug)]
pub(super) struct NeuronMap {
    pub(super) leak_lsb: Line,
    pub(super) reset_lsb: Line,
    pub(super) threshold_lsb: Line,
    /// NaN where no decay could be fitted.
    pub(super) tau_mem_us: Line,
}

/// Offset of each channel of a branch, of the baselines of the sensors that it converts; those of the
/// causal one convert membranes, too.
pub(super) fn channel_offsets(map: &SensorMap, branch: Branch) -> Line {
    let baselines = &map.baseline[branch.index()];
    let rows = baselines.len().max(1) as f64;
    let of = |column: usize| baselines.iter().map(|line| line[column]).sum::<f64>() / rows;
    let means: Line = core::array::from_fn(of);
    let all = means.iter().sum::<f64>() / COLUMNS as f64;
    means.map(|mean| mean - all)
}

/// A chip whose neurons are measured.
pub(super) struct Bench<'a> {
    config: &'a CalibrationConfig,
    pub(super) chip: Chip,
    offsets: Line,
    settle: u64,
}

impl<'a> Bench<'a> {
    /// A bench for a chip whose neurons have about the parameters `nominal`.
    pub(super) fn new(
        config: &'a CalibrationConfig,
        mut chip: Chip,
        nominal: &NeuronConfig,
        offsets: Line,
    ) -> Bench<'a> {
        let h = config.hemisphere;
        chip.set_active_columns(1 - h, 0..0);
        chip.set_row_mode(h, TRIGGER_ROW, RowMode::Excitatory);
        chip.write_weights_row(h, TRIGGER_ROW, &[63; COLUMNS]);
        let settle = ticks_from_us(SETTLED * nominal.tau_mem_us.max(1.0));
        Bench { config, chip, offsets, settle }
    }

    fn wait(&mut self, ticks: u64) {
        self.chip.run_until((self.chip.now() + ticks).next_multiple_of(TICKS_PER_US), &[]);
    }

    /// Membranes now: the mean of readings in successive ticks, less the offset of the channel.
    fn read(&mut self) -> Line {
        self.read_times(1)
    }

    fn read_times(&mut self, times: u32) -> Line {
        let mut sums = [0.0; COLUMNS];
        for _ in 0..times * self.config.readings {
            let codes = self.chip.membrane_codes(self.config.hemisphere);
            sums.iter_mut().zip(codes).for_each(|(sum, code)| *sum += f64::from(code));
            self.chip.run_until(self.chip.now() + 1, &[]);
        }
        let readings = f64::from(times * self.config.readings);
        core::array::from_fn(|column| sums[column] / readings - self.offsets[column])
    }

    fn change(&mut self, change: impl Fn(usize, NeuronParameters) -> NeuronParameters) {
        for column in 0..COLUMNS {
            let parameters = self.chip.neuron(self.config.hemisphere, column);
            self.chip.set_neuron(self.config.hemisphere, column, change(column, parameters));
        }
    }

    fn set_currents(&mut self, offsets_lsb: &Line) {
        self.change(|column, neuron| NeuronParameters {
            offset_lsb: offsets_lsb[column],
            ..neuron
        });
    }

    /// Measures all neurons; leaves them without current.
    pub(super) fn measure(&mut self) -> NeuronMap {
        let h = self.config.hemisphere;
        self.set_currents(&[0.0; COLUMNS]);
        self.wait(self.settle);
        let leak_lsb = self.read_times(LEAK_READINGS);
        self.wait(0);
        self.chip.reset_membranes(h, &[true; COLUMNS]);
        let reset_lsb = self.read();
        let tau_mem_us = self.time_constants(&leak_lsb);
        let threshold_lsb = self.thresholds();
        self.set_currents(&[0.0; COLUMNS]);
        NeuronMap { leak_lsb, reset_lsb, threshold_lsb, tau_mem_us }
    }

    /// From the decay to rest after a negative current has been switched off.
    fn time_constants(&mut self, leak_lsb: &Line) -> Line {
        let times_us: Vec<f64> = (1..=12).map(|i| f64::from(i) * 2.0).collect();
        let mut below = vec![[0.0; COLUMNS]; times_us.len()];
        for _ in 0..DECAYS {
            self.set_currents(&[-STEP_LSB; COLUMNS]);
            self.wait(self.settle);
            self.set_currents(&[0.0; COLUMNS]);
            let start = self.chip.now();
            for (time_us, below) in times_us.iter().zip(&mut below) {
                self.chip.run_until(start + ticks_from_us(*time_us), &[]);
                let read = self.read();
                for column in 0..COLUMNS {
                    below[column] += (leak_lsb[column] - read[column]) / f64::from(DECAYS);
                }
            }
        }
        core::array::from_fn(|column| {
            let points = times_us.iter().zip(&below).map(|(time, below)| (*time, below[column]));
            fit::exponential(points, DECAY_LSB).map_or(f64::NAN, |found| found.tau)
        })
    }

    /// Bisects the current from which on each neuron fires, and reads the membrane just below it.
    fn thresholds(&mut self) -> Line {
        let h = self.config.hemisphere;
        let (mut low, mut high) = ([0.0; COLUMNS], [CURRENT_MAX_LSB; COLUMNS]);
        for _ in 0..HALVINGS {
            let middle: Line = core::array::from_fn(|c| 0.5 * (low[c] + high[c]));
            self.set_currents(&middle);
            self.chip.reset_membranes(h, &[true; COLUMNS]);
            self.chip.reset_rate_counters(h, &[true; COLUMNS]);
            self.wait(self.settle);
            let counts = self.chip.rate_counters(h);
            let bounds = low.iter_mut().zip(&mut high).zip(middle);
            for (((low, high), middle), count) in bounds.zip(counts) {
                *(if count == 0 { low } else { high }) = middle;
            }
        }
        self.set_currents(&low);
        self.wait(self.settle);
        self.read()
    }

    /// Moves parameters by what measurement says they are away from the targets.
    pub(super) fn calibrate(&mut self, targets: &ChipConfig, measured: &NeuronMap) {
        let h = self.config.hemisphere;
        self.change(|c, neuron| {
            let target = targets.nominal_neuron(h, c);
            let tau = measured.tau_mem_us[c];
            let ratio = if tau > 0.0 { target.tau_mem_us / tau } else { 1.0 };
            NeuronParameters {
                leak_lsb: neuron.leak_lsb + target.leak_lsb - measured.leak_lsb[c],
                reset_lsb: neuron.reset_lsb + target.reset_lsb - measured.reset_lsb[c],
                threshold_lsb: neuron.threshold_lsb + target.threshold_lsb
                    - measured.threshold_lsb[c],
                tau_mem_us: neuron.tau_mem_us * ratio,
                ..neuron
            }
        });
    }

    /// Rate of every neuron at each current, kilohertz of hardware time.
    pub(super) fn rates_khz(&mut self) -> Vec<Line> {
        let h = self.config.hemisphere;
        let mut rates = Vec::new();
        for current in &self.config.currents_lsb {
            self.set_currents(&[*current; COLUMNS]);
            self.wait(ticks_from_us(WARM_UP_US));
            self.chip.take_spikes();
            self.wait(ticks_from_us(COUNTED_US));
            let mut line = [0.0; COLUMNS];
            for spike in self.chip.take_spikes() {
                if usize::from(spike.hemisphere) == h {
                    line[usize::from(spike.column)] += 1000.0 / COUNTED_US;
                }
            }
            rates.push(line);
        }
        self.set_currents(&[0.0; COLUMNS]);
        self.wait(self.settle);
        rates
    }

    /// The membrane of `column`, one reading a microsecond: two single events, then a train that
    /// makes it fire. Times in microseconds, LSB; and the times of its spikes.
    pub(super) fn trace(&mut self, column: usize) -> (Vec<(f64, f64)>, Vec<f64>) {
        let hemisphere = u8::try_from(self.config.hemisphere).unwrap_or(0);
        let start = self.chip.now().next_multiple_of(TICKS_PER_US);
        let singles = [20, 80];
        let train = (140..220).step_by(4);
        let events: Vec<InputEvent> = singles
            .into_iter()
            .chain(train)
            .map(|us| start + us * TICKS_PER_US)
            .map(|time| InputEvent { time, hemisphere, row: u8::MAX, address: 0 })
            .collect();
        self.chip.take_spikes();
        self.chip.run_until(start, &events);
        let mut trace = Vec::new();
        for us in 0..300_u32 {
            self.chip.run_until(start + u64::from(us) * TICKS_PER_US, &[]);
            let code = self.chip.membrane_codes(self.config.hemisphere)[column];
            trace.push((f64::from(us), f64::from(code) - self.offsets[column]));
        }
        let own = |spike: &pl_chip::Spike| usize::from(spike.column) == column;
        let spikes = self.chip.take_spikes().into_iter().filter(own);
        let us = |ticks: u64| ticks as f64 / TICKS_PER_US as f64;
        (trace, spikes.map(|spike| us(spike.time - start)).collect())
    }
}
