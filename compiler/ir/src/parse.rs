//! The text form, reading side. Every line is one item; `;` starts a comment.
//!
//! ```text
//! module "structural" rows 256
//! derived d0 = 4096 in 0..16384 "lambda_stdp, q1.14"
//! object s0 = synapse "trace" init 0
//! input s1 = rule "reward" init 0 in -65536..65536
//! record r0 every 100: "weight" synapse frac 0, "address" synapse frac 0
//!
//! function update {
//! block0():
//!   v0:i32 = const 0
//!   jump block1(v0)
//! block1(v1:i32):
//!   v2:i16x256 = read.weight v1
//!   v3:i16x256 = shl 2, v2
//!   store s0, v1, v3
//!   branch v1, block1(v1), block2()
//! block2():
//!   return
//! }
//! ```
//!
//! Declarations and blocks are numbered from 0 in the order they are written, which the parser
//! checks; `in` names the smallest and the largest raw value that is set from outside. Values may
//! have any numbers; parsing numbers them anew in the order of definition.
//! An op is followed by its immediate (a comparison or quantity after a dot) and its operands.
//! Names are in quotes, with `\"`, `\\` and `\u{..}`; a function's may go without if it is a word.
//! What the grammar cannot see (types, dominance, existence of blocks) is left to `verify`.

mod cursor;

use crate::op::{Cond, ImmKind};
use crate::{
    Block, BlockCall, Derived, DerivedId, Field, Function, Generators, Imm, Inst, InstData, Module,
    Object, ObjectId, Op, Quantity, Record, RecordId, Scope, Terminator, Type, Value,
    func::BlockData,
};
use core::ops::RangeInclusive;
use cursor::{Cursor, Parsed};
use std::collections::BTreeMap;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ParseError {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What was expected.
    pub message: String,
}

/// Reads a module.
///
/// # Errors
/// Every line that cannot be read, in order.
pub fn module(text: &str) -> Result<Module, Vec<ParseError>> {
    let mut parser = Parser::default();
    for (index, line) in text.lines().enumerate() {
        let mut cursor = Cursor::new(line, u32::try_from(index + 1).unwrap_or(u32::MAX));
        if !cursor.at_end()
            && let Err(error) = parser.line(&mut cursor)
        {
            parser.errors.push(error);
            parser.incomplete = true;
        }
    }
    let end = Cursor::new("", u32::try_from(text.lines().count().max(1)).unwrap_or(u32::MAX));
    if parser.open.is_some() {
        parser.errors.push(end.error("a function lacks its closing `}`"));
    }
    match parser.module {
        Some(module) if parser.errors.is_empty() => Ok(module),
        module => {
            if module.is_none() && parser.errors.is_empty() {
                parser.errors.push(end.error("expected `module \"name\" rows 256`"));
            }
            Err(parser.errors)
        }
    }
}

#[derive(Default)]
struct Parser<'a> {
    module: Option<Module>,
    open: Option<Body<'a>>,
    /// Whether a line of the open function could not be read, so that others may seem wrong.
    incomplete: bool,
    errors: Vec<ParseError>,
}

/// A function being read. Its values still have the numbers of the text.
struct Body<'a> {
    func: Function,
    /// Whether the last block has its terminator.
    ended: bool,
    /// Number in the text -> value.
    names: BTreeMap<u32, Value>,
    uses: Vec<(u32, Cursor<'a>)>,
}

