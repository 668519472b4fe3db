//! Which statements there are: comments removed, macros and repetitions expanded, conditionals
//! decided.

use std::collections::{BTreeMap, VecDeque};

use super::lexer::{Token, is_name, is_name_start, tokens};
use super::statement::Unit;
use super::{AsmError, Place};

/// Most lines a text may come to with everything expanded.
const LINES_MAX: usize = 200_000;

/// A line with its number in the source.
#[derive(Clone)]
struct Line {
    number: u32,
    text: String,
}

struct Macro {
    parameters: Vec<(String, String)>,
    body: Vec<Line>,
}

/// What is being collected instead of assembled.
enum Collecting {
    Macro { name: String, parameters: Vec<(String, String)> },
    Repeat { times: i64 },
    Each { name: String, values: Vec<String> },
}

impl Collecting {
    const fn ends(&self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Macro { .. } => (&[".macro"], ".endm"),
            Self::Repeat { .. } | Self::Each { .. } => (&[".rept", ".irp"], ".endr"),
        }
    }
}

/// A conditional: whether its current branch is assembled, and whether one already was.
struct Conditional {
    active: bool,
    decided: bool,
    place: Place,
}

struct Feeder<'u> {
    unit: &'u mut Unit,
    queue: VecDeque<Line>,
    macros: BTreeMap<String, Macro>,
    collecting: Option<(Collecting, Vec<Line>, u32, Place)>,
    conditionals: Vec<Conditional>,
    expansions: u32,
}

/// Hands every statement of `text` to `unit`.
pub(super) fn feed(text: &str, unit: &mut Unit) {
    let lines = without_comments(text);
    let numbered =
        (1..).zip(lines.lines()).map(|(number, text)| Line { number, text: text.into() });
    let mut feeder = Feeder {
        unit,
        queue: numbered.collect(),
        macros: BTreeMap::new(),
        collecting: None,
        conditionals: Vec::new(),
        expansions: 0,
    };
    let mut count = 0;
    while let Some(line) = feeder.queue.pop_front() {
        count += 1;
        if count > LINES_MAX {
            let place = Place { line: line.number, column: 1 };
            feeder.unit.report(place.error_help(
                format!("the text expands to more than {LINES_MAX} lines"),
                "look for a macro that uses itself",
            ));
            return;
        }
        feeder.line(&line);
    }
    if let Some((what, _, _, place)) = feeder.collecting {
        let (_, end) = what.ends();
        feeder.unit.report(place.error(format!("this block has no `{end}`")));
    }
    if let Some(open) = feeder.conditionals.last() {
        feeder.unit.report(open.place.error("this `.if` has no `.endif`"));
    }
}

/// The text with comments replaced by blanks, so that columns stay.
fn without_comments(text: &str) -> String {
    #[derive(PartialEq)]
    enum State {
        Code,
        Text,
        Line,
        Block,
    }
    let mut out = String::with_capacity(text.len());
    let mut state = State::Code;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match state {
            _ if c == '\n' => {
                out.push('\n');
                if state != State::Block {
                    state = State::Code;
                }
                continue;
            }
            State::Code if c == '#' => state = State::Line,
            State::Code if c == '/' && next == Some('*') => {
                state = State::Block;
                chars.next();
                out.push(' ');
            }
            State::Block if c == '*' && next == Some('/') => {
                state = State::Code;
                chars.next();
                out.push_str("  ");
                continue;
            }
            State::Code | State::Text => {
                out.push(c);
                if c == '"' {
                    state = if state == State::Code { State::Text } else { State::Code };
                } else if (c == '\\' && state == State::Text) || (c == '\'' && state == State::Code)
                {
                    // The next character is taken as it is.
                    if let Some(taken) = chars.next_if(|c| *c != '\n') {
                        out.push(taken);
                    }
                }
                continue;
            }
            State::Line | State::Block => {}
        }
        out.push(' ');
    }
    out
}

/// The statements of a line, split at `;`, with the column of each.
fn statements(line: &str) -> Vec<(u32, &str)> {
    let mut parts = Vec::new();
    let (mut start, mut column, mut start_column) = (0, 1, 1);
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            // A character constant: what follows the quote is no separator.
            '\'' if !quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                parts.push((start_column, &line[start..at]));
                (start, start_column) = (at + 1, column + 1);
            }
            _ => {}
        }
        column += 1;
    }
    parts.push((start_column, &line[start..]));
    parts
}

