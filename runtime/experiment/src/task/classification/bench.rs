//! The wiring on the chip: where inputs, teacher and dendrites sit, and what a presentation is.
//!
//! All of it is on the top hemisphere: inputs on rows 0 to `rows - 1`, the teacher's excitation on
//! the next row, and behind it one inhibitory row a class; a class has `dendrites` neighbouring
//! columns.

use super::config::{ClassificationConfig, Spacing};
use crate::config::ConfigError;
use crate::data::{Dataset, shuffle};
use pl_chip::time::{SPEED_UP, ticks_from_us};
use pl_chip::{COLUMNS, Chip, InputEvent, ROWS, RowMode, Target, events};
use pl_fixed::rng::splitmix64;

/// Hemisphere that learns.
pub(super) const HEMISPHERE: u8 = 0;
/// Seed of the placement of inputs, the same for every run: neighbouring pixels come to lie on
/// different rows, so that they do not exclude each other.
const PLACEMENT_SEED: u64 = 0x706c_6163;
/// Address of the only source of an inhibitory row.
const INHIBITION_ADDRESS: u8 = 0;

/// The wiring of a task.
#[derive(Clone, Debug)]
pub(super) struct Bench {
    rows: u8,
    addresses: u8,
    pub(super) classes: usize,
    pub(super) dendrites: usize,
    /// Row and address of each input.
    pub(super) placement: Vec<(u8, u8)>,
    teacher_row: u8,
}

/// What is shown: rates and, while learning, the class the teacher names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stimulus {
    pub(super) on_rate_bio_hz: f64,
    pub(super) off_rate_bio_hz: f64,
    pub(super) duration: u64,
    /// Number of the first Poisson source; sources of training and readout differ.
    pub(super) first_source: u64,
    pub(super) spacing: Spacing,
}

impl Bench {
    /// Places the inputs of a data set.
    ///
    /// # Errors
    /// If the inputs, classes or teacher do not fit the hemisphere.
    pub(super) fn new(
        config: &ClassificationConfig,
        dataset: &Dataset,
    ) -> Result<Bench, ConfigError> {
        let inputs = dataset.features * config.input.inputs_per_value();
        let places = config.rows * config.addresses;
        let classes = dataset.classes.len();
        let checks = [
            (inputs, places, "inputs", "places: `task.rows` times `task.addresses`"),
            (classes * config.dendrites, COLUMNS, "dendrites of all classes", "columns"),
            (classes, 64, "classes", "addresses of the teacher's row"),
            (config.rows + 1 + classes, ROWS, "rows of inputs and teacher", "rows"),
        ];
        for (needed, there, what, of) in checks {
            if needed > there {
                let message = format!("the task has {needed} {what}, but there are {there} {of}");
                return Err(ConfigError(message));
            }
        }
        let mut order: Vec<usize> = (0..places).collect();
        shuffle(&mut order, PLACEMENT_SEED);
        let place = |position: &usize| {
            (lane(position / config.addresses), lane(position % config.addresses))
        };
        Ok(Bench {
            rows: lane(config.rows),
            addresses: lane(config.addresses),
            classes,
            dendrites: config.dendrites,
            placement: order[..inputs].iter().map(place).collect(),
            teacher_row: lane(config.rows),
        })
    }

    /// Rows that inputs arrive on, ascending.
    pub(super) fn input_rows(&self) -> Vec<u8> {
        (0..self.rows).collect()
    }

    /// Columns of all classes, ascending.
    pub(super) fn columns(&self) -> Vec<u8> {
        (0..self.classes * self.dendrites).map(lane).collect()
    }

    /// Group of dendrites that a column belongs to.
    pub(super) fn group_of(&self, column: usize) -> usize {
        column / self.dendrites
    }

