//! Structured neurons: circuits of a hemisphere joined to compartments, compartments to trees.
//!
//! ```text
//! C n_m dV_m/dt = (currents of its n_m circuits) + sum over conductances of g (V_k - V_m)
//! a conductance is given as tau = C / g, with C the capacitance of one circuit
//! ```
//!
//! Circuits whose membranes are switched together are one compartment; the lowest of their columns
//! fires for all of them and decides what happens at threshold. The exchange of charge follows each
//! sub-step of the circuits: every conductance relaxes its two ends for half a sub-step, first to
//! last, then again last to first. A compartment that is held, at reset or on a plateau, keeps its
//! potential, whatever flows.
//!
//! Any two circuits of a hemisphere can be joined: the chip's wires, which reach neighbours and run
//! along a row, allow less (haldls `neuron.h`). Joins between the hemispheres are not modelled.

use std::ops::Range;

use borsh::{BorshDeserialize, BorshSerialize};
use pl_fixed::real;
use serde::Deserialize;

use crate::adex::AdexBlock;
use crate::config::ConfigError;
use crate::convert::single;
use crate::neurons::BLOCK;
use crate::time::TICKS_PER_US;
use crate::{COLUMNS, HEMISPHERES};

/// Time constants that a join may have (calix, `tau_icc`), us.
const TAU_RANGE_US: (f64, f64) = (0.1, 30.0);
/// Durations of plateaus, us: the refractory counter with its slowest clock.
const DURATION_RANGE_US: (f64, f64) = (0.0, 50_000.0);

/// What connects two circuits.
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Join {
    /// A switch: one membrane.
    Membrane,
    /// A conductance between two membranes.
    Conductance {
        /// Capacitance of one circuit by the conductance.
        tau_us: f64,
    },
}

/// What a compartment does when its potential rises through its threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Compartment {
    /// It goes to its reset potential for the refractory time: a (sodium) spike.
    #[default]
    Spike,
    /// It goes to a plateau: an NMDA or calcium spike. On the chip this is a reset potential
    /// above threshold with a long refractory time (calix `plateau_potential.py`). The end of a
    /// plateau does not start the next one; the exponential term is off.
    Plateau {
        /// Potential of the plateau, ADC LSB.
        level_lsb: f64,
        /// Its length; the potential then decays.
        duration_us: f64,
    },
    /// Nothing; the exponential term is off.
    Passive,
}

/// Structured neurons of a chip, from the table `structure` of its configuration.
///
/// ```toml
/// [chip.structure]            # needs chip.adex.enabled = 1
/// copies = 64                 # 64 neurons ...
/// every = 4                   # ... of four columns each, on both hemispheres
/// joins = [
///     { columns = [0, 1] },                   # one membrane
///     { columns = [1, 2], tau_us = 5.0 },     # a conductance
///     { columns = [2, 3], tau_us = 5.0 },
/// ]
/// compartments = [
///     { kind = "passive", column = 2 },
///     { kind = "plateau", column = 3, level_lsb = 180.0, duration_us = 50.0 },
/// ]                           # others spike
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StructureConfig {
    /// Hemispheres that have the structure; default both.
    pub hemispheres: Vec<usize>,
    /// How many times it is there; default 1.
    pub copies: usize,
    /// Columns from one copy to the next.
    pub every: usize,
    /// Joins of the first copy.
    pub joins: Vec<JoinConfig>,
    /// Compartments of the first copy that are not of the kind `spike`.
    pub compartments: Vec<CompartmentConfig>,
}

impl Default for StructureConfig {
    fn default() -> StructureConfig {
        let (joins, compartments) = (vec![], vec![]);
        StructureConfig { hemispheres: vec![0, 1], copies: 1, every: 0, joins, compartments }
    }
}

/// One join of a [`StructureConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinConfig {
    /// Two different columns.
    pub columns: [usize; 2],
    /// See [`Join::Conductance`], 0.1 to 30; without it the two are one membrane.
    pub tau_us: Option<f64>,
}

impl JoinConfig {
    fn join(&self) -> Join {
        self.tau_us.map_or(Join::Membrane, |tau_us| Join::Conductance { tau_us })
    }
}

/// One compartment of a [`StructureConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum CompartmentConfig {
    /// See [`Compartment::Spike`].
    Spike {
        /// The compartment's lowest column.
        column: usize,
    },
    /// See [`Compartment::Plateau`].
    Plateau {
        /// The compartment's lowest column.
        column: usize,
        /// Potential of the plateau, ADC LSB, 0 to 255.
        level_lsb: f64,
        /// Its length, 0 to 50000.
        duration_us: f64,
    },
    /// See [`Compartment::Passive`].
    Passive {
        /// The compartment's lowest column.
        column: usize,
    },
}

impl CompartmentConfig {
    fn parts(&self) -> (usize, Compartment) {
        match *self {
            CompartmentConfig::Spike { column } => (column, Compartment::Spike),
            CompartmentConfig::Plateau { column, level_lsb, duration_us } => {
                (column, Compartment::Plateau { level_lsb, duration_us })
            }
            CompartmentConfig::Passive { column } => (column, Compartment::Passive),
        }
    }
}

