//! Loops whose number of rounds is known, for the cost: a counter that begins at a constant, grows by
//! one and is compared with a constant at the end of a round.

use pl_ir::op::Cond;
use pl_ir::{Block, Function, Imm, InstData, Op, Terminator, Value};
use std::collections::BTreeMap;

/// Rounds of loops by their first block, the most if several jumps lead back to it.
pub(super) fn constant_rounds(func: &Function, defs: &[Option<&InstData>]) -> BTreeMap<usize, u32> {
    let mut found = BTreeMap::new();
    for latch in func.block_ids() {
        let Terminator::Branch(more, again, _) = &func.block(latch).terminator else { continue };
        let Some(InstData { op: Op::Compare, imm: Imm::Cond(Cond::Lt), args, .. }) =
            defs[more.index()]
        else {
            continue;
        };
        let (next, end) = (args[0], args[1]);
        let header = again.block;
        let Some(place) = again.args.iter().position(|arg| *arg == next) else { continue };
        let counter = func.block(header).params[place];
        let first = first_value(func, defs, header, place, latch);
        let (Some(first), Some(end)) = (first, constant(defs, end)) else { continue };
        if grows_by_one(defs, next, counter) {
            let rounds = u32::try_from(i64::from(end) - i64::from(first)).unwrap_or(1).max(1);
            let most = found.entry(header.index()).or_insert(rounds);
            *most = rounds.max(*most);
        }
    }
    found
}

fn constant(defs: &[Option<&InstData>], value: Value) -> Option<i32> {
    match defs[value.index()] {
        Some(InstData { op: Op::Const, imm: Imm::Int(x), .. }) => Some(*x),
        _ => None,
    }
}

fn grows_by_one(defs: &[Option<&InstData>], next: Value, counter: Value) -> bool {
    let Some(InstData { op: Op::Add, args, .. }) = defs[next.index()] else { return false };
    let [a, b] = [args[0], args[1]];
    [(a, b), (b, a)].into_iter().any(|(x, one)| x == counter && constant(defs, one) == Some(1))
}

/// The constant that a parameter of a loop begins with, if all ways into the loop agree.
fn first_value(
    func: &Function,
    defs: &[Option<&InstData>],
    header: Block,
    place: usize,
    latch: Block,
) -> Option<i32> {
    let others = func.block_ids().filter(|block| *block != latch);
    let calls = others.flat_map(|block| func.block(block).terminator.calls());
    let mut values = calls.filter(|call| call.block == header).map(|call| {
        let value = call.args[place];
        constant(defs, value).or_else(|| passed_on(func, defs, value))
    });
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}

/// The constant that a parameter of a block in front of a loop always is.
fn passed_on(func: &Function, defs: &[Option<&InstData>], value: Value) -> Option<i32> {
    let param = |block: &Block| func.block(*block).params.iter().position(|p| *p == value);
    let block = func.block_ids().find(|block| param(block).is_some())?;
    let place = param(&block)?;
    let calls = func.block_ids().flat_map(|from| func.block(from).terminator.calls());
    let mut values =
        calls.filter(|call| call.block == block).map(|c| constant(defs, c.args[place]));
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}
