//! The emulated circuits against the formulas they stand for.

use pl_chip::config::ChipConfig;
use pl_chip::{Branch, Chip, InputEvent, NeuronParameters, RowMode};
use pl_fixed::real;

const TICKS_PER_US: f64 = 250.0;

fn event(time: u64, row: u8) -> InputEvent {
    InputEvent { time, hemisphere: 0, row, address: 0 }
}

/// A chip whose neuron 0 fires once, `latency` ticks after each event on row 255 of address 0.
///
/// The only fast way to a spike is a strong, fast synapse; its latency is measured, not assumed.
fn chip_with_trigger(mut config: ChipConfig) -> (Chip, u64) {
    config.neuron.psp_lsb_per_weight = 10.0;
    config.neuron.tau_syn_exc_us = 0.5;
    config.neuron.refractory_us = 10.0;
    let mut chip = Chip::new(&config, 1);
    let mut weights = [0; 256];
    weights[0] = 63;
    chip.write_weights_row(0, 255, &weights);
    chip.set_active_columns(0, 0..1);
    let mut probe = chip.clone();
    probe.run_until(50_000, &[event(1_000, 255)]);
    let spikes = probe.take_spikes();
    assert_eq!(spikes.len(), 1, "one event makes one spike");
    (chip, spikes[0].time - 1_000)
}

#[test]
fn one_causal_pair_decays_exponentially_with_its_delay() {
    let (chip, latency) = chip_with_trigger(ChipConfig::ideal());
    for delay in [1_u64, 25, 250, 1_250, 5_000] {
        let mut chip = chip.clone();
        let trigger = 20_000;
        chip.run_until(40_000, &[event(trigger + latency - delay, 7), event(trigger, 255)]);
        let expected = 0.5 * real::exp(-(delay as f64) / (5.0 * TICKS_PER_US));
        let measured = f64::from(chip.accumulated_row(0, 7, Branch::Causal)[0]);
        assert!((measured / expected - 1.0).abs() < 1e-6, "{delay}: {measured} {expected}");
        assert_eq!(chip.accumulated_row(0, 7, Branch::Acausal)[0], 0.0);
    }
}

#[test]
fn one_anticausal_pair_decays_exponentially_with_its_delay() {
    let (chip, latency) = chip_with_trigger(ChipConfig::ideal());
    for delay in [1, 250, 1_250, 5_000] {
        let mut chip = chip.clone();
        chip.run_until(40_000, &[event(20_000, 255), event(20_000 + latency + delay, 7)]);
        let expected = 0.5 * real::exp(-(delay as f64) / (5.0 * TICKS_PER_US));
        let measured = f64::from(chip.accumulated_row(0, 7, Branch::Acausal)[0]);
        assert!((measured / expected - 1.0).abs() < 1e-6, "{delay}: {measured} {expected}");
        assert_eq!(chip.accumulated_row(0, 7, Branch::Causal)[0], 0.0);
    }
}

#[test]
fn a_train_of_pairs_saturates_as_its_recursion_says() {
    let mut config = ChipConfig::ideal();
    config.sensor.eta_lsb = 10.0;
    let (mut chip, latency) = chip_with_trigger(config);
    let events: Vec<InputEvent> = (1..=60)
        .map(|i| 125_000 * i)
        .flat_map(|t| [event(t - 250 + latency, 7), event(t, 255)])
        .collect();
    assert!(latency < 250);
    chip.run_until(8_000_000, &events);
    let mut accumulated = 0.0_f64;
    for _ in 0..60 {
        let room = (1.0 - real::pow(accumulated / 160.0, 4.0)).max(0.0);
        accumulated += 10.0 * real::exp(-250.0 / 1_250.0) * room;
    }
    let measured = f64::from(chip.accumulated_row(0, 7, Branch::Causal)[0]);
    assert!((measured / accumulated - 1.0).abs() < 1e-5, "{measured} {accumulated}");
    assert!(measured > 140.0, "the train reaches saturation");
    // Without noise the code is the rounded difference to the baseline.
    let code = chip.correlation_codes_row(0, 7, Branch::Causal)[0];
    assert_eq!(f64::from(code), (200.0 - measured).round());
}

#[test]
fn pulses_in_one_tick_form_no_pair_and_are_counted() {
    let (mut chip, latency) = chip_with_trigger(ChipConfig::ideal());
    let tie = 20_000 + latency;
    // An older pulse would pair with the spike if the tie did not cancel it.
    chip.run_until(60_000, &[event(19_000, 7), event(20_000, 255), event(tie, 7)]);
    assert_eq!(chip.ties(0), 1);
    for branch in Branch::BOTH {
        assert_eq!(chip.accumulated_row(0, 7, branch)[0], 0.0);
    }
    // Nothing stays open: the next event does not pair with the tied spike.
    chip.run_until(80_000, &[event(tie + 41_000, 7)]);
    assert_eq!(chip.accumulated_row(0, 7, Branch::Acausal)[0], 0.0);
}

