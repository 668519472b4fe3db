//! Recorded arrays: what a file holds, and what of it an update starts from.

use super::values::{self, Given};
use ndarray::{Array2, Array3, ArrayD, Axis};
use pl_diag::did_you_mean;
use pl_driver::Rule;
use pl_driver::ir::io::{self, COLUMNS, Event};
use pl_driver::ir::{Op, Quantity};
use pl_driver::test_run::{BASELINE, Bench};
use pl_experiment::archive::ArchiveReader;

/// The arrays that a file may have: name, shape, what it holds. R rows, C columns, U updates.
const ARRAYS: [(&str, &str, &str); 10] = [
    ("weights", "(R, C) or (U+1, R, C)", "0 to 63: before the first update, or also after each"),
    ("addresses", "(R, C) or (U+1, R, C)", "0 to 63, likewise; 0 if it is missing"),
    ("causal", "(R, C) or (U, R, C)", "ADC codes, the same in all updates or those of each"),
    ("acausal", "(R, C) or (U, R, C)", "likewise"),
    ("causal_baseline", "(1) or (C)", "ADC codes without correlation; goes with `causal`"),
    ("acausal_baseline", "(1) or (C)", "likewise"),
    ("rates", "(C) or (U, C)", "spikes of each neuron since the last reset"),
    ("membranes", "(C) or (U, C)", "ADC codes"),
    ("rows", "(R)", "hardware rows, ascending; from 0 if it is missing"),
    ("events", "(E, 3)", "events sent, to compare with: update from 0, row, address 0 to 63"),
];

/// What `plc apply --help` says of the arrays.
pub(crate) fn arrays_help() -> String {
    let mut text = String::from(
        "Arrays of FILE, with R rows, C columns and U updates; `weights` must be there, and each \
         sensor that\nthe rule reads. Elements are uint8, int16, int32 or int64, of 0 to 255:\n",
    );
    for (name, shape, what) in ARRAYS {
        text.push_str(&format!("  {name:<17} {shape:<22} {what}\n"));
    }
    text.push_str(
        "Numbers of any kind, in the ranges that the rule declares, one a synapse (R, C), neuron (C), row \
         (R) or rule:\n  input.NAME        the same in all updates, or those of each behind an axis of \
         U; initial if it is missing\n  state.NAME        before the first update; as `start` leaves it if \
         it is missing\nResults are `weights`, `addresses` and each `state.NAME` after every update, `events`, \
         and\nwhat the rule records: `record0_NAME`, raw, and `record0_update`.\n",
    );
    text
}

/// Most rows of a view.
const ROWS_MAX: usize = pl_fixed::chip::ROWS as usize;

/// What a file holds, one element an update along the first axis, or a single one for all.
pub(super) struct Capture {
    /// Updates to do.
    pub(super) updates: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Hardware rows.
    pub(super) row_numbers: Vec<u8>,
    pub(super) weights: Array3<u8>,
    pub(super) addresses: Option<Array3<u8>>,
    pub(super) causal: Option<Array3<u8>>,
    pub(super) acausal: Option<Array3<u8>>,
    /// One a column.
    pub(super) causal_baseline: Vec<u8>,
    pub(super) acausal_baseline: Vec<u8>,
    /// Updates by one by columns.
    pub(super) rates: Option<Array3<u8>>,
    pub(super) membranes: Option<Array3<u8>>,
    /// What was sent, in order.
    pub(super) events: Option<Vec<Sent>>,
    /// Inputs and states.
    values: Vec<Given>,
}

/// An event with the number of its update, from 0.
pub(super) type Sent = (usize, Event);

