//! Firing patterns of AdEx neurons under a constant current.
//!
//! Parameters are those of Naud, Marcille, Clopath and Gerstner, "Firing patterns in the adaptive
//! exponential integrate-and-fire model", Biol. Cybern. 99 (2008), as recalled; scaled to the chip:
//! a millisecond is a microsecond, and a millivolt is 2 LSB with 0 mV at 200 LSB.

use pl_chip::config::ChipConfig;
use pl_chip::time::ticks_from_us;
use pl_chip::{AdexParameters, Chip, NeuronParameters};

const TICKS_PER_US: f64 = 250.0;
const LSB_PER_MV: f64 = 2.0;

/// A row of the publication's table, in its units: pF, nS, mV, ms, pA. The exponential threshold
/// is -50 mV, the slope factor 2 mV and the cut of the spike 0 mV for all.
struct Cell {
    capacitance: f64,
    leak_conductance: f64,
    leak: f64,
    a: f64,
    tau_w: f64,
    b: f64,
    reset: f64,
    current: f64,
}

impl Cell {
    fn of([capacitance, leak_conductance, leak, a, tau_w, b, reset, current]: [f64; 8]) -> Cell {
        Cell { capacitance, leak_conductance, leak, a, tau_w, b, reset, current }
    }

    /// Spike times in microseconds of hardware time.
    fn spikes_us(&self, duration_us: f64) -> Vec<f64> {
        let lsb = |mv: f64| 200.0 + LSB_PER_MV * mv;
        let g = self.leak_conductance;
        let mut config = ChipConfig::ideal();
        config.adex.enabled = 1.0;
        let mut chip = Chip::new(&config, 1);
        chip.set_active_columns(0, 0..1);
        chip.set_active_columns(1, 0..0);
        let neuron = NeuronParameters {
            leak_lsb: lsb(self.leak),
            reset_lsb: lsb(self.reset),
            threshold_lsb: lsb(0.0),
            tau_mem_us: self.capacitance / g,
            refractory_us: 0.0,
            ..chip.neuron(0, 0)
        };
        chip.set_neuron(0, 0, neuron);
        let adex = AdexParameters {
            slope_lsb: 2.0 * LSB_PER_MV,
            exponential_threshold_lsb: lsb(-50.0),
            adaptation_a: self.a / g,
            adaptation_b_lsb: self.b / g * LSB_PER_MV,
            tau_w_us: self.tau_w,
            ..chip.adex(0, 0).expect("AdEx")
        };
        chip.set_adex(0, 0, adex);
        // At rest before the current starts.
        chip.run_until(500_000, &[]);
        assert!(chip.take_spikes().is_empty());
        let start = chip.now();
        let offset_lsb = self.current / g * LSB_PER_MV;
        chip.set_neuron(0, 0, NeuronParameters { offset_lsb, ..neuron });
        chip.run_until(start + ticks_from_us(duration_us), &[]);
        chip.take_spikes().iter().map(|s| (s.time - start) as f64 / TICKS_PER_US).collect()
    }
}

