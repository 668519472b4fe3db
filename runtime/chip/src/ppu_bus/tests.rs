use proptest::prelude::*;

use super::*;
use crate::RowMode;
use crate::config::ChipConfig;
use crate::events::InputEvent;
use crate::memory_map::{
    CORRELATION_RESET, DRIVER_CONFIG, EXTERNAL_DRAM_DATA, EXTERNAL_SRAM_CODE, EXTERNAL_SRAM_DATA,
    INJECTION, OMNIBUS_DATA, PPU_CONTROL, PPU_MEMORY, SPIKE_COUNTER, SPIKE_COUNTER_RESET, SYNAPSES,
    neuron_register,
};
use crate::neurons::NeuronParameters;

const ALL: u128 = u128::MAX;
const WEIGHT: u32 = 0;
const ADDRESS: u32 = 0x0004_0000;
const CAUSAL: u32 = 0x0008_0000;
const ACAUSAL: u32 = 0x000c_0000;
const BUFFERED: u32 = 0x0020_0000;

fn chip() -> Chip {
    Chip::new(&ChipConfig::mismatch(), 5)
}

/// Byte pointer to a word of the chip's bus.
fn pointer(word: u32) -> u32 {
    OMNIBUS_DATA | word << 2
}

/// Vector with one lane set.
fn lane(lane: usize, value: u8) -> Vector {
    let mut vector = [0; VECTOR_BYTES];
    vector[lane] = value;
    vector
}

#[test]
fn weights_are_permuted_on_the_bus_and_natural_for_vectors() {
    let mut chip = chip();
    let mut bus = chip.ppu(0);
    // Vector 125 of the reference: weight 1 at even lane 0 of row 0.
    bus.write_vector_io(WEIGHT, &lane(0, 0x01), ALL).unwrap();
    assert_eq!(bus.load_bytes(pointer(0x02c0_0000), 4), Some(0x1000_0000));
    // Vector 126: weight 0x20 at lane 3.
    bus.write_vector_io(WEIGHT, &lane(3, 0x20), ALL).unwrap();
    assert_eq!(bus.load_bytes(pointer(0x02c0_0000), 4), Some(0x0000_0020));
    // And back.
    bus.store_bytes(pointer(SYNAPSES + 0x0100_0000 + 64 * 2 + 41), 4, 0x0000_1000).unwrap();
    assert_eq!(chip.weights_row(1, 2)[77], 1);
    // Vector 127: column 77 is lane 38 of half 1.
    assert_eq!(chip.ppu(1).read_vector_io(WEIGHT + 5), Some(lane(38, 1)));
}

#[test]
fn only_enabled_lanes_and_six_bits_are_written() {
    let mut chip = chip();
    chip.write_weights_row(0, 9, &[7; 256]);
    // Vector 123: a mask of lane 0.
    chip.ppu(0).write_vector_io(WEIGHT + 19, &[0xff; VECTOR_BYTES], 1).unwrap();
    let row = chip.weights_row(0, 9);
    // Vector 124: six bits are kept.
    assert_eq!(row[1], 0x3f);
    assert!((0..256).filter(|&c| c != 1).all(|c| row[c] == 7));
    let mut bus = chip.ppu(0);
    bus.write_vector_io(ADDRESS + 18, &[0x81; VECTOR_BYTES], 0b110).unwrap();
    assert_eq!(chip.address_row(0, 9)[..6], [0, 0, 1, 0, 1, 0]);
}

#[test]
fn addresses_on_the_bus_are_not_permuted_and_obey_the_protection() {
    let mut chip = chip();
    chip.ppu(0).store_bytes(pointer(SYNAPSES + 0x4_0000), 4, 0x0102_0304).unwrap();
    assert_eq!(chip.address_row(0, 0)[..8], [1, 0, 2, 0, 3, 0, 4, 0]);
    chip.set_address_write_protect(true);
    chip.ppu(0).write_vector_io(ADDRESS, &[9; VECTOR_BYTES], ALL).unwrap();
    assert_eq!(chip.address_row(0, 0)[..8], [1, 0, 2, 0, 3, 0, 4, 0]);
}

