//! Between lexer and parser: brackets are matched, statements separated, slips of the pen mended.
//!
//! What comes out is balanced and has an [`Token::End`] between any two statements, so that the
//! grammar can recover from a mistake at the next `End` or closing bracket, and no mistake spreads.
//! The rules:
//!
//! 1. A line break ends a statement unless brackets are open, the line ends with an operator or
//!    comma, or the next line begins with one (or with `else`, `{`, `per`, `over`).
//! 2. Inside of `( )` and `[ ]` line breaks mean nothing.
//! 3. A closing brace ends a statement, unless `else` follows.
//! 4. A declaration at the start of a line that is not indented more than a block which cannot hold
//!    it shows that the block was not closed. The brace to blame is the one whose partner stands
//!    further left than the line that opened it.
//! 5. A word at the start of a statement that is nearly a keyword which can stand there is that
//!    keyword.

mod boundaries;
mod mending;

use boundaries::{begins_statement, can_be_documented, can_end, continues, is_assignment};
use chumsky::span::SimpleSpan;
use pl_diag::{Code, Diagnostic, FileId, Span};

use crate::ast::NESTING_MAX;
use crate::token::{Lexeme, Token};
use crate::{DIAGNOSTICS_MAX, nesting};

/// Offsets of a token, with its file.
pub(crate) type TokenSpan = SimpleSpan<u32, FileId>;

/// What the parser reads.
pub(crate) struct Layout<'src> {
    /// Balanced tokens with an `End` between statements.
    pub(crate) tokens: Vec<(Token<'src>, TokenSpan)>,
    /// Text of the `//!` comments.
    pub(crate) module_doc: String,
    /// From an opening bracket in a value to where it was closed for want of a closing one.
    unclosed: Vec<(u32, u32)>,
}

impl Layout<'_> {
    /// Whether a place lies between brackets that were not closed, which has been reported: what the
    /// grammar finds there says nothing new.
    pub(crate) fn is_unclosed(&self, span: TokenSpan) -> bool {
        self.unclosed.iter().any(|&(start, end)| start < span.start && span.end <= end)
    }
}

/// What stands between a pair of brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// Top of the file.
    Module,
    /// Declarations and blocks.
    Rule,
    /// Steps of a test.
    Test,
    /// `let` and a result.
    Function,
    /// Blocks of one schedule.
    Schedule,
    /// Blocks and statements.
    Start,
    /// Statements.
    Statements,
    /// Names of an import.
    Names,
    /// Part of an expression, in round or square brackets.
    Inline,
}

/// An open bracket; the lowest frame stands for the file.
struct Frame<'src> {
    open: Option<Lexeme<'src>>,
    body: Body,
    /// First token of the statement that is being read.
    lead: Option<Token<'src>>,
    /// Tokens of that statement so far.
    length: usize,
    /// Whether that statement has an assignment so far.
    assigned: bool,
    /// Column in which the line of the bracket begins.
    indent: usize,
    /// Column in which the line of that statement begins.
    lead_indent: usize,
}

impl<'src> Frame<'src> {
    fn new(open: Option<Lexeme<'src>>, body: Body, indent: usize) -> Self {
        Frame { open, body, lead: None, length: 0, assigned: false, indent, lead_indent: indent }
    }
}

