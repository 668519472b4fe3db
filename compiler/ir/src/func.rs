//! Functions: blocks with parameters, instructions, and the builder that makes them.

use crate::op::Sig;
use crate::{Block, Imm, Inst, Op, Type, Value};

/// A jump target with the arguments for its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockCall {
    /// Target.
    pub block: Block,
    /// One value a parameter.
    pub args: Vec<Value>,
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terminator {
    /// Goes on in another block.
    Jump(BlockCall),
    /// Goes on in the first block if the scalar is not 0, else in the second.
    Branch(Value, BlockCall, BlockCall),
    /// Ends the function.
    Return,
}

impl Terminator {
    /// The targets, in order.
    pub fn calls(&self) -> impl Iterator<Item = &BlockCall> {
        let (first, second) = match self {
            Terminator::Jump(call) => (Some(call), None),
            Terminator::Branch(_, then, other) => (Some(then), Some(other)),
            Terminator::Return => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// The targets, in order, to change.
    pub fn calls_mut(&mut self) -> impl Iterator<Item = &mut BlockCall> {
        let (first, second) = match self {
            Terminator::Jump(call) => (Some(call), None),
            Terminator::Branch(_, then, other) => (Some(then), Some(other)),
            Terminator::Return => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// Calls `f` on every value used, the condition first.
    pub fn for_each_value(&self, mut f: impl FnMut(Value)) {
        if let Terminator::Branch(cond, ..) = self {
            f(*cond);
        }
        self.calls().flat_map(|call| &call.args).for_each(|v| f(*v));
    }

    /// Replaces every value used.
    pub fn map_values(&mut self, mut f: impl FnMut(Value) -> Value) {
        if let Terminator::Branch(cond, ..) = self {
            *cond = f(*cond);
        }
        self.calls_mut().flat_map(|call| &mut call.args).for_each(|v| *v = f(*v));
    }
}

/// An instruction: op, immediate, operands and the value it defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstData {
    /// What it does.
    pub op: Op,
    /// Immediate, of the kind the op's row names.
    pub imm: Imm,
    /// Operands.
    pub args: Vec<Value>,
    /// Result, if the op has one.
    pub result: Option<Value>,
}

impl InstData {
    /// The position of the row that it reads, writes, asks about or records, if it names one.
    #[must_use]
    pub fn row(&self) -> Option<Value> {
        match self.op.sig() {
            Sig::ScalarUnary | Sig::ReadChip | Sig::Load => self.args.first().copied(),
            Sig::WriteChip | Sig::Store | Sig::RecordPut => {
                self.args.split_last().and_then(|(_, row)| row.first().copied())
            }
            Sig::Scalar
            | Sig::ScalarBinary
            | Sig::Binary
            | Sig::LaneBinary
            | Sig::Unary
            | Sig::Compare
            | Sig::Select
            | Sig::MaskBinary
            | Sig::MaskUnary
            | Sig::Splat
            | Sig::Widen
            | Sig::Narrow
            | Sig::Reduce
            | Sig::Lanes
            | Sig::Event
            | Sig::LoadElement
            | Sig::StoreElement => None,
        }
    }
}

/// A block: parameters, instructions in order, terminator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockData {
    /// Values defined on entry.
    pub params: Vec<Value>,
    /// Instructions in order.
    pub insts: Vec<Inst>,
    /// How it ends.
    pub terminator: Terminator,
}

/// A function without parameters or results: it acts on the instance and the chip.
///
/// Block 0 is the entry. An instruction belongs to the block that lists it; instructions that no
/// block lists are dead and not printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Name.
    pub name: String,
    /// Type of each value.
    pub values: Vec<Type>,
    /// Instructions.
    pub insts: Vec<InstData>,
    /// Blocks.
    pub blocks: Vec<BlockData>,
}

impl Function {
    /// An empty function whose entry returns.
    #[must_use]
    pub fn new(name: &str) -> Function {
        let entry =
            BlockData { params: Vec::new(), insts: Vec::new(), terminator: Terminator::Return };
        Function { name: name.into(), values: Vec::new(), insts: Vec::new(), blocks: vec![entry] }
    }

    /// Type of a value.
    #[must_use]
    pub fn ty(&self, value: Value) -> Type {
        self.values[value.index()]
    }

    /// An instruction.
    #[must_use]
    pub fn inst(&self, inst: Inst) -> &InstData {
        &self.insts[inst.index()]
    }

    /// A block.
    #[must_use]
    pub fn block(&self, block: Block) -> &BlockData {
        &self.blocks[block.index()]
    }

    /// All blocks in order.
    pub fn block_ids(&self) -> impl Iterator<Item = Block> + use<> {
        (0..self.blocks.len()).map(Block::new)
    }

    /// Defines a new value.
    pub fn new_value(&mut self, ty: Type) -> Value {
        self.values.push(ty);
        Value::new(self.values.len() - 1)
    }

    /// Makes an instruction that no block lists yet; `ty` is the type of its result, if any.
    pub fn new_inst(&mut self, op: Op, imm: Imm, args: Vec<Value>, ty: Option<Type>) -> Inst {
        let result = ty.map(|ty| self.new_value(ty));
        self.insts.push(InstData { op, imm, args, result });
        Inst::new(self.insts.len() - 1)
    }

