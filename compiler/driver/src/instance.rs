//! A rule at work: params, state and random numbers of one hemisphere, and an engine.

use crate::rule::Rule;
use pl_ir::eval::{self, EvalError};
use pl_ir::io::{self, UpdateIo};
use pl_sema::ideal::{Ideal, Part};

/// What executes an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Engine {
    /// Native code, compiled once a rule.
    #[default]
    Jit,
    /// The reference evaluator.
    Eval,
    /// The rule in real numbers, which rounds nothing (see [`pl_sema::ideal`]): not the same bits,
    /// but what those of the others stand for.
    Ideal,
}

/// Why a param was not set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParamError {
    /// The rule has no param of this name.
    #[error("the rule `{rule}` has no param `{name}`; it has {known}")]
    Unknown {
        /// Name of the rule.
        rule: String,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The value lies outside the param's range.
    #[error("param `{name}` must lie in {low} .. {high}, not {value}")]
    Range {
        /// Name of the param.
        name: String,
        /// The value asked for.
        value: f64,
        /// Smallest allowed value.
        low: f64,
        /// Largest allowed value.
        high: f64,
    },
    /// The param is an integer and the value is not.
    #[error("param `{name}` is an integer, and {value} is not")]
    Integer {
        /// Name of the param.
        name: String,
        /// The value asked for.
        value: f64,
    },
}

/// Why an instance did not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// An array does not have the size of the view.
    #[error("{0}")]
    Arrays(String),
    /// The evaluator stopped.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// Native code stopped or could not be made.
    #[error("native code: {0}")]
    Native(String),
}

/// An instance of a rule on a view of one hemisphere. It may be sent between threads.
#[derive(Clone, Debug)]
pub struct Instance {
    rule: Rule,
    engine: Engine,
    params: Vec<f64>,
    /// What the rule keeps in real numbers, for [`Engine::Ideal`].
    ideal: Ideal,
    /// State, random numbers, records and the update counter.
    pub state: io::Instance,
}

impl Instance {
    /// A fresh instance for `rows` rows; see [`Rule::instance`].
    pub(crate) fn new(rule: Rule, engine: Engine, place: &Place) -> Instance {
        let params = rule.params().iter().map(|param| param.default).collect();
        let state = io::Instance::new(
            rule.module(),
            place.hemisphere,
            place.rows,
            place.stream_key,
            place.record_capacity,
        );
        Instance { rule, engine, params, ideal: Ideal::default(), state }
    }

    /// The rule.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Sets a param; nothing is recompiled.
    ///
    /// # Errors
    /// [`ParamError`] if there is no such param or the value is not allowed; nothing changes then.
    pub fn set_param(&mut self, name: &str, value: f64) -> Result<(), ParamError> {
        let index = self.rule.check_param(name, value)?;
        self.params[index] = value;
        self.state.derived = self.rule.derived_values(&self.params);
        Ok(())
    }

    /// Values of the params, in the order of the rule.
    #[must_use]
    pub fn params(&self) -> &[f64] {
        &self.params
    }

    /// Runs the rule's `start` blocks.
    ///
    /// # Errors
    /// [`RunError`] if an array has the wrong size.
    pub fn start(&mut self, io: &mut UpdateIo<'_>) -> Result<(), RunError> {
        self.start_or_update(true, io)
    }

    /// Runs one update and counts it.
    ///
    /// # Errors
    /// [`RunError`] if an array has the wrong size.
    pub fn update(&mut self, io: &mut UpdateIo<'_>) -> Result<(), RunError> {
        self.start_or_update(false, io)?;
        self.state.update_index = self.state.update_index.wrapping_add(1);
        Ok(())
    }

    /// The weights that [`Engine::Ideal`] keeps, row by row and 256 columns wide; empty for others.
    #[must_use]
    pub fn real_weights(&self) -> &[f64] {
        self.ideal.weights()
    }

    /// State, random numbers, records and what else it keeps between updates, as bytes; not its
    /// params.
    ///
    /// # Errors
    /// If there is no number where one must be.
    pub fn save(&self) -> std::io::Result<Vec<u8>> {
        borsh::to_vec(&(&self.state, &self.ideal))
    }

    /// Goes on from what [`Instance::save`] of an instance of the same rule, with the same place and
    /// params, gave.
    ///
    /// # Errors
    /// If the bytes are no such state; nothing changes then.
    pub fn restore(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let (state, ideal): (io::Instance, Ideal) = borsh::from_slice(bytes)?;
        if !self.state.is_like(&state) {
            let message = format!("this is no state of the rule `{}`", self.rule.name());
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
        }
        (self.state, self.ideal) = (state, ideal);
        Ok(())
    }

