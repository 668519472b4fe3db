//! Input codes: from numbers of a sample to inputs that are on or off.

use serde::Deserialize;

/// How a value becomes inputs.
///
/// Thresholds are in the units of the data.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case", deny_unknown_fields)]
pub enum InputCode {
    /// Input `i` is on from `levels[i]` upwards: larger values switch more inputs on.
    Thermometer {
        /// Ascending thresholds.
        levels: Vec<f64>,
    },
    /// Exactly one input is on: that of the interval between two levels which the value lies in.
    OneHot {
        /// Ascending borders; one interval more than borders.
        borders: Vec<f64>,
    },
    /// Inputs that are on for large values, and inputs that are on for small ones.
    OnOff {
        /// On from here upwards.
        above: Vec<f64>,
        /// On below.
        below: Vec<f64>,
    },
}

impl InputCode {
    /// Inputs a value.
    #[must_use]
    pub fn inputs_per_value(&self) -> usize {
        match self {
            InputCode::Thermometer { levels } => levels.len(),
            InputCode::OneHot { borders } => borders.len() + 1,
            InputCode::OnOff { above, below } => above.len() + below.len(),
        }
    }

    /// What is wrong with the thresholds, if anything.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let ascending = |name: &str, list: &[f64]| {
            let sorted = list.is_sorted_by(|a, b| a < b) && list.iter().all(|v| v.is_finite());
            (!sorted).then(|| format!("`{name}` must be finite and ascending"))
        };
        match self {
            InputCode::Thermometer { levels } if levels.is_empty() => {
                Some("`levels` must not be empty".into())
            }
            InputCode::Thermometer { levels } => ascending("levels", levels),
            InputCode::OneHot { borders } => ascending("borders", borders),
            InputCode::OnOff { above, below } if above.is_empty() && below.is_empty() => {
                Some("`above` and `below` must not both be empty".into())
            }
            InputCode::OnOff { above, below } => {
                ascending("above", above).or_else(|| ascending("below", below))
            }
        }
    }

    /// Which inputs are on: those of the first value, then those of the second, ...
    #[must_use]
    pub fn encode(&self, sample: &[f64]) -> Vec<bool> {
        let mut on = Vec::with_capacity(sample.len() * self.inputs_per_value());
        for value in sample {
            match self {
                InputCode::Thermometer { levels } => {
                    on.extend(levels.iter().map(|level| value >= level));
                }
                InputCode::OneHot { borders } => {
                    let interval = borders.iter().filter(|border| value >= border).count();
                    on.extend((0..=borders.len()).map(|i| i == interval));
                }
                InputCode::OnOff { above, below } => {
                    on.extend(above.iter().map(|level| value >= level));
                    on.extend(below.iter().map(|level| value < level));
                }
            }
        }
        on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(code: &InputCode, sample: &[f64]) -> String {
        code.encode(sample).iter().map(|on| if *on { '1' } else { '0' }).collect()
    }

    #[test]
    fn codes_follow_their_thresholds() {
        let thermometer = InputCode::Thermometer { levels: vec![3.0, 7.0, 11.0, 14.0] };
        assert_eq!(bits(&thermometer, &[2.0, 3.0, 13.0, 16.0]), "0000100011101111");
        let one_hot = InputCode::OneHot { borders: vec![4.0, 8.0, 12.0] };
        assert_eq!(bits(&one_hot, &[0.0, 4.0, 16.0]), "100001000001");
        let on_off = InputCode::OnOff { above: vec![5.0, 11.0], below: vec![2.0, 8.0] };
        assert_eq!(bits(&on_off, &[0.0, 6.0, 12.0]), "001110011100");
    }

    #[test]
    fn faults_are_named() {
        assert!(InputCode::Thermometer { levels: vec![] }.fault().is_some());
        assert!(InputCode::Thermometer { levels: vec![3.0, 3.0] }.fault().is_some());
        assert!(InputCode::OneHot { borders: vec![f64::NAN] }.fault().is_some());
        assert!(InputCode::OnOff { above: vec![], below: vec![2.0, 1.0] }.fault().is_some());
        assert!(InputCode::OneHot { borders: vec![1.0] }.fault().is_none());
    }
}
