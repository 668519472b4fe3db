//! Several chips: what links do to spikes, and that threads and pieces of a run do not matter.

use std::sync::Mutex;

use pl_chip::events::poisson;
use pl_chip::{Branch, ChipConfig, Cluster, InProcess, InputEvent, Spike, Target, Transport};
use proptest::prelude::*;

/// Default delay and step, ticks.
const DELAY: u64 = 325;
const STEP: u64 = 25;

/// Chips in one process, whose events are also written down.
#[derive(Default)]
struct Logged {
    inner: InProcess,
    log: Mutex<Vec<(usize, InputEvent)>>,
}

impl Transport for Logged {
    fn begin(&mut self, chips: usize, threads: usize) {
        self.inner.begin(chips, threads);
    }

    fn send(&self, to: usize, events: &[InputEvent]) {
        self.log.lock().expect("no thread panics").extend(events.iter().map(|event| (to, *event)));
        self.inner.send(to, events);
    }

    fn receive(&self, chip: usize) -> Vec<InputEvent> {
        self.inner.receive(chip)
    }

    fn meet(&self) {
        self.inner.meet();
    }
}

/// Poisson input on row 0, address 0, of both hemispheres of `chip`.
fn drive<T: Transport>(cluster: &mut Cluster<T>, chip: usize, rate_hz: f64, to: u64) {
    let mut events = Vec::new();
    for hemisphere in 0..2 {
        let target = Target { hemisphere, row: 0, address: 0 };
        poisson(5, chip as u64, target, rate_hz, 0, to, &mut events);
        cluster.chip_mut(chip).write_weights_row(hemisphere.into(), 0, &[40; 256]);
    }
    cluster.enqueue(chip, &events);
}

/// Two chips, all neurons of chip 0 wired to chip 1, run with `config`; the spikes of chip 0 and
/// the events that chip 1 was sent.
fn one_way(config: &ChipConfig, to: u64) -> (Vec<Spike>, Vec<InputEvent>, Cluster<Logged>) {
    let mut cluster = Cluster::with_transport(config, 2, 1, Logged::default());
    for h in 0..2 {
        for column in 0..=255_u8 {
            let target = Target { hemisphere: 1, row: column, address: h * 8 };
            cluster.connect(0, (h.into(), column.into()), 1, target);
        }
    }
    drive(&mut cluster, 0, 300e3, to);
    cluster.run_until(to);
    let spikes = cluster.chip_mut(0).take_spikes();
    let log = cluster_log(&cluster);
    (spikes, log, cluster)
}

fn cluster_log(cluster: &Cluster<Logged>) -> Vec<InputEvent> {
    cluster
        .transport()
        .log
        .lock()
        .expect("no thread panics")
        .iter()
        .map(|(_, event)| *event)
        .collect()
}

#[test]
fn an_event_arrives_exactly_after_the_delay() {
    let mut config = ChipConfig::ideal();
    config.neuron.level_sigma_lsb = 1.5;
    config.link.interval_us = 0.0;
    let (spikes, events, cluster) = one_way(&config, 200_000);
    assert!(spikes.len() > 1_000, "{}", spikes.len());
    let event = |spike: &Spike| InputEvent {
        time: spike.time + DELAY,
        hemisphere: 1,
        row: spike.column,
        address: spike.hemisphere * 8,
    };
    assert_eq!(events, spikes.iter().map(event).collect::<Vec<_>>());
    let counters = cluster.link_counters(0, 1);
    assert_eq!((counters.sent, counters.dropped, counters.lost), (spikes.len() as u64, 0, 0));
    assert_eq!(cluster.link_counters(1, 0), cluster.link_counters(1, 1));
}

#[test]
fn a_link_carries_one_event_at_a_time_and_drops_what_finds_its_queue_full() {
    // Without spread all neurons of a hemisphere fire in the same tick.
    let mut config = ChipConfig::ideal();
    config.link.queue = 20.0;
    let (spikes, events, cluster) = one_way(&config, 100_000);
    let counters = cluster.link_counters(0, 1);
    assert_eq!(counters.sent, events.len() as u64);
    assert_eq!(counters.sent + counters.dropped, spikes.len() as u64);
    assert!(counters.dropped > counters.sent, "{counters:?}");
    // 8 ns an event, also between those of two hemispheres.
    assert!(events.windows(2).all(|pair| pair[1].time >= pair[0].time + 2));
    assert!(events.iter().all(|event| spikes.iter().any(|spike| spike.time + DELAY <= event.time)));
}

#[test]
fn losses_and_jitter_have_the_statistics_of_their_parameters() {
    let mut config = ChipConfig::ideal();
    config.neuron.level_sigma_lsb = 1.5;
    config.link.interval_us = 0.0;
    config.link.loss = 0.2;
    let (spikes, _, cluster) = one_way(&config, 400_000);
    let counters = cluster.link_counters(0, 1);
    let n = spikes.len() as f64;
    assert_eq!(counters.sent + counters.lost, spikes.len() as u64);
    // Four standard errors.
    let lost = counters.lost as f64 / n;
    assert!((lost - 0.2).abs() < 4.0 * (0.2 * 0.8 / n).sqrt(), "{lost} of {n}");

    config.link.loss = 0.0;
    config.link.jitter_us = 0.1;
    let (spikes, events, _) = one_way(&config, 400_000);
    let jitter = spikes.iter().zip(&events).map(|(spike, event)| event.time - spike.time);
    let jitter: Vec<f64> = jitter.map(|ticks| ticks as f64 - DELAY as f64).collect();
    let n = jitter.len() as f64;
    let mean = jitter.iter().sum::<f64>() / n;
    let variance = jitter.iter().map(|j| (j - mean) * (j - mean)).sum::<f64>() / n;
    // Uniform on 51 ticks around the delay.
    let expected = (51.0 * 51.0 - 1.0) / 12.0;
    assert!(jitter.iter().all(|j| j.abs() <= 25.0));
    assert!(mean.abs() < 4.0 * (expected / n).sqrt(), "{mean}");
    assert!((variance / expected - 1.0).abs() < 4.0 * (0.8 / n).sqrt(), "{variance}");
}

