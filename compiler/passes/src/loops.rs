//! Natural loops: a header, and the blocks from which a jump back to it can be reached.

use crate::dominators::Dominators;
use pl_ir::func::BlockData;
use pl_ir::{Block, BlockCall, Function, Terminator, Type, Value};
use std::collections::BTreeSet;

/// A natural loop. Loops with one header are one.
pub(crate) struct Loop {
    /// The block through which every path enters.
    pub(crate) header: Block,
    /// By block, whether it belongs to the loop.
    pub(crate) contains: Vec<bool>,
}

impl Loop {
    /// Number of blocks: an inner loop has fewer than those around it.
    pub(crate) fn size(&self) -> usize {
        self.contains.iter().filter(|inside| **inside).count()
    }
}

/// All natural loops, inner ones before those around them.
pub(crate) fn find(func: &Function, dominators: &Dominators) -> Vec<Loop> {
    let mut loops: Vec<Loop> = Vec::new();
    for header in dominators.order() {
        let predecessors = dominators.predecessors(*header).iter();
        let latches: Vec<Block> =
            predecessors.filter(|latch| dominators.dominates(*header, **latch)).copied().collect();
        if !latches.is_empty() {
            loops.push(natural_loop(func, dominators, *header, latches));
        }
    }
    loops.sort_by_key(Loop::size);
    loops
}

fn natural_loop(
    func: &Function,
    dominators: &Dominators,
    header: Block,
    latches: Vec<Block>,
) -> Loop {
    let mut contains = vec![false; func.blocks.len()];
    contains[header.index()] = true;
    let mut work = latches;
    while let Some(block) = work.pop() {
        if !core::mem::replace(&mut contains[block.index()], true) {
            work.extend(dominators.predecessors(block));
        }
    }
    Loop { header, contains }
}

/// The block that leads into a loop and nowhere else; made if there is none.
pub(crate) fn preheader(
    func: &mut Function,
    dominators: &Dominators,
    header: Block,
    inside: impl Fn(Block) -> bool,
) -> Block {
    let entries: BTreeSet<Block> =
        dominators.predecessors(header).iter().filter(|block| !inside(**block)).copied().collect();
    if let Some(only) = entries.first().filter(|_| entries.len() == 1)
        && matches!(func.block(*only).terminator, Terminator::Jump(_))
    {
        return *only;
    }
    let types: Vec<Type> = func.block(header).params.iter().map(|param| func.ty(*param)).collect();
    let params: Vec<Value> = types.iter().map(|ty| func.new_value(*ty)).collect();
    let into = BlockCall { block: header, args: params.clone() };
    let terminator = Terminator::Jump(into);
    func.blocks.push(BlockData { params, insts: Vec::new(), terminator });
    let front = Block::new(func.blocks.len() - 1);
    for entry in entries {
        let calls = func.blocks[entry.index()].terminator.calls_mut();
        calls.filter(|call| call.block == header).for_each(|call| call.block = front);
    }
    front
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_ir::parse;

    #[test]
    fn inner_loops_come_first() {
        let text = "module \"m\" rows 1
function update {
block0():
  v0:i32 = const 0
  jump block1()
block1():
  jump block2()
block2():
  branch v0, block2(), block3()
block3():
  branch v0, block1(), block4()
block4():
  return
}";
        let module = parse::module(text).expect("the text is right");
        let func = &module.functions[0];
        let loops = find(func, &Dominators::new(func));
        let summary = |l: &Loop| -> (u32, Vec<u32>) {
            (l.header.0, (0..5).filter(|block| l.contains[*block as usize]).collect())
        };
        let summaries: Vec<_> = loops.iter().map(summary).collect();
        assert_eq!(summaries, [(2, vec![2]), (1, vec![1, 2, 3])]);
    }
}
