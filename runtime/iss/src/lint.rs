//! Where a program relies on what the hardware does not give: an order without `sync`, or an
//! instruction that it executes differently.
//!
//! Scalar accesses, vector accesses and parallel IO go through ports of their own (ppu-isa
//! reference, 2.8); the simulator runs them one after the other, so what is missing does not show
//! in results. [`Linted`] stands between core and bus and takes notes.

use crate::bus::{Access, Bus, BusFault, VECTOR_BYTES, Vector, Width};
use pl_isa::Pitfall;
use pl_isa::latency::Wait;
use std::collections::{BTreeMap, BTreeSet};

/// Whether a scalar address is one of a synapse or converter: bus words `0x02c0_0000` and
/// `0x03c0_0000` on, for the two hemispheres (ppu-isa reference, 4.4).
const fn is_synapse(address: u32) -> bool {
    address >= 0x8000_0000 && (address & 0x7fff_ffff) >> 2 & 0xfef0_0000 == 0x02c0_0000
}

/// What came too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Race {
    /// A scalar load of what a vector store wrote.
    ScalarLoadOfVectorStore,
    /// A scalar store over what a vector load reads.
    ScalarStoreOverVectorLoad,
    /// A vector load of what a scalar store wrote.
    VectorLoadOfScalarStore,
    /// A scalar read of synapses after a parallel IO write.
    SynapseReadAfterIoWrite,
}

impl Race {
    /// What it is, in a sentence.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Race::ScalarLoadOfVectorStore => "scalar load of what a vector store wrote",
            Race::ScalarStoreOverVectorLoad => "scalar store over what a vector load reads",
            Race::VectorLoadOfScalarStore => "vector load of what a scalar store wrote",
            Race::SynapseReadAfterIoWrite => "scalar read of synapses after a parallel IO write",
        }
    }
}

/// Two accesses without a `sync` between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingSync {
    /// Address of the instruction that came too early.
    pub address: u32,
    /// Address of the instruction it should have waited for.
    pub earlier: u32,
    /// What it did.
    pub race: Race,
}

/// A bus that notes missing `sync`s and pitfalls, and passes everything on.
#[derive(Clone, Debug)]
pub struct Linted<B> {
    bus: B,
    /// Address of the instruction being executed.
    address: u32,
    /// Words accessed since the last `sync`, with the instruction that did.
    vector_stored: BTreeMap<u32, u32>,
    vector_loaded: BTreeMap<u32, u32>,
    scalar_stored: BTreeMap<u32, u32>,
    io_written: Option<u32>,
    findings: BTreeSet<MissingSync>,
    pitfalls: BTreeSet<(u32, Pitfall)>,
}

impl<B> Linted<B> {
    /// Takes notes of accesses to `bus`.
    pub const fn new(bus: B) -> Linted<B> {
        Linted {
            bus,
            address: 0,
            vector_stored: BTreeMap::new(),
            vector_loaded: BTreeMap::new(),
            scalar_stored: BTreeMap::new(),
            io_written: None,
            findings: BTreeSet::new(),
            pitfalls: BTreeSet::new(),
        }
    }

    /// What was found, by address, each pair of instructions once.
    #[must_use]
    pub const fn findings(&self) -> &BTreeSet<MissingSync> {
        &self.findings
    }

    /// Instructions that the hardware executes differently, with their addresses.
    #[must_use]
    pub const fn pitfalls(&self) -> &BTreeSet<(u32, Pitfall)> {
        &self.pitfalls
    }

    /// The bus behind.
    pub const fn bus(&self) -> &B {
        &self.bus
    }

    /// The bus behind, for whoever looks at it besides the program.
    pub const fn bus_mut(&mut self) -> &mut B {
        &mut self.bus
    }

    fn find(&mut self, race: Race, earlier: Option<u32>) {
        let address = self.address;
        self.findings.extend(earlier.map(|earlier| MissingSync { address, earlier, race }));
    }
}

/// Words of a vector at an address.
fn words(address: u32) -> impl Iterator<Item = u32> {
    (address & !3..).step_by(4).take(VECTOR_BYTES / 4)
}

