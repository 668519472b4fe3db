//! Standard output. Readers may leave early, as `head` does: then the program ends, quietly.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// Prints to standard output.
macro_rules! out {
    ($($arg:tt)*) => { $crate::console::print(format_args!($($arg)*)) };
}

/// Prints a line to standard output.
macro_rules! outln {
    ($($arg:tt)*) => { $crate::console::print(format_args!("{}\n", format_args!($($arg)*))) };
}

/// Code of a program whose standard output cannot be written to, as of all I/O that fails.
const FAILED: i32 = 2;

/// Prints, or ends the program: silently if nobody reads any more.
pub(crate) fn print(text: Arguments<'_>) {
    if let Err(error) = std::io::stdout().lock().write_fmt(text) {
        if error.kind() != ErrorKind::BrokenPipe {
            eprintln!("cannot write to standard output: {error}");
        }
        std::process::exit(FAILED);
    }
}
