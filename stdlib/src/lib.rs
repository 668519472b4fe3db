//! The standard library of plasticity rules.
