//! What `experiment.toml` says of measurements on compartments.

use crate::config::ConfigError;
use crate::task::TaskKind;
use pl_chip::{ChipConfig, CompartmentConfig, ROWS};
use serde::Deserialize;

/// The `[task]` table. Columns are those of the first copy of `[chip.structure]`; everything is
/// measured on all copies at once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompartmentsConfig {
    /// Always [`TaskKind::Compartments`].
    pub kind: TaskKind,
    /// Weight of the synapse through which a compartment is excited, 1 to 63.
    pub weight: u8,
    /// Passive compartments in a row.
    pub chain: ChainConfig,
    /// A compartment with plateaus.
    pub plateau: PlateauConfig,
    /// A compartment with spikes beside one with plateaus.
    pub coincidence: CoincidenceConfig,
}

/// A train of events into one compartment of a chain after another.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    /// Columns, in the order in which they are joined.
    pub columns: Vec<usize>,
    /// Events of the train.
    pub events: u32,
    /// Hardware time between them.
    pub interval_us: f64,
}

/// Volleys of ever more events into a compartment with plateaus.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlateauConfig {
    /// Its column.
    pub column: usize,
    /// Events of the largest volley.
    pub events_max: u32,
    /// Lengths of plateaus to try in place of that of the chip, hardware time.
    pub durations_us: Vec<f64>,
}

/// A volley into the soma some time after one into the dendrite.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoincidenceConfig {
    /// Column of the compartment with spikes.
    pub soma: usize,
    /// Column of the compartment with plateaus.
    pub dendrite: usize,
    /// Events of the volley into the soma.
    pub proximal_events: u32,
    /// Events of the volley into the dendrite.
    pub distal_events: u32,
    /// First lag of the soma's volley behind the dendrite's, hardware time.
    pub lag_first_us: f64,
    /// Last lag.
    pub lag_last_us: f64,
    /// Distance of lags.
    pub lag_step_us: f64,
}

impl CompartmentsConfig {
    pub(crate) fn check(&self, chip: &ChipConfig) -> Result<(), ConfigError> {
        let wrong = |message: String| Err(ConfigError(message));
        let structure = &chip.structure;
        if structure.joins.is_empty() || !structure.hemispheres.contains(&0) {
            return wrong("the task needs joins in [chip.structure], on hemisphere 0".into());
        }
        let columns = self.chain.columns.iter().copied();
        let columns = columns.chain([self.plateau.column, self.coincidence.soma]);
        if let Some(column) =
            columns.chain([self.coincidence.dendrite]).find(|c| *c >= self.rows(chip))
        {
            return wrong(format!("column {column} is none of the first copy of `chip.structure`"));
        }
        self.chain_tau_us(chip)?;
        if self.plateau_kind(chip).is_none() {
            let column = self.plateau.column;
            return wrong(format!("`task.plateau.column`: column {column} has no plateaus"));
        }
        let counts = [
            ("weight", u32::from(self.weight), 63),
            ("chain.events", self.chain.events, 1000),
            ("plateau.events_max", self.plateau.events_max, 1000),
            ("coincidence.proximal_events", self.coincidence.proximal_events, 1000),
            ("coincidence.distal_events", self.coincidence.distal_events, 1000),
        ];
        for (name, value, most) in counts {
            if !(1..=most).contains(&value) {
                return wrong(format!("`task.{name}` must be 1 to {most}, not {value}"));
            }
        }
        let lag = &self.coincidence;
        let mut reals = vec![
            ("chain.interval_us", self.chain.interval_us, 0.004, 1000.0),
            ("coincidence.lag_first_us", lag.lag_first_us, -1000.0, 1000.0),
            ("coincidence.lag_last_us", lag.lag_last_us, lag.lag_first_us, 1000.0),
            ("coincidence.lag_step_us", lag.lag_step_us, 0.1, 1000.0),
        ];
        let durations = self.plateau.durations_us.iter();
        reals.extend(durations.map(|us| ("plateau.durations_us", *us, 1.0, 1000.0)));
        for (name, value, least, most) in reals {
            if !(least..=most).contains(&value) {
                return wrong(format!("`task.{name}` must be {least} to {most}, not {value}"));
            }
        }
        Ok(())
    }

    /// Rows that reach a compartment each: as many as a copy has columns.
    pub(super) fn rows(&self, chip: &ChipConfig) -> usize {
        let structure = &chip.structure;
        let joined = structure.joins.iter().flat_map(|join| join.columns).max().unwrap_or(0) + 1;
        if structure.every > 0 { structure.every } else { joined }.min(ROWS)
    }

    /// The time constant of all joins of the chain.
    pub(super) fn chain_tau_us(&self, chip: &ChipConfig) -> Result<f64, ConfigError> {
        let mut taus = self.chain.columns.windows(2).map(|pair| {
            let joins = chip.structure.joins.iter();
            let [a, b] = [pair[0], pair[1]];
            let mut joins = joins.filter(|join| join.columns == [a, b] || join.columns == [b, a]);
            joins.next().and_then(|join| join.tau_us)
        });
        match taus.next() {
            Some(Some(first)) if taus.all(|tau| tau == Some(first)) => Ok(first),
            _ => {
                let message = "`task.chain.columns`: each must be joined with the next by the \
                               same `tau_us`";
                Err(ConfigError(message.into()))
            }
        }
    }

    /// Level and length of the plateaus of [`PlateauConfig::column`].
    pub(super) fn plateau_kind(&self, chip: &ChipConfig) -> Option<(f64, f64)> {
        chip.structure.compartments.iter().find_map(|compartment| match *compartment {
            CompartmentConfig::Plateau { column, level_lsb, duration_us }
                if column == self.plateau.column =>
            {
                Some((level_lsb, duration_us))
            }
            CompartmentConfig::Plateau { .. }
            | CompartmentConfig::Spike { .. }
            | CompartmentConfig::Passive { .. } => None,
        })
    }
}
