//! What is shown while the rule runs: the scene, the weights and what the rule records of itself.

use super::{AutonomousConfig, Place, Point, report};
use crate::engine::RecordSample;
use ndarray::{Array2, ArrayView1};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Cells of a scene, a character wide and half a character high.
const CELLS: usize = 32;
/// Darkest of the 24 greys of a terminal with 256 colours.
const DARKEST: u8 = 232;

/// Draws an autonomous rule as lines of text.
pub(super) struct Scene<'a> {
    config: &'a AutonomousConfig,
}

impl<'a> Scene<'a> {
    pub(super) fn new(config: &'a AutonomousConfig) -> Scene<'a> {
        Scene { config }
    }

    /// The state after so many updates.
    pub(super) fn frame(
        &self,
        updates: u32,
        records: &[RecordSample],
        weights: &Array2<u8>,
    ) -> Vec<String> {
        let latest = latest(records);
        let drawn: Vec<&str> = self.config.scene.iter().flat_map(Point::names).collect();
        let mut numbers = format!("update {updates} of {}", self.config.updates);
        for (name, value) in latest.iter().filter(|(name, _)| !drawn.contains(*name)) {
            let decimals = if value.fract() == 0.0 { 0 } else { 3 };
            let _ = write!(numbers, "  {name} {value:.decimals$}");
        }
        let matrix = matrix(weights);
        let field = self.field(&latest);
        let width = field.iter().map(|line| line.chars().count() + 2).max().unwrap_or(0);
        let text = |lines: &[String], line| lines.get(line).cloned().unwrap_or_default();
        let lines = (0..field.len().max(matrix.len()))
            .map(|line| format!("{:width$}{}", text(&field, line), text(&matrix, line)));
        core::iter::once(numbers).chain(lines).collect()
    }

    /// The points of the scene in a frame, or what of them is not recorded; nothing without any.
    fn field(&self, latest: &BTreeMap<&str, f64>) -> Vec<String> {
        if self.config.scene.is_empty() {
            return Vec::new();
        }
        let missing: Vec<&str> = (self.config.scene.iter().flat_map(Point::names))
            .filter(|name| !latest.contains_key(name))
            .collect();
        if !missing.is_empty() {
            return vec![format!("not recorded: {}", missing.join(", "))];
        }
        let mut cells = [[false; CELLS]; CELLS];
        for Point { x, y, height } in &self.config.scene {
            let [x, y] = [x, y].map(|place| match place {
                Place::At(at) => *at,
                Place::Recorded(name) => latest[name.as_str()],
            });
            let column = cell(x);
            let (low, high) = (cell(y - height / 2.0), cell(y + height / 2.0));
            for row in low..=high {
                cells[CELLS - 1 - row][column] = true;
            }
        }
        let edge = format!("+{}+", "-".repeat(CELLS));
        let line = |pair: &[[bool; CELLS]]| {
            let cell = |column: usize| match (pair[0][column], pair[1][column]) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            };
            format!("|{}|", (0..CELLS).map(cell).collect::<String>())
        };
        let inside = cells.chunks_exact(2).map(line);
        core::iter::once(edge.clone()).chain(inside).chain([edge]).collect()
    }
}

/// The cell of a place between 0 and 1.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the cells")]
fn cell(at: f64) -> usize {
    ((at * CELLS as f64).floor().clamp(0.0, (CELLS - 1) as f64)) as usize
}

/// What the rule last recorded of its own, by name.
fn latest(records: &[RecordSample]) -> BTreeMap<&str, f64> {
    let statements = records.iter().map(|sample| sample.record).max().map_or(0, |last| last + 1);
    let last = |record| records.iter().rfind(|sample| sample.record == record);
    let fields = (0..statements).filter_map(last).flat_map(|sample| &sample.fields);
    fields.filter_map(|field| Some((field.name.as_str(), report::own_value(field)?))).collect()
}

/// Weights as greys, two rows a line.
fn matrix(weights: &Array2<u8>) -> Vec<String> {
    let grey = |weight: u8| DARKEST + weight / 3;
    let line = |above: ArrayView1<'_, u8>, below: Option<ArrayView1<'_, u8>>| {
        let mut line = String::new();
        for (column, weight) in above.iter().enumerate() {
            let below = below.map_or(DARKEST, |row| grey(row[column]));
            let _ = write!(line, "\x1b[38;5;{};48;5;{below}m▀", grey(*weight));
        }
        line + "\x1b[0m"
    };
    let mut rows = weights.rows().into_iter();
    let mut lines = Vec::new();
    while let Some(above) = rows.next() {
        lines.push(line(above, rows.next()));
    }
    lines
}