struct Scanner<'a, 'src> {
    file: FileId,
    text: &'src str,
    lexemes: Vec<Lexeme<'src>>,
    out: Vec<(Token<'src>, TokenSpan)>,
    frames: Vec<Frame<'src>>,
    /// Pairs of braces that stand at different depths: the closing one may belong to another.
    suspects: Vec<(Lexeme<'src>, Lexeme<'src>)>,
    unclosed: Vec<(u32, u32)>,
    /// Column in which the line begins.
    indent: usize,
    found: &'a mut Vec<Diagnostic>,
}

/// Lays out the tokens of a file. None if there are more than [`DIAGNOSTICS_MAX`] mistakes, or if it
/// is nested too deeply, which is reported.
pub(crate) fn lay_out<'src>(
    file: FileId,
    text: &'src str,
    lexemes: Vec<Lexeme<'src>>,
    found: &mut Vec<Diagnostic>,
) -> Option<Layout<'src>> {
    let (lexemes, module_doc) = split_comments(file, lexemes, found);
    let bottom = Frame::new(None, Body::Module, 0);
    let mut scanner = Scanner {
        file,
        text,
        lexemes,
        out: Vec::new(),
        frames: vec![bottom],
        suspects: Vec::new(),
        unclosed: Vec::new(),
        indent: 0,
        found,
    };
    for at in 0..scanner.lexemes.len() {
        scanner.step(at);
        if scanner.frames.len() > NESTING_MAX + 1 {
            break;
        }
        if scanner.found.len() >= DIAGNOSTICS_MAX {
            return None;
        }
    }
    if let Some(too_deep) = nesting::check(&scanner.out) {
        scanner.found.push(too_deep);
        return None;
    }
    scanner.close_down_to(1, None);
    if let Some((Token::End, _)) = scanner.out.last() {
        scanner.out.pop();
    }
    Some(Layout { tokens: scanner.out, module_doc, unclosed: scanner.unclosed })
}

