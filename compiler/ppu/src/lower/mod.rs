//! Instruction selection: IR to machine code over virtual registers.
//!
//! A block is lowered in segments, each up to a reduction, and a segment in phases. Within one,
//! scalars never depend on vectors, and a lane never on another lane, so the order of effects is
//! kept if it is kept within each phase:
//!
//! ```text
//!   1. scalars, in order; also addresses that depend on scalar state
//!   2. uniform vectors: equal in every lane, so one register instead of four
//!   3. for each half row: sensors first, then every instruction for the left and the right part
//!   4. what the scalar core does for vectors: reductions, resets of rate counters
//! ```
//!
//! A row of halfwords is four registers, the parts of [`pl_isa::image::Place`]; a row of bytes is
//! two, one for both parts of a half row, and its instructions are lowered with the left part.
//! Masks are never stored: a mask is a vector and a test of it against zero, which the condition
//! register repeats where it is used; its lanes are as wide as those compared.

mod ahead;
mod chip;
mod emit;
mod fold;
mod lane;
mod parallel;
mod record;
mod rounds;
mod scalar;
mod uniform;

use ahead::Ahead;
pub(crate) use chip::{EXTERNAL_DATA, plane};
use fold::Folds;

use crate::memory::Memory;
use crate::runtime;
use crate::vcode::{BlockId, Class, Code, Exit, Operand, Recipe, Reg, Test, splat};
use pl_ir::op::Sig;
use pl_ir::{Elem, Function, InstData, Module, Op, Terminator, Type, Value};
use pl_isa::{Cond, Opcode};
use std::collections::BTreeMap;

/// Parts of a row of halfwords.
const PARTS: usize = 4;

/// Where an instruction is lowered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The scalar core.
    Scalar,
    /// A part of the row; part 0 stands for all if the value is uniform.
    Part(usize),
}

/// Width of the lanes of a vector instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    Half,
    Byte,
}

/// An instruction for halfwords, and the same for bytes.
type Forms = [Opcode; 2];

impl Width {
    /// Of the lanes of a type; masks are wherever they come from.
    const fn of(ty: Type) -> Width {
        match ty {
            Type::Vector { elem: Elem::I8, .. } => Width::Byte,
            Type::Vector { elem: Elem::I16, .. } | Type::I32 | Type::Mask { .. } => Width::Half,
        }
    }

    /// What is for lanes of this width.
    const fn pick<T: Copy>(self, of: [T; 2]) -> T {
        of[self as usize]
    }

    /// Bits of a lane without its sign.
    const fn magnitude(self) -> u8 {
        self.pick([15, 7])
    }

    /// Smallest and largest lane.
    const fn limits(self) -> (i16, i16) {
        self.pick([(i16::MIN, i16::MAX), (i8::MIN as i16, i8::MAX as i16)])
    }
}

/// A mask of one part: lanes of `reg` for which the test against zero holds, or does not.
#[derive(Clone, Copy, Debug)]
struct Mask {
    reg: Reg,
    cond: Cond,
    negated: bool,
}

/// Constants that the accumulator holds for operations that add it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accumulated {
    /// Half of the LSB of the upper half: rounds to nearest.
    Half,
    /// The same on top of the smallest halfword: rounds, and clamps at 0 from below, as seen in the
    /// low byte.
    HalfAboveMinimum,
}

/// Generator state of one part.
#[derive(Clone, Copy, Debug)]
struct Generator {
    x: Reg,
    carry: Reg,
}

/// Lowers a function; `name` is its label.
pub(crate) fn lower(module: &Module, func: &Function, memory: &Memory, name: &str) -> Code {
    let mut lowering = Lowering::new(module, func, memory, name);
    let reachable = lowering.reachable();
    for (index, data) in func.blocks.iter().enumerate() {
        if reachable[index] {
            lowering.block(index, data);
        }
    }
    lowering.finish(&reachable)
}

