//! Cost of the event path: presynaptic events, postsynaptic spikes, neuron steps, readout.
//!
//! `cargo bench -p pl-chip [-- PART...]`, parts `events`, `adex`, `rows`, `digits`,
//! `network`, prints lines `cost NAME NANOSECONDS unit` and `ratio NAME VALUE`.

#![allow(clippy::print_stdout, reason = "a benchmark's results go to standard output")]

use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;

use pl_chip::events::poisson;
use pl_chip::time::TICKS_PER_MS;
use pl_chip::{Branch, Chip, ChipConfig, InputEvent, Join, NeuronParameters, Target};

/// A chip whose hemisphere 0 emulates `columns` and whose hemisphere 1 is off.
fn half_chip(columns: Range<usize>) -> Chip {
    let mut chip = Chip::new(&ChipConfig::mismatch(), 1);
    chip.set_active_columns(0, columns);
    chip.set_active_columns(1, 0..0);
    chip
}

fn seconds(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// `rows` rows of `addresses` sources each, every source at `rate_hz` of hardware time.
fn input(rows: u8, addresses: u8, rate_hz: f64, to: u64) -> Vec<InputEvent> {
    let mut events = Vec::new();
    for row in 0..rows {
        for address in 0..addresses {
            let target = Target { hemisphere: 0, row, address };
            let source = u64::from(row) * 64 + u64::from(address);
            poisson(7, source, target, rate_hz, 0, to, &mut events);
        }
    }
    events.sort_unstable();
    events
}

/// Every neuron driven to fire regularly, without events.
fn excite(chip: &mut Chip, columns: Range<usize>, offset_lsb: f64) {
    for column in columns {
        let parameters = NeuronParameters { offset_lsb, ..chip.neuron(0, column) };
        chip.set_neuron(0, column, parameters);
    }
}

/// A first neuron that is always on its way to threshold and never gets there.
fn keep_awake(chip: &mut Chip) {
    let slow = NeuronParameters { offset_lsb: 50.0, tau_mem_us: 1e6, ..chip.neuron(0, 0) };
    chip.set_neuron(0, 0, slow);
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let parts: [(&str, fn()); 5] = [
        ("events", events),
        ("adex", adex),
        ("rows", rows),
        ("digits", digits),
        ("network", network),
    ];
    for (name, run) in parts {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            run();
        }
    }
}

/// Neuron steps, events and spikes, with few and many columns.
fn events() {
    let end = 200 * TICKS_PER_MS;
    let steps = end / 25;
    for columns in [32, 256] {
        let mut chip = half_chip(0..columns);
        // One neuron that never rests keeps the hemisphere from being skipped.
        keep_awake(&mut chip);
        let time = seconds(|| chip.run_until(end, &[]));
        let step = time / steps as f64;
        println!("cost step_{columns}_neurons {:.1} ns", step * 1e9);
        println!("cost neuron_step_{columns} {:.3} ns", step * 1e9 / columns as f64);

        for (name, rows, addresses) in [("1_address", 255, 1), ("8_addresses", 32, 8)] {
            let events = input(rows, addresses, 20e3, end);
            let mut chip = half_chip(0..columns);
            keep_awake(&mut chip);
            let with_events = seconds(|| chip.run_until(end, &events));
            assert!(chip.take_spikes().len() < 1000);
            let event = (with_events - time) / events.len() as f64;
            println!("cost pre_event_{columns}_columns_{name} {:.1} ns", event * 1e9);

            excite(&mut chip, 0..columns, 400.0);
            let events: Vec<InputEvent> =
                events.iter().map(|e| InputEvent { time: e.time + end, ..*e }).collect();
            let with_spikes = seconds(|| chip.run_until(2 * end, &events));
            let spikes = chip.take_spikes().len() as f64;
            let spike = (with_spikes - with_events) / spikes;
            println!(
                "cost post_spike_{columns}_columns_{name} {:.1} ns ({spikes} spikes)",
                spike * 1e9
            );
        }
    }
}

/// Steps of AdEx neurons, alone and joined in fours.
fn adex() {
    let mut config = ChipConfig::mismatch();
    config.adex.enabled = 1.0;
    let end = 20 * TICKS_PER_MS;
    for (name, joined) in [("alone", false), ("joined", true)] {
        let mut chip = Chip::new(&config, 1);
        chip.set_active_columns(1, 0..0);
        for column in (0..256).filter(|column| joined && column % 4 != 3) {
            chip.join(0, column, column + 1, Join::Conductance { tau_us: 5.0 });
        }
        excite(&mut chip, 0..1, 100.0);
        let step = seconds(|| chip.run_until(end, &[])) / (end / 25) as f64;
        println!("cost step_256_adex_neurons_{name} {:.0} ns", step * 1e9);
    }
}

