//! Simplified mnemonics: names that stand for another instruction with operands rewritten.
//!
//! A row says how each operand of the target follows from what is written. Rows marked `prints`
//! are also used by the disassembler, in table order, when an instruction has the shape of the
//! row; which are is a convention of the GNU disassembler that the golden listing follows.
//! Conditional branches have so many names that they are composed instead, in
//! [`branch`](crate::branch).

use crate::field::Field;
use crate::instruction::{Instruction, OPERANDS_MAX};
use crate::opcode::Opcode;

/// How an operand of the target follows from the operands written.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// The operand written at this position.
    Arg(usize),
    /// A constant.
    Const(i32),
    /// A constant plus the operand at a position, which is at most `high` and not negative.
    Plus {
        /// The constant.
        base: i32,
        /// Position of the operand written.
        arg: usize,
        /// Largest value it may have.
        high: i32,
    },
    /// A constant plus multiples of operands; as the places of a rotation, 32 is 0.
    Sum(i32, &'static [(i32, usize)]),
}

/// A simplified mnemonic.
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    /// The name, without letters of flags.
    pub mnemonic: &'static str,
    /// The instruction it stands for.
    pub target: Opcode,
    /// Operands written, by the fields whose notation they share.
    pub operands: &'static [Field],
    /// One source for every operand of the target.
    pub template: &'static [Source],
    /// Whether the disassembler uses it.
    pub prints: bool,
}

macro_rules! source {
    ([$arg:literal]) => {
        Source::Arg($arg)
    };
    ($constant:literal) => {
        Source::Const($constant)
    };
    (($base:literal + $arg:literal <= $high:literal)) => {
        Source::Plus { base: $base, arg: $arg, high: $high }
    };
    (($base:literal $(, $factor:literal * $arg:literal)+)) => {
        Source::Sum($base, &[$(($factor, $arg)),+])
    };
}

macro_rules! aliases {
    ($($mnemonic:literal $($field:ident),* => $target:ident { $($source:tt)* } $prints:literal)*) => {
        /// The table of simplified mnemonics.
        pub static ALIASES: &[Alias] = &[$(Alias {
            mnemonic: $mnemonic,
            target: Opcode::$target,
            operands: &[$(Field::$field),*],
            template: &[$(source!($source)),*],
            prints: $prints,
        }),*];
    };
}