impl<B: Bus> Bus for Linted<B> {
    fn fetch(&mut self, address: u32) -> Result<u32, BusFault> {
        self.address = address;
        let word = self.bus.fetch(address)?;
        let pitfall = pl_isa::decode(word).and_then(|instruction| Pitfall::of(&instruction));
        self.pitfalls.extend(pitfall.map(|pitfall| (address, pitfall)));
        Ok(word)
    }

    fn load(&mut self, address: u32, width: Width) -> Result<u32, BusFault> {
        let earlier = self.vector_stored.get(&(address & !3)).copied();
        self.find(Race::ScalarLoadOfVectorStore, earlier);
        if is_synapse(address) {
            self.find(Race::SynapseReadAfterIoWrite, self.io_written);
        }
        self.bus.load(address, width)
    }

    fn store(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusFault> {
        let earlier = self.vector_loaded.get(&(address & !3)).copied();
        self.find(Race::ScalarStoreOverVectorLoad, earlier);
        self.scalar_stored.insert(address & !3, self.address);
        self.bus.store(address, width, value)
    }

    fn vector_load(&mut self, address: u32) -> Result<Vector, BusFault> {
        for word in words(address) {
            let earlier = self.scalar_stored.get(&word).copied();
            self.find(Race::VectorLoadOfScalarStore, earlier);
            self.vector_loaded.insert(word, self.address);
        }
        self.bus.vector_load(address)
    }

    fn vector_store(&mut self, address: u32, value: &Vector) -> Result<(), BusFault> {
        self.vector_stored.extend(words(address).map(|word| (word, self.address)));
        self.bus.vector_store(address, value)
    }

    fn io_read(&mut self, address: u32) -> Result<Vector, BusFault> {
        self.bus.io_read(address)
    }

    fn io_write(&mut self, address: u32, value: &Vector, enabled: u128) -> Result<(), BusFault> {
        self.io_written = Some(self.address);
        self.bus.io_write(address, value, enabled)
    }

    fn wait(&self, access: Access, address: u32) -> Wait {
        self.bus.wait(access, address)
    }

    fn synchronize(&mut self) {
        self.vector_stored.clear();
        self.vector_loaded.clear();
        self.scalar_stored.clear();
        self.io_written = None;
        self.bus.synchronize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cpu, PlainBus};

    fn races(text: &str) -> Vec<Race> {
        let program = pl_isa::assemble(text).unwrap_or_else(|errors| panic!("{errors:?}"));
        let bus = PlainBus::new(4096).with_words(0, &program.text_words());
        let mut linted = Linted::new(bus);
        Cpu::new().run(&mut linted, 100).unwrap_or_else(|trap| panic!("{trap}"));
        linted.findings().iter().map(|finding| finding.race).collect()
    }

    #[test]
    fn each_race_is_found_and_sync_ends_it() {
        let cases = [
            ("fxvstax 0,0,9", "lwz 4,4(9)", Race::ScalarLoadOfVectorStore),
            ("stw 4,8(9)", "fxvlax 0,0,9", Race::VectorLoadOfScalarStore),
            ("fxvlax 0,0,9", "stw 4,124(9)", Race::ScalarStoreOverVectorLoad),
        ];
        for (first, second, race) in cases {
            let with = |between: &str| format!("li 9,1024\n{first}\n{between}\n{second}\nwait\n");
            assert_eq!(races(&with("")), [race], "{first}; {second}");
            assert_eq!(races(&with("sync")), []);
        }
        let apart = "li 9,1024\nfxvstax 0,0,9\nlwz 4,128(9)\nfxvlax 1,0,9\nwait\n";
        assert_eq!(races(apart), [], "other words, and the vector unit's own order");
    }

    #[test]
    fn pitfalls_are_found_where_execution_passes() {
        let text = "li 9,1024\nlha 3,-2(9)\nb over\nlha 3,-4(9)\nover: fxvsplath 1,0\nwait\n";
        let program = pl_isa::assemble(text).unwrap_or_else(|errors| panic!("{errors:?}"));
        let mut linted = Linted::new(PlainBus::new(4096).with_words(0, &program.text_words()));
        Cpu::new().run(&mut linted, 100).unwrap_or_else(|trap| panic!("{trap}"));
        let found: Vec<(u32, Pitfall)> = linted.pitfalls().iter().copied().collect();
        assert_eq!(found, [(4, Pitfall::NegativeDisplacement), (16, Pitfall::SplatFromR0)]);
    }
}
