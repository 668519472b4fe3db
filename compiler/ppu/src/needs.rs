//! What a module uses of the chip and of the runtime, so that an image carries nothing else.

use pl_ir::{Function, Imm, Module, Op, Quantity};

/// Sensors, generators and routines that some function of a module uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Draws random numbers.
    pub(crate) draws: bool,
    /// Draws from the scalar generator.
    pub(crate) draws_words: bool,
    /// Finds elements of arrays by their index.
    pub(crate) indexes: bool,
    /// Multiplies integers, saturating.
    pub(crate) multiplies: bool,
    /// Multiplies reals.
    pub(crate) multiplies_reals: bool,
    /// Divides.
    pub(crate) divides: bool,
    /// Reads causal correlation.
    pub(crate) causal: bool,
    /// Reads acausal correlation.
    pub(crate) acausal: bool,
    /// Reads rate counters.
    pub(crate) rates: bool,
    /// Resets rate counters.
    pub(crate) resets_rates: bool,
    /// Reads membranes.
    pub(crate) membranes: bool,
    /// Uses the number of a column.
    pub(crate) columns: bool,
    /// Sums lanes.
    pub(crate) sums: bool,
    /// Looks for the smallest lane.
    pub(crate) minima: bool,
    /// Looks for the largest lane.
    pub(crate) maxima: bool,
}

impl Needs {
    /// What any function uses.
    pub(crate) fn of_module(module: &Module) -> Needs {
        let all = module.functions.iter().map(Needs::of_function);
        all.fold(Needs::default(), |a, b| Needs {
            draws: a.draws | b.draws,
            draws_words: a.draws_words | b.draws_words,
            indexes: a.indexes | b.indexes,
            multiplies: a.multiplies | b.multiplies,
            multiplies_reals: a.multiplies_reals | b.multiplies_reals,
            divides: a.divides | b.divides,
            causal: a.causal | b.causal,
            acausal: a.acausal | b.acausal,
            rates: a.rates | b.rates,
            resets_rates: a.resets_rates | b.resets_rates,
            membranes: a.membranes | b.membranes,
            columns: a.columns | b.columns,
            sums: a.sums | b.sums,
            minima: a.minima | b.minima,
            maxima: a.maxima | b.maxima,
        })
    }

    /// What one function uses.
    pub(crate) fn of_function(func: &Function) -> Needs {
        let mut needs = Needs::default();
        for block in &func.blocks {
            for inst in &block.insts {
                let inst = func.inst(*inst);
                match (inst.op, inst.imm) {
                    (Op::Draw, _) => needs.draws = true,
                    (Op::DrawWord, _) => needs.draws_words = true,
                    (Op::LoadElement | Op::StoreElement, _) => needs.indexes = true,
                    (Op::MulSat, _) => needs.multiplies = true,
                    (Op::MulReal, _) => needs.multiplies_reals = true,
                    (Op::DivReal, _) => needs.divides = true,
                    (Op::Column, _) => needs.columns = true,
                    (Op::ReduceAdd, _) => needs.sums = true,
                    (Op::ReduceMin, _) => needs.minima = true,
                    (Op::ReduceMax, _) => needs.maxima = true,
                    (Op::Read, Imm::Quantity(Quantity::Causal)) => needs.causal = true,
                    (Op::Read, Imm::Quantity(Quantity::Acausal)) => needs.acausal = true,
                    (Op::Read, Imm::Quantity(Quantity::Rate)) => needs.rates = true,
                    (Op::Read, Imm::Quantity(Quantity::Membrane)) => needs.membranes = true,
                    (Op::Write, Imm::Quantity(Quantity::RateReset)) => needs.resets_rates = true,
                    _ => {}
                }
            }
        }
        needs
    }
}
