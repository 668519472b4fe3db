//! The way of events through links, crossbar, buses and drivers.

use pl_chip::events::poisson;
use pl_chip::{
    Branch, Chip, ChipConfig, CrossbarInput, CrossbarOutput, Driver, Generator, InputEvent, Label,
    LinkEvent, Node, RowMode, Spike, Target,
};
use proptest::prelude::*;

const LATENCY: u64 = 25;

fn bus(hemisphere: u8, bus: u8) -> CrossbarOutput {
    CrossbarOutput::Bus { hemisphere, bus }
}

/// How far neuron 0 of a hemisphere has moved, in units of weight.
fn moved(chip: &Chip, h: usize) -> f64 {
    (f64::from(chip.membranes_lsb(h)[0]) - 80.0) / 0.125
}

/// A chip with weight 1 + `row` mod 64 and address 0 everywhere.
fn chip_of(config: &ChipConfig) -> Chip {
    let mut chip = Chip::new(config, 1);
    for h in 0..2 {
        for (row, weight) in (0..256).zip((0..64).cycle()) {
            chip.write_weights_row(h, row, &[weight; 256]);
        }
    }
    chip
}

#[test]
fn an_event_of_the_host_reaches_the_driver_its_label_names() {
    let mut chip = chip_of(&ChipConfig::ideal());
    for b in 0..4 {
        chip.set_crossbar_node(CrossbarInput::Link(2), bus(1, b), Some(Node::OPEN));
    }
    // Bus 3 is masked: only labels with row select 5 pass.
    let node = Node { mask: 0x1f << 6, target: 5 << 6 };
    chip.set_crossbar_node(CrossbarInput::Link(2), bus(1, 3), Some(node));
    let send = |select, address| LinkEvent { time: 0, label: Label::new(2, select, address) };
    // The response 10 us after an event is its peak: a tick of latency is a four-thousandth of it.
    let response = |chip: &Chip, events: &[LinkEvent]| {
        let mut chip = chip.clone();
        chip.send_to_links(events);
        chip.run_until(2_525, &[]);
        assert_eq!(moved(&chip, 0), 0.0);
        (moved(&chip, 1), chip.event_counters())
    };
    // Position 5 on all buses: drivers 20 to 23, rows 40 to 47.
    let (peak, counters) = response(&chip, &[send(5, 0)]);
    assert!((peak - (40..48).sum::<i32>() as f64).abs() < 0.01, "{peak}");
    assert_eq!(counters.from_host, [0, 0, 1, 0]);
    assert_eq!(counters.passed, [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0]);
    // Position 6 without bus 3: drivers 24 to 26.
    let (peak, _) = response(&chip, &[send(6, 0)]);
    assert!((peak - (48..54).sum::<i32>() as f64).abs() < 0.01, "{peak}");
    // No synapse has address 1.
    assert_eq!(response(&chip, &[send(5, 1)]).0, 0.0);
    // Other links have no nodes.
    let (peak, counters) = response(&chip, &[LinkEvent { time: 0, label: Label::new(1, 5, 0) }]);
    assert_eq!((peak, counters.filtered[CrossbarInput::Link(1).index()]), (0.0, 1));
    // A driver that does not compare takes part; one row of it is off, the other inhibits.
    chip.set_driver(1, 12, Driver { compare_mask: 0, ..Driver::default() });
    chip.set_row_mode(1, 24, RowMode::Disabled);
    chip.set_row_mode(1, 25, RowMode::Inhibitory);
    let (peak, _) = response(&chip, &[send(5, 0)]);
    assert!((peak - ((40..48).sum::<i32>() - 25) as f64).abs() < 0.01, "{peak}");
}

#[test]
fn an_event_acts_one_latency_after_it_was_sent() {
    let mut config = ChipConfig::ideal();
    config.routing.latency_us = 0.3;
    let mut sent = chip_of(&config);
    sent.set_crossbar_node(CrossbarInput::Link(0), bus(0, 1), Some(Node::OPEN));
    let mut given = sent.clone();
    sent.send_to_links(&[LinkEvent { time: 1_003, label: Label::new(0, 2, 0) }]);
    let rows = [18, 19].map(|row| InputEvent { time: 1_078, hemisphere: 0, row, address: 0 });
    given.run_until(0, &rows);
    for end in [1_000, 1_075, 1_100, 1_200, 5_000] {
        sent.run_until(end, &[]);
        given.run_until(end, &[]);
        assert_eq!(sent.membranes_lsb(0), given.membranes_lsb(0), "{end}");
    }
}

#[test]
fn synapses_behind_a_driver_without_address_out_see_the_highest_bit_only() {
    let mut chip = chip_of(&ChipConfig::ideal());
    chip.set_driver(0, 4, Driver { address_out: false, ..Driver::default() });
    let peak = |chip: &Chip, address| {
        let mut chip = chip.clone();
        chip.send(0, 8, address);
        chip.run_until(2_500, &[]);
        moved(&chip, 0)
    };
    assert!((peak(&chip, 0x1f) - 17.0).abs() < 0.01);
    assert_eq!(peak(&chip, 0x20), 0.0);
    chip.write_address_row(0, 9, &[0x20; 256]);
    assert!((peak(&chip, 0x35) - 9.0).abs() < 0.01);
}