#[test]
fn reset_voltages_are_what_a_reset_sensor_reads_without_noise() {
    let mut config = ChipConfig::mismatch();
    config.adc.noise_sigma_lsb = 0.0;
    config.sensor.reset_sigma_lsb = 0.0;
    let mut chip = Chip::new(&config, 5);
    chip.write_weights_row(0, 3, &[63; 256]);
    let after_reset = chip.correlation_codes_row(0, 3, Branch::Acausal);
    let events: Vec<InputEvent> =
        (0..500).map(|i| InputEvent { time: 50 * i, hemisphere: 0, row: 3, address: 0 }).collect();
    chip.run_until(25_000, &events);
    let mut bus = chip.ppu(0);
    let read = |bus: &mut PpuBus, plane| {
        [0, 1].map(|half| bus.read_vector_io(plane + BUFFERED * half + 6 + half).unwrap())
    };
    let reset = read(&mut bus, 0x000d_0000);
    assert_eq!(reset, [0, 1].map(|half| half_row(&after_reset, half)));
    assert!(bus.write_vector_io(0x000d_0006, &[0; VECTOR_BYTES], ALL).is_none());
}

#[test]
fn configuration_of_the_sensors_is_kept_for_each_hemisphere() {
    let mut chip = chip();
    let mut bus = chip.ppu(0);
    assert_eq!(bus.load_bytes(pointer(0x0320_0001), 4), Some(200));
    bus.store_bytes(pointer(0x0320_0001), 4, 30).unwrap();
    assert_eq!(bus.load_bytes(pointer(0x0320_0001), 4), Some(30));
    assert_eq!(bus.load_bytes(pointer(0x0220_0001), 4), Some(200));
    assert_eq!(bus.load_bytes(pointer(0x0220_0004), 4), None);
}

#[test]
fn converter_readings_equal_the_hosts() {
    let mut chip = chip();
    chip.write_weights_row(0, 3, &[63; 256]);
    let events: Vec<InputEvent> =
        (0..500).map(|i| InputEvent { time: 50 * i, hemisphere: 0, row: 3, address: 0 }).collect();
    chip.run_until(25_000, &events);
    let [causal, acausal] = Branch::BOTH.map(|b| chip.correlation_codes_row(0, 3, b));
    assert_ne!(causal, chip.correlation_codes_row(0, 4, Branch::Causal));
    let mut bus = chip.ppu(0);
    assert_eq!(bus.read_vector_io(CAUSAL + 6), Some(half_row(&causal, 0)));
    assert_eq!(bus.read_vector_io(CAUSAL + BUFFERED + 7), Some(half_row(&causal, 1)));
    assert_eq!(bus.read_vector_io(ACAUSAL + BUFFERED + 6), Some(half_row(&acausal, 0)));
    // Buffered readings are of the row that was converted, whatever row they name.
    assert_eq!(bus.read_vector_io(ACAUSAL + BUFFERED + 201), Some(half_row(&acausal, 1)));
    // Through the bus too: quad 41, entry 2 is column 77.
    let word = bus.load_bytes(pointer(SYNAPSES + 0x8_0000 + 64 * 3 + 41), 4).unwrap();
    assert_eq!(word.to_be_bytes()[2], causal[77]);
}

#[test]
fn correlation_resets_are_by_branch_and_column() {
    let mut config = ChipConfig::ideal();
    config.neuron.psp_lsb_per_weight = 10.0;
    let mut chip = Chip::new(&config, 5);
    chip.write_weights_row(0, 3, &[63; 256]);
    let events: Vec<InputEvent> = (0..20)
        .map(|i| InputEvent { time: 2_000 * i, hemisphere: 0, row: 3, address: 0 })
        .collect();
    chip.run_until(50_000, &events);
    let accumulated = |chip: &Chip, c: usize| {
        Branch::BOTH.map(|branch| chip.accumulated_row(0, 3, branch)[c] != 0.0)
    };
    assert_eq!(accumulated(&chip, 2), [true, true]);
    let mut bits = [0; VECTOR_BYTES];
    bits[..4].copy_from_slice(&[1, 2, 3, 3]);
    chip.ppu(0).write_vector_io(CAUSAL + 6, &bits, 0b0111).unwrap();
    assert_eq!(accumulated(&chip, 0), [false, true]);
    assert_eq!(accumulated(&chip, 2), [true, false]);
    assert_eq!(accumulated(&chip, 4), [false, false]);
    assert_eq!(accumulated(&chip, 6), [true, true]);
    chip.ppu(1).store_bytes(pointer(CORRELATION_RESET + 64 * 3), 4, 0).unwrap();
    assert_eq!(accumulated(&chip, 6), [false, false]);
    assert_eq!(accumulated(&chip, 8), [true, true]);
}

