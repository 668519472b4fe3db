//! Numbers and conditions.

use super::{FEATURES, Generator, Over};

impl Generator<'_> {
    /// A small number to multiply by.
    pub(super) fn factor(&mut self) -> String {
        let constants = ["0.5", "-0.25", "0.125", "1.5", "-0.7", "2"];
        let gain = self.names.iter().any(|name| name.text == "gain");
        if gain && self.one_in(2) {
            return "gain".to_owned();
        }
        constants[self.choose(constants.len())].to_owned()
    }

    pub(super) fn leaf(&mut self) -> String {
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
        if let Some(quantity) = FEATURES.iter().find(|feature| **feature == leaf) {
            self.uses(quantity);
        }
        leaf
    }

    pub(super) fn number(&mut self, depth: usize) -> String {
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

    pub(super) fn condition(&mut self, depth: usize) -> String {
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