#[test]
fn what_exceeds_the_bandwidth_of_a_bus_or_link_is_delayed_then_dropped() {
    let mut config = ChipConfig::ideal();
    config.routing.bus_queue = 3.0;
    config.routing.link_queue = 9.0;
    let mut chip = Chip::new(&config, 1);
    let host = CrossbarInput::Link(0);
    chip.set_crossbar_node(host, bus(0, 0), Some(Node::OPEN));
    chip.set_crossbar_node(host, CrossbarOutput::Link(0), Some(Node::OPEN));
    // A hundred events at once: one passes the link, nine wait, the others are lost. They leave it
    // two ticks apart, as fast as the crossbar works.
    let burst = [LinkEvent { time: 500, label: Label::new(0, 0, 0) }; 100];
    chip.send_to_links(&burst);
    chip.run_until(1_000, &[]);
    let counters = chip.event_counters();
    assert_eq!((counters.from_host[0], counters.dropped_at_link[0]), (10, 90));
    assert_eq!((counters.passed[0], counters.dropped), (10, [0; 20]));
    let times: Vec<u64> = chip.take_link_events().iter().map(|event| event.time).collect();
    let expected: Vec<u64> = (0..10).map(|i| 500 + 2 * i + LATENCY).collect();
    assert_eq!(times, expected);
    // Two links into one bus: every second event of what comes together finds no room.
    chip.set_crossbar_node(CrossbarInput::Link(1), bus(0, 0), Some(Node::OPEN));
    let both: Vec<LinkEvent> = (0..200)
        .map(|i| LinkEvent { time: 2_000 + i / 2 * 2, label: Label::new((i % 2) as u8, 0, 0) })
        .collect();
    chip.send_to_links(&both);
    chip.run_until(3_000, &[]);
    let after = chip.event_counters();
    let passed = after.passed[0] - counters.passed[0];
    let dropped = after.dropped.iter().sum::<u64>();
    assert_eq!(passed + dropped, 200);
    assert!((100..=104).contains(&passed), "{passed}");
}

#[test]
fn spikes_come_to_the_host_with_their_labels() {
    let mut chip = chip_of(&ChipConfig::ideal());
    for column in [3, 70, 200] {
        let strong = pl_chip::NeuronParameters { offset_lsb: 100.0, ..chip.neuron(1, column) };
        chip.set_neuron(1, column, strong);
    }
    let output = |i| CrossbarOutput::Link(i);
    chip.set_crossbar_node(CrossbarInput::Neurons(0), output(0), Some(Node::OPEN));
    chip.set_crossbar_node(CrossbarInput::Neurons(2), output(2), Some(Node::OPEN));
    chip.set_crossbar_node(CrossbarInput::Neurons(6), output(2), Some(Node::OPEN));
    chip.set_neuron_label(1, 3, Some(0xc1));
    chip.set_neuron_label(1, 200, None);
    chip.run_until(250_000, &[]);
    let spikes = chip.take_spikes();
    let expected = |column: u8, label: Label| -> Vec<LinkEvent> {
        let own = spikes.iter().filter(|spike| spike.column == column);
        own.map(|spike| LinkEvent { time: spike.time + LATENCY, label }).collect()
    };
    let mut all = expected(3, Label(0x00c1));
    // Column 70 is number 6 of output 2, on the bottom hemisphere: own bits 32 + 6.
    all.extend(expected(70, Label(0x8000 | 2 << 8 | 38)));
    all.sort();
    assert!(all.len() > 20 && spikes.iter().any(|spike| spike.column == 200));
    all.retain(|event| event.time <= chip.now());
    assert_eq!(chip.take_link_events(), all);
}

#[test]
fn a_generator_drives_the_rows_of_its_bus() {
    let mut chip = chip_of(&ChipConfig::ideal());
    let label = Label::new(0, 9, 0);
    let regular = Generator::regular_at(20e3, label).unwrap();
    chip.set_generator(5, Some(regular));
    assert_eq!(chip.generator(5), Some(regular));
    chip.set_crossbar_node(CrossbarInput::Generator(5), bus(1, 1), Some(Node::OPEN));
    let mut given = chip_of(&ChipConfig::ideal());
    let events: Vec<InputEvent> = (1..40)
        .map(|i| 12_500 * i + LATENCY)
        .flat_map(|time| [74, 75].map(|row| InputEvent { time, hemisphere: 1, row, address: 0 }))
        .collect();
    chip.run_until(500_000, &[]);
    given.run_until(500_000, &events);
    assert_eq!(chip.membranes_lsb(1), given.membranes_lsb(1));
    assert_eq!(chip.event_counters().passed[5], 39);
    chip.set_generator(5, None);
    chip.run_until(1_000_000, &[]);
    assert_eq!(chip.event_counters().passed[5], 39);
}

