//! Structured neurons: cables, plateaus and coincidences.

use std::f64::consts::PI;

use pl_chip::config::ChipConfig;
use pl_chip::time::TICKS_PER_US;
use pl_chip::{Chip, Compartment, InputEvent, Join, RowMode, Spike};
use pl_fixed::real;

fn event(time_us: u64, row: u8) -> InputEvent {
    InputEvent { time: time_us * TICKS_PER_US, hemisphere: 0, row, address: 0 }
}

/// Neurons without exponential term and adaptation, to be joined.
fn bare() -> ChipConfig {
    let mut config = ChipConfig::ideal();
    config.adex.enabled = 1.0;
    config.adex.slope_lsb = 0.0;
    config.adex.adaptation_a = 0.0;
    config.adex.adaptation_b_lsb = 0.0;
    config
}

/// A chip on which row `r` reaches column `r` only, with the largest weight.
fn one_row_a_column(config: &ChipConfig, columns: usize) -> Chip {
    let mut chip = Chip::new(config, 1);
    chip.set_active_columns(0, 0..columns);
    chip.set_active_columns(1, 0..0);
    for row in 0..columns {
        chip.write_weights_row(0, row, &std::array::from_fn(|c| if c == row { 63 } else { 0 }));
    }
    chip
}

/// Membrane at `t` from a current that starts at 1 and decays, where the membrane leaks at `rate`.
fn response(rate: f64, tau_syn: f64, t: f64) -> f64 {
    let difference = rate - 1.0 / tau_syn;
    if difference.abs() < 1e-9 {
        t * real::exp(-rate * t)
    } else {
        (real::exp(-t / tau_syn) - real::exp(-rate * t)) / difference
    }
}

/// Depolarisation of compartment `at` of a chain of four, `t` us after a unit of current entered
/// compartment `from`: the modes of a chain with sealed ends.
fn cable([from, at]: [usize; 2], tau_mem: f64, tau_icc: f64, tau_syn: f64, t: f64) -> f64 {
    let mode = |m: usize| {
        let angle = PI * m as f64 / 4.0;
        let norm = if m == 0 { 0.25 } else { 0.5 };
        let shape = |j: usize| real::cos(angle * (j as f64 + 0.5));
        let rate = 1.0 / tau_mem + (2.0 - 2.0 * real::cos(angle)) / tau_icc;
        norm * shape(from) * shape(at) * response(rate, tau_syn, t)
    };
    (0..4).map(mode).sum()
}

#[test]
fn passive_chain_is_the_analytic_cable() {
    for tau_icc in [2.0, 10.0] {
        let mut config = bare();
        config.neuron.tau_syn_exc_us = 3.0;
        let mut base = one_row_a_column(&config, 4);
        for a in 0..3 {
            base.join(0, a, a + 1, Join::Conductance { tau_us: tau_icc });
            base.set_compartment(0, a, Compartment::Passive);
        }
        base.set_compartment(0, 3, Compartment::Passive);
        let ratio: f64 = 10.0 / 3.0;
        let top = response(0.1, 3.0, 10.0 / (ratio - 1.0) * real::ln(ratio));
        let unit = 63.0 * 0.125 / top;
        let mut peaks = Vec::new();
        for from in 0..4 {
            let mut chip = base.clone();
            chip.run_until(0, &[event(0, u8::try_from(from).unwrap_or(0))]);
            let mut measured = [(0.0_f64, 0_u64); 4];
            let mut expected = [0.0_f64; 4];
            let mut worst = 0.0_f64;
            for step in 1..=800_u64 {
                chip.run_until(25 * step, &[]);
                for at in 0..4 {
                    let v = f64::from(chip.membranes_lsb(0)[at]) - 80.0;
                    let exact = unit * cable([from, at], 10.0, tau_icc, 3.0, step as f64 * 0.1);
                    worst = worst.max((v - exact).abs());
                    expected[at] = expected[at].max(exact);
                    if v > measured[at].0 {
                        measured[at] = (v, step);
                    }
                }
            }
            for at in 0..4 {
                assert!((measured[at].0 / expected[at] - 1.0).abs() < 5e-3, "{measured:?}");
            }
            assert!(worst < 0.02, "{worst} of {expected:?}");
            peaks.push(measured);
        }
        // From one end: the further the lower and the later.
        let from_end = peaks[0];
        assert!(from_end.windows(2).all(|pair| pair[1].0 < pair[0].0 && pair[1].1 > pair[0].1));
        // At one end: the same, whichever way the current goes.
        assert!((0..4).all(|at| (peaks[at][0].0 / from_end[at].0 - 1.0).abs() < 5e-3));
    }
}

