//! Instructions: finding what a mnemonic names, and giving operands their values.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::expr::{Expr, Parser, Symbols, Value};
use super::lexer::{Spanned, Token};
use super::statement::{FixupKind, Unit};
use super::{AsmError, Place};
use crate::alias::{ALIASES, Alias, AliasError};
use crate::branch::{self, BranchAlias};
use crate::encode::{EncodeError, encode};
use crate::field::{Field, FieldKind};
use crate::instruction::{Instruction, OPERANDS_MAX};
use crate::opcode::{Flag, Flags, INSNS, InsnInfo, Opcode};

/// What a mnemonic names.
#[derive(Clone, Copy)]
enum Shape {
    Plain(Opcode, Flags),
    Alias(&'static Alias, Flags),
    Branch(BranchAlias),
}

/// A part of an address an operand asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// `@l`: the low half.
    Low,
    /// `@h`: the high half.
    High,
    /// `@ha`: the high half, made so that adding the signed low half gives the whole.
    HighAdjusted,
}

struct Arg {
    expr: Expr,
    part: Part,
    /// Whether it stands in parentheses after the operand before it.
    in_parentheses: bool,
    place: Place,
}

/// An instruction whose operands wait for symbols.
pub(super) struct Operands {
    mnemonic: String,
    shape: Shape,
    args: Vec<Arg>,
}

/// Every mnemonic with the letters of its flags, except composed branches.
static MNEMONICS: LazyLock<BTreeMap<String, Shape>> = LazyLock::new(|| {
    let mut names = BTreeMap::new();
    let sets = |info: &InsnInfo| {
        info.flags.iter().fold(vec![Flags::NONE], |mut sets, flag| {
            sets.extend(sets.clone().into_iter().map(|s| s.with(*flag)));
            sets
        })
    };
    for info in INSNS {
        for flags in sets(info) {
            let instruction = Instruction { flags, ..Instruction::new(info.opcode, &[]) };
            names.insert(instruction.mnemonic(), Shape::Plain(info.opcode, flags));
        }
    }
    for alias in ALIASES {
        for flags in sets(alias.target.info()) {
            let instruction = Instruction { flags, ..Instruction::new(alias.target, &[]) };
            let name = instruction.mnemonic_as(alias.mnemonic);
            names.insert(name, Shape::Alias(alias, flags));
        }
    }
    names
});

/// Instructions of the Power ISA that programs use and this core lacks, with what to write.
const ABSENT: &[(&str, &str)] = &[
    ("isync", "`sync` is the core's only barrier"),
    ("eieio", "`sync` is the core's only barrier"),
    ("mbar", "`sync` is the core's only barrier"),
    ("isel", "branch around a move"),
    ("sc", "there is no system call; `trap` raises a program interrupt"),
    ("wrteei", "change EE by `mfmsr` and `mtmsr`"),
    ("wrtee", "change EE by `mfmsr` and `mtmsr`"),
    ("mcrxr", "read XER by `mfxer`"),
    ("lwarx", "the core has no reservations"),
    ("stwcx.", "the core has no reservations"),
    ("dcbz", "the core has no cache instructions"),
    ("dcbf", "the core has no cache instructions"),
    ("dcbst", "the core has no cache instructions"),
    ("icbi", "the core has no cache instructions"),
];

fn find(mnemonic: &str, place: Place) -> Result<Shape, AsmError> {
    if let Some(shape) = MNEMONICS.get(mnemonic) {
        return Ok(*shape);
    }
    if let Some(alias) = branch::parse(mnemonic) {
        return Ok(Shape::Branch(alias));
    }
    if let Some((_, help)) = ABSENT.iter().find(|(name, _)| *name == mnemonic) {
        return Err(place.error_help(format!("the core does not implement `{mnemonic}`"), *help));
    }
    let message = format!("unknown instruction `{mnemonic}`");
    let near =
        MNEMONICS.keys().filter(|name| distance_is_one(name, mnemonic)).min_by_key(|n| n.len());
    Err(match near {
        Some(name) => place.error_help(message, format!("did you mean `{name}`?")),
        None => place.error(message),
    })
}

/// Whether one letter added, removed, replaced or swapped with its neighbour makes `a` into `b`.
fn distance_is_one(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same_start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same_start..], &b[same_start..]);
    let same_end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - same_end], &b[..b.len() - same_end]);
    match (a, b) {
        ([x, y], [z, w]) => x == w && y == z,
        _ => a.len() <= 1 && b.len() <= 1 && a.len() + b.len() > 0,
    }
}

