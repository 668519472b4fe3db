//! Random modules and random surroundings for them, for differential tests of passes and engines.
//!
//! ```
//! use pl_ir::{eval, testing};
//!
//! let module = testing::module(7, &testing::Shape::default());
//! let mut reference = testing::State::random(&module, 7, 3);
//! let mut other = reference.clone();
//! reference.evaluate(&module, 2)?;
//! // Any engine with the interface of the evaluator goes into the closure.
//! other.drive(&module, 2, |function, instance, io| eval::run(&module, function, instance, io))?;
//! assert_eq!(reference, other);
//! # Ok::<(), eval::EvalError>(())
//! ```
//!
//! Everything follows from a seed. A property test draws seed and [`Shape`], so that a failure
//! shrinks to few statements.

mod generator;

use crate::eval::{self, EvalError};
use crate::io::{COLUMNS, Instance, ObjectValues, UpdateIo, low_lane};
use crate::{Module, Verified, verify};
use core::ops::RangeInclusive;
use pl_fixed::rng;

/// How large random modules are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Stages of a function: straight code, loops over the rows, counted loops, branches.
    pub stages: u32,
    /// Instructions of a straight stretch of code.
    pub stretch: u32,
    /// Whether vectors of bytes occur beside those of halfwords.
    pub byte_lanes: bool,
}

impl Default for Shape {
    /// Four stages of twelve instructions, halfwords only: what lowering makes today.
    fn default() -> Shape {
        Shape { stages: 4, stretch: 12, byte_lanes: false }
    }
}

/// A random module that passes [`verify()`]: every op, quantity and scope, draws, records, masks,
/// values that loops carry and values that they could do without, and sometimes `start` or a
/// block without a way to it. Row positions are always within the view, loops always end.
///
/// # Panics
/// If the generator makes a module that is not well formed, which is a fault of its own.
#[must_use]
pub fn module(seed: u64, shape: &Shape) -> Verified<Module> {
    match verify(generator::module(seed, shape)) {
        Ok(module) => module,
        Err(errors) => panic!("random module {seed} of {shape:?} is not well formed: {errors:?}"),
    }
}

/// Numbers that follow from a seed: SplitMix64 in counter mode.
#[derive(Clone, Debug)]
pub struct Random {
    key: u64,
    counter: u64,
}

impl Random {
    /// The sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Random {
        Random { key: rng::splitmix64(seed), counter: 0 }
    }

    /// 64 uniform bits.
    pub const fn bits(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        rng::splitmix64(self.key.wrapping_add(self.counter))
    }

    /// A number below `bound`; 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = self.bits().checked_rem(bound as u64).unwrap_or(0);
        usize::try_from(number).unwrap_or(0)
    }

    /// True once in `one_in` times.
    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    /// A uniform byte.
    pub fn byte(&mut self) -> u8 {
        self.bits().to_le_bytes()[0]
    }

    /// A byte below `bound`; 0 if that is 0.
    pub fn byte_below(&mut self, bound: u8) -> u8 {
        self.byte().checked_rem(bound).unwrap_or(0)
    }

    /// A 16-bit lane.
    pub fn lane(&mut self) -> i16 {
        let [low, high, ..] = self.bits().to_le_bytes();
        i16::from_le_bytes([low, high])
    }

    /// A 16-bit lane that is now and then apt to break something.
    pub fn apt_lane(&mut self) -> i16 {
        if self.chance(8) { low_lane(self.scalar()) } else { self.lane() }
    }

    /// A scalar: half of the time one that is apt to break something.
    pub fn scalar(&mut self) -> i32 {
        const EDGES: [i32; 24] = [
            0,
            1,
            -1,
            2,
            3,
            4,
            8,
            16,
            63,
            64,
            127,
            128,
            255,
            256,
            -128,
            -129,
            4096,
            0x7fff,
            -0x8000,
            0x8000,
            0xffff,
            0x1_0000,
            i32::MAX,
            i32::MIN,
        ];
        match self.below(4) {
            0 | 1 => EDGES[self.below(EDGES.len())],
            2 => i32::from(self.byte().cast_signed()),
            _ => i32::from(self.lane()),
        }
    }
}

