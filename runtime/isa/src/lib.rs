//! Instruction table, encoder, decoder, assembler, disassembler and executables of the PPU.
//!
//! ```text
//!   insns.rs        THE instruction table; field.rs its operand fields, reg.rs registers
//!     -> opcode.rs        Opcode and the rows as values
//!     -> instruction.rs   Instruction and a typed constructor for every row
//!     -> encode.rs, decode.rs, disasm.rs, asm/
//!   alias.rs        simplified mnemonics; branch.rs those of conditional branches
//!     -> the simulator's dispatch (pl-iss)
//!   latency.rs      what the chip takes to answer; timing.rs what instructions cost: cycles, for
//!                   the compiler and the simulator
//!   pitfall.rs      what the hardware does differently, for warnings
//!   elf/            executables; image.rs the names compiler and runtime share
//! ```
//!
//! Invariants: nothing outside the table knows an opcode number; decoding an encoded instruction
//! gives it back; no function panics on any word, text or file.

pub mod alias;
pub mod asm;
pub mod branch;
pub mod decode;
pub mod disasm;
pub mod elf;
pub mod encode;
pub mod field;
pub mod image;
mod insns;
pub mod instruction;
pub mod latency;
pub mod opcode;
pub mod pitfall;
pub mod reg;
pub mod timing;

#[cfg(test)]
mod table_tests;

pub use asm::{AsmError, Program, assemble};
pub use decode::decode;
pub use disasm::disassemble;
pub use encode::{EncodeError, encode};
pub use field::{Field, FieldKind};
pub use instruction::{Instruction, build};
pub use opcode::{Extension, Flag, Flags, Form, INSNS, InsnInfo, Opcode, Resource, Role};
pub use pitfall::Pitfall;
pub use reg::{Cond, CrBit, CrFlag, Crf, Gpr, Spr, Vr};
pub use timing::{Executed, Timing, TimingParameters};
