//! Perceptron mode: a hemisphere as an analog multiplier of a vector and a matrix.
//!
//! ```text
//! reset ─ wait ─ baseline codes ─ events, one a driver ─ settle ─ codes
//! membrane = baseline + compress(gain_column * sum of x w strength_driver) + offset_column + noise
//! result = codes - baseline codes
//! ```
//!
//! In this mode the low five bits of an event's label are the length of its pulse, the input `x`
//! of 0 to 31; bit 5 remains an address, which a synapse answers to if it has the same bit
//! (haldls `padi.h`). A driver's two rows, one excitatory and one inhibitory, are a signed weight
//! of -63 to 63. Neurons do not fire; their membranes collect the charge of the pulses and lose it
//! slowly. The correlation sensors see the pulses as in any mode.
//!
//! What is not modelled: the course of a pulse (`settle_us` is the time it needs), membranes that
//! run into a limit and come back before the readout, and strengths that differ between the two
//! rows of a driver or change with the input. Every figure is a parameter in `[chip.perceptron]`.

use borsh::{BorshDeserialize, BorshSerialize};
use pl_fixed::real;

use crate::chip::Chip;
use crate::config::PerceptronConfig;
use crate::convert::{low_byte, single, whole_u32};
use crate::drivers::RowMode;
use crate::events::{InputEvent, index_byte};
use crate::hemisphere::Hemisphere;
use crate::noise::{Key, Purpose, place};
use crate::time::{TICKS_PER_US, ticks_from_us};
use crate::{COLUMNS, ROWS};

/// Inputs of a hemisphere in perceptron mode: its synapse drivers.
pub const INPUTS: usize = ROWS / 2;
/// The bits of a label that are the input.
const INPUT_BITS: u8 = 0x1f;
/// The bit of a label that is an address.
const ADDRESS_BIT: u8 = 0x20;
/// Results are eight bits with a sign; a membrane moves no further than that.
const RESULT_LIMIT: f32 = 128.0;

/// Durations of a multiplication, ticks.
#[derive(Clone, Copy, Debug, BorshSerialize, BorshDeserialize)]
struct Timing {
    reset: u64,
    readout: u64,
    spacing: u64,
    settle: u64,
}

/// The membranes of one hemisphere as integrators.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Perceptron {
    hemisphere: usize,
    seed: u64,
    timing: Timing,
    sends: u32,
    baseline: f32,
    linear: f32,
    noise_sigma: f32,
    /// Time constant of the membrane, ticks; 0 if it does not leak.
    tau: f64,
    /// Of a unit of charge, LSB.
    gain: [f32; COLUMNS],
    offset: [f32; COLUMNS],
    strength: [f32; INPUTS],
    /// Sum of the products, decayed until `time`.
    charge: [f32; COLUMNS],
    /// Offset and noise of the present multiplication, LSB; 0 after a reset.
    drift: [f32; COLUMNS],
    time: u64,
}

impl Perceptron {
    pub(crate) fn new(config: &PerceptronConfig, seed: u64, hemisphere: usize) -> Perceptron {
        let key = |purpose| Key::new(seed, purpose, place(hemisphere, 0, 0), 0);
        let around_one = |sigma: f64, z: f32| (1.0 + sigma * f64::from(z)).max(0.0);
        let (gains, offsets) = (key(Purpose::PerceptronGain), key(Purpose::PerceptronOffset));
        let strengths = key(Purpose::PerceptronStrength);
        Perceptron {
            hemisphere,
            seed,
            timing: Timing {
                reset: ticks_from_us(config.reset_us),
                readout: ticks_from_us(config.readout_us),
                spacing: ticks_from_us(config.spacing_us),
                settle: ticks_from_us(config.settle_us),
            },
            sends: whole_u32(config.sends),
            baseline: single(config.baseline_lsb),
            linear: single(config.linear_lsb),
            noise_sigma: single(config.noise_sigma_lsb),
            tau: config.tau_mem_us * TICKS_PER_US as f64,
            gain: lanes(|lane| config.gain_lsb * around_one(config.gain_sigma, gains.gauss(lane))),
            offset: lanes(|lane| config.offset_sigma_lsb * f64::from(offsets.gauss(lane))),
            strength: lanes(|lane| around_one(config.strength_sigma, strengths.gauss(lane))),
            charge: [0.0; COLUMNS],
            drift: [0.0; COLUMNS],
            time: 0,
        }
    }

