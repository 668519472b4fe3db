//! Perceptron mode against whole numbers, against its parameters, and beside a spiking hemisphere.
#![allow(clippy::unwrap_used, reason = "a parameter that does not exist fails the test")]

use pl_chip::config::ChipConfig;
use pl_chip::events::poisson;
use pl_chip::{Branch, COLUMNS, Chip, INPUTS, InputEvent, RowMode, Spike, Target};

/// A deterministic number below `limit`.
fn number(index: usize, limit: u8) -> u8 {
    let [.., high] = u32::try_from(index).unwrap().wrapping_mul(0x9e37_79b1).to_be_bytes();
    let [low, ..] = u32::try_from(index).unwrap().wrapping_mul(0x85eb_ca77).to_be_bytes();
    (low ^ high) % limit
}

/// Hemisphere 0 in perceptron mode, with signed weights between `-largest` and `largest`.
fn chip(config: &ChipConfig, seed: u64, largest: u8) -> (Chip, Vec<[i32; COLUMNS]>) {
    let mut chip = Chip::new(config, seed);
    chip.set_perceptron_mode(0, true);
    let mut matrix = Vec::new();
    for driver in 0..INPUTS {
        let weights: [i32; COLUMNS] = std::array::from_fn(|column| {
            let index = driver * COLUMNS + column;
            i32::from(number(index, 2 * largest + 1)) - i32::from(largest)
        });
        let positive = weights.map(|w| u8::try_from(w.max(0)).unwrap());
        let negative = weights.map(|w| u8::try_from((-w).max(0)).unwrap());
        chip.set_row_mode(0, 2 * driver + 1, RowMode::Inhibitory);
        chip.write_weights_row(0, 2 * driver, &positive);
        chip.write_weights_row(0, 2 * driver + 1, &negative);
        matrix.push(weights);
    }
    (chip, matrix)
}

fn inputs(shift: usize) -> Vec<u8> {
    (0..INPUTS).map(|i| number(i + shift, 32)).collect()
}

/// A configuration with `gain` a result, and changes.
fn changed(mut config: ChipConfig, changes: &[(&str, f64)]) -> ChipConfig {
    for (name, value) in changes {
        config.set(name, *value).unwrap();
    }
    config
}

#[test]
fn ideal_circuits_multiply_like_whole_numbers() {
    // A gain that single precision holds, so that ties are ties.
    let config = changed(ChipConfig::ideal(), &[("perceptron.gain_lsb", 1.0 / 512.0)]);
    for largest in [1, 7, 63] {
        let (mut chip, matrix) = chip(&config, 1, largest);
        for shift in 0..8 {
            let inputs = inputs(shift * 1000);
            let sums: [i32; COLUMNS] = std::array::from_fn(|column| {
                inputs.iter().zip(&matrix).map(|(x, row)| i32::from(*x) * row[column]).sum()
            });
            assert_eq!(chip.exact_product(0, &inputs), sums);
            let expected = sums.map(|sum| {
                let rounded = (f64::from(sum) / 512.0).round_ties_even();
                rounded.clamp(-128.0, 127.0)
            });
            let results = chip.multiply(0, &inputs);
            assert_eq!(results.map(f64::from), expected, "weights to {largest}");
        }
    }
}

#[test]
fn results_saturate_at_eight_bits() {
    let config = changed(ChipConfig::ideal(), &[("perceptron.sends", 100.0)]);
    let mut chip = Chip::new(&config, 1);
    chip.set_perceptron_mode(0, true);
    // The demo's largest product: 31 * 63 * 100 * 0.002 = 391.
    chip.write_weights_row(0, 0, &[63; COLUMNS]);
    assert_eq!(chip.multiply(0, &[31]), [127; COLUMNS]);
    chip.set_row_mode(0, 0, RowMode::Inhibitory);
    assert_eq!(chip.multiply(0, &[31]), [-128; COLUMNS]);
    // 12 * 21 * 100 * 0.002 = 50.4.
    chip.write_weights_row(0, 0, &[21; COLUMNS]);
    assert_eq!(chip.multiply(0, &[12]), [-50; COLUMNS]);
}

#[test]
fn membranes_compress_beyond_their_linear_range() {
    let changes = [("perceptron.sends", 100.0), ("perceptron.linear_lsb", 80.0)];
    let mut chip = Chip::new(&changed(ChipConfig::ideal(), &changes), 1);
    chip.set_perceptron_mode(0, true);
    let mut result = |weight| {
        chip.write_weights_row(0, 0, &[weight; COLUMNS]);
        chip.multiply(0, &[20])[0]
    };
    // A weight is 4 LSB.
    assert_eq!(result(20), 80);
    // 80 + 48 * 20 / (48 + 20) = 94.1
    assert_eq!(result(25), 94);
    assert!(result(63) < 127);
}

