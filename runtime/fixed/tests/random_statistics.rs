//! Statistics of the random numbers that rules draw, of both generators: uniform in each column, and
//! independent along a column, along a row from update to update, and between columns.
//!
//! Every statistic is turned into a number that would be normally distributed, with mean 0 and
//! deviation 1, were the draws ideal: chi-square by the approximation of Wilson and Hilferty (1931), a
//! correlation by the square root of the number of its pairs. Limits: none of them beyond 5 (one test
//! in 1.7 million would be), and the mean of each group within 4 deviations of a mean; counts of shift
//! registers may be more even than that.

use pl_fixed::lfsr::COLUMNS;
use pl_fixed::{lfsr, real, rng};

/// Largest magnitude of a single normal statistic.
const LIMIT: f64 = 5.0;

/// The generators of all columns.
trait Stream {
    /// Least mean of a group of chi-squares, in deviations of a mean. A shift register has each of its
    /// 65535 values once a period, so that counts of its draws differ less than those of ideal ones:
    /// 8192 draws have 7/8 of the ideal chi-square.
    const CHI_SQUARE_MEAN_MIN: f64;
    /// Least chi-square of one column, for the same reason.
    const CHI_SQUARE_MIN: f64;
    fn seeded(key: u64) -> Self;
    fn draw(&mut self) -> [u16; COLUMNS];
}

/// Multiply with carry, the default.
struct Own([rng::Column; COLUMNS]);

impl Stream for Own {
    const CHI_SQUARE_MEAN_MIN: f64 = -4.0;
    const CHI_SQUARE_MIN: f64 = -LIMIT;

    fn seeded(key: u64) -> Own {
        let mut number = 0..;
        Own([(); COLUMNS].map(|()| rng::Column::seeded(key, number.next().unwrap_or(0))))
    }

    fn draw(&mut self) -> [u16; COLUMNS] {
        core::array::from_fn(|column| self.0[column].draw())
    }
}

/// The chip's shift registers.
struct Hardware([u16; COLUMNS]);

impl Stream for Hardware {
    const CHI_SQUARE_MEAN_MIN: f64 = -32.0;
    const CHI_SQUARE_MIN: f64 = -8.0;

    fn seeded(key: u64) -> Hardware {
        Hardware(core::array::from_fn(|column| {
            let number = u16::try_from(column).unwrap_or(0);
            lfsr::seeded(lfsr::seed(key, number), column)
        }))
    }

    fn draw(&mut self) -> [u16; COLUMNS] {
        self.0 = core::array::from_fn(|column| lfsr::draw(self.0[column], column));
        self.0
    }
}

