//! Colouring: simplify the graph from its easy end, then give registers in reverse.

use super::graph::Graph;
use super::{allocatable, registers_of};
use crate::vcode::{Code, Inst, Reg};
use std::collections::{BTreeMap, BTreeSet};

/// A physical register for every register in use, or those that found none.
pub(super) fn colour(code: &Code, graph: &Graph, costs: &[f64]) -> Result<Vec<Reg>, Vec<Reg>> {
    let order = simplify(code, graph, costs);
    let partners = partners(code);
    let mut colours: Vec<Reg> = (0..code.registers()).map(Reg::from_index).collect();
    let mut uncoloured = Vec::new();
    let mut last_used = BTreeMap::new();
    for (tick, reg) in order.iter().rev().enumerate() {
        let taken: BTreeSet<Reg> = graph
            .neighbours(*reg)
            .map(|n| colours[n.index()])
            .filter(|c| c.number().is_some())
            .collect();
        let free = |candidate: &Reg| !taken.contains(candidate);
        let wished = partners.get(reg).into_iter().flatten().map(|p| colours[p.index()]);
        let class = code.class(*reg);
        let wished = wished.filter(|c| allocatable(class).any(|a| a == *c)).find(free);
        // The register that was given longest ago: reuse soon after makes the vector unit wait.
        let choice = wished.or_else(|| {
            allocatable(class).filter(free).min_by_key(|c| last_used.get(c).map_or(0, |t| t + 1))
        });
        match choice {
            Some(colour) => {
                colours[reg.index()] = colour;
                last_used.insert(colour, tick);
            }
            None => uncoloured.push(*reg),
        }
    }
    if uncoloured.is_empty() { Ok(colours) } else { Err(uncoloured) }
}

/// Registers on the other side of copies.
fn partners(code: &Code) -> BTreeMap<Reg, Vec<Reg>> {
    let mut partners: BTreeMap<Reg, Vec<Reg>> = BTreeMap::new();
    for (a, b) in code.blocks.iter().flat_map(|b| &b.insts).filter_map(Inst::as_copy) {
        partners.entry(a).or_default().push(b);
        partners.entry(b).or_default().push(a);
    }
    partners
}

/// The order in which registers leave the graph: those with few neighbours as soon as they can;
/// when all have many, the cheapest to spill, in the hope that it finds a register all the same.
fn simplify(code: &Code, graph: &Graph, costs: &[f64]) -> Vec<Reg> {
    let mut left: BTreeSet<Reg> = in_use(code);
    let mut degree: Vec<usize> =
        (0..code.registers()).map(|i| graph.degree(Reg::from_index(i))).collect();
    let easy = |degree: &[usize], reg: &Reg| degree[reg.index()] < registers_of(code.class(*reg));
    let mut work: Vec<Reg> = left.iter().copied().filter(|r| easy(&degree, r)).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let next = work
            .pop()
            .filter(|reg| left.contains(reg))
            .or_else(|| work.is_empty().then(|| cheapest(&left, &degree, costs)).flatten());
        let Some(reg) = next else { continue };
        left.remove(&reg);
        order.push(reg);
        for neighbour in graph.neighbours(reg).filter(|n| left.contains(n)) {
            degree[neighbour.index()] -= 1;
            if degree[neighbour.index()] + 1 == registers_of(code.class(neighbour)) {
                work.push(neighbour);
            }
        }
    }
    order
}

fn cheapest(left: &BTreeSet<Reg>, degree: &[usize], costs: &[f64]) -> Option<Reg> {
    let weight = |reg: &Reg| costs[reg.index()] / (degree[reg.index()].max(1) as f64);
    left.iter().copied().min_by(|a, b| weight(a).total_cmp(&weight(b)))
}

/// Virtual registers that occur.
fn in_use(code: &Code) -> BTreeSet<Reg> {
    let mut found = BTreeSet::new();
    for inst in code.order.iter().flat_map(|id| &code.block(*id).insts) {
        found.extend(inst.def());
        inst.for_each_use(|reg| {
            found.insert(reg);
        });
    }
    found.retain(|reg| reg.number().is_none());
    found
}
