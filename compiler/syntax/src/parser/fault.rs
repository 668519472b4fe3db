//! What the grammar says when it does not fit, and the diagnostic made of it.

use chumsky::DefaultExpected;
use chumsky::error::{Error, LabelError};
use chumsky::util::MaybeRef;
use pl_diag::{Code, Diagnostic, Span, did_you_mean};

use super::{Tokens, place};
use crate::layout::{Layout, TokenSpan};
use crate::token::Token;

/// Labels of the grammar that messages depend on.
pub(super) const NAME: &str = "a name";
pub(super) const VALUE: &str = "a value";
pub(super) const OPERATOR: &str = "an operator";
pub(super) const UNIT: &str = "a unit";
pub(super) const LINE_END: &str = "the end of the line";
pub(super) const ITEM: &str = "a rule, a function or a constant";
pub(super) const MEMBER: &str = "a declaration or a block of the rule";
pub(super) const STATEMENT: &str = "a statement";
pub(super) const STEP: &str = "a step of a test";

/// Most alternatives that are listed; more would not be read.
const LISTED_MAX: usize = 6;

/// What could have stood at a place: up to [`LISTED_MAX`] labels, without an allocation of their own.
#[derive(Clone, Copy, Debug, Default)]
struct Expected {
    labels: [&'static str; LISTED_MAX],
    count: usize,
}

impl Expected {
    fn add(&mut self, label: &'static str) {
        if self.count < LISTED_MAX && !self.labels().contains(&label) {
            self.labels[self.count] = label;
            self.count += 1;
        }
    }

    fn labels(&self) -> &[&'static str] {
        &self.labels[..self.count]
    }
}

/// Tokens as they are written.
fn written<'tok, 'src: 'tok>(
    expected: impl IntoIterator<Item = DefaultExpected<'tok, Token<'src>>>,
) -> impl Iterator<Item = &'static str> {
    expected.into_iter().filter_map(|expected| match expected {
        DefaultExpected::Token(token) => token.into_inner().written(),
        _ => None,
    })
}

/// A mistake as the grammar sees it.
#[derive(Clone, Debug)]
pub(super) enum Fault<'src> {
    /// A token that does not fit. Boxed: the parser moves faults about at each alternative it tries,
    /// and makes few of them.
    Unexpected(Box<Unexpected<'src>>),
    /// A mistake that a part of the grammar has recognised.
    Known(Box<Diagnostic>),
}

/// A token that does not fit, and what would.
#[derive(Clone, Debug)]
pub(super) struct Unexpected<'src> {
    span: TokenSpan,
    found: Option<Token<'src>>,
    expected: Expected,
}

impl<'tok, 'src> Error<'tok, Tokens<'tok, 'src>> for Fault<'src> {
    fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Fault::Unexpected(mut a), Fault::Unexpected(b)) => {
                b.expected.labels().iter().for_each(|label| a.expected.add(label));
                Fault::Unexpected(a)
            }
            (known @ Fault::Known(_), _) | (_, known) => known,
        }
    }
}

impl<'tok, 'src> LabelError<'tok, Tokens<'tok, 'src>, DefaultExpected<'tok, Token<'src>>>
    for Fault<'src>
{
    fn expected_found<E: IntoIterator<Item = DefaultExpected<'tok, Token<'src>>>>(
        expected: E,
        found: Option<MaybeRef<'tok, Token<'src>>>,
        span: TokenSpan,
    ) -> Self {
        Fault::Unexpected(Box::new(Unexpected::new(written(expected), found, span)))
    }

    fn merge_expected_found<E: IntoIterator<Item = DefaultExpected<'tok, Token<'src>>>>(
        self,
        expected: E,
        _found: Option<MaybeRef<'tok, Token<'src>>>,
        _span: TokenSpan,
    ) -> Self {
        self.or(written(expected))
    }

    fn replace_expected_found<E: IntoIterator<Item = DefaultExpected<'tok, Token<'src>>>>(
        self,
        expected: E,
        found: Option<MaybeRef<'tok, Token<'src>>>,
        span: TokenSpan,
    ) -> Self {
        self.replaced(Unexpected::new(written(expected), found, span))
    }
}

