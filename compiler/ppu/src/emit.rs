//! From allocated code to lines of a program, and from lines to words.

use crate::frame::Frame;
use crate::memory::Sym;
use crate::vcode::{BlockId, Code, Exit, Inst, Operand, R1, SCRATCH, Test};
use pl_isa::{EncodeError, Field, Instruction, Opcode, Spr, encode};
use std::collections::BTreeMap;

/// A line of a program.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    /// A function begins: its label is exported with its size.
    Function(String),
    /// A label.
    Label(String),
    /// An instruction over physical registers.
    Inst(Inst),
}

/// Label of a block.
fn label(code: &Code, block: BlockId) -> String {
    format!("{}_b{}", code.name, block.index())
}

/// Operands of a conditional branch: what to test, and the bit of condition field 0.
pub(crate) const fn test_bits(test: Test) -> (i32, i32) {
    const TRUE: i32 = 12;
    const FALSE: i32 = 4;
    match test {
        Test::Lt => (TRUE, 0),
        Test::Ge => (FALSE, 0),
        Test::Gt => (TRUE, 1),
        Test::Le => (FALSE, 1),
        Test::Eq => (TRUE, 2),
        Test::Ne => (FALSE, 2),
    }
}

/// A conditional branch.
pub(crate) fn branch(test: Test, target: String) -> Inst {
    let (how, bit) = test_bits(test);
    Inst::new(Opcode::Bc, vec![how.into(), bit.into(), Operand::Label(target)])
}

/// An unconditional branch.
pub(crate) fn jump(target: String) -> Inst {
    Inst::new(Opcode::B, vec![Operand::Label(target)])
}

/// Return to the caller: branch always to the link register.
pub(crate) fn ret() -> Inst {
    Inst::new(Opcode::Bclr, vec![Operand::Imm(20), Operand::Imm(0), Operand::Imm(0)])
}

/// Copy of the link register.
pub(crate) fn from_link(to: crate::vcode::Reg) -> Inst {
    Inst::new(Opcode::Mfspr, vec![to.into(), Operand::Imm(i32::from(Spr::LR.0))])
}

/// Sets the link register.
pub(crate) fn to_link(from: crate::vcode::Reg) -> Inst {
    Inst::new(Opcode::Mtspr, vec![Operand::Imm(i32::from(Spr::LR.0)), from.into()])
}

/// The lines of a function whose registers are allocated; the stack is empty when it is called.
pub(crate) fn function(code: &Code, frame: &Frame, stack_top: u32) -> Vec<Line> {
    let mut lines = vec![Line::Function(code.name.clone())];
    let bytes = i32::try_from(frame.bytes(stack_top)).expect("memory is small");
    if bytes != 0 {
        let operands = vec![R1.into(), R1.into(), Operand::Imm(-bytes)];
        lines.push(Line::Inst(Inst::new(Opcode::Addi, operands)));
    }
    if let Some(offset) = frame.link_offset() {
        lines.push(Line::Inst(from_link(SCRATCH)));
        lines.push(link_slot(Opcode::Stw, offset));
    }
    for (index, id) in code.order.iter().enumerate() {
        let block = code.block(*id);
        lines.push(Line::Label(label(code, *id)));
        let mut comment = Some(format!("{}, depth {}", block.comment, block.depth));
        for inst in &block.insts {
            let mut inst = resolved(inst, frame);
            inst.comment = inst.comment.or_else(|| comment.take());
            lines.push(Line::Inst(inst));
        }
        let next = code.order.get(index + 1).copied();
        match block.exit {
            Exit::Jump(target) => go(&mut lines, code, target, next),
            Exit::Branch(test, then, other) if next == Some(then) => {
                lines.push(Line::Inst(branch(test.negated(), label(code, other))));
            }
            Exit::Branch(test, then, other) => {
                lines.push(Line::Inst(branch(test, label(code, then))));
                go(&mut lines, code, other, next);
            }
            Exit::Return => lines.extend(epilogue(frame, bytes)),
        }
    }
    lines
}

