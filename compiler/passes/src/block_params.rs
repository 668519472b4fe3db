//! Drops block parameters for which every jump passes the same value, or the parameter itself.

use crate::dce::retain_params;
use crate::dominators::Dominators;
use crate::replace::Replacements;
use crate::{Changed, PassCx};
use pl_ir::{Block, Function, Value};

pub(crate) fn run(func: &mut Function, _cx: &PassCx<'_>) -> Changed {
    let dominators = Dominators::new(func);
    let mut changed = false;
    // One parameter may wait for another.
    while pass_over(func, &dominators) {
        changed = true;
    }
    changed.into()
}

fn pass_over(func: &mut Function, dominators: &Dominators) -> bool {
    let mut replacements = Replacements::new(func);
    let mut changed = false;
    for block in dominators.order() {
        let params = func.block(*block).params.clone();
        let value = |(index, param): (usize, &Value)| {
            let value = only_value(func, dominators, &replacements, *block, index)?;
            Some((*param, value))
        };
        let same: Vec<Option<(Value, Value)>> = params.iter().enumerate().map(value).collect();
        if same.iter().any(Option::is_some) {
            let keep: Vec<bool> = same.iter().map(Option::is_none).collect();
            retain_params(func, *block, &keep);
            same.iter().flatten().for_each(|(param, value)| replacements.replace(*param, *value));
            changed = true;
        }
    }
    replacements.apply(func);
    changed
}

/// The one value that all jumps pass for a parameter.
fn only_value(
    func: &Function,
    dominators: &Dominators,
    replacements: &Replacements,
    block: Block,
    index: usize,
) -> Option<Value> {
    let param = func.block(block).params[index];
    let calls = dominators
        .predecessors(block)
        .iter()
        .flat_map(|from| func.block(*from).terminator.calls())
        .filter(|call| call.block == block);
    let mut args = calls.map(|call| replacements.resolve(call.args[index])).filter(|v| *v != param);
    let first = args.next()?;
    args.all(|arg| arg == first).then_some(first)
}