// Operands in brackets are positions of what is written; plain numbers are constants.
// Power ISA 2.06, book I, appendix E.
aliases! {
    "nop" => Ori { 0 0 0 } true
    "xnop" => Xori { 0 0 0 } true
    "li" Rt, Si => Addi { [0] 0 [1] } true
    "lis" Rt, SiShifted => Addis { [0] 0 [1] } true
    "la" Rt, D, Ra0 => Addi { [0] [2] [1] } false
    "subi" Rt, Ra, Si => Addi { [0] [1] (0, -1 * 2) } false
    "subis" Rt, Ra, SiShifted => Addis { [0] [1] (0, -1 * 2) } false
    "subic" Rt, Ra, Si => Addic { [0] [1] (0, -1 * 2) } false
    "subic." Rt, Ra, Si => AddicRc { [0] [1] (0, -1 * 2) } false
    "sub" Rt, Ra, Rb => Subf { [0] [2] [1] } false
    "subc" Rt, Ra, Rb => Subfc { [0] [2] [1] } false
    "mr" Ra, Rt => Or { [0] [1] [1] } true
    "not" Ra, Rt => Nor { [0] [1] [1] } true

    "rotlwi" Ra, Rt, Sh => Rlwinm { [0] [1] [2] 0 31 } true
    "clrlwi" Ra, Rt, Mb => Rlwinm { [0] [1] 0 [2] 31 } true
    "rotrwi" Ra, Rt, Sh => Rlwinm { [0] [1] (32, -1 * 2) 0 31 } false
    "slwi" Ra, Rt, Sh => Rlwinm { [0] [1] [2] 0 (31, -1 * 2) } false
    "srwi" Ra, Rt, Sh => Rlwinm { [0] [1] (32, -1 * 2) [2] 31 } false
    "clrrwi" Ra, Rt, Sh => Rlwinm { [0] [1] 0 0 (31, -1 * 2) } false
    "extlwi" Ra, Rt, Sh, Sh => Rlwinm { [0] [1] [3] 0 (-1, 1 * 2) } false
    "extrwi" Ra, Rt, Sh, Sh => Rlwinm { [0] [1] (0, 1 * 2, 1 * 3) (32, -1 * 2) 31 } false
    "clrlslwi" Ra, Rt, Sh, Sh => Rlwinm { [0] [1] [3] (0, 1 * 2, -1 * 3) (31, -1 * 3) } false
    "inslwi" Ra, Rt, Sh, Sh => Rlwimi { [0] [1] (32, -1 * 3) [3] (-1, 1 * 2, 1 * 3) } false
    "insrwi" Ra, Rt, Sh, Sh => Rlwimi { [0] [1] (32, -1 * 2, -1 * 3) [3] (-1, 1 * 2, 1 * 3) } false
    "rotlw" Ra, Rt, Rb => Rlwnm { [0] [1] [2] 0 31 } true

    "cmp" Bf, Level, Ra, Rb => Cmpw { [0] [2] [3] } false
    "cmpl" Bf, Level, Ra, Rb => Cmplw { [0] [2] [3] } false
    "cmpi" Bf, Level, Ra, Si => Cmpwi { [0] [2] [3] } false
    "cmpli" Bf, Level, Ra, Ui => Cmplwi { [0] [2] [3] } false

    "crclr" Bt => Crxor { [0] [0] [0] } true
    "crset" Bt => Creqv { [0] [0] [0] } true
    "crnot" Bt, Ba => Crnor { [0] [1] [1] } true
    "crmove" Bt, Ba => Cror { [0] [1] [1] } true

    "mtcr" Rt => Mtcrf { 255 [0] } true
    "mtxer" Rt => Mtspr { 1 [0] } true
    "mtlr" Rt => Mtspr { 8 [0] } true
    "mtctr" Rt => Mtspr { 9 [0] } true
    "mtdec" Rt => Mtspr { 22 [0] } true
    "mtsrr0" Rt => Mtspr { 26 [0] } true
    "mtsrr1" Rt => Mtspr { 27 [0] } true
    "mttbl" Rt => Mtspr { 284 [0] } true
    "mttbu" Rt => Mtspr { 285 [0] } true
    "mtsprg" Sprg, Rt => Mtspr { (272 + 0 <= 3) [1] } true
    "mtsprg0" Rt => Mtspr { 272 [0] } false
    "mtsprg1" Rt => Mtspr { 273 [0] } false
    "mtsprg2" Rt => Mtspr { 274 [0] } false
    "mtsprg3" Rt => Mtspr { 275 [0] } false
    "mfxer" Rt => Mfspr { [0] 1 } true
    "mflr" Rt => Mfspr { [0] 8 } true
    "mfctr" Rt => Mfspr { [0] 9 } true
    "mfdec" Rt => Mfspr { [0] 22 } true
    "mfsrr0" Rt => Mfspr { [0] 26 } true
    "mfsrr1" Rt => Mfspr { [0] 27 } true
    "mftb" Rt => Mfspr { [0] 268 } true
    "mftbl" Rt => Mfspr { [0] 268 } false
    "mftbu" Rt => Mfspr { [0] 269 } true
    "mfsprg" Rt, Sprg => Mfspr { [0] (272 + 1 <= 3) } true
    "mfsprg0" Rt => Mfspr { [0] 272 } false
    "mfsprg1" Rt => Mfspr { [0] 273 } false
    "mfsprg2" Rt => Mfspr { [0] 274 } false
    "mfsprg3" Rt => Mfspr { [0] 275 } false
    "mfpvr" Rt => Mfspr { [0] 287 } true

    "trap" => Tw { 31 0 0 } true
    "twlgt" Ra, Rb => Tw { 1 [0] [1] } true
    "twllt" Ra, Rb => Tw { 2 [0] [1] } true
    "tweq" Ra, Rb => Tw { 4 [0] [1] } true
    "twlge" Ra, Rb => Tw { 5 [0] [1] } true
    "twlnl" Ra, Rb => Tw { 5 [0] [1] } false
    "twlle" Ra, Rb => Tw { 6 [0] [1] } true
    "twlng" Ra, Rb => Tw { 6 [0] [1] } false
    "twgt" Ra, Rb => Tw { 8 [0] [1] } true
    "twge" Ra, Rb => Tw { 12 [0] [1] } true
    "twnl" Ra, Rb => Tw { 12 [0] [1] } false
    "twlt" Ra, Rb => Tw { 16 [0] [1] } true
    "twle" Ra, Rb => Tw { 20 [0] [1] } true
    "twng" Ra, Rb => Tw { 20 [0] [1] } false
    "twne" Ra, Rb => Tw { 24 [0] [1] } true
    "twu" Ra, Rb => Tw { 31 [0] [1] } true
    "twlgti" Ra, Si => Twi { 1 [0] [1] } true
    "twllti" Ra, Si => Twi { 2 [0] [1] } true
    "tweqi" Ra, Si => Twi { 4 [0] [1] } true
    "twlgei" Ra, Si => Twi { 5 [0] [1] } true
    "twlnli" Ra, Si => Twi { 5 [0] [1] } false
    "twllei" Ra, Si => Twi { 6 [0] [1] } true
    "twlngi" Ra, Si => Twi { 6 [0] [1] } false
    "twgti" Ra, Si => Twi { 8 [0] [1] } true
    "twgei" Ra, Si => Twi { 12 [0] [1] } true
    "twnli" Ra, Si => Twi { 12 [0] [1] } false
    "twlti" Ra, Si => Twi { 16 [0] [1] } true
    "twlei" Ra, Si => Twi { 20 [0] [1] } true
    "twngi" Ra, Si => Twi { 20 [0] [1] } false
    "twnei" Ra, Si => Twi { 24 [0] [1] } true
    "twui" Ra, Si => Twi { 31 [0] [1] } true

    "hwsync" => Sync { 0 } true
    "lwsync" => Sync { 1 } true
    "ptesync" => Sync { 2 } true
}

