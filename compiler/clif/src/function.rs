//! Functions: blocks, scalars, bounds and the budget.

use crate::context::{Context, status};
use crate::lanes;
use crate::plan::{Part, Plan};
use crate::run::ACCESS;
use core::mem::offset_of;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block as NativeBlock, BlockArg, FuncRef, Function as NativeFunction, InstBuilder, StackSlot,
    StackSlotData, StackSlotKind, Type as NativeType, Value as Native, types,
};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use pl_ir::eval::BUDGET;
use pl_ir::io::COLUMNS;
use pl_ir::{Block, BlockCall, Function, Imm, InstData, Op, Terminator, Type, Value};

/// Callbacks as a function knows them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shims {
    pub(crate) open: FuncRef,
    pub(crate) field: FuncRef,
}

/// Translates `func` into `native`, which has the signature of an entry.
pub(crate) fn translate(
    func: &Function,
    native: &mut NativeFunction,
    scratch: &mut FunctionBuilderContext,
    shims: Shims,
    config: TargetFrontendConfig,
) {
    let mut b = FunctionBuilder::new(native, scratch);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let context = b.block_params(entry)[0];
    let blocks: Vec<NativeBlock> = func.block_ids().map(|_| b.create_block()).collect();
    let (budget, row_position) = (b.create_block(), b.create_block());
    b.set_cold_block(budget);
    b.set_cold_block(row_position);
    let refused = b.append_block_param(row_position, types::I32);
    let mut translator = Translator {
        func,
        plan: Plan::new(func),
        b,
        context,
        pointer: config.pointer_type(),
        blocks,
        budget,
        row_position,
        shims,
        scalars: vec![None; func.values.len()],
        homes: vec![None; func.values.len()],
    };
    translator.parameters();
    let first = translator.blocks[0];
    translator.b.ins().jump(first, &[]);
    for block in reverse_postorder(func) {
        translator.block(block);
    }
    translator.exits(refused);
    translator.b.seal_all_blocks();
    translator.b.finalize(config);
}

/// Reachable blocks, each after those that dominate it.
fn reverse_postorder(func: &Function) -> Vec<Block> {
    let mut seen = vec![false; func.blocks.len()];
    let mut order = Vec::new();
    // Blocks on the way, each with the targets still to visit.
    let targets = |block: Block| -> Vec<Block> {
        func.block(block).terminator.calls().map(|call| call.block).collect()
    };
    let mut path = vec![(Block(0), targets(Block(0)))];
    seen[0] = true;
    while let Some((block, rest)) = path.last_mut() {
        match rest.pop() {
            Some(next) if !seen[next.index()] => {
                seen[next.index()] = true;
                path.push((next, targets(next)));
            }
            Some(_) => {}
            None => {
                order.push(*block);
                path.pop();
            }
        }
    }
    order.reverse();
    order
}

/// A function being translated.
pub(crate) struct Translator<'a, 'b> {
    pub(crate) func: &'a Function,
    pub(crate) plan: Plan,
    pub(crate) b: FunctionBuilder<'b>,
    context: Native,
    pointer: NativeType,
    blocks: Vec<NativeBlock>,
    /// Exits of errors.
    budget: NativeBlock,
    row_position: NativeBlock,
    shims: Shims,
    scalars: Vec<Option<Native>>,
    homes: Vec<Option<StackSlot>>,
}

impl Translator<'_, '_> {
    /// Gives every block its scalar parameters.
    fn parameters(&mut self) {
        for (block, native) in self.func.blocks.iter().zip(&self.blocks) {
            for param in &block.params {
                if self.func.ty(*param) == Type::I32 {
                    let scalar = self.b.append_block_param(*native, types::I32);
                    self.scalars[param.index()] = Some(scalar);
                }
            }
        }
    }

