//! Declarations of a module: what an instance stores and what the chip offers.

use crate::{DerivedId, Function, Imm, ObjectId, Op, RecordId};
use core::ops::RangeInclusive;

/// A quantity of the chip that a rule reads or writes a row (or all columns) at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quantity {
    /// Synaptic weight, 0..63, a row at a time. A write stores the low 6 bits.
    Weight,
    /// Weight of a pair of rows, of modules with signed views: that of the first, excitatory row less
    /// that of the second, inhibitory one. A write takes the low byte as a signed number, stores the
    /// low 6 bits of its magnitude in the row of its sign, and 0 in the other.
    SignedWeight,
    /// Synapse address (event label), 0..63, a row at a time. A write stores the low 6 bits,
    /// of a pair in both rows.
    Address,
    /// Causal correlation, -128..127: the saturating difference baseline minus ADC code. Read only.
    Causal,
    /// Acausal correlation, as [`Quantity::Causal`]. Read only.
    Acausal,
    /// Resets correlation sensors of a row: bit 0 of a lane the causal, bit 1 the acausal branch.
    /// Write only; what an update resets adds up.
    CorrelationReset,
    /// Spikes of each neuron since its last reset, 0..255, sampled once an update. Read only.
    Rate,
    /// Resets the rate counters of lanes that are not 0. Write only; adds up.
    RateReset,
    /// Membrane ADC code, 0..255, sampled once an update. Read only.
    Membrane,
    /// Resets the membranes of lanes that are not 0. Write only; adds up.
    MembraneReset,
}

impl Quantity {
    /// All quantities with their names in the text form.
    pub const ALL: [(Quantity, &'static str); 10] = [
        (Quantity::Weight, "weight"),
        (Quantity::SignedWeight, "signed_weight"),
        (Quantity::Address, "address"),
        (Quantity::Causal, "causal"),
        (Quantity::Acausal, "acausal"),
        (Quantity::CorrelationReset, "correlation_reset"),
        (Quantity::Rate, "rate"),
        (Quantity::RateReset, "rate_reset"),
        (Quantity::Membrane, "membrane"),
        (Quantity::MembraneReset, "membrane_reset"),
    ];

    /// Name in the text form.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(q, _)| *q == self).map_or("", |(_, name)| name)
    }

    /// Whether it belongs to a synapse row, so that reads and writes name one.
    #[must_use]
    pub const fn per_row(self) -> bool {
        match self {
            Quantity::Weight
            | Quantity::SignedWeight
            | Quantity::Address
            | Quantity::Causal
            | Quantity::Acausal
            | Quantity::CorrelationReset => true,
            Quantity::Rate | Quantity::RateReset | Quantity::Membrane | Quantity::MembraneReset => {
                false
            }
        }
    }

    /// Whether a rule may read it.
    #[must_use]
    pub const fn readable(self) -> bool {
        !self.resets()
    }

    /// Whether a rule may write it.
    #[must_use]
    pub const fn writable(self) -> bool {
        matches!(self, Quantity::Weight | Quantity::SignedWeight | Quantity::Address)
            || self.resets()
    }

    /// Whether writing it takes the low byte of each lane.
    #[must_use]
    pub const fn takes_low_bytes(self) -> bool {
        matches!(
            self,
            Quantity::Weight
                | Quantity::SignedWeight
                | Quantity::Address
                | Quantity::CorrelationReset
        )
    }

    /// Whether writing it resets something.
    #[must_use]
    pub const fn resets(self) -> bool {
        matches!(self, Quantity::CorrelationReset | Quantity::RateReset | Quantity::MembraneReset)
    }
}

/// Where an object has values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// One 16-bit lane a synapse; loads and stores name a row position.
    Synapse,
    /// One 16-bit lane a neuron.
    Neuron,
    /// One 32-bit scalar a row; loads and stores name a row position.
    Row,
    /// One 32-bit scalar an instance.
    Rule,
}

impl Scope {
    /// All scopes with their names in the text form.
    pub const ALL: [(Scope, &'static str); 4] = [
        (Scope::Synapse, "synapse"),
        (Scope::Neuron, "neuron"),
        (Scope::Row, "row"),
        (Scope::Rule, "rule"),
    ];

    /// Name in the text form.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(s, _)| *s == self).map_or("", |(_, name)| name)
    }