/// So many draws of every column, one list a column.
fn columns<S: Stream>(key: u64, count: usize) -> Vec<Vec<u16>> {
    let mut stream = S::seeded(rng::stream_key(key, 0, 0, 0));
    let mut all = vec![Vec::new(); COLUMNS];
    for _ in 0..count {
        for (list, draw) in all.iter_mut().zip(stream.draw()) {
            list.push(draw);
        }
    }
    all
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Chi-square of equal cells as a normal statistic.
fn chi_square(cells: &[u32]) -> f64 {
    let expected = f64::from(cells.iter().sum::<u32>()) / number(cells.len());
    let square = |count: &u32| (f64::from(*count) - expected) * (f64::from(*count) - expected);
    let sum = cells.iter().map(square).sum::<f64>() / expected;
    let freedom = number(cells.len() - 1);
    let variance = 2.0 / (9.0 * freedom);
    (real::pow(sum / freedom, 1.0 / 3.0) - (1.0 - variance)) / variance.sqrt()
}

/// Correlation of pairs of draws as a normal statistic; mean and variance are those of ideal draws.
fn correlation(pairs: impl Iterator<Item = (u16, u16)>) -> f64 {
    let centred = |draw: u16| (f64::from(draw) - 32767.5) / 65536.0;
    let (mut sum, mut count) = (0.0, 0.0);
    for (a, b) in pairs {
        sum += centred(a) * centred(b);
        count += 1.0;
    }
    sum * 12.0 / f64::sqrt(count)
}

/// The cell of the upper bits of a draw, or of two.
fn cell(draw: u16, bits: u32) -> usize {
    usize::from(draw >> (16 - bits))
}

/// Checks that the statistics of a group are no less than `least`, and their mean no less than
/// `mean_min` of its deviations.
fn check(name: &str, statistics: &[f64], (least, mean_min): (f64, f64)) {
    let count = number(statistics.len());
    let mean = statistics.iter().sum::<f64>() / count;
    let beyond = statistics.iter().find(|x| !(least..LIMIT).contains(*x));
    assert!(beyond.is_none(), "{name}: {beyond:?} of {count} statistics");
    let deviations = mean * count.sqrt();
    assert!((mean_min..4.0).contains(&deviations), "{name}: mean {mean:.3} of {count} statistics");
}

fn uniform_in_each_column<S: Stream>(name: &str) {
    let all = columns::<S>(1, 8192);
    for bits in [1, 4, 8] {
        let statistics = all.iter().map(|draws| {
            let mut cells = vec![0; 1 << bits];
            draws.iter().for_each(|draw| cells[cell(*draw, bits)] += 1);
            chi_square(&cells)
        });
        let statistics: Vec<f64> = statistics.collect();
        check(
            &format!("{name}, upper {bits} bits"),
            &statistics,
            (S::CHI_SQUARE_MIN, S::CHI_SQUARE_MEAN_MIN),
        );
    }
    // The lowest bit that `uniform` and `randint` use.
    let statistics = all.iter().map(|draws| {
        let ones = u32::try_from(draws.iter().filter(|draw| **draw >> 1 & 1 == 1).count());
        let ones = ones.unwrap_or(0);
        (f64::from(ones) - 4096.0) / f64::sqrt(2048.0)
    });
    check(&format!("{name}, bit 1"), &statistics.collect::<Vec<f64>>(), (-LIMIT, -4.0));
}

fn independent_along_each_column<S: Stream>(name: &str) {
    let all = columns::<S>(2, 4096);
    for lag in (1..=16).chain([32, 64, 128, 256, 512, 1024, 2048]) {
        let pairs =
            |draws: &Vec<u16>| correlation(draws.iter().copied().zip(draws[lag..].iter().copied()));
        let statistics: Vec<f64> = all.iter().map(pairs).collect();
        check(&format!("{name}, lag {lag}"), &statistics, (-LIMIT, -4.0));
    }
}

/// Row `r` of an update of so many rows, with so many draws a row, sees every `rows * draws`th draw.
fn independent_along_a_row_across_updates<S: Stream>(name: &str) {
    const UPDATES: usize = 16;
    let all = columns::<S>(3, UPDATES * 256 * 8);
    let (mut squares, mut correlations) = (Vec::new(), Vec::new());
    for rows in [1, 2, 3, 4, 8, 16, 32, 64, 100, 128, 256] {
        for draws in 1..=8 {
            let stride = rows * draws;
            let pairs = || {
                all.iter().flat_map(move |list| {
                    (0..UPDATES - 1).map(move |u| (list[u * stride], list[(u + 1) * stride]))
                })
            };
            let mut cells = vec![0; 256];
            pairs().for_each(|(a, b)| cells[16 * cell(a, 4) + cell(b, 4)] += 1);
            squares.push(chi_square(&cells));
            correlations.push(correlation(pairs()));
        }
    }
    check_shared(&format!("{name}, pairs of updates"), &squares);
    check_shared(&format!("{name}, correlation of updates"), &correlations);
}

/// Checks statistics that share draws, so that their mean says little.
fn check_shared(name: &str, statistics: &[f64]) {
    let extreme = statistics.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    assert!(extreme < LIMIT, "{name}: {extreme:.2} of {} statistics", statistics.len());
}

fn independent_between_columns<S: Stream>(name: &str) {
    let all = columns::<S>(4, 1024);
    let mut statistics = Vec::new();
    for (index, first) in all.iter().enumerate() {
        for second in &all[..index] {
            let pairs = first.iter().copied().zip(second.iter().copied());
            statistics.push(correlation(pairs));
        }
    }
    check_shared(&format!("{name}, columns"), &statistics);
    let variance = statistics.iter().map(|x| x * x).sum::<f64>() / number(statistics.len());
    assert!((0.97..1.03).contains(&variance), "{name}, columns: variance {variance:.3}");
    // Neighbours, and both neighbours of one draw, in cells.
    for apart in [1, 2, 16, 128] {
        let mut cells = vec![0; 256];
        for pair in all.iter().zip(&all[apart..]) {
            for (a, b) in pair.0.iter().zip(pair.1) {
                cells[16 * cell(*a, 4) + cell(*b, 4)] += 1;
            }
        }
        check_shared(&format!("{name}, columns {apart} apart"), &[chi_square(&cells)]);
    }
}

/// Streams of other seeds, chips, hemispheres and instances.
fn independent_between_streams<S: Stream>(name: &str) {
    let keys = [
        rng::stream_key(5, 0, 0, 0),
        rng::stream_key(6, 0, 0, 0),
        rng::stream_key(5, 1, 0, 0),
        rng::stream_key(5, 0, 1, 0),
        rng::stream_key(5, 0, 0, 1),
    ];
    let draws = keys.map(|key| {
        let mut stream = S::seeded(key);
        (0..256).flat_map(|_| stream.draw()).collect::<Vec<u16>>()
    });
    for other in &draws[1..] {
        let pairs = draws[0].iter().copied().zip(other.iter().copied());
        check_shared(&format!("{name}, streams"), &[correlation(pairs)]);
    }
}

macro_rules! both {
    ($($test:ident of $body:ident;)+) => {$(
        #[test]
        fn $test() {
            $body::<Own>("multiply with carry");
            $body::<Hardware>("shift registers");
        }
    )+};
}

both! {
    draws_of_a_column_are_uniform of uniform_in_each_column;
    draws_of_a_column_are_independent of independent_along_each_column;
    draws_of_a_row_are_independent_across_updates of independent_along_a_row_across_updates;
    draws_of_columns_are_independent of independent_between_columns;
    streams_are_independent of independent_between_streams;
}