impl<'tok, 'src> LabelError<'tok, Tokens<'tok, 'src>, &'static str> for Fault<'src> {
    fn expected_found<E: IntoIterator<Item = &'static str>>(
        expected: E,
        found: Option<MaybeRef<'tok, Token<'src>>>,
        span: TokenSpan,
    ) -> Self {
        Fault::Unexpected(Box::new(Unexpected::new(expected, found, span)))
    }

    fn merge_expected_found<E: IntoIterator<Item = &'static str>>(
        self,
        expected: E,
        _found: Option<MaybeRef<'tok, Token<'src>>>,
        _span: TokenSpan,
    ) -> Self {
        self.or(expected)
    }

    fn replace_expected_found<E: IntoIterator<Item = &'static str>>(
        self,
        expected: E,
        found: Option<MaybeRef<'tok, Token<'src>>>,
        span: TokenSpan,
    ) -> Self {
        self.replaced(Unexpected::new(expected, found, span))
    }

    fn label_with(&mut self, label: &'static str) {
        if let Fault::Unexpected(unexpected) = self {
            unexpected.expected = Expected::default();
            unexpected.expected.add(label);
        }
    }
}

impl<'src> Fault<'src> {
    /// The same with more that could have stood there.
    fn or(mut self, expected: impl IntoIterator<Item = &'static str>) -> Self {
        if let Fault::Unexpected(unexpected) = &mut self {
            expected.into_iter().for_each(|label| unexpected.expected.add(label));
        }
        self
    }

    /// Another in its place.
    fn replaced(mut self, other: Unexpected<'src>) -> Self {
        match &mut self {
            Fault::Unexpected(unexpected) => **unexpected = other,
            Fault::Known(_) => self = Fault::Unexpected(Box::new(other)),
        }
        self
    }

    /// The diagnostic for it; none if the mistake has been reported already.
    pub(super) fn into_diagnostic(self, text: &str, layout: &Layout<'src>) -> Option<Diagnostic> {
        match self {
            Fault::Known(diagnostic) => Some(*diagnostic),
            Fault::Unexpected(unexpected) if unexpected.found == Some(Token::Bad) => None,
            Fault::Unexpected(unexpected) if layout.is_unclosed(unexpected.span) => None,
            Fault::Unexpected(unexpected) => {
                Some(unexpected.at_end_of_line(text, &layout.tokens).into_diagnostic())
            }
        }
    }
}

impl From<Diagnostic> for Fault<'_> {
    fn from(diagnostic: Diagnostic) -> Self {
        Fault::Known(Box::new(diagnostic))
    }
}

