//! Pictures as SVG documents.

mod heat_map;

pub use heat_map::{Border, HeatMap};

use core::ops::Range;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

mod raster;

pub use raster::raster;

mod curves;

pub use curves::{Style, curves};

/// Colours of series, told apart by people who confuse red and green (Okabe and Ito, 2008).
const SERIES: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
const FONT: &str = "sans-serif";
/// Room for the name of the vertical axis and numbers of five digits.
const LEFT_OF_PLOT: i32 = 68;
/// Most points of a line that get a marker each; more would hide it.
const MARKED: usize = 60;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type DrawError<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

/// A line of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Its points, x ascending.
    pub points: Vec<(f64, f64)>,
}

/// Names of a plot and its axes, with units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labels<'a> {
    /// Above the plot.
    pub title: &'a str,
    /// Below.
    pub x: &'a str,
    /// At the left.
    pub y: &'a str,
}

/// A moment that a plot over time points out.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What happens then, for the legend.
    pub name: String,
    /// Where it is on the horizontal axis.
    pub x: f64,
}

/// A picture made of shades, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Shades {
    /// Values a row.
    pub width: usize,
    /// The values; 0 is white, the largest of the picture the darkest.
    pub values: Vec<f64>,
}

/// Draws into a document of this size.
fn document(
    (width, height): (u32, u32),
    draw: impl FnOnce(&Area<'_>) -> Result<(), DrawError<'static>>,
) -> Result<String, String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        let drawn = area.fill(&WHITE).and_then(|()| draw(&area)).and_then(|()| area.present());
        drawn.map_err(|error| error.to_string())?;
    }
    Ok(svg)
}

/// Draws axes with their names and numbers, and the title above.
fn axes<'a>(
    area: &Area<'a>,
    labels: &Labels<'_>,
    x: Range<f64>,
    y: Range<f64>,
    grid: bool,
) -> Result<Chart<'a>, DrawError<'a>> {
    let mut chart = ChartBuilder::on(area)
        .caption(labels.title, (FONT, 18))
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(LEFT_OF_PLOT)
        .build_cartesian_2d(x, y)?;
    let mut mesh = chart.configure_mesh();
    if !grid {
        mesh.disable_mesh();
    }
    mesh.x_desc(labels.x)
        .y_desc(labels.y)
        .x_label_formatter(&|value| number(*value))
        .y_label_formatter(&|value| number(*value))
        .light_line_style(TRANSPARENT)
        .label_style((FONT, 13))
        .draw()?;
    Ok(chart)
}

/// Draws the names of all series of a plot.
fn legend<'a>(chart: &mut Chart<'a>, position: SeriesLabelPosition) -> Result<(), DrawError<'a>> {
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .label_font((FONT, 13))
        .draw()
}

/// A number of four significant digits, or all those before the point; nothing below a millionth.
#[must_use]
pub fn number(value: f64) -> String {
    let mut factor = 1.0;
    while value.abs() * factor < 1000.0 && factor < 1e6 {
        factor *= 10.0;
    }
    // Adding 0 makes a rounded -0 a plain one.
    format!("{}", (value * factor).round() / factor + 0.0)
}

/// Lines from 0 to 1 on the vertical axis, with markers at the points if they are few, and dashed
/// lines at the marks.
///
/// # Errors
/// What the library says.
pub fn fractions(labels: &Labels<'_>, series: &[Series], marks: &[Mark]) -> Result<String, String> {
    up_to(1.0, labels, series, marks)
}

/// Lines from 0 to the largest value on the vertical axis, with markers at the points if they are
/// few.
///
/// # Errors
/// What the library says.
pub fn lines(labels: &Labels<'_>, series: &[Series]) -> Result<String, String> {
    let top = series.iter().flat_map(|s| &s.points).map(|point| point.1).fold(1e-9, f64::max);
    up_to(1.05 * top, labels, series, &[])
}

/// Points around the origin, with the diagonal on which both coordinates are equal.
///
/// # Errors
/// What the library says.
pub fn scatter(labels: &Labels<'_>, series: &[Series]) -> Result<String, String> {
    let coordinates = series.iter().flat_map(|s| &s.points).flat_map(|(x, y)| [x.abs(), y.abs()]);
    let end = 1.05 * coordinates.fold(1e-9, f64::max);
    document((560, 560), |area| {
        let mut chart = axes(area, labels, -end..end, -end..end, true)?;
        chart.draw_series(LineSeries::new([(-end, -end), (end, end)], BLACK.mix(0.4)))?;
        for (series, colour) in series.iter().zip(SERIES.iter().cycle()) {
            let point = |at: &(f64, f64)| Circle::new(*at, 2, colour.mix(0.5).filled());
            chart
                .draw_series(series.points.iter().map(point))?
                .label(&series.name)
                .legend(|(x, y)| Circle::new((x + 9, y), 4, colour.filled()));
        }
        legend(&mut chart, SeriesLabelPosition::LowerRight)
    })
}