#[test]
fn a_chain_attenuates_less_if_its_conductances_are_larger() {
    let attenuation = |tau_us: f64| {
        let mut chip = one_row_a_column(&bare(), 4);
        for a in 0..3 {
            chip.join(0, a, a + 1, Join::Conductance { tau_us });
        }
        chip.run_until(0, &[event(0, 3)]);
        let (mut near, mut far) = (0.0_f32, 0.0_f32);
        for step in 1..=800 {
            chip.run_until(25 * step, &[]);
            let v = chip.membranes_lsb(0);
            (near, far) = (near.max(v[3] - 80.0), far.max(v[0] - 80.0));
        }
        far / near
    };
    let ratios = [0.3, 1.0, 3.0, 10.0, 30.0].map(attenuation);
    assert!(ratios.windows(2).all(|pair| pair[1] < pair[0]), "{ratios:?}");
    assert!(ratios[0] > 0.8 && ratios[4] < 0.1, "{ratios:?}");
}

#[test]
fn circuits_of_one_membrane_share_charge_and_spikes() {
    let mut config = bare();
    config.adex.adaptation_b_lsb = 3.0;
    let mut chip = one_row_a_column(&config, 3);
    chip.join(0, 2, 1, Join::Membrane);
    chip.run_until(0, &[event(0, 0), event(0, 1)]);
    chip.run_until(10 * TICKS_PER_US, &[]);
    let v = chip.membranes_lsb(0);
    assert!((v[1] - v[2]).abs() < 1e-5);
    assert!(((v[1] - 80.0) / (v[0] - 80.0) - 0.5).abs() < 1e-3, "{v:?}");
    // Enough for the pair; one of them fires, both are reset and adapt.
    let volley: Vec<InputEvent> = (0..14).map(|_| event(100, 1)).collect();
    chip.run_until(130 * TICKS_PER_US, &volley);
    let spikes = chip.take_spikes();
    assert!(!spikes.is_empty() && spikes.iter().all(|spike| spike.column == 1), "{spikes:?}");
    assert!((chip.membranes_lsb(0)[1] - chip.membranes_lsb(0)[2]).abs() < 1e-5);
    assert!(chip.adaptation_lsb(0, 2) > 2.0);
    assert_eq!(chip.adaptation_lsb(0, 1), chip.adaptation_lsb(0, 2));
}

/// Time for which column 0 is within an LSB of its plateau after `n` events at once.
fn plateau_us(n: u32) -> f64 {
    let mut chip = one_row_a_column(&bare(), 1);
    let kind = Compartment::Plateau { level_lsb: 180.0, duration_us: 50.0 };
    chip.set_compartment(0, 0, kind);
    let volley: Vec<InputEvent> = (0..n).map(|_| event(10, 0)).collect();
    chip.run_until(0, &volley);
    let mut steps = 0;
    for step in 1..=2_000 {
        chip.run_until(25 * step, &[]);
        steps += u32::from((chip.membranes_lsb(0)[0] - 180.0).abs() < 1.0);
    }
    assert!(chip.take_spikes().len() <= 1, "the decay of a plateau does not start another");
    f64::from(steps) / 10.0
}

#[test]
fn a_plateau_is_all_or_nothing_and_as_long_as_set() {
    assert_eq!(plateau_us(5), 0.0, "below threshold");
    for n in [6, 8, 12] {
        let duration = plateau_us(n);
        // The first LSB of the decay counts too.
        assert!((50.0..51.5).contains(&duration), "{n}: {duration}");
    }
}

