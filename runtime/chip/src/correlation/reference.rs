//! Sensors without circuits, beside those of a hemisphere: what the equations of a rule mean by
//! correlation. In double precision, without noise, saturation or conversion, and of three kinds:
//!
//! ```text
//! spread:   pairs as the chip does, the last pulse of the other side if it came after the last of the
//!           own; each with the amplitude and time constant of the chip's sensor
//! nearest:  the same, all with the nominal ones
//! all:      a- += eta sum over all earlier postsynaptic pulses of exp(-(t - t_post) / tau)
//!           a+ += eta sum over all earlier presynaptic pulses of exp(-(t - t_pre) / tau)
//! ```
//!
//! Pulses of the same tick see what came before it. A synapse whose address was rewritten pairs with
//! the past of its new address.

use borsh::{BorshDeserialize, BorshSerialize};
use pl_fixed::real;

use super::{ADDRESSES, Branch, Pulse};
use crate::config::SensorConfig;
use crate::synapse_array::SynapseArray;
use crate::time::TICKS_PER_US;
use crate::{COLUMNS, ROWS};

/// Time constants after which a pulse is forgotten: `e^-40` is below half a step of a double at 1.
const OLDEST: f64 = 40.0;

/// Most steps since they began; then each becomes twice as long.
const STEPS_MAX: u64 = 16;

/// A kind of sensor without circuits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// Each pulse pairs with the last one of the other side, once; amplitude and time constant are
    /// those of the chip's sensor.
    Spread,
    /// The same with nominal amplitude and time constant.
    Nearest,
    /// Each pulse pairs with all earlier ones of the other side, with the nominal ones.
    All,
}

/// A piece of the time since steps began anew, with what sensors of all pairs and counters of spikes
/// saw in it.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceStep<'a> {
    /// Its share of that time.
    pub share: f64,
    /// Of the causal and the anticausal branch, LSB: `[row * 256 + column]`. Empty without pulses.
    pub values: [&'a [f64]; 2],
    /// Spikes by column. Empty without pulses.
    pub spikes: &'a [u32],
}

impl Reference {
    const COUNT: usize = 3;

    const fn index(self) -> usize {
        match self {
            Reference::Spread => 0,
            Reference::Nearest => 1,
            Reference::All => 2,
        }
    }
}

/// Amplitude (LSB) and time constant (ticks) of a sensor, by row, column and branch.
pub(super) type Parameters<'a> = dyn Fn(usize, usize, Branch) -> [f64; 2] + 'a;

/// The pulses of a row and address, or of a column.
#[derive(Clone, Copy, Debug, Default, BorshSerialize, BorshDeserialize)]
struct Past {
    /// Time of the last.
    last: Option<u64>,
    /// Sum of the exponentials of all, at the last.
    trace: f64,
}

/// Sensors of a hemisphere without circuits.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct References {
    eta_lsb: f64,
    tau_ticks: f64,
    /// `[row * 64 + address]`, and by column.
    pre: Vec<Past>,
    post: Vec<Past>,
    /// By kind and branch, `[row * 256 + column]`.
    value: [[Vec<f64>; 2]; Reference::COUNT],
    steps: Vec<Steps>,
}

impl References {
    pub(crate) fn new(config: &SensorConfig) -> References {
        let branches = || [vec![0.0; ROWS * COLUMNS], vec![0.0; ROWS * COLUMNS]];
        References {
            eta_lsb: config.eta_lsb,
            tau_ticks: config.tau_us * TICKS_PER_US as f64,
            pre: vec![Past::default(); ROWS * ADDRESSES],
            post: vec![Past::default(); COLUMNS],
            value: std::array::from_fn(|_| branches()),
            steps: Vec::new(),
        }
    }

    /// Splits the time from `now` on into steps; their number.
    pub(crate) fn keep_steps(&mut self, width_ticks: u64, now: u64) -> usize {
        self.steps.push(Steps::new(width_ticks, now));
        self.steps.len() - 1
    }

    /// Lets steps begin anew.
    pub(crate) fn restart_steps(&mut self, number: usize, now: u64) {
        if let Some(steps) = self.steps.get_mut(number) {
            *steps = Steps::new(steps.first_width_ticks, now);
        }
    }

