//! What one update reads and writes: the interface that the evaluator and native code share.
//!
//! Arrays of synapse quantities are row-major over the *positions* of the view and always 256
//! columns wide: element `(position, column)` is at `position * 256 + column`. The caller gathers
//! and scatters; a rule never sees rows outside its view, and writes only columns of the mask.

use crate::{Generators, Module, Record, Scope};
use borsh::{BorshDeserialize, BorshSerialize};
use pl_fixed::{chip, lfsr, rng};

/// Columns of a hemisphere.
pub const COLUMNS: usize = chip::COLUMNS as usize;

/// The caller's arrays for one update of one instance.
#[derive(Debug)]
pub struct UpdateIo<'a> {
    /// Hardware rows of the view, ascending; its length is the number of rows. Those of a signed view
    /// are pairs, and the row is the first of each.
    pub rows: &'a [u8],
    /// Sign of each row of the view: +1, -1 or 0; +1 for a pair.
    pub row_signs: &'a [i8],
    /// Columns of the view: 0xff in, 0 out.
    pub columns: &'a [u8; COLUMNS],
    /// Weights, 0..63; of a signed view -63..63, as bytes of a signed number.
    pub weights: &'a mut [u8],
    /// Addresses, 0..63.
    pub addresses: &'a mut [u8],
    /// ADC codes of the causal branch.
    pub causal_codes: &'a [u8],
    /// ADC codes of the acausal branch.
    pub acausal_codes: &'a [u8],
    /// Baseline codes of the causal branch, one a column.
    pub causal_baseline: &'a [u8; COLUMNS],
    /// Baseline codes of the acausal branch, one a column.
    pub acausal_baseline: &'a [u8; COLUMNS],
    /// Rate counters, saturated at 255.
    pub rates: &'a [u8; COLUMNS],
    /// Membrane ADC codes.
    pub membranes: &'a [u8; COLUMNS],
    /// Written by resets: bit 0 causal, bit 1 acausal. The caller clears it and applies it.
    pub correlation_reset: &'a mut [u8],
    /// Written by resets of the rate counters, not 0 where reset. The caller clears and applies it.
    pub rate_reset: &'a mut [u8; COLUMNS],
    /// Written by resets of membranes, like `rate_reset`.
    pub membrane_reset: &'a mut [u8; COLUMNS],
}

/// What an instance keeps between updates.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Instance {
    /// Hemisphere, 0 top, 1 bottom.
    pub hemisphere: u8,
    /// Number of the next update, from 0. The engine's caller counts it up after each update.
    pub update_index: u32,
    /// Values of the module's derived table, each in the range that is declared for it.
    pub derived: Vec<i32>,
    /// Values of each object (see [`ObjectValues`]). Who sets them keeps to the declared ranges.
    pub objects: Vec<ObjectValues>,
    /// Last draw of each column's generator; of the chip's generators the register.
    pub rng_x: Box<[u16; COLUMNS]>,
    /// Carry of each column's generator; of the chip's generators the byte it is seeded with.
    pub rng_carry: Box<[u16; COLUMNS]>,
    /// State of the scalar generator, which is its last draw; never 0.
    pub rng_word: u32,
    /// Samples taken so far, one buffer a record statement.
    pub records: Vec<RecordBuffer>,
    /// Events that updates have sent, oldest first, for the caller to deliver and to clear.
    pub events: Vec<Event>,
}

/// An event that a rule sends to the synapse rows of its hemisphere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Event {
    /// Synapse driver, 0..127: of rows `2 driver` and `2 driver + 1`, which both receive it.
    pub driver: u8,
    /// The address that synapses compare with theirs, 0..63.
    pub address: u8,
}

impl Event {
    /// What `send` means: an event for the driver of a hardware row, the low 8 bits of `row`, with
    /// the low 6 bits of `address`; none for rows below 0.
    #[must_use]
    pub fn to_row(row: i32, address: i32) -> Option<Event> {
        let ([row_low, ..], [low, ..]) = (row.to_le_bytes(), address.to_le_bytes());
        (row >= 0).then_some(Event { driver: row_low / 2, address: low & 0x3f })
    }
}

/// Values of an object, by scope.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ObjectValues {
    /// Lanes: per synapse row-major over row positions, per neuron one a column.
    Lanes(Vec<i16>),
    /// Scalars: one a row position, or one for the instance.
    Scalars(Vec<i32>),
}

impl ObjectValues {
    /// How many there are.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "objects have values")]
    pub fn len(&self) -> usize {
        match self {
            ObjectValues::Lanes(lanes) => lanes.len(),
            ObjectValues::Scalars(words) => words.len(),
        }
    }

    /// Sets all of them, in order; lanes take the low 16 bits.
    pub fn set(&mut self, raws: &[i32]) {
        match self {
            ObjectValues::Lanes(lanes) => {
                lanes.iter_mut().zip(raws).for_each(|(lane, raw)| *lane = low_lane(*raw));
            }
            ObjectValues::Scalars(words) => {
                words.iter_mut().zip(raws).for_each(|(word, raw)| *word = *raw);
            }
        }
    }
}

/// One sample of a record: raw values of each field, those of synapse fields row-major over row
/// positions and 256 columns wide.
#[derive(Clone, Debug, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Sample {
    /// Number of updates done when it was taken.
    pub update: u32,
    /// One list a field.
    pub fields: Vec<Vec<i32>>,
}

/// Samples of one record statement.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordBuffer {
    /// Most samples it holds.
    pub capacity: usize,
    /// Samples, oldest first.
    pub samples: Vec<Sample>,
    /// Samples that found the buffer full.
    pub dropped: u32,
}