    /// Writes teacher synapses and the initial ones: one weight, addresses drawn by `seed`.
    pub(super) fn wire(&self, config: &ClassificationConfig, chip: &mut Chip, seed: u64) {
        let hemisphere = usize::from(HEMISPHERE);
        let columns = self.classes * self.dendrites;
        chip.set_active_columns(hemisphere, 0..columns);
        let mut weights = [0; COLUMNS];
        weights[..columns].fill(config.initial_weight);
        let mut random = splitmix64(seed);
        for row in 0..usize::from(self.rows) {
            let mut addresses = [0; COLUMNS];
            for address in &mut addresses[..columns] {
                random = splitmix64(random);
                *address = lane((random % u64::from(self.addresses)).try_into().unwrap_or(0));
            }
            chip.write_address_row(hemisphere, row, &addresses);
            chip.write_weights_row(hemisphere, row, &weights);
            chip.set_row_mode(hemisphere, row, RowMode::Excitatory);
        }
        self.wire_teacher(config.teacher.weight, chip);
    }

    fn wire_teacher(&self, weight: u8, chip: &mut Chip) {
        let (hemisphere, row) = (usize::from(HEMISPHERE), usize::from(self.teacher_row));
        let columns = self.classes * self.dendrites;
        let (mut weights, mut addresses) = ([0; COLUMNS], [0; COLUMNS]);
        for column in 0..columns {
            weights[column] = weight;
            addresses[column] = lane(self.group_of(column));
        }
        chip.write_address_row(hemisphere, row, &addresses);
        chip.write_weights_row(hemisphere, row, &weights);
        chip.set_row_mode(hemisphere, row, RowMode::Excitatory);
        for class in 0..self.classes {
            let row = row + 1 + class;
            let mut others = weights;
            others[class * self.dendrites..(class + 1) * self.dendrites].fill(0);
            chip.write_address_row(hemisphere, row, &[INHIBITION_ADDRESS; COLUMNS]);
            chip.write_weights_row(hemisphere, row, &others);
            chip.set_row_mode(hemisphere, row, RowMode::Inhibitory);
        }
    }

    /// Appends the events of inputs from `start` on.
    pub(super) fn inputs(
        &self,
        on: &[bool],
        stimulus: &Stimulus,
        seed: u64,
        start: u64,
        events: &mut Vec<InputEvent>,
    ) {
        for (source, (on, (row, address))) in (0..).zip(on.iter().zip(&self.placement)) {
            let rate_bio_hz = if *on { stimulus.on_rate_bio_hz } else { stimulus.off_rate_bio_hz };
            let target = Target { hemisphere: HEMISPHERE, row: *row, address: *address };
            let (source, end) = (stimulus.first_source + source, start + stimulus.duration);
            match stimulus.spacing {
                Spacing::Poisson => {
                    let rate_hz = rate_bio_hz * speed_up();
                    events::poisson(seed, source, target, rate_hz, start, end, events);
                }
                Spacing::Regular => {
                    let period = period_ticks(rate_bio_hz);
                    let phase = splitmix64(seed ^ splitmix64(source ^ start)) % period.max(1);
                    events::regular(target, period, start + phase, start, end, events);
                }
            }
        }
    }

    /// Appends the events of the teacher that names `class`.
    pub(super) fn teacher(
        &self,
        config: &ClassificationConfig,
        class: usize,
        start: u64,
        duration: u64,
        events: &mut Vec<InputEvent>,
    ) {
        let row = usize::from(self.teacher_row);
        let excitation = Target { hemisphere: HEMISPHERE, row: lane(row), address: lane(class) };
        let row = lane(row + 1 + class);
        let inhibition = Target { hemisphere: HEMISPHERE, row, address: INHIBITION_ADDRESS };
        let sources = [
            (excitation, config.teacher.excitation_bio_hz),
            (inhibition, config.teacher.inhibition_bio_hz),
        ];
        for (target, rate_bio_hz) in sources {
            let period = period_ticks(rate_bio_hz);
            // Half a period in, so that excitation and inhibition do not start together.
            let first = start + period / 2;
            events::regular(target, period, first, start, start + duration, events);
        }
    }
}

/// Ticks between events of a regular source; 0 if it is silent.
fn period_ticks(rate_bio_hz: f64) -> u64 {
    if rate_bio_hz > 0.0 { ticks_from_us(1e6 / (rate_bio_hz * speed_up())).max(1) } else { 0 }
}

/// Hardware events a second for each biological one.
fn speed_up() -> f64 {
    f64::from(u16::try_from(SPEED_UP).unwrap_or(u16::MAX))
}

/// An index below 256, which the checks of [`Bench::new`] guarantee.
fn lane(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX)
}
