//! Order of blocks and dominance (Cooper, Harvey, Kennedy 2001).

use pl_ir::{Block, Function};

/// Reachable blocks in reverse post-order, and the dominator tree over them.
pub(crate) struct Dominators {
    order: Vec<Block>,
    /// Position in `order`; `None` if unreachable.
    position: Vec<Option<usize>>,
    /// By position: that of the immediate dominator, the entry's own for the entry.
    parent: Vec<usize>,
    predecessors: Vec<Vec<Block>>,
}

impl Dominators {
    pub(crate) fn new(func: &Function) -> Dominators {
        let order = reverse_post_order(func);
        let mut position = vec![None; func.blocks.len()];
        for (index, block) in order.iter().enumerate() {
            position[block.index()] = Some(index);
        }
        let mut predecessors = vec![Vec::new(); func.blocks.len()];
        for block in &order {
            for call in func.block(*block).terminator.calls() {
                predecessors[call.block.index()].push(*block);
            }
        }
        let parent = immediate_dominators(&order, &position, &predecessors);
        Dominators { order, position, parent, predecessors }
    }

    /// Reachable blocks, the entry first, every block after one of its predecessors.
    pub(crate) fn order(&self) -> &[Block] {
        &self.order
    }

    /// Reachable predecessors, one an edge.
    pub(crate) fn predecessors(&self, block: Block) -> &[Block] {
        &self.predecessors[block.index()]
    }

    /// Whether every path to `block` comes through `dominator`; a block dominates itself.
    pub(crate) fn dominates(&self, dominator: Block, block: Block) -> bool {
        let places = (self.position[dominator.index()], self.position[block.index()]);
        let (Some(dominator), Some(mut at)) = places else { return false };
        // Parents come earlier in the order.
        while at > dominator {
            at = self.parent[at];
        }
        at == dominator
    }
}

/// Successors are visited last to first, so that the first comes first in the order.
fn reverse_post_order(func: &Function) -> Vec<Block> {
    let successors = |block: Block| -> Vec<Block> {
        func.block(block).terminator.calls().map(|call| call.block).collect()
    };
    let mut seen = vec![false; func.blocks.len()];
    let mut order = Vec::new();
    let mut stack = Vec::new();
    if !func.blocks.is_empty() {
        seen[0] = true;
        stack.push((Block(0), successors(Block(0))));
    }
    while let Some((block, left)) = stack.last_mut() {
        match left.pop() {
            Some(next) if seen[next.index()] => {}
            Some(next) => {
                seen[next.index()] = true;
                stack.push((next, successors(next)));
            }
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    order
}

fn immediate_dominators(
    order: &[Block],
    position: &[Option<usize>],
    predecessors: &[Vec<Block>],
) -> Vec<usize> {
    let mut parent: Vec<Option<usize>> = vec![None; order.len()];
    if let Some(entry) = parent.first_mut() {
        *entry = Some(0);
    }
    let meet = |parent: &[Option<usize>], mut a: usize, mut b: usize| {
        while a != b {
            let up = |at: usize| parent[at].unwrap_or(0);
            if a > b { a = up(a) } else { b = up(b) }
        }
        a
    };
    let mut changed = true;
    while changed {
        changed = false;
        for at in 1..order.len() {
            let known = predecessors[order[at].index()]
                .iter()
                .filter_map(|p| position[p.index()].filter(|position| parent[*position].is_some()));
            let new = known.reduce(|a, b| meet(&parent, a, b));
            if new != parent[at] {
                parent[at] = new;
                changed = true;
            }
        }
    }
    parent.into_iter().map(|parent| parent.unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pl_ir::parse;

    /// A loop with a branch in it: 0 -> 1 -> (2 | 3) -> 4 -> (1 | 5), and 6 out of reach.
    const TEXT: &str = "module \"m\" rows 1
function update {
block0():
  v0:i32 = const 0
  jump block1()
block1():
  branch v0, block2(), block3()
block2():
  jump block4()
block3():
  jump block4()
block4():
  branch v0, block1(), block5()
block5():
  return
block6():
  jump block5()
}";

    #[test]
    fn dominators_of_a_loop_with_a_branch() {
        let module = parse::module(TEXT).expect("the text is right");
        let dominators = Dominators::new(&module.functions[0]);
        let order: Vec<u32> = dominators.order().iter().map(|block| block.0).collect();
        assert_eq!(order, [0, 1, 2, 3, 4, 5]);
        let dominated_by = |by: u32| -> Vec<u32> {
            (0..7).filter(|block| dominators.dominates(Block(by), Block(*block))).collect()
        };
        assert_eq!(dominated_by(0), [0, 1, 2, 3, 4, 5]);
        assert_eq!(dominated_by(1), [1, 2, 3, 4, 5]);
        assert_eq!(dominated_by(2), [2]);
        assert_eq!(dominated_by(4), [4, 5]);
        assert_eq!(dominated_by(6), [0; 0]);
        assert_eq!(dominators.predecessors(Block(1)), [Block(0), Block(4)]);
        assert_eq!(dominators.predecessors(Block(5)), [Block(4)]);
    }
}
