//! The event path in a configuration file: drivers, nodes of the crossbar, generators, labels.

use serde::Deserialize;

use super::background::Generator;
use super::crossbar::{CrossbarInput, CrossbarOutput, Node};
use super::label::Label;
use crate::chip::Chip;
use crate::config::{ConfigError, Indices};
use crate::convert::low_byte;
use crate::drivers::{DRIVERS, Driver, RowMode};
use crate::short_term::ShortTerm;
use crate::{COLUMNS, GENERATORS, HEMISPHERES};

/// Lists that set up the way of events; see the manual, `runtime/CHIP.md`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventPathConfig {
    /// `[[chip.drivers]]`; later entries change earlier ones.
    pub drivers: Vec<DriversConfig>,
    /// `[[chip.crossbar]]`.
    pub crossbar: Vec<NodesConfig>,
    /// `[[chip.generators]]`.
    pub generators: Vec<GeneratorConfig>,
    /// `[[chip.labels]]`.
    pub labels: Vec<LabelsConfig>,
}

/// Some synapse drivers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriversConfig {
    /// 0 top, 1 bottom; both if absent.
    pub hemisphere: Option<Indices>,
    /// 0 to 127; all if absent.
    pub drivers: Option<Indices>,
    /// See [`Driver::receiver`].
    pub receiver: Option<bool>,
    /// See [`Driver::compare_mask`].
    pub compare_mask: Option<u8>,
    /// See [`Driver::address_out`].
    pub address_out: Option<bool>,
    /// See [`Driver::short_term`]; `{}` has the default settings.
    pub short_term: Option<ShortTermConfig>,
    /// Modes of rows `2 d` and `2 d + 1`. Tasks set those of the rows they use themselves.
    pub rows: Option<[RowMode; 2]>,
}

/// Short-term plasticity of some drivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShortTermConfig {
    /// Whether they have it.
    pub on: bool,
    /// See [`ShortTerm::utilization`].
    pub utilization: u8,
    /// See [`ShortTerm::recovery`].
    pub recovery: u8,
    /// Whether they recover at all.
    pub recovers: bool,
    /// See [`ShortTerm::offset`].
    pub offset: u8,
    /// See [`ShortTerm::pair`].
    pub pair: u8,
}

impl Default for ShortTermConfig {
    fn default() -> ShortTermConfig {
        let ShortTerm { utilization, offset, pair, .. } = ShortTerm::default();
        ShortTermConfig { on: true, utilization, recovery: 15, recovers: true, offset, pair }
    }
}

impl ShortTermConfig {
    fn settings(self) -> Option<ShortTerm> {
        let ShortTermConfig { utilization, recovery, offset, pair, .. } = self;
        let recovery = self.recovers.then_some(recovery);
        self.on.then_some(ShortTerm { utilization, recovery, offset, pair })
    }

    fn check(self) -> Result<(), String> {
        if [self.utilization, self.recovery, self.offset].iter().any(|setting| *setting > 15) {
            return Err("`utilization`, `recovery` and `offset` are 0 to 15".into());
        }
        if self.pair > 1 { Err("`pair` is 0 or 1".into()) } else { Ok(()) }
    }
}

/// Some nodes of the crossbar.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodesConfig {
    /// An input, such as `neurons0`, `link3` or `generator7`, or all of a kind: `neurons`.
    pub from: String,
    /// An output, such as `top0`, `bottom3` or `link2`, or all of a kind: `top`.
    pub to: String,
    /// See [`Node::mask`]; default 0, which lets everything pass.
    #[serde(default)]
    pub mask: u16,
    /// See [`Node::target`].
    #[serde(default)]
    pub target: u16,
}

/// A background generator.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratorConfig {
    /// 0 to 7.
    pub generator: usize,
    /// Whether events are random; default regular.
    #[serde(default)]
    pub random: bool,
    /// Events a second of hardware time, from which `period_ticks` and `rate` follow.
    pub rate_hz: Option<f64>,
    /// See [`Generator::period_ticks`].
    pub period_ticks: Option<u16>,
    /// See [`Generator::rate`].
    pub rate: Option<u8>,
    /// See [`Generator::seed`]; default the generator's number and 1.
    pub seed: Option<u32>,
    /// See [`Generator::mask`].
    #[serde(default)]
    pub mask: u8,
    /// See [`Label::new`].
    #[serde(default)]
    pub row_select: u8,
    /// See [`Label::new`].
    #[serde(default)]
    pub address: u8,
}

/// Labels of some neurons.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelsConfig {
    /// 0 top, 1 bottom; both if absent.
    pub hemisphere: Option<Indices>,
    /// Columns; all if absent.
    pub columns: Option<Indices>,
    /// Own bits of the first column's label; they count up from there.
    pub first: Option<u8>,
    /// Whether spikes leave the neurons; default they do.
    pub on: Option<bool>,
}

/// The indices given, or all below `count`.
pub(crate) fn indices(given: Option<&Indices>, count: usize) -> Vec<usize> {
    given.map_or_else(|| (0..count).collect(), |given| given.0.clone())
}