impl Capture {
    /// Reads the arrays that updates of `rule` start from.
    ///
    /// # Errors
    /// What of the file is wrong, or missing.
    pub(super) fn parse(bytes: &[u8], rule: &Rule) -> Result<Capture, String> {
        let mut reader = ArchiveReader::open(bytes)?;
        check_known(reader.names(), rule)?;
        let events = reader.integers("events")?.map(events_of).transpose()?;
        let mut plane = |name: &str| bytes_of(&mut reader, name);
        let weights = plane("weights")?.ok_or("it has no array `weights`")?;
        let mut cube = |name: &str| -> Result<Option<Array3<u8>>, String> {
            plane(name)?.map(|array| to_cube(name, array)).transpose()
        };
        let (addresses, causal, acausal) = (cube("addresses")?, cube("causal")?, cube("acausal")?);
        let weights = to_cube("weights", weights)?;
        let (_, rows, columns) = weights.dim();
        let mut line = |name: &str| -> Result<Option<Array3<u8>>, String> {
            let Some(array) = plane(name)? else { return Ok(None) };
            let array = if array.ndim() == 1 { array.insert_axis(Axis(0)) } else { array };
            to_cube(name, array.insert_axis(Axis(1))).map(Some)
        };
        let (rates, membranes) = (line("rates")?, line("membranes")?);
        let mut baseline = |name: &str, codes: &Option<Array3<u8>>| -> Result<Vec<u8>, String> {
            match plane(name)?.map(|array| array.iter().copied().collect::<Vec<u8>>()) {
                Some(one) if one.len() == 1 => Ok(vec![one[0]; columns]),
                Some(all) if all.len() == columns => Ok(all),
                Some(other) => {
                    Err(format!("`{name}` has {} values, not 1 or {columns}", other.len()))
                }
                None if codes.is_some() => Err(format!("it has ADC codes, but no `{name}`")),
                None => Ok(vec![BASELINE; columns]),
            }
        };
        let causal_baseline = baseline("causal_baseline", &causal)?;
        let acausal_baseline = baseline("acausal_baseline", &acausal)?;
        let row_numbers = match plane("rows")? {
            Some(array) => array.iter().copied().collect(),
            None => (0..=u8::MAX).take(rows).collect::<Vec<u8>>(),
        };
        if rows == 0 || rows > ROWS_MAX || columns == 0 || columns > COLUMNS {
            return Err(format!("`weights` has {rows} rows and {columns} columns, not 1 to 256"));
        }
        if row_numbers.len() != rows || !row_numbers.is_sorted_by(|a, b| a < b) {
            return Err(format!("`rows` must be {rows} different row numbers, ascending"));
        }
        let mut capture = Capture {
            updates: 0,
            rows,
            columns,
            row_numbers,
            weights,
            addresses,
            causal,
            acausal,
            causal_baseline,
            acausal_baseline,
            rates,
            membranes,
            events,
            values: values::parse(&mut reader, rule, (rows, columns))?,
        };
        capture.updates = capture.check()?;
        check_sensors(reader.names(), rule)?;
        Ok(capture)
    }

    /// The number of updates that the first axes ask for.
    fn check(&self) -> Result<usize, String> {
        let planes = [
            ("addresses", &self.addresses, self.rows),
            ("causal", &self.causal, self.rows),
            ("acausal", &self.acausal, self.rows),
            ("rates", &self.rates, 1),
            ("membranes", &self.membranes, 1),
        ];
        let mut updates = self.weights.dim().0.saturating_sub(1).max(1);
        let mut from = "weights";
        for (name, array, rows) in planes {
            let Some(array) = array else { continue };
            let (count, found, columns) = array.dim();
            if (found, columns) != (rows, self.columns) {
                return Err(format!(
                    "`{name}` has {found} by {columns} values, not {rows} by {} as `weights` says",
                    self.columns
                ));
            }
            let own = if name == "addresses" { count.saturating_sub(1).max(1) } else { count };
            if own != 1 && updates != 1 && own != updates {
                return Err(format!(
                    "`{name}` is of {own} updates, `{from}` of {updates}; results have one more"
                ));
            }
            if own > updates {
                (updates, from) = (own, name);
            }
        }
        for own in self.values.iter().map(Given::updates).filter(|own| *own != 1) {
            if updates != 1 && own != updates {
                return Err(format!("inputs are of {own} updates, `{from}` of {updates}"));
            }
            (updates, from) = (own, "inputs");
        }
        for (name, array) in
            [("weights", Some(&self.weights)), ("addresses", self.addresses.as_ref())]
        {
            if let Some(wrong) = array.into_iter().flatten().find(|value| **value > 63) {
                return Err(format!("`{name}` has a value of {wrong}; synapses hold 0 to 63"));
            }
        }
        Ok(updates)
    }

    /// Whether weights are recorded before every update, so that each starts from them.
    pub(super) fn has_course(&self) -> bool {
        self.weights.dim().0 > 1
    }

