//! Names shared by the compiler's executables and the runtime that drives them.
