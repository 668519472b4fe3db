//! Sensors without circuits, beside those of a hemisphere: what the equations of a rule mean by
//! correlation. In double precision, all alike, without mismatch, noise, saturation or conversion, and
//! for two ways to pair pulses.
//!
//! ```text
//! nearest:  as the chip, the last pulse of the other side if it came after the last of the own
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

/// Which pulses form pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Each pulse with the last one of the other side, once.
    Nearest,
    /// Each pulse with all earlier ones of the other side.
    All,
}

impl Pairing {
    const fn index(self) -> usize {
        match self {
            Pairing::Nearest => 0,
            Pairing::All => 1,
        }
    }
}

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
pub(crate) struct Reference {
    eta_lsb: f64,
    tau_ticks: f64,
    /// `[row * 64 + address]`, and by column.
    pre: Vec<Past>,
    post: Vec<Past>,
    /// By pairing and branch, `[row * 256 + column]`.
    value: [[Vec<f64>; 2]; 2],
}

impl Reference {
    pub(crate) fn new(config: &SensorConfig) -> Reference {
        let plane = || vec![0.0; ROWS * COLUMNS];
        Reference {
            eta_lsb: config.eta_lsb,
            tau_ticks: config.tau_us * TICKS_PER_US as f64,
            pre: vec![Past::default(); ROWS * ADDRESSES],
            post: vec![Past::default(); COLUMNS],
            value: [[plane(), plane()], [plane(), plane()]],
        }
    }

    /// Lets all pulses of a tick act.
    pub(crate) fn tick(&mut self, synapses: &SynapseArray, time: u64, pulses: &[(u64, Pulse)]) {
        for (_, pulse) in pulses {
            match pulse {
                Pulse::Pre(pre) => {
                    let row = usize::from(pre.row);
                    let own = self.pre[row * ADDRESSES + usize::from(pre.address)].last;
                    let addresses = synapses.addresses.row(row);
                    for column in (0..COLUMNS).filter(|&c| addresses[c] == pre.address) {
                        let other = self.post[column];
                        self.pair(Branch::Acausal, row, column, (own, other), time);
                    }
                }
                Pulse::Post(column) => {
                    let column = usize::from(*column);
                    let own = self.post[column].last;
                    for row in 0..ROWS {
                        let address = usize::from(synapses.addresses.row(row)[column]);
                        let other = self.pre[row * ADDRESSES + address];
                        self.pair(Branch::Causal, row, column, (own, other), time);
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
        branch: Branch,
        row: usize,
        column: usize,
        (own, other): (Option<u64>, Past),
        time: u64,
    ) {
        let Some(last) = other.last.filter(|last| *last < time) else { return };
        let decay = decay(self.tau_ticks, time - last);
        if decay == 0.0 {
            return;
        }
        let decayed = self.eta_lsb * decay;
        let at = row * COLUMNS + column;
        if own.is_none_or(|own| last > own) {
            self.value[Pairing::Nearest.index()][branch.index()][at] += decayed;
        }
        self.value[Pairing::All.index()][branch.index()][at] += decayed * other.trace;
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
    pub(crate) fn row(&self, row: usize, branch: Branch, pairing: Pairing) -> &[f64] {
        &self.value[pairing.index()][branch.index()][row * COLUMNS..(row + 1) * COLUMNS]
    }
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

    /// A synapse of row 3 and column 9 that sees these pulses, at microseconds.
    fn seen(pres: &[u64], posts: &[u64]) -> Reference {
        let config = ChipConfig::ideal().sensor;
        let synapses = SynapseArray::new();
        let mut reference = Reference::new(&config);
        let mut pulses: Vec<(u64, Pulse)> = Vec::new();
        pulses.extend(
            pres.iter().map(|us| (us * TICKS_PER_US, Pulse::Pre(PrePulse { row: 3, address: 0 }))),
        );
        pulses.extend(posts.iter().map(|us| (us * TICKS_PER_US, Pulse::Post(9))));
        pulses.sort_by_key(|(time, _)| *time);
        for tick in pulses.chunk_by(|(a, _), (b, _)| a == b) {
            reference.tick(&synapses, tick[0].0, tick);
        }
        reference
    }

    fn value(reference: &Reference, branch: Branch, pairing: Pairing) -> f64 {
        reference.row(3, branch, pairing)[9]
    }

    #[test]
    fn pairs_are_the_sums_of_their_exponentials() {
        let config = ChipConfig::ideal().sensor;
        let (pres, posts) = ([10, 14, 30, 31], [12, 15, 16, 32]);
        let reference = seen(&pres, &posts);
        let f = |us: u64| config.eta_lsb * real::exp(-(us as f64) / config.tau_us);
        let all = |later: &[u64], earlier: &[u64]| -> f64 {
            let pairs = later.iter().flat_map(|t| earlier.iter().map(move |s| (t, s)));
            pairs.filter(|(t, s)| t > s).map(|(t, s)| f(t - s)).sum()
        };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(value(&reference, Branch::Causal, Pairing::All), all(&posts, &pres));
        near(value(&reference, Branch::Acausal, Pairing::All), all(&pres, &posts));
        // 12 follows 10, 15 follows 14, 16 follows 15: no pair; 32 follows 31.
        near(value(&reference, Branch::Causal, Pairing::Nearest), f(2) + f(1) + f(1));
        near(value(&reference, Branch::Acausal, Pairing::Nearest), f(2) + f(14));
    }

    #[test]
    fn pulses_of_a_tick_do_not_pair_and_resets_clear_their_branch() {
        let mut reference = seen(&[10, 20], &[20]);
        let config = ChipConfig::ideal().sensor;
        let earlier = config.eta_lsb * real::exp(-10.0 / config.tau_us);
        assert_eq!(value(&reference, Branch::Causal, Pairing::All), earlier);
        assert_eq!(value(&reference, Branch::Acausal, Pairing::All), 0.0);
        reference.reset_row(3, &[2; COLUMNS]);
        assert_eq!(value(&reference, Branch::Causal, Pairing::Nearest), earlier);
        reference.reset_row(3, &[1; COLUMNS]);
        assert_eq!(value(&reference, Branch::Causal, Pairing::Nearest), 0.0);
    }
}
