//! What an experiment needs of a rule: apply one update to a chip.
//!
//! Experiments know rules only through these traits. Native code and the reference evaluator
//! implement them in `plc`; `ppu_image` does so with a PPU image on the
//! instruction-set simulator.

use std::collections::BTreeMap;
use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::inputs::InputConfig;
use crate::ppu_image::PpuImage;
use pl_chip::{COLUMNS, Chip, RowMode};

/// One rule at work on a view of one hemisphere.
pub trait Engine: Send {
    /// Resets the view's sensors and rate counters, those that the rule uses, measures the baselines
    /// over its rows and runs the rule's `start`.
    ///
    /// # Errors
    /// If the rule could not run.
    fn start(&mut self, chip: &mut Chip) -> Result<(), EngineError>;

    /// Runs one update at [`Chip::now`], while the network stands still.
    ///
    /// # Errors
    /// If the rule could not run.
    fn update(&mut self, chip: &mut Chip) -> Result<(), EngineError>;

    /// The samples recorded since this was last asked, by record statement and update.
    fn take_records(&mut self) -> Vec<RecordSample>;

    /// Samples since the start that found the buffer of their record statement full, by number of the
    /// statement.
    fn samples_lost(&self) -> Vec<u64>;

    /// What the engine keeps between updates, besides what is on the chip, as bytes.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn save(&self) -> Result<Vec<u8>, EngineError>;

    /// Goes on from what [`Engine::save`] of an engine with the same binding gave, instead of a
    /// start, on a chip in the state of that time.
    ///
    /// # Errors
    /// If the bytes are no such state.
    fn restore(&mut self, state: &[u8]) -> Result<(), EngineError>;
}

/// Makes engines of the rules of one experiment.
pub trait EngineFactory: Sync {
    /// An engine bound as `binding` says.
    ///
    /// # Errors
    /// If a param or an input does not exist or may not have its value, or the view is larger than the
    /// rule allows.
    fn build(&self, binding: &Binding) -> Result<Box<dyn Engine>, EngineError>;

    /// The rule as a PPU program, bound as `binding` says.
    ///
    /// # Errors
    /// As for [`EngineFactory::build`], or if these engines are no PPU programs.
    fn program(&self, binding: &Binding) -> Result<PpuImage, EngineError>;

    /// What is known of the rule in the table `[rule.NAME]`.
    ///
    /// # Errors
    /// If there is no such rule.
    fn rule_info(&self, rule: &str) -> Result<RuleInfo, EngineError>;
}

/// Where and how an engine works.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// Name of the `[rule.NAME]` table.
    pub rule: String,
    /// What the task calls the variant of its protocol that this is of; empty if there is one only.
    pub arm: String,
    /// 0 top, 1 bottom.
    pub hemisphere: u8,
    /// Synapse rows of the view, ascending; of a signed view both of each pair.
    pub rows: Vec<u8>,
    /// Columns of the view, ascending.
    pub columns: Vec<u8>,
    /// Values of params that differ from their defaults.
    pub params: BTreeMap<String, f64>,
    /// What is written to inputs; others keep their initial values.
    pub inputs: BTreeMap<String, InputConfig>,
    /// Seed of the rule's random numbers.
    pub seed: u64,
    /// Seed of the run, which bindings with other random numbers share.
    pub run_seed: u64,
    /// Number of the chip.
    pub chip: u32,
    /// Number of the rule instance on its hemisphere.
    pub instance: u32,
    /// Most samples a record statement keeps.
    pub record_capacity: usize,
}

impl Binding {
    /// The first rows of the pairs that the view's rows are: for rules with signed views, whose synapse
    /// is an even row, which excites, and the odd one behind it, which inhibits. A synapse driver
    /// drives both.
    ///
    /// # Errors
    /// If the rows are no pairs.
    pub fn pairs(&self) -> Result<Vec<u8>, EngineError> {
        let pairs = self.rows.chunks(2).map(|pair| match *pair {
            [first, second] if first % 2 == 0 && second == first + 1 => Ok(first),
            [first, ..] => Err(EngineError::new(format!(
                "`view signed` makes pairs of rows, such as 0 and 1; row {first} is not followed by \
                 its other one"
            ))),
            [] => Err(EngineError::new("a view has rows")),
        });
        pairs.collect()
    }

