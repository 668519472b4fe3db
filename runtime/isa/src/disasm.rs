//! From instructions to assembly text.

use core::fmt::Write as _;

use crate::alias::ALIASES;
use crate::branch;
use crate::decode::decode;
use crate::field::{Field, FieldKind};
use crate::instruction::Instruction;
use crate::opcode::{Flag, Opcode};
use crate::reg::{CrBit, Crf, Gpr};

/// The assembly text of a word at an address; `.long` where it is no instruction of the core, or
/// sets bits that the core ignores and no text stands for.
#[must_use]
pub fn disassemble(word: u32, address: u32) -> String {
    match decode(word) {
        Some(instruction) if word & instruction.opcode.info().ignored == 0 => {
            text(&instruction, address)
        }
        Some(_) | None => format!(".long 0x{word:x}"),
    }
}

/// The assembly text of an instruction at an address: its simplified mnemonic if there is one.
#[must_use]
pub fn text(instruction: &Instruction, address: u32) -> String {
    if let Some(mut text) = branch::print(instruction) {
        if instruction.opcode == Opcode::Bc {
            text.push(if text.contains(' ') { ',' } else { ' ' });
            push_value(&mut text, FieldKind::Target, instruction.operands[2], instruction, address);
        }
        return text;
    }
    for alias in ALIASES {
        if let Some(args) = alias.matches(instruction) {
            let name = instruction.mnemonic_as(alias.mnemonic);
            let fields = alias.operands.iter().copied();
            return written(name, fields.zip(args), instruction, address);
        }
    }
    let operands = instruction.operands().map(|(spec, value)| (spec.field, value));
    written(instruction.mnemonic(), operands, instruction, address)
}

/// A mnemonic with operands, each in the notation of its field.
fn written(
    mut text: String,
    operands: impl Iterator<Item = (Field, i32)>,
    instruction: &Instruction,
    address: u32,
) -> String {
    let mut separator = ' ';
    let mut in_parentheses = false;
    for (field, value) in operands {
        let spec = field.spec();
        if spec.optional && value == 0 {
            continue;
        }
        text.push(if in_parentheses { '(' } else { separator });
        separator = ',';
        push_value(&mut text, spec.kind, value, instruction, address);
        if in_parentheses {
            text.push(')');
        }
        in_parentheses = spec.kind == FieldKind::Displacement;
    }
    text
}

fn push_value(text: &mut String, kind: FieldKind, value: i32, insn: &Instruction, address: u32) {
    let small = u8::try_from(value).unwrap_or_default();
    let result = match kind {
        FieldKind::GprOrZero if value == 0 => write!(text, "0"),
        FieldKind::Gpr | FieldKind::GprOrZero => write!(text, "{}", Gpr(small)),
        FieldKind::Crf => write!(text, "{}", Crf(small)),
        FieldKind::CrBit => write!(text, "{}", CrBit(small)),
        FieldKind::Target => {
            let base = if insn.flags.has(Flag::Aa) { 0 } else { address };
            write!(text, "0x{:x}", base.wrapping_add_signed(value))
        }
        FieldKind::Vr
        | FieldKind::Number
        | FieldKind::SignedShifted
        | FieldKind::Displacement
        | FieldKind::Spr => write!(text, "{value}"),
    };
    debug_assert!(result.is_ok(), "writing to a string cannot fail");
}
