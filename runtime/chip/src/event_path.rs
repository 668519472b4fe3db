//! The way of events: from links, generators and neurons through the crossbar to synapse drivers
//! and back to links.
//!
//! ```text
//!  host ─► links ─┐                      ┌─► buses ─► drivers ─► rows of synapses
//!     generators ─┼─► crossbar (nodes) ──┤               ▲            ▲
//!        neurons ─┘                      └─► links ─► host            │
//!           │                                            │            │
//!           └─ wires ────────────────────────────────────┼────────────┤
//!                                 injection by programs ─┘            │
//!                                            events given by the host ┘
//! ```
//!
//! Everything ends as [`InputEvent`]s in the queues of the hemispheres. By default all nodes are
//! closed, no generator runs and there are no wires: only events that the host or a program gives
//! for a row act. A wire ([`Chip::connect`]) joins a neuron to one row, which no crossbar could;
//! the bandwidth of buses does not limit it.
//!
//! An event needs `routing.latency_us` from its source to the row or link, and longer if it waits
//! for an output of the crossbar. What is simultaneous acts in the order of (time, input of the
//! crossbar, label), whatever the pieces in which a run is computed.
//!
//! Not modelled: delays that differ between ways, loss on the way, and the packing of events into
//! packets on the links.

use std::collections::VecDeque;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::chip::Chip;
use crate::config::RoutingConfig;
use crate::convert::whole_u64;
use crate::drivers::{BUSES as BUSES_OF_HEMISPHERE, Driver};
use crate::events::{InputEvent, Spike, Target, index_byte};
use crate::memory_map::Injection;
use crate::time::{TICKS_PER_MS, ticks_from_us};
use crate::{COLUMNS, HEMISPHERES};

mod background;
mod config;
mod crossbar;
mod label;
mod line;

pub use background::Generator;
pub use config::{
    DriversConfig, EventPathConfig, GeneratorConfig, LabelsConfig, NodesConfig, ShortTermConfig,
};
pub use crossbar::{CrossbarInput, CrossbarOutput, Node};
pub use label::Label;

use background::Running;
use crossbar::{BUSES, Crossbar, INPUTS, LINKS, OUTPUTS};
use label::COLUMNS_OF_OUTPUT;
pub(crate) use line::Line;

/// Background generators of a chip.
pub const GENERATORS: usize = 8;
/// Links of a chip to and from the host, as far as events see them.
pub const CHANNELS: usize = 4;

/// An event on a link.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct LinkEvent {
    /// When the host sends it, or when it comes to the host; ticks of 4 ns.
    pub time: u64,
    /// Its label, of which the two high bits are the link.
    pub label: Label,
}

/// Counts of events since the chip was made. The chip's own counters have 16 bits for drops and 24
/// for events and overflow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventCounters {
    /// Events of the host that a link carried, by link.
    pub from_host: [u64; CHANNELS],
    /// Events of the host that found the queue of their link full, by link.
    pub dropped_at_link: [u64; CHANNELS],
    /// Events that each output of the crossbar carried, by [`CrossbarOutput::index`].
    pub passed: [u64; OUTPUTS],
    /// Events that found the queue of an output full, by [`CrossbarInput::index`].
    pub dropped: [u64; INPUTS],
    /// Events that no node passed, by [`CrossbarInput::index`]; those of neurons only where some
    /// node has their output as input.
    pub filtered: [u64; INPUTS],
    /// Events that programs and rules have injected.
    pub injected: u64,
}

/// An event at an input of the crossbar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
struct Arrival {
    time: u64,
    input: u8,
    label: Label,
    /// Outputs to which nodes pass it, as bits.
    outputs: u16,
}

/// Sources, crossbar and wires of a chip.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct EventPath {
    /// Ticks from a source to a row or link, at least a step.
    latency: u64,
    pub(crate) step: u64,
    crossbar: Crossbar,
    links: [Line; CHANNELS],
    /// Events of the host that have not reached the crossbar, ascending.
    from_host: VecDeque<LinkEvent>,
    to_host: Vec<LinkEvent>,
    generators: [Option<Running>; GENERATORS],
    /// Own bits of the neurons' labels; none for neurons whose output is off.
    labels: Box<[[Option<u8>; COLUMNS]; HEMISPHERES]>,
    /// Where the spikes of each neuron go besides; empty if there are no wires at all.
    wires: Vec<Vec<Target>>,
    injected: u64,
    /// What the present window brings to the crossbar; kept to reuse its memory.
    arrivals: Vec<Arrival>,
}

