//! `plc test`: what passes, what fails and how that is shown.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use pl_driver::Session;
use plc::EngineKind;
use std::process::Command;

const RULE: &str = "
rule seen {
    param gain : real in 0.0 .. 1.0 = 0.25
    input pre   : int in 0 .. 100 per row = 2
    state trace : real in 0.0 .. 100.0 per synapse = 0
    state mean  : real in 0.0 .. 255.0 per neuron = 1
    state runs  : int in 0 .. 100 per rule = 1
    view rows <= 4
    every 1 ms
    start { synapses { address = 3 } }
    control { runs += 3 }
    neurons { mean += 0.5 * (rate - mean) + 0.25 * membrane; reset rate }
    synapses {
        trace = causal - acausal + pre
        weight += gain * trace
        if membrane > 200 { weight = randint(0, 64) }
        reset causal, acausal
    }
}
";

const RIGHT: &str = "
test given_values_arrive for seen {
    view 2 rows, 3 columns
    expect address == 3 and weight == 0
    given causal = [[4, 8, 12], [0, -128, 127]], acausal = 3, pre = [3, 7]
    given rate = [1, 2, 255], membrane = 4, weight = 10, mean = 5
    run 2 updates
    expect trace == min(max(causal - 3 + pre, 0), 100)
    expect weight == [[12, 14, 16], [12, 10, 60]]
    expect mean == [3.5, 4.25, 194] and runs == 7 and pre == [3, 7]
    expect sum of weight over synapses == [24, 24, 76]
    expect mean of runs over neurons == 7
    given weight = column + 0
}
";

fn outcome(source: &str, engine: EngineKind) -> Vec<plc::Mismatch> {
    let compiled = Session::default().compile("test.pl", source);
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    plc::run_test(&compiled.rules[0], &compiled.tests[0], engine).unwrap()
}

#[test]
fn given_values_arrive_on_every_engine() {
    let test = RIGHT.replace("    given weight = column + 0\n", "");
    for engine in EngineKind::EXACT {
        let mismatches = outcome(&format!("{RULE}{test}"), engine);
        assert!(mismatches.is_empty(), "{}: {mismatches:?}", engine.name());
    }
}

#[test]
fn elements_of_arrays_are_given_and_expected_on_every_engine() {
    let rule = "
rule arrays {
    state x[3] : real in 0.0 .. 4.0 per rule = [0.5, 1, 2]
    state n[2] : int in 0 .. 100 per neuron = 0
    every 1 ms
    neurons { n[1] = n[0] + 1 }
    control { x[2] += x[0] }
}
";
    let test = "
test elements for arrays {
    view 1 row, 3 columns
    given x[0] = 1.5, n = [3, 4, 5]
    run 1 updates
    expect x[2] == 3.5 and x[1] == 1
    expect n[1] == [4, 5, 6] and n[0] + 1 == n[1]
}
";
    for engine in EngineKind::EXACT {
        let mismatches = outcome(&format!("{rule}{test}"), engine);
        assert!(mismatches.is_empty(), "{}: {mismatches:?}", engine.name());
    }
    let wrong = test.replace("x[0] =", "x[3] =").replace("n[0] + 1", "weight[0]");
    let compiled = Session::default().compile("test.pl", &format!("{rule}{wrong}"));
    let codes: Vec<&str> = compiled.diagnostics.iter().map(|d| d.code.info().name).collect();
    assert_eq!(codes, ["E0410", "E0203"]);
}

#[test]
fn what_is_given_is_constant() {
    let compiled = Session::default().compile("test.pl", &format!("{RULE}{RIGHT}"));
    assert!(compiled.has_errors() && compiled.tests.is_empty());
}

#[test]
fn engines_find_the_same_differences() {
    let test = "
test wrong for seen {
    view 3 rows, 200 columns
    seed 5
    given membrane = 201
    run 2 updates
    expect weight == 20
    expect false
}
";
    let found = EngineKind::EXACT.map(|engine| outcome(&format!("{RULE}{test}"), engine));
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0], found[2]);
    let [weights, never] = &found[0][..] else { panic!("{:?}", found[0]) };
    assert!(weights.places.len() > 500 && weights.asked == 600);
    assert_eq!((never.places.len(), never.places[0].row), (1, None));
}

#[test]
fn failures_are_tables_and_end_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let test = "test off for seen {\n    view 1 rows, 2 columns\n    given causal = [0, 4]\n    \
                run 1 updates\n    expect weight == [1, 3]\n}\n";
    std::fs::write(folder.path().join("off.pl"), format!("{RULE}{test}")).unwrap();
    let plc = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plc"));
        command.current_dir(folder.path()).args(args).output().unwrap()
    };
    let output = plc(&["test", "off.pl", "--engine", "ppu,jit"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("expect weight == [1, 3]: wrong at 1 of 2"), "{text}");
    assert!(text.contains("     0      1            3            2\n"), "{text}");
    assert!(text.ends_with("0 passed, 2 failed\n"), "{text}");
    let output = plc(&["test", "off.pl", "--engine", "eval", "--message-format", "json"]);
    let line = String::from_utf8(output.stdout).unwrap();
    let report: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(report["passed"], false);
    assert_eq!(report["mismatches"][0]["places"][0]["got"], 2.0);
    assert_eq!(plc(&["test"]).status.code(), Some(2));
}

#[test]
fn events_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sends.pl");
    let source = "rule r {\n    every 1 ms\n    state n : int in 0 .. 63 per rule = 0\n    control { n += 1; \
                  send(6, n) }\n}\ntest counts for r {\n    run 2 updates\n    expect n == 2\n}\n";
    std::fs::write(&file, source).unwrap();
    let run = |more: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_plc")).arg("test").arg(&file).args(more).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let printed = run(&[]);
    assert_eq!(
        printed.matches("sent address 2 to rows 6 and 7 in update 2\n").count(),
        3,
        "{printed}"
    );
    let first = run(&["--message-format", "json"]);
    let first: serde_json::Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(first["events"], serde_json::json!([[1, 6, 1], [2, 6, 2]]));
}
