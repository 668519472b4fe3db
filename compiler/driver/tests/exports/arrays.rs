//! Random arrays and params.

use pl_driver::ir::io::{COLUMNS, UpdateIo};
use pl_driver::sema::hir::{Kind, Param};
use pl_fixed::rng;

/// The caller's arrays.
pub(crate) struct Arrays {
    pub(crate) rows: Vec<u8>,
    pub(crate) signs: Vec<i8>,
    pub(crate) columns: [u8; COLUMNS],
    pub(crate) planes: [Vec<u8>; 4],
    pub(crate) lines: [[u8; COLUMNS]; 4],
    pub(crate) resets: (Vec<u8>, [u8; COLUMNS], [u8; COLUMNS]),
}

impl Arrays {
    pub(crate) fn random(rows: usize, columns_max: usize, state: &mut u64) -> Arrays {
        let mut byte = |limit: u8| {
            *state = rng::splitmix64(*state);
            u8::try_from(*state % u64::from(limit)).unwrap()
        };
        let mut plane = |limit| (0..rows * COLUMNS).map(|_| byte(limit)).collect::<Vec<u8>>();
        let planes = [plane(64), plane(64), plane(255), plane(255)];
        let mut line = |limit| core::array::from_fn(|_| byte(limit));
        let lines = [line(255), line(255), line(255), line(255)];
        let mut columns = line(2).map(|bit: u8| 255 * bit);
        let inside = columns.iter_mut().filter(|column| **column != 0);
        inside.skip(columns_max).for_each(|column| *column = 0);
        Arrays {
            rows: (0..rows).map(|row| 6 * u8::try_from(row).unwrap()).collect(),
            signs: (0..rows).map(|row| [1, -1, 0][row % 3]).collect(),
            columns,
            planes,
            lines,
            resets: (vec![0; rows * COLUMNS], [0; COLUMNS], [0; COLUMNS]),
        }
    }

    pub(crate) fn io(&mut self) -> UpdateIo<'_> {
        let [weights, addresses, causal_codes, acausal_codes] = &mut self.planes;
        let [causal_baseline, acausal_baseline, rates, membranes] = &self.lines;
        let (correlation_reset, rate_reset, membrane_reset) = &mut self.resets;
        UpdateIo {
            rows: &self.rows,
            row_signs: &self.signs,
            columns: &self.columns,
            weights,
            addresses,
            causal_codes,
            acausal_codes,
            causal_baseline,
            acausal_baseline,
            rates,
            membranes,
            correlation_reset,
            rate_reset,
            membrane_reset,
        }
    }

    /// In the order in which the C program reads them.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let signs: Vec<u8> = self.signs.iter().map(|sign| sign.cast_unsigned()).collect();
        [&self.rows, &signs, &self.columns[..]]
            .into_iter()
            .chain(self.planes.iter().map(Vec::as_slice))
            .chain(self.lines.iter().map(<[u8; COLUMNS]>::as_slice))
            .flat_map(|part| part.iter().copied())
            .collect()
    }
}

/// A value of a param that is not its default, if there is one.
pub(crate) fn other_value(param: &Param) -> f64 {
    let middle = (3.0 * param.interval.low + param.interval.high) / 4.0;
    if param.kind == Kind::Int { middle.round() } else { middle }
}
