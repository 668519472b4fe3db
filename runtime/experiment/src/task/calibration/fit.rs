//! Lines and exponentials through measured points.

use borsh::{BorshDeserialize, BorshSerialize};
use pl_fixed::real;

/// `amplitude e^(-x / tau)`.
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub(super) struct Exponential {
    pub(super) amplitude: f64,
    pub(super) tau: f64,
}

/// A straight line through weighted points `(x, y, weight)`: its value at 0 and its slope.
pub(super) fn line(points: impl Iterator<Item = (f64, f64, f64)>) -> Option<(f64, f64)> {
    let [mut n, mut x1, mut y1, mut x2, mut xy] = [0.0; 5];
    for (x, y, weight) in points {
        n += weight;
        x1 += weight * x;
        y1 += weight * y;
        x2 += weight * x * x;
        xy += weight * x * y;
    }
    let determinant = n * x2 - x1 * x1;
    if determinant <= 1e-12 * n * x2 {
        return None;
    }
    let slope = (n * xy - x1 * y1) / determinant;
    Some(((y1 - slope * x1) / n, slope))
}

/// An exponential through the points `(x, y)` with `least <= y <= most`, if there are three and they
/// fall: a line through the logarithms, each weighted with the square of its value, since the error
/// of a logarithm is that of the value divided by it.
pub(super) fn exponential(
    points: impl Iterator<Item = (f64, f64)>,
    (least, most): (f64, f64),
) -> Option<Exponential> {
    let used: Vec<(f64, f64)> = points.filter(|(_, y)| (least..=most).contains(y)).collect();
    if used.len() < 3 {
        return None;
    }
    let (start, slope) = line(used.iter().map(|(x, y)| (*x, real::ln(*y), y * y)))?;
    (slope < 0.0).then(|| Exponential { amplitude: real::exp(start), tau: -1.0 / slope })
}

/// The middle one, the mean of the two middle ones if there are as many above as below; 0 of none.
pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this share of `values` lies, interpolated; 0 of none.
pub(super) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share * last as f64;
    let below = (0..last).take_while(|i| (i + 1) as f64 <= place).count();
    let next = sorted[(below + 1).min(last)];
    sorted[below] + (next - sorted[below]) * (place - below as f64)
}

/// Mean and standard deviation; 0 of none.
pub(super) fn mean_and_spread(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    (mean, (squares / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_found_again() {
        let points = || (1..20).map(|x| (f64::from(x), 40.0 * real::exp(-f64::from(x) / 6.0)));
        let found = exponential(points(), (1.0, 100.0)).unwrap();
        assert!((found.amplitude - 40.0).abs() < 1e-9 && (found.tau - 6.0).abs() < 1e-9);
        assert_eq!(exponential(points(), (30.0, 100.0)), None, "one point is none");
        assert_eq!(exponential(points().map(|(x, y)| (-x, y)), (1.0, 100.0)), None);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 1.0), 3.0);
        assert_eq!(quantile(&[0.0, 10.0], 0.3), 3.0);
        assert_eq!(median(&[]), 0.0);
        assert_eq!(mean_and_spread(&[1.0, 3.0]), (2.0, 1.0));
    }
}
