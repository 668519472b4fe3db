//! Kinds of neuron by block: the parameters of an experiment's `[[chip.neurons]]` act.

use pl_chip::{Chip, ChipConfig, InputEvent, NeuronParameters};

fn config(text: &str) -> ChipConfig {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn event(time: u64) -> InputEvent {
    InputEvent { time, hemisphere: 0, row: 0, address: 0 }
}

#[test]
fn a_block_has_its_parameters_and_starts_at_its_rest() {
    let config = config(
        "profile = 'ideal'
         neurons = [{ hemisphere = 0, columns = '16..48', leak_lsb = 100.0, tau_mem_us = 5.0 }]",
    );
    let chip = Chip::new(&config, 1);
    assert_eq!((chip.neuron(0, 15).leak_lsb, chip.neuron(0, 16).leak_lsb), (80.0, 100.0));
    assert_eq!((chip.neuron(0, 47).tau_mem_us, chip.neuron(0, 48).tau_mem_us), (5.0, 10.0));
    assert_eq!(chip.neuron(1, 20).leak_lsb, 80.0);
    assert_eq!([15, 16, 47, 48].map(|c| chip.membranes_lsb(0)[c]), [80.0, 100.0, 100.0, 80.0]);
}

#[test]
fn the_peak_of_a_psp_is_what_is_asked_at_the_time_constants_of_the_block() {
    let config = config(
        "profile = 'ideal'
         neurons = [
             { columns = '64..128', tau_mem_us = 30.0, tau_syn_exc_us = 3.0 },
             { columns = '128..192', psp_lsb_per_weight = 0.25 },
         ]",
    );
    let mut chip = Chip::new(&config, 1);
    chip.write_weights_row(0, 0, &[40; 256]);
    chip.run_until(0, &[event(0)]);
    let mut peaks = [0.0_f32; 4];
    for t in (25..10_000).step_by(25) {
        chip.run_until(t, &[]);
        let membranes = chip.membranes_lsb(0);
        for (block, peak) in peaks.iter_mut().enumerate() {
            *peak = peak.max(membranes[64 * block] - 80.0);
        }
    }
    for (peak, expected) in peaks.iter().zip([5.0, 5.0, 10.0, 5.0]) {
        assert!((peak - expected).abs() < 0.01, "{peaks:?}");
    }
}

#[test]
fn mismatch_spreads_around_the_block() {
    let config = config("neurons = [{ columns = '0..128', threshold_lsb = 150.0 }]");
    let (mut low, mut high) = (Vec::new(), Vec::new());
    for seed in 0..20 {
        let chip = Chip::new(&config, seed);
        let plain = Chip::new(&ChipConfig::mismatch(), seed);
        for column in 0..256 {
            let NeuronParameters { threshold_lsb, .. } = chip.neuron(0, column);
            let nominal = if column < 128 { 150.0 } else { 125.0 };
            let spread = plain.neuron(0, column).threshold_lsb - 125.0;
            assert!((threshold_lsb - nominal - spread).abs() < 1e-9);
            if column < 128 { low.push(spread) } else { high.push(spread) }
        }
    }
    for spreads in [low, high] {
        let n = spreads.len() as f64;
        let sigma = (spreads.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
        assert!((sigma / 1.5 - 1.0).abs() < 4.0 / (2.0 * n).sqrt(), "{sigma}");
    }
}

#[test]
fn terms_of_adex_neurons_are_switched_by_block() {
    let config = config(
        "profile = 'ideal'
         neurons = [
             { offset_lsb = 80.0, adex = { slope_lsb = 0.0, adaptation_b_lsb = 0.0 } },
             { columns = '0..16', adex = { adaptation_b_lsb = 30.0 } },
             { columns = '16..32', offset_lsb = 0.0, adex = { bypass = 1.0 } },
         ]
         [adex]
         enabled = 1
         adaptation_a = 0",
    );
    let mut chip = Chip::new(&config, 1);
    chip.write_weights_row(0, 0, &[1; 256]);
    chip.run_until(0, &[event(1_000), event(200_000)]);
    chip.run_until(250_000, &[]);
    let counts = chip.rate_counters(0);
    assert_eq!(counts[20], 2, "in bypass mode each event is a spike");
    assert!(counts[40] > 30);
    assert!(2 * u32::from(counts[5]) < counts[40].into(), "adaptation slows: {}", counts[5]);
}