    /// Adds the charge of an event on `row` at `time`.
    pub(crate) fn deliver(
        &mut self,
        (row, mode): (usize, RowMode),
        label: u8,
        addresses: &[u8; COLUMNS],
        weights: &[u8; COLUMNS],
        time: u64,
    ) {
        self.leak(time);
        let sign = f32::from(mode.sign());
        let pulse = sign * f32::from(label & INPUT_BITS) * self.strength[row / 2];
        let synapses = addresses.iter().zip(weights);
        for (charge, (address, weight)) in self.charge.iter_mut().zip(synapses) {
            let answers = (address ^ label) & ADDRESS_BIT == 0;
            *charge += if answers { pulse * f32::from(*weight) } else { 0.0 };
        }
    }

    /// Lets the charge decay until `time`.
    fn leak(&mut self, time: u64) {
        let left = self.left_at(time);
        if left != 1.0 {
            self.charge.iter_mut().for_each(|charge| *charge *= left);
        }
        self.time = self.time.max(time);
    }

    /// Part of the charge that is left at `time`.
    fn left_at(&self, time: u64) -> f32 {
        if self.tau == 0.0 || time <= self.time {
            return 1.0;
        }
        single(real::exp(-((time - self.time) as f64) / self.tau))
    }

    /// Removes charge, offset and noise from the membrane of a column.
    pub(crate) fn reset(&mut self, column: usize) {
        self.charge[column] = 0.0;
        self.drift[column] = 0.0;
    }

    /// Adds what a multiplication that starts at `time` adds to every membrane besides its product.
    fn stimulate(&mut self, time: u64) {
        let place = place(self.hemisphere, 0, 0);
        let key = Key::new(self.seed, Purpose::PerceptronNoise, place, time);
        let columns = self.drift.iter_mut().zip(&self.offset);
        for (lane, (drift, offset)) in (0..).zip(columns) {
            *drift += offset + self.noise_sigma * key.noise(lane);
        }
    }

    /// Membrane potentials at `time`, LSB of the ADC.
    pub(crate) fn membranes(&self, time: u64) -> [f32; COLUMNS] {
        let left = self.left_at(time);
        std::array::from_fn(|column| {
            let moved = self.gain[column] * (left * self.charge[column]);
            self.baseline + compress(moved, self.linear) + self.drift[column]
        })
    }

    /// The events of one multiplication: every input that is not 0, on both rows of its driver, as
    /// often as vectors are sent; and when the last has come.
    fn events(&self, inputs: &[u8], start: u64) -> (Vec<InputEvent>, u64) {
        let mut time = start;
        let mut events = Vec::new();
        for _ in 0..self.sends {
            for (driver, input) in inputs.iter().enumerate() {
                let label = input & INPUT_BITS;
                if label > 0 {
                    let hemisphere = index_byte(self.hemisphere);
                    let driver = low_byte(driver);
                    events.extend(InputEvent::on_driver(time, hemisphere, driver, label));
                }
                time += self.timing.spacing;
            }
        }
        (events, time)
    }
}

/// One number a lane.
fn lanes<const N: usize>(mut value: impl FnMut(u32) -> f64) -> [f32; N] {
    let mut lane = 0;
    [(); N].map(|()| {
        lane += 1;
        single(value(lane - 1))
    })
}

/// Linear up to `linear` on both sides; beyond, it approaches the limit of the results.
fn compress(x: f32, linear: f32) -> f32 {
    let excess = x.abs() - linear;
    if excess <= 0.0 {
        return x;
    }
    let room = RESULT_LIMIT - linear;
    (linear + room * excess / (room + excess)).copysign(x)
}

impl PerceptronConfig {
    /// Time that [`Chip::multiply`] takes with so many inputs, but for the wait of less than a step
    /// of the network before the readout.
    #[must_use]
    pub fn duration_us(&self, inputs: usize) -> f64 {
        let events = self.sends.round_ties_even() * inputs as f64;
        self.reset_us + 2.0 * self.readout_us + events * self.spacing_us + self.settle_us
    }
}

