//! Functions: blocks, jumps, bounds and the budget.

use crate::context::{Context, Home, status};
use crate::plan::{Part, Plan};
use crate::run::ACCESS;
use core::mem::offset_of;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, Block as NativeBlock, BlockArg, Function as NativeFunction, GlobalValue,
    Inst as NativeInst, InstBuilder, SigRef, Signature, Type as NativeType, Value as Native, types,
};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use pl_ir::eval::BUDGET;
use pl_ir::{Block, BlockCall, Function, Terminator, Type, Value};
use std::collections::BTreeMap;

/// Signatures of the context's callbacks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Callbacks {
    record_open: SigRef,
    record_field: SigRef,
    send: SigRef,
}

impl Callbacks {
    /// Makes them known to a function.
    fn new(b: &mut FunctionBuilder<'_>, pointer: NativeType, convention: CallConv) -> Callbacks {
        let mut signature = |params: &[NativeType], result: Option<NativeType>| {
            let mut signature = Signature::new(convention);
            signature.params.push(AbiParam::new(pointer));
            signature.params.extend(params.iter().map(|ty| AbiParam::new(*ty)));
            signature.returns.extend(result.map(AbiParam::new));
            b.import_signature(signature)
        };
        Callbacks {
            record_open: signature(&[types::I32], Some(types::I32)),
            record_field: signature(&[types::I32, types::I32], Some(pointer)),
            send: signature(&[types::I32, types::I32], None),
        }
    }
}

/// The columns that a function writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    /// All: nothing asks for the view's. Such code is for derived values other than -32768, so that
    /// their products never saturate.
    All,
    /// Those of the view, and any derived values.
    OfView,
}

