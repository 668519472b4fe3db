//! `[cluster]`: wires reach what they name, links do what `[chip.link]` says, and what cannot be is
//! refused. That engines, threads and checkpoints do not matter is tested with all tasks.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_experiment::{Experiment, Outcome, Unwatched, task};
use plc::{Compiler, EngineKind};

const TWO_CHIPS: &str = include_str!("../../examples/homeostasis/two_chips.toml");

fn parse(text: &str, changes: &[&str]) -> Result<Experiment, String> {
    let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
    Experiment::parse(text, &changes).map_err(|error| error.to_string())
}

fn run(changes: &[&str]) -> Result<Outcome, String> {
    let short = ["task.duration_ms=20", "task.judged_ms=20", "task.initial_weight=30"];
    let changes: Vec<&str> = short.iter().chain(changes).copied().collect();
    let experiment = parse(TWO_CHIPS, &changes)?;
    let rule = pl_stdlib::find("homeostasis_proportional").unwrap().source;
    let kind = match experiment.run.timing {
        pl_experiment::plasticity::Timing::Instant => EngineKind::Jit,
        pl_experiment::plasticity::Timing::Chip => EngineKind::Ppu,
    };
    let compiler = Compiler::from_sources(kind, &[("proportional", rule)]).unwrap();
    let task = task::open(&experiment, &|_| Err("no files".into())).unwrap();
    task.run(&compiler, 7, &Unwatched).map_err(|error| error.to_string())
}

#[test]
fn spikes_take_the_link_or_are_lost_on_it() {
    let metric = |outcome: &Outcome, name: &str| {
        outcome.metric(name).unwrap_or_else(|| panic!("{name} in {:?}", outcome.metrics))
    };
    let whole = run(&[]).unwrap();
    let [first, second] =
        [0, 1].map(|chip| metric(&whole, &format!("rate_mean_hz_proportional_chip_{chip}")));
    assert!(first > 3000.0 && second > 1000.0, "{first} {second}");
    // Twenty neurons of chip 0 take the one link, once for both hemispheres of chip 1.
    let sent = metric(&whole, "link_events_proportional");
    let expected = 20.0 * first * 0.02;
    assert!((sent / expected - 1.0).abs() < 0.2, "{sent} of about {expected}");
    assert_eq!(metric(&whole, "link_events_lost_proportional"), 0.0);

    let lossy = run(&["chip.link.loss=0.75"]).unwrap();
    let (sent, lost) = (
        metric(&lossy, "link_events_proportional"),
        metric(&lossy, "link_events_lost_proportional"),
    );
    assert!((lost / (sent + lost) - 0.75).abs() < 0.05, "{lost} of {sent} and {lost}");
    assert_eq!(metric(&lossy, "rate_mean_hz_proportional_chip_0"), first);
    assert!(metric(&lossy, "rate_mean_hz_proportional_chip_1") < 0.3 * second);

    let without = run(&["cluster.wires=[]"]).unwrap();
    assert_eq!(metric(&without, "rate_mean_hz_proportional_chip_0"), first);
    assert_eq!(metric(&without, "rate_mean_hz_proportional_chip_1"), 0.0);
    // The same source for both: chips that differ in their mismatch only.
    let both = run(&["cluster.wires=[]", "task.source_chips=[0, 1]"]).unwrap();
    let second = metric(&both, "rate_mean_hz_proportional_chip_1");
    assert!((second / first - 1.0).abs() < 0.1, "{first} {second}");
}

#[test]
fn wires_within_a_chip_may_inhibit() {
    // Neurons that inhibit all others of their hemisphere, on a row of their own.
    let inhibit = "cluster.wires=[{ from = { chip = 1, hemisphere = 1, columns = '0..64' }, to = { chip \
                   = 1, hemisphere = 1, row = 8, address = 5, weight = 60, mode = 'inhibitory' } }]";
    let both = ["task.source_chips=[0, 1]", "cluster.wires=[]"];
    let plain = run(&both).unwrap();
    let inhibited = run(&[both[0], inhibit]).unwrap();
    let rate = |outcome: &Outcome, chip| {
        outcome.metric(&format!("rate_mean_hz_proportional_chip_{chip}")).unwrap()
    };
    assert_eq!(rate(&plain, 0), rate(&inhibited, 0));
    let (before, after) = (rate(&plain, 1), rate(&inhibited, 1));
    assert!(after < 0.95 * before, "{before} {after}");
    assert_eq!(inhibited.metric("link_events_proportional"), Some(0.0));
}

#[test]
fn what_cannot_be_is_refused() {
    for (change, said) in [
        ("cluster.chips=0", "`cluster.chips` must be 1 to 50, not 0"),
        ("cluster.chips=51", "`cluster.chips` must be 1 to 50, not 51"),
        ("cluster.threads=0", "`cluster.threads` must be 1 to 256"),
        ("cluster.chips=1", "`cluster.wires`, entry 1: there is no hemisphere 0 of a chip 1"),
        ("task.source_chips=[2]", "`task.source_chips`: there is no chip 2, `cluster.chips` is 2"),
        ("cluster.delay_us=1", "unknown field `delay_us`"),
        (
            "cluster.wires=[{ from = { chip = 0, hemisphere = 0, columns = 1 }, to = { chip = 1, \
             hemisphere = 0, row = 1, weight = 64 } }]",
            "`cluster.wires`, entry 1: `weight` must be 0 to 63, not 64",
        ),
        (
            "cluster.wires=[{ from = { chip = 0, hemisphere = 0, columns = 1 }, to = { chip = 1, \
             hemisphere = 0, row = 1, address = 5 } }]",
            "`cluster.wires`, entry 1: synapses have this `address` only if a `weight` is given",
        ),
        (
            "cluster.wires=[{ from = { chip = 0, hemisphere = 0, columns = [] }, to = { chip = 1, \
             hemisphere = 0, row = 1 } }]",
            "`cluster.wires`, entry 1: `columns` has none",
        ),
        ("run.timing=chip", "rules of several chips run without taking time"),
    ] {
        let message = run(&[change]).unwrap_err();
        assert!(message.contains(said), "{change}: {message}");
    }
    let stability = include_str!("../../examples/stability/experiment.toml");
    let message = parse(stability, &["cluster.chips=2"]).unwrap_err();
    assert!(message.contains("[cluster] is for the task `rates`"), "{message}");
}
