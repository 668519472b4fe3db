//! The emulated chip against an independent simulator: the same network of leaky
//! integrate-and-fire neurons in Brian2. Runs where Brian2 is installed, as the network benchmark does
//! it; `PLC_PEERS=1` installs it. A script that fails is a failure, whatever is installed.

#![allow(clippy::print_stdout, reason = "what was compared goes to standard output")]

#[path = "../peers/brian2.rs"]
mod brian2;

use brian2::Failure;
use pl_chip::events::poisson;
use pl_chip::time::TICKS_PER_US;
use pl_chip::{Chip, ChipConfig, InputEvent, NeuronParameters, RowMode, Target};
use pl_fixed::rng::splitmix64;
use serde_json::json;
use std::path::Path;

/// Inputs, and as many neurons that fire and excite each other, whose rates are compared, and others
/// that hear the inputs alone and do not fire, whose membranes are: where spikes come back, times a
/// step apart become other times of spikes before long.
const COUNT: usize = 64;
/// Hardware time of the run: 2 s of biological time.
const DURATION_US: u64 = 2000;
/// Largest relative difference of rates and membranes.
const LIMIT: f64 = 0.02;

/// A weight of -23 to 23 that depends on its place only.
fn weight(row: usize, column: usize) -> i32 {
    if row >= COUNT && column >= COUNT {
        return 0;
    }
    let random = splitmix64(splitmix64(row as u64) ^ column as u64);
    let size = i32::try_from(random % 24).unwrap_or(0);
    // Every fourth row inhibits, also of those that neurons of the chip drive.
    if row % 4 == 3 { -size } else { size }
}

/// The row that neuron `i` drives.
fn recurrent_row(i: usize) -> usize {
    COUNT + i
}

fn chip() -> Chip {
    let mut config = ChipConfig::mismatch();
    config.neuron.psp_lsb_per_weight = 0.1;
    // What drives the neurons most of the way to threshold.
    config.neuron.leak_lsb = 105.0;
    let mut chip = Chip::new(&config, 11);
    chip.set_active_columns(0, 0..2 * COUNT);
    chip.set_active_columns(1, 0..0);
    for column in COUNT..2 * COUNT {
        let silent = NeuronParameters { threshold_lsb: 1000.0, ..chip.neuron(0, column) };
        chip.set_neuron(0, column, silent);
    }
    for row in 0..2 * COUNT {
        let excites = row % 4 != 3;
        let mode = if excites { RowMode::Excitatory } else { RowMode::Inhibitory };
        chip.set_row_mode(0, row, mode);
        let weights = core::array::from_fn(|column| {
            let used = column < 2 * COUNT;
            u8::try_from(if used { weight(row, column).abs() } else { 0 }).unwrap_or(0)
        });
        chip.write_weights_row(0, row, &weights);
    }
    for i in 0..COUNT {
        let row = u8::try_from(recurrent_row(i)).unwrap_or(0);
        chip.connect(0, i, Target { hemisphere: 0, row, address: 0 });
    }
    chip
}

fn inputs() -> Vec<InputEvent> {
    let mut events = Vec::new();
    for row in (0..=u8::MAX).take(COUNT) {
        let target = Target { hemisphere: 0, row, address: 0 };
        let end = DURATION_US * TICKS_PER_US;
        poisson(5, row.into(), target, 15e3, 0, end, &mut events);
    }
    events.sort_unstable();
    events
}

/// Spikes of each neuron, and membranes each microsecond.
fn run(mut chip: Chip, events: &[InputEvent]) -> (Vec<f64>, Vec<Vec<f64>>) {
    chip.run_until(0, events);
    let mut membranes = vec![Vec::new(); 2 * COUNT];
    for us in 0..DURATION_US {
        chip.run_until(us * TICKS_PER_US, &[]);
        let now = chip.membranes_lsb(0);
        membranes.iter_mut().zip(now).for_each(|(course, v)| course.push(f64::from(v)));
    }
    chip.run_until(DURATION_US * TICKS_PER_US, &[]);
    let mut counts = vec![0.0; 2 * COUNT];
    for spike in chip.take_spikes() {
        counts[usize::from(spike.column)] += 1.0;
    }
    (counts, membranes)
}