    fn block(&mut self, block: Block) {
        self.b.switch_to_block(self.blocks[block.index()]);
        self.charge(self.func.block(block).insts.len() + 1);
        for part in self.plan.blocks[block.index()].clone() {
            match part {
                Part::Scalar(inst) => self.scalar_inst(self.func.inst(inst)),
                Part::Run(run) => self.run(&run),
            }
        }
        match &self.func.block(block).terminator {
            Terminator::Return => {
                let done = self.b.ins().iconst(types::I32, i64::from(status::DONE));
                self.b.ins().return_(&[done]);
            }
            Terminator::Jump(call) => {
                self.vector_arguments(call);
                let args = self.scalar_arguments(call);
                self.b.ins().jump(self.blocks[call.block.index()], &args);
            }
            Terminator::Branch(cond, then, other) => self.branch(*cond, then, other),
        }
    }

    /// Vector arguments are copied on the way to their block, so each side of a branch has a block
    /// of its own.
    fn branch(&mut self, cond: Value, then: &BlockCall, other: &BlockCall) {
        let cond = self.scalar(cond);
        let sides = [then, other].map(|call| (self.b.create_block(), call));
        self.b.ins().brif(cond, sides[0].0, &[], sides[1].0, &[]);
        for (side, call) in sides {
            self.b.switch_to_block(side);
            self.vector_arguments(call);
            let args = self.scalar_arguments(call);
            self.b.ins().jump(self.blocks[call.block.index()], &args);
        }
    }

    fn vector_arguments(&mut self, call: &BlockCall) {
        let params = self.func.block(call.block).params.iter();
        let pairs = call.args.iter().copied().zip(params.copied());
        let vectors = pairs.filter(|(_, param)| self.func.ty(*param) != Type::I32);
        let moved: Vec<(Value, Value)> = vectors.filter(|(from, to)| from != to).collect();
        self.copy(&moved);
    }

    fn scalar_arguments(&self, call: &BlockCall) -> Vec<BlockArg> {
        let scalars = call.args.iter().filter(|arg| self.func.ty(**arg) == Type::I32);
        scalars.map(|arg| BlockArg::Value(self.scalar(*arg))).collect()
    }

    /// The blocks that errors end in.
    fn exits(&mut self, refused: Native) {
        self.b.switch_to_block(self.budget);
        let budget = self.b.ins().iconst(types::I32, i64::from(status::BUDGET));
        self.b.ins().return_(&[budget]);
        self.b.switch_to_block(self.row_position);
        let offset = context_offset(offset_of!(Context, fault_position));
        self.b.ins().store(ACCESS, refused, self.context, offset);
        let end = self.b.ins().iconst(types::I32, i64::from(status::ROW_POSITION));
        self.b.ins().return_(&[end]);
    }

    /// Counts instructions, and leaves if they are too many.
    fn charge(&mut self, instructions: usize) {
        let offset = context_offset(offset_of!(Context, steps));
        let steps = self.b.ins().load(types::I64, ACCESS, self.context, offset);
        let instructions = i64::try_from(instructions).unwrap_or(i64::MAX);
        let steps = self.b.ins().iadd_imm_s(steps, instructions);
        self.b.ins().store(ACCESS, steps, self.context, offset);
        let limit = i64::try_from(BUDGET).unwrap_or(i64::MAX);
        let over = self.b.ins().icmp_imm_s(IntCC::UnsignedGreaterThan, steps, limit);
        let go_on = self.b.create_block();
        self.b.ins().brif(over, self.budget, &[], go_on, &[]);
        self.b.switch_to_block(go_on);
    }

    /// A scalar that is defined.
    pub(crate) fn scalar(&self, value: Value) -> Native {
        self.scalars[value.index()].expect("verified: a scalar defined before its use")
    }

