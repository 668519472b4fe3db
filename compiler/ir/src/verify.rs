//! The verifier. A module is well formed if:
//!
//!  1. its name, the view limit (1..=256) and every declaration are sound: records have fields and
//!     a period of at least 1, there is a function `update` and no two functions share a name;
//!  2. every function has an entry without parameters, and jumps name blocks that exist;
//!  3. every value is defined once, by a block parameter or an instruction that a block lists;
//!     an instruction exists and is listed once;
//!  4. a use is dominated by its definition;
//!  5. an instruction has the immediate its op names, and what it names exists;
//!  6. operands and result have the types of the op's signature;
//!  7. a shift is by 1 place or more, below the width of what is shifted;
//!  8. a quantity is read or written only if that is possible, an input is never stored, and the
//!     elements of an array are one or more objects of the rule; weights are signed in modules with
//!     signed views and nowhere else;
//!  9. a jump passes one argument of the right type a parameter, and a branch tests a scalar;
//! 10. vectors and masks are whole rows (256 lanes): half rows are the business of a back end;
//! 11. masks stay within a block: no parameter is a mask and none is used in another block;
//! 12. a declared range is not empty, has the default or initial value, and lanes hold its ends.

use crate::op::Sig;
use crate::types::ROW_LANES;
use crate::{
    Block, BlockCall, Function, Imm, InstData, Module, Op, Quantity, Scope, Terminator, Type,
    Value, func::BlockData,
};
use core::ops::RangeInclusive;

/// A broken rule: which, where and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule}: {message}{}", place(.function, .block, .text))]
pub struct VerifyError {
    /// Number in the list at the top of this module.
    pub rule: u32,
    /// What is wrong.
    pub message: String,
    /// Function, empty for the module's declarations.
    pub function: String,
    /// Block, if in one.
    pub block: Option<Block>,
    /// The instruction as text, if at one.
    pub text: Option<String>,
}

fn place(function: &str, block: &Option<Block>, text: &Option<String>) -> String {
    let mut out = String::new();
    if !function.is_empty() {
        out += &format!(" (in `{function}`");
        if let Some(block) = block {
            out += &format!(", {block}");
        }
        if let Some(text) = text {
            out += &format!(", `{text}`");
        }
        out.push(')');
    }
    out
}

/// Proof that something passed [`verify`]; only it reaches evaluator and back ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// Gives the proof up, to change what it holds.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> core::ops::Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Checks a module against the rules at the top of this file.
///
/// # Errors
/// All broken rules, with the module given back by dropping it.
pub fn verify(module: Module) -> Result<Verified<Module>, Vec<VerifyError>> {
    let mut checker = Checker { module: &module, errors: Vec::new() };
    checker.declarations();
    for func in &module.functions {
        checker.function(func);
    }
    if checker.errors.is_empty() { Ok(Verified(module)) } else { Err(checker.errors) }
}

struct Checker<'a> {
    module: &'a Module,
    errors: Vec<VerifyError>,
}

/// Where an error lies.
#[derive(Clone, Copy)]
struct Site<'a> {
    func: &'a Function,
    block: Option<Block>,
    inst: Option<&'a InstData>,
}

