//! Correlation sensors of one hemisphere: reduced-symmetric nearest-neighbour pairing.
//!
//! ```text
//! presynaptic pulse at t, address matches:  if the last pulse was postsynaptic, at t_post
//!                                               a- += eta- exp(-(t - t_post) / tau-) g(a-)
//! postsynaptic pulse at t:                  if the last pulse was presynaptic, at t_pre
//!                                               a+ += eta+ exp(-(t - t_pre) / tau+) g(a+)
//! reading:                                  baseline - a, so it falls as correlation grows
//! g(a) = max(0, 1 - (a / a_max)^p)
//! ```
//!
//! A synapse remembers its last two pulses on the chip; here those times are shared: one time for
//! each row and address, one for each column. The last pulse was postsynaptic exactly if the
//! column's time is the later one. A synapse whose address was rewritten is the exception: until
//! the next event of its new address it *holds* the time of the old one, in a sparse set.
//!
//! Pulses of one synapse in the same tick form no pair, neither with each other nor with earlier
//! pulses, and leave none open; they are counted.
//!
//! Pulses wait in the order of their times until someone looks at a sensor or changes a synapse, or
//! many have come. All that wait act together, row by row: what a synapse gets depends on nothing but
//! the pulses of its row and its column, and so each sensor, all of which are most of a chip's memory,
//! is fetched once for many pulses, however many chips take turns.
//!
//! Times are kept as 32-bit stamps since an epoch; 0 means never, or so long ago that a pair would
//! contribute nothing.

use std::ops::Range;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::config::SensorConfig;
use crate::convert::{low_word, single};
use crate::lanes::{self, LastPre, Level, Meeting, Row, Sampling, Saturation, Sensors};
use crate::mismatch::sensor_row;
use crate::neurons::BLOCK;
use crate::noise::{Key, Purpose, place};
use crate::synapse_array::SynapseArray;
use crate::{COLUMNS, ROWS};

mod batch;
mod held;
mod reference;

use batch::Batch;
use held::{Held, ones};
use reference::References;
pub use reference::{Reference, ReferenceStep};

/// One of the two accumulators of a correlation sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    /// Postsynaptic pulses after presynaptic ones.
    Causal,
    /// Presynaptic pulses after postsynaptic ones.
    Acausal,
}

impl Branch {
    /// Both branches, in the order of [`Branch::index`].
    pub const BOTH: [Branch; 2] = [Branch::Causal, Branch::Acausal];

    /// 0 causal, 1 anticausal; also the number of the branch's bit in a reset.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Branch::Causal => 0,
            Branch::Acausal => 1,
        }
    }
}

/// Number of addresses.
pub(crate) const ADDRESSES: usize = 64;
/// Marks a row that has had no pulse yet; no address equals it.
const NO_ADDRESS: u8 = 0xff;
/// Largest stamp; larger times move the epoch.
const LAST_STAMP: u64 = 1 << 31;
/// Stamps older than this are forgotten when the epoch moves: 4.3 s, far beyond the age at which
/// the slowest sensor of the allowed range (2 ms) still adds anything.
const KEPT_STAMPS: u64 = 1 << 30;
/// Longest time between the first and the last pulse that act together: together with
/// `KEPT_STAMPS` less than `LAST_STAMP`.
const LONGEST_BATCH: u64 = KEPT_STAMPS - 2;

/// Most pulses that wait, some windows of a busy chip more or less.
const WAITING: usize = 4096;

/// A presynaptic pulse on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct PrePulse {
    pub(crate) row: u8,
    pub(crate) address: u8,
}

/// A pulse that reaches the sensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum Pulse {
    /// On a row.
    Pre(PrePulse),
    /// Of the neuron of a column.
    Post(u8),
}

/// Accumulators and parameters of one branch, `[row * 256 + column]`.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
struct Accumulator {
    value: Box<[f32]>,
    eta: Box<[f32]>,
    decay: Box<[f32]>,
}

impl Accumulator {
    fn sensors(&mut self, saturation: Saturation) -> Sensors<'_> {
        Sensors { decay: &self.decay, eta: &self.eta, value: &mut self.value, saturation }
    }

    fn new() -> Accumulator {
        let zero = || vec![0.0; ROWS * COLUMNS].into_boxed_slice();
        Accumulator { value: zero(), eta: zero(), decay: zero() }
    }
}