    /// Puts the pairs that begin with these rows in order, before a rule starts: the synapses of both
    /// rows have the address of the first, and of their weights only the difference is left, in the row
    /// of its sign.
    ///
    /// # Errors
    /// If the first row of a pair does not excite, or the second does not inhibit.
    pub fn order_pairs(&self, pairs: &[u8], chip: &mut Chip) -> Result<(), EngineError> {
        let h = usize::from(self.hemisphere);
        for first in pairs.iter().map(|row| usize::from(*row)) {
            let second = first + 1;
            let modes = [first, second].map(|row| chip.row_mode(h, row));
            if modes != [RowMode::Excitatory, RowMode::Inhibitory] {
                return Err(EngineError::new(format!(
                    "`view signed` needs an excitatory row and an inhibitory one: rows {first} and \
                     {second} are {:?} and {:?}",
                    modes[0], modes[1]
                )));
            }
            let [excites, inhibits] = [first, second].map(|row| chip.weights_row(h, row));
            let less = |a: [u8; COLUMNS], b: [u8; COLUMNS]| {
                core::array::from_fn(|column| a[column].saturating_sub(b[column]))
            };
            chip.write_weights_row(h, first, &less(excites, inhibits));
            chip.write_weights_row(h, second, &less(inhibits, excites));
            chip.write_address_row(h, second, &chip.address_row(h, first));
        }
        Ok(())
    }
}

/// What is known of a compiled rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleInfo {
    /// The rule's name in its source.
    pub name: String,
    /// SHA-256 of the source, in hexadecimal.
    pub source_sha256: String,
    /// Modules that the source imports, also by others, with their SHA-256.
    pub modules_sha256: Vec<(String, String)>,
    /// Time between updates, ticks of 4 ns.
    pub period_ticks: u64,
    /// Time of the first update, ticks of 4 ns.
    pub phase_ticks: u64,
    /// Whether it may work on one hemisphere of a chip only: it keeps something for all its neurons, and
    /// does not say `replicated`.
    pub one_hemisphere: bool,
    /// Whether it draws from the chip's random generators.
    pub chip_generators: bool,
    /// The params, in the order declared.
    pub params: Vec<ParamInfo>,
}

/// A param of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamInfo {
    /// Its name.
    pub name: String,
    /// Its default.
    pub default: f64,
    /// Its unit; empty for pure numbers.
    pub unit: String,
    /// Smallest value allowed.
    pub low: f64,
    /// Largest value allowed.
    pub high: f64,
}

/// One sample of a `record` statement.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct RecordSample {
    /// Number of the statement in the rule.
    pub record: usize,
    /// Number of updates done when it was taken.
    pub update: u32,
    /// Chip time, ticks of 4 ns.
    pub now: u64,
    /// 0 top, 1 bottom.
    pub hemisphere: u8,
    /// The quantities recorded, in the order written.
    pub fields: Vec<RecordField>,
}

/// What to say of samples that were `lost`, by number of the record statement: a sentence each, which
/// names the statement as the samples that were kept do.
#[must_use]
pub fn lost_samples_text(rule: &str, lost: &[u64], kept: &[RecordSample]) -> Vec<String> {
    let text = |(record, lost): (usize, &u64)| {
        let sample = kept.iter().find(|sample| sample.record == record);
        let fields: Vec<&str> =
            sample.iter().flat_map(|sample| &sample.fields).map(|f| f.name.as_str()).collect();
        let fields = if fields.is_empty() { "..".to_owned() } else { fields.join(", ") };
        format!(
            "rule `{rule}`, record {} (`record {fields}`): {lost} samples found the buffer full and are \
             lost: record more seldom (`every N updates`), or run for a shorter time",
            record + 1
        )
    };
    lost.iter().enumerate().filter(|(_, lost)| **lost > 0).map(text).collect()
}

/// The values of one quantity in a sample.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct RecordField {
    /// The quantity's name in the rule.
    pub name: String,
    /// `synapse`, `neuron`, `row` or `rule`.
    pub scope: String,
    /// Fraction bits: a value stands for `value / 2^frac`.
    pub frac: i32,
    /// Values of the view, rows then columns ascending.
    pub values: Vec<i32>,
}

/// Why a rule could not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineError {
    message: String,
}

impl EngineError {
    /// An error that says `message`: one sentence, lower-case start, no full stop.
    #[must_use]
    pub fn new(message: impl Into<String>) -> EngineError {
        EngineError { message: message.into() }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EngineError {}