impl RecordBuffer {
    /// Opens the next sample with zeroed fields; `false` and a count if the buffer is full.
    pub fn open(&mut self, record: &Record, update_index: u32, rows: usize) -> bool {
        if self.samples.len() >= self.capacity {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        }
        let len = |scope| match scope {
            Scope::Synapse => rows * COLUMNS,
            Scope::Neuron => COLUMNS,
            Scope::Row => rows,
            Scope::Rule => 1,
        };
        let fields = record.fields.iter().map(|field| vec![0; len(field.scope)]).collect();
        self.samples.push(Sample { update: update_index.wrapping_add(1), fields });
        true
    }
}

impl Instance {
    /// A fresh instance for a view of `rows` rows: default derived values, initial state, seeded
    /// generators, empty records of `record_capacity` samples each.
    #[must_use]
    pub fn new(
        module: &Module,
        hemisphere: u8,
        rows: usize,
        stream_key: u64,
        record_capacity: usize,
    ) -> Instance {
        let (rng_x, rng_carry) = seeded(module.generators, stream_key);
        let objects = module.objects.iter().map(|object| match object.scope {
            Scope::Synapse => ObjectValues::Lanes(vec![low_lane(object.initial); rows * COLUMNS]),
            Scope::Neuron => ObjectValues::Lanes(vec![low_lane(object.initial); COLUMNS]),
            Scope::Row => ObjectValues::Scalars(vec![object.initial; rows]),
            Scope::Rule => ObjectValues::Scalars(vec![object.initial]),
        });
        let buffer = RecordBuffer { capacity: record_capacity, samples: Vec::new(), dropped: 0 };
        Instance {
            hemisphere,
            update_index: 0,
            derived: module.derived.iter().map(|derived| derived.default).collect(),
            objects: objects.collect(),
            rng_x,
            rng_carry,
            rng_word: rng::scalar_seed(stream_key),
            records: vec![buffer; module.records.len()],
            events: Vec::new(),
        }
    }
}

impl Instance {
    /// Whether another instance has as many values of everything: of the same rule and view.
    #[must_use]
    pub fn is_like(&self, other: &Instance) -> bool {
        let values = |object: &ObjectValues| match object {
            ObjectValues::Lanes(lanes) => (true, lanes.len()),
            ObjectValues::Scalars(words) => (false, words.len()),
        };
        let fields = |buffer: &RecordBuffer| buffer.samples.first().map(|s| s.fields.len());
        let same_fields = |(own, other): (&RecordBuffer, &RecordBuffer)| {
            fields(own).zip(fields(other)).is_none_or(|(own, other)| own == other)
        };
        self.hemisphere == other.hemisphere
            && self.derived.len() == other.derived.len()
            && self.objects.iter().map(values).eq(other.objects.iter().map(values))
            && self.records.len() == other.records.len()
            && self.records.iter().zip(&other.records).all(same_fields)
    }

    /// One draw of every column.
    pub fn draw(&mut self, generators: Generators) -> [u16; COLUMNS] {
        let columns = self.rng_x.iter_mut().zip(self.rng_carry.iter_mut()).enumerate();
        for (column, (x, carry)) in columns {
            match generators {
                Generators::Own => {
                    let mut own = rng::Column { x: *x, carry: *carry };
                    own.draw();
                    (*x, *carry) = (own.x, own.carry);
                }
                Generators::Hardware => *x = lfsr::draw(*x, column),
            }
        }
        *self.rng_x
    }
}

/// Numbers of every column.
type Words = Box<[u16; COLUMNS]>;

/// Generators of a stream: `rng_x` and `rng_carry` of an instance.
fn seeded(generators: Generators, stream_key: u64) -> (Words, Words) {
    let (mut x, mut carry) = (Box::new([0; COLUMNS]), Box::new([0; COLUMNS]));
    for (number, (x, carry)) in x.iter_mut().zip(carry.iter_mut()).enumerate() {
        let column = u16::try_from(number).unwrap_or(u16::MAX);
        match generators {
            Generators::Own => {
                let generator = rng::Column::seeded(stream_key, column);
                (*x, *carry) = (generator.x, generator.carry);
            }
            Generators::Hardware => {
                let seed = lfsr::seed(stream_key, column);
                (*x, *carry) = (lfsr::seeded(seed, number), seed.into());
            }
        }
    }
    (x, carry)
}

/// The lane a scalar becomes when it is splat: its low 16 bits.
#[inline]
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "a splat takes the low bits, by definition")]
pub const fn low_lane(scalar: i32) -> i16 {
    scalar as i16
}

/// What a pair of rows keeps of a byte that is written as its weight: the sign, and the low 6 bits of
/// the magnitude.
#[inline]
#[must_use]
pub const fn signed_weight(byte: u8) -> u8 {
    let kept = byte.cast_signed().unsigned_abs() & 0x3f;
    if byte.cast_signed() < 0 { kept.wrapping_neg() } else { kept }
}

/// Correlation of one synapse: the saturating difference baseline minus code, -128..127.
#[inline]
#[must_use]
pub fn correlation(baseline: u8, code: u8) -> i16 {
    (i16::from(baseline) - i16::from(code)).clamp(-128, 127)
}

/// Baseline of one column and branch: the mean of `sum` over `rows` readings, rounded half up.
#[inline]
#[must_use]
pub fn baseline(sum: u32, rows: u32) -> u8 {
    u8::try_from((2 * sum + rows).checked_div(2 * rows).unwrap_or(0)).unwrap_or(u8::MAX)
}