impl StructureConfig {
    /// Joins of hemisphere `h`, over all copies.
    pub(crate) fn joins(&self, h: usize) -> impl Iterator<Item = (usize, usize, Join)> + '_ {
        self.offsets(h).flat_map(|offset| {
            self.joins.iter().map(move |join| {
                let [a, b] = join.columns;
                (a + offset, b + offset, join.join())
            })
        })
    }

    /// Compartments of hemisphere `h`, over all copies.
    pub(crate) fn compartments(&self, h: usize) -> impl Iterator<Item = (usize, Compartment)> + '_ {
        self.offsets(h).flat_map(|offset| {
            self.compartments.iter().map(move |compartment| {
                let (column, kind) = compartment.parts();
                (column + offset, kind)
            })
        })
    }

    fn offsets(&self, h: usize) -> impl Iterator<Item = usize> + use<> {
        let (copies, every) = (self.copies, self.every);
        let copies = if self.hemispheres.contains(&h) { copies } else { 0 };
        (0..copies).map(move |copy| copy * every)
    }

    /// Checks ranges, and that neurons are of the kind that can be joined.
    pub(crate) fn validate(&self, adex: bool) -> Result<(), ConfigError> {
        let wrong = |text: String| Err(ConfigError::Structure(text));
        if self.joins.is_empty() && self.compartments.is_empty() {
            return Ok(());
        }
        if !adex {
            return wrong("`structure` needs `adex.enabled` to be 1".to_owned());
        }
        if let Some(h) = self.hemispheres.iter().find(|&&h| h >= HEMISPHERES) {
            return wrong(format!("`structure.hemispheres` has {h}, but must have 0 and 1 only"));
        }
        let span = self.copies.saturating_sub(1).saturating_mul(self.every);
        let first = COLUMNS.saturating_sub(span);
        let beyond = |column: usize| {
            format!("column {column} of `structure`, with its copies, is not below {COLUMNS}")
        };
        for JoinConfig { columns: [a, b], tau_us } in &self.joins {
            if a.max(b) >= &first {
                return wrong(beyond(*a.max(b)));
            }
            if a == b {
                return wrong(format!("`structure.joins` joins column {a} to itself"));
            }
            in_range("joins", "tau_us", tau_us.unwrap_or(1.0), TAU_RANGE_US)?;
        }
        for compartment in &self.compartments {
            let (column, kind) = compartment.parts();
            if column >= first {
                return wrong(beyond(column));
            }
            if let Compartment::Plateau { level_lsb, duration_us } = kind {
                in_range("compartments", "level_lsb", level_lsb, (0.0, 255.0))?;
                in_range("compartments", "duration_us", duration_us, DURATION_RANGE_US)?;
            }
        }
        self.check_leads()
    }

    /// Only the lowest column of a compartment may be said to be of a kind.
    fn check_leads(&self) -> Result<(), ConfigError> {
        let Some(&h) = self.hemispheres.first() else { return Ok(()) };
        let lead = leads(self.joins(h));
        for (column, _) in self.compartments(h) {
            if lead[column] != column {
                let text = format!(
                    "column {column} of `structure.compartments` shares the membrane of column {}, \
                     which decides for both",
                    lead[column]
                );
                return Err(ConfigError::Structure(text));
            }
        }
        Ok(())
    }
}

fn in_range(list: &str, field: &str, value: f64, range: (f64, f64)) -> Result<(), ConfigError> {
    if range.0 <= value && value <= range.1 {
        return Ok(());
    }
    let (low, high) = range;
    let text = format!("`{field}` in `structure.{list}` is {value}, but must be {low} to {high}");
    Err(ConfigError::Structure(text))
}

/// For each column the lowest column of its compartment.
fn leads(joins: impl Iterator<Item = (usize, usize, Join)>) -> [usize; COLUMNS] {
    let mut lead: [usize; COLUMNS] = std::array::from_fn(|column| column);
    for (a, b, join) in joins {
        if join == Join::Membrane {
            let (low, high) = (lead[a].min(lead[b]), lead[a].max(lead[b]));
            lead.iter_mut().filter(|l| **l == high).for_each(|l| *l = low);
        }
    }
    lead
}

/// A conductance between two compartments, for half a sub-step.
#[derive(Clone, Copy, Debug, BorshSerialize, BorshDeserialize)]
struct Coupling {
    /// Lowest columns of the compartments.
    ends: [usize; 2],
    /// Parts of the difference by which the ends move towards each other, if both are free ...
    shares: [f32; 2],
    /// ... and by which either moves if the other is held.
    alone: [f32; 2],
}

impl Coupling {
    fn new(ends: [usize; 2], sizes: [usize; 2], tau_ticks: f64, half_ticks: f64) -> Coupling {
        let rates = sizes.map(|n| half_ticks / tau_ticks / n as f64);
        let both = rates[0] + rates[1];
        Coupling {
            ends,
            shares: rates.map(|rate| single((1.0 - real::exp(-both)) * rate / both)),
            alone: rates.map(|rate| single(1.0 - real::exp(-rate))),
        }
    }