    /// The same function with instructions and values numbered in the order they are printed,
    /// without those that no block lists. Two functions that print alike then are equal.
    #[must_use]
    pub fn renumbered(&self) -> Function {
        let mut renumbering = Renumbering {
            old: self,
            numbers: vec![None; self.values.len()],
            values: Vec::new(),
            insts: Vec::new(),
        };
        // Definitions first, so that uses in earlier blocks find their numbers.
        for block in &self.blocks {
            let results = block.insts.iter().filter_map(|inst| self.inst(*inst).result);
            block.params.iter().copied().chain(results).for_each(|v| {
                renumbering.value(v);
            });
        }
        let blocks = self.blocks.iter().map(|block| renumbering.block(block)).collect();
        let Renumbering { values, insts, .. } = renumbering;
        Function { name: self.name.clone(), values, insts, blocks }
    }
}

/// State of [`Function::renumbered`].
struct Renumbering<'a> {
    old: &'a Function,
    numbers: Vec<Option<Value>>,
    values: Vec<Type>,
    insts: Vec<InstData>,
}

impl Renumbering<'_> {
    fn value(&mut self, value: Value) -> Value {
        *self.numbers[value.index()].get_or_insert_with(|| {
            self.values.push(self.old.values[value.index()]);
            Value::new(self.values.len() - 1)
        })
    }

    fn block(&mut self, block: &BlockData) -> BlockData {
        let params = block.params.iter().map(|v| self.value(*v)).collect();
        let mut insts = Vec::with_capacity(block.insts.len());
        for inst in &block.insts {
            let InstData { op, imm, args, result } = self.old.inst(*inst);
            let args = args.iter().map(|v| self.value(*v)).collect();
            let result = result.map(|v| self.value(v));
            self.insts.push(InstData { op: *op, imm: *imm, args, result });
            insts.push(Inst::new(self.insts.len() - 1));
        }
        let mut terminator = block.terminator.clone();
        terminator.map_values(|v| self.value(v));
        BlockData { params, insts, terminator }
    }
}

/// Builds a function block by block.
#[derive(Debug)]
pub struct FunctionBuilder {
    func: Function,
    current: Block,
}

impl FunctionBuilder {
    /// Starts in the entry block of a new function.
    #[must_use]
    pub fn new(name: &str) -> FunctionBuilder {
        FunctionBuilder { func: Function::new(name), current: Block(0) }
    }

    /// The function so far.
    #[must_use]
    pub fn func(&self) -> &Function {
        &self.func
    }

    /// The finished function.
    #[must_use]
    pub fn finish(self) -> Function {
        self.func
    }

    /// A new block with parameters of these types; does not switch to it.
    pub fn block(&mut self, params: &[Type]) -> (Block, Vec<Value>) {
        let params: Vec<Value> = params.iter().map(|ty| self.func.new_value(*ty)).collect();
        let data =
            BlockData { params: params.clone(), insts: Vec::new(), terminator: Terminator::Return };
        self.func.blocks.push(data);
        (Block::new(self.func.blocks.len() - 1), params)
    }

    /// Goes on in `block`.
    pub fn switch_to(&mut self, block: Block) {
        self.current = block;
    }

    /// The block being filled.
    #[must_use]
    pub fn current(&self) -> Block {
        self.current
    }

    /// Ends the current block.
    pub fn terminate(&mut self, terminator: Terminator) {
        self.func.blocks[self.current.index()].terminator = terminator;
    }

    /// Ends the current block with a jump.
    pub fn jump(&mut self, block: Block, args: Vec<Value>) {
        self.terminate(Terminator::Jump(BlockCall { block, args }));
    }

    /// Appends an instruction with a result.
    pub fn value(&mut self, op: Op, imm: Imm, args: &[Value], ty: Type) -> Value {
        let inst = self.func.new_inst(op, imm, args.to_vec(), Some(ty));
        let result = Value::new(self.func.values.len() - 1);
        self.func.blocks[self.current.index()].insts.push(inst);
        result
    }

    /// Appends an instruction without a result.
    pub fn effect(&mut self, op: Op, imm: Imm, args: &[Value]) {
        let inst = self.func.new_inst(op, imm, args.to_vec(), None);
        self.func.blocks[self.current.index()].insts.push(inst);
    }

    /// An op without immediate whose result has the type of its last operand.
    pub fn op(&mut self, op: Op, args: &[Value]) -> Value {
        let ty = args.last().map_or(Type::ROW16, |v| self.func.ty(*v));
        self.value(op, Imm::None, args, ty)
    }

    /// An integer constant.
    pub fn iconst(&mut self, value: i32) -> Value {
        self.value(Op::Const, Imm::Int(value), &[], Type::I32)
    }

    /// A vector with `value` in every lane.
    pub fn splat_const(&mut self, value: i32, ty: Type) -> Value {
        let scalar = self.iconst(value);
        self.value(Op::Splat, Imm::None, &[scalar], ty)
    }

    /// A comparison.
    pub fn compare(&mut self, cond: crate::op::Cond, a: Value, b: Value) -> Value {
        let ty = self.func.ty(a).comparison();
        self.value(Op::Compare, Imm::Cond(cond), &[a, b], ty)
    }

    /// A shift of lanes or a scalar; 0 places give the operand itself, as many as it has bits or more
    /// the sign for [`Op::ShrFloor`] and 0 for others.
    pub fn shift(&mut self, op: Op, value: Value, places: u32) -> Value {
        let ty = self.func.ty(value);
        let most = if ty == Type::I32 { 31 } else { 15 };
        match u8::try_from(places).unwrap_or(u8::MAX) {
            0 => value,
            places if places <= most => self.value(op, Imm::Shift(places), &[value], ty),
            _ if op == Op::ShrFloor => self.value(op, Imm::Shift(most), &[value], ty),
            _ if ty == Type::I32 => self.iconst(0),
            _ => self.splat_const(0, ty),
        }
    }
}
