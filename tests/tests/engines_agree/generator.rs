//! Random well-typed rules as source text.
//!
//! Every decision takes bytes of a tape; at its end each decision is the simplest one. So a shorter
//! tape, or smaller bytes, is a simpler program, and shrinking a tape shrinks the program.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A program, and what of the language it uses.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) source: String,
    pub(crate) used: BTreeSet<&'static str>,
}

/// What a block runs over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Synapses,
    Neurons,
    Control,
}

/// A name that can be read, and where it can be assigned.
#[derive(Clone)]
struct Name {
    text: String,
    /// Blocks that may assign to it.
    writers: &'static [Over],
    /// Blocks that may read it.
    readers: &'static [Over],
    is_bool: bool,
}

const ALL: &[Over] = &[Over::Synapses, Over::Neurons, Over::Control];
const LANES: &[Over] = &[Over::Synapses, Over::Neurons];
const SYNAPSES: &[Over] = &[Over::Synapses];
const NEURONS: &[Over] = &[Over::Neurons];
const CONTROL: &[Over] = &[Over::Control];

struct Generator<'t> {
    tape: std::slice::Iter<'t, u8>,
    out: String,
    used: BTreeSet<&'static str>,
    names: Vec<Name>,
    /// Arrays of the rule: name, number of elements, whether they are states.
    arrays: Vec<(String, usize, bool)>,
    over: Over,
    /// Whether correlation may be read: in one block of synapses.
    correlation: bool,
    /// Inside a reduction, where nothing is drawn.
    reducing: bool,
    depth: usize,
    locals: usize,
    has_function: bool,
}

/// Random rule of a tape.
pub(crate) fn program(tape: &[u8]) -> Program {
    let mut generator = Generator {
        tape: tape.iter(),
        out: String::new(),
        used: BTreeSet::new(),
        names: Vec::new(),
        arrays: Vec::new(),
        over: Over::Synapses,
        correlation: true,
        reducing: false,
        depth: 0,
        locals: 0,
        has_function: false,
    };
    generator.rule();
    Program { source: generator.out, used: generator.used }
}

