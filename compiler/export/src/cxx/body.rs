//! A function of the IR as the body of one in C++.

use super::flow::Flow;
use super::inst::Emitted;
use super::{Exported, Function};
use pl_ir::{Block, BlockCall, Imm, InstData, Op, Terminator, Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A function being written.
pub(super) struct Body<'a> {
    pub(super) rule: &'a Exported<'a>,
    pub(super) func: &'a Function,
    flow: Flow,
    pub(super) defs: Vec<Option<&'a InstData>>,
    /// Values that are written where they are used.
    pub(super) inline: BTreeMap<Value, String>,
    /// Values that are declared at the top, since they outlive the braces they are computed in.
    hoisted: BTreeSet<Value>,
    /// Braces around what is written.
    scope: Vec<usize>,
    scopes: usize,
    /// Braces around the definition of each value.
    homes: Vec<Option<Vec<usize>>>,
    /// Rows whose correlation codes were read in these braces.
    pub(super) codes: BTreeMap<Value, Vec<usize>>,
    out: String,
}

/// A loop that is written.
#[derive(Clone, Copy)]
struct Loop {
    head: Block,
    /// The block after it.
    exit: Option<Block>,
    /// Number of braces around its statements.
    depth: usize,
}

/// What a jump out of braces means.
#[derive(Clone, Copy)]
struct Around {
    /// The innermost loop.
    inner: Option<Loop>,
    /// Where the way goes on by itself.
    stop: Option<Block>,
}

/// The statements of a function; `indent` tabs before each.
pub(super) fn body(rule: &Exported<'_>, func: &Function) -> String {
    // The first time finds out which values outlive their braces.
    let mut first = Body::new(rule, func, BTreeSet::new());
    first.function();
    let mut second = Body::new(rule, func, first.hoisted);
    second.function();
    second.out
}

impl<'a> Body<'a> {
    fn new(rule: &'a Exported<'a>, func: &'a Function, hoisted: BTreeSet<Value>) -> Body<'a> {
        let mut defs = vec![None; func.values.len()];
        for inst in func.blocks.iter().flat_map(|block| &block.insts) {
            let inst = func.inst(*inst);
            if let Some(result) = inst.result {
                defs[result.index()] = Some(inst);
            }
        }
        Body {
            rule,
            func,
            flow: Flow::of(func),
            inline: BTreeMap::new(),
            homes: vec![None; func.values.len()],
            defs,
            hoisted,
            scope: Vec::new(),
            scopes: 0,
            codes: BTreeMap::new(),
            out: String::new(),
        }
    }

    fn function(&mut self) {
        let params = self.func.blocks.iter().flat_map(|block| &block.params);
        let declared: BTreeSet<Value> = params.chain(&self.hoisted).copied().collect();
        for value in declared {
            self.homes[value.index()] = Some(Vec::new());
            let ty = self.type_of(value);
            let zero = if self.func.ty(value) == Type::I32 { " = 0" } else { "" };
            self.line(&format!("{ty} {value}{zero};"));
        }
        self.sequence(Block(0), Around { inner: None, stop: None }, false);
    }

    pub(super) fn type_of(&self, value: Value) -> &'static str {
        match self.func.ty(value) {
            Type::I32 => "int32_t",
            Type::Vector { .. } | Type::Mask { .. } => "Lanes",
        }
    }

