//! Formats and errors that are worked out by hand.

use pl_sema::hir::Rounding;
use pl_sema::numerics::numerics;

#[test]
fn a_gain_times_a_sum_is_bounded_by_hand() {
    let text = "
rule r {
    param gain : real in -1.0 .. 1.0 = 0.25
    every 8 ms
    synapses { weight += gain * (causal + acausal) }
}
";
    let mut sources = pl_diag::SourceMap::new();
    let (module, _) = pl_syntax::parse(sources.add("rule.pl", text), text);
    let modules = std::collections::BTreeMap::new();
    let file = &module.expect("it parses");
    let (rules, found) = pl_sema::check(&pl_sema::Program { file, modules: &modules });
    assert!(found.is_empty(), "{found:?}");
    let stores = numerics(&rules[0]);
    let [store] = &stores[..] else { panic!("one store, not {}", stores.len()) };
    // weight + gain * (..) spans -256 .. 319: 16 bits leave 6 fraction bits.
    let [whole, weight, product, gain, sum, ..] = &store.parts[..] else { panic!("five parts") };
    assert_eq!((whole.interval.low, whole.interval.high), (-256.0, 319.0));
    assert_eq!((whole.format.frac(), weight.error), (6, 0.0));
    // The gain has 14 fraction bits, so it is off by 2^-15 at most, times 256; the product is
    // rounded to 1/64.
    assert_eq!((gain.format.frac(), gain.error), (14, 2f64.powi(-15)));
    assert_eq!((sum.interval.low, sum.interval.high, sum.error), (-256.0, 254.0, 0.0));
    assert_eq!(product.error, 256.0 / 32768.0 + 1.0 / 128.0);
    // The store rounds to whole numbers.
    assert_eq!(store.error, 0.5 + product.error);
    assert_eq!((store.rounding, store.dead_zone), (Some(Rounding::Nearest), Some(0.5)));
    assert!(store.saturates());
}
