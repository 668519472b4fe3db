//! `plc`: see the library of this crate.

fn main() -> std::process::ExitCode {
    plc::main()
}
