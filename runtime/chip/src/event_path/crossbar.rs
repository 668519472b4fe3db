//! The crossbar: 20 inputs, 12 outputs, a filter at each of 76 nodes.
//!
//! ```text
//!  input               top buses   bottom buses   links to the host     (halco `routing_crossbar.h`)
//!  neurons 0 .. 7      i mod 4     i mod 4        i mod 4    event output i: columns 32 i to 32 i + 31
//!  link 0 .. 3         all         all            i
//!  generator 0 .. 3    i                          i
//!  generator 4 .. 7                i - 4          i - 4
//! ```
//!
//! A node passes an event if `label & mask == target` (haldls `routing_crossbar.h`). An output
//! carries one event at a time; what finds its queue full is dropped and counted at the input.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use super::label::Label;
use super::line::Line;

/// Inputs of the crossbar.
pub(super) const INPUTS: usize = 20;
/// Outputs of the crossbar.
pub(super) const OUTPUTS: usize = 12;

/// Where an event enters the crossbar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrossbarInput {
    /// An event output of the neurons, 0 to 7: columns `32 i` to `32 i + 31` of both hemispheres.
    Neurons(u8),
    /// A link from the host, 0 to 3.
    Link(u8),
    /// A background generator, 0 to 7.
    Generator(u8),
}

/// Where an event leaves the crossbar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrossbarOutput {
    /// A bus of synapse drivers.
    Bus {
        /// 0 top, 1 bottom.
        hemisphere: u8,
        /// 0 to 3: drivers whose number is `bus` modulo 4.
        bus: u8,
    },
    /// A link to the host, 0 to 3.
    Link(u8),
}

impl CrossbarInput {
    /// Every input, in the order of [`CrossbarInput::index`].
    #[must_use]
    pub fn all() -> Vec<CrossbarInput> {
        let neurons = (0..8).map(CrossbarInput::Neurons);
        let links = (0..4).map(CrossbarInput::Link);
        neurons.chain(links).chain((0..8).map(CrossbarInput::Generator)).collect()
    }

    /// 0 to 19: neurons, links, generators.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            CrossbarInput::Neurons(i) => usize::from(i),
            CrossbarInput::Link(i) => 8 + usize::from(i),
            CrossbarInput::Generator(i) => 12 + usize::from(i),
        }
    }

    /// Whether there is a node from here to `output`.
    #[must_use]
    pub fn reaches(self, output: CrossbarOutput) -> bool {
        match (self, output) {
            (CrossbarInput::Neurons(i), CrossbarOutput::Bus { bus: k, .. })
            | (CrossbarInput::Neurons(i), CrossbarOutput::Link(k)) => i % 4 == k,
            (CrossbarInput::Link(_), CrossbarOutput::Bus { .. }) => true,
            (CrossbarInput::Link(i), CrossbarOutput::Link(k)) => i == k,
            (CrossbarInput::Generator(i), CrossbarOutput::Bus { hemisphere, bus }) => {
                i == 4 * hemisphere + bus
            }
            (CrossbarInput::Generator(i), CrossbarOutput::Link(k)) => i % 4 == k,
        }
    }
}

impl CrossbarOutput {
    /// Every output, in the order of [`CrossbarOutput::index`].
    #[must_use]
    pub fn all() -> Vec<CrossbarOutput> {
        let buses = (0..8).map(|i| CrossbarOutput::Bus { hemisphere: i / 4, bus: i % 4 });
        buses.chain((0..4).map(CrossbarOutput::Link)).collect()
    }

    /// 0 to 11: top buses, bottom buses, links.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            CrossbarOutput::Bus { hemisphere, bus } => usize::from(4 * hemisphere + bus),
            CrossbarOutput::Link(i) => 8 + usize::from(i),
        }
    }
}

impl fmt::Display for CrossbarInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CrossbarInput::Neurons(i) => write!(f, "neurons{i}"),
            CrossbarInput::Link(i) => write!(f, "link{i}"),
            CrossbarInput::Generator(i) => write!(f, "generator{i}"),
        }
    }
}

impl fmt::Display for CrossbarOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CrossbarOutput::Bus { hemisphere: 0, bus } => write!(f, "top{bus}"),
            CrossbarOutput::Bus { bus, .. } => write!(f, "bottom{bus}"),
            CrossbarOutput::Link(i) => write!(f, "link{i}"),
        }
    }
}

/// The filter of a node: an event passes if `label & mask == target`, of its low 14 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Node {
    /// Bits that count.
    pub mask: u16,
    /// What they must be.
    pub target: u16,
}

impl Node {
    /// Lets every event pass.
    pub const OPEN: Node = Node { mask: 0, target: 0 };