impl<'a> Parser<'a> {
    fn line(&mut self, cursor: &mut Cursor<'a>) -> Parsed<()> {
        if let Some(body) = &mut self.open {
            if !cursor.eat('}') {
                return body.line(cursor);
            }
            cursor.end()?;
            return self.close(cursor);
        }
        let start = cursor.clone();
        let keyword = cursor.word();
        let Some(module) = &mut self.module else {
            if keyword != "module" {
                return Err(start.error("expected `module \"name\" rows 256` first"));
            }
            let name = cursor.quoted()?;
            cursor.keyword("rows")?;
            let rows_max = cursor.number("a number of rows")?;
            let columns = cursor.eat_word("columns");
            let columns_max = if columns { cursor.number("a number of columns")? } else { 256 };
            let signed = cursor.eat_word("signed");
            let mut generators = Generators::Own;
            if cursor.eat_word("rng") {
                cursor.keyword("hardware")?;
                generators = Generators::Hardware;
            }
            let limits =
                Module { rows_max, columns_max, signed, generators, ..Module::empty(&name) };
            self.module = Some(limits);
            return cursor.end();
        };
        match keyword {
            "derived" => module.derived_line(cursor)?,
            "object" => module.object_line(cursor, false)?,
            "input" => module.object_line(cursor, true)?,
            "record" => module.record_line(cursor)?,
            "function" => {
                self.incomplete = false;
                let name = match cursor.word() {
                    "" => cursor.quoted()?,
                    word => word.to_owned(),
                };
                let func = Function { blocks: Vec::new(), ..Function::new(&name) };
                let (names, uses) = Default::default();
                self.open = Some(Body { func, ended: true, names, uses });
                cursor.expect('{')?;
            }
            _ => {
                const ITEMS: &str = "expected `derived`, `object`, `input`, `record` or `function`";
                return Err(start.error(ITEMS));
            }
        }
        cursor.end()
    }

    /// Ends the open function: gives its values their numbers.
    fn close(&mut self, end: &Cursor<'_>) -> Parsed<()> {
        let Some(mut body) = self.open.take() else { return Ok(()) };
        if !body.ended {
            return Err(end.error("the last block lacks `jump`, `branch` or `return`"));
        }
        if !self.incomplete {
            let undefined = body.uses.iter().filter(|(number, _)| !body.names.contains_key(number));
            let error = |(number, place): &(u32, Cursor<'_>)| {
                place.error(format!("v{number} is not defined in this function"))
            };
            self.errors.extend(undefined.map(error));
        }
        let value = |v: Value| body.names.get(&v.0).copied().unwrap_or(v);
        for inst in &mut body.func.insts {
            inst.args.iter_mut().for_each(|v| *v = value(*v));
        }
        for block in &mut body.func.blocks {
            block.terminator.map_values(value);
        }
        if let Some(module) = &mut self.module {
            module.functions.push(body.func);
        }
        Ok(())
    }
}

/// Reads the number of the next declaration of a kind and the `=` after it.
fn next_number(cursor: &mut Cursor<'_>, prefix: &str, count: usize) -> Parsed<()> {
    cursor.skip_blanks();
    let start = cursor.clone();
    let number = cursor.entity(prefix, "a declaration")?;
    if usize::try_from(number).is_ok_and(|number| number == count) {
        Ok(())
    } else {
        Err(start.error(format!("expected {prefix}{count}: declarations count up from 0")))
    }
}

fn scope(cursor: &mut Cursor<'_>) -> Parsed<Scope> {
    cursor.skip_blanks();
    let start = cursor.clone();
    let name = cursor.word();
    let found = Scope::ALL.iter().find(|(_, scope)| *scope == name);
    found
        .map(|(scope, _)| *scope)
        .ok_or_else(|| start.error("expected `synapse`, `neuron`, `row` or `rule`"))
}

/// The range of a declaration, if it has one.
fn range(cursor: &mut Cursor<'_>) -> Parsed<Option<RangeInclusive<i32>>> {
    if !cursor.eat_word("in") {
        return Ok(None);
    }
    let low = cursor.number("the smallest value")?;
    cursor.expect('.')?;
    cursor.expect('.')?;
    Ok(Some(low..=cursor.number("the largest value")?))
}

impl Module {
    fn derived_line(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        next_number(cursor, DerivedId::PREFIX, self.derived.len())?;
        cursor.expect('=')?;
        let default = cursor.number("a 32-bit integer")?;
        let range = range(cursor)?;
        self.derived.push(Derived { name: cursor.quoted()?, default, range });
        Ok(())
    }

