//! Settings that calibrate a chip: what `calibration.npz` holds, and what an experiment does with it.
//!
//! ```toml
//! [calibration]
//! files = ["out/calibration-1000/calibration.npz"]    # beside the experiment; one a hemisphere
//! ```
//!
//! The task `calibration` finds settings by measurement ([`crate::task::calibration`]); they are written
//! to a new chip before anything else is done with it. A file is of one chip, which its seed and
//! the parameters of its circuits tell: no other chip takes it.

use crate::archive::ArchiveReader;
use crate::config::{ConfigError, Experiment};
use crate::data::ReadFile;
use crate::outcome::{Elements, NamedArray};
use ndarray::{Array1, Array2, ArrayD};
use pl_chip::{Branch, COLUMNS, Chip, ChipConfig, Cluster, HEMISPHERES, NeuronParameters, ROWS};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Sections of the chip's parameters on which settings depend: those of the circuits.
const SECTIONS: [&str; 5] = ["sensor", "adc", "neuron", "adex", "perceptron"];

/// The `[calibration]` table, and the settings once they are read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationSource {
    /// Files of the task `calibration`, relative to the experiment's; default none. Later ones change
    /// what earlier ones say.
    #[serde(default)]
    pub files: Vec<String>,
    #[serde(skip)]
    settings: OnceLock<Vec<ChipSettings>>,
}

/// Why settings cannot be had from a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("calibration file `{file}`: {message}")]
pub struct CalibrationError {
    /// Its name in the experiment.
    pub file: String,
    /// What is wrong.
    pub message: String,
}

/// Settings that calibrate one hemisphere of a chip.
#[derive(Clone, Debug, PartialEq)]
pub struct ChipSettings {
    /// Seed of the chip.
    pub seed: u64,
    /// 0 top, 1 bottom.
    pub hemisphere: usize,
    /// Calibration bits of the sensors' amplitudes, of the first rows.
    pub amplitude_bits: Vec<[u8; COLUMNS]>,
    /// Calibration bits of their time constants, of the same rows.
    pub time_bits: Vec<[u8; COLUMNS]>,
    /// What channels of both branches add to their codes.
    pub digital_offsets: [[i8; COLUMNS]; 2],
    /// Leak, reset and threshold (LSB) and membrane time constant (us) of each column.
    pub neurons: [[f64; COLUMNS]; 4],
    /// Gain and offset of each column in perceptron mode, LSB.
    pub multiplier: [[f64; COLUMNS]; 2],
}

/// Names of the arrays of neurons.
const NEURON_NAMES: [&str; 4] =
    ["set_leak_lsb", "set_reset_lsb", "set_threshold_lsb", "set_tau_mem_us"];
/// Least and most of gains and offsets (LSB) of the multiplier.
pub(crate) const MULTIPLIER_LIMITS: [(f64, f64); 2] = [(0.0, 10.0), (-1000.0, 1000.0)];

/// Names of the arrays of the multiplier.
const MULTIPLIER_NAMES: [&str; 2] = ["set_multiplier_gain_lsb", "set_multiplier_offset_lsb"];
/// Names of the arrays of channels, by branch.
const OFFSET_NAMES: [&str; 2] = ["digital_offset_causal", "digital_offset_acausal"];

impl ChipSettings {
    /// Of a neuron, what can be calibrated.
    #[must_use]
    pub fn of_neuron(neuron: &NeuronParameters) -> [f64; 4] {
        [neuron.leak_lsb, neuron.reset_lsb, neuron.threshold_lsb, neuron.tau_mem_us]
    }

