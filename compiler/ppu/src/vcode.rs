//! Machine code over virtual registers: what lowering makes, the allocator rewrites and
//! [`crate::emit`] encodes.
//!
//! Code is not in SSA form: a register may be defined several times (loop variables, generator
//! state, destinations of conditional operations). Operands stand in assembly order, so the
//! instruction table of `pl_isa` is the only description of an instruction.

use crate::memory::Sym;
use pl_isa::latency::{ChipLatencies, Wait};
use pl_isa::{Cond, Flag, Flags, Opcode, Role};
use std::collections::BTreeMap;

/// Register class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// One of the 32 vector registers.
    Vector,
    /// A general purpose register.
    Scalar,
}

/// A register: VR0 to VR31 are 0..32, r0 to r31 are 32..64, virtual ones follow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Reg(u32);

impl Reg {
    /// Number of physical registers of both classes.
    pub(crate) const PHYSICAL: usize = 64;

    /// A general purpose register.
    pub(crate) const fn gpr(number: u32) -> Reg {
        assert!(number < 32);
        Reg(32 + number)
    }

    /// A vector register.
    pub(crate) const fn vr(number: u32) -> Reg {
        assert!(number < 32);
        Reg(number)
    }

    /// The register with this index, physical ones first.
    pub(crate) fn from_index(index: usize) -> Reg {
        Reg(u32::try_from(index).expect("fewer than 2^32 registers"))
    }

    /// Position among all registers, physical ones first.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    /// Number in its class, if physical.
    pub(crate) fn number(self) -> Option<u32> {
        (self.index() < Self::PHYSICAL).then_some(self.0 % 32)
    }
}

impl core::fmt::Debug for Reg {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            number @ 0..32 => write!(f, "v{number}"),
            number @ 32..64 => write!(f, "r{}", number - 32),
            number => write!(f, "%{}", number - 64),
        }
    }
}

/// Stack pointer.
pub(crate) const R1: Reg = Reg::gpr(1);
/// First argument and result of a routine of the runtime.
pub(crate) const R3: Reg = Reg::gpr(3);
/// Second argument of a call.
pub(crate) const R4: Reg = Reg::gpr(4);
/// Never allocated: addresses of spill slots and constants that are made anew.
pub(crate) const SCRATCH: Reg = Reg::gpr(12);

/// A block of a [`Code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BlockId(pub(crate) u32);

impl BlockId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// An operand, in assembly order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A register.
    Reg(Reg),
    /// A number, also 0 for an absent base register.
    Imm(i32),
    /// Address of a datum plus bytes.
    Addr(Sym, i32),
    /// Place in the frame of a spilled register, from the stack pointer.
    Slot(Reg),
    /// A label.
    Label(String),
}

impl From<Reg> for Operand {
    fn from(reg: Reg) -> Operand {
        Operand::Reg(reg)
    }
}

impl From<&str> for Operand {
    fn from(label: &str) -> Operand {
        Operand::Label(label.to_owned())
    }
}

impl From<i32> for Operand {
    fn from(value: i32) -> Operand {
        Operand::Imm(value)
    }
}

/// What an instruction makes the chip do besides the core's own work; for the cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Nothing.
    Core,
    /// Moves half a row of a plane; with the bit of buffered reads, latched codes.
    HalfRow {
        /// Base address of the plane.
        plane: i32,
        /// 0 for even columns, 1 for odd ones; 2 and 3 in the second row of a pair.
        half: usize,
    },
    /// Reads the generators of half of the columns, which steps them.
    Generators {
        /// 0 for even columns, 1 for odd ones.
        half: usize,
    },
    /// Converts a row and reads half of it.
    Conversion,
    /// Converts the next row, of which nothing else in the block depends.
    ConversionAhead,
    /// Reads a vector of external memory.
    ExternalRead,
    /// Writes a vector of external memory.
    ExternalWrite,
    /// Opens a sample.
    RecordOpen,
    /// Joins the lanes of a row.
    Reduce,
    /// Multiplies, saturating, or draws from the scalar generator.
    Arithmetic,
    /// Divides.
    Divide,
    /// Looks at the flags of all rate counters and resets those of the view.
    RateReset,
}

