//! States and inputs as their users see them: by name, in the values of the program.

use crate::instance::Instance;
use crate::rule::Rule;
use pl_diag::did_you_mean;
use pl_ir::Scope;
use pl_ir::io::{COLUMNS, ObjectValues};
use pl_sema::hir::{Kind, State};
use pl_sema::lower::state_format;

/// What a rule has for others to read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An input.
    Input,
    /// A state.
    State,
}

impl Role {
    /// Its keyword.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::Input => "input",
            Role::State => "state",
        }
    }
}

/// Why a state or an input was not read or written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ValueError {
    /// The rule has none of this name.
    #[error("the rule `{rule}` has no {role} `{name}`{hint}; it has {known}")]
    Unknown {
        /// Name of the rule.
        rule: String,
        /// `input` or `state`.
        role: &'static str,
        /// The name asked for.
        name: String,
        /// Which name was meant, if any is like it.
        hint: String,
        /// The names there are.
        known: String,
    },
    /// A value lies outside the declared range.
    #[error("`{name}` must lie in {low} .. {high}, not {value}")]
    Range {
        /// Name of the state or input.
        name: String,
        /// The value.
        value: f64,
        /// Smallest value allowed.
        low: f64,
        /// Largest value allowed.
        high: f64,
    },
    /// It is an integer and the value is not.
    #[error("`{name}` is an integer, and {value} is not")]
    Integer {
        /// Name of the state or input.
        name: String,
        /// The value.
        value: f64,
    },
    /// There are more or fewer values than it has.
    #[error("`{name}` has {wanted} values, not {given}")]
    Count {
        /// Name of the state or input.
        name: String,
        /// How many were given.
        given: usize,
        /// How many it has.
        wanted: usize,
    },
}

impl Rule {
    /// Position of a state or input among [`pl_sema::hir::Rule::states`] and the objects of instances.
    ///
    /// # Errors
    /// [`ValueError::Unknown`].
    pub fn find(&self, role: Role, name: &str) -> Result<usize, ValueError> {
        let wanted = |state: &State| state.input == (role == Role::Input);
        let states = &self.hir().states;
        if let Some(index) = states.iter().position(|state| wanted(state) && state.name == name) {
            return Ok(index);
        }
        let known = || states.iter().filter(|state| wanted(state)).map(|s| s.name.as_str());
        let hint = did_you_mean(name, known())
            .map_or(String::new(), |known| format!(", did you mean `{known}`?"));
        let known: Vec<&str> = known().collect();
        Err(ValueError::Unknown {
            rule: self.name().to_owned(),
            role: role.name(),
            name: name.to_owned(),
            hint,
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        })
    }

    /// The raw number that a state or input keeps for a value: the nearest, ties to even.
    ///
    /// # Errors
    /// [`ValueError`] if it may not have this value.
    pub fn raw_value(&self, index: usize, value: f64) -> Result<i32, ValueError> {
        let state = &self.hir().states[index];
        let (low, high) = (state.interval.low, state.interval.high);
        let name = state.name.clone();
        if !(low..=high).contains(&value) {
            return Err(ValueError::Range { name, value, low, high });
        }
        if state.kind != Kind::Real && value.fract() != 0.0 {
            return Err(ValueError::Integer { name, value });
        }
        Ok(state_format(state).quantise(value))
    }
}

impl Instance {
    /// Values of a state or input: of every column of every row, 256 columns wide, of 256 columns, of
    /// every row, or one.
    ///
    /// # Errors
    /// [`ValueError::Unknown`].
    pub fn values(&self, role: Role, name: &str) -> Result<Vec<f64>, ValueError> {
        let index = self.rule().find(role, name)?;
        let format = state_format(&self.rule().hir().states[index]);
        let value = |raw: i32| format.value(raw);
        Ok(match &self.state.objects[index] {
            ObjectValues::Lanes(lanes) => lanes.iter().map(|lane| value((*lane).into())).collect(),
            ObjectValues::Scalars(words) => words.iter().map(|word| value(*word)).collect(),
        })
    }

    /// Sets a state or input, which keeps its values until it is set again: to as many values as
    /// [`Instance::values`] gives, or to one everywhere.
    ///
    /// # Errors
    /// [`ValueError`] if there is none of this name, or it may not have these values; nothing changes
    /// then.
    pub fn set_values(&mut self, role: Role, name: &str, values: &[f64]) -> Result<(), ValueError> {
        let index = self.rule().find(role, name)?;
        let raws: Result<Vec<i32>, ValueError> =
            values.iter().map(|value| self.rule().raw_value(index, *value)).collect();
        let raws = raws?;
        let object = &mut self.state.objects[index];
        let wanted = object.len();
        let raws = match raws[..] {
            [one] => vec![one; wanted],
            _ if raws.len() == wanted => raws,
            _ => {
                let (name, given) = (name.to_owned(), raws.len());
                return Err(ValueError::Count { name, given, wanted });
            }
        };
        object.set(&raws);
        Ok(())
    }

    /// Sets a state or input to raw numbers, which lie in its range.
    ///
    /// # Panics
    /// If there is no such object.
    pub fn set_raw_values(&mut self, index: usize, raws: &[i32]) {
        self.state.objects[index].set(raws);
    }
}

/// Raw numbers as an instance on `rows` rows keeps them, made of those of the columns of a view, which
/// `raw` gives by position of row and of column; elsewhere `initial`.
#[must_use]
pub fn spread(
    (scope, rows, initial): (Scope, usize, i32),
    columns: &[u8],
    raw: impl Fn(usize, usize) -> i32,
) -> Vec<i32> {
    let lanes = |row: usize| {
        let mut lanes = vec![initial; COLUMNS];
        for (position, column) in columns.iter().enumerate() {
            lanes[usize::from(*column)] = raw(row, position);
        }
        lanes
    };
    match scope {
        Scope::Synapse => (0..rows).flat_map(lanes).collect(),
        Scope::Neuron => lanes(0),
        Scope::Row => (0..rows).map(|row| raw(row, 0)).collect(),
        Scope::Rule => vec![raw(0, 0)],
    }
}
