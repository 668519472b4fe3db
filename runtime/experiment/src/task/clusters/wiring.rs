//! Where inputs and dendrites sit, what inputs do, and which cluster a synapse listens to.

use super::{ClustersConfig, TOP};
use crate::data::shuffle;
use borsh::{BorshDeserialize, BorshSerialize};
use pl_chip::time::{SPEED_UP, ticks_from_us};
use pl_chip::{COLUMNS, Chip, InputEvent, RowMode, StructureConfig, Target, events};
use pl_fixed::rng::splitmix64;

/// Seed of the clusters, the same for every run.
const CLUSTER_SEED: u64 = 0x636c_7573;
/// Sources between bursts have numbers of their own.
const GAP_SOURCES: u64 = 1 << 32;

/// The wiring of a run.
#[derive(Clone, Debug)]
pub(super) struct Wiring {
    /// Columns of the dendrites of each neuron.
    neurons: Vec<[usize; 2]>,
    /// Cluster, 0 or 1, of an input: `[row][address]`.
    clusters: Vec<Vec<u8>>,
    /// All columns in use.
    columns: usize,
}

/// How well the clusters are told apart by the dendrites of a neuron: part of its synapses that sit
/// on the dendrite of their cluster, for the better of both ways to give clusters to dendrites.
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub(super) struct Purity {
    /// Mean over neurons, synapses counted.
    pub(super) by_count: f64,
    /// The same, weights added up.
    pub(super) by_weight: f64,
    /// Purity of the worst neuron, synapses counted.
    pub(super) least: f64,
}

impl Wiring {
    pub(super) fn new(config: &ClustersConfig, structure: &StructureConfig) -> Wiring {
        let copy = |copy: usize| config.dendrites.map(|column| column + copy * structure.every);
        let neurons: Vec<[usize; 2]> = (0..structure.copies).map(copy).collect();
        let cluster = |row: usize| {
            let mut clusters: Vec<u8> = [0, 1].into_iter().cycle().take(config.addresses).collect();
            shuffle(&mut clusters, splitmix64(CLUSTER_SEED ^ row as u64));
            clusters
        };
        let joined = structure.joins.iter().flat_map(|join| join.columns);
        let last = joined.chain(config.dendrites).max().unwrap_or(0);
        let columns = last + structure.copies.saturating_sub(1) * structure.every + 1;
        Wiring { neurons, clusters: (0..config.rows).map(cluster).collect(), columns }
    }

    pub(super) fn neurons(&self) -> usize {
        self.neurons.len()
    }

    /// Columns of all dendrites, ascending.
    pub(super) fn dendrites(&self) -> Vec<usize> {
        let mut columns: Vec<usize> = self.neurons.iter().flatten().copied().collect();
        columns.sort_unstable();
        columns
    }

    pub(super) fn is_dendrite(&self, column: u8) -> bool {
        self.neurons.iter().flatten().any(|dendrite| *dendrite == usize::from(column))
    }

    /// Values of all dendrites, row by row.
    pub(super) fn view(&self, row: impl Fn(usize) -> [u8; COLUMNS]) -> Vec<Vec<u8>> {
        let columns = self.dendrites();
        let rows = (0..self.clusters.len()).map(row);
        rows.map(|row| columns.iter().map(|column| row[*column]).collect()).collect()
    }

    /// Writes initial weights and addresses drawn by `seed`, and connects each dendrite to the other.
    pub(super) fn wire(&self, config: &ClustersConfig, chip: &mut Chip, seed: u64) {
        let h = usize::from(TOP);
        chip.set_active_columns(h, 0..self.columns);
        chip.set_active_columns(1, 0..0);
        let mut weights = [0; COLUMNS];
        for column in self.dendrites() {
            weights[column] = config.initial_weight;
        }
        let mut random = splitmix64(seed ^ CLUSTER_SEED);
        for row in 0..config.rows {
            let addresses = core::array::from_fn(|_| {
                random = splitmix64(random);
                (random % config.addresses as u64).to_le_bytes()[0]
            });
            chip.set_row_mode(h, row, RowMode::Excitatory);
            chip.write_address_row(h, row, &addresses);
            chip.write_weights_row(h, row, &weights);
        }
        self.wire_inhibition(config, chip);
    }

