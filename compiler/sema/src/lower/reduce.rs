//! Reductions. Over the synapses of a neuron: a loop over the rows that carries the result so far.
//! Over the neurons of the view: the lanes of its columns to a scalar.

use super::number::{PRODUCT_SHIFT, held, mean_fracs};
use super::scalar::{Names, scalar_frac, seen_by_lanes};
use super::{End, Env, Lanes, Lowering};
use crate::hir::{Expr, Kind, Reduction, Stmt};
use pl_fixed::Format;
use pl_ir::op::Cond;
use pl_ir::{BlockCall, Imm, Op, Terminator, Type, Value};

/// Binary logarithm of the columns of a hemisphere.
const COLUMNS_LOG2: u32 = pl_fixed::chip::COLUMNS.ilog2();

impl Lowering<'_> {
    /// The lanes of a reduction over at most so many synapses, with `frac` fraction bits (N12).
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

    /// The mean of a sum over the rows of the view, at most `most` (N12). Lanes do not divide, and
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

    /// The same over neurons, for `control`: a scalar and its kind (N10).
    pub(super) fn reduce_neurons(
        &mut self,
        reduction: Reduction,
        lets: &[Stmt],
        of: &Expr,
        names: &Names,
    ) -> (Value, Kind) {
        let mut inside =
            Env { locals: names.iter().map(seen_by_lanes).collect(), ..Env::default() };
        self.statements(lets, &mut inside, None);
        // Fraction bits beyond those of a scalar would only be rounded away.
        let frac = held(of).min(scalar_frac(Kind::Real));
        match reduction {
            Reduction::Sum => self.reduced(Op::ReduceAdd, of, frac, &mut inside),
            Reduction::Min => self.reduced(Op::ReduceMin, of, frac, &mut inside),
            Reduction::Max => self.reduced(Op::ReduceMax, of, frac, &mut inside),
            Reduction::Mean => {
                let lanes = self.produce(of, frac, &mut inside);
                (self.mean(lanes, frac), Kind::Real)
            }
            Reduction::Count => {
                let holds = self.condition(of, &mut inside);
                let holds = self.hold(holds);
                let ones = self.lanes_as_bits(Lanes::Where(holds), 1);
                (self.b.value(Op::ReduceAdd, Imm::None, &[ones], Type::I32), Kind::Int)
            }
            Reduction::Argmax => {
                let columns = self.columns_of_largest(of, &mut inside);
                (self.b.value(Op::ReduceMin, Imm::None, &[columns], Type::I32), Kind::Int)
            }
        }
    }

    fn reduced(&mut self, op: Op, of: &Expr, frac: i32, inside: &mut Env) -> (Value, Kind) {
        let lanes = self.produce(of, frac, inside);
        let raw = self.b.value(op, Imm::None, &[lanes], Type::I32);
        if of.number == Kind::Int {
            return (raw, Kind::Int);
        }
        // Bits of the result without its sign.
        let bits = if op == Op::ReduceAdd { 15 + COLUMNS_LOG2 } else { 15 };
        (self.widened(raw, scalar_frac(Kind::Real).abs_diff(frac), bits), Kind::Real)
    }

    /// A number of so many bits shifted left, saturating.
    fn widened(&mut self, raw: Value, places: u32, bits: u32) -> Value {
        if bits + places <= 31 {
            return self.b.shift(Op::Shl, raw, places);
        }
        // A factor of a product is at most 2^30.
        let (first, rest) = (places.min(30), places.saturating_sub(30));
        [first, rest].into_iter().filter(|places| *places > 0).fold(raw, |raw, places| {
            let factor = self.b.iconst(1 << places);
            self.b.op(Op::MulSat, &[raw, factor])
        })
    }

    /// The mean of lanes with `frac` fraction bits in columns of the view, as a real: the quotient
    /// of sum and number, both shifted so that they are integers.
    fn mean(&mut self, lanes: Value, frac: i32) -> Value {
        let sum = self.b.value(Op::ReduceAdd, Imm::None, &[lanes], Type::I32);
        let one = self.b.splat_const(1, Type::ROW16);
        let count = self.b.value(Op::ReduceAdd, Imm::None, &[one], Type::I32);
        if frac < 0 {
            let sum = self.widened(sum, frac.unsigned_abs(), 15 + COLUMNS_LOG2);
            return self.b.op(Op::DivReal, &[sum, count]);
        }
        let divisor = self.b.shift(Op::Shl, count, frac.unsigned_abs());
        self.b.op(Op::DivReal, &[sum, divisor])
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