/// A network that runs on its own events: neurons of both hemispheres through the crossbar, two
/// generators, the host, and a wire.
fn network(seed: u64, latency_us: f64) -> Chip {
    let mut config = ChipConfig::mismatch();
    config.routing.latency_us = latency_us;
    config.routing.bus_interval_us = 0.1;
    config.routing.bus_queue = 1.0;
    config.neuron.offset_lsb = 45.0;
    let mut chip = Chip::new(&config, seed);
    for h in 0..2 {
        let mut byte = 7_u8;
        for row in 0..256 {
            let mut next = || {
                byte = byte.wrapping_mul(29).wrapping_add(17);
                byte
            };
            chip.write_weights_row(h, row, &std::array::from_fn(|_| next() / 4));
            chip.write_address_row(h, row, &std::array::from_fn(|_| next() / 32));
        }
        for driver in 0..128 {
            let settings = Driver { compare_mask: 0b00011, ..Driver::default() };
            chip.set_driver(h, driver, settings);
            chip.set_row_mode(h, 2 * driver + 1, RowMode::Inhibitory);
        }
    }
    for i in 0..8 {
        let node = Some(Node { mask: 0x8, target: 0 });
        let bus = CrossbarOutput::Bus { hemisphere: i / 4, bus: i % 4 };
        chip.set_crossbar_node(CrossbarInput::Neurons(i), bus, node);
        chip.set_crossbar_node(CrossbarInput::Neurons(i), CrossbarOutput::Link(i % 4), node);
    }
    for (i, number) in [(1, 1), (6, 6)] {
        let generator = Generator::random_at(400e3, 3, 0xc7, Label::new(0, 0, 0));
        chip.set_generator(i, generator);
        let output = CrossbarOutput::all()[i];
        chip.set_crossbar_node(CrossbarInput::Generator(number), output, Some(Node::OPEN));
    }
    chip.set_crossbar_node(CrossbarInput::Link(3), bus(0, 2), Some(Node::OPEN));
    chip.connect(0, 100, Target { hemisphere: 1, row: 4, address: 2 });
    let mut events = Vec::new();
    let target = Target { hemisphere: 0, row: 0, address: 0 };
    poisson(5, 0, target, 100e3, 0, END, &mut events);
    let label = Label::new(3, 1, 3);
    let host: Vec<LinkEvent> =
        events.iter().map(|event| LinkEvent { time: event.time, label }).collect();
    chip.send_to_links(&host);
    chip
}

const END: u64 = 250_000;

type Seen = (Vec<Spike>, Vec<LinkEvent>, Vec<u32>, pl_chip::EventCounters);

fn observe(chip: &mut Chip) -> Seen {
    let mut state: Vec<u32> = Vec::new();
    for h in 0..2 {
        state.extend(chip.membranes_lsb(h).map(f32::to_bits));
        for row in (0..256).step_by(9) {
            for branch in Branch::BOTH {
                state.extend(chip.accumulated_row(h, row, branch).map(f32::to_bits));
            }
        }
    }
    (chip.take_spikes(), chip.take_link_events(), state, chip.event_counters())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn pieces_of_a_run_do_not_matter(
        mut cuts in prop::collection::vec(0..END, 0..20),
        latency_us in prop::sample::select(vec![0.0, 0.112, 0.5]),
    ) {
        let mut whole = network(1, latency_us);
        whole.run_until(END, &[]);
        let expected = observe(&mut whole);
        let (spikes, sent) = (expected.0.len(), expected.1.len());
        prop_assert!(spikes > 500 && sent > 100, "{} {}", spikes, sent);
        prop_assert!(expected.3.dropped.iter().sum::<u64>() > 0);
        cuts.sort_unstable();
        cuts.push(END);
        let mut pieces = network(1, latency_us);
        let mut host = Vec::new();
        for cut in cuts {
            pieces.run_until(cut, &[]);
            host.extend(pieces.take_link_events());
        }
        let mut got = observe(&mut pieces);
        host.append(&mut got.1);
        got.1 = host;
        prop_assert_eq!(got, expected);
    }
}

#[test]
fn silence_of_a_recurrent_network_costs_nothing() {
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    for i in 0..8 {
        let output = CrossbarOutput::Bus { hemisphere: 0, bus: i % 4 };
        chip.set_crossbar_node(CrossbarInput::Neurons(i), output, Some(Node::OPEN));
    }
    chip.write_weights_row(0, 0, &[63; 256]);
    let event = InputEvent { time: 5_000_000_000, hemisphere: 0, row: 0, address: 0 };
    let start = std::time::Instant::now();
    chip.run_until(10_000_000_000, &[event]);
    assert!(start.elapsed().as_secs() < 5, "forty seconds of silence");
    assert_eq!(chip.membranes_lsb(0), [80.0; 256]);
}
