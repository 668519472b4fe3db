//! Statements of `control`: branches and loops of the IR. States are loaded and stored where they are
//! read and written; names that a branch or a loop changes are parameters of the block behind it.

use super::Lowering;
use super::scalar::{Names, Word, draws};
use crate::build::scalar_limits;
use crate::hir::{Expr, ExprKind, Kind, LocalId, Sensor, Stmt, Target};
use crate::host::Host;
use crate::interval::Interval;
use pl_ir::op::Cond;
use pl_ir::{Block, BlockCall, Imm, ObjectId, Op, Quantity, Terminator, Type, Value};
use std::collections::BTreeSet;

impl Lowering<'_> {
    /// The statements of a `control` block.
    pub(super) fn control(&mut self, body: &[Stmt]) {
        self.scalar_statements(body, &mut Names::new());
    }

    fn scalar_statements(&mut self, body: &[Stmt], names: &mut Names) {
        for stmt in body {
            match stmt {
                Stmt::Let(id, value) | Stmt::Assign(Target::Local(id), value) => {
                    let word = self.word(value, names);
                    names.insert(id.0, word);
                }
                Stmt::Assign(Target::State(index), value) => {
                    let raw = self.stored_scalar(value, *index, names);
                    self.b.effect(Op::Store, Imm::Object(ObjectId::new(*index)), &[raw]);
                }
                Stmt::Assign(Target::Weight | Target::Address, _) => {
                    unreachable!("checked: synapses are assigned in `synapses`")
                }
                Stmt::AssignElement { first, len, index, value } => {
                    let index = self.scalar(index, Kind::Int, names);
                    let raw = self.stored_scalar(value, *first, names);
                    let array = Imm::Array(ObjectId::new(*first), u32::try_from(*len).unwrap_or(1));
                    self.b.effect(Op::StoreElement, array, &[index, raw]);
                }
                Stmt::If { cond, then, otherwise } => {
                    self.scalar_choose(cond, then, otherwise, names);
                }
                Stmt::For { counter, first, rounds: 1, body, .. } => {
                    let number = Host::Const(f64::from(*first));
                    names.insert(counter.0, Word::Host(number, Kind::Int));
                    self.scalar_statements(body, names);
                }
                Stmt::For { counter, first, rounds, carried, body } => {
                    let end = first.saturating_add_unsigned(*rounds);
                    self.scalar_loop((*counter, *first, end), carried, body, names);
                }
                Stmt::Reset(sensor, _) => self.reset_all(*sensor),
                Stmt::Send { row, address } => {
                    let args = [row, address].map(|x| self.scalar(x, Kind::Int, names));
                    self.b.effect(Op::Send, Imm::None, &args);
                }
            }
        }
    }

    /// Resets a sensor of all neurons of the view.
    fn reset_all(&mut self, sensor: Sensor) {
        let quantity = match sensor {
            Sensor::Rate => Quantity::RateReset,
            Sensor::Membrane => Quantity::MembraneReset,
            Sensor::Causal | Sensor::Acausal => {
                unreachable!("checked: correlation is reset in `synapses`")
            }
        };
        let all = self.b.splat_const(1, Type::ROW16);
        self.b.effect(Op::Write, Imm::Quantity(quantity), &[all]);
    }

    fn scalar_choose(&mut self, cond: &Expr, then: &[Stmt], otherwise: &[Stmt], names: &mut Names) {
        let mut changed = BTreeSet::new();
        assigned(then, &mut changed);
        assigned(otherwise, &mut changed);
        let [yes, no] = [(); 2].map(|()| self.b.block(&[]).0);
        self.branch(cond, names, yes, no);
        let ends = [(yes, then), (no, otherwise)].map(|(block, body)| {
            self.b.switch_to(block);
            let mut inside = names.clone();
            self.scalar_statements(body, &mut inside);
            (self.b.current(), inside)
        });
        let [(_, a), (_, b)] = &ends;
        let mut merged = Vec::new();
        changed.retain(|id| names.contains_key(id));
        for id in changed {
            if a[&id] == b[&id] {
                names.insert(id, a[&id].clone());
            } else {
                merged.push((id, joined(&a[&id], &b[&id])));
            }
        }
        let (after, params) = self.b.block(&vec![Type::I32; merged.len()]);
        for (end, inside) in &ends {
            self.b.switch_to(*end);
            let args = merged.iter().map(|(id, (kind, _))| self.word_as(&inside[id], *kind));
            let args: Vec<Value> = args.collect();
            self.b.jump(after, args);
        }
        self.b.switch_to(after);
        for ((id, (kind, interval)), param) in merged.into_iter().zip(params) {
            names.insert(id, Word::Value(param, kind, interval));
        }
    }

    /// Goes on in `yes` if a condition holds, else in `no`. The second side of `and` and `or` is left
    /// out where the first decides and nobody notices: what draws is always computed.
    fn branch(&mut self, cond: &Expr, names: &Names, yes: Block, no: Block) {
        match &cond.kind {
            ExprKind::And(a, b) if !draws(b) => {
                let (further, _) = self.b.block(&[]);
                self.branch(a, names, further, no);
                self.b.switch_to(further);
                self.branch(b, names, yes, no);
            }
            ExprKind::Or(a, b) if !draws(b) => {
                let (further, _) = self.b.block(&[]);
                self.branch(a, names, yes, further);
                self.b.switch_to(further);
                self.branch(b, names, yes, no);
            }
            ExprKind::Not(a) => self.branch(a, names, no, yes),
            ExprKind::Host(_)
            | ExprKind::Quantity(_)
            | ExprKind::Place(_)
            | ExprKind::State(_)
            | ExprKind::Element { .. }
            | ExprKind::Local(_)
            | ExprKind::Neg(_)
            | ExprKind::Add(..)
            | ExprKind::WrappingAdd(..)
            | ExprKind::Sub(..)
            | ExprKind::Mul(..)
            | ExprKind::Div(..)
            | ExprKind::Min(..)
            | ExprKind::Max(..)
            | ExprKind::Abs(_)
            | ExprKind::Sign(_)
            | ExprKind::Uniform(..)
            | ExprKind::RandInt(..)
            | ExprKind::Reduce { .. }
            | ExprKind::Compare(..)
            | ExprKind::And(..)
            | ExprKind::Or(..) => {
                let truth = self.truth(cond, names);
                let to = |block| BlockCall { block, args: Vec::new() };
                self.b.terminate(Terminator::Branch(truth, to(yes), to(no)));
            }
        }
    }

    /// A loop of two rounds or more, tested at its end.
    fn scalar_loop(
        &mut self,
        (counter, first, end): (LocalId, i32, i32),
        carried: &[(LocalId, Kind)],
        body: &[Stmt],
        names: &mut Names,
    ) {
        let types = vec![Type::I32; 1 + carried.len()];
        let (round, params) = self.b.block(&types);
        let (after, results) = self.b.block(&types[1..]);
        let mut args = vec![self.b.iconst(first)];
        args.extend(carried.iter().map(|(id, kind)| self.word_as(&names[&id.0].clone(), *kind)));
        self.b.jump(round, args);
        self.b.switch_to(round);
        let mut inside = names.clone();
        let any = |value, kind| Word::Value(value, kind, scalar_limits(kind));
        let number = params[0];
        let numbers = Interval { low: f64::from(first), high: f64::from(end) - 1.0 };
        inside.insert(counter.0, Word::Value(number, Kind::Int, numbers));
        for ((id, kind), param) in carried.iter().zip(&params[1..]) {
            inside.insert(id.0, any(*param, *kind));
        }
        self.scalar_statements(body, &mut inside);
        let changed = carried.iter().map(|(id, kind)| self.word_as(&inside[&id.0].clone(), *kind));
        let changed: Vec<Value> = changed.collect();
        let one = self.b.iconst(1);
        let next = self.b.op(Op::Add, &[number, one]);
        let end = self.b.iconst(end);
        let more = self.b.compare(Cond::Lt, next, end);
        let again = [&[next], &changed[..]].concat();
        self.b.terminate(Terminator::Branch(
            more,
            BlockCall { block: round, args: again },
            BlockCall { block: after, args: changed },
        ));
        self.b.switch_to(after);
        for ((id, kind), result) in carried.iter().zip(results) {
            names.insert(id.0, any(result, *kind));
        }
    }
}

/// Kind and values of a name that stands for one of two scalars.
fn joined(a: &Word, b: &Word) -> (Kind, Interval) {
    let parts = |word: &Word| match word {
        // What the host may compute is not asked for here.
        Word::Host(_, kind) => (*kind, scalar_limits(*kind)),
        Word::Value(_, kind, interval) => (*kind, *interval),
    };
    let ((a, low), (b, high)) = (parts(a), parts(b));
    let kind = if a == Kind::Real || b == Kind::Real { Kind::Real } else { a };
    (kind, low.hull(high))
}

/// Names to which statements assign.
fn assigned(body: &[Stmt], found: &mut BTreeSet<usize>) {
    for stmt in body {
        match stmt {
            Stmt::Assign(Target::Local(id), _) => {
                found.insert(id.0);
            }
            Stmt::If { then, otherwise, .. } => {
                assigned(then, found);
                assigned(otherwise, found);
            }
            Stmt::For { body, .. } => assigned(body, found),
            Stmt::Let(..)
            | Stmt::Assign(..)
            | Stmt::AssignElement { .. }
            | Stmt::Reset(..)
            | Stmt::Send { .. } => {}
        }
    }
}