/// Refuses indices from `count` on.
pub(crate) fn check_indices(given: Option<&Indices>, count: usize) -> Result<(), String> {
    match given.and_then(|given| given.0.iter().find(|index| **index >= count)) {
        Some(index) => Err(format!("{index} is too large: there are {count}")),
        None => Ok(()),
    }
}

impl GeneratorConfig {
    fn settings(&self) -> Result<Generator, String> {
        if self.generator >= GENERATORS {
            return Err(format!("`generator` is 0 to 7, not {}", self.generator));
        }
        if self.row_select > 31 || self.address > 63 {
            return Err("`row_select` is 0 to 31 and `address` 0 to 63".into());
        }
        let label = Label::new(0, self.row_select, self.address);
        let seed = self.seed.unwrap_or(u32::from(low_byte(self.generator)) + 1);
        match (self.rate_hz, self.period_ticks) {
            (Some(rate_hz), None) if self.rate.is_none() => {
                let settings = if self.random {
                    Generator::random_at(rate_hz, seed, self.mask, label)
                } else {
                    Generator::regular_at(rate_hz, label)
                };
                let lowest = if self.random { 30 } else { 3815 };
                settings.ok_or_else(|| {
                    format!("`rate_hz` can be {lowest} to 250e6 here, and is {rate_hz}")
                })
            }
            (None, Some(period_ticks)) => {
                let (random, mask) = (self.random, self.mask);
                let rate = self.rate.unwrap_or(u8::MAX);
                Ok(Generator { period_ticks, random, rate, seed, mask, label })
            }
            _ => Err("give either `rate_hz`, or `period_ticks` and, if random, `rate`".into()),
        }
    }
}

impl NodesConfig {
    /// The nodes that are meant.
    fn nodes(&self) -> Result<Vec<(CrossbarInput, CrossbarOutput)>, String> {
        if self.mask > 0x3fff || self.target & !self.mask != 0 {
            return Err("`mask` has 14 bits and `target` none beside them".into());
        }
        let meant = |name: &str, written: &str| {
            name == written || name.trim_end_matches(|c: char| c.is_ascii_digit()) == written
        };
        let inputs = CrossbarInput::all().into_iter();
        let inputs: Vec<_> = inputs.filter(|i| meant(&i.to_string(), &self.from)).collect();
        let outputs = CrossbarOutput::all().into_iter();
        let outputs: Vec<_> = outputs.filter(|o| meant(&o.to_string(), &self.to)).collect();
        if inputs.is_empty() {
            let kinds = "neurons (0 to 7), link (0 to 3), generator (0 to 7)";
            return Err(format!("there is no input `{}`: inputs are {kinds}", self.from));
        }
        if outputs.is_empty() {
            let kinds = "top, bottom, link (0 to 3 each)";
            return Err(format!("there is no output `{}`: outputs are {kinds}", self.to));
        }
        let pairs = inputs.iter().flat_map(|i| outputs.iter().map(move |o| (*i, *o)));
        let nodes: Vec<_> = pairs.filter(|(input, output)| input.reaches(*output)).collect();
        if nodes.is_empty() {
            return Err(format!("the crossbar has no node from {} to {}", self.from, self.to));
        }
        Ok(nodes)
    }
}

impl EventPathConfig {
    /// Checks everything.
    ///
    /// # Errors
    /// The first entry that cannot be, by list and number.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let failed = |list: &str, number: usize, error: String| {
            ConfigError::List(format!("`{list}`, entry {}: {error}", number + 1))
        };
        for (number, entry) in self.drivers.iter().enumerate() {
            let checked = check_indices(entry.hemisphere.as_ref(), HEMISPHERES)
                .and_then(|()| check_indices(entry.drivers.as_ref(), DRIVERS))
                .and_then(|()| match entry.compare_mask {
                    Some(32..) => Err("`compare_mask` is 0 to 31".into()),
                    Some(_) | None => Ok(()),
                })
                .and_then(|()| entry.short_term.map_or(Ok(()), ShortTermConfig::check));
            checked.map_err(|error| failed("drivers", number, error))?;
        }
        for (number, entry) in self.crossbar.iter().enumerate() {
            entry.nodes().map_err(|error| failed("crossbar", number, error))?;
        }
        for (number, entry) in self.generators.iter().enumerate() {
            entry.settings().map_err(|error| failed("generators", number, error))?;
        }
        for (number, entry) in self.labels.iter().enumerate() {
            check_indices(entry.hemisphere.as_ref(), HEMISPHERES)
                .map_err(|error| failed("labels", number, error))?;
        }
        Ok(())
    }

    /// Sets a chip up; entries that are not valid change nothing.
    pub(crate) fn apply(&self, chip: &mut Chip) {
        for entry in &self.drivers {
            for h in indices(entry.hemisphere.as_ref(), HEMISPHERES) {
                for d in indices(entry.drivers.as_ref(), DRIVERS) {
                    entry.apply(chip, h, d);
                }
            }
        }
        for entry in &self.crossbar {
            let node = Node { mask: entry.mask, target: entry.target };
            for (input, output) in entry.nodes().unwrap_or_default() {
                chip.set_crossbar_node(input, output, Some(node));
            }
        }
        for entry in &self.generators {
            if let Ok(settings) = entry.settings() {
                chip.set_generator(entry.generator, Some(settings));
            }
        }
        for entry in &self.labels {
            for h in indices(entry.hemisphere.as_ref(), HEMISPHERES) {
                for (i, column) in indices(entry.columns.as_ref(), COLUMNS).into_iter().enumerate()
                {
                    let counted = entry.first.map(|first| first.wrapping_add(low_byte(i)));
                    let own = counted.or(chip.neuron_label(h, column));
                    let on = entry.on.unwrap_or(true);
                    chip.set_neuron_label(h, column, own.filter(|_| on));
                }
            }
        }
    }
}

