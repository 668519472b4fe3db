//! The `[task]` table of a calibration.

use crate::config::ConfigError;
use crate::task::TaskKind;
use pl_chip::HEMISPHERES;
use serde::Deserialize;

/// The row whose driver makes neurons fire; those below it are measured.
pub(super) const TRIGGER_ROW: usize = 255;

/// The `[task]` table. Everything has a default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationConfig {
    /// Always [`TaskKind::Calibration`].
    pub kind: TaskKind,
    /// Hemisphere that is measured; default 0.
    #[serde(default)]
    pub hemisphere: usize,
    /// Synapse rows whose sensors are measured, from row 0 on, 1 to 255; default all of them.
    #[serde(default = "defaults::rows")]
    pub rows: usize,
    /// Pairs of pulses at each delay; default 100.
    #[serde(default = "defaults::pairs")]
    pub pairs: u32,
    /// Hardware time from pair to pair; default 500.
    #[serde(default = "defaults::spacing_us")]
    pub spacing_us: f64,
    /// Delays of the pairs, ascending.
    #[serde(default = "defaults::delays_us")]
    pub delays_us: Vec<f64>,
    /// Readings of each voltage that are averaged; default 8.
    #[serde(default = "defaults::readings")]
    pub readings: u32,
    /// Amplitude of a pair that the calibration bits are to bring sensors to; default 0.35.
    #[serde(default = "defaults::target_eta_lsb")]
    pub target_eta_lsb: f64,
    /// Time constant that the calibration bits are to bring sensors to; default 4.
    #[serde(default = "defaults::target_tau_us")]
    pub target_tau_us: f64,
    /// Currents of the f-I curve, as shifts of the resting potential, ascending.
    #[serde(default = "defaults::currents_lsb")]
    pub currents_lsb: Vec<f64>,
}

/// Defaults: those of calix `correlation_measurement.py` where it has any.
mod defaults {
    pub(super) fn rows() -> usize {
        super::TRIGGER_ROW
    }

    pub(super) fn pairs() -> u32 {
        100
    }

    pub(super) fn spacing_us() -> f64 {
        500.0
    }

    pub(super) fn delays_us() -> Vec<f64> {
        vec![0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 15.0]
    }

    pub(super) fn readings() -> u32 {
        8
    }

    pub(super) fn target_eta_lsb() -> f64 {
        0.35
    }

    pub(super) fn target_tau_us() -> f64 {
        4.0
    }

    pub(super) fn currents_lsb() -> Vec<f64> {
        (0..=12).map(|step| f64::from(step) * 10.0).collect()
    }
}

impl CalibrationConfig {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |text: String| Err(ConfigError(format!("`task.{text}")));
        if self.hemisphere >= HEMISPHERES {
            return wrong(format!("hemisphere` must be 0 or 1, not {}", self.hemisphere));
        }
        if !(1..=TRIGGER_ROW).contains(&self.rows) {
            return wrong(format!("rows` must be 1 to {TRIGGER_ROW}, not {}", self.rows));
        }
        let counts = [("pairs", self.pairs, 1000), ("readings", self.readings, 100)];
        for (name, value, most) in counts {
            if !(1..=most).contains(&value) {
                return wrong(format!("{name}` must be 1 to {most}, not {value}"));
            }
        }
        let positive = [
            ("spacing_us", self.spacing_us, 100.0, 1e5),
            ("target_eta_lsb", self.target_eta_lsb, 0.01, 50.0),
            ("target_tau_us", self.target_tau_us, 0.1, 2000.0),
        ];
        for (name, value, least, most) in positive {
            if !(least..=most).contains(&value) {
                return wrong(format!("{name}` must be {least} to {most}, not {value}"));
            }
        }
        let lists = [
            ("delays_us", &self.delays_us, 3, 0.1, self.spacing_us / 4.0),
            ("currents_lsb", &self.currents_lsb, 2, -500.0, 500.0),
        ];
        for (name, list, fewest, least, most) in lists {
            let ascending = list.windows(2).all(|pair| pair[0] < pair[1]);
            let inside = list.iter().all(|value| (least..=most).contains(value));
            if list.len() < fewest || !ascending || !inside {
                return wrong(format!(
                    "{name}` must be at least {fewest} values from {least} to {most}, ascending"
                ));
            }
        }
        Ok(())
    }
}