struct Lowering<'a> {
    module: &'a Module,
    func: &'a Function,
    memory: &'a Memory,
    code: Code,
    /// The block being filled.
    current: BlockId,
    stretch: u32,
    /// Blocks of the IR, in its order.
    blocks: Vec<BlockId>,
    /// Whether each value is equal in all lanes.
    uniform: Vec<bool>,
    /// Width of the lanes of each value.
    widths: Vec<Width>,
    /// The instruction that defines each value.
    defs: Vec<Option<&'a InstData>>,
    /// Uses of each value by instructions; tests of branches do not count.
    uses: Vec<u32>,
    /// Work that moves into the instructions that use it.
    folds: Folds,
    /// Registers of each scalar (all equal) and vector.
    registers: Vec<[Option<Reg>; PARTS]>,
    /// By part and width: masks serve lanes of the other width too.
    masks: BTreeMap<(Value, usize, Width), Mask>,
    /// Constants, made on entry and anew where that is cheaper.
    pool: BTreeMap<Recipe, Reg>,
    generators: Option<[Generator; PARTS]>,
    /// Address windows of this PPU's external region: vectors, scalars.
    windows: Option<(Reg, Reg)>,
    /// The loop whose conversions run ahead.
    ahead: Option<Ahead>,
    state: BlockState,
}

/// What is known within a block.
#[derive(Clone, Default)]
struct BlockState {
    /// What the condition register holds the comparison of.
    tested: Option<(Reg, Width)>,
    /// What every lane of the accumulator is known to hold.
    accumulator: Option<(Accumulated, Width)>,
    /// Row whose sensors were converted last.
    converted: Option<Value>,
    /// Index of a half row on the parallel bus.
    row_index: BTreeMap<(Value, usize), Reg>,
    /// Row positions times a power of two.
    scaled: BTreeMap<(Value, u32), Reg>,
    /// A half row as read, by the value that it becomes.
    half_rows: BTreeMap<(Value, usize), Reg>,
    /// Both bytes of a draw from the chip's generators, by half.
    drawn: BTreeMap<(Value, usize), [Reg; 2]>,
    /// Cell of the open sample that part 0 of a field goes to, by instruction.
    cells: BTreeMap<pl_ir::Inst, Reg>,
    /// Counters to reset in each half.
    rate_flags: [Option<Reg>; 2],
}

