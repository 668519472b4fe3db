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
//! The causal accumulator, written by postsynaptic pulses, is stored column by column, the
//! anticausal one, written by presynaptic pulses, row by row, so that both write contiguous memory.
//!
//! Pulses of one synapse in the same tick form no pair, neither with each other nor with earlier
//! pulses, and leave none open; they are counted.
//!
//! Pulses wait in the order of their times until someone looks at a sensor or changes a synapse, or
//! many have come: what a pulse touches lies all over the arrays of the sensors, which are most of a
//! chip's memory. When several chips take turns in short windows, each fetches its sensors from
//! memory once for many windows.
//!
//! Times are kept as 32-bit stamps since an epoch; 0 means never, or so long ago that a pair would
//! contribute nothing.

use std::ops::Range;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::config::SensorConfig;
use crate::convert::{low_word, single};
use crate::lanes::{self, Level, Meeting, Saturation, Sensors};
use crate::mismatch::sensor_row;
use crate::noise::{Key, Purpose, place};
use crate::synapse_array::SynapseArray;
use crate::{COLUMNS, ROWS};

mod held;
mod reference;

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
const ADDRESSES: usize = 64;
/// Rows looked at together when a postsynaptic pulse collects presynaptic times.
const BLOCK: usize = 16;
/// Distance of two columns in the causal arrays; not a power of two, so that the columns of one row
/// do not compete for the same cache lines.
const COLUMN_STRIDE: usize = ROWS + BLOCK;
/// Marks a row that has had no pulse yet; no address equals it.
const NO_ADDRESS: u8 = 0xff;
/// Largest stamp; larger times move the epoch.
const LAST_STAMP: u64 = 1 << 31;
/// Stamps older than this are forgotten when the epoch moves: 4.3 s, far beyond the age at which
/// the slowest sensor of the allowed range (2 ms) still adds anything.
const KEPT_STAMPS: u64 = 1 << 30;

/// Most pulses that wait, some windows of a busy chip more or less.
const WAITING: usize = 8192;

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

/// Accumulator and parameters of one branch; `[row * 256 + column]` anticausal,
/// `[column * COLUMN_STRIDE + row]` causal.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
struct Accumulator {
    value: Box<[f32]>,
    eta: Box<[f32]>,
    decay: Box<[f32]>,
}

