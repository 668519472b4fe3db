//! Reading the answer off the spikes.

use super::bench::{HEMISPHERE, Stimulus};
use super::{Classification, whole_us};
use crate::estimate::Usage;
use crate::monitor::Monitor;
use borsh::{BorshDeserialize, BorshSerialize};
use pl_chip::Chip;
use pl_chip::time::ticks_from_us;

/// Poisson sources of the readout start here, those of training at 0.
const FIRST_SOURCE: u64 = 1 << 32;

/// How well the classes were told apart.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub(super) struct Evaluation {
    /// Fraction of samples answered right, responses divided by the class's mean.
    pub(super) accuracy: f64,
    /// The same with responses as they are.
    pub(super) accuracy_raw: f64,
    /// Rows: true class, columns: answer; number of samples.
    pub(super) confusion: Vec<Vec<u32>>,
    /// Mean spikes of a dendrite in a presentation.
    pub(super) spikes_per_dendrite: f64,
    /// What all presentations made the chip do.
    pub(super) usage: Usage,
}

impl Classification<'_> {
    /// Shows samples to a copy of the chip, so that its sensors and time stay as they are. Class `c`
    /// is read off the dendrites of class `c + shift`.
    ///
    /// Returns nothing if interrupted.
    pub(super) fn evaluate(
        &self,
        chip: &Chip,
        normalisation: &[usize],
        samples: &[usize],
        shift: usize,
        monitor: &dyn Monitor,
    ) -> Option<Evaluation> {
        let mut chip = chip.clone();
        // No rule learns from what is shown now.
        chip.set_ppu_control(HEMISPHERE.into(), 0);
        self.prepare(&mut chip);
        let before = Usage::of(&chip);
        let mut mean = vec![0.0; self.bench.classes];
        for index in normalisation {
            let response = self.response(&mut chip, *index, monitor)?;
            for (mean, response) in mean.iter_mut().zip(response) {
                *mean += response;
            }
        }
        let count = f64::from(u32::try_from(normalisation.len().max(1)).unwrap_or(u32::MAX));
        // A class that never answered is not made infinitely eager by its first spike.
        let mean: Vec<f64> = mean.iter().map(|sum| (sum / count).max(1.0)).collect();
        let mut confusion = vec![vec![0; self.bench.classes]; self.bench.classes];
        let (mut right, mut right_raw, mut spikes) = (0.0, 0.0, 0.0);
        for index in samples {
            let response = self.response(&mut chip, *index, monitor)?;
            let label = self.dataset.labels[*index];
            let normalised = response.iter().zip(&mean).map(|(response, mean)| response / mean);
            let answer = self.class_of(largest(normalised), shift);
            let answer_raw = self.class_of(largest(response.iter().copied()), shift);
            confusion[label][answer] += 1;
            right += f64::from(u8::from(answer == label));
            right_raw += f64::from(u8::from(answer_raw == label));
            spikes += response.iter().sum::<f64>();
        }
        let count = f64::from(u32::try_from(samples.len().max(1)).unwrap_or(u32::MAX));
        let columns = u32::try_from(self.bench.classes * self.bench.dendrites).unwrap_or(u32::MAX);
        Some(Evaluation {
            accuracy: right / count,
            accuracy_raw: right_raw / count,
            confusion,
            spikes_per_dendrite: spikes / count / f64::from(columns),
            usage: Usage::of(&chip).since(before),
        })
    }

    /// The group of dendrites that stands for a class.
    pub(super) fn group_of(&self, class: usize, shift: usize) -> usize {
        (class + shift) % self.bench.classes
    }

    /// The class that a group of dendrites stands for.
    pub(super) fn class_of(&self, group: usize, shift: usize) -> usize {
        (group + self.bench.classes - shift) % self.bench.classes
    }

    fn prepare(&self, chip: &mut Chip) {
        let hemisphere = usize::from(HEMISPHERE);
        let (test, neurons) = (&self.config.test, &self.experiment.chip.neuron);
        let shift_lsb = neurons.leak_lsb + neurons.offset_lsb + test.threshold_above_rest_lsb
            - neurons.threshold_lsb;
        for column in 0..self.bench.classes * self.bench.dendrites {
            let mut neuron = chip.neuron(hemisphere, column);
            // The mismatch of each neuron's levels stays: all are shifted alike.
            neuron.threshold_lsb += shift_lsb;
            neuron.tau_mem_us = test.tau_mem_us;
            neuron.strength_exc *= test.synaptic_gain;
            chip.set_neuron(hemisphere, column, neuron);
        }
        chip.take_spikes();
        chip.set_spike_recording(hemisphere, true);
    }

    /// Spikes of each class's dendrites while a sample is shown; nothing if interrupted.
    fn response(&self, chip: &mut Chip, index: usize, monitor: &dyn Monitor) -> Option<Vec<f64>> {
        if monitor.interrupted() {
            return None;
        }
        let test = &self.config.test;
        let stimulus = Stimulus {
            on_rate_bio_hz: test.on_rate_bio_hz,
            off_rate_bio_hz: test.off_rate_bio_hz,
            duration: ticks_from_us(test.presentation_us),
            first_source: FIRST_SOURCE,
            spacing: test.spacing,
        };
        let mut events = Vec::new();
        let start = chip.now();
        self.bench.inputs(&self.codes[index], &stimulus, chip.seed(), start, &mut events);
        events.sort_unstable();
        chip.run_until(start + stimulus.duration, &events);
        let mut response = vec![0.0; self.bench.classes];
        for spike in chip.take_spikes() {
            if let Some(count) = response.get_mut(self.bench.group_of(spike.column.into())) {
                *count += 1.0;
            }
        }
        monitor.advance(whole_us(self.config.test.presentation_us));
        Some(response)
    }
}

/// Position of the largest value, the first of equals.
fn largest(values: impl Iterator<Item = f64>) -> usize {
    let first = (0, f64::NEG_INFINITY);
    let larger = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
    values.enumerate().fold(first, larger).0
}
