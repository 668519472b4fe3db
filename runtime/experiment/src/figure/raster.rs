//! Spikes as points.

use super::{Labels, SERIES, Series, axes, document, legend};
use plotters::prelude::*;

/// A point a spike: its time on the horizontal axis, its neuron on the vertical one, which both
/// begin at 0 and end at `ends`.
///
/// # Errors
/// What the library says.
pub fn raster(labels: &Labels<'_>, ends: (f64, f64), series: &[Series]) -> Result<String, String> {
    document((720, 420), |area| {
        let mut chart = axes(area, labels, 0.0..ends.0, 0.0..ends.1, false)?;
        for (series, colour) in series.iter().zip(&SERIES) {
            let point = |at: &(f64, f64)| Circle::new(*at, 1, colour.filled());
            chart
                .draw_series(series.points.iter().map(point))?
                .label(&series.name)
                .legend(|(x, y)| Circle::new((x + 9, y), 4, colour.filled()));
        }
        legend(&mut chart, SeriesLabelPosition::UpperRight)
    })
}