#[test]
fn membranes_are_read_where_the_switches_say() {
    let mut chip = chip();
    let correlation = chip.correlation_codes_row(0, 0, Branch::Causal);
    let membranes = chip.membrane_codes(0);
    let mut bus = chip.ppu(0);
    bus.write_vector_io(WEIGHT + 512, &[SWITCH_NEURON; VECTOR_BYTES], ALL).unwrap();
    bus.write_vector_io(WEIGHT + 513, &[SWITCH_NEURON; VECTOR_BYTES], 0b1).unwrap();
    assert_eq!(bus.read_vector_io(WEIGHT + 513), Some(lane(0, SWITCH_NEURON)));
    assert_eq!(bus.read_vector_io(CAUSAL), Some(half_row(&membranes, 0)));
    let odd = bus.read_vector_io(CAUSAL + BUFFERED + 1).unwrap();
    assert_eq!(odd[0], membranes[1]);
    assert_eq!(odd[1..], half_row(&correlation, 1)[1..]);
    bus.write_vector_io(WEIGHT + 512, &[0; VECTOR_BYTES], ALL).unwrap();
    assert_eq!(bus.read_vector_io(CAUSAL), Some(half_row(&correlation, 0)));
}

#[test]
fn spike_counters_count_on_the_bus() {
    let mut chip = Chip::new(&ChipConfig::ideal(), 5);
    let neuron = Neuron { hemisphere: 1, column: 200 };
    let parameters = chip.neuron(1, 200);
    chip.set_neuron(1, 200, NeuronParameters { offset_lsb: 100.0, ..parameters });
    chip.run_until(250_000, &[]);
    let rate = chip.rate_counters(1)[200];
    assert!(rate > 10 && rate < 255);
    let read = pointer(neuron_register(SPIKE_COUNTER, neuron));
    assert_eq!(chip.ppu(0).load_bytes(read, 4), Some(u32::from(rate)));
    chip.run_until(25_000_000, &[]);
    assert_eq!(chip.ppu(0).load_bytes(read, 4).unwrap() >> 8, 1, "overflow");
    assert_eq!(chip.rate_counters(1)[200], 255);
    let reset = pointer(neuron_register(SPIKE_COUNTER_RESET, neuron));
    chip.ppu(0).store_bytes(reset, 4, 1).unwrap();
    assert_eq!(chip.ppu(0).load_bytes(read, 4), Some(0));
}

#[test]
fn memories_are_big_endian_and_shared_as_on_the_chip() {
    let mut chip = chip();
    let mut bus = chip.ppu(0);
    bus.store_bytes(0x100, 4, 0x1122_3344).unwrap();
    assert_eq!(bus.load_bytes(0x101, 1), Some(0x22));
    assert_eq!(bus.load_bytes(0x102, 2), Some(0x3344));
    assert_eq!(bus.fetch_word(0x100), Some(0x1122_3344));
    assert_eq!(bus.load_vector(0x100).unwrap()[..4], [0x11, 0x22, 0x33, 0x44]);
    // The other PPU reaches it through the chip's bus.
    assert_eq!(chip.ppu(1).load_bytes(pointer(PPU_MEMORY + 0x40), 4), Some(0x1122_3344));
    assert_eq!(chip.ppu(1).load_bytes(0x100, 4), Some(0));
    // External memory is one for both, and code and data see it at different addresses.
    chip.ppu(0).store_bytes(EXTERNAL_SRAM_DATA + 8, 2, 0xabcd).unwrap();
    assert_eq!(chip.ppu(1).fetch_word(EXTERNAL_SRAM_CODE + 8), Some(0xabcd_0000));
    let mut bus = chip.ppu(1);
    bus.write_vector_io(0x8100_0008, &[7; VECTOR_BYTES], !0b10).unwrap();
    assert_eq!(bus.load_bytes(EXTERNAL_DRAM_DATA + 128, 4), Some(0x0700_0707));
    bus.store_bytes(pointer(PPU_CONTROL), 4, 1).unwrap();
    assert_eq!(chip.ppu(1).load_bytes(pointer(PPU_CONTROL), 4), Some(1));
}

#[test]
fn injected_events_equal_those_the_host_sends() {
    let mut host = chip();
    for row in [8, 9] {
        host.write_weights_row(1, row, &[20; 256]);
    }
    let mut program = host.clone();
    host.send(1, 8, 0);
    let word = Injection::on_row(8, 0).0;
    program.ppu(0).store_bytes(pointer(INJECTION[1]), 4, word).unwrap();
    for chip in [&mut host, &mut program] {
        chip.run_until(5_000, &[]);
    }
    assert_eq!(host.membranes_lsb(1), program.membranes_lsb(1));
    assert!(host.membranes_lsb(1)[0] > 81.0);
}

