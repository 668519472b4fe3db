//! Where instructions go, and the registers and constants that values are.

use super::{Lowering, Width, index};
use crate::vcode::{Class, Inst, Operand, Recipe, Reg};
use pl_ir::{Imm, InstData, Op, Value};
use pl_isa::{Cond, Opcode};

impl Lowering<'_> {
    pub(super) fn next_stretch(&mut self) {
        self.stretch += 1;
    }

    pub(super) fn emit(&mut self, opcode: Opcode, operands: Vec<Operand>) {
        self.push(Inst::new(opcode, operands));
    }

    pub(super) fn emit_if(&mut self, opcode: Opcode, operands: Vec<Operand>, cond: Cond) {
        self.push(Inst { cond, ..Inst::new(opcode, operands) });
    }

    pub(super) fn push(&mut self, mut inst: Inst) {
        inst.stretch = self.stretch;
        self.code.blocks[self.current.index()].insts.push(inst);
    }

    /// A constant, or something else that can be made anew.
    pub(super) fn constant(&mut self, recipe: Recipe) -> Reg {
        if let Some(reg) = self.pool.get(&recipe) {
            return *reg;
        }
        let reg = self.code.new_reg(recipe.class());
        self.code.set_recipe(reg, Some(recipe));
        self.pool.insert(recipe, reg);
        if let Some(scalar) = recipe.scalar() {
            let source = self.constant(scalar);
            self.code.set_source(reg, source);
        }
        reg
    }

    /// A vector with `value` in every halfword.
    pub(super) fn halfwords(&mut self, value: i16) -> Reg {
        self.constant(Recipe::Splat(value))
    }

    /// A vector with `value` in every lane of a width.
    pub(super) fn constant_lanes(&mut self, width: Width, value: i16) -> Reg {
        let [low, high] = value.to_le_bytes();
        self.halfwords(i16::from_le_bytes([low, width.pick([high, low])]))
    }

    /// The constant that a scalar is, if it is one.
    pub(super) fn known(&self, value: Value) -> Option<i32> {
        match self.defs[value.index()] {
            Some(InstData { op: Op::Const, imm: Imm::Int(x), .. }) => Some(*x),
            _ => None,
        }
    }

    /// The constant that every lane of a vector is, if it is one.
    pub(super) fn known_lanes(&self, value: Value) -> Option<i16> {
        match self.defs[value.index()] {
            Some(InstData { op: Op::Splat, args, .. }) => {
                self.known(args[0]).map(|x| pl_ir::eval::splat_lane(x, self.func.ty(value)))
            }
            _ => None,
        }
    }

    /// The register of a scalar.
    pub(super) fn scalar(&mut self, value: Value) -> Reg {
        match self.defs[value.index()] {
            Some(InstData { op: Op::Const, imm: Imm::Int(x), .. }) => {
                self.constant(Recipe::Scalar(*x))
            }
            Some(InstData { op: Op::Derived, imm: Imm::Derived(id), .. }) => {
                self.constant(Recipe::Word(self.memory.derived, 4 * index(id.index())))
            }
            _ => self.register(value, 0),
        }
    }

    /// The register of a part of a vector.
    pub(super) fn part(&mut self, value: Value, part: usize) -> Reg {
        let width = self.widths[value.index()];
        if let Some(lane) = self.known_lanes(value) {
            return self.constant_lanes(width, lane);
        }
        if let Some(InstData { op: Op::Splat, args, .. }) = self.defs[value.index()]
            && width == Width::Half
            && let Some(InstData { op: Op::Derived, imm: Imm::Derived(id), .. }) =
                self.defs[args[0].index()]
        {
            return self.constant(Recipe::SplatWord(self.memory.derived, 4 * index(id.index())));
        }
        self.register(value, part)
    }

    pub(super) fn register(&self, value: Value, part: usize) -> Reg {
        self.registers[value.index()][part].expect("allotted: no mask has registers")
    }

    /// Register of the result for a part (scalars: part 0).
    pub(super) fn result(&self, inst: &InstData, part: usize) -> Reg {
        self.register(inst.result.expect("verified: the op has a result"), part)
    }

    pub(super) fn new_vector(&mut self) -> Reg {
        self.code.new_reg(Class::Vector)
    }

    pub(super) fn new_scalar(&mut self) -> Reg {
        self.code.new_reg(Class::Scalar)
    }

    pub(super) fn load_vector(&mut self, to: Reg, address: Operand) {
        let at = self.new_scalar();
        self.emit(Opcode::Addi, vec![at.into(), Operand::Imm(0), address]);
        self.emit(Opcode::Fxvlax, vec![to.into(), Operand::Imm(0), at.into()]);
    }

    pub(super) fn store_vector(&mut self, from: Reg, address: Operand) {
        let at = self.new_scalar();
        self.emit(Opcode::Addi, vec![at.into(), Operand::Imm(0), address]);
        self.emit(Opcode::Fxvstax, vec![from.into(), Operand::Imm(0), at.into()]);
    }

    pub(super) fn save_generators(&mut self) {
        if let (Some(registers), Some(memory)) = (self.generators, self.memory.generators) {
            for (part, generator) in registers.iter().enumerate() {
                let offset = 128 * index(part);
                self.store_vector(generator.x, Operand::Addr(memory.x, offset));
                self.store_vector(generator.carry, Operand::Addr(memory.carry, offset));
            }
        }
    }
}