    fn relax(&self, blocks: &mut [AdexBlock]) {
        let [a, b] = self.ends;
        let difference = above(blocks, a, b);
        let held = self.ends.map(|end| is_held(blocks, end));
        let [move_a, move_b] = match held {
            [false, false] => self.shares,
            [true, false] => [0.0, self.alone[1]],
            [false, true] => [self.alone[0], 0.0],
            [true, true] => [0.0, 0.0],
        };
        blocks[a / BLOCK].potential[a % BLOCK] -= move_a * difference;
        blocks[b / BLOCK].potential[b % BLOCK] += move_b * difference;
    }
}

/// Whether a circuit is held for the whole of the present sub-step.
fn is_held(blocks: &[AdexBlock], column: usize) -> bool {
    blocks[column / BLOCK].hold[column % BLOCK] >= 1.0
}

/// How far the potential of `a` is above that of `b`.
fn above(blocks: &[AdexBlock], a: usize, b: usize) -> f32 {
    let [x, y] = [a, b].map(|column| (&blocks[column / BLOCK], column % BLOCK));
    (x.0.potential[x.1] - y.0.potential[y.1]) + (x.0.rest[x.1] - y.0.rest[y.1])
}

/// The joins of a hemisphere.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Structure {
    joins: Vec<(usize, usize, Join)>,
    /// Lowest column of each column's compartment.
    lead: [usize; COLUMNS],
    /// Compartments of several circuits, lowest column first.
    shared: Vec<Vec<usize>>,
    couplings: Vec<Coupling>,
}

impl Structure {
    pub(crate) fn new() -> Structure {
        let lead = std::array::from_fn(|column| column);
        Structure { joins: vec![], lead, shared: vec![], couplings: vec![] }
    }

    pub(crate) fn add(&mut self, a: usize, b: usize, join: Join) {
        self.joins.push((a, b, join));
    }

    /// Works out the compartments among `columns`; other circuits are as if alone.
    pub(crate) fn plan(&mut self, columns: &Range<usize>, substep_ticks: f64) {
        let active =
            |&&(a, b, _): &&(usize, usize, Join)| columns.contains(&a) && columns.contains(&b);
        let lead = leads(self.joins.iter().filter(active).copied());
        let members = |of: usize| (0..COLUMNS).filter(move |&column| lead[column] == of);
        self.shared = (0..COLUMNS)
            .filter(|&column| members(column).nth(1).is_some())
            .map(|column| members(column).collect())
            .collect();
        let coupling = |&(a, b, join): &(usize, usize, Join)| match join {
            Join::Conductance { tau_us } if lead[a] != lead[b] => {
                let ends = [lead[a], lead[b]];
                let sizes = ends.map(|end| members(end).count());
                let tau_ticks = tau_us * TICKS_PER_US as f64;
                Some(Coupling::new(ends, sizes, tau_ticks, substep_ticks / 2.0))
            }
            Join::Conductance { .. } | Join::Membrane => None,
        };
        self.couplings = self.joins.iter().filter(active).filter_map(coupling).collect();
        self.lead = lead;
    }

    /// The circuit that fires for `column`.
    pub(crate) fn lead(&self, column: usize) -> usize {
        self.lead[column]
    }

    /// The circuits for which `column` fires.
    pub(crate) fn members(&self, column: usize) -> Vec<usize> {
        (0..COLUMNS).filter(|&member| self.lead[member] == column).collect()
    }

    /// Lets charge flow for a sub-step.
    pub(crate) fn exchange(&self, blocks: &mut [AdexBlock]) {
        for circuits in &self.shared {
            let lead = circuits[0];
            if !is_held(blocks, lead) {
                // Equal capacitances, so the charge is shared evenly.
                let surplus: f32 = circuits.iter().map(|&c| above(blocks, c, lead)).sum();
                blocks[lead / BLOCK].potential[lead % BLOCK] += surplus / circuits.len() as f32;
            }
        }
        for coupling in self.couplings.iter().chain(self.couplings.iter().rev()) {
            coupling.relax(blocks);
        }
        for circuits in &self.shared {
            level(blocks, circuits);
        }
    }

    /// Shares the spikes of sub-step `number` with all circuits of each compartment.
    pub(crate) fn share_spikes(&self, blocks: &mut [AdexBlock], number: f32) {
        for circuits in &self.shared {
            let lead = circuits[0];
            let (fired, hold) = {
                let block = &blocks[lead / BLOCK];
                (block.fired[lead % BLOCK] >= number, block.hold[lead % BLOCK])
            };
            if fired {
                level(blocks, circuits);
                for &circuit in &circuits[1..] {
                    let (block, lane) = (&mut blocks[circuit / BLOCK], circuit % BLOCK);
                    block.hold[lane] = hold;
                    block.adaptation[lane] += block.jump[lane];
                }
            }
        }
    }
}

/// Gives all circuits of a compartment the potential of its first.
fn level(blocks: &mut [AdexBlock], circuits: &[usize]) {
    for &circuit in &circuits[1..] {
        let difference = above(blocks, circuits[0], circuit);
        blocks[circuit / BLOCK].potential[circuit % BLOCK] += difference;
    }
}
