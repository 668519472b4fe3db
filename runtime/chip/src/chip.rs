//! The chip as a host and a rule engine see it.

use std::ops::Range;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::adex::AdexParameters;
use crate::config::ChipConfig;
use crate::correlation::{Branch, Reference, ReferenceStep};
use crate::drivers::RowMode;
use crate::event_path::EventPath;
use crate::events::Spike;
use crate::external_memory::ExternalMemory;
use crate::hemisphere::Hemisphere;
use crate::lanes::Level;
use crate::memory_map::SRAM_BYTES;
use crate::neurons::NeuronParameters;
use crate::ppu_bus::PpuBus;
use crate::structure::{Compartment, Join};
use crate::time::{TICKS_PER_US, ticks_from_us};
use crate::{COLUMNS, HEMISPHERES};

/// What a caller must have set for what only AdEx neurons have.
const PLAIN: &str = "the neurons are plain: `adex.enabled` is 0";

/// One emulated chip.
///
/// Hemispheres are 0 (top) and 1 (bottom), rows and columns 0 to 255; an index beyond that panics,
/// as an index into an array does. All arrays over columns are in natural column order.
///
/// ```
/// use pl_chip::{Branch, Chip, ChipConfig, InputEvent};
///
/// let mut chip = Chip::new(&ChipConfig::ideal(), 1);
/// chip.write_weights_row(0, 4, &[63; 256]);
/// let events: Vec<InputEvent> = (0..400)
///     .map(|i| InputEvent { time: 100 * i, hemisphere: 0, row: 4, address: 0 })
///     .collect();
/// chip.run_until(40_000, &events);
/// assert!(chip.rate_counters(0)[0] > 0);
/// // The reading falls as correlation grows.
/// assert!(chip.correlation_codes_row(0, 4, Branch::Causal)[0] < 200);
/// ```
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct Chip {
    /// Boxed, as they are large for a stack.
    pub(crate) hemispheres: Box<[Hemisphere; HEMISPHERES]>,
    /// The FPGA's memories, which both PPUs see.
    pub(crate) external: ExternalMemory,
    pub(crate) path: EventPath,
    seed: u64,
    pub(crate) time: u64,
    address_write_protect: bool,
}

impl Chip {
    /// A chip with all weights and addresses 0, all rows excitatory, all neurons at rest, and the
    /// mismatch that `seed` selects.
    ///
    /// # Panics
    /// If the configuration is not valid, see [`ChipConfig::validate`].
    #[must_use]
    pub fn new(config: &ChipConfig, seed: u64) -> Chip {
        if let Err(error) = config.validate() {
            panic!("invalid chip configuration: {error}");
        }
        let level = Level::detect();
        let mut chip = Chip {
            hemispheres: Box::new([0, 1].map(|i| Hemisphere::new(config, seed, i, level))),
            external: ExternalMemory::default(),
            path: EventPath::new(&config.routing, ticks_from_us(config.time.step_us)),
            seed,
            time: 0,
            address_write_protect: false,
        };
        config.event_path.apply(&mut chip);
        chip
    }

