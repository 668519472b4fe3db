//! Arguments of jumps: copies that happen at once, put in an order that gives the same.

use super::{Lowering, PARTS};
use crate::vcode::{Class, Inst, Reg, load_immediate};
use pl_ir::{BlockCall, Type};

impl Lowering<'_> {
    /// Copies the arguments of a jump into the parameters of its target.
    pub(super) fn pass_arguments(&mut self, call: &BlockCall) {
        let params = self.func.block(call.block).params.clone();
        let (mut copies, mut constants) = (Vec::new(), Vec::new());
        for (param, arg) in params.iter().zip(&call.args) {
            if self.func.ty(*param) == Type::I32 {
                let to = self.register(*param, 0);
                match self.known(*arg) {
                    Some(value) => constants.push((to, value)),
                    None => copies.push((to, self.scalar(*arg))),
                }
                continue;
            }
            let parts = if self.uniform[param.index()] { 1 } else { PARTS };
            let each = self.widths[param.index()].pick([1, 2]);
            for part in (0..parts).step_by(each) {
                copies.push((self.register(*param, part), self.part(*arg, part)));
            }
        }
        for (to, from) in self.in_order(copies) {
            let class = self.code.class(to);
            self.push(Inst::copy(class, to, from));
        }
        for (to, value) in constants {
            load_immediate(to, value).into_iter().for_each(|inst| self.push(inst));
        }
    }

    /// Copies `(to, from)` one after another that do what all at once would.
    fn in_order(&mut self, copies: Vec<(Reg, Reg)>) -> Vec<(Reg, Reg)> {
        let mut pending: Vec<(Reg, Reg)> = copies.into_iter().filter(|(t, f)| t != f).collect();
        let mut ordered = Vec::new();
        while !pending.is_empty() {
            let free = pending.iter().position(|(to, _)| pending.iter().all(|(_, f)| f != to));
            if let Some(index) = free {
                ordered.push(pending.remove(index));
                continue;
            }
            // Every destination is still needed: break a cycle by saving one of them.
            let (kept, _) = pending[0];
            let class: Class = self.code.class(kept);
            let saved = self.code.new_reg(class);
            ordered.push((saved, kept));
            pending.iter_mut().filter(|(_, from)| *from == kept).for_each(|c| c.1 = saved);
        }
        ordered
    }
}
