//! Native code for the IR through Cranelift.