impl Work {
    /// What the chip takes for it.
    pub(crate) const fn wait(self, chip: &ChipLatencies) -> Wait {
        match self {
            Work::Core
            | Work::RecordOpen
            | Work::RateReset
            | Work::Reduce
            | Work::Arithmetic
            | Work::Divide => Wait::NONE,
            Work::HalfRow { .. } | Work::Generators { .. } => Wait::answer(chip.half_row_cycles),
            Work::Conversion | Work::ConversionAhead => Wait::answer(chip.conversion_cycles),
            Work::ExternalRead => Wait::answer(chip.external_read_cycles),
            Work::ExternalWrite => chip.external_write(),
        }
    }
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inst {
    /// What it does.
    pub(crate) opcode: Opcode,
    /// Operands in assembly order; for a call, the routine and then registers it reads.
    pub(crate) operands: Vec<Operand>,
    /// Condition of a vector operation.
    pub(crate) cond: Cond,
    /// Link: a call.
    pub(crate) flags: Flags,
    /// Stretch of the block it belongs to: a value reloaded in a stretch stays for all of it.
    pub(crate) stretch: u32,
    /// What it makes the chip do.
    pub(crate) work: Work,
    /// Comment of the listing.
    pub(crate) comment: Option<String>,
}

impl Inst {
    /// An unconditional instruction.
    pub(crate) fn new(opcode: Opcode, operands: Vec<Operand>) -> Inst {
        Inst {
            opcode,
            operands,
            cond: Cond::Always,
            flags: Flags::NONE,
            stretch: 0,
            work: Work::Core,
            comment: None,
        }
    }

    /// The same instruction with what it makes the chip do.
    pub(crate) fn working(self, work: Work) -> Inst {
        Inst { work, ..self }
    }

    /// A call of a routine that reads these registers.
    pub(crate) fn call(routine: &str, reads: &[Reg]) -> Inst {
        let reads = reads.iter().map(|reg| Operand::Reg(*reg));
        let operands = core::iter::once(routine.into()).chain(reads).collect();
        Inst { flags: Flags::NONE.with(Flag::Lk), ..Inst::new(Opcode::B, operands) }
    }

    /// A move between two registers of one class.
    pub(crate) fn copy(class: Class, to: Reg, from: Reg) -> Inst {
        let opcode = match class {
            Class::Vector => Opcode::Fxvsel,
            Class::Scalar => Opcode::Or,
        };
        Inst::new(opcode, vec![to.into(), from.into(), from.into()])
    }

    /// `(to, from)` if this is a move.
    pub(crate) fn as_copy(&self) -> Option<(Reg, Reg)> {
        match (self.opcode, self.cond, self.operands.as_slice()) {
            (
                Opcode::Fxvsel | Opcode::Or,
                Cond::Always,
                [Operand::Reg(to), Operand::Reg(a), Operand::Reg(b)],
            ) if a == b => Some((*to, *a)),
            _ => None,
        }
    }

    /// Whether this calls a routine of the runtime.
    pub(crate) fn is_call(&self) -> bool {
        self.flags.has(Flag::Lk)
    }

    /// The register that operand 0 defines, if it does.
    pub(crate) fn def(&self) -> Option<Reg> {
        match self.operands.first() {
            Some(Operand::Reg(reg)) if defines(self.opcode) => Some(*reg),
            _ => None,
        }
    }

    /// Whether the destination is read too: lanes that fail the condition keep their value.
    pub(crate) fn keeps_destination(&self) -> bool {
        self.cond != Cond::Always && self.opcode != Opcode::Fxvsel && defines(self.opcode)
    }

    /// Calls `f` on every register read.
    pub(crate) fn for_each_use(&self, mut f: impl FnMut(Reg)) {
        let first = usize::from(self.def().is_some() && !self.keeps_destination());
        for operand in &self.operands[first.min(self.operands.len())..] {
            if let Operand::Reg(reg) = operand {
                f(*reg);
            }
        }
    }

    /// Replaces every register, read or written.
    pub(crate) fn map_registers(&mut self, mut f: impl FnMut(Reg) -> Reg) {
        for operand in &mut self.operands {
            if let Operand::Reg(reg) = operand {
                *reg = f(*reg);
            }
        }
    }
}

/// Registers that a routine of the runtime may change: r0 and r3 to r12. It uses no vector
/// registers unless lowering knows that none is live.
pub(crate) fn call_clobbers() -> impl Iterator<Item = Reg> {
    core::iter::once(0).chain(3..=12).map(Reg::gpr)
}

/// Whether operand 0 is a destination.
fn defines(opcode: Opcode) -> bool {
    let first = opcode.info().operands.first();
    first.is_some_and(|operand| matches!(operand.role, Role::Def | Role::Both))
}

/// Test of condition field 0 at the end of a block, after a scalar compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// Less.
    Lt,
    /// Not less.
    Ge,
    /// Greater.
    Gt,
    /// Not greater.
    Le,
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
}

impl Test {
    /// The test that holds when this one does not.
    pub(crate) const fn negated(self) -> Test {
        match self {
            Test::Lt => Test::Ge,
            Test::Ge => Test::Lt,
            Test::Gt => Test::Le,
            Test::Le => Test::Gt,
            Test::Eq => Test::Ne,
            Test::Ne => Test::Eq,
        }
    }
}

