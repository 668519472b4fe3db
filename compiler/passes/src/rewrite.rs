//! Rewriting one instruction at a time, in an order in which definitions come before uses.

use crate::Changed;
use crate::dominators::Dominators;
use crate::replace::Replacements;
use pl_ir::{Function, Imm, Inst, InstData, Op, Type, Value, eval};

/// What takes the place of an instruction with a result.
pub(crate) enum Rewrite {
    /// A value that exists already.
    Value(Value),
    /// A constant of the result's type: a scalar, or a vector with one value in every lane.
    Constant(i32),
    /// Another instruction.
    Inst(Op, Imm, Vec<Value>),
}

/// What a rule sees, and the instructions it adds.
pub(crate) struct Site<'a> {
    func: &'a mut Function,
    /// By value: the instruction that defines it.
    definitions: Vec<Option<Inst>>,
    /// Instructions that go in front of the one being rewritten.
    added: Vec<Inst>,
}

/// Most rewrites of one instruction in one pass: rules lead to simpler instructions, this only
/// bounds the time if they do not.
const REWRITES_MAX: u32 = 8;

/// Lets `rule` rewrite every reachable instruction that has a result.
pub(crate) fn rewrite(
    func: &mut Function,
    mut rule: impl FnMut(&mut Site<'_>, &InstData, Value) -> Option<Rewrite>,
) -> Changed {
    let dominators = Dominators::new(func);
    let mut replacements = Replacements::new(func);
    let mut changed = false;
    let mut site = Site::new(func);
    for block in dominators.order() {
        let insts = core::mem::take(&mut site.func.blocks[block.index()].insts);
        let mut kept = Vec::with_capacity(insts.len());
        for inst in insts {
            let data = &mut site.func.insts[inst.index()];
            data.args.iter_mut().for_each(|v| *v = replacements.resolve(*v));
            let mut replaced = false;
            for _ in 0..REWRITES_MAX {
                let data = site.func.insts[inst.index()].clone();
                let Some(result) = data.result else { break };
                let Some(rewrite) = rule(&mut site, &data, result) else { break };
                changed = true;
                match rewrite {
                    Rewrite::Value(value) => {
                        replacements.replace(result, value);
                        replaced = true;
                        break;
                    }
                    Rewrite::Constant(value) => site.make_constant(inst, value),
                    Rewrite::Inst(op, imm, args) => site.change(inst, op, imm, args),
                }
            }
            kept.append(&mut site.added);
            if !replaced {
                kept.push(inst);
            }
        }
        site.func.blocks[block.index()].insts = kept;
    }
    replacements.apply(func);
    changed.into()
}

impl<'a> Site<'a> {
    fn new(func: &'a mut Function) -> Site<'a> {
        let mut definitions = vec![None; func.values.len()];
        for (index, inst) in func.insts.iter().enumerate() {
            if let Some(result) = inst.result {
                definitions[result.index()] = Some(Inst::new(index));
            }
        }
        Site { func, definitions, added: Vec::new() }
    }

    /// Type of a value.
    pub(crate) fn ty(&self, value: Value) -> Type {
        self.func.ty(value)
    }

    /// The instruction that defines a value, if it is no parameter.
    pub(crate) fn definition(&self, value: Value) -> Option<&InstData> {
        self.definitions[value.index()].map(|inst| self.func.inst(inst))
    }

    /// Operands of the definition of a value, if its op is this.
    pub(crate) fn operands(&self, value: Value, op: Op) -> Option<&[Value]> {
        self.definition(value).filter(|inst| inst.op == op).map(|inst| &*inst.args)
    }

    /// The number that a scalar, or every lane of a vector, always is.
    pub(crate) fn constant(&self, value: Value) -> Option<i32> {
        let inst = self.definition(value)?;
        match (inst.op, inst.imm) {
            (Op::Const, Imm::Int(x)) => Some(x),
            (Op::Splat, _) => {
                let scalar = self.constant(inst.args[0])?;
                Some(i32::from(eval::splat_lane(scalar, self.ty(value))))
            }
            _ => None,
        }
    }

    /// Smallest and largest number of a type; `None` for masks.
    pub(crate) fn limits(&self, value: Value) -> Option<(i32, i32)> {
        match self.ty(value) {
            Type::I32 => Some((i32::MIN, i32::MAX)),
            Type::Vector { elem, .. } => {
                let max = (1 << (elem.bits() - 1)) - 1;
                Some((-max - 1, max))
            }
            Type::Mask { .. } => None,
        }
    }

    /// Adds an instruction in front of the one being rewritten.
    pub(crate) fn add(&mut self, op: Op, imm: Imm, args: Vec<Value>, ty: Type) -> Value {
        let inst = self.func.new_inst(op, imm, args, Some(ty));
        self.added.push(inst);
        self.definitions.push(Some(inst));
        Value::new(self.func.values.len() - 1)
    }

    /// Adds a constant of a type: a scalar or a vector of one value.
    pub(crate) fn add_constant(&mut self, constant: i32, ty: Type) -> Value {
        let scalar = self.add(Op::Const, Imm::Int(constant), Vec::new(), Type::I32);
        match ty {
            Type::I32 => scalar,
            Type::Vector { .. } | Type::Mask { .. } => {
                self.add(Op::Splat, Imm::None, vec![scalar], ty)
            }
        }
    }

    fn make_constant(&mut self, inst: Inst, constant: i32) {
        let ty = self.func.inst(inst).result.map(|v| self.ty(v));
        if ty == Some(Type::I32) {
            self.change(inst, Op::Const, Imm::Int(constant), Vec::new());
        } else {
            let scalar = self.add(Op::Const, Imm::Int(constant), Vec::new(), Type::I32);
            self.change(inst, Op::Splat, Imm::None, vec![scalar]);
        }
    }

    fn change(&mut self, inst: Inst, op: Op, imm: Imm, args: Vec<Value>) {
        let data = &mut self.func.insts[inst.index()];
        (data.op, data.imm, data.args) = (op, imm, args);
    }
}