fn up_to(
    top: f64,
    labels: &Labels<'_>,
    series: &[Series],
    marks: &[Mark],
) -> Result<String, String> {
    let xs = || series.iter().flat_map(|s| &s.points).map(|point| point.0);
    let (begin, end) = (xs().fold(0.0, f64::min), xs().fold(1e-9, f64::max));
    document((720, 420), |area| {
        let mut chart = axes(area, labels, begin..end + 0.02 * (end - begin), 0.0..top, true)?;
        for (series, colour) in series.iter().zip(SERIES.iter().cycle()) {
            let points = || series.points.iter().copied();
            chart
                .draw_series(LineSeries::new(points(), colour.stroke_width(2)))?
                .label(&series.name)
                .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
            if series.points.len() <= MARKED {
                let marker = |point| Circle::new(point, 3, colour.filled());
                chart.draw_series(points().map(marker))?;
            }
        }
        for mark in marks {
            let line = [(mark.x, 0.0), (mark.x, top)];
            let style = BLACK.mix(0.6).stroke_width(1);
            chart
                .draw_series(DashedLineSeries::new(line, 6, 4, style))?
                .label(&mark.name)
                .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], BLACK.mix(0.6)));
        }
        legend(&mut chart, emptiest_corner(series, begin..end, 0.0..top))
    })
}

/// Where a legend hides fewest points of the series in a plot of these ranges.
fn emptiest_corner<'a>(
    series: impl IntoIterator<Item = &'a Series, IntoIter: Clone>,
    x: Range<f64>,
    y: Range<f64>,
) -> SeriesLabelPosition {
    let series = series.into_iter();
    // About the part of a plot that a legend takes.
    let part = |range: &Range<f64>, part: f64| range.start + part * (range.end - range.start);
    let (right, upper) = (part(&x, 0.65), part(&y, 0.65));
    let (left, lower) = (part(&x, 0.35), part(&y, 0.35));
    let corners: [(_, &dyn Fn(f64, f64) -> bool); 4] = [
        (SeriesLabelPosition::LowerRight, &|x, y| x >= right && y <= lower),
        (SeriesLabelPosition::UpperRight, &|x, y| x >= right && y >= upper),
        (SeriesLabelPosition::UpperLeft, &|x, y| x <= left && y >= upper),
        (SeriesLabelPosition::LowerLeft, &|x, y| x <= left && y <= lower),
    ];
    let hidden = |inside: &dyn Fn(f64, f64) -> bool| {
        series.clone().flat_map(|s| &s.points).filter(|(x, y)| inside(*x, *y)).count()
    };
    let least = corners.into_iter().min_by_key(|(_, inside)| hidden(*inside));
    least.map_or(SeriesLabelPosition::LowerRight, |(corner, _)| corner)
}

/// A table of small pictures, each scaled to its own largest value.
///
/// # Errors
/// What the library says.
pub fn tiles(
    title: &str,
    columns: &[String],
    rows: &[String],
    tiles: &[Shades],
) -> Result<String, String> {
    const TILE: i32 = 64;
    const STEP: i32 = TILE + 10;
    let (left, top) = (130, 64);
    let extent = |count: usize| i32::try_from(count).unwrap_or(0) * STEP;
    // Room for the title over few columns, at about 8 pixels a letter.
    let title_width = i32::try_from(title.len()).unwrap_or(0) * 8;
    let width = extent(columns.len()).max(title_width);
    let size = (left + width + 10, top + extent(rows.len()) + 10);
    document((size.0.unsigned_abs(), size.1.unsigned_abs()), |area| {
        let anchor = |h, v| (FONT, 14).into_font().color(&BLACK).pos(Pos::new(h, v));
        area.draw(&Text::new(
            title.to_owned(),
            (left, 14),
            (FONT, 16).into_font().color(&BLACK).pos(Pos::new(HPos::Left, VPos::Top)),
        ))?;
        for (x, name) in (0..).zip(columns) {
            let place = (left + x * STEP + TILE / 2, top - 6);
            area.draw(&Text::new(name.clone(), place, anchor(HPos::Center, VPos::Bottom)))?;
        }
        for (y, name) in (0..).zip(rows) {
            let place = (left - 10, top + y * STEP + TILE / 2);
            area.draw(&Text::new(name.clone(), place, anchor(HPos::Right, VPos::Center)))?;
        }
        let places = (0..).take(rows.len()).flat_map(|y| {
            (0..).take(columns.len()).map(move |x| (left + x * STEP, top + y * STEP))
        });
        for (tile, place) in tiles.iter().zip(places) {
            draw_tile(area, tile, place, TILE)?;
        }
        Ok(())
    })
}

