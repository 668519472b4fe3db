//! Several chips in one run, joined by links.
//!
//! ```text
//!  chip 0: spike ─► wires ─► link to chip 1 ─► transport ─► rows of chip 1
//!                       └──► link to chip 2 ─► ...
//! ```
//!
//! No event comes over a link in less than the links' shortest delay, so a chip can run for that
//! long beyond those that have a link to it. All chips do so in turn, on as many threads as there
//! are, and as far as they can at once: what a chip works on is then fetched into the caches seldom.
//! What an event does depends on its time and place only, never on the order in which threads
//! bring it: any number of threads gives the same bits.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::chip::Chip;
use crate::config::ChipConfig;
use crate::events::{InputEvent, Spike, Target};
use crate::time::ticks_from_us;
use crate::{COLUMNS, HEMISPHERES};

mod link;
mod rounds;
mod transport;

pub use link::LinkCounters;
pub use transport::{InProcess, Transport};

use link::Link;
use rounds::Rounds;

/// Most chips of a cluster.
pub const CHIPS: usize = 50;

/// Rows of one other chip that a neuron's spikes reach, over one link.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
struct Wire {
    to: usize,
    targets: Vec<Target>,
}

/// A chip with what leaves it.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
struct Member {
    chip: Chip,
    /// By neuron, `hemisphere * 256 + column`; empty if there are none at all.
    wires: Vec<Vec<Wire>>,
    /// By the other chip.
    links: BTreeMap<usize, Link>,
    /// Spikes of a window, and what they become at other chips; kept to reuse their memory.
    departures: Vec<Spike>,
    packets: BTreeMap<usize, Vec<InputEvent>>,
}

impl Member {
    /// Runs the chip to `end` with what other chips have sent, and sends its spikes.
    fn run(&mut self, index: usize, end: u64, transport: &impl Transport) {
        self.departures.clear();
        let arrived = transport.receive(index);
        self.chip.run_window(end, &arrived, &mut self.departures);
        for spike in &self.departures {
            let neuron = usize::from(spike.hemisphere) * COLUMNS + usize::from(spike.column);
            for Wire { to, targets } in self.wires.get(neuron).into_iter().flatten() {
                let arrival = self.links.get_mut(to).and_then(|link| link.carry(spike.time));
                if let Some(time) = arrival {
                    let packet = self.packets.entry(*to).or_default();
                    packet.extend(targets.iter().map(|target| target.event(time)));
                }
            }
        }
        for (&to, packet) in &mut self.packets {
            if !packet.is_empty() {
                transport.send(to, packet);
                packet.clear();
            }
        }
    }
}

/// Chips and the links between them.
///
/// ```
/// use pl_chip::{ChipConfig, Cluster, InputEvent, Target};
///
/// let mut cluster = Cluster::new(&ChipConfig::ideal(), 3, 1);
/// // Every spike of neuron 5 of chip 0 is an event on row 9 of chip 2, 1.2 to 1.4 us later.
/// cluster.connect(0, (0, 5), 2, Target { hemisphere: 1, row: 9, address: 7 });
/// cluster.chip_mut(0).write_weights_row(0, 4, &[63; 256]);
/// let events: Vec<InputEvent> = (0..400)
///     .map(|i| InputEvent { time: 100 * i, hemisphere: 0, row: 4, address: 0 })
///     .collect();
/// cluster.enqueue(0, &events);
/// cluster.run_until(40_000);
/// assert!(cluster.link_counters(0, 2).sent > 0);
/// ```
#[derive(Clone, Debug)]
pub struct Cluster<T: Transport = InProcess> {
    members: Vec<Member>,
    transport: T,
    threads: usize,
    seed: u64,
    config: ChipConfig,
    /// Ticks of a step, and of as many of them as fit in the shortest delay.
    step: u64,
    window: u64,
}

impl Cluster<InProcess> {
    /// `count` chips of the same configuration in this process, on one thread, without wires. Chip 0
    /// has the mismatch that `seed` selects, the others that of `seed + 1`, `seed + 2` and so on.
    ///
    /// # Panics
    /// If the configuration is not valid, see [`ChipConfig::validate`], or `count` is not 1 to
    /// [`CHIPS`].
    #[must_use]
    pub fn new(config: &ChipConfig, count: usize, seed: u64) -> Cluster<InProcess> {
        Cluster::with_transport(config, count, seed, InProcess::default())
    }
}

impl<T: Transport> Cluster<T> {
    /// As [`Cluster::new`], with another transport between the chips.
    ///
    /// # Panics
    /// As there.
    #[must_use]
    pub fn with_transport(
        config: &ChipConfig,
        count: usize,
        seed: u64,
        mut transport: T,
    ) -> Cluster<T> {
        assert!((1..=CHIPS).contains(&count), "a cluster has 1 to {CHIPS} chips, not {count}");
        let member = |index: usize| Member {
            chip: Chip::new(config, seed.wrapping_add(index as u64)),
            wires: Vec::new(),
            links: BTreeMap::new(),
            departures: Vec::new(),
            packets: BTreeMap::new(),
        };
        let step = ticks_from_us(config.time.step_us);
        let shortest = Link::shortest_delay(&config.link, step);
        transport.begin(count, 1);
        Cluster {
            members: (0..count).map(member).collect(),
            transport,
            threads: 1,
            seed,
            config: config.clone(),
            step,
            window: shortest - shortest % step,
        }
    }

