//! Results: a line a point in `results.jsonl`, in the order they came; a table and pictures in the
//! order of the points.

use super::plan::{Map, Plan};
use crate::output::Failure;
use crate::report::{ESTIMATES_NOTE, numbers};
use pl_experiment::figure::{self, Border, HeatMap, Labels, Series};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// What a point gave.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) point: usize,
    pub(super) seed: u64,
    pub(super) metrics: BTreeMap<String, f64>,
}

impl Row {
    pub(super) fn line(&self) -> String {
        let metrics: serde_json::Map<String, Value> =
            self.metrics.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        format!("{}\n", json!({ "point": self.point, "seed": self.seed, "metrics": metrics }))
    }

    fn parse(line: &str) -> Option<Row> {
        let value: Value = serde_json::from_str(line).ok()?;
        let metrics = value["metrics"].as_object()?.iter();
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        Some(Row {
            point: usize::try_from(value["point"].as_u64()?).ok()?,
            seed: value["seed"].as_u64()?,
            metrics: metrics.map(|(name, value)| (name.clone(), number(value))).collect(),
        })
    }

    fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).copied()
    }
}

/// The results of a sweep so far.
#[derive(Clone, Debug)]
pub(super) struct Results {
    identity: String,
    rows: BTreeMap<usize, Row>,
}

impl Results {
    /// The results of a file, which is made if it does not exist.
    pub(super) fn open(path: &Path, identity: &str) -> Result<Results, Failure> {
        if !path.exists() {
            let line = format!("{}\n", json!({ "sweep": identity }));
            crate::output::write_file(path, line.as_bytes())?;
        }
        let results = Results::read(path)?;
        if results.identity != identity {
            return Err(Failure::Usage(format!(
                "{} holds results of another sweep, experiment, engine or version; choose another \
                 folder with --out",
                path.display()
            )));
        }
        // The last line may have been cut off.
        crate::output::write_file(path, results.lines().as_bytes())?;
        Ok(results)
    }

    pub(super) fn read(path: &Path) -> Result<Results, Failure> {
        let text = String::from_utf8_lossy(&crate::output::read_file(path)?).into_owned();
        let mut lines = text.lines();
        let head: Option<Value> = lines.next().and_then(|line| serde_json::from_str(line).ok());
        let identity = head.as_ref().and_then(|head| head["sweep"].as_str());
        let Some(identity) = identity else {
            return Err(Failure::Usage(format!("{} holds no results of a sweep", path.display())));
        };
        let rows = lines.filter_map(Row::parse).map(|row| (row.point, row)).collect();
        Ok(Results { identity: identity.to_owned(), rows })
    }

    pub(super) fn has(&self, point: usize) -> bool {
        self.rows.contains_key(&point)
    }

