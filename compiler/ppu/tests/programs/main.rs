//! Compiled programs on the simulated core, beside a chip that stands still.
//!
//! ```text
//!   bus.rs        what the core is connected to
//!   machine.rs    the host: pokes a state, gives commands, reads the state back
//!   random.rs     random modules leave the same bits as in the evaluator
//!   commands.rs   runs on the time base, stop, exceptions
//! ```

mod bus;
mod commands;
mod machine;
mod random;
