//! Curves of measurements: both axes as wide as the data.

use super::{DrawError, Labels, SERIES, Series, axes, document, emptiest_corner, legend};
use plotters::prelude::*;

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A line.
    Line,
    /// Markers.
    Markers,
}

/// The range of some values, with a margin of a twentieth; around 0 if there are none.
fn range(values: impl Iterator<Item = f64>) -> core::ops::Range<f64> {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return -1.0..1.0;
    }
    let margin = 0.05 * (high - low).max(1e-9);
    low - margin..high + margin
}

/// Lines and markers over axes that may have negative values.
///
/// # Errors
/// What the library says.
pub fn curves(labels: &Labels<'_>, series: &[(Series, Style)]) -> Result<String, String> {
    let points = || series.iter().flat_map(|(series, _)| &series.points);
    let (x, y) = (range(points().map(|point| point.0)), range(points().map(|point| point.1)));
    document((720, 420), |area| -> Result<(), DrawError<'static>> {
        let mut chart = axes(area, labels, x.clone(), y.clone(), true)?;
        for ((series, style), colour) in series.iter().zip(SERIES.iter().cycle()) {
            let finite = |point: &&(f64, f64)| point.0.is_finite() && point.1.is_finite();
            let points = series.points.iter().filter(finite).copied();
            match style {
                Style::Line => {
                    chart
                        .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                        .label(&series.name)
                        .legend(|(x, y)| {
                            PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
                        });
                }
                Style::Markers => {
                    chart
                        .draw_series(points.map(|point| Circle::new(point, 3, colour.filled())))?
                        .label(&series.name)
                        .legend(|(x, y)| Circle::new((x + 9, y), 4, colour.filled()));
                }
            }
        }
        let series = series.iter().map(|(series, _)| series);
        legend(&mut chart, emptiest_corner(series, x.clone(), y.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_are_drawn_and_what_is_not_finite_is_left_out() {
        let labels = Labels { title: "window", x: "delay (us)", y: "signal (LSB)" };
        let points = vec![(-2.0, 1.0), (0.0, f64::NAN), (3.0, -1.0)];
        let series = |name: &str| Series { name: name.into(), points: points.clone() };
        let svg = curves(
            &labels,
            &[(series("fitted"), Style::Line), (series("measured"), Style::Markers)],
        )
        .unwrap();
        assert!(svg.contains("fitted") && svg.contains("delay (us)"));
        assert_eq!(svg.matches("<circle").count(), 2 + 1, "two points and one of the legend");
        assert!(curves(&labels, &[]).is_ok());
    }
}
