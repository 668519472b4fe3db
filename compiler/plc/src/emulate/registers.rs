//! What an instruction did to the registers.

use super::dump::hexadecimal;
use pl_iss::Cpu;
use pl_iss::vector::VectorUnit;
use std::fmt::Write as _;

/// The registers of a core at one moment.
pub(super) struct Registers {
    scalar: Vec<(String, u32)>,
    vector: VectorUnit,
}

impl Registers {
    pub(super) fn of(cpu: &Cpu) -> Registers {
        let general = cpu.gpr.iter().enumerate();
        let general = general.map(|(index, value)| (format!("r{index}"), *value));
        let special = [("cr", cpu.cr), ("lr", cpu.lr), ("ctr", cpu.ctr), ("xer", cpu.xer)];
        let special = special.map(|(name, value)| (name.to_owned(), value));
        Registers { scalar: general.chain(special).collect(), vector: cpu.vector.clone() }
    }

    /// A line for every register that is different later: old and new value of a scalar one, the
    /// new value of a vector. Of accumulator and conditions it tells only that they changed.
    pub(super) fn changes(&self, later: &Registers) -> String {
        let mut text = String::new();
        for ((name, old), (_, new)) in self.scalar.iter().zip(&later.scalar) {
            if old != new {
                let _ = writeln!(text, "    {name} {old:08x} -> {new:08x}");
            }
        }
        let vectors = self.vector.registers.iter().zip(&later.vector.registers);
        for (index, (_, new)) in vectors.enumerate().filter(|(_, (old, new))| old != new) {
            let _ = writeln!(text, "    v{index} {}", hexadecimal(new));
        }
        if self.vector.accumulator != later.vector.accumulator {
            text.push_str("    accumulator changed\n");
        }
        if self.vector.conditions != later.vector.conditions {
            text.push_str("    conditions changed\n");
        }
        text
    }
}
