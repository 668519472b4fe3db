//! Membranes that a run records, in any task whose neurons spike while time passes.
//!
//! ```toml
//! [record.membranes]
//! columns = [0, 3]        # a number, a range "0..8" or a list
//! duration_ms = 0.5       # of hardware time since the rules began; from_ms = 0
//! ```
//!
//! A trace holds codes of the columns' converters, with their noise and offsets, one a period. A
//! reading is a function of the chip's state, the place and the time: recording changes nothing else.
//! On the real chip rules and recordings share these converters, and only one of them can have them.

use crate::chips::Chips;
use crate::config::ConfigError;
use crate::figure::{Labels, Series, Style, curves};
use crate::outcome::{Archive, Elements, NamedArray, Outcome, Picture};
use borsh::{BorshDeserialize, BorshSerialize};
use ndarray::{Array1, Array2};
use pl_chip::HEMISPHERES;
use pl_chip::config::Indices;
use pl_chip::time::{ticks_from_us, us_from_ticks};
use serde::Deserialize;

/// Most codes of a trace.
const CODES_MAX: f64 = 1e7;
/// Neurons that a picture shows: as many as lines have colours.
const NEURONS_SHOWN: usize = 6;
/// Readings of each neuron that a picture shows, the first ones.
const READINGS_SHOWN: usize = 1000;

/// The `[record]` table: what a run records besides the results of its task.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordConfig {
    /// Membranes; default none.
    pub membranes: Option<MembranesConfig>,
}

/// The `[record.membranes]` table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MembranesConfig {
    /// Number of the chip, in tasks with several; default 0.
    #[serde(default)]
    pub chip: usize,
    /// 0 top, the default, or 1 bottom.
    #[serde(default)]
    pub hemisphere: usize,
    /// Columns of the neurons, ascending; default 0.
    #[serde(default = "default_columns")]
    pub columns: Indices,
    /// Hardware time from reading to reading; default 2, which periodic readings into the memory of a
    /// PPU take (docstring of hxtorch `spiking/modules/neuron.py`).
    #[serde(default = "default_period_us")]
    pub period_us: f64,
    /// The first reading, hardware time since the rules, or the network, began; default 0.
    #[serde(default)]
    pub from_ms: f64,
    /// Hardware time that is recorded; default 1.
    #[serde(default = "default_duration_ms")]
    pub duration_ms: f64,
}

fn default_columns() -> Indices {
    Indices(vec![0])
}

fn default_duration_ms() -> f64 {
    1.0
}

fn default_period_us() -> f64 {
    2.0
}

impl MembranesConfig {
    /// Checks the table, for a task with this number of chips.
    pub(crate) fn check(&self, chips: usize) -> Result<(), ConfigError> {
        let wrong = |text: String| Err(ConfigError(format!("`record.membranes.{text}")));
        for (name, value, end) in
            [("chip", self.chip, chips), ("hemisphere", self.hemisphere, HEMISPHERES)]
        {
            if value >= end {
                let last = end - 1;
                return wrong(format!("{name}` must be 0 to {last} in this task, not {value}"));
            }
        }
        let columns = &self.columns.0;
        if columns.is_empty() || columns.windows(2).any(|pair| pair[0] >= pair[1]) {
            return wrong("columns` must be at least one column, ascending".into());
        }
        if !(0.1..=1e6).contains(&self.period_us) {
            return wrong(format!("period_us` must be 0.1 to 1000000, not {}", self.period_us));
        }
        for (name, value) in [("from_ms", self.from_ms), ("duration_ms", self.duration_ms)] {
            if !(0.0..=1e6).contains(&value) {
                return wrong(format!("{name}` must be 0 to 1000000, not {value}"));
            }
        }
        let readings = self.duration_ms * 1000.0 / self.period_us;
        if readings * columns.len() as f64 > CODES_MAX {
            return wrong(format!(
                "period_us` gives {readings:.0} readings of {} columns, more than {CODES_MAX} in all: \
                 make it longer, or record fewer columns or a shorter time",
                columns.len()
            ));
        }
        Ok(())
    }

    fn period(&self) -> u64 {
        ticks_from_us(self.period_us).max(1)
    }

    /// When a reading is due, ticks after the begin; of none after the last.
    fn due(&self, reading: u64) -> Option<u64> {
        let after = reading * self.period();
        let recorded = after < ticks_from_us(1000.0 * self.duration_ms);
        recorded.then(|| ticks_from_us(1000.0 * self.from_ms) + after)
    }
}

/// Membranes as they were read: codes by reading, then column. A state of a run, so that one that goes
/// on ends with the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Trace {
    /// Readings so far.
    readings: u64,
    codes: Vec<u8>,
}

/// Reads membranes while a chip runs.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    config: MembranesConfig,
    /// When what is recorded began, ticks.
    pub(crate) begun: u64,
    pub(crate) trace: Trace,
}

