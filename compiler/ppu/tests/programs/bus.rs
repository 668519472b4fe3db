//! A chip that stands still: planes of synapses, constant sensors, external memory. Resets are
//! noted and change nothing, as in the reference evaluator.

use pl_fixed::lfsr;
use pl_ir::io::{COLUMNS, Event};
use pl_ir::testing::OwnedIo;
use pl_isa::image::Place;
use pl_iss::{Access, Bus, BusFault, Vector, Width};
use std::collections::BTreeMap;

/// Bytes of a vector.
const VECTOR_BYTES: usize = 128;
/// Scalar address of external memory.
const EXTERNAL: u32 = 0x5000_0000;
/// Scalar addresses of the bus have this bit.
const OMNIBUS: u32 = 0x8000_0000;
/// Vector addresses of external memory have this upper byte.
const EXTERNAL_VECTORS: u32 = 0x81;
/// More than the core has, so that large random programs fit.
pub(crate) const MEMORY_BYTES: usize = 0x8000;

pub(crate) type Plane = Vec<[u8; COLUMNS]>;

/// See the module.
pub(crate) struct TestBus {
    pub(crate) memory: Vec<u8>,
    pub(crate) hemisphere: u8,
    pub(crate) weights: Plane,
    pub(crate) addresses: Plane,
    pub(crate) codes: [Plane; 2],
    /// Bits of the last reset of each synapse.
    pub(crate) resets: Plane,
    pub(crate) rates: [u8; COLUMNS],
    pub(crate) rate_resets: [bool; COLUMNS],
    pub(crate) membrane_resets: [bool; COLUMNS],
    pub(crate) events: Vec<Event>,
    pub(crate) membranes: [u8; COLUMNS],
    pub(crate) external: BTreeMap<u32, u8>,
    /// Last conversion.
    latched: [[u8; COLUMNS]; 2],
    switches: [u8; 2],
    /// Registers of the random generators.
    pub(crate) generators: [u16; COLUMNS],
    pub(crate) conversions: u32,
}

fn plane(rows: &[u8], bytes: &[u8]) -> Plane {
    let mut plane = vec![[0xa5; COLUMNS]; 256];
    for (position, row) in rows.iter().enumerate() {
        plane[usize::from(*row)]
            .copy_from_slice(&bytes[position * COLUMNS..(position + 1) * COLUMNS]);
    }
    plane
}

pub(crate) fn half_row(row: &[u8; COLUMNS], half: usize) -> Vector {
    std::array::from_fn(|lane| row[2 * lane + half])
}

impl TestBus {
    /// A chip with an evaluator's arrays in its rows, or pairs of rows, and a program in its memory.
    pub(crate) fn new(io: &OwnedIo, (hemisphere, signed): (u8, bool), program: Vec<u8>) -> TestBus {
        let mut bus = TestBus::unsigned(io, hemisphere, program);
        if signed {
            for row in io.rows.iter().map(|row| usize::from(*row)) {
                let weights = bus.weights[row].map(|weight| i32::from(weight.cast_signed()));
                let positive = |x: i32| u8::try_from(x.max(0)).expect("a weight");
                bus.weights[row] = weights.map(positive);
                bus.weights[row + 1] = weights.map(|weight| positive(-weight));
                bus.addresses[row + 1] = bus.addresses[row];
            }
        }
        bus
    }

    fn unsigned(io: &OwnedIo, hemisphere: u8, program: Vec<u8>) -> TestBus {
        TestBus {
            memory: program,
            hemisphere,
            weights: plane(&io.rows, &io.weights),
            addresses: plane(&io.rows, &io.addresses),
            codes: [plane(&io.rows, &io.causal_codes), plane(&io.rows, &io.acausal_codes)],
            resets: vec![[0; COLUMNS]; 256],
            rates: *io.rates,
            rate_resets: [false; COLUMNS],
            membrane_resets: [false; COLUMNS],
            events: Vec::new(),
            membranes: *io.membranes,
            external: BTreeMap::new(),
            latched: [[0x5a; COLUMNS]; 2],
            switches: [0xff; 2],
            generators: [0x1234; COLUMNS],
            conversions: 0,
        }
    }

