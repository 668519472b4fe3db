//! Command line of the plasticity-rule compiler.
