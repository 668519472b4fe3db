//! The common step of several schedules, and in which updates blocks are due.

use pl_sema::hir::{Due, Rule};

fn rule(schedules: &str) -> Rule {
    let text = format!("rule r {{\n{schedules}\n}}\n");
    let mut sources = pl_diag::SourceMap::new();
    let (module, found) = pl_syntax::parse(sources.add("rule.pl", &text), &text);
    assert!(found.is_empty(), "{found:?}");
    let file = &module.expect("it parses");
    let program = pl_sema::Program { file, modules: &std::collections::BTreeMap::new() };
    let (mut rules, found) = pl_sema::check(&program);
    assert!(found.is_empty(), "{found:?}");
    rules.remove(0)
}

/// Ticks of 4 ns in a millisecond.
const MS: u64 = 250_000;

#[test]
fn one_schedule_is_due_in_every_update() {
    let rule = rule("every 2 ms phase 1 ms\nsynapses { weight += 1 }");
    assert_eq!((rule.schedule.period_ticks, rule.schedule.phase_ticks), (2 * MS, MS));
    assert_eq!(rule.blocks[0].due, Due::Always);
}

#[test]
fn schedules_meet_at_their_greatest_common_divisor() {
    let rule = rule(
        "every 6 ms phase 2 ms { synapses { weight += 1 } }
         every 4 ms { synapses { weight -= 1 } }
         at 20 ms { neurons { reset rate } }
         every 2 ms phase 8 ms
         neurons { reset rate }",
    );
    assert_eq!((rule.schedule.period_ticks, rule.schedule.phase_ticks), (2 * MS, 2 * MS));
    let due: Vec<Due> = rule.blocks.iter().map(|block| block.due).collect();
    let every = |every, first| Due::Every { every, first };
    assert_eq!(due, [every(3, 0), every(2, 1), Due::Once(9), every(1, 3)]);
}
