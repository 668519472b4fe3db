//! The state of an assembly: sections being filled, symbols, and what waits for addresses.

use std::collections::{BTreeMap, BTreeSet};

use super::expr::{Expr, Parser, Scope, Symbols, Value};
use super::lexer::{Spanned, Token, tokens};
use super::operand::Operands;
use super::{AsmError, Place};
use crate::elf::{Purpose, SymbolKind};

/// Most bytes of a section with contents.
pub(super) const SECTION_BYTES_MAX: u32 = 16 << 20;

/// Most errors that are kept.
const ERRORS_MAX: usize = 200;

/// Longest chain of symbols defined by one another.
const DEFINITIONS_MAX: usize = 100;

/// Bytes of a section that wait for symbols.
pub(super) struct Fixup {
    pub(super) section: usize,
    pub(super) offset: u32,
    pub(super) place: Place,
    pub(super) kind: FixupKind,
}

/// What is to be put there.
pub(super) enum FixupKind {
    /// A number of so many bytes.
    Data(Expr, u32),
    /// An instruction.
    Instruction(Operands),
}

/// A section being filled.
pub(super) struct SectionBuild {
    pub(super) name: String,
    pub(super) purpose: Purpose,
    pub(super) alignment: u32,
    /// Whether it has no bytes in the file.
    pub(super) zeros: bool,
    pub(super) bytes: Vec<u8>,
    pub(super) size: u32,
}

/// What a symbol is defined as.
#[derive(Clone)]
pub(super) enum Definition {
    /// A place in a section.
    Label(Value),
    /// By `.equ`, `.set` or `=`.
    Expr(Expr),
}

/// What is known of a symbol.
#[derive(Clone, Default)]
pub(super) struct SymbolBuild {
    pub(super) definition: Option<Definition>,
    pub(super) global: bool,
    pub(super) kind: Option<SymbolKind>,
    pub(super) size: Option<Expr>,
    pub(super) place: Place,
}

/// An assembly in progress.
pub(super) struct Unit {
    pub(super) sections: Vec<SectionBuild>,
    pub(super) current: usize,
    pub(super) previous: usize,
    pub(super) stack: Vec<usize>,
    pub(super) symbols: BTreeMap<String, SymbolBuild>,
    /// Names in the order they were defined.
    pub(super) order: Vec<String>,
    pub(super) fixups: Vec<Fixup>,
    /// Section, offset and source line of everything emitted.
    pub(super) lines: Vec<(usize, u32, u32)>,
    pub(super) errors: Vec<AsmError>,
    locals: BTreeMap<u32, u32>,
    evaluating: std::cell::RefCell<BTreeSet<String>>,
}

/// The name a numbered label goes by; no written name looks like it.
fn local_name(number: u32, instance: u32) -> String {
    format!("{number}\u{2}{instance}")
}

/// Whether a name stays inside the assembler: numbered labels and names starting with `.L`.
pub(super) fn is_internal(name: &str) -> bool {
    name.starts_with(".L") || name.contains('\u{2}')
}

impl Unit {
    pub(super) fn new() -> Self {
        let mut unit = Self {
            sections: Vec::new(),
            current: 0,
            previous: 0,
            stack: Vec::new(),
            symbols: BTreeMap::new(),
            order: Vec::new(),
            fixups: Vec::new(),
            lines: Vec::new(),
            errors: Vec::new(),
            locals: BTreeMap::new(),
            evaluating: std::cell::RefCell::default(),
        };
        unit.enter(".text", None);
        unit
    }

