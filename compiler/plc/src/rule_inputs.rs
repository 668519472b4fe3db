//! `[rule.NAME.params]` and `[rule.NAME.inputs]`: numbers of an experiment, and what engines write to
//! inputs of rules.

use pl_driver::Rule;
use pl_driver::ir::{Object, Scope};
use pl_driver::values::{Role, spread};
use pl_experiment::config::RuleConfig;
use pl_experiment::engine::{Binding, EngineError};
use pl_experiment::inputs::{Course, InputValues, Step};

/// Checks params and inputs of the rule `[rule.PLACE]`: names, ranges and, as far as they do not depend
/// on the view, shapes.
///
/// # Errors
/// What is wrong with which of them.
pub(crate) fn check(place: &str, rule: &Rule, config: &RuleConfig) -> Result<(), String> {
    for (name, value) in &config.params {
        if rule.find(Role::Input, name).is_ok() {
            let message = format!("`{name}` is an input: it is written in [rule.{place}.inputs]");
            return Err(format!("[rule.{place}.params]: {message}"));
        }
        rule.check_param(name, *value).map_err(|error| format!("[rule.{place}]: {error}"))?;
    }
    check_inputs(place, rule, config).map_err(|error| format!("[rule.{place}.inputs]: {error}"))
}

fn check_inputs(place: &str, rule: &Rule, config: &RuleConfig) -> Result<(), String> {
    for (name, input) in &config.inputs {
        if rule.params().iter().any(|param| param.name == *name) {
            return Err(format!("`{name}` is a param: it is set in [rule.{place}.params]"));
        }
        let index = rule.find(Role::Input, name).map_err(|error| error.to_string())?;
        let scope = rule.hir().states[index].scope;
        for (_, values) in input.steps() {
            let fits = match (values, scope) {
                (InputValues::One(_), _)
                | (InputValues::List(_), Scope::Neuron | Scope::Row)
                | (InputValues::Rows(_), Scope::Synapse) => true,
                (InputValues::List(_), Scope::Synapse | Scope::Rule)
                | (InputValues::Rows(_), Scope::Neuron | Scope::Row | Scope::Rule) => false,
            };
            if !fits {
                return Err(format!("`{name}` is {}", shape(scope)));
            }
            let mut numbers = match values {
                InputValues::One(value) => vec![*value],
                InputValues::List(list) => list.clone(),
                InputValues::Rows(rows) => rows.concat(),
            }
            .into_iter();
            numbers
                .try_for_each(|value| rule.raw_value(index, value).map(|_| ()))
                .map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// What values an input of this scope takes.
fn shape(scope: Scope) -> &'static str {
    match scope {
        Scope::Synapse => "one a synapse: give a number, or a list of columns for each row",
        Scope::Neuron => "one a neuron: give a number, or a list of one a column of the view",
        Scope::Row => "one a row: give a number, or a list of one a row of the view",
        Scope::Rule => "one of the rule: give a number",
    }
}

/// What is written to the inputs of a rule whose view has so many rows, or pairs of rows.
///
/// # Errors
/// If an input has not the shape of the view, or may not have a value.
pub(crate) fn courses(
    rule: &Rule,
    binding: &Binding,
    rows: usize,
) -> Result<Vec<Course>, EngineError> {
    let course = |(name, input): (&String, &pl_experiment::inputs::InputConfig)| {
        let failed =
            |text: String| EngineError::new(format!("[rule.{}.inputs]: {text}", binding.rule));
        let object = rule.find(Role::Input, name).map_err(|error| failed(error.to_string()))?;
        let declared = &rule.module().objects[object];
        let raw =
            |value: f64| rule.raw_value(object, value).map_err(|error| failed(error.to_string()));
        let (period, phase) = (rule.period_ticks().max(1), rule.phase_ticks());
        let step = |(time, values): (u64, &InputValues)| {
            let given = raws(values, &raw)?;
            let values = filled(declared, given, binding, rows)
                .map_err(|why| failed(format!("`{name}` {why}")))?;
            let update = time.saturating_sub(phase).div_ceil(period);
            Ok(Step { time, update: u32::try_from(update).unwrap_or(u32::MAX), values })
        };
        let steps = input.steps().into_iter().map(step).collect::<Result<_, EngineError>>()?;
        Ok(Course { object, steps })
    };
    binding.inputs.iter().map(course).collect()
}

/// Raw numbers in the shape in which values are written.
enum Raws {
    One(i32),
    List(Vec<i32>),
    Rows(Vec<Vec<i32>>),
}

fn raws(
    values: &InputValues,
    raw: &impl Fn(f64) -> Result<i32, EngineError>,
) -> Result<Raws, EngineError> {
    let list =
        |list: &Vec<f64>| list.iter().map(|value| raw(*value)).collect::<Result<Vec<_>, _>>();
    Ok(match values {
        InputValues::One(value) => Raws::One(raw(*value)?),
        InputValues::List(values) => Raws::List(list(values)?),
        InputValues::Rows(rows) => Raws::Rows(rows.iter().map(list).collect::<Result<_, _>>()?),
    })
}

/// All raw numbers of an input, or why these are not as many as the view needs.
fn filled(
    declared: &Object,
    given: Raws,
    binding: &Binding,
    rows: usize,
) -> Result<Vec<i32>, String> {
    let columns = binding.columns.len();
    let place = (declared.scope, rows, declared.initial);
    let spread = |raw: &dyn Fn(usize, usize) -> i32| Ok(spread(place, &binding.columns, raw));
    match given {
        Raws::One(raw) => spread(&|_, _| raw),
        Raws::List(list) if declared.scope == Scope::Neuron => match list.len() {
            found if found == columns => spread(&|_, column| list[column]),
            found => Err(format!("has {found} values, the view {columns} columns")),
        },
        Raws::List(list) if declared.scope == Scope::Row => match list.len() {
            found if found == rows => spread(&|row, _| list[row]),
            found => Err(format!("has {found} values, the view {rows} rows")),
        },
        Raws::Rows(grid) if declared.scope == Scope::Synapse => {
            if grid.len() == rows && grid.iter().all(|row| row.len() == columns) {
                spread(&|row, column| grid[row][column])
            } else {
                Err(format!("has not the {rows} rows of {columns} columns of the view"))
            }
        }
        Raws::List(_) | Raws::Rows(_) => Err(format!("is {}", shape(declared.scope))),
    }
}