#[test]
fn membranes_leak_between_event_and_readout() {
    let changes = [
        ("perceptron.tau_mem_us", 10.0),
        ("perceptron.settle_us", 10.0),
        ("perceptron.sends", 20.0),
    ];
    let mut chip = Chip::new(&changed(ChipConfig::ideal(), &changes), 1);
    chip.set_perceptron_mode(0, true);
    chip.write_weights_row(0, 0, &[50; COLUMNS]);
    // 60 LSB, of which 1/e is left, a little more decayed for the first events.
    assert_eq!(chip.multiply(0, &[30])[3], 21);
}

#[test]
fn only_the_high_bit_of_a_label_is_an_address() {
    let mut chip = Chip::new(&changed(ChipConfig::ideal(), &[("perceptron.gain_lsb", 0.01)]), 1);
    chip.set_perceptron_mode(0, true);
    chip.write_weights_row(0, 0, &[63; COLUMNS]);
    let addresses = std::array::from_fn(|column| if column < 9 { 0x3f } else { 0x1f });
    chip.write_address_row(0, 0, &addresses);
    let results = chip.multiply(0, &[10]);
    assert_eq!((results[8], results[9]), (0, 6));
    assert_eq!(chip.exact_product(0, &[10])[8..10], [0, 630]);
}

#[test]
fn a_multiplication_takes_the_time_of_its_steps() {
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    chip.set_perceptron_mode(1, true);
    chip.multiply(1, &[1; INPUTS]);
    // 5 us, 1.64 us, 128 events of 0.04 us, 1 us, up to a whole step, 1.64 us.
    assert_eq!(chip.now(), (1250 + 410 + 1280 + 250_u64).next_multiple_of(25) + 410);
    let duration_us = ChipConfig::ideal().perceptron.duration_us(INPUTS);
    assert!((duration_us - (5.0 + 2.0 * 1.64 + 5.12 + 1.0)).abs() < 1e-9);
}