    /// Steps up to `now`; none if they are not kept.
    pub(crate) fn steps(&self, number: usize, now: u64) -> Vec<ReferenceStep<'_>> {
        self.steps.get(number).map_or_else(Vec::new, |steps| steps.until(now))
    }

    /// Lets all pulses of a tick act, beside sensors of these parameters.
    pub(super) fn tick(
        &mut self,
        synapses: &SynapseArray,
        parameters: &Parameters<'_>,
        pulses: &[(u64, Pulse)],
    ) {
        let Some(&(time, _)) = pulses.first() else { return };
        for (_, pulse) in pulses {
            match pulse {
                Pulse::Pre(pre) => {
                    let row = usize::from(pre.row);
                    let own = self.pre[row * ADDRESSES + usize::from(pre.address)].last;
                    let addresses = synapses.addresses.row(row);
                    for column in (0..COLUMNS).filter(|&c| addresses[c] == pre.address) {
                        let other = self.post[column];
                        self.pair((row, column, Branch::Acausal), parameters, (own, other), time);
                    }
                }
                Pulse::Post(column) => {
                    let column = usize::from(*column);
                    self.steps.iter_mut().for_each(|steps| steps.at(time).spikes[column] += 1);
                    let own = self.post[column].last;
                    for row in 0..ROWS {
                        let address = usize::from(synapses.addresses.row(row)[column]);
                        let other = self.pre[row * ADDRESSES + address];
                        self.pair((row, column, Branch::Causal), parameters, (own, other), time);
                    }
                }
            }
        }
        for (_, pulse) in pulses {
            let past = match pulse {
                Pulse::Pre(pre) => {
                    &mut self.pre[usize::from(pre.row) * ADDRESSES + usize::from(pre.address)]
                }
                Pulse::Post(column) => &mut self.post[usize::from(*column)],
            };
            let decay = past.last.map_or(0.0, |last| decay(self.tau_ticks, time - last));
            *past = Past { last: Some(time), trace: 1.0 + decay * past.trace };
        }
    }

    fn pair(
        &mut self,
        (row, column, branch): (usize, usize, Branch),
        parameters: &Parameters<'_>,
        (own, other): (Option<u64>, Past),
        time: u64,
    ) {
        let Some(last) = other.last.filter(|last| *last < time) else { return };
        let at = row * COLUMNS + column;
        let mut add = |reference: Reference, [eta_lsb, tau_ticks]: [f64; 2], pulses: f64| {
            let pair = eta_lsb * decay(tau_ticks, time - last);
            self.value[reference.index()][branch.index()][at] += pair * pulses;
        };
        let nominal = [self.eta_lsb, self.tau_ticks];
        if own.is_none_or(|own| last > own) {
            add(Reference::Spread, parameters(row, column, branch), 1.0);
            add(Reference::Nearest, nominal, 1.0);
        }
        add(Reference::All, nominal, other.trace);
        let all = self.eta_lsb * decay(self.tau_ticks, time - last) * other.trace;
        self.steps.iter_mut().for_each(|steps| steps.at(time).values[branch.index()][at] += all);
    }

    /// Clears sensors of a row: bit 0 of a column's byte the causal, bit 1 the anticausal branch.
    pub(crate) fn reset_row(&mut self, row: usize, bits: &[u8; COLUMNS]) {
        for branch in Branch::BOTH {
            for values in &mut self.value {
                let row = &mut values[branch.index()][row * COLUMNS..(row + 1) * COLUMNS];
                for (value, bits) in row.iter_mut().zip(bits) {
                    if bits >> branch.index() & 1 == 1 {
                        *value = 0.0;
                    }
                }
            }
        }
    }

    /// What a branch of a row's sensors has accumulated, LSB.
    pub(crate) fn row(&self, row: usize, branch: Branch, reference: Reference) -> &[f64] {
        &self.value[reference.index()][branch.index()][row * COLUMNS..(row + 1) * COLUMNS]
    }
}

/// What all pairs and spikes brought, in steps of the time since they began.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
struct Steps {
    first_width_ticks: u64,
    /// Doubled as often as the time did not fit.
    width_ticks: u64,
    begun: u64,
    /// The last ones are missing as long as nothing happens.
    seen: Vec<Seen>,
}