    /// Column of the counter at a scalar address, if it is one of this hemisphere's, which stand
    /// at every fourth bus word from `base` on.
    fn counter(&self, address: u32, base: u32) -> Option<usize> {
        let words = ((address & 0x7fff_ffff) >> 2).checked_sub(base)?;
        let (block, index) = (words / 0x8000, words % 0x8000 / 4);
        let own = u32::from(self.hemisphere) * 128;
        (block < 2 && words.is_multiple_of(4) && (own..own + 128).contains(&index))
            .then(|| (index - own + 128 * block) as usize)
    }

    /// A vector of synapses or converters.
    fn array_read(&mut self, address: u32) -> Option<Vector> {
        let (row, half) = (((address & 0xffff) / 2) as usize, (address & 1) as usize);
        let plane = (address >> 16) & 0xf;
        if address & !1 == 0x000e_0000 {
            return Some(std::array::from_fn(|lane| {
                let register = &mut self.generators[2 * lane + half];
                *register = lfsr::after(*register, 2 * lane + half, 1);
                register.to_le_bytes()[0]
            }));
        }
        let buffered = address & 0x20_0000 != 0;
        match plane {
            0 if row < 256 => Some(half_row(&self.weights[row], half)),
            4 if row < 256 => Some(half_row(&self.addresses[row], half)),
            8 | 12 if row < 256 => {
                if !buffered {
                    self.conversions += 1;
                    self.latched = match self.switches {
                        [0, 0] => [self.codes[0][row], self.codes[1][row]],
                        [0x20, 0x20] if row == 0 => [self.membranes, [0x5a; COLUMNS]],
                        _ => return None,
                    };
                }
                Some(half_row(&self.latched[usize::from(plane == 12)], half))
            }
            _ => None,
        }
    }

    fn array_write(&mut self, address: u32, value: &Vector, enabled: u128) -> Option<()> {
        let lanes = (0..VECTOR_BYTES).filter(|lane| enabled >> lane & 1 == 1);
        let (row, half) = (((address & 0xffff) / 2) as usize, (address & 1) as usize);
        if address & !1 == 0x000e_0000 {
            lanes.for_each(|lane| self.generators[2 * lane + half] = value[lane].into());
            return Some(());
        }
        if address & !1 == 0x00c9_0200 {
            lanes.for_each(|lane| self.membrane_resets[2 * lane + half] = true);
            return Some(());
        }
        let (plane, keep): (&mut Plane, u8) = match (address >> 16) & 0xf {
            0 | 4 if row == 256 => {
                if address >> 16 == 0 {
                    self.switches[half] = value[0];
                }
                return Some(());
            }
            0 if row < 256 => (&mut self.weights, 0x3f),
            4 if row < 256 => (&mut self.addresses, 0x3f),
            8 if row < 256 => {
                lanes.for_each(|lane| self.resets[row][2 * lane + half] |= value[lane] & 3);
                return Some(());
            }
            _ => return None,
        };
        lanes.for_each(|lane| plane[row][2 * lane + half] = value[lane] & keep);
        Some(())
    }

    /// A word of memory.
    pub(crate) fn word(&self, address: u32) -> u32 {
        let at = address as usize;
        u32::from_be_bytes(self.memory[at..at + 4].try_into().expect("four bytes"))
    }

    pub(crate) fn set_word(&mut self, address: u32, value: u32) {
        let at = address as usize;
        self.memory[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }

    /// A row of halfwords stored in parts.
    pub(crate) fn row(&self, address: u32) -> Vec<u16> {
        let halfword = |column| {
            let at = address as usize + 2 * Place::of_column(column).halfword_index();
            u16::from_be_bytes([self.memory[at], self.memory[at + 1]])
        };
        (0..COLUMNS).map(halfword).collect()
    }

    pub(crate) fn set_row(&mut self, address: u32, values: &[u16]) {
        for (column, value) in values.iter().enumerate() {
            let at = address as usize + 2 * Place::of_column(column).halfword_index();
            self.memory[at..at + 2].copy_from_slice(&value.to_be_bytes());
        }
    }

    /// A row of halfwords in external memory.
    pub(crate) fn external_row(&self, offset: u32) -> Vec<u16> {
        let byte = |at: u32| self.external.get(&at).copied().unwrap_or(0);
        let halfword = |column| {
            let at = offset
                + u32::try_from(2 * Place::of_column(column).halfword_index()).expect("512 bytes");
            u16::from_be_bytes([byte(at), byte(at + 1)])
        };
        (0..COLUMNS).map(halfword).collect()
    }

    pub(crate) fn external_word(&self, offset: u32) -> u32 {
        let byte = |at: u32| self.external.get(&at).copied().unwrap_or(0);
        u32::from_be_bytes([0, 1, 2, 3].map(|i| byte(offset + i)))
    }
}

impl TestBus {
    fn byte(&self, address: u32) -> Option<u8> {
        match address.checked_sub(EXTERNAL) {
            Some(offset) => Some(self.external.get(&offset).copied().unwrap_or(0)),
            None => self.memory.get(address as usize).copied(),
        }
    }