    /// A dendrite's plateau is an event whose address only the other dendrite of the neuron has.
    fn wire_inhibition(&self, config: &ClustersConfig, chip: &mut Chip) {
        let h = usize::from(TOP);
        // On drivers of their own.
        let first = config.rows.next_multiple_of(2);
        let rows = first..first + config.inhibition_rows;
        let (mut weights, mut addresses) = ([0; COLUMNS], [0; COLUMNS]);
        for (neuron, dendrites) in (0u8..).zip(&self.neurons) {
            for (own, other) in [(0, 1), (1, 0)] {
                let address = 2 * neuron + u8::from(own == 1);
                for row in rows.clone() {
                    let target = Target { hemisphere: TOP, row: row.to_le_bytes()[0], address };
                    chip.connect(h, dendrites[own], target);
                }
                weights[dendrites[other]] = config.inhibition_weight;
                addresses[dendrites[other]] = address;
            }
        }
        for row in rows {
            chip.set_row_mode(h, row, RowMode::Inhibitory);
            chip.write_address_row(h, row, &addresses);
            chip.write_weights_row(h, row, &weights);
        }
    }

    /// Events of a burst of `cluster` from `start` on, and of the gap behind it.
    pub(super) fn inputs(
        &self,
        config: &ClustersConfig,
        cluster: u8,
        seed: u64,
        start: u64,
    ) -> Vec<InputEvent> {
        let mut all = Vec::new();
        let burst = start + ticks_from_us(config.burst_bio_ms);
        let end = start + ticks_from_us(config.burst_bio_ms + config.gap_bio_ms);
        let inputs = self.clusters.iter().enumerate();
        let inputs = inputs.flat_map(|(row, clusters)| {
            clusters.iter().enumerate().map(move |(address, own)| (row, address, *own))
        });
        for (source, (row, address, own)) in (0..).zip(inputs) {
            let [row, address] = [row, address].map(|index| index.to_le_bytes()[0]);
            let target = Target { hemisphere: TOP, row, address };
            let rate = if own == cluster { config.on_rate_bio_hz } else { config.off_rate_bio_hz };
            let speed_up = SPEED_UP as f64;
            events::poisson(seed, source, target, rate * speed_up, start, burst, &mut all);
            let (source, rate) = (GAP_SOURCES + source, config.off_rate_bio_hz);
            events::poisson(seed, source, target, rate * speed_up, burst, end, &mut all);
        }
        all.sort_unstable();
        all
    }

    /// The cluster of an input.
    pub(super) fn cluster(&self, row: usize, address: u8) -> u8 {
        let clusters = &self.clusters[row];
        clusters[usize::from(address) % clusters.len()]
    }

    /// How pure the dendrites are now.
    pub(super) fn purity(&self, chip: &Chip) -> Purity {
        let h = usize::from(TOP);
        let mut synapses = vec![[[0.0; 2]; 2]; self.neurons.len()];
        let mut weights = synapses.clone();
        for row in 0..self.clusters.len() {
            let (address, weight) = (chip.address_row(h, row), chip.weights_row(h, row));
            let sums = synapses.iter_mut().zip(&mut weights);
            for (dendrites, (synapses, weights)) in self.neurons.iter().zip(sums) {
                for (dendrite, column) in dendrites.iter().enumerate() {
                    let cluster = usize::from(self.cluster(row, address[*column]));
                    synapses[dendrite][cluster] += 1.0;
                    weights[dendrite][cluster] += f64::from(weight[*column]);
                }
            }
        }
        let count = self.neurons.len().max(1) as f64;
        let least = synapses.iter().map(better).fold(1.0, f64::min);
        let mean = |sums: &[[[f64; 2]; 2]]| sums.iter().map(better).sum::<f64>() / count;
        Purity { by_count: mean(&synapses), by_weight: mean(&weights), least }
    }
}

/// Part on the right dendrite, for the better of both ways.
fn better(sums: &[[f64; 2]; 2]) -> f64 {
    let straight = sums[0][0] + sums[1][1];
    let crossed = sums[0][1] + sums[1][0];
    f64::max(straight, crossed) / f64::max(straight + crossed, 1e-9)
}

#[cfg(test)]
mod tests {
    use super::better;

    #[test]
    fn purity_is_the_better_of_both_ways() {
        assert_eq!(better(&[[8.0, 0.0], [0.0, 8.0]]), 1.0);
        assert_eq!(better(&[[0.0, 8.0], [8.0, 0.0]]), 1.0);
        // Both dendrites with the same cluster are no division of labour.
        assert_eq!(better(&[[8.0, 0.0], [8.0, 0.0]]), 0.5);
        assert_eq!(better(&[[6.0, 2.0], [4.0, 4.0]]), 10.0 / 16.0);
    }
}
