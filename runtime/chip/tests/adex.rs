//! AdEx neurons against plain ones, and against their equations integrated in far finer steps.

use pl_chip::config::ChipConfig;
use pl_chip::events::poisson;
use pl_chip::time::ticks_from_us;
use pl_chip::{AdexParameters, Chip, InputEvent, NeuronParameters, RowMode, Target};
use pl_fixed::real;

const TICKS_PER_US: f64 = 250.0;

fn event(time: u64, row: u8) -> InputEvent {
    InputEvent { time, hemisphere: 0, row, address: 0 }
}

/// AdEx neurons of nominal parameters without exponential term and adaptation.
fn bare() -> ChipConfig {
    let mut config = ChipConfig::ideal();
    config.adex.enabled = 1.0;
    config.adex.slope_lsb = 0.0;
    config.adex.adaptation_a = 0.0;
    config.adex.adaptation_b_lsb = 0.0;
    config
}

/// State of the reference: the equations as they stand, one neuron with constant drive and at most
/// one excitatory event.
struct Reference {
    neuron: NeuronParameters,
    adex: AdexParameters,
    v: f64,
    w: f64,
    /// Synaptic current, LSB a microsecond.
    current: f64,
    held_us: f64,
    time_us: f64,
    spikes_us: Vec<f64>,
}

impl Reference {
    fn new(chip: &Chip) -> Reference {
        let (neuron, adex) = (chip.neuron(0, 0), chip.adex(0, 0).expect("AdEx"));
        let v = f64::from(chip.membranes_lsb(0)[0]);
        let (w, spikes_us) = (f64::from(chip.adaptation_lsb(0, 0)), vec![]);
        Reference { neuron, adex, v, w, current: 0.0, held_us: 0.0, time_us: 0.0, spikes_us }
    }

    fn slopes(&self, v: f64, w: f64, current: f64) -> (f64, f64) {
        let (n, a) = (&self.neuron, &self.adex);
        let grown = if a.slope_lsb > 0.0 {
            let at = v.min(n.threshold_lsb) - a.exponential_threshold_lsb;
            a.slope_lsb * real::exp(at / a.slope_lsb)
        } else {
            0.0
        };
        let force = if a.conductance {
            (a.reversal_exc_lsb - v) / (a.reversal_exc_lsb - a.reference_lsb)
        } else {
            1.0
        };
        let dv = (n.rest_lsb() - v + grown - w) / n.tau_mem_us + current * force;
        (dv, (a.adaptation_a * (v - n.leak_lsb) - w) / a.tau_w_us)
    }

    /// Heun's method in steps of `dt_us`, a hundredth of a sub-step or so.
    fn run(&mut self, duration_us: f64, dt_us: f64) {
        let end = self.time_us + duration_us;
        let decay = real::exp(-dt_us / self.neuron.tau_syn_exc_us);
        while self.time_us < end - dt_us / 2.0 {
            let next = self.current * decay;
            let (v1, w1) = self.slopes(self.v, self.w, self.current);
            let (v2, w2) = self.slopes(self.v + dt_us * v1, self.w + dt_us * w1, next);
            let before = self.v;
            self.w += dt_us * (w1 + w2) / 2.0;
            self.current = next;
            self.time_us += dt_us;
            if self.held_us > 0.0 {
                self.held_us -= dt_us;
            } else {
                self.v += dt_us * (v1 + v2) / 2.0;
            }
            let threshold = self.neuron.threshold_lsb;
            if before < threshold && self.v >= threshold {
                let late = (self.v - threshold) / (self.v - before) * dt_us;
                self.spikes_us.push(self.time_us - late);
                self.v = self.neuron.reset_lsb;
                self.w += self.adex.adaptation_b_lsb;
                self.held_us = self.neuron.refractory_us - late;
            }
        }
    }
}

#[test]
fn without_its_terms_the_membrane_is_that_of_a_plain_neuron() {
    let mut plain = bare();
    plain.adex.enabled = 0.0;
    for arrival in [10_000, 10_001, 10_013, 10_024] {
        for mode in [RowMode::Excitatory, RowMode::Inhibitory] {
            let mut chips = [Chip::new(&plain, 1), Chip::new(&bare(), 1)];
            for chip in &mut chips {
                chip.set_row_mode(0, 0, mode);
                chip.write_weights_row(0, 0, &[40; 256]);
                chip.run_until(10_000, &[event(arrival, 0)]);
            }
            for t in [10_025, 10_500, 12_500, 15_000, 30_000_u64] {
                let [a, b] = chips.each_mut().map(|chip| {
                    chip.run_until(t, &[]);
                    chip.membranes_lsb(0)[17]
                });
                // Five LSB at the peak.
                assert!((a - b).abs() < 2e-4, "{arrival} {t}: {a} {b}");
            }
        }
    }
}