    pub(super) fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "\t".repeat(self.scope.len() + 1));
    }

    fn open(&mut self, text: &str) {
        self.line(text);
        self.scopes += 1;
        self.scope.push(self.scopes);
    }

    fn close(&mut self, text: &str) {
        self.scope.pop();
        self.line(text);
    }

    /// Whether what was written in these braces can be used here.
    pub(super) fn inside(&self, home: &[usize]) -> bool {
        self.scope.starts_with(home)
    }

    /// The braces that are written.
    pub(super) fn here(&self) -> Vec<usize> {
        self.scope.clone()
    }

    /// A value where it is used.
    pub(super) fn used(&mut self, value: Value) -> String {
        if let Some(text) = self.inline.get(&value) {
            return text.clone();
        }
        let home = self.homes[value.index()].as_deref();
        if !home.is_some_and(|home| self.inside(home)) {
            self.hoisted.insert(value);
        }
        value.to_string()
    }

    /// Blocks from here to where the way goes on by itself; `entered` says that the loop that begins
    /// here is written already.
    fn sequence(&mut self, mut block: Block, around: Around, mut entered: bool) {
        while around.stop != Some(block) {
            let next = match self.flow.loop_at(self.func, block) {
                Some(exit) if !entered => {
                    self.open("for (;;) {");
                    let inner = Some(Loop { head: block, exit, depth: self.scope.len() });
                    self.sequence(block, Around { inner, stop: None }, true);
                    self.close("}");
                    exit.and_then(|exit| self.jump(exit, around))
                }
                _ => self.block(block, around),
            };
            entered = false;
            match next {
                Some(next) => block = next,
                None => return,
            }
        }
    }

    /// One block; gives the block to go on with.
    fn block(&mut self, block: Block, around: Around) -> Option<Block> {
        for inst in &self.func.block(block).insts {
            let inst = self.func.inst(*inst);
            // What only ends the block is written there.
            let ends = inst.op == Op::Compare
                && inst.result.is_some_and(|result| self.only_ends(block, result));
            if !ends {
                self.inst(inst);
            }
        }
        match &self.func.block(block).terminator {
            Terminator::Return => {
                if around.inner.is_some() || !self.scope.is_empty() {
                    self.line("return;");
                }
                None
            }
            Terminator::Jump(call) => {
                self.arguments(call);
                self.jump(call.block, around)
            }
            Terminator::Branch(cond, then, other) => {
                let cond = match self.condition_of(block, *cond) {
                    Some(comparison) => comparison,
                    None => self.used(*cond),
                };
                self.branch(block, &cond, [then, other], around)
            }
        }
    }

    /// Leaves a loop or begins its next turn if the block says so; else gives the block.
    fn jump(&mut self, to: Block, around: Around) -> Option<Block> {
        match around.inner {
            Some(inner) if inner.head == to => {
                if self.scope.len() > inner.depth {
                    self.line("continue;");
                }
                None
            }
            Some(inner) if inner.exit == Some(to) => {
                self.line("break;");
                None
            }
            _ => Some(to),
        }
    }

    fn branch(
        &mut self,
        block: Block,
        cond: &str,
        [then, other]: [&BlockCall; 2],
        around: Around,
    ) -> Option<Block> {
        let again = |call: &BlockCall| around.inner.is_some_and(|inner| inner.head == call.block);
        let leaves = |call: &BlockCall| {
            again(call) || around.inner.is_some_and(|inner| inner.exit == Some(call.block))
        };
        if leaves(other) || leaves(then) {
            // The way that goes on, or to the next turn, stays outside of braces.
            let then_first = leaves(then) && !(leaves(other) && again(then));
            let (not, out, on) = if then_first { ("", then, other) } else { ("!", other, then) };
            self.open(&format!("if ({not}{cond}) {{"));
            self.arguments(out);
            self.jump(out.block, around);
            self.close("}");
            self.arguments(on);
            return self.jump(on.block, around);
        }
        let join = self.flow.join(block);
        let inner = Around { stop: join, ..around };
        let nothing = |call: &BlockCall| Some(call.block) == join && call.args.is_empty();
        let (not, then, other) = if nothing(then) { ("!", other, then) } else { ("", then, other) };
        self.open(&format!("if ({not}{cond}) {{"));
        self.arguments(then);
        self.sequence(then.block, inner, false);
        if !nothing(other) {
            self.close("} else {");
            self.scopes += 1;
            self.scope.push(self.scopes);
            self.arguments(other);
            self.sequence(other.block, inner, false);
        }
        self.close("}");
        join
    }

    /// Gives the parameters of a block their values, as if all at once.
    fn arguments(&mut self, call: &BlockCall) {
        let params = &self.func.block(call.block).params;
        let pairs: Vec<(Value, Value)> = (params.iter().copied())
            .zip(call.args.iter().copied())
            .filter(|(param, arg)| param != arg)
            .collect();
        let clash = pairs
            .iter()
            .enumerate()
            .any(|(index, (_, arg))| pairs[..index].iter().any(|(param, _)| param == arg));
        for (param, arg) in &pairs {
            let arg = self.used(*arg);
            let ty = self.type_of(*param);
            self.line(&if clash {
                format!("{ty} const next_{param} = {arg};")
            } else {
                format!("{param} = {arg};")
            });
        }
        if clash {
            pairs.iter().for_each(|(param, _)| self.line(&format!("{param} = next_{param};")));
        }
    }

    fn inst(&mut self, inst: &InstData) {
        let Some(result) = inst.result else {
            self.effect(inst);
            return;
        };
        match self.value(inst) {
            Emitted::Inline(text) => {
                self.inline.insert(result, text);
            }
            Emitted::Named(text) if self.hoisted.contains(&result) => {
                self.line(&format!("{result} = {text};"));
            }
            Emitted::Named(text) => {
                self.homes[result.index()] = Some(self.scope.clone());
                let ty = self.type_of(result);
                self.line(&format!("{ty} const {result} = {text};"));
            }
        }
    }

    /// Whether a value only chooses lanes, so that its comparison can stand where it chooses.
    pub(super) fn only_chooses(&self, value: Value) -> bool {
        let insts = self.func.blocks.iter().flat_map(|block| &block.insts);
        let mut users =
            insts.map(|inst| self.func.inst(*inst)).filter(|inst| inst.args.contains(&value));
        users.all(|inst| inst.op == Op::Select && !inst.args[1..].contains(&value))
    }

    /// A comparison that only ends its block, in brackets.
    fn condition_of(&mut self, block: Block, cond: Value) -> Option<String> {
        let inst = self.defs[cond.index()]?;
        (inst.op == Op::Compare && self.only_ends(block, cond)).then(|| self.comparison(inst))
    }

    /// Whether a scalar is computed in a block and decides how it ends, and nothing else.
    fn only_ends(&self, block: Block, cond: Value) -> bool {
        let here = &self.func.block(block).insts;
        let blocks = self.func.blocks.iter();
        here.iter().any(|inst| self.func.inst(*inst).result == Some(cond))
            && blocks
                .clone()
                .flat_map(|block| &block.insts)
                .all(|inst| !self.func.inst(*inst).args.contains(&cond))
            && blocks.enumerate().all(|(number, data)| {
                let mut uses = 0;
                data.terminator.for_each_value(|value| uses += usize::from(value == cond));
                uses == usize::from(number == block.index())
            })
    }

    /// The integer that a scalar is, if it is one.
    pub(super) fn known(&self, value: Value) -> Option<i32> {
        match self.defs[value.index()].map(|inst| (inst.op, inst.imm)) {
            Some((Op::Const, Imm::Int(number))) => Some(number),
            _ => None,
        }
    }
}