impl Accumulator {
    /// Some of the sensors.
    fn sensors(&mut self, lanes: Range<usize>, saturation: Saturation) -> Sensors<'_> {
        Sensors {
            decay: &self.decay[lanes.clone()],
            eta: &self.eta[lanes.clone()],
            value: &mut self.value[lanes],
            saturation,
        }
    }

    fn new(lanes: usize) -> Accumulator {
        let zero = || vec![0.0; lanes].into_boxed_slice();
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
    /// Blocks of rows that have had any pulse.
    used_blocks: Range<usize>,
    /// Lanes of the columns in use.
    columns: Range<usize>,
    held: Held,
    /// Presynaptic addresses and times of the column that fires; kept to reuse its memory.
    collected: ([u8; ROWS], [u32; ROWS]),
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
            causal: Accumulator::new(COLUMNS * COLUMN_STRIDE),
            acausal: Accumulator::new(ROWS * COLUMNS),
            reset_time: [u64::MAX; ROWS],
            reset_then: vec![[0; COLUMNS]; ROWS].into_boxed_slice(),
            baseline: [baseline(), baseline()],
            resets: [resets(), resets()],
            last_pre: vec![[0; ADDRESSES]; ROWS].into_boxed_slice(),
            last_post: [0; COLUMNS],
            row_address: [NO_ADDRESS; ROWS],
            row_time: [0; ROWS],
            mixed_rows: [0; 4],
            used_blocks: 0..0,
            columns: 0..COLUMNS,
            held: Held::new(),
            collected: ([0; ROWS], [0; ROWS]),
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
        self.acausal.eta[lanes.clone()].copy_from_slice(&sensors.eta[1]);
        self.acausal.decay[lanes.clone()].copy_from_slice(&sensors.decay[1]);
        for column in 0..COLUMNS {
            self.causal.eta[column * COLUMN_STRIDE + row] = sensors.eta[0][column];
            self.causal.decay[column * COLUMN_STRIDE + row] = sensors.decay[0][column];
        }
        for (baseline, row) in self.baseline.iter_mut().zip(&sensors.baseline) {
            baseline[lanes.clone()].copy_from_slice(row);
        }
    }

    /// Limits the work of presynaptic pulses to these columns; no other column may fire.
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
        for tick in waiting.chunk_by(|(a, _), (b, _)| a == b) {
            if let Some(mut references) = self.references.take() {
                let parameters = |row, column, branch| {
                    let [eta, tau, _] = self.parameters(row, column, branch);
                    [eta, tau]
                };
                references.tick(synapses, &parameters, tick);
                self.references = Some(references);
            }
            let now = self.stamp(tick[0].0);
            match tick {
                [(_, Pulse::Pre(pulse))] => self.pre(synapses, *pulse, now),
                [(_, Pulse::Post(column))] => self.post(synapses, usize::from(*column), now),
                _ => self.together(synapses, tick, now),
            }
        }
        waiting.clear();
        self.waiting = waiting;
    }

    /// Several pulses of a tick.
    fn together(&mut self, synapses: &SynapseArray, tick: &[(u64, Pulse)], now: u32) {
        let (mut pres, mut posts) = (Vec::new(), Vec::new());
        for (_, pulse) in tick {
            match pulse {
                Pulse::Pre(pulse) => pres.push(*pulse),
                Pulse::Post(column) => posts.push(usize::from(*column)),
            }
        }
        // Pulses of the same tick do not pair: until the presynaptic ones are through, the columns
        // that fire now look as if they never had.
        let saved: Vec<u32> =
            posts.iter().map(|&column| std::mem::take(&mut self.last_post[column])).collect();
        for &column in &posts {
            self.ties += self.count_ties(synapses, &pres, column, now);
        }
        for pulse in pres {
            self.pre(synapses, pulse, now);
        }
        for (&column, last_post) in posts.iter().zip(saved) {
            self.last_post[column] = last_post;
            self.post(synapses, column, now);
        }
    }

    fn count_ties(
        &self,
        synapses: &SynapseArray,
        pres: &[PrePulse],
        column: usize,
        now: u32,
    ) -> u64 {
        let mut seen: Vec<PrePulse> = Vec::with_capacity(pres.len());
        for &pulse in pres {
            let row = usize::from(pulse.row);
            let matches = synapses.addresses.row(row)[column] == pulse.address;
            let already = self.last_pre[row][usize::from(pulse.address)] == now;
            if matches && !already && !seen.contains(&pulse) {
                seen.push(pulse);
            }
        }
        seen.len() as u64
    }

    fn pre(&mut self, synapses: &SynapseArray, pulse: PrePulse, now: u32) {
        let PrePulse { row, address } = pulse;
        let row = usize::from(row);
        let slot = usize::from(address) % ADDRESSES;
        let previous = std::mem::replace(&mut self.last_pre[row][slot], now);
        if self.held.by_row[row] == [0; 4] {
            self.pre_lanes(synapses, pulse, previous, now);
        } else {
            self.pre_with_held(synapses, pulse, previous, now);
        }
        let block = row / BLOCK;
        if self.row_address[row] == address {
            self.row_time[row] = now;
        } else if self.row_address[row] == NO_ADDRESS {
            (self.row_address[row], self.row_time[row]) = (address, now);
            let used = &mut self.used_blocks;
            *used = if used.start == used.end {
                block..block + 1
            } else {
                used.start.min(block)..used.end.max(block + 1)
            };
        } else {
            self.mixed_rows[row / 64] |= 1 << (row % 64);
        }
    }

    fn pre_lanes(&mut self, synapses: &SynapseArray, pulse: PrePulse, previous: u32, now: u32) {
        let columns = self.columns.clone();
        let row = usize::from(pulse.row);
        let start = row * COLUMNS;
        let lanes = start + columns.start..start + columns.end;
        let meeting = Meeting {
            own: &synapses.addresses.row(row)[columns.clone()],
            seen: &[pulse.address; COLUMNS][columns.clone()],
            times: &self.last_post[columns],
            now,
            previous,
        };
        lanes::accumulate(self.level, &meeting, self.acausal.sensors(lanes, self.saturation));
    }

    /// As `pre_lanes`, but synapses that hold a time of their own use and release it.
    fn pre_with_held(&mut self, synapses: &SynapseArray, pulse: PrePulse, previous: u32, now: u32) {
        let row = usize::from(pulse.row);
        let addresses = synapses.addresses.row(row);
        let matching: Vec<(usize, f32)> = ones(self.held.by_row[row])
            .filter(|&column| addresses[column] == pulse.address)
            .map(|column| (column, self.acausal.value[row * COLUMNS + column]))
            .collect();
        self.pre_lanes(synapses, pulse, previous, now);
        for (column, before) in matching {
            let i = row * COLUMNS + column;
            let post = self.last_post[column];
            let paired = post > self.held.last_pre[i];
            let (decay, eta) = (self.acausal.decay[i], self.acausal.eta[i]);
            let age = now.wrapping_sub(post);
            let added = lanes::increment(age, decay, eta, before, self.saturation);
            self.acausal.value[i] = before + if paired { added } else { 0.0 };
            self.held.remove(row, column);
        }
    }

    fn post(&mut self, synapses: &SynapseArray, column: usize, now: u32) {
        let previous = std::mem::replace(&mut self.last_post[column], now);
        let rows = self.used_blocks.start * BLOCK..self.used_blocks.end * BLOCK;
        let start = column * COLUMN_STRIDE;
        let lanes = start + rows.start..start + rows.end;
        let own = synapses.column_addresses(column);
        let (seen, times) = if self.mixed_rows == [0; 4] && self.held.by_column[column] == [0; 4] {
            (&self.row_address, &self.row_time)
        } else {
            self.collect_last_pre(own, column);
            let (seen, times) = &self.collected;
            (seen, times)
        };
        let own = &own[rows.clone()];
        let meeting =
            Meeting { own, seen: &seen[rows.clone()], times: &times[rows], now, previous };
        lanes::accumulate(self.level, &meeting, self.causal.sensors(lanes, self.saturation));
    }

    /// Collects the address and time of the last pulse of every row that the synapses `own` of a
    /// column may have matched.
    fn collect_last_pre(&mut self, own: &[u8; ROWS], column: usize) {
        let (seen, times) = &mut self.collected;
        (*seen, *times) = (self.row_address, self.row_time);
        for row in ones(self.mixed_rows) {
            seen[row] = own[row];
            times[row] = self.last_pre[row][usize::from(own[row]) % ADDRESSES];
        }
        for row in ones(self.held.by_column[column]) {
            seen[row] = own[row];
            times[row] = self.held.last_pre[row * COLUMNS + column];
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
        for branch in Branch::BOTH {
            let b = branch.index();
            let resets = self.resets[b][lanes.clone()].iter_mut();
            for ((resets, bits), then) in resets.zip(bits).zip(then.iter()) {
                *resets = resets.wrapping_add(u16::from((bits & !then) >> b & 1));
            }
        }
        then.iter_mut().zip(bits).for_each(|(then, bits)| *then |= bits);
        let causal = self.causal.value[row..].iter_mut().step_by(COLUMN_STRIDE);
        for (value, bits) in causal.zip(bits) {
            *value = if bits & 1 == 0 { *value } else { 0.0 };
        }
        for (value, bits) in self.acausal.value[lanes].iter_mut().zip(bits) {
            *value = if bits & 2 == 0 { *value } else { 0.0 };
        }
    }

    /// Amplitude in LSB, time constant in ticks and baseline in LSB of a branch of a sensor.
    pub(crate) fn parameters(&self, row: usize, column: usize, branch: Branch) -> [f64; 3] {
        let (branches, lane) = match branch {
            Branch::Causal => (&self.causal, column * COLUMN_STRIDE + row),
            Branch::Acausal => (&self.acausal, row * COLUMNS + column),
        };
        let tau = std::f64::consts::LOG2_E / f64::from(branches.decay[lane]);
        let baseline = self.baseline[branch.index()][row * COLUMNS + column];
        [branches.eta[lane].into(), tau, baseline.into()]
    }

    /// Accumulated correlation of a row in LSB, without baseline and noise.
    pub(crate) fn accumulated(&self, row: usize, branch: Branch) -> [f32; COLUMNS] {
        match branch {
            Branch::Causal => {
                std::array::from_fn(|column| self.causal.value[column * COLUMN_STRIDE + row])
            }
            Branch::Acausal => {
                std::array::from_fn(|column| self.acausal.value[row * COLUMNS + column])
            }
        }
    }

    /// Voltages the sensors of a row are reset to, LSB: their baselines, without the noise that a
    /// reset adds.
    pub(crate) fn reset_voltages(&self, row: usize, branch: Branch) -> [f32; COLUMNS] {
        let baseline = &self.baseline[branch.index()][row * COLUMNS..];
        std::array::from_fn(|column| baseline[column])
    }

    /// Voltages of a row at the inputs of the converters, LSB.
    pub(crate) fn voltages(&self, row: usize, branch: Branch) -> [f32; COLUMNS] {
        let b = branch.index();
        let lanes = row * COLUMNS..(row + 1) * COLUMNS;
        let place = place(self.hemisphere, row, b);
        let mut voltages = [0.0; COLUMNS];
        lanes::voltages(
            self.level,
            &self.baseline[b][lanes.clone()],
            &self.accumulated(row, branch),
            &self.resets[b][lanes],
            Key::new(self.seed, Purpose::SensorReset, place, 0),
            self.reset_sigma,
            &mut voltages,
        );
        voltages
    }

    /// The stamp of `time`, after moving the epoch if it would not fit.
    #[inline]
    fn stamp(&mut self, time: u64) -> u32 {
        let stamp = time - self.epoch + 1;
        if stamp < LAST_STAMP { low_word(stamp) } else { self.move_epoch(time) }
    }

    #[cold]
    fn move_epoch(&mut self, time: u64) -> u32 {
        let epoch = time - KEPT_STAMPS;
        let shift = u32::try_from(epoch - self.epoch).unwrap_or(u32::MAX);
        self.epoch = epoch;
        let times = self.last_pre.iter_mut().flatten();
        let times = times.chain(&mut self.last_post).chain(&mut self.row_time);
        for stamp in times.chain(&mut self.held.last_pre) {
            *stamp = stamp.saturating_sub(shift);
        }
        low_word(KEPT_STAMPS + 1)
    }
}

#[cfg(test)]
mod naive;