/// How a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Goes on in a block.
    Jump(BlockId),
    /// Goes on in the first block if the test holds, else in the second.
    Branch(Test, BlockId, BlockId),
    /// Returns to the caller.
    Return,
}

impl Exit {
    /// The blocks it may go to.
    pub(crate) fn targets(self) -> impl Iterator<Item = BlockId> {
        let (first, second) = match self {
            Exit::Jump(block) => (Some(block), None),
            Exit::Branch(_, then, other) => (Some(then), Some(other)),
            Exit::Return => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// A block.
#[derive(Clone, Debug)]
pub(crate) struct BlockCode {
    /// Instructions in order.
    pub(crate) insts: Vec<Inst>,
    /// How it ends.
    pub(crate) exit: Exit,
    /// Loops around it.
    pub(crate) depth: u32,
    /// Those that have a round for each row.
    pub(crate) row_depth: u32,
    /// Rounds of the others, multiplied.
    pub(crate) rounds: u32,
    /// Comment of the listing.
    pub(crate) comment: String,
}

/// How to make a value anew instead of keeping it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Recipe {
    /// A scalar constant.
    Scalar(i32),
    /// A word in memory that nothing in the function writes.
    Word(Sym, i32),
    /// A halfword constant in every lane.
    Splat(i16),
    /// The low half of a word in memory in every lane; nothing in the function writes it.
    SplatWord(Sym, i32),
    /// A vector in memory that nothing in the function writes.
    Vector(Sym, i32),
}

impl Recipe {
    /// Class of the value.
    pub(crate) const fn class(self) -> Class {
        match self {
            Recipe::Scalar(_) | Recipe::Word(..) => Class::Scalar,
            Recipe::Splat(_) | Recipe::SplatWord(..) | Recipe::Vector(..) => Class::Vector,
        }
    }

    /// The scalar that every lane is.
    pub(crate) const fn scalar(self) -> Option<Recipe> {
        match self {
            Recipe::Splat(value) => Some(Recipe::Scalar(value as i32)),
            Recipe::SplatWord(sym, offset) => Some(Recipe::Word(sym, offset)),
            Recipe::Scalar(_) | Recipe::Word(..) | Recipe::Vector(..) => None,
        }
    }

    /// Instructions that make it in `to`, by way of [`SCRATCH`].
    pub(crate) fn make(self, to: Reg) -> Vec<Inst> {
        match self {
            Recipe::Scalar(value) => load_immediate(to, value),
            Recipe::Word(sym, offset) => {
                let address = Operand::Addr(sym, offset);
                vec![Inst::new(Opcode::Lwz, vec![to.into(), address, Operand::Imm(0)])]
            }
            Recipe::Splat(_) | Recipe::SplatWord(..) => {
                let mut insts = self.scalar().map_or_else(Vec::new, |r| r.make(SCRATCH));
                insts.push(splat(to, SCRATCH));
                insts
            }
            Recipe::Vector(sym, offset) => vec![
                Inst::new(
                    Opcode::Addi,
                    vec![SCRATCH.into(), Operand::Imm(0), Operand::Addr(sym, offset)],
                ),
                Inst::new(Opcode::Fxvlax, vec![to.into(), Operand::Imm(0), SCRATCH.into()]),
            ],
        }
    }
}

/// Every lane the low half of a scalar.
pub(crate) fn splat(to: Reg, from: Reg) -> Inst {
    Inst::new(Opcode::Fxvsplath, vec![to.into(), from.into()])
}

/// The one or two instructions that load a constant.
pub(crate) fn load_immediate(to: Reg, value: i32) -> Vec<Inst> {
    if i16::try_from(value).is_ok() {
        return vec![Inst::new(Opcode::Addi, vec![to.into(), Operand::Imm(0), value.into()])];
    }
    let (high, low) = (value >> 16, value & 0xffff);
    let mut insts = vec![Inst::new(Opcode::Addis, vec![to.into(), Operand::Imm(0), high.into()])];
    if low != 0 {
        insts.push(Inst::new(Opcode::Ori, vec![to.into(), to.into(), low.into()]));
    }
    insts
}

/// A function.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// Name of its label.
    pub(crate) name: String,
    /// Blocks; 0 is the entry.
    pub(crate) blocks: Vec<BlockCode>,
    /// Order of the blocks in memory.
    pub(crate) order: Vec<BlockId>,
    /// Class of each register, physical ones first.
    classes: Vec<Class>,
    /// Recipe of registers that have one definition, by it.
    recipes: Vec<Option<Recipe>>,
    /// Scalar constants that vectors hold in every lane.
    sources: BTreeMap<Reg, Reg>,
}

impl Code {
    /// Bytes of its instructions, without those that exits of blocks become.
    pub(crate) fn bytes(&self) -> u32 {
        let insts: usize = self.blocks.iter().map(|block| block.insts.len()).sum();
        u32::try_from(insts).unwrap_or(u32::MAX).saturating_mul(4)
    }

