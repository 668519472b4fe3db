//! Compile times of the library, and the update of 131072 synapses by the structural rule: native
//! code against intrinsics written by hand, a scalar loop and the evaluator.
//!
//! `cargo bench --bench update_kernel` prints absolute times (`cost NAME VALUE unit`) and, of times
//! measured in this run, ratios (`ratio NAME VALUE`).

#![allow(clippy::print_stdout, reason = "a benchmark's results go to standard output")]
#![allow(clippy::expect_used, reason = "what cannot be set up ends the benchmark")]

mod by_hand;

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use by_hand::{Form, PARAMS};
use pl_driver::ir::io::{COLUMNS, UpdateIo};
use pl_driver::{Engine, Instance as RuleInstance, Options, Place, Rule, Session, stdlib};

/// Rows of a hemisphere.
const ROWS: usize = 256;
/// Baselines of the sensors.
const BASELINE: u8 = 120;
/// Repetitions, of which the shortest counts: other programs disturb it least.
const REPETITIONS: u32 = 30;
/// Updates in a row of a repetition, of which the shortest counts: the first ones find the caches
/// as the other code left them.
const UPDATES: u32 = 5;
/// Compilations of each rule, and processes that compile it once.
const COMPILATIONS: u32 = 51;
const FIRSTS: u32 = 15;
/// Argument of such a process, before the name of the rule.
const FIRST: &str = "--first";

/// Microseconds of the shortest of some repetitions.
fn microseconds(repetitions: u32, mut work: impl FnMut()) -> f64 {
    let repetition = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e6
    };
    (0..repetitions).map(repetition).fold(f64::INFINITY, f64::min)
}

fn cost(name: &str, value: f64, unit: &str) -> f64 {
    println!("cost {name} {value:.1} {unit}");
    value
}

/// The arrays of a hemisphere.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Arrays {
    rows: Vec<u8>,
    signs: Vec<i8>,
    weights: Vec<u8>,
    addresses: Vec<u8>,
    causal: Vec<u8>,
    acausal: Vec<u8>,
    rates: [u8; COLUMNS],
    reset: Vec<u8>,
    rate_reset: [u8; COLUMNS],
    membrane_reset: [u8; COLUMNS],
}

impl Arrays {
    fn new(seed: u32) -> Arrays {
        let mut state = seed;
        let mut byte = |modulus: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from((state >> 16) % modulus).expect("a byte")
        };
        let mut plane = |modulus| (0..ROWS * COLUMNS).map(|_| byte(modulus)).collect::<Vec<u8>>();
        let (weights, addresses) = (plane(64), plane(64));
        let (causal, acausal) = (plane(140), plane(140));
        Arrays {
            rows: (0..=u8::MAX).collect(),
            signs: vec![1; ROWS],
            weights,
            addresses,
            causal,
            acausal,
            rates: std::array::from_fn(|_| byte(60)),
            reset: vec![0; ROWS * COLUMNS],
            rate_reset: [0; COLUMNS],
            membrane_reset: [0; COLUMNS],
        }
    }

    fn lend(&mut self) -> UpdateIo<'_> {
        UpdateIo {
            rows: &self.rows,
            row_signs: &self.signs,
            columns: &[0xff; COLUMNS],
            weights: &mut self.weights,
            addresses: &mut self.addresses,
            causal_codes: &self.causal,
            acausal_codes: &self.acausal,
            causal_baseline: &[BASELINE; COLUMNS],
            acausal_baseline: &[BASELINE; COLUMNS],
            rates: &self.rates,
            membranes: &[0; COLUMNS],
            correlation_reset: &mut self.reset,
            rate_reset: &mut self.rate_reset,
            membrane_reset: &mut self.membrane_reset,
        }
    }
}

/// The two hemispheres of a chip.
struct Chip {
    instances: Vec<RuleInstance>,
    arrays: Vec<Arrays>,
}

impl Chip {
    fn new(rule: &Rule, engine: Engine) -> Chip {
        let place = |hemisphere| Place {
            hemisphere,
            rows: ROWS,
            stream_key: 7 + u64::from(hemisphere),
            record_capacity: 0,
        };
        Chip {
            instances: [0, 1].map(|h| rule.instance(engine, &place(h))).to_vec(),
            arrays: [1, 2].map(Arrays::new).to_vec(),
        }
    }

    fn update(&mut self) {
        for (instance, arrays) in self.instances.iter_mut().zip(&mut self.arrays) {
            instance.update(&mut arrays.lend()).expect("the rule runs");
        }
        black_box(&self.arrays);
    }

    fn update_by_hand(&mut self, form: Form) {
        for (instance, arrays) in self.instances.iter_mut().zip(&mut self.arrays) {
            let state = &mut instance.state;
            let (x, carry) = (&mut state.rng_x, &mut state.rng_carry);
            by_hand::update(form, &black_box(PARAMS), x, carry, &mut arrays.lend());
        }
        black_box(&self.arrays);
    }
}

/// Microseconds to read what an update reads and write what it writes.
fn traffic(arrays: &mut [Arrays]) -> f64 {
    microseconds(REPETITIONS, || {
        for a in &mut *arrays {
            for (weight, code) in a.weights.iter_mut().zip(&a.causal) {
                *weight ^= code;
            }
            for (address, code) in a.addresses.iter_mut().zip(&a.acausal) {
                *address ^= code;
            }
            a.reset.fill(3);
        }
        black_box(&mut *arrays);
    })
}

