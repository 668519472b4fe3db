//! Rules as files for programs in other languages, and what those compute.

#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the test")]
#![allow(clippy::print_stderr, reason = "says why a test was skipped")]

mod arrays;
mod kernels;
mod objects;
