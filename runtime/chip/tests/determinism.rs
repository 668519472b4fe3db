//! One seed, one result: however a run is cut into pieces, whatever is emulated beside it.

use pl_chip::config::ChipConfig;
use pl_chip::events::poisson;
use pl_chip::{Branch, Chip, InputEvent, NeuronParameters, RowMode, Spike, Target};
use proptest::prelude::*;

const END: u64 = 500_000;

fn input(seed: u64) -> Vec<InputEvent> {
    let mut events = Vec::new();
    for source in 0..48_u8 {
        let (row, address) = (source / 4 * 5, source % 4);
        let target = Target { hemisphere: source % 2, row, address };
        poisson(seed, u64::from(source), target, 60e3, 0, END, &mut events);
    }
    events.sort();
    events
}

fn chip(seed: u64) -> Chip {
    let mut chip = Chip::new(&ChipConfig::mismatch(), seed);
    for h in 0..2 {
        let mut byte = 1_u8;
        for row in 0..256 {
            let mut next = || {
                byte = byte.wrapping_mul(29).wrapping_add(17);
                byte
            };
            chip.write_weights_row(h, row, &std::array::from_fn(|_| next() / 4));
            chip.write_address_row(h, row, &std::array::from_fn(|_| next() / 64));
        }
        chip.set_row_mode(h, 5, RowMode::Inhibitory);
        chip.set_row_mode(h, 10, RowMode::Both);
        chip.set_row_mode(h, 15, RowMode::Disabled);
    }
    chip
}

/// Everything that can be seen of a chip, in bits.
fn observe(chip: &mut Chip) -> (Vec<Spike>, Vec<Vec<u32>>) {
    let mut state = Vec::new();
    for h in 0..2 {
        state.push(chip.membranes_lsb(h).map(f32::to_bits).to_vec());
        state.push(chip.membrane_codes(h).map(u32::from).to_vec());
        state.push(chip.rate_counters(h).map(u32::from).to_vec());
        for row in (0..256).step_by(5) {
            for branch in Branch::BOTH {
                state.push(chip.accumulated_row(h, row, branch).map(f32::to_bits).to_vec());
                state.push(chip.correlation_codes_row(h, row, branch).map(u32::from).to_vec());
            }
        }
    }
    (chip.take_spikes(), state)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn pieces_of_a_run_do_not_matter(mut cuts in prop::collection::vec(0..END, 0..20), seed in 0..9_u64) {
        let events = input(seed);
        let mut whole = chip(seed);
        whole.run_until(END, &events);
        let (spikes, state) = observe(&mut whole);
        prop_assert!(spikes.len() > 1_000);
        prop_assert!(spikes.is_sorted());

        cuts.sort_unstable();
        cuts.push(END);
        let mut pieces = chip(seed);
        let mut done = 0;
        for cut in cuts {
            let until = done + events[done..].partition_point(|event| event.time < cut);
            pieces.run_until(cut, &events[done..until]);
            done = until;
        }
        prop_assert_eq!(observe(&mut pieces), (spikes, state));

        // All input at once, before time moves.
        let mut early = chip(seed);
        early.run_until(0, &events);
        early.run_until(END, &[]);
        let mut again = chip(seed);
        again.run_until(END, &events);
        prop_assert_eq!(observe(&mut early), observe(&mut again));
    }

    #[test]
    fn a_hemisphere_and_a_column_do_not_depend_on_what_runs_beside(first in 0..250_usize, n in 1..100_usize) {
        let events = input(1);
        let columns = first..(first + n).min(256);
        let mut whole = chip(1);
        whole.run_until(END, &events);
        let mut part = chip(1);
        part.set_active_columns(0, columns.clone());
        part.set_active_columns(1, 0..0);
        part.run_until(END, &events);
        let active = |s: &Spike| s.hemisphere == 0 && columns.contains(&usize::from(s.column));
        let expected: Vec<Spike> = whole.take_spikes().into_iter().filter(active).collect();
        prop_assert_eq!(part.take_spikes(), expected);
        for row in (0..256).step_by(5) {
            for branch in Branch::BOTH {
                let (a, b) = (whole.accumulated_row(0, row, branch), part.accumulated_row(0, row, branch));
                prop_assert_eq!(&a[columns.clone()], &b[columns.clone()]);
                prop_assert!((0..256).all(|c| columns.contains(&c) || b[c] == 0.0));
            }
        }
        prop_assert_eq!(part.rate_counters(1), [0; 256]);
    }
}

/// A chip with connections within and between the hemispheres.
fn recurrent(seed: u64, latency_us: f64) -> Chip {
    let mut config = ChipConfig::mismatch();
    config.routing.latency_us = latency_us;
    let mut recurrent = Chip::new(&config, seed);
    let plain = chip(seed);
    for h in 0..2 {
        for row in 0..256 {
            recurrent.write_weights_row(h, row, &plain.weights_row(h, row));
            recurrent.write_address_row(h, row, &plain.address_row(h, row));
        }
        for column in (0..=255).step_by(17) {
            let target = Target { hemisphere: column & 1, row: 255 - column, address: column & 3 };
            recurrent.connect(h, usize::from(column), target);
        }
    }
    recurrent
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn pieces_of_a_recurrent_run_do_not_matter(
        mut cuts in prop::collection::vec(0..END, 0..20),
        latency_us in prop::sample::select(vec![0.0, 0.1, 0.112, 0.5]),
    ) {
        let mut whole = recurrent(1, latency_us);
        whole.run_until(END, &input(1));
        let expected = observe(&mut whole);
        cuts.sort_unstable();
        let mut pieces = recurrent(1, latency_us);
        pieces.run_until(0, &input(1));
        for cut in cuts {
            pieces.run_until(cut, &[]);
        }
        pieces.run_until(END, &[]);
        prop_assert_eq!(observe(&mut pieces), expected);
    }
}