/// The directive or mnemonic a statement starts with after its labels, and what follows.
fn first_word(statement: &str) -> (&str, &str) {
    let text = statement.trim_start();
    let end = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
    (&text[..end], &text[end..])
}

/// The parts of a macro's operand list, split at commas outside quotes and parentheses.
fn split_operands(text: &str) -> Vec<String> {
    let (mut parts, mut depth, mut quoted) = (vec![String::new()], 0u32, false);
    for c in text.trim().chars() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let trimmed: Vec<String> = parts.iter().map(|p| p.trim().to_owned()).collect();
    if trimmed.len() == 1 && trimmed[0].is_empty() { Vec::new() } else { trimmed }
}

/// `text` with `\name` replaced by values and `\@` by the count of expansions.
fn substitute(text: &str, values: &[(String, String)], count: u32) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = if rest.starts_with(is_name_start) {
            rest.find(|c: char| !is_name(c) || c == '.').unwrap_or(rest.len())
        } else {
            0
        };
        if let Some((_, value)) = values.iter().find(|(name, _)| name == &rest[..end]) {
            out.push_str(value);
            rest = &rest[end..];
        } else if let Some(after) = rest.strip_prefix('@') {
            out.push_str(&count.to_string());
            rest = after;
        } else if let Some(after) = rest.strip_prefix("()") {
            rest = after;
        } else {
            out.push('\\');
        }
    }
    out.push_str(rest);
    out
}

