//! Random well-typed rules as source text.
//!
//! Every decision takes bytes of a tape; at its end each decision is the simplest one. So a shorter
//! tape, or smaller bytes, is a simpler program, and shrinking a tape shrinks the program.

mod expression;
mod statement;

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
    /// States of rows that may be assigned, and whether the rule rounds at random, when none may.
    row_states: Vec<String>,
    stochastic: bool,
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
        row_states: Vec::new(),
        stochastic: false,
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
        let used = self.one_in(3).then(|| self.used_rule());
        self.open("rule random");
        self.declarations();
        self.rounding();
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
        if let Some(names) = used {
            self.use_rule(names);
        }
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
            let every = [2, 1][self.choose(2)];
            let mut recorded = vec!["weight".to_owned()];
            for quantity in ["causal", "rate", "acausal", "membrane", "address"] {
                if self.one_in(4) {
                    self.uses("record of a quantity");
                    recorded.push(quantity.to_owned());
                }
            }
            // Elements of an array are recorded by their names in records of their own.
            let state = self
                .names
                .iter()
                .rev()
                .find(|name| !name.text.contains(['[', '(']) && !name.writers.is_empty());
            if let Some(state) = state {
                recorded.push(state.text.clone());
            }
            self.line(&format!("record {} every {every} updates", recorded.join(", ")));
        }
        self.close();
    }

    /// A rule for another to use; what it declares.
    fn used_rule(&mut self) -> Vec<Name> {
        let known = self.names.len();
        self.open("rule part");
        self.declarations();
        self.rounding();
        self.line("every 20 ms");
        for _ in 0..=self.choose(2) {
            self.block(true);
        }
        self.close();
        self.correlation = true;
        self.arrays.clear();
        self.row_states.clear();
        self.names.split_off(known)
    }

    /// Uses it: its names get a prefix.
    fn use_rule(&mut self, names: Vec<Name>) {
        self.uses("use");
        let prefix = ["part", "p"][self.choose(2)];
        let alias = if prefix == "part" { "" } else { " as p" };
        let times = ["", " every 20 ms", " every 40 ms"][self.choose(3)];
        self.line(&format!("use part{alias}{times}"));
        for name in names {
            let text = match name.text.strip_prefix('(') {
                Some(product) => {
                    format!("({prefix}.{}", product.replace("* ", &format!("* {prefix}.")))
                }
                None => format!("{prefix}.{}", name.text),
            };
            self.names.push(Name { text, ..name });
        }
    }

    fn rounding(&mut self) {
        let mode = self.choose(3);
        self.stochastic = mode == 2;
        match mode {
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
            let of_row = feature == "per row";
            let input = if of_row { self.one_in(2) } else { self.one_in(5) };
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
            let array = !of_row && (!input || of_rule) && self.one_in(if of_rule { 2 } else { 4 });
            let (len, initial) = if array { ("[2]", "[1, 2]") } else { ("", "1") };
            self.line(&format!("{kind} s{index}{len} : {ty} per {scope} = {initial}"));
            if of_row && !input {
                self.row_states.push(format!("s{index}"));
            }
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
        let choose = over == Over::Synapses && !self.stochastic && self.one_in(2);
        if let Some(state) = self.row_states.last().cloned().filter(|_| choose) {
            self.uses("assigned state per row");
            let value = ["0.5", "gain", "row_sign"][self.choose(3)];
            let value = if self.names.iter().any(|n| n.text == value) { value } else { "0.5" };
            self.line(&format!("{state} = {value} * {state} + row"));
        }
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
    "assigned state per row",
    "nearest",
    "floor",
    "stochastic",
    "start",
    "start statements",
    "schedules",
    "use",
    "view columns",
    "view signed",
    "rng hardware",
    "record",
    "record of a quantity",
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