    /// Puts what an update starts from into the bench.
    pub(super) fn give(&self, bench: &mut Bench, update: usize, synapses: bool) {
        self.values.iter().for_each(|given| given.give(bench, update));
        let code = |baseline: &[u8], column: usize, code: u8| {
            // The bench has one baseline for all columns.
            let correlation = io::correlation(baseline[column], code);
            u8::try_from(i16::from(BASELINE) - correlation).unwrap_or(u8::MAX)
        };
        let element = |array: &Array3<u8>, row: usize, column: usize| {
            array[[update.min(array.dim().0 - 1), row, column]]
        };
        for row in 0..self.rows {
            for column in 0..self.columns {
                let at = row * COLUMNS + column;
                if synapses {
                    bench.weights[at] = element(&self.weights, row, column);
                    if let Some(addresses) = &self.addresses {
                        bench.addresses[at] = element(addresses, row, column);
                    }
                }
                if let Some(codes) = &self.causal {
                    let raw = element(codes, row, column);
                    bench.causal_codes[at] = code(&self.causal_baseline, column, raw);
                }
                if let Some(codes) = &self.acausal {
                    let raw = element(codes, row, column);
                    bench.acausal_codes[at] = code(&self.acausal_baseline, column, raw);
                }
            }
        }
        for column in 0..self.columns {
            if let Some(rates) = &self.rates {
                bench.rates[column] = element(rates, 0, column);
            }
            if let Some(membranes) = &self.membranes {
                bench.membranes[column] = element(membranes, 0, column);
            }
        }
    }

    /// The values of the captured columns.
    pub(super) fn inside(&self, plane: &[u8]) -> Vec<u8> {
        plane.chunks(COLUMNS).flat_map(|row| row[..self.columns].iter().copied()).collect()
    }
}

/// Checks that a file has known arrays alone.
fn check_known(names: &[String], rule: &Rule) -> Result<(), String> {
    let own: Vec<String> = values::names(rule).collect();
    let mut known = ARRAYS.map(|(name, ..)| name).to_vec();
    known.extend(own.iter().map(String::as_str));
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let hint = did_you_mean(name, known.iter().copied())
            .map_or(String::new(), |known| format!(", did you mean `{known}`?"));
        return Err(format!(
            "it has an array `{name}`, which means nothing here{hint}; arrays are {}",
            known.join(", ")
        ));
    }
    Ok(())
}

/// Checks that a file has every sensor that the rule reads.
fn check_sensors(names: &[String], rule: &Rule) -> Result<(), String> {
    let sensors = [
        (Quantity::Causal, "causal"),
        (Quantity::Acausal, "acausal"),
        (Quantity::Rate, "rates"),
        (Quantity::Membrane, "membranes"),
    ];
    for (quantity, array) in sensors {
        let missing = !names.iter().any(|name| name == array);
        if missing && rule.module().has(Op::Read, quantity) {
            return Err(format!(
                "the rule `{}` reads `{}`, but the file has no array `{array}`",
                rule.name(),
                quantity.name()
            ));
        }
    }
    Ok(())
}

/// Two or three axes as updates by rows by columns.
fn to_cube(name: &str, array: ArrayD<u8>) -> Result<Array3<u8>, String> {
    let array = if array.ndim() == 2 { array.insert_axis(Axis(0)) } else { array };
    let axes = array.ndim();
    let cube = array.into_dimensionality().map_err(|_| {
        format!("`{name}` has {axes} axes, not rows by columns or updates by rows by columns")
    })?;
    let cube: Array3<u8> = cube;
    if cube.is_empty() { Err(format!("`{name}` is empty")) } else { Ok(cube) }
}

/// An array of bytes by its name: integers of 0 to 255.
fn bytes_of(reader: &mut ArchiveReader<'_>, name: &str) -> Result<Option<ArrayD<u8>>, String> {
    let Some(array) = reader.integers(name)? else { return Ok(None) };
    if let Some(wrong) = array.iter().find(|value| u8::try_from(**value).is_err()) {
        return Err(format!("`{name}` has a value of {wrong}, not 0 to 255"));
    }
    Ok(Some(array.mapv(|value| u8::try_from(value).unwrap_or(u8::MAX))))
}

/// Rows of an array: number of the update, from 0, hardware row and address.
fn events_of(array: ArrayD<i64>) -> Result<Vec<Sent>, String> {
    let shape = array.shape().to_vec();
    let rows: Array2<i64> = array.into_dimensionality().map_err(|_| shape_of_events(&shape))?;
    if rows.ncols() != 3 {
        return Err(shape_of_events(&shape));
    }
    let event = |row: ndarray::ArrayView1<'_, i64>| {
        let update = usize::try_from(row[0]).ok()?;
        let (line, address) = (u8::try_from(row[1]).ok()?, u8::try_from(row[2]).ok()?);
        (address < 64).then_some((update, Event { driver: line / 2, address }))
    };
    let wrong = "`events` has an event outside rows 0 to 255 or addresses 0 to 63";
    rows.rows().into_iter().map(|row| event(row).ok_or_else(|| wrong.to_owned())).collect()
}

fn shape_of_events(shape: &[usize]) -> String {
    format!("`events` has the shape {shape:?}, not events by update, row and address")
}
