//! Values that stand for others.

use pl_ir::{Function, Value};

/// For each value the one that stands for it; at first itself.
pub(crate) struct Replacements {
    stands_for: Vec<Value>,
    any: bool,
}

impl Replacements {
    pub(crate) fn new(func: &Function) -> Replacements {
        Replacements { stands_for: (0..func.values.len()).map(Value::new).collect(), any: false }
    }

    /// Lets `new` stand for `old` from now on.
    pub(crate) fn replace(&mut self, old: Value, new: Value) {
        let new = self.resolve(new);
        self.stands_for[old.index()] = new;
        self.any = true;
    }

    /// The value to use in place of `value`. Values younger than the table stand for themselves.
    pub(crate) fn resolve(&self, value: Value) -> Value {
        let mut value = value;
        while let Some(next) = self.stands_for.get(value.index()).filter(|next| **next != value) {
            value = *next;
        }
        value
    }

    /// Replaces every use in the function.
    pub(crate) fn apply(&self, func: &mut Function) {
        if !self.any {
            return;
        }
        for inst in &mut func.insts {
            inst.args.iter_mut().for_each(|v| *v = self.resolve(*v));
        }
        for block in &mut func.blocks {
            block.terminator.map_values(|v| self.resolve(v));
        }
    }
}