/// Soma in column 0 and a dendrite in column 1 with plateaus of 50 us; returns the soma's spikes.
fn somatic_spikes(proximal_us: Option<u64>, distal_us: Option<u64>) -> usize {
    let mut chip = one_row_a_column(&bare(), 2);
    chip.join(0, 0, 1, Join::Conductance { tau_us: 10.0 });
    let kind = Compartment::Plateau { level_lsb: 155.0, duration_us: 50.0 };
    chip.set_compartment(0, 1, kind);
    let volley = |time: Option<u64>, row, n| {
        time.into_iter().flat_map(move |time| (0..n).map(move |_| event(time, row)))
    };
    let mut events: Vec<InputEvent> = volley(proximal_us, 0, 8).collect();
    events.extend(volley(distal_us, 1, 14));
    events.sort();
    chip.run_until(400 * TICKS_PER_US, &events);
    chip.take_spikes().iter().filter(|spike| spike.column == 0).count()
}

#[test]
fn a_plateau_and_a_proximal_input_make_a_burst_within_a_window() {
    assert!(somatic_spikes(Some(150), None) <= 1);
    assert!(somatic_spikes(None, Some(150)) <= 1);
    let lags: Vec<i64> = (-50..=100).step_by(2).collect();
    let at = |lag: i64| somatic_spikes(Some((150 + lag).cast_unsigned()), Some(150));
    let burst: Vec<i64> = lags.iter().copied().filter(|&lag| at(lag) >= 2).collect();
    let (first, last) = (burst[0], burst[burst.len() - 1]);
    assert_eq!(burst.len(), usize::try_from((last - first) / 2 + 1).unwrap_or(0), "one window");
    let width = last - first;
    assert!((40..=70).contains(&width), "{first} to {last}");
}

#[test]
fn a_chip_is_built_from_its_configuration() {
    let text = "profile = 'ideal'
        adex = { enabled = 1, slope_lsb = 0, adaptation_a = 0 }
        [structure]
        copies = 64
        every = 4
        hemispheres = [1]
        joins = [{ columns = [0, 1] }, { columns = [1, 2], tau_us = 5 }]
        compartments = [{ kind = 'plateau', column = 2, level_lsb = 180, duration_us = 20 }]";
    let config: ChipConfig = toml::from_str(text).expect("a structure");
    let mut chip = Chip::new(&config, 1);
    for h in 0..2 {
        chip.write_weights_row(h, 0, &std::array::from_fn(|c| if c % 4 == 2 { 63 } else { 0 }));
    }
    let events: Vec<InputEvent> =
        (0..40).map(|i| InputEvent { hemisphere: i % 2, ..event(0, 0) }).collect();
    chip.run_until(8 * TICKS_PER_US, &events);
    let (top, bottom) = (chip.membranes_lsb(0), chip.membranes_lsb(1));
    assert_eq!([top[0], top[252]], [80.0; 2], "no joins");
    assert_eq!([bottom[2], bottom[254]], [180.0; 2], "a plateau in each copy");
    assert!(bottom[252] > 82.0 && bottom[252] < 180.0);
    assert!((bottom[252] - bottom[253]).abs() < 1e-4);
    assert_eq!(bottom[0], bottom[252]);
    assert_eq!(bottom[3], 80.0);
}

