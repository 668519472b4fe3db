//! Maps: a value for each pair of two quantities.

use super::{DrawError, FONT, Labels, document, number};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Width and height of the map itself.
const SIDE: i32 = 360;
const LEFT: i32 = 96;
const TOP: i32 = 52;
/// Numbers along an axis, at most.
const NUMBERS: usize = 5;
/// Colours of borders, seen on both ends of the scale.
const BORDERS: [RGBColor; 2] = [RGBColor(220, 20, 60), RGBColor(230, 159, 0)];
/// Height of a line of the legend.
const LEGEND: i32 = 20;

type Area<'a> = super::Area<'a>;

/// Shades from the smallest to the largest value, with a scale; cells without a value stay white.
#[derive(Clone, Copy, Debug)]
pub struct HeatMap<'a> {
    /// Names of the map and its axes.
    pub labels: Labels<'a>,
    /// What the shades stand for, with its unit; above the scale.
    pub scale: &'a str,
    /// Values along the horizontal axis.
    pub xs: &'a [f64],
    /// Values along the vertical axis, upwards.
    pub ys: &'a [f64],
    /// A row for each of `ys` with a cell for each of `xs`.
    pub cells: &'a [Vec<Option<f64>>],
    /// Lines over the map, at most two.
    pub borders: &'a [Border<'a>],
}

/// The line between cells where something is below one half and cells where it is above.
#[derive(Clone, Copy, Debug)]
pub struct Border<'a> {
    /// What it stands for.
    pub name: &'a str,
    /// Values, in the order of the map's cells.
    pub cells: &'a [Vec<Option<f64>>],
}

impl HeatMap<'_> {
    /// The map as an SVG document.
    ///
    /// # Errors
    /// What the library says.
    pub fn draw(&self) -> Result<String, String> {
        let legend = (0..).zip(self.borders.iter().zip(BORDERS));
        let height = 480 + 20 * self.borders.len().try_into().unwrap_or(0);
        let svg = document((680, height), |area| {
            self.draw_labels(area)?;
            self.draw_cells(area)?;
            self.draw_scale(area)?;
            for (place, (border, colour)) in legend {
                self.draw_border(area, border, colour)?;
                let (left, y) = (LEFT, TOP + SIDE + 60 + LEGEND * place);
                let line = [(left, y), (left + 24, y)];
                area.draw(&PathElement::new(line, colour.stroke_width(2)))?;
                write(area, border.name, (left + 32, y), 13, HPos::Left, VPos::Center)?;
            }
            let frame = BLACK.mix(0.4).stroke_width(1);
            area.draw(&Rectangle::new([(LEFT, TOP), (LEFT + SIDE, TOP + SIDE)], frame))
        })?;
        // Else the ground shows between neighbours where a pixel of the screen is no whole unit.
        Ok(svg.replacen("<svg ", "<svg shape-rendering=\"crispEdges\" ", 1))
    }

    /// Lower left corner of a cell; the first row lies at the bottom, as axes go.
    fn corner(&self, x: i32, y: i32) -> (i32, i32) {
        let count = |n: usize| i32::try_from(n.max(1)).unwrap_or(i32::MAX);
        let (columns, rows) = (count(self.xs.len()), count(self.ys.len()));
        (LEFT + x * SIDE / columns, TOP + SIDE - y * SIDE / rows)
    }

    fn range(&self) -> (f64, f64) {
        let known = || self.cells.iter().flatten().flatten().copied();
        (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max))
    }

    fn draw_labels(&self, area: &Area<'_>) -> Result<(), DrawError<'static>> {
        let bottom = TOP + SIDE;
        write(area, self.labels.title, (LEFT, 12), 16, HPos::Left, VPos::Top)?;
        let middle = LEFT + SIDE / 2;
        write(area, self.labels.x, (middle, bottom + 30), 13, HPos::Center, VPos::Top)?;
        write(area, self.labels.y, (LEFT, TOP - 4), 13, HPos::Left, VPos::Bottom)?;
        for (place, value) in numbers(self.xs) {
            let ((from, _), (to, _)) = (self.corner(place, 0), self.corner(place + 1, 0));
            let at = ((from + to) / 2, bottom + 8);
            write(area, &number(value), at, 12, HPos::Center, VPos::Top)?;
        }
        for (place, value) in numbers(self.ys) {
            let ((_, from), (_, to)) = (self.corner(0, place), self.corner(0, place + 1));
            let at = (LEFT - 8, (from + to) / 2);
            write(area, &number(value), at, 12, HPos::Right, VPos::Center)?;
        }
        Ok(())
    }

    fn draw_cells(&self, area: &Area<'_>) -> Result<(), DrawError<'static>> {
        let (low, high) = self.range();
        let shade = |value: f64| if high > low { (value - low) / (high - low) } else { 0.5 };
        for (y, row) in (0..).zip(self.cells) {
            // Cells of one value beside each other are one rectangle.
            let mut x = 0;
            for same in row.chunk_by(|a, b| a == b) {
                let end = x + i32::try_from(same.len()).unwrap_or(0);
                if let [Some(value), ..] = same {
                    let cells = [self.corner(x, y), self.corner(end, y + 1)];
                    let colour = ViridisRGB.get_color(shade(*value));
                    area.draw(&Rectangle::new(cells, colour.filled()))?;
                }
                x = end;
            }
        }
        Ok(())
    }

    fn draw_scale(&self, area: &Area<'_>) -> Result<(), DrawError<'static>> {
        let (left, bottom) = (LEFT + SIDE + 30, TOP + SIDE);
        for step in 0..100 {
            let y = bottom - (step + 1) * SIDE / 100;
            let bar = [(left, y), (left + 20, y + SIDE / 100 + 1)];
            let colour = ViridisRGB.get_color(f64::from(step) / 99.0);
            area.draw(&Rectangle::new(bar, colour.filled()))?;
        }
        write(area, self.scale, (left, TOP - 4), 13, HPos::Left, VPos::Bottom)?;
        let (low, high) = self.range();
        for (y, value) in [(bottom, low), (TOP + SIDE / 2, (low + high) / 2.0), (TOP, high)] {
            if value.is_finite() {
                write(area, &number(value), (left + 26, y), 12, HPos::Left, VPos::Center)?;
            }
        }
        Ok(())
    }

    /// Draws the edges of cells that have a neighbour on the other side.
    fn draw_border(
        &self,
        area: &Area<'_>,
        border: &Border<'_>,
        colour: RGBColor,
    ) -> Result<(), DrawError<'static>> {
        let inside = |x: usize, y: usize| {
            let value = border.cells.get(y).and_then(|row| row.get(x)).copied().flatten();
            value.map(|value| value > 0.5)
        };
        let differ = |a: Option<bool>, b: Option<bool>| a.is_some() && b.is_some() && a != b;
        let line = |from, to| area.draw(&PathElement::new([from, to], colour.stroke_width(2)));
        for (row, y) in (0..self.ys.len()).zip(0..) {
            for (column, x) in (0..self.xs.len()).zip(0..) {
                let here = inside(column, row);
                if differ(here, inside(column + 1, row)) {
                    line(self.corner(x + 1, y), self.corner(x + 1, y + 1))?;
                }
                if differ(here, inside(column, row + 1)) {
                    line(self.corner(x, y + 1), self.corner(x + 1, y + 1))?;
                }
            }
        }
        Ok(())
    }
}

fn write(
    area: &Area<'_>,
    text: &str,
    place: (i32, i32),
    size: i32,
    h: HPos,
    v: VPos,
) -> Result<(), DrawError<'static>> {
    let style = (FONT, size).into_font().color(&BLACK).pos(Pos::new(h, v));
    area.draw(&Text::new(text.to_owned(), place, style))
}

