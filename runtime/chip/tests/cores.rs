//! Programs on the PPUs of a chip while its network goes on.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_chip::{Chip, ChipConfig, InputEvent, Spike};
use pl_isa::assemble;
use pl_iss::WaitLoop;
use proptest::prelude::*;

/// Ticks of a step of the network.
const STEP: u64 = 25;
/// Longer than the programs here run.
const END: u64 = 60_000;

/// A chip whose PPUs have these programs, all neurons excited by row 0 of their hemisphere.
fn chip(programs: &[&str]) -> Chip {
    let mut chip = Chip::new(&ChipConfig::ideal(), 1);
    for (h, program) in programs.iter().enumerate() {
        let words = assemble(program).unwrap().text_words();
        for (place, word) in chip.ppu_memory_mut(h).chunks_mut(4).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        chip.set_ppu_control(h, 1);
    }
    chip
}

fn word(chip: &Chip, h: usize, address: usize) -> u32 {
    let bytes = &chip.ppu_memory(h)[address..address + 4];
    bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

/// An event on row 0 of the top hemisphere every `period` ticks.
fn regular(period: u64) -> Vec<InputEvent> {
    let event = |i| InputEvent { time: i * period, hemisphere: 0, row: 0, address: 0 };
    (0..END / period).map(event).collect()
}

fn spikes(chip: &mut Chip) -> Vec<Spike> {
    chip.run_until(END, &regular(100));
    chip.take_spikes()
}

/// Waits for the time base, then makes all weights of row 0 the largest, and keeps the time.
const LATE_WEIGHTS: &str = "
        li 3, 63
        fxvsplatb 1, 3
        lis 4, 0
        li 5, 1
        li 8, 20000
again:  mfspr 6, 284
        cmplw 6, 8
        blt again
        fxvoutx 1, 0, 4
        fxvoutx 1, 0, 5
        mfspr 7, 284
        sync
        stw 7, 0x1000(0)
        wait
        b .-4
";

#[test]
fn what_a_program_writes_acts_from_then_on() {
    let mut chip = chip(&[LATE_WEIGHTS]);
    let mut weights_at = |time| {
        chip.run_until(time, &[]);
        chip.weights_row(0, 0)[17]
    };
    assert_eq!([20_000, 20_100].map(&mut weights_at), [0, 63]);
    let written = u64::from(word(&chip, 0, 0x1000));
    assert!((20_000..20_100).contains(&written), "{written}");

    let spikes = spikes(&mut self::chip(&[LATE_WEIGHTS]));
    let first = spikes.iter().map(|spike| spike.time).min().unwrap();
    // The same with weights that the host writes at that time: the step of the store sees them.
    let mut other = self::chip(&[]);
    other.run_until(written - written % STEP, &regular(100));
    other.write_weights_row(0, 0, &[63; 256]);
    other.run_until(END, &[]);
    let host = other.take_spikes();
    assert!(first > written && first < written + 5000, "{first}, written at {written}");
    assert_eq!(spikes, host);
}

/// Converts row 0 twice, some time apart, with its sensors read between.
const TWO_READINGS: &str = "
        lis 3, 8
        li 4, 0
        li 8, 10000
first:  mfspr 6, 284
        cmplw 6, 8
        blt first
        fxvinx 1, 3, 4
        li 8, 30000
second: mfspr 6, 284
        cmplw 6, 8
        blt second
        fxvinx 2, 3, 4
        li 9, 0x1000
        fxvstax 1, 0, 9
        li 9, 0x1080
        fxvstax 2, 0, 9
        sync
        wait
        b .-4
";

#[test]
fn sensors_accumulate_while_a_program_runs() {
    let mut chip = chip(&[TWO_READINGS]);
    chip.write_weights_row(0, 0, &[63; 256]);
    chip.run_until(END, &regular(100));
    let codes = |address: usize| chip.ppu_memory(0)[address..address + 128].to_vec();
    let (first, second) = (codes(0x1000), codes(0x1080));
    // A reading falls as correlation grows.
    let pairs = first.iter().zip(&second);
    assert!(pairs.clone().all(|(first, second)| second < first), "{first:?} {second:?}");
    // The first reading is that of a chip at the time of the first conversion.
    let mut other = self::chip(&[]);
    other.write_weights_row(0, 0, &[63; 256]);
    other.run_until(10_025, &regular(100));
    let expected = other.correlation_codes_row(0, 0, pl_chip::Branch::Causal);
    assert_eq!(first, expected.iter().step_by(2).copied().collect::<Vec<u8>>());
}

/// Counts rounds until the time base has passed a time, then sleeps until the decrementer wakes it.
const COUNTER: &str = "
        li 3, 0
        li 8, 9000
again:  addi 3, 3, 1
        mfspr 6, 284
        cmplw 6, 8
        blt again
        stw 3, 0x1000(0)
        lis 9, 0x0400
        mtspr 340, 9
        li 9, 20000
        mtspr 22, 9
        wait
        mfspr 6, 284
        stw 6, 0x1004(0)
        lis 9, 0x0800
        mtspr 336, 9
        wait
        b .-4
";

#[test]
fn cores_run_side_by_side_and_sleep_in_the_chips_time() {
    let mut both = chip(&[COUNTER, COUNTER]);
    both.run_until(20_000, &[]);
    assert!(both.ppu_core(0).unwrap().is_asleep());
    assert_eq!(word(&both, 0, 0x1004), 0);
    both.run_until(END, &[]);
    let rounds = word(&both, 0, 0x1000);
    assert!((500..4500).contains(&rounds), "{rounds}");
    let woken = word(&both, 0, 0x1004);
    assert!((29_000..29_200).contains(&woken), "{woken}");
    assert_eq!(both.ppu_memory(0), both.ppu_memory(1));
    // A core that sleeps keeps its time.
    let core = both.ppu_core(1).unwrap();
    assert_eq!((core.is_asleep(), core.cycles()), (true, END));
}

#[test]
fn control_register_starts_stops_and_shows_traps() {
    let mut chip = chip(&["nop\n .long 0\n"]);
    chip.run_until(100, &[]);
    assert_eq!(chip.ppu_trap(0).unwrap().pc, 4);
    assert!(chip.ppu_core(1).is_none());
    chip.set_ppu_control(0, 0);
    assert!(chip.ppu_core(0).is_none() && chip.ppu_trap(0).is_none());
    // A program lets the other core run, and that one stops itself.
    let starts = "lis 3, 0x8e80\n li 4, 1\n stw 4, 0(3)\n b .\n";
    let mut chip = self::chip(&[starts, "li 4, 7\n stw 4, 0x1000(0)\n b .\n"]);
    chip.set_ppu_control(1, 0);
    chip.run_until(1000, &[]);
    assert_eq!(word(&chip, 1, 0x1000), 7);
    assert!(chip.ppu_origin(1).unwrap() > 0);
}

/// Every 4000 cycles makes the weights of row 0 larger; the host stops it by a word at 0x1004.
const PERIODIC: &str = "
        li 3, 4000
        stw 3, 0x1000(0)
        li 5, 0
        li 10, 1
wait:   lwz 4, 0x1004(0)
        cmpwi 4, 0
        bne end
        mfspr 6, 284
        lwz 7, 0x1000(0)
        subf 8, 7, 6
        cmpwi 8, 0
        blt wait
        addi 7, 7, 4000
        stw 7, 0x1000(0)
        addi 5, 5, 5
        fxvsplatb 1, 5
        fxvoutx 1, 0, 10
        stw 6, 0x1008(0)
        b wait
end:    mfspr 6, 284
        stw 6, 0x100c(0)
        wait
        b .-4
";

#[test]
fn rounds_of_waiting_that_are_passed_over_leave_no_trace() {
    let wait = WaitLoop { head: 0x10, until: Some(0x1000) };
    let observe = |loops: &[WaitLoop]| {
        let mut chip = chip(&[PERIODIC, PERIODIC]);
        (0..2).for_each(|h| chip.set_ppu_wait_loops(h, loops));
        chip.run_until(0, &regular(100));
        let mut seen = Vec::new();
        for time in [1, 13, 3999, 4050, 9123, 9130, 31_007, 44_000] {
            chip.run_until(time, &[]);
            let cores = [0, 1].map(|h| chip.ppu_core(h).unwrap());
            seen.push(cores.map(|core| (core.cycles(), core.instructions, core.timebase())));
        }
        chip.ppu_memory_mut(0)[0x1007] = 1;
        chip.run_until(END, &[]);
        assert!(chip.ppu_core(0).unwrap().is_asleep());
        (seen, chip.take_spikes(), [0, 1].map(|h| chip.ppu_memory(h).to_vec()))
    };
    let (passed, executed) = (observe(&[wait]), observe(&[]));
    assert!(passed == executed);
    let stopped = passed.2[0][0x100c..0x1010].iter().fold(0, |word, b| word << 8 | u32::from(*b));
    assert!((44_000..44_050).contains(&stopped), "{stopped}");
    assert!(passed.1.len() > 100);
}

/// Counts in memory.
const TICKER: &str = "
        li 3, 0
again:  addi 3, 3, 1
        stw 3, 0x1000(0)
        b again
";

/// Adds up what it finds of the counter of the other core.
const WATCHER: &str = "
        lis 3, 0x8a00
        li 5, 0
        li 8, 12000
again:  lwz 4, 0x1000(3)
        add 5, 5, 4
        mfspr 6, 284
        cmplw 6, 8
        blt again
        stw 5, 0x1000(0)
        wait
        b .-4
";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// A program of each kind beside the network gives the same whatever the pieces of the run.
    #[test]
    fn pieces_of_a_run_do_not_matter(mut cuts in prop::collection::vec(0..END, 0..12)) {
        cuts.sort_unstable();
        let programs =
            [[LATE_WEIGHTS, COUNTER], [TWO_READINGS, COUNTER], [COUNTER, COUNTER], [TICKER, WATCHER]];
        for programs in programs {
            let mut whole = chip(&programs);
            let mut pieces = whole.clone();
            whole.run_until(END, &regular(100));
            pieces.run_until(0, &regular(100));
            for cut in &cuts {
                pieces.run_until(*cut, &[]);
            }
            pieces.run_until(END, &[]);
            prop_assert_eq!(whole.take_spikes(), pieces.take_spikes());
            for h in 0..2 {
                prop_assert!(whole.ppu_memory(h) == pieces.ppu_memory(h));
            }
            prop_assert_eq!(whole.weights_row(0, 0), pieces.weights_row(0, 0));
        }
    }
}