    fn passes(self, label: Label) -> bool {
        label.at_node() & self.mask == self.target
    }
}

/// Outputs that are buses, as bits by index.
pub(crate) const BUSES: u16 = 0x00ff;
/// Outputs that are links, as bits by index.
pub(crate) const LINKS: u16 = 0x0f00;

/// Nodes, and what waits at the outputs.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct Crossbar {
    /// Nodes that pass something, by input and output.
    nodes: [[Option<Node>; OUTPUTS]; INPUTS],
    pub(crate) outputs: [Line; OUTPUTS],
    /// Events dropped at a full output, by input.
    pub(crate) dropped: [u64; INPUTS],
    /// Events that no node passed, by input.
    pub(crate) filtered: [u64; INPUTS],
}

impl Crossbar {
    /// All nodes closed; `bus` and `link` are the outputs' kinds of lines.
    pub(crate) fn new(bus: Line, link: Line) -> Crossbar {
        Crossbar {
            nodes: [[None; OUTPUTS]; INPUTS],
            outputs: std::array::from_fn(
                |output| if BUSES >> output & 1 == 1 { bus } else { link },
            ),
            dropped: [0; INPUTS],
            filtered: [0; INPUTS],
        }
    }

    pub(crate) fn node(&self, input: CrossbarInput, output: CrossbarOutput) -> Option<Node> {
        self.nodes[input.index()][output.index()]
    }

    pub(crate) fn set_node(&mut self, input: usize, output: usize, node: Option<Node>) {
        self.nodes[input][output] = node;
    }

    /// Outputs with a node from `input`, as bits.
    pub(crate) fn reach(&self, input: usize) -> u16 {
        bits(self.nodes[input].iter().map(Option::is_some))
    }

    /// Outputs to which nodes pass `label` from `input`, as bits; counts events that go nowhere.
    pub(crate) fn filter(&mut self, input: usize, label: Label) -> u16 {
        let nodes = self.nodes[input].iter();
        let passed = bits(nodes.map(|node| node.is_some_and(|node| node.passes(label))));
        self.filtered[input] += u64::from(passed == 0);
        passed
    }

    /// When an event from `input` at `time` is on an output, if there is room for it.
    pub(crate) fn pass(&mut self, input: usize, output: usize, time: u64) -> Option<u64> {
        let start = self.outputs[output].accept(time);
        self.dropped[input] += u64::from(start.is_none());
        start
    }
}

fn bits(flags: impl Iterator<Item = bool>) -> u16 {
    flags.enumerate().fold(0, |bits, (i, flag)| bits | u16::from(flag) << i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_76_nodes_where_the_reference_says() {
        let mut nodes = 0;
        for (i, input) in CrossbarInput::all().into_iter().enumerate() {
            assert_eq!(input.index(), i);
            for (o, output) in CrossbarOutput::all().into_iter().enumerate() {
                assert_eq!(output.index(), o);
                nodes += usize::from(input.reaches(output));
            }
        }
        assert_eq!(nodes, 76);
        let bus = |hemisphere, bus| CrossbarOutput::Bus { hemisphere, bus };
        assert!(CrossbarInput::Neurons(6).reaches(bus(0, 2)));
        assert!(CrossbarInput::Neurons(6).reaches(CrossbarOutput::Link(2)));
        assert!(!CrossbarInput::Neurons(6).reaches(bus(0, 3)));
        assert!(CrossbarInput::Generator(5).reaches(bus(1, 1)));
        assert!(!CrossbarInput::Generator(5).reaches(bus(0, 1)));
        assert!(CrossbarInput::Link(3).reaches(bus(1, 0)));
    }

    #[test]
    fn nodes_compare_the_masked_label() {
        let line = Line::new(0, 0);
        let mut crossbar = Crossbar::new(line, line);
        crossbar.set_node(8, 0, Some(Node { mask: 0x3c0, target: 0x140 }));
        crossbar.set_node(8, 11, Some(Node::OPEN));
        assert_eq!(crossbar.filter(8, Label::new(0, 5, 9)), 0b1000_0000_0001);
        // The channel is no part of what nodes see.
        assert_eq!(crossbar.filter(8, Label::new(3, 5, 63)), 0b1000_0000_0001);
        assert_eq!(crossbar.filter(8, Label::new(0, 6, 9)), 0b1000_0000_0000);
        assert_eq!(crossbar.filter(9, Label::new(0, 5, 9)), 0);
        assert_eq!((crossbar.filtered[8], crossbar.filtered[9]), (0, 1));
        assert_eq!(crossbar.reach(8), 0b1000_0000_0001);
    }
}