    fn set_byte(&mut self, address: u32, value: u8) -> Option<()> {
        match address.checked_sub(EXTERNAL) {
            Some(offset) => {
                self.external.insert(offset, value);
            }
            None => *self.memory.get_mut(address as usize)? = value,
        }
        Some(())
    }

    fn bytes(&self, address: u32, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |word, i| Some((word << 8) | u32::from(self.byte(address + i)?)))
    }
}

impl Bus for TestBus {
    fn fetch(&mut self, address: u32) -> Result<u32, BusFault> {
        self.bytes(address, 4).ok_or(BusFault { address, access: Access::Fetch })
    }

    fn load(&mut self, address: u32, width: Width) -> Result<u32, BusFault> {
        let found = if address & OMNIBUS != 0 {
            let column = self.counter(address, 0x0012_2800);
            // 255 may be an overflow as well.
            let word = |count: u8| if count == 255 { 0x100 } else { u32::from(count) };
            column.map(|column| word(self.rates[column]))
        } else {
            self.bytes(address, width.bytes())
        };
        found.ok_or(BusFault { address, access: Access::Load })
    }

    fn store(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusFault> {
        let injection = OMNIBUS | ((0x0011_0000 + 0x8000 * u32::from(self.hemisphere)) << 2);
        let done = if address == injection {
            let field =
                |shift: u32, bits: u32| (value >> shift & ((1 << bits) - 1)).to_le_bytes()[0];
            for bus in (0..4).filter(|bus| value >> bus & 1 == 1) {
                self.events.push(Event { driver: 4 * field(22, 5) + bus, address: field(16, 6) });
            }
            Some(())
        } else if address & OMNIBUS != 0 {
            let column = self.counter(address, 0x0012_2c00);
            column.map(|column| self.rate_resets[column] = true)
        } else {
            let bytes = value.to_be_bytes();
            let first = bytes.len() - width.bytes() as usize;
            (address..).zip(&bytes[first..]).try_for_each(|(at, byte)| self.set_byte(at, *byte))
        };
        done.ok_or(BusFault { address, access: Access::Store })
    }

    fn vector_load(&mut self, address: u32) -> Result<Vector, BusFault> {
        let rest = self.memory.get(address as usize..).unwrap_or_default();
        rest.first_chunk().copied().ok_or(BusFault { address, access: Access::VectorLoad })
    }

    fn vector_store(&mut self, address: u32, value: &Vector) -> Result<(), BusFault> {
        let start = address as usize;
        let target = self.memory.get_mut(start..start + VECTOR_BYTES);
        let target = target.ok_or(BusFault { address, access: Access::VectorStore })?;
        target.copy_from_slice(value);
        Ok(())
    }

    fn io_read(&mut self, address: u32) -> Result<Vector, BusFault> {
        if address >> 24 == EXTERNAL_VECTORS {
            let first = (address & 0xff_ffff) * 16;
            let byte = |at| self.external.get(&at).copied().unwrap_or(0);
            return Ok(std::array::from_fn(|lane| {
                byte(first + u32::try_from(lane).expect("128 lanes"))
            }));
        }
        self.array_read(address).ok_or(BusFault { address, access: Access::IoRead })
    }

    fn io_write(&mut self, address: u32, value: &Vector, enabled: u128) -> Result<(), BusFault> {
        if address >> 24 == EXTERNAL_VECTORS {
            let first = (address & 0xff_ffff) * 16;
            let lanes = (first..).zip(value).enumerate();
            let lanes = lanes.filter(|(lane, _)| enabled >> lane & 1 == 1);
            self.external.extend(lanes.map(|(_, (at, byte))| (at, *byte)));
            return Ok(());
        }
        let done = self.array_write(address, value, enabled);
        done.ok_or(BusFault { address, access: Access::IoWrite })
    }
}