impl<'a> Lowering<'a> {
    fn new(module: &'a Module, func: &'a Function, memory: &'a Memory, name: &str) -> Lowering<'a> {
        let mut code = Code::new(name);
        let blocks = func.block_ids().map(|block| code.new_block(&block.to_string())).collect();
        let mut defs = vec![None; func.values.len()];
        let mut uses = vec![0; func.values.len()];
        for block in &func.blocks {
            for inst in &block.insts {
                let inst = func.inst(*inst);
                inst.args.iter().for_each(|v| uses[v.index()] += 1);
                if let Some(result) = inst.result {
                    defs[result.index()] = Some(inst);
                }
            }
            for call in block.terminator.calls() {
                call.args.iter().for_each(|v| uses[v.index()] += 1);
            }
        }
        let uniform = uniform::uniform_values(func);
        let mut lowering = Lowering {
            module,
            func,
            memory,
            code,
            current: BlockId(0),
            stretch: 0,
            blocks,
            uniform,
            widths: widths(func),
            defs,
            uses,
            folds: Folds { clamps: Vec::new(), absorbed: Vec::new() },
            registers: vec![[None; PARTS]; func.values.len()],
            masks: BTreeMap::new(),
            pool: BTreeMap::new(),
            generators: None,
            windows: None,
            ahead: None,
            state: BlockState::default(),
        };
        lowering.folds = lowering.find_folds();
        lowering.allot();
        let Lowering { func, ref defs, ref mut code, .. } = lowering;
        lowering.ahead = Ahead::find(func, defs, |class| code.new_reg(class));
        lowering.prologue();
        lowering
    }

    fn find_folds(&self) -> Folds {
        Folds::of(self.func, &self.defs, &self.uses, |value| self.known_lanes(value))
    }

    /// Registers for every value that is not made where it is used: one, or those of all parts.
    fn allot(&mut self) {
        for index in 0..self.func.values.len() {
            let one = match self.func.values[index] {
                Type::Mask { .. } => continue,
                Type::I32 => Some(Class::Scalar),
                Type::Vector { .. } => self.uniform[index].then_some(Class::Vector),
            };
            let mut vector = || Some(self.code.new_reg(Class::Vector));
            self.registers[index] = match (one, self.widths[index]) {
                (Some(class), _) => [Some(self.code.new_reg(class)); PARTS],
                (None, Width::Half) => [(); PARTS].map(|()| vector()),
                (None, Width::Byte) => {
                    let [first, second] = [vector(), vector()];
                    [first, first, second, second]
                }
            };
        }
    }

    fn reachable(&self) -> Vec<bool> {
        let mut reachable = vec![false; self.func.blocks.len()];
        let mut work = vec![0];
        while let Some(block) = work.pop() {
            if !core::mem::replace(&mut reachable[block], true) {
                let calls = self.func.blocks[block].terminator.calls();
                work.extend(calls.map(|call| call.block.index()));
            }
        }
        reachable
    }

    /// Loads of state that lives in registers throughout the function.
    fn prologue(&mut self) {
        let needs = crate::needs::Needs::of_function(self.func);
        if needs.draws
            && let Some(memory) = self.memory.generators
        {
            let make = |lowering: &mut Self, sym, part: usize| {
                let reg = lowering.code.new_reg(Class::Vector);
                lowering.load_vector(reg, Operand::Addr(sym, 128 * index(part)));
                reg
            };
            self.generators = Some([0, 1, 2, 3].map(|part| Generator {
                x: make(self, memory.x, part),
                carry: make(self, memory.carry, part),
            }));
        }
        if self.memory.records.is_some() || !self.memory.external.is_empty() {
            self.open_windows();
        }
    }

    fn block(&mut self, number: usize, data: &'a pl_ir::func::BlockData) {
        self.current = self.blocks[number];
        self.state = BlockState::default();
        let is_reduction = |id: &pl_ir::Inst| self.func.inst(*id).op.sig() == Sig::Reduce;
        for segment in data.insts.split_inclusive(is_reduction) {
            self.segment(segment);
        }
        for half in 0..2 {
            self.store_rate_flags(half);
        }
        self.convert_next();
        self.next_stretch();
        self.reset_rates();
        self.terminator(number, &data.terminator);
    }

    /// Instructions up to a reduction.
    fn segment(&mut self, insts: &[pl_ir::Inst]) {
        self.next_stretch();
        let (mut uniform, mut strips) = (Vec::new(), Vec::new());
        for id in insts {
            let inst = self.func.inst(*id);
            if inst.op.sig() == Sig::Reduce {
                break;
            }
            if self.is_scalar(inst) {
                self.instruction(*id, inst, At::Scalar);
            } else {
                self.prepare(*id, inst);
                match inst.result {
                    Some(value) if self.uniform[value.index()] => uniform.push((*id, inst)),
                    _ => strips.push((*id, inst)),
                }
            }
        }
        for (id, inst) in uniform {
            self.instruction(id, inst, At::Part(0));
        }
        for half in 0..2 {
            self.next_stretch();
            self.sensors(&strips, half);
            for (id, inst) in &strips {
                self.instruction(*id, inst, At::Part(2 * half));
                if !self.in_bytes(inst) {
                    self.instruction(*id, inst, At::Part(2 * half + 1));
                }
            }
        }
        let last = insts.last().map(|id| self.func.inst(*id));
        if let Some(reduction) = last.filter(|inst| inst.op.sig() == Sig::Reduce) {
            self.next_stretch();
            self.reduce(reduction);
        }
    }

    /// Whether an instruction runs on the scalar core alone.
    fn is_scalar(&self, inst: &InstData) -> bool {
        let vector = |value: &Value| self.func.ty(*value) != Type::I32;
        !inst.result.as_ref().is_some_and(vector) && !inst.args.iter().any(vector)
    }

    /// Whether one instruction does both parts of a half row.
    fn in_bytes(&self, inst: &InstData) -> bool {
        inst.result.is_some_and(|value| self.widths[value.index()] == Width::Byte)
    }

    /// The selection table: what becomes of each op.
    fn instruction(&mut self, id: pl_ir::Inst, inst: &InstData, at: At) {
        let absorbed = inst.result.is_some_and(|value| self.folds.absorbed[value.index()]);
        if absorbed && !matches!(inst.op, Op::Read | Op::Column) {
            return;
        }
        match inst.op {
            // Made where used.
            Op::Const | Op::Derived => {}
            Op::ViewRows => self.load_word(inst, self.memory.view_rows),
            Op::ViewRow => self.view_row(inst),
            Op::RowSign => self.row_sign(inst),
            Op::UpdateIndex => self.load_word(inst, self.memory.update_index),
            Op::Hemisphere => self.load_word(inst, self.memory.hemisphere),
            Op::RemU => self.remainder(inst),
            Op::DivU => self.quotient(inst),
            Op::MulHighU => self.scalar_mul_high(inst),
            Op::MulSat => self.call_with_operands(inst, runtime::MULTIPLY),
            Op::MulReal => self.call_with_operands(inst, runtime::MULTIPLY_REALS),
            Op::DivReal => self.call_with_operands(inst, runtime::DIVIDE),
            Op::LoadElement => self.load_element(inst),
            Op::StoreElement => self.store_element(inst),
            Op::Add => self.both(inst, at, Self::scalar_add, [Opcode::Fxvaddhm, Opcode::Fxvaddbm]),
            Op::Sub => self.both(inst, at, Self::scalar_sub, [Opcode::Fxvsubhm, Opcode::Fxvsubbm]),
            Op::Mul => self.both(inst, at, Self::scalar_mul, [Opcode::Fxvmulhm, Opcode::Fxvmulbm]),
            Op::AddSat => {
                self.both(inst, at, Self::scalar_add_sat, [Opcode::Fxvaddhfs, Opcode::Fxvaddbfs])
            }
            Op::SubSat => {
                self.both(inst, at, Self::scalar_sub_sat, [Opcode::Fxvsubhfs, Opcode::Fxvsubbfs])
            }
            Op::Min | Op::Max => self.extreme(inst, at),
            Op::Compare => self.compare(inst, at),
            Op::Select => self.select(inst, at),
            Op::MulFrac => self.lanes(inst, at, lane::MULTIPLY_FRACTIONS),
            Op::MulFracRound => self.multiply_round(inst, at),
            Op::Shl | Op::ShrLogical | Op::ShrFloor | Op::ShrRound | Op::ShrRoundAway
                if at == At::Scalar =>
            {
                self.scalar_shift(inst);
            }
            Op::Shl | Op::ShrLogical => self.shift(inst, at),
            Op::ShrFloor => self.shift_floor(inst, at),
            Op::ShrRound => self.shift_round(inst, at),
            Op::ShrRoundAway => self.shift_round_away(inst, at),
            Op::Splat => self.splat(inst),
            Op::Widen => self.widen_bytes(inst, at),
            Op::Narrow => self.narrow(inst, at),
            Op::ReduceAdd | Op::ReduceMin | Op::ReduceMax => {
                unreachable!("a reduction ends a segment")
            }
            Op::Column => self.column(inst, at),
            Op::MaskAnd | Op::MaskOr => self.mask_binary(inst, at),
            Op::MaskNot => self.mask_not(inst, at),
            Op::Read => self.read(inst, at),
            Op::Write => self.write(inst, at),
            Op::Load => self.load(inst, at),
            Op::Store => self.store(inst, at),
            Op::Draw => self.draw(inst, at),
            Op::DrawWord => self.call_for_word(inst, runtime::DRAW_WORD, &[]),
            Op::Send => self.send(inst),
            Op::RecordOpen => self.record_open(inst),
            Op::RecordPut => self.record_put(id, inst, at),
        }
    }

    /// An op that scalars and lanes have.
    fn both(&mut self, inst: &InstData, at: At, scalar: fn(&mut Self, &InstData), forms: Forms) {
        match at {
            At::Scalar => scalar(self, inst),
            At::Part(_) => self.lanes(inst, at, forms),
        }
    }

    fn terminator(&mut self, from: usize, terminator: &Terminator) {
        let exit = match terminator {
            Terminator::Return => {
                self.save_generators();
                Exit::Return
            }
            Terminator::Jump(call) => {
                self.convert_first(call, from);
                self.pass_arguments(call);
                Exit::Jump(self.blocks[call.block.index()])
            }
            Terminator::Branch(cond, then, other) => {
                let test = self.branch_test(*cond);
                let block = self.current;
                let [then, other] = [then, other].map(|call| self.edge(from, block, call));
                self.code.blocks[block.index()].exit = Exit::Branch(test, then, other);
                return;
            }
        };
        self.code.blocks[self.current.index()].exit = exit;
    }

    /// The target of a branch: the block itself, or a new one that passes the arguments.
    fn edge(&mut self, from: usize, block: BlockId, call: &pl_ir::BlockCall) -> BlockId {
        let target = self.blocks[call.block.index()];
        if call.args.is_empty() {
            return target;
        }
        self.current = self.code.new_block(&format!("{} to {}", self.comment(block), call.block));
        // What one edge computes is not there on the other.
        let known = self.state.clone();
        self.convert_first(call, from);
        self.pass_arguments(call);
        self.state = known;
        self.code.blocks[self.current.index()].exit = Exit::Jump(target);
        self.current
    }

    fn comment(&self, block: BlockId) -> &str {
        &self.code.block(block).comment
    }

    /// The function with its constants in the entry block, and its blocks in order.
    fn finish(mut self, reachable: &[bool]) -> Code {
        let first = self.blocks[0];
        let mut entry = Vec::new();
        for (recipe, reg) in core::mem::take(&mut self.pool) {
            entry.extend(match self.code.source(reg) {
                Some(source) => vec![splat(reg, source)],
                None => recipe.make(reg),
            });
        }
        let block = &mut self.code.blocks[0];
        entry.append(&mut block.insts);
        (block.insts, block.exit) = (entry, Exit::Jump(first));
        self.code.order = self.layout(reachable);
        let rounds = rounds::constant_rounds(self.func, &self.defs);
        let rounds = rounds.into_iter().map(|(block, rounds)| (self.blocks[block], rounds));
        self.code.find_loops(&rounds.collect());
        self.code
    }

    /// Blocks of the IR in its order, each followed by the edges that leave it.
    fn layout(&self, reachable: &[bool]) -> Vec<BlockId> {
        let edges = self.blocks.len() + 1;
        let mut order = vec![BlockId(0)];
        for (block, _) in self.blocks.iter().zip(reachable).filter(|(_, reachable)| **reachable) {
            order.push(*block);
            order.extend(self.code.block(*block).exit.targets().filter(|t| t.index() >= edges));
        }
        order
    }
}

/// Width of the lanes of every value: a mask has those of what is compared, of two masks those of
/// halfwords if they differ. Masks are used in their block, behind their definition.
fn widths(func: &Function) -> Vec<Width> {
    let mut widths: Vec<Width> = func.values.iter().map(|ty| Width::of(*ty)).collect();
    for inst in func.blocks.iter().flat_map(|block| &block.insts).map(|inst| func.inst(*inst)) {
        if let Some(result) = inst.result.filter(|v| matches!(func.ty(*v), Type::Mask { .. })) {
            let operands = inst.args.iter().map(|arg| widths[arg.index()]);
            widths[result.index()] = operands.min().unwrap_or(Width::Half);
        }
    }
    widths
}

/// A small index as an offset.
fn index(value: usize) -> i32 {
    i32::try_from(value).expect("tables are small")
}

/// The test of condition field 0 for a comparison of the IR.
fn test_of(cond: pl_ir::op::Cond) -> Test {
    use pl_ir::op::Cond as Ir;
    match cond {
        Ir::Eq => Test::Eq,
        Ir::Ne => Test::Ne,
        Ir::Lt => Test::Lt,
        Ir::Le => Test::Le,
        Ir::Gt => Test::Gt,
        Ir::Ge => Test::Ge,
    }
}
