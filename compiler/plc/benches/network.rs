//! How fast the chip runs a plastic network, beside Brian2's fastest form of the same one.
//!
//! 256 Poisson inputs of 20 Hz (biological), 512 neurons, all-to-all 131072 plastic synapses, 10 s
//! of biological time, mismatch on, one thread; a rule updates all weights every 100 ms.
//! `cargo bench --bench network` prints `cost NAME VALUE unit` and ratios of times measured in this
//! run: also of what a synaptic event costs on sixteen chips, joined in a ring and all to all, beside
//! one, and of the memory a chip takes (on Linux). Brian2 is installed into `target/brian2` by `tests/peers/install_brian2.sh` if it is not
//! there; its time is that of the run, without compilation and process start.

#![allow(clippy::print_stdout, reason = "a benchmark's results go to standard output")]
#![allow(clippy::expect_used, reason = "what cannot be set up ends the benchmark")]

#[path = "../../../tests/peers/brian2.rs"]
mod brian2;

use pl_chip::{Chip, ChipConfig, Cluster, InputEvent, Target, events};
use pl_experiment::engine::{Binding, Engine, EngineFactory};
use plc::{Compiler, EngineKind};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// Biological seconds, a thousand times those of the hardware.
const BIOLOGICAL_S: f64 = 10.0;
const TICKS: u64 = 2_500_000;
/// Ticks between updates: 100 ms of biological time.
const PERIOD: u64 = 25_000;
const INPUT_HZ: f64 = 20e3;
const PSP_LSB: f64 = 0.01;
const WEIGHT: u8 = 33;
const GAIN: f64 = 0.05;
const REPETITIONS: u32 = 3;

const RULE: &str = "
rule plastic {
    param gain : real in 0.0 .. 1.0 = 0.05
    rounding stochastic
    every 0.1 ms
    synapses {
        weight += gain * (causal - acausal)
        reset causal, acausal
    }
}
";

struct Measured {
    seconds: f64,
    seconds_of_rule: f64,
    inputs: usize,
    spikes: usize,
    /// Leak, threshold, reset and strength of each neuron, a line each.
    neurons: String,
}

/// Events of all inputs, for both hemispheres.
fn inputs() -> Vec<InputEvent> {
    let mut all = Vec::new();
    for row in 0..=u8::MAX {
        let mut own = Vec::new();
        let target = events::Target { hemisphere: 0, row, address: 1 };
        events::poisson(3, row.into(), target, INPUT_HZ, 0, TICKS, &mut own);
        all.extend(
            own.iter().flat_map(|event| [0, 1].map(|h| InputEvent { hemisphere: h, ..*event })),
        );
    }
    all.sort_unstable();
    all
}

fn network(compiler: &Compiler, events: &[InputEvent]) -> Measured {
    let mut config = ChipConfig::mismatch();
    config.neuron.psp_lsb_per_weight = PSP_LSB;
    let mut chip = Chip::new(&config, 1);
    for h in 0..2 {
        for row in 0..256 {
            chip.write_weights_row(h, row, &[WEIGHT; 256]);
            chip.write_address_row(h, row, &[1; 256]);
        }
    }
    let engine = |hemisphere| {
        let binding = Binding {
            rule: "plastic".into(),
            arm: String::new(),
            hemisphere,
            rows: (0..=u8::MAX).collect(),
            columns: (0..=u8::MAX).collect(),
            params: BTreeMap::new(),
            inputs: BTreeMap::new(),
            seed: 1,
            run_seed: 1,
            chip: 0,
            instance: 0,
            record_capacity: 0,
        };
        compiler.build(&binding).expect("the rule can be bound")
    };
    let mut engines: Vec<Box<dyn Engine>> = [0, 1].map(engine).into();
    for engine in &mut engines {
        engine.start(&mut chip).expect("the rule starts");
    }
    let (mut spikes, mut seconds_of_rule, mut rest) = (0, 0.0, events);
    let start = Instant::now();
    for update in 1..=TICKS / PERIOD {
        let end = update * PERIOD;
        let now = rest.partition_point(|event| event.time < end);
        chip.run_until(end, &rest[..now]);
        rest = &rest[now..];
        let rule = Instant::now();
        for engine in &mut engines {
            engine.update(&mut chip).expect("the rule runs");
        }
        seconds_of_rule += rule.elapsed().as_secs_f64();
        spikes += chip.take_spikes().len();
    }
    let seconds = start.elapsed().as_secs_f64();
    let neurons = (0..2).flat_map(|h| (0..256).map(move |column| (h, column)));
    let neurons = neurons.map(|(h, column)| {
        let n = chip.neuron(h, column);
        format!("{} {} {} {}\n", n.leak_lsb, n.threshold_lsb, n.reset_lsb, n.strength_exc)
    });
    Measured {
        seconds,
        seconds_of_rule,
        inputs: events.len() / 2,
        spikes,
        neurons: neurons.collect(),
    }
}

/// Which chips the spikes of a chip reach, of several.
#[derive(Clone, Copy)]
enum Links {
    ToNext,
    ToAll,
}

