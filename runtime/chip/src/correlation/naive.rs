//! The sensors against a model that keeps every synapse's latch and times, as the circuit does.
//!
//! Both use the same arithmetic for one pair, so accumulators must be equal bit for bit.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Accumulator, Branch, Correlation, PrePulse, Pulse};
use crate::config::ChipConfig;
use crate::events::index_byte;
use crate::lanes::{self, Level, Saturation};
use crate::synapse_array::SynapseArray;

/// Rows in one block, in neighbouring blocks and at the ends; columns likewise.
const ROWS: [usize; 5] = [0, 1, 15, 16, 255];
const COLUMNS: [usize; 5] = [0, 1, 63, 64, 255];

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Last {
    #[default]
    Neither,
    Pre,
    Post,
}

/// One synapse: which pulse came last, when the last ones came, what has accumulated.
#[derive(Clone, Copy, Debug, Default)]
struct Synapse {
    address: u8,
    last: Last,
    pre: u64,
    post: u64,
    accumulated: [f32; 2],
}

#[derive(Clone, Debug)]
enum Action {
    /// Wait, then pulses in one tick: (row, address) and columns, by index.
    Pulses {
        wait: u64,
        pres: Vec<(usize, u8)>,
        posts: Vec<usize>,
    },
    Rewrite {
        row: usize,
        column: usize,
        address: u8,
    },
    Reset {
        row: usize,
        bits: u8,
    },
}

fn action() -> impl Strategy<Value = Action> {
    let wait = prop_oneof![
        8 => 1..400_u64,
        2 => 400..100_000_u64,
        // Long enough to move the epoch and to let stamps expire.
        1 => 500_000_000..6_000_000_000_u64,
    ];
    let pres = prop::collection::vec((0..ROWS.len(), 0..3_u8), 0..4);
    let posts = prop::collection::btree_set(0..COLUMNS.len(), 0..3);
    prop_oneof![
        8 => (wait, pres, posts).prop_map(|(wait, pres, posts)| Action::Pulses {
            wait,
            pres,
            posts: posts.into_iter().collect()
        }),
        3 => (0..ROWS.len(), 0..COLUMNS.len(), 0..3_u8)
            .prop_map(|(row, column, address)| Action::Rewrite { row, column, address }),
        1 => (0..ROWS.len(), 0..4_u8).prop_map(|(row, bits)| Action::Reset { row, bits }),
    ]
}

/// The naive model and what it needs to know of the sensors' parameters.
struct Naive {
    synapses: BTreeMap<(usize, usize), Synapse>,
    /// Amplitude and decay of both branches.
    parameters: BTreeMap<(usize, usize), [(f32, f32); 2]>,
    saturation: Saturation,
    ties: u64,
}

impl Naive {
    fn new(sensors: &Correlation) -> Naive {
        let places = || ROWS.iter().flat_map(|&r| COLUMNS.iter().map(move |&c| (r, c)));
        let parameters = places().map(|(r, c)| {
            let lane = r * crate::COLUMNS + c;
            let branch = |branch: &Accumulator| (branch.eta[lane], branch.decay[lane]);
            ((r, c), [branch(&sensors.causal), branch(&sensors.acausal)])
        });
        Naive {
            synapses: places().map(|place| (place, Synapse::default())).collect(),
            parameters: parameters.collect(),
            saturation: sensors.saturation,
            ties: 0,
        }
    }

    fn pulses(&mut self, pres: &[(usize, u8)], posts: &[usize], time: u64) {
        for (&(row, column), synapse) in &mut self.synapses {
            let pre = pres.contains(&(row, synapse.address));
            let post = posts.contains(&column);
            let mut pair = |branch: Branch, since: u64| {
                let b = branch.index();
                let (eta, decay) = self.parameters[&(row, column)][b];
                // Ages that a stamp cannot express are beyond the oldest pair.
                let age = u32::try_from(time - since).unwrap_or(u32::MAX).min(1 << 30);
                let a = synapse.accumulated[b];
                let added = lanes::increment(age, decay, eta, a, self.saturation);
                synapse.accumulated[b] = a + added;
            };
            match (pre, post) {
                (true, true) => {
                    self.ties += 1;
                    synapse.last = Last::Neither;
                }
                (true, false) => {
                    if synapse.last == Last::Post {
                        pair(Branch::Acausal, synapse.post);
                    }
                    synapse.last = Last::Pre;
                }
                (false, true) => {
                    if synapse.last == Last::Pre {
                        pair(Branch::Causal, synapse.pre);
                    }
                    synapse.last = Last::Post;
                }
                (false, false) => {}
            }
            if pre {
                synapse.pre = time;
            }
            if post {
                synapse.post = time;
            }
        }
    }
}