#[test]
fn without_its_terms_spikes_come_when_a_plain_neuron_fires() {
    let mut plain = bare();
    plain.adex.enabled = 0.0;
    let mut events = Vec::new();
    for row in 0..40 {
        let target = Target { hemisphere: 0, row, address: 0 };
        poisson(3, u64::from(row), target, 20e3, 0, 500_000, &mut events);
    }
    let [a, b] = [plain, bare()].map(|config| {
        let mut chip = Chip::new(&config, 1);
        for row in 0..40 {
            chip.write_weights_row(0, row, &[20; 256]);
        }
        chip.run_until(500_000, &events);
        chip.take_spikes()
    });
    assert!(a.len() > 256 * 50, "{}", a.len());
    assert_eq!(a.len(), b.len());
    let worst = a.iter().zip(&b).map(|(a, b)| a.time.abs_diff(b.time)).max();
    // Half a step: a plain neuron interpolates over the whole of one.
    assert!(worst <= Some(12), "{worst:?} ticks");
}

/// Spike times in microseconds of neuron 0 under a current that starts at 0.
fn driven(config: &ChipConfig, drive_lsb: f64, duration_us: f64) -> (Chip, Vec<f64>) {
    let mut chip = started(config, drive_lsb);
    chip.run_until(ticks_from_us(duration_us), &[]);
    let spikes = chip.take_spikes();
    (chip, spikes.iter().map(|spike| spike.time as f64 / TICKS_PER_US).collect())
}

fn started(config: &ChipConfig, drive_lsb: f64) -> Chip {
    let mut chip = Chip::new(config, 1);
    chip.set_active_columns(0, 0..1);
    chip.set_active_columns(1, 0..0);
    let neuron = NeuronParameters { offset_lsb: drive_lsb, ..chip.neuron(0, 0) };
    chip.set_neuron(0, 0, neuron);
    chip
}

#[test]
fn f_i_curve_is_that_of_the_equations() {
    let mut config = ChipConfig::ideal();
    config.adex.enabled = 1.0;
    let mut rates = Vec::new();
    for drive in [20.0, 35.0, 50.0, 80.0, 120.0] {
        let mut reference = Reference::new(&started(&config, drive));
        reference.run(1_000.0, 2e-4);
        let (_, spikes) = driven(&config, drive, 1_000.0);
        let (expected, n) = (&reference.spikes_us, spikes.len());
        assert!(n.abs_diff(expected.len()) <= 1, "{drive}: {n} {}", expected.len());
        if n > 2 {
            let mean = |times: &[f64]| (times[n - 2] - times[0]) / (n - 2) as f64;
            let error = mean(&spikes) / mean(expected) - 1.0;
            assert!(error.abs() < 5e-4, "{drive}: {error}");
        }
        rates.push(n);
    }
    assert_eq!(rates[0], 0, "below rheobase");
    assert!(rates.is_sorted() && rates[4] > 70, "{rates:?}");
}

#[test]
fn first_spike_comes_in_time_for_every_step() {
    for (step_us, bound_us) in [(0.02, 0.006), (0.1, 0.006), (0.4, 0.006), (1.0, 0.02)] {
        let mut config = ChipConfig::ideal();
        config.adex.enabled = 1.0;
        config.time.step_us = step_us;
        let mut reference = Reference::new(&started(&config, 50.0));
        reference.run(60.0, 2e-4);
        let (_, spikes) = driven(&config, 50.0, 60.0);
        let error = spikes[0] - reference.spikes_us[0];
        assert!(error.abs() < bound_us, "{step_us}: {error} us");
    }
}