/// Membrane of a neuron `t` microseconds after one event, relative to rest and to its peak.
fn alpha(t_us: f64, tau_us: f64) -> f64 {
    t_us / tau_us * real::exp(1.0 - t_us / tau_us)
}

#[test]
fn psp_has_its_shape_wherever_in_the_step_the_event_arrives() {
    let config = ChipConfig::ideal();
    for arrival in [10_000, 10_001, 10_013, 10_024] {
        for (mode, sign) in [(RowMode::Excitatory, 1.0), (RowMode::Inhibitory, -1.0)] {
            let mut chip = Chip::new(&config, 1);
            chip.set_row_mode(0, 0, mode);
            chip.write_weights_row(0, 0, &[40; 256]);
            chip.run_until(10_000, &[event(arrival, 0)]);
            for t in [10_025, 10_500, 12_500, 15_000, 30_000_u64] {
                chip.run_until(t, &[]);
                let since_us = (t - arrival) as f64 / TICKS_PER_US;
                let expected = sign * 40.0 * 0.125 * alpha(since_us, 10.0);
                let measured = f64::from(chip.membranes_lsb(0)[17]) - 80.0;
                assert!((measured - expected).abs() < 2e-4, "{arrival} {t} {measured} {expected}");
            }
        }
    }
}

#[test]
fn psp_with_two_time_constants_reaches_the_stated_peak() {
    let mut config = ChipConfig::ideal();
    config.neuron.tau_syn_exc_us = 2.0;
    config.neuron.tau_mem_us = 20.0;
    let mut chip = Chip::new(&config, 1);
    chip.write_weights_row(0, 0, &[32; 256]);
    chip.run_until(0, &[event(0, 0)]);
    let mut peak = 0.0_f64;
    for step in 1..2_000 {
        chip.run_until(25 * step, &[]);
        peak = peak.max(f64::from(chip.membranes_lsb(0)[3]) - 80.0);
    }
    assert!((peak - 4.0).abs() < 1e-3, "{peak}");
}

#[test]
fn events_on_a_disabled_row_do_nothing() {
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    chip.set_row_mode(0, 0, RowMode::Disabled);
    chip.write_weights_row(0, 0, &[63; 256]);
    chip.run_until(5_000, &[event(0, 0)]);
    assert_eq!(chip.membranes_lsb(0), [80.0; 256]);
}

#[test]
fn rate_under_constant_drive_follows_the_f_i_curve() {
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    let nominal = chip.neuron(0, 0);
    let drives = [46.0, 50.0, 70.0, 150.0, 400.0];
    for (column, &offset_lsb) in drives.iter().enumerate() {
        chip.set_neuron(0, column, NeuronParameters { offset_lsb, ..nominal });
    }
    chip.run_until(5_000_000, &[]);
    let spikes = chip.take_spikes();
    for (column, &offset) in drives.iter().enumerate() {
        let rest = 80.0 + offset;
        let interval_us = 2.0 + 10.0 * real::ln((rest - 70.0) / (rest - 125.0));
        let times: Vec<u64> =
            spikes.iter().filter(|s| usize::from(s.column) == column).map(|s| s.time).collect();
        let mean = (times[times.len() - 1] - times[0]) as f64 / (times.len() - 1) as f64;
        // A tick in 500, plus the curvature within a step.
        assert!((mean / (interval_us * TICKS_PER_US) - 1.0).abs() < 2e-3, "{offset}: {mean}");
    }
    assert!(spikes.iter().all(|s| usize::from(s.column) < drives.len()));
}

#[test]
fn counters_count_spikes_and_overflow_to_255() {
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    let nominal = chip.neuron(0, 0);
    chip.set_neuron(0, 5, NeuronParameters { offset_lsb: 200.0, ..nominal });
    chip.run_until(250_000, &[]);
    let n = chip.take_spikes().len();
    assert!(n > 100 && n < 256);
    assert_eq!(usize::from(chip.rate_counters(0)[5]), n);
    chip.run_until(2_500_000, &[]);
    assert_eq!(chip.rate_counters(0)[5], 255);
    let mut mask = [false; 256];
    mask[5] = true;
    chip.reset_rate_counters(0, &mask);
    assert_eq!(chip.rate_counters(0)[5], 0);
}