    /// Whether loads and stores name a row position.
    #[must_use]
    pub const fn per_row(self) -> bool {
        matches!(self, Scope::Synapse | Scope::Row)
    }

    /// Whether values are vectors.
    #[must_use]
    pub const fn is_vector(self) -> bool {
        matches!(self, Scope::Synapse | Scope::Neuron)
    }
}

/// A scalar that depends on params and constants alone, stored as a symbol of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// The expression in the user's words, for listings and symbol tables.
    pub name: String,
    /// Raw value for the params' defaults, in the format the lowering chose (16-bit range).
    pub default: i32,
    /// Raw values that whoever sets it keeps to; `None` are all of 32 bits.
    pub range: Option<RangeInclusive<i32>>,
}

/// A piece of state or input of a rule instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Name in the source.
    pub name: String,
    /// Where it has values.
    pub scope: Scope,
    /// Raw initial value of every element.
    pub initial: i32,
    /// Whether host or experiment write it and the rule only reads.
    pub input: bool,
    /// Raw values that whoever sets it from outside keeps to; `None` are all of its type. Code may
    /// store others: a pass that relies on the range sees to it first that none does. Of passes
    /// those for the processor for plasticity do.
    pub range: Option<RangeInclusive<i32>>,
}

/// One column of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name in the source.
    pub name: String,
    /// Which values: of every synapse of the view, of every neuron, or one of the instance.
    pub scope: Scope,
    /// Fraction bits of the raw values.
    pub frac: i32,
}

/// A `record` statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Updates between samples, at least 1; samples are taken at the end of updates n, 2n, ...
    pub every: u32,
    /// What a sample holds.
    pub fields: Vec<Field>,
}

/// The random generators of the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Generators {
    /// Those of the instance, [`pl_fixed::rng::Column`].
    #[default]
    Own,
    /// Those of the chip, [`pl_fixed::lfsr`]: 16 readings a draw.
    Hardware,
}

/// A compiled rule: declarations and code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Name of the rule.
    pub name: String,
    /// Largest number of rows a view may have, 1..=256.
    pub rows_max: u32,
    /// Largest number of columns a view may have, 1..=256.
    pub columns_max: u32,
    /// Whether a row of the view is a pair of hardware rows, of which the first, even one excites and
    /// the second inhibits. Sensors and resets are those of the first.
    pub signed: bool,
    /// Which generators `draw` steps.
    pub generators: Generators,
    /// Derived values.
    pub derived: Vec<Derived>,
    /// State and inputs.
    pub objects: Vec<Object>,
    /// Record statements.
    pub records: Vec<Record>,
    /// Code: `start` (once, before the first update) and `update`.
    pub functions: Vec<Function>,
}

impl Module {
    /// A module that declares nothing, for one row of 256 columns.
    #[must_use]
    pub fn empty(name: &str) -> Module {
        Module {
            name: name.to_owned(),
            rows_max: 1,
            columns_max: 256,
            signed: false,
            generators: Generators::default(),
            derived: Vec::new(),
            objects: Vec::new(),
            records: Vec::new(),
            functions: Vec::new(),
        }
    }

    /// The declaration of a derived value.
    #[must_use]
    pub fn derived(&self, id: DerivedId) -> Option<&Derived> {
        self.derived.get(id.index())
    }

    /// The declaration of an object.
    #[must_use]
    pub fn object(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(id.index())
    }

    /// The declaration of a record.
    #[must_use]
    pub fn record(&self, id: RecordId) -> Option<&Record> {
        self.records.get(id.index())
    }

    /// The function of this name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|f| f.name == name)
    }

    /// Whether any function reads (`Op::Read`) or writes (`Op::Write`) this quantity.
    #[must_use]
    pub fn has(&self, op: Op, quantity: Quantity) -> bool {
        self.functions.iter().any(|func| {
            let mut insts = func.blocks.iter().flat_map(|block| &block.insts);
            insts.any(|inst| {
                let inst = func.inst(*inst);
                inst.op == op && inst.imm == Imm::Quantity(quantity)
            })
        })
    }

    /// The same module with every function renumbered (see [`Function::renumbered`]).
    #[must_use]
    pub fn renumbered(&self) -> Module {
        let functions = self.functions.iter().map(Function::renumbered).collect();
        Module { functions, ..self.clone() }
    }
}
