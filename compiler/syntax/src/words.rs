//! Words that have a meaning at some places and can name things at others.
//!
//! The parser's `word` takes no other words than these; a test checks that none of them is idle.

use crate::ast::{ReduceOp, Rounding, Scope, UnitKind};
use crate::token::keywords;

/// A word with what it says where it has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextualWord {
    /// The word.
    pub name: &'static str,
    /// What it says.
    pub doc: &'static str,
}

/// Words of the grammar; those of roundings, scopes, reductions, types and units are in their own
/// tables, which [`contextual_words`] adds.
const GRAMMAR: [ContextualWord; 21] = [
    of("as", "what the names of a rule that is used begin with"),
    of("bio", "time of biology, a thousand times that of the hardware"),
    of("column", "columns of a test's view"),
    of("columns", "columns of a view"),
    of("expect", "a condition that a test checks"),
    of("given", "values that a test sets"),
    of("hardware", "random numbers of the chip's own generators"),
    of("phase", "time of the first update"),
    of("replicated", "each hemisphere may have an instance of the rule"),
    of("rng", "where random numbers come from"),
    of("rounding", "how stores round"),
    of("row", "rows of a test's view"),
    of("rows", "rows of a view"),
    of("run", "updates that a test runs"),
    of("seed", "seed of a test's random numbers"),
    of("set", "values of params in a test"),
    of("signed", "pairs of rows are synapses with weights of both signs"),
    of("update", "one update"),
    of("updates", "a number of updates"),
    of("use", "another rule as part of this one"),
    of("view", "a demand on the synapses to which the rule is bound"),
];

/// Types; formats are spelt by their bits.
pub(crate) const TYPES: [&str; 5] = ["int", "real", "bool", "weight", "address"];

const fn of(name: &'static str, doc: &'static str) -> ContextualWord {
    ContextualWord { name, doc }
}

/// All words with a meaning at some places, each once, in alphabetical order.
#[must_use]
pub fn contextual_words() -> Vec<ContextualWord> {
    let roundings = Rounding::ALL.map(|(_, name)| of(name, "a way to round"));
    let scopes = Scope::ALL.map(|(_, name)| of(name, "where a value exists"));
    let reductions = ReduceOp::ALL.map(|(_, name)| of(name, "a reduction: how values are joined"));
    let types = TYPES.map(|name| of(name, "a type"));
    let units = UnitKind::ALL.map(|(_, name)| of(name, "a unit"));
    let tables = [&GRAMMAR[..], &roundings, &scopes, &reductions, &types, &units];
    let mut words: Vec<ContextualWord> = tables.concat();
    words.retain(|word| keywords().all(|keyword| keyword != word.name));
    words.sort_by_key(|word| word.name);
    words.dedup_by_key(|word| word.name);
    words
}

/// Whether the grammar may take a word that is no keyword.
pub(crate) fn is_of_grammar(name: &str) -> bool {
    GRAMMAR.iter().any(|word| word.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_diag::FileId;

    /// Every word where it has its meaning, marked with an `@` before it.
    const PROGRAM: &str = "\
rule r {
    @view @rows <= 8
    @view @columns <= 8
    @view @signed
    @rounding @nearest
    @rng @hardware
    @replicated
    @use other @as slow every 1 @s @bio
    param a : @int in 0 .. 3 = 1
    param b : @real in 0.0 .. 1.0 = 0.5
    state c : @bool per @synapse = false
    state d : @weight per @neuron = 0
    state e : @address per @row = 0
    every 1 @ms @phase 500 @us
    control {
        let x = @sum of weight over neurons + @mean of weight over neurons
        let y = @max of weight over neurons + @min of weight over neurons
        let z = @count of weight > 3 over neurons + @argmax of weight over neurons
        let t = 2 @ns * (3 @Hz + 4 @kHz + 5 @MHz)
    }
    record weight every 10 @updates
}
rule floors { @rounding @floor; every 1 ms }
rule draws { @rounding @stochastic; every 1 ms }
test t for r {
    @view 1 @row, 1 @column
    @seed 7
    @set a = 2
    @given weight = 3
    @run 1 @update
    @expect weight == 3
}
";

    #[test]
    fn every_word_is_accepted_at_its_place_and_no_other_there() {
        let sound = PROGRAM.replace('@', "");
        let (_, found) = crate::parse(FileId::default(), &sound);
        assert!(found.is_empty(), "{found:?}");
        for ContextualWord { name, .. } in contextual_words() {
            let is_here = |mark: &usize| {
                let rest = PROGRAM[mark + 1..].strip_prefix(name);
                rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
            };
            let mut marks = PROGRAM.match_indices('@').map(|(mark, _)| mark);
            let Some(mark) = marks.find(is_here) else { panic!("`{name}` has no place") };
            let (before, after) = PROGRAM.split_at(mark + 1);
            let spoilt = format!("{before}zz{after}").replace('@', "");
            let (_, found) = crate::parse(FileId::default(), &spoilt);
            assert!(!found.is_empty(), "`zz{name}` is taken for `{name}`");
        }
    }
}
