//! Native code leaves what the evaluator leaves, bit for bit.

mod engines;
mod errors;
mod ops;
mod random;
mod rows;