/// The network as the script reads it: a microsecond of the chip is a millisecond.
fn description(chip: &Chip, events: &[InputEvent]) -> String {
    let unit = 0.1 * std::f64::consts::E / 10.0;
    let neurons: Vec<[f64; 9]> = (0..2 * COUNT)
        .map(|column| {
            let n = chip.neuron(0, column);
            let strengths = [n.strength_exc, n.strength_inh].map(|strength| unit * strength);
            let [exc, inh] = strengths;
            [
                n.leak_lsb,
                n.reset_lsb,
                n.threshold_lsb,
                n.tau_mem_us,
                n.tau_syn_exc_us,
                n.tau_syn_inh_us,
                n.refractory_us,
                exc,
                inh,
            ]
        })
        .collect();
    let rows = |row: usize| (0..2 * COUNT).map(|column| weight(row, column)).collect::<Vec<_>>();
    let recurrent: Vec<(usize, usize, i32)> = (0..COUNT)
        .flat_map(|i| (0..2 * COUNT).map(move |to| (i, to, weight(recurrent_row(i), to))))
        .collect();
    let events: Vec<(u8, f64)> =
        events.iter().map(|event| (event.row, event.time as f64 / TICKS_PER_US as f64)).collect();
    json!({
        "neurons": neurons,
        "events": events,
        "weights": (0..COUNT).map(rows).collect::<Vec<_>>(),
        "recurrent": recurrent,
        "delay": 0.1,
        "duration": DURATION_US,
        "dt": 0.05,
        "sample": 1.0,
    })
    .to_string()
}

/// Counts and membranes, where there is Brian2.
fn in_brian2(network: &str) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
    #[derive(serde::Deserialize)]
    struct Answer {
        counts: Vec<f64>,
        membranes: Vec<Vec<f64>>,
    }
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let install = std::env::var_os("PLC_PEERS").is_some();
    let answer = match brian2::last_line(&repository, install, "brian2_lif.py", &[], network) {
        Ok(answer) => answer,
        Err(Failure::Absent(message)) => {
            println!("skipped: {message}");
            return None;
        }
        Err(failure @ Failure::Script(_)) => panic!("{failure}"),
    };
    let Answer { counts, membranes } = serde_json::from_str(&answer).expect(&answer);
    Some((counts, membranes))
}

#[test]
fn rates_and_membranes_agree_with_brian2() {
    let (chip, events) = (chip(), inputs());
    let network = description(&chip, &events);
    let (counts, membranes) = run(chip, &events);
    let Some((peer_counts, peer_membranes)) = in_brian2(&network) else { return };
    let mean = |counts: &[f64]| counts[..COUNT].iter().sum::<f64>() / COUNT as f64;
    let (rate, peer_rate) = (mean(&counts), mean(&peer_counts));
    // Root mean square of the difference of membranes, by that of their movement.
    let (mut difference, mut movement) = (0.0, 0.0);
    for (course, peer) in membranes.iter().zip(&peer_membranes).skip(COUNT) {
        let middle = course.iter().sum::<f64>() / course.len() as f64;
        for (v, p) in course.iter().zip(peer) {
            difference += (v - p) * (v - p);
            movement += (v - middle) * (v - middle);
        }
    }
    let apart = (difference / movement).sqrt();
    let seconds = DURATION_US as f64 / 1000.0;
    println!("mean rate {:.3} Hz, in Brian2 {:.3} Hz", rate / seconds, peer_rate / seconds);
    println!("membranes differ by {apart:.4} of their movement");
    assert!(rate > 10.0);
    assert!((rate / peer_rate - 1.0).abs() < LIMIT);
    assert!(apart < LIMIT);
}

#[cfg(unix)]
#[test]
fn a_script_that_fails_has_no_answer() {
    let run = |script: &str| {
        brian2::answer(std::process::Command::new("sh").args(["-c", script]), "input\n")
    };
    assert_eq!(run("cat; echo last"), Ok("last".to_owned()));
    let failed = run("cat; echo because >&2; exit 3").unwrap_err();
    assert!(failed.contains('3') && failed.contains("because"), "{failed}");
    assert!(run("cat > /dev/null").is_err());
}
