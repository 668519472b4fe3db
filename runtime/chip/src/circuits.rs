//! The neurons of a hemisphere, of whichever kind the configuration chooses.
//!
//! Plain neurons have a step in closed form; a step of the others costs some fifty times as much
//! (`cargo bench -p pl-chip -- events adex`).

use std::ops::Range;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::COLUMNS;
use crate::adex::Adex;
use crate::config::ChipConfig;
use crate::drivers::Drivers;
use crate::events::InputEvent;
use crate::lanes::Level;
use crate::neurons::{Fired, NeuronParameters, Neurons};
use crate::synapse_array::SynapseArray;

/// Neurons of one kind.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub(crate) enum Circuits {
    /// Leaky integrate-and-fire with current synapses.
    Plain(Box<Neurons>),
    /// With exponential term, adaptation and a choice of synapses.
    Adex(Box<Adex>),
}

/// The same call for both kinds.
macro_rules! either {
    ($circuits:expr, $neurons:ident => $call:expr) => {
        match $circuits {
            Circuits::Plain($neurons) => $call,
            Circuits::Adex($neurons) => $call,
        }
    };
}

impl Circuits {
    pub(crate) fn new(config: &ChipConfig, seed: u64, hemisphere: usize, level: Level) -> Circuits {
        if config.adex.enabled == 0.0 {
            let neurons = Neurons::new(config, seed, hemisphere, level);
            Circuits::Plain(Box::new(neurons))
        } else {
            Circuits::Adex(Box::new(Adex::new(config, seed, hemisphere, level)))
        }
    }

    /// AdEx neurons, if the neurons are of this kind.
    pub(crate) fn adex(&self) -> Option<&Adex> {
        match self {
            Circuits::Plain(_) => None,
            Circuits::Adex(adex) => Some(adex),
        }
    }

    /// AdEx neurons, if the neurons are of this kind.
    pub(crate) fn adex_mut(&mut self) -> Option<&mut Adex> {
        match self {
            Circuits::Plain(_) => None,
            Circuits::Adex(adex) => Some(adex),
        }
    }

    /// Ticks in a step.
    pub(crate) fn step_ticks(&self) -> u64 {
        either!(self, neurons => neurons.step_ticks())
    }

    pub(crate) fn parameters(&self, column: usize) -> NeuronParameters {
        either!(self, neurons => neurons.parameters(column))
    }

    pub(crate) fn configure(&mut self, column: usize, parameters: NeuronParameters) {
        either!(self, neurons => neurons.configure(column, parameters));
    }

    /// Only these columns compute and fire. Returns the columns computed for them.
    pub(crate) fn set_columns(&mut self, columns: Range<usize>) -> Range<usize> {
        either!(self, neurons => neurons.set_columns(columns))
    }

    /// Whether steps without events change nothing.
    #[inline]
    pub(crate) fn is_silent(&self) -> bool {
        either!(self, neurons => neurons.is_silent())
    }

    /// Computes `count` steps from tick `start` on, in which `events` arrive; appends the neurons
    /// that fired to `fired`, by time and column.
    #[inline]
    pub(crate) fn advance(
        &mut self,
        (synapses, drivers): (&SynapseArray, &mut Drivers),
        events: &[InputEvent],
        start: u64,
        count: u32,
        fired: &mut Vec<Fired>,
    ) {
        either!(self, neurons => neurons.advance((synapses, drivers), events, start, count, fired));
    }

    /// Sets what has decayed to nothing to zero, and finds out whether the hemisphere is silent.
    pub(crate) fn quieten(&mut self) {
        either!(self, neurons => neurons.quieten());
    }

    /// Membrane potentials at the end of the last step, LSB.
    pub(crate) fn membranes(&self) -> [f32; COLUMNS] {
        either!(self, neurons => neurons.membranes())
    }

    /// Sets the membrane of a neuron to its reset potential.
    pub(crate) fn reset_membrane(&mut self, column: usize) {
        either!(self, neurons => neurons.reset_membrane(column));
    }
}