impl EventPath {
    pub(crate) fn new(config: &RoutingConfig, step: u64) -> EventPath {
        let line = |interval_us, places| Line::new(ticks_from_us(interval_us), whole_u64(places));
        let link = line(config.link_interval_us, config.link_queue);
        let bus = line(config.bus_interval_us, config.bus_queue);
        EventPath {
            latency: ticks_from_us(config.latency_us).max(step),
            step,
            crossbar: Crossbar::new(bus, link),
            links: [link; CHANNELS],
            from_host: VecDeque::new(),
            to_host: Vec::new(),
            generators: [None; GENERATORS],
            labels: Box::new([0, 1].map(|h| {
                let mut column = 0;
                [(); COLUMNS].map(|()| {
                    column += 1;
                    Some(h * COLUMNS_OF_OUTPUT + index_byte(column - 1) % COLUMNS_OF_OUTPUT)
                })
            })),
            wires: Vec::new(),
            injected: 0,
            arrivals: Vec::new(),
        }
    }

    /// Whether spikes may come back to synapses.
    fn is_recurrent(&self) -> bool {
        !self.wires.is_empty() || (0..CHANNELS * 2).any(|i| self.crossbar.reach(i) & BUSES != 0)
    }

    /// Whether spikes go anywhere.
    fn takes_spikes(&self) -> bool {
        !self.wires.is_empty() || (0..CHANNELS * 2).any(|i| self.crossbar.reach(i) != 0)
    }

    fn has_sources(&self) -> bool {
        !self.from_host.is_empty() || self.generators.iter().any(Option::is_some)
    }

    /// No event of a source comes to the crossbar before this time.
    fn next_source(&self) -> u64 {
        let generators = self.generators.iter().flatten().map(Running::next);
        let host = self.from_host.front().map(|event| event.time);
        generators.chain(host).min().unwrap_or(u64::MAX)
    }

    /// Brings the events of links and generators before `until` to the crossbar.
    fn gather(&mut self, until: u64) {
        let EventPath { crossbar, arrivals, generators, links, from_host, .. } = self;
        let mut arrive = |time, input: CrossbarInput, label: Label| {
            let outputs = crossbar.filter(input.index(), label);
            if outputs != 0 {
                arrivals.push(Arrival { time, input: index_byte(input.index()), label, outputs });
            }
        };
        for (i, generator) in (0..).zip(generators) {
            let input = CrossbarInput::Generator(i);
            if let Some(generator) = generator {
                generator.run(until, |time, label| arrive(time, input, label));
            }
        }
        let sent = from_host.partition_point(|event| event.time < until);
        for LinkEvent { time, label } in from_host.drain(..sent) {
            let channel = label.channel();
            if let Some(time) = links[usize::from(channel)].accept(time) {
                arrive(time, CrossbarInput::Link(channel), label);
            }
        }
    }

    /// Brings a spike to the crossbar, and to the wires of its neuron.
    fn take_spike(&mut self, spike: Spike, rows: &mut Vec<InputEvent>) {
        let (h, column) = (usize::from(spike.hemisphere), usize::from(spike.column));
        if let Some(targets) = self.wires.get(h * COLUMNS + column) {
            rows.extend(targets.iter().map(|target| target.event(spike.time + self.latency)));
        }
        let input = spike.column / COLUMNS_OF_OUTPUT;
        if self.crossbar.reach(input.into()) == 0 {
            return;
        }
        if let Some(own) = self.labels[h][column] {
            let label = Label::of_neuron(spike.column, own);
            let outputs = self.crossbar.filter(input.into(), label);
            if outputs != 0 {
                self.arrivals.push(Arrival { time: spike.time, input, label, outputs });
            }
        }
    }

    /// Sends what has arrived to those of its outputs that are in `outputs`: buses get
    /// `on_bus(hemisphere, bus, label, time)`, links to the host keep their events.
    fn pass(&mut self, outputs: u16, mut on_bus: impl FnMut(usize, u8, Label, u64)) {
        self.arrivals.sort_unstable();
        for arrival in &self.arrivals {
            let mut left = arrival.outputs & outputs;
            while left != 0 {
                let output = left.trailing_zeros() as usize;
                left &= left - 1;
                let passed = self.crossbar.pass(arrival.input.into(), output, arrival.time);
                let Some(time) = passed.map(|start| start + self.latency) else { continue };
                let (block, line) =
                    (output / BUSES_OF_HEMISPHERE, index_byte(output % BUSES_OF_HEMISPHERE));
                if block < HEMISPHERES {
                    on_bus(block, line, arrival.label, time);
                } else {
                    let label = arrival.label.on_channel(line);
                    self.to_host.push(LinkEvent { time, label });
                }
            }
        }
    }
}

