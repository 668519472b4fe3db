//! Reductions. Over the synapses of a neuron: a loop over the rows that carries the result so far.
//! Over the neurons of the view: the lanes of its columns to a scalar.

use super::number::held;
use super::{Env, Lanes, Lowering};
use crate::hir::{Expr, Reduction, Stmt};
use pl_ir::op::Cond;
use pl_ir::{BlockCall, Imm, Op, Terminator, Type, Value};

impl Lowering<'_> {
    /// The lanes of a reduction over synapses with `frac` fraction bits (N10).
    pub(super) fn reduce_synapses(
        &mut self,
        reduction: Reduction,
        lets: &[Stmt],
        of: &Expr,
        frac: i32,
        env: &Env,
    ) -> Value {
        // A view has at least one row, so the first result of `min` and `max` never stays.
        let first = match reduction {
            Reduction::Sum | Reduction::Count | Reduction::Argmax | Reduction::Mean => 0,
            Reduction::Min => i32::from(i16::MAX),
            Reduction::Max => i32::from(i16::MIN),
        };
        let (zero, first) = (self.b.iconst(0), self.b.splat_const(first, Type::ROW16));
        let (body, params) = self.b.block(&[Type::I32, Type::ROW16]);
        let (done, results) = self.b.block(&[Type::ROW16]);
        self.b.jump(body, vec![zero, first]);
        self.b.switch_to(body);
        let (row, so_far) = (params[0], params[1]);
        let mut inside = env.inside_row(row);
        self.statements(lets, &mut inside, None);
        let joined = match reduction {
            Reduction::Sum => self.joined(Op::AddSat, so_far, of, frac, &mut inside),
            Reduction::Min => self.joined(Op::Min, so_far, of, frac, &mut inside),
            Reduction::Max => self.joined(Op::Max, so_far, of, frac, &mut inside),
            Reduction::Count => {
                let holds = self.condition(of, &mut inside);
                let holds = self.hold(holds);
                let one = self.lanes_as_bits(Lanes::Where(holds), 1);
                self.b.op(Op::AddSat, &[so_far, one])
            }
            Reduction::Argmax | Reduction::Mean => {
                unreachable!("checked: over neurons only")
            }
        };
        let one = self.b.iconst(1);
        let next = self.b.op(Op::Add, &[row, one]);
        let rows = self.b.value(Op::ViewRows, Imm::None, &[], Type::I32);
        let more = self.b.compare(Cond::Lt, next, rows);
        self.b.terminate(Terminator::Branch(
            more,
            BlockCall { block: body, args: vec![next, joined] },
            BlockCall { block: done, args: vec![joined] },
        ));
        self.b.switch_to(done);
        let result = results[0];
        if reduction == Reduction::Count { self.convert(result, 0, frac) } else { result }
    }

    /// The same over neurons: equal in every lane.
    pub(super) fn reduce_neurons(
        &mut self,
        reduction: Reduction,
        lets: &[Stmt],
        of: &Expr,
        frac: i32,
        env: &Env,
    ) -> Value {
        let mut inside =
            Env { states: env.states.clone(), locals: env.locals.clone(), ..Env::default() };
        self.statements(lets, &mut inside, None);
        let (op, lanes) = match reduction {
            Reduction::Sum => (Op::ReduceAdd, self.produce(of, frac, &mut inside)),
            Reduction::Mean => {
                let lanes = self.produce(of, frac, &mut inside);
                let mean = self.mean(lanes);
                return self.b.value(Op::Splat, Imm::None, &[mean], Type::ROW16);
            }
            Reduction::Min => (Op::ReduceMin, self.produce(of, frac, &mut inside)),
            Reduction::Max => (Op::ReduceMax, self.produce(of, frac, &mut inside)),
            Reduction::Count => {
                let holds = self.condition(of, &mut inside);
                let holds = self.hold(holds);
                (Op::ReduceAdd, self.lanes_as_bits(Lanes::Where(holds), 1))
            }
            Reduction::Argmax => (Op::ReduceMin, self.columns_of_largest(of, &mut inside)),
        };
        let mut joined = self.b.value(op, Imm::None, &[lanes], Type::I32);
        // Terms that were rounded up may sum to more than the sum's interval.
        for (op, bound) in [(Op::Min, i16::MAX), (Op::Max, i16::MIN)] {
            let bound = self.b.iconst(bound.into());
            joined = self.b.op(op, &[joined, bound]);
        }
        let result = self.b.value(Op::Splat, Imm::None, &[joined], Type::ROW16);
        let is_index = matches!(reduction, Reduction::Count | Reduction::Argmax);
        if is_index { self.convert(result, 0, frac) } else { result }
    }

    /// The mean of lanes in columns of the view, to nearest, ties up:
    /// `(2 (sum + 2^15 n) + n) div (2 n) - 2^15`, of which nothing is negative before the last step.
    fn mean(&mut self, lanes: Value) -> Value {
        let sum = self.b.value(Op::ReduceAdd, Imm::None, &[lanes], Type::I32);
        let one = self.b.splat_const(1, Type::ROW16);
        let count = self.b.value(Op::ReduceAdd, Imm::None, &[one], Type::I32);
        let two = self.b.iconst(2);
        let offset = self.b.iconst(1 << 15);
        let lift = self.b.op(Op::Mul, &[count, offset]);
        let lifted = self.b.op(Op::Add, &[sum, lift]);
        let doubled = self.b.op(Op::Mul, &[lifted, two]);
        let rounded = self.b.op(Op::Add, &[doubled, count]);
        let divisor = self.b.op(Op::Mul, &[count, two]);
        let quotient = self.b.op(Op::DivU, &[rounded, divisor]);
        self.b.op(Op::Sub, &[quotient, offset])
    }

    /// The column in lanes that have the largest value of all, a large number in others.
    fn columns_of_largest(&mut self, of: &Expr, env: &mut Env) -> Value {
        let value = self.produce(of, held(of), env);
        let largest = self.b.value(Op::ReduceMax, Imm::None, &[value], Type::I32);
        let largest = self.b.value(Op::Splat, Imm::None, &[largest], Type::ROW16);
        let is_largest = self.b.compare(Cond::Eq, value, largest);
        let column = self.b.value(Op::Column, Imm::None, &[], Type::ROW16);
        let others = self.b.splat_const(i16::MAX.into(), Type::ROW16);
        self.b.op(Op::Select, &[is_largest, column, others])
    }

    fn joined(&mut self, op: Op, so_far: Value, of: &Expr, frac: i32, env: &mut Env) -> Value {
        let value = self.produce(of, frac, env);
        self.b.op(op, &[so_far, value])
    }
}

impl Env {
    /// What a synapse of a row sees of the statements of a neuron: locals and states so far.
    fn inside_row(&self, row: Value) -> Env {
        Env {
            row: Some(row),
            states: self.states.clone(),
            locals: self.locals.clone(),
            ..Env::default()
        }
    }
}