    /// Writes the settings to a chip.
    pub fn write(&self, chip: &mut Chip) {
        let h = self.hemisphere;
        for (row, (amplitude, time)) in self.amplitude_bits.iter().zip(&self.time_bits).enumerate()
        {
            chip.write_amplitude_calibration_row(h, row, amplitude);
            chip.write_time_calibration_row(h, row, time);
        }
        for (branch, offsets) in Branch::BOTH.into_iter().zip(&self.digital_offsets) {
            chip.set_adc_offsets(h, branch, offsets);
        }
        for column in 0..COLUMNS {
            let [leak_lsb, reset_lsb, threshold_lsb, tau_mem_us] =
                self.neurons.map(|line| line[column]);
            let neuron = chip.neuron(h, column);
            let set = NeuronParameters { leak_lsb, reset_lsb, threshold_lsb, tau_mem_us, ..neuron };
            chip.set_neuron(h, column, set);
            chip.set_multiplier(h, column, self.multiplier.map(|line| line[column]));
        }
    }

    /// The settings as arrays of `calibration.npz`, with what tells the chip.
    #[must_use]
    pub fn to_arrays(&self, config: &ChipConfig) -> Vec<NamedArray> {
        let named = |name: &str, elements| NamedArray { name: name.to_owned(), elements };
        let reals = |values: &[f64]| Elements::F64(Array1::from(values.to_vec()).into_dyn());
        let bytes = |values: &[u8]| Elements::U8(Array1::from(values.to_vec()).into_dyn());
        let bits = |lines: &[[u8; COLUMNS]]| {
            let shape = (lines.len(), COLUMNS);
            Elements::U8(Array2::from_shape_fn(shape, |(row, c)| lines[row][c]).into_dyn())
        };
        let values =
            parameters(config).map(|(name, value)| named(&value_name(name), reals(&[value])));
        let mut arrays = vec![
            named("chip_seed", Elements::U64(Array1::from(vec![self.seed]).into_dyn())),
            named("chip_lists_sha256", bytes(&lists_sha256(config))),
            named("hemisphere", bytes(&[self.hemisphere.to_le_bytes()[0]])),
            named("amplitude_bits", bits(&self.amplitude_bits)),
            named("time_bits", bits(&self.time_bits)),
        ];
        arrays.extend(values);
        for (name, offsets) in OFFSET_NAMES.iter().zip(&self.digital_offsets) {
            let offsets = offsets.iter().map(|offset| i32::from(*offset)).collect::<Array1<i32>>();
            arrays.push(named(name, Elements::I32(offsets.into_dyn())));
        }
        let lines = NEURON_NAMES.iter().zip(&self.neurons);
        let lines = lines.chain(MULTIPLIER_NAMES.iter().zip(&self.multiplier));
        arrays.extend(lines.map(|(name, line)| named(name, reals(line))));
        arrays
    }

    /// Reads the settings of a file, of a chip of this configuration.
    ///
    /// # Errors
    /// If the file is something else, does not hold what it should, or is of another chip.
    pub fn parse(bytes: &[u8], config: &ChipConfig) -> Result<ChipSettings, String> {
        let mut file = ArchiveReader::open(bytes)?;
        check_values(&mut file, config)?;
        let sha256 = bytes_of(&mut file, "chip_lists_sha256", u8::MAX)?;
        if !sha256.iter().eq(&lists_sha256(config)) {
            return Err(
                "it is of a chip with other blocks of neurons or joins of circuits: measure \
                        a chip with the same [[chip.neurons]] and [chip.structure]"
                    .into(),
            );
        }
        let seed = file.words("chip_seed")?.ok_or_else(|| missing("chip_seed"))?;
        let seed = seed.first().copied().ok_or("`chip_seed` is empty")?;
        let half = bytes_of(&mut file, "hemisphere", 1)?;
        let hemisphere = half.first().map_or(HEMISPHERES, |h| usize::from(*h));
        if hemisphere >= HEMISPHERES {
            return Err("`hemisphere` is empty".into());
        }
        let amplitude_bits = bits(&mut file, "amplitude_bits")?;
        let time_bits = bits(&mut file, "time_bits")?;
        if amplitude_bits.len() != time_bits.len() {
            return Err(format!(
                "`amplitude_bits` has {} rows, `time_bits` {}",
                amplitude_bits.len(),
                time_bits.len()
            ));
        }
        let mut offsets = |name| -> Result<[i8; COLUMNS], String> {
            let found = file.integers(name)?.ok_or_else(|| missing(name))?;
            let found = found.iter().map(|offset| i8::try_from(*offset).ok());
            let found: Option<Vec<i8>> = found.collect();
            found
                .and_then(|line| line.try_into().ok())
                .ok_or_else(|| format!("`{name}` must be {COLUMNS} whole numbers from -128 to 127"))
        };
        let digital_offsets = [offsets(OFFSET_NAMES[0])?, offsets(OFFSET_NAMES[1])?];
        let mut line = |name, range| line(&mut file, name, range);
        let [leak, reset, threshold, tau] = NEURON_NAMES;
        let level = (-1000.0, 1000.0);
        let neurons = [
            line(leak, level)?,
            line(reset, level)?,
            line(threshold, level)?,
            line(tau, (0.01, 1e5))?,
        ];
        let [gain, offset] = MULTIPLIER_NAMES;
        let [gains, levels] = MULTIPLIER_LIMITS;
        let multiplier = [line(gain, gains)?, line(offset, levels)?];
        Ok(ChipSettings {
            seed,
            hemisphere,
            amplitude_bits,
            time_bits,
            digital_offsets,
            neurons,
            multiplier,
        })
    }
}

