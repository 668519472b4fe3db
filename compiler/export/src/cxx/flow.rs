//! Blocks and jumps as loops and conditions.
//!
//! What the compiler makes is structured: a loop is entered at its head alone and left to one
//! block, and the sides of a branch meet again where all ways lead. So a block needs no name.

use pl_ir::{Block, Function, Terminator};
use std::collections::BTreeSet;

/// What is known of a function's blocks.
pub(super) struct Flow {
    /// Blocks of the loop that begins at a block.
    loops: Vec<Option<BTreeSet<usize>>>,
    /// The first block on all ways from a block to the end, without itself.
    joins: Vec<Option<Block>>,
}

impl Flow {
    pub(super) fn of(func: &Function) -> Flow {
        let count = func.blocks.len();
        let successors: Vec<Vec<usize>> = (func.blocks.iter())
            .map(|block| block.terminator.calls().map(|call| call.block.index()).collect())
            .collect();
        let mut predecessors = vec![Vec::new(); count];
        for from in reachable(&successors) {
            successors[from].iter().for_each(|to| predecessors[*to].push(from));
        }
        let dominators = on_all_ways(&[0], &predecessors, &successors);
        let ends: Vec<usize> = (0..count)
            .filter(|block| func.blocks[*block].terminator == Terminator::Return)
            .collect();
        let ahead = on_all_ways(&ends, &successors, &predecessors);
        let mut loops = vec![None; count];
        for head in 0..count {
            let latches =
                predecessors[head].iter().filter(|from| dominators[**from].contains(&head));
            let latches: Vec<usize> = latches.copied().collect();
            if !latches.is_empty() {
                loops[head] = Some(loop_of(head, latches, &predecessors));
            }
        }
        let join = |block: usize| {
            // The nearest is the one that has all others ahead of it.
            let mut others: Vec<usize> =
                ahead[block].iter().copied().filter(|other| *other != block).collect();
            others.sort_by_key(|other| core::cmp::Reverse(ahead[*other].len()));
            others.first().map(|first| Block::new(*first))
        };
        Flow { loops, joins: (0..count).map(join).collect() }
    }

    /// The block after the loop that begins at `head`, if one does; `None` in it if the loop never
    /// ends.
    pub(super) fn loop_at(&self, func: &Function, head: Block) -> Option<Option<Block>> {
        let inside = self.loops[head.index()].as_ref()?;
        let exits = inside.iter().flat_map(|block| func.blocks[*block].terminator.calls());
        Some(exits.map(|call| call.block).find(|to| !inside.contains(&to.index())))
    }

    /// Where the ways from a block meet again.
    pub(super) fn join(&self, block: Block) -> Option<Block> {
        self.joins[block.index()]
    }
}

/// Blocks that the entry reaches.
fn reachable(successors: &[Vec<usize>]) -> BTreeSet<usize> {
    let (mut seen, mut work) = (BTreeSet::new(), vec![0]);
    while let Some(block) = work.pop() {
        if seen.insert(block) {
            work.extend(&successors[block]);
        }
    }
    seen
}

/// For each block those on all ways to it from the roots, itself among them. Blocks that no root
/// reaches have all.
fn on_all_ways(
    roots: &[usize],
    before: &[Vec<usize>],
    after: &[Vec<usize>],
) -> Vec<BTreeSet<usize>> {
    let all: BTreeSet<usize> = (0..before.len()).collect();
    let mut sets = vec![all; before.len()];
    let mut work: Vec<usize> = roots.to_vec();
    for root in roots {
        sets[*root] = BTreeSet::from([*root]);
    }
    while let Some(block) = work.pop() {
        for next in &after[block] {
            if roots.contains(next) {
                continue;
            }
            let mut ways = before[*next].iter().map(|from| &sets[*from]);
            let first = ways.next().cloned().unwrap_or_default();
            let mut new: BTreeSet<usize> =
                ways.fold(first, |common, way| common.intersection(way).copied().collect());
            new.insert(*next);
            if new != sets[*next] {
                sets[*next] = new;
                work.push(*next);
            }
        }
    }
    sets
}

/// The head and all from which a latch is reached without it.
fn loop_of(head: usize, latches: Vec<usize>, predecessors: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut inside = BTreeSet::from([head]);
    let mut work = latches;
    while let Some(block) = work.pop() {
        if inside.insert(block) {
            work.extend(&predecessors[block]);
        }
    }
    inside
}
