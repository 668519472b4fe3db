//! Directives: sections, data, symbols. Unknown ones are errors, except those that only describe
//! the text to debuggers.

use super::expr::{Expr, Parser, Value};
use super::lexer::Token;
use super::statement::{Definition, FixupKind, SectionBuild, Unit};
use super::{AsmError, Place};
use crate::elf::{Purpose, SymbolKind};
use crate::encode;
use crate::instruction::build;

/// Directives without effect on the program.
const IGNORED: &[&str] = &[
    ".file",
    ".ident",
    ".machine",
    ".loc",
    ".gnu_attribute",
    ".extern",
    ".weak_reference",
    ".addrsig",
    ".cfi_startproc",
    ".cfi_endproc",
    ".cfi_def_cfa_offset",
    ".cfi_offset",
    ".cfi_restore",
    ".cfi_def_cfa",
    ".cfi_def_cfa_register",
    ".cfi_register",
    ".cfi_sections",
    ".cfi_remember_state",
    ".cfi_restore_state",
    ".abiversion",
    ".nops",
    ".end",
];

/// Largest alignment, in bytes.
const ALIGNMENT_MAX: i64 = 4096;

/// What a section of this name is for, and whether it has no contents.
fn usual(name: &str) -> (Purpose, bool) {
    if name.contains("bss") {
        (Purpose::Data, true)
    } else if name.contains("rodata") {
        (Purpose::Constant, false)
    } else if name.contains("data") {
        (Purpose::Data, false)
    } else if [".text", ".init", ".fini"].iter().any(|part| name.contains(part)) {
        (Purpose::Code, false)
    } else if name.starts_with("int") || name.starts_with("ext") {
        (Purpose::Data, false)
    } else {
        (Purpose::Note, false)
    }
}

impl Unit {
    /// Switches to a section, made if it is new.
    pub(super) fn enter(&mut self, name: &str, shape: Option<(Purpose, bool)>) {
        let index = self.sections.iter().position(|s| s.name == name).unwrap_or_else(|| {
            let (purpose, zeros) = shape.unwrap_or_else(|| usual(name));
            self.sections.push(SectionBuild {
                name: name.to_owned(),
                purpose,
                alignment: if purpose == Purpose::Code { 4 } else { 1 },
                zeros,
                bytes: Vec::new(),
                size: 0,
            });
            self.sections.len() - 1
        });
        (self.previous, self.current) = (self.current, index);
    }