impl Generator<'_> {
    /// One of `count` choices, the first at the end of the tape.
    fn choose(&mut self, count: usize) -> usize {
        self.tape.next().map_or(0, |byte| usize::from(*byte) % count)
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.choose(count) == count - 1
    }

    fn uses(&mut self, what: &'static str) {
        self.used.insert(what);
    }

    fn line(&mut self, text: &str) {
        let indent = "    ".repeat(self.depth);
        let _ = writeln!(self.out, "{indent}{text}");
    }

    fn open(&mut self, text: &str) {
        self.line(&format!("{text} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    fn rule(&mut self) {
        if self.one_in(2) {
            self.uses("const");
            self.line("const shift = 3");
            self.name("shift", &[], ALL);
        }
        if self.one_in(2) {
            self.uses("fn");
            self.has_function = true;
            self.line("fn mix(a, b) = clamp(a - 0.5 * b, -20, 20)");
        }
        self.open("rule random");
        self.declarations();
        match self.choose(3) {
            0 => self.uses("nearest"),
            1 => {
                self.uses("floor");
                self.line("rounding floor");
            }
            _ => {
                self.uses("stochastic");
                self.line("rounding stochastic");
            }
        }
        self.line("view rows <= 8");
        if self.one_in(4) {
            self.uses("view columns");
            let limit = ["view columns <= 100", "view columns <= 1"][self.choose(2)];
            self.line(limit);
        }
        if self.one_in(4) {
            self.uses("rng hardware");
            self.line("rng hardware");
        }
        if self.one_in(4) {
            self.uses("view signed");
            self.line("view signed");
        }
        self.line("every 20 ms");
        if self.one_in(3) {
            self.uses("start");
            self.open("start");
            if self.one_in(3) {
                self.uses("start statements");
                self.over = Over::Control;
                let (known, before) = (self.names.len(), self.correlation);
                self.correlation = false;
                self.statement();
                self.names.truncate(known);
                self.correlation = before;
            }
            self.block(false);
            self.close();
        }
        for _ in 0..=self.choose(3) {
            self.block(true);
        }
        if self.one_in(3) {
            self.uses("schedules");
            let times = ["every 40 ms phase 20 ms", "at 40 ms"][self.choose(2)];
            self.open(times);
            self.block(true);
            self.close();
        }
        if self.one_in(2) {
            self.uses("record");
            self.line("record weight every 2 updates");
        }
        self.close();
    }

    fn name(&mut self, text: &str, writers: &'static [Over], readers: &'static [Over]) {
        let text = text.to_owned();
        self.names.push(Name { text, writers, readers, is_bool: false });
    }

    fn declarations(&mut self) {
        let params = [
            "gain : real in -1.0 .. 1.0 = 0.25",
            "bias : real in -8.0 .. 8.0 = 1.5",
            "step : int in 0 .. 9 = 2",
        ];
        for _ in 0..self.choose(3) {
            let text = params[self.choose(3)];
            let name = text.split(' ').next().unwrap_or_default();
            if self.names.iter().all(|known| known.text != name) {
                self.uses("param");
                self.line(&format!("param {text}"));
                self.name(name, &[], ALL);
            }
        }
        if self.one_in(4) {
            self.uses("units");
            self.line("param window : real in 10 us .. 2 ms = 300 us");
            self.line("param target : real in 0 kHz .. 40 kHz = 5 kHz");
            self.name("(window * target)", &[], ALL);
        }
        let types = [
            "int in -100 .. 100",
            "real in -4.0 .. 4.0",
            "real in 0.0 .. 200.0",
            "q7.8",
            "int in 0 .. 2000",
        ];
        let scopes: [(&str, &'static [Over], &'static [Over], &'static str); 4] = [
            ("synapse", SYNAPSES, SYNAPSES, "per synapse"),
            ("neuron", NEURONS, LANES, "per neuron"),
            ("rule", CONTROL, ALL, "per rule"),
            ("row", &[], SYNAPSES, "per row"),
        ];
        for index in 0..self.choose(4) {
            let ty = types[self.choose(types.len())];
            let (scope, writers, readers, feature) = scopes[self.choose(scopes.len())];
            self.uses(feature);
            let input = feature == "per row" || self.one_in(5);
            let (kind, writers) = if input { ("input", &[][..]) } else { ("state", writers) };
            self.uses(if input { "input" } else { "state" });
            if !writers.is_empty() && self.one_in(4) {
                self.uses("bool state");
                let text = format!("s{index}");
                self.line(&format!("state {text} : bool per {scope} = false"));
                self.names.push(Name { text, writers, readers, is_bool: true });
                continue;
            }
            let of_rule = feature == "per rule";
            let ty = match of_rule && self.one_in(3) {
                true => {
                    self.uses("32 bits");
                    ["real", "int", "int in -100000 .. 100000", "q3.4"][self.choose(4)]
                }
                false => ty,
            };
            let array = (!input || of_rule) && self.one_in(if of_rule { 2 } else { 4 });
            let (len, initial) = if array { ("[2]", "[1, 2]") } else { ("", "1") };
            self.line(&format!("{kind} s{index}{len} : {ty} per {scope} = {initial}"));
            if array && of_rule {
                self.arrays.push((format!("s{index}"), 2, !input));
            }
            if array {
                self.uses("array");
                self.name(&format!("s{index}[0]"), writers, readers);
                self.name(&format!("s{index}[1]"), writers, readers);
            } else {
                self.name(&format!("s{index}"), writers, readers);
            }
        }
    }

    fn block(&mut self, correlation: bool) {
        let known = self.names.len();
        let (over, keyword) =
            [(Over::Synapses, "synapses"), (Over::Neurons, "neurons"), (Over::Control, "control")]
                [[0, 0, 1, 2][self.choose(4)]];
        self.over = over;
        self.uses(keyword);
        let may_correlate = self.correlation && correlation;
        let before = self.correlation;
        self.correlation = may_correlate && over == Over::Synapses;
        let reads = self.correlation;
        self.open(keyword);
        self.statements(3);
        if over == Over::Synapses && reads && self.one_in(2) {
            self.uses("reset causal");
            let branches = ["reset causal, acausal", "reset acausal"][self.choose(2)];
            self.line(branches);
        }
        if over == Over::Neurons && self.one_in(2) {
            self.uses("reset rate");
            let sensors = ["reset rate", "reset membrane"][self.choose(2)];
            self.line(sensors);
        }
        self.close();
        // A later block of synapses may not read them again.
        self.correlation = before && !reads;
        self.names.truncate(known);
    }

    fn statements(&mut self, most: usize) {
        let known = self.names.len();
        for _ in 0..=self.choose(most) {
            self.statement();
        }
        self.names.truncate(known);
    }

    fn statement(&mut self) {
        match self.choose(10) {
            0..=3 => self.assign(),
            4 | 5 => self.define(),
            6 | 7 if self.depth < 5 => self.choice(),
            8 if self.over == Over::Control && self.depth < 4 && self.one_in(2) => {
                self.over_array();
            }
            8 if self.depth < 4 => {
                self.uses("for");
                let counter = format!("i{}", self.locals);
                self.locals += 1;
                self.open(&format!("for {counter} in 0 .. 2"));
                self.name(&counter, &[], ALL);
                self.statements(2);
                self.names.pop();
                self.close();
            }
            9 => match self.over {
                Over::Synapses => self.assign(),
                Over::Neurons => {
                    self.uses("reset rate");
                    let sensors = ["reset rate", "reset membrane", "reset rate, membrane"];
                    let sensors = sensors[self.choose(3)];
                    self.line(sensors);
                }
                Over::Control => {
                    if self.one_in(3) {
                        self.uses("reset in control");
                        let sensors = ["reset rate", "reset membrane", "reset rate, membrane"];
                        let sensors = sensors[self.choose(3)];
                        return self.line(sensors);
                    }
                    self.uses("send");
                    let row = ["7", "randint(0, 256)"][self.choose(2)];
                    let address = ["63", "randint(3, 9)"][self.choose(2)];
                    self.line(&format!("send({row}, {address})"));
                }
            },
            _ => self.assign(),
        }
    }

    /// A loop over the elements of an array of the rule, or an assignment to one of them.
    fn over_array(&mut self) {
        let states: Vec<(String, usize, bool)> =
            self.arrays.iter().filter(|array| array.2).cloned().collect();
        if states.is_empty() {
            return self.assign();
        }
        let (array, len, _) = states[self.choose(states.len())].clone();
        if self.one_in(3) {
            self.uses("indexed write");
            let op = ["=", "+=", "-="][self.choose(3)];
            let index = self.index(len);
            let value = self.number(2);
            return self.line(&format!("{array}[{index}] {op} {value}"));
        }
        self.uses("for over an array");
        let counter = format!("i{}", self.locals);
        self.locals += 1;
        self.open(&format!("for {counter} in 0 .. {len}"));
        let known = self.names.len();
        self.name(&counter, &[], ALL);
        self.name(&format!("{array}[{counter}]"), CONTROL, CONTROL);
        self.statements(2);
        self.names.truncate(known);
        self.close();
    }

    /// An index within an array of so many elements.
    fn index(&mut self, len: usize) -> String {
        let last = len - 1;
        match self.choose(3) {
            0 => format!("randint(0, {len})"),
            1 => format!("clamp(hemisphere + randint(-3, 4), 0, {last})"),
            _ => format!("min(abs(sign({})), {last})", self.leaf()),
        }
    }

    fn define(&mut self) {
        let is_bool = self.one_in(4);
        let value = if is_bool { self.condition(1) } else { self.number(2) };
        let text = format!("x{}", self.locals);
        self.locals += 1;
        self.uses(if is_bool { "let of a truth value" } else { "let" });
        self.line(&format!("let {text} = {value}"));
        // A local that is a constant stays one: nothing is assigned to those.
        let writers = if is_bool { &[][..] } else { ALL };
        self.names.push(Name { text, writers, readers: ALL, is_bool });
    }

    fn assign(&mut self) {
        let over = self.over;
        let mut targets: Vec<String> = self
            .names
            .iter()
            .filter(|name| name.writers.contains(&over))
            .map(|name| name.text.clone())
            .collect();
        if over == Over::Synapses {
            targets.extend(["weight".to_owned(), "weight".to_owned(), "address".to_owned()]);
        }
        if targets.is_empty() {
            return self.define();
        }
        let target = targets[self.choose(targets.len())].clone();
        if self.names.iter().any(|name| name.is_bool && name.text == target) {
            let value = self.condition(1);
            return self.line(&format!("{target} = {value}"));
        }
        if target == "address" {
            self.uses("address");
            let value = match self.choose(3) {
                0 => {
                    self.uses("randint");
                    "randint(0, 8)".to_owned()
                }
                1 => "min(address, 40)".to_owned(),
                _ => "clamp(row - 1, 0, 63)".to_owned(),
            };
            return self.line(&format!("address = {value}"));
        }
        let (op, feature) =
            [("=", "="), ("+=", "+="), ("-=", "-="), ("*=", "*=")][[0, 1, 1, 2, 3][self.choose(5)]];
        self.uses(feature);
        let value = if op == "*=" { self.factor() } else { self.number(3) };
        self.line(&format!("{target} {op} {value}"));
    }

    fn choice(&mut self) {
        let condition = self.condition(2);
        self.uses("if");
        self.open(&format!("if {condition}"));
        self.statements(2);
        if self.one_in(3) {
            self.uses("else if");
            let condition = self.condition(1);
            self.depth -= 1;
            self.open(&format!("}} else if {condition}"));
            self.statements(2);
        }
        if self.one_in(2) {
            self.uses("else");
            self.depth -= 1;
            self.open("} else");
            self.statements(2);
        }
        self.close();
    }

    /// A small number to multiply by.
    fn factor(&mut self) -> String {
        let constants = ["0.5", "-0.25", "0.125", "1.5", "-0.7", "2"];
        let gain = self.names.iter().any(|name| name.text == "gain");
        if gain && self.one_in(2) {
            return "gain".to_owned();
        }
        constants[self.choose(constants.len())].to_owned()
    }

    fn leaf(&mut self) -> String {
        let over = self.over;
        let mut leaves: Vec<String> = self
            .names
            .iter()
            .filter(|name| !name.is_bool && name.readers.contains(&over))
            .map(|name| name.text.clone())
            .collect();
        leaves.extend(["1", "7", "0.3", "-12.5"].map(str::to_owned));
        let lanes: &[&str] = match over {
            Over::Synapses => &["weight", "weight", "address", "row", "row_sign", "rate", "column"],
            Over::Neurons => &["rate", "rate", "membrane", "column", "hemisphere"],
            Over::Control => &["hemisphere", "update", "now / 1 ms"],
        };
        leaves.extend(lanes.iter().map(|name| (*name).to_owned()));
        if over == Over::Synapses && self.correlation {
            leaves.extend(["causal", "acausal", "causal"].map(str::to_owned));
        }
        let leaf = leaves[self.choose(leaves.len())].clone();
        for quantity in [
            "weight",
            "address",
            "row",
            "row_sign",
            "rate",
            "membrane",
            "column",
            "hemisphere",
            "update",
            "now / 1 ms",
            "causal",
            "acausal",
        ] {
            if leaf == quantity {
                self.uses(quantity);
            }
        }
        leaf
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.leaf();
        }
        let draws = !self.reducing;
        if self.over == Over::Control && self.one_in(5) {
            return self.of_control(depth);
        }
        match self.choose(18) {
            0 | 1 => self.leaf(),
            2 | 3 => format!("({} + {})", self.number(depth - 1), self.number(depth - 1)),
            4 => format!("({} - {})", self.number(depth - 1), self.number(depth - 1)),
            5 | 6 => {
                self.uses("product with a factor");
                format!("{} * {}", self.factor(), self.number(depth - 1))
            }
            7 => {
                self.uses("product of lanes");
                let bounded = format!("clamp({}, -3, 5)", self.number(depth - 1));
                format!("{bounded} * {}", self.leaf())
            }
            8 => {
                let (name, feature) = [("min", "min"), ("max", "max")][self.choose(2)];
                self.uses(feature);
                format!("{name}({}, {})", self.number(depth - 1), self.number(depth - 1))
            }
            9 => {
                self.uses("clamp");
                let bounds = ["-10, 10", "0, 63", "-0.5, 1.5"][self.choose(3)];
                format!("clamp({}, {bounds})", self.number(depth - 1))
            }
            10 => {
                let (name, feature) = [("abs", "abs"), ("sign", "sign")][self.choose(2)];
                self.uses(feature);
                format!("{name}({})", self.number(depth - 1))
            }
            11 if draws => {
                self.uses("uniform");
                ["uniform(0 .. 4)", "uniform(-1.0 .. 1.0)", "uniform(0 .. 0.25)"][self.choose(3)]
                    .to_owned()
            }
            12 if draws => {
                self.uses("randint");
                ["randint(0, 8)", "randint(-3, 4)"][self.choose(2)].to_owned()
            }
            13 if self.one_in(2) => {
                self.uses("wrapping_add");
                self.wrapping_sum()
            }
            13 => format!("-({})", self.number(depth - 1)),
            14 if self.has_function => {
                self.uses("call");
                format!("mix({}, {})", self.number(depth - 1), self.leaf())
            }
            15..=17 if !self.reducing && self.over != Over::Synapses => self.reduction(),
            _ => self.leaf(),
        }
    }

    /// A sum of integers that often leaves 16 bits, in `control` 32.
    fn wrapping_sum(&mut self) -> String {
        let draw = if self.reducing { "sign(7)" } else { "randint(0, 3)" };
        let place = match self.over {
            Over::Synapses | Over::Neurons => "column",
            Over::Control => "update",
        };
        let most = if self.over == Over::Control { "2147483647" } else { "32767" };
        format!("clamp(wrapping_add({place} - {draw}, {most}), -200, 200)")
    }

    /// What `control` alone has: quotients, elements by an index, products of anything.
    fn of_control(&mut self, depth: usize) -> String {
        let arrays = self.arrays.clone();
        match self.choose(3) {
            0 if !arrays.is_empty() => {
                self.uses("indexed read");
                let (array, len, _) = arrays[self.choose(arrays.len())].clone();
                format!("{array}[{}]", self.index(len))
            }
            1 => {
                self.uses("product of scalars");
                format!("({} * {})", self.number(depth - 1), self.number(depth - 1))
            }
            _ => {
                self.uses("quotient");
                format!("({} / {})", self.number(depth - 1), self.leaf())
            }
        }
    }

    /// A reduction over what lies below the block: synapses of a neuron, neurons of the rule.
    fn reduction(&mut self) -> String {
        let over = self.over;
        let correlation = std::mem::replace(&mut self.correlation, false);
        self.reducing = true;
        let (inner, axis) = match over {
            Over::Neurons => (Over::Synapses, "synapses"),
            Over::Synapses | Over::Control => (Over::Neurons, "neurons"),
        };
        self.over = inner;
        let choices: &[(&str, &'static str)] = match inner {
            Over::Synapses => &[
                ("sum", "sum over synapses"),
                ("min", "min over synapses"),
                ("max", "max over synapses"),
                ("count", "count over synapses"),
                ("mean", "mean over synapses"),
                ("argmax", "argmax over synapses"),
            ],
            Over::Neurons | Over::Control => &[
                ("sum", "sum over neurons"),
                ("min", "min over neurons"),
                ("max", "max over neurons"),
                ("count", "count over neurons"),
                ("mean", "mean over neurons"),
                ("argmax", "argmax over neurons"),
            ],
        };
        let (word, feature) = choices[self.choose(choices.len())];
        self.uses(feature);
        let of = if word == "count" { self.condition(1) } else { self.number(1) };
        (self.over, self.reducing, self.correlation) = (over, false, correlation);
        format!("clamp(0.25 * ({word} of {of} over {axis}), -200, 200)")
    }

    fn condition(&mut self, depth: usize) -> String {
        let over = self.over;
        let truths: Vec<String> = self
            .names
            .iter()
            .filter(|name| name.is_bool && name.readers.contains(&over))
            .map(|name| name.text.clone())
            .collect();
        if !truths.is_empty() && self.one_in(4) {
            return truths[self.choose(truths.len())].clone();
        }
        match if depth == 0 { 0 } else { self.choose(6) } {
            3 => {
                self.uses("and");
                format!("({} and {})", self.condition(depth - 1), self.condition(depth - 1))
            }
            4 => {
                self.uses("or");
                format!("({} or {})", self.condition(depth - 1), self.condition(depth - 1))
            }
            5 => {
                self.uses("not");
                format!("not ({})", self.condition(depth - 1))
            }
            _ => {
                let signs: [(&str, &'static str); 6] = [
                    (">", ">"),
                    ("<", "<"),
                    (">=", ">="),
                    ("<=", "<="),
                    ("==", "=="),
                    ("!=", "!="),
                ];
                let (sign, feature) = signs[self.choose(6)];
                self.uses(feature);
                format!("{} {sign} {}", self.number(depth), self.leaf())
            }
        }
    }
}

/// What every long run must use in one program of a hundred.
pub(crate) const FEATURES: &[&str] = &[
    "const",
    "fn",
    "call",
    "param",
    "state",
    "input",
    "array",
    "32 bits",
    "for over an array",
    "indexed read",
    "indexed write",
    "product of scalars",
    "quotient",
    "reset in control",
    "per synapse",
    "per neuron",
    "bool state",
    "per rule",
    "per row",
    "nearest",
    "floor",
    "stochastic",
    "start",
    "start statements",
    "schedules",
    "view columns",
    "view signed",
    "rng hardware",
    "record",
    "synapses",
    "neurons",
    "control",
    "let",
    "let of a truth value",
    "=",
    "+=",
    "-=",
    "*=",
    "if",
    "else if",
    "else",
    "for",
    "address",
    "reset causal",
    "reset rate",
    "send",
    "weight",
    "row",
    "row_sign",
    "rate",
    "membrane",
    "column",
    "hemisphere",
    "update",
    "now / 1 ms",
    "units",
    "wrapping_add",
    "causal",
    "acausal",
    "product with a factor",
    "product of lanes",
    "min",
    "max",
    "clamp",
    "abs",
    "sign",
    "uniform",
    "randint",
    "and",
    "or",
    "not",
    ">",
    "<",
    ">=",
    "<=",
    "==",
    "!=",
    "sum over synapses",
    "min over synapses",
    "max over synapses",
    "count over synapses",
    "mean over synapses",
    "argmax over synapses",
    "sum over neurons",
    "min over neurons",
    "max over neurons",
    "count over neurons",
    "mean over neurons",
    "argmax over neurons",
];
