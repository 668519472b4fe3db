//! One half of the chip: synapses, sensors, neurons, counters and converters, and their time.
//!
//! A step of the network, in this order: the events of the step are delivered to the neurons; the
//! neurons advance; their spikes get times within the step; events and spikes reach the
//! correlation sensors in order of time. The network advances in whole steps from time 0. As
//! sensors do not act on neurons, the neurons compute many steps before the sensors see them.

use std::ops::Range;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::adc::Adc;
use crate::circuits::Circuits;
use crate::config::ChipConfig;
use crate::convert::low_word;
use crate::correlation::{Branch, Correlation, PrePulse, Pulse};
use crate::drivers::{Drivers, RowMode};
use crate::events::{InputEvent, Spike, index_byte};
use crate::generators::Generators;
use crate::lanes::Level;
use crate::neurons::{Fired, QUIET_INTERVAL};
use crate::perceptron::Perceptron;
use crate::ppu::Ppu;
use crate::queue::EventQueue;
use crate::synapse_array::{SIX_BITS, SynapseArray};
use crate::{COLUMNS, ROWS};

/// Bit 8 of a spike counter: it has passed 255 (haldls `neuron.h`).
const OVERFLOW: u16 = 0x100;

/// One hemisphere.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Hemisphere {
    index: usize,
    pub(crate) drivers: Drivers,
    pub(crate) synapses: SynapseArray,
    pub(crate) sensors: Correlation,
    pub(crate) neurons: Circuits,
    /// Gets events, instead of the neurons, which then stand still, while drivers modulate pulses.
    pub(crate) perceptron: Perceptron,
    pub(crate) adc: Adc,
    /// Spike counters: the count modulo 256 and the overflow flag.
    counters: [u16; COLUMNS],
    /// Where the network stands: a whole number of steps.
    time: u64,
    /// Events that have not acted yet.
    queue: EventQueue,
    pub(crate) generators: Generators,
    pub(crate) ppu: Ppu,
    /// Pulses at synapses of their address while neurons spike.
    pub(crate) synaptic_events: u64,
    pub(crate) spike_count: u64,
    record_spikes: bool,
    /// Spikes since they were last taken, by time and column within each run.
    spikes: Vec<Spike>,
    /// How many of them have been forwarded to other rows.
    sent: usize,
    /// Neurons that fired in the current steps; kept to reuse its memory.
    fired: Vec<Fired>,
}

impl Hemisphere {
    pub(crate) fn new(config: &ChipConfig, seed: u64, index: usize, level: Level) -> Hemisphere {
        let synapses = SynapseArray::new();
        Hemisphere {
            index,
            drivers: Drivers::new(&config.stp, seed, index),
            sensors: Correlation::new(&config.sensor, &synapses, seed, index, level),
            synapses,
            neurons: Circuits::new(config, seed, index, level),
            perceptron: Perceptron::new(&config.perceptron, seed, index),
            adc: Adc::new(&config.adc, seed, index, level),
            counters: [0; COLUMNS],
            time: 0,
            queue: EventQueue::default(),
            generators: Generators::new(seed, index),
            ppu: Ppu::new(),
            synaptic_events: 0,
            spike_count: 0,
            record_spikes: true,
            spikes: Vec::new(),
            sent: 0,
            fired: Vec::new(),
        }
    }

    /// Puts this hemisphere's events of `input` into the queue. Events of the past act at once.
    pub(crate) fn enqueue(&mut self, input: &[InputEvent]) {
        let own = input.iter().filter(|event| usize::from(event.hemisphere) == self.index);
        self.queue.extend(own.map(|event| InputEvent {
            time: event.time.max(self.time),
            address: event.address & SIX_BITS,
            ..*event
        }));
    }

    /// No neuron fires before this time, and no event acts that could change that: the present, if
    /// neurons are at work.
    pub(crate) fn quiet_until(&self) -> u64 {
        match (self.drivers.multiplies(), self.neurons.is_silent()) {
            (true, _) => u64::MAX,
            (false, true) => self.queue.next_time(),
            (false, false) => self.time,
        }
    }