impl Unit {
    /// Takes an instruction: `tokens` are what follows the mnemonic.
    pub(super) fn instruction(
        &mut self,
        word: &str,
        place: Place,
        tokens: &[Spanned],
        end: Place,
    ) -> Result<(), AsmError> {
        let mut mnemonic = word.to_ascii_lowercase();
        let mut tokens = tokens;
        // A branch hint is part of the mnemonic.
        if let [hint, rest @ ..] = tokens
            && let Token::Punct(sign @ ("+" | "-")) = hint.token
            && hint.joined
        {
            mnemonic.push_str(sign);
            tokens = rest;
        }
        let shape = find(&mnemonic, place)?;
        let args = self.args(Parser::new(tokens, end))?;
        let operands = Operands { mnemonic, shape, args };
        operands.check_count(place, end)?;
        let aligned = self.section().size.is_multiple_of(4);
        if !aligned {
            return Err(place.error_help(
                "an instruction must stand at a multiple of 4",
                "put `.balign 4` before it",
            ));
        }
        self.emit_later(4, FixupKind::Instruction(operands), place)
    }

    fn args(&self, mut parser: Parser<'_>) -> Result<Vec<Arg>, AsmError> {
        let mut args = Vec::new();
        if parser.at_end() {
            return Ok(args);
        }
        loop {
            args.push(self.arg(&mut parser, false)?);
            if parser.eat("(") {
                args.push(self.arg(&mut parser, true)?);
                parser.expect(")")?;
            }
            if !parser.eat(",") {
                parser.finish()?;
                return Ok(args);
            }
        }
    }

    fn arg(&self, parser: &mut Parser<'_>, in_parentheses: bool) -> Result<Arg, AsmError> {
        let place = parser.place();
        let expr = parser.expr(self)?;
        let mut part = Part::Whole;
        if parser.eat("@") {
            let place = parser.place();
            part = match parser.name()?.0.as_str() {
                "l" => Part::Low,
                "h" => Part::High,
                "ha" => Part::HighAdjusted,
                other => {
                    return Err(place.error_help(
                        format!("`@{other}` names no part of an address"),
                        "use `@l`, `@h` or `@ha`",
                    ));
                }
            };
        }
        Ok(Arg { expr, part, in_parentheses, place })
    }
}

impl Operands {
    fn fields(&self) -> Vec<Field> {
        match &self.shape {
            Shape::Plain(Opcode::Rlwinm | Opcode::Rlwimi | Opcode::Rlwnm, _)
                if self.args.len() == 4 =>
            {
                // The fourth operand is the mask itself; it is split in `with_mask`.
                let opcode = self.target().info();
                opcode.operands[..4].iter().map(|o| o.field).collect()
            }
            Shape::Plain(opcode, _) => opcode.info().operands.iter().map(|o| o.field).collect(),
            Shape::Alias(alias, _) => alias.operands.to_vec(),
            Shape::Branch(alias) => alias.operands().collect(),
        }
    }

    fn target(&self) -> Opcode {
        match &self.shape {
            Shape::Plain(opcode, _) => *opcode,
            Shape::Alias(alias, _) => alias.target,
            Shape::Branch(_) => Opcode::Bc,
        }
    }

    fn is_absolute(&self) -> bool {
        match &self.shape {
            Shape::Plain(_, flags) | Shape::Alias(_, flags) => flags.has(Flag::Aa),
            Shape::Branch(alias) => alias.is_absolute(),
        }
    }

    /// How the instruction is written, for help.
    fn usage(&self) -> String {
        let mut text = format!("write `{}", self.mnemonic);
        let mut separator = ' ';
        let mut in_parentheses = false;
        for field in self.fields() {
            let spec = field.spec();
            let name = format!("{field:?}").to_ascii_lowercase();
            let (open, close) = match (in_parentheses, spec.optional) {
                (true, _) => ("(".to_owned(), ")"),
                (false, true) => (format!("[{separator}"), "]"),
                (false, false) => (separator.to_string(), ""),
            };
            text.push_str(&open);
            text.push_str(&name);
            text.push_str(close);
            separator = ',';
            in_parentheses = spec.kind == FieldKind::Displacement;
        }
        text.push('`');
        text
    }

    fn check_count(&self, place: Place, end: Place) -> Result<(), AsmError> {
        let fields = self.fields();
        let optional = fields.iter().filter(|f| f.spec().optional).count();
        let needed = fields.len() - optional;
        let found = self.args.len();
        if (needed..=fields.len()).contains(&found) {
            let mut displaced = false;
            for (field, arg) in self.filled().zip(&self.args) {
                if arg.in_parentheses != displaced {
                    return Err(arg.place.error_help(
                        "parentheses stand around the base of an address and nowhere else",
                        self.usage(),
                    ));
                }
                displaced = field.spec().kind == FieldKind::Displacement;
            }
            return Ok(());
        }
        let wanted = if optional == 0 {
            needed.to_string()
        } else {
            format!("{needed} to {}", fields.len())
        };
        let place = self.args.get(fields.len()).map_or_else(|| place.max(end), |a| a.place);
        Err(place.error_help(
            format!("`{}` takes {wanted} operands, found {found}", self.mnemonic),
            self.usage(),
        ))
    }