impl Recorder {
    /// One that goes on from a trace, of a time that began at 0 unless `begun` says otherwise.
    pub(crate) fn new(config: &MembranesConfig, trace: Trace) -> Recorder {
        Recorder { config: config.clone(), begun: 0, trace }
    }

    /// When the next reading is due, if that is not after `t_end`.
    fn due_by(&self, t_end: u64) -> Option<u64> {
        let due = self.config.due(self.trace.readings)? + self.begun;
        Some(due).filter(|due| *due <= t_end)
    }

    /// Takes the reading that is due now.
    fn read(&mut self, chips: &impl Chips) {
        let codes = chips.chip(self.config.chip).membrane_codes(self.config.hemisphere);
        self.trace.codes.extend(self.config.columns.0.iter().map(|column| codes[*column]));
        self.trace.readings += 1;
    }

    /// Advances chips to `t_end` and takes the readings that are due until then, `t_end` included.
    pub(crate) fn pass(recorder: &mut Option<Recorder>, chips: &mut impl Chips, t_end: u64) {
        if let Some(recorder) = recorder {
            while let Some(due) = recorder.due_by(t_end) {
                chips.run_until(due);
                recorder.read(chips);
            }
        }
        chips.run_until(t_end);
    }
}

/// Adds the traces of a task's runs, each under its name, to what the task leaves: arrays and a
/// picture of each.
pub(crate) fn report<'a>(
    config: Option<&MembranesConfig>,
    traces: impl Iterator<Item = (&'a str, Option<&'a Trace>)>,
    outcome: &mut Outcome,
) {
    let Some(config) = config else { return };
    let columns = config.columns.0.iter().map(|column| column.to_le_bytes()[0]);
    let columns = Elements::U8(columns.collect::<Array1<u8>>().into_dyn());
    let mut arrays = vec![NamedArray { name: "columns".into(), elements: columns }];
    for (name, trace) in traces.filter_map(|(name, trace)| Some((name, trace?))) {
        let ending = if name.is_empty() { String::new() } else { format!("_{name}") };
        let times_us: Vec<f64> =
            (0..trace.readings).map_while(|n| config.due(n)).map(us_from_ticks).collect();
        let shape = (times_us.len(), config.columns.0.len());
        let codes = Array2::from_shape_fn(shape, |(n, i)| trace.codes[n * shape.1 + i]);
        if config.due(trace.readings).is_some() && !outcome.interrupted {
            outcome.warnings.push(format!(
                "the run{}{name} ended before all membranes were recorded: {} readings were taken, see \
                 [record.membranes]",
                if name.is_empty() { "" } else { " " },
                trace.readings
            ));
        }
        outcome.pictures.extend(picture(config, name, &times_us, &codes));
        let times = Elements::F64(Array1::from(times_us).into_dyn());
        arrays.push(NamedArray { name: format!("time_us{ending}"), elements: times });
        let codes = Elements::U8(codes.into_dyn());
        arrays.push(NamedArray { name: format!("codes{ending}"), elements: codes });
    }
    outcome.archives.push(Archive { file: "membranes.npz".into(), arrays });
}

fn picture(
    config: &MembranesConfig,
    name: &str,
    times_us: &[f64],
    codes: &Array2<u8>,
) -> Option<Picture> {
    let neuron = |(i, column): (usize, &usize)| {
        let codes = codes.column(i);
        let points = times_us.iter().zip(codes).map(|(time, code)| (*time, f64::from(*code)));
        let series = Series {
            name: format!("column {column}"),
            points: points.take(READINGS_SHOWN).collect(),
        };
        (series, Style::Line)
    };
    let shown = config.columns.0.iter().enumerate().take(NEURONS_SHOWN);
    let series: Vec<(Series, Style)> = shown.map(neuron).collect();
    let what = match name {
        "" => "Membranes".to_owned(),
        name => format!("Membranes, {}", name.replace('_', " ")),
    };
    let labels = Labels {
        title: &what,
        x: "hardware time since the beginning (us)",
        y: "membrane (ADC code, LSB)",
    };
    // Drawing into memory fails for no input; a run is not lost for a picture.
    let svg = curves(&labels, &series).ok()?;
    let part = |all: usize, shown: usize, of: &str| match all > shown {
        true => format!(" The first {shown} {of} of {all}."),
        false => String::new(),
    };
    let caption = format!(
        "{what}: neurons of hemisphere {}, one reading in {} us.{}{}",
        config.hemisphere,
        config.period_us,
        part(config.columns.0.len(), NEURONS_SHOWN, "neurons"),
        part(times_us.len(), READINGS_SHOWN, "readings")
    );
    let file = match name {
        "" => "membranes.svg".to_owned(),
        name => format!("membranes_{name}.svg"),
    };
    Some(Picture { file, caption, svg })
}