    pub(super) fn report(&mut self, error: AsmError) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(error);
        }
    }

    /// Takes one statement: labels, then an assignment, a directive or an instruction.
    pub(super) fn statement(&mut self, text: &str, place: Place) {
        if let Err(error) = tokens(text, place).and_then(|t| self.tokens(&t, text, place)) {
            self.report(error);
        }
    }

    fn tokens(&mut self, mut rest: &[Spanned], text: &str, place: Place) -> Result<(), AsmError> {
        while let [name, colon, tail @ ..] = rest
            && colon.token == Token::Punct(":")
        {
            let label = if let Token::Name(label) = &name.token {
                label.clone()
            } else if let Token::Number(number) = &name.token
                && let Ok(number) = u32::try_from(*number)
            {
                let instance = self.locals.entry(number).or_default();
                *instance += 1;
                local_name(number, *instance)
            } else {
                return Err(name.place.error("this is not the name of a label"));
            };
            self.label(label, name.place)?;
            rest = tail;
        }
        let length = u32::try_from(text.trim_end().chars().count()).unwrap_or(u32::MAX);
        let end = Place { column: place.column.saturating_add(length), ..place };
        match rest {
            [] => Ok(()),
            [name, equals, value @ ..] if equals.token == Token::Punct("=") => {
                let Token::Name(symbol) = &name.token else {
                    return Err(name.place.error("only a symbol can be given a value"));
                };
                let mut parser = Parser::new(value, end);
                let expr = parser.expr(self)?;
                parser.finish()?;
                self.assign(symbol, expr, name.place)
            }
            [first, operands @ ..] => {
                let Token::Name(word) = &first.token else {
                    return Err(first
                        .place
                        .error("expected a label, a directive or an instruction"));
                };
                if word.starts_with('.') {
                    return self.directive(word, first.place, Parser::new(operands, end));
                }
                self.instruction(word, first.place, operands, end)
            }
        }
    }

    fn label(&mut self, name: String, place: Place) -> Result<(), AsmError> {
        let here = self.here();
        self.define(name, Definition::Label(here), place)
    }

    pub(super) fn symbol(&mut self, name: &str) -> &mut SymbolBuild {
        self.symbols.entry(name.to_owned()).or_default()
    }

    pub(super) fn define(
        &mut self,
        name: String,
        definition: Definition,
        place: Place,
    ) -> Result<(), AsmError> {
        let symbol = self.symbol(&name);
        if symbol.definition.is_some() {
            let first = symbol.place.line;
            return Err(place.error_help(
                format!("`{name}` is already defined in line {first}"),
                "rename one of the two",
            ));
        }
        symbol.definition = Some(definition);
        symbol.place = place;
        self.order.push(name);
        Ok(())
    }

    /// Gives a symbol a value that a later assignment may change.
    pub(super) fn assign(&mut self, name: &str, expr: Expr, place: Place) -> Result<(), AsmError> {
        // A value known now is used from now on; otherwise it is worked out at the end.
        let expr = match expr.evaluate(self) {
            Ok(value) => Expr::Value(value),
            Err(_) => expr,
        };
        let symbol = self.symbol(name);
        match &symbol.definition {
            Some(Definition::Label(_)) => Err(place.error(format!("`{name}` is a label"))),
            defined => {
                let first = defined.is_none();
                symbol.definition = Some(Definition::Expr(expr));
                symbol.place = place;
                if first {
                    self.order.push(name.to_owned());
                }
                Ok(())
            }
        }
    }

    pub(super) fn is_defined(&self, name: &str) -> bool {
        self.symbols.get(name).is_some_and(|s| s.definition.is_some())
    }

    /// The value of an expression that must be known here.
    pub(super) fn constant(&self, text: &str, place: Place) -> Result<i64, AsmError> {
        let tokens = tokens(text, place)?;
        let mut parser = Parser::new(&tokens, place);
        let value = self.known(&mut parser)?;
        parser.finish()?;
        Ok(value)
    }

    /// Parses an expression whose value must be known here and be no address.
    pub(super) fn known(&self, parser: &mut Parser<'_>) -> Result<i64, AsmError> {
        let place = parser.place();
        let value = parser.expr(self)?.evaluate(self)?;
        match value.section {
            None => Ok(value.number),
            Some(_) => Err(place.error_help(
                "this must be a number, but is an address",
                "subtract a label of the same section",
            )),
        }
    }

    pub(super) fn section(&mut self) -> &mut SectionBuild {
        let current = self.current;
        &mut self.sections[current]
    }

    /// Appends bytes to the current section.
    pub(super) fn emit(&mut self, bytes: &[u8], place: Place) -> Result<(), AsmError> {
        let (current, offset) = (self.current, self.section().size);
        let section = self.section();
        if section.zeros {
            if bytes.iter().any(|b| *b != 0) {
                return Err(place.error_help(
                    format!("section `{}` holds no contents", section.name),
                    "put this into `.data` or `.text`",
                ));
            }
        } else {
            section.bytes.extend_from_slice(bytes);
        }
        section.size = offset.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.lines.push((current, offset, place.line));
        Ok(())
    }

    /// Appends `count` bytes of the same value.
    pub(super) fn fill(&mut self, count: i64, byte: u8, place: Place) -> Result<(), AsmError> {
        let section = self.section();
        let room = SECTION_BYTES_MAX.saturating_sub(section.size);
        let count = u32::try_from(count).ok().filter(|c| *c <= room).ok_or_else(|| {
            place.error_help(
                format!("{count} bytes do not fit"),
                format!("a section holds up to {SECTION_BYTES_MAX} bytes"),
            )
        })?;
        if section.zeros && byte == 0 {
            section.size += count;
            return Ok(());
        }
        self.emit(&vec![byte; count as usize], place)
    }

    /// Appends bytes that are filled in once symbols have values.
    pub(super) fn emit_later(
        &mut self,
        bytes: u32,
        kind: FixupKind,
        place: Place,
    ) -> Result<(), AsmError> {
        let (section, offset) = (self.current, self.section().size);
        if self.section().zeros {
            let name = self.section().name.clone();
            return Err(place.error_help(
                format!("section `{name}` holds no contents"),
                "put this into `.data` or `.text`",
            ));
        }
        self.fill(i64::from(bytes), 0, place)?;
        self.fixups.push(Fixup { section, offset, place, kind });
        Ok(())
    }
}

