//! Recorded inputs and states; states and records as results.

use super::capture::Capture;
use ndarray::{ArrayD, IxDyn};
use pl_driver::Rule;
use pl_driver::ir::Scope;
use pl_driver::ir::io::{COLUMNS, Sample};
use pl_driver::test_run::Bench;
use pl_driver::values::{Role, spread};
use pl_experiment::archive::ArchiveReader;
use pl_experiment::outcome::{Elements, NamedArray};

/// Values of an input or a state.
pub(super) struct Given {
    /// Its position among states and inputs of the rule.
    index: usize,
    role: Role,
    /// Raw values as the rule keeps them: those of each update, or one list for all.
    values: Vec<Vec<i32>>,
}

/// Names of the arrays of a rule's inputs and states.
pub(super) fn names(rule: &Rule) -> impl Iterator<Item = String> {
    let states = rule.hir().states.iter();
    states.map(|state| array_name(if state.input { Role::Input } else { Role::State }, &state.name))
}

fn array_name(role: Role, name: &str) -> String {
    format!("{}.{name}", role.name())
}

/// Axes of one update's values.
fn axes(scope: Scope, (rows, columns): (usize, usize)) -> Vec<usize> {
    match scope {
        Scope::Synapse => vec![rows, columns],
        Scope::Neuron => vec![columns],
        Scope::Row => vec![rows],
        Scope::Rule => Vec::new(),
    }
}

/// The inputs and states that a file has.
///
/// # Errors
/// If one has another shape, or values that it may not have.
pub(super) fn parse(
    reader: &mut ArchiveReader<'_>,
    rule: &Rule,
    (rows, columns): (usize, usize),
) -> Result<Vec<Given>, String> {
    let mut found = Vec::new();
    for (index, state) in rule.hir().states.iter().enumerate() {
        let role = if state.input { Role::Input } else { Role::State };
        let name = array_name(role, &state.name);
        let Some(array) = reader.reals(&name)? else { continue };
        let own = axes(state.scope, (rows, columns));
        let updates = match array.shape() {
            shape if shape == own => 1,
            [updates, rest @ ..]
                if rest == own && *updates > 0 && (state.input || *updates == 1) =>
            {
                *updates
            }
            shape => {
                let more = if state.input { ", or that behind an axis of updates" } else { "" };
                return Err(format!("`{name}` has the shape {shape:?}, not {own:?}{more}"));
            }
        };
        let raws: Result<Vec<i32>, _> =
            array.iter().map(|value| rule.raw_value(index, *value)).collect();
        let raws = raws.map_err(|error| format!("`{name}`: {error}"))?;
        let place = (state.scope, rows, rule.module().objects[index].initial);
        let view: Vec<u8> = (0..=u8::MAX).take(columns).collect();
        let wide = if state.scope.is_vector() { columns } else { 1 };
        let of_update =
            |raws: &[i32]| spread(place, &view, |row, column| raws[row * wide + column]);
        let values = raws.chunks(raws.len() / updates).map(of_update).collect();
        found.push(Given { index, role, values });
    }
    Ok(found)
}

impl Given {
    /// Updates that it has values of.
    pub(super) fn updates(&self) -> usize {
        self.values.len()
    }

    /// Writes what the update starts from: inputs, and states before the first.
    pub(super) fn give(&self, bench: &mut Bench, update: usize) {
        if self.role == Role::Input || update == 0 {
            let values = &self.values[update.min(self.values.len() - 1)];
            bench.instance.set_raw_values(self.index, values);
        }
    }
}

/// States after each update.
pub(super) struct States {
    /// Of each state in turn.
    values: Vec<Vec<f64>>,
    updates: usize,
}

impl States {
    pub(super) fn new(rule: &Rule) -> States {
        States { values: vec![Vec::new(); rule.hir().states.len()], updates: 0 }
    }

    /// Takes the states after an update.
    pub(super) fn note(&mut self, capture: &Capture, bench: &Bench) -> Result<(), String> {
        let rule = bench.instance.rule();
        for (state, kept) in rule.hir().states.iter().zip(&mut self.values) {
            if state.input {
                continue;
            }
            let values = bench.instance.values(Role::State, &state.name);
            let values = values.map_err(|error| error.to_string())?;
            if state.scope.is_vector() {
                kept.extend(values.chunks(COLUMNS).flat_map(|row| &row[..capture.columns]));
            } else {
                kept.extend(values);
            }
        }
        self.updates += 1;
        Ok(())
    }

    /// The arrays `state.NAME`.
    pub(super) fn arrays(self, rule: &Rule, capture: &Capture) -> Result<Vec<NamedArray>, String> {
        let states = rule.hir().states.iter().zip(self.values);
        let array = |(state, values): (&pl_driver::sema::hir::State, Vec<f64>)| {
            let mut shape = vec![self.updates];
            shape.extend(axes(state.scope, (capture.rows, capture.columns)));
            let elements = ArrayD::from_shape_vec(IxDyn(&shape), values);
            let elements = Elements::F64(elements.map_err(|error| error.to_string())?);
            Ok(NamedArray { name: array_name(Role::State, &state.name), elements })
        };
        states.filter(|(state, _)| !state.input).map(array).collect()
    }
}

/// Lets an instance keep all samples of that many updates.
pub(super) fn keep_samples(bench: &mut Bench, updates: usize) {
    for buffer in &mut bench.instance.state.records {
        buffer.capacity = updates;
    }
}

/// What the rule recorded, named as in `records.npz` of a run: of each record the updates done at each
/// sample, and raw values, a sample a row.
pub(super) fn records(bench: &Bench, capture: &Capture) -> Result<Vec<NamedArray>, String> {
    let module = bench.instance.rule().module();
    let mut arrays = Vec::new();
    let declared = module.records.iter().zip(&bench.instance.state.records).enumerate();
    for (number, (record, buffer)) in declared.filter(|(_, (_, kept))| !kept.samples.is_empty()) {
        let mut add = |name: &str, values: Vec<i32>| {
            let shape = [buffer.samples.len(), values.len() / buffer.samples.len()];
            let elements = ArrayD::from_shape_vec(IxDyn(&shape), values);
            let elements = Elements::I32(elements.map_err(|error| error.to_string())?);
            arrays.push(NamedArray { name: format!("record{number}_{name}"), elements });
            Ok::<(), String>(())
        };
        let updates = buffer.samples.iter().map(|sample| sample.update);
        add("update", updates.map(|update| i32::try_from(update).unwrap_or(i32::MAX)).collect())?;
        for (position, field) in record.fields.iter().enumerate() {
            let of_sample = |sample: &Sample| {
                let values = &sample.fields[position];
                if field.scope.is_vector() {
                    let rows = values.chunks(COLUMNS);
                    rows.flat_map(|row| &row[..capture.columns]).copied().collect()
                } else {
                    values.clone()
                }
            };
            add(&field.name, buffer.samples.iter().flat_map(of_sample).collect())?;
        }
    }
    Ok(arrays)
}