/// Translates `func` into `native`, which has the signature of an entry; gives the number of vectors
/// that it keeps in memory.
pub(crate) fn translate(
    func: &Function,
    native: &mut NativeFunction,
    scratch: &mut FunctionBuilderContext,
    (columns, leaps): (Columns, Option<GlobalValue>),
    config: TargetFrontendConfig,
) -> usize {
    let mut b = FunctionBuilder::new(native, scratch);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let context = b.block_params(entry)[0];
    let pointer = config.pointer_type();
    let callbacks = Callbacks::new(&mut b, pointer, config.default_call_conv);
    let homes = b.ins().load(pointer, ACCESS, context, context_offset(offset_of!(Context, homes)));
    let blocks: Vec<NativeBlock> = func.block_ids().map(|_| b.create_block()).collect();
    let [budget, row_position, element] = [(); 3].map(|()| b.create_block());
    for exit in [budget, row_position, element] {
        b.set_cold_block(exit);
    }
    b.append_block_param(row_position, types::I32);
    b.append_block_param(element, types::I32);
    b.append_block_param(element, types::I32);
    let mut translator = Translator {
        func,
        plan: Plan::new(func),
        b,
        context,
        pointer,
        blocks,
        budget,
        row_position,
        callbacks,
        element,
        columns,
        leaps,
        scalars: vec![None; func.values.len()],
        positions: BTreeMap::new(),
        homes,
        home_numbers: vec![None; func.values.len()],
        home_count: 0,
        next_place: None,
    };
    translator.parameters();
    let first = translator.blocks[0];
    translator.b.ins().jump(first, &[]);
    for block in reverse_postorder(func) {
        translator.block(block);
    }
    translator.exits();
    translator.b.seal_all_blocks();
    translator.b.finalize(config);
    translator.home_count
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
    pub(crate) pointer: NativeType,
    blocks: Vec<NativeBlock>,
    /// Exits of errors.
    budget: NativeBlock,
    row_position: NativeBlock,
    element: NativeBlock,
    callbacks: Callbacks,
    pub(crate) columns: Columns,
    /// The table of draws, if they are from the chip's generators.
    pub(crate) leaps: Option<GlobalValue>,
    pub(crate) scalars: Vec<Option<Native>>,
    /// Checked row positions of the current block, as wide as an address.
    pub(crate) positions: BTreeMap<Value, Native>,
    /// Where vectors in memory begin.
    pub(crate) homes: Native,
    home_numbers: Vec<Option<usize>>,
    home_count: usize,
    /// The next place for sixteen columns, if there is one left in a home.
    next_place: Option<i32>,
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
        self.positions.clear();
        if let Some(rows) = self.plan.row_loops[block.index()].clone() {
            self.row_loop(block, &rows);
            return self.leave(&rows.exit);
        }
        let instructions = self.instructions(self.func.block(block).insts.len() + 1);
        self.charge(instructions);
        for part in self.plan.blocks[block.index()].clone() {
            match part {
                Part::Check(row) => self.check(row),
                Part::Scalar(inst) => self.scalar_inst(self.func.inst(inst)),
                Part::Run(run) => self.run(&run),
                Part::Reduce(inst) => self.reduce(self.func.inst(inst)),
            }
        }
        match &self.func.block(block).terminator {
            Terminator::Return => {
                let done = self.b.ins().iconst(types::I32, i64::from(status::DONE));
                self.b.ins().return_(&[done]);
            }
            Terminator::Jump(call) => self.leave(call),
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
            self.leave(call);
        }
    }

    /// Goes on in another block.
    fn leave(&mut self, call: &BlockCall) {
        self.vector_arguments(call);
        let args = self.scalar_arguments(call);
        self.b.ins().jump(self.blocks[call.block.index()], &args);
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
    fn exits(&mut self) {
        let places = [offset_of!(Context, fault_position), offset_of!(Context, fault_len)];
        let ends = [
            (self.budget, status::BUDGET),
            (self.row_position, status::ROW_POSITION),
            (self.element, status::ELEMENT),
        ];
        for (block, status) in ends {
            self.b.switch_to_block(block);
            let refused = self.b.block_params(block).to_vec();
            for (value, place) in refused.into_iter().zip(places) {
                self.b.ins().store(ACCESS, value, self.context, context_offset(place));
            }
            let end = self.b.ins().iconst(types::I32, i64::from(status));
            self.b.ins().return_(&[end]);
        }
    }

    fn instructions(&mut self, number: usize) -> Native {
        self.b.ins().iconst(types::I64, i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// Counts the instructions of a loop over the rows.
    pub(crate) fn charge_rounds(&mut self, instructions: usize) {
        let rows = self.context_word(offset_of!(Context, view_rows));
        let rows = self.b.ins().uextend(types::I64, rows);
        let one = self.b.ins().iconst(types::I64, 1);
        let rounds = self.b.ins().umax(rows, one);
        let round = self.instructions(instructions);
        let all = self.b.ins().imul(rounds, round);
        self.charge(all);
    }

    /// Counts instructions, and leaves if they are too many.
    fn charge(&mut self, instructions: Native) {
        let offset = context_offset(offset_of!(Context, steps));
        let steps = self.b.ins().load(types::I64, ACCESS, self.context, offset);
        let steps = self.b.ins().iadd(steps, instructions);
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

    /// The place of a vector in memory: address and distance from it in bytes.
    pub(crate) fn home(&mut self, value: Value) -> (Native, i32) {
        let number = self.home_numbers[value.index()].unwrap_or(self.home_count);
        if self.home_numbers[value.index()].is_none() {
            self.home_numbers[value.index()] = Some(number);
            self.home_count += 1;
        }
        let distance = number.saturating_mul(size_of::<Home>());
        (self.homes, i32::try_from(distance).unwrap_or(i32::MAX))
    }

    /// A place in memory for a vector without a name.
    pub(crate) fn new_home(&mut self) -> i32 {
        let distance = self.home_count.saturating_mul(size_of::<Home>());
        self.home_count += 1;
        i32::try_from(distance).unwrap_or(i32::MAX)
    }

    /// A place in memory for sixteen columns of a vector, a part of a vector's place.
    pub(crate) fn new_place(&mut self) -> i32 {
        let place = self.next_place.take().unwrap_or_else(|| self.new_home());
        let next = place.saturating_add(PLACE_BYTES);
        self.next_place = (next % HOME_BYTES != 0).then_some(next);
        place
    }

    /// A pointer out of the context.
    pub(crate) fn context_pointer(&mut self, field: usize) -> Native {
        self.b.ins().load(self.pointer, ACCESS, self.context, context_offset(field))
    }

    /// A word out of the context.
    pub(crate) fn context_word(&mut self, field: usize) -> Native {
        self.b.ins().load(types::I32, ACCESS, self.context, context_offset(field))
    }

    /// First element of an object.
    pub(crate) fn object_pointer(&mut self, object: usize) -> Native {
        let table = self.context_pointer(offset_of!(Context, objects));
        let offset = i32::try_from(object).unwrap_or(i32::MAX);
        let bytes = i32::try_from(self.pointer.bytes()).unwrap_or(i32::MAX);
        self.b.ins().load(self.pointer, ACCESS, table, offset.saturating_mul(bytes))
    }

    /// Opens the next sample of a record: whether it is taken.
    pub(crate) fn record_open(&mut self, record: usize) -> Native {
        let record = self.number(record);
        let field = offset_of!(Context, record_open);
        let call = self.call_back(field, self.callbacks.record_open, &[record]);
        self.b.inst_results(call)[0]
    }

    /// First value of a field of the newest sample.
    pub(crate) fn record_field(&mut self, record: usize, field: u32) -> Native {
        let record = self.number(record);
        let field = self.b.ins().iconst(types::I32, i64::from(field));
        let signature = self.callbacks.record_field;
        let call = self.call_back(offset_of!(Context, record_field), signature, &[record, field]);
        self.b.inst_results(call)[0]
    }

    /// Sends an event.
    pub(crate) fn send(&mut self, row: Native, address: Native) {
        self.call_back(offset_of!(Context, send), self.callbacks.send, &[row, address]);
    }

    fn number(&mut self, number: usize) -> Native {
        self.b.ins().iconst(types::I32, i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// Calls what the context holds in `field`, with the host as the first argument.
    fn call_back(&mut self, field: usize, signature: SigRef, args: &[Native]) -> NativeInst {
        let callee = self.context_pointer(field);
        let host = self.context_pointer(offset_of!(Context, host));
        let args: Vec<Native> = core::iter::once(host).chain(args.iter().copied()).collect();
        self.b.ins().call_indirect(signature, callee, &args)
    }

    /// Refuses a row position outside the view.
    fn check(&mut self, row: Value) {
        let position = self.scalar(row);
        self.refuse_outside(position);
        let wide = self.b.ins().uextend(types::I64, position);
        self.positions.insert(row, wide);
    }

    /// Refuses a view without a first row.
    pub(crate) fn refuse_empty_view(&mut self) {
        let first = self.b.ins().iconst(types::I32, 0);
        self.refuse_outside(first);
    }

    fn refuse_outside(&mut self, position: Native) {
        let rows = self.context_word(offset_of!(Context, view_rows));
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, position, rows);
        let inside = self.b.create_block();
        let refused = [BlockArg::Value(position)];
        self.b.ins().brif(outside, self.row_position, &refused, inside, &[]);
        self.b.switch_to_block(inside);
    }

    /// The word of an element of an array of the rule, whose index is checked.
    pub(crate) fn element_pointer(&mut self, first: usize, len: u32, index: Value) -> Native {
        let index = self.scalar(index);
        let len = self.b.ins().iconst(types::I32, i64::from(len));
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
        let inside = self.b.create_block();
        let refused = [BlockArg::Value(index), BlockArg::Value(len)];
        self.b.ins().brif(outside, self.element, &refused, inside, &[]);
        self.b.switch_to_block(inside);
        let table = self.context_pointer(offset_of!(Context, objects));
        let bytes = i64::from(self.pointer.bytes());
        let wide = self.b.ins().uextend(types::I64, index);
        let distance = self.b.ins().imul_imm_s(wide, bytes);
        let place = self.b.ins().iadd(table, distance);
        let first = i32::try_from(first).unwrap_or(i32::MAX);
        let offset = first.saturating_mul(i32::try_from(bytes).unwrap_or(i32::MAX));
        self.b.ins().load(self.pointer, ACCESS, place, offset)
    }

    /// A row position that has been checked, as wide as an address.
    pub(crate) fn position(&self, row: Value) -> Native {
        *self.positions.get(&row).expect("planned: a position is checked before it is used")
    }
}

/// Bytes of a vector in memory, and of sixteen columns of it.
const HOME_BYTES: i32 = 512;
const PLACE_BYTES: i32 = 32;
const _: () = assert!(size_of::<Home>() == 512);

/// Offset of a field of the context.
fn context_offset(field: usize) -> i32 {
    i32::try_from(field).unwrap_or(i32::MAX)
}
