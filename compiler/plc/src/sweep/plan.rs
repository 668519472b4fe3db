//! The file of a sweep.

use crate::experiment_file::ExperimentFile;
use pl_experiment::{ConfigError, Experiment};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Most points of a sweep.
const POINTS_MAX: usize = 1_000_000;

/// A sweep as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Path of the experiment, from the sweep's folder.
    experiment: String,
    /// Seeds of each point of the grid.
    seeds: Seeds,
    /// Changes that hold for all points.
    #[serde(default)]
    set: BTreeMap<String, toml::Value>,
    /// Values of each key.
    grid: BTreeMap<String, Axis>,
    /// What to draw at the end.
    #[serde(default)]
    map: Maps,
}

/// A table `[map]`, or a list of `[[map]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Maps {
    One(Map),
    Several(Vec<Map>),
}

impl Default for Maps {
    fn default() -> Maps {
        Maps::Several(Vec::new())
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Seeds {
    List(Vec<u64>),
    Range { first: u64, count: u64 },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Axis {
    List(Vec<f64>),
    Steps { from: f64, to: f64, steps: u32 },
}

/// A picture: a metric over one or two keys of the grid, averaged over everything else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Map {
    /// Key of the horizontal axis.
    pub(super) x: String,
    /// Key of the vertical axis; without it the picture has lines.
    pub(super) y: Option<String>,
    /// The metric.
    pub(super) metric: String,
    /// Names to draw in place of keys and metric.
    #[serde(default)]
    pub(super) labels: MapLabels,
    /// Lines over a picture of two keys, where other metrics pass one half.
    #[serde(default)]
    pub(super) border: Vec<MapBorder>,
}

/// Names of a picture and its parts, with units.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MapLabels {
    pub(super) title: Option<String>,
    pub(super) x: Option<String>,
    pub(super) y: Option<String>,
    pub(super) metric: Option<String>,
}

/// Where another metric passes one half.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MapBorder {
    pub(super) metric: String,
    /// What the line stands for.
    pub(super) name: String,
}

/// A sweep, checked.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    text: String,
    pub(super) experiment: String,
    pub(super) set: Vec<String>,
    seeds: Vec<u64>,
    /// Keys and their values, keys ascending.
    pub(super) grid: Vec<(String, Vec<f64>)>,
    pub(super) maps: Vec<Map>,
}

/// A point of the grid with a seed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    /// Its number, from 0: the last key varies fastest, seeds faster still.
    pub(super) number: usize,
    /// Values of the keys, in their order.
    pub(super) values: Vec<f64>,
    pub(super) seed: u64,
}

impl Plan {
    pub(super) fn parse(text: &str) -> Result<Plan, String> {
        let written: Written =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let seeds = match written.seeds {
            Seeds::List(seeds) => seeds,
            Seeds::Range { first, count } => {
                let end = first.checked_add(count).ok_or("seeds end beyond 2^64")?;
                if count > POINTS_MAX as u64 {
                    return Err(format!("{count} seeds are too many"));
                }
                (first..end).collect()
            }
        };
        let mut grid = Vec::new();
        for (key, axis) in written.grid {
            grid.push((key.clone(), axis.values().map_err(|what| format!("`{key}`: {what}"))?));
        }
        let points = grid
            .iter()
            .map(|(_, values)| values.len())
            .chain([seeds.len()])
            .try_fold(1usize, usize::checked_mul);
        match points {
            Some(0) => return Err("the sweep has no point".into()),
            Some(count) if count <= POINTS_MAX => {}
            _ => return Err(format!("the sweep has more than {POINTS_MAX} points")),
        }
        let maps = match written.map {
            Maps::One(map) => vec![map],
            Maps::Several(maps) => maps,
        };
        for map in &maps {
            if map.border.len() > 2 {
                return Err("[map]: two borders are the most that can be told apart".into());
            }
            for key in [Some(&map.x), map.y.as_ref()].into_iter().flatten() {
                if grid.iter().all(|(known, _)| known != key) {
                    return Err(format!("[map]: `{key}` is no key of [grid]"));
                }
            }
        }
        let set = written.set.iter().map(|(key, value)| format!("{key}={value}")).collect();
        Ok(Plan { text: text.to_owned(), experiment: written.experiment, set, seeds, grid, maps })
    }

