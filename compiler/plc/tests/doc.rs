//! `plc doc`: what pages of rules show.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Writes pages of `files` into the folder's `pages`.
fn doc(folder: &Path, files: &[&str]) -> Output {
    let mut plc = Command::new(env!("CARGO_BIN_EXE_plc"));
    plc.current_dir(folder).args(["doc", "--out", "pages"]).args(files).output().unwrap()
}

fn page(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join("pages").join(name)).unwrap()
}

#[test]
fn rules_are_documented_without_references_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let output = doc(folder.path(), &["std:structural", "std:oja"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = |name: &str| page(folder.path(), name);
    let (index, rule) = (page("index.html"), page("structural.html"));
    assert!(index.contains("<a href=\"oja.html\">oja</a>"), "{index}");
    let equation = "<code>w += l_stdp (c+ + c-) - l_hom (nu + nu_target)</code>";
    for part in
        [equation, "<h1>structural</h1>", "<td>lambda_stdp</td><td>-1..1</td>", "bytes of code"]
    {
        assert!(rule.contains(part), "{part} is missing in {rule}");
    }
    assert!(!rule.contains("src=") && !rule.contains("@import"), "{rule}");
}

/// Equations name what used rules declare by their prefixes, and show what `else` governs.
#[test]
fn pages_of_rules_show_their_equations_and_nothing_of_other_rules() {
    let folder = tempfile::tempdir().unwrap();
    let file = "import std.rules.weight_decay { weight_decay }\n\
        const low = 8\nconst a = 77\n\
        fn pair(a, b) = low * a - b\n\
        rule one {\n    param gain : real in 0.0 .. 1.0 = 0.5\n    every 8 ms\n    synapses {\n\
        let draw = low + uniform(0 .. 4)\n\
        if weight >= draw and weight < 60 { weight -= gain * (causal - 1) }\n\
        else if weight > 3 { weight = pair(weight, 1) } else { address = 7; weight = 0 }\n    }\n\
        use weight_decay as forget every 8 ms\n}\n\
        /// Another.\n\
        rule other { every 9 ms; synapses { weight += 1 } }\n\
        test grows for other { given weight = 1; run 1 updates; expect weight == 2 }\n";
    fs::write(folder.path().join("r.pl"), file).unwrap();
    let output = doc(folder.path(), &["r.pl"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = |name: &str| page(folder.path(), name);
    let one = page("one.html");
    for line in [
        "every 8&nbsp;ms, for every synapse",
        "<li>with <i>draw</i> = <i>low</i> + uniform(0 .. 4)</li>",
        "<li><i>weight</i> ← <i>weight</i> − <i>gain</i> · (<i>causal</i> − 1) &emsp;where \
         <i>weight</i> ≥ <i>draw</i> and <i>weight</i> &lt; 60</li>",
        "<li><i>weight</i> ← pair(<i>weight</i>, 1) &emsp;otherwise where <i>weight</i> &gt; 3</li>",
        "<li>otherwise:\n<ul>\n<li><i>address</i> ← 7</li>\n<li><i>weight</i> ← 0</li>",
        "<i>forget</i>: every 8&nbsp;ms",
        "<i>forget.decay</i>",
        "<li><i>low</i> = 8</li>",
        "<li>pair(<i>a</i>, <i>b</i>) = <i>low</i> · <i>a</i> − <i>b</i></li>",
    ] {
        assert!(one.contains(line), "{line} is missing in {one}");
    }
    // The argument hides the constant.
    assert!(!one.contains("<i>a</i> = 77"), "{one}");
    assert!(!one.contains("rule other") && !one.contains("grows"), "{one}");
    let other = page("other.html");
    assert!(other.contains("test grows") && !other.contains("rule one"), "{other}");
}

#[test]
fn the_library_has_a_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let output = doc(folder.path(), &["--library"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = |name: &str| page(folder.path(), name);
    let index = page("index.html");
    for name in pl_driver::stdlib::RULES.iter().map(|rule| rule.name).chain(["std.terms"]) {
        assert!(index.contains(&format!("<a href=\"{name}.html\">{name}</a>")), "{name}: {index}");
        assert!(page(&format!("{name}.html")).contains(&format!("<h1>{name}</h1>")), "{name}");
    }
    // A sentence goes on in the next line.
    assert!(index.contains("the rule of the PyNN demo ts_11 of the Electronic Vision(s) group"));
    assert!(index.contains("<td>2&nbsp;ms</td>"));
    assert!(page("std.terms.html").contains("fn eligibility(trace, correlation, kept)"));
}