fn missing(name: &str) -> String {
    format!("it has no array `{name}`: it is no calibration.npz, or one of an older version")
}

fn reals(file: &mut ArchiveReader<'_>, name: &str) -> Result<ArrayD<f64>, String> {
    file.reals(name)?.ok_or_else(|| missing(name))
}

/// Numbers from 0 to `most`.
fn bytes_of(file: &mut ArchiveReader<'_>, name: &str, most: u8) -> Result<ArrayD<u8>, String> {
    let found = file.integers(name)?.ok_or_else(|| missing(name))?;
    if found.iter().any(|value| !(0..=i64::from(most)).contains(value)) {
        return Err(format!("`{name}` must hold numbers from 0 to {most}"));
    }
    Ok(found.mapv(|value| value.to_le_bytes()[0]))
}

/// Calibration bits by row and column.
fn bits(file: &mut ArchiveReader<'_>, name: &str) -> Result<Vec<[u8; COLUMNS]>, String> {
    let found = bytes_of(file, name, 3)?;
    match *found.shape() {
        [1..=ROWS, COLUMNS] => {}
        _ => {
            return Err(format!(
                "`{name}` must have 1 to {ROWS} rows of {COLUMNS} columns, not the shape {:?}",
                found.shape()
            ));
        }
    }
    let rows = found.rows().into_iter();
    Ok(rows.map(|row| core::array::from_fn(|column| row[column])).collect())
}

/// One number a column.
fn line(
    file: &mut ArchiveReader<'_>,
    name: &str,
    (least, most): (f64, f64),
) -> Result<[f64; COLUMNS], String> {
    let found = reals(file, name)?;
    if found.shape() != [COLUMNS] {
        return Err(format!(
            "`{name}` must have {COLUMNS} numbers, not the shape {:?}",
            found.shape()
        ));
    }
    if let Some(wrong) = found.iter().find(|value| !(least..=most).contains(*value)) {
        return Err(format!("`{name}` must hold numbers from {least} to {most}, not {wrong}"));
    }
    Ok(core::array::from_fn(|column| found[[column]]))
}