fn mean_and_deviation(samples: &[f64]) -> (f64, f64) {
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    let variance = samples.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Asserts mean and deviation within four standard errors and what rounding adds.
fn close(samples: &[f64], mean: f64, deviation: f64) {
    let (m, d) = mean_and_deviation(samples);
    let rounded = (deviation * deviation + 1.0 / 12.0).sqrt();
    let error = 4.0 * rounded / (samples.len() as f64).sqrt();
    assert!((m - mean).abs() < error, "mean {m}, expected {mean}");
    assert!((d - rounded).abs() < error, "deviation {d}, expected {rounded}");
}

/// Results of every column of some chips for one event of this input and weight.
fn results(changes: &[(&str, f64)], input: u8, weight: u8) -> Vec<f64> {
    let config = changed(ChipConfig::ideal(), changes);
    let all = (0..40).flat_map(|seed| {
        let mut chip = Chip::new(&config, seed);
        chip.set_perceptron_mode(0, true);
        chip.write_weights_row(0, 0, &[weight; COLUMNS]);
        chip.multiply(0, &[input])
    });
    all.map(f64::from).collect()
}

#[test]
fn gains_offsets_strengths_and_noise_spread_as_configured() {
    // 30 * 50 * 0.04 = 60 LSB.
    let gain = ("perceptron.gain_lsb", 0.04);
    close(&results(&[gain, ("perceptron.gain_sigma", 0.05)], 30, 50), 60.0, 3.0);
    close(&results(&[gain, ("perceptron.offset_sigma_lsb", 3.0)], 30, 50), 60.0, 3.0);
    close(&results(&[gain, ("perceptron.noise_sigma_lsb", 1.5)], 30, 50), 60.0, 1.5);
    // The strength of a driver is the same in all columns: one sample a driver.
    let config = changed(ChipConfig::ideal(), &[gain, ("perceptron.strength_sigma", 0.05)]);
    let mut chip = Chip::new(&config, 3);
    chip.set_perceptron_mode(0, true);
    let of_driver = |driver: usize| {
        chip.write_weights_row(0, 2 * driver, &[50; COLUMNS]);
        let mut inputs = [0; INPUTS];
        inputs[driver] = 30;
        let results = chip.multiply(0, &inputs);
        assert_eq!(results, [results[0]; COLUMNS]);
        f64::from(results[0])
    };
    close(&(0..INPUTS).map(of_driver).collect::<Vec<f64>>(), 60.0, 3.0);
}

#[test]
fn offsets_and_gains_stay_and_noise_does_not() {
    let (mut noisy, _) = chip(&ChipConfig::mismatch(), 5, 20);
    let inputs = inputs(0);
    let trials: Vec<[i8; COLUMNS]> = (0..400).map(|_| noisy.multiply(0, &inputs)).collect();
    let (mut deviations, mut means) = (Vec::new(), Vec::new());
    for column in 0..COLUMNS {
        let of_column: Vec<f64> = trials.iter().map(|trial| trial[column].into()).collect();
        let (mean, deviation) = mean_and_deviation(&of_column);
        deviations.push(deviation * deviation);
        means.push(mean);
    }
    // 1.4 and two readings of 1.0, each rounded: 2.0 LSB, as in hxtorch's mock.
    let noise = mean_and_deviation(&deviations).0.sqrt();
    assert!((noise - (1.4_f64 * 1.4 + 2.0 + 2.0 / 12.0).sqrt()).abs() < 0.05, "{noise}");
    let (mut other, _) = chip(&ChipConfig::mismatch(), 6, 20);
    let other = other.multiply(0, &inputs);
    let differs = other.iter().zip(&means).filter(|(a, b)| (f64::from(**a) - **b).abs() > 3.0);
    assert!(differs.count() > COLUMNS / 4, "another seed has other columns");
}

/// Spikes of hemisphere 1, of which some come back to it, while hemisphere 0 multiplies or not.
fn spikes(multiplications: usize) -> (Vec<Spike>, Vec<u8>) {
    const END: u64 = 100_000;
    let (mut chip, _) = chip(&ChipConfig::mismatch(), 2, 20);
    chip.connect(1, 3, Target { hemisphere: 1, row: 4, address: 0 });
    let mut events: Vec<InputEvent> = Vec::new();
    for row in [0, 2] {
        chip.write_weights_row(1, row.into(), &[60; COLUMNS]);
        let target = Target { hemisphere: 1, row, address: 0 };
        poisson(8, row.into(), target, 200e3, 0, END, &mut events);
    }
    chip.write_weights_row(1, 4, &[30; COLUMNS]);
    events.sort();
    chip.run_until(0, &events);
    for i in 0..multiplications {
        chip.multiply(0, &inputs(i));
    }
    assert!(chip.now() < END);
    chip.run_until(END, &[]);
    (chip.take_spikes(), chip.membrane_codes(1).to_vec())
}

#[test]
fn the_other_hemisphere_spikes_as_if_alone() {
    let alone = spikes(0);
    assert!(alone.0.len() > 1000 && alone.0.iter().all(|spike| spike.hemisphere == 1));
    assert!(spikes(20) == alone);
}

#[test]
fn neurons_go_on_where_they_were_when_the_mode_ends() {
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    chip.write_weights_row(0, 0, &[63; COLUMNS]);
    let input = [InputEvent { time: 10, hemisphere: 0, row: 0, address: 0 }];
    chip.run_until(1000, &input);
    let before = chip.membranes_lsb(0);
    chip.set_perceptron_mode(0, true);
    assert_eq!(chip.membranes_lsb(0), [128.0; COLUMNS]);
    chip.multiply(0, &[5, 6]);
    chip.set_perceptron_mode(0, false);
    assert_eq!(chip.membranes_lsb(0), before);
    assert!(before[0] > 80.0);
}

#[test]
fn sensors_see_the_pulses() {
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    chip.write_weights_row(0, 0, &[63; COLUMNS]);
    let input: Vec<InputEvent> =
        (0..400).map(|i| InputEvent { time: 100 * i, hemisphere: 0, row: 0, address: 0 }).collect();
    chip.run_until(40_000, &input);
    let posts = chip.take_spikes();
    assert!(posts.iter().any(|spike| spike.column == 0 && spike.time > 35_000));
    // Addresses of row 4 are the label of an input of 9, so its pulses come after spikes.
    chip.write_address_row(0, 4, &[9; COLUMNS]);
    chip.set_perceptron_mode(0, true);
    chip.multiply(0, &[0, 0, 9]);
    assert!(chip.accumulated_row(0, 4, Branch::Acausal)[0] > 0.0);
    assert_eq!(chip.accumulated_row(0, 6, Branch::Acausal)[0], 0.0);
}

#[test]
fn rules_see_the_result_until_the_next_reset() {
    let config = changed(ChipConfig::ideal(), &[("perceptron.gain_lsb", 0.04)]);
    let mut chip = Chip::new(&config, 1);
    chip.set_perceptron_mode(0, true);
    chip.write_weights_row(0, 0, &[50; COLUMNS]);
    assert_eq!(chip.multiply(0, &[30])[7], 60);
    assert_eq!(chip.membrane_codes(0)[7], 188);
    let mut even = [false; COLUMNS];
    even.iter_mut().step_by(2).for_each(|column| *column = true);
    chip.reset_membranes(0, &even);
    assert_eq!(chip.membrane_codes(0)[6..8], [128, 188]);
}
