//! The example of a rule in a Rust program runs.

#[path = "../../../examples/embed/main.rs"]
mod example;

#[test]
fn the_example_runs() {
    example::main().unwrap();
}
