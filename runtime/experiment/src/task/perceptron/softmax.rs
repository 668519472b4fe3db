//! Softmax regression in floating point, and its weights in six bits.

use super::config::Training;
use crate::data::shuffle;
use pl_fixed::real;

/// Largest magnitude of a signed weight of the chip.
const WEIGHT_MAX: f64 = 63.0;
/// Largest input of the chip.
const INPUT_MAX: f64 = 31.0;

/// A score for each class: a weighted sum of the inputs, the last of which is always 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Linear {
    /// Weights of each class, one an input.
    weights: Vec<Vec<f64>>,
}

/// Inputs and class of a sample.
pub(super) type Sample<'a> = (&'a [f64], usize);

impl Linear {
    /// Descends the gradient of the cross entropy from weights of 0, a sample at a time, in an
    /// order that `seed` selects.
    pub(super) fn train(
        samples: &[Sample<'_>],
        classes: usize,
        training: &Training,
        seed: u64,
    ) -> Linear {
        let inputs = samples.first().map_or(0, |(inputs, _)| inputs.len());
        let mut linear = Linear { weights: vec![vec![0.0; inputs]; classes] };
        let mut order: Vec<usize> = (0..samples.len()).collect();
        for epoch in 0..training.epochs {
            shuffle(&mut order, seed.wrapping_add(epoch as u64));
            for index in &order {
                linear.descend(samples[*index], training);
            }
        }
        linear
    }

    fn descend(&mut self, (inputs, class): Sample<'_>, training: &Training) {
        let probabilities = softmax(&self.scores(inputs));
        for (other, (weights, probability)) in
            self.weights.iter_mut().zip(probabilities).enumerate()
        {
            let wanted = f64::from(u8::from(other == class));
            let step = training.rate * (wanted - probability);
            for (weight, input) in weights.iter_mut().zip(inputs) {
                *weight += step * input - training.decay * *weight;
            }
        }
    }

    /// The score of each class.
    pub(super) fn scores(&self, inputs: &[f64]) -> Vec<f64> {
        let score = |weights: &Vec<f64>| weights.iter().zip(inputs).map(|(w, x)| w * x).sum();
        self.weights.iter().map(score).collect()
    }

    /// The weights of each class in units of the chip: the largest magnitude becomes 63.
    pub(super) fn quantised(&self) -> Vec<Vec<i32>> {
        let largest = self.weights.iter().flatten().fold(0.0, |max, w| f64::max(max, w.abs()));
        let scale = if largest > 0.0 { WEIGHT_MAX / largest } else { 0.0 };
        let row = |weights: &Vec<f64>| weights.iter().map(|w| whole(scale * w)).collect();
        self.weights.iter().map(row).collect()
    }
}

/// Inputs of 0 to 1 as the chip's, 0 to 31.
pub(super) fn codes(inputs: &[f64]) -> Vec<u8> {
    let code = |input: &f64| whole((INPUT_MAX * input).clamp(0.0, INPUT_MAX));
    inputs.iter().map(|input| u8::try_from(code(input)).unwrap_or(0)).collect()
}

/// The class of the largest score, the first of several.
pub(super) fn winner(scores: &[f64]) -> usize {
    let mut best = 0;
    for (class, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = class;
        }
    }
    best
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| real::exp(score - largest)).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// The nearest whole number; only small ones occur here.
#[allow(clippy::cast_possible_truncation, reason = "`as` saturates, and these are below 100")]
fn whole(x: f64) -> i32 {
    x.round_ties_even() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descends_to_what_separates_the_classes() {
        let inputs = [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.9, 0.2, 1.0], [0.1, 0.8, 1.0]];
        let classes = [0, 1, 1, 0];
        let samples: Vec<Sample<'_>> =
            inputs.iter().zip(classes).map(|(x, class)| (&x[..], class)).collect();
        let training = Training { epochs: 50, rate: 0.5, decay: 1e-4 };
        let linear = Linear::train(&samples, 2, &training, 3);
        for (inputs, class) in &samples {
            assert_eq!(winner(&linear.scores(inputs)), *class);
        }
        assert_eq!(linear, Linear::train(&samples, 2, &training, 3));
        let quantised = linear.quantised();
        assert_eq!(quantised.iter().flatten().map(|w| w.abs()).max(), Some(63));
        assert!(quantised[0][0] < 0 && quantised[1][0] > 0);
    }

    #[test]
    fn one_step_is_the_gradient() {
        // Both classes have probability 1/2 at weights of 0.
        let training = Training { epochs: 1, rate: 0.5, decay: 0.0 };
        let linear = Linear::train(&[(&[0.5, 1.0], 1)], 2, &training, 1);
        assert_eq!(linear.weights, [[-0.125, -0.25], [0.125, 0.25]]);
    }

    #[test]
    fn inputs_are_rounded_to_five_bits() {
        assert_eq!(codes(&[0.0, 0.5, 1.0, 2.0, -1.0]), [0, 16, 31, 31, 0]);
        assert_eq!(winner(&[1.0, 3.0, 3.0]), 1);
    }
}