    /// Advances by whole steps while they end at or before `end`.
    pub(crate) fn advance(&mut self, end: u64) {
        let step = self.neurons.step_ticks();
        if self.drivers.multiplies() {
            self.integrate(end - end % step);
            return;
        }
        let mut queue = std::mem::take(&mut self.queue);
        while self.time + step <= end {
            if self.neurons.is_silent() {
                let next = queue.next_time();
                if next >= self.time + step {
                    let steps = (next.min(end) - self.time) / step;
                    self.time += steps * step;
                    continue;
                }
            }
            // To the next search for silence.
            let steps = QUIET_INTERVAL - self.time / step % QUIET_INTERVAL;
            let steps = steps.min((end - self.time) / step);
            let until = self.time + steps * step;
            let events = queue.take_before(until);
            self.pass_drivers(events);
            self.run(events, steps);
            self.time = until;
            if (until / step).is_multiple_of(QUIET_INTERVAL) {
                self.neurons.quieten();
            }
        }
        self.queue = queue;
    }

    /// Leaves of each address what its driver forwards.
    #[inline]
    fn pass_drivers(&self, events: &mut [InputEvent]) {
        if self.drivers.hides_addresses() {
            for event in events {
                event.address = self.drivers.forwarded(event.row, event.address);
            }
        }
    }

    /// Advances to `end` in perceptron mode.
    fn integrate(&mut self, end: u64) {
        let mut queue = std::mem::take(&mut self.queue);
        for event in &*queue.take_before(end) {
            let row = usize::from(event.row);
            let mode = self.drivers.mode(row);
            let (addresses, weights) =
                (self.synapses.addresses.row(row), self.synapses.weights.row(row));
            self.perceptron.deliver((row, mode), event.address, addresses, weights, event.time);
            self.show_events(std::slice::from_ref(event));
        }
        self.settle_if_due();
        self.time = self.time.max(end);
        self.queue = queue;
    }

    /// Computes some steps, in which `events` arrive.
    fn run(&mut self, events: &[InputEvent], steps: u64) {
        self.fired.clear();
        let (start, steps) = (self.time, low_word(steps));
        let array = (&self.synapses, &mut self.drivers);
        self.neurons.advance(array, events, start, steps, &mut self.fired);
        self.synaptic_events += self.reached_synapses(events);
        self.pair(events);
        self.settle_if_due();
    }

    /// Pulses that events make at synapses of their address.
    fn reached_synapses(&self, events: &[InputEvent]) -> u64 {
        let reached = |event: &InputEvent| {
            let row = usize::from(event.row);
            let on = self.drivers.mode(row) != RowMode::Disabled;
            if on { u64::from(self.synapses.listeners(row, event.address)) } else { 0 }
        };
        events.iter().map(reached).sum()
    }

    fn settle_if_due(&mut self) {
        if self.sensors.is_due() {
            self.settle();
        }
    }

    /// Lets the pulses reach the sensors that wait to.
    pub(crate) fn settle(&mut self) {
        self.sensors.settle(&self.synapses);
    }

    /// Shows the sensors the events and spikes of some steps in order of time, of each tick the events
    /// first, and counts the spikes.
    fn pair(&mut self, mut events: &[InputEvent]) {
        let fired = std::mem::take(&mut self.fired);
        for &Fired { offset, column } in &fired {
            let time = self.time + offset;
            let (before, after) = events.split_at(events.partition_point(|e| e.time <= time));
            self.show_events(before);
            events = after;
            self.sensors.show(time, Pulse::Post(index_byte(column)));
            self.count(column, time);
        }
        self.show_events(events);
        self.fired = fired;
    }

    /// Shows the sensors the pulses that events make on their rows, unless those are off.
    #[inline]
    fn show_events(&mut self, events: &[InputEvent]) {
        for &InputEvent { time, row, address, .. } in events {
            if self.drivers.mode(usize::from(row)) != RowMode::Disabled {
                self.sensors.show(time, Pulse::Pre(PrePulse { row, address }));
            }
        }
    }

