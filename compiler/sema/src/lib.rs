//! Names, types, intervals and formats; lowering to IR.