fn intervals(spikes: &[f64]) -> Vec<f64> {
    spikes.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Spike counts of bursts: spikes apart by less than `gap_us` belong together.
fn bursts(intervals: &[f64], gap_us: f64) -> Vec<usize> {
    intervals.split(|&interval| interval >= gap_us).map(|burst| burst.len() + 1).collect()
}

/// Standard deviation of numbers by their mean.
fn variation(x: &[f64]) -> f64 {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let square = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / x.len() as f64;
    square.sqrt() / mean
}

#[test]
fn tonic_spiking() {
    let spikes = Cell::of([200.0, 10.0, -70.0, 2.0, 30.0, 0.0, -58.0, 500.0]).spikes_us(500.0);
    let intervals = intervals(&spikes);
    assert!(spikes[0] < 30.0 && intervals.len() > 30, "{intervals:?}");
    assert!(variation(&intervals[4..]) < 0.02, "{intervals:?}");
}

#[test]
fn adaptation() {
    let spikes = Cell::of([200.0, 12.0, -70.0, 2.0, 300.0, 60.0, -58.0, 500.0]).spikes_us(1000.0);
    let intervals = intervals(&spikes);
    assert!(intervals[..6].windows(2).all(|pair| pair[1] > 1.1 * pair[0]), "{intervals:?}");
    assert!(intervals[10] > 5.0 * intervals[0], "{intervals:?}");
    assert!(variation(&intervals[10..]) < 0.01, "it settles: {intervals:?}");
}

#[test]
fn initial_burst() {
    let spikes = Cell::of([130.0, 18.0, -58.0, 4.0, 150.0, 120.0, -50.0, 400.0]).spikes_us(1000.0);
    let intervals = intervals(&spikes);
    let (burst, later) = (&intervals[..2], &intervals[3..]);
    assert!(burst.iter().all(|&interval| interval < 10.0), "{intervals:?}");
    assert!(later.iter().all(|&interval| interval > 50.0), "{intervals:?}");
    assert!(later.len() > 10 && variation(later) < 0.01, "{intervals:?}");
}

#[test]
fn regular_bursting() {
    let spikes = Cell::of([200.0, 10.0, -58.0, 2.0, 120.0, 100.0, -46.0, 210.0]).spikes_us(1600.0);
    let intervals = intervals(&spikes);
    let bursts = bursts(&intervals, 50.0);
    assert!(bursts.len() > 8 && bursts[1..bursts.len() - 1].iter().all(|&n| n == 2), "{bursts:?}");
    let pauses: Vec<f64> = intervals.iter().copied().filter(|&i| i >= 50.0).collect();
    assert!(variation(&pauses) < 0.02, "{pauses:?}");
}

#[test]
fn delayed_accelerating() {
    let spikes = Cell::of([200.0, 12.0, -70.0, -10.0, 300.0, 0.0, -58.0, 300.0]).spikes_us(500.0);
    let intervals = intervals(&spikes);
    assert!(spikes[0] > 1.5 * intervals[0], "{spikes:?}");
    assert!(intervals[..15].windows(2).all(|pair| pair[1] < pair[0]), "{intervals:?}");
    assert!(intervals[0] > 1.7 * intervals[25], "{intervals:?}");
}

#[test]
fn delayed_regular_bursting() {
    let spikes = Cell::of([100.0, 10.0, -65.0, -10.0, 90.0, 30.0, -47.0, 110.0]).spikes_us(1000.0);
    let bursts = bursts(&intervals(&spikes), 30.0);
    assert!(spikes[0] > 40.0, "{spikes:?}");
    assert!(bursts.len() > 8 && bursts[..bursts.len() - 1].iter().all(|&n| n == 4), "{bursts:?}");
}

#[test]
fn transient_spiking() {
    let spikes = Cell::of([100.0, 10.0, -65.0, 10.0, 90.0, 100.0, -47.0, 180.0]).spikes_us(1000.0);
    assert!((1..=3).contains(&spikes.len()), "{spikes:?}");
    assert!(spikes.iter().all(|&time| time < 60.0), "the current goes on: {spikes:?}");
}

#[test]
fn irregular_spiking() {
    let spikes = Cell::of([100.0, 12.0, -60.0, -11.0, 130.0, 30.0, -48.0, 160.0]).spikes_us(3000.0);
    let intervals = intervals(&spikes);
    let later = &intervals[4..];
    assert!(later.len() > 100 && variation(later) > 0.3, "{} {}", later.len(), variation(later));
    // Not a periodic pattern: no shift of up to eight intervals maps the train onto itself.
    for period in 1..=8 {
        let pairs = || later.iter().zip(&later[period..]);
        let moved = pairs().filter(|(a, b)| (*a - *b).abs() > 0.2 * **a).count();
        assert!(5 * moved > pairs().count(), "{period}: {moved}");
    }
}
