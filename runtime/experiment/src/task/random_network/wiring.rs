//! Who hears whom.

use super::RandomNetworkConfig;
use pl_chip::{COLUMNS, ChipConfig, Cluster, HEMISPHERES, ROWS, RowMode, Target};
use pl_fixed::rng::splitmix64;
use std::ops::{Range, RangeInclusive};

/// Rows, and columns, of excitatory neurons.
pub(crate) const EXCITATORY_ROWS: Range<u8> = 0..200;
/// Rows, and columns, of inhibitory neurons.
pub(crate) const INHIBITORY_ROWS: Range<u8> = 200..250;
/// Rows of the sources.
pub(crate) const SOURCE_ROWS: RangeInclusive<u8> = 250..=255;
/// Neurons of a hemisphere.
pub(crate) const NEURONS: usize = 250;
/// Sources of a row.
const SOURCES: u64 = 64;

/// Random numbers of the wiring.
struct Draws(u64);

impl Draws {
    /// A number below `n`.
    fn below(&mut self, n: u64) -> u8 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let number = splitmix64(self.0) % n;
        u8::try_from(number).unwrap_or(u8::MAX)
    }

    /// Takes `count` of `rows`, each at most once.
    fn choose(&mut self, rows: Range<u8>, count: usize) -> Vec<u8> {
        let mut rows: Vec<u8> = rows.collect();
        for i in 0..count {
            let j = i + usize::from(self.below((rows.len() - i) as u64));
            rows.swap(i, j);
        }
        rows.truncate(count);
        rows
    }
}

/// The address by which rows know the neurons of a hemisphere of a chip.
fn address_of(chip: usize, h: usize) -> u8 {
    u8::try_from(HEMISPHERES * chip + h).unwrap_or(u8::MAX)
}

/// The chips, with weights, addresses and wires.
pub(crate) fn cluster(
    config: &RandomNetworkConfig,
    chip: &ChipConfig,
    g: f64,
    seed: u64,
) -> Cluster {
    let mut cluster = Cluster::new(chip, config.chips, seed);
    cluster.set_threads(config.threads);
    let mut draws = Draws(seed);
    for chip in 0..config.chips {
        for h in 0..HEMISPHERES {
            cluster.chip_mut(chip).set_active_columns(h, 0..NEURONS);
            fill(config, &mut cluster, g, (chip, h), &mut draws);
            for column in 0..NEURONS {
                connect(&mut cluster, chip, h, column);
            }
        }
    }
    cluster
}

/// Draws the inputs of the neurons of a hemisphere.
fn fill(
    config: &RandomNetworkConfig,
    cluster: &mut Cluster,
    g: f64,
    (chip, h): (usize, usize),
    draws: &mut Draws,
) {
    let halves = (HEMISPHERES * config.chips) as u64;
    let mut weights = vec![[0; COLUMNS]; ROWS];
    let mut addresses = vec![[0; COLUMNS]; ROWS];
    let groups = [
        (EXCITATORY_ROWS, config.excitatory_inputs, config.weight),
        (INHIBITORY_ROWS, config.inhibitory_inputs, config.inhibitory_weight(g)),
    ];
    for column in 0..NEURONS {
        for (rows, count, weight) in &groups {
            for row in draws.choose(rows.clone(), *count) {
                weights[usize::from(row)][column] = *weight;
                addresses[usize::from(row)][column] = draws.below(halves);
            }
        }
        for row in SOURCE_ROWS {
            weights[usize::from(row)][column] = config.weight;
            addresses[usize::from(row)][column] = draws.below(SOURCES);
        }
    }
    let chip = cluster.chip_mut(chip);
    for row in 0..ROWS {
        let inhibitory = INHIBITORY_ROWS.contains(&u8::try_from(row).unwrap_or(u8::MAX));
        let mode = if inhibitory { RowMode::Inhibitory } else { RowMode::Excitatory };
        chip.set_row_mode(h, row, mode);
        chip.write_weights_row(h, row, &weights[row]);
        chip.write_address_row(h, row, &addresses[row]);
    }
}

/// Wires a neuron to its row on every hemisphere of every chip.
fn connect(cluster: &mut Cluster, from: usize, h: usize, column: usize) {
    let row = u8::try_from(column).unwrap_or(u8::MAX);
    for hemisphere in 0..2 {
        let target = Target { hemisphere, row, address: address_of(from, h) };
        for to in 0..cluster.len() {
            if to == from {
                cluster.chip_mut(from).connect(h, column, target);
            } else {
                cluster.connect(from, (h, column), to, target);
            }
        }
    }
}
