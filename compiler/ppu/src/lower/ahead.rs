//! Conversions one row ahead: while a row is computed, the converters sample the next.
//!
//! A conversion takes as long as a hundred vector instructions. Nothing that a row does shows in
//! the sensors of another, and a conversion that nobody reads changes nothing, so in a loop over
//! the rows
//!
//! ```text
//!   row:  convert row, read first half     becomes     first half <- pending
//!         read the other halves                        read the other halves
//!         compute                                      pending <- convert next row
//!                                                      compute
//! ```
//!
//! The last row has no next: there the read takes the latched codes, which costs little.

use super::Lowering;
use super::chip::plane;
use crate::vcode::{Class, Inst, Operand, Recipe, Reg, Work};
use pl_ir::op::Cond;
use pl_ir::{BlockCall, Function, Imm, InstData, Op, Quantity, Terminator, Value};
use pl_isa::Opcode;

/// A loop over the rows whose conversions run ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead {
    /// The only block of the loop.
    block: usize,
    /// Its parameter that is the row position, and which one it is.
    position: Value,
    param: usize,
    /// The position of the next row, and the number of rows.
    next: Value,
    rows: Value,
    /// The branch that is read first.
    plane: i32,
    /// Codes of its first half row.
    pending: Reg,
}

/// The plane of a sensor.
pub(super) fn sensor_plane(inst: &InstData) -> Option<i32> {
    match (inst.op, inst.imm) {
        (Op::Read, Imm::Quantity(Quantity::Causal)) => Some(plane::CAUSAL),
        (Op::Read, Imm::Quantity(Quantity::Acausal)) => Some(plane::ACAUSAL),
        _ => None,
    }
}

impl Ahead {
    /// The loop of a function that reads sensors: one block, `next = position + 1`, again while
    /// `next < rows`.
    pub(super) fn find(
        func: &Function,
        defs: &[Option<&InstData>],
        new_reg: impl FnOnce(Class) -> Reg,
    ) -> Option<Ahead> {
        let sensors = |block: &pl_ir::func::BlockData| -> Vec<(i32, Value)> {
            let insts = block.insts.iter().map(|id| func.inst(*id));
            insts.filter_map(|i| Some((sensor_plane(i)?, i.args[0]))).collect()
        };
        let mut found = func.blocks.iter().enumerate().filter(|(_, b)| !sensors(b).is_empty());
        let (Some((index, block)), None) = (found.next(), found.next()) else { return None };
        let reads = sensors(block);
        let (plane, position) = reads[0];
        let param = block.params.iter().position(|p| *p == position)?;
        let Terminator::Branch(cond, again, _) = &block.terminator else { return None };
        let next = *again.args.get(param)?;
        let constant = |value: Value| match defs[value.index()]? {
            InstData { op: Op::Const, imm: Imm::Int(x), .. } => Some(*x),
            _ => None,
        };
        let step = defs[next.index()].filter(|inst| inst.op == Op::Add)?;
        let test = defs[cond.index()]?;
        let counts = step.args[0] == position && constant(step.args[1]) == Some(1);
        let ends =
            test.op == Op::Compare && test.imm == Imm::Cond(Cond::Lt) && test.args[0] == next;
        let one_row = reads.iter().all(|(_, row)| *row == position);
        let itself = again.block.index() == index;
        (counts && ends && one_row && itself).then(|| Ahead {
            block: index,
            position,
            param,
            next,
            rows: test.args[1],
            plane,
            pending: new_reg(Class::Vector),
        })
    }
}

impl Lowering<'_> {
    /// The codes that an earlier conversion left for the first read of a row.
    pub(super) fn pending_codes(&self, position: Value) -> Option<Reg> {
        let ahead = self.ahead.filter(|ahead| self.in_loop(ahead) && ahead.position == position)?;
        Some(ahead.pending)
    }

    fn in_loop(&self, ahead: &Ahead) -> bool {
        self.current == self.blocks[ahead.block]
    }

    /// Converts the first row on the way into the loop; inside, rows convert their next.
    pub(super) fn convert_first(&mut self, call: &BlockCall, from: usize) {
        let Some(ahead) = self.ahead.filter(|ahead| call.block.index() == ahead.block) else {
            return;
        };
        if from != ahead.block {
            let row = self.row_index(call.args[ahead.param], 0);
            let base = self.constant(Recipe::Scalar(ahead.plane));
            let operands = vec![ahead.pending.into(), base.into(), row.into()];
            self.push(Inst::new(Opcode::Fxvinx, operands).working(Work::Conversion));
        }
    }

    /// Converts the next row, or reads what is latched if there is none.
    pub(super) fn convert_next(&mut self) {
        let Some(ahead) = self.ahead.filter(|ahead| self.in_loop(ahead)) else { return };
        let row = self.row_index(ahead.next, 0);
        let (next, rows) = (self.scalar(ahead.next), self.scalar(ahead.rows));
        // The sign of next - rows says whether there is a next; then the bit is taken away.
        let (left, flag, base) = (self.new_scalar(), self.new_scalar(), self.new_scalar());
        let latched = self.constant(Recipe::Scalar(ahead.plane | plane::BUFFERED));
        self.emit(Opcode::Subf, vec![left.into(), rows.into(), next.into()]);
        let bit = plane::BUFFERED.trailing_zeros().cast_signed();
        let field = [bit + 1, 31 - bit, 31 - bit].map(Operand::Imm);
        self.emit(Opcode::Rlwinm, [&[flag.into(), left.into()], &field[..]].concat());
        self.emit(Opcode::Xor, vec![base.into(), latched.into(), flag.into()]);
        let operands = vec![ahead.pending.into(), base.into(), row.into()];
        self.push(Inst::new(Opcode::Fxvinx, operands).working(Work::ConversionAhead));
    }
}