impl Checker<'_> {
    fn report(&mut self, rule: u32, site: Option<Site<'_>>, message: String) {
        let text = site.and_then(|s| s.inst).map(crate::print::instruction);
        self.errors.push(VerifyError {
            rule,
            message,
            function: site.map(|s| s.func.name.clone()).unwrap_or_default(),
            block: site.and_then(|s| s.block),
            text,
        });
    }

    fn declarations(&mut self) {
        let module = self.module;
        let sized = [module.rows_max, module.columns_max].iter().all(|n| (1..=256).contains(n));
        if module.name.is_empty() || !sized {
            let message = "a module needs a name and a view of 1 to 256 rows and columns";
            self.report(1, None, message.into());
        }
        if module.function("update").is_none() {
            self.report(1, None, "there is no function `update`".into());
        }
        for (index, func) in module.functions.iter().enumerate() {
            if module.functions[..index].iter().any(|other| other.name == func.name) {
                self.report(1, None, format!("two functions are called `{}`", func.name));
            }
        }
        for (index, record) in module.records.iter().enumerate() {
            if record.every == 0 || record.fields.is_empty() {
                self.report(1, None, format!("record r{index} needs a period and fields"));
            }
        }
        for (index, derived) in module.derived.iter().enumerate() {
            self.range(derived.range.as_ref(), derived.default, false, &format!("d{index}"));
        }
        for (index, object) in module.objects.iter().enumerate() {
            let lanes = object.scope.is_vector();
            self.range(object.range.as_ref(), object.initial, lanes, &format!("s{index}"));
        }
    }

    /// Rule 12.
    fn range(&mut self, range: Option<&RangeInclusive<i32>>, first: i32, lanes: bool, of: &str) {
        let Some(range) = range else { return };
        let fits = |end: &i32| !lanes || i16::try_from(*end).is_ok();
        if !range.contains(&first) || !fits(range.start()) || !fits(range.end()) {
            let (low, high) = (range.start(), range.end());
            let message =
                format!("{of} has no {first} in {low}..{high}, or lanes do not hold that");
            self.report(12, None, message);
        }
    }

    fn function(&mut self, func: &Function) {
        let site = Site { func, block: None, inst: None };
        match func.blocks.first() {
            None => return self.report(2, Some(site), "there is no entry block".into()),
            Some(entry) if !entry.params.is_empty() => {
                self.report(2, Some(site), "the entry block has parameters".into());
            }
            Some(_) => {}
        }
        for block in func.block_ids() {
            for call in func.block(block).terminator.calls() {
                if call.block.index() >= func.blocks.len() {
                    let site = Site { block: Some(block), ..site };
                    return self.report(2, Some(site), format!("{} does not exist", call.block));
                }
            }
        }
        if !self.values_exist(func) {
            return;
        }
        self.definitions(func);
        for block in func.block_ids() {
            let site = Site { block: Some(block), ..site };
            for param in &func.block(block).params {
                if mask(func.ty(*param)) {
                    self.report(11, Some(site), format!("parameter {param} is a mask"));
                }
                if !whole(&func.ty(*param)) {
                    self.report(10, Some(site), format!("vectors have {ROW_LANES} lanes"));
                }
            }
            for inst in &func.block(block).insts {
                self.instruction(Site { inst: Some(func.inst(*inst)), ..site });
            }
            self.masks_stay(site, block);
            self.terminator(site);
        }
    }

    /// Rule 11, for uses.
    fn masks_stay(&mut self, site: Site<'_>, block: Block) {
        let func = site.func;
        let BlockData { params, insts, .. } = func.block(block);
        let insts = || insts.iter().map(|inst| func.inst(*inst));
        for inst in insts() {
            let here = |v: &Value| params.contains(v) || insts().any(|i| i.result == Some(*v));
            let elsewhere = |v: &&Value| mask(func.ty(**v)) && !here(v);
            for arg in inst.args.iter().filter(elsewhere) {
                let site = Site { inst: Some(inst), ..site };
                self.report(11, Some(site), format!("mask {arg} is not of this block"));
            }
        }
    }

    /// Whether every value and instruction that is named has an entry in its table.
    fn values_exist(&mut self, func: &Function) -> bool {
        let mut missing = None;
        let mut see = |value: Value| {
            if value.index() >= func.values.len() {
                missing = Some(value);
            }
        };
        let mut unlisted = vec![true; func.insts.len()];
        let mut wrong_inst = None;
        for data in &func.blocks {
            data.params.iter().for_each(|v| see(*v));
            for inst in &data.insts {
                match unlisted.get_mut(inst.index()) {
                    Some(unlisted) if *unlisted => *unlisted = false,
                    Some(_) | None => wrong_inst = Some(*inst),
                }
                if let Some(data) = func.insts.get(inst.index()) {
                    data.args.iter().chain(&data.result).for_each(|v| see(*v));
                }
            }
            data.terminator.for_each_value(&mut see);
        }
        let site = Site { func, block: None, inst: None };
        if let Some(value) = missing {
            self.report(3, Some(site), format!("{value} does not exist"));
        }
        if let Some(inst) = wrong_inst {
            self.report(3, Some(site), format!("{inst} does not exist or is listed twice"));
        }
        missing.is_none() && wrong_inst.is_none()
    }

    /// Rules 3 and 4, by a forward pass over what is defined on every path to a block.
    fn definitions(&mut self, func: &Function) {
        let mut seen = vec![false; func.values.len()];
        for data in &func.blocks {
            let results = data.insts.iter().filter_map(|i| func.inst(*i).result);
            for value in data.params.iter().copied().chain(results) {
                if core::mem::replace(&mut seen[value.index()], true) {
                    let site = Site { func, block: None, inst: None };
                    self.report(3, Some(site), format!("{value} is defined twice"));
                }
            }
        }
        let available = available_on_entry(func);
        for block in func.block_ids() {
            let Some(mut defined) = available[block.index()].clone() else { continue };
            let data = func.block(block);
            data.params.iter().for_each(|v| defined[v.index()] = true);
            for inst in &data.insts {
                let inst = func.inst(*inst);
                let site = Site { func, block: Some(block), inst: Some(inst) };
                for arg in inst.args.iter().filter(|v| !defined[v.index()]) {
                    self.report(4, Some(site), format!("{arg} is not defined here"));
                }
                if let Some(result) = inst.result {
                    defined[result.index()] = true;
                }
            }
            let mut bad = Vec::new();
            data.terminator.for_each_value(|v| {
                if !defined[v.index()] {
                    bad.push(v);
                }
            });
            let site = Site { func, block: Some(block), inst: None };
            bad.iter().for_each(|v| self.report(4, Some(site), format!("{v} is not defined here")));
        }
    }

    fn terminator(&mut self, site: Site<'_>) {
        let func = site.func;
        let Some(block) = site.block else { return };
        let terminator = &func.block(block).terminator;
        if let Terminator::Branch(cond, ..) = terminator
            && func.ty(*cond) != Type::I32
        {
            self.report(9, Some(site), format!("the branch tests {cond}, which is no scalar"));
        }
        for call in terminator.calls() {
            self.call(site, call);
        }
    }

    fn call(&mut self, site: Site<'_>, call: &BlockCall) {
        let params = &site.func.block(call.block).params;
        let types =
            |values: &[Value]| -> Vec<Type> { values.iter().map(|v| site.func.ty(*v)).collect() };
        if types(params) != types(&call.args) {
            let message = format!("the jump to {} passes the wrong arguments", call.block);
            self.report(9, Some(site), message);
        }
    }

    fn instruction(&mut self, site: Site<'_>) {
        let Some(inst) = site.inst else { return };
        if inst.imm.kind() != inst.op.imm() {
            let message = format!("`{}` has the wrong kind of immediate", inst.op.name());
            return self.report(5, Some(site), message);
        }
        if !self.immediate(site, inst) {
            return;
        }
        let ty = |v: &Value| site.func.ty(*v);
        let args: Vec<Type> = inst.args.iter().map(ty).collect();
        let result = inst.result.as_ref().map(ty);
        if !args.iter().chain(&result).all(whole) {
            self.report(10, Some(site), format!("vectors have {ROW_LANES} lanes"));
        }
        if !self.types_agree(inst, &args, result) {
            let message = format!("operands or result do not fit `{}`", inst.op.name());
            self.report(6, Some(site), message);
        }
    }

    /// Rules 5, 7 and 8.
    fn immediate(&mut self, site: Site<'_>, inst: &InstData) -> bool {
        let module = self.module;
        let found = match inst.imm {
            Imm::Derived(id) => module.derived(id).is_some(),
            Imm::Object(id) => module.object(id).is_some(),
            Imm::Array(first, len) => {
                let end = first.index().saturating_add(len as usize);
                len > 0 && end <= module.objects.len()
            }
            Imm::Record(id) => module.record(id).is_some(),
            Imm::Field(id, field) => {
                module.record(id).is_some_and(|r| r.fields.get(field as usize).is_some())
            }
            Imm::None | Imm::Int(_) | Imm::Shift(_) | Imm::Cond(_) | Imm::Quantity(_) => true,
        };
        if !found {
            self.report(5, Some(site), "it names something that is not declared".into());
            return false;
        }
        if let Imm::Shift(places) = inst.imm {
            let width = match inst.result.map(|v| site.func.ty(v)) {
                Some(Type::Vector { elem, .. }) => elem.bits(),
                Some(Type::I32 | Type::Mask { .. }) | None => 32,
            };
            if !(1..width).contains(&u32::from(places)) {
                self.report(7, Some(site), format!("a shift by {places} places"));
            }
        }
        let allowed = match (inst.op, inst.imm) {
            (_, Imm::Quantity(Quantity::Weight)) if module.signed => false,
            (_, Imm::Quantity(Quantity::SignedWeight)) if !module.signed => false,
            (Op::Read, Imm::Quantity(q)) => q.readable(),
            (Op::Write, Imm::Quantity(q)) => q.writable(),
            (Op::Store, Imm::Object(id)) => module.object(id).is_some_and(|o| !o.input),
            (Op::LoadElement | Op::StoreElement, Imm::Array(first, len)) => {
                let elements = module.objects.iter().skip(first.index()).take(len as usize);
                let mut elements =
                    elements.map(|o| (o.scope, o.input && inst.op == Op::StoreElement));
                elements.all(|element| element == (Scope::Rule, false))
            }
            _ => true,
        };
        if !allowed {
            self.report(8, Some(site), format!("`{}` is not possible here", inst.op.name()));
        }
        allowed
    }

    /// Rule 6.
    fn types_agree(&self, inst: &InstData, args: &[Type], result: Option<Type>) -> bool {
        let scalar = Type::I32;
        let scoped = |scope: Scope| if scope.is_vector() { Type::ROW16 } else { scalar };
        match inst.op.sig() {
            Sig::Scalar => args.is_empty() && result == Some(scalar),
            Sig::ScalarUnary => args == [scalar] && result == Some(scalar),
            Sig::ScalarBinary => args == [scalar; 2] && result == Some(scalar),
            Sig::Binary => {
                matches!(*args, [a, b] if a == b && result == Some(a)
                    && (a == scalar || a.is_vector()))
            }
            Sig::LaneBinary => {
                matches!(*args, [a, b] if a == b && result == Some(a) && a.is_vector())
            }
            Sig::Unary => {
                matches!(*args, [a] if result == Some(a) && (a == scalar || a.is_vector()))
            }
            Sig::Compare => {
                matches!(*args, [a, b] if a == b && result == Some(a.comparison())
                    && (a == scalar || a.is_vector()))
            }
            Sig::Select => {
                matches!(*args, [m, a, b] if a == b && result == Some(a)
                    && m == a.comparison() && (a == scalar || a.is_vector()))
            }
            Sig::MaskBinary => {
                matches!(*args, [a, b] if a == b && result == Some(a) && mask(a))
            }
            Sig::MaskUnary => matches!(*args, [a] if result == Some(a) && mask(a)),
            Sig::Splat => args == [scalar] && result.is_some_and(Type::is_vector),
            Sig::Widen => args == [Type::ROW8] && result == Some(Type::ROW16),
            Sig::Narrow => args == [Type::ROW16] && result == Some(Type::ROW8),
            Sig::Event => args == [scalar; 2] && result.is_none(),
            Sig::Reduce => args == [Type::ROW16] && result == Some(scalar),
            Sig::Lanes => args.is_empty() && result == Some(Type::ROW16),
            Sig::ReadChip => {
                let Imm::Quantity(q) = inst.imm else { return false };
                args == row(q.per_row()) && result == Some(Type::ROW16)
            }
            Sig::WriteChip => {
                let Imm::Quantity(q) = inst.imm else { return false };
                value_after(args, q.per_row(), Type::ROW16) && result.is_none()
            }
            Sig::Load => {
                let Some(scope) = self.object_scope(inst) else { return false };
                args == row(scope.per_row()) && result == Some(scoped(scope))
            }
            Sig::Store => {
                let Some(scope) = self.object_scope(inst) else { return false };
                value_after(args, scope.per_row(), scoped(scope)) && result.is_none()
            }
            Sig::LoadElement => args == [scalar] && result == Some(scalar),
            Sig::StoreElement => args == [scalar; 2] && result.is_none(),
            Sig::RecordPut => {
                let Imm::Field(id, field) = inst.imm else { return false };
                let fields = self.module.record(id).map(|r| &r.fields);
                let Some(field) = fields.and_then(|f| f.get(field as usize)) else { return false };
                let (rows, ty) = (field.scope.per_row(), scoped(field.scope));
                value_after(args, rows, ty) && result.is_none()
            }
        }
    }

    /// Scope of the object that a load or store names.
    fn object_scope(&self, inst: &InstData) -> Option<Scope> {
        let Imm::Object(id) = inst.imm else { return None };
        self.module.object(id).map(|object| object.scope)
    }
}

