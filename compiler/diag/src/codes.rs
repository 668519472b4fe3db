//! The table of diagnostic codes.
//!
//! Adding a diagnostic is adding one row here (and one golden file). Ranges: E00xx characters and
//! words, E01xx grammar, E02xx names, E03xx types and units, E04xx ranges and numerics, E05xx
//! sensors, schedules and scopes, E06xx limits of the target, W07xx warnings, E08xx tests.

use std::fmt;

use crate::Severity;

/// One row of the table: what `plc explain` prints.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// The code.
    pub code: Code,
    /// As printed: `E0101`.
    pub name: &'static str,
    /// What the code is about, in a few words.
    pub title: &'static str,
    /// Why it is a mistake and what to do.
    pub explanation: &'static str,
    /// A source that makes it; empty for mistakes that text cannot show.
    pub wrong: &'static str,
    /// The same source mended.
    pub right: &'static str,
}

/// Expands the rows into [`Code`] and [`CODES`].
///
/// A row is `E0000 "title" { "explanation" wrong "source" right "source" }`; the last two may be
/// left out where a short source cannot show the mistake.
macro_rules! codes {
    ($($code:ident $title:literal {
        $explanation:literal $(wrong $wrong:literal right $right:literal)?
    })*) => {
        /// A diagnostic code; its meaning is its row in [`CODES`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $code,)*
        }

        /// All codes in ascending order.
        pub const CODES: &[CodeInfo] = &[$(CodeInfo {
            code: Code::$code,
            name: stringify!($code),
            title: $title,
            explanation: $explanation,
            wrong: concat!($($wrong)?),
            right: concat!($($right)?),
        },)*];
    };
}