/// All sensors of a hemisphere.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Correlation {
    config: SensorConfig,
    seed: u64,
    hemisphere: usize,
    level: Level,
    saturation: Saturation,
    reset_sigma: f32,
    causal: Accumulator,
    acausal: Accumulator,
    /// Reading after a reset; branch, then `[row * 256 + column]`.
    baseline: [Box<[f32]>; 2],
    /// Number of resets, modulo 2^16; same order.
    resets: [Box<[u16]>; 2],
    /// When each row was reset last, and which branches of its synapses then: a sensor that is reset
    /// again at that time stays at the voltage it has.
    reset_time: [u64; ROWS],
    reset_then: Box<[[u8; COLUMNS]]>,
    last_pre: Box<[[u32; ADDRESSES]]>,
    last_post: [u32; COLUMNS],
    /// The only address a row has had pulses of, and the time of the last one.
    row_address: [u8; ROWS],
    row_time: [u32; ROWS],
    /// Rows that have had pulses of several addresses, as bits.
    mixed_rows: [u64; 4],
    /// Columns in use, whole blocks.
    columns: Range<usize>,
    held: Held,
    epoch: u64,
    ties: u64,
    /// Pulses with their times that have not acted yet, times ascending.
    waiting: Vec<(u64, Pulse)>,
    /// Sensors without circuits beside these, if someone wants to compare.
    references: Option<Box<References>>,
}

impl Correlation {
    pub(crate) fn new(
        config: &SensorConfig,
        synapses: &SynapseArray,
        seed: u64,
        hemisphere: usize,
        level: Level,
    ) -> Correlation {
        let baseline = || vec![0.0; ROWS * COLUMNS].into_boxed_slice();
        let resets = || vec![0; ROWS * COLUMNS].into_boxed_slice();
        let mut sensors = Correlation {
            config: config.clone(),
            seed,
            hemisphere,
            level,
            saturation: Saturation::new(
                single(1.0 / config.saturation_lsb),
                [1.0, 2.0, 4.0].iter().map(|&p| u32::from(config.saturation_power > p)).sum(),
            ),
            reset_sigma: single(config.reset_sigma_lsb),
            causal: Accumulator::new(),
            acausal: Accumulator::new(),
            reset_time: [u64::MAX; ROWS],
            reset_then: vec![[0; COLUMNS]; ROWS].into_boxed_slice(),
            baseline: [baseline(), baseline()],
            resets: [resets(), resets()],
            last_pre: vec![[0; ADDRESSES]; ROWS].into_boxed_slice(),
            last_post: [0; COLUMNS],
            row_address: [NO_ADDRESS; ROWS],
            row_time: [0; ROWS],
            mixed_rows: [0; 4],
            columns: 0..COLUMNS,
            held: Held::new(),
            epoch: 0,
            ties: 0,
            waiting: Vec::new(),
            references: None,
        };
        for row in 0..ROWS {
            sensors.calibrate(synapses, row);
        }
        sensors
    }

    /// Takes over the calibration bits of a row.
    pub(crate) fn calibrate(&mut self, synapses: &SynapseArray, row: usize) {
        let sensors = sensor_row(
            &self.config,
            self.seed,
            self.hemisphere,
            row,
            synapses.time_calibration.row(row),
            synapses.amplitude_calibration.row(row),
        );
        let start = row * COLUMNS;
        let lanes = start..start + COLUMNS;
        for (branch, b) in [(&mut self.causal, 0), (&mut self.acausal, 1)] {
            branch.eta[lanes.clone()].copy_from_slice(&sensors.eta[b]);
            branch.decay[lanes.clone()].copy_from_slice(&sensors.decay[b]);
        }
        for (baseline, row) in self.baseline.iter_mut().zip(&sensors.baseline) {
            baseline[lanes.clone()].copy_from_slice(row);
        }
    }

    /// Limits the work to these columns, whole blocks; no other column may fire.
    pub(crate) fn set_columns(&mut self, columns: Range<usize>) {
        self.columns = columns;
    }

    /// Keeps sensors without circuits beside these from now on; they begin at 0.
    pub(crate) fn keep_references(&mut self) {
        if self.references.is_none() {
            self.references = Some(Box::new(References::new(&self.config)));
        }
    }

    /// Those that are kept.
    pub(crate) fn references(&mut self) -> Option<&mut References> {
        self.references.as_deref_mut()
    }