/// Seconds that a synaptic event costs on `count` chips with the same input, without a rule, over a
/// tenth of the time; every sixteenth neuron of a chip reaches a row of other chips.
fn cost_per_event(count: usize, links: Links, events: &[InputEvent]) -> f64 {
    let mut config = ChipConfig::mismatch();
    config.neuron.psp_lsb_per_weight = PSP_LSB;
    let mut cluster = Cluster::new(&config, count, 1);
    let end = TICKS / 10;
    let now = events.partition_point(|event| event.time < end);
    for chip in 0..count {
        for (h, row) in (0..2).flat_map(|h| (0..256).map(move |row| (h, row))) {
            cluster.chip_mut(chip).write_weights_row(h, row, &[WEIGHT; 256]);
            cluster.chip_mut(chip).write_address_row(h, row, &[1; 256]);
        }
        let reached = match links {
            Links::ToNext => 1..2.min(count),
            Links::ToAll => 1..count,
        };
        for (row, distance) in
            (0..=u8::MAX).step_by(16).flat_map(|r| reached.clone().map(move |d| (r, d)))
        {
            let target = Target { hemisphere: 1, row, address: 2 };
            cluster.connect(chip, (0, row.into()), (chip + distance) % count, target);
        }
        cluster.enqueue(chip, &events[..now]);
    }
    let start = Instant::now();
    cluster.run_until(end);
    let seconds = start.elapsed().as_secs_f64();
    let on_rows = now as f64 * count as f64 + cluster.all_link_counters().sent as f64;
    seconds / (on_rows * 256.0)
}

/// Megabytes that this process holds in memory, where `/proc` tells.
fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kb| kb / 1024.0)
}

/// Memory of a chip that has run, from what many of them take.
fn memory_per_chip() -> Option<f64> {
    const CHIPS: usize = 16;
    let before = resident_mb()?;
    let mut cluster = Cluster::new(&ChipConfig::mismatch(), CHIPS, 1);
    cluster.run_until(PERIOD);
    Some((resident_mb()? - before) / CHIPS as f64)
}

fn several_chips(events: &[InputEvent]) {
    // In turns, so that all are measured under the same conditions.
    let networks = [(1, Links::ToNext), (16, Links::ToNext), (16, Links::ToAll)];
    let mut best = [f64::INFINITY; 3];
    for _ in 0..REPETITIONS {
        for (best, (count, links)) in best.iter_mut().zip(networks) {
            *best = best.min(cost_per_event(count, links, events));
        }
    }
    let [one, ring, all] = best;
    println!("cost synaptic_event_1_chip {:.3} ns", one * 1e9);
    println!("cost synaptic_event_16_chips {:.3} ns", ring * 1e9);
    println!("cost synaptic_event_16_chips_all_to_all {:.3} ns", all * 1e9);
    println!("ratio cost_16_chips_over_1 {:.2}", ring / one);
    println!("ratio cost_16_chips_all_to_all_over_1 {:.2}", all / one);
}

/// Seconds, rate, input events and spikes of the same network in Brian2.
fn in_brian2(neurons: &str) -> Result<[f64; 4], String> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let args = [PSP_LSB.to_string(), WEIGHT.to_string(), GAIN.to_string()];
    let last = brian2::last_line(&repository, true, "brian2_network.py", &args, neurons);
    let last = last.map_err(|failure| failure.to_string())?;
    let numbers: Vec<f64> = last.split(' ').filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().map_err(|_| last)
}

fn main() {
    let compiler = Compiler::from_sources(EngineKind::Jit, &[("plastic", RULE)])
        .unwrap_or_else(|message| panic!("{message}"));
    if let Some(mb) = memory_per_chip() {
        println!("cost memory_per_chip {mb:.1} MB");
    }
    let events = inputs();
    let runs = (0..REPETITIONS).map(|_| network(&compiler, &events));
    let fastest = runs.min_by(|a, b| a.seconds.total_cmp(&b.seconds)).expect("a repetition");
    let rate_hz = fastest.spikes as f64 / 512.0 / BIOLOGICAL_S;
    let synaptic = fastest.inputs as f64 * 512.0;
    println!("cost plc_network {:.4} s", fastest.seconds);
    println!("cost plc_network_rule {:.4} s", fastest.seconds_of_rule);
    println!("cost plc_synaptic_events {:.0} million/s", synaptic / fastest.seconds / 1e6);
    println!(
        "plc: mean rate {rate_hz:.2} Hz, {} inputs, {} spikes",
        fastest.inputs, fastest.spikes
    );
    println!("ratio plc_real_time_factor {:.0}", BIOLOGICAL_S / fastest.seconds);
    println!("ratio plc_over_chip {:.2}", fastest.seconds / (BIOLOGICAL_S / 1e3));
    println!("ratio chip_real_time_factor 1000");
    several_chips(&events);
    match in_brian2(&fastest.neurons) {
        Ok([seconds, rate, inputs, spikes]) => {
            println!("cost brian2_network {seconds:.4} s");
            println!("brian2: mean rate {rate:.2} Hz, {inputs} inputs, {spikes} spikes");
            println!("ratio mean_rate_plc_over_brian2 {:.3}", rate_hz / rate);
            println!("ratio inputs_plc_over_brian2 {:.3}", fastest.inputs as f64 / inputs);
            println!("ratio brian2_over_plc {:.1}", seconds / fastest.seconds);
        }
        Err(message) => println!("no comparison with Brian2: {message}"),
    }
}