impl DriversConfig {
    fn apply(&self, chip: &mut Chip, h: usize, d: usize) {
        let before = chip.driver(h, d);
        chip.set_driver(
            h,
            d,
            Driver {
                receiver: self.receiver.unwrap_or(before.receiver),
                compare_mask: self.compare_mask.unwrap_or(before.compare_mask),
                address_out: self.address_out.unwrap_or(before.address_out),
                modulation: before.modulation,
                short_term: self.short_term.map_or(before.short_term, ShortTermConfig::settings),
            },
        );
        for (side, mode) in self.rows.into_iter().flatten().enumerate() {
            chip.set_row_mode(h, 2 * d + side, mode);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ChipConfig;

    #[test]
    fn the_lists_set_a_chip_up() {
        let config: ChipConfig = toml::from_str(
            "profile = 'ideal'
             drivers = [
                 { compare_mask = 3, rows = ['excitatory', 'inhibitory'] },
                 { hemisphere = 1, drivers = '4..6', receiver = false, short_term = { pair = 0 } },
             ]
             crossbar = [
                 { from = 'neurons', to = 'top' },
                 { from = 'generator6', to = 'bottom2', mask = 0x3f, target = 5 },
             ]
             generators = [
                 { generator = 6, random = true, rate_hz = 20e3, row_select = 9, mask = 7 },
                 { generator = 0, period_ticks = 500, address = 3 },
             ]
             labels = [{ hemisphere = 0, columns = '32..64', first = 128 }]
             [routing]
             latency_us = 0.2",
        )
        .unwrap();
        let chip = Chip::new(&config, 1);
        let listening = Driver { compare_mask: 3, ..Driver::default() };
        assert_eq!(chip.driver(0, 4), listening);
        let short_term = Some(ShortTerm { pair: 0, ..ShortTerm::default() });
        assert_eq!(chip.driver(1, 5), Driver { receiver: false, short_term, ..listening });
        assert_eq!(chip.row_mode(1, 7), RowMode::Inhibitory);
        let bus = |hemisphere, bus| CrossbarOutput::Bus { hemisphere, bus };
        assert_eq!(chip.crossbar_node(CrossbarInput::Neurons(5), bus(0, 1)), Some(Node::OPEN));
        assert_eq!(chip.crossbar_node(CrossbarInput::Neurons(5), bus(1, 1)), None);
        let node = Some(Node { mask: 0x3f, target: 5 });
        assert_eq!(chip.crossbar_node(CrossbarInput::Generator(6), bus(1, 2)), node);
        let random = Generator::random_at(20e3, 7, 7, Label::new(0, 9, 0));
        assert_eq!(chip.generator(6), random);
        assert_eq!(chip.generator(0).unwrap().label, Label::new(0, 0, 3));
        assert_eq!([31, 32, 63].map(|c| chip.neuron_label(0, c)), [Some(31), Some(128), Some(159)]);
    }

    #[test]
    fn mistakes_name_the_entry() {
        for (list, said) in [
            ("drivers = [{}, { drivers = 128 }]", "`drivers`, entry 2: 128 is too large"),
            ("drivers = [{ hemisphere = 2 }]", "there are 2"),
            ("drivers = [{ short_term = { offset = 16 } }]", "0 to 15"),
            ("drivers = [{ compare_mask = 32 }]", "0 to 31"),
            ("drivers = [{ rows = ['on', 'off'] }]", "excitatory"),
            ("crossbar = [{ from = 'neuron', to = 'top' }]", "there is no input `neuron`"),
            ("crossbar = [{ from = 'link', to = 'top4' }]", "there is no output `top4`"),
            ("crossbar = [{ from = 'neurons1', to = 'top2' }]", "no node from neurons1 to top2"),
            ("crossbar = [{ from = 'link', to = 'top', target = 1 }]", "none beside them"),
            ("generators = [{ generator = 8, rate_hz = 1e6 }]", "0 to 7"),
            ("generators = [{ generator = 1, rate_hz = 1e3 }]", "3815 to 250e6"),
            ("generators = [{ generator = 1 }]", "give either `rate_hz`"),
            ("labels = [{ hemisphere = 3 }]", "`labels`, entry 1"),
        ] {
            let message = toml::from_str::<ChipConfig>(list).unwrap_err().to_string();
            assert!(message.contains(said), "{list}: {message}");
        }
    }
}