/// Arrays that an update reads and writes, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedIo {
    /// See [`UpdateIo::rows`].
    pub rows: Vec<u8>,
    /// See [`UpdateIo::row_signs`].
    pub row_signs: Vec<i8>,
    /// See [`UpdateIo::columns`].
    pub columns: Box<[u8; COLUMNS]>,
    /// See [`UpdateIo::weights`].
    pub weights: Vec<u8>,
    /// See [`UpdateIo::addresses`].
    pub addresses: Vec<u8>,
    /// See [`UpdateIo::causal_codes`].
    pub causal_codes: Vec<u8>,
    /// See [`UpdateIo::acausal_codes`].
    pub acausal_codes: Vec<u8>,
    /// See [`UpdateIo::causal_baseline`].
    pub causal_baseline: Box<[u8; COLUMNS]>,
    /// See [`UpdateIo::acausal_baseline`].
    pub acausal_baseline: Box<[u8; COLUMNS]>,
    /// See [`UpdateIo::rates`].
    pub rates: Box<[u8; COLUMNS]>,
    /// See [`UpdateIo::membranes`].
    pub membranes: Box<[u8; COLUMNS]>,
    /// See [`UpdateIo::correlation_reset`].
    pub correlation_reset: Vec<u8>,
    /// See [`UpdateIo::rate_reset`].
    pub rate_reset: Box<[u8; COLUMNS]>,
    /// See [`UpdateIo::membrane_reset`].
    pub membrane_reset: Box<[u8; COLUMNS]>,
}

impl OwnedIo {
    /// Random arrays for a view of `rows` rows (at most 256): all columns or some, any codes.
    #[must_use]
    pub fn random(seed: u64, rows: usize) -> OwnedIo {
        let mut random = Random::new(seed);
        let mut rows_left = rows.min(256);
        let chosen = (0..=u8::MAX).filter(|row| {
            let take = random.below(256 - usize::from(*row)) < rows_left;
            rows_left -= usize::from(take);
            take
        });
        let rows: Vec<u8> = chosen.collect();
        let synapses = rows.len() * COLUMNS;
        let whole = random.chance(2);
        let mut bytes = |len: usize, bound: u8| -> Vec<u8> {
            let byte = |_| if bound == 0 { random.byte() } else { random.byte_below(bound) };
            (0..len).map(byte).collect()
        };
        let (weights, addresses) = (bytes(synapses, 64), bytes(synapses, 64));
        let (causal_codes, acausal_codes) = (bytes(synapses, 0), bytes(synapses, 0));
        let signs = bytes(rows.len(), 3);
        let mut row = |bound: u8| boxed(&bytes(COLUMNS, bound));
        let columns = row(2).map(|in_view| if whole || in_view != 0 { 0xff } else { 0 });
        OwnedIo {
            rows,
            row_signs: signs.iter().map(|sign| sign.cast_signed() - 1).collect(),
            columns: Box::new(columns),
            weights,
            addresses,
            causal_codes,
            acausal_codes,
            causal_baseline: row(0),
            acausal_baseline: row(0),
            rates: row(0),
            membranes: row(0),
            correlation_reset: vec![0; synapses],
            rate_reset: Box::new([0; COLUMNS]),
            membrane_reset: Box::new([0; COLUMNS]),
        }
    }

    /// Makes the rows pairs, and every other weight negative.
    fn pair(&mut self) {
        let count = self.rows.len().max(1);
        for (position, row) in self.rows.iter_mut().enumerate() {
            *row = u8::try_from(2 * (position * 128 / count)).unwrap_or(0);
        }
        self.row_signs.fill(1);
        for weight in self.weights.iter_mut().skip(1).step_by(2) {
            *weight = weight.wrapping_neg();
        }
    }