#[test]
fn generators_and_neuron_resets_work_by_half_rows() {
    let mut chip = chip();
    let mut bus = chip.ppu(0);
    bus.write_vector_io(0x000e_0001, &[0x40; VECTOR_BYTES], 0b1).unwrap();
    assert_eq!(bus.read_vector_io(0x000e_0001).unwrap()[0], 0x80);
    let distinct: std::collections::BTreeSet<u8> =
        bus.read_vector_io(0x000e_0000).unwrap().into_iter().collect();
    assert!(distinct.len() > 64);
    bus.write_vector_io(0x00c9_0201, &[0; VECTOR_BYTES], 0b10).unwrap();
    let membrane = |column: usize| f64::from(chip.membranes_lsb(0)[column]);
    assert!((membrane(3) - chip.neuron(0, 3).reset_lsb).abs() < 1e-4);
    assert!((membrane(1) - chip.neuron(0, 1).leak_lsb).abs() < 1e-4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_access_panics(
        accesses in prop::collection::vec((any::<u32>(), any::<u32>(), any::<u128>(), 0..8_u8), 400)
    ) {
        let mut chip = Chip::new(&ChipConfig::ideal(), 1);
        for (address, value, enabled, kind) in accesses {
            // Half of the addresses are moved to where something is.
            let near = match kind {
                0 => address & 0x7fff,
                1 => pointer(SYNAPSES | address & 0x013f_ffff),
                2 => address & 0x00ef_ffff,
                3 => pointer(0x0012_2000 | address & 0xffff),
                _ => address,
            };
            let mut bus = chip.ppu(usize::from(kind % 2));
            for bytes in [1, 2, 4] {
                let _ = (bus.load_bytes(near, bytes), bus.store_bytes(near, bytes, value));
            }
            let _ = (bus.fetch_word(near), bus.load_vector(near), bus.read_vector_io(near));
            let vector = [value.to_le_bytes()[0]; VECTOR_BYTES];
            let _ = (bus.store_vector(near, &vector), bus.write_vector_io(near, &vector, enabled));
        }
        chip.run_until(100, &[]);
    }
}

#[test]
fn vectors_move_between_all_memories() {
    let mut chip = chip();
    let mut bus = PpuBus::new(&mut chip, 1);
    let vector = core::array::from_fn(|lane| u8::try_from(lane).unwrap());
    for address in [0x1000, 0x4000_0100, 0x5000_0080] {
        bus.store_vector(address, &vector).unwrap();
        assert_eq!(bus.load_vector(address), Some(vector), "{address:#x}");
        assert_eq!(bus.load_bytes(address + 4, 4), Some(0x0405_0607), "{address:#x}");
    }
    // The same bytes on the parallel bus, whose addresses count 16 bytes.
    assert_eq!(bus.read_vector_io(0x8000_0010), Some(vector));
    assert_eq!(bus.load_vector(0x8000_0000), None, "the chip's bus has no vectors");
    let slow = Bus::wait(&bus, Access::VectorLoad, 0x4000_0100).answer_cycles;
    assert!(slow > Bus::wait(&bus, Access::VectorLoad, 0x1000).answer_cycles);
}

#[test]
fn programs_configure_drivers_and_switch_perceptron_mode() {
    let mut chip = chip();
    let bottom = |driver: u32, word: u32| pointer(DRIVER_CONFIG[1] + 4 * driver + word);
    let mut bus = chip.ppu(0);
    // Driver 3 of the other hemisphere: no receiver; row 6 inhibits, row 7 is off.
    let before = bus.load_bytes(bottom(3, 0), 4).unwrap();
    assert_eq!(before, 1 << 14 | 0x1f << 9 | 1 << 8);
    bus.store_bytes(bottom(3, 0), 4, before & !(1 << 8)).unwrap();
    bus.store_bytes(bottom(3, 1), 4, 1 << 6).unwrap();
    assert_eq!(bus.load_bytes(bottom(3, 1), 4), Some(1 << 6));
    // All drivers modulate: the hemisphere multiplies.
    for driver in 0..128 {
        bus.store_bytes(bottom(driver, 2), 4, 1 << 3).unwrap();
    }
    assert!(!chip.driver(1, 3).receiver);
    assert_eq!([6, 7].map(|row| chip.row_mode(1, row)), [RowMode::Inhibitory, RowMode::Disabled]);
    assert_eq!(chip.membranes_lsb(1), [128.0; 256], "integrators at their baseline");
    chip.write_weights_row(1, 0, &[30; 256]);
    let results = chip.multiply(1, &[31]);
    assert_eq!(results.len(), 256);
    let mut bus = chip.ppu(1);
    for driver in 0..128 {
        bus.store_bytes(bottom(driver, 2), 4, 0).unwrap();
    }
    assert!((chip.membranes_lsb(1)[0] - 80.0).abs() < 10.0, "neurons again");
    assert!(chip.ppu(0).load_bytes(bottom(0, 3), 4).is_none());
}
