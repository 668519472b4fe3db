//! The text form: printing and parsing are inverse, and no text makes the parser panic.

use pl_ir::testing::{self, Random, Shape};
use pl_ir::{Module, parse, print};
use proptest::prelude::*;

fn shapes() -> impl Strategy<Value = Shape> {
    (0..6u32, 0..20u32, any::<bool>()).prop_map(|(stages, stretch, byte_lanes)| Shape {
        stages,
        stretch,
        byte_lanes,
    })
}

fn parsed(text: &str) -> Module {
    parse::module(text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

/// The errors of a text as `line:column: message`.
fn errors(text: &str) -> Vec<String> {
    parse::module(text).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

proptest! {
    #[test]
    fn parsing_what_was_printed_gives_the_module_back(seed: u64, shape in shapes()) {
        let module = testing::module(seed, &shape).into_inner();
        let normalised = module.renumbered();
        prop_assert_eq!(&parsed(&print::module(&module)), &normalised);
        prop_assert_eq!(print::module(&parsed(&print::module(&normalised))), print::module(&normalised));
        prop_assert_eq!(normalised.renumbered(), normalised);
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        let header = format!("module \"m\" rows 1\nfunction f {{\nblock0():\n{text}\n}}");
        let _ = (parse::module(&text), parse::module(&header));
    }

    #[test]
    fn no_mutation_of_a_module_makes_the_parser_panic(seed: u64, changes in 1..8usize) {
        let mut text = print::module(&testing::module(seed, &Shape::default())).into_bytes();
        let mut random = Random::new(seed);
        const BYTES: &[u8] = b"\n\"\\;:.,()={}-v90 \xffblock";
        for _ in 0..changes {
            let (at, byte) = (random.below(text.len()), BYTES[random.below(BYTES.len())]);
            match random.below(3) {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                _ => { text.remove(at); }
            }
        }
        // What still parses must print and verify without a panic too.
        if let Ok(module) = parse::module(&String::from_utf8_lossy(&text)) {
            let _ = print::module(&module);
            let _ = pl_ir::verify(module);
        }
    }
}

#[test]
fn reads_every_kind_of_line() {
    let text = "\
module \"a \\\"b\\\" \\\\ \\u{9}\" rows 32

; a comment
derived d0 = -4096 \"gain; q1.14\"   ; another
object s0 = synapse \"trace\" init -1
input s1 = rule \"reward\" init 0
record r0 every 100: \"weight\" synapse frac 0, \"mean\" rule frac -3

function \"a function\" {
block0():
  v7:i32 = const -2147483648
  branch v7 , block1( v7 ), block2()
block1(v3:i32):
  v9:i16x256 = splat v3
  v8:b256 = cmp.ge v9, v9
  store s0, v3, v9
  record_put r0.0, v3, v9
  jump block2()
block2():
  return
}
";
    let module = parsed(text);
    assert_eq!(module.name, "a \"b\" \\ \t");
    let printed = print::module(&module);
    assert_eq!(parsed(&printed), module);
    for line in [
        "derived d0 = -4096 \"gain; q1.14\"",
        "input s1 = rule \"reward\" init 0",
        "record r0 every 100: \"weight\" synapse frac 0, \"mean\" rule frac -3",
        "function \"a function\" {",
        "  branch v0, block1(v0), block2()",
        "  v3:b256 = cmp.ge v2, v2",
        "  record_put r0.0, v1, v2",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line}\n{printed}");
    }
}

#[test]
fn says_what_is_wrong_and_where() {
    let line = |line: &str| {
        let text = format!("module \"m\" rows 1\nfunction f {{\nblock0():\n{line}\nreturn\n}}");
        let errors = errors(&text);
        assert_eq!(errors.len(), 1, "{line}: {errors:?}");
        errors[0].clone()
    };
    assert_eq!(line("v1:i32 = cnst 1"), "4:10: there is no op `cnst`");
    assert_eq!(
        line("v1:i33 = const 1"),
        "4:4: expected a type: `i32`, `i16x256`, `i8x256` or `b256`"
    );
    assert_eq!(line("v1:i32 = const 2147483648"), "4:16: expected a 32-bit integer");
    assert_eq!(line("v99999999999:i32 = const 1"), "4:1: expected a value, as `v0`");
    assert_eq!(line("v1:i32 = rem_u v1, v2"), "4:20: v2 is not defined in this function");
    assert_eq!(
        line("v1:i16x256 = read.wait"),
        "4:19: expected a quantity: weight, signed_weight, address, causal, acausal, correlation_reset, rate, rate_reset, membrane, membrane_reset"
    );
    assert_eq!(line("v1:i32 = const 1 2"), "4:18: expected `,`");
    assert_eq!(line("draw v1 v2"), "4:9: expected `,`");
    assert_eq!(line("jump block1(v1"), "4:15: expected `,`");
}

#[test]
fn reports_each_wrong_line_of_a_text() {
    let text = "\
module \"m\" rows many
derived d1 = 0 \"x\"
object s0 = galaxy \"x\" init 0
function f {
  v0:i32 = const 0
block1():
  return
  v1:i32 = const 0
}
nonsense";
    assert_eq!(errors(text)[0], "1:17: expected a number of rows");
    let rest = text.replacen("many", "1", 1);
    assert_eq!(
        errors(&rest),
        [
            "2:9: expected d0: declarations count up from 0",
            "3:13: expected `synapse`, `neuron`, `row` or `rule`",
            "5:3: expected a block, as `block0():`",
            "6:1: expected block0: declarations count up from 0",
            "7:3: expected a block, as `block0():`",
            "8:3: expected a block, as `block0():`",
            "10:1: expected `derived`, `object`, `input`, `record` or `function`",
        ]
    );
    assert_eq!(errors(""), ["1:1: expected `module \"name\" rows 256`"]);
    assert_eq!(
        errors("module \"m\" rows 1\nfunction f {")[0],
        "2:1: a function lacks its closing `}`"
    );
    assert_eq!(
        errors("module \"m\nx"),
        ["1:8: this name has no closing quote", "2:1: expected `module \"name\" rows 256` first"]
    );
}