    /// The place of a vector in the frame.
    pub(crate) fn home(&mut self, value: Value) -> StackSlot {
        // A row of 16-bit lanes, aligned for the registers that move it.
        let bytes = 2 * u32::try_from(COLUMNS).unwrap_or(u32::MAX);
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 4);
        let b = &mut self.b;
        *self.homes[value.index()].get_or_insert_with(|| b.create_sized_stack_slot(data))
    }

    /// A pointer out of the context.
    pub(crate) fn context_pointer(&mut self, field: usize) -> Native {
        self.b.ins().load(self.pointer, ACCESS, self.context, context_offset(field))
    }

    fn context_word(&mut self, field: usize) -> Native {
        self.b.ins().load(types::I32, ACCESS, self.context, context_offset(field))
    }

    /// First element of an object.
    pub(crate) fn object_pointer(&mut self, object: usize) -> Native {
        let table = self.context_pointer(offset_of!(Context, objects));
        let offset = i32::try_from(object).unwrap_or(i32::MAX);
        let bytes = i32::try_from(self.pointer.bytes()).unwrap_or(i32::MAX);
        self.b.ins().load(self.pointer, ACCESS, table, offset.saturating_mul(bytes))
    }

    /// First value of a field of the newest sample.
    pub(crate) fn record_field(&mut self, record: usize, field: u32) -> Native {
        let host = self.context_pointer(offset_of!(Context, host));
        let record = self.b.ins().iconst(types::I32, i64::try_from(record).unwrap_or(i64::MAX));
        let field = self.b.ins().iconst(types::I32, i64::from(field));
        let call = self.b.ins().call(self.shims.field, &[host, record, field]);
        self.b.inst_results(call)[0]
    }

    /// A row position, checked and as wide as an address.
    pub(crate) fn position(&mut self, value: Value) -> Native {
        let position = self.scalar(value);
        let rows = self.context_word(offset_of!(Context, view_rows));
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, position, rows);
        let inside = self.b.create_block();
        let refused = [BlockArg::Value(position)];
        self.b.ins().brif(outside, self.row_position, &refused, inside, &[]);
        self.b.switch_to_block(inside);
        self.b.ins().uextend(types::I64, position)
    }

    /// Emits an instruction without vectors.
    fn scalar_inst(&mut self, inst: &InstData) {
        let native = self.scalar_result(inst);
        if let (Some(result), Some(native)) = (inst.result, native) {
            self.scalars[result.index()] = Some(native);
        }
    }

    fn scalar_result(&mut self, inst: &InstData) -> Option<Native> {
        let arg = |translator: &Self, at: usize| translator.scalar(inst.args[at]);
        Some(match (inst.op, inst.imm) {
            (Op::Const, Imm::Int(value)) => {
                self.b.ins().iconst(types::I32, i64::from(value.cast_unsigned()))
            }
            (Op::Derived, Imm::Derived(id)) => {
                let table = self.context_pointer(offset_of!(Context, derived));
                let offset = i32::try_from(4 * id.index()).unwrap_or(i32::MAX);
                self.b.ins().load(types::I32, ACCESS, table, offset)
            }
            (Op::ViewRows, _) => self.context_word(offset_of!(Context, view_rows)),
            (Op::UpdateIndex, _) => self.context_word(offset_of!(Context, update_index)),
            (Op::Hemisphere, _) => self.context_word(offset_of!(Context, hemisphere)),
            (Op::ViewRow, _) => {
                let address = self.row_byte(inst.args[0], offset_of!(Context, rows));
                self.b.ins().uload8(types::I32, ACCESS, address, 0)
            }
            (Op::RowSign, _) => {
                let address = self.row_byte(inst.args[0], offset_of!(Context, row_signs));
                self.b.ins().sload8(types::I32, ACCESS, address, 0)
            }
            (Op::Compare, Imm::Cond(cond)) => {
                let (x, y) = (arg(self, 0), arg(self, 1));
                let holds = self.b.ins().icmp(lanes::condition(cond), x, y);
                self.b.ins().uextend(types::I32, holds)
            }
            (Op::Select, _) => {
                let (choice, x, y) = (arg(self, 0), arg(self, 1), arg(self, 2));
                self.b.ins().select(choice, x, y)
            }
            (Op::Load, Imm::Object(id)) => {
                let address = self.scalar_address(id.index(), &inst.args);
                self.b.ins().load(types::I32, ACCESS, address, 0)
            }
            (Op::Store, Imm::Object(id)) => {
                let address = self.scalar_address(id.index(), &inst.args[..inst.args.len() - 1]);
                let value = arg(self, inst.args.len() - 1);
                self.b.ins().store(ACCESS, value, address, 0);
                return None;
            }
            (Op::RecordOpen, Imm::Record(id)) => {
                let host = self.context_pointer(offset_of!(Context, host));
                let record = i64::try_from(id.index()).unwrap_or(i64::MAX);
                let record = self.b.ins().iconst(types::I32, record);
                let call = self.b.ins().call(self.shims.open, &[host, record]);
                self.b.inst_results(call)[0]
            }
            (Op::RecordPut, Imm::Field(record, field)) => {
                let row = match inst.args[..] {
                    [row, _] => Some(self.position(row)),
                    _ => None,
                };
                let first = self.record_field(record.index(), field);
                let address = self.element(first, row);
                let value = arg(self, inst.args.len() - 1);
                self.b.ins().store(ACCESS, value, address, 0);
                return None;
            }
            _ => {
                let (x, y) = (arg(self, 0), arg(self, 1));
                self.scalar_binary(inst.op, x, y)
            }
        })
    }

    /// Address of a row's byte in a table of rows.
    fn row_byte(&mut self, row: Value, table: usize) -> Native {
        let row = self.position(row);
        let table = self.context_pointer(table);
        self.b.ins().iadd(table, row)
    }

    /// Address of an object's scalar: of a row position, or the only one.
    fn scalar_address(&mut self, object: usize, row: &[Value]) -> Native {
        let row = row.first().map(|row| self.position(*row));
        let first = self.object_pointer(object);
        self.element(first, row)
    }

    /// Address of a 32-bit element.
    fn element(&mut self, first: Native, at: Option<Native>) -> Native {
        let Some(at) = at else { return first };
        let bytes = self.b.ins().iconst(types::I64, 4);
        let distance = self.b.ins().imul(at, bytes);
        self.b.ins().iadd(first, distance)
    }

    /// An op of two scalars.
    #[allow(clippy::wildcard_enum_match_arm, reason = "verified: the op takes two scalars")]
    fn scalar_binary(&mut self, op: Op, x: Native, y: Native) -> Native {
        let b = &mut self.b;
        match op {
            Op::Add => b.ins().iadd(x, y),
            Op::Sub => b.ins().isub(x, y),
            Op::Mul => b.ins().imul(x, y),
            Op::Min => b.ins().smin(x, y),
            Op::Max => b.ins().smax(x, y),
            Op::AddSat | Op::SubSat => {
                let (x, y) = (b.ins().sextend(types::I64, x), b.ins().sextend(types::I64, y));
                let exact = if op == Op::AddSat { b.ins().iadd(x, y) } else { b.ins().isub(x, y) };
                let low = b.ins().iconst(types::I64, i64::from(i32::MIN));
                let high = b.ins().iconst(types::I64, i64::from(i32::MAX));
                let clamped = b.ins().smax(exact, low);
                let clamped = b.ins().smin(clamped, high);
                b.ins().ireduce(types::I32, clamped)
            }
            Op::RemU => {
                // Dividing by zero would trap; the remainder by zero is the dividend.
                let one = b.ins().iconst(types::I32, 1);
                let divisor = b.ins().select(y, y, one);
                let remainder = b.ins().urem(x, divisor);
                b.ins().select(y, remainder, x)
            }
            _ => unreachable!("verified: `{}` is not a binary scalar op", op.name()),
        }
    }
}

/// Offset of a field of the context.
fn context_offset(field: usize) -> i32 {
    i32::try_from(field).unwrap_or(i32::MAX)
}
