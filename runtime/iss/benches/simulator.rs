//! How fast the simulator is, for scalar and for vector code, with and without the cycle model.
//!
//! `cargo bench -p pl-iss` prints lines `cost NAME MIPS` (million simulated instructions a second,
//! the best of some repetitions) and `ratio NAME VALUE`, measured in one run.

#![allow(clippy::print_stdout, reason = "a benchmark's results go to standard output")]
#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the benchmark")]

use pl_isa::assemble;
use pl_iss::{Cpu, Exit, PlainBus, TimingParameters};
use std::time::Instant;

/// Rounds of a loop.
const ROUNDS: u32 = 200_000;
/// Repetitions, of which the fastest counts.
const REPETITIONS: u32 = 7;

/// A loop of additions, logic, a load and a store, as address computations are.
const SCALAR: &str = "
again: addi 3,3,1
    add 4,4,3
    xor 5,4,3
    rlwinm 6,5,3,0,28
    lwz 7,0x800(0)
    subf 8,7,6
    stw 8,0x804(0)
    cmpw 8,4
    bdnz again
    wait";

/// A loop of what a row update is made of.
const VECTOR: &str = "
again: fxvupckbl 1,0,2
    fxvmahfs 3,1,4
    fxvsubhfs 5,3,6
    fxvaddhfs 7,5,3
    fxvcmph 7
    fxvsel 8,7,5,1
    fxvshh 9,8,-2
    fxvpckbl 10,9,8
    bdnz again
    wait";

/// Million instructions a second of a loop.
fn mips(text: &str, timing: Option<TimingParameters>) -> f64 {
    let words = assemble(text).unwrap().text_words();
    let mut best = 0.0f64;
    for _ in 0..REPETITIONS {
        let mut cpu = timing.map_or_else(Cpu::new, Cpu::with_timing);
        cpu.ctr = ROUNDS;
        let mut bus = PlainBus::new(0x1000).with_words(0, &words);
        let start = Instant::now();
        assert_eq!(cpu.run(&mut bus, u64::MAX).unwrap(), Exit::Wait);
        let seconds = start.elapsed().as_secs_f64();
        best = best.max(cpu.instructions as f64 / seconds / 1e6);
    }
    best
}

fn main() {
    for (name, text) in [("scalar", SCALAR), ("vector", VECTOR)] {
        let plain = mips(text, None);
        let timed = mips(text, Some(TimingParameters::default()));
        println!("cost {name} {plain:.0} MIPS");
        println!("cost {name}_with_cycles {timed:.0} MIPS");
        println!("ratio {name}_plain_over_with_cycles {:.2}", plain / timed);
    }
}