/// Six chips that excite and inhibit each other.
fn network(seed: u64, threads: usize) -> Cluster {
    let mut config = ChipConfig::mismatch();
    config.link.loss = 0.05;
    let mut cluster = Cluster::new(&config, 6, seed);
    cluster.set_threads(threads);
    for chip in 0..6 {
        for h in 0..2_u8 {
            for row in 1..40_u8 {
                cluster.chip_mut(chip).write_weights_row(h.into(), row.into(), &[row; 256]);
            }
            for column in (0..=255_u8).step_by(5) {
                let to = (chip + 1 + usize::from(column) % 4) % 6;
                let target = Target { hemisphere: h ^ 1, row: column / 7 + 1, address: 0 };
                if to != chip {
                    cluster.connect(chip, (h.into(), column.into()), to, target);
                }
            }
        }
        drive(&mut cluster, chip, 500e3, 60_000);
    }
    cluster
}

/// Runs in pieces that end at `cuts`; after each, weights follow the sensors, as under a rule.
fn learn(cluster: &mut Cluster, cuts: &[u64]) -> (Vec<Vec<Spike>>, Vec<[u8; 256]>) {
    for &cut in cuts {
        cluster.run_until(cut);
        for chip in (0..cluster.len()).filter(|_| cut % 20_000 == 0) {
            for row in 1..40 {
                let codes = cluster.chip(chip).correlation_codes_row(0, row, Branch::Causal);
                let weights = cluster.chip(chip).weights_row(0, row);
                let changed = std::array::from_fn(|c| (weights[c] + u8::from(codes[c] < 190)) % 64);
                cluster.chip_mut(chip).write_weights_row(0, row, &changed);
            }
        }
    }
    let chips = 0..cluster.len();
    let weights = chips.clone().flat_map(|chip| (0..40).map(move |row| (chip, row)));
    let weights = weights.map(|(chip, row)| cluster.chip(chip).weights_row(0, row)).collect();
    (chips.map(|chip| cluster.chip_mut(chip).take_spikes()).collect(), weights)
}

#[test]
fn any_number_of_threads_gives_the_same_spikes_and_weights() {
    let cuts = [20_000, 40_000, 60_000];
    let (spikes, weights) = learn(&mut network(7, 1), &cuts);
    assert!(spikes.iter().all(|spikes| spikes.len() > 500));
    for threads in [2, 3, 4, 9] {
        let mut cluster = network(7, threads);
        assert_eq!(learn(&mut cluster, &cuts), (spikes.clone(), weights.clone()), "{threads}");
        assert!(cluster.all_link_counters().lost > 0);
    }
    assert_ne!(learn(&mut network(8, 2), &cuts).0, spikes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn pieces_of_a_run_do_not_matter(cuts in prop::collection::vec(0..60_000_u64, 0..8)) {
        let whole = learn(&mut network(7, 1), &[20_000, 40_000, 60_000]);
        let mut cuts: Vec<u64> = cuts.into_iter().filter(|cut| cut % 20_000 != 0).collect();
        cuts.extend([20_000, 40_000, 60_000]);
        cuts.sort_unstable();
        prop_assert_eq!(learn(&mut network(7, 2), &cuts), whole);
    }
}

#[test]
fn a_spike_goes_round_fifty_chips() {
    let mut config = ChipConfig::ideal();
    config.neuron.psp_lsb_per_weight = 1.0;
    let mut cluster = Cluster::new(&config, 50, 1);
    cluster.set_threads(2);
    for chip in 0..50 {
        // Only column 3 answers to address 9.
        let addresses = std::array::from_fn(|column| if column == 3 { 9 } else { 0 });
        cluster.chip_mut(chip).write_weights_row(1, 7, &[63; 256]);
        cluster.chip_mut(chip).write_address_row(1, 7, &addresses);
        let target = Target { hemisphere: 1, row: 7, address: 9 };
        cluster.connect(chip, (1, 3), (chip + 1) % 50, target);
    }
    cluster.enqueue(0, &[InputEvent { time: 40, hemisphere: 1, row: 7, address: 9 }]);
    cluster.run_until(100_000);
    let spikes: Vec<Vec<Spike>> = (0..50).map(|c| cluster.chip_mut(c).take_spikes()).collect();
    assert!(spikes.iter().flatten().all(|spike| (spike.hemisphere, spike.column) == (1, 3)));
    let first: Vec<u64> = spikes.iter().map(|spikes| spikes[0].time).collect();
    let hops: Vec<u64> = first.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Every hop takes the delay and the same rise of a membrane, to the resolution of a step.
    assert!(hops.iter().all(|hop| *hop > DELAY && hop.abs_diff(hops[0]) <= STEP), "{hops:?}");
}