#[test]
fn connections_act_as_the_same_spikes_sent_from_outside() {
    let mut connected = recurrent(3, 0.2);
    connected.run_until(END, &input(3));
    let (spikes, state) = observe(&mut connected);
    let mut events = input(3);
    let own = events.len();
    for spike in spikes.iter().filter(|spike| spike.column.is_multiple_of(17)) {
        let (row, address) = (255 - spike.column, spike.column & 3);
        let target = Target { hemisphere: spike.column & 1, row, address };
        events.push(target.event(spike.time + 50));
    }
    assert!(events.len() > own + 100);
    events.sort();
    let mut replayed = Chip::new(&ChipConfig::mismatch(), 3);
    let template = recurrent(3, 0.2);
    for (h, row) in (0..2).flat_map(|h| (0..256).map(move |row| (h, row))) {
        replayed.write_weights_row(h, row, &template.weights_row(h, row));
        replayed.write_address_row(h, row, &template.address_row(h, row));
    }
    replayed.run_until(END, &events);
    assert_eq!(observe(&mut replayed), (spikes, state));
}

#[test]
fn silence_is_skipped_without_a_trace() {
    // A neuron that can fire at rest keeps its hemisphere awake; its neighbours must not notice.
    let far = 3_000_000_000;
    let late: Vec<InputEvent> =
        input(2).iter().map(|e| InputEvent { time: e.time + far, ..*e }).collect();
    let mut sleepy = chip(2);
    let mut awake = chip(2);
    let slow = NeuronParameters { offset_lsb: 60.0, tau_mem_us: 2000.0, ..awake.neuron(0, 255) };
    awake.set_neuron(0, 255, slow);
    for chip in [&mut sleepy, &mut awake] {
        chip.run_until(END, &input(2));
        chip.run_until(30_000_000, &[]);
        chip.take_spikes();
    }
    assert_eq!(sleepy.membranes_lsb(0)[..255], awake.membranes_lsb(0)[..255]);
    let start = std::time::Instant::now();
    sleepy.run_until(far + END, &late);
    assert!(start.elapsed().as_secs() < 5, "twelve seconds of silence cost nothing");
    assert!(!sleepy.take_spikes().is_empty());
}

#[test]
fn readings_are_functions_of_state_time_and_seed() {
    let mut a = chip(3);
    a.run_until(1_000, &[]);
    let codes = |chip: &Chip| chip.correlation_codes_row(0, 9, Branch::Causal);
    let first = codes(&a);
    for row in 0..256 {
        let _ = a.correlation_codes_row(1, row, Branch::Acausal);
    }
    assert_eq!(codes(&a), first, "readings between do not count");
    a.run_until(1_001, &[]);
    assert_ne!(codes(&a), first, "a later sample has other noise");
    let mut b = chip(3);
    b.run_until(1_001, &[]);
    assert_eq!(codes(&a), codes(&b), "the same time has the same noise");
    b.reset_correlation_row(0, 9, &[1; 256]);
    assert_ne!(codes(&a), codes(&b), "a reset leaves an offset");
    assert_eq!(
        a.correlation_codes_row(0, 9, Branch::Acausal),
        b.correlation_codes_row(0, 9, Branch::Acausal)
    );
    assert_ne!(codes(&a), codes(&chip(4)), "chips differ");
}

#[test]
fn reading_noise_has_the_configured_spread() {
    let mut config = ChipConfig::ideal();
    config.adc.noise_sigma_lsb = 1.0;
    config.sensor.reset_sigma_lsb = 2.0;
    let mut chip = Chip::new(&config, 6);
    let deviation = |samples: &[f64]| {
        let mean = samples.iter().sum::<f64>() / samples.len() as f64;
        let square = |x: &f64| (x - mean) * (x - mean);
        (samples.iter().map(square).sum::<f64>() / samples.len() as f64).sqrt()
    };
    let mut samples = Vec::new();
    for t in 0..200 {
        chip.run_until(t, &[]);
        chip.reset_correlation_row(0, 1, &[3; 256]);
        samples.extend(chip.correlation_codes_row(0, 1, Branch::Causal).map(f64::from));
    }
    // Reading, reset and rounding are independent.
    let expected = (1.0_f64 + 4.0 + 1.0 / 12.0).sqrt();
    assert!((deviation(&samples) / expected - 1.0).abs() < 0.02, "{}", deviation(&samples));
}

#[test]
fn protected_addresses_stay() {
    let mut chip = chip(1);
    let before = chip.address_row(0, 8);
    chip.set_address_write_protect(true);
    chip.write_address_row(0, 8, &[63; 256]);
    assert_eq!(chip.address_row(0, 8), before);
    chip.set_address_write_protect(false);
    chip.write_address_row(0, 8, &[255; 256]);
    assert_eq!(chip.address_row(0, 8), [63; 256]);
}

#[test]
fn injected_events_reach_both_rows_of_the_driver() {
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    chip.write_weights_row(0, 6, &[10; 256]);
    chip.write_weights_row(0, 7, &[30; 256]);
    chip.send(0, 7, 0);
    chip.run_until(2_500, &[]);
    let peak = f64::from(chip.membranes_lsb(0)[0]) - 80.0;
    assert!((peak - 40.0 * 0.125).abs() < 1e-3, "{peak}");
}
