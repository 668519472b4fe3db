//! What a core is connected to.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use pl_isa::latency::Wait;

/// Bytes of a vector.
pub const VECTOR_BYTES: usize = 128;

/// A vector as it stands in memory: byte lane 0 first, halfword lanes big endian.
pub type Vector = [u8; VECTOR_BYTES];

/// Width of a scalar access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// One byte.
    Byte,
    /// Two bytes.
    Half,
    /// Four bytes.
    Word,
}

impl Width {
    /// Size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Word => 4,
        }
    }
}

/// What kind of access a bus refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Access {
    /// Of an instruction.
    Fetch,
    /// By a scalar load.
    Load,
    /// By a scalar store.
    Store,
    /// By a vector load.
    VectorLoad,
    /// By a vector store.
    VectorStore,
    /// By a parallel IO read.
    IoRead,
    /// By a parallel IO write.
    IoWrite,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fetch => "instruction fetch",
            Self::Load => "load",
            Self::Store => "store",
            Self::VectorLoad => "vector load",
            Self::VectorStore => "vector store",
            Self::IoRead => "parallel IO read",
            Self::IoWrite => "parallel IO write",
        })
    }
}

/// An access nothing answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BusFault {
    /// The address.
    pub address: u32,
    /// The access.
    pub access: Access,
}

/// What a core is connected to: memories and the parallel IO bus.
///
/// Addresses are byte addresses except on the parallel IO bus, where one address is one vector.
/// The core has checked alignment before it calls: halfwords may stand at byte offset 0, 1 or 2
/// of a word, words and vectors at offset 0.
pub trait Bus {
    /// The instruction at an address, a multiple of 4.
    ///
    /// # Errors
    /// If there is no memory to fetch from.
    fn fetch(&mut self, address: u32) -> Result<u32, BusFault>;

    /// Reads big endian, extended by zeros.
    ///
    /// # Errors
    /// If nothing answers at the address.
    fn load(&mut self, address: u32, width: Width) -> Result<u32, BusFault>;

    /// Writes the low bytes of `value`, big endian.
    ///
    /// # Errors
    /// If nothing answers at the address.
    fn store(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusFault>;

    /// Reads 128 bytes.
    ///
    /// # Errors
    /// If nothing answers at the address.
    fn vector_load(&mut self, address: u32) -> Result<Vector, BusFault>;

    /// Writes 128 bytes.
    ///
    /// # Errors
    /// If nothing answers at the address.
    fn vector_store(&mut self, address: u32, value: &Vector) -> Result<(), BusFault>;

    /// Reads a vector from the parallel IO bus.
    ///
    /// # Errors
    /// If nothing answers at the address.
    fn io_read(&mut self, address: u32) -> Result<Vector, BusFault>;

    /// Writes a vector to the parallel IO bus; bit `j` of `enabled` is byte lane `j`.
    ///
    /// # Errors
    /// If nothing answers at the address.
    fn io_write(&mut self, address: u32, value: &Vector, enabled: u128) -> Result<(), BusFault>;

    /// What the place at an address takes to answer, beyond what the core's ports take; asked only
    /// if cycles are counted.
    fn wait(&self, _access: Access, _address: u32) -> Wait {
        Wait::NONE
    }

    /// Called before every instruction with the cycle at which its access acts, by
    /// [`crate::Cpu::run_before`] only.
    fn set_cycle(&mut self, _cycle: u64) {}

    /// Called when everything before has finished: at `sync`, `wait` and what drains like them.
    fn synchronize(&mut self) {}
}

impl<B: Bus> Bus for &mut B {
    #[inline]
    fn fetch(&mut self, address: u32) -> Result<u32, BusFault> {
        (**self).fetch(address)
    }
    #[inline]
    fn load(&mut self, address: u32, width: Width) -> Result<u32, BusFault> {
        (**self).load(address, width)
    }
    #[inline]
    fn store(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusFault> {
        (**self).store(address, width, value)
    }
    #[inline]
    fn vector_load(&mut self, address: u32) -> Result<Vector, BusFault> {
        (**self).vector_load(address)
    }
    #[inline]
    fn vector_store(&mut self, address: u32, value: &Vector) -> Result<(), BusFault> {
        (**self).vector_store(address, value)
    }
    #[inline]
    fn io_read(&mut self, address: u32) -> Result<Vector, BusFault> {
        (**self).io_read(address)
    }
    #[inline]
    fn io_write(&mut self, address: u32, value: &Vector, enabled: u128) -> Result<(), BusFault> {
        (**self).io_write(address, value, enabled)
    }
    #[inline]
    fn wait(&self, access: Access, address: u32) -> Wait {
        (**self).wait(access, address)
    }
    #[inline]
    fn set_cycle(&mut self, cycle: u64) {
        (**self).set_cycle(cycle);
    }
    #[inline]
    fn synchronize(&mut self) {
        (**self).synchronize();
    }
}