/// Places along an axis that get a number, evenly spread, and the numbers.
fn numbers(values: &[f64]) -> Vec<(i32, f64)> {
    let all: Vec<(i32, f64)> = (0..).zip(values.iter().copied()).collect();
    if all.len() <= NUMBERS {
        return all;
    }
    (0..NUMBERS).map(|i| all[i * (all.len() - 1) / (NUMBERS - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_spread_over_the_axis() {
        assert_eq!(number(0.012_345_678), "0.01235");
        assert_eq!([1234.56, 12.3456, 0.0, -0.05].map(number), ["1235", "12.35", "0", "-0.05"]);
        let values: Vec<f64> = (0..32).map(f64::from).collect();
        let places: Vec<i32> = super::numbers(&values).iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [0, 7, 15, 23, 31]);
    }

    #[test]
    fn a_border_runs_between_cells_of_both_sides() {
        let cells = vec![vec![Some(1.0), Some(2.0)], vec![Some(3.0), None]];
        let sides = vec![vec![Some(0.0), Some(1.0)], vec![Some(0.0), None]];
        let map = HeatMap {
            labels: Labels { title: "map", x: "a (s)", y: "b (Hz)" },
            scale: "rate (Hz)",
            xs: &[0.0, 1.0],
            ys: &[0.0, 1.0],
            cells: &cells,
            borders: &[Border { name: "predicted", cells: &sides }],
        };
        let svg = map.draw().unwrap();
        // One edge between both sides, and the sample in the legend; three cells, a scale, frames.
        assert_eq!(svg.matches("<polyline").count(), 2, "{svg}");
        assert_eq!(svg.matches("<rect").count(), 1 + 3 + 100 + 1);
        let plain = HeatMap { borders: &[], ..map }.draw().unwrap();
        assert_eq!(plain.matches("<polyline").count(), 0);
    }
}