    /// The arrays as an update takes them.
    pub fn lend(&mut self) -> UpdateIo<'_> {
        UpdateIo {
            rows: &self.rows,
            row_signs: &self.row_signs,
            columns: &self.columns,
            weights: &mut self.weights,
            addresses: &mut self.addresses,
            causal_codes: &self.causal_codes,
            acausal_codes: &self.acausal_codes,
            causal_baseline: &self.causal_baseline,
            acausal_baseline: &self.acausal_baseline,
            rates: &self.rates,
            membranes: &self.membranes,
            correlation_reset: &mut self.correlation_reset,
            rate_reset: &mut self.rate_reset,
            membrane_reset: &mut self.membrane_reset,
        }
    }
}

/// A number of the range, if there is one: the same if it lies in it, else one that follows from it.
fn within(range: Option<&RangeInclusive<i32>>, number: i32) -> i32 {
    match range {
        Some(range) if !range.contains(&number) => {
            let count = range.end().abs_diff(*range.start()).saturating_add(1);
            range.start().wrapping_add_unsigned(number.cast_unsigned() % count)
        }
        Some(_) | None => number,
    }
}

fn boxed(bytes: &[u8]) -> Box<[u8; COLUMNS]> {
    Box::new(core::array::from_fn(|column| bytes.get(column).copied().unwrap_or(0)))
}

/// An instance and its surroundings: everything that running a module can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Derived values, objects, generators, records.
    pub instance: Instance,
    /// Arrays of the chip's quantities.
    pub io: OwnedIo,
}

impl State {
    /// A random state for a module and a view of `rows` rows (at most 256): derived values and
    /// objects are any of their range, record buffers soon full.
    #[must_use]
    pub fn random(module: &Module, seed: u64, rows: usize) -> State {
        let mut io = OwnedIo::random(seed, if module.signed { rows.min(128) } else { rows });
        if module.signed {
            io.pair();
        }
        let mut random = Random::new(!seed);
        let (hemisphere, key) = (random.byte_below(2), random.bits());
        let mut instance = Instance::new(module, hemisphere, io.rows.len(), key, 2);
        instance.update_index = u32::from(random.byte_below(6));
        for (value, derived) in instance.derived.iter_mut().zip(&module.derived) {
            let lane = i32::from(random.lane());
            *value = within(derived.range.as_ref(), lane);
        }
        for (values, object) in instance.objects.iter_mut().zip(&module.objects) {
            let range = object.range.as_ref();
            match values {
                ObjectValues::Lanes(lanes) => lanes.iter_mut().for_each(|x| {
                    *x = low_lane(within(range, random.apt_lane().into()));
                }),
                ObjectValues::Scalars(values) => {
                    values.iter_mut().for_each(|x| *x = within(range, random.scalar()));
                }
            }
        }
        State { instance, io }
    }

    /// Runs `start`, if the module has one, and then `update` as often as said, counting updates
    /// as a caller does; `run` is an engine. The planes of resets keep what is written to them.
    ///
    /// # Errors
    /// The first of the engine.
    pub fn drive<E>(
        &mut self,
        module: &Module,
        updates: u32,
        mut run: impl FnMut(&str, &mut Instance, &mut UpdateIo<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if module.function("start").is_some() {
            run("start", &mut self.instance, &mut self.io.lend())?;
        }
        for _ in 0..updates {
            run("update", &mut self.instance, &mut self.io.lend())?;
            self.instance.update_index += 1;
        }
        Ok(())
    }

    /// [`State::drive`] with the reference evaluator.
    ///
    /// # Errors
    /// The evaluator's.
    pub fn evaluate(&mut self, module: &Verified<Module>, updates: u32) -> Result<(), EvalError> {
        self.drive(module, updates, |function, instance, io| {
            eval::run(module, function, instance, io)
        })
    }
}