impl Chip {
    /// Advances to `t_end` ticks with `input`, which is best sorted by time.
    ///
    /// The network advances in whole steps (default 25 ticks): it stands at the last step that ends
    /// at or before `t_end`. Events from there on, and those at or after `t_end`, wait for a later
    /// call; events of the past act at once. A `t_end` that is not later than [`Chip::now`] only
    /// queues the events. Cores that were let run, [`Chip::set_ppu_control`], execute what acts
    /// before `t_end`.
    pub fn run_until(&mut self, t_end: u64, input: &[InputEvent]) {
        self.advance_until(t_end, input);
        for hemisphere in self.hemispheres.iter_mut() {
            hemisphere.settle();
            hemisphere.mark_spikes_sent();
        }
    }

    /// As [`Chip::run_until`]; appends the spikes of this time to `departures`, by time, hemisphere
    /// and column. Pulses may still be on their way to the sensors: a call of [`Chip::run_until`] with
    /// a time of the past lets them arrive.
    pub(crate) fn run_window(
        &mut self,
        t_end: u64,
        input: &[InputEvent],
        departures: &mut Vec<Spike>,
    ) {
        let first = self.hemispheres.each_ref().map(|hemisphere| hemisphere.spikes().len());
        self.advance_until(t_end, input);
        for (hemisphere, first) in self.hemispheres.iter_mut().zip(first) {
            departures.extend_from_slice(&hemisphere.spikes()[first..]);
            hemisphere.mark_spikes_sent();
        }
        departures.sort_unstable();
    }

    fn advance_until(&mut self, t_end: u64, input: &[InputEvent]) {
        for hemisphere in self.hemispheres.iter_mut() {
            hemisphere.enqueue(input);
        }
        self.run_cores_until(t_end);
    }

    /// Advances the network alone.
    pub(crate) fn run_network_until(&mut self, t_end: u64) {
        let recurrent = self.path.is_recurrent();
        let takes_spikes = self.path.takes_spikes();
        while self.time < t_end {
            self.time = self.window_end(t_end, recurrent);
            let steps_end = self.time - self.time % self.path.step;
            let sources = self.path.has_sources();
            if sources {
                self.path.gather(steps_end);
                if !recurrent {
                    self.pass_to_buses(Vec::new());
                }
            }
            for hemisphere in self.hemispheres.iter_mut() {
                hemisphere.advance(self.time);
            }
            if takes_spikes || sources {
                self.pass_spikes(recurrent);
            }
        }
    }

    /// How far the network can advance before something it does comes back to it.
    fn window_end(&self, t_end: u64, recurrent: bool) -> u64 {
        let start = self.time - self.time % self.path.step;
        if recurrent {
            // Nothing happens before the first event of a source, or of a queue at silent neurons.
            let quiet = self.hemispheres.iter().map(|h| h.quiet_until()).min().unwrap_or(start);
            let quiet = quiet.min(self.path.next_source()).max(start);
            t_end.min(quiet.saturating_add(self.path.latency))
        } else if self.path.has_sources() {
            // In pieces, so that the events of a long run need not all be kept at once.
            t_end.min(start + TICKS_PER_MS)
        } else {
            t_end
        }
    }

    /// Sends the spikes of a window, and what has come from elsewhere, on their ways.
    fn pass_spikes(&mut self, recurrent: bool) {
        let mut rows = Vec::new();
        for hemisphere in self.hemispheres.iter_mut() {
            for spike in hemisphere.unsent_spikes() {
                self.path.take_spike(*spike, &mut rows);
            }
        }
        if recurrent {
            self.pass_to_buses(rows);
        }
        self.path.pass(LINKS, |_, _, _, _| {});
        self.path.arrivals.clear();
    }

    /// Sends what has arrived at the crossbar to the buses, and puts it into the queues with `rows`.
    fn pass_to_buses(&mut self, mut rows: Vec<InputEvent>) {
        let hemispheres = &self.hemispheres;
        self.path.pass(BUSES, |h, bus, label, time| {
            let (hemisphere, address) = (index_byte(h), label.address());
            let reached = hemispheres[h].drivers.rows(bus, label.row_select());
            rows.extend(reached.map(|row| InputEvent { time, hemisphere, row, address }));
        });
        for hemisphere in self.hemispheres.iter_mut() {
            hemisphere.enqueue(&rows);
        }
    }

    /// Wires a neuron to a synapse row: each later spike is an event there, `routing.latency_us`
    /// after it. A neuron may have any number of wires.
    pub fn connect(&mut self, h: usize, column: usize, target: Target) {
        assert!(h < HEMISPHERES && column < COLUMNS, "there is no neuron {column} on {h}");
        self.path.wires.resize_with(HEMISPHERES * COLUMNS, Vec::new);
        self.path.wires[h * COLUMNS + column].push(target);
    }

    /// Queues an event of `address` at the present time for the driver that owns `row`, which
    /// forwards it to both of its rows: what a rule's `send` does.
    pub fn send(&mut self, h: usize, row: usize, address: u8) {
        self.inject(h, Injection::on_row(index_byte(row), address));
    }