    /// The fields that were written: optional ones are left out from the first on.
    fn filled(&self) -> impl Iterator<Item = Field> {
        let fields = self.fields();
        let mut missing = fields.len().saturating_sub(self.args.len());
        fields.into_iter().filter(move |field| {
            let skipped = missing > 0 && field.spec().optional;
            missing -= usize::from(skipped);
            !skipped
        })
    }

    /// The word at `address`.
    pub(super) fn word(
        &self,
        address: u32,
        symbols: &dyn Symbols,
        place: Place,
    ) -> Result<u32, AsmError> {
        let fields = self.fields();
        let mut values = [0; OPERANDS_MAX];
        let mut places = [place; OPERANDS_MAX];
        for (field, arg) in self.filled().zip(&self.args) {
            let index = fields.iter().enumerate().position(|(i, f)| {
                // A field may stand twice; take the first place that is free.
                *f == field && places[i] == place
            });
            let Some(index) = index else { continue };
            places[index] = arg.place;
            values[index] = self.value(field, arg, address, symbols)?;
        }
        let values = &values[..fields.len()];
        let instruction = match &self.shape {
            Shape::Plain(opcode, flags) => {
                let new = |opcode, values: &[i32]| Instruction {
                    flags: *flags,
                    ..Instruction::new(opcode, values)
                };
                match (opcode, values) {
                    // The form for one field is used where it can be, as the GNU assembler does.
                    (Opcode::Mtcrf, [mask, _])
                        if (1..256).contains(mask) && mask & (mask - 1) == 0 =>
                    {
                        new(Opcode::Mtocrf, values)
                    }
                    (Opcode::Rlwinm | Opcode::Rlwimi | Opcode::Rlwnm, &[ra, rs, sh, mask]) => {
                        let (mb, me) = mask_bounds(mask.cast_unsigned()).ok_or_else(|| {
                            places[3].error_help(
                                format!("{mask:#x} is no mask of one run of bits"),
                                "write the first and last bit of the mask",
                            )
                        })?;
                        new(*opcode, &[ra, rs, sh, mb, me])
                    }
                    _ => new(*opcode, values),
                }
            }
            Shape::Alias(alias, flags) => {
                let rewritten = alias.rewrite(values).map_err(|error| match error {
                    AliasError::MustBeZero(i) => places[i].error("this operand must be 0"),
                    AliasError::TooLarge(i, high) => {
                        places[i].error(format!("this operand must be in 0..={high}"))
                    }
                })?;
                Instruction { flags: *flags, ..rewritten }
            }
            Shape::Branch(alias) => alias.rewrite(values),
        };
        encode(&instruction).map_err(|error| self.explain(&error, &instruction, &places, place))
    }

    /// An encoding error at the operand it is about.
    fn explain(
        &self,
        error: &EncodeError,
        instruction: &Instruction,
        places: &[Place],
        place: Place,
    ) -> AsmError {
        let EncodeError::OutOfRange { operand, .. } = error else {
            return place.error(error.to_string());
        };
        let operands = instruction.opcode.info().operands;
        let index = operands.iter().position(|o| o.name == *operand).unwrap_or_default();
        let kind = operands.get(index).map(|o| o.field.spec().kind);
        // Only in plain instructions do operands stand in the order of the fields.
        let plain = matches!(self.shape, Shape::Plain(..));
        let at = if plain { places.get(index) } else { self.args.last().map(|a| &a.place) };
        let at = at.copied().unwrap_or(place);
        match kind {
            Some(FieldKind::Target) => at.error_help(
                format!("the branch target is out of reach: {error}"),
                "branch to a `b` that goes there, or load the address and use `bctr`",
            ),
            _ => at.error(error.to_string()),
        }
    }