    pub(super) fn directive(
        &mut self,
        word: &str,
        place: Place,
        mut parser: Parser<'_>,
    ) -> Result<(), AsmError> {
        if IGNORED.contains(&word) {
            return Ok(());
        }
        match word {
            ".text" | ".data" | ".bss" | ".rodata" | ".section" | ".pushsection"
            | ".popsection" | ".previous" => self.section_directive(word, place, &mut parser)?,
            ".global" | ".globl" | ".weak" | ".local" => loop {
                let (name, _) = parser.name()?;
                self.symbol(&name).global = word != ".local";
                if !parser.eat(",") {
                    break;
                }
            },
            ".type" => self.type_directive(&mut parser)?,
            ".size" => {
                let (name, _) = parser.name()?;
                parser.expect(",")?;
                let size = parser.expr(self)?;
                self.symbol(&name).size = Some(size);
            }
            ".equ" | ".set" | ".equiv" => {
                let (name, place) = parser.name()?;
                parser.expect(",")?;
                let value = parser.expr(self)?;
                if word == ".equiv" && self.is_defined(&name) {
                    return Err(place.error(format!("`{name}` is already defined")));
                }
                self.assign(&name, value, place)?;
            }
            ".comm" | ".lcomm" => self.common(word == ".comm", &mut parser)?,
            ".align" | ".p2align" | ".balign" => self.align(word, place, &mut parser)?,
            ".byte" => self.data(1, &mut parser)?,
            ".short" | ".half" | ".hword" | ".word" | ".2byte" => self.data(2, &mut parser)?,
            ".long" | ".int" | ".4byte" => self.data(4, &mut parser)?,
            ".quad" | ".8byte" | ".llong" => self.data(8, &mut parser)?,
            ".ascii" | ".asciz" | ".string" => self.strings(word != ".ascii", &mut parser)?,
            ".space" | ".skip" | ".zero" => {
                let count = self.known(&mut parser)?;
                let byte = if parser.eat(",") { self.known(&mut parser)? } else { 0 };
                self.fill(count, byte.to_be_bytes()[7], place)?;
            }
            ".fill" => self.fill_directive(place, &mut parser)?,
            ".org" => self.org(place, &mut parser)?,
            ".err" | ".error" => {
                let text = match parser.next() {
                    Some(Token::Text(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
                    _ => "the text asks for an error".to_owned(),
                };
                return Err(place.error(text));
            }
            _ => {
                return Err(place.error_help(
                    format!("unknown directive `{word}`"),
                    "the manual lists those the assembler knows",
                ));
            }
        }
        parser.finish()
    }

    fn section_directive(
        &mut self,
        word: &str,
        place: Place,
        parser: &mut Parser<'_>,
    ) -> Result<(), AsmError> {
        match word {
            ".previous" => {
                std::mem::swap(&mut self.previous, &mut self.current);
                return Ok(());
            }
            ".popsection" => {
                let section = self
                    .stack
                    .pop()
                    .ok_or_else(|| place.error("no section was saved by `.pushsection`"))?;
                (self.previous, self.current) = (self.current, section);
                return Ok(());
            }
            ".text" | ".data" | ".bss" | ".rodata" => {
                self.enter(word, None);
                return Ok(());
            }
            ".pushsection" => self.stack.push(self.current),
            _ => {}
        }
        let mut name = String::new();
        // A section name may hold characters that are operators elsewhere.
        while !parser.at_end() && !parser.eat(",") {
            match parser.next() {
                Some(Token::Name(part)) => name.push_str(part),
                Some(Token::Text(part)) => name.push_str(&String::from_utf8_lossy(part)),
                Some(Token::Punct(part)) => name.push_str(part),
                Some(Token::Number(part)) => name.push_str(&part.to_string()),
                _ => return Err(place.error("expected the name of a section")),
            }
        }
        if name.is_empty() {
            return Err(parser.place().error("expected the name of a section"));
        }
        let mut shape = usual(&name);
        if let Some(Token::Text(flags)) = parser.peek() {
            parser.next();
            let has = |flag| flags.contains(&flag);
            shape.0 = match (has(b'a'), has(b'x'), has(b'w')) {
                (false, ..) => Purpose::Note,
                (true, true, _) => Purpose::Code,
                (true, false, true) => Purpose::Data,
                (true, false, false) => Purpose::Constant,
            };
            if parser.eat(",") {
                if !parser.eat("@") {
                    parser.eat("%");
                }
                shape.1 = matches!(parser.next(), Some(Token::Name(t) | Token::Register(t)) if t == "nobits");
            }
            // Entry sizes and groups say nothing here.
            while !parser.at_end() {
                parser.next();
            }
        }
        self.enter(&name, Some(shape));
        Ok(())
    }

    fn type_directive(&mut self, parser: &mut Parser<'_>) -> Result<(), AsmError> {
        let (name, _) = parser.name()?;
        parser.eat(",");
        if !parser.eat("@") {
            parser.eat("%");
        }
        let place = parser.place();
        let kind = match parser.next() {
            Some(Token::Name(kind) | Token::Register(kind)) => match kind.as_str() {
                "function" | "STT_FUNC" => Some(SymbolKind::Function),
                "object" | "STT_OBJECT" => Some(SymbolKind::Object),
                "notype" => Some(SymbolKind::None),
                _ => None,
            },
            _ => None,
        };
        let kind = kind.ok_or_else(|| {
            place.error_help("unknown type of symbol", "write `@function` or `@object`")
        })?;
        self.symbol(&name).kind = Some(kind);
        Ok(())
    }

    fn common(&mut self, global: bool, parser: &mut Parser<'_>) -> Result<(), AsmError> {
        let (name, place) = parser.name()?;
        parser.expect(",")?;
        let size = self.known(parser)?;
        let alignment = if parser.eat(",") { self.known(parser)? } else { 4 };
        let (current, previous) = (self.current, self.previous);
        self.enter(".bss", None);
        let result = self.align_to(alignment, None, place).and_then(|()| {
            let at = super::expr::Scope::here(self);
            self.define(name.clone(), Definition::Label(at), place)?;
            let symbol = self.symbol(&name);
            symbol.global |= global;
            symbol.kind = Some(SymbolKind::Object);
            symbol.size = Some(Expr::Value(Value::number(size)));
            self.fill(size, 0, place)
        });
        (self.current, self.previous) = (current, previous);
        result
    }

    fn align(&mut self, word: &str, place: Place, parser: &mut Parser<'_>) -> Result<(), AsmError> {
        let given = self.known(parser)?;
        let mut fill = None;
        if parser.eat(",") && !matches!(parser.peek(), Some(Token::Punct(","))) {
            fill = Some(self.known(parser)?.to_be_bytes()[7]);
        }
        if parser.eat(",") {
            self.known(parser)?;
        }
        // For this processor `.align` counts in powers of two.
        let alignment = match (word, u32::try_from(given)) {
            (".balign", _) => given.max(1),
            (_, Ok(power)) if power < 32 => 1 << power,
            _ => -1,
        };
        self.align_to(alignment, fill, place)
    }

    fn align_to(&mut self, bytes: i64, fill: Option<u8>, place: Place) -> Result<(), AsmError> {
        let alignment = u32::try_from(bytes)
            .ok()
            .filter(|a| a.is_power_of_two() && bytes <= ALIGNMENT_MAX)
            .ok_or_else(|| {
                place.error_help(
                    format!("{bytes} bytes is no possible alignment"),
                    format!("use a power of two up to {ALIGNMENT_MAX}"),
                )
            })?;
        let section = self.section();
        section.alignment = section.alignment.max(alignment);
        let gap = section.size.next_multiple_of(alignment) - section.size;
        let code = section.purpose == Purpose::Code && gap.is_multiple_of(4) && fill.is_none();
        if code && gap > 0 {
            let nop = encode(&build::ori(crate::Gpr(0), crate::Gpr(0), 0)).unwrap_or_default();
            return self.emit(&nop.to_be_bytes().repeat(gap as usize / 4), place);
        }
        self.fill(i64::from(gap), fill.unwrap_or(0), place)
    }

    fn data(&mut self, bytes: u32, parser: &mut Parser<'_>) -> Result<(), AsmError> {
        while !parser.at_end() {
            let place = parser.place();
            let expr = parser.expr(self)?;
            if self.section().zeros && expr == Expr::Value(Value::number(0)) {
                self.fill(i64::from(bytes), 0, place)?;
            } else {
                self.emit_later(bytes, FixupKind::Data(expr, bytes), place)?;
            }
            if !parser.eat(",") {
                break;
            }
        }
        Ok(())
    }

    fn strings(&mut self, terminated: bool, parser: &mut Parser<'_>) -> Result<(), AsmError> {
        loop {
            let place = parser.place();
            let Some(Token::Text(bytes)) = parser.next() else {
                return Err(place.error_help("expected text", "write it in double quotes"));
            };
            let mut bytes = bytes.clone();
            if terminated {
                bytes.push(0);
            }
            self.emit(&bytes, place)?;
            if !parser.eat(",") {
                return Ok(());
            }
        }
    }

    fn fill_directive(&mut self, place: Place, parser: &mut Parser<'_>) -> Result<(), AsmError> {
        let count = self.known(parser)?;
        let size = if parser.eat(",") { self.known(parser)? } else { 1 };
        let value = if parser.eat(",") { self.known(parser)? } else { 0 };
        let size = usize::try_from(size).unwrap_or(9);
        if size > 8 {
            return Err(place.error("the size of a fill is at most 8 bytes"));
        }
        let total = count.saturating_mul(i64::try_from(size).unwrap_or(8));
        let room = super::statement::SECTION_BYTES_MAX - self.section().size.min(1 << 20);
        if !(0..=i64::from(room)).contains(&total) {
            return Err(place.error(format!("{total} bytes do not fit")));
        }
        // As in the GNU assembler only the low four bytes of a value are used.
        let value = value & 0xffff_ffff;
        let unit = &value.to_be_bytes()[8 - size..];
        self.emit(&unit.repeat(usize::try_from(count).unwrap_or(0)), place)
    }

    fn org(&mut self, place: Place, parser: &mut Parser<'_>) -> Result<(), AsmError> {
        let target = parser.expr(self)?.evaluate(self)?;
        let byte = if parser.eat(",") { self.known(parser)?.to_be_bytes()[7] } else { 0 };
        if target.section.is_some_and(|s| s != self.current) {
            return Err(place.error("the place lies in another section"));
        }
        let gap = target.number.saturating_sub(i64::from(self.section().size));
        if gap < 0 {
            return Err(place.error_help(
                format!("the section is already {} bytes beyond this place", -gap),
                "`.org` only moves forward",
            ));
        }
        self.fill(gap, byte, place)
    }
}
