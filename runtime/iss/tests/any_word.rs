//! No word and no state makes the core panic, and a word it does not implement changes nothing.

use pl_isa::{INSNS, decode};
use pl_iss::{Cpu, PlainBus, Step, TrapKind};
use proptest::prelude::*;

/// A core in a random state, with `word` at address 0 of a small memory.
fn core(word: u32, seed: u64) -> (Cpu, PlainBus) {
    let mut state = seed;
    let mut random = || {
        state = pl_fixed::rng::splitmix64(state);
        let [a, b, c, d, ..] = state.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    };
    let mut cpu = Cpu::new();
    // Small numbers are addresses in memory, large ones are not.
    cpu.gpr = core::array::from_fn(|_| {
        let word = random();
        if word & 1 == 0 { word >> 20 } else { word }
    });
    (cpu.cr, cpu.lr, cpu.ctr) = (random(), random(), random());
    cpu.xer = random() & 0xe000_0000;
    for register in &mut cpu.vector.registers {
        *register = core::array::from_fn(|_| random().to_le_bytes()[0]);
    }
    cpu.vector.accumulator = core::array::from_fn(|_| random());
    (cpu, PlainBus::new(4096).with_words(0, &[word]))
}

fn visible(cpu: &Cpu) -> ([u32; 32], [u32; 5], pl_iss::VectorUnit, u64) {
    let special = [cpu.cr, cpu.lr, cpu.ctr, cpu.xer, cpu.pc];
    (cpu.gpr, special, cpu.vector.clone(), cpu.instructions)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_word_executes_or_traps(word: u32, seed: u64) {
        let (mut cpu, mut bus) = core(word, seed);
        let before = (visible(&cpu), bus.clone());
        let step = cpu.step(&mut bus);
        if decode(word).is_none() {
            let kind = step.map_err(|trap| trap.kind);
            prop_assert_eq!(kind, Err(TrapKind::Unimplemented));
            prop_assert!((visible(&cpu), bus) == before);
        }
    }

    #[test]
    fn any_instruction_executes_or_traps(row in 0..INSNS.len(), bits: u32, seed: u64) {
        let info = &INSNS[row];
        let (mut cpu, mut bus) = core(info.pattern | bits & !info.mask, seed);
        let before = visible(&cpu);
        match cpu.step(&mut bus) {
            Ok(Step::Executed | Step::Asleep | Step::Interrupted(_)) => {
                prop_assert_eq!(cpu.instructions, 1);
            }
            Err(_) => prop_assert!(visible(&cpu) == before, "{} trapped", info.mnemonic),
        }
    }
}