fn pre_pulse(row: usize, address: u8) -> PrePulse {
    PrePulse { row: index_byte(row), address }
}

/// Shows the sensors the pulses of a tick as a step of the network does.
fn show(sensors: &mut Correlation, pres: &[PrePulse], posts: &[usize], time: u64) {
    for &pulse in pres {
        sensors.show(time, Pulse::Pre(pulse));
    }
    for &column in posts {
        sensors.show(time, Pulse::Post(index_byte(column)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn shared_times_equal_a_latch_in_every_synapse(
        actions in prop::collection::vec(action(), 1..120),
        level in prop::sample::select(Level::available()),
        together in any::<bool>(),
    ) {
        let mut config = ChipConfig::mismatch().sensor;
        config.eta_lsb = 15.0;
        let mut synapses = SynapseArray::new();
        let mut sensors = Correlation::new(&config, &synapses, 3, 1, level);
        let mut naive = Naive::new(&sensors);
        let mut time = 0;
        for action in actions {
            match action {
                Action::Pulses { wait, pres, posts } => {
                    time += wait;
                    let pres: Vec<(usize, u8)> = pres.iter().map(|&(r, a)| (ROWS[r], a)).collect();
                    let posts: Vec<usize> = posts.iter().map(|&c| COLUMNS[c]).collect();
                    let pulses: Vec<PrePulse> =
                        pres.iter().map(|&(row, address)| pre_pulse(row, address)).collect();
                    naive.pulses(&pres, &posts, time);
                    show(&mut sensors, &pulses, &posts, time);
                    if together {
                        continue;
                    }
                }
                Action::Rewrite { row, column, address } => {
                    sensors.settle(&synapses);
                    let (row, column) = (ROWS[row], COLUMNS[column]);
                    let old = synapses.addresses.row(row)[column];
                    synapses.write_address(row, column, address);
                    sensors.address_changed(row, column, old, address);
                    if let Some(synapse) = naive.synapses.get_mut(&(row, column)) {
                        synapse.address = address;
                    }
                }
                Action::Reset { row, bits } => {
                    sensors.settle(&synapses);
                    sensors.reset_row(ROWS[row], &[bits; crate::COLUMNS], time);
                    for (_, synapse) in naive.synapses.iter_mut().filter(|(p, _)| p.0 == ROWS[row]) {
                        for b in 0..2 {
                            if bits >> b & 1 == 1 {
                                synapse.accumulated[b] = 0.0;
                            }
                        }
                    }
                }
            }
            sensors.settle(&synapses);
            for (&(row, column), synapse) in &naive.synapses {
                let ours = Branch::BOTH.map(|branch| sensors.accumulated(row, branch)[column]);
                prop_assert_eq!(
                    ours.map(f32::to_bits),
                    synapse.accumulated.map(f32::to_bits),
                    "row {} column {}: {:?}", row, column, synapse
                );
            }
        }
        sensors.settle(&synapses);
        prop_assert_eq!(sensors.ties(), naive.ties);
    }
}

#[test]
fn a_rewritten_address_counts_from_its_next_event_on() {
    let config = ChipConfig::ideal().sensor;
    let mut synapses = SynapseArray::new();
    let mut sensors = Correlation::new(&config, &synapses, 0, 0, Level::detect());
    let pre = |address| [pre_pulse(3, address)];
    show(&mut sensors, &pre(1), &[], 100);
    sensors.settle(&synapses);
    // The synapse of address 0 takes address 1, which has just had an event.
    synapses.write_address(3, 9, 1);
    sensors.address_changed(3, 9, 0, 1);
    show(&mut sensors, &[], &[9], 200);
    sensors.settle(&synapses);
    assert_eq!(sensors.accumulated(3, Branch::Causal)[9], 0.0);
    show(&mut sensors, &pre(1), &[], 300);
    show(&mut sensors, &[], &[9], 400);
    sensors.settle(&synapses);
    assert!(sensors.accumulated(3, Branch::Causal)[9] > 0.4);
}