/// Takes comments out of the tokens; what documents a declaration stays as [`Token::Doc`].
fn split_comments<'src>(
    file: FileId,
    lexemes: Vec<Lexeme<'src>>,
    found: &mut Vec<Diagnostic>,
) -> (Vec<Lexeme<'src>>, String) {
    let mut kept = Vec::with_capacity(lexemes.len());
    let mut module_doc = String::new();
    // From the end, because a comment documents what follows.
    let mut documentable = false;
    let mut docs: Vec<(&str, Lexeme<'src>)> = Vec::new();
    for lexeme in lexemes.into_iter().rev() {
        let Token::Comment(text) = lexeme.token else {
            documentable = can_be_documented(lexeme.token);
            kept.push(lexeme);
            continue;
        };
        let span = Span::new(file, lexeme.start, lexeme.end);
        let text = text.trim_end();
        if let Some(doc) = text.strip_prefix("//!") {
            docs.push((doc, lexeme));
            continue;
        }
        let doc = text.strip_prefix("///").filter(|rest| !rest.starts_with('/'));
        if let Some(doc) = doc
            && documentable
            && lexeme.starts_line
        {
            kept.push(Lexeme { token: Token::Doc(doc), ..lexeme });
            continue;
        }
        if doc.is_some() {
            found.push(
                Diagnostic::warning(Code::W0701, span, "this comment documents nothing")
                    .label(span, "no declaration follows it")
                    .help("put it before a declaration, or begin it with `//`"),
            );
        }
    }
    kept.reverse();
    let first = kept.first().map_or(u32::MAX, |lexeme| lexeme.start);
    for (doc, lexeme) in docs.into_iter().rev() {
        let span = Span::new(file, lexeme.start, lexeme.end);
        if lexeme.start < first {
            push_doc_line(&mut module_doc, doc);
            continue;
        }
        found.push(
            Diagnostic::warning(Code::W0701, span, "this comment documents nothing")
                .label(span, "the file has begun already")
                .help("move it to the top of the file, or begin it with `//`"),
        );
    }
    (kept, module_doc)
}

/// Adds a line to a documentation text; the space after the slashes is not part of it.
pub(crate) fn push_doc_line(doc: &mut String, line: &str) {
    if !doc.is_empty() {
        doc.push('\n');
    }
    doc.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
}

impl<'src> Scanner<'_, 'src> {
    fn step(&mut self, at: usize) {
        let lexeme = self.lexemes[at];
        let next = self.lexemes.get(at + 1).map(|lexeme| lexeme.token);
        if lexeme.starts_line {
            let before = if at == 0 { 0 } else { self.lexemes[at - 1].end };
            let gap = &self.text[before as usize..lexeme.start as usize];
            self.indent = gap.rsplit('\n').next().unwrap_or("").chars().count();
        }
        self.close_by_evidence(lexeme, next);
        if lexeme.token == Token::End {
            return self.end_statement(lexeme);
        }
        let starts = self.separate(lexeme, next);
        if starts {
            let token = self.mend(lexeme, next);
            let indent = self.indent;
            if !matches!(token, Token::Doc(_)) {
                let frame = self.frame();
                (frame.lead, frame.length, frame.assigned) = (Some(token), 0, false);
                frame.lead_indent = indent;
            }
            return self.bracket_or_push(Lexeme { token, ..lexeme });
        }
        if self.mend_else(lexeme, next) {
            return;
        }
        self.bracket_or_push(lexeme);
    }

    fn frame(&mut self) -> &mut Frame<'src> {
        self.frames.last_mut().expect("the frame of the file is never popped")
    }

    fn body(&self) -> Body {
        self.frames.last().map_or(Body::Module, |frame| frame.body)
    }

    fn last(&self) -> Option<Token<'src>> {
        self.out.last().map(|(token, _)| *token)
    }

    fn span(&self, lexeme: Lexeme<'src>) -> Span {
        Span::new(self.file, lexeme.start, lexeme.end)
    }

    fn push(&mut self, token: Token<'src>, start: u32, end: u32) {
        self.out.push((token, SimpleSpan { start, end, context: self.file }));
        let frame = self.frame();
        frame.length += 1;
        frame.assigned |= is_assignment(Some(token));
    }

    /// An empty span after the last token.
    fn here(&self) -> u32 {
        self.out.last().map_or(0, |(_, span)| span.end)
    }

    fn end_statement(&mut self, lexeme: Lexeme<'src>) {
        if self.body() == Body::Inline {
            self.push(lexeme.token, lexeme.start, lexeme.end);
        } else if !matches!(self.last(), None | Some(Token::End | Token::OpenBrace)) {
            self.push(Token::End, lexeme.start, lexeme.end);
        }
    }

    /// Inserts an `End` before a token that begins a new statement. Returns whether it begins one.
    fn separate(&mut self, lexeme: Lexeme<'src>, next: Option<Token<'src>>) -> bool {
        let token = lexeme.token;
        let Some(last) = self.last() else { return true };
        if self.body() == Body::Inline || token == Token::CloseBrace {
            return false;
        }
        if matches!(last, Token::End | Token::OpenBrace | Token::Doc(_)) {
            return true;
        }
        let new_line = lexeme.starts_line
            && !(last == Token::Else || last == Token::Per)
            && (begins_statement(token, next) || (can_end(last) && !continues(token)));
        let after_brace = last == Token::CloseBrace
            && !matches!(token, Token::Else | Token::Comma | Token::CloseParen)
            && !self.is_else(lexeme, next);
        let crowded = !new_line && !after_brace && self.crowded(last, token, next);
        if crowded {
            let span = self.span(lexeme);
            self.found.push(
                Diagnostic::error(Code::E0107, span, "a statement ends with its line")
                    .label(span, "this begins a second statement on the same line")
                    .help("begin a new line here, or write `;` before this"),
            );
        }
        if new_line && self.lacks_brace(last) {
            self.insert_brace(lexeme);
            return true;
        }
        if (new_line && !self.is_else(lexeme, next)) || after_brace || crowded {
            let here = self.here();
            self.push(Token::End, here, here);
            return true;
        }
        false
    }

    /// Whether the statement so far needs a body, and the next line is indented like one.
    fn lacks_brace(&self, last: Token<'src>) -> bool {
        let Some(frame) = self.frames.last() else { return false };
        let needs_body = matches!(
            frame.lead,
            Some(
                Token::Rule
                    | Token::Test
                    | Token::Start
                    | Token::Neurons
                    | Token::Synapses
                    | Token::Control
                    | Token::If
                    | Token::For
            )
        );
        needs_body && last != Token::CloseBrace && self.indent > frame.lead_indent
    }

    /// Reports a missing `{` before `lexeme` and puts it there.
    fn insert_brace(&mut self, lexeme: Lexeme<'src>) {
        let here = self.here();
        let span = Span::new(self.file, here, here);
        self.found.push(
            Diagnostic::error(Code::E0101, span, "expected `{`, found the end of the line")
                .label(span, "the line ends here")
                .label(self.span(lexeme), "this line is indented as if a `{` stood before it")
                .help("write `{` here, and `}` after the lines that belong to it"),
        );
        let indent = self.frames.last().map_or(0, |frame| frame.lead_indent);
        self.open(Lexeme { token: Token::OpenBrace, start: here, end: here, starts_line: false });
        self.frame().indent = indent;
    }

    /// Whether a second statement begins in the middle of a line.
    fn crowded(&self, last: Token<'src>, token: Token<'src>, next: Option<Token<'src>>) -> bool {
        let (Body::Statements | Body::Start | Body::Function) = self.body() else { return false };
        let Some(frame) = self.frames.last() else { return false };
        let complete = frame.assigned || frame.lead == Some(Token::Reset);
        frame.length > 1
            && can_end(last)
            && match token {
                Token::Let | Token::If | Token::For | Token::Reset => true,
                Token::Ident(_) => complete && is_assignment(next),
                _ => false,
            }
    }

    /// Pushes a token; opens or closes a frame if it is a bracket.
    fn bracket_or_push(&mut self, lexeme: Lexeme<'src>) {
        match lexeme.token {
            Token::OpenBrace | Token::OpenParen | Token::OpenBracket => self.open(lexeme),
            Token::CloseBrace | Token::CloseParen | Token::CloseBracket => self.close(lexeme),
            token => self.push(token, lexeme.start, lexeme.end),
        }
    }

    fn open(&mut self, lexeme: Lexeme<'src>) {
        let outer = self.body();
        let body = match self.frames.last().and_then(|frame| frame.lead) {
            _ if lexeme.token != Token::OpenBrace => Body::Inline,
            Some(Token::Import) => Body::Names,
            Some(Token::Rule) => Body::Rule,
            Some(Token::Fn) => Body::Function,
            Some(Token::Test) => Body::Test,
            Some(Token::Every | Token::At) => Body::Schedule,
            Some(Token::Start) => Body::Start,
            _ if outer == Body::Module => Body::Rule,
            _ => Body::Statements,
        };
        self.push(lexeme.token, lexeme.start, lexeme.end);
        self.frames.push(Frame::new(Some(lexeme), body, self.indent));
    }

    fn close(&mut self, lexeme: Lexeme<'src>) {
        let span = self.span(lexeme);
        let sign = &self.text[span.range()];
        let Some(open) = self.frames.last().and_then(|frame| frame.open) else {
            return self.unopened(lexeme);
        };
        let partner = partner(open.token);
        if partner == lexeme.token {
            if lexeme.token == Token::CloseBrace {
                if self.last() == Some(Token::End) {
                    self.out.pop();
                }
                let indent = self.frame().indent;
                if lexeme.starts_line && self.indent < indent {
                    self.suspects.push((open, lexeme));
                }
            }
        } else if open.token == Token::OpenBrace {
            return self.unopened(lexeme);
        } else {
            let opened = self.span(open);
            let expected = written(partner);
            self.found.push(
                Diagnostic::error(Code::E0105, span, format!("`{sign}` closes another bracket"))
                    .label(span, format!("`{expected}` is needed here"))
                    .label(opened, "the bracket to close")
                    .help(format!("write `{expected}`")),
            );
        }
        self.frames.pop();
        self.push(partner, lexeme.start, lexeme.end);
    }

    /// Reports a closing bracket without partner and drops it.
    fn unopened(&mut self, lexeme: Lexeme<'src>) {
        let span = self.span(lexeme);
        let sign = written(lexeme.token);
        self.found.push(
            Diagnostic::error(Code::E0104, span, format!("`{sign}` closes nothing"))
                .label(span, "no bracket is open here")
                .help("remove it, or write its partner before"),
        );
    }

    /// Closes brackets that must have been forgotten, because `lexeme` cannot stand inside of them.
    fn close_by_evidence(&mut self, lexeme: Lexeme<'src>, next: Option<Token<'src>>) {
        let token = lexeme.token;
        let brace = matches!(token, Token::OpenBrace | Token::CloseBrace);
        if brace || (lexeme.starts_line && begins_statement(token, next)) {
            let braces = self.frames.iter().rposition(|frame| frame.body != Body::Inline);
            self.close_down_to(braces.map_or(1, |at| at + 1), Some(lexeme));
        }
        let dedented = |frame: &Frame<'_>| {
            frame.open.is_some_and(|open| open.start == open.end) && self.indent <= frame.indent
        };
        if lexeme.starts_line
            && token != Token::CloseBrace
            && let Some(left) = self.frames.iter().position(dedented)
        {
            self.close_down_to(left, Some(lexeme));
        }
        if lexeme.starts_line && self.last() != Some(Token::Per) {
            let left = self.frames.iter().position(|frame| self.excludes(frame, token, next));
            self.close_down_to(left.unwrap_or(usize::MAX), Some(lexeme));
        }
    }

    /// Whether a token at the start of a line shows that a frame should have been closed before: it
    /// declares something that cannot stand there and does not stand further right.
    fn excludes(&self, frame: &Frame<'_>, token: Token<'_>, next: Option<Token<'_>>) -> bool {
        let declares = match token {
            Token::Import | Token::Const | Token::Fn | Token::Rule | Token::Test => {
                frame.body != Body::Module
            }
            Token::Param | Token::State | Token::Input | Token::Record => {
                !matches!(frame.body, Body::Module | Body::Rule)
            }
            Token::Every | Token::At => !matches!(frame.body, Body::Module | Body::Rule),
            Token::Neurons | Token::Synapses | Token::Control | Token::Start => {
                begins_statement(token, next)
                    && matches!(frame.body, Body::Statements | Body::Function | Body::Test)
            }
            _ => false,
        };
        declares && frame.indent >= self.indent
    }

    /// Closes frames until `count` are left, and reports each.
    fn close_down_to(&mut self, count: usize, evidence: Option<Lexeme<'src>>) {
        while self.frames.len() > count {
            let open = self.frames.pop().and_then(|frame| frame.open);
            let Some(open) = open else { continue };
            // A brace that was put there has been reported.
            if open.start < open.end {
                self.report_unclosed(open, evidence);
            }
            if open.token != Token::OpenBrace {
                self.unclosed.push((open.start, self.here()));
            }
            if self.last() == Some(Token::End) {
                self.out.pop();
            }
            let here = self.here();
            self.push(partner(open.token), here, here);
        }
    }

    fn report_unclosed(&mut self, open: Lexeme<'src>, evidence: Option<Lexeme<'src>>) {
        let (sign, missing) = (written(open.token), written(partner(open.token)));
        let error = |span| Diagnostic::error(Code::E0103, span, format!("`{sign}` is not closed"));
        let suspect = self.suspects.iter().rposition(|(inner, _)| inner.start > open.start);
        if open.token == Token::OpenBrace
            && let Some(suspect) = suspect
        {
            let (inner, closer) = self.suspects.remove(suspect);
            let (inner, closer) = (self.span(inner), self.span(closer));
            self.found.push(
                error(inner)
                    .label(inner, "opened here")
                    .label(closer, "by its place in the line, this belongs to an outer `{`")
                    .help("write `}` before that line"),
            );
            return;
        }
        let span = self.span(open);
        let here = self.here();
        let (place, what) = match evidence {
            Some(lexeme) => (self.span(lexeme), "this cannot stand inside of it"),
            None => (Span::new(self.file, here, here), "the file ends here"),
        };
        self.found.push(
            error(span)
                .label(span, "opened here")
                .label(place, what)
                .help(format!("write `{missing}` before that")),
        );
    }
}

/// The closing bracket for an opening one.
fn partner(open: Token<'_>) -> Token<'static> {
    match open {
        Token::OpenParen => Token::CloseParen,
        Token::OpenBracket => Token::CloseBracket,
        _ => Token::CloseBrace,
    }
}

/// How a bracket is written.
fn written(bracket: Token<'_>) -> &'static str {
    bracket.written().expect("brackets have one spelling")
}