#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
struct Seen {
    values: [Vec<f64>; 2],
    spikes: Vec<u32>,
}

impl Steps {
    fn new(width_ticks: u64, now: u64) -> Steps {
        let width_ticks = width_ticks.max(1);
        Steps { first_width_ticks: width_ticks, width_ticks, begun: now, seen: Vec::new() }
    }

    /// The step of a time: a step ends with the tick at which the next begins.
    fn at(&mut self, time: u64) -> &mut Seen {
        let since = time.saturating_sub(self.begun).saturating_sub(1);
        let number = |width_ticks: u64| since / width_ticks;
        while number(self.width_ticks) >= STEPS_MAX {
            self.width_ticks *= 2;
            let pairs =
                self.seen.chunks(2).map(|pair| pair.iter().skip(1).fold(pair[0].clone(), joined));
            self.seen = pairs.collect();
        }
        let number = usize::try_from(number(self.width_ticks)).unwrap_or(0);
        let nothing = || Seen {
            values: [vec![0.0; ROWS * COLUMNS], vec![0.0; ROWS * COLUMNS]],
            spikes: vec![0; COLUMNS],
        };
        if self.seen.len() <= number {
            self.seen.resize_with(number + 1, nothing);
        }
        &mut self.seen[number]
    }

    fn until(&self, now: u64) -> Vec<ReferenceStep<'_>> {
        let elapsed = now.saturating_sub(self.begun).max(1);
        let mut from = 0;
        let mut steps = Vec::new();
        let mut add = |to: u64, values, spikes| {
            let share = (to.min(elapsed) - from) as f64 / elapsed as f64;
            from = to.min(elapsed);
            steps.push(ReferenceStep { share, values, spikes });
            from < elapsed
        };
        let mut more = true;
        for (number, Seen { values: [causal, acausal], spikes }) in (1..).zip(&self.seen) {
            more = add(number * self.width_ticks, [causal, acausal], spikes);
        }
        if more {
            add(elapsed, [&[], &[]], &[]);
        }
        steps
    }
}

fn joined(mut sum: Seen, other: &Seen) -> Seen {
    for (sum, other) in sum.values.iter_mut().zip(&other.values) {
        sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
    }
    sum.spikes.iter_mut().zip(&other.spikes).for_each(|(sum, other)| *sum += other);
    sum
}

