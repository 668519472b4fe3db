//! Cost of the event path.
fn main() {}
