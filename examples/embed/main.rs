//! A rule in a Rust program: compiled from a string, run on the program's own arrays, on two threads.
//! `cargo run -p pl-driver --example embed`

#![allow(clippy::print_stdout, reason = "an example for the terminal")]

use pl_driver::ir::io::{COLUMNS, UpdateIo};
use pl_driver::{Engine, Instance, Place, RunError, Session};
use std::error::Error;

const SOURCE: &str = "
rule hebb {
    /// Weight LSB per correlation LSB.
    param gain : real in 0.0 .. 1.0 = 0.5
    state updates : int in 0 .. 1000 per rule = 0
    every 1 ms
    control { updates += 1; send(6, 5) }
    synapses { weight += gain * causal; reset causal }
    record weight every 2 updates
}
";

/// Two synapse rows of this program.
struct Synapses {
    weights: [u8; 2 * COLUMNS],
    addresses: [u8; 2 * COLUMNS],
    causal: [u8; 2 * COLUMNS],
    resets: [u8; 2 * COLUMNS],
}

impl Synapses {
    /// One update of a rule, with sensors 20 codes below their baselines.
    fn update(&mut self, instance: &mut Instance) -> Result<(), RunError> {
        let mut io = UpdateIo {
            rows: &[3, 9],
            row_signs: &[1, 1],
            columns: &[0xff; COLUMNS],
            weights: &mut self.weights,
            addresses: &mut self.addresses,
            causal_codes: &self.causal,
            acausal_codes: &[120; 2 * COLUMNS],
            causal_baseline: &[120; COLUMNS],
            acausal_baseline: &[120; COLUMNS],
            rates: &[0; COLUMNS],
            membranes: &[0; COLUMNS],
            correlation_reset: &mut self.resets,
            rate_reset: &mut [0; COLUMNS],
            membrane_reset: &mut [0; COLUMNS],
        };
        instance.update(&mut io)
    }
}

/// Weight of the first synapse after two updates with this gain.
fn learn(mut instance: Instance, gain: f64) -> Result<u8, Box<dyn Error + Send + Sync>> {
    instance.set_param("gain", gain)?; // nothing is compiled anew
    let mut synapses = Synapses {
        weights: [10; 2 * COLUMNS],
        addresses: [0; 2 * COLUMNS],
        causal: [100; 2 * COLUMNS],
        resets: [0; 2 * COLUMNS],
    };
    synapses.update(&mut instance)?;
    synapses.update(&mut instance)?;
    assert_eq!(synapses.resets, [1; 2 * COLUMNS], "the causal branch, everywhere");
    let sample = instance.state.records[0].samples.last().ok_or("no sample")?;
    assert_eq!((sample.update, sample.fields[0][0]), (2, i32::from(synapses.weights[0])));
    assert_eq!(instance.state.events.len(), 1, "what the last update sent");
    Ok(synapses.weights[0])
}

/// Prints what the rule can be told and what two gains do.
pub(crate) fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let compiled = Session::default().compile("hebb.pl", SOURCE);
    let Some(rule) = compiled.rules.first() else {
        return Err(format!("{:?}", compiled.diagnostics).into());
    };
    for param in rule.params() {
        println!("{} in {}, default {}: {}", param.name, param.interval, param.default, param.doc);
    }
    for record in &rule.module().records {
        let fields: Vec<&str> = record.fields.iter().map(|field| field.name.as_str()).collect();
        println!("records {} every {} updates", fields.join(", "), record.every);
    }
    let place = Place { hemisphere: 0, rows: 2, stream_key: 7, record_capacity: 8 };
    let instances = [0.25, 1.0].map(|gain| (rule.instance(Engine::Jit, &place), gain));
    // Rules are shared between threads, instances move to them.
    let threads =
        instances.map(|(instance, gain)| std::thread::spawn(move || learn(instance, gain)));
    let [low, high] = threads.map(|thread| thread.join().map_err(|_| "a thread panicked"));
    let (low, high) = (low??, high??);
    println!("weights {low} and {high}");
    assert_eq!((low, high), (20, 50));
    let refused = rule.instance(Engine::Jit, &place).set_param("gain", 2.0);
    println!("refused: {}", refused.err().ok_or("2 lies outside the range")?);
    Ok(())
}
