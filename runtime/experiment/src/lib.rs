//! Experiments: chips, stimuli, tasks, recordings and results.