/// Microseconds of an update in native code and in each form by hand: on the same arrays and in
/// turn, so that neither their place in memory nor what else the machine does favours one of them.
fn times(chip: &mut Chip, forms: &[Form]) -> (f64, Vec<(Form, f64)>) {
    let mut native = f64::INFINITY;
    let mut by_hand: Vec<(Form, f64)> = forms.iter().map(|form| (*form, f64::INFINITY)).collect();
    for _ in 0..REPETITIONS {
        native = native.min(microseconds(UPDATES, || chip.update()));
        for (form, shortest) in &mut by_hand {
            *shortest = shortest.min(microseconds(UPDATES, || chip.update_by_hand(*form)));
        }
    }
    (native, by_hand)
}

/// Milliseconds that this thread was ready to run and others ran, where the system tells.
fn waited() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) / 1e6
}

/// Milliseconds from the text of a rule of the library to code that can be called, without and with
/// those of waiting for a processor.
fn text_to_native(session: &Session, entry: &stdlib::StdRule) -> [f64; 2] {
    let (before, start) = (waited(), Instant::now());
    let compiled = session.compile(entry.name, entry.source);
    assert!(!compiled.has_errors(), "{} compiles", entry.name);
    for rule in &compiled.rules {
        black_box(rule.kernel().expect("native code"));
    }
    let taken = start.elapsed().as_secs_f64() * 1e3;
    [taken - (waited() - before), taken]
}

/// The same of the first compilation of a process: of this program, started anew.
fn first_text_to_native(name: &str) -> [f64; 2] {
    let program = std::env::current_exe().expect("a program has a path");
    let run = Command::new(program).args([FIRST, name]).output().expect("it starts again");
    let printed = String::from_utf8(run.stdout).expect("two numbers");
    let mut times = printed.split_whitespace().map(|time| time.parse().expect("a number"));
    [(); 2].map(|()| times.next().expect("two numbers"))
}

/// Medians of both.
fn medians(times: &[[f64; 2]]) -> [f64; 2] {
    [0, 1].map(|which| {
        let mut times: Vec<f64> = times.iter().map(|both| both[which]).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

/// For every rule the median of many compilations, and of the first ones of processes of their own:
/// what whoever runs a rule waits for. They leave out waiting for a processor: on a busy machine a
/// compilation longer than the scheduler's slice loses one to others, some 4 ms, every time. For the
/// slowest rule that is printed too.
fn compile_times() {
    let session = native_session();
    let mut slowest = [([0.0; 2], ""); 2];
    for entry in stdlib::RULES {
        let name = entry.name;
        let again: Vec<_> = (0..COMPILATIONS).map(|_| text_to_native(&session, entry)).collect();
        let first: Vec<_> = (0..FIRSTS).map(|_| first_text_to_native(name)).collect();
        let times = [medians(&again), medians(&first)];
        println!("cost text_to_native_{name} {:.2} ms", times[0][0]);
        println!("cost text_to_native_{name}_first {:.2} ms", times[1][0]);
        for (slowest, taken) in slowest.iter_mut().zip(times) {
            if taken[0] > slowest.0[0] {
                *slowest = (taken, name);
            }
        }
    }
    for (([own, all], name), which) in slowest.into_iter().zip(["", "_first"]) {
        println!("cost text_to_native_slowest{which} {own:.2} ms ({name})");
        println!("cost text_to_native_slowest{which}_with_waiting {all:.2} ms ({name})");
        println!("ratio text_to_native_slowest{which}_over_5_ms {:.2}", own / 5.0);
    }
}

/// A session that makes native code alone.
fn native_session() -> Session {
    Session::new(Options { processor_limits: false, ..Options::default() })
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, first, name] = arguments.as_slice()
        && first == FIRST
    {
        let entry = stdlib::find(name).expect("a rule of the library");
        let [own, all] = text_to_native(&native_session(), entry);
        println!("{own} {all}");
        return;
    }
    compile_times();
    let entry = stdlib::find("structural").expect("a rule of the library");
    let compiled = Session::default().compile("structural.pl", entry.source);
    let rule = &compiled.rules[0];
    // The same results first.
    let mut jit = Chip::new(rule, Engine::Jit);
    let mut others: Vec<(Chip, Form)> =
        Form::available().into_iter().map(|form| (Chip::new(rule, Engine::Jit), form)).collect();
    for _ in 0..3 {
        jit.update();
        for (chip, form) in &mut others {
            chip.update_by_hand(*form);
        }
    }
    for (chip, form) in &others {
        assert!(chip.arrays == jit.arrays, "{form:?} computes what the rule does");
    }

    let (native, by_hand) = times(&mut jit, &Form::available());
    cost("structural_jit", native, "us");
    let mut intrinsics = f64::INFINITY;
    for (form, taken) in by_hand {
        cost(&format!("structural_{}", form.name()), taken, "us");
        match form {
            Form::Scalar => println!("ratio scalar_over_jit {:.2}", taken / native),
            Form::Intrinsics => intrinsics = taken,
        }
    }
    let traffic = cost("structural_memory_traffic", traffic(&mut jit.arrays), "us");
    println!("ratio intrinsics_128_over_memory_traffic {:.2}", intrinsics / traffic);
    println!("ratio jit_over_intrinsics_128 {:.2}", native / intrinsics);
    let mut evaluated = Chip::new(rule, Engine::Eval);
    let evaluated = cost("structural_eval", microseconds(2, || evaluated.update()), "us");
    println!("ratio eval_over_jit {:.0}", evaluated / native);
}