#[test]
fn what_the_manual_shows_is_accepted() {
    let manual = concat!(include_str!("../../CHIP.md"), "\n## ");
    let (_, section) = manual.split_once("\n## Neurons\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("its end");
    let (_, example) = section.split_once("```toml\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    let mut table: toml::Table = example.parse().expect("TOML");
    let chip = table.remove("chip").expect("the chip");
    let config: ChipConfig = chip.try_into().expect("a configuration");
    assert_eq!((config.structure.copies, config.structure.joins.len()), (64, 3));
    // The table of parameters: `name`s, then their defaults in the same order.
    let defaults = ChipConfig::ideal();
    let rows =
        section.lines().filter(|line| line.starts_with("| `") && !line.contains("chip.adex"));
    let mut seen = 0;
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let names = cells[1].split(", ").map(|name| name.trim_matches('`'));
        for (name, default) in names.zip(cells[2].split(", ")) {
            let value = defaults.get(&format!("adex.{name}"));
            assert_eq!(value, default.parse().ok(), "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 12);
}

#[test]
fn structures_that_cannot_be_are_refused() {
    let message = |text: &str| {
        let text = format!("adex = {{ enabled = 1 }}\n[structure]\n{text}");
        toml::from_str::<ChipConfig>(&text).map_err(|error| error.to_string()).unwrap_err()
    };
    assert!(message("joins = [{ columns = [3, 3] }]").contains("joins column 3 to itself"));
    assert!(message("joins = [{ columns = [3, 256] }]").contains("column 256"));
    assert!(message("joins = [{columns = [3, 4]}]\ncopies = 65\nevery = 4").contains("copies"));
    assert!(message("joins = [{ columns = [3, 4], tau_us = 0 }]").contains("must be 0.1 to 30"));
    assert!(message("joins = [{ columns = [3, 4], tau = 5 }]").contains("tau"));
    assert!(message("compartments = [{ kind = 'plateau', column = 0 }]").contains("level_lsb"));
    assert!(message("compartments = [{ kind = 'axon', column = 0 }]").contains("axon"));
    let shared =
        "joins = [{ columns = [3, 4] }]\ncompartments = [{ kind = 'passive', column = 4 }]";
    assert!(message(shared).contains("shares the membrane of column 3"));
    let plain = toml::from_str::<ChipConfig>("structure = { joins = [{ columns = [0, 1] }] }");
    assert!(plain.unwrap_err().to_string().contains("needs `adex.enabled`"));
}

/// Spikes and membranes of 64 structured neurons on a chip with this configuration.
fn busy(config: &ChipConfig, cuts: &[u64]) -> (Chip, Vec<Spike>, [f32; 256]) {
    let mut chip = Chip::new(config, 7);
    for row in 0..8 {
        chip.write_weights_row(0, row, &[50; 256]);
    }
    chip.set_row_mode(0, 3, RowMode::Inhibitory);
    for a in (0..256).step_by(4) {
        chip.join(0, a, a + 1, Join::Membrane);
        chip.join(0, a + 1, a + 2, Join::Conductance { tau_us: 1.0 });
        chip.join(0, a + 2, a + 3, Join::Conductance { tau_us: 20.0 });
        let kind = Compartment::Plateau { level_lsb: 170.0, duration_us: 30.0 };
        chip.set_compartment(0, a + 3, kind);
    }
    let events: Vec<InputEvent> =
        (0..200_u64).map(|i| event(2 * i, u8::try_from(i % 8).unwrap_or(0))).collect();
    chip.run_until(0, &events);
    for &cut in cuts {
        chip.run_until(cut, &[]);
    }
    chip.run_until(110_000, &[]);
    let (spikes, membranes) = (chip.take_spikes(), chip.membranes_lsb(0));
    (chip, spikes, membranes)
}

#[test]
fn joined_neurons_do_not_depend_on_how_a_run_is_cut() {
    let mut config = ChipConfig::mismatch();
    config.adex.enabled = 1.0;
    let (_, spikes, membranes) = busy(&config, &[]);
    assert!(spikes.len() > 500, "{}", spikes.len());
    let (_, other_spikes, other_membranes) = busy(&config, &[1, 30_013, 30_020, 77_777]);
    assert!(spikes == other_spikes && membranes == other_membranes);
}

#[test]
fn joined_neurons_without_mismatch_fall_silent() {
    let (mut chip, ..) = busy(&bare(), &[]);
    chip.run_until(1_000_000, &[]);
    let start = std::time::Instant::now();
    chip.run_until(200_000_000, &[]);
    assert!(start.elapsed().as_secs() < 5, "silence costs nothing");
    assert_eq!(chip.membranes_lsb(0), [80.0; 256]);
}