    /// Chips, wires and links, and the events between the chips, as bytes.
    ///
    /// # Errors
    /// If there is no number where one must be, which is our mistake.
    pub fn save(&self) -> borsh::io::Result<Vec<u8>> {
        let waiting = |chip: usize| {
            let events = self.transport.receive(chip);
            self.transport.send(chip, &events);
            events
        };
        let waiting: Vec<Vec<InputEvent>> = (0..self.members.len()).map(waiting).collect();
        borsh::to_vec(&(&self.members, waiting))
    }

    /// Takes over what [`Cluster::save`] gave for as many chips of the same configuration and seed.
    ///
    /// # Errors
    /// If the bytes are no such state; nothing changes then.
    pub fn restore(&mut self, bytes: &[u8]) -> borsh::io::Result<()> {
        let (members, waiting): (Vec<Member>, Vec<Vec<InputEvent>>) = borsh::from_slice(bytes)?;
        if members.len() != self.members.len() || waiting.len() != members.len() {
            let kind = borsh::io::ErrorKind::InvalidData;
            return Err(borsh::io::Error::new(kind, "the state of another number of chips"));
        }
        self.members = members;
        for (chip, events) in waiting.iter().enumerate() {
            self.transport.receive(chip);
            self.transport.send(chip, events);
        }
        Ok(())
    }

    /// What moves events between the chips.
    #[must_use]
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// Number of chips.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no chip, which cannot be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Sets the number of threads of [`Cluster::run_until`], at least 1; more than chips do nothing.
    pub fn set_threads(&mut self, threads: usize) {
        self.threads = threads.max(1);
    }

    /// A chip.
    #[must_use]
    pub fn chip(&self, index: usize) -> &Chip {
        &self.members[index].chip
    }

    /// A chip, for setting it up and for rules. Its time is the cluster's to move.
    pub fn chip_mut(&mut self, index: usize) -> &mut Chip {
        &mut self.members[index].chip
    }

    /// The chips' time in ticks of 4 ns.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.members[0].chip.now()
    }

    /// Wires a neuron, named by hemisphere and column, of chip `from` to a row of chip `to`: each
    /// later spike takes the link between them once, however many rows it reaches there. Rows of
    /// its own chip are [`Chip::connect`]'s.
    ///
    /// # Panics
    /// If there is no such chip or neuron, or the chips are the same.
    pub fn connect(
        &mut self,
        from: usize,
        (hemisphere, column): (usize, usize),
        to: usize,
        target: Target,
    ) {
        let count = self.len();
        assert!(from < count && to < count && from != to, "no link joins chips {from} and {to}");
        assert!(
            hemisphere < HEMISPHERES && column < COLUMNS,
            "there is no neuron {column} on {hemisphere}"
        );
        let link = || Link::new(&self.config.link, self.step, self.seed, (from, to));
        let member = &mut self.members[from];
        member.links.entry(to).or_insert_with(link);
        member.wires.resize_with(HEMISPHERES * COLUMNS, Vec::new);
        let wires = &mut member.wires[hemisphere * COLUMNS + column];
        match wires.iter_mut().find(|wire| wire.to == to) {
            Some(wire) => wire.targets.push(target),
            None => wires.push(Wire { to, targets: vec![target] }),
        }
    }

    /// Queues events for the rows of a chip, in any order.
    pub fn enqueue(&mut self, chip: usize, events: &[InputEvent]) {
        self.members[chip].chip.run_until(0, events);
    }

    /// Advances all chips to `t_end` ticks, as [`Chip::run_until`] does one.
    pub fn run_until(&mut self, t_end: u64) {
        let share = self.members.len().div_ceil(self.threads.min(self.members.len()));
        let threads = self.members.len().div_ceil(share);
        self.transport.begin(self.members.len(), threads);
        let (times, steps) = ((self.now(), t_end), (self.step, self.window));
        let rounds = Rounds::new(self.members.len(), times, share, steps, |chip| {
            self.members[chip].links.keys().copied()
        });
        let transport = &self.transport;
        let run = |first: usize, members: &mut [Member], mut rounds: Rounds| {
            while rounds.advance() {
                for (index, member) in (first..).zip(members.iter_mut()) {
                    if let Some(end) = rounds.end(index) {
                        member.run(index, end, transport);
                    }
                }
                transport.meet();
            }
        };
        if threads == 1 {
            run(0, &mut self.members, rounds);
        } else {
            std::thread::scope(|scope| {
                for (number, members) in self.members.chunks_mut(share).enumerate() {
                    let rounds = rounds.clone();
                    scope.spawn(move || run(number * share, members, rounds));
                }
            });
        }
        // What is on its way waits at the chips.
        for (index, member) in self.members.iter_mut().enumerate() {
            member.chip.run_until(0, &self.transport.receive(index));
        }
    }

    /// Counts of the link from one chip to another; zero if nothing uses it.
    #[must_use]
    pub fn link_counters(&self, from: usize, to: usize) -> LinkCounters {
        self.members[from].links.get(&to).map(Link::counters).unwrap_or_default()
    }

    /// Counts of all links together.
    #[must_use]
    pub fn all_link_counters(&self) -> LinkCounters {
        let links = self.members.iter().flat_map(|member| member.links.values());
        links.fold(LinkCounters::default(), |sum, link| sum + link.counters())
    }
}