#[test]
fn membrane_below_threshold_has_the_stated_error() {
    let mut config = ChipConfig::ideal();
    config.adex.enabled = 1.0;
    let mut worst = 0.0_f64;
    let mut chip = started(&config, 25.0);
    let mut reference = Reference::new(&chip);
    for us in 1..=400_u64 {
        chip.run_until(250 * us, &[]);
        reference.run(1.0, 2e-4);
        worst = worst.max((f64::from(chip.membranes_lsb(0)[0]) - reference.v).abs());
        worst = worst.max((f64::from(chip.adaptation_lsb(0, 0)) - reference.w).abs());
    }
    assert!(reference.v > 100.0, "{}", reference.v);
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn conductances_follow_their_driving_force() {
    let mut config = bare();
    config.adex.conductance = 1.0;
    config.neuron.tau_syn_exc_us = 3.0;
    config.neuron.threshold_lsb = 220.0;
    config.neuron.psp_lsb_per_weight = 1.0;
    let mut chip = Chip::new(&config, 1);
    let mut reference = Reference::new(&chip);
    chip.write_weights_row(0, 0, &[60; 256]);
    chip.run_until(0, &[event(0, 0)]);
    // A current synapse of this weight would peak at 60 LSB; the same current, scaled.
    let ratio = 10.0_f64 / 3.0;
    let t = 10.0 / (ratio - 1.0) * real::ln(ratio);
    let peak = (real::exp(-t / 10.0) - real::exp(-t / 3.0)) / (1.0 / 3.0 - 1.0 / 10.0);
    reference.current = 60.0 / peak;
    let mut highest = 0.0_f64;
    for _ in 0..400 {
        reference.run(0.1, 2e-4);
        chip.run_until(chip.now() + 25, &[]);
        let v = f64::from(chip.membranes_lsb(0)[9]);
        assert!((v - reference.v).abs() < 2e-3, "{} {v} {}", reference.time_us, reference.v);
        highest = highest.max(v);
    }
    // At leak the driving force is greater than at the reference, at the peak it is less.
    assert!(highest > 130.0 && highest < 145.0, "{highest}");
}

#[test]
fn conductances_stop_at_their_reversal_potentials() {
    let mut config = bare();
    config.adex.conductance = 1.0;
    config.neuron.threshold_lsb = 255.0;
    config.neuron.psp_lsb_per_weight = 10.0;
    for (mode, limit) in [(RowMode::Excitatory, 240.0), (RowMode::Inhibitory, 50.0)] {
        let mut chip = Chip::new(&config, 1);
        chip.set_row_mode(0, 0, mode);
        chip.write_weights_row(0, 0, &[63; 256]);
        let events: Vec<InputEvent> = (0..2_000).map(|i| event(3 * i, 0)).collect();
        chip.run_until(6_000, &events);
        let v = f64::from(chip.membranes_lsb(0)[0]);
        assert!((v - limit).abs() < 0.5, "{v} {limit}");
    }
}

#[test]
fn in_bypass_every_event_is_a_spike_one_tick_later() {
    let mut config = bare();
    config.adex.bypass = 1.0;
    let mut chip = Chip::new(&config, 1);
    let mut weights = [0; 256];
    weights[3] = 1;
    weights[200] = 63;
    chip.write_weights_row(0, 0, &weights);
    let times = [0, 1, 24, 25, 49, 700, 701, 702];
    let events: Vec<InputEvent> = times.map(|time| event(time, 0)).to_vec();
    chip.run_until(1_000, &events);
    let spikes = chip.take_spikes();
    assert_eq!(spikes.len(), 2 * times.len());
    for column in [3, 200] {
        let own = spikes.iter().filter(|spike| spike.column == column);
        assert_eq!(own.map(|spike| spike.time).collect::<Vec<_>>(), times.map(|t| t + 1));
    }
    assert_eq!(chip.rate_counters(0)[200], 8);
}

#[test]
fn silence_is_skipped_without_a_trace() {
    let mut config = ChipConfig::mismatch();
    config.adex.enabled = 1.0;
    let late: Vec<InputEvent> = (0..40).map(|i| event(3_000_000_000 + 100 * i, 0)).collect();
    let run = |awake: bool| {
        let mut chip = Chip::new(&config, 1);
        chip.write_weights_row(0, 0, &[63; 256]);
        if awake {
            // A neuron that fires all the time keeps the others computing.
            let slow = NeuronParameters { offset_lsb: 100.0, ..chip.neuron(0, 255) };
            chip.set_neuron(0, 255, slow);
        }
        chip.run_until(20_000, &(0..60).map(|i| event(100 * i, 0)).collect::<Vec<_>>());
        chip.run_until(4_000_000, &[]);
        chip
    };
    let mut sleepy = run(false);
    assert_eq!(sleepy.membranes_lsb(0)[..255], run(true).membranes_lsb(0)[..255]);
    assert!(sleepy.take_spikes().len() > 256);
    let start = std::time::Instant::now();
    sleepy.run_until(3_001_000_000, &late);
    assert!(start.elapsed().as_secs() < 5, "twelve seconds of silence cost nothing");
    assert!(sleepy.take_spikes().len() > 256);
}

#[test]
fn pieces_of_a_run_and_the_neurons_beside_do_not_matter() {
    let mut config = ChipConfig::mismatch();
    config.adex.enabled = 1.0;
    config.adex.conductance = 1.0;
    let mut events = Vec::new();
    for row in 0..20 {
        let target = Target { hemisphere: 0, row, address: 0 };
        poisson(5, u64::from(row), target, 50e3, 0, 200_000, &mut events);
    }
    let run = |cuts: &[u64], columns| {
        let mut chip = Chip::new(&config, 4);
        for row in 0..20 {
            chip.write_weights_row(0, row, &[30; 256]);
        }
        chip.set_row_mode(0, 3, RowMode::Inhibitory);
        chip.set_active_columns(0, columns);
        chip.run_until(0, &events);
        for &cut in cuts {
            chip.run_until(cut, &[]);
        }
        chip.run_until(200_000, &[]);
        (chip.take_spikes(), chip.membranes_lsb(0))
    };
    let whole = run(&[], 0..256);
    assert!(whole.0.len() > 1_000, "{}", whole.0.len());
    assert_eq!(run(&[17, 30_013, 30_020, 111_111], 0..256), whole);
    let part = run(&[], 30..70);
    let own = whole.0.iter().filter(|spike| (30..70).contains(&spike.column)).copied();
    assert_eq!(part.0, own.collect::<Vec<_>>());
    assert_eq!(part.1[30..70], whole.1[30..70]);
}
