//! Simplified mnemonics of conditional branches, composed from their parts.
//!
//! A name is `b`, a test, a destination (nothing, `lr`, `ctr`), the letters of the flags, and a
//! hint (`+` likely, `-` unlikely). What is tested stands in the `BO` operand, with the hint in
//! its two spare bits (Power ISA 2.06, book I, 2.4 and appendix E.2).

use core::fmt::Write as _;

use crate::field::Field;
use crate::instruction::Instruction;
use crate::opcode::{Flag, Flags, Opcode};
use crate::reg::{CrBit, Crf};

/// `BO` of a branch that always goes.
const ALWAYS: i32 = 20;

/// What a branch tests, and the operand it is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tested {
    /// A flag of a condition register field, which is an operand (field 0 if left out).
    FlagOfField(i32),
    /// A condition register bit, which is an operand.
    Bit,
    /// No condition register bit.
    Nothing,
}

struct Test {
    name: &'static str,
    bo: i32,
    tested: Tested,
    prints: bool,
}

const fn test(name: &'static str, bo: i32, tested: Tested, prints: bool) -> Test {
    Test { name, bo, tested, prints }
}

static TESTS: &[Test] = &[
    test("lt", 12, Tested::FlagOfField(0), true),
    test("gt", 12, Tested::FlagOfField(1), true),
    test("eq", 12, Tested::FlagOfField(2), true),
    test("so", 12, Tested::FlagOfField(3), true),
    test("un", 12, Tested::FlagOfField(3), false),
    test("ge", 4, Tested::FlagOfField(0), true),
    test("nl", 4, Tested::FlagOfField(0), false),
    test("le", 4, Tested::FlagOfField(1), true),
    test("ng", 4, Tested::FlagOfField(1), false),
    test("ne", 4, Tested::FlagOfField(2), true),
    test("ns", 4, Tested::FlagOfField(3), true),
    test("nu", 4, Tested::FlagOfField(3), false),
    test("t", 12, Tested::Bit, false),
    test("f", 4, Tested::Bit, false),
    test("dnzf", 0, Tested::Bit, true),
    test("dzf", 2, Tested::Bit, true),
    test("dnzt", 8, Tested::Bit, true),
    test("dzt", 10, Tested::Bit, true),
    test("dnz", 16, Tested::Nothing, true),
    test("dz", 18, Tested::Nothing, true),
    test("", ALWAYS, Tested::Nothing, true),
];

/// A hint written after the mnemonic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hint {
    Unlikely,
    Likely,
}

/// The bits of `BO` that hold a hint, for tests that have them: `a` and `t` stand together in
/// tests of a condition alone and apart in tests of the counter alone.
const fn hint_bits(bo: i32) -> Option<(i32, i32)> {
    match bo & 0b10100 {
        0b00100 => Some((0b00010, 0b00011)),
        0b10000 => Some((0b01000, 0b01001)),
        _ => None,
    }
}

const fn hint_mask(bo: i32) -> i32 {
    match hint_bits(bo) {
        Some((_, likely)) => likely,
        None => 0,
    }
}

fn hint_of(bo: i32) -> Option<Hint> {
    let (unlikely, likely) = hint_bits(bo)?;
    match bo & likely {
        bits if bits == likely => Some(Hint::Likely),
        bits if bits == unlikely => Some(Hint::Unlikely),
        _ => None,
    }
}

const fn sign(hint: Option<Hint>) -> &'static str {
    match hint {
        None => "",
        Some(Hint::Unlikely) => "-",
        Some(Hint::Likely) => "+",
    }
}

/// A branch mnemonic as parsed: what its operands are and how they make an instruction.
#[derive(Clone, Copy, Debug)]
pub struct BranchAlias {
    opcode: Opcode,
    flags: Flags,
    bo: i32,
    tested: Tested,
    hint: Option<Hint>,
    /// Whether `BO` and `BI` are written out.
    plain: bool,
}

/// Destination, flags and hint after the test: `rest` of a mnemonic.
fn parse_rest(rest: &str) -> Option<(Opcode, Flags)> {
    let none = Flags::NONE;
    Some(match rest {
        "" => (Opcode::Bc, none),
        "l" => (Opcode::Bc, none.with(Flag::Lk)),
        "a" => (Opcode::Bc, none.with(Flag::Aa)),
        "la" => (Opcode::Bc, none.with(Flag::Lk).with(Flag::Aa)),
        "lr" => (Opcode::Bclr, none),
        "lrl" => (Opcode::Bclr, none.with(Flag::Lk)),
        "ctr" => (Opcode::Bcctr, none),
        "ctrl" => (Opcode::Bcctr, none.with(Flag::Lk)),
        _ => return None,
    })
}

/// The alias a mnemonic names, if it is a simplified branch or a plain one with a hint.
#[must_use]
pub fn parse(mnemonic: &str) -> Option<BranchAlias> {
    let (name, hint) = match mnemonic.strip_suffix('+') {
        Some(name) => (name, Some(Hint::Likely)),
        None => match mnemonic.strip_suffix('-') {
            Some(name) => (name, Some(Hint::Unlikely)),
            None => (mnemonic, None),
        },
    };
    let body = name.strip_prefix('b')?;
    if hint.is_some()
        && let Some((opcode, flags)) = body.strip_prefix('c').and_then(parse_rest)
    {
        return Some(BranchAlias { opcode, flags, bo: 0, tested: Tested::Bit, hint, plain: true });
    }
    TESTS.iter().find_map(|test| {
        let (opcode, flags) = parse_rest(body.strip_prefix(test.name)?)?;
        let unconditional = test.bo == ALWAYS;
        // `b` itself is another instruction, and the counter cannot be counted and be the target.
        let exists = if opcode == Opcode::Bc {
            !unconditional
        } else {
            opcode == Opcode::Bclr || test.bo & 4 != 0
        };
        let hinted = hint.is_none() || hint_bits(test.bo).is_some();
        (exists && hinted).then_some(BranchAlias {
            opcode,
            flags,
            bo: test.bo,
            tested: test.tested,
            hint,
            plain: false,
        })
    })
}