impl<'src> Unexpected<'src> {
    fn new(
        expected: impl IntoIterator<Item = &'static str>,
        found: Option<MaybeRef<'_, Token<'src>>>,
        span: TokenSpan,
    ) -> Unexpected<'src> {
        let mut labels = Expected::default();
        expected.into_iter().for_each(|label| labels.add(label));
        Unexpected { span, found: found.map(MaybeRef::into_inner), expected: labels }
    }

    fn expects(&self, label: &str) -> bool {
        self.expected.labels().contains(&label)
    }

    /// If a closing brace or the end of the file was found on a later line, what is wrong is that
    /// the line before ended.
    fn at_end_of_line(self, text: &str, tokens: &[(Token<'_>, TokenSpan)]) -> Self {
        if !matches!(self.found, None | Some(Token::CloseBrace)) {
            return self;
        }
        let before = tokens.partition_point(|(_, span)| span.start < self.span.start);
        let Some((_, last)) = before.checked_sub(1).and_then(|at| tokens.get(at)) else {
            return self;
        };
        if !text[last.end as usize..self.span.start as usize].contains('\n') {
            return self;
        }
        let span = TokenSpan { start: last.end, end: last.end, context: last.context };
        Unexpected { span, found: Some(Token::End), ..self }
    }

    fn into_diagnostic(self) -> Diagnostic {
        let span = place(self.span);
        let keyword = self.found.and_then(Token::keyword);
        if let Some(word) = keyword
            && (self.expects(NAME) || self.expects(VALUE))
        {
            return word_as_name(word, span);
        }
        if let Some(misplaced) = self.misplaced(span, keyword) {
            return misplaced;
        }
        let found = describe(self.found);
        let wanted = self.wanted();
        let message = match wanted.as_str() {
            "" => format!("{found} cannot stand here"),
            wanted => format!("expected {wanted}, found {found}"),
        };
        let label = match self.found {
            None => "the file ends here".to_owned(),
            Some(Token::End) => "the line ends here".to_owned(),
            Some(_) => format!("{found} cannot stand here"),
        };
        let error = Diagnostic::error(Code::E0101, span, message).label(span, label);
        match wanted.as_str() {
            "" => error,
            LINE_END => error.help("begin a new line here, or remove it"),
            wanted => error.help(format!("write {} here", wanted.replace(LINE_END, "a new line"))),
        }
    }

    /// What was expected, as a list in words. An operator or a unit could follow almost anywhere, so
    /// they are named only where nothing else could.
    fn wanted(&self) -> String {
        let mut shown = self.expected.labels().to_vec();
        for optional in [OPERATOR, UNIT, "(", "[", ".", ".."] {
            if shown.iter().any(|label| *label != optional) {
                shown.retain(|label| *label != optional);
            }
        }
        let quoted: Vec<String> = shown
            .into_iter()
            .map(|label| match label.split_once(' ') {
                Some(("a" | "an" | "the", _)) => label.to_owned(),
                _ => format!("`{label}`"),
            })
            .collect();
        match quoted.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }

    /// A declaration, block or statement that stands at the wrong place.
    fn misplaced(&self, span: Span, keyword: Option<&'static str>) -> Option<Diagnostic> {
        let place = [ITEM, MEMBER, STATEMENT].into_iter().find(|place| self.expects(place))?;
        let (what, help) = match (place, self.found?, keyword) {
            (_, _, Some(word @ ("import" | "const" | "fn" | "rule" | "test"))) => {
                (format!("`{word}`"), "write it at the top of the file, outside of any rule")
            }
            (_, _, Some(word @ ("param" | "state" | "input" | "every" | "at" | "record"))) => {
                (format!("`{word}`"), "write it directly in a rule, outside of its blocks")
            }
            (_, _, Some(word @ ("start" | "neurons" | "synapses" | "control"))) => {
                (format!("`{word}`"), "write it directly in a rule, beside the other blocks")
            }
            (_, _, Some(word @ ("let" | "if" | "for" | "reset"))) => (
                format!("`{word}`"),
                "write it in a `neurons`, `synapses`, `control` or `start` block",
            ),
            (MEMBER, Token::Ident(_), _) => (
                describe(self.found),
                "statements belong into a `neurons`, `synapses`, `control` or `start` block",
            ),
            (ITEM, Token::Ident(_), _) => (
                describe(self.found),
                "the top of a file holds `import`, `const`, `fn`, `rule` and `test`",
            ),
            _ => return None,
        };
        Some(
            Diagnostic::error(Code::E0116, span, format!("{what} cannot stand here"))
                .label(span, format!("this should be {place}"))
                .help(help),
        )
    }
}

/// A word of the language where a name was expected.
pub(super) fn word_as_name(word: &str, span: Span) -> Diagnostic {
    Diagnostic::error(Code::E0106, span, format!("`{word}` is a word of the language, not a name"))
        .label(span, "this word has a meaning of its own")
        .help(format!("choose another name, such as `{word}_1`"))
}

/// Says what a token is.
fn describe(token: Option<Token<'_>>) -> String {
    match token {
        None => "the end of the file".to_owned(),
        Some(Token::End) => LINE_END.to_owned(),
        Some(Token::Ident(text) | Token::Number(text) | Token::Format(text)) => {
            let shown: String = text.chars().take(40).collect();
            format!("`{shown}`")
        }
        Some(Token::Doc(_) | Token::Comment(_)) => "a comment".to_owned(),
        Some(token) => token.written().map_or_else(String::new, |text| format!("`{text}`")),
    }
}

/// A word that is none of `words`, which could be `what`.
pub(super) fn unknown_word(
    what: &str,
    word: &str,
    span: Span,
    words: &[&'static str],
) -> Diagnostic {
    let list: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    let help = match did_you_mean(word, words.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write one of {}", list.join(", ")),
    };
    Diagnostic::error(Code::E0101, span, format!("`{word}` is not {what}"))
        .label(span, "unknown word")
        .help(help)
}
