//! Statements of a block.

use super::{ALL, CONTROL, Generator, Name, Over};

impl Generator<'_> {
    pub(super) fn statements(&mut self, most: usize) {
        let known = self.names.len();
        for _ in 0..=self.choose(most) {
            self.statement();
        }
        self.names.truncate(known);
    }

    pub(super) fn statement(&mut self) {
        let arrays = self.over == Over::Control && self.arrays.iter().any(|array| array.2);
        if arrays && self.depth < 4 && self.one_in(2) {
            return self.over_array();
        }
        match self.choose(10) {
            0..=3 => self.assign(),
            4 | 5 => self.define(),
            6 | 7 if self.depth < 5 => self.choice(),
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

    /// A loop over the elements of a state of the rule that is an array, of which there is one, or an
    /// assignment to one of them.
    fn over_array(&mut self) {
        let states: Vec<(String, usize, bool)> =
            self.arrays.iter().filter(|array| array.2).cloned().collect();
        let (array, len, _) = states[self.choose(states.len())].clone();
        if self.one_in(2) {
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
    pub(super) fn index(&mut self, len: usize) -> String {
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
}
