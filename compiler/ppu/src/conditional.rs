//! Conditional operations instead of selects.
//!
//! ```text
//!   yes = op a, b                     to = no
//!   to  = fxvsel no, yes, if gt       to = op a, b  if gt
//! ```
//!
//! The move goes away in register allocation if nobody else wants `no`, which is asked for here.
//! What is left is an instruction less for the unit that selects, packs and shifts, but one that
//! waits for the comparison: which of the two forms is faster depends on the rest of the block, so
//! both are scheduled and the faster one is kept.

use crate::regalloc::{Liveness, step_back};
use crate::vcode::{BlockId, Class, Code, Inst, Operand, Reg, Work};
use pl_isa::latency::Class as Timing;
use pl_isa::{Cond, Field, Opcode, Resource, Role};

/// The same code with every select that can be one as a conditional operation; none if no select
/// can.
pub(crate) fn with_conditions(code: &Code) -> Option<Code> {
    let mut folded = code.clone();
    let liveness = Liveness::of(code);
    let mut count = 0;
    for id in code.block_ids() {
        // From the end, so that what was changed lies behind what is looked at.
        for at in (0..code.block(id).insts.len()).rev() {
            let Some(select) = Select::at(&folded, id, at, &liveness) else { continue };
            let insts = &mut folded.blocks[id.index()].insts;
            let operation = insts.remove(select.operation);
            // One place further to the front by now.
            let cond = insts[at - 1].cond;
            insts[at - 1] = Inst::copy(Class::Vector, select.to, select.no);
            insts.insert(at, select.conditional(operation, cond));
            count += 1;
        }
    }
    (count > 0).then_some(folded)
}

/// A select whose operation can take its place.
struct Select {
    to: Reg,
    no: Reg,
    /// Where the operation stands.
    operation: usize,
}

impl Select {
    fn at(code: &Code, id: BlockId, at: usize, liveness: &Liveness) -> Option<Select> {
        let insts = &code.block(id).insts;
        let inst = insts.get(at)?;
        let [Operand::Reg(to), Operand::Reg(no), Operand::Reg(yes)] = inst.operands[..] else {
            return None;
        };
        if inst.opcode != Opcode::Fxvsel || inst.cond == Cond::Always || no == yes {
            return None;
        }
        let mut alive = liveness.at_end(id).clone();
        insts[at + 1..].iter().rev().for_each(|later| step_back(&mut alive, later));
        let constant = code.recipe(no).is_some() || code.source(no).is_some();
        if constant || alive.contains(no) || alive.contains(yes) {
            return None;
        }
        let operation = (0..at).rev().find(|before| insts[*before].def() == Some(yes))?;
        let between = &insts[operation + 1..at];
        (may_be_conditional(&insts[operation], to)
            && between.iter().all(|passed| may_pass(&insts[operation], yes, passed)))
        .then_some(Select { to, no, operation })
    }

    /// The operation under the select's condition. What it reads of `no` has been moved.
    fn conditional(&self, operation: Inst, cond: Cond) -> Inst {
        let mut inst = Inst { cond, ..operation };
        inst.map_registers(|reg| if reg == self.no { self.to } else { reg });
        inst.operands[0] = self.to.into();
        inst
    }
}

/// Whether an operation has a conditional form, and does not need what the move overwrites.
fn may_be_conditional(operation: &Inst, to: Reg) -> bool {
    let info = operation.opcode.info();
    let arithmetic = matches!(info.class, Timing::Madd1 | Timing::Madd2);
    let has_condition = info.operands.iter().any(|operand| operand.field == Field::Cond);
    let mut reads_target = false;
    operation.for_each_use(|reg| reads_target |= reg == to);
    arithmetic
        && has_condition
        && operation.cond == Cond::Always
        && operation.work == Work::Core
        && !reads_target
}

/// Whether an operation that makes `result` gives the same behind `passed`.
fn may_pass(operation: &Inst, result: Reg, passed: &Inst) -> bool {
    let mut wanted = false;
    passed.for_each_use(|reg| wanted |= reg == result);
    let mut overwritten = passed.is_call();
    operation.for_each_use(|reg| overwritten |= passed.def() == Some(reg));
    let uses = |inst: &Inst, change: bool| {
        let mut resources = inst.opcode.info().resources.iter();
        resources.any(|(found, role)| *found == Resource::Acc && (!change || *role != Role::Use))
    };
    !(wanted || overwritten || uses(operation, false) && uses(passed, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `yes = a - b`, a test of `a`, the select, and a store that keeps the result alive.
    fn code(between: impl Fn([Reg; 5]) -> Option<Inst>) -> (Code, [Reg; 5]) {
        let mut code = Code::new("f");
        let [a, b, no, yes, to] = [(); 5].map(|()| code.new_reg(Class::Vector));
        let registers = [a, b, no, yes, to];
        let address = code.new_reg(Class::Scalar);
        let store = |reg: Reg| {
            Inst::new(Opcode::Fxvstax, vec![reg.into(), Operand::Imm(0), address.into()])
        };
        let block = code.new_block("body");
        let select = vec![to.into(), no.into(), yes.into()];
        code.blocks[block.index()].insts = [
            Some(Inst::new(Opcode::Fxvsubhfs, vec![yes.into(), a.into(), b.into()])),
            Some(Inst::new(Opcode::Fxvcmph, vec![a.into()])),
            between(registers),
            Some(Inst { cond: Cond::Gt, ..Inst::new(Opcode::Fxvsel, select) }),
            Some(store(to)),
        ]
        .into_iter()
        .flatten()
        .collect();
        (code, registers)
    }

    #[test]
    fn a_select_of_an_operation_becomes_a_conditional_one() {
        let (plain, [a, b, no, _, to]) = code(|_| None);
        let folded = with_conditions(&plain).expect("the select can go");
        let insts = &folded.blocks[1].insts;
        assert_eq!(insts.len(), plain.blocks[1].insts.len());
        assert_eq!(insts[1].as_copy(), Some((to, no)));
        let difference = Inst::new(Opcode::Fxvsubhfs, vec![to.into(), a.into(), b.into()]);
        assert_eq!(insts[2], Inst { cond: Cond::Gt, ..difference });
    }

    #[test]
    fn selects_stay_where_the_operation_may_not_move() {
        let subtract = |to: Reg, a: Reg, b: Reg| {
            Some(Inst::new(Opcode::Fxvsubhfs, vec![to.into(), a.into(), b.into()]))
        };
        let (operand_changes, _) = code(|[a, b, ..]| subtract(a, b, b));
        assert!(with_conditions(&operand_changes).is_none());
        let (wanted_before, _) = code(|[a, b, _, yes, _]| subtract(b, yes, a));
        assert!(with_conditions(&wanted_before).is_none());
        let (mut wanted_after, [.., no, _, _]) = code(|_| None);
        let mut store = wanted_after.blocks[1].insts[3].clone();
        store.operands[0] = no.into();
        wanted_after.blocks[1].insts.push(store);
        assert!(with_conditions(&wanted_after).is_none());
    }
}