    /// Sets what `causal` and `acausal` are for [`Engine::Ideal`] from now on, in LSB, instead of the
    /// difference of baselines and codes: row by row and 256 columns wide. Runs fail if that is not the
    /// size of the view.
    pub fn set_real_correlation(&mut self, causal: Vec<f64>, acausal: Vec<f64>) {
        self.ideal.set_correlation(causal, acausal);
    }

    /// Runs one update as [`Engine::Ideal`] does, in steps that follow each other, and counts it: as if
    /// the rule were a differential equation of the weights. Each step evaluates the rule on what the
    /// whole time would have brought at its pace, and weights take its share of the change. For rules of
    /// which [`Rule::changes_weights_alone`] holds; records are not taken.
    ///
    /// # Errors
    /// [`RunError`] if an array, or a step, has the wrong size.
    pub fn update_in_steps(
        &mut self,
        steps: Vec<Step>,
        io: &mut UpdateIo<'_>,
    ) -> Result<(), RunError> {
        for Step { share, causal, acausal, rates } in steps {
            if rates.len() != io::COLUMNS {
                let message = format!("a step needs {} rates, not {}", io::COLUMNS, rates.len());
                return Err(RunError::Arrays(message));
            }
            self.ideal.set_correlation(causal, acausal);
            self.ideal.set_rates(Some(rates));
            self.check(io)?;
            self.run_ideal(Part::Share(share), io);
        }
        self.ideal.set_rates(None);
        self.state.update_index = self.state.update_index.wrapping_add(1);
        Ok(())
    }

    fn run_ideal(&mut self, part: Part, io: &mut UpdateIo<'_>) {
        let program = (self.rule.hir(), &**self.rule.module());
        self.ideal.run(program, &self.params, part, &mut self.state, io);
    }

    fn check(&self, io: &UpdateIo<'_>) -> Result<(), RunError> {
        check_sizes(io, self.rule.hir())?;
        if !self.ideal.correlation_fits(io.weights.len()) {
            return Err(RunError::Arrays("real correlation has not the size of the view".into()));
        }
        Ok(())
    }

    fn start_or_update(&mut self, start: bool, io: &mut UpdateIo<'_>) -> Result<(), RunError> {
        self.check(io)?;
        self.state.events.clear();
        let (function, part) =
            if start { ("start", Part::Start) } else { ("update", Part::Update) };
        match self.engine {
            Engine::Ideal => self.run_ideal(part, io),
            Engine::Eval => eval::run(self.rule.module(), function, &mut self.state, io)?,
            Engine::Jit => {
                let kernel = self.rule.kernel().map_err(RunError::Native)?;
                kernel
                    .run(function, &mut self.state, io)
                    .map_err(|error| RunError::Native(error.to_string()))?;
            }
        }
        Ok(())
    }
}

/// A piece of the time between two updates, for [`Instance::update_in_steps`].
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its share of the time, 0 to 1. Those of all steps add up to 1.
    pub share: f64,
    /// What `causal` and `acausal` would read if the whole time had been like it, in LSB: row by row,
    /// 256 columns wide.
    pub causal: Vec<f64>,
    /// See `causal`.
    pub acausal: Vec<f64>,
    /// What `rate` would read likewise, one number a column.
    pub rates: Vec<f64>,
}

/// Where an instance runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Hemisphere, 0 top, 1 bottom.
    pub hemisphere: u8,
    /// Rows of the view.
    pub rows: usize,
    /// Key of its random streams (`pl_fixed::rng::stream_key`).
    pub stream_key: u64,
    /// Most samples a record statement keeps.
    pub record_capacity: usize,
}

fn check_sizes(io: &UpdateIo<'_>, rule: &pl_sema::hir::Rule) -> Result<(), RunError> {
    let rows = io.rows.len();
    let columns = io.columns.iter().filter(|column| **column != 0).count();
    let wanted = rows * io::COLUMNS;
    let planes = [
        ("weights", io.weights.len()),
        ("addresses", io.addresses.len()),
        ("causal codes", io.causal_codes.len()),
        ("acausal codes", io.acausal_codes.len()),
        ("correlation resets", io.correlation_reset.len()),
    ];
    for (what, count, most) in
        [("rows", rows, rule.rows_max), ("columns", columns, rule.columns_max)]
    {
        if rows == 0 || count > most as usize {
            let message = format!("the rule is for 1 to {most} {what}, not {count}");
            return Err(RunError::Arrays(message));
        }
    }
    if rule.signed && io.rows.iter().any(|row| row % 2 != 0) {
        let message = "rows of a signed view are pairs, and the first of each is even";
        return Err(RunError::Arrays(message.to_owned()));
    }
    if io.row_signs.len() != rows {
        let message = format!("{rows} rows need {rows} row signs, not {}", io.row_signs.len());
        return Err(RunError::Arrays(message));
    }
    for (name, len) in planes {
        if len != wanted {
            let message = format!("{rows} rows need {wanted} {name}, not {len}");
            return Err(RunError::Arrays(message));
        }
    }
    Ok(())
}