    /// Every point.
    pub(super) fn points(&self) -> Vec<Point> {
        let mut places: Vec<Vec<f64>> = vec![Vec::new()];
        for (_, values) in &self.grid {
            places = places
                .iter()
                .flat_map(|place| {
                    values.iter().map(|value| {
                        let mut place = place.clone();
                        place.push(*value);
                        place
                    })
                })
                .collect();
        }
        let pairs = places
            .into_iter()
            .flat_map(|values| self.seeds.iter().map(move |seed| (values.clone(), *seed)));
        pairs.enumerate().map(|(number, (values, seed))| Point { number, values, seed }).collect()
    }

    /// What a point changes, as `KEY=VALUE`.
    pub(super) fn changes(&self, point: &Point) -> Vec<String> {
        let own = self.grid.iter().zip(&point.values);
        let own = own.map(|((key, _), value)| format!("{key}={value}"));
        self.set.iter().cloned().chain(own).collect()
    }

    /// The experiment of a point. A sweep keeps numbers alone: membranes are not recorded.
    pub(super) fn experiment(
        &self,
        source: &ExperimentFile,
        point: &Point,
    ) -> Result<Experiment, ConfigError> {
        let mut experiment = source.parse(&self.changes(point))?;
        experiment.record.membranes = None;
        Ok(experiment)
    }

    /// What results must have in common to be joined; `data_sha256` are the hashes of the files that
    /// the experiment reads, by name.
    pub(super) fn identity(
        &self,
        experiment: &str,
        engine: &str,
        data_sha256: &BTreeMap<String, String>,
    ) -> String {
        let mut digest = Sha256::new();
        let own = [self.text.as_str(), experiment, engine, env!("CARGO_PKG_VERSION")];
        let data = data_sha256.iter().flat_map(|(name, hash)| [name.as_str(), hash.as_str()]);
        for part in own.into_iter().chain(data) {
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Axis {
    fn values(self) -> Result<Vec<f64>, String> {
        let values = match self {
            Axis::List(values) => values,
            Axis::Steps { from, to, steps } => {
                if !(2..=100_000).contains(&steps) {
                    return Err("`steps` must be 2 to 100000".into());
                }
                let last = f64::from(steps - 1);
                (0..steps).map(|i| from + (to - from) * f64::from(i) / last).collect()
            }
        };
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return Err("an axis needs finite values".into());
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "experiment = 'e.toml'\nseeds = { first = 3, count = 2 }\n\
                        [grid]\n'r.b' = [1, 2]\n'r.a' = { from = 0, to = 1, steps = 3 }\n";

    #[test]
    fn points_are_numbered_with_seeds_fastest() {
        let plan = Plan::parse(TEXT).unwrap_or_else(|message| panic!("{message}"));
        let points = plan.points();
        assert_eq!(points.len(), 12);
        assert_eq!(points[3], Point { number: 3, values: vec![0.0, 2.0], seed: 4 });
        assert_eq!(plan.changes(&points[5]), ["r.a=0.5", "r.b=1"]);
    }

    #[test]
    fn wrong_files_are_refused() {
        for (change, message) in [
            ("steps = 3", "steps = 1"),
            ("[1, 2]", "[]"),
            ("count = 2", "count = 0"),
            ("[grid]", "[map]\nx = 'q'\nmetric = 'm'\n[grid]"),
            ("seeds", "seed"),
        ] {
            assert!(Plan::parse(&TEXT.replace(change, message)).is_err(), "{message}");
        }
    }
}