impl BranchAlias {
    /// The operands written, by the fields whose notation they share.
    pub fn operands(&self) -> impl Iterator<Item = Field> + use<> {
        let first = self.plain.then_some(Field::Bo);
        let tested = match self.tested {
            Tested::FlagOfField(_) => Some(Field::BfOr0),
            Tested::Bit => Some(Field::Bi),
            Tested::Nothing => None,
        };
        let target = (self.opcode == Opcode::Bc).then_some(Field::Bd);
        first.into_iter().chain(tested).chain(target)
    }

    /// Whether the target is an address rather than a distance.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.flags.has(Flag::Aa)
    }

    /// The instruction for the operands written.
    #[must_use]
    pub fn rewrite(&self, args: &[i32]) -> Instruction {
        let mut args = args.iter().copied();
        let mut bo = if self.plain { args.next().unwrap_or_default() } else { self.bo };
        // Where `BO` is written out for a register branch, `-` says nothing: see `plain_hint`.
        let says_nothing =
            self.plain && self.opcode != Opcode::Bc && self.hint == Some(Hint::Unlikely);
        bo |= match (self.hint, hint_bits(bo)) {
            _ if says_nothing => 0,
            (None, _) | (_, None) => 0,
            (Some(Hint::Unlikely), Some((unlikely, _))) => unlikely,
            (Some(Hint::Likely), Some((_, likely))) => likely,
        };
        let bi = match self.tested {
            Tested::FlagOfField(flag) => args.next().unwrap_or_default().saturating_mul(4) + flag,
            Tested::Bit => args.next().unwrap_or_default(),
            Tested::Nothing => 0,
        };
        let last = args.next().unwrap_or_default();
        Instruction { flags: self.flags, ..Instruction::new(self.opcode, &[bo, bi, last]) }
    }
}

/// Whether `BO` is one the architecture defines: spare bits zero, hints not the reserved one.
const fn is_defined(bo: i32) -> bool {
    match bo & 0b10100 {
        0b00000 => bo & 1 == 0,
        0b00100 => bo & 0b00011 != 1,
        0b10000 => bo & 0b01001 != 1,
        _ => bo == ALWAYS,
    }
}

/// Text of a conditional branch up to its target, and whether operands stand before the target;
/// nothing for other instructions.
#[must_use]
pub fn print(instruction: &Instruction) -> Option<String> {
    const DESTINATIONS: [(Opcode, &str); 3] =
        [(Opcode::Bc, ""), (Opcode::Bclr, "lr"), (Opcode::Bcctr, "ctr")];
    let (_, destination) = DESTINATIONS.iter().find(|(o, _)| *o == instruction.opcode)?;
    let [bo, bi, last, ..] = instruction.operands;
    let to_register = instruction.opcode != Opcode::Bc;
    let mut letters = String::from(*destination);
    letters.extend(Flag::ALL.iter().filter(|f| instruction.flags.has(**f)).map(|f| f.letter()));
    if to_register && last != 0 {
        // A register branch hint has no simplified form.
        return Some(format!("bc{letters} {bo},{},{last}", crbit(bi)));
    }
    // The GNU disassembler ignores the spare bits of branches, but not of register branches.
    let same_test = |test: &Test| {
        let ignored = match (to_register, test.tested) {
            (false, Tested::Bit) => 1,
            (false, _) => hint_mask(test.bo),
            (true, _) => 0,
        };
        bo & !ignored == test.bo || (hint_of(bo).is_some() && bo & !hint_mask(bo) == test.bo)
    };
    let shape = |test: &&Test| {
        test.prints
            && same_test(test)
            && match test.tested {
                Tested::FlagOfField(flag) => bi & 3 == flag,
                Tested::Bit => true,
                Tested::Nothing => bi == 0,
            }
            && (test.bo != ALWAYS || to_register)
            && (instruction.opcode != Opcode::Bcctr || test.bo & 4 != 0)
    };
    let mut text;
    if let Some(test) = TESTS.iter().find(shape) {
        let hint = sign(hint_bits(test.bo).and(hint_of(bo)));
        text = format!("b{}{letters}{hint}", test.name);
        let field = Crf(u8::try_from(bi >> 2).unwrap_or_default());
        match test.tested {
            Tested::FlagOfField(_) if field.0 != 0 => write!(text, " {field}").ok()?,
            Tested::Bit => write!(text, " {}", crbit(bi)).ok()?,
            Tested::FlagOfField(_) | Tested::Nothing => {}
        }
    } else {
        let (hint, shown) = plain_hint(bo, to_register);
        text = format!("bc{letters}{hint} {shown},{}", crbit(bi));
    }
    Some(text)
}

/// Hint and `BO` as the GNU disassembler shows them without a simplified mnemonic: an odd `BO`
/// is shown even with `+`, and register branches show `-` for every even one.
fn plain_hint(bo: i32, to_register: bool) -> (&'static str, i32) {
    if !is_defined(bo) {
        return ("", bo);
    }
    match (hint_of(bo), to_register) {
        (Some(Hint::Likely), _) => ("+", bo & !1),
        (Some(Hint::Unlikely), _) | (None, true) => ("-", bo),
        (None, false) => ("", bo),
    }
}

fn crbit(bi: i32) -> CrBit {
    CrBit(u8::try_from(bi).unwrap_or_default())
}