codes! {
    E0001 "a character that has no meaning" {
        "The language uses letters, digits and the signs `{ } ( ) [ ] : ; , . + - * / = < > !` in \
         its words. Any other character may only stand in a comment."
        wrong "rule r {\n    every 1 ms\n    synapses { weight += 2 @ 3 }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight += 2 * 3 }\n}\n"
    }
    E0002 "a malformed number" {
        "Numbers are written `12`, `0.5` or `1.5e-3`: digits stand on both sides of the point, an \
         exponent has digits, and a unit is one of `ns us ms s Hz kHz MHz`."
        wrong "const gain = .5\n"
        right "const gain = 0.5\n"
    }
    E0003 "a number that is too large" {
        "Integers must lie within 64 bits and reals within the range of double precision. Nothing \
         on the chip is larger than 32 bits, so such a number is most likely a slip."
        wrong "const n = 99999999999999999999\n"
        right "const n = 999\n"
    }
    E0004 "an operator of another language" {
        "Truth values are joined with the words `and`, `or` and `not`; there are no bitwise \
         operators, no powers by `**` and no remainder, because the vector unit has none of them."
        wrong "rule r {\n    every 1 ms\n    synapses { if weight > 3 && weight < 9 { weight = 0 } }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { if weight > 3 and weight < 9 { weight = 0 } }\n}\n"
    }
    E0005 "a file that is not UTF-8" {
        "Sources are UTF-8 text. The place shown is the first byte that does not fit; save the \
         file in that encoding with your editor."
    }
    E0006 "a file that is too large" {
        "A source may have 4 MiB. Rules have a few kilobytes; a larger file is most likely data \
         that was opened by mistake."
    }
    E0007 "a comment in the style of another language" {
        "Comments begin with `//` and end with the line. Documentation begins with `///` before a \
         declaration or with `//!` at the top of the file."
        wrong "# gain of the rule\nconst gain = 0.5\n"
        right "// gain of the rule\nconst gain = 0.5\n"
    }
    E0101 "something else was expected" {
        "At this place the grammar allows only what the message lists. Often something is missing \
         just before the place shown."
        wrong "const gain = * 2\n"
        right "const gain = 4 * 2\n"
    }
    E0102 "a misspelt word of the language" {
        "The word is not one that can begin a line here, but it is close to one that can."
        wrong "rul r {\n    every 1 ms\n}\n"
        right "rule r {\n    every 1 ms\n}\n"
    }
    E0103 "a bracket that is not closed" {
        "Every `{`, `(` and `[` needs its partner. The compiler finds the place by what follows: \
         a declaration cannot stand inside of a block of statements."
        wrong "rule r {\n    every 1 ms\n    synapses {\n        weight = 3\n"
        right "rule r {\n    every 1 ms\n    synapses {\n        weight = 3\n    }\n}\n"
    }
    E0104 "a bracket that was never opened" {
        "A closing bracket without its partner is most likely left over from an edit."
        wrong "const gain = 2)\n"
        right "const gain = 2\n"
    }
    E0105 "brackets of different kinds" {
        "A bracket is closed by its own kind: `(` by `)`, `[` by `]` and `{` by `}`."
        wrong "const gain = max(2, 3]\n"
        right "const gain = max(2, 3)\n"
    }
    E0106 "a word of the language used as a name" {
        "Words such as `rule`, `state` or `input` have a fixed meaning and cannot name anything \
         else."
        wrong "const state = 3\n"
        right "const state_count = 3\n"
    }
    E0107 "two statements on one line" {
        "A statement ends with its line. Two on one line need a `;` between them."
        wrong "rule r {\n    every 1 ms\n    synapses { weight = 3 address = 4 }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight = 3; address = 4 }\n}\n"
    }
    E0108 "an assignment where a comparison is needed" {
        "`=` stores a value; `==` asks whether two values are equal."
        wrong "rule r {\n    every 1 ms\n    synapses { if weight = 3 { weight = 4 } }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { if weight == 3 { weight = 4 } }\n}\n"
    }
    E0109 "a comparison where an assignment is needed" {
        "`==` asks whether two values are equal; `=` stores a value."
        wrong "rule r {\n    every 1 ms\n    synapses { weight == 3 }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight = 3 }\n}\n"
    }
    E0110 "a chain of comparisons" {
        "A comparison gives a truth value, which cannot be compared with a number. Ask two \
         questions and join them with `and`."
        wrong "rule r {\n    every 1 ms\n    synapses { if 3 < weight < 9 { weight = 0 } }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { if 3 < weight and weight < 9 { weight = 0 } }\n}\n"
    }
    E0111 "a declaration without a type" {
        "The type tells which values are possible, and from it the compiler chooses the \
         fixed-point format. It is one of `int in a .. b`, `real in a .. b`, `bool`, `weight`, \
         `address` or a format such as `q7.8`."
        wrong "rule r {\n    param gain = 0.5\n    every 1 ms\n}\n"
        right "rule r {\n    param gain : real in 0 .. 1 = 0.5\n    every 1 ms\n}\n"
    }
    E0112 "a declaration without an initial value" {
        "A `param`, `state` or `input` has its value from the first update on, so it must be \
         given."
        wrong "rule r {\n    param gain : real in 0 .. 1\n    every 1 ms\n}\n"
        right "rule r {\n    param gain : real in 0 .. 1 = 0.5\n    every 1 ms\n}\n"
    }
    E0113 "a time without a unit" {
        "Periods, phases and times need a unit: `ns`, `us`, `ms` or `s`. They are times of the \
         hardware unless `bio` follows."
        wrong "rule r {\n    every 1\n}\n"
        right "rule r {\n    every 1 ms\n}\n"
    }
    E0114 "a type that does not exist" {
        "A type is one of `int in a .. b`, `real in a .. b`, `bool`, `weight`, `address` or a \
         fixed-point format of 8 or 16 bits such as `q1.6` or `q7.8`."
        wrong "rule r {\n    param gain : float = 0.5\n    every 1 ms\n}\n"
        right "rule r {\n    param gain : real in 0 .. 1 = 0.5\n    every 1 ms\n}\n"
    }
    E0115 "nested too deeply" {
        "Brackets and operators may be nested 200 deep. Give names to parts of the expression \
         with `let`, or move them to a `fn`."
    }
    E0116 "a statement at the wrong place" {
        "Statements stand in `start`, `neurons`, `synapses` or `control` blocks; declarations \
         stand directly in the rule; rules and functions stand at the top of the file."
        wrong "rule r {\n    every 1 ms\n    weight = 3\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight = 3 }\n}\n"
    }
    E0117 "a value outside of its range" {
        "An exponent, a format or a count has limits of its own: formats have 8 or 16 bits \
         together with the sign."
        wrong "rule r {\n    param gain : q9.9 = 0.5\n    every 1 ms\n}\n"
        right "rule r {\n    param gain : q7.8 = 0.5\n    every 1 ms\n}\n"
    }
    E0118 "a value that is not used" {
        "A value alone on a line is computed and dropped. Only calls that do something, such as \
         `send(row, address)`, may stand alone."
        wrong "rule r {\n    every 1 ms\n    synapses { weight + 1 }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight += 1 }\n}\n"
    }
    E0201 "an unknown name" {
        "A name is a param, a state, an input, a `let` of this block, a constant, or one of the \
         quantities of the chip such as `weight`, `causal` or `rate`."
        wrong "rule r {\n    every 1 ms\n    synapses { weight += casual }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight += causal }\n}\n"
    }
    E0202 "a name that is declared twice" {
        "Params, states and inputs of a rule share one set of names. Neither they nor constants, functions, \
         counters and what `let` names may take the name of a quantity of the chip, nor constants and \
         functions that of a function of the language."
        wrong "rule r {\n    param a : weight = 1\n    param a : weight = 2\n    every 1 ms\n    synapses { weight = a }\n}\n"
        right "rule r {\n    param a : weight = 1\n    param b : weight = 2\n    every 1 ms\n    synapses { weight = a + b }\n}\n"
    }
    E0203 "an array used as a number, or a number as an array" {
        "An array is used element by element: `x[0]`, or `x[i]` in a `for` over its elements."
        wrong "rule r {\n    state x[2] : real in 0.0 .. 1.0 per rule = 0\n    every 1 ms\n    synapses { weight += x }\n}\n"
        right "rule r {\n    state x[2] : real in 0.0 .. 1.0 per rule = 0\n    every 1 ms\n    synapses { weight += x[0] }\n}\n"
    }
    E0204 "an unknown function" {
        "Functions are those of the language (`min`, `max`, `clamp`, `abs`, `sign`, `uniform`, \
         `randint`, `exp`, `ln`, `sqrt`, `pow`)."
        wrong "rule r {\n    every 1 ms\n    synapses { weight += sgn(rate) }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight += sign(rate) }\n}\n"
    }
    E0205 "a wrong number of arguments" {
        "Each function takes the arguments of its row in the language reference; `uniform` takes a \
         range, `uniform(a .. b)`."
        wrong "rule r {\n    every 1 ms\n    synapses { weight = min(weight) }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight = min(weight, 40) }\n}\n"
    }
    E0206 "a quantity that does not exist here" {
        "A synapse sees the values of its neuron, its row and the rule; a neuron sees no single \
         synapse. What belongs to synapses is read and changed in a `synapses` block."
        wrong "rule r {\n    every 1 ms\n    neurons { weight = 3 }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight = 3 }\n}\n"
    }
    E0207 "a reduction where it has no meaning" {
        "`sum of .. over synapses` joins the synapses of a neuron, so it stands in a `neurons` \
         block. A state per neuron carries the result to synapses, which see it by its name."
        wrong "rule r {\n    every 1 ms\n    synapses { weight = 63 - max of weight over synapses }\n}\n"
        right "rule r {\n    state most : int in 0 .. 63 per neuron = 0\n    every 1 ms\n    neurons { most = max of weight over synapses }\n    synapses { weight = 63 - most }\n}\n"
    }
    E0208 "an unknown module" {
        "`import a.b` takes constants and functions from the file `a/b.pl` beside the importing one; \
         `import std.terms { decay }` those in braces from a module of the library."
        wrong "import std.term { decay }\nrule r {\n    every 1 ms\n    synapses { weight += 1 }\n}\n"
        right "import std.terms { decay }\nrule r {\n    every 1 ms\n    synapses { weight += decay(weight, 0.01) }\n}\n"
    }
    E0209 "an unknown rule" {
        "`use NAME` puts a rule of this file, or one that is imported, into another. Rules of the library \
         are imported as `import std.rules.NAME { NAME }`."
        wrong "rule grow {\n    every 1 ms\n    synapses { weight += 1 }\n}\nrule both {\n    use grwo\n    every 1 ms\n    neurons { reset rate }\n}\n"
        right "rule grow {\n    every 1 ms\n    synapses { weight += 1 }\n}\nrule both {\n    use grow\n    every 1 ms\n    neurons { reset rate }\n}\n"
    }
    E0301 "a truth value where a number is needed" {
        "Truth values choose, numbers are computed with."
        wrong "rule r {\n    every 1 ms\n    synapses { weight += rate > 3 }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { if rate > 3 { weight += 1 } }\n}\n"
    }
    E0302 "a real where an integer is needed" {
        "Addresses and the ends of `randint` are integers: declare params as `int in a .. b`."
        wrong "rule r {\n    every 1 ms\n    synapses { address = randint(0, 7.5) }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { address = randint(0, 8) }\n}\n"
    }
    E0303 "a number where a truth value is needed" {
        "A condition is a comparison, or comparisons joined by `and`, `or` and `not`."
        wrong "rule r {\n    every 1 ms\n    synapses { if rate { weight = 0 } }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { if rate > 0 { weight = 0 } }\n}\n"
    }
    E0304 "units that do not fit" {
        "Times and frequencies are added to, compared with and stored as their own kind; products \
         and quotients have the unit that follows. What is stored in a weight, and what `exp` \
         takes, has none."
        wrong "rule r {\n    param tau : real in 1 us .. 1 ms = 20 us\n    every 200 us\n    synapses { weight += exp(-tau) * causal }\n}\n"
        right "rule r {\n    param tau : real in 1 us .. 1 ms = 20 us\n    every 200 us\n    synapses { weight += exp(-200 us / tau) * causal }\n}\n"
    }
    E0305 "a division by something that varies" {
        "The vector unit has no division. Params and constants may divide, for the host computes \
         the reciprocal when they are set; in `control` everything may."
        wrong "rule r {\n    every 1 ms\n    synapses { weight = weight / rate }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight = weight / 2 }\n}\n"
    }
    E0306 "a function of params used on synapses" {
        "`exp`, `ln`, `sqrt` and `pow` are computed by the host from params and constants."
        wrong "rule r {\n    every 1 ms\n    synapses { weight += exp(causal) }\n}\n"
        right "rule r {\n    param gain : real in 0.0 .. 1.0 = 0.5\n    every 1 ms\n    synapses { weight += exp(-gain) * causal }\n}\n"
    }
    E0401 "a value outside its range" {
        "The value of a declaration must lie within its own range."
        wrong "rule r {\n    param g : real in 0.0 .. 1.0 = 2.0\n    every 1 ms\n    synapses { weight += g * causal }\n}\n"
        right "rule r {\n    param g : real in 0.0 .. 2.0 = 2.0\n    every 1 ms\n    synapses { weight += g * causal }\n}\n"
    }
    E0402 "values too large for a lane" {
        "Lanes have 16 bits with a binary point; beyond about 2e9 no position of the point holds a \
         value. Narrow the ranges of params, or limit a part with `clamp`."
    }
    E0403 "a divisor that may be 0" {
        "The range of the divisor contains 0. Choose a range that leaves it out."
        wrong "rule r {\n    param tau : real in 0.0 .. 9.0 = 2.0\n    every 1 ms\n    synapses { weight += causal / tau }\n}\n"
        right "rule r {\n    param tau : real in 0.5 .. 9.0 = 2.0\n    every 1 ms\n    synapses { weight += causal / tau }\n}\n"
    }
    E0404 "a function outside its domain" {
        "`ln` and `sqrt` have no value for negative numbers; choose the range of the param so that \
         none can occur."
        wrong "rule r {\n    param g : real in -1.0 .. 1.0 = 0.5\n    every 8 ms\n    synapses { weight += sqrt(g) * causal }\n}\n"
        right "rule r {\n    param g : real in 0.0 .. 1.0 = 0.5\n    every 8 ms\n    synapses { weight += sqrt(g) * causal }\n}\n"
    }
    E0405 "an empty range" {
        "The smaller end comes first: `uniform(0 .. 4)`, `randint(0, 8)`, `real in -1.0 .. 1.0`."
        wrong "rule r {\n    every 1 ms\n    synapses { address = randint(8, 0) }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { address = randint(0, 8) }\n}\n"
    }
    E0406 "an address that may be out of range" {
        "Addresses are 0 .. 63, and the compiler must be able to prove it: an address that \
         saturated would silently listen to another input."
        wrong "rule r {\n    every 1 ms\n    synapses { address = address + 1 }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { address = min(address + 1, 63) }\n}\n"
    }
    E0407 "a real without a range" {
        "The range of a real decides how many fraction bits it has: a narrow range is precise, a \
         wide one coarse."
        wrong "rule r {\n    param g : real = 0.5\n    every 1 ms\n    synapses { weight += g * causal }\n}\n"
        right "rule r {\n    param g : real in 0.0 .. 1.0 = 0.5\n    every 1 ms\n    synapses { weight += g * causal }\n}\n"
    }
    E0408 "a value that is not constant" {
        "Ranges, initial values, periods and array lengths are known when the rule is compiled: \
         numbers, constants and what is computed from them."
        wrong "rule r {\n    param a : weight = 3\n    param b : weight = a\n    every 1 ms\n    synapses { weight = b }\n}\n"
        right "const a = 3\nrule r {\n    param b : weight = a\n    every 1 ms\n    synapses { weight = b }\n}\n"
    }
    E0409 "a definition by itself" {
        "Functions are inlined and constants are computed when the rule is compiled, so neither can \
         refer to itself. A rule that uses others stands for all of them, so it cannot use itself."
        wrong "fn f(x) = f(x) + 1\nrule r {\n    every 1 ms\n    synapses { weight = f(weight) }\n}\n"
        right "fn f(x) = x + 1\nrule r {\n    every 1 ms\n    synapses { weight = f(weight) }\n}\n"
    }
    E0410 "an index or a length out of range" {
        "Elements of an array of N are numbered from 0 to N - 1; an array has 1 to 256 of them, and a \
         list of initial values has one for each."
        wrong "rule r {\n    state x[2] : real in 0.0 .. 1.0 per rule = 0\n    every 1 ms\n    synapses { weight += x[2] }\n}\n"
        right "rule r {\n    state x[2] : real in 0.0 .. 1.0 per rule = [0, 1]\n    every 1 ms\n    synapses { weight += x[1] }\n}\n"
    }
    E0411 "a loop that is too long" {
        "In `synapses` and `neurons` loops are written out, round by round, for processors whose \
         vectors have no counters: all of a rule have at most 1024 rounds together. A loop of \
         `control` has at most 65536 rounds, with those of the loops around it."
        wrong "rule r {\n    every 1 ms\n    synapses { for i in 0 .. 5000 { weight += 1 } }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { for i in 0 .. 3 { weight += 1 } }\n}\n"
    }
    E0412 "an index that may leave its array" {
        "In `control` an index may be computed: an integer whose values all lie within the array, \
         which the compiler must be able to prove. `clamp` limits it. Elsewhere an index is a constant \
         or the counter of a `for`, and arrays of neurons or synapses have no other."
        wrong "rule r {\n    state x[8] : int in 0 .. 9 per rule = 0\n    state n : int in 0 .. 9 per rule = 0\n    every 1 ms\n    control { x[n] += 1 }\n}\n"
        right "rule r {\n    state x[8] : int in 0 .. 9 per rule = 0\n    state n : int in 0 .. 9 per rule = 0\n    every 1 ms\n    control { x[clamp(n, 0, 7)] += 1 }\n}\n"
    }
    E0413 "functions that unfold to too much" {
        "Functions are written out where they are called and constants computed where they are named, \
         with those that they name in turn: 64 deep at most, and 16384 in a rule. A function that calls \
         another twice doubles it; `let` keeps a result that is used twice. 64 rules at most make one by `use`."
        wrong "const f0 = 1\nfn f1(x) = x + f0\nfn f2(x) = f1(x) + f1(x)\nfn f3(x) = f2(x) + f2(x)\n\
             fn f4(x) = f3(x) + f3(x)\nfn f5(x) = f4(x) + f4(x)\nfn f6(x) = f5(x) + f5(x)\nfn f7(x) = f6(x) + f6(x)\n\
             fn f8(x) = f7(x) + f7(x)\nfn f9(x) = f8(x) + f8(x)\nfn f10(x) = f9(x) + f9(x)\nfn f11(x) = f10(x) + f10(x)\n\
             fn f12(x) = f11(x) + f11(x)\nfn f13(x) = f12(x) + f12(x)\nfn f14(x) = f13(x) + f13(x)\n\
             fn f15(x) = f14(x) + f14(x)\nfn f16(x) = f15(x) + f15(x)\n\
             rule r {\n    every 1 ms\n    synapses { weight += f16(causal) }\n}\n"
        right "const f0 = 1\nfn f1(x) = x + f0\nfn f2(x) = f1(x)\nfn f3(x) = f2(x)\nfn f4(x) = f3(x)\n\
             fn f5(x) = f4(x)\nfn f6(x) = f5(x)\nfn f7(x) = f6(x)\nfn f8(x) = f7(x)\nfn f9(x) = f8(x)\n\
             fn f10(x) = f9(x)\nfn f11(x) = f10(x)\nfn f12(x) = f11(x)\nfn f13(x) = f12(x)\nfn f14(x) = f13(x)\n\
             fn f15(x) = f14(x)\nfn f16(x) = f15(x)\n\
             rule r {\n    every 1 ms\n    synapses { weight += f16(causal) }\n}\n"
    }
    E0501 "a rule without a schedule" {
        "A rule says when it runs: `every 1 ms`, in hardware time, or `every 1 s bio`."
        wrong "rule r {\n    synapses { weight += 1 }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight += 1 }\n}\n"
    }
    E0502 "two schedules of a whole rule" {
        "One schedule may stand for itself: it is that of all blocks outside of others. Further \
         schedules own the blocks in their braces."
        wrong "rule r {\n    every 1 ms\n    every 2 ms\n    synapses { weight += 1 }\n}\n"
        right "rule r {\n    every 1 ms { synapses { weight += 1 } }\n    every 2 ms { neurons { reset rate } }\n}\n"
    }
    E0503 "correlation read in two blocks" {
        "The correlation of a row is sampled once an update, in one `synapses` block. Move the \
         statements together, or keep what is needed later in a state."
        wrong "rule r {\n    every 1 ms\n    synapses { weight += causal }\n    synapses { weight -= acausal }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight += causal - acausal }\n}\n"
    }
    E0504 "an assignment to something that cannot change" {
        "Weights, addresses, states and values named by `let` can be assigned. Params and inputs \
         are set from outside; sensors are read and reset."
        wrong "rule r {\n    param g : weight = 3\n    every 1 ms\n    synapses { g = 4 }\n}\n"
        right "rule r {\n    param g : weight = 3\n    every 1 ms\n    synapses { weight = g }\n}\n"
    }
    E0505 "a reset of something that is no sensor" {
        "`causal` and `acausal` are reset in a `synapses` block, `rate` in a `neurons` block."
        wrong "rule r {\n    every 1 ms\n    synapses { reset weight }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight = 0 }\n}\n"
    }
    E0506 "a record of something that has no record" {
        "A record lists quantities that can be read, states and inputs."
        wrong "rule r {\n    param g : weight = 3\n    every 1 ms\n    synapses { weight = g }\n    record g every 10 updates\n}\n"
        right "rule r {\n    param g : weight = 3\n    every 1 ms\n    synapses { weight = g }\n    record weight every 10 updates\n}\n"
    }
    E0507 "a rule for pairs of rows in one for rows" {
        "Rules that are used in another work on its view. A rule that says `view signed` is written for \
         pairs of rows, so the rule that uses it says so, too."
        wrong "rule grow {\n    view signed\n    every 1 ms\n    synapses { weight += 1 }\n}\nrule both {\n    use grow\n    every 1 ms\n    synapses { weight -= 1 }\n}\n"
        right "rule grow {\n    view signed\n    every 1 ms\n    synapses { weight += 1 }\n}\nrule both {\n    view signed\n    use grow\n    every 1 ms\n    synapses { weight -= 1 }\n}\n"
    }
    E0508 "a period out of range" {
        "Times are multiples of 4 ns, the cycle of the processor, and a period is at least one \
         cycle and at most an hour."
        wrong "rule r {\n    every 1 ns\n    synapses { weight += 1 }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses { weight += 1 }\n}\n"
    }
    E0509 "correlation that is reset before a later block reads it" {
        "Within an update a sensor has one value, whatever was reset since. A reset of all synapses waits \
         for the last block that reads the sensor; which synapses an `if` has chosen is not kept so long."
        wrong "rule grow {\n    every 1 ms\n    synapses { if causal > 9 { weight += 1; reset causal } }\n}\nrule both {\n    use grow\n    every 1 ms\n    synapses { weight += 0.1 * causal }\n}\n"
        right "rule grow {\n    every 1 ms\n    synapses { if causal > 9 { weight += 1; reset causal } }\n}\nrule both {\n    every 1 ms\n    synapses { weight += 0.1 * causal }\n    use grow\n}\n"
    }
    E0510 "a value for a row that its synapses do not share" {
        "A state `per row` has one value for all synapses of the row. A `synapses` block stores in it what \
         depends on the row and the rule alone, outside of any `if`, and not rounded at random."
        wrong "rule r {\n    state trace : real in 0.0 .. 63.0 per row = 0\n    every 1 ms\n    synapses { trace = 0.5 * weight }\n}\n"
        right "rule r {\n    input pre : int in 0 .. 31 per row = 0\n    state trace : real in 0.0 .. 63.0 per row = 0\n    every 1 ms\n    synapses { trace = 0.5 * trace + pre; weight += trace }\n}\n"
    }
    E0601 "a program that does not fit the processor" {
        "Code, data and stack share 12272 bytes of the processor's memory. Fewer statements, a \
         smaller `view rows <= N` or fewer states make room."
    }
    E0602 "a period shorter than the rule needs" {
        "In the worst case an update takes longer than the period, so updates would be late and \
         then missed. Choose a longer period, or bind the rule to fewer rows with `view rows <= N`."
    }
    E0603 "something this compiler does not have yet" {
        "The language reference says what this version runs. Nothing is silently left out."
    }
    E0604 "a view limit out of range" {
        "A hemisphere has 256 rows and 256 columns: `view rows <= N` and `view columns <= N` take 1 \
         to 256."
        wrong "rule r {\n    view rows <= 300\n    every 1 ms\n    synapses { weight += 1 }\n}\n"
        right "rule r {\n    view rows <= 32\n    every 1 ms\n    synapses { weight += 1 }\n}\n"
    }
    E0605 "something that a target cannot do" {
        "The interface of pynn-brainscales, for which `plc compile --emit cxx,python` writes, has \
         no events to synapse rows, does not say how rows are driven or which make pairs, and calls \
         a rule first at the start of its timer. The PPU program (`--emit elf`) and the emulator do all of it."
    }
    E0801 "a test of a rule that is not there" {
        "A `test` stands in the file of its rule and names it after `for`."
        wrong "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for down {\n    run 1 updates\n    expect weight == 1\n}\n"
        right "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    run 1 updates\n    expect weight == 1\n}\n"
    }
    E0802 "a name that a test cannot set or give" {
        "`set` gives values to params, `given` to states, inputs and the quantities `weight`, \
         `address`, `causal`, `acausal`, `rate` and `membrane`."
        wrong "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    given wait = 3\n    run 1 updates\n    expect weight == 4\n}\n"
        right "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    given weight = 3\n    run 1 updates\n    expect weight == 4\n}\n"
    }
    E0803 "a list that does not fit the view" {
        "A list holds a value a column of the test's view (a row for what belongs to rows), a list \
         of lists one list a row. A single number goes everywhere."
        wrong "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    view 1 rows, 2 columns\n    run 1 updates\n    expect weight == [1, 1, 1]\n}\n"
        right "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    view 1 rows, 2 columns\n    run 1 updates\n    expect weight == [1, 1]\n}\n"
    }
    E0804 "a view or seed after the start of a test" {
        "A rule is bound to its view, and its random numbers are seeded, before it starts."
        wrong "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    run 1 updates\n    seed 3\n    expect weight == 1\n}\n"
        right "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    seed 3\n    run 1 updates\n    expect weight == 1\n}\n"
    }
    E0805 "a view of a test that its rule is not for" {
        "A view has 1 to 256 columns and rows, and no more than `view rows <= N` and `view columns <= N` \
         of the rule say."
        wrong "rule up {\n    view rows <= 4\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    view 8 rows, 2 columns\n    run 1 updates\n    expect weight == 1\n}\n"
        right "rule up {\n    view rows <= 4\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    view 4 rows, 2 columns\n    run 1 updates\n    expect weight == 1\n}\n"
    }
    E0806 "something a test cannot compute" {
        "An expectation compares values with arithmetic, `abs`, `sign`, `exp`, `ln`, `sqrt`, \
         `min`, `max`, `pow` and sums, means, extremes and counts; it draws no random numbers."
        wrong "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    run 1 updates\n    expect weight == randint(1, 2)\n}\n"
        right "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    run 1 updates\n    expect weight == max(1, 0)\n}\n"
    }
    W0701 "documentation that belongs to nothing" {
        "A comment with three slashes documents the declaration that follows it. Here none \
         follows; two slashes make it a plain comment."
        wrong "rule r {\n    every 1 ms\n    synapses {\n        /// Start anew.\n        weight = 3\n    }\n}\n"
        right "rule r {\n    every 1 ms\n    synapses {\n        // Start anew.\n        weight = 3\n    }\n}\n"
    }
    W0711 "a period too short for a full array" {
        "Bound to all 256 rows the rule would take longer than its period. Smaller views are fine; \
         say `view rows <= N` to have that checked."
    }
    W0712 "state in external memory" {
        "The processor has 12272 bytes for code, data and stack. State that does not fit there is kept in \
         the memory of the FPGA, where a read takes over a microsecond. `view rows <= N` shrinks state \
         of synapses."
        wrong "rule r {\n    state trace : real in 0.0 .. 100.0 per synapse = 0\n    every 50 ms\n    synapses { trace = 0.9 * trace + causal }\n}\n"
        right "rule r {\n    view rows <= 8\n    state trace : real in 0.0 .. 100.0 per synapse = 0\n    every 50 ms\n    synapses { trace = 0.9 * trace + causal }\n}\n"
    }
    W0721 "a test that expects nothing" {
        "Without an `expect` a test passes whatever its rule does."
        wrong "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    run 1 updates\n}\n"
        right "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\ntest counts for up {\n    run 1 updates\n    expect weight == 1\n}\n"
    }
    W0731 "changes that round to nothing" {
        "A store rounds to the nearest number that its destination has. Where every change is smaller \
         than one step, most or all are lost. `rounding stochastic` keeps them on average."
        wrong "rule r {\n    every 8 ms\n    synapses { weight += 0.005 * causal }\n}\n"
        right "rule r {\n    rounding stochastic\n    every 8 ms\n    synapses { weight += 0.005 * causal }\n}\n"
    }
    W0732 "a comparison that is always the same" {
        "The values that both sides can take decide it. Often a range or a sign is not what was meant."
        wrong "rule r {\n    every 8 ms\n    synapses { if weight >= 64 { weight = 0 } }\n}\n"
        right "rule r {\n    every 8 ms\n    synapses { if weight >= 63 { weight = 0 } }\n}\n"
    }
    W0733 "a term of which nothing is left" {
        "A sum has 16 bits for its largest value. A term smaller than half its step adds nothing."
        wrong "rule r {\n    state a : real in 0.0 .. 30000.0 per neuron = 0\n    every 8 ms\n    neurons { a = 0.5 * a + 0.0001 * rate }\n}\n"
        right "rule r {\n    state a : real in 0.0 .. 30.0 per neuron = 0\n    every 8 ms\n    neurons { a = 0.5 * a + 0.0001 * rate }\n}\n"
    }
    W0734 "a store that always saturates" {
        "No value of the expression lies in the range of its destination, so the same end is stored always."
        wrong "rule r {\n    every 8 ms\n    synapses { weight = 70 + weight }\n}\n"
        right "rule r {\n    every 8 ms\n    synapses { weight = 7 + weight }\n}\n"
    }
    W0735 "a rate that its destination cannot hold" {
        "Rate counters and membranes read 0 .. 255. In kernels written by hand a rate above 127 turns \
         negative in a signed byte; here a store keeps the nearest end of the range, which loses what is \
         above it too."
        wrong "rule r {\n    state seen : int in 0 .. 127 per neuron = 0\n    every 8 ms\n    neurons { seen = rate }\n}\n"
        right "rule r {\n    state seen : int in 0 .. 255 per neuron = 0\n    every 8 ms\n    neurons { seen = rate }\n}\n"
    }
    W0736 "a weight above 63" {
        "Synapses hold 6 bits. A param that may be larger can be set to values that are all stored as 63; \
         in kernels written by hand they would wrap around to small weights."
        wrong "rule r {\n    param w_init : int in 0 .. 100 = 80\n    every 8 ms\n    synapses { weight = w_init }\n}\n"
        right "rule r {\n    param w_init : weight = 60\n    every 8 ms\n    synapses { weight = w_init }\n}\n"
    }
    W0737 "correlation turned over" {
        "The converter's codes fall as correlation grows, which kernels written by hand undo by a \
         subtraction. `causal` and `acausal` are already the baseline less the code."
        wrong "rule r {\n    every 8 ms\n    synapses { weight += 0.1 * (127 - causal) }\n}\n"
        right "rule r {\n    every 8 ms\n    synapses { weight += 0.1 * causal }\n}\n"
    }
    W0738 "a weight that drifts down" {
        "Rounding down, the truncation of kernels written by hand, takes half a step off each change on \
         average, also where the exact changes cancel. Rounding to nearest, the default, does not."
        wrong "rule r {\n    rounding floor\n    every 8 ms\n    synapses { weight += 0.1 * (causal - acausal) }\n}\n"
        right "rule r {\n    every 8 ms\n    synapses { weight += 0.1 * (causal - acausal) }\n}\n"
    }
    W0739 "a number that a real of `control` cannot hold" {
        "In `control` reals lie in -32768 .. 32768 and integers have 32 bits. An integer among reals becomes \
         one, and what lies outside is limited to the nearest end; so are constants."
        wrong "rule r {\n    state n : int in 0 .. 100000 per rule = 0\n    state m : int in 0 .. 9 per rule = 0\n    every 1 ms\n    control { n += 1; if n > 50000.5 { m = 1 } }\n}\n"
        right "rule r {\n    state n : int in 0 .. 100000 per rule = 0\n    state m : int in 0 .. 9 per rule = 0\n    every 1 ms\n    control { n += 1; if n > 50000 { m = 1 } }\n}\n"
    }
}

