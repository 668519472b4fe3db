//! Spikes as points.

use super::{BLACK, FONT, Labels, SERIES, Series, WHITE, document};
use plotters::prelude::*;

/// A point a spike: its time on the horizontal axis, its neuron on the vertical one, which both
/// begin at 0 and end at `ends`.
///
/// # Errors
/// What the library says.
pub fn raster(labels: &Labels<'_>, ends: (f64, f64), series: &[Series]) -> Result<String, String> {
    document((720, 420), |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(labels.title, (FONT, 18))
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(54)
            .build_cartesian_2d(0.0..ends.0, 0.0..ends.1)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc(labels.x)
            .y_desc(labels.y)
            .label_style((FONT, 13))
            .draw()?;
        for (series, colour) in series.iter().zip(&SERIES) {
            let point = |at: &(f64, f64)| Circle::new(*at, 1, colour.filled());
            chart
                .draw_series(series.points.iter().map(point))?
                .label(&series.name)
                .legend(|(x, y)| Circle::new((x + 9, y), 4, colour.filled()));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .label_font((FONT, 13))
            .draw()
    })
}