    pub(crate) fn inject(&mut self, h: usize, injection: Injection) {
        let (time, hemisphere, address) = (self.time, index_byte(h), injection.address());
        let drivers = &self.hemispheres[h].drivers;
        let rows = injection.buses().flat_map(|bus| drivers.rows(bus, injection.row_select()));
        let events: Vec<InputEvent> =
            rows.map(|row| InputEvent { time, hemisphere, row, address }).collect();
        self.path.injected += 1;
        self.hemispheres[h].enqueue(&events);
    }

    /// Queues events that the host sends over the links. Each link carries one event every
    /// `routing.link_interval_us`; events of the past are sent at once.
    pub fn send_to_links(&mut self, events: &[LinkEvent]) {
        let past = self.time - self.time % self.path.step;
        let events = events.iter().map(|event| LinkEvent { time: event.time.max(past), ..*event });
        self.path.from_host.extend(events);
        self.path.from_host.make_contiguous().sort();
    }

    /// Events that have come to the host over the links since the last call, by time and label.
    pub fn take_link_events(&mut self) -> Vec<LinkEvent> {
        let now = self.time;
        self.path.to_host.sort_unstable();
        let come = self.path.to_host.partition_point(|event| event.time <= now);
        self.path.to_host.drain(..come).collect()
    }

    /// The filter of a node of the crossbar; none if it lets nothing pass or does not exist.
    #[must_use]
    pub fn crossbar_node(&self, input: CrossbarInput, output: CrossbarOutput) -> Option<Node> {
        self.path.crossbar.node(input, output)
    }

    /// Sets the filter of a node of the crossbar, or closes it.
    ///
    /// # Panics
    /// If the crossbar has no such node, see [`CrossbarInput::reaches`].
    pub fn set_crossbar_node(
        &mut self,
        input: CrossbarInput,
        output: CrossbarOutput,
        node: Option<Node>,
    ) {
        assert!(input.reaches(output), "the crossbar has no node from {input} to {output}");
        self.path.crossbar.set_node(input.index(), output.index(), node);
    }

    /// Settings of background generator `index` (0 to 7), if it runs.
    #[must_use]
    pub fn generator(&self, index: usize) -> Option<Generator> {
        self.path.generators[index].map(|running| running.settings)
    }

    /// Switches background generator `index` (0 to 7) on with these settings, now, or off.
    pub fn set_generator(&mut self, index: usize, settings: Option<Generator>) {
        let time = self.time;
        self.path.generators[index] = settings.map(|settings| Running::start(settings, time));
    }

    /// The own bits of a neuron's label, if its output is on.
    #[must_use]
    pub fn neuron_label(&self, h: usize, column: usize) -> Option<u8> {
        self.path.labels[h][column]
    }

    /// Sets the eight bits of a neuron's label that are its own, or switches its output off. The
    /// three bits above are its event output, `column / 32`. By default bits 4 to 0 are the column
    /// modulo 32 and bit 5 is the hemisphere, so that labels of an output differ.
    pub fn set_neuron_label(&mut self, h: usize, column: usize, own: Option<u8>) {
        self.path.labels[h][column] = own;
    }

    /// Settings of a synapse driver (0 to 127); the modes of its rows are set one by one, see
    /// [`Chip::set_row_mode`].
    #[must_use]
    pub fn driver(&self, h: usize, driver: usize) -> Driver {
        self.hemispheres[h].drivers.settings(driver)
    }

    /// Replaces the settings of a synapse driver.
    pub fn set_driver(&mut self, h: usize, driver: usize, settings: Driver) {
        let time = self.time;
        self.hemispheres[h].drivers.set(driver, settings, time);
    }

    /// Scale of the clock by which drivers of hemisphere `h` recover, 0 to 15; default 0.
    #[must_use]
    pub fn recovery_clock(&self, h: usize) -> u8 {
        self.hemispheres[h].drivers.short_term.speed()
    }

    /// Sets the scale of the clock by which drivers of hemisphere `h` recover: each step doubles
    /// their time constants. Only the low four bits count.
    pub fn set_recovery_clock(&mut self, h: usize, scale: u8) {
        let time = self.time;
        self.hemispheres[h].drivers.short_term.set_speed(scale, time);
    }

    /// Counts of events since the chip was made.
    #[must_use]
    pub fn event_counters(&self) -> EventCounters {
        let path = &self.path;
        EventCounters {
            from_host: path.links.map(|link| link.passed),
            dropped_at_link: path.links.map(|link| link.dropped),
            passed: path.crossbar.outputs.map(|output| output.passed),
            dropped: path.crossbar.dropped,
            filtered: path.crossbar.filtered,
            injected: path.injected,
        }
    }
}