    /// See [`References::steps`].
    pub(crate) fn reference_steps(&self, number: usize, now: u64) -> Vec<ReferenceStep<'_>> {
        self.references.as_ref().map_or_else(Vec::new, |references| references.steps(number, now))
    }

    /// What a branch of a row has accumulated without circuits, LSB; zeros if that is not kept.
    pub(crate) fn reference_row(
        &self,
        row: usize,
        branch: Branch,
        reference: Reference,
    ) -> [f64; COLUMNS] {
        let mut values = [0.0; COLUMNS];
        if let Some(references) = &self.references {
            values.copy_from_slice(references.row(row, branch, reference));
        }
        values
    }

    /// Number of synapses at which both pulses arrived in the same tick.
    pub(crate) fn ties(&self) -> u64 {
        self.ties
    }

    /// A pulse for the sensors. Times never decrease from call to call.
    #[inline]
    pub(crate) fn show(&mut self, time: u64, pulse: Pulse) {
        self.waiting.push((time, pulse));
    }

    /// Whether so many pulses wait that they should act. All of a tick must be there when they do.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.waiting.len() >= WAITING
    }

    /// Lets the pulses act that wait, on the synapses as they have been since the first of them:
    /// before anyone reads a sensor, and before a synapse or the calibration of a sensor changes.
    pub(crate) fn settle(&mut self, synapses: &SynapseArray) {
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut rest = &waiting[..];
        while let Some(&(start, _)) = rest.first() {
            let count = rest.partition_point(|(time, _)| time - start <= LONGEST_BATCH);
            let (batch, later) = rest.split_at(count);
            self.act(synapses, batch);
            rest = later;
        }
        waiting.clear();
        self.waiting = waiting;
    }

    /// Lets pulses act whose times are at most `LONGEST_BATCH` apart.
    fn act(&mut self, synapses: &SynapseArray, pulses: &[(u64, Pulse)]) {
        let (Some((start, _)), Some((end, _))) = (pulses.first(), pulses.last()) else {
            return;
        };
        if end - self.epoch + 1 >= LAST_STAMP {
            self.move_epoch(*start);
        }
        for tick in pulses.chunk_by(|(a, _), (b, _)| a == b) {
            self.show_references(synapses, tick);
            if tick.len() > 1 {
                self.ties += count_ties(synapses, tick);
            }
        }
        let epoch = self.epoch;
        self.accumulate(synapses, &Batch::new(pulses, |time| low_word(time - epoch + 1)));
    }

    fn show_references(&mut self, synapses: &SynapseArray, tick: &[(u64, Pulse)]) {
        if let Some(mut references) = self.references.take() {
            let parameters = |row, column, branch| {
                let [eta, tau, _] = self.parameters(row, column, branch);
                [eta, tau]
            };
            references.tick(synapses, &parameters, tick);
            self.references = Some(references);
        }
    }

    /// Adds what a batch gives to the accumulators; takes over its times.
    fn accumulate(&mut self, synapses: &SynapseArray, batch: &Batch) {
        let Correlation { row_address, row_time, mixed_rows, last_pre, held, .. } = self;
        // Times of the last presynaptic pulses that the synapses of a row have seen.
        let seen = |row: usize| {
            if mixed_rows[row / 64] >> (row % 64) & 1 == 0 && held.by_row[row] == [0; 4] {
                return LastPre::OfAddress(row_address[row], row_time[row]);
            }
            LastPre::Mixed {
                by_address: &last_pre[row],
                holding: &held.by_row[row],
                held: &held.last_pre[row * COLUMNS..(row + 1) * COLUMNS],
            }
        };
        let row = |number| Row { number, last_pre: seen(number), pres: batch.pres(number) };
        let pulsed = |row: &usize| row_address[*row] != NO_ADDRESS || !batch.pres(*row).is_empty();
        let rows: Vec<Row<'_>> = (0..ROWS).filter(pulsed).map(row).collect();
        let meeting = Meeting {
            addresses: &synapses.addresses,
            rows: &rows,
            blocks: self.columns.start / BLOCK..self.columns.end / BLOCK,
            moments: &batch.moments(&self.last_post),
        };
        let causal = self.causal.sensors(self.saturation);
        let acausal = self.acausal.sensors(self.saturation);
        lanes::accumulate(self.level, &meeting, causal, acausal);
        batch.last_posts(&mut self.last_post);
        self.remember(synapses, batch);
    }

    /// Takes over the times of the presynaptic pulses of a batch.
    fn remember(&mut self, synapses: &SynapseArray, batch: &Batch) {
        for row in 0..ROWS {
            for pulse in batch.pres(row) {
                self.last_pre[row][usize::from(pulse.address) % ADDRESSES] = pulse.time;
                if self.row_address[row] == NO_ADDRESS {
                    self.row_address[row] = pulse.address;
                }
                if self.row_address[row] == pulse.address {
                    self.row_time[row] = pulse.time;
                } else {
                    self.mixed_rows[row / 64] |= 1 << (row % 64);
                }
                for column in ones(self.held.by_row[row]) {
                    if synapses.addresses.row(row)[column] == pulse.address {
                        self.held.remove(row, column);
                    }
                }
            }
        }
    }

    /// The synapse's address has changed from `old` to `new`: its last pulse stays what it was.
    pub(crate) fn address_changed(&mut self, row: usize, column: usize, old: u8, new: u8) {
        if self.held.contains(row, column) {
            return;
        }
        let times = &self.last_pre[row];
        let (old, new) = (times[usize::from(old) % ADDRESSES], times[usize::from(new) % ADDRESSES]);
        if old != new {
            self.held.insert(row, column, old);
        }
    }

    /// Clears accumulators of a row at `time`: bit 0 of a column's byte the causal, bit 1 the
    /// anticausal one.
    pub(crate) fn reset_row(&mut self, row: usize, bits: &[u8; COLUMNS], time: u64) {
        if let Some(references) = &mut self.references {
            references.reset_row(row, bits);
        }
        let lanes = row * COLUMNS..(row + 1) * COLUMNS;
        let then = &mut self.reset_then[row];
        if self.reset_time[row] != time {
            self.reset_time[row] = time;
            then.fill(0);
        }
        for (accumulator, branch) in
            [&mut self.causal, &mut self.acausal].into_iter().zip(Branch::BOTH)
        {
            let b = branch.index();
            let values = &mut accumulator.value[lanes.clone()];
            let resets = &mut self.resets[b][lanes.clone()];
            lanes::reset_sensors(self.level, bits, then, 1 << b, values, resets);
        }
        then.iter_mut().zip(bits).for_each(|(then, bits)| *then |= bits);
    }

    /// Amplitude in LSB, time constant in ticks and baseline in LSB of a branch of a sensor.
    pub(crate) fn parameters(&self, row: usize, column: usize, branch: Branch) -> [f64; 3] {
        let branches = self.branch(branch);
        let lane = row * COLUMNS + column;
        let tau = std::f64::consts::LOG2_E / f64::from(branches.decay[lane]);
        let baseline = self.baseline[branch.index()][lane];
        [branches.eta[lane].into(), tau, baseline.into()]
    }

    /// Accumulated correlation of a row in LSB, without baseline and noise.
    pub(crate) fn accumulated(&self, row: usize, branch: Branch) -> [f32; COLUMNS] {
        let values = &self.branch(branch).value[row * COLUMNS..];
        std::array::from_fn(|column| values[column])
    }

    fn branch(&self, branch: Branch) -> &Accumulator {
        match branch {
            Branch::Causal => &self.causal,
            Branch::Acausal => &self.acausal,
        }
    }

    /// Voltages the sensors of a row are reset to, LSB: their baselines, without the noise that a
    /// reset adds.
    pub(crate) fn reset_voltages(&self, row: usize, branch: Branch) -> [f32; COLUMNS] {
        let baseline = &self.baseline[branch.index()][row * COLUMNS..];
        std::array::from_fn(|column| baseline[column])
    }

    /// Codes of a branch of a row.
    pub(crate) fn codes(
        &self,
        row: usize,
        branch: Branch,
        sampling: &Sampling<'_>,
    ) -> [u8; COLUMNS] {
        let b = branch.index();
        let lanes = row * COLUMNS..(row + 1) * COLUMNS;
        let place = place(self.hemisphere, row, b);
        let mut codes = [0; COLUMNS];
        lanes::convert_sensors(
            self.level,
            &self.baseline[b][lanes.clone()],
            &self.branch(branch).value[lanes.clone()],
            &self.resets[b][lanes],
            Key::new(self.seed, Purpose::SensorReset, place, 0),
            self.reset_sigma,
            sampling,
            &mut codes,
        );
        codes
    }

    /// Moves the epoch so that stamps reach `LONGEST_BATCH` beyond `time`.
    #[cold]
    fn move_epoch(&mut self, time: u64) {
        let epoch = time - KEPT_STAMPS;
        let shift = u32::try_from(epoch - self.epoch).unwrap_or(u32::MAX);
        self.epoch = epoch;
        let times = self.last_pre.iter_mut().flatten();
        let times = times.chain(&mut self.last_post).chain(&mut self.row_time);
        for stamp in times.chain(&mut self.held.last_pre) {
            *stamp = stamp.saturating_sub(shift);
        }
    }
}

/// Synapses at which a presynaptic and a postsynaptic pulse of a tick meet.
fn count_ties(synapses: &SynapseArray, tick: &[(u64, Pulse)]) -> u64 {
    let mut pres: Vec<PrePulse> = Vec::new();
    let mut posts = Vec::new();
    for (_, pulse) in tick {
        match *pulse {
            Pulse::Pre(pulse) if !pres.contains(&pulse) => pres.push(pulse),
            Pulse::Pre(_) => {}
            Pulse::Post(column) => posts.push(usize::from(column)),
        }
    }
    let meets = |pre: &&PrePulse, column: usize| {
        synapses.addresses.row(usize::from(pre.row))[column] == pre.address
    };
    posts.iter().map(|&column| pres.iter().filter(|pre| meets(pre, column)).count() as u64).sum()
}

#[cfg(test)]
mod naive;