    /// The seed given at construction.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The chip's time in ticks of 4 ns.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.time
    }

    /// Weights of a row, 0 to 63.
    #[must_use]
    pub fn weights_row(&self, h: usize, row: usize) -> [u8; COLUMNS] {
        *self.hemispheres[h].synapses.weights.row(row)
    }

    /// Replaces the weights of a row; the two high bits of each byte are ignored.
    pub fn write_weights_row(&mut self, h: usize, row: usize, weights: &[u8; COLUMNS]) {
        self.hemispheres[h].synapses.write_weights(row, weights);
    }

    /// Addresses of a row, 0 to 63.
    #[must_use]
    pub fn address_row(&self, h: usize, row: usize) -> [u8; COLUMNS] {
        *self.hemispheres[h].synapses.addresses.row(row)
    }

    /// Replaces the addresses of a row; the two high bits of each byte are ignored.
    ///
    /// A synapse keeps its sensor state: pairs with its new address count only from the next event
    /// of that address on. Does nothing while addresses are write-protected.
    pub fn write_address_row(&mut self, h: usize, row: usize, addresses: &[u8; COLUMNS]) {
        if !self.address_write_protect {
            self.hemispheres[h].write_addresses(row, addresses);
        }
    }

    /// Whether later writes of addresses are ignored, from rules, programs and the host alike: the
    /// control experiment of structural plasticity.
    pub fn set_address_write_protect(&mut self, on: bool) {
        self.address_write_protect = on;
    }

    /// Whether writes of addresses are ignored.
    #[must_use]
    pub fn address_write_protect(&self) -> bool {
        self.address_write_protect
    }

    /// What a row's driver does with events.
    #[must_use]
    pub fn row_mode(&self, h: usize, row: usize) -> RowMode {
        self.hemispheres[h].drivers.mode(row)
    }

    /// Sets what a row's driver does with events.
    pub fn set_row_mode(&mut self, h: usize, row: usize, mode: RowMode) {
        self.hemispheres[h].drivers.set_mode(row, mode);
    }

    /// Sets the two calibration bits of each sensor's time constant in a row; larger is faster.
    pub fn write_time_calibration_row(&mut self, h: usize, row: usize, bits: &[u8; COLUMNS]) {
        let hemisphere = &mut self.hemispheres[h];
        hemisphere.settle();
        hemisphere.synapses.write_time_calibration(row, bits);
        hemisphere.sensors.calibrate(&hemisphere.synapses, row);
    }

    /// Sets the two calibration bits of each sensor's amplitude in a row; larger is smaller.
    pub fn write_amplitude_calibration_row(&mut self, h: usize, row: usize, bits: &[u8; COLUMNS]) {
        let hemisphere = &mut self.hemispheres[h];
        hemisphere.settle();
        hemisphere.synapses.write_amplitude_calibration(row, bits);
        hemisphere.sensors.calibrate(&hemisphere.synapses, row);
    }

    /// Codes of one branch of a row's correlation sensors, sampled now.
    ///
    /// A code falls as correlation grows. It is a function of the state, the time and the seed:
    /// reading again at the same time gives the same codes.
    #[must_use]
    pub fn correlation_codes_row(&self, h: usize, row: usize, branch: Branch) -> [u8; COLUMNS] {
        self.hemispheres[h].correlation_codes(row, branch, self.time)
    }

    /// What one branch of a row's sensors has accumulated, in LSB, without baseline and noise: the
    /// emulator's knowledge, which no one has on the real chip.
    #[must_use]
    pub fn accumulated_row(&self, h: usize, row: usize, branch: Branch) -> [f32; COLUMNS] {
        self.hemispheres[h].sensors.accumulated(row, branch)
    }

    /// Keeps, from now on, correlation sensors of a hemisphere without circuits beside the real ones: in
    /// double precision, without mismatch, noise, saturation and conversion. Pulses then cost much more.
    /// Resets reset both.
    pub fn keep_reference_sensors(&mut self, h: usize) {
        let hemisphere = &mut self.hemispheres[h];
        hemisphere.settle();
        hemisphere.sensors.keep_references();
    }

    /// What one branch of a row's sensors without circuits has accumulated, in LSB; zeros unless they
    /// are kept, [`Chip::keep_reference_sensors`].
    #[must_use]
    pub fn reference_row(
        &self,
        h: usize,
        row: usize,
        branch: Branch,
        reference: Reference,
    ) -> [f64; COLUMNS] {
        self.hemispheres[h].sensors.reference_row(row, branch, reference)
    }

    /// Splits the time into steps of so many ticks (16 at most, which then double), from now on and from
    /// each [`Chip::restart_reference_steps`] on; gives their number, by which they are read. For sensors
    /// without circuits that are kept.
    pub fn keep_reference_steps(&mut self, h: usize, width_ticks: u64) -> usize {
        let now = self.now();
        let references = self.hemispheres[h].sensors.references();
        references.map_or(0, |references| references.keep_steps(width_ticks, now))
    }

    /// Lets steps begin anew.
    pub fn restart_reference_steps(&mut self, h: usize, number: usize) {
        let now = self.now();
        let hemisphere = &mut self.hemispheres[h];
        hemisphere.settle();
        if let Some(references) = hemisphere.sensors.references() {
            references.restart_steps(number, now);
        }
    }

    /// The steps since they began, with what sensors of all pairs and the columns' neurons did in each.
    #[must_use]
    pub fn reference_steps(&self, h: usize, number: usize) -> Vec<ReferenceStep<'_>> {
        self.hemispheres[h].sensors.reference_steps(number, self.now())
    }

    /// True parameters of one branch of a sensor: amplitude of a pair at zero delay (LSB), time
    /// constant (us) and reading after a reset without its noise (LSB). The emulator's knowledge:
    /// calibration must find them by measurement.
    #[must_use]
    pub fn sensor(&self, h: usize, row: usize, column: usize, branch: Branch) -> [f64; 3] {
        let [eta, tau, baseline] = self.hemispheres[h].sensors.parameters(row, column, branch);
        [eta, tau / TICKS_PER_US as f64, baseline]
    }

    /// Clears sensors of a row: bit 0 of a column's byte the causal, bit 1 the anticausal branch. The
    /// voltage after a reset is noisy; resetting again at the same time changes nothing.
    pub fn reset_correlation_row(&mut self, h: usize, row: usize, bits: &[u8; COLUMNS]) {
        let time = self.time;
        let hemisphere = &mut self.hemispheres[h];
        hemisphere.settle();
        hemisphere.sensors.reset_row(row, bits, time);
    }

    /// Synapses of hemisphere `h` at which a presynaptic and a postsynaptic pulse have arrived in
    /// the same tick; such pulses form no pair.
    #[must_use]
    pub fn ties(&self, h: usize) -> u64 {
        self.hemispheres[h].sensors.ties()
    }

    /// Pulses that have reached synapses of their address on hemisphere `h`, whatever the weights;
    /// those of multiplications are not counted.
    #[must_use]
    pub fn synaptic_events(&self, h: usize) -> u64 {
        self.hemispheres[h].synaptic_events
    }

    /// Spikes of all neurons of hemisphere `h` so far.
    #[must_use]
    pub fn spike_count(&self, h: usize) -> u64 {
        self.hemispheres[h].spike_count
    }

    /// Spikes of each neuron since its counter was reset; 255 if the counter has overflowed.
    #[must_use]
    pub fn rate_counters(&self, h: usize) -> [u8; COLUMNS] {
        self.hemispheres[h].rates()
    }

    /// Resets the spike counters of the columns in `mask`.
    pub fn reset_rate_counters(&mut self, h: usize, mask: &[bool; COLUMNS]) {
        for (column, _) in mask.iter().enumerate().filter(|&(_, &selected)| selected) {
            self.hemispheres[h].reset_counter(column);
        }
    }

    /// Codes of the membrane potentials, sampled now through the causal channels.
    #[must_use]
    pub fn membrane_codes(&self, h: usize) -> [u8; COLUMNS] {
        self.hemispheres[h].membrane_codes(Branch::Causal, self.time)
    }

    /// Membrane potentials in LSB at the end of the last step, without offsets and noise.
    #[must_use]
    pub fn membranes_lsb(&self, h: usize) -> [f32; COLUMNS] {
        self.hemispheres[h].membranes()
    }

    /// Sets the membranes of the columns in `mask` to their reset potentials.
    pub fn reset_membranes(&mut self, h: usize, mask: &[bool; COLUMNS]) {
        for (column, _) in mask.iter().enumerate().filter(|&(_, &selected)| selected) {
            self.hemispheres[h].reset_membrane(column);
        }
    }

    /// Registers of the random generators beside the columns (see [`pl_fixed::lfsr`]).
    #[must_use]
    pub fn random_generators(&self, h: usize) -> [u16; COLUMNS] {
        self.hemispheres[h].generators.registers
    }

    /// Sets the registers of the random generators.
    pub fn set_random_generators(&mut self, h: usize, registers: &[u16; COLUMNS]) {
        self.hemispheres[h].generators.registers = *registers;
    }

    /// Parameters of a neuron.
    #[must_use]
    pub fn neuron(&self, h: usize, column: usize) -> NeuronParameters {
        self.hemispheres[h].neurons.parameters(column)
    }

    /// Replaces the parameters of a neuron. Its currents stay, and so does its membrane potential,
    /// unless that is now above threshold: then it starts from reset.
    pub fn set_neuron(&mut self, h: usize, column: usize, parameters: NeuronParameters) {
        self.hemispheres[h].neurons.configure(column, parameters);
    }

    /// Exponential term, adaptation and synapses of a neuron, if the chip has such
    /// (`adex.enabled`).
    #[must_use]
    pub fn adex(&self, h: usize, column: usize) -> Option<AdexParameters> {
        self.hemispheres[h].neurons.adex().map(|neurons| neurons.adex_parameters(column))
    }

    /// Replaces exponential term, adaptation and synapses of a neuron; its state stays.
    ///
    /// # Panics
    /// If the chip's neurons are plain, see `adex.enabled`.
    pub fn set_adex(&mut self, h: usize, column: usize, parameters: AdexParameters) {
        let neurons = self.hemispheres[h].neurons.adex_mut();
        neurons.expect(PLAIN).configure_adex(column, parameters);
    }

    /// Joins circuits `a` and `b` of hemisphere `h`. Both must be among the active columns to act.
    ///
    /// # Panics
    /// If the chip's neurons are plain, see `adex.enabled`, or `a` is `b`.
    pub fn join(&mut self, h: usize, a: usize, b: usize, join: Join) {
        assert!(a != b && a < COLUMNS && b < COLUMNS, "columns {a} and {b} cannot be joined");
        self.hemispheres[h].neurons.adex_mut().expect(PLAIN).join(a, b, join);
    }

    /// Decides what the compartment that circuit `column` belongs to does at threshold. Its lowest
    /// column fires for it; joins made later do not carry the decision to a new lowest column.
    ///
    /// # Panics
    /// If the chip's neurons are plain, see `adex.enabled`.
    pub fn set_compartment(&mut self, h: usize, column: usize, kind: Compartment) {
        self.hemispheres[h].neurons.adex_mut().expect(PLAIN).set_kind(column, kind);
    }

    /// Adaptation of a neuron at the end of the last step, as the shift of its resting potential in
    /// LSB; 0 for plain neurons. The emulator's knowledge: no converter reads it.
    #[must_use]
    pub fn adaptation_lsb(&self, h: usize, column: usize) -> f32 {
        self.hemispheres[h].neurons.adex().map_or(0.0, |neurons| neurons.adaptation(column))
    }

    /// Limits the emulation of hemisphere `h` to the neurons and synapses of `columns`, by default
    /// all; others rest and neither fire nor accumulate correlation. Work is proportional to their
    /// number, in blocks of 16.
    ///
    /// # Panics
    /// If the range ends beyond column 256.
    pub fn set_active_columns(&mut self, h: usize, columns: Range<usize>) {
        assert!(columns.end <= COLUMNS, "columns {columns:?} are not all on the chip");
        self.hemispheres[h].set_active_columns(columns);
    }

    /// Whether spikes of hemisphere `h` are kept for [`Chip::take_spikes`]; by default they are.
    pub fn set_spike_recording(&mut self, h: usize, on: bool) {
        self.hemispheres[h].set_spike_recording(on);
    }

    /// All spikes since the last call, by time, hemisphere and column.
    pub fn take_spikes(&mut self) -> Vec<Spike> {
        let mut spikes = Vec::new();
        for hemisphere in self.hemispheres.iter_mut() {
            spikes.append(&mut hemisphere.take_spikes());
        }
        spikes.sort();
        spikes
    }

    /// Internal memory of the PPU of hemisphere `h`.
    #[must_use]
    pub fn ppu_memory(&self, h: usize) -> &[u8; SRAM_BYTES] {
        &self.hemispheres[h].ppu.memory
    }

    /// Internal memory of the PPU of hemisphere `h`, for loading programs and writing parameters.
    pub fn ppu_memory_mut(&mut self, h: usize) -> &mut [u8; SRAM_BYTES] {
        &mut self.hemispheres[h].ppu.memory
    }

    /// The FPGA's memories.
    #[must_use]
    pub fn external_memory(&self) -> &ExternalMemory {
        &self.external
    }

    /// The FPGA's memories, for loading programs and reading records.
    pub fn external_memory_mut(&mut self) -> &mut ExternalMemory {
        &mut self.external
    }

    /// The chip as the PPU of hemisphere `h` sees it.
    pub fn ppu(&mut self, h: usize) -> PpuBus<'_> {
        PpuBus::new(self, h)
    }
}
