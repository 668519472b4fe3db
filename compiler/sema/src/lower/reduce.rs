//! Reductions. Over the synapses of a neuron: a loop over the rows that carries the result so far.
//! Over the neurons of the view: the lanes of its columns to a scalar.

use super::number::{PRODUCT_SHIFT, held, mean_fracs};
use super::{End, Env, Lanes, Lowering};
use crate::hir::{Expr, Reduction, Stmt};
use pl_fixed::Format;
use pl_ir::op::Cond;
use pl_ir::{BlockCall, Imm, Op, Terminator, Type, Value};

impl Lowering<'_> {
    /// The lanes of a reduction over at most so many synapses, with `frac` fraction bits (N10).
    pub(super) fn reduce_synapses(
        &mut self,
        (reduction, most): (Reduction, u32),
        lets: &[Stmt],
        of: &Expr,
        frac: i32,
        env: &Env,
    ) -> Value {
        // A view has at least one row, so the first result of `min` and `max` never stays.
        let (first, format) = match reduction {
            Reduction::Sum | Reduction::Count => (0, frac),
            Reduction::Mean => (0, mean_fracs(of, most).0),
            Reduction::Min => (i32::from(i16::MAX), frac),
            Reduction::Max => (i32::from(i16::MIN), frac),
            Reduction::Argmax => (i32::from(i16::MIN), held(of)),
        };
        let mut carried = vec![self.b.splat_const(first, Type::ROW16)];
        if reduction == Reduction::Argmax {
            // Should all values be the smallest there is, it is the first row's.
            let zero = self.b.iconst(0);
            carried.push(self.row_lanes(zero));
        }
        let results = self.over_rows(carried, |this, row, so_far| {
            let mut inside = env.inside_row(row);
            this.statements(lets, &mut inside, None);
            let first = so_far[0];
            match reduction {
                Reduction::Sum | Reduction::Mean => {
                    vec![this.joined(Op::AddSat, first, of, format, &mut inside)]
                }
                Reduction::Min => vec![this.joined(Op::Min, first, of, format, &mut inside)],
                Reduction::Max => vec![this.joined(Op::Max, first, of, format, &mut inside)],
                Reduction::Count => {
                    let holds = this.condition(of, &mut inside);
                    let holds = this.hold(holds);
                    let one = this.lanes_as_bits(Lanes::Where(holds), 1);
                    vec![this.b.op(Op::AddSat, &[first, one])]
                }
                Reduction::Argmax => {
                    let value = this.produce(of, format, &mut inside);
                    let number = this.row_lanes(row);
                    let larger = this.b.compare(Cond::Gt, value, first);
                    let most = this.b.op(Op::Max, &[first, value]);
                    vec![most, this.b.op(Op::Select, &[larger, number, so_far[1]])]
                }
            }
        });
        match reduction {
            Reduction::Sum | Reduction::Min | Reduction::Max => results[0],
            Reduction::Count => self.convert(results[0], 0, frac),
            Reduction::Argmax => self.convert(results[1], 0, frac),
            Reduction::Mean => self.quotient(results[0], of, most, frac),
        }
    }

    /// A loop over the rows of the view that carries lanes from row to row; what is left of them.
    fn over_rows(
        &mut self,
        carried: Vec<Value>,
        body: impl FnOnce(&mut Self, Value, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        let zero = self.b.iconst(0);
        let mut types = vec![Type::I32];
        types.resize(1 + carried.len(), Type::ROW16);
        let (head, params) = self.b.block(&types);
        let (done, results) = self.b.block(&types[1..]);
        self.b.jump(head, [&[zero], &carried[..]].concat());
        self.b.switch_to(head);
        let (row, so_far) = (params[0], &params[1..]);
        let joined = body(self, row, so_far);
        let one = self.b.iconst(1);
        let next = self.b.op(Op::Add, &[row, one]);
        let rows = self.b.value(Op::ViewRows, Imm::None, &[], Type::I32);
        let more = self.b.compare(Cond::Lt, next, rows);
        self.b.terminate(Terminator::Branch(
            more,
            BlockCall { block: head, args: [&[next], &joined[..]].concat() },
            BlockCall { block: done, args: joined },
        ));
        self.b.switch_to(done);
        results
    }

    /// Every lane the hardware row of a row position.
    fn row_lanes(&mut self, position: Value) -> Value {
        let row = self.b.value(Op::ViewRow, Imm::None, &[position], Type::I32);
        self.b.value(Op::Splat, Imm::None, &[row], Type::ROW16)
    }

    /// The mean of a sum over the rows of the view, at most `most` (N10). Lanes do not divide, and
    /// the number `n` of rows is known when the rule is bound: the sum is multiplied by the largest
    /// power of two `m` that keeps it in 16 bits, then by the reciprocal of `n m`, which
    /// is a fraction of at least `2^-k` then, so that it has bits enough.
    fn quotient(&mut self, sum: Value, of: &Expr, most: u32, frac: i32) -> Value {
        let (sum_frac, mean_frac) = mean_fracs(of, most);
        let members = most.next_power_of_two();
        let mean = if members == 1 {
            sum
        } else {
            let rows = self.b.value(Op::ViewRows, Imm::None, &[], Type::I32);
            let factor = self.power_for(members, rows);
            // A sum of terms that were rounded up may be larger than the interval says.
            let largest = self.b.iconst(i16::MAX.into());
            let largest = self.b.op(Op::DivU, &[largest, factor]);
            let zero = self.b.iconst(0);
            let least = self.b.op(Op::Sub, &[zero, largest]);
            let [factor_lanes, largest, least] = [factor, largest, least]
                .map(|scalar| self.b.value(Op::Splat, Imm::None, &[scalar], Type::ROW16));
            let sum = self.b.op(Op::Min, &[sum, largest]);
            let sum = self.b.op(Op::Max, &[sum, least]);
            let scaled = self.b.op(Op::Mul, &[sum, factor_lanes]);
            let divisor = self.b.op(Op::Mul, &[rows, factor]);
            let reciprocal = self.reciprocal(divisor, mean_frac.abs_diff(sum_frac));
            self.b.op(Op::MulFracRound, &[scaled, reciprocal])
        };
        let format = Format::new(mean_frac);
        let [low, high] = [End::Low, End::High].map(|end| self.bound(end, of.interval, format));
        let mean = self.b.op(Op::Max, &[mean, low]);
        let mean = self.b.op(Op::Min, &[mean, high]);
        self.convert(mean, mean_frac, frac)
    }

    /// The largest power of two that `rows` times it is at most `members`.
    fn power_for(&mut self, members: u32, rows: Value) -> Value {
        let all = self.b.iconst(members.cast_signed());
        let quotient = self.b.op(Op::DivU, &[all, rows]);
        let mut power = self.b.iconst(1);
        for exponent in 1..=members.trailing_zeros() {
            let next = self.b.iconst(1 << exponent);
            let fits = self.b.compare(Cond::Ge, quotient, next);
            power = self.b.op(Op::Select, &[fits, next, power]);
        }
        power
    }

    /// Lanes of `2^(15 + more) / divisor`, to nearest, ties up; less than `2^15`.
    fn reciprocal(&mut self, divisor: Value, more: u32) -> Value {
        let one = self.b.iconst(1 << (PRODUCT_SHIFT.unsigned_abs() + more));
        let two = self.b.iconst(2);
        let half = self.b.op(Op::DivU, &[divisor, two]);
        let sum = self.b.op(Op::Add, &[one, half]);
        let quotient = self.b.op(Op::DivU, &[sum, divisor]);
        self.b.value(Op::Splat, Imm::None, &[quotient], Type::ROW16)
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