fn draw_tile(
    area: &Area<'_>,
    tile: &Shades,
    (left, top): (i32, i32),
    side: i32,
) -> Result<(), DrawError<'static>> {
    let largest = tile.values.iter().copied().fold(0.0, f64::max);
    let count = |n: usize| i32::try_from(n.max(1)).unwrap_or(i32::MAX);
    let (width, height) = (count(tile.width), count(tile.values.len() / tile.width.max(1)));
    for (index, value) in (0..).zip(&tile.values) {
        let (x, y) = (index % width, index / width);
        let from = (left + x * side / width, top + y * side / height);
        let to = (left + (x + 1) * side / width, top + (y + 1) * side / height);
        let shade = if largest > 0.0 { value / largest } else { 0.0 };
        area.draw(&Rectangle::new([from, to], SERIES[0].mix(shade).filled()))?;
    }
    let border = BLACK.mix(0.4).stroke_width(1);
    area.draw(&Rectangle::new([(left, top), (left + side, top + side)], border))
}

/// A square table of counts, each cell with its number.
///
/// # Errors
/// What the library says.
pub fn counts(
    labels: &Labels<'_>,
    names: &[String],
    counts: &[Vec<u32>],
) -> Result<String, String> {
    const CELL: i32 = 40;
    let (left, top) = (110, 84);
    let side = i32::try_from(names.len()).unwrap_or(0) * CELL;
    let size = ((left + side + 20).unsigned_abs(), (top + side + 20).unsigned_abs());
    document(size, |area| {
        let text = |size, h, v| (FONT, size).into_font().color(&BLACK).pos(Pos::new(h, v));
        let write =
            |string: &str, place, style| area.draw(&Text::new(string.to_owned(), place, style));
        write(labels.title, (20, 14), text(16, HPos::Left, VPos::Top))?;
        write(labels.x, (left + side / 2, top - 26), text(13, HPos::Center, VPos::Bottom))?;
        write(labels.y, (20, top - 8), text(13, HPos::Left, VPos::Bottom))?;
        for (i, name) in (0..).zip(names) {
            let middle = i * CELL + CELL / 2;
            write(name, (left + middle, top - 8), text(13, HPos::Center, VPos::Bottom))?;
            write(name, (left - 8, top + middle), text(13, HPos::Right, VPos::Center))?;
        }
        for (y, row) in (0..).zip(counts) {
            let sum = row.iter().sum::<u32>().max(1);
            for (x, count) in (0..).zip(row) {
                let from = (left + x * CELL, top + y * CELL);
                let to = (from.0 + CELL, from.1 + CELL);
                let share = f64::from(*count) / f64::from(sum);
                area.draw(&Rectangle::new([from, to], SERIES[0].mix(0.8 * share).filled()))?;
                area.draw(&Rectangle::new([from, to], BLACK.mix(0.2).stroke_width(1)))?;
                if *count > 0 {
                    let middle = (from.0 + CELL / 2, from.1 + CELL / 2);
                    write(&count.to_string(), middle, text(12, HPos::Center, VPos::Center))?;
                }
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_hold_what_they_are_given() {
        let labels = Labels { title: "a < b", x: "time (s)", y: "accuracy" };
        let series = [Series { name: "plastic".into(), points: vec![(0.0, 0.1), (1.0, 0.8)] }];
        let mark = Mark { name: "switched".into(), x: 0.5 };
        let marked = fractions(&labels, &series, &[mark]).unwrap();
        assert!(marked.contains("switched"));
        let svg = fractions(&labels, &series, &[]).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("plastic") && svg.contains("a &lt; b"));
        assert_eq!(svg, fractions(&labels, &series, &[]).unwrap());
        let svg = scatter(&labels, &series).unwrap();
        assert_eq!(svg.matches("<circle").count(), 2 + 1, "both points and one of the legend");
        let names = ["x".to_owned(), "y".to_owned()];
        let svg = counts(&labels, &names, &[vec![3, 1], vec![0, 77]]).unwrap();
        assert!(svg.contains("77"));
        let tile = Shades { width: 2, values: vec![0.0, 1.0, 2.0, 3.0] };
        let svg = tiles("fields", &names, &["all".to_owned()], &[tile.clone(), tile]).unwrap();
        assert_eq!(
            svg.matches("<rect").count(),
            1 + 2 * 4,
            "the background, borders and shades above 0"
        );
    }
}
