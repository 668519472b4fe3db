//! Short-term plasticity of drivers against the recursion it stands for.

use pl_chip::time::ticks_from_us;
use pl_chip::{Chip, ChipConfig, Driver, InputEvent, RowMode, ShortTerm};
use pl_fixed::real;

/// Peak of the membrane's answer to a pulse of full strength, LSB: weight 40.
const FULL_LSB: f64 = 5.0;

/// A chip on which the answers to events 5 us apart do not overlap: 0.2 us of both time constants.
fn chip(config: ChipConfig, settings: ShortTerm) -> Chip {
    let mut config = config;
    config.neuron.tau_mem_us = 0.2;
    config.neuron.tau_syn_exc_us = 0.2;
    config.neuron.tau_syn_inh_us = 0.2;
    let mut chip = Chip::new(&config, 1);
    chip.write_weights_row(0, 8, &[40; 256]);
    chip.set_driver(0, 4, Driver { short_term: Some(settings), ..Driver::default() });
    chip
}

/// Strengths of the pulses that events at `times` make on row 8.
fn strengths(chip: &mut Chip, times: &[u64]) -> Vec<f64> {
    let events: Vec<InputEvent> =
        times.iter().map(|&time| InputEvent { time, hemisphere: 0, row: 8, address: 0 }).collect();
    chip.run_until(chip.now(), &events);
    times
        .iter()
        .map(|time| {
            // The peak is one time constant, two steps, after an event at the start of a step.
            chip.run_until(time + 50, &[]);
            (f64::from(chip.membranes_lsb(0)[0]) - 80.0) / FULL_LSB
        })
        .collect()
}

/// Strength of pulse `k` (from 1) of a regular train after rest: before it the state has been drawn
/// by `k` events and has recovered `k - 1` times.
fn closed_form(k: i32, charge: f64, recover: f64, utilization: f64, left: f64) -> f64 {
    let ratio = left * (1.0 - utilization);
    let sum = (1.0 - real::pow(ratio, f64::from(k))) / (1.0 - ratio);
    let state = recover + utilization * (charge - recover) * sum;
    (1.0 - state / 450.0).clamp(0.0, 1.0)
}

#[test]
fn trains_follow_the_closed_form_of_tsodyks_and_markram() {
    // Pair, charge and recovery voltage, whether pulses grow.
    for (pair, charge, recover, grows) in [(0, 100.0, 400.0, true), (1, 330.0, 50.0, false)] {
        // Interval in us, utilisation and recovery settings, clock.
        for (interval, u, r, clock) in [(10.0, 15, 15, 0), (20.0, 7, 3, 0), (40.0, 11, 15, 2)] {
            let settings = ShortTerm { utilization: u, recovery: Some(r), offset: 8, pair };
            let mut chip = chip(ChipConfig::ideal(), settings);
            chip.set_recovery_clock(0, clock);
            let utilization = 0.2 * (f64::from(u) + 1.0) / 16.0;
            let tau_us = 100.0 * 16.0 / (f64::from(r) + 1.0) * f64::from(1 << clock);
            let left = real::exp(-interval / tau_us);
            let times: Vec<u64> = (1..=30).map(|k| k * ticks_from_us(interval)).collect();
            let measured = strengths(&mut chip, &times);
            for (k, strength) in (1..).zip(&measured) {
                let expected = closed_form(k, charge, recover, utilization, left);
                assert!((strength - expected).abs() < 1e-3, "{k}: {strength} {expected}");
            }
            assert_eq!(measured[29] > measured[0], grows);
            assert!((measured[29] - measured[0]).abs() > 0.05);
        }
    }
}

#[test]
fn a_driver_recovers_and_one_without_recovery_does_not() {
    let train = [250, 2_750, 5_250, 7_750];
    let late = 7_750 + 25_000;
    for (recovery, recovered) in [(Some(15), true), (None, false)] {
        let mut chip = chip(ChipConfig::ideal(), ShortTerm { recovery, ..ShortTerm::default() });
        let times: Vec<u64> = train.into_iter().chain([late * 20]).collect();
        let measured = strengths(&mut chip, &times);
        let expected = if recovered { measured[0] } else { closed_form(5, 330.0, 50.0, 0.2, 1.0) };
        assert!((measured[4] - expected).abs() < 1e-3, "{measured:?}");
    }
}

#[test]
fn both_rows_of_a_driver_share_one_use_and_other_drivers_have_none() {
    let settings = ShortTerm::default();
    let mut chip = chip(ChipConfig::ideal(), settings);
    chip.write_weights_row(0, 9, &[20; 256]);
    chip.write_weights_row(0, 10, &[40; 256]);
    chip.set_row_mode(0, 9, RowMode::Inhibitory);
    let mut alone = chip.clone();
    let first = strengths(&mut alone, &[250, 2_750]);
    let both: Vec<InputEvent> = [250, 2_750]
        .iter()
        .map(|&time| InputEvent { time, hemisphere: 0, row: 9, address: 0 })
        .collect();
    chip.run_until(0, &both);
    let halves = strengths(&mut chip, &[250, 2_750]);
    // Weight 40 excites and weight 20 inhibits, with the same strength.
    for (half, whole) in halves.iter().zip(&first) {
        assert!((half - 0.5 * whole).abs() < 1e-4, "{half} {whole}");
    }
    let mut other = alone.clone();
    let event = InputEvent { time: other.now() + 1_200, hemisphere: 0, row: 10, address: 0 };
    other.run_until(event.time - event.time % 25 + 25, &[event]);
    other.run_until(event.time + 50, &[]);
    assert!((f64::from(other.membranes_lsb(0)[0]) - 80.0 - FULL_LSB).abs() < 0.02);
}

#[test]
fn offsets_calibrate_the_strength_and_drivers_spread_as_configured() {
    let at = |offset| {
        let mut chip = chip(ChipConfig::ideal(), ShortTerm { offset, ..ShortTerm::default() });
        strengths(&mut chip, &[250])[0]
    };
    assert!((at(11) - at(8) - 0.06).abs() < 1e-4);
    assert!((at(3) - at(8) + 0.10).abs() < 1e-4);
    // First pulses of 256 drivers of four chips: mean and spread.
    let mut samples = Vec::new();
    for seed in 0..4 {
        let mut config = ChipConfig::ideal();
        config.stp.strength_sigma = 0.03;
        config.neuron.tau_mem_us = 0.2;
        config.neuron.tau_syn_exc_us = 0.2;
        let mut chip = Chip::new(&config, seed);
        for driver in 0..128 {
            chip.write_weights_row(0, 2 * driver, &[40; 256]);
            let short_term = Some(ShortTerm::default());
            chip.set_driver(0, driver, Driver { short_term, ..Driver::default() });
        }
        for row in (0..=254).step_by(2) {
            let time = chip.now() + 5_000 - chip.now() % 25;
            chip.run_until(time + 50, &[InputEvent { time, hemisphere: 0, row, address: 0 }]);
            samples.push((f64::from(chip.membranes_lsb(0)[0]) - 80.0) / FULL_LSB);
        }
    }
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    let spread = (samples.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
    let expected = closed_form(1, 330.0, 50.0, 0.2, 1.0);
    // Four standard errors.
    assert!((mean - expected).abs() < 4.0 * 0.03 / n.sqrt(), "{mean} {expected}");
    assert!((spread / 0.03 - 1.0).abs() < 4.0 / (2.0 * n).sqrt(), "{spread}");
}