/// Names and values of the parameters on which settings depend.
fn parameters(config: &ChipConfig) -> impl Iterator<Item = (&'static str, f64)> + '_ {
    let of_circuits =
        |name: &str| name.split_once('.').is_some_and(|(section, _)| SECTIONS.contains(&section));
    let names = pl_chip::config::parameters().map(|parameter| parameter.name);
    let names = names.filter(move |name| of_circuits(name));
    names.map(|name| (name, config.get(name).unwrap_or(f64::NAN)))
}

/// Before the names of parameters, in names of arrays.
const VALUE_PREFIX: &str = "chip.";

/// Name of the array that holds the value of a parameter.
fn value_name(parameter: &str) -> String {
    format!("{VALUE_PREFIX}{parameter}")
}

/// Of what is no parameter but a list.
fn lists_sha256(config: &ChipConfig) -> [u8; 32] {
    Sha256::digest(format!("{:?} {:?}", config.neurons, config.structure)).into()
}

/// That a file is of a chip with these values of parameters.
fn check_values(file: &mut ArchiveReader<'_>, config: &ChipConfig) -> Result<(), String> {
    let known: BTreeSet<&str> = parameters(config).map(|(name, _)| name).collect();
    let names = file.names().iter().filter_map(|name| name.strip_prefix(VALUE_PREFIX));
    let (own, others): (Vec<&str>, Vec<&str>) = names.partition(|name| known.contains(name));
    if own.is_empty() {
        return Err("it names no parameters of its chip: it is no calibration.npz, or one of an \
                    older version"
            .into());
    }
    if let Some(other) = others.first() {
        return Err(format!(
            "another version wrote it, whose chips have a parameter `{other}`: measure the chip again"
        ));
    }
    for (name, own) in parameters(config) {
        let found = file.reals(&value_name(name))?.ok_or_else(|| {
            format!(
                "another version wrote it, whose chips have no `{name}`: measure the chip again"
            )
        })?;
        if found.iter().ne([&own]) {
            let found = found.first().map_or("empty".to_owned(), f64::to_string);
            return Err(format!(
                "it is of another chip: `{name}` is {found} there and {own} here; measure a chip with the \
                 same [chip] tables"
            ));
        }
    }
    Ok(())
}

impl CalibrationSource {
    /// Reads the files.
    ///
    /// # Errors
    /// The name of one that cannot be read, is something else or is of another chip, and why.
    pub(crate) fn load(
        &self,
        config: &ChipConfig,
        read: &ReadFile<'_>,
    ) -> Result<(), CalibrationError> {
        let settings = |name: &String| {
            let settings = read(name).and_then(|bytes| ChipSettings::parse(&bytes, config));
            settings.map_err(|message| CalibrationError { file: name.clone(), message })
        };
        let settings = self.files.iter().map(settings).collect::<Result<Vec<_>, _>>()?;
        // Whoever was first read the same files.
        let _ = self.settings.set(settings);
        Ok(())
    }

    fn settings(&self) -> &[ChipSettings] {
        self.settings.get().map_or(&[], Vec::as_slice)
    }

    /// Checks that a file is of one of so many chips, the first with this seed; those of other seeds are
    /// for other runs of the same experiment.
    pub(crate) fn check_seed(&self, seed: u64, chips: usize) -> Result<(), ConfigError> {
        let is_own = |of: &&ChipSettings| of.seed.wrapping_sub(seed) < chips as u64;
        if self.settings().iter().any(|of| is_own(&of)) {
            return Ok(());
        }
        let Some((file, of)) = self.files.iter().zip(self.settings()).next() else {
            return Ok(());
        };
        Err(ConfigError(format!(
            "`calibration.files`: `{file}` is of the chip with seed {}, and this run is on that with seed \
             {seed}: run with --seed {}, or measure the other chip with the same --seed",
            of.seed, of.seed
        )))
    }

    fn write(&self, chip: &mut Chip) {
        let seed = chip.seed();
        self.settings().iter().filter(|of| of.seed == seed).for_each(|of| of.write(chip));
    }
}

impl Experiment {
    /// The chip of a run, with its calibration if the experiment has one.
    #[must_use]
    pub fn calibrated_chip(&self, seed: u64) -> Chip {
        let mut chip = Chip::new(&self.chip, seed);
        self.calibration.write(&mut chip);
        chip
    }

    /// The same for several chips.
    pub(crate) fn calibrate(&self, cluster: &mut Cluster) {
        (0..cluster.len()).for_each(|chip| self.calibration.write(cluster.chip_mut(chip)));
    }
}