impl Chip {
    /// Puts hemisphere `h` into perceptron mode, or back into the mode in which neurons spike.
    ///
    /// In perceptron mode its neurons stand still and keep their state; membranes that are read or
    /// reset, by the host or by rules, are those of the integrators. Events that still wait act in
    /// the mode in which they arrive.
    ///
    /// The mode is that of the synapse drivers, whose registers programs reach too: a hemisphere is
    /// in perceptron mode while any of its drivers modulates pulses ([`Driver::modulation`](crate::Driver::modulation)), which
    /// this sets or clears for all of them. On the chip each driver does so for itself.
    pub fn set_perceptron_mode(&mut self, h: usize, on: bool) {
        self.hemispheres[h].drivers.set_modulation(on);
    }

    /// Multiplies `inputs` by the weights of hemisphere `h`: input `i`, of which the low five bits
    /// count, goes to both rows of driver `i`, 2 i and 2 i + 1. For each column the result is the
    /// sum of input times weight over excitatory minus inhibitory rows, times
    /// `perceptron.gain_lsb` and `perceptron.sends`, with the errors of the circuits; rounded, and
    /// limited to -128..127.
    ///
    /// It takes chip time: reset, baseline, one event each `perceptron.spacing_us`, settling and
    /// readout. Meanwhile the rest of the chip works with the events it has in its queue.
    /// Membranes keep the result, for rules to read, until the next reset.
    ///
    /// # Panics
    /// If the hemisphere is not in perceptron mode, or has less drivers than there are inputs.
    pub fn multiply(&mut self, h: usize, inputs: &[u8]) -> [i8; COLUMNS] {
        assert!(
            self.hemispheres[h].drivers.multiplies(),
            "hemisphere {h} is not in perceptron mode"
        );
        assert!(inputs.len() <= INPUTS, "{} inputs for {INPUTS} drivers", inputs.len());
        let timing = self.hemispheres[h].perceptron.timing;
        self.reset_membranes(h, &[true; COLUMNS]);
        self.run_until(self.now() + timing.reset, &[]);
        let baseline = self.membrane_codes(h);
        self.run_until(self.now() + timing.readout, &[]);
        let start = self.now();
        self.hemispheres[h].perceptron.stimulate(start);
        let (events, last) = self.hemispheres[h].perceptron.events(inputs, start);
        let step = self.hemispheres[h].neurons.step_ticks();
        // Events of a step act when it is complete.
        self.run_until((last + timing.settle).next_multiple_of(step), &events);
        let codes = self.membrane_codes(h);
        self.run_until(self.now() + timing.readout, &[]);
        std::array::from_fn(|column| difference(codes[column], baseline[column]))
    }

    /// True gain of a column of the multiplier, LSB for an input of 1 and a weight of 1, and what
    /// it adds to every result (LSB). The emulator's knowledge: calibration must find them by
    /// measurement.
    #[must_use]
    pub fn multiplier(&self, h: usize, column: usize) -> [f64; 2] {
        let Perceptron { gain, offset, .. } = &self.hemispheres[h].perceptron;
        [gain[column].into(), offset[column].into()]
    }

    /// Replaces gain and offset of a column of the multiplier, as the parameters of its neuron would.
    pub fn set_multiplier(&mut self, h: usize, column: usize, [gain, offset]: [f64; 2]) {
        let perceptron = &mut self.hemispheres[h].perceptron;
        perceptron.gain[column] = single(gain);
        perceptron.offset[column] = single(offset);
    }

    /// What [`Chip::multiply`] computes, in whole numbers: the sum of input times signed weight of
    /// each column, for a single vector, without gain and without limit.
    #[must_use]
    pub fn exact_product(&self, h: usize, inputs: &[u8]) -> [i32; COLUMNS] {
        let Hemisphere { synapses, drivers, .. } = &self.hemispheres[h];
        let mut sums = [0; COLUMNS];
        for row in 0..ROWS.min(2 * inputs.len()) {
            let input = i32::from(inputs[row / 2] & INPUT_BITS);
            let sign = i32::from(drivers.mode(row).sign());
            let lines = synapses.weights.row(row).iter().zip(synapses.addresses.row(row));
            for (sum, (weight, address)) in sums.iter_mut().zip(lines) {
                let answers = i32::from(address & ADDRESS_BIT == 0);
                *sum += answers * sign * input * i32::from(*weight);
            }
        }
        sums
    }
}

/// `a - b`, limited to eight bits.
fn difference(a: u8, b: u8) -> i8 {
    let limited = (i16::from(a) - i16::from(b)).clamp(i8::MIN.into(), i8::MAX.into());
    let [low, _] = limited.to_le_bytes();
    low.cast_signed()
}