    fn count(&mut self, column: usize, time: u64) {
        let count = self.counters[column];
        let overflow = if count & 0xff == 0xff { OVERFLOW } else { 0 };
        self.counters[column] = ((count + 1) & 0xff) | (count & OVERFLOW) | overflow;
        self.spike_count += 1;
        let (hemisphere, column) = (index_byte(self.index), index_byte(column));
        self.spikes.push(Spike { time, hemisphere, column });
    }

    /// Spikes that have not been forwarded yet; counts them as forwarded.
    pub(crate) fn unsent_spikes(&mut self) -> &[Spike] {
        let first = self.sent;
        self.sent = self.spikes.len();
        &self.spikes[first..]
    }

    /// Spikes until now are not forwarded any more; those nobody records are forgotten.
    pub(crate) fn mark_spikes_sent(&mut self) {
        if !self.record_spikes {
            self.spikes.clear();
        }
        self.sent = self.spikes.len();
    }

    /// Spikes since they were last taken or forgotten.
    pub(crate) fn spikes(&self) -> &[Spike] {
        &self.spikes
    }

    /// All spikes since the last call, forwarded before.
    pub(crate) fn take_spikes(&mut self) -> Vec<Spike> {
        self.sent = 0;
        std::mem::take(&mut self.spikes)
    }

    pub(crate) fn set_active_columns(&mut self, columns: Range<usize>) {
        self.settle();
        let computed = self.neurons.set_columns(columns);
        self.sensors.set_columns(computed);
    }

    pub(crate) fn set_spike_recording(&mut self, on: bool) {
        self.record_spikes = on;
        self.mark_spikes_sent();
    }

    /// Writes addresses; sensors of synapses that change keep what they have.
    pub(crate) fn write_addresses(&mut self, row: usize, addresses: &[u8; COLUMNS]) {
        let before = *self.synapses.addresses.row(row);
        let addresses = addresses.map(|address| address & SIX_BITS);
        if before == addresses {
            return;
        }
        self.settle();
        for (column, (&old, &new)) in before.iter().zip(&addresses).enumerate() {
            if old != new {
                self.synapses.write_address(row, column, new);
                self.sensors.address_changed(row, column, old, new);
            }
        }
    }

    pub(crate) fn correlation_codes(&self, row: usize, branch: Branch, time: u64) -> [u8; COLUMNS] {
        self.sensors.codes(row, branch, &self.adc.sampling(row, branch, time))
    }

    /// Codes of the voltages the sensors are reset to.
    pub(crate) fn reset_codes(&self, row: usize, branch: Branch, time: u64) -> [u8; COLUMNS] {
        self.adc.convert(&self.sensors.reset_voltages(row, branch), row, branch, time)
    }

    /// Codes of the membranes, converted by the channels of `branch`.
    pub(crate) fn membrane_codes(&self, branch: Branch, time: u64) -> [u8; COLUMNS] {
        self.adc.convert(&self.membranes(), ROWS, branch, time)
    }

    /// Membrane potentials at the end of the last step, LSB.
    pub(crate) fn membranes(&self) -> [f32; COLUMNS] {
        if self.drivers.multiplies() {
            self.perceptron.membranes(self.time)
        } else {
            self.neurons.membranes()
        }
    }

    /// Resets the membrane of a neuron.
    pub(crate) fn reset_membrane(&mut self, column: usize) {
        if self.drivers.multiplies() {
            self.perceptron.reset(column);
        } else {
            self.neurons.reset_membrane(column);
        }
    }

    /// A counter as the bus shows it: count in bits 7 to 0, overflow in bit 8.
    pub(crate) fn counter(&self, column: usize) -> u16 {
        self.counters[column]
    }

    pub(crate) fn reset_counter(&mut self, column: usize) {
        self.counters[column] = 0;
    }

    /// Counts, 255 for counters that have overflowed.
    pub(crate) fn rates(&self) -> [u8; COLUMNS] {
        self.counters.map(|count| {
            let [low, high] = count.to_le_bytes();
            if high == 0 { low } else { u8::MAX }
        })
    }
}