    pub(super) fn add(&mut self, row: Row) {
        self.rows.insert(row.point, row);
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn join(&mut self, other: Results) -> Result<(), String> {
        if other.identity != self.identity {
            return Err("these are results of another sweep".into());
        }
        for (point, row) in other.rows {
            if self.rows.get(&point).is_some_and(|known| *known != row) {
                return Err(format!("point {point} has another result here"));
            }
            self.rows.insert(point, row);
        }
        Ok(())
    }

    /// The whole file, points ascending.
    pub(super) fn lines(&self) -> String {
        let head = format!("{}\n", json!({ "sweep": self.identity }));
        self.rows.values().fold(head, |text, row| text + &row.line())
    }

    /// Names of the metrics, ascending, as the first row has them.
    fn names(&self) -> Vec<String> {
        let first = self.rows.values().next();
        first.map_or_else(Vec::new, |row| row.metrics.keys().cloned().collect())
    }

    /// A table: the point, its values, its seed, its metrics.
    pub(super) fn csv(&self, plan: &Plan) -> String {
        let names = self.names();
        let keys = plan.grid.iter().map(|(key, _)| key.clone());
        let head = ["point".to_owned()].into_iter().chain(keys).chain(["seed".to_owned()]);
        let mut text = head.chain(names.iter().cloned()).collect::<Vec<String>>().join(",") + "\n";
        let points = plan.points();
        for row in self.rows.values() {
            let Some(point) = points.get(row.point) else { continue };
            let _ = write!(text, "{}", row.point);
            point.values.iter().for_each(|value| text += &format!(",{value}"));
            let _ = write!(text, ",{}", row.seed);
            for name in &names {
                let value = row.metric(name).map_or_else(String::new, |value| value.to_string());
                let _ = write!(text, ",{value}");
            }
            text.push('\n');
        }
        text
    }

    /// Mean of a metric over all results whose values `at` accepts.
    fn mean(&self, plan: &Plan, metric: &str, at: impl Fn(&[f64]) -> bool) -> Option<f64> {
        let points = plan.points();
        let rows = self
            .rows
            .values()
            .filter(|row| points.get(row.point).is_some_and(|point| at(&point.values)));
        let values: Vec<f64> = rows.filter_map(|row| row.metric(metric)).collect();
        let count = f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX));
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / count)
    }

    /// The maps as SVG documents: `map.svg` if there is one, else one named after each metric.
    pub(super) fn pictures(&self, plan: &Plan) -> Result<Vec<(String, Vec<u8>)>, String> {
        let picture = |map: &Map| {
            let name = match plan.maps.len() {
                1 => "map.svg".to_owned(),
                _ => format!("map_{}.svg", map.metric),
            };
            let axis =
                |key: &str| plan.grid.iter().position(|(known, _)| known == key).unwrap_or(0);
            let svg = match &map.y {
                None => self.curve(plan, map, axis(&map.x))?,
                Some(y) => self.heat_map(plan, map, (axis(&map.x), axis(y)))?,
            };
            Ok((name, svg.into_bytes()))
        };
        plan.maps.iter().map(picture).collect()
    }

    fn curve(&self, plan: &Plan, map: &Map, x: usize) -> Result<String, String> {
        let values = plan.grid[x].1.iter();
        let points = values.filter_map(|value| {
            let same = |values: &[f64]| values[x].total_cmp(value).is_eq();
            self.mean(plan, &map.metric, same).map(|mean| (*value, mean))
        });
        let series = [Series { name: map.metric.clone(), points: points.collect() }];
        let label = |own: &Option<String>, other: &str| own.as_deref().unwrap_or(other).to_owned();
        let (title, x) = (label(&map.labels.title, "Sweep"), label(&map.labels.x, &map.x));
        let y = label(&map.labels.metric, &map.metric);
        figure::lines(&Labels { title: &title, x: &x, y: &y }, &series)
    }

    fn heat_map(&self, plan: &Plan, map: &Map, axes: (usize, usize)) -> Result<String, String> {
        let cells = self.cells(plan, &map.metric, axes);
        let borders = map.border.iter();
        let borders: Vec<_> =
            borders.map(|border| (&border.name, self.cells(plan, &border.metric, axes))).collect();
        let borders: Vec<Border<'_>> =
            borders.iter().map(|(name, cells)| Border { name, cells }).collect();
        let label = |own: &Option<String>, other: &str| own.as_deref().unwrap_or(other).to_owned();
        let title = label(&map.labels.title, &map.metric);
        let scale = label(&map.labels.metric, "");
        let x = label(&map.labels.x, &map.x);
        let y = label(&map.labels.y, map.y.as_deref().unwrap_or_default());
        let picture = HeatMap {
            labels: Labels { title: &title, x: &x, y: &y },
            scale: &scale,
            xs: &plan.grid[axes.0].1,
            ys: &plan.grid[axes.1].1,
            cells: &cells,
            borders: &borders,
        };
        picture.draw()
    }

    /// Means of a metric at each pair of values of two keys, the first key's along a row.
    fn cells(&self, plan: &Plan, metric: &str, (x, y): (usize, usize)) -> Vec<Vec<Option<f64>>> {
        // One pass over the results: a map may have many thousand points.
        let (xs, ys) = (&plan.grid[x].1, &plan.grid[y].1);
        let mut sums = vec![vec![(0.0, 0u32); xs.len()]; ys.len()];
        let points = plan.points();
        let place =
            |list: &[f64], value: f64| list.iter().position(|v| v.total_cmp(&value).is_eq());
        for row in self.rows.values() {
            let Some(point) = points.get(row.point) else { continue };
            let cell = place(ys, point.values[y]).zip(place(xs, point.values[x]));
            if let (Some((line, column)), Some(value)) = (cell, row.metric(metric)) {
                let (sum, count) = &mut sums[line][column];
                *sum += value;
                *count += 1;
            }
        }
        let mean = |(sum, count): &(f64, u32)| (*count > 0).then(|| sum / f64::from(*count));
        sums.iter().map(|line| line.iter().map(mean).collect()).collect()
    }

    /// Mean and the best points by each map's metric; then the estimate of all points.
    pub(super) fn summary(&self, plan: &Plan) -> String {
        let maps = plan.maps.iter().map(|map| self.summary_of(plan, &map.metric));
        maps.chain(self.estimates()).collect()
    }

    /// Sum, least and most of the estimated numbers, if the task has such.
    fn estimates(&self) -> Option<String> {
        let line = |(name, unit): (&str, &str)| {
            let values: Vec<f64> = self.rows.values().filter_map(|row| row.metric(name)).collect();
            let least = values.iter().copied().reduce(f64::min)?;
            let most = values.iter().copied().reduce(f64::max)?;
            let texts = numbers(&[values.iter().sum(), least, most]);
            let [all, least, most] = &texts[..] else { return None };
            Some(format!("  {name} {all} {unit} in all, {least} to {most} a point\n"))
        };
        let lines = [("estimate_chip_time_s", "s"), ("estimate_energy_j", "J")].map(line);
        let lines: String = lines.into_iter().flatten().collect();
        (!lines.is_empty()).then(|| lines + ESTIMATES_NOTE)
    }

    fn summary_of(&self, plan: &Plan, metric: &str) -> String {
        let points = plan.points();
        // Points of one place follow each other; seeds vary fastest.
        let mut places: Vec<(&[f64], Vec<f64>)> = Vec::new();
        for row in self.rows.values() {
            let (Some(point), Some(value)) = (points.get(row.point), row.metric(metric)) else {
                continue;
            };
            match places.last_mut().filter(|(values, _)| *values == point.values) {
                Some((_, found)) => found.push(value),
                None => places.push((&point.values, vec![value])),
            }
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let places: Vec<(&[f64], f64)> =
            places.iter().map(|(values, found)| (*values, mean(found))).collect();
        let extreme = |largest: bool| {
            let order = |a: &&(&[f64], f64), b: &&(&[f64], f64)| a.1.total_cmp(&b.1);
            if largest { places.iter().max_by(order) } else { places.iter().min_by(order) }
        };
        let mut text = String::new();
        for (word, largest) in [("largest", true), ("smallest", false)] {
            let Some((values, mean)) = extreme(largest) else { continue };
            let at =
                plan.grid.iter().zip(*values).map(|((key, _), value)| format!("{key}={value}"));
            let at = at.collect::<Vec<String>>().join(" ");
            let _ = writeln!(text, "  {word} {metric} {mean:.4} at {at}");
        }
        let all: Vec<f64> = places.iter().map(|(_, mean)| *mean).collect();
        let _ = writeln!(text, "  mean {metric} {:.4} of {} places", mean(&all), all.len());
        text
    }
}