    fn object_line(&mut self, cursor: &mut Cursor<'_>, input: bool) -> Parsed<()> {
        next_number(cursor, ObjectId::PREFIX, self.objects.len())?;
        cursor.expect('=')?;
        let (scope, name) = (scope(cursor)?, cursor.quoted()?);
        cursor.keyword("init")?;
        let initial = cursor.number("a 32-bit integer")?;
        let range = range(cursor)?;
        self.objects.push(Object { name, scope, initial, input, range });
        Ok(())
    }

    fn record_line(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        next_number(cursor, RecordId::PREFIX, self.records.len())?;
        cursor.keyword("every")?;
        let every = cursor.number("a number of updates")?;
        cursor.expect(':')?;
        let mut fields = Vec::new();
        while !cursor.at_end() {
            if !fields.is_empty() {
                cursor.expect(',')?;
            }
            let (name, scope) = (cursor.quoted()?, scope(cursor)?);
            cursor.keyword("frac")?;
            fields.push(Field { name, scope, frac: cursor.number("a number of fraction bits")? });
        }
        self.records.push(Record { every, fields });
        Ok(())
    }
}

impl<'a> Body<'a> {
    fn line(&mut self, cursor: &mut Cursor<'a>) -> Parsed<()> {
        let start = cursor.clone();
        let word = cursor.word();
        let terminator = match word {
            "jump" => Terminator::Jump(self.call(cursor)?),
            "branch" => {
                let cond = self.value(cursor)?;
                cursor.expect(',')?;
                let then = self.call(cursor)?;
                cursor.expect(',')?;
                Terminator::Branch(cond, then, self.call(cursor)?)
            }
            "return" => Terminator::Return,
            _ if word.starts_with(Block::PREFIX) => return self.block(&mut start.clone(), cursor),
            _ => return self.instruction(word, start, cursor),
        };
        cursor.end()?;
        let block = self.filled(&start)?;
        block.terminator = terminator;
        self.ended = true;
        Ok(())
    }

    /// The block that lines now belong to.
    fn filled(&mut self, here: &Cursor<'_>) -> Parsed<&mut BlockData> {
        match self.func.blocks.last_mut() {
            Some(block) if !self.ended => Ok(block),
            _ => Err(here.error("expected a block, as `block0():`")),
        }
    }

    fn block(&mut self, start: &mut Cursor<'a>, cursor: &mut Cursor<'a>) -> Parsed<()> {
        if !self.ended {
            return Err(start.error("the block before lacks `jump`, `branch` or `return`"));
        }
        next_number(start, Block::PREFIX, self.func.blocks.len())?;
        cursor.expect('(')?;
        let mut params = Vec::new();
        while !cursor.eat(')') {
            if !params.is_empty() {
                cursor.expect(',')?;
            }
            params.push(self.definition(cursor)?);
        }
        cursor.expect(':')?;
        cursor.end()?;
        let (insts, terminator) = (Vec::new(), Terminator::Return);
        self.func.blocks.push(BlockData { params, insts, terminator });
        self.ended = false;
        Ok(())
    }