    fn value(
        &self,
        field: Field,
        arg: &Arg,
        address: u32,
        symbols: &dyn Symbols,
    ) -> Result<i32, AsmError> {
        let kind = field.spec().kind;
        let operand = OperandSymbols { symbols, kind };
        let number = arg.expr.evaluate(&operand)?.number;
        let image = word_image(number)
            .ok_or_else(|| arg.place.error(format!("{number} does not fit a word")))?;
        let half = match arg.part {
            Part::Whole => None,
            Part::Low => Some(image),
            Part::High => Some(image >> 16),
            Part::HighAdjusted => Some(image.wrapping_add(0x8000) >> 16),
        };
        if let Some(half) = half {
            let half = half & 0xffff;
            let signed = field.spec().signed;
            let sign = if signed && half & 0x8000 != 0 { 0xffff_0000 } else { 0 };
            return Ok((half | sign).cast_signed());
        }
        let image = if kind == FieldKind::Target && !self.is_absolute() {
            image.wrapping_sub(address)
        } else if kind == FieldKind::SignedShifted && (0x8000..=0xffff).contains(&image) {
            // An immediate that is shifted may be written as the unsigned half it becomes.
            image | 0xffff_0000
        } else {
            image
        };
        Ok(image.cast_signed())
    }
}

/// The word holding a number, written signed or unsigned.
pub(super) fn word_image(number: i64) -> Option<u32> {
    i32::try_from(number).map(i32::cast_unsigned).or_else(|_| u32::try_from(number)).ok()
}

/// First and last bit of a mask of one run of ones, possibly around the end of the word.
fn mask_bounds(mask: u32) -> Option<(i32, i32)> {
    let bounds = |mask: u32| {
        let (first, last) = (mask.leading_zeros(), 31 - mask.trailing_zeros());
        let run = (u32::MAX >> first) & (u32::MAX << (31 - last));
        (run == mask).then_some((first.cast_signed(), last.cast_signed()))
    };
    match mask {
        0 => None,
        u32::MAX => Some((0, 31)),
        _ => bounds(mask).or_else(|| bounds(!mask).map(|(first, last)| (last + 1, first - 1))),
    }
}

/// The symbols of an operand: names of registers where the field is one.
struct OperandSymbols<'s> {
    symbols: &'s dyn Symbols,
    kind: FieldKind,
}

/// Number of the register `prefix` followed by digits names.
fn numbered(name: &str, prefix: &str, count: i64) -> Option<i64> {
    let digits = name.strip_prefix(prefix)?;
    let plain =
        digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|number| plain && *number < count)
}

/// What a register name says where a field of `kind` stands.
fn register(name: &str, kind: FieldKind) -> Option<i64> {
    match kind {
        FieldKind::Gpr | FieldKind::GprOrZero => match name {
            "sp" => Some(1),
            _ => numbered(name, "r", 32),
        },
        FieldKind::Vr => numbered(name, "v", 32),
        FieldKind::Crf => numbered(name, "cr", 8),
        FieldKind::CrBit => match name {
            "lt" => Some(0),
            "gt" => Some(1),
            "eq" => Some(2),
            "so" | "un" => Some(3),
            _ => numbered(name, "cr", 8),
        },
        FieldKind::Number
        | FieldKind::SignedShifted
        | FieldKind::Displacement
        | FieldKind::Target
        | FieldKind::Spr => None,
    }
}

const REGISTER_KINDS: [(FieldKind, &str); 4] = [
    (FieldKind::Gpr, "a general-purpose register"),
    (FieldKind::Vr, "a vector register"),
    (FieldKind::Crf, "a condition register field"),
    (FieldKind::CrBit, "a condition register bit"),
];

impl OperandSymbols<'_> {
    fn wrong(&self, name: &str, place: Place) -> AsmError {
        let is = REGISTER_KINDS.iter().find(|(kind, _)| register(name, *kind).is_some());
        let is = is.map_or("no register of the core", |(_, text)| *text);
        let wanted = REGISTER_KINDS.iter().find(|(kind, _)| {
            *kind == self.kind || (*kind == FieldKind::Gpr && self.kind == FieldKind::GprOrZero)
        });
        let wanted = wanted.map_or("a number", |(_, text)| *text);
        place.error_help(format!("`{name}` is {is}"), format!("this operand is {wanted}"))
    }
}

impl Symbols for OperandSymbols<'_> {
    fn value(&self, name: &str, place: Place) -> Result<Value, AsmError> {
        if let Some(number) = register(name, self.kind) {
            return Ok(Value::number(number));
        }
        let result = self.symbols.value(name, place);
        let is_register = || REGISTER_KINDS.iter().any(|(kind, _)| register(name, *kind).is_some());
        if result.is_err() && is_register() {
            return Err(self.wrong(name, place));
        }
        result
    }

    fn register(&self, name: &str, place: Place) -> Result<Value, AsmError> {
        register(name, self.kind).map(Value::number).ok_or_else(|| self.wrong(name, place))
    }

    fn place(&self, value: Value) -> Value {
        self.symbols.place(value)
    }
}