    /// A function whose entry returns.
    pub(crate) fn new(name: &str) -> Code {
        let physical = [[Class::Vector; 32], [Class::Scalar; 32]].concat();
        let recipes = vec![None; physical.len()];
        let mut code = Code {
            name: name.into(),
            blocks: Vec::new(),
            order: Vec::new(),
            classes: physical,
            recipes,
            sources: BTreeMap::new(),
        };
        code.new_block("entry");
        code
    }

    /// A new block at the end of the order.
    pub(crate) fn new_block(&mut self, comment: &str) -> BlockId {
        let id = BlockId(u32::try_from(self.blocks.len()).expect("fewer than 2^32 blocks"));
        self.blocks.push(BlockCode {
            insts: Vec::new(),
            exit: Exit::Return,
            depth: 0,
            row_depth: 0,
            rounds: 1,
            comment: comment.into(),
        });
        self.order.push(id);
        id
    }

    /// A new virtual register.
    pub(crate) fn new_reg(&mut self, class: Class) -> Reg {
        self.classes.push(class);
        self.recipes.push(None);
        Reg::from_index(self.classes.len() - 1)
    }

    /// Number of registers, physical ones included.
    pub(crate) fn registers(&self) -> usize {
        self.classes.len()
    }

    /// Class of a register.
    pub(crate) fn class(&self, reg: Reg) -> Class {
        self.classes[reg.index()]
    }

    /// How to make the value of a register anew, if that is possible.
    pub(crate) fn recipe(&self, reg: Reg) -> Option<Recipe> {
        self.recipes[reg.index()]
    }

    /// Says how the value of a register can be made anew, or that it no longer can.
    pub(crate) fn set_recipe(&mut self, reg: Reg, recipe: Option<Recipe>) {
        self.recipes[reg.index()] = recipe;
    }

    /// The register that holds what every lane of a vector is, if it still does.
    pub(crate) fn source(&self, reg: Reg) -> Option<Reg> {
        self.sources.get(&reg).copied().filter(|source| self.recipe(*source).is_some())
    }

    /// Says which scalar constant every lane of a vector is.
    pub(crate) fn set_source(&mut self, reg: Reg, source: Reg) {
        self.sources.insert(reg, source);
    }

    /// A block.
    pub(crate) fn block(&self, id: BlockId) -> &BlockCode {
        &self.blocks[id.index()]
    }

    /// All blocks by number.
    pub(crate) fn block_ids(&self) -> impl Iterator<Item = BlockId> + use<> {
        (0..self.blocks.len()).map(|i| BlockId(u32::try_from(i).expect("made by new_block")))
    }

    /// Sets the loop depth of every block, the number of natural loops it lies in, and the rounds of
    /// those that have a known number, which `known` gives for their first block.
    pub(crate) fn find_loops(&mut self, known: &BTreeMap<BlockId, u32>) {
        let count = self.blocks.len();
        let mut predecessors = vec![Vec::new(); count];
        for id in self.block_ids() {
            self.block(id).exit.targets().for_each(|t| predecessors[t.index()].push(id.index()));
        }
        for (tail, head) in self.back_edges() {
            let mut inside = vec![false; count];
            inside[head] = true;
            let mut work = vec![tail];
            while let Some(block) = work.pop() {
                if !core::mem::replace(&mut inside[block], true) {
                    work.extend(&predecessors[block]);
                }
            }
            let head = BlockId(u32::try_from(head).expect("made by new_block"));
            for (block, _) in inside.iter().enumerate().filter(|(_, inside)| **inside) {
                let block = &mut self.blocks[block];
                block.depth += 1;
                match known.get(&head) {
                    Some(rounds) => block.rounds = block.rounds.saturating_mul(*rounds),
                    None => block.row_depth += 1,
                }
            }
        }
    }

    /// Edges to a block that is still open in a depth-first walk.
    fn back_edges(&self) -> Vec<(usize, usize)> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut state = vec![State::New; self.blocks.len()];
        let mut edges = Vec::new();
        let mut stack = vec![(0usize, 0usize)];
        state[0] = State::Open;
        while let Some((block, next)) = stack.pop() {
            match self.blocks[block].exit.targets().nth(next) {
                None => state[block] = State::Done,
                Some(target) => {
                    stack.push((block, next + 1));
                    match state[target.index()] {
                        State::New => {
                            state[target.index()] = State::Open;
                            stack.push((target.index(), 0));
                        }
                        State::Open => edges.push((block, target.index())),
                        State::Done => {}
                    }
                }
            }
        }
        edges
    }
}