    fn instruction(
        &mut self,
        word: &str,
        start: Cursor<'a>,
        cursor: &mut Cursor<'a>,
    ) -> Parsed<()> {
        self.filled(&start)?;
        let is_value =
            word.strip_prefix('v').is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()));
        let (op_name, place, result) = if is_value {
            *cursor = start;
            let result = self.definition(cursor)?;
            cursor.expect('=')?;
            cursor.skip_blanks();
            let place = cursor.clone();
            (cursor.word(), place, Some(result))
        } else {
            (word, start, None)
        };
        let op = Op::from_name(op_name)
            .ok_or_else(|| place.error(format!("there is no op `{op_name}`")))?;
        let imm = immediate(op, cursor)?;
        let suffix = matches!(imm, Imm::None | Imm::Cond(_) | Imm::Quantity(_));
        let mut args = Vec::new();
        while !cursor.at_end() {
            if !(args.is_empty() && suffix) {
                cursor.expect(',')?;
            }
            args.push(self.value(cursor)?);
        }
        self.func.insts.push(InstData { op, imm, args, result });
        let inst = Inst::new(self.func.insts.len() - 1);
        self.filled(&place)?.insts.push(inst);
        Ok(())
    }

    /// A value where it is defined: `v7:i16x256`.
    fn definition(&mut self, cursor: &mut Cursor<'a>) -> Parsed<Value> {
        cursor.skip_blanks();
        let start = cursor.clone();
        let number = cursor.entity(Value::PREFIX, "a value")?;
        cursor.expect(':')?;
        cursor.skip_blanks();
        let place = cursor.clone();
        let ty: Type = cursor
            .word()
            .parse()
            .map_err(|()| place.error("expected a type: `i32`, `i16x256`, `i8x256` or `b256`"))?;
        // A second definition is a matter for the verifier, unless it leaves the type unclear.
        match self.names.get(&number) {
            Some(value) if self.func.ty(*value) != ty => {
                Err(start.error(format!("v{number} has another type where it was defined first")))
            }
            Some(value) => Ok(*value),
            None => {
                let value = self.func.new_value(ty);
                self.names.insert(number, value);
                Ok(value)
            }
        }
    }

    /// A value where it is used; keeps the number of the text.
    fn value(&mut self, cursor: &mut Cursor<'a>) -> Parsed<Value> {
        cursor.skip_blanks();
        let place = cursor.clone();
        let number = cursor.entity(Value::PREFIX, "a value")?;
        self.uses.push((number, place));
        Ok(Value(number))
    }

    fn call(&mut self, cursor: &mut Cursor<'a>) -> Parsed<BlockCall> {
        let block = Block(cursor.entity(Block::PREFIX, "a block")?);
        cursor.expect('(')?;
        let mut args = Vec::new();
        while !cursor.eat(')') {
            if !args.is_empty() {
                cursor.expect(',')?;
            }
            args.push(self.value(cursor)?);
        }
        Ok(BlockCall { block, args })
    }
}

/// The immediate of an op.
fn immediate(op: Op, cursor: &mut Cursor<'_>) -> Parsed<Imm> {
    Ok(match op.imm() {
        ImmKind::None => Imm::None,
        ImmKind::Int => Imm::Int(cursor.number("a 32-bit integer")?),
        ImmKind::Shift => Imm::Shift(cursor.number("a number of places")?),
        ImmKind::Cond => Imm::Cond(suffix(cursor, &Cond::ALL, "a comparison")?),
        ImmKind::Quantity => Imm::Quantity(suffix(cursor, &Quantity::ALL, "a quantity")?),
        ImmKind::Derived => {
            Imm::Derived(DerivedId(cursor.entity(DerivedId::PREFIX, "a derived value")?))
        }
        ImmKind::Object => Imm::Object(ObjectId(cursor.entity(ObjectId::PREFIX, "an object")?)),
        ImmKind::Array => {
            let first = ObjectId(cursor.entity(ObjectId::PREFIX, "an object")?);
            cursor.expect('[')?;
            let len = cursor.number("a number of elements")?;
            cursor.expect(']')?;
            Imm::Array(first, len)
        }
        ImmKind::Record => Imm::Record(RecordId(cursor.entity(RecordId::PREFIX, "a record")?)),
        ImmKind::Field => {
            let record = RecordId(cursor.entity(RecordId::PREFIX, "a record")?);
            cursor.expect('.')?;
            Imm::Field(record, cursor.number("the position of a field")?)
        }
    })
}

/// The name after the dot of an op.
fn suffix<T: Copy>(cursor: &mut Cursor<'_>, all: &[(T, &str)], what: &str) -> Parsed<T> {
    cursor.expect('.')?;
    let start = cursor.clone();
    let name = cursor.word();
    let found = all.iter().find(|(_, known)| *known == name).map(|(item, _)| *item);
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(_, name)| *name).collect();
        start.error(format!("expected {what}: {}", names.join(", ")))
    })
}
