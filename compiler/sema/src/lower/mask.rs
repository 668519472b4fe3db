//! Masks that outlive a block. In the IR a mask is of one block (rule 11 of its verifier), but a
//! reduction over synapses is a loop, and what follows it another block: masks held across it are
//! kept as lanes, too, and made anew from those.

use super::Lowering;
use crate::hir::{Expr, ExprKind, Over, Stmt};
use pl_ir::op::Cond;
use pl_ir::{Block, Op, Type, Value};

/// A mask, and what it can be made of in other blocks.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Held {
    mask: Value,
    block: Block,
    /// 1 where it holds, 0 elsewhere; in rule blocks that reduce synapses.
    lanes: Option<Value>,
}

impl Lowering<'_> {
    /// Keeps a mask of the current block.
    pub(super) fn hold(&mut self, mask: Value) -> Held {
        let lanes = self.reduces_synapses.then(|| {
            let [one, zero] = [1, 0].map(|x| self.b.splat_const(x, Type::ROW16));
            self.b.op(Op::Select, &[mask, one, zero])
        });
        Held { mask, block: self.b.current(), lanes }
    }

    /// The mask in the current block.
    pub(super) fn mask_now(&mut self, held: Held) -> Value {
        match held.lanes {
            Some(lanes) if held.block != self.b.current() => {
                let zero = self.b.splat_const(0, Type::ROW16);
                self.b.compare(Cond::Ne, lanes, zero)
            }
            _ => held.mask,
        }
    }

    /// The join of two masks.
    pub(super) fn join(&mut self, op: Op, a: Held, b: Held) -> Held {
        let (a, b) = (self.mask_now(a), self.mask_now(b));
        let joined = self.b.op(op, &[a, b]);
        self.hold(joined)
    }

    /// Where a mask does not hold.
    pub(super) fn negate(&mut self, mask: Held) -> Held {
        let mask = self.mask_now(mask);
        let negated = self.b.op(Op::MaskNot, &[mask]);
        self.hold(negated)
    }
}

/// Whether statements have a reduction over synapses.
pub(super) fn reduces_synapses(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Let(_, value) | Stmt::Assign(_, value) => in_expr(value),
        Stmt::If { cond, then, otherwise } => {
            in_expr(cond) || reduces_synapses(then) || reduces_synapses(otherwise)
        }
        Stmt::Send { row, address } => in_expr(row) || in_expr(address),
        Stmt::AssignElement { index, value, .. } => in_expr(index) || in_expr(value),
        Stmt::For { body, .. } => reduces_synapses(body),
        Stmt::Reset(..) => false,
    })
}

#[allow(clippy::wildcard_enum_match_arm, reason = "only reductions are asked for")]
fn in_expr(expr: &Expr) -> bool {
    let own = match &expr.kind {
        ExprKind::Reduce { over: Over::Synapses, .. } => true,
        ExprKind::Reduce { lets, .. } => reduces_synapses(lets),
        _ => false,
    };
    own || expr.operands().into_iter().any(in_expr)
}