impl Code {
    /// Its row in the table.
    #[must_use]
    pub fn info(self) -> &'static CodeInfo {
        &CODES[self as usize]
    }

    /// As printed: `E0101`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Error for `E....`, warning for `W....`.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self.name().starts_with('W') { Severity::Warning } else { Severity::Error }
    }

    /// The code with this name; upper or lower case.
    ///
    /// ```
    /// use pl_diag::Code;
    ///
    /// assert_eq!(Code::from_name("e0101"), Some(Code::E0101));
    /// assert_eq!(Code::from_name("E9999"), None);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Code> {
        CODES.iter().find(|info| info.name.eq_ignore_ascii_case(name)).map(|info| info.code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for CodeInfo {
    /// The page of `plc explain`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n\n{}", self.name, self.title, self.explanation)?;
        for (heading, source) in [("Wrong", self.wrong), ("Right", self.right)] {
            if !source.is_empty() {
                writeln!(f, "\n{heading}:\n")?;
                source.lines().try_for_each(|line| writeln!(f, "    {line}"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_ascend_and_are_well_formed() {
        for pair in CODES.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} before {}", pair[0].name, pair[1].name);
        }
        for (index, info) in CODES.iter().enumerate() {
            assert_eq!(info.code as usize, index);
            let (letter, digits) = info.name.split_at(1);
            assert!(matches!(letter, "E" | "W") && digits.len() == 4, "{}", info.name);
            assert!(digits.bytes().all(|digit| digit.is_ascii_digit()), "{}", info.name);
            assert!(info.explanation.ends_with('.'), "{}: full sentences", info.name);
            assert!(!info.title.ends_with('.'), "{}: a title", info.name);
        }
    }

    #[test]
    fn severity_is_the_first_letter() {
        assert_eq!(Code::E0101.severity(), Severity::Error);
        assert_eq!(Code::W0701.severity(), Severity::Warning);
    }

    #[test]
    fn explanation_shows_both_examples() {
        let page = Code::E0108.info().to_string();
        assert!(page.starts_with("E0108: an assignment"));
        assert!(page.contains("if weight = 3") && page.contains("if weight == 3"));
        assert!(!Code::E0005.info().to_string().contains("Wrong:"));
    }
}