impl Feeder<'_> {
    fn line(&mut self, line: &Line) {
        for (column, text) in statements(&line.text) {
            let place = Place { line: line.number, column };
            if let Err(error) = self.statement(text, place, line) {
                self.unit.report(error);
            }
        }
    }

    fn is_active(&self) -> bool {
        self.conditionals.iter().all(|c| c.active)
    }

    fn statement(&mut self, text: &str, place: Place, line: &Line) -> Result<(), AsmError> {
        let (word, rest) = first_word(text);
        if self.collecting.is_some() {
            return self.collect(word, text, line);
        }
        if self.conditional(word, rest, place)? || !self.is_active() {
            return Ok(());
        }
        let what = match word {
            ".macro" => {
                let words: Vec<_> =
                    rest.split([' ', '\t', ',']).filter(|w| !w.is_empty()).collect();
                let Some((name, parameters)) = words.split_first() else {
                    return Err(place.error("this macro has no name"));
                };
                let parameter = |p: &&str| match p.split_once('=') {
                    Some((name, default)) => (name.to_owned(), default.to_owned()),
                    None => ((*p).to_owned(), String::new()),
                };
                let parameters = parameters.iter().map(parameter).collect();
                Collecting::Macro { name: (*name).to_owned(), parameters }
            }
            ".rept" => Collecting::Repeat { times: self.unit.constant(rest, place)? },
            ".irp" => {
                let mut values = split_operands(rest);
                if values.is_empty() {
                    return Err(place.error("`.irp` needs a name and values"));
                }
                Collecting::Each { name: values.remove(0), values }
            }
            ".endm" | ".endr" => return Err(place.error(format!("no block is open for `{word}`"))),
            _ if self.macros.contains_key(word) => return self.expand(word, rest, place),
            _ => {
                self.unit.statement(text, place);
                return Ok(());
            }
        };
        self.collecting = Some((what, Vec::new(), 0, place));
        Ok(())
    }

    /// Adds a statement to the block being collected, and ends the block at its end.
    fn collect(&mut self, word: &str, text: &str, line: &Line) -> Result<(), AsmError> {
        let Some((what, body, nesting, place)) = &mut self.collecting else { return Ok(()) };
        let (starts, end) = what.ends();
        *nesting += u32::from(starts.contains(&word));
        if word != end || *nesting > 0 {
            *nesting -= u32::from(word == end);
            body.push(Line { number: line.number, text: text.to_owned() });
            return Ok(());
        }
        let (body, place) = (std::mem::take(body), *place);
        let Some((what, ..)) = self.collecting.take() else { return Ok(()) };
        match what {
            Collecting::Macro { name, parameters } => {
                self.macros.insert(name, Macro { parameters, body });
            }
            Collecting::Repeat { times } => {
                let times = usize::try_from(times).unwrap_or(0);
                self.prepend(vec![body; times.min(LINES_MAX)].concat(), place)?;
            }
            Collecting::Each { name, values } => {
                let copy = |value: &String| {
                    let pair = [(name.clone(), value.clone())];
                    let line =
                        |l: &Line| Line { number: l.number, text: substitute(&l.text, &pair, 0) };
                    body.iter().map(line).collect::<Vec<_>>()
                };
                self.prepend(values.iter().flat_map(copy).collect(), place)?;
            }
        }
        Ok(())
    }

    fn prepend(&mut self, lines: Vec<Line>, place: Place) -> Result<(), AsmError> {
        if self.queue.len() + lines.len() > LINES_MAX {
            return Err(place.error(format!("this expands to more than {LINES_MAX} lines")));
        }
        lines.into_iter().rev().for_each(|line| self.queue.push_front(line));
        Ok(())
    }

    fn expand(&mut self, name: &str, rest: &str, place: Place) -> Result<(), AsmError> {
        let Some(found) = self.macros.get(name) else { return Ok(()) };
        let arguments = split_operands(rest);
        if arguments.len() > found.parameters.len() {
            return Err(place.error(format!(
                "macro `{name}` takes {} operands, found {}",
                found.parameters.len(),
                arguments.len()
            )));
        }
        let mut values = found.parameters.clone();
        let mut positional = 0;
        for argument in arguments {
            let named = argument.split_once('=').and_then(|(key, value)| {
                let index = values.iter().position(|(name, _)| name == key.trim())?;
                Some((index, value.trim().to_owned()))
            });
            let (index, value) = named.unwrap_or_else(|| {
                positional += 1;
                (positional - 1, argument)
            });
            values[index].1 = value;
        }
        self.expansions += 1;
        let count = self.expansions;
        // An error inside is reported where the macro is used.
        let line =
            |l: &Line| Line { number: place.line, text: substitute(&l.text, &values, count) };
        let lines = found.body.iter().map(line).collect();
        self.prepend(lines, place)
    }

    /// Handles the directives of conditionals; says whether the statement was one.
    fn conditional(&mut self, word: &str, rest: &str, place: Place) -> Result<bool, AsmError> {
        match word {
            ".if" | ".ifdef" | ".ifndef" | ".ifne" | ".ifeq" => {
                let holds = self.is_active() && self.holds(word, rest, place)?;
                self.conditionals.push(Conditional { active: holds, decided: holds, place });
            }
            ".else" | ".elseif" => {
                let outer = self.conditionals.len().saturating_sub(1);
                let enclosing = self.conditionals[..outer].iter().all(|c| c.active);
                let Some(last) = self.conditionals.last() else {
                    return Err(place.error(format!("no `.if` is open for `{word}`")));
                };
                let open = enclosing && !last.decided;
                let holds = open && (word == ".else" || self.holds(".if", rest, place)?);
                if let Some(last) = self.conditionals.last_mut() {
                    last.active = holds;
                    last.decided |= holds;
                }
            }
            ".endif" => {
                if self.conditionals.pop().is_none() {
                    return Err(place.error("no `.if` is open for `.endif`"));
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn holds(&mut self, word: &str, rest: &str, place: Place) -> Result<bool, AsmError> {
        let decided = match word {
            ".ifdef" | ".ifndef" => match tokens(rest, place)?.as_slice() {
                [one] if matches!(one.token, Token::Name(_)) => {
                    let Token::Name(name) = &one.token else { return Ok(false) };
                    Ok(self.unit.is_defined(name) == (word == ".ifdef"))
                }
                _ => Err(place.error(format!("`{word}` takes one name"))),
            },
            _ => self.unit.constant(rest, place).map(|value| (value != 0) == (word != ".ifeq")),
        };
        // A condition that cannot be decided still opens its block.
        if let Err(error) = decided {
            self.unit.report(error);
            return Ok(false);
        }
        decided
    }
}