impl Scope for Unit {
    fn here(&self) -> Value {
        let offset = self.sections[self.current].size;
        Value { section: Some(self.current), number: i64::from(offset) }
    }

    fn local(&self, number: u32, forward: bool) -> Option<String> {
        let last = self.locals.get(&number).copied().unwrap_or_default();
        match (forward, last) {
            (true, _) => Some(local_name(number, last + 1)),
            (false, 0) => None,
            (false, _) => Some(local_name(number, last)),
        }
    }

    fn variable(&self, name: &str) -> Option<Value> {
        match &self.symbols.get(name)?.definition {
            Some(Definition::Expr(Expr::Value(value))) => Some(*value),
            _ => None,
        }
    }
}

impl Unit {
    /// The value of a symbol, with symbols it is defined by and places taken from `symbols`.
    pub(super) fn value_with(
        &self,
        name: &str,
        place: Place,
        symbols: &dyn Symbols,
    ) -> Result<Value, AsmError> {
        let unknown = || {
            let shown = name.split('\u{2}').next().unwrap_or(name);
            place.error_help(
                format!("`{shown}` is not defined"),
                "define it by a label or by `.set`; there is no linker to find it elsewhere",
            )
        };
        match self.symbols.get(name).and_then(|s| s.definition.as_ref()).ok_or_else(unknown)? {
            Definition::Label(value) => Ok(symbols.place(*value)),
            Definition::Expr(expr) => {
                let mut evaluating = self.evaluating.borrow_mut();
                if !evaluating.insert(name.to_owned()) || evaluating.len() > DEFINITIONS_MAX {
                    evaluating.remove(name);
                    return Err(place.error(format!("`{name}` is defined by itself")));
                }
                drop(evaluating);
                let value = expr.evaluate(symbols);
                self.evaluating.borrow_mut().remove(name);
                value
            }
        }
    }
}

impl Symbols for Unit {
    fn value(&self, name: &str, place: Place) -> Result<Value, AsmError> {
        self.value_with(name, place, self)
    }
}
