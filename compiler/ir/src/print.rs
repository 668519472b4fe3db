//! The text form, printing side; `parse.rs` has the grammar.
//!
//! Printing shows the numbers a function has. `parse::module(&print::module(&m))` equals
//! `m.renumbered()`, so normalised modules come back as they were.

use crate::{BlockCall, Function, Generators, Imm, InstData, Module, Terminator, Value};
use core::fmt::{self, Display, Formatter, Write};
use core::ops::RangeInclusive;

/// The text form of a module.
#[must_use]
pub fn module(module: &Module) -> String {
    module.to_string()
}

/// The text form of a function.
#[must_use]
pub fn function(func: &Function) -> String {
    func.to_string()
}

/// An instruction on one line, without the type of its result.
#[must_use]
pub fn instruction(inst: &InstData) -> String {
    match inst.result {
        Some(result) => format!("{result} = {}", Operation(inst)),
        None => Operation(inst).to_string(),
    }
}

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "module {} rows {}", Quoted(&self.name), self.rows_max)?;
        if self.columns_max != 256 {
            write!(f, " columns {}", self.columns_max)?;
        }
        if self.signed {
            write!(f, " signed")?;
        }
        if self.generators == Generators::Hardware {
            write!(f, " rng hardware")?;
        }
        writeln!(f)?;
        for (index, derived) in self.derived.iter().enumerate() {
            write!(f, "derived d{index} = {}", derived.default)?;
            writeln!(f, "{} {}", Within(derived.range.as_ref()), Quoted(&derived.name))?;
        }
        for (index, object) in self.objects.iter().enumerate() {
            let kind = if object.input { "input" } else { "object" };
            let (scope, name) = (object.scope.name(), Quoted(&object.name));
            write!(f, "{kind} s{index} = {scope} {name} init {}", object.initial)?;
            writeln!(f, "{}", Within(object.range.as_ref()))?;
        }
        for (index, record) in self.records.iter().enumerate() {
            write!(f, "record r{index} every {}:", record.every)?;
            for (position, field) in record.fields.iter().enumerate() {
                let comma = if position > 0 { "," } else { "" };
                let (name, scope) = (Quoted(&field.name), field.scope.name());
                write!(f, "{comma} {name} {scope} frac {}", field.frac)?;
            }
            writeln!(f)?;
        }
        self.functions.iter().try_for_each(|func| write!(f, "\n{func}"))
    }
}

impl Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match is_word(&self.name) {
            true => writeln!(f, "function {} {{", self.name)?,
            false => writeln!(f, "function {} {{", Quoted(&self.name))?,
        }
        for (index, block) in self.blocks.iter().enumerate() {
            write!(f, "block{index}(")?;
            for (position, param) in block.params.iter().enumerate() {
                let comma = if position > 0 { ", " } else { "" };
                write!(f, "{comma}{}", Typed(self, *param))?;
            }
            writeln!(f, "):")?;
            for inst in block.insts.iter().filter_map(|inst| self.insts.get(inst.index())) {
                match inst.result {
                    Some(result) => writeln!(f, "  {} = {}", Typed(self, result), Operation(inst))?,
                    None => writeln!(f, "  {}", Operation(inst))?,
                }
            }
            writeln!(f, "  {}", block.terminator)?;
        }
        writeln!(f, "}}")
    }
}

impl Display for Terminator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Terminator::Jump(call) => write!(f, "jump {call}"),
            Terminator::Branch(cond, then, other) => write!(f, "branch {cond}, {then}, {other}"),
            Terminator::Return => f.write_str("return"),
        }
    }
}

impl Display for BlockCall {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.block)?;
        for (position, arg) in self.args.iter().enumerate() {
            let comma = if position > 0 { ", " } else { "" };
            write!(f, "{comma}{arg}")?;
        }
        f.write_char(')')
    }
}

/// The range of a declaration, if it has one.
struct Within<'a>(Option<&'a RangeInclusive<i32>>);

impl Display for Within<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |range| write!(f, " in {}..{}", range.start(), range.end()))
    }
}

/// A value where it is defined, with its type.
struct Typed<'a>(&'a Function, Value);

impl Display for Typed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.values.get(self.1.index()) {
            Some(ty) => write!(f, "{}:{ty}", self.1),
            None => write!(f, "{}:?", self.1),
        }
    }
}

/// Mnemonic, immediate and operands.
struct Operation<'a>(&'a InstData);

impl Display for Operation<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let inst = self.0;
        f.write_str(inst.op.name())?;
        match inst.imm {
            Imm::None => {}
            Imm::Int(x) => write!(f, " {x}")?,
            Imm::Shift(places) => write!(f, " {places}")?,
            Imm::Cond(cond) => write!(f, ".{}", cond.name())?,
            Imm::Quantity(quantity) => write!(f, ".{}", quantity.name())?,
            Imm::Derived(id) => write!(f, " {id}")?,
            Imm::Object(id) => write!(f, " {id}")?,
            Imm::Array(first, len) => write!(f, " {first}[{len}]")?,
            Imm::Record(id) => write!(f, " {id}")?,
            Imm::Field(id, field) => write!(f, " {id}.{field}")?,
        }
        let suffix = matches!(inst.imm, Imm::None | Imm::Cond(_) | Imm::Quantity(_));
        for (index, arg) in inst.args.iter().enumerate() {
            let comma = if index > 0 || !suffix { ", " } else { " " };
            write!(f, "{comma}{arg}")?;
        }
        Ok(())
    }
}

/// Whether a function's name needs no quotes.
fn is_word(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// A name in quotes: `\"` and `\\`, and `\u{..}` for what would break a line.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}
