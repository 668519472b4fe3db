//! Natural loops: a header, and the blocks from which a jump back to it can be reached.

use crate::dominators::Dominators;
use pl_ir::{Block, Function};

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