/// Why an alias does not apply to the operands written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasError {
    /// The operand at a position must be zero.
    MustBeZero(usize),
    /// The operand at a position must be in `0..=high`.
    TooLarge(usize, i32),
}

impl Alias {
    /// The target instruction for the operands written. Ranges are left to encoding, except where
    /// the alias itself narrows them.
    ///
    /// # Errors
    /// If an operand breaks a limit the alias adds.
    pub fn rewrite(&self, args: &[i32]) -> Result<Instruction, AliasError> {
        let arg = |i: usize| args.get(i).copied().unwrap_or_default();
        let mut used = [false; OPERANDS_MAX];
        let mut instruction = Instruction::new(self.target, &[]);
        let fields = self.target.info().operands.iter().map(|o| o.field);
        for ((value, source), field) in
            instruction.operands.iter_mut().zip(self.template).zip(fields)
        {
            *value = match *source {
                Source::Arg(i) => {
                    used[i] = true;
                    arg(i)
                }
                Source::Const(constant) => constant,
                Source::Plus { base, arg: i, high } => {
                    used[i] = true;
                    if !(0..=high).contains(&arg(i)) {
                        return Err(AliasError::TooLarge(i, high));
                    }
                    base + arg(i)
                }
                Source::Sum(constant, terms) => terms.iter().fold(constant, |sum, &(k, i)| {
                    used[i] = true;
                    sum.saturating_add(k.saturating_mul(arg(i)))
                }),
            };
            if field == Field::Sh && *value == 32 && matches!(source, Source::Sum(..)) {
                *value = 0;
            }
        }
        match (0..self.operands.len()).find(|&i| !used[i] && arg(i) != 0) {
            Some(unused) => Err(AliasError::MustBeZero(unused)),
            None => Ok(instruction),
        }
    }

    /// The operands to write for `instruction`, if it has the shape of this alias.
    #[must_use]
    pub fn matches(&self, instruction: &Instruction) -> Option<[i32; OPERANDS_MAX]> {
        if !self.prints || instruction.opcode != self.target {
            return None;
        }
        let mut args = [None; OPERANDS_MAX];
        for (&value, source) in instruction.operands.iter().zip(self.template) {
            let (index, arg) = match *source {
                Source::Arg(index) => (index, value),
                Source::Const(constant) if constant == value => continue,
                Source::Plus { base, arg, high } if (0..=high).contains(&(value - base)) => {
                    (arg, value - base)
                }
                Source::Const(_) | Source::Plus { .. } | Source::Sum(..) => return None,
            };
            if *args[index].get_or_insert(arg) != arg {
                return None;
            }
        }
        Some(args.map(Option::unwrap_or_default))
    }
}