fn decay(tau_ticks: f64, age: u64) -> f64 {
    let constants = age as f64 / tau_ticks;
    if constants > OLDEST { 0.0 } else { real::exp(-constants) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ChipConfig;
    use crate::correlation::PrePulse;

    /// Time constant of the synapse's own sensor, whose amplitude is 2 LSB.
    const SPREAD_US: f64 = 3.0;

    /// A synapse of row 3 and column 9 that sees these pulses, at microseconds.
    fn seen(pres: &[u64], posts: &[u64]) -> References {
        let config = ChipConfig::ideal().sensor;
        let synapses = SynapseArray::new();
        let mut references = References::new(&config);
        let mut pulses: Vec<(u64, Pulse)> = Vec::new();
        pulses.extend(
            pres.iter().map(|us| (us * TICKS_PER_US, Pulse::Pre(PrePulse { row: 3, address: 0 }))),
        );
        pulses.extend(posts.iter().map(|us| (us * TICKS_PER_US, Pulse::Post(9))));
        pulses.sort_by_key(|(time, _)| *time);
        for tick in pulses.chunk_by(|(a, _), (b, _)| a == b) {
            references.tick(&synapses, &|_, _, _| [2.0, SPREAD_US * TICKS_PER_US as f64], tick);
        }
        references
    }

    fn value(references: &References, branch: Branch, reference: Reference) -> f64 {
        references.row(3, branch, reference)[9]
    }

    #[test]
    fn pairs_are_the_sums_of_their_exponentials() {
        let config = ChipConfig::ideal().sensor;
        let (pres, posts) = ([10, 14, 30, 31], [12, 15, 16, 32]);
        let references = seen(&pres, &posts);
        let f = |us: u64| config.eta_lsb * real::exp(-(us as f64) / config.tau_us);
        let all = |later: &[u64], earlier: &[u64]| -> f64 {
            let pairs = later.iter().flat_map(|t| earlier.iter().map(move |s| (t, s)));
            pairs.filter(|(t, s)| t > s).map(|(t, s)| f(t - s)).sum()
        };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(value(&references, Branch::Causal, Reference::All), all(&posts, &pres));
        near(value(&references, Branch::Acausal, Reference::All), all(&pres, &posts));
        // 12 follows 10, 15 follows 14, 16 follows 15: no pair; 32 follows 31.
        near(value(&references, Branch::Causal, Reference::Nearest), f(2) + f(1) + f(1));
        near(value(&references, Branch::Acausal, Reference::Nearest), f(2) + f(14));
        let own = |us: f64| 2.0 * real::exp(-us / SPREAD_US);
        near(value(&references, Branch::Causal, Reference::Spread), own(2.0) + 2.0 * own(1.0));
    }

    #[test]
    fn pulses_of_a_tick_do_not_pair_and_resets_clear_their_branch() {
        let mut references = seen(&[10, 20], &[20]);
        let config = ChipConfig::ideal().sensor;
        let earlier = config.eta_lsb * real::exp(-10.0 / config.tau_us);
        assert_eq!(value(&references, Branch::Causal, Reference::All), earlier);
        assert_eq!(value(&references, Branch::Acausal, Reference::All), 0.0);
        references.reset_row(3, &[2; COLUMNS]);
        assert_eq!(value(&references, Branch::Causal, Reference::Nearest), earlier);
        references.reset_row(3, &[1; COLUMNS]);
        assert_eq!(value(&references, Branch::Causal, Reference::Nearest), 0.0);
    }

    #[test]
    fn steps_hold_what_all_pairs_bring_and_double_when_there_are_too_many() {
        let config = ChipConfig::ideal().sensor;
        let synapses = SynapseArray::new();
        let mut references = References::new(&config);
        // A step of 10 us; one that is never restarted.
        let number = references.keep_steps(10 * TICKS_PER_US, 0);
        let show = |references: &mut References, us: u64, pulse| {
            references.tick(&synapses, &|_, _, _| [2.0, 1.0], &[(us * TICKS_PER_US, pulse)]);
        };
        let pre = Pulse::Pre(PrePulse { row: 3, address: 0 });
        for us in [5, 12, 35] {
            show(&mut references, us, pre);
            show(&mut references, us + 2, Pulse::Post(9));
        }
        let spikes = |references: &References, us: u64| -> Vec<(f64, u32)> {
            let steps = references.steps(number, us * TICKS_PER_US);
            let spikes = |step: &ReferenceStep<'_>| step.spikes.get(9).copied().unwrap_or(0);
            steps.iter().map(|step| (step.share, spikes(step))).collect()
        };
        assert_eq!(spikes(&references, 40), [(0.25, 1), (0.25, 1), (0.25, 0), (0.25, 1)]);
        // Nothing more until 80 us: one step for the rest.
        let rest = [(0.125, 1), (0.125, 1), (0.125, 0), (0.125, 1), (0.5, 0)];
        assert_eq!(spikes(&references, 80), rest);
        let sum = |references: &References, branch: Branch| -> f64 {
            let steps = references.steps(number, 400 * TICKS_PER_US);
            let values =
                steps.iter().filter_map(|step| step.values[branch.index()].get(3 * COLUMNS + 9));
            values.sum()
        };
        // 200 us are more than 16 steps of 10: they are 20 us long from then on.
        show(&mut references, 200, Pulse::Post(9));
        let all = spikes(&references, 200);
        assert_eq!((all.len(), all[0], all[1], all[9]), (10, (0.1, 2), (0.1, 1), (0.1, 1)));
        for branch in Branch::BOTH {
            let expected = value(&references, branch, Reference::All);
            assert!(expected > 0.0 && (sum(&references, branch) - expected).abs() < 1e-12);
        }
        references.restart_steps(number, 200 * TICKS_PER_US);
        assert_eq!(spikes(&references, 210), [(1.0, 0)]);
    }
}