/// Reading and resetting all rows, and building a chip.
fn rows() {
    let mut chip = half_chip(0..256);
    chip.run_until(1000, &[]);
    let rows = seconds(|| {
        for _ in 0..20 {
            for row in 0..256 {
                black_box(chip.correlation_codes_row(0, row, Branch::Causal));
                black_box(chip.correlation_codes_row(0, row, Branch::Acausal));
            }
        }
    });
    println!("cost codes_row_both_branches {:.1} ns", rows / 5120.0 * 1e9);
    let rows = seconds(|| {
        for _ in 0..20 {
            for row in 0..256 {
                chip.reset_correlation_row(0, row, &[3; 256]);
            }
        }
    });
    println!("cost reset_row_both_branches {:.1} ns", rows / 5120.0 * 1e9);
    let build = seconds(|| drop(black_box(Chip::new(&ChipConfig::mismatch(), 2))));
    println!("cost new_chip {:.1} ms", build * 1e3);
}

/// 256 Poisson inputs at 20 Hz and 512 neurons at about 25 Hz of biological time, all to all, 10 s,
/// all sensors read and reset and all weights written every 100 ms.
fn network() {
    let mut chip = Chip::new(&ChipConfig::mismatch(), 1);
    for h in 0..2 {
        for row in 0..256 {
            chip.write_weights_row(h, row, &[1; 256]);
        }
        for column in 0..256 {
            let parameters = NeuronParameters { offset_lsb: 29.0, ..chip.neuron(h, column) };
            chip.set_neuron(h, column, parameters);
        }
    }
    let end = 10 * TICKS_PER_MS;
    let mut events = Vec::new();
    for row in 0..=255 {
        for hemisphere in 0..2 {
            let target = Target { hemisphere, row, address: 0 };
            poisson(7, u64::from(row), target, 20e3, 0, end, &mut events);
        }
    }
    events.sort_unstable();
    let (mut rule, mut done, mut sum) = (0.0, 0, 0_u32);
    let total = seconds(|| {
        for k in 1..=100 {
            let until = done + events[done..].partition_point(|e| e.time < k * end / 100);
            chip.run_until(k * end / 100, &events[done..until]);
            done = until;
            rule += seconds(|| {
                for (h, row) in (0..2).flat_map(|h| (0..256).map(move |row| (h, row))) {
                    let causal = chip.correlation_codes_row(h, row, Branch::Causal);
                    let acausal = chip.correlation_codes_row(h, row, Branch::Acausal);
                    sum += u32::from(causal[9]) + u32::from(acausal[9]);
                    let weights = chip.weights_row(h, row);
                    chip.write_weights_row(h, row, black_box(&weights));
                    chip.reset_correlation_row(h, row, &[3; 256]);
                }
            });
        }
    });
    black_box(sum);
    let spikes = chip.take_spikes().len();
    let hz = spikes as f64 / 512.0 / 10.0;
    println!(
        "cost network_10_s {total:.3} s (rows {rule:.3} s, {} events, {hz:.1} Hz)",
        events.len()
    );
    println!("ratio network_biological_over_wall {:.0}", 10.0 / total);
}

/// The input of the digits experiment: 256 sources on 32 rows of 8 addresses, 30 columns, 4000 s of
/// biological time in windows of 0.2 s, a readout of all rows every 1.6 s; sources at 15 Hz of
/// biological time on average.
fn digits() {
    let mut chip = half_chip(0..30);
    excite(&mut chip, 0..30, 48.0);
    let mut events = Vec::new();
    let (mut n_events, mut n_spikes, mut generation) = (0, 0, 0.0);
    let window = TICKS_PER_MS / 5;
    let total = seconds(|| {
        for k in 0..20_000 {
            let from = k * window;
            events.clear();
            generation += seconds(|| {
                for row in 0..32 {
                    for address in 0..8 {
                        let target = Target { hemisphere: 0, row, address };
                        let source = u64::from(row) * 64 + u64::from(address);
                        poisson(7, source, target, 15e3, from, from + window, &mut events);
                    }
                }
                events.sort_unstable();
            });
            n_events += events.len();
            chip.run_until(from + window, &events);
            if k % 8 == 7 {
                for row in 0..32 {
                    black_box(chip.correlation_codes_row(0, row, Branch::Causal));
                    black_box(chip.correlation_codes_row(0, row, Branch::Acausal));
                    chip.reset_correlation_row(0, row, &[3; 256]);
                }
                n_spikes += chip.take_spikes().len();
            }
        }
    });
    println!(
        "cost digits_4000_s {total:.2} s ({n_events} events, {n_spikes} spikes, sources {generation:.2} s)"
    );
    println!("ratio digits_biological_over_wall {:.0}", 4000.0 / total);
}
