//! The vector IR: ops, text form, verifier and reference evaluator.
