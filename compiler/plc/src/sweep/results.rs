//! Results: a line a point in `results.jsonl`, in the order they came; a table and pictures in the
//! order of the points.

use super::plan::{Map, Plan};
use crate::output::Failure;
use pl_experiment::figure::{self, Labels, Series};
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

    /// The map as an SVG document.
    pub(super) fn pictures(&self, plan: &Plan) -> Result<Vec<(String, Vec<u8>)>, String> {
        let Some(map) = &plan.map else { return Ok(Vec::new()) };
        let axis = |key: &str| plan.grid.iter().position(|(known, _)| known == key).unwrap_or(0);
        let x = axis(&map.x);
        let svg = match &map.y {
            None => self.curve(plan, map, x)?,
            Some(key) => self.heat_map(plan, map, (x, axis(key)))?,
        };
        Ok(vec![("map.svg".to_owned(), svg.into_bytes())])
    }

    fn curve(&self, plan: &Plan, map: &Map, x: usize) -> Result<String, String> {
        let values = plan.grid[x].1.iter();
        let points = values.filter_map(|value| {
            let same = |values: &[f64]| values[x].total_cmp(value).is_eq();
            self.mean(plan, &map.metric, same).map(|mean| (*value, mean))
        });
        let series = [Series { name: map.metric.clone(), points: points.collect() }];
        figure::lines(&Labels { title: "Sweep", x: &map.x, y: &map.metric }, &series)
    }

    fn heat_map(&self, plan: &Plan, map: &Map, (x, y): (usize, usize)) -> Result<String, String> {
        let (xs, ys) = (&plan.grid[x].1, &plan.grid[y].1);
        let cells: Vec<Vec<Option<f64>>> = ys
            .iter()
            .map(|b| {
                xs.iter()
                    .map(|a| {
                        self.mean(plan, &map.metric, |values| {
                            values[x].total_cmp(a).is_eq() && values[y].total_cmp(b).is_eq()
                        })
                    })
                    .collect()
            })
            .collect();
        let labels =
            Labels { title: &map.metric, x: &map.x, y: map.y.as_deref().unwrap_or_default() };
        figure::heat_map(&labels, (xs, ys), &cells)
    }

    /// The best points by the map's metric.
    pub(super) fn summary(&self, plan: &Plan) -> String {
        let Some(map) = &plan.map else { return String::new() };
        let mut places: Vec<(Vec<f64>, f64)> = Vec::new();
        for point in plan.points() {
            if places.iter().any(|(values, _)| *values == point.values) {
                continue;
            }
            let same = |values: &[f64]| values == point.values;
            if let Some(mean) = self.mean(plan, &map.metric, same) {
                places.push((point.values.clone(), mean));
            }
        }
        let extreme = |largest: bool| {
            let order = |a: &&(Vec<f64>, f64), b: &&(Vec<f64>, f64)| a.1.total_cmp(&b.1);
            if largest { places.iter().max_by(order) } else { places.iter().min_by(order) }
        };
        let mut text = String::new();
        for (word, largest) in [("largest", true), ("smallest", false)] {
            let Some((values, mean)) = extreme(largest) else { continue };
            let at = plan.grid.iter().zip(values).map(|((key, _), value)| format!("{key}={value}"));
            let at = at.collect::<Vec<String>>().join(" ");
            let _ = writeln!(text, "  {word} {} {mean:.4} at {at}", map.metric);
        }
        text
    }
}