fn go(lines: &mut Vec<Line>, code: &Code, target: BlockId, next: Option<BlockId>) {
    if next != Some(target) {
        lines.push(Line::Inst(jump(label(code, target))));
    }
}

fn link_slot(opcode: Opcode, offset: i32) -> Line {
    Line::Inst(Inst::new(opcode, vec![SCRATCH.into(), offset.into(), R1.into()]))
}

fn epilogue(frame: &Frame, bytes: i32) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(offset) = frame.link_offset() {
        lines.push(link_slot(Opcode::Lwz, offset));
        lines.push(Line::Inst(to_link(SCRATCH)));
    }
    if bytes != 0 {
        let operands = vec![R1.into(), R1.into(), Operand::Imm(bytes)];
        lines.push(Line::Inst(Inst::new(Opcode::Addi, operands)));
    }
    lines.push(Line::Inst(ret()));
    lines
}

/// The instruction with slots as numbers.
fn resolved(inst: &Inst, frame: &Frame) -> Inst {
    let mut inst = inst.clone();
    for operand in &mut inst.operands {
        if let Operand::Slot(reg) = *operand {
            let offset = frame.offset(reg).expect("a spilled register has a slot");
            *operand = Operand::Imm(offset);
            inst.comment = Some(format!("slot of {reg:?}"));
        }
    }
    inst
}

/// Where labels and data lie.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses {
    /// Address of each label.
    pub(crate) labels: BTreeMap<String, u32>,
    /// Address of each datum of the table.
    pub(crate) data: Vec<u32>,
}

/// Bytes of the code.
pub(crate) fn code_bytes(lines: &[Line]) -> u32 {
    let count = lines.iter().filter(|line| matches!(line, Line::Inst(_))).count();
    4 * u32::try_from(count).unwrap_or(u32::MAX / 4)
}

/// Addresses of the labels of code that starts at 0.
pub(crate) fn place_labels(lines: &[Line]) -> BTreeMap<String, u32> {
    let mut labels = BTreeMap::new();
    let mut address = 0;
    for line in lines {
        match line {
            Line::Function(name) | Line::Label(name) => {
                labels.insert(name.clone(), address);
            }
            Line::Inst(_) => address += 4,
        }
    }
    labels
}

impl Addresses {
    /// Address of a datum.
    pub(crate) fn datum(&self, sym: Sym) -> u32 {
        self.data[sym.index()]
    }

    fn value(&self, operand: &Operand, address: u32) -> i32 {
        match operand {
            Operand::Reg(reg) => {
                let number = reg.number().expect("registers are allocated");
                i32::try_from(number).expect("below 32")
            }
            Operand::Imm(value) => *value,
            Operand::Addr(sym, offset) => self.datum(*sym).cast_signed() + offset,
            Operand::Slot(reg) => unreachable!("slot of {reg:?} in no frame"),
            Operand::Label(label) => {
                let target = *self.labels.get(label).expect("labels of the program are placed");
                target.wrapping_sub(address).cast_signed()
            }
        }
    }

    /// The machine instruction at an address.
    pub(crate) fn instruction(&self, inst: &Inst, address: u32) -> Instruction {
        // A call lists the registers that it reads behind its target.
        let count = if inst.is_call() { 1 } else { inst.operands.len() };
        let mut values: Vec<i32> =
            inst.operands[..count].iter().map(|o| self.value(o, address)).collect();
        let operands = inst.opcode.info().operands;
        if operands.last().is_some_and(|operand| operand.field == Field::Cond) {
            values.push(inst.cond as i32);
        }
        Instruction { flags: inst.flags, ..Instruction::new(inst.opcode, &values) }
    }

    /// The words of the code.
    pub(crate) fn encode(&self, lines: &[Line]) -> Result<Vec<u32>, EncodeError> {
        let mut words = Vec::new();
        let mut address = 0;
        for line in lines {
            if let Line::Inst(inst) = line {
                words.push(encode(&self.instruction(inst, address))?);
                address += 4;
            }
        }
        Ok(words)
    }
}