/// Whether a vector or mask has the lanes of a row.
fn whole(ty: &Type) -> bool {
    ty.lanes().is_none_or(|lanes| lanes == ROW_LANES)
}

const fn mask(ty: Type) -> bool {
    matches!(ty, Type::Mask { .. })
}

/// The operands of something that names a row position or not.
const fn row(per_row: bool) -> &'static [Type] {
    if per_row { &[Type::I32] } else { &[] }
}

/// Whether the operands are a row position, if one is named, and a value.
fn value_after(args: &[Type], per_row: bool, value: Type) -> bool {
    args.split_last().is_some_and(|(last, before)| *last == value && before == row(per_row))
}

/// For each block the values defined on every path from the entry to it; `None` if unreachable.
fn available_on_entry(func: &Function) -> Vec<Option<Vec<bool>>> {
    let mut available: Vec<Option<Vec<bool>>> = vec![None; func.blocks.len()];
    available[0] = Some(vec![false; func.values.len()]);
    let mut work = vec![Block(0)];
    while let Some(block) = work.pop() {
        let data = func.block(block);
        let Some(mut out) = available[block.index()].clone() else { continue };
        let results = data.insts.iter().filter_map(|i| func.inst(*i).result);
        data.params.iter().copied().chain(results).for_each(|v| out[v.index()] = true);
        for call in data.terminator.calls() {
            let changed = match &mut available[call.block.index()] {
                Some(before) => {
                    let mut changed = false;
                    for (b, o) in before.iter_mut().zip(&out) {
                        changed |= *b && !o;
                        *b &= *o;
                    }
                    changed
                }
                unseen => {
                    *unseen = Some(out.clone());
                    true
                }
            };
            if changed {
                work.push(call.block);
            }
        }
    }
    available
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FunctionBuilder, Inst};

    /// Rules that a function breaks as `update` of an empty module; the text form cannot say these.
    fn broken(func: Function) -> Vec<u32> {
        let module = Module { functions: vec![func], ..Module::empty("m") };
        let errors = verify(module).err().unwrap_or_default();
        errors.iter().map(|error| error.rule).collect()
    }

    #[test]
    fn an_instruction_exists_and_is_listed_once() {
        let mut builder = FunctionBuilder::new("update");
        builder.iconst(1);
        let func = builder.finish();
        assert_eq!(broken(func.clone()), [0; 0]);
        let mut missing = func.clone();
        missing.blocks[0].insts.push(Inst(9));
        assert_eq!(broken(missing), [3]);
        let mut twice = func;
        twice.blocks[0].insts.push(Inst(0));
        assert_eq!(broken(twice), [3]);
    }

    #[test]
    fn a_value_has_an_entry_in_the_table() {
        let mut builder = FunctionBuilder::new("update");
        builder.value(Op::Add, Imm::None, &[Value(7), Value(7)], Type::I32);
        assert_eq!(broken(builder.finish()), [3]);
    }

    #[test]
    fn an_immediate_is_of_the_kind_of_the_op() {
        let mut builder = FunctionBuilder::new("update");
        builder.value(Op::Const, Imm::None, &[], Type::I32);
        builder.value(Op::Const, Imm::Shift(1), &[], Type::I32);
        assert_eq!(broken(builder.finish()), [5, 5]);
    }
}
